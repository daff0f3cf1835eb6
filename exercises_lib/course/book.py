"""Building the static book: solutions → pages, with figures alive and solutions folded."""

from __future__ import annotations

import copy
import hashlib
import html
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import click

from exercises_lib import exercises
from exercises_lib.checking import Exercise
from exercises_lib.course.build import execute
from exercises_lib.course.katex import Katex
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
from exercises_lib.course.quiz import form


@click.command()
@click.option("--repository", default="", help="Address of a public copy, for *open in* buttons.")
@click.option("--fresh", is_flag=True, help="Run all notebooks again, also unchanged ones.")
def book(repository: str, fresh: bool) -> None:
    """Build the static book in book/_build/html."""
    root = find_root()
    out = build_book(root, repository=repository, fresh=fresh)
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    click.echo(f"The book is in {out.relative_to(root)}: open index.html ({size / 1e6:.1f} MB).")


def build_book(root: Path, *, repository: str = "", fresh: bool = False) -> Path:
    """Build the book.

    Args:
        root: the course's folder.
        repository: address of a public copy of the course; empty for none.
        fresh: run all notebooks again.

    Returns:
        The folder with the pages.

    Raises:
        CourseError: if a tool is missing, a notebook does not run, or Sphinx warns.
    """
    home = root / "book"
    build = home / "_build"
    src, out = build / "source", build / "html"
    modules = install_modules(home)
    shutil.rmtree(src, ignore_errors=True)
    shutil.copytree(home, src, ignore=shutil.ignore_patterns("_build", "node_modules", ".npmrc"))
    _vendor(modules, src / "_static" / "vendor")
    maths = Katex(modules / "katex" / "dist" / "katex.min.js")
    numbers = chapter_numbers(root)
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        executed = list(pool.map(lambda n: _executed(root, n, build / "executed", fresh), numbers))
    for number, notebook in zip(numbers, executed, strict=True):
        name = notebook_name(number)
        write_text(src / name, dump(make_page(number, notebook, lambda t: set_text(t, maths))))
        fresh_copy = src / "_static" / "notebooks" / name
        fresh_copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / "chapters" / name, fresh_copy)
    write_text(src / "exercises.md", exercises_page(numbers))
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
    return out


def install_modules(home: Path) -> Path:
    """Install the book's front-end files with npm, unless they are there; returns their folder.

    Raises:
        CourseError: if node or npm is missing, or the installation fails.
    """
    modules = home / "node_modules"
    wanted = json.loads((home / "package.json").read_text(encoding="utf-8"))
    packages = {**wanted["dependencies"], **wanted["devDependencies"]}

    def installed(name: str, version: str) -> bool:
        path = modules / name / "package.json"
        return path.exists() and json.loads(path.read_text(encoding="utf-8"))["version"] == version

    if all(installed(name, version) for name, version in packages.items()):
        return modules
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            raise CourseError(f"The book needs {tool}, which is not installed: get Node 18 or newer.")
    done = subprocess.run(
        ["npm", "install", "--no-package-lock"], cwd=home, capture_output=True, text=True
    )
    if done.returncode:
        raise CourseError(f"npm could not install the book's files:\n{done.stderr[-2000:]}")
    return modules


def _vendor(modules: Path, folder: Path) -> None:
    """Copy KaTeX's styles and fonts into the book; only the format that every browser reads."""
    dist = modules / "katex" / "dist"
    (folder / "katex" / "fonts").mkdir(parents=True)
    styles = (dist / "katex.min.css").read_text(encoding="utf-8")
    styles = re.sub(r',url\([^)]*\.(?:woff|ttf)\) format\("[a-z]+"\)', "", styles)
    write_text(folder / "katex" / "katex.min.css", styles)
    for font in (dist / "fonts").glob("*.woff2"):
        shutil.copy2(font, folder / "katex" / "fonts" / font.name)


def _executed(root: Path, number: str, cache: Path, fresh: bool) -> Notebook:
    """Run a solution notebook with all its outputs; unchanged ones are taken from the last time."""
    path = root / "solutions" / notebook_name(number)
    seal = hashlib.sha256(path.read_bytes())
    for module in sorted((root / "exercises_lib").rglob("*")):
        if module.is_file() and module.suffix in (".py", ".js", ".css", ".json", ".npz"):
            seal.update(module.read_bytes())
    kept = cache / f"{path.stem}.{seal.hexdigest()[:20]}.ipynb"
    if kept.exists() and not fresh:
        return read(kept)
    notebook = execute(read(path), path.parent)
    for old in cache.glob(f"{path.stem}.*.ipynb"):
        old.unlink()
    write_text(kept, dump(notebook))
    return notebook


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
    cells = notebook["cells"]
    asked = {found.id: found.exercise_id for cell in cells if (found := check_cell(cell))}
    page: list[Cell] = []
    for cell in cells:
        if cell["id"] in asked:
            continue
        exercise_id = asked.get(f"{cell['id']}-check")
        if exercise_id is not None:
            page += _exercise_cells(cell, exercises.get(exercise_id), set_label)
            continue
        cell = copy.deepcopy(cell)
        for output in cell.get("outputs", []):
            output.get("data", {}).pop("image/png", None) if _is_widget(output) else None
        page.append(cell)
    page.insert(1, _text_cell(f"ch{number}-get", _get_line(number)))
    return {**notebook, "cells": page}


def _is_widget(output: dict[str, Any]) -> bool:
    return "application/vnd.jupyter.widget-view+json" in output.get("data", {})


def _get_line(number: str) -> str:
    name = notebook_name(number)
    return (
        f'<p class="bp-get"><a href="_static/notebooks/{name}" download>Download this notebook</a> '
        f"<span>or, with the course installed, type <code>backprop lab {number}</code></span></p>"
    )


def _text_cell(cell_id: str, text: str) -> Cell:
    return {"cell_type": "markdown", "id": cell_id, "metadata": {}, "source": lines(text)}


def _exercise_cells(
    cell: Cell, exercise: Exercise, set_label: Callable[[str], str]
) -> list[Cell]:
    anchor = f'<span id="{exercise.id.replace(".", "-")}" class="bp-anchor"></span>'
    if exercise.fields:
        first = [_text_cell(f"{cell['id']}-form", anchor + form(exercise, set_label))]
    else:
        stub = {**cell, "source": lines(clear_solution(source(cell))), "outputs": [], "metadata": {}}
        first = [_text_cell(f"{cell['id']}-anchor", anchor), {**stub, "execution_count": None}]
    shown = [row for row in source(cell).split("\n") if row.strip() not in (BEGIN, END)]
    solution: Cell = {
        **cell,
        "id": f"{cell['id']}-solution",
        "source": lines("\n".join(shown)),
        "outputs": [],
        "metadata": {
            "tags": ["hide-input"],
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
        "folded below it. Those marked *in the page* can be answered in the browser.",
    ]
    for number in numbers:
        name = notebook_name(number).removesuffix(".ipynb")
        parts += ["", f"## {exercises.TITLES[number]}", ""]
        for exercise in exercises.chapter_exercises(number):
            anchor = exercise.id.replace(".", "-")
            here = " *in the page*" if exercise.fields else ""
            parts.append(
                f'- <a href="{name}.html#{anchor}">{html.escape(exercise.title)}</a> '
                f"`{exercise.id}`{here}"
            )
    return "\n".join(parts) + "\n"
