"""ch09.weight_decay: weight decay."""

from __future__ import annotations

from collections.abc import Iterator
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

wrong.swap("biases too", 'if name.startswith("W"):', "if True:").says("""You pull at every parameter. Only
    the weights are meant, the parameters whose names begin with W: a bias, or the scale of a batch
    norm, makes no function wild.""")

wrong.swap("all but the biases", 'name.startswith("W")', 'not name.startswith("b")').says("""
    You leave out the biases and pull at everything else. Other layers have parameters, too, such as
    the scale of a batch norm; a weight's name begins with W.""")

wrong.swap("a W anywhere in the name", 'name.startswith("W")', '"W" in name').says("""
    You look for a W anywhere in the name. A weight's name *begins* with W.""")

wrong.swap("two axes", 'name.startswith("W")', "p.ndim == 2").says("""You take every array with two
    axes for a weight. It is the name that tells: a weight may have one axis, and a bias two.""")

wrong.swap("two layers only", 'name.startswith("W")', 'name in ("W1", "W2")').says("""
    You name `W1` and `W2` yourself. A network may have more layers than two.""")

wrong.swap("gradient twice as large", "+= strength * p", "+= 2 * strength * p").says("""
    Loss and gradient do not agree: the penalty has its ½, and the gradient is that of a penalty
    without it. Differentiate the penalty once more.""")

wrong.swap("penalty without its half", "0.5 * strength", "strength").says("""
    Loss and gradient do not agree: the gradient is right for a penalty with ½ in front, and yours
    has none.""")

wrong.swap(
    "both without the half",
    ("0.5 * strength", "strength"),
    ("+= strength * p", "+= 2 * strength * p"),
).says("""Loss and gradient agree with each other, and both are twice too large: the penalty asked
    for has ½ in front.""")

wrong.swap("gradient forgotten", "grads[name] += strength * p", "").says("""The penalty is in the loss, and the
    gradient knows nothing of it. Training follows the gradient, so nothing would decay.""")

wrong.swap("sign turned", "+= strength * p", "-= strength * p").says("""You subtract the penalty's gradient. SGD
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

wrong.swap(
    "first layer only",
    "grads[name] += strength * p",
    "\ngrads[name] += strength * p\nreturn penalty",
).says("You return inside the loop, so only the first layer has its turn.")

wrong.swap("gradient half as large", "+= strength * p", "+= 0.5 * strength * p").says("""
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

wrong.swap("gradient replaced", "+= strength * p", "= strength * p").says("""You write the penalty's gradient over the
    gradient of the loss. It has to come on top of it.""")

wrong.swap("strength forgotten in the gradient", "+= strength * p", "+= p").says("""The gradient gets the whole weight. The strength stands in the penalty, so it stands in
    its derivative too.""")

wrong.swap("weights shrunk at once", "grads[name] += strength * p", "p -= strength * p").says("""You shrink the weights themselves. This function leaves `params` alone and changes the
    gradients; the optimiser takes the step.""")

wrong.swap("root of the sum", "sum(p**2)", "sqrt(np.sum(p**2))").says("""You take the root of the
    sum of squares, the length of the weights. The penalty is about the squares.""")

wrong.swap("mean of squares", "sum", "mean").says("""Your penalty has the mean of the squares. Then
    its derivative would have a 1/size in it, and yours has none.""")

wrong.swap("nothing returned", "return penalty", "pass").says("""The gradients are right. The penalty is
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
