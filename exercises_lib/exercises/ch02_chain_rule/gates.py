"""ch02.gates: the catalogue, judged gate by gate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from exercises_lib.checking import Case, Exercise, Probe
from exercises_lib.exercises.ch02_chain_rule import (
    _add_gate,
    _exp_gate,
    _log_gate,
    _max_gate,
    _multiply_gate,
    _reciprocal_gate,
    _scale_gate,
)
from exercises_lib.exercises.parts import as_part
from exercises_lib.probes.ch02 import gates

GATES = tuple(
    room.GATE
    for room in (
        _add_gate,
        _multiply_gate,
        _max_gate,
        _reciprocal_gate,
        _exp_gate,
        _log_gate,
        _scale_gate,
    )
)

RIGHT = {gate.name: gate.reference for gate in GATES}


def catalogues() -> Iterator[dict[str, Any]]:
    """Give catalogues that are right, each of them written otherwise."""
    for turn in range(max(len(gate.accepted) for gate in GATES)):
        yield {gate.name: gate.accepted[turn % len(gate.accepted)] for gate in GATES}


def draw_gates(rng: np.random.Generator) -> Iterator[Case]:
    for gate in GATES:
        for case in gate.draw(rng):
            note = f"the gate {gate.name}" + (f", {case.note}" if case.note else "")
            yield Case({"gate": gate.name, **case.inputs}, note)


EXERCISE = Exercise(
    id="ch02.gates",
    title="The catalogue of gates",
    kind="function",
    points=6,
    difficulty=1,
    partial=True,
    reference=RIGHT,
    accepted=tuple(catalogues()),
    mistakes=tuple(
        as_part(mistake, RIGHT, gate.name, f"{gate.name}: ")
        for gate in GATES
        for mistake in gate.mistakes
    ),
    hints=(
        "Take one gate at a time and raise one of its inputs by 0.01: by how much does the output "
        "rise? Put None in the place of the gates that you have not written, and check the others.",
        "Every line is a local derivative times `dout`. Sum: 1 for both. Product: the other one. "
        "Maximum: 1 for the larger input, 0 for the smaller. Reciprocal: minus one over the "
        "square. Exponential: its output. Logarithm: one over the input. Scale: the constant.",
        "With two inputs there are two gradients to return, with one there is one:\n"
        "    def multiply(x, y, dout):\n"
        "        return … * dout, … * dout\n"
        "    def reciprocal(x, dout):\n"
        "        return … / …\n"
        "    def maximum(x, y, dout):\n"
        "        if x … y:\n"
        "            return …, …\n"
        "        return …, …",
    ),
    probe=Probe(gates),
    draw=draw_gates,
    remark="Seven gates. Add distributes, multiply swaps, max routes; an exponential's slope is "
    "its output, and a logarithm's is one over its input.",
)
