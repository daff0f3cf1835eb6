"""The error model: every edit of a piece of code that the search tries."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator

from exercises_lib.checking.pointing.expressions import SAME, changes, constant
from exercises_lib.checking.pointing.statements import statement_edits
from exercises_lib.checking.pointing.tree import (
    Edit,
    Scope,
    blocks,
    expressions,
    functions,
    parse,
    placed,
)


def edits(
    tree: ast.AST,
    scopes: Callable[[ast.AST], Scope],
    line: int | None = None,
    most: int = 3,
) -> Iterator[Edit]:
    """Give every edit of a function, a class or a lambda.

    Args:
        tree: the module that holds it.
        scopes: tells the names in reach of a function.
        line: gives only edits of expressions in this line.
        most: the last tier that is wanted.
    """
    for function in functions(tree):
        if line is not None and not function.lineno <= line <= (function.end_lineno or line):
            continue
        scope = scopes(function)
        strings = sorted({
            n.value for n in ast.walk(function)
            if isinstance(n, ast.Constant) and isinstance(n.value, str) and len(n.value) < 20
        })  # fmt: skip
        donors = _donors(function) if most > 2 else []
        if not isinstance(function, ast.Lambda) and line is None:
            for owner, block in blocks(function):
                yield from statement_edits(owner, block, scope, function)
        for parent, name, index, node, role in expressions(function):
            if line is not None and node.lineno != line:
                continue
            old = ast.unparse(node)
            texts: set[str] = {old}

            def edit(kind: str, tier: int, new: ast.expr) -> Edit | None:
                placed(new, node)
                try:
                    text = ast.unparse(new)
                except Exception:
                    return None
                if text in texts:
                    return None
                texts.add(text)
                return Edit(kind, tier, node.lineno, parent, name, index, new, old)

            foreign = isinstance(node, ast.Name) and node.id not in scope.names
            if foreign or role == "called":  # np, a helper's name, what is called
                own = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
                for other in SAME.get(own, ()):
                    swap: ast.expr = ast.Name(other, ast.Load())
                    if isinstance(node, ast.Attribute):
                        swap = ast.Attribute(node.value, other, ast.Load())
                    made = edit("function", 1, swap)
                    if made is not None:
                        yield made
                for other in scope.wanted:
                    made = edit("name", 2, ast.Name(other, ast.Load()))
                    if made is not None:
                        yield made
                if role == "called" or own in scope.known:
                    continue
                for other in scope.names:  # a name that is not known at all
                    made = edit("name", 1, parse(other))
                    if made is not None:
                        yield made
                continue
            for kind, tier, new in changes(node, scope, role):
                made = edit(kind, tier, new) if tier <= most else None
                if made is not None:
                    yield made
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                for other in strings:
                    made = edit("key", 1, ast.Constant(other))
                    if made is not None:
                        yield made
            if role in ("value", "operand", "arg", "test") and not isinstance(node, ast.Constant):
                for donor in donors:
                    made = edit("other expression", 3, copy.deepcopy(donor))
                    if made is not None:
                        yield made
        if not isinstance(function, ast.Lambda) and line is None:
            bare = len(function.args.args) - len(function.args.defaults)
            if bare > 0 and function.args.args[bare - 1].arg != "self":
                for value in (1.0, None, 0, True, False):
                    new_list = [ast.Constant(value), *function.args.defaults]
                    placed(new_list[0], function)
                    yield Edit(
                        "default", 1, function.lineno, function.args, "defaults", None, new_list
                    )
            for i, default in enumerate(function.args.defaults):
                if isinstance(default, ast.Constant):
                    for kind, tier, new in constant(default, Scope([]), "operand"):
                        placed(new, default)
                        yield Edit(kind, tier, default.lineno, function.args, "defaults", i, new)


def _donors(function: ast.AST) -> list[ast.expr]:
    seen: dict[str, ast.expr] = {}
    for _, _, _, node, _ in expressions(function):
        if isinstance(node, (ast.BinOp, ast.Call, ast.Subscript, ast.Compare, ast.IfExp)):
            seen.setdefault(ast.unparse(node), node)
    return [n for t, n in seen.items() if len(t) < 80][:40]
