"""What stood where an answer stopped, in the letters of the exercise."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Crash:
    """Where an answer stopped.

    Args:
        line: the number of the line, as Python counts it.
        code: the expression that could not be computed.
        operands: its parts, as they are written: the shape of an array, in words what else it is.
    """

    line: int
    code: str
    operands: tuple[tuple[str, tuple[int, ...] | str], ...]

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """The shapes of the arrays that were to be combined, in order of size."""
        return sorted(shape for _, shape in self.operands if isinstance(shape, tuple))


def read(operands: str) -> Crash | None:
    """Read what `operands_of` wrote; it may come from a hostile process."""
    try:
        data = json.loads(operands)
        parts = []
        for name, kind in data["operands"][:6]:
            shape = kind if isinstance(kind, str) else tuple(int(n) for n in kind[:8])
            parts.append((str(name)[:40], shape[:120]))
        return Crash(int(data["line"]), str(data["code"])[:80], tuple(parts))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def letters(shapes: Mapping[str, tuple[str, tuple[int, ...]]]) -> dict[int, str]:
    """Tell which letter a size has in a case; sizes with two letters have none.

    Args:
        shapes: for each output its shape in letters, for example ``"(D, M)"``, and in numbers.
    """
    found: dict[int, set[str]] = {}
    for written, shape in shapes.values():
        names = re.findall(r"[\w+]+", written)
        if len(names) == len(shape):
            for name, size in zip(names, shape, strict=True):
                if not name.isdigit() and size > 1:
                    found.setdefault(size, set()).add(name)
    return {size: min(names) for size, names in found.items() if len(names) == 1}


def explain(crash: Crash, names: Mapping[int, str]) -> str:
    """Say what stood where an answer stopped; empty if nothing is to be said.

    Args:
        crash: where it stopped.
        names: the letter of each size.
    """
    known = [(name, kind) for name, kind in crash.operands if kind != ""]
    if not known or not crash.code:
        return ""
    said = " and ".join(f"`{name}` {_described(kind, names)}" for name, kind in known[:3])
    text = f"In line {crash.line}, `{crash.code}`: {said}."
    shapes = [kind for _, kind in known if isinstance(kind, tuple)]
    if len(known) == 2 and len(shapes) == 2 and min(map(len, shapes)) > 0:
        return text + _wanted(crash, known, names)
    return text


def _described(kind: tuple[int, ...] | str, names: Mapping[int, str]) -> str:
    return f"has shape {_shape(kind, names)}" if isinstance(kind, tuple) else f"is {kind}"


def _shape(shape: tuple[int, ...], names: Mapping[int, str]) -> str:
    if shape and all(size in names or size == 1 for size in shape) and set(shape) != {1}:
        inside = ", ".join("1" if size == 1 else names[size] for size in shape)
        return f"{shape} = ({inside}{',' if len(shape) == 1 else ''})"
    return str(shape)


def _wanted(crash: Crash, known: list[tuple[str, Any]], names: Mapping[int, str]) -> str:
    """Say which shape the second of two arrays would need."""
    (left, one), (right, other) = known
    if "@" in crash.code or ".dot(" in crash.code or "matmul" in crash.code:
        inner, meets = one[-1], other[-2] if len(other) > 1 else other[0]
        if inner == meets:
            return ""
        return (
            f" A product needs as many columns on the left as rows on the right: "
            f"`{left}` has {_size(inner, names)}, `{right}` has {_size(meets, names)}."
        )
    for a, b in zip(one[::-1], other[::-1], strict=False):
        if a != b and 1 not in (a, b):
            return (
                f" Counted from the last axis, {_size(a, names)} meets {_size(b, names)}; entry by "
                "entry only equal sizes fit, or a 1."
            )
    return ""


def _size(size: int, names: Mapping[int, str]) -> str:
    return f"{size} = {names[size]}" if size in names else str(size)
