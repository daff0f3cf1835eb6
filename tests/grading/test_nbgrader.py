"""nbgrader as a neighbour: `solutions/` can be its `source/`."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from exercises_lib.course.notebooks import Notebook, dump, notebook_name

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs a shell's environment")
CHAPTER = "00"


@pytest.fixture(scope="module")
def nbgrader(root: Path) -> Path:
    """The Python of an environment that has nbgrader; `make test NBGRADER=1` makes it."""
    python = root / ".venv/nbgrader/bin/python"
    if not (root / ".venv/nbgrader/.done").exists():
        pytest.skip("nbgrader is not installed (make test NBGRADER=1)")
    return python


def test_solutions_can_be_nbgraders_source(
    nbgrader: Path, tmp_path: Path, solved: Callable[[str], Notebook], root: Path
) -> None:
    name = notebook_name(CHAPTER)
    (tmp_path / "source/ps").mkdir(parents=True)
    shutil.copy(root / "solutions" / name, tmp_path / "source/ps")
    (tmp_path / "nbgrader_config.py").write_text(
        "c = get_config()\nc.CourseDirectory.course_id = 'backprop'\n"
    )

    def run(*words: str) -> None:
        done = subprocess.run(
            [nbgrader, "-m", "nbgrader", *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            env={
                **os.environ,
                "PATH": f"{nbgrader.parent}:{os.environ['PATH']}",
                "JUPYTER_CONFIG_DIR": str(tmp_path),
                "BACKPROP_PROGRESS": "off",
            },
        )
        assert done.returncode == 0, done.stderr[-3000:]

    run("generate_assignment", "ps")
    released = (tmp_path / "release/ps" / name).read_text(encoding="utf-8")
    assert "return 2 * x" not in released and "BEGIN SOLUTION" not in released
    for student, text in (("solved", dump(solved(CHAPTER))), ("untouched", released)):
        folder = tmp_path / "submitted" / student / "ps"
        folder.mkdir(parents=True)
        (folder / name).write_text(text, encoding="utf-8")
    run("autograde", "ps", "--create")
    run("export")
    with (tmp_path / "grades.csv").open(newline="") as stream:
        grades = {line["student_id"]: line for line in csv.DictReader(stream)}
    assert float(grades["solved"]["max_score"]) == 1
    assert float(grades["solved"]["score"]) == float(grades["solved"]["max_score"])
    assert float(grades["untouched"]["score"]) == 0
