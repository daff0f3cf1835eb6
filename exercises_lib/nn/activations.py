"""Activation functions as layers: ReLU, sigmoid, tanh."""

from __future__ import annotations

import numpy as np

from exercises_lib.nn.arrays import Array


def sigmoid(x: Array) -> Array:
    """Return σ(x) = 1 / (1 + e⁻ˣ), element by element, without overflow.

    For x < 0 the same number is eˣ / (1 + eˣ), so the exponent is never positive.

    Args:
        x: float, any shape.

    Returns:
        An array of the same shape and dtype, between 0 and 1.
    """
    e = np.exp(-np.abs(x))
    result: Array = np.where(np.asarray(x) >= 0, 1, e) / (1 + e)
    return result


class Relu:
    """Let positive numbers through and set the others to zero: out = max(x, 0)."""

    def forward(self, x: Array) -> Array:
        """Return max(x, 0), any shape, and keep where x was positive."""
        self.mask = x > 0
        out: Array = np.maximum(x, 0)
        return out

    def backward(self, dout: Array) -> Array:
        """Return dx = dout where x was positive, 0 elsewhere; `dout` itself stays as it is."""
        return dout * self.mask


class Sigmoid:
    """Squash every number into (0, 1): out = σ(x)."""

    def forward(self, x: Array) -> Array:
        """Return σ(x), any shape, and keep it: the derivative is written with the output."""
        self.out = sigmoid(x)
        return self.out

    def backward(self, dout: Array) -> Array:
        """Return dx = dout · σ(x) · (1 - σ(x))."""
        dx: Array = dout * self.out * (1 - self.out)
        return dx


class Tanh:
    """Squash every number into (-1, 1): out = tanh(x)."""

    def forward(self, x: Array) -> Array:
        """Return tanh(x), any shape, and keep it: the derivative is written with the output."""
        self.out: Array = np.tanh(x)
        return self.out

    def backward(self, dout: Array) -> Array:
        """Return dx = dout · (1 - tanh²(x))."""
        dx: Array = dout * (1 - self.out**2)
        return dx
