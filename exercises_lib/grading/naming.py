"""Whose a file is: read from the part of its name that the platform, not the student, has written.

Canvas and Moodle put the student and a number before the name that the student gave the file. What
stands there is read from the left, so that nothing in the student's own part can be taken for it,
and which platform it is is decided once for all that was handed in.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from exercises_lib.chapters import CHAPTERS

CANVAS = re.compile(
    r"(?P<name>.+?)_(?P<late>LATE_)?(?P<id>\d+)_(?:\d+_(?P<file>.*)|(?:text|link)\.html)", re.DOTALL
)
"""An upload; a text or an address that was handed in has no number of its own."""
MOODLE = re.compile(
    r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)_?(?P<file>.*)", re.DOTALL
)
MOODLE_AGAIN = re.compile(r"_\d+_assignsubmission_")
JOINERS = "\u200c\u200d"
"""Cannot be printed alone, and are a part of names in Persian, in Indian scripts and of emoji."""
TOPIC = re.compile(
    "|".join(rf"(?<!\d){one.number[:2]}[_ -]{one.topic}" for one in CHAPTERS.values())
)


@dataclass(frozen=True)
class Owner:
    """Who handed in what has a certain name at the top.

    Args:
        student: the name, as far as it is known.
        lms_id: the number by which the platform knows the student; empty if there is none.
        file: the student's own part of the name.
        late: whether the platform says that it came late.
        doubt: why it cannot be told whose it is; empty if it can.
        notes: what an instructor should know about the name.
    """

    student: str
    lms_id: str = ""
    file: str = ""
    late: bool = False
    doubt: str = ""
    notes: tuple[str, ...] = ()


def clean(name: str) -> str:
    """Make a name one that can be stored and shown; equal looks become equal."""
    name = unicodedata.normalize("NFC", name)
    name = "".join(
        c if c.isprintable() or c in JOINERS else "\N{REPLACEMENT CHARACTER}" for c in name
    )
    return name.encode("utf-8", "replace").decode("utf-8")


def is_made_by_a_platform(name: str) -> bool:
    """Tell whether a name is one that Canvas or Moodle may have made."""
    return _platform_of(name) is not None


def _platform_of(name: str) -> re.Pattern[str] | None:
    """Tell which platform has made a name; if it may be either, whose number comes first."""
    matches = [match for pattern in (MOODLE, CANVAS) if (match := pattern.fullmatch(name))]
    return min(matches, key=lambda match: match.start("id")).re if matches else None


def platform(names: Iterable[str]) -> re.Pattern[str] | None:
    """Decide from all names at the top which platform they come from; None if from none.

    It is the one that has made more than half of them.
    """
    everything = list(names)
    votes = Counter(_platform_of(name) for name in everything)
    return next(
        (made for made, count in votes.items() if made is not None and 2 * count > len(everything)),
        None,
    )


def owners(names: Sequence[tuple[str, bool]]) -> dict[str, Owner]:
    """Tell whose what lies at the top is.

    Args:
        names: the names at the top, and whether each is a folder.

    Returns:
        Name → its owner. Names that are not the same never become one student, except those of
        a student's several files; where two are hard to tell apart, both say so.
    """
    made = platform(name for name, _ in names)
    found = {name: _owner(name, folder, made) for name, folder in names}
    return _told_apart(found, dict(names))


def _owner(name: str, folder: bool, made: re.Pattern[str] | None) -> Owner:
    shown = clean(name)
    match = made.fullmatch(shown) if made is not None else None
    if match is None:
        student = shown if folder else student_of_file(shown)
        return Owner(student.strip() or shown)
    parts = match.groupdict()
    doubt = ""
    if folder and made is MOODLE and MOODLE_AGAIN.search(parts["file"] or ""):
        doubt = "Its name can be read as that of two students; say whose it is."
    student = parts["name"].strip() or shown
    return Owner(student, parts["id"], parts["file"] or "", bool(parts.get("late")), doubt)


def student_of_file(name: str) -> str:
    """Read the student from a file name such as ``ana_03_layers.ipynb``; else the name itself."""
    stem = re.sub(r"(?<=.)\.\w{1,5}$", "", name)
    rest = TOPIC.sub(" ", stem)
    rest = re.sub(r"\s*\(\d+\)\s*$", "", rest).strip(" _-.")
    return rest or stem


def _form(name: str) -> str:
    """Tell how a file's name is put together: whether the chapter comes before the student."""
    match = TOPIC.search(name)
    return "bare" if match is None else "first" if match.start() == 0 else "last"


def _told_apart(found: dict[str, Owner], folders: dict[str, bool]) -> dict[str, Owner]:
    """Give different names to students who would get the same one, and note who is alike."""
    usual = Counter(_form(name) for name, folder in folders.items() if not folder)
    groups: dict[tuple[str, str], list[str]] = {}
    for name, owner in found.items():
        groups.setdefault((owner.student, owner.lms_id), []).append(name)
    result = dict(found)
    for (student, number), names in groups.items():
        if number or len(names) < 2:
            continue  # a number is one student, however many files there are
        keys = {name: (folders[name], name if folders[name] else _form(name)) for name in names}
        if len(set(keys.values())) < 2:
            continue
        first = max(names, key=lambda name: (name == student, usual[_form(name)], -len(name), name))
        for name in names:
            if keys[name] != keys[first]:
                mark = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:4]
                note = f"{clean(first)!r} and {clean(name)!r} give the same name, {student!r}: "
                note += "kept apart."
                owner = result[name]
                result[name] = Owner(
                    f"{student} #{mark}", "", owner.file, owner.late, owner.doubt, (note,)
                )
    return _alike_noted(result)


def _alike_noted(found: dict[str, Owner]) -> dict[str, Owner]:
    """Note names that differ only in capitals or the like, and numbers that have two names."""
    names: dict[str, set[str]] = {}
    numbers: dict[str, set[str]] = {}
    for owner in found.values():
        if owner.lms_id:
            numbers.setdefault(owner.lms_id, set()).add(owner.student)
        else:
            names.setdefault(_folded(owner.student), set()).add(owner.student)
    result = {}
    for name, owner in found.items():
        notes = list(owner.notes)
        if len(others := numbers.get(owner.lms_id, set()) - {owner.student}):
            notes.append(f"Number {owner.lms_id} is also {', '.join(sorted(others))}.")
        elif others := names.get(_folded(owner.student), set()) - {owner.student}:
            notes.append(f"The name looks like that of {', '.join(sorted(others))}.")
        result[name] = Owner(
            owner.student, owner.lms_id, owner.file, owner.late, owner.doubt, tuple(notes)
        )
    return result


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()
