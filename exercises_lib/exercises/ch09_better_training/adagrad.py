"""ch09.AdaGrad: adaGrad."""

from __future__ import annotations

import math

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Exercise, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch09_better_training._optimisers import (
    OPTIMISER_OUTPUTS,
    brackets_mistake,
    draw_steps,
    in_place,
    optimiser_mistakes,
)
from exercises_lib.probes import ch09 as probes


class AdaGrad:
    def __init__(self, lr=0.01, eps=1e-10):
        self.lr, self.eps = lr, eps
        self.s = {}

    def update(self, params, grads):
        for name, g in grads.items():
            self.s[name] = self.s.get(name, 0) + g**2
            params[name] -= self.lr * g / (np.sqrt(self.s[name]) + self.eps)


class AdaGradByNorms(AdaGrad):
    """Keeps the root itself: the length of (old root, new gradient)."""

    def update(self, params, grads):
        for name in params:
            self.s[name] = np.hypot(self.s.get(name, np.zeros_like(grads[name])), grads[name])
            params[name] -= self.lr * grads[name] / (self.s[name] + self.eps)


class AdaGradByNumbers(AdaGrad):
    def update(self, params, grads):
        for name, p in params.items():
            s = self.s.setdefault(name, np.zeros_like(p))
            for at in np.ndindex(p.shape):
                s[at] += grads[name][at] ** 2
                p[at] -= self.lr / (math.sqrt(s[at]) + self.eps) * grads[name][at]


wrong = Mistakes(AdaGrad)

wrong.extend(optimiser_mistakes(AdaGrad, "sum of squares", "s"))

wrong.swap(
    "sum begins anew",
    "_memory(self.s, name, g)",
    "np.zeros_like(g)",
    "g * g",
    "g**2",
    of=nn.AdaGrad,
).says("""Your sum of squares holds only the newest gradient, so every step has the full length. It
    has to be kept in the object and grow.""")

wrong.swap("no root", "np.sqrt(self.s[name])", "self.s[name]").says("""
    You divide by the sum of squares itself. Its root has the size of a gradient; without it large
    slopes get tiny steps and tiny slopes huge ones.""")

wrong.swap("gradients not squared", "g**2", "g").says("""You add up the gradients and not their
    squares. Signs cancel, and the root of a negative sum is NaN.""")

wrong.swap(
    "eps inside the root", "(np.sqrt(self.s[name]) + self.eps)", "np.sqrt(self.s[name] + self.eps)"
).says("You add `eps` below the root. Here, as in PyTorch, it is added to the root.")

wrong.swap("no eps", "(np.sqrt(self.s[name]) + self.eps)", "np.sqrt(self.s[name])").says("""
    Without `eps` a parameter whose gradient has always been 0 is divided 0 by 0, and becomes NaN
    for ever.""")

wrong.swap("one number for a whole array", "g**2", "np.sum(g**2)").says("""You add up the squares of
    a whole array. Every single number has a sum of its own: that is the point of the method.""")

wrong.swap(
    "sum updated after the step",
    """
        self.s[name] = self.s.get(name, 0) + g**2
        params[name] -= self.lr * g / (np.sqrt(self.s[name]) + self.eps)
""",
    """
        params[name] -= self.lr * g / (np.sqrt(self.s.get(name, 0)) + self.eps)
        self.s[name] = self.s.get(name, 0) + g**2
""",
).says("""The newest gradient is not yet in the sum when you divide by it. In the first step that
    divides by `eps` alone.""")

wrong.swap(
    "mean instead of sum",
    ("self.s = {}", "self.s = {}\nself.steps = 0"),
    ("def update(self, params, grads):", "def update(self, params, grads):\n    self.steps += 1"),
    ("(self.s[name])", "(self.s[name] / self.steps)"),
).says("""You divide by the root of the mean square. AdaGrad's steps get shorter because the sum of
    squares only grows.""")

wrong.swap("gradient lost", "lr * g", "lr").says("""The step is lr over the root, without the
    gradient on top: it has no sign, and every number moves down, wherever the slope points.""")

wrong.swap("absolute values", "g**2", "np.abs(g)", "np.sqrt(self.s[name])", "self.s[name]").says("""
    You divide by the sum of the absolute values. That is not the root of the sum of the squares:
    with a steady gradient of 1 the second step would be ½, not 0.707.""")

wrong.swap(
    "sum squared", "[name] = self.s.get(name, 0) + g**2", "[name] = (self.s.get(name, 0) + g) ** 2"
).says("""You add the gradient first and square the sum, memory and all. Only the new gradient is
    squared; then it joins the sum.""")

wrong.add(brackets_mistake(AdaGrad))

EXERCISE = Exercise(
    id="ch09.AdaGrad",
    title="AdaGrad",
    kind="class",
    points=3,
    difficulty=1,
    reference=AdaGrad,
    accepted=(nn.AdaGrad, AdaGradByNorms, AdaGradByNumbers),
    mistakes=wrong.all,
    hints=(
        "In the example the gradient is 1 three times and the steps are 1, 0.707, 0.577. Which "
        "numbers stand below the roots?",
        "Keep, per number, the sum of all squared gradients so far, the newest included. The step "
        "is lr · g divided by (root of the sum, plus eps).",
        "The skeleton, inside the loop:\n    self.s[name] = self.s.get(name, …) + …\n"
        "    params[name] -= self.lr * … / (… + self.eps)",
    ),
    probe=Probe(probes.optimiser),
    draw=draw_steps(lambda rng: (float(rng.uniform(0.1, 0.5)), float(rng.uniform(0.05, 0.2)))),
    outputs=OPTIMISER_OUTPUTS,
    fills={"arrays": ("params",)},
    reads=in_place,
    remark="The first step has the length lr in every direction, whatever the gradient's size.",
)
