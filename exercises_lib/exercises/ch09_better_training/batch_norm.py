"""ch09.BatchNorm: batch normalisation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes import ch09 as probes


class BatchNorm:
    def __init__(self, size, momentum=0.1, eps=1e-5):
        self.gamma, self.beta = np.ones(size), np.zeros(size)
        self.running_mean, self.running_var = np.zeros(size), np.ones(size)
        self.momentum, self.eps = momentum, eps

    def forward(self, x, train=True):
        mean, var = self.running_mean, self.running_var
        if train:
            mean, var = self.statistics(x)
            self.learn(mean, var, len(x))
        self.scale = 1 / np.sqrt(var + self.eps)
        self.x_hat = (x - mean) * self.scale
        return self.gamma * self.x_hat + self.beta

    def statistics(self, x):
        return x.mean(axis=0), x.var(axis=0)

    def learn(self, mean, var, n):
        a = self.momentum
        self.running_mean = (1 - a) * self.running_mean + a * mean
        self.running_var = (1 - a) * self.running_var + a * var * n / (n - 1)

    def backward(self, dout):
        self.dgamma = np.sum(dout * self.x_hat, axis=0)
        self.dbeta = np.sum(dout, axis=0)
        d = dout * self.gamma
        along = np.mean(d * self.x_hat, axis=0)
        return (d - d.mean(axis=0) - self.x_hat * along) * self.scale


class BatchNormByNodes(BatchNorm):
    """Backward gate by gate through the graph."""

    def forward(self, x, train=True):
        if not train:
            root = (self.running_var + self.eps) ** 0.5
            return (x - self.running_mean) / root * self.gamma + self.beta
        n = len(x)
        self.centred = x - x.sum(axis=0) / n
        var = (self.centred**2).sum(axis=0) / n
        self.root = (var + self.eps) ** 0.5
        self.normal = self.centred / self.root
        self.running_mean += self.momentum * (x.mean(axis=0) - self.running_mean)
        self.running_var += self.momentum * (x.var(axis=0, ddof=1) - self.running_var)
        return self.normal * self.gamma + self.beta

    def backward(self, dout):
        n = len(dout)
        self.dbeta = np.ones(n) @ dout
        self.dgamma = np.einsum("nm,nm->m", dout, self.normal)
        d_normal = dout * self.gamma
        d_root = -(d_normal * self.centred).sum(axis=0) / self.root**2
        d_var = d_root / (2 * self.root)
        d_centred = d_normal / self.root + self.centred * 2 * d_var / n
        return d_centred - d_centred.sum(axis=0) / n


class BatchNormByColumns(BatchNorm):
    """One feature at a time, with the whole Jacobian of its normalisation."""

    def backward(self, dout):
        n, m = dout.shape
        self.dgamma, self.dbeta, dx = np.zeros(m), np.zeros(m), np.zeros((n, m))
        for j in range(m):
            h = self.x_hat[:, j]
            self.dgamma[j], self.dbeta[j] = dout[:, j] @ h, dout[:, j].sum()
            jacobian = self.scale[j] * (np.eye(n) - 1 / n - np.outer(h, h) / n)
            dx[:, j] = jacobian @ (self.gamma[j] * dout[:, j])
        return dx


def draw_batch_norm(rng: np.random.Generator) -> Iterator[Case]:
    def case(n: int, m: int, note: str, dtype: type = np.float64, new: int = 4) -> Case:
        def batch(size: int) -> Any:
            return (
                rng.normal(size=(size, m)) * rng.uniform(0.5, 3, m) + rng.normal(size=m)
            ).astype(dtype)

        inputs: dict[str, Any] = {
            "settings": (m, float(rng.uniform(0.1, 0.4)), float(rng.uniform(0.05, 0.2))),
            "gamma": rng.uniform(0.5, 2, m),
            "beta": rng.normal(size=m),
        }
        for name, size in (("", n), ("second ", n + 2)):
            inputs[f"{name}x"] = batch(size)
            inputs[f"{name}dout"] = rng.normal(size=(size, m)).astype(dtype)
        return Case(inputs | {"new x": batch(new)}, note)

    n, m, other = rng.choice(np.arange(3, 8), size=3, replace=False).tolist()
    yield case(n, m, f"N = {n}, M = {m}")
    yield case(other, n, "a single sample to evaluate", new=1)
    constant = case(m, other, "one feature is the same in all samples")
    constant.inputs["x"][:, 0] = 1.5
    yield Case(dict(constant.inputs) | {"settings": (other,)}, constant.note)
    yield case(m, n, "float32", np.float32)


BATCH_NORM_OUTPUTS = (
    *(
        Output(f"{batch}{name}", shape, why)
        for batch in ("", "second ")
        for name, shape, why in (
            ("out", "(N, M)", "the shape of x"),
            ("dx", "(N, M)", "the shape of x"),
            ("dgamma", "(M,)", "one number per feature"),
            ("dbeta", "(M,)", "one number per feature"),
            ("running_mean", "(M,)", "one number per feature"),
            ("running_var", "(M,)", "one number per feature"),
        )
    ),
    Output("evaluation out", "(N, M)", "the shape of x"),
)

wrong = Mistakes(BatchNorm)

wrong.swap(
    "statistics of each sample",
    "(axis=0), x.var(axis=0)",
    "(axis=1, keepdims=True), x.var(axis=1, keepdims=True)",
).says("""You take mean and variance over the features of each sample. That is layer normalisation;
    here every feature is looked at across the batch.""")

wrong.swap("one mean for everything", "(axis=0), x.var(axis=0)", "(), x.var()").says("""
    You take one mean and one variance for the whole array. Every feature has its own.""")

wrong.swap(
    "normalised by the unbiased variance",
    "var(axis=0)",
    "var(axis=0, ddof=1)",
    "var * n / (n - 1)",
    "var",
).says("""You normalise by the variance with N − 1. The batch is normalised by its own variance,
    divided by N; N − 1 belongs to the running estimate only.""")

wrong.swap("running variance divided by N", "var * n / (n - 1)", "var").says("""
    Your running variance averages the batches' variances as they are. It estimates the variance of
    all data, and for that, as in PyTorch, each batch's is divided by N − 1.""")

wrong.swap(
    "momentum the other way round",
    "(1 - a) * self.running_mean + a",
    "a * self.running_mean + (1 - a)",
    "(1 - a) * self.running_var + a",
    "a * self.running_var + (1 - a)",
).says("""You give the newest batch the weight 1 − momentum. Here, as in PyTorch, `momentum` is the
    weight of the newest batch.""")

wrong.swap("last batch only", "a = self.momentum", "a = 1").says("""Your running statistics are those of the last batch alone. They should move towards it by
    a small part, so that many batches are in them.""")

wrong.swap("running statistics never move", "a = self.momentum", "a = 0").says("""The running mean and variance stay at 0 and 1, so evaluation normalises nothing. Every
    training batch has to move them a little.""")


class BatchStatisticsAlways(BatchNorm):
    def forward(self, x, train=True):
        if train:
            return super().forward(x, True)
        mean, var = self.statistics(x)
        return self.gamma * (x - mean) / np.sqrt(var + self.eps) + self.beta


wrong.answer("evaluation by its own statistics", BatchStatisticsAlways).says("""
    In evaluation you use the statistics of the batch at hand. A sample's prediction then depends on
    its neighbours, and a single sample becomes β.""")

wrong.swap(
    "learns in evaluation",
    "mean, var = self.running_mean, self.running_var",
    """
    if not train:
        self.learn(*self.statistics(x), max(len(x), 2))
    mean, var = self.running_mean, self.running_var""",
).says("Evaluation moves the running statistics. Looking at test data must not change the network.")


class RunningInTraining(BatchNorm):
    def forward(self, x, train=True):
        if train:
            self.learn(*self.statistics(x), len(x))
        return super().forward(x, False)


wrong.answer("running statistics in training", RunningInTraining).says("""
    You normalise training batches by the running statistics. In training a batch is normalised by
    its own mean and variance.""")

wrong.swap("no eps", "var + self.eps", "var").says("""You divide by the root of the variance without
    `eps`. A feature that is the same in all samples has variance 0.""")

wrong.swap(
    "eps outside of the root", "np.sqrt(var + self.eps)", "(np.sqrt(var) + self.eps)"
).says("""You add `eps` to the root. Here it is added to the variance, below the root; the
    optimisers did it the other way.""")

wrong.swap("divided by the variance", "/ np.sqrt(var + self.eps)", "/ (var + self.eps)").says("""
    You divide by the variance. Its root, the standard deviation, is what makes the new variance
    1.""")

wrong.swap("no scale and shift", "self.gamma * self.x_hat + self.beta", "self.x_hat").says("""
    You return x̂. `gamma` and `beta` have to come on top, so that the network can undo what it does
    not like.""")

wrong.swap(
    "mean and variance taken as constants", "(d - d.mean(axis=0) - self.x_hat * along)", "d"
).says("""Your `dx` treats mean and variance as given numbers. In training both are made of `x`, so
    gradient flows back through them as well.""")

wrong.swap("path through the mean forgotten", "d - d.mean(axis=0) -", "d -").says("""The path through the variance is there, the one through the mean is not. Add the same
    number to a whole column and nothing may change: each column of `dx` sums to 0.""")

wrong.swap("path through the variance forgotten", " - self.x_hat * along", "").says("The path through the mean is there, the one through the variance is not.")

wrong.swap("sums in place of means", ("np.mean(d", "np.sum(d"), ("d.mean(", "d.sum(")).says("""You subtract sums over the batch where means belong. Each sample has only a share of 1/N
    in the mean and in the variance.""")

wrong.swap("gamma forgotten on the way back", "d = dout * self.gamma", "d = dout").says("x̂ is multiplied by `gamma` on the way forward, so its gradient is too.")

wrong.swap(
    "dgamma from x",
    ("def forward(self, x, train=True):", "def forward(self, x, train=True):\n    self.x = x"),
    ("dout * self.x_hat", "dout * self.x"),
).says("`dgamma` is made with `x`. On the way forward `gamma` multiplies x̂.")

wrong.swap("dgamma like dbeta", "np.sum(dout * self.x_hat, axis=0)", "dout.sum(axis=0)").says("""
    Your `dgamma` is the sum of `dout`: that is `dbeta`. The factor that `gamma` multiplies is
    missing.""")

wrong.swap(
    "dgamma and dbeta swapped",
    ("self.dgamma =", "self.dbeta ="),
    ("self.dbeta = np.sum(dout, axis=0)", "self.dgamma = np.sum(dout, axis=0)"),
).says("""`dgamma` and `dbeta` have changed places. β is only added, so nothing but `dout` stands in
    its gradient.""")

wrong.swap(
    "dgamma from the output",
    (
        "return self.gamma * self.x_hat + self.beta",
        "self.out = self.gamma * self.x_hat + self.beta\nreturn self.out",
    ),
    ("dout * self.x_hat", "dout * self.out"),
).says("`dgamma` is made with the layer's output. On the way forward `gamma` multiplies x̂.")

wrong.swap(
    "gamma and beta swapped",
    "self.gamma * self.x_hat + self.beta",
    "self.beta * self.x_hat + self.gamma",
).says("`gamma` and `beta` have changed places in the output: γ is the factor, β the shift.")

wrong.swap("plus before the last term", "- self.x_hat * along", "+ self.x_hat * along").says("""The last term of your `dx` has the wrong sign: the part along x̂ is to be taken out, and
    you put it in a second time.""")

wrong.swap("root forgotten on the way back", "along) * self.scale", "along)").says("""Your `dx` is not divided by the root. On the way forward x is divided by it, so what comes
    back is as well.""")

wrong.swap(
    "multiplied by the root on the way back", "along) * self.scale", "along) / self.scale"
).says("""You multiply by the root on the way back. A stage that divides has 1 over the root as its
    slope, forward and backward.""")

wrong.swap(
    "means over all entries",
    ("d.mean(axis=0)", "d.mean()"),
    ("np.mean(d * self.x_hat, axis=0)", "np.mean(d * self.x_hat)"),
).says("""On the way back you take one mean over all entries. Both means are taken over the batch,
    for every feature by itself.""")

wrong.swap("x̂ missing before the mean", "- self.x_hat * along", "- along").says("""In the last term of your `dx` the x̂ before the mean is missing. The same number is then
    subtracted from all samples.""")

wrong.swap(
    "running standard deviation", "a * var * n / (n - 1)", "a * np.sqrt(var * n / (n - 1))"
).says("""Your running variance collects standard deviations. The root is taken where the batch is
    normalised, not in what is remembered.""")

wrong.swap(
    "nothing fades",
    ("(1 - a) * self.running_mean", "self.running_mean"),
    ("(1 - a) * self.running_var", "self.running_var"),
).says("""You add each batch's share and keep the old value whole: the running statistics grow and
    grow. The old value enters with the part that is left.""")

wrong.swap("correction upside down", "a * var", "a * (var * ((n - 1) / n) ** 2)").says("""
    You make the batch variance smaller by (N − 1)/N. With N − 1 below the line in place of N, a
    variance gets larger.""")

wrong.swap(
    "parameters' gradients averaged",
    ("np.sum(dout * self.x_hat", "np.mean(dout * self.x_hat"),
    ("np.sum(dout,", "np.mean(dout,"),
).says("""You divide `dgamma` and `dbeta` by N. All samples use them, and uses add up; a mean in the
    loss is already in `dout`.""")

wrong.swap(
    "parameters' gradients not summed",
    ("np.sum(dout * self.x_hat, axis=0)", "dout * self.x_hat"),
    ("np.sum(dout, axis=0)", "dout.copy()"),
).says("""Your `dgamma` and `dbeta` still have a row per sample. All samples share one γ and one β
    per feature.""")

EXERCISE = Exercise(
    id="ch09.BatchNorm",
    title="Batch normalisation",
    kind="class",
    points=5,
    reference=BatchNorm,
    accepted=(nn.BatchNorm, BatchNormByNodes, BatchNormByColumns),
    mistakes=wrong.all,
    hints=(
        "Forward first. Which mean and variance does a training batch use, which an evaluation, "
        "and what must `backward` find in the object afterwards?",
        "`dgamma` and `dbeta` are as for a weight and a bias of one number per feature. For `dx`: "
        "from dx̂ = γ · dout subtract its mean over the batch, and x̂ times the mean of dx̂ · x̂; "
        "then multiply by the scale 1/√(var + eps).",
        "The skeleton of the way back:\n    self.dgamma = (… * …).sum(axis=…)\n"
        "    self.dbeta = …\n    d = dout * …\n"
        "    dx = self.scale * (d - … - self.x_hat * …)      # two means over the batch",
    ),
    probe=Probe(probes.batch_norm),
    draw=draw_batch_norm,
    outputs=BATCH_NORM_OUTPUTS,
    remark="Each column of dx sums to 0: moving a whole feature changes nothing.",
)
