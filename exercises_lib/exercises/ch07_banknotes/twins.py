"""ch07.twins: two programs that look alike, and one of them is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.hunting import hunt_mistakes, hunted_outputs
from exercises_lib.exercises.parts import as_part
from exercises_lib.probes.hunting import hunt


def new_ones(x_train, x_val):
    known = {tuple(column) for column in x_train.T}
    new = np.array([tuple(column) not in known for column in x_val.T], dtype=bool)
    return x_val[:, new]


def wrong_twin(x_train, x_val):
    """The second program of the notebook."""
    known = np.isin(x_val, x_train)
    return x_val[:, ~known.all(axis=0)]


def by_comparing(x_train, x_val):
    same = (x_val[:, :, np.newaxis] == x_train[:, np.newaxis, :]).all(axis=0)
    return x_val[:, ~same.any(axis=1)]


def by_loops(x_train, x_val):
    new = [n for n in range(x_val.shape[1]) if not any((x_val[:, n] == c).all() for c in x_train.T)]
    return x_val[:, np.array(new, dtype=int)]


def draw_notes(rng: np.random.Generator) -> Iterator[Case]:
    def case(d: int, n: int, m: int, note: str) -> Case:
        """Draw n notes to learn from, and for each kind m notes: known, new, and mixed from known."""
        x_train = rng.permutation(np.arange(n * d) + 0.5).reshape(d, n)
        known = x_train[:, rng.choice(n, m, replace=False)]
        fresh = rng.normal(size=(d, m))
        mixed = np.array([row[(np.arange(m) + k) % n] for k, row in enumerate(x_train)])
        first = np.concatenate([x_train[:1, :m], fresh[1:]])  # one number of a note that is known
        shuffled = np.sort(known, axis=0)[::-1]  # the numbers of a known note, in another order
        pull = np.zeros((d, 1))
        pull[:2, 0] = 0.25, -0.25  # other numbers of the same sum
        kinds = [known, fresh, mixed, first, shuffled, known + pull]
        x_val = rng.permutation(np.concatenate(kinds, axis=1), axis=1)
        return Case({"x_train": x_train, "x_val": x_val}, note)

    yield case(3, 7, 2, "3 features, 7 notes to learn from")
    yield case(4, 6, 3, "4 features, 6 notes to learn from")
    yield case(2, 5, 1, "2 features, 5 notes to learn from")


def tells(found: Any) -> str | None:
    """Accept (x_train, x_val) on which the two programs differ."""
    x_train, x_val = (np.array(array, dtype=float) for array in found)
    if x_train.ndim != 2 or x_val.ndim != 2 or len(x_train) != len(x_val):
        return (
            "The input is a pair (x_train, x_val) of shapes (D, N) and (D, M): one note a column."
        )
    if np.array_equal(new_ones(x_train, x_val), wrong_twin(x_train, x_val)):
        return "On this input both programs keep the same notes."
    return None


RIGHT = {"input": ([[1, 2], [3, 4]], [[1], [4]]), "lines": [6], "repair": new_ones}

wrong = Mistakes(new_ones)

wrong.answer("still the wrong twin", wrong_twin).says("""`np.isin` asks of every number whether it
    occurs *anywhere* in `x_train`. A note of which each number belongs to some other note counts as
    known.""")
wrong.swap("known ones kept", "not in known", "in known").says("""
    You keep the notes that occur in the training set, and throw away the new ones.""")
wrong.swap(
    "cleans the training set",
    "for column in x_val.T], dtype",
    "for column in x_train.T], dtype",
    "in x_train.T}",
    "in x_val.T}",
    "x_val[:, new]",
    "x_train[:, new]",
).says("""
    You throw notes out of the training set. Asked for are the validation notes that are new.""")
wrong.swap(
    "one feature compared",
    "{tuple(column) for",
    "{column[0] for",
    "tuple(column) not in",
    "column[0] not in",
).says("""
    You compare the first number of a note alone. Two notes are the same if all their numbers
    are.""")
wrong.swap(
    "sums compared",
    "{tuple(column) for",
    "{sum(column) for",
    "tuple(column) not in",
    "sum(column) not in",
).says("""
    You compare the sums of the numbers. Different notes may have the same sum.""")
wrong.swap(
    "order forgotten",
    "{tuple(column) for",
    "{tuple(sorted(column)) for",
    "tuple(column) not in",
    "tuple(sorted(column)) not in",
).says("""
    You compare the numbers without their order. A variance of 2 and an entropy of 3 are not the
    same as 3 and 2.""")
wrong.swap("a mask instead of the notes", "return x_val[:, new]", "return new").says("""
    You return which notes are new; the notes themselves are asked for.""")
wrong.swap("everything kept", "return x_val[:, new]", "return x_val").says("""
    You return all validation notes, the known ones among them. What is compared with what? A note is
    a column.""")


EXERCISE = Exercise(
    id="ch07.twins",
    title="Two programs that look alike",
    kind="debug",
    points=3,
    difficulty=2,
    reference=RIGHT,
    accepted=(
        {"input": ([[1, 2], [3, 4]], [[2], [3]]), "lines": 6, "repair": by_comparing},
        {"input": (np.array([[5.0, 1.0]] * 2), [[5.0], [1.0]]), "lines": (6,), "repair": by_loops},
    ),
    mistakes=(
        *hunt_mistakes(RIGHT, ([[1, 2], [3, 4]], [[1], [3]]), (2, 3, 4, 7)),
        *(as_part(mistake, RIGHT, "repair") for mistake in wrong.all),
    ),
    hints=(
        "Two notes to learn from, of two numbers each, and one validation note will do. Which notes "
        "could be taken for known ones although they are new?",
        "Read line 6 aloud: of what does it ask whether it occurs, and where? Make a validation note "
        "of numbers that all occur, but never together.",
        "Fill in:\n    x_train = [[1, 2], [3, 4]]\n    known notes: (1, 3) and (…, …)\n"
        "    a new note of the same numbers: (…, …)",
    ),
    probe=Probe(hunt, {"repair": "call", "params": {"returns": ("new notes",)}}),
    draw=draw_notes,
    outputs=(
        *hunted_outputs(tells, (6,), last=8),
        Output("new notes", why="the columns of x_val that are no column of x_train"),
    ),
    remark="On the split of this chapter both programs keep the same notes; no test on it tells them apart.",
)
