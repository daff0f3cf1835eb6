"""Batch normalisation as a graph: what its two gradients by hand are judged on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from exercises_lib.checking import Case


def batch_norm_nodes(x, gamma, eps):
    """Return every node of the forward pass that the backward pass may want, by name."""
    mean = x.mean(axis=0)
    centred = x - mean
    square = centred**2
    var = square.mean(axis=0)
    root = np.sqrt(var + eps)
    inverse = 1 / root
    return {
        "gamma": gamma, "centred": centred, "root": root, "inverse": inverse,
        "x_hat": centred * inverse,
    }  # fmt: skip


def draw_nodes(rng: np.random.Generator) -> Iterator[Case]:
    """Draw a gradient that arrives at a batch normalisation, and the nodes of its forward pass."""

    def case(n: int, m: int, note: str, dtype: type = np.float64) -> Case:
        x: Any = (rng.normal(size=(n, m)) * rng.uniform(0.5, 3, m) + rng.normal(size=m)).astype(
            dtype
        )
        gamma: Any = rng.uniform(0.5, 2, m).astype(dtype)
        nodes: dict[str, Any] = batch_norm_nodes(x, gamma, dtype(rng.uniform(0.05, 0.2)))
        return Case({"dout": rng.normal(size=(n, m)).astype(dtype), "nodes": nodes}, note)

    n, m, other = rng.choice(np.arange(3, 8), size=3, replace=False).tolist()
    yield case(n, m, f"N = {n}, M = {m}")
    yield case(other, n, f"N = {other}, M = {n}")
    yield case(m, 1, "a single feature")
    yield case(m, other, "float32", np.float32)
