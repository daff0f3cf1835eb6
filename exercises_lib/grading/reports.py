"""Reports: a page about the class and a page for each student, HTML that needs nothing else."""

from __future__ import annotations

import functools
import hashlib
import re
import statistics
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from exercises_lib.chapters import CHAPTERS
from exercises_lib.checking.markup import block_html, inline_html
from exercises_lib.checking.verdict import LOOKS
from exercises_lib.course.notebooks import write_text
from exercises_lib.exercises import get
from exercises_lib.grading import similarity
from exercises_lib.grading.groups import Group, groups
from exercises_lib.grading.results import LateRule, SubmissionResult

ORDER = ("passed", "wrong", "error", "unanswered", "unavailable", "decided")
TROUBLE = {
    "crashed": "ended its kernel",
    "timeout": "did not come to an end in time",
    "empty": "empty file",
    "not-a-notebook": "not a notebook",
    "wrong-format": "another format of notebook",
    "too-large": "too large",
    "too-many": "too many files",
    "unreadable": "cannot be read",
    "unsafe": "leads out of what was handed in",
    "unknown-chapter": "chapter cannot be told",
    "other-chapter": "another chapter",
    "grader-failed": "the grader's own process failed",
}


def write_pages(
    records: Sequence[SubmissionResult],
    out: Path,
    alike: Sequence[similarity.Pair] = (),
    rules: Mapping[str, LateRule] | None = None,
) -> int:
    """Write the class's page, ``index.html``, and one page for each student.

    Args:
        records: what the gradebook says.
        out: the folder; it is made if need be.
        alike: who has handed in the same; these pairs get a page of their own, ``similar.html``.
        rules: what late work loses: chapter → rule.

    Returns:
        How many pages were written.
    """
    students: dict[tuple[str, str], list[SubmissionResult]] = defaultdict(list)
    records = _current(records)
    for one in records:
        students[one.whose].append(one)
    write_text(out / "index.html", class_page(records, alike, rules))
    if alike:
        write_text(out / "similar.html", similar_page(alike))
    for (student, number), own in students.items():
        write_text(out / page_name(student, number), student_page(student, own))
    return len(students) + 1 + bool(alike)


def _current(records: Sequence[SubmissionResult]) -> list[SubmissionResult]:
    """Leave out what somebody handed in by mistake and has handed in rightly since."""
    graded = {(one.whose, one.chapter) for one in records if one.graded}
    return [
        one
        for one in records
        if one.status != "other-chapter" or (one.whose, one.chapter) not in graded
    ]


def page_name(student: str, lms_id: str) -> str:
    """Return where a student's page lies, below the class's page."""
    folded = unicodedata.normalize("NFKD", student).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9]+", "-", folded).strip("-")[:40]
    mark = hashlib.sha256(f"{student}\0{lms_id}".encode()).hexdigest()[:8]
    return f"students/{plain or 'student'}-{mark}.html"


# --- the pages --------------------------------------------------------------------------------


def student_page(student: str, records: Sequence[SubmissionResult]) -> str:
    """Make the page of one student: marks, verdicts and messages, nothing about anybody else."""
    counting = [one for one in records if one.counts and one.graded]
    return _render(
        "student.html",
        student=student,
        records=records,
        points=sum(one.points for one in counting),
        maximum=sum(one.maximum for one in counting),
        instead=functools.partial(_instead, records),
    )


def class_page(
    records: Sequence[SubmissionResult],
    alike: Sequence[similarity.Pair] = (),
    rules: Mapping[str, LateRule] | None = None,
) -> str:
    """Make the page about the class."""
    records = _current(records)
    chapters = sorted({one.chapter for one in records if one.chapter})
    instead = functools.partial(_instead, records)
    return _render(
        "class.html",
        files=len(records),
        parts=[
            _part(chapter, [one for one in records if one.chapter == chapter], rules or {})
            for chapter in chapters
        ],
        look_at=[one for one in records if _needs_a_look(one) or instead(one)],
        alike=alike,
        instead=instead,
        slowest=sorted((one for one in records if one.seconds), key=lambda one: -one.seconds)[:5],
        walls=sorted({one.isolation for one in records if one.isolation}),
        everybody=_everybody(records),
    )


def similar_page(alike: Sequence[similarity.Pair]) -> str:
    """Make the page that shows answers that are the same, side by side."""
    return _render(
        "similar.html",
        alike=alike,
        least=similarity.LEAST,
        long=similarity.LONG,
        enough=similarity.ENOUGH,
    )


@functools.cache
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        marked=lambda text: Markup(inline_html(text)),  # which escapes all but its own tags
        blocks=lambda text: Markup(block_html(text)),
        points=lambda number: f"{number:g}",
    )
    made.globals.update(
        page_name=page_name,
        chapter=_chapter,
        words=lambda status: TROUBLE.get(status, status),
        sign=lambda status: _look(status)[0],
        said=lambda status: _look(status)[1],
    )
    return made


def _render(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(**values) + "\n"


def _chapter(number: str) -> str:
    known = CHAPTERS.get(number)
    return f"{number} {known.topic.replace('_', ' ')}" if known else number


def _look(status: str) -> tuple[str, str]:
    if status == "decided":
        return "·", "by decision"
    sign, words, _ = LOOKS.get(status, ("·", status, ""))
    return sign, words


# --- what stands on them ----------------------------------------------------------------------


def _instead(records: Sequence[SubmissionResult], one: SubmissionResult) -> SubmissionResult | None:
    """Return the file of the same student that counts in the place of this one."""
    if one.counts:
        return None
    same = (other for other in records if (other.whose, other.chapter) == (one.whose, one.chapter))
    return next((other for other in same if other.counts), None)


def _needs_a_look(one: SubmissionResult) -> bool:
    decided = one.decided or any(row.decided for row in one.rows)
    return bool(one.status != "ok" or one.flags or decided or one.deduction or one.late)


@dataclass(frozen=True)
class _Bin:
    label: str
    number: int
    height: str


@dataclass(frozen=True)
class _Exercise:
    title: str
    exercise: str
    shares: list[tuple[str, str]]
    numbers: list[int]


@dataclass(frozen=True)
class _Mistake:
    name: str
    exercise: str
    told: str
    people: list[SubmissionResult]


@dataclass(frozen=True)
class _Part:
    """What the class's page says about one chapter."""

    chapter: str
    rule: LateRule | None
    marks: list[float]
    median: float
    maximum: float
    bins: list[_Bin]
    spoken: str
    statuses: list[str]
    exercises: list[_Exercise]
    mistakes: list[_Mistake]
    groups: list[Group]


def _part(
    chapter: str, records: Sequence[SubmissionResult], rules: Mapping[str, LateRule]
) -> _Part:
    counting = [one for one in records if one.counts and one.graded]
    marks = sorted(one.points for one in counting)
    maximum = max((one.maximum for one in counting), default=0)
    statuses = {row.status for one in counting for row in one.rows}
    bins, spoken = _histogram(marks, int(maximum))
    return _Part(
        chapter=chapter,
        rule=rules.get(chapter),
        marks=marks,
        median=statistics.median(marks) if marks else 0,
        maximum=maximum,
        bins=bins,
        spoken=spoken,
        statuses=[status for status in ORDER if status in statuses],
        exercises=_exercises(counting),
        mistakes=_mistakes(counting),
        groups=groups(counting),
    )


def _histogram(marks: Sequence[float], maximum: int) -> tuple[list[_Bin], str]:
    """Count how many got how much: a column for each mark, or for a range where there are many."""
    step = -(-(maximum + 1) // 16)
    numbers = [0] * (maximum // step + 1)
    for mark in marks:
        numbers[int(min(mark, maximum) // step)] += 1
    tallest = max([1, *numbers])
    bins = []
    for index, number in enumerate(numbers):
        low, high = index * step, min(maximum, (index + 1) * step - 1)
        label = f"{low}" if low == high else f"{low}–{high}"
        bins.append(_Bin(label, number, f"{85 * number / tallest:.1f}"))
    spoken = "; ".join(
        f"{number} with {index * step} or more" for index, number in enumerate(numbers) if number
    )
    return bins, spoken


def _exercises(records: Sequence[SubmissionResult]) -> list[_Exercise]:
    counts: dict[str, Counter[str]] = {}
    titles = {}
    for one in records:
        for row in one.rows:
            counts.setdefault(row.exercise, Counter())[row.status] += 1
            titles[row.exercise] = row.title
    return [
        _Exercise(
            titles[exercise],
            exercise,
            [
                (status, f"{100 * counter[status] / counter.total():.2f}")
                for status in ORDER
                if counter[status]
            ],
            [counter[status] for status in ORDER[:4]],
        )
        for exercise, counter in counts.items()
    ]


def _mistakes(records: Sequence[SubmissionResult]) -> list[_Mistake]:
    """List the known mistakes that the class makes, the most common first."""
    who: dict[tuple[str, str], list[SubmissionResult]] = defaultdict(list)
    told: dict[tuple[str, str], str] = {}
    for one in records:
        for row in one.rows:
            for name in row.mistakes:
                who[row.exercise, name].append(one)
                told.setdefault((row.exercise, name), row.message.split("\n")[-1])
    return [
        _Mistake(name, exercise, _message(exercise, name) or told[exercise, name], people)
        for (exercise, name), people in sorted(
            who.items(), key=lambda item: (-len(item[1]), item[0])
        )
    ]


def _message(exercise: str, name: str) -> str:
    try:
        return get(exercise).mistake(name).message
    except LookupError:
        return ""


@dataclass
class _Student:
    whose: tuple[str, str]
    marks: dict[str, SubmissionResult]

    @property
    def total(self) -> float:
        return sum(one.points for one in self.marks.values())


def _everybody(records: Sequence[SubmissionResult]) -> list[_Student]:
    found: dict[tuple[str, str], _Student] = {}
    for one in records:
        student = found.setdefault(one.whose, _Student(one.whose, {}))
        if one.counts and one.graded:
            student.marks[one.chapter] = one
    return list(found.values())
