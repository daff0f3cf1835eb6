"""A number that remembers how it was made: the smallest engine that can differentiate."""

from __future__ import annotations

import math


class Value:
    """A recorded scalar: its number, what it was made from, and the local derivatives.

    Every operation computes the result and, beside it, the derivative of the result with
    respect to each operand (`local`). `backward` then needs one rule only: a parent receives
    the gradient of its child times the local derivative, and what arrives by several ways is
    added up.

    Args:
        data: The number.
        label: A name to show in pictures.
        parents: The operands, in order; none for an input.
        local: The derivative with respect to each parent, in the same order.
        op: The sign of the operation, such as `"+"` or `"exp"`.
    """

    __slots__ = ("data", "grad", "label", "local", "op", "parents")

    # Otherwise np.float64(2) * value would try to turn the value into an array.
    __array_ufunc__ = None

    def __init__(
        self,
        data: float,
        label: str = "",
        parents: tuple[Value, ...] = (),
        local: tuple[float, ...] = (),
        op: str = "",
    ) -> None:
        self.data = data
        self.grad = 0.0
        self.label = label
        self.parents = parents
        self.local = local
        self.op = op

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
        return Value(self.data + other.data, "", (self, other), (1.0, 1.0), "+")

    def __sub__(self, other: Value | float) -> Value:
        if not isinstance(other, Value):
            other = Value(other)
        return Value(self.data - other.data, "", (self, other), (1.0, -1.0), "-")

    def __mul__(self, other: Value | float) -> Value:
        if not isinstance(other, Value):
            other = Value(other)
        x, y = self.data, other.data
        return Value(x * y, "", (self, other), (y, x), "*")

    def __truediv__(self, other: Value | float) -> Value:
        if not isinstance(other, Value):
            other = Value(other)
        x, y = self.data, other.data
        return Value(x / y, "", (self, other), (1 / y, -x / y**2), "/")

    def __pow__(self, exponent: float) -> Value:
        if isinstance(exponent, Value):
            raise TypeError("The exponent must be a number, not a Value: write exp(y * log(x)).")
        x, n = self.data, exponent
        return Value(x**n, "", (self,), (n * x ** (n - 1) if n else 0.0,), f"**{n:g}")

    def __neg__(self) -> Value:
        return Value(-self.data, "", (self,), (-1.0,), "neg")

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
        return Value(y, "", (self,), (y,), "exp")

    def log(self) -> Value:
        """Return the natural logarithm; its derivative is 1/x."""
        return Value(math.log(self.data), "", (self,), (1 / self.data,), "log")

    def relu(self) -> Value:
        """Return max(x, 0); the derivative is 1 where x is positive, else 0."""
        x = self.data
        positive = x > 0
        return Value(x if positive else 0.0, "", (self,), (float(positive),), "relu")

    def tanh(self) -> Value:
        """Return tanh(x); its derivative is 1 - tanh²(x)."""
        y = math.tanh(self.data)
        return Value(y, "", (self,), (1 - y * y,), "tanh")

    def sigmoid(self) -> Value:
        """Return σ(x) = 1 / (1 + e⁻ˣ); its derivative is σ(1 - σ)."""
        # e is at most 1, so nothing overflows.
        e = math.exp(-abs(self.data))
        y = 1 / (1 + e) if self.data >= 0 else e / (1 + e)
        return Value(y, "", (self,), (y * (1 - y),), "sigmoid")

    def reciprocal(self) -> Value:
        """Return 1/x; its derivative is -1/x²."""
        y = 1 / self.data
        return Value(y, "", (self,), (-y * y,), "1/x")

    def backward(self) -> None:
        """Fill in `grad` = d self / d value for every value that self was made from.

        Inputs add the new gradient to what they hold, as a second loss would; every value in
        between starts from zero, so that calling this twice is right.
        """
        order = topological_order(self)
        for node in order:
            if node.parents:
                node.grad = 0.0
        self.grad += 1.0
        for node in reversed(order):
            upstream = node.grad
            for parent, local in zip(node.parents, node.local, strict=True):
                parent.grad += upstream * local


def maximum(a: Value | float, b: Value | float) -> Value:
    """Return the larger of two values; the gradient goes to it alone, to `a` when they tie."""
    if not isinstance(a, Value):
        a = Value(a)
    if not isinstance(b, Value):
        b = Value(b)
    local = (1.0, 0.0) if a.data >= b.data else (0.0, 1.0)
    return Value(max(a.data, b.data), "", (a, b), local, "max")


def topological_order(output: Value) -> list[Value]:
    """List everything that `output` was made from, parents always before their children.

    A depth-first walk that appends a value when all its parents have been appended. It keeps
    its own stack, so that a chain of 10,000 values does not meet Python's recursion limit.

    Returns:
        The values, each once, `output` last.
    """
    order: list[Value] = []
    seen: set[Value] = set()
    # A value is pushed again, inside a tuple of one, to come back after its parents.
    stack: list[Value | tuple[Value]] = [output]
    while stack:
        node = stack.pop()
        if isinstance(node, tuple):
            order.append(node[0])
        elif node not in seen:
            seen.add(node)
            stack.append((node,))
            stack.extend(node.parents)
    return order
