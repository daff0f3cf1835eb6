"""ch05.stability_fix: hunt an overflow and a lost probability."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch05_softmax_with_loss._shared import log_softmax, shift_not_added_back
from exercises_lib.exercises.hunting import hunt_mistakes, hunted_outputs
from exercises_lib.exercises.parts import as_part
from exercises_lib.probes.hunting import hunt


def log_softmax_by_rows(x):
    rows = []
    for row in x:
        top = max(row)
        rows.append([score - top - np.log(sum(np.exp(row - top))) for score in row])
    return np.array(rows)


def draw_stability_fix(rng: np.random.Generator) -> Iterator[Case]:
    yield Case({"x": rng.normal(0, 2, (4, 3))})
    yield Case({"x": rng.normal(0, 2, (3, 3))}, "as many samples as classes")
    yield Case({"x": rng.normal(0, 2, (1, 5))}, "a batch of one")
    yield Case({"x": rng.normal(0, 2, (2, 4)).astype(np.float32)}, "float32")
    yield Case({"x": np.array([[0.0, 20.0]])}, "scores 0 and 20")
    large = rng.normal(0, 2, (3, 4)) + np.array([[1000.0], [-1000.0], [0.0]])
    large[2, 1] = 2000.0
    yield Case({"x": large}, "scores around 1000 in one row, around -1000 in another")


wrong = Mistakes(log_softmax)


def log_of_naive_softmax(x):
    """Return what the notebook's given function returns."""
    e = np.exp(x)
    y = e / e.sum(axis=1, keepdims=True)
    return np.log(y + 1e-7)


def tells(found: Any) -> str | None:
    """Accept scores, (N, C), for which the given logarithms are wrong, and all of them finite."""
    x = np.array(found, dtype=float)
    if x.ndim != 2 or not np.isfinite(x).all():
        return "The input is an array of finite scores, (N, C)."
    with np.errstate(all="ignore"):
        given, right = log_of_naive_softmax(x), log_softmax(x)
    if not np.isfinite(given).all():
        return (
            "Here the given function answers with nan or infinity: that anybody would notice. Find "
            "scores for which all its answers are finite, and one is off by more than 1."
        )
    off = float(np.abs(given - right).max())
    if off <= 1:
        return f"For these scores the given function is off by {off:.1g} at most. Find more than 1."
    return None


RIGHT = {"input": [[0.0, 20.0]], "lines": [2, 4], "repair": log_softmax}

wrong.swap(
    "still the given code",
    """
    shifted = x - x.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))""",
    "e = np.exp(x)\ny = e / e.sum(axis=1, keepdims=True)\nreturn np.log(y + 1e-7)",
).says("""This behaves as the given function does: it overflows for large scores, and `+ 1e-7`
    inside the logarithm makes every result a little wrong and small probabilities very wrong.""")

wrong.answer("shifted, but still + 1e-7", lambda x: np.log(nn.softmax(x) + 1e-7)).says("""
    The overflow is gone. `+ 1e-7` is still there: no logarithm can fall below −16.1, and for the
    scores 0 and 20 it has to.""")

wrong.answer("shifted, then the bare logarithm", lambda x: np.log(nn.softmax(x))).says("""
    The overflow is gone and so is `+ 1e-7`. But a probability that is too small for a float is
    stored as 0, and its logarithm is −inf. Do not go through the probability.""")

wrong.answer(
    "limited the probability", lambda x: np.log(np.maximum(nn.softmax(x), np.finfo(x.dtype).tiny))
).says("""The smallest float that you put in place of 0 has the logarithm −708. The true one, for
    scores 0 and 2000, is −2000. The limit hides the fault; it does not mend it.""")

wrong.answer(
    "limited the probability at 1e-7", lambda x: np.log(np.clip(nn.softmax(x), 1e-7, 1))
).says("""No logarithm can fall below −16.1 with this limit, and for the scores 0 and 20 it has to.
    The limit hides the fault; it does not mend it.""")

wrong.answer(
    "only the + 1e-7 taken out", lambda x: np.log(np.exp(x) / np.exp(x).sum(axis=1, keepdims=True))
).says("""`+ 1e-7` is gone, but the exponentials of raw scores still overflow, and small
    probabilities still become log(0).""")

wrong.answer(
    "no quotient, but no shift", lambda x: x - np.log(np.exp(x).sum(axis=1, keepdims=True))
).says("""No probability is computed any more, which removes log(0) for moderate scores. But
    `np.exp` still gets the raw scores, and overflows from 710 on.""")

wrong.answer(
    "limited the probability at 1e-12", lambda x: np.log(np.clip(nn.softmax(x), 1e-12, 1))
).says("""No logarithm can fall below −27.6 with this limit. For the scores 0 and 1000 it has to.
    The limit hides the fault; it does not mend it.""")

wrong.answer(
    "a small number in the sum",
    lambda x: (
        (z := x - x.max(axis=1, keepdims=True))
        - np.log(np.exp(z).sum(axis=1, keepdims=True) + 1e-7)
    ),
).says("""The sum is at least 1 after the shift, so its logarithm needs no protection. What you add
    there makes every result a little wrong.""")

wrong.swap(
    "the logarithm added",
    """
    shifted = x - x.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))""",
    "return (z := x - x.max(axis=1, keepdims=True)) + np.log(np.exp(z).sum(axis=1, keepdims=True))",
).says("The logarithm of a quotient is a *difference*: numerator minus denominator.")

wrong.swap(
    "divided by the logarithm",
    """
    shifted = x - x.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))""",
    "return (z := x - x.max(axis=1, keepdims=True)) / np.log(np.exp(z).sum(axis=1, keepdims=True))",
).says("The logarithm of a quotient is a difference of logarithms. You divide one by the other.")

wrong.answer("the shifted scores alone", lambda x: x - x.max(axis=1, keepdims=True)).says("""
    Those are the shifted scores: the logarithm of the numerator. That of the denominator is
    missing.""")

wrong.answer("the probabilities", nn.softmax).says("""Those are the probabilities. Their logarithms
    are asked for.""")

wrong.answer("sign", lambda x: -log_softmax(x)).says("""Those are the losses. A logarithm of a
    probability is negative.""")

wrong.answer("nan replaced", lambda x: np.nan_to_num(np.log(nn.softmax(x)))).says("""
    Replacing what is not finite by another number hides where the probability was lost; the right
    value is an ordinary number.""")

wrong.swap(
    "over the batch",
    (
        "shifted = x - x.max(axis=1, keepdims=True)",
        "x = x.T\nshifted = x - x.max(axis=1, keepdims=True)",
    ),
    (
        "shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))",
        "(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))).T",
    ),
).says("""Your maximum and sum run down the columns, over the samples. The classes of one sample lie
    along a row.""")

wrong.swap(
    "changes its input",
    ("shifted = x -", "x -="),
    (
        "shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))",
        "x - np.log(np.exp(x).sum(axis=1, keepdims=True))",
    ),
).says("`x -= …` writes into the caller's scores. Keep the shifted ones in an array of your own.")

wrong.swap("one maximum for the whole array", "max(axis=1, keepdims=True)", "max()").says("""
    You subtract the largest score of the whole batch. In a row far below it all exponentials are 0,
    and so is their sum.""")

wrong.answer("the shift not undone", shift_not_added_back).says("""
    Inside the sum the scores are shifted, outside they are not. The two parts no longer belong to
    the same scores: every row is off by its maximum.""")

wrong.swap("one sum for the whole array", "sum(axis=1, keepdims=True)", "sum()").says("""
    The sum runs over the whole batch. Every row has a sum of its own.""")

wrong.swap(
    "the sum lost its axis",
    "(np.exp(shifted).sum(axis=1, keepdims=True))",
    "(np.exp(shifted).sum(axis=1))",
).says("""The sums have shape (N,), and broadcasting lays them along the columns: an error if N ≠ C,
    and silently other samples' sums if N = C.""")

wrong.swap(
    "clipped the scores",
    "shifted = x - x.max(axis=1, keepdims=True)",
    "x = np.clip(x, -700, 700)\nshifted = x - x.max(axis=1, keepdims=True)",
).says("""Clipping the scores to ±700 prevents the overflow and changes the problem: all scores
    beyond the limit look alike. A shift keeps the distances.""")

wrong.answer(
    "the sum not shifted",
    lambda x: x - x.max(axis=1, keepdims=True) - np.log(np.exp(x).sum(axis=1, keepdims=True)),
).says("""The score is shifted and the sum is not: the two have to be shifted alike, and the bare
    exponential overflows.""")

wrong.answer(
    "the shift added to the score",
    lambda x: (
        x
        + x.max(axis=1, keepdims=True)
        - np.log(np.exp(x - x.max(axis=1, keepdims=True)).sum(axis=1, keepdims=True))
    ),
).says("""You add the maximum to the score and subtract it in the sum. The two have to be shifted
    alike.""")

wrong.answer(
    "log lost",
    lambda x: (
        x
        - x.max(axis=1, keepdims=True)
        - np.exp(x - x.max(axis=1, keepdims=True)).sum(axis=1, keepdims=True)
    ),
).says("You subtract the sum itself. It is the denominator's *logarithm* that is subtracted.")

wrong.answer(
    "the smallest score subtracted",
    lambda x: (
        x
        - x.min(axis=1, keepdims=True)
        - np.log(np.exp(x - x.min(axis=1, keepdims=True)).sum(axis=1, keepdims=True))
    ),
).says("""What you subtract is not the *largest* score of the row, so an exponent can still be large
    and positive, and overflow.""")

wrong.answer("limited the probability at 1e-300", lambda x: np.log(nn.softmax(x) + 1e-300)).says("""
    The smallest logarithm you can get is −691. A limit only moves the fault: the quotient has lost
    the number already.""")

EXERCISE = Exercise(
    id="ch05.stability_fix",
    title="Hunt an overflow and a lost probability",
    kind="debug",
    points=3,
    difficulty=3,
    reference=RIGHT,
    accepted=(
        {"input": [[-30, 0, 1]], "lines": (4, 2), "repair": log_softmax_by_rows},
        {**RIGHT, "repair": lambda x: x - np.logaddexp.reduce(x, axis=1, keepdims=True)},
        {**RIGHT, "repair": lambda x: (x.T - x.max(1) - np.log(np.exp(x.T - x.max(1)).sum(0))).T},
    ),
    mistakes=(
        *hunt_mistakes(RIGHT, [[0.0, 1.0, 2.0]], (3,)),
        *(as_part(mistake, RIGHT, "repair") for mistake in wrong.all),
    ),
    hints=(
        "Run the given function on `[[0.0, 1000.0]]` and print `e` and `y`: at which line is the "
        "result lost? Then make the scores smaller until nothing is infinite any more.",
        "A logarithm of a quotient is a difference of logarithms, and the logarithm of an exponential "
        "is what stood in the exponent. What remains is the logarithm of a sum, and the shift keeps "
        "that one safe.",
        "The skeleton of the repair:\n"
        "    shifted = x - …\n"
        "    total = …                       # (N, 1), never below 1\n"
        "    return shifted - …",
    ),
    probe=Probe(hunt, {"repair": "ch05.scores", "params": {"returns": ("log_y",)}}),
    draw=draw_stability_fix,
    outputs=(
        *hunted_outputs(tells, (2, 4), last=4),
        Output("log_y", "(N, C)", "one logarithm per class, for every sample", rtol=1e-4),
        Output("large-score log_y", "(N, C)", "one logarithm per class, for every sample"),
    ),
    remark="No probability occurs any more, so none can be too small for a float.",
)
