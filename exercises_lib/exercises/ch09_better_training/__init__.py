"""Exercises of chapter 09: optimisers, first weights, remedies, normalisation, a clinic."""

from __future__ import annotations

from exercises_lib.exercises.ch09_better_training import (
    adagrad,
    adam,
    adam_fix,
    batch_norm,
    batch_norm_graph,
    batch_norm_short,
    clinic_mend,
    clinic_patients,
    clip,
    decaying,
    deep_net,
    dropout,
    layer_norm,
    learns_its_rate,
    momentum,
    reach_deep,
    rmsprop,
    start,
    weight_decay,
)

EXERCISES = (
    momentum.EXERCISE,
    adagrad.EXERCISE,
    rmsprop.EXERCISE,
    adam.EXERCISE,
    adam_fix.EXERCISE,
    clip.EXERCISE,
    decaying.EXERCISE,
    start.EXERCISE,
    weight_decay.EXERCISE,
    dropout.EXERCISE,
    batch_norm_graph.EXERCISE,
    batch_norm_short.EXERCISE,
    batch_norm.EXERCISE,
    layer_norm.EXERCISE,
    deep_net.EXERCISE,
    reach_deep.EXERCISE,
    clinic_patients.EXERCISE,
    clinic_mend.EXERCISE,
    learns_its_rate.EXERCISE,
)
