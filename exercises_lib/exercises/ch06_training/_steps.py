"""Steps of gradient descent, right and wrong."""

from __future__ import annotations

import numpy as np  # noqa: F401 - a swap uses it


def sgd_step(params, grads, lr):
    for name in params:
        params[name] -= lr * grads[name]


def step_weights_only(params, grads, lr):
    for name in params:
        if name.startswith("W"):
            params[name] -= lr * grads[name]
