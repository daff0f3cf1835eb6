"""Exercises of chapter 09: optimisers, first weights, weight decay, dropout, batch normalisation."""

from __future__ import annotations

from exercises_lib.exercises.ch09_better_training import (
    adagrad,
    adam,
    adam_fix,
    batch_norm,
    dropout,
    he,
    momentum,
    reach_deep,
    rmsprop,
    weight_decay,
    xavier,
)

EXERCISES = (
    momentum.EXERCISE,
    adagrad.EXERCISE,
    rmsprop.EXERCISE,
    adam.EXERCISE,
    adam_fix.EXERCISE,
    xavier.EXERCISE,
    he.EXERCISE,
    weight_decay.EXERCISE,
    dropout.EXERCISE,
    batch_norm.EXERCISE,
    reach_deep.EXERCISE,
)
