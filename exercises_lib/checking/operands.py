"""Where an answer stopped: the line, and what stood on both sides there, as text.

This runs where the answer ran, because only there the values still exist; `crashes` reads it where
the judging is done.
"""

from __future__ import annotations

import ast
import contextlib
import json
import linecache
import textwrap
from collections.abc import Iterator
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


def operands_of(error: BaseException) -> str:
    """Write down where an exception was raised and what the operands were; empty if unknown."""
    try:
        place = _innermost(error.__traceback__)
        if place is None:
            return ""
        frame, line, segment = place
        node = _parse(segment)
        operands = (part for part in _parts(node) if not isinstance(part, ast.Constant))
        parts = [[_text(part), _kind(part, frame)] for part in operands]
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
    if type(value) is int and abs(value) < 10**6:
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
