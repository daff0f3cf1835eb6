"""The commands grade, mark, report and export."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from exercises_lib.errors import UserError

if TYPE_CHECKING:
    from exercises_lib.grading.gradebook import Gradebook, SubmissionResult
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
@click.option("--student", help="Grade only students whose name has this in it.")
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
) -> None:
    """Grade SUBMISSIONS: a folder, a zip from Canvas or Moodle, or one notebook.

    Marks go into the gradebook, one submission at a time; run the same command again to go on
    after a stop, or to grade what is new.
    """
    from exercises_lib.course.notebooks import find_root
    from exercises_lib.grading import export, run
    from exercises_lib.grading.gradebook import Gradebook
    from exercises_lib.grading.manifest import load_plans
    from exercises_lib.grading.sandbox import Limits
    from exercises_lib.grading.submissions import find

    root = find_root()
    plans = load_plans(root)
    number = chapter.zfill(2) if chapter else None
    if number is not None and number not in plans:
        raise click.UsageError(f"there is no chapter {chapter!r}; there are {', '.join(plans)}")
    found = _only(find(submissions), submissions, [gradebook, table], student)
    book = Gradebook(gradebook)
    limits = Limits(cell_seconds=cell_timeout, total_seconds=timeout, memory=memory << 20)
    workers = min(jobs or os.cpu_count() or 1, max(1, len(found)))
    hidden = run.hidden_paths(root, submissions, gradebook)
    place: AbstractContextManager[Any]
    if scheduler:
        from exercises_lib.grading.cluster import remote

        place = remote(scheduler, hidden, require=require_sandbox)
    else:
        place = run.local(workers, hidden, require=require_sandbox)
    counts: dict[str, int] = {}
    started = time.monotonic()
    stopped = False
    weak: set[str] = set()
    try:
        with place as (executor, grader), _progress(len(found)) as say:
            for done in run.grade_all(
                found,
                book,
                plans,
                executor,
                grader,
                chapter=number,
                limits=limits,
                again=again,
                ahead=2 * workers if not scheduler else 64,
            ):
                counts[done.status] = counts.get(done.status, 0) + 1
                say(done)
                if done.outcome is not None:
                    weak |= {_weakness(done.outcome.isolation)} - {""}
    except KeyboardInterrupt:
        stopped = True
    _summary(counts, len(found), time.monotonic() - started, gradebook, stopped)
    for text in sorted(weak):
        click.echo(text, err=True)
    if table is not None:
        from exercises_lib.course.notebooks import write_text

        with _writing(table):
            write_text(table, export.table(book.records(chapter=number)))
    book.close()
    if stopped:
        sys.exit(130)


def _only(
    found: Sequence[Submission], place: Path, own: Sequence[Path | None], student: str | None
) -> list[Submission]:
    """Leave out what this program has written itself, and all but the students asked for."""
    written = {path.resolve() for path in own if path is not None}
    found = [one for one in found if (place / one.file).resolve() not in written]
    if student is None:
        return found
    chosen = [one for one in found if student.casefold() in one.student.casefold()]
    if not chosen:
        some = ", ".join(dict.fromkeys(one.student for one in found[:5]))
        raise click.UsageError(f"no student's name has {student!r} in it; there are {some}, …")
    return chosen


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

        def line(done: Any) -> None:
            nonlocal number
            number += 1
            click.echo(f"[{number}/{total}] {_line(done)}")

        yield line
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Left

    columns = (BarColumn(), MofNCompleteColumn(), Left(), TextColumn("{task.description}"))
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("starting", total=total)
        tally = {"ok": 0, "trouble": 0}

        def step(done: Any) -> None:
            tally["ok" if done.status in ("ok", "unchanged", "other-chapter") else "trouble"] += 1
            text = f"{tally['ok']} graded, {tally['trouble']} with trouble"
            bar.update(task, advance=1, description=text)
            if done.status not in ("ok", "unchanged", "other-chapter"):
                bar.console.print(_line(done), markup=False, highlight=False)

        yield step


def _line(done: Any) -> str:
    """One line about a submission."""
    who = done.submission.student
    outcome = done.outcome
    if outcome is None:
        return f"{who}: {done.submission.file}: {done.why}"
    points = sum(verdict["earned"] for verdict in outcome.verdicts)
    named = [name for verdict in outcome.verdicts for name in verdict["mistakes"]]
    mark = f"{points}/{done.maximum}" if outcome.verdicts else "no mark"
    parts = [f"{who}: {done.submission.file}: {mark}"]
    if outcome.status != "ok":
        parts.append(f"{outcome.status}: {outcome.detail}")
    if named:
        parts.append("mistakes: " + ", ".join(named))
    if outcome.flags:
        parts.append(f"{len(outcome.flags)} to look at")
    return "; ".join(parts)


@click.command()
@click.argument("student")
@click.argument("exercise")
@click.argument("points")
@click.option("--why", default="", help="The reason, which the student reads.")
@_gradebook_option
def mark(student: str, exercise: str, points: str, why: str, gradebook: Path) -> None:
    """Give STUDENT other POINTS for EXERCISE, also when it is graded again.

    STUDENT is a part of the name, EXERCISE for example ch04.bias_gradient, and POINTS a whole
    number, or - to let the verdict count again.
    """
    from exercises_lib import exercises
    from exercises_lib.grading.gradebook import Gradebook

    try:
        most = exercises.get(exercise).points
    except LookupError as error:
        raise click.UsageError(str(error.args[0] if error.args else error)) from error
    if points != "-" and not (points.isdecimal() and int(points) <= most):
        raise click.UsageError(f"{exercise} counts 0 to {most} points, not {points!r}")
    if points != "-" and not why:
        raise click.UsageError("say the reason with --why: the student reads it")
    book = Gradebook(gradebook, create=False)
    having = [one for one in book.records() if any(row.exercise == exercise for row in one.rows)]
    people = {(one.student, one.lms_id) for one in having}
    exact = {whose for whose in people if student in whose}
    found = exact or {whose for whose in people if student.casefold() in whose[0].casefold()}
    if len(found) != 1:
        names = "; ".join(f"{name} {number}".strip() for name, number in sorted(found)[:9])
        if not found:
            text = f"nobody with {student!r} in the name has a verdict on {exercise}"
        else:
            text = f"{student!r} is {len(found)} students with a verdict on {exercise}: {names}"
            text += ". Give one of these names, or the number."
        raise click.UsageError(text)
    ((name, number),) = found
    book.decide(name, number, exercise, None if points == "-" else int(points), why)
    totals = [one for one in book.records() if (one.student, one.lms_id) == (name, number)]
    book.close()
    for one in totals:
        if one.counts and any(row.exercise == exercise for row in one.rows):
            click.echo(f"{name}: {one.file}: {one.points}/{one.maximum}")


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
    from exercises_lib.grading.gradebook import Gradebook
    from exercises_lib.grading.reports import write_pages

    records = _records(Gradebook(gradebook, create=False), chapter)
    with _writing(out):
        pages = write_pages(records, out)
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
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="File to write; - is the screen."
)
def export_(
    gradebook: Path,
    form: str,
    sheet: Path | None,
    title: str | None,
    chapter: str | None,
    out: Path | None,
) -> None:
    """Write the marks as a table or in the form that Canvas or Moodle imports."""
    from exercises_lib.course.notebooks import write_text
    from exercises_lib.exercises import CHAPTERS
    from exercises_lib.grading import export as sheets
    from exercises_lib.grading.gradebook import Gradebook

    records = _records(Gradebook(gradebook, create=False), chapter)
    chapters = sorted({one.chapter for one in records if one.chapter})
    text = sheets.read_sheet(sheet) if sheet else None
    if title is not None and len(chapters) != 1:
        raise click.UsageError("--title names one assignment: give --chapter, too")
    if form == "csv":
        result = sheets.Sheet(sheets.table(records))
    elif form == "canvas":
        titles = {one: title or f"{one} {CHAPTERS[one].replace('_', ' ')}" for one in chapters}
        result = sheets.canvas(records, text, titles)
    else:
        if text is None:
            raise click.UsageError(
                "--format moodle fills in the grading worksheet that Moodle lets you download "
                "(Submissions, Download grading worksheet): give it with --sheet"
            )
        if len(chapters) > 1:
            known = ", ".join(chapters)
            raise click.UsageError(f"a worksheet is for one assignment: --chapter {known}?")
        result = sheets.moodle(records, text)
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
