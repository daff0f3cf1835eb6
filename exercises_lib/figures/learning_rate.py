"""Chapter 6: too small, right, too large."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .palette import DASHES, NEUTRAL, SERIES, VALUE, axes_of
from .widget import figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

TITLE = "Learning rate: how far to step against the gradient"


def learning_rate_explorer(
    *, start: float = 3.0, rate: float = 0.3, steps: int = 20, name: str | None = None
) -> Any:
    """Walk down L(w) = ½ w² with a learning rate of your choice.

    Args:
        start: the weight to begin with.
        rate: the learning rate to begin with.
        steps: how many steps are walked.
        name: tells two of these figures on one page apart.
    """
    spec = {"start": start, "rate": rate, "steps": steps}
    return figure(
        "learning_rate_explorer",
        spec,
        title=TITLE,
        height=(457, 809),
        name=name,
        draw=lambda: _draw(start, TITLE),
    )


def _draw(start: float, title: str) -> Picture:
    import numpy as np

    picture, axes = axes_of(title, columns=3, width=8.4)
    w = np.linspace(-4, 4, 201)
    rates = ((0.05, "too small"), (0.5, "good"), (2.1, "too large"))
    for panel, (rate, word), colour, dash in zip(axes, rates, SERIES, DASHES, strict=False):
        path = [start]
        for _ in range(8):
            path.append(path[-1] - rate * path[-1])
        panel.plot(w, w**2 / 2, color=NEUTRAL, linewidth=1)
        panel.plot(path, np.square(path) / 2, "o", color=colour, linestyle=dash, markersize=4)
        panel.set(title=f"rate {rate:g}: {word}", xlabel="w", xlim=(-4.2, 4.2), ylim=(-0.5, 8.5))
    axes[0].set_ylabel("loss L(w)", color=VALUE)
    return picture
