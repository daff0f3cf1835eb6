"""ch09.weight_decay: weight decay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes import ch09 as probes


def weight_decay(params, grads, strength):
    penalty = 0.0
    for name, p in params.items():
        if name.startswith("W"):
            penalty += 0.5 * strength * np.sum(p**2)
            grads[name] += strength * p
    return penalty


def decay_from_new_arrays(params, grads, strength):
    weights = [name for name in grads if name[0] == "W"]
    grads.update({name: grads[name] + strength * params[name] for name in weights})
    return strength / 2 * sum(float(np.vdot(params[name], params[name])) for name in weights)


def decay_by_numbers(params, grads, strength):
    total = 0.0
    for name in params:
        if not name.startswith("W"):
            continue
        for at, w in np.ndenumerate(params[name]):
            total += float(w) ** 2
            grads[name][at] += strength * w
    return strength * total / 2


def draw_decay(rng: np.random.Generator) -> Iterator[Case]:
    def case(
        strength: float, note: str, dtype: type = np.float64, norm: bool = False, layers: int = 2
    ) -> Case:
        d, m, c = rng.choice(np.arange(2, 7), size=3, replace=False).tolist()
        shapes: dict[str, tuple[int, ...]] = {"W1": (d, m), "b1": (m,), "W2": (m, c), "b2": (c,)}
        if layers == 3:
            shapes |= {"W3": (c, d), "b3": (d,)}
        if norm:
            shapes = {"W1": (d, m), "b1": (m,), "gamma1": (m,), "beta1": (m,), "W2": (m, 1)}
        arrays: list[dict[str, Any]] = [
            {name: rng.normal(size=shape).astype(dtype) for name, shape in shapes.items()}
            for _ in range(2)
        ]
        inputs = {"params": arrays[0], "grads": arrays[1], "strength": strength}
        return Case(inputs, note)

    yield case(float(rng.uniform(0.2, 0.8)), "two weights, two biases")
    yield case(float(rng.uniform(0.01, 0.1)), "with gamma1 and beta1 of a batch norm", norm=True)
    yield case(float(rng.uniform(0.2, 0.8)), "three weights, three biases", layers=3)
    shapes = {"W1": (3,), "bW": (1, 4), "W2": (4, 2), "newW": (2, 3)}
    arrays = [{name: rng.normal(size=shape) for name, shape in shapes.items()} for _ in range(2)]
    yield Case(
        {"params": arrays[0], "grads": arrays[1], "strength": float(rng.uniform(0.2, 0.8))},
        "W1 with one axis, bW with two, W2 and newW",
    )
    yield case(0.0, "strength 0")
    yield case(float(rng.uniform(0.2, 0.8)), "float32", np.float32)


wrong = Mistakes(weight_decay)


def decay_of(
    chosen: Callable[[str], bool] = lambda name: name.startswith("W"),
    half: float = 0.5,
    slope: float = 1.0,
) -> Any:
    """Return a weight decay of other parameters, or with other factors."""

    def answer(params, grads, strength):
        for name in filter(chosen, params):
            grads[name] += slope * strength * params[name]
        return half * strength * sum(np.sum(params[name] ** 2) for name in filter(chosen, params))

    return answer


wrong.answer("biases too", decay_of(lambda name: True)).says("""You pull at every parameter. Only
    the weights are meant, the parameters whose names begin with W: a bias, or the scale of a batch
    norm, makes no function wild.""")

wrong.answer("all but the biases", decay_of(lambda name: not name.startswith("b"))).says("""
    You leave out the biases and pull at everything else. Other layers have parameters, too, such as
    the scale of a batch norm; a weight's name begins with W.""")

wrong.swap("a W anywhere in the name", 'name.startswith("W")', '"W" in name').says("""
    You look for a W anywhere in the name. A weight's name *begins* with W.""")

wrong.swap("two axes", 'name.startswith("W")', "p.ndim == 2").says("""You take every array with two
    axes for a weight. It is the name that tells: a weight may have one axis, and a bias two.""")

wrong.answer("two layers only", decay_of(lambda name: name in ("W1", "W2"))).says("""
    You name `W1` and `W2` yourself. A network may have more layers than two.""")

wrong.answer("gradient twice as large", decay_of(slope=2.0)).says("""
    Loss and gradient do not agree: the penalty has its ½, and the gradient is that of a penalty
    without it. Differentiate the penalty once more.""")

wrong.answer("penalty without its half", decay_of(half=1.0)).says("""
    Loss and gradient do not agree: the gradient is right for a penalty with ½ in front, and yours
    has none.""")

wrong.answer("both without the half", decay_of(half=1.0, slope=2.0)).says("""
    Loss and gradient agree with each other, and both are twice too large: the penalty asked for has
    ½ in front.""")

wrong.answer("gradient forgotten", decay_of(slope=0)).says("""The penalty is in the loss, and the
    gradient knows nothing of it. Training follows the gradient, so nothing would decay.""")

wrong.answer("sign turned", decay_of(slope=-1.0)).says("""You subtract the penalty's gradient. SGD
    subtracts the whole gradient later, so this makes the weights grow.""")

wrong.swap(
    "absolute values",
    "0.5 * strength * np.sum(p**2)",
    "strength * np.abs(p).sum()",
    "* p",
    "* np.sign(p)",
).says("That is the other penalty, Σ|W|, called L1. Weight decay takes squares.")

wrong.swap("last layer only", "penalty = 0.0", "", "penalty +=", "penalty =").says("""
    Your penalty is that of the last layer: `=` where the layers' penalties should add up.""")


def decay_first_only(params, grads, strength):
    for name, p in params.items():
        if name.startswith("W"):
            grads[name] += strength * p
            return 0.5 * strength * np.sum(p**2)


wrong.answer("first layer only", decay_first_only).says("""You return inside the loop, so only the
    first layer has its turn.""")

wrong.answer("gradient half as large", decay_of(slope=0.5)).says("""
    Loss and gradient do not agree: the ½ is in the gradient as well. Differentiate the penalty once
    more: what does the square bring along?""")

wrong.swap("square of the sum", "(p**2)", "(p) ** 2").says("""You square the sum of the weights.
    Positive and negative ones cancel there; square each weight, then add up.""")

wrong.swap(
    "penalty added to the gradient",
    """
    penalty += 0.5 * strength * np.sum(p**2)
    grads[name] += strength * p
""",
    """
    part = 0.5 * strength * np.sum(p**2)
    grads[name] += part
    penalty += part
""",
).says("""You add the penalty itself to every gradient. What belongs there is its derivative with
    respect to that weight.""")


def decay_replaces(params, grads, strength):
    for name, p in params.items():
        if name.startswith("W"):
            grads[name] = strength * p
    return decay_of(slope=0)(params, grads, strength)


wrong.answer("gradient replaced", decay_replaces).says("""You write the penalty's gradient over the
    gradient of the loss. It has to come on top of it.""")


def decay_without_strength(params, grads, strength):
    for name, p in params.items():
        if name.startswith("W"):
            grads[name] += p
    return decay_of(slope=0)(params, grads, strength)


wrong.answer("strength forgotten in the gradient", decay_without_strength).says("""
    The gradient gets the whole weight. The strength stands in the penalty, so it stands in its
    derivative too.""")


def decay_shrinks(params, grads, strength):
    penalty = decay_of(slope=0)(params, grads, strength)
    for name in params:
        if name.startswith("W"):
            params[name] -= strength * params[name]
    return penalty


wrong.answer("weights shrunk at once", decay_shrinks).says("""You shrink the weights themselves.
    This function leaves `params` alone and changes the gradients; the optimiser takes the step.""")

wrong.swap("root of the sum", "sum(p**2)", "sqrt(np.sum(p**2))").says("""
    You take the root of the sum of squares, the length of the weights. The penalty is about the
    squares.""")

wrong.swap("mean of squares", "sum", "mean").says("""Your penalty has the mean of the squares. Then
    its derivative would have a 1/size in it, and yours has none.""")


def decay_silent(params, grads, strength):
    decay_of()(params, grads, strength)


wrong.answer("nothing returned", decay_silent).says("""The gradients are right. The penalty is
    missing from what you return; without it the loss is not the one that is minimised.""")


EXERCISE = Exercise(
    id="ch09.weight_decay",
    title="Weight decay",
    kind="function",
    points=3,
    reference=weight_decay,
    accepted=(nn.weight_decay, decay_from_new_arrays, decay_by_numbers),
    mistakes=wrong.all,
    hints=(
        "What is the derivative of ½ · λ · w² with respect to w?",
        "Loop over the parameters. For each whose name begins with W, add its share to the penalty "
        "and λ · W to what `grads` already holds.",
        "The skeleton:\n    penalty = …\n    for name, W in params.items():\n"
        '        if name.startswith("W"):\n            penalty += …\n'
        "            grads[name] += …\n    return …",
    ),
    probe=Probe(probes.weight_decay),
    draw=draw_decay,
    outputs=(Output("penalty", rtol=1e-5), Output("grads", rtol=1e-5, atol=1e-6)),
    remark="The ½ is there so that the gradient is λ · W; loss and gradient fit together.",
)
