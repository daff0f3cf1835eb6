"""ch09.clinic_patients: six patients of the second ward."""

from __future__ import annotations

from exercises_lib.checking import Exercise, Probe
from exercises_lib.exercises.patients import choice
from exercises_lib.probes import values

NUMBERS = (5, 4, 10, 8, 11, 7)

RIGHT, FIELDS, MISTAKES = choice(NUMBERS, 2)

EXERCISE = Exercise(
    id="ch09.clinic_patients",
    title="Six patients of the second ward",
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
        "What is the first loss? Three classes and small scores make log 3, about 1.1.",
        "With a first loss as it should be: do the updates keep their length, do the biases grow, and "
        "does the accuracy hold on new samples?",
        "For each patient write down\n    first loss …\n    first and last update : weights …\n"
        "    biases at the end …\n    validation accuracy …, on new samples …",
    ),
    probe=Probe(values, {"names": tuple(RIGHT)}),
    remark="One of them had the best validation accuracy of all, and that was what it had.",
)
