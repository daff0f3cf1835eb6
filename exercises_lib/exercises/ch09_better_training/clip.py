"""ch09.clip: clipping gradients by their length."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.checking.serialize import same
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes import ch09 as probes


def clip(grads, limit):
    norm = np.sqrt(sum(np.sum(g**2) for g in grads.values()))
    if norm > limit:
        for g in grads.values():
            g *= limit / norm
    return norm


def clip_by_one_vector(grads, limit):
    norm = np.linalg.norm(np.concatenate([g.ravel() for g in grads.values()]))
    factor = min(1.0, limit / norm) if norm else 1.0
    for name in grads:
        grads[name][...] = grads[name] * factor
    return float(norm)


def clip_number_by_number(grads, limit):
    squares = [float(v) ** 2 for g in grads.values() for v in g.flat]
    norm = math.sqrt(math.fsum(squares))
    for g in grads.values():
        g /= max(1.0, norm / limit)
    return norm


def in_place(inputs: Mapping[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Say whether the gradients at the end lie in the arrays of the beginning."""
    held = values.pop("arrays", None)
    if held is not None:
        values["arrays"] = "the same" if same(held, values["grads"]) else "new"
    return values


def same_arrays(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    if got == expected:
        return None
    return (
        "After `clip`, `grads` holds new arrays. The layers hold the old ones, and whoever reads "
        "them there finds the gradients as long as before: change them in place."
    )


def draw_clip(rng: np.random.Generator) -> Iterator[Case]:
    def case(length: float, limit: float, note: str, dtype: type = np.float64) -> Case:
        d, m, c = rng.choice(np.arange(2, 6), size=3, replace=False).tolist()
        shapes = {"W1": (d, m), "b1": (m,), "W2": (m, c), "b2": (c,)}
        grads = {name: rng.normal(size=shape) for name, shape in shapes.items()}
        norm = math.sqrt(sum(float(np.sum(g**2)) for g in grads.values()))
        scaled: dict[str, Any] = {
            name: (g * length / norm).astype(dtype) for name, g in grads.items()
        }
        return Case({"grads": scaled, "limit": limit}, note)

    limit = float(rng.uniform(1.5, 3))
    yield case(limit * float(rng.uniform(3, 5)), limit, "longer than the limit")
    yield case(limit * float(rng.uniform(0.3, 0.6)), limit, "shorter than the limit")
    yield case(limit * 1.3, limit, "all together a little too long, each array short enough")
    yield case(0.0, limit, "all gradients are 0")
    yield case(limit * 4, limit, "float32", np.float32)


wrong = Mistakes(clip)

wrong.swap(
    "root forgotten",
    "np.sqrt(sum(np.sum(g**2) for g in grads.values()))",
    "sum(np.sum(g**2) for g in grads.values())",
).says("That is the square of the length. The length is its root.")
wrong.swap("squares forgotten", "np.sum(g**2)", "np.sum(g)").says("""
    You add up the gradients and not their squares: positive and negative ones cancel.""")
wrong.swap("always shortened", "if norm > limit:", "if norm > 0:").says("""
    Gradients that are short enough are changed too: you make every length equal to the limit. Below
    the limit nothing happens.""")
wrong.swap("the wrong way round", "if norm > limit:", "if norm < limit and norm > 0:").says("""
    You stretch the short gradients and leave the long ones: the comparison is the wrong way
    round.""")
wrong.swap("factor upside down", "g *= limit / norm", "g *= norm / limit").says("""
    Your factor is upside down: what is too long gets longer.""")
wrong.swap("divided by the length", "g *= limit / norm", "g /= norm").says("""
    You make the length 1. It is to become the limit.""")
wrong.swap("only a local name", "g *= limit / norm", "g = g * limit / norm").says("""
    `g = g * …` makes a new array and gives the name `g` to it. What the dictionary holds stays as
    long as it was.""")

wrong.swap(
    "new arrays",
    "for g in grads.values():\n    g *= limit / norm",
    "for name in grads:\n    grads[name] = grads[name] * (limit / norm)",
).says("""`grads[name] = …` puts new arrays into the dictionary. The layers hold the old ones, which
    are as long as before.""")

wrong.swap(
    "each array for itself",
    """
        norm = np.sqrt(sum(np.sum(g**2) for g in grads.values()))
        if norm > limit:
            for g in grads.values():
                g *= limit / norm
        return norm
""",
    """
        for g in grads.values():
            g *= limit / max(limit, np.sqrt(np.sum(g**2)))
        return np.sqrt(sum(np.sum(g**2) for g in grads.values()))
""",
).says("""You shorten each array by its own length. Then the step turns: its direction in the space
    of all parameters is no longer that of the gradient. One length, and one factor, for all of
    them.""")

wrong.swap(
    "each number",
    "if norm > limit:\n    for g in grads.values():\n        g *= limit / norm",
    "for g in grads.values():\n    g[...] = np.clip(g, -limit, limit)",
).says("""You cut off every single number at the limit. That turns the step, and the length of the
    whole may still be far above the limit.""")

wrong.swap(
    "the length afterwards",
    "return norm",
    "return np.sqrt(sum(np.sum(g**2) for g in grads.values()))",
).says("""You return the length after clipping. The length *before* is what tells you that something
    was about to explode.""")

wrong.swap("nothing returned", "return norm", "pass").says("""The gradients are right, and the function
    returns nothing. Return the length that they had.""")
wrong.swap(
    "largest number",
    "np.sqrt(sum(np.sum(g**2) for g in grads.values()))",
    "max(np.abs(g).max() for g in grads.values())",
).says("You measure the largest number. The length is the root of the sum of all squares.")

EXERCISE = Exercise(
    id="ch09.clip",
    title="Gradients cut to a length",
    kind="function",
    points=2,
    difficulty=1,
    reference=clip,
    accepted=(nn.clip, clip_by_one_vector, clip_number_by_number),
    mistakes=wrong.all,
    hints=(
        "In the example the gradients are (3) and (0, 4): how long is the arrow (3, 0, 4), and by "
        "which factor does it become 2 long?",
        "One length for all arrays together: the root of the sum of all squares. Above the limit "
        "multiply every array, in place, by the same factor.",
        "The skeleton:\n    norm = np.sqrt(sum(… for g in grads.values()))\n    if …:\n"
        "        for g in grads.values():\n            g *= …\n    return …",
    ),
    probe=Probe(probes.clip),
    draw=draw_clip,
    outputs=(Output("norm", rtol=1e-5), Output("arrays", compare=same_arrays)),
    fills={"arrays": ("grads",)},
    reads=in_place,
    remark="The direction of the step is the gradient's still; only a cliff no longer throws you.",
)
