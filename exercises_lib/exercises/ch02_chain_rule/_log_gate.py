"""The log gate of ch02.gates."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib.checking import Case
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch02_chain_rule._gates import Gate
from exercises_lib.exercises.ch02_chain_rule._shared import pick


def log_gate(x, dout):
    return dout / x


def draw_log(rng: np.random.Generator) -> Iterator[Case]:
    yield Case({"x": pick(rng, 1.6, 3, 1), "dout": pick(rng, 4, 7, 1)})
    yield Case({"x": pick(rng, 0.2, 0.4, 1), "dout": pick(rng, 4, 7, -1)}, "x is near zero")
    yield Case({"x": pick(rng, 20, 40, 1), "dout": pick(rng, 0.3, 0.8, 1)}, "x is large")


wrong = Mistakes(log_gate)

wrong.swap("not inverted", "dout / x", "dout * x").says("""You multiply by x. Where x is large the
    logarithm is flat, so its slope gets smaller as x grows.""")

wrong.swap("upstream dropped", "dout / x", "1 / x").says("""That is the local derivative alone.
    Multiply it by what arrives from above.""")

wrong.swap("the logarithm itself", "dout / x", "dout * np.log(x)").says("""You multiply by the
    gate's output. That is right for the exponential; the logarithm's slope is another function.""")

wrong.swap("divided by the logarithm", "dout / x", "dout / np.log(x)").says("""
    You divide by the logarithm of x. The slope of log at x has no logarithm in it.""")

wrong.swap("one over x, differentiated", "dout / x", "-dout / x**2").says("""
    That is the slope of 1/x. Here 1/x is itself the slope that is looked for: you have
    differentiated once too often.""")

wrong.swap("squared", "dout / x", "dout / x**2").says("""You divide by x twice. Compare with the
    measured slopes: at x = 2 the logarithm's is 0.5.""")

wrong.swap("minus too many", "dout / x", "-dout / x").says("""There is a minus too many: the
    logarithm rises everywhere, so its slope is never negative.""")

wrong.swap("upstream added", "dout / x", "dout + 1 / x").says("""You add the local derivative to the
    upstream gradient. The chain rule multiplies.""")

wrong.swap("logarithm to base ten", "dout / x", "dout / (x * np.log(10))").says("""
    That is the slope of the logarithm to base ten. `np.log` and `math.log` are natural
    logarithms.""")

wrong.swap("passed through", "return dout / x", "return dout").says("""
    You hand the gradient on as it came. The logarithm has the slope 1 at x = 1 only.""")

GATE = Gate(
    "log",
    log_gate,
    (
        lambda x, dout: 1 / x * dout,
        lambda x, dout: dout * x**-1.0,
        lambda x, dout: np.divide(dout, x),
    ),
    wrong.all,
    draw_log,
)
