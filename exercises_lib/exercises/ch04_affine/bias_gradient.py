"""ch04.bias_gradient: the bias gradient of a batch."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch04_affine._sizes import three_sizes
from exercises_lib.probes import call


def bias_gradient(dout):
    return dout.sum(axis=0)


def bias_gradient_row_by_row(dout):
    db = np.zeros(dout.shape[1])
    for row in dout:
        db += row
    return db


def draw_bias(rng: np.random.Generator) -> Iterator[Case]:
    n, m, k = three_sizes(rng)
    yield Case({"dout": rng.normal(size=(n, m))}, f"{n} samples, {m} outputs")
    yield Case({"dout": rng.normal(size=(m, k))}, f"{m} samples, {k} outputs")
    yield Case({"dout": rng.normal(size=(1, k))}, "a batch of one")
    yield Case({"dout": rng.normal(size=(n, 1))}, "a single output")
    yield Case({"dout": rng.normal(size=(k, n)).astype(np.float32)}, "float32")


wrong = Mistakes(bias_gradient)

wrong.swap("summed over axis 1", "axis=0", "axis=1").says("""
    You sum over axis 1: that adds up the outputs of each sample. Every sample adds the same `b`, so
    it is the samples whose gradients belong together.""")

wrong.swap("not summed", "return dout.sum(axis=0)", "return dout").says("""You hand `dout` on as it
    is. That would be right for a bias that every sample has for itself; this one is shared.""")

wrong.swap("mean", "sum", "mean").says("""That is the mean over the batch. Gradients that meet in
    one place add up; if the loss is a mean, the division by N is already in `dout`.""")

wrong.swap("kept the axis", "axis=0", "axis=0, keepdims=True").says("""
    The numbers are right, but the summed axis is still there with length 1. The bias has one axis,
    so its gradient has one too.""")

wrong.swap("everything summed", "(axis=0)", "()").says("""`dout.sum()` adds up everything, the
    outputs too. Each output has its own bias.""")

wrong.swap("ones", "dout.sum(axis=0)", "np.ones(dout.shape[1])").says("""
    That is the local derivative alone: it does not depend on `dout`.""")

wrong.swap(
    "the batch size", "dout.sum(axis=0)", "np.full(dout.shape[1], float(len(dout)))"
).says("""You count the samples. That is the sum of local derivatives; each of them has to be
    multiplied by what arrives in `dout` first.""")

wrong.swap("first sample only", "return dout.sum(axis=0)", "return dout[0]").says("""
    You take the first sample's gradient and forget the others.""")

wrong.swap("averaged over axis 1", "sum(axis=0)", "mean(axis=1)").says("""
    That averages the outputs of each sample. Every sample adds the same `b`: it is the samples
    whose gradients belong together, and they add up.""")

wrong.swap("made a column", "(axis=0)", "(axis=0)[:, None]").says("""The numbers are right and stand
    in a column, with an axis of length 1. `b` has one axis, so its gradient has one too.""")

wrong.swap("divided by the outputs", "(axis=0)", "(axis=0) / dout.shape[1]").says("""
    The right sums are divided by the number of outputs. Nothing is averaged here.""")

wrong.swap("last sample forgotten", "dout.", "dout[:-1].").says("""
    One sample is missing from your sum, the last one. Where does your loop or slice end?""")

wrong.swap(
    "sums into dout",
    "return dout.sum(axis=0)",
    "for row in dout[1:]:\n    dout[0] += row\nreturn dout[0]",
).says("""You add up the rows inside `dout` itself. `dout` belongs to the caller, who still needs it
    for `dx` and `dW`.""")

wrong.swap("sign turned", "return dout", "return -dout").says("""The sign is turned. The bias is
    added in the forward pass, so it gets what arrives as it is; going *against* the gradient is the
    business of training.""")

wrong.swap("last sample only", "return dout.sum(axis=0)", "return dout[-1]").says("""
    You take the last sample. The others add the same bias.""")

wrong.swap("first sample forgotten", "dout.", "dout[1:].").says("""
    Your sum begins at the second sample.""")

EXERCISE = Exercise(
    id="ch04.bias_gradient",
    title="The bias gradient of a batch",
    kind="function",
    points=2,
    difficulty=1,
    reference=bias_gradient,
    accepted=(
        bias_gradient_row_by_row,
        lambda dout: np.ones(len(dout)) @ dout,
        lambda dout: np.einsum("nm->m", dout),
        lambda dout: np.array([column.sum() for column in dout.T]),
    ),
    mistakes=wrong.all,
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
