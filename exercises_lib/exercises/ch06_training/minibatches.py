"""ch06.minibatches: mini-batches: every sample once an epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from exercises_lib.checking import Case, Exercise, Observation, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch06_training._epochs import (
    Rows,
    epoch_fault,
    labelled,
    rows_of,
    unstable,
)
from exercises_lib.probes import ch06 as probes


def minibatches(x, t, size, rng):
    order = rng.permutation(len(x))
    for start in range(0, len(x), size):
        batch = order[start : start + size]
        yield x[batch], t[batch]


def minibatches_list(x, t, size, rng):
    """Right: a list of pairs, drawn from a bag that becomes empty."""
    bag, found = list(range(len(x))), []
    while bag:
        chosen = [bag.pop(int(rng.integers(len(bag)))) for _ in range(min(size, len(bag)))]
        found.append((np.array([x[i] for i in chosen]), np.array([t[i] for i in chosen])))
    return found


def minibatches_split(x, t, size, rng):
    """Right: shuffled copies, cut by np.split."""
    order = np.arange(len(x))
    rng.shuffle(order)
    cuts = range(size, len(x), size)
    yield from zip(np.split(x[order], cuts), np.split(t[order], cuts))


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


wrong = Mistakes(minibatches)


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


wrong.swap(
    "shuffled in place",
    (
        "order = rng.permutation(len(x))",
        "order = rng.permutation(len(x))\nx[...], t[...] = x[order], t[order]",
    ),
    (
        "batch = order[start : start + size]\nyield x[batch], t[batch]",
        "yield x[start : start + size].copy(), t[start : start + size].copy()",
    ),
).says(
    """You shuffle the caller's own arrays. The caller may still need them in their order. Shuffle
    the *numbers* of the samples and pick with them.""",
    recognise=batch_mistake(changed=True),
)


def its_own_generator(x, t, size, rng):
    yield from minibatches(x, t, size, np.random.default_rng())


wrong.answer("a generator of its own", its_own_generator).says(
    """Two runs with the same `rng` differ: the order comes from another source. All randomness has
    to come from `rng`, or no training can be repeated.""",
    recognise=unstable,
)

wrong.swap(
    "labels left behind",
    """
    batch = order[start : start + size]
    yield x[batch], t[batch]
""",
    "yield x[order[start : start + size]], t[start : start + size]",
).says(
    """You shuffle the images and not their labels, or each in an order of its own. The network
    would learn that every picture can mean anything. Pick both with the *same* numbers.""",
    recognise=batch_mistake("labels", "lengths"),
)

wrong.swap(
    "drawn with replacement",
    ("order = rng.permutation(len(x))", ""),
    ("order[start : start + size]", "rng.integers(0, len(x), min(size, len(x) - start))"),
).says(
    """Some samples come twice and others wait. That is so where each batch is drawn anew from all
    samples: over an epoch about 37 of 100 would never be seen. It is also so where `random.shuffle`
    exchanges the rows of an array with two axes: one row overwrites the other. Cut *one* random
    order of *numbers* into pieces.""",
    recognise=batch_mistake("replacement"),
)

wrong.swap(
    "last batch dropped",
    ("start in range(0, len(x), size)", "i in range(len(x) // size)"),
    ("start : start +", "i * size : (i + 1) *"),
).says(
    "You make full batches only. The samples that are left over are never seen in this epoch.",
    recognise=batch_mistake("dropped"),
)

wrong.swap(
    "last batch filled up",
    "order[start : start + size]",
    'np.take(order, range(start, start + size), mode="wrap")',
).says(
    """You fill the last batch with samples that have been used already. They count twice in this
    epoch; a shorter last batch is fine.""",
    recognise=batch_mistake("filled"),
)


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


wrong.swap(
    "one batch too many",
    ("start in range(0, len(x), size)", "i in range(len(x) // size + 1)"),
    ("start : start +", "i * size : (i + 1) *"),
).says(
    """If `size` divides the number of samples, your last batch is empty. Its mean loss is 0/0, and
    one nan spoils every weight.""",
    recognise=all_but_an_empty_last_batch,
)

wrong.swap(
    "not shuffled",
    ("order = rng.permutation(len(x))", ""),
    (
        "batch = order[start : start + size]\nyield x[batch], t[batch]",
        "yield x[start : start + size], t[start : start + size]",
    ),
).says(
    """The samples come in the order in which they are stored. Many data sets are stored class by
    class, and a batch would then hold a single class.""",
    recognise=batch_mistake("order"),
)


def seed_inside(x, t, size, rng):
    yield from minibatches(x, t, size, np.random.default_rng(0))


wrong.answer("the same order every epoch", seed_inside).says(
    """Every epoch has the same order, because something starts from a fixed seed. `rng` goes on by
    itself: draw from it, and do not make a generator of your own.""",
    recognise=batch_mistake("same", "rng"),
)

wrong.swap(
    "the same batch for ever",
    """
    order = rng.permutation(len(x))
    for start in range(0, len(x), size):
        batch = order[start : start + size]""",
    "batch = rng.permutation(len(x))[:size]\nfor _ in range(0, len(x), size):",
).says(
    """You draw the numbers once and use the same batch again and again. The rest of the samples is
    never seen.""",
    recognise=batch_mistake("forever"),
)


def never_ends(x, t, size, rng):
    while True:
        yield from minibatches(x, t, size, rng)


wrong.answer("never ends", never_ends).says(
    """Your generator goes on after the epoch. One call is one epoch; the caller decides whether
    there is another.""",
    recognise=batch_mistake("endless"),
)


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


wrong.swap(
    "one sample at a time",
    """
    order = rng.permutation(len(x))
    for start in range(0, len(x), size):
        batch = order[start : start + size]
        yield x[batch], t[batch]""",
    "for i in rng.permutation(len(x)):\n    yield x[i : i + 1], t[i : i + 1]",
).says(
    """Your batches have one sample each. So a step is noisy, and a matrix product has nothing to
    work on.""",
    recognise=batch_sizes(lambda sizes, size: len(sizes) > 1 and set(sizes) == {1}),
)

wrong.swap(
    "a single batch",
    """
    order = rng.permutation(len(x))
    for start in range(0, len(x), size):
        batch = order[start : start + size]
        yield x[batch], t[batch]""",
    "batch = rng.permutation(len(x))[:size]\nyield x[batch], t[batch]",
).says(
    "You hand out one batch and stop. An epoch goes on until every sample has had its turn.",
    recognise=batch_sizes(lambda sizes, size: len(sizes) == 1),
)

wrong.swap(
    "equal parts",
    """
    order = rng.permutation(len(x))
    for start in range(0, len(x), size):
        batch = order[start : start + size]""",
    "for batch in np.array_split(rng.permutation(len(x)), -(-len(x) // size)):",
).says(
    """You cut the order into parts of nearly equal length. Every batch but the last has `size`
    samples.""",
    recognise=batch_sizes(
        lambda sizes, size: len(sizes) > 1 and max(sizes) - min(sizes) <= 1 < min(sizes)
    ),
)

wrong.swap("batches that overlap", "0, len(x), size", "len(x)").says(
    """Each batch begins one sample after the last, so most samples are in several of them. The next
    one begins where the last one ended.""",
    recognise=batch_sizes(lambda sizes, size: sum(sizes) > 2 * len(sizes) + 23),
)

wrong.swap(
    "pieces of the stored order",
    ("order = rng.permutation(len(x))", ""),
    ("order[start : start + size]", "start + rng.permutation(min(size, len(x) - start))"),
).says(
    """You shuffle the batches, or the samples inside each, and neighbours in the file always meet
    in one batch. Shuffle all the numbers before you cut.""",
    recognise=batch_mistake("pieces"),
)

wrong.swap(
    "the stored order turned",
    "rng.permutation(len(x))",
    "np.roll(np.arange(len(x)), rng.integers(len(x)))",
).says(
    """You only begin at another place of the stored order. Neighbours still come one after the
    other, so data stored class by class give batches of one class.""",
    recognise=batch_mistake("turned"),
)

wrong.swap(
    "shuffle gives nothing back", "permutation(len(x))", "shuffle(np.arange(len(x)))"
).says("""`rng.shuffle` shuffles the array that it is given and returns None. Shuffle an array that
    has a name, or use `rng.permutation`, which returns one.""")

wrong.swap(
    "numbers only",
    """
    batch = order[start : start + size]
    yield x[batch], t[batch]
""",
    "yield order[start : start + size]",
).says(
    """You give the numbers of the samples. Here the samples themselves and their labels are asked
    for, as a pair.""",
    recognise=lambda cases, seen: any(
        one.failure is not None and "yields 'ndarray'" in one.failure.message for one in seen
    ),
)

EXERCISE = Exercise(
    id="ch06.minibatches",
    title="Mini-batches: every sample once an epoch",
    kind="function",
    points=3,
    reference=minibatches,
    accepted=(minibatches_list, minibatches_split),
    mistakes=wrong.all,
    hints=(
        "Take 7 samples and batches of 3, and write down on paper what two epochs could look like. "
        "What is the same in both, what differs, and how long is the last batch?",
        "`rng.permutation(n)` is all the numbers from 0 to n − 1 in random order. Slices of that one "
        "array are batches, and slicing past the end is no error: it gives what is left.",
        "The skeleton:\n    order = …\n    for start in range(0, len(x), …):\n"
        "        batch = order[…]\n        yield …, …",
    ),
    probe=Probe(probes.batches),
    draw=draw_batches,
    outputs=tuple(
        Output(name, compare=judge_batches(name))
        for name in ("batches", "second epoch", "epoch with another rng")
    ),
    remark="Two epochs, another generator, a short last batch, and room for more than there is.",
)
