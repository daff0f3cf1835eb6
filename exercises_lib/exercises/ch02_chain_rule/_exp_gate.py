"""The exp gate of ch02.gates."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from exercises_lib.checking import Case
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch02_chain_rule._gates import Gate
from exercises_lib.exercises.ch02_chain_rule._shared import pick


def exp_gate(x, dout):
    return np.exp(x) * dout


def draw_exp(rng: np.random.Generator) -> Iterator[Case]:
    yield Case({"x": pick(rng, 1.3, 2.5, 1), "dout": pick(rng, 0.3, 0.8, 1)})
    yield Case({"x": pick(rng, 1.3, 2.5, -1), "dout": pick(rng, 2.2, 4, -1)}, "x is negative")
    yield Case({"x": 0.0, "dout": pick(rng, 2.2, 4)}, "x is zero")


wrong = Mistakes(exp_gate)

wrong.swap("input instead of output", "np.exp(x)", "x").says("""You multiply by the input x. The
    slope of eˣ is as large as the gate's output.""")

wrong.swap("power rule used", "np.exp(x)", "x * np.exp(x - 1)").says("""
    That is the power rule. It is for a fixed exponent; here the exponent is the variable.""")

wrong.swap("upstream dropped", "(x) * dout", "(x)").says("""That is the local derivative alone.
    Multiply it by what arrives from above.""")

wrong.swap("passed through", "return np.exp(x) * dout", "return dout").says("""
    You hand the gradient on as it came. That would be right for a gate with slope 1, and eˣ has
    that at x = 0 only.""")

wrong.swap("exp of the gradient", "(x) * dout", "(dout)").says("""
    You send the gradient through the exponential. Going back, it is multiplied by the gate's slope;
    the gate itself is not applied again.""")

wrong.swap("divided by the output", "np.exp(x) * dout", "dout / np.exp(x)").says("""
    You divide by the output, as if going back meant undoing. Backward does not invert the gate: the
    gradient is multiplied by the slope.""")

wrong.swap("minus too many", "return np", "return -np").says("""There is a minus too many: eˣ rises
    everywhere, so its slope is never negative.""")

wrong.swap("e times x", "np.exp(x)", "math.e * x").says("""You multiply e by x. Here x is the
    exponent.""")

wrong.swap("input and output multiplied", "return", "return x *").says("""
    There is a factor x too many. The slope of eˣ is eˣ, with nothing in front.""")

wrong.swap("upstream added", "(x) *", "(x) +").says("""You add the local derivative to the upstream
    gradient. The chain rule multiplies.""")

wrong.swap("upstream in the exponent", "(x) * dout", "(x * dout)").says("""
    The upstream gradient has ended up inside the exponential. It is a factor outside.""")

GATE = Gate(
    "exp",
    exp_gate,
    (
        lambda x, dout: math.exp(x) * dout,
        lambda x, dout: math.e**x * dout,
        lambda x, dout: dout / np.exp(-x),
    ),
    wrong.all,
    draw_exp,
)
