"""The networks that a gradient check is given, some of them spoilt, and how its decisions are judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Case
from exercises_lib.checking.serialize import describe
from exercises_lib.exercises.ch06_training._shared import random_params
from exercises_lib.probes import ch06 as probes


def _leave(grads: dict[str, Any], x: Any) -> None:
    """Leave the gradient as it is."""


def _times_batch(grads: dict[str, Any], x: Any) -> None:
    for grad in grads.values():
        grad *= len(x)


def _one_entry(grads: dict[str, Any], x: Any) -> None:
    grads["W1"][-1, -1] += 0.03


def _turned(grads: dict[str, Any], x: Any) -> None:
    grads["W2"] *= -1


def _lower(grads: dict[str, Any], x: Any) -> None:
    grads["b2"] -= 0.3


def _first_layer_doubled(grads: dict[str, Any], x: Any) -> None:
    grads["W1"] *= 2
    grads["b1"] *= 2


def _nan(grads: dict[str, Any], x: Any) -> None:
    grads["b1"][0] = np.nan


def _kept_axis(grads: dict[str, Any], x: Any) -> None:
    grads["b1"] = grads["b1"][None, :]


SPOILT: dict[str, Callable[..., None]] = {
    "a right network with a closed unit": _leave,
    "one entry of W1 wrong": _one_entry,
    "tiny gradients, twice too large": _first_layer_doubled,
    "all of b2 too low": _lower,
    "the sign of W2's gradient turned": _turned,
    "all gradients N times too large": _times_batch,
    "nan in b1": _nan,
    "b1 with an axis too many": _kept_axis,
    "a right network": _leave,
}
"""The networks that a check is given, by name: what happens to their gradients."""

GROUPS = {
    "A": ("a right network with a closed unit", "nan in b1", "all gradients N times too large"),
    "B": ("a right network", "b1 with an axis too many", "the sign of W2's gradient turned"),
    "C": ("one entry of W1 wrong", "tiny gradients, twice too large", "all of b2 too low"),
}
"""Networks that are judged as one output. What is often wrong together stands in two of them."""


def spoilt(inputs: Mapping[str, Any], params: Any, x: Any, t: Any) -> dict[str, Any]:
    """Return the gradients that the network of a case gives for a batch."""
    W1, b1, W2, b2 = params
    h = np.maximum(x @ W1 + b1, 0)
    d2 = nn.softmax(h @ W2 + b2)
    d2[np.arange(len(t)), t] -= 1
    d2 /= len(t)
    d1 = (d2 @ W2.T) * (h > 0)
    grads = {"W1": x.T @ d1, "b1": d1.sum(0), "W2": h.T @ d2, "b2": d2.sum(0)}
    SPOILT[inputs["network"]](grads, x)
    return grads


def draw_suspects(rng: np.random.Generator) -> Iterator[Case]:
    for number, name in enumerate(rng.permutation(list(SPOILT)).tolist(), 1):
        # A unit that is nearly at its kink would be a false alarm: draw until none is.
        while True:
            params = random_params(rng, 2, 3, 2)
            if name == "a right network with a closed unit":
                params["b1"][1] = -30.0
                params["W2"][2] *= 1e-9  # a unit whose gradients drown in rounding
            if name == "tiny gradients, twice too large":
                params["W2"] *= 5e-3
            x, t = rng.normal(size=(4, 2)), np.array([0, 1, 1, 0])
            z = x @ params["W1"] + params["b1"]
            z[:, 1] = 1.0 if name == "a right network with a closed unit" else z[:, 1]
            if np.abs(z).min() > 0.05 and (z > 0).sum(axis=0).min() > 0:
                break
        called = ("A", "a", "B", "b") if number in (3, 7) else probes.NAMES
        group = next(letter for letter, names in GROUPS.items() if name in names)
        inputs = {"called": called, **params, "x": x, "t": t}
        names = {"decisions": f"decisions, group {group}"}
        note = f"{name}, 2-3-2" if name.startswith("a right") else name
        yield Case(inputs, note, hidden={"network": name}, names=names)


def judge_decisions(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    """Say what is wrong with the decisions of the candidate's check."""
    if not isinstance(got, dict):
        return f"gradient_check returns {describe(got)}, expected a dictionary: name → error."
    lacking = [name for name in expected if name not in got]
    if lacking:
        return f"gradient_check returns no error for {lacking[0]}."
    found = {
        "accepts": "is below 1e-4, which calls the gradient right",
        "rejects": "is above 1e-2, which calls the gradient wrong",
        "undecided": "lies between 1e-4 and 1e-2, which decides nothing",
        "negative": "is negative, which is no size of an error",
        "nan": "is nan, which decides nothing: every comparison with it is False",
    }
    for name, want in expected.items():
        mine = got[name]
        if isinstance(mine, str) and mine == want:
            continue
        text = found.get(mine) if isinstance(mine, str) else None
        text = text or f"is {describe(mine)}, expected a number"
        right, goal = ("right", "below 1e-4") if want == "accepts" else ("wrong", "above 1e-2")
        return f"The error of {name} {text}. That gradient is {right}: expected {goal}."
    return None


def parameters_in_words(inputs: Mapping[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Say whether what lies in the parameters' arrays is what was there before."""
    found = values.pop("parameters afterwards", None)
    if found is not None:
        left = all(np.array_equal(found[name], inputs[name]) for name in probes.NAMES)
        values["parameters afterwards"] = "as before" if left else "changed"
    return values


def judge_parameters(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    """Say if the candidate's check left other parameters behind."""
    if isinstance(got, str) and got == expected:
        return None
    return "After gradient_check the network's parameters are not what they were."


def judge_batch(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    """Say if the losses belong to another batch than the gradient."""
    if got == "as given":
        return None
    return "gradient_check asks for the loss of another batch than the one that it was given."


def judge_step(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    """Say if the parameters were moved by a step of no use; whether they move is not seen here."""
    if got is None or (isinstance(got, int) and -7 <= got <= -3):
        return None
    if not isinstance(got, int) or got > -3:
        return f"gradient_check moves a parameter by about 1e{got}: a curve is no line over that."
    return (
        f"gradient_check moves a parameter by about 1e{got}. Of a difference over so short a way "
        "rounding leaves only a few digits, sometimes too few to tell right from wrong."
    )
