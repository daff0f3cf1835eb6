"""ch03.relu_fix: mend the ReLU that overwrites dout."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib.checking import Case, Exercise, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch03_layers._layers import (
    asks_a_whole_array,
    away_from_zero,
    like_x,
    nothing_stored,
)
from exercises_lib.exercises.ch03_layers._relu import (
    ReluCopy,
    ReluLoop,
    ReluWhere,
    relu,
    relu_backward,
    relu_backward_in_place,
    relu_forward_in_place,
    relu_forward_keeps_x,
    relu_forward_max,
)
from exercises_lib.nn import (
    Relu,
)
from exercises_lib.probes import ch03 as probes


def draw_relu_fix(rng: np.random.Generator) -> Iterator[Case]:
    for shape, note in (((3, 4), "a batch of 3"), ((1, 5), "a batch of one"), ((6,), "one axis")):
        dout = away_from_zero(rng, *shape)[..., ::-1].copy()
        yield Case({"x": away_from_zero(rng, *shape), "dout": dout}, note)


wrong = Mistakes(Relu)

wrong.answer("still overwrites dout", relu(relu_backward_in_place)).says("""
    `backward` still writes into the array it was given, as the given code does. `dx = dout` alone
    does not help: that is a second name for the same array, and `*=` writes in place too.
""")

wrong.answer("everything passes", relu(lambda self, dout: 1 * dout)).says("""
    Without the line that sets entries to 0 nothing is overwritten, but now gradients pass where the
    input was negative.
""")

wrong.answer("upstream dropped", relu(lambda self, dout: self.mask * 1.0)).says("""
    The caller's array is safe now, but `dout` no longer has any effect on the result.
""")

wrong.answer("mask inverted", relu(lambda self, dout: dout * ~self.mask)).says("""
    You make a new array, but with the mask the wrong way round: what should be stopped passes.
""")

wrong.answer("open entries picked out", relu(lambda self, dout: dout[self.mask])).says("""
    You pick out the entries that pass and drop the others, so the shape is lost. The others stay in
    their places, as zeros.
""")

wrong.answer("overwrites x instead", relu(relu_backward, relu_forward_in_place)).says("""
    `dout` is safe, but now the array `x` is written into. `self.x = x` and `out = x` make no copy.
""")

wrong.answer("mask from the gradient", relu(lambda self, dout: dout * (dout > 0))).says("""
    You make a new array, but you look at the sign of `dout`. What counts is the sign of the input.
""")

wrong.answer("multiplied by the output", relu(lambda self, dout: dout * self.out)).says("""
    You make a new array, but you multiply `dout` by the output. Where the gate is open, `dout`
    passes as it is.
""")

wrong.answer("two masks", relu(lambda self, dout: dout * self.mask * (dout > 0))).says("""
    You make a new array, but you stop the negative entries of `dout` as well. Only the sign of the
    *input* decides.
""")

wrong.answer("Python's max", relu(relu_backward, relu_forward_max)).says(
    """
    `max(x, 0)` and `if x > 0` ask once whether the whole array is larger than 0, and an array has
    no single answer. You need a comparison entry by entry.
    """,
    recognise=asks_a_whole_array,
)

wrong.extend(nothing_stored(relu(relu_backward)))

wrong.answer(
    "sign of the input", relu(lambda self, dout: dout * np.sign(self.x), relu_forward_keeps_x)
).says("""
    You make a new array, but where x is negative the gradient is turned round. It has to be
    stopped.
""")


def relu_backward_copy_not_called(self, dout):
    dx = dout.copy
    dx[~self.mask] = 0
    return dx


wrong.answer("copy not called", relu(relu_backward_copy_not_called)).says("""
    Without brackets, `dout.copy` is the method itself and not a copy.
""")


EXERCISE = Exercise(
    id="ch03.relu_fix",
    title="Mend the ReLU that overwrites dout",
    kind="debug",
    points=2,
    reference=Relu,
    accepted=(ReluCopy, ReluWhere, ReluLoop),
    mistakes=wrong.all,
    hints=(
        "Print `dout` before and after `backward`. To whom does that array belong?",
        "The result has to be a *new* array: either make a copy before you write, or use an operation "
        "that creates one, such as a product.",
        "The skeleton:\n    def backward(self, dout):\n        dx = …      # a new array\n        return dx",
    ),
    probe=Probe(probes.skip_block),
    draw=draw_relu_fix,
    outputs=like_x("out", "dx", "dout + dx"),
    remark="You were checked inside y = x + relu(x), where one dout serves two branches.",
)
