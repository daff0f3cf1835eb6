"""The add gate of ch02.gates."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib.checking import Case
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch02_chain_rule._gates import Gate
from exercises_lib.exercises.ch02_chain_rule._shared import draw_pair, pick


def add_gate(x, y, dout):
    return dout, dout


def draw_add(rng: np.random.Generator) -> Iterator[Case]:
    yield from draw_pair(rng)
    yield Case({"x": 0.0, "y": pick(rng, 2, 5), "dout": pick(rng, 20, 40)}, "x is zero")


wrong = Mistakes(add_gate)

wrong.swap("gradient shared out", "dout, dout", "dout / 2, dout / 2").says("""
    You divide the gradient between the two inputs. It is not a quantity to be shared: raise x alone
    by a little, and the sum rises by all of it.""")

wrong.swap("upstream dropped", "dout, dout", "1.0, 1.0").says("""Those are the local derivatives
    alone. What arrives from above has to be multiplied in, or everything behind this gate is
    forgotten.""")

wrong.swap("multiply rule used", "dout,", "y * dout, x *").says("""That is the rule of the multiply
    gate. How far a sum moves when x moves does not depend on y.""")

wrong.swap("weighted with the inputs", "dout,", "x * dout, y *").says("""You weight the gradient
    with the inputs. A sum reacts to x by the same amount whether x is small or large.""")

wrong.swap("multiplied by the output", "dout,", "(x + y) * dout, (x + y) *").says("""
    You multiply by the sum, the gate's output. What counts is how fast the output moves with an
    input, not how large it is.""")

wrong.swap("gradient added to the inputs", "dout,", "x + dout, y +").says("""
    You add the gradient to the values. A value and a gradient are different things: the gradient is
    what goes back, and the values of a sum play no part in it.""")

wrong.swap("upstream added", "dout,", "1 + dout, 1 +").says("""You add the local derivative to the
    upstream gradient. The chain rule multiplies.""")

GATE = Gate(
    "add",
    add_gate,
    (
        lambda x, y, dout: (1 * dout, 1 * dout),
        lambda x, y, dout: [np.float64(dout)] * 2,
        lambda x, y, dout: tuple(dout * local for local in (1.0, 1.0)),
    ),
    wrong.all,
    draw_add,
)
