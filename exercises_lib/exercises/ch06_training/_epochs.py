"""Samples that can be told apart, and what is wrong with the batches of an epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from exercises_lib.checking import Case, Observation
from exercises_lib.probes import ch06 as probes


def unstable(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Recognise answers that draw from a generator of their own."""
    return any(one.unstable for one in seen)


Rows = list[list[int]]
"""For each batch, the numbers of its samples."""


def labelled(rng: np.random.Generator, n: int) -> dict[str, Any]:
    """Draw n samples that can be told apart, and labels that are all different."""
    x = np.column_stack([(np.arange(n) + 1) / n, rng.normal(size=n)])
    return {"x": x, "t": 100 + rng.permutation(n)}


def find_rows(x: Any, t: Any, batch: Any) -> list[int] | str:
    """Return which samples a batch consists of, or what is wrong with it: a key of BATCH_FAULTS."""
    if not isinstance(batch, (tuple, list)) or len(batch) != 2:
        return "form"
    mine, labels = batch
    arrays = isinstance(mine, np.ndarray) and isinstance(labels, np.ndarray)
    if not arrays or mine.dtype.kind not in "iuf" or labels.dtype.kind not in "iuf":
        return "form"
    if mine.ndim != 2 or mine.shape[1] != x.shape[1] or labels.ndim != 1:
        return "form"
    if len(mine) != len(labels):
        return "lengths"
    if len(mine) == 0:
        return "empty"
    with np.errstate(all="ignore"):
        rows = np.nan_to_num(np.round(mine[:, 0] * len(x)) - 1, posinf=-1, neginf=-1)
    if np.any(rows < 0) or np.any(rows >= len(x)):
        return "samples"
    rows = rows.astype(int)
    if not np.allclose(x[rows], mine, rtol=1e-4, atol=1e-6):
        return "samples"
    if np.any(t[rows] != labels):
        return "labels"
    return [int(row) for row in rows]


def rows_of(inputs: Mapping[str, Any], batches: Any) -> Rows | str:
    """Return the samples of every batch, or the key of what is wrong with one of them."""
    if not isinstance(batches, list):
        return "form"
    found: Rows = []
    for batch in batches:
        rows = find_rows(inputs["x"], inputs["t"], batch)
        if isinstance(rows, str):
            return rows
        found.append(rows)
    return found


def epoch_fault(epoch: Rows, n: int, size: int) -> str:
    """Return what is wrong with the batches of one epoch: a key of BATCH_FAULTS, or ""."""
    flat = [row for rows in epoch for row in rows]
    sizes, once = [len(rows) for rows in epoch], len(set(flat)) == len(flat)
    whole = n // size
    if len(epoch) >= probes.MOST_BATCHES:
        return "endless"
    if not epoch:
        return "none"
    if len(epoch) > 1 and all(rows == epoch[0] for rows in epoch):
        return "forever"
    if n % size and whole and once and sizes == [size] * whole:
        return "dropped"
    if n % size and len(set(flat)) == n and sizes == [size] * (whole + 1):
        return "filled"
    if len(set(flat)) < n and not once:
        return "replacement"
    stored = {tuple(range(start, min(start + size, n))) for start in range(0, n, size)}
    if n > 20 and flat != sorted(flat) and {tuple(sorted(rows)) for rows in epoch} == stored:
        return "pieces"
    wanted = [size] * whole + ([n % size] if n % size else [])
    if sizes != wanted:
        return "sizes"
    if not once:
        return "replacement"
    if n > 10 and flat == sorted(flat):
        return "order"
    met = sum(abs(a - b) in (1, n - 1) for a, b in pairwise(flat))
    return "turned" if n > 10 and met > 0.7 * n else ""
