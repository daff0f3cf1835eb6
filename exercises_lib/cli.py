"""The command ``backprop``."""

from __future__ import annotations

import exercises_lib.safe_path  # noqa: F401, before anything else

# isort: split
import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from exercises_lib.errors import UserError

if TYPE_CHECKING:
    from exercises_lib.course.audit import Result

LATER = {
    "grade": "exercises_lib.grading.commands:grade",
    "mark": "exercises_lib.grading.marking:mark",
    "handout": "exercises_lib.grading.publishing:handout",
    "nbgrader": "exercises_lib.grading.publishing:nbgrader",
    "name-group": "exercises_lib.grading.marking:name_group",
    "report": "exercises_lib.grading.publishing:report",
    "export": "exercises_lib.grading.publishing:export",
    "book": "exercises_lib.course.book:book",
}
"""Commands that live with what they do and are imported when they are called."""


class Commands(click.Group):
    """A group that imports some of its commands only when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List all commands."""
        return sorted([*super().list_commands(ctx), *LATER])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, importing it if need be."""
        if cmd_name in LATER:
            module, _, name = LATER[cmd_name].partition(":")
            command: click.Command = getattr(importlib.import_module(module), name)
            return command
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what is wrong with what was given is said in one sentence."""
        try:
            return super().invoke(ctx)
        except UserError as error:
            click.echo(f"backprop: {error}", err=True)
            ctx.exit(1)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="backprop-course")
def main() -> None:
    """Backprop, step by step: the course's command."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")


@main.command()
@click.option("--port", default=8888, show_default=True, help="Port to listen on.")
@click.option("--browser/--no-browser", default=True, help="Open a browser where there is one.")
@click.argument("chapter", default="00")
def lab(port: int, browser: bool, chapter: str) -> None:
    """Open JupyterLab on a chapter (default: the welcome)."""
    from exercises_lib.course.notebooks import find_root, notebook_name

    root = find_root()
    name = notebook_name(chapter)
    if not (root / "chapters" / name).exists():
        raise UserError(f"chapters/{name} does not exist; `backprop reset {chapter}` writes it.")
    words = [
        sys.executable,
        "-m",
        "jupyterlab",
        f"--port={port}",
        f"--notebook-dir={root / 'chapters'}",
    ]
    words += [f"--LabApp.default_url=/lab/tree/{name}"]
    words += [] if browser else ["--no-browser"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        words.append("--allow-root")
    # The course's own settings come first: no pop-up about Jupyter's news over the first page.
    path = [str(Path(__file__).parent / "jupyter"), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    environment = {**os.environ, "JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, path))}
    os.execve(sys.executable, words, environment)


@main.command()
@click.argument("chapters", nargs=-1)
def check(chapters: tuple[str, ...]) -> None:
    """Run your chapters and show every verdict in the terminal."""
    from rich.console import Console

    from exercises_lib.course.notebooks import chapter_numbers, find_root
    from exercises_lib.course.verdicts import chapter_verdicts

    root = find_root()
    console = Console()
    wrong = 0
    for number in chapters or chapter_numbers(root):
        found = chapter_verdicts(root, number)
        passed = sum(status == "passed" for _, status, _ in found)
        console.print(f"[bold]{number}[/bold]  {passed} of {len(found)} passed")
        for _, status, text in found:
            wrong += status in ("wrong", "error")
            if status != "passed":
                console.print(text, markup=False, highlight=False)
    sys.exit(1 if wrong else 0)


@main.command()
@click.argument("chapter")
def reset(chapter: str) -> None:
    """Write a fresh copy of CHAPTER; your old one is kept beside it."""
    from exercises_lib.course.build import reset_chapter
    from exercises_lib.course.notebooks import find_root

    path, kept = reset_chapter(find_root(), chapter)
    click.echo(f"chapters/{path.name} is fresh.")
    if kept is not None:
        click.echo(f"Your old notebook is chapters/{kept.name}.")


@main.command()
@click.argument("chapters", nargs=-1)
@click.option(
    "--check", "only_check", is_flag=True, help="Write nothing; say what is not as it must be."
)
@click.option(
    "--execute", is_flag=True, help="Run the solutions first and store their text outputs."
)
def build(chapters: tuple[str, ...], only_check: bool, execute: bool) -> None:
    """Make chapters/ from solutions/ and validate both."""
    from exercises_lib.course import build as building
    from exercises_lib.course import notebooks, validate

    root = notebooks.find_root()
    if not only_check:
        for number in chapters or notebooks.chapter_numbers(root):
            path = root / "solutions" / notebooks.notebook_name(number)
            solution = notebooks.read(path)
            if execute:
                solution = building.execute(solution, path.parent)
            solution = building.normalise(solution)
            notebooks.write_text(path, notebooks.dump(solution))
            chapter = building.make_chapter(solution, building.repository_of(root))
            kept = building.write_chapter(root, number.zfill(2), chapter)
            if kept is not None:
                click.echo(
                    f"chapters/{path.name} had been worked in: kept as chapters/{kept.name}."
                )
    problems = validate.validate(root, chapters or None)
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        click.echo(f"{len(problems)} problems.", err=True)
        sys.exit(1)
    click.echo("Solutions and chapters are as they must be.")


@main.command()
@click.argument("chapters", nargs=-1)
@click.option("--details", is_flag=True, help="List every exercise.")
@click.option(
    "--in-page",
    is_flag=True,
    help="Do it in the Python of the book's pages, too. Needs Node and npm.",
)
@click.option(
    "--mistakes",
    "named_file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("mistakes.json"),
    show_default=True,
    help="A course's own mistakes, written by `backprop name-group`; checked if it is there.",
)
def audit(chapters: tuple[str, ...], details: bool, in_page: bool, named_file: Path) -> None:
    """Measure the checks: right answers passed, mistakes rejected, mistakes named."""
    from rich.console import Console
    from rich.table import Column, Table

    from exercises_lib import exercises
    from exercises_lib.chapters import CHAPTERS, chapter_of
    from exercises_lib.course import named
    from exercises_lib.course.audit import audit as audit_exercise
    from exercises_lib.course.notebooks import find_root
    from exercises_lib.course.running import audit_in_page

    numbers = [number.removeprefix("ch").zfill(2) for number in chapters] or list(CHAPTERS)

    def here(number: str) -> list[Result]:
        return [audit_exercise(exercise) for exercise in exercises.chapter_exercises(number)]

    def in_pages(number: str) -> list[Result]:
        return list(audit_in_page(find_root(), [number]))

    ways = {"In this Python": here} | ({"In the book's pages": in_pages} if in_page else {})
    heads = ("exercises", "right passed", "mistakes", "rejected", "named")
    all_results: list[Result] = []
    for title, way in ways.items():
        table = Table(Column("chapter", no_wrap=True), *heads, title=title if in_page else None)
        these: list[Result] = []
        for number in numbers:
            try:
                results = way(number)
            except LookupError as error:
                raise UserError(str(error)) from error
            these += results
            if details:
                for result in results:
                    table.add_row(result.exercise.id, *_row([result])[1:])
            table.add_row(f"{number} {CHAPTERS[number].title}", *_row(results), end_section=details)
        table.add_section()
        table.add_row("all", *_row(these))
        console = Console()
        Console(width=max(console.width, 96)).print(table)
        all_results += these
    faults = [(r.exercise.id, fault) for r in all_results for fault in r.faults]
    own = [one for one in named.load(named_file) if chapter_of(one.exercise) in numbers]
    faults += named.faults(own)
    if own:
        click.echo(f"{named_file}: {len(own)} mistakes of a course's own were checked, too.")
    for exercise_id, fault in faults:
        click.echo(f"{exercise_id}: {fault}", err=True)
    for result in all_results:
        if result.skipped:
            click.echo(f"{result.exercise.id}: not audited, {result.skipped}", err=True)
    sys.exit(1 if faults else 0)


@main.command()
@click.argument("exercise_id", metavar="ID")
@click.argument("name", required=False)
def mistake(exercise_id: str, name: str | None) -> None:
    """Show an exercise's known mistakes, or one of them whole, its changed lines marked."""
    from exercises_lib import exercises
    from exercises_lib.course import mistakes
    from exercises_lib.errors import UserError

    try:
        exercise = exercises.get(exercise_id)
        found = None if name is None else exercise.mistake(name)
    except LookupError as error:
        raise UserError(str(error.args[0])) from error
    click.echo(mistakes.listing(exercise) if found is None else mistakes.shown(exercise, found))


def _row(results: list[Result]) -> list[str]:
    done = [result for result in results if not result.skipped]
    mistakes = sum(len(result.exercise.mistakes) for result in done)
    return [
        str(len(results)),
        f"{sum(r.accepted for r in done)} of {sum(r.right for r in done)}",
        str(mistakes),
        str(sum(r.rejected for r in done)),
        str(sum(r.named for r in done)),
    ]


@main.command()
def doctor() -> None:
    """Show what is installed, what is missing, and what to type."""
    from exercises_lib.course.doctor import examine

    healthy = True
    for line in examine():
        click.echo(f"{'✓' if line.found else '–'} {line.what}: {line.text}")
        healthy &= line.found or not line.needed
    _confinement()
    sys.exit(0 if healthy else 1)


def _confinement() -> None:
    """Say how well this machine can confine students' code when it is graded."""
    from exercises_lib.grading.client import SandboxError
    from exercises_lib.grading.kernel import sandbox_report

    try:
        report = sandbox_report()
    except SandboxError as error:
        click.echo(f"– Grading: {error}")
        return
    note = "" if report.complete else "; grade with care, or with --require-sandbox"
    click.echo(f"{'✓' if report.complete else '–'} Grading, isolation: {report}{note}")


if __name__ == "__main__":
    main()
