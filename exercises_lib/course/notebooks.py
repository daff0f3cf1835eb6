"""Reading and writing the course's notebooks, and knowing what their cells are."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exercises_lib.chapters import CHAPTERS
from exercises_lib.errors import UserError

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"

Notebook = dict[str, Any]
Cell = dict[str, Any]


class CourseError(UserError):
    """Something about the course's files is not as it must be; the text says what to do."""


def find_root(start: Path | None = None) -> Path:
    """Return the folder of the course: the one that holds ``solutions/`` and ``chapters/``.

    Looks in `start` (default: the current folder), in the folders above it, and beside the package.

    Raises:
        CourseError: if there is none.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[2]):
        if (folder / "solutions").is_dir() and (folder / "exercises_lib").is_dir():
            return folder
    raise CourseError(
        f"No course found in {here} or above it: expected a folder with solutions/ and chapters/. "
        "Change into your copy of the course and try again."
    )


def notebook_name(number: str) -> str:
    """Return the file name of a chapter, for example ``03_layers.ipynb``.

    Raises:
        CourseError: if there is no such chapter.
    """
    wanted = number.zfill(2)
    if wanted not in CHAPTERS:
        raise CourseError(f"There is no chapter {number!r}; there are {', '.join(CHAPTERS)}.")
    return f"{CHAPTERS[wanted].stem}.ipynb"


def chapter_numbers(root: Path) -> list[str]:
    """Return the numbers of the chapters that have a solution notebook."""
    return [number for number in CHAPTERS if (root / "solutions" / notebook_name(number)).exists()]


def read(path: Path) -> Notebook:
    """Read a notebook of format 4.

    Raises:
        CourseError: if the file is missing, not JSON, or not a notebook of format 4.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CourseError(f"{path} does not exist.") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise CourseError(
            f"{path} is not a notebook: it cannot be read as JSON ({error})."
        ) from error
    if not isinstance(data, dict) or not isinstance(data.get("cells"), list):
        raise CourseError(f"{path} is not a notebook of format 4: it has no list of cells.")
    if data.get("nbformat") != 4:
        raise CourseError(
            f"{path} is a notebook of format {data.get('nbformat')!r}, expected 4. "
            "Open it in JupyterLab and save it again."
        )
    return data


def dump(notebook: Notebook) -> str:
    """Give a notebook as text, always the same for the same content."""
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all: beside its place first, then renamed into it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def source(cell: Cell) -> str:
    """Return a cell's source as one string."""
    text = cell.get("source", "")
    return "".join(text) if isinstance(text, list) else str(text)


def lines(text: str) -> list[str]:
    """Return a source in the form in which notebooks store it."""
    return text.splitlines(keepends=True)


@dataclass(frozen=True)
class CheckCell:
    """A cell that checks one exercise.

    Args:
        id: the cell's id, ``chNN-…-check``.
        exercise_id: the exercise.
        expression: what is checked, as it stands in the cell.
    """

    id: str
    exercise_id: str
    expression: str


def check_cell(cell: Cell) -> CheckCell | None:
    """Return what a cell checks, or None if it is not a check cell.

    A check cell's id ends in ``-check``; its only statement is ``check("chNN.name", expression)``.
    """
    cell_id = str(cell.get("id", ""))
    if cell.get("cell_type") != "code" or not cell_id.endswith("-check"):
        return None
    try:
        body = ast.parse(source(cell)).body
    except SyntaxError:
        return None
    match body:
        case [
            ast.Expr(
                ast.Call(
                    ast.Name("check"), [ast.Constant(str(exercise_id)), expression], keywords=[]
                )
            )
        ]:
            return CheckCell(cell_id, exercise_id, ast.unparse(expression))
    return None


def check_cells(notebook: Notebook) -> list[CheckCell]:
    """Return the check cells of a notebook, in order."""
    return [found for cell in notebook["cells"] if (found := check_cell(cell)) is not None]


def solution_blocks(text: str) -> Iterator[tuple[int, int, str]]:
    """Find the solution blocks of a cell.

    Args:
        text: the cell's source.

    Yields:
        Index of the line that begins a block, of the line that ends it, and its indentation.

    Raises:
        CourseError: if markers are nested, not closed, not opened, or indented differently.
    """
    begun: tuple[int, str] | None = None
    for index, line in enumerate(text.split("\n")):
        indent = line[: len(line) - len(line.lstrip())]
        if line.strip() == BEGIN:
            if begun is not None:
                raise CourseError(f"{BEGIN} inside another block")
            begun = (index, indent)
        elif line.strip() == END:
            if begun is None:
                raise CourseError(f"{END} without {BEGIN}")
            if indent != begun[1]:
                raise CourseError(f"{END} is indented differently from its {BEGIN}")
            yield begun[0], index, indent
            begun = None
        elif "BEGIN SOLUTION" in line or "END SOLUTION" in line:
            raise CourseError(f"a solution marker stands alone on its line: {line.strip()!r}")
    if begun is not None:
        raise CourseError(f"{BEGIN} without {END}")


def clear_solution(text: str) -> str:
    """Replace the solution blocks of a cell by a place to write.

    Inside a function the place raises `NotImplementedError` when it is called. At the top level it
    is only a comment, so that a chapter runs from top to bottom; where blanks (``None``) stand
    above it to be filled in, nothing is needed.
    """
    rows = text.split("\n")
    for begin, end, indent in reversed(list(solution_blocks(text))):
        stub = [f"{indent}# YOUR CODE HERE"]
        if indent:
            stub.append(f"{indent}raise NotImplementedError")
        elif any("None" in row for row in rows[:begin]):
            stub = []
        rows[begin : end + 1] = stub
    return "\n".join(rows).strip("\n")


def has_solution(cell: Cell) -> bool:
    """Tell whether a cell has a solution block."""
    return cell.get("cell_type") == "code" and BEGIN in source(cell)


def sources_hash(notebook: Notebook) -> str:
    """Return a hash of what the cells say, whatever their outputs are."""
    parts = [[cell.get("cell_type"), source(cell)] for cell in notebook["cells"]]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:20]
