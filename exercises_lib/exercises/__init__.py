"""The exercises of the course, a package a chapter, a file an exercise."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
from functools import cache

from exercises_lib.chapters import CHAPTERS, chapter_of
from exercises_lib.checking import Exercise

MOVED = {
    "ch01.topological_order": "ch02.topological_order",
    "ch01.backward_sweep": "ch02.backward_sweep",
}
"""Exercises that stand in another chapter now: their old ids, which notebooks may still hold."""


@cache
def chapter_exercises(number: str) -> tuple[Exercise, ...]:
    """Return the exercises of a chapter, in the order in which they are asked.

    Args:
        number: two digits, for example ``"03"``.

    Raises:
        LookupError: if there is no such chapter, or not in this copy of the course.
    """
    if number not in CHAPTERS:
        raise LookupError(f"no chapter {number!r}; there are {', '.join(CHAPTERS)}")
    if importlib.util.find_spec(f"{__name__}.ch{CHAPTERS[number].stem}") is None:
        raise LookupError(f"the exercises of chapter {number} are not in this copy of the course")
    module = importlib.import_module(f"{__name__}.ch{CHAPTERS[number].stem}")
    exercises: tuple[Exercise, ...] = module.EXERCISES
    return exercises


def all_exercises() -> list[Exercise]:
    """Return every exercise of the course, in the order in which they are asked."""
    return [exercise for number in CHAPTERS for exercise in chapter_exercises(number)]


def _those_here(number: str) -> tuple[Exercise, ...]:
    """Return the exercises of a chapter; none if it is not in this copy of the course."""
    try:
        return chapter_exercises(number)
    except LookupError:
        return ()


def get(exercise_id: str) -> Exercise:
    """Return one exercise.

    Args:
        exercise_id: for example ``"ch04.bias_gradient"``.

    Raises:
        LookupError: if there is none; the message names the closest ones.
    """
    exercise_id = MOVED.get(str(exercise_id), exercise_id)
    number = chapter_of(str(exercise_id))
    if number in CHAPTERS:
        for exercise in _those_here(number):
            if exercise.id == exercise_id:
                return exercise
    known = [exercise.id for number in CHAPTERS for exercise in _those_here(number)]
    close = difflib.get_close_matches(str(exercise_id), known, n=3, cutoff=0.4)
    hint = f" Did you mean {' or '.join(map(repr, close))}?" if close else ""
    raise LookupError(f"There is no exercise {str(exercise_id)[:80]!r}.{hint}")
