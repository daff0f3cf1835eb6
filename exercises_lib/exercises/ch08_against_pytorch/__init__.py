"""Exercises of chapter 08: the same gradients, the same network and the same training in PyTorch.

Every answer imports PyTorch when it runs, so that this module can be loaded where there is none."""

from __future__ import annotations

from exercises_lib.exercises.ch08_against_pytorch import (
    module,
    same_gradients,
    training_loop,
)

EXERCISES = (
    same_gradients.EXERCISE,
    module.EXERCISE,
    training_loop.EXERCISE,
)
