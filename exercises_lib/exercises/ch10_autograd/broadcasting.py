"""ch10.broadcasting: an engine for arrays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch10_autograd._shared import discovery_order, with_methods
from exercises_lib.exercises.ch10_autograd._taped import TapedTensor
from exercises_lib.exercises.ch10_autograd._tensor import Tensor
from exercises_lib.probes import ch10 as probes


def draw_arrays(rng: np.random.Generator) -> Iterator[Case]:
    N, D, M = rng.permutation([2, 3, 4]).tolist()
    shapes = {
        "x": (N, D),
        "y": (N, D),
        "c": (N, D),
        "W": (D, M),
        "b": (D,),
        "k": (N, 1),
        "s": (),
    }

    def case(program: str, names: str, note: str = "", calls: int = 1, **changed: Any) -> Case:
        sizes = {**shapes, **changed}
        arrays = {name: np.asarray(rng.normal(size=sizes[name])) for name in names}
        return Case({"program": program, "calls": calls, **arrays}, note)

    programs = list(probes.ARRAYS)
    yield case(programs[0], "x")
    yield case(programs[1], "xy")
    yield case(programs[2], "xy")
    yield case(programs[3], "xc", "c is a plain NumPy array")
    yield case(programs[4], "x", "plain numbers on either side")
    yield case(programs[5], "xc", "a plain NumPy array on the left")
    yield case(programs[6], "x")
    yield case(programs[7], "xWc", c=(N, M))
    yield case(programs[7], "xWc", "a batch of one", x=(1, D), c=(1, M))
    yield case(programs[8], "xbc", "b is added to every row")
    yield case(programs[9], "xkc", "k multiplies every column")
    yield case(programs[10], "xs", "s is a single number")
    yield case(programs[11], "x", "x is used three times")
    yield case(programs[12], "xy", "h and x are used twice")
    yield case(programs[13], "xW", "h is used directly and through h * h")
    yield case(programs[2], "xy", "backward called twice", 2)
    yield case(programs[13], "xW", "backward called twice", 2)
    yield case(programs[14], "xy", "two losses, one after the other")
    yield case(programs[15], "x", "what arrives at the inner sum is not 1")
    yield case(programs[16], "x", "31 tensors, and over a billion ways through them")


def grads_of(names: str, program: int) -> list[str]:
    return [f"d{name} of {list(probes.ARRAYS)[program]}" for name in names]


wrong = Mistakes(Tensor)

wrong.swap("broadcasting not undone", "return nn.unbroadcast(g, shape)", "return g").says("""
    What broadcasting copied forward has to be added up on the way back. The gradient of a parent
    must end with the parent's own shape.""")

wrong.swap(
    "axes of length 1 not summed",
    "return nn.unbroadcast(g, shape)",
    "return g.sum(axis=tuple(range(max(0, np.ndim(g) - len(shape)))))",
).says("""You add up the axes that broadcasting put in front, but not those of length 1 that it
    stretched. A column (N, 1) was copied, too.""")


def first_part_kept(*, then: str) -> tuple[tuple[str, str], ...]:
    """Return the edits that keep the first part that arrives at a tensor as its gradient."""
    return (
        ("node.grad = np.zeros_like(node.data)", "node.grad = None"),
        ("self.grad = self.grad + 1", "self.grad = np.ones_like(self.data)"),
        (
            "parent.grad = parent.grad + self.fit(pull(node.grad), parent.data.shape)",
            f"""
            g = self.fit(pull(node.grad), parent.data.shape)
            if parent.grad is None:
                parent.grad = g
            else:
                {then}
            """,
        ),
    )


wrong.swap(
    "sum not spread out",
    ("g * np.ones_like(self.data)", "g"),
    ("return nn", "return g if np.ndim(g) < len(shape) else nn"),
    *first_part_kept(then="parent.grad = parent.grad + g"),
).says("""The way back through `sum` returns the one number that arrived. Every entry of `x` was a
    summand, so every entry receives that number: the gradient has the shape of `x`.""")

wrong.swap(
    "sum drops what arrives", "g * np.ones_like(self.data)", "np.ones_like(self.data)"
).says("""The way back through `sum` returns ones, whatever arrives. It is right only if the sum is
    the very end of the computation.""")

wrong.swap(
    "mean without the division",
    "return self.sum() * (1 / self.data.size)",
    "return self.made(self.data.mean(), (self, lambda g: g * np.ones_like(self.data)))",
).says("The way back through `mean` is that of `sum`. An entry moves the mean by a share only.")

ARRAY_MEAN = (
    "You divide by the number of rows. The mean is taken over all entries, in all rows and columns."
)

wrong.swap(
    "mean divided by the rows on the way back",
    "return self.sum() * (1 / self.data.size)",
    """
    n = (*self.data.shape, 1)[0]
    return self.made(self.data.mean(), (self, lambda g: g * np.ones_like(self.data) / n))
""",
).says(ARRAY_MEAN)

wrong.swap("mean divided by the rows", "self.data.size", "(*self.data.shape, 1)[0]").says(
    ARRAY_MEAN
)

wrong.swap(
    "multiply not swapped",
    "(a, lambda g: g * b.data), (b, lambda g: g * a.data)",
    "(a, lambda g: g * a.data), (b, lambda g: g * b.data)",
).says("At a multiplication each operand gets its own value. It should be the other's.")

wrong.swap(
    "multiply like add",
    "(a, lambda g: g * b.data), (b, lambda g: g * a.data)",
    "(a, lambda g: g), (b, lambda g: g)",
).says("The ways back through `*` hand on `g` unchanged. That is the rule for `+`.")

wrong.swap(
    "multiply with the result",
    "(a, lambda g: g * b.data), (b, lambda g: g * a.data)",
    "*((one, lambda g: g * (a.data * b.data)) for one in (a, b))",
).says("""The ways back through `*` multiply by the result of the product. It should be the other
    operand.""")

wrong.swap(
    "arrays as ways back",
    "(a, lambda g: g * b.data), (b, lambda g: g * a.data)",
    "(a, b.data), (b, a.data)",
).says("""Your `pulls` are arrays, as `local` was made of numbers. A way back is a *function* of `g`
    now.""")

wrong.swap(
    "late-binding closure",
    "return self.made(a.data * b.data, (a, lambda g: g * b.data), (b, lambda g: g * a.data))",
    """
    pulls = []
    for factor in (b.data, a.data):
        pulls.append(lambda g: g * factor)
    return type(self)(a.data * b.data, (a, b), tuple(pulls))
""",
).says("""Your functions are made in a loop and look the loop's variable up when they are *called*.
    By then it has its last value, so both ways back multiply by the same factor.""")

wrong.swap(
    "multiplies in place",
    "return self.made(a.data * b.data, (a, lambda g: g * b.data), (b, lambda g: g * a.data))",
    """
    def in_place(g):
        g *= b.data
        return g

    return self.made(a.data * b.data, (a, in_place), (b, lambda g: g * a.data))
""",
).says("""A way back writes into the `g` that it gets (`*=`). The next parent receives the same
    array, and by then it is another.""")

wrong.swap(
    "matrices not transposed",
    "(a, lambda g: g @ b.data.T), (b, lambda g: a.data.T @ g)",
    "(a, lambda g: g @ b.data), (b, lambda g: a.data @ g)",
).says("On the way back through `@` each factor has to be transposed. Write the shapes down.")

wrong.swap(
    "g on the wrong side",
    "(a, lambda g: g @ b.data.T), (b, lambda g: a.data.T @ g)",
    "(a, lambda g: b.data.T @ g), (b, lambda g: g @ a.data.T)",
).says("""On the way back through `@` the gradient stands on the wrong side of the product. Write
    the shapes down: only one order fits.""")

wrong.swap(
    "ways back through @ swapped",
    "(a, lambda g: g @ b.data.T), (b, lambda g: a.data.T @ g)",
    "(a, lambda g: a.data.T @ g), (b, lambda g: g @ b.data.T)",
).says("""The two ways back through `@` have changed places: the first function belongs to the first
    parent. Write the shapes down.""")

wrong.swap(
    "entry by entry on the way back",
    "(a, lambda g: g @ b.data.T), (b, lambda g: a.data.T @ g)",
    "(a, lambda g: g * b.data.T), (b, lambda g: a.data.T * g)",
).says("""On the way back through `@` you multiply entry by entry. It goes by matrix products, there
    and back.""")

wrong.swap(
    "gradients of the product transposed",
    "(a, lambda g: g @ b.data.T), (b, lambda g: a.data.T @ g)",
    "(a, lambda g: b.data @ g.T), (b, lambda g: g.T @ a.data)",
).says("""The ways back through `@` give the transposes of the gradients. Each must have the shape
    of its own factor.""")

wrong.swap(
    "matrix product entry by entry",
    "return self.made(a.data @ b.data, (a, lambda g: g @ b.data.T), (b, lambda g: a.data.T @ g))",
    "return a * b",
).says("Your `@` multiplies entry by entry. It is the matrix product, rows times columns.")

ARRAY_LEFT = (
    "`2 * x` and `c * x` ask the right operand for help, through a method that your class does not "
    "have. `1 + x` asks for another one."
)

wrong.swap(
    "no number on the left",
    """
    def __radd__(self, other):
        return self + other

    def __rmul__(self, other):
        return self * other
""",
    "",
).says(ARRAY_LEFT)

wrong.swap(
    "no number left of +",
    """
    def __radd__(self, other):
        return self + other
""",
    "",
).says(ARRAY_LEFT)


ARRAY_BARE = (
    "You read `other.data`, but the other operand may be a plain number, which has no `data`. "
    "Make a tensor of it first."
)

wrong.swap(
    "plain numbers not wrapped",
    ("other = self.wrap(other)", ""),
    (
        "def __mul__(self, other):\n    a, b = self, self.wrap(other)",
        "def __mul__(self, other):\n    a, b = self, other",
    ),
).says(ARRAY_BARE)

wrong.swap("plain numbers not wrapped by +", "other = self.wrap(other)", "").says(ARRAY_BARE)


NUMBERS_ONLY = "type(self)(other) if isinstance(other, (int, float)) else other"

wrong.swap(
    "plain arrays not wrapped",
    ("other = self.wrap(other)", f"other = {NUMBERS_ONLY}"),
    (
        "def __mul__(self, other):\n    a, b = self, self.wrap(other)",
        f"def __mul__(self, other):\n    a, b = self, {NUMBERS_ONLY}",
    ),
).says("""Numbers as operands work, plain NumPy arrays do not: one of them has become a parent, and
    an array has neither parents nor a place for a gradient. Make a tensor of it.""")

wrong.swap("overwritten at a fork", "parent.grad = parent.grad + self", "parent.grad = self").says(
    "A second part that arrives at a tensor replaces the first. They add, as ever."
)

wrong.answer(
    "handed on too early", with_methods(Tensor, order=lambda self: discovery_order(self))
).says("""A tensor hands down before everything that uses it has delivered. The order is the one of
    your `backward`: parents first, read from the back.""")

wrong.swap("shared gradients", *first_part_kept(then="parent.grad += g")).says("""
    `x + y` hands the same array to both parents, and you keep it as their gradient. When `+=` later
    adds to the one, it changes the other. Either copy or never write in place.""")

wrong.swap(
    "read-only gradients",
    ("g * np.ones_like(self.data)", "np.broadcast_to(g, self.data.shape)"),
    *first_part_kept(then="parent.grad += g"),
).says("""`np.broadcast_to` returns a view that NumPy does not let you write to, and `+=` writes.
    Either copy or never write in place.""")

ARRAY_STALE = (
    "Tensors between inputs and loss still hold their gradient from the first call and hand it down "
    "again."
)

wrong.swap("stale gradients in between", "bool(node.parents)", "False").says(ARRAY_STALE)

wrong.swap(
    "stale gradients below the loss",
    (" or self.reset(node)", ""),
    ("self.grad = self.grad + 1", "self.grad = np.ones_like(self.data)"),
).says(ARRAY_STALE)

wrong.swap("order not turned round", "tensors_first(self)", "tensors_first(self)[::-1]").says("""
    You walk from the inputs to the loss: when a tensor has its turn, nothing has arrived there
    yet.""")

wrong.swap(
    "averaged where it was copied",
    "return nn.unbroadcast(g, shape)",
    """
    part = nn.unbroadcast(g, shape)
    return part * (part.size / g.size)
""",
).says("""You take the mean over what broadcasting has copied. Every copy had its influence on the
    loss, and influences add up.""")

wrong.swap(
    "no gradient to add to",
    """
    order = self.order()
    for node in order:
        if node.grad is None or self.reset(node):
            node.grad = np.zeros_like(node.data)
    self.grad = self.grad + 1
""",
    """
    order = self.order()
    self.grad = np.ones_like(self.data)
""",
).says("""The `grad` of a tensor is None at first, and you add to it. Give it zeros, or the first
    part itself.""")

wrong.swap("begins with its value", "self.grad + 1", "self.grad + self.data").says("""
    You begin with the loss's value. What is the derivative of the loss with respect to itself?""")

wrong.swap("everything starts afresh", "bool(node.parents)", "True").says("""
    You clear the inputs at the beginning of a sweep. They add up over several losses; clearing them
    is up to whoever trains.""")

wrong.swap("nothing to begin with", "self.grad = self.grad + 1", "").says("""
    All gradients begin at zero, the loss's own as well, so nothing flows.""")

EXERCISE = Exercise(
    id="ch10.broadcasting",
    title="An engine for arrays",
    kind="class",
    points=5,
    difficulty=3,
    reference=Tensor,
    accepted=(TapedTensor, nn.Tensor),
    mistakes=wrong.all,
    hints=(
        "Take one operation at a time and write the shapes beside it: what went in, what came out, "
        "and what shape each parent's gradient must have.",
        "A way back is a function of `g`, the gradient of the result. `+` hands on `g`; `*` and `@` are "
        "the rules of chapters 2 and 4; `sum` spreads one number over the shape. `unbroadcast` brings "
        "each gradient to its parent's shape, once, in `backward`.",
        "The skeleton:\n"
        "    def __mul__(self, other):\n"
        "        a, b = self, as_tensor(other)\n"
        "        return Tensor(…, (a, b), (lambda g: …, lambda g: …))\n"
        "    def backward(self):\n"
        "        … order, clear, seed with ones, as in your `backward`\n"
        "        … parent.grad = parent.grad + nn.unbroadcast(pull(…), …)",
    ),
    probe=Probe(probes.arrays),
    draw=draw_arrays,
    outputs=(
        *(Output(name, "(N, D)", "the shape of x") for name in grads_of("xx", 8)[:1]),
        *(Output(name, "(D,)", "one number per column") for name in grads_of("b", 8)),
        *(Output(name, "(N, 1)", "one number per row") for name in grads_of("k", 9)),
        *(Output(name, "()", "s is a single number") for name in grads_of("s", 10)),
        *(Output(name, "(N, D)", "the shape of x") for name in grads_of("x", 0)),
        *(Output(name, "(N, D)", "the shape of x") for name in grads_of("x", 7)),
        *(Output(name, "(D, M)", "the shape of W") for name in grads_of("W", 7)),
    ),
    remark="An engine: five operations and a sweep. What a network needs beyond it is a longer list of "
    "operations.",
)
