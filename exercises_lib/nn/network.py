"""Networks: layers in a row, and the two-layer classifier that the course builds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike

from exercises_lib.nn.activations import Relu
from exercises_lib.nn.affine import Affine
from exercises_lib.nn.arrays import Array, Params
from exercises_lib.nn.losses import SoftmaxWithLoss
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
        loss = self.loss(x, t)
        dout = self.last_layer.backward()
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        return loss, {
            "W1": self.affine1.dW,
            "b1": self.affine1.db,
            "W2": self.affine2.dW,
            "b2": self.affine2.db,
        }

    def gradient(self, x: Array, t: Array) -> Params:
        """Return the gradient of the loss with respect to every parameter, by name."""
        return self.loss_and_gradient(x, t)[1]
