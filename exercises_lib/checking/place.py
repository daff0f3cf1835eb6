"""A place in an answer's own source, as it is told to the student."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Place:
    """Where an answer is to be changed.

    Args:
        text: the sentence; empty if no place is known.
        lines: the numbers of the lines, in the answer's own cell or file.
        code: these lines, number and text.
    """

    text: str = ""
    lines: tuple[int, ...] = ()
    code: tuple[tuple[int, str], ...] = ()


class Pending(Protocol):
    """A search for a place that may still be under way."""

    def place(self, seconds: float | None = None) -> Place | None:
        """Return what was found; None if that takes longer than `seconds`."""
