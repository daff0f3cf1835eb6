"""What an instructor should look at: the library's own code in the place of a student's.

Two looks that complete each other. The source of the cells that the student has written is read
here, where nothing can be patched; what an answer is made of when it runs is reported by the
kernel, where nothing can be hidden by spelling it differently. Neither changes a mark.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from exercises_lib.grading.manifest import Plan
from exercises_lib.grading.notebook import Code

LIBRARY = "exercises_lib"
MAGIC = ("%", "!")
FREE = {"check", "hint", "progress", "figures", "data"}
"""Names of the library that give nothing away."""
UNUSUAL = {
    "__import__", "importlib", "exec", "eval", "compile", "inspect", "ctypes", "gc", "builtins",
    "get_ipython", "_getframe", "settrace", "setprofile", "__subclasses__", "__globals__",
    "__builtins__", "runpy", "pickle", "marshal", "getattr", "modules", "vars", "globals", "locals",
    "__dict__", "__code__", "__closure__", "f_globals", "f_locals", "f_back", "__module__",
}  # fmt: skip


def flags(cells: Sequence[Code], plan: Plan, library: Mapping[str, Iterable[str]]) -> list[str]:
    """List what an instructor should look at.

    Args:
        cells: the submission's code cells.
        plan: its chapter's plan; code that students are given is not theirs.
        library: exercise → what of the library its answer was seen to be made of.

    Returns:
        Sentences, each once.
    """
    found = list(_seen(plan, library))
    given_names, given_imports = _given(plan.given)
    allowed = {name for check in plan.checks for name in check.library}
    for number, cell in enumerate(cells, 1):
        if cell.source.strip() in plan.given:
            continue
        tree = _parse(cell.source)
        hidden = set(re.findall(r"\w+", cell.source if tree is None else _magic(cell.source)))
        for name in sorted(hidden & (UNUSUAL - given_names | {LIBRARY})):
            found.append(f"Cell {number} has {name} where it is not plain Python.")
        if tree is None:
            continue
        for name in _library_imports(tree):
            last = name.rsplit(".", 1)[-1]
            if name not in given_imports and last not in allowed | FREE and name != LIBRARY:
                found.append(f"Cell {number} imports {name}.")
        for name in sorted(_names(tree) & UNUSUAL - given_names):
            found.append(f"Cell {number} uses {name}.")
        if any(f"{LIBRARY}." in text for text in _strings(tree)):
            found.append(f"Cell {number} has a module of {LIBRARY} in a string.")
    return list(dict.fromkeys(found))


@lru_cache(maxsize=64)
def _given(sources: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the names that the given cells use, and what of the library they import."""
    trees = [tree for text in sources if (tree := _parse(text)) is not None]
    return (
        frozenset(name for tree in trees for name in _names(tree)),
        frozenset(name for tree in trees for name in _library_imports(tree)),
    )


def _seen(plan: Plan, library: Mapping[str, Iterable[str]]) -> Iterator[str]:
    for check in plan.checks:
        for name in library.get(check.exercise_id, ()):
            if name.rsplit(".", 1)[-1] not in check.library:
                yield f"{check.exercise_id}: the answer uses {LIBRARY}.{name}."


def _magic(text: str) -> str:
    """Return the lines that are IPython's and not Python's."""
    return "\n".join(line for line in text.split("\n") if line.lstrip().startswith(MAGIC))


def _parse(text: str) -> ast.AST | None:
    lines = [line for line in text.split("\n") if not line.lstrip().startswith(MAGIC)]
    try:
        return ast.parse("\n".join(lines))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _names(tree: ast.AST) -> set[str]:
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module.split(".")[0], *(alias.name for alias in node.names)}
    return names


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
