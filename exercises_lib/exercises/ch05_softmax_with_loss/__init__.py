"""Exercises of chapter 05: softmax, the losses, and the gradient of both together."""

from __future__ import annotations

from exercises_lib.exercises.ch05_softmax_with_loss import (
    batch_fix,
    binary_cross_entropy,
    cross_entropy,
    every_gradient,
    graph_backward,
    mean_squared_error,
    short_form,
    sigmoid_with_loss,
    softmax,
    softmax_backward,
    softmax_with_loss,
    stability_fix,
    stream_log_sum_exp,
)

EXERCISES = (
    softmax.EXERCISE,
    cross_entropy.EXERCISE,
    graph_backward.EXERCISE,
    softmax_backward.EXERCISE,
    stability_fix.EXERCISE,
    batch_fix.EXERCISE,
    softmax_with_loss.EXERCISE,
    every_gradient.EXERCISE,
    short_form.EXERCISE,
    binary_cross_entropy.EXERCISE,
    sigmoid_with_loss.EXERCISE,
    mean_squared_error.EXERCISE,
    stream_log_sum_exp.EXERCISE,
)
