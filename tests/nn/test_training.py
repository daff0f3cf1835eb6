"""Networks and training: gradients like PyTorch's, every sample once, the promised accuracy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exercises_lib.data import load_digits
from exercises_lib.nn import (
    SGD,
    Adam,
    Affine,
    DeepNet,
    Relu,
    Sequential,
    Tensor,
    TwoLayerNet,
    accuracy,
    minibatches,
    tensor_cross_entropy,
    train,
)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_two_layer_network_has_the_gradients_that_pytorch_finds(rng):
    torch = pytest.importorskip("torch")
    net = TwoLayerNet(7, 5, 3, rng, std=0.5)
    x, t = rng.standard_normal((6, 7)), rng.integers(0, 3, 6)
    theirs = {name: torch.tensor(p, requires_grad=True) for name, p in net.params.items()}
    hidden = torch.relu(torch.tensor(x) @ theirs["W1"] + theirs["b1"])
    scores = hidden @ theirs["W2"] + theirs["b2"]
    expected = torch.nn.functional.cross_entropy(scores, torch.tensor(t))
    expected.backward()
    loss, grads = net.loss_and_gradient(x, t)
    assert loss == pytest.approx(expected.item(), rel=1e-12)
    assert net.loss(x, t) == loss
    assert list(grads) == list(net.params)
    for name, g in grads.items():
        np.testing.assert_allclose(g, theirs[name].grad, rtol=1e-10, atol=1e-14)
        np.testing.assert_array_equal(net.gradient(x, t)[name], g)


def test_network_takes_one_hot_labels_and_a_single_sample(rng):
    net = TwoLayerNet(7, 5, 3, rng, std=0.5)
    x, t = rng.standard_normal((1, 7)), np.array([2])
    assert net.loss(x, np.eye(3)[t]) == pytest.approx(net.loss(x, t))
    for a, b in zip(
        net.gradient(x, np.eye(3)[t]).values(), net.gradient(x, t).values(), strict=True
    ):
        np.testing.assert_allclose(a, b)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_network_keeps_the_dtype(dtype, rng):
    for net in (
        TwoLayerNet(7, 5, 3, rng, dtype=dtype),
        DeepNet((7, 5, 3), rng, batch_norm=True, dropout=0.2, decay=0.1, dtype=dtype),
    ):
        x, t = rng.standard_normal((6, 7)).astype(dtype), rng.integers(0, 3, 6)
        grads = net.gradient(x, t)
        SGD(0.1).update(net.params, grads)
        arrays = [net.predict(x), *grads.values(), *net.params.values()]
        assert {a.dtype for a in arrays} == {np.dtype(dtype)}


def test_parameters_updated_in_place_reach_the_layers(rng):
    net = TwoLayerNet(7, 5, 3, rng, std=0.5)
    x, t = rng.standard_normal((6, 7)), rng.integers(0, 3, 6)
    before = net.loss(x, t)
    for _ in range(20):
        SGD(0.5).update(net.params, net.gradient(x, t))
    assert net.loss(x, t) < 0.7 * before


def test_hand_worked_network_of_chapter_4_gives_the_derived_numbers():
    params = {
        "W1": np.array([[0.2, 0.4], [0.3, 0.5]]),
        "b1": np.array([0.1, 0.2]),
        "W2": np.array([[0.5], [0.6]]),
        "b2": np.array([0.4]),
    }
    x, t = np.array([[0.9, 1.0]]), 2.0
    for factor, expected in [(1, 1.619155), (2, 1.935951)]:
        p = {name: a.copy() for name, a in params.items()}
        net = Sequential([Affine(p["W1"], p["b1"]), Relu(), Affine(p["W2"], p["b2"])])
        y = net.forward(x)
        assert y.item() == pytest.approx(1.326)
        net.backward(factor * (y - t))
        first, _, last = net.layers
        SGD(0.1).update(p, {"W1": first.dW, "b1": first.db, "W2": last.dW, "b2": last.db})
        assert net.forward(x).item() == pytest.approx(expected, abs=5e-7)


def test_accuracy_takes_integers_and_one_hot_rows():
    scores = np.array([[3.0, 1.0], [0.0, 1.0], [5.0, 2.0]])
    t = np.array([0, 1, 1])
    assert accuracy(scores, t) == accuracy(scores, np.eye(2)[t]) == pytest.approx(2 / 3)


@given(st.integers(0, 50), st.integers(1, 20))
def test_minibatches_show_every_sample_once(n, size):
    x, t = np.arange(2.0 * n).reshape(n, 2), np.arange(n)
    batches = list(minibatches(x, t, size, np.random.default_rng(0)))
    labels = np.concatenate([np.zeros(0, int), *(b for _, b in batches)])
    assert sorted(labels) == list(range(n))
    assert all(len(a) == len(b) == size for a, b in batches[:-1])
    for a, b in batches:
        np.testing.assert_array_equal(a, x[b])  # every sample has its own label


def test_minibatches_come_in_another_order_every_epoch(rng):
    first, second = (
        np.concatenate([b for _, b in minibatches(np.zeros(100), np.arange(100), 10, rng)])
        for _ in range(2)
    )
    assert (first != second).any() and (first != np.arange(100)).any()


def test_a_batch_needs_a_sample(rng):
    with pytest.raises(ValueError, match="at least one"):
        next(minibatches(np.zeros(10), np.zeros(10), 0, rng))


def test_every_sample_needs_a_label(rng):
    with pytest.raises(ValueError, match="10 samples and 9 labels"):
        next(minibatches(np.zeros(10), np.zeros(9), 3, rng))


def test_batches_are_arrays_of_their_own(rng):
    x = np.zeros((10, 2))
    kept = [a for a, _ in minibatches(x, np.arange(10), 3, rng)]
    kept[0] += 1
    assert not x.any() and not kept[1].any()


def test_training_tells_its_history_and_repeats_itself():
    d = load_digits()
    seen = []

    def run():
        rng = np.random.default_rng(5)
        return train(
            TwoLayerNet(64, 10, 10, rng, std=0.1),
            *d,
            epochs=2,
            batch_size=500,
            optimiser=SGD(0.5),
            rng=rng,
            after_epoch=lambda epoch, history: seen.append((epoch, len(history["loss"]))),
        )

    history = run()
    assert {name: len(values) for name, values in history.items()} == {
        "loss": 6,
        "train_accuracy": 2,
        "test_accuracy": 2,
    }
    assert seen == [(1, 3), (2, 6)]
    assert run() == history


@pytest.mark.parametrize("seed", range(3))
def test_digits_are_learnt_to_97_percent_whatever_the_start(seed):
    rng = np.random.default_rng(seed)
    net = TwoLayerNet(64, 50, 10, rng, std=0.1)
    history = train(net, *load_digits(), epochs=40, batch_size=50, optimiser=SGD(0.5), rng=rng)
    assert history["test_accuracy"][-1] >= 0.97
    assert history["loss"][-1] < history["loss"][0] / 10


def test_a_deep_network_with_all_remedies_learns_the_digits(rng):
    net = DeepNet((64, 50, 50, 50, 10), rng, batch_norm=True, dropout=0.1, decay=1e-4)
    history = train(net, *load_digits(), epochs=15, batch_size=50, optimiser=Adam(), rng=rng)
    assert history["test_accuracy"][-1] >= 0.96


def test_the_array_engine_trains_the_digits_to_97_percent(rng):
    x, t, x_test, t_test = load_digits()
    shapes = {"W1": (64, 50), "b1": (50,), "W2": (50, 10), "b2": (10,)}
    params = {name: Tensor(0.1 * rng.standard_normal(shape)) for name, shape in shapes.items()}

    def scores(x):
        hidden = (x @ params["W1"] + params["b1"]).relu()
        return hidden @ params["W2"] + params["b2"]

    for _ in range(40):
        for xs, ts in minibatches(x, t, 50, rng):
            for p in params.values():
                p.zero_grad()
            tensor_cross_entropy(scores(xs), ts).backward()
            for p in params.values():
                p.data -= 0.5 * p.grad
    assert accuracy(scores(x_test).data, t_test) >= 0.97
