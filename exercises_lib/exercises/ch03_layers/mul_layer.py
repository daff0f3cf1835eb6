"""ch03.MulLayer: the multiply layer."""

from __future__ import annotations

import math

import numpy as np

from exercises_lib.checking import Exercise, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch03_layers._layers import (
    SHARED_MEMORY,
    draw_gate,
    fails_on_the_way_back,
    like_x,
    mul,
)
from exercises_lib.nn import (
    MulLayer,
)
from exercises_lib.probes import ch03 as probes


class MulLayerTuple:
    def forward(self, *factors):
        self.factors = factors
        return math.prod(factors[1:], start=factors[0])

    def backward(self, dout):
        x, y = self.factors
        return y * dout, x * dout


class MulLayerLocal:
    """Store the local derivatives, ready to be multiplied."""

    def forward(self, x, y):
        self.local = {"x": np.array(y), "y": np.array(x)}
        return np.multiply(x, y)

    def backward(self, dout):
        return [np.multiply(dout, self.local[name]) for name in ("x", "y")]


wrong = Mistakes(MulLayer)

wrong.answer("not swapped", mul(lambda self, dout: (dout * self.x, dout * self.y))).says("""
    Each factor gets `dout` times *itself*. Ask how much the product changes when x grows by one:
    that is not x.""")

wrong.answer("upstream dropped", mul(lambda self, dout: (self.y, self.x))).says("""
    These are the local derivatives alone. `dout`, what arrives from above, has no effect, so
    everything behind this layer is lost.""")

wrong.answer("rule of addition", mul(lambda self, dout: (dout, dout))).says("""
    You pass `dout` on as it is. That is the rule for a sum; in a product the effect of one factor
    depends on the size of the other.""")

wrong.answer("upstream added", mul(lambda self, dout: (dout + self.y, dout + self.x))).says("""
    You add `dout` to the local derivative. Along a path, derivatives multiply.""")


def mul_forward_keeps_out(self, x, y):
    self.x, self.y = x, y
    self.out = x * y
    return self.out


wrong.answer(
    "multiplied by the output",
    mul(lambda self, dout: (dout * self.out, dout * self.out), mul_forward_keeps_out),
).says("""You multiply `dout` by the product. The local derivative of x · y contains one of the two
    factors, not both.""")

wrong.answer(
    "divided by a factor",
    mul(
        lambda self, dout: (dout * self.out / self.x, dout * self.out / self.y),
        mul_forward_keeps_out,
    ),
).says("""Dividing the product by a factor gives the other one, unless that factor is 0: then it is
    0/0. Nothing needs to be divided here.""")


def mul_forward_adds(self, x, y):
    self.x, self.y = x, y
    return x + y


def mul_backward(self, dout):
    return dout * self.y, dout * self.x


wrong.answer("forward adds", mul(mul_backward, mul_forward_adds)).says("""
    `forward` gives the sum of its inputs, and this is the multiply layer.""")


def mul_forward_in_place(self, x, y):
    self.x, self.y = x, y
    x *= y
    return x


wrong.answer("forward changes x", mul(mul_backward, mul_forward_in_place)).says("""
    `x *= y` writes the product into the caller's array, and into what you stored as well: it is the
    same array. Make a new one.""")


def mul_backward_in_place(self, dout):
    dx = dout
    dx *= self.y
    return dx, dout * self.x


wrong.answer("backward changes dout", mul(mul_backward_in_place)).says("""
    `dx = dout` gives the caller's array a second name, and `*=` then overwrites it. Whoever sent
    `dout` still needs it, and so does your own second line.""")


class MulLayerOfTheClass:
    def forward(self, x, y):
        MulLayerOfTheClass.x, MulLayerOfTheClass.y = x, y
        return x * y

    def backward(self, dout):
        return dout * self.y, dout * self.x


wrong.answer("one memory for all", MulLayerOfTheClass).says(SHARED_MEMORY)


def mul_backward_line_by_line(self, dout):
    self.x = dout * self.y
    self.y = dout * self.x
    return self.x, self.y


wrong.answer("gradients stored in place of the inputs", mul(mul_backward_line_by_line)).says("""
    `backward` writes gradients into `self.x` and `self.y`. There the next line still needs the
    values, and so does a second `backward`. Give the gradients names of their own.""")


def mul_backward_over_memory(self, dout):
    self.x, self.y = dout * self.y, dout * self.x
    return self.x, self.y


wrong.answer("memory overwritten in the backward pass", mul(mul_backward_over_memory)).says("""
    The first `backward` is right. But it overwrites what `forward` stored, so a second one finds
    gradients where it wants values.""")


def mul_forward_dot(self, x, y):
    self.x, self.y = x, y
    return np.dot(x, y)


wrong.answer("matrix product", mul(mul_backward, mul_forward_dot)).says("""
    `np.dot` and `@` are the product of matrices. This layer multiplies entry by entry, which is
    `*`.""")


class MulLayerWithoutSelf:
    def forward(x, y):
        return x * y

    def backward(dout):
        return dout, dout


wrong.answer("self forgotten", MulLayerWithoutSelf).says("""The methods lack `self`. Python hands
    the object to each method as its first argument; the stub shows where it goes.""")


class MulLayerWantsInputs:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def forward(self):
        return self.x * self.y

    def backward(self, dout):
        return dout * self.y, dout * self.x


wrong.answer("inputs wanted too early", MulLayerWantsInputs).says("""
    Your class asks for x and y when a layer is made. A layer is made once, empty; its inputs come
    with each call of `forward(x, y)`.""")


def mul_backward_with_free_names(self, dout):
    return y * dout, x * dout  # noqa: F821


wrong.answer(
    "names without self", mul(mul_backward_with_free_names, lambda self, x, y: x * y)
).says(
    """`backward` uses a name of `forward`. Such names are gone when a method ends; what shall last
    is stored with `self.` in front.""",
    recognise=fails_on_the_way_back("NameError"),
)

wrong.answer("nothing stored", mul(mul_backward, lambda self, x, y: x * y)).says(
    """`backward` asks for something with `self.` that `forward` has not stored. A name without
    `self.` is forgotten when the method ends.""",
    recognise=fails_on_the_way_back("AttributeError"),
)


class MulLayerFirstBatch:
    def __init__(self):
        self.x = None

    def forward(self, x, y):
        if self.x is None:
            self.x, self.y = x, y
        return x * y

    def backward(self, dout):
        return dout * self.y, dout * self.x


wrong.answer("first batch kept", MulLayerFirstBatch).says("""Your layer stores the inputs of its
    *first* forward pass and keeps them for good. Each `forward` belongs to a new batch and has to
    store anew.""")


EXERCISE = Exercise(
    id="ch03.MulLayer",
    title="The multiply layer",
    kind="class",
    points=3,
    difficulty=1,
    reference=MulLayer,
    accepted=(MulLayerTuple, MulLayerLocal),
    mistakes=wrong.all,
    hints=(
        "When `backward` runs, x and y are gone. What does it need of them, and who could keep it?",
        "The product rule: ∂(x·y)/∂x = y and ∂(x·y)/∂y = x. Each is multiplied by what arrives from "
        "above.",
        "The skeleton:\n    def forward(self, x, y):\n        self.x = …\n        self.y = …\n"
        "        return …\n\n    def backward(self, dout):\n        dx = dout * …\n"
        "        dy = dout * …\n        return dx, dy",
    ),
    probe=Probe(probes.layer, {"forward": ("x", "y"), "gradients": ("dx", "dy")}),
    draw=draw_gate,
    outputs=like_x("out", "dx", "dy"),
    remark="Two objects of your class worked at the same time; each kept its own x and y.",
)
