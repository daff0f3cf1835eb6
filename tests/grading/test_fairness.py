"""One against all: what a notebook costs is that notebook's own, and right work keeps its marks."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from exercises_lib import exercises
from exercises_lib.checking import Case
from exercises_lib.course.notebooks import Notebook, dump
from exercises_lib.grading import scan
from exercises_lib.grading.exchange import consult
from exercises_lib.grading.manifest import Plan
from exercises_lib.grading.notebook import Code
from exercises_lib.grading.sandbox import Limits
from exercises_lib.grading.source import facts
from exercises_lib.grading.task import Outcome

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="grading forks processes")

SETUP = "import numpy as np\nfrom exercises_lib import check, figures, hint, nn"
RIGHT = "def double(x):\n    return 2 * x"
SPIN = """
import contextlib
import os
for _ in range(28):
    if os.fork() == 0:
        while True: pass
def double(x):
    while True: pass
"""
WORKS = """
import time
def double(x):
    until = time.process_time() + .03
    while time.process_time() < until: pass
    return 2 * x
"""


def code_cells(notebook: Notebook) -> list[tuple[str, str]]:
    """Return the code cells of a notebook, as id and source."""
    return [
        (str(cell["id"]), "".join(cell["source"]))
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
    ]


def cells(answer: str) -> list[tuple[str, str]]:
    """Lay out a notebook of chapter 00."""
    check = 'check("ch00.double", double)'
    return [("ch00-setup", SETUP), ("ch00-double", answer), ("ch00-double-check", check)]


def test_children_that_spin_cost_the_student_beside_nothing(grade: Callable[..., Outcome]) -> None:
    done: list[Outcome] = []
    spinner = threading.Thread(
        target=lambda: done.append(grade(cells(SPIN), limits=Limits(3.0, 4.0)))
    )
    spinner.start()
    time.sleep(1)
    # A right answer that computes for half of its limit, while 28 others want the processor.
    honest = grade(cells(WORKS), limits=Limits(0.5, 60.0))
    alone = not spinner.is_alive()
    spinner.join()
    assert honest.verdict("ch00.double").status == "passed", honest
    assert not alone, "nobody was spinning when the honest notebook was graded"
    assert done[0].verdict("ch00.double").earned == 0


def test_who_sleeps_is_stopped_though_it_computes_nothing(grade: Callable[..., Outcome]) -> None:
    answer = "import time\ndef double(x):\n    time.sleep(600)"
    outcome = grade(cells(answer), limits=Limits(1.0, 30.0))
    assert outcome.verdict("ch00.double").status == "error" and outcome.seconds < 20
    assert "had not come to an end in time" in outcome.verdict("ch00.double").message


@pytest.mark.parametrize("exercise_id", ["ch03.check_layer", "ch06.gradient_check"])
def test_a_question_cannot_make_the_judge_take_much_memory(exercise_id: str) -> None:
    exercise = exercises.get(exercise_id)
    case = next(iter(exercise.draw(np.random.default_rng(0))))
    huge = [np.ones((14_000, 1))] * 3
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for arguments in (huge, [dict.fromkeys("ab", huge[0])], [huge, huge]):
        assert "error" in consult(exercise, case, arguments)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


def test_a_question_that_takes_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from exercises_lib.grading import exchange

    def endless(inputs: object, x: object) -> object:
        while True:
            pass

    monkeypatch.setattr(exchange, "ORACLE_SECONDS", 0.2)
    exercise = replace(exercises.get("ch03.check_layer"), oracle=endless)
    assert consult(exercise, Case({}), [1.0])["error"] == "no answer in 0.2 s"


@pytest.mark.parametrize("where", ["before", "between"])
def test_cells_that_end_their_kernel_cost_only_themselves(
    where: str, solved: Callable[[str], Notebook], grade: Callable[..., Outcome]
) -> None:
    notebook = code_cells(solved("03"))
    ends = [("", "import os\nos._exit(1)")] * 6
    if where == "before":
        notebook = [*ends, *notebook]
    else:
        for number, cell in enumerate(ends):
            notebook.insert(3 + 4 * number, cell)
    outcome = grade(notebook, "03", Limits(10.0, 120.0))
    assert [one.exercise_id for one in outcome.verdicts if one.status != "passed"] == []
    assert outcome.status == "crashed" and outcome.detail.count("ended itself") == 6


def test_a_cell_that_runs_only_once_does_not_take_the_others_along(
    grade: Callable[..., Outcome],
) -> None:
    soon = time.time() + 3
    notebook = [
        ("a", f"import os, time\nif time.time() > {soon}: os._exit(1)"),
        ("b", f"import os, time\nwhile time.time() < {soon + 1}: time.sleep(.1)\nos._exit(1)"),
        *cells(RIGHT),
    ]
    outcome = grade(notebook, limits=Limits(10.0, 60.0))
    assert outcome.verdict("ch00.double").status == "passed", outcome


def test_cells_that_take_long_to_read_are_not_read_in_the_grader(
    grade: Callable[..., Outcome],
) -> None:
    long = [(f"long{n}", "1" + "<1" * 95_000) for n in range(3)]
    outcome = grade([*long, *cells(RIGHT)], limits=Limits(1.0, 30.0))
    assert outcome.seconds < 60
    assert outcome.verdict("ch00.double").status == "passed", outcome
    assert "Cell 1 has more than 20,000 characters and was not read." in outcome.flags


def test_flags_without_number_are_counted_and_not_kept(plans: dict[str, Plan]) -> None:
    unusual = sorted(scan.UNUSUAL)
    code = [Code(str(n), "\n".join(unusual)) for n in range(400)]
    found = scan.flags(code, [facts(one.source) for one in code], plans["00"], {})
    assert len(found) == scan.MOST + 1
    assert found[-1].endswith("more of that kind.") and "12," in found[-1]


@pytest.mark.parametrize(
    "value",
    ["np.array([1, 2])", "np.array(['A', 'B'])", "[1, 2]", "{'A': 1}", "np.array([])", "None"],
)
def test_what_is_no_choice_gets_a_verdict(value: str, grade: Callable[..., Outcome]) -> None:
    choices = [one for one in exercises.all_exercises() if one.kind == "choice"]
    exercise = next(one for one in choices if one.id == "ch01.local_or_passed")
    name = exercise.id.split(".")[1]
    answers = ", ".join(f"{field.name!r}: {value}" for field in exercise.fields)
    outcome = grade([("a", f"import numpy as np\n{name} = {{{answers}}}")], exercise.chapter)
    verdict = outcome.verdict(exercise.id)
    assert outcome.status == "ok" and verdict.earned == 0, outcome
    assert verdict.status != "passed"


def start(given: Path, root: Path, scratch: Path) -> subprocess.Popen[bytes]:
    """Start a run that takes long, its scratch files in a folder of its own."""
    scratch.mkdir()
    words = ["-m", "exercises_lib.cli", "grade", str(given), "--jobs", "2"]
    return subprocess.Popen(
        [sys.executable, *words, "--gradebook", str(given.parent / "marks.db")],
        cwd=root,
        env={**os.environ, "TMPDIR": str(scratch)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def below(pid: int) -> list[int]:
    """Return the processes below a process."""
    found: list[int] = []
    todo = [pid]
    while todo:
        for path in Path(f"/proc/{todo.pop()}/task").glob("*/children"):
            try:
                more = [int(word) for word in path.read_text().split()]
            except OSError:
                continue
            found += more
            todo += more
    return found


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
@pytest.mark.parametrize("whom", ["the run", "a worker", "everything"])
def test_who_is_ended_leaves_nothing_behind(
    whom: str, tmp_path: Path, solved: Callable[[str], Notebook], root: Path
) -> None:
    given, scratch = tmp_path / "in", tmp_path / "scratch"
    given.mkdir()
    notebook = solved("00")
    cell = {"cell_type": "code", "id": "w", "metadata": {}, "outputs": [], "execution_count": None}
    notebook["cells"].insert(0, {**cell, "source": "import time; time.sleep(0.6)"})
    for number in range(6):
        (given / f"s{number}.ipynb").write_text(dump(notebook))
    run = start(given, root, scratch)
    until = time.monotonic() + 60
    while len(processes := below(run.pid)) < 8:  # two workers, fork servers, kernels
        assert run.poll() is None and time.monotonic() < until
        time.sleep(0.05)
    if whom == "the run":
        run.send_signal(signal.SIGTERM)
    elif whom == "a worker":
        os.kill(processes[0], signal.SIGKILL)
    else:
        for pid in (*processes, run.pid):
            with contextlib.suppress(ProcessLookupError):  # it ended with the one before
                os.kill(pid, signal.SIGKILL)
    said, _ = run.communicate(timeout=90)
    if whom == "the run":
        assert run.returncode == 143 and b"run the same command to go on" in said, said
    if whom == "a worker":
        assert run.returncode == 0 and b"6 ok" in said, said
    while any(Path(f"/proc/{pid}").exists() for pid in processes):
        assert time.monotonic() < until + 60, "a process outlives the run"
        time.sleep(0.05)
    assert list(scratch.iterdir()) == []


def test_a_run_in_which_every_notebook_failed_in_the_grader_does_not_end_well(
    tmp_path: Path, solved: Callable[[str], Notebook], monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    from exercises_lib.cli import main
    from exercises_lib.grading import workers

    def fails(self: object, fn: object, task: object) -> Outcome:
        return Outcome("grader-failed", "The grader's own process ended.")

    monkeypatch.setattr(workers.Worker, "run", fails)
    (tmp_path / "ana.ipynb").write_text(dump(solved("00")))
    words = ["grade", str(tmp_path), "--gradebook", str(tmp_path / "marks.db")]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 1 and "1 grader-failed" in done.output, done.output
