"""ch01.local_or_passed: local, or passed down?"""

from __future__ import annotations

from collections.abc import Sequence

from exercises_lib.checking import Case, Exercise, Field, Observation, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes import values

KIND_ANSWER = {"A": "local", "B": "passed", "C": "local", "D": "passed", "E": "both", "F": "passed"}

KINDS = {
    "local": "a local derivative only",
    "passed": "a gradient passed down only",
    "both": "both at once",
}

KIND_FIELDS = tuple(Field(letter, f"The number marked {letter}", KINDS) for letter in "ABCDEF")

wrong = Mistakes()


def all_exchanged(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Tell whether every local derivative was called passed down, and the other way round."""
    other = {"local": "passed", "passed": "local"}
    return all(
        one.values.get(letter) == other.get(kind, kind)
        for one in seen
        for letter, kind in KIND_ANSWER.items()
    )


wrong.answer(
    "the two words exchanged",
    {"A": "passed", "B": "local", "C": "passed", "D": "local", "E": "both", "F": "local"},
).says(
    """You have the two words the wrong way round. *Local* is what a node knows by itself, before
    anything comes back; *passed down* is what it hands on afterwards.""",
    recognise=all_exchanged,
)


def marked(letter: str, kind: str) -> dict[str, str]:
    return {**KIND_ANSWER, letter: kind}


wrong.answer("A is called passed down", marked("A", "passed")).says("""
    A is 3, the value of `b`. The node `u` knows it without hearing anything from `f`.""")

wrong.answer("A is called both", marked("A", "both")).says("""A is 3. −5 arrives at `u`, so what
    goes down to `a` is another number than A.""")

wrong.answer("B is called local", marked("B", "local")).says("""B is −10. The node `u` alone, which
    computes `a × b`, cannot know the −5 in it: that comes from the other end of the graph.""")

wrong.answer("B is called both", marked("B", "both")).says("""B is −10, and the local derivative of
    `u` for `b` is the value of `a`, which is 2.""")

wrong.answer("C is called passed down", marked("C", "passed")).says("""
    C is 1, how fast a sum rises with one of its terms. Any addition has it, wherever it stands.""")

wrong.answer("C is called both", marked("C", "both")).says("""C is 1, and −5 arrives at `v`. 1 times
    −5 goes down to `u`, and that is not 1.""")

wrong.answer("D is called local", marked("D", "local")).says("""D is −5. An addition's local
    derivative is never −5; this number has come from the right.""")

wrong.answer("D is called both", marked("D", "both")).says("""D is −5, and the local derivative of
    an addition is 1. The two differ, so D is one of them only.""")

wrong.answer("E is called local", marked("E", "local")).says("""E is 10, the value of `v`: the local
    derivative, that is right. Which number arrives at the last node, and what is 10 times that?""")

wrong.answer("E is called passed down", marked("E", "passed")).says("""E is 10, and 10 goes down to
    `d`, that is right. What does the node `f = v × d` know by itself about `d`?""")

wrong.answer("F is called local", marked("F", "local")).says("""F is −15. `u = a × b` with `b = 3`
    has the local derivative 3 for `a`; the rest of the −15 has come from the right.""")

wrong.answer("F is called both", marked("F", "both")).says("""F is −15, and the node's local
    derivative for `a` stands beside it on the same arrow: it is another number.""")

EXERCISE = Exercise(
    id="ch01.local_or_passed",
    title="Local, or passed down?",
    kind="choice",
    points=2,
    difficulty=2,
    reference=KIND_ANSWER,
    mistakes=wrong.all,
    hints=(
        "Cover everything to the right of a node with your hand. Can you still tell the number?",
        "A local derivative depends on the node and the values of its parents only. A passed-down "
        "gradient is local × upstream. Ask what is upstream at each node.",
        "The upstream numbers are: 1 at `f`, −5 at `v`, −5 at `u`. For each letter write down\n"
        "    local = …, passed down = local × upstream = …\n"
        "and see which of the two (or whether both) it is.",
    ),
    probe=Probe(values, {"names": tuple(KIND_ANSWER)}),
    fields=KIND_FIELDS,
    remark="At the last node the two are the same, because 1 arrives there. Everywhere else they "
    "are different things.",
)
