"""ch03.reverse_fix: hunt the bug on the way through the list."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from exercises_lib.checking import Case, Exercise, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch03_layers._order import ORDERS, matrices
from exercises_lib.exercises.hunting import hunt_mistakes, hunted_outputs
from exercises_lib.exercises.parts import as_part
from exercises_lib.probes.hunting import hunt


def back_through(layers, dout):
    for layer in layers[::-1]:
        dout = layer.backward(dout)
    return dout


def back_reversed(layers, dout):
    for layer in reversed(layers):
        dout = layer.backward(dout)
    return dout


def back_copy(layers, dout):
    order = list(layers)
    order.reverse()
    for layer in order:
        dout = layer.backward(dout)
    return dout


def back_pop(layers, dout):
    left = list(layers)
    while left:
        dout = left.pop().backward(dout)
    return dout


def draw_reverse_fix(rng: np.random.Generator) -> Iterator[Case]:
    for count, rows, note in (
        (3, 2, "three layers"),
        (4, 1, "four layers and a batch of one"),
        (1, 2, "a single layer"),
    ):
        yield Case({"weights": matrices(rng, count), "dout": rng.normal(size=(rows, 3))}, note)


def tells(found: Any) -> str | None:
    """Accept a list of factors for which the given code sends back a wrong gradient."""
    factors = [float(factor) for factor in found]
    if not factors:
        return "A row of no layers has nothing to send back."
    given, right = math.prod(factors[1:]), math.prod(factors)
    if not math.isfinite(right) or math.isclose(given, right, rel_tol=1e-6, abs_tol=1e-9):
        return f"For layers with the factors {factors} the given code returns {given:g}, and that is right."
    return None


RIGHT = {"input": [2.0, 3.0], "lines": [3], "repair": back_through}

wrong = Mistakes(back_through)

wrong.swap(
    "reverse returns None",
    "for layer in layers[::-1]:",
    """
    order = list(layers).reverse()
    for layer in order:
""",
).says("""The loop runs over what `.reverse()` *returns*. That method turns a list round where it
    stands and returns None.""")

wrong.swap(
    "caller's list reversed",
    "for layer in layers[::-1]:",
    """
    layers.reverse()
    for layer in layers:
""",
).says("""The order is right this time, but you turned the caller's own list round. The network's
    next forward pass would run backwards.""")

wrong.swap("not reversed", "layers[::-1]", "list(layers)").says("""No error any more, but the layers
    are now visited from first to last. The gradient arrives at the end of the row.""")

wrong.swap("gradient thrown away", "dout = layer", "layer", of=back_reversed).says("""
    The order is right, but what each layer returns is dropped, so `dout` comes out as it went
    in.""")

wrong.swap("return inside the loop", "dout =", "return", of=back_reversed).says("""
    The order is right, but the `return` stands inside the loop: only one layer gets its turn.""")

wrong.swap(
    "layers taken out", ("for layer in layers[::-1]", "while layers"), ("= layer", "= layers.pop()")
).says("`pop` takes the layers out of the caller's list. After one call the network is empty.")

wrong.swap("[:-1] for [::-1]", "[::-1]", "[:-1]").says("""`layers[:-1]` is the list without its last
    item, in the old order. The slice that walks backwards has two colons.""")

wrong.swap("last layer skipped", "[::-1]", "[-2::-1]").says("""The order is right, but the walk
    begins at the last layer but one.""")

wrong.swap("sorted", "layers[::-1]", "sorted(layers, reverse=True)").says("""
    `sorted` compares the layers with each other, and layers have no larger and smaller. You want
    the order of the list, from its end.""")

wrong.swap(
    "every layer gets the first dout",
    "for layer in layers[::-1]:\n    dout = layer.backward(dout)\nreturn dout",
    """
    dx = dout
    for layer in reversed(layers):
        dx = layer.backward(dout)
    return dx""",
).says("""The order is right, but every layer now gets the same `dout` instead of what the layer
    behind it returned.""")

wrong.swap(
    "begun with 1",
    "for layer in layers[::-1]:\n    dout = layer.backward(dout)\nreturn dout",
    """
    gradient = 1.0
    for layer in reversed(layers):
        gradient = layer.backward(gradient)
    return gradient""",
).says("""A plain number goes into the last layer's `backward`. What belongs there is `dout`, which
    has a shape.""")

wrong.swap(
    "index too large",
    ("layer in layers[::-1]", "place in range(len(layers), 0, -1)"),
    ("= layer", "= layers[place]"),
).says("A list of three layers has the places 0, 1 and 2: there is no place `len(layers)`.")

wrong.swap("first layer skipped", "[::-1]", "[:0:-1]").says("""The order is right, but the walk ends
    before the first layer of the list.""")

wrong.swap(
    "counted from minus zero",
    ("layer in layers[::-1]", "place in range(len(layers))"),
    ("= layer", "= layers[-place]"),
).says("""`layers[-0]` is `layers[0]`, the first one. Counted from the end, the last item has the
    place −1.""")

EXERCISE = Exercise(
    id="ch03.reverse_fix",
    title="Hunt the bug in the backward pass",
    kind="debug",
    points=3,
    difficulty=2,
    reference=RIGHT,
    accepted=(
        {"input": [5], "lines": 3, "repair": back_reversed},
        {"input": (0.5, 1.0, 4.0), "lines": [3], "repair": back_copy},
        {"input": [-1.0, 2.0], "lines": (3,), "repair": back_pop},
    ),
    mistakes=(
        *hunt_mistakes(RIGHT, [1.0, 3.0], (2, 4, 5)),
        *(as_part(mistake, RIGHT, "repair") for mistake in wrong.all),
    ),
    hints=(
        "Take a row of two layers and write down which numbers the variable of the loop runs "
        "through. How many times is `backward` called?",
        "`range` never reaches its second argument. Python has two ways to walk a list from its "
        "end that leave the list as it is: a slice with a negative step, and a built-in function.",
        "For three layers, at the places 0, 1 and 2:\n"
        "    the loop visits the places … and …\n"
        "    it should visit …, … and …",
    ),
    probe=Probe(hunt, {"repair": "ch03.back_through"}),
    draw=draw_reverse_fix,
    outputs=(*hunted_outputs(tells, (3,), last=5), *ORDERS),
    remark="Your function was called twice on the same list, and the list stayed as it was.",
)
