"""Drawn parameters, and two pieces of wrong checks."""

from __future__ import annotations

from typing import Any

import numpy as np


def never_put_back(f, x, h=1e-5):
    grad = np.zeros(x.shape)
    for at in np.ndindex(x.shape):
        x[at] += h
        above = f(x)
        x[at] -= 2 * h
        grad[at] = (above - f(x)) / (2 * h)
    return grad


def by_entry(a, b, floor):
    return np.abs(a - b) / np.maximum(np.abs(a) + np.abs(b), floor)


def random_params(
    rng: np.random.Generator, d: int, h: int, c: int, scale: float = 1.0
) -> dict[str, Any]:
    """Draw all four parameters so large that ReLUs open and close and predictions differ."""
    return {
        "W1": scale * rng.normal(size=(d, h)),
        "b1": 0.5 * rng.normal(size=h),
        "W2": scale * rng.normal(size=(h, c)),
        "b2": 0.5 * rng.normal(size=c),
    }
