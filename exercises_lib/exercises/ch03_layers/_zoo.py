"""The layers that a check is given, right and wrong ones, and how its decisions are judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from exercises_lib.checking import Case
from exercises_lib.checking.serialize import describe, same
from exercises_lib.exercises.ch03_layers._layers import away_from_zero
from exercises_lib.probes import ch03 as probes


def written_into(array, values):
    array[...] = values
    return array


def one_entry_off(dx):
    """Enlarge the largest entry, but for the first one, by 30 %: an error of 0.13 there."""
    dx.flat[1 + np.abs(dx.flat[1:]).argmax()] *= 1.3
    return dx


def first_row_only(dx):
    return np.concatenate([dx[:1], np.zeros_like(dx[1:])])


def zero_in_place(array, where):
    array[where] = 0
    return array


RIGHT: dict[str, tuple[str, Callable[..., np.ndarray]]] = {
    "tanh": ("tanh", lambda x, out, dout: dout * (1 - out**2)),
    "relu": ("relu", lambda x, out, dout: dout * (x > 0)),
    "x · W": ("x · W", lambda x, out, dout: dout @ probes.WIDE.T),
    "transpose": ("transpose", lambda x, out, dout: dout.T),
    "identity": ("identity", lambda x, out, dout: dout),
    "steep exponential": ("steep exponential", lambda x, out, dout: dout * probes.STEEP * out),
}
"""Right layers of the zoo: the name of their forward in the probe, and their backward."""

WRONG: dict[str, tuple[str, Callable[..., np.ndarray]]] = {
    "tanh, dout dropped": ("tanh", lambda x, out, dout: 1 - out**2),
    "relu, mask taken from dout": ("relu", lambda x, out, dout: dout * (dout > 0)),
    "sigmoid, one factor lost": ("sigmoid", lambda x, out, dout: dout * out),
    "x · W, W not transposed": ("x · square W", lambda x, out, dout: dout @ probes.SQUARE),
    "transpose, undone by reshape": ("transpose", lambda x, out, dout: dout.reshape(x.shape)),
    "tanh, first sample only": ("tanh", lambda x, out, dout: first_row_only(dout * (1 - out**2))),
    "tanh, one entry wrong": ("tanh", lambda x, out, dout: one_entry_off(dout * (1 - out**2))),
    "tanh, every slope too small": (
        "tanh",
        lambda x, out, dout: dout * (1 - out**2) - 0.5 * np.abs(dout),
    ),
    "tiny slope, twice too large": ("tiny slope", lambda x, out, dout: 2e-4 * dout),
    "row sum, dx of shape (N, 1)": ("row sum", lambda x, out, dout: dout[:, None]),
    "relu that overwrites dout": ("relu", lambda x, out, dout: zero_in_place(dout, x <= 0)),
    "relu that overwrites x": ("relu in place", lambda x, out, dout: dout * (x > 0)),
    "square that makes x positive": ("square in place", lambda x, out, dout: dout * 2 * x),
    "identity that writes dx into x": ("identity", lambda x, out, dout: written_into(out, dout)),
}
"""Wrong layers of the zoo."""

GROUPS = {
    "A": ("tanh", "row sum, dx of shape (N, 1)", "sigmoid, one factor lost"),
    "B": ("relu", "relu that overwrites dout", "x · W, W not transposed"),
    "C": (
        "x · W",
        "relu that overwrites x",
        "square that makes x positive",
        "identity that writes dx into x",
    ),
    "D": (
        "transpose",
        "transpose, undone by reshape",
        "tanh, dout dropped",
        "relu, mask taken from dout",
        "tanh, first sample only",
    ),
    "E": ("identity", "tiny slope, twice too large", "tanh, one entry wrong"),
    "F": ("steep exponential", "tanh, every slope too small"),
}
"""Layers that are judged as one output: those that one fault of a check shows itself in.

Faults that often come together show themselves in different groups, so that each is found.
"""


def walk_back(inputs, x, out, dout):
    """Go back through the layer of a case, as `probes.ch03.layer_checker` asks for it."""
    lent = (x, out, dout)
    _, backward = {**RIGHT, **WRONG}[inputs["layer"]]
    dx = backward(*lent)
    place = next((i for i, one in enumerate(lent) if one is dx), None)
    return (place, dx, *lent)


def draw_zoo(rng: np.random.Generator) -> Iterator[Case]:
    for name in rng.permutation([*RIGHT, *WRONG]).tolist():
        kind, forward = ("right", RIGHT[name][0]) if name in RIGHT else ("wrong", WRONG[name][0])
        x = away_from_zero(rng, 2, 3)
        if name == "steep exponential":
            x *= 0.005
        if name == "relu, mask taken from dout":  # so wide that some of a random dout is negative
            x = np.abs(away_from_zero(rng, 4, 5))
        if name == "tanh, one entry wrong":  # one among so many that a mean hides it
            x = away_from_zero(rng, 3, 6)
        group = next(letter for letter, names in GROUPS.items() if name in names)
        inputs = {"forward": forward, "x": x, "seed": int(rng.integers(2**31))}
        names = {what: f"{what}, group {group}" for what in ZOO_OUTPUTS}
        yield Case(inputs, f"a {kind} layer, {name}", hidden={"layer": name}, names=names)


def judge_error(inputs, got, expected) -> str | None:
    """Say what is wrong with a decision of the candidate's check."""
    if isinstance(got, str) and got == expected:
        return None
    right = expected == "accepts"
    kind, goal = ("right", "below 1e-4") if right else ("wrong", "above 1e-2 or inf")
    found = {
        "accepts": "returns less than 1e-4, so it accepts the layer",
        "rejects": "returns more than 1e-2, so it rejects the layer",
        "undecided": "returns something between 1e-4 and 1e-2, which decides nothing",
        "negative": "returns a negative number, which is no size of an error",
        "nan": "returns nan, which decides nothing: every comparison with it is False",
    }
    text = found.get(got) if isinstance(got, str) else None
    text = text or f"returns {describe(got)}, expected a number"
    return f"check_layer {text}. The layer is {kind}: expected {goal}."


def judge_memory(inputs, got, expected) -> str | None:
    """Say if a right layer remembered another x than the given one when backward was called."""
    if inputs["layer"] in WRONG or (isinstance(got, str) and got == expected):
        return None
    if got == "never":
        return "check_layer never calls the layer's backward."
    return "When check_layer calls backward, the layer has last gone forward with another x."


def judge_x(inputs, got, expected) -> str | None:
    """Say if the check changed x; a wrong layer may spoil it, and that is not the check's fault."""
    if inputs["layer"] in WRONG or same(got, inputs["x"]):
        return None
    return "check_layer changes x in place. The caller still needs x."


def judge_step(inputs, got, expected) -> str | None:
    """Say if the numerical gradient of a right layer was taken with a step of no use."""
    if inputs["layer"] in WRONG or (isinstance(got, int) and -7 <= got <= -3):
        return None
    if got is None:
        return "check_layer never moves x: `forward` gets the same numbers every time."
    if not isinstance(got, int):
        return "check_layer moves x by what is no number."
    if got > -3:
        return f"check_layer moves x by about 1e{got}: over so long a way a curve is no line."
    return (
        f"check_layer moves x by about 1e{got}. Of a difference over so short a way rounding leaves "
        "only a few digits, sometimes too few to tell right from wrong."
    )


def judge_rng(inputs, got, expected) -> str | None:
    """Say if a right layer was tried with random numbers that are not the caller's."""
    if inputs["layer"] in WRONG or got == "used":
        return None
    return "check_layer draws nothing from the rng that it is given."


ZOO_OUTPUTS = {
    "decision": judge_error,
    "x at backward": judge_memory,
    "x afterwards": judge_x,
    "rng": judge_rng,
}
