"""Layers that write down when they are called, and how their order is judged."""

from __future__ import annotations

import numpy as np

from exercises_lib.checking import Output
from exercises_lib.checking.serialize import describe

ROTATIONS = (
    [[0.8, -1.1, 0.3], [0.5, 0.9, -0.7], [-1.2, 0.4, 0.6]],
    [[1.3, 0.2, -0.5], [-0.4, 0.7, 1.1], [0.9, -0.8, 0.6]],
)


def matrices(rng: np.random.Generator, count: int) -> list[np.ndarray]:
    """Draw square matrices that do not commute."""
    return [np.array(ROTATIONS[k % 2]) + 0.1 * rng.normal(size=(3, 3)) for k in range(count)]


def right_order(method: str):
    def compare(inputs, got, expected) -> str | None:
        if got == expected and isinstance(got, list):
            return None
        if not isinstance(got, list) or not all(isinstance(place, int) for place in got):
            return f"the layers were called in an order that is {describe(got)}."
        if not got:
            return f"Your {method} calls no layer's {method}."
        shown = ", ".join(str(place) for place in got[:8])
        wanted = ", ".join(str(place) for place in expected) or "none"
        return (
            f"Your {method} calls the layers in the order {shown}; expected {wanted}. "
            "(They are numbered as in the list, from 0.)"
        )

    return compare


def same_layers(inputs, got, expected) -> str | None:
    if isinstance(got, list) and got == expected:
        return None
    return "Your code changes the list of layers it was given: afterwards it is in another order."


ORDERS = (
    *(
        Output(f"{which}{method}_order", compare=right_order(method))
        for which in ("", "second ")
        for method in ("forward", "backward")
    ),
    Output("layers", compare=same_layers),
    Output("out", "", "the shape that the last layer gives"),
    Output("dx", "", "the shape of the network's input"),
)
