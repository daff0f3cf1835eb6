"""ch01.fruit_gradients: the receipt of 715, forward and back."""

from __future__ import annotations

from exercises_lib.checking import Exercise, Field, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes import values

FORWARD = {"apples": 200, "oranges": 450, "fruit": 650, "total": 715}
INPUTS = ("apple_price", "apple_count", "orange_price", "orange_count", "tax")
RIGHT = (2.2, 110, 3.3, 165, 650)


def of_fruit(*numbers, **forward):
    """The answer with these five derivatives, and values of nodes changed as given."""
    return {**FORWARD, **forward, **dict(zip(INPUTS, numbers, strict=True))}


FRUIT_FIELDS = (
    *(Field(name, f"the value of `{name}`") for name in FORWARD),
    *(
        Field(name, rf"$\partial\,\text{{total}} / \partial\,\text{{{name.replace('_', ' ')}}}$")
        for name in INPUTS
    ),
)

wrong = Mistakes()

wrong.answer("tax forgotten", of_fruit(*RIGHT, total=650)).says("""
    Your total is the sum before tax. The last node of the picture is still missing.""")

wrong.answer("multiplied at the addition", of_fruit(*RIGHT, fruit=90_000, total=99_000)).says("""
    You multiply apples by oranges. The two bags lie side by side on the till: they add.""")

wrong.answer("tax on the oranges only", of_fruit(*RIGHT, total=200 + 450 * 1.1)).says("""
    Only the oranges are taxed. The tax node comes after the addition, so it sees both.""")

wrong.answer("tax on the apples only", of_fruit(*RIGHT, total=200 * 1.1 + 450)).says("""
    Only the apples are taxed. The tax node comes after the addition, so it sees both.""")

wrong.answer(
    "counts exchanged", of_fruit(*RIGHT, apples=300, oranges=300, fruit=600, total=660)
).says("""The apples are counted as oranges and the oranges as apples: there are two apples and
    three oranges.""")

wrong.answer("bags taxed already", of_fruit(*RIGHT, apples=220, oranges=495, fruit=715)).says("""
    You have put the tax on each bag. The total is the same, but the nodes hold other values: in the
    picture the tax comes in at the last one.""")

wrong.answer("tax added", of_fruit(*RIGHT, total=651.1)).says("""You add the tax to the sum as if it
    were money. It is a factor.""")

wrong.answer("swapped at the addition", of_fruit(990, 49500, 660, 33000, 650)).says("""
    At the addition you multiply by the other bag's value, as at a multiplication. If the apples
    cost one more, their sum with the oranges rises by one, whatever the oranges cost.""")

wrong.answer("halved at the addition", of_fruit(1.1, 55, 1.65, 82.5, 650)).says("""
    You share out between the bags what arrives at the addition. Nothing is shared: each bag alone
    raises the sum in full.""")

wrong.answer("tax forgotten going back", of_fruit(2, 100, 3, 150, 650)).says("""
    These are derivatives of the sum before tax. What arrives at the addition is not 1: the tax node
    has already multiplied it.""")

wrong.answer("price and count exchanged", of_fruit(110, 2.2, 165, 3.3, 650)).says("""
    At the first multiplications you multiply by the input's own value. One more apple costs a
    *price*; a higher price is paid once per *apple*.""")

wrong.answer("only what arrived", of_fruit(1.1, 1.1, 1.1, 1.1, 650)).says("""
    1.1 arrives at each bag. The bag's own node still has to multiply it.""")

wrong.answer("added instead of multiplied", of_fruit(3.1, 101.1, 4.1, 151.1, 651)).says("""
    You add the local derivative to what arrived. In the backward pass they are multiplied.""")

wrong.answer("bags exchanged", of_fruit(3.3, 165, 2.2, 110, 650)).says("""
    The apples have got the oranges' derivatives and the oranges the apples'. No number of one bag
    occurs in the derivatives of the other.""")

wrong.answer("tax counted twice", of_fruit(2.42, 121, 3.63, 181.5, 650)).says("""
    The tax is in your four derivatives twice. It comes in once, at its own node; the addition hands
    on what it gets.""")

wrong.answer("tax sees the apples only", of_fruit(2.2, 110, 3.3, 165, 200)).says("""
    For the tax you used the apples alone. Its node multiplies everything that was added up.""")

wrong.answer("tax sees the oranges only", of_fruit(2.2, 110, 3.3, 165, 450)).says("""
    For the tax you used the oranges alone. Its node multiplies everything that was added up.""")

wrong.answer("the tax as 0.1", of_fruit(0.2, 10, 0.3, 15, 650)).says("""
    You multiply by 0.1. The value of the node `tax` is 1.1: the whole price and a tenth of it.""")

wrong.answer("tax sees the total", of_fruit(2.2, 110, 3.3, 165, 715)).says("""
    For the tax you used the total *with* tax. The other parent of that node is the sum before
    it.""")

wrong.answer("the inputs themselves", of_fruit(100, 2, 150, 3, 1.1)).says("""
    These are the values that went in. Asked is how fast the total rises with each of them.""")

EXERCISE = Exercise(
    id="ch01.fruit_gradients",
    title="The receipt, forward and back",
    kind="number",
    points=3,
    difficulty=1,
    reference=of_fruit(*RIGHT),
    mistakes=wrong.all,
    hints=(
        "Forward first, node by node. Then begin at the right with 1. Which two numbers does the tax node hand to its parents?",
        "A multiplication hands back the other parent's value times what arrived; an addition hands "
        "on what arrived, unchanged, to both.",
        "Fill in from the right to the left:\n"
        "    tax:          1 × (200 + 450) = …\n"
        "    sum of bags:  1 × 1.1 = 1.1\n"
        "    apples:       1.1 × … = …, and the same for the oranges\n"
        "    apple_price:  … × 2 = …\n"
        "    apple_count:  … × 100 = …",
    ),
    probe=Probe(values, {"names": (*FORWARD, *INPUTS)}),
    fields=FRUIT_FIELDS,
    remark="Five derivatives, and still one walk through the graph. With a million inputs it would "
    "be one walk, too.",
)
