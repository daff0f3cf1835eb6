"""A drill: ten nodes, drawn anew, to go back through in one's head."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from exercises_lib.probes.ch01 import Gate

FRESH = 1_000_000
"""Numbers that a drill chooses for itself lie below this."""


@dataclass(frozen=True)
class Drill:
    """Ten questions; shows itself as text or HTML.

    Args:
        number: by which they are drawn again.
        gates: the questions.
    """

    number: int
    gates: tuple[Gate, ...]

    def _rows(self) -> list[tuple[str, str, str, str]]:
        return [
            (str(place), _formula(gate), _signed(gate.upstream), f"d{gate.asked} = ?")
            for place, gate in enumerate(self.gates, 1)
        ]

    def __repr__(self) -> str:
        lines = [
            f"drill {self.number}: out = …, the gradient that arrives at out, and what is asked"
        ]
        lines += [f"{n:>2}   {f:22} {u:>3}   {asked}" for n, f, u, asked in self._rows()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        heads = ("", "node", "upstream", "asked")
        rows = ["".join(f"<th>{head}</th>" for head in heads)]
        rows += ["".join(f"<td>{html.escape(c)}</td>" for c in row) for row in self._rows()]
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        return f"<p>Drill {self.number}</p><table>{body}</table>"


def _signed(value: int) -> str:
    return str(value).replace("-", "−")


def _formula(gate: Gate) -> str:
    x, y = _signed(gate.x), _signed(gate.y)
    return f"x {gate.sign} y, x = {x}, y = {y}"


def drill(number: int | None = None) -> Drill:
    """Draw ten nodes to go back through.

    Args:
        number: the same number draws the same ten; without it a number is chosen.

    Raises:
        ValueError: if the number is not a whole number from 0 on.
    """
    from exercises_lib.probes.ch01 import draw_gates

    if number is None:
        number = int(np.random.default_rng().integers(FRESH))
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise ValueError(f"A drill has a whole number from 0 on, for example 7, not {number!r}.")
    return Drill(number, tuple(draw_gates(number)))
