"""ch06.minibatches: mini-batches: every sample once an epoch."""

from __future__ import annotations

import numpy as np

from exercises_lib.checking import Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch06_training._batches import (
    all_but_an_empty_last_batch,
    batch_mistake,
    batch_sizes,
    draw_batches,
    judge_batches,
)
from exercises_lib.exercises.ch06_training._epochs import unstable
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


wrong = Mistakes(minibatches)

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
