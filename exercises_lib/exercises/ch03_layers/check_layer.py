"""ch03.check_layer: A gradient check for any layer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from exercises_lib.checking import Case, Exercise, Observation, Output, Probe
from exercises_lib.checking.serialize import describe, same
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch03_layers._layers import away_from_zero
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
    "steep exponential": (
        "steep exponential",
        lambda x, out, dout: dout * probes.STEEP * out,
    ),
}
"""Right layers of the zoo: the name of their forward in the probe, and their backward."""

WRONG: dict[str, tuple[str, Callable[..., np.ndarray]]] = {
    "tanh, dout dropped": ("tanh", lambda x, out, dout: 1 - out**2),
    "relu, mask taken from dout": ("relu", lambda x, out, dout: dout * (dout > 0)),
    "sigmoid, one factor lost": ("sigmoid", lambda x, out, dout: dout * out),
    "x · W, W not transposed": ("x · square W", lambda x, out, dout: dout @ probes.SQUARE),
    "transpose, undone by reshape": (
        "transpose",
        lambda x, out, dout: dout.reshape(x.shape),
    ),
    "tanh, first sample only": (
        "tanh",
        lambda x, out, dout: first_row_only(dout * (1 - out**2)),
    ),
    "tanh, one entry wrong": (
        "tanh",
        lambda x, out, dout: one_entry_off(dout * (1 - out**2)),
    ),
    "tanh, every slope too small": (
        "tanh",
        lambda x, out, dout: dout * (1 - out**2) - 0.5 * np.abs(dout),
    ),
    "tiny slope, twice too large": ("tiny slope", lambda x, out, dout: 2e-4 * dout),
    "row sum, dx of shape (N, 1)": ("row sum", lambda x, out, dout: dout[:, None]),
    "relu that overwrites dout": ("relu", lambda x, out, dout: zero_in_place(dout, x <= 0)),
    "relu that overwrites x": ("relu in place", lambda x, out, dout: dout * (x > 0)),
    "square that makes x positive": ("square in place", lambda x, out, dout: dout * 2 * x),
    "identity that writes dx into x": (
        "identity",
        lambda x, out, dout: written_into(out, dout),
    ),
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


ZOO_OUTPUTS = {"decision": judge_error, "x at backward": judge_memory, "x afterwards": judge_x}

wrong = Mistakes(check_layer)


def normal(rng, shape):
    return rng.standard_normal(shape)


def checker(
    *,
    upstream=normal,
    numeric=numerical_gradient,
    error=relative_error,
    look_at_x=True,
    look_at_dout=True,
    look_at_shape=True,
    project=True,
    fresh=False,
):
    """A wrong check: the reference with something left out or put wrongly."""

    def wrong(layer, x, rng, h=1e-5):
        given_x = x.copy()
        dout = upstream(rng, layer.forward(given_x).shape)
        given_dout = dout.copy()
        dx = np.array(layer.backward(given_dout))
        if look_at_shape and dx.shape != x.shape:
            return np.inf
        if look_at_x and np.any(given_x != x):
            return np.inf
        if look_at_dout and np.any(given_dout != dout):
            return np.inf
        weight = dout if project else 1.0

        def projected(z):
            return np.sum(layer.forward(z.copy() if fresh else z) * weight)

        found = numeric(projected, x.copy(), h)
        return error(dx, found)

    return wrong


wrong.answer("dout of ones", checker(upstream=lambda rng, shape: np.ones(shape))).says("""
    Your `dout` is all ones. Multiplying by 1 changes nothing, so a layer that forgets `dout`, or
    mixes up its entries, looks right.""")

wrong.answer(
    "dout of one number", checker(upstream=lambda rng, shape: np.full(shape, rng.standard_normal()))
).says("""A layer that mixes up the entries of `dout` looks right to your check. Either all entries
    of your `dout` are the same number, or you compare sums and lengths instead of entries.""")

wrong.answer("dout never negative", checker(upstream=lambda rng, shape: rng.random(shape))).says("""
    Your `dout` has no negative numbers. A gradient has, and a layer that lets only positive ones
    through looks right to your check.""")

wrong.answer("dout left out of the projection", checker(project=False)).says("""
    `backward` gets your `dout`, but the number that you differentiate is the plain sum of the
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


wrong.answer("forward difference", checker(numeric=forward_difference)).says("""
    You step to one side only. That error shrinks with h and not with h², and for a layer that bends
    sharply it is too large to tell right from wrong.""")


def half_step(f, x, h):
    return 2 * numerical_gradient(f, x, h)


wrong.answer("factor 2 lost", checker(numeric=half_step)).says("""
    f(x + h) − f(x − h) belongs to a step of 2h. Divided by h alone every gradient is twice too
    large, and right layers look wrong.""")

wrong.answer("absolute error", checker(error=lambda a, b: float(np.abs(a - b).max()))).says("""
    You return the difference itself. Where gradients are tiny it is tiny too, although the gradient
    may be twice what it should be. Compare it with the gradients' size.""")


def divided_by_zero(a, b):
    with np.errstate(all="ignore"):
        return float(np.max(np.abs(a - b) / (np.abs(a) + np.abs(b))))


wrong.answer("0/0", checker(error=divided_by_zero)).says("""Where both gradients are 0, as in a
    closed ReLU, your formula is 0/0. That is nan, and nan < 1e-4 is False.""")


def signed_error(a, b):
    return float(np.max((a - b) / np.maximum(np.abs(a) + np.abs(b), 1e-8)))


wrong.answer("signed difference", checker(error=signed_error)).says("""
    You keep the sign of the difference. Where dx is too small the difference is negative, and the
    largest of negative numbers hides every error.""")

wrong.answer(
    "first entry only", checker(error=lambda a, b: relative_error(a.flat[0], b.flat[0]))
).says("""Your check is content when one entry is right, the first or the best. A layer can be right
    there and wrong everywhere else.""")

wrong.answer("no look at dout", checker(look_at_dout=False)).says("""
    A layer that overwrites `dout` passes your check. Its dx is right, but the caller's array is
    spoilt: keep a copy and compare afterwards.""")

wrong.answer("no look at x", checker(look_at_x=False, fresh=True)).says("""A layer that overwrites
    its input passes your check. Keep a copy of x and compare with it at the end.""")

wrong.answer("x never compared", checker(look_at_x=False)).says("""
    A layer that overwrites its input passes your check, unless your measurement stumbles over it.
    Keep a copy of x from before and compare with it at the end.""")

wrong.swap(
    "x looked at too early",
    (
        "dout = rng.standard_normal(layer.forward(given_x).shape)",
        """
    dout = rng.standard_normal(layer.forward(given_x).shape)
    spoilt = np.any(given_x != x)
""",
    ),
    ("or np.any(given_x != x)", "or spoilt"),
).says("""A layer that writes into x on the way *back* passes your check. Compare x with its copy
    after `backward`.""")


def mean_error(a, b):
    size = np.abs(a) + np.abs(b)
    return float(np.mean(np.abs(a - b) / np.where(size == 0, 1, size)))


wrong.answer("mean error", checker(error=mean_error)).says("""One wrong entry among many right ones
    disappears in your error. That is what a mean does: ask for the largest.""")

wrong.answer("nothing compared", lambda layer, x, rng, h=1e-5: 0.0).says("""
    Your check says the same of every layer and never asks it to go back.""")


def broadcast_error(a, b):
    return float(np.max(np.abs(a - b) / np.maximum(np.abs(a) + np.abs(b), 1e-8)))


wrong.answer("no look at the shape", checker(look_at_shape=False, error=broadcast_error)).says("""
    A dx of shape (N, 1) passes your check: NumPy stretches it to (N, D) in the subtraction, without
    a word. Compare the shapes first.""")

wrong.answer("shapes left to relative_error", checker(look_at_shape=False)).says("""
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


def check_layer_not_restored(layer, x, rng, h=1e-5):
    def numeric(f, _, h):
        grad = np.zeros(x.shape)
        for place in np.ndindex(x.shape):
            x[place] += h
            above = f(x)
            x[place] -= 2 * h
            grad[place] = (above - f(x)) / (2 * h)
        return grad

    return checker(numeric=numeric)(layer, x, rng, h)


wrong.answer("x not put back", check_layer_not_restored).says("""You shift the entries of x and do
    not put them back, so each entry is measured at another place, and the caller's x is spoilt.""")


def check_layer_unmoved(layer, x, rng, h=1e-5):
    """The copy is moved, but the original goes forward."""

    def numeric(f, z, h):
        return numerical_gradient(lambda _: f(x), z, h)

    return checker(numeric=numeric)(layer, x, rng, h)


wrong.answer("the copy is shifted", check_layer_unmoved).says("""Right layers are rejected, too.
    Does anything move in your measurement? If a copy is shifted and `forward` gets the original,
    the numerical gradient is 0.""")


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
    ),
    remark=f"Your check accepted {len(RIGHT)} right layers and rejected {len(WRONG)} wrong ones.",
    oracle=walk_back,
    repeat=False,  # what is observed are decisions, and a second run decides the same
)
