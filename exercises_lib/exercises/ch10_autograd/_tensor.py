"""What several exercises of this chapter share."""

from __future__ import annotations

import numpy as np

from exercises_lib import nn
from exercises_lib.nn.tensor import parents_first as tensors_first


class Recorded:
    """An array, the tensors it was made from, and for each of them the way back."""

    __array_ufunc__ = None

    def __init__(self, data, parents=(), pulls=()):
        self.data = np.asarray(data, dtype=float)
        self.grad = None
        self.parents, self.pulls = parents, pulls

    def wrap(self, other):
        return other if isinstance(other, Recorded) else type(self)(other)

    def made(self, data, *ways):
        parents, pulls = zip(*ways, strict=True)
        return type(self)(data, parents, pulls)


class Tensor(Recorded):
    def __add__(self, other):
        other = self.wrap(other)
        return self.made(self.data + other.data, (self, lambda g: g), (other, lambda g: g))

    def __mul__(self, other):
        a, b = self, self.wrap(other)
        return self.made(a.data * b.data, (a, lambda g: g * b.data), (b, lambda g: g * a.data))

    def __radd__(self, other):
        return self + other

    def __rmul__(self, other):
        return self * other

    def __matmul__(self, other):
        a, b = self, self.wrap(other)
        return self.made(a.data @ b.data, (a, lambda g: g @ b.data.T), (b, lambda g: a.data.T @ g))

    def sum(self):
        return self.made(self.data.sum(), (self, lambda g: g * np.ones_like(self.data)))

    def mean(self):
        return self.sum() * (1 / self.data.size)

    def order(self):
        return tensors_first(self)

    def reset(self, node):
        return bool(node.parents)

    def fit(self, g, shape):
        return nn.unbroadcast(g, shape)

    def backward(self):
        order = self.order()
        for node in order:
            if node.grad is None or self.reset(node):
                node.grad = np.zeros_like(node.data)
        self.grad = self.grad + 1
        for node in reversed(order):
            self.hand_down(node)

    def hand_down(self, node):
        for parent, pull in zip(node.parents, node.pulls, strict=True):
            parent.grad = parent.grad + self.fit(pull(node.grad), parent.data.shape)
