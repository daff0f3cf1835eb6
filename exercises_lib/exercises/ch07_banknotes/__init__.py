"""Exercises of chapter 07: a classifier from functions and dictionaries, and the clinic."""

from __future__ import annotations

from exercises_lib.exercises.ch07_banknotes import (
    backward_pass,
    clinic_mend,
    clinic_patients,
    clinic_rules,
    deep,
    forward_pass,
    init_params,
    one_layer_forward,
    reach_banknotes,
    remembering_default,
    split,
    test_the_test,
    train_epoch,
    twins,
    two_faults,
)

EXERCISES = (
    init_params.EXERCISE,
    one_layer_forward.EXERCISE,
    forward_pass.EXERCISE,
    backward_pass.EXERCISE,
    remembering_default.EXERCISE,
    two_faults.EXERCISE,
    train_epoch.EXERCISE,
    split.EXERCISE,
    test_the_test.EXERCISE,
    twins.EXERCISE,
    reach_banknotes.EXERCISE,
    deep.EXERCISE,
    clinic_patients.EXERCISE,
    clinic_rules.EXERCISE,
    clinic_mend.EXERCISE,
)
