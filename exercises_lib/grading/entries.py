"""One file of what was handed in, and what is too much of one.

Names and contents come from students. Every limit is one student's: what is too much of one is
said in that student's place, and the others are read.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from exercises_lib.errors import UserError
from exercises_lib.grading.notebook import MAX_BYTES, UnreadableError

MAX_STUDENTS = 20_000
"""Names at the top of a folder or an archive."""
MAX_FILES = 1_000
"""Files and folders that are looked at below one name at the top."""
MAX_DEPTH = 20
MAX_NAME = 120
"""Characters of one name; longer ones are cut, and told apart by a digest."""
JUNK = {
    "__macosx", "thumbs.db", "desktop.ini", "__pycache__", "timestamp.txt", "venv", "node_modules",
    "site-packages",
}  # fmt: skip


class InputError(UserError):
    """What was given to grade cannot be graded at all; the text says why."""


@dataclass(frozen=True)
class Entry:
    """One file, or what stands in the place of files that are not read.

    Args:
        parts: where it lies, below what was given.
        read: returns its content, or raises `UnreadableError`.
        time: later ones are greater.
        modified: when it was last changed, as its archive says; empty where that means nothing.
        note: what else should be known about what was handed in.
        kept: whether it is told also where the student has handed in a notebook.
    """

    parts: tuple[str, ...]
    read: Callable[[], bytes]
    time: float = 0.0
    modified: str = ""
    note: str = ""
    kept: bool = False

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.parts[-1]


def problem(parts: tuple[str, ...], status: str, text: str, *, kept: bool = False) -> Entry:
    """Make an entry that cannot be read; `kept` where it stands beside one that can."""

    def read() -> bytes:
        raise UnreadableError(status, text)

    return Entry(parts, read, kept=kept)


def noted(entries: list[Entry], note: str) -> list[Entry]:
    return [replace(one, note=note) for one in entries]


def is_junk(name: str) -> bool:
    return name.startswith(".") or name.lower() in JUNK


def shown(name: str) -> str:
    """Cut a name that is too long to be shown; what it ends in stays."""
    if len(name) <= MAX_NAME:
        return name
    stem, dot, suffix = name.rpartition(".")
    stem, suffix = (stem, dot + suffix) if dot and len(suffix) < 10 else (name, "")
    mark = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f"{stem[: MAX_NAME - 30]}… {mark}{suffix}"


def reader(path: Path) -> Callable[[], bytes]:
    """Return what reads a file, up to the limit and without waiting."""

    def read() -> bytes:
        try:
            # What was a file a moment ago may be a pipe or a link by now.
            flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
            with os.fdopen(os.open(path, flags), "rb") as stream:
                data = stream.read(MAX_BYTES + 1)
        except OSError as error:
            reason = error.strerror or str(error)
            raise UnreadableError("unreadable", f"The file cannot be read: {reason}.") from error
        if len(data) > MAX_BYTES:
            size = path.stat().st_size >> 20
            raise UnreadableError(
                "too-large", f"The file has {size} MB; {MAX_BYTES >> 20} are read."
            )
        return data

    return read
