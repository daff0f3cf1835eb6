"""Arrays that remember how they were made: the engine of `value.py`, one array at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from exercises_lib.nn.affine import unbroadcast
from exercises_lib.nn.arrays import Array

Pull: TypeAlias = Callable[[Array], Array]
"""Turns the gradient of a result into the gradient of one of its operands."""

Operand: TypeAlias = "Tensor | Array | float"


class Tensor:
    """A recorded array: its numbers, what it was made from, and the way back to each operand.

    For a scalar the way back was to multiply by a number (`local`); for an array it is a function
    (`pulls`). Arrays and numbers that are not tensors are constants: nothing is recorded for them
    and no gradient is computed.

    Args:
        data: Anything that NumPy turns into an array; float64, or float32, which is kept.
        parents: The operands that are tensors, in order; none for an input.
        pulls: For each of them, the function from the gradient of this array to its own. What
            broadcasting repeated, `backward` adds up.
        label: A name to show.
    """

    __slots__ = ("data", "grad", "label", "parents", "pulls")

    # NumPy must leave array + tensor to the tensor.
    __array_ufunc__ = None

    def __init__(
        self,
        data: Any,
        parents: tuple[Tensor, ...] = (),
        pulls: tuple[Pull, ...] = (),
        label: str = "",
    ) -> None:
        data = np.asarray(data)
        self.data: Array = data if data.dtype.kind in "fc" else data.astype(np.float64)
        self.grad: Array | None = None
        self.parents = parents
        self.pulls = pulls
        self.label = label

    def __repr__(self) -> str:
        name = f"{self.label}: " if self.label else ""
        return f"Tensor({name}{np.array2string(self.data, precision=4, separator=', ')})"

    def __len__(self) -> int:
        return len(self.data)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array."""
        return self.data.shape

    @property
    def T(self) -> Tensor:
        """The transpose; the way back transposes again."""
        return Tensor(self.data.T, (self,), (lambda g: g.T,))

    # Each rule: the result, the operands, and for each operand the way back.

    def __add__(self, other: Operand) -> Tensor:
        if isinstance(other, Tensor):
            return Tensor(self.data + other.data, (self, other), (_same, _same))
        return Tensor(self.data + other, (self,), (_same,))

    def __neg__(self) -> Tensor:
        return Tensor(-self.data, (self,), (np.negative,))

    def __sub__(self, other: Operand) -> Tensor:
        if isinstance(other, Tensor):
            return Tensor(self.data - other.data, (self, other), (_same, np.negative))
        return Tensor(self.data - other, (self,), (_same,))

    def __mul__(self, other: Operand) -> Tensor:
        x = self.data
        if isinstance(other, Tensor):
            y = other.data
            return Tensor(x * y, (self, other), (lambda g: g * y, lambda g: g * x))
        return Tensor(x * other, (self,), (lambda g: g * other,))

    def __truediv__(self, other: Operand) -> Tensor:
        x = self.data
        if isinstance(other, Tensor):
            y = other.data
            return Tensor(x / y, (self, other), (lambda g: g / y, lambda g: -g * x / y**2))
        return Tensor(x / other, (self,), (lambda g: g / other,))

    def __rtruediv__(self, other: Array | float) -> Tensor:
        x = self.data
        return Tensor(other / x, (self,), (lambda g: -g * other / x**2,))

    def __pow__(self, n: float) -> Tensor:
        x = self.data
        if isinstance(n, Tensor):
            raise TypeError("The exponent must be a number: write (y * x.log()).exp().")
        return Tensor(x**n, (self,), (lambda g: g * n * x ** (n - 1) if n else 0 * g,))

    def __matmul__(self, other: Tensor | Array) -> Tensor:
        x = self.data
        y = other.data if isinstance(other, Tensor) else other
        _two_axes(x, y)
        if isinstance(other, Tensor):
            return Tensor(x @ y, (self, other), (lambda g: g @ y.T, lambda g: x.T @ g))
        return Tensor(x @ y, (self,), (lambda g: g @ y.T,))

    def __rmatmul__(self, other: Array) -> Tensor:
        _two_axes(other, self.data)
        return Tensor(other @ self.data, (self,), (lambda g: other.T @ g,))

    def __radd__(self, other: Array | float) -> Tensor:
        return self + other

    def __rsub__(self, other: Array | float) -> Tensor:
        return -self + other

    def __rmul__(self, other: Array | float) -> Tensor:
        return self * other

    def exp(self) -> Tensor:
        """Return eˣ, element by element."""
        y = np.exp(self.data)
        return Tensor(y, (self,), (lambda g: g * y,))

    def log(self) -> Tensor:
        """Return the natural logarithm, element by element."""
        x = self.data
        return Tensor(np.log(x), (self,), (lambda g: g / x,))

    def relu(self) -> Tensor:
        """Return max(x, 0), element by element."""
        x = self.data
        return Tensor(np.maximum(x, 0), (self,), (lambda g: g * (x > 0),))

    def tanh(self) -> Tensor:
        """Return tanh(x), element by element."""
        y = np.tanh(self.data)
        return Tensor(y, (self,), (lambda g: g * (1 - y * y),))

    def sum(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Tensor:
        """Return the sum over an axis, or over everything; each summand gets the whole gradient."""
        shape = self.data.shape

        def pull(g: Array) -> Array:
            if axis is not None and not keepdims:
                g = np.expand_dims(g, axis)
            return np.broadcast_to(g, shape)

        return Tensor(self.data.sum(axis=axis, keepdims=keepdims), (self,), (pull,))

    def mean(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Tensor:
        """Return the mean over an axis, or over everything."""
        total = self.sum(axis, keepdims)
        return total / (self.data.size / total.data.size)

    def reshape(self, *shape: int) -> Tensor:
        """Return the same numbers in another shape."""
        old = self.data.shape
        return Tensor(self.data.reshape(*shape), (self,), (lambda g: g.reshape(old),))

    def __getitem__(self, index: Any) -> Tensor:
        x = self.data

        def pull(g: Array) -> Array:
            dx = np.zeros_like(x)
            # dx[index] += g would keep only the last of several equal indices.
            np.add.at(dx, index, g)
            return dx

        return Tensor(x[index], (self,), (pull,))

    def zero_grad(self) -> None:
        """Forget the gradient, before the next step."""
        self.grad = None

    def backward(self) -> None:
        """Fill in `grad` = d self / d tensor for every tensor that self was made from.

        Inputs add the new gradient to what they hold, as a second loss would; everything in
        between starts afresh, so that calling this twice is right.

        Raises:
            ValueError: If self is not a single number.
        """
        if self.data.size != 1:
            raise ValueError(
                f"Only a single number can be differentiated, this has shape {self.shape}: "
                "take .sum() or .mean() first."
            )
        order = parents_first(self)
        grads: dict[Tensor, Array] = {self: np.ones_like(self.data)}
        for node in reversed(order):
            upstream = grads.pop(node)
            if node.parents:
                node.grad = upstream
            else:
                # A new array: what arrived may be shared with another tensor or be read-only.
                node.grad = upstream.copy() if node.grad is None else node.grad + upstream
            for parent, pull in zip(node.parents, node.pulls, strict=True):
                g = unbroadcast(pull(upstream), parent.data.shape)
                grads[parent] = grads[parent] + g if parent in grads else g


def _same(g: Array) -> Array:
    return g


def _two_axes(x: Array, y: Array) -> None:
    if x.ndim != 2 or y.ndim != 2:
        raise ValueError(f"@ takes two matrices, not shapes {x.shape} and {y.shape}.")


def parents_first(output: Tensor) -> list[Tensor]:
    """List everything that `output` was made from, parents first, as `value.py` does.

    Returns:
        The tensors, each once, `output` last.
    """
    order: list[Tensor] = []
    seen: set[Tensor] = set()
    stack: list[Tensor | tuple[Tensor]] = [output]
    while stack:
        node = stack.pop()
        if isinstance(node, tuple):
            order.append(node[0])
        elif node not in seen:
            seen.add(node)
            stack.append((node,))
            stack.extend(node.parents)
    return order


def log_softmax(x: Tensor) -> Tensor:
    """Return log(softmax(x)) row by row, as xᵢ - log Σⱼ exp(xⱼ).

    Args:
        x: float, (N, C). Each row's largest score is subtracted first, as a constant: it cancels.
    """
    largest: Array = x.data.max(axis=1, keepdims=True)
    shifted = x - largest
    return shifted - shifted.exp().sum(axis=1, keepdims=True).log()


def tensor_cross_entropy(scores: Tensor, t: Array) -> Tensor:
    """Return the mean cross-entropy of softmax(scores).

    Args:
        scores: float, (N, C).
        t: The right classes, integers, (N,).
    """
    right = log_softmax(scores)[np.arange(len(t)), t]
    return -right.mean()
