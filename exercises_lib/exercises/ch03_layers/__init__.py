"""Exercises of chapter 03: layers, layers in a row, what a layer must not do, and a test for it."""

from __future__ import annotations

from exercises_lib.exercises.ch03_layers import (
    add_layer,
    check_layer,
    checkpointed,
    mul_layer,
    relu,
    relu_fix,
    reverse_fix,
    sequential,
    shared_layer_fix,
    shop,
    sigmoid,
    tanh,
    which_test,
)

EXERCISES = (
    mul_layer.EXERCISE,
    add_layer.EXERCISE,
    shop.EXERCISE,
    relu.EXERCISE,
    sigmoid.EXERCISE,
    tanh.EXERCISE,
    reverse_fix.EXERCISE,
    sequential.EXERCISE,
    relu_fix.EXERCISE,
    shared_layer_fix.EXERCISE,
    check_layer.EXERCISE,
    which_test.EXERCISE,
    checkpointed.EXERCISE,
)
