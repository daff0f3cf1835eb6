"""ch06.gradient_check: a gradient check for a network."""

from __future__ import annotations

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch06_training._shared import (
    by_entry,
    never_put_back,  # noqa: F401 (a mistake below uses it)
)
from exercises_lib.exercises.ch06_training._suspects import (
    GROUPS,
    draw_suspects,
    judge_batch,
    judge_decisions,
    judge_parameters,
    judge_step,
    parameters_in_words,
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


def total(a, b):
    return np.maximum(np.abs(a) + np.abs(b), 1e-3)


def rough_error(a, b):
    return float((np.abs(a - b) / total(a, b)).max())


wrong = Mistakes(gradient_check)

MEASURE = "nn.relative_error(grads[name], numeric, floor=1e-3)"
FINITE = ("param.shape:", "param.shape or not np.isfinite(grads[name]).all():")
"""Nearly all wrong measures see at least that a gradient is no number."""

wrong.swap("absolute error", FINITE, (MEASURE, "np.abs(grads[name] - numeric).max()")).says("""
    You return the difference itself. In a network with tiny gradients it is tiny too, even where
    the gradient is twice what it should be.""")

wrong.swap(
    "mean instead of maximum", FINITE, (MEASURE, "np.abs(grads[name] - numeric).mean()")
).says("You average over the entries. One wrong weight drowns in a mean: return the worst.")

wrong.swap(
    "first entry only", "(grads[name], numeric", "(grads[name].flat[0], numeric.flat[0]"
).says("You look at the first entry of each parameter. The others can be anything.")

wrong.swap(
    "difference without abs",
    FINITE,
    (MEASURE, "((grads[name] - numeric) / total(grads[name], numeric)).max()"),
).says("""Without `abs`, a gradient that is too low everywhere has a negative error, and that looks
    smaller than any tolerance.""")

wrong.swap(
    "sizes compared", FINITE, (MEASURE, "rough_error(np.abs(grads[name]), np.abs(numeric))")
).says("""You compare the sizes of the two gradients and lose their signs. A gradient that points
    the other way passes.""")

wrong.swap(
    "0/0",
    FINITE,
    (MEASURE, "np.max(np.abs(grads[name] - numeric) / (np.abs(grads[name]) + np.abs(numeric)))"),
).says("""A hidden unit that is closed for every sample has gradient 0, numerically too, and your
    error is 0/0 there.""")

wrong.swap("nan passes", MEASURE, "rough_error(grads[name], numeric)").says("""
    Where a gradient is nan your error is nan, and `nan > 1e-4` is False: the worst gradient of all
    raises no alarm.""")

wrong.swap(
    "shape not compared",
    ("grads[name].shape != param.shape", "not np.isfinite(grads[name]).all()"),
    (MEASURE, "rough_error(grads[name], numeric)"),
).says("""A gradient of shape (1, H) passes: the subtraction stretches b1's own shape to it. An
    update would fail, or spoil `params`. Compare the shapes first.""")

wrong.swap("shapes left to relative_error", "grads[name].shape != param.shape", "False").says("""
    `relative_error` raises a ValueError for different shapes, and your whole check stops there. A
    gradient of the wrong shape is a wrong gradient: give it the error inf.""")

wrong.swap("a copy is shifted", "param, h)", "param.copy(), h)").says("""
    You shift a copy of the parameter. The network computes its loss with its own array, which
    stands still, so every numerical gradient is 0.""")

wrong.swap("parameters left shifted", "nn.numerical_gradient", "never_put_back").says("""
    Your check shifts the network's weights and does not put them back. A check that changes what it
    checks is worse than none.""")

wrong.swap("factor 2 lost", "numeric, floor", "2 * numeric, floor").says("""
    From −h to +h it is a way of 2h. Divided by h, the numerical gradient is twice too large, and
    right networks look wrong.""")


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

wrong.swap("one error for all parameters", "return errors", "return max(errors.values())").says("""
    You return a single number. An error for *each* parameter tells where to look: if only W1 and b1
    are wrong, the fault lies between the two layers.""")

wrong.swap(
    "weights only",
    "return errors",
    "return {name: errors[name] for name in errors if net.params[name].ndim == 2}",
).says("""Biases are parameters too, and their gradients
    have bugs of their own: go through all of `net.params`.""")

wrong.swap(
    "True or False",
    "return errors",
    "return {name: bool(error < 1e-4) for name, error in errors.items()}",
).says("""You return the decisions. Return the errors: whether it is 1e-9 or 1e-5 tells you
    something, even if both pass.""")

wrong.swap("floor left at its default", ", floor=1e-3", "").says("""
    You compare with the floor of 1e-8. The loss is rounded, so a gradient as small as that has a
    numerical gradient of mostly noise, and a right network looks wrong.""")


def worst_by_max(a, b):
    worst = 0.0
    for error in by_entry(a, b, 1e-3).ravel():
        worst = max(worst, error)
    return worst


wrong.swap("nan lost in max", MEASURE, "worst_by_max(grads[name], numeric)").says("""
    Python's `max` keeps the old value where the new one is nan, because every comparison with nan
    is False. The worst gradient of all disappears.""")

wrong.swap(
    "four fixed names", "return errors", "return {name: errors[name] for name in probes.NAMES}"
).says("""You name the parameters of one network.
    Another one has others: go through the names in `net.params`.""")

wrong.swap("wrong shapes left out", "errors[name] = np.inf", "continue").says("""
    Where a gradient has the wrong shape your dictionary has no entry. Its error is infinite, and
    whoever reads the result has to see that.""")

wrong.swap(
    "the parameter in the place of x", "lambda _: net.loss(x, t)", "lambda w: net.loss(w, t)"
).says("""Your function hands the shifted parameter to the loss as if it were the images. The loss
    is to be taken of `x`; the network has the parameter already.""")

wrong.swap(
    "a value in the place of a function", "lambda _: net.loss(x, t)", "net.loss(x, t)"
).says("""You hand over the *value* of the loss. It has to be computed anew after every shift: a
    function is needed that does it.""")

EXERCISE = Exercise(
    id="ch06.gradient_check",
    title="A gradient check for a network",
    kind="function",
    points=3,
    difficulty=3,
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
    fills={"parameters afterwards": probes.NAMES},
    reads=parameters_in_words,
)
