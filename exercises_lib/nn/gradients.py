"""Is a gradient right? Ask the function itself: numerical gradients and gradient checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from exercises_lib.nn.affine import Affine
from exercises_lib.nn.arrays import Array, Params
from exercises_lib.nn.network import Layer, TwoLayerNet


class Network(Protocol):
    """What a gradient check needs to know of a network."""

    params: Params

    def loss(self, x: Array, t: Array) -> float:
        """Return the loss of a batch."""

    def gradient(self, x: Array, t: Array) -> Params:
        """Return the gradient of every parameter."""


def numerical_gradient(f: Callable[[Array], float], x: Array, h: float = 1e-5) -> Array:
    """Approximate df/dx by central differences, (f(x + h) - f(x - h)) / 2h, entry by entry.

    Args:
        f: Takes x and returns a number. It may also read the array itself from elsewhere, as a
            network reads its weights: x is changed in place and restored.
        x: float64, any shape. In float32 rounding errors drown a step as small as this.
        h: The step. Larger ones meet the curvature, smaller ones rounding errors.

    Returns:
        float64, the shape of x.

    Raises:
        TypeError: If x holds integers, to which a small step cannot be added.
    """
    if x.dtype.kind != "f":
        raise TypeError(f"x must hold floats, not {x.dtype}: write x.astype(float).")
    grad = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        original = x[index]
        try:
            x[index] = original + h
            above = f(x)
            x[index] = original - h
            below = f(x)
        finally:
            x[index] = original
        grad[index] = (above - below) / (2 * h)
    return grad


def relative_error(a: Array | float, b: Array | float, floor: float = 1e-8) -> float:
    """Return the largest |a - b| / (|a| + |b|) over all entries; 0 where both are 0.

    Args:
        a: float, any shape.
        b: The same shape.
        floor: The least denominator: how small a number counts as zero.

    Returns:
        Between 0 (equal) and 1 (opposite signs, or one of them zero). Infinity if an entry is not
        a number, so that `error < tolerance` is False.

    Raises:
        ValueError: If the shapes differ; broadcasting would hide it.
    """
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        raise ValueError(f"The shapes differ: {a.shape} and {b.shape}.")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return np.inf
    return float(np.max(np.abs(a - b) / np.maximum(np.abs(a) + np.abs(b), floor), initial=0.0))


def gradient_check(net: Network, x: Array, t: Array, h: float = 1e-5) -> dict[str, float]:
    """Compare backpropagation with numerical gradients, one parameter after the other.

    Two losses for every single weight: for a real network take `fast_gradient_check`.

    Args:
        net: Has `params`, `loss(x, t)` and `gradient(x, t)`.
        x: float64, (N, D).
        t: Labels.
        h: The step.

    Returns:
        The relative error of each parameter's gradient; infinity for one of the wrong shape, or
        with an entry that is no number.
    """
    grads = net.gradient(x, t)
    return {
        name: _error(grads[name], numerical_gradient(lambda _: net.loss(x, t), p, h))
        for name, p in net.params.items()
    }


def fast_gradient_check(net: TwoLayerNet, x: Array, t: Array, h: float = 1e-5) -> dict[str, float]:
    """Compare the same gradients, but disturb the outputs of the affine layers, not the weights.

    If a layer computes a = x · W + b, a weight acts on the loss only through a, so one numerical
    gradient of the N · M entries of a gives all D · M + M gradients of the layer: dW = xᵀ · da and
    db = Σₙ daₙ. Whether the layer does compute that is asked of the network itself: when all
    entries of W move at once, in a random direction V, its loss must rise at the rate Σ dW · V.

    Args:
        net: Has `layers`, of which the affine ones are numbered from 1, and `last_layer`.
        x: float64, (N, D).
        t: Labels.
        h: The step.

    Returns:
        The relative error of each parameter's gradient, under the names of `gradient_check`.
    """
    grads, batch = net.gradient(x, t), x
    errors: dict[str, float] = {}
    number = 0
    for place, layer in enumerate(net.layers, start=1):
        a = layer.forward(x)
        if isinstance(layer, Affine):
            number += 1

            def loss_from(a: Array, rest: list[Layer] = net.layers[place:]) -> float:
                for later in rest:
                    a = later.forward(a)
                return net.last_layer.forward(a, t)

            da = numerical_gradient(loss_from, a, h)
            flat = x.reshape(len(x), -1)
            errors[f"W{number}"] = _error(grads[f"W{number}"], flat.T @ da)
            errors[f"b{number}"] = _error(grads[f"b{number}"], da.sum(axis=0))
        x = a
    return {
        name: max(error, _error_along(net, name, grads[name], batch, t, h))
        for name, error in errors.items()
    }


def _error(grad: Array, numerical: Array) -> float:
    """Return the relative error of a network's gradient, where 1e-3 is small.

    Rounding disturbs a numerical gradient by about 1e-10, which is nothing beside 1e-3.
    """
    if np.shape(grad) != numerical.shape:
        return np.inf
    return relative_error(grad, numerical, floor=1e-3)


def _error_along(
    net: Network, name: str, grad: Array, x: Array, t: Array, h: float, directions: int = 4
) -> float:
    """Return the relative error of a parameter's gradient along random directions."""
    rng = np.random.default_rng(0)
    p = net.params[name]
    original = p.copy()
    found, measured = [], []
    try:
        for _ in range(directions):
            # Of length 1, so that no single weight moves further than in the plain check.
            v = rng.standard_normal(p.shape)
            v /= np.linalg.norm(v)
            p[...] = original + h * v
            above = net.loss(x, t)
            p[...] = original - h * v
            measured.append((above - net.loss(x, t)) / (2 * h))
            found.append(np.sum(grad * v) if np.shape(grad) == v.shape else np.inf)
    finally:
        p[...] = original
    return _error(np.array(found), np.array(measured))


def check_layer(layer: Any, x: Array, rng: np.random.Generator, h: float = 1e-5) -> float:
    """Compare a layer's gradients with numerical ones, for a random upstream gradient.

    An upstream gradient of ones would hide a `dout` that is forgotten. The number that is
    differentiated is Σ out · dout. An attribute such as `W` counts as a parameter if `backward`
    sets its partner `dW`.

    Args:
        layer: Has `forward(x)` and `backward(dout)`.
        x: float64, any shape that the layer takes.
        rng: Draws `dout`.
        h: The step.

    Returns:
        The largest relative error of dx and of every parameter's gradient.
    """
    x = x.copy()
    dout = rng.standard_normal(layer.forward(x).shape)

    def projected(_: Array) -> float:
        return float(np.sum(layer.forward(x) * dout))

    dx = layer.backward(dout)
    pairs = [] if dx is None else [(np.array(dx), x)]
    pairs += [
        (np.array(vars(layer)[f"d{name}"]), array)
        for name, array in vars(layer).items()
        if f"d{name}" in vars(layer)
    ]
    return max(_error(grad, numerical_gradient(projected, array, h)) for grad, array in pairs)
