"""What a student types: check, hint, progress."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from exercises_lib.checking import Verdict
    from exercises_lib.progress_store import Overview

_hints_given: dict[str, int] = {}
_checked_since_hint: set[str] = set()


def check(exercise_id: str, answer: Any, *, seed: int | None = None) -> Verdict:
    """Check your answer to an exercise on fresh random cases.

    Args:
        exercise_id: for example ``"ch04.bias_gradient"``.
        answer: your function, class or values.
        seed: draws the same cases every time; without it they are new at each check.

    Returns:
        The verdict, which shows itself. It never raises for what your answer is or does. Its
        ``status`` is ``"passed"``, ``"wrong"``, ``"error"``, ``"unanswered"`` or ``"unavailable"``.

    Raises:
        LookupError: if there is no exercise of that name.
        AssertionError: under nbgrader's autograding, which knows no other way, if it did not pass.
    """
    from exercises_lib import checking, exercises, handed_out, live, progress_store
    from exercises_lib.checking import pointing

    asked = handed_out.find(exercise_id)
    if asked is not None:
        _checked_since_hint.add(exercise_id)
        return handed_out.form(asked, None if isinstance(answer, live.Missing) else answer)
    exercise = exercises.get(exercise_id)
    if isinstance(answer, live.Missing):
        text = f"`{answer.name}` does not exist yet: run the cell in which you write it, then this."
        return checking.Verdict.of(exercise, "unanswered", text)
    rng = np.random.default_rng(seed)
    verdict = checking.check(exercise, answer, rng, search=pointing.start)
    _checked_since_hint.add(exercise_id)
    progress_store.record(verdict)
    if verdict and exercise.kind in ("function", "class"):
        _keep(exercise_id, answer)
    progress_store.stop_nbgrader(verdict)
    return live.session.judged(verdict) if live.session else verdict


def _keep(exercise_id: str, answer: Any) -> None:
    """Put an answer that has passed into the student's own library, where one is kept."""
    from exercises_lib import own

    cells = _cells_that_ran()
    name = getattr(answer, "__name__", "")
    if cells and name.isidentifier() and own.is_writable():
        said = own.keep(exercise_id, name, cells)
        if said:
            print(said)


def _cells_that_ran() -> list[str]:
    """Return the sources of the notebook's cells, in the order in which they ran."""
    import linecache

    # IPython keeps them in the notebook's own module.
    cells = [cell for cell in getattr(sys.modules["__main__"], "In", ()) if cell]
    if cells:
        return cells
    # Who runs cells without a history, as nbval does, still leaves them for tracebacks.
    return ["".join(linecache.getlines(name)) for name in linecache.cache if "ipykernel_" in name]


@dataclass(frozen=True)
class Hint:
    """One hint; shows itself as text or HTML."""

    exercise_id: str
    number: int
    text: str
    after: str = ""

    def __str__(self) -> str:
        import textwrap

        lines = [f"{self.exercise_id} · hint {self.number} of 3"]
        for line in (*self.text.split("\n"), *([self.after] if self.after else [])):
            indent = "  " + line[: len(line) - len(line.lstrip())]
            lines += textwrap.wrap(line, 88, initial_indent="  ", subsequent_indent=indent) or [""]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from exercises_lib.checking.verdict import hint_html

        return hint_html(self.exercise_id, self.number, self.text, self.after)


def hint(exercise_id: str, number: int | None = None) -> Hint:
    """Give the next of an exercise's three hints: where to look, which rule, a skeleton.

    A new hint opens once you have tried: after the first one, run your check before the next.

    Args:
        exercise_id: for example ``"ch04.bias_gradient"``.
        number: 1, 2 or 3 for a certain hint; without it the next one.

    Raises:
        LookupError: if there is no exercise of that name.
        ValueError: if the number is not 1, 2 or 3.
    """
    from exercises_lib import exercises, handed_out

    exercise = handed_out.find(exercise_id) or exercises.get(exercise_id)
    if number is not None:
        if number not in (1, 2, 3):
            raise ValueError(f"hints are numbered 1, 2 and 3; there is no hint {number!r}")
        return Hint(exercise_id, number, exercise.hints[number - 1])
    given = _hints_given.get(exercise_id, 0)
    after = ""
    if given == 0 or (given < 3 and exercise_id in _checked_since_hint):
        given += 1
        _checked_since_hint.discard(exercise_id)
    elif given < 3:
        after = "Try this first and run your check once; then the next hint opens."
    else:
        after = "That was the last hint."
    _hints_given[exercise_id] = given
    return Hint(exercise_id, given, exercise.hints[given - 1], after)


def progress() -> Overview:
    """Show how far you are: every chapter, every exercise, what passed."""
    from exercises_lib import progress_store

    return progress_store.overview()


if "ipykernel" in sys.modules:
    from exercises_lib.live import attach

    attach(check)
