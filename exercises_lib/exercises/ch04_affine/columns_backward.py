"""ch04.columns_backward: one sample per column: backward."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch04_affine._sizes import three_sizes
from exercises_lib.probes import call


def columns_backward(dout, x, weight):
    return weight.T @ dout, dout @ x.T, dout.sum(axis=1, keepdims=True)


def columns_backward_through_rows(dout, x, weight):
    d_weight = (x @ dout.T).T
    return (dout.T @ weight).T, d_weight, dout.sum(axis=1)[:, None]


def columns_backward_by_samples(dout, x, weight):
    dx, d_weight = np.zeros(x.shape), np.zeros(weight.shape)
    d_bias = np.zeros((len(weight), 1))
    for n in range(x.shape[1]):
        dx[:, n] = dout[:, n] @ weight
        d_weight += np.outer(dout[:, n], x[:, n])
        d_bias[:, 0] += dout[:, n]
    return dx, d_weight, d_bias


def draw_columns_backward(rng: np.random.Generator) -> Iterator[Case]:
    def case(n: int, d: int, m: int, note: str, dtype: type = np.float64) -> Case:
        shapes = {"dout": (m, n), "x": (d, n), "weight": (m, d)}
        return Case({k: rng.normal(size=s).astype(dtype) for k, s in shapes.items()}, note)

    n, d, m = three_sizes(rng)
    yield case(n, d, m, f"D = {d}, N = {n}, M = {m}")
    yield case(m, n, d, "other sizes")
    yield case(1, m, d, "a batch of one")
    yield case(d, m, n, "float32", np.float32)
    yield case(3, 3, 3, "D = N = M = 3")


wrong = Mistakes(columns_backward)

wrong.swap("d_bias over axis 0", "1", "0").says("""You sum over axis 0. That was the batch as long
    as samples were rows; now they are columns.""")

wrong.swap("d_bias over axis 0, in one axis", "1, keepdims=True", "0").says("""
    You sum over axis 0. That was the batch as long as samples were rows; now they are columns. And
    `d_bias` has two axes here, as `bias` has.""")

wrong.swap("d_bias as a row", "(axis=1, keepdims=True)", "(axis=1)[None, :]").says("""
    The sums are right and lie in a row. `bias` is a column here.""")

wrong.swap("d_bias summed to one number", "(axis=1, keepdims=True)", "()").says("""
    You add up all of `dout`, the outputs too. Each output has its own bias.""")

wrong.swap("d_bias lost its axis", "1, keepdims=True", "1").says("""
    The sums are right, the shape is not: the bias is a column of shape (M, 1), and subtracting an
    (M,) array from it would broadcast to (M, M).""")

wrong.swap("d_bias averaged", "sum", "mean").says("""Your `d_bias` is a mean over the batch. The
    contributions add up; the loss has already divided by N, if anything has.""")

wrong.swap("d_bias not summed", "dout.sum(axis=1, keepdims=True)", "dout").says("""
    Your `d_bias` still has one column per sample. All samples share one bias.""")

wrong.swap("d_weight transposed", "dout @ x", "x @ dout").says("""
    Your `d_weight` is transposed: `weight` has one row per output here.""")

wrong.swap("d_weight averaged", "T,", "T / x.shape[1],").says("""You divide `d_weight` by the batch
    size. If the loss is a mean, `dout` already contains that division.""")

wrong.swap(
    "rules of the row convention",
    "weight.T @ dout, dout @ x.T, dout.sum(axis=1, keepdims=True)",
    "dout @ weight.T, x.T @ dout, dout.sum(axis=0)",
).says("""Those are the rules for one sample per row. Everything lies on its side here, so the
    factors change places.""")

wrong.swap("x not transposed", "x.T", "x").says("""`dout @ x` multiplies (M, N) by (D, N): the inner
    sizes differ. What is added up over is the batch.""")

wrong.swap("dx transposed", "weight.T @ dout", "dout.T @ weight").says("""
    Your `dx` is transposed: it has one row per sample, and the samples are columns here.""")

wrong.swap("weight not transposed", "weight.T", "weight").says("""
    `weight @ dout` multiplies (M, D) by (M, N): the inner sizes differ.""")

wrong.swap(
    "upstream dropped",
    "dout, dout @ x.T, dout.sum(axis=1, keepdims=True)",
    "np.ones_like(dout), np.ones_like(dout) @ x.T, np.full((len(dout), 1), float(dout.shape[1]))",
).says("""Your gradient does not depend on the numbers in `dout`. It is right only if all of them
    are 1.""")

wrong.swap("order swapped", "weight.T @ dout, dout @ x.T", "dout @ x.T, weight.T @ dout").says("""
    `dx` and `d_weight` have changed places: the function returns `dx, d_weight, d_bias`.""")

wrong.swap(
    "weights and bias swapped",
    "weight.T @ dout, dout @ x.T, dout.sum(axis=1, keepdims=True)",
    "weight.T @ dout, dout.sum(axis=1, keepdims=True), dout @ x.T",
).says("`d_weight` and `d_bias` have changed places: the function returns `dx, d_weight, d_bias`.")

wrong.swap("d_weight from dx", ", dout @", ", (weight.T @ dout) @").says("""
    Your `d_weight` is made with `dx`. What a weight receives arrives at the layer's *output*; `dx`
    is what leaves the layer.""")

EXERCISE = Exercise(
    id="ch04.columns_backward",
    title="One sample per column: backward",
    kind="function",
    points=3,
    difficulty=2,
    reference=columns_backward,
    accepted=(
        columns_backward_through_rows,
        columns_backward_by_samples,
        lambda dout, x, weight: (
            np.einsum("md,mn->dn", weight, dout),
            np.einsum("mn,dn->md", dout, x),
            dout @ np.ones((dout.shape[1], 1)),
        ),
    ),
    mistakes=wrong.all,
    hints=(
        "You have written this already: out = weight · x is the product D = W · X of the start of "
        "the chapter.",
        "Use the rules for W · X; only the bias is new. The samples are columns now, and d_bias "
        "must come out as (M, 1).",
        "The skeleton:\n    dx = … @ …             # (D, M) · (M, N)\n"
        "    d_weight = … @ …       # (M, N) · (N, D)\n"
        "    d_bias = dout.sum(axis=…, keepdims=…)\n    return dx, d_weight, d_bias",
    ),
    probe=Probe(call, {"returns": ("dx", "d_weight", "d_bias")}),
    draw=draw_columns_backward,
    outputs=(
        Output("dx", "(D, N)", "the shape of x"),
        Output("d_weight", "(M, D)", "one number per weight"),
        Output("d_bias", "(M, 1)", "the shape of bias"),
    ),
    remark="Chapter 7 is written in this convention from start to end.",
)
