"""ch04.columns_forward: one sample per column: forward."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch04_affine._sizes import three_sizes
from exercises_lib.probes import call


def columns_forward(x, weight, bias):
    return weight @ x + bias


def draw_columns_forward(rng: np.random.Generator) -> Iterator[Case]:
    def case(n: int, d: int, m: int, note: str, dtype: type = np.float64) -> Case:
        shapes = {"x": (d, n), "weight": (m, d), "bias": (m, 1)}
        return Case({k: rng.normal(size=s).astype(dtype) for k, s in shapes.items()}, note)

    n, d, m = three_sizes(rng)
    yield case(n, d, m, f"D = {d}, N = {n}, M = {m}")
    yield case(m, n, d, "other sizes")
    yield case(1, m, d, "a batch of one")
    yield case(d, m, n, "float32", np.float32)


wrong = Mistakes(columns_forward)

wrong.swap("one sample per row", "weight @ x + bias", "x.T @ weight.T + bias.T").says("""
    The numbers are right and lie on their side: your result has one sample per row.""")

wrong.swap("bias forgotten", "x + bias", "x").says("""Your result is the product alone; the bias is
    missing.""")

wrong.swap("bias flattened", "+ bias", "+ bias.ravel()").says("""A bias of shape (M,) is broadcast
    along rows: it would give each sample its own bias, and fits only when N equals M. The shape (M,
    1) is there for a reason.""")

wrong.swap("bias transposed", "+ bias", "+ bias.T").says("""The transposed bias has the shape (1, M)
    and is copied down the rows. As it is given, a column of shape (M, 1), it is copied to every
    sample.""")

wrong.swap("the first bias for all outputs", "+ bias", "+ bias[0]").says("""
    `bias[0]` is the bias of the first output. Each output has its own.""")

wrong.swap("weight transposed", "weight @", "weight.T @").says("""
    In this convention `weight` is stored with one row per output, as (M, D). It needs no transpose
    in front of an x of shape (D, N).""")

wrong.swap("factors in the row order", "weight @ x", "x @ weight").says("""`x @ weight` is the order
    for one sample per row. With the samples in columns the factors change places.""")

wrong.swap("bias summed", "+ bias", "+ bias.sum()").says("""You add the sum of all biases
    everywhere. Each output has its own.""")

EXERCISE = Exercise(
    id="ch04.columns_forward",
    title="One sample per column: forward",
    kind="function",
    points=2,
    difficulty=1,
    reference=columns_forward,
    accepted=(
        lambda x, weight, bias: (x.T @ weight.T + bias.T).T,
        lambda x, weight, bias: np.einsum("md,dn->mn", weight, x) + bias,
        lambda x, weight, bias: np.stack([weight @ column + bias[:, 0] for column in x.T], axis=1),
    ),
    mistakes=wrong.all,
    hints=(
        "Write the shapes below the names: weight (M, D), x (D, N), bias (M, 1). What comes out is "
        "(M, N).",
        "Only one order of the two factors has matching inner sizes. The bias of shape (M, 1) is "
        "broadcast over the columns by itself.",
        "The skeleton:\n    return … @ … + bias",
    ),
    probe=Probe(call, {"returns": ("out",)}),
    draw=draw_columns_forward,
    outputs=(Output("out", "(M, N)", "one column per sample"),),
    remark="This is your row-wise layer, transposed as a whole: (x · W + b)ᵀ = Wᵀ · xᵀ + bᵀ.",
)
