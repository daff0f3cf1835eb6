"""Grading side by side with nbgrader and otter-grader, on the same submissions, in one run.

    python benchmarks/grading.py [--count 20] [--environments FOLDER]

nbgrader and otter-grader are installed into environments of their own (kept in FOLDER if it is
given, so that a second run starts at once). The submissions have the first eight exercises of
chapter 03; some are solved, some mistaken, some untouched. Printed are the wall-clock seconds per
submission, the ratios, and the peak of the memory of all processes of a tool together (PSS).
The floor is the same cells in a warm, confined, forked process, with nothing else around them.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from exercises_lib import exercises
from exercises_lib.checking import Case, Exercise
from exercises_lib.course.build import make_chapter
from exercises_lib.course.notebooks import Notebook, check_cell, dump, find_root, read, source
from exercises_lib.grading.exchange import observe_request
from exercises_lib.grading.kernel import KernelFactory
from exercises_lib.grading.manifest import Plan, plan_of
from exercises_lib.grading.notebook import Code, code_cells, read_notebook
from exercises_lib.grading.placement import is_check, places
from exercises_lib.grading.sandbox import Limits
from exercises_lib.grading.session import lender_for
from exercises_lib.grading.source import facts

CHAPTER, NAME, EXERCISES = "03", "03_layers.ipynb", 8
ROOT = find_root(Path(__file__).parent)
COMMON = ["numpy", "matplotlib", "ipywidgets", "anywidget", "ipykernel"]


def first_exercises(notebook: Notebook) -> Notebook:
    """Cut a solution notebook after its first eight exercises."""
    found = 0
    for index, cell in enumerate(notebook["cells"]):
        found += check_cell(cell) is not None
        if found == EXERCISES:
            return {**notebook, "cells": notebook["cells"][: index + 1]}
    raise SystemExit(f"chapter {CHAPTER} has fewer than {EXERCISES} exercises")


def submissions(solution: Notebook, count: int) -> list[Notebook]:
    """Make submissions: of four, two are solved, one has a mistake, one is untouched."""
    made = []
    for number in range(count):
        notebook = copy.deepcopy(solution) if number % 4 < 3 else make_chapter(solution)
        if number % 4 == 2:
            for cell in notebook["cells"]:
                if "class MulLayer" in source(cell):
                    cell["source"] = source(cell).replace("self.y", "self.x")
        made.append(notebook)
    return made


class Memory:
    """Samples the memory of a process and of all below it."""

    def __init__(self, pid: int) -> None:
        self.pid, self.peak, self.done = pid, 0, False
        self.thread = threading.Thread(target=self._sample, daemon=True)
        self.thread.start()

    def _sample(self) -> None:
        while not self.done:
            total = 0
            todo = [self.pid]
            while todo:
                pid = todo.pop()
                try:
                    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
                    total += int(text.split("Pss:")[1].split()[0])
                    for task in Path(f"/proc/{pid}/task").iterdir():
                        todo += [int(word) for word in (task / "children").read_text().split()]
                except (OSError, IndexError):
                    continue
            self.peak = max(self.peak, total)
            time.sleep(0.1)

    def stop(self) -> float:
        """Return the peak in MB."""
        self.done = True
        self.thread.join()
        return self.peak / 1024


def measured(words: list[str], folder: Path, **environment: str) -> tuple[float, float]:
    """Run a command; returns seconds and peak MB."""
    started = time.perf_counter()
    process = subprocess.Popen(
        words,
        cwd=folder,
        env={**os.environ, "BACKPROP_PROGRESS": "off", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    memory = Memory(process.pid)
    said, _ = process.communicate()
    seconds = time.perf_counter() - started
    if process.returncode:
        raise SystemExit(f"{' '.join(words)} failed:\n{said.decode()[-3000:]}")
    return seconds, memory.stop()


def environment(folder: Path, package: str) -> Path:
    """Return the Python of an environment that has a package and the course; made if need be."""
    home = folder / package
    python = home / "bin/python"
    if not (home / "ready").exists():
        print(f"installing {package} …", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
        words = [python, "-m", "pip", "install", "--quiet", package, *COMMON]
        subprocess.run(words, check=True, stderr=subprocess.DEVNULL)
        packages = next((home / "lib").glob("python3*/site-packages"))
        (packages / "course.pth").write_text(f"{ROOT}\n")
        (home / "ready").touch()
    return python


def backprop(folder: Path, made: list[Notebook], solution: Notebook) -> tuple[float, float, float]:
    """Grade with this package; returns seconds, peak MB and the median seconds within a run."""
    (folder / "solutions").mkdir(parents=True)
    (folder / "exercises_lib").symlink_to(ROOT / "exercises_lib")
    (folder / "solutions" / NAME).write_text(dump(solution))
    for number, notebook in enumerate(made):
        path = folder / "in" / f"s{number:03}.ipynb"
        path.parent.mkdir(exist_ok=True)
        path.write_text(dump(notebook))
    words = [sys.executable, "-m", "exercises_lib.cli", "grade", "in", "--jobs", "1"]
    seconds, peak = measured(words, folder)
    from exercises_lib.grading.gradebook import Gradebook

    book = Gradebook(folder / "marks.db", create=False)
    records = book.records()
    book.close()
    points = sum(exercises.get(check.exercise_id).points for check in _plan(solution).checks)
    for record in records:
        number = int(record.student[1:])
        right = record.points == points if number % 4 < 2 else record.points < points
        assert record.status == "ok" and right, record
    return seconds, peak, statistics.median(record.seconds for record in records)


def _plan(solution: Notebook) -> Plan:
    return plan_of(CHAPTER, solution)


def nbgrader(
    folder: Path, python: Path, made: list[Notebook], solution: Notebook
) -> tuple[float, float]:
    """Grade with ``nbgrader autograde``; returns seconds and peak MB."""
    (folder / "source/ps").mkdir(parents=True)
    (folder / "source/ps" / NAME).write_text(dump(solution))
    (folder / "nbgrader_config.py").write_text(
        "c = get_config()\nc.CourseDirectory.course_id = 'backprop'\n"
    )
    path = {"PATH": f"{python.parent}:{os.environ['PATH']}", "JUPYTER_CONFIG_DIR": str(folder)}
    measured([str(python), "-m", "nbgrader", "generate_assignment", "ps"], folder, **path)
    for number, notebook in enumerate(made):
        place = folder / "submitted" / f"s{number:03}" / "ps"
        place.mkdir(parents=True)
        (place / NAME).write_text(dump(notebook))
    words = [str(python), "-m", "nbgrader", "autograde", "ps", "--create"]
    return measured(words, folder, **path)


OTTER = """
import json, sys
from otter.api import grade_submission
for path in sys.argv[1:]:
    print(path, grade_submission(path, "autograder.zip", quiet=True).total)
"""


def otter(
    folder: Path, python: Path, made: list[Notebook], solution: Notebook
) -> tuple[float, float]:
    """Grade with otter-grader's API, in one process; returns seconds and peak MB."""
    (folder / "tests").mkdir(parents=True)
    for number, check in enumerate(_plan(solution).checks):
        code = f">>> bool(check({check.exercise_id!r}, {check.expression}))\nTrue"
        case = {"code": code, "hidden": False, "locked": False}
        test = {
            "name": f"q{number}",
            "points": 1,
            "suites": [
                {"cases": [case], "scored": True, "setup": "", "teardown": "", "type": "doctest"}
            ],
        }
        (folder / "tests" / f"q{number}.py").write_text(f"OK_FORMAT = True\n\ntest = {test!r}\n")
    command = str(python.parent / "otter")
    path = {"PATH": f"{python.parent}:{os.environ['PATH']}"}
    measured([command, "generate", "-t", "tests", "-o", "autograder.zip"], folder, **path)
    names = []
    for number, notebook in enumerate(made):
        names.append(f"s{number:03}.ipynb")
        plain = copy.deepcopy(notebook)
        for cell in plain["cells"]:
            cell["metadata"] = {}
        (folder / names[-1]).write_text(dump(plain))
    return measured([str(python), "-c", OTTER, *names], folder, **path)


def floor(made: list[Notebook], solution: Notebook) -> float:
    """Run the same cells in warm, confined, forked processes; returns the median seconds.

    Each submission's cells go to a fresh fork one after the other, each exercise is observed on
    its cases, and nothing is collected, judged or written down.
    """
    plan = _plan(solution)
    taken = []
    factory = KernelFactory()
    factory.ready(plan.modules)
    for notebook in made:
        cells = code_cells(read_notebook(json.dumps(notebook).encode()))
        asked = list(_asked(cells, plan))
        started = time.perf_counter()
        kernel = factory.kernel(plan.modules, Limits())
        kernel.lend(lender_for(plan).opening())
        for code, exercise, expression, cases in asked:
            request = {"code": code}
            if exercise is not None:
                runs = range(1 + exercise.repeat)
                copies = [[kernel.arena.lend(one.inputs)[0] for _ in runs] for one in cases]
                request = observe_request(exercise, expression, copies, exercise.seconds)
            kernel.request(request, 60)
        kernel.stop()
        taken.append(time.perf_counter() - started)
    factory.close()
    return statistics.median(taken)


def _asked(cells: list[Code], plan: Plan) -> Iterator[tuple[str, Exercise | None, str, list[Case]]]:
    """Yield what is asked of a kernel: code, or an exercise with the expression and its cases."""
    read = [facts(cell.source) for cell in cells]
    where = places(cells, read, plan.checks)
    for index, cell in enumerate(cells):
        if not any(is_check(cell, read[index], check) for check in plan.checks):
            yield cell.source, None, "", []
        for check in where.get(index, []):
            exercise = exercises.get(check.exercise_id)
            yield "", exercise, check.expression, list(exercise.draw(np.random.default_rng()))


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--environments", type=Path)
    options = parser.parse_args()
    solution = first_exercises(read(ROOT / "solutions" / NAME))
    made = submissions(solution, options.count)
    count = len(made)
    scratch = Path(tempfile.mkdtemp(prefix="backprop-bench-"))
    homes = (options.environments or scratch / "environments").resolve()
    try:
        others: dict[str, Callable[..., tuple[float, float]]] = {
            "nbgrader": nbgrader,
            "otter-grader": otter,
        }
        pythons = {package: environment(homes, package) for package in others}
        rows: list[tuple[str, float, float]] = []
        low = floor(made, solution)
        seconds, peak, within = backprop(scratch / "backprop", made, solution)
        rows.append(("backprop grade, whole command", seconds / count, peak))
        rows.append(("backprop grade, once warm", within, peak))
        for package, grade in others.items():
            seconds, peak = grade(scratch / package, pythons[package], made, solution)
            rows.append((package, seconds / count, peak))
        theirs = next(row[1] for row in rows if row[0] == "nbgrader")
        print(f"{count} submissions of {EXERCISES} exercises, one worker")
        print(f"{'':32} {'s each':>8} {'× faster than nbgrader':>23} {'peak MB':>8}")
        for name, each, peak in rows:
            print(f"{name:32} {each:8.3f} {theirs / each:23.1f} {peak:8.0f}")
        print(f"{'the same cells, warm fork':32} {low:8.3f}")
        print(f"backprop, once warm, is {within / low:.2f} × the same cells in a warm fork")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
