"""Whole runs: every mark as it should be, and nothing lost when a run is stopped."""

from __future__ import annotations

import ast
import functools
import inspect
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np
import pytest

from exercises_lib import checking, exercises
from exercises_lib.checking import Exercise
from exercises_lib.checking.edit import Edit
from exercises_lib.course.notebooks import Notebook, dump
from exercises_lib.grading.gradebook import Gradebook, GradebookError
from exercises_lib.grading.library import lent_names
from exercises_lib.grading.manifest import Plan
from exercises_lib.grading.results import SubmissionResult
from exercises_lib.grading.run import Done, grade_all
from exercises_lib.grading.sandbox import Limits
from exercises_lib.grading.submissions import find
from exercises_lib.grading.task import Outcome
from exercises_lib.grading.workers import Workers

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="grading forks processes")

Maker = Callable[[str], Notebook]
LIMITS = Limits(cell_seconds=20.0)


def write(folder: Path, name: str, notebook: Notebook) -> None:
    """Write a notebook into a folder."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dump(notebook), encoding="utf-8")


def answered(notebook: Notebook, cell_id: str, code: str) -> Notebook:
    """Put code into the place of an answer."""
    for cell in notebook["cells"]:
        if cell.get("id") == cell_id:
            cell["source"] = code
    return notebook


def run(
    folder: Path, book: Gradebook, plans: dict[str, Plan], workers: Workers, **options: Any
) -> list[Done]:
    """Grade a folder with two workers."""
    return list(grade_all(find(folder), book, plans, workers, limits=LIMITS, **options))


# --- answers as source code -------------------------------------------------------------------


def code_of(answer: Any, name: str) -> str | None:
    """Write an answer of the registry as the code of a cell that defines `name`; None if not."""
    if isinstance(answer, (dict, int, float, str)):
        simple = not isinstance(answer, dict) or not any(map(callable, answer.values()))
        return f"{name} = {answer!r}" if simple else None
    try:
        parts, called = _definition(answer, set())
    except (OSError, TypeError, LookupError, ValueError, SyntaxError):
        return None
    # In a function of its own: what an answer is made of may have the name that it gets.
    body = textwrap.indent("\n".join([*dict.fromkeys(parts), f"return {called}"]), "    ")
    code = f"def _make():\n{body}\n\n\n{name} = _make()"
    space: dict[str, Any] = {}
    try:
        exec(compile(code, "<answer>", "exec"), space)
    except Exception:
        return None
    return code


def _definition(answer: Any, seen: set[int]) -> tuple[list[str], str]:
    """Return the lines that define a function or class, and the expression that names it."""
    if isinstance(answer, Edit):
        return _parts(answer.source, inspect.getmodule(answer.of), seen), answer.of.__name__
    module = inspect.getmodule(answer)
    if module is None or not module.__name__.startswith("exercises_lib.exercises."):
        raise LookupError
    if isinstance(answer, FunctionType) and answer.__closure__:
        raise LookupError
    if isinstance(answer, FunctionType) and answer.__name__ == "<lambda>":
        expression = _lambda(answer, Path(str(module.__file__)))
        return _parts("", module, seen, expression), f"({expression})"
    text = inspect.getsource(answer)
    if text != inspect.cleandoc(text) + "\n" and text[0].isspace():
        raise LookupError
    return _parts(text, module, seen, answer=answer), answer.__name__


def _parts(
    text: str, module: Any, seen: set[int], expression: str = "", answer: Any = None
) -> list[str]:
    """Return the lines that define what some source needs, and the source behind them."""
    needed = {n.id for n in ast.walk(ast.parse(text or expression)) if isinstance(n, ast.Name)}
    parts: list[str] = []
    for key in sorted(needed):
        thing = getattr(module, key, None)
        if thing is None or id(thing) in seen or thing is answer:
            continue
        seen.add(id(thing))
        home = getattr(thing, "__module__", "") or ""
        if inspect.ismodule(thing):
            parts.append(f"import {thing.__name__} as {key}")
        elif home.startswith("exercises_lib.exercises.") and callable(thing):
            parts += _definition(thing, seen)[0]
        elif home.startswith("exercises_lib.") and callable(thing):
            parts.append(f"from {home} import {thing.__name__} as {key}")
        elif isinstance(thing, (int, float, str, dict, tuple)):
            parts.append(f"{key} = {thing!r}")
        else:
            raise LookupError
    return [*parts, text]


@functools.cache
def _lambdas(path: Path) -> list[ast.Lambda]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.Lambda)]


def _lambda(answer: FunctionType, path: Path) -> str:
    for node in _lambdas(path):
        if node.lineno == answer.__code__.co_firstlineno:
            text = ast.unparse(node)
            made = eval(text, dict(answer.__globals__))
            mine, theirs = made.__code__, answer.__code__
            if (mine.co_code, mine.co_consts) == (theirs.co_code, theirs.co_consts):
                return text
    raise LookupError


def variants(plans: dict[str, Plan]) -> Iterator[tuple[Exercise, str, str, str | None]]:
    """List answers as code: exercise, cell, code, and the mistake's name or None."""
    for plan in plans.values():
        for check in plan.checks:
            exercise = exercises.get(check.exercise_id)
            if checking.missing_modules(exercise) or not check.expression.isidentifier():
                continue
            named: list[tuple[Any, str | None]] = [(m.given, m.name) for m in exercise.mistakes]
            named += [(answer, None) for answer in exercise.accepted]
            for answer, mistake in named:
                code = code_of(answer, check.expression)
                if code is None or _takes_what_is_asked(code, exercise.chapter):
                    continue
                if exercise.kind != "target":
                    yield exercise, check.answer_id, code, mistake


def _takes_what_is_asked(code: str, chapter: str) -> bool:
    """Tell whether code uses what the library has and a kernel of this chapter has not."""
    lent = {place.partition(".")[2] for place in lent_names(chapter, ())}
    return not set(re.findall(r"\bnn\.(\w+)", code)) <= lent


def test_many_submissions_get_every_mark_as_it_should_be(
    tmp_path: Path,
    plans: dict[str, Plan],
    solved: Maker,
    untouched: Maker,
    workers: Workers,
    whole: bool,
) -> None:
    total = 200 if whole else 60
    # Chapters that train take seconds each; they are graded in test_flags.
    plans = {number: plan for number, plan in plans.items() if number <= "05"}
    rng = np.random.default_rng(5)
    everything = list(variants(plans))
    chosen = [everything[i] for i in rng.permutation(len(everything))[: total - 2 * len(plans)]]
    expected: dict[str, tuple[str, str | None, str | None]] = {}
    for number, (exercise, cell_id, code, mistake) in enumerate(chosen):
        notebook = answered(solved(exercise.chapter), cell_id, code)
        write(tmp_path / "in", f"s{number:03}.ipynb", notebook)
        expected[f"s{number:03}"] = (exercise.chapter, exercise.id, mistake)
    for chapter in plans:
        write(tmp_path / "in", f"solved{chapter}.ipynb", solved(chapter))
        write(tmp_path / "in", f"untouched{chapter}.ipynb", untouched(chapter))
        expected[f"solved{chapter}"] = (chapter, None, None)
        expected[f"untouched{chapter}"] = (chapter, "*", None)
    book = Gradebook(tmp_path / "marks.db")
    done = run(tmp_path / "in", book, plans, workers)
    assert len(done) == len(expected) == total
    for record in book.records():
        chapter, where, mistake = expected[record.student]
        plan = plans[chapter]
        assert (record.chapter, record.maximum) == (chapter, plan.points)
        assert len(record.rows) == len(plan.checks)
        broken = {c.expression for c in plan.checks if c.exercise_id == where and mistake}
        for row, check in zip(record.rows, plan.checks, strict=True):
            if broken & set(check.library):
                continue  # the course's own answer builds on the one that is wrong here
            told = (record.student, where, mistake, row)
            points = exercises.get(row.exercise).points
            if where == "*":
                assert (row.status, row.earned) == ("unanswered", 0), told
            elif mistake is not None and row.exercise == where:
                partial = exercises.get(row.exercise).partial
                assert row.status in ("wrong", "error"), told
                assert row.earned == 0 or (partial and row.earned < points), told
                assert row.mistakes[:1] == (mistake,), told
            else:
                assert (row.status, row.earned) == ("passed", points), told
        assert record.points == sum(row.earned for row in record.rows)
        assert record.status == "ok" or mistake is not None, record


# --- nothing lost -----------------------------------------------------------------------------


@pytest.fixture
def given(tmp_path: Path, solved: Maker, untouched: Maker) -> Path:
    """A folder with 12 submissions of chapter 00."""
    for number in range(6):
        write(tmp_path / "in", f"right{number:02}.ipynb", solved("00"))
        write(tmp_path / "in", f"open{number:02}.ipynb", untouched("00"))
    return tmp_path / "in"


def command(given: Path, book: Path) -> list[str]:
    """The command line of a run with one worker."""
    words = [sys.executable, "-m", "exercises_lib.cli", "grade", str(given), "--jobs", "1"]
    return [*words, "--gradebook", str(book)]


def count(book: Path) -> int:
    """Count the submissions in a gradebook that another process writes."""
    try:
        with sqlite3.connect(f"file:{book}?mode=ro", uri=True, timeout=10) as connection:
            return int(connection.execute("SELECT count(*) FROM submission").fetchone()[0])
    except sqlite3.Error:
        return 0


def await_rows(process: subprocess.Popen[bytes], book: Path, rows: int) -> None:
    """Wait until a run has written some rows, and is not done."""
    until = time.monotonic() + 90
    while count(book) < rows:
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.005)


def children_of(pid: int) -> list[int]:
    """Return the processes below a process."""
    found: list[int] = []
    todo = [pid]
    while todo:
        tasks = Path(f"/proc/{todo.pop()}/task")
        for task in tasks.iterdir() if tasks.exists() else []:
            try:
                words = [int(word) for word in (task / "children").read_text().split()]
            except OSError:
                continue
            found += words
            todo += words
    return found


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGINT], ids=lambda blow: blow.name)
def test_a_run_that_is_stopped_goes_on_where_it_was(
    given: Path, tmp_path: Path, root: Path, blow: int
) -> None:
    for path in given.glob("*.ipynb"):  # slow enough to be stopped half-way on any machine
        notebook = json.loads(path.read_text(encoding="utf-8"))
        wait = {"cell_type": "code", "id": "wait", "metadata": {}, "outputs": []}
        wait |= {"execution_count": None, "source": "import time; time.sleep(0.3)"}
        notebook["cells"].insert(0, wait)
        path.write_text(json.dumps(notebook), encoding="utf-8")
    book, scratch = tmp_path / "marks.db", tmp_path / "scratch"
    scratch.mkdir()
    first = subprocess.Popen(
        command(given, book),
        cwd=root,
        env={**os.environ, "TMPDIR": str(scratch)},
        stdout=subprocess.PIPE,
        # A shell that runs in the background has its children ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    await_rows(first, book, 5)
    below = children_of(first.pid)
    first.send_signal(blow)
    said, _ = first.communicate(timeout=30)
    if blow == signal.SIGINT:
        assert first.returncode == 130
        assert b"run the same command to go on" in said
    before = {one.file: one.graded_at for one in _records(book)}
    assert 5 <= len(before) < 12
    second = subprocess.run(command(given, book), cwd=root, capture_output=True, check=True)
    assert f"{len(before)} unchanged".encode() in second.stdout
    records = _records(book)
    assert len(records) == 12 == len({one.file for one in records})
    for record in records:
        assert record.points == (1 if record.file.startswith("right") else 0)
        assert len(record.rows) == 1
        if record.file in before:
            assert record.graded_at == before[record.file]
    until = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in below):
        assert time.monotonic() < until, "a process outlives the run"
        time.sleep(0.05)
    assert not list(scratch.glob("backprop-grade-*"))


def _records(book: Path) -> list[SubmissionResult]:
    opened = Gradebook(book, create=False)
    try:
        return opened.records()
    finally:
        opened.close()


def test_only_what_is_new_or_changed_is_graded_again(
    given: Path, tmp_path: Path, plans: dict[str, Plan], solved: Maker, workers: Workers
) -> None:
    for path in given.glob("*1*.ipynb"):
        path.unlink()
    book = Gradebook(tmp_path / "marks.db")
    assert {one.status for one in run(given, book, plans, workers)} == {"ok"}
    write(given, "open02.ipynb", solved("00"))
    write(given, "new.ipynb", solved("00"))
    again = {one.submission.student: one.status for one in run(given, book, plans, workers)}
    assert [name for name, status in again.items() if status == "ok"] == ["new", "open02"] or {
        name for name, status in again.items() if status == "ok"
    } == {"new", "open02"}
    assert {one.student: one.points for one in book.records()}["open02"] == 1
    changed = {"00": replace(plans["00"], fingerprint="another")}
    assert {one.status for one in run(given, book, changed, workers)} == {"ok"}
    assert {one.status for one in run(given, book, plans, workers, again=True)} == {"ok"}
    assert len(book.records()) == len(list(given.glob("*.ipynb")))


def test_a_full_disk_stops_the_run_with_a_sentence_and_loses_nothing(
    given: Path, tmp_path: Path, plans: dict[str, Plan], solved: Maker, workers: Workers
) -> None:
    for number in range(12):  # more than fits
        write(given, f"more{number:02}.ipynb", solved("00"))
    book = Gradebook(tmp_path / "marks.db")
    pages = book.connection.execute("PRAGMA page_count").fetchone()[0]
    book.connection.execute(f"PRAGMA max_page_count = {pages + 1}")
    with pytest.raises(GradebookError, match=r"full.*make room and run the same command"):
        run(given, book, plans, workers)
    kept = len(book.records())
    assert 0 < kept < 24
    assert all(len(one.rows) == 1 for one in book.records())
    book.connection.execute("PRAGMA max_page_count = 100000")
    again = run(given, book, plans, workers)
    assert sum(one.status == "unchanged" for one in again) == kept
    assert len(book.records()) == 24
    assert book.connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_of_two_files_of_a_student_the_later_counts(
    tmp_path: Path, plans: dict[str, Plan], solved: Maker, untouched: Maker, workers: Workers
) -> None:
    write(tmp_path / "in", "adalovelace_17_900_00_welcome.ipynb", untouched("00"))
    write(tmp_path / "in", "adalovelace_17_901_00_welcome-1.ipynb", solved("00"))
    write(tmp_path / "in", "adalovelace_18_902_00_welcome.ipynb", untouched("00"))
    book = Gradebook(tmp_path / "marks.db")
    run(tmp_path / "in", book, plans, workers)
    found = [(one.lms_id, one.points, one.counts) for one in book.records()]
    assert sorted(found) == [("17", 0, False), ("17", 1, True), ("18", 0, True)]


MUCH = {"cells": [{"cell_type": "code", "source": "x" * 150_000}] * 20, "nbformat": 4}
LONG = {"nbformat": 4, "cells": [{"source": "x" * 300_000}]}
BROKEN: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "empty"),
    "blank": (b"  \n", "empty"),
    "garbage": (os.urandom(500), "not-a-notebook"),
    "text": (b"my homework", "not-a-notebook"),
    "truncated": (b'{"nbformat": 4, "cells": [{"cell_type": "code", "sour', "not-a-notebook"),
    "list": (b"[1, 2]", "not-a-notebook"),
    "number": (b"7", "not-a-notebook"),
    "object": (b'{"a": 1}', "not-a-notebook"),
    "latin": ('{"nbformat": 4, "x": "é"}'.encode("latin-1"), "not-a-notebook"),
    "utf16": ('{"nbformat": 4}'.encode("utf-16"), "not-a-notebook"),
    "nested": (b"[" * 100_000, "not-a-notebook"),
    "deep-cells": (b'{"nbformat": 4, "cells": ' + b"[" * 100_000, "not-a-notebook"),
    "format-3": (b'{"nbformat": 3, "worksheets": [{"cells": []}]}', "wrong-format"),
    "format-9": (b'{"nbformat": 9, "cells": []}', "wrong-format"),
    "format-text": (b'{"nbformat": "4", "cells": []}', "wrong-format"),
    "format-true": (b'{"nbformat": true, "cells": []}', "wrong-format"),
    "cells-object": (b'{"nbformat": 4, "cells": {}}', "wrong-format"),
    "cells-missing": (b'{"nbformat": 4}', "wrong-format"),
    "cell-number": (b'{"nbformat": 4, "cells": [3]}', "wrong-format"),
    "source-number": (b'{"nbformat": 4, "cells": [{"source": 3}]}', "wrong-format"),
    "source-list": (b'{"nbformat": 4, "cells": [{"source": [1, null]}]}', "wrong-format"),
    "cell-less": (b'{"nbformat": 4, "cells": []}', "unknown-chapter"),
    "foreign": (b'{"nbformat": 4, "cells": [{"cell_type": "code"}]}', "unknown-chapter"),
    "pictures": (b"\x89PNG\r\n\x1a\n" + bytes(100), "not-a-notebook"),
    "huge": (b'{"nbformat": 4, "x": "' + b"x" * (31 << 20) + b'"}', "too-large"),
    "many-cells": (b'{"nbformat": 4, "cells": [' + b"{}," * 3000 + b"{}]}", "too-large"),
    "long-cell": (json.dumps(LONG).encode(), "too-large"),
    "much-code": (json.dumps(MUCH).encode(), "too-large"),
    "escapes": (b'{"nbformat": "\\u001b[31m", "cells": []}', "wrong-format"),
}  # fmt: skip


def test_every_broken_file_gets_a_row_and_the_others_are_graded(
    tmp_path: Path, plans: dict[str, Plan], solved: Maker, workers: Workers
) -> None:
    for name, (data, _) in BROKEN.items():
        path = tmp_path / "in" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    write(tmp_path / "in", "honest.ipynb", solved("00"))
    with_mark = tmp_path / "in" / "with-mark.ipynb"
    with_mark.write_bytes(b"\xef\xbb\xbf" + dump(solved("00")).encode())
    odd = answered(solved("00"), "ch00-setup", 'x = "\ud800"\nimport numpy as np\x00')
    (tmp_path / "in" / "surrogate.ipynb").write_text(json.dumps(odd))
    book = Gradebook(tmp_path / "marks.db")
    run(tmp_path / "in", book, plans, workers)
    found = {one.student: one for one in book.records()}
    for name, (_, status) in BROKEN.items():
        assert found[name].status == status, found[name]
        assert found[name].detail.endswith(".") and found[name].points == 0
    for name in ("honest", "with-mark", "surrogate"):
        assert found[name].points == 1, found[name]


def test_a_gradebook_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("not a database, but long enough to be looked at " * 9)
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE a (b)").connection.close()
    newer = sqlite3.connect(tmp_path / "newer.db")
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    for name, message in (
        ("text.db", "cannot be used"),
        ("other.db", "not a gradebook"),
        ("newer.db", "another version"),
        ("missing/marks.db", "cannot be used"),
    ):
        with pytest.raises(GradebookError, match=message):
            Gradebook(tmp_path / name)
    with pytest.raises(GradebookError, match="There is no gradebook"):
        Gradebook(tmp_path / "none.db", create=False)


def test_a_gradebook_that_another_grader_has_made_meanwhile_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Gradebook(tmp_path / "marks.db").close()
    real, asked = Gradebook._version, []

    def a_moment_ago(book: Gradebook) -> int:
        asked.append(1)
        return 0 if len(asked) == 1 else real(book)

    monkeypatch.setattr(Gradebook, "_version", a_moment_ago)
    Gradebook(tmp_path / "marks.db").close()
    assert len(asked) == 2


def test_a_gradebook_of_the_first_format_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "marks.db"
    Gradebook(path).close()
    with sqlite3.connect(path) as old:
        old.execute("DROP TABLE decision")
        for table, column in (
            ("submission", "late"),
            ("submission", "handed_in"),
            ("verdict", "answer"),
            ("verdict", "behaviour"),
        ):
            old.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        old.execute("PRAGMA user_version = 1")
    old.close()
    book = Gradebook(path)
    book.decide("ana", "", "ch00.double", 1, "because")
    assert book.records() == []
    book.close()


def test_a_notebook_of_another_chapter_is_left_alone_when_one_chapter_is_graded(
    tmp_path: Path, plans: dict[str, Plan], solved: Maker, workers: Workers
) -> None:
    write(tmp_path / "in", "ana/00_welcome.ipynb", solved("00"))
    write(tmp_path / "in", "ana/renamed.ipynb", solved("01"))
    book = Gradebook(tmp_path / "marks.db")
    done = run(tmp_path / "in", book, plans, workers, chapter="00")
    assert sorted(one.status for one in done) == ["ok", "other-chapter"]
    assert [one.chapter for one in book.records()] == ["00"]


def test_who_hands_in_nothing_but_another_chapter_gets_a_row_that_says_so(
    tmp_path: Path, plans: dict[str, Plan], solved: Maker, workers: Workers
) -> None:
    write(tmp_path / "in", "ana/00_welcome.ipynb", solved("00"))
    write(tmp_path / "in", "ana/01_computation_graphs.ipynb", solved("01"))
    write(tmp_path / "in", "bob/01_computation_graphs.ipynb", solved("01"))
    book = Gradebook(tmp_path / "marks.db")
    for _ in range(2):
        done = run(tmp_path / "in", book, plans, workers, chapter="00")
        said = {(one.submission.student, one.status, one.outcome is None) for one in done}
        assert ("ana", "other-chapter", True) in said and ("bob", "other-chapter", False) in said
    (row,) = [one for one in book.records(chapter="00") if one.student == "bob"]
    assert "This is chapter 01, and nothing of chapter 00 was handed in." in row.detail
    assert not row.graded and row.maximum == 0
    run(tmp_path / "in", book, plans, workers)  # every chapter: it is one after all
    rows = [one for one in book.records() if one.student == "bob"]
    assert [(one.chapter, one.status) for one in rows] == [("01", "ok")]
    done = run(tmp_path / "in", book, plans, workers, chapter="00")
    assert ("bob", "other-chapter") in {(one.submission.student, one.status) for one in done}


def test_a_later_file_that_cannot_be_graded_takes_the_place_of_nothing(
    tmp_path: Path, plans: dict[str, Plan], solved: Maker, workers: Workers
) -> None:
    write(tmp_path / "in", "ana/00_welcome.ipynb", solved("00"))
    (tmp_path / "in/ana/00_welcome (1).ipynb").write_bytes(b'{"nbformat": 4, "cells": [')
    os.utime(tmp_path / "in/ana/00_welcome.ipynb", (1, 1))
    book = Gradebook(tmp_path / "marks.db")
    run(tmp_path / "in", book, plans, workers, chapter="00")
    found = {one.status: (one.counts, one.points) for one in book.records()}
    assert found == {"ok": (True, 1), "not-a-notebook": (False, 0)}


def test_a_broken_file_of_no_known_chapter_is_among_the_records_of_each(
    tmp_path: Path, plans: dict[str, Plan], workers: Workers
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/ana_00_welcome.ipynb").write_bytes(b"{")
    book = Gradebook(tmp_path / "marks.db")
    run(tmp_path / "in", book, plans, workers)
    assert [one.student for one in book.records(chapter="00")] == ["ana"]


def test_a_grader_that_dies_over_a_submission_is_said_and_tried_again(
    tmp_path: Path, plans: dict[str, Plan], solved: Maker
) -> None:
    write(tmp_path / "in", "ana.ipynb", solved("00"))
    book = Gradebook(tmp_path / "marks.db")

    class Dying(ThreadPoolExecutor):
        """Workers whose process ends over every submission."""

        def submit(self, fn: Any, /, *_: Any, **__: Any) -> Any:
            dead = Outcome("grader-failed", "The grader's own process ended.")
            return super().submit(lambda: dead)

    with Dying(1) as executor:
        for _ in range(2):
            done = list(grade_all(find(tmp_path / "in"), book, plans, executor))
            assert [one.status for one in done] == ["grader-failed"]
    assert len(book.records()) == 1
