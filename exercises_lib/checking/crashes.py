"""Where an answer stopped: the line, and what stood on both sides there.

`operands_of` runs where the answer ran, because only there the values still exist; it gives text.
`explain` reads that text where the judging is done, and puts in the letters of the exercise.
"""

from __future__ import annotations

import ast
import contextlib
import json
import linecache
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import numpy as np

OURS = str(Path(__file__).resolve().parents[1])
EXERCISES = str(Path(OURS, "exercises"))
"""Known mistakes stand there; their frames count as an answer's own, so that they compare."""
REDUCERS = ("sum", "mean", "max", "min", "prod")
MAX_SIZE = 100_000
"""Largest array, in elements, that is computed with to learn the shape of an operand."""


class _UnknownError(Exception):
    """Raised where the value of an expression cannot be had without running code again."""


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


# ------------------------------------------------------------------ where the answer runs


def operands_of(error: BaseException) -> str:
    """Write down where an exception was raised and what the operands were; empty if unknown."""
    try:
        place = _innermost(error.__traceback__)
        if place is None:
            return ""
        frame, line, segment = place
        node = _parse(segment)
        parts = [[_text(part), _kind(part, frame)] for part in _parts(node)]
        code = " ".join(segment.split())
        return json.dumps({"line": line, "code": code[:80], "operands": parts[:6]})
    except Exception:  # whatever the student's objects do when they are looked at
        return ""


def _innermost(tb: TracebackType | None) -> tuple[FrameType, int, str] | None:
    found = None
    while tb is not None:
        name = tb.tb_frame.f_code.co_filename
        library = name.startswith(OURS) and not name.startswith(EXERCISES)
        if not library and "site-packages" not in name and "dist-packages" not in name:
            found = tb
        tb = tb.tb_next
    if found is None:
        return None
    frame = found.tb_frame
    position = list(frame.f_code.co_positions())[found.tb_lasti // 2]
    first, last, start, end = position
    if first is None or last is None or start is None or end is None:
        return frame, found.tb_lineno, ""
    rows = [
        linecache.getline(frame.f_code.co_filename, number, frame.f_globals).rstrip("\n").encode()
        for number in range(first, last + 1)
    ]
    rows[-1] = rows[-1][:end]
    rows[0] = rows[0][start:]
    return frame, first, b"\n".join(rows).decode()


def _parse(segment: str) -> ast.AST:
    with contextlib.suppress(SyntaxError):
        return ast.parse(f"({segment}\n)", mode="eval").body
    return ast.parse(textwrap.dedent(segment)).body[0]


def _parts(node: ast.AST) -> Iterator[ast.expr]:
    """Give the expressions that an operation combines."""
    if isinstance(node, ast.BinOp):
        yield from (node.left, node.right)
    elif isinstance(node, ast.AugAssign):
        yield from (node.target, node.value)
    elif isinstance(node, ast.Compare):
        yield from (node.left, *node.comparators)
    elif isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and not _is_module(node.func.value):
            yield node.func.value
        yield from (arg for arg in node.args if not isinstance(arg, ast.Starred))
    elif isinstance(node, ast.Subscript):
        yield node.value
        if not isinstance(node.slice, ast.Slice | ast.Tuple | ast.Constant):
            yield node.slice
    elif isinstance(node, ast.Attribute):
        yield node.value


def _is_module(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("np", "numpy", "nn", "math", "torch")


def _text(node: ast.expr) -> str:
    return ast.unparse(node)[:40]


def _kind(node: ast.expr, frame: FrameType) -> Any:
    """Return an array's shape as a list, and in words what else a value is; "" if unknown."""
    try:
        value = _value(node, frame)
    except _UnknownError:
        return ""
    if isinstance(value, np.ndarray):
        return list(value.shape)
    if value is None or isinstance(value, bool | np.bool_):
        return str(value)
    if isinstance(value, int | float | np.generic):
        return "a number"
    if type(value) is dict:
        keys = ", ".join(repr(key) for key in list(value)[:6] if type(key) in (str, int))
        return f"a dictionary with {keys}" if keys else "an empty dictionary"
    if type(value) in (list, tuple):
        return f"a {type(value).__name__} of {len(value)}"
    name = str(type(value).__name__)[:40]
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def _value(node: ast.expr, frame: FrameType) -> Any:
    """Look an expression up without running anything of the student's."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        for space in (frame.f_locals, frame.f_globals):
            if node.id in space:
                return space[node.id]
        raise _UnknownError
    if isinstance(node, ast.Attribute):
        value = _value(node.value, frame)
        if type(value) is np.ndarray and node.attr in ("T", "shape", "size", "ndim"):
            return getattr(value, node.attr)
        with contextlib.suppress(AttributeError, KeyError, TypeError):
            return object.__getattribute__(value, "__dict__")[node.attr]
        raise _UnknownError
    if isinstance(node, ast.Subscript):
        value, index = _value(node.value, frame), _index(node.slice, frame)
        if type(value) in (dict, list, tuple, np.ndarray):
            with contextlib.suppress(LookupError, TypeError, ValueError):
                return value[index]
        raise _UnknownError
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return _small(_value(node.operand, frame))
    if isinstance(node, ast.BinOp):
        left, right = (_small(_value(side, frame)) for side in (node.left, node.right))
        return _result(node.op, left, right)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return _reduced(node, node.func, frame)
    raise _UnknownError


def _index(node: ast.expr, frame: FrameType) -> Any:
    if isinstance(node, ast.Slice):
        ends = (node.lower, node.upper, node.step)
        return slice(*(None if end is None else _index(end, frame) for end in ends))
    if isinstance(node, ast.Tuple):
        return tuple(_index(one, frame) for one in node.elts)
    index = _value(node, frame)
    if type(index) in (int, str, np.ndarray) or index is None:
        return index
    raise _UnknownError


def _small(value: Any) -> Any:
    if type(value) in (int, float) or (type(value) is np.ndarray and value.size <= MAX_SIZE):
        return value
    raise _UnknownError


def _result(op: ast.operator, left: Any, right: Any) -> Any:
    with np.errstate(all="ignore"):
        try:
            if isinstance(op, ast.MatMult):
                return left @ right
            if isinstance(op, ast.Pow):  # the shape is what is asked for
                return left * right
            if isinstance(op, ast.Add | ast.Sub | ast.Mult | ast.Div):
                return left + right
        except Exception as error:
            raise _UnknownError from error
    raise _UnknownError


def _reduced(node: ast.Call, func: ast.Attribute, frame: FrameType) -> Any:
    """The value of ``a.sum(axis=0)`` or ``np.sum(a, axis=0)``, the commonest calls in operands."""
    free = _is_module(func.value)
    if func.attr not in REDUCERS or len(node.args) > 2 or (free and not node.args):
        raise _UnknownError
    array = _small(_value(node.args[0] if free else func.value, frame))
    options: dict[str, Any] = {}
    rest = node.args[1:] if free else node.args
    with contextlib.suppress(ValueError):
        if rest:
            options["axis"] = ast.literal_eval(rest[0])
        for keyword in node.keywords:
            options[str(keyword.arg)] = ast.literal_eval(keyword.value)
        if type(array) is np.ndarray and set(options) <= {"axis", "keepdims"}:
            with contextlib.suppress(Exception):
                return getattr(array, func.attr)(**options)
    raise _UnknownError


# ------------------------------------------------------------------ where the judging is done


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


__all__ = ["Crash", "explain", "letters", "operands_of", "read"]
