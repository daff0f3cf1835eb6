"""ch09.reach_deep: start a network of five layers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from exercises_lib import data, nn
from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.checking.observe import Observation
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes import ch09 as probes


def deep_start(sizes, rng):
    start = {}
    for number, (d, m) in enumerate(pairwise(sizes), 1):
        start[f"W{number}"] = rng.normal(0, math.sqrt(2 / d), (d, m))
        start[f"b{number}"] = np.zeros(m)
    return start


def deep_start_xavier(sizes, rng):
    limits = [math.sqrt(6 / (d + m)) for d, m in pairwise(sizes)]
    layers = list(zip(pairwise(sizes), limits, strict=True))
    weights = {f"W{i}": rng.uniform(-a, a, shape) for i, (shape, a) in enumerate(layers, 1)}
    return weights | {f"b{i}": np.zeros(size) for i, size in enumerate(sizes) if i}


def deep_start_orthogonal(sizes, rng):
    start = {}
    for i in range(1, len(sizes)):
        q, _ = np.linalg.qr(rng.standard_normal((max(sizes), max(sizes))))
        start[f"W{i}"] = math.sqrt(2) * q[: sizes[i - 1], : sizes[i]]
        start[f"b{i}"] = np.full(sizes[i], 0.01)
    return start


SIZES = (64, 100, 100, 100, 100, 10)


RATE, BATCH, EPOCHS, TARGET = 0.1, 50, 10, 0.9


def train_from(start: Mapping[str, Any], seed: int) -> float:
    """Train the five-layer network from these parameters; return its accuracy on the test digits.

    The recipe of the notebook: ReLU, SGD with rate 0.1, mini-batches of 50, 10 epochs. Now and then
    a step too long spoils an epoch for a moment, so the best of the last three counts.
    """
    rng = np.random.default_rng(seed)
    digits = data.load_digits()
    net = nn.DeepNet(SIZES, rng)
    for name, array in net.params.items():
        array[...] = start[name]
    optimiser = nn.SGD(RATE)
    with np.errstate(all="ignore"):
        best = 0.0
        for epoch in range(EPOCHS):
            for x, t in nn.minibatches(digits.x_train, digits.t_train, BATCH, rng):
                optimiser.update(net.params, net.gradient(x, t))
            if epoch >= EPOCHS - 3:
                best = max(best, net.accuracy(digits.x_test, digits.t_test))
        return best


def start_problem(got: Any) -> str | None:
    """Say what is wrong with the form of a start, or None."""
    if not isinstance(got, dict):
        return "The answer returns no dictionary. It needs W1, b1, … W5, b5."
    for i, (d, m) in enumerate(pairwise(SIZES), 1):
        for name, shape in ((f"W{i}", (d, m)), (f"b{i}", (m,))):
            if name not in got:
                return f"{name} is missing. The dictionary needs W1, b1, … W5, b5."
            array = got[name]
            if not isinstance(array, np.ndarray) or array.dtype.kind not in "iuf":
                return f"{name} is no array of numbers; it needs the shape {shape}."
            if array.shape != shape:
                return f"{name} has shape {array.shape}, expected {shape}."
            if not np.isfinite(array).all():
                return f"{name} has numbers that are not finite."
    if len(got) > 2 * (len(SIZES) - 1):
        return "The dictionary has entries beside W1, b1, … W5, b5."
    return None


def reaches(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    problem = start_problem(got)
    if problem is not None:
        return problem
    accuracy = train_from(got, inputs["seed"])
    if accuracy >= TARGET:
        return None
    return (
        f"Trained from your start, the network gets {accuracy:.1%} of the test digits right; "
        f"{TARGET:.0%} are needed."
    )


wrong = Mistakes(deep_start)


def start_with(std: Callable[[int, int], float], draw: Any = None) -> Any:
    """Return a start whose weights have this standard deviation, or are drawn in this way."""

    def answer(sizes, rng):
        start = {}
        for i, (d, m) in enumerate(pairwise(sizes), 1):
            noise = rng.standard_normal((d, m)) if draw is None else draw(rng, (d, m))
            start[f"W{i}"] = std(d, m) * noise
            start[f"b{i}"] = np.zeros(m)
        return start

    return answer


def weights_of(seen: Sequence[Observation]) -> list[Any]:
    """Return W1 … W5 of a start that has the right form; none otherwise."""
    got: Any = seen[0].values.get("start") if seen else None
    return [] if start_problem(got) else [got[f"W{i}"] for i in range(1, len(SIZES))]


def weights_show(test: Callable[[Any, int], bool]) -> Callable[..., bool]:
    """Return what recognises a start by a test of its weights and their number of inputs."""

    def when(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
        weights = weights_of(seen)
        return bool(weights) and all(test(W, len(W)) for W in weights)

    return when


def is_drawn(W: Any) -> bool:
    """Tell whether weights look drawn: both signs, and not all the same."""
    return bool(W.min() < 0 < W.max() and W.std() > 0)


wrong.answer("plain N(0, 1)", start_with(lambda d, m: 1.0)).says(
    """Your weights have a standard deviation of about 1, whatever the layer's size. Every layer
    then makes the signal several times as large, and so do the gradients.""",
    recognise=weights_show(lambda W, fan_in: is_drawn(W) and 0.8 < W.std() < 1.2),
)


def is_variance(W: Any, fan_in: int) -> bool:
    return is_drawn(W) and bool(0.8 < W.std() * fan_in / 2 < 1.2)


wrong.answer("variance used as a standard deviation", start_with(lambda d, m: 2 / d)).says(
    """Your weights have the standard deviation 2 / fan_in: that is He's variance, without the root.
    The signal fades from layer to layer.""",
    recognise=weights_show(is_variance),
)

wrong.answer("far too small", start_with(lambda d, m: 0.01)).says(
    """Your weights are so small that next to nothing arrives at the last layer, and next to no
    gradient at the first.""",
    recognise=weights_show(
        lambda W, fan_in: is_drawn(W) and W.std() < 0.04 and not is_variance(W, fan_in)
    ),
)

wrong.answer("all zero", start_with(lambda d, m: 0.0)).says(
    """All weights are zero. Nothing arrives anywhere, and the units of a layer can never become
    different from each other.""",
    recognise=weights_show(lambda W, fan_in: not W.any()),
)

wrong.answer(
    "all the same", start_with(lambda d, m: nn.he(d), lambda rng, shape: np.ones(shape))
).says(
    """All weights of a layer are the same number, so all its units compute the same and learn the
    same. Only chance makes them different.""",
    recognise=weights_show(lambda W, fan_in: bool(W.any()) and W.std() < 1e-9),
)

wrong.answer(
    "no negative weights", start_with(lambda d, m: nn.he(d), lambda rng, shape: rng.random(shape))
).says(
    """Your weights are all positive: their mean is not 0, and sums of many of them grow from layer
    to layer.""",
    recognise=weights_show(lambda W, fan_in: W.min() >= 0 and W.std() > 1e-9),
)


def transposed_start(sizes, rng):
    start = deep_start(sizes, rng)
    return {name: array.T for name, array in start.items()}


def has_turned_shapes(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    got: Any = seen[0].values.get("start") if seen else None
    if not isinstance(got, dict):
        return False
    return all(
        isinstance(got.get(name), np.ndarray) and got[name].shape == shape
        for name, shape in (("W1", (100, 64)), ("W5", (10, 100)))
    )


wrong.answer("shapes turned", transposed_start).says(
    """Your weights have one row per output. In this course a weight has the shape (inputs,
    outputs).""",
    recognise=has_turned_shapes,
)


def start_from_global_generator(sizes, rng):
    return deep_start(sizes, np.random)


wrong.answer("global generator", start_from_global_generator).says(
    """The weights do not come from `rng`, so nobody can repeat the start. Draw from the generator
    that you are given.""",
    recognise=lambda cases, seen: bool(seen) and "start" in seen[0].unstable,
)


EXERCISE = Exercise(
    id="ch09.reach_deep",
    title="Start a network of five layers",
    kind="target",
    points=4,
    reference=deep_start,
    accepted=(deep_start_xavier, deep_start_orthogonal),
    mistakes=wrong.all,
    hints=(
        "Look at the histograms for ReLU again. With which start does the signal have the same "
        "size in the first layer and in the fifth?",
        "Go through neighbouring sizes, (64, 100), (100, 100), …: each pair is a layer. Its "
        "weights are drawn with a standard deviation that belongs to its number of inputs; its "
        "biases are 0.",
        "The skeleton:\n    start = {}\n    for i in range(1, len(sizes)):\n"
        '        d, m = sizes[i - 1], …\n        start[f"W{i}"] = … * rng.standard_normal(…)\n'
        '        start[f"b{i}"] = …\n    return …',
    ),
    probe=Probe(probes.start),
    draw=lambda rng: [Case({"sizes": SIZES, "seed": int(rng.integers(1_000_000))})],
    outputs=(Output("start", compare=reaches),),
    remark="Nothing but the first weights has changed: five layers learn, or do not begin to.",
    seconds=10.0,
)
