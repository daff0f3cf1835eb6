"""ch00.double: twice the input."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes import call


def double(x):
    return 2 * x


def draw_double(rng: np.random.Generator) -> Iterator[Case]:
    yield Case({"x": float(rng.uniform(3, 9))}, "one number")
    yield Case({"x": -float(rng.uniform(3, 9))}, "a negative number")
    yield Case({"x": rng.normal(size=4)}, "an array")


wrong = Mistakes(double)

wrong.swap("squared", "return 2 * x", "return x**2").says("""
    That is x times itself. Doubling adds x to itself, so 3 becomes 6 and not 9.""")

wrong.swap("unchanged", "return 2 * x", "return x").says("""Your function gives back what it got.
    Multiply it by two on the way.""")

wrong.swap("added two", "return 2 * x", "return x + 2").says("""
    You add 2 instead of multiplying by 2. The two agree at x = 2 only.""")

wrong.swap("halved", "return 2 * x", "return x / 2").says("""
    That is half the input: you divide where you should multiply.""")

wrong.swap("power of two", "return 2 * x", "return 2**x").says("""
    `**` is the power: 2 to the x. For x = 3 that is 8 and not 6.""")

wrong.swap("always the same", "return 2 * x", "return 6").says("""
    You give back the answer for x = 3, whatever x is. The check asks for other numbers.""")

wrong.swap("changes its input", "return 2 * x", "x *= 2\nreturn x").says("""
    `x *= 2` writes into the caller's array. Compute a new value and return that.""")

wrong.swap("forgot the return", "return 2 * x", "return None").says("""
    A function without `return` gives back None.""")

EXERCISE = Exercise(
    id="ch00.double",
    title="Twice the input",
    kind="function",
    points=1,
    difficulty=1,
    reference=double,
    accepted=(lambda x: x + x, lambda x: np.multiply(x, 2.0), lambda x: x / 0.5),
    mistakes=wrong.all,
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
