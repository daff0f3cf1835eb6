"""The command grade."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from exercises_lib.grading.options import GRADEBOOK, called, gradebook_option, writing

if TYPE_CHECKING:
    from exercises_lib.grading.gradebook import Gradebook
    from exercises_lib.grading.results import SubmissionResult
    from exercises_lib.grading.submissions import Submission


@click.command()
@click.argument("submissions", type=click.Path(path_type=Path))
@click.option("--chapter", help="Grade only this chapter.")
@gradebook_option
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

        with writing(table):
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
    people = called(student, {(one.student, one.lms_id) for one in found})
    if not people:
        some = ", ".join(dict.fromkeys(one.student for one in found[:5]))
        raise click.UsageError(
            f"no student's name has {student!r} in it, nor is it a number; there are {some}, …"
        )
    return [one for one in found if (one.student, one.lms_id) in people]


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
