"""ch06.sgd_step: one step of gradient descent."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Case, Exercise, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch06_training._shared import random_params
from exercises_lib.exercises.ch06_training._steps import sgd_step, step_weights_only
from exercises_lib.probes import ch06 as probes


def step_by_slices(params, grads, lr):
    for name, grad in grads.items():
        params[name][...] = params[name] - lr * grad


def step_by_ufunc(params, grads, lr):
    for key in sorted(params):
        np.add(params[key], -lr * grads[key], out=params[key])


def draw_step(rng: np.random.Generator) -> Iterator[Case]:
    def case(d: int, h: int, c: int, lr: float, note: str) -> Case:
        params = random_params(rng, d, h, c)
        # From the last layer to the first, as a way back makes them.
        grads = dict(reversed(random_params(rng, d, h, c).items()))
        return Case({"params": params, "grads": grads, "lr": lr}, note)

    yield case(4, 3, 2, 0.1, "learning rate 0.1")
    yield case(2, 5, 3, float(rng.uniform(0.3, 0.9)), "another learning rate")
    yield case(3, 1, 4, 2.0, "learning rate 2, a single hidden unit")
    one = {"w": rng.normal(size=3)}
    yield Case({"params": one, "grads": {"w": rng.normal(size=3)}, "lr": 0.5}, "one parameter, w")


wrong = Mistakes(sgd_step)

wrong.swap("uphill", "params[name] -= lr", "params[name] += lr").says("""
    You add the gradient. It points to where the loss *grows*; you want the other way.""")

wrong.swap(
    "new arrays in the dictionary", "params[name] -= lr", "params[name] = params[name] - lr"
).says("""`params[name] = params[name] - …` makes a new array and puts it into the dictionary. The
    layers still hold the old one, and the loss never changes.""")

wrong.swap(
    "nothing reaches the parameters",
    ("name in params", "name, param in params.items()"),
    ("params[name] -=", "param = param -"),
).says("""You compute new values and do not write them into the arrays: a local name, or a copy,
    gets them, and the parameters stay as they are.""")

wrong.swap("learning rate ignored", "-= lr *", "-=").says("""You subtract the whole gradient,
    whatever `lr` says.""")

wrong.answer("weights only", step_weights_only).says("""Your step leaves the biases as they are.
    They are parameters like the weights.""")

wrong.swap("two fixed names", "in params", 'in ("W1", "W2")').says("""
    You name two parameters of one network. The biases move as well, and another network has other
    names: go through those in `params`.""")

wrong.swap("the parameter for the gradient", "* grads", "* params").says("""
    You subtract a part of the parameter itself: all weights shrink, whatever the gradient says.
    `grads` does not occur in your step.""")

wrong.swap("four fixed names", "in params", 'in ("W1", "b1", "W2", "b2")').says("""
    You name the four parameters of one network. Another network has others: go through the names in
    `params`.""")

wrong.swap("divided by the rate", "lr * grads[name]", "grads[name] / lr").says("""
    You divide by `lr`: the smaller the rate, the longer your step.""")

wrong.swap("divided by the rows", "grads[name]", "grads[name] / len(grads[name])").says("""
    You divide by the number of rows of the gradient. The mean over the samples is in the gradient
    already.""")

wrong.swap(
    "gradients changed",
    "params[name] -= lr * grads[name]",
    """
    grads[name] *= lr
    params[name] -= grads[name]
""",
).says("""You multiply the gradients themselves by `lr`, in place. Whoever looks at them afterwards,
    to print or to check them, finds other numbers.""")

wrong.swap("sign of the gradient only", "grads[name]", "np.sign(grads[name])").says("""
    All your steps have the same length, `lr`. Gradient descent takes large steps where the slope is
    steep and small ones where it is flat.""")

wrong.swap("multiplied instead of subtracted", "[name] -=", "[name] *= 1 -").says("""
    You multiply the parameter by 1 − lr · gradient. The step is a difference, and it does not
    depend on how large the parameter is.""")

wrong.swap("old value lost", "[name] -= lr", "[name][...] = -lr").says("""
    You put the step in the place of the parameter. It is a change of the old value.""")

wrong.swap(
    "returns after the first",
    "params[name] -= lr * grads[name]",
    "params[name] -= lr * grads[name]\nreturn params",
).says("The `return` stands inside the loop, so only the first parameter makes its step.")

wrong.swap("a fixed rate", "-= lr", "-= 0.1").says("Your rate is 0.1, whatever `lr` says.")

wrong.swap(
    "paired by position",
    ("name in params", "param, grad in zip(params.values(), grads.values())"),
    ("params[name] -= lr * grads[name]", "param -= lr * grad"),
).says("""You pair parameters and gradients by their position. The two dictionaries have the same
    names, and need not have the same order: go by the names.""")

wrong.swap("names with a d", "grads[name]", 'grads["d" + name]').says("""
    You look for the gradient under another name. In `grads` it has the name of its parameter.""")

wrong.swap(
    "dictionaries subtracted",
    "for name in params:\n    params[name] -= lr * grads[name]",
    "params -= lr * grads",
).says("""`params` and `grads` are dictionaries, and Python cannot calculate with those. Go through
    their names and calculate with the arrays.""")

EXERCISE = Exercise(
    id="ch06.sgd_step",
    title="One step of gradient descent",
    kind="function",
    points=2,
    difficulty=1,
    reference=sgd_step,
    accepted=(
        step_by_slices,
        step_by_ufunc,
        lambda params, grads, lr: nn.SGD(lr).update(params, grads),
    ),
    mistakes=wrong.all,
    hints=(
        "The layers hold the very arrays of `params`. Which of `a = a - b` and `a -= b` changes the "
        "array, and which makes another one?",
        "Each parameter moves by its own gradient times `lr`, against the gradient, in place. The "
        "function returns nothing.",
        "The skeleton:\n    for name in params:\n        params[name] … lr * …",
    ),
    probe=Probe(probes.step),
    draw=draw_step,
    fills={"the arrays that the layers hold": ("params",)},
    remark="Nothing is returned: the arrays that the layers hold have moved.",
)
