"""What of a notebook is the student's answer to which exercise."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from exercises_lib.course.notebooks import BEGIN, END, notebook_name, read, source
from exercises_lib.grading.manifest import Plan
from exercises_lib.grading.notebook import Code

MAX_ANSWER = 20_000
"""Characters of one answer that are kept."""


def answers(cells: Sequence[Code], plan: Plan) -> dict[str, str]:
    """Find the code that a student has written for each exercise.

    It is what stands between the check cell before and the exercise's own, without the cells that
    the course hands out; where the check cell is gone, the cell that was meant for the answer.

    Args:
        cells: the notebook's code cells.
        plan: its chapter's plan.

    Returns:
        Exercise → code; exercises without any are left out.
    """
    found: dict[str, str] = {}
    own: list[str] = []
    checks = {check.cell_id: check for check in plan.checks}
    called = {check.exercise_id: check for check in plan.checks}
    for cell in cells:
        match = re.match(r"""\s*check\(\s*["'](ch\d\d\.\w+)["']""", cell.source)
        check = called.get(match[1]) if match else checks.get(cell.id)
        if check is None:
            if cell.source.strip() not in plan.given:
                own.append(cell.source.strip())
        elif check.exercise_id not in found:
            found[check.exercise_id] = "\n\n".join(own)[:MAX_ANSWER]
            own = []
    by_id = {cell.id: cell.source.strip() for cell in cells}
    for check in plan.checks:
        code = by_id.get(check.answer_id, "")
        if not found.get(check.exercise_id) and code not in plan.given:
            found[check.exercise_id] = code[:MAX_ANSWER]
    return {name: code for name, code in found.items() if code}


def published(root: Path, plan: Plan) -> dict[str, str]:
    """Return the course's own answers to a chapter: exercise → code."""
    notebook = read(root / "solutions" / notebook_name(plan.chapter))
    cells = [
        Code(str(cell.get("id", "")), _without_markers(source(cell)))
        for cell in notebook["cells"]
        if cell.get("cell_type") == "code"
    ]
    return answers(cells, plan)


def _without_markers(text: str) -> str:
    return "\n".join(line for line in text.split("\n") if line.strip() not in (BEGIN, END))
