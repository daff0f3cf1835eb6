"""A picture of any network: activations forward, gradients back, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .networks import network_data, numbers
from .palette import INK, NEGATIVE, PAPER, VALUE
from .widget import Spec, figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

MOST_SAMPLES = 40


def network(
    net: Any,
    x: ArrayLike,
    t: ArrayLike | None = None,
    *,
    loss: str | None = None,
    inputs: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
    title: str = "The network",
    name: str | None = None,
) -> Any:
    """Draw a network: weights as colour and width, activations as brightness, gradients back.

    The numbers are computed in the page from a copy of the weights, with the formulas of `nn`.

    Args:
        net: as for :func:`exercises_lib.figures.networks.network_data`: a network of `nn`, one
            that is built like them, or a dictionary of parameters.
        x: float, (N, D), or (D,) for one sample; the reader moves between at most 40 of them.
        t: what the network should say: classes (N,) for softmax, else numbers, (N, M). None shows
            the way forward only.
        loss: "softmax", "sigmoid", "squared" or "half_squared"; None as `network_data` chooses.
        inputs: D names of the inputs.
        outputs: M names of the outputs.
        title: heads the figure.
        name: tells two pictures of the same network on one page apart.

    Raises:
        ValueError: if the samples do not have as many numbers as the network has inputs.
    """
    data = network_data(net, loss)
    sizes = [layer["shape"] for layer in data["layers"] if layer["kind"] == "affine"]
    samples = np.atleast_2d(np.asarray(x, dtype=float))[:MOST_SAMPLES]
    if samples.ndim != 2 or samples.shape[1] != sizes[0][0]:
        raise ValueError(
            f"The network has {sizes[0][0]} inputs, so x must have shape (N, {sizes[0][0]}); it "
            f"has {np.shape(x)}."
        )
    targets = None
    if t is not None:
        targets = np.asarray(t, dtype=float).reshape(-1)
        targets = targets[: len(samples) * (1 if data["loss"] == "softmax" else sizes[-1][1])]
    classes = data["loss"] == "softmax" and outputs is None
    tall = max(max(shape) for shape in sizes) > 16
    spec: Spec = {
        "net": data,
        "x": numbers(samples),
        "t": None if targets is None else targets.tolist(),
        "count": len(samples),
        "columns": len(sizes) + 1,
        "tall": tall,
        "names": {
            "inputs": list(inputs) if inputs is not None else None,
            "outputs": [str(k) for k in range(sizes[-1][1])] if classes else outputs and [*outputs],
        },
    }
    more = 41 if len(samples) > 1 else 0
    return figure(
        "network_player",
        spec,
        title=title,
        height=(511 + more if tall else 484 + more, 539 + more if tall else 512 + more),
        name=name,
        draw=lambda: draw_network([shape[0] for shape in sizes] + [sizes[-1][1]], net, title),
    )


def draw_network(sizes: list[int], net: Any, title: str) -> Picture:
    """Draw nodes and edges; of wide layers every few nodes, and the strongest edges."""
    from matplotlib.figure import Figure

    data = network_data(net)
    weights = [_weights(layer) for layer in data["layers"] if layer["kind"] == "affine"]
    picture = Figure(figsize=(6.2, 3.4), facecolor=PAPER, layout="constrained")
    axes = picture.add_subplot()
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold", color=INK)
    axes.axis("off")
    places = [
        [((at + 0.5) / size * 2 - 1) * min(1.0, size / 6) for at in range(size)] for size in sizes
    ]
    for column, W in enumerate(weights):
        largest = float(np.abs(W).max()) or 1.0
        strongest = np.argsort(-np.abs(W), axis=None)[:150]
        for flat in strongest:
            start, end = divmod(int(flat), W.shape[1])
            share = abs(float(W[start, end])) / largest
            axes.plot(
                [column, column + 1],
                [-places[column][start], -places[column + 1][end]],
                color=NEGATIVE if W[start, end] < 0 else VALUE,
                linewidth=0.3 + 3 * share,
                alpha=0.25 + 0.5 * share,
                zorder=1,
            )
    for column, row in enumerate(places):
        size = float(np.clip(900 / len(row), 8, 220))
        axes.scatter(
            [column] * len(row), [-y for y in row], s=size, color=PAPER, edgecolor=INK, zorder=2
        )
    return picture


def _weights(layer: Spec) -> NDArray[np.float64]:
    import base64

    sent = layer["W"]
    if isinstance(sent, str):
        sent = np.frombuffer(base64.b64decode(sent), dtype="<f4")
    return np.asarray(sent, dtype=float).reshape(layer["shape"])
