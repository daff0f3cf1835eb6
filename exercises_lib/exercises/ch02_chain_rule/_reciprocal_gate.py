"""The reciprocal gate of ch02.gates."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib.checking import Case
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch02_chain_rule._gates import Gate
from exercises_lib.exercises.ch02_chain_rule._shared import pick


def reciprocal_gate(x, dout):
    return -dout / x**2


def draw_reciprocal(rng: np.random.Generator) -> Iterator[Case]:
    yield Case({"x": pick(rng, 1.6, 3, 1), "dout": pick(rng, 4, 7, 1)})
    yield Case({"x": pick(rng, 1.6, 3, -1), "dout": pick(rng, 4, 7, 1)}, "x is negative")
    yield Case({"x": pick(rng, 0.2, 0.4, 1), "dout": pick(rng, 4, 7, -1)}, "x is near zero")


wrong = Mistakes(reciprocal_gate)

wrong.swap("minus lost", "return -dout / x**2", "return dout / x**2").says("""
    The minus is missing. A larger x makes 1/x smaller, so the two move in opposite directions.""")

wrong.swap("exponent not lowered", "x**2", "x").says("""1/x is x to the power of −1. When you
    differentiate, the exponent goes down by one more; yours has stayed.""")

wrong.swap("upstream dropped", "-dout", "-1").says("""That is the local derivative alone. Multiply
    it by what arrives from above.""")

wrong.swap("the same slope everywhere", "return -dout / x**2", "return -dout").says("""
    You send back −dout, wherever x stands. The slope of 1/x depends on x; if you divide by a
    product, mind the brackets.""")

wrong.swap("everything squared", "return -dout / x**2", "return -((dout / x) ** 2)").says("""
    You square the upstream gradient as well. The square belongs to x alone.""")

wrong.swap("slope at the gradient", "dout / x", "1 / dout").says("""
    You put dout into the formula of the slope. The slope is taken at x, and dout is a factor.""")

wrong.swap("upstream added", "-dout", "dout - 1").says("""You add the local derivative to the
    upstream gradient. The chain rule multiplies.""")

wrong.swap("caret for a power", "x**2", "(x ^ 2)").says("""`^` is not a power in Python, though it
    is in other languages. The power is `**`.""")

wrong.swap("squared instead of divided", "return -dout / x**2", "return -(x**2) * dout").says("""
    You multiply by −x². Written with the output, the local derivative is minus the output squared,
    and the output is 1/x.""")

wrong.swap("integrated", "return -dout / x**2", "return dout * np.log(abs(x))").says("""
    The logarithm is what you get by integrating 1/x. Here it is to be differentiated.""")

wrong.swap("reciprocal taken once more", "return -dout / x**2", "return dout / x").says("""
    You send the gradient through the gate as if it were a value. Backward, it is multiplied by the
    slope of 1/x, and that is not 1/x itself.""")

GATE = Gate(
    "reciprocal",
    reciprocal_gate,
    (
        lambda x, dout: -((1 / x) ** 2) * dout,
        lambda x, dout: dout * -1.0 * x**-2.0,
        lambda x, dout: -np.divide(np.divide(dout, x), x),
    ),
    wrong.all,
    draw_reciprocal,
)
