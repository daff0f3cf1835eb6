"""ch10.operations: A number that records its operations."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Case, Exercise, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes import ch10 as probes


class Node:
    """A number, the nodes it was made from, and the local derivative for each of them."""

    def __init__(self, data, parents=(), local=()):
        self.data, self.parents, self.local = data, parents, local
        self.grad = 0.0

    def wrap(self, other):
        return other if isinstance(other, Node) else type(self)(other)


class Value(Node):
    def __add__(self, other):
        other = self.wrap(other)
        return type(self)(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = self.wrap(other)
        return type(self)(self.data * other.data, (self, other), (other.data, self.data))

    __radd__, __rmul__ = __add__, __mul__

    def __pow__(self, n):
        return type(self)(self.data**n, (self,), (n * self.data ** (n - 1),))

    def exp(self):
        y = math.exp(self.data)
        return type(self)(y, (self,), (y,))

    def log(self):
        return type(self)(math.log(self.data), (self,), (1 / self.data,))

    def relu(self):
        return type(self)(max(self.data, 0.0), (self,), (float(self.data > 0),))

    def tanh(self):
        y = math.tanh(self.data)
        return type(self)(y, (self,), (1 - y**2,))


class ValueOfItsOwn:
    """Constants are not recorded at all; what reads them records one parent only."""

    def __init__(self, data):
        self.data = data
        self.parents = []
        self.local = []

    def _from(self, data, **slopes):
        out = ValueOfItsOwn(data)
        for node, slope in slopes.values():
            out.parents.append(node)
            out.local.append(slope)
        return out

    def __add__(self, other):
        if isinstance(other, (int, float)):
            return self._from(self.data + other, x=(self, 1))
        if other is self:
            return self._from(2 * self.data, x=(self, 2))
        return self._from(self.data + other.data, x=(self, 1), y=(other, 1))

    def __radd__(self, number):
        return self + number

    def __mul__(self, other):
        if isinstance(other, (int, float)):
            return self._from(self.data * other, x=(self, other))
        if other is self:
            return self**2
        return self._from(self.data * other.data, x=(self, other.data), y=(other, self.data))

    def __rmul__(self, number):
        return self * number

    def __pow__(self, n):
        y = self.data**n
        return self._from(y, x=(self, n * y / self.data))

    def exp(self):
        return self._from(np.exp(self.data), x=(self, np.exp(self.data)))

    def log(self):
        return self._from(np.log(self.data), x=(self, self.data**-1))

    def relu(self):
        return self._from(self.data, x=(self, 1)) if self.data > 0 else self._from(0, x=(self, 0))

    def tanh(self):
        return self._from(np.tanh(self.data), x=(self, 1 / np.cosh(self.data) ** 2))


def draw_scalars(rng: np.random.Generator) -> Iterator[Case]:
    def number(low: float = 1.3, high: float = 2.7, sign: int = 0) -> float:
        return round(float(rng.uniform(low, high)) * (sign or int(rng.choice((-1, 1)))), 3)

    for program, (_, operands, method) in probes.SCALARS.items():
        sign = 1 if method == "log" else 0
        if method == "relu":
            yield Case({"program": program, "x": number(sign=1)}, "x is positive")
            yield Case({"program": program, "x": number(sign=-1)}, "x is negative")
            yield Case({"program": program, "x": number(0.1, 0.6, 1)}, "x is a little above 0")
            yield Case({"program": program, "x": number(0.1, 0.6, -1)}, "x is a little below 0")
            continue
        scale = (0.3, 1.1) if method == "tanh" else (1.3, 2.7)
        inputs = {"program": program, "x": number(*scale, sign=sign)}
        if "y" in operands:
            inputs["y"] = number(3.1, 4.5)
        yield Case(inputs)


wrong = Mistakes(Value)

ON_THE_RIGHT = (
    "For `2 * x` Python first asks the number 2, which knows nothing of your class. Then it asks "
    "`x`, but for another method than `__mul__`: one for standing on the right. Every sign has its "
    "own."
)

wrong.swap("no number on the left", "__radd__, __rmul__ = __add__, __mul__", "").says(ON_THE_RIGHT)

wrong.swap(
    "no number left of +", "__radd__, __rmul__ = __add__, __mul__", "__rmul__ = __mul__"
).says(ON_THE_RIGHT)

wrong.swap(
    "no number left of *", "__radd__, __rmul__ = __add__, __mul__", "__radd__ = __add__"
).says(ON_THE_RIGHT)

NOT_WRAPPED = (
    "You read `other.data`, but in `x + 1` the other operand is a plain number and has no `data`. "
    "Make a node of it first."
)

wrong.swap(
    "plain numbers not made into nodes",
    (
        """
        other = self.wrap(other)
        return type(self)(self.data + other.data, (self, other), (1.0, 1.0))
""",
        "return type(self)(self.data + other.data, (self, other), (1.0, 1.0))",
    ),
    (
        """
        other = self.wrap(other)
        return type(self)(self.data * other.data, (self, other), (other.data, self.data))
""",
        "return type(self)(self.data * other.data, (self, other), (other.data, self.data))",
    ),
).says(NOT_WRAPPED)

wrong.swap(
    "plain numbers not made into nodes by +",
    """
    other = self.wrap(other)
    return type(self)(self.data + other.data, (self, other), (1.0, 1.0))
""",
    "return type(self)(self.data + other.data, (self, other), (1.0, 1.0))",
).says(NOT_WRAPPED)

wrong.swap(
    "plain numbers not made into nodes by *",
    """
    other = self.wrap(other)
    return type(self)(self.data * other.data, (self, other), (other.data, self.data))
""",
    "return type(self)(self.data * other.data, (self, other), (other.data, self.data))",
).says(NOT_WRAPPED)


def remakes(record: Callable[[Any, tuple[Any, ...], tuple[Any, ...]], Any]) -> type:
    """A class that does the right arithmetic and records it in its own way."""

    class Remade(Value):
        def __init__(self, data, parents=(), local=()):
            super().__init__(data, parents, local)
            if parents:
                record(self, parents, local)

    Remade.__name__ = "Value"
    return Remade


def record_nothing(node, parents, local):
    node.parents, node.local = (), ()


wrong.answer("nothing recorded", remakes(record_nothing)).says("""
    The number is right, but the result does not know its operands: `x` itself, that very object,
    has to be among its `parents`. Without that there is no way back.""")


def record_a_set(node, parents, local):
    node.parents = set(parents)


wrong.answer("parents in a set", remakes(record_a_set)).says("""A set has no order, so nobody can
    tell which derivative belongs to which parent; and in `x + x` it keeps one of two.""")

wrong.swap(
    "adds in place",
    "return type(self)(self.data + other.data, (self, other), (1.0, 1.0))",
    """
    self.data += other.data
    self.parents, self.local = (self, other), (1.0, 1.0)
    return self
""",
).says("Your addition changes `x` itself. A sum is a new node; `x` may be used elsewhere.")


def record_numbers(node, parents, local):
    node.parents = tuple(parent.data for parent in parents)


wrong.answer("numbers as parents", remakes(record_numbers)).says("""
    Your `parents` are the numbers that were in the operands. Numbers cannot take in a gradient: the
    operands themselves have to stand there.""")

wrong.swap("add like multiply", "(1.0, 1.0)", "(self.data, other.data)").says("""
    Your addition records the operands' values. If `x` rises by one, the sum rises by one, whatever
    the values are.""")

wrong.swap("multiply not swapped", "(other.data, self.data)", "(self.data, other.data)").says("""
    At a multiplication you give each operand its own value as local derivative. If `x` rises by
    one, the product rises by the *other* factor.""")

wrong.swap("multiply like add", "(other.data, self.data)", "(1.0, 1.0)").says("""
    Your multiplication records 1 and 1, the local derivatives of an addition.""")

wrong.swap("nodes as local derivatives", "(other.data, self.data)", "(other, self)").says("""
    Your multiplication records whole nodes where the numbers in them are wanted. A local derivative
    is a number: `data` of the other operand.""")

wrong.swap(
    "only the first factor recorded", "(other.data, self.data)", "(other.data, 0.0)"
).says("""Your multiplication has no derivative for its second operand. Both factors can change the
    product.""")

wrong.swap("exponent not lowered", "n * self.data ** (n - 1)", "n * self.data**n").says("""
    In the derivative of the power the exponent stays as it was. It goes down by one.""")

wrong.swap("coefficient lost", "n * self.data ** (n - 1)", "self.data ** (n - 1)").says("""
    In the derivative of the power the factor in front is missing.""")

wrong.swap(
    "coefficient lowered too", "n * self.data ** (n - 1)", "(n - 1) * self.data ** (n - 1)"
).says("""In the derivative of the power you lower the factor in front as well as the exponent. The
    factor is the old exponent.""")

wrong.swap(
    "brackets missing in the exponent", "n * self.data ** (n - 1)", "n * self.data**n - 1"
).says("""Python takes `x ** n - 1` as (x to the power n) minus 1. Put brackets around the new
    exponent.""")

wrong.swap("every power a square", "n * self.data ** (n - 1)", "2 * self.data").says("""
    2x is the derivative of the square. Yours has to hold for every n.""")

wrong.swap("exp with slope 1", "(y, (self,), (y,))", "(y, (self,), (1.0,))").says("""
    The slope of your `exp` is 1. That is true at x = 0 only; the curve gets steeper.""")

wrong.swap(
    "exp differentiated like a power",
    "(y, (self,), (y,))",
    "(y, (self,), (self.data * math.exp(self.data - 1),))",
).says("""You differentiate `exp` with the rule for powers. There the base varies; here it is the
    exponent.""")

wrong.swap("exp with its input", "(y, (self,), (y,))", "(y, (self,), (self.data,))").says("""
    As local derivative of `exp` you record its input. Its slope equals its *output*.""")

wrong.swap("log to base 10", "math.log(self.data)", "math.log10(self.data)").says("`math.log10` is the logarithm to base 10. The natural logarithm is asked for.")

wrong.swap("log not inverted", "1 / self.data", "self.data").says("""As local derivative of `log` you record x. The larger x is, the *flatter* the logarithm
    gets.""")

wrong.swap("log with its output", "1 / self.data", "math.log(self.data)").says("""As local derivative of `log` you record the logarithm itself. Only `exp` is its own
    derivative.""")

wrong.swap("1 over the logarithm", "1 / self.data", "1 / math.log(self.data)").says("As local derivative of `log` you record 1 over its *output*. The formula is about x.")

wrong.swap("log differentiated once too often", "1 / self.data", "-1 / self.data**2").says("−1/x² is the derivative of 1/x, so you have differentiated the logarithm twice.")

wrong.swap("relu lets everything back", "float(self.data > 0)", "1.0").says("""Your `relu` lets the gradient through for a negative x as well. There the output is 0 and
    stays 0 when x moves a little.""")

wrong.swap("relu with its output", "float(self.data > 0)", "max(self.data, 0.0)").says("""You record the output of `relu` as its slope. Where x is positive the output rises exactly
    as fast as x.""")

wrong.swap("relu with its input", "float(self.data > 0)", "self.data").says("""You record x as the slope of `relu`. Where x is positive the output rises exactly as fast
    as x, and elsewhere not at all.""")

wrong.swap("relu with a sign", "float(self.data > 0)", "1.0 if self.data > 0 else -1.0").says("""For a negative x the slope of your `relu` is −1, as that of the absolute value. There the
    output is 0 and stays 0.""")

wrong.swap("leaky relu", "float(self.data > 0)", "1.0 if self.data > 0 else 0.01").says("Your slope for a negative x is that of the *leaky* ReLU. Here nothing leaks.")

wrong.swap("absolute value", "max(self.data, 0.0)", "abs(self.data)").says("""
    Your `relu` gives the absolute value. For a negative x it should give 0.""")

wrong.swap("relu turned round", "float(self.data > 0)", "float(self.data <= 0)").says("The slope of your `relu` is 1 where it should be 0 and 0 where it should be 1.")

wrong.swap("tanh with its input", "1 - y**2", "1 - self.data**2").says("""
    You take 1 − x² with the *input* of `tanh`. The formula is about the output.""")

wrong.swap("tanh not squared", "1 - y**2", "1 - y").says("""In the derivative of `tanh` the square
    is missing.""")

wrong.swap("tanh like sigmoid", "1 - y**2", "y * (1 - y)").says("y·(1 − y) is the slope of the sigmoid. That of `tanh` has another formula.")

wrong.swap("tanh twice", "1 - y**2", "1 - math.tanh(y) ** 2").says("In the slope you apply `tanh` to its own output. Its output is squared, as it is.")

EXERCISE = Exercise(
    id="ch10.operations",
    title="A number that records its operations",
    kind="class",
    points=4,
    reference=Value,
    accepted=(ValueOfItsOwn, nn.Value),
    mistakes=wrong.all,
    hints=(
        "Do one operation first, the addition: which number comes out, from which two nodes, and how "
        "fast does it rise with each of them? Then every other method is the same three answers.",
        "Every method ends with a new node made of three things: the number, the tuple of operands, "
        "and the tuple of local derivatives, which are plain numbers. `2 * x` calls `x.__rmul__(2)`.",
        "The skeleton:\n"
        "    def __mul__(self, other):\n"
        "        other = … a node, if it is a plain number\n"
        "        return Value(self.data * …, (self, …), (…, …))\n"
        "    __rmul__ = …\n"
        "    def tanh(self):\n"
        "        y = math.tanh(…)\n"
        "        return Value(y, (…,), (1 - …,))",
    ),
    probe=Probe(probes.scalar),
    draw=draw_scalars,
    remark="Every result knows its operands and its slopes. Nothing has gone backward yet, but now "
    "everything is written down.",
)
