"""ch02.staged_forward: eight stages forward."""

from __future__ import annotations

import math

import numpy as np

from exercises_lib.checking import Exercise, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch02_chain_rule._shared import Rule, follow, sigma
from exercises_lib.exercises.ch02_chain_rule._staged import draw_staged_forward, staged_forward
from exercises_lib.probes.ch02 import stages

STAGES: dict[str, Rule] = {
    "sy": lambda v: sigma(v.y),
    "num": lambda v: v.x + v.sy,
    "sx": lambda v: sigma(v.x),
    "s": lambda v: v.x + v.y,
    "q": lambda v: v.s**2,
    "den": lambda v: v.sx + v.q,
    "inv": lambda v: 1 / v.den,
    "f": lambda v: v.num * v.inv,
}


def forward_with(**changed: Rule):
    return lambda x, y: follow(STAGES, {"x": x, "y": y}, **changed)


def staged_forward_own_sigmoid(x, y):
    sx, sy = (1 / (1 + math.exp(-value)) for value in (x, y))
    top = x + sy
    bottom = sx + x * x + 2 * x * y + y * y
    return dict(
        f=top / bottom, inv=bottom**-1, den=bottom, q=bottom - sx, s=y + x, sx=sx, num=top, sy=sy
    )


wrong = Mistakes(staged_forward)

wrong.answer(
    "sigmoids exchanged", forward_with(sy=lambda v: sigma(v.x), sx=lambda v: sigma(v.y))
).says("sx is the sigmoid of x and sy that of y. Yours are exchanged.")

wrong.answer(
    "sigmoid without its minus",
    forward_with(sy=lambda v: 1 / (1 + np.exp(v.y)), sx=lambda v: 1 / (1 + np.exp(v.x))),
).says("Your sigmoid falls where it should rise: the exponent is −x. What you have is 1 − σ(x).")

wrong.answer("each squared on its own", forward_with(q=lambda v: v.x**2 + v.y**2)).says("""
    q is the square of the sum s, not the sum of the squares.""")

wrong.answer("doubled instead of squared", forward_with(q=lambda v: 2 * v.s)).says("""
    You double s. Squaring multiplies it by itself.""")

wrong.answer("denominator multiplied", forward_with(den=lambda v: v.sx * v.q)).says("""
    The denominator is a sum: σ(x) plus the square.""")

wrong.answer("numerator multiplied", forward_with(num=lambda v: v.x * v.sy)).says("""
    The numerator is a sum: x plus σ(y).""")

wrong.answer("not inverted", forward_with(inv=lambda v: v.den)).says("""
    inv is 1/den. Without the reciprocal, f becomes a product where a quotient is meant.""")

wrong.answer("difference instead of sum", forward_with(s=lambda v: v.x - v.y)).says("""
    Your s is x − y. The square in the denominator is that of a sum.""")

wrong.answer("brackets of the denominator", forward_with(inv=lambda v: 1 / v.sx + v.q)).says("""
    `1 / sx + q` divides by sx alone. inv is one over the whole denominator.""")

wrong.answer("square left out", forward_with(den=lambda v: v.sx + v.s)).says("""
    Your denominator takes s, the sum. It is the square of it that is added to σ(x).""")

wrong.answer("caret for a power", forward_with(q=lambda v: v.s ^ 2)).says("""
    `^` is not a power in Python, though it is in other languages. The power is `**`.""")

wrong.answer(
    "rounded",
    lambda x, y: {
        name: round(value, 6) for name, value in follow(STAGES, {"x": x, "y": y}).items()
    },
).says("""You round to six digits, as the table shows them. Code that others compute with returns
    the numbers themselves.""")

wrong.answer("sigmoid of y forgotten", forward_with(num=lambda v: v.x + v.y)).says("""
    The numerator is x plus the *sigmoid* of y, and `sy` holds it.""")

wrong.swap(
    "the numbers of the example", "sy = sigmoid(y)", "x = 3.0\ny = -4.0\nsy = sigmoid(y)"
).says("You return the stages at x = 3, y = −4, whatever x and y are.")

wrong.answer("numerator left out", forward_with(f=lambda v: v.inv)).says("""
    f is the numerator times inv.""")

wrong.answer("divided again", forward_with(f=lambda v: v.num / v.inv)).says("""
    inv is the reciprocal already. Dividing by it undoes it: multiply.""")

EXERCISE = Exercise(
    id="ch02.staged_forward",
    title="Eight stages forward",
    kind="function",
    points=2,
    difficulty=1,
    reference=staged_forward,
    accepted=(staged_forward_own_sigmoid, forward_with()),
    mistakes=wrong.all,
    hints=(
        "Read the table of stages from top to bottom: each line uses only what stands above it.",
        "One assignment for each line of the table, then put all eight into a dictionary under "
        "their names.",
        "So it begins and ends:\n"
        "    sy = sigmoid(…)\n"
        "    num = x + …\n"
        "    …\n"
        '    return {"sy": sy, "num": num, …}',
    ),
    probe=Probe(stages, {"names": tuple(STAGES)}),
    draw=draw_staged_forward,
    remark="Keep these eight numbers: the backward pass needs nearly all of them.",
)
