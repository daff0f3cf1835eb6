"""The scale gate of ch02.gates."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib.checking import Case
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch02_chain_rule._gates import Gate
from exercises_lib.exercises.ch02_chain_rule._shared import pick


def scale_gate(x, a, dout):
    return a * dout


def draw_scale(rng: np.random.Generator) -> Iterator[Case]:
    yield Case({"x": pick(rng, 4.2, 6), "a": pick(rng, 2.2, 3.5, 1), "dout": pick(rng, 0.3, 0.8)})
    yield Case(
        {"x": pick(rng, 4.2, 6), "a": pick(rng, 2.2, 3.5, -1), "dout": pick(rng, 0.3, 0.8)},
        "a is negative",
    )
    yield Case(
        {"x": pick(rng, 4.2, 6), "a": pick(rng, 0.1, 0.3), "dout": pick(rng, 2.2, 3.5)},
        "a is small",
    )


wrong = Mistakes(scale_gate)

wrong.swap("the other factor", "return a", "return x").says("""That is the gradient for a. Here a is
    a constant and x is what can move.""")

wrong.swap("forward again", "* dout", "* x").says("""That is the gate's output. What comes back is
    the upstream gradient times the slope.""")

wrong.swap("upstream dropped", "a * dout", "a").says("""That is the local derivative alone. Multiply
    it by what arrives from above.""")

wrong.swap("scaling undone", "a * dout", "dout / a").says("""You divide by a, as if going back meant
    undoing. Backward does not invert the gate: it asks how strongly the output reacts, and that is
    a times.""")

wrong.swap("passed through", "return a *", "return").says("""You hand the gradient on as it came.
    That is what a shift x + c does; a scaling stretches every change.""")

wrong.swap("multiplied by the output", "* dout", "* x * dout").says("""You multiply by the gate's
    output, a · x. Its slope is wanted: how far it moves per unit of x.""")

wrong.swap("upstream added", "a *", "a +").says("""You add the local derivative to the upstream
    gradient. The chain rule multiplies.""")

wrong.swap("0 for the constant", "* dout", "* dout, 0.0").says("""You return a 0 for the constant as
    well. A constant is not an input, so there is one value to return.""")

wrong.swap("a gradient for the constant too", "* dout", "* dout, x * dout").says("""
    You return a gradient for a as well. A constant is not an input: nobody will ever ask how to
    change it, so there is one value to return.""")

GATE = Gate(
    "scale",
    scale_gate,
    (
        lambda x, a, dout: dout * a,
        lambda x, a, dout: a * (x + 1) * dout - a * x * dout,
        lambda x, a, dout: float(np.dot([a], [dout])),
    ),
    wrong.all,
    draw_scale,
)
