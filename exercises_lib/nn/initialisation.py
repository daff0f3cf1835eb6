"""How large the first weights should be, so that signals neither fade nor explode."""

from __future__ import annotations

import math


def xavier(fan_in: int, fan_out: int) -> float:
    """Return the standard deviation √(2 / (fan_in + fan_out)), for tanh and sigmoid.

    A compromise between 1/fan_in, which keeps the forward signal, and 1/fan_out, which keeps the
    gradient.

    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", 2010.
    """
    return math.sqrt(2 / (fan_in + fan_out))


def he(fan_in: int) -> float:
    """Return the standard deviation √(2 / fan_in), for ReLU, which lets half of the signal pass.

    Source: He and others, "Delving deep into rectifiers", 2015.
    """
    return math.sqrt(2 / fan_in)
