"""Drawn numbers, and nodes along which a wrong answer is followed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import numpy as np

from exercises_lib.checking import Case


def pick(rng: np.random.Generator, low: float, high: float, sign: int = 0) -> float:
    """Draw a number between two magnitudes, of the given sign or of either.

    Each argument of a case has its own range, none of them holds 0 or 1: there x and 1/x, x and
    x², or x and y agree, and a wrong derivative looks right.
    """
    return float(rng.uniform(low, high)) * (sign or float(rng.choice([-1, 1])))


def sigma(x):
    """The sigmoid of one number of moderate size."""
    return 1 / (1 + math.exp(-x))


def draw_pair(rng: np.random.Generator) -> Iterator[Case]:
    """Two inputs and an upstream gradient, all three of different size."""
    for note, signs in (("", (1, 1, 1)), ("negative x and dout", (-1, 1, -1)), ("", (1, -1, 1))):
        x, y = pick(rng, 2.2, 3.5, signs[0]), pick(rng, 4.2, 6.5, signs[1])
        yield Case({"x": x, "y": y, "dout": pick(rng, 0.3, 0.8, signs[2])}, note)


Rule = Callable[[SimpleNamespace], float]


def follow(rules: dict[str, Rule], given: dict[str, float], **changed: Rule) -> dict[str, float]:
    """Compute the values of `rules` one after another, some rules replaced by others.

    So a slip at one gate spreads to all that come after it, as it does on paper.
    """
    v = SimpleNamespace(**given)
    for name, rule in {**rules, **changed}.items():
        setattr(v, name, rule(v))
    return {name: getattr(v, name) for name in rules}
