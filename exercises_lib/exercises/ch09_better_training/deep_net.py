"""ch09.DeepNet: a deep network with every remedy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Case, Exercise, Observation, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes import ch09 as probes


class DeepNet:
    def __init__(self, sizes, rng, dropout=0.0, decay=0.0):
        self.rng, self.decay = rng, decay
        self.params, self.layers, self.homes = {}, [], {}
        for k, (d, m) in enumerate(pairwise(sizes), start=1):
            W = np.sqrt(2 / d) * rng.standard_normal((d, m))
            self.add(nn.Affine(W, np.zeros(m)), k, "W", "b")
            if k < len(sizes) - 1:
                self.add(nn.BatchNorm(m), k, "gamma", "beta")
                self.layers.append(nn.Relu())
                if dropout > 0:
                    self.layers.append(nn.Dropout(dropout))
        self.last_layer = nn.SoftmaxWithLoss()

    def add(self, layer, k, *names):
        self.layers.append(layer)
        for name in names:
            self.params[f"{name}{k}"] = getattr(layer, name)
            self.homes[f"{name}{k}"] = (layer, "d" + name)

    def predict(self, x, train=False):
        for layer in self.layers:
            if isinstance(layer, (nn.BatchNorm, nn.Dropout)):
                x = layer.forward(x, train, self.rng)
            else:
                x = layer.forward(x)
        return x

    def loss_and_gradient(self, x, t):
        loss = self.last_layer.forward(self.predict(x, train=True), t)
        dout = self.last_layer.backward()
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        grads = {name: getattr(layer, d) for name, (layer, d) in self.homes.items()}
        for name in self.params:
            if name.startswith("W"):
                loss += 0.5 * self.decay * np.sum(self.params[name] ** 2)
                grads[name] = grads[name] + self.decay * self.params[name]
        return loss, grads


class ByLibrary(nn.DeepNet):
    def __init__(self, sizes, rng, dropout=0.0, decay=0.0):
        super().__init__(sizes, rng, batch_norm=True, dropout=dropout, decay=decay)


class Blocks:
    """A list of hidden blocks, each a small dictionary of layers; dropout drawn by hand."""

    def __init__(self, sizes, rng, dropout=0.0, decay=0.0):
        self.rng, self.rate, self.decay = rng, dropout, decay
        self.blocks = []
        for d, m in pairwise(sizes[:-1]):
            W = rng.normal(0, (2 / d) ** 0.5, (d, m))
            self.blocks.append((nn.Affine(W, np.zeros(m)), nn.BatchNorm(m), nn.Relu()))
        d, m = sizes[-2:]
        self.out = nn.Affine(rng.normal(0, (2 / d) ** 0.5, (d, m)), np.zeros(m))
        self.loss = nn.SoftmaxWithLoss()
        self.params = {f"W{len(sizes) - 1}": self.out.W, f"b{len(sizes) - 1}": self.out.b}
        for k, (affine, norm, _) in enumerate(self.blocks, 1):
            self.params |= {f"W{k}": affine.W, f"b{k}": affine.b}
            self.params |= {f"gamma{k}": norm.gamma, f"beta{k}": norm.beta}

    def predict(self, x, train=False):
        self.masks = []
        for affine, norm, relu in self.blocks:
            x = relu.forward(norm.forward(affine.forward(x), train))
            self.masks.append(1.0)
            if train and self.rate:
                self.masks[-1] = (self.rng.random(x.shape) < 1 - self.rate) / (1 - self.rate)
            x = x * self.masks[-1]
        return self.out.forward(x)

    def loss_and_gradient(self, x, t):
        loss = self.loss.forward(self.predict(x, True), t)
        dout = self.out.backward(self.loss.backward())
        last = len(self.blocks) + 1
        grads = {f"W{last}": self.out.dW, f"b{last}": self.out.db}
        for k in range(last - 1, 0, -1):
            affine, norm, relu = self.blocks[k - 1]
            dout = affine.backward(norm.backward(relu.backward(dout * self.masks[k - 1])))
            grads |= {f"W{k}": affine.dW, f"b{k}": affine.db}
            grads |= {f"gamma{k}": norm.dgamma, f"beta{k}": norm.dbeta}
        return loss + nn.weight_decay(self.params, grads, self.decay), grads


def judge_start(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    """Say what is wrong with the first parameters; None if nothing is."""
    for name, array in got.items():
        letter = name.rstrip("0123456789")
        if letter == "W":
            ratio = float(np.std(array) * np.sqrt(len(array) / 2))
            if not 0.6 < ratio < 1.6:
                return (
                    f"{name} begins with the standard deviation {np.std(array):.2g}. For {len(array)} "
                    f"inputs and ReLU behind it, √(2 / {len(array)}) = {(2 / len(array)) ** 0.5:.2g} "
                    "keeps the signal's size."
                )
        elif not np.allclose(array, 1.0 if letter == "gamma" else 0.0):
            return f"{name} is to begin at {1 if letter == 'gamma' else 0}."
    return None


SOME = "some are exactly 0"


def in_words(inputs: Mapping[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Say of some predictions with dropout whether they differ, and whether scores are dropped."""
    if "predictions in training" in values:
        shown = values.pop("predictions in training")
        zeros = any(bool((one == 0).any()) for one in shown)
        alike = any(np.array_equal(*two) for two in pairwise(shown))
        values["scores in training"] = SOME if zeros else "none is 0"
        values["two predictions in training"] = "the same" if alike else "different"
    return values


def judge_mean(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    """Compare a mean over many masks with the scores without a mask, as far as chance allows."""
    spread = np.std(expected) + 1e-9
    if got.shape == expected.shape and np.abs(got - expected).max() < 0.6 * spread:
        return None
    return (
        "The mean of many predictions in training is not near the prediction without dropout. What "
        "dropout leaves has to be divided by the share that is left, in the hidden layers only."
    )


def judge_spread(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    """Compare how far predictions scatter; it tells which share of the units is switched off."""
    ratio = float(np.mean(got) / np.mean(expected))
    if got.shape == expected.shape and 0.75 < ratio < 1.35:
        return None
    return (
        f"Predictions in training scatter {ratio:.2g} times as much as they should with this rate. "
        "The rate is the share of the units that is switched off, in each hidden layer once."
    )


def drops_scores(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Tell whether single scores are 0 in some predictions, and others below 0."""
    last = seen[-1].values if seen else {}
    mean = last.get("mean of many predictions in training")
    some = last.get("scores in training") == SOME
    return some and isinstance(mean, np.ndarray) and bool(np.any(mean < 0))


def draw_deep(rng: np.random.Generator) -> Iterator[Case]:
    def case(sizes: tuple[int, ...], note: str, dropout: float = 0.0, decay: float = 0.0) -> Case:
        params: dict[str, Any] = {}
        for k, (d, m) in enumerate(pairwise(sizes), start=1):
            params[f"W{k}"] = rng.normal(size=(d, m)) / np.sqrt(d)
            params[f"b{k}"] = rng.normal(size=m)
            if k < len(sizes) - 1:
                params[f"gamma{k}"] = rng.uniform(0.5, 2, m)
                params[f"beta{k}"] = rng.normal(size=m)
        n, c = int(rng.integers(5, 9)), sizes[-1]
        batches = {
            f"{name}{letter}": value
            for name, size in (("", n), ("second ", n + 2))
            for letter, value in (
                ("x", rng.normal(size=(size, sizes[0]))),
                ("t", rng.integers(0, c, size)),
            )
        }
        return Case(
            {
                "sizes": sizes,
                "seed": int(rng.integers(2**31)),
                "dropout": dropout,
                "decay": decay,
                "params": params,
                **batches,
                "new x": rng.normal(size=(3, sizes[0])),
                "draws": 300,
            },
            note,
        )

    a, b, c, d = rng.choice(np.arange(4, 9), size=4, replace=False).tolist()
    yield case((a, b, c, d), "two hidden layers, no dropout, no decay")
    yield case(
        (b, c, a, d, 3), "three hidden layers, weight decay", decay=float(rng.uniform(0.1, 0.5))
    )
    yield case((a, c, 2), "one hidden layer, weight decay", decay=float(rng.uniform(0.1, 0.5)))
    yield case((20, 200, 4), "one hidden layer of 200 units, dropout", dropout=0.3)


wrong = Mistakes(DeepNet)

wrong.swap(
    "no batch normalisation used",
    "            if isinstance(layer, (nn.BatchNorm, nn.Dropout)):\n",
    "            if isinstance(layer, nn.BatchNorm):\n                continue\n            if isinstance(layer, nn.Dropout):\n",
    "        for layer in reversed(self.layers):\n            dout = layer.backward(dout)\n",
    "        for layer in reversed(self.layers):\n            if isinstance(layer, nn.BatchNorm):\n                layer.dgamma, layer.dbeta = 0 * layer.gamma, 0 * layer.beta\n            else:\n                dout = layer.backward(dout)\n",
).says("The batch normalisations are made and never run: `gamma` and `beta` have no effect.")
wrong.swap(
    "normalised behind the ReLU",
    '                self.add(nn.BatchNorm(m), k, "gamma", "beta")\n                self.layers.append(nn.Relu())\n',
    '                self.layers.append(nn.Relu())\n                self.add(nn.BatchNorm(m), k, "gamma", "beta")\n',
).says("""You normalise behind the ReLU. Here the normalisation stands between the affine layer and
    its activation.""")
wrong.swap(
    "evaluates by the batch",
    "x = layer.forward(x, train, self.rng)",
    "x = layer.forward(x, True, self.rng)",
).says("""`predict` works in training mode always: a prediction depends on the other samples of its
    batch, and looking at test data moves the running statistics.""")
wrong.swap("trains in evaluation mode", "self.predict(x, train=True)", "self.predict(x)").says("""
    `loss_and_gradient` runs `predict` in evaluation mode: nothing is learnt about mean and
    variance, and nothing is dropped.""")
wrong.swap(
    "training is the default",
    "def predict(self, x, train=False)",
    "def predict(self, x, train=True)",
).says("""Called with `x` alone, your `predict` is in training mode. Whoever wants a prediction will
    not think of it: evaluation is the default.""")
wrong.swap(
    "decay missing in the loss",
    "                loss += 0.5 * self.decay * np.sum(self.params[name] ** 2)\n",
    "",
).says("""The gradient has the weight decay and the loss has no penalty: a gradient check of your
    network fails as soon as there is decay.""")
wrong.swap(
    "decay missing in the gradient",
    "                grads[name] = grads[name] + self.decay * self.params[name]\n",
    "",
).says("""The loss has the penalty and the gradient knows nothing of it: a gradient check fails as
    soon as there is decay, and no weight decays.""")
wrong.swap("half lost", "0.5 * self.decay", "self.decay").says("""
    The penalty is ½ · decay · Σ W². Without the ½ its gradient would be twice what you add.""")
wrong.swap(
    "everything decays", '            if name.startswith("W"):\n', "            if True:\n"
).says("""You let every parameter decay. A bias and a shift bend nothing, and γ belongs at 1, not at
    0: only the weights decay.""")
wrong.swap(
    "biases decay too", 'name.startswith("W")', 'name[0] in "Wb" and "eta" not in name'
).says("""You let the biases decay as well. A bias shifts a function and does not bend it: only the
    weights decay.""")
wrong.swap("not reversed", "in reversed(self.layers)", "in list(self.layers)").says("""
    The gradient goes through the layers from first to last. It has to meet the last one first.""")
wrong.swap(
    "copies in params",
    'self.params[f"{name}{k}"] = getattr(layer, name)',
    'self.params[f"{name}{k}"] = getattr(layer, name).copy()',
).says("`params` holds copies. What an optimiser writes into them never reaches the layers.")
wrong.swap("rate taken for what is left", "nn.Dropout(dropout)", "nn.Dropout(1 - dropout)").says("""
    `dropout` is the share that is switched off. You keep that share and drop the rest.""")
wrong.swap("dropout forgotten", "if dropout > 0:", "if False:").says("""
    The dropout layers are missing: two predictions in training are the same.""")
wrong.swap(
    "dropout behind the last layer",
    "if dropout > 0:",
    "if False:",
    "        self.last_layer = nn.SoftmaxWithLoss()\n",
    "        self.layers += [nn.Dropout(dropout)] if dropout else []\n"
    "        self.last_layer = nn.SoftmaxWithLoss()\n",
).says(
    "You drop scores. Only hidden units are switched off; each class keeps its score.",
    recognise=drops_scores,
)
wrong.swap(
    "a ReLU at the end",
    "            if k < len(sizes) - 1:\n",
    "            if k == len(sizes) - 1:\n                self.layers.append(nn.Relu())\n            else:\n",
).says("A ReLU stands behind the last affine layer, so no score is ever negative.")
wrong.swap("first weights N(0, 1)", "np.sqrt(2 / d) * rng", "1.0 * rng").says("""
    The first weights have the standard deviation 1. With d inputs and a ReLU, √(2 / d) keeps the
    signal's size.""")


EXERCISE = Exercise(
    id="ch09.DeepNet",
    title="A deep network with every remedy",
    kind="class",
    points=6,
    difficulty=3,
    reference=DeepNet,
    accepted=(ByLibrary, Blocks),
    mistakes=wrong.all,
    hints=(
        "Three things differ between training and evaluation: what normalises, what is dropped, and "
        "which of them is the default of `predict`.",
        "Build one list of layers, hidden block by hidden block: Affine, BatchNorm, Relu, and Dropout "
        "if there is any; then the last Affine. Beside it note for each name in `params` which layer "
        "it lives in, so that the gradients can be collected.",
        "The skeleton of loss_and_gradient:\n    loss = self.last_layer.forward(self.predict(x, …), t)\n"
        "    dout = …\n    for layer in …:\n        dout = …\n    grads = {…}\n"
        "    for name in …:          # weights only\n        loss += …\n        grads[name] = …\n"
        "    ",
    ),
    probe=Probe(probes.deep_net),
    draw=draw_deep,
    outputs=(
        Output("start", compare=judge_start),
        Output("mean of many predictions in training", compare=judge_mean),
        Output("spread of many predictions in training", compare=judge_spread),
    ),
    reads=in_words,
    remark="Loss and gradient agree with every remedy switched on: a gradient check would pass.",
)
