"""ch09.adam_fix: hunt what makes an Adam jump."""

from __future__ import annotations

from typing import Any

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
from exercises_lib.exercises.ch09_better_training._optimisers import OPTIMISER_OUTPUTS, in_place
from exercises_lib.exercises.hunting import hunt_mistakes, hunted_outputs
from exercises_lib.exercises.parts import as_part
from exercises_lib.probes.hunting import hunt


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


def walked(rule: Any, beta1: float, beta2: float, gradients: Any) -> float:
    """Return where one number is after some steps, from 0 with the rate 1."""
    optimiser, params = rule(1.0, beta1, beta2), {"w": np.zeros(1)}
    for g in gradients:
        optimiser.update(params, {"w": np.array([float(g)])})
    return float(params["w"][0])


def tells(found: Any) -> str | None:
    """Accept two walks (beta1, beta2, gradients), each of which shows one of the faults alone."""
    seen = []
    for beta1, beta2, gradients in found:
        beta1, beta2, gradients = float(beta1), float(beta2), [float(g) for g in gradients]
        if not (0 <= beta1 < 1 and 0 <= beta2 < 1 and 1 <= len(gradients) <= 1000):
            return "The betas are from 0 to less than 1, and the gradients a list of numbers."
        if not all(np.isfinite(gradients)) or 0 in gradients:
            return "The gradients are numbers other than 0."
        given, right, counts, corrects = (
            walked(rule, beta1, beta2, gradients)
            for rule in (GivenAdam, Adam, AdamOnlyMeanCorrected, AdamStuckCounter)
        )
        shows = (not np.isclose(given, counts), not np.isclose(given, corrects))
        if np.isclose(given, right):
            return (
                f"With the betas {beta1:g} and {beta2:g} and {len(gradients)} gradients the given "
                "optimiser is right."
            )
        seen.append(shows)
    if len(seen) != 2 or set(seen) != {(True, False), (False, True)}:
        return (
            "Both faults act at once in one of your walks, or both walks show the same one. There "
            "are two walks, and each should show one fault alone."
        )
    return None


ONE_STEP = (0.9, 0.999, [1.0])
NO_SQUARES = (0.9, 0.0, [1.0, 1.0])
RIGHT = {"input": (ONE_STEP, NO_SQUARES), "lines": [8, 15], "repair": Adam}

wrong = Mistakes(Adam)

wrong.answer("still the given code", GivenAdam).says("""Two things are still wrong, as in the given
    code: one of the memories is never corrected, and the other always as if it were the first
    step.""")

wrong.answer("only the counter mended", AdamOnlyMeanCorrected).says(ONLY_MEAN)

wrong.answer("only the correction mended", AdamStuckCounter).says(STUCK)

wrong.answer("corrections thrown out", AdamUncorrected).says(UNCORRECTED)

wrong.extend(correction_mistakes())


EXERCISE = Exercise(
    id="ch09.adam_fix",
    title="Hunt what makes Adam jump",
    kind="debug",
    points=3,
    difficulty=3,
    reference=RIGHT,
    accepted=(
        {"input": [NO_SQUARES, ONE_STEP], "lines": (15, 8), "repair": nn.Adam},
        {
            **RIGHT,
            "input": ((0.0, 0.9, [2.0, -1.0]), (0.5, 0.0, [3.0, 1.0, 1.0])),
            "repair": AdamByRate,
        },
        {**RIGHT, "repair": AdamByPowers},
    ),
    mistakes=(
        *hunt_mistakes(RIGHT, (ONE_STEP, (0.9, 0.0, [1.0])), (4, 12, 13, 14)),
        *(as_part(mistake, RIGHT, "repair") for mistake in wrong.all),
    ),
    hints=(
        "On a slope of 1 every step of Adam has the length lr. Which of the printed steps is wrong "
        "first, and by which factor?",
        "Look for everything that Adam divides by 1 − βᵏ, and for the line that makes k grow from "
        "call to call. With β = 0 a memory is the last number alone, and needs no correction.",
        "The two walks:\n    one with a single step        # what depends on k is right there\n"
        "    one with beta2 = …, and several steps\nAnd in the repair:\n"
        "    self.steps …                       # before k is read\n"
        "    unbiased_square = square / …       # and use it below the root",
    ),
    probe=Probe(hunt, {"repair": "ch09.optimiser"}),
    draw=ADAM_SETTINGS,
    outputs=(*hunted_outputs(tells, (8, 15), last=15), *OPTIMISER_OUTPUTS),
    fills={"arrays": ("params",)},
    reads=in_place,
    remark="An optimiser with a mistake often trains all the same, only worse. Test it on its own.",
)
