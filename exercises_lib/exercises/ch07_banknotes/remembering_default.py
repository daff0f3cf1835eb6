"""ch07.remembering_default: a default argument that remembers what was done to it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch07_banknotes._shared import (
    labels,
    network,
    one_layer_backward,
    sizes_of_a_layer,
)
from exercises_lib.nn import columns, sigmoid
from exercises_lib.probes import ch07 as probes


def backward(p, t, cache, params, activations=("relu", "sigmoid")):
    grads, da = {}, (-t / p + (1 - t) / (1 - p)) / p.shape[1]
    for i, activation in zip((2, 1), reversed(activations)):
        z = cache[f"z{i}"]
        s = sigmoid(z)
        dz = da * (z > 0) if activation == "relu" else da * s * (1 - s)
        layer = one_layer_backward(dz, cache[f"a{i - 1}"], params[f"weight{i}"])
        da, grads[f"d_weight{i}"], grads[f"d_bias{i}"] = layer
    return grads


def made_anew(p, t, cache, params, activations=None):
    kinds = ["relu", "sigmoid"] if activations is None else list(activations)
    kinds.reverse()
    return backward(p, t, cache, params, kinds[::-1])


def by_index(p, t, cache, params, activations=["relu", "sigmoid"]):  # read, and never changed
    grads, da = {}, ((p - t) / (p * (1 - p))) / p.size
    for i in (2, 1):
        s = sigmoid(cache[f"z{i}"])
        slope = (cache[f"z{i}"] > 0) if activations[i - 1] == "relu" else s * (1 - s)
        layer = one_layer_backward(da * slope, cache[f"a{i - 1}"], params[f"weight{i}"])
        da, grads[f"d_weight{i}"], grads[f"d_bias{i}"] = layer
    return grads


def draw_calls(rng: np.random.Generator) -> Iterator[Case]:
    def case(n: int, sizes: tuple[int, int, int], own: list[str], note: str) -> Case:
        x, params = rng.normal(size=(sizes[0], n)), network(rng, sizes)
        p, cache = columns.forward_pass(x, params)
        inputs = {"p": p, "t": labels(rng, n), "cache": cache, "params": params, "own": own}
        return Case(inputs, note)

    n, d, m = sizes_of_a_layer(rng)
    yield case(n + 2, (d, m, 1), ["relu", "sigmoid"], f"sizes {(d, m, 1)}, {n + 2} samples")
    yield case(m, (n, d, 1), ["sigmoid", "sigmoid"], f"sizes {(n, d, 1)}, {m} samples")
    yield case(1, (m, n, 1), ["sigmoid", "relu"], "a single sample")


wrong = Mistakes(backward)


wrong.swap(
    "still the default that is reversed",
    'activations=("relu", "sigmoid")',
    'activations=["relu", "sigmoid"]',
    "    grads, da = {}, (-t / p + (1 - t) / (1 - p)) / p.shape[1]\n",
    "    activations.reverse()\n    grads, da = {}, (-t / p + (1 - t) / (1 - p)) / p.shape[1]\n",
    "reversed(activations)",
    "activations",
).says("""The first call and the second do not agree. The default list is made once, when Python
    reads the `def`, and `reverse()` turns that one list round at every call.""")
wrong.swap(
    "the caller's list is reversed",
    'activations=("relu", "sigmoid")',
    "activations=None",
    "    grads, da = {}, (-t / p + (1 - t) / (1 - p)) / p.shape[1]\n",
    '    activations = activations or ["relu", "sigmoid"]\n    activations.reverse()\n    grads, da = {}, (-t / p + (1 - t) / (1 - p)) / p.shape[1]\n',
    "reversed(activations)",
    "activations",
).says("""Without a list of their own, callers are safe now. Whoever brings a list gets it back
    turned round: `reverse()` changes the list itself.""")
wrong.swap("not walked backwards", "reversed(activations)", "activations").says("""
    Nothing remembers any more, and nothing is walked backwards either: layer 2, the last, gets the
    first activation.""")
wrong.swap("reverse returns None", "reversed(activations)", "list(activations).reverse()").says("""
    `list.reverse()` works in place and returns None; a loop cannot go through None.""")
wrong.swap("the argument ignored", "reversed(activations)", '("sigmoid", "relu")').says("""
    Your activations are always the same two. Whoever passes a list of their own is not heard.""")
wrong.swap("sorted", "reversed(activations)", "sorted(activations, reverse=True)").says("""
    You sort the names. That turns `relu, sigmoid` round by chance of the alphabet, and does
    something else with other lists.""")
wrong.swap(
    "default turned round", '("relu", "sigmoid")', '("sigmoid", "relu")'
).says("""Your default stands in the order of the backward pass, and then it is walked backwards. In
    the list, the first layer comes first.""")
wrong.swap("upstream dropped", "da * (z > 0)", "1.0 * (z > 0)").says("""
    Your ReLU hands on its own slope, whatever arrives. What arrives has to be multiplied in.""")


EXERCISE = Exercise(
    id="ch07.remembering_default",
    title="A default that remembers",
    kind="debug",
    points=3,
    difficulty=2,
    reference=backward,
    accepted=(made_anew, by_index),
    mistakes=wrong.all,
    hints=(
        "Call the given function twice with the same arguments, and print `activations` inside it "
        "each time.",
        "When is the list after `activations=` made, and how often? Which of `x.reverse()`, "
        "`reversed(x)` and `x[::-1]` change x?",
        "Two changes will do:\n    def …(…, activations=(…)):     # something that cannot be changed\n"
        "        for i, activation in zip((2, 1), …(activations)):",
    ),
    probe=Probe(probes.remembering),
    draw=draw_calls,
    outputs=tuple(
        Output(f"{kind}d_{name}{i}", shape, why)
        for kind in ("", "own list: ")
        for i in (1, 2)
        for name, shape, why in (
            ("weight", "(M, D)", f"the shape of weight{i}"),
            ("bias", "(M, 1)", f"the shape of bias{i}"),
        )
    ),
    remark="Two calls agree, and a list that the caller brings comes back as it was.",
)
