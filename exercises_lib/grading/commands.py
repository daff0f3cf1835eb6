"""The commands grade, mark, report and export."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from exercises_lib.errors import UserError

if TYPE_CHECKING:
    from exercises_lib.grading.gradebook import Gradebook
    from exercises_lib.grading.results import SubmissionResult
    from exercises_lib.grading.submissions import Submission

GRADEBOOK = "marks.db"


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Say in a sentence that something cannot be written: a full disk, a folder of others."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise UserError(
            f"{path} cannot be written: {reason}. The marks are in the gradebook."
        ) from error


def _records(book: Gradebook, chapter: str | None) -> list[SubmissionResult]:
    """Read a gradebook, or what it has of one chapter; nothing at all is said."""
    records = book.records(chapter=chapter.zfill(2) if chapter else None)
    book.close()
    if not records:
        what = f"of chapter {chapter}" if chapter else "yet"
        raise UserError(f"{book.path} has nothing {what}; `backprop grade` fills it.")
    return records


def _gradebook_option(function: Any) -> Any:
    return click.option(
        "--gradebook",
        type=click.Path(dir_okay=False, path_type=Path),
        default=Path(GRADEBOOK),
        show_default=True,
        help="The gradebook's file.",
    )(function)


@click.command()
@click.argument("submissions", type=click.Path(path_type=Path))
@click.option("--chapter", help="Grade only this chapter.")
@_gradebook_option
@click.option("--csv", "table", type=click.Path(path_type=Path), help="Write a table of all marks.")
@click.option("--student", help="Grade only this student: a name, a part of one, or a number.")
@click.option("--jobs", "-j", type=click.IntRange(1, 256), help="Workers (default: processors).")
@click.option("--again", is_flag=True, help="Grade also what has not changed.")
@click.option(
    "--cell-timeout",
    type=click.FloatRange(0.1),
    default=30.0,
    show_default=True,
    help="Seconds for one cell.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(1),
    default=300.0,
    show_default=True,
    help="Seconds for one notebook.",
)
@click.option(
    "--memory",
    type=click.IntRange(64),
    default=1024,
    show_default=True,
    help="MB for one notebook.",
)
@click.option("--require-sandbox", is_flag=True, help="Refuse where isolation is incomplete.")
@click.option("--scheduler", help="Address of a Dask scheduler, such as tcp://host:8786.")
@click.option(
    "--late",
    metavar="RULE",
    help="What late work of the chapter loses: '10% per day, at most 50%', '20%', or none.",
)
@click.option("--due", default="", help="Until when work is on time: '2026-11-20 23:59'.")
def grade(
    submissions: Path,
    chapter: str | None,
    gradebook: Path,
    table: Path | None,
    student: str | None,
    jobs: int | None,
    again: bool,
    cell_timeout: float,
    timeout: float,
    memory: int,
    require_sandbox: bool,
    scheduler: str | None,
    late: str | None,
    due: str,
) -> None:
    """Grade SUBMISSIONS: a folder, a zip from Canvas or Moodle, or one notebook.

    Marks go into the gradebook, one submission at a time; run the same command again to go on
    after a stop, or to grade what is new.
    """
    from exercises_lib.course.notebooks import find_root
    from exercises_lib.grading import workers

    root = find_root()
    count = jobs or os.cpu_count() or 1
    hidden = workers.hidden_paths(root, submissions, gradebook)
    place: AbstractContextManager[Executor]
    if scheduler:
        from exercises_lib.grading.cluster import remote

        place = remote(scheduler, hidden, require=require_sandbox)
    else:
        place = workers.local(count, hidden, require=require_sandbox)
    with place as executor:  # the first worker warms up while all that follows is imported
        from exercises_lib.grading import export, run
        from exercises_lib.grading.gradebook import Gradebook
        from exercises_lib.grading.manifest import load_plans
        from exercises_lib.grading.results import LateRule
        from exercises_lib.grading.sandbox import Limits
        from exercises_lib.grading.submissions import find

        plans = load_plans(root)
        number = chapter.zfill(2) if chapter else None
        if number is not None and number not in plans:
            raise click.UsageError(f"there is no chapter {chapter!r}; there are {', '.join(plans)}")
        if late is not None and number is None:
            raise click.UsageError("--late is a rule for one chapter: give --chapter, too")
        if due and late is None:
            raise click.UsageError("--due says when work is late: say with --late what that means")
        found = _only(find(submissions), submissions, [gradebook, table], student)
        rule = None if late in (None, "none") else LateRule.read(str(late), due)
        book = Gradebook(gradebook)
        if late is not None and number is not None:
            book.set_late_rule(number, rule)
        limits = Limits(cell_seconds=cell_timeout, total_seconds=timeout, memory=memory << 20)
        counts: dict[str, int] = {}
        started = time.monotonic()
        stopped = 0
        weak: set[str] = set()
        try:
            with _ending_in_order(), _progress(len(found)) as say:
                for done in run.grade_all(
                    found,
                    book,
                    plans,
                    executor,
                    chapter=number,
                    limits=limits,
                    again=again,
                    ahead=64 if scheduler else 2 * count,
                ):
                    counts[done.status] = counts.get(done.status, 0) + 1
                    say(done, _result(book, done))
                    if done.outcome is not None:
                        weak |= {_weakness(done.outcome.isolation)} - {""}
        except _TerminatedError:
            stopped = 128 + signal.SIGTERM
        except KeyboardInterrupt:
            stopped = 128 + signal.SIGINT
    _summary(counts, len(found), time.monotonic() - started, gradebook, bool(stopped))
    for text in sorted(weak):
        click.echo(text, err=True)
    if table is not None:
        from exercises_lib.course.notebooks import write_text

        with _writing(table):
            write_text(table, export.table(book.records(chapter=number)))
    book.close()
    if stopped:
        sys.exit(stopped)
    if counts and set(counts) == {"grader-failed"}:
        sys.exit(1)


class _TerminatedError(KeyboardInterrupt):
    """SIGTERM has come, which asks for the same as Ctrl-C."""


@contextmanager
def _ending_in_order() -> Iterator[None]:
    """Let SIGTERM stop the run as Ctrl-C does: what is graded is kept, and no process stays."""

    def stop(*_: Any) -> None:
        raise _TerminatedError

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _result(book: Gradebook, done: Any) -> SubmissionResult | None:
    """Return what the gradebook says about a submission that has been dealt with."""
    same = (
        one
        for one in book.records(of=done.submission)
        if one.file == done.submission.file and done.chapter in (one.chapter, "")
    )
    return next(same, None)


def _only(
    found: Sequence[Submission], place: Path, own: Sequence[Path | None], student: str | None
) -> list[Submission]:
    """Leave out what this program has written itself, and all but the students asked for."""
    written = {path.resolve() for path in own if path is not None}
    found = [one for one in found if (place / one.file).resolve() not in written]
    if student is None:
        return found
    people = _called(student, {(one.student, one.lms_id) for one in found})
    if not people:
        some = ", ".join(dict.fromkeys(one.student for one in found[:5]))
        raise click.UsageError(
            f"no student's name has {student!r} in it, nor is it a number; there are {some}, …"
        )
    return [one for one in found if (one.student, one.lms_id) in people]


def _called(text: str, people: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Find students by name or number as they are, else by a part of the name."""
    everybody = set(people)
    exact = {whose for whose in everybody if text in (*whose, " ".join(whose))}
    part = text.casefold()
    return exact or {whose for whose in everybody if part in whose[0].casefold()}


def _weakness(isolation: str) -> str:
    """Say what is missing of the walls around students' code; empty if nothing is."""
    missing = isolation.partition("missing: ")[2]
    if not missing:
        return ""
    return (
        f"backprop: students' code was not fully isolated here, missing: {missing}. "
        "`backprop doctor` tells more; --require-sandbox refuses."
    )


def _summary(
    counts: dict[str, int], total: int, seconds: float, gradebook: Path, stopped: bool
) -> None:
    words = ", ".join(f"{number} {status}" for status, number in sorted(counts.items()))
    option = "" if str(gradebook) == GRADEBOOK else f" --gradebook {gradebook}"
    click.echo(f"{sum(counts.values())} of {total} in {seconds:.1f} s: {words or 'none'}")
    if stopped:
        click.echo(f"Stopped. What was graded is in {gradebook}; run the same command to go on.")
    else:
        click.echo(f"Marks are in {gradebook}. Next: backprop report{option}")


@contextmanager
def _progress(total: int) -> Iterator[Any]:
    """Show progress: a bar on a terminal, a line for each submission elsewhere."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        number = 0

        def line(done: Any, result: SubmissionResult | None) -> None:
            nonlocal number
            number += 1
            click.echo(f"[{number}/{total}] {_line(done, result)}")

        yield line
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Left

    columns = (BarColumn(), MofNCompleteColumn(), Left(), TextColumn("{task.description}"))
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("starting", total=total)
        tally = {"ok": 0, "trouble": 0}

        def step(done: Any, result: SubmissionResult | None) -> None:
            tally["ok" if done.status in ("ok", "unchanged", "other-chapter") else "trouble"] += 1
            text = f"{tally['ok']} graded, {tally['trouble']} with trouble"
            bar.update(task, advance=1, description=text)
            if done.status not in ("ok", "unchanged", "other-chapter"):
                bar.console.print(_line(done, result), markup=False, highlight=False)

        yield step


def _line(done: Any, result: SubmissionResult | None) -> str:
    """One line about a submission: the mark that counts, with what was decided."""
    who = done.submission.student
    outcome = done.outcome
    if outcome is None or result is None:
        return f"{who}: {done.submission.file}: {done.why}"
    named = [name for row in result.rows for name in row.mistakes]
    mark = f"{result.points:g}/{result.maximum:g}" if result.graded else "no mark"
    parts = [f"{who}: {done.submission.file}: {mark}"]
    if outcome.status != "ok":
        parts.append(f"{outcome.status}: {outcome.detail}")
    if result.late or result.deduction:
        parts.append(result.deduction or "late")
    if result.decided or any(row.decided for row in result.rows):
        parts.append("by decision")
    if named:
        parts.append("mistakes: " + ", ".join(named))
    if result.flags:
        parts.append(f"{len(result.flags)} to look at")
    return "; ".join(parts)


@click.command()
@click.argument("student")
@click.argument("exercise")
@click.argument("points")
@click.option("--why", default="", help="The reason, which the student reads.")
@_gradebook_option
def mark(student: str, exercise: str, points: str, why: str, gradebook: Path) -> None:
    """Give STUDENT other POINTS for EXERCISE, also when it is graded again.

    STUDENT is a name, a part of one, or a number. EXERCISE is for example ch04.bias_gradient; ch04
    for the chapter as a whole; ch04.late for the percentage that is taken off late work. POINTS is
    a number, or - to take the decision back. A file that cannot be graded can get points, too.
    """
    from exercises_lib.grading.gradebook import Gradebook

    exercise, chapter, most, unit = _decidable(exercise)
    value = _points(points, most)
    if points != "-" and value is None:
        raise click.UsageError(f"{exercise} counts 0 to {most} {unit}, not {points!r}")
    if value is not None and not why:
        raise click.UsageError("say the reason with --why: the student reads it")
    book = Gradebook(gradebook, create=False)
    people = {one.whose for one in book.records(chapter=chapter)}
    found = _called(student, people)
    if len(found) != 1:
        if found:
            names = "; ".join(f"{name} {number}".strip() for name, number in sorted(found)[:9])
            text = f"{student!r} is {len(found)} students with a file for chapter {chapter}: "
            text += f"{names}. Give one of these names, or the number."
        else:
            text = f"nobody called {student!r} has handed in anything for chapter {chapter}"
        raise click.UsageError(text)
    ((name, number),) = found
    book.decide(name, number, exercise, value, why)
    totals = [one for one in book.records(chapter=chapter) if one.whose == (name, number)]
    book.close()
    for one in totals:
        if one.counts and one.chapter == chapter:
            mark = f"{one.points:g}/{one.maximum:g}" if one.graded else "no mark"
            click.echo(f"{name}: {one.file}: {mark}")


def _decidable(name: str) -> tuple[str, str, float, str]:
    """Return of what may be decided its name, chapter, the most that can be given, and in what."""
    from exercises_lib import exercises
    from exercises_lib.grading.results import chapter_points

    try:
        if match := re.fullmatch(r"(?:ch)?(\d\d?p?)(\.late)?", name):
            chapter = match[1].zfill(2)
            total = chapter_points(chapter)
            if match[2]:
                return f"ch{chapter}.late", chapter, 100, "per cent"
            return f"ch{chapter}", chapter, total, "points"
        exercise = exercises.get(name)
    except LookupError as error:
        raise click.UsageError(str(error.args[0] if error.args else error)) from error
    return exercise.id, exercise.chapter, exercise.points, "points"


def _points(text: str, most: float) -> float | None:
    """Read a number of points from 0 to `most`, such as 1 or 1.5."""
    if not re.fullmatch(r"\d+(\.\d{1,2})?", text) or float(text) > most:
        return None
    return float(text)


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.argument("chapters", nargs=-1)
def handout(folder: Path, chapters: tuple[str, ...]) -> None:
    """Write what students get into FOLDER: without the answers to the graded CHAPTERS.

    Without CHAPTERS all are graded. The copy has the chapters up to the last graded one; those
    before the first keep their checks.
    """
    from exercises_lib.chapters import CHAPTERS
    from exercises_lib.course.notebooks import find_root, notebook_name
    from exercises_lib.grading import handout as making

    graded = [number.removeprefix("ch").zfill(2) for number in chapters] or list(CHAPTERS)
    for number in graded:
        notebook_name(number)  # refuses what is no chapter
    making.write(find_root(), folder, graded)
    click.echo(f"{folder} is what students get. Graded: {', '.join(graded)}.")
    click.echo("It hides nothing that the course has published: see the instructors' page.")


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def nbgrader(folder: Path) -> None:
    """Lay out the solutions in FOLDER as the source/ASSIGNMENT/ of an nbgrader course."""
    import shutil

    from exercises_lib.course.notebooks import chapter_numbers, find_root, notebook_name

    root = find_root()
    if (folder / "source").exists():
        raise UserError(f"{folder / 'source'} exists already; name a folder that is new.")
    with _writing(folder):
        for number in chapter_numbers(root):
            name = notebook_name(number)
            place = folder / "source" / name.removesuffix(".ipynb")
            place.mkdir(parents=True)
            shutil.copy(root / "solutions" / name, place / name)
    click.echo(f"{folder / 'source'} has {len(chapter_numbers(root))} assignments.")
    click.echo(
        "backprop: under nbgrader a student's code runs beside the answer key, and none of the "
        "protections of `backprop grade` hold: it can read the references, replace the checks and "
        "raise its own mark. Use it where you trust, or read what was handed in.",
        err=True,
    )


@click.command(name="name-group")
@click.argument("group")
@click.option("--name", help="What the mistake is called on the class's page.")
@click.option("--tell", help="What those who make it are told: what they do, why it is wrong.")
@click.option("--remove", is_flag=True, help="Take the name back.")
@_gradebook_option
def name_group(
    group: str, name: str | None, tell: str | None, remove: bool, gradebook: Path
) -> None:
    """Name a GROUP of wrong answers that do the same, such as ch04.affine~1f3a5b7c.

    The class's page lists the groups. From now on everybody who belongs to it is told what you
    write, in this gradebook and in the others of this folder: the mistake stands in mistakes.json
    beside it, and `backprop audit` checks that file.
    """
    from exercises_lib import exercises
    from exercises_lib.checking.behaviour import cases_mark, common_cases
    from exercises_lib.course import named
    from exercises_lib.grading.gradebook import Gradebook
    from exercises_lib.grading.groups import named_or_not

    exercise, _, behaviour = group.partition("~")
    book = Gradebook(gradebook, create=False)
    known = named.load(book.named_file)
    rest = [
        one for one in known if one.exercise != exercise or not one.behaviour.startswith(behaviour)
    ]
    if remove:
        if len(rest) == len(known) or not behaviour:
            raise click.UsageError(f"{group!r} has no name in {book.named_file}")
        named.save(book.named_file, rest)
        click.echo(f"{group} has no name any more.")
        return
    if not name or not tell:
        raise click.UsageError("give the group a --name, and say with --tell what its members read")
    found = [one for one in named_or_not(book.records()) if behaviour and one.is_called(group)]
    book.close()
    if len(found) != 1:
        raise click.UsageError(
            f"{len(found) or 'no'} groups are called {group!r}; the class's page lists them"
        )
    cases = cases_mark(common_cases(exercises.get(exercise)))
    made = named.NamedMistake(exercise, name, tell, found[0].behaviour, cases, found[0].answer)
    wrong = [text for _, text in named.faults([*rest, made])]
    if wrong:
        raise UserError(f"{group} was not named: " + "; ".join(wrong) + ".")
    with _writing(book.named_file):
        named.save(book.named_file, [*rest, made])
    number = len(found[0].members)
    click.echo(
        f"{number} student{'s' if number != 1 else ''}: {name}. It stands in {book.named_file}; "
        "`backprop report` tells them."
    )


@click.command()
@_gradebook_option
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("report"),
    show_default=True,
    help="Folder for the pages.",
)
@click.option("--chapter", help="Report only on this chapter.")
def report(gradebook: Path, out: Path, chapter: str | None) -> None:
    """Write a page about the class and one for each student, as self-contained HTML."""
    from exercises_lib.course.notebooks import find_root
    from exercises_lib.grading.answers import published
    from exercises_lib.grading.gradebook import Gradebook
    from exercises_lib.grading.manifest import load_plans
    from exercises_lib.grading.reports import write_pages
    from exercises_lib.grading.similarity import alike

    book = Gradebook(gradebook, create=False)
    rules = book.late_rules()
    records = _records(book, chapter)
    root = find_root()
    plans = load_plans(root)
    given = {number: plan.given for number, plan in plans.items()}
    own = {number: published(root, plan) for number, plan in plans.items()}
    with _writing(out):
        pages = write_pages(records, out, alike(records, own, given), rules)
    click.echo(f"{pages} pages written; the class: {out / 'index.html'}")


@click.command(name="export")
@_gradebook_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "canvas", "moodle"]),
    default="csv",
    show_default=True,
)
@click.option(
    "--sheet",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The sheet downloaded from Canvas or Moodle, to be filled in.",
)
@click.option("--title", help="The assignment's column in Canvas, such as 'Layers (4711)'.")
@click.option("--chapter", help="Export only this chapter.")
@click.option(
    "--match",
    "matches",
    multiple=True,
    metavar="STUDENT=NUMBER",
    help="Which line of the sheet is whose, where that cannot be told; may be given several times.",
)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="File to write; - is the screen."
)
def export_(
    gradebook: Path,
    form: str,
    sheet: Path | None,
    title: str | None,
    chapter: str | None,
    matches: tuple[str, ...],
    out: Path | None,
) -> None:
    """Write the marks as a table or in the form that Canvas or Moodle imports."""
    from exercises_lib.chapters import CHAPTERS
    from exercises_lib.course.notebooks import write_text
    from exercises_lib.grading import export as sheets
    from exercises_lib.grading.gradebook import Gradebook

    records = _records(Gradebook(gradebook, create=False), chapter)
    chapters = sorted({one.chapter for one in records if one.chapter})
    text = sheets.read_sheet(sheet) if sheet else None
    if title is not None and len(chapters) != 1:
        raise click.UsageError("--title names one assignment: give --chapter, too")
    told = dict(pair.rpartition("=")[::2] for pair in matches)
    if "" in told or (told and text is None):
        raise click.UsageError("--match says STUDENT=NUMBER, of a line in the --sheet")
    if form == "csv":
        result = sheets.Sheet(sheets.table(records))
    elif form == "canvas":
        titles = {
            one: title or f"{one} {CHAPTERS[one].topic.replace('_', ' ')}" for one in chapters
        }
        result = sheets.canvas(records, text, titles, told)
    else:
        if text is None:
            raise click.UsageError(
                "--format moodle fills in the grading worksheet that Moodle lets you download "
                "(Submissions, Download grading worksheet): give it with --sheet"
            )
        if len(chapters) > 1:
            known = ", ".join(chapters)
            raise click.UsageError(f"a worksheet is for one assignment: --chapter {known}?")
        result = sheets.moodle(records, text, told)
    if out is None or str(out) == "-":
        click.echo(result.text, nl=False)
    else:
        with _writing(out):
            write_text(out, result.text)
        click.echo(f"{out} written.")
    for note in [*sheets.without_marks(records), *result.notes]:
        click.echo(f"backprop: {note}", err=True)
    for student in result.unmatched:
        click.echo(f"backprop: {student} has marks, but no line in the sheet.", err=True)
    if result.empty:
        click.echo(f"backprop: no marks for {'; '.join(result.empty)}.", err=True)


export = export_
