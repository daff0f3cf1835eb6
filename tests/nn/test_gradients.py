"""The checkers, which must accept right gradients and reject wrong ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import array_shapes

from exercises_lib.nn import (
    Affine,
    BatchNorm,
    DeepNet,
    Relu,
    Sigmoid,
    SoftmaxWithLoss,
    Tanh,
    TwoLayerNet,
    check_layer,
    fast_gradient_check,
    gradient_check,
    numerical_gradient,
    relative_error,
)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@settings(deadline=None, max_examples=20)
@given(array_shapes(min_dims=0, max_dims=3, max_side=3))
def test_numerical_gradient_of_any_shape_is_right_and_restores_its_input(shape):
    x = np.random.default_rng(0).standard_normal(shape)
    x = np.asarray(x)
    kept = x.copy()
    grad = numerical_gradient(lambda x: float(np.sum(x**3)), x)
    assert grad.shape == shape
    np.testing.assert_allclose(grad, 3 * kept**2, atol=1e-8)
    np.testing.assert_array_equal(x, kept)


def test_numerical_gradient_sees_functions_that_read_the_array_themselves():
    w = np.array([2.0, 3.0])
    np.testing.assert_allclose(numerical_gradient(lambda _: float(w[0] * w[1]), w), [3, 2])


def test_numerical_gradient_works_through_a_view_that_is_not_contiguous():
    x = np.arange(12.0).reshape(3, 4).T
    np.testing.assert_allclose(numerical_gradient(lambda x: float((x**2).sum()), x), 2 * x)


def test_numerical_gradient_restores_its_input_when_the_function_fails():
    x = np.array([1.0, 2.0])
    with pytest.raises(ZeroDivisionError):
        numerical_gradient(lambda x: 1 / 0, x)
    np.testing.assert_array_equal(x, [1, 2])


def test_numerical_gradient_refuses_integers():
    with pytest.raises(TypeError, match="astype"):
        numerical_gradient(lambda x: float(x.sum()), np.array([1, 2]))


def test_relative_error_is_the_largest_entry_and_safe_at_zero():
    assert relative_error(np.array([1.0, 0.0]), np.array([1.0, 0.0])) == 0
    assert relative_error(np.array([1.0, 3.0]), np.array([1.0, 1.0])) == pytest.approx(0.5)
    assert relative_error(1e-6, -1e-6) == pytest.approx(1.0)
    assert relative_error(np.zeros((0, 2)), np.zeros((0, 2))) == 0


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_relative_error_of_what_is_not_a_number_exceeds_every_tolerance(bad):
    assert relative_error(np.array([1.0, bad]), np.array([1.0, bad])) == np.inf


def test_relative_error_refuses_different_shapes():
    with pytest.raises(ValueError, match="shapes differ"):
        relative_error(np.ones((1, 3)), np.ones(3))


@pytest.mark.parametrize("n", [1, 3])
def test_both_gradient_checks_accept_the_network_and_agree(n, rng):
    net = TwoLayerNet(6, 5, 4, rng, std=0.5)
    x, t = rng.standard_normal((n, 6)), rng.integers(0, 4, n)
    plain, fast = gradient_check(net, x, t), fast_gradient_check(net, x, t)
    assert set(plain) == set(fast) == {"W1", "b1", "W2", "b2"}
    assert max(plain.values()) < 1e-6
    assert max(fast.values()) < 1e-6


def test_gradient_checks_leave_the_network_as_it_was(rng):
    net = TwoLayerNet(6, 5, 4, rng)
    x, t = rng.standard_normal((3, 6)), np.array([0, 1, 2])
    kept = {name: p.copy() for name, p in net.params.items()}
    gradient_check(net, x, t)
    fast_gradient_check(net, x, t)
    for name, p in net.params.items():
        np.testing.assert_array_equal(p, kept[name])


class AffineWithWrongBias(Affine):
    def backward(self, dout):
        dx = super().backward(dout)
        self.db = self.db / 2
        return dx


class AffineWithWrongWeights(Affine):
    def backward(self, dout):
        dx = super().backward(dout)
        self.dW = self.x.T @ np.ones_like(dout)
        return dx


class AffineWithWrongInput(Affine):
    def backward(self, dout):
        super().backward(dout)
        return np.ones_like(dout) @ self.W.T


class ReluThatPassesEverything(Relu):
    def backward(self, dout):
        return dout


class AffineThatForgetsItsBias(Affine):
    def forward(self, x):
        return super().forward(x) - self.b


class AffineThatUsesItsWeightsTwice(Affine):
    def forward(self, x):
        return 2 * super().forward(x) - self.b


class ReluThatGivesNoNumber(Relu):
    def backward(self, dout):
        return dout * np.nan


class AffineWithABiasOfTwoAxes(Affine):
    def backward(self, dout):
        dx = super().backward(dout)
        self.db = self.db[:, None]
        return dx


class ReluThatForgetsDout(Relu):
    def backward(self, dout):
        return self.mask * 1.0


class SigmoidTwice(Sigmoid):
    def backward(self, dout):
        from exercises_lib.nn import sigmoid

        s = sigmoid(self.out)
        return dout * s * (1 - s)


class LossNotDivided(SoftmaxWithLoss):
    def backward(self, dout=1.0):
        return super().backward(dout) * len(self.y)


def broken_nets(rng):
    def net(**parts):
        made = TwoLayerNet(6, 5, 4, rng, std=0.5)
        for name, part in parts.items():
            if name == "last_layer":
                made.last_layer = part
            else:
                place = int(name[-1])
                old = made.layers[place]
                new = part(old.W, old.b) if issubclass(part, Affine) else part()
                made.layers[place] = new
                if place == 0:
                    made.affine1 = new
                if place == 2:
                    made.affine2 = new
        return made

    return {
        "bias of layer 1": net(layer0=AffineWithWrongBias),
        "weights of layer 1": net(layer0=AffineWithWrongWeights),
        "bias of layer 2": net(layer2=AffineWithWrongBias),
        "weights of layer 2": net(layer2=AffineWithWrongWeights),
        "input of layer 2": net(layer2=AffineWithWrongInput),
        "relu passes": net(layer1=ReluThatPassesEverything),
        "relu forgets": net(layer1=ReluThatForgetsDout),
        "loss": net(last_layer=LossNotDivided()),
        "forward of layer 1 without b": net(layer0=AffineThatForgetsItsBias),
        "forward of layer 2 without b": net(layer2=AffineThatForgetsItsBias),
        "forward of layer 1 with 2 W": net(layer0=AffineThatUsesItsWeightsTwice),
        "forward of layer 2 with 2 W": net(layer2=AffineThatUsesItsWeightsTwice),
        "no number": net(layer1=ReluThatGivesNoNumber),
        "shape (M, 1)": net(layer2=AffineWithABiasOfTwoAxes),
    }


@pytest.mark.parametrize("check", [gradient_check, fast_gradient_check])
@pytest.mark.parametrize("name", broken_nets(np.random.default_rng(1)))
def test_gradient_checks_reject_a_broken_network(check, name):
    rng = np.random.default_rng(1)
    net = broken_nets(rng)[name]
    errors = check(net, rng.standard_normal((3, 6)), np.array([0, 3, 1]))
    assert max(errors.values()) > 1e-3


@pytest.mark.parametrize(
    "layer",
    [
        AffineWithWrongBias(np.ones((4, 3)), np.ones(3)),
        AffineWithWrongWeights(np.ones((4, 3)), np.ones(3)),
        AffineWithWrongInput(np.ones((4, 3)), np.ones(3)),
        ReluThatPassesEverything(),
        ReluThatForgetsDout(),
        SigmoidTwice(),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_check_layer_rejects_wrong_layers(layer, rng):
    assert check_layer(layer, rng.standard_normal((5, 4)), rng) > 1e-3


@pytest.mark.parametrize(
    "layer",
    [Affine(np.ones((4, 3)), np.ones(3)), Relu(), Sigmoid(), Tanh(), BatchNorm(4)],
    ids=lambda layer: type(layer).__name__,
)
@pytest.mark.parametrize("n", [2, 5])
def test_check_layer_accepts_right_layers(layer, n, rng):
    assert check_layer(layer, rng.standard_normal((n, 4)), rng) < 1e-5


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"batch_norm": True},
        {"decay": 0.1},
        {"activation": Tanh, "batch_norm": True, "decay": 0.1},
    ],
)
def test_deep_network_passes_the_gradient_check(options, rng):
    net = DeepNet((5, 8, 6, 3), rng, **options)
    for p in net.params.values():  # away from the kinks and symmetries of the start
        p += 0.1 * rng.standard_normal(p.shape)
    errors = gradient_check(net, rng.standard_normal((7, 5)), rng.integers(0, 3, 7))
    assert max(errors.values()) < 1e-5
