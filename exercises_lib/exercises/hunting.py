"""Exercises in which a bug is hunted: an input on which code is wrong, the lines, the repair.

The input is judged as a test is, by what it does: the given code and the right one run on it, where
the judging is done, and have to differ.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from exercises_lib.checking import Mistake, Output


def hunted_outputs(
    verdict_on: Callable[[Any], str | None], *lines: Collection[int], last: int
) -> tuple[Output, Output]:
    """Say how the input and the lines of a hunt are judged.

    Args:
        verdict_on: takes the input; returns None if the given code is wrong on it, else a sentence.
        lines: the lines that are wrong; several where the fault can be seen in one or another.
        last: the last line of the given code.
    """

    def judge_input(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
        try:
            return verdict_on(got)
        except Exception as error:
            return f"The given code cannot be tried on this input: {error}."

    def judge_lines(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
        strangers = [line for line in got if not 1 <= line <= last]
        if strangers:
            return f"The given code has no line {strangers[0]}; it has lines 1 to {last}."
        if any(set(got) == set(wrong) for wrong in lines):
            return None
        innocent = [line for line in got if not any(line in wrong for wrong in lines)]
        if innocent:
            return f"Line {innocent[0]} is right as it is."
        return f"Line {got[0]} is wrong, and it is not the only one."

    return Output("input", compare=judge_input), Output("lines", compare=judge_lines)


def hunt_mistakes(
    right: Mapping[str, Any], harmless: Any, innocent: Collection[int]
) -> tuple[Mistake, ...]:
    """Give the mistakes that can be made in any hunt.

    Args:
        right: the right answer.
        harmless: an input on which the given code is right.
        innocent: lines that look suspicious and are right.
    """

    found = [
        Mistake(
            "an input on which the code is right",
            {**right, "input": harmless},
            "A counterexample is an input on which the given code gives a wrong result. On yours it "
            "gives the right one, so it proves nothing.",
        )
    ]
    found += [
        Mistake(
            f"line {line} suspected",
            {**right, "lines": [line]},
            f"Follow one wrong number back to the line that made it. Line {line} does what it "
            "should with what it is given.",
        )
        for line in innocent
    ]
    if len(right["lines"]) > 1:
        found.append(
            Mistake(
                "one line of several",
                {**right, "lines": list(right["lines"])[:1]},
                "There is more than one fault. Mend the line that you have found, run your input "
                "again, and see whether the result is right now.",
                recognise=_one_of(right["lines"]),
            )
        )
    return tuple(found)


def _one_of(lines: Collection[int]) -> Any:
    def recognise(cases: Any, seen: Any) -> bool:
        given = seen[0].values.get("lines") if seen else None
        return isinstance(given, list) and bool(given) and set(given) < set(lines)

    return recognise
