"""Which line of a mark sheet is whose: by number, and by name only where nothing speaks against it.

A wrong join gives somebody another's mark and feedback. So a name joins a submission that has no
number with a line, where one submission and one line have that name; what is left is said.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from exercises_lib.errors import UserError

Key = tuple[str, str]
"""A student: name and number."""


@dataclass(frozen=True)
class Line:
    """One line of a sheet.

    Args:
        number: the platform's number of the student; empty if there is none.
        names: how the student may be called, the login among them.
    """

    number: str
    names: tuple[str, ...]

    @property
    def label(self) -> str:
        """What the line is called when something is said about it."""
        return next((name for name in self.names if name.strip()), self.number)


@dataclass
class Joined:
    """Which student each line is.

    Args:
        lines: for each line the student, or None.
        notes: who was left out though a name fits, and why.
    """

    lines: list[Key | None]
    notes: list[str] = field(default_factory=list)


def join(keys: Iterable[Key], lines: Sequence[Line], told: Mapping[str, str]) -> Joined:
    """Find whose each line of a sheet is.

    Args:
        keys: the students who have marks.
        lines: the sheet's lines.
        told: what the instructor has said: student → number of the line.

    Raises:
        UserError: if what was said names a student or a line that does not exist, or several.
    """
    keys = list(keys)
    result = Joined([None] * len(lines))
    by_number: dict[str, list[int]] = {}
    for place, line in enumerate(lines):
        if line.number:
            by_number.setdefault(line.number, []).append(place)
    used = _told(keys, by_number, told, result)
    _by_number([key for key in keys if key not in used], by_number, lines, result)
    _by_name([key for key in keys if key not in result.lines], lines, result)
    result.notes = list(dict.fromkeys(result.notes))
    return result


def _told(
    keys: Sequence[Key],
    by_number: Mapping[str, Sequence[int]],
    told: Mapping[str, str],
    result: Joined,
) -> set[Key]:
    for student, number in told.items():
        whose = [key for key in keys if student in key]
        places = by_number.get(number, ())
        if len(whose) != 1 or len(places) != 1:
            who = f"{len(whose)} students with marks are called {student!r}"
            where = f"{len(places)} lines of the sheet have number {number!r}"
            raise UserError(f"--match {student}={number}: {who}, {where}; expected one of each.")
        result.lines[places[0]] = whose[0]
    return {key for key in result.lines if key is not None}


def _by_number(
    keys: Sequence[Key],
    by_number: Mapping[str, Sequence[int]],
    lines: Sequence[Line],
    result: Joined,
) -> None:
    for number, places in by_number.items():
        same = [key for key in keys if key[1] == number]
        if not same or any(result.lines[place] is not None for place in places):
            continue
        if len(same) > 1 or len(places) > 1:
            names = ", ".join(key[0] for key in same)
            result.notes.append(
                f"Number {number} is {names} and {len(places)} lines of the sheet "
                f"({lines[places[0]].label}): left empty."
            )
        else:
            result.lines[places[0]] = same[0]


def _by_name(keys: Sequence[Key], lines: Sequence[Line], result: Joined) -> None:
    for key in keys:
        named = [place for place, line in enumerate(lines) if plain(key[0]) in _wanted(line)]
        free = [place for place in named if result.lines[place] is None]
        if not free:
            continue
        line = lines[free[0]]
        alike = [other for other in keys if plain(other[0]) in _wanted(line)]
        if key[1] and line.number:
            text = f"has number {key[1]}, and the sheet's {line.label} has {line.number}"
        elif len(named) > 1:
            text = f"could be any of {len(named)} lines of the sheet"
        elif len(alike) > 1:
            text = f"is a name of {len(alike)} students with marks"
        else:
            result.lines[free[0]] = key
            continue
        result.notes.append(
            f"{key[0]} {text}: left empty. Say whose it is with --match "
            f"'{key[1] or key[0]}={line.number or 'NUMBER'}'."
        )


def plain(name: str) -> str:
    """Reduce a name to what Canvas keeps of it in file names: letters and digits, lower case."""
    folded = unicodedata.normalize("NFKD", name.casefold())
    return "".join(c for c in folded if c.isalnum())


def _wanted(line: Line) -> set[str]:
    """Return the names of a line, however first and last name are ordered."""
    wanted = {plain(name) for name in line.names}
    for name in line.names:
        if "," in name:
            last, _, first = name.partition(",")
            wanted |= {plain(last + first), plain(first + last)}
    return wanted - {""}
