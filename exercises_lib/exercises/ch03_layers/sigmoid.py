"""ch03.Sigmoid: the sigmoid layer."""

from __future__ import annotations

import math  # noqa: F401 (a mistake below uses it)
from collections.abc import Sequence

import numpy as np

from exercises_lib.checking import Case, Exercise, Observation, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch03_layers._layers import (
    SHARED_MEMORY,
    a_class,
    asks_a_whole_array,
    draw_squash,
    like_x,
    nothing_stored,
)
from exercises_lib.nn import Sigmoid, sigmoid
from exercises_lib.probes import ch03 as probes


class SigmoidTanh:
    def forward(self, x):
        self.y = 0.5 * (1 + np.tanh(x / 2))
        return self.y

    def backward(self, dout):
        return (self.y - self.y**2) * dout


class SigmoidPieces:
    def forward(self, x):
        out = np.empty_like(x)
        right = x >= 0
        out[right] = 1 / (1 + np.exp(-x[right]))
        out[~right] = np.exp(x[~right]) / (1 + np.exp(x[~right]))
        self.local = out * (1 - out)
        return out

    def backward(self, dout):
        return dout * self.local


class SigmoidLogs:
    def forward(self, x):
        self.x = x.copy()
        return np.exp(-np.logaddexp(0, -x))

    def backward(self, dout):
        return dout * np.exp(-np.logaddexp(0, -self.x) - np.logaddexp(0, self.x))


wrong = Mistakes(Sigmoid)


def sigmoid_forward(self, x):
    self.x = x
    self.out = sigmoid(x)
    return self.out


def a_sigmoid(backward, forward=sigmoid_forward):
    return a_class("Sigmoid", forward, backward)


wrong.swap(
    "sigmoid twice", "self.out * (1 - self.out)", "sigmoid(self.out) * (1 - sigmoid(self.out))"
).says("`backward` applies the sigmoid to the stored output once more. What you stored *is* σ(x).")

wrong.swap("one factor lost", "self.out * (1 - self.out)", "self.out").says("""
    You multiply `dout` by σ(x) only. The slope has a second factor, which makes it small on the
    right side too, where the curve is flat.""")

wrong.swap("the other factor lost", "self.out * (1 - self.out)", "(1 - self.out)").says("""
    You multiply `dout` by 1 − σ(x) only. The slope has a second factor, which makes it small on the
    left side too, where the curve is flat.""")

wrong.swap("upstream dropped", "dout * self.out", "self.out").says("""
    That is the local derivative alone: `dout`, what arrives from above, has no effect.""")

wrong.answer(
    "input in place of the output", a_sigmoid(lambda self, dout: dout * self.x * (1 - self.x))
).says("You use x(1 − x). The short formula for the slope is written with the *output*, σ(x).")

wrong.swap("rule of tanh", "self.out * (1 - self.out)", "(1 - self.out**2)").says("""
    1 − out² is the slope of tanh, whose output runs from −1 to 1. This one runs from 0 to 1.""")

wrong.swap("sign lost", "1 - self.out", "self.out - 1").says("""
    The sign is wrong: σ rises everywhere, so its slope is positive.""")


def sigmoid_backward(self, dout):
    return dout * self.out * (1 - self.out)


wrong.swap("forward flipped", "self.out = sigmoid(x)", "self.out = sigmoid(-x)").says("""
    `forward` gives σ(−x): it falls where it should rise. Look at the sign in the exponent.""")

wrong.swap("flipped and overflowing", "sigmoid(x)", "1 / (1 + np.exp(x))").says("""
    1 / (1 + eˣ) falls from 1 to 0, and the sigmoid rises: look at the sign of the exponent. And the
    exponential overflows at one of the two ends.""")

wrong.swap("overflow", "sigmoid(x)", "1 / (1 + np.exp(-x))").says("""
    `np.exp` of a large positive number is larger than any float. NumPy would only warn; this check
    counts it as an error. Note that `np.where` does not help by itself: it computes both of its
    branches everywhere before it chooses.""")

wrong.swap(
    "clipped for float64", "sigmoid(x)", "1 / (1 + np.exp(-np.clip(x, -700, 700)))"
).says("""You clip x where float64 is still safe. In float32 the largest number is much smaller:
    there e⁸⁹ is too large already.""")

wrong.swap("always the right half", "sigmoid(x)", "1 / (1 + np.exp(-np.abs(x)))").says("""
    No overflow any more, but with |x| the left half of the curve is the mirror image of the right
    one. For negative x another form of the fraction is needed.""")

wrong.swap(
    "math.exp",
    ("self.x = x.copy()", "self.out = 1 / (1 + math.exp(-x))"),
    ("np.exp(-np.logaddexp(0, -x))", "self.out"),
    of=SigmoidLogs,
).says("`math.exp` takes a single number. For arrays NumPy has a function of the same name.")

wrong.swap(
    "if for a whole array",
    "sigmoid(x)",
    "1 / (1 + np.exp(-x)) if x >= 0 else np.exp(x) / (1 + np.exp(x))",
).says(
    """`if` asks once whether the whole array is positive, and an array has no single answer. The
    choice between the two forms is made entry by entry.""",
    recognise=asks_a_whole_array,
)

wrong.swap("brackets missing", "(1 - self.out)", "1 - self.out").says("""
    Brackets are missing: `a * 1 - b` is not a · (1 − b), the product comes first.""")

wrong.swap("formula applied to dout", "self.out * (1 - self.out)", "(1 - dout)").says("""
    You put `dout` into the formula of the slope. The slope is made of the output, which `forward`
    knew; then it is multiplied by `dout`.""")

wrong.extend(nothing_stored(a_sigmoid(sigmoid_backward)))

wrong.swap(
    "one memory for all",
    ("self.out = sigmoid(x)", "Sigmoid.out = sigmoid(x)"),
    ("return self.out", "return self.out.copy()"),
).says(SHARED_MEMORY)

wrong.swap("out squared", "self.out * (1 - self.out)", "self.out**2").says("""
    You multiply by out². That is 1 on the far right, where the curve is flat.""")

wrong.swap("plus for minus", "1 - self.out", "1 + self.out").says("""
    out · (1 + out) is 2 on the far right, where the curve is flat. Look at the sign.""")


def far_ends_not_reached(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Recognise a sigmoid that is right in the middle and still far from 0 at −800."""
    ends = False
    for case, one in zip(cases, seen, strict=False):
        x, out = case.inputs["x"], one.values.get("out")
        if not isinstance(out, np.ndarray) or out.shape != x.shape or out.dtype.kind != "f":
            return False
        middle = abs(x) < 4
        if not np.allclose(out[middle], sigmoid(x[middle]), rtol=1e-5):
            return False
        ends |= bool(np.any((out[x < -700] > 1e-7) & (out[x < -700] < 0.1)))
    return ends


wrong.swap("clipped too soon", "sigmoid(x)", "sigmoid(np.clip(x, -10, 10))").says(
    """You limit x to a range in which the sigmoid is still visibly above 0 and below 1, so the far
    ends come out wrong.""",
    recognise=far_ends_not_reached,
)

EXERCISE = Exercise(
    id="ch03.Sigmoid",
    title="The sigmoid layer",
    kind="class",
    points=3,
    difficulty=2,
    reference=Sigmoid,
    accepted=(SigmoidTanh, SigmoidPieces, SigmoidLogs),
    mistakes=wrong.all,
    hints=(
        "Forward first: for which x is the exponent in e⁻ˣ large and positive? Is there another way "
        "to write σ(x) for those? Then backward: what did forward have in its hands that it could keep?",
        "For x < 0 the same number is eˣ / (1 + eˣ); with e = exp(−|x|) both forms stay small. The "
        "slope is σ(x) · (1 − σ(x)), so keep the output.",
        "The skeleton:\n    def forward(self, x):\n        e = np.exp(-np.abs(x))\n"
        "        self.out = np.where(x >= 0, …, …) / (1 + e)\n        return …\n\n"
        "    def backward(self, dout):\n        return dout * … * (1 - …)",
    ),
    probe=Probe(probes.layer),
    draw=draw_squash,
    outputs=like_x("out", "dx"),
    remark="Among the inputs were 800 and −800, in float64 and in float32: no overflow, and a slope "
    "of 0 at both ends.",
)
