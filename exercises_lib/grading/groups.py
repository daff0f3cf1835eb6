"""Wrong answers without a name, those together that do the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from exercises_lib.grading.results import ExerciseResult, SubmissionResult

LENGTH = 8
"""Characters of a digest by which a group is called."""


@dataclass(frozen=True)
class Group:
    """Wrong answers to one exercise that no known mistake explains and that do the same.

    Args:
        exercise: which.
        behaviour: a digest of what they do on the common cases; empty where that is not known.
        members: whose they are.
        row: what is known about one of them.
    """

    exercise: str
    behaviour: str
    members: tuple[SubmissionResult, ...]
    row: ExerciseResult

    @property
    def id(self) -> str:
        """How the group is called: ``ch04.affine~1f3a5b7c``."""
        return f"{self.exercise}~{self.behaviour[:LENGTH]}"

    def is_called(self, name: str) -> bool:
        """Tell whether this is how the group, or a longer form of its digest, is called."""
        exercise, _, behaviour = name.partition("~")
        return exercise == self.exercise and self.behaviour.startswith(behaviour)

    @property
    def nameable(self) -> bool:
        """Whether what its members do is known, so that it can be recognised again."""
        return bool(self.behaviour)

    @property
    def told(self) -> str:
        """What its members were told, as far as that is the same for all."""
        return self.row.message.split("\n")[0]

    @property
    def answer(self) -> str:
        """The code of one of them."""
        return self.row.answer


def named_or_not(records: Iterable[SubmissionResult]) -> list[Group]:
    """Group all wrong answers whose behaviour is known, also those that have got a name since."""
    return _grouped(records, lambda row: bool(row.behaviour))


def groups(records: Iterable[SubmissionResult]) -> list[Group]:
    """Group the wrong answers without a name, the largest group first.

    Answers whose behaviour is not known are put together by what their authors were told.
    """
    return _grouped(records, lambda row: not row.mistakes)


def _grouped(
    records: Iterable[SubmissionResult], belongs: Callable[[ExerciseResult], bool]
) -> list[Group]:
    found: dict[tuple[str, str, str], list[tuple[SubmissionResult, ExerciseResult]]] = {}
    for one in records:
        for row in one.rows:
            if row.status in ("wrong", "error") and belongs(row):
                told = "" if row.behaviour else row.message.split("\n")[0]
                found.setdefault((row.exercise, row.behaviour, told), []).append((one, row))
    made = [
        Group(exercise, behaviour, tuple(one for one, _ in members), members[0][1])
        for (exercise, behaviour, _), members in found.items()
    ]
    return sorted(made, key=lambda group: (-len(group.members), group.exercise, group.behaviour))
