"""Answers of several parts: a catalogue of gates, or a bug that was hunted down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from exercises_lib.checking import Mistake
from exercises_lib.checking.edit import Edit


@dataclass(frozen=True)
class PartEdit(Edit):
    """An answer of which one part is an edit of the right one.

    Args:
        whole: the right answer, by its parts.
        part: the part that is wrong.
    """

    whole: Mapping[str, Any] = field(default_factory=dict)
    part: str = ""

    @property
    def program(self) -> dict[str, Any]:
        """The wrong answer, all its parts."""
        return {**self.whole, self.part: Edit(self.of, self.pieces, self.name).program}


def as_part(mistake: Mistake, whole: Mapping[str, Any], part: str, prefix: str = "") -> Mistake:
    """Make a mistake of one part a mistake of the whole answer.

    Args:
        mistake: what is wrong about the part alone.
        whole: the right answer, by its parts.
        part: the part that is wrong.
        prefix: stands before the mistake's name, where parts share names.
    """
    given = mistake.given
    answer: Any = {**whole, part: given}
    if isinstance(given, Edit):
        answer = PartEdit(given.of, given.pieces, given.name, whole, part)
    return replace(mistake, name=prefix + mistake.name, given=answer)
