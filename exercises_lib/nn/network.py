"""Networks: layers in a row, and the two-layer classifier that the course builds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike

from exercises_lib.nn.activations import Relu
from exercises_lib.nn.affine import Affine
from exercises_lib.nn.arrays import Array, Params
from exercises_lib.nn.initialisation import he
from exercises_lib.nn.losses import SoftmaxWithLoss
from exercises_lib.nn.regularisation import BatchNorm, Dropout, weight_decay
from exercises_lib.nn.training import accuracy


class Layer(Protocol):
    """Anything that can go forward and, afterwards, back."""

    def forward(self, x: Any) -> Any:
        """Return the output and keep what the way back needs."""

    def backward(self, dout: Any) -> Any:
        """Return the gradient with respect to the input."""


class Sequential:
    """Layers in a row; each one's output is the next one's input.

    Args:
        layers: Any objects with `forward(x)` and `backward(dout)`.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = list(layers)

    def forward(self, x: Any) -> Any:
        """Return what comes out of the last layer."""
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, dout: Any) -> Any:
        """Return the gradient with respect to the first layer's input, last layer first."""
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        return dout


class TwoLayerNet:
    """A classifier: Affine, ReLU, Affine, softmax with loss.

    Args:
        input_size: Numbers per sample, D.
        hidden_size: Units in the hidden layer.
        output_size: Number of classes, C.
        rng: Draws the weights, N(0, std²); the biases start at 0.
        std: Standard deviation of the first weights.
        dtype: float64, or float32 for speed; bring the data in the same.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        output_size: int,
        rng: np.random.Generator,
        std: float = 0.01,
        dtype: DTypeLike = np.float64,
    ) -> None:
        self.params: Params = {
            "W1": (std * rng.standard_normal((input_size, hidden_size))).astype(dtype),
            "b1": np.zeros(hidden_size, dtype),
            "W2": (std * rng.standard_normal((hidden_size, output_size))).astype(dtype),
            "b2": np.zeros(output_size, dtype),
        }
        # The layers hold these very arrays: whoever updates them in place updates the network.
        self.affine1 = Affine(self.params["W1"], self.params["b1"], needs_dx=False)
        self.affine2 = Affine(self.params["W2"], self.params["b2"])
        self.layers: list[Layer] = [self.affine1, Relu(), self.affine2]
        self.last_layer = SoftmaxWithLoss()

    def predict(self, x: Array) -> Array:
        """Return the scores, (N, C), of a batch, (N, D)."""
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def loss(self, x: Array, t: Array) -> float:
        """Return the mean cross-entropy of a batch; t are integers (N,) or one-hot rows (N, C)."""
        return self.last_layer.forward(self.predict(x), t)

    def accuracy(self, x: Array, t: Array) -> float:
        """Return which part of a batch gets its largest score for the right class."""
        return accuracy(self.predict(x), t)

    def loss_and_gradient(self, x: Array, t: Array) -> tuple[float, Params]:
        """Return the loss and the gradient of every parameter, by one pass there and back."""
        return self.loss(x, t), self._backward()

    def gradient(self, x: Array, t: Array) -> Params:
        """Return the gradient of the loss with respect to every parameter, by name."""
        self.loss(x, t)
        return self._backward()

    def _backward(self) -> Params:
        dout = self.last_layer.backward()
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        return {
            "W1": self.affine1.dW,
            "b1": self.affine1.db,
            "W2": self.affine2.dW,
            "b2": self.affine2.db,
        }


class DeepNet:
    """A classifier of any depth, with the remedies of chapter 9 to switch on.

    For every hidden layer: Affine, BatchNorm if wanted, activation, Dropout if wanted. Then a last
    Affine and softmax with loss.

    Args:
        sizes: Units per layer, from the inputs to the classes: (64, 100, 100, 10).
        rng: Draws the weights, and later the units that dropout switches off.
        std: Gives the standard deviation of a layer's first weights from its numbers of inputs and
            outputs: `xavier`, or by default `he` of the inputs.
        activation: The class of the hidden layers' activation: Relu, Sigmoid or Tanh.
        batch_norm: Whether to normalise before every activation.
        dropout: Which part of the hidden units to switch off while training.
        decay: Strength of the weight decay, which becomes part of the loss.
        dtype: float64, or float32.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        rng: np.random.Generator,
        std: Callable[[int, int], float] = lambda fan_in, fan_out: he(fan_in),
        activation: Callable[[], Layer] = Relu,
        batch_norm: bool = False,
        dropout: float = 0.0,
        decay: float = 0.0,
        dtype: DTypeLike = np.float64,
    ) -> None:
        self.rng, self.decay = rng, decay
        self.params: Params = {}
        self.layers: list[Layer] = []
        self.last_layer = SoftmaxWithLoss()
        # Where each parameter lives: in an attribute of a layer, whose gradient is d + its name.
        self._homes: dict[str, tuple[Layer, str]] = {}
        for i, (d, m) in enumerate(pairwise(sizes), start=1):
            W = (std(d, m) * rng.standard_normal((d, m))).astype(dtype)
            self._add(Affine(W, np.zeros(m, dtype), needs_dx=i > 1), i, "W", "b")
            if i == len(sizes) - 1:
                break
            if batch_norm:
                self._add(BatchNorm(m, dtype=dtype), i, "gamma", "beta")
            self.layers.append(activation())
            if dropout:
                self.layers.append(Dropout(dropout))

    def _add(self, layer: Layer, number: int, *names: str) -> None:
        self.layers.append(layer)
        for name in names:
            self.params[f"{name}{number}"] = getattr(layer, name)
            self._homes[f"{name}{number}"] = (layer, f"d{name}")

    def predict(self, x: Array, train: bool = False) -> Array:
        """Return the scores, (N, C), of a batch, (N, D)."""
        for layer in self.layers:
            if isinstance(layer, BatchNorm | Dropout):
                x = layer.forward(x, train, self.rng)
            else:
                x = layer.forward(x)
        return x

    def accuracy(self, x: Array, t: Array) -> float:
        """Return which part of a batch gets its largest score for the right class."""
        return accuracy(self.predict(x), t)

    def loss(self, x: Array, t: Array) -> float:
        """Return what training lowers: cross-entropy, in training mode, plus the weight decay."""
        return self.loss_and_gradient(x, t)[0]

    def gradient(self, x: Array, t: Array) -> Params:
        """Return the gradient of the loss with respect to every parameter, by name."""
        return self.loss_and_gradient(x, t)[1]

    def loss_and_gradient(self, x: Array, t: Array) -> tuple[float, Params]:
        """Return the loss and the gradient of every parameter, by one pass there and back."""
        loss = self.last_layer.forward(self.predict(x, train=True), t)
        dout = self.last_layer.backward()
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        grads = {name: getattr(layer, d) for name, (layer, d) in self._homes.items()}
        if self.decay:
            loss += weight_decay(self.params, grads, self.decay)
        return loss, grads
