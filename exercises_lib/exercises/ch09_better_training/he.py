"""ch09.he: he's standard deviation."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Case, Exercise, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch09_better_training._fans import draw_fans
from exercises_lib.probes import call


def draw_fan_in(rng: np.random.Generator) -> Iterator[Case]:
    for case in draw_fans(rng):
        yield Case({"fan_in": case.inputs["fan_in"]}, case.note.partition(",")[0])


wrong = Mistakes()

wrong.swap("without the 2", "2", "1", of=nn.he).says("""
    That is right for a layer without ReLU. ReLU throws half of the mean square away, and He makes
    up for it.
""")

wrong.answer("variance", lambda fan_in: 2 / fan_in).says("""
    That is the variance. The standard deviation is its root.
""")

wrong.answer("2 outside of the root", lambda fan_in: 2 / math.sqrt(fan_in)).says("""
    The 2 stands outside of the root. It is the variance that has to be doubled; the standard
    deviation then grows by √2.
""")

wrong.swap("the root of 2 and no other", "(2 / fan_in)", "(2) / fan_in", of=nn.he).says("""
    The root covers only the 2. The number of inputs belongs below it as well.
""")

wrong.swap("halved instead of doubled", "2 / fan_in", "1 / (2 * fan_in)", of=nn.he).says("""
    You halve the variance. ReLU halves the signal already; the weights have to make up for it, not
    join in.
""")

wrong.swap("the limit of a uniform distribution", "2", "6", of=nn.he).says("""
    √6 belongs to the uniform distribution: it is the limit ±a between which numbers are drawn, not
    their standard deviation.
""")

wrong.swap("upside down", "2 / fan_in", "fan_in / 2", of=nn.he).says("""
    Upside down: your weights get larger the more inputs there are. More summands need smaller
    weights.
""")


EXERCISE = Exercise(
    id="ch09.he",
    title="He's standard deviation",
    kind="function",
    points=2,
    reference=lambda fan_in: math.sqrt(2 / fan_in),
    accepted=(
        nn.he,
        lambda fan_in: (fan_in / 2) ** -0.5,
        lambda fan_in: np.exp(0.5 * (np.log(2) - np.log(fan_in))),
    ),
    mistakes=wrong.all,
    hints=(
        "Which variance keeps the signal without ReLU? What does ReLU do to the mean square?",
        "Each output adds up fan_in products; ReLU then throws away half of the mean square. The "
        "variance has to make up for both.",
        "The skeleton:\n    variance = … / fan_in\n    return …",
    ),
    probe=Probe(call, {"returns": ("std",)}),
    draw=draw_fan_in,
    remark="Only √2 more than without ReLU, but after twenty layers that makes a factor of 1,000.",
)
