"""ch04.affine_fix: hunt two bugs in a published affine layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from exercises_lib.checking import Exercise, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch04_affine._affine import (
    AFFINE_OUTPUTS,
    Affine,
    AffineByEinsum,
    draw_affine,
)
from exercises_lib.exercises.hunting import hunt_mistakes, hunted_outputs
from exercises_lib.exercises.parts import as_part
from exercises_lib.probes.hunting import hunt


class MendedByLoops(Affine):
    def backward(self, dout):
        self.dW = sum(np.outer(x, g) for x, g in zip(self.x, dout))
        self.db = sum(g for g in dout)
        return (self.W @ dout.T).T


wrong = Mistakes(Affine)


class GivenAffine(Affine):
    def backward(self, dout):
        dx = dout @ self.W.T
        self.dW = self.x.T @ dx
        self.db = np.sum(dout, axis=1)
        return dx


def tells(found: Any) -> str | None:
    """Accept (x, W, b, dout) on which every shape is right, and dW and db are both wrong."""
    x, W, b, dout = (np.array(array, dtype=float) for array in found)
    right, given = Affine(W, b), GivenAffine(W, b)
    if x.ndim != 2 or W.ndim != 2 or dout.shape != right.forward(x).shape or b.shape != W.shape[1:]:
        return "The input is x, (N, D), W, (D, M), b, (M,), and dout, (N, M), in this order."
    given.forward(x)
    right.backward(dout)
    given.backward(dout)
    for name in ("dW", "db"):
        got, want = getattr(given, name), getattr(right, name)
        if got.shape != want.shape:
            return (
                f"On this input the given {name} has the shape {got.shape} instead of "
                f"{want.shape}: that anybody would notice. Find one on which all shapes are right."
            )
        if np.allclose(got, want):
            return f"On this input the given {name} is right."
    return None


SILENT = (
    np.array([[1.0, 2.0], [3.0, 4.0]]),
    np.array([[1.0, -1.0], [0.5, 2.0]]),
    np.array([0.0, 1.0]),
    np.array([[1.0, 0.0], [2.0, -1.0]]),
)
BY_LUCK = (np.eye(2), np.eye(2), np.zeros(2), np.eye(2))
RIGHT = {"input": SILENT, "lines": [11, 12], "repair": Affine}

wrong.answer("still the given code", GivenAffine).says("""That is the given layer still. Two of its
    lines are wrong: compare the shape of each gradient with the shape of its variable.""")

wrong.swap(
    "only db mended",
    ("self.dW = self.x.T @ dout", "dx = dout @ self.W.T\nself.dW = self.x.T @ dx"),
    ("return dout @ self.W.T", "return dx"),
).says("`db` is mended, `dW` is not: it is built from `dx`, the gradient at the layer's input.")

wrong.swap("only dW mended", "dout.sum(axis=0)", "dout.sum(axis=1)").says("""
    `dW` is mended, `db` is not: it still adds up the outputs of each sample.""")

wrong.swap(
    "x replaced by dx",
    "return dout @ self.W.T",
    "dx = dout @ self.W.T\nself.dW = dx.T @ dout\nreturn dx",
).says("""`dx.T @ dout` has the right shape and the wrong content: no gradient of the input occurs
    in `dW`. Shapes are necessary, not sufficient.""")

wrong.swap("dW transposed", "self.x.T @ dout", "dout.T @ self.x").says("""
    The right gradient is in your `dW` now, but transposed.""")

wrong.swap(
    "db from dx",
    "return dout @ self.W.T",
    "dx = dout @ self.W.T\nself.db = dx.sum(axis=0)\nreturn dx",
).says("Your `db` adds up `dx`, the gradient at the layer's input. The bias joins at the output.")

wrong.swap("dx spoiled", "return dout @ self.W.T", "return dout @ self.W").says("""
    The line of `dx` was right as it was given: without the transpose the inner sizes of `dout @ W`
    differ.""")

wrong.swap("returns nothing", "return dout @ self.W.T", "").says("""
    Your gradients are stored, and `backward` returns nothing. The given last line was right.""")

wrong.swap("db summed to one number", "dout.sum(axis=0)", "np.sum(dout)").says("""
    Without an axis `np.sum` adds up everything. Each output has its own bias.""")

wrong.swap("db averaged", "dout.sum(axis=0)", "dout.mean(axis=0)").says("""A mean over the batch is
    not the sum over the batch. `dout` already contains the division by N, if there is one.""")

wrong.swap("db kept the axis", "dout.sum(axis=0)", "dout.sum(axis=0, keepdims=True)").says("""
    Your `db` keeps an axis of length 1; `b` has one axis only.""")

wrong.swap("dW averaged", "self.x.T @ dout", "self.x.T @ dout / len(self.x)").says("""
    The product is right now, but you divide it by the batch size. If the loss is a mean, that
    division has already happened in `dout`.""")

wrong.swap("db not summed", "self.db = dout.sum(axis=0)", "self.db = dout").says("""
    Your `db` has a row for each sample. There is one bias for all of them.""")

EXERCISE = Exercise(
    id="ch04.affine_fix",
    title="Hunt two bugs in a published layer",
    kind="debug",
    points=3,
    difficulty=3,
    reference=RIGHT,
    accepted=(
        {"input": SILENT, "lines": {11, 12}, "repair": MendedByLoops},
        {
            "input": ([[1, 2], [0, 1]], [[1, 1], [2, 0]], [0, 0], [[1, 3], [2, 2]]),
            "lines": (12, 11),
            "repair": AffineByEinsum,
        },
    ),
    mistakes=(
        *hunt_mistakes(RIGHT, BY_LUCK, (5, 6, 9, 10, 13)),
        *(as_part(mistake, RIGHT, "repair") for mistake in wrong.all),
    ),
    hints=(
        "Which sizes N, D and M make every shape right by accident? With which numbers is the "
        "result right by accident, too?",
        "dW belongs to the product x · W, so it is made of x and of the gradient at the product's "
        "output. db adds up what the shared bias receives from each sample.",
        "With your input, compare by hand:\n"
        "    dW[0, 0] = x[0, 0] · … + x[1, 0] · …\n"
        "    db[0] = … + …\n"
        "and see in which lines the given layer takes other numbers.",
    ),
    probe=Probe(hunt, {"repair": "ch04.affine"}),
    draw=draw_affine,
    outputs=(*hunted_outputs(tells, (11, 12), last=13), *AFFINE_OUTPUTS),
    remark="Both lines run without complaint when all sizes are equal: test with N ≠ D ≠ M.",
)
