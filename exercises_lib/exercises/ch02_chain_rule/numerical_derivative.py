"""ch02.numerical_derivative: the central difference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from exercises_lib.checking import Case, Exercise, Observation, Probe
from exercises_lib.checking.serialize import is_number
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch02_chain_rule._shared import pick
from exercises_lib.probes.ch02 import CURVES, derivative


def numerical_derivative(f, x, h):
    return (f(x + h) - f(x - h)) / (2 * h)


def mean_of_one_sided(f, x, h):
    forward = (f(x + h) - f(x)) / h
    backward = (f(x) - f(x - h)) / h
    return 0.5 * (forward + backward)


def through_an_array(f, x, h):
    below, above = (f(point) for point in np.array([x - h, x + h]))
    return np.diff([below, above])[0] / h / 2


def draw_derivative(rng: np.random.Generator) -> Iterator[Case]:
    for curve, (low, high), h in (
        ("f(x) = x³", (1.5, 3.0), 0.1),
        ("f(x) = sin(3x)", (0.2, 0.8), 0.2),
        ("f(x) = exp(x)", (0.5, 1.5), 0.01),
        ("f(x) = 1/x", (0.5, 0.9), 0.05),
        ("f(x) = 5x − 2", (1.5, 3.0), 0.5),
    ):
        x = pick(rng, low, high, 1)
        yield Case({"curve": curve, "x": x, "h": h}, f"{curve} at x = {x:.3f}, h = {h}")


wrong = Mistakes(numerical_derivative)

wrong.swap(
    "forward difference", "(f(x + h) - f(x - h)) / (2 * h)", "(f(x + h) - f(x)) / h"
).says("""That is the forward difference. It looks to one side only, and its error shrinks with h
    instead of h².""")

wrong.swap(
    "backward difference", "(f(x + h) - f(x - h)) / (2 * h)", "(f(x) - f(x - h)) / h"
).says("""That is the backward difference. It looks to one side only, and its error shrinks with h
    instead of h².""")

wrong.swap("divided by h", "(2 * h)", "h").says("""You divide by h. From x − h to x + h is twice as
    far.""")

wrong.swap("multiplied by h", "(2 * h)", "2 * h").says("""`/ 2 * h` divides by 2 and then multiplies
    by h. The whole of 2h belongs below the fraction line, so it needs brackets.""")

wrong.swap("not divided at all", "(f(x + h) - f(x - h)) / (2 * h)", "f(x + h) - f(x - h)").says("""
    That is how far f rises between the two points. The slope is that per unit of the way.""")

wrong.swap("order reversed", "(x + h) - f(x - h)", "(x - h) - f(x + h)").says("""
    The points are subtracted in the wrong order: a rising function gets a negative slope.""")

wrong.swap(
    "brackets around the difference missing", "(f(x + h) - f(x - h))", "f(x + h) - f(x - h)"
).says("""Only `f(x - h)` is divided: a division comes before a subtraction. The whole difference
    belongs above the fraction line.""")

wrong.answer("both pairs of brackets missing", lambda f, x, h: f(x + h) - f(x - h) / 2 * h).says("""
    Only `f(x - h)` is divided by 2, and then it is multiplied by h. The whole difference belongs
    above the fraction line and the whole of 2h below it: two pairs of brackets.""")

wrong.swap("divided by 2 alone", "(2 * h)", "2").says("""You divide by 2. The way from one point to
    the other has a length, and h is in it.""")

wrong.swap("one side, divided by both", "x - h", "x").says("""You divide by 2h, but from x to x + h
    is only half of that way. Look to both sides.""")

wrong.swap(
    "twice as far", "(f(x + h) - f(x - h)) / (2 * h)", "(f(x + 2 * h) - f(x - 2 * h)) / (4 * h)"
).says("That is a central difference, but for twice the step. Go one h to either side.")

wrong.swap("the number of the example", "(f(x + h) - f(x - h)) / (2 * h)", "12.01").says("""
    You return the slope of the example, whatever f, x and h are.""")

wrong.swap("sum instead of difference", "(x + h) -", "(x + h) +").says("""
    You add the two function values. The rise from one point to the other is their difference.""")

wrong.swap("twice the step", "(x + h) - f(x - h)", "(x + 2 * h) - f(x - 2 * h)").says("""
    You go 2h to either side and divide by 2h. Each side is one h; the 2 belongs to the way between
    the two points.""")

wrong.swap("only the cube", "f(x + h) - f(x - h)", "(x + h) ** 3 - (x - h) ** 3").says("""
    Your code differentiates x³, whichever function it is given. Call `f`.""")

wrong.swap("h added to the value", "f(x + h) - f(x - h)", "(f(x) + h) - (f(x) - h)").says("""
    You move the function's value instead of its input. That gives 1 for every function.""")

wrong.swap(
    "half the step", "(f(x + h) - f(x - h)) / (2 * h)", "(f(x + h / 2) - f(x - h / 2)) / h"
).says("That is a central difference, but for half the step. Go a whole h to either side.")


def ignores_h(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Recognise the slope itself, which the large h of these cases does not give.

    How close it comes depends on the step, and on rounding where that is tiny.
    """
    for case, one in zip(cases, seen, strict=False):
        got = one.values.get("derivative")
        slope = numerical_derivative(CURVES[case.inputs["curve"]], case.inputs["x"], 1e-5)
        if not is_number(got) or abs(got - slope) > 1e-4 * abs(slope):
            return False
    return True


wrong.answer("a step of its own", lambda f, x, h: (f(x + 1e-5) - f(x - 1e-5)) / 2e-5).says(
    "Your function uses a step of its own and ignores the h that it is given.", recognise=ignores_h
)

EXERCISE = Exercise(
    id="ch02.numerical_derivative",
    title="The central difference",
    kind="function",
    points=2,
    difficulty=1,
    reference=numerical_derivative,
    accepted=(
        mean_of_one_sided,
        through_an_array,
        lambda f, x, h: f(x + h) / (2 * h) - f(x - h) / (2 * h),
    ),
    mistakes=wrong.all,
    hints=(
        "Draw the curve, mark the points x − h and x + h, and join them by a straight line. What is "
        "its slope?",
        "Slope is rise over run. The rise is a difference of two function values; how long is the "
        "run from x − h to x + h?",
        "Mind the brackets:\n    rise = f(…) - f(…)\n    run = …\n    return rise / run",
    ),
    probe=Probe(derivative),
    draw=draw_derivative,
    remark="The steps here were large on purpose: only so can one see whether the formula looks to "
    "both sides.",
)
