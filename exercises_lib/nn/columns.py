"""The banknote classifier in the functional style: dictionaries, and one sample per *column*.

Everything stands on its side compared with the other files: x is (D, N), weights are (M, D), a
bias is (M, 1), and a layer computes z = weight · a + bias. Hidden layers use ReLU, the last one
the sigmoid.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from exercises_lib.nn.activations import sigmoid
from exercises_lib.nn.arrays import Array, Params
from exercises_lib.nn.losses import binary_cross_entropy

Cache = dict[str, Array]
"""What a forward pass keeps: `a0` = x, then `z1`, `a1`, `z2`, … for every layer."""


def init_params(sizes: Sequence[int], rng: np.random.Generator, std: float = 0.3) -> Params:
    """Return first parameters: weights N(0, std²), biases 0.

    With five hidden units every one counts: much smaller or larger weights more often leave a unit
    at zero for every sample, where it learns nothing.

    Args:
        sizes: Units per layer, inputs first: (4, 5, 1) for the banknotes.
        rng: Draws the weights.
        std: Standard deviation of the weights.

    Returns:
        `weight1` (M, D), `bias1` (M, 1), `weight2`, …
    """
    params: Params = {}
    for i, (d, m) in enumerate(pairwise(sizes), start=1):
        params[f"weight{i}"] = std * rng.standard_normal((m, d))
        params[f"bias{i}"] = np.zeros((m, 1))
    return params


def one_layer_forward(
    a_prev: Array, weight: Array, bias: Array, activation: str
) -> tuple[Array, Array]:
    """Return (a, z) with z = weight · a_prev + bias and a = activation(z).

    Args:
        a_prev: float, (D, N).
        weight: float, (M, D).
        bias: float, (M, 1).
        activation: "relu" or "sigmoid".

    Raises:
        ValueError: If the activation is neither of them.
    """
    z: Array = weight @ a_prev + bias
    if activation == "relu":
        return np.maximum(z, 0), z
    if activation == "sigmoid":
        return sigmoid(z), z
    raise ValueError(f'The activation is "relu" or "sigmoid", not {activation!r}.')


def forward_pass(x: Array, params: Params) -> tuple[Array, Cache]:
    """Return the probability of class 1 for every sample, and what the way back needs.

    Args:
        x: float, (D, N).
        params: As from `init_params`.

    Returns:
        p, (1, N), and the cache `a0` = x, `z1`, `a1`, …
    """
    layers = len(params) // 2
    a = x
    cache: Cache = {"a0": x}
    for i in range(1, layers + 1):
        activation = "sigmoid" if i == layers else "relu"
        a, z = one_layer_forward(a, params[f"weight{i}"], params[f"bias{i}"], activation)
        cache[f"z{i}"], cache[f"a{i}"] = z, a
    return a, cache


def loss_and_accuracy(p: Array, t: Array) -> tuple[float, float]:
    """Return the mean binary cross-entropy, and which part of the samples is classified rightly.

    Args:
        p: Probabilities of class 1, float, (1, N).
        t: Labels 0 or 1, (1, N).

    Raises:
        ValueError: If the shapes differ.
    """
    loss, _ = binary_cross_entropy(p, t)
    return loss, float(np.mean((p > 0.5) == (t > 0.5)))


def one_layer_backward(dz: Array, a_prev: Array, weight: Array) -> tuple[Array, Array, Array]:
    """Return (da_prev, d_weight, d_bias) of z = weight · a_prev + bias.

    da_prev = weightᵀ · dz, d_weight = dz · a_prevᵀ, d_bias = Σₙ dzₙ: the sum runs along the
    rows, for the samples are columns.

    Args:
        dz: float, (M, N).
        a_prev: float, (D, N).
        weight: float, (M, D).

    Returns:
        Shapes (D, N), (M, D) and (M, 1).
    """
    return weight.T @ dz, dz @ a_prev.T, dz.sum(axis=1, keepdims=True)


def backward_pass(p: Array, t: Array, cache: Cache, params: Params) -> Params:
    """Return the gradient of the mean binary cross-entropy with respect to every parameter.

    It starts at the last z with (p - t) / N. Differentiating the loss and the sigmoid one after
    the other would divide 0 by 0 as soon as a probability is rounded to 0 or 1.

    Args:
        p: The probabilities from `forward_pass`, (1, N).
        t: Labels 0 or 1, (1, N).
        cache: From the same forward pass; it stays as it is.
        params: The parameters it was made with.

    Returns:
        `d_weight1`, `d_bias1`, … with the shapes of the parameters.
    """
    grads: Params = {}
    dz = (p - t) / p.shape[1]
    for i in range(len(params) // 2, 0, -1):
        da, grads[f"d_weight{i}"], grads[f"d_bias{i}"] = one_layer_backward(
            dz, cache[f"a{i - 1}"], params[f"weight{i}"]
        )
        if i > 1:
            dz = da * (cache[f"z{i - 1}"] > 0)
    return grads


def update(params: Params, grads: Params, lr: float) -> None:
    """Step against the gradient, in place: weight ← weight - lr · d_weight, and so on."""
    for name in params:
        params[name] -= lr * grads[f"d_{name}"]


def split(
    x: Array, t: Array, n_train: int, rng: np.random.Generator
) -> tuple[Array, Array, Array, Array]:
    """Divide samples at random into a training and a validation set.

    Args:
        x: float, (D, N).
        t: Labels, (1, N); each stays with its sample.
        n_train: Samples in the training set.
        rng: Draws the order.

    Returns:
        x_train (D, n_train), t_train, x_val (D, N - n_train), t_val.

    Raises:
        ValueError: If one of the sets would be empty.
    """
    n = x.shape[1]
    if not 0 < n_train < n:
        raise ValueError(f"Of {n} samples, {n_train} cannot be set aside for training.")
    order = rng.permutation(n)
    train, val = order[:n_train], order[n_train:]
    return x[:, train], t[:, train], x[:, val], t[:, val]
