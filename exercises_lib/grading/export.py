"""Mark sheets: a plain table, and what Canvas and Moodle import."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from exercises_lib.grading.gradebook import Record


class ExportError(Exception):
    """A mark sheet cannot be filled in; the text says why."""


@dataclass
class Sheet:
    """A mark sheet.

    Args:
        text: the sheet, as CSV.
        unmatched: students who have marks and no line in the sheet.
        empty: lines of the sheet for which there are no marks.
    """

    text: str
    unmatched: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)


def safe(text: str) -> str:
    """Keep a spreadsheet from taking a text for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def table(records: Sequence[Record]) -> str:
    """Give all submissions as CSV: one line each, marks and mistakes per exercise.

    Args:
        records: what the gradebook says.
    """
    exercises = list(dict.fromkeys(row.exercise for one in records for row in one.rows))
    exercises.sort(key=lambda name: name.split(".")[0])
    head = ["student", "id", "chapter", "file", "status", "counts", "points", "maximum"]
    per_exercise = [f"{name}{part}" for name in exercises for part in ("", " verdict", " mistake")]
    rows: list[list[object]] = [[*head, *per_exercise, "flags", "detail"]]
    for one in records:
        by_name = {row.exercise: row for row in one.rows}
        cells: list[object] = []
        for name in exercises:
            row = by_name.get(name)
            mistakes = "; ".join(row.mistakes) if row else ""
            cells += [row.earned, row.status, safe(mistakes)] if row else ["", "", ""]
        start = [safe(one.student), one.lms_id, one.chapter, safe(one.file), one.status]
        start += ["yes" if one.counts else "no", str(one.points), str(one.maximum)]
        rows.append([*start, *cells, safe(" ".join(one.flags)), safe(one.detail)])
    return _written(rows)


def canvas(records: Sequence[Record], sheet: str | None, titles: dict[str, str]) -> Sheet:
    """Give the marks in the form that Canvas imports.

    Args:
        records: what the gradebook says.
        sheet: the gradebook exported from Canvas, whose students and columns are used; without
            it the sheet has the students as their files name them.
        titles: chapter → the assignment's title in Canvas, with its number in brackets where the
            assignment exists, for example ``"Chapter 03 (4711)"``.

    Raises:
        ExportError: if the given sheet is not one of Canvas'.
    """
    marks = _marks(records)
    chapters = sorted({chapter for per in marks.values() for chapter in per})
    maxima = {one.chapter: one.maximum for one in records if one.maximum}
    if sheet is None:
        head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
        sheet_rows: list[list[object]] = [[*head, *(titles[chapter] for chapter in chapters)]]
        sheet_rows.append(
            ["    Points Possible", "", "", "", "", *(maxima.get(c, 0) for c in chapters)]
        )
        for (student, number), per in marks.items():
            whose = [safe(student), number, "", "", ""]
            sheet_rows.append([*whose, *(per.get(chapter, "") for chapter in chapters)])
        return Sheet(_written(sheet_rows))
    lines = _read(sheet)
    head = lines[0]
    if "Student" not in head or "ID" not in head:
        raise ExportError("The sheet is not a gradebook of Canvas: no columns Student and ID.")
    places = {chapter: _column(head, titles[chapter]) for chapter in chapters}
    for chapter in chapters:
        if places[chapter] is None:
            places[chapter] = len(head)
            head.append(titles[chapter])
    used: set[tuple[str, str]] = set()
    result = Sheet("")
    for line in lines[1:]:
        line += [""] * (len(head) - len(line))
        name = line[head.index("Student")].strip()
        if name.lower().startswith(("points possible", "student, test")) or not name:
            for chapter in chapters:
                place = places[chapter]
                if (
                    name.lower().startswith("points possible")
                    and place is not None
                    and not line[place]
                ):
                    line[place] = str(maxima.get(chapter, ""))
            continue
        login = line[head.index("SIS Login ID")] if "SIS Login ID" in head else ""
        found = _match(marks, line[head.index("ID")].strip(), [name, login])
        if found is None:
            result.empty.append(name)
            continue
        used.add(found)
        for chapter, points in marks[found].items():
            place = places[chapter]
            assert place is not None
            line[place] = str(points)
    result.unmatched = [student for student, number in marks if (student, number) not in used]
    result.text = _written(lines)
    return result


def moodle(records: Sequence[Record], sheet: str) -> Sheet:
    """Fill in the grading worksheet that was downloaded from Moodle.

    The columns are found by their place and content, since their names are in the language of the
    site: the identifier holds a number (``Participant 123``), the grade is the first column named
    after a grade, feedback the first named after feedback.

    Args:
        records: what the gradebook says, of one chapter.
        sheet: the worksheet.

    Raises:
        ExportError: if it is not such a worksheet.
    """
    lines = _read(sheet)
    head = lines[0]
    if len(head) < 3:
        raise ExportError("The sheet is not a grading worksheet of Moodle: it has too few columns.")
    grade = _first(head, r"^(grade|bewertung|note|calificaci|nota|cijfer|评分|成绩|оценка)")
    if grade is None:
        raise ExportError("The worksheet has no column for the grade: " + ", ".join(head))
    maximum = _first(head, r"max|höchst|best")
    feedback = _first(head, r"feedback|kommentar|rückmeldung|comentario|commentaire|反馈")
    marks = _marks(records)
    by_student = {(one.student, one.lms_id): one for one in records if one.counts}
    used: set[tuple[str, str]] = set()
    result = Sheet("")
    for line in lines[1:]:
        line += [""] * (len(head) - len(line))
        number = re.search(r"(\d+)\s*$", line[0])
        found = _match(marks, number[1] if number else "", [line[1] if len(line) > 1 else ""])
        if found is None:
            result.empty.append(line[1] or line[0])
            continue
        used.add(found)
        points = sum(marks[found].values())
        one = by_student.get(found)
        if maximum is not None and one is not None and one.maximum and maximum != grade:
            with_limit = re.sub(r"[^\d.,]", "", line[maximum]).replace(",", ".")
            if with_limit and float(with_limit) != one.maximum:
                scaled = points * float(with_limit) / one.maximum
                line[grade] = f"{scaled:.2f}"
            else:
                line[grade] = f"{points:.2f}"
        else:
            line[grade] = f"{points:.2f}"
        if feedback is not None and one is not None:
            line[feedback] = safe(feedback_text(one))
    result.unmatched = [student for student, number in marks if (student, number) not in used]
    result.text = _written(lines)
    return result


def feedback_text(record: Record) -> str:
    """Say in a few lines what a submission got, for the student."""
    if not record.rows:
        return record.detail
    parts = []
    for row in record.rows:
        if row.status != "passed":
            told = row.mistakes[0] if row.mistakes else row.message.split("\n")[0]
            what = "not answered" if row.status == "unanswered" else told
            parts.append(f"{row.exercise}: {what}")
    passed = sum(row.status == "passed" for row in record.rows)
    return "; ".join([f"{passed} of {len(record.rows)} passed", *parts])


Marks = dict[tuple[str, str], dict[str, int]]


def _marks(records: Iterable[Record]) -> Marks:
    found: Marks = {}
    for one in records:
        if one.counts and one.chapter and one.maximum:
            found.setdefault((one.student, one.lms_id), {})[one.chapter] = one.points
    return found


def _plain(name: str) -> str:
    """Reduce a name to what Canvas keeps of it in file names: letters and digits, lower case."""
    folded = unicodedata.normalize("NFKD", name.casefold())
    return "".join(c for c in folded if c.isalnum())


def _match(marks: Marks, number: str, names: Sequence[str]) -> tuple[str, str] | None:
    """Find whose line it is: by the number, then by the name, however it is ordered."""
    for key in marks:
        if number and key[1] == number:
            return key
    wanted = {_plain(name) for name in names if name.strip()}
    for name in names:
        if "," in name:
            last, _, first = name.partition(",")
            wanted |= {_plain(last + first), _plain(first + last)}
    close = [key for key in marks if not key[1] and _plain(key[0]) in wanted]
    close = close or [key for key in marks if _plain(key[0]) in wanted]
    return close[0] if len(close) == 1 else None


def _column(head: list[str], title: str) -> int | None:
    wanted = re.sub(r"\s*\(\d+\)\s*$", "", title)
    for place, name in enumerate(head):
        if name == title or re.sub(r"\s*\(\d+\)\s*$", "", name) == wanted:
            return place
    return None


def _first(head: list[str], pattern: str) -> int | None:
    places = [i for i, name in enumerate(head) if re.search(pattern, name.strip(), re.IGNORECASE)]
    return places[0] if places else None


def _read(sheet: str) -> list[list[str]]:
    lines = [line for line in csv.reader(io.StringIO(sheet.removeprefix("\ufeff"))) if line]
    if not lines:
        raise ExportError("The sheet is empty.")
    return lines


def _written(rows: Iterable[Iterable[object]]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue()
