"""A wrong program as an edit of a right one."""

from __future__ import annotations

import ast
import inspect
import linecache
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any


class EditError(ValueError):
    """A piece of an edit does not stand in the right program exactly once."""


@dataclass(frozen=True)
class Edit:
    """A right program with pieces of its source replaced; compiled when it is first needed.

    Args:
        of: the right program, a function or a class with source of its own.
        pieces: (old, new) pairs. A piece of one line is any text that stands in the source once;
            one of several lines is whole lines, whatever their indentation. An empty `new` takes
            the piece out, and the line with it if the piece is all of it.
        name: what the wrong program is called in tracebacks.
    """

    of: Callable[..., Any]
    pieces: tuple[tuple[str, str], ...]
    name: str = "edit"

    @cached_property
    def source(self) -> str:
        """The wrong program's source, without docstrings.

        Raises:
            EditError: if an old piece does not stand in the right program exactly once.
        """
        text = bare_source(self.of)
        for old, new in self.pieces:
            text = replaced(text, old, new)
        return text

    @cached_property
    def program(self) -> Any:
        """The wrong program itself."""
        filename = f"<{self.of.__module__}.{self.of.__qualname__}: {self.name}>"
        lines = self.source.splitlines(keepends=True)
        linecache.cache[filename] = (len(self.source), None, lines, filename)
        namespace = dict(vars(sys.modules[self.of.__module__]))
        exec(compile(self.source, filename, "exec"), namespace)
        return namespace[self.of.__name__]


def bare_source(program: Callable[..., Any]) -> str:
    """Return a program's own source, dedented and without its docstrings."""
    text = textwrap.dedent(inspect.getsource(program))
    gone: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            docstring = node.body[0]
            if len(node.body) > 1:
                gone.update(range(docstring.lineno, (docstring.end_lineno or docstring.lineno) + 1))
    rows = text.splitlines(keepends=True)
    return "".join(row for number, row in enumerate(rows, 1) if number not in gone)


def replaced(text: str, old: str, new: str) -> str:
    """Replace a piece of source that stands there exactly once.

    Args:
        text: the source.
        old: text within a line, or whole lines of any indentation.
        new: what comes in its place; whole lines if `old` is, or if it has several itself. Where
            it is empty, a line of which nothing is left goes, too.

    Raises:
        EditError: if `old` stands there not at all or more than once.
    """
    old_lines, new_lines = _rows(old), _rows(new)
    rows = text.split("\n")
    whole_line = not new_lines and old.strip() in map(str.strip, rows)
    if len(old_lines) == 1 and len(new_lines) <= 1 and not whole_line:
        found = text.count(old_lines[0])
        if found != 1:
            raise EditError(f"{old_lines[0]!r} stands {found} times in\n{text}")
        return text.replace(old_lines[0], new_lines[0] if new_lines else "")
    size = len(old_lines)
    places = [
        at
        for at in range(len(rows) - size + 1)
        if textwrap.dedent("\n".join(rows[at : at + size])).split("\n") == old_lines
    ]
    if len(places) != 1:
        raise EditError(f"the lines {old_lines} stand {len(places)} times in\n{text}")
    at = places[0]
    indent = min(
        (row[: len(row) - len(row.lstrip())] for row in rows[at : at + size] if row.strip()),
        key=len,
    )
    rows[at : at + size] = [indent + row if row else row for row in new_lines]
    return "\n".join(rows)


def _rows(piece: str) -> list[str]:
    """Split a piece into its lines, without the indentation that they share."""
    if "\n" not in piece:
        return [piece] if piece else []
    return textwrap.dedent(piece).strip("\n").rstrip().split("\n")
