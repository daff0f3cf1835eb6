"""ch09.Decaying: a rate that decays, around any optimiser."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes import ch09 as probes


class Decaying:
    def __init__(self, optimiser, half_life):
        self.optimiser, self.half_life = optimiser, half_life
        self.first, self.steps = optimiser.lr, 0

    def update(self, params, grads):
        self.optimiser.lr = self.first * 0.5 ** (self.steps / self.half_life)
        self.steps += 1
        self.optimiser.update(params, grads)


class ByFactor:
    """Right: the rate is multiplied after each step, by a factor that is worked out once."""

    def __init__(self, optimiser, half_life):
        self.inner, self.factor = optimiser, 2 ** (-1 / half_life)

    def update(self, params, grads):
        self.inner.update(params, grads)
        self.inner.lr *= self.factor


class ByExponential:
    """Right: with e, and the rates made one after the other."""

    def __init__(self, optimiser, half_life):
        self.optimiser = optimiser
        self.rates = self.all_rates(optimiser.lr, np.log(2) / half_life)

    def all_rates(self, first, speed):
        step = 0
        while True:
            yield first * np.exp(-speed * step)
            step += 1

    def update(self, params, grads):
        self.optimiser.lr = next(self.rates)
        self.optimiser.update(params, grads)


def draw_decaying(rng: np.random.Generator) -> Iterator[Case]:
    def case(half_life: float, steps: int, note: str) -> Case:
        d, m = rng.choice(np.arange(2, 6), size=2, replace=False).tolist()
        shapes = {"W": (d, m), "b": (m,)}
        params = {name: rng.normal(size=shape) for name, shape in shapes.items()}
        grads = [{n: rng.normal(size=s) for n, s in shapes.items()} for _ in range(steps)]
        lr = float(rng.uniform(0.2, 0.9))
        return Case({"params": params, "grads": grads, "lr": lr, "half_life": half_life}, note)

    yield case(3.0, 7, "half-life of 3 steps")
    yield case(float(rng.uniform(4.2, 5.8)), 6, "a half-life that is no whole number")
    yield case(1.0, 4, "halved at every step")
    yield case(1e9, 3, "nearly constant")


wrong = Mistakes(Decaying)

wrong.swap("decays before the first step", "self.steps /", "(self.steps + 1) /").says("""
    Your first step is shortened already. It has the rate that the optimiser was made with.""")
wrong.swap("multiplied again and again", "self.first *", "self.optimiser.lr *").says("""
    You multiply the last rate by the factor that belongs to the first: the rate falls with the square
    of the steps.""")
wrong.swap("halved at every step", "(self.steps / self.half_life)", "self.steps").says("""
    Your rate is halved at every step. It takes `half_life` steps to halve it.""")
wrong.swap("in stairs", "self.steps / self.half_life", "self.steps // self.half_life").says("""
    Your rate stays where it is for a while and then falls by half at once. `/` makes it fall a
    little at each step, `//` in stairs.""")
wrong.swap(
    "along a line",
    "0.5 ** (self.steps / self.half_life)",
    "(1 - 0.5 * self.steps / self.half_life)",
).says("""Your rate falls along a straight line. After twice the half-life it is 0, and then it is
    negative: uphill.""")
wrong.swap(
    "by 1 / (1 + k)",
    "0.5 ** (self.steps / self.half_life)",
    "1 / (1 + self.steps / self.half_life)",
).says("""
    That is another decay, 1 / (1 + k / h). It halves once, and needs ever longer for each further
    half.""")
wrong.swap("with e instead of ½", "0.5 **", "np.exp(-1) **").says("""
    After `half_life` steps your rate is 1/e of the first, about 0.37. Half is asked for.""")
wrong.swap("the rate never changes", "        self.steps += 1\n", "").says("""
    The rate stays what it was. Does `steps` grow, and does the optimiser's own `lr` change?""")
wrong.swap(
    "plain steps of its own",
    "        self.optimiser.update(params, grads)\n",
    "        for name in params:\n            params[name] -= self.optimiser.lr * grads[name]\n",
).says("""You take plain steps yourself, whatever optimiser you were given. The step is its
    affair.""")
wrong.swap("grows", "0.5 **", "2.0 **").says("Your rate doubles where it should halve.")


class SetTooLate(Decaying):
    def update(self, params, grads):
        self.optimiser.update(params, grads)
        self.optimiser.lr = self.first * 0.5 ** (self.steps / self.half_life)
        self.steps += 1


wrong.answer("set too late", SetTooLate).says("""You set the rate after the step that it was meant
    for: every step has the rate of the one before.""")


EXERCISE = Exercise(
    id="ch09.Decaying",
    title="A rate that decays",
    kind="class",
    points=2,
    difficulty=1,
    reference=Decaying,
    accepted=(ByFactor, ByExponential),
    mistakes=wrong.all,
    hints=(
        "Write down the rates of steps 0 to 6 for first = 0.8 and a half-life of 3. Which of them do "
        "you know at once?",
        "After k steps the rate is first · ½ to the power of k / half_life. Remember the first rate "
        "and the count; set `optimiser.lr`, then let it take its step.",
        "The skeleton:\n    def update(self, params, grads):\n        self.optimiser.lr = … * 0.5 ** (…)\n"
        "        self.steps += …\n        self.optimiser.…(…)",
    ),
    probe=Probe(probes.decaying),
    draw=draw_decaying,
    outputs=(Output("rates"),),
    remark="It goes around any optimiser that has a rate: plain, momentum or Adam.",
)
