"""ch09.RMSProp: RMSProp."""

from __future__ import annotations

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
    written_out_mistake,
)
from exercises_lib.probes import ch09 as probes


class RMSProp:
    def __init__(self, lr=0.01, alpha=0.99, eps=1e-8):
        self.lr, self.alpha, self.eps = lr, alpha, eps
        self.s = {}

    def update(self, params, grads):
        for name, g in grads.items():
            self.s[name] = self.alpha * self.s.get(name, 0) + (1 - self.alpha) * g**2
            params[name] -= self.lr * g / (np.sqrt(self.s[name]) + self.eps)


class RMSPropByDifference(RMSProp):
    """The mean moves towards the new square by the part 1 − α."""

    def update(self, params, grads):
        for name in params:
            s = self.s.setdefault(name, np.zeros_like(params[name]))
            s += (1 - self.alpha) * (grads[name] ** 2 - s)
            params[name] -= self.lr * (grads[name] / (s**0.5 + self.eps))


class RMSPropAsASum(RMSProp):
    """The memory written out: all squares so far, the older the weaker."""

    def update(self, params, grads):
        self.s = {name: [*self.s.get(name, []), g**2] for name, g in grads.items()}
        for name, past in self.s.items():
            mean = (1 - self.alpha) * sum(
                self.alpha**age * square for age, square in enumerate(reversed(past))
            )
            params[name][...] = params[name] - self.lr * grads[name] / (np.sqrt(mean) + self.eps)


wrong = Mistakes(RMSProp)

wrong.extend(optimiser_mistakes(RMSProp, "mean square", "s"))

wrong.swap(
    "never forgets", "alpha * self.s.get(name, 0) + (1 - self.alpha) *", "s.get(name, 0) +"
).says("That is AdaGrad: the squares add up and α is not used. RMSProp lets old squares fade.")

wrong.swap(
    "alpha and 1 − alpha swapped",
    "self.alpha * self.s.get(name, 0) + (1 - self.alpha)",
    "(1 - self.alpha) * self.s.get(name, 0) + self.alpha",
).says("""α stands at the new square and 1 − α at the memory. α is the part of the memory that
    stays, so with 0.99 it is nearly all of it.""")

wrong.swap("new square taken whole", "+ (1 - self.alpha) *", "+").says("""
    You add the new square as it is. Then the memory is no mean: with α = 0.99 it grows to a hundred
    times the square. The new square enters with the part that faded.""")

wrong.swap("memory begins anew", "self.alpha * self.s.get(name, 0) + ", "").says("""The memory begins at 0 in every call, so only the newest gradient counts. Keep it in the
    object.""")

wrong.swap("no root", "np.sqrt(self.s[name])", "self.s[name]").says("""You divide by the mean square
    itself. The RMS in the name is the *root* of the mean square: it has the size of a gradient.""")

wrong.swap("gradients not squared", "g**2", "g").says("""Your memory is a mean of gradients, not of
    their squares. Signs cancel, and the root of a negative mean is NaN.""")

wrong.swap(
    "eps inside the root", "(np.sqrt(self.s[name]) + self.eps)", "np.sqrt(self.s[name] + self.eps)"
).says("You add `eps` below the root. Here, as in PyTorch, it is added to the root.")

wrong.swap(
    "first square taken whole",
    "self.s[name] = self.alpha * self.s.get(name, 0) + (1 - self.alpha) * g**2",
    """
    old = self.s.get(name, g**2)
    self.s[name] = self.alpha * old + (1 - self.alpha) * g**2
""",
).says("""Your memory begins with the first square. Here it begins at 0, which makes the first steps
    long; Adam will deal with that.""")

wrong.swap(
    "memory updated after the step",
    """
        self.s[name] = self.alpha * self.s.get(name, 0) + (1 - self.alpha) * g**2
        params[name] -= self.lr * g / (np.sqrt(self.s[name]) + self.eps)
""",
    """
        params[name] -= self.lr * g / (np.sqrt(self.s.get(name, 0)) + self.eps)
        self.s[name] = self.alpha * self.s.get(name, 0) + (1 - self.alpha) * g**2
""",
).says("""The newest gradient is not yet in the memory when you divide by it. In the first step that
    divides by `eps` alone.""")

wrong.swap(
    "corrected as in Adam",
    ("self.s = {}", "self.s, self.steps = {}, 0"),
    ("def update(self, params, grads):", "def update(self, params, grads):\n    self.steps += 1"),
    ("np.sqrt(self.s[name])", "np.sqrt(self.s[name] / (1 - self.alpha**self.steps))"),
).says("""You correct the memory for its start at 0. That is Adam's idea and comes next; RMSProp
    uses the memory as it is.""")

wrong.swap("no eps", "(np.sqrt(self.s[name]) + self.eps)", "np.sqrt(self.s[name])").says("""
    Without `eps` a parameter whose gradient has always been 0 is divided 0 by 0, and becomes NaN
    for ever.""")

wrong.swap("one number for a whole array", "g**2", "np.mean(g**2)").says("""
    You take the mean of the squares over a whole array. The mean is meant over the *steps*: every
    single number has a memory of its own.""")

wrong.swap(
    "1 − alpha squared too", "+ (1 - self.alpha) * g**2", "+ ((1 - self.alpha) * g) ** 2"
).says("The square covers 1 − α as well as the gradient. Only the gradient is squared.")

wrong.swap("absolute values", "g**2", "np.abs(g)", "np.sqrt(self.s[name])", "self.s[name]").says("""
    You divide by a mean of absolute values. RMSProp takes the mean of the squares, and the root of
    that.""")

wrong.add(brackets_mistake(RMSProp))

wrong.add(written_out_mistake(RMSProp, alpha=0.9))

EXERCISE = Exercise(
    id="ch09.RMSProp",
    title="RMSProp",
    kind="class",
    points=3,
    difficulty=1,
    reference=RMSProp,
    accepted=(nn.RMSProp, RMSPropByDifference, RMSPropAsASum),
    mistakes=wrong.all,
    hints=(
        "Only one line differs from AdaGrad. Which one makes the sum grow for ever?",
        "The memory becomes a moving mean of the squares: the part α of the old mean and the part "
        "1 − α of the new square. It begins at 0.",
        "The skeleton, inside the loop:\n    old = self.s.get(name, …)\n"
        "    self.s[name] = … * old + … * g**2\n    params[name] -= …      # as in AdaGrad",
    ),
    probe=Probe(probes.optimiser),
    draw=draw_steps(
        lambda rng: (
            float(rng.uniform(0.1, 0.5)),
            float(rng.uniform(0.6, 0.9)),
            float(rng.uniform(0.05, 0.2)),
        )
    ),
    outputs=OPTIMISER_OUTPUTS,
    fills={"arrays": ("params",)},
    reads=in_place,
    remark="One line away from AdaGrad: now the rate can rise again when the slope gets gentle.",
)
