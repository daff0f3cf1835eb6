"""ReLU layers written by hand, right ones and their parts."""

from __future__ import annotations

import numpy as np

from exercises_lib.exercises.ch03_layers._layers import a_class


def relu_forward(self, x):
    self.mask = x > 0
    self.out = np.maximum(x, 0)
    return self.out


def relu_backward(self, dout):
    return dout * self.mask


def relu(backward, forward=relu_forward):
    return a_class("Relu", forward, backward)


def relu_backward_in_place(self, dout):
    dout[~self.mask] = 0
    return dout


def relu_forward_in_place(self, x):
    self.mask = x > 0
    x[x < 0] = 0
    return x


class ReluWhere:
    def forward(self, x):
        self.x = x.copy()
        return np.where(x >= 0, x, 0)

    def backward(self, dout):
        return np.where(self.x >= 0, dout, 0)


class ReluCopy:
    def forward(self, x):
        self.negative = x <= 0
        out = x.copy()
        out[self.negative] = 0
        return out

    def backward(self, dout):
        dx = dout.copy()
        dx[self.negative] = 0
        return dx


class ReluLoop:
    def forward(self, x):
        self.x = x
        return np.array([max(v, 0.0) for v in x.ravel()]).reshape(x.shape)

    def backward(self, dout):
        dx = np.zeros(dout.shape)
        for place in np.ndindex(dout.shape):
            if self.x[place] > 0:
                dx[place] = dout[place]
        return dx
