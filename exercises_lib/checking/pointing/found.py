"""What a search finds: repairs, places, and what can be said without a repair."""

from __future__ import annotations

from dataclasses import dataclass, field

SLACK = 2
"""By how much more than the cheapest a repair may cost to have its say about the line."""


@dataclass(frozen=True)
class Change:
    """One place of a repair: the line, the kind of edit, the student's expression there."""

    line: int
    kind: str
    before: str
    piece: int = 0


@dataclass
class Repair:
    """Edits that together make an answer right; `common` if a right answer has them so."""

    changes: tuple[Change, ...]
    cost: int
    common: bool = False


@dataclass
class Found:
    """What a search found.

    Args:
        repairs: in the order in which they were found.
        partial: for outputs that one edit rights while others stay wrong, the likeliest such edits.
        tried: how many candidates were run.
        finished: whether it came to its end within its time.
        weak: whether an answer is asked for no more than yes or no, so that much seems to mend it.
        blamed: what can be said without an edit of the lines that get right values only.
    """

    repairs: list[Repair] = field(default_factory=list)
    partial: dict[tuple[str, ...], list[Change]] = field(default_factory=dict)
    tried: int = 0
    finished: bool = False
    blamed: list[Change] = field(default_factory=list)
    weak: bool = False

    @property
    def smallest(self) -> list[Repair]:
        """The repairs with the fewest edits, and of these the cheapest.

        Where some of them write what right answers have, only these.
        """
        if not self.repairs:
            return []
        fewest = min(len(repair.changes) for repair in self.repairs)
        some = [repair for repair in self.repairs if len(repair.changes) == fewest]
        least = min(repair.cost for repair in some)
        near = [repair for repair in some if repair.cost <= least + SLACK]
        common = [repair for repair in near if repair.common]
        chosen = common if common or self.weak else near
        return sorted(chosen, key=lambda repair: repair.cost)
