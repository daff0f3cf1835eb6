"""Chapter 3: an activation, its derivative, and what it does to the gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .palette import GRADIENT, VALUE, axes_of
from .widget import figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

TITLE = "What an activation lets through, forward and back"


def activation_explorer(
    kind: str = "sigmoid", *, x: float = 1.5, dout: float = 0.8, name: str | None = None
) -> Any:
    """Move x and dout; see y = f(x), the slope f′(x), and dx = dout · f′(x).

    Args:
        kind: the activation to begin with: "relu", "sigmoid" or "tanh".
        x: the input to begin with, from −5 to 5.
        dout: the gradient that arrives, from −2 to 2.
        name: tells two of these figures on one page apart.

    Raises:
        ValueError: if the activation is not one of the three.
    """
    if kind not in ("relu", "sigmoid", "tanh"):
        raise ValueError(f'kind is "relu", "sigmoid" or "tanh", not {kind!r}.')
    spec = {"start": {"kind": kind, "x": x, "dout": dout}}
    return figure(
        "activation_explorer",
        spec,
        title=TITLE,
        height=(533, 863),
        name=name,
        draw=lambda: _draw(TITLE),
    )


def _draw(title: str) -> Picture:
    import numpy as np

    x = np.linspace(-5, 5, 401)
    s = 0.5 * (1 + np.tanh(x / 2))
    shapes = {
        "ReLU": (np.maximum(x, 0), (x > 0).astype(float)),
        "sigmoid": (s, s * (1 - s)),
        "tanh": (np.tanh(x), 1 - np.tanh(x) ** 2),
    }
    picture, axes = axes_of(title, columns=3, width=8.4)
    for panel, (label, (y, slope)) in zip(axes, shapes.items(), strict=True):
        panel.plot(x, y, color=VALUE, label="f(x)")
        panel.plot(x, slope, color=GRADIENT, linestyle="--", label="f′(x)")
        panel.set(title=label, xlabel="x", ylim=(-1.2, 2.2))
        panel.legend(frameon=False)
    return picture
