"""Chapter 4: read a matrix gradient off the shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .palette import GRADIENT, INK, NEUTRAL, VALUE, axes_of
from .widget import figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

TITLE = "Shape puzzle: make the product fit"

PUZZLES: list[dict[str, Any]] = [
    {
        "label": "dW of x · W",
        "story": "A batch x of 5 samples goes through W: y = x · W. Find dW, shaped like W.",
        "target": {"name": "dW", "shape": [3, 2]},
        "factors": [
            {"name": "dout", "shape": [5, 2], "gradient": True},
            {"name": "x", "shape": [5, 3], "gradient": False},
        ],
    },
    {
        "label": "dx of x · W",
        "story": "The same layer, y = x · W. Find dx, shaped like x.",
        "target": {"name": "dx", "shape": [5, 3]},
        "factors": [
            {"name": "W", "shape": [3, 2], "gradient": False},
            {"name": "dout", "shape": [5, 2], "gradient": True},
        ],
    },
    {
        "label": "dW of W · X",
        "story": "D = W · X with W (5, 10) and X (10, 3). Find dW, shaped like W.",
        "target": {"name": "dW", "shape": [5, 10]},
        "factors": [
            {"name": "X", "shape": [10, 3], "gradient": False},
            {"name": "dD", "shape": [5, 3], "gradient": True},
        ],
    },
    {
        "label": "dX of W · X",
        "story": "The same product, D = W · X. Find dX, shaped like X.",
        "target": {"name": "dX", "shape": [10, 3]},
        "factors": [
            {"name": "dD", "shape": [5, 3], "gradient": True},
            {"name": "W", "shape": [5, 10], "gradient": False},
        ],
    },
    {
        "label": "db of x · W + b",
        "story": "b is added to all 5 rows. Multiply dout by a row of ones so that db is one row.",
        "target": {"name": "db", "shape": [1, 2]},
        "factors": [
            {"name": "dout", "shape": [5, 2], "gradient": True},
            {"name": "ones", "shape": [5, 1], "gradient": False},
        ],
    },
]


def shape_puzzle(*, name: str | None = None) -> Any:
    """Transpose and swap two factors until their product has the gradient's shape.

    Args:
        name: tells two of these figures on one page apart.
    """
    return figure(
        "shape_puzzle",
        {"puzzles": PUZZLES},
        title=TITLE,
        height=(475, 658),
        name=name,
        draw=lambda: _draw(TITLE),
    )


def _draw(title: str) -> Picture:
    from matplotlib.patches import Rectangle

    picture, (panel,) = axes_of(title)
    panel.axis("off")
    panel.set(xlim=(0, 17), ylim=(6, -1.2), aspect="equal")
    pieces = [
        ("xᵀ (3, 5)", 1, 3, 5, VALUE),
        ("dout (5, 2)", 8, 5, 2, GRADIENT),
        ("dW (3, 2)", 12.5, 3, 2, GRADIENT),
    ]
    for text, left, rows, columns, colour in pieces:
        dash = "--" if colour == GRADIENT else "-"
        look: dict[str, Any] = {
            "facecolor": "none",
            "edgecolor": colour,
            "linewidth": 2,
            "linestyle": dash,
        }
        panel.add_patch(Rectangle((left, 0), columns, rows, **look))
        panel.text(left + columns / 2, -0.3, text, ha="center", va="bottom", color=INK)
    panel.text(7, 1.5, "·", ha="center", va="center", fontsize=18)
    panel.text(11.2, 1.5, "=", ha="center", va="center", fontsize=16)
    panel.text(1, 5.6, "The inner sizes agree (5 and 5) and vanish.", color=NEUTRAL)
    return picture
