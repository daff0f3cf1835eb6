"""Chapter 1: a network with three hidden units, and eight points from which it learns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from exercises_lib import nn

from .networks import network_data
from .palette import NEGATIVE, VALUE, axes_of, two_sided
from .widget import figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

RATE = 0.2
REACH = 1.2
NAMES = ["x₁", "x₂"]


def eight_points() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return eight points in the plane, (8, 2), and what a network should say of them, (8, 1).

    Points in which both coordinates have the same sign should give 1, the others 0: no straight
    line divides them.
    """
    x = [
        *([0.7, 0.8], [0.9, 0.4], [-0.6, -0.8], [-0.9, -0.5]),
        *([-0.7, 0.6], [-0.4, 0.9], [0.6, -0.7], [0.8, -0.4]),
    ]
    return np.array(x), np.array([1.0, 1, 1, 1, 0, 0, 0, 0])[:, np.newaxis]


def first_net() -> nn.Sequential:
    """Return the 2-3-1 network with which the figure begins: Affine, ReLU, Affine.

    Its weights are whole tenths, so that a reader can compute with them.
    """
    W1 = np.array([[-0.6, -0.6, 0.1], [1.3, -0.3, -1.1]])
    W2 = np.array([[-0.6], [1.2], [-0.2]])
    return nn.Sequential([nn.Affine(W1, np.zeros(3)), nn.Relu(), nn.Affine(W2, np.zeros(1))])


def first_network(
    *, title: str = "A network with three hidden units learns eight points", name: str | None = None
) -> Any:
    """Show a small network that learns: its points, its picture, its loss, a step at a press.

    The network is :func:`first_net`, the points are :func:`eight_points`, the loss is
    :func:`exercises_lib.nn.mean_squared_error`, and a step is one of plain gradient descent on all
    eight points, at first with a rate of 0.2. The numbers are those of `exercises_lib.nn`.

    Args:
        title: heads the figure.
        name: tells two of these figures on one page apart.
    """
    x, t = eight_points()
    net = first_net()
    loss, _ = nn.mean_squared_error(net.forward(x), t)
    spec = {
        "net": network_data(net, "squared"),
        "points": x.tolist(),
        "labels": [int(label) for label in t.ravel()],
        "names": NAMES,
        "reach": REACH,
        "rate": RATE,
        "loss": loss,
    }
    return figure(
        "first_network",
        spec,
        title=title,
        height=(546, 998),
        name=name,
        draw=lambda: _draw(title),
    )


def _draw(title: str) -> Picture:
    """Draw what the network says before the first step, after 20 and after 200 steps."""
    x, t = eight_points()
    net = first_net()
    picture, axes = axes_of(title, columns=3, width=8.4, height=2.7)
    across = np.linspace(-REACH, REACH, 60)
    grid = np.stack(np.meshgrid(across, across), axis=-1).reshape(-1, 2)
    done = 0
    for panel, steps in zip(axes, (0, 20, 200), strict=True):
        for _ in range(steps - done):
            _, dout = nn.mean_squared_error(net.forward(x), t)
            net.backward(dout)
            for layer in (net.layers[0], net.layers[2]):
                assert isinstance(layer, nn.Affine)
                layer.W -= RATE * layer.dW
                layer.b -= RATE * layer.db
        done = steps
        loss, _ = nn.mean_squared_error(net.forward(x), t)
        said = net.forward(grid).reshape(60, 60)
        extent = (-REACH, REACH, -REACH, REACH)
        panel.imshow(
            said, origin="lower", extent=extent, cmap=two_sided(), vmin=-0.3, vmax=1.3, alpha=0.6
        )
        for label, marker, colour in ((0, "o", NEGATIVE), (1, "^", VALUE)):
            mine = x[t.ravel() == label]
            panel.plot(mine[:, 0], mine[:, 1], marker, color=colour, markeredgecolor="white")
        panel.set(title=f"{steps} steps: loss {loss:.3f}", xlabel="$x_1$", ylabel="$x_2$")
    return picture
