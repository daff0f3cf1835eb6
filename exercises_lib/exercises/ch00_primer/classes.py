"""ch00.primer_classes: an object that remembers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes.ch00 import counters


class Counter:
    def __init__(self):
        self.total = 0

    def add(self, x):
        self.total = self.total + x
        return self.total


class CounterOfAList:
    def __init__(self):
        self.seen = []

    @property
    def total(self):
        return sum(self.seen)

    def add(self, x):
        self.seen.append(x)
        return self.total


class CounterInPlace:
    def __init__(self):
        self.total = 0.0

    def add(self, x):
        self.total += x
        return self.total


def draw_numbers(rng: np.random.Generator) -> Iterator[Case]:
    for note in ("three numbers", "three others"):
        numbers = rng.permutation(np.arange(2, 30))[:6].tolist()
        yield Case({"mine": numbers[:3], "yours": numbers[3:]}, note)


wrong = Mistakes(Counter)

wrong.swap("only the last number", "self.total + x", "x").says("""Each call forgets what was there:
    the total becomes the last number. Add to what the object remembers.""")

wrong.swap("nothing returned", "        return self.total\n", "").says("""
    `add` remembers and returns nothing. It should return the new total.""")

wrong.swap("a local name", "self.total = self.total + x", "total = self.total + x").says("""
    `total` without `self.` is a name inside the method; it is gone when the method ends. What an
    object remembers is `self.total`.""")


class CounterOfTheClass:
    total = 0

    def add(self, x):
        CounterOfTheClass.total += x
        return CounterOfTheClass.total


def shares_its_total(cases: Any, seen: Any) -> bool:
    """Tell whether two counters go on from one another's totals."""
    for case, one in zip(cases, seen, strict=False):
        mine, yours = one.values.get("after each add"), one.values.get("of another counter")
        if not isinstance(mine, list) or not isinstance(yours, list):
            return False
        try:
            steps = [b - a for a, b in zip(mine, yours, strict=True)]
        except TypeError:
            return False
        if steps != case.inputs["yours"]:
            return False
    return bool(seen)


wrong.answer("one total for all", CounterOfTheClass).says(
    """Your total belongs to the *class*, so all objects share it. Two counters should not know of
    each other: use `self.total`.""",
    recognise=shares_its_total,
)

wrong.swap("returned too early", "return self.total", "return self.total - x").says("""
    You return the total as it was before. Asked is the new one.""")

wrong.swap("begins at one", "self.total = 0", "self.total = 1").says("""
    A fresh counter has added nothing yet, so its total is 0.""")

EXERCISE = Exercise(
    id="ch00.primer_classes",
    title="An object that remembers",
    kind="class",
    points=1,
    difficulty=1,
    reference=Counter,
    accepted=(CounterOfAList, CounterInPlace),
    mistakes=wrong.all,
    hints=(
        "Where does the square of the text keep what it will need later?",
        "`__init__` runs once, when the object is made; `add` runs at every call. Both reach the same "
        "memory through `self`.",
        "The skeleton:\n    def __init__(self):\n        self.total = …\n\n"
        "    def add(self, x):\n        self.total = … + …\n        return …",
    ),
    probe=Probe(counters),
    draw=draw_numbers,
    outputs=(Output("after each add"), Output("of another counter"), Output("total")),
    remark="Two counters were at work at once, and each kept its own total.",
)
