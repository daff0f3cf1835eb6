"""Submissions: what was handed in, by whom, from a folder, nbgrader's tree, Canvas or Moodle.

Files are read one at a time, up to a limit, and what cannot or must not be read is found all the
same, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from exercises_lib.grading.archives import in_archive
from exercises_lib.grading.entries import Entry, InputError, problem, reader
from exercises_lib.grading.folders import in_folder
from exercises_lib.grading.naming import MOODLE, Owner, clean, owners, platform
from exercises_lib.grading.notebook import UnreadableError

MAX_NOTEBOOKS = 40
"""Notebooks of one student that are graded; a course has eleven."""


@dataclass(frozen=True)
class Submission:
    """One submitted file.

    Args:
        student: who it is from, as far as its name tells.
        lms_id: the number by which Canvas or Moodle knows that person; empty if there is none.
        file: where it lies, below what was given.
        read: returns its content, or raises `UnreadableError`.
        order: later submissions of a student compare greater.
        late: whether the platform has marked it as late.
        handed_in: when it was handed in, as ``2026-11-20 18:05`` in the clock of the platform;
            empty where that is not known.
        notes: what an instructor should know about how it was handed in.
    """

    student: str
    lms_id: str
    file: str
    read: Callable[[], bytes]
    order: tuple[int, float, str] = (0, 0.0, "")
    late: bool = False
    handed_in: str = ""
    notes: tuple[str, ...] = ()


def find(source: Path) -> list[Submission]:
    """Find all submissions.

    Args:
        source: a notebook, a folder of notebooks, a folder per student, nbgrader's ``submitted/``
            or the folder above it, or a zip of one of these, of Canvas or of Moodle.

    Returns:
        One submission for each notebook, and one for what each student without a notebook has
        handed in instead, in the order of names.

    Raises:
        InputError: if there is nothing of that kind.
    """
    stamped: Path | None = None
    if not source.exists():
        raise InputError(f"{source} does not exist.")
    if source.is_dir():
        below = (source / name for name in ("submitted", "submissions"))
        folder = next((folder for folder in below if folder.is_dir()), source)
        entries = in_folder(folder)
        stamped = folder if folder.name == "submitted" else None
    elif source.suffix.lower() == ".zip":
        entries = in_archive(source)
    elif source.suffix.lower() == ".ipynb":
        entries = [Entry((source.name,), reader(source), source.stat().st_mtime)]
    else:
        raise InputError(
            f"{source} is neither a folder nor a zip nor a notebook; give one of these."
        )
    found = _keep_telling(_identified(entries, stamped))
    if not found:
        raise InputError(f"{source} holds no submissions: no file ends in .ipynb.")
    return sorted(found, key=lambda one: (one.student.casefold(), one.file))


@dataclass(frozen=True)
class _Found:
    submission: Submission
    kept: bool


def _identified(entries: list[Entry], stamped: Path | None) -> list[_Found]:
    tops: dict[str, bool] = {}
    for entry in entries:
        tops[entry.parts[0]] = tops.get(entry.parts[0], False) or len(entry.parts) > 1
    whose = owners(list(tops.items()))
    dated = platform(tops) is MOODLE
    handed_in = {entry.parts[:2] for entry in entries if len(entry.parts) == 3}
    stamps: dict[tuple[str, ...], str] = {}
    if stamped is not None:
        stamps = {parts: _stamp(stamped.joinpath(*parts)) for parts in handed_in}
    return _with_files_apart(
        _identify(entry, whose[entry.parts[0]], dated, stamps.get(entry.parts[:2], ""))
        for entry in entries
    )


def _stamp(folder: Path) -> str:
    """Read when nbgrader says that a folder was handed in; empty if it does not say so."""
    path = folder / "timestamp.txt"
    try:
        if path.is_symlink() or not path.is_file():
            return ""
        with path.open("rb") as file:
            text = file.read(100).decode("ascii", "replace")
    except OSError:
        return ""
    found = re.match(r"\s*(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)", text)
    return f"{found[1]} {found[2]}" if found else ""


def _identify(entry: Entry, owner: Owner, dated: bool, stamp: str) -> _Found:
    file = clean("/".join(entry.parts))
    if owner.doubt:
        entry = problem(entry.parts, "unsafe", owner.doubt)
    attempt = re.search(r"-(\d{1,4})\.ipynb$", owner.file)
    return _Found(
        Submission(
            student=owner.student,
            lms_id=owner.lms_id,
            file=file,
            read=entry.read,
            order=(int(attempt[1]) if attempt else 0, entry.time, file),
            late=owner.late,
            handed_in=entry.modified if dated else stamp,
            notes=tuple(note for note in (*owner.notes, clean(entry.note)) if note),
        ),
        entry.kept,
    )


def _with_files_apart(found: Iterable[_Found]) -> list[_Found]:
    """Let no two submissions have the same place; names may look the same and not be."""
    seen: dict[str, int] = {}
    result = []
    for one in found:
        file = one.submission.file
        seen[file] = seen.get(file, 0) + 1
        if seen[file] > 1:
            other = replace(one.submission, file=f"{file} ({seen[file]})")
            one = replace(one, submission=other, kept=True)
        result.append(one)
    return result


def _is_notebook(one: Submission) -> bool:
    return re.search(r"\.ipynb( \(\d+\))?$", one.file.lower()) is not None


def _keep_telling(found: list[_Found]) -> list[Submission]:
    """Drop files beside a student's notebook; keep what a student without one has handed in."""
    people: dict[tuple[str, str], list[_Found]] = {}
    for one in found:
        people.setdefault((one.submission.student, one.submission.lms_id), []).append(one)
    result: list[Submission] = []
    for own in people.values():
        notebooks = [one.submission for one in own if _is_notebook(one.submission)]
        others = [one for one in own if not _is_notebook(one.submission)]
        if notebooks:
            result += _few(notebooks, "notebooks") + [one.submission for one in others if one.kept]
        else:
            result += _few(
                [replace(one.submission, read=_refuse(one.submission.read)) for one in others],
                "files, none of them a notebook,",
            )
    return result


def _few(files: list[Submission], what: str) -> list[Submission]:
    """Keep one row for a student who has handed in more files than can be meant."""
    if len(files) <= MAX_NOTEBOOKS:
        return files
    text = (
        f"{len(files):,} or more {what} were handed in, {files[0].file[:200]} among them; up to "
        f"{MAX_NOTEBOOKS} are read. Ask for the one that is meant."
    )

    def refuse() -> bytes:
        raise UnreadableError("too-many", text)

    return [replace(files[0], read=refuse)]


def _refuse(read: Callable[[], bytes]) -> Callable[[], bytes]:
    def refuse() -> bytes:
        read()  # says first what is wrong with reading it
        raise UnreadableError(
            "not-a-notebook", "The file is not a notebook: its name must end in .ipynb."
        )

    return refuse


__all__ = ["InputError", "Submission", "find"]
