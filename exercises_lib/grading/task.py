"""What goes to the one who grades a submission, and what comes back; both are pickled.

Only the grader's own processes, which trust each other, get and send them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exercises_lib.checking import Verdict
    from exercises_lib.grading.earlier import Earlier
    from exercises_lib.grading.manifest import Plan
    from exercises_lib.grading.notebook import Code
    from exercises_lib.grading.sandbox import Limits


@dataclass(frozen=True)
class Task:
    """One submission to grade.

    Args:
        cells: its code cells.
        plan: the plan of its chapter.
        limits: what its kernel may use.
        seed: draws the cases; new each time if None.
        earlier: what the same student has handed in before, for `mynn`.
    """

    cells: tuple[Code, ...]
    plan: Plan
    limits: Limits
    seed: int | None = None
    earlier: tuple[Earlier, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What grading a submission gave.

    Args:
        status: ok, crashed, timeout, grader-failed, or what was wrong with the file.
        detail: what happened, in sentences.
        verdicts: on the exercises, in the order of the chapter.
        flags: what the instructor should look at.
        mynn: which names of the student's own library are whose, in a sentence; empty if none are
            asked for.
        behaviours: exercise → a digest of what a wrong answer does that no known mistake explains.
        seed: drew the cases.
        seconds: how long it took.
        cpu: processor time of its kernels.
        memory: peak memory of its kernel, bytes.
        isolation: which layers of confinement stood around it.
    """

    status: str
    detail: str = ""
    verdicts: tuple[Verdict, ...] = ()
    flags: tuple[str, ...] = ()
    mynn: str = ""
    behaviours: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    memory: int = 0
    isolation: str = ""

    def verdict(self, exercise: str) -> Verdict:
        """Return the verdict on one exercise.

        Raises:
            LookupError: if there is none.
        """
        for verdict in self.verdicts:
            if verdict.exercise_id == exercise:
                return verdict
        raise LookupError(f"no verdict on {exercise}: {self.status} {self.detail}")
