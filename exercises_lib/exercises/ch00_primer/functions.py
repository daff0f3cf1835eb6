"""ch00.primer_functions: a function that takes a function."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes.ch00 import with_a_curve


def change(f, x, step):
    return f(x + step) - f(x)


def draw_curves(rng: np.random.Generator) -> Iterator[Case]:
    for curve in ("square", "minus", "constant"):
        x, step = float(rng.uniform(2, 4)), float(rng.uniform(0.2, 0.6))
        yield Case({"curve": curve, "x": x, "step": step}, f"f is the {curve} function")


wrong = Mistakes(change)

wrong.swap("order turned", "f(x + step) - f(x)", "f(x) - f(x + step)").says("""
    You subtract the new value from the old one, so a rise comes out negative.""")

wrong.swap("function of the change", "f(x + step) - f(x)", "f(step)").says("""
    You call `f` with the step alone. Asked is how far its value moves when the input goes from x to
    x + step.""")

wrong.swap("only the new value", "f(x + step) - f(x)", "f(x + step)").says("""
    That is the value at x + step. The value at x has to be taken away.""")

wrong.swap("divided by the step", "f(x + step) - f(x)", "(f(x + step) - f(x)) / step").says("""
    You divide by the step: that is the change per unit. Asked is the change itself.""")

wrong.swap("a fixed function", "f(x + step) - f(x)", "(x + step) ** 2 - x**2").says("""
    You compute with a square, whatever `f` is. Call the function that you are given.""")

wrong.swap("the function not called", "f(x + step) - f(x)", "f").says("""
    You return the function itself. Brackets call it: `f(x)`.""")

EXERCISE = Exercise(
    id="ch00.primer_functions",
    title="A function that takes a function",
    kind="function",
    points=1,
    difficulty=1,
    reference=change,
    accepted=(
        lambda f, x, step: -(f(x) - f(x + step)),
        lambda f, x, step: sum(sign * f(x + sign_step) for sign, sign_step in ((1, step), (-1, 0))),
    ),
    mistakes=wrong.all,
    hints=(
        "`f` is a name for a function, as `x` is a name for a number. How do you call it?",
        "Call it twice, at two places, and subtract.",
        "The skeleton:\n    return f(…) - f(…)",
    ),
    probe=Probe(with_a_curve),
    draw=draw_curves,
    outputs=(Output("change"),),
    remark="The same function worked with three others that it had never seen.",
)
