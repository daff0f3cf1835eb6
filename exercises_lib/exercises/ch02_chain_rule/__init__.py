"""Exercises of chapter 02: gates, a neuron, staged computation, numerical derivatives."""

from __future__ import annotations

from exercises_lib.exercises.ch02_chain_rule import (
    add_gate,
    exp_gate,
    fork_fix,
    max_gate,
    multiply_gate,
    neuron_backward,
    neuron_forward,
    numerical_derivative,
    reciprocal_gate,
    scale_gate,
    sigmoid_shortcut,
    square_of_sum,
    staged_backward,
    staged_forward,
    step_size,
)

EXERCISES = (
    square_of_sum.EXERCISE,
    add_gate.EXERCISE,
    multiply_gate.EXERCISE,
    max_gate.EXERCISE,
    reciprocal_gate.EXERCISE,
    exp_gate.EXERCISE,
    scale_gate.EXERCISE,
    neuron_forward.EXERCISE,
    neuron_backward.EXERCISE,
    sigmoid_shortcut.EXERCISE,
    staged_forward.EXERCISE,
    staged_backward.EXERCISE,
    fork_fix.EXERCISE,
    numerical_derivative.EXERCISE,
    step_size.EXERCISE,
)
