"""ch03.shop: the fruit shop from four layers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib.checking import Case, Exercise, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.nn import AddLayer, MulLayer
from exercises_lib.probes import ch03 as probes

NAMES = ("apple_price", "apple_count", "orange_price", "orange_count", "tax")


def shop(apple_price, apple_count, orange_price, orange_count, tax):
    apples, oranges, basket, taxed = MulLayer(), MulLayer(), AddLayer(), MulLayer()
    apple_sum = apples.forward(apple_price, apple_count)
    orange_sum = oranges.forward(orange_price, orange_count)
    total = taxed.forward(basket.forward(apple_sum, orange_sum), tax)
    d_basket, d_tax = taxed.backward(1.0)
    d_apple_sum, d_orange_sum = basket.backward(d_basket)
    d_apple_price, d_apple_count = apples.backward(d_apple_sum)
    d_orange_price, d_orange_count = oranges.backward(d_orange_sum)
    found = (d_apple_price, d_apple_count, d_orange_price, d_orange_count, d_tax)
    return total, dict(zip(NAMES, found, strict=True))


def shop_by_formulas(ap, an, op, on, tax):
    before = ap * an + op * on
    return before * tax, {
        "tax": before,
        "apple_price": an * tax,
        "apple_count": ap * tax,
        "orange_price": on * tax,
        "orange_count": op * tax,
    }


def shop_by_loops(*inputs):
    """Layers in a dictionary, the tax first."""
    mul = {name: MulLayer() for name in ("apple", "orange", "tax")}
    add_layer = AddLayer()
    parts = [mul["apple"].forward(*inputs[0:2]), mul["orange"].forward(*inputs[2:4])]
    total = mul["tax"].forward(inputs[4], add_layer.forward(*parts))
    gradients = {}
    gradients["tax"], upstream = mul["tax"].backward(1)
    for fruit, dout in zip(("apple", "orange"), add_layer.backward(upstream), strict=True):
        gradients[f"{fruit}_price"], gradients[f"{fruit}_count"] = mul[fruit].backward(dout)
    return total, gradients


def draw_shop(rng: np.random.Generator) -> Iterator[Case]:
    def purchase(apples: int, oranges: int) -> dict[str, float]:
        return {
            "apple_price": round(float(rng.uniform(60, 140)), 2),
            "apple_count": float(apples),
            "orange_price": round(float(rng.uniform(145, 220)), 2),
            "orange_count": float(oranges),
            "tax": round(float(rng.uniform(1.05, 1.35)), 3),
        }

    yield Case(purchase(int(rng.integers(2, 5)), int(rng.integers(5, 9))), "apples and oranges")
    yield Case(purchase(int(rng.integers(4, 9)), 0), "no oranges")
    yield Case(purchase(1, 1), "one of each")


wrong = Mistakes(shop)


def shop_with(*, share=False, swap=False, chain=True, tax_name=False, half=False, order=False):
    """A wrong shop: one slip in the reference."""

    def wrong(apple_price, apple_count, orange_price, orange_count, tax):
        apples = MulLayer()
        oranges, taxed = (apples, apples) if share else (MulLayer(), MulLayer())
        apple_sum = apples.forward(apple_price, apple_count)
        orange_sum = oranges.forward(orange_price, orange_count)
        total = taxed.forward(apple_sum + orange_sum, tax)
        d_basket, d_tax = taxed.backward(1.0)
        if tax_name:
            d_tax = total
        if not chain:
            d_basket = 1.0
        if half:
            d_basket = d_basket / 2
        d_apple = apples.backward(d_basket)
        d_orange = oranges.backward(d_basket)
        if swap:
            d_apple, d_orange = d_apple[::-1], d_orange[::-1]
        if order:
            d_apple, d_orange = d_orange, d_apple
        return total, dict(zip(NAMES, (*d_apple, *d_orange, d_tax), strict=True))

    return wrong


wrong.answer("one layer for all products", shop_with(share=True)).says("""
    Your three products share one layer object. Its second `forward` overwrites what the first one
    stored, so all of them go back with the numbers of the last product.""")


def shop_fruits_share(apple_price, apple_count, orange_price, orange_count, tax):
    fruit, basket, taxed = MulLayer(), AddLayer(), MulLayer()
    apple_sum = fruit.forward(apple_price, apple_count)
    orange_sum = fruit.forward(orange_price, orange_count)
    total = taxed.forward(basket.forward(apple_sum, orange_sum), tax)
    d_basket, d_tax = taxed.backward(1.0)
    d_apple, d_orange = (fruit.backward(dout) for dout in basket.backward(d_basket))
    return total, dict(zip(NAMES, (*d_apple, *d_orange, d_tax), strict=True))


wrong.answer("one layer for both fruits", shop_fruits_share).says("""Apples and oranges share one
    layer object. When the oranges went forward, they overwrote what was stored of the apples.""")


def shop_begins_with_total(*inputs):
    total, gradients = shop(*inputs)
    return total, {name: total * gradient for name, gradient in gradients.items()}


wrong.answer("begun with the total", shop_begins_with_total).says("""You begin the backward pass
    with the total. It begins with how fast the total changes with itself.""")

wrong.swap(
    "gradients of the last product exchanged",
    "found = (d_apple_price, d_apple_count, d_orange_price, d_orange_count, d_tax)",
    """
    found = (d_apple_price, d_apple_count, d_orange_price, d_orange_count, d_tax)
    total, _ = total, dict(zip(NAMES, found, strict=True))
    basket = apple_price * apple_count + orange_price * orange_count
    found = (apple_count * basket, apple_price * basket, orange_count * basket, orange_price * basket, tax)""",
).says("""You take the two gradients of the last product in the wrong order. `backward` gives them
    out in the order in which `forward` took the basket and the tax in.""")

wrong.swap(
    "prices and counts pooled",
    "return total, dict(zip(NAMES, found, strict=True))",
    """
    _, gradients = total, dict(zip(NAMES, found, strict=True))
    return (apple_price + orange_price) * (apple_count + orange_count) * tax, gradients""",
).says("""Your total adds the prices, adds the counts, and multiplies then. Each fruit has a product
    of its own; the two products are added.""")

wrong.answer("price and count swapped", shop_with(swap=True)).says("""Price and count have changed
    places. `backward` returns the gradients in the order in which `forward` took its inputs.""")

wrong.answer("apples and oranges swapped", shop_with(order=True)).says("""
    The apples have the gradients of the oranges and the other way round. The add layer returns its
    two gradients in the order in which it took its two inputs.""")

wrong.answer("upstream not passed on", shop_with(chain=False)).says("""
    You start every layer with 1. Only the last one gets 1; each other layer gets what the layer
    behind it sent back, and here that contains the tax.""")

wrong.answer("gradient halved at the sum", shop_with(half=True)).says("""
    The gradient is halved at the sum. A sum passes the whole of it to both of its inputs.""")

wrong.answer("total in place of the tax's gradient", shop_with(tax_name=True)).says("""
    For the tax you give the total. If the tax rises by one, the total rises by the basket *before*
    tax.""")


def shop_without_tax(*inputs):
    _, gradients = shop(*inputs)
    return inputs[0] * inputs[1] + inputs[2] * inputs[3], gradients


wrong.answer("total before tax", shop_without_tax).says("""Your total is the basket before tax; the
    last multiplication is missing.""")


def shop_adds_tax(*inputs):
    _, gradients = shop(*inputs)
    return inputs[0] * inputs[1] + inputs[2] * inputs[3] + inputs[4], gradients


wrong.answer("tax added", shop_adds_tax).says("""You add the tax. It is a factor here: 1.1 stands
    for ten per cent on top.""")


def shop_tax_on_oranges(*inputs):
    _, gradients = shop(*inputs)
    return inputs[0] * inputs[1] + inputs[2] * inputs[3] * inputs[4], gradients


wrong.answer("tax on the oranges only", shop_tax_on_oranges).says("""
    Only the oranges are taxed in your total. First the sum, then the tax on all of it.""")


def shop_of_the_example(*inputs):
    return shop(100.0, 2.0, 150.0, 3.0, 1.1)


wrong.answer("numbers of the example", shop_of_the_example).says("""Your function says the same for
    every shop. Compute with its arguments instead of the numbers in the picture.""")


def shop_values_for_gradients(*inputs):
    total, gradients = shop(*inputs)
    return total, dict(zip(gradients, inputs, strict=True))


wrong.answer("values in place of gradients", shop_values_for_gradients).says("""
    These are the inputs themselves. A gradient says by how much the total rises when an input rises
    by one.""")

EXERCISE = Exercise(
    id="ch03.shop",
    title="The fruit shop from four layers",
    kind="function",
    points=3,
    difficulty=2,
    reference=shop,
    accepted=(shop_by_formulas, shop_by_loops),
    mistakes=wrong.all,
    hints=(
        "Draw the graph: three products and one sum. Each of the four boxes is one object, made once.",
        "Forward in the order of the arrows. Backward in the opposite order, beginning with 1 at the "
        "total: what a layer returns is the `dout` of the layers before it.",
        "The skeleton:\n    basket = add.forward(apple_sum, orange_sum)\n"
        "    total = mul_tax.forward(basket, tax)\n    d_basket, d_tax = mul_tax.backward(…)\n"
        "    d_apple_sum, d_orange_sum = add.backward(…)\n    …",
    ),
    probe=Probe(probes.shop),
    draw=draw_shop,
    remark="With two kinds of fruit you wrote no new formula: you connected what was there.",
)
