"""What a cell needs of the cells above it, found from the names in their source."""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_BUILTIN = frozenset(dir(builtins))


@dataclass(frozen=True)
class Names:
    """The global names of a cell.

    Args:
        bound: those it gives a value.
        touched: those whose object it may change: ``a[0] = …``, ``layer.forward(x)``.
        used: those it reads, also inside its functions and classes.
    """

    bound: frozenset[str] = frozenset()
    touched: frozenset[str] = frozenset()
    used: frozenset[str] = frozenset()


def names_of(source: str) -> Names:
    """Find the names of a cell; none if it is no Python."""
    try:
        table = symtable.symtable(source, "cell", "exec")
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Names()
    bound = {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()}
    modules = {s.get_name() for s in table.get_symbols() if s.is_imported()}
    used = set(_globals_read(table)) - _BUILTIN
    touched = set(_touched(tree.body)) - _BUILTIN - modules
    return Names(frozenset(bound), frozenset(touched), frozenset(used))


def _globals_read(table: symtable.SymbolTable) -> Iterator[str]:
    top = table.get_type() == "module"
    for symbol in table.get_symbols():
        if symbol.is_referenced() and (top or symbol.is_global()):
            yield symbol.get_name()
    for child in table.get_children():
        yield from _globals_read(child)


def _touched(body: Sequence[ast.stmt]) -> Iterator[str]:
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        for node in ast.walk(statement):
            if isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store):
                yield from _owner(node)
            elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
                call = node.value
                if isinstance(call.func, ast.Name) and call.func.id in _BUILTIN:
                    continue  # print(x) changes nothing
                yield from _owner(call.func)
                for value in (*call.args, *(word.value for word in call.keywords)):
                    yield from _owner(value)


def _owner(node: ast.expr) -> Iterator[str]:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    if isinstance(node, ast.Name):
        yield node.id


def needed(above: Sequence[Names], target: Names) -> list[int]:
    """Choose the cells that have to run before a cell, in order.

    Args:
        above: the cells above it, from the top of the page.
        target: the cell.

    Returns:
        Indices into `above`. Going up, each cell is taken that gives a value to a name that is
        still wanted, or may change its object.
    """
    wanted = set(target.used)
    chosen: list[int] = []
    for index in reversed(range(len(above))):
        cell = above[index]
        if wanted.isdisjoint(cell.bound | cell.touched):
            continue
        chosen.append(index)
        wanted = (wanted - cell.bound) | cell.used
    return chosen[::-1]
