"""ch03.relu_fix: hunt the bug of a leaky ReLU that overwrites dout."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from exercises_lib.checking import Case, Exercise, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch03_layers._layers import away_from_zero, like_x
from exercises_lib.exercises.hunting import hunt_mistakes, hunted_outputs
from exercises_lib.exercises.parts import as_part
from exercises_lib.probes.hunting import hunt


class LeakyRelu:
    def forward(self, x):
        self.low = x <= 0
        return np.where(self.low, 0.1 * x, x)

    def backward(self, dout):
        return np.where(self.low, 0.1 * dout, dout)


class LeakyByCopy(LeakyRelu):
    def backward(self, dout):
        dx = dout.copy()
        dx[self.low] *= 0.1
        return dx


class LeakyBySlope(LeakyRelu):
    def forward(self, x):
        self.slope = 1 - 0.9 * (x <= 0)
        return x * self.slope

    def backward(self, dout):
        return dout * self.slope


class LeakyByLoop(LeakyRelu):
    def backward(self, dout):
        dx = np.zeros(dout.shape)
        for place in np.ndindex(dout.shape):
            dx[place] = dout[place] * (0.1 if self.low[place] else 1)
        return dx


class HastyLeakyRelu(LeakyRelu):
    """What the notebook gives."""

    def backward(self, dout):
        dout[self.low] *= 0.1
        return dout


def draw_relu_fix(rng: np.random.Generator) -> Iterator[Case]:
    for shape, note in (((3, 4), "a batch of 3"), ((1, 5), "a batch of one"), ((6,), "one axis")):
        dout = away_from_zero(rng, *shape)[..., ::-1].copy()
        yield Case({"x": away_from_zero(rng, *shape), "dout": dout}, note)


def tells(found: Any) -> str | None:
    """Accept (x, dout) for which y = x + layer(x) gets a wrong gradient from the given layer."""
    x, dout = (np.array(array, dtype=float) for array in found)
    if x.shape != dout.shape or not x.size:
        return "The input is a pair of arrays of one shape, (x, dout)."
    sums = []
    for layer in (HastyLeakyRelu(), LeakyRelu()):
        layer.forward(x)
        arrived = dout.copy()
        through = layer.backward(arrived)
        sums.append(arrived + through)
    if np.allclose(*sums):
        return f"On this input dx of y = x + layer(x) is {sums[0].round(4).tolist()}, and that is right."
    return None


RIGHT = {"input": ([-1.0, 2.0], [1.0, 1.0]), "lines": [7], "repair": LeakyRelu}

wrong = Mistakes(LeakyRelu)

wrong.swap(
    "still overwrites dout",
    "return np.where(self.low, 0.1 * dout, dout)",
    "dout[self.low] *= 0.1\nreturn dout",
).says("""`backward` still writes into the array it was given, as the given code does. `dx = dout`
    alone does not help: that is a second name for the same array.""")

wrong.swap("everything passes", "np.where(self.low, 0.1 * dout, dout)", "1 * dout").says("""
    Nothing is overwritten any more, but now the whole gradient passes where the input was negative.
    There the slope is 0.1.""")

wrong.swap("upstream dropped", "0.1 * dout, dout)", "0.1, 1.0)").says("""
    The caller's array is safe now, but `dout` no longer has any effect on the result.""")

wrong.swap("sides exchanged", "0.1 * dout, dout)", "dout, 0.1 * dout)").says("""
    You make a new array, but with the two sides the wrong way round: the slope is 0.1 where the
    input was *negative*.""")

wrong.swap("closed instead of leaky", "0.1 * dout, dout)", "0.0, dout)").says("""
    That is the plain ReLU. A leaky one lets a tenth through where the input was negative.""")

wrong.swap(
    "sign of the gradient", "np.where(self.low, 0.1 * dout", "np.where(dout <= 0, 0.1 * dout"
).says("""You make a new array, but you look at the sign of `dout`. What counts is the sign of the
    input.""")

wrong.swap("low entries only", "np.where(self.low, 0.1 * dout, dout)", "0.1 * dout[self.low]").says(
    "You pick out some entries and drop the others, so the shape is lost."
)

wrong.swap("a tenth everywhere", "np.where(self.low, 0.1 * dout, dout)", "0.1 * dout").says("""
    Every entry is shrunk. Where the input was positive the slope is 1.""")

wrong.swap("copy not called", "dx = dout.copy()", "dx = dout.copy", of=LeakyByCopy).says("""
    Without brackets, `dout.copy` is the method itself and not a copy.""")

wrong.swap(
    "overwrites x instead", "return np.where(self.low, 0.1 * x, x)", "x[self.low] *= 0.1\nreturn x"
).says("""`dout` is safe, but now the array `x` is written into, and it belongs to the caller as
    well.""")

EXERCISE = Exercise(
    id="ch03.relu_fix",
    title="Hunt the bug of a leaky ReLU",
    kind="debug",
    points=3,
    difficulty=2,
    reference=RIGHT,
    accepted=(
        {"input": (np.array([-3.0]), np.array([2.0])), "lines": 7, "repair": LeakyByCopy},
        {"input": ([[0.5, -0.5]], [[0, 1]]), "lines": (7,), "repair": LeakyBySlope},
        {"input": [[-1, -1], [1, -1]], "lines": [7], "repair": LeakyByLoop},
    ),
    mistakes=(
        *hunt_mistakes(RIGHT, ([1.0, 2.0], [1.0, 1.0]), (3, 4, 8)),
        *(as_part(mistake, RIGHT, "repair") for mistake in wrong.all),
    ),
    hints=(
        "The numbers that `backward` returns are right. What else has changed when it is done? "
        "Which x leave everything as it was?",
        "Print `dout` before and after `backward`. The skip in y = x + layer(x) adds that same "
        "array afterwards. The result of `backward` has to be a *new* array.",
        "For an input of two numbers work out by hand:\n"
        "    dout before:        …\n"
        "    dout after:         …\n"
        "    dx of the skip:     dout + … = …",
    ),
    probe=Probe(hunt, {"repair": "ch03.skip_block"}),
    draw=draw_relu_fix,
    outputs=(*hunted_outputs(tells, (7,), last=8), *like_x("out", "dx", "dout + dx")),
    remark="Your repair was checked inside y = x + layer(x), where one dout serves two branches.",
)
