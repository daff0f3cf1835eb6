"""The commands report, export, handout and nbgrader: what goes out."""

from __future__ import annotations

from pathlib import Path

import click

from exercises_lib.errors import UserError
from exercises_lib.grading.options import gradebook_option, read_records, writing


@click.command()
@gradebook_option
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
    records = read_records(book, chapter)
    root = find_root()
    plans = load_plans(root)
    given = {number: plan.given for number, plan in plans.items()}
    own = {number: published(root, plan) for number, plan in plans.items()}
    with writing(out):
        pages = write_pages(records, out, alike(records, own, given), rules)
    click.echo(f"{pages} pages written; the class: {out / 'index.html'}")


@click.command(name="export")
@gradebook_option
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

    records = read_records(Gradebook(gradebook, create=False), chapter)
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
        with writing(out):
            write_text(out, result.text)
        click.echo(f"{out} written.")
    for note in [*sheets.without_marks(records), *result.notes]:
        click.echo(f"backprop: {note}", err=True)
    for student in result.unmatched:
        click.echo(f"backprop: {student} has marks, but no line in the sheet.", err=True)
    if result.empty:
        click.echo(f"backprop: no marks for {'; '.join(result.empty)}.", err=True)


export = export_


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
    with writing(folder):
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
