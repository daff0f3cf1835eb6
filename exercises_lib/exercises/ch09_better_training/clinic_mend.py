"""ch09.clinic_mend: a loss with weight decay, with the faults of two patients and a third."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes import ch09 as probes


def penalised(loss_and_gradient, params, x, t, decay):
    loss, grads = loss_and_gradient(x, t)
    for name in params:
        if name.startswith("W"):
            loss = loss + 0.5 * decay * np.sum(params[name] ** 2)
            grads[name] = grads[name] + decay * params[name]
    return loss, grads


def given(loss_and_gradient, params, x, t, decay):
    """The code of the notebook."""
    loss, grads = loss_and_gradient(x, t)
    loss = loss / len(x)
    for name, array in params.items():
        grads[name] = grads[name] / len(x) + decay * array
    return loss, grads


def penalised_in_a_new_dictionary(loss_and_gradient, params, x, t, decay):
    loss, grads = loss_and_gradient(x, t)
    weights = {name: array for name, array in params.items() if name[0] == "W"}
    penalty = sum(float((array**2).sum()) for array in weights.values())
    return loss + decay * penalty / 2, {
        name: grad + decay * weights[name] if name in weights else grad
        for name, grad in grads.items()
    }


def penalised_in_place(loss_and_gradient, params, x, t, decay):
    loss, grads = loss_and_gradient(x, t)
    for k in range(1, len(params) // 2 + 1):
        W = params[f"W{k}"]
        loss += decay / 2 * np.vdot(W, W)
        grads[f"W{k}"] += decay * W
    return loss, grads


def draw_penalised(rng: np.random.Generator) -> Iterator[Case]:
    def case(n: int, depth: int, decay: float, note: str) -> Case:
        sizes = rng.choice(np.arange(2, 7), size=depth + 1, replace=False).tolist()
        params = {}
        for k in range(depth):
            params[f"W{k + 1}"] = rng.normal(size=(sizes[k], sizes[k + 1]))
            params[f"b{k + 1}"] = rng.normal(size=sizes[k + 1])
        inputs = {"params": params, "x": rng.normal(size=(n, sizes[0])), "t": np.arange(n) % 2}
        found = {name: rng.normal(size=array.shape) for name, array in params.items()}
        return Case(
            {**inputs, "decay": decay, "loss": float(rng.uniform(0.5, 2)), "found": found}, note
        )

    yield case(5, 2, float(rng.uniform(0.1, 0.4)), "two layers, five samples")
    yield case(3, 3, float(rng.uniform(0.5, 0.9)), "three layers, three samples")
    yield case(1, 1, float(rng.uniform(0.1, 0.4)), "one layer, one sample")
    yield case(4, 2, 0.0, "no decay")


wrong = Mistakes(penalised)

wrong.answer("still the given code", given).says("""Three faults are in it, as before: the batch is
    averaged twice, the biases decay, and the loss knows nothing of the decay.""")
wrong.swap(
    "gradient still averaged twice", "grads[name] + decay", "grads[name] / len(x) + decay"
).says("""
    The weights' gradients are divided by the batch once more. They are means already.""")
wrong.swap("loss still averaged twice", "loss = loss + 0.5", "loss = loss / len(x) + 0.5").says("""
    You divide the loss by the batch, and it is a mean already.""")
wrong.swap("biases still decay", 'if name.startswith("W"):', "if True:").says("""
    The biases still decay. A bias shifts a function and does not bend it: only the weights decay.""")
wrong.swap(
    "loss without the penalty",
    "            loss = loss + 0.5 * decay * np.sum(params[name] ** 2)\n",
    "",
).says("""
    The gradient has the decay and the loss has no penalty: a gradient check would fail.""")
wrong.swap(
    "gradient without the decay",
    "            grads[name] = grads[name] + decay * params[name]\n",
    "",
).says("""
    The loss has the penalty and the gradient knows nothing of it: no weight decays.""")
wrong.swap("half lost", "0.5 * decay", "decay").says("""
    The penalty is ½ · decay · Σ W². Without the ½ its gradient would be twice what you add.""")
wrong.swap("only biases decay", 'name.startswith("W")', 'name.startswith("b")').says("""
    You let the biases decay and not the weights. It is the other way round.""")
wrong.swap(
    "penalty averaged too",
    "0.5 * decay * np.sum(params[name] ** 2)",
    "0.5 * decay * np.sum(params[name] ** 2) / len(x)",
    "decay * params[name]",
    "decay * params[name] / len(x)",
).says("""
    You divide the penalty by the size of the batch. It belongs to the weights, and not to the
    samples.""")
wrong.swap("sign of the decay", "grads[name] + decay", "grads[name] - decay").says("""
    You subtract the weights from their gradient: a step against it makes them grow.""")
wrong.swap("order swapped", "return loss, grads", "return grads, loss").says("""
    Loss and gradients have changed places.""")


EXERCISE = Exercise(
    id="ch09.clinic_mend",
    title="Mend a penalty",
    kind="debug",
    points=3,
    difficulty=2,
    reference=penalised,
    accepted=(penalised_in_a_new_dictionary, penalised_in_place),
    mistakes=wrong.all,
    hints=(
        "Two patients of the second ward have left their faults here. A gradient check would find a "
        "third.",
        "What does `loss_and_gradient` return: sums or means? Which parameters decay? Which function "
        "has `decay * W` as its gradient?",
        "The skeleton:\n    loss, grads = …\n    for name in params:\n        if …:\n"
        "            loss = loss + …\n            grads[name] = grads[name] + …\n    return …",
    ),
    probe=Probe(probes.penalised),
    draw=draw_penalised,
    outputs=(Output("loss"),),
    remark="Loss and gradients agree again, the batch is averaged once, and the biases are free.",
)
