"""Judging: from what an answer did on some cases to a verdict.

Nothing of the student's runs here. What the reference and the known mistakes do on the same cases
is compared with what the answer did, output by output.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from exercises_lib.checking import crashes, wording
from exercises_lib.checking.compare import Problem, find_problems
from exercises_lib.checking.diagnose import diagnose
from exercises_lib.checking.exercise import Case, Exercise
from exercises_lib.checking.observe import Observation
from exercises_lib.checking.place import Pending
from exercises_lib.checking.relations import relations
from exercises_lib.checking.trial import Known, Trial, run
from exercises_lib.checking.verdict import Verdict


def check(
    exercise: Exercise,
    answer: Any,
    rng: np.random.Generator,
    *,
    search: Callable[[Trial, Any], Pending] | None = None,
) -> Verdict:
    """Check an answer on freshly drawn cases.

    Args:
        exercise: what was asked.
        answer: the candidate; anything at all.
        rng: draws the cases.
        search: begins to search for the line where a wrong answer is to be changed, for example
            `exercises_lib.checking.pointing.start`; without it no line is searched for.

    Returns:
        The verdict. Never raises for what the answer is or does.
    """
    missing = missing_modules(exercise)
    if missing:
        return unavailable(exercise, missing)
    load(exercise)
    cases = list(exercise.draw(rng))
    seen = run(exercise, answer, cases)
    if search is None:
        return judge(exercise, cases, seen)
    return judge(exercise, cases, seen, search=lambda trial: search(trial, answer))


def missing_modules(exercise: Exercise) -> list[str]:
    """List the modules that an exercise needs and that are not installed."""
    return [name for name in exercise.requires if importlib.util.find_spec(name) is None]


def load(exercise: Exercise) -> None:
    """Import the modules that an exercise needs, outside the time that an answer may take.

    One of them takes seconds; an import that is interrupted leaves half a module behind.
    """
    for name in exercise.requires:
        importlib.import_module(name)


def unavailable(exercise: Exercise, missing: Iterable[str]) -> Verdict:
    """Give the verdict on an exercise that cannot be checked on this machine."""
    names = {"torch": "PyTorch"}
    text = " and ".join(names.get(name, name) for name in missing)
    return Verdict.of(
        exercise,
        "unavailable",
        f"This exercise needs {text}, which is not installed here. It does not count against you.",
    )


def judge(
    exercise: Exercise,
    cases: Sequence[Case],
    seen: Sequence[Observation],
    *,
    known: Known | None = None,
    search: Callable[[Trial], Pending] | None = None,
) -> Verdict:
    """Compare what an answer did with what the reference and the known mistakes do.

    Args:
        exercise: what was asked.
        cases: the cases.
        seen: what the answer did on them, in order; may end early after a time-out or a gap.
        known: what the reference and the known mistakes do on these cases; run anew without it.
        search: begins to search for the line where a wrong answer is to be changed.

    Returns:
        The verdict.
    """
    printed = next((one.printed for one in seen if one.printed), "")
    gap = next((one for one in seen if one.failure and one.failure.kind == "unanswered"), None)
    if gap is not None or not seen:
        return Verdict.of(exercise, "unanswered", wording.gap(gap), printed=printed)
    trial = Trial.of(exercise, cases, seen, known)
    problems = list(find_problems(trial))
    if not problems:
        return Verdict.of(exercise, "passed", exercise.remark, printed=printed)
    first = problems[0]
    wrong = list(dict.fromkeys(problem.output for problem in problems))
    failure = next((one.failure for one in seen if one.failure), None)
    raised = failure is not None and failure.kind in ("raised", "timeout")
    mistakes = diagnose(trial, wrong)
    related = relations(trial, wrong)
    more = related if not mistakes else []
    if first.stage == "runs":
        more = [_crash_text(trial), *more]
    return Verdict.of(
        exercise,
        "error" if raised and first.stage == "runs" else "wrong",
        first.text,
        more=more,
        mistakes=mistakes,
        relations=related,
        traceback=failure.traceback if failure and first.stage == "runs" else "",
        printed=printed,
        right=_right_count(trial, problems),
        pending=search(trial) if search is not None else None,
    )


def _crash_text(trial: Trial) -> str:
    """Say what stood on both sides where an answer stopped; empty if that is not known."""
    for got, want in zip(trial.seen, trial.expected, strict=False):
        if got.failure is not None:
            crash = crashes.read(got.failure.operands)
            written = {
                output.name: (output.shape, np.shape(want.values[output.name]))
                for output in trial.exercise.outputs
                if output.shape and isinstance(want.values.get(output.name), np.ndarray)
            }
            return "" if crash is None else crashes.explain(crash, crashes.letters(written))
    return ""


def _right_count(trial: Trial, problems: Iterable[Problem]) -> tuple[int, int] | None:
    """Count the outputs that are right in every case, and all of them, where that is told."""
    exercise = trial.exercise
    names = {item.name for item in exercise.fields}
    if exercise.partial and not names:
        names = {name for one in trial.expected for name in one.values}
    if len(names) < 2:
        return None
    wrong = {problem.output for problem in problems}
    return (len(names - wrong), len(names)) if wrong <= names else None
