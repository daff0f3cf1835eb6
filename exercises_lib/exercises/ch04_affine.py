"""Exercises of chapter 04: matrix products, bias, broadcasting, and a network worked by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from exercises_lib.checking import Case, Exercise, Field, Mistake, Observation, Output, Probe
from exercises_lib.probes import call, values
from exercises_lib.probes import ch04 as probes


def three_sizes(rng: np.random.Generator) -> tuple[int, int, int]:
    """Draw three sizes from 2 to 6, all different."""
    one, two, three = rng.choice(np.arange(2, 7), size=3, replace=False).tolist()
    return one, two, three


# --- shapes ---------------------------------------------------------------------------------

# (name, what is asked, the right option, option → (text, what to say when it is picked))
SHAPE_QUESTIONS: tuple[tuple[str, str, str, dict[str, tuple[str, str]]], ...] = (
    (
        "dscores",
        "gradient of the loss with respect to `scores`",
        "b",
        {
            "a": (
                "(5,)",
                "One number per sample would be enough if a sample had one score. It has two, and "
                "the loss reacts to each of them.",
            ),
            "b": ("(5, 2)", ""),
            "c": (
                "(), a single number",
                "The loss is a single number; its gradient is not. Every entry of `scores` has its "
                "own derivative.",
            ),
        },
    ),
    (
        "dW2",
        "gradient with respect to `W2`",
        "c",
        {
            "a": (
                "(2, 3)",
                "That is `W2` transposed. A gradient lies on its variable entry by entry, so that "
                "`W2 -= rate * dW2` can work.",
            ),
            "b": (
                "(5, 3, 2)",
                "All five samples use the same `W2`. What they send back to an entry of it is added "
                "up, so the batch does not appear in the gradient's shape.",
            ),
            "c": ("(3, 2)", ""),
        },
    ),
    (
        "db2",
        "gradient with respect to `b2`",
        "a",
        {
            "a": ("(2,)", ""),
            "b": (
                "(5, 2)",
                "That is what arrives at the bias before the samples are added up. `b2` itself has "
                "no entry per sample.",
            ),
            "c": (
                "(5,)",
                "That is one number per sample. `b2` has one number per output, and the samples "
                "share it.",
            ),
        },
    ),
    (
        "dh",
        "gradient with respect to `h`",
        "b",
        {
            "a": (
                "(3,)",
                "`h` holds three numbers for each of five samples. Other samples have other "
                "gradients there.",
            ),
            "b": ("(5, 3)", ""),
            "c": (
                "(5, 2)",
                "That is the shape of what arrives from above. On its way through `W2` it changes "
                "into the shape of what went in.",
            ),
        },
    ),
    (
        "dW1",
        "gradient with respect to `W1`",
        "c",
        {
            "a": (
                "(3, 4)",
                "The two sizes are right and their order is not: that is `W1` transposed.",
            ),
            "b": (
                "(5, 3)",
                "That is the shape of `x · W1`, the layer's output. The question is about `W1`.",
            ),
            "c": ("(4, 3)", ""),
        },
    ),
    (
        "db1",
        "gradient with respect to `b1`",
        "a",
        {
            "a": ("(3,)", ""),
            "b": (
                "(4,)",
                "Four is the number of inputs. A bias is added to the outputs of its layer, and "
                "there are three.",
            ),
            "c": (
                "(1, 3)",
                "The numbers may be the same, the shape is not: `b1` has one axis. "
                "NumPy's arithmetic often hides the difference, until it does not.",
            ),
        },
    ),
    (
        "dx",
        "gradient with respect to `x`",
        "c",
        {
            "a": (
                "(4,)",
                "That is one sample. `x` is a batch, and each sample has a gradient of its own.",
            ),
            "b": (
                "(4, 3)",
                "That is the shape of `W1`. A gradient has the shape of the thing it belongs to.",
            ),
            "c": ("(5, 4)", ""),
        },
    ),
)

RIGHT_SHAPES = {name: right for name, _, right, _ in SHAPE_QUESTIONS}

SHAPES = Exercise(
    id="ch04.shapes",
    title="The shape of every gradient",
    kind="choice",
    points=2,
    reference=RIGHT_SHAPES,
    accepted=(
        dict(reversed(RIGHT_SHAPES.items())),
        {name: f" {right} " for name, right in RIGHT_SHAPES.items()},
    ),
    mistakes=tuple(
        Mistake(f"{name}: {text}", RIGHT_SHAPES | {name: key}, f"{name}: {message}")
        for name, _, right, options in SHAPE_QUESTIONS
        for key, (text, message) in options.items()
        if key != right
    ),
    fields=tuple(
        Field(name, question, {key: text for key, (text, _) in options.items()})
        for name, question, _, options in SHAPE_QUESTIONS
    ),
    hints=(
        "For each gradient ask one thing only: what is the shape of the variable it belongs to?",
        "A gradient holds one derivative per number of its variable, so the two have the same "
        "shape. Where the samples share a variable, their contributions are added up.",
        "Write the shape of every variable beside its name, then copy:\n"
        "    x (5, 4)   W1 (4, 3)   b1 …   h …   W2 …   b2 …   scores …\n"
        "    dx …       dW1 …       db1 …  dh …  dW2 …  db2 …  dscores …",
    ),
    probe=Probe(values, {"names": tuple(RIGHT_SHAPES)}),
    remark="You did not differentiate anything: a gradient has the shape of its variable.",
)


# --- the matrix product ---------------------------------------------------------------------


def matmul_backward(W, X, dD):
    return dD @ X.T, W.T @ dD


def matmul_backward_by_entries(W, X, dD):
    dW, dX = np.zeros(W.shape), np.zeros(X.shape)
    for i in range(W.shape[0]):
        for j in range(X.shape[1]):
            for k in range(W.shape[1]):
                dW[i, k] += dD[i, j] * X[k, j]
                dX[k, j] += W[i, k] * dD[i, j]
    return dW, dX


def matmul_last_term(W, X, dD):
    # what three loops leave behind that store with `=` in place of `+=`
    return np.outer(dD[:, -1], X[:, -1]), np.outer(W[-1], dD[-1])


def draw_matmul(rng: np.random.Generator) -> Iterator[Case]:
    def case(r: int, k: int, c: int, note: str, dtype: type = np.float64) -> Case:
        shapes = {"W": (r, k), "X": (k, c), "dD": (r, c)}
        return Case({n: rng.normal(size=s).astype(dtype) for n, s in shapes.items()}, note)

    yield case(5, 10, 3, "W (5, 10), X (10, 3)")
    yield case(*three_sizes(rng), "other sizes")
    yield case(1, *three_sizes(rng)[:2], "a single row in W")
    yield case(*three_sizes(rng)[:2], 1, "a single column in X")
    yield case(*three_sizes(rng), "float32", np.float32)


MATMUL_BACKWARD = Exercise(
    id="ch04.matmul_backward",
    title="Backward through W · X",
    kind="function",
    points=3,
    reference=matmul_backward,
    accepted=(
        matmul_backward_by_entries,
        lambda W, X, dD: (np.einsum("ij,kj->ik", dD, X), np.einsum("ik,ij->kj", W, dD)),
        lambda W, X, dD: ((X @ dD.T).T, (dD.T @ W).T),
        lambda W, X, dD: (
            sum(np.outer(dD[:, j], X[:, j]) for j in range(X.shape[1])),
            sum(np.outer(W[i], dD[i]) for i in range(W.shape[0])),
        ),
    ),
    mistakes=(
        Mistake(
            "order swapped",
            lambda W, X, dD: (W.T @ dD, dD @ X.T),
            "Both gradients are there, in the wrong order: the function returns `dW` first and "
            "`dX` second.",
        ),
        Mistake(
            "dW transposed",
            lambda W, X, dD: (X @ dD.T, W.T @ dD),
            "Your `dW` is the transpose of the right one. Turning a product around turns each "
            "factor and their order: look which of the two products has the shape of `W`.",
        ),
        Mistake(
            "dX transposed",
            lambda W, X, dD: (dD @ X.T, dD.T @ W),
            "Your `dX` is the transpose of the right one: it has a row per column of `X`.",
        ),
        Mistake(
            "nothing transposed",
            lambda W, X, dD: (dD @ X, W @ dD),
            "You multiply by `X` and `W` as they are. Backwards each factor takes the sum along "
            "its other axis, and that needs a transpose. Write the shapes below the names.",
        ),
        Mistake(
            "entry by entry",
            lambda W, X, dD: (dD * X, W * dD),
            "`*` multiplies entry by entry. That is the backward rule of the gate `x * y`; here "
            "every entry of `W` is used in a whole row of `D`.",
        ),
        Mistake(
            "upstream dropped",
            lambda W, X, dD: (np.ones_like(dD) @ X.T, W.T @ np.ones_like(dD)),
            "Your gradient does not depend on `dD`: it is right only if every entry of `dD` is 1. "
            "Local derivative times what arrives, here too.",
        ),
        Mistake(
            "averaged over the columns",
            lambda W, X, dD: (dD @ X.T / X.shape[1], W.T @ dD),
            "You divide `dW` by the number of columns. The columns' contributions are added; if "
            "the loss is a mean, its division is already in `dD`.",
        ),
        Mistake(
            "rules for the row convention",
            lambda W, X, dD: (X.T @ dD, dD @ W.T),
            "Those are the rules for `X · W`. Here `W` stands on the left, so the factors change "
            "places.",
        ),
        Mistake(
            "the last term only",
            matmul_last_term,
            "Each pass of your innermost loop overwrites what the one before it has stored. An "
            "entry is used several times, and what comes back from each use is added up.",
        ),
        Mistake(
            "forced into the shape",
            lambda W, X, dD: ((X @ dD.T).reshape(W.shape), (dD.T @ W).reshape(X.shape)),
            "`reshape` makes the shape right and mixes the entries up: it fills row after row. "
            "Rows become columns with a transpose only.",
        ),
        Mistake(
            "the other factor alone",
            lambda W, X, dD: (X.T, W.T),
            "That is the other factor, without what arrives: `dD` does not occur in your answer.",
        ),
        Mistake(
            "the other factor as it is",
            lambda W, X, dD: (X, W),
            "That is the other factor, without what arrives: `dD` does not occur in your answer.",
        ),
        Mistake(
            "dX from dW",
            lambda W, X, dD: (dD @ X.T, (dD @ X.T).T @ dD),
            "Your `dX` is made with the gradient `dW` where the weights `W` themselves are needed.",
        ),
    ),
    hints=(
        "Write the shapes down: W (R, K), X (K, C), dD (R, C). Which shape must dW have?",
        "dW is made of dD and X, dX of W and dD. One factor of each product is transposed; only "
        "one order has the right shape.",
        "The skeleton:\n    dW = … @ …      # (R, C) · (C, K)\n"
        "    dX = … @ …      # (K, R) · (R, C)\n    return dW, dX",
    ),
    probe=Probe(call, {"returns": ("dW", "dX")}),
    draw=draw_matmul,
    outputs=(
        Output("dW", "(R, K)", "the shape of W"),
        Output("dX", "(K, C)", "the shape of X"),
    ),
    remark="The two rules are all the calculus in this chapter; the rest is bookkeeping.",
)


# --- one sample -----------------------------------------------------------------------------


def affine_one_sample(x, W, b, dout):
    out = x @ W + b
    dx = W @ dout
    dW = np.outer(x, dout)
    return out, dx, dW, dout.copy()


def affine_one_sample_by_entries(x, W, b, dout):
    D, M = W.shape
    out, dx, dW = b.copy(), np.zeros(D), np.zeros((D, M))
    for m in range(M):
        for d in range(D):
            out[m] += x[d] * W[d, m]
            dx[d] += dout[m] * W[d, m]
            dW[d, m] = dout[m] * x[d]
    return out, dx, dW, dout


def affine_one_sample_as_batch(x, W, b, dout):
    row, drow = x[None, :], dout[None, :]
    return (row @ W)[0] + b, (drow @ W.T)[0], row.T @ drow, drow.sum(axis=0)


def draw_one_sample(rng: np.random.Generator) -> Iterator[Case]:
    def case(d: int, m: int, note: str, dtype: type = np.float64) -> Case:
        shapes = {"x": (d,), "W": (d, m), "b": (m,), "dout": (m,)}
        return Case({n: rng.normal(size=s).astype(dtype) for n, s in shapes.items()}, note)

    yield case(3, 2, "3 inputs, 2 outputs")
    d, m, _ = three_sizes(rng)
    yield case(d, m, "other sizes")
    yield case(m, 1, "a single output")
    yield case(m, d, "float32", np.float32)
    yield case(3, 3, "as many outputs as inputs")


AFFINE_ONE_SAMPLE = Exercise(
    id="ch04.affine_one_sample",
    title="One sample through x · W + b",
    kind="function",
    points=2,
    reference=affine_one_sample,
    accepted=(
        affine_one_sample_by_entries,
        affine_one_sample_as_batch,
        lambda x, W, b, dout: (
            np.einsum("d,dm->m", x, W) + b,
            (W * dout).sum(axis=1),
            x[:, None] * dout,
            1.0 * dout,
        ),
    ),
    mistakes=(
        Mistake(
            "bias forgotten",
            lambda x, W, b, dout: (x @ W, W @ dout, np.outer(x, dout), dout),
            "Your `out` is `x · W` without the bias.",
        ),
        Mistake(
            "dW transposed",
            lambda x, W, b, dout: (x @ W + b, W @ dout, np.outer(dout, x), dout),
            "Your `dW` is transposed: it has a row per output. Row `d` of `W` belongs to input "
            "`d`, and so must row `d` of `dW`.",
        ),
        Mistake(
            "dW as a dot product",
            lambda x, W, b, dout: (x @ W + b, W @ dout, x.T @ dout, dout),
            "`x.T @ dout` is a dot product here: an array with one axis has no second axis to "
            "transpose, so `x.T` is `x`. `dW` needs every product of an input with an output.",
        ),
        Mistake(
            "dx with W the other way round",
            lambda x, W, b, dout: (x @ W + b, dout @ W, np.outer(x, dout), dout),
            "`dout @ W` sums over the wrong axis of `W`. Input `d` reaches every output, through "
            "the weights in row `d`.",
        ),
        Mistake(
            "dx with W transposed",
            lambda x, W, b, dout: (x @ W + b, W.T @ dout, np.outer(x, dout), dout),
            "`W.T @ dout` sums over the inputs, and `dout` has an entry per output. Write the shapes "
            "below the names.",
        ),
        Mistake(
            "out with W on the left",
            lambda x, W, b, dout: (W @ x + b, W @ dout, np.outer(x, dout), dout),
            "`W @ x` is the order of another convention, with a row of weights per output. Here a "
            "row of `W` belongs to an input.",
        ),
        Mistake(
            "dW entry by entry",
            lambda x, W, b, dout: (x @ W + b, W @ dout, x * dout, dout),
            "`x * dout` pairs the first with the first, the second with the second. `dW` needs every "
            "product of an input with an output gradient.",
        ),
        Mistake(
            "dx not summed",
            lambda x, W, b, dout: (x @ W + b, W * dout, np.outer(x, dout), dout),
            "Your `dx` still has one number per weight. An input is used by all outputs, and what "
            "comes back from them is added up.",
        ),
        Mistake(
            "upstream dropped",
            lambda x, W, b, dout: (
                x @ W + b,
                W.sum(axis=1),
                np.outer(x, np.ones_like(dout)),
                np.ones_like(dout),
            ),
            "Your gradient is the local derivative alone. It has to be multiplied by `dout`, which "
            "is 1 everywhere only in bad tests.",
        ),
        Mistake(
            "db summed to one number",
            lambda x, W, b, dout: (x @ W + b, W @ dout, np.outer(x, dout), dout.sum()),
            "You add up `dout`. With one sample nothing is shared: each output has its own bias "
            "and each bias its own gradient.",
        ),
        Mistake(
            "db times b",
            lambda x, W, b, dout: (x @ W + b, W @ dout, np.outer(x, dout), dout * b),
            "You multiply by `b`. The bias is added, and an addition hands the gradient on as it "
            "is.",
        ),
        Mistake(
            "returned in another order",
            lambda x, W, b, dout: (x @ W + b, np.outer(x, dout), W @ dout, dout),
            "`dW` and `dx` have changed places: the function returns `out, dx, dW, db`.",
        ),
        Mistake(
            "dW from dx",
            lambda x, W, b, dout: (x @ W + b, W @ dout, np.outer(x, W @ dout), dout),
            "Your `dW` is made with `dx`. What a weight receives arrives at the layer's *output*; "
            "`dx` is what leaves the layer.",
        ),
        Mistake(
            "db averaged",
            lambda x, W, b, dout: (x @ W + b, W @ dout, np.outer(x, dout), np.mean(dout)),
            "Your `db` is one number, a mean. Each output has its own bias, and each bias its own "
            "gradient.",
        ),
        Mistake(
            "bias subtracted",
            lambda x, W, b, dout: (x @ W - b, W @ dout, np.outer(x, dout), dout),
            "Your `out` subtracts the bias. It is added.",
        ),
        Mistake(
            "the bias for its gradient",
            lambda x, W, b, dout: (x @ W + b, W @ dout, np.outer(x, dout), b),
            "Your `db` is the bias itself. Asked is how the loss reacts to it, and `dout` has to be in "
            "that.",
        ),
    ),
    hints=(
        "Take one weight, W[d, m]. Which input does it multiply, and in which output does the "
        "product end?",
        "out[m] = Σ over d of x[d]·W[d, m], plus b[m]. So dW[d, m] is x[d] times dout[m], and dx[d] "
        "adds up over all outputs m.",
        "The skeleton:\n    out = …\n    dx = …              # (D, M) · (M,)\n"
        "    dW = np.outer(…, …)  # (D, M)\n    db = …\n    return out, dx, dW, db",
    ),
    probe=Probe(call, {"returns": ("out", "dx", "dW", "db")}),
    draw=draw_one_sample,
    outputs=(
        Output("out", "(M,)", "one number per output"),
        Output("dx", "(D,)", "one number per input"),
        Output("dW", "(D, M)", "one number per weight"),
        Output("db", "(M,)", "one number per output"),
    ),
    remark="dW of one sample is an outer product: each of its rows is a multiple of dout.",
)


# --- the bias of a batch --------------------------------------------------------------------


def bias_gradient(dout):
    return dout.sum(axis=0)


def bias_gradient_row_by_row(dout):
    db = np.zeros(dout.shape[1])
    for row in dout:
        db += row
    return db


def bias_gradient_in_place(dout):
    for row in dout[1:]:
        dout[0] += row
    return dout[0]


def draw_bias(rng: np.random.Generator) -> Iterator[Case]:
    n, m, k = three_sizes(rng)
    yield Case({"dout": rng.normal(size=(n, m))}, f"{n} samples, {m} outputs")
    yield Case({"dout": rng.normal(size=(m, k))}, f"{m} samples, {k} outputs")
    yield Case({"dout": rng.normal(size=(1, k))}, "a batch of one")
    yield Case({"dout": rng.normal(size=(n, 1))}, "a single output")
    yield Case({"dout": rng.normal(size=(k, n)).astype(np.float32)}, "float32")


BIAS_GRADIENT = Exercise(
    id="ch04.bias_gradient",
    title="The bias gradient of a batch",
    kind="function",
    points=2,
    reference=bias_gradient,
    accepted=(
        bias_gradient_row_by_row,
        lambda dout: np.ones(len(dout)) @ dout,
        lambda dout: np.einsum("nm->m", dout),
        lambda dout: np.array([column.sum() for column in dout.T]),
    ),
    mistakes=(
        Mistake(
            "summed over axis 1",
            lambda dout: dout.sum(axis=1),
            "You sum over axis 1: that adds up the outputs of each sample. Every sample adds the "
            "same `b`, so it is the samples whose gradients belong together.",
        ),
        Mistake(
            "not summed",
            lambda dout: dout,
            "You hand `dout` on as it is. That would be right for a bias that every sample has for "
            "itself; this one is shared.",
        ),
        Mistake(
            "mean",
            lambda dout: dout.mean(axis=0),
            "That is the mean over the batch. Gradients that meet in one place add up; if the loss "
            "is a mean, the division by N is already in `dout`.",
        ),
        Mistake(
            "kept the axis",
            lambda dout: dout.sum(axis=0, keepdims=True),
            "The numbers are right, but the summed axis is still there with length 1. The bias "
            "has one axis, so its gradient has one too.",
        ),
        Mistake(
            "everything summed",
            lambda dout: dout.sum(),
            "`dout.sum()` adds up everything, the outputs too. Each output has its own bias.",
        ),
        Mistake(
            "ones",
            lambda dout: np.ones(dout.shape[1]),
            "That is the local derivative alone: it does not depend on `dout`.",
        ),
        Mistake(
            "the batch size",
            lambda dout: np.full(dout.shape[1], float(len(dout))),
            "You count the samples. That is the sum of local derivatives; each of them has to be "
            "multiplied by what arrives in `dout` first.",
        ),
        Mistake(
            "first sample only",
            lambda dout: dout[0],
            "You take the first sample's gradient and forget the others.",
        ),
        Mistake(
            "averaged over axis 1",
            lambda dout: dout.mean(axis=1),
            "That averages the outputs of each sample. Every sample adds the same `b`: it is the "
            "samples whose gradients belong together, and they add up.",
        ),
        Mistake(
            "made a column",
            lambda dout: dout.sum(axis=0)[:, None],
            "The numbers are right and stand in a column, with an axis of length 1. `b` has one "
            "axis, so its gradient has one too.",
        ),
        Mistake(
            "divided by the outputs",
            lambda dout: dout.sum(axis=0) / dout.shape[1],
            "The right sums are divided by the number of outputs. Nothing is averaged here.",
        ),
        Mistake(
            "last sample forgotten",
            lambda dout: dout[:-1].sum(axis=0),
            "One sample is missing from your sum, the last one. Where does your loop or slice end?",
        ),
        Mistake(
            "sums into dout",
            bias_gradient_in_place,
            "You add up the rows inside `dout` itself. `dout` belongs to the caller, who still "
            "needs it for `dx` and `dW`.",
        ),
        Mistake(
            "sign turned",
            lambda dout: -dout.sum(axis=0),
            "The sign is turned. The bias is added in the forward pass, so it gets what arrives as "
            "it is; going *against* the gradient is the business of training.",
        ),
        Mistake(
            "last sample only",
            lambda dout: dout[-1],
            "You take the last sample. The others add the same bias.",
        ),
        Mistake(
            "first sample forgotten",
            lambda dout: dout[1:].sum(axis=0),
            "Your sum begins at the second sample.",
        ),
    ),
    hints=(
        "How often is b[0] used when a batch of N samples goes through the layer?",
        "A number that is used several times receives the sum of what comes back from each use. "
        "Which axis of dout counts the uses?",
        "The skeleton:\n    return dout.sum(axis=…)",
    ),
    probe=Probe(call, {"returns": ("db",)}),
    draw=draw_bias,
    outputs=(Output("db", "(M,)", "one number per output"),),
    remark="Forward, the bias is copied to every row; backward, the rows are added up.",
)


# --- the layer ------------------------------------------------------------------------------


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


class NoBias(Affine):
    def forward(self, x):
        self.x = x
        return x @ self.W


class DbOverAxis1(Affine):
    def backward(self, dout):
        dx = super().backward(dout)
        self.db = dout.sum(axis=1)
        return dx


class DbNotSummed(Affine):
    def backward(self, dout):
        dx = super().backward(dout)
        self.db = dout
        return dx


class DbMean(Affine):
    def backward(self, dout):
        dx = super().backward(dout)
        self.db = dout.mean(axis=0)
        return dx


class DbKeptAxis(Affine):
    def backward(self, dout):
        dx = super().backward(dout)
        self.db = dout.sum(axis=0, keepdims=True)
        return dx


class DwTransposed(Affine):
    def backward(self, dout):
        dx = super().backward(dout)
        self.dW = dout.T @ self.x
        return dx


class DwAveraged(Affine):
    def backward(self, dout):
        dx = super().backward(dout)
        self.dW = self.x.T @ dout / len(self.x)
        return dx


class DwOfFirstSample(Affine):
    def backward(self, dout):
        dx = super().backward(dout)
        self.dW = np.outer(self.x[0], dout[0])
        return dx


class DwOfLastSample(Affine):
    def backward(self, dout):
        dx = super().backward(dout)
        self.dW = np.outer(self.x[-1], dout[-1])
        return dx


class DwFromTheLeft(Affine):
    def backward(self, dout):
        self.dW = dout @ self.x.T
        self.db = dout.sum(axis=0)
        return dout @ self.W.T


class DwNotTransposed(Affine):
    def backward(self, dout):
        self.dW = self.x @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T


class DwFromDx(Affine):
    def backward(self, dout):
        dx = super().backward(dout)
        self.dW = self.x.T @ dx
        return dx


class UpstreamDropped(Affine):
    def backward(self, dout):
        return super().backward(np.ones_like(dout))


class DxWithoutTranspose(Affine):
    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W


class DxFactorsSwapped(Affine):
    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return self.W.T @ dout


class DxTransposed(Affine):
    def backward(self, dout):
        return super().backward(dout).T


class ReturnsDw(Affine):
    def backward(self, dout):
        super().backward(dout)
        return self.dW


class DxFromDw(Affine):
    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.dW.T


class ReturnsNothing(Affine):
    def backward(self, dout):
        super().backward(dout)


class ReturnsAllThree(Affine):
    def backward(self, dout):
        dx = super().backward(dout)
        return dx, self.dW, self.db


class UpdatesItself(Affine):
    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        self.W -= 0.1 * self.dW
        self.b -= 0.1 * self.db
        return dout @ self.W.T


class Accumulates(Affine):
    def __init__(self, W, b):
        super().__init__(W, b)
        self.dW, self.db = np.zeros(W.shape), np.zeros(b.shape)

    def backward(self, dout):
        self.dW = self.dW + self.x.T @ dout
        self.db = self.db + dout.sum(axis=0)
        return dout @ self.W.T


class WeightsOnTheLeft(Affine):
    def forward(self, x):
        self.x = x
        return self.W @ x + self.b


class WeightsTransposed(Affine):
    def forward(self, x):
        self.x = x
        return x @ self.W.T + self.b


class KeepsTheOutput(Affine):
    def forward(self, x):
        self.x = x @ self.W + self.b
        return self.x


class KeepsFirstBatch(Affine):
    x = None

    def forward(self, x):
        if self.x is None:
            self.x = x
        return x @ self.W + self.b


class CopiesParameters(Affine):
    def __init__(self, W, b):
        super().__init__(W.copy(), b.copy())


class DbSummedToNumber(Affine):
    def backward(self, dout):
        dx = super().backward(dout)
        self.db = np.sum(dout)
        return dx


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


class KeepsATranspose(Affine):
    def __init__(self, W, b):
        super().__init__(W, b)
        self.W_T = W.T.copy()

    def backward(self, dout):
        super().backward(dout)
        return dout @ self.W_T


class DwAsOuterProduct(Affine):
    def backward(self, dout):
        dx = super().backward(dout)
        self.dW = np.outer(self.x, dout)
        return dx


class DxAveraged(Affine):
    def backward(self, dout):
        return super().backward(dout) / len(dout)


class StoresNoX(Affine):
    def forward(self, x):
        return x @ self.W + self.b


def misses_what_forward_had(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Recognise that `backward` asks for an attribute, or a name, that `forward` did not store."""
    failures = [one.failure for one in seen if one.failure is not None]
    return any(
        f.type in ("AttributeError", "NameError") and f.during.startswith("backward(")
        for f in failures
    )


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

AFFINE = Exercise(
    id="ch04.Affine",
    title="The affine layer",
    kind="class",
    points=4,
    reference=Affine,
    accepted=(AffineByEinsum, AffineBySamples, AffineWithColumnOfOnes),
    mistakes=(
        Mistake(
            "db summed over axis 1",
            DbOverAxis1,
            "Your `db` adds up the outputs of each sample. The bias is shared by the samples, so "
            "those are what has to be added up.",
        ),
        Mistake(
            "db not summed",
            DbNotSummed,
            "Your `db` is `dout` itself, with one row per sample. All samples use the same `b`.",
        ),
        Mistake(
            "db averaged",
            DbMean,
            "Your `db` is a mean over the batch. Contributions add up; a division by N belongs to "
            "the loss and would be done twice here.",
        ),
        Mistake(
            "db kept the axis",
            DbKeptAxis,
            "Your `db` keeps an axis of length 1. `b` has one axis, and `db` must have its shape.",
        ),
        Mistake(
            "dW transposed",
            DwTransposed,
            "Your `dW` is transposed: `W` has a row per input, your `dW` one per output.",
        ),
        Mistake(
            "dW averaged",
            DwAveraged,
            "You divide `dW` by the batch size. If the loss is a mean over the batch, that division "
            "has already happened in `dout`.",
        ),
        Mistake(
            "dW of the first sample",
            DwOfFirstSample,
            "Your `dW` is the outer product of the first sample alone. Every sample of the batch "
            "uses `W`.",
        ),
        Mistake(
            "upstream dropped",
            UpstreamDropped,
            "Your backward gives the same for every `dout` of a shape: local derivatives alone. "
            "What arrives from above has to be multiplied in.",
        ),
        Mistake(
            "dx without the transpose",
            DxWithoutTranspose,
            "`dout @ W` multiplies (N, M) by (D, M): the inner sizes differ. It would run for a "
            "square `W`, and be wrong.",
        ),
        Mistake(
            "dx from dW",
            DxFromDw,
            "Your `dx` is made with the gradient `dW`. The way back leads through the weights.",
        ),
        Mistake(
            "backward returns nothing",
            ReturnsNothing,
            "Your `backward` stores `dW` and `db` and returns nothing. The layer below waits for "
            "`dx`.",
        ),
        Mistake(
            "backward returns all three",
            ReturnsAllThree,
            "Your `backward` returns three arrays. Store `dW` and `db` in the layer and return "
            "`dx` alone, so that layers can be chained.",
        ),
        Mistake(
            "dW not transposed",
            DwNotTransposed,
            "`x @ dout` multiplies (N, D) by (N, M). The inner size, the one that is added up over, "
            "has to be the batch.",
        ),
        Mistake(
            "dW with the factors swapped",
            DwFromTheLeft,
            "`dout @ x.T` has the factors in the wrong order: `W` is the right factor of x · W, so "
            "`dout` stays on the right.",
        ),
        Mistake(
            "dW from dx",
            DwFromDx,
            "Your `dW` is made of `dx`, the gradient at the layer's input. A factor of a product "
            "receives what arrives at the product's output.",
        ),
        Mistake(
            "dW of the last sample",
            DwOfLastSample,
            "Your `dW` is the outer product of the last sample alone; perhaps each pass of a loop "
            "overwrites the one before. Every sample of the batch uses `W`.",
        ),
        Mistake(
            "dx with the factors swapped",
            DxFactorsSwapped,
            "`W.T @ dout` has the factors in the wrong order: `W` is the right factor of x · W, and "
            "`dout` keeps its samples in rows.",
        ),
        Mistake(
            "dx transposed",
            DxTransposed,
            "Your `dx` is transposed: it has one column per sample, and `x` has one row.",
        ),
        Mistake(
            "returns dW",
            ReturnsDw,
            "Your `backward` returns `dW`. The layer below waits for `dx`; `dW` has arrived and "
            "stays in the layer.",
        ),
        Mistake(
            "db summed to one number",
            DbSummedToNumber,
            "Your `db` adds up everything, the outputs too. Each output has its own bias.",
        ),
        Mistake(
            "weights on the left",
            WeightsOnTheLeft,
            "`W @ x` is the order for one sample per column. Here the samples are rows, on the left "
            "of the weights.",
        ),
        Mistake(
            "weights transposed",
            WeightsTransposed,
            "`W` has the shape (D, M) already: behind an x of shape (N, D) it needs no transpose.",
        ),
        Mistake(
            "keeps the output",
            KeepsTheOutput,
            "Your layer keeps its output where it should keep its input: the right numbers for "
            "`dW` are overwritten before they are stored.",
        ),
        Mistake(
            "updates itself",
            UpdatesItself,
            "Your `backward` changes the parameters. The layer only measures; the step is taken "
            "later, when all gradients are known.",
        ),
        Mistake(
            "gradients pile up",
            Accumulates,
            "Your `backward` adds to the `dW` and `db` of earlier calls. Each call answers for "
            "its own `dout`.",
        ),
        Mistake(
            "keeps the first batch",
            KeepsFirstBatch,
            "Your layer remembers the first `x` it ever saw. Each `forward` replaces what the "
            "last one kept.",
        ),
        Mistake(
            "copies the parameters",
            CopiesParameters,
            "Your layer works on copies of `W` and `b`. Training updates the arrays it handed "
            "over, and your layer would never notice.",
        ),
        Mistake(
            "bias forgotten",
            NoBias,
            "Your `forward` leaves the bias out.",
        ),
        Mistake(
            "keeps a transposed copy",
            KeepsATranspose,
            "On the way back the layer uses a copy of the weights that was made in `__init__`. "
            "Training updates `W` in place, and the copy does not see it.",
        ),
        Mistake(
            "dW as one outer product",
            DwAsOuterProduct,
            "`np.outer` lays a whole batch flat and multiplies every number with every other. It is "
            "meant for one sample; the samples' tables have to be added up.",
        ),
        Mistake(
            "dx averaged",
            DxAveraged,
            "You divide `dx` by the batch size. If the loss is a mean, that division has already "
            "happened in `dout`.",
        ),
        Mistake(
            "nothing stored",
            StoresNoX,
            "`backward` asks for something that `forward` has not stored under this name. What shall "
            "last is stored with `self.` in front.",
            recognise=misses_what_forward_had,
        ),
    ),
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


# --- find and fix ---------------------------------------------------------------------------


class GivenAffine(Affine):
    def backward(self, dout):
        dx = dout @ self.W.T
        self.dW = self.x.T @ dx
        self.db = np.sum(dout, axis=1)
        return dx


class OnlyDbMended(GivenAffine):
    def backward(self, dout):
        dx = super().backward(dout)
        self.db = dout.sum(axis=0)
        return dx


class TransposedTheWrongOne(Affine):
    def backward(self, dout):
        dx = super().backward(dout)
        self.dW = dx.T @ dout
        return dx


class DbFromDx(Affine):
    def backward(self, dout):
        dx = super().backward(dout)
        self.db = dx.sum(axis=0)
        return dx


class MendedByLoops(Affine):
    def backward(self, dout):
        self.dW = sum(np.outer(x, g) for x, g in zip(self.x, dout))
        self.db = sum(g for g in dout)
        return (self.W @ dout.T).T


AFFINE_FIX = Exercise(
    id="ch04.affine_fix",
    title="Find and fix: a published affine layer",
    kind="debug",
    points=2,
    reference=Affine,
    accepted=(MendedByLoops, AffineByEinsum),
    mistakes=(
        Mistake(
            "still the given code",
            GivenAffine,
            "That is the given layer still. Two of its lines are wrong: compare the shape of each "
            "gradient with the shape of its variable.",
        ),
        Mistake(
            "only db mended",
            OnlyDbMended,
            "`db` is mended, `dW` is not: it is built from `dx`, the gradient at the layer's input.",
        ),
        Mistake(
            "only dW mended",
            DbOverAxis1,
            "`dW` is mended, `db` is not: it still adds up the outputs of each sample.",
        ),
        Mistake(
            "x replaced by dx",
            TransposedTheWrongOne,
            "`dx.T @ dout` has the right shape and the wrong content: no gradient of the input "
            "occurs in `dW`. Shapes are necessary, not sufficient.",
        ),
        Mistake(
            "dW transposed",
            DwTransposed,
            "The right gradient is in your `dW` now, but transposed.",
        ),
        Mistake(
            "db from dx",
            DbFromDx,
            "Your `db` adds up `dx`, the gradient at the layer's input. The bias joins at the "
            "output.",
        ),
        Mistake(
            "dx spoiled",
            DxWithoutTranspose,
            "The line of `dx` was right as it was given: without the transpose the inner sizes of "
            "`dout @ W` differ.",
        ),
        Mistake(
            "returns nothing",
            ReturnsNothing,
            "Your gradients are stored, and `backward` returns nothing. The given last line was "
            "right.",
        ),
        Mistake(
            "db summed to one number",
            DbSummedToNumber,
            "Without an axis `np.sum` adds up everything. Each output has its own bias.",
        ),
        Mistake(
            "db averaged",
            DbMean,
            "A mean over the batch is not the sum over the batch. `dout` already contains the "
            "division by N, if there is one.",
        ),
        Mistake(
            "db kept the axis",
            DbKeptAxis,
            "Your `db` keeps an axis of length 1; `b` has one axis only.",
        ),
        Mistake(
            "dW averaged",
            DwAveraged,
            "The product is right now, but you divide it by the batch size. If the loss is a mean, "
            "that division has already happened in `dout`.",
        ),
        Mistake(
            "db not summed",
            DbNotSummed,
            "Your `db` has a row for each sample. There is one bias for all of them.",
        ),
    ),
    hints=(
        "Run the given layer with N, D and M all different and print the shapes of dW and db.",
        "dW belongs to the product x · W, so it is made of x and of the gradient at the product's "
        "output. db adds up what the shared bias receives from each sample.",
        "The skeleton:\n    def backward(self, dout):\n        self.dW = self.x.T @ …\n"
        "        self.db = np.sum(dout, axis=…)\n        return dout @ …",
    ),
    probe=Probe(probes.affine),
    draw=draw_affine,
    outputs=AFFINE_OUTPUTS,
    remark="Both lines run without complaint when all sizes are equal: test with N ≠ D ≠ M.",
)


# --- one sample per column ------------------------------------------------------------------


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


COLUMNS_FORWARD = Exercise(
    id="ch04.columns_forward",
    title="One sample per column: forward",
    kind="function",
    points=2,
    reference=columns_forward,
    accepted=(
        lambda x, weight, bias: (x.T @ weight.T + bias.T).T,
        lambda x, weight, bias: np.einsum("md,dn->mn", weight, x) + bias,
        lambda x, weight, bias: np.stack([weight @ column + bias[:, 0] for column in x.T], axis=1),
    ),
    mistakes=(
        Mistake(
            "one sample per row",
            lambda x, weight, bias: x.T @ weight.T + bias.T,
            "The numbers are right and lie on their side: your result has one sample per row.",
        ),
        Mistake(
            "bias forgotten",
            lambda x, weight, bias: weight @ x,
            "Your result is the product alone; the bias is missing.",
        ),
        Mistake(
            "bias flattened",
            lambda x, weight, bias: weight @ x + bias.ravel(),
            "A bias of shape (M,) is broadcast along rows: it would give each sample its own "
            "bias, and fits only when N equals M. The shape (M, 1) is there for a reason.",
        ),
        Mistake(
            "bias transposed",
            lambda x, weight, bias: weight @ x + bias.T,
            "The transposed bias has the shape (1, M) and is copied down the rows. As it is given, "
            "a column of shape (M, 1), it is copied to every sample.",
        ),
        Mistake(
            "the first bias for all outputs",
            lambda x, weight, bias: weight @ x + bias[0],
            "`bias[0]` is the bias of the first output. Each output has its own.",
        ),
        Mistake(
            "weight transposed",
            lambda x, weight, bias: weight.T @ x + bias,
            "In this convention `weight` is stored with one row per output, as (M, D). It needs no "
            "transpose in front of an x of shape (D, N).",
        ),
        Mistake(
            "factors in the row order",
            lambda x, weight, bias: x @ weight + bias,
            "`x @ weight` is the order for one sample per row. With the samples in columns the "
            "factors change places.",
        ),
        Mistake(
            "bias summed",
            lambda x, weight, bias: weight @ x + bias.sum(),
            "You add the sum of all biases everywhere. Each output has its own.",
        ),
    ),
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


COLUMNS_BACKWARD = Exercise(
    id="ch04.columns_backward",
    title="One sample per column: backward",
    kind="function",
    points=3,
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
    mistakes=(
        Mistake(
            "d_bias over axis 0",
            lambda dout, x, weight: (weight.T @ dout, dout @ x.T, dout.sum(axis=0, keepdims=True)),
            "You sum over axis 0. That was the batch as long as samples were rows; now they are "
            "columns.",
        ),
        Mistake(
            "d_bias over axis 0, in one axis",
            lambda dout, x, weight: (weight.T @ dout, dout @ x.T, dout.sum(axis=0)),
            "You sum over axis 0. That was the batch as long as samples were rows; now they are "
            "columns. And `d_bias` has two axes here, as `bias` has.",
        ),
        Mistake(
            "d_bias as a row",
            lambda dout, x, weight: (weight.T @ dout, dout @ x.T, dout.sum(axis=1)[None, :]),
            "The sums are right and lie in a row. `bias` is a column here.",
        ),
        Mistake(
            "d_bias summed to one number",
            lambda dout, x, weight: (weight.T @ dout, dout @ x.T, dout.sum()),
            "You add up all of `dout`, the outputs too. Each output has its own bias.",
        ),
        Mistake(
            "d_bias lost its axis",
            lambda dout, x, weight: (weight.T @ dout, dout @ x.T, dout.sum(axis=1)),
            "The sums are right, the shape is not: the bias is a column of shape (M, 1), and "
            "subtracting an (M,) array from it would broadcast to (M, M).",
        ),
        Mistake(
            "d_bias averaged",
            lambda dout, x, weight: (weight.T @ dout, dout @ x.T, dout.mean(axis=1, keepdims=True)),
            "Your `d_bias` is a mean over the batch. The contributions add up; the loss has already "
            "divided by N, if anything has.",
        ),
        Mistake(
            "d_bias not summed",
            lambda dout, x, weight: (weight.T @ dout, dout @ x.T, dout),
            "Your `d_bias` still has one column per sample. All samples share one bias.",
        ),
        Mistake(
            "d_weight transposed",
            lambda dout, x, weight: (
                weight.T @ dout,
                x @ dout.T,
                dout.sum(axis=1, keepdims=True),
            ),
            "Your `d_weight` is transposed: `weight` has one row per output here.",
        ),
        Mistake(
            "d_weight averaged",
            lambda dout, x, weight: (
                weight.T @ dout,
                dout @ x.T / x.shape[1],
                dout.sum(axis=1, keepdims=True),
            ),
            "You divide `d_weight` by the batch size. If the loss is a mean, `dout` already "
            "contains that division.",
        ),
        Mistake(
            "rules of the row convention",
            lambda dout, x, weight: (dout @ weight.T, x.T @ dout, dout.sum(axis=0)),
            "Those are the rules for one sample per row. Everything lies on its side here, so the "
            "factors change places.",
        ),
        Mistake(
            "x not transposed",
            lambda dout, x, weight: (
                weight.T @ dout,
                dout @ x,
                dout.sum(axis=1, keepdims=True),
            ),
            "`dout @ x` multiplies (M, N) by (D, N): the inner sizes differ. What is added up over "
            "is the batch.",
        ),
        Mistake(
            "dx transposed",
            lambda dout, x, weight: (
                dout.T @ weight,
                dout @ x.T,
                dout.sum(axis=1, keepdims=True),
            ),
            "Your `dx` is transposed: it has one row per sample, and the samples are columns here.",
        ),
        Mistake(
            "weight not transposed",
            lambda dout, x, weight: (
                weight @ dout,
                dout @ x.T,
                dout.sum(axis=1, keepdims=True),
            ),
            "`weight @ dout` multiplies (M, D) by (M, N): the inner sizes differ.",
        ),
        Mistake(
            "upstream dropped",
            lambda dout, x, weight: (
                weight.T @ np.ones_like(dout),
                np.ones_like(dout) @ x.T,
                np.full((len(dout), 1), float(dout.shape[1])),
            ),
            "Your gradient does not depend on the numbers in `dout`. It is right only if all of "
            "them are 1.",
        ),
        Mistake(
            "order swapped",
            lambda dout, x, weight: (
                dout @ x.T,
                weight.T @ dout,
                dout.sum(axis=1, keepdims=True),
            ),
            "`dx` and `d_weight` have changed places: the function returns `dx, d_weight, d_bias`.",
        ),
        Mistake(
            "weights and bias swapped",
            lambda dout, x, weight: (weight.T @ dout, dout.sum(axis=1, keepdims=True), dout @ x.T),
            "`d_weight` and `d_bias` have changed places: the function returns `dx, d_weight, d_bias`.",
        ),
        Mistake(
            "d_weight from dx",
            lambda dout, x, weight: (
                weight.T @ dout,
                (weight.T @ dout) @ x.T,
                dout.sum(axis=1, keepdims=True),
            ),
            "Your `d_weight` is made with `dx`. What a weight receives arrives at the layer's "
            "*output*; `dx` is what leaves the layer.",
        ),
    ),
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


# --- broadcasting ---------------------------------------------------------------------------


def unbroadcast(grad, shape):
    added = grad.ndim - len(shape)
    repeated = tuple(i for i, size in enumerate(shape, start=added) if size == 1)
    total = grad.sum(axis=tuple(range(added)) + repeated)
    return np.array(total).reshape(shape)


def unbroadcast_in_two_loops(grad, shape):
    while grad.ndim > len(shape):
        grad = grad.sum(axis=0)
    for axis, size in enumerate(shape):
        if size == 1:
            grad = grad.sum(axis=axis, keepdims=True)
    return grad + 0.0


def unbroadcast_by_counting(grad, shape):
    result = np.zeros(shape)
    owner = np.broadcast_to(np.arange(result.size).reshape(shape), grad.shape)
    np.add.at(result.reshape(-1), owner.ravel(), grad.ravel())
    return result


def unbroadcast_padded(grad, shape):
    padded = (1,) * (grad.ndim - len(shape)) + tuple(shape)
    axes = tuple(i for i, (have, want) in enumerate(zip(grad.shape, padded)) if have != want)
    result = grad.sum(axis=axes, keepdims=True) if axes else grad
    return result.reshape(shape).copy()


def unbroadcast_leading_only(grad, shape):
    while grad.ndim > len(shape):
        grad = grad.sum(axis=0)
    return grad.copy()


def unbroadcast_ones_only(grad, shape):
    axes = tuple(i for i, size in enumerate(shape) if size == 1)
    return grad.sum(axis=axes, keepdims=True) if axes else grad.copy()


def unbroadcast_axis_by_value(grad, shape):
    while grad.ndim > len(shape):
        grad = grad.sum(axis=0)
    axes = tuple(size for size in shape if size == 1)
    return grad.sum(axis=axes, keepdims=True) if axes else grad.copy()


def unbroadcast_axes_lost(grad, shape):
    added = grad.ndim - len(shape)
    repeated = tuple(i for i, size in enumerate(shape, start=added) if size == 1)
    return np.array(grad.sum(axis=tuple(range(added)) + repeated))


def unbroadcast_axes_lost_one_by_one(grad, shape):
    total = grad.copy()
    while total.ndim > len(shape):
        total = total.sum(axis=0)
    for axis, size in enumerate(shape):
        if size == 1:
            total = total.sum(axis=axis)
    return total


def unbroadcast_from_the_back(grad, shape):
    total = grad.copy()
    while total.ndim > len(shape):
        total = total.sum(axis=-1)
    for axis, size in enumerate(shape):
        if size == 1:
            total = total.sum(axis=axis, keepdims=True)
    return total


def unbroadcast_one_leading_axis(grad, shape):
    total = grad.copy()
    if total.ndim > len(shape):
        total = total.sum(axis=0)
    for axis, size in enumerate(shape):
        if size == 1:
            total = total.sum(axis=axis, keepdims=True)
    return total


def unbroadcast_mean(grad, shape):
    added = grad.ndim - len(shape)
    repeated = tuple(i for i, size in enumerate(shape, start=added) if size == 1)
    return np.array(grad.mean(axis=tuple(range(added)) + repeated)).reshape(shape)


def unbroadcast_first_copy(grad, shape):
    index = tuple(slice(0, n) for n in shape)
    while grad.ndim > len(shape):
        grad = grad[0]
    return grad[index].copy()


def unbroadcast_shared(grad, shape):
    if grad.shape == shape:
        return grad
    return unbroadcast(grad, shape)


def unbroadcast_read_only(grad, shape):
    return np.broadcast_to(unbroadcast(grad, shape), shape)


def unbroadcast_writes(grad, shape):
    while grad.ndim > len(shape):
        for part in grad[1:]:
            grad[0] += part
        grad = grad[0]
    return unbroadcast(grad, shape)


def draw_unbroadcast(rng: np.random.Generator) -> Iterator[Case]:
    def case(big: tuple[int, ...], shape: tuple[int, ...], note: str, dtype: type = np.float64):
        return Case({"grad": rng.normal(size=big).astype(dtype), "shape": shape}, note)

    a, b, c = three_sizes(rng)
    yield case((a, b), (b,), f"{(b,)} was broadcast to {(a, b)}")
    yield case((a, b), (a, 1), f"{(a, 1)} was broadcast to {(a, b)}")
    yield case((a, b), (1, b), f"{(1, b)} was broadcast to {(a, b)}")
    yield case((a, b, c), (1, c), f"{(1, c)} was broadcast to {(a, b, c)}")
    yield case((b, c), (1, 1), f"{(1, 1)} was broadcast to {(b, c)}")
    yield case((c, a), (c, a), f"{(c, a)} was not broadcast at all")
    yield case((c, b), (), f"a single number, shape (), was broadcast to {(c, b)}", np.float32)


def own_memory(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    """Judge what happened when the returned gradient was written into."""
    if got == "read-only":
        return (
            "The result cannot be written into: it is a read-only view. Whoever gets a gradient "
            "may add to it."
        )
    if got == "shared":
        return (
            f"Writing into the result changes grad as well (shape {inputs['shape']}): "
            "both are the same memory."
        )
    return None


def unbroadcast_moving_axes(grad, shape):
    for axis in range(grad.ndim - len(shape)):
        grad = grad.sum(axis=axis)
    return unbroadcast(grad, shape)


def unbroadcast_first_of_length_1(grad, shape):
    grad = grad.sum(axis=tuple(range(grad.ndim - len(shape))))
    for axis, size in enumerate(shape):
        if size == 1:
            return grad.sum(axis=axis, keepdims=True)
    return grad.copy()


def unbroadcast_ones_first(grad, shape):
    for axis, size in enumerate(shape):
        if size == 1:
            grad = grad.sum(axis=axis, keepdims=True)
    while grad.ndim > len(shape):
        grad = grad.sum(axis=0)
    return grad.copy()


def unbroadcast_boxed(grad, shape):
    return unbroadcast(grad, shape) if shape else np.array([grad.sum()])


UNBROADCAST = Exercise(
    id="ch04.unbroadcast",
    title="Undo broadcasting",
    kind="function",
    points=3,
    reference=unbroadcast,
    accepted=(unbroadcast_in_two_loops, unbroadcast_by_counting, unbroadcast_padded),
    mistakes=(
        Mistake(
            "nothing summed",
            lambda grad, shape: grad.copy(),
            "You give back the gradient in its broadcast shape. It has one entry per copy; the "
            "copies' gradients have to be added up.",
        ),
        Mistake(
            "axis 0 always",
            lambda grad, shape: grad.sum(axis=0),
            "You sum over axis 0, whatever the shape. That is the bias gradient again; which axes "
            "were copied depends on `shape`.",
        ),
        Mistake(
            "leading axes only",
            unbroadcast_leading_only,
            "You sum over the axes that broadcasting added in front. Axes that were there before "
            "with length 1 have been repeated too.",
        ),
        Mistake(
            "axes of length 1 only",
            unbroadcast_ones_only,
            "You sum over axes of length 1 and forget those that broadcasting added in front; "
            "they also shift the numbers of all the others.",
        ),
        Mistake(
            "the size taken for the axis",
            unbroadcast_axis_by_value,
            "Your list of axes holds sizes: `1` every time. `sum` needs the positions of "
            "those sizes.",
        ),
        Mistake(
            "axes lost",
            unbroadcast_axes_lost,
            "The right numbers are added up, but a summed axis of length 1 has vanished from the "
            "shape.",
        ),
        Mistake(
            "axes lost, and the others shifted",
            unbroadcast_axes_lost_one_by_one,
            "Each sum takes its axis away, so that the axes behind it move up and the next number "
            "means another one. A summed axis of length 1 has to stay.",
        ),
        Mistake(
            "axes taken away at the back",
            unbroadcast_from_the_back,
            "You sum over the last axes. Broadcasting adds axes in *front*; at the back the shapes "
            "are lined up.",
        ),
        Mistake(
            "one leading axis only",
            unbroadcast_one_leading_axis,
            "You take one axis away in front. Broadcasting may have added several: the shape () has "
            "none at all.",
        ),
        Mistake(
            "everything summed",
            lambda grad, shape: grad.sum(),
            "`grad.sum()` adds up everything, whatever the shape. That is right for a single number "
            "only.",
        ),
        Mistake(
            "reshaped",
            lambda grad, shape: grad.reshape(shape),
            "`reshape` moves numbers to other places and needs as many places as there are numbers. "
            "Here there are fewer: several numbers have to become one.",
        ),
        Mistake(
            "mean",
            unbroadcast_mean,
            "You take the mean over the copies. Each copy has an effect of its own on the loss, "
            "and the effects add up.",
        ),
        Mistake(
            "first copy only",
            unbroadcast_first_copy,
            "You keep the gradient of the first copy and drop the others.",
        ),
        Mistake(
            "forced into the shape",
            lambda grad, shape: np.resize(grad, shape),
            "`np.resize` makes the shape right by cutting numbers off. None of them may be lost: "
            "they belong to copies of the same input.",
        ),
        Mistake(
            "gives back grad itself",
            unbroadcast_shared,
            "Where nothing was broadcast you return the array you were given. Its owner and you "
            "now share it: adding to one changes the other.",
        ),
        Mistake(
            "a read-only view",
            unbroadcast_read_only,
            "`np.broadcast_to` gives a view that cannot be written into.",
        ),
        Mistake(
            "sums into grad",
            unbroadcast_writes,
            "You add up inside `grad`. It belongs to the caller, and where it is a broadcast view "
            "writing into it is not even possible.",
        ),
        Mistake(
            "axes that move up",
            unbroadcast_moving_axes,
            "After one axis has been summed away the others move up by one place, and your loop goes "
            "on with the old numbers.",
        ),
        Mistake(
            "first axis of length 1 only",
            unbroadcast_first_of_length_1,
            "You stop at the first axis of length 1. There can be several: a `return` inside a loop "
            "ends it.",
        ),
        Mistake(
            "axes of length 1 first",
            unbroadcast_ones_first,
            "The axes of `shape` are counted without those in front, and you sum while these are "
            "still there: the two do not line up. The order of your two steps matters.",
        ),
        Mistake(
            "a number in a box",
            unbroadcast_boxed,
            "For the shape `()` you return an array with one entry. Its shape is (1,), and that is "
            "not ().",
        ),
    ),
    hints=(
        "Take grad (4, 3) and shape (3,), then shape (4, 1). Which axes were made by copying?",
        "Two kinds of axes are summed: those that broadcasting added in front, grad.ndim - "
        "len(shape) of them, and those that have length 1 in shape.",
        "The skeleton:\n    added = …                   # how many axes came in front\n"
        "    axes = tuple(range(…)) + tuple(added + i for i, size in … if …)\n"
        "    return np.array(grad.sum(axis=…)).reshape(…)",
    ),
    probe=Probe(probes.unbroadcast),
    draw=draw_unbroadcast,
    outputs=(
        Output("result", "", "the shape of the input before it was broadcast"),
        Output("write", compare=own_memory),
    ),
    remark="The bias gradient was the first case of this rule: (M,) had been broadcast to (N, M).",
)


# --- the network by hand --------------------------------------------------------------------

HAND_INPUT, HAND_TARGET, HAND_RATE = np.array([0.9, 1.0]), 2.0, 0.1
HAND_PARAMS = {
    "W1": np.array([[0.2, 0.4], [0.3, 0.5]]),
    "b1": np.array([0.1, 0.2]),
    "W2": np.array([0.5, 0.6]),
    "b2": np.array(0.4),
}


def hand_forward(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return z, h, y and the loss ½(y − t)² of the network worked by hand."""
    z = HAND_INPUT @ params["W1"] + params["b1"]
    h = np.maximum(z, 0)
    y = h @ params["W2"] + params["b2"]
    return {"z": z, "h": h, "y": y, "loss": 0.5 * (y - HAND_TARGET) ** 2}


def hand_gradients(params: Mapping[str, Any], factor: float = 1.0) -> dict[str, Any]:
    """Return all gradients of the loss ½ · factor · (y − t)²."""
    forward = hand_forward(params)
    dy = factor * (forward["y"] - HAND_TARGET)
    dh = dy * params["W2"]
    dz = dh * (forward["z"] > 0)
    return {
        "dy": dy,
        "dW2": dy * forward["h"],
        "db2": dy,
        "dh": dh,
        "dz": dz,
        "dW1": np.outer(HAND_INPUT, dz),
        "db1": dz,
        "dx": params["W1"] @ dz,
    }


def hand_step(rate: float, factor: float = 1.0, only: str = "Wb") -> dict[str, Any]:
    """Return the parameters after one step, and y with them; `only` names what is updated."""
    grads = hand_gradients(HAND_PARAMS, factor)
    new = {
        name: value - rate * grads[f"d{name}"] if name[0] in only else value
        for name, value in HAND_PARAMS.items()
    }
    return new | {"y": hand_forward(new)["y"]}


def entries(values: Mapping[str, Any]) -> dict[str, float]:
    """Spread arrays over single numbers: W1[0, 1] becomes ``W1_01``, h[0] ``h0``, b1[0] ``b1_0``."""
    flat = {}
    for name, value in values.items():
        for index, number in np.ndenumerate(value):
            digits = "".join(map(str, index))
            join = "_" if digits and name[-1].isdigit() else ""
            flat[f"{name}{join}{digits}"] = float(number)
    return flat


def rounded(values: Mapping[str, float], digits: int) -> dict[str, float]:
    return {name: round(number, digits) for name, number in values.items()}


ROWS_READ_AS_COLUMNS = HAND_PARAMS | {"W1": HAND_PARAMS["W1"].T}
FORWARD = entries(hand_forward(HAND_PARAMS))
HIDDEN = hand_forward(HAND_PARAMS)["h"]

HAND_FORWARD = Exercise(
    id="ch04.hand_forward",
    title="By hand: forward",
    kind="number",
    points=1,
    reference=FORWARD,
    accepted=(
        rounded(FORWARD, 4),
        {name: np.float64(number) for name, number in FORWARD.items()},
    ),
    mistakes=(
        Mistake(
            "weights read the other way",
            entries(hand_forward(ROWS_READ_AS_COLUMNS)),
            "You take the weights of a hidden unit from the wrong direction of the table: "
            "0.2 and 0.3 lead to the first unit, 0.4 and 0.5 to the second.",
        ),
        Mistake(
            "hidden biases left out",
            entries(hand_forward(HAND_PARAMS | {"b1": np.zeros(2)})),
            "The biases 0.1 and 0.2 of the hidden units are missing.",
        ),
        Mistake(
            "output bias left out",
            entries(hand_forward(HAND_PARAMS | {"b2": np.array(0.0)})),
            "The output's bias of 0.4 is missing.",
        ),
        Mistake(
            "loss without the half",
            FORWARD | {"loss": 2 * FORWARD["loss"]},
            "That is (y − t)². The loss asked for here has a factor ½ in front.",
        ),
        Mistake(
            "the error instead of the loss",
            FORWARD | {"loss": FORWARD["y"] - HAND_TARGET},
            "That is the error y − t. The loss is half its square.",
        ),
        Mistake(
            "the error, turned round",
            FORWARD | {"loss": HAND_TARGET - FORWARD["y"]},
            "That is the error t − y. The loss is half its square.",
        ),
        Mistake(
            "half the error",
            FORWARD | {"loss": (FORWARD["y"] - HAND_TARGET) / 2},
            "That is half the error. It has to be squared: a loss is never negative.",
        ),
        Mistake(
            "rounded to two decimals",
            rounded(FORWARD, 2),
            "You round too much: keep four decimals.",
        ),
        Mistake(
            "inputs in place of hidden values",
            FORWARD | {"y": float(HAND_INPUT @ HAND_PARAMS["W2"] + HAND_PARAMS["b2"])},
            "You multiply the output's weights by the inputs. They lead from the *hidden* units.",
        ),
        Mistake(
            "output weights swapped",
            FORWARD | {"y": float(HIDDEN[::-1] @ HAND_PARAMS["W2"] + HAND_PARAMS["b2"])},
            "The two output weights have changed places: 0.5 leads from the first hidden unit.",
        ),
        Mistake(
            "only the first hidden unit",
            FORWARD | {"y": float(HIDDEN[0] * HAND_PARAMS["W2"][0] + HAND_PARAMS["b2"])},
            "The second hidden unit is missing in the output.",
        ),
        Mistake(
            "second input left out",
            FORWARD | {"z0": 0.9 * 0.2 + 0.1, "z1": 0.9 * 0.4 + 0.2},
            "The second input is missing: each hidden unit adds up what comes from both.",
        ),
        Mistake(
            "slope of ReLU for its value",
            FORWARD | {"h0": 1.0, "h1": 1.0},
            "1 is the slope of ReLU. Its value, where z is positive, is z itself.",
        ),
        Mistake(
            "ReLU closed",
            FORWARD | {"h0": 0.0, "h1": 0.0},
            "ReLU replaces *negative* numbers by 0. Look at the sign of z.",
        ),
        Mistake(
            "half before the square",
            FORWARD | {"loss": ((FORWARD["y"] - HAND_TARGET) / 2) ** 2},
            "You halve the error and then square it, so the half is squared too.",
        ),
        Mistake(
            "minus in front of the loss",
            FORWARD | {"loss": -FORWARD["loss"]},
            "The loss cannot be negative: a square has no minus sign.",
        ),
        Mistake(
            "half the error, turned round",
            FORWARD | {"loss": (HAND_TARGET - FORWARD["y"]) / 2},
            "That is half the error. It has to be squared.",
        ),
    ),
    fields=(
        Field("z0", "first hidden unit before ReLU, $z_0$"),
        Field("z1", "second hidden unit before ReLU, $z_1$"),
        Field("h0", "after ReLU, $h_0$"),
        Field("h1", "after ReLU, $h_1$"),
        Field("y", "prediction, $y$"),
        Field("loss", "loss $\\tfrac{1}{2}(y - t)^2$"),
    ),
    hints=(
        "Start with the first hidden unit. Which two weights lead into it, and what is its bias?",
        "z0 = x0·W1[0, 0] + x1·W1[1, 0] + b1[0]. ReLU keeps what is positive. Then the same once "
        "more with W2 and b2.",
        "The skeleton:\n    z0 = 0.9 * 0.2 + 1.0 * … + …\n    z1 = 0.9 * 0.4 + 1.0 * … + …\n"
        "    h0 = max(z0, 0)\n    y = h0 * 0.5 + h1 * … + …\n    loss = (y - 2.0)**2 / …",
    ),
    probe=Probe(values, {"names": tuple(FORWARD)}),
    outputs=tuple(Output(name, rtol=1e-3) for name in FORWARD),
    remark="Both hidden units are positive, so ReLU lets them and, later, their gradients through.",
)

GRADIENTS = entries(hand_gradients(HAND_PARAMS))


def local_derivatives_only() -> dict[str, float]:
    h, W2 = hand_forward(HAND_PARAMS)["h"], HAND_PARAMS["W2"]
    dW1 = np.outer(HAND_INPUT, W2)
    parts = {"dW2": h, "db2": np.array(1.0), "dh": W2, "dz": W2, "dW1": dW1, "db1": W2}
    return GRADIENTS | entries(parts | {"dx": HAND_PARAMS["W1"] @ W2})


def multiply_not_swapped() -> dict[str, float]:
    dy, h = GRADIENTS["dy"], hand_forward(HAND_PARAMS)["h"]
    wrong = {"dW2": dy * HAND_PARAMS["W2"], "dh": dy * h, "dz": dy * h, "db1": dy * h}
    wrong["dW1"] = np.outer(HAND_INPUT, dy * h)
    return GRADIENTS | entries(wrong | {"dx": HAND_PARAMS["W1"] @ (dy * h)})


def upstream_only() -> dict[str, float]:
    dy, dz = np.array(GRADIENTS["dy"]), hand_gradients(HAND_PARAMS)["dz"]
    wrong = {"dW2": np.array([dy, dy]), "dh": np.array([dy, dy])}
    return GRADIENTS | entries(wrong | {"dW1": np.array([dz, dz])})


def gradients_with(**changed: Any) -> dict[str, float]:
    return GRADIENTS | entries(changed)


DZ = hand_gradients(HAND_PARAMS)["dz"]

HAND_GRADIENTS = Exercise(
    id="ch04.hand_gradients",
    title="By hand: every gradient",
    kind="number",
    points=2,
    reference=GRADIENTS,
    accepted=(
        rounded(GRADIENTS, 4),
        {name: np.float64(number) for name, number in GRADIENTS.items()},
    ),
    mistakes=(
        Mistake(
            "signs turned",
            {name: -number for name, number in GRADIENTS.items()},
            "All signs are turned: you began with t − y. The prediction is too small, so raising "
            "it lowers the loss, and a derivative that lowers is negative.",
        ),
        Mistake(
            "twice as large",
            entries(hand_gradients(HAND_PARAMS, 2.0)),
            "Everything is twice too large: that is the gradient of (y − t)², without the half.",
        ),
        Mistake(
            "multiply does not swap",
            multiply_not_swapped(),
            "At the product h · W2 you send each factor its own value. A product sends each "
            "factor the value of the other.",
        ),
        Mistake(
            "local derivatives only",
            local_derivatives_only(),
            "That is the local derivative alone. What arrives from the loss, dy, has to be "
            "multiplied in.",
        ),
        Mistake(
            "upstream gradients only",
            upstream_only(),
            "That is what arrives, handed on as it is. A product multiplies it by the *other* "
            "factor.",
        ),
        Mistake(
            "the hidden values swapped",
            gradients_with(dW2=GRADIENTS["dy"] * hand_forward(HAND_PARAMS)["h"][::-1]),
            "`dW2_0` and `dW2_1` have changed places: each weight goes with the hidden unit it "
            "leads from.",
        ),
        Mistake(
            "ReLU multiplies by its input",
            gradients_with(dz=hand_forward(HAND_PARAMS)["z"] * hand_gradients(HAND_PARAMS)["dh"]),
            "At ReLU you multiply by z. Where z is positive the slope of ReLU is 1, however large z "
            "is.",
        ),
        Mistake(
            "ReLU closed",
            gradients_with(dz=np.zeros(2)),
            "You stop the gradient at ReLU. It lets through what arrives where z is positive, and "
            "the sign of the gradient plays no part.",
        ),
        Mistake(
            "the loss at the start",
            gradients_with(dy=np.array(FORWARD["loss"])),
            "`dy` is the loss in your answer. What starts the way back is its derivative.",
        ),
        Mistake(
            "dW1 transposed",
            gradients_with(dW1=np.outer(DZ, HAND_INPUT)),
            "`dW1_01` and `dW1_10` have changed places: the first index counts inputs, the second "
            "hidden units.",
        ),
        Mistake(
            "dx along one path only",
            gradients_with(dx=np.diag(HAND_PARAMS["W1"]) * DZ),
            "Each input reaches both hidden units. You follow only one of the two ways back.",
        ),
        Mistake(
            "dx with the table turned",
            gradients_with(dx=HAND_PARAMS["W1"].T @ DZ),
            "For dx you read `W1` in the wrong direction: an input's weights are the ones that "
            "leave it.",
        ),
        Mistake(
            "biases multiplied in",
            gradients_with(
                db1=DZ * HAND_PARAMS["b1"], db2=np.array(GRADIENTS["dy"] * HAND_PARAMS["b2"])
            ),
            "You multiply a bias gradient by the bias. It is added in the forward pass, so its "
            "local derivative is 1, whatever its value.",
        ),
        Mistake(
            "rounded to two decimals",
            rounded(GRADIENTS, 2),
            "You round too much: with two decimals the errors add up on the way back. Keep four.",
        ),
        Mistake(
            "dh from the other weight",
            gradients_with(dh=GRADIENTS["dy"] * HAND_PARAMS["W2"][::-1]),
            "`dh0` and `dh1` have changed places: each hidden unit has its own weight on the way to y.",
        ),
        Mistake(
            "bias gradients of 1",
            gradients_with(db1=np.ones(2), db2=np.array(1.0)),
            "1 is a bias's local derivative alone. What arrives has to be multiplied in.",
        ),
        Mistake(
            "both units in every bias",
            gradients_with(db1=np.full(2, DZ.sum())),
            "You add up both hidden units. Each has a bias of its own.",
        ),
        Mistake(
            "dx times x",
            gradients_with(dx=HAND_INPUT * (HAND_PARAMS["W1"] @ DZ)),
            "You multiply `dx` by the input. A product sends each factor the value of the *other* one, "
            "and that is the weight.",
        ),
        Mistake(
            "dW1 without what arrives",
            gradients_with(dW1=np.outer(HAND_INPUT, np.ones(2))),
            "Those are the inputs alone. What arrives at the hidden unit has to be multiplied in.",
        ),
        Mistake(
            "the error squared",
            gradients_with(dy=np.array(GRADIENTS["dy"] ** 2)),
            "`dy` is the squared error in your answer. The derivative of a square is not a square.",
        ),
    ),
    fields=(
        Field("dy", "at the prediction, $\\partial L/\\partial y$"),
        Field("dW2_0", "weight from $h_0$, $\\partial L/\\partial W_2[0]$"),
        Field("dW2_1", "weight from $h_1$, $\\partial L/\\partial W_2[1]$"),
        Field("db2", "output bias, $\\partial L/\\partial b_2$"),
        Field("dh0", "$\\partial L/\\partial h_0$"),
        Field("dh1", "$\\partial L/\\partial h_1$"),
        Field("dz0", "before ReLU, $\\partial L/\\partial z_0$"),
        Field("dz1", "before ReLU, $\\partial L/\\partial z_1$"),
        Field("dW1_00", "weight from $x_0$ to $z_0$"),
        Field("dW1_01", "weight from $x_0$ to $z_1$"),
        Field("dW1_10", "weight from $x_1$ to $z_0$"),
        Field("dW1_11", "weight from $x_1$ to $z_1$"),
        Field("db1_0", "bias of $z_0$"),
        Field("db1_1", "bias of $z_1$"),
        Field("dx0", "input $x_0$"),
        Field("dx1", "input $x_1$"),
    ),
    hints=(
        "Begin at the end: the derivative of ½(y − t)² with respect to y. It is negative here.",
        "Go back through the layers: dW2 = h · dy, dh = W2 · dy; ReLU lets dh through where z is "
        "positive; dW1[i, j] = x[i] · dz[j]; an input adds up what comes from both units.",
        "The skeleton:\n    dy = … - 2.0\n    dW2_0 = … * dy       # h0 on the other side of the product\n    dh0 = 0.5 * …\n"
        "    dz0 = dh0            # z0 is positive\n    dW1_01 = 0.9 * …\n"
        "    dx0 = 0.2 * … + 0.4 * …",
    ),
    probe=Probe(values, {"names": tuple(GRADIENTS)}),
    outputs=tuple(Output(name, rtol=1e-3) for name in GRADIENTS),
    remark="Every one of them is negative: raise any parameter a little and the loss falls.",
)


def update_answer(
    rate: float = HAND_RATE, factor: float = 1.0, only: str = "Wb"
) -> dict[str, float]:
    step = hand_step(rate, factor, only)
    twice = hand_step(rate, 2 * factor, only)
    numbers = {name: step[name] for name in HAND_PARAMS}
    return entries(numbers | {"y_half": step["y"], "y_square": twice["y"]})


UPDATED = update_answer()
UPDATED_PARAMS = hand_step(HAND_RATE)


def hidden_gradient_from_new_weights() -> dict[str, float]:
    found = []
    for factor in (1.0, 2.0):
        step = hand_step(HAND_RATE, factor)
        dz = factor * GRADIENTS["dy"] * step["W2"]  # both hidden units are positive
        new = {name: step[name] for name in HAND_PARAMS}
        new["W1"] = HAND_PARAMS["W1"] - HAND_RATE * np.outer(HAND_INPUT, dz)
        new["b1"] = HAND_PARAMS["b1"] - HAND_RATE * dz
        found.append(new | {"y": hand_forward(new)["y"]})
    half, square = found
    numbers = {name: half[name] for name in HAND_PARAMS}
    return entries(numbers | {"y_half": half["y"], "y_square": square["y"]})


def update_with(**changed: Any) -> dict[str, float]:
    """Return the update of which some parameters, and the prediction with them, are others."""
    new = {name: hand_step(HAND_RATE)[name] for name in HAND_PARAMS} | changed
    return UPDATED | entries(new | {"y_half": hand_forward(new)["y"]})


def two_steps(factor: float) -> dict[str, float]:
    new = {name: UPDATED_PARAMS[name] for name in HAND_PARAMS}
    grads = hand_gradients(new, factor)
    again = {name: value - HAND_RATE * grads[f"d{name}"] for name, value in new.items()}
    return UPDATED | {"y_square": float(hand_forward(again)["y"])}


def old_hidden_values() -> dict[str, float]:
    h = hand_forward(HAND_PARAMS)["h"]
    half, square = (hand_step(HAND_RATE, factor) for factor in (1.0, 2.0))
    return UPDATED | {
        "y_half": float(h @ half["W2"] + half["b2"]),
        "y_square": float(h @ square["W2"] + square["b2"]),
    }


HAND_UPDATE = Exercise(
    id="ch04.hand_update",
    title="By hand: one update, and the prediction after it",
    kind="number",
    points=2,
    reference=UPDATED,
    accepted=(
        rounded(UPDATED, 4),
        {name: np.float64(number) for name, number in UPDATED.items()},
    ),
    mistakes=(
        Mistake(
            "the published number",
            UPDATED | {"y_half": 1.618296},
            "That is the published number, and it is the one thing here that nobody can derive. "
            "Put your own updated parameters into the forward pass.",
        ),
        Mistake(
            "the two losses swapped",
            UPDATED | {"y_half": UPDATED["y_square"], "y_square": UPDATED["y_half"]},
            "The two predictions have changed places: without the half the gradient, and so the "
            "step, is twice as long.",
        ),
        Mistake(
            "uphill",
            update_answer(rate=-HAND_RATE),
            "You add the gradient. It points to where the loss grows; a step that lowers the loss "
            "goes against it.",
        ),
        Mistake(
            "rate forgotten",
            update_answer(rate=1.0),
            "You subtract the whole gradient. The step is the gradient times the rate of 0.1.",
        ),
        Mistake(
            "step twice as long",
            update_answer(factor=2.0),
            "Your step is twice as long as it should be: it belongs to the loss (y − t)².",
        ),
        Mistake(
            "biases not updated",
            update_answer(only="W"),
            "The biases are still the old ones. They are parameters too and take their step.",
        ),
        Mistake(
            "output weights updated too early",
            hidden_gradient_from_new_weights(),
            "You used the new `W2` on the way back to the hidden units. All gradients belong to "
            "the old parameters; only when all are known is the step taken.",
        ),
        Mistake(
            "dW1 transposed",
            update_with(W1=HAND_PARAMS["W1"] - HAND_RATE * np.outer(DZ, HAND_INPUT)),
            "`dW1_01` and `dW1_10` have changed places in your step: the first index counts inputs, "
            "the second hidden units.",
        ),
        Mistake(
            "W1 transposed",
            UPDATED | {"W1_01": UPDATED["W1_10"], "W1_10": UPDATED["W1_01"]},
            "`W1_01` and `W1_10` have changed places: the first index counts inputs, the second "
            "hidden units.",
        ),
        Mistake(
            "the gradients themselves",
            UPDATED | {name[1:]: value for name, value in GRADIENTS.items() if name[1:] in UPDATED},
            "That is the gradient. What is asked for is the parameter after its step.",
        ),
        Mistake(
            "the step alone",
            UPDATED | {name: UPDATED[name] - value for name, value in entries(HAND_PARAMS).items()},
            "That is the step alone. The new parameter is the old one and the step together.",
        ),
        *(
            Mistake(
                name,
                two_steps(factor),
                "That is the prediction after *two* steps: for `y_square` go back to the start, with "
                "the parameters from before the first one.",
            )
            for name, factor in (("a second step", 1.0), ("a second step, twice as long", 2.0))
        ),
        Mistake(
            "old hidden values",
            old_hidden_values(),
            "The new output weights are multiplied by the hidden values from before the update. "
            "`W1` and `b1` have changed, so the hidden units have too.",
        ),
        Mistake(
            "prediction from before the update",
            UPDATED | {"y_half": FORWARD["y"], "y_square": FORWARD["y"]},
            "That is the prediction with the old parameters. Run the forward pass again.",
        ),
        Mistake(
            "rounded to three decimals",
            rounded(UPDATED, 3),
            "You round too much. Keep six decimals until the end.",
        ),
        Mistake(
            "rounded to two decimals",
            rounded(UPDATED, 2),
            "You round too much. Keep six decimals until the end.",
        ),
        Mistake(
            "hidden weights not updated",
            update_with(W1=HAND_PARAMS["W1"], b1=HAND_PARAMS["b1"]),
            "The hidden layer still has its old parameters. All nine take their step.",
        ),
        Mistake(
            "the change doubled",
            UPDATED | {"y_square": float(2 * UPDATED["y_half"] - FORWARD["y"])},
            "You double the change of the prediction. The *steps* are twice as long; the prediction is "
            "no straight line in them, for changed weights multiply changed hidden values.",
        ),
        Mistake(
            "the losses",
            UPDATED
            | {
                "y_half": 0.5 * (UPDATED["y_half"] - HAND_TARGET) ** 2,
                "y_square": (UPDATED["y_square"] - HAND_TARGET) ** 2,
            },
            "That is the loss after the step. What is asked for is the prediction, y.",
        ),
        Mistake(
            "rate of 0.01",
            update_answer(rate=0.01),
            "Your step is ten times too short: the rate is 0.1.",
        ),
        Mistake(
            "step of the hidden weights without the input",
            update_with(W1=HAND_PARAMS["W1"] - HAND_RATE * np.outer(np.ones(2), DZ)),
            "The hidden weights take the step of their bias. Their gradient has the input in it as well.",
        ),
    ),
    fields=(
        *(
            Field(name, f"`{name}` after the step")
            for name in UPDATED
            if name not in ("y_half", "y_square")
        ),
        Field("y_half", "new prediction, loss $\\tfrac{1}{2}(y - t)^2$"),
        Field("y_square", "new prediction if the loss had been $(y - t)^2$"),
    ),
    hints=(
        "Every parameter takes the same kind of step. Do W1_00 = 0.2 first; you found its gradient "
        "in the exercise before.",
        "new = old − rate · gradient, rate 0.1, all gradients taken at the old parameters. Then the "
        "forward pass with the new parameters. Without the half every gradient is twice as large.",
        "The skeleton:\n    W1_00 = 0.2 - 0.1 * …\n    W1_01 = 0.4 - 0.1 * …\n"
        "    z0 = 0.9 * W1_00 + 1.0 * W1_10 + …\n    y_half = z0 * W2_0 + z1 * … + …",
    ),
    probe=Probe(values, {"names": tuple(UPDATED)}),
    outputs=tuple(Output(name, rtol=1e-4 if name.startswith("y") else 2e-4) for name in UPDATED),
    remark="1.619155 and 1.935951. The published 1.618296 lies 0.000859 away from the first: 859 "
    "times the last digit that it shows.",
)

EXERCISES = (
    SHAPES,
    MATMUL_BACKWARD,
    AFFINE_ONE_SAMPLE,
    BIAS_GRADIENT,
    AFFINE,
    AFFINE_FIX,
    COLUMNS_FORWARD,
    COLUMNS_BACKWARD,
    UNBROADCAST,
    HAND_FORWARD,
    HAND_GRADIENTS,
    HAND_UPDATE,
)
