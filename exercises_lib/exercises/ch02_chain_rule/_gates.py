"""A gate of ch02.gates: one right function, what is drawn for it, and its known mistakes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from exercises_lib.checking import Case, Mistake


@dataclass(frozen=True)
class Gate:
    """One gate of the catalogue.

    Args:
        name: its key in the answer.
        reference: the right function.
        accepted: right functions written otherwise.
        mistakes: known wrong functions.
        draw: draws its cases.
    """

    name: str
    reference: Callable[..., Any]
    accepted: tuple[Callable[..., Any], ...]
    mistakes: tuple[Mistake, ...]
    draw: Callable[[np.random.Generator], Iterator[Case]]
