"""A known mistake, shown whole: the wrong program with its changed lines marked."""

from __future__ import annotations

import difflib
import inspect
import textwrap
from collections.abc import Mapping
from typing import Any

from exercises_lib.checking import Exercise, Mistake
from exercises_lib.checking.edit import Edit, bare_source

MARK, PLAIN = "▸ ", "  "


def listing(exercise: Exercise) -> str:
    """List the names of an exercise's known mistakes, each with how it is written."""
    rows = []
    for mistake in exercise.mistakes:
        how = "edit" if isinstance(mistake.given, Edit) else "whole"
        rows.append(f"{how:>5}  {mistake.name}")
    return "\n".join([f"{exercise.id}: {len(rows)} known mistakes", *rows])


def shown(exercise: Exercise, mistake: Mistake) -> str:
    """Show a mistake: its name, the wrong program, and what its author is told.

    Lines that differ from the right answer are marked; a line that is missing is marked where it
    stood.
    """
    if isinstance(mistake.given, Edit):
        program = _marked(bare_source(mistake.given.of), mistake.given.source)
    elif isinstance(mistake.answer, Mapping) and isinstance(exercise.reference, Mapping):
        program = _values(exercise.reference, mistake.answer)
    else:
        program = _marked(_source(exercise.reference), _source(mistake.answer))
    message = textwrap.indent(textwrap.fill(mistake.message, 88), PLAIN)
    return f"{exercise.id} · {mistake.name}\n\n{program}\n\n{message}"


def _values(right: Mapping[str, Any], wrong: Mapping[str, Any]) -> str:
    rows = {name: repr(value) for name, value in wrong.items()}
    same = {name: name in right and repr(right[name]) == row for name, row in rows.items()}
    return "\n".join(f"{PLAIN if same[name] else MARK}{name} = {row}" for name, row in rows.items())


def _source(program: Any) -> str:
    """Return a program's source; of a class that a function made, that of its methods."""
    try:
        return bare_source(program)
    except (OSError, TypeError, SyntaxError):
        pass
    if isinstance(program, type):
        own = [one for one in vars(program).values() if inspect.isfunction(one)]
        return "\n".join(dict.fromkeys(_source(one) for one in own)) or repr(program)
    try:
        return textwrap.dedent(inspect.getsource(program))
    except (OSError, TypeError):
        return repr(program)


def _marked(right: str, wrong: str) -> str:
    before, after = right.rstrip().split("\n"), wrong.rstrip().split("\n")
    rows: list[str] = []
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for tag, _, _, start, stop in matcher.get_opcodes():
        if tag == "delete":
            rows.append(f"{MARK}(lines are missing here)")
        rows += [(PLAIN if tag == "equal" else MARK) + row for row in after[start:stop]]
    return "\n".join(row.rstrip() for row in rows)
