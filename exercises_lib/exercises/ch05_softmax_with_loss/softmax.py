"""ch05.softmax: softmax, row by row."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes import ch05


def softmax_by_rows(x):
    rows = []
    for row in x:
        e = [np.exp(score - max(row)) for score in row]
        rows.append([number / sum(e) for number in e])
    return np.array(rows)


def softmax_through_logarithms(x):
    top = x.max(axis=1)
    log_sum = top + np.log(np.exp(x - top[:, None]).sum(axis=1))
    return np.exp(x - log_sum[:, None])


def softmax_of_columns(x):
    e = np.exp(x.T - x.T.max(0))
    return (e / e.sum(0)).T


def draw_softmax(rng: np.random.Generator) -> Iterator[Case]:
    yield Case({"x": rng.normal(0, 2, (4, 3))})
    yield Case({"x": rng.normal(0, 2, (3, 3))}, "as many samples as classes")
    yield Case({"x": rng.normal(0, 2, (1, 4))}, "a batch of one")
    yield Case({"x": rng.normal(0, 2, (2, 5)).astype(np.float32)}, "float32")
    large = rng.normal(0, 2, (3, 4)) + np.array([[1000.0], [-1000.0], [0.0]])
    large[2, 1] += 1500
    yield Case({"x": large}, "scores around 1000 in one row, around -1000 in another")
    yield Case({"x": np.array([[-500.0, 500.0, 499.0]])}, "distances of 1000 within a row")


wrong = Mistakes(nn.softmax)

wrong.answer("no shift", lambda x: np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)).says("""
    `np.exp` of a raw score overflows: from 710 on it is inf, and inf / inf is nan. In a row of very
    negative scores every exponential is 0, and 0 / 0 is nan too.""")

wrong.answer(
    "one maximum for the whole array",
    lambda x: np.exp(x - x.max()) / np.exp(x - x.max()).sum(axis=1, keepdims=True),
).says("""In a row far below your shift every exponential becomes 0, and the row ends as 0 / 0.
    `x.max()` is the largest score of the whole batch; each row needs its own.""")

wrong.answer(
    "one maximum and one sum for the whole array",
    lambda x: np.exp(x - x.max()) / np.exp(x - x.max()).sum(),
).says("""`max()` and `sum()` without an axis run over the whole batch, so all the probabilities
    together sum to 1. Every sample is a distribution of its own.""")


def exp_of_shifted(x):
    return np.exp(x - x.max(axis=1, keepdims=True))


wrong.answer(
    "one sum for the whole array", lambda x: exp_of_shifted(x) / exp_of_shifted(x).sum()
).says("""The denominator is the sum over the whole batch. Every row has to sum to 1, whatever the
    other rows hold.""")

wrong.answer(
    "normalised over the batch",
    lambda x: np.exp(x - x.max(axis=0)) / np.exp(x - x.max(axis=0)).sum(axis=0),
).says("""Your columns sum to 1: axis 0 runs over the samples. The classes of one sample compete
    with each other, and they lie along a row.""")

wrong.answer(
    "the maximum lost its axis",
    lambda x: (e := np.exp(x - x.max(axis=1))) / e.sum(axis=1, keepdims=True),
).says("""`x.max(axis=1)` has shape (N,), and broadcasting lays it along the *columns*: an error if
    N ≠ C, and silently the wrong shift if N = C.""")

wrong.answer(
    "the sum lost its axis", lambda x: exp_of_shifted(x) / exp_of_shifted(x).sum(axis=1)
).says("""`e.sum(axis=1)` has shape (N,), and broadcasting lays it along the *columns*: an error if
    N ≠ C, and silently another sample's sum if N = C.""")

wrong.answer(
    "maximum and sum lost their axis", lambda x: (e := np.exp(x - x.max(axis=1))) / e.sum(axis=1)
).says("""Maximum and sum have shape (N,), and broadcasting lays them along the *columns*: an error
    if N ≠ C, and silently other samples' numbers if N = C.""")

wrong.answer(
    "divided by the maximum",
    lambda x: (e := np.exp(x / x.max(axis=1, keepdims=True))) / e.sum(axis=1, keepdims=True),
).says("""Dividing the scores by the largest one tames them, but it also changes the distances
    between them, and with the distances the probabilities.""")

wrong.answer(
    "subtracted the mean",
    lambda x: (e := np.exp(x - x.mean(axis=1, keepdims=True))) / e.sum(axis=1, keepdims=True),
).says("""After subtracting the mean some exponents are still positive, and a score far above the
    others overflows. No exponent may be above 0.""")

wrong.answer(
    "subtracted the minimum",
    lambda x: (e := np.exp(x - x.min(axis=1, keepdims=True))) / e.sum(axis=1, keepdims=True),
).says("""After subtracting the smallest score all exponents are positive, and a large distance
    within a row still overflows. No exponent may be above 0.""")

wrong.answer("not divided", exp_of_shifted).says("""The exponentials are there, and they are safe.
    But a row of them does not sum to 1 yet.""")

wrong.answer("the logarithms", lambda x: x - np.logaddexp.reduce(x, axis=1, keepdims=True)).says("""
    Those are the logarithms of the probabilities: negative numbers. The probabilities themselves
    are asked for.""")

wrong.answer("a sigmoid for every score", nn.sigmoid).says("""You squeeze every score by itself.
    Between 0 and 1 are they all, but a row does not sum to 1: the classes have to compete.""")

wrong.answer(
    "the maximum of every column",
    lambda x: (e := np.exp(x - x.max(axis=0))) / e.sum(axis=1, keepdims=True),
).says("""`x.max(axis=0)` is the maximum of a class over the samples. Subtracting another number
    from every class changes the distances within a row.""")

wrong.answer(
    "clipped the scores",
    lambda x: (e := np.exp(np.clip(x, -500, 500))) / e.sum(axis=1, keepdims=True),
).says("""A limit for the scores prevents the overflow and changes the problem: all scores beyond it
    look alike. What keeps the distances?""")

wrong.answer(
    "nan replaced", lambda x: np.nan_to_num(np.exp(x) / np.exp(x).sum(axis=1, keepdims=True))
).says("""Replacing `nan` by a number hides where it came from: the exponentials have overflowed,
    and the probabilities are gone.""")

wrong.answer("no exponential", lambda x: x / x.sum(axis=1, keepdims=True)).says("""
    Your rows sum to 1, but scores can be negative, and then so are your probabilities. Something
    has to make them positive first.""")

wrong.swap(
    "changes its input",
    "e = np.exp(x.T - x.T.max(0))\nreturn (e / e.sum(0)).T",
    """
    x -= x.max(axis=1, keepdims=True)
    np.exp(x, out=x)
    x /= x.sum(axis=1, keepdims=True)
    return x""",
    of=softmax_of_columns,
).says("""`x -= …` writes the shifted scores into the caller's array. Keep them in an array of your
    own.""")

wrong.answer(
    "sums of the columns", lambda x: exp_of_shifted(x) / exp_of_shifted(x).sum(axis=0)
).says("""You divide by the sums of the columns: axis 0 runs over the samples. The classes of one
    sample compete with each other, and they lie along a row.""")

wrong.answer(
    "shifted above only", lambda x: exp_of_shifted(x) / np.exp(x).sum(axis=1, keepdims=True)
).says("Only the numerator is shifted. The factor cancels if it stands above *and* below.")

wrong.answer(
    "shifted below only", lambda x: np.exp(x) / exp_of_shifted(x).sum(axis=1, keepdims=True)
).says("Only the denominator is shifted. The factor cancels if it stands above *and* below.")

wrong.answer("the winner takes all", lambda x: np.eye(x.shape[1])[x.argmax(axis=1)]).says("""
    The largest score gets 1 and all others 0. Softmax is the *soft* version: every class keeps a
    share.""")

wrong.answer("scores turned round", lambda x: nn.softmax(-x)).says("""
    The sign of the exponent is turned, so the lowest score wins.""")

EXERCISE = Exercise(
    id="ch05.softmax",
    title="Softmax, row by row",
    kind="function",
    points=2,
    difficulty=2,
    reference=nn.softmax,
    accepted=(softmax_by_rows, softmax_through_logarithms, softmax_of_columns),
    mistakes=wrong.all,
    hints=(
        "Try your function on a row such as `[1000.0, 1001.0, 1002.0]`, and then on two rows of "
        "which only one is large. Do all rows sum to 1?",
        "What is subtracted from a row, and what it is divided by, must be one number *per row*: "
        "shape (N, 1), so that it broadcasts along the classes.",
        "The skeleton:\n"
        "    def softmax(x):\n"
        "        shifted = x - …                 # (N, C) minus (N, 1)\n"
        "        e = np.exp(shifted)             # nothing above 1\n"
        "        return e / …                    # (N, C) over (N, 1)",
    ),
    probe=Probe(ch05.scores, {"returns": ("y",)}),
    draw=draw_softmax,
    outputs=(
        Output("y", "(N, C)", "one probability per class, for every sample"),
        Output("large-score y", "(N, C)", "one probability per class, for every sample"),
    ),
    remark="Adding one number to a whole row changes nothing: only differences between scores count.",
)
