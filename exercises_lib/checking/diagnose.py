"""Diagnosing: which of an exercise's known mistakes an answer makes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from exercises_lib.checking.compare import CHANGED, UNSTABLE, find_problems, tolerances
from exercises_lib.checking.exercise import Case, Exercise, Mistake
from exercises_lib.checking.observe import Observation
from exercises_lib.checking.serialize import same
from exercises_lib.checking.trial import Trial, observations
from exercises_lib.checking.wording import readable


def diagnose(trial: Trial, wrong: Sequence[str]) -> list[Mistake]:
    """Find the known mistakes that explain the wrong outputs.

    Args:
        trial: what the answer did.
        wrong: the names of the outputs that are wrong.

    Returns:
        As few mistakes as explain as many wrong outputs as can be explained, the one that explains
        most first. A mistake explains an output if it is wrong there too and does the same as the
        answer in every case. Outputs where it is wrong and the answer is right speak against it.
    """
    exercise = trial.exercise
    found: list[tuple[int, int, Mistake, set[str]]] = []
    order = _telling_first(trial)
    in_order = trial.at(order)
    for mistake in exercise.mistakes:
        if mistake.recognise is not None:
            if mistake.recognise(trial.cases, trial.seen):
                found.append((-len(wrong), 0, mistake, set(wrong)))
            continue
        if exercise.repeat and UNSTABLE not in wrong:  # a single run rules most of them out
            once = replace(exercise, repeat=False)
            if not _behaves_like(once, mistake.answer, trial, order, wrong)[0]:
                continue
        alike, theirs = _behaves_like(exercise, mistake.answer, trial, order, wrong)
        if not alike or len(theirs) != len(trial.seen):
            continue
        faults = {problem.output for problem in find_problems(replace(in_order, seen=theirs))}
        explained = alike & faults
        if explained:
            against = len(faults - set(wrong))  # where it is wrong and the answer is right
            found.append((against - len(explained), len(faults - explained), mistake, explained))
    found.sort(key=lambda entry: entry[:2])
    chosen: list[Mistake] = []
    covered: set[str] = set()
    for doubt, _, mistake, explained in found:
        if not explained <= covered and (doubt <= 0 or not chosen):
            chosen.append(mistake)
            covered |= explained
    return chosen


def _behaves_like(
    exercise: Exercise,
    wrong_answer: Any,
    trial: Trial,
    order: Sequence[int],
    names: Iterable[str],
) -> tuple[set[str], list[Observation]]:
    """Run a known wrong answer as long as it does the same as was seen about any of these outputs.

    Returns:
        The outputs about which it did the same in every case, and what it did, in this order.
    """
    alike, theirs = set(names), list[Observation]()
    runs = observations(exercise, wrong_answer, [trial.cases[i] for i in order])
    for i, one in zip(order, runs, strict=False):
        theirs.append(one)
        if i >= len(trial.seen):
            return set(), theirs
        elsewhere = alike - trial.expected[i].values.keys() - {CHANGED, UNSTABLE}
        asked = alike - elsewhere
        case, seen = trial.cases[i], trial.seen[i]
        alike = elsewhere | {n for n in asked if _alike(exercise, case, seen, one, n)}
        if not alike:
            break
    return alike, theirs


def _telling_first(trial: Trial) -> list[int]:
    """Order the cases so that those where an answer is wrong come first, by their numbers.

    Most mistakes behave otherwise in one of these, and need not be run on the others. A case that
    takes longer than all the others together comes last all the same. If the answer ran out of
    time, the case where it did is the last one seen; nothing is moved behind it.
    """
    count = len(trial.cases)
    whole = len(trial.seen) if len(trial.seen) == count else len(trial.seen) - 1
    right = [not any(find_problems(trial.at([i]))) for i in range(whole)]
    seconds = [one.seconds for one in trial.expected]
    half = sum(seconds) / 2
    order = sorted(range(whole), key=lambda i: (seconds[i] > half, right[i]))
    return [*order, *range(whole, count)]


def _alike(exercise: Exercise, case: Case, a: Observation, b: Observation, name: str) -> bool:
    """Tell whether two answers did the same about one output of one case."""
    rtol, atol = tolerances(exercise.output(name), case)
    return same(_did(a, name), _did(b, name), rtol=max(rtol, 1e-6), atol=max(atol, 1e-8))


def _did(seen: Observation, name: str) -> Any:
    """What an answer did about one output: its value, or the failure that stands in its place."""
    if name == CHANGED:
        return sorted(seen.changed)
    if name == UNSTABLE and seen.failure is None:
        return sorted(seen.unstable)
    if name in seen.values:
        return seen.values[name]
    if seen.failure is None:
        return (None,)
    return (seen.failure.kind, seen.failure.type, _essence(seen.failure.message))


_BROADCAST = re.compile(r"(operands could not be broadcast together with shapes) (.*\S)")


def _essence(message: str) -> str:
    """Take from the message of an error what depends on how a mistake is written down."""
    # `Relu.backward()`, `max_gate(x, y)`: what a student's own are called is no part of a mistake.
    message, methods = re.subn(r"[\w.<>]*\.(\w+\(\))", r"\1", readable(message))
    if not methods:
        message = re.sub(r"^(your function|[\w<>]+)(?=\()", "", message)
    # `a * b` is `b * a`, and their shapes are listed in this order.
    return _BROADCAST.sub(lambda found: f"{found[1]} {sorted(found[2].split())}", message)
