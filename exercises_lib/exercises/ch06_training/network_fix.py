"""ch06.network_fix: find and fix: a network that runs and does not learn."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch06_training._shared import random_params
from exercises_lib.probes import ch06 as probes


class GivenNet(nn.TwoLayerNet):
    """The network of the notebook, with its three faults."""

    def __init__(self, D, H, C, rng):
        super().__init__(D, H, C, rng, std=0.1)
        self.affine1.needs_dx = True

    def loss(self, x, t):
        y = self.predict(x)
        return self.last_layer.forward(x, y)

    def gradient(self, x, t):
        self.loss(x, t)
        dout = self.last_layer.backward()
        for layer in self.layers:
            dout = layer.backward(dout)
        first, last = self.affine1, self.affine2
        return {"W1": first.dW, "b1": first.db, "W2": last.dW, "b2": last.db}

    def step(self, x, t, lr):
        grads = self.gradient(x, t)
        self.params["W1"] -= lr * grads["W1"]
        self.params["b1"] -= lr * grads["b1"]
        self.params["W2"] -= lr * grads["W2"]
        self.params["b1"] -= lr * grads["b2"]


class RightLoss(GivenNet):
    def loss(self, x, t):
        return self.last_layer.forward(self.predict(x), t)


class RightOrder(GivenNet):
    def gradient(self, x, t):
        self.loss(x, t)
        dout = self.last_layer.backward()
        for layer in self.layers[::-1]:
            dout = layer.backward(dout)
        first, last = self.affine1, self.affine2
        return {"W1": first.dW, "b1": first.db, "W2": last.dW, "b2": last.db}


class RightStep(GivenNet):
    def step(self, x, t, lr):
        grads = self.gradient(x, t)
        for name in self.params:
            self.params[name] -= lr * grads[name]


class MendedNet(RightLoss, RightOrder, RightStep):
    """All three mended."""


class MendedByHand(GivenNet):
    """Right: written out, layer by layer."""

    def loss(self, x, t):
        one, relu, two = self.layers
        return self.last_layer.forward(two.forward(relu.forward(one.forward(x))), t)

    def gradient(self, x, t):
        self.loss(x, t)
        one, relu, two = self.layers
        one.backward(relu.backward(two.backward(self.last_layer.backward())))
        return {"W1": one.dW, "b1": one.db, "W2": two.dW, "b2": two.db}

    def step(self, x, t, lr):
        for name, grad in self.gradient(x, t).items():
            np.subtract(self.params[name], lr * grad, out=self.params[name])


class MendedWithRange(GivenNet):
    """Right: indices instead of a reversed list, one-hot rows instead of integers."""

    def loss(self, x, t):
        scores = self.predict(x)
        return self.last_layer.forward(scores, np.eye(scores.shape[1])[t])

    def gradient(self, x, t):
        self.loss(x, t)
        dout = self.last_layer.backward(1.0)
        for i in range(len(self.layers) - 1, -1, -1):
            dout = self.layers[i].backward(dout)
        a, b = self.layers[::2]
        return dict(zip(("W1", "b1", "W2", "b2"), (a.dW, a.db, b.dW, b.db)))

    def step(self, x, t, lr):
        nn.SGD(lr).update(self.params, self.gradient(x, t))


def draw_fix(rng: np.random.Generator) -> Iterator[Case]:
    def case(d: int, h: int, c: int, n: int, note: str) -> Case:
        t = rng.permutation(np.arange(n) % c)
        inputs = {"sizes": (d, h, c), **random_params(rng, d, h, c, 0.8)}
        inputs |= {"x": rng.normal(size=(n, d)), "t": t, "lr": float(rng.uniform(0.1, 0.5))}
        return Case(inputs, note)

    yield case(3, 3, 3, 4, "as many inputs and hidden units as classes")
    yield case(5, 4, 3, 6, "5 inputs, 4 hidden units, 3 classes")
    yield case(3, 4, 2, 1, "a batch of one")


wrong = Mistakes(MendedWithRange)

wrong.answer("still the given code", GivenNet).says("""That is the given network still. Each of the
    three methods has one wrong line.""")

wrong.answer("order and step still wrong", RightLoss).says("""`loss` is mended. `gradient` still
    goes through the layers in the forward order, and `step` still changes one of the parameters
    twice and another one never.""")

wrong.answer("loss and step still wrong", RightOrder).says("""The order in `gradient` is mended.
    `loss` still gives the loss layer something that is no score, and `step` still changes one
    parameter twice and another one never.""")

wrong.answer("loss and order still wrong", RightStep).says("""`step` is mended. `loss` still gives
    the loss layer something that is no score, and `gradient` still goes through the layers in the
    forward order.""")


class LossAndOrder(RightLoss, RightOrder):
    """The step is still wrong."""


wrong.answer("step still wrong", LossAndOrder).says("""Read the four lines of `step` once more, name
    by name: one parameter is changed twice, with a gradient that is not its own.""")


class LossAndStep(RightLoss, RightStep):
    """The order is still wrong."""


wrong.answer("order still wrong", LossAndStep).says("""The way back begins at the loss, so the last
    layer comes first. Yours begins with the first one.""")

wrong.swap(
    "loss still wrong",
    ("scores = self.predict(x)", "y = self.predict(x)"),
    ("scores, np.eye(scores.shape[1])[t]", "x, y"),
).says("""The loss layer still gets `x` as scores and the scores as labels. The true labels do not
    occur in your loss at all.""")

wrong.swap(
    "scores compared with themselves",
    ("scores = self.predict(x)", "y = self.predict(x)"),
    ("scores, np.eye(scores.shape[1])[t]", "y, nn.softmax(y)"),
).says("You compare the predictions with themselves. The loss has to know the labels `t`.")

wrong.swap(
    "labels first",
    ("scores = self.predict(x)", "y = self.predict(x)"),
    ("scores, np.eye(scores.shape[1])[t]", "np.eye(y.shape[1])[t], y"),
).says("The labels stand where the scores belong. The order is scores, then labels.")

wrong.swap(
    "softmax before the loss layer",
    """
    scores = self.predict(x)
    return self.last_layer.forward(scores, np.eye(scores.shape[1])[t])""",
    "return self.last_layer.forward(nn.softmax(self.predict(x)), t)",
).says("The loss layer contains softmax already. Give it the scores as they are.")

wrong.swap(
    "reversed for good",
    """
    one, relu, two = self.layers
    one.backward(relu.backward(two.backward(self.last_layer.backward())))
    return {"W1": one.dW, "b1": one.db, "W2": two.dW, "b2": two.db}""",
    """
    dout = self.last_layer.backward()
    first, last = self.affine1, self.affine2
    self.layers.reverse()
    for layer in self.layers:
        dout = layer.backward(dout)
    return {"W1": first.dW, "b1": first.db, "W2": last.dW, "b2": last.db}""",
    of=MendedByHand,
).says("""`self.layers.reverse()` turns the list itself around. The next forward pass then runs
    through the layers backwards: use a reversed *copy*, or `reversed(…)`.""")

wrong.swap(
    "new arrays",
    "nn.SGD(lr).update(self.params, self.gradient(x, t))",
    """
    grads = self.gradient(x, t)
    for name in self.params:
        self.params[name] = self.params[name] - lr * grads[name]""",
).says("""`params[name] = params[name] - …` puts a new array into the dictionary. The layers still
    hold the old one, and the predictions never change.""")

wrong.swap(
    "uphill",
    "nn.SGD(lr).update(self.params, self.gradient(x, t))",
    """
    grads = self.gradient(x, t)
    for name in self.params:
        self.params[name] += lr * grads[name]""",
).says("You add the gradient. It points to where the loss *grows*.")

wrong.swap(
    "a gradient for every parameter anew",
    "nn.SGD(lr).update(self.params, self.gradient(x, t))",
    "for name in self.params:\n    self.params[name] -= lr * self.gradient(x, t)[name]",
).says("""You ask for the gradient once more before each parameter, when the others have moved
    already. All gradients belong to the place from which the step starts; and it costs four times
    as much.""")

wrong.swap(
    "learning rate forgotten",
    "nn.SGD(lr).update(self.params, self.gradient(x, t))",
    """
    grads = self.gradient(x, t)
    for name in self.params:
        self.params[name] -= grads[name]""",
).says("You subtract the whole gradient, whatever `lr` says.")

wrong.swap(
    "loss summed",
    """
    scores = self.predict(x)
    return self.last_layer.forward(scores, np.eye(scores.shape[1])[t])""",
    "return self.last_layer.forward(self.predict(x), t) * len(x)",
).says("Your loss is the sum over the batch. The loss layer's mean was right.")

wrong.swap(
    "integer labels first",
    """
    scores = self.predict(x)
    return self.last_layer.forward(scores, np.eye(scores.shape[1])[t])""",
    "return self.last_layer.forward(t, self.predict(x))",
).says("The labels stand where the scores belong. The order is scores, then labels.")


class NoForward(MendedNet):
    def gradient(self, x, t):
        dout = self.last_layer.backward()
        for layer in self.layers[::-1]:
            dout = layer.backward(dout)
        first, last = self.affine1, self.affine2
        return {"W1": first.dW, "b1": first.db, "W2": last.dW, "b2": last.db}


wrong.answer("no forward pass in gradient", NoForward).says("""`gradient(x, t)` does not go forward
    with its own x and t any more, so the layers still remember the batch before.""")

wrong.swap(
    "last bias forgotten",
    "nn.SGD(lr).update(self.params, self.gradient(x, t))",
    """
    grads = self.gradient(x, t)
    for name in ("W1", "b1", "W2"):
        self.params[name] -= lr * grads[name]""",
).says("`b2` is never updated now. Its line was wrong, not superfluous.")

wrong.swap(
    "inputs as scores",
    """
    scores = self.predict(x)
    return self.last_layer.forward(scores, np.eye(scores.shape[1])[t])""",
    "return self.last_layer.forward(x, t)",
).says("""The labels are in your loss now, and the predictions are not: the loss layer gets the
    inputs as scores, and no layer is ever run.""")

wrong.swap(
    "the other bias's gradient",
    "nn.SGD(lr).update(self.params, self.gradient(x, t))",
    """
    grads = self.gradient(x, t)
    for name, own in (("W1", "W1"), ("b1", "b1"), ("W2", "W2"), ("b2", "b1")):
        self.params[name] -= lr * grads[own]""",
).says("`b2` is changed now, with the gradient of `b1`.")


class NumericalGradient(MendedNet):
    def gradient(self, x, t):
        return {
            name: nn.numerical_gradient(lambda _: self.loss(x, t), param)
            for name, param in self.params.items()
        }


wrong.answer("gradient by nudges", NumericalGradient).says("""You ask the loss for every entry
    anew, numerically. That is how a gradient is *checked*; this one is to come from the layers'
    way back, after one forward pass.""")


EXERCISE = Exercise(
    id="ch06.network_fix",
    title="Find and fix: a network that runs and does not learn",
    kind="debug",
    points=2,
    difficulty=3,
    reference=MendedNet,
    accepted=(MendedByHand, MendedWithRange),
    mistakes=wrong.all,
    hints=(
        "Run it with N, D, H and C all different, and read where it stops. For what does not stop, ask "
        "of each line: which parameter, which gradient, in which order?",
        "`SoftmaxWithLoss.forward` takes scores and labels. The way back is the way forward reversed. "
        "Every parameter is changed once, by its own gradient.",
        "The skeleton:\n    def loss(self, x, t):\n"
        "        return self.last_layer.forward(…, …)\n"
        "    def gradient(self, x, t):\n        …\n        for layer in …:\n"
        "            dout = layer.backward(dout)\n        …\n"
        "    def step(self, x, t, lr):\n        grads = …\n        for name in self.params:\n"
        "            self.params[name] -= …",
    ),
    probe=Probe(probes.mended_network),
    draw=draw_fix,
    outputs=(
        Output("dW1", "(D, H)", "the shape of W1"),
        Output("db1", "(H,)", "the shape of b1"),
        Output("dW2", "(H, C)", "the shape of W2"),
        Output("db2", "(C,)", "the shape of b2"),
    ),
    remark="With D = H = C none of the three stops the program: test with sizes that all differ.",
)
