"""Losses: softmax with cross-entropy, its binary sister, and the mean squared error."""

from __future__ import annotations

import numpy as np

from exercises_lib.nn.activations import sigmoid
from exercises_lib.nn.arrays import Array


def softmax(x: Array) -> Array:
    """Turn scores into probabilities, row by row: yᵢ = exp(xᵢ) / Σⱼ exp(xⱼ).

    Subtracting a row's largest score changes nothing in the quotient and keeps exp from
    overflowing.

    Args:
        x: float, (N, C), or (C,) for one sample.

    Returns:
        The same shape; every row is positive and sums to 1.
    """
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    y: Array = e / e.sum(axis=-1, keepdims=True)
    return y


def cross_entropy(y: Array, t: Array) -> float:
    """Return the mean over the batch of -log(probability given to the right class).

    Args:
        y: Probabilities, float, (N, C), or (C,) for one sample.
        t: The right classes: integers, (N,) or one number, or one-hot rows of y's shape.

    Raises:
        ValueError: If the labels fit neither form, or a class does not exist.
    """
    t = np.asarray(t)
    if y.ndim == 1:
        y, t = y[np.newaxis], t[np.newaxis]
    t = _labels(t, y.shape)
    # A probability that was rounded to 0 costs 708 (87 in float32), not infinity.
    log_y = np.log(np.maximum(y, np.finfo(y.dtype).tiny))
    return -float(_pick(log_y, t).mean())


class SoftmaxWithLoss:
    """Softmax and cross-entropy as one layer, whose gradient is (y - t) / N.

    The loss is computed from the scores, log Σⱼ exp(xⱼ) - xₜ, so it stays exact where a
    probability is too small to be written down.
    """

    def forward(self, x: Array, t: Array) -> float:
        """Return the mean loss of the batch.

        Args:
            x: Scores, float, (N, C).
            t: The right classes: integers (N,), or one-hot rows (N, C).

        Raises:
            ValueError: If the labels fit neither form, or a class does not exist.
        """
        self.t = _labels(np.asarray(t), x.shape)
        n = len(x)
        # The largest score of each row. x.max(axis=1) takes five times as long on short rows.
        largest = x[np.arange(n), x.argmax(axis=1)]
        y = x - largest[:, np.newaxis]
        right = _pick(y, self.t)
        np.exp(y, out=y)
        total = y.sum(axis=1)
        y /= total[:, np.newaxis]
        self.y: Array = y
        return float((np.log(total) - right).sum()) / n

    def backward(self, dout: float = 1.0) -> Array:
        """Return dx = dout · (y - t) / N, shape (N, C); t counts as one-hot rows."""
        dx = self.y.copy()
        if self.t.ndim == 1:
            dx[np.arange(len(dx)), self.t] -= 1
        else:
            dx -= self.t
        dx *= float(dout) / len(dx)
        return dx


def binary_cross_entropy(p: Array, t: Array) -> tuple[float, Array]:
    """Return the mean of -t·log(p) - (1-t)·log(1-p) over all entries, and its gradient.

    dp = (p - t) / (p (1 - p)) / number of entries. At 0 and 1 both would be infinite, so p is
    kept a rounding error away from them.

    Args:
        p: Probabilities of class 1, float, any shape.
        t: Labels 0 or 1, the same shape.

    Raises:
        ValueError: If the shapes differ.
    """
    _same_shape(p, t)
    eps = np.finfo(p.dtype).eps
    p = np.clip(p, eps, 1 - eps)
    loss = -np.mean(t * np.log(p) + (1 - t) * np.log1p(-p))
    dp: Array = (p - t) / (p * (1 - p)) / p.size
    return float(loss), dp


class SigmoidWithLoss:
    """Sigmoid and binary cross-entropy as one layer, whose gradient is (p - t) / N."""

    def forward(self, x: Array, t: Array) -> float:
        """Return the mean loss, max(x, 0) - x·t + log(1 + exp(-|x|)), which cannot overflow.

        Args:
            x: Scores, float, any shape.
            t: Labels 0 or 1, the same shape.

        Raises:
            ValueError: If the shapes differ.
        """
        _same_shape(x, t)
        self.p, self.t = sigmoid(x), t
        return float(np.mean(np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x)))))

    def backward(self, dout: float = 1.0) -> Array:
        """Return dx = dout · (p - t) / number of entries."""
        dx: Array = (self.p - self.t) * (dout / self.p.size)
        return dx


def mean_squared_error(y: Array, t: Array) -> tuple[float, Array]:
    """Return the mean of (y - t)² over all entries, and its gradient dy = 2 (y - t) / entries.

    Args:
        y: Predictions, float, any shape.
        t: Targets, the same shape.

    Raises:
        ValueError: If the shapes differ; (N, 1) and (N,) would broadcast to (N, N).
    """
    _same_shape(y, t)
    difference = y - t
    return float(np.mean(difference**2)), 2 * difference / y.size


def _labels(t: Array, shape: tuple[int, ...]) -> Array:
    """Return the labels as integers (N,) or one-hot rows (N, C), or say what is wrong."""
    n, classes = shape
    if t.shape == shape:
        return t
    if t.shape != (n,) or t.dtype.kind not in "iu":
        raise ValueError(
            f"t must be integers of shape ({n},) or one-hot rows of shape ({n}, {classes}); "
            f"it is {t.dtype} of shape {t.shape}."
        )
    if t.min() < 0 or t.max() >= classes:
        raise ValueError(
            f"The scores have {classes} classes, so labels go from 0 to {classes - 1}; "
            f"t has labels from {t.min()} to {t.max()}."
        )
    return t


def _pick(rows: Array, t: Array) -> Array:
    """Return the entry of every row that belongs to its label."""
    if t.ndim == 1:
        return rows[np.arange(len(rows)), t]
    picked: Array = (rows * t).sum(axis=1)
    return picked


def _same_shape(y: Array, t: Array) -> None:
    if y.shape != np.shape(t):
        raise ValueError(f"Predictions have shape {y.shape}, targets {np.shape(t)}: make them one.")
