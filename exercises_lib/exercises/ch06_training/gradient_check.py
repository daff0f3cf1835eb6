"""ch06.gradient_check: A gradient check for a network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch06_training._shared import by_entry, never_put_back
from exercises_lib.exercises.ch06_training._suspects import (
    GROUPS,
    draw_suspects,
    judge_batch,
    judge_decisions,
    judge_parameters,
    judge_step,
    spoilt,
)
from exercises_lib.probes import ch06 as probes


def gradient_check(net, x, t, h=1e-5):
    grads, errors = net.gradient(x, t), {}
    for name, param in net.params.items():
        numeric = nn.numerical_gradient(lambda _: net.loss(x, t), param, h)
        if grads[name].shape != param.shape:
            errors[name] = np.inf
        else:
            errors[name] = nn.relative_error(grads[name], numeric, floor=1e-3)
    return errors


def gradient_check_by_loops(net, x, t, h=1e-5):
    errors = {}
    grads = net.gradient(x, t)
    for name in net.params:
        param, grad = net.params[name], grads[name]
        if np.shape(grad) != param.shape or not np.all(np.isfinite(grad)):
            errors[name] = float("inf")
            continue
        worst = 0.0
        for at in np.ndindex(param.shape):
            kept = param[at]
            losses = []
            for shift in (h, -h):
                param[at] = kept + shift
                losses.append(net.loss(x, t))
            param[at] = kept
            numeric = (losses[0] - losses[1]) / (2 * h)
            size = max(abs(numeric) + abs(grad[at]), 1e-4)
            worst = max(worst, abs(numeric - grad[at]) / size)
        errors[name] = worst
    return errors


def gradient_check_by_norms(net, x, t, h=1e-5):
    """The error of a parameter is the largest difference beside the largest entry."""

    def error(grad, numeric):
        if grad.shape != numeric.shape or np.isnan(grad).any():
            return np.inf
        size = max(np.abs(numeric).max(), np.abs(grad).max(), 1e-6)
        return np.abs(grad - numeric).max() / size

    numeric = {
        k: nn.numerical_gradient(lambda _: net.loss(x, t), net.params[k]) for k in net.params
    }
    grads = net.gradient(x, t)
    return {k: error(grads[k], numeric[k]) for k in numeric}


wrong = Mistakes(gradient_check)

FOUND: dict[bytes, Any] = {}
"""Numerical gradients by network, batch and parameter: all the wrong checks ask for the same ones."""


def found_before(net, x, t, name):
    """Return the numerical gradient of one parameter, computed once for each network and batch."""
    arrays = (x, t, *net.params.values())
    key = b"/".join([name.encode(), *(array.tobytes() for array in arrays)])
    known = FOUND.get(key)
    if known is None:
        if len(FOUND) > 200:
            FOUND.clear()
        known = nn.numerical_gradient(lambda _: net.loss(x, t), net.params[name])
        FOUND[key] = known
    return known


def network_check(
    *,
    error: Callable[[Any, Any], Any] | None = None,
    numeric: Callable[..., Any] | None = None,
    shapes: bool = True,
) -> Callable[..., Any]:
    """Make a wrong check: the reference with one part exchanged."""
    measure = error or (lambda a, b: nn.relative_error(a, b, floor=1e-3))

    def check(net, x, t, h=1e-5):
        grads, errors = net.gradient(x, t), {}
        for name, param in net.params.items():
            if numeric is None:
                found = found_before(net, x, t, name)
            else:
                found = numeric(lambda _: net.loss(x, t), param, h)
            wrong = shapes and grads[name].shape != param.shape
            errors[name] = np.inf if wrong else measure(grads[name], found)
        return errors

    return check


wrong.answer(
    "absolute error",
    network_check(
        error=lambda a, b: float(np.abs(a - b).max()) if np.isfinite(a).all() else float("inf")
    ),
).says("""You return the difference itself. In a network with tiny gradients it is tiny too, even
    where the gradient is twice what it should be.""")

wrong.answer(
    "mean instead of maximum",
    network_check(
        error=lambda a, b: float(np.abs(a - b).mean()) if np.isfinite(a).all() else np.inf
    ),
).says("You average over the entries. One wrong weight drowns in a mean: return the worst.")

wrong.answer(
    "first entry only",
    network_check(error=lambda a, b: nn.relative_error(a.flat[0], b.flat[0], floor=1e-3)),
).says("You look at the first entry of each parameter. The others can be anything.")

wrong.answer(
    "difference without abs",
    network_check(
        error=lambda a, b: (
            float(((a - b) / np.maximum(np.abs(a) + np.abs(b), 1e-3)).max())
            if np.isfinite(a).all()
            else np.inf
        )
    ),
).says("""Without `abs`, a gradient that is too low everywhere has a negative error, and that looks
    smaller than any tolerance.""")


def rough_error(a, b):
    return float((np.abs(a - b) / np.maximum(np.abs(a) + np.abs(b), 1e-3)).max())


wrong.answer(
    "sizes compared",
    network_check(
        error=lambda a, b: rough_error(np.abs(a), np.abs(b)) if np.isfinite(a).all() else np.inf
    ),
).says("""You compare the sizes of the two gradients and lose their signs. A gradient that points
    the other way passes.""")

wrong.answer(
    "0/0",
    network_check(
        error=lambda a, b: (
            float(np.max(np.abs(a - b) / (np.abs(a) + np.abs(b))))
            if np.isfinite(a).all()
            else np.inf
        )
    ),
).says("""A hidden unit that is closed for every sample has gradient 0, numerically too, and your
    error is 0/0 there.""")

wrong.answer("nan passes", network_check(error=rough_error)).says("""Where a gradient is nan your
    error is nan, and `nan > 1e-4` is False: the worst gradient of all raises no alarm.""")

wrong.answer(
    "shape not compared",
    network_check(
        error=lambda a, b: rough_error(a, b) if np.isfinite(a).all() else np.inf,
        shapes=False,
    ),
).says("""A gradient of shape (1, H) passes: the subtraction stretches b1's own shape to it. An
    update would fail, or spoil `params`. Compare the shapes first.""")

wrong.answer("shapes left to relative_error", network_check(shapes=False)).says("""
    `relative_error` raises a ValueError for different shapes, and your whole check stops there. A
    gradient of the wrong shape is a wrong gradient: give it the error inf.""")

wrong.answer(
    "a copy is shifted",
    network_check(numeric=lambda f, p, h: nn.numerical_gradient(f, p.copy(), h)),
).says("""You shift a copy of the parameter. The network computes its loss with its own array, which
    stands still, so every numerical gradient is 0.""")


def parameters_left_moved(f, x, h):
    return never_put_back(f, x, h)


wrong.answer("parameters left shifted", network_check(numeric=parameters_left_moved)).says("""
    Your check shifts the network's weights and does not put them back. A check that changes what it
    checks is worse than none.""")

wrong.answer(
    "factor 2 lost", network_check(error=lambda a, b: nn.relative_error(a, 2 * b, floor=1e-3))
).says("""From −h to +h it is a way of 2h. Divided by h, the numerical gradient is twice too large,
    and right networks look wrong.""")


def compared_with_itself(net, x, t, h=1e-5):
    one, two = net.gradient(x, t), net.gradient(x, t)
    return {name: rough_error(one[name], two[name]) for name in one}


wrong.answer("compared with itself", compared_with_itself).says("""
    You compare backpropagation with backpropagation. That always agrees; ask the *loss*.""")

wrong.swap(
    "one sample",
    "grads, errors = net.gradient(x, t), {}",
    "x = x[:1]\nt = t[:1]\ngrads, errors = net.gradient(x, t), {}",
).says("""You check with the first sample only. A gradient that forgets to divide by N is right for
    N = 1.""")

right_check = network_check()


def one_error_for_all(net, x, t, h=1e-5):
    return max(right_check(net, x, t, h).values())


wrong.answer("one error for all parameters", one_error_for_all).says("""
    You return a single number. An error for *each* parameter tells where to look: if only W1 and b1
    are wrong, the fault lies between the two layers.""")


def weights_only(net, x, t, h=1e-5):
    return {k: e for k, e in right_check(net, x, t, h).items() if net.params[k].ndim == 2}


wrong.answer("weights only", weights_only).says("""Biases are parameters too, and their gradients
    have bugs of their own: go through all of `net.params`.""")

wrong.answer(
    "True or False",
    lambda net, x, t, h=1e-5: {
        name: bool(error < 1e-4) for name, error in right_check(net, x, t, h).items()
    },
).says("""You return the decisions. Return the errors: whether it is 1e-9 or 1e-5 tells you
    something, even if both pass.""")

wrong.answer("floor left at its default", network_check(error=nn.relative_error)).says("""
    You compare with the floor of 1e-8. The loss is rounded, so a gradient as small as that has a
    numerical gradient of mostly noise, and a right network looks wrong.""")


def worst_by_max(a, b):
    worst = 0.0
    for error in by_entry(a, b, 1e-3).ravel():
        worst = max(worst, error)
    return worst


wrong.answer("nan lost in max", network_check(error=worst_by_max)).says("""
    Python's `max` keeps the old value where the new one is nan, because every comparison with nan
    is False. The worst gradient of all disappears.""")


def fixed_names(net, x, t, h=1e-5):
    errors = right_check(net, x, t, h)
    return {name: errors[name] for name in probes.NAMES}


wrong.answer("four fixed names", fixed_names).says("""You name the parameters of one network.
    Another one has others: go through the names in `net.params`.""")


def wrong_shapes_left_out(net, x, t, h=1e-5):
    grads = net.gradient(x, t)
    errors = right_check(net, x, t, h)
    return {k: error for k, error in errors.items() if grads[k].shape == net.params[k].shape}


wrong.answer("wrong shapes left out", wrong_shapes_left_out).says("""
    Where a gradient has the wrong shape your dictionary has no entry. Its error is infinite, and
    whoever reads the result has to see that.""")


def shifted_weights_as_x(net, x, t, h=1e-5):
    return {
        name: nn.numerical_gradient(lambda w: net.loss(w, t), param, h)
        for name, param in net.params.items()
    }


wrong.answer("the parameter in the place of x", shifted_weights_as_x).says("""
    Your function hands the shifted parameter to the loss as if it were the images. The loss is to
    be taken of `x`; the network has the parameter already.""")


def value_for_function(net, x, t, h=1e-5):
    value = net.loss(x, t)
    return {name: nn.numerical_gradient(value, param, h) for name, param in net.params.items()}


wrong.answer("a value in the place of a function", value_for_function).says("""
    You hand over the *value* of the loss. It has to be computed anew after every shift: a function
    is needed that does it.""")

EXERCISE = Exercise(
    id="ch06.gradient_check",
    title="A gradient check for a network",
    kind="function",
    points=3,
    reference=gradient_check,
    accepted=(gradient_check_by_loops, gradient_check_by_norms),
    mistakes=wrong.all,
    hints=(
        "You have both halves: `net.gradient(x, t)` is the claim, the numerical gradient of the loss "
        "is the evidence. Which array has to be shifted for the second?",
        "The function to differentiate is `lambda _: net.loss(x, t)`: it ignores its argument, because "
        "the network reads `net.params[name]` itself. Compare the shapes before the numbers.",
        "The skeleton:\n    grads = …\n    errors = {}\n    for name, param in …:\n"
        "        numeric = nn.numerical_gradient(…, param, h)\n"
        "        if … != param.shape:\n            errors[name] = …        # as wrong as can be\n        else:\n"
        "            errors[name] = nn.relative_error(…, …, floor=1e-3)\n    return …",
    ),
    probe=Probe(probes.network_checker),
    draw=draw_suspects,
    outputs=(
        *(Output(f"decisions, group {group}", compare=judge_decisions) for group in GROUPS),
        Output("parameters afterwards", compare=judge_parameters),
        Output("batch of the losses", compare=judge_batch),
        Output("step", compare=judge_step),
    ),
    remark="Your check let 2 right networks through and found the fault in 7 wrong ones.",
    repeat=False,  # what is observed are decisions, and a second run decides the same
    oracle=spoilt,
)
