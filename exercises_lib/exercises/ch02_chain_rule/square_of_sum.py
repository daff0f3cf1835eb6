"""ch02.square_of_sum: the square of a sum."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib.checking import Case, Exercise, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch02_chain_rule._shared import pick
from exercises_lib.probes import call


def square_of_sum(x, y):
    q = x + y
    z = q**2
    dq = 2 * q
    return z, dq, dq


def square_of_sum_by_binomial(x, y):
    return x * x + 2 * x * y + y * y, 2 * x + 2 * y, 2 * y + 2 * x


def square_of_sum_backwards(x, y):
    grads = {"q": 0.0, "x": 0.0, "y": 0.0}
    q = np.add(x, y)
    for _ in range(2):  # q is both factors of q · q
        grads["q"] += q
    for name in ("x", "y"):
        grads[name] += 1.0 * grads["q"]
    return np.square(q), grads["x"], grads["y"]


def draw_square_of_sum(rng: np.random.Generator) -> Iterator[Case]:
    yield Case({"x": pick(rng, 2.2, 3.5, 1), "y": pick(rng, 0.3, 0.8, 1)})
    yield Case({"x": pick(rng, 2.2, 3.5, -1), "y": pick(rng, 0.3, 0.8, 1)}, "x + y is negative")
    x = pick(rng, 1.5, 4)
    yield Case({"x": x, "y": -x}, "x + y is zero")


wrong = Mistakes(square_of_sum)

wrong.answer("each squared on its own", lambda x, y: (x**2 + y**2, 2 * x, 2 * y)).says("""
    That is x² + y². The sum comes first and is squared as a whole: (1 + 2)² is 9, not 5.""")

wrong.answer("outer slope taken at x and y", lambda x, y: ((x + y) ** 2, 2 * x, 2 * y)).says("""
    You take the slope of the square at x (and at y). The square never sees x: what goes into it is
    q = x + y, and that is where its slope has to be taken.""")

wrong.answer("inner derivative only", lambda x, y: ((x + y) ** 2, 1.0, 1.0)).says("""
    1 is the derivative of the sum alone. The square behind it stretches every change once more.""")

wrong.answer("the 2 is lost", lambda x, y: ((x + y) ** 2, x + y, x + y)).says("""
    The slope of q² is not q: the exponent comes down as a factor.""")

wrong.answer(
    "inner slope taken for the input", lambda x, y: ((x + y) ** 2, 2 * (x + y) * x, 2 * (x + y) * y)
).says("""You multiply by x (and by y) where the slope of the sum belongs. If x rises by a little,
    the sum rises by as much, wherever x stands.""")

wrong.answer("x and y exchanged", lambda x, y: ((x + y) ** 2, 2 * y, 2 * x)).says("""
    You give 2y and 2x, as if the two were multiplied. What goes into the square is their sum, and
    the slope is taken there.""")

wrong.answer(
    "doubled instead of squared", lambda x, y: (2 * (x + y), 2 * (x + y), 2 * (x + y))
).says("Your z is twice the sum. Squaring multiplies the sum by itself: `q**2`, or `q * q`.")

wrong.answer(
    "multiply rule at the sum", lambda x, y: ((x + y) ** 2, 2 * (x + y) * y, 2 * (x + y) * x)
).says("""For x you multiply by y, and the other way round. That is how a product reacts; the first
    machine adds.""")

wrong.answer("brackets missing", lambda x, y: (x + y**2, 2 * (x + y), 2 * (x + y))).says("""
    `x + y**2` squares y alone: a power comes before a sum. Give the sum a name, or brackets.""")

wrong.answer("not squared", lambda x, y: (x + y, 2 * (x + y), 2 * (x + y))).says("""
    Your z is the sum. The second machine squares it.""")

wrong.answer("caret for a power", lambda x, y: ((x + y) ^ 2, 2 * (x + y), 2 * (x + y))).says("""
    `^` is not a power in Python, though it is in other languages. The power is `**`.""")

wrong.answer(
    "derivatives before the value", lambda x, y: (2 * (x + y), 2 * (x + y), (x + y) ** 2)
).says("You return the derivatives first. Asked are z, dx, dy, in this order.")

wrong.answer(
    "exponent not lowered", lambda x, y: ((x + y) ** 2, 2 * (x + y) ** 2, 2 * (x + y) ** 2)
).says("""The factor 2 has come down, but the exponent is still 2. One power goes away when you
    differentiate.""")

wrong.answer(
    "local derivatives added", lambda x, y: ((x + y) ** 2, 2 * (x + y) + 1, 2 * (x + y) + 1)
).says("""You add the two local derivatives. Along a path they are multiplied: each gate stretches
    what the one behind it has already stretched.""")

EXERCISE = Exercise(
    id="ch02.square_of_sum",
    title="The square of a sum",
    kind="function",
    points=2,
    difficulty=1,
    reference=square_of_sum,
    accepted=(square_of_sum_by_binomial, square_of_sum_backwards),
    mistakes=wrong.all,
    hints=(
        "Give the sum a name, q. How strongly does z react to q, and how strongly does q react "
        "to x?",
        "dz/dx = dz/dq · dq/dx. The first factor is the slope of the square, taken at q; the "
        "second one is the local derivative of an add gate.",
        "Forward first, then the backward pass:\n"
        "    q = x + y\n"
        "    z = …\n"
        "    dq = …           # slope of the square, at q\n"
        "    dx = … * dq\n"
        "    dy = … * dq\n"
        "    return z, dx, dy",
    ),
    probe=Probe(call, {"returns": ("z", "dx", "dy")}),
    draw=draw_square_of_sum,
    remark="dx and dy are equal for every x and y: z only sees their sum.",
)
