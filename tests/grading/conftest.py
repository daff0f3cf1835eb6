"""What the tests of grading share: a worker, and notebooks made from the course's own."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from exercises_lib.course.build import make_chapter
from exercises_lib.course.notebooks import Notebook, notebook_name, read
from exercises_lib.grading.manifest import Plan, load_plans
from exercises_lib.grading.notebook import Code, code_cells, read_notebook
from exercises_lib.grading.sandbox import Limits
from exercises_lib.grading.task import Outcome, Task
from exercises_lib.grading.workers import Workers, grade_here

QUICK = Limits(cell_seconds=1.0, total_seconds=12.0, memory=512 << 20, disk=16 << 20)


@pytest.fixture(scope="session")
def plans(root: Path) -> dict[str, Plan]:
    """The plans of all chapters."""
    return load_plans(root)


@pytest.fixture(scope="session")
def workers(root: Path) -> Iterator[Workers]:
    """The workers of all tests of a session, two at most."""
    os.environ["BACKPROP_TEST_SECRET"] = "a token that no student may see"
    made = Workers(2, [str(root / "solutions")])
    yield made
    made.shutdown()


@pytest.fixture(scope="session")
def solved(root: Path) -> Callable[[str], Notebook]:
    """Gives a chapter with all its answers."""
    return lambda number: copy.deepcopy(read(root / "solutions" / notebook_name(number)))


@pytest.fixture(scope="session")
def untouched(solved: Callable[[str], Notebook]) -> Callable[[str], Notebook]:
    """Gives a chapter as students get it."""
    return lambda number: make_chapter(solved(number))


@pytest.fixture(scope="session")
def grade(workers: Workers, plans: dict[str, Plan]) -> Callable[..., Outcome]:
    """Grades a notebook, or a list of ``(id, source)``, as a certain chapter."""

    def run(
        notebook: Notebook | Sequence[tuple[str, str]], chapter: str = "00", limits: Limits = QUICK
    ) -> Outcome:
        if isinstance(notebook, dict):
            cells = code_cells(read_notebook(json.dumps(notebook).encode()))
        else:
            cells = [Code(*cell) for cell in notebook]
        outcome: Outcome = workers.submit(
            grade_here, Task(tuple(cells), plans[chapter], limits)
        ).result()
        return outcome

    return run


@pytest.fixture(scope="session")
def notebook_of() -> Callable[..., Notebook]:
    """Makes a notebook of code cells, given as ``(id, source)``."""
    return _notebook_of


def _notebook_of(cells: Sequence[tuple[str, str]], **metadata: Any) -> Notebook:
    """Make a notebook of code cells."""
    return {
        "cells": [
            {
                "cell_type": "code",
                "id": name,
                "source": source,
                "metadata": {},
                "outputs": [],
                "execution_count": None,
            }
            for name, source in cells
        ],
        "metadata": metadata,
        "nbformat": 4,
        "nbformat_minor": 5,
    }
