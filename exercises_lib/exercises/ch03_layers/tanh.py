"""ch03.Tanh: the tanh layer."""

from __future__ import annotations

import math  # noqa: F401 (a mistake below uses it)

import numpy as np

from exercises_lib.checking import Exercise, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch03_layers._layers import (
    SHARED_MEMORY,
    a_class,
    draw_squash,
    like_x,
    nothing_stored,
)
from exercises_lib.nn import Tanh, sigmoid
from exercises_lib.probes import ch03 as probes


class TanhBySigmoid:
    def forward(self, x):
        self.s = sigmoid(2 * x)
        return 2 * self.s - 1

    def backward(self, dout):
        return 4 * self.s * (1 - self.s) * dout


class TanhTwoFactors:
    def forward(self, x):
        out = np.tanh(x)
        self.slope = (1 - out) * (1 + out)
        return out

    def backward(self, dout):
        return np.multiply(self.slope, dout)


class TanhByOneExponential:
    """Right: for large −x the exponential is infinite, and 2/∞ − 1 is −1."""

    def forward(self, x):
        self.out = 2 / (1 + np.exp(-2 * x)) - 1
        return self.out

    def backward(self, dout):
        return dout * (1 - self.out**2)


class TanhByCosh:
    """Right: 1/∞² is 0, the slope at both ends."""

    def forward(self, x):
        self.x = x
        return np.tanh(x)

    def backward(self, dout):
        return dout / np.cosh(self.x) ** 2


wrong = Mistakes(Tanh)


def tanh_forward(self, x):
    self.x = x
    self.out = np.tanh(x)
    return self.out


def a_tanh(backward, forward=tanh_forward):
    return a_class("Tanh", forward, backward)


wrong.answer(
    "input in place of the output", a_tanh(lambda self, dout: dout * (1 - self.x**2))
).says("""You use 1 − x², with the input. The slope is written with the *output*; at x = 3 yours is
    −8, and tanh never falls.""")

wrong.swap("upstream dropped", "dout * (1 - self.out**2)", "1 - self.out**2").says("""
    That is the local derivative alone: `dout`, what arrives from above, has no effect.""")

wrong.swap("rule of the sigmoid", "(1 - self.out**2)", "self.out * (1 - self.out)").says("""
    out · (1 − out) is the slope of the sigmoid. At x = 0 it gives 0 here, where tanh is
    steepest.""")

wrong.swap("square lost", "self.out**2", "self.out").says("""You use 1 − out without the square. On
    the far left out is −1 and yours is 2, though the curve is flat there.""")

wrong.swap("one minus lost", "(1 - self.out**2)", "self.out**2").says("""You multiply by out². That
    is 0 in the middle, where tanh is steepest, and 1 at the ends, where it is flat.""")

wrong.swap("tanh twice", "self.out**2", "np.tanh(self.out) ** 2").says("""
    `backward` applies tanh to the stored output once more. What you stored *is* tanh(x).""")


def tanh_backward(self, dout):
    return dout * (1 - self.out**2)


wrong.swap("half the argument", "np.tanh(x)", "2 * sigmoid(x) - 1").says("""
    2σ(x) − 1 has the right shape, but it is tanh(x/2): stretched to twice the width.""")

wrong.swap(
    "overflow in exp",
    "self.out: Array = np.tanh(x)",
    "up, down = np.exp(x), np.exp(-x)\nself.out: Array = (up - down) / (up + down)",
).says("""The exponentials in your formula overflow for large |x|, and where ∞ is divided by ∞ the
    result is no number. NumPy has a function that is safe everywhere.""")

wrong.swap("brackets missing", "(1 - self.out**2)", "1 - self.out**2").says("""
    Brackets are missing: `a * 1 - b` is not a · (1 − b), the product comes first.""")

wrong.swap("multiplied by the output", "(1 - self.out**2)", "self.out").says("""
    You multiply `dout` by the output. At x = 0 that is 0, where tanh is steepest.""")

wrong.swap("squared as a whole", "(1 - self.out**2)", "(1 - self.out) ** 2").says("""
    You square the whole bracket. On the far left out is −1 and yours is 4, though the curve is flat
    there.""")

wrong.swap("plus for minus", "1 - self.out", "1 + self.out").says("""
    1 + out² is never below 1, and tanh is flat at both ends. Look at the sign.""")

wrong.swap("one factor 2 lost", "(1 - self.out**2)", "(1 - self.out**2) / 2").says("""
    Half of the slope. If you go through the sigmoid, there are two factors 2: one is the height,
    the other comes from the inner 2x.""")

wrong.swap(
    "math.tanh",
    "out = np.tanh(x)\nself.slope = (1 - out) * (1 + out)\nreturn out",
    "self.out = math.tanh(x)\nreturn self.out",
    of=TanhTwoFactors,
).says("`math.tanh` takes a single number. For arrays NumPy has a function of the same name.")

wrong.extend(nothing_stored(a_tanh(tanh_backward)))

wrong.swap(
    "one memory for all",
    ("self.out: Array", "Tanh.out"),
    ("return self.out", "return self.out.copy()"),
).says(SHARED_MEMORY)

wrong.swap("everything passes", "dout * (1 - self.out**2)", "1 * dout").says("""
    `dout` passes unchanged. tanh is steep in the middle and flat at both ends, and `dout` has to be
    multiplied by that slope.""")

wrong.swap("sign of the slope", "1 - self.out**2", "self.out**2 - 1").says("""
    Your slope is negative everywhere, and tanh rises everywhere. Look at the order of the
    difference.""")

wrong.swap(
    "not moved down",
    ("self.s = sigmoid(2 * x)\nreturn 2 * self.s - 1", "return tanh_forward(self, x) + 1"),
    ("4 * self.s * (1 - self.s) * dout", "dout * (1 - self.out**2)"),
    of=TanhBySigmoid,
).says("Your outputs lie between 0 and 2: the sigmoid is stretched, but it is not moved down.")

EXERCISE = Exercise(
    id="ch03.Tanh",
    title="The tanh layer",
    kind="class",
    points=3,
    difficulty=1,
    reference=Tanh,
    accepted=(TanhBySigmoid, TanhTwoFactors, TanhByOneExponential, TanhByCosh),
    mistakes=wrong.all,
    hints=(
        "Compare with your sigmoid layer: what is kept, and where is the slope largest?",
        "`np.tanh` is safe for every x. With t = tanh(x) the slope is 1 − t², times what arrives "
        "from above.",
        "The skeleton:\n    def forward(self, x):\n        … = np.tanh(x)      # kept\n        return …\n\n"
        "    def backward(self, dout):\n        return … * …",
    ),
    probe=Probe(probes.layer, {"overflow": True}),
    draw=draw_squash,
    outputs=like_x("out", "dx"),
    remark="The slope at 0 is 1 for tanh and ¼ for the sigmoid. Near the middle tanh passes on more, "
    "and beyond |x| = 1.66 less: it reaches its flat ends sooner.",
)
