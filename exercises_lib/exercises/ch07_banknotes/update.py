"""ch07.update: one step downhill."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib.checking import Case, Exercise, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch07_banknotes._shared import depth, network, sizes_of_a_layer
from exercises_lib.probes import ch07 as probes


def update(params, grads, lr):
    for name in params:
        params[name] -= lr * grads[f"d_{name}"]


def update_new_arrays(params, grads, lr):
    for name in list(params):
        params[name] = params[name] - lr * grads["d_" + name]


def update_by_layers(params, grads, lr):
    for i in range(1, depth(params) + 1):
        for kind in ("weight", "bias"):
            np.subtract(params[f"{kind}{i}"], lr * grads[f"d_{kind}{i}"], out=params[f"{kind}{i}"])
    return params


def draw_update(rng: np.random.Generator) -> Iterator[Case]:
    def case(sizes: tuple[int, ...], lr: float, note: str) -> Case:
        params = network(rng, sizes)
        # From the last layer to the first, as a backward pass makes them.
        order = [f"{kind}{i}" for i in range(depth(params), 0, -1) for kind in ("weight", "bias")]
        grads = {f"d_{name}": rng.normal(size=params[name].shape) for name in order}
        return Case({"params": params, "grads": grads, "lr": lr}, note)

    n, d, m = sizes_of_a_layer(rng)
    yield case((d, m, 1), 0.1, "two layers, lr = 0.1")
    yield case((n, d, m, 1), float(rng.uniform(0.3, 0.8)), "three layers")


wrong = Mistakes(update)

wrong.swap(
    "rebinds a name",
    "name in params",
    "name, array in params.items()",
    "params[name] -=",
    "array = array -",
).says("""The caller's parameters stay as they were. `array = array - …` makes a new array and gives
    it a local name, and so does a new dictionary: the one that you were given still holds the old
    numbers.""")


def update_with(step, names=lambda name: True):
    """Return an update that adds step(grad, lr) to the parameters of these names."""

    def answer(params, grads, lr):
        for name in params:
            if names(name):
                params[name] += step(grads[f"d_{name}"], lr)

    return answer


wrong.answer("uphill", update_with(lambda g, lr: lr * g)).says("""
    You add the gradient. It points to where the loss grows.""")

wrong.answer("rate forgotten", update_with(lambda g, lr: -g)).says("""
    You subtract the whole gradient; the learning rate is missing.""")

wrong.answer("divided by the rate", update_with(lambda g, lr: -g / lr)).says("""
    You divide by the learning rate. A small rate is to make a small step.""")

wrong.answer(
    "biases left out", update_with(lambda g, lr: -lr * g, lambda name: name.startswith("weight"))
).says("The biases have not moved. They are parameters too.")

wrong.answer(
    "two layers only", update_with(lambda g, lr: -lr * g, lambda name: name[-1] in "12")
).says("Only the first two layers have moved. How many there are is for the dictionary to say.")

wrong.answer("sign of the gradient", update_with(lambda g, lr: -lr * np.sign(g))).says("""
    Every number moves by the same amount: you use the gradient's sign and drop its size.""")

wrong.swap(
    "changes the gradients",
    'params[name] -= lr * grads[f"d_{name}"]',
    """
    grads[f"d_{name}"] *= lr
    params[name] -= grads[f"d_{name}"]
""",
).says("""You multiply the gradients themselves by the rate. The caller may want to print or reuse
    them.""")

wrong.swap(
    "paired by position",
    "name in params",
    "name, grad in zip(params, grads.values())",
    'grads[f"d_{name}"]',
    "grad",
).says("""You pair parameters and gradients by their position. The two dictionaries need not have
    the same order: a backward pass fills `grads` from the last layer to the first. Go by the
    names.""")

wrong.answer("a fixed rate", update_with(lambda g, lr: -0.1 * g)).says("""
    Your rate is 0.1, whatever `lr` says.""")


def step_of_names(name_of_gradient):
    """Return an update that looks for the gradient of a parameter under another name."""

    def answer(params, grads, lr):
        for name in params:
            params[name] -= lr * grads[name_of_gradient(name)]

    return answer


wrong.answer("the parameter's name for its gradient", step_of_names(lambda name: name)).says("""
    You look for the gradient under the parameter's name. In `grads` each name has something in
    front.""")

wrong.swap(
    "the gradient's name for its parameter", "in params", "in grads", 'f"d_{name}"', "name"
).says("""You go through the names of the gradients and look for them in `params`. There they are
    called otherwise.""")

wrong.answer(
    "the weight's gradient for the bias", step_of_names(lambda name: f"d_weight{name[-1]}")
).says("A bias is moved by the gradient of its weights. Each has an entry of its own.")

wrong.swap("old value lost", "[name] -= lr", "[name] = -lr").says("""
    You put the step in the place of the parameter. The step is a change of the old value. (`=-` is
    not `-=`.)""")


def only_the_first(params, grads, lr):
    for name in params:
        params[name] -= lr * grads[f"d_{name}"]
        return


wrong.answer("returns after the first", only_the_first).says("""Only the first parameter has moved:
    your `return` stands inside the loop.""")


def layers_in(layers):
    """Return an update of the layers whose numbers are layers(depth)."""

    def answer(params, grads, lr):
        for i in layers(depth(params)):
            params[f"weight{i}"] -= lr * grads[f"d_weight{i}"]
            params[f"bias{i}"] -= lr * grads[f"d_bias{i}"]

    return answer


wrong.answer("counted from 0", layers_in(range)).says("""You count the layers from 0. The first is
    called `weight1`.""")

wrong.answer("last layer left out", layers_in(lambda layers: range(1, layers))).says("""
    The last layer has not moved: what `range` is given as its end does not occur any more.""")


EXERCISE = Exercise(
    id="ch07.update",
    title="One step downhill",
    kind="function",
    points=2,
    reference=update,
    accepted=(update_new_arrays, update_by_layers),
    mistakes=wrong.all,
    hints=(
        "Which entry of `grads` belongs to `params[name]`? What has to stand on the left of the "
        "assignment so that the caller's dictionary notices?",
        "Against the gradient, times the rate, for every entry. `params[name] -= …` writes into the "
        "dictionary; `array -= …` into the array itself; `array = …` into neither.",
        'The skeleton:\n    for name in …:\n        params[name] -= … * grads[f"d_{…}"]',
    ),
    probe=Probe(probes.update),
    draw=draw_update,
    remark="This function returns nothing: what it does is done to the dictionary that it was given.",
)
