"""A two-layer network with softmax and cross-entropy, every intermediate value by its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np

from exercises_lib.checking import Case

Rule = Callable[[SimpleNamespace], Any]


def forward(x, t, W1, b1, W2, b2, extra=0):
    """Go forward; see the notebook for the same lines.

    With a constant `extra` in S the loss is no longer the same for every shift, and `dm` not 0.
    """
    z1 = x @ W1 + b1
    h = np.maximum(z1, 0)
    z2 = h @ W2 + b2
    m = z2.max(axis=1, keepdims=True)
    s = z2 - m
    e = np.exp(s)
    S = e.sum(axis=1, keepdims=True) + extra
    inv = 1 / S
    y = e * inv
    log_y = np.log(y)
    found = {"x": x, "t": t, "W2": W2, "z1": z1, "h": h, "z2": z2, "m": m, "s": s, "e": e}
    return {**found, "S": S, "inv": inv, "y": y, "log_y": log_y}


def top(z2):
    """1 where the largest score of each row stands, else 0."""
    return np.eye(z2.shape[1])[z2.argmax(axis=1)]


RULES: dict[str, Rule] = {
    "dlog_y": lambda v: -v.t / len(v.t),
    "dy": lambda v: v.dlog_y / v.y,
    "dinv": lambda v: (v.dy * v.e).sum(axis=1, keepdims=True),
    "dS": lambda v: -v.dinv * v.inv**2,
    "de": lambda v: v.dy * v.inv + v.dS,
    "ds": lambda v: v.de * v.e,
    "dm": lambda v: -v.ds.sum(axis=1, keepdims=True),
    "dz2": lambda v: v.ds + top(v.z2) * v.dm,
    "dW2": lambda v: v.h.T @ v.dz2,
    "db2": lambda v: v.dz2.sum(axis=0),
    "dh": lambda v: v.dz2 @ v.W2.T,
    "dz1": lambda v: v.dh * (v.z1 > 0),
    "dW1": lambda v: v.x.T @ v.dz1,
    "db1": lambda v: v.dz1.sum(axis=0),
}
"""One line of the backward pass for each name, from the last to the first."""

SHAPES = {
    "dlog_y": ("(N, C)", "one number per sample and class"),
    "dy": ("(N, C)", "one number per sample and class"),
    "dinv": ("(N, 1)", "one number per sample"),
    "dS": ("(N, 1)", "one number per sample"),
    "de": ("(N, C)", "one number per sample and class"),
    "ds": ("(N, C)", "one number per sample and class"),
    "dm": ("(N, 1)", "one number per sample"),
    "dz2": ("(N, C)", "one number per score"),
    "dW2": ("(H, C)", "one number per weight"),
    "db2": ("(C,)", "one number per score"),
    "dh": ("(N, H)", "one number per hidden unit"),
    "dz1": ("(N, H)", "one number per hidden unit"),
    "dW1": ("(D, H)", "one number per weight"),
    "db1": ("(H,)", "one number per hidden unit"),
}


def backward(given: dict[str, Any], rules: dict[str, Rule]) -> dict[str, Any]:
    """Follow rules one after the other: a slip spreads to all that comes after it."""
    v = SimpleNamespace(**given)
    for name, rule in rules.items():
        setattr(v, name, rule(v))
    return {name: getattr(v, name) for name in rules}


def draw_network(rng: np.random.Generator, n: int, d: int, h: int, c: int, extra: float = 0):
    """Draw a network and a batch, and go forward."""
    x, W1 = rng.normal(size=(n, d)), rng.normal(size=(d, h))
    b1, W2 = rng.normal(size=h), rng.normal(size=(h, c))
    t = np.eye(c)[rng.integers(0, c, n)]
    return forward(x, t, W1, b1, W2, rng.normal(size=c), extra)


def draw_networks(rng: np.random.Generator) -> Iterator[Case]:
    yield Case({"v": draw_network(rng, 3, 4, 5, 2)}, "N = 3, D = 4, H = 5, C = 2")
    yield Case({"v": draw_network(rng, 1, 3, 4, 5)}, "a batch of one")
    yield Case({"v": draw_network(rng, 4, 2, 3, 4)}, "as many samples as classes")
