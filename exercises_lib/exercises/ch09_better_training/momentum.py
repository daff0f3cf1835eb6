"""ch09.Momentum: momentum."""

from __future__ import annotations

from exercises_lib import nn
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


class Momentum:
    def __init__(self, lr=0.01, momentum=0.9):
        self.lr, self.momentum = lr, momentum
        self.v = {}

    def update(self, params, grads):
        for name, g in grads.items():
            self.v[name] = self.momentum * self.v.get(name, 0) + g
            params[name] -= self.lr * self.v[name]


class MomentumAsASum(Momentum):
    """The velocity written out: all gradients so far, the older the weaker."""

    def update(self, params, grads):
        self.v = {name: [*self.v.get(name, []), g.copy()] for name, g in grads.items()}
        for name, past in self.v.items():
            velocity = sum(self.momentum**age * g for age, g in enumerate(reversed(past)))
            params[name][...] = params[name] - self.lr * velocity


wrong = Mistakes(Momentum)

wrong.extend(optimiser_mistakes(Momentum, "velocity", "v"))

wrong.add(written_out_mistake(Momentum, momentum=0.9))

wrong.swap("velocity forgotten", "self.momentum * self.v.get(name, 0) + g", "g").says("""Your steps do not depend on earlier gradients: the velocity begins at 0 in every call.
    That is plain SGD. It has to be kept in the object.""")

wrong.swap("a mean instead of a sum", "+ g", "+ (1 - self.momentum) * g").says("""
    You multiply the new gradient by 1 − μ, which makes the velocity a moving mean. Adam does that;
    here the gradient is added as it is.""")

wrong.swap(
    "first gradient whole, later ones damped",
    "self.v[name] = self.momentum * self.v.get(name, 0) + g",
    """
    if name not in self.v:
        self.v[name] = g.copy()
    else:
        self.v[name] = self.momentum * self.v[name] + (1 - self.momentum) * g
""",
).says("""The first gradient enters whole and the later ones with a factor of 1 − μ. All of them are
    added as they are.""")

wrong.swap("Nesterov's momentum", "* self.v[name]", "* (g + self.momentum * self.v[name])").says("""
    That is Nesterov's variant, which looks one step ahead: the new gradient counts once more on top
    of the velocity. Here the step is the velocity alone.""")

wrong.swap("rate used twice", "+ g", "+ self.lr * g").says("""The learning rate is multiplied in
    twice, once in the velocity and once in the step.""")

wrong.swap(
    "the rate inside the velocity",
    "+ g",
    "- self.lr * g",
    "-= self.lr * self.v[name]",
    "+= self.v[name]",
).says("""Your velocity has the rate inside: the form of many books, and the same walk as long as
    the rate stays the same. When `lr` is lowered, the old velocity goes on with the old rate. Here
    the rate multiplies the whole velocity, at the step.""")

wrong.swap("nothing dies away", ".momentum * self.", ".").says("""
    Old gradients never fade: the velocity is a plain sum, and μ is not used.""")

wrong.swap(
    "new gradient damped too", "self.v.get(name, 0) + g", "(self.v.get(name, 0) + g)"
).says("""You multiply by μ after adding the new gradient, so that it is damped before it ever acts.
    Only the old velocity fades.""")

wrong.swap(
    "step before the velocity is new",
    """
        self.v[name] = self.momentum * self.v.get(name, 0) + g
        params[name] -= self.lr * self.v[name]
""",
    """
        params[name] -= self.lr * self.v.get(name, 0)
        self.v[name] = self.momentum * self.v.get(name, 0) + g
""",
).says("""You step with the velocity of the call before; the first step goes nowhere. Bring the
    velocity up to date, then step.""")

wrong.swap(
    "keeps the gradient's own array",
    "self.v[name] = self.momentum * self.v.get(name, 0) + g",
    """
    if name in self.v:
        self.v[name] *= self.momentum
        self.v[name] += g
    else:
        self.v[name] = g
""",
).says("""At first you store the gradient array itself as the velocity, and later you change it in
    place. That array belongs to the caller: start from zeros, or from a copy.""")

EXERCISE = Exercise(
    id="ch09.Momentum",
    title="Momentum",
    kind="class",
    points=3,
    difficulty=1,
    reference=Momentum,
    accepted=(nn.Momentum, MomentumAsASum),
    mistakes=wrong.all,
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
    fills={"arrays": ("params",)},
    reads=in_place,
    remark="With μ = 0 this is SGD; with μ = 0.9 a steady slope is walked ten times as fast.",
)
