"""Grading one submission: its cells run in a kernel, what they answer is judged here.

A plain loop over the student's code cells. Where an exercise is observed (see `placement`), its
cases are drawn, the kernel runs the answer on them and sends what happened, and the verdict is made
in this process, which alone knows the exercises. What is unanswered is observed once more when all
cells have run. What the chapter asks for comes to the kernel when it has been judged; see
`library`.

Check cells of the submission are not run; `check`, `hint` and `progress` do nothing in other cells.
An object of this library that has the answer's name because a cell of the course imports it is not
an answer.

A cell that ends its kernel, or has to be stopped with it, is left out, and the cells before it are
run again in a new one, so that what comes after it is still graded.
"""

from __future__ import annotations

import secrets
import time
import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from exercises_lib import exercises
from exercises_lib.checking import Case, Exercise, Verdict, judge
from exercises_lib.checking.behaviour import common_cases, digest
from exercises_lib.checking.judge import load, missing_modules, unavailable
from exercises_lib.checking.observe import time_limit
from exercises_lib.grading import scan
from exercises_lib.grading.client import SandboxError
from exercises_lib.grading.earlier import OwnLibrary
from exercises_lib.grading.exchange import (
    UNREADABLE,
    Memory,
    consult,
    observations,
    observe_request,
)
from exercises_lib.grading.kernel import (
    KernelDiedError,
    KernelError,
    KernelFactory,
    SandboxedKernel,
    TimeUpError,
)
from exercises_lib.grading.library import Lender, lent_names
from exercises_lib.grading.manifest import Check, Plan
from exercises_lib.grading.notebook import Code
from exercises_lib.grading.placement import END, is_check, name_of, nowhere, places
from exercises_lib.grading.source import Facts, facts
from exercises_lib.grading.task import Outcome, Task

JUDGE_SECONDS = 60.0
"""Time for one verdict, which takes milliseconds unless what was observed is made to be slow."""
SLOW_TO_IMPORT = ("matplotlib", "ipywidgets", "anywidget", "sklearn")
"""What some students import though their chapter does not."""


def grade(task: Task, factory: KernelFactory) -> Outcome:
    """Grade one submission.

    Args:
        task: the submission.
        factory: where kernels come from.

    Raises:
        SandboxError: if no kernel may be started here at all.
    """
    modules = {*task.plan.modules, *wanted_modules(task.cells)}
    factory.ready(modules)  # before the clock of the submission runs
    started = time.perf_counter()
    session = Session(task, factory.kernel(modules, task.limits))
    try:
        session.run()
    finally:
        session.kernel.stop()
    assert factory.client is not None
    isolation = str(factory.client.isolation)
    return replace(session.outcome(), seconds=time.perf_counter() - started, isolation=isolation)


def wanted_modules(cells: Sequence[Code]) -> set[str]:
    """Return what cells may import and takes long to import, so that it is done before the fork."""
    return {name for name in SLOW_TO_IMPORT if any(name in cell.source for cell in cells)}


class Session:
    """The grading of one submission.

    Args:
        task: the submission.
        kernel: a fresh kernel.
    """

    def __init__(self, task: Task, kernel: SandboxedKernel) -> None:
        self.cells, self.plan, self.limits = task.cells, task.plan, task.limits
        self.kernel = kernel
        self.seed = secrets.randbits(62) if task.seed is None else task.seed
        self.read: list[Facts] = []
        self.verdicts: dict[str, Verdict] = {}
        self.library: dict[str, list[str]] = {}
        self.behaviours: dict[str, str] = {}
        self.troubles: list[str] = []
        self.status = "ok"
        self.ran: list[str] = []
        self.lender = lender_for(task.plan)
        self.own = OwnLibrary(task.cells, task.earlier)

    def run(self) -> None:
        """Run the cells, observe the answers, and see to it that every exercise has a verdict."""
        self.read_cells()
        self.read_definitions()
        self.lender.judged |= nowhere(self.cells, self.read, self.plan)
        self._furnish()
        observed = places(self.cells, self.read, self.plan.checks)
        for index, cell in enumerate(self.cells):
            if not any(is_check(cell, self.read[index], check) for check in self.plan.checks):
                self.run_cell(index, cell)
            for check in observed.get(index, []):
                self.observe(check)
        for check in observed.get(END, []):
            self.observe(check)
        for check in self._reopen():
            self.observe(check)

    def outcome(self) -> Outcome:
        """Return what came of it."""
        return Outcome(
            status=self.status,
            detail="; ".join(self.troubles)[:2000],
            verdicts=tuple(self._clean(check) for check in self.plan.checks),
            flags=tuple(scan.flags(self.cells, self.read, self.plan, self.library)),
            mynn=self.own.told() if self.own.wanted else "",
            behaviours=self.behaviours,
            seed=self.seed,
            cpu=self.kernel.cpu,
            memory=self.kernel.memory,
        )

    def _clean(self, check: Check) -> Verdict:
        """Return the verdict on an exercise; half a surrogate pair in it is no text."""
        verdict = self.verdicts[check.exercise_id]
        texts = {key: getattr(verdict, key) for key in ("message", "traceback", "printed")}
        whole = {key: text.encode("utf-8", "replace").decode() for key, text in texts.items()}
        return replace(verdict, **whole)

    def _unanswered(self) -> list[Check]:
        """Return the exercises that are unanswered so far."""
        return [
            check
            for check in self.plan.checks
            if check.exercise_id not in self.verdicts
            or self.verdicts[check.exercise_id].status == "unanswered"
        ]

    def _reopen(self) -> list[Check]:
        """Return the exercises to observe once more, with a kernel that gives none of them away.

        What an unanswered exercise asks for may have been lent by now. Where the student gives the
        answer its name somewhere, a fresh kernel that has not been lent it runs all cells.
        """
        waiting = self._unanswered()
        before = lent_names(self.plan.chapter, self.lender.judged)
        judged = self.lender.judged - {check.exercise_id for check in waiting}
        if lent_names(self.plan.chapter, judged) == before:
            return waiting
        own = zip(self.cells, self.read, strict=True)
        written = {
            name
            for cell, seen in own
            if cell.source.strip() not in self.plan.given
            for name in seen.assigned
        }
        waiting = [check for check in waiting if name_of(check) in written]
        self.lender.judged -= {check.exercise_id for check in waiting}
        if waiting:
            self.kernel.stop()
        return waiting

    def _note(self, status: str, text: str) -> None:
        """Write down what went wrong outside the answers."""
        self.troubles.append(text)
        if self.status == "ok" or status == "grader-failed":
            self.status = status

    # --- the student's cells ------------------------------------------------------------------

    def read_cells(self) -> None:
        """Find out what stands in the cells: the course's own here, the student's in the kernel.

        There nothing of the student's has run yet, and reading has an end, whatever there is to
        read.
        """
        own = [cell.source for cell in self.cells if cell.source.strip() not in self.plan.given]
        told: list[Facts] = []
        if own:
            try:
                reply = self.kernel.request({"sources": own}, self.limits.cell_seconds)
                told = [Facts.from_plain(data) for data in reply["facts"]]
            except (KernelError, KeyError, TypeError) as error:
                self._note("timeout", f"the code could not be read: {error}")
        known = dict(zip(own, told, strict=len(told) > 0)) if told else {}
        self.read = [
            facts(cell.source)
            if cell.source.strip() in self.plan.given
            else known.get(cell.source, Facts(long=True))
            for cell in self.cells
        ]

    def read_definitions(self) -> None:
        """Have the student's own library read, where it is used; in a kernel as yet untouched."""
        if not self.own.wanted:
            return
        try:
            if not self.kernel.alive:
                self.kernel.restart()
            self.own.read(self.kernel, self.limits.cell_seconds)
        except (KernelError, SandboxError) as error:
            self._note("timeout", f"the definitions for mynn could not be read: {error}")

    def _furnish(self) -> None:
        """Give a fresh kernel what it may have of the library, and the student's own."""
        self.kernel.lend(self.lender.opening())
        if self.own.wanted:
            self.kernel.keep(self.own.sources)

    def run_cell(self, index: int, cell: Code) -> None:
        """Run a cell of the student's; nothing of what it shows is looked at."""
        if not self.revive():
            return
        where = f"code cell {index + 1}{_beginning(cell.source)}"
        try:
            self.kernel.request({"code": cell.source}, self.limits.cell_seconds)
        except TimeUpError as error:
            self._note("timeout", f"{where}: {error}")
        except KernelDiedError as error:
            end = self.kernel.end
            if end is not None and end.why == "time":
                self._note("timeout", f"{where}: did not come to an end in time")
            else:
                self._note("crashed", f"{where}: {error}")
        else:
            self.ran.append(cell.source)

    def revive(self) -> bool:
        """Replace a dead kernel by one that has run the cells so far; False if there is none."""
        if self.kernel.late:
            self.kernel.stop()
            limit = f"{self.limits.total_seconds:g} s"
            if self.status == "ok" or not self.troubles:
                self._note("timeout", f"the notebook as a whole did not come to an end in {limit}")
            return False
        while not self.kernel.alive:
            if self.kernel.late:
                return False
            try:
                self.kernel.restart()
            except SandboxError as error:
                self._note("grader-failed", str(error))
                return False
            self._furnish()
            for source in list(self.ran):
                try:
                    self.kernel.request({"code": source}, self.limits.cell_seconds)
                except KernelError:  # what ran once does not run again: from now on without it
                    self.kernel.stop()
                    self.ran.remove(source)
                    break
        return True

    # --- the exercises ------------------------------------------------------------------------

    def observe(self, check: Check) -> None:
        """Have an answer observed and judge it; then the kernel may have what it asks for."""
        self._observe(check)
        self.kernel.lend(self.lender.judge(check.exercise_id))
        passed = self.verdicts[check.exercise_id].status == "passed"
        if self.own.wanted and passed and self.own.passed(check.exercise_id):
            self.kernel.keep(self.own.sources)

    def _observe(self, check: Check) -> None:
        """Have an answer observed in the kernel, and judge here what it did."""
        exercise = exercises.get(check.exercise_id)
        missing = missing_modules(exercise)
        if missing:
            self.verdicts[exercise.id] = unavailable(exercise, missing)
            return
        load(exercise)
        if not self.revive():
            text = "The notebook had been stopped before this exercise was reached."
            self.verdicts.setdefault(exercise.id, Verdict.of(exercise, "error", text))
            return
        rng = np.random.default_rng([self.seed, zlib.crc32(exercise.id.encode())])
        cases = list(exercise.draw(rng))
        try:
            reply, memory = self._ask_kernel(check, exercise, cases)
        except TimeUpError:
            text = "Your code was stopped: it had not come to an end in time. Do all loops end?"
            self.verdicts[exercise.id] = Verdict.of(exercise, "error", text)
        except KernelDiedError as error:
            text = f"Your code stopped everything when it was run: {error}."
            self.verdicts[exercise.id] = Verdict.of(exercise, "error", text)
        else:
            self.verdicts[exercise.id] = self._judge(check, exercise, cases, memory, reply)
            self._note_behaviour(check, exercise)

    def _ask_kernel(
        self, check: Check, exercise: Exercise, cases: Sequence[Case]
    ) -> tuple[dict[str, Any], list[Memory]]:
        """Have an answer run on cases.

        Returns:
            What the kernel says; and for each case what was seen in the arrays that it was lent.

        Raises:
            KernelError: if the kernel does not reply.
        """
        arena = self.kernel.arena
        lent = [[arena.lend(case.inputs) for _ in range(1 + exercise.repeat)] for case in cases]
        copies = [[inputs for inputs, _ in runs] for runs in lent]
        seconds = min(exercise.seconds, self.limits.cell_seconds)
        reply = self.kernel.request(
            observe_request(exercise, check.expression, copies, seconds),
            2 * seconds + 1,
            lambda number, arguments: consult(exercise, cases[number], arguments),
        )
        filled = {key for keys in exercise.fills.values() for key in keys}
        return reply, [
            Memory(
                {key for key, taken in arrays.items() if not arena.left_alone(taken)},
                {key: arena.contents(one) for key, one in told.items() if key in filled},
            )
            for (told, arrays), *_ in lent
        ]

    def _judge(
        self,
        check: Check,
        exercise: Exercise,
        cases: Sequence[Case],
        memory: Sequence[Memory],
        reply: dict[str, Any],
    ) -> Verdict:
        """Judge what a kernel says an answer did; it may say anything.

        Args:
            check: the check cell.
            exercise: what was asked.
            cases: the cases.
            memory: for each of them what was seen in the arrays that were lent.
            reply: what the kernel says.
        """
        if "runs" not in reply:
            text = "What your code did could not be observed: it changes what observes it."
            return Verdict.of(exercise, "error", text)
        try:
            seen = observations(exercise, reply, cases, memory)
            origin = str(reply["origin"])
            library = [str(name)[:80] for name in reply["library"]][:20]
        except UNREADABLE as error:
            text = f"What your code did could not be observed: {type(error).__name__}."
            return Verdict.of(exercise, "error", text)
        if origin.startswith("exercises_lib.") and not self._bound_by_student(check):
            return self.verdicts.get(exercise.id) or Verdict.of(exercise, "unanswered")
        self.library[exercise.id] = library
        verdict: Verdict | None = None
        trouble = f"no verdict in {JUDGE_SECONDS:g} s"
        try:
            # The reference of a target trains, too, and not faster than the machine lets it.
            most = JUDGE_SECONDS if exercise.kind != "target" else 5 * JUDGE_SECONDS
            with time_limit(most):
                verdict = judge(exercise, cases, seen)
        except Exception as error:  # what was observed is beyond what the judge can be given
            trouble = type(error).__name__
        if verdict is None:
            self.troubles.append(f"{exercise.id}: what the answer gives back cannot be judged")
            text = f"What your code gives back cannot be judged ({trouble})."
            return Verdict.of(exercise, "error", text)
        return verdict

    def _note_behaviour(self, check: Check, exercise: Exercise) -> None:
        """Note what a wrong answer without a name does on the cases that are everybody's.

        By this it is grouped with others; nothing of its mark depends on it.
        """
        verdict = self.verdicts[exercise.id]
        self.behaviours.pop(exercise.id, None)
        if verdict.status not in ("wrong", "error") or verdict.mistakes:
            return
        if exercise.kind == "target" or not self.kernel.alive:
            return
        cases = common_cases(exercise)
        try:
            reply, memory = self._ask_kernel(check, exercise, cases)
            seen = observations(exercise, reply, cases, memory)
            timed_out = any(one.failure and one.failure.kind == "timeout" for one in seen)
            if not timed_out:
                self.behaviours[exercise.id] = digest(cases, seen)
        except (KernelError, *UNREADABLE):
            return  # it stays without a group

    def _bound_by_student(self, check: Check) -> bool:
        """Tell whether a cell of the student's own gives the answer its name."""
        return any(
            {check.expression, "*"} & seen.assigned
            for cell, seen in zip(self.cells, self.read, strict=True)
            if cell.source.strip() not in self.plan.given
        )


def lender_for(plan: Plan) -> Lender:
    """Return who lends to a kernel that grades a chapter, with the probes of its exercises."""
    names = {exercises.get(check.exercise_id).probe.name for check in plan.checks}
    probes = {name.rpartition(".")[0] for name in names} - {""}
    return Lender(plan.chapter, tuple(sorted(probes)))


def _beginning(text: str) -> str:
    """Say how a cell begins, by which it is found in a notebook that does not number its cells."""
    lines = (line.strip() for line in text.split("\n"))
    first = next((line for line in lines if line and not line.startswith("#")), "")
    shown = "".join(c for c in first[:40] if c.isprintable() and c != "`")
    return f" (`{shown}`)" if shown else ""
