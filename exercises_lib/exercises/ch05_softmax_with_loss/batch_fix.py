"""ch05.batch_fix: hunt what y − t lacks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch05_softmax_with_loss._shared import Right
from exercises_lib.exercises.hunting import hunt_mistakes, hunted_outputs
from exercises_lib.exercises.parts import as_part
from exercises_lib.probes.hunting import hunt


class Given:
    """The layer as it is given in the notebook."""

    def forward(self, x, t):
        self.t = t
        self.y = nn.softmax(x)
        return nn.cross_entropy(self.y, t)

    def backward(self, dout=1.0):
        return self.y - self.t


class Mended(Given):
    def backward(self, dout=1.0):
        return dout * (self.y - self.t) / len(self.y)


class MendedStepByStep(Given):
    def backward(self, dout=1.0):
        share = dout / self.t.shape[0]
        return np.multiply(share, np.subtract(self.y, self.t))


def draw_batch_fix(rng: np.random.Generator) -> Iterator[Case]:
    for n, classes, note in (
        (4, 3, ""),
        (3, 3, "as many samples as classes"),
        (1, 4, "a batch of one"),
    ):
        yield Case(
            {
                "x": rng.normal(0, 2, (n, classes)),
                "t": np.eye(classes)[rng.integers(0, classes, n)],
                "dout": float(rng.uniform(1.5, 3.0)),
            },
            note,
        )
    x = rng.normal(0, 2, (5, 2)).astype(np.float32)
    yield Case({"x": x, "t": np.eye(2)[[0, 1, 1, 0, 1]]}, "float32, backward() without dout")


def tells(found: Any) -> str | None:
    """Accept two inputs (x, t, dout), each of which shows one of the faults alone."""
    seen = []
    for x, t, dout in found:
        x, t, dout = np.array(x, dtype=float), np.array(t, dtype=float), float(dout)
        if x.ndim != 2 or t.shape != x.shape:
            return "x and t have the shape (N, C), and dout is a number."
        rows = []
        for layer in (Given(), Mended()):
            layer.forward(x, t)
            rows.append(layer.backward(dout))
        if np.allclose(*rows):
            return f"With {len(x)} samples and dout = {dout:g} the given layer is right."
        seen.append((len(x) > 1, dout != 1))
    if set(seen) != {(True, False), (False, True)}:
        return (
            "Both faults act at once in one of your inputs, or both inputs show the same one. "
            "Each should show one fault alone."
        )
    return None


BATCH = ([[0.0, 1.0], [2.0, 0.0]], [[1, 0], [0, 1]], 1.0)
ABOVE = ([[0.0, 1.0]], [[1, 0]], 2.0)
RIGHT = {"input": (BATCH, ABOVE), "lines": [8], "repair": Mended}

wrong = Mistakes(Given)

wrong.swap(
    "still the given code", "dout * (self.y - self.t) / len(self.y)", "self.y - self.t", of=Mended
).says("""This behaves as the given layer does. Compare it with a numerical gradient, and compare
    `backward(1.0)` with `backward(2.0)`: two things are missing.""")

wrong.swap("dout still ignored", "self.y - self.t", "(self.y - self.t) / len(self.y)").says("""
    The batch is right now. But `backward(2.0)` still gives the same as `backward(1.0)`.""")

wrong.swap(
    "still not divided by the batch", "self.y - self.t", "dout * (self.y - self.t)"
).says("""`dout` is right now. But the loss is a mean over the samples, and your gradient is still
    that of their sum.""")

wrong.swap(
    "divided by the number of entries", "self.y - self.t", "dout * (self.y - self.t) / self.y.size"
).says("`y.size` is N · C. Over how many numbers does the mean in the loss run?")

wrong.swap(
    "divided by the number of classes",
    "self.y - self.t",
    "dout * (self.y - self.t) / self.y.shape[1]",
).says("""`y.shape[1]` is the number of classes. The mean in the loss runs over the samples. With N
    = C nobody would notice.""")

wrong.swap(
    "averaged over the samples", "self.y - self.t", "dout * (self.y - self.t).mean(axis=0)"
).says("""`mean(axis=0)` melts the gradients of all samples into one. Every sample keeps its own
    row; only its share in the loss is smaller.""")

wrong.swap(
    "made the loss fit the gradient",
    ("self.t = one_hot(t, x.shape[1])", "self.t = t"),
    (
        "return -(self.t * log_softmax(x)).sum() / len(x)",
        "return nn.cross_entropy(self.y, t) * len(x)",
    ),
    ("(self.y - self.t) / len(self.y)", "(self.y - self.t)"),
    of=Right,
).says("""Now loss and gradient agree, but on the *sum* over the batch. The loss was right: leave
    `forward` alone.""")

wrong.swap(
    "divided the loss too",
    ("self.t = one_hot(t, x.shape[1])", "self.t = t"),
    ("return -(self.t * log_softmax(x)).sum()", "return nn.cross_entropy(self.y, t)"),
    of=Right,
).says("""The gradient is right now. But `forward` divides by the batch a second time: the loss was
    a mean already.""")

wrong.swap("brackets lost", "self.y - self.t", "dout * self.y - self.t / len(self.y)").says("""
    Without brackets `dout` multiplies `y` alone, and the division is for `t` alone. Both belong to
    the whole difference.""")

wrong.swap("sign", "self.y - self.t", "dout * (self.t - self.y) / len(self.y)").says("""
    The two factors are there, and the sign has been turned: `y - t` was right as it was given.""")

wrong.swap(
    "multiplied by the batch", "self.y - self.t", "dout * (self.y - self.t) * len(self.y)"
).says("Now the gradient is even larger: a sample's share in a mean *shrinks* with the batch.")

wrong.swap("added dout", "self.y - self.t", "dout + (self.y - self.t) / len(self.y)").says("""
    `dout` is added to the gradient. By the chain rule upstream and local gradient are
    *multiplied*.""")

wrong.swap(
    "overwrites the stored y",
    "return dout * (self.y - self.t) / len(self.y)",
    "self.y -= self.t\nreturn dout * self.y / len(self.y)",
    of=Mended,
).says("""`self.y -= self.t` changes what `forward` stored. A second `backward` then starts from y −
    t and subtracts t once more.""")

wrong.swap("dout for y only", "self.y - self.t", "(dout * self.y - self.t) / len(self.y)").says("""
    The division is right, but `dout` multiplies `y` alone. It belongs to the whole difference.""")

wrong.swap("always four samples", "self.y - self.t", "dout * (self.y - self.t) / 4").says("""
    You divide by 4, whatever comes. That was the batch of the demonstration; ask the array how many
    rows it has.""")

wrong.swap("divided twice", "self.y - self.t", "dout * (self.y - self.t) / len(self.y) ** 2").says(
    "You divide by N twice. Each sample has the share 1/N in the mean, once."
)


class MendedWithoutDefault(Given):
    def backward(self, dout):
        return dout * (self.y - self.t) / len(self.y)


wrong.answer("dout has no default", MendedWithoutDefault).says("""
    `backward()` is called without an argument here, as the last node of a network is. Keep the
    default value that the given method has.""")

EXERCISE = Exercise(
    id="ch05.batch_fix",
    title="Hunt what y − t lacks",
    kind="debug",
    points=3,
    difficulty=2,
    reference=RIGHT,
    accepted=(
        {"input": (ABOVE, BATCH), "lines": 8, "repair": MendedStepByStep},
        {**RIGHT, "repair": nn.SoftmaxWithLoss},
        {**RIGHT, "lines": (8,), "repair": Right},
    ),
    mistakes=(
        *hunt_mistakes(RIGHT, (BATCH, ([[0.0, 1.0]], [[1, 0]], 1.0)), (3, 4, 5)),
        *(as_part(mistake, RIGHT, "repair") for mistake in wrong.all),
    ),
    hints=(
        "`forward` is right: it gives the mean loss. Think of a loss that is one of two, with the "
        "weight 2; and of a batch in which every sample stands twice.",
        "A mean over N samples gives every sample the share 1/N. And every `backward` multiplies "
        "by what arrives. An input with N = 1 hides the one, dout = 1 hides the other.",
        "Two inputs, (x, t, dout) each:\n"
        "    one with … samples and dout = 1\n"
        "    one with a single sample and dout = …",
    ),
    probe=Probe(hunt, {"repair": "ch05.loss_layer"}),
    draw=draw_batch_fix,
    outputs=(*hunted_outputs(tells, (8,), last=8), Output("dx", "(N, C)", "one number per score")),
    remark="A gradient check with one sample and dout = 1 would have passed the broken layer.",
)
