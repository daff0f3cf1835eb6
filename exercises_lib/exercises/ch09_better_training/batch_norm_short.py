"""ch09.batch_norm_short: batch normalisation backward, simplified."""

from __future__ import annotations

import numpy as np

from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch09_better_training._norm import draw_nodes
from exercises_lib.probes import call


def batch_norm_short(dout, x_hat, inverse, gamma):
    d = dout * gamma
    return inverse * (d - d.mean(axis=0) - x_hat * (d * x_hat).mean(axis=0))


def gamma_last(dout, x_hat, inverse, gamma):
    """γ and 1/root are the same for all samples, so they may come last, together."""
    n = len(dout)
    return gamma * inverse / n * (n * dout - dout.sum(0) - x_hat * (dout * x_hat).sum(0))


def as_projections(dout, x_hat, inverse, gamma):
    """Take out the part along the ones, then the part along x̂, as vectors of length √N."""
    n = len(dout)
    d = (gamma * inverse) * dout
    ones = np.ones((n, n)) / n
    return d - ones @ d - x_hat * np.einsum("nm,nm->m", x_hat, d) / n


def by_jacobian(dout, x_hat, inverse, gamma):
    dx = np.empty_like(dout)
    n = len(dout)
    for j in range(dout.shape[1]):
        jacobian = np.eye(n) - 1 / n - np.outer(x_hat[:, j], x_hat[:, j]) / n
        dx[:, j] = gamma[j] * inverse[j] * (jacobian @ dout[:, j])
    return dx


def draw_short(rng):
    for case in draw_nodes(rng):
        nodes = case.inputs["nodes"]
        inputs = {"dout": case.inputs["dout"]}
        yield Case(inputs | {k: nodes[k] for k in ("x_hat", "inverse", "gamma")}, case.note)


wrong = Mistakes(batch_norm_short)

wrong.swap("along x̂ forgotten", " - x_hat * (d * x_hat).mean(axis=0)", "").says("""
    The part along `x_hat` is still in it: stretching a feature about its mean leaves the output as
    it is, and your gradient says otherwise. That part comes through the variance.""")
wrong.swap("mean forgotten", " - d.mean(axis=0)", "").says("""Your columns do not sum to 0: shifting
    a feature leaves the output as it is, and your gradient says otherwise. That part comes through
    the mean.""")
wrong.swap(
    "statistics as constants",
    "(d - d.mean(axis=0) - x_hat * (d * x_hat).mean(axis=0))",
    "d",
).says("""You treat mean and variance as constants. They are made of `x`, and every sample acts on
    all the others through them.""")
wrong.swap(
    "sums instead of means",
    "d.mean(axis=0) - x_hat * (d * x_hat).mean(axis=0)",
    "d.sum(axis=0) - x_hat * (d * x_hat).sum(axis=0)",
).says("Both parts are means over the batch. You take the sums, which are N times as large.")
wrong.swap("root forgotten", "inverse * (d", "1 * (d").says("""The factor 1/root is missing:
    `centred` was multiplied by `inverse` on the way forward.""")
wrong.swap("divided by the inverse", "return inverse * (", "return 1 / inverse * (").says("""
    You multiply by the root. Forward, `centred` was multiplied by `inverse`; so is what comes
    back.""")
wrong.swap("gamma forgotten", "dout * gamma", "dout").says("""γ is missing: it multiplies `x_hat` on
    the way forward, and `dout` on the way back.""")
wrong.swap("along x̂, not times x̂", "x_hat * (d * x_hat)", "(d * x_hat)").says("""
    The mean of `d * x_hat` says how much of `d` lies along `x_hat`. To take it out you subtract
    that much *of `x_hat`*: one factor is missing.""")
wrong.swap("added where it is taken out", "- x_hat *", "+ x_hat *").says("""
    The part along `x_hat` is added, and it has to be taken out.""")
wrong.swap(
    "means over the features",
    "d.mean(axis=0) - x_hat * (d * x_hat).mean(axis=0)",
    "d.mean(axis=1, keepdims=True) - x_hat * (d * x_hat).mean(axis=1, keepdims=True)",
).says("""Your means run over the features of a sample. Mean and variance of batch normalisation run
    over the batch, column by column.""")
wrong.swap("gamma twice", "inverse * (d", "gamma * inverse * (d").says("""
    γ is in it twice: once in `d`, and once outside of the brackets.""")


EXERCISE = Exercise(
    id="ch09.batch_norm_short",
    title="The same, simplified",
    kind="function",
    points=3,
    difficulty=3,
    reference=batch_norm_short,
    accepted=(gamma_last, as_projections, by_jacobian),
    mistakes=wrong.all,
    hints=(
        "Put `dsquare * 2 * centred` into terms of `x_hat`: centred = x_hat · root. Which roots "
        "cancel?",
        "With d = dout · γ, `dcentred` becomes inverse · (d − x_hat · mean(d · x_hat)). Then take "
        "its mean over the batch out of it. What is the mean of `x_hat`?",
        "The skeleton:\n    d = …\n    return … * (d - … - x_hat * …)",
    ),
    probe=Probe(call, {"returns": ("dx",)}),
    draw=draw_short,
    outputs=(Output("dx", "(N, M)", "the shape of x"),),
    remark="What is taken out is what the layer cannot see: a common shift, and a stretch.",
)
