"""Chapter 10: what the common audit of all exercises does not see."""

from __future__ import annotations

import math

import numpy as np
import pytest

from exercises_lib import nn
from exercises_lib.checking import check
from exercises_lib.checking.serialize import Opaque
from exercises_lib.exercises.ch10_autograd import (
    _shared,
    _tensor,
    broadcasting,
    indexing,
    no_grad,
    operations,
    reach_autograd,
    reductions,
    saved_values,
    sweep,
    zero_grad_fix,
)
from exercises_lib.nn.tensor import parents_first
from exercises_lib.probes import ch10 as probes


def judged(exercise, answer, seed=0):
    return check(exercise, answer, np.random.default_rng(seed))


class Unwritten(operations.Node):
    def __add__(self, other):
        raise NotImplementedError


class UnwrittenTensor(_tensor.Recorded):
    def __add__(self, other):
        raise NotImplementedError

    def sum(self):
        raise NotImplementedError


@pytest.mark.parametrize(
    ("exercise", "stub"),
    [(operations.EXERCISE, Unwritten), (broadcasting.EXERCISE, UnwrittenTensor)],
    ids=["scalars", "arrays"],
)
def test_a_class_of_which_nothing_is_written_is_unanswered(exercise, stub):
    assert judged(exercise, stub).status == "unanswered"


def test_an_array_class_with_only_its_given_addition_is_unanswered():
    class Tensor(_tensor.Recorded):
        def __add__(self, other):
            raise NotImplementedError

    assert judged(broadcasting.EXERCISE, Tensor).status == "unanswered"


def test_a_missing_method_is_named_and_the_rest_is_still_looked_at():
    lacking = _shared.with_methods(operations.Value, tanh=None)
    verdict = judged(operations.EXERCISE, lacking)
    assert verdict.status == "wrong"
    assert "no method tanh" in verdict.message


def test_two_wrong_operations_are_both_named():
    both = _shared.with_methods(
        operations.EXERCISE.mistake("multiply not swapped").answer,
        log=lambda self: type(self)(math.log(abs(self.data)), (self,), (self.data,)),
    )
    assert set(judged(operations.EXERCISE, both).mistakes) == {
        "multiply not swapped",
        "log not inverted",
    }


def test_two_times_x_is_named_whatever_the_class_is_called():
    written = {name: method for name, method in vars(operations.Value).items() if "__r" not in name}
    Scalar = type("Scalar", (operations.Node,), written)
    assert judged(operations.EXERCISE, Scalar).mistake == "no number on the left"


def test_a_type_error_inside_a_method_keeps_its_traceback():
    def add(self, other):
        return type(self)(self.data + str(other), (self, other), (1.0, 1.0))

    verdict = judged(operations.EXERCISE, _shared.with_methods(operations.Value, __add__=add))
    assert "Python does not know" not in verdict.message
    assert "self.data + str(other)" in verdict.traceback


def test_a_recursion_inside_a_closure_of_another_form_is_recognised():
    def backward(output):
        order = []

        def walk(node):
            if not any(node is other for other in order):
                [walk(parent) for parent in node.parents]
                order.append(node)

        walk(output)
        for node in order:
            if node.parents:
                node.grad = 0
        output.grad += 1
        for node in order[::-1]:
            sweep.hand_down(node)

    assert judged(sweep.EXERCISE, backward).mistake == "recursive"


def test_the_library_s_own_order_does_for_a_sweep():
    assert judged(sweep.EXERCISE, sweep.sweep_with(order=parents_first))


def test_a_sweep_that_returns_gradients_and_stores_none_is_refused():
    def backward(output):
        return dict.fromkeys(sweep.parents_first(output), 1.0)

    assert judged(sweep.EXERCISE, backward).status == "wrong"


@pytest.mark.parametrize("program", probes.ARRAYS)
def test_the_reference_engine_has_the_gradients_of_pytorch(program):
    torch = pytest.importorskip("torch")
    cases = [
        case.inputs
        for case in broadcasting.draw_arrays(np.random.default_rng(3))
        if case.inputs["program"] == program and case.inputs["calls"] == 1
    ]
    assert cases
    for inputs in cases:
        arrays = {key: value for key, value in inputs.items() if isinstance(value, np.ndarray)}
        found = {}
        for make in (_tensor.Tensor, lambda a: torch.tensor(a, requires_grad=True)):
            nodes = {
                key: (a if make is _tensor.Tensor else torch.tensor(a)) if key == "c" else make(a)
                for key, a in arrays.items()
            }
            losses = probes.ARRAYS[program](**nodes)
            for loss in losses if isinstance(losses, list) else [losses]:
                loss.backward()
            found[make] = {key: np.asarray(n.grad) for key, n in nodes.items() if key != "c"}
        ours, theirs = found.values()
        for key in ours:
            assert ours[key].shape == theirs[key].shape
            np.testing.assert_allclose(ours[key], theirs[key], rtol=1e-12, atol=1e-12)


def test_gradients_kept_by_copying_are_as_right_as_those_never_written_into():
    def backward(self):
        order = self.order()
        for node in order:
            if node.parents:
                node.grad = None
        self.grad = np.ones_like(self.data)
        for node in reversed(order):
            for parent, pull in zip(node.parents, node.pulls, strict=True):
                g = self.fit(pull(node.grad), parent.data.shape)
                if parent.grad is None:
                    parent.grad = g.copy()
                else:
                    parent.grad += g

    assert judged(broadcasting.EXERCISE, _shared.with_methods(_tensor.Tensor, backward=backward))


def test_a_way_back_that_is_no_function_is_named_however_the_mean_is_computed():
    class Mine(_tensor.Tensor):
        def __mul__(self, other):
            other = self.wrap(other)
            return Mine(self.data * other.data, (self, other), (other.data, self.data))

        __rmul__ = __mul__

        def mean(self):
            spread = np.full(self.data.shape, 1 / self.data.size)
            return Mine(self.data.mean(), (self,), (lambda g: g * spread,))

    assert judged(broadcasting.EXERCISE, Mine).mistake == "arrays as ways back"


def test_equal_numbers_are_not_taken_for_one_node():
    assert judged(sweep.EXERCISE, sweep.sweep_with(order=sweep.order_by_values)).status == "wrong"


@pytest.mark.parametrize("attribute", ["parents", "local"])
def test_a_forgotten_comma_is_pointed_out(attribute):
    class Value(operations.Value):
        def exp(self):
            out = super().exp()
            setattr(out, attribute, getattr(out, attribute)[0])
            return out

    assert "A tuple of one has a comma" in str(judged(operations.EXERCISE, Value))


def test_an_index_assignment_is_told_that_gradients_are_lost():
    def assigned(x, index, dout):
        dx = np.zeros_like(x)
        dx[index] = dout
        return dx

    answer = indexing.pulled(assigned)
    assert judged(indexing.EXERCISE, answer).mistake == "repeated indices lost"


def test_a_gradient_is_asked_of_a_reduction_only_where_its_result_fits():
    class OneAxisShort(reductions.Reductions):
        def max(self, axis=None, keepdims=False):
            return super().max(axis)

    verdict = judged(reductions.EXERCISE, OneAxisShort)
    assert verdict.status == "wrong" and "shape" in verdict.message


def test_reductions_may_be_made_of_several_nodes():
    class ByParts(reductions.Reductions):
        def mean(self, axis=None, keepdims=False):
            total = self.sum(axis, keepdims)
            return total * (total.data.size / self.data.size)

    assert judged(reductions.EXERCISE, ByParts).status == "passed"


def test_an_operation_that_returns_an_array_is_told_what_is_expected():
    class Bare(reductions.Reductions):
        def sum(self, axis=None, keepdims=False):
            return self.data.sum(axis=axis, keepdims=keepdims)

    assert "type(self)(data, parents, pulls)" in judged(reductions.EXERCISE, Bare).message


def test_a_refusal_without_a_sentence_is_no_refusal():
    class Silent(saved_values.Counted):
        @staticmethod
        def same(array, digest):
            if hash(array.tobytes()) != digest:
                raise RuntimeError
            return array

    assert judged(saved_values.EXERCISE, Silent).status == "error"


def test_who_refuses_always_has_not_mended_anything():
    class Never(saved_values.Mended):
        def exp(self):
            def pull(g):
                raise RuntimeError("no")

            return type(self)(np.exp(self.data), (self,), (pull,))

    assert not judged(saved_values.EXERCISE, Never)


def test_a_context_manager_that_is_none_is_told_so():
    assert "__enter__" in judged(no_grad.EXERCISE, lambda engine: None).message


def test_clearing_once_before_the_loop_is_still_the_given_code():
    def fit_line(x, t, rate, steps):
        w, b = nn.Tensor(0.0), nn.Tensor(0.0)
        w.zero_grad()
        b.zero_grad()
        losses = []
        for _ in range(steps):
            loss = ((x * w + b - t) ** 2).mean()
            loss.backward()
            for p in (w, b):
                p.data = p.data - rate * p.grad
            losses.append(loss.data.item())
        return w.data.item(), b.data.item(), losses

    assert judged(zero_grad_fix.EXERCISE, fit_line).mistake == "still the given code"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_digits_are_learnt_from_any_start(seed):
    assert judged(reach_autograd.EXERCISE, reach_autograd.EXERCISE.reference, seed)


@pytest.mark.parametrize("junk", [None, 3, "a", [1], {}, {"params": "a"}, Opaque("x"), np.ones(3)])
def test_the_judge_of_the_digits_refuses_junk_without_raising(junk):
    (case,) = reach_autograd.draw_digits(np.random.default_rng(0))
    inputs = {**case.inputs, **case.hidden}
    assert reach_autograd.judge_network(inputs, junk, None)
    for params in (junk, [junk] * 4, [np.ones((64, 2)), np.ones(2), np.ones((2, 10)), np.ones(10)]):
        got = {"params": params, "scores": junk, "gradients": junk}
        assert reach_autograd.judge_network(inputs, got, None)


def test_scores_of_the_nearest_picture_are_no_network():
    train = reach_autograd.training(epochs=1)

    def cheat(x, t, rng):
        params, _ = train(x, t, rng)

        def scores(new):
            far = ((new[:, None] - x) ** 2).sum(axis=2).argmin(axis=1)
            return nn.Tensor(np.eye(10)[t[far]])

        return params, scores

    verdict = judged(reach_autograd.EXERCISE, cheat)
    assert verdict.status == "wrong" and "not those of a network" in verdict.message


@pytest.mark.parametrize("activation", reach_autograd.ACTIVATIONS)
def test_the_judges_own_gradients_are_the_measured_ones(activation):
    rng = np.random.default_rng(0)
    x, c = rng.random((3, 64)), rng.normal(size=(3, 10))
    W1, b1, W2, b2 = (rng.normal(size=size) for size in ((64, 4), 4, (4, 10), 10))
    layers = [(W1, b1), (W2, b2)]
    right = reach_autograd.gradients_of({"x": x, "c": c}, layers, activation)
    for array, gradient in zip((W1, b1, W2, b2), right, strict=True):
        measured = nn.numerical_gradient(
            lambda _: float((reach_autograd.scores_of(layers, x, activation) * c).sum()), array
        )
        assert nn.relative_error(gradient, measured, floor=1e-3) < 1e-6


def test_an_engine_with_a_wrong_gradient_is_found_out_even_if_the_scores_are_good():
    train = reach_autograd.training(epochs=60)

    def cheat(x, t, rng):
        params, scores = train(x, t, rng)
        return params, lambda x: broken(scores(x))

    def broken(scores):
        return nn.Tensor(scores.data, (scores,), (lambda g: 2 * g,))

    verdict = judged(reach_autograd.EXERCISE, cheat)
    assert verdict.status == "wrong"
    assert "is not the right one" in verdict.message


@pytest.mark.parametrize(
    ("exercise", "first"),
    [
        (reductions.EXERCISE, "sum"),
        (indexing.EXERCISE, "__getitem__"),
        (saved_values.EXERCISE, "__mul__"),
        (no_grad.EXERCISE, "__enter__"),
    ],
)
def test_a_class_whose_first_method_is_not_written_is_unanswered(exercise, first):
    def method(self, *_, **__):
        raise NotImplementedError

    stub = type("Stub", (), {"__init__": lambda self, *_: None, first: method})
    if exercise is not no_grad.EXERCISE:
        stub = type("Stub", (), {first: method})
    assert judged(exercise, stub).status == "unanswered"


def test_a_slope_that_is_true_or_false_is_a_number():
    class Value(operations.Value):
        def relu(self):
            return type(self)(max(self.data, 0.0), (self,), (self.data > 0,))

    assert judged(operations.EXERCISE, Value)


def test_the_largest_entries_may_share_in_any_way_that_adds_up():
    class Reductions(reductions.Reductions):
        def max(self, axis=None, keepdims=False):
            out = super().max(axis, keepdims)
            if axis is None or isinstance(axis, tuple):
                return out
            first = np.zeros_like(self.data)
            at = np.expand_dims(self.data.argmax(axis), axis)
            np.put_along_axis(first, at, 1.0, axis)  # the first of them gets everything
            pull = (lambda g: self.spread(g, axis, keepdims) * first,)
            return type(self)(out.data, (self,), pull)

    assert judged(reductions.EXERCISE, Reductions)
