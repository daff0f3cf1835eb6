"""What is special in chapter 05: several faults at once, limits left to the student, examples."""

from __future__ import annotations

import numpy as np
import pytest

from exercises_lib import exercises, nn
from exercises_lib.checking import check
from exercises_lib.exercises.ch05_softmax_with_loss import (
    _shared,
    binary_cross_entropy,
    graph_backward,
    softmax_with_loss,
)


def verdict(name, answer, seed=0):
    return check(exercises.get(f"ch05.{name}"), answer, np.random.default_rng(seed))


def test_the_published_layer_is_told_both_of_its_faults():
    class Published(softmax_with_loss.Added):
        def backward(self, dout=1.0):
            return (self.y - self.t) / len(self.y)

    assert set(verdict("SoftmaxWithLoss", Published).mistakes) == {"added 1e-7", "dout ignored"}


def test_overflow_is_explained_beside_a_gradient_that_is_not_divided():
    class Both(softmax_with_loss.EXERCISE.mistake("no shift").answer):
        def backward(self, dout=1.0):
            return dout * (self.y - self.t)

    assert verdict("SoftmaxWithLoss", Both).mistakes[0] == "not divided by the batch"


@pytest.mark.parametrize("limit", [1e-5, 1e-9, 1e-15])
def test_any_limit_of_the_probability_is_recognised_in_the_layer(limit):
    class Limited(_shared.Right):
        def forward(self, x, t):
            super().forward(x, t)
            return -np.log(np.maximum((self.y * self.t).sum(axis=1), limit)).mean()

    assert verdict("SoftmaxWithLoss", Limited).mistake == "limited the probability"


@pytest.mark.parametrize("limit", [1e-6, 1e-7, 1e-10, 1e-15])
def test_every_sensible_limit_passes_in_the_binary_loss(limit):
    def answer(p, t):
        p = np.clip(p, limit, 1 - limit)
        loss = -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean()
        return loss, (-t / p + (1 - t) / (1 - p)) / p.size

    for seed in range(3):
        assert verdict("binary_cross_entropy", answer, seed).status == "passed"


@pytest.mark.parametrize("limit", [1e-2, 1e-3, 1e-17])
def test_limits_too_coarse_or_too_fine_are_rejected_in_the_binary_loss(limit):
    def answer(p, t):
        p = np.clip(p, limit, 1 - limit)
        loss = -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean()
        return loss, (-t / p + (1 - t) / (1 - p)) / p.size

    assert verdict("binary_cross_entropy", answer).status == "wrong"


def test_a_gradient_of_the_wrong_sign_only_where_p_is_certain_is_rejected():
    def answer(p, t):
        loss, dp = binary_cross_entropy.bce(p, t)
        return loss, np.where(np.abs(p - t) == 1, -dp, dp)

    assert "sign" in verdict("binary_cross_entropy", answer).message


@pytest.mark.parametrize(
    "got", [None, "a", [], {}, np.array(["a", "b"]), np.array([1 + 1j]), (), np.nan, np.inf]
)
def test_comparisons_of_saturated_outputs_take_anything(got):
    inputs = {"p": np.array([0.0, 1.0]), "t": np.array([1.0, 0.0])}
    assert binary_cross_entropy.saturated_loss(inputs, got, 36.0)
    assert binary_cross_entropy.saturated_gradient(inputs, got, np.array([-1e15, 1e15]))


def test_label_forms_are_judged_apart():
    def one_hot_only(y, t):
        return -np.log((y * t).sum(axis=1)).mean()

    def integers_only(y, t):
        return -np.log(y[np.arange(len(y)), t]).mean()

    assert verdict("cross_entropy", one_hot_only).mistake == "integer labels multiplied"
    assert verdict("cross_entropy", integers_only).mistake == "one-hot rows used as positions"


def test_the_examples_in_the_text_are_right():
    y = np.array([[0.7, 0.2, 0.1], [0.5, 0.3, 0.2], [0.1, 0.1, 0.8], [0.2, 0.6, 0.2]])
    for t in (np.array([1, 0, 2, 2]), np.eye(3)[[1, 0, 2, 2]]):
        assert nn.cross_entropy(y, t) == pytest.approx(1.0338, abs=5e-5)
    loss, dp = nn.binary_cross_entropy(np.array([0.75]), np.array([1.0]))
    assert (loss, dp[0]) == pytest.approx((0.2877, -1.3333), abs=5e-5)
    layer = nn.SigmoidWithLoss()
    assert layer.forward(np.array([1.0986]), np.array([1.0])) == pytest.approx(0.2877, abs=5e-5)
    assert layer.backward()[0] == pytest.approx(-0.25, abs=5e-5)
    assert nn.SoftmaxWithLoss().forward(np.array([[0.0, 20.0]]), np.array([0])) == pytest.approx(20)


def test_the_key_of_the_graph_is_what_the_recorded_graph_says():
    x = [nn.Value(np.log(v)) for v in (2.0, 3.0, 5.0)]
    e = [a.exp() for a in x]
    S = e[0] + e[1] + e[2]
    inverse = S.reciprocal()
    y = [a * inverse for a in e]
    log_y = [a.log() for a in y]
    (-(1.0 * log_y[0] + 0.0 * log_y[1] + 0.0 * log_y[2])).backward()
    nodes = (log_y[0], y[0], y[1], inverse, S, *e, *x)
    found = dict(zip(graph_backward.GRAPH_NAMES, [node.grad for node in nodes], strict=True))
    assert found == pytest.approx(exercises.get("ch05.graph_backward").reference)


def test_the_long_form_agrees_with_the_layers_and_with_the_short_form():
    from exercises_lib.exercises.ch05_softmax_with_loss import _network, every_gradient, short_form

    for case in _network.draw_networks(np.random.default_rng(3)):
        v = case.inputs["v"]
        long = every_gradient.every_gradient(v)
        short = short_form.short_form(v["x"], v["h"], v["y"], v["t"], v["W2"])
        for name, gradient in short.items():
            np.testing.assert_allclose(long[name], gradient, atol=1e-12)
        assert np.abs(long["dm"]).max() < 1e-14
        loss = nn.SoftmaxWithLoss()
        loss.forward(v["z2"], v["t"])
        np.testing.assert_allclose(long["dz2"], loss.backward(), atol=1e-12)


def test_the_notebook_goes_forward_as_the_exercise_does():
    import json
    from pathlib import Path

    from exercises_lib.exercises.ch05_softmax_with_loss import _network

    path = Path(__file__).parents[2] / "solutions" / "05_softmax_with_loss.ipynb"
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    source = next("".join(c["source"]) for c in cells if c["id"] == "ch05-whole-forward")
    scope = {"np": np}
    exec(source.split("rng =")[0], scope)
    rng = np.random.default_rng(0)
    given = (rng.normal(size=(4, 3)), np.eye(2)[[0, 1, 1, 0]], rng.normal(size=(3, 5)))
    given += (rng.normal(size=5), rng.normal(size=(5, 2)), rng.normal(size=2))
    _, theirs = scope["forward_with_names"](*given)
    ours = _network.forward(*given)
    assert theirs.keys() == ours.keys()
    for name, value in ours.items():
        np.testing.assert_allclose(theirs[name], value)


def test_one_wrong_gradient_among_fourteen_is_named_and_the_others_count():
    from exercises_lib import exercises
    from exercises_lib.exercises.ch05_softmax_with_loss import every_gradient

    def slip(v):
        found = every_gradient.every_gradient(v)
        return {**found, "dW2": found["dW2"].T}

    verdict = check(exercises.get("ch05.every_gradient"), slip, np.random.default_rng(0))
    assert verdict.mistake == "dW2 transposed"
