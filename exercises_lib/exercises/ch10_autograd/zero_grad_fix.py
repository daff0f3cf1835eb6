"""ch10.zero_grad_fix: mend the training that never comes to rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes import call


def fitted(step: Callable[[list[Any], Any, float, int], None]) -> Callable[..., Any]:
    """Make a training function from what it does in each step."""

    def fit_line(x, t, rate, steps):
        params = [nn.Tensor(0.0), nn.Tensor(0.0)]
        losses = []
        for number in range(steps):
            w, b = params
            loss = ((x * w + b + -t) ** 2).mean()
            step(params, loss, rate, number)
            losses.append(loss.data.item())
        return params[0].data.item(), params[1].data.item(), losses

    return fit_line


def go(params: list[Any], rate: float) -> None:
    for p in params:
        p.data = p.data - rate * p.grad


def clear_first(params, loss, rate, number):
    for p in params:
        p.zero_grad()
    loss.backward()
    go(params, rate)


def clear_last(params, loss, rate, number):
    loss.backward()
    go(params, rate)
    for p in params:
        p.grad = 0.0 * p.grad


def new_tensors(params, loss, rate, number):
    loss.backward()
    params[:] = [nn.Tensor(p.data - rate * p.grad) for p in params]


def difference(params, loss, rate, number):
    before = [0.0 if p.grad is None else p.grad for p in params]
    loss.backward()
    for p, old in zip(params, before, strict=True):
        p.data = p.data - rate * (p.grad - old)


def draw_line(rng: np.random.Generator) -> Iterator[Case]:
    for size, steps, note in ((7, 12, "12 steps"), (5, 1, "a single step"), (1, 6, "one sample")):
        x = rng.uniform(-1.5, 1.5, size=size)
        w, b = rng.choice((-1, 1), size=2) * rng.uniform(0.8, 2.5, size=2)
        t = w * x + b + rng.normal(0, 0.1, size=size)
        rate = round(float(rng.uniform(0.08, 0.15)), 3)
        yield Case({"x": x, "t": t, "rate": rate, "steps": steps}, note)


wrong = Mistakes()


def never_cleared(params, loss, rate, number):
    loss.backward()
    go(params, rate)


wrong.answer("still the given code", fitted(never_cleared)).says("""
    From the second step on, the gradients still contain those of all earlier steps, as in the given
    code. Clearing once before the loop, or clearing the loss's own gradient, changes nothing.""")


def clears_w_only(params, loss, rate, number):
    params[0].zero_grad()
    never_cleared(params, loss, rate, number)


wrong.answer("only w cleared", fitted(clears_w_only)).says("""The gradient of `w` starts afresh in
    each step, that of `b` still piles up.""")


def clears_b_only(params, loss, rate, number):
    params[1].zero_grad()
    never_cleared(params, loss, rate, number)


wrong.answer("only b cleared", fitted(clears_b_only)).says("""The gradient of `b` starts afresh in
    each step, that of `w` still piles up.""")


def clears_too_early(params, loss, rate, number):
    loss.backward()
    for p in params:
        p.zero_grad()
    go(params, rate)


wrong.answer("cleared between backward and the step", fitted(clears_too_early)).says("""
    You clear the gradients after they have been computed and before they are used. `None` is left,
    and it cannot be multiplied.""")


def zeros_too_early(params, loss, rate, number):
    loss.backward()
    for p in params:
        p.grad = 0.0
    go(params, rate)


wrong.answer("parameters never move", fitted(zeros_too_early)).says("""
    The parameters end where they began. Either the gradients are zero when the step is taken, or
    you set the parameters themselves back; only their *gradients* belong to one step.""")


def smaller_rate(params, loss, rate, number):
    loss.backward()
    go(params, rate / 10)


wrong.answer("a smaller rate", fitted(smaller_rate)).says("""A smaller rate makes the swings slower,
    but the gradients still pile up. It is the symptom that is treated.""")


def averaged(params, loss, rate, number):
    loss.backward()
    go(params, rate / (number + 1))


wrong.answer("averaged over the steps", fitted(averaged)).says("""
    You divide the sum of all gradients by the number of steps. Most of them were taken at
    parameters that have long changed.""")


def uphill(params, loss, rate, number):
    for p in params:
        p.zero_grad()
    loss.backward()
    go(params, -rate)


wrong.answer("uphill", fitted(uphill)).says("""The gradients are cleared now, but you add them: the
    loss grows.""")


def fit_line_late(x, t, rate, steps):
    w, b, losses = nn.Tensor(0.0), nn.Tensor(0.0), []
    for _ in range(steps):
        w, b = nn.Tensor(w.data), nn.Tensor(b.data)
        ((x * w + b - t) ** 2).mean().backward()
        go((w, b), rate)
        losses.append(((x * w + b - t) ** 2).mean().data.item())
    return w.data.item(), b.data.item(), losses


wrong.answer("loss noted after the step", fit_line_late).says("""The training is right. But you note
    the loss after the parameters have moved; asked for is the loss of each step *before* they
    move.""")


def fit_line_once(x, t, rate, steps):
    return fitted(clear_first)(x, t, rate, 1)


wrong.answer("return inside the loop", fit_line_once).says("""You return inside the loop, so the
    training ends after its first step.""")


def fit_line_anew(x, t, rate, steps):
    losses = []
    for _ in range(steps):
        w, b, (loss,) = fitted(clear_first)(x, t, rate, 1)
        losses.append(loss)
    return w, b, losses


wrong.answer("parameters made anew in every step", fit_line_anew).says("""
    `w` and `b` are made anew, with 0, in every step. Nothing is learnt from one step to the
    next.""")


def moves_w_only(params, loss, rate, number):
    for p in params:
        p.zero_grad()
    loss.backward()
    go(params[:1], rate)


wrong.answer("only w moves", fitted(moves_w_only)).says("""Only `w` is ever updated; `b` stays where
    it began.""")


EXERCISE = Exercise(
    id="ch10.zero_grad_fix",
    title="Mend the training that never comes to rest",
    kind="debug",
    points=2,
    difficulty=1,
    reference=fitted(clear_first),
    accepted=(fitted(clear_last), fitted(new_tensors), fitted(difference)),
    mistakes=wrong.all,
    hints=(
        "Print `w.grad` right after `backward` in the first three steps, and work out by hand what it "
        "should be in the second.",
        "Inputs add up over several calls of `backward`; that is how you built it. Whoever trains has "
        "to say when a new sum begins: once in every step.",
        "The order inside the loop:\n    loss = …\n    … for both parameters, before loss.backward()\n"
        "    loss.backward()\n    … the step",
    ),
    probe=Probe(call, {"returns": ("w", "b", "losses")}),
    draw=draw_line,
    outputs=(Output("w"), Output("b"), Output("losses")),
    remark="Frameworks add gradients up for good reasons, and every training loop in them has the "
    "line that you have put in.",
)
