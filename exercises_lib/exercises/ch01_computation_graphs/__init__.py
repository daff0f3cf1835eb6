"""Exercises of chapter 01: forward, backward, and the sweep that does it for any graph."""

from __future__ import annotations

from exercises_lib.exercises.ch01_computation_graphs import (
    add_then_multiply,
    apple_gradients,
    apple_total,
    backward_sweep,
    fruit_gradients,
    fruit_total,
    local_or_passed,
    step_downhill,
    topological_order,
)

EXERCISES = (
    apple_total.EXERCISE,
    apple_gradients.EXERCISE,
    fruit_total.EXERCISE,
    fruit_gradients.EXERCISE,
    local_or_passed.EXERCISE,
    add_then_multiply.EXERCISE,
    step_downhill.EXERCISE,
    topological_order.EXERCISE,
    backward_sweep.EXERCISE,
)
