"""ch06.TwoLayerNet: a two-layer network."""

from __future__ import annotations

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch06_training._epochs import unstable
from exercises_lib.exercises.ch06_training._new_network import draw_network, judge_rng, judge_start
from exercises_lib.probes import ch06 as probes


class TwoLayerNet:
    """The network of the solution, and the ground for wrong ones: each changes one method."""

    def __init__(self, input_size, hidden_size, output_size, rng, std=0.01):
        self.make(input_size, hidden_size, output_size, rng, std)
        self.build()

    def make(self, d, h, c, rng, std):
        self.params = {"W1": std * rng.standard_normal((d, h)), "b1": np.zeros(h)}
        self.params |= {"W2": std * rng.standard_normal((h, c)), "b2": np.zeros(c)}

    def build(self):
        p = self.params
        self.layers = [nn.Affine(p["W1"], p["b1"]), nn.Relu(), nn.Affine(p["W2"], p["b2"])]
        self.last_layer = nn.SoftmaxWithLoss()

    def predict(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def loss(self, x, t):
        return self.last_layer.forward(self.predict(x), t)

    def accuracy(self, x, t):
        return nn.accuracy(self.predict(x), t)

    def gradient(self, x, t):
        self.loss(x, t)
        return self.back()

    def back(self):
        dout = self.last_layer.backward()
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        return self.collect()

    def collect(self):
        one, two = self.layers[0], self.layers[-1]
        return {"W1": one.dW, "b1": one.db, "W2": two.dW, "b2": two.db}


class NetByFormulas:
    """Right, without layers: it looks its parameters up at each use."""

    def __init__(self, input_size, hidden_size, output_size, rng, std=0.01):
        self.params = {
            "W1": rng.normal(0, std, (input_size, hidden_size)),
            "b1": np.zeros(hidden_size),
            "W2": rng.normal(0, std, (hidden_size, output_size)),
            "b2": np.zeros(output_size),
        }

    def predict(self, x):
        p = self.params
        self.h = np.maximum(x @ p["W1"] + p["b1"], 0)
        return self.h @ p["W2"] + p["b2"]

    def loss(self, x, t):
        return nn.cross_entropy(nn.softmax(self.predict(x)), t)

    def accuracy(self, x, t):
        right = t if t.ndim == 1 else np.argmax(t, axis=1)
        return sum(np.argmax(self.predict(x), axis=1) == right) / len(x)

    def gradient(self, x, t):
        scores = self.predict(x)
        one_hot = t if t.ndim == 2 else np.eye(scores.shape[1])[t]
        d2 = (nn.softmax(scores) - one_hot) / len(x)
        d1 = (d2 @ self.params["W2"].T) * (self.h > 0)
        return {"b2": d2.sum(0), "W2": self.h.T @ d2, "b1": d1.sum(0), "W1": x.T @ d1}


class NetByLibrary(nn.TwoLayerNet):
    """Right: all of it inherited, the accuracy counted sample by sample."""

    def accuracy(self, x, t):
        hits = 0
        for scores, label in zip(self.predict(x), t):
            hits += int(scores.argmax()) == int(label if t.ndim == 1 else label.argmax())
        return hits / len(x)


wrong = Mistakes(TwoLayerNet)

wrong.swap("no ReLU", ".Relu(), nn.", ".").says("""Two affine layers in a row, with nothing in
    between, are one affine layer: the product of the two matrices. The ReLU makes the
    difference.""")

wrong.swap(
    "ReLU at the end",
    ('Relu(), nn.Affine(p["W2"], p["b2"])', 'Affine(p["W2"], p["b2"]), nn.Relu()'),
    ("[-1]", "[1]"),
).says("""Your ReLU comes after the second affine layer. There it cuts off negative scores, which
    softmax needs, and the two affine layers in front of it count as one.""")


class PredictsProbabilities(TwoLayerNet):
    def predict(self, x):
        return nn.softmax(super().predict(x))

    def loss(self, x, t):
        return self.last_layer.forward(TwoLayerNet.predict(self, x), t)


wrong.answer("predict gives probabilities", PredictsProbabilities).says("""
    `predict` returns probabilities. What is asked for are the scores; softmax belongs to the last
    layer, which takes scores.""")

wrong.swap("softmax twice", "return x", "return nn.softmax(x)").says("""`predict` ends with a
    softmax, and the loss layer makes another one of its result. Give it the scores as they are.""")


class LayersHoldCopies(TwoLayerNet):
    def build(self):
        original, self.params = self.params, {k: p.copy() for k, p in self.params.items()}
        super().build()
        self.params = original


wrong.answer("layers hold copies", LayersHoldCopies).says("""Your layers work on copies of the
    arrays in `params`. An update of `params` never reaches them, and training would change
    nothing.""")

wrong.swap("layers not reversed", "reversed(self.layers)", "self.layers").says("""
    Backward you go through the layers in the same order as forward. The gradient starts at the
    loss, so the last layer comes first.""")

wrong.swap("gradient not passed on", "dout = layer", "layer").says("""Every layer receives the
    gradient of the loss layer. What one layer returns is the `dout` of the layer before it.""")

wrong.swap(
    "reversed for good",
    ("for layer in reversed(self.layers):", "self.layers.reverse()\nfor layer in self.layers:"),
    ("[0], self.layers[-1]", "[-1], self.layers[0]"),
).says("""`self.layers.reverse()` turns the list itself around, and it stays so: the next forward
    pass runs through the layers backwards.""")

wrong.swap("no forward pass in gradient", "self.loss(x, t)", "").says("""`gradient(x, t)` does not
    go forward with its own x and t, so the layers still remember the batch before.""")

wrong.swap(
    "updates in gradient",
    "return self.back()",
    """
    grads = self.back()
    for name, grad in grads.items():
        self.params[name] -= 0.1 * grad
    return grads""",
).says("""Your `gradient` changes the parameters. It should only tell; the optimiser decides what to
    do with it.""")

wrong.swap(
    "ReLU skipped on the way back", "reversed(self.layers)", "(self.layers[2], self.layers[0])"
).says("""On the way back you leave the ReLU out. It stops the gradient of every unit that was
    closed.""")

wrong.swap("layers' gradients swapped", "[0], self.layers[-1]", "[-1], self.layers[0]").says("""
    The gradients of the two layers have changed places in your dictionary.""")

wrong.swap(
    "divided by the batch again",
    "return self.back()",
    "return {name: grad / len(x) for name, grad in self.back().items()}",
).says("You divide the gradients by the batch size. The loss layer has done so already.")

wrong.swap(
    "sum of the losses",
    "self.last_layer.forward(self.predict(x), t)",
    "self.last_layer.forward(self.predict(x), t) * len(x)",
).says("Your loss is the sum over the batch, N times the mean.")

wrong.swap("loss of the inputs", "forward(self.predict(x), t)", "forward(x, t)").says("""
    Your loss takes the inputs for scores: the network does not occur in it.""")

wrong.swap(
    "labels in place of the scores", "forward(self.predict(x), t)", "forward(t, self.predict(x))"
).says("The labels stand where the loss layer takes scores. The order is scores, then labels.")


class PredictsClasses(TwoLayerNet):
    def predict(self, x):
        return super().predict(x).argmax(axis=1)

    def loss(self, x, t):
        return self.last_layer.forward(TwoLayerNet.predict(self, x), t)

    def accuracy(self, x, t):
        return nn.accuracy(TwoLayerNet.predict(self, x), t)


wrong.answer("predict gives classes", PredictsClasses).says("""`predict` returns class numbers. What
    is asked for are the scores, one per class; `accuracy` makes class numbers of them.""")

wrong.swap(
    "accuracy in percent",
    "nn.accuracy(self.predict(x), t)",
    "100 * nn.accuracy(self.predict(x), t)",
).says("`accuracy` returns a percentage. What is asked for is a part, between 0 and 1.")

wrong.swap(
    "accuracy counts", "accuracy(self.predict(x), t)", "accuracy(self.predict(x), t) * len(x)"
).says("""`accuracy` returns how many samples are right. What is asked for is the part of them,
    between 0 and 1.""")

wrong.swap(
    "one-hot rows compared with numbers",
    "nn.accuracy(self.predict(x), t)",
    "float(np.mean(self.predict(x).argmax(axis=1) == t))",
).says("""Your `accuracy` compares class numbers with one-hot rows. Turn the rows into numbers
    first.""")

wrong.swap(
    "one-hot rows only",
    "nn.accuracy(self.predict(x), t)",
    "float(np.mean(self.predict(x).argmax(axis=1) == t.argmax(axis=1)))",
).says("""Your `accuracy` takes `argmax(axis=1)` of the labels, and integer labels have no axis 1.
    `t.ndim` tells the two kinds apart.""")

wrong.swap(
    "argmax over the samples",
    "return nn.accuracy(self.predict(x), t)",
    """
    labels = t.argmax(axis=1) if t.ndim == 2 else t
    return float(np.mean(self.predict(x).argmax(axis=0) == labels))
""",
).says("""`argmax(axis=0)` finds the best *sample* for each class. The classes of a sample lie along
    axis 1.""")

wrong.swap("weights of zero", "output_size, rng, std)", "output_size, rng, 0.0)").says("""
    All your weights start at 0. Then all hidden units are 0, no gradient reaches a weight, and
    nothing but the last bias ever learns.""")

wrong.swap("std ignored", "output_size, rng, std)", "output_size, rng, 0.01)").says("""
    The weights always have standard deviation 0.01, whatever `std` says.""")

wrong.swap("weights not scaled", "output_size, rng, std)", "output_size, rng, 1.0)").says("""
    The weights are drawn from N(0, 1) and not multiplied by `std`.""")

wrong.swap(
    "weights never negative",
    ("rng.standard_normal((d, h))", "rng.random((d, h))"),
    ("rng.standard_normal((h, c))", "rng.random((h, c))"),
).says("""`rng.random` draws from 0 to 1, never below. Weights need both signs, so that units can
    vote against a class: `rng.standard_normal`.""")

wrong.swap(
    "random biases",
    ("np.zeros(h)", "std * rng.standard_normal(h)"),
    ("np.zeros(c)", "std * rng.standard_normal(c)"),
).says("""Your biases start at random numbers. The weights make the units differ already; biases
    start at 0.""")

wrong.swap(
    "a generator of its own",
    "output_size, rng, std)",
    "output_size, np.random.default_rng(0), std)",
).says("""The weights do not come from `rng`: every network starts with the same ones, whatever the
    caller passes.""")

wrong.swap(
    "argmax over the samples, labels too",
    "return nn.accuracy(self.predict(x), t)",
    """
    labels = t.argmax(axis=0) if t.ndim == 2 else t
    return float(np.mean(self.predict(x).argmax(axis=0) == labels))
""",
).says("`argmax(axis=0)` looks for the best *sample* of each class. The classes lie along axis 1.")

wrong.swap(
    "largest score instead of its class",
    "return nn.accuracy(self.predict(x), t)",
    """
    labels = t.argmax(axis=1) if t.ndim == 2 else t
    return float(np.mean(self.predict(x).max(axis=1) == labels))
""",
).says("""`accuracy` compares the largest *score* with the class number. Which class has it is the
    question.""")

wrong.swap(
    "error instead of accuracy",
    "nn.accuracy(self.predict(x), t)",
    "1 - nn.accuracy(self.predict(x), t)",
).says("`accuracy` returns which part is wrong.")

wrong.swap(
    "a ReLU behind each layer", ('p["b2"])]', 'p["b2"]), nn.Relu()]'), ("layers[-1]", "layers[2]")
).says("""There is a ReLU behind the second affine layer too. It cuts off negative scores, and
    softmax needs them.""")

wrong.swap("gradient without the loss", "loss(x, t)", "predict(x)").says("""
    `gradient` goes forward to the scores only. The loss layer has not seen these scores and labels,
    and its `backward` speaks of the batch before.""")

wrong.swap("the way back starts with 1", "self.last_layer.backward()", "1").says("""
    You hand a 1 to the last affine layer. That is the derivative of the loss by itself: the loss
    layer stands in between, and its `backward` comes first.""")

wrong.swap(
    "weights the other way round",
    ("rng.standard_normal((d, h))", "rng.standard_normal((h, d))"),
    ("rng.standard_normal((h, c))", "rng.standard_normal((c, h))"),
    ('nn.Affine(p["W1"], p', 'nn.Affine(p["W1"].T, p'),
    ('nn.Affine(p["W2"], p', 'nn.Affine(p["W2"].T, p'),
).says("""Your weights are stored as (outputs, inputs). In this chapter a batch has one sample per
    row and is multiplied from the left.""")

wrong.swap("std squared", "output_size, rng, std)", "output_size, rng, std**2)").says("""
    The weights are multiplied by the variance. The factor in front of `standard_normal` is the
    standard deviation, and so is what `rng.normal` takes.""")

wrong.swap(
    "not from rng", "output_size, rng, std)", "output_size, np.random.default_rng(), std)"
).says(
    """Your weights do not come from the `rng` that is passed. With it the same network can be made
    again; without it no training can be repeated.""",
    recognise=unstable,
)

wrong.swap("sigmoid instead of ReLU", "nn.Relu()", "nn.Sigmoid()").says("""
    Between your two affine layers stands a sigmoid. This network has a ReLU there.""")

EXERCISE = Exercise(
    id="ch06.TwoLayerNet",
    title="A two-layer network",
    kind="class",
    points=5,
    reference=TwoLayerNet,
    accepted=(NetByFormulas, NetByLibrary),
    mistakes=wrong.all,
    hints=(
        "Draw the network as boxes: which layers does x go through, in which order, and which of them "
        "hold the arrays in `params`? Then ask for each method which boxes it needs.",
        "Give the layers the very arrays of the dictionary: `nn.Affine(self.params['W1'], …)`. "
        "`loss` is `predict` and one layer more; `gradient` is `loss`, then the way back through the "
        "layers in reverse, then four attributes to collect.",
        "The skeleton:\n    def __init__(…):\n        self.params = {…}\n"
        "        self.affine1 = nn.Affine(…)\n        self.affine2 = nn.Affine(…)\n"
        "        self.layers = […]\n        self.last_layer = …\n"
        "    def gradient(self, x, t):\n        …                       # forward, with this batch\n"
        "        dout = …                # from the loss\n        for layer in …:\n"
        "            dout = …\n        return {'W1': …, 'b1': …, 'W2': …, 'b2': …}",
    ),
    probe=Probe(probes.network),
    draw=draw_network,
    outputs=(
        Output("first W1", compare=judge_start("W1", "(D, H)")),
        Output("first b1", compare=judge_start("b1", "(H,)")),
        Output("first W2", compare=judge_start("W2", "(H, C)")),
        Output("first b2", compare=judge_start("b2", "(C,)")),
        Output("first W1 of another rng", compare=judge_rng),
        Output("scores", "(N, C)", "one score per class, for every sample"),
        Output("updated scores", "(N, C)", "one score per class, for every sample"),
        Output("dW1", "(D, H)", "the shape of W1"),
        Output("db1", "(H,)", "the shape of b1"),
        Output("dW2", "(H, C)", "the shape of W2"),
        Output("db2", "(C,)", "the shape of b2"),
    ),
    remark="Two methods would do for training; `accuracy` is for people, the loss for the gradient.",
)
