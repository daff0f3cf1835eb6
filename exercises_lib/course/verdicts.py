"""Running a learner's own chapter and reading the verdicts from its check cells."""

from __future__ import annotations

from pathlib import Path

from exercises_lib.checking.verdict import LOOKS
from exercises_lib.course.build import execute
from exercises_lib.course.notebooks import check_cell, notebook_name, read


def chapter_verdicts(root: Path, number: str, *, seconds: int = 120) -> list[tuple[str, str, str]]:
    """Run a chapter as it stands and collect its verdicts.

    Args:
        root: the course's folder.
        number: the chapter's number.
        seconds: time limit for a cell.

    Returns:
        For each check cell the exercise, the status and the verdict as text. A cell that shows no
        verdict, because an earlier one stopped the kernel, has the status ``"error"``.

    Raises:
        CourseError: if the notebook cannot be read, or a cell takes too long.
    """
    folder = root / "chapters"
    notebook = execute(
        read(folder / notebook_name(number)), folder, seconds=seconds, as_learner=True
    )
    found = []
    for cell in notebook["cells"]:
        checked = check_cell(cell)
        if checked is not None:
            texts = [
                str(output.get("data", {}).get("text/plain", "")) for output in cell["outputs"]
            ]
            text = next((text for text in texts if checked.exercise_id in text), "")
            found.append((checked.exercise_id, _status(text), text or f"! {checked.exercise_id}"))
    return found


def _status(text: str) -> str:
    first = text.split("\n")[0]
    return next((s for s, (_, words, _) in LOOKS.items() if first.endswith(f"· {words}")), "error")
