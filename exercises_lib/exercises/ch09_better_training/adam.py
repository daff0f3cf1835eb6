"""ch09.Adam: adam."""

from __future__ import annotations

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Exercise, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch09_better_training._adam import (
    ADAM_SETTINGS,
    ONLY_MEAN,
    STUCK,
    UNCORRECTED,
    Adam,
    AdamBy,
    AdamByPowers,
    AdamByRate,
    AdamOnlyMeanCorrected,
    AdamStuckCounter,
    AdamUncorrected,
    correction_mistakes,
)
from exercises_lib.exercises.ch09_better_training._optimisers import (
    OPTIMISER_OUTPUTS,
    brackets_mistake,
    in_place,
    optimiser_mistakes,
    written_out_mistake,
)
from exercises_lib.probes import ch09 as probes

wrong = Mistakes(Adam)

wrong.extend(optimiser_mistakes(Adam, "memory", "m", "s"))

wrong.answer("no bias correction", AdamUncorrected).says(UNCORRECTED)

wrong.answer("only m corrected", AdamOnlyMeanCorrected).says(ONLY_MEAN)

wrong.extend(one for one in correction_mistakes() if one.name != "new arrays")

wrong.answer("counter never moves", AdamStuckCounter).says(STUCK)

wrong.swap(
    "beta times steps", "beta1**self", "beta1 * self", "beta2**self", "beta2 * self"
).says("""You multiply β by the number of steps. The correction has β to the *power* of the number
    of steps: what is left of the zeros at the start.""")


class AdamPowerOfTheRest(AdamBy):
    def step(self, m, s, k):
        return m / (1 - self.beta1) ** k / (np.sqrt(s / (1 - self.beta2) ** k) + self.eps)


wrong.answer("power of 1 − beta", AdamPowerOfTheRest).says("""You take 1 − β to the power k. It is β
    that is taken to the power; then subtract.""")


class AdamMultiplied(AdamBy):
    def step(self, m, s, k):
        return m * (1 - self.beta1**k) / (np.sqrt(s * (1 - self.beta2**k)) + self.eps)


wrong.answer("multiplied by the corrections", AdamMultiplied).says("""
    You multiply by 1 − βᵏ. Both memories are too small at first, and that makes them still
    smaller.""")


class AdamSwappedBetas(Adam):
    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        super().__init__(lr, beta2, beta1, eps)


wrong.answer("betas swapped", AdamSwappedBetas).says("""β₁ and β₂ have changed places: β₁ belongs to
    the mean m, β₂ to the mean square s.""")

wrong.swap(
    "parts swapped",
    "self.beta1 * self.m.get(name, 0) + (1 - self.beta1)",
    "(1 - self.beta1) * self.m.get(name, 0) + self.beta1",
    "self.beta2 * self.s.get(name, 0) + (1 - self.beta2)",
    "(1 - self.beta2) * self.s.get(name, 0) + self.beta2",
).says("""β stands at the new gradient and 1 − β at the memory. β is the part of the memory that
    stays.""")


class AdamNoEps(AdamBy):
    def step(self, m, s, k):
        return m / (1 - self.beta1**k) / np.sqrt(s / (1 - self.beta2**k))


wrong.answer("no eps", AdamNoEps).says("""Without `eps` a parameter whose gradient has always been 0
    is divided 0 by 0, and becomes NaN for ever.""")

wrong.swap("gradients not squared", "g**2", "g").says("""Your s is a mean of gradients, not of their
    squares. Signs cancel, and the root of a negative mean is NaN.""")


class AdamBeginsAnew(Adam):
    def remember(self, name, g):
        self.m[name], self.s[name] = (1 - self.beta1) * g, (1 - self.beta2) * g**2


wrong.answer("memories begin anew", AdamBeginsAnew).says("""Your memories hold only the newest
    gradient: they begin at 0 in every call. Keep them in the object.""")

wrong.add(brackets_mistake(Adam))

wrong.add(written_out_mistake(Adam, beta1=0.9, beta2=0.999))

wrong.swap("no root", "np.sqrt(s_hat)", "s_hat").says("""You divide by ŝ itself. Its root has the
    size of a gradient, so that the step does not depend on that size.""")

wrong.swap(
    "gradient instead of its mean",
    "m_hat = self.m[name] / (1 - self.beta1**self.steps)",
    "",
    "m_hat",
    "g",
).says("""The newest gradient stands on top of the fraction. There m̂ belongs, the mean over the
    last steps; that is the momentum in Adam.""")

wrong.swap(
    "new gradients taken whole", "+ (1 - self.beta1) *", "+", "+ (1 - self.beta2) *", "+"
).says("""The new gradient and its square enter whole. In a moving mean they enter with the parts 1
    − β₁ and 1 − β₂.""")

wrong.swap("gradient taken whole", "+ (1 - self.beta1) *", "+").says("""
    In m the new gradient enters whole, as in Momentum. In Adam m is a moving mean, and the new
    gradient enters with the part 1 − β₁.""")

wrong.swap(
    "first gradient whole",
    ".get(name, 0) + (1 - self.beta1)",
    ".get(name, g) + (1 - self.beta1)",
    ", 0",
    ", g**2",
).says("""Your memories begin with the first gradient and its square. Here they begin at 0; that is
    what the correction is made for.""")


EXERCISE = Exercise(
    id="ch09.Adam",
    title="Adam",
    kind="class",
    points=4,
    reference=Adam,
    accepted=(nn.Adam, AdamByRate, AdamByPowers),
    mistakes=wrong.all,
    hints=(
        "Adam keeps three things. Which of them is a dictionary per parameter, and which is one "
        "number for the whole optimiser?",
        "m is a moving mean of gradients with β₁, s one of squares with β₂. Before they are used, "
        "both are divided by 1 − βᵏ, where k counts the calls of update from 1 on; what is stored "
        "stays uncorrected.",
        "The skeleton:\n    self.steps += …\n    for name in grads:\n        m = …\n        s = …\n"
        "        self.m[name], self.s[name] = m, s\n        m_hat = m / (1 - … ** …)\n"
        "        s_hat = …\n        params[name] -= self.lr * … / (… + self.eps)",
    ),
    probe=Probe(probes.optimiser),
    draw=ADAM_SETTINGS,
    outputs=OPTIMISER_OUTPUTS,
    fills={"arrays": ("params",)},
    reads=in_place,
    remark="The first step has the length lr in every direction: m̂ = g and √ŝ = |g|.",
)
