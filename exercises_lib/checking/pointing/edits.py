"""The error model: every edit of a piece of code that the search tries.

Tier 1 holds what is wrong most often for its price, tier 3 what needs many candidates: an
expression in the place of another, from the answer itself or from right answers. Such a one must
use what the answer has computed so far: the whole right answer in a `return` would mend anything.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from exercises_lib.checking.pointing.expressions import SAME, changes, constant
from exercises_lib.checking.pointing.ingredients import Ingredients
from exercises_lib.checking.pointing.lacking import lacking
from exercises_lib.checking.pointing.statements import statement_edits
from exercises_lib.checking.pointing.tree import (
    Change,
    Edit,
    Scope,
    Spot,
    blocks,
    expressions,
    functions,
    parse,
    placed,
)

MOST_DONORS = 40
LONGEST_DONOR = 80


def edits(
    tree: ast.AST,
    scopes: Callable[[ast.AST], Scope],
    tier: int,
    ingredients: Ingredients,
    reached: Callable[[int], bool],
) -> Iterator[Edit]:
    """Give every edit of a function, a class or a lambda.

    Args:
        tree: the module that holds it.
        scopes: tells the names in reach of a function.
        tier: which edits are wanted.
        ingredients: expressions and statements of right answers, in the student's names.
        reached: tells whether a line is to be changed.
    """
    for edit in _edits(tree, scopes, tier, ingredients, reached):
        if edit.tier == tier and reached(edit.line):
            yield edit


def _edits(
    tree: ast.AST,
    scopes: Callable[[ast.AST], Scope],
    tier: int,
    ingredients: Ingredients,
    reached: Callable[[int], bool],
) -> Iterator[Edit]:
    for function in functions(tree):
        if not any(map(reached, range(function.lineno, (function.end_lineno or 0) + 1))):
            continue
        scope = scopes(function)
        if not isinstance(function, ast.Lambda):
            for owner, block in blocks(function):
                yield from statement_edits(owner, block, scope, function)
            yield from _default_edits(function)
            if tier > 2:
                yield from lacking(function, ingredients.statements(function, scope))
        strings = sorted(
            node.value
            for node in ast.walk(function)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and len(node.value) < 20
        )
        found = [*ingredients(scope), *_donors(function)] if tier > 2 else []
        donors = [(donor, _names(donor)) for donor in found]
        made = {
            ast.unparse(node)
            for node in ast.walk(function)
            if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store)
        }
        for spot in expressions(function):
            if not reached(spot[3].lineno):
                continue
            used = made & _names(spot[3]) if donors else set()
            keeping = [donor for donor, names in donors if used <= names]
            if isinstance(spot[0], ast.Return):
                keeping += _with_another(spot[3], [donor for donor, _ in donors])
            yield from _expression_edits(spot, scope, strings, keeping, tier)


def _expression_edits(
    spot: Spot, scope: Scope, strings: Sequence[str], donors: Sequence[ast.expr], wanted: int
) -> Iterator[Edit]:
    """Give what can become of one expression, each result once."""
    parent, where, index, node, role = spot
    old = ast.unparse(node)
    texts = {old}
    returned = isinstance(parent, ast.Return)
    for kind, tier, new in _all_changes(node, scope, role, strings, donors, returned, wanted):
        if tier != wanted:
            continue
        placed(new, node)
        try:
            text = ast.unparse(new)
        except Exception:  # a form that has no text has no meaning either
            continue
        if text not in texts:
            texts.add(text)
            yield Edit(kind, tier, node.lineno, parent, where, index, new, old, told=text)


def _all_changes(
    node: ast.expr,
    scope: Scope,
    role: str,
    strings: Sequence[str],
    donors: Sequence[ast.expr],
    returned: bool,
    wanted: int,
) -> Iterator[Change]:
    outside = isinstance(node, ast.Name) and node.id not in scope.names
    if role == "called" or (outside and getattr(node, "id", "") in scope.known):
        yield from _renamed(node, scope, role)
        return
    yield from changes(node, scope, role, wanted)
    if role == "value" and returned and wanted == 2 and not isinstance(node, ast.Tuple | ast.List):
        for name in scope.names[:10]:
            for pair in ((node, parse(name)), (parse(name), node)):
                yield "not all", 2, ast.Tuple([*pair], ast.Load())
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            for other in strings:
                yield "key", 1, ast.Constant(other)
    elif role in ("value", "operand", "arg", "test"):
        for donor in donors:
            kind = "not all" if isinstance(donor, ast.Tuple) else "other expression"
            yield kind, 3, copy.deepcopy(donor)


def _with_another(node: ast.expr, donors: Sequence[ast.expr]) -> list[ast.expr]:
    """What is returned, and one result more, in every place that it could have."""
    items = node.elts if isinstance(node, ast.Tuple) else [node]
    return [
        ast.Tuple([*items[:at], donor, *items[at:]], ast.Load())
        for donor in donors
        for at in range(len(items) + 1)
    ]


def _names(node: ast.AST) -> set[str]:
    every = (inner for inner in ast.walk(node) if isinstance(inner, ast.Name | ast.Attribute))
    return set(map(ast.unparse, every))


def _renamed(node: ast.expr, scope: Scope, role: str) -> Iterator[Change]:
    """What stands for np, a helper's name, something that is called: other names of its kind."""
    own = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    for other in SAME.get(own, ()):
        swap: ast.expr = ast.Name(other, ast.Load())
        if isinstance(node, ast.Attribute):
            swap = ast.Attribute(node.value, other, ast.Load())
        yield "function", 1, swap
    for other in scope.wanted:
        yield "name", 2, ast.Name(other, ast.Load())
    if role != "called" and own not in scope.known:  # a name that is not known at all
        for other in scope.names:
            yield "name", 1, parse(other)


def _default_edits(function: Any) -> Iterator[Edit]:
    """What can be left out in a call, and what it then is."""
    line, arguments = function.lineno, function.args
    bare = len(arguments.args) - len(arguments.defaults)
    if bare > 0 and arguments.args[bare - 1].arg != "self":
        for value in (1.0, None, 0, True, False):
            new = [ast.Constant(value), *arguments.defaults]
            placed(new[0], function)
            yield Edit("default", 1, line, arguments, "defaults", None, new)
    for i, default in enumerate(arguments.defaults):
        if isinstance(default, ast.Constant):
            for kind, tier, other in constant(default, Scope([]), "operand"):
                placed(other, default)
                before = ast.unparse(default)
                yield Edit(kind, tier, default.lineno, arguments, "defaults", i, other, before)


def _donors(function: ast.AST) -> list[ast.expr]:
    """The answer's own expressions, which may belong somewhere else."""
    seen: dict[str, ast.expr] = {}
    for _, _, _, node, _ in expressions(function):
        if isinstance(node, ast.BinOp | ast.Call | ast.Subscript | ast.Compare | ast.IfExp):
            seen.setdefault(ast.unparse(node), node)
    return [node for text, node in seen.items() if len(text) < LONGEST_DONOR][:MOST_DONORS]
