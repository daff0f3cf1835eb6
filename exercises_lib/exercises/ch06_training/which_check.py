"""ch06.which_check: which gradient check would have caught this?"""

from __future__ import annotations

from exercises_lib.checking import Exercise, Field, Mistake, Probe
from exercises_lib.probes import values

CAUGHT = {"relu": "one", "mean": "batch", "floor": "sure", "labels": "none", "uphill": "none"}

CHECKS = {
    "one": "small random weights, one sample",
    "batch": "small random weights, five samples",
    "sure": "five samples, and weights so large that some predictions are nearly certain and wrong",
    "none": "none of these: the gradient is right",
}

BUGS = {
    "relu": "`Relu.backward` lets every gradient through, as if it had no mask",
    "mean": "`SoftmaxWithLoss.backward` returns `y - t` without dividing by N",
    "floor": "the loss is the mean of `-log(y + 1e-7)`, and its gradient is `(y - t) / N`",
    "labels": "the images are shuffled before training, and the labels are not",
    "uphill": "the update is `params[name] += lr * grads[name]`",
}

WHY_NOT = {
    ("relu", "batch"): (
        "Five samples catch the ReLU, but one does too: for any sample some hidden units are closed, "
        "and a gradient that passes them is wrong."
    ),
    ("relu", "sure"): (
        "That catches the ReLU, but so does a simpler check: which units are closed has nothing to do "
        "with how certain the predictions are."
    ),
    ("relu", "none"): (
        "A ReLU without a mask in its `backward` sends gradients through closed units. The gradients of "
        "W1 and b1 are then wrong, and a gradient check compares exactly those."
    ),
    ("mean", "one"): (
        "For the missing division: with N = 1, `y - t` and `(y - t) / N` are the same number."
    ),
    ("mean", "sure"): (
        "That catches the missing division, but a simpler check does too: it is the number of samples "
        "that matters, not how certain the network is."
    ),
    ("mean", "none"): (
        "Without the division all gradients are N times too large beside those of the mean loss. That "
        "is as wrong as a gradient can be, even though it points the right way."
    ),
    ("floor", "one"): (
        "For the loss with 1e-7: with small weights every class has a probability near 1/C, and beside "
        "that 1e-7 is nothing. How small must a probability be for 1e-7 to matter?"
    ),
    ("floor", "batch"): (
        "For the loss with 1e-7: more samples do not help as long as all probabilities are near 1/C, "
        "because beside those 1e-7 is nothing. When is a probability as small as that?"
    ),
    ("floor", "none"): (
        "The gradient `(y - t) / N` belongs to `-log(y)`. The loss here is another function, and where "
        "y is tiny its slope is another one too."
    ),
    ("labels", "one"): (
        "A gradient check asks whether the gradient fits the *loss*, for whatever labels it is given. "
        "Wrong labels have a perfectly right gradient."
    ),
    ("labels", "batch"): (
        "More samples do not help: with the labels mixed up, loss and gradient still fit each other. "
        "What would give this bug away is the accuracy, which stays at guessing."
    ),
    ("labels", "sure"): (
        "However certain the network is: with the labels mixed up, loss and gradient still fit each "
        "other. Only what the labels *mean* is wrong, and no derivative knows that."
    ),
    ("uphill", "one"): (
        "The gradient check never makes an update, so it cannot see which way the update goes. The "
        "loss curve shows it after a few steps."
    ),
    ("uphill", "batch"): (
        "However many samples: a gradient check compares gradients and makes no step. A step uphill "
        "shows in the loss curve."
    ),
    ("uphill", "sure"): (
        "However large the weights: a gradient check compares gradients and makes no step. A step "
        "uphill shows in the loss curve."
    ),
}

EXERCISE = Exercise(
    id="ch06.which_check",
    title="Which gradient check would have caught this?",
    kind="choice",
    points=2,
    difficulty=1,
    reference=CAUGHT,
    accepted=(dict(reversed(CAUGHT.items())), {bug: f" {check} " for bug, check in CAUGHT.items()}),
    fields=tuple(Field(name, label, CHECKS) for name, label in BUGS.items()),
    mistakes=tuple(
        Mistake(f"{bug}: {option}", {**CAUGHT, bug: option}, message)
        for (bug, option), message in WHY_NOT.items()
    ),
    hints=(
        "A gradient check compares two things. Which two? Ask of each bug whether it touches one of "
        "them, both in the same way, or neither.",
        "For the bugs that do spoil the gradient: by which factor is it wrong, for N = 1, and for "
        "probabilities near 1/C? Where that factor is 1, the check is blind.",
        "Fill in a table:\n    bug      factor with N = 1   with N = 5   with a tiny probability\n"
        "    relu     …                   …            …\n    mean     …                   …            …\n"
        "    floor    …                   …            …\n"
        "Two of the five have the factor 1 everywhere.",
    ),
    probe=Probe(values, {"names": tuple(BUGS)}),
    remark="Two of the five have a right gradient: for those there are loss curves and accuracies.",
)
