"""ch03.Sigmoid: the sigmoid layer."""

from __future__ import annotations

import math
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
from exercises_lib.nn import (
    Sigmoid,
    sigmoid,
)
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


wrong.answer(
    "sigmoid twice",
    a_sigmoid(lambda self, dout: dout * sigmoid(self.out) * (1 - sigmoid(self.out))),
).says("`backward` applies the sigmoid to the stored output once more. What you stored *is* σ(x).")

wrong.answer("one factor lost", a_sigmoid(lambda self, dout: dout * self.out)).says("""
    You multiply `dout` by σ(x) only. The slope has a second factor, which makes it small on the
    right side too, where the curve is flat.""")

wrong.answer("the other factor lost", a_sigmoid(lambda self, dout: dout * (1 - self.out))).says("""
    You multiply `dout` by 1 − σ(x) only. The slope has a second factor, which makes it small on the
    left side too, where the curve is flat.""")

wrong.answer("upstream dropped", a_sigmoid(lambda self, dout: self.out * (1 - self.out))).says("""
    That is the local derivative alone: `dout`, what arrives from above, has no effect.""")

wrong.answer(
    "input in place of the output", a_sigmoid(lambda self, dout: dout * self.x * (1 - self.x))
).says("You use x(1 − x). The short formula for the slope is written with the *output*, σ(x).")

wrong.answer("rule of tanh", a_sigmoid(lambda self, dout: dout * (1 - self.out**2))).says("""
    1 − out² is the slope of tanh, whose output runs from −1 to 1. This one runs from 0 to 1.""")

wrong.answer("sign lost", a_sigmoid(lambda self, dout: dout * self.out * (self.out - 1))).says("""
    The sign is wrong: σ rises everywhere, so its slope is positive.""")


def sigmoid_backward(self, dout):
    return dout * self.out * (1 - self.out)


def sigmoid_forward_flipped(self, x):
    self.out = sigmoid(-x)
    return self.out


wrong.answer("forward flipped", a_sigmoid(sigmoid_backward, sigmoid_forward_flipped)).says("""
    `forward` gives σ(−x): it falls where it should rise. Look at the sign in the exponent.""")


def sigmoid_forward_flipped_naive(self, x):
    self.out = 1 / (1 + np.exp(x))
    return self.out


wrong.answer(
    "flipped and overflowing", a_sigmoid(sigmoid_backward, sigmoid_forward_flipped_naive)
).says("""1 / (1 + eˣ) falls from 1 to 0, and the sigmoid rises: look at the sign of the exponent.
    And the exponential overflows at one of the two ends.""")


def sigmoid_forward_naive(self, x):
    self.out = 1 / (1 + np.exp(-x))
    return self.out


wrong.answer("overflow", a_sigmoid(sigmoid_backward, sigmoid_forward_naive)).says("""
    `np.exp` of a large positive number is larger than any float. NumPy would only warn; this check
    counts it as an error. Note that `np.where` does not help by itself: it computes both of its
    branches everywhere before it chooses.""")


def sigmoid_forward_clipped(self, x):
    self.out = 1 / (1 + np.exp(-np.clip(x, -700, 700)))
    return self.out


wrong.answer("clipped for float64", a_sigmoid(sigmoid_backward, sigmoid_forward_clipped)).says("""
    You clip x where float64 is still safe. In float32 the largest number is much smaller: there e⁸⁹
    is too large already.""")


def sigmoid_forward_one_sided(self, x):
    self.out = 1 / (1 + np.exp(-np.abs(x)))
    return self.out


wrong.answer(
    "always the right half", a_sigmoid(sigmoid_backward, sigmoid_forward_one_sided)
).says("""No overflow any more, but with |x| the left half of the curve is the mirror image of the
    right one. For negative x another form of the fraction is needed.""")


def sigmoid_forward_math(self, x):
    self.out = 1 / (1 + math.exp(-x))
    return self.out


wrong.answer("math.exp", a_sigmoid(sigmoid_backward, sigmoid_forward_math)).says("""
    `math.exp` takes a single number. For arrays NumPy has a function of the same name.""")


def sigmoid_forward_if(self, x):
    self.out = 1 / (1 + np.exp(-x)) if x >= 0 else np.exp(x) / (1 + np.exp(x))
    return self.out


wrong.answer("if for a whole array", a_sigmoid(sigmoid_backward, sigmoid_forward_if)).says(
    """`if` asks once whether the whole array is positive, and an array has no single answer. The
    choice between the two forms is made entry by entry.""",
    recognise=asks_a_whole_array,
)

wrong.answer(
    "brackets missing", a_sigmoid(lambda self, dout: dout * self.out * 1 - self.out)
).says("Brackets are missing: `a * 1 - b` is not a · (1 − b), the product comes first.")

wrong.answer("formula applied to dout", a_sigmoid(lambda self, dout: dout * (1 - dout))).says("""
    You put `dout` into the formula of the slope. The slope is made of the output, which `forward`
    knew; then it is multiplied by `dout`.""")

wrong.extend(nothing_stored(a_sigmoid(sigmoid_backward)))


class SigmoidOfTheClass:
    def forward(self, x):
        SigmoidOfTheClass.out = sigmoid(x)
        return self.out.copy()

    def backward(self, dout):
        return dout * self.out * (1 - self.out)


wrong.answer("one memory for all", SigmoidOfTheClass).says(SHARED_MEMORY)

wrong.answer("out squared", a_sigmoid(lambda self, dout: dout * self.out**2)).says("""
    You multiply by out². That is 1 on the far right, where the curve is flat.""")

wrong.answer(
    "plus for minus", a_sigmoid(lambda self, dout: dout * self.out * (1 + self.out))
).says("out · (1 + out) is 2 on the far right, where the curve is flat. Look at the sign.")


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


def sigmoid_forward_narrow(self, x):
    self.out = sigmoid(np.clip(x, -10, 10))
    return self.out


wrong.answer("clipped too soon", a_sigmoid(sigmoid_backward, sigmoid_forward_narrow)).says(
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
