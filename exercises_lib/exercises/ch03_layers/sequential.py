"""ch03.Sequential: layers in a row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import reduce

import numpy as np

from exercises_lib.checking import Case, Exercise, Observation, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch03_layers._order import ORDERS, matrices
from exercises_lib.nn import Sequential
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


wrong.swap("not reversed", "reversed(self.layers)", "self.layers").says("""
    `backward` visits the layers in the order of `forward`. The gradient arrives at the *end* of the
    row, so the last layer has to be asked first.""")

wrong.swap(
    "every layer gets the first dout",
    (
        "def backward(self, dout: Any) -> Any:",
        "def backward(self, dout: Any) -> Any:\n    dx = dout",
    ),
    ("dout = layer.backward(dout)", "dx = layer.backward(dout)"),
    ("return dout", "return dx"),
).says("""Every layer gets the same `dout`. Only the last one gets yours; each other one gets what
    the layer behind it returned.""")

wrong.swap("gradient thrown away", "dout = layer.backward(dout)", "layer.backward(dout)").says("""
    You call `backward` on each layer and drop what it returns, so `dout` comes out as it went
    in.""")

wrong.swap(
    "first layer skipped",
    ("layer in reversed(self.layers)", "index in range(len(self.layers) - 1, 0, -1)"),
    ("layer.backward(dout)", "self.layers[index].backward(dout)"),
).says("""`backward` stops before the layer with number 0. `range(…, 0, -1)` ends *before* its
    second number.""")

wrong.swap("no return", "return dout", "").says("""`backward` goes through all layers and then
    returns nothing.""")

wrong.swap("loop over None", "reversed(self.layers)", "self.layers.reverse()").says("""
    `.reverse()` turns a list round where it stands and returns None, so there is nothing to loop
    over.""")

wrong.swap(
    "index too large",
    ("layer in reversed(self.layers)", "index in range(len(self.layers), 0, -1)"),
    ("layer.backward(dout)", "self.layers[index].backward(dout)"),
).says("`range(n, 0, -1)` begins with n, and a list of n layers ends with number n − 1.")

wrong.swap(
    "return inside the backward loop", "dout = layer.backward(dout)", "return layer.backward(dout)"
).says("The `return` stands inside the loop, so `backward` ends after the last layer of the row.")

wrong.swap(
    "layers taken out",
    ("list(layers)", "layers"),
    ("for layer in reversed(self.layers):", "while self.layers:"),
    ("layer.backward(dout)", "self.layers.pop().backward(dout)"),
).says("`pop` takes the layers out of the list. After one backward pass the network is empty.")

wrong.swap("last layer skipped", "reversed(self.layers)", "self.layers[-2::-1]").says("""
    The order is right, but the walk begins at the last layer but one.""")


def gives_a_list(name: str) -> Callable[[Sequence[Case], Sequence[Observation]], bool]:
    """Recognise that an output is a list where an array belongs."""

    def when(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
        return all(isinstance(one.values.get(name), list) for one in seen)

    return when


wrong.swap(
    "all gradients",
    (
        "def backward(self, dout: Any) -> Any:",
        "def backward(self, dout: Any) -> Any:\n    gradients = []",
    ),
    ("return dout", "    gradients.append(dout)\nreturn gradients"),
).says(
    """`backward` returns a list with the gradient before each layer. Only one is asked for: that of
    the network's input.""",
    recognise=gives_a_list("dx"),
)

wrong.swap("multiplied once more", "layer.backward(dout)", "dout * layer.backward(dout)").says("""
    You multiply by `dout`, but each layer has done that already: what its `backward` returns is the
    whole gradient of its input.""")


def row_backward_reverses_list(self, dout):
    self.layers.reverse()
    for layer in self.layers:
        dout = layer.backward(dout)
    return dout


wrong.swap(
    "list reversed in place",
    "for layer in reversed(self.layers):",
    "self.layers.reverse()\nfor layer in self.layers:",
).says("""`.reverse()` turns the stored list itself round. The next `forward` then runs from the
    last layer to the first, and the next `backward` turns it round again.""")

wrong.swap("forward in the backward pass", "layer.backward(dout)", "layer.forward(dout)").says("""
    `backward` calls `forward` on the layers. That pushes the gradient through the functions instead
    of their derivatives, and overwrites what they remember.""")

wrong.swap(
    "every layer gets x",
    ("def forward(self, x: Any) -> Any:", "def forward(self, x: Any) -> Any:\n    out = x"),
    ("x = layer.forward(x)", "out = layer.forward(x)"),
    ("return x", "return out"),
).says("""Every layer gets the network's input. Only the first one does; each other one gets the
    output of the layer before it.""")

wrong.swap(
    "all outputs",
    ("def forward(self, x: Any) -> Any:", "def forward(self, x: Any) -> Any:\n    outputs = []"),
    ("return x", "    outputs.append(x)\nreturn outputs"),
).says("`forward` returns a list with every layer's output. Only the last one is asked for.")

wrong.swap("forward from the end", "layer in self.layers", "layer in self.layers[::-1]").says("""
    `forward` begins with the last layer of the list. The input enters at the first one.""")

wrong.swap("return inside the loop", "x = layer.forward(x)", "return layer.forward(x)").says("""
    The `return` stands inside the loop, so `forward` ends after the first layer.""")

wrong.swap(
    "begun with 1",
    (
        "def backward(self, dout: Any) -> Any:",
        "def backward(self, dout: Any) -> Any:\n    gradient = 1.0",
    ),
    ("dout = layer.backward(dout)", "gradient = layer.backward(gradient)"),
    ("return dout", "return gradient * dout"),
).says("""A plain number goes into the last layer's `backward`. What belongs there is `dout`, which
    has a shape.""")

wrong.swap("layer called like a function", "x = layer.forward(x)", "x = layer(x)").says("""
    `layer(x)` calls the object itself. The layers of this course have methods: `forward` and
    `backward`.""")

wrong.swap(
    "counted from minus zero",
    ("layer in reversed(self.layers)", "place in range(len(self.layers))"),
    ("layer.backward(dout)", "self.layers[-place].backward(dout)"),
).says("""`layers[-0]` is `layers[0]`, the first one. Counted from the end, the last item has the
    place −1.""")

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
