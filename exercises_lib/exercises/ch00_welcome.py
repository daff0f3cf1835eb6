"""Exercises of chapter 00: the first taste of a check and a hint."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib.checking import Case, Exercise, Mistake, Output, Probe
from exercises_lib.probes import call


def double(x):
    return 2 * x


def draw_double(rng: np.random.Generator) -> Iterator[Case]:
    yield Case({"x": float(rng.uniform(3, 9))}, "one number")
    yield Case({"x": -float(rng.uniform(3, 9))}, "a negative number")
    yield Case({"x": rng.normal(size=4)}, "an array")


def changes_its_input(x):
    x *= 2
    return x


DOUBLE = Exercise(
    id="ch00.double",
    title="Twice the input",
    kind="function",
    points=1,
    reference=double,
    accepted=(
        lambda x: x + x,
        lambda x: np.multiply(x, 2.0),
        lambda x: x / 0.5,
    ),
    mistakes=(
        Mistake(
            "squared",
            lambda x: x**2,
            "That is x times itself. Doubling adds x to itself, so 3 becomes 6 and not 9.",
        ),
        Mistake(
            "unchanged",
            lambda x: x,
            "Your function gives back what it got. Multiply it by two on the way.",
        ),
        Mistake(
            "added two",
            lambda x: x + 2,
            "You add 2 instead of multiplying by 2. The two agree at x = 2 only.",
        ),
        Mistake(
            "halved",
            lambda x: x / 2,
            "That is half the input: you divide where you should multiply.",
        ),
        Mistake(
            "power of two",
            lambda x: 2**x,
            "`**` is the power: 2 to the x. For x = 3 that is 8 and not 6.",
        ),
        Mistake(
            "always the same",
            lambda x: 6,
            "You give back the answer for x = 3, whatever x is. The check asks for other numbers.",
        ),
        Mistake(
            "changes its input",
            changes_its_input,
            "`x *= 2` writes into the caller's array. Compute a new value and return that.",
        ),
        Mistake(
            "forgot the return", lambda x: None, "A function without `return` gives back None."
        ),
    ),
    hints=(
        "Read the sentence above the cell once more. What should come out for x = 3?",
        "You need one multiplication, and a `return` in front of it.",
        "The skeleton:\n    def double(x):\n        return … * x",
    ),
    probe=Probe(call),
    draw=draw_double,
    outputs=(Output("result", "", "the shape of x"),),
    remark="You were checked with a positive number, a negative one and a whole array.",
)

EXERCISES = (DOUBLE,)
