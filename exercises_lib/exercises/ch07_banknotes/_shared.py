"""What several exercises of this chapter share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from exercises_lib.nn import columns, sigmoid


def sizes_of_a_layer(rng: np.random.Generator) -> tuple[int, int, int]:
    """Draw N, D and M from 2 to 6, all different."""
    n, d, m = rng.choice(np.arange(2, 7), size=3, replace=False).tolist()
    return n, d, m


def network(
    rng: np.random.Generator, sizes: Sequence[int], std: float = 0.8
) -> dict[str, np.ndarray]:
    """Draw parameters with biases that are not zero."""
    params = columns.init_params(sizes, rng, std)
    return {name: p + 0.3 * rng.normal(size=p.shape) for name, p in params.items()}


def labels(rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw labels of shape (1, n), both classes among them if n allows it."""
    t = (np.arange(n) % 2 + rng.integers(2)) % 2
    return rng.permutation(t)[np.newaxis].astype(float)


def depth(params: Mapping[str, Any]) -> int:
    return len(params) // 2


def one_layer_forward(a_prev, weight, bias, activation):
    z = weight @ a_prev + bias
    a = np.maximum(z, 0) if activation == "relu" else sigmoid(z)
    return a, z


def one_layer_backward(dz, a_prev, weight):
    return weight.T @ dz, dz @ a_prev.T, dz.sum(axis=1, keepdims=True)
