"""Probes of chapter 01: a drill whose questions are drawn anew, and a counted walk back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from exercises_lib.checking import MisfitError, UnansweredError
from exercises_lib.checking.serialize import is_number
from exercises_lib.probes import Steps

LENGTH = 10
MOST = 10**9


@dataclass(frozen=True)
class Gate:
    """One question of the drill: a node, its two inputs, what arrives, and which gradient is asked.

    Args:
        sign: ``"+"``, ``"−"`` or ``"×"``.
        x: the first input.
        y: the second input.
        upstream: the gradient that arrives at the node.
        asked: ``"x"`` or ``"y"``.
    """

    sign: str
    x: int
    y: int
    upstream: int
    asked: str


def draw_gates(number: int) -> list[Gate]:
    """Draw the ten questions that belong to a number; five of them are multiplications."""
    rng = np.random.default_rng([101, number])
    signs = rng.permutation(["×"] * 5 + ["+"] * 2 + ["−"] * 3)
    return [gate for sign in signs for gate in _draw_one(str(sign), rng)]


def _draw_one(sign: str, rng: np.random.Generator) -> Iterator[Gate]:
    """Draw one question; its three numbers differ in size, and none of them is 0 or 1."""
    x, y, upstream = rng.permutation(np.arange(2, 10))[:3] * rng.choice([-1, 1], size=3)
    # The first term of a difference asks nothing that a sum does not ask.
    asked = "y" if sign == "−" and rng.random() < 0.7 else str(rng.choice(["x", "y"]))
    yield Gate(sign, int(x), int(y), int(upstream), asked)


def drill(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Read the number of a drill and its ten answers.

    Args:
        answer: ``{"number": …, "answers": […]}``.
        inputs: none.
    """
    if not isinstance(answer, dict) or not {"number", "answers"} <= answer.keys():
        raise MisfitError('The answer is a dictionary: {"number": …, "answers": […]}.')
    number, answers = answer["number"], answer["answers"]
    if answers is None:
        raise UnansweredError
    whole = isinstance(number, (int, np.integer)) and not isinstance(number, bool)
    if not whole or not 0 <= number < MOST:
        raise MisfitError(f"The number of a drill is a whole number from 0 to {MOST - 1:,}.")
    if isinstance(answers, np.ndarray):
        answers = answers.tolist()
    if not isinstance(answers, (list, tuple)) or len(answers) != LENGTH:
        raise MisfitError(
            f"There are {LENGTH} questions, so answers is a list of {LENGTH} numbers."
        )
    if any(one is None or one is ... for one in answers):
        raise UnansweredError("Some of the ten answers are still open.")
    for place, one in enumerate(answers, 1):
        if not is_number(one):
            raise MisfitError(f"Answer {place} is not a number.")
    yield "drill", {"number": int(number), "answers": [float(one) for one in answers]}
