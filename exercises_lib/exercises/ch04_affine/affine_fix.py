"""ch04.affine_fix: find and fix: a published affine layer."""

from __future__ import annotations

import numpy as np

from exercises_lib.checking import Exercise, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch04_affine._affine import (
    AFFINE_OUTPUTS,
    Affine,
    AffineByEinsum,
    DbKeptAxis,
    DbMean,
    DbNotSummed,
    DbOverAxis1,
    DbSummedToNumber,
    DwAveraged,
    DwTransposed,
    DxWithoutTranspose,
    ReturnsNothing,
    draw_affine,
)
from exercises_lib.probes import ch04 as probes


class MendedByLoops(Affine):
    def backward(self, dout):
        self.dW = sum(np.outer(x, g) for x, g in zip(self.x, dout))
        self.db = sum(g for g in dout)
        return (self.W @ dout.T).T


wrong = Mistakes(Affine)


class GivenAffine(Affine):
    def backward(self, dout):
        dx = dout @ self.W.T
        self.dW = self.x.T @ dx
        self.db = np.sum(dout, axis=1)
        return dx


wrong.answer("still the given code", GivenAffine).says("""
    That is the given layer still. Two of its lines are wrong: compare the shape of each gradient
    with the shape of its variable.
""")


class OnlyDbMended(GivenAffine):
    def backward(self, dout):
        dx = super().backward(dout)
        self.db = dout.sum(axis=0)
        return dx


wrong.answer("only db mended", OnlyDbMended).says("""
    `db` is mended, `dW` is not: it is built from `dx`, the gradient at the layer's input.
""")

wrong.answer("only dW mended", DbOverAxis1).says("""
    `dW` is mended, `db` is not: it still adds up the outputs of each sample.
""")


class TransposedTheWrongOne(Affine):
    def backward(self, dout):
        dx = super().backward(dout)
        self.dW = dx.T @ dout
        return dx


wrong.answer("x replaced by dx", TransposedTheWrongOne).says("""
    `dx.T @ dout` has the right shape and the wrong content: no gradient of the input occurs in
    `dW`. Shapes are necessary, not sufficient.
""")

wrong.answer("dW transposed", DwTransposed).says("""
    The right gradient is in your `dW` now, but transposed.
""")


class DbFromDx(Affine):
    def backward(self, dout):
        dx = super().backward(dout)
        self.db = dx.sum(axis=0)
        return dx


wrong.answer("db from dx", DbFromDx).says("""
    Your `db` adds up `dx`, the gradient at the layer's input. The bias joins at the output.
""")

wrong.answer("dx spoiled", DxWithoutTranspose).says("""
    The line of `dx` was right as it was given: without the transpose the inner sizes of `dout @ W`
    differ.
""")

wrong.answer("returns nothing", ReturnsNothing).says("""
    Your gradients are stored, and `backward` returns nothing. The given last line was right.
""")

wrong.answer("db summed to one number", DbSummedToNumber).says("""
    Without an axis `np.sum` adds up everything. Each output has its own bias.
""")

wrong.answer("db averaged", DbMean).says("""
    A mean over the batch is not the sum over the batch. `dout` already contains the division by N,
    if there is one.
""")

wrong.answer("db kept the axis", DbKeptAxis).says("""
    Your `db` keeps an axis of length 1; `b` has one axis only.
""")

wrong.answer("dW averaged", DwAveraged).says("""
    The product is right now, but you divide it by the batch size. If the loss is a mean, that
    division has already happened in `dout`.
""")

wrong.answer("db not summed", DbNotSummed).says("""
    Your `db` has a row for each sample. There is one bias for all of them.
""")


EXERCISE = Exercise(
    id="ch04.affine_fix",
    title="Find and fix: a published affine layer",
    kind="debug",
    points=2,
    reference=Affine,
    accepted=(MendedByLoops, AffineByEinsum),
    mistakes=wrong.all,
    hints=(
        "Run the given layer with N, D and M all different and print the shapes of dW and db.",
        "dW belongs to the product x · W, so it is made of x and of the gradient at the product's "
        "output. db adds up what the shared bias receives from each sample.",
        "The skeleton:\n    def backward(self, dout):\n        self.dW = self.x.T @ …\n"
        "        self.db = np.sum(dout, axis=…)\n        return dout @ …",
    ),
    probe=Probe(probes.affine),
    draw=draw_affine,
    outputs=AFFINE_OUTPUTS,
    remark="Both lines run without complaint when all sizes are equal: test with N ≠ D ≠ M.",
)
