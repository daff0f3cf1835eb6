"""A network with layers of its own, as a student's is: nothing of it comes from `nn`."""

from __future__ import annotations

import numpy as np


class Affine:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW, self.db = self.x.T @ dout, dout.sum(axis=0)
        return dout @ self.W.T


class Relu:
    def forward(self, x):
        self.mask = x > 0
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


class SoftmaxWithLoss:
    def forward(self, x, t):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        self.y, self.t = e / e.sum(axis=1, keepdims=True), t
        return -np.log(self.y[np.arange(len(x)), t] + 1e-300).mean()

    def backward(self, dout=1.0):
        dx = self.y.copy()
        dx[np.arange(len(dx)), self.t] -= 1
        return dx * dout / len(dx)


class Net:
    """Affine, ReLU, Affine; then softmax with loss."""

    def __init__(self, sizes, rng, std):
        (d, h, c) = sizes
        self.params = {"W1": std * rng.standard_normal((d, h)), "b1": np.zeros(h)}
        self.params |= {"W2": std * rng.standard_normal((h, c)), "b2": np.zeros(c)}
        one = Affine(self.params["W1"], self.params["b1"])
        two = Affine(self.params["W2"], self.params["b2"])
        self.layers, self.last_layer = [one, Relu(), two], SoftmaxWithLoss()

    def predict(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def accuracy(self, x, t):
        return np.mean(self.predict(x).argmax(axis=1) == t)

    def gradient(self, x, t):
        self.last_layer.forward(self.predict(x), t)
        dout = self.last_layer.backward()
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        one, _, two = self.layers
        return {"W1": one.dW, "b1": one.db, "W2": two.dW, "b2": two.db}


def batches(x, t, size, rng):
    order = rng.permutation(len(x))
    for start in range(0, len(x), size):
        rows = order[start : start + size]
        yield x[rows], t[rows]


def descend(params, grads, lr):
    for name in params:
        params[name] -= lr * grads[name]


class WithVelocity:
    """Momentum."""

    def __init__(self):
        self.v = {}

    def __call__(self, params, grads, lr):
        for name, g in grads.items():
            self.v[name] = 0.9 * self.v.get(name, 0.0) + g
            params[name] -= lr * self.v[name]
