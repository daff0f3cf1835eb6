"""ch01.which_way: in which direction must a weight move?"""

from __future__ import annotations

from exercises_lib.checking import Exercise, Field, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes import values

RIGHT = {"c": "a", "b1": "b", "strongest": "c", "cost": "b"}

FIELDS = (
    Field(
        "c",
        "Which way must $c$ move, so that the loss falls?",
        {"a": "up", "b": "down", "c": "Not at all: it is 0, and a weight of 0 has no influence."},
    ),
    Field(
        "b1", "And $b_1$?", {"a": "up", "b": "down", "c": "That depends on the sign of the loss."}
    ),
    Field(
        "strongest",
        "If each of the three is moved by the same small amount in its good direction, which one "
        "lowers the loss most?",
        {
            "a": "$w_{31}$, because it is the largest of the three numbers",
            "b": "$b_1$, because its change is positive",
            "c": "$c$, because the loss answers most strongly to it",
        },
    ),
    Field(
        "cost",
        "To find the direction of all thirteen in this manner, how often must the loss be "
        "computed?",
        {"a": "once", "b": "14 times", "c": "8192 times"},
    ),
)

wrong = Mistakes()

wrong.answer("c: down", {**RIGHT, "c": "b"}).says("""For `c` you go against what the table shows:
    raised by 0.01, it made the loss smaller.""")

wrong.answer("c: a weight of 0", {**RIGHT, "c": "c"}).says("""`c` is 0 now, and the loss answers to
    it all the same: the table shows a change when it is raised. What counts is not how large a
    weight is, but what happens when it moves.""")

wrong.answer("b1: up", {**RIGHT, "b1": "a"}).says("""Raised by 0.01, `b1` made the loss larger. You
    want it smaller.""")

wrong.answer("b1: the sign of the loss", {**RIGHT, "b1": "c"}).says("""The loss is a mean of squares
    and never negative. The direction of `b1` follows from the *change* of the loss.""")

wrong.answer("strongest: the largest weight", {**RIGHT, "strongest": "a"}).says("""
    `w31` is the largest of the three numbers, and the loss hardly answers to it. Compare the
    changes of the loss, not the weights.""")

wrong.answer("strongest: the positive change", {**RIGHT, "strongest": "b"}).says("""
    The sign of a change says in which direction to go, not how strongly the loss answers. Compare
    the sizes of the changes.""")

wrong.answer("cost: once", {**RIGHT, "cost": "a"}).says("""One computation gives the loss where you
    stand. To see what a weight does, it has to be moved, and the loss computed again.""")

wrong.answer("cost: every combination", {**RIGHT, "cost": "c"}).says("""
    8192 is the number of ways to choose a direction for all thirteen at once. Here each weight is
    tried alone: how many tries is that?""")

EXERCISE = Exercise(
    id="ch01.which_way",
    title="Which way?",
    kind="choice",
    points=1,
    difficulty=1,
    reference=RIGHT,
    mistakes=wrong.all,
    hints=(
        "The table says what the loss does when a weight is *raised*. You want the loss to fall.",
        "A negative change when the weight goes up: go up. A positive one: go the other way. How "
        "strongly the loss answers is the size of the change, whatever its sign.",
        "For the cost, count the computations of the cell above:\n"
        "    one before, and one for each of the … weights",
    ),
    probe=Probe(values, {"names": tuple(item.name for item in FIELDS)}),
    fields=FIELDS,
    remark="The sign of the change gives the direction, its size the strength. Both together are "
    "called the gradient.",
)
