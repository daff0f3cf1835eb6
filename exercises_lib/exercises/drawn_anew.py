"""Digits that exist nowhere but with the judge: the course's test digits, each drawn anew.

A network that has learnt to read is asked to read pictures that no file holds, so that nothing but
reading them helps. Every test digit is turned by up to 6°, shifted by up to a quarter of a pixel
and drawn with a thicker or a thinner pen, by chance and four times over. These are a little harder
than the test digits themselves: over 20 seeds the course's network, which reads 97.2 to 99.7 % of
those, reads 95.1 to 98 % of these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from exercises_lib.data import load_digits

TIMES = 4
"""How often each test digit is drawn anew."""
TURN, SHIFT, PEN = 0.1, 0.25, 0.2
"""Largest angle (radians), largest shift (pixels), and by how much the pen's exponent leaves 1."""
MOST_NUMBERS = 40_000
"""Numbers that a network may have. The pictures to learn from alone have 91,968."""

ACTIVATIONS: Mapping[str, Callable[[Any], Any]] = {
    "ReLU": lambda z: np.maximum(z, 0),
    "tanh": np.tanh,
    "sigmoid": lambda z: 0.5 * (1 + np.tanh(z / 2)),
}
"""What may stand between two layers."""


def draw_anew(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw pictures anew: turned, shifted, thicker or thinner.

    Args:
        images: float, (N, 64), pixels from 0 to 1.
        rng: draws how.

    Returns:
        As many others, (N, 64).
    """
    count = len(images)
    framed = np.pad(images.reshape(count, 8, 8), ((0, 0), (2, 2), (2, 2)))
    angle = rng.uniform(-TURN, TURN, (count, 1, 1))
    down, right = rng.uniform(-SHIFT, SHIFT, (2, count, 1, 1))
    row, column = np.mgrid[0:8, 0:8] - 3.5
    y = np.cos(angle) * row - np.sin(angle) * column + down + 5.5
    x = np.sin(angle) * row + np.cos(angle) * column + right + 5.5
    i, j, n = y.astype(int), x.astype(int), np.arange(count)[:, None, None]
    u, v = y - i, x - j  # bilinear: each pixel from the four around the place that it comes from
    above = (1 - v) * framed[n, i, j] + v * framed[n, i, j + 1]
    below = (1 - v) * framed[n, i + 1, j] + v * framed[n, i + 1, j + 1]
    drawn = ((1 - u) * above + u * below) ** rng.uniform(1 - PEN, 1 + PEN, (count, 1, 1))
    return np.reshape(drawn, (count, 64))


def fresh_digits(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return what a case keeps from an answer: ``x_new``, (1440, 64), and its labels ``t_new``."""
    digits = load_digits()
    drawn = [draw_anew(digits.x_test, rng) for _ in range(TIMES)]
    return {"x_new": np.concatenate(drawn), "t_new": np.tile(digits.t_test, TIMES)}


def kernel_digits() -> dict[str, Any]:
    """Return the digits that kernels have: to learn from all, to test with others than the course.

    Those for testing are training digits drawn anew, so that code which measures itself on them
    runs as in the notebook. No kernel has a test digit of the course or its label.
    """
    rng = np.random.default_rng(0)
    x, t, _, test = load_digits()
    chosen = rng.choice(len(x), len(test), replace=False)
    anew = draw_anew(x[chosen], rng)
    return {"x_train": x, "t_train": t, "x_test": anew, "t_test": t[chosen]}


def scores_of(layers: Sequence[tuple[Any, Any]], x: Any, activation: str = "ReLU") -> Any:
    """Run a network forward: affine layers with an activation after each but the last.

    Args:
        layers: W (D, M) and b (M,) of each.
        x: (N, D).
        activation: a name of `ACTIVATIONS`.
    """
    function = ACTIVATIONS[activation]
    with np.errstate(all="ignore"):
        for number, (W, b) in enumerate(layers, 1):
            x = x @ W + b
            x = function(x) if number < len(layers) else x
    return x


def layers_of(params: Any) -> list[tuple[Any, Any]] | str:
    """Read the layers of a classifier of digits from its parameters.

    Args:
        params: plain data that may come from a hostile process.

    Returns:
        W and b of each layer; or, if these are none, what is wrong, as a sentence.
    """
    if not isinstance(params, Mapping):
        return "The network's params are no dictionary."
    count = len(params) // 2
    names = [f"{kind}{number}" for number in range(1, count + 1) for kind in "Wb"]
    if not count or set(names) != set(params):
        found = ", ".join(str(name)[:20] for name in list(params)[:8]) or "nothing"
        return f"The network's params are {found}; expected W1, b1, W2, b2, and so on."
    layers, before = [], 64
    for number in range(1, count + 1):
        W, b = params[f"W{number}"], params[f"b{number}"]
        for name, array in ((f"W{number}", W), (f"b{number}", b)):
            if not isinstance(array, np.ndarray) or array.dtype.kind not in "iuf":
                return f"params[{name!r}] is no array of numbers."
        wide = W.shape[1] if W.ndim == 2 else 0
        if W.shape != (before, wide) or b.size != wide or not wide:
            return (
                f"params has W{number} of shape {W.shape} and b{number} of shape {b.shape}, which "
                f"makes no layer with {before} inputs."
            )
        layers.append((W.astype(float), b.astype(float).reshape(wide)))
        before = wide
    if before != 10:
        return f"The network's last layer has {before} outputs, expected 10: one for each class."
    numbers = sum(W.size + b.size for W, b in layers)
    if numbers > MOST_NUMBERS:
        return f"The network has {numbers:,} numbers; at most {MOST_NUMBERS:,} are allowed."
    return layers


def read_rightly(scores: Any, t: Any) -> float:
    """Return which part of the pictures gets its largest score for the right class."""
    return float(np.mean(np.argmax(scores, axis=1) == t))
