"""The student's own code: found in cells and files, built again after each edit."""

from __future__ import annotations

import ast
import inspect
import linecache
import re
import types
from dataclasses import dataclass, field
from typing import Any

CANDIDATE = "<candidate>"
"""The file name of code that is built from an edited tree."""
MOST_HELPERS = 6
"""How many functions and base classes beside the answer itself are searched."""
PER_CLASS = ("__dict__", "__weakref__")
"""Attributes that every class gets anew."""


@dataclass
class Piece:
    """One class or function as it was typed in one cell or file.

    Args:
        tree: a module that holds it alone.
        name: what it is called.
        file: where it stands.
        lines: the text of that cell or file.
        space: where its names are looked up.
        patch: the name of a method that was put on the class from outside; else empty.
        helper: whether it is a base class or a function of the student's that the answer needs.
    """

    tree: ast.Module
    name: str
    file: str
    lines: list[str]
    space: dict[str, Any] = field(repr=False)
    patch: str = ""
    helper: bool = False

    def build(self, space: dict[str, Any]) -> Any:
        """Make the function or class of the tree as it now is."""
        exec(compile(self.tree, CANDIDATE, "exec"), space)
        return space[self.name]


@dataclass
class Source:
    """All pieces of an answer: a function, or a class and what was patched onto it.

    Args:
        pieces: a function, or a class whose methods from elsewhere follow; then what they need.
        made: a class without a body of its own, of which only such methods are pieces.
    """

    pieces: list[Piece]
    made: type | None = None

    def build(self) -> Any:
        """Make the answer of the trees as they now are."""
        for piece in self.pieces[::-1]:
            if piece.helper:
                piece.build(piece.space)
        patches = [piece for piece in self.pieces if not piece.helper]
        if self.made is None:
            main, *patches = patches
            answer = main.build(main.space)
        else:
            kept = {k: v for k, v in vars(self.made).items() if k not in PER_CLASS}
            answer = type(self.made)(self.made.__name__, self.made.__bases__, kept)
        for piece in patches:
            setattr(answer, piece.patch, piece.build(piece.space))
        return answer

    def line(self, number: int, piece: int = 0) -> str:
        """The text of a line, by its number in its own cell or file."""
        lines = self.pieces[piece].lines
        return lines[number - 1].rstrip("\n") if 0 < number <= len(lines) else ""

    @property
    def in_cell(self) -> bool:
        """Whether the answer was typed in a cell of a notebook."""
        return _is_cell(self.pieces[0].file)


def source_of(answer: Any) -> Source | None:
    """Find the code of a function, a lambda or a class; None if it cannot be had and built again.

    `inspect.getsource` knows no class that was typed in a notebook (before Python 3.13) and gives
    the first of two definitions; so the whole cell is read and the node looked up by the file and
    the line that the code itself names.
    """
    found = None
    if isinstance(answer, types.FunctionType):
        piece = _piece(answer.__code__, answer.__name__, _space(answer))
        found = Source([piece]) if piece is not None else None
    elif inspect.isclass(answer):
        found = _source_of_class(answer)
    if found is None:
        return None
    alone = list(found.pieces)
    for pieces in ([*alone, *_helpers(found)], alone):
        found.pieces = pieces
        try:
            found.build()
        except Exception:  # a class made by a function needs what that function knew
            continue
        return found
    return None


def _helpers(found: Source) -> list[Piece]:
    """Find the student's own functions and base classes that an answer uses."""
    main = found.pieces[0]
    known, found_ones = {piece.name for piece in found.pieces}, list[Piece]()
    waiting = list(found.pieces)
    while waiting and len(found_ones) < MOST_HELPERS:
        piece = waiting.pop(0)
        for node in ast.walk(piece.tree):
            if isinstance(node, ast.Name) and node.id not in known:
                known.add(node.id)
                helper = _helper(node.id, piece.space.get(node.id), main.file)
                if helper is not None:
                    helper.helper = True
                    found_ones.append(helper)
                    waiting.append(helper)
    if found_ones:  # they have to find each other as they are built anew
        together: dict[str, Any] = {}
        for piece in [*found_ones, *found.pieces[::-1]]:
            together.update(piece.space)
        for piece in [*found_ones, *found.pieces]:
            piece.space = together
    return found_ones


def _helper(name: str, value: Any, file: str) -> Piece | None:
    """A function or class of this name, if it comes from the same hand as a file or cell."""
    if isinstance(value, types.FunctionType) and value.__name__ == name:
        if _same_hand(value.__code__.co_filename, file):
            return _piece(value.__code__, name, _space(value))
    elif inspect.isclass(value) and value.__name__ == name:
        for own in map(_method, vars(value).values()):
            if own is not None and own.__qualname__.endswith(_end(value, own)):
                same = _same_hand(own.__code__.co_filename, file)
                return _class_piece(value, own) if same else None
    return None


def _same_hand(file: str, other: str) -> bool:
    return file == other or (_is_cell(file) and _is_cell(other))


def _is_cell(file: str) -> bool:
    return re.search(r"<ipython-input|ipykernel_\d|<cell", file) is not None


def _method(value: Any) -> types.FunctionType | None:
    function = getattr(value, "__func__", value)
    return function if isinstance(function, types.FunctionType) else None


def _source_of_class(answer: type) -> Source | None:
    methods = {
        name: function
        for name, value in vars(answer).items()
        if (function := _method(value)) is not None
    }
    own = next((m for m in methods.values() if m.__qualname__.endswith(_end(answer, m))), None)
    main = _class_piece(answer, own) if own is not None else None
    pieces = []
    first, last, file = 0, 0, ""
    if own is not None and main is not None:
        body = main.tree.body[0]
        first, last, file = body.lineno, body.end_lineno or 0, own.__code__.co_filename
        pieces.append(main)
    for name, method in methods.items():
        code = method.__code__
        if main is not None and code.co_filename == file and first <= code.co_firstlineno <= last:
            main.space.update(_closed_over(method))
            continue
        piece = _piece(code, method.__name__, _space(method))
        if piece is not None:
            piece.patch = name
            pieces.append(piece)
    return Source(pieces, None if main is not None else answer) if pieces else None


def _end(answer: type, method: types.FunctionType) -> str:
    return f"{answer.__name__}.{method.__name__}"


def _space(function: types.FunctionType) -> dict[str, Any]:
    return {**function.__globals__, **_closed_over(function)}


def _closed_over(function: types.FunctionType) -> dict[str, Any]:
    found = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=False):
        if name != "__class__":
            try:
                found[name] = cell.cell_contents
            except ValueError:  # not filled yet
                continue
    return found


def _parsed(code: types.CodeType, space: dict[str, Any]) -> tuple[ast.Module, list[str]] | None:
    lines = linecache.getlines(code.co_filename, space)
    try:
        return (ast.parse("".join(lines)), lines) if lines else None
    except (SyntaxError, ValueError):
        return None


def _class_piece(answer: type, method: types.FunctionType) -> Piece | None:
    code = method.__code__
    parsed = _parsed(code, method.__globals__)
    if parsed is None:
        return None
    tree, lines = parsed
    found = None
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name == answer.__name__:  # noqa: SIM102
            if node.lineno <= code.co_firstlineno <= (node.end_lineno or 0):
                found = node
    if found is None:
        return None
    found.decorator_list = []
    module = ast.Module([found], [])
    return Piece(module, found.name, code.co_filename, lines, _space(method))


def _piece(code: types.CodeType, name: str, space: dict[str, Any]) -> Piece | None:
    parsed = _parsed(code, space)
    if parsed is None:
        return None
    tree, lines = parsed
    stmt: ast.stmt | None = None
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            if first == code.co_firstlineno:
                node.decorator_list = []
                stmt = node
                name = node.name
        elif isinstance(node, ast.Lambda) and code.co_name == "<lambda>":  # noqa: SIM102
            if node.lineno == code.co_firstlineno and _is_body_of(node, code):
                name = "_answer"
                stmt = ast.Assign([ast.Name("_answer", ast.Store())], node)
                ast.copy_location(stmt, node)
    if stmt is None:
        return None
    module = ast.fix_missing_locations(ast.Module([stmt], []))
    return Piece(module, name, code.co_filename, lines, space)


def _is_body_of(node: ast.Lambda, code: types.CodeType) -> bool:
    """Tell whether some code was compiled of this lambda, by where its instructions stand.

    Equal bytecode would be no test: the same lambda compiles otherwise within its module.
    """
    names = [argument.arg for argument in node.args.args]
    if names != list(code.co_varnames[: code.co_argcount]):
        return False
    body = node.body
    start, end = (body.lineno, body.col_offset), (body.end_lineno or 0, body.end_col_offset or 0)
    inside = False
    for first, last, col, stop in code.co_positions():
        if first is None or last is None or col is None or stop is None or (col, stop) == (0, 0):
            continue
        inside = True
        if not (start <= (first, col) and (last, stop) <= end):
            return False
    return inside
