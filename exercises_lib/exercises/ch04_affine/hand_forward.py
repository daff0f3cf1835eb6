"""ch04.hand_forward: by hand: forward."""

from __future__ import annotations

import numpy as np

from exercises_lib.checking import Exercise, Field, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch04_affine._hand import (
    FORWARD,
    HAND_INPUT,
    HAND_PARAMS,
    HAND_TARGET,
    entries,
    hand_forward,
    rounded,
)
from exercises_lib.probes import values

wrong = Mistakes()

ROWS_READ_AS_COLUMNS = HAND_PARAMS | {"W1": HAND_PARAMS["W1"].T}

wrong.answer("weights read the other way", entries(hand_forward(ROWS_READ_AS_COLUMNS))).says("""
    You take the weights of a hidden unit from the wrong direction of the table: 0.2 and 0.3 lead to
    the first unit, 0.4 and 0.5 to the second.""")

wrong.answer(
    "hidden biases left out", entries(hand_forward(HAND_PARAMS | {"b1": np.zeros(2)}))
).says("The biases 0.1 and 0.2 of the hidden units are missing.")

wrong.answer(
    "output bias left out", entries(hand_forward(HAND_PARAMS | {"b2": np.array(0.0)}))
).says("The output's bias of 0.4 is missing.")

wrong.answer("loss without the half", FORWARD | {"loss": 2 * FORWARD["loss"]}).says("""
    That is (y − t)². The loss asked for here has a factor ½ in front.""")

wrong.answer("the error instead of the loss", FORWARD | {"loss": FORWARD["y"] - HAND_TARGET}).says(
    "That is the error y − t. The loss is half its square."
)

wrong.answer("the error, turned round", FORWARD | {"loss": HAND_TARGET - FORWARD["y"]}).says("""
    That is the error t − y. The loss is half its square.""")

wrong.answer("half the error", FORWARD | {"loss": (FORWARD["y"] - HAND_TARGET) / 2}).says("""
    That is half the error. It has to be squared: a loss is never negative.""")

wrong.answer("rounded to two decimals", rounded(FORWARD, 2)).says("""
    You round too much: keep four decimals.""")

wrong.answer(
    "inputs in place of hidden values",
    FORWARD | {"y": float(HAND_INPUT @ HAND_PARAMS["W2"] + HAND_PARAMS["b2"])},
).says("You multiply the output's weights by the inputs. They lead from the *hidden* units.")

HIDDEN = hand_forward(HAND_PARAMS)["h"]

wrong.answer(
    "output weights swapped",
    FORWARD | {"y": float(HIDDEN[::-1] @ HAND_PARAMS["W2"] + HAND_PARAMS["b2"])},
).says("The two output weights have changed places: 0.5 leads from the first hidden unit.")

wrong.answer(
    "only the first hidden unit",
    FORWARD | {"y": float(HIDDEN[0] * HAND_PARAMS["W2"][0] + HAND_PARAMS["b2"])},
).says("The second hidden unit is missing in the output.")

wrong.answer(
    "second input left out", FORWARD | {"z0": 0.9 * 0.2 + 0.1, "z1": 0.9 * 0.4 + 0.2}
).says("The second input is missing: each hidden unit adds up what comes from both.")

wrong.answer("slope of ReLU for its value", FORWARD | {"h0": 1.0, "h1": 1.0}).says("""
    1 is the slope of ReLU. Its value, where z is positive, is z itself.""")

wrong.answer("ReLU closed", FORWARD | {"h0": 0.0, "h1": 0.0}).says("""
    ReLU replaces *negative* numbers by 0. Look at the sign of z.""")

wrong.answer(
    "half before the square", FORWARD | {"loss": ((FORWARD["y"] - HAND_TARGET) / 2) ** 2}
).says("You halve the error and then square it, so the half is squared too.")

wrong.answer("minus in front of the loss", FORWARD | {"loss": -FORWARD["loss"]}).says("""
    The loss cannot be negative: a square has no minus sign.""")

wrong.answer(
    "half the error, turned round", FORWARD | {"loss": (HAND_TARGET - FORWARD["y"]) / 2}
).says("That is half the error. It has to be squared.")

EXERCISE = Exercise(
    id="ch04.hand_forward",
    title="By hand: forward",
    kind="number",
    points=1,
    difficulty=1,
    reference=FORWARD,
    accepted=(rounded(FORWARD, 4), {name: np.float64(number) for name, number in FORWARD.items()}),
    mistakes=wrong.all,
    fields=(
        Field("z0", "first hidden unit before ReLU, $z_0$"),
        Field("z1", "second hidden unit before ReLU, $z_1$"),
        Field("h0", "after ReLU, $h_0$"),
        Field("h1", "after ReLU, $h_1$"),
        Field("y", "prediction, $y$"),
        Field("loss", "loss $\\tfrac{1}{2}(y - t)^2$"),
    ),
    hints=(
        "Start with the first hidden unit. Which two weights lead into it, and what is its bias?",
        "z0 = x0·W1[0, 0] + x1·W1[1, 0] + b1[0]. ReLU keeps what is positive. Then the same once "
        "more with W2 and b2.",
        "The skeleton:\n    z0 = 0.9 * 0.2 + 1.0 * … + …\n    z1 = 0.9 * 0.4 + 1.0 * … + …\n"
        "    h0 = max(z0, 0)\n    y = h0 * 0.5 + h1 * … + …\n    loss = (y - 2.0)**2 / …",
    ),
    probe=Probe(values, {"names": tuple(FORWARD)}),
    outputs=tuple(Output(name, rtol=1e-3) for name in FORWARD),
    remark="Both hidden units are positive, so ReLU lets them and, later, their gradients through.",
)
