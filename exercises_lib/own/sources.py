"""One definition and what it needs, taken out of the cells of a notebook without running them."""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

_MARKS = ("### BEGIN SOLUTION", "### END SOLUTION")


class CannotKeepError(Exception):
    """A definition does not stand alone; says why."""


@dataclass(frozen=True)
class Piece:
    """A statement of a cell's top level that gives a name its meaning.

    Args:
        place: its number among all statements, in the order in which they ran.
        name: what it binds, or the class that it adds an attribute to.
        text: its source.
        kind: ``"import"``, ``"definition"``, ``"value"`` or ``"attribute"``.
    """

    place: int
    name: str
    text: str
    kind: str


def module_source(
    exercise_id: str, name: str, cells: Sequence[str], others: Collection[str]
) -> str:
    """Return the source of a module that holds an answer and everything that it needs.

    Args:
        exercise_id: what it answers.
        name: of the function or class.
        cells: sources of cells, in the order in which they ran; the last definition counts.
        others: names of other answers in the library, which are imported from there.

    Raises:
        CannotKeepError: if it is not defined in these cells, or needs something that is not.
    """
    pieces = _pieces(tuple(cells))
    last = _last(pieces, name, len(pieces))
    if last is None or last.kind != "definition":
        raise CannotKeepError("its definition is not in this notebook.")
    chosen = _with_needs(last, pieces, set(others) - {name})
    imports = sorted({piece.text for piece in chosen if piece.kind == "import"})
    rest = [piece.text for piece in chosen if piece.kind != "import"]
    about = (
        f'"""{name}: your answer to {exercise_id}, which has passed its check.\n\n'
        "You may change it. When a newer answer passes, it takes this file, and what you have\n"
        'changed is kept beside it.\n"""'
    )
    parts = [about, "\n".join(imports), f'__all__ = ["{name}"]', *(f"\n{text}" for text in rest)]
    return "\n\n".join(part for part in parts if part) + "\n"


def checked(cells: Sequence[str]) -> dict[str, str]:
    """Return exercise id → name for every `check("ch04.Affine", Affine)` in these cells."""
    found = {}
    for tree, _ in _parsed(cells):
        for node in ast.walk(tree):
            match node:
                case ast.Call(
                    func=ast.Name(id="check"),
                    args=[ast.Constant(value=str(exercise_id)), ast.Name(id=name)],
                    keywords=[],
                ):
                    found[exercise_id] = name
    return found


def _parsed(cells: Sequence[str]) -> Iterator[tuple[ast.Module, list[str]]]:
    for cell in cells:
        # Magics are no Python; a line that was one stays as an empty line.
        lines = ["" if line.startswith(("%", "!", "?")) else line for line in cell.splitlines()]
        try:
            yield ast.parse("\n".join(lines)), lines
        except (SyntaxError, ValueError):
            continue


@lru_cache(maxsize=2)
def _pieces(cells: tuple[str, ...]) -> tuple[Piece, ...]:
    bound = (
        one for tree, lines in _parsed(cells) for node in tree.body for one in _bound(node, lines)
    )
    return tuple(Piece(place, name, text, kind) for place, (name, kind, text) in enumerate(bound))


def _bound(node: ast.stmt, lines: list[str]) -> Iterator[tuple[str, str, str]]:
    """Yield (name, kind, source) for every name that a statement binds."""
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            yield name, "definition", _text(node, lines)
        case ast.Import(names=aliases):
            for alias in aliases:
                text = ast.unparse(ast.Import([alias]))
                yield alias.asname or alias.name.partition(".")[0], "import", text
        case ast.ImportFrom(names=aliases):
            for alias in aliases:
                text = ast.unparse(ast.ImportFrom(node.module, [alias], node.level))
                yield alias.asname or alias.name, "import", text
        case ast.Assign(targets=[ast.Attribute(value=ast.Name(id=name))]):
            yield name, "attribute", _text(node, lines)
        case ast.Assign(targets=targets, value=value):
            kind = "value" if _plain(value) else "result"
            for target in targets:
                for part in ast.walk(target):
                    if isinstance(part, ast.Name):
                        yield part.id, kind, _text(node, lines)


def _plain(value: ast.expr) -> bool:
    """Tell whether an expression is made of numbers, texts and NumPy alone: quick to run again."""
    for part in ast.walk(value):
        if isinstance(part, ast.Call):
            root = part.func
            while isinstance(root, ast.Attribute):
                root = root.value
            if not (isinstance(root, ast.Name) and root.id in ("np", "numpy", "math")):
                return False
    return True


def _text(node: ast.stmt, lines: list[str]) -> str:
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
    taken = lines[first - 1 : node.end_lineno]
    return "\n".join(line for line in taken if line.strip() not in _MARKS)


def _last(pieces: Sequence[Piece], name: str, before: int) -> Piece | None:
    """Return what gave a name its meaning last, before a place."""
    return next(
        (
            piece
            for piece in reversed(pieces[:before])
            if piece.name == name and piece.kind != "attribute"
        ),
        None,
    )


def _with_needs(answer: Piece, pieces: Sequence[Piece], others: Collection[str]) -> list[Piece]:
    """Return a piece and, before it, everything that it needs, in the order of the cells."""
    chosen = {answer}
    waiting = [answer]
    while waiting:
        piece = waiting.pop()
        found = []
        for name in _globals_of(piece.text):
            # In `class Tensor(Tensor)` the base is the Tensor of before.
            before = piece.place if name == piece.name else len(pieces)
            need = _last(pieces, name, before)
            if need is not None and name in others and name != piece.name:
                text = need.text if need.kind == "import" else f"from mynn import {name}"
                chosen.add(Piece(need.place, name, text, "import"))
                continue
            if need is None or need.kind == "result":
                if hasattr(builtins, name):
                    continue
                if name in others:
                    chosen.add(Piece(-1, name, f"from mynn import {name}", "import"))
                    continue
                where = "which no cell defines" if need is None else "which another cell computes"
                raise CannotKeepError(
                    f"it uses `{name}`, {where}. Pass it as an argument, or define it in the "
                    "same cell."
                )
            found.append(need)
        if piece.kind == "definition":
            found += [
                later
                for later in pieces[piece.place + 1 :]
                if later.kind == "attribute" and later.name == piece.name
            ]
        waiting += [new for new in found if new not in chosen and new.kind != "import"]
        chosen.update(found)
    return sorted(chosen, key=lambda piece: piece.place)


@lru_cache(maxsize=2000)
def _globals_of(text: str) -> frozenset[str]:
    """Return the names that a statement takes from its module."""

    def used(table: symtable.SymbolTable) -> Iterator[str]:
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (table.get_type() == "module" or symbol.is_global()):
                yield symbol.get_name()
        for child in table.get_children():
            yield from used(child)

    top = symtable.symtable(text, "<cell>", "exec")
    names = set(used(top))
    # Inside a function a class refers to itself; at the top it refers to what was there before.
    own = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_assigned()}
    own |= {child.get_name() for child in top.get_children()}
    at_top = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_referenced()}
    return frozenset(name for name in names if name not in own or name in at_top)
