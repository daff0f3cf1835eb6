"""What is known about a submission once it is graded, decided on and counted."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from exercises_lib import exercises
from exercises_lib.errors import UserError

Decisions = Mapping[str, tuple[float, str]]
"""What was decided about a student: an exercise, ``chNN`` or ``chNN.late`` → points or percent off,
and why."""


@dataclass(frozen=True)
class ExerciseResult:
    """What is known about one exercise of a submission.

    Args:
        exercise: its id.
        title: its title.
        status: the verdict's.
        mistakes: names of the known mistakes that were found.
        message: what the student was told.
        traceback: the student's own frames, if the answer raised.
        earned: points that count.
        points: what it counts.
        decided: why somebody has given other points than the verdict does; else empty.
        answer: the code that the student has written for it.
        behaviour: a digest of what a wrong answer without a name does on the common cases.
    """

    exercise: str
    title: str
    status: str
    mistakes: tuple[str, ...]
    message: str
    traceback: str
    earned: float
    points: float
    decided: str = ""
    answer: str = ""
    behaviour: str = ""

    @property
    def in_part(self) -> bool:
        """Whether the verdict gave points for a part of the answer."""
        return not self.decided and 0 < self.earned < self.points


@dataclass(frozen=True)
class SubmissionResult:
    """What is known about one submission; the fields of `Submission` and `Outcome` and these.

    Args:
        points: what counts, after decisions and the rule for late work.
        maximum: what could be earned.
        counts: whether it is this file of the student's that counts for the chapter.
        late: whether the platform has marked it as late.
        handed_in: when, as ``2026-11-20 18:05``; empty where that is not known.
        decided: why somebody has given these points for the whole; else empty.
        deduction: what was taken off because it came late, in words; empty if nothing was.
        rows: the exercises.
    """

    id: int
    student: str
    lms_id: str
    chapter: str
    file: str
    sha256: str
    status: str
    detail: str
    points: float
    maximum: float
    counts: bool
    flags: tuple[str, ...]
    seed: str
    seconds: float
    cpu: float
    memory: int
    isolation: str
    graded_at: str
    late: bool = False
    handed_in: str = ""
    decided: str = ""
    deduction: str = ""
    rows: tuple[ExerciseResult, ...] = field(default=())

    @property
    def graded(self) -> bool:
        """Whether it has a mark; a file that could not be graded has none, not even 0."""
        return bool(self.rows or self.decided)

    @property
    def whose(self) -> tuple[str, str]:
        """The student: name and number."""
        return self.student, self.lms_id


@dataclass(frozen=True)
class LateRule:
    """What late work loses.

    Args:
        due: until when work is on time, as ``2026-11-20 23:59`` in the clock of the platform; empty
            where only the platform's own mark of lateness counts.
        percent: taken off for each day that has begun.
        most: the most that is taken off.
    """

    due: str = ""
    percent: float = 0.0
    most: float = 100.0

    @classmethod
    def read(cls, text: str, due: str) -> LateRule:
        """Read a rule such as ``10% per day, at most 50%``, or ``20%`` for late work of any day.

        Raises:
            UserError: if it cannot be understood.
        """
        rule = re.fullmatch(
            r"\s*(\d+(?:\.\d+)?)\s*%?\s*((?:per|a|each)\s+day|/\s*day)?"
            r"(?:,?\s*at\s+most\s+(\d+(?:\.\d+)?)\s*%?)?\s*",
            text,
        )
        if rule is None or float(rule[1]) > 100 or float(rule[3] or 0) > 100:
            raise UserError(
                f"The rule for late work {text!r} is not understood. Write for example "
                "'10% per day, at most 50%', or '20%' for late work however late."
            )
        percent = float(rule[1])
        return cls(read_time(due), percent, float(rule[3] or (100 if rule[2] else percent)))

    def __str__(self) -> str:
        each = f"{self.percent:g} % per day, at most {self.most:g} %"
        text = each if self.most > self.percent else f"{self.most:g} %"
        return f"{text}{f', due {self.due}' if self.due else ''}"

    def days(self, result: SubmissionResult) -> int:
        """Count the days that have begun since it was due; 1 where only Canvas' mark is known."""
        if self.due and result.handed_in:
            try:
                over = datetime.fromisoformat(result.handed_in) - datetime.fromisoformat(self.due)
            except ValueError:  # an archive may say the thirtieth of February
                return int(result.late)
            return max(0, math.ceil(over / timedelta(days=1)))
        return int(result.late)


def read_time(text: str) -> str:
    """Read a time such as ``2026-11-20 23:59``; a day alone means its end.

    Raises:
        UserError: if it is none.
    """
    text = text.strip()
    if not text:
        return ""
    try:
        time = datetime.fromisoformat(text if len(text) > 10 else f"{text} 23:59")
    except ValueError as error:
        raise UserError(f"{text!r} is not a time; write it as 2026-11-20 23:59.") from error
    return time.strftime("%Y-%m-%d %H:%M")


def settle(
    result: SubmissionResult, decisions: Decisions, rule: LateRule | None
) -> SubmissionResult:
    """Apply what was decided about a student, and the rule for late work, to a result."""
    chapter = f"ch{result.chapter}"
    rows = tuple(
        replace(row, earned=decisions[row.exercise][0], decided=decisions[row.exercise][1])
        if row.exercise in decisions
        else row
        for row in result.rows
    )
    if not rows:
        rows = _decided_rows(result.chapter, decisions)
    if rows != result.rows:
        result = replace(result, rows=rows, points=sum(row.earned for row in rows))
    if chapter in decisions:
        points, why = decisions[chapter]
        result = replace(result, points=points, decided=why)
    if result.graded and not result.maximum:
        result = replace(result, maximum=chapter_points(result.chapter))
    return _without_late_points(result, decisions.get(f"{chapter}.late"), rule)


def chapter_points(chapter: str) -> int:
    """Return what a chapter counts."""
    return sum(exercise.points for exercise in exercises.chapter_exercises(chapter))


def _decided_rows(chapter: str, decisions: Decisions) -> tuple[ExerciseResult, ...]:
    """Make the rows of a file that could not be graded: the exercises that were decided."""
    if not any(name.startswith(f"ch{chapter}.") for name in decisions):
        return ()
    return tuple(
        ExerciseResult(
            one.id, one.title, "decided", (), "", "", decisions[one.id][0], one.points,
            decisions[one.id][1],
        )
        for one in exercises.chapter_exercises(chapter)
        if one.id in decisions
    )  # fmt: skip


def _without_late_points(
    result: SubmissionResult, decided: tuple[float, str] | None, rule: LateRule | None
) -> SubmissionResult:
    days = rule.days(result) if rule is not None else 0
    percent = min(rule.most, rule.percent * days) if rule is not None else 0.0
    why = f"handed in late, day {days}" if days else ""
    if decided is not None:
        percent, why = decided
    if not result.graded or not (percent or decided is not None):
        return result
    points = round(result.points * (1 - percent / 100), 1)
    told = f"{percent:g} % off {result.points:g} points: {why}"
    return replace(result, points=points, deduction=told)
