"""The eight stages forward, and what is drawn for them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib.checking import Case
from exercises_lib.exercises.ch02_chain_rule._shared import pick
from exercises_lib.nn import sigmoid


def staged_forward(x, y):
    sy = sigmoid(y)
    num = x + sy
    sx = sigmoid(x)
    s = x + y
    q = s**2
    den = sx + q
    inv = 1 / den
    f = num * inv
    return {"sy": sy, "num": num, "sx": sx, "s": s, "q": q, "den": den, "inv": inv, "f": f}


def draw_staged_forward(rng: np.random.Generator) -> Iterator[Case]:
    yield Case({"x": 3.0, "y": -4.0}, "the example, x = 3 and y = −4")
    yield Case({"x": pick(rng, 1.2, 1.8, 1), "y": pick(rng, 0.3, 0.7, 1)})
    yield Case({"x": pick(rng, 1.2, 1.8, -1), "y": pick(rng, 0.3, 0.7, 1)}, "x is negative")
