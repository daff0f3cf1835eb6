"""Chapter 6: a network learns the course's digits in the page, and reads what one draws."""

from __future__ import annotations

import base64
import struct
import zipfile
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any

import numpy as np

from exercises_lib.data import load_digits

from .network import draw_network
from .networks import network_data, numbers
from .widget import Spec, figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

REMARK = (
    "A mouse is harder than the data set. Its digits were written with a pen, by people who saw "
    "the ink flow, and were then scanned; your line has one width, and a hand on a mouse draws "
    "half blind. What you draw is made as large as the data set's digits and put in the middle, "
    "as they are; a network that reads 97 of 100 of those has promised nothing about yours."
)


def train_digits(
    *,
    hidden: int = 50,
    rate: float = 0.5,
    title: str = "Train a network here: 1,437 digits, two layers",
    name: str | None = None,
) -> Any:
    """Train a two-layer network on the digits, in the page, with a rate and a size to play with.

    The network is that of :class:`exercises_lib.nn.TwoLayerNet`, with weights N(0, 0.1²) drawn in
    the page, batches of 50, plain gradient descent; steps are computed as `nn` computes them.

    Args:
        hidden: hidden units at first, 1 to 80.
        rate: learning rate at first.
        title: heads the figure.
        name: tells two of these figures on one page apart.
    """
    spec: Spec = {
        "digits": packed_digits(),
        "hidden": hidden,
        "rate": rate,
        "batch": 50,
        "std": 0.1,
        "seed": 5,
    }
    return figure(
        "train_digits",
        spec,
        title=title,
        height=(607, 870),
        name=name,
        draw=lambda: _draw_samples(title),
    )


def draw_digit(
    net: Any,
    *,
    whose: str | None = "the chapter's network",
    title: str = "Draw a digit, and watch the network read it",
    name: str | None = None,
) -> Any:
    """Give a pad to draw on, and show what a network makes of it, unit by unit.

    A drawing is scaled and centred as the digits of the data set were, then reduced to 8 × 8
    pixels. Without a mouse, the keys 0 to 9 and a button bring digits of the test set.

    Args:
        net: a network with 64 inputs and 10 outputs, as for
            :func:`exercises_lib.figures.networks.network_data`.
        whose: what the network is called where the reader can train another one in the page; None
            for a page where none is trained.
        title: heads the figure.
        name: tells two of these figures on one page apart.

    Raises:
        ValueError: if the network does not have 64 inputs and 10 outputs.
    """
    data = network_data(net, "softmax")
    shapes = [layer["shape"] for layer in data["layers"] if layer["kind"] == "affine"]
    if (shapes[0][0], shapes[-1][1]) != (64, 10):
        raise ValueError(
            "A network that reads digits has 64 inputs and 10 outputs; this one has "
            f"{shapes[0][0]} and {shapes[-1][1]}."
        )
    digits = load_digits()
    # One of each class, the seven first: it is told apart most easily at a glance.
    order = [7, 0, 1, 2, 3, 4, 5, 6, 8, 9]
    chosen = [int(np.flatnonzero(digits.t_test == label)[0]) for label in order]
    spec: Spec = {
        "net": data,
        "samples": numbers(digits.x_test[chosen]),
        "labels": order,
        "whose": whose,
        "remark": REMARK,
    }
    sizes = [shapes[0][0], *(shape[1] for shape in shapes)]
    return figure(
        "draw_digit",
        spec,
        title=title,
        height=(615, 968) if whose else (571, 866),
        name=name,
        draw=lambda: draw_network(sizes, net, title),
    )


def packed_digits() -> dict[str, str]:
    """Return the digits as they lie in the package, compressed, in base 64: 61 kB."""
    with (
        as_file(files("exercises_lib.data").joinpath("digits.npz")) as path,
        path.open("rb") as raw,
        zipfile.ZipFile(path) as archive,
    ):
        packed = {}
        for key in ("pixels", "labels", "is_test"):
            entry = archive.getinfo(f"{key}.npy")
            raw.seek(entry.header_offset)
            header = raw.read(30)
            name, extra = struct.unpack("<HH", header[26:30])
            raw.seek(entry.header_offset + 30 + name + extra)
            packed[key] = base64.b64encode(raw.read(entry.compress_size)).decode()
    return {
        "pixels": packed["pixels"],
        "labels": packed["labels"],
        "isTest": packed["is_test"],
    }


def _draw_samples(title: str) -> Picture:
    from .palette import axes_of

    digits = load_digits()
    picture, axes = axes_of(title, columns=10, width=6.2, height=0.9)
    for label, panel in enumerate(axes):
        image = digits.x_train[np.flatnonzero(digits.t_train == label)[0]].reshape(8, 8)
        panel.imshow(image, cmap="gray_r", vmin=0, vmax=1)
        panel.axis("off")
    return picture
