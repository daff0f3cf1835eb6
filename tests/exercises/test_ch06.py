"""Chapter 06: what the common audit does not ask."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from exercises_lib import nn, own
from exercises_lib.checking import check
from exercises_lib.data import load_digits
from exercises_lib.exercises.ch06_training import (
    _own,
    gradient_check,
    minibatches,
    network_fix,
    numerical_gradient,
    overfit_ten,
    reach_digits,
    relative_error,
    train,
    two_layer_net,
    which_check,
)


def verdict(exercise, answer, seed=0):
    return check(exercise, answer, np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(10))
def test_the_check_of_networks_lets_right_ones_through_whatever_is_drawn(seed):
    for answer in (gradient_check.gradient_check, *gradient_check.EXERCISE.accepted):
        assert verdict(gradient_check.EXERCISE, answer, seed).status == "passed"


def test_the_library_passes_the_exercises_that_build_it():
    assert verdict(numerical_gradient.EXERCISE, nn.numerical_gradient).status == "passed"
    assert verdict(relative_error.EXERCISE, nn.relative_error).status == "passed"
    assert verdict(two_layer_net.EXERCISE, nn.TwoLayerNet).status == "passed"


@pytest.mark.parametrize("seed", range(3))
def test_digits_drawn_anew_are_read_with_a_margin_by_the_reference(seed):
    (case,) = reach_digits.draw_digits(np.random.default_rng(seed))
    given = case.inputs
    net = reach_digits.EXERCISE.reference(
        given["x_train"], given["t_train"], np.random.default_rng(given["seed"])
    )
    reached = net.accuracy(case.hidden["x_new"], case.hidden["t_new"])
    assert reached >= reach_digits.TARGET + 0.008
    assert net.accuracy(load_digits().x_test, load_digits().t_test) >= 0.97


def test_what_is_to_be_read_is_not_among_what_the_answer_gets():
    digits = load_digits()
    (case,) = reach_digits.draw_digits(np.random.default_rng(5))
    assert set(case.inputs) == {"x_train", "t_train", "seed"}
    assert len(case.inputs["t_train"]) == len(digits.t_train) == 1437
    known = {row.tobytes() for row in (*digits.x_train, *digits.x_test)}
    new = {row.tobytes() for row in case.hidden["x_new"]}
    assert len(new) == 1440 and not new & known
    (again,) = reach_digits.draw_digits(np.random.default_rng(6))
    assert not new & {row.tobytes() for row in again.hidden["x_new"]}
    assert case.hidden["x_new"].min() >= 0 and case.hidden["x_new"].max() <= 1


def test_the_nearest_picture_reads_no_digits_for_the_check():
    class Nearest(reach_digits.NearestPicture):
        """Two lines that know every picture of the course, with all labels."""

        def __init__(self, x, t, rng):
            digits = load_digits()
            x, t = np.vstack([x, digits.x_test]), np.concatenate([t, digits.t_test])
            super().__init__(x, t, rng)

    (case,) = reach_digits.draw_digits(np.random.default_rng(2))
    scores = Nearest(case.inputs["x_train"], case.inputs["t_train"], np.random.default_rng(0))
    right = scores.predict(case.hidden["x_new"]).argmax(axis=1) == case.hidden["t_new"]
    assert right.mean() > reach_digits.TARGET  # it would do, if it were asked
    assert verdict(reach_digits.EXERCISE, Nearest).mistake == "not what params says"


def test_a_network_large_enough_to_hold_the_pictures_is_refused():
    def holds_them(x_train, t_train, rng):
        net = _own.Net((64, len(x_train), 10), rng, 0.1)
        net.params["W1"][...] = x_train.T
        return net

    assert "at most 40,000" in verdict(reach_digits.EXERCISE, holds_them).message


JUNK = [
    None,
    3,
    "a",
    [],
    {},
    (1, 2),
    [1, 2],
    [[1], [2]],
    {"batches": 3},
    np.zeros(3),
    np.array("a"),
]


@pytest.mark.parametrize("got", JUNK, ids=repr)
def test_comparisons_of_properties_never_raise(got):
    (digits,) = reach_digits.draw_digits(np.random.default_rng(0))
    batches = next(minibatches.draw_batches(np.random.default_rng(0))).inputs
    training = next(train.draw_train(np.random.default_rng(0))).inputs
    fresh = {"std": 0.1}
    assert reach_digits.judge_scores(digits.inputs, got, np.zeros((1437, 10)))
    inputs = {**digits.inputs, **digits.hidden}
    for params in (got, {"W1": got, "b1": got}, {"W1": np.ones((64, 10)), "b1": got}):
        assert reach_digits.judge_network(inputs, params, None)
    assert minibatches.judge_batches("batches")(batches, got, None)
    for value in (got, [got], [(got, got)], [got, got]):
        minibatches.judge_batches("second epoch")(batches, value, None)
        minibatches.judge_batches("batches")(batches, value, None)
    assert train.judge_steps(training, got, None)
    assert train.judge_losses(training, got, None)
    pair = [(training["x"][:4], training["t"][:4])]
    for value in (got, [got], [(got, got)], [1.0], [np.inf]):
        for some in (value, pair, pair * 12):
            entry = {"batches": some, "updates": value, "gradients": value}
            assert train.judge_steps(training, entry, None)
        assert train.judge_losses(
            training, {"before": value, "after": value, "returned": "a"}, None
        )
    assert two_layer_net.judge_start("W1", "(D, H)")(fresh, got, np.zeros((4, 3)))
    two_layer_net.judge_rng(fresh, got, None)
    assert gradient_check.judge_decisions({}, got, {"W1": "accepts"})
    assert gradient_check.judge_parameters({}, got, "as before")
    assert relative_error.judge_shapes({"a": np.zeros(3), "b": np.zeros((1, 3))}, got, "ValueError")


# --- which check catches which bug: measured ----------------------------------------------------


class WithoutMask(nn.Relu):
    def backward(self, dout):
        return dout


class NotDivided(nn.SoftmaxWithLoss):
    def backward(self, dout=1.0):
        return super().backward(dout) * len(self.y)


class WithFloor(nn.SoftmaxWithLoss):
    def forward(self, x, t):
        super().forward(x, t)
        return float(-np.log(self.y[np.arange(len(t)), t] + 1e-7).mean())


def network_with(bug, std):
    net = nn.TwoLayerNet(7, 5, 4, np.random.default_rng(1), std=std)
    if bug == "relu":
        net.layers[1] = WithoutMask()
    if bug in ("mean", "floor"):
        net.last_layer = NotDivided() if bug == "mean" else WithFloor()
    return net


def caught(bug, option):
    rng = np.random.default_rng(2)
    n, std = {"one": (1, 0.1), "batch": (5, 0.1), "sure": (5, 4.0)}[option]
    net = network_with(bug, std)
    x = rng.normal(size=(n, 7))
    # "sure" and wrong: the labels are the classes with the lowest scores.
    t = net.predict(x).argmin(axis=1) if option == "sure" else rng.integers(0, 4, n)
    if bug == "labels":
        x = x[rng.permutation(n)]
    return max(gradient_check.gradient_check(net, x, t).values()) > 1e-4


@pytest.mark.parametrize("bug", which_check.BUGS)
def test_each_bug_is_caught_by_the_check_that_the_choice_exercise_calls_the_first(bug):
    found = [option for option in ("one", "batch", "sure") if caught(bug, option)]
    assert (found[0] if found else "none") == which_check.CAUGHT[bug]


# --- answers that weak tests let through --------------------------------------------------------


def test_the_given_network_runs_without_an_error_where_all_sizes_are_equal():
    net = network_fix.GivenNet(3, 3, 3, np.random.default_rng(0))
    x = np.random.default_rng(1).normal(size=(6, 3))
    net.step(x, x.argmax(axis=1), 0.1)
    assert verdict(network_fix.EXERCISE, network_fix.GivenNet).mistake == "still the given code"


def test_batches_as_lists_of_pairs_are_as_good_as_a_generator():
    def answer(x, t, size, rng):
        return list(minibatches.minibatches(x, t, size, rng))

    assert verdict(minibatches.EXERCISE, answer).status == "passed"


def test_a_training_loop_that_also_watches_the_accuracy_passes():
    def answer(net, x, t, epochs, batch_size, lr, rng):
        losses = []
        for _ in range(epochs):
            losses += train.train(net, x, t, 1, batch_size, lr, rng)
            net.accuracy(x, t)
            net.loss(x, t)
        return losses

    assert verdict(train.EXERCISE, answer).status == "passed"


def test_an_endless_training_is_stopped():
    def answer(net, x, t, epochs, batch_size, lr, rng):
        while True:
            train.train(net, x, t, 1, batch_size, lr, rng)

    assert "does not end" in verdict(train.EXERCISE, answer).message


def with_library_layers(layers):
    """Make an answer to overfit_ten whose network is the student's and whose layers are these."""

    def learn_ten(x, t, rng):
        net = _own.Net((64, 50, 10), rng, 0.1)
        net.layers[0] = layers.Affine(net.params["W1"], net.params["b1"])
        for _ in range(300):
            _own.descend(net.params, net.gradient(x, t), 0.5)
        return net

    return learn_ten


def test_a_network_of_ones_own_on_layers_of_nn_is_not_ones_own():
    found = verdict(overfit_ten.EXERCISE, with_library_layers(nn))
    assert found.status == "wrong" and "nn.Affine" in found.message


def test_layers_that_mynn_has_lent_are_taken_for_the_students(monkeypatch):
    own.use({})
    try:
        import mynn

        assert verdict(overfit_ten.EXERCISE, with_library_layers(mynn)).status == "passed"
    finally:
        own.use(None)


def test_a_network_hidden_in_another_object_is_seen():
    class Mine:
        def __init__(self, x, t, rng):
            self.inner = nn.TwoLayerNet(64, 50, 10, rng, std=0.1)
            self.params = self.inner.params
            for _ in range(300):
                _own.descend(self.inner.params, self.inner.gradient(x, t), 0.5)

        def predict(self, x):
            return self.inner.predict(x)

    for exercise in (overfit_ten.EXERCISE, reach_digits.EXERCISE):
        found = verdict(exercise, lambda x, t, rng: Mine(x, t, rng))
        assert found.status == "wrong" and "nn.TwoLayerNet" in found.message


def test_looking_at_what_is_called_ends_with_the_check():
    before = sys.getprofile()
    verdict(overfit_ten.EXERCISE, lambda x, t, rng: None)
    verdict(overfit_ten.EXERCISE, overfit_ten.memoriser(steps=2))
    assert sys.getprofile() is before
