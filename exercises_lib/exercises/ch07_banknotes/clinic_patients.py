"""ch07.clinic_patients: six patients of the first ward."""

from __future__ import annotations

from exercises_lib.checking import Exercise, Probe
from exercises_lib.exercises.patients import choice
from exercises_lib.probes import values

NUMBERS = (5, 1, 14, 28, 3, 9)

RIGHT, FIELDS, MISTAKES = choice(NUMBERS, 1)

EXERCISE = Exercise(
    id="ch07.clinic_patients",
    title="Six patients",
    kind="choice",
    points=6,
    difficulty=2,
    reference=RIGHT,
    accepted=(
        dict(reversed(RIGHT.items())),
        {number: f" {name} " for number, name in RIGHT.items()},
    ),
    mistakes=MISTAKES,
    fields=FIELDS,
    hints=(
        "Begin with the loss curve. Does it fall, stand still, jump, or rise? Then order the test "
        "that separates what is left.",
        "Nothing moves: is there a gradient, and are there weights? It jumps or rises: how long is "
        "the first update, and of what size are the inputs? It falls and helps nobody: look at the "
        "labels.",
        "For each patient write down\n    loss: first …, last …\n    first update : weights …\n"
        "    dead units at the start …\n    inputs of size …, labels in the order …",
    ),
    probe=Probe(values, {"names": tuple(RIGHT)}),
    remark="Whoever orders the right test needs two or three of them, and not all nine.",
)
