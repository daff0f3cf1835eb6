"""A grading run: submissions in, outcomes into the gradebook, going on from where it was."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, replace

from exercises_lib.grading.answers import answers
from exercises_lib.grading.earlier import OwnLibrary
from exercises_lib.grading.gradebook import Gradebook
from exercises_lib.grading.manifest import Plan, chapter_of
from exercises_lib.grading.notebook import UnreadableError, code_cells, read_notebook
from exercises_lib.grading.sandbox import Limits
from exercises_lib.grading.submissions import Submission
from exercises_lib.grading.task import Outcome, Task
from exercises_lib.grading.workers import grade_here


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


def grade_all(
    submissions: Iterable[Submission],
    gradebook: Gradebook,
    plans: dict[str, Plan],
    executor: Executor,
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
        executor: has workers of this machine or of a cluster call `grade_here` with a task.
        chapter: grade only this chapter; files whose chapter cannot be told are taken for it. Who
            has handed in another and nothing of this one gets a row that says so, at the end.
        limits: what a student's kernel may use.
        again: grade also what is unchanged.
        ahead: how many are handed out at a time.

    Yields:
        What has been dealt with, in the order in which it is done.
    """
    running: dict[Future[Outcome], tuple[Submission, str, Task]] = {}
    held: list[tuple[Submission, str, Task]] = []
    waiting = iter(submissions)
    exhausted = False
    elsewhere: list[tuple[Submission, str, str]] = []
    there: set[tuple[str, str]] = set()
    while running or held or not exhausted:
        while not exhausted and len(running) + len(held) < ahead:
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
                held.append((submission, sha256, ready))
        for one in [one for one in held if _may_begin(one, [*running.values(), *held])]:
            held.remove(one)
            submission, sha256, task = one
            if OwnLibrary(task.cells, ()).wanted:
                earlier = gradebook.earlier(submission, task.plan.chapter)
                task = replace(task, earlier=earlier)
            running[executor.submit(grade_here, task)] = (submission, sha256, task)
        if not running:
            continue
        finished, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in finished:
            submission, sha256, task = running.pop(future)
            plan = task.plan
            outcome = future.result()
            own = answers(task.cells, plan)
            gradebook.write(
                submission,
                sha256,
                plan.chapter,
                plan.fingerprint,
                outcome,
                plan.points,
                own,
                task.cells,
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


def _may_begin(
    one: tuple[Submission, str, Task], others: Iterable[tuple[Submission, str, Task]]
) -> bool:
    """Tell whether nothing of the same student's that it builds upon is still to be graded."""
    submission, _, task = one
    return not OwnLibrary(task.cells, ()).wanted or not any(
        (other.student, other.lms_id) == (submission.student, submission.lms_id)
        and theirs.plan.chapter < task.plan.chapter
        for other, _, theirs in others
    )


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
        found = chapter_of(submission.file.split("/")[-1], notebook, plans)
        number = found or chapter
        if number is None or number not in plans:
            raise UnreadableError(
                "unknown-chapter",
                "It cannot be told which chapter this is: it has none of the course's check cells. "
                "Give --chapter.",
            )
        if chapter is not None and found not in (None, chapter):
            return Done(submission, str(found), None, why="other-chapter"), sha256, None
    except UnreadableError as error:
        maximum = plans[chapter].points if chapter in plans else 0
        outcome = Outcome(error.status, error.text)
        gradebook.write(submission, sha256, chapter or "", "", outcome, maximum)
        return Done(submission, chapter or "", outcome, maximum), sha256, None
    return None, sha256, Task(tuple(cells), plans[number], limits)


__all__ = ["Done", "grade_all"]
