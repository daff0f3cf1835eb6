"""What makes a page of the book alive: its scripts, Python beside them, and what its cells are."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from exercises_lib import exercises
from exercises_lib.checking.verdict import hint_html
from exercises_lib.course.audit import Result
from exercises_lib.course.embed import Figures
from exercises_lib.course.kit import fetch, make_kit
from exercises_lib.course.notebooks import (
    CourseError,
    Notebook,
    check_cells,
    lines,
    notebook_name,
    write_text,
)
from exercises_lib.course.quiz import answerable
from exercises_lib.figures.widget import STATIC, script

BUNDLES = {"page.js": "run.js", "editor.js": "editor.js"}
"""Modules of ``book/run`` that become scripts of the book."""


def place_python(root: Path, static: Path, cache: Path, pyodide: Path | None = None) -> None:
    """Put the scripts that run cells, and Python itself, among the book's files.

    Args:
        root: the course's folder.
        static: the book's static files.
        cache: where what takes long is kept.
        pyodide: a Pyodide distribution to take instead of npm's.

    Raises:
        KitError: if the packages cannot be fetched.
        CourseError: if one of them is not as it must be.
    """
    run = root / "book" / "run"
    modules = fetch(run)
    kit = make_kit(root / "exercises_lib", run, cache, pyodide)
    shutil.copytree(kit, static / "python", ignore=shutil.ignore_patterns("pyodide.mjs"))
    for name in ("worker.js", "untar.js"):
        shutil.copyfile(run / name, static / "python" / name)
    for name, made in BUNDLES.items():
        words = ["--bundle", "--minify", "--format=iife", "--target=es2022", "--log-level=warning"]
        words.append(f"--outfile={static / made}")
        done = subprocess.run(
            ["node", str(modules / "esbuild" / "bin" / "esbuild"), str(run / name), *words],
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
        if done.returncode or done.stderr.strip():
            raise CourseError(f"esbuild cannot bundle book/run/{name}:\n{done.stderr.strip()}")


def audit_in_page(root: Path, names: Sequence[str]) -> Iterator[Result]:
    """Audit exercises with the Python of the book's pages, under Node.

    Args:
        root: the course's folder.
        names: chapters, two digits, or ids of exercises.

    Raises:
        KitError: if its packages cannot be fetched.
        CourseError: if Node breaks off.
    """
    run = root / "book" / "run"
    fetch(run)
    kit = make_kit(root / "exercises_lib", run, root / "book" / "_build")
    command = ["node", str(run / "audit.mjs"), str(kit), *names]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    ) as node:
        assert node.stdout is not None and node.stderr is not None
        for line in node.stdout:
            found = json.loads(line)
            yield Result(exercises.get(found.pop("id")), **found)
        complaint = node.stderr.read()
    if node.returncode:
        raise CourseError(f"The audit under Node broke off:\n{complaint.strip()[-3000:]}")


def figure_keys(figures: Figures) -> dict[str, str]:
    """Store the script of every kind of figure, for those that a reader makes; kind → key."""
    scripts = {path.stem: path for path in sorted(STATIC.glob("*.js"))}
    return {
        kind: figures.store(script(kind))
        for kind, path in scripts.items()
        if "export default" in path.read_text(encoding="utf-8")
    }


def make_runnable(number: str, page: Notebook, solution: Notebook, keys: dict[str, str]) -> None:
    """Name the code cells of a page for its scripts, and tell these what they are; `page` changes.

    Args:
        number: the chapter's number.
        page: as `make_page` made it.
        solution: the chapter's solution notebook.
        keys: the scripts of figures, see `figure_keys`.
    """
    asked = {found.id.removesuffix("-check"): found for found in check_cells(solution)}
    cells: list[dict[str, Any]] = []
    for cell in page["cells"]:
        tags = cell["metadata"].setdefault("tags", []) if cell["cell_type"] == "code" else None
        if tags is None or "bp-solution" in tags:
            continue
        tags.append(f"bp-run-{cell['id']}")
        entry: dict[str, Any] = {"id": cell["id"]}
        if "bp-stub" in tags:
            found = asked[cell["id"]]
            exercise = exercises.get(found.exercise_id)
            hints = [hint_html(exercise.id, at, text) for at, text in enumerate(exercise.hints, 1)]
            entry |= {
                "exercise": exercise.id,
                "expression": found.expression,
                "title": exercise.title,
                "hints": hints,
            }
        cells.append(entry)
    forms = [
        {"exercise": found.exercise_id, "cell": cell_id}
        for cell_id, found in asked.items()
        if answerable(exercises.get(found.exercise_id))
    ]
    data = {
        "chapter": number,
        "page": notebook_name(number).removesuffix(".ipynb"),
        "cells": cells,
        "forms": forms,
        "figures": keys,
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    html = f'<script type="application/json" id="bp-cells">{text}</script>'
    page["cells"].append(
        {
            "cell_type": "markdown",
            "id": f"ch{number}-cells",
            "metadata": {},
            "source": lines(html),
        }
    )


def write_course(static: Path, numbers: Sequence[str]) -> None:
    """Write the chapters with the exercises that count, for the scripts that show progress."""
    course = {
        number: {
            "page": notebook_name(number).removesuffix(".ipynb"),
            "ids": [one.id for one in exercises.chapter_exercises(number) if not one.optional],
        }
        for number in numbers
    }
    moved = f"globalThis.bpMoved = {json.dumps(exercises.MOVED)};\n"
    write_text(static / "course.js", f"globalThis.bpCourse = {json.dumps(course)};\n{moved}")
