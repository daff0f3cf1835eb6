"""ch01.apple_total: the apples' total."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import reduce

import numpy as np

from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.nn import Value  # noqa: F401 - a swap uses it
from exercises_lib.probes import call


def apple_total(price, count, tax):
    return price * count * tax


def apple_total_in_steps(price, count, tax):
    apples = price * count
    return apples * tax


def apple_total_by_adding(price, count, tax):
    total = 0.0
    for _ in range(count):
        total += price * tax
    return total


def draw_apples(rng: np.random.Generator) -> Iterator[Case]:
    yield Case({"price": 100, "count": 2, "tax": 1.1}, "the receipt of the text")
    yield Case(
        {
            "price": round(float(rng.uniform(20, 90)), 2),
            "count": int(rng.integers(3, 9)),
            "tax": round(float(rng.uniform(1.05, 1.09)), 3),
        },
        "another receipt",
    )
    total = int(rng.integers(30, 100)) + float(rng.uniform(0.6, 0.9))  # rounds up, cuts off down
    yield Case({"price": round(total / 1.19, 2), "count": 1, "tax": 1.19}, "one apple")
    yield Case({"price": 79.5, "count": 0, "tax": 1.07}, "no apple at all")


wrong = Mistakes(apple_total)

wrong.swap("tax forgotten", "count * tax", "count").says("""That is the sum before tax. The last
    node of the picture is still missing.""")

wrong.swap("tax added", "count *", "count +").says("""You add `tax` to the sum. It is a factor: 1.1
    stands for the whole price and a tenth more.""")

wrong.swap("tax read as a rate", "* tax", "* (1 + tax)").says("""You count the price twice: `tax` is
    1.1 and not 0.1, so the 1 is already in it.""")

wrong.swap("divided by the tax", "count *", "count /").says("""Dividing takes the tax out of a sum
    that contains it. Here it has to come in.""")

wrong.swap("price and count added", "price * count", "(price + count)").says("""
    You add price and count. Two apples at 100 each cost 100 twice, not 102.""")

wrong.swap("taxed twice", "price * count * tax", "(price * tax) * (count * tax)").says("""
    The tax goes in twice, once with the price and once with the count.""")

wrong.swap("rounded to whole numbers", "price * count * tax", "round(price * count * tax)").says("""
    You round the total. A rounded total no longer answers to small changes of the price, and small
    changes are what this chapter is about.""")

wrong.swap("digits cut off", "price * count * tax", "int(price * count * tax)").says("""
    `int` cuts off everything behind the decimal point. The total no longer answers to small changes
    of the price, and small changes are what this chapter is about.""")

wrong.swap("rounded to two digits", "price * count * tax", "round(price * count * tax, 2)").says("""
    You round the total to two digits. That is right on a printed receipt; a function that others
    compute with returns the number itself, since small changes are what counts.""")

wrong.swap("tax read as a percentage", "* tax", "* (1 + tax / 100)").says("""
    You treat `tax` as a percentage. It is a factor already: 10 % is written as 1.1.""")

wrong.swap("the numbers of the text", "price * count * tax", "100 * 2 * 1.1").says("""
    You return the total of the receipt in the text whatever is bought. Compute with the three
    arguments.""")

wrong.swap("always 10 %", "* tax", "* 1.1").says("""You multiply by 1.1, whatever `tax` is. That is
    right for the receipt of the text only.""")

wrong.swap("only the tax itself", "* tax", "* (tax - 1)").says("""
    That is the tax by itself, what comes on top. Asked is what has to be paid in all.""")

wrong.swap("count forgotten", "* count *", "*").says("""That is what one apple costs. `count` does
    not occur.""")

wrong.swap("returned as a Value", "return price", "return Value(price)").says("""
    You return a `Value`, a number together with how it was made. Asked is the number alone, and
    that is what stands in `.data`.""")

wrong.swap("printed, not returned", "price * count * tax", "print(price * count * tax)").says("""
    You show the total on the screen, but hand nothing back to the caller.""")

EXERCISE = Exercise(
    id="ch01.apple_total",
    title="The apples' total",
    kind="function",
    points=2,
    difficulty=1,
    reference=apple_total,
    accepted=(
        apple_total_in_steps,
        apple_total_by_adding,
        lambda price, count, tax: count * (tax * price),
        lambda price, count, tax: math.prod((price, count, tax)),
        lambda *inputs: reduce(lambda a, b: a * b, inputs),
    ),
    mistakes=wrong.all,
    hints=(
        "Look at the picture above the exercise: how many nodes compute something, and with which "
        "sign?",
        "Each of the two nodes is a multiplication. The second one takes the result of the first.",
        "The skeleton:\n    apples = price * …\n    return … * tax",
    ),
    probe=Probe(call, {"returns": ("total",)}),
    draw=draw_apples,
    outputs=(Output("total"),),
    remark="That was a forward pass: from the inputs to the result, node by node.",
)
