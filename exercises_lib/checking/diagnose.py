"""Diagnosing: which of an exercise's known mistakes an answer makes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from exercises_lib.checking import crashes
from exercises_lib.checking.compare import (
    CHANGED,
    UNSTABLE,
    case_problems,
    find_problems,
    tolerances,
)
from exercises_lib.checking.exercise import Mistake
from exercises_lib.checking.observe import Failure, Observation
from exercises_lib.checking.serialize import same
from exercises_lib.checking.trial import Trial, observations
from exercises_lib.checking.wording import readable

Candidate = tuple[Mistake, set[str], set[str]]
"""A mistake, the wrong outputs about which it does as the answer does, and all that it spoils."""


def diagnose(trial: Trial, wrong: Sequence[str]) -> list[Mistake]:
    """Find the known mistakes that explain everything that is wrong.

    A name is true or is not given: a mistake counts only if whatever it spoils is spoilt in the
    answer in the same way, in every case, and nothing that it spoils is right there.

    Args:
        trial: what the answer did.
        wrong: the names of the outputs that are wrong, the one that is spoken of first.

    Returns:
        One mistake that does all that the answer does wrong; else as few as do it together; else
        none. The one that explains the first of `wrong` comes first.
    """
    order = _telling_first(trial)
    if trial.exercise.fields:
        return _of_blanks(trial, order, wrong)
    candidates: list[Candidate] = []
    nearly: list[Mistake] = []
    for mistake in trial.exercise.mistakes:
        if mistake.recognise is not None:
            if mistake.recognise(trial.cases, trial.seen):
                return [mistake]
            continue
        alike, spoilt, stopped = _compared(mistake, trial, order, wrong)
        if alike == spoilt == set(wrong):
            return [mistake]
        if alike == spoilt - (stopped - alike) == set(wrong):
            nearly.append(mistake)
        if spoilt & alike and spoilt <= set(wrong):
            candidates.append((mistake, spoilt & alike, spoilt))
    return nearly[:1] or _together(candidates, wrong)


def _together(candidates: Iterable[Candidate], wrong: Sequence[str]) -> list[Mistake]:
    """Choose mistakes of different outputs that explain all that is wrong; none if they cannot.

    Where two of them meet in one output, it is neither's alone and stays unexplained.
    A message that speaks of another wrong output, too, was written for answers in which that one
    is right.
    """
    left, chosen = set(wrong), list[Candidate]()
    for candidate in sorted(candidates, key=lambda candidate: -len(candidate[1])):
        mistake, explained, spoilt = candidate
        apart = not any(explained & others or its & spoilt for _, its, others in chosen)
        if apart and not _speaks_of(mistake.message, set(wrong) - spoilt, spoilt):
            chosen.append(candidate)
            left -= explained
    if any(sum(name in spoilt for _, _, spoilt in chosen) < 2 for name in left):
        return []
    return [mistake for mistake, *_ in sorted(chosen, key=lambda c: min(map(wrong.index, c[1])))]


def _of_blanks(trial: Trial, order: Sequence[int], wrong: Sequence[str]) -> list[Mistake]:
    """Explain as many wrong blanks as can be explained; each stands for itself."""
    found: list[tuple[int, int, Mistake, set[str]]] = []
    for mistake in trial.exercise.mistakes:
        alike, spoilt, _ = _compared(mistake, trial, order, wrong)
        explained = alike & spoilt
        if explained:
            doubt = len(spoilt - set(wrong)) - len(explained)
            found.append((doubt, len(spoilt - explained), mistake, explained))
    chosen, covered = list[Mistake](), set[str]()
    for doubt, _, mistake, explained in sorted(found, key=lambda entry: entry[:2]):
        if not explained <= covered and (doubt <= 0 or not chosen):
            chosen.append(mistake)
            covered |= explained
    return chosen


def _speaks_of(message: str, others: Iterable[str], own: Iterable[str]) -> bool:
    """Tell whether a message speaks of a gradient that is wrong in another way."""
    words = set(re.findall(r"\w+", message))
    gradients = [name for name in others if _is_gradient(name)]
    if words & {"gradient", "gradients"} and not any(map(_is_gradient, own)):
        return bool(gradients)
    return any(name.split()[-1] in words for name in gradients)


def _is_gradient(name: str) -> bool:
    return re.match(r"d_?[A-Za-z]\w*$|grad", name.split()[-1]) is not None


def _compared(
    mistake: Mistake, trial: Trial, order: Sequence[int], wrong: Sequence[str]
) -> tuple[set[str], set[str], set[str]]:
    """Compare a mistake with the answer.

    Returns:
        The wrong outputs about which it does the same; all that it spoils; and of these where it
        only stops once more as the answer stops elsewhere.
    """
    exercise = trial.exercise
    asked = [trial.cases[i] for i in order]
    runs: Iterable[Observation]
    if mistake.name in trial.mistakes:
        known = trial.mistakes[mistake.name]
        runs = (known[i] for i in order if i < len(known))
    else:
        if exercise.repeat and UNSTABLE not in wrong:  # a single run rules most of them out
            once = observations(replace(exercise, repeat=False), mistake.answer, asked)
            if not _behaves_like(once, trial, order, wrong)[0]:
                return set(), set(), set()
        runs = observations(exercise, mistake.answer, asked)
    alike, theirs = _behaves_like(runs, trial, order, wrong)
    if not alike or len(theirs) != len(trial.seen):
        return set(), set(), set()
    spoilt, stopped = set[str](), set[str]()
    for number, one in zip(order, theirs, strict=True):
        case, want = trial.cases[number], trial.expected[number]
        for problem in case_problems(exercise, case, one, want):
            again = problem.stage == "runs" and _same_stop(trial, one)
            (stopped if again else spoilt).add(problem.output)
    return alike, spoilt | stopped, stopped - spoilt


def _same_stop(trial: Trial, theirs: Observation) -> bool:
    """Tell whether a mistake stops here as the answer stops, perhaps, somewhere else."""
    mine = [one.failure for one in trial.seen if one.failure is not None]
    return theirs.failure is not None and any(
        (one.type, essence(one.message)) == (theirs.failure.type, essence(theirs.failure.message))
        and _shapes(one) == _shapes(theirs.failure)
        for one in mine
    )


def _shapes(failure: Failure) -> list[tuple[int, ...]]:
    """The shapes that did not fit, where that is what stopped an answer."""
    crash = crashes.read(failure.operands) if failure.type == "ValueError" else None
    return crash.shapes if crash is not None else []


def _behaves_like(
    runs: Iterable[Observation], trial: Trial, order: Sequence[int], names: Iterable[str]
) -> tuple[set[str], list[Observation]]:
    """Follow a known wrong answer as long as it does as was seen about any of these outputs.

    Args:
        runs: what it does on the cases in this order; asked for no further than is needed.
        trial: what the answer did.
        order: the numbers of the cases.
        names: the outputs.

    Returns:
        The outputs about which it did the same in every case, and what it did, in this order.
    """
    alike, theirs = set(names), list[Observation]()
    for i, one in zip(order, runs, strict=False):
        theirs.append(one)
        if i >= len(trial.seen):
            return set(), theirs
        elsewhere = alike - trial.expected[i].values.keys() - {CHANGED, UNSTABLE}
        asked = alike - elsewhere
        alike = elsewhere | {name for name in asked if _alike(trial, i, one, name)}
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


def _alike(trial: Trial, number: int, theirs: Observation, name: str) -> bool:
    """Tell whether a mistake did the same as the answer about one output of one case.

    Of an output that the answer did not get to, because it had stopped at another, nothing is
    known, and nothing is held against the mistake.
    """
    case, seen = trial.cases[number], trial.seen[number]
    if name not in seen.values and name not in (CHANGED, UNSTABLE) and seen.failure is not None:
        open_ones = [one for one in trial.expected[number].values if one not in seen.values]
        if name in open_ones[1:]:
            return True
        if not _stopped_alike(seen.failure, theirs.failure):
            return False
    rtol, atol = tolerances(trial.exercise.output(name), case)
    return same(_did(seen, name), _did(theirs, name), rtol=max(rtol, 1e-6), atol=max(atol, 1e-8))


def _stopped_alike(a: Failure | None, b: Failure | None) -> bool:
    """Tell whether two answers stopped at the same kind of place: arrays of the same shapes.

    The text of an exception alone is not enough: NumPy names the sizes that do not fit, and not
    what they belong to.
    """
    if a is None or b is None:
        return True
    here, there = _shapes(a), _shapes(b)
    return not here or not there or here == there


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
    failure = seen.failure
    return (failure.kind, failure.type, essence(failure.message), essence(failure.during))


_BROADCAST = re.compile(r"(operands could not be broadcast together with shapes) (.*\S)")


def essence(message: str) -> str:
    """Take from the message of an error what depends on how a mistake is written down."""
    # `Relu.backward()`, `max_gate(x, y)`: what a student's own are called is no part of a mistake.
    message, methods = re.subn(r"[\w.<>]*\.(\w+\(\))", r"\1", readable(message))
    if not methods:
        message = re.sub(r"^(your function|[\w<>]+)(?=\()", "", message)
    # `a * b` is `b * a`, and their shapes are listed in this order.
    return _BROADCAST.sub(lambda found: f"{found[1]} {sorted(found[2].split())}", message)
