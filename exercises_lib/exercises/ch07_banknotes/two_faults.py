"""ch07.two_faults: two faults that hide each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch07_banknotes._shared import labels, sizes_of_a_layer
from exercises_lib.exercises.hunting import hunt_mistakes, hunted_outputs
from exercises_lib.exercises.parts import as_part
from exercises_lib.nn import sigmoid
from exercises_lib.probes.hunting import hunt


def given(x, t, weight, bias, lr):
    """The code of the notebook."""
    p = sigmoid(weight @ x + bias)
    dz = (t - p) / x.shape[1]
    grads = dz @ x.T, dz.sum(axis=1, keepdims=True)
    moved = [old + lr * grad for old, grad in zip((weight, bias), grads)]
    return *moved, *grads


def step(x, t, weight, bias, lr):
    p = sigmoid(weight @ x + bias)
    dz = (p - t) / x.shape[1]
    grads = dz @ x.T, dz.sum(axis=1, keepdims=True)
    moved = [old - lr * grad for old, grad in zip((weight, bias), grads)]
    return *moved, *grads


def step_by_samples(x, t, weight, bias, lr):
    d_weight, d_bias = np.zeros_like(weight), np.zeros_like(bias)
    for column, label in zip(x.T, t[0]):
        slope = sigmoid(weight @ column + bias[:, 0])[0] - label
        d_weight += slope * column / len(t[0])
        d_bias += slope / len(t[0])
    return weight - lr * d_weight, bias - lr * d_bias, d_weight, d_bias


def step_with_signs_in_front(x, t, weight, bias, lr):
    dz = -(t - sigmoid(weight @ x + bias)) / t.size
    d_weight, d_bias = dz @ x.T, dz.sum(axis=1)[:, np.newaxis]
    return weight + -lr * d_weight, bias + -lr * d_bias, d_weight, d_bias


def draw_step(rng: np.random.Generator) -> Iterator[Case]:
    def case(n: int, d: int, note: str) -> Case:
        inputs = {"x": rng.normal(size=(d, n)), "t": labels(rng, n)}
        inputs |= {"weight": rng.normal(size=(1, d)), "bias": rng.normal(size=(1, 1))}
        return Case({**inputs, "lr": float(rng.uniform(0.2, 0.6))}, note)

    n, d, m = sizes_of_a_layer(rng)
    yield case(n, d, f"{d} features, {n} samples")
    yield case(m + 3, n, f"{n} features, {m + 3} samples")
    yield case(1, m, "a single sample")


def tells(found: Any) -> str | None:
    """Accept (x, t, weight, bias) on which the given gradients are wrong."""
    x, t, weight, bias = (np.atleast_2d(np.array(array, dtype=float)) for array in found)
    if t.shape != (1, x.shape[1]) or weight.shape != (1, len(x)) or bias.shape != (1, 1):
        return "The input is (x, t, weight, bias) with shapes (D, N), (1, N), (1, D) and (1, 1)."
    theirs, right = given(x, t, weight, bias, 0.1)[2:], step(x, t, weight, bias, 0.1)[2:]
    if all(np.allclose(a, b) for a, b in zip(theirs, right)):
        return "On this input both gradients are right: they are 0, or near it."
    return None


RIGHT = {"input": ([[2.0]], [[1.0]], [[0.5]], [[0.0]]), "lines": [3, 5], "repair": step}
HARMLESS = ([[1.0, 1.0]], [[0.0, 1.0]], [[0.0]], [[0.0]])

wrong = Mistakes(step)

wrong.answer("still the given code", given).says("""The step leads downhill, as before, and the
    gradients still have the wrong sign. A gradient check would say so.""")
wrong.swap("only the gradient mended", "old - lr", "old + lr").says("""
    The gradients are right now, and the step leads uphill: the second fault has lost the one that
    made up for it.""")
wrong.swap("only the step mended", "(p - t)", "(t - p)").says("""
    The step is the usual one now, and it leads uphill, because the gradients still have the wrong
    sign.""")
wrong.swap(
    "sign of the result alone",
    "(p - t)",
    "(t - p)",
    "old - lr * grad",
    "old + lr * grad",
    "return *moved, *grads",
    "return *moved, -grads[0], grads[1]",
).says("""
    You turn the sign of `d_weight` where it is returned. `d_bias` still has the wrong one.""")
wrong.swap("not divided by the samples", "(p - t) / x.shape[1]", "(p - t)").says("""
    The signs are right now, and the gradients are N times too large: the division by N is gone.""")
wrong.swap("divided by the features", "x.shape[1]", "x.shape[0]").says("""
    You divide by the number of features. Samples are columns: N stands in `x.shape[1]`.""")
wrong.swap("the sigmoid's slope once more", "(p - t) /", "(p - t) * p * (1 - p) /").says("""
    You multiply by the sigmoid's slope. p − t is the gradient of the loss by the score already.""")
wrong.swap("rate dropped", "old - lr * grad", "old - grad").says("""
    The learning rate is missing in the step.""")
wrong.swap("absolute value", "(p - t) /", "abs(p - t) /").says("""
    You take the absolute value. A label of 1 pulls the score up and a label of 0 pulls it down: the
    sign tells which.""")


EXERCISE = Exercise(
    id="ch07.two_faults",
    title="Two faults that hide each other",
    kind="debug",
    points=4,
    difficulty=3,
    reference=RIGHT,
    accepted=(
        {
            "input": ([[1, 2]], [[1, 1]], [[0.0]], [[0.0]]),
            "lines": (5, 3),
            "repair": step_by_samples,
        },
        {
            "input": (np.ones((2, 1)), [[0.0]], [[0.3, -0.1]], [[0.2]]),
            "lines": [3, 5],
            "repair": step_with_signs_in_front,
        },
    ),
    mistakes=(
        *hunt_mistakes(RIGHT, HARMLESS, (2, 4, 6)),
        *(as_part(mistake, RIGHT, "repair") for mistake in wrong.all),
    ),
    hints=(
        "The parameters move as they should. What else does the function return, and how do you "
        "test that?",
        "One sample will do. Work out p, then (p − t) · x by hand, and compare it with the third "
        "thing that is returned. If a gradient is wrong and the step is right, how many lines are "
        "wrong?",
        "Fill in for x = 2, t = 1, weight = 0.5, bias = 0:\n    p = …\n    dz = …\n"
        "    d_weight = …            returned: …\n    weight − lr · d_weight = …   returned: …",
    ),
    probe=Probe(
        hunt,
        {"repair": "call", "params": {"returns": ("weight", "bias", "d_weight", "d_bias")}},
    ),
    draw=draw_step,
    outputs=(
        *hunted_outputs(tells, (3, 5), last=6),
        Output("weight", "(1, D)", "the shape of weight"),
        Output("bias", "(1, 1)", "the shape of bias"),
        Output("d_weight", "(1, D)", "the shape of weight"),
        Output("d_bias", "(1, 1)", "the shape of bias"),
    ),
    remark="Mended one at a time, each of the two makes the training worse.",
)
