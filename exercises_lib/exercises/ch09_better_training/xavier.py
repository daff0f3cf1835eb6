"""ch09.xavier: xavier's standard deviation."""

from __future__ import annotations

import math

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Exercise, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch09_better_training._fans import draw_fans
from exercises_lib.probes import call

wrong = Mistakes()

wrong.swap("inputs only", "2 / (fan_in + fan_out)", "1 / fan_in", of=nn.xavier).says("""
    You use the number of inputs only. That keeps the signal on its way forward; Xavier's compromise
    looks at the gradient's way back as well.
""")

wrong.swap("that is He's", "(fan_in + fan_out)", "fan_in", of=nn.xavier).says("""
    That is He's rule, which looks at the inputs only and has a factor of 2 for ReLU.
""")

wrong.answer("variance", lambda fan_in, fan_out: 2 / (fan_in + fan_out)).says("""
    That is the variance. The standard deviation is its root.
""")

wrong.swap("the limit of a uniform distribution", "2", "6", of=nn.xavier).says("""
    √6 belongs to the uniform distribution: it is the limit ±a between which numbers are drawn. Its
    standard deviation is a/√3, and that is what is asked for.
""")

wrong.swap("without the 2", "2", "1", of=nn.xavier).says("""
    The sum of both numbers is twice their mean. The variance is 1 over the *mean*.
""")

wrong.swap("outputs only", "2 / (fan_in + fan_out)", "1 / fan_out", of=nn.xavier).says("""
    You use the number of outputs only. That keeps the gradient's size; the signal's way forward
    counts as much.
""")

wrong.answer(
    "2 outside of the root", lambda fan_in, fan_out: 2 / math.sqrt(fan_in + fan_out)
).says("""
    The 2 stands outside of the root; it belongs to the variance, below it.
""")

wrong.swap("product", "fan_in +", "fan_in *", of=nn.xavier).says("""
    You multiply the two numbers: that counts the weights. The mean of the two needs their sum.
""")

wrong.swap(
    "mean of the variances",
    "2 / (fan_in + fan_out)",
    "(1 / fan_in + 1 / fan_out) / 2",
    of=nn.xavier,
).says("""
    You take the mean of the two variances. Xavier's variance is 1 over the mean of the two
    *numbers*, which is something else.
""")

wrong.answer(
    "mean of the deviations", lambda fan_in, fan_out: (fan_in**-0.5 + fan_out**-0.5) / 2
).says("""
    You take the mean of the two standard deviations. Xavier's variance is 1 over the mean of the
    two numbers fan_in and fan_out.
""")

wrong.swap(
    "the root of 2 and no other",
    "(2 / (fan_in + fan_out))",
    "(2) / (fan_in + fan_out)",
    of=nn.xavier,
).says("""
    The root covers only the 2. The sum of both numbers belongs below it as well.
""")

wrong.swap("brackets missing", "(fan_in + fan_out)", "fan_in + fan_out", of=nn.xavier).says("""
    Without brackets Python divides by fan_in alone and then adds fan_out.
""")

wrong.swap("upside down", "2 / (fan_in + fan_out)", "(fan_in + fan_out) / 2", of=nn.xavier).says("""
    Upside down: your weights get larger the more inputs there are. More summands need smaller
    weights.
""")


EXERCISE = Exercise(
    id="ch09.xavier",
    title="Xavier's standard deviation",
    kind="function",
    points=2,
    reference=lambda fan_in, fan_out: math.sqrt(2 / (fan_in + fan_out)),
    accepted=(
        nn.xavier,
        lambda fan_in, fan_out: ((fan_in + fan_out) / 2) ** -0.5,
        lambda fan_in, fan_out: np.sqrt(1 / np.mean([fan_in, fan_out])),
    ),
    mistakes=wrong.all,
    hints=(
        "Forward the variance should be 1 / fan_in, backward 1 / fan_out. What lies between?",
        "The variance is 1 over the mean of fan_in and fan_out. Which number is asked for, the "
        "variance or its root?",
        "The skeleton:\n    variance = … / (fan_in + …)\n    return …",
    ),
    probe=Probe(call, {"returns": ("std",)}),
    draw=draw_fans,
    remark="For a square layer of 100 units that is 0.1: a tenth of N(0, 1).",
)
