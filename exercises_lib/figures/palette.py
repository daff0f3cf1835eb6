"""The course's colours, the same in every picture and in ``figures.css``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

VALUE = "#0b6bcb"
"""Values, on the way forward."""
GRADIENT = "#b3261e"
"""Gradients, on the way back; also dashed or marked by ∂, never by colour alone."""
NEUTRAL = "#5f6b7a"
INK = "#1d2733"
PAPER = "#ffffff"
"""Pictures bring their own white ground, so that they are readable on a dark page too."""
SERIES = ["#0b6bcb", "#9a5b00", "#2a7a4b", "#7a4fb5", "#00798c", "#5f6b7a"]
"""Lines side by side, without the gradients' red; each is also dashed or marked differently."""
NEGATIVE = "#9a5b00"
"""The other end of a scale whose positive end is ``VALUE``."""
DASHES: list[Any] = ["-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1))]
MARKERS = ["o", "s", "^", "D", "v", "P"]


def axes_of(
    title: str,
    *,
    columns: int = 1,
    rows: int = 1,
    width: float = 6.2,
    height: float = 3.0,
    **options: Any,
) -> tuple[Picture, list[Any]]:
    """Make a picture in the course's style and return it with its axes, row by row.

    A phone shrinks a picture to its own width, so the text stays legible only in a narrow one.
    """
    from matplotlib.figure import Figure

    picture = Figure(figsize=(width, height * rows + 0.4), facecolor=PAPER, layout="constrained")
    picture.suptitle(title, fontsize=12, fontweight="bold", color=INK)
    axes = list(picture.subplots(rows, columns, squeeze=False, **options).flat)
    for panel in axes:
        panel.spines[["top", "right"]].set_visible(False)
        panel.tick_params(labelsize=10, colors=INK)
        panel.title.set_fontsize(11)
        panel.xaxis.label.set(fontsize=11, color=INK)
        panel.yaxis.label.set(fontsize=11, color=INK)
    return picture, axes


def two_sided() -> Any:
    """Return the colour map from negative (amber) through nothing (white) to positive (blue)."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("two sided", [NEGATIVE, PAPER, VALUE])
