"""ch09.adam_fix: mend the Adam that jumps."""

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
    AdamByPowers,
    AdamByRate,
    AdamOnlyMeanCorrected,
    AdamStuckCounter,
    AdamUncorrected,
    correction_mistakes,
)
from exercises_lib.exercises.ch09_better_training._optimisers import OPTIMISER_OUTPUTS
from exercises_lib.probes import ch09 as probes

wrong = Mistakes(Adam)


class GivenAdam:
    """The code of the notebook, word for word."""

    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.steps = 0
        self.mean, self.square = {}, {}

    def update(self, params, grads):
        k = self.steps + 1
        for name, g in grads.items():
            mean = self.mean.setdefault(name, np.zeros_like(g))
            square = self.square.setdefault(name, np.zeros_like(g))
            mean += (1 - self.beta1) * (g - mean)
            square += (1 - self.beta2) * (g**2 - square)
            unbiased = mean / (1 - self.beta1**k)
            params[name] -= self.lr * unbiased / (np.sqrt(square) + self.eps)


wrong.answer("still the given code", GivenAdam).says("""Two things are still wrong, as in the given
    code: one of the memories is never corrected, and the other always as if it were the first
    step.""")


class AdamFixOnlyCounter(AdamOnlyMeanCorrected):
    pass


wrong.answer("only the counter mended", AdamFixOnlyCounter).says(ONLY_MEAN)

wrong.answer("only the correction mended", AdamStuckCounter).says(STUCK)

wrong.answer("corrections thrown out", AdamUncorrected).says(UNCORRECTED)

wrong.extend(correction_mistakes())


EXERCISE = Exercise(
    id="ch09.adam_fix",
    title="Mend the Adam that jumps",
    kind="debug",
    points=2,
    reference=Adam,
    accepted=(nn.Adam, AdamByRate, AdamByPowers),
    mistakes=wrong.all,
    hints=(
        "On a slope of 1 every step of Adam has the length lr. Which of the printed steps is wrong "
        "first, and by which factor?",
        "Look for everything that Adam divides by 1 − βᵏ, and for the line that makes k grow from "
        "call to call.",
        "What must change:\n    self.steps …                       # before k is read\n"
        "    unbiased_square = square / …       # and use it below the root",
    ),
    probe=Probe(probes.optimiser),
    draw=ADAM_SETTINGS,
    outputs=OPTIMISER_OUTPUTS,
    remark="An optimiser with a mistake often trains all the same, only worse. Test it on its own.",
)
