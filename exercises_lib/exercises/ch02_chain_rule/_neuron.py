"""The neuron, forward: what its way back needs."""

from __future__ import annotations

import math

from exercises_lib.exercises.ch02_chain_rule._shared import Rule, follow

W, X = (2.0, -3.0, -3.0), (-1.0, -2.0)

NEURON_FORWARD: dict[str, Rule] = {
    "p0": lambda v: W[0] * X[0],
    "p1": lambda v: W[1] * X[1],
    "s": lambda v: v.p0 + v.p1,
    "z": lambda v: v.s + W[2],
    "n": lambda v: -v.z,
    "u": lambda v: math.exp(v.n),
    "d": lambda v: 1 + v.u,
    "f": lambda v: 1 / v.d,
}


def neuron_forward(**changed: Rule) -> dict[str, float]:
    return follow(NEURON_FORWARD, {}, **changed)
