"""Plain pictures: drawn once, shown in the cell's output, nothing returned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from .palette import DASHES, GRADIENT, INK, NEGATIVE, NEUTRAL, SERIES, VALUE, axes_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture


CLASSES = [(NEGATIVE, "o", "--"), (VALUE, "^", "-"), *zip(SERIES[2:], "sDv", "-:-", strict=False)]
"""Colour, marker and dash of each class; the first two as in the decision regions."""


class Still:
    """A picture on its way to the cell's output: an image, and a text that never changes."""

    def __init__(self, picture: Picture, text: str) -> None:
        self.picture, self.text = picture, text

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **options: Any) -> Any:
        from .widget import png

        image, size = png(self.picture)
        return {"text/plain": self.text, "image/png": image}, {"image/png": size}


def show(picture: Picture) -> None:
    """Put a picture into the cell's output."""
    from IPython.display import display

    heading = picture.get_suptitle() or "picture"
    display(Still(picture, f"<picture: {heading}>"))


def learning_curves(
    history: Mapping[str, Sequence[float]], *, title: str = "Learning", steps: int | None = None
) -> None:
    """Plot losses and accuracies as they developed.

    Args:
        history: lists of numbers by name, as :func:`exercises_lib.nn.train` returns them. Names
            with ``accuracy`` go to the right panel, the others to the left one. Series may have
            different lengths: one value a step or one an epoch; with one length only, it is
            taken for epochs.
        title: heads the picture.
        steps: how many steps each series covers, where it has a value every so many of them.
    """
    losses = {key: values for key, values in history.items() if "accuracy" not in key}
    accuracies = {key: values for key, values in history.items() if "accuracy" in key}
    groups = [("loss", losses), ("accuracy", accuracies)]
    groups = [(label, group) for label, group in groups if any(map(len, group.values()))]
    picture, axes = axes_of(title, columns=max(1, len(groups)))
    legends = []
    for panel, (label, group) in zip(axes, groups, strict=False):
        heading, names = _shared_words([key.replace("_", " ") for key in group], label)
        for at, (name, values) in enumerate(zip(names, group.values(), strict=True)):
            _curve(panel, at, name, values, steps)
        longer = max(map(len, group.values())) > min(map(len, history.values()))
        panel.set(ylabel=heading, xlabel="step" if longer or steps else "epoch")
        if label == "accuracy":
            panel.set_ylim(top=1.01)
        legends.append(names)
    if len(legends) == 2 and legends[0] == legends[1] and len(legends[0]) > 1:
        picture.legend(
            *axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False
        )
    else:
        for panel, names in zip(axes, legends, strict=False):
            if len(names) > 1:  # the axis names a single one
                panel.legend(edgecolor="none", framealpha=0.85)
    show(picture)


def _shared_words(names: list[str], kind: str) -> tuple[str, list[str]]:
    """Split off the words in which all names end: for the axis; the rest is for the legend.

    >>> _shared_words(["slow test accuracy", "fast test accuracy"], "accuracy")
    ('test accuracy', ['slow', 'fast'])
    >>> _shared_words(["loss"], "loss")
    ('loss', ['loss'])
    """
    if len(names) == 1:
        return names[0], names
    words = [name.split() for name in names]
    shared = 0
    while len({tuple(row[-shared - 1 :]) for row in words}) == 1 < min(map(len, words)) - shared:
        shared += 1
    if not shared:
        return kind, names
    return " ".join(words[0][-shared:]), [" ".join(row[:-shared]) for row in words]


def _curve(
    panel: Any, at: int, label: str, values: Sequence[float], steps: int | None = None
) -> None:
    """Plot one series; a long noisy one faintly, with its running mean on top."""
    y = np.asarray(values, dtype=float)
    x = np.arange(1, len(y) + 1) * ((steps or len(y)) / max(len(y), 1))
    colour, dash = SERIES[at % len(SERIES)], DASHES[at % len(DASHES)]
    if len(y) > 200:
        window = max(5, len(y) // 50)
        panel.plot(x, y, color=colour, linewidth=0.6, alpha=0.25)
        y = np.convolve(y, np.full(window, 1 / window), mode="valid")
        x = x[window - 1 :]
    panel.plot(x, y, color=colour, linestyle=dash, label=label)


def mistakes_gallery(
    images: ArrayLike,
    predicted: ArrayLike,
    true: ArrayLike,
    *,
    image_shape: tuple[int, int] | None = None,
    count: int = 16,
) -> None:
    """Show the images that were classified wrongly, with what was said and what is right.

    Args:
        images: float, (N, D) or (N, height, width).
        predicted: int, (N,), the classes that the network says.
        true: int, (N,), the right classes.
        image_shape: height and width, for flat images; square if not given.
        count: how many are shown at most.
    """
    pixels, said, right = np.asarray(images), np.asarray(predicted), np.asarray(true)
    wrong = np.flatnonzero(said != right)
    captions = [f"says {said[at]}\nis {right[at]}" for at in wrong[:count]]
    _tiles(f"{len(wrong)} of {len(right)} are wrong", pixels[wrong[:count]], captions, image_shape)


def image_gallery(
    images: ArrayLike,
    labels: ArrayLike,
    *,
    image_shape: tuple[int, int] | None = None,
    title: str = "Images and their labels",
) -> None:
    """Show images side by side, each with its label.

    Args:
        images: float, (N, D) or (N, height, width).
        labels: (N,), anything that can be printed.
        image_shape: height and width, for flat images; square if not given.
        title: heads the picture.
    """
    _tiles(title, np.asarray(images), [str(label) for label in np.asarray(labels)], image_shape)


def _tiles(
    title: str, pixels: Any, captions: Sequence[str], image_shape: tuple[int, int] | None
) -> None:
    """Show images in rows of eight, dark on light, each below its caption."""
    columns = 8
    rows = max(1, -(-len(pixels) // columns))
    lines = max((caption.count("\n") + 1 for caption in captions), default=1)
    picture, axes = axes_of(title, columns=columns, rows=rows, height=0.8 + 0.2 * lines)
    for panel in axes:
        panel.axis("off")
    side = round(pixels[0].size ** 0.5) if len(pixels) else 1
    shape = image_shape or (pixels.shape[1:] if pixels.ndim == 3 else (side, side))
    for panel, image, caption in zip(axes, pixels, captions, strict=False):
        panel.imshow(image.reshape(shape), cmap="Greys", interpolation="nearest")
        panel.set_title(caption, fontsize=10, color=INK)
    show(picture)


def feature_pairs(
    x: ArrayLike, t: ArrayLike, names: Sequence[str], *, classes: Sequence[str] | None = None
) -> None:
    """Plot every feature against every other, classes by colour and marker.

    Args:
        x: float, (N, D), one sample a row. For one sample a column pass ``x.T``.
        t: int, (N,), the classes; (1, N) will do too.
        names: D names of the features.
        classes: what the classes are called; "class 0", "class 1", … if not given.

    Raises:
        ValueError: if names and columns do not match.
    """
    samples, labels = np.asarray(x, dtype=float), np.asarray(t).ravel().astype(int)
    if samples.shape != (len(labels), len(names)):
        raise ValueError(
            f"x has shape {samples.shape}; {len(labels)} labels and {len(names)} names "
            f"need ({len(labels)}, {len(names)})."
        )
    kinds = [samples[labels == label] for label in np.unique(labels)]
    captions = classes or [f"class {label}" for label in np.unique(labels)]
    count = len(names)
    picture, axes = axes_of(
        "Every feature against every other", columns=count, rows=count, height=1.45
    )
    for row in range(count):
        for column in range(count):
            panel = axes[row * count + column]
            for mine, (colour, marker, dash), caption in zip(
                kinds, CLASSES, captions, strict=False
            ):
                if row == column:
                    panel.hist(mine[:, row], bins=24, histtype="step", color=colour, linestyle=dash)
                else:
                    panel.plot(
                        mine[:, column],
                        mine[:, row],
                        marker,
                        color=colour,
                        markersize=2,
                        markeredgewidth=0,
                        alpha=0.5,
                        label=caption,
                    )
            panel.locator_params(nbins=3)
            if row == count - 1:
                panel.set_xlabel(names[column])
            if column == 0:
                panel.set_ylabel(names[row])
    handles, labels = axes[1 if count > 1 else 0].get_legend_handles_labels()
    picture.legend(
        handles, labels, loc="outside lower center", ncols=4, frameon=False, markerscale=2.5
    )
    show(picture)


def confusion_matrix(
    predicted: ArrayLike, true: ArrayLike, *, names: Sequence[str] | None = None
) -> None:
    """Count what was said against what is right.

    Args:
        predicted: int, (N,), the classes that the network says.
        true: int, (N,), the right classes.
        names: the classes' names; their numbers if not given.
    """
    said = np.asarray(predicted).ravel().astype(int)
    right = np.asarray(true).ravel().astype(int)
    size = len(names) if names else int(max(said.max(initial=0), right.max(initial=0))) + 1
    counts = np.zeros((size, size), dtype=int)
    np.add.at(counts, (right, said), 1)
    labels = list(names) if names else [str(label) for label in range(size)]
    picture, (panel,) = axes_of(
        f"{np.trace(counts)} of {counts.sum()} right", height=max(2.6, 0.42 * size + 1.2)
    )
    # Errors would drown beside the many right answers on a linear scale.
    panel.imshow(np.log1p(counts), cmap="Blues")
    dark = np.log1p(counts).max() * 0.6
    for row in range(size):
        for column in range(size):
            count = counts[row, column]
            panel.text(
                column,
                row,
                str(count),
                ha="center",
                va="center",
                fontsize=11,
                fontweight="bold" if row != column and count else "normal",
                color="white" if np.log1p(count) > dark else (INK if count else NEUTRAL),
            )
    panel.set_xticks(range(size), labels)
    panel.set_yticks(range(size), labels)
    panel.set(xlabel="the network says", ylabel="right answer")
    show(picture)


def sigmoid_shape() -> None:
    """Plot the sigmoid and its derivative σ(1 − σ)."""
    x = np.linspace(-6, 6, 241)
    y = 0.5 * (1 + np.tanh(x / 2))
    picture, (panel,) = axes_of("The sigmoid and its derivative")
    panel.plot(x, y, color=VALUE, label="σ(x)")
    panel.plot(x, y * (1 - y), color=GRADIENT, linestyle="--", label="σ′(x) = σ(x)(1 − σ(x))")
    panel.set_xlabel("x")
    panel.legend(frameon=False)
    show(picture)
