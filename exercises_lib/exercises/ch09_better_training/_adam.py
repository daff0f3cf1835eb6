"""What several exercises of this chapter share."""

from __future__ import annotations

import math

import numpy as np

from exercises_lib.checking import Mistake
from exercises_lib.exercises.ch09_better_training._optimisers import draw_steps, new_arrays


class Adam:
    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.steps, self.m, self.s = 0, {}, {}

    def update(self, params, grads):
        self.steps += 1
        for name, g in grads.items():
            self.remember(name, g)
            m_hat = self.m[name] / (1 - self.beta1**self.steps)
            s_hat = self.s[name] / (1 - self.beta2**self.steps)
            params[name] -= self.lr * m_hat / (np.sqrt(s_hat) + self.eps)

    def remember(self, name, g):
        self.m[name] = self.beta1 * self.m.get(name, 0) + (1 - self.beta1) * g
        self.s[name] = self.beta2 * self.s.get(name, 0) + (1 - self.beta2) * g**2


class AdamByRate(Adam):
    """Both corrections put into the rate and into eps, as the paper's section 2 suggests."""

    def update(self, params, grads):
        self.steps += 1
        root = math.sqrt(1 - self.beta2**self.steps)
        rate = self.lr * root / (1 - self.beta1**self.steps)
        for name, p in params.items():
            m = self.m.setdefault(name, np.zeros_like(p))
            s = self.s.setdefault(name, np.zeros_like(p))
            m += (1 - self.beta1) * (grads[name] - m)
            s += (1 - self.beta2) * (grads[name] ** 2 - s)
            p -= rate * m / (np.sqrt(s) + self.eps * root)


class AdamByPowers(Adam):
    """Carries the powers of both betas along."""

    def __init__(self, *settings, **named):
        super().__init__(*settings, **named)
        self.powers = np.ones(2)

    def update(self, params, grads):
        self.powers *= (self.beta1, self.beta2)
        for name in params:
            self.remember(name, grads[name])
            up = self.m[name] / (1 - self.powers[0])
            down = (self.s[name] / (1 - self.powers[1])) ** 0.5 + self.eps
            np.subtract(params[name], self.lr * up / down, out=params[name])


class AdamUncorrected(Adam):
    def update(self, params, grads):
        for name, g in grads.items():
            self.remember(name, g)
            params[name] -= self.lr * self.m[name] / (np.sqrt(self.s[name]) + self.eps)


class AdamOnlyMeanCorrected(Adam):
    def update(self, params, grads):
        self.steps += 1
        for name, g in grads.items():
            self.remember(name, g)
            m_hat = self.m[name] / (1 - self.beta1**self.steps)
            params[name] -= self.lr * m_hat / (np.sqrt(self.s[name]) + self.eps)


class AdamOnlySquareCorrected(Adam):
    def update(self, params, grads):
        self.steps += 1
        for name, g in grads.items():
            self.remember(name, g)
            s_hat = self.s[name] / (1 - self.beta2**self.steps)
            params[name] -= self.lr * self.m[name] / (np.sqrt(s_hat) + self.eps)


class AdamCountsParameters(Adam):
    def update(self, params, grads):
        for name, g in grads.items():
            self.steps += 1
            self.remember(name, g)
            m_hat = self.m[name] / (1 - self.beta1**self.steps)
            s_hat = self.s[name] / (1 - self.beta2**self.steps)
            params[name] -= self.lr * m_hat / (np.sqrt(s_hat) + self.eps)


class AdamCountsFromZero(Adam):
    def update(self, params, grads):
        for name, g in grads.items():
            self.remember(name, g)
            m_hat = self.m[name] / np.float64(1 - self.beta1**self.steps)
            s_hat = self.s[name] / np.float64(1 - self.beta2**self.steps)
            params[name] -= self.lr * m_hat / (np.sqrt(s_hat) + self.eps)
        self.steps += 1


class AdamStuckCounter(Adam):
    def update(self, params, grads):
        steps = 1
        for name, g in grads.items():
            self.remember(name, g)
            m_hat = self.m[name] / (1 - self.beta1**steps)
            s_hat = self.s[name] / (1 - self.beta2**steps)
            params[name] -= self.lr * m_hat / (np.sqrt(s_hat) + self.eps)


class AdamStoresCorrected(Adam):
    def update(self, params, grads):
        self.steps += 1
        for name, g in grads.items():
            self.remember(name, g)
            self.m[name] = self.m[name] / (1 - self.beta1**self.steps)
            self.s[name] = self.s[name] / (1 - self.beta2**self.steps)
            params[name] -= self.lr * self.m[name] / (np.sqrt(self.s[name]) + self.eps)


class AdamEpsInside(Adam):
    def update(self, params, grads):
        self.steps += 1
        for name, g in grads.items():
            self.remember(name, g)
            m_hat = self.m[name] / (1 - self.beta1**self.steps)
            s_hat = self.s[name] / (1 - self.beta2**self.steps)
            params[name] -= self.lr * m_hat / np.sqrt(s_hat + self.eps)


class AdamBy(Adam):
    """One step from the corrected memories, each correction in a place of its own."""

    def update(self, params, grads):
        self.steps += 1
        for name, g in grads.items():
            self.remember(name, g)
            params[name] -= self.lr * self.step(self.m[name], self.s[name], self.steps)


class AdamOneBeta(AdamBy):
    def step(self, m, s, k):
        return m / (1 - self.beta1**k) / (np.sqrt(s / (1 - self.beta1**k)) + self.eps)


class AdamCorrectedRoot(AdamBy):
    def step(self, m, s, k):
        return m / (1 - self.beta1**k) / (np.sqrt(s) / (1 - self.beta2**k) + self.eps)


class AdamEpsTooEarly(AdamBy):
    def step(self, m, s, k):
        return m * np.sqrt(1 - self.beta2**k) / (1 - self.beta1**k) / (np.sqrt(s) + self.eps)


class AdamSquareMultiplied(AdamBy):
    def step(self, m, s, k):
        return m / (1 - self.beta1**k) / (np.sqrt(s * (1 - self.beta2**k)) + self.eps)


class AdamNoPower(AdamBy):
    def step(self, m, s, k):
        return m / (1 - self.beta1**k) / (np.sqrt(s / (1 - self.beta2)) + self.eps)


class AdamCountsAhead(AdamBy):
    def update(self, params, grads):
        if self.steps == 0:
            self.steps = 1
        super().update(params, grads)

    def step(self, m, s, k):
        return m / (1 - self.beta1**k) / (np.sqrt(s / (1 - self.beta2**k)) + self.eps)


class AdamCountsAfterEach(Adam):
    """k is read once in a call, and the counter moves for every parameter."""

    def update(self, params, grads):
        k = self.steps + 1
        for name, g in grads.items():
            self.remember(name, g)
            m_hat = self.m[name] / (1 - self.beta1**k)
            s_hat = self.s[name] / (1 - self.beta2**k)
            params[name] -= self.lr * m_hat / (np.sqrt(s_hat) + self.eps)
            self.steps += 1


class AdamStoresMean(Adam):
    def update(self, params, grads):
        self.steps += 1
        for name, g in grads.items():
            self.remember(name, g)
            self.m[name] = self.m[name] / (1 - self.beta1**self.steps)
            s_hat = self.s[name] / (1 - self.beta2**self.steps)
            params[name] -= self.lr * self.m[name] / (np.sqrt(s_hat) + self.eps)


class AdamStoresSquare(Adam):
    def update(self, params, grads):
        self.steps += 1
        for name, g in grads.items():
            self.remember(name, g)
            m_hat = self.m[name] / (1 - self.beta1**self.steps)
            self.s[name] = self.s[name] / (1 - self.beta2**self.steps)
            params[name] -= self.lr * m_hat / (np.sqrt(self.s[name]) + self.eps)


COUNTS_PARAMETERS = (
    "Your counter moves once for every parameter, not once for every call of `update`. Each "
    "parameter is then corrected for a different, and too large, number of steps."
)


COUNTS_FROM_ZERO = (
    "Your first correction is 1 − β⁰ = 0, and dividing by it gives infinity or NaN. The first step "
    "is step 1: what counts the steps, or holds the power of β, has to move before it is used."
)


STORES_CORRECTED = (
    "You store the corrected m̂ and ŝ in place of m and s, so they are corrected again in the next "
    "step. The memories stay as they are; the corrected ones are used and thrown away."
)


STORES_ONE = (
    "One of the corrected memories is kept, and corrected once more in the next step. What is "
    "remembered stays uncorrected; the correction is made afresh in each step."
)


UNCORRECTED = (
    "Neither memory is corrected. Both begin at 0 and fill slowly, s more slowly than m. With the "
    "usual betas the first steps come out three to six times as long as they should be."
)


ONLY_MEAN = (
    "You correct m and not s. In the first steps s is far too small, and a division by its root "
    "makes the steps huge: about 30 times too long with β₂ = 0.999."
)


ONLY_SQUARE = (
    "You correct s and not m. In the first steps m is far too small, so the steps are too short: "
    "a tenth of what they should be with β₁ = 0.9."
)


STUCK = (
    "Both memories are corrected, every time as if it were the first step. m is then ten times, "
    "s a thousand times too large once the memories have filled."
)


def correction_mistakes() -> tuple[Mistake, ...]:
    """Return what goes wrong with the correction, when an Adam is written or mended."""
    return (
        Mistake("only s corrected", AdamOnlySquareCorrected, ONLY_SQUARE),
        Mistake("counter moves per parameter", AdamCountsParameters, COUNTS_PARAMETERS),
        Mistake("counter moves after each parameter", AdamCountsAfterEach, COUNTS_PARAMETERS),
        Mistake("counter begins at 0", AdamCountsFromZero, COUNTS_FROM_ZERO),
        Mistake(
            "counter one ahead",
            AdamCountsAhead,
            "Your first step is corrected as if it were the second, and so on: the counter moves "
            "on twice before it is used for the first time.",
        ),
        Mistake("corrected memories stored", AdamStoresCorrected, STORES_CORRECTED),
        Mistake("corrected mean stored", AdamStoresMean, STORES_ONE),
        Mistake("corrected square stored", AdamStoresSquare, STORES_ONE),
        Mistake(
            "one beta for both corrections",
            AdamOneBeta,
            "Both memories are corrected with β₁. The square fades with β₂, so that is what is "
            "left of its zeros.",
        ),
        Mistake(
            "corrected after the root",
            AdamCorrectedRoot,
            "You take the root first and correct it then. It is the mean square that is too small "
            "by the factor 1 − β₂ᵏ; its root is too small by the root of that.",
        ),
        Mistake(
            "no power in the correction of s",
            AdamNoPower,
            "You divide s by 1 − β₂ in every step. What is missing gets less from step to step: "
            "β₂ is to be taken to the power k.",
        ),
        Mistake(
            "s multiplied",
            AdamSquareMultiplied,
            "You multiply s by 1 − β₂ᵏ. That makes a memory that is too small still smaller.",
        ),
        Mistake(
            "eps added before the correction",
            AdamEpsTooEarly,
            "Your correction of s acts on `eps`, too, so that `eps` counts too much in the first "
            "steps. That is the short form with both corrections in the rate. Here `eps` is added "
            "to the root of the *corrected* square.",
        ),
        Mistake(
            "eps inside the root",
            AdamEpsInside,
            "You add `eps` below the root. Here, as in PyTorch, it is added to the root.",
        ),
        Mistake(
            "new arrays",
            new_arrays(Adam),
            "`params[name] = params[name] - …` makes a new array and puts it into the dictionary. "
            "The layers know nothing of it. `-=` changes the array that everybody holds.",
        ),
    )


ADAM_SETTINGS = draw_steps(
    lambda rng: (
        float(rng.uniform(0.1, 0.5)),
        float(rng.uniform(0.5, 0.7)),
        float(rng.uniform(0.8, 0.95)),
        float(rng.uniform(0.05, 0.2)),
    )
)
