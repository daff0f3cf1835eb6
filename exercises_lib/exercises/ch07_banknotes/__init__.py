"""Exercises of chapter 07: a classifier from functions and dictionaries, one sample per column."""

from __future__ import annotations

from exercises_lib.exercises.ch07_banknotes import (
    backward_pass,
    forward_pass,
    init_params,
    loss_and_accuracy,
    one_layer_backward,
    one_layer_forward,
    reach_banknotes,
    split,
    update,
)

EXERCISES = (
    init_params.EXERCISE,
    one_layer_forward.EXERCISE,
    forward_pass.EXERCISE,
    loss_and_accuracy.EXERCISE,
    one_layer_backward.EXERCISE,
    backward_pass.EXERCISE,
    update.EXERCISE,
    split.EXERCISE,
    reach_banknotes.EXERCISE,
)
