"""ch05.SigmoidWithLoss: sigmoid with loss, as a layer."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch05_softmax_with_loss._shared import only_capped
from exercises_lib.probes import ch05


class FusedSigmoid:
    def forward(self, x, t):
        self.t, self.p = t, nn.sigmoid(x)
        return np.mean(np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x))))

    def backward(self, dout=1.0):
        return dout * (self.p - self.t) / self.p.size


class ByLogaddexp:
    def forward(self, x, t):
        self.grad = 0.5 * (1 + np.tanh(0.5 * x)) - t
        return (t * np.logaddexp(0, -x) + (1 - t) * np.logaddexp(0, x)).mean()

    def backward(self, dout=1.0):
        return self.grad * dout / self.grad.size


class BySide:
    """Right: the score that speaks for the label is x if t = 1, else -x."""

    def forward(self, x, t):
        sign = np.where(t == 1, 1.0, -1.0)
        margin = sign * x
        small = np.exp(-np.abs(margin))
        losses = np.where(margin > 0, 0, -margin) + np.log(1 + small)
        self.dx = -sign * np.where(margin > 0, small, 1) / (1 + small) / x.size
        return losses.sum() / x.size

    def backward(self, dout=1.0):
        return dout * self.dx


def draw_sigmoid_with_loss(rng: np.random.Generator) -> Iterator[Case]:
    def case(shape, note, **more):
        x = rng.normal(0, 2, shape)
        t = (rng.permuted(np.arange(x.size)) % 2).reshape(shape).astype(float)
        return Case({"x": x, "t": t, **more}, note)

    yield case((5,), "", dout=float(rng.uniform(1.5, 3.0)))
    yield case((4, 2), "two questions per sample", dout=float(rng.uniform(1.5, 3.0)))
    yield case((1,), "a batch of one, backward() without dout")
    x = rng.normal(0, 2, (6,)).astype(np.float32)
    t = np.array([1, 0, 0, 1, 1, 0], dtype=np.float32)
    yield Case({"x": x, "t": t, "dout": 2.0}, "float32")
    yield Case(
        {"x": np.array([20.0, -20.0]), "t": np.array([0.0, 1.0]), "dout": 2.0},
        "scores of 20 and -20, both on the wrong side",
    )
    yield Case(
        {
            "x": np.array([1000.0, -1000.0, 40.0, -40.0, 1000.0]),
            "t": np.array([0.0, 1.0, 0.0, 1.0, 1.0]),
            "dout": float(rng.uniform(1.5, 3.0)),
        },
        "scores up to 1000",
    )


wrong = Mistakes(FusedSigmoid)


def sigmoid_loss(p, t):
    return -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p))


wrong.swap(
    "loss through p",
    "np.mean(np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x))))",
    "sigmoid_loss(self.p, t)",
).says("""At a score of 40 the sigmoid is stored as exactly 1.0, and `np.log(1 - p)` is −inf (and 0
    times that is nan). The true loss is 40: it can be had from the score without going through
    p.""")

wrong.swap(
    "added 1e-7",
    "np.mean(np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x))))",
    "-np.mean(t * np.log(self.p + 1e-7) + (1 - t) * np.log(1 - self.p + 1e-7))",
).says("""`+ 1e-7` inside the logarithm caps the loss at 16.1: a score of 1000 on the wrong side
    must cost 1000. Every other loss is a little wrong too.""")

wrong.swap(
    "limited p",
    "np.mean(np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x))))",
    "sigmoid_loss(np.clip(self.p, 1e-12, 1 - 1e-12), t)",
).says(
    """A limit for p caps the loss: a score of 1000 on the wrong side must cost 1000. Beyond the cap
    the loss no longer fits the gradient.""",
    recognise=only_capped(nn.SigmoidWithLoss),
)

wrong.swap(
    "exp of the raw score",
    "np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x)))",
    "np.log(1 + np.exp(x)) - x * t",
).says("""`np.exp(x)` overflows from x = 710 on, and the loss is inf. Only the exponential of a
    number that is not positive is safe.""")

wrong.swap(
    "two steps back",
    "dx: Array = (self.p - self.t) * (dout / self.p.size)",
    """
    dp = -self.t / self.p + (1 - self.t) / (1 - self.p)
    dx: Array = dout * dp * self.p * (1 - self.p) / self.p.size""",
    of=nn.SigmoidWithLoss,
).says("""You differentiate the loss and the sigmoid one after the other. Where p is stored as 0 or
    1 the first divides by 0 and the second multiplies by 0. On paper they cancel; in floats that is
    nan.""")

wrong.swap(
    "stops at the probabilities",
    "dx: Array = (self.p - self.t) * (dout / self.p.size)",
    """
    p = np.clip(self.p, 1e-7, 1 - 1e-7)
    dx: Array = dout * (p - self.t) / (p * (1 - p)) / p.size""",
    of=nn.SigmoidWithLoss,
).says("""That is the gradient with respect to p. The backward pass goes on through the sigmoid,
    down to the score.""")

wrong.swap(
    "slope of the sigmoid twice", "(self.p - self.t)", "(self.p - self.t) * self.p * (1 - self.p)"
).says("""`p - t` contains the slope of the sigmoid already: it cancelled against the denominator of
    the loss's gradient. You multiply by p (1 − p) once more.""")

wrong.swap("dout ignored", "return dout *", "return").says("""`backward(2.0)` gives the same as
    `backward(1.0)` in your layer. What arrives from above is multiplied in, here too.""")

wrong.swap("gradient of the sum", "(self.p - self.t) / self.p.size", "(self.p - self.t)").says("""
    The loss is a mean, but your gradient is that of the sum: the division is missing.""")

wrong.swap("gradient divided by the rows", "self.p.size", "len(self.p)").says("""
    You divide by `len(p)`, the number of rows. The mean in the loss runs over all entries, which
    are more as soon as x has two axes.""")

wrong.swap("sign", "p - self.t", "t - self.p").says("""Your gradient points the other way: with t =
    1 a higher score lowers the loss, so dx is negative there.""")

wrong.swap(
    "score in place of the probability",
    "return np.mean(np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x))))",
    """
    loss = np.mean(np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x))))
    self.p = x
    return loss""",
).says("""Your gradient takes the score for the probability. What the label is compared with is what
    the sigmoid gave.""")

wrong.swap("dout has no default", "dout=1.0", "dout").says("""
    Nothing lies above a loss, so `backward()` is usually called without an argument; then the
    upstream gradient is 1. Your `dout` has no default value.""")


class SigmoidFirstBatchKept(FusedSigmoid):
    p = None

    def forward(self, x, t):
        if self.p is None:
            return super().forward(x, t)
        return FusedSigmoid().forward(x, t)


wrong.answer("keeps the first batch", SigmoidFirstBatchKept).says("""Your layer remembers the first
    batch it ever saw. Each `forward` replaces what the last one kept.""")

wrong.swap(
    "loss divided by the rows",
    "(np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x))))",
    "(np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x)))) * x.size / len(x)",
).says("""Your loss is divided by the number of rows. The mean runs over all entries, which are more
    as soon as x has two axes.""")

wrong.swap(
    "one loss per column",
    "np.mean(np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x))))",
    "(np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x)))).mean(axis=0)",
).says("Your loss is a mean over axis 0 only. It is one number for all entries.")

wrong.swap("the largest score of all", "np.maximum(x, 0)", "np.max(x)").says("""
    `np.max(x)` is the largest score of the whole batch. `np.maximum(x, 0)` compares each score with
    0.""")

wrong.swap("1 added twice", "np.exp(-np.abs(x))", "1 + np.exp(-np.abs(x))").says("""
    `np.log1p(z)` adds the 1 itself. You add it once more.""")

wrong.swap("the exponent without | |", "np.abs(x)", "x").says("""
    Your exponent is −x, positive for negative scores: the formula has the *size* of x there, and
    without it the result is wrong and overflows.""")

wrong.swap("a positive exponent", "(-np.abs(x))", "(np.abs(x))").says("""Your exponent is +|x|. It
    is never negative, so it overflows; and the larger of x and 0 has been taken out already.""")

wrong.swap("the maximum left out", "np.maximum(x, 0) - x", "-x").says("""Taking the larger of x and
    0 out of the logarithm puts it in front. Your loss leaves it away.""")

wrong.swap("x · t added", "(x, 0) - x", "(x, 0) + x").says("""
    x · t is subtracted: with t = 1 a higher score makes the loss smaller.""")

wrong.swap(
    "squares", "np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x)))", "(self.p - t) ** 2"
).says("""Those are the squares of p − t. The loss here is the cross-entropy; with its gradient p −
    t the squares do not fit together.""")

wrong.swap(
    "loss summed",
    "(np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x))))",
    "(np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x)))) * x.size",
).says("Your loss is the sum over all entries, not their mean.")

wrong.swap(
    "changes the stored p",
    "dx: Array = (self.p - self.t) * (dout / self.p.size)\nreturn dx",
    "self.p -= self.t\nself.p *= dout / self.p.size\nreturn self.p",
    of=nn.SigmoidWithLoss,
).says("""`self.p -= …` writes into what `forward` stored, so the next `backward` starts from a
    wrong p. Compute the gradient in an array of its own.""")

wrong.swap(
    "the label left out of the loss",
    "(x, 0) - x * t + np.log1p(np.exp(-np.abs(x)))",
    "(x, 0) + np.log1p(np.exp(-np.abs(x)))",
).says("The label does not occur in your loss. The term x · t is missing.")

wrong.swap(
    "two steps back, through a limited p",
    "return dout * (self.p - self.t) / self.p.size",
    """
    _, dp = nn.binary_cross_entropy(self.p, self.t)
    return dout * dp * self.p * (1 - self.p)""",
).says("""You divide by p (1 − p) and multiply by it again. Limiting p takes away the nan, but where
    a score is most wrong the gradient is 0 now, and it should be largest.""")

wrong.swap(
    "sign of the loss",
    "np.mean(np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x))))",
    "-np.mean(np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x))))",
).says("Your loss is negative. A cost is positive, and largest where the prediction is worst.")

wrong.swap(
    "factor 2",
    "(self.p - self.t) * (dout / self.p.size)",
    "2 * (dout * (self.p - self.t) / self.p.size)",
    of=nn.SigmoidWithLoss,
).says("The 2 belongs to the squared error. Cross-entropy leaves p − t, without a factor.")

wrong.swap(
    "probability in place of the score",
    "return np.mean(np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x))))",
    """
    p = self.p
    return np.mean(np.maximum(p, 0) - p * t + np.log1p(np.exp(-np.abs(p))))""",
).says("""You put the probability into a formula that is made for the *score*: the sigmoid is in it
    already.""")

EXERCISE = Exercise(
    id="ch05.SigmoidWithLoss",
    title="Sigmoid with loss, as a layer",
    kind="class",
    points=4,
    difficulty=2,
    reference=nn.SigmoidWithLoss,
    accepted=(FusedSigmoid, ByLogaddexp, BySide),
    mistakes=wrong.all,
    hints=(
        "Try x = 1000 and x = -1000 with both labels. Which of your intermediate numbers is inf, which "
        "is exactly 0 or 1?",
        "The loss of one entry is log(1 + eˣ) − x·t. Take the larger of x and 0 out of the logarithm, "
        "and the exponent that is left is −|x|. Backwards, loss and sigmoid together leave p − t.",
        "The skeleton:\n"
        "    def forward(self, x, t):\n"
        "        self.p, self.t = nn.sigmoid(x), t\n"
        "        losses = np.maximum(x, 0) - … + np.log1p(…)\n"
        "        return …\n"
        "    def backward(self, dout=1.0):\n"
        "        return dout * … / …",
    ),
    probe=Probe(ch05.loss_layer),
    draw=draw_sigmoid_with_loss,
    outputs=(
        Output("loss", rtol=1e-4),
        Output("dx", "the shape of x", "one number per score"),
        Output("large-score dx", "the shape of x", "one number per score"),
    ),
    remark="A score of 1000 on the wrong side costs 1000, and its gradient is as well-behaved as any.",
)
