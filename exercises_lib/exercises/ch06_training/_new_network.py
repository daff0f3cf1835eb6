"""What is drawn for a network of two layers, and how the parameters of a new one are judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from exercises_lib.checking import Case
from exercises_lib.checking.serialize import describe
from exercises_lib.exercises.ch06_training._shared import random_params


def draw_network(rng: np.random.Generator) -> Iterator[Case]:
    def seed() -> int:
        return int(rng.integers(2**31))

    def case(sizes: tuple[int, int, int], n: int, note: str, one_hot: bool = False) -> Case:
        d, _, c = sizes
        params = random_params(rng, *sizes)
        x, x2 = rng.normal(size=(n, d)), rng.normal(size=(n + 2, d))
        scores = np.maximum(x @ params["W1"] + params["b1"], 0) @ params["W2"] + params["b2"]
        # Two of three are classified rightly: an accuracy that nothing else is equal to by chance.
        t = (scores.argmax(axis=1) + (np.arange(n) % 3 == 2)) % c
        t2 = rng.integers(0, c, n + 2)
        labels = {"t": np.eye(c)[t], "t2": np.eye(c)[t2]} if one_hot else {"t": t, "t2": t2}
        return Case({"sizes": sizes, "seed": seed(), **params, "x": x, "x2": x2, **labels}, note)

    yield Case({"sizes": (20, 30, 10), "seed": seed()}, "a new network, std as by default")
    yield Case({"sizes": (20, 30, 10), "seed": seed(), "std": 0.5}, "a new network, std = 0.5")
    yield case((5, 4, 3), 14, "5 inputs, 4 hidden units, 3 classes, 14 samples")
    yield case((3, 5, 4), 11, "one-hot labels", one_hot=True)
    yield case((4, 2, 3), 1, "a batch of one")


def judge_start(name: str, shape: str) -> Callable[..., str | None]:
    """Make a comparison for a parameter of a new network: shape, size and mean."""

    def judge(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
        if not isinstance(got, np.ndarray) or got.dtype.kind != "f":
            return f"params[{name!r}] is {describe(got)}, expected an array of floats."
        if got.shape != expected.shape:
            return f"{name} has shape {got.shape}, expected {expected.shape} = {shape}."
        if name.startswith("b"):
            if np.any(got != 0):
                return f"{name} of a new network is not 0; biases start at 0."
            return None
        std = inputs.get("std", 0.01)
        found, mean = float(got.std()), float(got.mean())
        if not 0.75 * std < found < 1.25 * std:
            return f"The weights in {name} have standard deviation {found:.3g}, expected {std:g}."
        if not abs(mean) < 0.5 * std:
            return (
                f"The weights in {name} have mean {mean:.3g}, expected 0: as many below as above."
            )
        return None

    return judge


def judge_rng(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    """Ask for other weights from another generator."""
    if not isinstance(got, list) or len(got) != 2:
        return f"W1 is {describe(got)}, expected an array."
    if isinstance(got[0], np.ndarray) and np.array_equal(got[0], got[1]):
        return "Two networks made with different generators have the same W1."
    return None
