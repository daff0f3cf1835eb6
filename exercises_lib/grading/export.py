"""Mark sheets: a plain table, and what Canvas and Moodle import."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from exercises_lib.checking.markup import plain_text
from exercises_lib.checking.verdict import LOOKS
from exercises_lib.errors import UserError
from exercises_lib.grading.joining import Joined, Key, Line, join
from exercises_lib.grading.results import SubmissionResult


class ExportError(UserError):
    """A mark sheet cannot be filled in; the text says why."""


@dataclass
class Sheet:
    """A mark sheet.

    Args:
        text: the sheet, as CSV.
        unmatched: students who have marks and no line in the sheet.
        empty: lines of the sheet for which there are no marks.
        notes: what else was done that should be known.
    """

    text: str
    unmatched: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_sheet(path: Path) -> str:
    """Read a sheet that was downloaded, and perhaps saved by a spreadsheet since.

    Raises:
        ExportError: if it cannot be read, or is not UTF-8.
    """
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ExportError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ExportError(
            f"{path} is not UTF-8, so names would be spoilt. Give it as it was downloaded, or save "
            "it as “CSV UTF-8”."
        ) from error


def without_marks(records: Sequence[SubmissionResult]) -> list[str]:
    """Say who has handed in something and gets no mark for it, because it cannot be graded."""
    graded = {
        (one.student, one.lms_id, chapter)
        for one in records
        if one.graded
        for chapter in (one.chapter, "")
    }
    return [
        f"{one.student} has handed in {one.file}, which has no mark ({one.status}): {one.detail}"
        for one in records
        if (one.student, one.lms_id, one.chapter) not in graded
    ]


def safe(text: str) -> str:
    """Keep a spreadsheet from taking a text for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def table(records: Sequence[SubmissionResult]) -> str:
    """Give all submissions as CSV: one line each, marks and mistakes per exercise.

    Args:
        records: what the gradebook says.
    """
    exercises = list(dict.fromkeys(row.exercise for one in records for row in one.rows))
    exercises.sort(key=lambda name: name.split(".")[0])
    head = ["student", "id", "chapter", "file", "status", "counts", "points", "maximum"]
    head += ["handed in", "late"]
    per_exercise = [f"{name}{part}" for name in exercises for part in ("", " verdict", " mistake")]
    rows: list[list[object]] = [[*head, *per_exercise, "flags", "detail"]]
    for one in records:
        by_name = {row.exercise: row for row in one.rows}
        cells: list[object] = []
        for name in exercises:
            row = by_name.get(name)
            mistakes = "; ".join(row.mistakes) if row else ""
            cells += [f"{row.earned:g}", row.status, safe(mistakes)] if row else ["", "", ""]
        start = [safe(one.student), one.lms_id, one.chapter, safe(one.file), one.status]
        start += ["yes" if one.counts else "no", f"{one.points:g}", f"{one.maximum:g}"]
        start += [one.handed_in or ("late" if one.late else ""), safe(one.deduction)]
        decided = [f"{row.exercise} by decision: {row.decided}" for row in one.rows if row.decided]
        decided += [f"The whole by decision: {one.decided}"] if one.decided else []
        rows.append([*start, *cells, safe(" ".join([*one.flags, *decided])), safe(one.detail)])
    return _written(rows)


def canvas(
    records: Sequence[SubmissionResult],
    sheet: str | None,
    titles: Mapping[str, str],
    told: Mapping[str, str] | None = None,
) -> Sheet:
    """Give the marks in the form that Canvas imports.

    Args:
        records: what the gradebook says.
        sheet: the gradebook exported from Canvas, whose students and columns are used; without
            it the sheet has the students as their files name them.
        titles: chapter → the assignment's title in Canvas, with its number in brackets where the
            assignment exists, for example ``"Chapter 03 (4711)"``.
        told: whose line is which, where the instructor has said it: student → number.

    Raises:
        UserError: if the given sheet is not one of Canvas', or what was told does not fit it.
    """
    marks = _marks(records)
    chapters = sorted({chapter for per in marks.values() for chapter in per})
    maxima = _maxima(records)
    if sheet is None:
        head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
        rows: list[list[object]] = [[*head, *(titles[chapter] for chapter in chapters)]]
        rows.append(["    Points Possible", "", "", "", "", *(f"{maxima[c]:g}" for c in chapters)])
        for (student, number), per in marks.items():
            whose = [safe(student), number, "", "", ""]
            rows.append(
                [*whose, *(_scaled(per[c], maxima[c]) if c in per else "" for c in chapters)]
            )
        return Sheet(_written(rows))
    lines, comma = _read(sheet)
    head = lines[0]
    names = [head.index(name) for name in ("Student", "LastName", "FirstName") if name in head]
    if not names or "ID" not in head:
        raise ExportError("The sheet is not a gradebook of Canvas: no columns Student and ID.")
    result = Sheet("")
    places: dict[str, int] = {}
    for chapter in chapters:
        place = _column(head, titles[chapter])
        if place is None:
            there = [name for name in head if re.search(r"\(\d+\)\s*$", name)]
            result.notes.append(
                f"The sheet has no assignment {titles[chapter]!r}, so a column was added, of which "
                f"Canvas makes a new assignment. It has {', '.join(there) or 'none'}: name one of "
                "them with --title."
            )
            place = len(head)
            head.append(titles[chapter])
        places[chapter] = place
    possible: dict[str, float] = {**maxima}
    people: list[tuple[list[str], Line]] = []
    for line in lines[1:]:
        line += [""] * (len(head) - len(line))
        written = [line[place].strip() for place in names]
        if written[0].lower().startswith("points possible"):
            for chapter, place in places.items():
                possible[chapter] = _number(line[place]) or maxima[chapter]
                line[place] = line[place] or f"{maxima[chapter]:g}"
            result.notes += [
                f"Chapter {chapter} counts {maxima[chapter]:g} points here and "
                f"{possible[chapter]:g} in the sheet: marks were scaled."
                for chapter in chapters
                if possible[chapter] != maxima[chapter]
            ]
        elif any(written) and "Student, Test" not in (written[0], ", ".join(written)):
            login = line[head.index("SIS Login ID")].strip() if "SIS Login ID" in head else ""
            number = line[head.index("ID")].strip()
            people.append((line, Line(number, (", ".join(written), login))))
    joined = join(marks, [one for _, one in people], told or {})
    for (line, _), found in zip(people, joined.lines, strict=True):
        for chapter, one in marks[found].items() if found is not None else ():
            if line[places[chapter]].strip().upper() != "EX":  # excused is excused
                line[places[chapter]] = _scaled(one, possible[chapter])
    _tell(result, marks, joined, [one.label for _, one in people])
    result.text = _written(lines, comma)
    return result


def moodle(
    records: Sequence[SubmissionResult], sheet: str, told: Mapping[str, str] | None = None
) -> Sheet:
    """Fill in the grading worksheet that was downloaded from Moodle.

    The columns are found by their place and content, since their names are in the language of the
    site: the identifier holds a number (``Participant 123``), the grade is the first column named
    after a grade, feedback the first named after feedback.

    Args:
        records: what the gradebook says, of one chapter.
        sheet: the worksheet.
        told: whose line is which, where the instructor has said it: student → number.

    Raises:
        UserError: if it is not such a worksheet, or what was told does not fit it.
    """
    lines, comma = _read(sheet)
    head = lines[0]
    if len(head) < 3:
        raise ExportError("The sheet is not a grading worksheet of Moodle: it has too few columns.")
    grade = _first(head, r"^(grade|bewertung|note|calificaci|nota|cijfer|评分|成绩|оценка)")
    if grade is None:
        raise ExportError("The worksheet has no column for the grade: " + ", ".join(head))
    maximum = _first(head, r"max|höchst|best")
    feedback = _first(head, r"feedback|kommentar|rückmeldung|comentario|commentaire|反馈")
    marks = _marks(records)
    result = Sheet("")
    people = []
    for line in lines[1:]:
        line += [""] * (len(head) - len(line))
        number = re.search(r"(\d+)\s*$", line[0])
        people.append(Line(number[1] if number else "", (line[1],)))
    joined = join(marks, people, told or {})
    for line, found in zip(lines[1:], joined.lines, strict=True):
        if found is None:
            continue
        one = max(marks[found].values(), key=lambda record: record.maximum)
        possible = _number(line[maximum]) if maximum not in (None, grade) else None
        line[grade] = f"{float(_scaled(one, possible or one.maximum)):.2f}"
        if possible and possible != one.maximum:
            text = f"The chapter counts {one.maximum:g} points here and {possible:g} in the sheet"
            result.notes = list(dict.fromkeys([*result.notes, f"{text}: marks were scaled."]))
        if feedback is not None:
            line[feedback] = safe(feedback_text(one))
    _tell(result, marks, joined, [one.label for one in people])
    result.text = _written(lines, comma)
    return result


def feedback_text(record: SubmissionResult) -> str:
    """Say what a submission got, for the student; Moodle takes it for HTML."""
    judged = [row for row in record.rows if row.status != "decided"]
    passed = sum(row.status == "passed" for row in judged)
    parts = [f"{passed} of {len(judged)} passed."] if judged else []
    for row in record.rows:
        if row.status == "passed" and not row.decided:
            continue
        told = " ".join(plain_text(row.message).split())
        told = "not answered." if row.status == "unanswered" else told
        mark = f"{row.earned:g} of {row.points:g}"
        if row.decided:
            told = f"{told} {mark} by decision: {row.decided}".strip()
        elif row.in_part:
            told = f"{told} {mark} points."
        parts.append(f"{LOOKS.get(row.status, ('·',))[0]} {row.title}: {told}")
    if record.decided:
        parts.append(f"{record.points:g} of {record.maximum:g} by decision: {record.decided}")
    if record.deduction:
        parts.append(f"Late: {record.deduction}.")
    return html.escape(" ".join(parts), quote=False)


Marks = dict[Key, dict[str, SubmissionResult]]


def _tell(result: Sheet, marks: Marks, joined: Joined, labels: Sequence[str]) -> None:
    """Say which marks have found no line, and which lines no mark."""
    result.notes += joined.notes
    result.unmatched = [key[0] for key in marks if key not in joined.lines]
    pairs = zip(labels, joined.lines, strict=True)
    result.empty = [label for label, key in pairs if key is None]


def _marks(records: Iterable[SubmissionResult]) -> Marks:
    """Sort what counts by student and chapter; what could not be graded has no mark, not even 0."""
    found: Marks = {}
    for one in records:
        if one.counts and one.graded and one.maximum:
            found.setdefault((one.student, one.lms_id), {})[one.chapter] = one
    return found


def _maxima(records: Iterable[SubmissionResult]) -> dict[str, float]:
    maxima: dict[str, float] = {}
    for one in records:
        if one.counts and one.graded:
            maxima[one.chapter] = max(one.maximum, maxima.get(one.chapter, 0))
    return maxima


def _scaled(one: SubmissionResult, possible: float) -> str:
    """Give a mark out of what the sheet counts, in its shortest form."""
    return f"{round(one.points * possible / one.maximum, 2):g}"


def _number(text: str) -> float | None:
    """Read a number as it is written anywhere: 100, 100.00, 100,00."""
    match = re.fullmatch(r"(\d+)(?:[.,](\d{1,2}))?", text.strip())
    return float(f"{match[1]}.{match[2] or 0}") if match else None


def _column(head: list[str], title: str) -> int | None:
    wanted = re.sub(r"\s*\(\d+\)\s*$", "", title)
    for place, name in enumerate(head):
        if name == title or re.sub(r"\s*\(\d+\)\s*$", "", name) == wanted:
            return place
    return None


def _first(head: list[str], pattern: str) -> int | None:
    places = [i for i, name in enumerate(head) if re.search(pattern, name.strip(), re.IGNORECASE)]
    return places[0] if places else None


def _read(sheet: str) -> tuple[list[list[str]], str]:
    """Read a sheet; what stands between its cells is a comma, or what a spreadsheet made of it."""
    first = sheet.removeprefix("\ufeff").partition("\n")[0]
    comma = max(",;\t", key=first.count)
    stream = io.StringIO(sheet.removeprefix("\ufeff"))
    lines = [line for line in csv.reader(stream, delimiter=comma) if line]
    if not lines:
        raise ExportError("The sheet is empty.")
    return lines, comma


def _written(rows: Iterable[Iterable[object]], comma: str = ",") -> str:
    stream = io.StringIO()
    csv.writer(stream, delimiter=comma, lineterminator="\n").writerows(rows)
    return stream.getvalue()
