"""ch03.shared_layer_fix: hunt the bug of the shared layer."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np

from exercises_lib.checking import Case, Exercise, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch03_layers._layers import like_x
from exercises_lib.exercises.hunting import hunt_mistakes, hunted_outputs
from exercises_lib.exercises.parts import as_part
from exercises_lib.nn import Sequential, Tanh
from exercises_lib.probes.hunting import hunt


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


def network_given(first, second):
    """What the notebook gives."""
    layers, tanh = [], Tanh()
    for factor in (first, second):
        layers.append(Scale(factor))
        layers.append(tanh)
    return Sequential(layers)


def tells(found: Any) -> str | None:
    """Accept (first, second, x) for which the given network's backward is wrong."""
    first, second, x = (float(number) for number in found)
    slopes = []
    for made in (network_given(first, second), make_network(first, second)):
        made.forward(np.array([x]))
        slopes.append(made.backward(np.ones(1))[0])
    given, right = slopes
    if not np.isfinite(right) or np.isclose(given, right, rtol=1e-4, atol=1e-9):
        return (
            f"With first = {first:g}, second = {second:g} and x = {x:g} the given network's "
            f"gradient is {given:.4f}, and that is right."
        )
    return None


RIGHT = {"input": (0.8, 1.5, 0.5), "lines": [2], "repair": make_network}

wrong = Mistakes(make_network)

wrong.swap(
    "still one tanh object",
    "copy.copy(tanh), Scale(second), copy.copy(tanh)",
    "tanh, Scale(second), tanh",
    of=network_copies,
).says("""Both places of the row still hold the *same* tanh object; a second name for it (`b = a`)
    makes no second object. Its second `forward` overwrites what the first one stored.""")

OUTSIDE = (Tanh(), Tanh())

wrong.swap(
    "tanh objects made outside",
    "Tanh(), Scale(second), Tanh()",
    "OUTSIDE[0], Scale(second), OUTSIDE[1]",
).says("""There are two tanh objects now, but they are made once, outside the function, so two
    networks share them: the second network's forward pass spoils the first one's memory.""")

wrong.swap("one tanh made outside", ", Tanh(),", ", OUTSIDE[0],").says("""
    One of the tanh objects is made once, outside the function or as a default argument, so two
    networks share it: the second network's forward pass spoils the first one's memory.""")

wrong.swap(
    "brackets after Tanh missing", "(), Scale(second), Tanh()", ", Scale(second), Tanh"
).says("Without brackets, `Tanh` is the class itself and not a layer. Calling it makes an object.")

wrong.swap(
    "first factor twice",
    "return Sequential([Scale(first), Tanh(), Scale(second), Tanh()])",
    "scale = Scale(first)\nreturn Sequential([scale, Tanh(), scale, Tanh()])",
).says("Both scales multiply by the first factor. The second one has a factor of its own.")

wrong.swap(
    "factors swapped", "(first), Tanh(), Scale(second)", "(second), Tanh(), Scale(first)"
).says("Each tanh has its own object now, but the two factors have changed places.")

wrong.swap("inner tanh removed", ", Tanh(),", ",").says("""With one tanh nothing is shared, but that
    is another network: the tanh between the two scales is missing.""")

wrong.swap("outer tanh removed", "(second), Tanh()", "(second)").says("""With one tanh nothing is
    shared, but that is another network: the tanh at the end is missing.""")

wrong.swap(
    "tanh before scale",
    "Scale(first), Tanh(), Scale(second), Tanh()",
    "Tanh(), Scale(first), Tanh(), Scale(second)",
).says("The order within the row has changed: first the scale, then the tanh.")

wrong.swap(
    "one scale object",
    "return Sequential([Scale(first), Tanh(), Scale(second), Tanh()])",
    """
    scale = Scale(first)
    scale.factor = second
    return Sequential([scale, Tanh(), scale, Tanh()])""",
).says("Now the two scales are one object, so both multiply by the factor that was set last.")

wrong.swap(
    "numbers of the example", "(first), Tanh(), Scale(second)", "(0.8), Tanh(), Scale(1.5)"
).says("The factors are always 0.8 and 1.5. Use the arguments, `first` and `second`.")

wrong.swap(
    "layers without a list",
    "[Scale(first), Tanh(), Scale(second), Tanh()]",
    "Scale(first), Tanh(), Scale(second), Tanh()",
).says("`nn.Sequential` takes *one* argument, a list of layers: square brackets are missing.")

EXERCISE = Exercise(
    id="ch03.shared_layer_fix",
    title="Hunt the bug of the shared layer",
    kind="debug",
    points=3,
    difficulty=2,
    reference=RIGHT,
    accepted=(
        {"input": [1, 1, 1], "lines": [5], "repair": network_loop},
        {"input": (0.5, -2.0, 0.3), "lines": (2, 5), "repair": network_copies},
        {"input": (2.0, 1.0, -0.4), "lines": 2, "repair": NetworkOfFormulas},
    ),
    mistakes=(
        *hunt_mistakes(RIGHT, (0.8, 1.5, 0.0), (3, 4, 6)),
        *(as_part(mistake, RIGHT, "repair") for mistake in wrong.all),
    ),
    hints=(
        "How many tanh objects does the given code make? How many places of the row need a memory "
        "of their own? And for which x do both places remember the same?",
        "A call of a class, such as `nn.Tanh()`, makes a new object. An object that is appended "
        "twice is not copied: both places of the list hold the same one.",
        "Print what the two places hold:\n"
        "    network = make_broken_network(0.8, 1.5)\n"
        "    print([id(layer) for layer in network.layers])\n"
        "Which numbers should differ? Make each object where …",
    ),
    probe=Probe(hunt, {"repair": "ch03.network"}),
    draw=draw_network,
    outputs=(*hunted_outputs(tells, (2,), (5,), (2, 5), last=6), *like_x("out", "dx")),
    remark="Two of your networks were run in turns; no layer of one touched the memory of another.",
)
