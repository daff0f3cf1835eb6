"""How a training is judged: by its steps, one after the other, and by the losses it returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from exercises_lib.checking import Case, Observation
from exercises_lib.exercises.ch06_training._epochs import Rows, epoch_fault, rows_of

TRAIN_FAULTS = {
    "form": "A batch is no pair of arrays with the samples and their labels.",
    "lengths": "In a batch, x and t do not have the same length.",
    "empty": "One of the batches is empty.",
    "samples": "A row of a batch is none of the training samples.",
    "none": "The network was never asked for a gradient.",
    "frozen": "The network's parameters never change.",
    "labels": "In a batch, a sample has another sample's label.",
    "whole": "Every step uses the whole training set instead of `batch_size` samples.",
    "forever": "Every step uses the same batch.",
    "one epoch": "The training ends after one epoch.",
    "replacement": "Some samples come more than once in an epoch, and others not at all.",
    "dropped": "The samples that are left over for the last, shorter batch never get their turn.",
    "filled": "The last batch of an epoch is full, and some samples come twice.",
    "twice": "The network is asked for a gradient twice as often as there are steps.",
    "one an epoch": "There is one step in each epoch.",
    "rarely": "The parameters do not move after every step.",
    "steps": "The number of steps, or the size of their batches, is not what was asked for.",
    "order": "The samples come in the order in which they are stored; they are not shuffled.",
    "same": "Every epoch has the same order.",
    "rng": "Nothing was drawn from `rng`: the order of the samples has another source.",
    "uphill": "The parameters move with the gradient, to where the loss grows.",
    "rate": "The steps are not `lr` times the gradient.",
    "per sample": "The steps are `lr` times the gradient divided by the batch size.",
    "partly": "Only some of the parameters move.",
    "update": "The steps are something else than minus `lr` times the gradient.",
}

LOSS_FAULTS = {
    "type": "What comes back is not a list of losses.",
    "one an epoch": "There is one loss for each epoch, expected one for each step.",
    "count": "The number of losses is not the number of steps.",
    "later": "The losses are those *after* the updates, expected the ones that were minimised.",
    "other": "The losses are not those of the batches.",
}


def steps_fault(inputs: Mapping[str, Any], steps: Any) -> str:
    """Return what is wrong with the steps of a training: a key of TRAIN_FAULTS, or ""."""
    n, size, epochs = len(inputs["x"]), inputs["batch_size"], inputs["epochs"]
    try:
        batches = list(steps["batches"])
        updates = np.array(steps["updates"], dtype=float)
        gradients = np.array(steps["gradients"], dtype=float)
    except (LookupError, TypeError, ValueError):
        return "form"
    if not batches:
        return "none"
    if updates.ndim != 2 or updates.shape != gradients.shape or len(updates) != len(batches):
        return "form"
    if not np.any(updates):
        return "frozen"
    rows = rows_of(inputs, batches)
    if isinstance(rows, str):
        return rows
    with np.errstate(all="ignore"):
        return (
            order_fault(rows, n, size, epochs)
            or update_fault(inputs, rows, updates, gradients)
            or ("rng" if steps.get("rng") == "untouched" else "")
        )


def order_fault(rows: Rows, n: int, size: int, epochs: int) -> str:
    """Return what is wrong with the order in which samples are seen: a key of TRAIN_FAULTS."""
    each = -(-n // size)
    if all(len(batch) == n for batch in rows):
        return "whole"
    if all(batch == rows[0] for batch in rows):
        return "forever"
    if len(rows) == epochs * (n // size) and n % size and {len(batch) for batch in rows} == {size}:
        return "dropped"
    if len(rows) == each:
        return "one epoch"
    if len(rows) == 2 * epochs * each:
        return "twice"
    if len(rows) == epochs:
        return "one an epoch"
    if len(rows) != epochs * each:
        return "steps"
    groups = [rows[at : at + each] for at in range(0, len(rows), each)]
    for group in groups:
        fault = epoch_fault(group, n, size)
        if fault:
            return fault if fault in TRAIN_FAULTS else "steps"
    return "same" if all(group == groups[0] for group in groups) else ""


def update_fault(inputs: Mapping[str, Any], rows: Rows, updates: Any, gradients: Any) -> str:
    """Return what is wrong with the updates: a key of TRAIN_FAULTS, or ""."""
    if updates.shape[1] != inputs["W"].size + inputs["b"].size:
        return "update"

    def alike(one: Any, other: Any) -> bool:
        return bool(np.allclose(one, other, rtol=1e-5, atol=1e-9))

    lr, weights = inputs["lr"], inputs["W"].size
    if alike(updates, -lr * gradients):
        return ""
    if alike(updates, lr * gradients):
        return "uphill"
    if not np.all(np.any(updates, axis=1)):
        return "rarely"
    sizes = np.array([len(batch) for batch in rows])[:, None]
    if alike(updates, -lr * gradients / sizes) or alike(
        updates, -lr * gradients / inputs["batch_size"]
    ):
        return "per sample"
    for part in (slice(0, weights), slice(weights, None)):
        moved = np.zeros_like(updates)
        moved[:, part] = -lr * gradients[:, part]
        if alike(updates, moved):
            return "partly"
    factor = float((updates * gradients).sum() / (gradients**2).sum())
    return "rate" if alike(updates, factor * gradients) else "update"


def losses_fault(inputs: Mapping[str, Any], losses: Any) -> str:
    """Return what is wrong with the returned losses: a key of LOSS_FAULTS, or ""."""
    try:
        before = np.array(losses["before"], dtype=float)
        after = np.array(losses["after"], dtype=float)
        returned = losses["returned"]
        if not isinstance(returned, (list, tuple, np.ndarray)):
            return "type"
        found = np.array(returned, dtype=float)
    except (LookupError, TypeError, ValueError):
        return "type"
    if not found.ndim == before.ndim == after.ndim == 1 or len(before) != len(after):
        return "type"
    if len(found) != len(before):
        return "one an epoch" if len(found) == inputs["epochs"] else "count"
    if np.allclose(found, before, rtol=1e-6, equal_nan=True):
        return ""
    return "later" if np.allclose(found, after, rtol=1e-6) else "other"


def judge_steps(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    """Say what is wrong with the steps."""
    fault = steps_fault(inputs, got)
    return TRAIN_FAULTS[fault] if fault else None


def judge_losses(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    """Say what is wrong with the losses; if no step was made, that is said elsewhere."""
    fault = losses_fault(inputs, got)
    return LOSS_FAULTS[fault] if fault else None


def train_mistake(*faults: str, output: str = "steps") -> Callable[..., bool]:
    """Recognise answers whose first fault in that output is one of these."""
    find = steps_fault if output == "steps" else losses_fault

    def when(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
        for case, one in zip(cases, seen, strict=False):
            if one.unstable or one.changed:
                return False
            if output == "losses" and steps_fault(case.inputs, one.values.get("steps")):
                return False  # first things first
        for case, one in zip(cases, seen, strict=False):
            fault = find(case.inputs, one.values.get(output)) if output in one.values else ""
            if fault:
                return fault in faults
        return False

    return when
