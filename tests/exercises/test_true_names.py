"""A name is true or is not given: answers that were once told a mistake that they did not make.

Each is what somebody wrote elsewhere, or nearly; none is a known mistake of the course.
"""

from __future__ import annotations

import numpy as np
import pytest

from exercises_lib import exercises
from exercises_lib.checking import check

SEEDS = range(25)


def verdicts(exercise_id, answer, seeds=SEEDS):
    exercise = exercises.get(exercise_id)
    return [check(exercise, answer, np.random.default_rng(seed)) for seed in seeds]


class VelocityTwice:
    """v = μv + ηg; p += μv − ηg: with the first step alone, like a new gradient that is damped."""

    def __init__(self, lr=0.01, momentum=0.9):
        self.lr, self.momentum, self.v = lr, momentum, {}

    def update(self, params, grads):
        for name, g in grads.items():
            self.v[name] = self.momentum * self.v.get(name, 0) + self.lr * g
            params[name] += self.momentum * self.v[name] - self.lr * g


def half_the_mean_and_the_plain_difference(y, t):
    return 0.5 * np.mean((y - t) ** 2), y - t


def one_transpose_missing(W, X, dD):
    return dD @ X.T, W @ dD


Engine = exercises.get("ch10.array_ops").reference


class FirstPartOnly(Engine):
    def hand_down(self, node):
        for parent, pull in zip(node.parents, node.pulls, strict=True):
            if not np.any(parent.grad):
                parent.grad = parent.grad + self.fit(pull(node.grad), parent.data.shape)


class SumAsMean(Engine):
    def sum(self):
        share = np.ones_like(self.data) / len(self.data)
        return self.made(self.data.sum(), (self, lambda g: g * share))


@pytest.mark.parametrize(
    ("exercise_id", "answer"),
    [
        ("ch09.Momentum", VelocityTwice),
        ("ch05.mean_squared_error", half_the_mean_and_the_plain_difference),
        ("ch04.matmul_backward", one_transpose_missing),
        ("ch10.array_ops", FirstPartOnly),
        ("ch10.array_ops", SumAsMean),
    ],
)
def test_a_mistake_that_explains_only_a_part_is_not_named(exercise_id, answer):
    for verdict in verdicts(exercise_id, answer):
        assert verdict.status in ("wrong", "error")
        assert verdict.mistakes == ()


class SlopeOfTheInput:
    def forward(self, x):
        self.x = x
        return 1 / (1 + np.exp(-x))

    def backward(self, dout):
        return dout * self.x * (1 - self.x)


class NoReturns:
    def forward(self, x):
        self.out = 1 / (1 + np.exp(-x))

    def backward(self, dout):
        dout * self.out * (1 - self.out)


class LostOne:
    def forward(self, x):
        self.out = 1 / np.exp(-x)
        return self.out

    def backward(self, dout):
        return dout * self.out * (1 - self.out)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (SlopeOfTheInput, "dx[0, 0] is"),
        (NoReturns, "out is None. Did you forget a return"),
        (LostOne, "out[0, 0] is"),
    ],
)
def test_a_plain_fault_is_told_before_the_overflow_that_it_has_besides(answer, words):
    for verdict in verdicts("ch03.Sigmoid", answer, range(3)):
        assert verdict.status == "wrong"
        assert verdict.message.startswith(words)


def tanh_slope_is_tanh():
    class Tanh:
        def forward(self, x):
            self.out = np.tanh(x)
            return self.out

        def backward(self, dout):
            return dout * self.out

    return Tanh


def test_two_mistakes_of_different_outputs_are_named_in_the_order_in_which_they_are_told():
    (verdict,) = verdicts("ch03.Sigmoid", SlopeOfTheInput, [0])
    assert verdict.mistakes == ("input in place of the output", "overflow")
    (verdict,) = verdicts("ch03.Tanh", tanh_slope_is_tanh(), [0])
    assert verdict.mistakes == ("multiplied by the output",)


def parents_last(output):
    order, met = [], set()

    def visit(node):
        if node not in met:
            met.add(node)
            for parent in node.parents:
                visit(parent)
            order.append(node)

    visit(output)
    output.grad += 1.0
    for node in order:
        for parent, local in zip(node.parents, node.local, strict=True):
            parent.grad += local * node.grad


def test_a_sweep_that_recurses_and_is_not_reversed_hears_of_the_order_first():
    for verdict in verdicts("ch10.backward", parents_last, range(3)):
        assert verdict.status == "wrong"
        assert verdict.message.startswith("grad[")


def test_a_case_is_named_once_in_a_sentence():
    for exercise in exercises.all_exercises():
        if exercise.id not in ("ch10.backward", "ch10.getitem", "ch09.weight_decay"):
            continue
        for mistake in exercise.mistakes:
            verdict = check(exercise, mistake.answer, np.random.default_rng(0))
            assert verdict.message.split("\n")[0].count("Case:") <= 1, mistake.name


def test_where_an_answer_stopped_its_operands_are_named_with_their_shapes_in_letters():
    (verdict,) = verdicts("ch04.matmul_backward", one_transpose_missing, [0])
    assert verdict.status == "error"
    assert "`W @ dD`: `W` has shape (5, 10) = (R, K) and `dD` has shape (5, 3) = (R, C)." in (
        verdict.message
    )
    assert "`W` has 10 = K, `dD` has 5 = R" in verdict.message
