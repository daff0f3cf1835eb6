"""ch01.step_downhill: one step downhill."""

from __future__ import annotations

from exercises_lib.checking import Exercise, Field, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes import values

STEP_NAMES = ("dx", "dy", "dz", "new_x", "new_y", "new_z", "new_f")


def of_step(*numbers):
    return dict(zip(STEP_NAMES, numbers, strict=True))


STEP_FIELDS = (
    Field("dx", r"$\partial f / \partial x$"),
    Field("dy", r"$\partial f / \partial y$"),
    Field("dz", r"$\partial f / \partial z$"),
    Field("new_x", "$x$ after the step"),
    Field("new_y", "$y$ after the step"),
    Field("new_z", "$z$ after the step"),
    Field("new_f", "$f$ after the step"),
)

wrong = Mistakes()

wrong.answer("minus lost at the subtraction", of_step(3, 3, 5, 3.7, -1.3, 2.5, 12.5)).says("""
    Raising `y` makes `x − y` smaller. The local derivative of a difference is +1 for the first
    number and something else for the second.""")

wrong.answer("minus at the multiplication", of_step(3, -3, -5, 3.7, -0.7, 3.5, 15.4)).says("""
    The derivative for `z` has got a minus. `x − y` is positive, so `f` rises with `z`; the minus of
    the subtraction belongs to `y` alone.""")

wrong.answer("another rate", of_step(3, -3, 5, 3.97, -0.97, 2.95, 14.573)).says("""
    Your step is a tenth of what is asked: the rate is 0.1.""")

wrong.answer("minus of a minus", of_step(3, -3, 5, 3.7, -1.3, 2.5, 12.5)).says("""
    The gradient of `y` is right. Subtracting rate × a *negative* gradient moves `y` up, and yours
    went down.""")

wrong.answer("uphill", of_step(3, -3, 5, 4.3, -1.3, 3.5, 19.6)).says("""
    You went along the gradient, and f has become larger. The gradient points uphill.""")

wrong.answer("rate forgotten", of_step(3, -3, 5, 1, 2, -2, 2)).says("""
    You subtract the whole gradient. The rate, 0.1, makes a small step of it.""")

wrong.answer("the step instead of the new place", of_step(3, -3, 5, 0.3, -0.3, 0.5, 0.3)).says("""
    That is how far you go. The new place is the old one minus that.""")

wrong.answer("the change instead of the new place", of_step(3, -3, 5, -0.3, 0.3, -0.5, 0.3)).says(
    "That is by how much each input changes. Asked is where it is afterwards."
)

wrong.answer("only local at the subtraction", of_step(1, -1, 5, 3.9, -0.9, 2.5, 12)).says("""
    1 and −1 are how fast `x − y` changes. How fast `f` changes is that times what arrived
    there.""")

wrong.answer("only x moved", of_step(3, -3, 5, 3.7, -1, 3, 14.1)).says("""
    Only `x` has moved. All three inputs take the step together.""")

wrong.answer("f predicted, not computed", of_step(3, -3, 5, 3.7, -0.7, 2.5, 10.7)).says("""
    10.7 is what the gradient *predicts*: 15 minus 0.1 times (9 + 9 + 25). Asked is what f really is
    at the new place.""")

wrong.answer("f before the step", of_step(3, -3, 5, 3.7, -0.7, 2.5, 15)).says("""
    15 is `f` before the step. Put the three new values into the formula.""")

wrong.answer("sign of the new y overlooked", of_step(3, -3, 5, 3.7, -0.7, 2.5, 7.5)).says("""
    The new `y` is negative, so the new `x − y` is larger than the new `x`.""")

wrong.answer("new f with the old x and y", of_step(3, -3, 5, 3.7, -0.7, 2.5, 12.5)).says("""
    You multiplied the new `z` by the old `x − y`. `x` and `y` have moved as well.""")

wrong.answer("new f with the old z", of_step(3, -3, 5, 3.7, -0.7, 2.5, 13.2)).says("""
    You computed the new `x − y` and multiplied by the old `z`. It has moved as well.""")

wrong.answer("multiplication not swapped", of_step(5, -5, 3, 3.5, -0.5, 2.7, 10.8)).says("""
    At the product each side has got its own value instead of the other one's.""")

wrong.answer("sign of y overlooked", of_step(3, -3, 3, 3.7, -0.7, 2.7, 11.88)).says("""
    `y` is −1, so `x − y` is 4 − (−1), which is larger than 4.""")

wrong.answer("one after the other", of_step(3, -3, 4.4, 3.7, -0.7, 2.56, 11.264)).says("""
    You moved `x` and `y` first and computed the derivative for `z` at the new place. All gradients
    belong to the place where you stand; only then everything moves.""")

EXERCISE = Exercise(
    id="ch01.step_downhill",
    title="One step downhill",
    kind="number",
    points=2,
    difficulty=2,
    reference=of_step(3, -3, 5, 3.7, -0.7, 2.5, 11),
    outputs=tuple(Output(name, rtol=1e-4) for name in STEP_NAMES),
    mistakes=wrong.all,
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
