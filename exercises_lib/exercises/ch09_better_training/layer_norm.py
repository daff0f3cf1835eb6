"""ch09.LayerNorm: layer normalisation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes import ch09 as probes


class LayerNorm:
    def __init__(self, size, eps=1e-5):
        self.gamma, self.beta = np.ones(size), np.zeros(size)
        self.eps = eps

    def forward(self, x):
        mean, var = x.mean(axis=1, keepdims=True), x.var(axis=1, keepdims=True)
        self.scale = 1 / np.sqrt(var + self.eps)
        self.x_hat = (x - mean) * self.scale
        return self.gamma * self.x_hat + self.beta

    def backward(self, dout):
        self.dgamma = (dout * self.x_hat).sum(axis=0)
        self.dbeta = dout.sum(axis=0)
        d = dout * self.gamma
        along = (d * self.x_hat).mean(axis=1, keepdims=True)
        return (d - d.mean(axis=1, keepdims=True) - self.x_hat * along) * self.scale


class Transposed:
    """Batch normalisation of the transposed array, as far as the statistics go."""

    def __init__(self, size, eps=1e-5):
        self.gamma, self.beta, self.eps = np.ones(size), np.zeros(size), eps

    def forward(self, x):
        columns = x.T
        self.root = np.sqrt(columns.var(axis=0) + self.eps)
        self.normal = ((columns - columns.mean(axis=0)) / self.root).T
        return self.normal * self.gamma + self.beta

    def backward(self, dout):
        self.dbeta = np.ones(len(dout)) @ dout
        self.dgamma = np.einsum("nm,nm->m", dout, self.normal)
        d, h, m = (self.gamma * dout).T, self.normal.T, dout.shape[1]
        return ((m * d - d.sum(0) - h * (d * h).sum(0)) / (m * self.root)).T


class SampleBySample:
    def __init__(self, size, eps=1e-5):
        self.gamma, self.beta, self.eps = np.ones(size), np.zeros(size), eps

    def forward(self, x):
        self.kept = []
        rows = []
        for row in x:
            root = np.sqrt(np.mean((row - row.mean()) ** 2) + self.eps)
            self.kept.append(((row - row.mean()) / root, root))
            rows.append(self.gamma * self.kept[-1][0] + self.beta)
        return np.array(rows)

    def backward(self, dout):
        self.dgamma = sum(g * h for g, (h, _) in zip(dout, self.kept))
        self.dbeta = sum(dout)
        rows = []
        for g, (h, root) in zip(dout, self.kept):
            m = len(g)
            jacobian = (np.eye(m) - 1 / m - np.outer(h, h) / m) / root
            rows.append(jacobian @ (g * self.gamma))
        return np.array(rows)


def draw_layer_norm(rng: np.random.Generator) -> Iterator[Case]:
    def case(n: int, m: int, note: str, dtype: type = np.float64) -> Case:
        def batch() -> Any:
            return (rng.normal(size=(n, m)) * rng.uniform(0.5, 3, (n, 1)) + 1).astype(dtype)

        return Case(
            {
                "settings": (m, float(rng.uniform(0.05, 0.2))),
                "gamma": rng.uniform(0.5, 2, m),
                "beta": rng.normal(size=m),
                "x": batch(),
                "dout": rng.normal(size=(n, m)).astype(dtype),
                "other x": batch(),
            },
            note,
        )

    n, m, other = rng.choice(np.arange(3, 8), size=3, replace=False).tolist()
    yield case(n, m, f"N = {n}, M = {m}")
    yield case(1, other, "a batch of one")
    yield case(m, 2 * n, f"N = {m}, M = {2 * n}")
    constant = case(other, n, "all features of one sample are the same, eps left out")
    constant.inputs["x"][0] = 1.5
    yield Case(dict(constant.inputs) | {"settings": (n,)}, constant.note)
    yield case(m, other, "float32", np.float32)


wrong = Mistakes(LayerNorm)

wrong.swap(
    "over the batch",
    "x.mean(axis=1, keepdims=True), x.var(axis=1, keepdims=True)",
    "x.mean(axis=0), x.var(axis=0)",
    "(d * self.x_hat).mean(axis=1, keepdims=True)",
    "(d * self.x_hat).mean(axis=0)",
    "d.mean(axis=1, keepdims=True)",
    "d.mean(axis=0)",
).says("""You take mean and variance over the batch, feature by feature: that is batch
    normalisation. Here every sample is normalised by its own features.""")
wrong.swap(
    "forward right, means of the batch on the way back",
    "(d * self.x_hat).mean(axis=1, keepdims=True)",
    "(d * self.x_hat).mean(axis=0)",
    "d.mean(axis=1, keepdims=True)",
    "d.mean(axis=0)",
).says("""Your backward pass takes its means over the batch. The forward pass mixed the features of
    one sample, so the way back mixes these, too.""")
wrong.swap(
    "one mean for everything",
    "x.mean(axis=1, keepdims=True), x.var(axis=1, keepdims=True)",
    "x.mean(), x.var()",
).says("You take one mean and one variance for the whole array. Every sample has its own.")
wrong.swap(
    "unbiased variance", "x.var(axis=1, keepdims=True)", "x.var(axis=1, keepdims=True, ddof=1)"
).says("Your variance divides by M − 1. Here it divides by the number of features, M.")
wrong.swap(
    "eps outside of the root", "np.sqrt(var + self.eps)", "(np.sqrt(var) + self.eps)"
).says("You add `eps` to the root. Here, as in batch normalisation, it stands below it.")
wrong.swap("no eps", "np.sqrt(var + self.eps)", "np.sqrt(var)").says("""
    Without `eps` a sample whose features are all the same is divided 0 by 0. It belongs below the
    root.""")
wrong.swap("divided by the variance", "np.sqrt(var + self.eps)", "(var + self.eps)").says("""
    You divide by the variance. Its root has the size of the features.""")
wrong.swap("gamma and beta forgotten", "self.gamma * self.x_hat + self.beta", "self.x_hat").says("""
    `forward` returns x̂. The layer's output is γ · x̂ + β.""")
wrong.swap(
    "statistics as constants", "(d - d.mean(axis=1, keepdims=True) - self.x_hat * along)", "d"
).says("""You treat mean and variance as constants. They are made of `x`: every feature acts on all
    the others of its sample through them.""")
wrong.swap("mean's path forgotten", "d - d.mean(axis=1, keepdims=True) -", "d -").says("""
    The path through the mean is missing: your rows do not sum to 0, although a shift of all the
    features of a sample leaves the output as it is.""")
wrong.swap("variance's path forgotten", " - self.x_hat * along", "").says("""
    The path through the variance is missing: the part along x̂ has to be taken out.""")
wrong.swap(
    "sums instead of means",
    "(d * self.x_hat).mean(axis=1, keepdims=True)",
    "(d * self.x_hat).sum(axis=1, keepdims=True)",
    "d.mean(axis=1, keepdims=True)",
    "d.sum(axis=1, keepdims=True)",
).says("Both parts are means over the features. You take the sums, which are M times as large.")
wrong.swap("gamma forgotten on the way back", "d = dout * self.gamma", "d = dout").says("""
    γ multiplied x̂ on the way forward, so it multiplies `dout` on the way back.""")
wrong.swap("root forgotten on the way back", " * along) * self.scale", " * along)").says("""
    The factor 1/root is missing at the end of your backward pass.""")
wrong.swap(
    "dgamma summed over the features",
    "(dout * self.x_hat).sum(axis=0)",
    "(dout * self.x_hat).sum(axis=1)",
).says("`dgamma` has one number per sample. γ has one per feature, and all samples share it.")
wrong.swap(
    "dgamma and dbeta averaged",
    "self.x_hat).sum(axis=0)",
    "self.x_hat).mean(axis=0)",
    "dout.sum(axis=0)",
    "dout.mean(axis=0)",
).says("""The samples' parts of `dgamma` and `dbeta` are added up, not averaged: all of them use the
    same γ and β.""")
wrong.swap(
    "dgamma from x",
    "self.x_hat = (x - mean) * self.scale",
    "self.x, self.x_hat = x, (x - mean) * self.scale",
    "(dout * self.x_hat).sum(axis=0)",
    "(dout * self.x).sum(axis=0)",
).says("γ multiplies x̂, not x: that is the other factor in its gradient.")

wrong.swap(
    "dgamma from the output", "dout * self.x_hat", "dout * (self.gamma * self.x_hat + self.beta)"
).says("You multiply `dout` by the output. What γ was multiplied with is x̂.")

wrong.swap(
    "one memory for all layers",
    "return self.gamma * self.x_hat + self.beta",
    """
    out = self.gamma * self.x_hat + self.beta
    LayerNorm.x_hat, LayerNorm.scale = self.__dict__.pop("x_hat"), self.__dict__.pop("scale")
    return out""",
).says("""What `forward` remembers is kept in the class, so all layers share it and the last one
    that ran decides. Keep it in `self`.""")

EXERCISE = Exercise(
    id="ch09.LayerNorm",
    title="Layer normalisation",
    kind="class",
    points=4,
    reference=LayerNorm,
    accepted=(nn.LayerNorm, Transposed, SampleBySample),
    mistakes=wrong.all,
    hints=(
        "Which axis do the statistics run along, and which one do `dgamma` and `dbeta`? They are "
        "not the same.",
        "The short form of batch normalisation holds for each *row* now: take the row's mean out, "
        "and the part along x̂. Keep the axis (`keepdims=True`), so that (N, 1) meets (N, M).",
        "The skeleton:\n    mean, var = x.mean(axis=…, keepdims=True), …\n"
        "    self.scale = 1 / np.sqrt(…)\n    …\n    self.dgamma = (… * …).sum(axis=…)\n"
        "    d = …\n    return (d - … - self.x_hat * …) * self.scale",
    ),
    probe=Probe(probes.layer_norm),
    draw=draw_layer_norm,
    outputs=(
        Output("out", "(N, M)", "the shape of x"),
        Output("dx", "(N, M)", "the shape of x"),
        Output("dgamma", "(M,)", "one number per feature"),
        Output("dbeta", "(M,)", "one number per feature"),
    ),
    remark="No sample looks at another: nothing to remember for evaluation, and N may be 1.",
)
