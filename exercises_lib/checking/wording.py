"""The sentences in which a student is told what is wrong."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from exercises_lib.checking.exercise import Case, Exercise, Output
from exercises_lib.checking.observe import Failure, Observation
from exercises_lib.checking.serialize import is_number


def listed(names: Sequence[str]) -> str:
    """Join names as in a sentence: x, y and dout."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def with_case(text: str, note: str) -> str:
    """Add which case it was, unless the sentence says so itself."""
    return f"{text} Case: {note}." if note and note not in text else text


def case_note(case: Case) -> str:
    """Say which case it is; with its inputs, where these are a few plain numbers."""
    numbers = case.inputs
    if not 0 < len(numbers) <= 3 or not all(map(is_number, numbers.values())):
        return case.note
    if all(f"{name} = " in case.note for name in numbers):
        return case.note
    listed = ", ".join(f"{name} = {value:.6g}" for name, value in numbers.items())
    return f"{case.note}, {listed}" if case.note else listed


def gap(seen: Observation | None) -> str:
    """Say what is still to be written; empty if everything is."""
    if seen is None or seen.failure is None:
        return ""
    if seen.failure.message:
        return seen.failure.message
    if seen.values:
        return f"{seen.failure.during or 'The rest'} is still to be written."
    return ""


def missing(name: str) -> str:
    """Say that an output did not come."""
    return f"{name} is missing from what your code gives back."


def changed(names: Sequence[str]) -> str:
    """Say that inputs were changed in place."""
    which = listed(names)
    return f"Your code changes {which} in place. The caller still needs {which}."


def unstable(names: Sequence[str]) -> str:
    """Say that two runs do not agree."""
    return (
        f"{listed(names)}: a second run on the same inputs gives something else. "
        "Something is kept, changed or drawn at random between the runs."
    )


def failure(what: Failure) -> str:
    """Say what stopped an answer."""
    call = f" in {what.during}" if what.during else ""
    if what.kind == "misfit":
        return what.message
    if what.kind == "timeout":
        return f"Your code was stopped{call}: its time was up. Do all loops end?"
    message = f": {readable(what.message).strip(' .')}" if what.message else ""
    return f"Your code raises {what.type}{call}{message}."


_MATMUL = re.compile(r"matmul: .*\(size (\d+) is different from (\d+)\)")
_DOT = re.compile(r"shapes \(.*\) and \(.*\) not aligned: (\d+) \(dim \d\) != (\d+) \(dim \d\)")


def readable(message: str) -> str:
    """Say in one sentence what NumPy says of a matrix product, whether of ``@`` or of ``dot``."""
    if found := _MATMUL.fullmatch(message):
        left, right = found[2], found[1]
    elif found := _DOT.fullmatch(message):
        left, right = found[1], found[2]
    else:
        return message
    return f"the inner sizes of a matrix product differ: {left} on the left, {right} on the right"


def shape(output: Output, got: tuple[int, ...], want: tuple[int, ...]) -> str:
    """Say what is wrong with a shape, with the shape in the exercise's letters."""
    letters = f" = {output.shape}" if output.shape else ""
    why = f": {output.why}" if output.why else ""
    text = f"{output.name} has shape {got}, expected {want}{letters}{why}."
    if got == want[::-1] and len(want) > 1:
        text += " Yours is the transpose's shape."
    elif tuple(n for n in got if n != 1) == tuple(n for n in want if n != 1):
        text += " Only axes of length 1 differ."
    return text


def blank(exercise: Exercise, name: str, got: Any) -> str:
    """Say that a blank is wrong, without what would be right."""
    shown = number(got) if is_number(got) else repr(got)
    place = "" if len(exercise.fields) == 1 else f"{name}: "
    options = next((field.options for field in exercise.fields if field.name == name), {})
    if options and got not in list(options):
        return f"{place}{shown[:60]} is none of the choices {', '.join(map(repr, options))}."
    return f"{place}{shown} is not right."


def value(name: str, got: Any, want: Any, rtol: float, atol: float) -> str:
    """Say how numbers differ: the first that does, its ratio, and how many do."""
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
    text = f"{place} is {number(a[at])}, expected {number(b[at])}"
    ratio = _ratio(a[off], b[off], bool(off.all()) and off.size > 1)
    count = f"; {int(off.sum())} of {off.size} numbers differ" if off.size > 1 else ""
    return f"{text}{ratio}{count}."


def _ratio(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any], everywhere: bool) -> str:
    with np.errstate(all="ignore"):
        ratios = a / b
    if not np.isfinite(ratios).all() or abs(ratios[0]) < 1e-12:
        return ""
    if np.allclose(ratios, ratios[0], rtol=1e-4):
        whose = "every number is" if everywhere else "yours is"
        if np.isclose(ratios[0], -1):
            return f" ({whose} the negative of the expected one)"
        return f" ({whose} {number(ratios[0])} × the expected one)"
    return f" (ratio {number(ratios[0])})"


def number(one: Any) -> str:
    """Write a number with six digits."""
    one = complex(np.asarray(one, dtype=complex))
    return f"{one.real + 0.0:.6g}" if one.imag == 0 else f"{one:.6g}"  # 0 and not -0
