"""Progress: which exercises have passed, kept in a small SQLite file beside the notebooks."""

from __future__ import annotations

import html
import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

    from exercises_lib.checking import Verdict

FILE_NAME = ".progress.sqlite"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS attempt (
    id INTEGER PRIMARY KEY,
    exercise TEXT NOT NULL,
    status TEXT NOT NULL,
    mistake TEXT,
    at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX IF NOT EXISTS attempt_by_exercise ON attempt (exercise, status);
"""


def location() -> Path | None:
    """Return the progress file, or None where no progress is kept.

    The environment variable ``BACKPROP_PROGRESS`` names the file; ``off`` keeps none. Without it
    the file lies in the current folder, and only a notebook's kernel writes one.
    """
    chosen = os.environ.get("BACKPROP_PROGRESS", "")
    if chosen:
        return None if chosen == "off" else Path(chosen)
    if "ipykernel" not in sys.modules:
        return None
    return Path.cwd() / FILE_NAME


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    import sqlite3  # Python in a web page has none

    with closing(sqlite3.connect(path, timeout=10)) as connection, connection:
        connection.executescript(_SCHEMA)
        yield connection


def record(verdict: Verdict) -> None:
    """Write one attempt down. A file that cannot be written costs a warning, never the verdict."""
    path = location()
    if path is None or verdict.status in ("unanswered", "unavailable"):
        return
    import sqlite3

    try:
        with _opened(path) as connection:
            connection.execute(
                "INSERT INTO attempt (exercise, status, mistake) VALUES (?, ?, ?)",
                (verdict.exercise_id, verdict.status, verdict.mistake),
            )
    except (sqlite3.Error, OSError) as error:
        import warnings

        warnings.warn(f"Progress could not be saved in {path.name}: {error}", stacklevel=3)


def stop_nbgrader(verdict: Verdict) -> None:
    """Raise for a verdict that did not pass if nbgrader is autograding, which grades by errors."""
    if os.environ.get("NBGRADER_EXECUTION") == "autograde" and not verdict:
        raise AssertionError(str(verdict))


def passed_exercises() -> set[str]:
    """Return the ids of the exercises that have passed at least once."""
    path = location()
    if path is None or not path.exists():
        return set()
    import sqlite3

    try:
        with _opened(path) as connection:
            rows = connection.execute("SELECT DISTINCT exercise FROM attempt WHERE status='passed'")
            return {str(row[0]) for row in rows}
    except sqlite3.Error:
        return set()


@dataclass(frozen=True)
class Item:
    """One exercise in the overview.

    Args:
        id: ``"chNN.name"``.
        done: whether it has passed.
        optional: whether it may be left out; then it counts in no sum.
    """

    id: str
    done: bool
    optional: bool = False

    @property
    def sign(self) -> str:
        """A dot, or a diamond for what is optional; filled when it has passed."""
        return ("◇◆" if self.optional else "○●")[self.done]


@dataclass(frozen=True)
class Overview:
    """The state of the course: for each chapter its number, its title and its exercises."""

    chapters: tuple[tuple[str, str, tuple[Item, ...]], ...]

    @property
    def passed(self) -> int:
        """How many exercises have passed, without the optional ones."""
        return sum(item.done for item in self._counting)

    @property
    def total(self) -> int:
        """How many exercises there are, without the optional ones."""
        return len(self._counting)

    @property
    def _counting(self) -> list[Item]:
        return [item for *_, items in self.chapters for item in items if not item.optional]

    def __str__(self) -> str:
        lines = [f"{self.passed} of {self.total} exercises passed"]
        for number, title, items in self.chapters:
            lines.append(f"  {number} {title:<26} {''.join(item.sign for item in items)}")
        if any(item.optional for *_, items in self.chapters for item in items):
            lines.append("  ◇ is optional and counts in no sum")
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = []
        for number, title, items in self.chapters:
            dots = "".join(
                f'<span title="{html.escape(item.id)}: {"passed" if item.done else "open"}"'
                f"{' data-optional' if item.optional else ''} "
                f'style="display:inline-block;width:1.15em;text-align:center;'
                f'color:{"#1a7f37" if item.done else "#6b7280"}">{item.sign}</span>'
                for item in items
            )
            counting = [item.done for item in items if not item.optional]
            rows.append(
                f'<tr><th scope="row" style="text-align:left;font-weight:500">{number} '
                f"{html.escape(title)}</th><td style='text-align:left'>{dots}</td>"
                f"<td>{sum(counting)}/{len(counting)}</td></tr>"
            )
        return (
            f"<p><b>{self.passed} of {self.total}</b> exercises passed (◇ is optional)</p>"
            f'<table class="bp-progress">{"".join(rows)}</table>'
        )


def overview() -> Overview:
    """Return the state of the whole course."""
    from exercises_lib.chapters import CHAPTERS
    from exercises_lib.exercises import MOVED

    done = {MOVED.get(name, name) for name in passed_exercises()}
    return Overview(
        tuple(
            (
                number,
                chapter.title,
                tuple(Item(name, name in done, optional) for name, optional in _asked(number)),
            )
            for number, chapter in CHAPTERS.items()
        )
    )


def _asked(number: str) -> list[tuple[str, bool]]:
    """Return the exercises of a chapter, as far as this copy of the course has any.

    Each with whether it is optional.
    """
    from exercises_lib import exercises, handed_out

    if graded := handed_out.chapter(number):
        return [(one.id, one.points == 0) for one in graded]
    try:
        return [(one.id, one.optional) for one in exercises.chapter_exercises(number)]
    except LookupError:
        return []
