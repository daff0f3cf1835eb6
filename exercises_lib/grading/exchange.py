"""What a kernel is asked about an answer, what a probe may ask back, and what comes of it.

Everything that a kernel sends may be forged, and is read here with that in mind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np

from exercises_lib.checking import Case, Exercise, Observation
from exercises_lib.checking.observe import Failure, Run, time_limit

MAX_STEPS = 1_000
"""How many outputs are read of one run; a probe gives a few dozen."""
ORACLE_SECONDS = 5.0
"""Time for one question of a probe."""
ORACLE_NUMBERS = 10_000
"""Numbers in one question of a probe; those of the course's own have a few hundred."""
UNREADABLE = (
    *(LookupError, TypeError, ValueError, AttributeError),
    *(OverflowError, RecursionError, MemoryError),
)
"""What reading what a kernel has sent can raise."""


def observe_request(
    exercise: Exercise, expression: str, copies: Sequence[Sequence[Any]], seconds: float
) -> dict[str, Any]:
    """Make the request by which a kernel observes an answer.

    Args:
        exercise: what was asked.
        expression: what is observed, as the check cell says it.
        copies: the inputs of each case, once for each run; the kernel gets nothing else of a case.
        seconds: processor time for all cases together.
    """
    return {
        "expression": expression,
        "probe": exercise.probe.name,
        "params": dict(exercise.probe.params),
        "cases": copies,
        "seconds": seconds,
        "asks": exercise.oracle is not None,
    }


def consult(exercise: Exercise, case: Case, arguments: Sequence[Any]) -> dict[str, Any]:
    """Answer a question of a probe, as far as it can be answered quickly and in little memory."""
    if sum(_size(one) for one in arguments) > ORACLE_NUMBERS:
        return {"error": f"more than {ORACLE_NUMBERS:,} numbers at a time"}
    reply = {"error": f"no answer in {ORACLE_SECONDS:g} s"}
    with time_limit(ORACLE_SECONDS):
        reply = exercise.consult(case, arguments)
    return reply


def _size(value: Any) -> int:
    """Count the numbers in plain data."""
    if isinstance(value, np.ndarray):
        return int(value.size)
    if isinstance(value, dict):
        return sum(map(_size, value.values()))
    if isinstance(value, (list, tuple)):
        return sum(map(_size, value))
    return 1


@dataclass(frozen=True)
class Memory:
    """What the grader has seen in the arrays that it had lent for a case.

    Args:
        changed: the inputs whose arrays are not as they were.
        held: what lies in the arrays of the inputs that an answer is to fill.
    """

    changed: Set[str]
    held: Mapping[str, Any]


def observations(
    exercise: Exercise, reply: Any, cases: Sequence[Case], memory: Sequence[Memory]
) -> list[Observation]:
    """Read what a kernel says an answer did; it may say anything.

    What became of arrays is not for it to say: `memory` tells.

    Raises:
        ValueError, TypeError, KeyError, IndexError, AttributeError: if it is not of the right form.
    """
    seen = []
    for case, runs, found in zip(cases, reply["runs"], memory, strict=False):
        read = [_run(run) for run in runs[:2]]
        told = read[0].after
        arrays = {k: one for k, one in case.inputs.items() if isinstance(one, np.ndarray)}
        read[0].after = {k: one for k, one in {**told, **arrays}.items() if k not in found.changed}
        read[0].held = dict(found.held)
        if exercise.repeat and len(read) == 1 and read[0].failure is None:
            raise ValueError("the second run is missing")
        seen.append(exercise.observed(case, read))
    if len(seen) < len(cases) and not (seen and seen[-1].failure):
        raise ValueError("a case is missing")
    return seen


def _run(data: Any) -> Run:
    failure = data["failure"]
    return Run(
        steps=[(str(name), value) for name, value in data["steps"][:MAX_STEPS]],
        after=dict(data["after"]),
        failure=None if failure is None else Failure(*(str(part)[:5000] for part in failure)),
        printed=str(data["printed"])[:2000],
        seconds=float(data["seconds"]),
    )
