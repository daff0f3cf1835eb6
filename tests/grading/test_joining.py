"""Nobody gets another's mark or feedback because of a name."""

from __future__ import annotations

import csv
import io

import pytest

from exercises_lib.errors import UserError
from exercises_lib.grading import export
from exercises_lib.grading.results import ExerciseResult, SubmissionResult


def result(student: str, lms_id: str = "", earned: float = 1) -> SubmissionResult:
    """Make a graded submission of chapter 00."""
    status = "passed" if earned == 1 else "wrong"
    told = f"what {student} {lms_id} was told"
    row = ExerciseResult("ch00.double", "Twice", status, (), told, "", earned, 1)
    return SubmissionResult(
        1, student, lms_id, "00", f"{student}.ipynb", "", "ok", "", earned, 1, True, (), "", 0.1,
        0.1, 0, "", "2026-11-20", rows=(row,),
    )  # fmt: skip


def canvas(people: list[SubmissionResult], *lines: str, **told: str) -> tuple[list[str], list[str]]:
    """Fill in a sheet of Canvas: the marks in the order of its lines, and what was said."""
    text = (
        "Student,ID,SIS User ID,SIS Login ID,Section,Chapter 00 (77)\n    Points Possible,,,,,1\n"
    )
    made = export.canvas(people, text + "\n".join(lines), {"00": "Chapter 00 (77)"}, told)
    rows = list(csv.reader(io.StringIO(made.text)))
    return [row[5] for row in rows[2:]], made.notes


def moodle(people: list[SubmissionResult], *lines: str, **told: str) -> tuple[list[str], list[str]]:
    """Fill in a worksheet of Moodle: mark and feedback of each line, and what was said."""
    text = "Identifier,Full name,Grade,Maximum Grade,Feedback comments\n"
    made = export.moodle(people, text + "\n".join(lines), told)
    rows = list(csv.reader(io.StringIO(made.text)))
    return [f"{row[2]}|{row[4]}" for row in rows[1:]], made.notes


def test_a_namesake_who_handed_in_nothing_gets_nothing() -> None:
    lines = ['"Doe, Sam",11,,sam1,A,', '"Doe, Sam",12,,sam2,A,']
    marks, _ = canvas([result("doesam", "11")], *lines)
    assert marks == ["1", ""]
    filled, _ = moodle([result("Sam Doe", "11")], "Participant 11,Sam Doe,,1,", "P 12,Sam Doe,,1,")
    assert filled == ["1.00|1 of 1 passed.", "|"]


def test_namesakes_without_numbers_both_stay_empty_and_it_is_said() -> None:
    marks, notes = canvas([result("doesam")], '"Doe, Sam",11,,s1,A,', '"Doe, Sam",12,,s2,A,')
    assert marks == ["", ""]
    assert notes == [
        "doesam could be any of 2 lines of the sheet: left empty. Say whose it is with "
        "--match 'doesam=11'."
    ]
    filled, notes = moodle([result("Sam Doe")], "P 11,Sam Doe,,1,", "P 12,Sam Doe,,1,")
    assert filled == ["|", "|"] and len(notes) == 1


def test_what_the_instructor_says_settles_it() -> None:
    lines = ['"Doe, Sam",11,,s1,A,', '"Doe, Sam",12,,s2,A,']
    assert canvas([result("doesam")], *lines, doesam="12") == (["", "1"], [])
    for told in ({"doesam": "13"}, {"nobody": "12"}):
        with pytest.raises(UserError, match="expected one of each"):
            canvas([result("doesam")], *lines, **told)


def test_a_name_does_not_join_where_numbers_differ() -> None:
    marks, notes = canvas([result("doesam", "99")], '"Doe, Sam",11,,sam,A,')
    assert marks == [""] and "has number 99, and the sheet's Doe, Sam has 11" in notes[0]
    filled, notes = moodle([result("Sam Doe", "99")], "P 11,Sam Doe,,1,")
    assert filled == ["|"] and "has number 99" in notes[0]


def test_two_students_of_one_name_do_not_share_a_line() -> None:
    marks, notes = canvas([result("doesam"), result("Sam Doe", earned=0)], '"Doe, Sam",11,,s,A,')
    assert marks == [""] and len(notes) == 2


def test_a_login_that_is_anothers_name_joins_nobody() -> None:
    lines = ['"Kim, Lee",11,,doesam,A,', '"Doe, Sam",12,,sd,A,']
    marks, notes = canvas([result("doesam")], *lines)
    assert marks == ["", ""] and len(notes) == 1


def test_a_number_of_two_names_or_of_two_lines_joins_nobody() -> None:
    marks, notes = canvas([result("ann", "11"), result("bob", "11", 0)], '"A, Ann",11,,a,A,')
    assert marks == [""] and "Number 11 is ann, bob and 1 lines" in notes[0]
    marks, notes = canvas([result("ann", "11")], '"A, Ann",11,,a,A,', '"B, Ann",11,,b,A,')
    assert marks == ["", ""] and notes


def test_one_name_on_both_sides_joins() -> None:
    marks, notes = canvas([result("doesam")], '"Doe, Sam",11,,s,A,', '"Kim, Lee",12,,k,A,')
    assert marks == ["1", ""] and notes == []
