"""Expressions of right answers, written with the names of the student's own code.

A name of a right answer stands for the student's name that had the same value when both ran.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from exercises_lib.checking.pointing.names import Names
from exercises_lib.checking.pointing.source import Source
from exercises_lib.checking.pointing.tree import Scope, expressions, functions, parse

LONGEST = 80
MOST = 48
MOST_LINES = 10


class Ingredients:
    """What right answers are made of.

    Args:
        sources: the code of right answers.
        names: what the names of the student's answer were when it ran.
        run: runs an answer once.
    """

    def __init__(
        self, sources: Iterable[Source | None], names: Names, run: Callable[[Any], object]
    ) -> None:
        self._mine: dict[str, Any] = {}
        for values in names.seen.values():
            self._mine.update(values)
        self._found: dict[str, ast.expr] = {}
        self._lines: dict[str, tuple[str, ast.stmt]] = {}
        self._names: dict[str, set[str]] = {}
        for source in sources:
            if source is not None:
                self._take(source, Names(source, run, ""))

    def _take(self, source: Source, theirs: Names) -> None:
        for piece in source.pieces:
            for function in functions(piece.tree):
                key = (getattr(function, "name", "<lambda>"), function.lineno)
                values = theirs.seen.get(key, {})
                for _, _, _, node, role in expressions(function):
                    if role != "called" and isinstance(node, _TELLING):
                        for new in self._renamed(node, values):
                            self._found.setdefault(ast.unparse(new), new)
                for stmt in ast.walk(function):
                    if isinstance(stmt, _MISSABLE):
                        for line in self._renamed(stmt, values):
                            text = ast.unparse(line)
                            self._lines.setdefault(text, (key[0], line))

    def _renamed(self, node: Any, values: dict[str, Any]) -> Iterator[Any]:
        """Write a piece of code with the student's names, if each of its names has one."""
        new = _Renaming(values, self._mine).visit(copy.deepcopy(node))
        if new is not None and len(ast.unparse(new)) <= LONGEST:
            yield new

    def has(self, text: str) -> bool:
        """Tell whether a right answer has this expression, in the student's names."""
        return text in self._found

    def statements(self, function: Any, scope: Scope) -> list[ast.stmt]:
        """Return the statements of right answers that this function could lack.

        Those of a function of the same name, where there is one; of any else.
        """
        name = getattr(function, "name", "")
        same = name in {where for where, _ in self._lines.values()}
        there = {ast.unparse(node) for node in ast.walk(function) if isinstance(node, ast.stmt)}
        reach = {*scope.names, *scope.known, "self", *map(_base, scope.wanted)}
        usable = [
            line
            for text, (where, line) in self._lines.items()
            if (where == name or not same) and text not in there and _needs(line) <= reach
        ]
        return usable[:MOST_LINES]

    def __call__(self, scope: Scope) -> list[ast.expr]:
        """Return the expressions that can be written with the names in reach."""
        reach = {*scope.names, *scope.known, "self"}
        usable = []
        for text, node in self._found.items():
            if text not in self._names:
                self._names[text] = _names_in(node)
            if self._names[text] <= reach:
                usable.append(node)
        return usable[:MOST]


_MISSABLE = (ast.Assign, ast.AugAssign, ast.Expr)
_TELLING = (ast.BinOp, ast.Call, ast.Compare, ast.Subscript, ast.Attribute, ast.UnaryOp, ast.IfExp)


class _Renaming(ast.NodeTransformer):
    """Replaces names of a right answer by the student's names of the same values."""

    def __init__(self, values: dict[str, Any], mine: dict[str, Any]) -> None:
        self._values, self._mine = values, mine

    def _other(self, text: str) -> str:
        if text not in self._values:
            return text
        value = self._values[text]
        if text in self._mine and _equal(self._mine[text], value):
            return text
        for name, own in self._mine.items():
            if _equal(own, value):
                return name
        return text

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return self._placed(self._other(node.id), node)

    @staticmethod
    def _placed(text: str, node: Any) -> ast.AST:
        new = parse(text)
        new.ctx = node.ctx  # type: ignore[attr-defined]
        return new

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        text = ast.unparse(node)
        if text in self._values:
            return self._placed(self._other(text), node)
        node.value = self.visit(node.value)
        return node


def _names_in(node: ast.AST) -> set[str]:
    """The names that an expression needs, ``self.x`` as one."""
    found: set[str] = set()
    bound = {
        inner.id
        for inner in ast.walk(node)
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store)
    }
    for inner in ast.walk(node):
        if isinstance(inner, ast.Attribute) and ast.unparse(inner).startswith("self."):
            found.add(".".join(ast.unparse(inner).split(".")[:2]))
        elif isinstance(inner, ast.Name) and inner.id not in bound:
            found.add(inner.id)
    return found


def _base(word: str) -> str:
    return f"self.{word}"


def _needs(line: ast.stmt) -> set[str]:
    """The names that a statement reads."""
    if isinstance(line, ast.Assign):
        places = [one for one in line.targets if isinstance(one, ast.Subscript)]
        return _names_in(ast.Tuple([line.value, *places], ast.Load()))
    return _names_in(line)


def _equal(a: Any, b: Any) -> bool:
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return a.shape == b.shape and a.dtype == b.dtype and np.array_equal(a, b)
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(_equal, a, b))
    return isinstance(a, int | float | str) and bool(a == b)
