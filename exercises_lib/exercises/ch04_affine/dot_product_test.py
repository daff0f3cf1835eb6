"""ch04.dot_product_test: ⟨dout, J·v⟩ = ⟨Jᵀ·dout, v⟩, for any layer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch03_layers import _zoo as zoo
from exercises_lib.exercises.ch03_layers._layers import away_from_zero
from exercises_lib.probes import ch03 as probes

LEFT_OUT = {
    "relu that overwrites dout",
    "relu that overwrites x",
    "square that makes x positive",
    "identity that writes dx into x",
    "tanh, one entry wrong",
}
"""Layers of chapter 3's zoo whose faults a single number of this kind cannot see, or not always."""

RIGHT = {**{name: forward for name, (forward, _) in zoo.RIGHT.items()}, "closed relu": "relu"}
WRONG = {name: forward for name, (forward, _) in zoo.WRONG.items() if name not in LEFT_OUT}


def dot_product_test(layer, x, rng, h=1e-5):
    worst = 0.0
    for _ in range(10):
        dout = rng.standard_normal(layer.forward(x).shape)
        v = rng.standard_normal(x.shape)
        dx = layer.backward(dout)
        if dx.shape != x.shape:
            return np.inf
        moved = (layer.forward(x + h * v) - layer.forward(x - h * v)) / (2 * h)
        left, right = np.sum(dout * moved), np.sum(dx * v)
        size = abs(left) + abs(right)
        worst = max(worst, abs(left - right) / size if size > 0 else 0.0)
    return worst


def by_vdot(layer, x, rng, h=1e-5):
    errors = []
    for _ in range(20):
        out = layer.forward(x)
        dout, v = rng.normal(size=out.shape), rng.normal(size=x.shape)
        dx = layer.backward(dout)
        if np.shape(dx) != np.shape(x):
            return float("inf")
        plus, minus = layer.forward(x + h * v), layer.forward(x - h * v)
        left, right = np.vdot(dout, plus - minus) / (2 * h), np.vdot(dx, v)
        errors.append(abs(left - right) / max(abs(left), abs(right), 1e-12))
    return max(errors)


def with_signs(layer, x, rng, h=1e-5):
    """Directions of +1 and −1."""
    worst = 0.0
    for _ in range(10):
        dout = rng.choice([-1.0, 1.0], size=layer.forward(x).shape)
        v = rng.choice([-1.0, 1.0], size=x.shape)
        dx = layer.backward(dout)
        if dx.shape != x.shape:
            return np.inf
        left = ((layer.forward(x + h * v) - layer.forward(x - h * v)) * dout).sum() / 2 / h
        right = (dx * v).sum()
        worst = max(worst, abs(left - right) / max(abs(left) + abs(right), 1e-300))
    return worst


def all_together(layer, x, rng, h=1e-5):
    """Other directions of both signs, and sizes compared all together."""
    lefts, rights = [], []
    for _ in range(12):
        shape = layer.forward(x).shape
        dout, v = rng.uniform(-1, 1, size=shape), rng.uniform(-1, 1, size=x.shape)
        dx = layer.backward(dout)
        if dx.shape != x.shape:
            return np.inf
        rights.append((dx * v).sum())
        lefts.append(((layer.forward(x + h * v) - layer.forward(x - h * v)) * dout).sum() / 2 / h)
    a, b = np.array(lefts), np.array(rights)
    return np.abs(a - b).max() / (np.abs(a) + np.abs(b) + 1e-12).max()


def walk_back(inputs: Any, x: Any, out: Any, dout: Any) -> Any:
    """Go back through the layer of a case; a closed ReLU is a ReLU."""
    name = "relu" if inputs["layer"] == "closed relu" else inputs["layer"]
    return zoo.walk_back({**inputs, "layer": name}, x, out, dout)


def draw_layers(rng: np.random.Generator) -> Iterator[Case]:
    for name in rng.permutation([*RIGHT, *WRONG]).tolist():
        kind, forward = ("right", RIGHT[name]) if name in RIGHT else ("wrong", WRONG[name])
        # An odd number of entries: as many of +1 and −1 never add up to 0, which would leave
        # nothing but rounding on the left side.
        x = away_from_zero(rng, 5, 3)
        if name == "steep exponential":  # of one entry: where terms cancel, its bend counts more
            x = 0.005 * x[:1, :1]
        if name == "closed relu":
            x = -np.abs(x)
        if name in ("relu", "relu, mask taken from dout"):
            x = np.abs(x)
        inputs = {"forward": forward, "x": x, "seed": int(rng.integers(2**31))}
        yield Case(inputs, f"a {kind} layer, {name}", hidden={"layer": name})


def judge_rounds(inputs: Any, got: Any, expected: Any) -> str | None:
    """Say if a right layer, on which no test may stop early, was tried too few times."""
    if inputs["layer"] in WRONG or not isinstance(got, int) or got >= 10:
        return None
    return f"dot_product_test draws a dout and calls backward {got} times; asked are ten rounds."


def said(judge: Any) -> Any:
    """Give a judge of chapter 3's zoo the name of this exercise's function."""

    def compare(inputs: Any, got: Any, expected: Any) -> str | None:
        known = {**inputs, "layer": "relu"} if inputs["layer"] == "closed relu" else inputs
        text: str | None = judge(known, got, expected)
        return text.replace("check_layer", "dot_product_test") if text else None

    return compare


wrong = Mistakes(dot_product_test)

wrong.swap("dout of ones", "dout = rng.standard_normal(", "dout = np.ones(").says("""
    Your `dout` is all ones. A layer that forgets `dout` looks right to such a test.""")

wrong.swap("v of ones", "v = rng.standard_normal(", "v = np.ones(").says("""
    Your `v` is all ones, so the right side is the plain sum of dx. A layer that has the right
    numbers in the wrong places looks right to such a test.""")

wrong.swap("dout left out", "np.sum(dout * moved)", "np.sum(moved)").says("""
    On the left side stands the plain sum of how the outputs move. It belongs to a `dout` of ones,
    and `backward` got another one.""")

wrong.swap("v left out", "np.sum(dx * v)", "np.sum(dx)").says("""On the right side stands the plain
    sum of dx. The input was moved along `v`, so each entry of dx counts with its entry of `v`.""")

wrong.swap(
    "one side only",
    "(layer.forward(x + h * v) - layer.forward(x - h * v)) / (2 * h)",
    "(layer.forward(x + h * v) - layer.forward(x)) / h",
).says("""You step to one side only. For a layer that bends sharply that error is too large to tell
    right from wrong.""")

wrong.swap("factor 2 lost", "/ (2 * h)", "/ h").says("""From x − h·v to x + h·v is a step of 2h.
    Divided by h alone, the left side is twice too large.""")

wrong.swap(
    "absolute difference", "abs(left - right) / size if size > 0 else 0.0", "abs(left - right)"
).says("""You return the difference itself. Where gradients are tiny it is tiny too, although the
    gradient may be twice what it should be. Compare it with the size of the two sides.""")

wrong.swap("shape not looked at", "if dx.shape != x.shape:", "if dx is None:").says("""
    A dx of shape (N, 1) is broadcast against `v`, and the sum happens to be right. Look at the
    shape first.""")


def divides_by_zero(layer, x, rng, h=1e-5):
    dout = rng.standard_normal(layer.forward(x).shape)
    v = rng.standard_normal(x.shape)
    dx = layer.backward(dout)
    if dx.shape != x.shape:
        return np.inf
    moved = (layer.forward(x + h * v) - layer.forward(x - h * v)) / (2 * h)
    left, right = np.sum(dout * moved), np.sum(dx * v)
    return abs(left - right) / (abs(left) + abs(right))


def says_nan(cases: Any, seen: Any) -> bool:
    return any(one.values.get("decision") == "nan" for one in seen)


wrong.answer("0/0", divides_by_zero).says(
    """Where no gradient passes at all, as in a closed ReLU, both sides are 0 and your formula is
    0/0. That is nan, which decides nothing. Both sides agree there.""",
    recognise=says_nan,
)

wrong.swap(
    "backward after the move",
    """
    dx = layer.backward(dout)
    if dx.shape != x.shape:
        return np.inf
    moved = (layer.forward(x + h * v) - layer.forward(x - h * v)) / (2 * h)
""",
    """
    moved = (layer.forward(x + h * v) - layer.forward(x - h * v)) / (2 * h)
    dx = layer.backward(dout)
    if dx.shape != x.shape:
        return np.inf
""",
).says("""You call `backward` after the layer has gone forward with x − h·v, so it goes back from
    there. Call it right after `forward(x)`.""")

wrong.swap("one round", "range(10)", "range(1)").says("""You draw once. One pair of random
    directions can happen to agree; asked is the largest difference of ten rounds.""")

wrong.swap(
    "own generator",
    "worst = 0.0",
    "worst, other = 0.0, np.random.default_rng(1)",
    "dout = rng.",
    "dout = other.",
    "v = rng.",
    "v = other.",
).says("""You draw from a generator of your own. The caller hands in `rng`, so that a test which
    fails can be run again with the same numbers: draw from that one.""")

EXERCISE = Exercise(
    id="ch04.dot_product_test",
    title="The dot-product test",
    kind="function",
    points=3,
    difficulty=3,
    reference=dot_product_test,
    accepted=(by_vdot, with_signs, all_together),
    mistakes=wrong.all,
    hints=(
        "Both sides are single numbers. Which of `forward` and `backward` do you need for the left "
        "one, and which for the right one?",
        "J·v is how the output moves when the input moves along v: a central difference with x + h·v "
        "and x − h·v. Multiply it by dout and add up. On the other side multiply dx by v and add up.",
        "The skeleton of one round:\n"
        "    out = layer.forward(x)\n"
        "    dout, v = …, …            # random, of two shapes\n"
        "    dx = …                    # before the layer goes forward again\n"
        "    moved = (… - …) / …\n"
        "    left, right = …, …\n"
        "    error = …                 # relative; 0 where both sides are 0",
    ),
    probe=Probe(probes.layer_checker),
    draw=draw_layers,
    outputs=(
        *(Output(what, compare=said(judge)) for what, judge in zoo.ZOO_OUTPUTS.items()),
        Output("step", compare=lambda inputs, got, expected: None),  # any step that works is right
        Output("rounds", compare=judge_rounds),
    ),
    remark=f"Your test accepted {len(RIGHT)} right layers and rejected {len(WRONG)} wrong ones, with "
    "two forward passes a round, however many inputs there are.",
    oracle=walk_back,
    fills={"x afterwards": ("x",)},
    repeat=False,
)
