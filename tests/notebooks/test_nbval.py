"""The notebooks run: solutions give the outputs they store, chapters run through unanswered."""

from __future__ import annotations

from pathlib import Path

import pytest

from exercises_lib.chapters import CHAPTERS
from exercises_lib.course.build import execute
from exercises_lib.course.notebooks import check_cells, find_root, notebook_name, read

ROOT = find_root(Path(__file__).parent)
NUMBERS = [n for n in CHAPTERS if (ROOT / "solutions" / notebook_name(n)).exists()]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_solution_gives_the_outputs_that_it_stores(number, tmp_path, monkeypatch, nbval):
    monkeypatch.setenv("BACKPROP_PROGRESS", str(tmp_path / "progress.sqlite"))
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
