"""What can be done with statements: dropped, moved, replaced, put in."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any

from exercises_lib.checking.pointing.tree import ARITHMETIC, Edit, Scope, parse, placed


def statement_edits(owner: ast.AST, block: str, scope: Scope, function: ast.AST) -> Iterator[Edit]:
    """Give what can be done with the statements of one block."""
    body: list[ast.stmt] = getattr(owner, block)
    docstring = (
        1
        if body
        and isinstance(body[0], ast.Expr)
        and isinstance(body[0].value, ast.Constant)
        and isinstance(body[0].value.value, str)
        else 0
    )

    def item(kind: str, tier: int, i: int, new: ast.stmt) -> Edit:
        placed(new, body[i])
        return Edit(kind, tier, body[i].lineno, owner, block, i, new)

    def whole(kind: str, tier: int, line: int, new: list[ast.stmt]) -> Edit:
        for one in new:
            placed(one, body[min(docstring, len(body) - 1)])
        return Edit(kind, tier, line, owner, block, None, new)

    for i, stmt in enumerate(body):
        if i < docstring or isinstance(stmt, (ast.FunctionDef, ast.ClassDef)):
            continue
        if not isinstance(stmt, ast.Return):
            yield item("extra statement", 1, i, ast.Pass())
        if isinstance(stmt, ast.Assign) and len(stmt.targets) == 1:
            yield from _assign(stmt, i, item, scope)
        elif isinstance(stmt, ast.AugAssign):
            load = _loaded(stmt.target)
            yield item("= or +=", 1, i, ast.Assign([stmt.target], stmt.value))
            for op in ARITHMETIC:
                if not isinstance(stmt.op, op):
                    word = "sign" if {op, type(stmt.op)} == {ast.Add, ast.Sub} else "operator"
                    yield item(word, 1, i, ast.AugAssign(stmt.target, op(), stmt.value))
            yield item(
                "in place", 1, i, ast.Assign([stmt.target], ast.BinOp(load, stmt.op, stmt.value))
            )
        elif isinstance(stmt, ast.If):
            yield item("condition", 1, i, ast.If(ast.Constant(True), stmt.body, []))
            if stmt.orelse:
                yield item("condition", 1, i, ast.If(stmt.test, stmt.orelse, stmt.body))
                yield item("condition", 1, i, ast.If(ast.Constant(True), stmt.orelse, []))
                if len(stmt.orelse) == 1 and isinstance(stmt.orelse[0], ast.If):
                    yield item(
                        "condition",
                        1,
                        i,
                        ast.If(
                            ast.Constant(True),
                            [ast.If(stmt.test, stmt.body, []), stmt.orelse[0]],
                            [],
                        ),
                    )  # elif → if
        elif isinstance(stmt, ast.Expr) and scope.names:
            for name in scope.names[:8]:  # a result that is thrown away
                yield item("result unused", 2, i, ast.Assign([_stored(name)], stmt.value))
            yield item("return", 2, i, ast.Return(stmt.value))
        elif isinstance(stmt, ast.Return) and stmt.value is not None and owner is not function:
            yield item("return", 2, i, ast.Expr(ast.Yield(stmt.value)))
            for name in scope.names[:12]:  # returned where it should be gone on with
                yield item("return", 1, i, ast.Assign([_stored(name)], stmt.value))
        if i + 1 < len(body) and not isinstance(stmt, ast.Return):
            swapped = [*body[:i], body[i + 1], stmt, *body[i + 2 :]]
            yield whole("order of lines", 1, stmt.lineno, swapped)
        if len(body) <= 12 and not isinstance(stmt, ast.Return):
            for j in range(docstring, len(body)):
                if abs(i - j) > 1:
                    rest = body[:i] + body[i + 1 :]
                    yield whole("order of lines", 2, stmt.lineno, [*rest[:j], stmt, *rest[j:]])
            twice = [*body[: i + 1], stmt, *body[i + 1 :]]
            yield whole("once more", 3, stmt.lineno, twice)
        if isinstance(stmt, (ast.For, ast.While, ast.If)) and len(stmt.body) >= 1:
            yield from _in_and_out(body, i, stmt, whole)
    if owner is function:
        yield from _inserted(body, docstring, whole, scope, function)


def _loaded(target: ast.expr) -> ast.expr:
    return parse(ast.unparse(target))


def _stored(name: str) -> Any:
    target: Any = parse(name)
    target.ctx = ast.Store()
    return target


def _assign(stmt: ast.Assign, i: int, item: Callable[..., Edit], scope: Scope) -> Iterator[Edit]:
    target, value = stmt.targets[0], stmt.value
    text = ast.unparse(target)
    if isinstance(target, (ast.Name, ast.Attribute, ast.Subscript)):
        for op in (ast.Add, ast.Sub, ast.Mult):
            tier = 1 if op is ast.Add else 2
            yield item("= or +=", tier, i, ast.AugAssign(target, op(), value))
        if isinstance(value, ast.BinOp) and ast.unparse(value.left) == text:
            yield item("in place", 1, i, ast.AugAssign(target, value.op, value.right))
        if isinstance(target, ast.Name):
            yield item("in place", 2, i, ast.Assign([_stored(f"{text}[...]")], value))
        for other in dict.fromkeys(
            [*scope.names, *(f"self.{w}" for w in scope.wanted), *scope.wanted]
        ):
            if other != text and not (other.startswith("self.") and "self" not in scope.kinds):
                near = other in (f"self.{text}", text.removeprefix("self."))
                yield item("target", 1 if near else 2, i, ast.Assign([_stored(other)], value))
        if isinstance(target, ast.Subscript):
            yield item("target", 2, i, ast.Assign([_stored(ast.unparse(target.value))], value))
            whole = _stored(ast.unparse(target.value))
            yield item("target", 2, i, ast.AugAssign(whole, ast.Add(), value))
    elif isinstance(target, ast.Tuple) and len(target.elts) == 2:
        yield item("order", 1, i, ast.Assign([ast.Tuple(target.elts[::-1], ast.Store())], value))


def _in_and_out(
    body: list[ast.stmt], i: int, stmt: Any, whole: Callable[..., Edit]
) -> Iterator[Edit]:
    """Move the first or last statement of a loop or branch out of it, or its neighbour into it."""

    def again(new: list[ast.stmt]) -> ast.stmt:
        parts = {f: getattr(stmt, f) for f in stmt._fields}
        made: ast.stmt = type(stmt)(**{**parts, "body": new or [ast.Pass()]})
        return made

    last, first = stmt.body[-1], stmt.body[0]
    yield whole("indent", 1, last.lineno, [*body[:i], again(stmt.body[:-1]), last, *body[i + 1 :]])
    yield whole("indent", 1, first.lineno, [*body[:i], first, again(stmt.body[1:]), *body[i + 1 :]])
    if i + 1 < len(body):
        after = body[i + 1]
        yield whole(
            "indent", 1, after.lineno, [*body[:i], again([*stmt.body, after]), *body[i + 2 :]]
        )
    if i > 0:
        before = body[i - 1]
        yield whole("indent", 1, before.lineno,
                    [*body[: i - 1], again([before, *stmt.body]), *body[i + 1 :]])  # fmt: skip


def _inserted(
    body: list[ast.stmt],
    at: int,
    whole: Callable[..., Edit],
    scope: Scope,
    function: Any,
) -> Iterator[Edit]:
    """Statements that are put in: a return, something that is kept, a copy."""
    end = body[-1]
    if not isinstance(end, ast.Return) and function.name != "__init__":
        for name in scope.names:
            yield whole("return", 1, end.lineno, [*body, ast.Return(parse(name))])
    params = [a.arg for a in function.args.args if a.arg != "self"]
    is_method = bool(function.args.args) and function.args.args[0].arg == "self"
    if is_method:
        attributes = list(dict.fromkeys(
            [n.removeprefix("self.") for n in scope.names if n.startswith("self.")] + scope.wanted
            + params
        ))  # fmt: skip
        local = [n for n in scope.names if not n.startswith("self.")]
        before_return = len(body) - isinstance(end, ast.Return)
        for attribute in attributes:
            for name in local:
                new = ast.Assign([_stored(f"self.{attribute}")], parse(name))
                where = before_return if name not in params else at
                tier = 2 if name == attribute or attribute in scope.wanted else 3
                line = body[min(where, len(body) - 1)].lineno
                yield whole("not kept", tier, line, [*body[:where], new, *body[where:]])
        for name in scope.names:
            if name.startswith("self."):
                for value in ("0", "{}", "[]", "None"):
                    new = ast.Assign([_stored(name)], parse(value))
                    yield whole("not reset", 3, body[at].lineno, [*body[:at], new, *body[at:]])
    for name in params:
        if scope.kinds.get(name, ("?", 0))[0] in ("array", "list", "dict", "?"):
            new = ast.Assign([_stored(name)], parse(f"{name}.copy()"))
            yield whole("copy", 2, _changed_in(function, name), [*body[:at], new, *body[at:]])


def _changed_in(function: Any, name: str) -> int:
    """The first line that seems to change a parameter in place; else the function's own."""
    for node in ast.walk(function):
        target: ast.AST | None = None
        if isinstance(node, ast.AugAssign):
            target = node.target
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            target = node.targets[0]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in ("sort", "reverse", "update", "append", "pop", "fill", "clear"):
                target = node.func.value
        elif isinstance(node, ast.keyword) and node.arg == "out":
            target = node.value
        while isinstance(target, (ast.Subscript, ast.Attribute)):
            target = target.value
        if isinstance(target, ast.Name) and target.id == name:
            return int(getattr(node, "lineno", function.lineno))
    return int(function.lineno)
