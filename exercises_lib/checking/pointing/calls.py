"""What a call, something picked out by an index, and a row of values can become."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from exercises_lib.checking.pointing.tree import (
    Change,
    Scope,
    binop,
    call,
    called,
    parse,
    transpose,
)

REDUCERS = {
    "sum", "mean", "max", "min", "argmax", "argmin", "prod", "std", "var", "any", "all", "norm",
    "cumsum", "amax", "amin", "median", "concatenate", "stack", "sort", "argsort", "flip",
    "count_nonzero", "average", "softmax",
}  # fmt: skip
WITHOUT_KEEPDIMS = {
    "concatenate",
    "stack",
    "sort",
    "argsort",
    "cumsum",
    "flip",
    "average",
    "softmax",
}


def _with_axis(node: ast.Call, free: bool, axis: Any, keep: bool) -> ast.Call:
    """The same call with another axis; `free` tells np.sum(x) from x.sum()."""
    args = node.args[:1] if free else []
    keywords = [k for k in node.keywords if k.arg not in ("axis", "keepdims")]
    if axis is not None:
        keywords = [*keywords, ast.keyword("axis", ast.Constant(axis))]
    if keep:
        keywords = [*keywords, ast.keyword("keepdims", ast.Constant(True))]
    return ast.Call(node.func, args, keywords)


def call_changes(node: ast.Call, scope: Scope) -> Iterator[Change]:
    name = called(node)
    free = isinstance(node.func, ast.Name) or (
        isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, (ast.Name, ast.Attribute))
        and ast.unparse(node.func.value) in ("np", "numpy", "np.linalg", "torch")
    )
    if name in REDUCERS and (isinstance(node.func, ast.Attribute)):
        at = 1 if free else 0
        now: Any = node.args[at] if len(node.args) > at else None
        now = next((k.value for k in node.keywords if k.arg == "axis"), now)
        kept = next((k.value for k in node.keywords if k.arg == "keepdims"), None)
        try:
            axis_now = now if now is None else ast.literal_eval(now)
        except ValueError:
            axis_now = now
        keep_now = isinstance(kept, ast.Constant) and bool(kept.value)
        for axis in (None, 0, 1):
            for keep in (False, True):
                same_axis = axis == axis_now
                if (same_axis and keep == keep_now) or (keep and name in WITHOUT_KEEPDIMS):
                    continue
                yield ("keepdims" if same_axis else "axis"), 1, _with_axis(node, free, axis, keep)
    if isinstance(node.func, ast.Attribute) and not free:
        yield "extra call", 1, node.func.value
    for arg in node.args:
        if not isinstance(arg, ast.Starred):
            yield "extra call", 1, arg
    for i in range(len(node.keywords)):
        rest = node.keywords[:i] + node.keywords[i + 1 :]
        yield "argument", 1, ast.Call(node.func, node.args, rest)
    if len(node.args) > 1:
        for i in range(len(node.args)):
            yield (
                "argument",
                1,
                ast.Call(node.func, node.args[:i] + node.args[i + 1 :], node.keywords),
            )
        for i in range(len(node.args)):
            for j in range(i + 1, len(node.args)):
                args = list(node.args)
                args[i], args[j] = args[j], args[i]
                yield "arguments", 1, ast.Call(node.func, args, node.keywords)
    if name in ("dot", "matmul", "outer", "multiply") and free and len(node.args) == 2:
        a, b = node.args
        yield "operator", 1, binop(a, ast.Mult, b)
        for first, second in ((a, b), (b, a)):
            for t1 in (0, 1):
                for t2 in (0, 1):
                    one = transpose(first) if t1 else first
                    two = transpose(second) if t2 else second
                    yield "matrix product", 1, binop(one, ast.MatMult, two)
    if name in ("zeros", "ones", "zeros_like", "ones_like", "full_like", "empty_like"):
        for other in scope.arrays():  # what should have arrived stands as ones
            yield "extra call", 1, parse(other)
    if name == "range":
        yield "direction", 1, call("reversed", node)
    if name == "len" and len(node.args) == 1:
        inner = ast.unparse(node.args[0])
        for text in (f"({inner}).shape[1]", f"({inner}).size"):
            yield "count", 1, parse(text)
        for size in scope.sizes:
            yield "count", 1, parse(size)
    if name in ("reversed", "sorted", "list", "tuple", "set") and node.args:
        yield "direction", 1, node.args[0]
    for i, arg in enumerate(node.args):
        if name == "range":
            for k in (1, -1):
                args = list(node.args)
                args[i] = binop(arg, ast.Add if k > 0 else ast.Sub, ast.Constant(1))
                yield "bounds", 1, ast.Call(node.func, args, [])
    if name == "range" and len(node.args) < 3:
        for size in scope.sizes:
            for at in range(len(node.args) + 1):
                more_args = [*node.args[:at], parse(size), *node.args[at:]]
                yield "bounds", 2, ast.Call(node.func, more_args, [])
    if name == "range" and len(node.args) == 1:
        (stop,) = node.args
        more = binop(stop, ast.Add, ast.Constant(1))
        less = binop(stop, ast.Sub, ast.Constant(1))
        yield "bounds", 1, ast.Call(node.func, [ast.Constant(1), stop], [])
        yield "bounds", 1, ast.Call(node.func, [ast.Constant(1), more], [])
        back = [less, parse("-1"), parse("-1")]
        yield "direction", 1, ast.Call(node.func, back, [])


def subscript_changes(node: ast.Subscript) -> Iterator[Change]:
    if not isinstance(node.ctx, ast.Load):
        return
    yield "index", 1, node.value
    index = node.slice
    if not isinstance(index, (ast.Tuple, ast.Slice, ast.Constant)):
        yield "index", 1, binop(node.value, ast.Mult, index)
    parts = index.elts if isinstance(index, ast.Tuple) else [index]

    def rebuilt(i: int, part: ast.expr) -> ast.expr:
        new = [*parts[:i], part, *parts[i + 1 :]]
        inner = ast.Tuple(new, ast.Load()) if isinstance(index, ast.Tuple) else part
        return ast.Subscript(node.value, inner, ast.Load())

    for i, part in enumerate(parts):
        if isinstance(part, ast.Slice):
            for lower in (part.lower, None, ast.Constant(1)):
                for upper in (part.upper, None, ast.Constant(-1)):
                    if lower is not part.lower or upper is not part.upper:
                        yield "bounds", 1, rebuilt(i, ast.Slice(lower, upper, part.step))
            step = None if part.step is not None else ast.parse("-1", mode="eval").body
            yield "direction", 1, rebuilt(i, ast.Slice(part.lower, part.upper, step))
        elif not isinstance(part, ast.Constant) or isinstance(part.value, (int, float)):
            yield "index", 1, rebuilt(i, ast.Slice())
            if not isinstance(part, ast.Constant):
                for op in (ast.Add, ast.Sub):
                    yield "bounds", 1, rebuilt(i, binop(part, op, ast.Constant(1)))
    if len(parts) == 2 and isinstance(index, ast.Tuple):
        yield "index", 1, ast.Subscript(node.value, ast.Tuple(parts[::-1], ast.Load()), ast.Load())
        for part in parts:
            yield "index", 1, ast.Subscript(node.value, part, ast.Load())
    if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
        yield "count", 1, parse(f"({ast.unparse(node.value.value)}).size")


def sequence_changes(node: ast.Tuple | ast.List, scope: Scope, role: str) -> Iterator[Change]:
    items = node.elts
    make = type(node)
    if 2 <= len(items) <= 6:
        for i in range(len(items)):
            for j in range(i + 1, len(items)):
                new = list(items)
                new[i], new[j] = new[j], new[i]
                yield "order", 1, make(new, ast.Load())
        if len(items) > 2:
            yield "order", 1, make([*items[1:], items[0]], ast.Load())
            yield "order", 1, make([items[-1], *items[:-1]], ast.Load())
    if role == "value":
        for name in scope.names[:10]:
            for at in range(len(items) + 1):
                yield "not all", 2, make([*items[:at], parse(name), *items[at:]], ast.Load())
        other = ast.List if make is ast.Tuple else ast.Tuple
        yield "container", 1, other(items, ast.Load())
        for item in items:
            yield "return", 1, item
        if len(items) > 2:
            for i in range(len(items)):
                yield "return", 1, make(items[:i] + items[i + 1 :], ast.Load())
