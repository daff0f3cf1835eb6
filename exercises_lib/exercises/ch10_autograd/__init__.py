"""Exercises of chapter 10: an engine that is complete, and a network trained by it."""

from __future__ import annotations

from exercises_lib.exercises.ch10_autograd import (
    broadcasting,
    hessian_vector,
    indexing,
    no_grad,
    operations,
    reach_autograd,
    reductions,
    saved_values,
    sweep,
    zero_grad_fix,
)

EXERCISES = (
    operations.EXERCISE,
    sweep.EXERCISE,
    broadcasting.EXERCISE,
    reductions.EXERCISE,
    indexing.EXERCISE,
    saved_values.EXERCISE,
    no_grad.EXERCISE,
    zero_grad_fix.EXERCISE,
    reach_autograd.EXERCISE,
    hessian_vector.EXERCISE,
)
