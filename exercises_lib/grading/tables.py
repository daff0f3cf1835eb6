"""The gradebook's tables, and how their rows are written and read."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from exercises_lib.checking import Verdict
from exercises_lib.grading.results import ExerciseResult, SubmissionResult

VERSION = 4
SCHEMA = """
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
    points REAL NOT NULL,
    maximum REAL NOT NULL,
    counts INTEGER NOT NULL DEFAULT 1,
    attempt TEXT NOT NULL,
    flags TEXT NOT NULL,
    seed TEXT NOT NULL,
    seconds REAL NOT NULL,
    cpu REAL NOT NULL,
    memory INTEGER NOT NULL,
    isolation TEXT NOT NULL,
    graded_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
    late INTEGER NOT NULL DEFAULT 0,
    handed_in TEXT NOT NULL DEFAULT '',
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
    earned REAL NOT NULL,
    points REAL NOT NULL,
    answer TEXT NOT NULL DEFAULT '',
    behaviour TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (submission, exercise)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS code (
    submission INTEGER PRIMARY KEY REFERENCES submission (id) ON DELETE CASCADE,
    cells BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS decision (
    student TEXT NOT NULL,
    lms_id TEXT NOT NULL,
    exercise TEXT NOT NULL,
    points REAL NOT NULL,
    why TEXT NOT NULL,
    PRIMARY KEY (student, lms_id, exercise)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS late_rule (
    chapter TEXT PRIMARY KEY,
    due TEXT NOT NULL,
    percent REAL NOT NULL,
    most REAL NOT NULL
) WITHOUT ROWID;
"""
SINCE_VERSION_3 = (
    ("submission", "late", "INTEGER NOT NULL DEFAULT 0"),
    ("submission", "handed_in", "TEXT NOT NULL DEFAULT ''"),
    ("verdict", "answer", "TEXT NOT NULL DEFAULT ''"),
    ("verdict", "behaviour", "TEXT NOT NULL DEFAULT ''"),
)


def verdict_values(submission: int | None, number: int, verdict: Verdict) -> dict[str, Any]:
    """Return the row of a verdict; the number is its place in the notebook."""
    return {
        "submission": submission,
        "number": number,
        "exercise": verdict.exercise_id,
        "title": verdict.title,
        "status": verdict.status,
        "mistakes": json.dumps(list(verdict.mistakes)),
        "message": verdict.message,
        "traceback": verdict.traceback,
        "earned": verdict.earned,
        "points": verdict.points,
    }


def exercise_result(row: sqlite3.Row) -> ExerciseResult:
    """Read the row of a verdict."""
    values = {name: row[name] for name in row.keys() if name not in ("submission", "number")}  # noqa: SIM118
    return ExerciseResult(**{**values, "mistakes": tuple(json.loads(row["mistakes"]))})


def submission_result(row: sqlite3.Row, rows: tuple[ExerciseResult, ...]) -> SubmissionResult:
    """Read the row of a submission; `rows` are those of its verdicts."""
    values = {name: row[name] for name in row.keys() if name not in ("fingerprint", "attempt")}  # noqa: SIM118
    values |= {"counts": bool(row["counts"]), "late": bool(row["late"])}
    return SubmissionResult(**{**values, "flags": tuple(json.loads(row["flags"])), "rows": rows})
