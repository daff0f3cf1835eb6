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
    """Numbers and arrays that have been seen."""

    def __init__(self) -> None:
        self._held: dict[tuple[int, ...], list[Any]] = {}
        self._count = 0

    def add(self, value: Any) -> None:
        """Keep the numbers that a value consists of."""
        for leaf in leaves(value):
            if self._count < MOST and leaf not in self:
                self._held.setdefault(leaf.shape, []).append(leaf.copy())
                self._count += 1

    def __contains__(self, leaf: Any) -> bool:
        return any(equal(leaf, one) for one in self._held.get(leaf.shape, ()))


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
    return a.shape == b.shape and np.allclose(a, b, rtol=1e-6, atol=1e-9, equal_nan=True)
