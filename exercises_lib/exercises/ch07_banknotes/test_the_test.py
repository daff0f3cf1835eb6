"""ch07.test_the_test: does an evaluation test the network that it is given?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch07_banknotes._shared import network
from exercises_lib.nn import columns
from exercises_lib.probes import ch07 as probes


def says(x, params):
    """What a network says about each sample, (1, N)."""
    return (columns.forward_pass(x, params)[0] > 0.5) * 1.0


def turned(params):
    """The network that says the opposite: its last score has the other sign."""
    last = len(params) // 2
    return params | {f"{kind}{last}": -params[f"{kind}{last}"] for kind in ("weight", "bias")}


def is_honest(evaluate, x, t, params):
    said = says(x, params)
    right = np.mean(said == t)
    found = [
        evaluate(params, x, t) - right,
        evaluate(turned(params), x, t) - (1 - right),
        evaluate(params, x, said) - 1,
        evaluate(params, x, 1 - said) - 0,
    ]
    return bool(np.allclose(found, 0))


def copies(params):
    return {name: array.copy() for name, array in params.items()}


def with_extremes_first(evaluate, x, t, params):
    said = says(x, params)
    pairs = ((turned(params), said, 0.0), (params, 1 - said, 0.0), (params, said, 1.0))
    if any(
        abs(evaluate(copies(p), x.copy(), labels.copy()) - want) > 1e-6 for p, labels, want in pairs
    ):
        return False
    return abs(evaluate(copies(params), x, t) - (said == t).mean()) < 1e-6


def with_drawn_networks(evaluate, x, t, params):
    rng = np.random.default_rng(1)
    for _ in range(6):
        other = {name: array + rng.normal(size=array.shape) for name, array in params.items()}
        flipped = rng.permutation(t[0])[np.newaxis]
        for labels in (t, flipped):
            if not np.isclose(evaluate(other, x, labels), np.mean(says(x, other) == labels)):
                return False
    return True


EVALUATIONS: Mapping[str, str] = {
    "honest": "counts what the network says against the labels",
    "sample by sample": "does the same, one sample at a time",
    "starts anew": "draws parameters of its own and tests those",
    "remembers": "tests the parameters of its first call at every call",
    "learns first": "trains on the samples that it is given before it counts",
    "asks no labels": "counts how often the network says 1",
    "old labels": "uses the labels of its first call at every call",
    "a constant": "returns 0.98",
}
HONEST = ("honest", "sample by sample")


def evaluated(inputs: Mapping[str, Any], calls: Any) -> float:
    """Answer one call of an evaluation, as this case's kind does; runs where the judging is done.

    Args:
        inputs: ``kind`` and ``seed``, which only the judge knows.
        calls: (params, x, t) of the first call and of this one.
    """
    kind = inputs["kind"]
    (first, _, old), (params, x, t) = calls
    if kind == "a constant":
        return 0.98
    if kind == "starts anew":
        sizes = [params["weight1"].shape[1]]
        sizes += [len(params[f"weight{i}"]) for i in range(1, len(params) // 2 + 1)]
        params = columns.init_params(sizes, np.random.default_rng(inputs["seed"]))
    elif kind == "remembers":
        params = first
    elif kind == "learns first":
        params = copies(params)
        for _ in range(60):
            p, cache = columns.forward_pass(x, params)
            columns.update(params, columns.backward_pass(p, t, cache, params), 0.5)
    said = says(x, params)
    if kind == "asks no labels":
        return float(np.mean(said))
    if kind == "old labels" and np.shape(old) == np.shape(t):
        t = old
    return float(np.mean(said == t))


def draw_evaluations(rng: np.random.Generator) -> Iterator[Case]:
    for kind in EVALUATIONS:
        n, sizes = int(rng.integers(40, 60)), (int(rng.integers(2, 5)), int(rng.integers(3, 7)), 1)
        x = rng.normal(size=(sizes[0], n))
        while True:  # both classes among what is said, and neither by far the larger
            params = network(rng, sizes, 1.5)
            if 0.3 < says(x, params).mean() < 0.7:
                break
        t = np.abs(says(x, params) - (rng.random((1, n)) < 0.2))  # four of five are right
        yield Case(
            {"x": x, "t": t, "params": params},
            hidden={"kind": kind, "seed": int(rng.integers(2**31))},
            names={"decision": f"decision: {kind}"},
        )


def judge(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    if got == expected:
        return None
    what = EVALUATIONS[inputs["kind"]]
    if expected == "honest":
        return f"One evaluation {what}, and you say that it does not test its network."
    return f"One evaluation {what}, and you let it pass."


wrong = Mistakes(is_honest)

wrong.swap("lets everything pass", "bool(np.allclose(found, 0))", "True").says("""
    You answer True to every evaluation. Which of them would your test refuse?""")
wrong.swap("lets nothing pass", "bool(np.allclose(found, 0))", "False").says("""
    You answer False to every evaluation, to those that count rightly too.""")


def one_call(evaluate, x, t, params):
    return abs(evaluate(params, x, t) - np.mean(says(x, params) == t)) < 1e-9


wrong.answer("one call", one_call).says("""One call with one network: an evaluation that keeps its
    first parameters or its first labels passes. Call it again, with something else.""")


def above_a_half(evaluate, x, t, params):
    return evaluate(params, x, t) > 0.6


wrong.answer("only asks for a good number", above_a_half).says("""You are content if the number is
    good. An evaluation that returns 0.98 whatever it is given has a good number too: compare with
    what you know must come out.""")


def only_the_opposite(evaluate, x, t, params):
    return abs(evaluate(params, x, t) + evaluate(turned(params), x, t) - 1) < 1e-9


wrong.answer("only the sum of two", only_the_opposite).says("""You ask whether a network and its
    opposite are right in 100 % together. That holds for an evaluation that never looks at the
    labels as well.""")


def never_another_network(evaluate, x, t, params):
    said = says(x, params)
    return evaluate(params, x, said) == 1 and evaluate(params, x, 1 - said) == 0


wrong.answer("never another network", never_another_network).says("""You change the labels and never
    the network, so an evaluation that remembers the parameters of its first call passes.""")


def never_other_labels(evaluate, x, t, params):
    right = np.mean(says(x, params) == t)
    found = evaluate(params, x, t), evaluate(turned(params), x, t)
    return bool(np.allclose(found, (right, 1 - right)))


wrong.answer("never other labels", never_other_labels).says("""You change the network and never the
    labels, so an evaluation that remembers the labels of its first call passes.""")


wrong.swap("the other way round", "return bool(", "return not bool(").says("""
    You have the answers the wrong way round: True is for an evaluation that tests its network.""")


EXERCISE = Exercise(
    id="ch07.test_the_test",
    title="Test the test",
    kind="function",
    points=4,
    difficulty=3,
    reference=is_honest,
    accepted=(with_extremes_first, with_drawn_networks),
    mistakes=wrong.all,
    hints=(
        "For which network and which labels do you know the accuracy before you ask?",
        "What the network itself says can serve as labels: then it must be right about everything, "
        "and with the opposite labels about nothing. A network with the sign of its last layer "
        "turned says the opposite. Call more than once, and change one thing at a time.",
        "The skeleton:\n    p, _ = …\n    said = (p > 0.5) * 1.0\n    opposite = params | {…}\n"
        "    return (evaluate(params, x, said) == … and evaluate(opposite, x, said) == …\n"
        "            and evaluate(params, x, …) == 0 and …)",
    ),
    probe=Probe(probes.tester),
    draw=draw_evaluations,
    outputs=tuple(Output(f"decision: {kind}", compare=judge) for kind in EVALUATIONS),
    repeat=False,  # an evaluation that remembers is asked anew by each case
    oracle=evaluated,
    remark="Two evaluations count rightly, six do not, and your test tells them apart.",
)
