# ruff: noqa: E501 - the attacks are code in strings
"""Words that a kernel says about its answer earn nothing: what they are about is seen elsewhere."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable

import pytest

from exercises_lib.grading.task import Outcome

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="grading forks processes")

SETUP = ("setup", "import numpy as np\nfrom exercises_lib import check, nn")
LIAR = """
    import sys
    o = sys.modules["exercises_lib.checking.observe"]
    lies = {lies}
    def collect(probe, answer, inputs, steps, oracle, old=o._collect):
        failure = old(probe, answer, inputs, steps, oracle)
        said = dict()
        for name, value in steps:
            said.setdefault(name, value)  # a second run gives the same
        for name, lie in lies.items():
            if name in said:
                said[name] = lie(said, inputs) if callable(lie) else lie
        steps[:] = said.items()
        return failure
    o._collect = collect
"""
WRONG = {
    "ch09.Momentum": (
        {"arrays": "'the same'"},
        """
        class Momentum:
            def __init__(self, lr=0.01, momentum=0.9):
                self.lr, self.momentum, self.v = lr, momentum, {}
            def update(self, params, grads):
                for name in params:
                    self.v[name] = self.momentum * self.v.get(name, 0) - self.lr * grads[name]
                    params[name] = params[name] + self.v[name]
        """,
    ),
    "ch06.sgd_step": (
        {"the arrays that the layers hold": "lambda said, inputs: said['params']"},
        """
        def sgd_step(params, grads, lr):
            for name in params:
                params[name] = params[name] - lr * grads[name]
        """,
    ),
    "ch09.clip": (
        {"arrays": "'the same'"},
        """
        def clip(grads, limit):
            norm = np.sqrt(sum(np.sum(g**2) for g in grads.values()))
            for name in grads:
                grads[name] = grads[name] * min(1, limit / norm)
            return norm
        """,
    ),
    "ch04.unbroadcast": (
        {"write": "'own'"},
        """
        def unbroadcast(grad, shape):
            if grad.shape == tuple(shape):
                return grad
            added = grad.ndim - len(shape)
            axes = tuple(range(added)) + tuple(added + i for i, size in enumerate(shape) if size == 1)
            return np.array(grad.sum(axis=axes)).reshape(shape)
        """,
    ),
    "ch03.Sequential": (
        {"layers": "lambda said, inputs: sorted(said['layers'])"},
        """
        class Sequential:
            def __init__(self, layers):
                self.layers = layers
            def forward(self, x):
                for layer in self.layers:
                    x = layer.forward(x)
                return x
            def backward(self, dout):
                self.layers.reverse()
                for layer in self.layers:
                    dout = layer.backward(dout)
                return dout
        """,
    ),
    "ch09.Dropout": (
        {
            "units on the way back": "'those of forward'",
            "factors on the way back": "lambda said, inputs: said['factors']",
            "factors on the way back, second batch": "lambda said, inputs: said['factors, second batch']",
        },
        """
        class Dropout:
            def __init__(self, rate=0.5):
                self.rate = rate
            def forward(self, x, train=True, rng=None):
                self.train = train
                return x * (rng.random(x.shape) >= self.rate) / (1 - self.rate) if train else x
            def backward(self, dout):
                return dout
        """,
    ),
    "ch10.no_grad": (
        {
            "recording": "lambda said, inputs: {'twice, one after the other': [True, False, True, False, True], 'one inside the other': [True, False, False, False, True]}.get(inputs['way'], [True, False, True])",
            "the error comes through": "True",
        },
        """
        class no_grad:
            def __init__(self, engine): self.engine = engine
            def __enter__(self): pass
            def __exit__(self, *error): pass
        """,
    ),
    "ch02.backward_sweep": (
        {"multiplications": "20"},
        """
        def backward_sweep(graph, output):
            gradients = {node: 0.0 for node in graph}
            def walk(node, arrived):
                gradients[node] += arrived
                for parent, local in graph[node]:
                    walk(parent, float(local) * arrived)
            walk(output, 1.0)
            return gradients
        """,
    ),
}
"""Exercise → what the kernel says of each output, and an answer that has not done the work."""


@pytest.mark.parametrize("exercise", WRONG)
def test_a_kernel_that_says_what_is_expected_earns_nothing_by_it(
    exercise: str, grade: Callable[..., Outcome]
) -> None:
    lies, answer = WRONG[exercise]
    told = "{" + ", ".join(f"{name!r}: {lie}" for name, lie in lies.items()) + "}"
    name = exercise.partition(".")[2]
    cells = [
        SETUP,
        ("liar", textwrap.dedent(LIAR).replace("{lies}", told)),
        ("own", textwrap.dedent(answer)),
        ("x", f'check("{exercise}", {name})'),
    ]
    verdict = grade(cells, exercise[2:4]).verdict(exercise)
    assert verdict.status not in ("passed", "unanswered") and verdict.earned == 0, verdict


def test_the_librarys_network_and_its_training_are_no_answer_where_ones_own_are_asked_for(
    grade: Callable[..., Outcome],
) -> None:
    patch = """
        import exercises_lib.probes.ch06 as probes
        from contextlib import contextmanager
        probes.calls_of_nn = contextmanager(lambda: iter([set()]))
    """
    answer = """
        def train_digits(x, t, rng):
            net = nn.TwoLayerNet(64, 50, 10, rng, std=0.1)
            nn.train(net, x, t, x, t, epochs=60, batch_size=10, optimiser=nn.SGD(0.5), rng=rng)
            return net
        learn_ten = train_digits
    """
    for exercise, name in (
        ("ch06.reach_digits", "train_digits"),
        ("ch06.overfit_ten", "learn_ten"),
    ):
        cells = [
            SETUP,
            ("patch", textwrap.dedent(patch)),
            ("own", textwrap.dedent(answer)),
            ("x", f'check("{exercise}", {name})'),
        ]
        verdict = grade(cells, "06").verdict(exercise)
        assert verdict.status not in ("passed", "unanswered") and verdict.earned == 0, verdict
