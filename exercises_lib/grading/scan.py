"""What an instructor should look at: the library's own code in the place of a student's.

Two looks that complete each other. The source of the cells that the student has written is read
here, where nothing can be patched; what an answer is made of when it runs is reported by the
kernel, where nothing can be hidden by spelling it differently. Neither changes a mark.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from exercises_lib.grading.manifest import Plan
from exercises_lib.grading.notebook import Code
from exercises_lib.grading.source import LIBRARY, MAX_READ, Facts, facts

MOST = 20
"""How many flags a notebook gets; who has more of them has one more that says so."""
FREE = {"check", "hint", "progress", "figures", "data"}
"""Names of the library that give nothing away."""
UNUSUAL = {
    "__import__", "importlib", "exec", "eval", "compile", "inspect", "ctypes", "gc", "builtins",
    "get_ipython", "_getframe", "settrace", "setprofile", "__subclasses__", "__globals__",
    "__builtins__", "runpy", "pickle", "marshal", "getattr", "modules", "vars", "globals", "locals",
    "__dict__", "__code__", "__closure__", "f_globals", "f_locals", "f_back", "__module__",
}  # fmt: skip


def flags(
    cells: Sequence[Code],
    read: Sequence[Facts],
    plan: Plan,
    library: Mapping[str, Iterable[str]],
) -> list[str]:
    """List what an instructor should look at.

    Args:
        cells: the submission's code cells.
        read: what stands in each of them.
        plan: its chapter's plan; code that students are given is not theirs.
        library: exercise → what of the library its answer was seen to be made of.

    Returns:
        Sentences, each once, and not too many.
    """
    found = list(_seen(plan, library))
    given_names, given_imports = _given(plan.given)
    allowed = {name for check in plan.checks for name in check.library}
    unusual = UNUSUAL - given_names
    for number, (cell, seen) in enumerate(zip(cells, read, strict=True), 1):
        if cell.source.strip() in plan.given:
            continue
        if seen.long:
            found.append(f"Cell {number} has more than {MAX_READ:,} characters and was not read.")
        for name in sorted(seen.magic & (unusual | {LIBRARY})):
            found.append(f"Cell {number} has {name} where it is not plain Python.")
        for name in seen.imports:
            last = name.rsplit(".", 1)[-1]
            if name not in given_imports and last not in allowed | FREE and name != LIBRARY:
                found.append(f"Cell {number} imports {name}.")
        for name in sorted(seen.names & unusual):
            found.append(f"Cell {number} uses {name}.")
        if seen.quotes:
            found.append(f"Cell {number} has a module of {LIBRARY} in a string.")
    found = list(dict.fromkeys(found))
    more = len(found) - MOST
    return found if more <= 0 else [*found[:MOST], f"There are {more:,} more of that kind."]


@lru_cache(maxsize=64)
def _given(sources: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the names that the given cells use, and what of the library they import."""
    read = [facts(text) for text in sources]
    return (
        frozenset(name for one in read for name in one.names),
        frozenset(name for one in read for name in one.imports),
    )


def _seen(plan: Plan, library: Mapping[str, Iterable[str]]) -> Iterator[str]:
    for check in plan.checks:
        for name in library.get(check.exercise_id, ()):
            if name.rsplit(".", 1)[-1] not in check.library:
                yield f"{check.exercise_id}: the answer uses {LIBRARY}.{name}."
