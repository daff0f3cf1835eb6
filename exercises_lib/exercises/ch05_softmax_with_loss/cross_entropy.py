"""ch05.cross_entropy: cross-entropy for both kinds of label."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Case, Exercise, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch05_softmax_with_loss._shared import capped, integers, one_hot, picked
from exercises_lib.probes import ch05


def cross_entropy_loop(y, t):
    total = 0.0
    for row, label in zip(y, t):
        total -= np.log(row[int(np.argmax(label)) if t.ndim == 2 else label])
    return total / len(y)


def cross_entropy_by_size(y, t):
    if t.size == y.size:
        t = t.argmax(axis=1)
    return -np.log(np.take_along_axis(y, t[:, None], axis=1)).mean()


def draw_cross_entropy(rng: np.random.Generator) -> Iterator[Case]:
    def predicted(n, classes):
        return nn.softmax(rng.normal(0, 1.5, (n, classes)))

    y, t = predicted(4, 3), np.array([2, 0, 1, 2])
    y[1], y[2] = [1e-20, 0.4, 0.6], [0.4, 1e-4, 0.5999]
    yield Case({"y": y, "t": t}, "integer labels; one right class has probability 1e-20")
    yield Case({"y": predicted(5, 4), "t": np.eye(4)[rng.permutation(5) % 4]}, "one-hot labels")
    square = rng.permutation(3)
    yield Case({"y": predicted(3, 3), "t": square}, "integer labels, as many samples as classes")
    ones = np.eye(3, dtype=int)[square[::-1]]
    yield Case({"y": predicted(3, 3), "t": ones}, "one-hot labels, as many samples as classes")
    yield Case(
        {"y": predicted(1, 4).astype(np.float32), "t": np.array([2])}, "a batch of one, float32"
    )
    sure = np.array([[1.0, 0.0, 0.0], [0.2, 0.3, 0.5]])
    yield Case(
        {"y": sure, "t": np.eye(3)[[0, int(rng.integers(0, 3))]]},
        "a prediction that is certain, and right: the wrong classes have probability 0",
    )


wrong = Mistakes(nn.cross_entropy)

wrong.answer("summed over the batch", lambda y, t: -np.log(picked(y, t)).sum()).says("""
    That is the sum over the batch. It grows with the number of samples, so batches of different
    size could not be compared.""")

wrong.answer(
    "averaged over all entries", lambda y, t: -np.log(picked(y, t)).sum() / y.size
).says("""You divide by N · C. One-hot rows hold a single 1 each, so there are N logarithms to
    average, not N · C.""")

wrong.answer("sign", lambda y, t: np.log(picked(y, t)).mean()).says("""Logarithms of probabilities
    are negative, and so is your loss. It would be smallest where the prediction is worst.""")

wrong.answer("no logarithm", lambda y, t: 1 - picked(y, t).mean()).says("""
    That is one minus the mean probability of the right class: there is no logarithm in it. A
    probability of 0.01 then costs hardly more than one of 0.1.""")

wrong.answer("integer labels multiplied", lambda y, t: -np.log((y * t).sum(axis=1)).mean()).says("""
    An integer label is a position, not a factor. `y * t` multiplies probabilities by class numbers,
    or fails, because t has shape (N,).""")

wrong.answer(
    "integer labels multiplied, logarithm first", lambda y, t: -(t * np.log(y)).sum() / len(y)
).says("""`t * np.log(y)` treats an integer label as a factor, but it is a position. And with
    one-hot rows it computes 0 · log(0), which is nan, wherever a wrong class has probability 0.""")

wrong.answer(
    "one-hot rows used as positions", lambda y, t: -np.log(y[np.arange(len(y)), t]).mean()
).says("""`y[np.arange(N), t]` wants one position per sample. A one-hot row is no position: its
    zeros and ones would pick classes 0 and 1.""")

wrong.answer(
    "every label for every sample", lambda y, t: -np.log(y[:, integers(t)]).mean()
).says("""`y[:, t]` picks *all* the labels' columns from *every* row, shape (N, N). Each sample has
    a single label of its own.""")

wrong.answer(
    "labels counted from 1", lambda y, t: -np.log(y[np.arange(len(y)), integers(t) - 1]).mean()
).says("""You subtract 1 from the labels, but the classes are counted from 0. Label 0 becomes -1,
    and NumPy then takes the last class without a word.""")

wrong.answer("one loss per sample", lambda y, t: -np.log(picked(y, t))).says("""
    These are the losses of the single samples. What training makes smaller is one number for the
    whole batch.""")

wrong.answer("added 1e-7", lambda y, t: -np.log(picked(y, t) + 1e-7).mean()).says("""
    `+ 1e-7` inside the logarithm is not small beside a small probability: one of 1e-20 should cost
    46.1, and yours costs 16.1.""")

wrong.answer(
    "limited at 1e-7", lambda y, t: -np.log(np.clip(picked(y, t), 1e-7, 1)).mean()
).says("""With a lower limit of 1e-7 no sample can cost more than 16.1. A right class with
    probability 1e-20 should cost 46.1.""")

wrong.answer(
    "limited at 1e-12", lambda y, t: -np.log(np.clip(picked(y, t), 1e-12, 1)).mean()
).says("""With a lower limit of 1e-12 no sample can cost more than 27.6. A right class with
    probability 1e-20 should cost 46.1.""")

wrong.answer("limited or added", lambda y, t: -np.log(np.clip(picked(y, t), 1e-15, 1)).mean()).says(
    """A small number added inside the logarithm, or a lower limit for y, caps the loss of a sample.
    A right class with probability 1e-20 should cost 46.1, and yours costs less.""",
    recognise=capped,
)

wrong.answer("another base", lambda y, t: -np.log10(picked(y, t)).mean()).says("""
    `np.log10` is the logarithm to base 10. The loss takes the natural one; its derivative is
    1/y.""")

wrong.answer("base 2", lambda y, t: -np.log2(picked(y, t)).mean()).says("""
    `np.log2` is the logarithm to base 2. The loss takes the natural one; its derivative is 1/y.""")

wrong.answer("logarithm of the mean", lambda y, t: -np.log(picked(y, t).mean())).says("""
    You average the probabilities first and take one logarithm. Each sample has a loss of its own,
    and the losses are averaged.""")

wrong.answer("softmax once more", lambda y, t: -np.log(picked(nn.softmax(y), t)).mean()).says("""
    `y` holds probabilities already. A softmax of them makes all classes nearly equally likely.""")

wrong.answer("divided by the classes", lambda y, t: -np.log(picked(y, t)).sum() / y.shape[1]).says(
    "You divide by C, the number of classes. The mean runs over the samples."
)

wrong.answer("the most likely class", lambda y, t: -np.log(y.max(axis=1)).mean()).says("""
    You take each row's largest probability. The loss asks what the *right* class got, and the
    labels do not occur in your answer.""")

wrong.answer(
    "labels told apart by their type",
    lambda y, t: (
        -np.log(y[np.arange(len(y)), t if t.dtype.kind == "i" else t.argmax(axis=1)]).mean()
    ),
).says("""One-hot rows can hold integers too. What tells the two kinds of label apart for sure is
    the number of axes.""")

wrong.answer(
    "argmax down the columns",
    lambda y, t: -np.log(y[np.arange(len(y)), t.argmax(axis=0) if t.ndim == 2 else t]).mean(),
).says("""`t.argmax(axis=0)` looks for a sample in every class. The 1 of a sample is to be found
    along its row.""")

wrong.answer(
    "logarithm of t · y", lambda y, t: -np.log(y * one_hot(t, y.shape[1])).sum() / len(y)
).says("""You multiply by the labels before the logarithm. All wrong classes become 0 there, and
    log(0) is −inf.""")

wrong.answer(
    "0 times log(0)", lambda y, t: -(one_hot(t, y.shape[1]) * np.log(y)).sum() / len(y)
).says("""You take the logarithm of *all* the probabilities and multiply by the one-hot rows
    afterwards. Where a wrong class has probability 0 that is 0 · (−inf), which is nan.""")


def both_terms(y, t):
    t = one_hot(t, y.shape[1])
    return -(t * np.log(y) + (1 - t) * np.log(1 - y)).sum() / len(y)


wrong.answer("both terms of the binary formula", both_terms).says("""
    The term with 1 − t belongs to yes-or-no questions, one probability each. Here the classes share
    one distribution, and only the right class's logarithm counts.""")

wrong.answer("first sample only", lambda y, t: -np.log(y[0, integers(t)[0]])).says("""
    Only the first sample counts in your loss. It is the mean over all of them.""")

wrong.answer("squares", lambda y, t: ((y - one_hot(t, y.shape[1])) ** 2).mean()).says("""
    That is the mean squared error. Cross-entropy is made of logarithms.""")

EXERCISE = Exercise(
    id="ch05.cross_entropy",
    title="Cross-entropy for both kinds of label",
    kind="function",
    points=3,
    difficulty=2,
    reference=nn.cross_entropy,
    accepted=(
        cross_entropy_loop,
        cross_entropy_by_size,
        lambda y, t: -np.log((y * one_hot(t, y.shape[1])).sum(axis=1)).mean(),
        lambda y, t: (
            -(one_hot(t, y.shape[1]) * np.log(np.maximum(y, 1e-300))).sum() / len(y)
            if y.dtype == np.float64
            else -np.log(picked(y, t)).mean()
        ),
    ),
    mistakes=wrong.all,
    hints=(
        "Print `y` and `t` of a small batch. Which single number of every row matters, and how does "
        "each kind of label say where it is?",
        "With integers, index arrays pick one entry per row. With one-hot rows, `argmax(axis=1)` "
        "turns them into integers first. `t.ndim` tells the two apart.",
        "The skeleton:\n"
        "    def cross_entropy(y, t):\n"
        "        if t.ndim == 2:\n"
        "            t = …                       # one-hot rows -> integers (N,)\n"
        "        right = y[np.arange(len(y)), …] # (N,)\n"
        "        return …                        # the mean of what each of them costs",
    ),
    probe=Probe(ch05.labels),
    draw=draw_cross_entropy,
    remark="Only the right class's probability counts; the others matter through what they leave over.",
)
