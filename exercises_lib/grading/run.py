"""A grading run: submissions in, outcomes into the gradebook, going on from where it was."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from exercises_lib.grading.gradebook import Gradebook
from exercises_lib.grading.manifest import Plan, chapter_of
from exercises_lib.grading.notebook import Unreadable, code_cells, read_notebook
from exercises_lib.grading.sandbox import Limits
from exercises_lib.grading.submissions import Submission
from exercises_lib.grading.worker import Outcome, Task, Worker, WorkerError

TRIES = 2
"""How often a submission is tried over which the grader's own process dies."""


@dataclass(frozen=True)
class Done:
    """One submission that has been dealt with.

    Args:
        submission: the submission.
        chapter: its chapter; empty if it cannot be told.
        outcome: what came of it; None if it was not graded now.
        maximum: the points of its chapter.
        why: why it was not graded now: ``"unchanged"`` or ``"other-chapter"``.
    """

    submission: Submission
    chapter: str
    outcome: Outcome | None
    maximum: int = 0
    why: str = ""

    @property
    def status(self) -> str:
        """One word for it."""
        return self.outcome.status if self.outcome else self.why


Grade = Callable[[Task], Outcome]


class Pool:
    """Worker processes of this machine, as many as threads ask for at a time.

    Args:
        hidden: files and folders that no student's code may read.
        require: refuse to work where students' code cannot be isolated.
    """

    def __init__(self, hidden: Sequence[str] = (), *, require: bool = False) -> None:
        self.hidden, self.require = list(hidden), require
        self._idle: list[Worker] = []
        self._all: list[Worker] = []
        self._lock = threading.Lock()
        self._closed = False

    def grade(self, task: Task) -> Outcome:
        """Grade one submission in an idle worker, or in a new one."""
        with self._lock:
            worker = self._idle.pop() if self._idle else None
            if worker is None:
                worker = Worker(self.hidden, require=self.require)
                self._all.append(worker)
        try:
            outcome = Outcome("grader-failed", "The run was stopped.")
            for _ in range(TRIES):
                if self._closed or outcome.status != "grader-failed":
                    break
                outcome = worker.grade(task)
            return outcome
        finally:
            with self._lock:
                self._idle.append(worker)

    def abort(self) -> None:
        """Give up what is being graded; nothing is graded any more."""
        with self._lock:
            self._closed = True
            for worker in self._all:
                worker.abort()

    def close(self) -> None:
        """End all workers; called when none is at work any more."""
        for worker in self._all:
            worker.close()


@contextmanager
def local(
    jobs: int, hidden: Sequence[str] = (), *, require: bool = False
) -> Iterator[tuple[Executor, Grade]]:
    """Grade on this machine, with `jobs` workers.

    Raises:
        WorkerError: if this system cannot fork processes.
    """
    if not hasattr(os, "fork"):
        raise WorkerError(
            "Grading forks processes, which Windows cannot: run it in WSL or on another system."
        )
    pool = Pool(hidden, require=require)
    executor = ThreadPoolExecutor(jobs, thread_name_prefix="grade")
    try:
        yield executor, pool.grade
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
        pool.abort()
        executor.shutdown(wait=True)
        pool.close()


def grade_all(
    submissions: Iterable[Submission],
    gradebook: Gradebook,
    plans: dict[str, Plan],
    executor: Executor,
    grade: Grade,
    *,
    chapter: str | None = None,
    limits: Limits | None = None,
    again: bool = False,
    ahead: int = 4,
) -> Iterator[Done]:
    """Grade submissions and write each down as soon as it is done.

    Args:
        submissions: what to grade.
        gradebook: where it is written.
        plans: the chapters.
        executor: runs the grading of several at a time.
        grade: grades one; called by the executor.
        chapter: grade only this chapter; files whose chapter cannot be told are taken for it. Who
            has handed in another and nothing of this one gets a row that says so, at the end.
        limits: what a student's kernel may use.
        again: grade also what is unchanged.
        ahead: how many are handed out at a time.

    Yields:
        What has been dealt with, in the order in which it is done.
    """
    running: dict[Future[Outcome], tuple[Submission, str, Plan]] = {}
    waiting = iter(submissions)
    exhausted = False
    elsewhere: list[tuple[Submission, str, str]] = []
    there: set[tuple[str, str]] = set()
    while running or not exhausted:
        while not exhausted and len(running) < ahead:
            submission = next(waiting, None)
            if submission is None:
                exhausted = True
                break
            whose = (submission.student, submission.lms_id)
            done, sha256, ready = _prepare(
                submission, gradebook, plans, chapter, limits or Limits(), again
            )
            if done is not None and done.why == "other-chapter":
                elsewhere.append((submission, done.chapter, sha256))
                continue
            there.add(whose)
            if done is not None:
                yield done
            elif ready is not None:
                running[executor.submit(grade, ready)] = (submission, sha256, ready.plan)
        if not running:
            continue
        finished, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in finished:
            submission, sha256, plan = running.pop(future)
            outcome = future.result()
            gradebook.write(
                submission, sha256, plan.chapter, plan.fingerprint, outcome, plan.points
            )
            yield Done(submission, plan.chapter, outcome, plan.points)
    for submission, found, sha256 in elsewhere:
        done = Done(submission, found, None, why="other-chapter")
        whose = (submission.student, submission.lms_id)
        if chapter is not None and whose not in there:
            there.add(whose)  # one row says it
            text = f"This is chapter {found}, and nothing of chapter {chapter} was handed in."
            outcome = Outcome("other-chapter", text)
            gradebook.write(submission, sha256, chapter, "", outcome, 0)
            done = Done(submission, chapter, outcome)
        yield done


def _prepare(
    submission: Submission,
    gradebook: Gradebook,
    plans: dict[str, Plan],
    chapter: str | None,
    limits: Limits,
    again: bool,
) -> tuple[Done | None, str, Task | None]:
    """Read a submission: what came of it already, its content's digest, what there is to do."""
    sha256 = ""
    try:
        data = submission.read()
        sha256 = hashlib.sha256(data).hexdigest()
        fingerprints = [plan.fingerprint for plan in plans.values()]
        before = None if again else gradebook.graded_as(submission, sha256, fingerprints)
        if before is not None:
            why = "other-chapter" if chapter and before not in ("", chapter) else "unchanged"
            return Done(submission, before, None, why=why), sha256, None
        notebook = read_notebook(data)
        cells = code_cells(notebook)
        name = submission.file.rsplit("/", 1)[-1]
        found = chapter_of(submission.file.split("/")[-1], notebook, plans)
        number = found or chapter
        if number is None or number not in plans:
            raise Unreadable(
                "unknown-chapter",
                "It cannot be told which chapter this is: it has none of the course's check cells. "
                "Give --chapter.",
            )
        if chapter is not None and found not in (None, chapter):
            return Done(submission, str(found), None, why="other-chapter"), sha256, None
    except Unreadable as error:
        maximum = plans[chapter].points if chapter in plans else 0
        outcome = Outcome(error.status, error.text)
        gradebook.write(submission, sha256, chapter or "", "", outcome, maximum)
        return Done(submission, chapter or "", outcome, maximum), sha256, None
    rows = tuple((cell.id, cell.source) for cell in cells)
    return None, sha256, Task(name, rows, plans[number], limits)


def hidden_paths(root: Path, *more: Path | None) -> list[str]:
    """List what no student's code may read: the solutions, the submissions, the gradebook."""
    return [str(root / "solutions"), *(str(path.resolve()) for path in more if path is not None)]


__all__ = ["Done", "Pool", "grade_all", "hidden_paths", "local"]
