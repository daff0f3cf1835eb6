"""The gradebook: an SQLite file, one transaction a submission."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from exercises_lib.errors import UserError
from exercises_lib.grading.submissions import Submission
from exercises_lib.grading.worker import Outcome

VERSION = 2
_SCHEMA = """
CREATE TABLE IF NOT EXISTS submission (
    id INTEGER PRIMARY KEY,
    student TEXT NOT NULL,
    lms_id TEXT NOT NULL,
    chapter TEXT NOT NULL,
    file TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    status TEXT NOT NULL,
    detail TEXT NOT NULL,
    points INTEGER NOT NULL,
    maximum INTEGER NOT NULL,
    counts INTEGER NOT NULL DEFAULT 1,
    attempt TEXT NOT NULL,
    flags TEXT NOT NULL,
    seed TEXT NOT NULL,
    seconds REAL NOT NULL,
    cpu REAL NOT NULL,
    memory INTEGER NOT NULL,
    isolation TEXT NOT NULL,
    graded_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (student, lms_id, chapter, file)
);
CREATE TABLE IF NOT EXISTS verdict (
    submission INTEGER NOT NULL REFERENCES submission (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    exercise TEXT NOT NULL,
    title TEXT NOT NULL,
    status TEXT NOT NULL,
    mistakes TEXT NOT NULL,
    message TEXT NOT NULL,
    traceback TEXT NOT NULL,
    earned INTEGER NOT NULL,
    points INTEGER NOT NULL,
    PRIMARY KEY (submission, exercise)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS decision (
    student TEXT NOT NULL,
    lms_id TEXT NOT NULL,
    exercise TEXT NOT NULL,
    points INTEGER NOT NULL,
    why TEXT NOT NULL,
    PRIMARY KEY (student, lms_id, exercise)
) WITHOUT ROWID;
"""


class GradebookError(UserError):
    """The gradebook cannot be used; the text says why, and what to do."""


@dataclass(frozen=True)
class Row:
    """What the gradebook says about one exercise of a submission.

    `decided` says why somebody has given other points than the verdict does; else it is empty.
    """

    exercise: str
    title: str
    status: str
    mistakes: tuple[str, ...]
    message: str
    traceback: str
    earned: int
    points: int
    decided: str = ""


@dataclass(frozen=True)
class SubmissionResult:
    """What the gradebook says about one submission."""

    id: int
    student: str
    lms_id: str
    chapter: str
    file: str
    sha256: str
    status: str
    detail: str
    points: int
    maximum: int
    counts: bool
    flags: tuple[str, ...]
    seed: str
    seconds: float
    cpu: float
    memory: int
    isolation: str
    graded_at: str
    rows: tuple[Row, ...] = field(default=())

    @property
    def graded(self) -> bool:
        """Whether it has verdicts; a file that is none of a chapter has not, and no mark either."""
        return bool(self.rows)


class Gradebook:
    """An open gradebook.

    Args:
        path: the file; it is made if it does not exist.
        create: whether it may be made.

    Raises:
        GradebookError: if it is no gradebook, or cannot be opened or written.
    """

    def __init__(self, path: Path, *, create: bool = True) -> None:
        self.path = path
        if not create and not path.exists():
            raise GradebookError(
                f"There is no gradebook {path}; `backprop grade … --gradebook {path}` makes one."
            )
        try:
            self.connection = sqlite3.connect(path, timeout=60, isolation_level=None)
            self.connection.execute("PRAGMA foreign_keys = ON")
            self.connection.execute("PRAGMA synchronous = FULL")
            version = self._version()
            if not 0 <= version <= VERSION:
                raise GradebookError(
                    f"{path} was written by another version of this program (format {version}, "
                    f"expected {VERSION}); name another gradebook."
                )
            if version < VERSION:
                with self._transaction():
                    count = "SELECT count(*) FROM sqlite_master"
                    # Asked again: another grader may have made it meanwhile.
                    if self._version() == 0 and self.connection.execute(count).fetchone()[0]:
                        raise GradebookError(f"{path} is a database, but not a gradebook.")
                    for statement in _SCHEMA.split(";\n"):
                        self.connection.execute(statement)
                    self.connection.execute(f"PRAGMA user_version = {VERSION}")
        except sqlite3.DatabaseError as error:
            hint = "" if path.exists() else " Is there such a folder, and may you write in it?"
            raise GradebookError(f"{path} cannot be used as a gradebook: {error}.{hint}") from error

    def _version(self) -> int:
        return int(self.connection.execute("PRAGMA user_version").fetchone()[0])

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self.connection.execute("BEGIN IMMEDIATE")
            yield
            self.connection.execute("COMMIT")
        except BaseException as error:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise GradebookError(
                    f"{self.path} cannot be written: {error}. What was graded before is in it; "
                    "make room and run the same command again to go on."
                ) from error
            raise

    def graded_as(
        self, submission: Submission, sha256: str, fingerprints: Iterable[str]
    ) -> str | None:
        """Return as which chapter this very content has been graded by the same exercises.

        Args:
            submission: whose it is, and where it lies.
            sha256: its content.
            fingerprints: of the chapters as they are now.

        Returns:
            The chapter, empty where it cannot be told; None if it has not been graded.
        """
        known = self.connection.execute(
            "SELECT chapter, fingerprint FROM submission WHERE student = ? AND lms_id = ? "
            "AND file = ? AND sha256 = ? "
            "AND status NOT IN ('grader-failed', 'unknown-chapter', 'other-chapter')",
            (submission.student, submission.lms_id, submission.file, sha256),
        ).fetchall()
        as_now = ("", *fingerprints)
        return next((str(chapter) for chapter, mark in known if mark in as_now), None)

    def write(
        self,
        submission: Submission,
        sha256: str,
        chapter: str,
        fingerprint: str,
        outcome: Outcome,
        maximum: int,
    ) -> None:
        """Write one submission down, in one transaction; what was known of it before is replaced.

        Raises:
            GradebookError: if it cannot be written, for example because the disk is full.
        """
        verdicts = outcome.verdicts
        for_all = sum(v["points"] for v in verdicts if v["status"] == "unavailable")
        whose = (submission.student, submission.lms_id)
        with self._transaction():
            run = self.connection.execute
            run(
                "DELETE FROM submission WHERE student = ? AND lms_id = ? AND file = ? "
                "AND (chapter = ? OR sha256 != ? OR chapter = '' OR status = 'other-chapter')",
                (*whose, submission.file, chapter, sha256),
            )
            attempt = json.dumps(list(submission.order))
            cursor = run(
                "INSERT INTO submission (student, lms_id, chapter, file, sha256, fingerprint, "
                "status, detail, points, maximum, attempt, flags, seed, seconds, cpu, memory, "
                "isolation) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *whose,
                    chapter,
                    submission.file,
                    sha256,
                    fingerprint,
                    outcome.status,
                    outcome.detail,
                    sum(verdict["earned"] for verdict in verdicts),
                    max(0, maximum - for_all),
                    attempt,
                    json.dumps([*submission.notes, *outcome.flags]),
                    str(outcome.seed),
                    outcome.seconds,
                    outcome.cpu,
                    outcome.memory,
                    outcome.isolation,
                ),
            )
            self.connection.executemany(
                "INSERT INTO verdict VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [_verdict_row(cursor.lastrowid, n, verdict) for n, verdict in enumerate(verdicts)],
            )
            self._choose(*whose, chapter)

    def _choose(self, student: str, lms_id: str, chapter: str) -> None:
        """Let the latest of a student's files for a chapter count, and no other.

        What could not be graded takes the place of nothing that could.
        """
        if not chapter:
            return
        rows = self.connection.execute(
            "SELECT id, attempt, EXISTS (SELECT 1 FROM verdict WHERE submission = id) "
            "FROM submission WHERE student = ? AND lms_id = ? AND chapter = ?",
            (student, lms_id, chapter),
        ).fetchall()
        latest = max(rows, key=lambda row: (row[2], json.loads(row[1])))[0]
        for number, *_ in rows:
            self.connection.execute(
                "UPDATE submission SET counts = ? WHERE id = ?", (int(number == latest), number)
            )

    def decide(
        self, student: str, lms_id: str, exercise: str, points: int | None, why: str
    ) -> None:
        """Give a student other points for an exercise than its verdicts do, now and later.

        Args:
            student: who.
            lms_id: by which number Canvas or Moodle knows that person.
            exercise: which exercise.
            points: how many; None takes an earlier decision back.
            why: the reason, for the student to read.
        """
        with self._transaction():
            whose = (student, lms_id, exercise)
            run = self.connection.execute
            run("DELETE FROM decision WHERE student = ? AND lms_id = ? AND exercise = ?", whose)
            if points is not None:
                run("INSERT INTO decision VALUES (?, ?, ?, ?, ?)", (*whose, points, why))

    def records(self, *, chapter: str | None = None) -> list[SubmissionResult]:
        """Return all submissions, by student and chapter.

        Args:
            chapter: only of this chapter, and those of which it cannot be told.
        """
        rows: dict[int, list[Row]] = {}
        verdicts = self.connection.execute(
            "SELECT submission, exercise, title, status, mistakes, message, traceback, earned, "
            "points FROM verdict ORDER BY submission, number"
        )
        for number, exercise, title, status, mistakes, *rest in verdicts:
            one = Row(exercise, title, status, tuple(json.loads(mistakes)), *rest)
            rows.setdefault(number, []).append(one)
        decisions: dict[tuple[str, str], dict[str, tuple[int, str]]] = {}
        for student, lms_id, exercise, points, why in self.connection.execute(
            "SELECT student, lms_id, exercise, points, why FROM decision"
        ):
            decisions.setdefault((student, lms_id), {})[exercise] = (points, why)
        found = self.connection.execute(
            "SELECT id, student, lms_id, chapter, file, sha256, status, detail, points, maximum, "
            "counts, flags, seed, seconds, cpu, memory, isolation, graded_at FROM submission"
        ).fetchall()
        names = [item.name for item in fields(SubmissionResult)]
        records = []
        for entry in found:
            values = dict(zip(names, entry, strict=False))
            values["counts"] = bool(values["counts"])
            values["flags"] = tuple(json.loads(values["flags"]))
            decided = decisions.get((values["student"], values["lms_id"]), {})
            values["rows"] = tuple(
                replace(row, earned=decided[row.exercise][0], decided=decided[row.exercise][1])
                if row.exercise in decided
                else row
                for row in rows.get(values["id"], ())
            )
            if decided:
                values["points"] = sum(row.earned for row in values["rows"])
            if chapter is None or values["chapter"] in (chapter, ""):
                records.append(SubmissionResult(**values))
        return sorted(records, key=lambda one: (one.student.casefold(), one.chapter, one.file))


def _verdict_row(submission: int | None, number: int, verdict: dict[str, Any]) -> tuple[Any, ...]:
    return (
        submission,
        number,
        verdict["exercise_id"],
        verdict["title"],
        verdict["status"],
        json.dumps(list(verdict["mistakes"])),
        verdict["message"],
        verdict["traceback"],
        verdict["earned"],
        verdict["points"],
    )
