"""Chapter 6: what the first layer looks for."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .palette import axes_of, two_sided
from .widget import figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

TITLE = "First-layer weights: one picture for each hidden unit"


def first_layer_weights(
    W: ArrayLike,
    image_shape: tuple[int, int] = (8, 8),
    *,
    limit: int = 50,
    name: str | None = None,
) -> Any:
    """Show every column of W as a picture of the input: what that hidden unit looks for.

    Args:
        W: float, (D, M), weights of the first layer; D = height × width of the images.
        image_shape: height and width.
        limit: how many units are shown at most.
        name: tells two figures of the same weights on one page apart.

    Raises:
        ValueError: if W does not have one row for each pixel.
    """
    weights = np.asarray(W, dtype=float)
    if weights.ndim != 2 or weights.shape[0] != image_shape[0] * image_shape[1]:
        raise ValueError(
            f"W has shape {weights.shape}, but images of {image_shape[0]} × {image_shape[1]} "
            f"pixels need {image_shape[0] * image_shape[1]} rows."
        )
    weights = weights[:, :limit]
    largest = np.abs(weights).max(axis=0)
    scaled = weights / np.where(largest > 0, largest, 1.0)
    pixels = np.round(scaled.T * 127 + 128).astype(np.uint8)
    spec = {
        "shape": list(image_shape),
        "largest": [float(f"{value:.4g}") for value in largest],
        "pixels": base64.b64encode(pixels.tobytes()).decode(),
    }
    return figure(
        "first_layer_weights",
        spec,
        title=TITLE,
        height=(115 + max(228, -(-len(largest) // 10) * 45), 410 + -(-len(largest) // 8) * 42),
        name=name,
        draw=lambda: _draw(scaled, image_shape, TITLE),
    )


def _draw(scaled: NDArray[np.float64], shape: tuple[int, int], title: str) -> Picture:
    count = scaled.shape[1]
    columns = min(10, count)
    rows = -(-count // columns)
    sheet = np.full((rows * (shape[0] + 1) - 1, columns * (shape[1] + 1) - 1), np.nan)
    for unit in range(count):
        top, left = unit // columns * (shape[0] + 1), unit % columns * (shape[1] + 1)
        sheet[top : top + shape[0], left : left + shape[1]] = scaled[:, unit].reshape(shape)
    picture, (panel,) = axes_of(title)
    panel.imshow(sheet, cmap=two_sided(), vmin=-1, vmax=1, interpolation="nearest")
    panel.axis("off")
    return picture
