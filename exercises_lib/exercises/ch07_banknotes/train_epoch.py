"""ch07.train_epoch: one epoch of full-batch training: forward, loss and accuracy, back, one step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.checking.serialize import is_number
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch07_banknotes._shared import depth, labels, network, sizes_of_a_layer
from exercises_lib.nn import columns
from exercises_lib.probes import ch07 as probes


def train_epoch(x, t, params, lr):
    p, cache = columns.forward_pass(x, params)
    q = np.clip(p, 1e-12, 1 - 1e-12)
    loss = -np.mean(t * np.log(q) + (1 - t) * np.log(1 - q))
    accuracy = np.mean((p > 0.5) == (t == 1))
    grads = columns.backward_pass(p, t, cache, params)
    for name in params:
        params[name] -= lr * grads[f"d_{name}"]
    return float(loss), float(accuracy)


def train_epoch_by_library(x, t, params, lr):
    p, cache = columns.forward_pass(x, params)
    result = columns.loss_and_accuracy(p, t)
    columns.update(params, columns.backward_pass(p, t, cache, params), lr)
    return result


def train_epoch_with_new_arrays(x, t, params, lr):
    p, cache = columns.forward_pass(x, params)
    right = np.where(t == 1, p, 1 - p)
    grads = columns.backward_pass(p, t, cache, params)
    for i in range(1, depth(params) + 1):
        for kind in ("weight", "bias"):
            params[f"{kind}{i}"] = params[f"{kind}{i}"] - lr * grads[f"d_{kind}{i}"]
    return -np.log(np.maximum(right, 1e-15)).mean(), 1 - np.abs(np.round(p) - t).mean()


def draw_epoch(rng: np.random.Generator) -> Iterator[Case]:
    def case(n: int, sizes: tuple[int, ...], note: str) -> Case:
        while True:  # no probability so near 0 or 1 that a limit could matter
            x, params = rng.normal(size=(sizes[0], n)), network(rng, sizes)
            p, _ = columns.forward_pass(x, params)
            if (np.abs(p - 0.5) < 0.499).all():
                break
        lr = float(rng.uniform(0.2, 0.6))
        return Case({"x": x, "t": labels(rng, n), "params": params, "lr": lr}, note)

    def scores(z: list[float], t: list[float], note: str) -> Case:
        params = {"weight1": np.array([[1.0]]), "bias1": np.array([[0.0]])}
        inputs = {"x": np.array([z]), "t": np.array([t]), "params": params, "lr": 0.3}
        return Case(inputs, note)

    n, d, m = sizes_of_a_layer(rng)
    count = int(rng.integers(30, 40))  # so many that different accuracies are different numbers
    yield case(count, (d, m, 1), f"sizes {(d, m, 1)}, {count} samples")
    yield case(count + 3, (n, d, m + 1, 1), f"sizes {(n, d, m + 1, 1)}, {count + 3} samples")
    yield case(1, (m, d, 1), "a single sample")
    yield scores([-13.0, 12.5, 0.4], [1.0, 0.0, 1.0], "probabilities near 0 and 1")
    certain = [800.0, -800.0, 1.0, -0.5]
    yield scores(certain, [1.0, 0.0, 1.0, 1.0], "probabilities of exactly 1 and 0, and right")
    yield scores(certain, [0.0, 1.0, 1.0, 1.0], "probabilities of exactly 1 and 0, and wrong")


def certain_and_wrong(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    if not is_number(got) or isinstance(got, complex):
        return "The loss is not a number."
    value, n = float(np.asarray(got).real), inputs["x"].shape[1]
    if not np.isfinite(value):
        return f"The loss is {value:g} where a prediction is certain and wrong; make it finite."
    if not 2 * 10 / n < value < 2 * 800 / n + 5:
        return (
            f"The loss is {value:.4g} where two of {n} predictions are certain and wrong. Each of "
            "those alone should cost at least 10."
        )
    return None


wrong = Mistakes(train_epoch)

wrong.swap("unsafe logarithms", "np.clip(p, 1e-12, 1 - 1e-12)", "p").says("""
    At a probability of exactly 0 or 1 one of the two logarithms is −inf, and 0 · (−inf) is nan.
    Keep p a little away from both ends inside the logarithms.""")
wrong.swap("summed over the samples", "-np.mean(", "-np.sum(").says("""
    Your loss is a sum over the samples. It would be four times larger on the training set than on
    the validation set for no other reason than their sizes.""")
wrong.swap("class 1 only", " + (1 - t) * np.log(1 - q)", "").says("""
    Your loss has the term of class 1 alone: a note of class 0 costs nothing, whatever the network
    says about it.""")
wrong.swap("sign lost", "-np.mean(", "np.mean(").says("""
    Your loss is negative: logarithms of probabilities are, and the minus in front is missing.""")
wrong.swap("labels exchanged", "np.clip(p,", "np.clip(1 - p,").says("""
    Your loss takes the probability of the wrong class: p is the probability of class 1.""")
wrong.swap(
    "squared error", "-np.mean(t * np.log(q) + (1 - t) * np.log(1 - q))", "np.mean((p - t) ** 2)"
).says("""That is the mean squared error. A classifier's price is −log of the probability that the
    truth was given.""")
wrong.swap("minus between the terms", " + (1 - t) *", " - (1 - t) *").says("""
    Between your two terms stands a minus. Both classes cost something: the one minus in front
    serves both terms.""")
wrong.swap(
    "one loss per sample",
    "-np.mean(t * np.log(q) + (1 - t) * np.log(1 - q))",
    "-(t * np.log(q) + (1 - t) * np.log(1 - q))",
    "float(loss)",
    "loss",
).says("You return a loss per sample; their mean is asked for.")
wrong.swap("too cheap near 0 and 1", "1e-12, 1 - 1e-12", "1e-4, 1 - 1e-4").says("""
    Where the truth was given a probability of some millionths, your loss is too small: the limit
    begins too early. Choose it far smaller.""")
wrong.swap("accuracy in percent", "float(accuracy)", "100 * float(accuracy)").says("""
    Your accuracy is in percent. A fraction is asked for, from 0 to 1.""")
wrong.swap("right answers counted", "np.mean((p", "np.sum((p").says("""
    You count right answers; which *fraction* of the samples they are is asked for.""")
wrong.swap("probabilities compared with labels", "(p > 0.5) == (t == 1)", "p == t").says("""
    You ask whether the probability *equals* the label. The network says class 1 wherever its
    probability is above one half.""")
wrong.swap("error instead of accuracy", "== (t == 1)", "!= (t == 1)").says("""
    That is the fraction of wrong answers.""")
wrong.swap("argmax of one row", "(p > 0.5) == (t == 1)", "p.argmax(axis=0) == t").says("""
    `argmax` chooses between several scores. Here each sample has a single probability, so it always
    says 0.""")
wrong.swap("labels not asked", "(p > 0.5) == (t == 1)", "p > 0.5").says("""
    That is the fraction of the samples which the network puts into class 1. Whether it is right
    about them does not occur in it.""")
wrong.swap("right about class 1 only", "(p > 0.5) == (t == 1)", "(p > 0.5) * t").says("""
    You count the samples of class 1 that are found. One of class 0 that is called 0 is right
    too.""")
wrong.swap("limit at 0", "p > 0.5", "p > 0").says("""
    You ask where p is above 0, and a probability nearly always is. Above 0 would be the question
    for a score.""")
wrong.swap("order swapped", "float(loss), float(accuracy)", "float(accuracy), float(loss)").says("""
    Loss and accuracy have changed places: the function returns `loss, accuracy`.""")

wrong.swap("uphill", "-= lr", "+= lr").says("""
    You add the gradient. It points to where the loss grows.""")
wrong.swap("rate forgotten", "lr * grads", "grads").says("""
    You subtract the whole gradient; the learning rate is missing.""")
wrong.swap("divided by the rate", "lr * grads", "1 / lr * grads").says("""
    You divide by the learning rate. A small rate is to make a small step.""")
wrong.swap("a fixed rate", "lr * grads", "0.1 * grads").says("""
    Your rate is 0.1, whatever `lr` says.""")
wrong.swap("sign of the gradient", 'grads[f"d_{name}"]', 'np.sign(grads[f"d_{name}"])').says("""
    Every number moves by the same amount: you use the gradient's sign and drop its size.""")
wrong.swap("old value lost", "-= lr", "= -lr").says("""
    You put the step in the place of the parameter. The step is a change of the old value. (`=-` is
    not `-=`.)""")
wrong.swap(
    "rebinds a name",
    "name in params",
    "name, array in params.items()",
    "params[name] -=",
    "array = array -",
).says("""The caller's parameters stay as they were. `array = array - …` makes a new array and gives
    it a local name; the dictionary that you were given still holds the old numbers.""")
wrong.swap(
    "biases left out", "name in params", 'name in [name for name in params if name[0] == "w"]'
).says("The biases have not moved. They are parameters too.")
wrong.swap(
    "two layers only", "name in params", 'name in [name for name in params if name[-1] in "12"]'
).says("Only the first two layers have moved. How many there are is for the dictionary to say.")
wrong.swap("the parameter's name for its gradient", 'f"d_{name}"', "name").says("""
    You look for the gradient under the parameter's name. In `grads` each name has something in
    front.""")
wrong.swap("the weight's gradient for the bias", 'f"d_{name}"', 'f"d_weight{name[-1]}"').says("""
    A bias is moved by the gradient of its weights. Each has an entry of its own.""")
wrong.swap("returns after the first", "name in params", "name in list(params)[:1]").says(
    """Only the first parameter has moved. Does your `return` stand inside the loop?"""
)
wrong.swap(
    "paired by position",
    "name in params",
    "name, grad in zip(params, grads.values())",
    'grads[f"d_{name}"]',
    "grad",
).says("""You pair parameters and gradients by their position. A backward pass fills `grads` from
    the last layer to the first. Go by the names.""")


def measured_after_the_step(x, t, params, lr):
    train_epoch(x, t, params, lr)
    return columns.loss_and_accuracy(columns.forward_pass(x, params)[0], t)


wrong.answer("measured after the step", measured_after_the_step).says("""You measure after the step.
    Loss and accuracy of an epoch belong to the parameters with which its gradients were
    computed.""")


EXERCISE = Exercise(
    id="ch07.train_epoch",
    title="One epoch",
    kind="function",
    points=3,
    difficulty=2,
    reference=train_epoch,
    accepted=(train_epoch_by_library, train_epoch_with_new_arrays),
    mistakes=wrong.all,
    hints=(
        "Four things, in this order: forward, two numbers to report, back, one step. Try the numbers "
        "with p = [[1.0, 0.0]] and t = [[1.0, 0.0]], a perfect prediction: what does it cost?",
        "A sample costs −log of the probability given to its own class, p or 1 − p. A limit of "
        "1e-12 inside the logarithm keeps it finite. `params[name] -= …` writes into the caller's "
        "dictionary; `array = …` does not.",
        "The skeleton:\n    p, cache = …\n    q = np.clip(p, …, …)\n    loss = -np.mean(t * … + (1 - t) * …)\n"
        "    accuracy = np.mean((p > …) == …)\n    grads = …\n    for name in params:\n"
        "        params[name] -= …\n    return …, …",
    ),
    probe=Probe(probes.train_epoch),
    draw=draw_epoch,
    outputs=(
        Output("loss", rtol=1e-5, atol=1e-6),
        Output("certain loss", rtol=1e-5, atol=1e-6),
        Output("certain-and-wrong loss", compare=certain_and_wrong),
    ),
    remark="The limit is for the report only. The gradient never sees it.",
)
