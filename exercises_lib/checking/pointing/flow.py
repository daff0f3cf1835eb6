"""Where numbers go wrong: a line that is given right values only and makes a wrong output of them.

No edit is needed for that. A value counts as right if it is an input, an expected output or what
some expression of a right answer has on the same case.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from exercises_lib.checking.pointing.source import CANDIDATE, Source
from exercises_lib.checking.pointing.tree import is_own_attribute, parse
from exercises_lib.checking.pointing.values import LARGEST, Values, equal, leaves

READ, MADE, NOTE = "__read__", "__made__", "__note__"
Statement = ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Return


@dataclass(frozen=True)
class Spot:
    """A statement of the answer: the piece and its first and last line."""

    piece: int
    line: int
    last: int


def _known(value: Any, right: Values, bad: Sequence[Any]) -> bool:
    """Tell whether a value that a statement reads is right, or is none that could be wrong."""
    if value is None or isinstance(value, str | bool | slice | type(np)):
        return True
    if isinstance(value, list | tuple | set):
        return all(_known(item, right, bad) for item in value)
    if isinstance(value, dict):
        return all(_known(item, right, bad) for item in value.values())
    if isinstance(value, np.ndarray | np.generic | int | float):
        found = list(leaves(value))
        spoilt = any(equal(leaf, one) for leaf in found for one in bad)
        return bool(found) and not spoilt and all(leaf in right for leaf in found)
    if getattr(getattr(value, "__code__", None), "co_filename", "") == CANDIDATE:
        return False  # the student's own; what is wrong may be in there
    return callable(value) and not hasattr(value, "__self__") and not _of_the_answer(value)


def _of_the_answer(value: Any) -> bool:
    return isinstance(value, type) and any(
        getattr(getattr(one, "__code__", None), "co_filename", "") == CANDIDATE
        for one in vars(value).values()
    )


# ------------------------------------------------------------------ what right answers hold


@dataclass(frozen=True)
class Blame:
    """What a statement does wrong.

    Args:
        spot: where it stands.
        kind: ``"flow"`` makes a wrong output of right values, ``"stops"`` at right values,
            ``"changes"`` an array that it was given.
        sure: whether these right values are inputs or outputs; what a right answer has on its way
            may be right there and not here.
    """

    spot: Spot
    kind: str
    sure: bool


class _Noting(ast.NodeTransformer):
    """Has the value of every expression noted."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        body: list[Any] = [self.visit(stmt) for stmt in node.body]
        node.body = body
        return node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        telling = isinstance(node, ast.BinOp | ast.UnaryOp | ast.Call | ast.Compare | ast.Subscript)
        if (telling or getattr(node, "attr", "") == "T") and isinstance(
            getattr(node, "ctx", ast.Load()), ast.Load
        ):
            held: Any = node
            new = ast.Call(ast.Name(NOTE, ast.Load()), [held], [])
            return ast.copy_location(new, node)
        return node


def note(models: Iterable[Source | None], run: Callable[[Any], object], right: Values) -> None:
    """Keep what the expressions of right answers have when these run."""
    for model in models:
        if model is not None:

            def keep(value: Any) -> Any:
                right.add(value)
                return value

            _run(model, _Noting().visit, {NOTE: keep}, run)


def _run(
    source: Source,
    change: Callable[[ast.Module], Any],
    names: dict[str, Any],
    run: Callable[[Any], object],
) -> None:
    """Run an answer once as it is after some change of its trees."""
    trees = [piece.tree for piece in source.pieces]
    try:
        for piece in source.pieces:
            piece.tree = ast.fix_missing_locations(change(copy.deepcopy(piece.tree)))
            piece.space.update(names)
        answer = source.build()
        run(answer)
    except Exception:  # what cannot be watched tells nothing
        return
    finally:
        for piece, tree in zip(source.pieces, trees, strict=True):
            piece.tree = tree
            for name in names:
                piece.space.pop(name, None)


# ------------------------------------------------------------------ what the answer makes of it


def blamed(
    source: Source,
    run: Callable[[Any], object],
    right: Values,
    sure: Values,
    wrong: Iterable[Any],
    changes: bool,
) -> list[Blame]:
    """Find the statements that get right values only and make a wrong output of them.

    Args:
        source: the answer's code.
        run: runs an answer once.
        right: the values that count as right.
        sure: those of them that are inputs or outputs.
        wrong: what the answer gave where it is wrong, without what belongs to another output.
        changes: whether it changes what it is given.

    Returns:
        These statements, each once; if there are none, those that change what they are given; if
        there are none, the one in which the answer stopped, if all that it reads is right.
    """
    bad = [leaf for leaf in wrong if leaf.size > 1 or leaf.item() not in (0, 1)]
    found: dict[Spot, bool] = {}
    under_way: list[Spot] = []
    open_ones: dict[Spot, tuple[bool, bool]] = {}
    given: dict[int, tuple[Any, Any]] = {}
    changing: dict[Spot, None] = {}

    def read(piece: int, line: int, last: int, values: Any) -> None:
        spot = Spot(piece, line, last)
        known = all(_known(value, right, bad) for value in values)
        open_ones[spot] = known, known and all(_known(value, sure, bad) for value in values)
        for argument in values if changes else ():
            for array in _arrays(argument):
                given.setdefault(id(array), (array, array.copy()))
        under_way.append(spot)

    def made(piece: int, line: int, last: int, value: Any) -> Any:
        spot = Spot(piece, line, last)
        while under_way and under_way.pop() != spot:
            continue
        known, certain = open_ones.get(spot, (False, False))
        spoilt = any(equal(a, b) for a in leaves(value) for b in bad) if known else False
        if spoilt and line not in conditional:
            found[spot] = certain
        for key, (array, before) in list(given.items()):
            if not np.array_equal(array, before, equal_nan=array.dtype.kind == "f"):
                given[key] = (array, array.copy())
                changing[spot] = None
        return value

    number, conditional = -1, set[int]()

    def watched(tree: ast.Module) -> ast.Module:
        nonlocal number
        number += 1
        return _watched(tree, number, conditional)

    _run(source, watched, {READ: read, MADE: made}, run)
    if found:
        return [Blame(spot, "flow", certain) for spot, certain in found.items()]
    if changing or not under_way:
        return [Blame(spot, "changes", True) for spot in changing]
    last = under_way[-1]
    return [Blame(last, "stops", open_ones[last][1])] if open_ones[last][0] else []


def _arrays(value: Any) -> list[Any]:
    held = list(value.values()) if isinstance(value, dict) else [value]
    return [one for one in held if isinstance(one, np.ndarray) and one.size <= LARGEST]


def _watched(tree: ast.Module, number: int, conditional: set[int]) -> ast.Module:
    """Put a note before and after every statement that makes a value.

    Args:
        tree: the code.
        number: which piece of the answer it is.
        conditional: takes the lines that stand within an `if`: the condition may be what is wrong.
    """
    for node in ast.walk(tree):
        for block in ("body", "orelse", "finalbody"):
            body = getattr(node, block, None)
            if isinstance(body, list) and not isinstance(node, ast.Module | ast.ClassDef):
                if isinstance(node, ast.If):
                    conditional.update(stmt.lineno for stmt in body if isinstance(stmt, Statement))
                setattr(node, block, [new for stmt in body for new in _noted(stmt, number)])
    return tree


def _noted(stmt: ast.stmt, number: int) -> list[ast.stmt]:
    if not isinstance(stmt, Statement) or stmt.value is None or _yields(stmt):
        return [stmt]
    reads = ast.Tuple([parse(name) for name in _reads(stmt)], ast.Load())
    before = ast.Expr(_call(READ, number, stmt, reads))
    if isinstance(stmt, ast.Return):
        stmt.value = _call(MADE, number, stmt, stmt.value)
        after = []
    else:
        target = stmt.targets[-1] if isinstance(stmt, ast.Assign) else stmt.target
        after = [ast.Expr(_call(MADE, number, stmt, parse(ast.unparse(target))))]
    return [ast.copy_location(new, stmt) for new in (before, stmt, *after)]


def _yields(stmt: ast.stmt) -> bool:
    return any(isinstance(node, ast.Yield | ast.YieldFrom) for node in ast.walk(stmt))


def _call(name: str, piece: int, stmt: ast.stmt, value: ast.expr) -> ast.Call:
    where = [ast.Constant(number) for number in (piece, stmt.lineno, stmt.end_lineno)]
    return ast.Call(ast.Name(name, ast.Load()), [*where, value], [])


def sources_of(tree: ast.AST, spot: Spot) -> set[int]:
    """The lines of a statement and of those that make what it reads."""
    lines = set(range(spot.line, spot.last + 1))
    reads: set[str] = set()
    every = [node for node in ast.walk(tree) if isinstance(node, Statement)]
    for stmt in every:
        if stmt.lineno == spot.line:
            reads.update(_reads(stmt))
    for stmt in every:
        if not isinstance(stmt, ast.Return):
            targets = stmt.targets if isinstance(stmt, ast.Assign) else [stmt.target]
            made = {ast.unparse(part) for target in targets for part in _parts(target)}
            if made & reads:
                lines |= set(range(stmt.lineno, (stmt.end_lineno or stmt.lineno) + 1))
    return lines


def _parts(target: ast.expr) -> list[ast.expr]:
    return target.elts if isinstance(target, ast.Tuple | ast.List) else [target]


def _reads(stmt: Statement) -> list[str]:
    """The names and own attributes that a statement reads, ``x`` and ``self.x``."""
    bound = {
        node.id if isinstance(node, ast.Name) else node.arg
        for inner in ast.walk(stmt)
        if isinstance(inner, ast.comprehension | ast.Lambda)
        for node in ast.walk(inner.target if isinstance(inner, ast.comprehension) else inner.args)
        if isinstance(node, ast.Name | ast.arg)
    }
    parts: list[ast.AST] = [stmt.value] if stmt.value is not None else []
    if isinstance(stmt, ast.AugAssign):
        parts.append(parse(ast.unparse(stmt.target)))
    names: dict[str, None] = {}
    for part in parts:
        for node in ast.walk(part):
            if is_own_attribute(node):
                names[ast.unparse(node)] = None
            elif isinstance(node, ast.Name) and node.id not in bound and node.id != "self":
                names[node.id] = None
    whole = any(
        isinstance(node, ast.Name) and node.id == "self" for part in parts for node in _bare(part)
    )
    return [*names, *(["self"] if whole else [])]


def _bare(part: ast.AST) -> Iterator[ast.AST]:
    """The nodes of an expression, without the ``self`` of its own attributes."""
    yield part
    for child in ast.iter_child_nodes(part):
        if not (is_own_attribute(part) and isinstance(child, ast.Name)):
            yield from _bare(child)
