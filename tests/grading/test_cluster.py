"""Grading on a real Dask cluster of two workers, one of which is killed half-way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from exercises_lib.course.notebooks import Notebook, dump, find_root
from exercises_lib.grading.cluster import remote
from exercises_lib.grading.gradebook import Gradebook
from exercises_lib.grading.manifest import load_plans
from exercises_lib.grading.run import grade_all
from exercises_lib.grading.submissions import find
from exercises_lib.grading.workers import WorkerError

pytest.importorskip("distributed")
COUNT = 40


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and two workers, each a process of its own."""
    note = tmp_path / "scheduler.json"
    dask = [sys.executable, "-m", "dask"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": tmp_path}
    where = ["--port", "0", "--no-dashboard", "--host", "127.0.0.1"]
    scheduler = subprocess.Popen(
        [*dask, "scheduler", "--scheduler-file", str(note), *where], **quiet
    )
    one = ["--nthreads", "1", "--no-nanny", "--no-dashboard"]
    workers = [
        subprocess.Popen([*dask, "worker", "--scheduler-file", str(note), *one], **quiet)
        for _ in range(2)
    ]
    try:
        address = _await_workers(note)
        yield address, workers
    finally:
        for process in (*workers, scheduler):
            process.kill()
            process.wait()


def _await_workers(note: Path) -> str:
    code = (
        "import sys\nfrom distributed import Client\n"
        "client = Client(scheduler_file=sys.argv[1], timeout=60)\n"
        "client.wait_for_workers(2, timeout=60)\nclient.close()"
    )
    until = time.monotonic() + 60
    while not (note.exists() and note.stat().st_size):
        assert time.monotonic() < until
        time.sleep(0.05)
    subprocess.run([sys.executable, "-c", code, str(note)], capture_output=True, check=True)
    return str(json.loads(note.read_text())["address"])


def test_a_cluster_grades_everything_though_a_worker_is_killed(
    tmp_path: Path,
    cluster: tuple[str, list[subprocess.Popen[bytes]]],
    solved: Callable[[str], Notebook],
    untouched: Callable[[str], Notebook],
    root: Path,
) -> None:
    address, workers = cluster
    given = tmp_path / "in"
    given.mkdir()
    for number in range(COUNT):
        notebook = solved("00") if number % 2 else untouched("00")
        (given / f"s{number:02}.ipynb").write_text(dump(notebook), encoding="utf-8")
    (given / "broken.ipynb").write_text("{")
    book = tmp_path / "marks.db"
    words = [sys.executable, "-m", "exercises_lib.cli", "grade", str(given)]
    lines = []
    with subprocess.Popen(
        [*words, "--gradebook", str(book), "--scheduler", address],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    ) as run:
        assert run.stdout is not None
        for line in run.stdout:
            lines.append(line.decode())
            if len(lines) == 8:
                workers[0].send_signal(signal.SIGKILL)
    assert run.returncode == 0, "".join(lines)
    opened = Gradebook(book, create=False)
    records = opened.records()
    opened.close()
    assert len(records) == COUNT + 1 == len(find(given))
    for record in records:
        if record.student != "broken":
            assert record.status == "ok", record
            assert record.points == int(record.student[1:]) % 2


def test_a_cluster_that_loses_its_last_worker_says_so_and_ends(
    tmp_path: Path,
    cluster: tuple[str, list[subprocess.Popen[bytes]]],
    solved: Callable[[str], Notebook],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address, workers = cluster
    monkeypatch.setattr("exercises_lib.grading.cluster.ALONE", 1.0)
    (tmp_path / "in").mkdir()
    slow = solved("00")
    wait = {"cell_type": "code", "id": "w", "metadata": {}, "outputs": [], "execution_count": None}
    slow["cells"].insert(0, {**wait, "source": "import time; time.sleep(2)"})
    for number in range(6):
        (tmp_path / f"in/s{number}.ipynb").write_text(dump(slow), encoding="utf-8")
    book = Gradebook(tmp_path / "marks.db")
    graded = []
    plans = load_plans(find_root(Path(__file__).parent))
    said = r"has lost its last worker.*the same command again"
    with pytest.raises(WorkerError, match=said), remote(address) as executor:
        for done in grade_all(find(tmp_path / "in"), book, plans, executor, ahead=64):
            graded.append(done)
            for worker in workers:
                worker.kill()
    assert 1 <= len(graded) == len(book.records()) < 6
    book.close()


def test_a_scheduler_that_is_not_there_is_said_in_a_sentence(
    tmp_path: Path, solved: Callable[[str], Notebook], root: Path
) -> None:
    (tmp_path / "a.ipynb").write_text(dump(solved("00")), encoding="utf-8")
    words = [sys.executable, "-m", "exercises_lib.cli", "grade", str(tmp_path)]
    more = ["--gradebook", str(tmp_path / "m.db"), "--scheduler", "tcp://127.0.0.1:9"]
    done = subprocess.run([*words, *more], cwd=root, capture_output=True, text=True, timeout=90)
    assert done.returncode == 1
    assert "does not answer" in done.stderr and "Traceback" not in done.stderr
