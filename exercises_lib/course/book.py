"""Building the static book: solutions → pages, with figures alive and solutions folded."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import click

from exercises_lib import exercises
from exercises_lib.chapters import CHAPTERS
from exercises_lib.checking import Exercise
from exercises_lib.course import terms
from exercises_lib.course.build import executed, fold_notices, make_chapter, repository_of
from exercises_lib.course.colophon import colophon
from exercises_lib.course.embed import Figures, place_figures
from exercises_lib.course.fonts import vendor
from exercises_lib.course.katex import Katex
from exercises_lib.course.kit import KitError
from exercises_lib.course.notebooks import (
    BEGIN,
    END,
    Cell,
    CourseError,
    Notebook,
    chapter_numbers,
    check_cell,
    clear_solution,
    dump,
    find_root,
    lines,
    notebook_name,
    read,
    source,
    write_text,
)
from exercises_lib.course.quiz import answerable, asked_once, form
from exercises_lib.course.running import figure_keys, make_runnable, place_python, write_course
from exercises_lib.course.slim import slim

HINT_CALL = re.compile(r'(?:^|(?<=[.?!] ))[^.?!\n]*`hint\("ch[^`]*`[^.?!\n]*\.', re.MULTILINE)
"""A sentence of a notebook that says how a hint is asked for."""
HINT_BUTTON = "*Hint* below an exercise gives its next hint."
"""What a page says instead."""


@click.command()
@click.option(
    "--repository",
    default="",
    metavar="ADDRESS",
    help="A public copy of the course, such as https://github.com/you/course: every page gets "
    "buttons that open its notebook from there in Colab and Binder. Default: the Repository under "
    "[project.urls] in pyproject.toml.",
)
@click.option("--fresh", is_flag=True, help="Run all notebooks again, also unchanged ones.")
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    help="Work in this folder, a new or an empty one, instead of book/_build.",
)
@click.option(
    "--pyodide",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Take Python for the pages from this folder, an official Pyodide distribution, and not "
    "from npm.",
)
def book(repository: str, fresh: bool, into: Path | None, pyodide: Path | None) -> None:
    """Build the static book in book/_build/html.

    Every solution notebook is run, unless neither it nor the library has changed since the last
    time. The pages need no server, no kernel and no network: copy the folder to any web server, or
    open its index.html. Needs Node (18 or newer) with npm, and the extra [book].
    """
    root = find_root()
    out = build_book(
        root,
        repository=repository,
        fresh=fresh,
        build=into and into.resolve(),
        pyodide=pyodide and pyodide.resolve(),
    )
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    click.echo(f"The book is ready ({size / 1e6:.1f} MB): open {out / 'index.html'}")


def build_book(
    root: Path,
    *,
    repository: str = "",
    fresh: bool = False,
    build: Path | None = None,
    pyodide: Path | None = None,
) -> Path:
    """Build the book.

    Args:
        root: the course's folder.
        repository: address of a public copy of the course; default: see `repository_of`.
        fresh: run all notebooks again.
        build: where the pages are made; default ``book/_build``.
        pyodide: a Pyodide distribution to take instead of npm's.

    Returns:
        The folder with the pages.

    Raises:
        CourseError: if a tool is missing, a notebook does not run, or Sphinx warns; if `build`
            cannot be used, or holds something else.
    """
    home = root / "book"
    repository = repository.rstrip("/") or repository_of(root)
    if build is not None:
        _take(build)
    build = build or home / "_build"
    src, out = build / "source", build / "html"
    need_tools()
    modules = install_modules(home)
    shutil.rmtree(src, ignore_errors=True)
    kept_out = shutil.ignore_patterns("_build", "node_modules", ".npmrc", "run")
    shutil.copytree(home, src, ignore=kept_out)
    vendor(modules, src / "_static" / "vendor")
    figures = Figures(src / "_static" / "figures", "_static/figures")
    numbers = chapter_numbers(root)
    write_course(src / "_static", numbers)
    try:
        place_python(root, src / "_static", home / "_build", pyodide)
        keys = figure_keys(figures)
    except KitError as error:
        keys = None
        click.echo(f"The book is built without Python in its pages: {error}", err=True)
    maths = Katex(modules / "katex" / "dist" / "katex.min.js")
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        notebooks = list(pool.map(lambda n: executed(root, n, fresh=fresh), numbers))
    for number, notebook in zip(numbers, notebooks, strict=True):
        name = notebook_name(number)
        place_figures(notebook, figures)
        page = make_page(number, notebook, lambda t: set_text(t, maths))
        if keys is not None:
            make_runnable(number, page, notebook, keys)
        write_text(src / name, dump(page))
        untouched = make_chapter(read(root / "solutions" / name), repository)
        write_text(src / "_static" / "notebooks" / name, dump(untouched))
    front = (src / "index.md").read_text(encoding="utf-8")
    front = front_page(front, figures)
    count = sum(len(exercises.chapter_exercises(number)) for number in numbers)
    write_text(src / "index.md", front.replace("<!-- count -->", str(count)))
    write_text(src / "exercises.md", exercises_page(numbers))
    parts = [modules] if keys is None else [modules, home / "run" / "node_modules"]
    write_text(src / "colophon.md", colophon(parts, pyodide is not None))
    glossary = (src / "glossary.md").read_text(encoding="utf-8")
    write_text(src / "_static" / "terms.js", terms.script(glossary, lambda t: set_text(t, maths)))
    figures.write_styles()
    shutil.rmtree(out, ignore_errors=True)
    words = ["-W", "--keep-going", "-n", "-q", "-E", "-b", "html", "-d", str(build / "doctrees")]
    environment = {
        **os.environ,
        "BACKPROP_REPOSITORY": repository,
        "BACKPROP_KATEX": str(modules / "katex" / "dist" / "katex.min.js"),
    }
    command = [sys.executable, "-m", "sphinx", *words, str(src), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise CourseError(f"Sphinx is not content with the book:\n{done.stderr.strip()}")
    slim(out, modules)
    return out


def _take(folder: Path) -> None:
    """Take a folder for the pages: a new one, an empty one, or one that was taken before.

    What is in it is deleted, so one that holds something else is refused.
    """
    mark = folder / ".backprop-book"
    try:
        if folder.exists() and any(folder.iterdir()) and not mark.exists():
            raise CourseError(
                f"{folder} holds something else, and pages are made in a folder of their own. "
                "Give a new folder, or an empty one."
            )
        folder.mkdir(parents=True, exist_ok=True)
        mark.touch()
    except OSError as error:
        raise CourseError(f"{folder} cannot be used for the pages: {error.strerror}.") from error


def front_page(text: str, figures: Figures) -> str:
    """Put the live figures into the front page: the receipt, and the pad that a network reads."""
    from exercises_lib.course.window import reader, receipt

    for place, widget in (("two apples", receipt()), ("a drawn digit", reader())):
        data, metadata = widget._repr_mimebundle_()
        state = {"_esm": widget._esm, "_css": widget._css, "spec": widget.spec}
        name = place.replace(" ", "-")
        live = figures.element(state, data["image/png"], name, metadata["image/png"])
        text = text.replace(f"<!-- {place} -->", live)
    return text


def need_tools() -> None:
    """Raise `CourseError` if something is missing with which the book is built."""
    if any(find_spec(name) is None for name in ("sphinx", "myst_nb", "sphinx_book_theme")):
        raise CourseError(
            "The book is built with Sphinx, which is not installed. "
            'Type: python -m pip install -c constraints.txt -e ".[book]"'
        )
    if shutil.which("node") is None:
        raise CourseError(
            "The book sets its formulas with Node, which is not installed. Get version 18 or newer "
            "from your package manager or from nodejs.org, then type: backprop book"
        )


def install_modules(home: Path) -> Path:
    """Install the book's front-end files with npm, unless they are there; returns their folder.

    Raises:
        CourseError: if npm is missing or the installation fails.
    """
    modules = home / "node_modules"
    wanted = json.loads((home / "package.json").read_text(encoding="utf-8"))

    def installed(name: str, version: str) -> bool:
        path = modules / name / "package.json"
        return path.exists() and json.loads(path.read_text(encoding="utf-8"))["version"] == version

    if all(installed(name, version) for name, version in wanted["dependencies"].items()):
        return modules
    if shutil.which("npm") is None:
        raise CourseError(
            "The book's fonts and KaTeX come by npm, which is not installed. It belongs to Node: "
            "install it, then type: backprop book"
        )
    done = subprocess.run(
        ["npm", "install", "--no-package-lock", "--omit=dev"],
        cwd=home,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise CourseError(
            "npm could not install the book's fonts and KaTeX. Is the network there? It says:\n"
            + done.stderr.strip()[-2000:]
        )
    return modules


def set_text(text: str, maths: Katex) -> str:
    """Set a label: ``$…$`` by KaTeX, backticks as code, the rest escaped."""
    pieces = re.split(r"(\$[^$]+\$|`[^`]+`)", text)
    done = []
    for piece in pieces:
        if len(piece) > 2 and piece[0] == piece[-1] == "$":
            done.append(maths.html(piece[1:-1]))
        elif len(piece) > 2 and piece[0] == piece[-1] == "`":
            done.append(f"<code>{html.escape(piece[1:-1])}</code>")
        else:
            done.append(html.escape(piece))
    return "".join(done)


def make_page(number: str, notebook: Notebook, set_label: Callable[[str], str]) -> Notebook:
    """Make a page of the book from a solution notebook with its outputs.

    Exercises show their stub, or a form where they can be answered in the page; solutions are
    folded; check cells are left out.

    Args:
        number: the chapter's number.
        notebook: the solution notebook, run.
        set_label: turns a label into HTML.
    """
    cells = [{**cell} for cell in notebook["cells"]]
    fold_notices(cells)
    for cell in cells:
        if cell["cell_type"] == "markdown":
            cell["source"] = lines(HINT_CALL.sub(HINT_BUTTON, source(cell)))
    asked = {found.id: found.exercise_id for cell in cells if (found := check_cell(cell))}
    page: list[Cell] = []
    for cell in cells:
        if cell["id"] in asked:
            continue
        exercise_id = asked.get(f"{cell['id']}-check")
        if exercise_id is not None:
            exercise = exercises.get(exercise_id)
            told = source(page[-1])
            if answerable(exercise) and page[-1]["cell_type"] == "markdown":
                page[-1] = {**page[-1], "source": lines(asked_once(told, exercise))}
                if not source(page[-1]).strip():
                    page.pop()
            page += _exercise_cells(cell, exercise, set_label, told)
            continue
        page.append(cell)
    page.insert(1, _text_cell(f"ch{number}-get", _get_line(number)))
    return {**notebook, "cells": page}


def _get_line(number: str) -> str:
    name = notebook_name(number)
    return (
        f'<p class="bp-get"><a href="_static/notebooks/{name}" download>Download this notebook</a> '
        f"<span>or, with the course installed, type <code>backprop lab {number}</code></span></p>"
    )


def _text_cell(cell_id: str, text: str) -> Cell:
    return {"cell_type": "markdown", "id": cell_id, "metadata": {}, "source": lines(text)}


def _exercise_cells(
    cell: Cell, exercise: Exercise, set_label: Callable[[str], str], told: str
) -> list[Cell]:
    anchor = f'<div id="{exercise.id.replace(".", "-")}" class="bp-anchor"></div>'
    if answerable(exercise):
        first = [_text_cell(f"{cell['id']}-form", anchor + form(exercise, set_label, told))]
    else:
        stub = {
            **cell,
            "source": lines(clear_solution(source(cell))),
            "outputs": [],
            "execution_count": None,
            "metadata": {"tags": ["bp-stub"]},
        }
        first = [_text_cell(f"{cell['id']}-anchor", anchor), stub]
    shown = [row for row in source(cell).split("\n") if row.strip() not in (BEGIN, END)]
    solution: Cell = {
        **cell,
        "id": f"{cell['id']}-solution",
        "source": lines("\n".join(shown)),
        "outputs": [],
        "metadata": {
            "tags": ["hide-input", "bp-solution"],
            "mystnb": {
                "code_prompt_show": "Show the solution",
                "code_prompt_hide": "Hide the solution",
            },
        },
    }
    return [*first, solution]


def exercises_page(numbers: list[str]) -> str:
    """Write the page that lists all exercises with links to where they are asked."""
    parts = [
        "# All exercises",
        "",
        "Every exercise of the course, with a link to the place where it is asked; its solution is "
        "folded below it. What is optional is hard, and counts in no sum.",
        "",
        '<div id="bp-summary"></div>',
    ]
    for number in numbers:
        name = notebook_name(number).removesuffix(".ipynb")
        parts += ["", f"## {CHAPTERS[number].title}", ""]
        for exercise in exercises.chapter_exercises(number):
            anchor = exercise.id.replace(".", "-")
            parts.append(
                f'- <span class="bp-sign" role="img" aria-label="open">○</span><a '
                f'data-exercise-link="{exercise.id}" href="{name}.html#{anchor}">'
                f"{html.escape(exercise.title)}</a> `{exercise.id}`"
                f"{' · optional' if exercise.optional else ''}"
            )
    return "\n".join(parts) + "\n"
