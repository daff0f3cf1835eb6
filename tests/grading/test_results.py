"""Points in part, points by decision, late work: what counts in the end, and what is said."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from exercises_lib.checking import Exercise, Output, Verdict, check
from exercises_lib.checking.exercise import Case, Field
from exercises_lib.checking.observe import Probe
from exercises_lib.cli import main
from exercises_lib.errors import UserError
from exercises_lib.exercises import all_exercises
from exercises_lib.grading.gradebook import Gradebook
from exercises_lib.grading.results import LateRule, SubmissionResult
from exercises_lib.grading.submissions import Submission
from exercises_lib.grading.task import Outcome
from exercises_lib.probes import call, values


def blanks(count: int, points: int, **more: Any) -> Exercise:
    """Make an exercise of several numbers, all 0."""
    names = [f"n{i}" for i in range(count)]
    return Exercise(
        "ch00.blanks", "Blanks", "number", points, dict.fromkeys(names, 0.0),
        Probe(values, {"names": names}), ("a", "b", "c"),
        fields=tuple(Field(name, name) for name in names), **more,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("count", "right", "points", "earned"),
    [(16, 15, 2, 1.5), (16, 16, 2, 2), (16, 1, 2, 0), (4, 3, 1, 0.5), (3, 2, 3, 2), (2, 1, 1, 0.5)],
)
def test_blanks_that_are_right_give_points_in_halves(
    count: int, right: int, points: int, earned: float
) -> None:
    exercise = blanks(count, points)
    answer = {f"n{i}": float(i >= right) for i in range(count)}
    verdict = check(exercise, answer, np.random.default_rng(0))
    assert (verdict.earned, verdict.points) == (earned, points)
    assert (verdict.status == "passed") == (right == count)


def test_a_course_can_say_that_only_the_whole_counts() -> None:
    answer = {"n0": 0.0, "n1": 1.0}
    verdict = check(blanks(2, 2, partial=False), answer, np.random.default_rng(0))
    assert verdict.earned == 0


def test_a_function_gives_points_for_its_outputs_only_where_the_course_says_so() -> None:
    def answer(a: float) -> tuple[float, float]:
        return a, -a

    def wrong(a: float) -> tuple[float, float]:
        return a, a

    def draw(rng: np.random.Generator) -> list[Case]:
        return [Case({"a": float(a)}) for a in rng.normal(size=3)]

    def exercise(partial: bool | None) -> Exercise:
        return Exercise(
            "ch00.two", "Two", "function", 3, answer,
            Probe(call, {"returns": ["one", "two"]}), ("a", "b", "c"), draw,
            (Output("one"), Output("two")), partial=partial,
        )  # fmt: skip

    rng = np.random.default_rng(0)
    earned = [check(exercise(partial), wrong, rng).earned for partial in (None, False, True)]
    assert earned == [0, 0, 1.5]


def test_no_exercise_of_the_course_gives_all_points_for_a_part() -> None:
    for exercise in all_exercises():
        total = max(2, len(exercise.fields))
        earned = exercise.share(total - 1, total)
        assert earned < exercise.points or (earned == 0 and exercise.optional)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("10% per day, at most 50%", (10, 50)),
        ("10 per day", (10, 100)),
        ("20%", (20, 20)),
        ("5 % / day at most 15", (5, 15)),
    ],
)
def test_rules_for_late_work_are_read(text: str, rule: tuple[float, float]) -> None:
    read = LateRule.read(text, "2026-11-20")
    assert (read.percent, read.most, read.due) == (*rule, "2026-11-20 23:59")


@pytest.mark.parametrize(
    ("text", "due"), [("a bit", ""), ("120%", ""), ("10%", "tomorrow"), ("10% a week", "")]
)
def test_rules_that_are_not_understood_are_refused(text: str, due: str) -> None:
    with pytest.raises(UserError):
        LateRule.read(text, due)


def graded(
    book: Gradebook,
    student: str,
    status: str = "ok",
    chapter: str = "00",
    late: bool = False,
    handed_in: str = "",
) -> None:
    """Write a submission down: of exercise ch00.double, all right, or one that cannot be graded."""
    verdict = Verdict("ch00.double", "Twice", "passed", "", None, (), points=1, earned=1)
    one = Submission(student, "7", f"{student}.ipynb", bytes, late=late, handed_in=handed_in)
    outcome = Outcome(status, "", (verdict,) if status == "ok" else ())
    book.write(one, student, chapter, "mark", outcome, 1 if chapter else 0)


def only(book: Gradebook, student: str) -> SubmissionResult:
    """Return what is known about a student's one submission."""
    (one,) = (one for one in book.records() if one.student == student)
    return one


def test_late_work_loses_what_the_rule_says(tmp_path: Path) -> None:
    book = Gradebook(tmp_path / "marks.db")
    graded(book, "early", handed_in="2026-11-20 23:58")
    graded(book, "day1", handed_in="2026-11-21 00:10")
    graded(book, "day3", handed_in="2026-11-23 12:00")
    graded(book, "day9", handed_in="2026-11-29 12:00")
    graded(book, "odd", handed_in="2026-02-30 12:00")
    graded(book, "canvas", late=True)
    assert all(one.points == 1 for one in book.records())
    book.set_late_rule("00", LateRule.read("10% per day, at most 50%", "2026-11-20 23:59"))
    points = {one.student: one.points for one in book.records()}
    assert points == {
        "early": 1, "day1": 0.9, "day3": 0.7, "day9": 0.5, "odd": 1, "canvas": 0.9,
    }  # fmt: skip
    assert only(book, "day3").deduction == "30 % off 1 points: handed in late, day 3"
    book.decide("day3", "7", "ch00.late", 0, "was ill")
    assert only(book, "day3").points == 1 and "was ill" in only(book, "day3").deduction
    book.set_late_rule("00", None)
    assert only(book, "day9").points == 1 and not only(book, "day9").deduction


@pytest.mark.parametrize("chapter", ["00", ""])
@pytest.mark.parametrize("what", ["ch00.double", "ch00", "0"])
def test_a_student_whose_file_cannot_be_graded_can_get_points(
    chapter: str, what: str, tmp_path: Path
) -> None:
    path = tmp_path / "marks.db"
    book = Gradebook(path)
    graded(book, "bob", "empty", chapter)
    book.close()
    words = ["mark", "7", what, "1", "--why", "Handed in on paper.", "--gradebook", str(path)]
    done = CliRunner().invoke(main, words)
    assert done.output == "bob: bob.ipynb: 1/1\n"
    one = only(Gradebook(path), "bob")
    assert one.graded and (one.points, one.maximum, one.chapter) == (1, 1, "00")
    done = CliRunner().invoke(main, [*words[:3], "-", *words[6:]])
    assert done.output in ("bob: bob.ipynb: no mark\n", "")
    assert not only(Gradebook(path), "bob").graded


def test_a_chapter_as_a_whole_can_be_decided(tmp_path: Path) -> None:
    path = tmp_path / "marks.db"
    book = Gradebook(path)
    graded(book, "ana")
    book.close()
    words = ["mark", "ana", "ch00", "0.5", "--why", "See me.", "--gradebook", str(path)]
    assert CliRunner().invoke(main, words).output == "ana: ana.ipynb: 0.5/1\n"
    assert only(Gradebook(path), "ana").decided == "See me."


def test_a_gradebook_of_the_version_before_is_read_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "marks.db"
    book = Gradebook(path)
    graded(book, "ana")
    book.decide("ana", "7", "ch00.double", 0, "why")
    for table, column in (
        ("submission", "late"), ("submission", "handed_in"), ("verdict", "answer"),
        ("verdict", "behaviour"),
    ):  # fmt: skip
        book.connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    book.connection.execute("DROP TABLE late_rule")
    book.connection.execute("DROP TABLE code")
    book.connection.execute("PRAGMA user_version = 2")
    book.close()
    book = Gradebook(path)
    assert only(book, "ana").points == 0 and only(book, "ana").handed_in == ""
    graded(book, "bob", handed_in="2026-11-20 12:00")
    assert only(book, "bob").handed_in == "2026-11-20 12:00"
    book.close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == 4
    connection.close()
