"""ch04.hand_gradients: by hand: every gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from exercises_lib.checking import Exercise, Field, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch04_affine._hand import (
    DZ,
    FORWARD,
    GRADIENTS,
    HAND_INPUT,
    HAND_PARAMS,
    entries,
    hand_forward,
    hand_gradients,
    rounded,
)
from exercises_lib.probes import values

wrong = Mistakes()

wrong.answer("signs turned", {name: -number for name, number in GRADIENTS.items()}).says("""
    All signs are turned: you began with t − y. The prediction is too small, so raising it lowers
    the loss, and a derivative that lowers is negative.""")

wrong.answer("twice as large", entries(hand_gradients(HAND_PARAMS, 2.0))).says("""
    Everything is twice too large: that is the gradient of (y − t)², without the half.""")


def multiply_not_swapped() -> dict[str, float]:
    dy, h = GRADIENTS["dy"], hand_forward(HAND_PARAMS)["h"]
    wrong = {"dW2": dy * HAND_PARAMS["W2"], "dh": dy * h, "dz": dy * h, "db1": dy * h}
    wrong["dW1"] = np.outer(HAND_INPUT, dy * h)
    return GRADIENTS | entries(wrong | {"dx": HAND_PARAMS["W1"] @ (dy * h)})


wrong.answer("multiply does not swap", multiply_not_swapped()).says("""At the product h · W2 you
    send each factor its own value. A product sends each factor the value of the other.""")


def local_derivatives_only() -> dict[str, float]:
    h, W2 = hand_forward(HAND_PARAMS)["h"], HAND_PARAMS["W2"]
    dW1 = np.outer(HAND_INPUT, W2)
    parts = {"dW2": h, "db2": np.array(1.0), "dh": W2, "dz": W2, "dW1": dW1, "db1": W2}
    return GRADIENTS | entries(parts | {"dx": HAND_PARAMS["W1"] @ W2})


wrong.answer("local derivatives only", local_derivatives_only()).says("""
    That is the local derivative alone. What arrives from the loss, dy, has to be multiplied in.""")


def upstream_only() -> dict[str, float]:
    dy, dz = np.array(GRADIENTS["dy"]), hand_gradients(HAND_PARAMS)["dz"]
    wrong = {"dW2": np.array([dy, dy]), "dh": np.array([dy, dy])}
    return GRADIENTS | entries(wrong | {"dW1": np.array([dz, dz])})


wrong.answer("upstream gradients only", upstream_only()).says("""That is what arrives, handed on as
    it is. A product multiplies it by the *other* factor.""")


def gradients_with(**changed: Any) -> dict[str, float]:
    return GRADIENTS | entries(changed)


wrong.answer(
    "the hidden values swapped",
    gradients_with(dW2=GRADIENTS["dy"] * hand_forward(HAND_PARAMS)["h"][::-1]),
).says("""`dW2_0` and `dW2_1` have changed places: each weight goes with the hidden unit it leads
    from.""")

wrong.answer(
    "ReLU multiplies by its input",
    gradients_with(dz=hand_forward(HAND_PARAMS)["z"] * hand_gradients(HAND_PARAMS)["dh"]),
).says("At ReLU you multiply by z. Where z is positive the slope of ReLU is 1, however large z is.")

wrong.answer("ReLU closed", gradients_with(dz=np.zeros(2))).says("""
    You stop the gradient at ReLU. It lets through what arrives where z is positive, and the sign of
    the gradient plays no part.""")

wrong.answer("the loss at the start", gradients_with(dy=np.array(FORWARD["loss"]))).says("""
    `dy` is the loss in your answer. What starts the backward pass is its derivative.""")

wrong.answer("dW1 transposed", gradients_with(dW1=np.outer(DZ, HAND_INPUT))).says("""
    `dW1_01` and `dW1_10` have changed places: the first index counts inputs, the second hidden
    units.""")

wrong.answer("dx along one path only", gradients_with(dx=np.diag(HAND_PARAMS["W1"]) * DZ)).says("""
    Each input reaches both hidden units. You follow only one of the two ways back.""")

wrong.answer("dx with the table turned", gradients_with(dx=HAND_PARAMS["W1"].T @ DZ)).says("""
    For dx you read `W1` in the wrong direction: an input's weights are the ones that leave it.""")

wrong.answer(
    "biases multiplied in",
    gradients_with(db1=DZ * HAND_PARAMS["b1"], db2=np.array(GRADIENTS["dy"] * HAND_PARAMS["b2"])),
).says("""You multiply a bias gradient by the bias. It is added in the forward pass, so its local
    derivative is 1, whatever its value.""")

wrong.answer("rounded to two decimals", rounded(GRADIENTS, 2)).says("""
    You round too much: with two decimals the errors add up in the backward pass. Keep four.""")

wrong.answer(
    "dh from the other weight", gradients_with(dh=GRADIENTS["dy"] * HAND_PARAMS["W2"][::-1])
).says("`dh0` and `dh1` have changed places: each hidden unit has its own weight on the way to y.")

wrong.answer("bias gradients of 1", gradients_with(db1=np.ones(2), db2=np.array(1.0))).says("""
    1 is a bias's local derivative alone. What arrives has to be multiplied in.""")

wrong.answer("both units in every bias", gradients_with(db1=np.full(2, DZ.sum()))).says("""
    You add up both hidden units. Each has a bias of its own.""")

wrong.answer("dx times x", gradients_with(dx=HAND_INPUT * (HAND_PARAMS["W1"] @ DZ))).says("""
    You multiply `dx` by the input. A product sends each factor the value of the *other* one, and
    that is the weight.""")

wrong.answer("dW1 without what arrives", gradients_with(dW1=np.outer(HAND_INPUT, np.ones(2)))).says(
    "Those are the inputs alone. What arrives at the hidden unit has to be multiplied in."
)

wrong.answer("the error squared", gradients_with(dy=np.array(GRADIENTS["dy"] ** 2))).says("""
    `dy` is the squared error in your answer. The derivative of a square is not a square.""")

EXERCISE = Exercise(
    id="ch04.hand_gradients",
    title="By hand: every gradient",
    kind="number",
    points=2,
    difficulty=2,
    reference=GRADIENTS,
    accepted=(
        rounded(GRADIENTS, 4),
        {name: np.float64(number) for name, number in GRADIENTS.items()},
    ),
    mistakes=wrong.all,
    fields=(
        Field("dy", "at the prediction, $\\partial L/\\partial y$"),
        Field("dW2_0", "weight from $h_0$, $\\partial L/\\partial W_2[0]$"),
        Field("dW2_1", "weight from $h_1$, $\\partial L/\\partial W_2[1]$"),
        Field("db2", "output bias, $\\partial L/\\partial b_2$"),
        Field("dh0", "$\\partial L/\\partial h_0$"),
        Field("dh1", "$\\partial L/\\partial h_1$"),
        Field("dz0", "before ReLU, $\\partial L/\\partial z_0$"),
        Field("dz1", "before ReLU, $\\partial L/\\partial z_1$"),
        Field("dW1_00", "weight from $x_0$ to $z_0$"),
        Field("dW1_01", "weight from $x_0$ to $z_1$"),
        Field("dW1_10", "weight from $x_1$ to $z_0$"),
        Field("dW1_11", "weight from $x_1$ to $z_1$"),
        Field("db1_0", "bias of $z_0$"),
        Field("db1_1", "bias of $z_1$"),
        Field("dx0", "input $x_0$"),
        Field("dx1", "input $x_1$"),
    ),
    hints=(
        "Begin at the end: the derivative of ½(y − t)² with respect to y. It is negative here.",
        "Go back through the layers: dW2 = h · dy, dh = W2 · dy; ReLU lets dh through where z is "
        "positive; dW1[i, j] = x[i] · dz[j]; an input adds up what comes from both units.",
        "The skeleton:\n    dy = … - 2.0\n    dW2_0 = … * dy       # h0 on the other side of the product\n    dh0 = 0.5 * …\n"
        "    dz0 = dh0            # z0 is positive\n    dW1_01 = 0.9 * …\n"
        "    dx0 = 0.2 * … + 0.4 * …",
    ),
    probe=Probe(values, {"names": tuple(GRADIENTS)}),
    outputs=tuple(Output(name, rtol=1e-3) for name in GRADIENTS),
    remark="Every one of them is negative: raise any parameter a little and the loss falls.",
)
