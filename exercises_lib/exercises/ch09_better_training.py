"""Exercises of chapter 09: optimisers, first weights, weight decay, dropout, batch normalisation."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from exercises_lib import data, nn
from exercises_lib.checking import Case, Exercise, Mistake, Output, Probe
from exercises_lib.checking.observe import Observation
from exercises_lib.checking.serialize import is_number, same
from exercises_lib.probes import call
from exercises_lib.probes import ch09 as probes

# --- what all optimisers have in common -------------------------------------------------------

STEPS = 5


def draw_steps(
    settings: Callable[[np.random.Generator], tuple[float, ...]],
) -> Callable[[np.random.Generator], Iterator[Case]]:
    """Return what draws the cases of an optimiser, given what draws its settings."""

    def draw(rng: np.random.Generator) -> Iterator[Case]:
        def case(
            chosen: tuple[float, ...], note: str, dtype: type = np.float64, order: int = 1
        ) -> Case:
            d, m, c = rng.choice(np.arange(2, 8), size=3, replace=False).tolist()
            shapes = {"W1": (d, m), "b1": (m,), "W2": (m, c), "b2": (c,)}
            params: dict[str, Any] = {
                name: rng.normal(size=shape).astype(dtype) for name, shape in shapes.items()
            }
            grads: list[dict[str, Any]] = [
                {n: rng.normal(size=shapes[n]).astype(dtype) for n in list(shapes)[::order]}
                for _ in range(STEPS)
            ]
            return Case({"settings": chosen, "params": params, "grads": grads}, note)

        yield case(settings(rng), "four parameters of different shapes, five steps")
        yield case((), "settings left out; the gradients come in another order", order=-1)
        zeros = case(settings(rng), "some gradients are exactly 0")
        for number, grads in enumerate(zeros.inputs["grads"]):
            grads["W1"][0] = 0
            grads["b1"][:] *= number > 1
        yield zeros
        yield case(settings(rng), "float32", np.float32)

    return draw


def same_arrays(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    if got == expected and isinstance(got, str):
        return None
    return (
        "After `update`, `params` holds new arrays. The layers of the network still hold the old "
        "ones, so nothing is learnt."
    )


# One part in 100,000 of a parameter near 1 lets float32 pass and no rule that is another.
OPTIMISER_OUTPUTS = (
    *(Output(f"params after step {k}", rtol=1e-5, atol=1e-6) for k in range(1, STEPS + 1)),
    Output("arrays", compare=same_arrays),
)


def clash(seen: Observation) -> set[tuple[int, ...]]:
    """Return the shapes that did not fit together when an update failed; none if it did not."""
    failure = seen.failure
    if failure is None or failure.type != "ValueError" or "broadcast" not in failure.message:
        return set()
    return {ast.literal_eval(shape) for shape in re.findall(r"\(\d+,[\d,]*\)", failure.message)}


def mixes_parameters(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Tell whether a weight and a bias clashed although both dictionaries had one order."""
    return len({len(shape) for shape in clash(seen[0])}) > 1


def remembers_other_networks(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Tell whether a new optimiser began with the memory of an older one.

    Then the first step differs from run to run; or, if the network before had other sizes, a
    weight clashes with a weight.
    """
    first = "params after step 1"
    return any(
        first in one.unstable
        or (first not in one.values and len({len(shape) for shape in clash(one)}) == 1)
        for one in seen
    )


def pairs_by_position(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Tell whether shapes clashed only where the gradients came in another order."""
    return len(seen) > 1 and not clash(seen[0]) and bool(clash(seen[1]))


def uphill(rule):
    class Uphill(rule):
        def update(self, params, grads):
            downhill = {name: p.copy() for name, p in params.items()}
            super().update(downhill, grads)
            for name in params:
                params[name] += params[name] - downhill[name]

    return Uphill


def new_arrays(rule):
    class NewArrays(rule):
        def update(self, params, grads):
            for name in params:
                params[name] = params[name].copy()
            super().update(params, grads)

    return NewArrays


def local_name(rule):
    class LocalName(rule):
        def update(self, params, grads):
            super().update({name: p.copy() for name, p in params.items()}, grads)

    return LocalName


def one_memory(rule):
    class OneMemory(rule):
        def update(self, params, grads):
            for name in grads:
                super().update({"all": params[name]}, {"all": grads[name]})

    return OneMemory


def class_memory(rule, *names):
    stores = {name: {} for name in names}

    class ClassMemory(rule):
        def __init__(self, *settings):
            super().__init__(*settings)
            vars(self).update(stores)

    return ClassMemory


def by_position(rule):
    class ByPosition(rule):
        def update(self, params, grads):
            super().update(params, dict(zip(params, grads.values(), strict=True)))

    return ByPosition


def no_entry_yet(rule, store):
    class NoEntryYet(rule):
        def update(self, params, grads):
            super().update(params, {name: getattr(self, store)[name] for name in grads})

    return NoEntryYet


def written_out(rule, **values):
    """Numbers of the chapter's demonstrations where the object's settings belong."""

    class WrittenOut(rule):
        def __init__(self, *settings):
            super().__init__(*settings)
            vars(self).update(values)

    return WrittenOut


def no_brackets(rule):
    """The fraction loses its brackets: g / √s + eps."""

    class NoBrackets(rule):
        def update(self, params, grads):
            eps, self.eps = self.eps, 0.0
            super().update(params, grads)
            self.eps = eps
            for name in grads:
                params[name] -= eps

    return NoBrackets


def brackets_mistake(rule: Any) -> Mistake:
    return Mistake(
        "eps outside of the fraction",
        no_brackets(rule),
        "Python divides before it adds: without brackets `eps` is added to the whole fraction and "
        "not to the root below the line.",
    )


def written_out_mistake(rule: Any, **values: float) -> Mistake:
    numbers = " and ".join(f"{value:g}" for value in values.values())
    return Mistake(
        "setting written out",
        written_out(rule, **values),
        f"You compute with {numbers}, as the demonstration does. This optimiser may be made with "
        "another setting; it is kept in the object.",
    )


def optimiser_mistakes(rule: Any, memory: str, *stores: str) -> tuple[Mistake, ...]:
    """Return the mistakes that can be made with every optimiser."""
    return (
        Mistake(
            "uphill",
            uphill(rule),
            "Every step goes the other way. The gradient says where the loss grows, and you want "
            "it to fall.",
        ),
        Mistake(
            "new arrays",
            new_arrays(rule),
            "`params[name] = params[name] - …` makes a new array and puts it into the dictionary. "
            "The layers know nothing of it. `-=` changes the array that everybody holds.",
        ),
        Mistake(
            "only a local name",
            local_name(rule),
            "The parameters never change. If you write `p = params[name]` and then `p = p - …`, "
            "the name `p` moves on to a new array and the parameter stays behind.",
        ),
        Mistake(
            "one memory for all parameters",
            one_memory(rule),
            f"The parameters share one {memory}, and their shapes do not fit together. Every "
            f"parameter needs {memory} of its own: keep a dictionary with the parameters' names.",
            recognise=mixes_parameters,
        ),
        Mistake(
            "no entry for a new parameter",
            no_entry_yet(rule, stores[0]),
            f"At the first call `self.{stores[0]}` is empty, so there is nothing to read for a "
            f"parameter that comes by for the first time. Its {memory} has to begin at 0.",
        ),
        Mistake(
            "memory outside of the object",
            class_memory(rule, *stores),
            f"A new optimiser begins with the {memory} that an older one left behind. A dictionary "
            "in the class body, or as a default argument, exists once for all objects; make it in "
            "`__init__`.",
            recognise=remembers_other_networks,
        ),
        Mistake(
            "paired by position",
            by_position(rule),
            "You pair the first parameter with the first gradient, the second with the second, and "
            "so on. The two dictionaries have the same names, not always the same order.",
            recognise=pairs_by_position,
        ),
    )


# --- momentum ---------------------------------------------------------------------------------


class Momentum:
    def __init__(self, lr=0.01, momentum=0.9):
        self.lr, self.momentum = lr, momentum
        self.v = {}

    def update(self, params, grads):
        for name, g in grads.items():
            self.v[name] = self.momentum * self.v.get(name, 0) + g
            params[name] -= self.lr * self.v[name]


class MomentumWithTheRateInside(Momentum):
    """The form of many books: v is the step itself."""

    def update(self, params, grads):
        for name in params:
            if name not in self.v:
                self.v[name] = np.zeros_like(params[name])
            self.v[name] *= self.momentum
            self.v[name] -= self.lr * grads[name]
            params[name] += self.v[name]


class MomentumAsASum(Momentum):
    """The velocity written out: all gradients so far, the older the weaker."""

    def update(self, params, grads):
        self.v = {name: [*self.v.get(name, []), g.copy()] for name, g in grads.items()}
        for name, past in self.v.items():
            velocity = sum(self.momentum**age * g for age, g in enumerate(reversed(past)))
            params[name][...] = params[name] - self.lr * velocity


class ForgetsVelocity(Momentum):
    def update(self, params, grads):
        for name, g in grads.items():
            v = np.zeros_like(g)
            v = self.momentum * v + g
            params[name] -= self.lr * v


class DampedMomentum(Momentum):
    def update(self, params, grads):
        for name, g in grads.items():
            self.v[name] = self.momentum * self.v.get(name, 0) + (1 - self.momentum) * g
            params[name] -= self.lr * self.v[name]


class FirstWholeThenDamped(Momentum):
    def update(self, params, grads):
        for name, g in grads.items():
            if name not in self.v:
                self.v[name] = g.copy()
            else:
                self.v[name] = self.momentum * self.v[name] + (1 - self.momentum) * g
            params[name] -= self.lr * self.v[name]


class Nesterov(Momentum):
    def update(self, params, grads):
        for name, g in grads.items():
            self.v[name] = self.momentum * self.v.get(name, 0) + g
            params[name] -= self.lr * (g + self.momentum * self.v[name])


class RateTwice(Momentum):
    def update(self, params, grads):
        for name, g in grads.items():
            self.v[name] = self.momentum * self.v.get(name, 0) + self.lr * g
            params[name] -= self.lr * self.v[name]


class NothingDies(Momentum):
    def update(self, params, grads):
        for name, g in grads.items():
            self.v[name] = self.v.get(name, 0) + g
            params[name] -= self.lr * self.v[name]


class GradientDampedToo(Momentum):
    def update(self, params, grads):
        for name, g in grads.items():
            self.v[name] = self.momentum * (self.v.get(name, 0) + g)
            params[name] -= self.lr * self.v[name]


class VelocityTooLate(Momentum):
    def update(self, params, grads):
        for name, g in grads.items():
            v = self.v.get(name, np.zeros_like(g))
            params[name] -= self.lr * v
            self.v[name] = self.momentum * v + g


class KeepsTheGradient(Momentum):
    def update(self, params, grads):
        for name, g in grads.items():
            if name in self.v:
                self.v[name] *= self.momentum
                self.v[name] += g
            else:
                self.v[name] = g
            params[name] -= self.lr * self.v[name]


MOMENTUM = Exercise(
    id="ch09.Momentum",
    title="Momentum",
    kind="class",
    points=3,
    reference=Momentum,
    accepted=(nn.Momentum, MomentumWithTheRateInside, MomentumAsASum),
    mistakes=(
        *optimiser_mistakes(Momentum, "velocity", "v"),
        written_out_mistake(Momentum, momentum=0.9),
        Mistake(
            "velocity forgotten",
            ForgetsVelocity,
            "Your steps do not depend on earlier gradients: the velocity begins at 0 in every "
            "call. That is plain SGD. It has to be kept in the object.",
        ),
        Mistake(
            "a mean instead of a sum",
            DampedMomentum,
            "You multiply the new gradient by 1 − μ, which makes the velocity a moving mean. Adam "
            "does that; here the gradient is added as it is.",
        ),
        Mistake(
            "first gradient whole, later ones damped",
            FirstWholeThenDamped,
            "The first gradient enters whole and the later ones with a factor of 1 − μ. All of "
            "them are added as they are.",
        ),
        Mistake(
            "Nesterov's momentum",
            Nesterov,
            "That is Nesterov's variant, which looks one step ahead: the new gradient counts once "
            "more on top of the velocity. Here the step is the velocity alone.",
        ),
        Mistake(
            "rate used twice",
            RateTwice,
            "The learning rate is multiplied in twice, once in the velocity and once in the step.",
        ),
        Mistake(
            "nothing dies away",
            NothingDies,
            "Old gradients never fade: the velocity is a plain sum, and μ is not used.",
        ),
        Mistake(
            "new gradient damped too",
            GradientDampedToo,
            "You multiply by μ after adding the new gradient, so that it is damped before it ever "
            "acts. Only the old velocity fades.",
        ),
        Mistake(
            "step before the velocity is new",
            VelocityTooLate,
            "You step with the velocity of the call before; the first step goes nowhere. Bring the "
            "velocity up to date, then step.",
        ),
        Mistake(
            "keeps the gradient's own array",
            KeepsTheGradient,
            "At first you store the gradient array itself as the velocity, and later you change it "
            "in place. That array belongs to the caller: start from zeros, or from a copy.",
        ),
    ),
    hints=(
        "Write down the three numbers of the example, 1, 1.9, 2.71: what becomes of the old number "
        "before the new gradient is added?",
        "Two lines for each parameter: the velocity becomes μ times itself plus the gradient, then "
        "the parameter loses lr times the velocity, in place. A parameter that is new has velocity "
        "0.",
        "The skeleton, inside the loop:\n    v = self.v.get(name, …)\n"
        "    self.v[name] = … * v + …\n    params[name] -= …",
    ),
    probe=Probe(probes.optimiser),
    draw=draw_steps(lambda rng: (float(rng.uniform(0.1, 0.5)), float(rng.uniform(0.5, 0.8)))),
    outputs=OPTIMISER_OUTPUTS,
    remark="With μ = 0 this is SGD; with μ = 0.9 a steady slope is walked ten times as fast.",
)


# --- AdaGrad ----------------------------------------------------------------------------------


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


class AdaGradForgets(AdaGrad):
    def update(self, params, grads):
        for name, g in grads.items():
            s = np.zeros_like(g)
            s += g**2
            params[name] -= self.lr * g / (np.sqrt(s) + self.eps)


class AdaGradNoRoot(AdaGrad):
    def update(self, params, grads):
        for name, g in grads.items():
            self.s[name] = self.s.get(name, 0) + g**2
            params[name] -= self.lr * g / (self.s[name] + self.eps)


class AdaGradNotSquared(AdaGrad):
    def update(self, params, grads):
        for name, g in grads.items():
            self.s[name] = self.s.get(name, 0) + g
            params[name] -= self.lr * g / (np.sqrt(self.s[name]) + self.eps)


class AdaGradEpsInside(AdaGrad):
    def update(self, params, grads):
        for name, g in grads.items():
            self.s[name] = self.s.get(name, 0) + g**2
            params[name] -= self.lr * g / np.sqrt(self.s[name] + self.eps)


class AdaGradNoEps(AdaGrad):
    def update(self, params, grads):
        for name, g in grads.items():
            self.s[name] = self.s.get(name, 0) + g**2
            params[name] -= self.lr * g / np.sqrt(self.s[name])


class AdaGradOneNumber(AdaGrad):
    def update(self, params, grads):
        for name, g in grads.items():
            self.s[name] = self.s.get(name, 0) + np.sum(g**2)
            params[name] -= self.lr * g / (np.sqrt(self.s[name]) + self.eps)


class AdaGradTooLate(AdaGrad):
    def update(self, params, grads):
        for name, g in grads.items():
            s = self.s.get(name, np.zeros_like(g))
            params[name] -= self.lr * g / (np.sqrt(s) + self.eps)
            self.s[name] = s + g**2


class AdaGradMean(AdaGrad):
    def __init__(self, lr=0.01, eps=1e-10):
        super().__init__(lr, eps)
        self.steps = 0

    def update(self, params, grads):
        self.steps += 1
        for name, g in grads.items():
            self.s[name] = self.s.get(name, 0) + g**2
            params[name] -= self.lr * g / (np.sqrt(self.s[name] / self.steps) + self.eps)


class AdaGradGradientLost(AdaGrad):
    def update(self, params, grads):
        for name, g in grads.items():
            self.s[name] = self.s.get(name, 0) + g**2
            params[name] -= self.lr / (np.sqrt(self.s[name]) + self.eps)


class AdaGradAbsolute(AdaGrad):
    def update(self, params, grads):
        for name, g in grads.items():
            self.s[name] = self.s.get(name, 0) + np.abs(g)
            params[name] -= self.lr * g / (self.s[name] + self.eps)


class AdaGradSumSquared(AdaGrad):
    def update(self, params, grads):
        for name, g in grads.items():
            self.s[name] = (self.s.get(name, 0) + g) ** 2
            params[name] -= self.lr * g / (np.sqrt(self.s[name]) + self.eps)


ADAGRAD = Exercise(
    id="ch09.AdaGrad",
    title="AdaGrad",
    kind="class",
    points=3,
    reference=AdaGrad,
    accepted=(nn.AdaGrad, AdaGradByNorms, AdaGradByNumbers),
    mistakes=(
        *optimiser_mistakes(AdaGrad, "sum of squares", "s"),
        Mistake(
            "sum begins anew",
            AdaGradForgets,
            "Your sum of squares holds only the newest gradient, so every step has the full "
            "length. It has to be kept in the object and grow.",
        ),
        Mistake(
            "no root",
            AdaGradNoRoot,
            "You divide by the sum of squares itself. Its root has the size of a gradient; without "
            "it large slopes get tiny steps and tiny slopes huge ones.",
        ),
        Mistake(
            "gradients not squared",
            AdaGradNotSquared,
            "You add up the gradients and not their squares. Signs cancel, and the root of a "
            "negative sum is NaN.",
        ),
        Mistake(
            "eps inside the root",
            AdaGradEpsInside,
            "You add `eps` below the root. Here, as in PyTorch, it is added to the root.",
        ),
        Mistake(
            "no eps",
            AdaGradNoEps,
            "Without `eps` a parameter whose gradient has always been 0 is divided 0 by 0, and "
            "becomes NaN for ever.",
        ),
        Mistake(
            "one number for a whole array",
            AdaGradOneNumber,
            "You add up the squares of a whole array. Every single number has a sum of its own: "
            "that is the point of the method.",
        ),
        Mistake(
            "sum updated after the step",
            AdaGradTooLate,
            "The newest gradient is not yet in the sum when you divide by it. In the first step "
            "that divides by `eps` alone.",
        ),
        Mistake(
            "mean instead of sum",
            AdaGradMean,
            "You divide by the root of the mean square. AdaGrad's steps get shorter because the "
            "sum of squares only grows.",
        ),
        Mistake(
            "gradient lost",
            AdaGradGradientLost,
            "The step is lr over the root, without the gradient on top: it has no sign, and every "
            "number moves down, wherever the slope points.",
        ),
        Mistake(
            "absolute values",
            AdaGradAbsolute,
            "You divide by the sum of the absolute values. That is not the root of the sum of the "
            "squares: with a steady gradient of 1 the second step would be ½, not 0.707.",
        ),
        Mistake(
            "sum squared",
            AdaGradSumSquared,
            "You add the gradient first and square the sum, memory and all. Only the new gradient "
            "is squared; then it joins the sum.",
        ),
        brackets_mistake(AdaGrad),
    ),
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
    remark="The first step has the length lr in every direction, whatever the gradient's size.",
)


# --- RMSProp ----------------------------------------------------------------------------------


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


class RMSPropNeverForgets(RMSProp):
    def update(self, params, grads):
        for name, g in grads.items():
            self.s[name] = self.s.get(name, 0) + g**2
            params[name] -= self.lr * g / (np.sqrt(self.s[name]) + self.eps)


class RMSPropSwapped(RMSProp):
    def update(self, params, grads):
        for name, g in grads.items():
            self.s[name] = (1 - self.alpha) * self.s.get(name, 0) + self.alpha * g**2
            params[name] -= self.lr * g / (np.sqrt(self.s[name]) + self.eps)


class RMSPropSquareWhole(RMSProp):
    def update(self, params, grads):
        for name, g in grads.items():
            self.s[name] = self.alpha * self.s.get(name, 0) + g**2
            params[name] -= self.lr * g / (np.sqrt(self.s[name]) + self.eps)


class RMSPropBeginsAnew(RMSProp):
    def update(self, params, grads):
        for name, g in grads.items():
            s = np.zeros_like(g)
            s = self.alpha * s + (1 - self.alpha) * g**2
            params[name] -= self.lr * g / (np.sqrt(s) + self.eps)


class RMSPropNoRoot(RMSProp):
    def update(self, params, grads):
        for name, g in grads.items():
            self.s[name] = self.alpha * self.s.get(name, 0) + (1 - self.alpha) * g**2
            params[name] -= self.lr * g / (self.s[name] + self.eps)


class RMSPropNotSquared(RMSProp):
    def update(self, params, grads):
        for name, g in grads.items():
            self.s[name] = self.alpha * self.s.get(name, 0) + (1 - self.alpha) * g
            params[name] -= self.lr * g / (np.sqrt(self.s[name]) + self.eps)


class RMSPropEpsInside(RMSProp):
    def update(self, params, grads):
        for name, g in grads.items():
            self.s[name] = self.alpha * self.s.get(name, 0) + (1 - self.alpha) * g**2
            params[name] -= self.lr * g / np.sqrt(self.s[name] + self.eps)


class RMSPropFirstWhole(RMSProp):
    def update(self, params, grads):
        for name, g in grads.items():
            old = self.s.get(name, g**2)
            self.s[name] = self.alpha * old + (1 - self.alpha) * g**2
            params[name] -= self.lr * g / (np.sqrt(self.s[name]) + self.eps)


class RMSPropTooLate(RMSProp):
    def update(self, params, grads):
        for name, g in grads.items():
            s = self.s.get(name, np.zeros_like(g))
            params[name] -= self.lr * g / (np.sqrt(s) + self.eps)
            self.s[name] = self.alpha * s + (1 - self.alpha) * g**2


class RMSPropCorrected(RMSProp):
    def __init__(self, lr=0.01, alpha=0.99, eps=1e-8):
        super().__init__(lr, alpha, eps)
        self.steps = 0

    def update(self, params, grads):
        self.steps += 1
        for name, g in grads.items():
            self.s[name] = self.alpha * self.s.get(name, 0) + (1 - self.alpha) * g**2
            s = self.s[name] / (1 - self.alpha**self.steps)
            params[name] -= self.lr * g / (np.sqrt(s) + self.eps)


class RMSPropNoEps(RMSProp):
    def update(self, params, grads):
        for name, g in grads.items():
            self.s[name] = self.alpha * self.s.get(name, 0) + (1 - self.alpha) * g**2
            params[name] -= self.lr * g / np.sqrt(self.s[name])


class RMSPropAbsolute(RMSProp):
    def update(self, params, grads):
        for name, g in grads.items():
            self.s[name] = self.alpha * self.s.get(name, 0) + (1 - self.alpha) * np.abs(g)
            params[name] -= self.lr * g / (self.s[name] + self.eps)


class RMSPropOneNumber(RMSProp):
    def update(self, params, grads):
        for name, g in grads.items():
            self.s[name] = self.alpha * self.s.get(name, 0) + (1 - self.alpha) * np.mean(g**2)
            params[name] -= self.lr * g / (np.sqrt(self.s[name]) + self.eps)


class RMSPropPartSquared(RMSProp):
    def update(self, params, grads):
        for name, g in grads.items():
            self.s[name] = self.alpha * self.s.get(name, 0) + ((1 - self.alpha) * g) ** 2
            params[name] -= self.lr * g / (np.sqrt(self.s[name]) + self.eps)


RMSPROP = Exercise(
    id="ch09.RMSProp",
    title="RMSProp",
    kind="class",
    points=3,
    reference=RMSProp,
    accepted=(nn.RMSProp, RMSPropByDifference, RMSPropAsASum),
    mistakes=(
        *optimiser_mistakes(RMSProp, "mean square", "s"),
        Mistake(
            "never forgets",
            RMSPropNeverForgets,
            "That is AdaGrad: the squares add up and α is not used. RMSProp lets old squares fade.",
        ),
        Mistake(
            "alpha and 1 − alpha swapped",
            RMSPropSwapped,
            "α stands at the new square and 1 − α at the memory. α is the part of the memory that "
            "stays, so with 0.99 it is nearly all of it.",
        ),
        Mistake(
            "new square taken whole",
            RMSPropSquareWhole,
            "You add the new square as it is. Then the memory is no mean: with α = 0.99 it grows "
            "to a hundred times the square. The new square enters with the part that faded.",
        ),
        Mistake(
            "memory begins anew",
            RMSPropBeginsAnew,
            "The memory begins at 0 in every call, so only the newest gradient counts. Keep it in "
            "the object.",
        ),
        Mistake(
            "no root",
            RMSPropNoRoot,
            "You divide by the mean square itself. The RMS in the name is the *root* of the mean "
            "square: it has the size of a gradient.",
        ),
        Mistake(
            "gradients not squared",
            RMSPropNotSquared,
            "Your memory is a mean of gradients, not of their squares. Signs cancel, and the root "
            "of a negative mean is NaN.",
        ),
        Mistake(
            "eps inside the root",
            RMSPropEpsInside,
            "You add `eps` below the root. Here, as in PyTorch, it is added to the root.",
        ),
        Mistake(
            "first square taken whole",
            RMSPropFirstWhole,
            "Your memory begins with the first square. Here it begins at 0, which makes the first "
            "steps long; Adam will deal with that.",
        ),
        Mistake(
            "memory updated after the step",
            RMSPropTooLate,
            "The newest gradient is not yet in the memory when you divide by it. In the first step "
            "that divides by `eps` alone.",
        ),
        Mistake(
            "corrected as in Adam",
            RMSPropCorrected,
            "You correct the memory for its start at 0. That is Adam's idea and comes next; "
            "RMSProp uses the memory as it is.",
        ),
        Mistake(
            "no eps",
            RMSPropNoEps,
            "Without `eps` a parameter whose gradient has always been 0 is divided 0 by 0, and "
            "becomes NaN for ever.",
        ),
        Mistake(
            "one number for a whole array",
            RMSPropOneNumber,
            "You take the mean of the squares over a whole array. The mean is meant over the "
            "*steps*: every single number has a memory of its own.",
        ),
        Mistake(
            "1 − alpha squared too",
            RMSPropPartSquared,
            "The square covers 1 − α as well as the gradient. Only the gradient is squared.",
        ),
        Mistake(
            "absolute values",
            RMSPropAbsolute,
            "You divide by a mean of absolute values. RMSProp takes the mean of the squares, and "
            "the root of that.",
        ),
        brackets_mistake(RMSProp),
        written_out_mistake(RMSProp, alpha=0.9),
    ),
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
    remark="One line away from AdaGrad: now the rate can rise again when the slope gets gentle.",
)


# --- Adam -------------------------------------------------------------------------------------


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


class AdamMultipliesSteps(Adam):
    def update(self, params, grads):
        self.steps += 1
        for name, g in grads.items():
            self.remember(name, g)
            m_hat = self.m[name] / (1 - self.beta1 * self.steps)
            s_hat = self.s[name] / (1 - self.beta2 * self.steps)
            params[name] -= self.lr * m_hat / (np.sqrt(s_hat) + self.eps)


class AdamStoresCorrected(Adam):
    def update(self, params, grads):
        self.steps += 1
        for name, g in grads.items():
            self.remember(name, g)
            self.m[name] = self.m[name] / (1 - self.beta1**self.steps)
            self.s[name] = self.s[name] / (1 - self.beta2**self.steps)
            params[name] -= self.lr * self.m[name] / (np.sqrt(self.s[name]) + self.eps)


class AdamSwappedBetas(Adam):
    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        super().__init__(lr, beta2, beta1, eps)


class AdamEpsInside(Adam):
    def update(self, params, grads):
        self.steps += 1
        for name, g in grads.items():
            self.remember(name, g)
            m_hat = self.m[name] / (1 - self.beta1**self.steps)
            s_hat = self.s[name] / (1 - self.beta2**self.steps)
            params[name] -= self.lr * m_hat / np.sqrt(s_hat + self.eps)


class AdamNoRoot(Adam):
    def update(self, params, grads):
        self.steps += 1
        for name, g in grads.items():
            self.remember(name, g)
            m_hat = self.m[name] / (1 - self.beta1**self.steps)
            s_hat = self.s[name] / (1 - self.beta2**self.steps)
            params[name] -= self.lr * m_hat / (s_hat + self.eps)


class AdamGradientOnTop(Adam):
    def update(self, params, grads):
        self.steps += 1
        for name, g in grads.items():
            self.remember(name, g)
            s_hat = self.s[name] / (1 - self.beta2**self.steps)
            params[name] -= self.lr * g / (np.sqrt(s_hat) + self.eps)


class AdamWholeGradients(Adam):
    def remember(self, name, g):
        self.m[name] = self.beta1 * self.m.get(name, 0) + g
        self.s[name] = self.beta2 * self.s.get(name, 0) + g**2


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


class AdamMultiplied(AdamBy):
    def step(self, m, s, k):
        return m * (1 - self.beta1**k) / (np.sqrt(s * (1 - self.beta2**k)) + self.eps)


class AdamSquareMultiplied(AdamBy):
    def step(self, m, s, k):
        return m / (1 - self.beta1**k) / (np.sqrt(s * (1 - self.beta2**k)) + self.eps)


class AdamNoPower(AdamBy):
    def step(self, m, s, k):
        return m / (1 - self.beta1**k) / (np.sqrt(s / (1 - self.beta2)) + self.eps)


class AdamPowerOfTheRest(AdamBy):
    def step(self, m, s, k):
        return m / (1 - self.beta1) ** k / (np.sqrt(s / (1 - self.beta2) ** k) + self.eps)


class AdamNoEps(AdamBy):
    def step(self, m, s, k):
        return m / (1 - self.beta1**k) / np.sqrt(s / (1 - self.beta2**k))


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


class AdamNotSquared(Adam):
    def remember(self, name, g):
        self.m[name] = self.beta1 * self.m.get(name, 0) + (1 - self.beta1) * g
        self.s[name] = self.beta2 * self.s.get(name, 0) + (1 - self.beta2) * g


class AdamWholeMean(Adam):
    def remember(self, name, g):
        self.m[name] = self.beta1 * self.m.get(name, 0) + g
        self.s[name] = self.beta2 * self.s.get(name, 0) + (1 - self.beta2) * g**2


class AdamSwappedParts(Adam):
    def remember(self, name, g):
        self.m[name] = (1 - self.beta1) * self.m.get(name, 0) + self.beta1 * g
        self.s[name] = (1 - self.beta2) * self.s.get(name, 0) + self.beta2 * g**2


class AdamFirstWhole(Adam):
    def remember(self, name, g):
        self.m[name] = self.beta1 * self.m.get(name, g) + (1 - self.beta1) * g
        self.s[name] = self.beta2 * self.s.get(name, g**2) + (1 - self.beta2) * g**2


class AdamBeginsAnew(Adam):
    def remember(self, name, g):
        self.m[name], self.s[name] = (1 - self.beta1) * g, (1 - self.beta2) * g**2


COUNTS_PARAMETERS = (
    "Your counter moves once for every parameter, not once for every call of `update`. Each "
    "parameter is then corrected for a different, and too large, number of steps."
)
COUNTS_FROM_ZERO = (
    "The counter moves after it is used: the first correction is 1 − β⁰ = 0, and dividing by it "
    "gives infinity or NaN. The first step is step 1."
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
            "steps. It is added to the root of the *corrected* square.",
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

ADAM = Exercise(
    id="ch09.Adam",
    title="Adam",
    kind="class",
    points=4,
    reference=Adam,
    accepted=(nn.Adam, AdamByRate, AdamByPowers),
    mistakes=(
        *optimiser_mistakes(Adam, "memory", "m", "s"),
        Mistake("no bias correction", AdamUncorrected, UNCORRECTED),
        Mistake("only m corrected", AdamOnlyMeanCorrected, ONLY_MEAN),
        *(one for one in correction_mistakes() if one.name != "new arrays"),
        Mistake("counter never moves", AdamStuckCounter, STUCK),
        Mistake(
            "beta times steps",
            AdamMultipliesSteps,
            "You multiply β by the number of steps. The correction has β to the *power* of the "
            "number of steps: what is left of the zeros at the start.",
        ),
        Mistake(
            "power of 1 − beta",
            AdamPowerOfTheRest,
            "You take 1 − β to the power k. It is β that is taken to the power; then subtract.",
        ),
        Mistake(
            "multiplied by the corrections",
            AdamMultiplied,
            "You multiply by 1 − βᵏ. Both memories are too small at first, and that makes them "
            "still smaller.",
        ),
        Mistake(
            "betas swapped",
            AdamSwappedBetas,
            "β₁ and β₂ have changed places: β₁ belongs to the mean m, β₂ to the mean square s.",
        ),
        Mistake(
            "parts swapped",
            AdamSwappedParts,
            "β stands at the new gradient and 1 − β at the memory. β is the part of the memory "
            "that stays.",
        ),
        Mistake(
            "no eps",
            AdamNoEps,
            "Without `eps` a parameter whose gradient has always been 0 is divided 0 by 0, and "
            "becomes NaN for ever.",
        ),
        Mistake(
            "gradients not squared",
            AdamNotSquared,
            "Your s is a mean of gradients, not of their squares. Signs cancel, and the root of a "
            "negative mean is NaN.",
        ),
        Mistake(
            "memories begin anew",
            AdamBeginsAnew,
            "Your memories hold only the newest gradient: they begin at 0 in every call. Keep them "
            "in the object.",
        ),
        brackets_mistake(Adam),
        written_out_mistake(Adam, beta1=0.9, beta2=0.999),
        Mistake(
            "no root",
            AdamNoRoot,
            "You divide by ŝ itself. Its root has the size of a gradient, so that the step does "
            "not depend on that size.",
        ),
        Mistake(
            "gradient instead of its mean",
            AdamGradientOnTop,
            "The newest gradient stands on top of the fraction. There m̂ belongs, the mean over the "
            "last steps; that is the momentum in Adam.",
        ),
        Mistake(
            "new gradients taken whole",
            AdamWholeGradients,
            "The new gradient and its square enter whole. In a moving mean they enter with the "
            "parts 1 − β₁ and 1 − β₂.",
        ),
        Mistake(
            "gradient taken whole",
            AdamWholeMean,
            "In m the new gradient enters whole, as in Momentum. In Adam m is a moving mean, and "
            "the new gradient enters with the part 1 − β₁.",
        ),
        Mistake(
            "first gradient whole",
            AdamFirstWhole,
            "Your memories begin with the first gradient and its square. Here they begin at 0; "
            "that is what the correction is made for.",
        ),
    ),
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
    remark="The first step has the length lr in every direction: m̂ = g and √ŝ = |g|.",
)


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


class AdamFixOnlyCounter(AdamOnlyMeanCorrected):
    pass


ADAM_FIX = Exercise(
    id="ch09.adam_fix",
    title="Mend the Adam that jumps",
    kind="debug",
    points=2,
    reference=Adam,
    accepted=(nn.Adam, AdamByRate, AdamByPowers),
    mistakes=(
        Mistake(
            "still the given code",
            GivenAdam,
            "Two things are still wrong, as in the given code: one of the memories is never "
            "corrected, and the other always as if it were the first step.",
        ),
        Mistake("only the counter mended", AdamFixOnlyCounter, ONLY_MEAN),
        Mistake("only the correction mended", AdamStuckCounter, STUCK),
        Mistake("corrections thrown out", AdamUncorrected, UNCORRECTED),
        *correction_mistakes(),
    ),
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


# --- first weights ----------------------------------------------------------------------------


def draw_fans(rng: np.random.Generator) -> Iterator[Case]:
    fan_in, fan_out = rng.choice(np.arange(20, 300), size=2, replace=False).tolist()
    yield Case({"fan_in": 784, "fan_out": 50}, "784 inputs, 50 outputs")
    yield Case({"fan_in": fan_in, "fan_out": fan_out}, f"{fan_in} inputs, {fan_out} outputs")
    yield Case({"fan_in": 3, "fan_out": 400}, "many more outputs than inputs")
    yield Case({"fan_in": 1, "fan_out": 7}, "a single input")


def draw_fan_in(rng: np.random.Generator) -> Iterator[Case]:
    for case in draw_fans(rng):
        yield Case({"fan_in": case.inputs["fan_in"]}, case.note.partition(",")[0])


XAVIER = Exercise(
    id="ch09.xavier",
    title="Xavier's standard deviation",
    kind="function",
    points=2,
    reference=lambda fan_in, fan_out: math.sqrt(2 / (fan_in + fan_out)),
    accepted=(
        nn.xavier,
        lambda fan_in, fan_out: ((fan_in + fan_out) / 2) ** -0.5,
        lambda fan_in, fan_out: np.sqrt(1 / np.mean([fan_in, fan_out])),
    ),
    mistakes=(
        Mistake(
            "inputs only",
            lambda fan_in, fan_out: math.sqrt(1 / fan_in),
            "You use the number of inputs only. That keeps the signal on its way forward; Xavier's "
            "compromise looks at the gradient's way back as well.",
        ),
        Mistake(
            "that is He's",
            lambda fan_in, fan_out: math.sqrt(2 / fan_in),
            "That is He's rule, which looks at the inputs only and has a factor of 2 for ReLU.",
        ),
        Mistake(
            "variance",
            lambda fan_in, fan_out: 2 / (fan_in + fan_out),
            "That is the variance. The standard deviation is its root.",
        ),
        Mistake(
            "the limit of a uniform distribution",
            lambda fan_in, fan_out: math.sqrt(6 / (fan_in + fan_out)),
            "√6 belongs to the uniform distribution: it is the limit ±a between which numbers are "
            "drawn. Its standard deviation is a/√3, and that is what is asked for.",
        ),
        Mistake(
            "without the 2",
            lambda fan_in, fan_out: math.sqrt(1 / (fan_in + fan_out)),
            "The sum of both numbers is twice their mean. The variance is 1 over the *mean*.",
        ),
        Mistake(
            "outputs only",
            lambda fan_in, fan_out: math.sqrt(1 / fan_out),
            "You use the number of outputs only. That keeps the gradient's size; the signal's way "
            "forward counts as much.",
        ),
        Mistake(
            "2 outside of the root",
            lambda fan_in, fan_out: 2 / math.sqrt(fan_in + fan_out),
            "The 2 stands outside of the root; it belongs to the variance, below it.",
        ),
        Mistake(
            "product",
            lambda fan_in, fan_out: math.sqrt(2 / (fan_in * fan_out)),
            "You multiply the two numbers: that counts the weights. The mean of the two needs "
            "their sum.",
        ),
        Mistake(
            "mean of the variances",
            lambda fan_in, fan_out: math.sqrt((1 / fan_in + 1 / fan_out) / 2),
            "You take the mean of the two variances. Xavier's variance is 1 over the mean of the "
            "two *numbers*, which is something else.",
        ),
        Mistake(
            "mean of the deviations",
            lambda fan_in, fan_out: (fan_in**-0.5 + fan_out**-0.5) / 2,
            "You take the mean of the two standard deviations. Xavier's variance is 1 over the "
            "mean of the two numbers fan_in and fan_out.",
        ),
        Mistake(
            "the root of 2 and no other",
            lambda fan_in, fan_out: math.sqrt(2) / (fan_in + fan_out),
            "The root covers only the 2. The sum of both numbers belongs below it as well.",
        ),
        Mistake(
            "brackets missing",
            lambda fan_in, fan_out: math.sqrt(2 / fan_in + fan_out),
            "Without brackets Python divides by fan_in alone and then adds fan_out.",
        ),
        Mistake(
            "upside down",
            lambda fan_in, fan_out: math.sqrt((fan_in + fan_out) / 2),
            "Upside down: your weights get larger the more inputs there are. More summands need "
            "smaller weights.",
        ),
    ),
    hints=(
        "Forward the variance should be 1 / fan_in, backward 1 / fan_out. What lies between?",
        "The variance is 1 over the mean of fan_in and fan_out. Which number is asked for, the "
        "variance or its root?",
        "The skeleton:\n    variance = … / (fan_in + …)\n    return …",
    ),
    probe=Probe(call, {"returns": ("std",)}),
    draw=draw_fans,
    remark="For a square layer of 100 units that is 0.1: a tenth of N(0, 1).",
)

HE = Exercise(
    id="ch09.he",
    title="He's standard deviation",
    kind="function",
    points=2,
    reference=lambda fan_in: math.sqrt(2 / fan_in),
    accepted=(
        nn.he,
        lambda fan_in: (fan_in / 2) ** -0.5,
        lambda fan_in: np.exp(0.5 * (np.log(2) - np.log(fan_in))),
    ),
    mistakes=(
        Mistake(
            "without the 2",
            lambda fan_in: math.sqrt(1 / fan_in),
            "That is right for a layer without ReLU. ReLU throws half of the mean square away, and "
            "He makes up for it.",
        ),
        Mistake(
            "variance",
            lambda fan_in: 2 / fan_in,
            "That is the variance. The standard deviation is its root.",
        ),
        Mistake(
            "2 outside of the root",
            lambda fan_in: 2 / math.sqrt(fan_in),
            "The 2 stands outside of the root. It is the variance that has to be doubled; the "
            "standard deviation then grows by √2.",
        ),
        Mistake(
            "the root of 2 and no other",
            lambda fan_in: math.sqrt(2) / fan_in,
            "The root covers only the 2. The number of inputs belongs below it as well.",
        ),
        Mistake(
            "halved instead of doubled",
            lambda fan_in: math.sqrt(1 / (2 * fan_in)),
            "You halve the variance. ReLU halves the signal already; the weights have to make up "
            "for it, not join in.",
        ),
        Mistake(
            "the limit of a uniform distribution",
            lambda fan_in: math.sqrt(6 / fan_in),
            "√6 belongs to the uniform distribution: it is the limit ±a between which numbers are "
            "drawn, not their standard deviation.",
        ),
        Mistake(
            "upside down",
            lambda fan_in: math.sqrt(fan_in / 2),
            "Upside down: your weights get larger the more inputs there are. More summands need "
            "smaller weights.",
        ),
    ),
    hints=(
        "Which variance keeps the signal without ReLU? What does ReLU do to the mean square?",
        "Each output adds up fan_in products; ReLU then throws away half of the mean square. The "
        "variance has to make up for both.",
        "The skeleton:\n    variance = … / fan_in\n    return …",
    ),
    probe=Probe(call, {"returns": ("std",)}),
    draw=draw_fan_in,
    remark="Only √2 more than without ReLU, but after twenty layers that makes a factor of 1,000.",
)


# --- weight decay -----------------------------------------------------------------------------


def weight_decay(params, grads, strength):
    penalty = 0.0
    for name, p in params.items():
        if name.startswith("W"):
            penalty += 0.5 * strength * np.sum(p**2)
            grads[name] += strength * p
    return penalty


def decay_from_new_arrays(params, grads, strength):
    weights = [name for name in grads if name[0] == "W"]
    grads.update({name: grads[name] + strength * params[name] for name in weights})
    return strength / 2 * sum(float(np.vdot(params[name], params[name])) for name in weights)


def decay_by_numbers(params, grads, strength):
    total = 0.0
    for name in params:
        if not name.startswith("W"):
            continue
        for at, w in np.ndenumerate(params[name]):
            total += float(w) ** 2
            grads[name][at] += strength * w
    return strength * total / 2


def decay_of(
    chosen: Callable[[str], bool] = lambda name: name.startswith("W"),
    half: float = 0.5,
    slope: float = 1.0,
) -> Any:
    """Return a weight decay of other parameters, or with other factors."""

    def answer(params, grads, strength):
        for name in filter(chosen, params):
            grads[name] += slope * strength * params[name]
        return half * strength * sum(np.sum(params[name] ** 2) for name in filter(chosen, params))

    return answer


def decay_absolute(params, grads, strength):
    penalty = 0.0
    for name, p in params.items():
        if name.startswith("W"):
            penalty += strength * np.abs(p).sum()
            grads[name] += strength * np.sign(p)
    return penalty


def decay_last_only(params, grads, strength):
    for name, p in params.items():
        if name.startswith("W"):
            penalty = 0.5 * strength * np.sum(p**2)
            grads[name] += strength * p
    return penalty


def decay_replaces(params, grads, strength):
    for name, p in params.items():
        if name.startswith("W"):
            grads[name] = strength * p
    return decay_of(slope=0)(params, grads, strength)


def decay_without_strength(params, grads, strength):
    for name, p in params.items():
        if name.startswith("W"):
            grads[name] += p
    return decay_of(slope=0)(params, grads, strength)


def decay_shrinks(params, grads, strength):
    penalty = decay_of(slope=0)(params, grads, strength)
    for name in params:
        if name.startswith("W"):
            params[name] -= strength * params[name]
    return penalty


def decay_root(params, grads, strength):
    penalty = 0.0
    for name, p in params.items():
        if name.startswith("W"):
            penalty += 0.5 * strength * np.sqrt(np.sum(p**2))
            grads[name] += strength * p
    return penalty


def decay_mean(params, grads, strength):
    penalty = 0.0
    for name, p in params.items():
        if name.startswith("W"):
            penalty += 0.5 * strength * np.mean(p**2)
            grads[name] += strength * p
    return penalty


def decay_silent(params, grads, strength):
    decay_of()(params, grads, strength)


def decay_first_only(params, grads, strength):
    for name, p in params.items():
        if name.startswith("W"):
            grads[name] += strength * p
            return 0.5 * strength * np.sum(p**2)


def decay_square_of_sum(params, grads, strength):
    penalty = 0.0
    for name, p in params.items():
        if name.startswith("W"):
            penalty += 0.5 * strength * np.sum(p) ** 2
            grads[name] += strength * p
    return penalty


def decay_penalty_on_gradient(params, grads, strength):
    penalty = 0.0
    for name, p in params.items():
        if name.startswith("W"):
            part = 0.5 * strength * np.sum(p**2)
            grads[name] += part
            penalty += part
    return penalty


def draw_decay(rng: np.random.Generator) -> Iterator[Case]:
    def case(
        strength: float, note: str, dtype: type = np.float64, norm: bool = False, layers: int = 2
    ) -> Case:
        d, m, c = rng.choice(np.arange(2, 7), size=3, replace=False).tolist()
        shapes: dict[str, tuple[int, ...]] = {"W1": (d, m), "b1": (m,), "W2": (m, c), "b2": (c,)}
        if layers == 3:
            shapes |= {"W3": (c, d), "b3": (d,)}
        if norm:
            shapes = {"W1": (d, m), "b1": (m,), "gamma1": (m,), "beta1": (m,), "W2": (m, 1)}
        arrays: list[dict[str, Any]] = [
            {name: rng.normal(size=shape).astype(dtype) for name, shape in shapes.items()}
            for _ in range(2)
        ]
        inputs = {"params": arrays[0], "grads": arrays[1], "strength": strength}
        return Case(inputs, note)

    yield case(float(rng.uniform(0.2, 0.8)), "two weights, two biases")
    yield case(float(rng.uniform(0.01, 0.1)), "with gamma1 and beta1 of a batch norm", norm=True)
    yield case(float(rng.uniform(0.2, 0.8)), "three weights, three biases", layers=3)
    yield case(0.0, "strength 0")
    yield case(float(rng.uniform(0.2, 0.8)), "float32", np.float32)


WEIGHT_DECAY = Exercise(
    id="ch09.weight_decay",
    title="Weight decay",
    kind="function",
    points=3,
    reference=weight_decay,
    accepted=(nn.weight_decay, decay_from_new_arrays, decay_by_numbers),
    mistakes=(
        Mistake(
            "biases too",
            decay_of(lambda name: True),
            "You pull at every parameter. Only the weights are meant, the parameters whose names "
            "begin with W: a bias, or the scale of a batch norm, makes no function wild.",
        ),
        Mistake(
            "all but the biases",
            decay_of(lambda name: not name.startswith("b")),
            "You leave out the biases and pull at everything else. Other layers have parameters, "
            "too, such as the scale of a batch norm; a weight's name begins with W.",
        ),
        Mistake(
            "two layers only",
            decay_of(lambda name: name in ("W1", "W2")),
            "You name `W1` and `W2` yourself. A network may have more layers than two.",
        ),
        Mistake(
            "gradient twice as large",
            decay_of(slope=2.0),
            "Loss and gradient do not agree: the penalty has its ½, and the gradient is that of a "
            "penalty without it. Differentiate the penalty once more.",
        ),
        Mistake(
            "penalty without its half",
            decay_of(half=1.0),
            "Loss and gradient do not agree: the gradient is right for a penalty with ½ in front, "
            "and yours has none.",
        ),
        Mistake(
            "both without the half",
            decay_of(half=1.0, slope=2.0),
            "Loss and gradient agree with each other, and both are twice too large: the penalty "
            "asked for has ½ in front.",
        ),
        Mistake(
            "gradient forgotten",
            decay_of(slope=0),
            "The penalty is in the loss, and the gradient knows nothing of it. Training follows "
            "the gradient, so nothing would decay.",
        ),
        Mistake(
            "sign turned",
            decay_of(slope=-1.0),
            "You subtract the penalty's gradient. SGD subtracts the whole gradient later, so this "
            "makes the weights grow.",
        ),
        Mistake(
            "absolute values",
            decay_absolute,
            "That is the other penalty, Σ|W|, called L1. Weight decay takes squares.",
        ),
        Mistake(
            "last layer only",
            decay_last_only,
            "Your penalty is that of the last layer: `=` where the layers' penalties should add "
            "up.",
        ),
        Mistake(
            "first layer only",
            decay_first_only,
            "You return inside the loop, so only the first layer has its turn.",
        ),
        Mistake(
            "gradient half as large",
            decay_of(slope=0.5),
            "Loss and gradient do not agree: the ½ is in the gradient as well. Differentiate the "
            "penalty once more: what does the square bring along?",
        ),
        Mistake(
            "square of the sum",
            decay_square_of_sum,
            "You square the sum of the weights. Positive and negative ones cancel there; square "
            "each weight, then add up.",
        ),
        Mistake(
            "penalty added to the gradient",
            decay_penalty_on_gradient,
            "You add the penalty itself to every gradient. What belongs there is its derivative "
            "with respect to that weight.",
        ),
        Mistake(
            "gradient replaced",
            decay_replaces,
            "You write the penalty's gradient over the gradient of the loss. It has to come on "
            "top of it.",
        ),
        Mistake(
            "strength forgotten in the gradient",
            decay_without_strength,
            "The gradient gets the whole weight. The strength stands in the penalty, so it stands "
            "in its derivative too.",
        ),
        Mistake(
            "weights shrunk at once",
            decay_shrinks,
            "You shrink the weights themselves. This function leaves `params` alone and changes "
            "the gradients; the optimiser takes the step.",
        ),
        Mistake(
            "root of the sum",
            decay_root,
            "You take the root of the sum of squares, the length of the weights. The penalty is "
            "about the squares.",
        ),
        Mistake(
            "mean of squares",
            decay_mean,
            "Your penalty has the mean of the squares. Then its derivative would have a 1/size in "
            "it, and yours has none.",
        ),
        Mistake(
            "nothing returned",
            decay_silent,
            "The gradients are right. The penalty is missing from what you return; without it the "
            "loss is not the one that is minimised.",
        ),
    ),
    hints=(
        "What is the derivative of ½ · λ · w² with respect to w?",
        "Loop over the parameters. For each whose name begins with W, add its share to the penalty "
        "and λ · W to what `grads` already holds.",
        "The skeleton:\n    penalty = …\n    for name, W in params.items():\n"
        '        if name.startswith("W"):\n            penalty += …\n'
        "            grads[name] += …\n    return …",
    ),
    probe=Probe(probes.weight_decay),
    draw=draw_decay,
    outputs=(Output("penalty", rtol=1e-5), Output("grads", rtol=1e-5, atol=1e-6)),
    remark="The ½ is there so that the gradient is λ · W; loss and gradient fit together.",
)


# --- dropout ----------------------------------------------------------------------------------


class Dropout:
    def __init__(self, rate):
        self.rate = rate

    def forward(self, x, train=True, rng=None):
        self.mask = np.ones_like(x)
        if train:
            self.mask = (rng.random(x.shape) >= self.rate) / (1 - self.rate)
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


class DropoutByChoice(Dropout):
    def forward(self, x, train=True, rng=None):
        self.factors = None
        if not train:
            return x
        keep = 1 - self.rate
        self.factors = rng.choice([0.0, 1 / keep], p=[self.rate, keep], size=x.shape)
        return self.factors * x

    def backward(self, dout):
        return dout if self.factors is None else self.factors * dout


class DropoutByBinomial(Dropout):
    def forward(self, x, train=True, rng=None):
        self.hidden = rng.binomial(1, 1 - self.rate, x.shape) if train else None
        return np.where(self.hidden, x / (1 - self.rate), 0.0) if train else x.copy()

    def backward(self, dout):
        if self.hidden is None:
            return dout.copy()
        return np.where(self.hidden, dout / (1 - self.rate), 0.0)


class NotRescaled(Dropout):
    def forward(self, x, train=True, rng=None):
        self.mask = np.ones_like(x)
        if train:
            self.mask = 1.0 * (rng.random(x.shape) >= self.rate)
        return x * self.mask


class ClassicDropout(NotRescaled):
    def forward(self, x, train=True, rng=None):
        out = super().forward(x, train, rng)
        return out if train else out * (1 - self.rate)


class DividesByRate(Dropout):
    def forward(self, x, train=True, rng=None):
        self.mask = np.ones_like(x)
        if train:
            self.mask = (rng.random(x.shape) >= self.rate) / self.rate
        return x * self.mask


class KeepsTheRate(Dropout):
    def forward(self, x, train=True, rng=None):
        self.mask = np.ones_like(x)
        if train:
            self.mask = (rng.random(x.shape) < self.rate) / (1 - self.rate)
        return x * self.mask


class KeepsTheRateThroughout(Dropout):
    def forward(self, x, train=True, rng=None):
        self.mask = np.ones_like(x)
        if train:
            self.mask = (rng.random(x.shape) < self.rate) / self.rate
        return x * self.mask


class NewMaskBackward(Dropout):
    def forward(self, x, train=True, rng=None):
        self.train, self.rng = train, rng
        return super().forward(x, train, rng)

    def backward(self, dout):
        if self.train:
            self.mask = (self.rng.random(dout.shape) >= self.rate) / (1 - self.rate)
        return dout * self.mask


class NoMaskBackward(Dropout):
    def backward(self, dout):
        return dout


class BackwardNotRescaled(Dropout):
    def backward(self, dout):
        return dout * (self.mask > 0)


class BackwardRescaledTwice(Dropout):
    def backward(self, dout):
        return dout * self.mask * self.mask


class AlwaysActive(Dropout):
    def forward(self, x, train=True, rng=None):
        self.mask = (rng.random(x.shape) >= self.rate) / (1 - self.rate)
        return x * self.mask


class OldMaskAfterEvaluation(Dropout):
    def forward(self, x, train=True, rng=None):
        return super().forward(x, True, rng) if train else x


class WholeColumns(Dropout):
    def forward(self, x, train=True, rng=None):
        self.mask = np.ones_like(x)
        if train:
            self.mask = (rng.random(x.shape[1]) >= self.rate) / (1 - self.rate)
        return x * self.mask


class WholeRows(Dropout):
    def forward(self, x, train=True, rng=None):
        self.mask = np.ones_like(x)
        if train:
            self.mask = (rng.random((len(x), 1)) >= self.rate) / (1 - self.rate)
        return x * self.mask


class SameMaskAlways(Dropout):
    def forward(self, x, train=True, rng=None):
        return super().forward(x, train, np.random.default_rng(0))


class GlobalGenerator(Dropout):
    def forward(self, x, train=True, rng=None):
        return super().forward(x, train, np.random)


class DropsInPlace(Dropout):
    def forward(self, x, train=True, rng=None):
        self.mask = np.ones_like(x)
        if train:
            self.mask = (rng.random(x.shape) >= self.rate) / (1 - self.rate)
            x *= self.mask
        return x


class AsksForTheGenerator(Dropout):
    def forward(self, x, train=True, rng=None):
        return super().forward(x, rng is not None, rng)


class FixedNumber(Dropout):
    """As many units in each sample, chosen by a permutation."""

    def forward(self, x, train=True, rng=None):
        self.mask = np.ones_like(x)
        if train:
            for row in self.mask:
                row[rng.permutation(len(row))[: round(self.rate * len(row))]] = 0
            self.mask /= 1 - self.rate
        return x * self.mask


class ScaledInEvaluation(Dropout):
    def forward(self, x, train=True, rng=None):
        out = super().forward(x, train, rng)
        return out if train else out / (1 - self.rate)


class MultipliesByRest(Dropout):
    def forward(self, x, train=True, rng=None):
        self.mask = np.ones_like(x)
        if train:
            self.mask = (rng.random(x.shape) >= self.rate) * (1 - self.rate)
        return x * self.mask


class NormalNumbers(Dropout):
    def forward(self, x, train=True, rng=None):
        self.mask = np.ones_like(x)
        if train:
            self.mask = (rng.standard_normal(x.shape) >= self.rate) / (1 - self.rate)
        return x * self.mask


class LikeRelu(Dropout):
    def forward(self, x, train=True, rng=None):
        self.out = super().forward(x, train, rng)
        return self.out if train else x

    def backward(self, dout):
        return dout * (self.out > 0)


class ScaledByChance(Dropout):
    def forward(self, x, train=True, rng=None):
        self.mask = np.ones_like(x)
        if train:
            kept = rng.random(x.shape) >= self.rate
            self.mask = kept / kept.mean()
        return x * self.mask


class ReturnsTheMask(Dropout):
    def forward(self, x, train=True, rng=None):
        super().forward(x, train, rng)
        return self.mask


class ScaledOnlyBackward(Dropout):
    def backward(self, dout):
        return dout * self.mask.max()


def draw_dropout(rng: np.random.Generator) -> Iterator[Case]:
    def case(rate: float, n: int, d: int, note: str, dtype: type = np.float64) -> Case:
        x, dout = (rng.uniform(0.5, 2, (n, d)) * rng.choice([-1, 1], (n, d)) for _ in range(2))
        return Case(
            {
                "rate": rate,
                "x": x.astype(dtype),
                "dout": dout.astype(dtype),
                "seed": int(rng.integers(1_000_000)),
            },
            note,
        )

    yield case(0.2, 60, 50, "rate 0.2, x of shape (60, 50)")
    yield case(0.4, 1, 3000, "rate 0.4, a batch of one")
    yield case(0.0, 3, 4, "rate 0: nothing is dropped")
    yield case(0.3, 50, 60, "rate 0.3, float32", np.float32)


def expects(wanted: str, text: str) -> Callable[[Mapping[str, Any], Any, Any], str | None]:
    """Return a comparison of two words; other words than the expected one give this text."""

    def compare(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
        if isinstance(got, str) and got == expected:
            return None
        return text if expected == wanted else f"{got} instead of {expected}."

    return compare


def factors(name: str, method: str) -> Callable[[Mapping[str, Any], Any, Any], str | None]:
    """Return a comparison of the factors by which a method multiplies what it is given."""

    def compare(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
        if same(got, expected, rtol=1e-3, atol=1e-6):
            return None
        if not isinstance(got, np.ndarray):
            return f"The factors of `{method}` could not be found."
        listed = ", ".join(f"{number:.4g}" for number in got.ravel()[:6])
        wanted = " or ".join(f"{number:.4g}" for number in expected)
        return f"`{method}` multiplies the numbers of {name} by {listed}; expected {wanted}."

    return compare


def share(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    if is_number(got) and got == expected:
        return None
    return f"The part of x that is dropped is {got!s:.20}, expected {expected} as the rate says."


DROPOUT = Exercise(
    id="ch09.Dropout",
    title="Dropout",
    kind="class",
    points=3,
    reference=Dropout,
    accepted=(nn.Dropout, DropoutByChoice, DropoutByBinomial),
    mistakes=(
        Mistake(
            "not rescaled",
            NotRescaled,
            "What stays is not scaled up. In training the next layer then gets less than in "
            "evaluation, where nothing is missing.",
        ),
        Mistake(
            "rescaled in evaluation",
            ClassicDropout,
            "You scale down in evaluation in place of scaling up in training. That was the first "
            "form of dropout; the inverted form leaves evaluation alone.",
        ),
        Mistake(
            "divided by the rate",
            DividesByRate,
            "You divide by the part that is dropped. To keep the mean, divide by the part that is "
            "left.",
        ),
        Mistake(
            "keeps what it should drop",
            KeepsTheRate,
            "You keep the part `rate` of the units and drop the others: the comparison is the "
            "wrong way round.",
        ),
        Mistake(
            "rate read as the part to keep",
            KeepsTheRateThroughout,
            "You read `rate` as the part that is kept, throughout. Here, as in PyTorch, it is the "
            "part that is dropped.",
        ),
        Mistake(
            "new mask on the way back",
            NewMaskBackward,
            "`backward` draws a mask of its own. The gradient has to pass exactly the units that "
            "took part in the forward pass.",
        ),
        Mistake(
            "no mask on the way back",
            NoMaskBackward,
            "`backward` hands `dout` on as it is. A unit that was switched off did not influence "
            "the loss, so it gets no gradient.",
        ),
        Mistake(
            "gradient not rescaled",
            BackwardNotRescaled,
            "The right units are blocked on the way back, and the factor of the others is missing. "
            "Forward they were scaled up; the local derivative is that factor.",
        ),
        Mistake(
            "gradient rescaled twice",
            BackwardRescaledTwice,
            "On the way back the scale is applied twice.",
        ),
        Mistake(
            "scaled and not blocked on the way back",
            ScaledOnlyBackward,
            "`backward` scales everything up and blocks nothing. A unit that was switched off did "
            "not influence the loss, so it gets no gradient.",
        ),
        Mistake(
            "blocked where the output is negative",
            LikeRelu,
            "`backward` asks where the output was positive. That is ReLU's rule; here a negative "
            "number that was kept has a gradient, too.",
        ),
        Mistake(
            "multiplied by the part that is left",
            MultipliesByRest,
            "You multiply by the part that is left, so that still less arrives. What stays has to "
            "make up for what is gone.",
        ),
        Mistake(
            "scaled in evaluation too",
            ScaledInEvaluation,
            "In evaluation all units take part and nothing is missing, so there is nothing to "
            "make up for.",
        ),
        Mistake(
            "asks for rng instead of train",
            AsksForTheGenerator,
            "Whether your layer drops depends on `rng`. It is `train` that decides: in evaluation "
            "nothing is dropped, even if somebody hands over a generator.",
        ),
        Mistake(
            "a fixed number in each sample",
            FixedNumber,
            "You drop the same number of units in every sample. Each entry is drawn for itself; "
            "how many are gone is then a matter of chance.",
        ),
        Mistake(
            "normal numbers",
            NormalNumbers,
            "You compare normally distributed numbers with the rate. The probability that a number "
            "is below `rate` equals `rate` only if it is drawn evenly between 0 and 1.",
        ),
        Mistake(
            "scaled by what chance has left",
            ScaledByChance,
            "You divide by the part that happens to be left in this batch. The factor belongs to "
            "the probability and is the same for every batch.",
        ),
        Mistake(
            "returns the mask",
            ReturnsTheMask,
            "`forward` returns the mask. The layer's output is `x` times the mask.",
        ),
        Mistake(
            "active in evaluation",
            AlwaysActive,
            "`train` is ignored: the layer drops units in evaluation as well, and predictions "
            "become random.",
        ),
        Mistake(
            "old mask after an evaluation",
            OldMaskAfterEvaluation,
            "After an evaluation, `backward` still uses the mask of an earlier training batch. "
            "In evaluation the layer does nothing, there and back.",
        ),
        Mistake(
            "same units for all samples",
            WholeColumns,
            "One mask serves the whole batch: all samples lose the same units. Every sample gets "
            "a draw of its own.",
        ),
        Mistake(
            "whole samples",
            WholeRows,
            "You drop whole samples. Dropout switches off single units of each.",
        ),
        Mistake(
            "same mask every time",
            SameMaskAlways,
            "Every batch loses the same units: the mask is not drawn anew from `rng`. Units that "
            "are always off are a smaller network, not dropout.",
        ),
        Mistake(
            "global generator",
            GlobalGenerator,
            "The mask does not come from `rng`, so nobody can repeat a run. Draw from the "
            "generator that you are given.",
            recognise=lambda cases, seen: any("mask" in one.unstable for one in seen),
        ),
        Mistake(
            "changes x",
            DropsInPlace,
            "You write the zeros into `x` itself. It is the output of the layer below, which may "
            "need it on its way back.",
        ),
    ),
    hints=(
        "Which two things must `forward` leave behind for `backward`, in training and in "
        "evaluation? One attribute can hold both.",
        "Draw a number from 0 to 1 for every entry; where it is below the rate, the entry is "
        "dropped. What is kept is divided by the part that is kept. `backward` multiplies by the "
        "same factors.",
        "The skeleton:\n    if train:\n        kept = rng.random(x.shape) …\n"
        "        self.mask = … / …\n    else:\n        self.mask = …\n    return …",
    ),
    probe=Probe(probes.dropout),
    draw=draw_dropout,
    outputs=(
        Output("mask", compare=lambda inputs, got, expected: None),
        Output(
            "units on the way back",
            compare=expects(
                "those of forward",
                "`backward` blocks other units than `forward` switched off.",
            ),
        ),
        Output(
            "units",
            compare=expects(
                "each for itself",
                "All samples lose the same units or equally many, or all units of a sample go "
                "together; each entry of x should be drawn for itself.",
            ),
        ),
        Output(
            "second batch",
            compare=expects(
                "other units", "The second forward pass drops exactly the units of the first one."
            ),
        ),
        *(
            Output(f"{name}{batch}", rtol=1e-3, compare=factors(*words))
            for name, words in (
                ("factors", ("x", "forward")),
                ("factors on the way back", ("dout", "backward")),
            )
            for batch in ("", ", second batch")
        ),
        Output("dropped share", compare=share),
    ),
    remark="The mean output is the same with and without dropout: that is what the factor is for.",
)


# --- batch normalisation ----------------------------------------------------------------------


class BatchNorm:
    def __init__(self, size, momentum=0.1, eps=1e-5):
        self.gamma, self.beta = np.ones(size), np.zeros(size)
        self.running_mean, self.running_var = np.zeros(size), np.ones(size)
        self.momentum, self.eps = momentum, eps

    def forward(self, x, train=True):
        mean, var = self.running_mean, self.running_var
        if train:
            mean, var = self.statistics(x)
            self.learn(mean, var, len(x))
        self.scale = 1 / np.sqrt(var + self.eps)
        self.x_hat = (x - mean) * self.scale
        return self.gamma * self.x_hat + self.beta

    def statistics(self, x):
        return x.mean(axis=0), x.var(axis=0)

    def learn(self, mean, var, n):
        a = self.momentum
        self.running_mean = (1 - a) * self.running_mean + a * mean
        self.running_var = (1 - a) * self.running_var + a * var * n / (n - 1)

    def backward(self, dout):
        self.dgamma = np.sum(dout * self.x_hat, axis=0)
        self.dbeta = np.sum(dout, axis=0)
        d = dout * self.gamma
        along = np.mean(d * self.x_hat, axis=0)
        return (d - d.mean(axis=0) - self.x_hat * along) * self.scale


class BatchNormByNodes(BatchNorm):
    """Backward gate by gate through the graph."""

    def forward(self, x, train=True):
        if not train:
            root = (self.running_var + self.eps) ** 0.5
            return (x - self.running_mean) / root * self.gamma + self.beta
        n = len(x)
        self.centred = x - x.sum(axis=0) / n
        var = (self.centred**2).sum(axis=0) / n
        self.root = (var + self.eps) ** 0.5
        self.normal = self.centred / self.root
        self.running_mean += self.momentum * (x.mean(axis=0) - self.running_mean)
        self.running_var += self.momentum * (x.var(axis=0, ddof=1) - self.running_var)
        return self.normal * self.gamma + self.beta

    def backward(self, dout):
        n = len(dout)
        self.dbeta = np.ones(n) @ dout
        self.dgamma = np.einsum("nm,nm->m", dout, self.normal)
        d_normal = dout * self.gamma
        d_root = -(d_normal * self.centred).sum(axis=0) / self.root**2
        d_var = d_root / (2 * self.root)
        d_centred = d_normal / self.root + self.centred * 2 * d_var / n
        return d_centred - d_centred.sum(axis=0) / n


class BatchNormByColumns(BatchNorm):
    """One feature at a time, with the whole Jacobian of its normalisation."""

    def backward(self, dout):
        n, m = dout.shape
        self.dgamma, self.dbeta, dx = np.zeros(m), np.zeros(m), np.zeros((n, m))
        for j in range(m):
            h = self.x_hat[:, j]
            self.dgamma[j], self.dbeta[j] = dout[:, j] @ h, dout[:, j].sum()
            jacobian = self.scale[j] * (np.eye(n) - 1 / n - np.outer(h, h) / n)
            dx[:, j] = jacobian @ (self.gamma[j] * dout[:, j])
        return dx


class OverFeatures(BatchNorm):
    def statistics(self, x):
        return x.mean(axis=1, keepdims=True), x.var(axis=1, keepdims=True)


class OneForAll(BatchNorm):
    def statistics(self, x):
        return x.mean(), x.var()


class UnbiasedEverywhere(BatchNorm):
    def statistics(self, x):
        return x.mean(axis=0), x.var(axis=0, ddof=1)

    def learn(self, mean, var, n):
        a = self.momentum
        self.running_mean = (1 - a) * self.running_mean + a * mean
        self.running_var = (1 - a) * self.running_var + a * var


class BiasedRunning(BatchNorm):
    def learn(self, mean, var, n):
        a = self.momentum
        self.running_mean = (1 - a) * self.running_mean + a * mean
        self.running_var = (1 - a) * self.running_var + a * var


class MomentumSwapped(BatchNorm):
    def learn(self, mean, var, n):
        a = self.momentum
        self.running_mean = a * self.running_mean + (1 - a) * mean
        self.running_var = a * self.running_var + (1 - a) * var * n / (n - 1)


class LastBatchOnly(BatchNorm):
    def learn(self, mean, var, n):
        self.running_mean, self.running_var = mean, var * n / (n - 1)


class NeverLearns(BatchNorm):
    def learn(self, mean, var, n):
        pass


class BatchStatisticsAlways(BatchNorm):
    def forward(self, x, train=True):
        if train:
            return super().forward(x, True)
        mean, var = self.statistics(x)
        return self.gamma * (x - mean) / np.sqrt(var + self.eps) + self.beta


class LearnsInEvaluation(BatchNorm):
    def forward(self, x, train=True):
        if not train:
            mean, var = self.statistics(x)
            self.learn(mean, var, max(len(x), 2))
        return super().forward(x, train)


class RunningInTraining(BatchNorm):
    def forward(self, x, train=True):
        if train:
            self.learn(*self.statistics(x), len(x))
        return super().forward(x, False)


class BnNoEps(BatchNorm):
    def forward(self, x, train=True):
        mean, var = self.running_mean, self.running_var
        if train:
            mean, var = self.statistics(x)
            self.learn(mean, var, len(x))
        self.scale = 1 / np.sqrt(var)
        self.x_hat = (x - mean) * self.scale
        return self.gamma * self.x_hat + self.beta


class BnEpsOutside(BatchNorm):
    def forward(self, x, train=True):
        mean, var = self.running_mean, self.running_var
        if train:
            mean, var = self.statistics(x)
            self.learn(mean, var, len(x))
        self.scale = 1 / (np.sqrt(var) + self.eps)
        self.x_hat = (x - mean) * self.scale
        return self.gamma * self.x_hat + self.beta


class DividesByVariance(BatchNorm):
    def forward(self, x, train=True):
        mean, var = self.running_mean, self.running_var
        if train:
            mean, var = self.statistics(x)
            self.learn(mean, var, len(x))
        self.scale = 1 / (var + self.eps)
        self.x_hat = (x - mean) * self.scale
        return self.gamma * self.x_hat + self.beta


class NoScaleAndShift(BatchNorm):
    def forward(self, x, train=True):
        super().forward(x, train)
        return self.x_hat


class StatisticsAsConstants(BatchNorm):
    def backward(self, dout):
        super().backward(dout)
        return dout * self.gamma * self.scale


class MeanPathForgotten(BatchNorm):
    def backward(self, dout):
        super().backward(dout)
        d = dout * self.gamma
        return (d - self.x_hat * np.mean(d * self.x_hat, axis=0)) * self.scale


class VariancePathForgotten(BatchNorm):
    def backward(self, dout):
        super().backward(dout)
        d = dout * self.gamma
        return (d - d.mean(axis=0)) * self.scale


class SumsInsteadOfMeans(BatchNorm):
    def backward(self, dout):
        super().backward(dout)
        d = dout * self.gamma
        along = np.sum(d * self.x_hat, axis=0)
        return (d - d.sum(axis=0) - self.x_hat * along) * self.scale


class GammaForgottenBackward(BatchNorm):
    def backward(self, dout):
        super().backward(dout)
        along = np.mean(dout * self.x_hat, axis=0)
        return (dout - dout.mean(axis=0) - self.x_hat * along) * self.scale


class DgammaFromX(BatchNorm):
    def forward(self, x, train=True):
        self.x = x
        return super().forward(x, train)

    def backward(self, dout):
        dx = super().backward(dout)
        self.dgamma = np.sum(dout * self.x, axis=0)
        return dx


class DgammaIsDbeta(BatchNorm):
    def backward(self, dout):
        dx = super().backward(dout)
        self.dgamma = dout.sum(axis=0)
        return dx


class ParametersAveraged(BatchNorm):
    def backward(self, dout):
        dx = super().backward(dout)
        self.dgamma, self.dbeta = self.dgamma / len(dout), self.dbeta / len(dout)
        return dx


class ParametersNotSummed(BatchNorm):
    def backward(self, dout):
        dx = super().backward(dout)
        self.dgamma, self.dbeta = dout * self.x_hat, dout
        return dx


class PlusAtTheEnd(BatchNorm):
    def backward(self, dout):
        super().backward(dout)
        d = dout * self.gamma
        return (d - d.mean(axis=0) + self.x_hat * np.mean(d * self.x_hat, axis=0)) * self.scale


class ScaleForgottenBackward(BatchNorm):
    def backward(self, dout):
        return super().backward(dout) / self.scale


class ScaleTurnedBackward(BatchNorm):
    def backward(self, dout):
        return super().backward(dout) / self.scale**2


class MeansOverAll(BatchNorm):
    def backward(self, dout):
        super().backward(dout)
        d = dout * self.gamma
        return (d - d.mean() - self.x_hat * np.mean(d * self.x_hat)) * self.scale


class XHatForgottenBackward(BatchNorm):
    def backward(self, dout):
        super().backward(dout)
        d = dout * self.gamma
        return (d - d.mean(axis=0) - np.mean(d * self.x_hat, axis=0)) * self.scale


class DgammaFromOutput(BatchNorm):
    def forward(self, x, train=True):
        self.out = super().forward(x, train)
        return self.out

    def backward(self, dout):
        dx = super().backward(dout)
        self.dgamma = np.sum(dout * self.out, axis=0)
        return dx


class ParametersSwapped(BatchNorm):
    def backward(self, dout):
        dx = super().backward(dout)
        self.dgamma, self.dbeta = self.dbeta, self.dgamma
        return dx


class GammaAndBetaSwapped(BatchNorm):
    def forward(self, x, train=True):
        super().forward(x, train)
        return self.beta * self.x_hat + self.gamma


class RunningDeviation(BatchNorm):
    def learn(self, mean, var, n):
        super().learn(mean, var, n)
        a, root = self.momentum, np.sqrt(var * n / (n - 1))
        self.running_var = self.running_var + a * (root - var * n / (n - 1))


class NothingFades(BatchNorm):
    def learn(self, mean, var, n):
        self.running_mean = self.running_mean + self.momentum * mean
        self.running_var = self.running_var + self.momentum * var * n / (n - 1)


class CorrectionTurned(BatchNorm):
    def learn(self, mean, var, n):
        super().learn(mean, var * ((n - 1) / n) ** 2, n)


def draw_batch_norm(rng: np.random.Generator) -> Iterator[Case]:
    def case(n: int, m: int, note: str, dtype: type = np.float64, new: int = 4) -> Case:
        def batch(size: int) -> Any:
            return (
                rng.normal(size=(size, m)) * rng.uniform(0.5, 3, m) + rng.normal(size=m)
            ).astype(dtype)

        inputs: dict[str, Any] = {
            "settings": (m, float(rng.uniform(0.1, 0.4)), float(rng.uniform(0.05, 0.2))),
            "gamma": rng.uniform(0.5, 2, m),
            "beta": rng.normal(size=m),
        }
        for name, size in (("", n), ("second ", n + 2)):
            inputs[f"{name}x"] = batch(size)
            inputs[f"{name}dout"] = rng.normal(size=(size, m)).astype(dtype)
        return Case(inputs | {"new x": batch(new)}, note)

    n, m, other = rng.choice(np.arange(3, 8), size=3, replace=False).tolist()
    yield case(n, m, f"N = {n}, M = {m}")
    yield case(other, n, "a single sample to evaluate", new=1)
    constant = case(m, other, "one feature is the same in all samples")
    constant.inputs["x"][:, 0] = 1.5
    yield Case(dict(constant.inputs) | {"settings": (other,)}, constant.note)
    yield case(m, n, "float32", np.float32)


BATCH_NORM_OUTPUTS = (
    *(
        Output(f"{batch}{name}", shape, why)
        for batch in ("", "second ")
        for name, shape, why in (
            ("out", "(N, M)", "the shape of x"),
            ("dx", "(N, M)", "the shape of x"),
            ("dgamma", "(M,)", "one number per feature"),
            ("dbeta", "(M,)", "one number per feature"),
            ("running_mean", "(M,)", "one number per feature"),
            ("running_var", "(M,)", "one number per feature"),
        )
    ),
    Output("evaluation out", "(N, M)", "the shape of x"),
)

BATCH_NORM = Exercise(
    id="ch09.BatchNorm",
    title="Batch normalisation",
    kind="class",
    points=5,
    reference=BatchNorm,
    accepted=(nn.BatchNorm, BatchNormByNodes, BatchNormByColumns),
    mistakes=(
        Mistake(
            "statistics of each sample",
            OverFeatures,
            "You take mean and variance over the features of each sample. That is layer "
            "normalisation; here every feature is looked at across the batch.",
        ),
        Mistake(
            "one mean for everything",
            OneForAll,
            "You take one mean and one variance for the whole array. Every feature has its own.",
        ),
        Mistake(
            "normalised by the unbiased variance",
            UnbiasedEverywhere,
            "You normalise by the variance with N − 1. The batch is normalised by its own variance, "
            "divided by N; N − 1 belongs to the running estimate only.",
        ),
        Mistake(
            "running variance divided by N",
            BiasedRunning,
            "Your running variance averages the batches' variances as they are. It estimates the "
            "variance of all data, and for that, as in PyTorch, each batch's is divided by N − 1.",
        ),
        Mistake(
            "momentum the other way round",
            MomentumSwapped,
            "You give the newest batch the weight 1 − momentum. Here, as in PyTorch, `momentum` is "
            "the weight of the newest batch.",
        ),
        Mistake(
            "last batch only",
            LastBatchOnly,
            "Your running statistics are those of the last batch alone. They should move towards "
            "it by a small part, so that many batches are in them.",
        ),
        Mistake(
            "running statistics never move",
            NeverLearns,
            "The running mean and variance stay at 0 and 1, so evaluation normalises nothing. "
            "Every training batch has to move them a little.",
        ),
        Mistake(
            "evaluation by its own statistics",
            BatchStatisticsAlways,
            "In evaluation you use the statistics of the batch at hand. A sample's prediction then "
            "depends on its neighbours, and a single sample becomes β.",
        ),
        Mistake(
            "learns in evaluation",
            LearnsInEvaluation,
            "Evaluation moves the running statistics. Looking at test data must not change the "
            "network.",
        ),
        Mistake(
            "running statistics in training",
            RunningInTraining,
            "You normalise training batches by the running statistics. In training a batch is "
            "normalised by its own mean and variance.",
        ),
        Mistake(
            "no eps",
            BnNoEps,
            "You divide by the root of the variance without `eps`. A feature that is the same in "
            "all samples has variance 0.",
        ),
        Mistake(
            "eps outside of the root",
            BnEpsOutside,
            "You add `eps` to the root. Here it is added to the variance, below the root; the "
            "optimisers did it the other way.",
        ),
        Mistake(
            "divided by the variance",
            DividesByVariance,
            "You divide by the variance. Its root, the standard deviation, is what makes the new "
            "variance 1.",
        ),
        Mistake(
            "no scale and shift",
            NoScaleAndShift,
            "You return x̂. `gamma` and `beta` have to come on top, so that the network can undo "
            "what it does not like.",
        ),
        Mistake(
            "mean and variance taken as constants",
            StatisticsAsConstants,
            "Your `dx` treats mean and variance as given numbers. In training both are made of "
            "`x`, so gradient flows back through them as well.",
        ),
        Mistake(
            "path through the mean forgotten",
            MeanPathForgotten,
            "The path through the variance is there, the one through the mean is not. Add the same "
            "number to a whole column and nothing may change: each column of `dx` sums to 0.",
        ),
        Mistake(
            "path through the variance forgotten",
            VariancePathForgotten,
            "The path through the mean is there, the one through the variance is not.",
        ),
        Mistake(
            "sums in place of means",
            SumsInsteadOfMeans,
            "You subtract sums over the batch where means belong. Each sample has only a share of "
            "1/N in the mean and in the variance.",
        ),
        Mistake(
            "gamma forgotten on the way back",
            GammaForgottenBackward,
            "x̂ is multiplied by `gamma` on the way forward, so its gradient is too.",
        ),
        Mistake(
            "dgamma from x",
            DgammaFromX,
            "`dgamma` is made with `x`. On the way forward `gamma` multiplies x̂.",
        ),
        Mistake(
            "dgamma like dbeta",
            DgammaIsDbeta,
            "Your `dgamma` is the sum of `dout`: that is `dbeta`. The factor that `gamma` "
            "multiplies is missing.",
        ),
        Mistake(
            "dgamma and dbeta swapped",
            ParametersSwapped,
            "`dgamma` and `dbeta` have changed places. β is only added, so nothing but `dout` "
            "stands in its gradient.",
        ),
        Mistake(
            "dgamma from the output",
            DgammaFromOutput,
            "`dgamma` is made with the layer's output. On the way forward `gamma` multiplies x̂.",
        ),
        Mistake(
            "gamma and beta swapped",
            GammaAndBetaSwapped,
            "`gamma` and `beta` have changed places in the output: γ is the factor, β the shift.",
        ),
        Mistake(
            "plus before the last term",
            PlusAtTheEnd,
            "The last term of your `dx` has the wrong sign: the part along x̂ is to be taken out, "
            "and you put it in a second time.",
        ),
        Mistake(
            "root forgotten on the way back",
            ScaleForgottenBackward,
            "Your `dx` is not divided by the root. On the way forward x is divided by it, so what "
            "comes back is as well.",
        ),
        Mistake(
            "multiplied by the root on the way back",
            ScaleTurnedBackward,
            "You multiply by the root on the way back. A stage that divides has 1 over the root "
            "as its slope, forward and backward.",
        ),
        Mistake(
            "means over all entries",
            MeansOverAll,
            "On the way back you take one mean over all entries. Both means are taken over the "
            "batch, for every feature by itself.",
        ),
        Mistake(
            "x̂ missing before the mean",
            XHatForgottenBackward,
            "In the last term of your `dx` the x̂ before the mean is missing. The same number is "
            "then subtracted from all samples.",
        ),
        Mistake(
            "running standard deviation",
            RunningDeviation,
            "Your running variance collects standard deviations. The root is taken where the "
            "batch is normalised, not in what is remembered.",
        ),
        Mistake(
            "nothing fades",
            NothingFades,
            "You add each batch's share and keep the old value whole: the running statistics "
            "grow and grow. The old value enters with the part that is left.",
        ),
        Mistake(
            "correction upside down",
            CorrectionTurned,
            "You make the batch variance smaller by (N − 1)/N. With N − 1 below the line in place "
            "of N, a variance gets larger.",
        ),
        Mistake(
            "parameters' gradients averaged",
            ParametersAveraged,
            "You divide `dgamma` and `dbeta` by N. All samples use them, and uses add up; a mean "
            "in the loss is already in `dout`.",
        ),
        Mistake(
            "parameters' gradients not summed",
            ParametersNotSummed,
            "Your `dgamma` and `dbeta` still have a row per sample. All samples share one γ and "
            "one β per feature.",
        ),
    ),
    hints=(
        "Forward first. Which mean and variance does a training batch use, which an evaluation, "
        "and what must `backward` find in the object afterwards?",
        "`dgamma` and `dbeta` are as for a weight and a bias of one number per feature. For `dx`: "
        "from dx̂ = γ · dout subtract its mean over the batch, and x̂ times the mean of dx̂ · x̂; "
        "then multiply by the scale 1/√(var + eps).",
        "The skeleton of the way back:\n    self.dgamma = (… * …).sum(axis=…)\n"
        "    self.dbeta = …\n    d = dout * …\n"
        "    dx = self.scale * (d - … - self.x_hat * …)      # two means over the batch",
    ),
    probe=Probe(probes.batch_norm),
    draw=draw_batch_norm,
    outputs=BATCH_NORM_OUTPUTS,
    remark="Each column of dx sums to 0: moving a whole feature changes nothing.",
)


# --- five layers ------------------------------------------------------------------------------

SIZES = (64, 100, 100, 100, 100, 10)
RATE, BATCH, EPOCHS, TARGET = 0.1, 50, 10, 0.9


def deep_start(sizes, rng):
    start = {}
    for number, (d, m) in enumerate(pairwise(sizes), 1):
        start[f"W{number}"] = rng.normal(0, math.sqrt(2 / d), (d, m))
        start[f"b{number}"] = np.zeros(m)
    return start


def deep_start_xavier(sizes, rng):
    limits = [math.sqrt(6 / (d + m)) for d, m in pairwise(sizes)]
    layers = list(zip(pairwise(sizes), limits, strict=True))
    weights = {f"W{i}": rng.uniform(-a, a, shape) for i, (shape, a) in enumerate(layers, 1)}
    return weights | {f"b{i}": np.zeros(size) for i, size in enumerate(sizes) if i}


def deep_start_orthogonal(sizes, rng):
    start = {}
    for i in range(1, len(sizes)):
        q, _ = np.linalg.qr(rng.standard_normal((max(sizes), max(sizes))))
        start[f"W{i}"] = math.sqrt(2) * q[: sizes[i - 1], : sizes[i]]
        start[f"b{i}"] = np.full(sizes[i], 0.01)
    return start


def start_with(std: Callable[[int, int], float], draw: Any = None) -> Any:
    """Return a start whose weights have this standard deviation, or are drawn in this way."""

    def answer(sizes, rng):
        start = {}
        for i, (d, m) in enumerate(pairwise(sizes), 1):
            noise = rng.standard_normal((d, m)) if draw is None else draw(rng, (d, m))
            start[f"W{i}"] = std(d, m) * noise
            start[f"b{i}"] = np.zeros(m)
        return start

    return answer


def transposed_start(sizes, rng):
    start = deep_start(sizes, rng)
    return {name: array.T for name, array in start.items()}


def start_from_global_generator(sizes, rng):
    return deep_start(sizes, np.random)


def train_from(start: Mapping[str, Any], seed: int) -> float:
    """Train the five-layer network from these parameters; return its accuracy on the test digits.

    The recipe of the notebook: ReLU, SGD with rate 0.1, mini-batches of 50, 10 epochs.
    """
    rng = np.random.default_rng(seed)
    digits = data.load_digits()
    net = nn.DeepNet(SIZES, rng)
    for name, array in net.params.items():
        array[...] = start[name]
    optimiser = nn.SGD(RATE)
    with np.errstate(all="ignore"):
        for _ in range(EPOCHS):
            for batch in nn.minibatches(len(digits.x_train), BATCH, rng):
                optimiser.update(
                    net.params, net.gradient(digits.x_train[batch], digits.t_train[batch])
                )
        return net.accuracy(digits.x_test, digits.t_test)


def start_problem(got: Any) -> str | None:
    """Say what is wrong with the form of a start, or None."""
    if not isinstance(got, dict):
        return "The answer returns no dictionary. It needs W1, b1, … W5, b5."
    for i, (d, m) in enumerate(pairwise(SIZES), 1):
        for name, shape in ((f"W{i}", (d, m)), (f"b{i}", (m,))):
            if name not in got:
                return f"{name} is missing. The dictionary needs W1, b1, … W5, b5."
            array = got[name]
            if not isinstance(array, np.ndarray) or array.dtype.kind not in "iuf":
                return f"{name} is no array of numbers; it needs the shape {shape}."
            if array.shape != shape:
                return f"{name} has shape {array.shape}, expected {shape}."
            if not np.isfinite(array).all():
                return f"{name} has numbers that are not finite."
    if len(got) > 2 * (len(SIZES) - 1):
        return "The dictionary has entries beside W1, b1, … W5, b5."
    return None


def reaches(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    problem = start_problem(got)
    if problem is not None:
        return problem
    accuracy = train_from(got, inputs["seed"])
    if accuracy >= TARGET:
        return None
    return (
        f"Trained from your start, the network gets {accuracy:.1%} of the test digits right; "
        f"{TARGET:.0%} are needed."
    )


def weights_of(seen: Sequence[Observation]) -> list[Any]:
    """Return W1 … W5 of a start that has the right form; none otherwise."""
    got: Any = seen[0].values.get("start") if seen else None
    return [] if start_problem(got) else [got[f"W{i}"] for i in range(1, len(SIZES))]


def weights_show(test: Callable[[Any, int], bool]) -> Callable[..., bool]:
    """Return what recognises a start by a test of its weights and their number of inputs."""

    def when(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
        weights = weights_of(seen)
        return bool(weights) and all(test(W, len(W)) for W in weights)

    return when


def is_drawn(W: Any) -> bool:
    """Tell whether weights look drawn: both signs, and not all the same."""
    return bool(W.min() < 0 < W.max() and W.std() > 0)


def is_variance(W: Any, fan_in: int) -> bool:
    return is_drawn(W) and bool(0.8 < W.std() * fan_in / 2 < 1.2)


def has_turned_shapes(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    got: Any = seen[0].values.get("start") if seen else None
    if not isinstance(got, dict):
        return False
    return all(
        isinstance(got.get(name), np.ndarray) and got[name].shape == shape
        for name, shape in (("W1", (100, 64)), ("W5", (10, 100)))
    )


REACH_DEEP = Exercise(
    id="ch09.reach_deep",
    title="Start a network of five layers",
    kind="target",
    points=4,
    reference=deep_start,
    accepted=(deep_start_xavier, deep_start_orthogonal),
    mistakes=(
        Mistake(
            "plain N(0, 1)",
            start_with(lambda d, m: 1.0),
            "Your weights have a standard deviation of about 1, whatever the layer's size. Every "
            "layer then makes the signal several times as large, and so do the gradients.",
            recognise=weights_show(lambda W, fan_in: is_drawn(W) and 0.8 < W.std() < 1.2),
        ),
        Mistake(
            "variance used as a standard deviation",
            start_with(lambda d, m: 2 / d),
            "Your weights have the standard deviation 2 / fan_in: that is He's variance, without "
            "the root. The signal fades from layer to layer.",
            recognise=weights_show(is_variance),
        ),
        Mistake(
            "far too small",
            start_with(lambda d, m: 0.01),
            "Your weights are so small that next to nothing arrives at the last layer, and next to "
            "no gradient at the first.",
            recognise=weights_show(
                lambda W, fan_in: is_drawn(W) and W.std() < 0.04 and not is_variance(W, fan_in)
            ),
        ),
        Mistake(
            "all zero",
            start_with(lambda d, m: 0.0),
            "All weights are zero. Nothing arrives anywhere, and the units of a layer can never "
            "become different from each other.",
            recognise=weights_show(lambda W, fan_in: not W.any()),
        ),
        Mistake(
            "all the same",
            start_with(lambda d, m: nn.he(d), lambda rng, shape: np.ones(shape)),
            "All weights of a layer are the same number, so all its units compute the same and "
            "learn the same. Only chance makes them different.",
            recognise=weights_show(lambda W, fan_in: bool(W.any()) and W.std() < 1e-9),
        ),
        Mistake(
            "no negative weights",
            start_with(lambda d, m: nn.he(d), lambda rng, shape: rng.random(shape)),
            "Your weights are all positive: their mean is not 0, and sums of many of them grow "
            "from layer to layer.",
            recognise=weights_show(lambda W, fan_in: W.min() >= 0 and W.std() > 1e-9),
        ),
        Mistake(
            "shapes turned",
            transposed_start,
            "Your weights have one row per output. In this course a weight has the shape (inputs, "
            "outputs).",
            recognise=has_turned_shapes,
        ),
        Mistake(
            "global generator",
            start_from_global_generator,
            "The weights do not come from `rng`, so nobody can repeat the start. Draw from the "
            "generator that you are given.",
            recognise=lambda cases, seen: bool(seen) and "start" in seen[0].unstable,
        ),
    ),
    hints=(
        "Look at the histograms for ReLU again. With which start does the signal have the same "
        "size in the first layer and in the fifth?",
        "Go through neighbouring sizes, (64, 100), (100, 100), …: each pair is a layer. Its "
        "weights are drawn with a standard deviation that belongs to its number of inputs; its "
        "biases are 0.",
        "The skeleton:\n    start = {}\n    for i in range(1, len(sizes)):\n"
        '        d, m = sizes[i - 1], …\n        start[f"W{i}"] = … * rng.standard_normal(…)\n'
        '        start[f"b{i}"] = …\n    return …',
    ),
    probe=Probe(probes.start),
    draw=lambda rng: [Case({"sizes": SIZES, "seed": int(rng.integers(1_000_000))})],
    outputs=(Output("start", compare=reaches),),
    remark="Nothing but the first weights has changed: five layers learn, or do not begin to.",
    seconds=10.0,
)

EXERCISES = (
    MOMENTUM,
    ADAGRAD,
    RMSPROP,
    ADAM,
    ADAM_FIX,
    XAVIER,
    HE,
    WEIGHT_DECAY,
    DROPOUT,
    BATCH_NORM,
    REACH_DEEP,
)
