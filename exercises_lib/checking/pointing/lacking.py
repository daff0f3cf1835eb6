"""A statement that a right answer has and this one lacks: put in, wherever it could stand."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Sequence
from typing import Any

from exercises_lib.checking.pointing.tree import Edit, blocks, placed

MOST_PLACES = 12
KINDS = {ast.Assign: "not kept", ast.AugAssign: "missing line", ast.Expr: "missing line"}


def lacking(function: Any, lines: Sequence[ast.stmt]) -> Iterator[Edit]:
    """Give the edits that put a statement into a function.

    Each is tried at the end of a block first, before a return: what is told is the line before
    which something is missing, and the last place where that is so.

    Args:
        function: the function.
        lines: statements of right answers, in the student's names.
    """
    places = [
        (owner, block, at)
        for owner, block in blocks(function)
        for at in range(len(getattr(owner, block)), -1, -1)
        if not _behind_the_end(getattr(owner, block), at)
    ]
    for line in lines:
        if isinstance(line, ast.Assign) and _targets(line) & {
            one for node in ast.walk(function) for one in _targets(node)
        }:
            continue  # it would undo what stands there, and no one could say which of them is wrong
        for owner, block, at in places[:MOST_PLACES]:
            body = getattr(owner, block)
            new = copy.deepcopy(line)
            placed(new, body[min(at, len(body) - 1)])
            whole = [*body[:at], new, *body[at:]]
            beside = body[at] if at < len(body) else body[-1]
            text = ast.unparse(line)
            kind = KINDS[type(line)] if text.startswith("self.") else "missing line"
            yield Edit(kind, 3, beside.lineno, owner, block, None, whole, group=text)


def _targets(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Assign | ast.AugAssign):
        places = node.targets if isinstance(node, ast.Assign) else [node.target]
        return set(map(ast.unparse, places))
    return set()


def _behind_the_end(body: list[ast.stmt], at: int) -> bool:
    """Whether a place lies behind a return, or before the docstring."""
    if at and isinstance(body[at - 1], ast.Return | ast.Raise | ast.Continue | ast.Break):
        return True
    return at == 0 and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
