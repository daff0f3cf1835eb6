"""Validation: everything that a machine can notice about the course's notebooks."""

from __future__ import annotations

import itertools
import re
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from exercises_lib import exercises
from exercises_lib.chapters import CHAPTERS, chapter_of
from exercises_lib.course.build import make_chapter, normalise, repository_of
from exercises_lib.course.notebooks import (
    BEGIN,
    END,
    Cell,
    CourseError,
    Notebook,
    check_cell,
    check_cells,
    dump,
    has_solution,
    notebook_name,
    read,
    solution_blocks,
    source,
)

MAX_LINES, MAX_MEDIAN = 25, 8
DISTINCTIVE = 16
"""A solution line of at least this many characters must not be found in a chapter."""


def validate(root: Path, numbers: Iterable[str] | None = None) -> list[str]:
    """Check the notebooks of a course.

    Args:
        root: the course's folder.
        numbers: the chapters to check; all of them if it is None.

    Returns:
        What is wrong, one sentence each; empty if nothing is.
    """
    problems = list(_stray_files(root))
    used: Counter[str] = Counter()
    chosen = list(CHAPTERS) if numbers is None else [n.zfill(2) for n in numbers]
    for number in chosen:
        name = notebook_name(number)
        try:
            solution = read(root / "solutions" / name)
            problems += [f"solutions/{name}: {text}" for text in check_solution(number, solution)]
            if dump(normalise(solution)) != (root / "solutions" / name).read_text(encoding="utf-8"):
                problems.append(f"solutions/{name}: not in its one form; run `backprop build`.")
            chapter = make_chapter(solution, repository_of(root))
            problems += [f"chapters/{name}: {text}" for text in find_leaks(solution, chapter)]
            problems += _compare(root / "chapters" / name, chapter)
            used.update(cell.exercise_id for cell in check_cells(solution))
        except CourseError as error:
            problems.append(f"{name}: {error}")
    for number in chosen:
        for exercise in exercises.chapter_exercises(number):
            if used[exercise.id] != 1:
                problems.append(f"{exercise.id} is asked {used[exercise.id]} times, expected once.")
    return problems


def _stray_files(root: Path) -> Iterator[str]:
    known = {notebook_name(number) for number in CHAPTERS}
    for folder in ("solutions", "chapters"):
        for path in sorted((root / folder).glob("*")):
            if path.name.startswith(".") or ".yours" in path.name or path.name == "__pycache__":
                continue
            if path.name not in known:
                yield f"{folder}/{path.name} does not belong here."


def _compare(path: Path, chapter: Notebook) -> Iterator[str]:
    where = f"chapters/{path.name}"
    if not path.exists():
        yield f"{where} is missing; run `backprop build`."
    elif path.read_bytes() != dump(chapter).encode():
        yield f"{where} differs from what its solution gives; run `backprop build`."


def check_solution(number: str, notebook: Notebook) -> Iterator[str]:
    """List what is wrong with a solution notebook.

    Args:
        number: the chapter's number.
        notebook: the notebook.

    Yields:
        One sentence for each thing: cell ids, solution markers, check cells, headings, lengths of
        cells, stored outputs.
    """
    cells = notebook["cells"]
    ids = Counter(str(cell.get("id", "")) for cell in cells)
    for cell_id, count in ids.items():
        if count > 1:
            yield f"{count} cells have the id {cell_id!r}."
        if not re.fullmatch(rf"ch{number}-[A-Za-z0-9_-]+", cell_id):
            yield f"the id {cell_id!r} is not of the form ch{number}-name."
    for cell in cells:
        if cell["cell_type"] == "code":
            for text in _code_cell_problems(number, cell, ids):
                yield f"cell {cell.get('id')}: {text}"
    sizes = [len(source(cell).split("\n")) for cell in cells if cell["cell_type"] == "code"]
    if sizes and statistics.median(sizes) > MAX_MEDIAN:
        yield f"the median code cell has {statistics.median(sizes)} lines, at most {MAX_MEDIAN}."
    yield from _heading_problems(cells)


def _code_cell_problems(number: str, cell: Cell, ids: Counter[str]) -> Iterator[str]:
    text, cell_id = source(cell), str(cell.get("id", ""))
    rows = [row.strip() for row in text.split("\n")]
    if has_solution(cell):  # a class of five methods has ten marks, and blank lines for clarity
        rows = [row for row in rows if row not in ("", BEGIN, END)]
    size = len(rows)
    if size > MAX_LINES:
        yield f"{size} lines, at most {MAX_LINES}."
    try:
        list(solution_blocks(text))
    except CourseError as error:
        yield f"{error}."
    if has_solution(cell) and f"{cell_id}-check" not in ids:
        yield f"it has a solution, and no cell {cell_id}-check checks it."
    if cell_id.endswith("-check"):
        checked = check_cell(cell)
        if checked is None:
            yield 'a check cell is one call: check("chNN.name", answer).'
        elif chapter_of(checked.exercise_id) != number:
            yield f"it checks {checked.exercise_id}, which is not of this chapter."
        elif cell_id.removesuffix("-check") not in ids:
            yield f"there is no answer cell {cell_id.removesuffix('-check')}."
    if cell.get("execution_count") is None:
        yield "it was never run; run `backprop build --execute`."
    for output in cell.get("outputs", []):
        if output.get("output_type") == "error":
            yield f"its stored output is an error: {output.get('ename')}."


def _heading_problems(cells: list[Cell]) -> Iterator[str]:
    levels: list[tuple[int, str]] = []
    for cell in cells:
        if cell["cell_type"] == "markdown":
            prose = re.sub(r"(?ms)^(```|~~~).*?^\1", "", source(cell))
            found = re.findall(r"(?m)^(#{1,6})\s+(.+)$", prose)
            levels += [(len(marks), title) for marks, title in found]
    if not levels or levels[0][0] != 1:
        yield "it does not begin with a title."
    if sum(level == 1 for level, _ in levels) > 1:
        yield "it has more than one title (#)."
    for (before, _), (level, title) in itertools.pairwise(levels):
        if level > before + 1:
            yield f"the heading {title!r} skips a level."


def find_leaks(solution: Notebook, chapter: Notebook) -> Iterator[str]:
    """Search a chapter for lines of its solutions.

    A line is distinctive if it has at least `DISTINCTIVE` characters and is not part of the code
    that a fix exercise gives to be mended.

    Yields:
        One sentence for each line found.
    """
    shown = "\n".join(source(cell) for cell in chapter["cells"])
    shown_lines = {line.strip() for line in shown.split("\n")}
    for index, cell in enumerate(solution["cells"]):
        if not has_solution(cell):
            continue
        given = _given_lines(solution["cells"], index)
        rows = source(cell).split("\n")
        for begin, end, _ in solution_blocks(source(cell)):
            for line in (row.strip() for row in rows[begin + 1 : end]):
                if len(line) < DISTINCTIVE or line in given or line.startswith("#"):
                    continue
                if line in shown_lines:
                    yield f"the solution line {line!r} of {cell.get('id')} can be read in it."


def _given_lines(cells: list[Cell], index: int) -> set[str]:
    """Lines of the code that a fix exercise gives; empty for other exercises."""
    checked = next(
        (
            found
            for cell in cells[index + 1 :]
            if (found := check_cell(cell)) and found.id == f"{cells[index].get('id')}-check"
        ),
        None,
    )
    if checked is None or exercises.get(checked.exercise_id).kind != "debug":
        return set()
    before = [source(cell) for cell in cells[:index] if cell["cell_type"] == "code"]
    return {line.strip() for text in before for line in text.split("\n")}
