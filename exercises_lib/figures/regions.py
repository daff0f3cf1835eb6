"""Chapter 7: where a classifier says what."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .networks import numbers
from .palette import INK, NEGATIVE, VALUE, axes_of, two_sided
from .widget import Spec, figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

Predict = Callable[[NDArray[np.float64]], ArrayLike]
GRID = 48
POINTS = 160


def decision_regions(
    predict: Predict | Mapping[str, Predict],
    x: ArrayLike,
    t: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    classes: Sequence[str] = ("class 0", "class 1"),
    columns: bool = False,
    title: str = "Decision regions",
    name: str | None = None,
) -> Any:
    """Show, for every pair of features, where a classifier of two classes changes its mind.

    The features that are not drawn stay at their median.

    Args:
        predict: returns the probability of class 1 for samples of shape (K, D). A dict of
            several, such as {"epoch 10": f, "epoch 100": g}, lets the reader move between them.
        x: float, (N, D), the samples to draw; at most 160 of them are drawn.
        t: int, (N,), their classes, 0 or 1.
        names: D names of the features.
        classes: what class 0 and class 1 mean.
        columns: samples are columns: x is (D, N), t is (1, N), and predict wants (D, K).
        title: heads the figure.
        name: tells two figures of the same classifier on one page apart.
    """
    samples = np.asarray(x, dtype=float)
    samples = samples.T if columns else samples
    labels = np.asarray(t).ravel().astype(int)
    stages = dict(predict) if isinstance(predict, Mapping) else {"": predict}
    features = list(names) if names else [f"feature {at + 1}" for at in range(samples.shape[1])]
    spec = regions_spec(stages, samples, labels, features, list(classes), columns)
    return figure(
        "decision_regions",
        spec,
        title=title,
        height=(601, 590) if len(stages) > 1 else (560, 549),
        name=name,
        draw=lambda: _draw(spec, title),
    )


def train_regions(
    x: ArrayLike,
    t: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    classes: Sequence[str] = ("class 0", "class 1"),
    columns: bool = False,
    hidden: int = 5,
    rate: float = 0.5,
    std: float = 0.3,
    title: str = "Train here: the regions move",
    name: str | None = None,
) -> Any:
    """Train a D-hidden-1 network in the page, and watch its decision regions move.

    A step is one of plain gradient descent on all samples, with ReLU, sigmoid and binary
    cross-entropy, computed as in :mod:`exercises_lib.nn.columns`; samples travel as float32.

    Args:
        x: float, (N, D), the samples; at most 160 of them are drawn, all are learnt from.
        t: int, (N,), their classes, 0 or 1.
        names: D names of the features.
        classes: what class 0 and class 1 mean.
        columns: samples are columns: x is (D, N), t is (1, N).
        hidden: hidden units at first, 1 to 12.
        rate: learning rate at first.
        std: standard deviation of the first weights.
        title: heads the figure.
        name: tells two of these figures on one page apart.
    """
    samples = np.asarray(x, dtype=float)
    samples = samples.T if columns else samples
    labels = np.asarray(t).ravel().astype(int)
    low, high = samples.min(axis=0), samples.max(axis=0)
    margin = 0.06 * (high - low)
    spec: Spec = {
        "x": numbers(samples),
        "t": labels.tolist(),
        "points": np.unique(
            np.linspace(0, len(samples) - 1, min(POINTS, len(samples))).astype(int)
        ).tolist(),
        "pairs": [list(pair) for pair in combinations(range(samples.shape[1]), 2)],
        "names": list(names) if names else [f"feature {k + 1}" for k in range(samples.shape[1])],
        "classes": list(classes),
        "middle": np.median(samples, axis=0).tolist(),
        "low": (low - margin).tolist(),
        "high": (high + margin).tolist(),
        "hidden": hidden,
        "rate": rate,
        "std": std,
        "seed": 3,
        "most": 3000,
    }
    return figure(
        "train_regions",
        spec,
        title=title,
        height=(639, 901),
        name=name,
        draw=lambda: _draw_points(samples, labels, spec, title),
    )


def _draw_points(x: NDArray[np.float64], t: NDArray[np.int_], spec: Spec, title: str) -> Picture:
    picture, (panel,) = axes_of(title)
    for label, marker, colour in ((0, "o", NEGATIVE), (1, "^", VALUE)):
        mine = x[t == label]
        panel.plot(
            mine[:, 0], mine[:, 1], marker, color=colour, markersize=3, label=spec["classes"][label]
        )
    panel.set(xlabel=spec["names"][0], ylabel=spec["names"][1])
    panel.legend(fontsize=8)
    return picture


def regions_spec(
    stages: Mapping[str, Predict],
    x: NDArray[np.float64],
    t: NDArray[np.int_],
    names: list[str],
    classes: list[str],
    columns: bool,
) -> Spec:
    """Evaluate every stage on a grid for every pair of features."""
    middle = np.median(x, axis=0)
    low, high = x.min(axis=0), x.max(axis=0)
    margin = 0.06 * (high - low)
    low, high = low - margin, high + margin
    axis = [np.linspace(low[at], high[at], GRID) for at in range(x.shape[1])]
    pairs = []
    for first, second in combinations(range(x.shape[1]), 2):
        across, up = np.meshgrid(axis[first], axis[second])
        grid = np.tile(middle, (GRID * GRID, 1))
        grid[:, first], grid[:, second] = across.ravel(), up.ravel()
        images = []
        for predict in stages.values():
            p = np.asarray(predict(grid.T if columns else grid), dtype=float).ravel()
            images.append(base64.b64encode(np.round(p * 255).astype(np.uint8).tobytes()).decode())
        pairs.append({"features": [first, second], "images": images})
    # Evenly spaced in the given order: no random choice, the same picture every time.
    shown = np.unique(np.linspace(0, len(x) - 1, min(POINTS, len(x))).astype(int))
    return {
        "grid": GRID,
        "names": names,
        "classes": classes,
        "stages": list(stages),
        "low": [float(f"{value:.5g}") for value in low],
        "high": [float(f"{value:.5g}") for value in high],
        "pairs": pairs,
        "points": [[float(f"{value:.4g}") for value in row] for row in x[shown]],
        "labels": [int(label) for label in t[shown]],
    }


def _draw(spec: Spec, title: str) -> Picture:
    pairs = spec["pairs"]
    columns = min(3, len(pairs))
    rows = -(-len(pairs) // columns)
    picture, axes = axes_of(title, columns=columns, rows=rows, width=8.4, height=2.7)
    x, t = np.array(spec["points"]), np.array(spec["labels"])
    for panel, pair in zip(axes, pairs, strict=False):
        first, second = pair["features"]
        image = np.frombuffer(base64.b64decode(pair["images"][-1]), dtype=np.uint8)
        panel.imshow(
            image.reshape(spec["grid"], spec["grid"]),
            origin="lower",
            aspect="auto",
            cmap=two_sided(),
            alpha=0.45,
            vmin=0,
            vmax=255,
            extent=(
                spec["low"][first],
                spec["high"][first],
                spec["low"][second],
                spec["high"][second],
            ),
        )
        for label, marker, colour in ((0, "o", NEGATIVE), (1, "^", VALUE)):
            mine = x[t == label]
            panel.plot(
                mine[:, first],
                mine[:, second],
                marker,
                color=colour,
                markeredgecolor=INK,
                markeredgewidth=0.3,
                markersize=3,
                label=spec["classes"][label],
            )
        panel.set_xlabel(spec["names"][first], fontsize=9)
        panel.set_ylabel(spec["names"][second], fontsize=9)
    axes[0].legend(fontsize=8)
    return picture
