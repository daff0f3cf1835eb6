"""What the course says about a chapter: its check cells, and the code that it gives away.

The plan of a grading comes from here and never from a submission: which exercises there are, what
is looked at for each, and what of a notebook is not the student's own.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import exercises_lib
from exercises_lib import exercises
from exercises_lib.chapters import CHAPTERS
from exercises_lib.course.notebooks import (
    CourseError,
    Notebook,
    check_cell,
    clear_solution,
    has_solution,
    notebook_name,
    read,
    source,
)
from exercises_lib.grading.source import defined, imported, mentioned

NEVER_LOADED = ("exercises_lib.exercises", "exercises_lib.course", "exercises_lib.grading")


@dataclass(frozen=True)
class Check:
    """One check cell of the course.

    Args:
        cell_id: its id, ``chNN-…-check``.
        exercise_id: the exercise.
        expression: what is looked at, for example ``"Relu"``.
        answer_id: the id of the cell above it that holds the student's answer; empty if none does.
        library: names that the course's own answer uses, also through other cells; that an answer
            uses them needs no explanation.
    """

    cell_id: str
    exercise_id: str
    expression: str
    answer_id: str
    library: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """What grading a chapter needs to know.

    Args:
        chapter: its number.
        topic: its topic.
        checks: its check cells, in order.
        given: the sources of the code cells that students get.
        modules: what its notebook imports, to be loaded before the kernels are forked.
        fingerprint: changes when the chapter's cells or the way they are judged change.
    """

    chapter: str
    topic: str
    checks: tuple[Check, ...]
    given: frozenset[str]
    modules: tuple[str, ...]
    fingerprint: str

    @property
    def points(self) -> int:
        """What the chapter counts."""
        return sum(exercises.get(check.exercise_id).points for check in self.checks)


def load_plans(root: Path) -> dict[str, Plan]:
    """Read the plans of all chapters.

    Args:
        root: the course's folder.

    Raises:
        CourseError: if no chapter can be read.
    """
    found = {}
    for number in CHAPTERS:
        path = root / "solutions" / notebook_name(number)
        if path.exists():
            found[number] = plan_of(number, read(path))
    if not found:
        raise CourseError(f"No chapter found in {root / 'solutions'}.")
    return found


def plan_of(number: str, notebook: Notebook) -> Plan:
    """Make the plan of a chapter from its solution notebook."""
    checks: list[Check] = []
    given: set[str] = set()
    answer = ""
    answer_source = ""
    cells = [cell for cell in notebook["cells"] if cell.get("cell_type") == "code"]
    definitions: dict[str, str] = {}
    for cell in cells:
        text = source(cell)
        given.add(clear_solution(text).strip())
        definitions |= dict.fromkeys(defined(text), text)
        if has_solution(cell):
            answer, answer_source = str(cell.get("id", "")), text
        found = check_cell(cell)
        if found is not None:
            names = tuple(sorted(_closure(answer_source, definitions)))
            checks.append(Check(found.id, found.exercise_id, found.expression, answer, names))
            answer, answer_source = "", ""
    return Plan(
        chapter=number,
        topic=CHAPTERS[number].topic,
        checks=tuple(checks),
        given=frozenset(given),
        modules=tuple(sorted({name for cell in cells for name in _modules(source(cell))})),
        fingerprint=_fingerprint(number, [source(cell) for cell in cells]),
    )


def _modules(text: str) -> set[str]:
    """Return the modules that a cell imports and a kernel may load."""
    return {name for name in imported(text) if not name.startswith(NEVER_LOADED)}


def _closure(answer: str, definitions: dict[str, str]) -> set[str]:
    """Return the names that an answer uses, also through functions and classes of other cells."""
    found = mentioned(answer) - defined(answer)
    todo = list(found)
    while todo:
        text = definitions.get(todo.pop(), "")
        new = mentioned(text) - found if text else set()
        found |= new
        todo += new
    return found - defined(answer)


def _fingerprint(number: str, sources: list[str]) -> str:
    digest = hashlib.sha256()
    package = Path(exercises_lib.__file__).parent
    files = [
        *sorted((package / "checking").glob("*.py")),
        package / "probes" / "__init__.py",
        *(package / "probes").glob(f"ch{number}.py"),
        *(package / "exercises" / f"ch{CHAPTERS[number].stem}").glob("*.py"),
        package / "exercises" / "drawn_anew.py",
        package / "grading" / "library.py",
    ]
    for text in [*sources, *(path.read_text(encoding="utf-8") for path in files)]:
        digest.update(text.encode())
        digest.update(b"\0")
    return digest.hexdigest()[:20]


def chapter_of(name: str, notebook: dict[str, Any], plans: dict[str, Plan]) -> str | None:
    """Tell to which chapter a notebook belongs.

    Its cells decide: the chapter whose check cells most of them are, by id or by exercise. Where
    there are none, the file's name does: ``04_affine.ipynb``, ``Ana 04_affine-1.ipynb``.

    Args:
        name: the file's name.
        notebook: the notebook.
        plans: the chapters.

    Returns:
        The chapter's number, or None if it cannot be told.
    """
    votes: dict[str, int] = {}
    for cell in notebook["cells"]:
        if cell.get("cell_type") != "code":
            continue
        match = re.fullmatch(r"ch(\d\dp?)-.+-check", str(cell.get("id", "")))
        match = match or re.match(r"""\s*check\(\s*["']ch(\d\d)\.""", source(cell))
        if match and match[1] in plans:
            votes[match[1]] = votes.get(match[1], 0) + 1
    if votes:
        return max(sorted(votes), key=lambda number: votes[number])
    for number, chapter in CHAPTERS.items():
        if number in plans and re.search(rf"(?<!\d){number[:2]}[_ -]{chapter.topic}", name):
            return number
    return None
