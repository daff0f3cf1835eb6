"""ch01.apple_gradients: three derivatives of 220."""

from __future__ import annotations

from exercises_lib.checking import Exercise, Field, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes import values


def of_apples(price, count, tax):
    return {"price": price, "count": count, "tax": tax}


APPLE_FIELDS = (
    Field("price", r"$\partial\,\text{total} / \partial\,\text{price}$"),
    Field("count", r"$\partial\,\text{total} / \partial\,\text{count}$"),
    Field("tax", r"$\partial\,\text{total} / \partial\,\text{tax}$"),
)

wrong = Mistakes()

wrong.answer("the inputs themselves", of_apples(100, 2, 1.1)).says("""That is the value of the input
    itself. A derivative says by how much the total rises when that input rises by one.""")

wrong.answer("begun with the total", of_apples(484, 24200, 44000)).says("""
    You begin at the right end with 220, the value of the total. The walk begins with the derivative
    of the total with respect to itself.""")

wrong.answer("only the local derivative", of_apples(2, 100, 200)).says("""
    That is how fast the sum *before tax* rises. It still has to be multiplied by what arrived at
    that node from the total.""")

wrong.answer("only what arrived", of_apples(1.1, 1.1, 1)).says("""You pass on unchanged what arrived
    from the right. A multiplication node multiplies it by its local derivative first.""")

wrong.answer("price and count exchanged", of_apples(110, 2.2, 200)).says("""
    Price and count have changed places: the derivative for the price contains the count, and the
    other way round.""")

wrong.answer("not swapped at the multiplication", of_apples(110, 2.2, 1.1)).says("""
    You multiply what arrives by the input's own value. If the price rises by one, it is the *count*
    that says how often you pay it.""")

wrong.answer("added instead of multiplied", of_apples(3.1, 101.1, 201)).says("""
    You add the local derivative to what arrived. Rates along a way multiply: twice as fast, and
    then 1.1 times as fast.""")

wrong.answer("the total everywhere", of_apples(220, 220, 220)).says("""
    220 is the total's value. What goes back through the graph begins with 1, the derivative of the
    total with respect to itself.""")

wrong.answer("the tax itself", of_apples(2.2, 110, 1.1)).says("""1.1 is the value of the tax itself.
    If the tax rises by one, it is the *other* parent of that node that says how much more there is
    to pay.""")

wrong.answer("the tax as 0.1", of_apples(0.2, 10, 200)).says("""You multiply by 0.1. The value of
    the node `tax` is 1.1: the whole price and a tenth of it.""")

wrong.answer("tax sees one apple only", of_apples(2.2, 110, 100)).says("""For the tax you used the
    price of one apple. The other parent of that node is `apples`, the whole bag.""")

wrong.answer("per percentage point", of_apples(2.2, 110, 2)).says("""
    The total rises by 2 when the tax rises by one percentage point, from 1.10 to 1.11. The
    derivative is the rise *per one*, and a percentage point is a hundredth.""")

EXERCISE = Exercise(
    id="ch01.apple_gradients",
    title="Three derivatives of 220",
    kind="number",
    points=2,
    difficulty=1,
    reference=of_apples(2.2, 110, 200),
    mistakes=wrong.all,
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
    remark="You went through the graph once and have all three.",
)
