"""What a wrong answer does, as a digest: equal for answers that do the same.

Answers are compared on cases that are the same for everybody, drawn from a seed of their own. A
digest says nothing of what is right; it is only compared with others.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from exercises_lib.checking.diagnose import essence
from exercises_lib.checking.exercise import Case, Exercise
from exercises_lib.checking.observe import Failure, Observation
from exercises_lib.checking.serialize import Opaque

SEED = 20_261_121
DIGITS = 5
"""Digits of the largest number of an output that count; the order of a sum changes later ones."""


def common_cases(exercise: Exercise) -> list[Case]:
    """Draw the cases on which all answers to an exercise are compared; always the same."""
    rng = np.random.default_rng([SEED, zlib.crc32(exercise.id.encode())])
    return list(exercise.draw(rng))


def digest(cases: Sequence[Case], seen: Sequence[Observation]) -> str:
    """Give what an answer did as a digest.

    Args:
        cases: the common cases.
        seen: what it did on them; may end early.

    Returns:
        64 hexadecimal digits that are the same for answers that do the same on the same cases:
        outputs to five digits, what was changed, and how it failed.
    """
    mark = hashlib.sha256(cases_mark(cases).encode())
    for one in seen:
        for name in sorted(one.values):
            mark.update(f"|{name}=".encode())
            for part in _parts(one.values[name]):
                mark.update(part)
        mark.update(f"|{sorted(one.changed)}|{sorted(one.unstable)}|".encode())
        mark.update(_failure(one.failure).encode())
    return mark.hexdigest()


def cases_mark(cases: Sequence[Case]) -> str:
    """Give the cases themselves as a short digest, which changes with the exercise."""
    mark = hashlib.sha256()
    for case in cases:
        for part in _parts({**case.inputs, **case.hidden}):
            mark.update(part)
    return mark.hexdigest()[:16]


def _failure(failure: Failure | None) -> str:
    if failure is None:
        return ""
    return f"{failure.kind} {failure.type} {failure.during} {essence(failure.message)}"


def _parts(value: Any) -> Iterator[bytes]:
    """Give plain data as bytes, numbers rounded."""
    if isinstance(value, dict):
        for key in sorted(value, key=str):
            yield f"{{{key}:".encode()
            yield from _parts(value[key])
    elif isinstance(value, (list, tuple)):
        yield f"{type(value).__name__}{len(value)}[".encode()
        for item in value:
            yield from _parts(item)
    elif isinstance(value, Opaque):
        yield f"opaque {value.kind}".encode()
    elif isinstance(value, (bool, str)) or value is None:
        yield f"{value!r}".encode("utf-8", "replace")
    else:
        array = np.asarray(value)
        yield f"{array.shape}".encode()
        yield _rounded(array)


def _rounded(array: np.ndarray[Any, Any]) -> bytes:
    """Round numbers to the digits that count, by the size of the largest."""
    if array.dtype.kind not in "biufc":
        return repr(array.tolist()).encode("utf-8", "replace")
    numbers = array.astype(complex)
    with np.errstate(all="ignore"):
        finite = np.abs(numbers[np.isfinite(numbers)])
        largest = float(finite.max()) if finite.size else 0.0
        if largest == 0.0:
            return repr(numbers.tolist()).replace("-0", "0").encode()
        power = 10.0 ** (np.floor(np.log10(largest)) - DIGITS + 1)
        real, imaginary = np.round(numbers.real / power), np.round(numbers.imag / power)
    return f"{power:.0e} {(real + 0.0).tolist()} {(imaginary + 0.0).tolist()}".encode()
