"""ch07.one_layer_forward: one layer forward."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch07_banknotes._shared import one_layer_forward, sizes_of_a_layer
from exercises_lib.nn import sigmoid
from exercises_lib.probes import ch07 as probes


def layer_by_entries(a_prev, weight, bias, activation):
    z = np.zeros((len(weight), a_prev.shape[1]))
    for m in range(z.shape[0]):
        for n in range(z.shape[1]):
            z[m, n] = sum(weight[m, d] * a_prev[d, n] for d in range(len(a_prev))) + bias[m, 0]
    return z * (z > 0) if activation == "relu" else 0.5 * (1 + np.tanh(z / 2)), z


def layer_from_a_table(a_prev, weight, bias, activation):
    rules = {"relu": lambda z: np.where(z < 0, 0, z), "sigmoid": lambda z: 1 / (1 + np.exp(-z))}
    z = np.einsum("md,dn->mn", weight, a_prev) + bias
    return rules[activation](z), z


def draw_layer(rng: np.random.Generator) -> Iterator[Case]:
    def case(n: int, d: int, m: int, kind: str, note: str, dtype: type = np.float64) -> Case:
        shapes = {"a_prev": (d, n), "weight": (m, d), "bias": (m, 1)}
        arrays: dict[str, Any] = {
            name: rng.normal(size=shape).astype(dtype) for name, shape in shapes.items()
        }
        # At least one unit is negative and one positive, whatever was drawn.
        arrays["bias"][0] = 9 if kind == "sigmoid" else -9
        return Case({**arrays, "activation": kind}, f'{note}, activation "{kind}"')

    n, d, m = sizes_of_a_layer(rng)
    yield case(n, d, m, "relu", f"D = {d}, N = {n}, M = {m}")
    yield case(d, m, n, "sigmoid", f"D = {m}, N = {d}, M = {n}")
    yield case(1, m, d, "relu", "a batch of one")
    yield case(m, n, 1, "sigmoid", "a single unit")
    yield case(m, d, n, "relu", "float32", np.float32)


wrong = Mistakes(one_layer_forward)

wrong.answer(
    "order swapped",
    lambda a_prev, weight, bias, activation: one_layer_forward(a_prev, weight, bias, activation)[
        ::-1
    ],
).says("`a` and `z` have changed places: the function returns `a, z`.")

wrong.answer(
    "ReLU for every activation",
    lambda a_prev, weight, bias, activation: one_layer_forward(a_prev, weight, bias, "relu"),
).says("Your layer applies ReLU where the sigmoid is asked for.")

wrong.answer(
    "sigmoid for every activation",
    lambda a_prev, weight, bias, activation: one_layer_forward(a_prev, weight, bias, "sigmoid"),
).says("Your layer applies the sigmoid where ReLU is asked for.")

wrong.answer(
    "no activation", lambda a_prev, weight, bias, activation: (weight @ a_prev + bias,) * 2
).says("Your `a` is `z`: the activation is missing. Without it two layers are no more than one.")

wrong.answer(
    "the activation in place of z",
    lambda a_prev, weight, bias, activation: (
        (one_layer_forward(a_prev, weight, bias, activation)[0],) * 2
    ),
).says("""What you return as `z` is `a`. The backward pass needs to know where `z` was negative, and
    that cannot be seen any more.""")

wrong.answer(
    "bias forgotten",
    lambda a_prev, weight, bias, activation: one_layer_forward(
        a_prev, weight, 0 * bias, activation
    ),
).says("The bias is missing.")

wrong.answer(
    "bias flattened",
    lambda a_prev, weight, bias, activation: one_layer_forward(
        a_prev, weight, bias.ravel(), activation
    ),
).says("A flat bias is laid along the samples. Its shape (M, 1) puts one number beside each unit.")

wrong.answer(
    "row convention",
    lambda a_prev, weight, bias, activation: one_layer_forward(weight, a_prev, bias, activation),
).says("`a_prev @ weight` is the order for samples in rows. Here the weights stand on the left.")

wrong.answer(
    "weight transposed",
    lambda a_prev, weight, bias, activation: one_layer_forward(a_prev, weight.T, bias, activation),
).says("`weight` has one row per unit already and needs no transpose.")

wrong.answer(
    "activation before the layer",
    lambda a_prev, weight, bias, activation: (
        weight @ (np.maximum(a_prev, 0) if activation == "relu" else sigmoid(a_prev)) + bias,
        weight @ a_prev + bias,
    ),
).says("You apply the activation to what comes in. It belongs at the end, on `z`.")


def layer_with(relu=lambda z: np.maximum(z, 0), squash=sigmoid, score=None):
    """Return a one_layer_forward with other activations, or with another way to z."""

    def answer(a_prev, weight, bias, activation):
        z = weight @ a_prev + bias if score is None else score(a_prev, weight, bias)
        return (relu(z) if activation == "relu" else squash(z)), z

    return answer


wrong.answer("activations exchanged", layer_with(sigmoid, lambda z: np.maximum(z, 0))).says("""
    Your two branches have changed places: "relu" gives the sigmoid, and "sigmoid" gives ReLU.""")

wrong.answer("bias as a row", layer_with(score=lambda a, w, b: w @ a + b.T)).says("""
    You lay the bias along axis 1, where the samples are. It is a column already: one number beside
    each unit.""")

wrong.answer("computed in rows", layer_with(score=lambda a, w, b: a.T @ w.T + b.T)).says("""
    You compute in the row convention, so each sample becomes a row of your result. Here a sample is
    a column, on the way in and on the way out.""")

wrong.answer("elementwise product", layer_with(score=lambda a, w, b: w * a + b)).says("""
    `*` multiplies entry by entry. A layer needs the matrix product.""")

wrong.answer("minimum instead of maximum", layer_with(lambda z: np.minimum(z, 0))).says("""
    Your ReLU keeps the negative numbers and drops the positive ones.""")

wrong.answer("ReLU's slope", layer_with(lambda z: (z > 0).astype(float))).says("""
    Your ReLU gives 0 or 1. That is its slope, which the backward pass needs; forward it hands on
    `z` itself where that is positive.""")

wrong.answer("Python's max", layer_with(lambda z: max(0, z))).says("""
    Python's `max` compares two things as wholes and cannot compare arrays. Which function of NumPy
    does it entry by entry?""")

wrong.answer("maximum of a whole column", layer_with(lambda z: np.max(z, 0))).says("""
    `np.max(z, 0)` is the largest entry along axis 0, not the larger of z and 0.""")

wrong.answer("exponent without minus", layer_with(squash=lambda z: 1 / (1 + np.exp(z)))).says("""
    Your sigmoid falls where it should rise: it gives the probability of the other class.""")

wrong.answer(
    "the sigmoid's slope", layer_with(squash=lambda z: sigmoid(z) * (1 - sigmoid(z)))
).says("You return the sigmoid's slope. That belongs to the backward pass.")

wrong.answer(
    "the string is called",
    lambda a_prev, weight, bias, activation: activation(weight @ a_prev + bias),
).says("""`activation` is a name, "relu" or "sigmoid". Your code has to choose what to do by it.""")


EXERCISE = Exercise(
    id="ch07.one_layer_forward",
    title="One layer forward",
    kind="function",
    points=2,
    reference=one_layer_forward,
    accepted=(layer_by_entries, layer_from_a_table),
    mistakes=wrong.all,
    hints=(
        "Write the shapes below the names: weight (M, D), a_prev (D, N), bias (M, 1).",
        "z is the product plus the bias, which broadcasts along the samples. Then one of two "
        "functions, chosen by the name; `nn.sigmoid` is safe for every z.",
        "The skeleton:\n    z = … @ … + …\n"
        '    if activation == "relu":\n        a = …\n    else:\n        a = …\n    return …, …',
    ),
    probe=Probe(probes.one_layer_forward),
    draw=draw_layer,
    outputs=tuple(
        Output(f"{kind} {name}", "(M, N)", "one row per unit, one column per sample")
        for kind in ("relu", "sigmoid")
        for name in ("a", "z")
    ),
    remark="`z` is handed out too: ReLU's backward pass asks where it was positive.",
)
