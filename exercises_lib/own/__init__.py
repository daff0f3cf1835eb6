"""A library of the student's own: answers that have passed, kept as plain source, importable.

`sources` takes a definition and what it needs out of a notebook's cells; `shelf` keeps the sources,
as files beside the notebooks or wherever else; this module loads them. Nothing here judges.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, MutableMapping
from types import ModuleType
from typing import Any

from exercises_lib.own.shelf import Folder, folder

_given: MutableMapping[str, str] | None = None
_lent: set[str] = set()


def use(sources: MutableMapping[str, str] | None) -> None:
    """Keep the library in this mapping from now on; None for the folder beside the notebooks.

    Args:
        sources: exercise id → the source of a module whose `__all__` names the answer. A page in
            a browser brings one that writes to the browser's storage, a grader a dictionary of
            what `from_cells` has found in earlier notebooks.
    """
    global _given
    _given = sources
    _lent.clear()
    for module in [name for name in sys.modules if name.startswith("mynn.")]:
        del sys.modules[module]


def library() -> MutableMapping[str, str] | None:
    """Return the mapping that keeps the library, or None where none is kept."""
    if _given is not None:
        return _given
    path = folder()
    return None if path is None else Folder(path)


def is_writable() -> bool:
    """Return whether answers are kept: in a given mapping, and in a folder by notebooks only."""
    return _given is not None or (folder() is not None and "ipykernel" in sys.modules)


def keep(exercise_id: str, name: str, cells: Iterable[str]) -> str:
    """Keep an answer that has passed.

    Args:
        exercise_id: what it answers; an earlier answer to it is replaced.
        name: of the function or class.
        cells: the sources of the notebook's cells, in the order in which they ran.

    Returns:
        A sentence for the student where there is something to say, else nothing.
    """
    from exercises_lib.own.sources import CannotKeepError, module_source

    kept = library()
    if kept is None:
        return ""
    others = {answer for stem, answer in _answers(kept).items() if stem != exercise_id}
    try:
        text = module_source(exercise_id, name, list(cells), others)
    except CannotKeepError as error:
        return f"mynn does not keep {name}: {error}"
    if kept.get(exercise_id) == text:
        return ""
    try:
        kept[exercise_id] = text
    except OSError as error:
        return f"mynn could not keep {name}: {error}"
    return kept.said if isinstance(kept, Folder) else ""


def from_cells(cells: Iterable[str]) -> dict[str, str]:
    """Take the answers out of a notebook without running it.

    Args:
        cells: the sources of its code cells, in order. An answer is what a cell hands to `check`.

    Returns:
        Exercise id → source, for every function and class that stands alone; for `use`.
    """
    from exercises_lib.own.sources import CannotKeepError, checked, module_source

    cells = list(cells)
    found: dict[str, str] = {}
    for exercise_id, name in checked(cells).items():
        try:
            found[exercise_id] = module_source(exercise_id, name, cells, set())
        except CannotKeepError:
            continue
    return found


def lent() -> frozenset[str]:
    """Return which names `nn` has stood in for."""
    return frozenset(_lent)


def names() -> list[str]:
    """Return the names of the answers in the library."""
    kept = library()
    return [] if kept is None else sorted(_answers(kept).values())


def definition(name: str) -> Any:
    """Return the student's own function or class, or that of `nn`.

    A line says so, but where no library is kept at all, as in a grading.

    Raises:
        AttributeError: if neither has this name.
        ImportError: if the student's file cannot be run.
    """
    if name.startswith("__"):
        raise AttributeError(name)
    kept = library()
    if kept is not None:
        # A later chapter's answer of the same name takes the place of an earlier one's.
        for exercise_id, answer in reversed(_answers(kept).items()):
            if answer == name:
                return getattr(_module(exercise_id, kept), name)
    from exercises_lib import nn

    if not hasattr(nn, name):
        raise AttributeError(f"neither your library nor the course's has a {name}")
    if kept is not None and name not in _lent:
        print(f"mynn: {name} is the course's; none of your own has passed yet.")
    _lent.add(name)
    return getattr(nn, name)


def _answers(kept: MutableMapping[str, str]) -> dict[str, str]:
    """Return exercise id → name of its answer, in the order of the course."""
    import re

    found = {}
    for exercise_id in sorted(kept):
        text = kept.get(exercise_id, "")
        if named := re.search(r'^__all__ = \["(\w+)"\]', text, re.MULTILINE):
            found[exercise_id] = named[1]
    return found


def _module(exercise_id: str, kept: MutableMapping[str, str]) -> ModuleType:
    """Run a source, unless the very same text has been run already."""
    import linecache

    text = kept[exercise_id]
    name = f"mynn.{exercise_id.replace('.', '_')}"
    known = sys.modules.get(name)
    if known is not None and getattr(known, "__source__", None) == text:
        return known
    path = str(kept.path_of(exercise_id)) if isinstance(kept, Folder) else f"{name}.py"
    module = ModuleType(name)
    module.__file__ = path
    vars(module)["__source__"] = text
    # So that a traceback shows its lines.
    linecache.cache[path] = (len(text), None, text.splitlines(keepends=True), path)
    sys.modules[name] = module
    try:
        exec(compile(text, path, "exec"), vars(module))
    except Exception as error:
        del sys.modules[name]
        raise ImportError(
            f"{path} cannot be run: {type(error).__name__}: {error}. Mend the file, or delete it "
            "and run your check again."
        ) from error
    return module
