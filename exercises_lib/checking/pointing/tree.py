"""Edits of a syntax tree: one place changed, applied and undone without a copy."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any


@dataclass(eq=False)
class Edit:
    """One change: ``parent.where`` (or its item ``index``) becomes ``new``; a context manager.

    Args:
        kind: what kind of change it is.
        tier: how soon it is tried, 1 first.
        line: the line where it stands.
        parent: the node that is changed.
        where: the field of that node.
        index: the item, where the field is a list.
        new: what is put there.
        before: the student's own expression.
        piece: which piece of the answer it belongs to.
        told: the new expression as text.
        group: of edits with the same group only the first that makes an answer right counts.
    """

    kind: str
    tier: int
    line: int
    parent: ast.AST
    where: str
    index: int | None
    new: Any
    before: str = ""
    piece: int = 0
    group: str = ""
    told: str = ""
    old: Any = None

    def __enter__(self) -> Edit:
        self.old = self._now()
        if self.index is None:
            setattr(self.parent, self.where, self.new)
        else:
            getattr(self.parent, self.where)[self.index] = self.new
        return self

    def _now(self) -> Any:
        held = getattr(self.parent, self.where)
        return held if self.index is None else held[self.index]

    def __exit__(self, *_: object) -> None:
        if self.index is None:
            setattr(self.parent, self.where, self.old)
        else:
            getattr(self.parent, self.where)[self.index] = self.old

    @cached_property
    def cost(self) -> int:
        """How much an edit changes, in words and signs; what is new counts twice.

        A change of order alone, where every word stays, counts as three. To be asked for before the
        edit is applied.
        """
        old, new = _tokens(self.before or self._text(self._now())), _tokens(self._text(self.new))
        return 2 * (new - old).total() + (old - new).total() or 3

    @staticmethod
    def _text(node: Any) -> str:
        """The text of a node, a list of nodes, or a string."""
        if isinstance(node, list):
            return "\n".join(ast.unparse(one) for one in node)
        return ast.unparse(node) if isinstance(node, ast.AST) else str(node)

    def clashes(self, other: Edit) -> bool:
        """Tell whether two edits change the same place."""
        same_field = self.parent is other.parent and self.where == other.where
        return same_field and (None in (self.index, other.index) or self.index == other.index)


@dataclass
class Scope:
    """What is known about the names that one function can use.

    Args:
        names: expressions as text (``"x"``, ``"self.x"``), in the order in which they appear.
        kinds: what each was when the answer ran: ``("array", ndim)``, ``("number", 0)``, …
        sizes: expressions for the sizes of arrays, one for each different size.
        wanted: identifiers that an error message names.
        known: names that the code finds outside: modules, helpers, builtins.
        attributes: what the function asks of other objects than itself: ``node.grad``.
    """

    names: list[str]
    kinds: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    sizes: list[str] = field(default_factory=list)
    wanted: list[str] = field(default_factory=list)
    known: frozenset[str] = frozenset()
    attributes: list[str] = field(default_factory=list)

    def numeric(self) -> list[str]:
        return [n for n in self.names if self.kinds.get(n, ("?", 0))[0] in ("array", "number", "?")]

    def arrays(self) -> list[str]:
        return [n for n in self.names if self.kinds.get(n, ("?", 2))[0] in ("array", "?")]

    def like(self, name: str) -> list[str]:
        """Names that could stand where `name` stands."""
        kind = self.kinds.get(name, ("?", 0))[0]
        numeric = ("array", "number")
        return [
            n
            for n in self.names
            if n != name
            and (
                (k := self.kinds.get(n, ("?", 0))[0]) == kind
                or "?" in (k, kind)
                or (k in numeric and kind in numeric)
            )
        ]


def _tokens(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+|\*\*|//|[^\w\s()]", text))


ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div)
Change = tuple[str, int, ast.expr]
"""A kind, a tier and what an expression becomes."""
Spot = tuple[ast.AST, str, int | None, ast.expr, str]
"""An expression with its place: the parent, its field, the index there; and the role it has."""


def parse(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def placed(new: ast.AST, at: ast.AST) -> ast.AST:
    """Give a new node, and what in it has none, the position of an old one."""
    for name in ("lineno", "col_offset", "end_lineno", "end_col_offset"):
        if not hasattr(new, name):
            setattr(new, name, getattr(at, name, 1))
    for child in ast.iter_child_nodes(new):
        if not hasattr(child, "lineno") or not hasattr(child, "end_lineno"):
            placed(child, at)
    return new


def binop(left: ast.expr, op: type[ast.operator], right: ast.expr) -> ast.BinOp:
    return ast.BinOp(left, op(), right)


def call(name: str, *args: ast.expr, **keywords: ast.expr) -> ast.Call:
    keys = [ast.keyword(arg=k, value=v) for k, v in keywords.items()]
    return ast.Call(parse(name), list(args), keys)


def method(value: ast.expr, name: str, **keywords: Any) -> ast.Call:
    keys = [ast.keyword(arg=k, value=ast.Constant(v)) for k, v in keywords.items()]
    return ast.Call(ast.Attribute(value, name, ast.Load()), [], keys)


def transpose(node: ast.expr) -> ast.expr:
    return ast.Attribute(node, "T", ast.Load())


def called(node: ast.AST) -> str:
    """The last name of what a call calls."""
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute):
            return node.func.attr
        if isinstance(node.func, ast.Name):
            return node.func.id
    return ""


def is_own_attribute(node: ast.AST) -> bool:
    """Tell whether a node is ``self.something``."""
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    )


def functions(tree: ast.AST) -> list[Any]:
    """The functions and methods of a piece of code; those inside others belong to those."""
    found: list[Any] = []

    def visit(node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.Lambda)):
                found.append(child)
            else:
                visit(child)

    visit(tree)
    return found


BLOCKS = ("body", "orelse", "finalbody")


def blocks(function: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    for node in ast.walk(function):
        for block in BLOCKS:
            items = getattr(node, block, None)
            if isinstance(items, list) and items and isinstance(items[0], ast.stmt):
                yield node, block


def expressions(function: ast.AST) -> Iterator[Spot]:
    """Give every expression that is read, with its place and its role."""

    def visit(node: ast.AST) -> Iterator[Spot]:
        for name, value in ast.iter_fields(node):
            if name in ("decorator_list", "annotation", "returns", "args") and not isinstance(
                node, ast.Call
            ):
                continue
            if isinstance(node, ast.Call) and name == "func":
                if isinstance(value, ast.Attribute):
                    if not (isinstance(value.value, ast.Name) and value.value.id in ("np", "self")):
                        yield from one(value, "value", None, value.value, "operand")
                    yield node, "func", None, value, "called"
                elif isinstance(value, ast.Name):
                    yield node, "func", None, value, "called"
                continue
            if isinstance(node, ast.Attribute) and name == "value" and is_own_attribute(node):
                continue
            if isinstance(value, ast.AST):
                yield from one(node, name, None, value, role(node, name))
            elif isinstance(value, list):
                for i, part in enumerate(value):
                    if isinstance(part, ast.AST):
                        yield from one(node, name, i, part, role(node, name))

    def one(parent: ast.AST, name: str, index: int | None, node: ast.AST, kind: str) -> Any:
        if isinstance(node, ast.expr):
            read = isinstance(getattr(node, "ctx", ast.Load()), ast.Load)
            if read and not isinstance(node, ast.Slice) and not _is_text(parent, node):
                yield parent, name, index, node, kind
            if isinstance(node, (ast.Tuple, ast.List)) and kind == "value":
                for i, part in enumerate(node.elts):
                    yield from one(node, "elts", i, part, "value")
                return
        yield from visit(node)

    if isinstance(function, ast.Lambda):
        yield from one(function, "body", None, function.body, "value")
    else:
        for i, stmt in enumerate(function.body):  # type: ignore[attr-defined]
            yield from one(function, "body", i, stmt, "stmt")


def _is_text(parent: ast.AST, node: ast.AST) -> bool:
    return isinstance(parent, (ast.Expr, ast.JoinedStr)) and isinstance(node, ast.Constant)


def role(parent: ast.AST, name: str) -> str:
    if isinstance(parent, (ast.Assign, ast.AugAssign, ast.Return, ast.AnnAssign, ast.NamedExpr)):
        return "value" if name == "value" else "target"
    if isinstance(parent, ast.FormattedValue):
        return "index"
    if isinstance(parent, (ast.Dict, ast.DictComp, ast.ListComp, ast.GeneratorExp)):
        return "value"
    if isinstance(parent, (ast.If, ast.While, ast.IfExp, ast.Assert)) and name == "test":
        return "test"
    if isinstance(parent, ast.IfExp):
        return "value"
    if isinstance(parent, ast.Subscript) and name == "slice":
        return "index"
    if isinstance(parent, (ast.Slice,)):
        return "index"
    if isinstance(parent, (ast.For, ast.comprehension)) and name == "iter":
        return "iter"
    if isinstance(parent, ast.Call):
        return "bound" if called(parent) == "range" else "arg"
    if isinstance(parent, ast.keyword):
        return "axis" if parent.arg == "axis" else "arg"
    return "operand"
