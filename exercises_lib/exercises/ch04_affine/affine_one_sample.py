"""ch04.affine_one_sample: one sample through x · W + b."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch04_affine._sizes import three_sizes
from exercises_lib.probes import call


def affine_one_sample(x, W, b, dout):
    out = x @ W + b
    dx = W @ dout
    dW = np.outer(x, dout)
    return out, dx, dW, dout.copy()


def affine_one_sample_by_entries(x, W, b, dout):
    D, M = W.shape
    out, dx, dW = b.copy(), np.zeros(D), np.zeros((D, M))
    for m in range(M):
        for d in range(D):
            out[m] += x[d] * W[d, m]
            dx[d] += dout[m] * W[d, m]
            dW[d, m] = dout[m] * x[d]
    return out, dx, dW, dout


def affine_one_sample_as_batch(x, W, b, dout):
    row, drow = x[None, :], dout[None, :]
    return (row @ W)[0] + b, (drow @ W.T)[0], row.T @ drow, drow.sum(axis=0)


def draw_one_sample(rng: np.random.Generator) -> Iterator[Case]:
    def case(d: int, m: int, note: str, dtype: type = np.float64) -> Case:
        shapes = {"x": (d,), "W": (d, m), "b": (m,), "dout": (m,)}
        return Case({n: rng.normal(size=s).astype(dtype) for n, s in shapes.items()}, note)

    yield case(3, 2, "3 inputs, 2 outputs")
    d, m, _ = three_sizes(rng)
    yield case(d, m, "other sizes")
    yield case(m, 1, "a single output")
    yield case(m, d, "float32", np.float32)
    yield case(3, 3, "as many outputs as inputs")


wrong = Mistakes(affine_one_sample)

wrong.answer(
    "bias forgotten", lambda x, W, b, dout: (x @ W, W @ dout, np.outer(x, dout), dout)
).says("Your `out` is `x · W` without the bias.")

wrong.answer(
    "dW transposed", lambda x, W, b, dout: (x @ W + b, W @ dout, np.outer(dout, x), dout)
).says("""Your `dW` is transposed: it has a row per output. Row `d` of `W` belongs to input `d`, and
    so must row `d` of `dW`.""")

wrong.answer(
    "dW as a dot product", lambda x, W, b, dout: (x @ W + b, W @ dout, x.T @ dout, dout)
).says("""`x.T @ dout` is a dot product here: an array with one axis has no second axis to
    transpose, so `x.T` is `x`. `dW` needs every product of an input with an output.""")

wrong.answer(
    "dx with W the other way round",
    lambda x, W, b, dout: (x @ W + b, dout @ W, np.outer(x, dout), dout),
).says("""`dout @ W` sums over the wrong axis of `W`. Input `d` reaches every output, through the
    weights in row `d`.""")

wrong.answer(
    "dx with W transposed", lambda x, W, b, dout: (x @ W + b, W.T @ dout, np.outer(x, dout), dout)
).says("""`W.T @ dout` sums over the inputs, and `dout` has an entry per output. Write the shapes
    below the names.""")

wrong.answer(
    "out with W on the left", lambda x, W, b, dout: (W @ x + b, W @ dout, np.outer(x, dout), dout)
).says("""`W @ x` is the order of another convention, with a row of weights per output. Here a row
    of `W` belongs to an input.""")

wrong.answer(
    "dW entry by entry", lambda x, W, b, dout: (x @ W + b, W @ dout, x * dout, dout)
).says("""`x * dout` pairs the first with the first, the second with the second. `dW` needs every
    product of an input with an output gradient.""")

wrong.answer(
    "dx not summed", lambda x, W, b, dout: (x @ W + b, W * dout, np.outer(x, dout), dout)
).says("""Your `dx` still has one number per weight. An input is used by all outputs, and what comes
    back from them is added up.""")

wrong.answer(
    "upstream dropped",
    lambda x, W, b, dout: (
        x @ W + b,
        W.sum(axis=1),
        np.outer(x, np.ones_like(dout)),
        np.ones_like(dout),
    ),
).says("""Your gradient is the local derivative alone. It has to be multiplied by `dout`, which is 1
    everywhere only in bad tests.""")

wrong.answer(
    "db summed to one number",
    lambda x, W, b, dout: (x @ W + b, W @ dout, np.outer(x, dout), dout.sum()),
).says("""You add up `dout`. With one sample nothing is shared: each output has its own bias and
    each bias its own gradient.""")

wrong.answer(
    "db times b", lambda x, W, b, dout: (x @ W + b, W @ dout, np.outer(x, dout), dout * b)
).says("You multiply by `b`. The bias is added, and an addition hands the gradient on as it is.")

wrong.answer(
    "returned in another order",
    lambda x, W, b, dout: (x @ W + b, np.outer(x, dout), W @ dout, dout),
).says("`dW` and `dx` have changed places: the function returns `out, dx, dW, db`.")

wrong.answer(
    "dW from dx", lambda x, W, b, dout: (x @ W + b, W @ dout, np.outer(x, W @ dout), dout)
).says("""Your `dW` is made with `dx`. What a weight receives arrives at the layer's *output*; `dx`
    is what leaves the layer.""")

wrong.answer(
    "db averaged", lambda x, W, b, dout: (x @ W + b, W @ dout, np.outer(x, dout), np.mean(dout))
).says("""Your `db` is one number, a mean. Each output has its own bias, and each bias its own
    gradient.""")

wrong.answer(
    "bias subtracted", lambda x, W, b, dout: (x @ W - b, W @ dout, np.outer(x, dout), dout)
).says("Your `out` subtracts the bias. It is added.")

wrong.answer(
    "the bias for its gradient", lambda x, W, b, dout: (x @ W + b, W @ dout, np.outer(x, dout), b)
).says("""Your `db` is the bias itself. Asked is how the loss reacts to it, and `dout` has to be in
    that.""")

EXERCISE = Exercise(
    id="ch04.affine_one_sample",
    title="One sample through x · W + b",
    kind="function",
    points=2,
    difficulty=2,
    reference=affine_one_sample,
    accepted=(
        affine_one_sample_by_entries,
        affine_one_sample_as_batch,
        lambda x, W, b, dout: (
            np.einsum("d,dm->m", x, W) + b,
            (W * dout).sum(axis=1),
            x[:, None] * dout,
            1.0 * dout,
        ),
    ),
    mistakes=wrong.all,
    hints=(
        "Take one weight, W[d, m]. Which input does it multiply, and in which output does the "
        "product end?",
        "out[m] = Σ over d of x[d]·W[d, m], plus b[m]. So dW[d, m] is x[d] times dout[m], and dx[d] "
        "adds up over all outputs m.",
        "The skeleton:\n    out = …\n    dx = …              # (D, M) · (M,)\n"
        "    dW = np.outer(…, …)  # (D, M)\n    db = …\n    return out, dx, dW, db",
    ),
    probe=Probe(call, {"returns": ("out", "dx", "dW", "db")}),
    draw=draw_one_sample,
    outputs=(
        Output("out", "(M,)", "one number per output"),
        Output("dx", "(D,)", "one number per input"),
        Output("dW", "(D, M)", "one number per weight"),
        Output("db", "(M,)", "one number per output"),
    ),
    remark="dW of one sample is an outer product: each of its rows is a multiple of dout.",
)
