"""A name is true or is not given: answers that were once told a mistake that they did not make.

Each is what somebody wrote elsewhere, or nearly; none is a known mistake of the course.
"""

from __future__ import annotations

import numpy as np
import pytest

from exercises_lib import exercises, nn
from exercises_lib.checking import check
from exercises_lib.course.audit import verdicts_on


@pytest.fixture
def seeds(whole):
    """The seeds from which cases are drawn."""
    return range(25) if whole else range(6)


def verdicts(exercise_id, answer, seeds):
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


Engine = exercises.get("ch10.broadcasting").reference


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
        ("ch10.broadcasting", FirstPartOnly),
        ("ch10.broadcasting", SumAsMean),
    ],
)
def test_a_mistake_that_explains_only_a_part_is_not_named(exercise_id, answer, seeds):
    for verdict in verdicts(exercise_id, answer, seeds):
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
    for verdict in verdicts("ch10.sweep", parents_last, range(3)):
        assert verdict.status == "wrong"
        assert verdict.message.startswith("grad[")


def test_a_case_is_named_once_in_a_sentence():
    for exercise in exercises.all_exercises():
        if exercise.id not in ("ch10.sweep", "ch10.indexing", "ch09.weight_decay"):
            continue
        answers = [mistake.answer for mistake in exercise.mistakes]
        for verdict in verdicts_on(exercise, 0, answers):
            assert verdict.message.split("\n")[0].count("Case:") <= 1, verdict.mistake


def test_where_an_answer_stopped_its_operands_are_named_with_their_shapes_in_letters():
    (verdict,) = verdicts("ch04.matmul_backward", one_transpose_missing, [0])
    assert verdict.status == "error"
    assert "`W @ dD`: `W` has shape (5, 10) = (R, K) and `dD` has shape (5, 3) = (R, C)." in (
        verdict.message
    )
    assert "`W` has 10 = K, `dD` has 5 = R" in verdict.message


def checker(step=None, redrawn=False):
    """A gradient check for a layer, with another step, or with dout drawn at each evaluation."""

    def check_layer(layer, x, rng, h=1e-5):
        given_x = x.copy()
        dout = rng.standard_normal(layer.forward(given_x).shape)
        given_dout = dout.copy()
        dx = np.array(layer.backward(given_dout))
        if dx.shape != x.shape or np.any(given_x != x) or np.any(given_dout != dout):
            return np.inf

        def projected(z):
            return np.sum(layer.forward(z) * (rng.standard_normal(dout.shape) if redrawn else dout))

        return nn.relative_error(dx, nn.numerical_gradient(projected, x.copy(), step or h))

    return check_layer


def network_checker(step=None, redrawn=False):
    """A gradient check for a network, with another step, or a batch of its own at each loss."""
    own = np.random.default_rng(1)

    def gradient_check(net, x, t, h=1e-5):
        def loss(_):
            rows = own.integers(0, len(x), len(x)) if redrawn else np.arange(len(x))
            return net.loss(x[rows], t[rows])

        grads, errors = net.gradient(x, t), {}
        for name, param in net.params.items():
            numeric = nn.numerical_gradient(loss, param, step or h)
            wrong = grads[name].shape != param.shape
            errors[name] = np.inf if wrong else nn.relative_error(grads[name], numeric, floor=1e-3)
        return errors

    return gradient_check


@pytest.mark.parametrize(
    ("exercise_id", "answer", "names"),
    [
        ("ch03.check_layer", checker(step=0.1), ()),
        ("ch03.check_layer", checker(redrawn=True), ()),
        ("ch03.check_layer", checker(step=1e-10), ("a step too short",)),
        ("ch06.gradient_check", network_checker(redrawn=True), ()),
        ("ch06.gradient_check", network_checker(step=1e-10), ()),
        (
            "ch02.numerical_derivative",
            lambda f, x, h: (f(x + 1e-10) - f(x - 1e-10)) / 2e-10,
            ("a step of its own",),
        ),
    ],
    ids=["long step", "dout redrawn", "short step", "batch redrawn", "short", "h ignored"],
)
def test_what_is_said_of_a_check_does_not_depend_on_the_draw(exercise_id, answer, names, seeds):
    found = {(one.status, one.mistakes) for one in verdicts(exercise_id, answer, seeds)}
    assert found == {("wrong", names)}


def test_right_checks_of_other_steps_pass():
    for step in (1e-4, 1e-6):
        for verdict in verdicts("ch03.check_layer", checker(step=step), range(5)):
            assert verdict.status == "passed", str(verdict)
        for verdict in verdicts("ch06.gradient_check", network_checker(step=step), range(2)):
            assert verdict.status == "passed", str(verdict)


def batches_backwards(x, t, size, rng):
    order = rng.permutation(len(x))
    for start in range(0, len(x), size):
        batch = order[start : start - size]
        yield x[batch], t[batch]


def test_an_empty_batch_is_not_said_to_be_the_last_where_others_are_wrong_too():
    for verdict in verdicts("ch06.minibatches", batches_backwards, range(3)):
        assert verdict.status == "wrong" and verdict.mistakes == ()
