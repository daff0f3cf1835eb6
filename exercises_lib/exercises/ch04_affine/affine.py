"""ch04.Affine: the affine layer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from exercises_lib.checking import Case, Exercise, Observation, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch04_affine._affine import (
    AFFINE_OUTPUTS,
    Affine,
    AffineByEinsum,
    draw_affine,
)
from exercises_lib.probes import ch04 as probes


class AffineBySamples(Affine):
    def forward(self, x):
        self.samples = list(x)
        return np.array([sample @ self.W + self.b for sample in x])

    def backward(self, dout):
        self.dW, self.db = np.zeros(self.W.shape), np.zeros(self.b.shape)
        for sample, row in zip(self.samples, dout):
            self.dW += np.outer(sample, row)
            self.db += row
        return np.array([self.W @ row for row in dout])


class AffineWithColumnOfOnes:
    """The bias as one more row of weights, below an input that is always 1."""

    def __init__(self, W, b):
        self.params = (W, b)

    def forward(self, x):
        self.x1 = np.hstack([x, np.ones((len(x), 1))])
        return self.x1 @ np.vstack(self.params)

    def backward(self, dout):
        both = self.x1.T @ dout
        self.dW, self.db = both[:-1], both[-1]
        return (dout @ np.vstack(self.params).T)[:, :-1]


wrong = Mistakes(Affine)

wrong.swap("db summed over axis 1", "dout.sum(axis=0)", "dout.sum(axis=1)").says("""
    Your `db` adds up the outputs of each sample. The bias is shared by the samples, so those are
    what has to be added up.""")

wrong.swap("db not summed", "self.db = dout.sum(axis=0)", "self.db = dout").says("""
    Your `db` is `dout` itself, with one row per sample. All samples use the same `b`.""")

wrong.swap("db averaged", "dout.sum(axis=0)", "dout.mean(axis=0)").says("""
    Your `db` is a mean over the batch. Contributions add up; a division by N belongs to the loss
    and would be done twice here.""")

wrong.swap("db kept the axis", "dout.sum(axis=0)", "dout.sum(axis=0, keepdims=True)").says("""
    Your `db` keeps an axis of length 1. `b` has one axis, and `db` must have its shape.""")

wrong.swap("dW transposed", "self.x.T @ dout", "dout.T @ self.x").says("""
    Your `dW` is transposed: `W` has a row per input, your `dW` one per output.""")

wrong.swap("dW averaged", "self.x.T @ dout", "self.x.T @ dout / len(self.x)").says("""
    You divide `dW` by the batch size. If the loss is a mean over the batch, that division has
    already happened in `dout`.""")

wrong.swap("dW of the first sample", "self.x.T @ dout", "np.outer(self.x[0], dout[0])").says("""
    Your `dW` is the outer product of the first sample alone. Every sample of the batch uses
    `W`.""")

wrong.swap(
    "upstream dropped",
    "def backward(self, dout):",
    "def backward(self, dout):\n    dout = np.ones_like(dout)",
).says("""Your backward gives the same for every `dout` of a shape: local derivatives alone. What
    arrives from above has to be multiplied in.""")

wrong.swap("dx without the transpose", "return dout @ self.W.T", "return dout @ self.W").says("""
    `dout @ W` multiplies (N, M) by (D, M): the inner sizes differ. It would run for a square `W`,
    and be wrong.""")

wrong.swap("dx from dW", "self.W.T", "self.dW.T").says("""Your `dx` is made with the gradient `dW`.
    The backward pass leads through the weights.""")

wrong.swap("backward returns nothing", "return dout @ self.W.T", "").says("""
    Your `backward` stores `dW` and `db` and returns nothing. The layer below waits for `dx`.""")

wrong.swap(
    "backward returns all three", "dout @ self.W.T", "dout @ self.W.T, self.dW, self.db"
).says("""Your `backward` returns three arrays. Store `dW` and `db` in the layer and return `dx`
    alone, so that layers can be chained.""")

wrong.swap("dW not transposed", "self.x.T", "self.x").says("""`x @ dout` multiplies (N, D) by (N,
    M). The inner size, the one that is added up over, has to be the batch.""")

wrong.swap("dW with the factors swapped", "self.x.T @ dout", "dout @ self.x.T").says("""
    `dout @ x.T` has the factors in the wrong order: `W` is the right factor of x · W, so `dout`
    stays on the right.""")

wrong.swap(
    "dW from dx",
    "return dout @ self.W.T",
    "dx = dout @ self.W.T\nself.dW = self.x.T @ dx\nreturn dx",
).says("""Your `dW` is made of `dx`, the gradient at the layer's input. A factor of a product
    receives what arrives at the product's output.""")

wrong.swap("dW of the last sample", "self.x.T @ dout", "np.outer(self.x[-1], dout[-1])").says("""
    Your `dW` is the outer product of the last sample alone; perhaps each pass of a loop overwrites
    the one before. Every sample of the batch uses `W`.""")

wrong.swap("dx with the factors swapped", "dout @ self.W.T", "self.W.T @ dout").says("""
    `W.T @ dout` has the factors in the wrong order: `W` is the right factor of x · W, and `dout`
    keeps its samples in rows.""")

wrong.swap("dx transposed", "dout @ self.W.T", "(dout @ self.W.T).T").says("""
    Your `dx` is transposed: it has one column per sample, and `x` has one row.""")

wrong.swap("returns dW", "return dout @ self.W.T", "return self.dW").says("""
    Your `backward` returns `dW`. The layer below waits for `dx`; `dW` has arrived and stays in the
    layer.""")

wrong.swap("db summed to one number", "dout.sum(axis=0)", "np.sum(dout)").says("""
    Your `db` adds up everything, the outputs too. Each output has its own bias.""")

wrong.swap("weights on the left", "x @ self.W", "self.W @ x").says("""`W @ x` is the order for one
    sample per column. Here the samples are rows, on the left of the weights.""")

wrong.swap("weights transposed", "W +", "W.T +").says("""`W` has the shape (D, M) already: behind an
    x of shape (N, D) it needs no transpose.""")

wrong.swap(
    "keeps the output",
    ("self.x = x", "self.x = x @ self.W + self.b"),
    ("return x @ self.W + self.b", "return self.x"),
).says("""Your layer keeps its output where it should keep its input: the right numbers for `dW` are
    overwritten before they are stored.""")

wrong.swap(
    "updates itself",
    "self.db = dout.sum(axis=0)",
    """
    self.db = dout.sum(axis=0)
    self.W -= 0.1 * self.dW
    self.b -= 0.1 * self.db
""",
).says("""Your `backward` changes the parameters. The layer only measures; the step is taken later,
    when all gradients are known.""")

wrong.swap(
    "gradients pile up",
    (
        "self.W, self.b = W, b",
        "self.W, self.b = W, b\nself.dW, self.db = np.zeros(W.shape), np.zeros(b.shape)",
    ),
    ("self.x.T", "self.dW + self.x.T"),
    ("dout.sum(axis=0)", "self.db + dout.sum(axis=0)"),
).says("""Your `backward` adds to the `dW` and `db` of earlier calls. Each call answers for its own
    `dout`.""")


class KeepsFirstBatch(Affine):
    x = None

    def forward(self, x):
        if self.x is None:
            self.x = x
        return x @ self.W + self.b


wrong.answer("keeps the first batch", KeepsFirstBatch).says("""Your layer remembers the first `x` it
    ever saw. Each `forward` replaces what the last one kept.""")

wrong.swap(
    "copies the parameters", "self.W, self.b = W, b", "self.W, self.b = W.copy(), b.copy()"
).says("""Your layer works on copies of `W` and `b`. Training updates the arrays it handed over, and
    your layer would never notice.""")

wrong.swap("bias forgotten", "W + self.b", "W").says("Your `forward` leaves the bias out.")

wrong.swap(
    "keeps a transposed copy",
    ("self.W, self.b = W, b", "self.W, self.b = W, b\nself.W_T = W.T.copy()"),
    ("return dout @ self.W.T", "return dout @ self.W_T"),
).says("""In the backward pass the layer uses a copy of the weights that was made in `__init__`.
    Training updates `W` in place, and the copy does not see it.""")

wrong.swap("dW as one outer product", "self.x.T @ dout", "np.outer(self.x, dout)").says("""
    `np.outer` lays a whole batch flat and multiplies every number with every other. It is meant for
    one sample; the samples' tables have to be added up.""")

wrong.swap("dx averaged", "self.W.T", "self.W.T / len(dout)").says("""You divide `dx` by the batch
    size. If the loss is a mean, that division has already happened in `dout`.""")


def misses_what_forward_had(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Recognise that `backward` asks for an attribute, or a name, that `forward` did not store."""
    failures = [one.failure for one in seen if one.failure is not None]
    return any(
        f.type in ("AttributeError", "NameError") and f.during.startswith("backward(")
        for f in failures
    )


wrong.swap("nothing stored", "self.x = x", "").says(
    """`backward` asks for something that `forward` has not stored under this name. What shall last
    is stored with `self.` in front.""",
    recognise=misses_what_forward_had,
)

EXERCISE = Exercise(
    id="ch04.Affine",
    title="The affine layer",
    kind="class",
    points=4,
    difficulty=2,
    reference=Affine,
    accepted=(AffineByEinsum, AffineBySamples, AffineWithColumnOfOnes),
    mistakes=wrong.all,
    hints=(
        "forward has to keep something that backward will need: which of x, W, b and out occurs in "
        "dW?",
        "dx is made of dout and W, dW of x and dout, db of dout alone. Shapes (N, D), (D, M) and "
        "(M,) tell you which factor is transposed and in which order they stand.",
        "The skeleton:\n    def forward(self, x):\n        self.x = …\n        return … + self.b\n\n"
        "    def backward(self, dout):\n        self.dW = … @ …      # (D, N) · (N, M)\n"
        "        self.db = …          # (M,)\n        return … @ …         # (N, M) · (M, D)",
    ),
    probe=Probe(probes.affine),
    draw=draw_affine,
    outputs=AFFINE_OUTPUTS,
    remark="Tried with two calls of backward, a batch of another size, a batch of one, float32, and "
    "after W and b had been updated in place.",
)
