"""Mistakes that an instructor has named: groups of wrong answers, recognised by what they do.

They stand in a small file beside the gradebook, written by ``backprop name-group``. Nothing of a
student's is run to recognise one: what was observed is compared with a digest.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from exercises_lib import exercises
from exercises_lib.checking import Case, Exercise, Observation
from exercises_lib.checking.behaviour import cases_mark, common_cases, digest
from exercises_lib.checking.trial import observe_case
from exercises_lib.course.audit import solution_lines
from exercises_lib.course.notebooks import write_text
from exercises_lib.errors import UserError

FILE = "mistakes.json"
FORMAT = 1


@dataclass(frozen=True)
class NamedMistake:
    """A mistake that an instructor has named.

    Args:
        exercise: which exercise.
        name: what it is called on the class's page.
        message: what those who make it are told.
        behaviour: the digest of what they do on the common cases.
        cases: the digest of these cases.
        answer: the code of one of them, to be read.
    """

    exercise: str
    name: str
    message: str
    behaviour: str
    cases: str
    answer: str = ""


def load(path: Path) -> list[NamedMistake]:
    """Read the file of named mistakes; none if there is no file.

    Raises:
        UserError: if it is not such a file.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] != FORMAT:
            raise ValueError(f"format {data['format']!r}, expected {FORMAT}")
        return [NamedMistake(**{k: str(v) for k, v in one.items()}) for one in data["mistakes"]]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path} is not a file of named mistakes: {error}.") from error


def save(path: Path, mistakes: Iterable[NamedMistake]) -> None:
    """Write the file of named mistakes, in the order of exercises."""
    rows = sorted(mistakes, key=lambda one: (one.exercise, one.name))
    data = {"format": FORMAT, "mistakes": [asdict(one) for one in rows]}
    write_text(path, json.dumps(data, indent=1, ensure_ascii=False) + "\n")


def faults(mistakes: list[NamedMistake]) -> Iterator[tuple[str, str]]:
    """Check named mistakes as the audit checks the course's own.

    A right answer must not be taken for one, a known mistake has its own name already, two must not
    be the same, and what is said must be there and must not give the solution away.

    Yields:
        Exercise and what is wrong, one sentence each.
    """
    for place, one in enumerate(mistakes):
        try:
            exercise = exercises.get(one.exercise)
        except LookupError:
            yield one.exercise, f"the named mistake {one.name!r} is of no exercise of the course"
            continue
        cases = common_cases(exercise)
        if cases_mark(cases) != one.cases:
            yield (
                one.exercise,
                f"the exercise has changed since {one.name!r} was named: nobody will be told of it "
                "any more; name it again",
            )
            continue
        for text in _faults(exercise, cases, one, mistakes[:place]):
            yield one.exercise, f"the named mistake {one.name!r} {text}"


def _faults(
    exercise: Exercise, cases: list[Case], one: NamedMistake, before: list[NamedMistake]
) -> Iterator[str]:
    right = (exercise.reference, *exercise.accepted)
    if any(_digest(exercise, cases, answer) == one.behaviour for answer in right):
        yield "is what a right answer does"
    for mistake in exercise.mistakes:
        if mistake.name == one.name:
            yield "has the name of a known mistake"
            continue
        if mistake.recognise is None and _digest(exercise, cases, mistake.answer) == one.behaviour:
            yield f"is known already, as {mistake.name!r}"
    for other in before:
        if other.exercise == one.exercise and other.behaviour == one.behaviour:
            yield f"is the same as {other.name!r}"
        elif other.exercise == one.exercise and other.name == one.name:
            yield "has a name that another has, too"
    if len(one.message.split()) < 3:
        yield "says nothing to those who make it"
    secret = solution_lines(exercise)
    for line in one.message.split("\n"):
        if line.strip() in secret:
            yield f"tells a line of the solution: {line.strip()!r}"


def _digest(exercise: Exercise, cases: list[Case], answer: object) -> str:
    seen: list[Observation] = []
    for case in cases:
        seen.append(observe_case(exercise, answer, case, exercise.repeat, exercise.seconds))
        failure = seen[-1].failure
        if failure is not None and failure.kind in ("unanswered", "timeout"):
            break
    return digest(cases, seen)
