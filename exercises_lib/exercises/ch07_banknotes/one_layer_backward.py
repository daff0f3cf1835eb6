"""ch07.one_layer_backward: one layer back."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch07_banknotes._shared import one_layer_backward, sizes_of_a_layer
from exercises_lib.probes import call


def layer_backward_by_samples(dz, a_prev, weight):
    da, d_weight = np.zeros(a_prev.shape), np.zeros(weight.shape)
    d_bias = np.zeros((len(weight), 1))
    for n in range(dz.shape[1]):
        da[:, n] = dz[:, n] @ weight
        d_weight += np.outer(dz[:, n], a_prev[:, n])
        d_bias[:, 0] += dz[:, n]
    return da, d_weight, d_bias


def layer_backward_in_rows(dz, a_prev, weight):
    d, x, W = dz.T, a_prev.T, weight.T
    return (d @ W.T).T, (x.T @ d).T, d.sum(axis=0)[:, None]


def draw_backward(rng: np.random.Generator) -> Iterator[Case]:
    def case(n: int, d: int, m: int, note: str, dtype: type = np.float64) -> Case:
        shapes = {"dz": (m, n), "a_prev": (d, n), "weight": (m, d)}
        return Case({k: rng.normal(size=s).astype(dtype) for k, s in shapes.items()}, note)

    n, d, m = sizes_of_a_layer(rng)
    yield case(n, d, m, f"D = {d}, N = {n}, M = {m}")
    yield case(m, n, d, "other sizes")
    yield case(1, m, d, "a batch of one")
    yield case(d, m, 1, "a single unit")
    yield case(d, m, n, "float32", np.float32)


wrong = Mistakes(one_layer_backward)

wrong.answer(
    "d_bias over axis 0", lambda dz, a, w: (w.T @ dz, dz @ a.T, dz.sum(axis=0, keepdims=True))
).says("""You sum over axis 0, the units. The samples lie along axis 1 here, and they share the
    bias.""")

wrong.answer("d_bias lost its axis", lambda dz, a, w: (w.T @ dz, dz @ a.T, dz.sum(axis=1))).says("""
    The sums are right and have shape (M,). Subtracted from a bias of shape (M, 1) that gives (M,
    M), and the next layer has M biases per unit.""")

wrong.answer("d_bias not summed", lambda dz, a, w: (w.T @ dz, dz @ a.T, dz)).says("""
    Your `d_bias` has one column per sample. All samples share one bias.""")

wrong.answer("d_bias of everything", lambda dz, a, w: (w.T @ dz, dz @ a.T, dz.sum())).says("""
    You add up everything. Each unit has a bias of its own.""")

wrong.answer(
    "divided by the samples",
    lambda dz, a, w: (
        w.T @ dz,
        dz @ a.T / dz.shape[1],
        dz.sum(axis=1, keepdims=True) / dz.shape[1],
    ),
).says("""You divide by the number of samples here. The loss is a mean, and that division is already
    in the `dz` that arrives.""")

wrong.answer(
    "d_weight transposed", lambda dz, a, w: (w.T @ dz, a @ dz.T, dz.sum(axis=1, keepdims=True))
).says("""Your `d_weight` has one row per input. `weight` has one row per unit, and so has its
    gradient.""")

wrong.answer(
    "weight not transposed", lambda dz, a, w: (w @ dz, dz @ a.T, dz.sum(axis=1, keepdims=True))
).says("`weight @ dz` multiplies (M, D) by (M, N): the inner sizes differ.")

wrong.answer(
    "rules of the row convention", lambda dz, a, w: (dz @ w.T, a.T @ dz, dz.sum(axis=0))
).says("""Those are the rules for one sample per row. Here the weights stand on the left, so the
    factors change places.""")

wrong.answer(
    "da_prev from d_weight",
    lambda dz, a, w: ((dz @ a.T).T @ dz, dz @ a.T, dz.sum(axis=1, keepdims=True)),
).says("""Your `da_prev` is made with the gradient of the weights. The backward pass leads through
    the weights themselves.""")

wrong.answer(
    "upstream dropped", lambda dz, a, w: one_layer_backward(np.ones_like(dz), a, w)
).says("Your gradients do not depend on the numbers in `dz`.")

wrong.answer(
    "order swapped", lambda dz, a, w: (dz @ a.T, dz.sum(axis=1, keepdims=True), w.T @ dz)
).says("The order is `da_prev, d_weight, d_bias`: first what the layer below waits for.")

wrong.answer(
    "da_prev transposed", lambda dz, a, w: (dz.T @ w, dz @ a.T, dz.sum(axis=1, keepdims=True))
).says("""Your `da_prev` has one row per sample. `a_prev` has one column per sample, and so has its
    gradient.""")

wrong.answer(
    "ReLU applied here",
    lambda dz, a, w: ((w.T @ dz) * (a > 0), dz @ a.T, dz.sum(axis=1, keepdims=True)),
).says("""You put ReLU's mask on `da_prev`. This function knows of no activation; the one below
    belongs to the caller, and the input of the network has none.""")

wrong.answer(
    "d_bias as a row", lambda dz, a, w: (w.T @ dz, dz @ a.T, dz.sum(axis=1)[np.newaxis])
).says("The sums are right and lie in a row, (1, M). The bias is a column.")


EXERCISE = Exercise(
    id="ch07.one_layer_backward",
    title="One layer back",
    kind="function",
    points=2,
    reference=one_layer_backward,
    accepted=(layer_backward_by_samples, layer_backward_in_rows),
    mistakes=wrong.all,
    hints=(
        "You have written this in chapter 4, as `columns_backward`. What has the shape of each of "
        "the three results?",
        "Everybody keeps their side: in z = weight · a_prev the weight is the left factor. The bias "
        "has been copied along the samples.",
        "The skeleton:\n    da_prev = … @ …      # (D, M) · (M, N)\n"
        "    d_weight = … @ …     # (M, N) · (N, D)\n"
        "    d_bias = dz.sum(…)   # (M, 1)\n    return da_prev, d_weight, d_bias",
    ),
    probe=Probe(call, {"returns": ("da_prev", "d_weight", "d_bias")}),
    draw=draw_backward,
    outputs=(
        Output("da_prev", "(D, N)", "the shape of a_prev"),
        Output("d_weight", "(M, D)", "one number per weight"),
        Output("d_bias", "(M, 1)", "the shape of bias"),
    ),
    remark="No activation occurs here: it stands between two layers, and the caller takes care of it.",
)
