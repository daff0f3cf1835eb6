"""Rules that turn gradients into updates, in place and with PyTorch's conventions.

Every optimiser has `update(params, grads)`: both are dictionaries with the same names. What an
optimiser remembers starts at zero when it first sees a parameter.
"""

from __future__ import annotations

import numpy as np

from exercises_lib.nn.arrays import Array, Params


class SGD:
    """Step against the gradient: W ← W - lr · g.

    Args:
        lr: The learning rate.
    """

    def __init__(self, lr: float = 0.01) -> None:
        self.lr = lr

    def update(self, params: Params, grads: Params) -> None:
        """Change every parameter in place."""
        for name, g in grads.items():
            params[name] -= self.lr * g


class Momentum:
    """Keep a velocity: v ← μ · v + g, W ← W - lr · v.

    Books that write v ← μ · v - lr · g, W ← W + v keep -lr times this velocity; as long as lr
    stays the same, the steps are the same.

    Args:
        lr: The learning rate.
        momentum: μ, which part of the velocity stays.
    """

    def __init__(self, lr: float = 0.01, momentum: float = 0.9) -> None:
        self.lr, self.momentum = lr, momentum
        self.v: Params = {}

    def update(self, params: Params, grads: Params) -> None:
        """Change every parameter in place."""
        for name, g in grads.items():
            v = _memory(self.v, name, g)
            v *= self.momentum
            v += g
            params[name] -= self.lr * v


class AdaGrad:
    """Divide by the root of all squares so far: s ← s + g², W ← W - lr · g / (√s + eps).

    Args:
        lr: The learning rate.
        eps: Keeps the denominator from 0; it is added outside the root.
    """

    def __init__(self, lr: float = 0.01, eps: float = 1e-10) -> None:
        self.lr, self.eps = lr, eps
        self.s: Params = {}

    def update(self, params: Params, grads: Params) -> None:
        """Change every parameter in place."""
        for name, g in grads.items():
            s = _memory(self.s, name, g)
            s += g * g
            params[name] -= self.lr * g / (np.sqrt(s) + self.eps)


class RMSProp:
    """AdaGrad that forgets: s ← α · s + (1 - α) · g², W ← W - lr · g / (√s + eps).

    Args:
        lr: The learning rate.
        alpha: α, which part of the memory stays.
        eps: Keeps the denominator from 0; it is added outside the root.
    """

    def __init__(self, lr: float = 0.01, alpha: float = 0.99, eps: float = 1e-8) -> None:
        self.lr, self.alpha, self.eps = lr, alpha, eps
        self.s: Params = {}

    def update(self, params: Params, grads: Params) -> None:
        """Change every parameter in place."""
        for name, g in grads.items():
            s = _memory(self.s, name, g)
            s *= self.alpha
            s += (1 - self.alpha) * (g * g)
            params[name] -= self.lr * g / (np.sqrt(s) + self.eps)


class Adam:
    """Momentum and RMSProp together, corrected for starting at zero.

    At step k: m ← β₁ · m + (1 - β₁) · g, s ← β₂ · s + (1 - β₂) · g²,
    W ← W - lr · m̂ / (√ŝ + eps) with m̂ = m / (1 - β₁ᵏ) and ŝ = s / (1 - β₂ᵏ).

    Args:
        lr: The learning rate.
        beta1: β₁, which part of the mean gradient stays.
        beta2: β₂, which part of the mean square stays.
        eps: Keeps the denominator from 0; it is added outside the root.

    Source: Kingma and Ba, "Adam: a method for stochastic optimization", 2015.
    """

    def __init__(
        self, lr: float = 0.001, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8
    ) -> None:
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.steps = 0
        self.m: Params = {}
        self.s: Params = {}

    def update(self, params: Params, grads: Params) -> None:
        """Change every parameter in place."""
        self.steps += 1
        m_correction = 1 - self.beta1**self.steps
        s_correction = 1 - self.beta2**self.steps
        for name, g in grads.items():
            m, s = _memory(self.m, name, g), _memory(self.s, name, g)
            m *= self.beta1
            m += (1 - self.beta1) * g
            s *= self.beta2
            s += (1 - self.beta2) * (g * g)
            m_hat, s_hat = m / m_correction, s / s_correction
            params[name] -= self.lr * m_hat / (np.sqrt(s_hat) + self.eps)


def _memory(store: Params, name: str, like: Array) -> Array:
    """Return what is remembered for this parameter: zeros the first time."""
    if name not in store:
        store[name] = np.zeros_like(like)
    return store[name]


def clip(grads: Params, limit: float) -> float:
    """Shorten all gradients together to the length `limit` if they are longer; return the length.

    norm = √(Σ g²) over every number of every array; if norm > limit, each g becomes g · limit /
    norm. One factor for all of them, so the direction of the step stays what it was.

    Args:
        grads: The gradients by name, changed in place.
        limit: The greatest length that is left, above 0.

    Returns:
        The length before.

    Raises:
        ValueError: If the limit is not above 0.

    Source: Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks",
    2013.
    """
    if not limit > 0:
        raise ValueError(f"The limit must be above 0, not {limit}.")
    norm = float(np.sqrt(sum(np.sum(g.astype(np.float64) ** 2) for g in grads.values())))
    if norm > limit:
        for g in grads.values():
            g *= limit / norm
    return norm
