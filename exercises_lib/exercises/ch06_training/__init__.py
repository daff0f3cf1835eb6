"""Exercises of chapter 06: checking gradients, a two-layer network, and training it."""

from __future__ import annotations

from exercises_lib.exercises.ch06_training import (
    complex_step,
    gradient_check,
    minibatches,
    network_fix,
    numerical_gradient,
    overfit_ten,
    reach_digits,
    relative_error,
    sgd_step,
    train,
    two_layer_net,
    which_check,
)

EXERCISES = (
    numerical_gradient.EXERCISE,
    relative_error.EXERCISE,
    two_layer_net.EXERCISE,
    gradient_check.EXERCISE,
    network_fix.EXERCISE,
    minibatches.EXERCISE,
    sgd_step.EXERCISE,
    train.EXERCISE,
    overfit_ten.EXERCISE,
    reach_digits.EXERCISE,
    which_check.EXERCISE,
    complex_step.EXERCISE,
)
