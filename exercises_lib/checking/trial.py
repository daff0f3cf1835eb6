"""A trial: what an answer did on some cases, beside what the reference does on the same cases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from exercises_lib.checking.exercise import Case, Exercise
from exercises_lib.checking.observe import Observation, run_probe
from exercises_lib.checking.serialize import copy_plain


@dataclass(frozen=True)
class Known:
    """What an exercise's own answers do on some cases, for who judges many answers on the same.

    Args:
        expected: what the reference does on all of them.
        mistakes: what each known mistake does, by its name; may end early.
    """

    expected: Sequence[Observation]
    mistakes: Mapping[str, Sequence[Observation]]

    @classmethod
    def of(cls, exercise: Exercise, cases: Sequence[Case]) -> Known:
        """Run the reference and every mistake that is recognised by what it does.

        Raises:
            RuntimeError: if the reference fails; a fault of the exercise.
        """
        by_behaviour = [mistake for mistake in exercise.mistakes if mistake.recognise is None]
        return cls(
            _expected(exercise, cases),
            {mistake.name: run(exercise, mistake.answer, cases) for mistake in by_behaviour},
        )


@dataclass(frozen=True)
class Trial:
    """All that an answer is judged by.

    Args:
        exercise: what was asked.
        cases: the cases.
        seen: what the answer did on them, in order; may end early after a time-out or a gap.
        expected: what the reference does on all of them.
        mistakes: what known mistakes do on all of them, as far as it is known already.
    """

    exercise: Exercise
    cases: Sequence[Case]
    seen: Sequence[Observation]
    expected: Sequence[Observation]
    mistakes: Mapping[str, Sequence[Observation]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        exercise: Exercise,
        cases: Sequence[Case],
        seen: Sequence[Observation],
        known: Known | None = None,
    ) -> Trial:
        """Put what an answer did beside what the reference does.

        Raises:
            RuntimeError: if the reference fails; a fault of the exercise.
        """
        if known is not None:
            return cls(exercise, cases, seen, known.expected, known.mistakes)
        return cls(exercise, cases, seen, _expected(exercise, cases))

    def at(self, order: Sequence[int]) -> Trial:
        """Return the trial on some of the cases, in this order, as far as they were seen."""
        return replace(
            self,
            cases=[self.cases[i] for i in order],
            seen=[self.seen[i] for i in order if i < len(self.seen)],
            expected=[self.expected[i] for i in order],
        )


def _expected(exercise: Exercise, cases: Sequence[Case]) -> list[Observation]:
    """Observe the reference.

    A target's training is judged by itself, and not by what the reference has learnt on the same
    draw; so that one is trained once in a process for cases of one form.
    """
    if exercise.kind != "target":
        return _observed_reference(exercise, cases)
    form = tuple((case.note, *((k, np.shape(v)) for k, v in case.inputs.items())) for case in cases)
    key = (exercise.id, hash(form))
    if key not in _trained:
        _trained[key] = _observed_reference(exercise, cases)
    return _trained[key]


_trained: dict[tuple[str, int], list[Observation]] = {}


def _observed_reference(exercise: Exercise, cases: Sequence[Case]) -> list[Observation]:
    expected = [
        # What else the machine is busy with is not its fault.
        observe_case(
            exercise, exercise.reference, case, repeat=False, seconds=60.0, of_processor=True
        )
        for case in cases
    ]
    for case, wanted in zip(cases, expected, strict=True):
        if wanted.failure is not None:
            raise RuntimeError(
                f"{exercise.id}: the reference fails on {case.note!r}: {wanted.failure}"
            )
    return expected


def observe_case(
    exercise: Exercise,
    answer: Any,
    case: Case,
    repeat: bool,
    seconds: float = 5.0,
    of_processor: bool = False,
) -> Observation:
    """Observe an answer on one case of an exercise, its outputs named as they are judged."""
    runs = run_probe(
        exercise.probe,
        answer,
        [copy_plain(dict(case.inputs)) for _ in range(2 if repeat else 1)],
        seconds=seconds,
        oracle=exercise.local_oracle(case),
        of_processor=of_processor,
        held={key for keys in exercise.fills.values() for key in keys},
    )
    return exercise.observed(case, runs)


def observations(exercise: Exercise, answer: Any, cases: Sequence[Case]) -> Iterator[Observation]:
    """Observe an answer on one case after the other, within the time limit for all of them.

    Stops early where going on tells nothing: the answer is missing or its time is up.
    """
    left = exercise.seconds
    for case in cases:
        seen = observe_case(exercise, answer, case, exercise.repeat, max(left, 0.1))
        yield seen
        left -= seen.seconds * (2 if exercise.repeat else 1)
        if seen.failure is not None and seen.failure.kind in ("unanswered", "timeout"):
            break


def run(exercise: Exercise, answer: Any, cases: Sequence[Case]) -> list[Observation]:
    """Observe an answer on the cases; see `observations`."""
    return list(observations(exercise, answer, cases))
