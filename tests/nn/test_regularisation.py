"""Initialisation, weight decay, dropout and batch normalisation."""

from __future__ import annotations

import numpy as np
import pytest

from exercises_lib.nn import BatchNorm, Dropout, he, weight_decay, xavier


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_standard_deviations_follow_the_papers():
    assert xavier(30, 20) == pytest.approx(0.2)
    assert he(50) == pytest.approx(0.2)


def test_he_keeps_the_signal_through_many_relu_layers(rng):
    x = rng.standard_normal((500, 200))
    for _ in range(10):
        x = np.maximum(x @ (he(200) * rng.standard_normal((200, 200))), 0)
    assert 0.3 < np.mean(x**2) < 3


def test_weight_decay_agrees_with_its_own_gradient_and_spares_the_rest(rng):
    params = {name: rng.standard_normal((3, 2)) for name in ("W1", "b1", "gamma1", "weight2")}
    before = {name: rng.standard_normal((3, 2)) for name in params}
    grads = {name: g.copy() for name, g in before.items()}
    penalty = weight_decay(params, grads, 0.3)
    assert penalty == pytest.approx(0.15 * sum((params[k] ** 2).sum() for k in ("W1", "weight2")))
    for name in params:
        added = 0.3 * params[name] if name in ("W1", "weight2") else 0
        np.testing.assert_allclose(grads[name], before[name] + added)


def test_dropout_keeps_the_mean_and_switches_off_the_given_part(rng):
    x = np.ones((200, 500))
    out = Dropout(0.3).forward(x, rng=rng)
    assert np.mean(out == 0) == pytest.approx(0.3, abs=0.01)
    assert out.mean() == pytest.approx(1, abs=0.01)
    assert set(np.unique(out)) == {0, 1 / 0.7}


def test_dropout_backward_uses_the_same_mask(rng):
    layer = Dropout(0.5)
    out = layer.forward(np.ones((4, 5)), rng=rng)
    np.testing.assert_array_equal(layer.backward(np.ones((4, 5))), out)


def test_dropout_does_nothing_in_evaluation_even_after_training(rng):
    layer = Dropout(0.5)
    x = rng.standard_normal((4, 5))
    layer.forward(x, rng=rng)
    np.testing.assert_array_equal(layer.forward(x, train=False), x)
    np.testing.assert_array_equal(layer.backward(x), x)


def test_dropout_keeps_float32(rng):
    assert Dropout(0.3).forward(np.ones((2, 2), np.float32), rng=rng).dtype == np.float32


@pytest.mark.parametrize("rate", [-0.1, 1.0])
def test_dropout_refuses_impossible_rates(rate):
    with pytest.raises(ValueError, match="rate"):
        Dropout(rate)


def test_dropout_asks_for_a_generator_when_it_trains():
    with pytest.raises(ValueError, match="rng"):
        Dropout(0.5).forward(np.ones(3))


@pytest.mark.parametrize("train", [True, False])
def test_batch_norm_equals_pytorch(train, rng):
    torch = pytest.importorskip("torch")
    theirs = torch.nn.BatchNorm1d(4, dtype=torch.float64)
    ours = BatchNorm(4)
    gamma, beta = rng.standard_normal((2, 4))
    theirs.weight.data, theirs.bias.data = torch.tensor(gamma), torch.tensor(beta)
    ours.gamma, ours.beta = gamma, beta
    for _ in range(3):  # the running statistics move
        batch = 3 + 2 * rng.standard_normal((6, 4))
        theirs(torch.tensor(batch))
        ours.forward(batch)
    theirs.train(train)
    x, dout = rng.standard_normal((2, 5, 4))
    tx = torch.tensor(x, requires_grad=True)
    out = theirs(tx)
    out.backward(torch.tensor(dout))
    np.testing.assert_allclose(ours.forward(x, train=train), out.detach(), rtol=1e-12, atol=1e-12)
    dx = ours.backward(dout)
    for mine, other in [
        (dx, tx.grad),
        (ours.dgamma, theirs.weight.grad),
        (ours.dbeta, theirs.bias.grad),
        (ours.running_mean, theirs.running_mean),
        (ours.running_var, theirs.running_var),
    ]:
        np.testing.assert_allclose(mine, other, rtol=1e-12, atol=1e-12)


def test_batch_norm_keeps_its_inputs_and_float32(rng):
    x = rng.standard_normal((5, 4)).astype(np.float32)
    kept = x.copy()
    layer = BatchNorm(4, dtype=np.float32)
    out = layer.forward(x)
    dx = layer.backward(out)
    np.testing.assert_array_equal(x, kept)
    assert out.dtype == dx.dtype == layer.running_var.dtype == np.float32


def test_batch_norm_explains_that_one_sample_has_no_variance():
    with pytest.raises(ValueError, match="2 samples"):
        BatchNorm(4).forward(np.ones((1, 4)))
    assert BatchNorm(4).forward(np.ones((1, 4)), train=False).shape == (1, 4)
