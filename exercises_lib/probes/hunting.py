"""The probe of a hunted bug: an input, the lines, and a repair that is run as any answer is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from exercises_lib.checking import MisfitError, UnansweredError
from exercises_lib.probes import Steps, find

PARTS = ("input", "lines", "repair")


def hunt(
    answer: Any, inputs: dict[str, Any], *, repair: str, params: Mapping[str, Any] | None = None
) -> Steps:
    """Read the three parts of a hunt, and observe the repair.

    Args:
        answer: ``{"input": …, "lines": […], "repair": …}``.
        inputs: what the repair is tried on.
        repair: the name of the probe that observes the repair.
        params: that probe's parameters.
    """
    if not isinstance(answer, dict):
        raise MisfitError(
            "The answer is a dictionary with three parts: an input on which the given code is "
            "wrong, the lines, and the repair."
        )
    strangers = [str(key)[:40] for key in answer if key not in PARTS]
    if strangers:
        raise MisfitError(f"There is no part {strangers[0]!r}; the parts are {', '.join(PARTS)}.")
    blank = [part for part in PARTS if answer.get(part) is None or answer[part] is ...]
    if blank:
        more = "" if len(blank) == len(PARTS) else f"Still open: {', '.join(blank)}."
        raise UnansweredError(more)
    yield "input", answer["input"]
    yield "lines", _lines(answer["lines"])
    yield from find(repair)(answer["repair"], inputs, **(params or {}))


def _lines(given: Any) -> list[int]:
    """Read line numbers: one, or several in any order."""
    several = [given] if isinstance(given, (int, np.integer)) else given
    if not isinstance(several, (list, tuple, set)) or not several:
        raise MisfitError("lines is a list of line numbers, for example [3].")
    if any(isinstance(n, bool) or not isinstance(n, (int, np.integer)) for n in several):
        raise MisfitError("A line is a whole number, as it stands at the end of the line.")
    return sorted({int(line) for line in several})
