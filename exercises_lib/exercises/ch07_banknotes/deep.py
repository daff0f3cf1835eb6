"""ch07.Deep: a network of any depth, in layers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes import ch07 as probes


class Deep:
    def __init__(self, sizes, rng, std=0.3):
        self.params, self.layers = {}, []
        for k, (d, m) in enumerate(pairwise(sizes), start=1):
            W, b = std * rng.standard_normal((d, m)), np.zeros(m)
            self.params[f"W{k}"], self.params[f"b{k}"] = W, b
            self.layers.append(nn.Affine(W, b))
            if k < len(sizes) - 1:
                self.layers.append(nn.Relu())
        self.last_layer = nn.SoftmaxWithLoss()

    def predict(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def loss(self, x, t):
        return self.last_layer.forward(self.predict(x), t)

    def gradient(self, x, t):
        self.loss(x, t)
        dout = self.last_layer.backward()
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        grads = {}
        for k, layer in enumerate(self.layers[::2], start=1):
            grads[f"W{k}"], grads[f"b{k}"] = layer.dW, layer.db
        return grads


class Nested:
    """Right: one network inside another."""

    def __init__(self, sizes, rng, std=0.3):
        first = nn.Affine(rng.normal(0, std, sizes[:2]), np.zeros(sizes[1]))
        self.affine = [first]
        self.params = {"W1": first.W, "b1": first.b}
        self.body = nn.Sequential([first])
        for k, (d, m) in enumerate(pairwise(sizes[1:]), 2):
            layer = nn.Affine(rng.normal(0, std, (d, m)), np.zeros(m))
            self.affine.append(layer)
            self.params |= {f"W{k}": layer.W, f"b{k}": layer.b}
            self.body = nn.Sequential([self.body, nn.Relu(), layer])

    def predict(self, x):
        return self.body.forward(x)

    def loss(self, x, t):
        self.top = nn.SoftmaxWithLoss()
        return self.top.forward(self.predict(x), t)

    def gradient(self, x, t):
        self.loss(x, t)
        self.body.backward(self.top.backward())
        found = {f"W{k}": layer.dW for k, layer in enumerate(self.affine, 1)}
        return found | {f"b{k}": layer.db for k, layer in enumerate(self.affine, 1)}


class ByFormulas:
    """Right, without layers."""

    def __init__(self, sizes, rng, std=0.3):
        self.depth = len(sizes) - 1
        self.params = {}
        for k in range(self.depth):
            self.params[f"W{k + 1}"] = std * rng.standard_normal((sizes[k], sizes[k + 1]))
            self.params[f"b{k + 1}"] = np.zeros(sizes[k + 1])

    def predict(self, x):
        self.inputs = []
        for k in range(1, self.depth + 1):
            self.inputs.append(x)
            x = x @ self.params[f"W{k}"] + self.params[f"b{k}"]
            x = np.maximum(x, 0) if k < self.depth else x
        return x

    def loss(self, x, t):
        return nn.cross_entropy(nn.softmax(self.predict(x)), t)

    def gradient(self, x, t):
        d = nn.softmax(self.predict(x))
        d[np.arange(len(x)), t] -= 1
        d /= len(x)
        grads = {}
        for k in range(self.depth, 0, -1):
            below = self.inputs[k - 1]
            grads[f"W{k}"], grads[f"b{k}"] = below.T @ d, d.sum(axis=0)
            d = (d @ self.params[f"W{k}"].T) * (below > 0)
        return grads


def judge_start(inputs: Any, got: Any, expected: Any) -> str | None:
    """Say what is wrong with the first parameters; None if nothing is."""
    for name, array in got.items():
        if name not in expected or array.shape != expected[name].shape:
            return None  # the shapes have a word of their own
        if name[0] == "b" and np.any(array != 0):
            return f"{name} of a new network is not 0; biases start at 0."
        ratio = float(np.std(array)) / inputs["std"]
        if name[0] == "W" and array.size > 200 and not 0.8 < ratio < 1.2:
            return f"{name} begins with a standard deviation {ratio:.2g} times the one asked for."
    return None


def draw_deep(rng: np.random.Generator) -> Iterator[Case]:
    def case(sizes: tuple[int, ...], n: int, note: str, std: float = 0.3) -> Case:
        params: dict[str, Any] = {}
        for k, (d, m) in enumerate(pairwise(sizes), start=1):
            params |= {f"W{k}": rng.normal(size=(d, m)), f"b{k}": rng.normal(size=m)}
        batches = {
            f"x{i}": rng.normal(size=(size, sizes[0])) for i, size in ((1, n), (2, n + 2))
        } | {f"t{i}": rng.integers(0, sizes[-1], size) for i, size in ((1, n), (2, n + 2))}
        seed = int(rng.integers(2**31))
        return Case({"sizes": sizes, "seed": seed, "std": std, "params": params, **batches}, note)

    a, b, c, d = rng.choice(np.arange(3, 8), size=4, replace=False).tolist()
    yield case((a, b, c), 5, f"sizes {(a, b, c)}")
    yield case((b, d, a, c), 6, f"sizes {(b, d, a, c)}")
    yield case((20, 30, 25, 22, 3), 1, "five sizes, a batch of one", std=0.6)
    yield case((d, b), 4, f"sizes {(d, b)}: a single layer")


wrong = Mistakes(Deep)

wrong.swap("a ReLU at the end", "if k < len(sizes) - 1:", "if k < len(sizes):").says("""
    A ReLU stands behind the last affine layer too, so no score is ever negative.""")
wrong.swap(
    "no ReLU",
    "                self.layers.append(nn.Relu())\n",
    "                pass\n",
    "self.layers[::2]",
    "self.layers",
).says("""
    Nothing stands between the affine layers. Two of them in a row are one: without ReLU depth gains
    nothing.""")
wrong.swap(
    "one ReLU for all",
    "self.params, self.layers = {}, []",
    "self.params, self.layers, relu = {}, [], nn.Relu()",
    "self.layers.append(nn.Relu())",
    "self.layers.append(relu)",
).says("""
    One ReLU object serves all hidden layers. It remembers the last mask alone, and the others are
    lost: every place needs a layer of its own.""")
wrong.swap(
    "two layers only",
    "enumerate(pairwise(sizes), start=1)",
    "enumerate(list(pairwise(sizes))[:2], start=1)",
).says("""
    Your network ends after two layers, however many sizes it is given.""")
wrong.swap("not reversed", "reversed(self.layers)", "self.layers").says("""
    The gradient goes through the layers from first to last. It has to meet the last one first.""")
wrong.swap(
    "copies in params",
    'self.params[f"W{k}"], self.params[f"b{k}"] = W, b',
    'self.params[f"W{k}"], self.params[f"b{k}"] = W.copy(), b.copy()',
).says("""
    `params` holds copies. What an update writes into them never reaches the layers.""")
wrong.swap("gradient without its own forward pass", "        self.loss(x, t)\n", "").says("""
    `gradient(x, t)` never goes forward with its own batch: it uses what an earlier call has left in
    the layers, if there was one.""")
wrong.swap(
    "gradients from the top",
    "enumerate(self.layers[::2], start=1)",
    "enumerate(self.layers[::-2], start=1)",
).says("""
    You number the gradients from the last layer down. `W1` is the first layer's.""")
wrong.swap(
    "first layer's gradients alone",
    "enumerate(self.layers[::2], start=1)",
    "enumerate(self.layers[:1], start=1)",
).says("""
    `gradient` returns those of the first layer alone. Every parameter has one.""")
wrong.swap(
    "softmax in predict",
    "        return x\n",
    "        return nn.softmax(x)\n",
).says("""
    `predict` returns probabilities, and the loss takes their softmax once more. Scores are asked
    for.""")
wrong.swap("std ignored", "std * rng", "0.3 * rng").says("""
    Your first weights have the standard deviation 0.3, whatever `std` says.""")
wrong.swap("biases drawn", "np.zeros(m)", "std * rng.standard_normal(m)").says("""
    You draw the biases at random. Random weights break the tie already; biases start at 0.""")


EXERCISE = Exercise(
    id="ch07.Deep",
    title="A network of any depth, in layers",
    kind="class",
    points=4,
    difficulty=2,
    reference=Deep,
    accepted=(Nested, ByFormulas),
    mistakes=wrong.all,
    hints=(
        "Begin with your `TwoLayerNet` of chapter 6. Which of its lines are written once for each "
        "layer, and would have to stand in a loop?",
        "`zip(sizes, sizes[1:])` gives inputs and outputs of each layer. An affine layer shares its "
        "W and b with `params`; a ReLU of its own follows each but the last.",
        "The skeleton:\n    for k, (d, m) in enumerate(zip(…, …), start=1):\n        W, b = …\n"
        '        self.params[f"W{k}"], self.params[f"b{k}"] = …\n        self.layers.append(…)\n'
        "        if k < …:\n            self.layers.append(…)",
    ),
    probe=Probe(probes.deep),
    draw=draw_deep,
    outputs=(Output("start", compare=judge_start),),
    remark="One, two, three and four layers: the depth is nothing but the length of a list.",
)
