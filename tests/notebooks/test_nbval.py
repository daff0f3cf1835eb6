"""The notebooks run: solutions give the outputs they store, chapters run through unanswered."""

from __future__ import annotations

from pathlib import Path

import pytest

from exercises_lib.chapters import CHAPTERS
from exercises_lib.course.build import execute, executed, normalise
from exercises_lib.course.notebooks import check_cells, find_root, notebook_name, read

ROOT = find_root(Path(__file__).parent)
NUMBERS = [n for n in CHAPTERS if (ROOT / "solutions" / notebook_name(n)).exists()]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_solution_gives_the_outputs_that_it_stores(number):
    stored = read(ROOT / "solutions" / notebook_name(number))["cells"]
    made = normalise(executed(ROOT, number))["cells"]  # the run from which the book is made
    assert [cell["id"] for cell in made] == [cell["id"] for cell in stored]
    compared = 0
    for cell, found in zip(stored, made, strict=True):
        tags = cell["metadata"].get("tags", [])
        if cell["cell_type"] == "code" and "nbval-ignore-output" not in tags:
            assert found["outputs"] == cell["outputs"], cell["id"]
            compared += 1
    assert compared > 5


def test_nbval_passes_every_cell_of_a_solution(whole, tmp_path, monkeypatch, nbval):
    monkeypatch.setenv("BACKPROP_PROGRESS", str(tmp_path / "progress.sqlite"))
    for number in NUMBERS if whole else ["04"]:
        path = ROOT / "solutions" / notebook_name(number)
        passed, failed = nbval(path, "--nbval")
        assert failed == []
        assert passed == len([c for c in read(path)["cells"] if c["cell_type"] == "code"])


@pytest.mark.parametrize("number", NUMBERS)
def test_every_check_of_a_solution_passed(number):
    notebook = read(ROOT / "solutions" / notebook_name(number))
    checks = {cell.id for cell in check_cells(notebook)}
    for cell in notebook["cells"]:
        if cell["id"] in checks:
            text = "".join(cell["outputs"][0]["data"]["text/plain"])
            assert "· passed" in text, text


@pytest.mark.parametrize("number", NUMBERS)
def test_an_untouched_chapter_runs_with_every_exercise_unanswered(number):
    folder = ROOT / "chapters"
    notebook = execute(read(folder / notebook_name(number)), folder)
    checks = {cell.id for cell in check_cells(notebook)}
    assert checks or number == "99"
    for cell in notebook["cells"]:
        if cell["id"] in checks:
            text = str(cell["outputs"][0]["data"]["text/plain"])
            assert "not answered yet" in text or "not available here" in text, text
