"""Where in a submission an exercise is observed.

1. Right where its check cell stands: the last cell that has the check cell's id or says the same.
2. If there is none, below the last cell that has the answer cell's id or assigns the answer.
3. If it is unanswered there, once more when all cells have run.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from exercises_lib.grading.manifest import Check, Plan
from exercises_lib.grading.notebook import Code
from exercises_lib.grading.source import Facts

END = -1
"""In the place of a cell's index: where there is no cell."""


def places(
    cells: Sequence[Code], read: Sequence[Facts], checks: Sequence[Check]
) -> dict[int, list[Check]]:
    """Say below which cell each exercise is observed.

    Args:
        cells: the submission's code cells.
        read: what stands in each of them.
        checks: the chapter's check cells.

    Returns:
        Index of a cell → the exercises that are observed below it; `END` if there is no cell.
    """
    found: dict[int, list[Check]] = {}
    for check in checks:
        index = [i for i, cell in enumerate(cells) if is_check(cell, read[i], check)]
        if not index:
            wanted = check.answer_id
            index = [i for i, cell in enumerate(cells) if wanted and cell.id == wanted]
        if not index:
            index = [i for i, seen in enumerate(read) if name_of(check) in seen.assigned]
        found.setdefault((index or [len(cells) - 1])[-1], []).append(check)
    return found


def name_of(check: Check) -> str:
    """Return the name that a check cell looks at: ``"Relu"`` of ``"Relu"`` and ``"Relu()"``."""
    return check.expression.split("(")[0].split(".")[0].strip()


def nowhere(cells: Sequence[Code], read: Sequence[Facts], plan: Plan) -> set[str]:
    """Return the exercises that a submission does not answer anywhere.

    Their check cells are gone, and the code that is not the course's own never names them.
    """
    own = [cell.source for cell in cells if cell.source.strip() not in plan.given]
    return {
        check.exercise_id
        for check in plan.checks
        if not any(is_check(cell, seen, check) for cell, seen in zip(cells, read, strict=True))
        and not any(re.search(rf"\b{re.escape(name_of(check))}\b", text) for text in own)
    }


def is_check(cell: Code, seen: Facts, check: Check) -> bool:
    """Tell whether a cell is a certain check cell: by its id, or because it says the same."""
    if cell.id == check.cell_id:
        return True
    return seen.statement == f"check({check.exercise_id!r}, {check.expression})"
