"""ch03.shared_layer_fix: mend the shared layer."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import numpy as np

from exercises_lib.checking import Case, Exercise, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch03_layers._layers import like_x
from exercises_lib.nn import (
    Sequential,
    Tanh,
)
from exercises_lib.probes import ch03 as probes


class Scale:
    """Multiply by a fixed number: out = factor · x."""

    def __init__(self, factor):
        self.factor = factor

    def forward(self, x):
        return self.factor * x

    def backward(self, dout):
        return self.factor * dout


def make_network(first, second):
    return Sequential([Scale(first), Tanh(), Scale(second), Tanh()])


def network_loop(first, second):
    layers = []
    for factor in (first, second):
        layers += [Scale(factor), Tanh()]
    return Sequential(layers)


def network_copies(first, second):
    tanh = Tanh()
    return Sequential([Scale(first), copy.copy(tanh), Scale(second), copy.copy(tanh)])


class NetworkOfFormulas:
    def __init__(self, first, second):
        self.first, self.second = first, second

    def forward(self, x):
        self.inner = np.tanh(self.first * x)
        self.outer = np.tanh(self.second * self.inner)
        return self.outer

    def backward(self, dout):
        d_inner = dout * (1 - self.outer**2) * self.second
        return d_inner * (1 - self.inner**2) * self.first


def draw_network(rng: np.random.Generator) -> Iterator[Case]:
    for shape, note in (
        ((3, 4), "a batch of 3"),
        ((1, 5), "a batch of one"),
        ((4, 2), "a batch of 4"),
    ):
        inputs = {"first": float(rng.uniform(0.6, 1.0)), "second": float(rng.uniform(1.3, 1.9))}
        arrays = {"x": rng.uniform(0.2, 1.6, size=shape), "dout": rng.normal(size=shape)}
        yield Case({**inputs, **arrays}, note)


wrong = Mistakes(make_network)

wrong.swap(
    "still one tanh object",
    "copy.copy(tanh), Scale(second), copy.copy(tanh)",
    "tanh, Scale(second), tanh",
    of=network_copies,
).says("""
    Both places of the row still hold the *same* tanh object; a second name for it (`b = a`) makes
    no second object. Its second `forward` overwrites what the first one stored.
""")

OUTSIDE = (Tanh(), Tanh())


wrong.swap(
    "tanh objects made outside",
    "Tanh(), Scale(second), Tanh()",
    "OUTSIDE[0], Scale(second), OUTSIDE[1]",
).says("""
    There are two tanh objects now, but they are made once, outside the function, so two networks
    share them: the second network's forward pass spoils the first one's memory.
""")

wrong.swap("one tanh made outside", ", Tanh(),", ", OUTSIDE[0],").says("""
    One of the tanh objects is made once, outside the function or as a default argument, so two
    networks share it: the second network's forward pass spoils the first one's memory.
""")

wrong.swap(
    "brackets after Tanh missing", "(), Scale(second), Tanh()", ", Scale(second), Tanh"
).says("""
    Without brackets, `Tanh` is the class itself and not a layer. Calling it makes an object.
""")


def network_first_scale_twice(first, second):
    scale = Scale(first)
    return Sequential([scale, Tanh(), scale, Tanh()])


wrong.answer("first factor twice", network_first_scale_twice).says("""
    Both scales multiply by the first factor. The second one has a factor of its own.
""")

wrong.swap(
    "factors swapped", "(first), Tanh(), Scale(second)", "(second), Tanh(), Scale(first)"
).says("""
    Each tanh has its own object now, but the two factors have changed places.
""")

wrong.swap("inner tanh removed", ", Tanh(),", ",").says("""
    With one tanh nothing is shared, but that is another network: the tanh between the two scales is
    missing.
""")

wrong.swap("outer tanh removed", "(second), Tanh()", "(second)").says("""
    With one tanh nothing is shared, but that is another network: the tanh at the end is missing.
""")

wrong.swap(
    "tanh before scale",
    "Scale(first), Tanh(), Scale(second), Tanh()",
    "Tanh(), Scale(first), Tanh(), Scale(second)",
).says("""
    The order within the row has changed: first the scale, then the tanh.
""")


def network_one_scale(first, second):
    scale = Scale(first)
    scale.factor = second
    return Sequential([scale, Tanh(), scale, Tanh()])


wrong.answer("one scale object", network_one_scale).says("""
    Now the two scales are one object, so both multiply by the factor that was set last.
""")

wrong.swap(
    "numbers of the example", "(first), Tanh(), Scale(second)", "(0.8), Tanh(), Scale(1.5)"
).says("""
    The factors are always 0.8 and 1.5. Use the arguments, `first` and `second`.
""")

wrong.swap(
    "layers without a list",
    "[Scale(first), Tanh(), Scale(second), Tanh()]",
    "Scale(first), Tanh(), Scale(second), Tanh()",
).says("""
    `nn.Sequential` takes *one* argument, a list of layers: square brackets are missing.
""")


EXERCISE = Exercise(
    id="ch03.shared_layer_fix",
    title="Mend the shared layer",
    kind="debug",
    points=2,
    reference=make_network,
    accepted=(network_loop, network_copies, NetworkOfFormulas),
    mistakes=wrong.all,
    hints=(
        "How many tanh objects does the given code make? How many places of the row need a memory "
        "of their own?",
        "Every call of a class, such as `Tanh()`, makes a new object. An object in a list is not "
        "copied: the same name twice is the same object twice.",
        "The skeleton:\n    def make_network(first, second):\n"
        "        return nn.Sequential([Scale(first), …, Scale(second), …])",
    ),
    probe=Probe(probes.network),
    draw=draw_network,
    outputs=like_x("out", "dx"),
    remark="Two of your networks were run in turns; no layer of one touched the memory of another.",
)
