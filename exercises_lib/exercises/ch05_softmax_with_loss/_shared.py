"""Labels of both kinds, the loss layer that is edited, and losses that are capped."""

from __future__ import annotations

import numpy as np

from exercises_lib import nn
from exercises_lib.checking.serialize import is_number


def one_hot(t, classes):
    return t if t.ndim == 2 else np.eye(classes)[t]


def integers(t):
    return t.argmax(axis=1) if t.ndim == 2 else t


def picked(y, t):
    """Return the probability of each sample's right class, (N,)."""
    return y[np.arange(len(y)), integers(t)]


def capped(cases, seen):
    """Recognise losses that are right but for the sample of probability 1e-20, which costs less."""
    costs = []
    for case, one in zip(cases, seen):
        if one.failure or one.changed or one.unstable or len(one.values) != 1:
            return False
        (got,) = one.values.values()
        y, t = case.inputs["y"], case.inputs["t"]
        right = nn.cross_entropy(y, t)
        if not is_number(got) or not np.isfinite(got):
            return False
        if picked(y, t).min() < 1e-19:
            costs.append(46.05 - (right - got) * len(y))
        elif not np.isclose(got, right, rtol=1e-3, atol=1e-3):
            return False
    return all(2 < cost < 45 for cost in costs)


def log_softmax(x):
    shifted = x - x.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


class Right:
    """A right layer, of which the wrong ones below change one thing."""

    def forward(self, x, t):
        self.t = one_hot(t, x.shape[1])
        self.y = nn.softmax(x)
        return -(self.t * log_softmax(x)).sum() / len(x)

    def backward(self, dout=1.0):
        return dout * (self.y - self.t) / len(self.y)


def only_capped(right):
    """Return a test whether a loss that is too small for large scores is an answer's only fault."""

    def test(cases, seen):
        capped = False
        for case, one in zip(cases, seen):
            if one.failure or one.changed or one.unstable or len(one.values) != 2:
                return False
            layer = right()
            loss = layer.forward(case.inputs["x"], case.inputs["t"])
            dx = layer.backward(case.inputs.get("dout", 1.0))
            (name, got), (_, got_dx) = one.values.items()
            if not is_number(got) or not np.isfinite(got):
                return False
            if not isinstance(got_dx, np.ndarray) or got_dx.shape != dx.shape:
                return False
            if not np.allclose(got_dx, dx, rtol=1e-3, atol=1e-5):
                return False
            too_small = name.startswith("large") and 0 < got < loss * 0.99
            if not too_small and not np.isclose(got, loss, rtol=1e-3):
                return False
            capped |= bool(too_small)
        return capped

    return test


def shift_not_added_back(x):
    top = x.max(axis=1, keepdims=True)
    return x - np.log(np.exp(x - top).sum(axis=1, keepdims=True))
