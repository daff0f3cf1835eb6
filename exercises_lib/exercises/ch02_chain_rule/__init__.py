"""Exercises of chapter 02: gates, a neuron, numerical derivatives, forks, paths, and the sweep."""

from __future__ import annotations

from exercises_lib.exercises.ch02_chain_rule import (
    backward_sweep,
    fork_fix,
    forward_sweep,
    gates,
    neuron_backward,
    neuron_forward,
    numerical_derivative,
    paths,
    sigmoid_shortcut,
    square_of_sum,
    staged_backward,
    staged_forward,
    step_size,
    topological_order,
)

EXERCISES = (
    square_of_sum.EXERCISE,
    gates.EXERCISE,
    neuron_forward.EXERCISE,
    neuron_backward.EXERCISE,
    sigmoid_shortcut.EXERCISE,
    numerical_derivative.EXERCISE,
    step_size.EXERCISE,
    fork_fix.EXERCISE,
    staged_forward.EXERCISE,
    staged_backward.EXERCISE,
    paths.EXERCISE,
    topological_order.EXERCISE,
    backward_sweep.EXERCISE,
    forward_sweep.EXERCISE,
)
