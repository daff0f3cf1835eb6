"""ch01.fruit_total: apples and oranges."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.nn import Value
from exercises_lib.probes import call


def fruit_total(apple_price, apple_count, orange_price, orange_count, tax):
    return (apple_price * apple_count + orange_price * orange_count) * tax


def fruit_total_in_steps(apple_price, apple_count, orange_price, orange_count, tax):
    apples = apple_price * apple_count
    oranges = orange_price * orange_count
    fruit = apples + oranges
    return fruit * tax


def fruit_total_by_arrays(apple_price, apple_count, orange_price, orange_count, tax):
    prices = np.array([apple_price, orange_price])
    counts = np.array([apple_count, orange_count])
    return tax * (prices @ counts)


def fruit_total_taxed_apart(apple_price, apple_count, orange_price, orange_count, tax):
    bags = ((apple_price, apple_count), (orange_price, orange_count))
    return sum(price * count * tax for price, count in bags)


def draw_fruit(rng: np.random.Generator) -> Iterator[Case]:
    names = ("apple_price", "apple_count", "orange_price", "orange_count", "tax")
    yield Case(dict(zip(names, (100, 2, 150, 3, 1.1), strict=True)), "the receipt of the text")
    for note in ("another receipt", "a third receipt"):
        prices = rng.uniform(20, 90, size=2).round(2).tolist()
        counts = rng.permutation(np.arange(2, 9))[:2].tolist()
        tax = round(float(rng.uniform(1.05, 1.3)), 3)
        yield Case(
            dict(zip(names, (prices[0], counts[0], prices[1], counts[1], tax), strict=True)), note
        )
    yield Case(dict(zip(names, (40.5, 0, 62.25, 4, 1.2), strict=True)), "oranges only")


wrong = Mistakes(fruit_total)

wrong.answer(
    "tax on the oranges only", lambda pa, na, po, no, tax: pa * na + po * no * tax
).says("""
    Only the oranges are taxed: `*` binds more tightly than `+`. The tax belongs to the sum.
""")

wrong.answer("tax on the apples only", lambda pa, na, po, no, tax: pa * na * tax + po * no).says("""
    Only the apples are taxed. The tax node comes after the addition, so it sees both.
""")

wrong.answer("tax forgotten", lambda pa, na, po, no, tax: pa * na + po * no).says("""
    That is the sum before tax. One node is missing at the end.
""")

wrong.answer("tax added", lambda pa, na, po, no, tax: pa * na + po * no + tax).says("""
    You add `tax` as if it were money. It is a factor.
""")

wrong.answer(
    "multiplied at the addition", lambda pa, na, po, no, tax: (pa * na) * (po * no) * tax
).says("""
    You multiply apples by oranges. The two bags lie side by side on the till: they add.
""")

wrong.answer(
    "prices and counts pooled", lambda pa, na, po, no, tax: (pa + po) * (na + no) * tax
).says("""
    You add the prices and add the counts, and multiply then. That charges every fruit the price of
    an apple *and* of an orange.
""")

wrong.answer("counts exchanged", lambda pa, na, po, no, tax: (pa * no + po * na) * tax).says("""
    The apples are counted as oranges and the oranges as apples. Check the order of the arguments.
""")

wrong.answer("oranges forgotten", lambda pa, na, po, no, tax: pa * na * tax).says("""
    The oranges do not occur. There are two bags on this receipt.
""")

wrong.answer("apples forgotten", lambda pa, na, po, no, tax: po * no * tax).says("""
    The apples do not occur. There are two bags on this receipt.
""")

wrong.answer("price times price", lambda pa, na, po, no, tax: (pa * po + na * no) * tax).says("""
    You multiply the two prices with each other, and the two counts. Check the order of the
    arguments: the apples' price and count come first, then the oranges'.
""")

wrong.answer(
    "tax read as a rate", lambda pa, na, po, no, tax: (pa * na + po * no) * (1 + tax)
).says("""
    You count the fruit twice: `tax` is 1.1 and not 0.1, so the 1 is already in it.
""")

wrong.answer("always 10 %", lambda pa, na, po, no, tax: (pa * na + po * no) * 1.1).says("""
    You multiply by 1.1, whatever `tax` is. That is right for the receipt of the text only.
""")

wrong.answer(
    "rounded to two digits", lambda pa, na, po, no, tax: round((pa * na + po * no) * tax, 2)
).says("""
    You round the total to two digits. A function that others compute with returns the number
    itself.
""")

wrong.answer("the numbers of the text", lambda pa, na, po, no, tax: 715.0).says("""
    You return the total of the receipt in the text whatever is bought. Compute with the five
    arguments.
""")

wrong.answer(
    "returned as a Value", lambda pa, na, po, no, tax: (Value(pa) * na + Value(po) * no) * tax
).says("""
    You return a `Value`, a number together with how it was made. Asked is the number alone, and
    that is what stands in `.data`.
""")

wrong.answer("apples in both bags", lambda pa, na, po, no, tax: (pa * na + pa * no) * tax).says("""
    Both bags are charged at the price of the apples. Look at the names in your second product.
""")

wrong.answer(
    "each bag by itself", lambda pa, na, po, no, tax: (pa * na * tax, po * no * tax)
).says("""
    You return what each bag costs. Asked is one number, for both together.
""")

wrong.answer(
    "taxed twice", lambda pa, na, po, no, tax: (pa * na * tax + po * no * tax) * tax
).says("""
    Each bag is taxed, and then the sum is taxed again.
""")


EXERCISE = Exercise(
    id="ch01.fruit_total",
    title="Apples and oranges",
    kind="function",
    points=2,
    reference=fruit_total,
    accepted=(fruit_total_in_steps, fruit_total_by_arrays, fruit_total_taxed_apart),
    mistakes=wrong.all,
    hints=(
        "How many nodes does the picture have that compute something? Three of them multiply.",
        "Compute each bag, add the two, and put the tax on the sum. A pair of brackets matters.",
        "The skeleton:\n    apples = …\n    oranges = …\n    return (… + …) * …",
    ),
    probe=Probe(call, {"returns": ("total",)}),
    draw=draw_fruit,
    outputs=(Output("total"),),
    remark="Four nodes, and each of them knows one operation only.",
)
