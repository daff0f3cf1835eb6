"""ch09.start: first weights that keep the signal's size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from exercises_lib.checking import Case, Exercise, Observation, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes import ch09 as probes

LOWEST, HIGHEST = 0.4, 2.4
"""How far the size may be from 1 in any layer. In 900 drawn cases He's start stayed within 0.5 and 1.8."""


def start(fan_in, fan_out, rng):
    return np.sqrt(2 / fan_in) * rng.standard_normal((fan_in, fan_out))


def uniform(fan_in, fan_out, rng):
    """±a has the standard deviation a/√3."""
    limit = np.sqrt(6 / fan_in)
    return rng.uniform(-limit, limit, (fan_in, fan_out))


def measured(fan_in, fan_out, rng):
    """Whatever is drawn, divided by what it does to a signal behind a ReLU."""
    W = rng.uniform(-1, 1, (fan_in, fan_out))
    x = np.maximum(rng.standard_normal((200, fan_in)), 0)
    out = np.maximum(x @ W, 0)
    return W * np.sqrt(np.mean(x**2) / np.mean(out**2))


def from_normal(fan_in, fan_out, rng):
    return rng.normal(0.0, (fan_in / 2) ** -0.5, size=(fan_in, fan_out))


def signal_sizes(weights: Sequence[Any], seed: int = 0) -> list[float]:
    """Send 300 samples through the layers, ReLU behind each; return the root mean squares.

    The samples are what a ReLU makes of normal numbers, scaled so that their size is 1.
    """
    x = np.maximum(np.random.default_rng(seed).standard_normal((300, len(weights[0]))), 0)
    x *= np.sqrt(2)
    sizes = []
    with np.errstate(all="ignore"):
        for W in weights:
            x = np.maximum(x @ W, 0)
            sizes.append(float(np.sqrt(np.mean(x**2))))
    return sizes


def judge_weights(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    """Say what is wrong with the weights of all layers; None if nothing is."""
    if not all(np.all(np.isfinite(W)) for W in got):
        return "There are numbers among the weights that are not finite."
    for number, W in enumerate(got, 1):
        if W.shape[1] > 1 and np.allclose(W, W[:, :1]):
            return (
                f"In layer {number} all columns are the same: all units compute the same, and will "
                "do so for ever."
            )
        if abs(W.mean()) > 0.3 * W.std():
            return (
                f"The weights of layer {number} have the mean {W.mean():.2g} at a standard deviation "
                f"of {W.std():.2g}. The mean is to be 0: else every unit gets the sum of its inputs."
            )
    if any(a.shape == b.shape and np.array_equal(a, b) for a, b in combinations(got, 2)):
        return "Two layers get the same weights. Draw them from the generator that you are given."
    sizes = signal_sizes(got)
    off = [size for size in sizes if not LOWEST < size < HIGHEST]
    if off:
        shown = ", ".join(f"{size:.2g}" for size in sizes)
        return (
            f"A signal of size 1 does not keep its size. Behind the ReLU of layer 1 to {len(sizes)} "
            f"it is {shown}; between {LOWEST} and {HIGHEST} is right."
        )
    return None


def draw_start(rng: np.random.Generator) -> Iterator[Case]:
    def case(sizes: Sequence[int], note: str) -> Case:
        return Case({"sizes": tuple(sizes), "seed": int(rng.integers(2**31))}, note)

    same, few = int(rng.integers(130, 170)), int(rng.integers(24, 30))
    yield case([same] * 9, f"eight layers of {same} units")
    yield case([20 * few, 10 * few, 5 * few, 2 * few, few], "four layers, narrower and narrower")
    yield case([few, 2 * few, 5 * few, 10 * few, 20 * few], "four layers, wider and wider")


Recognise = Callable[[Sequence[Case], Sequence[Observation]], bool]


def of_size(size: Callable[[int, int], float]) -> Recognise:
    """Recognise weights by their standard deviation, a function of fan_in and fan_out."""

    def recognise(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
        weights = [W for one in seen for W in one.values.get("weights") or ()]
        if not weights or not all(isinstance(W, np.ndarray) for W in weights):
            return False
        # Scaled to 1 each, the numbers of all layers are many enough to tell 1 from 1.03.
        scaled = np.concatenate([W.ravel() / size(*W.shape) for W in weights])
        alike = all(abs(W.std() / size(*W.shape) - 1) < 0.12 for W in weights)
        return alike and abs(scaled.std() - 1) < 0.02 and abs(scaled.mean()) < 0.05

    return recognise


wrong = Mistakes(start)


def sized(name: str, size: Callable[[int, int], float], text: str) -> None:
    """Add the mistake of drawing normal numbers of a certain standard deviation."""

    def answer(fan_in, fan_out, rng):
        return size(fan_in, fan_out) * rng.standard_normal((fan_in, fan_out))

    wrong.answer(name, answer).says(text, recognise=of_size(size))


sized(
    "plain N(0, 1)",
    lambda i, o: 1.0,
    """
    Your weights have the standard deviation 1, whatever the layer. A unit adds up fan_in products,
    so the signal grows by a factor of about √(fan_in / 2) in each layer.
""",
)
sized(
    "0.01 everywhere",
    lambda i, o: 0.01,
    """
    Your weights have the standard deviation 0.01, whatever the layer. That is too small here: the
    signal fades from layer to layer. The size has to depend on the number of inputs.
""",
)
sized(
    "the variance",
    lambda i, o: 2 / i,
    """
    2 / fan_in is the *variance*. Normal numbers are multiplied by the standard deviation, its root.
""",
)
sized(
    "ReLU forgotten",
    lambda i, o: i**-0.5,
    """
    With the variance 1 / fan_in a layer keeps the size of its input, and then the ReLU takes half of
    the mean square away. Make up for it.
""",
)
sized(
    "Xavier's",
    lambda i, o: (2 / (i + o)) ** 0.5,
    """
    That is Xavier's start, the compromise for layers whose activation passes both signs. Behind a
    ReLU only half of the mean square is left, so the signal fades.
""",
)
sized(
    "outputs counted",
    lambda i, o: (2 / o) ** 0.5,
    """
    You count the outputs. A unit adds up as many products as the layer has *inputs*; where the two
    differ, the signal grows or fades.
""",
)
sized(
    "2 outside of the root",
    lambda i, o: 2 / i**0.5,
    """
    The 2 belongs to the variance, below the root. Outside of it, it is √2 too much in each layer.
""",
)
sized(
    "half instead of twice",
    lambda i, o: (0.5 / i) ** 0.5,
    """
    You halve the variance. The ReLU takes half of the mean square; the weights make up for it with
    *twice* the variance.
""",
)
sized(
    "limit taken for the deviation",
    lambda i, o: (2 / i / 3) ** 0.5,
    """
    Uniform numbers between −a and a have the standard deviation a/√3. With a = √(2 / fan_in) they are
    √3 too small.
""",
)
wrong.answer("zeros", lambda fan_in, fan_out, rng: np.zeros((fan_in, fan_out))).says("""
    All weights are 0: nothing arrives behind the first layer, and no gradient before it.""")
wrong.answer(
    "one constant", lambda fan_in, fan_out, rng: np.full((fan_in, fan_out), np.sqrt(2 / fan_in))
).says("""All weights are one constant, so all units of a layer compute the same. Only chance makes
    them different.""")


def own_generator(fan_in, fan_out, rng):
    return start(fan_in, fan_out, np.random.default_rng(0))


def repeats(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Tell whether layers of one shape get the same weights, each of them properly drawn."""
    weights = seen[0].values.get("weights") if seen else None
    return (
        isinstance(weights, list)
        and len(weights) > 1
        and np.array_equal(weights[0], weights[1])
        and not np.allclose(weights[0], weights[0][:, :1])
    )


wrong.answer("a generator of its own", own_generator).says(
    "You make a generator with a fixed seed in each call, so all layers of one shape begin alike. "
    "Draw from `rng`, which goes on from call to call.",
    recognise=repeats,
)
wrong.answer(
    "positive", lambda fan_in, fan_out, rng: rng.uniform(0, np.sqrt(2 / fan_in), (fan_in, fan_out))
).says(
    "All your weights are positive. Then a unit adds up its inputs without a minus anywhere, and the "
    "sum grows with their number, not with its root.",
    recognise=lambda cases, seen: (
        bool(seen)
        and all(
            isinstance(one.values.get("weights"), list)
            and all(W.min() >= 0 and W.max() > W.min() for W in one.values["weights"])
            for one in seen
        )
    ),
)


EXERCISE = Exercise(
    id="ch09.start",
    title="A start that keeps the signal's size",
    kind="function",
    points=3,
    reference=start,
    accepted=(uniform, measured, from_normal),
    mistakes=wrong.all,
    hints=(
        "Measure: send normal numbers through one layer of yours and a ReLU, and print the root mean "
        "square before and behind. By which factor does it change?",
        "A unit adds up fan_in products, so the mean square grows by fan_in · variance; the ReLU "
        "then takes half of it. Which variance makes the two cancel?",
        "The skeleton:\n    std = …          # the root of a variance that depends on fan_in\n"
        "    return std * rng.standard_normal((…, …))",
    ),
    probe=Probe(probes.chain_of_weights),
    draw=draw_start,
    outputs=(Output("weights", compare=judge_weights),),
    remark="Any distribution will do: what counts is the variance, 2 / fan_in.",
)
