"""Remedies for overfitting and for signals that drift: weight decay, dropout, batch norm."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from exercises_lib.nn.arrays import Array, Params


def weight_decay(params: Params, grads: Params, strength: float) -> float:
    """Add strength · W to the gradient of every weight; return the penalty ½ · strength · Σ W².

    Weights are the parameters whose names begin with W or w. Biases, and the scale and shift of
    a batch normalisation, are left alone.

    Args:
        params: The parameters by name.
        grads: Their gradients, changed in place.
        strength: λ; 0 changes nothing.

    Returns:
        What to add to the loss so that loss and gradient agree.
    """
    penalty = 0.0
    for name, p in params.items():
        if name[0] in "Ww":
            grads[name] += strength * p
            penalty += 0.5 * strength * float(np.sum(p * p))
    return penalty


class Dropout:
    """Switch off a random part of the units while training (inverted dropout).

    What stays is divided by the part that stays, so the mean output is the same as in evaluation,
    where the layer does nothing.

    Args:
        rate: Which part is switched off, 0 <= rate < 1.

    Raises:
        ValueError: If the rate is outside.
    """

    def __init__(self, rate: float) -> None:
        if not 0 <= rate < 1:
            raise ValueError(f"The rate must be at least 0 and below 1, not {rate}.")
        self.rate = rate

    def forward(
        self, x: Array, train: bool = True, rng: np.random.Generator | None = None
    ) -> Array:
        """Return x times a fresh mask of 0 and 1 / (1 - rate); in evaluation, x itself.

        Args:
            x: float, any shape.
            train: Whether the network is being trained.
            rng: Draws the mask; needed for training only.

        Raises:
            ValueError: If rng is missing in training.
        """
        self.mask: Array | None = None
        if not train:
            return x
        if rng is None:
            raise ValueError("Dropout draws random units: pass rng=np.random.default_rng(seed).")
        kept = rng.random(x.shape) >= self.rate
        self.mask = kept.astype(x.dtype) / x.dtype.type(1 - self.rate)
        return x * self.mask

    def backward(self, dout: Array) -> Array:
        """Return dx: `dout` times the same mask."""
        return dout if self.mask is None else dout * self.mask


class BatchNorm:
    """Give every feature mean 0 and variance 1 over the batch, then let it be scaled and shifted.

    out = γ · x̂ + β with x̂ = (x - mean) / √(variance + eps). In evaluation the running mean and
    variance take the place of the batch's. As in PyTorch, running ← (1 - momentum) · running +
    momentum · batch, and the running variance is the unbiased one (divided by N - 1).

    Args:
        size: Number of features, M.
        momentum: The weight of the newest batch in the running statistics.
        eps: Keeps the denominator from 0.
        dtype: float64, or float32.

    Source: Ioffe and Szegedy, "Batch normalization", 2015.
    """

    def __init__(
        self, size: int, momentum: float = 0.1, eps: float = 1e-5, dtype: DTypeLike = np.float64
    ) -> None:
        self.gamma: Array = np.ones(size, dtype)
        self.beta: Array = np.zeros(size, dtype)
        self.running_mean: Array = np.zeros(size, dtype)
        self.running_var: Array = np.ones(size, dtype)
        self.momentum, self.eps = momentum, eps

    def forward(
        self, x: Array, train: bool = True, rng: np.random.Generator | None = None
    ) -> Array:
        """Return the normalised batch.

        Args:
            x: float, (N, M).
            train: Whether to use, and learn from, the statistics of this batch.
            rng: Not used; here so that all layers of this file are called alike.

        Raises:
            ValueError: If a single sample is to be normalised by its own statistics.
        """
        self.train = train
        if train:
            n = len(x)
            if n < 2:
                raise ValueError("Training needs at least 2 samples: one alone has no variance.")
            mean, variance = x.mean(axis=0), x.var(axis=0)
            self.running_mean += self.momentum * (mean - self.running_mean)
            self.running_var += self.momentum * (variance * n / (n - 1) - self.running_var)
        else:
            mean, variance = self.running_mean, self.running_var
        self.scale: Array = 1 / np.sqrt(variance + self.eps)
        self.x_hat: Array = (x - mean) * self.scale
        out: Array = self.gamma * self.x_hat + self.beta
        return out

    def backward(self, dout: Array) -> Array:
        """Set dgamma and dbeta, and return dx, (N, M).

        In training mean and variance depend on x too, which takes from x̂'s gradient its own mean
        and its part along x̂.
        """
        self.dgamma: Array = (dout * self.x_hat).sum(axis=0)
        self.dbeta: Array = dout.sum(axis=0)
        dx_hat = dout * self.gamma
        if self.train:
            along = (dx_hat * self.x_hat).mean(axis=0)
            dx_hat = dx_hat - dx_hat.mean(axis=0) - self.x_hat * along
        dx: Array = dx_hat * self.scale
        return dx


class LayerNorm:
    """Give every sample mean 0 and variance 1 over its features, then scale and shift them.

    out = γ · x̂ + β with x̂ = (x - mean) / √(variance + eps), mean and variance over the last axis,
    one of each a sample. Training and evaluation are the same: no sample looks at its neighbours.

    Args:
        size: Number of features, M.
        eps: Keeps the denominator from 0.
        dtype: float64, or float32.

    Source: Ba, Kiros and Hinton, "Layer normalization", 2016.
    """

    def __init__(self, size: int, eps: float = 1e-5, dtype: DTypeLike = np.float64) -> None:
        self.gamma: Array = np.ones(size, dtype)
        self.beta: Array = np.zeros(size, dtype)
        self.eps = eps

    def forward(self, x: Array) -> Array:
        """Return the normalised samples, (N, M), of x, (N, M)."""
        centred = x - x.mean(axis=1, keepdims=True)
        self.scale: Array = 1 / np.sqrt(np.mean(centred**2, axis=1, keepdims=True) + self.eps)
        self.x_hat: Array = centred * self.scale
        out: Array = self.gamma * self.x_hat + self.beta
        return out

    def backward(self, dout: Array) -> Array:
        """Set dgamma and dbeta, (M,), and return dx, (N, M)."""
        self.dgamma: Array = (dout * self.x_hat).sum(axis=0)
        self.dbeta: Array = dout.sum(axis=0)
        d = dout * self.gamma
        along = (d * self.x_hat).mean(axis=1, keepdims=True)
        dx: Array = self.scale * (d - d.mean(axis=1, keepdims=True) - self.x_hat * along)
        return dx
