"""The pytest plug-in: nbval's collection and cells, with a kernel and a comparison of our own.

A submission is a file of nbval's whose cells are the student's code cells, in their order, and one
cell of the course's own for each exercise. What such a cell outputs is an observation, and the
comparison is the judging of it, here in the grader's process. By hand::

    pytest -p exercises_lib.grading.plugin --backprop-grade student.ipynb

Where an exercise is looked at:

1. right where its check cell stands: the last cell that has the check cell's id or says the same;
2. if there is none, below the last cell that has the answer cell's id or assigns the answer;
3. if there the exercise is unanswered, once more when all cells have run.

An object of this library that has the answer's name because a cell of the course imports it is not
an answer; one that the student has given that name is marked, and `scan` flags it.

Check cells of the submission are not run; `check`, `hint` and `progress` do nothing in other cells.
A cell that ends its kernel, or has to be stopped with it, is left out, and the cells before it are
run again in a new one, so that what comes after it is still graded.
"""

from __future__ import annotations

import ast
import secrets
import time
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nbformat import NotebookNode
from nbval.plugin import IPyNbCell, IPyNbFile, NbCellError

from exercises_lib import exercises
from exercises_lib.checking import Case, Exercise, Observation, Verdict, judge
from exercises_lib.checking.judge import load, missing_modules, unavailable
from exercises_lib.checking.observe import Failure, Run, conclude
from exercises_lib.grading.kernel import SandboxError, Warm, WarmKernel
from exercises_lib.grading.manifest import Check, Plan, chapter_of
from exercises_lib.grading.notebook import Code, Unreadable, code_cells, read_notebook
from exercises_lib.grading.sandbox import Limits

MAX_STEPS = 1_000
"""How many outputs are read of one run; a probe gives a few dozen."""
RESTARTS = 3
"""How often a submission gets a new kernel."""


def places(cells: Sequence[Code], checks: Sequence[Check]) -> dict[int, list[Check]]:
    """Say below which cell each exercise is looked at.

    Args:
        cells: the submission's code cells.
        checks: the chapter's check cells.

    Returns:
        Index of a cell → the exercises that are looked at below it; −1 if there is no cell.
    """
    found: dict[int, list[Check]] = {}
    for check in checks:
        own = [i for i, cell in enumerate(cells) if is_check(cell, check)]
        near = [i for i, cell in enumerate(cells) if check.answer_id and cell.id == check.answer_id]
        name = check.expression.split("(")[0].split(".")[0].strip()
        near = near or [i for i, cell in enumerate(cells) if name in assigned(cell.source)]
        index = (own or near or [len(cells) - 1])[-1]
        found.setdefault(index, []).append(check)
    return found


def is_check(cell: Code, check: Check) -> bool:
    """Tell whether a cell is a certain check cell: by its id, or because it says the same."""
    if cell.id == check.cell_id:
        return True
    if check.exercise_id not in cell.source or len(cell.source) > 1000:
        return False
    try:
        text = ast.unparse(ast.parse(cell.source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return text == f"check({check.exercise_id!r}, {check.expression})"


def assigned(text: str) -> set[str]:
    """Return the names that a piece of code defines at its top level."""
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    found: set[str] = set()
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {
                name.id
                for target in targets
                for name in ast.walk(target)
                if isinstance(name, ast.Name)
            }
    return found


def look_order(
    exercise: Exercise, expression: str, cases: Sequence[Case], seconds: float
) -> dict[str, Any]:
    """Make the order by which a kernel observes an answer.

    Args:
        exercise: what was asked.
        expression: what is looked at, as the check cell says it.
        cases: the cases; only their inputs go to the kernel.
        seconds: time limit for all cases together.
    """
    return {
        "expression": expression,
        "probe": exercise.probe.name,
        "params": dict(exercise.probe.params),
        "cases": [dict(case.inputs) for case in cases],
        "seconds": seconds,
        "repeat": exercise.repeat,
        "asks": exercise.oracle is not None,
    }


class SubmissionFile(IPyNbFile):  # type: ignore[misc,unused-ignore]
    """A submitted notebook: nbval's file, with the plan of its cells from the course."""

    def prepare(
        self, cells: Sequence[Code], plan: Plan, warm: Warm, limits: Limits, seed: int | None = None
    ) -> SubmissionFile:
        """Say what is graded and how.

        Args:
            cells: the submission's code cells.
            plan: its chapter's plan.
            warm: where kernels come from.
            limits: what a kernel may use.
            seed: draws the cases; new each time if None.
        """
        self.cells, self.plan, self.warm, self.limits = list(cells), plan, warm, limits
        self.seed = secrets.randbits(62) if seed is None else seed
        self.verdicts: dict[str, Verdict] = {}
        self.library: dict[str, list[str]] = {}
        self.troubles: list[str] = []
        self.status = "ok"
        self.ran: list[str] = []
        self.restarts = 0
        self.until = 0.0
        self.kernel: WarmKernel | None = None
        return self

    def collect(self) -> Iterator[pytest.Item]:
        """Yield the student's cells, and below them what is looked at."""
        if not hasattr(self, "cells"):
            self._prepare_by_hand()
        looked_at = places(self.cells, self.plan.checks)
        number = 0
        for index, cell in enumerate(self.cells):
            if not any(is_check(cell, check) for check in self.plan.checks):
                yield StudentCell.make(self, f"code cell {index + 1}", number, cell.source)
                number += 1
            for check in looked_at.get(index, []):
                yield LookCell.make(self, check.exercise_id, number, check)
                number += 1
        for check in looked_at.get(-1, []):
            yield LookCell.make(self, check.exercise_id, number, check)
        yield LastLook.make(self, "once more", number)

    def _prepare_by_hand(self) -> None:
        shared: Shared = self.config.stash[SHARED]
        notebook = read_notebook(self.path.read_bytes())
        chapter = chapter_of(self.path.name, notebook, shared.plans)
        if chapter is None:
            raise Unreadable("unknown-chapter", "It cannot be told which chapter this is.")
        self.prepare(code_cells(notebook), shared.plans[chapter], shared.warm, Limits())

    def setup(self) -> None:
        """Start the kernel."""
        self.until = time.monotonic() + self.limits.total_seconds
        self.kernel = self.warm.kernel(self.plan.modules, self.limits)
        self.kernel.until = self.until

    def teardown(self) -> None:
        """Stop the kernel."""
        if self.kernel is not None:
            self.kernel.stop()

    def note(self, status: str, text: str) -> None:
        """Write down what went wrong outside the answers."""
        self.troubles.append(text)
        if self.status == "ok" or status == "grader-failed":
            self.status = status

    def revive(self) -> bool:
        """Replace a dead kernel by one that has run the cells so far; False if there is none."""
        kernel = self.kernel
        if kernel is not None and time.monotonic() > self.until:
            kernel.stop()
            limit = f"{self.limits.total_seconds:g} s"
            if self.status == "ok" or not self.troubles:
                self.note("timeout", f"the notebook as a whole did not come to an end in {limit}")
        if kernel is None or kernel.is_alive():
            return kernel is not None
        if self.restarts >= RESTARTS or time.monotonic() > self.until:
            return False
        self.restarts += 1
        try:
            kernel.restart()
        except SandboxError as error:
            self.note("grader-failed", str(error))
            return False
        for source in self.ran:
            message = kernel.execute_cell_input(source)
            try:
                kernel.await_reply(message)
                kernel.await_idle(message, 1)
            except Exception:  # what ran once does not run again: go on without a kernel
                kernel.stop()
                return False
        return kernel.is_alive()

    def open_checks(self) -> list[Check]:
        """Return the exercises that are unanswered so far."""
        return [
            check
            for check in self.plan.checks
            if (verdict := self.verdicts.get(check.exercise_id)) is None
            or verdict.status == "unanswered"
        ]

    def finish(self) -> None:
        """See to it that every exercise has a verdict."""
        for check in self.open_checks():
            if check.exercise_id not in self.verdicts:
                exercise = exercises.get(check.exercise_id)
                text = "What your code did could not be observed."
                self.verdicts[exercise.id] = Verdict.of(exercise, "error", text)


def _beginning(text: str) -> str:
    """Say how a cell begins, by which it is found in a notebook that does not number its cells."""
    lines = (line.strip() for line in text.split("\n"))
    first = next((line for line in lines if line and not line.startswith("#")), "")
    shown = "".join(c for c in first[:40] if c.isprintable() and c != "`")
    return f" (`{shown}`)" if shown else ""


class _Cell(IPyNbCell):  # type: ignore[misc,unused-ignore]
    """A cell of a submission."""

    parent: SubmissionFile

    def setup(self) -> None:
        """Do not mark cells after a time-out as expected to fail, as nbval does."""

    def repr_failure(self, excinfo: Any, style: Any = None) -> str:
        """Say in a line what happened."""
        error = excinfo.value
        inner = getattr(error, "inner_traceback", "") or ""
        return f"{error}\n{inner}".strip() if isinstance(error, NbCellError) else repr(error)

    @classmethod
    def _node(cls, parent: SubmissionFile, name: str, number: int, source: str, ran: bool) -> Any:
        cell = NotebookNode(
            source=source, outputs=[], metadata={}, execution_count=1 if ran else None
        )
        options = {"check": ran, "check_exception": False, "skip": False}
        return cls.from_parent(parent, name=name, cell_num=number, cell=cell, options=options)


class StudentCell(_Cell):
    """One of the student's own cells: it runs, and nothing is compared."""

    @classmethod
    def make(cls, parent: SubmissionFile, name: str, number: int, source: str) -> StudentCell:
        """Make the cell."""
        made: StudentCell = cls._node(parent, name, number, source, ran=False)
        return made

    def runtest(self) -> None:
        """Run the cell in the kernel, as nbval does."""
        file = self.parent
        if not file.revive():
            pytest.skip("there is no kernel left")
        assert file.kernel is not None
        where = f"{self.name}{_beginning(self.cell.source)}"
        file.kernel.cell_seconds = file.limits.cell_seconds
        try:
            super().runtest()
        except NbCellError as error:
            if not file.kernel.is_alive():
                late = file.timed_out or (file.kernel.end and file.kernel.end.why == "time")
                text = "did not come to an end in time" if late else file.kernel.reason()
                file.note("timeout" if late else "crashed", f"{where}: {text}")
            elif file.timed_out:
                file.note("timeout", f"{where}: did not come to an end in time")
            else:
                file.ran.append(self.cell.source)
            file.timed_out = False
            raise error
        file.ran.append(self.cell.source)


class LookCell(_Cell):
    """A check cell of the course: it observes the answer, and the comparison is the verdict."""

    check: Check

    @classmethod
    def make(cls, parent: SubmissionFile, name: str, number: int, check: Check) -> LookCell:
        """Make the cell."""
        source = f"check({check.exercise_id!r}, {check.expression})"
        made: LookCell = cls._node(parent, name, number, source, ran=True)
        made.check = check
        made.comparison_traceback = []
        return made

    def runtest(self) -> None:
        """Observe the answer in the kernel and judge it here."""
        file, exercise = self.parent, exercises.get(self.check.exercise_id)
        missing = missing_modules(exercise)
        if missing:
            file.verdicts[exercise.id] = unavailable(exercise, missing)
            pytest.skip(f"needs {', '.join(missing)}")
        load(exercise)
        if not file.revive():
            text = "The notebook had been stopped before this exercise was reached."
            file.verdicts.setdefault(exercise.id, Verdict.of(exercise, "error", text))
            pytest.skip("there is no kernel left")
        assert file.kernel is not None
        rng = np.random.default_rng([file.seed, zlib.crc32(exercise.id.encode())])
        self.cases = list(exercise.draw(rng))
        seconds = min(exercise.seconds, file.limits.cell_seconds)
        file.kernel.cell_seconds = 2 * seconds + 1
        file.kernel.look(
            look_order(exercise, self.check.expression, self.cases, seconds),
            lambda number, arguments: exercise.consult(self.cases[number], arguments),
        )
        try:
            super().runtest()
        except NbCellError:
            if exercise.id not in file.verdicts or not file.kernel.is_alive():
                self._stopped(exercise)
            file.timed_out = False
            raise

    def _stopped(self, exercise: Exercise) -> None:
        kernel = self.parent.kernel
        assert kernel is not None
        if self.parent.timed_out:
            text = "Your code was stopped: it had not come to an end in time. Do all loops end?"
        elif kernel.is_alive():
            text = "What your code did could not be observed: it changes what observes it."
        else:
            text = f"Your code stopped everything when it was run: {kernel.reason()}."
        self.parent.verdicts[exercise.id] = Verdict.of(exercise, "error", text)

    def _bound_by_student(self) -> bool:
        """Tell whether a cell of the student's own gives the answer its name."""
        name = self.check.expression
        own = [cell.source for cell in self.parent.cells]
        own = [text for text in own if text.strip() not in self.parent.plan.given]
        return any({name, "*"} & assigned(text) for text in own)

    def compare_outputs(self, test: Any, ref: Any, skip_compare: Any = None) -> bool:
        """Judge the observation; called by nbval in place of its comparison of outputs."""
        file, exercise = self.parent, exercises.get(self.check.exercise_id)
        assert file.kernel is not None
        reply = file.kernel.seen
        if reply is None:
            return False
        try:
            seen = observations(reply, self.cases, exercise.repeat)
            origin, library = (
                str(reply["origin"]),
                [str(name)[:80] for name in reply["library"]][:20],
            )
        except (
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            IndexError,
            OverflowError,
            RecursionError,
            MemoryError,
        ) as error:
            text = f"What your code did could not be observed: {type(error).__name__}."
            file.verdicts[exercise.id] = Verdict.of(exercise, "error", text)
            return False
        if origin.startswith("exercises_lib.") and not self._bound_by_student():
            file.verdicts.setdefault(exercise.id, Verdict.of(exercise, "unanswered"))
            return False
        try:
            verdict = judge(exercise, self.cases, seen)
        except Exception as error:  # what was observed is beyond what the judge can be given
            text = f"What your code gives back cannot be judged ({type(error).__name__})."
            verdict = Verdict.of(exercise, "error", text)
            file.note("grader-failed", f"{exercise.id}: the judge failed: {error!r}"[:300])
        file.verdicts[exercise.id] = verdict
        file.library[exercise.id] = library
        self.comparison_traceback = [str(verdict)]
        return bool(verdict)


class LastLook(_Cell):
    """Looks once more at what is unanswered when all cells have run."""

    @classmethod
    def make(cls, parent: SubmissionFile, name: str, number: int) -> LastLook:
        """Make the cell."""
        made: LastLook = cls._node(parent, name, number, "", ran=True)
        return made

    def runtest(self) -> None:
        """Look at each exercise that is unanswered."""
        if not self.parent.open_checks():
            pytest.skip("everything is answered")
        for check in self.parent.open_checks():
            cell = LookCell.make(self.parent, self.name, self.cell_num, check)
            try:
                cell.runtest()
            except (NbCellError, pytest.skip.Exception):
                continue


def observations(reply: Any, cases: Sequence[Case], repeat: bool) -> list[Observation]:
    """Read what a kernel says an answer did; it may say anything.

    Raises:
        ValueError, TypeError, KeyError, IndexError, AttributeError: if it is not of the right form.
    """
    seen = []
    for case, runs in zip(cases, reply["runs"], strict=False):
        read = [_run(run) for run in runs[:2]]
        if repeat and len(read) == 1 and read[0].failure is None:
            raise ValueError("the second run is missing")
        seen.append(case.named(conclude(case.inputs, read)))
    if len(seen) < len(cases) and not (seen and seen[-1].failure):
        raise ValueError("a case is missing")
    return seen


def _run(data: Any) -> Run:
    failure = data["failure"]
    return Run(
        steps=[(str(name), value) for name, value in data["steps"][:MAX_STEPS]],
        after=dict(data["after"]),
        failure=None if failure is None else Failure(*(str(part)[:5000] for part in failure)),
        printed=str(data["printed"])[:2000],
        seconds=float(data["seconds"]),
    )


class Shared:
    """What all submissions of a session by hand share."""

    def __init__(self) -> None:
        from exercises_lib.course.notebooks import find_root
        from exercises_lib.grading.manifest import load_plans

        self.root = find_root()
        self.plans = load_plans(self.root)
        self.warm = Warm(hidden=(str(self.root / "solutions"),))


SHARED = pytest.StashKey[Shared]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option by which notebooks are graded."""
    group = parser.getgroup("backprop", "Backprop, step by step")
    group.addoption(
        "--backprop-grade", action="store_true", help="Grade submitted notebooks of the course."
    )


def pytest_configure(config: pytest.Config) -> None:
    """Load nbval, whose options its files ask for."""
    if not config.pluginmanager.has_plugin("nbval.plugin") and not hasattr(config.option, "nbval"):
        raise pytest.UsageError("Grading needs nbval's options: drop -p no:nbval.")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> SubmissionFile | None:
    """Collect notebooks as submissions."""
    if not parent.config.getoption("--backprop-grade") or file_path.suffix != ".ipynb":
        return None
    if SHARED not in parent.config.stash:
        parent.config.stash[SHARED] = Shared()
    made: SubmissionFile = SubmissionFile.from_parent(parent, path=file_path)
    return made


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the warm process."""
    if SHARED in config.stash:
        config.stash[SHARED].warm.close()


__all__ = ["LastLook", "LookCell", "SandboxError", "StudentCell", "SubmissionFile"]
