"""Chapter 5: scores become probabilities, safely or not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .palette import GRADIENT, VALUE, axes_of
from .widget import figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

TITLE = "Softmax: scores in, probabilities out"


def softmax_explorer(
    scores: Sequence[float] = (2.0, 1.0, 0.1), *, target: int = 0, name: str | None = None
) -> Any:
    """Move scores, temperature and a common shift; see what the plain formula does far out.

    Args:
        scores: the scores to begin with, one a class.
        target: the right class; its cross-entropy and the gradient y − t are shown too.
        name: tells two figures with the same scores on one page apart.
    """
    values = [float(score) for score in scores]
    return figure(
        "softmax_explorer",
        {"scores": values, "target": target},
        title=TITLE,
        height=(532, 892),
        name=name,
        draw=lambda: _draw(values, TITLE),
    )


def _draw(scores: list[float], title: str) -> Picture:
    import numpy as np

    picture, axes = axes_of(title, columns=3, width=8.4)
    for panel, temperature in zip(axes, (0.5, 1.0, 3.0), strict=True):
        z = np.array(scores) / temperature
        y = np.exp(z - z.max())
        y /= y.sum()
        places = np.arange(len(scores))
        panel.bar(places, y, color=VALUE, width=0.6)
        for place, p in zip(places, y, strict=True):
            panel.text(place, p + 0.02, f"{p:.3f}", ha="center", color=VALUE)
        panel.set_xticks(places, [f"x = {score:g}" for score in scores])
        panel.set(ylim=(0, 1.1), title=f"temperature T = {temperature:g}")
    axes[0].set_ylabel("probability y")
    axes[1].set_xlabel("the gradient of the loss is y − t", color=GRADIENT)
    return picture
