"""The grader and nbval agree: what a check says in a plain kernel is what the grader says."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from exercises_lib.course.notebooks import Notebook, check_cell, dump, source
from exercises_lib.grading.manifest import Plan
from exercises_lib.grading.sandbox import Limits
from exercises_lib.grading.task import Outcome

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="grading forks processes")
SLIPS = {
    "03": [("self.y", "self.x"), ("x > 0", "x < 0"), ("np.sum(", "np.mean(")],
}
"""What is changed in a solved chapter, wherever it stands between the markers of a solution."""


def with_slips(notebook: Notebook, slips: list[tuple[str, str]]) -> Notebook:
    """Make mistakes in the answers of a solved chapter."""
    for cell in notebook["cells"]:
        if "### BEGIN SOLUTION" in source(cell):
            for old, new in slips:
                cell["source"] = source(cell).replace(old, new)
    return notebook


def with_verdicts(notebook: Notebook, outcome: Outcome) -> Notebook:
    """Let check cells print their verdict, and store the grader's as what they print."""
    for cell in notebook["cells"]:
        found = check_cell(cell)
        if found is not None:
            call = f"check({found.exercise_id!r}, {found.expression})"
            cell["source"] = f"# NBVAL_CHECK_OUTPUT\nprint({call}.status)"
            text = f"{outcome.verdict(found.exercise_id).status}\n"
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": text}]
            cell["execution_count"] = 1
    return notebook


def test_every_verdict_is_the_one_that_nbval_finds_in_a_plain_kernel(
    solved: Callable[[str], Notebook],
    untouched: Callable[[str], Notebook],
    grade: Callable[..., Outcome],
    plans: dict[str, Plan],
    tmp_path: Path,
    nbval: Callable[..., tuple[int, list[str]]],
) -> None:
    seen: set[str] = set()
    for chapter, slips in SLIPS.items():
        kinds = {"solved": solved, "untouched": untouched}
        made = {name: make(chapter) for name, make in kinds.items()}
        made["slips"] = with_slips(solved(chapter), slips)
        for name, notebook in made.items():
            outcome = grade(notebook, chapter, Limits())
            assert len(outcome.verdicts) == len(plans[chapter].checks)
            seen |= {verdict.status for verdict in outcome.verdicts}
            path = tmp_path / f"{chapter}-{name}.ipynb"
            path.write_text(dump(with_verdicts(notebook, outcome)), encoding="utf-8")
    assert seen >= {"passed", "wrong", "unanswered"}
    passed, failed = nbval(tmp_path, "--nbval-lax")
    assert failed == [] and passed > len(seen)
