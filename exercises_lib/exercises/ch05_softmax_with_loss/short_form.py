"""ch05.short_form: the same gradients, simplified."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch05_softmax_with_loss._network import SHAPES, draw_networks
from exercises_lib.probes.ch02 import stages

NAMES = ("dz2", "dW2", "db2", "dz1", "dW1", "db1")


def short_form(x, h, y, t, W2):
    dz2 = (y - t) / len(x)
    dz1 = dz2 @ W2.T * (h > 0)
    return {
        "dz2": dz2,
        "dW2": h.T @ dz2,
        "db2": dz2.sum(axis=0),
        "dz1": dz1,
        "dW1": x.T @ dz1,
        "db1": dz1.sum(axis=0),
    }


def by_einsum(x, h, y, t, W2):
    g = np.subtract(y, t) / y.shape[0]
    back = np.where(h > 0, np.einsum("nc,hc->nh", g, W2), 0.0)
    found = {"dz2": g, "dW2": np.einsum("nh,nc->hc", h, g), "db2": g.sum(0)}
    return {**found, "dz1": back, "dW1": np.einsum("nd,nh->dh", x, back), "db1": back.sum(0)}


def sample_by_sample(x, h, y, t, W2):
    dz2, dz1 = np.zeros(y.shape), np.zeros(h.shape)
    dW2, dW1 = np.zeros(W2.shape), np.zeros((x.shape[1], h.shape[1]))
    for n in range(len(x)):
        dz2[n] = (y[n] - t[n]) / len(x)
        dz1[n] = (W2 @ dz2[n]) * np.sign(h[n])
        dW2 += np.outer(h[n], dz2[n])
        dW1 += np.outer(x[n], dz1[n])
    sums = {"db2": dz2.sum(axis=0), "db1": dz1.sum(axis=0)}
    return {"dz2": dz2, "dz1": dz1, "dW2": dW2, "dW1": dW1, **sums}


def draw_short(rng: np.random.Generator) -> Iterator[Case]:
    for case in draw_networks(rng):
        v = case.inputs["v"]
        yield Case({name: v[name] for name in ("x", "h", "y", "t", "W2")}, case.note)


wrong = Mistakes(short_form)

wrong.swap("not divided by the batch", "(y - t) / len(x)", "y - t").says("""
    The loss is a mean over the samples. Compare your dz2 with that of the long form: by which
    factor do they differ?""")

wrong.swap("sign", "(y - t)", "(t - y)").says("""The sign is turned: the gradient is what the class
    got minus what it should have got.""")

wrong.swap("divided by all entries", "/ len(x)", "/ y.size").says("""
    You divide by N · C. The mean of the loss runs over the N samples.""")

wrong.swap("divided by the classes", "/ len(x)", "/ y.shape[1]").says("""
    You divide by the number of classes. The mean of the loss runs over the samples.""")

wrong.swap("ReLU forgotten", "dz2 @ W2.T * (h > 0)", "dz2 @ W2.T").says("""
    Nothing stops at ReLU. Where the hidden unit gave 0, no gradient passes.""")

wrong.swap("multiplied by h", "* (h > 0)", "* h").says("""You multiply by ReLU's output. Its slope
    is 1 where it is open, whatever the output is.""")

wrong.swap("dW2 transposed", "h.T @ dz2", "dz2.T @ h").says("""Your dW2 has the right numbers,
    transposed. It has the shape of W2.""")

wrong.swap(
    "divided twice", ("h.T @ dz2", "h.T @ dz2 / len(x)"), ("x.T @ dz1", "x.T @ dz1 / len(x)")
).says("You divide by N again. It is in dz2 already.")

wrong.swap(
    "bias over axis 1",
    ("dz2.sum(axis=0)", "dz2.sum(axis=1)"),
    ("dz1.sum(axis=0)", "dz1.sum(axis=1)"),
).says("""Your bias gradients add up along a sample. Every sample adds the same b, so the samples
    are added up.""")

wrong.swap(
    "softmax's slope once more", "(y - t) / len(x)", "(y - t) * y * (1 - y) / len(x)"
).says("""You multiply y − t by a slope of softmax. It is in y − t already: that is what has
    cancelled.""")

EXERCISE = Exercise(
    id="ch05.short_form",
    title="The short form",
    kind="function",
    points=3,
    difficulty=2,
    reference=short_form,
    accepted=(by_einsum, sample_by_sample),
    mistakes=wrong.all,
    partial=True,
    hints=(
        "Print dz2 of the long form beside y − t. By which factor do they differ?",
        "dlog_y to ds melt into one difference; dm is 0 and adds nothing. And z1 is positive exactly "
        "where h is.",
        "Six lines:\n"
        "    dz2 = (… - …) / …\n"
        "    dz1 = … * (…)             # W2, and where ReLU is open\n"
        "    the four others as in Affine: a product and a sum for each layer",
    ),
    probe=Probe(stages, {"names": NAMES}),
    draw=draw_short,
    outputs=tuple(Output(name, *SHAPES[name]) for name in NAMES),
    remark="Eight lines of the long form have become one, and nothing divides by a probability.",
)
