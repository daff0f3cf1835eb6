"""Exercises of chapter 01: a network that learns, graphs forward and back, a step downhill."""

from __future__ import annotations

from exercises_lib.exercises.ch01_computation_graphs import (
    add_then_multiply,
    apple_gradients,
    apple_total,
    fruit_gradients,
    gate_drill,
    inputs_from_gradients,
    local_or_passed,
    step_downhill,
    which_way,
)

EXERCISES = (
    which_way.EXERCISE,
    apple_total.EXERCISE,
    apple_gradients.EXERCISE,
    fruit_gradients.EXERCISE,
    local_or_passed.EXERCISE,
    add_then_multiply.EXERCISE,
    gate_drill.EXERCISE,
    step_downhill.EXERCISE,
    inputs_from_gradients.EXERCISE,
)
