"""The commands grade, report and export, and the plug-in by hand."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner

from exercises_lib.checking import Verdict
from exercises_lib.cli import main
from exercises_lib.course.notebooks import Notebook, dump
from exercises_lib.grading.commands import _weakness
from exercises_lib.grading.gradebook import Gradebook
from exercises_lib.grading.sandbox import Isolation
from exercises_lib.grading.submissions import Submission
from exercises_lib.grading.task import Outcome

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="grading forks processes")


@pytest.fixture
def three(
    tmp_path: Path, solved: Callable[[str], Notebook], untouched: Callable[[str], Notebook]
) -> Path:
    """Three notebooks: solved, mistaken, untouched."""
    mistaken = untouched("00")
    for cell in mistaken["cells"]:
        if cell["id"] == "ch00-double":
            cell["source"] = "def double(x):\n    return x**2"
    folder = tmp_path / "in"
    folder.mkdir()
    for name, notebook in (("ana", solved("00")), ("bob", mistaken), ("cem", untouched("00"))):
        (folder / f"{name}_00_welcome.ipynb").write_text(dump(notebook), encoding="utf-8")
    return folder


def test_grade_report_and_export_from_end_to_end(
    three: Path, tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    book = ["--gradebook", str(tmp_path / "marks.db")]
    table = tmp_path / "marks.csv"
    done = CliRunner().invoke(main, ["grade", str(three), *book, "--csv", str(table), "-j", "1"])
    assert done.exit_code == 0, done.output
    assert "bob: bob_00_welcome.ipynb: 0/1; mistakes: squared" in done.output
    with table.open(newline="", encoding="utf-8") as stream:
        lines = {line["student"]: line for line in csv.DictReader(stream)}
    assert [lines[name]["ch00.double verdict"] for name in ("ana", "bob", "cem")] == [
        "passed",
        "wrong",
        "unanswered",
    ]
    assert lines["bob"]["ch00.double mistake"] == "squared"
    done = CliRunner().invoke(main, ["report", *book, "--out", str(tmp_path / "report")])
    assert done.exit_code == 0 and "4 pages" in done.output
    for words in (["report", *book], ["export", *book]):
        done = CliRunner().invoke(main, [*words, "--chapter", "7"])
        assert done.exit_code == 1 and "has nothing of chapter 7" in done.output
    done = CliRunner().invoke(main, ["export", *book, "--format", "canvas"])
    assert done.exit_code == 0 and done.output.startswith("Student,ID,SIS User ID")
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("Identifier,Full name,Grade,Maximum Grade\nParticipant 1,ana,,1\n")
    words = ["export", *book, "--format", "moodle", "--sheet", str(sheet)]
    done = CliRunner().invoke(main, [*words, "--out", str(tmp_path / "filled.csv")])
    assert done.exit_code == 0
    assert "1,ana,1.00,1" in (tmp_path / "filled.csv").read_text()
    assert "bob has marks, but no line" in done.output


def test_one_student_can_be_graded_again_and_nobody_else_is(
    three: Path, tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    words = ["grade", str(three), "--gradebook", str(three / "marks.db"), "-j", "1"]
    assert CliRunner().invoke(main, words).exit_code == 0
    done = CliRunner().invoke(main, [*words, "--student", "BOB", "--again"])
    assert "[1/1] bob: bob_00_welcome.ipynb: 0/1; mistakes: squared" in done.output
    done = CliRunner().invoke(main, words)  # the gradebook lies among them and is none of them
    assert "3 of 3" in done.output and "3 unchanged" in done.output
    done = CliRunner().invoke(main, [*words, "--student", "zoe"])
    assert done.exit_code == 2 and "no student's name has 'zoe' in it" in done.output


def test_a_mark_that_was_decided_stays_when_it_is_graded_again(
    three: Path, tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    book = ["--gradebook", str(tmp_path / "marks.db")]
    assert CliRunner().invoke(main, ["grade", str(three), *book, "-j", "1"]).exit_code == 0
    why = ["--why", "Squares were <asked for> in the lecture."]
    done = CliRunner().invoke(main, ["mark", "Bob", "ch00.double", "1", *why, *book])
    assert (done.exit_code, done.output) == (0, "bob: bob_00_welcome.ipynb: 1/1\n")
    words = ["grade", str(three), *book, "-j", "1", "--student", "bob", "--again"]
    assert CliRunner().invoke(main, words).exit_code == 0
    table = CliRunner().invoke(main, ["export", *book]).output
    assert [line.split(",")[6] for line in table.splitlines()[1:4]] == ["1", "1", "0"]
    assert "ch00.double by decision: Squares were" in table
    assert CliRunner().invoke(main, ["report", *book, "--out", str(tmp_path)]).exit_code == 0
    told = "1 of 1 by decision:</b> Squares were &lt;asked for&gt; in the lecture."
    (page,) = (tmp_path / "students").glob("bob*")
    assert told in page.read_text(encoding="utf-8")
    done = CliRunner().invoke(main, ["mark", "bob", "ch00.double", "-", *book])
    assert done.output == "bob: bob_00_welcome.ipynb: 0/1\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["bob", "ch00.triple", "1", "--why", "x"], "ch00.triple"),
        (["bob", "ch00.double", "2", "--why", "x"], "counts 0 to 1 points, not '2'"),
        (["bob", "ch00.double", "1"], "say the reason with --why"),
        (["b", "ch00.double", "1", "--why", "x"], "'b' is 2 students with a file for chapter 00"),
        (
            ["zoe", "ch00.double", "1", "--why", "x"],
            "nobody called 'zoe' has handed in anything",
        ),
    ],
)
def test_a_decision_that_is_not_clear_is_refused(
    words: list[str], message: str, tmp_path: Path
) -> None:
    book = Gradebook(tmp_path / "marks.db")
    for name in ("bob", "barb"):
        one = Submission(name, "", f"{name}.ipynb", bytes)
        verdict = Verdict("ch00.double", "", "wrong", "", None, (), points=1, earned=0)
        book.write(one, name, "00", "mark", Outcome("ok", verdicts=(verdict,)), 1)
    book.close()
    path = ["--gradebook", str(tmp_path / "marks.db")]
    done = CliRunner().invoke(main, ["mark", *words, *path])
    assert done.exit_code == 2 and message in done.output, done.output


@pytest.mark.parametrize("what", ["grade", "report", "export"])
def test_what_cannot_be_written_is_said_in_a_sentence(
    what: str, three: Path, tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    book = ["--gradebook", str(tmp_path / "marks.db")]
    assert CliRunner().invoke(main, ["grade", str(three), *book, "-j", "1"]).exit_code == 0
    taken = tmp_path / "taken"
    taken.write_text("a file where a folder should be")
    words = {
        "grade": ["grade", str(three), "--csv", str(taken / "marks.csv")],
        "report": ["report", "--out", str(taken / "report")],
        "export": ["export", "--out", str(taken / "marks.csv")],
    }[what]
    done = CliRunner().invoke(main, [*words, *book])
    assert done.exit_code == 1 and isinstance(done.exception, SystemExit)
    assert f"{taken}" in done.output and "cannot be written: " in done.output


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["grade", "missing"], 1, "does not exist"),
        (["grade", "."], 1, "no submissions"),
        (["grade", ".", "--chapter", "99"], 2, "there is no chapter '99'"),
        (["grade"], 2, "Missing argument"),
        (["grade", ".", "--jobs", "0"], 2, "not in the range"),
        (["report"], 1, "There is no gradebook marks.db"),
        (["export", "--format", "moodle"], 1, "There is no gradebook"),
        (["export", "--format", "excel"], 2, "not one of"),
    ],
)
def test_bad_input_gets_a_sentence_and_leaves_nothing_behind(
    words: list[str], code: int, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, words)
    assert done.exit_code == code, done.output
    assert message in done.output and "Traceback" not in done.output
    assert not list(tmp_path.iterdir())


def test_weaker_isolation_is_said_plainly() -> None:
    weak = Isolation({"files": "no Landlock in this kernel", "limits": ""})
    assert "missing: files (no Landlock in this kernel)" in _weakness(str(weak))
    assert _weakness(str(Isolation({"files": "", "limits": ""}))) == ""


def test_the_doctor_says_which_walls_stand() -> None:
    done = CliRunner().invoke(main, ["doctor"])
    assert "Grading, isolation: walls: " in done.output


def test_the_exit_code_tells_if_every_notebook_failed_in_the_grader(
    three: Path, tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(task: object) -> Outcome:
        return Outcome("grader-failed", "It is broken.")

    monkeypatch.chdir(root)
    monkeypatch.setattr("exercises_lib.grading.run.grade_here", broken)
    monkeypatch.setattr(
        "exercises_lib.grading.workers.local", lambda *_, **__: ThreadPoolExecutor(1)
    )
    words = ["grade", str(three), "--gradebook", str(tmp_path / "marks.db"), "-j", "1"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 1 and "3 grader-failed" in done.output
    monkeypatch.undo()
    monkeypatch.chdir(root)
    assert CliRunner().invoke(main, words).exit_code == 0


def test_a_student_is_named_alike_when_graded_and_when_marked(
    tmp_path: Path, root: Path, solved: Callable[[str], Notebook], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    folder = tmp_path / "in"
    folder.mkdir()
    for name, number in (("anna", 11), ("ann", 12), ("bob", 13)):
        path = folder / f"{name}_{number}_9{number}_00_welcome.ipynb"
        path.write_text(dump(solved("00")), encoding="utf-8")
    book = ["--gradebook", str(tmp_path / "marks.db")]
    assert CliRunner().invoke(main, ["grade", str(folder), *book, "-j", "1"]).exit_code == 0
    why = ["--why", "So.", *book]
    for given, student in (("12", "ann"), ("ann", "ann"), ("ann 12", "ann"), ("BO", "bob")):
        words = ["grade", str(folder), *book, "-j", "1", "--again", "--student", given]
        done = CliRunner().invoke(main, words)
        assert f"[1/1] {student}: " in done.output, done.output
        done = CliRunner().invoke(main, ["mark", given, "ch00.double", "0", *why])
        assert done.output.startswith(f"{student}: "), done.output
    done = CliRunner().invoke(main, [*words[:-1], "12"])
    assert "0/1; by decision" in done.output
