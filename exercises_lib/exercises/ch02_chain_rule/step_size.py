"""ch02.step_size: neither 1e-1 nor 1e-10."""

from __future__ import annotations

from exercises_lib.checking import Exercise, Field, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes import values

STEP_RIGHT = {"large": "b", "small": "a", "best": "d"}

STEP_FIELDS = (
    Field(
        "large",
        "What spoils the derivative at $h = 10^{-1}$?",
        {
            "a": "0.1 cannot be written exactly in binary, so x + h is rounded.",
            "b": "The curve bends between the two points, so the line through them is not the "
            "tangent.",
            "c": "Nothing: a longer step measures the slope over more of the curve.",
        },
    ),
    Field(
        "small",
        "What spoils it at $h = 10^{-10}$?",
        {
            "a": "The two function values agree in almost all their digits, and the difference is "
            "mostly rounding error.",
            "b": "h is so small that x + h and x − h are the same number.",
            "c": "The curve bends too strongly on so short a way.",
            "d": "Nothing: the derivative is the limit of h going to 0, so smaller is better.",
        },
    ),
    Field(
        "best",
        "Which step is a good choice for central differences in float64, for numbers around 1?",
        {"a": "$10^{-1}$", "b": "$10^{-16}$", "c": "$10^{-10}$", "d": "$10^{-5}$"},
    ),
)

wrong = Mistakes()

wrong.answer("large: rounding of 0.1", {**STEP_RIGHT, "large": "a"}).says("""
    0.1 is rounded, but only in about its seventeenth digit. The error at h = 0.1 is many million
    times larger.""")

wrong.answer("large: longer is better", {**STEP_RIGHT, "large": "c"}).says("""
    The slope is wanted at x, not on average over a long way: the longer the way, the more the slope
    has changed in between.""")

wrong.answer("small: h vanishes", {**STEP_RIGHT, "small": "b"}).says("""
    That happens only near 1e-16. At 1e-10 the numbers x + h and x − h still differ, by about a
    million of the smallest possible steps.""")

wrong.answer("small: the curve bends", {**STEP_RIGHT, "small": "c"}).says("""
    The shorter the way, the less the curve has time to bend: that error is far below anything
    visible here.""")

wrong.answer("small: nothing", {**STEP_RIGHT, "small": "d"}).says("""
    For exact numbers that is true. The computer keeps sixteen digits, and in the table the errors
    grow again long before this step.""")

wrong.answer("best: 1e-1", {**STEP_RIGHT, "best": "a"}).says("""At 1e-1 the bend of the curve
    dominates. Look at the left end of the figure.""")

wrong.answer("best: 1e-16", {**STEP_RIGHT, "best": "b"}).says("""At 1e-16 the step is lost in the
    rounding of x + h itself: the difference is 0 or noise.""")

wrong.answer("best: 1e-10", {**STEP_RIGHT, "best": "c"}).says("""At 1e-10 rounding dominates. In the
    figure the central difference has its lowest point much further to the left.""")

EXERCISE = Exercise(
    id="ch02.step_size",
    title="Neither 1e-1 nor 1e-10",
    kind="choice",
    points=1,
    difficulty=1,
    reference=STEP_RIGHT,
    mistakes=wrong.all,
    hints=(
        "Move the slider of the figure to both ends and read what it says about each error.",
        "One error comes from mathematics and grows with h. The other comes from the machine and "
        "is divided by h. The best step is where they meet.",
        "Bend of the curve: about h². Rounding: about 1e-16 / h.\n"
        "    h² = 1e-16 / h   →   h³ = …   →   h is about …",
    ),
    probe=Probe(values, {"names": tuple(item.name for item in STEP_FIELDS)}),
    fields=STEP_FIELDS,
    remark="The two errors pull in opposite directions. They meet near 1e-5, and there about ten "
    "digits are right.",
)
