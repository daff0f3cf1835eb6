"""ch03.which_test: which test catches which bug?"""

from __future__ import annotations

from exercises_lib.checking import Exercise, Field, Mistake, Probe
from exercises_lib.probes import values

CAUGHT = {
    "sigmoid": "random_rectangular",
    "transpose": "ones_rectangular",
    "tanh": "ones_square",
    "relu": "random_and_copies",
}

TESTS = {
    "ones_square": "`dout` all ones, `x` of shape (4, 4)",
    "ones_rectangular": "`dout` all ones, `x` of shape (2, 3)",
    "random_rectangular": "`dout` random, `x` of shape (2, 3)",
    "random_and_copies": "the same, and `x` and `dout` are compared with copies made before",
}

BUGS = {
    "sigmoid": "`Sigmoid.backward` returns `self.out * (1 - self.out)`",
    "transpose": "a layer with `out = x.T` whose `backward` returns `dout`",
    "tanh": "`Tanh.backward` returns `dout * (1 - self.x**2)`",
    "relu": "`Relu.backward` is `dout[self.x <= 0] = 0; return dout`",
}

WHY_NOT = {
    ("sigmoid", "ones_square"): (
        "The sigmoid's `backward` forgets `dout`. With ones it would have been multiplied by 1 anyway, "
        "so this test sees no difference."
    ),
    ("sigmoid", "ones_rectangular"): (
        "The sigmoid's result has the shape of x whether x is square or not, so another shape shows "
        "nothing. What would make a forgotten `dout` visible?"
    ),
    ("sigmoid", "random_and_copies"): (
        "That test catches the sigmoid, but an earlier one does too: nothing is overwritten here, so "
        "the copies are not needed."
    ),
    ("transpose", "ones_square"): (
        "For the transposed layer: a square array of ones is its own transpose. Neither the shape nor "
        "a value gives the bug away."
    ),
    ("transpose", "random_rectangular"): (
        "That test catches the transpose, but an earlier one does too. Look at the shape of what "
        "`backward` returns before you look at its values."
    ),
    ("transpose", "random_and_copies"): (
        "That test catches the transpose, but nothing is overwritten here; look for the first test "
        "in which the *shape* is wrong."
    ),
    ("tanh", "ones_rectangular"): (
        "That test catches the tanh, but an earlier one does too: a wrong formula for the slope does "
        "not depend on the shape."
    ),
    ("tanh", "random_rectangular"): (
        "That test catches the tanh, but an earlier one does too: the slope itself is wrong, so it "
        "shows even when `dout` is 1."
    ),
    ("tanh", "random_and_copies"): (
        "That test catches the tanh, but nothing is overwritten here. The slope itself is wrong: how "
        "simple may a test be to see that?"
    ),
    ("relu", "ones_square"): (
        "The numbers that this ReLU returns are right for every `dout`, ones too. What is wrong is "
        "what happens to the caller's array."
    ),
    ("relu", "ones_rectangular"): (
        "This ReLU's result has the right shape and the right numbers. What is wrong is what happens "
        "to the caller's array."
    ),
    ("relu", "random_rectangular"): (
        "This ReLU's result is right for a random `dout` as well; no comparison of results can find "
        "the fault. Who else sees `dout`?"
    ),
}

EXERCISE = Exercise(
    id="ch03.which_test",
    title="Which test catches which bug?",
    kind="choice",
    points=2,
    difficulty=2,
    reference=CAUGHT,
    fields=tuple(Field(name, label, TESTS) for name, label in BUGS.items()),
    mistakes=tuple(
        Mistake(f"{bug}: {test}", {**CAUGHT, bug: test}, message)
        for (bug, test), message in WHY_NOT.items()
    ),
    hints=(
        "Go through the tests from the weakest to the strongest. For each ask: what would the right "
        "layer return here, and what does this one return?",
        "Three questions: does the result depend on `dout` at all? Does its shape depend on how x is "
        "shaped? Is the fault in the result, or in something else that the layer touches?",
        "Two of the four can be settled without numbers: one bug leaves every result right, and one "
        "gives a result of the wrong shape as soon as rows and columns are not equally many. "
        "Of the other two, one is wrong even when `dout` is 1.",
    ),
    probe=Probe(values, {"names": tuple(BUGS)}),
    remark="A weak test is not wrong, it is blind: it passes right layers and wrong ones alike.",
)
