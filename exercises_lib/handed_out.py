"""A copy of the course that has been handed out without the answers to what is graded.

`backprop handout` writes such a copy. In it ``asked.json`` stands beside this file and says which
exercises are graded. Their check looks at the form of an answer only and says that the verdict
comes from the grader; what the library would give away is left out. In the full course there is no
such file, and nothing of this applies.
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from exercises_lib.checking.verdict import Status, Verdict

FILE = Path(__file__).with_name("asked.json")
GRADED = (
    "This exercise is graded: the grader, not this notebook, says whether your answer is right."
)


@dataclass(frozen=True)
class Asked:
    """What is known of an exercise where its answer is not.

    Args:
        id: the exercise.
        title: its title.
        kind: number, choice, function, class, debug or target.
        points: what it counts.
        hints: its three hints.
        blanks: for numbers and choices, what is to be filled in: name → what can be chosen.
    """

    id: str
    title: str
    kind: str
    points: int
    hints: tuple[str, str, str]
    blanks: Mapping[str, list[str]]


@cache
def _content() -> dict[str, Any]:
    if not FILE.exists():
        return {"exercises": [], "left_out": []}
    return cast(dict[str, Any], json.loads(FILE.read_text(encoding="utf-8")))


@cache
def _exercises() -> dict[str, Asked]:
    return {
        one["id"]: Asked(**{**one, "hints": tuple(one["hints"])}) for one in _content()["exercises"]
    }


def find(exercise_id: str) -> Asked | None:
    """Return an exercise that is graded, or None if it is not, or is none."""
    return _exercises().get(exercise_id)


def chapter(number: str) -> tuple[Asked, ...]:
    """Return the graded exercises of a chapter; none if it is not graded."""
    return tuple(one for one in _exercises().values() if one.id.startswith(f"ch{number}."))


def form(asked: Asked, answer: Any) -> Verdict:
    """Say whether an answer has the form that was asked for; whether it is right is not known.

    Args:
        asked: what was asked.
        answer: the candidate; anything at all.
    """
    status, text = _form(asked, answer)
    message = "\n".join(line for line in (text, GRADED) if line)
    return Verdict(asked.id, asked.title, status, message, None, (), asked.points, 0)


def _form(asked: Asked, answer: Any) -> tuple[Status, str]:
    if answer is None or answer is ...:
        return "unanswered", ""
    if asked.blanks:
        return _form_of_blanks(asked, answer)
    if asked.kind == "class" and not inspect.isclass(answer):
        return "wrong", "The answer is a class."
    if asked.kind == "function" and not callable(answer):
        return "wrong", "The answer is a function."
    return "unavailable", "The form of your answer is right."


def _form_of_blanks(asked: Asked, answer: Any) -> tuple[Status, str]:
    names = list(asked.blanks)
    if len(names) == 1 and not isinstance(answer, dict):
        answer = {names[0]: answer}
    if not isinstance(answer, dict) or set(answer) - set(names):
        return "wrong", f"The answer is a dictionary with the entries {', '.join(names)}."
    blank = [name for name in names if answer.get(name) is None or answer[name] is ...]
    if blank:
        return "unanswered", f"Still open: {', '.join(blank)}."
    for name, options in asked.blanks.items():
        if options and str(answer[name]) not in options:
            chosen = ", ".join(map(repr, options))
            return "wrong", f"{name}: {str(answer[name])[:60]!r} is none of the choices {chosen}."
    return "unavailable", "The form of your answer is right."


class LeftOutError(NotImplementedError):
    """Something of the library is not in this copy; the text says why."""


def left_out(name: str) -> Any:
    """Return what stands for a name of the library that is not in this copy.

    Where the notebook has defined one of that name, it is that; else something that says so as
    soon as it is used.

    Raises:
        AttributeError: if there never was such a name.
    """
    if name not in _content()["left_out"]:
        raise AttributeError(f"module 'exercises_lib.nn' has no attribute {name!r}")
    own = getattr(sys.modules["__main__"], name, None)
    return _stand_in(name) if own is None else own


@cache
def _stand_in(name: str) -> type:
    def refuse(cls: type, *args: Any, **more: Any) -> Any:
        raise LeftOutError(
            f"{name} is left out of this copy of the course, since a graded exercise asks for it. "
            f"This cell runs where your own notebook has defined {name}."
        )

    return type(name, (), {"__new__": refuse, "__module__": "exercises_lib.nn"})
