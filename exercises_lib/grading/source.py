"""What can be read from a piece of code without running it.

Code of the course is read here directly; a student's is read in the kernel, before anything of it
runs, since also reading it can take long.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

LIBRARY = "exercises_lib"
MAGIC = ("%", "!")
MAX_READ = 20_000
"""Characters of a cell that are read; the longest of the course has a twentieth of it."""
MAX_STATEMENT = 1_000
MAX_NAMES = 5_000
NOT_PYTHON = (SyntaxError, ValueError, RecursionError, MemoryError)


@dataclass(frozen=True)
class Facts:
    """What stands in a cell.

    Args:
        assigned: the names that it defines at its top level.
        names: all names and attributes that it mentions.
        magic: the words of its lines that are not Python; of all of it if none is.
        imports: what it imports of this library.
        quotes: whether a string in it names a module of this library.
        statement: the cell as Python writes it, where it is short.
        long: whether it is too long to be read; then nothing else is known.
    """

    assigned: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    magic: frozenset[str] = frozenset()
    imports: tuple[str, ...] = ()
    quotes: bool = False
    statement: str = ""
    long: bool = False

    def to_plain(self) -> dict[str, Any]:
        """Give the facts as plain data."""
        return {
            **vars(self),
            "assigned": sorted(self.assigned)[:MAX_NAMES],
            "names": sorted(self.names)[:MAX_NAMES],
            "magic": sorted(self.magic)[:MAX_NAMES],
            "imports": list(self.imports)[:MAX_NAMES],
        }

    @classmethod
    def from_plain(cls, data: Any) -> Facts:
        """Read what `to_plain` gave, from a process that may be hostile.

        Raises:
            KeyError, TypeError: if it is not of that form.
        """
        return cls(
            assigned=frozenset(str(name) for name in data["assigned"][:MAX_NAMES]),
            names=frozenset(str(name) for name in data["names"][:MAX_NAMES]),
            magic=frozenset(str(name) for name in data["magic"][:MAX_NAMES]),
            imports=tuple(str(name)[:200] for name in data["imports"][:MAX_NAMES]),
            quotes=bool(data["quotes"]),
            statement=str(data["statement"])[: 2 * MAX_STATEMENT],
            long=bool(data["long"]),
        )


@lru_cache(maxsize=512)
def facts(text: str) -> Facts:
    """Read a cell."""
    if len(text) > MAX_READ:
        return Facts(long=True)
    pure = _parse(text)
    lines = text.split("\n")
    magic = [line for line in lines if line.lstrip().startswith(MAGIC)]
    if magic and pure is None:
        tree = _parse("\n".join(line for line in lines if not line.lstrip().startswith(MAGIC)))
    else:
        tree = pure
    words = frozenset(re.findall(r"\w+", text if tree is None else "\n".join(magic)))
    if tree is None:
        return Facts(magic=words)
    try:
        statement = ast.unparse(pure) if pure and len(text) <= MAX_STATEMENT else ""
    except NOT_PYTHON:
        statement = ""
    return Facts(
        assigned=frozenset(_assigned(tree.body)),
        names=frozenset(_names(tree)),
        magic=words,
        imports=tuple(_library_imports(tree)),
        quotes=any(f"{LIBRARY}." in value for value in _strings(tree)),
        statement=statement,
    )


def _parse(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except NOT_PYTHON:
        return None


def _assigned(body: Iterable[ast.stmt]) -> Iterator[str]:
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from (alias.asname or alias.name for alias in node.names)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                yield from (name.id for name in ast.walk(target) if isinstance(name, ast.Name))


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]
            yield from (alias.name for alias in node.names)


def _strings(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _library_imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == LIBRARY:
                    yield alias.name
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == LIBRARY:
            for alias in node.names:
                yield f"{node.module}.{alias.name}"


def mentioned(text: str) -> set[str]:
    """Return the names and attributes that a piece of code mentions; none if it is not Python."""
    tree = _parse(text)
    return {
        node.id if isinstance(node, ast.Name) else node.attr
        for node in (() if tree is None else ast.walk(tree))
        if isinstance(node, (ast.Name, ast.Attribute))
    }


def defined(text: str) -> set[str]:
    """Return the names of the functions and classes that a piece of code defines anywhere."""
    tree = _parse(text)
    kinds = (ast.FunctionDef, ast.ClassDef)
    return {
        node.name for node in (() if tree is None else ast.walk(tree)) if isinstance(node, kinds)
    }


def imported(text: str) -> set[str]:
    """Return the modules that a piece of code imports at its top level, or tries to."""
    tree = _parse(text)
    body = [] if tree is None else tree.body
    body += [inner for node in body if isinstance(node, ast.Try) for inner in node.body]
    found: set[str] = set()
    for node in body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found
