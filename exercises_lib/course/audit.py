"""The audit: what the checks themselves are worth, measured on every exercise.

For each exercise the reference and every accepted variant must pass, every known mistake must be
rejected and must be given its own name, the empty answer must count as unanswered, and the hints
must be there without giving the solution away.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from exercises_lib.checking import Exercise, Verdict, check, missing_modules
from exercises_lib.checking.judge import judge, load
from exercises_lib.checking.trial import Known, run

SEEDS = (0, 1, 2)


@dataclass
class Result:
    """What the audit of one exercise found.

    Args:
        exercise: the exercise.
        accepted: right answers, the reference among them, that passed on every seed.
        right: how many right answers there are.
        rejected: known mistakes that were rejected on every seed.
        named: known mistakes that were given their own name, and first, on every seed.
        faults: what is wrong, one sentence each.
        skipped: why it could not be audited; empty if it was.
    """

    exercise: Exercise
    accepted: int = 0
    right: int = 0
    rejected: int = 0
    named: int = 0
    faults: list[str] = field(default_factory=list)
    skipped: str = ""


def audit(exercise: Exercise, seeds: Iterable[int] = SEEDS) -> Result:
    """Audit one exercise.

    Args:
        exercise: the exercise.
        seeds: cases are drawn once from each; an exercise that trains is tried on the first only.
    """
    missing = missing_modules(exercise)
    result = Result(exercise, right=1 + len(exercise.accepted))
    if missing:
        result.skipped = f"needs {', '.join(missing)}"
        return result
    rights = (exercise.reference, *exercise.accepted)
    answers = (*rights, *(mistake.answer for mistake in exercise.mistakes))
    chosen = list(seeds)[:1] if exercise.kind == "target" else list(seeds)
    by_seed = [verdicts_on(exercise, seed, answers) for seed in chosen]
    for index in range(len(rights)):
        verdicts = [row[index] for row in by_seed]
        refused = next((verdict for verdict in verdicts if verdict.status != "passed"), None)
        result.accepted += refused is None
        if refused is not None:
            which = "the reference" if index == 0 else f"accepted answer {index}"
            result.faults.append(f"{which} does not pass: {refused.message}")
    for index, mistake in enumerate(exercise.mistakes, len(rights)):
        verdicts = [row[index] for row in by_seed]
        statuses = {verdict.status for verdict in verdicts}
        rejected = statuses <= {"wrong", "error"}
        named = rejected and all(mistake.name == verdict.mistake for verdict in verdicts)
        result.rejected += rejected
        result.named += named
        if not rejected:
            result.faults.append(f"mistake {mistake.name!r} is {', '.join(sorted(statuses))}")
        elif not named:
            got = sorted({str(verdict.mistake) for verdict in verdicts})
            result.faults.append(f"mistake {mistake.name!r} is named {', '.join(got)}")
        elif any(mistake.message not in verdict.message for verdict in verdicts):
            result.faults.append(f"mistake {mistake.name!r} is named without its message")
    if check(exercise, None, np.random.default_rng(0)).status != "unanswered":
        result.faults.append("an empty answer does not count as unanswered")
    result.faults += _missing_parts(exercise)
    result.faults += _hint_faults(exercise)
    return result


def verdicts_on(exercise: Exercise, seed: int, answers: Iterable[Any]) -> list[Verdict]:
    """Judge answers on the same cases, as `check` does.

    Each is run as a student's would be. What the known mistakes do, by which wrong answers are
    named, is found out once for all of them.

    Args:
        exercise: what was asked.
        seed: the cases are drawn from it.
        answers: the candidates.
    """
    load(exercise)
    cases = list(exercise.draw(np.random.default_rng(seed)))
    known = Known.of(exercise, cases)
    return [judge(exercise, cases, run(exercise, one, cases), known=known) for one in answers]


def _missing_parts(exercise: Exercise) -> Iterator[str]:
    wanted = {"function": 4, "class": 4, "debug": 4, "number": 2}.get(exercise.kind, 0)
    if exercise.kind == "choice":
        for item in exercise.fields:
            right = exercise.reference[item.name]
            covered = {mistake.answer.get(item.name) for mistake in exercise.mistakes}
            for option in item.options:
                if option != right and option not in covered:
                    yield f"no mistake explains the option {option!r} of {item.name!r}"
    if len(exercise.mistakes) < wanted:
        yield f"it has {len(exercise.mistakes)} known mistakes, at least {wanted}"
    if exercise.kind in ("function", "class", "debug") and len(exercise.accepted) < 2:
        yield f"it has {len(exercise.accepted)} accepted variants, at least 2"


def _hint_faults(exercise: Exercise) -> Iterator[str]:
    if len(exercise.hints) != 3 or not all(hint.strip() for hint in exercise.hints):
        yield "it does not have three hints"
    secret = solution_lines(exercise)
    for number, hint in enumerate(exercise.hints, 1):
        for line in hint.split("\n"):
            if line.strip() in secret:
                yield f"hint {number} has a line of the solution: {line.strip()!r}"


def solution_lines(exercise: Exercise) -> set[str]:
    """Return the lines of the right answer that would give it away."""
    if not callable(exercise.reference):
        return set()
    try:
        text = inspect.getsource(exercise.reference)
    except (OSError, TypeError):
        return set()
    rows = {line.strip() for line in text.split("\n")}
    bare = ("def ", "class ", "#", '"""', "@", "for ", "if ", "else", "return out", "while ")
    return {row for row in rows if len(row) >= 12 and not row.startswith(bare)}
