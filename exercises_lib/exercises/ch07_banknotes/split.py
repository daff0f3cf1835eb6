"""ch07.split: training and validation set."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from exercises_lib.checking import Case, Exercise, Observation, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
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


def split_in_order(x, t, n_train, rng):
    return x[:, :n_train], t[:, :n_train], x[:, n_train:], t[:, n_train:]


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


wrong.answer("not shuffled", split_in_order).says(
    """You cut without shuffling. The file lists one class after the other, so the validation set
    would hold notes of a single class.""",
    recognise=split_shows("order"),
)


def split_labels_apart(x, t, n_train, rng):
    a, b = rng.permutation(x.shape[1]), rng.permutation(x.shape[1])
    return x[:, a[:n_train]], t[:, b[:n_train]], x[:, a[n_train:]], t[:, b[n_train:]]


wrong.answer("labels left behind", split_labels_apart).says(
    """Samples and labels are shuffled in different orders, so most notes carry another note's
    label. One order has to serve both.""",
    recognise=split_shows("labels"),
)


def split_drawn_twice(x, t, n_train, rng):
    n = x.shape[1]
    train = rng.choice(n, n_train, replace=False)
    val = rng.choice(n, n - n_train, replace=False)
    return x[:, train], t[:, train], x[:, val], t[:, val]


def overlap_only(inputs: Mapping[str, Any], got: Any) -> bool:
    """Tell whether each set alone is free of repetitions."""
    found, n_train = orders(inputs, got[0])[1], inputs["n_train"]
    return all(len(set(part)) == len(part) for part in (found[:n_train], found[n_train:]))


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


def split_own_seed(x, t, n_train, rng):
    return split(x, t, n_train, np.random.default_rng(0))


wrong.answer("the same order every time", split_own_seed).says(
    """Your function has a fixed seed of its own. Whoever calls it decides by `rng` which split it
    is, so that ten different ones can be tried.""",
    recognise=split_shows("again"),
)

wrong.swap("the global generator", "= rng", "= np.random").says("""
    The order comes from NumPy's global generator and not from `rng`. The same seed should give the
    same split.""")

wrong.swap(
    "rows divided",
    "x.shape[1]",
    "len(x)",
    "[:, train], t[:, train], x[:, val]",
    "[train], t[:, train], x[val]",
).says("You divide the rows. Those are the features; a sample is a column here.")


def split_swapped(x, t, n_train, rng):
    x_train, t_train, x_val, t_val = split(x, t, n_train, rng)
    return x_train, x_val, t_train, t_val


def shapes_are(
    change: Callable[[list[tuple[int, int]]], Sequence[Any]],
) -> Callable[[Mapping[str, Any], Any], bool]:
    def test(inputs: Mapping[str, Any], got: Any) -> bool:
        d, n = inputs["x"].shape
        wanted = wanted_shapes(d, n, inputs["n_train"])
        return [part.shape for part in got[0]] == list(change(wanted))

    return test


wrong.answer("another order of results", split_swapped).says(
    "The four arrays come in the order `x_train, t_train, x_val, t_val`.",
    recognise=split_shows("shapes", test=shapes_are(lambda s: [s[0], s[2], s[1], s[3]])),
)


def split_sizes_exchanged(x, t, n_train, rng):
    return split(x, t, x.shape[1] - n_train, rng)


wrong.answer("sizes exchanged", split_sizes_exchanged).says(
    "`n_train` samples are in your validation set. They belong in the training set.",
    recognise=split_shows("shapes", test=shapes_are(lambda s: [s[2], s[3], s[0], s[1]])),
)


def split_flat_labels(x, t, n_train, rng):
    x_train, t_train, x_val, t_val = split(x, t, n_train, rng)
    return x_train, t_train[0], x_val, t_val[0]


wrong.answer("labels lost an axis", split_flat_labels).says(
    """Your labels have one axis. Keep the shape (1, N): p has it, and p − t would otherwise be in
    danger of broadcasting.""",
    recognise=split_shows("shapes", test=shapes_are(lambda s: [s[0], s[1][1:], s[2], s[3][1:]])),
)


def split_four_fifths(x, t, n_train, rng):
    return split(x, t, int(0.8 * x.shape[1]), rng)


def four_fifths(shapes: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    n = shapes[0][1] + shapes[2][1]
    return wanted_shapes(shapes[0][0], n, int(0.8 * n))


wrong.answer("a fixed part", split_four_fifths).says(
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

wrong.answer(
    "features shuffled",
    lambda x, t, n_train, rng: split_in_order(rng.permutation(x), t, n_train, rng),
).says(
    """You have shuffled the rows, the features. `rng.permutation(x)` and `rng.shuffle(x)` work
    along axis 0, and samples are columns here.""",
    recognise=split_shows("unknown"),
)


def split_cut_at(x, t, n_train, rng, later):
    order = rng.permutation(x.shape[1])
    train, val = order[:n_train], order[n_train + later :]
    return x[:, train], t[:, train], x[:, val], t[:, val]


def validation_has(more: int) -> Callable[[Mapping[str, Any], Any], bool]:
    """Recognise a validation set that is larger or smaller than asked for."""
    return shapes_are(lambda s: [*s[:2], *((one[0], one[1] + more) for one in s[2:])])


wrong.answer(
    "a sample in both sets", lambda x, t, n_train, rng: split_cut_at(x, t, n_train, rng, -1)
).says(
    "Your validation set has one sample too many: the sample at the cut is in both sets.",
    recognise=split_shows("shapes", test=validation_has(1)),
)

wrong.answer(
    "a sample in neither set", lambda x, t, n_train, rng: split_cut_at(x, t, n_train, rng, 1)
).says(
    "Your validation set lacks one sample: the one at the cut is in neither set.",
    recognise=split_shows("shapes", test=validation_has(-1)),
)

wrong.answer(
    "all samples for validation", lambda x, t, n_train, rng: (*split(x, t, n_train, rng)[:2], x, t)
).says(
    """Your validation set holds all samples, those for training among them. What was learnt by
    heart is no test.""",
    recognise=split_shows(
        "shapes",
        test=shapes_are(lambda s: [*s[:2], *((one[0], s[0][1] + s[2][1]) for one in s[2:])]),
    ),
)

wrong.answer(
    "samples as rows",
    lambda x, t, n_train, rng: tuple(part.T for part in split(x, t, n_train, rng)),
).says(
    "What you return has one sample per row. They come as columns, and they stay columns.",
    recognise=split_shows("shapes", test=shapes_are(lambda s: [one[::-1] for one in s])),
)

wrong.answer("always 1,097", lambda x, t, n_train, rng: split(x, t, 1097, rng)).says(
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
