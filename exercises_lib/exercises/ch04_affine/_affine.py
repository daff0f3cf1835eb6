"""The affine layer, what is drawn for it, and wrong ones that two exercises share."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib.checking import Case, Output
from exercises_lib.exercises.ch04_affine._sizes import three_sizes


class Affine:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T


class AffineByEinsum(Affine):
    def forward(self, x):
        self.x = x
        return np.einsum("nd,dm->nm", x, self.W) + self.b

    def backward(self, dout):
        self.dW = np.einsum("nd,nm->dm", self.x, dout)
        self.db = np.einsum("nm->m", dout)
        return np.einsum("nm,dm->nd", dout, self.W)


def draw_affine(rng: np.random.Generator) -> Iterator[Case]:
    def case(n: int, d: int, m: int, note: str, dtype: type = np.float64) -> Case:
        shapes = {
            "W": (d, m),
            "b": (m,),
            "x": (n, d),
            "dout": (n, m),
            "second x": (n + 1, d),
            "second dout": (n + 1, m),
        }
        return Case({k: rng.normal(size=s).astype(dtype) for k, s in shapes.items()}, note)

    n, d, m = three_sizes(rng)
    yield case(n, d, m, f"N = {n}, D = {d}, M = {m}")
    yield case(1, m, d, "a batch of one")
    yield case(d, n, m, "float32", np.float32)
    yield case(3, 3, 3, "N = D = M = 3")


AFFINE_OUTPUTS = tuple(
    Output(prefix + name, shape, why)
    for prefix in ("", "second ")
    for name, shape, why in (
        ("out", "(N, M)", "one row per sample"),
        ("dx", "(N, D)", "the shape of x"),
        ("dW", "(D, M)", "one number per weight"),
        ("db", "(M,)", "one number per output"),
    )
) + (
    Output("updated out", "(N, M)", "one row per sample"),
    Output("updated dx", "(N, D)", "the shape of x"),
)
