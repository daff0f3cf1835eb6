"""Judging answers: exercises as data, observations, verdicts. Knows no exercise and no notebook."""

from exercises_lib.checking.exercise import Case, Exercise, Field, Mistake, Output, no_inputs
from exercises_lib.checking.judge import check, judge, missing_modules, run, unavailable
from exercises_lib.checking.observe import Ask, Misfit, Observation, Probe, Unanswered, observe
from exercises_lib.checking.verdict import Verdict

__all__ = [
    "Ask",
    "Case",
    "Exercise",
    "Field",
    "Misfit",
    "Mistake",
    "Observation",
    "Output",
    "Probe",
    "Unanswered",
    "Verdict",
    "check",
    "judge",
    "missing_modules",
    "no_inputs",
    "observe",
    "run",
    "unavailable",
]
