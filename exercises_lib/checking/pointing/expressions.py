"""What one expression can become: the part of the error model below a statement."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from exercises_lib.checking.pointing.calls import call_changes, sequence_changes, subscript_changes
from exercises_lib.checking.pointing.growth import grown
from exercises_lib.checking.pointing.tree import (
    ARITHMETIC,
    Change,
    Scope,
    binop,
    call,
    is_own_attribute,
    parse,
    transpose,
)

GROUPS = (
    ("sum", "mean", "max", "prod"), ("max", "min", "argmax"), ("argmax", "argmin"),
    ("maximum", "minimum"), ("exp", "log", "sqrt", "abs"), ("log", "log2", "log10", "log1p"),
    ("exp", "expm1", "exp2"), ("sqrt", "square", "abs"), ("zeros", "ones"),
    ("zeros_like", "ones_like"), ("dot", "outer", "multiply", "matmul"), ("vstack", "hstack"),
    ("std", "var"), ("sin", "cos"), ("tanh", "cosh", "exp"), ("normal", "uniform", "random"),
    ("standard_normal", "normal", "random"), ("permutation", "shuffle"), ("floor", "ceil"),
    ("any", "all"), ("append", "extend"), ("keys", "values", "items"), ("forward", "backward"),
    ("add", "subtract", "multiply", "divide"), ("sorted", "reversed", "list"), ("int", "float"),
    ("greater", "less", "greater_equal", "less_equal"), ("pop", "popleft"),
)  # fmt: skip
SAME: dict[str, list[str]] = {}
for _group in GROUPS:
    for _name in _group:
        SAME.setdefault(_name, []).extend(n for n in _group if n != _name)

COMPARE = (ast.Gt, ast.GtE, ast.Lt, ast.LtE)


def changes(node: ast.expr, scope: Scope, role: str, tier: int) -> Iterator[Change]:
    """Give what one expression can become.

    Args:
        node: the expression.
        scope: the names in reach.
        role: ``"value"`` for what a statement assigns or returns and for the items of such a tuple,
            ``"index"`` inside square brackets, ``"bound"`` for an argument of range, ``"arg"`` for
            another argument, ``"axis"`` for an axis, ``"test"``, ``"operand"``.
        tier: what is wanted most; others may be given, too.
    """
    if isinstance(node, ast.UnaryOp):
        yield ("sign" if isinstance(node.op, ast.USub) else "condition"), 1, node.operand
    elif isinstance(node, ast.BinOp):
        yield from _binop(node)
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        yield from _compare(node)
    elif isinstance(node, ast.BoolOp):
        and_or = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield "condition", 1, ast.BoolOp(and_or, node.values)
        for i in range(len(node.values)):
            rest = node.values[:i] + node.values[i + 1 :]
            yield "condition", 1, rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
    elif isinstance(node, ast.IfExp):
        yield "condition", 1, ast.IfExp(node.test, node.orelse, node.body)
        yield "condition", 1, node.body
        yield "condition", 1, node.orelse
    elif isinstance(node, ast.Constant):
        yield from constant(node, scope, role)
    elif isinstance(node, ast.Attribute):
        if node.attr == "T":
            yield "transpose", 1, node.value
        elif is_own_attribute(node):
            for other in scope.like(ast.unparse(node)):
                yield "name", 1, parse(other)
            yield from _of_other_objects(node, scope)
        elif node.attr in SAME:
            for other in SAME[node.attr]:
                yield "function", 1, ast.Attribute(node.value, other, node.ctx)
        elif node.attr == "size":
            yield "count", 1, call("len", node.value)
            for axis in (0, 1):
                yield "count", 1, parse(f"({ast.unparse(node.value)}).shape[{axis}]")
        elif node.attr in scope.attributes:
            for name in scope.attributes:
                yield "name", 1, ast.Attribute(node.value, name, ast.Load())
    elif isinstance(node, ast.Call):
        yield from call_changes(node, scope)
    elif isinstance(node, ast.Subscript):
        yield from subscript_changes(node)
    elif isinstance(node, (ast.Tuple, ast.List)) and isinstance(node.ctx, ast.Load):
        yield from sequence_changes(node, scope, role)
    elif isinstance(node, ast.Name):
        for other in scope.like(node.id):
            yield "name", 1, parse(other)
        if scope.kinds.get(node.id, ("?", 0))[0] == "?":
            for other in SAME.get(node.id, ()):
                yield "function", 1, ast.Name(other, ast.Load())
        for other in scope.wanted:
            yield "name", 2, ast.Name(other, ast.Load())
        if role in ("value", "arg", "operand"):
            for number in (1.0, 0.0):
                yield "name", 2, ast.Constant(number)
    elif isinstance(node, (ast.ListComp, ast.GeneratorExp)) and node.generators[0].ifs:
        first = node.generators[0]
        bare = ast.comprehension(first.target, first.iter, [], 0)
        yield "condition", 1, type(node)(node.elt, [bare, *node.generators[1:]])
    yield from grown(node, scope, role, tier)


def _of_other_objects(node: ast.Attribute, scope: Scope) -> Iterator[Change]:
    """The same of another object: ``self.grad`` becomes ``out.grad``."""
    plain = ("array", "number", "bool", "str", "list", "tuple", "dict", "function", "module", "?")
    for name in scope.names:
        if "." not in name and scope.kinds.get(name, ("?", 0))[0] not in plain:
            yield "name", 2, parse(f"{name}.{node.attr}")


def _binop(node: ast.BinOp) -> Iterator[Change]:
    left, right = node.left, node.right
    if isinstance(node.op, ARITHMETIC):
        for op in ARITHMETIC:
            if not isinstance(node.op, op):
                yield "operator", 1, binop(left, op, right)
    if isinstance(node.op, (ast.Mult, ast.MatMult)):
        product = ast.MatMult if isinstance(node.op, ast.Mult) else ast.Mult
        yield "operator", 1, binop(left, product, right)
    if isinstance(node.op, ast.Mult):
        yield "operator", 2, binop(right, ast.MatMult, left)
    if isinstance(node.op, (ast.FloorDiv, ast.Div)):
        division = ast.Div if isinstance(node.op, ast.FloorDiv) else ast.FloorDiv
        yield "operator", 1, binop(left, division, right)
    if isinstance(node.op, ast.Pow):
        yield "operator", 1, binop(left, ast.Mult, right)
    if isinstance(node.op, (ast.Sub, ast.Div, ast.MatMult, ast.Pow)):
        yield "operands", 1, binop(right, type(node.op), left)
    word = "extra factor" if not isinstance(node.op, (ast.Add, ast.Sub)) else "extra term"
    yield word, 1, left
    yield word, 1, right
    if isinstance(node.op, ast.Sub):
        yield "sign", 1, binop(ast.UnaryOp(ast.USub(), left), ast.Sub, right)
    if isinstance(node.op, ast.MatMult):  # A @ B with the transposes placed otherwise
        bare = [_untransposed(side) for side in (left, right)]
        for first, second in ((bare[0], bare[1]), (bare[1], bare[0])):
            for t1 in (False, True):
                for t2 in (False, True):
                    yield (
                        "matrix product",
                        1,
                        binop(
                            transpose(first) if t1 else first,
                            ast.MatMult,
                            transpose(second) if t2 else second,
                        ),
                    )
    for outer, inner, side in ((node, left, "left"), (node, right, "right")):
        if isinstance(inner, ast.BinOp) and type(inner.op) is not type(outer.op):
            if side == "left":  # (a ∘ b) • c  →  a ∘ (b • c)
                again = ast.BinOp(inner.left, inner.op, ast.BinOp(inner.right, node.op, right))
            else:  # a • (b ∘ c)  →  (a • b) ∘ c
                again = ast.BinOp(ast.BinOp(left, node.op, inner.left), inner.op, inner.right)
            yield "brackets", 1, again
    if (
        isinstance(left, ast.BinOp)
        and isinstance(node.op, ast.Mult)
        and isinstance(left.op, ast.Div)
    ):
        again = ast.BinOp(left.left, ast.Div(), ast.BinOp(left.right, ast.Mult(), right))
        yield "brackets", 1, again  # a / b * c  →  a / (b * c)
    if isinstance(left, ast.Call) and len(left.args) == 1 and not left.keywords:
        inside = ast.Call(left.func, [ast.BinOp(left.args[0], node.op, right)], [])
        yield "brackets", 1, inside  # f(a) + b  →  f(a + b)
    if isinstance(right, ast.Call) and len(right.args) == 1 and not right.keywords:
        inside = ast.Call(right.func, [ast.BinOp(left, node.op, right.args[0])], [])
        yield "brackets", 1, inside  # a + f(b)  →  f(a + b)


def _untransposed(node: ast.expr) -> ast.expr:
    return node.value if isinstance(node, ast.Attribute) and node.attr == "T" else node


def _compare(node: ast.Compare) -> Iterator[Change]:
    op, left, right = node.ops[0], node.left, node.comparators[0]
    pairs: dict[type, tuple[type, ...]] = {
        ast.Eq: (ast.NotEq, *COMPARE), ast.NotEq: (ast.Eq, *COMPARE),
        ast.In: (ast.NotIn,), ast.NotIn: (ast.In,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,),
    }  # fmt: skip
    others = pairs.get(
        type(op), tuple(c for c in (*COMPARE, ast.Eq, ast.NotEq) if not isinstance(op, c))
    )
    for other in others:
        yield "comparison", 1, ast.Compare(left, [other()], [right])
    yield "condition", 2, ast.Constant(True)
    yield "condition", 2, ast.Constant(False)


def constant(node: ast.Constant, scope: Scope, role: str) -> Iterator[Change]:
    value = node.value
    if isinstance(value, bool):
        yield "constant", 1, ast.Constant(not value)
    elif isinstance(value, (int, float)):
        if role == "axis":
            for axis in (0, 1, -1, None):
                if axis != value:
                    yield "axis", 1, ast.Constant(axis)
            return
        kind = "index" if role in ("index", "bound") else "constant"
        options: list[Any] = [0, 1, 2, -1, value + 1, value - 1, -value, 2 * value]
        if role not in ("index", "bound"):
            options += [0.5, value / 2, 1 - value, value * value, 10 * value, value / 10, 1e-7, 3]
            if isinstance(value, int):
                options += [float(value)]
            if value:
                options += [1 / value]
        known: list[Any] = [value]
        for option in options:
            if not any(option == k and type(option) is type(k) for k in known):
                known.append(option)
                yield kind, 1, ast.Constant(option)
        if kind == "index":
            yield "index", 1, ast.Slice()  # every row
        for name in scope.numeric():
            yield "constant", 2, parse(name)
        for size in scope.sizes:
            yield "constant", 2, parse(size)
    elif isinstance(value, str):
        for other in scope.wanted:
            yield "key", 2, ast.Constant(other)
