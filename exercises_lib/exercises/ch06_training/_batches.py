"""How the batches of an epoch are judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from exercises_lib.checking import Case, Observation
from exercises_lib.exercises.ch06_training._epochs import Rows, epoch_fault, labelled, rows_of


def draw_batches(rng: np.random.Generator) -> Iterator[Case]:
    def case(n: int, size: int, note: str) -> Case:
        return Case({**labelled(rng, n), "size": size, "seed": int(rng.integers(2**31))}, note)

    yield case(23, 5, "23 samples, 5 at a time")
    yield case(24, 6, "24 samples, 6 at a time")
    yield case(3, 8, "3 samples, and room for 8 in a batch")


BATCH_FAULTS = {
    "form": "A batch is not a pair of arrays, x of shape (n, D) and t of shape (n,).",
    "lengths": "In a batch, x and t do not have the same length.",
    "empty": "One of the batches is empty.",
    "samples": "A row of a batch is none of the samples.",
    "labels": "In a batch, a sample has another sample's label.",
    "endless": "The batches never end. One epoch ends when every sample has had its turn.",
    "none": "There is no batch at all.",
    "forever": "All the batches of the epoch are the same.",
    "dropped": "The samples that are left over for the last, shorter batch never get their turn.",
    "filled": "The last batch is full, and some samples come twice in the epoch.",
    "replacement": "Some samples come more than once in the epoch, and others not at all.",
    "sizes": "The batches have other sizes than asked for: `size` samples each, the rest in the last.",
    "pieces": "Each batch is a piece of the stored order: neighbours always stay together.",
    "order": "The samples come in the order in which they are stored; they are not shuffled.",
    "turned": "The samples come in the stored order, begun elsewhere or read from the back: neighbours "
    "stay together.",
    "same": "The second epoch has the same order as the first.",
    "rng": "Another generator gives the same order: `rng` has no effect.",
}


def batches_fault(inputs: Mapping[str, Any], seen: Mapping[str, Any]) -> tuple[str, str]:
    """Return the output that is wrong and what is wrong with it, or two empty strings."""
    n, size = len(inputs["x"]), inputs["size"]
    epochs = [("batches", seen.get("batches"))]
    for name in ("second epoch", "epoch with another rng"):
        pair = seen.get(name)
        if name in seen:
            epochs.append((name, pair[1] if isinstance(pair, list) and len(pair) == 2 else None))
    found: list[Rows] = []
    for name, batches in epochs:
        rows = rows_of(inputs, batches)
        fault = rows if isinstance(rows, str) else epoch_fault(rows, n, size)
        if isinstance(rows, str) or fault:
            return name, fault
        found.append(rows)
        if n > 10 and len(found) > 1 and found[-1] == found[0]:
            return name, "same" if name == "second epoch" else "rng"
    return "", ""


def judge_batches(name: str) -> Callable[..., str | None]:
    """Make the comparison for one output of `minibatches`."""

    def judge(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
        if name == "batches":
            seen = {"batches": got}
        else:
            first = got[0] if isinstance(got, list) and len(got) == 2 else None
            seen = {"batches": first, name: got}
        at, fault = batches_fault(inputs, seen)
        if not fault or (at != name and at == "batches"):
            return None  # the first epoch has an output of its own
        return BATCH_FAULTS[fault]

    return judge


def batch_mistake(*faults: str, changed: bool = False) -> Callable[..., bool]:
    """Recognise answers whose first fault, in the first case that shows one, is one of these."""

    def when(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
        if changed or any(one.changed for one in seen):
            return changed and any(one.changed for one in seen)
        for case, one in zip(cases, seen, strict=False):
            fault = batches_fault(case.inputs, one.values)[1] if one.values else ""
            if fault:
                return fault in faults
        return False

    return when


def all_but_an_empty_last_batch(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Recognise epochs that are right once an empty batch is taken off their ends."""
    if not batch_mistake("empty")(cases, seen):
        return False
    for case, one in zip(cases, seen, strict=False):
        rest = {
            name: shortened(value) if name == "batches" else [shortened(part) for part in value]
            for name, value in one.values.items()
            if isinstance(value, list)
        }
        if batches_fault(case.inputs, rest)[1]:
            return False
    return True


def shortened(batches: Any) -> Any:
    """Take an empty batch off the end of an epoch."""
    if not isinstance(batches, list) or not batches or not isinstance(batches[-1], list | tuple):
        return batches
    empty = all(isinstance(part, np.ndarray) and len(part) == 0 for part in batches[-1])
    return batches[:-1] if empty else batches


def batch_sizes(test: Callable[[list[int], int], bool]) -> Callable[..., bool]:
    """Recognise answers whose batches have other sizes than asked for, by these sizes."""
    first = batch_mistake("sizes")

    def when(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
        if not first(cases, seen):
            return False
        rows = rows_of(cases[0].inputs, seen[0].values.get("batches"))
        return not isinstance(rows, str) and test(
            [len(batch) for batch in rows], cases[0].inputs["size"]
        )

    return when
