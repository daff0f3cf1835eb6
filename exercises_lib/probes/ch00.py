"""Probes of the primer: a function that gets a function, objects that remember."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from exercises_lib.checking import MisfitError
from exercises_lib.probes import Steps, name_of, need_class, need_function

CURVES: dict[str, Callable[[float], float]] = {
    "square": lambda x: x * x,
    "minus": lambda x: -x,
    "constant": lambda x: 5.0,
}
"""Functions that are handed over, by the name that the student reads."""


def with_a_curve(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Hand a function of `CURVES` to the answer.

    Args:
        answer: takes a function, a place and a step.
        inputs: ``curve``, ``x`` and ``step``.
    """
    need_function(answer)
    yield f"{name_of(answer)}(f, x, step)"
    yield "change", answer(CURVES[inputs["curve"]], inputs["x"], inputs["step"])


def counters(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Let two counters count in turns.

    Args:
        answer: the class, with ``add`` and ``total``.
        inputs: ``mine`` and ``yours``, numbers to add.
    """
    need_class(answer, ("add",))
    name = name_of(answer)
    yield f"{name}()"
    mine, yours = answer(), answer()
    after, others = [], []
    for one, other in zip(inputs["mine"], inputs["yours"], strict=True):
        yield "add(x)"
        after.append(mine.add(one))
        others.append(yours.add(other))
    yield "after each add", after
    yield "of another counter", others
    if not hasattr(mine, "total"):
        raise MisfitError(f"Your {name} has no attribute total.")
    yield "total", mine.total


def doubling_counter(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Ask for a class on top of a counter that begins at a given number.

    Args:
        answer: takes a class and returns one on top of it.
        inputs: ``start``, and ``numbers`` to add.
    """
    need_function(answer)

    class Counter:
        def __init__(self) -> None:
            self.total = inputs["start"]

        def add(self, x: Any) -> Any:
            self.total = self.total + x
            return self.total

    yield f"{name_of(answer)}(base)"
    made = answer(Counter)
    need_class(made, ("add",))
    one = made()
    after = []
    for number in inputs["numbers"]:
        yield "add(x)"
        after.append(one.add(number))
    yield "after each add", after
    if not hasattr(one, "total"):
        raise MisfitError("Its objects have no attribute total: what does the class take over?")
    yield "total", one.total
