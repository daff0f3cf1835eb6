"""What networks need beyond the operations of `tensor.py`, made of them: no backward code here."""

from __future__ import annotations

import numpy as np

from exercises_lib.nn.arrays import Array
from exercises_lib.nn.tensor import Operand, Tensor


def log_softmax(x: Tensor) -> Tensor:
    """Return log(softmax(x)) row by row, as xᵢ - log Σⱼ exp(xⱼ).

    Args:
        x: float, (N, C). Each row's largest score is subtracted first, as a constant: it cancels.
    """
    largest: Array = x.data.max(axis=1, keepdims=True)
    shifted = x - largest
    return shifted - shifted.exp().sum(axis=1, keepdims=True).log()


def tensor_cross_entropy(scores: Tensor, t: Array) -> Tensor:
    """Return the mean cross-entropy of softmax(scores).

    Args:
        scores: float, (N, C).
        t: The right classes, integers, (N,).
    """
    right = log_softmax(scores)[np.arange(len(t)), t]
    return -right.mean()


def tensor_batch_norm(x: Tensor, gamma: Operand, beta: Operand, eps: float = 1e-5) -> Tensor:
    """Return γ · (x - mean) / √(variance + eps) + β, with the statistics of the batch.

    Args:
        x: float, (N, M).
        gamma: float, (M,).
        beta: float, (M,).
        eps: Keeps the denominator from 0.
    """
    centred = x - x.mean(axis=0)
    variance = (centred**2).mean(axis=0)
    return centred / (variance + eps) ** 0.5 * gamma + beta
