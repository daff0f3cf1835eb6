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
)
from exercises_lib.nn import MulLayer
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

wrong.swap("not swapped", "dout * self.y, dout * self.x", "dout * self.x, dout * self.y").says("""
    Each factor gets `dout` times *itself*. Ask how much the product changes when x grows by one:
    that is not x.""")

wrong.swap("upstream dropped", "dout * self.y, dout * self.x", "self.y, self.x").says("""
    These are the local derivatives alone. `dout`, what arrives from above, has no effect, so
    everything behind this layer is lost.""")

wrong.swap("rule of addition", "dout * self.y, dout * self.x", "dout, dout").says("""
    You pass `dout` on as it is. That is the rule for a sum; in a product the effect of one factor
    depends on the size of the other.""")

wrong.swap("upstream added", "dout * self.y, dout * self.x", "dout + self.y, dout + self.x").says(
    "You add `dout` to the local derivative. Along a path, derivatives multiply."
)

wrong.swap(
    "multiplied by the output",
    ("return x * y", "self.out = x * y\nreturn self.out"),
    ("dout * self.y, dout * self.x", "dout * self.out, dout * self.out"),
).says("""You multiply `dout` by the product. The local derivative of x · y contains one of the two
    factors, not both.""")

wrong.swap(
    "divided by a factor",
    ("return x * y", "self.out = x * y\nreturn self.out"),
    ("dout * self.y, dout * self.x", "dout * self.out / self.x, dout * self.out / self.y"),
).says("""Dividing the product by a factor gives the other one, unless that factor is 0: then it is
    0/0. Nothing needs to be divided here.""")

wrong.swap("forward adds", "return x * y", "return x + y").says("""
    `forward` gives the sum of its inputs, and this is the multiply layer.""")

wrong.swap("forward changes x", "return x * y", "x *= y\nreturn x").says("""
    `x *= y` writes the product into the caller's array, and into what you stored as well: it is the
    same array. Make a new one.""")

wrong.swap(
    "backward changes dout",
    "return dout * self.y, dout * self.x",
    "dx = dout\ndx *= self.y\nreturn dx, dout * self.x",
).says("""`dx = dout` gives the caller's array a second name, and `*=` then overwrites it. Whoever
    sent `dout` still needs it, and so does your own second line.""")

wrong.swap("one memory for all", "self.x, self.y", "MulLayer.x, MulLayer.y").says(SHARED_MEMORY)

wrong.swap(
    "gradients stored in place of the inputs",
    "return dout * self.y, dout * self.x",
    "self.x = dout * self.y\nself.y = dout * self.x\nreturn self.x, self.y",
).says("""`backward` writes gradients into `self.x` and `self.y`. There the next line still needs
    the values, and so does a second `backward`. Give the gradients names of their own.""")

wrong.swap(
    "memory overwritten in the backward pass",
    "return dout * self.y, dout * self.x",
    "self.x, self.y = dout * self.y, dout * self.x\nreturn self.x, self.y",
).says("""The first `backward` is right. But it overwrites what `forward` stored, so a second one
    finds gradients where it wants values.""")

wrong.swap(
    "matrix product",
    ('self.local = {"x": np.array(y), "y": np.array(x)}', "self.x, self.y = x, y"),
    ("return np.multiply(x, y)", "return np.dot(x, y)"),
    (
        '[np.multiply(dout, self.local[name]) for name in ("x", "y")]',
        "dout * self.y, dout * self.x",
    ),
    of=MulLayerLocal,
).says("""`np.dot` and `@` are the product of matrices. This layer multiplies entry by entry, which
    is `*`.""")


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

wrong.swap(
    "names without self", "dout * self.y, dout * self.x", "y * dout, x * dout  # noqa: F821"
).says(
    """`backward` uses a name of `forward`. Such names are gone when a method ends; what shall last
    is stored with `self.` in front.""",
    recognise=fails_on_the_way_back("NameError"),
)

wrong.swap("nothing stored", "self.x, self.y = x, y", "").says(
    """`backward` asks for something with `self.` that `forward` has not stored. A name without
    `self.` is forgotten when the method ends.""",
    recognise=fails_on_the_way_back("AttributeError"),
)

wrong.swap(
    "first batch kept",
    ("self.x, self.y = x, y", "if self.x is None:\n    self.x, self.y = x, y"),
    (
        """
    def backward(self, dout: Number) -> tuple[Number, Number]:
        return dout * self.y, dout * self.x""",
        """
    def backward(self, dout: Number) -> tuple[Number, Number]:
        return dout * self.y, dout * self.x

    def __init__(self):
        self.x = None""",
    ),
).says("""Your layer stores the inputs of its *first* forward pass and keeps them for good. Each
    `forward` belongs to a new batch and has to store anew.""")

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
