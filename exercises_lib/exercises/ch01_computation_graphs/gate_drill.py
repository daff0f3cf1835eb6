"""ch01.gate_drill: ten drawn gates in a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from exercises_lib.checking import Case, Exercise, Observation, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes.ch01 import Gate, draw_gates, drill

NUMBER = 11


def local(gate: Gate) -> int:
    """The local derivative that is asked for."""
    if gate.sign == "×":
        return gate.y if gate.asked == "x" else gate.x
    return -1 if gate.sign == "−" and gate.asked == "y" else 1


def right(gate: Gate) -> float:
    return local(gate) * gate.upstream


def answered(rule: Callable[[Gate], float], number: int = NUMBER) -> dict[str, Any]:
    """Answer a drill by a rule."""
    return {"number": number, "answers": [rule(gate) for gate in draw_gates(number)]}


def follows(rule: Callable[[Gate], float]) -> Any:
    """Recognise answers that are wrong somewhere, and there what this rule gives."""

    def recognise(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
        given: Any = seen[0].values.get("drill") if seen else None
        if given is None:
            return False
        pairs = list(zip(draw_gates(given["number"]), given["answers"], strict=True))
        slips = [(gate, got) for gate, got in pairs if got != right(gate)]
        return bool(slips) and all(got == rule(gate) for gate, got in slips)

    return recognise


def asked_in_words(gate: Gate) -> str:
    inputs = f"{gate.x} {gate.sign} {gate.y}" if gate.y > 0 else f"{gate.x} {gate.sign} ({gate.y})"
    side = "first" if gate.asked == "x" else "second"
    return f"{inputs} with upstream {gate.upstream}, gradient of the {side} input"


def all_ten(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    """Judge the ten answers by the number that they belong to."""
    gates = draw_gates(got["number"])
    slips = [
        (place, gate, answer)
        for place, (gate, answer) in enumerate(zip(gates, got["answers"], strict=True), 1)
        if answer != right(gate)
    ]
    if not slips:
        return None
    place, gate, answer = slips[0]
    before = f"{place - 1} in a row" if place > 1 else "none in a row"
    return (
        f"{len(gates) - len(slips)} of {len(gates)} are right, {before}. Question {place}: "
        f"{asked_in_words(gate)}. {answer:g} is not it. Draw anew with another number."
    )


wrong = Mistakes()

MISTAKES: tuple[tuple[str, Callable[[Gate], float], str], ...] = (
    (
        "not swapped",
        lambda g: (g.x if g.asked == "x" else g.y) * g.upstream if g.sign == "×" else right(g),
        "You multiply by the input's own value. A multiplication answers with the value of the "
        "*other* input.",
    ),
    (
        "minus lost",
        lambda g: g.upstream if g.sign == "−" else right(g),
        "You treat a difference as a sum. If the second input of a difference rises, the result "
        "falls.",
    ),
    (
        "minus on both",
        lambda g: -g.upstream if g.sign == "−" else right(g),
        "You turn the sign for the first input of a difference as well. If that one rises, the "
        "result rises.",
    ),
    (
        "upstream forgotten",
        local,
        "You give the local derivative alone. What arrives from upstream has to be multiplied in.",
    ),
    (
        "upstream added",
        lambda g: local(g) + g.upstream,
        "You add the local derivative and the upstream gradient. They are multiplied.",
    ),
    (
        "passed on unchanged",
        lambda g: g.upstream,
        "You pass on what arrives, at every node. A sum does that; the others do not.",
    ),
    (
        "a sum multiplies",
        lambda g: (g.y if g.asked == "x" else g.x) * g.upstream if g.sign == "+" else right(g),
        "At a sum you multiply by the other input's value, as at a multiplication. The other term "
        "of a sum does not matter.",
    ),
    (
        "shared out",
        lambda g: g.upstream / 2 if g.sign == "+" else right(g),
        "At a sum you share out what arrives. Each term alone, raised by one, raises the sum by "
        "one: nothing is shared.",
    ),
    (
        "sign lost",
        lambda g: abs(right(g)),
        "Sizes are right and a sign is missing. A negative local derivative, or a negative "
        "upstream gradient, turns the sign.",
    ),
)  # fmt: skip

for name, rule, message in MISTAKES:
    wrong.answer(name, answered(rule)).says(message, recognise=follows(rule))

EXERCISE = Exercise(
    id="ch01.gate_drill",
    title="Ten in a row",
    kind="function",
    points=2,
    difficulty=1,
    reference=answered(right),
    accepted=(answered(right, 1), answered(right, 2026)),
    mistakes=wrong.all,
    hints=(
        "Cover all but one node. Which of its inputs is asked, and what does the node do?",
        "Local derivative times upstream. A sum: 1. A difference: 1 for the first input, −1 for "
        "the second. A product: the value of the other input.",
        "For each question write down\n"
        "    local derivative = …\n"
        "    upstream = …\n"
        "    answer = … × …",
    ),
    probe=Probe(drill),
    outputs=(Output("drill", compare=all_ten),),
    remark="Ten in a row. With another number you get ten other nodes, whenever you like.",
)
