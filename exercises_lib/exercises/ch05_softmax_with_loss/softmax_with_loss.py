"""ch05.SoftmaxWithLoss: softmax with loss, as a layer."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch05_softmax_with_loss._shared import (
    Right,
    integers,
    log_softmax,
    one_hot,
    only_capped,
)
from exercises_lib.probes import ch05


class WithIntegers:
    """Right: keeps positions, copies y."""

    def forward(self, x, t):
        self.labels = integers(t)
        self.rows = np.arange(len(x))
        top = x.max(axis=1)
        total = np.log(np.exp(x - top[:, None]).sum(axis=1))
        self.log_y = x - top[:, None] - total[:, None]
        return -self.log_y[self.rows, self.labels].mean()

    def backward(self, dout=1.0):
        dx = np.exp(self.log_y)
        dx[self.rows, self.labels] -= 1
        dx *= dout / len(dx)
        return dx


class SampleBySample:
    """Right: plain loops, the gradient made in the forward pass."""

    def forward(self, x, t):
        n, classes = x.shape
        loss, self.dx = 0.0, np.zeros((n, classes))
        for i in range(n):
            label = int(np.argmax(t[i])) if t.ndim == 2 else int(t[i])
            row = x[i].astype(float) - max(x[i])
            loss += np.log(sum(np.exp(row))) - row[label]
            self.dx[i] = np.exp(row) / sum(np.exp(row))
            self.dx[i, label] -= 1
        self.dx /= n
        return loss / n

    def backward(self, dout=1.0):
        return self.dx * dout


def draw_softmax_with_loss(rng: np.random.Generator) -> Iterator[Case]:
    def dout():
        return float(rng.uniform(1.5, 3.0))

    def some(n, classes):
        return rng.normal(0, 2, (n, classes))

    one_hot_labels = np.eye(3)[rng.permutation(4) % 3]
    yield Case({"x": some(4, 3), "t": one_hot_labels, "dout": dout()}, "one-hot labels")
    yield Case({"x": some(5, 4), "t": rng.permutation(5) % 4, "dout": dout()}, "integer labels")
    yield Case(
        {"x": some(3, 3), "t": rng.permutation(3), "dout": dout()},
        "integer labels, as many samples as classes",
    )
    yield Case({"x": some(1, 4), "t": np.eye(4)[[2]]}, "a batch of one, backward() without dout")
    yield Case(
        {
            "x": some(2, 5).astype(np.float32),
            "t": np.eye(5, dtype=np.float32)[[4, 1]],
            "dout": dout(),
        },
        "float32",
    )
    yield Case(
        {"x": np.array([[0.0, 20.0]]), "t": np.array([[1.0, 0.0]]), "dout": dout()},
        "scores 0 and 20, and the class with score 0 is right",
    )
    yield Case(
        {"x": np.array([[1000.0, 1001.0]]), "t": np.array([[1.0, 0.0]]), "dout": dout()},
        "scores 1000 and 1001",
    )
    large = some(3, 4) + np.array([[1000.0], [-1000.0], [0.0]])
    large[2, 1] = 2000.0
    yield Case(
        {"x": large, "t": np.eye(4)[[1, 3, 0]], "dout": dout()},
        "scores around 1000 in one row, around -1000 in another",
    )


wrong = Mistakes(Right)

wrong.swap(
    "not divided by the batch", "(self.y - self.t) / len(self.y)", "(self.y - self.t)"
).says("""The loss is a *mean* over the batch, so every sample has only a share in it. Your gradient
    belongs to the sum, and it is too large by a factor N.""")

wrong.swap("divided by the batch twice", "(self.y)", "(self.y) / len(self.y)").says("""
    You divide by the batch size twice. The mean does it once.""")

wrong.swap("divided by the number of entries", "len(self.y)", "self.y.size").says("""
    `y.size` is N · C. The mean in the loss runs over the N samples only.""")

wrong.swap("divided by the number of classes", "len(self.y)", "self.y.shape[1]").says("""
    `y.shape[1]` is the number of classes. The mean in the loss runs over the samples.""")

wrong.swap(
    "softmax's slope once more", "(self.y - self.t)", "(self.y - self.t) * self.y * (1 - self.y)"
).says("""`y - t` is the gradient at the scores already: softmax's slopes are in it. You multiply by
    y (1 − y) once more.""")

wrong.swap("scores in place of probabilities", "self.y = nn.softmax(x)", "self.y = x").says("""
    Your gradient takes the scores for the probabilities. What is subtracted from is what softmax
    gave.""")

wrong.swap("label forgotten", "(self.y - self.t)", "self.y").says("""
    Your gradient pushes every score down, the right one too: the label does not occur in it.""")

wrong.swap("sign", "y - self.t", "t - self.y").says("""Your gradient points the other way.
    Raising the right class's score must *lower* the loss, so its gradient is negative.""")

wrong.swap("dout ignored", "return dout *", "return").says("""
    `backward(2.0)` gives the same as `backward(1.0)` in your layer. The loss is a node like any
    other: what arrives from above is multiplied in.""")

wrong.swap(
    "not divided by the batch, and dout ignored",
    "dout * (self.y - self.t) / len(self.y)",
    "self.y - self.t",
).says("""Two things are missing from `y - t`: the loss is a *mean* over the batch, and what arrives
    from above (`dout`) has to be passed on.""")

wrong.swap(
    "stops at the probabilities", "dout * (self.y - self.t)", "-dout * self.t / self.y"
).says("""`-t / y` is the gradient with respect to the probabilities. The backward pass goes on
    through softmax, down to the scores.""")

wrong.swap("dout has no default", "dout=1.0", "dout").says("""
    Nothing lies above a loss, so `backward()` is usually called without an argument; then the
    upstream gradient is 1. Your `dout` has no default value.""")

wrong.swap(
    "changes the stored y",
    "return dout * (self.y - self.t) / len(self.y)",
    "dx = self.y\ndx -= self.t\nreturn dout * dx / len(dx)",
).says("""The second `backward` finds other numbers than the first: something stored has been
    changed. `dx = self.y` makes no copy, it is a second name for the same array.""")

wrong.swap("loss summed", ").sum() / len(x)", ").sum()").says("""
    Your loss is the sum over the batch, N times the mean that was asked for.""")

wrong.swap("loss averaged over all entries", ").sum() / len(x)", ").sum() / x.size").says("""
    Your loss is divided by N · C. Each sample has one loss, so there are N numbers to average.""")

wrong.swap(
    "one loss per sample",
    "(self.t * log_softmax(x)).sum() / len(x)",
    "(self.t * log_softmax(x)).sum(axis=1)",
).says("These are the losses of the single samples. `forward` returns their mean, one number.")

wrong.swap(
    "sign of the loss",
    "(self.t * log_softmax(x)).sum() / len(x)",
    "(-(self.t * log_softmax(x)).sum() / len(x))",
).says("Your loss is negative: it would be smallest where the prediction is worst.")

wrong.swap("the shift not undone", "log_softmax(x)", "shift_not_added_back(x)").says("""
    Inside the sum the scores are shifted, and the right class's score is not. The two have to be
    shifted alike.""")

wrong.swap(
    "the sum counted once for every class",
    "return -(self.t * log_softmax(x)).sum() / len(x)",
    """
    shifted = x - x.max(axis=1, keepdims=True)
    return (np.log(np.exp(shifted).sum(axis=1, keepdims=True)) - self.t * shifted).sum() / len(
        x
    )""",
).says("""The logarithm of the sum has shape (N, 1) and is copied to all classes before you add up.
    Each sample has it once.""")

wrong.swap(
    "changes the scores",
    "def forward(self, x, t):",
    "def forward(self, x, t):\n    x -= x.max(axis=1, keepdims=True)",
).says("`x -= …` writes into the caller's scores. Keep the shifted ones in an array of your own.")


class FirstBatchKept(Right):
    y = None

    def forward(self, x, t):
        if self.y is None:
            return super().forward(x, t)
        return -(one_hot(t, x.shape[1]) * log_softmax(x)).sum() / len(x)


wrong.answer("keeps the first batch", FirstBatchKept).says("""Your layer remembers the first batch
    it ever saw. Each `forward` replaces what the last one kept.""")

wrong.swap(
    "averaged over the samples", "(self.y - self.t) / len(self.y)", "(self.y - self.t).mean(axis=0)"
).says("""`mean(axis=0)` melts the gradients of all samples into one row. Every sample keeps its
    own; only its share in the loss is smaller.""")

wrong.swap("dout added", "dout *", "dout +").says("""`dout` is added. By the chain rule
    upstream and local gradient are *multiplied*.""")

wrong.swap(
    "no shift",
    ("nn.softmax(x)", "np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)"),
    ("(self.t * log_softmax(x)).sum() / len(x)", "np.log((self.y * self.t).sum(axis=1)).mean()"),
).says("`np.exp` of a raw score overflows: from 710 on it is inf, and inf / inf is nan.")

wrong.swap(
    "one maximum for the whole array",
    "self.y = nn.softmax(x)\nreturn -(self.t * log_softmax(x)).sum() / len(x)",
    """
    e = np.exp(x - x.max())
    self.y = e / e.sum(axis=1, keepdims=True)
    return -np.log((self.y * self.t).sum(axis=1)).mean()""",
).says("""You subtract the largest score of the whole batch. In a row far below it every exponential
    becomes 0, and the row ends as 0 / 0.""")

wrong.swap(
    "normalised over the batch",
    (".softmax(x)", ".softmax(x.T).T"),
    ("(self.t * log_softmax(x)).sum() / len(x)", "np.log((self.y * self.t).sum(axis=1)).mean()"),
).says("""Your probabilities sum to 1 down the columns, over the samples. The classes of one sample
    lie along a row.""")

wrong.swap(
    "softmax applied twice",
    "def forward(self, x, t):",
    "def forward(self, x, t):\n    x = nn.softmax(x)",
).says("""Softmax is applied to what is a probability already. Its differences are below 1, so the
    second softmax makes all classes nearly equally likely.""")

wrong.swap(
    "log(0)",
    "(self.t * log_softmax(x)).sum() / len(x)",
    "np.log((self.y * self.t).sum(axis=1)).mean()",
).says("""A probability below about 1e-324 is stored as 0, and its logarithm is −inf. The true loss
    is finite: it can be had from the scores without going through y.""")

wrong.swap("log(0), and 0 times log(0)", "log_softmax(x)", "np.log(self.y)").says("""
    A probability can be stored as 0. Its logarithm is −inf, and multiplied by a 0 of a one-hot row
    that is nan. The loss can be had from the scores without going through y.""")


class Added(Right):
    def forward(self, x, t):
        super().forward(x, t)
        return -np.log((self.y * self.t).sum(axis=1) + 1e-7).mean()


CAPPED = (
    "A small number inside the logarithm, or a lower limit for y, caps the loss: scores 0 and 20 with "
    "the first class right must cost 20. "
)

wrong.swap(
    "added 1e-7",
    "(self.t * log_softmax(x)).sum() / len(x)",
    "np.log((self.y * self.t).sum(axis=1) + 1e-7).mean()",
).says(CAPPED + "Yours stops at 16.1.")

wrong.swap(
    "limited the probability",
    "(self.t * log_softmax(x)).sum() / len(x)",
    "np.log(np.clip((self.y * self.t).sum(axis=1), 1e-12, 1)).mean()",
).says(
    CAPPED + "And beyond the cap the loss no longer fits the gradient.",
    recognise=only_capped(nn.SoftmaxWithLoss),
)

wrong.swap(
    "one-hot labels only",
    """
    self.t = one_hot(t, x.shape[1])
    self.y = nn.softmax(x)
    return -(self.t * log_softmax(x)).sum() / len(x)""",
    "self.t, self.y = t, nn.softmax(x)\nreturn -(t * log_softmax(x)).sum() / len(x)",
).says("""With integer labels `y - t` subtracts class *numbers*, or fails. Bring both kinds of label
    into one form first.""")

wrong.swap(
    "integer labels only",
    "return -self.log_y[self.rows, self.labels].mean()",
    "self.labels = t\nreturn -self.log_y[self.rows, t].mean()",
    of=WithIntegers,
).says("""With one-hot rows your code uses zeros and ones as positions. Bring both kinds of label
    into one form first.""")

wrong.swap(
    "no shift in the loss",
    "return -(self.t * log_softmax(x)).sum() / len(x)",
    "return (np.log(np.exp(x).sum(axis=1)) - (x * self.t).sum(axis=1)).mean()",
).says("""The logarithm of the sum is the right idea, but the sum is made of raw exponentials, and
    they overflow. Shift the scores of each row first, all of them.""")

wrong.swap(
    "every label for every sample",
    "dx[self.rows, self.labels] -= 1\ndx *= dout / len(dx)\nreturn dx",
    "dx[:, self.labels] -= 1\nreturn dx * dout / len(dx)",
    of=WithIntegers,
).says("""`dx[:, t]` takes *all* the columns in t, in every row. One entry of each row is meant: row
    numbers and column numbers together.""")

EXERCISE = Exercise(
    id="ch05.SoftmaxWithLoss",
    title="Softmax with loss, as a layer",
    kind="class",
    points=5,
    difficulty=2,
    reference=nn.SoftmaxWithLoss,
    accepted=(Right, WithIntegers, SampleBySample),
    mistakes=wrong.all,
    hints=(
        "Three things go wrong most often: the number the gradient is divided by, `dout`, and what "
        "happens to the stored y when `backward` runs twice.",
        "The loss of a sample is the logarithm of the sum of all exponentials, minus the score of the "
        "right class: no probability in it, so no log(0). "
        "Shift the row before you use it. The gradient is that of a mean over N samples.",
        "The skeleton:\n"
        "    def forward(self, x, t):\n"
        "        self.t = …                      # one form for both kinds of label\n"
        "        shifted = x - …\n"
        "        log_y = …                       # (N, C), never through y\n"
        "        self.y = …\n"
        "        return …\n"
        "    def backward(self, dout=1.0):\n"
        "        return …                        # three factors",
    ),
    probe=Probe(ch05.loss_layer),
    draw=draw_softmax_with_loss,
    outputs=(
        *(Output(f"{kind}loss", rtol=1e-4) for kind in ("", "integer-label ")),
        *(
            Output(f"{kind}dx", "(N, C)", "one number per score")
            for kind in ("", "integer-label ", "large-score ")
        ),
    ),
    remark="Checked with both kinds of label, with N = C, with a loss of 20 and with scores of 2000.",
)
