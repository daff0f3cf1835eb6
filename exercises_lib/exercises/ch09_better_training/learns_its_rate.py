"""ch09.LearnsItsRate: gradient descent whose learning rate has a gradient, too."""

from __future__ import annotations

import numpy as np

from exercises_lib.checking import Exercise, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch09_better_training._optimisers import (
    OPTIMISER_OUTPUTS,
    draw_steps,
    in_place,
    optimiser_mistakes,
    written_out_mistake,
)
from exercises_lib.probes import ch09 as probes


class LearnsItsRate:
    def __init__(self, lr=0.1, beta=0.001):
        self.lr, self.beta = lr, beta
        self.last = {}

    def update(self, params, grads):
        slope = sum(-np.sum(g * self.last[name]) for name, g in grads.items() if name in self.last)
        self.lr -= self.beta * slope
        for name, g in grads.items():
            params[name] -= self.lr * g
            self.last[name] = g.copy()


class FromOneVector:
    """All gradients in one row, sorted by name."""

    def __init__(self, lr=0.1, beta=0.001):
        self.lr, self.beta, self.before = lr, beta, None

    def update(self, params, grads):
        now = np.concatenate([grads[name].ravel() for name in sorted(grads)])
        if self.before is not None:
            self.lr = self.lr + self.beta * float(now @ self.before)
        self.before = now
        for name in params:
            params[name][...] -= self.lr * grads[name]


class FromTheLastStep:
    """From how far the parameters went: step = −lr · gradient."""

    def __init__(self, lr=0.1, beta=0.001):
        self.lr, self.beta, self.moved = lr, beta, {}

    def update(self, params, grads):
        uphill = sum(np.vdot(grads[name], step) for name, step in self.moved.items())
        if self.moved:
            self.lr -= self.beta * uphill / self.used
        self.moved = {name: -self.lr * g for name, g in grads.items()}
        self.used = self.lr
        for name, step in self.moved.items():
            params[name] += step


wrong = Mistakes(LearnsItsRate)

wrong.extend(
    one
    for one in optimiser_mistakes(LearnsItsRate, "last gradient", "last")
    if one.name in ("uphill", "new arrays", "only a local name", "paired by position")
)

wrong.add(written_out_mistake(LearnsItsRate, beta=0.001))

wrong.swap("rate moved uphill", "self.lr -=", "self.lr +=").says("""The rate goes the other way: it
    shrinks while successive gradients agree, and grows while they contradict each other.""")


class RateForEach(LearnsItsRate):
    def update(self, params, grads):
        for name, g in grads.items():
            rate = self.lr + self.beta * np.sum(g * self.last.get(name, 0 * g))
            params[name] -= rate * g
            self.last[name] = g.copy()


wrong.answer(
    "a rate for each parameter", RateForEach
).says("""Each parameter is moved with a rate of
    its own, from its own gradients, and none is kept. There is one rate, and its gradient is the
    sum over all parameters.""")


class StepsFirst(LearnsItsRate):
    def update(self, params, grads):
        slope = sum(-np.sum(g * self.last[name]) for name, g in grads.items() if name in self.last)
        for name, g in grads.items():
            params[name] -= self.lr * g
            self.last[name] = g.copy()
        self.lr -= self.beta * slope


wrong.answer("the old rate used once more", StepsFirst).says("""You step with the old rate and bring
    it up to date afterwards. Bring the rate up to date first, then step with it.""")

wrong.swap("the gradient with itself", "g * self.last[name]", "g * g").says("""You multiply the new
    gradient by itself, so the rate can only grow. It is the product with the gradient of the step
    *before* that tells whether that step was too short.""")

wrong.swap(
    "always the first gradient",
    "self.last[name] = g.copy()",
    "self.last.setdefault(name, g.copy())",
).says("""
    You go on comparing with the very first gradient. The last step was made with the one of the
    call before.""")

wrong.swap(
    "mean instead of sum", "-np.sum(", "-np.mean("
).says("""You take means. The chain rule adds
    up what comes through every single number.""")

wrong.swap(
    "rate never moves", "self.lr -= self.beta", "self.rate = self.lr - self.beta"
).says("""The
    rate that you step with never changes: that is plain SGD.""")

wrong.swap("rate inside the slope", "self.beta * slope", "self.beta * self.lr * slope").says("""You
    multiply the slope by the rate. The derivative of w − lr · g with respect to lr is −g: no rate
    is left in it.""")


EXERCISE = Exercise(
    id="ch09.LearnsItsRate",
    title="The rate has a gradient, too",
    kind="class",
    points=0,
    difficulty=3,
    reference=LearnsItsRate,
    accepted=(FromOneVector, FromTheLastStep),
    mistakes=wrong.all,
    hints=(
        "The loss after a step depends on the rate through every parameter. What is the derivative "
        "of w − lr · g with respect to lr?",
        "dL/dlr is minus the sum over all parameters of new gradient times old one. Move the rate "
        "against it, by beta; then take the step with the new rate. At the first call there is no "
        "old gradient.",
        "The skeleton of update:\n    slope = …            # one number; 0 at the first call\n"
        "    self.lr -= …\n    for name, g in grads.items():\n        params[name] -= …\n"
        "        self.last[name] = …",
    ),
    probe=Probe(probes.optimiser),
    draw=draw_steps(lambda rng: (float(rng.uniform(0.2, 0.5)), float(rng.uniform(0.004, 0.008)))),
    outputs=OPTIMISER_OUTPUTS,
    fills={"arrays": ("params",)},
    reads=in_place,
    remark="You went back through a step of training. The same can be done through many of them, and "
    "for every number that somebody has chosen by hand.",
)
