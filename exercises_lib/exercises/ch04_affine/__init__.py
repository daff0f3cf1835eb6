"""Exercises of chapter 04: matrix products, bias, broadcasting, and a network worked by hand."""

from __future__ import annotations

from exercises_lib.exercises.ch04_affine import (
    affine,
    affine_fix,
    affine_one_sample,
    bias_gradient,
    columns_backward,
    columns_forward,
    cost,
    dot_product_test,
    einsum_backward,
    hand_forward,
    hand_gradients,
    hand_update,
    matmul_backward,
    shapes,
    unbroadcast,
)

EXERCISES = (
    shapes.EXERCISE,
    matmul_backward.EXERCISE,
    affine_one_sample.EXERCISE,
    bias_gradient.EXERCISE,
    affine_fix.EXERCISE,
    affine.EXERCISE,
    dot_product_test.EXERCISE,
    cost.EXERCISE,
    columns_forward.EXERCISE,
    columns_backward.EXERCISE,
    unbroadcast.EXERCISE,
    einsum_backward.EXERCISE,
    hand_forward.EXERCISE,
    hand_gradients.EXERCISE,
    hand_update.EXERCISE,
)
