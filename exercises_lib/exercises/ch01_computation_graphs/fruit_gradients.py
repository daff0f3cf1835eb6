"""ch01.fruit_gradients: five derivatives of 715."""

from __future__ import annotations

from exercises_lib.checking import Exercise, Field, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes import values

FRUIT_NAMES = ("apple_price", "apple_count", "orange_price", "orange_count", "tax")


def of_fruit(*numbers):
    return dict(zip(FRUIT_NAMES, numbers, strict=True))


FRUIT_FIELDS = tuple(
    Field(name, rf"$\partial\,\text{{total}} / \partial\,\text{{{name.replace('_', ' ')}}}$")
    for name in FRUIT_NAMES
)


wrong = Mistakes()

wrong.answer("swapped at the addition", of_fruit(990, 49500, 660, 33000, 650)).says("""
    At the addition you multiply by the other bag's value, as at a multiplication. If the apples
    cost one more, their sum with the oranges rises by one, whatever the oranges cost.
""")

wrong.answer("halved at the addition", of_fruit(1.1, 55, 1.65, 82.5, 650)).says("""
    You share out between the bags what arrives at the addition. Nothing is shared: each bag alone
    raises the sum in full.
""")

wrong.answer("tax forgotten on the way back", of_fruit(2, 100, 3, 150, 650)).says("""
    These are rates of the sum before tax. What arrives at the addition is not 1: the tax node has
    already multiplied it.
""")

wrong.answer("price and count exchanged", of_fruit(110, 2.2, 165, 3.3, 650)).says("""
    At the first multiplications you multiply by the input's own value. One more apple costs a
    *price*; a higher price is paid once per *apple*.
""")

wrong.answer("only what arrived", of_fruit(1.1, 1.1, 1.1, 1.1, 650)).says("""
    1.1 arrives at each bag. The bag's own node still has to multiply it.
""")

wrong.answer("added instead of multiplied", of_fruit(3.1, 101.1, 4.1, 151.1, 651)).says("""
    You add the local derivative to what arrived. On the way back they are multiplied.
""")

wrong.answer("bags exchanged", of_fruit(3.3, 165, 2.2, 110, 650)).says("""
    The apples have got the oranges' derivatives and the oranges the apples'. No number of one bag
    occurs in the derivatives of the other.
""")

wrong.answer("tax counted twice", of_fruit(2.42, 121, 3.63, 181.5, 650)).says("""
    The tax is in your four derivatives twice. It comes in once, at its own node; the addition hands
    on what it gets.
""")

wrong.answer("tax sees the apples only", of_fruit(2.2, 110, 3.3, 165, 200)).says("""
    For the tax you used the apples alone. Its node multiplies everything that was added up.
""")

wrong.answer("tax sees the oranges only", of_fruit(2.2, 110, 3.3, 165, 450)).says("""
    For the tax you used the oranges alone. Its node multiplies everything that was added up.
""")

wrong.answer("the tax as 0.1", of_fruit(0.2, 10, 0.3, 15, 650)).says("""
    You multiply by 0.1. The value of the node `tax` is 1.1: the whole price and a tenth of it.
""")

wrong.answer("tax sees the total", of_fruit(2.2, 110, 3.3, 165, 715)).says("""
    For the tax you used the total *with* tax. The other parent of that node is the sum before it.
""")

wrong.answer("the inputs themselves", of_fruit(100, 2, 150, 3, 1.1)).says("""
    These are the values that went in. Asked is how fast the total rises with each of them.
""")


EXERCISE = Exercise(
    id="ch01.fruit_gradients",
    title="Five derivatives of 715",
    kind="number",
    points=2,
    reference=of_fruit(2.2, 110, 3.3, 165, 650),
    mistakes=wrong.all,
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
