"""ch03.AddLayer: the add layer."""

from __future__ import annotations

import numpy as np

from exercises_lib.checking import Exercise, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch03_layers._layers import a_class, draw_gate, like_x
from exercises_lib.nn import AddLayer
from exercises_lib.probes import ch03 as probes


class AddLayerFresh:
    def forward(self, x, y):
        return np.add(x, y)

    def backward(self, dout):
        return 1 * dout, 1 * dout


class AddLayerList:
    """Any number of summands."""

    def forward(self, *terms):
        self.count = len(terms)
        return sum(terms)

    def backward(self, dout):
        return [np.array(dout) for _ in range(self.count)]


wrong = Mistakes(AddLayer)


def add(backward, forward=lambda self, x, y: x + y):
    return a_class("AddLayer", forward, backward)


wrong.swap("shared out", "return dout, dout", "return dout / 2, dout / 2").says("""
    You split `dout` in two halves. A gradient is not a quantity to be divided up: when x rises by
    one the whole sum rises by one, whatever y does.""")

wrong.swap("bare ones", "return dout, dout", "return 1.0, 1.0").says("""
    The local derivatives are indeed 1, but `dout`, what arrives from above, is lost.""")

wrong.answer(
    "upstream dropped", add(lambda self, dout: (np.ones_like(dout), np.ones_like(dout)))
).says("""Ones of the right shape are the local derivatives alone. `dout`, what arrives from above,
    has no effect.""")


def add_forward_keeps(self, x, y):
    self.x, self.y = x, y
    return x + y


wrong.swap(
    "rule of multiplication",
    (
        "def forward(self, x: Number, y: Number) -> Number:",
        "def forward(self, x: Number, y: Number) -> Number:\n    self.x, self.y = x, y",
    ),
    ("dout, dout", "dout * self.y, dout * self.x"),
).says("""You multiply by the other input: that is the rule for a product. How much a sum grows with
    x does not depend on y.""")

wrong.swap(
    "multiplied by the inputs",
    (
        "def forward(self, x: Number, y: Number) -> Number:",
        "def forward(self, x: Number, y: Number) -> Number:\n    self.x, self.y = x, y",
    ),
    ("dout, dout", "dout * self.x, dout * self.y"),
).says("""You multiply `dout` by the inputs. How much a sum grows with x does not depend on how
    large x already is.""")

wrong.swap("upstream added", "return dout, dout", "return dout + 1, dout + 1").says("""
    You add the local derivative to `dout`. Along a path, derivatives multiply.""")

wrong.answer(
    "inputs sent back", add(lambda self, dout: (self.x, self.y), add_forward_keeps)
).says("""You send the inputs back. Asked is how strongly the final result reacts to each of them,
    and `dout` has to be in that.""")

wrong.answer(
    "gradient added to the inputs",
    add(lambda self, dout: (dout + self.x, dout + self.y), add_forward_keeps),
).says("""You add `dout` to the values. A gradient goes back; the values of a sum play no part in
    it.""")

wrong.swap(
    "summed up", "1 * dout, 1 * dout", "np.sum(dout), np.sum(dout)", of=AddLayerFresh
).says("""You add up all entries of `dout`. The layer works entry by entry, and each entry of x has
    a gradient of its own.""")

wrong.swap("rule of subtraction", "return dout, dout", "return dout, -dout").says("""
    The second gradient has a minus sign. That would be right for x − y.""")

wrong.swap("forward multiplies", "return x + y", "return x * y").says("""
    `forward` gives the product of its inputs, and this is the add layer.""")

wrong.swap("forward changes x", "return x + y", "x += y\nreturn x").says("""
    `x += y` writes the sum into the caller's array. Another layer may have stored that very array
    for its own backward pass.""")

wrong.swap("doubled", "return dout, dout", "return 2 * dout, 2 * dout").says("""
    You send twice `dout` to each input. That would be right for x + x, where one input is used
    twice; here each of the two is used once.""")

wrong.swap(
    "shared out in proportion",
    (
        "def forward(self, x: Number, y: Number) -> Number:",
        "def forward(self, x: Number, y: Number) -> Number:\n    self.x, self.y = x, y",
    ),
    (
        "return dout, dout",
        """
    return (
        dout * self.x / (self.x + self.y),
        dout * self.y / (self.x + self.y),
    )""",
    ),
).says("""Each input gets `dout` in proportion to its share of the sum. A gradient is not a quantity
    to be divided up: it says how the result reacts when one input moves a little.""")

EXERCISE = Exercise(
    id="ch03.AddLayer",
    title="The add layer",
    kind="class",
    points=3,
    difficulty=1,
    reference=AddLayer,
    accepted=(AddLayerFresh, AddLayerList),
    mistakes=wrong.all,
    hints=(
        "Take 3 + 4. Raise the 3 by 0.1: by how much does the sum rise? Does the 4 matter?",
        "∂(x+y)/∂x = 1 and ∂(x+y)/∂y = 1, each multiplied by what arrives from above. So nothing of "
        "x and y has to be kept.",
        "The skeleton:\n    def forward(self, x, y):\n        return …\n\n"
        "    def backward(self, dout):\n        return …, …",
    ),
    probe=Probe(probes.layer, {"forward": ("x", "y"), "gradients": ("dx", "dy")}),
    draw=draw_gate,
    outputs=like_x("out", "dx", "dy"),
    remark="The sum keeps nothing of its inputs: its gradient is the same wherever they are.",
)
