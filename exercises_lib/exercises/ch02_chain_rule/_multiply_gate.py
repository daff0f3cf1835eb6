"""The multiply gate of ch02.gates."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib.checking import Case
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch02_chain_rule._gates import Gate
from exercises_lib.exercises.ch02_chain_rule._shared import draw_pair, pick


def multiply_gate(x, y, dout):
    return y * dout, x * dout


def draw_multiply(rng: np.random.Generator) -> Iterator[Case]:
    yield from draw_pair(rng)
    yield Case(
        {"x": 0.0, "y": pick(rng, 2.2, 3.5), "dout": pick(rng, 0.3, 0.8)},
        "x is zero, and its gradient is not",
    )


wrong = Mistakes(multiply_gate)

wrong.swap("not swapped", "y * dout, x", "x * dout, y").says("""Each input is multiplied by itself,
    or you return dy before dx. How strongly x acts on x · y is decided by the other factor.""")

wrong.swap("x overwritten", ", x", ", (y * dout)").says("""dx is right. On the way to dy you use `x`
    again, and by then it holds the gradient instead of the value. Give the gradients names of their
    own.""")

wrong.swap("upstream dropped", "return y * dout, x * dout", "return y, x").says("""
    Those are the local derivatives alone. They agree with the gradient only where dout happens to
    be 1.""")

wrong.swap("neither swapped nor upstream", "return y * dout, x * dout", "return x, y").says("""
    Each input gets its own value back, and dout does not appear. Two things are to be done: find
    what stretches a change of x, and multiply in what arrives from above.""")

wrong.swap("add rule used", "y * dout, x *", "dout,").says("""That is the rule of the add gate. A
    product moves y times as far as x does.""")

wrong.swap("upstream added", "* dout, x *", "+ dout, x +").says("""
    You add the local derivative to the upstream gradient. The chain rule multiplies.""")

wrong.swap("whole product sent back", "y * dout, x", "x * y * dout, x * y").says("""
    You send back the gate's output times dout. The derivative of x · y with respect to x no longer
    contains x.""")

wrong.swap("output divided by the input", "y * dout, x", "x * y / x * dout, x * y / y").says("""
    You get at the other factor by dividing the output by x. That works until x is 0, and there the
    gradient is as well defined as anywhere else.""")

GATE = Gate(
    "multiply",
    multiply_gate,
    (
        lambda x, y, dout: (dout * y, dout * x),
        lambda x, y, dout: tuple(np.array([y, x]) * dout),
        lambda x, y, dout: ((x + 1) * y * dout - x * y * dout, (y + 1) * x * dout - x * y * dout),
    ),
    wrong.all,
    draw_multiply,
)
