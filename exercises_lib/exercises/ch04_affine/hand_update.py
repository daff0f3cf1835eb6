"""ch04.hand_update: by hand: one update, and the prediction after it."""

from __future__ import annotations

from typing import Any

import numpy as np

from exercises_lib.checking import Exercise, Field, Mistake, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch04_affine._hand import (
    DZ,
    FORWARD,
    GRADIENTS,
    HAND_INPUT,
    HAND_PARAMS,
    HAND_RATE,
    HAND_TARGET,
    entries,
    hand_forward,
    hand_gradients,
    rounded,
)
from exercises_lib.probes import values


def hand_step(rate: float, factor: float = 1.0, only: str = "Wb") -> dict[str, Any]:
    """Return the parameters after one step, and y with them; `only` names what is updated."""
    grads = hand_gradients(HAND_PARAMS, factor)
    new = {
        name: value - rate * grads[f"d{name}"] if name[0] in only else value
        for name, value in HAND_PARAMS.items()
    }
    return new | {"y": hand_forward(new)["y"]}


def update_answer(
    rate: float = HAND_RATE, factor: float = 1.0, only: str = "Wb"
) -> dict[str, float]:
    step = hand_step(rate, factor, only)
    twice = hand_step(rate, 2 * factor, only)
    numbers = {name: step[name] for name in HAND_PARAMS}
    return entries(numbers | {"y_half": step["y"], "y_square": twice["y"]})


UPDATED = update_answer()

wrong = Mistakes()

wrong.answer("the published number", UPDATED | {"y_half": 1.618296}).says("""
    That is the published number, and it is the one thing here that nobody can derive. Put your own
    updated parameters into the forward pass.""")

wrong.answer(
    "the two losses swapped",
    UPDATED | {"y_half": UPDATED["y_square"], "y_square": UPDATED["y_half"]},
).says("""The two predictions have changed places: without the half the gradient, and so the step,
    is twice as long.""")

wrong.answer("uphill", update_answer(rate=-HAND_RATE)).says("""You add the gradient. It points to
    where the loss grows; a step that lowers the loss goes against it.""")

wrong.answer("rate forgotten", update_answer(rate=1.0)).says("""You subtract the whole gradient. The
    step is the gradient times the rate of 0.1.""")

wrong.answer("step twice as long", update_answer(factor=2.0)).says("""
    Your step is twice as long as it should be: it belongs to the loss (y − t)².""")

wrong.answer("biases not updated", update_answer(only="W")).says("""
    The biases are still the old ones. They are parameters too and take their step.""")


def hidden_gradient_from_new_weights() -> dict[str, float]:
    found = []
    for factor in (1.0, 2.0):
        step = hand_step(HAND_RATE, factor)
        dz = factor * GRADIENTS["dy"] * step["W2"]  # both hidden units are positive
        new = {name: step[name] for name in HAND_PARAMS}
        new["W1"] = HAND_PARAMS["W1"] - HAND_RATE * np.outer(HAND_INPUT, dz)
        new["b1"] = HAND_PARAMS["b1"] - HAND_RATE * dz
        found.append(new | {"y": hand_forward(new)["y"]})
    half, square = found
    numbers = {name: half[name] for name in HAND_PARAMS}
    return entries(numbers | {"y_half": half["y"], "y_square": square["y"]})


wrong.answer("output weights updated too early", hidden_gradient_from_new_weights()).says("""
    You used the new `W2` in the backward pass to the hidden units. All gradients belong to the old
    parameters; only when all are known is the step taken.""")


def update_with(**changed: Any) -> dict[str, float]:
    """Return the update of which some parameters, and the prediction with them, are others."""
    new = {name: hand_step(HAND_RATE)[name] for name in HAND_PARAMS} | changed
    return UPDATED | entries(new | {"y_half": hand_forward(new)["y"]})


wrong.answer(
    "dW1 transposed", update_with(W1=HAND_PARAMS["W1"] - HAND_RATE * np.outer(DZ, HAND_INPUT))
).says("""`dW1_01` and `dW1_10` have changed places in your step: the first index counts inputs, the
    second hidden units.""")

wrong.answer(
    "W1 transposed", UPDATED | {"W1_01": UPDATED["W1_10"], "W1_10": UPDATED["W1_01"]}
).says("""`W1_01` and `W1_10` have changed places: the first index counts inputs, the second hidden
    units.""")

wrong.answer(
    "the gradients themselves",
    UPDATED | {name[1:]: value for name, value in GRADIENTS.items() if name[1:] in UPDATED},
).says("That is the gradient. What is asked for is the parameter after its step.")

wrong.answer(
    "the step alone",
    UPDATED | {name: UPDATED[name] - value for name, value in entries(HAND_PARAMS).items()},
).says("That is the step alone. The new parameter is the old one and the step together.")

UPDATED_PARAMS = hand_step(HAND_RATE)


def two_steps(factor: float) -> dict[str, float]:
    new = {name: UPDATED_PARAMS[name] for name in HAND_PARAMS}
    grads = hand_gradients(new, factor)
    again = {name: value - HAND_RATE * grads[f"d{name}"] for name, value in new.items()}
    return UPDATED | {"y_square": float(hand_forward(again)["y"])}


wrong.extend(
    (
        Mistake(
            name,
            two_steps(factor),
            "That is the prediction after *two* steps: for `y_square` go back to the start, with "
            "the parameters from before the first one.",
        )
        for name, factor in (("a second step", 1.0), ("a second step, twice as long", 2.0))
    )
)


def old_hidden_values() -> dict[str, float]:
    h = hand_forward(HAND_PARAMS)["h"]
    half, square = (hand_step(HAND_RATE, factor) for factor in (1.0, 2.0))
    return UPDATED | {
        "y_half": float(h @ half["W2"] + half["b2"]),
        "y_square": float(h @ square["W2"] + square["b2"]),
    }


wrong.answer("old hidden values", old_hidden_values()).says("""The new output weights are multiplied
    by the hidden values from before the update. `W1` and `b1` have changed, so the hidden units
    have too.""")

wrong.answer(
    "prediction from before the update",
    UPDATED | {"y_half": FORWARD["y"], "y_square": FORWARD["y"]},
).says("That is the prediction with the old parameters. Run the forward pass again.")

wrong.answer("rounded to three decimals", rounded(UPDATED, 3)).says("""
    You round too much. Keep six decimals until the end.""")

wrong.answer("rounded to two decimals", rounded(UPDATED, 2)).says("""
    You round too much. Keep six decimals until the end.""")

wrong.answer(
    "hidden weights not updated", update_with(W1=HAND_PARAMS["W1"], b1=HAND_PARAMS["b1"])
).says("The hidden layer still has its old parameters. All nine take their step.")

wrong.answer(
    "the change doubled", UPDATED | {"y_square": float(2 * UPDATED["y_half"] - FORWARD["y"])}
).says("""You double the change of the prediction. The *steps* are twice as long; the prediction is
    no straight line in them, for changed weights multiply changed hidden values.""")

wrong.answer(
    "the losses",
    UPDATED
    | {
        "y_half": 0.5 * (UPDATED["y_half"] - HAND_TARGET) ** 2,
        "y_square": (UPDATED["y_square"] - HAND_TARGET) ** 2,
    },
).says("That is the loss after the step. What is asked for is the prediction, y.")

wrong.answer("rate of 0.01", update_answer(rate=0.01)).says("""Your step is ten times too short: the
    rate is 0.1.""")

wrong.answer(
    "step of the hidden weights without the input",
    update_with(W1=HAND_PARAMS["W1"] - HAND_RATE * np.outer(np.ones(2), DZ)),
).says("""The hidden weights take the step of their bias. Their gradient has the input in it as
    well.""")

EXERCISE = Exercise(
    id="ch04.hand_update",
    title="By hand: one update, and the prediction after it",
    kind="number",
    points=2,
    difficulty=2,
    reference=UPDATED,
    accepted=(rounded(UPDATED, 4), {name: np.float64(number) for name, number in UPDATED.items()}),
    mistakes=wrong.all,
    fields=(
        *(
            Field(name, f"`{name}` after the step")
            for name in UPDATED
            if name not in ("y_half", "y_square")
        ),
        Field("y_half", "new prediction, loss $\\tfrac{1}{2}(y - t)^2$"),
        Field("y_square", "new prediction if the loss had been $(y - t)^2$"),
    ),
    hints=(
        "Every parameter takes the same kind of step. Do W1_00 = 0.2 first; you found its gradient "
        "in the exercise before.",
        "new = old − rate · gradient, rate 0.1, all gradients taken at the old parameters. Then the "
        "forward pass with the new parameters. Without the half every gradient is twice as large.",
        "The skeleton:\n    W1_00 = 0.2 - 0.1 * …\n    W1_01 = 0.4 - 0.1 * …\n"
        "    z0 = 0.9 * W1_00 + 1.0 * W1_10 + …\n    y_half = z0 * W2_0 + z1 * … + …",
    ),
    probe=Probe(values, {"names": tuple(UPDATED)}),
    outputs=tuple(Output(name, rtol=1e-4 if name.startswith("y") else 2e-4) for name in UPDATED),
    remark="1.619155 and 1.935951. The published 1.618296 lies 0.000859 away from the first: 859 "
    "units in the last place.",
)
