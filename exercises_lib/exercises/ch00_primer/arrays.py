"""ch00.primer_arrays: axes, broadcasting and a mask in three lines."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes import call


def above_mean(x):
    mean = x.mean(axis=0)
    difference = x - mean
    return mean, difference * (difference > 0)


def by_where(x):
    mean = np.sum(x, axis=0) / len(x)
    return mean, np.where(x > mean, x - mean, 0.0)


def by_maximum(x):
    mean = np.array([column.mean() for column in x.T])
    return mean, np.maximum(x - mean, 0)


def draw_arrays(rng: np.random.Generator) -> Iterator[Case]:
    for n, d in ((4, 3), (2, 5), (3, 3)):
        yield Case({"x": rng.normal(2, 3, size=(n, d)).round(2)}, f"N = {n}, D = {d}")


wrong = Mistakes(above_mean)

wrong.swap("mean of each row", "axis=0", "axis=1, keepdims=True").says("""
    You take the mean of each row. Axis 0 runs down the rows: one mean for each *column*.""")

wrong.swap("one mean for all", "x.mean(axis=0)", "x.mean()").says("""Without an axis the mean runs
    over the whole array: one number, where one for each column is asked.""")

wrong.swap("sum, not mean", "x.mean(axis=0)", "x.sum(axis=0)").says("""
    That is the sum of each column. A mean is divided by the number of rows.""")

wrong.swap("mask turned round", "(difference > 0)", "(difference < 0)").says("""
    You keep what lies *below* the mean and set the rest to 0.""")

wrong.swap("the mask alone", "difference * (difference > 0)", "difference > 0").says("""
    You return the mask, True and False. Multiply it with the differences.""")

wrong.swap("nothing set to 0", "difference * (difference > 0)", "difference").says("""
    You return all differences. Where one is negative, 0 is asked.""")

wrong.swap(
    "entries picked out", "difference * (difference > 0)", "difference[difference > 0]"
).says("""You pick out the positive entries, so the shape is lost. The others stay in their places,
    as zeros.""")

wrong.swap("mask of x", "(difference > 0)", "(x > 0)").says("""You ask where x is positive. Asked is
    where it lies above its column's mean.""")

wrong.swap("signs lost", "difference * (difference > 0)", "abs(difference)").says("""
    You drop the sign, so what lies below the mean counts as well. There, 0 is asked.""")

EXERCISE = Exercise(
    id="ch00.primer_arrays",
    title="Axes, broadcasting, masks",
    kind="function",
    points=1,
    difficulty=2,
    reference=above_mean,
    accepted=(by_where, by_maximum),
    mistakes=wrong.all,
    hints=(
        "Write down the shapes: x is (N, D). Which shape does one mean for each column have?",
        "A mean over axis 0 has the shape (D,), and broadcasting lays it along every row. A "
        "comparison gives an array of True and False, and a product counts those as 1 and 0.",
        "The skeleton:\n    mean = x.mean(axis=…)\n    difference = … - …\n"
        "    return mean, difference * (…)",
    ),
    probe=Probe(call, {"returns": ("mean", "above")}),
    draw=draw_arrays,
    outputs=(
        Output("mean", "(D,)", "one number per column"),
        Output("above", "(N, D)", "the shape of x"),
    ),
    remark="One reduction, one broadcast, one mask: most lines of this course are made of those.",
)
