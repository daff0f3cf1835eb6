"""What a recording keeps: whether it is running, and numbers that nobody can change later."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

_running = True


def recording() -> bool:
    """Return whether operations are recorded: everywhere but inside `no_grad`."""
    return _running


@contextmanager
def no_grad() -> Iterator[None]:
    """Record nothing inside a `with no_grad():`, for evaluation and for updates.

    Results have no parents there, so what they were made from can be freed, and `backward` ends
    at them as at an input.
    """
    global _running
    before, _running = _running, False
    try:
        yield
    finally:
        _running = before


def kept(value: Any) -> Any:
    """Return numbers that stay as they are: a copy, unless nobody can write into the array."""
    if not _running or not isinstance(value, np.ndarray):
        return value
    owner = value.base if isinstance(value.base, np.ndarray) else value
    return value.copy() if value.flags.writeable or owner.flags.writeable else value


def kept_index(index: Any) -> Any:
    """Return an index, such as an array, a slice or a tuple of them, that stays as it is."""
    if isinstance(index, tuple):
        return tuple(kept_index(part) for part in index)
    return list(index) if isinstance(index, list) else kept(index)
