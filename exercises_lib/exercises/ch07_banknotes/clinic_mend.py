"""ch07.clinic_mend: one epoch with the faults of three patients, to be mended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes import ch07 as probes


def one_epoch(gradient, params, x, t, lr, batch, rng):
    order = rng.permutation(len(x))
    for start in range(0, len(x), batch):
        rows = order[start : start + batch]
        for name, grad in gradient(x[rows], t[rows]).items():
            params[name] -= lr * grad


def given(gradient, params, x, t, lr, batch, rng):
    """The code of the notebook."""
    order = np.arange(len(x))
    total = {name: np.zeros_like(array) for name, array in params.items()}
    for start in range(0, len(x), batch):
        rows = order[start : start + batch]
        labels = t[(rows + 1) % len(t)]
        for name, grad in gradient(x[rows], labels).items():
            total[name] += grad
            params[name] -= lr * total[name]


def one_epoch_shuffled_first(gradient, params, x, t, lr, batch, rng):
    order = rng.permutation(len(x))
    x, t = x[order], t[order]
    for start in range(0, len(x), batch):
        grads = gradient(x[start : start + batch], t[start : start + batch])
        for name in params:
            params[name][...] = params[name] - lr * grads[name]


def one_epoch_with_totals(gradient, params, x, t, lr, batch, rng):
    order = np.arange(len(x))
    rng.shuffle(order)
    while len(order):
        rows, order = order[:batch], order[batch:]
        total = {name: np.zeros_like(array) for name, array in params.items()}
        for name, grad in gradient(x[rows], t[rows]).items():
            total[name] += grad
            params[name] = params[name] - lr * total[name]


def draw_epochs(rng: np.random.Generator) -> Iterator[Case]:
    def case(n: int, d: int, m: int, batch: int, note: str) -> Case:
        params = {"W": rng.normal(size=(d, m)), "b": rng.normal(size=m)}
        x, lr = rng.normal(size=(n, d)), float(rng.uniform(0.1, 0.5))
        # Every label occurs once, so that it can be seen to which sample it belongs.
        inputs = {"params": params, "x": x, "t": np.arange(n), "lr": lr, "batch": batch}
        return Case({**inputs, "seed": int(rng.integers(2**31))}, note)

    n = int(rng.integers(20, 26))
    yield case(2 * n, 3, 4, 8, f"{2 * n} samples, batches of 8")
    yield case(n, 4, 2, n, f"{n} samples, all of them in one batch")
    yield case(25, 2, 3, 7, "25 samples, batches of 7: the last one has four")


def texts(**said: str) -> Any:
    """Make a comparison of a word that a probe reports; each word has its sentence."""

    def judge(inputs: Any, got: Any, expected: Any) -> str | None:
        return None if got == expected else said.get(str(got).replace(" ", "_"), f"It is {got!r}.")

    return judge


wrong = Mistakes(one_epoch)

wrong.answer("still the given code", given).says("""Three faults are in it, as before: the order is
    always the same, each sample has its neighbour's label, and gradients pile up.""")
wrong.swap("still in order", "rng.permutation(len(x))", "np.arange(len(x))").says("""
    Labels and gradients are right now. The samples still come in the order in which they lie, class
    by class.""")
wrong.swap("still the neighbour's labels", "t[rows])", "t[(rows + 1) % len(t)])").says("""
    Each sample still comes with the label of the next one.""")
wrong.swap(
    "still piling up",
    "    order = rng.permutation(len(x))\n",
    "    order = rng.permutation(len(x))\n"
    "    total = {name: np.zeros_like(array) for name, array in params.items()}\n",
    "            params[name] -= lr * grad\n",
    "            total[name] += grad\n            params[name] -= lr * total[name]\n",
).says("""Gradients still pile up: each step repeats all that came before it. A step is made of the
    gradient of its own batch.""")
wrong.swap("labels in another order", "t[rows])", "rng.permutation(t)[rows])").says("""
    You shuffle the labels for themselves. One order has to serve samples and labels.""")
wrong.swap(
    "last batch dropped", "range(0, len(x), batch)", "range(0, len(x) - batch + 1, batch)"
).says("""
    The samples that are too few for a whole batch are left out.""")
wrong.swap("uphill", "-= lr * grad", "+= lr * grad").says("""
    You add the gradient. It points to where the loss grows.""")
wrong.swap("rate dropped", "lr * grad", "grad").says("The learning rate is missing in the step.")
wrong.swap("a seed of its own", "rng.permutation", "np.random.default_rng(0).permutation").says(
    """Every epoch has the same order: you draw it with a seed of your own and not from `rng`."""
)
wrong.swap(
    "rebinds a name", "params[name] -= lr * grad", "array = params[name] - lr * grad"
).says("""
    You compute the new parameters and put them nowhere: the dictionary still holds the old
    ones.""")
wrong.swap(
    "divided by the batch",
    "lr * grad",
    "lr * grad / len(rows)",
).says("""You divide by the size of the batch. The gradient that you are given is a mean
    already.""")


EXERCISE = Exercise(
    id="ch07.clinic_mend",
    title="Mend an epoch",
    kind="debug",
    points=3,
    difficulty=2,
    reference=one_epoch,
    accepted=(one_epoch_shuffled_first, one_epoch_with_totals),
    mistakes=wrong.all,
    hints=(
        "Three patients have left their faults here. Go through the names of the first ward: which "
        "of them could a loop over batches have?",
        "Print `rows` and `labels` for a few batches of `x` and `t = np.arange(len(x))`. Then ask "
        "where `total` is set to zero.",
        "What the mended lines do:\n    order = …                 # anew in each epoch\n"
        "    labels = t[…]             # of the same rows\n"
        "    params[name] -= lr * …    # of this batch alone",
    ),
    probe=Probe(probes.one_epoch),
    draw=draw_epochs,
    outputs=(
        Output(
            "labels",
            compare=texts(
                those_of_the_next_sample="Each sample comes to `gradient` with its neighbour's label.",
                elsewhere="Samples come to `gradient` with other samples' labels.",
            ),
        ),
        Output(
            "order",
            compare=texts(
                as_it_lies="The samples come in the order in which they lie.",
                the_same_in_both_epochs="Two epochs have the same order; each needs its own.",
            ),
        ),
    ),
    remark="Two epochs in different orders, each sample with its label, each step of its own batch.",
)
