"""Comparing what an answer did with what was expected, output by output."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from exercises_lib.checking import wording
from exercises_lib.checking.exercise import Case, Exercise, Output
from exercises_lib.checking.observe import Observation
from exercises_lib.checking.serialize import Opaque, describe, is_number, same
from exercises_lib.checking.trial import Trial

STAGES = ("runs", "type", "shape", "purity", "value")
CHANGED, UNSTABLE = "~changed", "~unstable"
"""Names under which purity takes part in matching, beside the outputs' own names."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with an answer: at which stage, with which output, in words."""

    stage: str
    output: str
    text: str


def find_problems(trial: Trial) -> Iterator[Problem]:
    """List what is wrong with an answer, case by case, and in each the plainest thing first.

    Cases are drawn in the order from plain to extreme, so that a fault that shows everywhere is
    not told as an overflow that it also leads to.
    """
    for case, got, want in zip(trial.cases, trial.seen, trial.expected, strict=False):
        note = wording.case_note(case)
        if got.failure is not None and got.failure.kind == "misfit" and case is trial.cases[0]:
            note = ""  # the form of the answer is wrong, whatever the case
        problems = case_problems(trial.exercise, case, got, want)
        for problem in sorted(problems, key=lambda problem: STAGES.index(problem.stage)):
            yield replace(problem, text=wording.with_case(problem.text, note))


def case_problems(
    exercise: Exercise, case: Case, got: Observation, want: Observation
) -> Iterator[Problem]:
    """List what is wrong on one case, without saying which case it is."""
    for name, wanted in want.values.items():
        if name in got.values:
            problem = compare(exercise, case, exercise.output(name), got.values[name], wanted)
            if problem is not None:
                yield problem
    missing = [name for name in want.values if name not in got.values]
    if got.failure is not None:
        stopped = missing[0] if missing else UNSTABLE
        yield Problem("runs", stopped, wording.failure(got.failure))
    elif missing:
        yield Problem("runs", missing[0], wording.missing(missing[0]))
    judged = {key for keys in exercise.fills.values() for key in keys}
    changed = [name for name in got.changed if name not in want.changed and name not in judged]
    if changed:
        yield Problem("purity", CHANGED, wording.changed(changed))
    if got.unstable:
        yield Problem("purity", UNSTABLE, wording.unstable(got.unstable))


def is_float32(inputs: Mapping[str, Any]) -> bool:
    """Tell whether an input is single precision, by which all outputs are judged more loosely."""
    return any(isinstance(v, np.ndarray) and v.dtype == np.float32 for v in inputs.values())


def tolerances(output: Output, case: Case) -> tuple[float, float]:
    """Return the relative and the absolute tolerance for an output of a case."""
    if is_float32(case.inputs):
        return max(output.rtol, 1e-3), max(output.atol, 1e-5)
    return output.rtol, output.atol


def compare(exercise: Exercise, case: Case, output: Output, got: Any, want: Any) -> Problem | None:
    """Compare one output: its type, then its shape, then its numbers; None if it is right."""
    name = output.name
    if output.compare is not None:
        try:
            text = output.compare({**case.inputs, **case.hidden}, got, want)
        except Exception:  # it was written for values of the right kind
            return Problem("type", name, f"{name} is {describe(got)}, which cannot be judged.")
        return Problem("value", name, text) if text else None
    problem = type_problem(name, got, want)
    if problem is not None:
        return problem
    if isinstance(want, np.ndarray) and isinstance(got, np.ndarray) and got.shape != want.shape:
        return Problem("shape", name, wording.shape(output, got.shape, want.shape))
    rtol, atol = tolerances(output, case)
    if same(got, want, rtol=rtol, atol=atol):
        return None
    if exercise.kind in ("number", "choice"):
        return Problem("value", name, wording.blank(exercise, name, got))
    return Problem("value", name, _difference(name, got, want, rtol, atol))


def type_problem(name: str, got: Any, want: Any) -> Problem | None:
    """Say what is wrong with the type of a value; None if nothing is."""

    def problem(text: str) -> Problem:
        return Problem("type", name, text)

    if got is None and want is not None:
        return problem(f"{name} is None. Did you forget a return, or to store it?")
    if isinstance(got, Opaque):
        return problem(f"{name} is {got.kind}, expected {describe(want)}.")
    if is_number(want):
        if is_number(got):
            return None
        if isinstance(got, np.ndarray) and got.dtype.kind in "iufcb":
            text = f"{name} has shape {got.shape}, expected a single number."
            return Problem("shape", name, text)
        return problem(f"{name} is {describe(got)}, expected a number.")
    if isinstance(want, np.ndarray):
        if not isinstance(got, np.ndarray):
            if is_number(got) and want.ndim == 0:
                return None
            more = " Make it an array with np.array(…)." if _nested(got) == want.shape else ""
            shape = f" of shape {want.shape}"
            return problem(f"{name} is {describe(got)}, expected a NumPy array{shape}.{more}")
        if (got.dtype.kind == "U") != (want.dtype.kind == "U"):
            return problem(f"{name} has dtype {got.dtype}, expected {want.dtype}.")
        if got.dtype.kind == "c" and want.dtype.kind != "c":
            return problem(f"{name} has complex numbers, expected real ones.")
        return None
    if isinstance(want, bool) and not isinstance(got, bool):
        return problem(f"{name} is {describe(got)}, expected True or False.")
    if isinstance(want, (list, tuple)) and isinstance(got, (list, tuple, np.ndarray)):
        if type(got) is type(want):
            return None
        return problem(f"{name} is {describe(got)}, expected {describe(want)}.")
    if type(got) is not type(want):
        return problem(f"{name} is {describe(got)}, expected {describe(want)}.")
    if isinstance(want, dict) and got.keys() != want.keys():
        lacking = [str(key) for key in want if key not in got]
        extra = [str(key) for key in got if key not in want]
        if lacking:
            return problem(f"{name} has no entry for {', '.join(lacking[:5])}.")
        return problem(f"{name} has an entry too many: {', '.join(extra[:5])}.")
    return None


def _nested(value: Any) -> tuple[int, ...]:
    """Return the shape of nested lists as an array, as far as their first items tell."""
    if isinstance(value, np.ndarray):
        return tuple(value.shape)
    if not isinstance(value, (list, tuple)):
        return ()
    return (len(value), *(_nested(value[0]) if value else ()))


def _difference(name: str, got: Any, want: Any, rtol: float, atol: float) -> str:
    """Say how a value differs; of a container, how its first part that differs does."""
    parts: list[tuple[str, Any, Any]] = []
    if isinstance(want, dict) and isinstance(got, dict):
        parts = [(f"{name}[{key!r}]", got[key], want[key]) for key in want]
    elif isinstance(want, (list, tuple)) and isinstance(got, (list, tuple)):
        if len(got) != len(want):
            return f"{name} has {len(got)} entries, expected {len(want)}."
        pairs = enumerate(zip(got, want, strict=True))
        parts = [(f"{name}[{index}]", one, other) for index, (one, other) in pairs]
    for part, one, other in parts:
        problem = type_problem(part, one, other)
        if problem is not None:
            return problem.text
        if not same(one, other, rtol=rtol, atol=atol):
            return _difference(part, one, other, rtol, atol)
    return wording.value(name, got, want, rtol, atol)
