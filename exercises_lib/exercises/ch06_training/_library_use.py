"""Exercises that demand the student's own library look at what of `nn` their answers have called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from exercises_lib.checking import Case, Observation, Output


def judge_library(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    """Say which parts of the course's library an answer has used."""
    if not isinstance(got, list) or not all(isinstance(name, str) for name in got):
        return "It cannot be seen what your answer is made of."
    if not got:
        return None
    names = ", ".join(f"nn.{name}" for name in got[:4])
    return (
        f"Your training runs on the course's {names}. Here your own library is asked for: "
        f"`from mynn import {got[0]}` gives your own, once it has passed."
    )


def uses_nn(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Recognise answers that leave the work to the course's library."""
    return bool(seen) and bool(seen[0].values.get("taken from nn"))


OWN_OUTPUT = Output("taken from nn", compare=judge_library)
