"""Trying candidates: each runs on the cases of a trial, the most telling one first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from exercises_lib.checking.compare import (
    CHANGED,
    UNSTABLE,
    compare,
    find_problems,
    tolerances,
    type_problem,
)
from exercises_lib.checking.exercise import Case
from exercises_lib.checking.observe import Failure, Observation
from exercises_lib.checking.pointing.source import Source
from exercises_lib.checking.serialize import same
from exercises_lib.checking.trial import Trial, observe_case, run

LEVELS = {"runs": 0, "type": 1, "shape": 2, "value": 3, "purity": 3}
RIGHT = 4
FRESH = (101, 102)
"""Seeds of the draws on which a repair must pass, too: one that fits the cases is not yet right."""


@dataclass
class Outcome:
    """What a candidate did on one case: how far each wrong output came, and all in one number."""

    wrong: dict[str, int]
    score: int


class Bench:
    """Runs candidates of one answer."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.exercise, self.cases, self.expected = trial.exercise, trial.cases, trial.expected
        outcomes = [self._judge(i, one) for i, one in enumerate(trial.seen)]
        self.outcomes = outcomes
        self.wrong: set[str] = {name for outcome in outcomes for name in outcome.wrong}
        self.repeat = self.wrong <= {UNSTABLE}
        """Only where nothing else is wrong than that two runs differ must candidates run twice."""
        slow = sum(one.seconds for one in trial.expected) / 2

        def telling(i: int) -> tuple[bool, bool, bool]:
            bad = i < len(outcomes) and bool(outcomes[i].wrong)
            return not bad, self.expected[i].seconds > slow > 0.02, _special(self.cases[i])

        self.order = sorted(range(len(self.cases)), key=telling)
        self.first = self.order[0]
        self.start = outcomes[self.first]
        own = max(one.seconds for one in trial.seen)
        known = max(one.seconds for one in trial.expected)
        self.limit = min(max(0.3, 10 * min(own, 0.1), 10 * known), 1.0)
        self.tried = 0

    def _judge(self, i: int, got: Observation) -> Outcome:
        """Say what is wrong as `find_problems` does, without finding words for it."""
        want = self.expected[i]
        wrong: dict[str, int] = {}
        with np.errstate(all="ignore"):
            for name, wanted in want.values.items():
                level = 0
                if name in got.values:
                    level = self._level(name, self.cases[i], got.values[name], wanted)
                if level < RIGHT:
                    wrong[name] = level
        if got.failure is not None and 0 not in wrong.values():
            wrong[UNSTABLE] = 0
        if set(got.changed) - set(want.changed):
            wrong[CHANGED] = 3
        if got.unstable:
            wrong[UNSTABLE] = 3
        score = 1000 * sum(wrong.get(name, RIGHT) for name in want.values)
        score -= 1000 * sum(name in wrong for name in (CHANGED, UNSTABLE))
        return Outcome(wrong, score + _progress(got.failure))

    def _level(self, name: str, case: Case, got: Any, want: Any) -> int:
        output = self.exercise.output(name)
        if output.compare is not None:
            problem = compare(self.exercise, case, output, got, want)
            return RIGHT if problem is None else LEVELS[problem.stage]
        problem = type_problem(name, got, want)
        if problem is not None:
            return LEVELS[problem.stage]
        if isinstance(want, np.ndarray) and isinstance(got, np.ndarray) and got.shape != want.shape:
            return LEVELS["shape"]
        rtol, atol = tolerances(output, case)
        return RIGHT if same(got, want, rtol=rtol, atol=atol) else LEVELS["value"]

    def run(self, i: int, answer: Any, repeat: bool | None = None) -> Outcome:
        """Run an answer on one case."""
        repeat = self.repeat if repeat is None else repeat
        try:
            seen = observe_case(self.exercise, answer, self.cases[i], repeat, self.limit, True)
        except (IndexError, MemoryError):  # the time was up, or the memory, outside of its own code
            seen = Observation(failure=Failure("timeout", "TimeUp", ""))
        return self._judge(i, seen)

    def first_outcome(self, source: Source) -> Outcome | None:
        """Run what the tree now is on the most telling case; None if it cannot be made."""
        self.tried += 1
        try:
            answer = source.build()
        except (KeyboardInterrupt, MemoryError):
            raise
        except BaseException:
            return None
        return self.run(self.first, answer)

    def passes(self, source: Source) -> bool:
        """Tell whether the candidate passes every case, twice each, and those of other draws."""
        answer = source.build()
        if any(self.run(i, answer).wrong for i in self.order[1:]):
            return False
        if self.exercise.repeat and any(self.run(i, answer, True).wrong for i in self.order):
            return False
        return all(self._passes_afresh(source.build(), trial) for trial in self._fresh)

    @cached_property
    def _fresh(self) -> list[Trial]:
        """The draws that no candidate was made for, with what the reference does on them."""
        draws = [list(self.exercise.draw(np.random.default_rng(seed))) for seed in FRESH]
        return [Trial.of(self.exercise, cases, ()) for cases in draws]

    def _passes_afresh(self, answer: Any, trial: Trial) -> bool:
        try:
            seen = run(self.exercise, answer, trial.cases)
        except (IndexError, MemoryError):
            return False
        judged = Trial(self.exercise, trial.cases, seen, trial.expected)
        return len(seen) == len(trial.cases) and not any(find_problems(judged))

    def rights(self, source: Source, outputs: set[str]) -> bool:
        """Tell whether a candidate makes these outputs right and spoils no other, in all cases.

        Where answer and candidate both stop before an output comes, nothing is known of it.
        """
        answer = source.build()
        for i in self.order[1:]:
            wrong = self.run(i, answer).wrong
            before = self.outcomes[i].wrong if i < len(self.outcomes) else {}
            if set(wrong) - self.wrong:
                return False
            if any(name in wrong and (wrong[name], before.get(name)) != (0, 0) for name in outputs):
                return False
        return True


def _special(case: Case) -> bool:
    """Whether a case hides faults rather than shows them: a batch of one, single precision."""
    return any(
        isinstance(value, np.ndarray) and (value.dtype == np.float32 or 1 in value.shape)
        for value in case.inputs.values()
    )


def _progress(failure: Failure | None) -> int:
    """A later line where an answer stops is progress, too."""
    if failure is None:
        return 999
    lines: Sequence[str] = re.findall(r"^  line (\d+), in", failure.traceback, re.M)
    return min(int(lines[-1]), 998) if lines else 0
