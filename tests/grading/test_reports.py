"""The pages and the mark sheets that come out of a gradebook."""

from __future__ import annotations

import csv
import io
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from exercises_lib.grading import export
from exercises_lib.grading.reports import class_page, page_name, student_page, write_pages
from exercises_lib.grading.results import ExerciseResult, SubmissionResult

NASTY = '<script>alert("x")</script> & co'


def row(
    status: str, mistakes: tuple[str, ...] = (), exercise: str = "ch00.double"
) -> ExerciseResult:
    """Make what is known about one exercise."""
    earned = 1 if status == "passed" else 0
    message = "result is 9, expected 6." if status == "wrong" else ""
    return ExerciseResult(exercise, "Twice the input", status, mistakes, message, "", earned, 1)


def record(
    student: str, status: str = "ok", *rows: ExerciseResult, lms_id: str = "", **more: object
) -> SubmissionResult:
    """Make what is known about one submission."""
    values: dict[str, object] = {
        "id": 1, "student": student, "lms_id": lms_id, "chapter": "00", "file": f"{student}.ipynb",
        "sha256": "", "status": status, "detail": "" if status == "ok" else f"It is {status}.",
        "points": sum(one.earned for one in rows), "maximum": 1, "counts": True, "flags": (),
        "seed": "5", "seconds": 0.1, "cpu": 0.1, "memory": 70 << 20, "isolation": "walls: all",
        "graded_at": "2026-11-20 18:00:00", "rows": rows,
    }  # fmt: skip
    return SubmissionResult(**{**values, **more})  # type: ignore[arg-type]


FLAGS = ("Cell 2 imports exercises_lib.nn.Relu.",)
CLASS = [
    record("Ada Lovelace", "ok", row("passed"), lms_id="11"),
    record("Bob", "ok", row("wrong", ("squared",)), lms_id="12"),
    record("Cem Şahin", "ok", row("wrong", ("squared",)), lms_id="13"),
    record("Dora", "ok", row("wrong", ("added two",)), flags=FLAGS),
    record("Eve", "crashed", row("error")),
    record("Fay", "ok", row("unanswered")),
    record("Gil", "empty", chapter="", maximum=0),
    record(NASTY, "ok", row("wrong", ("squared",))),
]


class Reader(HTMLParser):
    """Checks that tags are closed, and collects what a page refers to."""

    EMPTY = ("meta", "br", "link", "img", "input", "hr")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [str(v) for k, v in attrs if k in ("href", "src")]
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data.strip())


def read(text: str) -> Reader:
    """Read a page."""
    reader = Reader()
    reader.feed(text)
    assert not reader.open
    return reader


def test_the_class_page_counts_verdicts_and_names_misconceptions() -> None:
    page = read(class_page(CLASS))
    words = [word for word in page.words if word]
    place = words.index("squared")
    assert words[place - 1] == "3" and words[place + 1] == "ch00.double"
    assert words[words.index("added two") - 1] == "1"
    assert words.index("squared") < words.index("added two")
    assert any("x times itself" in word for word in words)
    totals = words.index("Twice the input")
    assert words[totals + 2 : totals + 6] == ["1", "4", "1", "1"]
    assert "ended its kernel" in words and "empty file" in words
    assert any("imports exercises_lib.nn.Relu" in word for word in words)


def words_of(text: str) -> str:
    """Read what a page says."""
    return " ".join(word for word in read(text).words if word)


def test_wrong_answers_without_a_name_are_counted_last_with_what_was_said() -> None:
    strange = [record(name, "ok", row("wrong")) for name in ("Kim", "Lea", "Max")]
    words = words_of(class_page([*CLASS, *strange]))  # Eve's is an error without a name
    assert "3 without a name ch00.double result is 9, expected 6. Kim , Lea , Max" in words
    assert words.index("added two") < words.index("without a name")


def test_the_page_says_which_of_two_files_counts_and_what_each_would_give() -> None:
    old = record("Ana", "ok", row("passed"), file="old.ipynb", counts=False)
    new = record("Ana", "ok", row("wrong"), file="new.ipynb")
    words = words_of(class_page([old, new]))
    assert "Does not count, with 1 of 1 points: new.ipynb does, with 0 of 1." in words
    assert "Does not count: new.ipynb does." in words_of(student_page("Ana", [old, new]))


def test_what_could_not_be_graded_is_no_zero() -> None:
    page = class_page([record("Gil", "empty", maximum=1), record("Fay", "ok", row("unanswered"))])
    assert "Gil no mark" in words_of(page) and "Fay 0 / 1 0" in words_of(page)


def test_another_chapter_is_named_until_the_right_one_is_handed_in() -> None:
    wrong = record("Ana", "other-chapter", maximum=0)
    assert "another chapter : It is other-chapter." in words_of(class_page([wrong]))
    right = record("Ana", "ok", row("passed"), file="right.ipynb")
    assert "another chapter" not in words_of(class_page([wrong, right]))


def test_pages_are_self_contained_and_what_students_wrote_is_escaped(tmp_path: Path) -> None:
    assert write_pages(CLASS, tmp_path) == len(CLASS) + 1
    pages = [*tmp_path.glob("*.html"), *tmp_path.glob("students/*.html")]
    assert len(pages) == len(CLASS) + 1
    for path in pages:
        text = path.read_text(encoding="utf-8")
        page = read(text)
        assert not {"script", "link", "img", "iframe"} & page.tags
        assert "http" not in text and "@import" not in text and "url(" not in text
        for link in page.links:
            assert (path.parent / link).exists()
    assert NASTY in "".join(read((tmp_path / "index.html").read_text(encoding="utf-8")).words)


def test_a_student_page_tells_nothing_about_others_and_shows_no_flags() -> None:
    flagged = CLASS[3]
    text = student_page("Dora", [flagged])
    assert "not yet" in text and "result is 9, expected 6." in text
    assert "exercises_lib.nn" not in text
    assert not any(one.student in text for one in CLASS if one.student != "Dora")


def test_page_names_of_equal_names_differ_and_are_plain() -> None:
    names = {
        page_name("Ada", "1"),
        page_name("Ada", "2"),
        page_name("Adà", ""),
        page_name("李", ""),
    }
    assert len(names) == 4
    assert all(re.fullmatch(r"students/[A-Za-z0-9-]+\.html", name) for name in names)
    assert "/" not in page_name("../../etc/passwd", "").removeprefix("students/")


def test_both_pages_open_in_a_browser_without_faults(tmp_path: Path, chromium: str) -> None:
    write_pages(CLASS, tmp_path)
    for page in (tmp_path / "index.html", next((tmp_path / "students").glob("Bob*"))):
        picture = tmp_path / f"{page.stem}.png"
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        size = ["--window-size=390,1400", f"--screenshot={picture}"]
        home = f"--user-data-dir={tmp_path / 'profile'}"
        subprocess.run(
            [chromium, *flags, home, *size, page.as_uri()],
            check=True,
            capture_output=True,
            timeout=60,
        )
        assert picture.stat().st_size > 10_000


def rows_of(text: str) -> list[list[str]]:
    """Read CSV."""
    return list(csv.reader(io.StringIO(text)))


def test_the_table_has_a_line_for_each_file_and_no_formulas() -> None:
    table = rows_of(export.table([*CLASS, record("=1+1", "ok", row("passed"))]))
    assert table[0][:4] == ["student", "id", "chapter", "file"]
    assert len(table) == len(CLASS) + 2
    by_name = {line[0]: dict(zip(table[0], line, strict=True)) for line in table[1:]}
    assert by_name["Bob"]["ch00.double mistake"] == "squared"
    assert by_name["Bob"]["ch00.double"] == "0" and by_name["Bob"]["status"] == "ok"
    assert by_name["Gil"]["status"] == "empty" and by_name["Gil"]["points"] == "0"
    assert "'=1+1" in by_name


CANVAS_SHEET = """Student,ID,SIS User ID,SIS Login ID,Section,Essay (1),Chapter 00 (77),Final Score
    Points Possible,,,,,10,1,(read only)
"Lovelace, Ada",11,s11,ada,A,7,,
"Byron, Bob",12,s12,bob,A,,,
"Şahin, Cem",99,s13,cem,A,,,
"Nobody, Else",98,s14,else,A,3,,
"Student, Test",97,,test,A,,,
"""


def test_the_canvas_sheet_is_filled_in_by_number_then_by_name() -> None:
    people = [record("Ada Lovelace", "ok", row("passed"), lms_id="11"), CLASS[1]]
    people.append(record("sahincem", "ok", row("passed")))
    people.append(record("Stranger", "ok", row("passed"), lms_id="5"))
    sheet = export.canvas(people, CANVAS_SHEET, {"00": "Chapter 00 (77)"})
    table = rows_of(sheet.text)
    assert [line[6] for line in table] == ["Chapter 00 (77)", "1", "1", "0", "1", "", ""]
    assert [line[5] for line in table] == ["Essay (1)", "10", "7", "", "", "3", ""]
    assert sheet.unmatched == ["Stranger"] and sheet.empty == ["Nobody, Else"]
    assert sheet.notes == []


def test_a_canvas_sheet_without_the_assignment_gets_a_column() -> None:
    sheet = export.canvas(CLASS[:2], CANVAS_SHEET, {"00": "Welcome"})
    assert rows_of(sheet.text)[0][-1] == "Welcome"
    assert len(sheet.notes) == 1 and "It has Essay (1), Chapter 00 (77): name one" in sheet.notes[0]
    bare = rows_of(export.canvas(CLASS[:2], None, {"00": "Welcome"}).text)
    assert bare[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Welcome"]
    assert bare[1][0].strip() == "Points Possible" and bare[1][-1] == "1"
    assert bare[2] == ["Ada Lovelace", "11", "", "", "", "1"]


def test_a_canvas_sheet_that_counts_other_points_gets_scaled_marks_and_says_so() -> None:
    half = [record("Ada", "ok", row("passed"), lms_id="11", maximum=2), CLASS[1]]
    sheet = export.canvas(
        half, CANVAS_SHEET.replace("10,1,(read", "10,25.00,(read"), {"00": "Chapter 00 (77)"}
    )
    assert [line[6] for line in rows_of(sheet.text)[1:4]] == ["25.00", "12.5", "0"]
    assert sheet.notes == [
        "Chapter 00 counts 2 points here and 25 in the sheet: marks were scaled."
    ]


def test_who_is_excused_in_canvas_stays_excused() -> None:
    text = CANVAS_SHEET.replace("ada,A,7,,", "ada,A,7,EX,")
    sheet = export.canvas(CLASS[:2], text, {"00": "Chapter 00 (77)"})
    assert [line[6] for line in rows_of(sheet.text)[2:4]] == ["EX", "0"]


def test_a_canvas_sheet_with_first_and_last_names_and_semicolons_is_filled_in() -> None:
    text = (
        "LastName;FirstName;ID;SIS Login ID;Section;Chapter 00 (77)\n"
        "    Points Possible;;;;;1\nŞahin;Cem;99;cem;A;\nByron;Bob;12;bob;A;\n"
    )
    people = [CLASS[1], record("sahincem", "ok", row("passed"))]
    sheet = export.canvas(people, text, {"00": "Chapter 00 (77)"})
    assert sheet.text.split("\n")[2:4] == ["Şahin;Cem;99;cem;A;1", "Byron;Bob;12;bob;A;0"]
    assert not sheet.empty and not sheet.unmatched


def test_a_sheet_that_a_spreadsheet_saved_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_bytes(CANVAS_SHEET.encode("cp1254"))
    with pytest.raises(export.ExportError, match="not UTF-8, so names would be spoilt"):
        export.read_sheet(tmp_path / "old.csv")
    (tmp_path / "new.csv").write_text(CANVAS_SHEET, encoding="utf-8-sig")
    assert export.read_sheet(tmp_path / "new.csv") == CANVAS_SHEET


def test_what_could_not_be_graded_is_exported_as_no_mark_and_said() -> None:
    broken = record("Bob", "grader-failed", lms_id="12")
    sheet = export.canvas([CLASS[0], broken], CANVAS_SHEET, {"00": "Chapter 00 (77)"})
    assert rows_of(sheet.text)[3][6] == "" and "Byron, Bob" in sheet.empty
    (said,) = export.without_marks([CLASS[0], broken])
    assert said.startswith("Bob has handed in Bob.ipynb, which has no mark (grader-failed): It is")
    assert not export.without_marks([broken, CLASS[1]])


MOODLE_SHEET = (
    "\ufeffIdentifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,"
    "Last modified (submission),Last modified (grade),Feedback comments\n"
    'Participant 11,Ada Lovelace,a@x,Submitted,,1.00,Yes,"Friday, 20 November 2026",-,\n'
    "Participant 12,Bob,b@x,Submitted,,1.00,Yes,-,-,\n"
    "Participant 99,Zed,z@x,No submission,,1.00,Yes,-,-,\n"
)
GERMAN_SHEET = "ID,Vollständiger Name,Status,Bewertung,Bestwertung,Zuletzt geändert (Bewertung)\n"


def test_the_moodle_worksheet_is_filled_in_with_grade_and_feedback() -> None:
    sheet = export.moodle(CLASS[:2], MOODLE_SHEET)
    table = rows_of(sheet.text)
    assert table[0][0] == "Identifier" and len(table[0]) == 10
    assert [line[4] for line in table[1:]] == ["1.00", "0.00", ""]
    assert table[2][9] == "0 of 1 passed. ✗ Twice the input: result is 9, expected 6."
    assert table[1][7] == "Friday, 20 November 2026"
    assert sheet.empty == ["Zed"] and not sheet.unmatched


def test_feedback_says_what_the_page_says_and_is_text_also_where_it_is_read_as_html() -> None:
    told = ExerciseResult("a", "A & B", "error", (), "Your code\nraises <lambda>.", "", 0, 1)
    text = export.feedback_text(record("Ana", "ok", row("passed"), told, row("unanswered")))
    assert text == (
        "1 of 3 passed. ! A &amp; B: Your code raises &lt;lambda&gt;. "
        "○ Twice the input: not answered."
    )


def test_a_worksheet_in_another_language_and_out_of_another_maximum() -> None:
    text = GERMAN_SHEET + "Teilnehmer/in 11,Ada Lovelace,Abgegeben,,20,-\n"
    sheet = export.moodle(CLASS[:1], text)
    assert rows_of(sheet.text)[1][3] == "20.00"
    assert sheet.notes == [
        "The chapter counts 1 points here and 20 in the sheet: marks were scaled."
    ]
    again = export.moodle(CLASS[:1], text.replace(",", ";"))
    assert "Ada Lovelace;Abgegeben;20.00;20;-" in again.text


@pytest.mark.parametrize("sheet", ["", "a,b\n1,2\n", "a,b,c,d\n1,2,3,4\n"])
def test_what_is_no_sheet_is_refused(sheet: str) -> None:
    with pytest.raises(export.ExportError):
        export.moodle(CLASS[:1], sheet)
    with pytest.raises(export.ExportError):
        export.canvas(CLASS[:1], sheet, {"00": "x"})
