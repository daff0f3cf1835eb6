"""Arrays that remember how they were made: the engine of `value.py`, one array at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from exercises_lib.nn.affine import unbroadcast
from exercises_lib.nn.arrays import Array
from exercises_lib.nn.recording import kept, kept_index, recording

Pull: TypeAlias = Callable[[Array], Array]
"""Turns the gradient of a result into the gradient of one of its operands."""

Operand: TypeAlias = "Tensor | Array | float"
Axis: TypeAlias = int | tuple[int, ...] | None


class Tensor:
    """A recorded array: its numbers, what it was made from, and the way back to each operand.

    For a scalar the way back was to multiply by a number (`local`); for an array it is a function
    (`pulls`). Arrays and numbers that are not tensors are constants: nothing is recorded for them
    and no gradient is computed.

    What an operation needs on the way back is saved when it runs. The numbers of an input may be
    changed at any time, in place or not: gradients stay those of the calculation that was done.
    The numbers of a result belong to the recording; NumPy refuses to write into them.

    Args:
        data: Anything that NumPy turns into an array; float64, or float32, which is kept.
        parents: The operands that are tensors, in order; none for an input.
        pulls: For each of them, the function from the gradient of this array to its own. What
            broadcasting repeated, `backward` adds up. A pull does not write into what it gets, and
            returns that, a view of it, or a new array.
        label: A name to show.
    """

    __slots__ = ("data", "grad", "label", "parents", "pulls", "shapes")

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
        if data.dtype.kind not in "fc":
            data = data.astype(np.float64)
        if parents and recording():
            # A transpose or a slice of an input shares its numbers, which may change.
            if data.base is not None or data is parents[0].data or data is parents[-1].data:
                data = kept(data)
            data.setflags(write=False)
        else:
            parents, pulls = (), ()
        self.data: Array = data
        self.grad: Array | None = None
        self.parents = parents
        self.pulls = pulls
        self.shapes = tuple([parent.data.shape for parent in parents])
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
        if isinstance(other, Tensor):
            x, y = kept(self.data), kept(other.data)
            return Tensor(x * y, (self, other), (lambda g: g * y, lambda g: g * x))
        c = kept(other)
        return Tensor(self.data * c, (self,), (lambda g: g * c,))

    def __truediv__(self, other: Operand) -> Tensor:
        if isinstance(other, Tensor):
            x, y = kept(self.data), kept(other.data)
            return Tensor(x / y, (self, other), (lambda g: g / y, lambda g: -g * x / y**2))
        c = kept(other)
        return Tensor(self.data / c, (self,), (lambda g: g / c,))

    def __rtruediv__(self, other: Array | float) -> Tensor:
        c, x = kept(other), kept(self.data)
        return Tensor(c / x, (self,), (lambda g: -g * c / x**2,))

    def __pow__(self, n: float) -> Tensor:
        if isinstance(n, Tensor):
            raise TypeError("The exponent must be a number: write (y * x.log()).exp().")
        x = kept(self.data)
        return Tensor(x**n, (self,), (lambda g: g * n * x ** (n - 1) if n else 0 * g,))

    def __matmul__(self, other: Tensor | Array) -> Tensor:
        _two_axes(self.data, other.data if isinstance(other, Tensor) else other)
        if isinstance(other, Tensor):
            x, y = kept(self.data), kept(other.data)
            return Tensor(x @ y, (self, other), (lambda g: g @ _flip(y), lambda g: _flip(x) @ g))
        c = kept(other)
        return Tensor(self.data @ c, (self,), (lambda g: g @ _flip(c),))

    def __rmatmul__(self, other: Array) -> Tensor:
        _two_axes(other, self.data)
        c = kept(other)
        return Tensor(c @ self.data, (self,), (lambda g: _flip(c) @ g,))

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
        x = kept(self.data)
        return Tensor(np.log(x), (self,), (lambda g: g / x,))

    def relu(self) -> Tensor:
        """Return max(x, 0), element by element."""
        positive = self.data > 0
        return Tensor(np.maximum(self.data, 0), (self,), (lambda g: g * positive,))

    def tanh(self) -> Tensor:
        """Return tanh(x), element by element."""
        y = np.tanh(self.data)
        return Tensor(y, (self,), (lambda g: g * (1 - y * y),))

    def sum(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """Return the sum over an axis, or over everything; each summand gets the whole gradient."""
        shape = self.data.shape

        def pull(g: Array) -> Array:
            return np.full(shape, _with_axes(g, axis, keepdims))

        return Tensor(self.data.sum(axis=axis, keepdims=keepdims), (self,), (pull,))

    def mean(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """Return the mean over an axis, or over everything: the sum, divided by how many."""
        total = self.sum(axis, keepdims)
        return total / (self.data.size / total.data.size)

    def max(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """Return the largest entries; where several are largest, they share the gradient."""
        largest = self.data == self.data.max(axis=axis, keepdims=True)
        share = largest / largest.sum(axis=axis, keepdims=True).astype(self.data.dtype)

        def pull(g: Array) -> Array:
            dx: Array = _with_axes(g, axis, keepdims) * share
            return dx

        return Tensor(self.data.max(axis=axis, keepdims=keepdims), (self,), (pull,))

    def reshape(self, *shape: int) -> Tensor:
        """Return the same numbers in another shape; the way back restores the old one."""
        old = self.data.shape
        return Tensor(self.data.reshape(*shape), (self,), (lambda g: g.reshape(old),))

    def transpose(self, *axes: int) -> Tensor:
        """Return the axes in this order, or reversed; the way back puts each where it was."""
        order = axes or tuple(reversed(range(self.data.ndim)))
        back = tuple(np.argsort([axis % self.data.ndim for axis in order]))
        return Tensor(self.data.transpose(order), (self,), (lambda g: g.transpose(back),))

    @property
    def T(self) -> Tensor:
        """The transpose: all axes reversed."""
        return self.transpose()

    def __getitem__(self, index: Any) -> Tensor:
        shape, index = self.data.shape, kept_index(index)

        def pull(g: Array) -> Array:
            dx = np.zeros(shape, g.dtype)
            # dx[index] += g would keep only the last of several equal indices.
            np.add.at(dx, index, g)
            return dx

        return Tensor(self.data[index], (self,), (pull,))

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
        grads: dict[Tensor, Array] = {self: np.ones(self.shape, self.data.dtype)}
        for node in reversed(order):
            upstream = grads.pop(node)
            if node.parents:
                node.grad = upstream
            else:
                node.grad = upstream if node.grad is None else node.grad + upstream
            for parent, pull, shape in zip(node.parents, node.pulls, node.shapes, strict=True):
                g = pull(upstream)
                if g.shape != shape:
                    g = unbroadcast(g, shape)
                if parent in grads:
                    grads[parent] = grads[parent] + g
                elif not parent.parents and (g is upstream or g.base is not None):
                    # The gradient of an input is an array of its own, shared with nobody.
                    grads[parent] = g.copy()
                else:
                    grads[parent] = g


def where(condition: Array, x: Operand, y: Operand) -> Tensor:
    """Return x where the condition holds and y elsewhere; each gets the gradient of its places.

    Args:
        condition: bool, any shape that fits the others.
        x: A tensor, an array or a number.
        y: The same; one of the two is a tensor.
    """
    chosen = np.array(condition, dtype=bool)
    ways: list[tuple[Operand, Pull]] = [
        (x, lambda g: np.where(chosen, g, 0)),
        (y, lambda g: np.where(chosen, 0, g)),
    ]
    recorded = [(operand, pull) for operand, pull in ways if isinstance(operand, Tensor)]
    values = [operand.data if isinstance(operand, Tensor) else operand for operand, _ in ways]
    parents, pulls = zip(*recorded, strict=True) if recorded else ((), ())
    return Tensor(np.where(chosen, *values), parents, pulls)


def parents_first(output: Tensor) -> list[Tensor]:
    """List everything that `output` was made from, parents first, as `value.py` does.

    Returns:
        The tensors, each once, `output` last.
    """
    order: list[Tensor] = []
    seen: set[Tensor] = set()
    stack: list[Any] = [output]
    while stack:
        node = stack.pop()
        if node is None:  # everything above the tensor below it is done
            order.append(stack.pop())
        elif node not in seen:
            seen.add(node)
            if node.parents:
                stack += (node, None, *node.parents)
            else:
                order.append(node)
    return order


def _two_axes(x: Array, y: Array) -> None:
    if x.ndim < 2 or y.ndim < 2:
        raise ValueError(
            "@ takes two matrices, or stacks of them, (…, N, K) and (…, K, M); "
            f"these have shapes {x.shape} and {y.shape}."
        )


def _flip(x: Array) -> Array:
    """Transpose the last two axes: every matrix of a stack."""
    return x.swapaxes(-1, -2)


def _same(g: Array) -> Array:
    return g


def _with_axes(g: Array, axis: Axis, keepdims: bool) -> Array:
    """Put the axes back that a sum or a maximum has removed, with length 1."""
    return g if axis is None or keepdims else np.expand_dims(g, axis)
