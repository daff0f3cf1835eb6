"""What one expression can become: the part of the error model below a statement."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from exercises_lib.checking.pointing.tree import (
    Scope,
    binop,
    call,
    called,
    is_own_attribute,
    method,
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

FORMS = (
    "1 - {}", "2 * {}", "{} / 2", "{} ** 2", "1 - {} ** 2", "{} * (1 - {})", "1 / {}", "{} + 1",
    "{} - 1", "np.exp({})", "np.log({})", "np.sqrt({})", "np.abs({})", "np.maximum(0, {})",
    "{} > 0", "np.exp(-{})", "1 / (1 + np.exp(-{}))", "np.tanh({})",
    "{} - np.max({}, axis=-1, keepdims=True)", "{} + 1e-07", "float({})", "int({})",
    "np.array({})", "{}[0]", "{}[-1]", "{}[:, None]", "{}[None, :]", "{}.ravel()",
)  # fmt: skip
"""What can be put around an expression."""
ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div)
COMPARE = (ast.Gt, ast.GtE, ast.Lt, ast.LtE)
Change = tuple[str, int, ast.expr]
"""A kind, a tier and what the expression becomes."""


def changes(node: ast.expr, scope: Scope, role: str) -> Iterator[Change]:
    """Give what one expression can become.

    Args:
        node: the expression.
        scope: the names in reach.
        role: ``"value"`` for what a statement assigns or returns and for the items of such a tuple,
            ``"index"`` inside square brackets, ``"bound"`` for an argument of range, ``"arg"`` for
            another argument, ``"axis"`` for an axis, ``"test"``, ``"operand"``.
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
        yield from _call(node, scope)
    elif isinstance(node, ast.Subscript):
        yield from _subscript(node)
    elif isinstance(node, (ast.Tuple, ast.List)) and isinstance(node.ctx, ast.Load):
        yield from _sequence(node, scope, role)
    elif isinstance(node, ast.Name):
        for other in scope.like(node.id):
            yield "name", 1, parse(other)
        if scope.kinds.get(node.id, ("?", 0))[0] == "?":
            for other in SAME.get(node.id, ()):
                yield "function", 1, ast.Name(other, ast.Load())
        for other in scope.wanted:
            yield "name", 2, ast.Name(other, ast.Load())
    elif isinstance(node, (ast.ListComp, ast.GeneratorExp)) and node.generators[0].ifs:
        first = node.generators[0]
        bare = ast.comprehension(first.target, first.iter, [], 0)
        yield "condition", 1, type(node)(node.elt, [bare, *node.generators[1:]])
    yield from _grown(node, scope, role)


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


def _with_axis(node: ast.Call, free: bool, axis: Any, keep: bool) -> ast.Call:
    """The same call with another axis; `free` tells np.sum(x) from x.sum()."""
    args = node.args[:1] if free else []
    keywords = [k for k in node.keywords if k.arg not in ("axis", "keepdims")]
    if axis is not None:
        keywords = [*keywords, ast.keyword("axis", ast.Constant(axis))]
    if keep:
        keywords = [*keywords, ast.keyword("keepdims", ast.Constant(True))]
    return ast.Call(node.func, args, keywords)


def _call(node: ast.Call, scope: Scope) -> Iterator[Change]:
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


def _subscript(node: ast.Subscript) -> Iterator[Change]:
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


def _sequence(node: ast.Tuple | ast.List, scope: Scope, role: str) -> Iterator[Change]:
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


def _gone_through(node: ast.expr) -> Iterator[Change]:
    """Another way to go through something: its numbers, its pairs, in order."""
    text = ast.unparse(node)
    for form in ("enumerate({})", "range({})", "range(len({}))", "({}).items()", "({}).values()",
                 "sorted({})", "np.ndindex({})", "zip(*{})", "np.ndindex(({}).shape)"):  # fmt: skip
        yield "iteration", 1, parse(form.format(text))


def _grown(node: ast.expr, scope: Scope, role: str) -> Iterator[Change]:
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
        for size in scope.sizes:
            yield "missing count", near if value else 2, binop(node, ast.Div, parse(size))
            yield "missing count", far, binop(node, ast.Mult, parse(size))
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
