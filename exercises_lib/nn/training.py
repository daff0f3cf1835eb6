"""The training loop: mini-batches, one pass there and back, one update."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np

from exercises_lib.nn.arrays import Array, Params

History = dict[str, list[float]]
"""`loss` after every step; `train_accuracy` and `test_accuracy` after every epoch."""


class Trainable(Protocol):
    """What the training loop needs to know of a network."""

    params: Params

    def loss_and_gradient(self, x: Array, t: Array) -> tuple[float, Params]:
        """Return the loss of a batch and the gradient of every parameter."""

    def accuracy(self, x: Array, t: Array) -> float:
        """Return which part of a batch is classified rightly."""


class Optimiser(Protocol):
    """What the training loop needs to know of an optimiser."""

    def update(self, params: Params, grads: Params) -> None:
        """Change every parameter in place."""


def accuracy(scores: Array, t: Array) -> float:
    """Return which part of the samples gets its largest score for the right class.

    Args:
        scores: float, (N, C); probabilities will do as well.
        t: The right classes: integers (N,), or one-hot rows (N, C).
    """
    labels = t.argmax(axis=1) if t.ndim == 2 else t
    return float(np.mean(scores.argmax(axis=1) == labels))


def minibatches(
    x: Array, t: Array, size: int, rng: np.random.Generator
) -> Iterator[tuple[Array, Array]]:
    """Yield (x_batch, t_batch) in random order: every sample once an epoch, with its own label.

    Args:
        x: The samples, (N, …).
        t: Their labels, (N,) or (N, C).
        size: Samples per batch; the last batch may be shorter.
        rng: Draws the order.

    Raises:
        ValueError: If the size is not positive, or there is not one label for each sample.
    """
    if size < 1:
        raise ValueError(f"A batch needs at least one sample, not {size}.")
    if len(x) != len(t):
        raise ValueError(f"There are {len(x)} samples and {len(t)} labels.")
    order = rng.permutation(len(x))
    for start in range(0, len(x), size):
        batch = order[start : start + size]
        # x[batch], in less time: a permutation holds no number that "clip" would have to change.
        yield x.take(batch, axis=0, mode="clip"), t.take(batch, axis=0, mode="clip")


def train(
    net: Trainable,
    x_train: Array,
    t_train: Array,
    x_test: Array,
    t_test: Array,
    *,
    epochs: int,
    batch_size: int,
    optimiser: Optimiser,
    rng: np.random.Generator,
    after_epoch: Callable[[int, History], None] | None = None,
) -> History:
    """Train a network and return what happened on the way.

    Args:
        net: Has `params`, `loss_and_gradient(x, t)` and `accuracy(x, t)`.
        x_train: float, (N, D).
        t_train: Labels of the training set.
        x_test: float, (K, D); looked at after every epoch, never learnt from.
        t_test: Labels of the test set.
        epochs: How often every training sample is seen.
        batch_size: Samples per step.
        optimiser: Has `update(params, grads)`.
        rng: Draws the order of the samples.
        after_epoch: Called with the epoch, counted from 1, and the history so far; for a progress
            bar or a live picture.

    Returns:
        `loss` for every step; `train_accuracy` and `test_accuracy` for every epoch.
    """
    history: History = {"loss": [], "train_accuracy": [], "test_accuracy": []}
    for epoch in range(1, epochs + 1):
        for x, t in minibatches(x_train, t_train, batch_size, rng):
            loss, grads = net.loss_and_gradient(x, t)
            optimiser.update(net.params, grads)
            history["loss"].append(loss)
        history["train_accuracy"].append(net.accuracy(x_train, t_train))
        history["test_accuracy"].append(net.accuracy(x_test, t_test))
        if after_epoch is not None:
            after_epoch(epoch, history)
    return history
