"""Numbers that were computed elsewhere, recorded for machines that lack PyTorch or the data."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any


def recorded_pytorch() -> dict[str, Any]:
    """Return what PyTorch computed for the examples of chapter 08.

    A test computes them again with the PyTorch that is installed and compares.

    Returns:
        Plain numbers, lists and dictionaries by the name of the example; `made_with` says which
        PyTorch it was.
    """
    return _stored("pytorch_recorded.json")


def recorded_mnist() -> dict[str, Any]:
    """Return how 784-50-10 learns MNIST from five starts, as chapter 06 shows it.

    Returns:
        `runs`: seed → `loss`, the mean of every 100 steps, and `train_accuracy` and
        `test_accuracy` every 500 steps; `settings`; `made_with`, the command that makes them.
    """
    return _stored("mnist_recorded.json")


def _stored(name: str) -> dict[str, Any]:
    recorded: dict[str, Any] = json.loads(
        files(__package__).joinpath(name).read_text(encoding="utf-8")
    )
    return recorded
