"""The network that is worked by hand, and its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

HAND_INPUT, HAND_TARGET, HAND_RATE = np.array([0.9, 1.0]), 2.0, 0.1

HAND_PARAMS = {
    "W1": np.array([[0.2, 0.4], [0.3, 0.5]]),
    "b1": np.array([0.1, 0.2]),
    "W2": np.array([0.5, 0.6]),
    "b2": np.array(0.4),
}


def hand_forward(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return z, h, y and the loss ½(y − t)² of the network worked by hand."""
    z = HAND_INPUT @ params["W1"] + params["b1"]
    h = np.maximum(z, 0)
    y = h @ params["W2"] + params["b2"]
    return {"z": z, "h": h, "y": y, "loss": 0.5 * (y - HAND_TARGET) ** 2}


def hand_gradients(params: Mapping[str, Any], factor: float = 1.0) -> dict[str, Any]:
    """Return all gradients of the loss ½ · factor · (y − t)²."""
    forward = hand_forward(params)
    dy = factor * (forward["y"] - HAND_TARGET)
    dh = dy * params["W2"]
    dz = dh * (forward["z"] > 0)
    return {
        "dy": dy,
        "dW2": dy * forward["h"],
        "db2": dy,
        "dh": dh,
        "dz": dz,
        "dW1": np.outer(HAND_INPUT, dz),
        "db1": dz,
        "dx": params["W1"] @ dz,
    }


def entries(values: Mapping[str, Any]) -> dict[str, float]:
    """Spread arrays over single numbers: W1[0, 1] becomes ``W1_01``, h[0] ``h0``, b1[0] ``b1_0``."""
    flat = {}
    for name, value in values.items():
        for index, number in np.ndenumerate(value):
            digits = "".join(map(str, index))
            join = "_" if digits and name[-1].isdigit() else ""
            flat[f"{name}{join}{digits}"] = float(number)
    return flat


def rounded(values: Mapping[str, float], digits: int) -> dict[str, float]:
    return {name: round(number, digits) for name, number in values.items()}


FORWARD = entries(hand_forward(HAND_PARAMS))

GRADIENTS = entries(hand_gradients(HAND_PARAMS))

DZ = hand_gradients(HAND_PARAMS)["dz"]
