"""ch03.check_layer: a gradient check for any layer."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from exercises_lib.checking import Case, Exercise, Observation, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch03_layers._zoo import (
    GROUPS,
    RIGHT,
    WRONG,
    ZOO_OUTPUTS,
    draw_zoo,
    judge_step,
    walk_back,
)
from exercises_lib.nn import numerical_gradient, relative_error
from exercises_lib.probes import ch03 as probes


def check_layer(layer, x, rng, h=1e-5):
    given_x = x.copy()
    dout = rng.standard_normal(layer.forward(given_x).shape)
    given_dout = dout.copy()
    dx = np.array(layer.backward(given_dout))
    if dx.shape != x.shape or np.any(given_x != x) or np.any(given_dout != dout):
        return np.inf
    numeric = numerical_gradient(lambda z: np.sum(layer.forward(z) * dout), x.copy(), h)
    return relative_error(dx, numeric)


def check_layer_loops(layer, x, rng, h=1e-5):
    """Uniform dout with signs, own loops, an error relative to the largest entry."""
    kept = x.copy()
    out = np.array(layer.forward(kept))
    dout = rng.uniform(0.5, 1.5, size=out.shape) * rng.choice([-1, 1], size=out.shape)
    sent = dout.copy()
    dx = np.array(layer.backward(sent))
    if dx.shape != x.shape or not (np.array_equal(sent, dout) and np.array_equal(kept, x)):
        return float("inf")
    numeric = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[place] = h
        difference = layer.forward(x + step) - layer.forward(x - step)
        numeric[place] = np.sum(difference / (2 * h) * dout)
    return np.abs(dx - numeric).max() / np.abs(numeric).max()


def check_layer_norms(layer, x, rng, h=1e-5):
    """The relative error of the whole array, by its length."""
    x_sent = np.array(x)
    shape = layer.forward(x_sent).shape
    dout = rng.normal(size=shape)
    layer.forward(x_sent)
    dout_sent = np.array(dout)
    dx = layer.backward(dout_sent) + 0.0
    if dx.shape != x.shape or (x_sent != x).any() or (dout_sent != dout).any():
        return np.inf
    numeric = numerical_gradient(lambda z: float((layer.forward(z) * dout).sum()), x + 0.0, h)
    return np.linalg.norm(dx - numeric) / (np.linalg.norm(dx) + np.linalg.norm(numeric))


wrong = Mistakes(check_layer)

wrong.swap("dout of ones", "rng.standard_normal(", "np.ones(").says("""
    Your `dout` is all ones. Multiplying by 1 changes nothing, so a layer that forgets `dout`, or
    mixes up its entries, looks right.""")

wrong.swap(
    "dout of one number",
    "rng.standard_normal(layer.forward(given_x).shape)",
    "np.full(layer.forward(given_x).shape, rng.standard_normal())",
).says("""A layer that mixes up the entries of `dout` looks right to your check. Either all entries
    of your `dout` are the same number, or you compare sums and lengths instead of entries.""")

wrong.swap("dout never negative", "rng.standard_normal(", "rng.random(").says("""
    Your `dout` has no negative numbers. A gradient has, and a layer that lets only positive ones
    through looks right to your check.""")

wrong.swap(
    "dout left out of the projection", "np.sum(layer.forward(z) * dout)", "np.sum(layer.forward(z))"
).says("""`backward` gets your `dout`, but the number that you differentiate is the plain sum of the
    outputs. The two belong to different losses.""")

wrong.swap(
    "dout in the shape of x",
    ("given_x = x.copy()", "given_x, dout = x.copy(), rng.standard_normal(x.shape)"),
    ("dout = rng.standard_normal(layer.forward(given_x).shape)", "layer.forward(given_x)"),
).says("You draw `dout` in the shape of x. It belongs to the *output*, whose shape may differ.")


def forward_difference(f, x, h):
    grad, at_x = np.zeros(x.shape), f(x.copy())
    for place in np.ndindex(x.shape):
        moved = x.copy()
        moved[place] += h
        grad[place] = (f(moved) - at_x) / h
    return grad


wrong.swap("forward difference", "numerical_gradient", "forward_difference").says("""
    You step to one side only. That error shrinks with h and not with h², and for a layer that bends
    sharply it is too large to tell right from wrong.""")

wrong.swap("factor 2 lost", "numerical_gradient", "2 * numerical_gradient").says("""
    f(x + h) − f(x − h) belongs to a step of 2h. Divided by h alone every gradient is twice too
    large, and right layers look wrong.""")

wrong.swap(
    "absolute error", "relative_error(dx, numeric)", "float(np.abs(dx - numeric).max())"
).says("""You return the difference itself. Where gradients are tiny it is tiny too, although the
    gradient may be twice what it should be. Compare it with the gradients' size.""")

wrong.swap(
    "0/0",
    "return relative_error(dx, numeric)",
    """
    with np.errstate(all="ignore"):
        return float(np.max(np.abs(dx - numeric) / (np.abs(dx) + np.abs(numeric))))""",
).says("""Where both gradients are 0, as in a
    closed ReLU, your formula is 0/0. That is nan, and nan < 1e-4 is False.""")

wrong.swap(
    "signed difference",
    "relative_error(dx, numeric)",
    "float(np.max((dx - numeric) / np.maximum(np.abs(dx) + np.abs(numeric), 1e-8)))",
).says("""You keep the sign of the difference. Where dx is too small the difference is negative, and
    the largest of negative numbers hides every error.""")

wrong.swap(
    "first entry only", "relative_error(dx, numeric)", "relative_error(dx.flat[0], numeric.flat[0])"
).says("""Your check is content when one entry is right, the first or the best. A layer can be right
    there and wrong everywhere else.""")

wrong.swap("no look at dout", " or np.any(given_dout != dout)", "").says("""
    A layer that overwrites `dout` passes your check. Its dx is right, but the caller's array is
    spoilt: keep a copy and compare afterwards.""")

wrong.swap(
    "no look at x", ("np.any(given_x != x) or ", ""), ("forward(z)", "forward(z.copy())")
).says("""A layer that overwrites
    its input passes your check. Keep a copy of x and compare with it at the end.""")

wrong.swap("x never compared", "np.any(given_x != x) or ", "").says("""
    A layer that overwrites its input passes your check, unless your measurement stumbles over it.
    Keep a copy of x from before and compare with it at the end.""")

wrong.swap(
    "x looked at too early",
    ("given_dout = dout.copy()", "given_dout, spoilt = dout.copy(), np.any(given_x != x)"),
    ("or np.any(given_x != x)", "or spoilt"),
).says("""A layer that writes into x on the way *back* passes your check. Compare x with its copy
    after `backward`.""")

wrong.swap(
    "mean error",
    "return relative_error(dx, numeric)",
    """
    size = np.abs(dx) + np.abs(numeric)
    return float(np.mean(np.abs(dx - numeric) / np.where(size == 0, 1, size)))""",
).says("""One wrong entry among many right ones
    disappears in your error. That is what a mean does: ask for the largest.""")

wrong.answer("nothing compared", lambda layer, x, rng, h=1e-5: 0.0).says("""
    Your check says the same of every layer and never asks it to go back.""")

wrong.swap(
    "no look at the shape",
    ("dx.shape != x.shape or ", ""),
    (
        "relative_error(dx, numeric)",
        "float(np.max(np.abs(dx - numeric) / np.maximum(np.abs(dx) + np.abs(numeric), 1e-8)))",
    ),
).says("""A dx of shape (N, 1) passes your check: NumPy stretches it to (N, D) in the subtraction,
    without a word. Compare the shapes first.""")

wrong.swap("shapes left to relative_error", "dx.shape != x.shape or ", "").says("""
    `relative_error` raises an error when the shapes differ. A dx of the wrong shape is a wrong
    layer, and your check should say so instead of stopping.""")

wrong.swap(
    "backward after other forward passes",
    (
        "dout = rng.standard_normal(layer.forward(given_x).shape)",
        """
    dout = rng.standard_normal(layer.forward(given_x).shape)
    numeric = numerical_gradient(lambda z: np.sum(layer.forward(z) * dout), x.copy(), h)""",
    ),
    (
        """
    if dx.shape != x.shape or np.any(given_x != x) or np.any(given_dout != dout):
        return np.inf
    numeric = numerical_gradient(lambda z: np.sum(layer.forward(z) * dout), x.copy(), h)""",
        """
    if dx.shape != x.shape or np.any(given_x != x) or np.any(given_dout != dout):
        return np.inf""",
    ),
).says("""You call `backward` after the numerical gradient. By then the layer remembers the last
    shifted x and not yours.""")


def never_put_back(f, x, h):
    grad = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        x[place] += h
        above = f(x)
        x[place] -= 2 * h
        grad[place] = (above - f(x)) / (2 * h)
    return grad


wrong.swap(
    "x not put back", ("numerical_gradient", "never_put_back"), ("x.copy(), h)", "x, h)")
).says("""You shift the entries of x and do
    not put them back, so each entry is measured at another place, and the caller's x is spoilt.""")

wrong.swap("the copy is shifted", "forward(z)", "forward(x)").says("""
    Right layers are rejected, too. Does anything move in your measurement? If a copy is shifted and
    `forward` gets the original, the numerical gradient is 0.""")


def steps_too_short(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Recognise a step so short that what it decides depends on the draw."""
    steps = [one.values.get("step") for one in seen]
    return all(step is None or (isinstance(step, int) and step < -7) for step in steps) and any(
        step is not None for step in steps
    )


wrong.swap("a step too short", ", x.copy(), h)", ", x.copy(), 1e-10)").says(
    """Your step is so short that the two values agree in nearly all their digits, and rounding is
    most of what is left of the difference. The `h` that your function is given is 1e-5.""",
    recognise=steps_too_short,
)

wrong.answer(
    "True or False", lambda layer, x, rng, h=1e-5: bool(check_layer(layer, x, rng, h) < 1e-4)
).says("""You return the decision. Return the error itself: 1e-9 and 1e-5 both pass, and the
    difference tells you something.""")

wrong.swap(
    "x copied too late",
    ("given_x =", "moved ="),
    ("(given_x)", "(moved)"),
    ("given_dout =", "kept, given_dout = moved.copy(),"),
    ("given_x != x", "moved != kept"),
    (", x.copy()", ", kept"),
).says("""A layer that writes into x on the way *forward* passes your check: you copy x when it is
    changed already. The copy has to be made before `forward`.""")


def check_layer_entry_by_entry(layer, x, rng, h=1e-5):
    dout = rng.standard_normal(layer.forward(x).shape)
    dx = layer.backward(dout.copy())
    slope = (layer.forward(x + h) - layer.forward(x - h)) / (2 * h)
    return relative_error(dx, slope * dout)


def asks_entry_by_entry(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Recognise that dx is compared with something in the shape of the output of x · W."""
    return any(
        case.hidden["layer"] == "x · W"
        and one.failure is not None
        and one.failure.type == "ValueError"
        and re.search(r"\(2, ?3\).*\(2, ?4\)", one.failure.message) is not None
        for case, one in zip(cases, seen, strict=False)
    )


wrong.answer("slopes entry by entry", check_layer_entry_by_entry).says(
    """You compare dx with something in the shape of the *output*. An output may depend on many
    entries of x, or have another shape: move one entry of x at a time, and add up over the
    outputs.""",
    recognise=asks_entry_by_entry,
)


def stops_by_assert(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Recognise an assertion of the answer's own."""
    return any(one.failure is not None and one.failure.type == "AssertionError" for one in seen)


wrong.swap(
    "stops instead of answering",
    """
    if dx.shape != x.shape or np.any(given_x != x) or np.any(given_dout != dout):
        return np.inf
""",
    """
    assert dx.shape == x.shape
    assert np.all(given_x == x) and np.all(given_dout == dout)
""",
).says(
    "`assert` stops the program at the first fault. Your check should go on and say `np.inf`.",
    recognise=stops_by_assert,
)

wrong.swap("own generator", "dout = rng.", "dout = np.random.default_rng(1).").says("""
    You draw `dout` from a generator of your own. The caller hands in `rng`, so that a test which
    fails can be run again with the same numbers: draw from that one.""")

EXERCISE = Exercise(
    id="ch03.check_layer",
    title="A gradient check for any layer",
    kind="function",
    points=3,
    difficulty=3,
    reference=check_layer,
    accepted=(check_layer_loops, check_layer_norms),
    mistakes=wrong.all,
    hints=(
        "A layer has many outputs and a gradient belongs to one number. Which number has exactly "
        "your `dout` as its gradient with respect to the outputs?",
        "That number is Σ out · dout. Draw `dout` in the shape of the output, call `backward` right "
        "after `forward`, and hand over copies so that you can see whether they were changed.",
        "The skeleton:\n    given_x = …           # a copy\n    out = layer.forward(given_x)\n    dout = rng.standard_normal(…)\n"
        "    given_dout = …\n    dx = np.array(…)      # a copy, in case the layer reuses its array\n"
        "    if …:                 # wrong shape, x changed, dout changed\n        return …\n"
        "    numeric = nn.numerical_gradient(lambda z: …, x.copy(), h)\n    return nn.relative_error(…, …)",
    ),
    probe=Probe(probes.layer_checker),
    draw=draw_zoo,
    outputs=(
        *(
            Output(f"{what}, group {group}", compare=judge)
            for group in GROUPS
            for what, judge in ZOO_OUTPUTS.items()
        ),
        Output("step", compare=judge_step),
        Output("rounds", compare=lambda inputs, got, expected: None),
    ),
    remark=f"Your check accepted {len(RIGHT)} right layers and rejected {len(WRONG)} wrong ones.",
    oracle=walk_back,
    fills={"x afterwards": ("x",)},
    repeat=False,  # what is observed are decisions, and a second run decides the same
)
