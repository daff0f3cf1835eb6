"""Numbers and arrays that have been seen, and whether another is one of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

MOST = 3000
"""How many values are kept of a run."""
LARGEST = 20_000
"""Size of the largest array that is looked at."""


class Values:
    """Numbers and arrays that have been seen.

    Each is first compared by one number, a sum with weights of its own for each place.
    """

    def __init__(self) -> None:
        self._held: dict[tuple[int, ...], list[tuple[float, Any]]] = {}
        self._count = 0

    def add(self, value: Any) -> None:
        """Keep the numbers that a value consists of."""
        for leaf in leaves(value):
            if self._count < MOST and leaf not in self:
                self._held.setdefault(leaf.shape, []).append((_mark(leaf), leaf.copy()))
                self._count += 1

    def __contains__(self, leaf: Any) -> bool:
        held = self._held.get(leaf.shape, ())
        if not held:
            return False
        mark, slack = _mark(leaf), 1e-5 * float(np.abs(leaf).sum()) + 1e-6
        return any(
            not abs(one - mark) > slack and equal(leaf, other)  # not a number: ask
            for one, other in held
        )


def _mark(leaf: Any) -> float:
    flat = leaf.ravel().astype(float)
    return float(flat @ np.sin(1 + np.arange(flat.size)))


def leaves(value: Any) -> Iterator[np.ndarray[Any, Any]]:
    """Give the numbers and arrays that a value consists of."""
    if isinstance(value, np.ndarray | np.generic | int | float) and not isinstance(value, bool):
        array = np.asarray(value)
        if array.dtype.kind in "iufb" and array.size <= LARGEST:
            yield array
    elif isinstance(value, dict):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, list | tuple) and len(value) < 100:
        for item in value:
            yield from leaves(item)


def equal(a: Any, b: Any) -> bool:
    """Tell whether two arrays are the same but for rounding."""
    return a.shape == b.shape and np.allclose(a, b, rtol=1e-6, atol=1e-9, equal_nan=True)
