"""ch03.Relu: the ReLU layer."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib.checking import Case, Exercise, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch03_layers._layers import (
    SHARED_MEMORY,
    asks_a_whole_array,
    away_from_zero,
    like_x,
    nothing_stored,
)
from exercises_lib.exercises.ch03_layers._relu import (
    ReluCopy,
    ReluLoop,
    ReluWhere,
    relu,
    relu_backward,
    relu_backward_in_place,
    relu_forward_in_place,
)
from exercises_lib.nn import Relu
from exercises_lib.probes import ch03 as probes


class ReluSigns:
    """The slope at 0 is ½ here, which is as good as any between 0 and 1."""

    def forward(self, x):
        self.slope = (1 + np.sign(x)) / 2
        return x * self.slope

    def backward(self, dout):
        return self.slope * dout


def draw_relu(rng: np.random.Generator) -> Iterator[Case]:
    x, dout = away_from_zero(rng, 3, 4), away_from_zero(rng, 3, 4)[:, ::-1].copy()
    yield Case({"x": x, "dout": dout}, "a batch of 3 with 4 numbers each")
    x, dout = away_from_zero(rng, 1, 5), away_from_zero(rng, 1, 5)
    yield Case({"x": x, "dout": -dout}, "a batch of one")
    x = away_from_zero(rng, 2, 3)
    x[0, 2] = x[1, 1] = 0.0
    yield Case({"x": x, "dout": rng.normal(size=(2, 3))}, "with zeros in x")
    x = 1e3 * away_from_zero(rng, 6).astype(np.float32)
    yield Case(
        {"x": x, "dout": rng.normal(size=6).astype(np.float32)}, "large numbers, one axis, float32"
    )


wrong = Mistakes(Relu)

wrong.swap("mask from the gradient", "dout * self.mask", "dout * (dout > 0)").says("""
    You look at the sign of `dout` to decide what passes. Whether the gate was open is a question
    about the *input* of the forward pass; a gradient may well be negative.""")

wrong.swap("upstream dropped", "dout * self.mask", "self.mask * 1.0").says("""
    Ones and zeros are the local derivatives alone: `dout`, what arrives from above, has no
    effect.""")

wrong.answer("multiplied by the output", relu(lambda self, dout: dout * self.out)).says("""
    You multiply `dout` by the output. Where ReLU is open its slope is 1, however large the output
    is.""")

wrong.swap("mask inverted", "dout * self.mask", "dout * ~self.mask").says("""
    The gradient passes where the input was negative and is stopped where it was positive: the wrong
    way round.""")

wrong.swap("everything passes", "return dout * self.mask", "return 1 * dout").says("""
    `dout` passes unchanged everywhere. Where the input was negative the output is 0 whatever x
    does, so x has no influence there.""")

RELU_IN_PLACE = (
    "`backward` writes zeros into `dout` itself. That array belongs to the caller, who may send it "
    "down another branch as well."
)

wrong.answer("overwrites dout", relu(relu_backward_in_place)).says(RELU_IN_PLACE)

wrong.swap(
    "overwrites x", ("out: Array = np.maximum(x, 0)", "x[x < 0] = 0"), ("return out", "return x")
).says("""The array `x` is overwritten. Neither `out = x` nor `self.x = x` makes a copy: all these
    names mean the same array, and another layer may need the old numbers.""")

wrong.answer("overwrites both", relu(relu_backward_in_place, relu_forward_in_place)).says("""
    Both `x` and `dout` are overwritten. `out = x` and `dx = dout` make no copies: they give the
    caller's array a second name.""")

wrong.swap(
    "positive entries picked out",
    ("np.maximum(x, 0)", "x[self.mask]"),
    ("dout * self.mask", "dout[self.mask]"),
).says("""`x[x > 0]` picks out the positive entries and drops the rest, so the shape is lost. The
    others stay in their places, as zeros.""")

wrong.swap(
    "minimum", ("self.mask = x > 0", "self.mask = x < 0"), ("np.maximum(x, 0)", "np.minimum(x, 0)")
).says("That keeps the negative numbers and stops the positive ones: a ReLU upside down.")

wrong.swap(
    "sign of the input", ("self.mask = x > 0", "self.x = x"), ("self.mask", "np.sign(self.x)")
).says("""`np.sign` gives −1 where x is negative, so the gradient is turned round there. It has to
    be stopped.""")

wrong.swap("two masks", "dout * self.mask", "dout * self.mask * (dout > 0)").says("""
    You stop the negative entries of `dout` as well. Only the sign of the *input* decides; a
    gradient may well be negative.""")

wrong.swap("step instead of ReLU", "np.maximum(x, 0)", "self.mask * 1.0").says("""
    `forward` gives 1 where x is positive. That is the slope; the value there is x.""")

wrong.swap("absolute value", "np.maximum(x, 0)", "np.abs(x)").says("""
    `np.abs` turns negative numbers positive. ReLU sets them to 0.""")

wrong.swap("np.max for np.maximum", "np.maximum(x, 0)", "np.max(x, 0)").says("""
    `np.max(x, 0)` looks for the largest number along axis 0. To compare two things entry by entry
    NumPy has another function, with a longer name.""")

wrong.swap("Python's max", "np.maximum(x, 0)", "max(x, 0)").says(
    """`max(x, 0)` and `if x > 0` ask once whether the whole array is larger than 0, and an array
    has no single answer. You need a comparison entry by entry.""",
    recognise=asks_a_whole_array,
)

wrong.extend(nothing_stored(relu(relu_backward)))

wrong.swap("one memory for all", "self.mask = x > 0", "Relu.mask = x > 0").says(SHARED_MEMORY)

wrong.swap(
    "leaky",
    ("np.maximum(x, 0)", "np.where(self.mask, x, 0.01 * x)"),
    ("dout * self.mask", "np.where(self.mask, dout, 0.01 * dout)"),
).says("""A little passes on the closed side: that is another layer, the leaky ReLU. Here nothing
    passes where x is negative.""")

EXERCISE = Exercise(
    id="ch03.Relu",
    title="The ReLU layer",
    kind="class",
    points=3,
    difficulty=1,
    reference=Relu,
    accepted=(ReluWhere, ReluCopy, ReluSigns, ReluLoop),
    mistakes=wrong.all,
    hints=(
        "Draw the function. What is its slope on the left of 0, and on the right?",
        "The slope is 1 where x was positive and 0 where it was negative, so remember *where* x was "
        "positive. Then local derivative times `dout`, entry by entry, in a new array.",
        "The skeleton:\n    def forward(self, x):\n        self.mask = …        # True where x is positive\n"
        "        return np.maximum(…, …)\n\n    def backward(self, dout):\n        return dout * …",
    ),
    probe=Probe(probes.layer, {"kink": True}),
    draw=draw_relu,
    outputs=like_x("out", "dx"),
    remark="At exactly 0 ReLU has a corner; the check takes any slope from 0 to 1 there.",
)
