"""What an expression becomes by something put around it or beside it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from exercises_lib.checking.pointing.tree import (
    ARITHMETIC,
    Change,
    Scope,
    binop,
    call,
    method,
    parse,
    transpose,
)

FORMS = (
    "1 - {}", "2 * {}", "{} / 2", "{} ** 2", "1 - {} ** 2", "{} * (1 - {})", "1 / {}", "{} + 1",
    "{} - 1", "np.exp({})", "np.log({})", "np.sqrt({})", "np.abs({})", "np.maximum(0, {})",
    "{} > 0", "np.exp(-{})", "1 / (1 + np.exp(-{}))", "np.tanh({})",
    "{} - np.max({}, axis=-1, keepdims=True)", "{} + 1e-07", "float({})", "int({})",
    "np.array({})", "{}[0]", "{}[-1]", "{}[:, None]", "{}[None, :]", "{}.ravel()",
)  # fmt: skip
"""What can be put around an expression."""


def _gone_through(node: ast.expr) -> Iterator[Change]:
    """Another way to go through something: its numbers, its pairs, in order."""
    text = ast.unparse(node)
    for form in ("enumerate({})", "range({})", "range(len({}))", "({}).items()", "({}).values()",
                 "sorted({})", "np.ndindex({})", "zip(*{})", "np.ndindex(({}).shape)"):  # fmt: skip
        yield "iteration", 1, parse(form.format(text))


def grown(node: ast.expr, scope: Scope, role: str, tier: int) -> Iterator[Change]:
    """What an expression becomes by something put around it or beside it."""
    if isinstance(node, (ast.Tuple, ast.List, ast.Dict, ast.Slice, ast.Lambda, ast.Starred)):
        return
    if isinstance(node, ast.Attribute) and node.attr in ("shape", "dtype", "ndim", "size"):
        return
    if isinstance(node, ast.Constant) and not (
        role == "value" and isinstance(node.value, (int, float))
    ):
        return
    simple = isinstance(node, (ast.Name, ast.Attribute, ast.Call, ast.Subscript))
    kind = scope.kinds.get(ast.unparse(node), ("?", 2)) if simple else ("?", 2)
    if kind[0] not in ("array", "number", "?"):
        if role == "iter":
            yield from _gone_through(node)
        if role in ("value", "iter", "arg"):
            yield "direction", 1, call("list", call("reversed", node))
            yield "copy", 1, call("list", node)
            yield "copy", 1, method(node, "copy")
        return
    if role == "test":
        yield "condition", 1, ast.UnaryOp(ast.Not(), node)
        return
    if role == "iter":
        yield "direction", 1, call("reversed", node)
        yield from _gone_through(node)
        return
    if role in ("index", "bound", "axis"):
        return
    if isinstance(node, (ast.ListComp, ast.GeneratorExp)):
        for form in ("sum", "np.array", "list", "len", "max"):
            yield "missing step", 1, call(form, node)
        return
    value = role == "value"
    near, far = (1, 2) if value else (2, 3)
    if kind[0] != "number" and kind[1] > 1 and (simple or value):
        yield "transpose", near if not value else 1, transpose(node)
    if not isinstance(node, ast.UnaryOp):
        yield "sign", near, ast.UnaryOp(ast.USub(), node)
    if simple or value or isinstance(node, ast.BinOp):
        if value or role == "operand" or role == "arg":
            for axis in (None, 0, 1):
                for how in ("sum", "mean"):
                    keys = {} if axis is None else {"axis": axis}
                    yield "not summed", near if how == "sum" else far, method(node, how, **keys)
                    if axis is not None:
                        more = method(node, how, keepdims=True, **keys)
                        yield "not summed", far, more
        if simple or value:
            yield "copy", near, method(node, "copy")
        if tier < (1 if value else 2):
            return
        for size in scope.sizes:
            yield "missing count", near if value else 2, binop(node, ast.Div, parse(size))
            yield "missing count", far, binop(node, ast.Mult, parse(size))
        if tier < far:
            return
        for text in FORMS:
            inner = f"({ast.unparse(node)})"
            form = "missing step" if "np." in text else "form" if "[" in text else "arithmetic"
            if text.startswith(("float", "int", "np.array")) or "ravel" in text:
                form = "form"
            yield form, 2 if value else 3, parse(text.replace("{}", inner))
        for name in scope.numeric():
            if ast.unparse(node) == name:
                continue
            other = parse(name)
            tier = 2 if value else 3
            for op in ARITHMETIC:
                word = "missing factor" if op in (ast.Mult, ast.Div) else "missing term"
                yield word, tier, binop(node, op, other)
            yield "missing term", 3, binop(other, ast.Sub, node)
            yield "missing factor", 3, binop(node, ast.Mult, parse(f"1 - {name}"))
            yield "missing factor", 3, binop(node, ast.Mult, parse(f"{name} > 0"))
            yield "missing factor", 3, binop(node, ast.Div, parse(f"{name} ** 2"))
            yield "missing factor", 3, binop(node, ast.Mult, parse(f"{name} ** 2"))
            if value and scope.kinds.get(name, ("?", 2))[0] != "number":
                for text in ("{} @ {}", "{} @ {}.T"):
                    yield "missing factor", 2, parse(text.format(f"({ast.unparse(node)})", name))
                for text in ("{}.T @ {}", "{} @ {}"):
                    yield "missing factor", 2, parse(text.format(name, f"({ast.unparse(node)})"))
