"""Judging answers: exercises as data, observations, verdicts. Knows no exercise and no notebook."""

from exercises_lib.checking.exercise import Case, Exercise, Field, Mistake, Output, no_inputs
from exercises_lib.checking.judge import check, judge, missing_modules, unavailable
from exercises_lib.checking.observe import (
    MisfitError,
    Observation,
    Oracle,
    Probe,
    UnansweredError,
    observe,
)
from exercises_lib.checking.trial import Trial, run
from exercises_lib.checking.verdict import Verdict

__all__ = [
    "Case",
    "Exercise",
    "Field",
    "MisfitError",
    "Mistake",
    "Observation",
    "Oracle",
    "Output",
    "Probe",
    "Trial",
    "UnansweredError",
    "Verdict",
    "check",
    "judge",
    "missing_modules",
    "no_inputs",
    "observe",
    "run",
    "unavailable",
]
