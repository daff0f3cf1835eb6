"""A number that remembers how it was made: the smallest engine that can differentiate."""

from __future__ import annotations

import math
from typing import Any


class Value:
    """A recorded scalar: its number, what it was made from, and the local derivatives.

    Every operation has one or two operands, its parents. It computes the result and, beside it,
    the derivative of the result with respect to each parent. `backward` then needs one rule only:
    a parent receives the gradient of its child times the local derivative, and what arrives by
    several ways is added up.

    Operands and derivatives stand in slots of their own, not in tuples: Python's garbage collector
    visits every tuple again and again, which makes a long calculation three times as slow.

    Args:
        data: The number.
        label: A name to show in pictures.
        op: The sign of the operation that made it, such as `"+"` or `"exp"`.
        left: The first operand; None for an input.
        d_left: The derivative with respect to it.
        right: The second operand, if there is one.
        d_right: The derivative with respect to it.
    """

    __slots__ = ("d_left", "d_right", "data", "grad", "label", "left", "op", "right")

    # Otherwise np.float64(2) * value would try to turn the value into an array.
    __array_ufunc__ = None

    def __init__(
        self,
        data: float,
        label: str = "",
        op: str = "",
        left: Value | None = None,
        d_left: float = 0.0,
        right: Value | None = None,
        d_right: float = 0.0,
    ) -> None:
        self.data = data
        self.grad = 0.0
        self.label = label
        self.op = op
        self.left, self.d_left = left, d_left
        self.right, self.d_right = right, d_right

    @property
    def parents(self) -> tuple[Value, ...]:
        """The operands, in order; empty for an input."""
        return tuple(parent for parent in (self.left, self.right) if parent is not None)

    @property
    def local(self) -> tuple[float, ...]:
        """The derivative with respect to each parent, in the same order."""
        return (self.d_left, self.d_right)[: len(self.parents)]

    def named(self, label: str) -> Value:
        """Give this value a label and return it, so that it can be named where it is made."""
        self.label = label
        return self

    def __repr__(self) -> str:
        name = f"{self.label}: " if self.label else ""
        return f"Value({name}{self.data:.6g}, grad={self.grad:.6g})"

    # Each rule: the result, its operands, the derivative for each operand, the sign.

    def __add__(self, other: Value | float) -> Value:
        if not isinstance(other, Value):
            other = Value(other)
        return Value(self.data + other.data, "", "+", self, 1.0, other, 1.0)

    def __sub__(self, other: Value | float) -> Value:
        if not isinstance(other, Value):
            other = Value(other)
        return Value(self.data - other.data, "", "-", self, 1.0, other, -1.0)

    def __mul__(self, other: Value | float) -> Value:
        if not isinstance(other, Value):
            other = Value(other)
        x, y = self.data, other.data
        return Value(x * y, "", "*", self, y, other, x)

    def __truediv__(self, other: Value | float) -> Value:
        if not isinstance(other, Value):
            other = Value(other)
        x, y = self.data, other.data
        return Value(x / y, "", "/", self, 1 / y, other, -x / y**2)

    def __pow__(self, exponent: float) -> Value:
        if isinstance(exponent, Value):
            raise TypeError("The exponent must be a number, not a Value: write exp(y * log(x)).")
        x, n = self.data, exponent
        return Value(x**n, "", f"**{n:g}", self, n * x ** (n - 1) if n else 0.0)

    def __neg__(self) -> Value:
        return Value(-self.data, "", "neg", self, -1.0)

    def __radd__(self, other: float) -> Value:
        return Value(other) + self

    def __rsub__(self, other: float) -> Value:
        return Value(other) - self

    def __rmul__(self, other: float) -> Value:
        return Value(other) * self

    def __rtruediv__(self, other: float) -> Value:
        return Value(other) / self

    def exp(self) -> Value:
        """Return eˣ; its derivative is eˣ again."""
        y = math.exp(self.data)
        return Value(y, "", "exp", self, y)

    def log(self) -> Value:
        """Return the natural logarithm; its derivative is 1/x."""
        return Value(math.log(self.data), "", "log", self, 1 / self.data)

    def relu(self) -> Value:
        """Return max(x, 0); the derivative is 1 where x is positive, else 0."""
        x = self.data
        positive = x > 0
        return Value(x if positive else 0.0, "", "relu", self, float(positive))

    def tanh(self) -> Value:
        """Return tanh(x); its derivative is 1 - tanh²(x)."""
        y = math.tanh(self.data)
        return Value(y, "", "tanh", self, 1 - y * y)

    def sigmoid(self) -> Value:
        """Return σ(x) = 1 / (1 + e⁻ˣ); its derivative is σ(1 - σ)."""
        # e is at most 1, so nothing overflows.
        e = math.exp(-abs(self.data))
        y = 1 / (1 + e) if self.data >= 0 else e / (1 + e)
        return Value(y, "", "sigmoid", self, y * (1 - y))

    def reciprocal(self) -> Value:
        """Return 1/x; its derivative is -1/x²."""
        y = 1 / self.data
        return Value(y, "", "1/x", self, -y * y)

    def backward(self) -> None:
        """Fill in `grad` = d self / d value for every value that self was made from.

        Inputs add the new gradient to what they hold, as a second loss would; every value in
        between starts from zero, so that calling this twice is right.
        """
        order = topological_order(self)
        for node in order:
            if node.left is not None:
                node.grad = 0.0
        self.grad += 1.0
        for node in reversed(order):
            if node.left is not None:
                node.left.grad += node.grad * node.d_left
            if node.right is not None:
                node.right.grad += node.grad * node.d_right


def maximum(a: Value | float, b: Value | float) -> Value:
    """Return the larger of two values; the gradient goes to it alone, to `a` when they tie."""
    if not isinstance(a, Value):
        a = Value(a)
    if not isinstance(b, Value):
        b = Value(b)
    if a.data >= b.data:
        return Value(a.data, "", "max", a, 1.0, b, 0.0)
    return Value(b.data, "", "max", a, 0.0, b, 1.0)


def topological_order(output: Value) -> list[Value]:
    """List everything that `output` was made from, parents always before their children.

    A depth-first walk that appends a value when all its parents have been appended. It keeps
    its own stack, so that a chain of 10,000 values does not meet Python's recursion limit.

    Returns:
        The values, each once, `output` last.
    """
    order: list[Value] = []
    seen: set[Value] = set()
    stack: list[Any] = [output]
    while stack:
        node = stack.pop()
        if node is None:  # everything above the value below it is done
            order.append(stack.pop())
        elif node not in seen:
            seen.add(node)
            if node.left is None:
                order.append(node)
            else:
                stack += (node, None, node.left)
                if node.right is not None:
                    stack.append(node.right)
    return order
