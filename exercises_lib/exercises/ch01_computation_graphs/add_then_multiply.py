"""ch01.add_then_multiply: add, then multiply."""

from __future__ import annotations

from exercises_lib.checking import Exercise, Field, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes import values

ADD_NAMES = ("q", "f", "dq", "dx", "dy", "dz")


def of_add(*numbers):
    return dict(zip(ADD_NAMES, numbers, strict=True))


ADD_FIELDS = (
    Field("q", "$q = x + y$"),
    Field("f", "$f = q z$"),
    Field("dq", r"$\partial f / \partial q$"),
    Field("dx", r"$\partial f / \partial x$"),
    Field("dy", r"$\partial f / \partial y$"),
    Field("dz", r"$\partial f / \partial z$"),
)

wrong = Mistakes()

wrong.answer("multiplication not swapped", of_add(3, -12, 3, 3, 3, -4)).says("""
    At `f = q × z` each parent has got its *own* value. It is the other parent that says how fast
    the product changes.""")

wrong.answer("swapped at the addition too", of_add(3, -12, -4, -20, 8, 3)).says("""
    At `q = x + y` you multiply by the other term's value, as at a product. A sum rises by one when
    a term rises by one.""")

wrong.answer("only local at the addition", of_add(3, -12, -4, 1, 1, 3)).says("""
    1 is how fast `q` changes. How fast `f` changes is that times what arrived at `q`.""")

wrong.answer("halved at the addition", of_add(3, -12, -4, -2, -2, 3)).says("""
    You share what arrives at the addition between `x` and `y`. Each of them gets all of it.""")

wrong.answer("sign lost", of_add(3, 12, 4, 4, 4, 3)).says("""The minus sign of `z` is lost. It says
    that `f` *falls* when `q` rises.""")

wrong.answer("sign of the product", of_add(3, 12, -4, -4, -4, 3)).says("""
    `q` is positive and `z` is negative, so their product has a sign that yours has not.""")

wrong.answer("minus for z", of_add(3, -12, -4, -4, -4, -3)).says("""
    The gradient of `z` has got the minus of `z` itself. It is the value of the *other* parent that
    counts, and that one is positive.""")

wrong.answer("1 arrives at q", of_add(3, -12, 1, 1, 1, 3)).says("""1 is how fast `f` changes with
    itself; the walk begins with it. Between `f` and `q` stands a multiplication.""")

wrong.answer("the product for z", of_add(3, -12, -4, -4, -4, -12)).says("""
    For `z` you give the value of `f`. How fast a product rises with one of its factors no longer
    contains that factor.""")

wrong.answer("sign of the sum", of_add(-3, 12, -4, -4, -4, -3)).says("""
    −2 + 5 is above zero: `y` is larger than `x` is negative.""")

wrong.answer("begun with f", of_add(3, -12, 48, 48, 48, -36)).says("""You begin at the right end
    with −12, the value of `f`. The walk begins with ∂f/∂f: how fast `f` changes with itself.""")

wrong.answer("plus read as minus", of_add(-7, 28, -4, -4, 4, -7)).says("""
    You computed with `x − y`. The first node of this graph is an addition.""")

wrong.answer("signs of x lost", of_add(7, -28, -4, -4, -4, 7)).says("""
    `x` is −2, so `x + y` is smaller than `y`.""")

wrong.answer("added instead of multiplied", of_add(3, -12, -3, -2, -2, 4)).says("""
    You add the local derivative to what arrived. In the backward pass they are multiplied.""")

EXERCISE = Exercise(
    id="ch01.add_then_multiply",
    title="Add, then multiply",
    kind="number",
    points=2,
    difficulty=1,
    reference=of_add(3, -12, -4, -4, -4, 3),
    mistakes=wrong.all,
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
    remark="The gradients of x and y are negative, that of z is positive: f gets larger if x or y is "
    "made a little smaller, or z a little larger.",
)
