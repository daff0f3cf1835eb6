"""ch04.matmul_backward: backward through W · X."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch04_affine._sizes import three_sizes
from exercises_lib.probes import call


def matmul_backward(W, X, dD):
    return dD @ X.T, W.T @ dD


def matmul_backward_by_entries(W, X, dD):
    dW, dX = np.zeros(W.shape), np.zeros(X.shape)
    for i in range(W.shape[0]):
        for j in range(X.shape[1]):
            for k in range(W.shape[1]):
                dW[i, k] += dD[i, j] * X[k, j]
                dX[k, j] += W[i, k] * dD[i, j]
    return dW, dX


def draw_matmul(rng: np.random.Generator) -> Iterator[Case]:
    def case(r: int, k: int, c: int, note: str, dtype: type = np.float64) -> Case:
        shapes = {"W": (r, k), "X": (k, c), "dD": (r, c)}
        return Case({n: rng.normal(size=s).astype(dtype) for n, s in shapes.items()}, note)

    yield case(5, 10, 3, "W (5, 10), X (10, 3)")
    yield case(*three_sizes(rng), "other sizes")
    yield case(1, *three_sizes(rng)[:2], "a single row in W")
    yield case(*three_sizes(rng)[:2], 1, "a single column in X")
    yield case(*three_sizes(rng), "float32", np.float32)


wrong = Mistakes(matmul_backward)

wrong.swap("order swapped", "dD @ X.T, W.T @ dD", "W.T @ dD, dD @ X.T").says("""
    Both gradients are there, in the wrong order: the function returns `dW` first and `dX`
    second.""")

wrong.swap("dW transposed", "dD @ X", "X @ dD").says("""Your `dW` is the transpose of the right one.
    Turning a product around turns each factor and their order: look which of the two products has
    the shape of `W`.""")

wrong.swap("dX transposed", "W.T @ dD", "dD.T @ W").says("""Your `dX` is the transpose of the right
    one: it has a row per column of `X`.""")

wrong.swap("nothing transposed", ".T, W.T", ", W").says("""You multiply by `X` and `W` as they are.
    Backwards each factor takes the sum along its other axis, and that needs a transpose. Write the
    shapes below the names.""")

wrong.swap("entry by entry", "@ X.T, W.T @", "* X, W *").says("""`*` multiplies entry by entry. That
    is the backward rule of the gate `x * y`; here every entry of `W` is used in a whole row of
    `D`.""")

wrong.swap(
    "upstream dropped", "dD @ X.T, W.T @ dD", "np.ones_like(dD) @ X.T, W.T @ np.ones_like(dD)"
).says("""Your gradient does not depend on `dD`: it is right only if every entry of `dD` is 1. Local
    derivative times what arrives, here too.""")

wrong.swap("averaged over the columns", "T,", "T / X.shape[1],").says("""
    You divide `dW` by the number of columns. The columns' contributions are added; if the loss is a
    mean, its division is already in `dD`.""")

wrong.swap("rules for the row convention", "dD @ X.T, W.T @ dD", "X.T @ dD, dD @ W.T").says("""
    Those are the rules for `X · W`. Here `W` stands on the left, so the factors change places.""")

wrong.swap(
    "the last term only",
    "dD @ X.T, W.T @ dD",
    "np.outer(dD[:, -1], X[:, -1]), np.outer(W[-1], dD[-1])",
).says("""Each pass of your innermost loop overwrites what the one before it has stored. An entry is
    used several times, and what comes back from each use is added up.""")

wrong.swap(
    "forced into the shape",
    "dD @ X.T, W.T @ dD",
    "(X @ dD.T).reshape(W.shape), (dD.T @ W).reshape(X.shape)",
).says("""`reshape` makes the shape right and mixes the entries up: it fills row after row. Rows
    become columns with a transpose only.""")

wrong.swap("the other factor alone", "return dD @ X.T, W.T @ dD", "return X.T, W.T").says("""
    That is the other factor, without what arrives: `dD` does not occur in your answer.""")

wrong.swap("the other factor as it is", "return dD @ X.T, W.T @ dD", "return X, W").says("""
    That is the other factor, without what arrives: `dD` does not occur in your answer.""")

wrong.swap("dX from dW", ", W", ", (dD @ X.T)").says("""Your `dX` is made with the gradient `dW`
    where the weights `W` themselves are needed.""")

EXERCISE = Exercise(
    id="ch04.matmul_backward",
    title="Backward through W · X",
    kind="function",
    points=3,
    difficulty=2,
    reference=matmul_backward,
    accepted=(
        matmul_backward_by_entries,
        lambda W, X, dD: (np.einsum("ij,kj->ik", dD, X), np.einsum("ik,ij->kj", W, dD)),
        lambda W, X, dD: ((X @ dD.T).T, (dD.T @ W).T),
        lambda W, X, dD: (
            sum(np.outer(dD[:, j], X[:, j]) for j in range(X.shape[1])),
            sum(np.outer(W[i], dD[i]) for i in range(W.shape[0])),
        ),
    ),
    mistakes=wrong.all,
    hints=(
        "Write the shapes down: W (R, K), X (K, C), dD (R, C). Which shape must dW have?",
        "dW is made of dD and X, dX of W and dD. One factor of each product is transposed; only "
        "one order has the right shape.",
        "The skeleton:\n    dW = … @ …      # (R, C) · (C, K)\n"
        "    dX = … @ …      # (K, R) · (R, C)\n    return dW, dX",
    ),
    probe=Probe(call, {"returns": ("dW", "dX")}),
    draw=draw_matmul,
    outputs=(Output("dW", "(R, K)", "the shape of W"), Output("dX", "(K, C)", "the shape of X")),
    remark="The two rules are all the calculus in this chapter; the rest is bookkeeping.",
)
