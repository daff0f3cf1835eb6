"""The gradebook: an SQLite file, one transaction a submission."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from exercises_lib.course import named as named_mistakes
from exercises_lib.errors import UserError
from exercises_lib.grading.earlier import Earlier
from exercises_lib.grading.notebook import Code
from exercises_lib.grading.results import (
    ExerciseResult,
    LateRule,
    SubmissionResult,
    settle,
)
from exercises_lib.grading.submissions import Submission
from exercises_lib.grading.tables import (
    SCHEMA,
    SINCE_VERSION_3,
    VERSION,
    exercise_result,
    submission_result,
    verdict_values,
)
from exercises_lib.grading.task import Outcome


class GradebookError(UserError):
    """The gradebook cannot be used; the text says why, and what to do."""


class Gradebook:
    """An open gradebook.

    Args:
        path: the file; it is made if it does not exist. What `backprop name-group` has written
            stands beside it, and takes part in what is read.
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
            self.connection.row_factory = sqlite3.Row
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
                    self._bring_up_to_date()
        except sqlite3.DatabaseError as error:
            hint = "" if path.exists() else " Is there such a folder, and may you write in it?"
            raise GradebookError(f"{path} cannot be used as a gradebook: {error}.{hint}") from error

    def _version(self) -> int:
        return int(self.connection.execute("PRAGMA user_version").fetchone()[0])

    def _bring_up_to_date(self) -> None:
        version = self._version()  # asked again: another grader may have made it meanwhile
        count = self.connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if version == 0 and count:
            raise GradebookError(f"{self.path} is a database, but not a gradebook.")
        for statement in SCHEMA.split(";\n"):
            self.connection.execute(statement)
        if 0 < version < 3:
            for table, column, kind in SINCE_VERSION_3:
                self.connection.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")
        self.connection.execute(f"PRAGMA user_version = {VERSION}")

    @property
    def named_file(self) -> Path:
        """Where the mistakes stand that the instructor has named."""
        return self.path.parent / named_mistakes.FILE

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
            "SELECT chapter, fingerprint FROM submission WHERE student = :student "
            "AND lms_id = :lms_id AND file = :file AND sha256 = :sha256 "
            "AND status NOT IN ('grader-failed', 'unknown-chapter', 'other-chapter')",
            {**_whose(submission), "file": submission.file, "sha256": sha256},
        ).fetchall()
        as_now = ("", *fingerprints)
        return next((str(row["chapter"]) for row in known if row["fingerprint"] in as_now), None)

    def write(
        self,
        submission: Submission,
        sha256: str,
        chapter: str,
        fingerprint: str,
        outcome: Outcome,
        maximum: float,
        answers: Mapping[str, str] | None = None,
        cells: Sequence[Code] = (),
    ) -> None:
        """Write one submission down, in one transaction; what was known of it before is replaced.

        Args:
            submission: whose it is, and where it lies.
            sha256: its content.
            chapter: as which it was graded; empty if that cannot be told.
            fingerprint: of the chapter.
            outcome: what grading it gave.
            maximum: what the chapter counts.
            answers: exercise → the code that the student has written for it.
            cells: the code cells, from which later chapters take what has passed.

        Raises:
            GradebookError: if it cannot be written, for example because the disk is full.
        """
        verdicts = outcome.verdicts
        for_all = sum(one.points for one in verdicts if one.status == "unavailable")
        values = {
            **_whose(submission),
            "chapter": chapter,
            "file": submission.file,
            "sha256": sha256,
            "fingerprint": fingerprint,
            "status": outcome.status,
            "detail": outcome.detail,
            "points": sum(verdict.earned for verdict in verdicts),
            "maximum": max(0, maximum - for_all),
            "attempt": json.dumps(list(submission.order)),
            "flags": json.dumps([*submission.notes, *outcome.flags, *filter(None, [outcome.mynn])]),
            "seed": str(outcome.seed),
            "seconds": outcome.seconds,
            "cpu": outcome.cpu,
            "memory": outcome.memory,
            "isolation": outcome.isolation,
            "late": int(submission.late),
            "handed_in": submission.handed_in,
        }
        with self._transaction():
            self.connection.execute(
                "DELETE FROM submission WHERE student = :student AND lms_id = :lms_id "
                "AND file = :file "
                "AND (chapter = :chapter OR sha256 != :sha256 OR chapter = '' "
                "OR status = 'other-chapter')",
                values,
            )
            number = self._insert("submission", values)
            for place, verdict in enumerate(verdicts):
                more = {
                    "answer": (answers or {}).get(verdict.exercise_id, ""),
                    "behaviour": outcome.behaviours.get(verdict.exercise_id, ""),
                }
                self._insert("verdict", verdict_values(number, place, verdict) | more)
            if cells:
                packed = zlib.compress(json.dumps([[one.id, one.source] for one in cells]).encode())
                self._insert("code", {"submission": number, "cells": packed})
            self._choose(submission, chapter)

    def earlier(self, submission: Submission, chapter: str) -> tuple[Earlier, ...]:
        """Return what the same student has handed in of earlier chapters, as far as it counts."""
        rows = self.connection.execute(
            "SELECT id, chapter, cells FROM submission JOIN code ON code.submission = id "
            "WHERE student = :student AND lms_id = :lms_id AND counts = 1 AND chapter < :chapter "
            "AND chapter != '' ORDER BY chapter",
            {**_whose(submission), "chapter": chapter},
        ).fetchall()
        passed = "SELECT exercise FROM verdict WHERE submission = ? AND status = 'passed'"
        return tuple(
            Earlier(
                str(row["chapter"]),
                tuple(Code(*cell) for cell in json.loads(zlib.decompress(row["cells"]))),
                frozenset(one[0] for one in self.connection.execute(passed, [row["id"]])),
            )
            for row in rows
        )

    def _insert(self, table: str, values: Mapping[str, Any]) -> int | None:
        columns, places = ", ".join(values), ", ".join(f":{name}" for name in values)
        text = f"INSERT INTO {table} ({columns}) VALUES ({places})"
        return self.connection.execute(text, values).lastrowid

    def _choose(self, submission: Submission, chapter: str) -> None:
        """Let the latest of a student's files for a chapter count, and no other.

        What could not be graded takes the place of nothing that could.
        """
        if not chapter:
            return
        rows = self.connection.execute(
            "SELECT id, attempt, EXISTS (SELECT 1 FROM verdict WHERE submission = id) AS graded "
            "FROM submission WHERE student = :student AND lms_id = :lms_id AND chapter = :chapter",
            {**_whose(submission), "chapter": chapter},
        ).fetchall()
        latest = max(rows, key=lambda row: (row["graded"], json.loads(row["attempt"])))["id"]
        for row in rows:
            self.connection.execute(
                "UPDATE submission SET counts = :counts WHERE id = :id",
                {"counts": int(row["id"] == latest), "id": row["id"]},
            )

    def decide(
        self, student: str, lms_id: str, exercise: str, points: float | None, why: str
    ) -> None:
        """Give a student other points than the verdicts do, now and later.

        Args:
            student: who.
            lms_id: by which number Canvas or Moodle knows that person.
            exercise: for which exercise; ``chNN`` for the chapter as a whole; ``chNN.late`` for the
                percentage that is taken off because it came late.
            points: how many; None takes an earlier decision back.
            why: the reason, for the student to read.
        """
        values = {"student": student, "lms_id": lms_id, "exercise": exercise}
        with self._transaction():
            self.connection.execute(
                "DELETE FROM decision WHERE student = :student AND lms_id = :lms_id "
                "AND exercise = :exercise",
                values,
            )
            if points is not None:
                self._insert("decision", {**values, "points": points, "why": why})

    def set_late_rule(self, chapter: str, rule: LateRule | None) -> None:
        """Say what late work of a chapter loses; None: nothing."""
        with self._transaction():
            text = "DELETE FROM late_rule WHERE chapter = :chapter"
            self.connection.execute(text, {"chapter": chapter})
            if rule is not None:
                values = {"due": rule.due, "percent": rule.percent, "most": rule.most}
                self._insert("late_rule", {"chapter": chapter, **values})

    def late_rules(self) -> dict[str, LateRule]:
        """Return what late work loses: chapter → rule."""
        rows = self.connection.execute("SELECT chapter, due, percent, most FROM late_rule")
        return {row["chapter"]: LateRule(row["due"], row["percent"], row["most"]) for row in rows}

    def records(
        self, *, chapter: str | None = None, of: Submission | None = None
    ) -> list[SubmissionResult]:
        """Return all submissions, by student and chapter, as they count.

        Args:
            chapter: only of this chapter, and those of which it cannot be told.
            of: only of this submission's student.
        """
        where = "WHERE student = :student AND lms_id = :lms_id" if of is not None else ""
        named = _whose(of) if of is not None else {}
        verdicts: dict[int, list[ExerciseResult]] = {}
        for row in self.connection.execute(
            "SELECT verdict.* FROM verdict JOIN submission ON verdict.submission = submission.id "
            f"{where} ORDER BY verdict.submission, number",
            named,
        ):
            verdicts.setdefault(row["submission"], []).append(exercise_result(row))
        decisions: dict[tuple[str, str], dict[str, tuple[float, str]]] = {}
        for row in self.connection.execute(f"SELECT * FROM decision {where}", named):
            own = decisions.setdefault((row["student"], row["lms_id"]), {})
            own[row["exercise"]] = (row["points"], row["why"])
        names = {(one.exercise, one.behaviour): one for one in named_mistakes.load(self.named_file)}
        for rows in verdicts.values():
            rows[:] = [_named(row, names.get((row.exercise, row.behaviour))) for row in rows]
        found = [
            submission_result(row, tuple(verdicts.get(row["id"], ())))
            for row in self.connection.execute(f"SELECT * FROM submission {where}", named)
        ]
        rules = self.late_rules()
        settled = [
            settle(one, decisions.get(one.whose, {}), rules.get(one.chapter))
            for one in _with_decided_chapters(found, decisions)
        ]
        chosen = [one for one in settled if chapter is None or one.chapter in (chapter, "")]
        return sorted(chosen, key=lambda one: (one.student.casefold(), one.chapter, one.file))


def _whose(submission: Submission) -> dict[str, str]:
    return {"student": submission.student, "lms_id": submission.lms_id}


def _named(row: ExerciseResult, mistake: named_mistakes.NamedMistake | None) -> ExerciseResult:
    """Give a wrong answer the name that the instructor has given what it does."""
    if mistake is None or row.mistakes or not row.behaviour:
        return row
    message = f"{row.message}\n{mistake.message}".strip()
    return replace(row, mistakes=(mistake.name,), message=message)


def _with_decided_chapters(
    found: list[SubmissionResult], decisions: Mapping[tuple[str, str], Mapping[str, Any]]
) -> list[SubmissionResult]:
    """Take files whose chapter cannot be told for the chapter on which something was decided."""
    known = {(one.whose, one.chapter) for one in found}
    result = []
    for one in found:
        for name in decisions.get(one.whose, {}) if not one.chapter else ():
            if (one.whose, name[2:4]) not in known:
                one = replace(one, chapter=name[2:4])
                known.add((one.whose, one.chapter))
                break
        result.append(one)
    return result
