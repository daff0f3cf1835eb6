"""A right engine for arrays that is built in another way, for `ch10.broadcasting`."""

from __future__ import annotations

from typing import ClassVar

import numpy as np


class TapedTensor:
    """A tape in the order of computing, and a rule by name for each entry."""

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
