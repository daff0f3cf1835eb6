"""Probes of chapter 02: a gate with a kink, named stages, functions to differentiate."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from exercises_lib.checking import MisfitError, UnansweredError
from exercises_lib.checking.serialize import describe, serialize
from exercises_lib.probes import Steps, call, name_of, need_function, unpack

CURVES: dict[str, Callable[[float], float]] = {
    "f(x) = x³": lambda x: x * x * x,
    "f(x) = exp(x)": math.exp,
    "f(x) = sin(3x)": lambda x: math.sin(3 * x),
    "f(x) = 1/x": lambda x: 1 / x,
    "f(x) = 5x − 2": lambda x: 5 * x - 2,
}
"""Functions whose derivative is asked for, by the name that the student reads."""


def gate(answer: Any, inputs: dict[str, Any], *, gradients: Sequence[str] = ("dx", "dy")) -> Steps:
    """Call the backward pass of a gate; at a tie of x and y only the sum of both is an output.

    Where x == y the larger one is not defined, and the gradient may be shared in any way.

    Args:
        answer: the function.
        inputs: its arguments, in order.
        gradients: names of what it returns.
    """
    need_function(answer)
    during = f"{name_of(answer)}({', '.join(inputs)})"
    yield during
    returned = unpack(answer(*inputs.values()), gradients, during)
    found = dict(item for item in returned if isinstance(item, tuple))
    if inputs["x"] != inputs["y"]:
        yield from found.items()
        return
    total: Any = 0.0
    for value in found.values():
        try:
            total += float(value)
        except (TypeError, ValueError):
            total = value  # not a number: the judge says what it is
            break
    yield " + ".join(gradients), total


def stages(answer: Any, inputs: dict[str, Any], *, names: Sequence[str]) -> Steps:
    """Call a function that returns a dictionary of named values.

    Args:
        answer: the function.
        inputs: its arguments, in order.
        names: the entries that the dictionary must have; others are ignored.
    """
    need_function(answer)
    during = f"{name_of(answer)}({', '.join(inputs)})"
    yield during
    result = answer(*inputs.values())
    if result is None:
        raise MisfitError(
            f"{during} returns None, expected a dictionary. Did you forget the return?"
        )
    if not isinstance(result, dict):
        raise MisfitError(
            f"{during} returns {describe(serialize(result))}, expected a dictionary with the "
            f"entries {', '.join(names)}."
        )
    lacking = [name for name in names if name not in result]
    if lacking:
        raise MisfitError(
            f"{during} returns a dictionary without an entry for {', '.join(lacking)}."
        )
    for name in names:
        yield name, result[name]


def derivative(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Ask for the numerical derivative of one of the `CURVES`.

    Args:
        answer: takes a function, a point and a step.
        inputs: ``curve``, a key of `CURVES`; ``x``; ``h``.
    """
    need_function(answer)
    yield f"{name_of(answer)}(f, x, h)"
    yield "derivative", answer(CURVES[inputs["curve"]], inputs["x"], inputs["h"])


def gates(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Call one gate of a catalogue; what it returns is named after it.

    Args:
        answer: a dictionary: name of a gate → its backward function.
        inputs: ``gate``, the name; then the function's arguments, in order.
    """
    if not isinstance(answer, dict):
        raise MisfitError(
            f"The answer is {describe(serialize(answer))}, expected a dictionary: "
            "name of the gate → its function."
        )
    name = inputs["gate"]
    if name not in answer:
        raise MisfitError(f"There is no entry {name!r} in the dictionary.")
    if answer[name] is None:
        raise UnansweredError(f"Still open: the gate {name}.")
    given = {key: value for key, value in inputs.items() if key != "gate"}
    kind, parts = (gate, {}) if "y" in given else (call, {"returns": ("dx",)})
    for step in kind(answer[name], given, **parts):
        yield step if isinstance(step, str) else (f"{name}: {step[0]}", step[1])


MANY = 20_000
"""Multiplications after which a sweep is stopped; a right one makes 80."""


class _Looked(dict[str, Any]):
    """A recorded graph in which nobody looks for ever."""

    looks = 0

    def __getitem__(self, node: str) -> Any:
        self.looks += 1
        if self.looks > MANY:
            raise MisfitError(f"Your sweep looks at nodes more than {MANY:,} times.")
        return super().__getitem__(node)


class _Counted(float):
    """A local derivative that counts how often something is multiplied by it."""

    tally: list[int]

    def _count(self, other: Any) -> Any:
        self.tally[0] += 1
        if self.tally[0] > MANY:
            raise MisfitError(f"Your sweep multiplies more than {MANY:,} times.")
        return float(self) * other

    __mul__ = __rmul__ = _count


def sweep(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Call a backward sweep; where it is asked for, count its multiplications.

    Args:
        answer: the function ``(graph, output)``.
        inputs: ``graph`` and ``output``; ``counted`` where multiplications are counted.
    """
    need_function(answer)
    graph, tally = inputs["graph"], [0]
    if "counted" in inputs:
        graph = _Looked(
            (node, [(parent, _counted(local, tally)) for parent, local in used])
            for node, used in graph.items()
        )
    yield f"{name_of(answer)}(graph, output)"
    gradients = answer(graph, inputs["output"])
    if "counted" not in inputs:
        yield "gradients", gradients
        return
    if isinstance(gradients, dict):
        gradients = {
            node: float(got) if isinstance(got, _Counted) else got
            for node, got in gradients.items()
        }
    yield "gradients", gradients
    yield "multiplications", tally[0]


def _counted(local: float, tally: list[int]) -> _Counted:
    made = _Counted(local)
    made.tally = tally
    return made
