"""Judging: from what an answer did on some cases to a verdict.

Nothing of the student's runs here. What the reference and the known mistakes do on the same cases
is compared with what the answer did, output by output.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from exercises_lib.checking.exercise import Case, Exercise, Mistake, Output
from exercises_lib.checking.observe import Failure, Observation, observe
from exercises_lib.checking.serialize import Opaque, describe, is_number, same
from exercises_lib.checking.verdict import Verdict

STAGES = ("runs", "type", "shape", "purity", "value")
CHANGED, UNSTABLE = "~changed", "~unstable"
"""Names under which purity takes part in matching, beside the outputs' own names."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with an answer: at which stage, with which output, in words."""

    stage: str
    output: str
    text: str


def check(exercise: Exercise, answer: Any, rng: np.random.Generator) -> Verdict:
    """Check an answer on freshly drawn cases.

    Args:
        exercise: what was asked.
        answer: the candidate; anything at all.
        rng: draws the cases.

    Returns:
        The verdict. Never raises for what the answer is or does.
    """
    missing = missing_modules(exercise)
    if missing:
        return unavailable(exercise, missing)
    load(exercise)
    cases = list(exercise.draw(rng))
    return judge(exercise, cases, run(exercise, answer, cases))


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


def run(exercise: Exercise, answer: Any, cases: Sequence[Case]) -> list[Observation]:
    """Observe an answer on the cases, within the exercise's time limit for all of them.

    Stops early where going on tells nothing: the answer is missing or its time is up.
    """
    return list(_observations(exercise, answer, cases))


def _observations(exercise: Exercise, answer: Any, cases: Sequence[Case]) -> Iterator[Observation]:
    left = exercise.seconds
    for case in cases:
        seen = _observe(exercise, answer, case, exercise.repeat, max(left, 0.1))
        yield seen
        left -= seen.seconds * (2 if exercise.repeat else 1)
        if seen.failure is not None and seen.failure.kind in ("unanswered", "timeout"):
            break


def _observe(
    exercise: Exercise, answer: Any, case: Case, repeat: bool, seconds: float = 5.0
) -> Observation:
    oracle = exercise.local_oracle(case)
    return case.named(
        observe(exercise.probe, answer, case.inputs, seconds=seconds, repeat=repeat, oracle=oracle)
    )


def judge(exercise: Exercise, cases: Sequence[Case], seen: Sequence[Observation]) -> Verdict:
    """Compare what an answer did with what the reference and the known mistakes do.

    Args:
        exercise: what was asked.
        cases: the cases.
        seen: what the answer did on them, in order; may end early after a time-out or a gap.

    Returns:
        The verdict.
    """
    printed = next((one.printed for one in seen if one.printed), "")
    gap = next((one for one in seen if one.failure and one.failure.kind == "unanswered"), None)
    if gap is not None or not seen:
        return Verdict.of(exercise, "unanswered", _open_text(gap), printed=printed)
    expected = [_observe(exercise, exercise.reference, case, repeat=False) for case in cases]
    for case, wanted in zip(cases, expected, strict=True):
        if wanted.failure is not None:
            raise RuntimeError(
                f"{exercise.id}: the reference fails on {case.note!r}: {wanted.failure}"
            )
    problems = list(find_problems(exercise, cases, seen, expected))
    if not problems:
        return Verdict.of(exercise, "passed", exercise.remark, printed=printed)
    first = min(problems, key=lambda problem: STAGES.index(problem.stage))
    wrong = list(dict.fromkeys(problem.output for problem in problems))
    mistakes = diagnose(exercise, cases, seen, expected, wrong)
    failure = next((one.failure for one in seen if one.failure), None)
    raised = failure is not None and failure.kind in ("raised", "timeout")
    return Verdict.of(
        exercise,
        "error" if raised and first.stage == "runs" else "wrong",
        first.text,
        mistakes=mistakes,
        traceback=failure.traceback if failure and first.stage == "runs" else "",
        printed=printed,
        right=_right_count(exercise, problems),
    )


def _open_text(gap: Observation | None) -> str:
    if gap is None or gap.failure is None:
        return ""
    if gap.failure.message:
        return gap.failure.message
    if gap.values:
        return f"{gap.failure.during or 'The rest'} is still to be written."
    return ""


def _right_count(exercise: Exercise, problems: Iterable[Problem]) -> tuple[int, int] | None:
    if exercise.kind not in ("number", "choice") or len(exercise.fields) < 2:
        return None
    names = {item.name for item in exercise.fields}
    wrong = {problem.output for problem in problems}
    return (len(names - wrong), len(names)) if wrong <= names else None


def find_problems(
    exercise: Exercise,
    cases: Sequence[Case],
    seen: Sequence[Observation],
    expected: Sequence[Observation],
) -> Iterator[Problem]:
    """List what is wrong with the observations, case by case."""
    for case, got, want in zip(cases, seen, expected, strict=False):
        where = f" Case: {case.note}." if case.note else ""
        if got.failure is not None and got.failure.kind == "misfit" and case is cases[0]:
            where = ""  # the form of the answer is wrong, whatever the case
        loose = _is_float32(case.inputs)
        for name, wanted in want.values.items():
            if name not in got.values:
                continue
            problem = _compare(
                exercise, exercise.output(name), case, got.values[name], wanted, loose
            )
            if problem is not None:
                yield Problem(problem.stage, name, problem.text + where)
        missing = [name for name in want.values if name not in got.values]
        if got.failure is not None:
            yield Problem(
                "runs", missing[0] if missing else UNSTABLE, _failure_text(got.failure, where)
            )
        elif missing:
            yield Problem(
                "runs", missing[0], f"{missing[0]} is missing from what your code gives back."
            )
        changed = [name for name in got.changed if name not in want.changed]
        if changed:
            names = listed(changed)
            yield Problem(
                "purity",
                CHANGED,
                f"Your code changes {names} in place. The caller still needs {names}.{where}",
            )
        if got.unstable:
            names = listed(got.unstable)
            yield Problem(
                "purity",
                UNSTABLE,
                f"{names}: a second run on the same inputs gives something else. "
                f"Something is kept, changed or drawn at random between the runs.{where}",
            )


def listed(names: Sequence[str]) -> str:
    """Join names as in a sentence: x, y and dout."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _failure_text(failure: Failure, where: str) -> str:
    call = f" in {failure.during}" if failure.during else ""
    if failure.kind == "misfit":
        return failure.message + where
    if failure.kind == "timeout":
        return f"Your code was stopped{call}: its time was up. Do all loops end?{where}"
    message = f": {_readable(failure.message).strip(' .')}" if failure.message else ""
    return f"Your code raises {failure.type}{call}{message}.{where}"


def _is_float32(inputs: Mapping[str, Any]) -> bool:
    return any(isinstance(v, np.ndarray) and v.dtype == np.float32 for v in inputs.values())


def _compare(
    exercise: Exercise, output: Output, case: Case, got: Any, want: Any, loose: bool
) -> Problem | None:
    name = output.name
    if output.compare is not None:
        text = output.compare({**case.inputs, **case.hidden}, got, want)
        return Problem("value", name, text) if text else None
    rtol = max(output.rtol, 1e-3) if loose else output.rtol
    atol = max(output.atol, 1e-5) if loose else output.atol
    problem = _type_problem(name, got, want)
    if problem is not None:
        return problem
    if isinstance(want, np.ndarray) and isinstance(got, np.ndarray) and got.shape != want.shape:
        return Problem("shape", name, _shape_text(output, got.shape, want.shape))
    if same(got, want, rtol=rtol, atol=atol):
        return None
    if exercise.kind in ("number", "choice"):
        return Problem("value", name, _blank_text(exercise, name, got))
    return Problem("value", name, _value_text(name, got, want, rtol, atol))


def _type_problem(name: str, got: Any, want: Any) -> Problem | None:
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


def _shape_text(output: Output, got: tuple[int, ...], want: tuple[int, ...]) -> str:
    letters = f" = {output.shape}" if output.shape else ""
    why = f": {output.why}" if output.why else ""
    text = f"{output.name} has shape {got}, expected {want}{letters}{why}."
    if got == want[::-1] and len(want) > 1:
        text += " Yours is the transpose's shape."
    elif tuple(n for n in got if n != 1) == tuple(n for n in want if n != 1):
        text += " Only axes of length 1 differ."
    return text


def _blank_text(exercise: Exercise, name: str, got: Any) -> str:
    shown = _number(got) if is_number(got) else repr(got)
    place = "" if len(exercise.fields) == 1 else f"{name}: "
    options = next((field.options for field in exercise.fields if field.name == name), {})
    if options and got not in list(options):
        return f"{place}{shown[:60]} is none of the choices {', '.join(map(repr, options))}."
    return f"{place}{shown} is not right."


def _value_text(name: str, got: Any, want: Any, rtol: float, atol: float) -> str:
    if isinstance(want, dict) and isinstance(got, dict):
        for key in want:
            problem = _type_problem(f"{name}[{key!r}]", got[key], want[key])
            if problem is not None:
                return problem.text
            if not same(got[key], want[key], rtol=rtol, atol=atol):
                return _value_text(f"{name}[{key!r}]", got[key], want[key], rtol, atol)
    if isinstance(want, (list, tuple)) and isinstance(got, (list, tuple)):
        if len(got) != len(want):
            return f"{name} has {len(got)} entries, expected {len(want)}."
        for index, (one, other) in enumerate(zip(got, want, strict=True)):
            problem = _type_problem(f"{name}[{index}]", one, other)
            if problem is not None:
                return problem.text
            if not same(one, other, rtol=rtol, atol=atol):
                return _value_text(f"{name}[{index}]", one, other, rtol, atol)
    if isinstance(got, np.ndarray) and isinstance(want, np.ndarray) and got.shape != want.shape:
        return f"{name} has shape {got.shape}, expected {want.shape}."
    numeric = (isinstance(want, np.ndarray) and want.dtype.kind in "biufc") or is_number(want)
    if not numeric:
        return f"{name} is {str(got)[:80]!r}, expected {str(want)[:80]!r}."
    a, b = np.asarray(got, dtype=complex), np.asarray(want, dtype=complex)
    with np.errstate(all="ignore"):
        off = ~np.isclose(a, b, rtol=rtol, atol=atol, equal_nan=True)
    if not off.any():
        return f"{name} differs from what was expected."
    at = tuple(int(i) for i in np.argwhere(off)[0]) if off.ndim else ()
    place = f"{name}[{', '.join(str(i) for i in at)}]" if at else name
    mine, theirs = a[at], b[at]
    text = f"{place} is {_number(mine)}, expected {_number(theirs)}"
    ratio = _ratio_text(a[off], b[off], bool(off.all()) and off.size > 1)
    count = f"; {int(off.sum())} of {off.size} numbers differ" if off.size > 1 else ""
    return f"{text}{ratio}{count}."


def _ratio_text(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any], everywhere: bool) -> str:
    with np.errstate(all="ignore"):
        ratios = a / b
    if not np.isfinite(ratios).all() or abs(ratios[0]) < 1e-12:
        return ""
    if np.allclose(ratios, ratios[0], rtol=1e-4):
        whose = "every number is" if everywhere else "yours is"
        if np.isclose(ratios[0], -1):
            return f" ({whose} the negative of the expected one)"
        return f" ({whose} {_number(ratios[0])} × the expected one)"
    return f" (ratio {_number(ratios[0])})"


def _number(value: Any) -> str:
    value = complex(np.asarray(value, dtype=complex))
    return f"{value.real + 0.0:.6g}" if value.imag == 0 else f"{value:.6g}"  # 0 and not -0


def diagnose(
    exercise: Exercise,
    cases: Sequence[Case],
    seen: Sequence[Observation],
    expected: Sequence[Observation],
    wrong: Sequence[str],
) -> list[Mistake]:
    """Find the known mistakes that explain the wrong outputs.

    Args:
        exercise: what was asked.
        cases: the cases.
        seen: what the answer did.
        expected: what the reference does.
        wrong: the names of the outputs that are wrong.

    Returns:
        As few mistakes as explain as many wrong outputs as can be explained, the one that explains
        most first. A mistake explains an output if it is wrong there too and does the same as the
        answer in every case. Outputs where it is wrong and the answer is right speak against it.
    """
    found: list[tuple[int, int, Mistake, set[str]]] = []
    order = _telling_first(exercise, cases, seen, expected)
    cases_in_order, expected_in_order = [cases[i] for i in order], [expected[i] for i in order]
    for mistake in exercise.mistakes:
        if mistake.recognise is not None:
            if mistake.recognise(cases, seen):
                found.append((-len(wrong), 0, mistake, set(wrong)))
            continue
        if exercise.repeat and UNSTABLE not in wrong:  # a single run rules most of them out
            once = replace(exercise, repeat=False)
            if not _behaves_like(once, mistake.answer, cases, seen, expected, order, wrong)[0]:
                continue
        alike, theirs = _behaves_like(exercise, mistake.answer, cases, seen, expected, order, wrong)
        if not alike or len(theirs) != len(seen):
            continue
        problems = find_problems(exercise, cases_in_order, theirs, expected_in_order)
        faults = {problem.output for problem in problems}
        explained = alike & faults
        if explained:
            against = len(faults - set(wrong))  # where it is wrong and the answer is right
            found.append((against - len(explained), len(faults - explained), mistake, explained))
    found.sort(key=lambda entry: entry[:2])
    chosen: list[Mistake] = []
    covered: set[str] = set()
    for doubt, _, mistake, explained in found:
        if not explained <= covered and (doubt <= 0 or not chosen):
            chosen.append(mistake)
            covered |= explained
    return chosen


def _behaves_like(
    exercise: Exercise,
    wrong_answer: Any,
    cases: Sequence[Case],
    seen: Sequence[Observation],
    expected: Sequence[Observation],
    order: Sequence[int],
    names: Iterable[str],
) -> tuple[set[str], list[Observation]]:
    """Run a known wrong answer as long as it does the same as was seen about any of these outputs.

    Returns:
        The outputs about which it did the same in every case, and what it did, in this order.
    """
    alike, theirs = set(names), list[Observation]()
    runs = _observations(exercise, wrong_answer, [cases[i] for i in order])
    for i, one in zip(order, runs, strict=False):
        theirs.append(one)
        if i >= len(seen):
            return set(), theirs
        elsewhere = alike - expected[i].values.keys() - {CHANGED, UNSTABLE}
        asked = alike - elsewhere
        alike = elsewhere | {n for n in asked if _alike(exercise, cases[i], seen[i], one, n)}
        if not alike:
            break
    return alike, theirs


def _telling_first(
    exercise: Exercise,
    cases: Sequence[Case],
    seen: Sequence[Observation],
    expected: Sequence[Observation],
) -> list[int]:
    """Order the cases so that those where an answer is wrong come first, by their numbers.

    Most mistakes behave otherwise in one of these, and need not be run on the others. A case that
    takes longer than all the others together comes last all the same. If the answer ran out of
    time, the case where it did is the last one seen; nothing is moved behind it.
    """
    whole = len(seen) if len(seen) == len(cases) else len(seen) - 1
    right = [
        not any(find_problems(exercise, cases[i : i + 1], seen[i : i + 1], expected[i : i + 1]))
        for i in range(whole)
    ]
    half = sum(one.seconds for one in expected) / 2
    order = sorted(range(whole), key=lambda i: (expected[i].seconds > half, right[i]))
    return [*order, *range(whole, len(cases))]


def _alike(exercise: Exercise, case: Case, a: Observation, b: Observation, name: str) -> bool:
    """Tell whether two answers did the same about one output of one case."""
    one, other = _did(a, name), _did(b, name)
    output = exercise.output(name)
    loose = _is_float32(case.inputs)
    rtol, atol = (1e-3, 1e-5) if loose else (max(output.rtol, 1e-6), max(output.atol, 1e-8))
    return same(one, other, rtol=rtol, atol=atol)


def _did(seen: Observation, name: str) -> Any:
    """What an answer did about one output: its value, or the failure that stands in its place."""
    if name == CHANGED:
        return sorted(seen.changed)
    if name == UNSTABLE and seen.failure is None:
        return sorted(seen.unstable)
    if name in seen.values:
        return seen.values[name]
    if seen.failure is None:
        return (None,)
    return (seen.failure.kind, seen.failure.type, _essence(seen.failure.message))


_MATMUL = re.compile(r"matmul: .*\(size (\d+) is different from (\d+)\)")
_DOT = re.compile(r"shapes \(.*\) and \(.*\) not aligned: (\d+) \(dim \d\) != (\d+) \(dim \d\)")
_BROADCAST = re.compile(r"(operands could not be broadcast together with shapes) (.*\S)")


def _readable(message: str) -> str:
    """Say in one sentence what NumPy says of a matrix product, whether of ``@`` or of ``dot``."""
    if found := _MATMUL.fullmatch(message):
        left, right = found[2], found[1]
    elif found := _DOT.fullmatch(message):
        left, right = found[1], found[2]
    else:
        return message
    return f"the inner sizes of a matrix product differ: {left} on the left, {right} on the right"


def _essence(message: str) -> str:
    """Take from the message of an error what depends on how a mistake is written down."""
    # `Relu.backward()`, `max_gate(x, y)`: what a student's own are called is no part of a mistake.
    message, methods = re.subn(r"[\w.<>]*\.(\w+\(\))", r"\1", _readable(message))
    if not methods:
        message = re.sub(r"^(your function|[\w<>]+)(?=\()", "", message)
    # `a * b` is `b * a`, and their shapes are listed in this order.
    return _BROADCAST.sub(lambda found: f"{found[1]} {sorted(found[2].split())}", message)
