"""Where an exercise is looked at, whatever became of its check cell."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from exercises_lib.grading.manifest import Plan
from exercises_lib.grading.task import Outcome

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="grading forks processes")

SETUP = ("ch00-setup", "import numpy as np\nfrom exercises_lib import check, hint")
RIGHT = ("ch00-double", "def double(x):\n    return 2 * x")
WRONG = ("ch00-double", "def double(x):\n    return x + 2")
STUB = ("ch00-double", "def double(x):\n    raise NotImplementedError")
CHECK = ("ch00-double-check", 'check("ch00.double", double)')
LATER = ("later", "double = None")


@pytest.mark.parametrize(
    ("cells", "verdict"),
    [
        ([SETUP, RIGHT, CHECK, LATER], "passed"),
        ([SETUP, WRONG, CHECK, RIGHT], "wrong"),
        ([SETUP, STUB, CHECK, RIGHT], "passed"),
        ([SETUP, CHECK, RIGHT], "passed"),
        ([SETUP, RIGHT], "passed"),
        ([SETUP, RIGHT, LATER], "passed"),
        ([SETUP, ("renamed", RIGHT[1])], "passed"),
        ([SETUP, ("renamed", RIGHT[1]), ("other", CHECK[1]), LATER], "passed"),
        ([SETUP, WRONG, CHECK, ("copy", RIGHT[1]), ("copy-check", CHECK[1])], "passed"),
        ([SETUP, RIGHT, CHECK, ("copy", WRONG[1]), ("copy-check", CHECK[1])], "wrong"),
        ([SETUP, RIGHT, CHECK, CHECK, CHECK], "passed"),
        ([SETUP, WRONG, (CHECK[0], "pass")], "wrong"),
        ([SETUP, RIGHT, (CHECK[0], "pass")], "passed"),
        ([SETUP, WRONG, (CHECK[0], 'check("ch00.double", lambda x: 2 * x)')], "wrong"),
        ([SETUP, WRONG, (CHECK[0], RIGHT[1])], "wrong"),
        ([SETUP, RIGHT, (CHECK[0], "def (")], "passed"),
        ([SETUP, RIGHT, (CHECK[0], 'check( "ch00.double",\n  double )  # mine')], "passed"),
        ([SETUP, STUB, CHECK], "unanswered"),
        ([SETUP, ("ch00-double", ""), CHECK], "unanswered"),
        ([SETUP, ("ch00-double", "double = None"), CHECK], "unanswered"),
        ([SETUP, ("ch00-double", "double = 3"), CHECK], "wrong"),
        ([SETUP, ("ch00-double", "def double(x:"), CHECK], "unanswered"),
        ([SETUP, ("ch00-double", "def doubel(x):\n    return 2 * x"), CHECK], "unanswered"),
        ([CHECK], "unanswered"),
        ([], "unanswered"),
    ],
)
def test_an_exercise_is_looked_at_where_it_should_be(
    cells: list[tuple[str, str]], verdict: str, grade: Callable[..., Outcome]
) -> None:
    outcome = grade(cells)
    assert outcome.status == "ok"
    assert outcome.verdict("ch00.double").status == verdict


def test_the_marks_of_a_notebooks_metadata_count_for_nothing(
    grade: Callable[..., Outcome],
    notebook_of: Callable[..., dict[str, object]],
    plans: dict[str, Plan],
) -> None:
    notebook = notebook_of([SETUP, RIGHT, CHECK], points=1000)
    for cell in notebook["cells"]:  # type: ignore[attr-defined]
        cell["metadata"] = {"nbgrader": {"points": 1000, "grade": True}, "tags": ["nbval-skip"]}
    verdict = grade(notebook).verdict("ch00.double")
    assert (verdict.earned, verdict.points, plans["00"].points) == (1, 1, 1)


def test_every_run_draws_its_own_cases(grade: Callable[..., Outcome]) -> None:
    seeds = {grade([SETUP, RIGHT, CHECK]).seed for _ in range(3)}
    assert len(seeds) == 3 and 0 not in seeds
