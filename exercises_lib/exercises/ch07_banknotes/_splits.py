"""What is wrong with a split, for `ch07.split`, and mistakes recognised by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from exercises_lib.checking import Case, Observation

SPLIT_TEXTS = {
    "form": "A split consists of four arrays of numbers.",
    "shapes": "The shapes are {got}, expected {want}: x_train, t_train, x_val, t_val.",
    "unknown": "Some columns of your sets are no samples of x.",
    "twice": "Some samples are in your sets more than once, others not at all.",
    "labels": "Some labels have left their samples.",
    "order": "The samples are divided in the order in which they came.",
    "again": "A second call with the same generator divides the samples in the same way.",
}


def orders(inputs: Mapping[str, Any], sets: Any) -> tuple[str, list[int]]:
    """Return what is wrong with one split, or "", and the positions of its samples in x."""
    x, t, n_train = inputs["x"], inputs["t"], inputs["n_train"]
    if not isinstance(sets, list) or len(sets) != 4:
        return "form", []
    if not all(isinstance(part, np.ndarray) and part.dtype.kind in "iuf" for part in sets):
        return "form", []
    n = x.shape[1]
    if [part.shape for part in sets] != wanted_shapes(len(x), n, n_train):
        return "shapes", []
    both = np.concatenate([sets[0], sets[2]], axis=1).astype(float)
    equal = (both.T[:, None, :] == x.T[None, :, :]).all(axis=2)
    if not (equal.sum(axis=1) == 1).all():
        return "unknown", []
    found = equal.argmax(axis=1).tolist()
    if not np.array_equal(np.concatenate([sets[1], sets[3]], axis=1), t[:, found]):
        return "labels", found
    return ("twice" if len(set(found)) < n else ""), found


def wanted_shapes(d: int, n: int, n_train: int) -> list[tuple[int, int]]:
    return [(d, n_train), (1, n_train), (d, n - n_train), (1, n - n_train)]


def split_fault(inputs: Mapping[str, Any], got: Any) -> str:
    """Return a key of `SPLIT_TEXTS` that says what is wrong, or ""."""
    if not isinstance(got, list) or len(got) != 2:
        return "form"
    found = []
    for sets in got:
        fault, order = orders(inputs, sets)
        if fault:
            return fault
        found.append(order)
    n, n_train = inputs["x"].shape[1], inputs["n_train"]
    if 0 < n_train < n - 1 and any(set(order[:n_train]) == set(range(n_train)) for order in found):
        return "order"
    if n_train < n - 1 and set(found[0][:n_train]) == set(found[1][:n_train]):
        return "again"
    return ""


def split_problem(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    fault = split_fault(inputs, got)
    if not fault:
        return None
    shapes = ""
    if fault == "shapes":
        bad = next(sets for sets in got if orders(inputs, sets)[0] == "shapes")
        shapes = ", ".join(str(part.shape) for part in bad)
    d, n = inputs["x"].shape
    wanted = wanted_shapes(d, n, inputs["n_train"])
    return SPLIT_TEXTS[fault].format(got=shapes, want=", ".join(map(str, wanted)))


def split_shows(
    *faults: str, test: Callable[[Mapping[str, Any], Any], bool] | None = None
) -> Callable[[Sequence[Case], Sequence[Observation]], bool]:
    """Recognise a mistake by what is wrong with the first split that is wrong."""

    def when(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
        for case, one in zip(cases, seen):
            got = one.values.get("sets")
            fault = split_fault(case.inputs, got) if got is not None else ""
            if fault:
                return fault in faults and (test is None or test(case.inputs, got))
        return False

    return when


def overlap_only(inputs: Mapping[str, Any], got: Any) -> bool:
    """Tell whether each set alone is free of repetitions."""
    found, n_train = orders(inputs, got[0])[1], inputs["n_train"]
    return all(len(set(part)) == len(part) for part in (found[:n_train], found[n_train:]))


def shapes_are(
    change: Callable[[list[tuple[int, int]]], Sequence[Any]],
) -> Callable[[Mapping[str, Any], Any], bool]:
    def test(inputs: Mapping[str, Any], got: Any) -> bool:
        d, n = inputs["x"].shape
        wanted = wanted_shapes(d, n, inputs["n_train"])
        return [part.shape for part in got[0]] == list(change(wanted))

    return test
