"""Exercises of chapter 10: an engine for scalars, one for arrays, and a network trained by it."""

from __future__ import annotations

from exercises_lib.exercises.ch10_autograd import (
    array_ops,
    backward,
    getitem,
    reach_autograd,
    scalar_ops,
    zero_grad_fix,
)

EXERCISES = (
    scalar_ops.EXERCISE,
    backward.EXERCISE,
    array_ops.EXERCISE,
    getitem.EXERCISE,
    zero_grad_fix.EXERCISE,
    reach_autograd.EXERCISE,
)
