"""What students get holds no answers, runs, and can be graded; nbgrader's folder is laid out."""

from __future__ import annotations

import inspect
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from exercises_lib import exercises
from exercises_lib.chapters import CHAPTERS
from exercises_lib.cli import main
from exercises_lib.course.notebooks import Notebook, dump, has_solution, notebook_name
from exercises_lib.grading.handout import cut, kept_names


def handout(folder: Path, *chapters: str) -> Path:
    """Write a hand-out."""
    done = CliRunner().invoke(main, ["handout", str(folder), *chapters])
    assert done.exit_code == 0, done.output
    return folder


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What students get where chapters 03 to 05 are graded."""
    return handout(tmp_path_factory.mktemp("handout") / "out", "03", "04", "05")


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What students get where all chapters are graded."""
    return handout(tmp_path_factory.mktemp("handout") / "out")


def python(folder: Path, code: str) -> str:
    """Run Python with the library of a hand-out, as in its chapters' folder."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.remove('')\n{code}"],
        cwd=folder / "chapters",
        env={**os.environ, "PYTHONPATH": str(folder), "BACKPROP_PROGRESS": "off"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


BARE = ("def ", '"""', "for ", "if ", "while ", "with np.errstate(")
"""What begins lines that give nothing away; hints may have them, too."""


def statements(text: str) -> set[str]:
    """Return the lines of a program that say something of their own."""
    lines = {re.sub(r"\s+", " ", line.partition("#")[0]).strip() for line in text.split("\n")}
    return {line for line in lines if len(line) >= 30 and not line.startswith(BARE)}


def secrets(numbers: list[str]) -> dict[str, set[str]]:
    """Return the lines of the references, of mistakes and what is said of them, by exercise."""
    found: dict[str, set[str]] = {}
    for number in numbers:
        for one in exercises.chapter_exercises(number):
            own = found.setdefault(one.id, set())
            for answer in (one.reference, *(mistake.answer for mistake in one.mistakes)):
                try:
                    own |= statements(inspect.getsource(answer))
                except (OSError, TypeError):
                    continue
            own |= {re.sub(r"\s+", " ", mistake.message) for mistake in one.mistakes}
    return found


def told(folder: Path) -> str:
    """Return everything that is written in a hand-out, without what the chapters tell.

    It is one line: how a text is broken into lines does not hide it.
    """
    paths = [*folder.glob("exercises_lib/**/*.py"), *folder.glob("exercises_lib/asked.json")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in paths)
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("which", ["graded", "everything"])
def test_nothing_of_the_answers_is_in_the_folder(
    which: str, request: pytest.FixtureRequest
) -> None:
    folder: Path = request.getfixturevalue(which)
    numbers = ["03", "04", "05"] if which == "graded" else list(CHAPTERS)
    text = told(folder)
    chapters = "\n".join(path.read_text("utf-8") for path in (folder / "chapters").glob("*.ipynb"))
    shown = re.sub(r"\s+", " ", " ".join(json.loads(f"[{json.dumps(chapters)}]")))
    checked = 0
    leaks = []
    for name, lines in secrets(numbers).items():
        for line in lines:
            checked += 1
            if line in text and json.dumps(line)[1:-1] not in shown:
                leaks.append(f"{name}: {line}")
    assert checked > 300
    assert leaks == []


def test_the_full_course_would_be_found_out(root: Path) -> None:
    text = told(root)
    lines = [line for own in secrets(["04"]).values() for line in own]
    assert sum(line in text for line in lines) > 0.5 * len(lines)


def test_there_is_no_solution_no_grader_and_no_audit_in_it(graded: Path) -> None:
    names = {path.name for path in graded.rglob("*")}
    assert not names & {"solutions", "grading", "course", "ch03_layers", "ch04_affine", "cli.py"}
    assert {path.name for path in (graded / "chapters").iterdir()} == {
        notebook_name(number) for number in CHAPTERS if number <= "05"
    }
    assert not list(graded.rglob("*.pyc"))


def test_a_graded_check_looks_at_the_form_and_says_who_judges(graded: Path) -> None:
    code = """
from exercises_lib import check, hint, nn, progress
for answer in (type("Relu", (), {}), 3, None):
    verdict = check("ch03.Relu", answer)
    print(verdict.status, "|", verdict.message.replace(chr(10), " "))
print(hint("ch03.Relu"))
print(check("ch00.double", lambda x: 2 * x).status, check("ch00.double", lambda x: x * x).mistake)
print(progress())
try:
    check("ch03.Rely", 1)
except LookupError as error:
    print(error)
"""
    lines = python(graded, code).split("\n")
    assert lines[0].startswith("unavailable | The form of your answer is right. This exercise is")
    assert lines[1].startswith("wrong | The answer is a class.")
    assert lines[2].startswith("unanswered |")
    assert any("hint 1 of 3" in line for line in lines)
    assert "passed squared" in lines
    assert any("05 Softmax with loss" in line and "○" in line for line in lines)
    assert any("no exercise 'ch03.Rely'" in line for line in lines)


def test_blanks_are_looked_at_for_their_form(everything: Path) -> None:
    one = next(e for e in exercises.chapter_exercises("01") if e.kind == "number" and e.fields)
    names = [item.name for item in one.fields]
    code = f"""
from exercises_lib import check
names = {names!r}
for answer in (dict.fromkeys(names, 1.0), dict.fromkeys(names), {{"what": 1}}):
    print(check({one.id!r}, answer).status)
"""
    assert python(everything, code).split() == ["unavailable", "unanswered", "wrong"]


def test_what_the_library_leaves_out_says_so_and_is_the_notebooks_own_where_it_has_one(
    graded: Path,
) -> None:
    code = """
from exercises_lib import nn
from exercises_lib.nn import Affine
import exercises_lib.figures
for thing in (Affine, nn.Relu, nn.softmax):
    try:
        thing(1)
    except NotImplementedError as error:
        print(str(error)[:50])
class Relu: pass
print(nn.Relu is Relu)
try:
    nn.Nothing
except AttributeError as error:
    print(error)
"""
    lines = python(graded, code).split("\n")
    assert lines[:3] == [f"{name} is left out of this copy of the course, since a"[:50]
                         for name in ("Affine", "Relu", "softmax")]  # fmt: skip
    assert lines[3] == "True" and "no attribute 'Nothing'" in lines[4]


def test_what_comes_before_the_graded_chapters_stays_in_the_library(tmp_path: Path) -> None:
    folder = handout(tmp_path / "out", "06")
    code = "from exercises_lib import nn\nimport numpy as np\n"
    code += "print(nn.Affine(np.eye(2), np.zeros(2)).forward(np.ones((1, 2))), nn.TwoLayerNet)"
    assert python(folder, code).startswith("[[1. 1.]]")
    assert "affine.Affine" in kept_names("06") and "network.TwoLayerNet" not in kept_names("06")


def test_cutting_keeps_what_a_definition_needs() -> None:
    text = '"""Doc."""\nimport math\n\nA = 1\nB = 2\n\n\ndef _help():\n    return A\n\n\n'
    text += "@staticmethod\ndef one():\n    return _help() + math.pi\n\n\n"
    text += "def two():\n    return B\n"
    left = cut(text, {"one"})
    assert "def one" in left and "def _help" in left and "A = 1" in left and "@static" in left
    assert "two" not in left and "B = 2" not in left
    compile(left, "left", "exec")


def run_notebooks(folder: Path, *names: str) -> list[list[str]]:
    """Run notebooks of a hand-out; returns, of each, the check cells that speak of the form."""
    code = f"""
import nbformat, nbclient
for name in {names!r}:
    notebook = nbformat.read(name, 4)
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    print(*(cell.id for cell in notebook.cells
            if any("The form of your answer is right" in str(out.get("data", ""))
                   for out in cell.get("outputs", []))))
"""
    return [line.split() for line in python(folder, code).splitlines()]


def with_answers(path: Path, solution: Notebook) -> None:
    """Fill a solution's answers into a notebook."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    answers = {cell["id"]: cell["source"] for cell in solution["cells"] if has_solution(cell)}
    for cell in notebook["cells"]:
        cell["source"] = answers.get(cell["id"], cell["source"])
    path.write_text(dump(notebook), encoding="utf-8")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="grading forks processes")
def test_a_notebook_from_it_opens_runs_and_grades(
    tmp_path: Path,
    root: Path,
    solved: Callable[[str], Notebook],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = handout(tmp_path / "out", "03")
    name = notebook_name("03")
    answered = folder / "chapters" / "answered.ipynb"
    shutil.copy(folder / "chapters" / name, answered)
    with_answers(answered, solved("03"))
    # Both to the end, though in the first nothing is answered.
    _, judged = run_notebooks(folder, name, answered.name)
    assert len(judged) == len(exercises.chapter_exercises("03"))
    subs = tmp_path / "in/ana"
    subs.mkdir(parents=True)
    answered.rename(subs / name)
    monkeypatch.chdir(root)
    book = ["--gradebook", str(tmp_path / "marks.db")]
    done = CliRunner().invoke(main, ["grade", str(subs.parent), *book, "-j", "1"])
    total = sum(one.points for one in exercises.chapter_exercises("03"))
    assert f": {total}/{total}" in done.output


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    for command in (["handout", str(tmp_path)], ["handout", str(tmp_path / "mine.txt")]):
        done = CliRunner().invoke(main, command)
        assert done.exit_code != 0 and "Traceback" not in done.output
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    done = CliRunner().invoke(main, ["handout", str(tmp_path / "new"), "77"])
    assert done.exit_code == 1 and "There is no chapter" in done.output


def test_nbgraders_source_is_laid_out_with_a_warning(tmp_path: Path, root: Path) -> None:
    done = CliRunner().invoke(main, ["nbgrader", str(tmp_path)])
    assert done.exit_code == 0 and "none of the protections" in done.output
    for number in CHAPTERS:
        name = notebook_name(number)
        made = tmp_path / "source" / name.removesuffix(".ipynb") / name
        assert made.read_bytes() == (root / "solutions" / name).read_bytes()
    assert CliRunner().invoke(main, ["nbgrader", str(tmp_path)]).exit_code == 1
