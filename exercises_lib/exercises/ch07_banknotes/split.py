"""ch07.split: training and validation set."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from exercises_lib.checking import Case, Exercise, Observation, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch07_banknotes._splits import (
    overlap_only,
    shapes_are,
    split_problem,
    split_shows,
    wanted_shapes,
)
from exercises_lib.probes import ch07 as probes


def split(x, t, n_train, rng):
    order = rng.permutation(x.shape[1])
    train, val = order[:n_train], order[n_train:]
    return x[:, train], t[:, train], x[:, val], t[:, val]


def split_by_mask(x, t, n_train, rng):
    chosen = np.zeros(x.shape[1], dtype=bool)
    chosen[rng.choice(x.shape[1], n_train, replace=False)] = True
    return x[:, chosen], t[:, chosen], x[:, ~chosen], t[:, ~chosen]


def split_by_sorting(x, t, n_train, rng):
    order = np.argsort(rng.random(x.shape[1]))
    x, t = x[:, order], t[:, order]
    return x[:, :n_train], t[:, :n_train], x[:, n_train:], t[:, n_train:]


def split_together(x, t, n_train, rng):
    both = rng.permutation(np.vstack([x, t]), axis=1)
    return (
        both[: len(x), :n_train],
        both[len(x) :, :n_train],
        both[: len(x), n_train:],
        both[len(x) :, n_train:],
    )


def draw_split(rng: np.random.Generator) -> Iterator[Case]:
    def case(n: int, d: int, n_train: int, note: str) -> Case:
        # Every label occurs once, so that it can be seen to which sample it belongs.
        x, t = rng.normal(size=(d, n)), np.arange(n, dtype=float)[np.newaxis]
        seed = int(rng.integers(2**31))
        return Case({"x": x, "t": t, "n_train": n_train, "seed": seed}, note)

    n = int(rng.integers(24, 30))
    yield case(n, 3, 17, f"{n} numbered samples, 17 for training")
    yield case(21, 4, 6, "21 numbered samples, 6 for training")
    yield case(11, 2, 10, "11 numbered samples, one for validation")


wrong = Mistakes(split)

wrong.swap(
    "shuffles the caller's arrays",
    "train, val = order[:n_train], order[n_train:]",
    "x[:], t[:] = x[:, order], t[:, order]",
    "[:, train], t[:, train], x[:, val], t[:, val]",
    "[:, :n_train], t[:, :n_train], x[:, n_train:], t[:, n_train:]",
).says(
    "You shuffle inside `x` and `t` themselves. They belong to the caller.",
    recognise=lambda cases, seen: any(one.changed for one in seen),
)

wrong.swap("not shuffled", "rng.permutation(x.shape[1])", "np.arange(x.shape[1])").says(
    """You cut without shuffling. The file lists one class after the other, so the validation set
    would hold notes of a single class.""",
    recognise=split_shows("order"),
)

wrong.swap(
    "labels left behind",
    "order = rng.permutation(x.shape[1])",
    """
    order = rng.permutation(x.shape[1])
    t = rng.permutation(t, axis=1)
""",
).says(
    """Samples and labels are shuffled in different orders, so most notes carry another note's
    label. One order has to serve both.""",
    recognise=split_shows("labels"),
)


def split_drawn_twice(x, t, n_train, rng):
    n = x.shape[1]
    train = rng.choice(n, n_train, replace=False)
    val = rng.choice(n, n - n_train, replace=False)
    return x[:, train], t[:, train], x[:, val], t[:, val]


wrong.answer("the two sets overlap", split_drawn_twice).says(
    """You draw the validation set without asking who is in the training set. A note that was learnt
    by heart is no test.""",
    recognise=split_shows("twice", test=overlap_only),
)

wrong.swap(
    "drawn with replacement", "permutation(x.shape[1])", "integers(0, x.shape[1], x.shape[1])"
).says(
    """You draw positions one by one, and a position can come twice. About a third of all samples
    would be used nowhere.""",
    recognise=split_shows("twice", test=lambda inputs, got: not overlap_only(inputs, got)),
)

wrong.swap(
    "the same order every time", "rng.permutation", "np.random.default_rng(0).permutation"
).says(
    """Your function has a fixed seed of its own. Whoever calls it decides by `rng` which split it
    is, so that ten different ones can be tried.""",
    recognise=split_shows("again"),
)

wrong.swap("the global generator", "= rng", "= np.random").says("""The order comes from NumPy's
    global generator and not from `rng`. The same seed should give the same split.""")

wrong.swap(
    "rows divided",
    "x.shape[1]",
    "len(x)",
    "[:, train], t[:, train], x[:, val]",
    "[train], t[:, train], x[val]",
).says("You divide the rows. Those are the features; a sample is a column here.")

wrong.swap("another order of results", "t[:, train], x[:, val]", "x[:, val], t[:, train]").says(
    "The four arrays come in the order `x_train, t_train, x_val, t_val`.",
    recognise=split_shows("shapes", test=shapes_are(lambda s: [s[0], s[2], s[1], s[3]])),
)

wrong.swap(
    "sizes exchanged", "order[:n_train], order[n_train:]", "order[:-n_train], order[-n_train:]"
).says(
    "`n_train` samples are in your validation set. They belong in the training set.",
    recognise=split_shows("shapes", test=shapes_are(lambda s: [s[2], s[3], s[0], s[1]])),
)

wrong.swap(
    "labels lost an axis", "t[:, train], x[:, val], t[:, val]", "t[0, train], x[:, val], t[0, val]"
).says(
    """Your labels have one axis. Keep the shape (1, N): p has it, and p − t would otherwise be in
    danger of broadcasting.""",
    recognise=split_shows("shapes", test=shapes_are(lambda s: [s[0], s[1][1:], s[2], s[3][1:]])),
)


def four_fifths(shapes: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    n = shapes[0][1] + shapes[2][1]
    return wanted_shapes(shapes[0][0], n, int(0.8 * n))


wrong.swap(
    "a fixed part",
    "order = rng.permutation(x.shape[1])",
    """
    order = rng.permutation(x.shape[1])
    n_train = int(0.8 * len(order))
""",
).says(
    "The size of your training set does not follow `n_train`.",
    recognise=split_shows("shapes", test=shapes_are(lambda s: four_fifths(s))),
)


def index_too_large(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    failure = seen[0].failure
    return failure is not None and failure.type == "IndexError" and "axis 0" in failure.message


wrong.swap(
    "column numbers used on rows",
    "[:, train], t[:, train], x[:, val], t[:, val]",
    "[train], t[train], x[val], t[val]",
).says(
    """You use the numbers of the samples on axis 0. Samples are columns here: they lie along axis
    1.""",
    recognise=index_too_large,
)

wrong.swap(
    "features shuffled",
    "order = rng.permutation(x.shape[1])",
    "x, order = rng.permutation(x), np.arange(x.shape[1])",
).says(
    """You have shuffled the rows, the features. `rng.permutation(x)` and `rng.shuffle(x)` work
    along axis 0, and samples are columns here.""",
    recognise=split_shows("unknown"),
)


def validation_has(more: int) -> Callable[[Mapping[str, Any], Any], bool]:
    """Recognise a validation set that is larger or smaller than asked for."""
    return shapes_are(lambda s: [*s[:2], *((one[0], one[1] + more) for one in s[2:])])


wrong.swap("a sample in both sets", "order[n_train:]", "order[n_train - 1 :]").says(
    "Your validation set has one sample too many: the sample at the cut is in both sets.",
    recognise=split_shows("shapes", test=validation_has(1)),
)

wrong.swap("a sample in neither set", "order[n_train:]", "order[n_train + 1 :]").says(
    "Your validation set lacks one sample: the one at the cut is in neither set.",
    recognise=split_shows("shapes", test=validation_has(-1)),
)

wrong.swap("all samples for validation", "x[:, val], t[:, val]", "x, t").says(
    """Your validation set holds all samples, those for training among them. What was learnt by
    heart is no test.""",
    recognise=split_shows(
        "shapes",
        test=shapes_are(lambda s: [*s[:2], *((one[0], s[0][1] + s[2][1]) for one in s[2:])]),
    ),
)

wrong.swap(
    "samples as rows",
    "x[:, train], t[:, train], x[:, val], t[:, val]",
    "x.T[train], t.T[train], x.T[val], t.T[val]",
).says(
    "What you return has one sample per row. They come as columns, and they stay columns.",
    recognise=split_shows("shapes", test=shapes_are(lambda s: [one[::-1] for one in s])),
)

wrong.swap("always 1,097", "order[:n_train], order[n_train:]", "order[:1097], order[1097:]").says(
    "You cut at 1,097. That is the number for this chapter's notes; `n_train` says where to cut.",
    recognise=split_shows(
        "shapes",
        test=shapes_are(
            lambda s: [
                *((one[0], s[0][1] + s[2][1]) for one in s[:2]),
                (s[2][0], 0),
                (1, 0),
            ]
        ),
    ),
)

wrong.swap(
    "shuffle gives nothing back", "permutation(x.shape[1])", "shuffle(np.arange(x.shape[1]))"
).says("""`rng.shuffle` shuffles the array that it is given and returns None. Shuffle an array that
    has a name, or use `rng.permutation`, which returns one.""")


EXERCISE = Exercise(
    id="ch07.split",
    title="Training and validation set",
    kind="function",
    points=3,
    reference=split,
    accepted=(split_by_mask, split_by_sorting, split_together),
    mistakes=wrong.all,
    hints=(
        "How many samples are there, and along which axis do they lie? What must be true of the two "
        "sets together?",
        "`rng.permutation(n)` gives every position once, in random order. Cut that order in two and "
        "use each half for both x and t.",
        "The skeleton:\n    order = rng.permutation(…)\n    train, val = order[…], order[…]\n"
        "    return x[:, …], t[:, …], …, …",
    ),
    probe=Probe(probes.split),
    draw=draw_split,
    outputs=(Output("sets", compare=split_problem),),
    remark="Every sample is in exactly one set, with its own label, and the next call draws anew.",
)
