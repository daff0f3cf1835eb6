"""Building: solutions are put in order, chapters are made from them."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import hashlib
import itertools
import os
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import Any

from exercises_lib import exercises
from exercises_lib.course.notebooks import (
    Cell,
    CourseError,
    Notebook,
    check_cell,
    clear_solution,
    dump,
    has_solution,
    lines,
    notebook_name,
    read,
    source,
    sources_hash,
    write_text,
)

KERNEL = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
KEPT_FORMATS = ("text/plain", "text/html")
"""Output formats that a solution notebook stores; pictures are drawn again where needed."""

TIMED = "timed"
"""The tag of a cell that shows how long something took here; its output is not stored."""


def normalise(notebook: Notebook) -> Notebook:
    """Put a solution notebook into its one form.

    nbgrader's metadata (schema 3) is written from the cells' ids and the exercises' points, stored
    outputs keep their text, execution counts run from 1, and all that changes from run to run is
    dropped.
    """
    cells = [_normalised_cell(cell) for cell in notebook["cells"]]
    count = 0
    for cell in cells:
        if cell["cell_type"] == "code" and cell["execution_count"] is not None:
            count += 1
            cell["execution_count"] = count
            for output in cell["outputs"]:
                if output["output_type"] == "execute_result":
                    output["execution_count"] = count
    return {"cells": cells, "metadata": copy.deepcopy(KERNEL), "nbformat": 4, "nbformat_minor": 5}


def _normalised_cell(cell: Cell) -> Cell:
    tags = sorted(cell.get("metadata", {}).get("tags", []))
    metadata: dict[str, Any] = {"tags": tags} if tags else {}
    grading = _nbgrader_metadata(cell)
    if grading:
        metadata["nbgrader"] = grading
    kept: Cell = {
        "cell_type": cell["cell_type"],
        "id": cell.get("id", ""),
        "metadata": metadata,
        "source": lines(source(cell).strip("\n")),
    }
    if cell["cell_type"] == "code":
        kept["execution_count"] = cell.get("execution_count")
        kept["outputs"] = [] if TIMED in tags else _text_outputs(cell.get("outputs", []))
    return kept


def _nbgrader_metadata(cell: Cell) -> dict[str, Any]:
    base = {"grade_id": cell.get("id", ""), "schema_version": 3, "task": False}
    checked = check_cell(cell)
    if checked is not None:
        try:
            points = exercises.get(checked.exercise_id).points
        except LookupError as error:
            raise CourseError(f"{checked.id}: {error}") from error
        return {**base, "grade": True, "locked": True, "points": points, "solution": False}
    if has_solution(cell):
        return {**base, "grade": False, "locked": False, "solution": True}
    return {}


def _text_outputs(outputs: list[Any]) -> list[Any]:
    kept: list[Any] = []
    for output in outputs:
        output = copy.deepcopy(output)
        if "data" in output:
            output["data"] = {k: v for k, v in output["data"].items() if k in KEPT_FORMATS}
            output["metadata"] = {}
            if not output["data"]:
                continue
            for key, text in output["data"].items():
                output["data"][key] = lines("".join(text))
        if output["output_type"] == "stream":
            text = "".join(output["text"])
            if kept and kept[-1]["output_type"] == "stream" and kept[-1]["name"] == output["name"]:
                kept[-1]["text"] = lines("".join(kept[-1]["text"]) + text)
                continue
            output["text"] = lines(text)
        output.pop("transient", None)
        kept.append(output)
    return kept


def repository_of(root: Path) -> str:
    """Return the address of the course's public copy, as its pyproject.toml gives it.

    It is the entry ``Repository`` under ``[project.urls]``; empty where there is none.
    """
    try:
        text = (root / "pyproject.toml").read_text(encoding="utf-8")
        return str(tomllib.loads(text)["project"]["urls"]["Repository"]).rstrip("/")
    except (OSError, KeyError, TypeError, tomllib.TOMLDecodeError):
        return ""


def install_line(repository: str) -> str:
    """Give the line that installs the course where it is missing, as on Colab; silent elsewhere.

    What the course needs is there already but for two packages; so nothing else is touched.
    """
    what = f"git+{repository} anywidget psygnal"
    return (
        'if not __import__("importlib.util").util.find_spec("exercises_lib"): '
        f'get_ipython().run_line_magic("pip", "install -q --no-deps {what}")'
    )


NOTICE = "**What to notice.** "
"""How a text cell begins that speaks about the answer of the check above it."""


def fold_notices(cells: Sequence[Cell]) -> None:
    """Fold what is said directly below a check: it may give the answer away; `cells` change."""
    for above, cell in itertools.pairwise(cells):
        text = source(cell)
        if cell["cell_type"] != "markdown" or not text.startswith(NOTICE) or not check_cell(above):
            continue
        # What leads on to the next cell or section stays open.
        blocks = text.removeprefix(NOTICE).split("\n\n")
        count = next((at for at, block in enumerate(blocks) if block[0] == "#"), len(blocks))
        count -= count > 1 and blocks[count - 1].endswith(":")
        folded = ["<details>\n<summary>What to notice, once this has passed</summary>"]
        folded += [*blocks[:count], "</details>", *blocks[count:]]
        cell["source"] = lines("\n\n".join(folded))


def make_chapter(solution: Notebook, repository: str = "") -> Notebook:
    """Make the notebook that students open from a solution notebook.

    Solution blocks become places to write, outputs are dropped. The notebook's metadata holds a
    hash of its cells, by which a chapter that somebody has worked in is recognised.

    Args:
        solution: the solution notebook.
        repository: address of a public copy; the first code cell installs the course from there
            where it is missing. Empty: it does not.
    """
    chapter = normalise(solution)
    fold_notices(chapter["cells"])
    if repository:
        first = next(cell for cell in chapter["cells"] if cell["cell_type"] == "code")
        first["source"] = lines(f"{install_line(repository)}\n{source(first)}")
    for cell in chapter["cells"]:
        if cell["cell_type"] == "code":
            cell["source"] = lines(clear_solution(source(cell)))
            cell["outputs"], cell["execution_count"] = [], None
    chapter["metadata"]["backprop"] = {"made_from": sources_hash(chapter)}
    return chapter


def is_untouched(chapter: Notebook) -> bool:
    """Tell whether a chapter's cells are as they were made."""
    made_from = chapter.get("metadata", {}).get("backprop", {}).get("made_from")
    return bool(made_from == sources_hash(chapter))


def keep_aside(path: Path) -> Path:
    """Rename a learner's notebook so that a fresh one can take its place; returns its new path."""
    number = 1
    while True:
        aside = path.with_name(f"{path.stem}.yours{'' if number == 1 else f'-{number}'}.ipynb")
        try:
            os.link(path, aside)  # fails if it exists, so that two runs never take the same name
        except FileExistsError:
            number += 1
            continue
        except OSError:  # a file system without hard links
            if aside.exists():
                number += 1
                continue
            path.rename(aside)
            return aside
        path.unlink()
        return aside


def write_chapter(root: Path, number: str, chapter: Notebook) -> Path | None:
    """Write a chapter; a notebook that somebody has worked in is kept beside it.

    Returns:
        Where the learner's notebook was kept, or None if there was nothing to keep.
    """
    path = root / "chapters" / notebook_name(number)
    kept = None
    if path.exists() and path.read_text(encoding="utf-8", errors="replace") != dump(chapter):
        try:
            untouched = is_untouched(read(path))
        except CourseError:
            untouched = False
        if not untouched:
            kept = keep_aside(path)
    write_text(path, dump(chapter))
    return kept


def execute(
    notebook: Notebook, folder: Path, *, seconds: int = 300, as_learner: bool = False
) -> Notebook:
    """Run a notebook from top to bottom in a fresh kernel and return it with its outputs.

    Args:
        notebook: the notebook; it is not changed.
        folder: where the kernel runs.
        seconds: time limit for a cell.
        as_learner: run on after a cell that raises, and keep the progress.

    Raises:
        CourseError: if a cell raises (unless `as_learner`), takes too long or ends the kernel.
    """
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    node = nbformat.reads(dump(notebook), as_version=4)
    client = NotebookClient(
        node,
        timeout=seconds,
        kernel_name="python3",
        allow_errors=as_learner,
        record_timing=False,
        extra_arguments=["--IPKernelApp.log_level=40"],
        resources={"metadata": {"path": str(folder)}},
    )
    progress = {} if as_learner else {"BACKPROP_PROGRESS": "off"}
    try:
        # A thread with a loop of its own, which is closed at the end, whoever calls.
        with ThreadPoolExecutor(max_workers=1) as pool:
            run = client.async_execute(env={**os.environ, **progress})
            pool.submit(asyncio.run, run).result()
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        raise CourseError(f"The notebook does not run: {error}") from error
    return dict(node)


def executed(root: Path, number: str, *, fresh: bool = False) -> Notebook:
    """Run a solution notebook with all its outputs; an unchanged one is as it was the last time.

    Args:
        root: the course's folder.
        number: the chapter's number.
        fresh: run it all the same.

    Raises:
        CourseError: as `execute` does.
    """
    path = root / "solutions" / notebook_name(number)
    cache = root / "book" / "_build" / "executed"
    kept = cache / f"{path.stem}.{_seal(path, root / 'exercises_lib')}.ipynb"
    if kept.exists() and not fresh:
        return read(kept)
    notebook = execute(read(path), path.parent)
    for old in cache.glob(f"{path.stem}.*.ipynb"):
        old.unlink(missing_ok=True)  # another process may be at it, too
    write_text(kept, dump(notebook))
    return notebook


def _seal(path: Path, library: Path) -> str:
    """Seal all that decides about what a notebook shows: itself, the library, and its packages."""
    seal = hashlib.sha256(path.read_bytes())
    for module in sorted(library.rglob("*")):
        if module.relative_to(library).parts[0] in ("course", "grading", "cli.py"):
            continue  # nothing of this runs in a chapter
        if module.is_file() and module.suffix in (".py", ".js", ".css", ".json", ".npz"):
            seal.update(module.read_bytes())
    for package in ("numpy", "matplotlib", "torch", "anywidget", "ipykernel"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            seal.update(metadata.version(package).encode())
    return seal.hexdigest()[:20]


def reset_chapter(root: Path, number: str) -> tuple[Path, Path | None]:
    """Write a fresh copy of a chapter; the old one, if any, is kept beside it.

    Returns:
        The chapter's path, and where the old one was kept or None.
    """
    path = root / "chapters" / notebook_name(number)
    fresh = make_chapter(read(root / "solutions" / notebook_name(number)), repository_of(root))
    kept = keep_aside(path) if path.exists() else None
    write_text(path, dump(fresh))
    return path, kept
