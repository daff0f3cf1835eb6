"""ch00.primer_subclasses: a class that takes over what another one has."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes.ch00 import doubling_counter


def make_doubling(base):
    class Doubling(base):
        def add(self, x):
            return super().add(2 * x)

    return Doubling


def make_by_name(base):
    class Doubling(base):
        def add(self, x):
            return base.add(self, x + x)

    return Doubling


def make_by_two_calls(base):
    class Doubling(base):
        def add(self, x):
            super().add(x)
            return super().add(x)

    return Doubling


def draw_bases(rng: np.random.Generator) -> Iterator[Case]:
    for start in (0, 100):
        numbers = rng.permutation(np.arange(2, 30))[:3].tolist()
        yield Case({"start": start, "numbers": numbers}, f"a counter that begins at {start}")


wrong = Mistakes(make_doubling)

wrong.swap("not doubled", "2 * x", "x").says("""Your `add` does what the one above it does. It
    should add twice the number.""")

wrong.swap("the total doubled", "super().add(2 * x)", "2 * super().add(x)").says("""
    You double what comes back and not what goes in: the total itself has had x added once only.""")

wrong.swap("calls itself", "super().add(2 * x)", "self.add(2 * x)").says("""
    `self.add` is this very method, so it calls itself without end. The method of the class above is
    `super().add`.""")

wrong.swap("nothing returned", "return super()", "super()").says("""
    Your `add` returns nothing. It should return the new total, as the one above it does.""")

wrong.swap("nothing taken over", "class Doubling(base):", "class Doubling:").says("""
    Your class does not take over anything: name the other class in brackets behind its name.""")

wrong.swap("an object, not the class", "return Doubling\n", "return Doubling()\n").says("""
    You return an object of the class. Asked is the class itself, without brackets.""")

EXERCISE = Exercise(
    id="ch00.primer_subclasses",
    title="A class on top of another",
    kind="function",
    points=1,
    difficulty=2,
    reference=make_doubling,
    accepted=(make_by_name, make_by_two_calls),
    mistakes=wrong.all,
    hints=(
        "Which of the methods changes, and which stays as it is? What stays needs no line.",
        "`super().add(…)` calls the method of the class above. What should it get?",
        "The skeleton:\n    class Doubling(base):\n        def add(self, x):\n"
        "            return super().add(…)\n\n    return …",
    ),
    probe=Probe(doubling_counter),
    draw=draw_bases,
    outputs=(Output("after each add"), Output("total")),
    remark="`__init__` was taken over as it stood: your class worked with a counter that begins at "
    "100.",
)
