"""ch03.Sequential: layers in a row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import reduce

import numpy as np

from exercises_lib.checking import Case, Exercise, Observation, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch03_layers._order import ORDERS, matrices
from exercises_lib.nn import (
    Sequential,
)
from exercises_lib.probes import ch03 as probes


class SequentialIndex:
    def __init__(self, layers):
        self.layers = tuple(layers)

    def forward(self, x):
        for index in range(len(self.layers)):
            x = self.layers[index].forward(x)
        return x

    def backward(self, dout):
        index = len(self.layers) - 1
        while index >= 0:
            dout = self.layers[index].backward(dout)
            index -= 1
        return dout


class SequentialReduce:
    def __init__(self, layers):
        self.there, self.back = list(layers), list(layers)[::-1]

    def forward(self, x):
        return reduce(lambda value, layer: layer.forward(value), self.there, x)

    def backward(self, dout):
        return reduce(lambda value, layer: layer.backward(value), self.back, dout)


class SequentialRecursive:
    def __init__(self, layers):
        self.first, self.rest = None, None
        if layers:
            self.first, self.rest = layers[0], SequentialRecursive(layers[1:])

    def forward(self, x):
        return x if self.first is None else self.rest.forward(self.first.forward(x))

    def backward(self, dout):
        return dout if self.first is None else self.first.backward(self.rest.backward(dout))


def draw_sequential(rng: np.random.Generator) -> Iterator[Case]:
    for count, rows, note in (
        (3, 4, "three layers"),
        (1, 2, "a single layer"),
        (4, 1, "four layers and a batch of one"),
    ):
        x, dout = rng.normal(size=(rows, 3)), rng.normal(size=(rows, 3))
        yield Case({"weights": matrices(rng, count), "x": x, "dout": dout}, note)


wrong = Mistakes(Sequential)


def row_init(self, layers):
    self.layers = layers


def row_forward(self, x):
    for layer in self.layers:
        x = layer.forward(x)
    return x


def row_backward(self, dout):
    for layer in reversed(self.layers):
        dout = layer.backward(dout)
    return dout


def row(backward=row_backward, forward=row_forward):
    return type("Sequential", (), {"__init__": row_init, "forward": forward, "backward": backward})


def row_backward_not_reversed(self, dout):
    for layer in self.layers:
        dout = layer.backward(dout)
    return dout


wrong.answer("not reversed", row(row_backward_not_reversed)).says("""
    `backward` visits the layers in the order of `forward`. The gradient arrives at the *end* of the
    row, so the last layer has to be asked first.""")


def row_backward_not_chained(self, dout):
    dx = dout
    for layer in reversed(self.layers):
        dx = layer.backward(dout)
    return dx


wrong.answer("every layer gets the first dout", row(row_backward_not_chained)).says("""
    Every layer gets the same `dout`. Only the last one gets yours; each other one gets what the
    layer behind it returned.""")


def row_backward_lost(self, dout):
    for layer in reversed(self.layers):
        layer.backward(dout)
    return dout


wrong.answer("gradient thrown away", row(row_backward_lost)).says("""
    You call `backward` on each layer and drop what it returns, so `dout` comes out as it went
    in.""")


def row_backward_skips_first(self, dout):
    for index in range(len(self.layers) - 1, 0, -1):
        dout = self.layers[index].backward(dout)
    return dout


wrong.answer("first layer skipped", row(row_backward_skips_first)).says("""
    `backward` stops before the layer with number 0. `range(…, 0, -1)` ends *before* its second
    number.""")


def row_backward_no_return(self, dout):
    for layer in reversed(self.layers):
        dout = layer.backward(dout)


wrong.answer("no return", row(row_backward_no_return)).says("""`backward` goes through all layers
    and then returns nothing.""")


def row_backward_over_none(self, dout):
    for layer in self.layers.reverse():
        dout = layer.backward(dout)
    return dout


wrong.answer("loop over None", row(row_backward_over_none)).says("""
    `.reverse()` turns a list round where it stands and returns None, so there is nothing to loop
    over.""")


def row_backward_beyond(self, dout):
    for index in range(len(self.layers), 0, -1):
        dout = self.layers[index].backward(dout)
    return dout


wrong.answer("index too large", row(row_backward_beyond)).says("""
    `range(n, 0, -1)` begins with n, and a list of n layers ends with number n − 1.""")


def row_backward_first(self, dout):
    for layer in reversed(self.layers):
        return layer.backward(dout)
    return dout


wrong.answer("return inside the backward loop", row(row_backward_first)).says("""
    The `return` stands inside the loop, so `backward` ends after the last layer of the row.""")


def row_backward_pops(self, dout):
    while self.layers:
        dout = self.layers.pop().backward(dout)
    return dout


wrong.answer("layers taken out", row(row_backward_pops)).says("""`pop` takes the layers out of the
    list. After one backward pass the network is empty.""")


def row_backward_skips_last(self, dout):
    for layer in self.layers[-2::-1]:
        dout = layer.backward(dout)
    return dout


wrong.answer("last layer skipped", row(row_backward_skips_last)).says("""
    The order is right, but the walk begins at the last layer but one.""")


def gives_a_list(name: str) -> Callable[[Sequence[Case], Sequence[Observation]], bool]:
    """Recognise that an output is a list where an array belongs."""

    def when(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
        return all(isinstance(one.values.get(name), list) for one in seen)

    return when


def row_backward_all(self, dout):
    gradients = []
    for layer in reversed(self.layers):
        dout = layer.backward(dout)
        gradients.append(dout)
    return gradients


wrong.answer("all gradients", row(row_backward_all)).says(
    """`backward` returns a list with the gradient before each layer. Only one is asked for: that of
    the network's input.""",
    recognise=gives_a_list("dx"),
)


def row_backward_multiplies(self, dout):
    for layer in reversed(self.layers):
        dout = dout * layer.backward(dout)
    return dout


wrong.answer("multiplied once more", row(row_backward_multiplies)).says("""
    You multiply by `dout`, but each layer has done that already: what its `backward` returns is the
    whole gradient of its input.""")


def row_backward_reverses_list(self, dout):
    self.layers.reverse()
    for layer in self.layers:
        dout = layer.backward(dout)
    return dout


wrong.answer("list reversed in place", row(row_backward_reverses_list)).says("""
    `.reverse()` turns the stored list itself round. The next `forward` then runs from the last
    layer to the first, and the next `backward` turns it round again.""")


def row_backward_calls_forward(self, dout):
    for layer in reversed(self.layers):
        dout = layer.forward(dout)
    return dout


wrong.answer("forward in the backward pass", row(row_backward_calls_forward)).says("""
    `backward` calls `forward` on the layers. That pushes the gradient through the functions instead
    of their derivatives, and overwrites what they remember.""")


def row_forward_each_x(self, x):
    out = x
    for layer in self.layers:
        out = layer.forward(x)
    return out


wrong.answer("every layer gets x", row(forward=row_forward_each_x)).says("""
    Every layer gets the network's input. Only the first one does; each other one gets the output of
    the layer before it.""")


def row_forward_all(self, x):
    outputs = []
    for layer in self.layers:
        x = layer.forward(x)
        outputs.append(x)
    return outputs


wrong.answer("all outputs", row(forward=row_forward_all)).says("""
    `forward` returns a list with every layer's output. Only the last one is asked for.""")


def row_forward_reversed(self, x):
    for layer in self.layers[::-1]:
        x = layer.forward(x)
    return x


wrong.answer("forward from the end", row(forward=row_forward_reversed)).says("""
    `forward` begins with the last layer of the list. The input enters at the first one.""")


def row_forward_first(self, x):
    for layer in self.layers:
        return layer.forward(x)
    return x


wrong.answer("return inside the loop", row(forward=row_forward_first)).says("""
    The `return` stands inside the loop, so `forward` ends after the first layer.""")


def row_backward_from_one(self, dout):
    gradient = 1.0
    for layer in reversed(self.layers):
        gradient = layer.backward(gradient)
    return gradient * dout


wrong.answer("begun with 1", row(row_backward_from_one)).says("""A plain number goes into the last
    layer's `backward`. What belongs there is `dout`, which has a shape.""")


def row_forward_calls(self, x):
    for layer in self.layers:
        x = layer(x)
    return x


wrong.answer("layer called like a function", row(forward=row_forward_calls)).says("""
    `layer(x)` calls the object itself. The layers of this course have methods: `forward` and
    `backward`.""")


def row_backward_minus_zero(self, dout):
    for place in range(len(self.layers)):
        dout = self.layers[-place].backward(dout)
    return dout


wrong.answer("counted from minus zero", row(row_backward_minus_zero)).says("""
    `layers[-0]` is `layers[0]`, the first one. Counted from the end, the last item has the place
    −1.""")


EXERCISE = Exercise(
    id="ch03.Sequential",
    title="Layers in a row",
    kind="class",
    points=3,
    difficulty=2,
    reference=Sequential,
    accepted=(SequentialIndex, SequentialReduce, SequentialRecursive),
    mistakes=wrong.all,
    hints=(
        "Follow one sample through three layers with your finger, then a gradient the other way. "
        "Which layer sees what?",
        "Forward: what a layer returns is the next one's input. Backward: the same with gradients, "
        "from the last layer to the first. `reversed(a_list)` walks a list from its end without "
        "changing it.",
        "The skeleton:\n    def forward(self, x):\n        for layer in self.layers:\n"
        "            x = …\n        return x\n\n    def backward(self, dout):\n"
        "        for layer in …:\n            dout = …\n        return dout",
    ),
    probe=Probe(probes.sequential),
    draw=draw_sequential,
    outputs=ORDERS,
    remark="The check's own layers wrote down when each was called.",
)
