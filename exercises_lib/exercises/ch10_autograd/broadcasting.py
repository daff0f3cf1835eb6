"""ch10.broadcasting: an engine for arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch10_autograd._shared import discovery_order, with_methods
from exercises_lib.exercises.ch10_autograd._tensor import Tensor
from exercises_lib.probes import ch10 as probes


class TapedTensor:
    """Another right engine: a tape in the order of computing, and a rule by name for each entry."""

    __array_ufunc__ = None
    tape: ClassVar[list[TapedTensor]] = []

    def __init__(self, data, rule="", *operands):
        self.data = np.array(data, dtype=float)
        self.grad = np.zeros_like(self.data)
        self.rule, self.operands = rule, operands
        if rule:
            TapedTensor.tape.append(self)
        else:
            TapedTensor.tape = [entry for entry in TapedTensor.tape if entry.rule][-100:]

    @staticmethod
    def of(x):
        return x if isinstance(x, TapedTensor) else TapedTensor(x)

    def __add__(self, other):
        other = self.of(other)
        return TapedTensor(self.data + other.data, "add", self, other)

    def __mul__(self, other):
        other = self.of(other)
        return TapedTensor(self.data * other.data, "mul", self, other)

    __radd__ = __add__
    __rmul__ = __mul__

    def __matmul__(self, other):
        return TapedTensor(self.data @ other.data, "matmul", self, other)

    def sum(self):
        return TapedTensor(np.sum(self.data), "sum", self)

    def mean(self):
        return TapedTensor(np.mean(self.data), "mean", self)

    def backward(self):
        for entry in TapedTensor.tape:
            entry.grad[...] = 0
        self.grad += 1
        for entry in TapedTensor.tape[::-1]:
            g, values = entry.grad, [operand.data for operand in entry.operands]
            parts = {
                "add": lambda g=g: (g, g),
                "mul": lambda g=g, v=values: (g * v[1], g * v[0]),
                "matmul": lambda g=g, v=values: (g @ v[1].T, v[0].T @ g),
                "sum": lambda g=g: (g,),
                "mean": lambda g=g, v=values: (g / v[0].size,),
            }[entry.rule]()
            for operand, part in zip(entry.operands, parts, strict=True):
                part = np.broadcast_to(part, np.broadcast_shapes(part.shape, operand.data.shape))
                while part.ndim > operand.data.ndim:
                    part = part.sum(axis=0)
                for axis, size in enumerate(operand.data.shape):
                    if size == 1:
                        part = part.sum(axis=axis, keepdims=True)
                operand.grad += part


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


def wrong_sum(pull: Callable[[Any, Any], Any]) -> type:
    def total(self):
        return self.made(self.data.sum(), (self, lambda g: pull(g, self.data)))

    return with_methods(Tensor, sum=total, fit=only_larger, backward=keep_first)


def only_larger(self, g, shape):
    return g if np.ndim(g) < len(shape) else nn.unbroadcast(g, shape)


def keep_first(self):
    order = self.order()
    for node in order:
        if node.parents:
            node.grad = None
    self.grad = np.ones_like(self.data)
    for node in reversed(order):
        for parent, pull in zip(node.parents, node.pulls, strict=True):
            g = self.fit(pull(node.grad), parent.data.shape)
            parent.grad = g if parent.grad is None else parent.grad + g


wrong.answer("sum not spread out", wrong_sum(lambda g, x: g)).says("""
    The way back through `sum` returns the one number that arrived. Every entry of `x` was a
    summand, so every entry receives that number: the gradient has the shape of `x`.""")

wrong.answer("sum drops what arrives", wrong_sum(lambda g, x: np.ones_like(x))).says("""
    The way back through `sum` returns ones, whatever arrives. It is right only if the sum is the
    very end of the computation.""")

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

wrong.swap("mean divided by the rows", "self.data.size", "(*self.data.shape, 1)[0]").says(ARRAY_MEAN)


def wrong_array_mul(*pulls: Callable[[Any, Any, Any], Any]) -> type:
    def mul(self, other):
        a, b = self, self.wrap(other)
        left, right = pulls
        return self.made(
            a.data * b.data,
            (a, lambda g: left(g, a.data, b.data)),
            (b, lambda g: right(g, a.data, b.data)),
        )

    return with_methods(Tensor, __mul__=mul, __rmul__=mul)


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


def multiply_in_place(g, a, b):
    g *= b
    return g


wrong.answer(
    "multiplies in place", wrong_array_mul(multiply_in_place, lambda g, a, b: g * a)
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


def bare_add(self, other):
    return self.made(self.data + other.data, (self, lambda g: g), (other, lambda g: g))


def bare_mul(self, other):
    a, b = self, other
    return self.made(a.data * b.data, (a, lambda g: g * b.data), (b, lambda g: g * a.data))


ARRAY_BARE = (
    "You read `other.data`, but the other operand may be a plain number, which has no `data`. "
    "Make a tensor of it first."
)

wrong.answer(
    "plain numbers not wrapped",
    with_methods(Tensor, __add__=bare_add, __radd__=bare_add, __mul__=bare_mul, __rmul__=bare_mul),
).says(ARRAY_BARE)

wrong.swap("plain numbers not wrapped by +", "other = self.wrap(other)", "").says(ARRAY_BARE)


def unwrapped_add(self, other):
    if isinstance(other, (int, float)):
        other = type(self)(other)
    return self.made(self.data + other.data, (self, lambda g: g), (other, lambda g: g))


def unwrapped_mul(self, other):
    if isinstance(other, (int, float)):
        other = type(self)(other)
    return self.made(
        self.data * np.asarray(other.data),
        (self, lambda g: g * np.asarray(other.data)),
        (other, lambda g: g * self.data),
    )


wrong.answer(
    "plain arrays not wrapped",
    with_methods(
        Tensor,
        __add__=unwrapped_add,
        __radd__=unwrapped_add,
        __mul__=unwrapped_mul,
        __rmul__=unwrapped_mul,
    ),
).says("""Numbers as operands work, plain NumPy arrays do not: one of them has become a parent, and
    an array has neither parents nor a place for a gradient. Make a tensor of it.""")

wrong.swap(
    "overwritten at a fork", "parent.grad = parent.grad + self", "parent.grad = self"
).says("A second part that arrives at a tensor replaces the first. They add, as ever.")

wrong.answer(
    "handed on too early", with_methods(Tensor, order=lambda self: discovery_order(self))
).says("""A tensor hands down before everything that uses it has delivered. The order is the one of
    your `backward`: parents first, read from the back.""")


def share(self):
    order = self.order()
    for node in order:
        if node.parents:
            node.grad = None
    self.grad = np.ones_like(self.data)
    for node in reversed(order):
        for parent, pull in zip(node.parents, node.pulls, strict=True):
            g = self.fit(pull(node.grad), parent.data.shape)
            if parent.grad is None:
                parent.grad = g
            else:
                parent.grad += g


wrong.answer("shared gradients", with_methods(Tensor, backward=share)).says("""
    `x + y` hands the same array to both parents, and you keep it as their gradient. When `+=` later
    adds to the one, it changes the other. Either copy or never write in place.""")


def read_only_sum(self):
    return self.made(self.data.sum(), (self, lambda g: np.broadcast_to(g, self.data.shape)))


wrong.answer(
    "read-only gradients", with_methods(Tensor, backward=share, sum=read_only_sum)
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
).says(
    ARRAY_STALE
)

wrong.swap("order not turned round", "tensors_first(self)", "tensors_first(self)[::-1]").says("""You walk from the inputs to the loss: when a tensor has its turn, nothing has arrived
    there yet.""")

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

wrong.swap("everything starts afresh", "bool(node.parents)", "True").says("""You clear the inputs at the beginning of a sweep. They add up over several losses;
    clearing them is up to whoever trains.""")

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
