"""Wrong answers without a name are grouped by what they do, can be named, and are then told."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from exercises_lib.checking import Exercise
from exercises_lib.checking.behaviour import cases_mark, common_cases, digest
from exercises_lib.checking.judge import run
from exercises_lib.cli import main
from exercises_lib.course.named import NamedMistake, faults, load, save
from exercises_lib.course.notebooks import Notebook, dump
from exercises_lib.errors import UserError
from exercises_lib.exercises import all_exercises, get
from exercises_lib.grading.gradebook import Gradebook

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="grading forks processes")
STRANGE = {
    "ana": "def double(x):\n    return 7 * x - 1",
    "bob": "def double(y):\n    return -1 + y + 6 * y",
    "cem": "double = lambda z: 3 * z - 1 + z * 4",
    "dan": "def double(x):\n    return 7 * x + 11",
    "eve": "def double(x):\n    return 2 * x",
    "fay": "def double(x):\n    return x**2",
}


def of(exercise: Exercise, answer: Any) -> str:
    """Return what an answer does, as a digest."""
    cases = common_cases(exercise)
    return digest(cases, run(exercise, answer, cases))


def test_the_common_cases_are_the_same_each_time_and_others_for_each_exercise() -> None:
    marks = {}
    for exercise in all_exercises():
        if exercise.kind not in ("number", "choice"):
            marks[exercise.id] = cases_mark(common_cases(exercise))
            assert marks[exercise.id] == cases_mark(common_cases(exercise))
    assert len(set(marks.values())) == len(marks)


def test_answers_that_are_right_in_different_ways_do_the_same() -> None:
    alike = compared = 0
    for exercise in all_exercises():
        if exercise.kind in ("function", "class") and exercise.chapter in ("01", "03", "04"):
            digests = {of(exercise, one) for one in (exercise.reference, *exercise.accepted)}
            compared += 1
            alike += len(digests) == 1
    assert alike >= 0.8 * compared  # some outputs may be of another type, and right


def test_wrong_answers_that_do_otherwise_have_other_digests() -> None:
    for exercise in all_exercises():
        if exercise.kind not in ("function", "class") or exercise.chapter not in ("03", "04"):
            continue
        right = of(exercise, exercise.reference)
        wrong = [of(exercise, m.answer) for m in exercise.mistakes if m.recognise is None]
        assert right not in wrong
        assert len(set(wrong)) >= 0.95 * len(wrong)


def test_the_order_of_a_sum_does_not_change_what_an_answer_does() -> None:
    exercise = get("ch00.double")
    assert of(exercise, lambda x: 7 * x - 1) == of(exercise, lambda x: x * 0.1 + x * 6.9 - 1)
    assert of(exercise, lambda x: 7 * x - 1) != of(exercise, lambda x: 7 * x - 1.01)


def command(*words: str) -> Result:
    """Call the command."""
    return CliRunner().invoke(main, list(words))


@needs_fork
def test_a_group_is_shown_named_and_told(
    tmp_path: Path,
    root: Path,
    untouched: Callable[[str], Notebook],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(root)
    folder = tmp_path / "in"
    folder.mkdir()
    for name, code in STRANGE.items():
        notebook = untouched("00")
        for cell in notebook["cells"]:
            if cell["id"] == "ch00-double":
                cell["source"] = code
        (folder / f"{name}_00_welcome.ipynb").write_text(dump(notebook), encoding="utf-8")
    book = ["--gradebook", str(tmp_path / "marks.db")]
    assert command("grade", str(folder), *book, "-j", "1").exit_code == 0
    rows = {one.student: one.rows[0] for one in Gradebook(tmp_path / "marks.db").records()}
    digests = {name: row.behaviour for name, row in rows.items()}
    assert digests["ana"] == digests["bob"] == digests["cem"] != digests["dan"]
    assert digests["dan"] and not digests["eve"] and not digests["fay"]
    assert rows["ana"].answer == STRANGE["ana"]

    page = tmp_path / "report/index.html"
    assert command("report", *book, "--out", str(page.parent)).exit_code == 0
    group = f"ch00.double~{digests['ana'][:8]}"
    text = page.read_text(encoding="utf-8")
    assert f"<code>{group}</code>" in text and "return 7 * x - 1" in text
    assert text.index(group) < text.index(f"ch00.double~{digests['dan'][:8]}")

    tell = "You take seven *times* the number and one less; `double` wants two of it."
    words = ("name-group", group, *book, "--name", "seven less one")
    assert command(*words).exit_code == 2
    assert command(*words, "--tell", "Bad.").exit_code == 1
    done = command(*words, "--tell", tell)
    assert done.exit_code == 0 and "3 students: seven less one." in done.output
    assert command("report", *book, "--out", str(page.parent)).exit_code == 0
    assert "<b>seven less one</b>" in page.read_text(encoding="utf-8")
    for name in ("ana", "bob", "cem"):
        (own,) = (tmp_path / "report/students").glob(f"{name}*")
        assert "You take seven <em>times</em> the number" in own.read_text(encoding="utf-8")
    (other,) = (tmp_path / "report/students").glob("dan*")
    assert "seven" not in other.read_text(encoding="utf-8")
    done = command("grade", str(folder), *book, "-j", "1", "--student", "bob", "--again")
    assert "bob_00_welcome.ipynb: 0/1; mistakes: seven less one" in done.output

    named = str(tmp_path / "mistakes.json")
    done = command("audit", "00", "--mistakes", named)
    assert done.exit_code == 0 and "1 mistakes of a course's own" in done.output
    assert command("name-group", group, *book, "--remove").exit_code == 0
    assert load(tmp_path / "mistakes.json") == []


def named_as(answer: Any, name: str = "strange", message: str = "You do a strange thing.") -> Any:
    """Name what an answer to ch00.double does."""
    exercise = get("ch00.double")
    mark = cases_mark(common_cases(exercise))
    return NamedMistake("ch00.double", name, message, of(exercise, answer), mark)


@pytest.mark.parametrize(
    ("mistakes", "fault"),
    [
        ([named_as(lambda x: x + x)], "is what a right answer does"),
        ([named_as(lambda x: x * x)], "is known already, as 'squared'"),
        ([named_as(lambda x: 9 * x, "squared")], "has the name of a known mistake"),
        ([named_as(lambda x: 9 * x)] * 2, "is the same as 'strange'"),
        ([named_as(lambda x: 9 * x), named_as(lambda x: 8 * x)], "has a name that another has"),
        ([named_as(lambda x: 9 * x, message="No.")], "says nothing"),
        ([NamedMistake("ch00.double", "a", "It has changed.", "0", "0")], "has changed since"),
        ([NamedMistake("ch00.triple", "a", "It is gone now.", "0", "0")], "is of no exercise"),
    ],
)
def test_the_audit_refuses_names_that_would_tell_somebody_wrong(
    mistakes: list[NamedMistake], fault: str
) -> None:
    assert any(fault in text for _, text in faults(mistakes))


def test_a_good_name_has_no_faults_and_survives_the_file(tmp_path: Path) -> None:
    mistakes = [named_as(lambda x: 9 * x, "nine", "You take nine of it."), named_as(lambda x: -x)]
    assert list(faults(mistakes)) == []
    save(tmp_path / "mistakes.json", mistakes)
    assert sorted(load(tmp_path / "mistakes.json"), key=str) == sorted(mistakes, key=str)


@pytest.mark.parametrize("text", ["", "[]", '{"format": 9, "mistakes": []}', '{"format": 1}'])
def test_a_file_of_names_that_is_none_is_refused_in_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "mistakes.json").write_text(text)
    with pytest.raises(UserError, match="is not a file of named mistakes"):
        load(tmp_path / "mistakes.json")


def test_values_that_are_odd_have_a_digest() -> None:
    exercise = get("ch00.double")
    odd = [None, float("nan"), float("inf"), -0.0, 0, "a\ud800", [1, (2, {"a": None})], 1e308,
           np.array(["a"]), np.zeros((0, 3)), np.array([np.nan, 1e-320]), 1j]  # fmt: skip
    digests = [of(exercise, lambda x, value=value: value) for value in odd]
    assert len(set(digests)) >= len(odd) - 1  # 0 and -0.0 are one


def test_the_file_is_readable_text(tmp_path: Path) -> None:
    save(tmp_path / "m.json", [named_as(lambda x: 9 * x, "neun Mal", "Du nimmst das Neunfache.")])
    assert json.loads((tmp_path / "m.json").read_text(encoding="utf-8"))["mistakes"][0]["name"]


def test_an_old_gradebook_has_no_groups(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "marks.db"):
        pass
    assert Gradebook(tmp_path / "marks.db").records() == []
