"""What several exercises of this chapter share."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib.checking import Case


def draw_fans(rng: np.random.Generator) -> Iterator[Case]:
    fan_in, fan_out = rng.choice(np.arange(20, 300), size=2, replace=False).tolist()
    yield Case({"fan_in": 784, "fan_out": 50}, "784 inputs, 50 outputs")
    yield Case({"fan_in": fan_in, "fan_out": fan_out}, f"{fan_in} inputs, {fan_out} outputs")
    yield Case({"fan_in": 3, "fan_out": 400}, "many more outputs than inputs")
    yield Case({"fan_in": 1, "fan_out": 7}, "a single input")
