"""The functional network, one sample per column."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exercises_lib.data import simulated_banknotes
from exercises_lib.nn import Affine, Relu, SigmoidWithLoss, columns, numerical_gradient


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_parameters_have_the_shapes_of_the_convention(rng):
    params = columns.init_params((4, 5, 1), rng)
    assert {name: p.shape for name, p in params.items()} == {
        "weight1": (5, 4),
        "bias1": (5, 1),
        "weight2": (1, 5),
        "bias2": (1, 1),
    }
    assert not params["bias1"].any() and params["weight1"].std() < 0.6


@settings(deadline=None, max_examples=15)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=3), st.integers(1, 5))
def test_gradients_equal_the_differences_for_any_sizes(sizes, n):
    rng = np.random.default_rng(0)
    params = columns.init_params((*sizes, 1), rng, std=1.0)
    for p in params.values():
        p += 0.1 * rng.standard_normal(p.shape)
    x, t = rng.standard_normal((sizes[0], n)), rng.integers(0, 2, (1, n)).astype(float)
    p, cache = columns.forward_pass(x, params)
    grads = columns.backward_pass(p, t, cache, params)

    def loss(_):
        return columns.loss_and_accuracy(columns.forward_pass(x, params)[0], t)[0]

    assert set(grads) == {f"d_{name}" for name in params}
    for name, array in params.items():
        np.testing.assert_allclose(
            grads[f"d_{name}"], numerical_gradient(loss, array), atol=1e-8, rtol=1e-6
        )


def test_it_is_the_layer_network_turned_on_its_side(rng):
    params = columns.init_params((4, 5, 1), rng, std=1.0)
    x, t = rng.standard_normal((4, 7)), rng.integers(0, 2, (1, 7)).astype(float)
    first = Affine(params["weight1"].T, params["bias1"][:, 0])
    relu = Relu()
    second = Affine(params["weight2"].T, params["bias2"][:, 0])
    last = SigmoidWithLoss()
    loss = last.forward(second.forward(relu.forward(first.forward(x.T))), t.T)
    first.backward(relu.backward(second.backward(last.backward())))
    p, cache = columns.forward_pass(x, params)
    grads = columns.backward_pass(p, t, cache, params)
    assert columns.loss_and_accuracy(p, t)[0] == pytest.approx(loss)
    np.testing.assert_allclose(grads["d_weight1"], first.dW.T, atol=1e-14)
    np.testing.assert_allclose(grads["d_bias1"][:, 0], first.db, atol=1e-14)
    np.testing.assert_allclose(grads["d_weight2"], second.dW.T, atol=1e-14)
    np.testing.assert_allclose(grads["d_bias2"][:, 0], second.db, atol=1e-14)


def test_a_second_backward_pass_gives_the_same(rng):
    params = columns.init_params((4, 5, 3, 1), rng, std=1.0)
    x, t = rng.standard_normal((4, 7)), rng.integers(0, 2, (1, 7)).astype(float)
    p, cache = columns.forward_pass(x, params)
    first = columns.backward_pass(p, t, cache, params)
    second = columns.backward_pass(p, t, cache, params)
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])


def test_saturated_probabilities_give_finite_losses_and_gradients(rng):
    params = columns.init_params((4, 5, 1), rng, std=1.0)
    x, t = 1e4 * rng.standard_normal((4, 20)), rng.integers(0, 2, (1, 20)).astype(float)
    p, cache = columns.forward_pass(x, params)
    assert {0.0, 1.0} <= set(p[0])
    assert np.isfinite(columns.loss_and_accuracy(p, t)[0])
    assert all(np.isfinite(g).all() for g in columns.backward_pass(p, t, cache, params).values())


def test_accuracy_counts_right_sides_of_one_half():
    _, accuracy = columns.loss_and_accuracy(
        np.array([[0.9, 0.2, 0.6, 0.4]]), np.array([[1.0, 0.0, 0.0, 1.0]])
    )
    assert accuracy == 0.5


def test_update_steps_downhill_in_place():
    weight = np.array([[1.0, 2.0]])
    params = {"weight1": weight, "bias1": np.array([[1.0]])}
    columns.update(
        params, {"d_weight1": np.array([[1.0, -1.0]]), "d_bias1": np.array([[2.0]])}, 0.1
    )
    assert params["weight1"] is weight
    np.testing.assert_allclose(weight, [[0.9, 2.1]])
    np.testing.assert_allclose(params["bias1"], [[0.8]])


def test_split_keeps_labels_with_their_samples_and_loses_none(rng):
    x = np.arange(20.0).reshape(2, 10)
    t = 100 * x[:1]
    x_train, t_train, x_val, t_val = columns.split(x, t, 7, rng)
    assert x_train.shape == (2, 7) and x_val.shape == (2, 3)
    np.testing.assert_array_equal(np.c_[t_train, t_val], 100 * np.c_[x_train, x_val][:1])
    assert sorted(np.c_[x_train, x_val][0]) == list(range(10))
    assert (x_train[0] != np.arange(7)).any()


@pytest.mark.parametrize("n_train", [0, 10, 11])
def test_split_refuses_an_empty_set(n_train, rng):
    with pytest.raises(ValueError, match="10 samples"):
        columns.split(np.ones((2, 10)), np.ones((1, 10)), n_train, rng)


def test_an_unknown_activation_is_named():
    with pytest.raises(ValueError, match="'softplus'"):
        columns.one_layer_forward(np.ones((2, 1)), np.ones((1, 2)), np.ones((1, 1)), "softplus")


def train_banknotes(x, t, seed, epochs=700):
    """Return the best validation accuracy within these epochs of full-batch descent."""
    rng = np.random.default_rng(seed)
    x_train, t_train, x_val, t_val = columns.split(x.T, t[np.newaxis].astype(float), 1097, rng)
    params = columns.init_params((4, 5, 1), rng)
    best = 0.0
    for epoch in range(epochs):
        p, cache = columns.forward_pass(x_train, params)
        columns.update(params, columns.backward_pass(p, t_train, cache, params), 0.1)
        if epoch % 10 == 9:
            p_val, _ = columns.forward_pass(x_val, params)
            best = max(best, columns.loss_and_accuracy(p_val, t_val)[1])
    return best


@pytest.mark.parametrize("seed", range(3))
def test_simulated_banknotes_are_learnt_to_98_percent(seed):
    notes = simulated_banknotes()
    assert train_banknotes(notes.x, notes.t, seed) >= 0.98
