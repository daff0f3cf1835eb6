"""ch04.cost: operations forward and backward, and what is remembered, for the digits network."""

from __future__ import annotations

from exercises_lib.checking import Exercise, Field, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes import values

N, D, H, C = 100, 64, 50, 10

RIGHT = {
    "x · W1": N * D * H,
    "h · W2": N * H * C,
    "dW2": N * H * C,
    "dh": N * H * C,
    "dW1": N * D * H,
    "dx": N * D * H,
    "ratio": 2,
    "bytes of x": N * D * 8,
    "bytes of the mask": N * H,
    "bytes of h": N * H * 8,
}

LABELS = {
    "x · W1": "multiplications in $x \\cdot W_1$",
    "h · W2": "multiplications in $h \\cdot W_2$",
    "dW2": "multiplications for `dW2`",
    "dh": "multiplications for `dh`",
    "dW1": "multiplications for `dW1`",
    "dx": "multiplications for `dx`",
    "ratio": "backward / forward, all of them together",
    "bytes of x": "bytes to remember `x`, float64",
    "bytes of the mask": "bytes to remember where ReLU is open, one byte a boolean",
    "bytes of h": "bytes to remember `h`, float64",
}


def changed(**wrongly: float) -> dict[str, float]:
    names = {"xW1": "x · W1", "hW2": "h · W2", "x": "bytes of x", "mask": "bytes of the mask"}
    names["h"] = "bytes of h"
    return {**RIGHT, **{names.get(name, name): value for name, value in wrongly.items()}}


wrong = Mistakes()

wrong.answer(
    "the batch forgotten", changed(xW1=D * H, hW2=H * C, dW2=H * C, dh=H * C, dW1=D * H, dx=D * H)
).says("You count one sample. There are 100 of them, each multiplied by every weight.")

wrong.answer(
    "entries of the result", changed(xW1=N * H, hW2=N * C, dW2=H * C, dh=N * H, dW1=D * H, dx=N * D)
).says("""You count the entries of each result. Every entry is a row times a column: as many
    multiplications as the inner size.""")

wrong.answer("backward as dear as forward", changed(ratio=1)).says("""Every product of the forward
    pass is answered by *two* products of the same size: one for each of its factors.""")

wrong.answer(
    "without the first dx",
    changed(ratio=(2 * (N * D * H + N * H * C) - N * D * H) / (N * D * H + N * H * C)),
).says("""You leave out `dx`, which training indeed does not need. Here it is asked for, so it
    counts.""")

wrong.answer("three to one", changed(ratio=3)).says("""Three to one is forward *and* backward,
    compared with forward. Asked is backward alone.""")

wrong.answer("four bytes a number", changed(x=N * D * 4, h=N * H * 4)).says("""
    A float64 has 64 bits, and a byte has 8.""")

wrong.answer("bits", changed(x=N * D * 64, h=N * H * 64)).says("""
    You count bits. A byte has 8 of them.""")

wrong.answer("the mask as numbers", changed(mask=N * H * 8)).says("""
    The mask is an array of booleans, and NumPy stores a boolean in one byte.""")

wrong.answer("the weights", changed(x=D * H * 8, h=H * C * 8)).says("""That is what the weights
    take. They are there anyway; asked is what `forward` remembers of the batch.""")

wrong.answer("numbers, not bytes", changed(x=N * D, h=N * H)).says("""
    You count numbers. Each of them takes some bytes.""")

EXERCISE = Exercise(
    id="ch04.cost",
    title="What a step costs",
    kind="number",
    points=2,
    difficulty=2,
    reference=RIGHT,
    mistakes=wrong.all,
    hints=(
        "An entry of a product is a row times a column. How long are they, and how many entries are "
        "there?",
        "(R, K) · (K, C) takes R · K · C multiplications. Write the shapes of each product and of "
        "its two gradients: the same three sizes come back.",
        "For example, dW1 = xᵀ · dz:\n"
        "    (64, 100) · (100, 50) takes … · … · … multiplications\n"
        "    x has … numbers of … bytes",
    ),
    probe=Probe(values, {"names": tuple(RIGHT)}),
    fields=tuple(Field(name, label) for name, label in LABELS.items()),
    remark="Twice the forward pass, and memory that grows with the batch: that is the price of all "
    "gradients at once.",
)
