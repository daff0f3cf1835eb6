"""Exercises of chapter 01: forward, backward, and the sweep that does it for any graph."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial, reduce
from graphlib import TopologicalSorter
from itertools import pairwise
from typing import Any

import numpy as np

from exercises_lib.checking import Case, Exercise, Field, Mistake, Observation, Output, Probe
from exercises_lib.checking.serialize import copy_plain, describe, same
from exercises_lib.nn import Value
from exercises_lib.probes import call, values

# --- ch01.apple_total ---------------------------------------------------------------------------


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


APPLE_TOTAL = Exercise(
    id="ch01.apple_total",
    title="The apples' total",
    kind="function",
    points=2,
    reference=apple_total,
    accepted=(
        apple_total_in_steps,
        apple_total_by_adding,
        lambda price, count, tax: count * (tax * price),
        lambda price, count, tax: math.prod((price, count, tax)),
        lambda *inputs: reduce(lambda a, b: a * b, inputs),
    ),
    mistakes=(
        Mistake(
            "tax forgotten",
            lambda price, count, tax: price * count,
            "That is the sum before tax. The last node of the picture is still missing.",
        ),
        Mistake(
            "tax added",
            lambda price, count, tax: price * count + tax,
            "You add `tax` to the sum. It is a factor: 1.1 stands for the whole price and a tenth more.",
        ),
        Mistake(
            "tax read as a rate",
            lambda price, count, tax: price * count * (1 + tax),
            "You count the price twice: `tax` is 1.1 and not 0.1, so the 1 is already in it.",
        ),
        Mistake(
            "divided by the tax",
            lambda price, count, tax: price * count / tax,
            "Dividing takes the tax out of a sum that contains it. Here it has to come in.",
        ),
        Mistake(
            "price and count added",
            lambda price, count, tax: (price + count) * tax,
            "You add price and count. Two apples at 100 each cost 100 twice, not 102.",
        ),
        Mistake(
            "taxed twice",
            lambda price, count, tax: (price * tax) * (count * tax),
            "The tax goes in twice, once with the price and once with the count.",
        ),
        Mistake(
            "rounded to whole numbers",
            lambda price, count, tax: round(price * count * tax),
            "You round the total. A rounded total no longer answers to small changes of the price, "
            "and small changes are what this chapter is about.",
        ),
        Mistake(
            "digits cut off",
            lambda price, count, tax: int(price * count * tax),
            "`int` cuts off everything behind the decimal point. The total no longer answers to "
            "small changes of the price, and small changes are what this chapter is about.",
        ),
        Mistake(
            "rounded to two digits",
            lambda price, count, tax: round(price * count * tax, 2),
            "You round the total to two digits. That is right on a printed receipt; a function that "
            "others compute with returns the number itself, since small changes are what counts.",
        ),
        Mistake(
            "tax read as a percentage",
            lambda price, count, tax: price * count * (1 + tax / 100),
            "You treat `tax` as a percentage. It is a factor already: 10 % is written as 1.1.",
        ),
        Mistake(
            "the numbers of the text",
            lambda price, count, tax: 100 * 2 * 1.1,
            "You return the total of the receipt in the text whatever is bought. Compute with the "
            "three arguments.",
        ),
        Mistake(
            "always 10 %",
            lambda price, count, tax: price * count * 1.1,
            "You multiply by 1.1, whatever `tax` is. That is right for the receipt of the text only.",
        ),
        Mistake(
            "only the tax itself",
            lambda price, count, tax: price * count * (tax - 1),
            "That is the tax by itself, what comes on top. Asked is what has to be paid in all.",
        ),
        Mistake(
            "count forgotten",
            lambda price, count, tax: price * tax,
            "That is what one apple costs. `count` does not occur.",
        ),
        Mistake(
            "returned as a Value",
            lambda price, count, tax: Value(price) * count * tax,
            "You return a `Value`, a number together with how it was made. Asked is the number alone, "
            "and that is what stands in `.data`.",
        ),
        Mistake(
            "printed, not returned",
            lambda price, count, tax: print(price * count * tax),
            "You show the total on the screen, but hand nothing back to the caller.",
        ),
    ),
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

# --- ch01.apple_gradients -----------------------------------------------------------------------

APPLE_FIELDS = (
    Field("price", r"$\partial\,\text{total} / \partial\,\text{price}$"),
    Field("count", r"$\partial\,\text{total} / \partial\,\text{count}$"),
    Field("tax", r"$\partial\,\text{total} / \partial\,\text{tax}$"),
)


def of_apples(price, count, tax):
    return {"price": price, "count": count, "tax": tax}


APPLE_GRADIENTS = Exercise(
    id="ch01.apple_gradients",
    title="Three derivatives of 220",
    kind="number",
    points=2,
    reference=of_apples(2.2, 110, 200),
    mistakes=(
        Mistake(
            "the inputs themselves",
            of_apples(100, 2, 1.1),
            "That is the value of the input itself. A derivative says by how much the total rises "
            "when that input rises by one.",
        ),
        Mistake(
            "begun with the total",
            of_apples(484, 24200, 44000),
            "You begin at the right end with 220, the value of the total. The walk begins with the "
            "derivative of the total with respect to itself.",
        ),
        Mistake(
            "only the local derivative",
            of_apples(2, 100, 200),
            "That is how fast the sum *before tax* rises. It still has to be multiplied by what "
            "arrived at that node from the total.",
        ),
        Mistake(
            "only what arrived",
            of_apples(1.1, 1.1, 1),
            "You pass on unchanged what arrived from the right. A multiplication node multiplies it "
            "by its local derivative first.",
        ),
        Mistake(
            "price and count exchanged",
            of_apples(110, 2.2, 200),
            "Price and count have changed places: the derivative for the price contains the count, "
            "and the other way round.",
        ),
        Mistake(
            "not swapped at the multiplication",
            of_apples(110, 2.2, 1.1),
            "You multiply what arrives by the input's own value. If the price rises by one, it is "
            "the *count* that says how often you pay it.",
        ),
        Mistake(
            "added instead of multiplied",
            of_apples(3.1, 101.1, 201),
            "You add the local derivative to what arrived. Rates along a way multiply: twice as fast, "
            "and then 1.1 times as fast.",
        ),
        Mistake(
            "the total everywhere",
            of_apples(220, 220, 220),
            "220 is the total's value. What goes back through the graph begins with 1, the derivative "
            "of the total with respect to itself.",
        ),
        Mistake(
            "the tax itself",
            of_apples(2.2, 110, 1.1),
            "1.1 is the value of the tax itself. If the tax rises by one, it is the *other* parent of "
            "that node that says how much more there is to pay.",
        ),
        Mistake(
            "the tax as 0.1",
            of_apples(0.2, 10, 200),
            "You multiply by 0.1. The value of the node `tax` is 1.1: the whole price and a tenth of it.",
        ),
        Mistake(
            "tax sees one apple only",
            of_apples(2.2, 110, 100),
            "For the tax you used the price of one apple. The other parent of that node is `apples`, "
            "the whole bag.",
        ),
        Mistake(
            "per percentage point",
            of_apples(2.2, 110, 2),
            "The total rises by 2 when the tax rises by one percentage point, from 1.10 to 1.11. The "
            "derivative is the rise *per one*, and a percentage point is a hundredth.",
        ),
    ),
    hints=(
        "Begin at the right end. The total's own derivative is 1. What does the last node hand to "
        "its two parents?",
        "At a multiplication, each parent receives what arrived times the value of the *other* "
        "parent. Do this at the last node, then at the first one.",
        "Fill in from the right to the left:\n"
        "    tax:    1 × 200 = …\n"
        "    apples: 1 × 1.1 = 1.1\n"
        "    price:  1.1 × … = …\n"
        "    count:  1.1 × … = …",
    ),
    probe=Probe(values, {"names": ("price", "count", "tax")}),
    fields=APPLE_FIELDS,
    remark="You went through the graph once and have all three. That is the whole trick.",
)

# --- ch01.fruit_total ---------------------------------------------------------------------------


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


FRUIT_TOTAL = Exercise(
    id="ch01.fruit_total",
    title="Apples and oranges",
    kind="function",
    points=2,
    reference=fruit_total,
    accepted=(fruit_total_in_steps, fruit_total_by_arrays, fruit_total_taxed_apart),
    mistakes=(
        Mistake(
            "tax on the oranges only",
            lambda pa, na, po, no, tax: pa * na + po * no * tax,
            "Only the oranges are taxed: `*` binds more tightly than `+`. The tax belongs to the sum.",
        ),
        Mistake(
            "tax on the apples only",
            lambda pa, na, po, no, tax: pa * na * tax + po * no,
            "Only the apples are taxed. The tax node comes after the addition, so it sees both.",
        ),
        Mistake(
            "tax forgotten",
            lambda pa, na, po, no, tax: pa * na + po * no,
            "That is the sum before tax. One node is missing at the end.",
        ),
        Mistake(
            "tax added",
            lambda pa, na, po, no, tax: pa * na + po * no + tax,
            "You add `tax` as if it were money. It is a factor.",
        ),
        Mistake(
            "multiplied at the addition",
            lambda pa, na, po, no, tax: (pa * na) * (po * no) * tax,
            "You multiply apples by oranges. The two bags lie side by side on the till: they add.",
        ),
        Mistake(
            "prices and counts pooled",
            lambda pa, na, po, no, tax: (pa + po) * (na + no) * tax,
            "You add the prices and add the counts, and multiply then. That charges every fruit the "
            "price of an apple *and* of an orange.",
        ),
        Mistake(
            "counts exchanged",
            lambda pa, na, po, no, tax: (pa * no + po * na) * tax,
            "The apples are counted as oranges and the oranges as apples. Check the order of the "
            "arguments.",
        ),
        Mistake(
            "oranges forgotten",
            lambda pa, na, po, no, tax: pa * na * tax,
            "The oranges do not occur. There are two bags on this receipt.",
        ),
        Mistake(
            "apples forgotten",
            lambda pa, na, po, no, tax: po * no * tax,
            "The apples do not occur. There are two bags on this receipt.",
        ),
        Mistake(
            "price times price",
            lambda pa, na, po, no, tax: (pa * po + na * no) * tax,
            "You multiply the two prices with each other, and the two counts. Check the order of the "
            "arguments: the apples' price and count come first, then the oranges'.",
        ),
        Mistake(
            "tax read as a rate",
            lambda pa, na, po, no, tax: (pa * na + po * no) * (1 + tax),
            "You count the fruit twice: `tax` is 1.1 and not 0.1, so the 1 is already in it.",
        ),
        Mistake(
            "always 10 %",
            lambda pa, na, po, no, tax: (pa * na + po * no) * 1.1,
            "You multiply by 1.1, whatever `tax` is. That is right for the receipt of the text only.",
        ),
        Mistake(
            "rounded to two digits",
            lambda pa, na, po, no, tax: round((pa * na + po * no) * tax, 2),
            "You round the total to two digits. A function that others compute with returns the number "
            "itself.",
        ),
        Mistake(
            "the numbers of the text",
            lambda pa, na, po, no, tax: 715.0,
            "You return the total of the receipt in the text whatever is bought. Compute with the five "
            "arguments.",
        ),
        Mistake(
            "returned as a Value",
            lambda pa, na, po, no, tax: (Value(pa) * na + Value(po) * no) * tax,
            "You return a `Value`, a number together with how it was made. Asked is the number alone, "
            "and that is what stands in `.data`.",
        ),
        Mistake(
            "apples in both bags",
            lambda pa, na, po, no, tax: (pa * na + pa * no) * tax,
            "Both bags are charged at the price of the apples. Look at the names in your second "
            "product.",
        ),
        Mistake(
            "each bag by itself",
            lambda pa, na, po, no, tax: (pa * na * tax, po * no * tax),
            "You return what each bag costs. Asked is one number, for both together.",
        ),
        Mistake(
            "taxed twice",
            lambda pa, na, po, no, tax: (pa * na * tax + po * no * tax) * tax,
            "Each bag is taxed, and then the sum is taxed again.",
        ),
    ),
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

# --- ch01.fruit_gradients -----------------------------------------------------------------------

FRUIT_NAMES = ("apple_price", "apple_count", "orange_price", "orange_count", "tax")
FRUIT_FIELDS = tuple(
    Field(name, rf"$\partial\,\text{{total}} / \partial\,\text{{{name.replace('_', ' ')}}}$")
    for name in FRUIT_NAMES
)


def of_fruit(*numbers):
    return dict(zip(FRUIT_NAMES, numbers, strict=True))


FRUIT_GRADIENTS = Exercise(
    id="ch01.fruit_gradients",
    title="Five derivatives of 715",
    kind="number",
    points=2,
    reference=of_fruit(2.2, 110, 3.3, 165, 650),
    mistakes=(
        Mistake(
            "swapped at the addition",
            of_fruit(990, 49500, 660, 33000, 650),
            "At the addition you multiply by the other bag's value, as at a multiplication. If the "
            "apples cost one more, their sum with the oranges rises by one, whatever the oranges cost.",
        ),
        Mistake(
            "halved at the addition",
            of_fruit(1.1, 55, 1.65, 82.5, 650),
            "You share out between the bags what arrives at the addition. Nothing is shared: each "
            "bag alone raises the sum in full.",
        ),
        Mistake(
            "tax forgotten on the way back",
            of_fruit(2, 100, 3, 150, 650),
            "These are rates of the sum before tax. What arrives at the addition is not 1: the tax "
            "node has already multiplied it.",
        ),
        Mistake(
            "price and count exchanged",
            of_fruit(110, 2.2, 165, 3.3, 650),
            "At the first multiplications you multiply by the input's own value. One more apple costs "
            "a *price*; a higher price is paid once per *apple*.",
        ),
        Mistake(
            "only what arrived",
            of_fruit(1.1, 1.1, 1.1, 1.1, 650),
            "1.1 arrives at each bag. The bag's own node still has to multiply it.",
        ),
        Mistake(
            "added instead of multiplied",
            of_fruit(3.1, 101.1, 4.1, 151.1, 651),
            "You add the local derivative to what arrived. On the way back they are multiplied.",
        ),
        Mistake(
            "bags exchanged",
            of_fruit(3.3, 165, 2.2, 110, 650),
            "The apples have got the oranges' derivatives and the oranges the apples'. No number of "
            "one bag occurs in the derivatives of the other.",
        ),
        Mistake(
            "tax counted twice",
            of_fruit(2.42, 121, 3.63, 181.5, 650),
            "The tax is in your four derivatives twice. It comes in once, at its own node; the addition "
            "hands on what it gets.",
        ),
        Mistake(
            "tax sees the apples only",
            of_fruit(2.2, 110, 3.3, 165, 200),
            "For the tax you used the apples alone. Its node multiplies everything that was added up.",
        ),
        Mistake(
            "tax sees the oranges only",
            of_fruit(2.2, 110, 3.3, 165, 450),
            "For the tax you used the oranges alone. Its node multiplies everything that was added up.",
        ),
        Mistake(
            "the tax as 0.1",
            of_fruit(0.2, 10, 0.3, 15, 650),
            "You multiply by 0.1. The value of the node `tax` is 1.1: the whole price and a tenth of it.",
        ),
        Mistake(
            "tax sees the total",
            of_fruit(2.2, 110, 3.3, 165, 715),
            "For the tax you used the total *with* tax. The other parent of that node is the sum "
            "before it.",
        ),
        Mistake(
            "the inputs themselves",
            of_fruit(100, 2, 150, 3, 1.1),
            "These are the values that went in. Asked is how fast the total rises with each of them.",
        ),
    ),
    hints=(
        "Begin at the right with 1. Which two numbers does the tax node hand to its parents?",
        "A multiplication hands back the other parent's value times what arrived; an addition hands "
        "on what arrived, unchanged, to both.",
        "Fill in from the right to the left:\n"
        "    tax:          1 × (200 + 450) = …\n"
        "    sum of bags:  1 × 1.1 = 1.1\n"
        "    apples:       1.1 × … = …, and the same for the oranges\n"
        "    apple_price:  … × 2 = …\n"
        "    apple_count:  … × 100 = …",
    ),
    probe=Probe(values, {"names": FRUIT_NAMES}),
    fields=FRUIT_FIELDS,
    remark="Five derivatives, and still one walk through the graph. With a million inputs it would "
    "be one walk, too.",
)

# --- ch01.local_or_passed -----------------------------------------------------------------------

KINDS = {
    "local": "a local derivative only",
    "passed": "a gradient passed down only",
    "both": "both at once",
}
KIND_FIELDS = tuple(Field(letter, f"The number marked {letter}", KINDS) for letter in "ABCDEF")
KIND_ANSWER = {"A": "local", "B": "passed", "C": "local", "D": "passed", "E": "both", "F": "passed"}


def marked(letter: str, kind: str) -> dict[str, str]:
    return {**KIND_ANSWER, letter: kind}


def all_exchanged(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Tell whether every local derivative was called passed down, and the other way round."""
    other = {"local": "passed", "passed": "local"}
    return all(
        one.values.get(letter) == other.get(kind, kind)
        for one in seen
        for letter, kind in KIND_ANSWER.items()
    )


LOCAL_OR_PASSED = Exercise(
    id="ch01.local_or_passed",
    title="Local, or passed down?",
    kind="choice",
    points=2,
    reference=KIND_ANSWER,
    mistakes=(
        Mistake(
            "the two words exchanged",
            {"A": "passed", "B": "local", "C": "passed", "D": "local", "E": "both", "F": "local"},
            "You have the two words the wrong way round. *Local* is what a node knows by itself, "
            "before anything comes back; *passed down* is what it hands on afterwards.",
            recognise=all_exchanged,
        ),
        Mistake(
            "A is called passed down",
            marked("A", "passed"),
            "A is 3, the value of `b`. The node `u` knows it without hearing anything from `f`.",
        ),
        Mistake(
            "A is called both",
            marked("A", "both"),
            "A is 3. −5 arrives at `u`, so what goes down to `a` is another number than A.",
        ),
        Mistake(
            "B is called local",
            marked("B", "local"),
            "B is −10. The node `u` alone, which computes `a × b`, cannot know the −5 in it: that "
            "comes from the other end of the graph.",
        ),
        Mistake(
            "B is called both",
            marked("B", "both"),
            "B is −10, and the local derivative of `u` for `b` is the value of `a`, which is 2.",
        ),
        Mistake(
            "C is called passed down",
            marked("C", "passed"),
            "C is 1, the rate at which a sum rises with one of its terms. Any addition has it, "
            "wherever it stands.",
        ),
        Mistake(
            "C is called both",
            marked("C", "both"),
            "C is 1, and −5 arrives at `v`. 1 times −5 goes down to `u`, and that is not 1.",
        ),
        Mistake(
            "D is called local",
            marked("D", "local"),
            "D is −5. An addition's local derivative is never −5; this number has come from the right.",
        ),
        Mistake(
            "D is called both",
            marked("D", "both"),
            "D is −5, and the local derivative of an addition is 1. The two differ, so D is one of "
            "them only.",
        ),
        Mistake(
            "E is called local",
            marked("E", "local"),
            "E is 10, the value of `v`: the local derivative, that is right. Which number arrives at "
            "the last node, and what is 10 times that?",
        ),
        Mistake(
            "E is called passed down",
            marked("E", "passed"),
            "E is 10, and 10 goes down to `d`, that is right. What does the node `f = v × d` know by "
            "itself about `d`?",
        ),
        Mistake(
            "F is called local",
            marked("F", "local"),
            "F is −15. `u = a × b` with `b = 3` has the local derivative 3 for `a`; the rest of the "
            "−15 has come from the right.",
        ),
        Mistake(
            "F is called both",
            marked("F", "both"),
            "F is −15, and the node's local derivative for `a` stands beside it on the same arrow: it "
            "is another number.",
        ),
    ),
    hints=(
        "Cover everything to the right of a node with your hand. Can you still tell the number?",
        "A local derivative depends on the node and the values of its parents only. A passed-down "
        "gradient is local × upstream. Ask what is upstream at each node.",
        "The upstream numbers are: 1 at `f`, −5 at `v`, −5 at `u`. For each letter write down\n"
        "    local = …, passed down = local × upstream = …\n"
        "and see which of the two (or whether both) it is.",
    ),
    probe=Probe(values, {"names": tuple(KIND_ANSWER)}),
    fields=KIND_FIELDS,
    remark="At the last node the two are the same, because 1 arrives there. Everywhere else they "
    "are different things.",
)

# --- ch01.add_then_multiply ---------------------------------------------------------------------

ADD_NAMES = ("q", "f", "dq", "dx", "dy", "dz")
ADD_FIELDS = (
    Field("q", "$q = x + y$"),
    Field("f", "$f = q z$"),
    Field("dq", r"$\partial f / \partial q$"),
    Field("dx", r"$\partial f / \partial x$"),
    Field("dy", r"$\partial f / \partial y$"),
    Field("dz", r"$\partial f / \partial z$"),
)


def of_add(*numbers):
    return dict(zip(ADD_NAMES, numbers, strict=True))


ADD_THEN_MULTIPLY = Exercise(
    id="ch01.add_then_multiply",
    title="Add, then multiply",
    kind="number",
    points=2,
    reference=of_add(3, -12, -4, -4, -4, 3),
    mistakes=(
        Mistake(
            "multiplication not swapped",
            of_add(3, -12, 3, 3, 3, -4),
            "At `f = q × z` each parent has got its *own* value. It is the other parent that says how "
            "fast the product changes.",
        ),
        Mistake(
            "swapped at the addition too",
            of_add(3, -12, -4, -20, 8, 3),
            "At `q = x + y` you multiply by the other term's value, as at a product. A sum rises by "
            "one when a term rises by one.",
        ),
        Mistake(
            "only local at the addition",
            of_add(3, -12, -4, 1, 1, 3),
            "1 is how fast `q` changes. How fast `f` changes is that times what arrived at `q`.",
        ),
        Mistake(
            "halved at the addition",
            of_add(3, -12, -4, -2, -2, 3),
            "You share what arrives at the addition between `x` and `y`. Each of them gets all of it.",
        ),
        Mistake(
            "sign lost",
            of_add(3, 12, 4, 4, 4, 3),
            "The minus sign of `z` is lost. It says that `f` *falls* when `q` rises.",
        ),
        Mistake(
            "sign of the product",
            of_add(3, 12, -4, -4, -4, 3),
            "`q` is positive and `z` is negative, so their product has a sign that yours has not.",
        ),
        Mistake(
            "minus for z",
            of_add(3, -12, -4, -4, -4, -3),
            "The gradient of `z` has got the minus of `z` itself. It is the value of the *other* parent "
            "that counts, and that one is positive.",
        ),
        Mistake(
            "1 arrives at q",
            of_add(3, -12, 1, 1, 1, 3),
            "1 is how fast `f` changes with itself; the walk begins with it. Between `f` and `q` stands "
            "a multiplication.",
        ),
        Mistake(
            "the product for z",
            of_add(3, -12, -4, -4, -4, -12),
            "For `z` you give the value of `f`. How fast a product rises with one of its factors no "
            "longer contains that factor.",
        ),
        Mistake(
            "sign of the sum",
            of_add(-3, 12, -4, -4, -4, -3),
            "−2 + 5 is above zero: `y` is larger than `x` is negative.",
        ),
        Mistake(
            "begun with f",
            of_add(3, -12, 48, 48, 48, -36),
            "You begin at the right end with −12, the value of `f`. The walk begins with "
            "∂f/∂f: how fast `f` changes with itself.",
        ),
        Mistake(
            "plus read as minus",
            of_add(-7, 28, -4, -4, 4, -7),
            "You computed with `x − y`. The first node of this graph is an addition.",
        ),
        Mistake(
            "signs of x lost",
            of_add(7, -28, -4, -4, -4, 7),
            "`x` is −2, so `x + y` is smaller than `y`.",
        ),
        Mistake(
            "added instead of multiplied",
            of_add(3, -12, -3, -2, -2, 4),
            "You add the local derivative to what arrived. On the way back they are multiplied.",
        ),
    ),
    hints=(
        "Forward first: compute `q`, then `f`. Then put 1 at `f` and walk back.",
        "At the product each parent gets the value of the other one. At the sum both get what "
        "arrived at `q`.",
        "Fill in, in this order:\n"
        "    q = −2 + 5 = …\n    f = q × z = …\n"
        "    dq = 1 × z = …\n    dz = 1 × q = …\n"
        "    dx = dq × …\n    dy = dq × …",
    ),
    probe=Probe(values, {"names": ADD_NAMES}),
    fields=ADD_FIELDS,
    remark="The gradients of x and y are negative: to make f larger you would have to make x or y smaller.",
)

# --- ch01.step_downhill -------------------------------------------------------------------------

STEP_NAMES = ("dx", "dy", "dz", "new_x", "new_y", "new_z", "new_f")
STEP_FIELDS = (
    Field("dx", r"$\partial f / \partial x$"),
    Field("dy", r"$\partial f / \partial y$"),
    Field("dz", r"$\partial f / \partial z$"),
    Field("new_x", "$x$ after the step"),
    Field("new_y", "$y$ after the step"),
    Field("new_z", "$z$ after the step"),
    Field("new_f", "$f$ after the step"),
)


def of_step(*numbers):
    return dict(zip(STEP_NAMES, numbers, strict=True))


STEP_DOWNHILL = Exercise(
    id="ch01.step_downhill",
    title="One step downhill",
    kind="number",
    points=2,
    reference=of_step(3, -3, 5, 3.7, -0.7, 2.5, 11),
    outputs=tuple(Output(name, rtol=1e-4) for name in STEP_NAMES),
    mistakes=(
        Mistake(
            "minus lost at the subtraction",
            of_step(3, 3, 5, 3.7, -1.3, 2.5, 12.5),
            "Raising `y` makes `x − y` smaller. The local derivative of a difference is +1 for the "
            "first number and something else for the second.",
        ),
        Mistake(
            "minus at the multiplication",
            of_step(3, -3, -5, 3.7, -0.7, 3.5, 15.4),
            "The derivative for `z` has got a minus. `x − y` is positive, so `f` rises with `z`; the "
            "minus of the subtraction belongs to `y` alone.",
        ),
        Mistake(
            "another rate",
            of_step(3, -3, 5, 3.97, -0.97, 2.95, 14.573),
            "Your step is a tenth of what is asked: the rate is 0.1.",
        ),
        Mistake(
            "minus of a minus",
            of_step(3, -3, 5, 3.7, -1.3, 2.5, 12.5),
            "The gradient of `y` is right. Subtracting rate × a *negative* gradient moves `y` up, "
            "and yours went down.",
        ),
        Mistake(
            "uphill",
            of_step(3, -3, 5, 4.3, -1.3, 3.5, 19.6),
            "You went along the gradient, and f has become larger. The gradient points uphill.",
        ),
        Mistake(
            "rate forgotten",
            of_step(3, -3, 5, 1, 2, -2, 2),
            "You subtract the whole gradient. The rate, 0.1, makes a small step of it.",
        ),
        Mistake(
            "the step instead of the new place",
            of_step(3, -3, 5, 0.3, -0.3, 0.5, 0.3),
            "That is how far you go. The new place is the old one minus that.",
        ),
        Mistake(
            "the change instead of the new place",
            of_step(3, -3, 5, -0.3, 0.3, -0.5, 0.3),
            "That is by how much each input changes. Asked is where it is afterwards.",
        ),
        Mistake(
            "only local at the subtraction",
            of_step(1, -1, 5, 3.9, -0.9, 2.5, 12),
            "1 and −1 are how fast `x − y` changes. How fast `f` changes is that times what arrived "
            "there.",
        ),
        Mistake(
            "only x moved",
            of_step(3, -3, 5, 3.7, -1, 3, 14.1),
            "Only `x` has moved. All three inputs take the step together.",
        ),
        Mistake(
            "f predicted, not computed",
            of_step(3, -3, 5, 3.7, -0.7, 2.5, 10.7),
            "10.7 is what the gradient *predicts*: 15 minus 0.1 times (9 + 9 + 25). Asked is what f "
            "really is at the new place.",
        ),
        Mistake(
            "f before the step",
            of_step(3, -3, 5, 3.7, -0.7, 2.5, 15),
            "15 is `f` before the step. Put the three new values into the formula.",
        ),
        Mistake(
            "sign of the new y overlooked",
            of_step(3, -3, 5, 3.7, -0.7, 2.5, 7.5),
            "The new `y` is negative, so the new `x − y` is larger than the new `x`.",
        ),
        Mistake(
            "new f with the old x and y",
            of_step(3, -3, 5, 3.7, -0.7, 2.5, 12.5),
            "You multiplied the new `z` by the old `x − y`. `x` and `y` have moved as well.",
        ),
        Mistake(
            "new f with the old z",
            of_step(3, -3, 5, 3.7, -0.7, 2.5, 13.2),
            "You computed the new `x − y` and multiplied by the old `z`. It has moved as well.",
        ),
        Mistake(
            "multiplication not swapped",
            of_step(5, -5, 3, 3.5, -0.5, 2.7, 10.8),
            "At the product each side has got its own value instead of the other one's.",
        ),
        Mistake(
            "sign of y overlooked",
            of_step(3, -3, 3, 3.7, -0.7, 2.7, 11.88),
            "`y` is −1, so `x − y` is 4 − (−1), which is larger than 4.",
        ),
        Mistake(
            "one after the other",
            of_step(3, -3, 4.4, 3.7, -0.7, 2.56, 11.264),
            "You moved `x` and `y` first and computed the derivative for `z` at the new place. All "
            "gradients belong to the place where you stand; only then everything moves.",
        ),
    ),
    hints=(
        "Draw the graph: a subtraction, then a multiplication. Put 1 at the right and go back.",
        "Difference: +1 for the first, −1 for the second, times what arrived. Then every input "
        "becomes: old value minus rate times its own gradient.",
        "Fill in:\n"
        "    dx = … × 1,  dy = … × (−1),  dz = 4 − (−1)\n"
        "    new_x = 4 − 0.1 × dx, and so on for y and z\n"
        "    new_f = (new_x − new_y) × …",
    ),
    probe=Probe(values, {"names": STEP_NAMES}),
    fields=STEP_FIELDS,
    remark="f went from 15 to 11. Training a network is this step, thousands of times.",
)

# --- ch01.topological_order ---------------------------------------------------------------------

Parents = Mapping[str, Sequence[str]]


def topological_order(parents):
    order = []
    done = set()

    def visit(node):
        if node in done:
            return
        done.add(node)
        for parent in parents[node]:
            visit(parent)
        order.append(node)

    for node in parents:
        visit(node)
    return order


def order_by_scanning(parents):
    order = []
    while len(order) < len(parents):
        for node, needed in parents.items():
            if node not in order and all(parent in order for parent in needed):
                order.append(node)
    return order


def order_by_counting(parents):
    children = defaultdict(list)
    waiting = {}
    for node, needed in parents.items():
        waiting[node] = len(needed)
        for parent in needed:
            children[parent].append(node)
    ready = deque(node for node, count in waiting.items() if count == 0)
    order = []
    while ready:
        node = ready.popleft()
        order.append(node)
        for child in children[node]:
            waiting[child] -= 1
            if waiting[child] == 0:
                ready.append(child)
    return order


def order_by_longest_way(parents):
    def level(node):
        return 1 + max(map(level, parents[node]), default=0)

    return sorted(parents, key=level)


def order_by_library(parents):
    return tuple(TopologicalSorter(parents).static_order())


def order_from_the_ends(parents):
    return topological_order(
        {node: parents[node] for node in [*outputs_of(parents), *parents]},
    )


ORDERS = (
    topological_order,
    order_from_the_ends,
    order_by_scanning,
    order_by_counting,
    order_by_longest_way,
    order_by_library,
)


def order_problem(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    """Say what is wrong with an order, or None: any order with parents first is right."""
    parents: Parents = inputs["parents"]
    if got is None:
        return "order is None. Did you forget the return?"
    if not isinstance(got, (list, tuple)):
        return f"order is {describe(got)}, expected a list of the graph's nodes."
    for node in got:
        if not isinstance(node, str):
            return f"order holds {describe(node)}, expected the names of the nodes."
        if node not in parents:
            return f"order holds {node[:40]!r}, and the graph has no such node."
    missing = [node for node in parents if node not in got]
    if missing:
        names = ", ".join(map(repr, missing[:4])) + (", …" if len(missing) > 4 else "")
        verb = "is" if len(missing) == 1 else "are"
        return f"order has {len(set(got))} of the {len(parents)} nodes; {names} {verb} missing."
    place: dict[str, int] = {}
    for at, node in enumerate(got):
        if node in place:
            return f"{node!r} stands in the order more than once."
        place[node] = at
    for node in got:
        for parent in parents[node]:
            if place[parent] > place[node]:
                return f"{node!r} stands before its parent {parent!r}."
    return None


def is_order(parents: Parents, order: Sequence[str]) -> bool:
    """Tell whether an order is right."""
    return order_problem({"parents": parents}, order, None) is None


def shuffled(
    parents: Parents, rng: np.random.Generator, *, rename: bool = True
) -> dict[str, list[str]]:
    """Put a graph's nodes into random order, under random letters."""
    letters = rng.permutation(list("abcdeghijkmnopqrstuvw")).tolist()
    names = (
        dict(zip(parents, letters, strict=False)) if rename else {node: node for node in parents}
    )
    nodes = [str(node) for node in rng.permutation(list(parents))]
    return {names[node]: [names[parent] for parent in parents[node]] for node in nodes}


def any_graph(nodes: int, rng: np.random.Generator) -> dict[str, list[str]]:
    """Draw a graph with a leaf in front, where every other node has one or two parents."""
    names = [f"n{at}" for at in range(nodes)]
    graph: dict[str, list[str]] = {names[0]: [], names[1]: []}
    for at in range(2, nodes):
        chosen = rng.permutation(at)[: int(rng.integers(1, 3))]
        graph[names[at]] = [names[parent] for parent in chosen]
    return graph


def draw_orders(rng: np.random.Generator) -> Iterator[Case]:
    formula = {"x": [], "y": [], "q": ["x", "y"], "z": [], "f": ["q", "z"]}
    yield Case({"parents": formula}, "the graph of (x + y) × z")
    # The output comes first and the names rise along the dictionary: no listing order is right.
    letters = sorted(rng.permutation(list("abcdeghijkmnopqrstuvw"))[:5].tolist())
    out, k2, k1, h, x = letters
    skewed = {out: [k2, h], k2: [k1], k1: [h], h: [x], x: []}
    yield Case({"parents": skewed}, "a long way and a short way")
    short = {"f": ["h", "k"], "x": [], "k": ["h"], "h": ["x"]}
    yield Case({"parents": shuffled(short, rng)}, "a node that is its own sibling's parent")
    twice = {"p": ["h", "y"], "y": [], "h": ["x", "x"], "x": []}
    yield Case({"parents": shuffled(twice, rng)}, "x × x: the same parent twice")
    # Whoever moves parents in front of their child, once each, leaves theirs behind here.
    chain = {"m": ["n"], "p": ["g"], "n": ["p"], "g": []}
    yield Case({"parents": chain}, "a chain, listed in no order")
    two = {"f": ["a", "b"], "g": ["b", "f"], "a": [], "b": [], "s": ["b"], "c": []}
    yield Case({"parents": shuffled(two, rng)}, "two outputs, and an input that nobody uses")
    yield Case({"parents": shuffled(any_graph(9, rng), rng)}, "nine nodes in no particular order")


def seen_orders(
    cases: Sequence[Case], seen: Sequence[Observation]
) -> list[tuple[Parents, list[str]]]:
    """Pair every graph with the order that was given; empty if an order is not a list of names."""
    pairs = []
    for case, one in zip(cases, seen, strict=False):
        order = one.values.get("order")
        if not isinstance(order, (list, tuple)) or not all(isinstance(node, str) for node in order):
            return []
        pairs.append((case.inputs["parents"], list(order)))
    return pairs if len(pairs) == len(cases) else []


def orders_like(*answers: Callable[[Parents], Sequence[str]]) -> Any:
    """Recognise an answer that gives, in every case, what one of these answers gives."""

    def when(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
        pairs = seen_orders(cases, seen)
        return bool(pairs) and any(
            all(list(answer(copy_plain(parents))) == order for parents, order in pairs)
            for answer in answers
        )

    return when


def orders_where(test: Callable[[Parents, list[str]], bool], *, every: bool = True) -> Any:
    """Recognise an answer by a property of its orders, in every case or in some."""

    def when(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
        pairs = seen_orders(cases, seen)
        found = [test(parents, order) for parents, order in pairs]
        return bool(found) and (all(found) if every else any(found))

    return when


def outputs_of(parents: Parents) -> list[str]:
    """List the nodes that are nobody's parent."""
    used = {parent for needed in parents.values() for parent in needed}
    return [node for node in parents if node not in used]


def children_first(parents):
    return topological_order(parents)[::-1]


def preorder(parents, *, starts=list, forward=True, turned=False):
    order = []

    def visit(node):
        if node not in order:
            order.append(node)
            for parent in parents[node] if forward else parents[node][::-1]:
                visit(parent)

    for node in starts(parents):
        visit(node)
    return order[::-1] if turned else order


def breadth_first(parents, *, starts=outputs_of, turned=True):
    order = list(starts(parents))
    for node in order:
        order += [parent for parent in dict.fromkeys(parents[node]) if parent not in order]
    return order[::-1] if turned else order


def without_memory(parents):
    order = []

    def visit(node):
        for parent in parents[node]:
            visit(parent)
        order.append(node)

    for node in outputs_of(parents):
        visit(node)
    return order


def from_one_output(parents):
    order = []

    def visit(node):
        if node not in order:
            for parent in parents[node]:
                visit(parent)
            order.append(node)

    visit(outputs_of(parents)[0])
    return order


def inputs_then_rest(parents):
    inputs = [node for node in parents if not parents[node]]
    return inputs + [node for node in parents if parents[node]]


def by_number_of_parents(parents):
    return sorted(parents, key=lambda node: len(parents[node]))


def one_look_only(parents):
    order = []
    for node in parents:
        if all(parent in order for parent in parents[node]):
            order.append(node)
    return order


def parents_as_met(parents):
    order = []
    for used in parents.values():
        order += [parent for parent in used if parent not in order]
    return list(dict.fromkeys(order + list(parents)))


def from_the_f_of_the_text(parents):
    order = []

    def visit(node):
        if node not in order:
            for parent in parents[node]:
                visit(parent)
            order.append(node)

    visit("f")
    return order


def deletes_while_walking(parents):
    left = dict(parents)
    order = []
    for node in left:
        if all(parent in order for parent in left[node]):
            order.append(node)
            del left[node]
    return order


def one_parent_is_enough(parents):
    order = []
    while len(order) < len(parents):
        for node, needed in parents.items():
            if node not in order and (not needed or any(parent in order for parent in needed)):
                order.append(node)
    return order


def by_shortest_way(parents):
    def level(node):
        return 1 + min(map(level, parents[node]), default=0)

    return sorted(parents, key=level)


def twin_counted_once(parents):
    waiting = {node: len(needed) for node, needed in parents.items()}
    order = [node for node in parents if waiting[node] == 0]
    for node in order:
        for child in parents:
            if node in parents[child]:
                waiting[child] -= 1
                if waiting[child] == 0:
                    order.append(child)
    return order


def parents_without_theirs(parents):
    order = []
    for node in parents:
        for parent in parents[node]:
            if parent not in order:
                order.append(parent)
        if node not in order:
            order.append(node)
    return order


def forward_in_rings(parents):
    order = [node for node in parents if not parents[node]]
    for node in order:
        order += [child for child in parents if node in parents[child] and child not in order]
    return order


def one_parent_after_the_inputs(parents):
    order = [node for node in parents if not parents[node]]
    while len(order) < len(parents):
        for node, needed in parents.items():
            if node not in order and any(parent in order for parent in needed):
                order.append(node)
    return order


def moved_once(parents):
    order = list(parents)
    for node in parents:
        for parent in parents[node]:
            if order.index(parent) > order.index(node):
                order.remove(parent)
                order.insert(order.index(node), parent)
    return order


def two_looks(parents):
    order = []
    for _ in range(2):
        for node in parents:
            if node not in order and all(parent in order for parent in parents[node]):
                order.append(node)
    return order


def keeps_its_list(parents, order=[]):
    def visit(node):
        if node not in order:
            for parent in parents[node]:
                visit(parent)
            order.append(node)

    for node in parents:
        visit(node)
    return order


def takes_the_graph_apart(parents):
    order = []
    while parents:
        for node in list(parents):
            if all(parent in order for parent in parents[node]):
                order.append(node)
                del parents[node]
    return order


def as_listed(parents):
    return list(parents)


def has_twice(parents: Parents, order: list[str]) -> bool:
    return len(set(order)) < len(order)


def is_beginning(parents: Parents, order: list[str]) -> bool:
    """Tell whether an order is right as far as it goes."""
    kept = {node: parents[node] for node in order if node in parents}
    whole = all(parent in kept for needed in kept.values() for parent in needed)
    return whole and is_order(kept, order)


def lacks_only_twins(parents: Parents, order: list[str]) -> bool:
    """Tell whether nodes are missing exactly where one node uses the same parent twice."""
    twins = any(len(set(needed)) < len(needed) for needed in parents.values())
    return is_beginning(parents, order) and (len(order) < len(parents)) == twins


def lacks_nodes(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Tell whether orders are right as far as they go, and one of them does not go far enough."""
    pairs = seen_orders(cases, seen)
    right = all(order and is_beginning(parents, order) for parents, order in pairs)
    return right and any(len(order) < len(parents) for parents, order in pairs)


def goes_on_with_the_last(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Tell whether each order begins with the one before, and nodes of other graphs are in some."""
    pairs = seen_orders(cases, seen)
    orders = [order for _, order in pairs]
    strangers = any(node not in parents for parents, order in pairs for node in order)
    return strangers and all(order[: len(before)] == before for before, order in pairwise(orders))


def is_one_walk(parents: Parents, order: list[str]) -> bool:
    """Tell whether an order holds its last node and all that this one needs, and nothing else."""
    reached = order[-1:]
    for node in reached:
        reached += [parent for parent in parents[node] if parent not in reached]
    return set(reached) == set(order)


def lacks_what_one_walk_misses(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Tell whether nodes are missing, namely those that do not lead to one of them."""
    return lacks_nodes(cases, seen) and orders_where(is_one_walk)(cases, seen)


def lacks_nodes_otherwise(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Tell whether nodes are missing, for none of the reasons that have a name of their own."""
    looked = orders_like(one_look_only, lambda p: one_look_only(dict(reversed(list(p.items())))))
    twins = orders_where(lacks_only_twins)
    named = (lacks_what_one_walk_misses, looked, twins)
    return lacks_nodes(cases, seen) and not any(test(cases, seen) for test in named)


TOPOLOGICAL_ORDER = Exercise(
    id="ch01.topological_order",
    title="Which node first?",
    kind="function",
    points=3,
    reference=topological_order,
    accepted=(order_by_scanning, order_by_counting, order_by_longest_way, order_by_library),
    mistakes=(
        Mistake(
            "children first",
            children_first,
            "Your order is right from back to front: every node stands before its parents. On the "
            "way forward a node needs the values of its parents, so they come first.",
            recognise=orders_where(lambda parents, order: is_order(parents, order[::-1])),
        ),
        Mistake(
            "the dictionary's order",
            as_listed,
            "You list the nodes as the dictionary, or the alphabet, has them. That says nothing about "
            "who needs whom.",
            recognise=orders_like(
                as_listed, lambda p: list(p)[::-1], sorted, lambda p: sorted(p, reverse=True)
            ),
        ),
        Mistake(
            "a node more than once",
            without_memory,
            "A node that is used twice is reached twice, and you write it down each time. Remember "
            "where you have been.",
            recognise=orders_where(has_twice, every=False),
        ),
        Mistake(
            "the same parent counted once",
            twin_counted_once,
            "In `x × x` the node has two parents that are the same. You wait for two and tick off one, "
            "so this node, and all that need it, never get their turn.",
            recognise=orders_where(lacks_only_twins),
        ),
        Mistake(
            "one look at each node",
            one_look_only,
            "You look at each node once, in the dictionary's order. A node whose parents come later is "
            "passed over, and nobody comes back to it.",
            recognise=orders_like(
                one_look_only, lambda p: one_look_only(dict(reversed(list(p.items()))))
            ),
        ),
        Mistake(
            "only one output's ancestors",
            from_one_output,
            "You walk back from one node only. What does not lead to it is never reached: begin a walk "
            "at every node that is not in the order yet.",
            recognise=lacks_what_one_walk_misses,
        ),
        Mistake(
            "stops too early",
            two_looks,
            "Your order is right as far as it goes, but you stop before every node has had its turn. "
            "How often you have to look depends on the graph.",
            recognise=lacks_nodes_otherwise,
        ),
        Mistake(
            "moved once",
            moved_once,
            "You move each node's parents in front of it, once. When a parent moves forward later, "
            "its own parents stay behind.",
            recognise=orders_like(moved_once),
        ),
        Mistake(
            "parents as they come",
            parents_as_met,
            "You list the parents as you meet them, then the rest. A parent may need another node that "
            "you meet later.",
            recognise=orders_like(parents_as_met),
        ),
        Mistake(
            "the f of the text",
            from_the_f_of_the_text,
            "You begin at a node called `f`. That is the name in the example; a graph has any names, "
            "and it can have several nodes that nobody uses.",
        ),
        Mistake(
            "deleted during the walk",
            deletes_while_walking,
            "You take entries out of the very dictionary that the loop is walking over. Python refuses "
            "that.",
        ),
        Mistake(
            "written down on arrival",
            preorder,
            "You write a node down when you arrive at it, before you have gone to its parents. Another "
            "way may still lead deeper; turning the list round afterwards does not cure that.",
            recognise=orders_like(
                *(
                    lambda p, s=starts, f=forward, t=turned: preorder(
                        p, starts=s, forward=f, turned=t
                    )
                    for starts in (
                        list,
                        outputs_of,
                        lambda p: list(p)[::-1],
                        lambda p: outputs_of(p)[::-1],
                    )
                    for forward in (True, False)
                    for turned in (True, False)
                )
            ),
        ),
        Mistake(
            "breadth first",
            breadth_first,
            "You go back in rings: first the parents, then theirs. A node that is near the output by "
            "one way and far by another comes in too near a ring.",
            recognise=orders_like(
                *(
                    lambda p, s=starts, t=turned: breadth_first(p, starts=s, turned=t)
                    for starts in (outputs_of, list)
                    for turned in (True, False)
                )
            ),
        ),
        Mistake(
            "parents without theirs",
            parents_without_theirs,
            "You place a node's parents before it, that is right. But they have parents as well, and "
            "those have not always had their place by then.",
            recognise=orders_like(parents_without_theirs),
        ),
        Mistake(
            "inputs first, then anyhow",
            inputs_then_rest,
            "The inputs come first, that is right. But among the other nodes, too, some need others.",
            recognise=orders_like(inputs_then_rest),
        ),
        Mistake(
            "fewest parents first",
            by_number_of_parents,
            "You sort by the number of parents. A node with one parent may still need a node that has "
            "two.",
            recognise=orders_like(by_number_of_parents),
        ),
        Mistake(
            "shortest way counts",
            by_shortest_way,
            "In your order the shortest way from an input decides, ring by ring. It is the longest one "
            "that counts: a node has to wait for the slowest of its parents.",
            recognise=orders_like(by_shortest_way, forward_in_rings),
        ),
        Mistake(
            "one parent is enough",
            one_parent_is_enough,
            "A node gets its turn as soon as *one* of its parents is there. It needs all of them.",
            recognise=orders_like(one_parent_is_enough, one_parent_after_the_inputs),
        ),
        Mistake(
            "a list kept from call to call",
            keeps_its_list,
            "Your list still holds the nodes of an earlier call. It was made once, outside the function "
            "or as a default value, and every call adds to it.",
            recognise=goes_on_with_the_last,
        ),
        Mistake(
            "takes the graph apart",
            takes_the_graph_apart,
            "You delete nodes from the dictionary as you go. It belongs to the caller, who still "
            "needs it.",
        ),
    ),
    hints=(
        "Take pencil and paper and order one of the drawn graphs by hand. Which question do you ask "
        "at each node before you write it down?",
        "A node may be written down when all of its parents have been. Either look for such a node "
        "again and again, or visit a node's parents before you write the node itself.",
        "One way, with a function that calls itself:\n"
        "    def visit(node):\n"
        "        if node has been visited: return\n"
        "        for parent in parents[node]:\n"
        "            …\n"
        "        … write the node down\n"
        "    for node in parents: …",
    ),
    probe=Probe(call, {"returns": ("order",)}),
    draw=draw_orders,
    outputs=(Output("order", compare=order_problem),),
    remark="Your order may differ from your neighbour's. All that counts is that every arrow points to the right.",
)

# --- ch01.backward_sweep ------------------------------------------------------------------------

Recording = Mapping[str, Sequence[tuple[str, float]]]


def backward_sweep(graph, output):
    gradients = {node: 0.0 for node in graph}
    gradients[output] = 1.0
    order = topological_order(
        {node: [parent for parent, _ in used] for node, used in graph.items()}
    )
    for node in reversed(order):
        for parent, local in graph[node]:
            gradients[parent] += local * gradients[node]
    return gradients


def sweep_over_all_ways(graph, output):
    """Walk every way from the output back to an input; right, though slow on large graphs."""
    gradients = {node: 0.0 for node in graph}

    def walk(node, arrived):
        gradients[node] += arrived
        for parent, local in graph[node]:
            walk(parent, arrived * local)

    walk(output, 1.0)
    return gradients


def sweep_by_asking_children(graph, output):
    """Ask for each node: who uses me, and what have they got?"""
    known = {output: 1.0}

    def gradient(node):
        if node not in known:
            known[node] = sum(
                local * gradient(child)
                for child, used in graph.items()
                for parent, local in used
                if parent == node
            )
        return known[node]

    return {node: float(gradient(node)) for node in graph}


def sweep_when_complete(graph, output):
    """Hand a gradient on when everything that uses the node has handed its part down."""
    waiting = {node: 0 for node in graph}
    reached = [output]
    for node in reached:
        for parent, _ in graph[node]:
            waiting[parent] += 1
            if parent not in reached:
                reached.append(parent)
    gradients = {node: 0.0 for node in graph}
    gradients[output] = 1.0
    ready = [output]
    while ready:
        node = ready.pop()
        for parent, local in graph[node]:
            gradients[parent] += gradients[node] * local
            waiting[parent] -= 1
            if waiting[parent] == 0:
                ready.append(parent)
    return gradients


def recorded(parents: Parents, rng: np.random.Generator, *, shuffle: bool = True) -> dict[str, Any]:
    """Give every edge of a graph a random local derivative, and the nodes a random order."""
    nodes = rng.permutation(list(parents)).tolist() if shuffle else list(parents)

    def local() -> float:
        return round(float(rng.choice((-1, 1)) * rng.uniform(1.2, 3.5)), 2)

    return {node: [(parent, local()) for parent in parents[node]] for node in nodes}


def draw_recordings(rng: np.random.Generator) -> Iterator[Case]:
    leaf_fork = {"x": [], "y": [], "q": ["x", "y"], "f": ["q", "x"]}
    yield Case(
        {"graph": recorded(leaf_fork, rng, shuffle=False), "output": "f"},
        "a leaf fork: the input x is used twice",
    )
    # Listed from the output back, so that neither reading direction of a dictionary always works.
    long = {"f": ["k3", "h"], "k3": ["k2"], "k2": ["k1"], "k1": ["h"], "h": ["x"], "x": []}
    yield Case(
        {"graph": recorded(long, rng, shuffle=False), "output": "f"},
        "a long skew: f uses h directly and at the end of a chain",
    )
    short = {"x": [], "h": ["x"], "k": ["h"], "f": ["h", "k"]}
    yield Case(
        {"graph": recorded(short, rng), "output": "f"},
        "a short skew: f uses h directly and through k",
    )
    inner = {"x": [], "y": [], "h": ["x", "y"], "u": ["h"], "v": ["h"], "f": ["u", "v"]}
    yield Case(
        {"graph": recorded(inner, rng), "output": "f"},
        "an inner fork: u and v both use h",
    )
    twice = recorded({"x": [], "h": ["x", "x"], "loss": ["h", "h"]}, rng)
    twice["loss"] = twice["loss"][:1] * 2  # h × h: both local derivatives are h
    yield Case({"graph": twice, "output": "loss"}, "the same parent twice, as in h × h")
    beside = {"x": [], "z": [], "u": ["x"], "f": ["u", "x"], "g": ["f", "z"]}
    yield Case(
        {"graph": recorded(beside, rng), "output": "f"},
        "f is the output; g and z were recorded too and do not lead to it",
    )


def plain_parents(graph: Recording) -> dict[str, list[str]]:
    return {node: [parent for parent, _ in used] for node, used in graph.items()}


def sweep_in(order, graph, output):
    """Hand down along any given order, right or wrong."""
    gradients = {node: 0.0 for node in graph}
    gradients[output] = 1.0
    for node in order:
        for parent, local in graph[node]:
            gradients[parent] += local * gradients[node]
    return gradients


def right_order(graph, *, by=topological_order):
    return list(by(plain_parents(graph)))[::-1]


def overwrites(graph, output, *, by=topological_order):
    gradients = {node: 0.0 for node in graph}
    gradients[output] = 1.0
    for node in right_order(graph, by=by):
        for parent, local in graph[node]:
            gradients[parent] = local * gradients[node]
    return gradients


def recursion_that_overwrites(graph, output):
    gradients = {node: 0.0 for node in graph}
    gradients[output] = 1.0

    def back(node):
        for parent, local in graph[node]:
            gradients[parent] = local * gradients[node]
            back(parent)

    back(output)
    return gradients


def queue_that_overwrites(graph, output):
    gradients = {node: 0.0 for node in graph}
    gradients[output] = 1.0
    queue = [output]
    for node in queue:
        for parent, local in graph[node]:
            gradients[parent] = local * gradients[node]
            queue.append(parent)
    return gradients


def first_use_only(graph, output, *, by=topological_order):
    gradients = {output: 1.0}
    for node in right_order(graph, by=by):
        for parent, local in graph[node]:
            gradients.setdefault(parent, local * gradients.get(node, 0.0))
    return {node: gradients.get(node, 0.0) for node in graph}


def hands_down_again(graph, output, *, forward=True):
    gradients = {node: 0.0 for node in graph}
    gradients[output] = 1.0

    def back(node):
        for parent, local in graph[node] if forward else graph[node][::-1]:
            gradients[parent] += local * gradients[node]
            back(parent)

    back(output)
    return gradients


def hands_down_all_then_again(graph, output):
    gradients = {node: 0.0 for node in graph}
    gradients[output] = 1.0

    def back(node):
        for parent, local in graph[node]:
            gradients[parent] += local * gradients[node]
        for parent, _ in graph[node]:
            back(parent)

    back(output)
    return gradients


def queue_without_memory(graph, output):
    gradients = {node: 0.0 for node in graph}
    gradients[output] = 1.0
    queue = [output]
    for node in queue:
        for parent, local in graph[node]:
            gradients[parent] += local * gradients[node]
            queue.append(parent)
    return gradients


def stack_without_memory(graph, output):
    gradients = {node: 0.0 for node in graph}
    gradients[output] = 1.0
    stack = [output]
    while stack:
        node = stack.pop()
        for parent, local in graph[node]:
            gradients[parent] += local * gradients[node]
            stack.append(parent)
    return gradients


def breadth_first_sweep(graph, output):
    order = breadth_first(plain_parents(graph), starts=lambda _: [output], turned=False)
    return sweep_in(order, graph, output)


def preorder_sweep(graph, output, *, forward=True):
    order = preorder(plain_parents(graph), starts=lambda _: [output], forward=forward)
    return sweep_in(order, graph, output)


def in_the_dictionary_reversed(graph, output):
    return sweep_in(reversed(graph), graph, output)


def in_the_dictionary(graph, output):
    return sweep_in(graph, graph, output)


def nothing_to_begin_with(graph, output):
    gradients = {node: 0.0 for node in graph}
    for node in right_order(graph):
        for parent, local in graph[node]:
            gradients[parent] += local * gradients[node]
    return gradients


def every_end_begins(graph, output):
    gradients = {node: 0.0 for node in graph}
    for node in outputs_of(plain_parents(graph)):
        gradients[node] = 1.0
    for node in right_order(graph):
        for parent, local in graph[node]:
            gradients[parent] += local * gradients[node]
    return gradients


def one_level_only(graph, output):
    return sweep_in(right_order(graph)[::-1], graph, output)


def every_node_begins(graph, output):
    gradients = {node: 1.0 for node in graph}
    for node in right_order(graph):
        for parent, local in graph[node]:
            gradients[parent] += local * gradients[node]
    return gradients


def twins_merged(graph, output):
    merged = {node: list(dict(used).items()) for node, used in graph.items()}
    return backward_sweep(merged, output)


def equal_twins_merged(graph, output):
    return backward_sweep({node: list(dict.fromkeys(used)) for node, used in graph.items()}, output)


def visited_once(graph, output, *, forward=True):
    gradients = {node: 0.0 for node in graph}
    gradients[output] = 1.0
    visited = set()

    def back(node):
        if node in visited:
            return
        visited.add(node)
        for parent, local in graph[node] if forward else graph[node][::-1]:
            gradients[parent] += local * gradients[node]
            back(parent)

    back(output)
    return gradients


def nothing_to_add_to(graph, output):
    gradients = {output: 1.0}
    for node in right_order(graph):
        for parent, local in graph[node]:
            gradients[parent] += local * gradients[node]
    return gradients


def only_nodes_that_received(graph, output):
    gradients = {output: 1.0}
    for node in right_order(graph):
        for parent, local in graph[node]:
            gradients[parent] = gradients.get(parent, 0.0) + local * gradients[node]
    return gradients


def always_from_f(graph, output):
    return backward_sweep(graph, "f")


def queue_of_those_not_waiting(graph, output):
    gradients = {node: 0.0 for node in graph}
    gradients[output] = 1.0
    queue = [output]
    while queue:
        node = queue.pop(0)
        for parent, local in graph[node]:
            gradients[parent] += local * gradients[node]
            if parent not in queue:
                queue.append(parent)
    return gradients


def pairs_taken_for_names(graph, output):
    return sweep_in(topological_order(graph)[::-1], graph, output)


def shared_out(graph, output):
    halved = {
        node: [(parent, local / len(used)) for parent, local in used]
        for node, used in graph.items()
    }
    return backward_sweep(halved, output)


def inputs_only(graph, output):
    gradients = backward_sweep(graph, output)
    return {node: gradients[node] for node, used in graph.items() if not used}


def upstream_dropped(graph, output):
    gradients = {node: 0.0 for node in graph}
    gradients[output] = 1.0
    for node in right_order(graph):
        for parent, local in graph[node]:
            gradients[parent] += local
    return gradients


def local_dropped(graph, output):
    gradients = {node: 0.0 for node in graph}
    gradients[output] = 1.0
    for node in right_order(graph):
        for parent, _ in graph[node]:
            gradients[parent] += gradients[node]
    return gradients


def added_not_multiplied(graph, output):
    gradients = {node: 0.0 for node in graph}
    gradients[output] = 1.0
    for node in right_order(graph):
        for parent, local in graph[node]:
            gradients[parent] += local + gradients[node]
    return gradients


def multiplied_where_ways_meet(graph, output):
    gradients = {node: 1.0 for node in graph}
    for node in right_order(graph):
        for parent, local in graph[node]:
            gradients[parent] *= local * gradients[node]
    return gradients


def leaves_out_what_is_zero(graph, output):
    return {node: gradient for node, gradient in backward_sweep(graph, output).items() if gradient}


def eats_the_recording(graph, output):
    order = right_order(graph)
    gradients = {node: 0.0 for node in graph}
    gradients[output] = 1.0
    for node in order:
        while graph[node]:
            parent, local = graph[node].pop()
            gradients[parent] += local * gradients[node]
    return gradients


def agrees(got: Any, theirs: Mapping[str, float]) -> bool:
    """Tell whether gradients are these, as far as they go: entries may be missing."""
    return (
        isinstance(got, dict)
        and bool(got)
        and got.keys() <= theirs.keys()
        and all(same(got[node], theirs[node], rtol=1e-6, atol=1e-9) for node in got)
    )


def lacks_zeros_only(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Tell whether all is right but for missing entries of nodes whose gradient is 0."""
    lacking = 0
    for case, one in zip(cases, seen, strict=False):
        got: Any = one.values.get("gradients")
        wanted = backward_sweep(case.inputs["graph"], case.inputs["output"])
        if not agrees(got, wanted) or any(wanted[node] for node in wanted.keys() - got.keys()):
            return False
        lacking += len(got) < len(wanted)
    return bool(lacking)


def sweeps_like(*answers: Callable[[Any, str], Any]) -> Any:
    """Recognise an answer that gives, in every case, what one of these answers gives."""

    def when(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
        given = [case.inputs for case in cases]
        found = [one.values.get("gradients") for one in seen]
        return len(found) == len(given) and any(
            all(
                agrees(got, answer(copy_plain(inputs["graph"]), inputs["output"]))
                for inputs, got in zip(given, found, strict=True)
            )
            for answer in answers
        )

    return when


BACKWARD_SWEEP = Exercise(
    id="ch01.backward_sweep",
    title="The backward sweep",
    kind="function",
    points=3,
    reference=backward_sweep,
    accepted=(sweep_over_all_ways, sweep_by_asking_children, sweep_when_complete),
    mistakes=(
        Mistake(
            "overwritten at a fork",
            overwrites,
            "Where a node is used twice, the second gradient replaces the first one. A change of that "
            "node reaches the output by both ways.",
            recognise=sweeps_like(
                *(partial(overwrites, by=order) for order in ORDERS),
                recursion_that_overwrites,
                queue_that_overwrites,
            ),
        ),
        Mistake(
            "only the first use counted",
            first_use_only,
            "Once a node has a gradient, you let nothing more in. What arrives by a second way counts "
            "as well.",
            recognise=sweeps_like(*(partial(first_use_only, by=order) for order in ORDERS)),
        ),
        Mistake(
            "handed down again",
            hands_down_again,
            "You go on from a node each time something arrives there, and hand down *everything* it "
            "holds by then. What was already passed on is passed on a second time.",
            recognise=sweeps_like(
                hands_down_again,
                lambda graph, output: hands_down_again(graph, output, forward=False),
                hands_down_all_then_again,
                queue_without_memory,
                queue_of_those_not_waiting,
                stack_without_memory,
            ),
        ),
        Mistake(
            "breadth first",
            breadth_first_sweep,
            "You go back in rings around the output. A node near the output by one way hands down its "
            "gradient before the part that takes the longer way has arrived.",
            recognise=sweeps_like(breadth_first_sweep),
        ),
        Mistake(
            "written down on arrival",
            preorder_sweep,
            "You follow one way to its end and hand down as you arrive. A node hands on what it has "
            "before the other ways have delivered their parts.",
            recognise=sweeps_like(
                preorder_sweep,
                lambda graph, output: preorder_sweep(graph, output, forward=False),
                visited_once,
                lambda graph, output: visited_once(graph, output, forward=False),
            ),
        ),
        Mistake(
            "trusts the dictionary's order",
            in_the_dictionary_reversed,
            "You go through the nodes as the dictionary lists them, forwards or backwards. Here it "
            "lists them in any order; you need one in which every node comes after all that use it.",
            recognise=sweeps_like(in_the_dictionary_reversed, in_the_dictionary),
        ),
        Mistake(
            "nothing to begin with",
            nothing_to_begin_with,
            "Every gradient begins at zero, so nothing flows. What is the derivative of the output with "
            "respect to itself?",
        ),
        Mistake(
            "begins at every end",
            every_end_begins,
            "You begin with 1 at the end of the graph, where nobody uses a node any more. Asked are the "
            "derivatives of `output`, wherever it stands.",
        ),
        Mistake(
            "every node begins with 1",
            every_node_begins,
            "Every node begins with 1. That 1 belongs to the output alone: it is the derivative of the "
            "output with respect to itself.",
        ),
        Mistake(
            "the same parent counted once",
            twins_merged,
            "Where a node uses the same parent twice, as in h × h, you keep one of the two arrows: a "
            "dictionary holds a key once, and a set an entry. Each arrow hands something down.",
            recognise=sweeps_like(twins_merged, equal_twins_merged),
        ),
        Mistake(
            "the f of the text",
            always_from_f,
            "You begin at a node called `f`. That is the name in the example; which node to begin at is "
            "said by `output`.",
        ),
        Mistake(
            "nothing to add to",
            nothing_to_add_to,
            "You add to an entry that is not there yet: `+=` needs a number to add to. What does a node "
            "hold before anything has arrived?",
        ),
        Mistake(
            "asks a node that received nothing",
            only_nodes_that_received,
            "You look up the gradient of a node that never received one, because it does not lead to "
            "the output. Such a node has a gradient, too.",
        ),
        Mistake(
            "pairs taken for names",
            pairs_taken_for_names,
            "You hand the recording to `topological_order` as it is. There it finds pairs of a parent "
            "and a number where it wants the names alone.",
        ),
        Mistake(
            "shared out among the parents",
            shared_out,
            "You divide a node's gradient by the number of its parents. Nothing is shared out: each "
            "parent gets local × upstream in full.",
        ),
        Mistake(
            "inputs only",
            inputs_only,
            "You return the gradients of the inputs. The answer has an entry for every node, also for "
            "those in the middle and for the output.",
        ),
        Mistake(
            "stops after the first step",
            one_level_only,
            "Only the output's own parents have got something. The walk goes in the forward direction, "
            "or ends too early: when a node had its turn, nothing had arrived there yet.",
        ),
        Mistake(
            "upstream dropped",
            upstream_dropped,
            "You add up local derivatives and leave out what arrived from the output. Each has to be "
            "multiplied by the gradient of the node that hands it down.",
        ),
        Mistake(
            "local derivative dropped",
            local_dropped,
            "Every node hands on its gradient unchanged. That is right for additions only.",
        ),
        Mistake(
            "added along the way",
            added_not_multiplied,
            "You add local derivative and gradient. Along a way the rates multiply; it is where ways "
            "meet that they add.",
        ),
        Mistake(
            "multiplied where ways meet",
            multiplied_where_ways_meet,
            "You multiply what arrives at a node from different sides. Along a way the rates multiply; "
            "where ways meet they add.",
        ),
        Mistake(
            "nodes without influence left out",
            leaves_out_what_is_zero,
            "A node that does not lead to the output has a derivative, too: it is 0.0. The answer has "
            "an entry for every node.",
            recognise=lacks_zeros_only,
        ),
        Mistake(
            "eats the recording",
            eats_the_recording,
            "You empty the recording while you walk. The caller wants to sweep over it again.",
        ),
    ),
    hints=(
        "Do the inner fork by hand first: x → h, then h → u and h → v, then u and v → f. At which "
        "moment is h allowed to hand its gradient down to x?",
        "Begin with 1 at the output. Go through the nodes so that everything that uses a node has had "
        "its turn before it: the last exercise from back to front. Each parent receives local × "
        "gradient, added to what it holds.",
        "The skeleton:\n"
        "    gradients = … 0.0 for every node, … for the output\n"
        "    order = … parents first, as in the last exercise\n"
        "    for node in … the order from the back:\n"
        "        for parent, local in graph[node]:\n"
        "            gradients[parent] … local * …",
    ),
    probe=Probe(call, {"returns": ("gradients",)}),
    draw=draw_recordings,
    outputs=(Output("gradients"),),
    remark="Leaf forks, inner forks, short skews, long skews: your sweep is right on all of them.",
)

EXERCISES = (
    APPLE_TOTAL,
    APPLE_GRADIENTS,
    FRUIT_TOTAL,
    FRUIT_GRADIENTS,
    LOCAL_OR_PASSED,
    ADD_THEN_MULTIPLY,
    STEP_DOWNHILL,
    TOPOLOGICAL_ORDER,
    BACKWARD_SWEEP,
)
