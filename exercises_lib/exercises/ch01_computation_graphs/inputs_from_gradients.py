"""ch01.inputs_from_gradients: the inputs of a graph, read off its gradients."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes import call


def inputs_from_gradients(da, db, dc, dd):
    d = dc
    a = db / d
    b = da / d
    c = dd - a * b
    return a, b, c, d


def by_the_sum(da, db, dc, dd):
    """c = v − u, with v = dd and u = a · b from the product of two gradients."""
    return db / dc, da / dc, dd - da * db / dc**2, dc


def at_once(da, db, dc, dd):
    b, a = np.array([da, db]) / dc
    return [a, b, -a * b + dd, dc]


def draw_gradients(rng: np.random.Generator) -> Iterator[Case]:
    def case(a: float, b: float, c: float, d: float, note: str) -> Case:
        return Case({"da": b * d, "db": a * d, "dc": d, "dd": a * b + c}, note)

    yield case(2.0, 3.0, 4.0, -5.0, "the graph of the text")
    for note in ("another place", "another place", "one more"):
        a, b, c, d = rng.choice((-1, 1), 4) * rng.uniform(1.3, 4.0, 4).round(2)
        yield case(float(a), float(b), float(c), float(d), note)
    yield case(0.0, 2.5, -1.5, 3.0, "a is 0")


wrong = Mistakes(inputs_from_gradients)

wrong.swap("a and b exchanged", "a = db", "a = da", "b = da", "b = db").says("""
    Your a and b have changed places. A multiplication answers with the *other* parent's value: it
    is b that stands in the gradient of a.""")

wrong.swap("upstream left in", "db / d", "db", "da / d", "da").says("""You take da and db for the
    factors themselves. What arrives at u, the value of d, is multiplied into both.""")

wrong.swap("d from its own gradient", "d = dc", "d = dd").says("""`dd` is what d is multiplied by.
    The value of d is found where it was passed down unchanged: through the addition.""")

wrong.swap("product not taken away", "dd - a * b", "dd").says("""The gradient of d is the whole sum
    v. c is one term of it; the other term is a · b.""")

wrong.swap("product added", "dd - a", "dd + a").says("""You add a · b to v. The sum v contains it
    already, and c is what is left when it is taken away.""")

wrong.swap("upstream multiplied in again", "db / d", "db * d", "da / d", "da * d").says("""
    You multiply da and db by d once more. It is in them already; take it out.""")

wrong.swap("c taken from its gradient", "dd - a * b", "dc").says("""The gradient of c is what passes
    the addition, and says nothing of c's own value. That is hidden in v.""")


EXERCISE = Exercise(
    id="ch01.inputs_from_gradients",
    title="What the gradients give away",
    kind="function",
    points=0,
    difficulty=3,
    reference=inputs_from_gradients,
    accepted=(by_the_sum, at_once),
    mistakes=wrong.all,
    hints=(
        "Write the four gradients down as formulas in a, b, c and d, as you would go back by hand. "
        "One of them is an input already.",
        "The addition hands down unchanged what it is told, so dc is the value of d. The "
        "multiplication answers with the other parent: da contains b, and db contains a.",
        "The order in which they come out:\n    d = …          # what passed the addition\n"
        "    a, b = …, …    # take d out of two gradients\n    c = …          # what is left of v",
    ),
    probe=Probe(call, {"returns": ("a", "b", "c", "d")}),
    draw=draw_gradients,
    outputs=tuple(Output(name) for name in "abcd"),
    remark="Four gradients, and the inputs are no secret any more. Where people train on data that "
    "they do not show, and share gradients only, this is a real concern.",
)
