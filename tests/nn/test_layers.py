"""Layers and losses: differences, complex step, PyTorch, purity, shapes, and bad input."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, mutually_broadcastable_shapes

from exercises_lib.nn import (
    AddLayer,
    Affine,
    MulLayer,
    Relu,
    Sequential,
    Sigmoid,
    SigmoidWithLoss,
    SoftmaxWithLoss,
    Tanh,
    binary_cross_entropy,
    check_layer,
    cross_entropy,
    matmul_backward,
    mean_squared_error,
    numerical_gradient,
    relative_error,
    sigmoid,
    softmax,
    unbroadcast,
)


def complex_step(f, x):
    """Differentiate f without subtracting anything: the imaginary part of f(x + ih) over h."""
    h = 1e-30
    grad = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        z = x.astype(complex)
        z[i] += 1j * h
        grad[i] = f(z).imag / h
    return grad


@pytest.fixture
def rng():
    return np.random.default_rng(0)


# Gates


def test_shop_of_four_layers_gives_the_gradients_of_the_course():
    apples, oranges, fruit, tax = MulLayer(), MulLayer(), AddLayer(), MulLayer()
    total = tax.forward(fruit.forward(apples.forward(100, 2), oranges.forward(150, 3)), 1.1)
    dfruit, dtax = tax.backward(1)
    dapples, doranges = fruit.backward(dfruit)
    gradients = [*apples.backward(dapples), *oranges.backward(doranges), dtax]
    assert total == pytest.approx(715)
    assert gradients == pytest.approx([2.2, 110, 3.3, 165, 650])


def test_gates_take_arrays_too(rng):
    x, y, dout = rng.standard_normal((3, 2, 4))
    gate = MulLayer()
    gate.forward(x, y)
    dx, dy = gate.backward(dout)
    np.testing.assert_array_equal(dx, dout * y)
    np.testing.assert_array_equal(dy, dout * x)


# Activations


@settings(deadline=None, max_examples=15)
@given(array_shapes(max_dims=3, max_side=4), st.sampled_from([Relu, Sigmoid, Tanh]))
def test_activation_gradient_equals_the_differences_for_any_shape(shape, layer):
    rng = np.random.default_rng(0)
    assert check_layer(layer(), rng.standard_normal(shape), rng) < 1e-6


@pytest.mark.parametrize("layer, name", [(Relu, "relu"), (Sigmoid, "sigmoid"), (Tanh, "tanh")])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_activation_equals_pytorch(layer, name, dtype, rng):
    torch = pytest.importorskip("torch")
    x = (20 * rng.standard_normal((5, 7))).astype(dtype)
    dout = rng.standard_normal((5, 7)).astype(dtype)
    theirs = torch.tensor(x, requires_grad=True)
    out = getattr(torch, name)(theirs)
    out.backward(torch.tensor(dout))
    ours = layer()
    tolerance = 1e-12 if dtype == np.float64 else 1e-5
    np.testing.assert_allclose(ours.forward(x), out.detach(), rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(ours.backward(dout), theirs.grad, rtol=tolerance, atol=tolerance)
    assert ours.forward(x).dtype == ours.backward(dout).dtype == dtype


def test_tanh_equals_the_complex_step(rng):
    x, dout = rng.standard_normal((2, 3, 4))
    layer = Tanh()
    layer.forward(x)
    exact = complex_step(lambda z: np.sum(np.tanh(z) * dout), x)
    np.testing.assert_allclose(layer.backward(dout), exact, rtol=1e-14)


def test_relu_backward_is_zero_where_the_input_was_not_positive():
    layer = Relu()
    layer.forward(np.array([-1.0, 0.0, 2.0]))
    np.testing.assert_array_equal(layer.backward(np.array([5.0, 5.0, -5.0])), [0, 0, -5])


def test_sigmoid_keeps_small_probabilities_and_never_overflows():
    x = np.array([-1000.0, -50.0, 0.0, 50.0, 1000.0])
    np.testing.assert_allclose(sigmoid(x), [0, 1.928749847963918e-22, 0.5, 1, 1], rtol=1e-14)
    assert sigmoid(np.float32([-200, 200])).dtype == np.float32


@pytest.mark.parametrize(
    "layer",
    [Relu(), Sigmoid(), Tanh(), Affine(np.ones((4, 3)), np.ones(3))],
    ids=lambda layer: type(layer).__name__,
)
def test_layers_change_neither_their_input_nor_dout_and_repeat_themselves(layer, rng):
    x = rng.standard_normal((2, 4))
    kept = x.copy()
    out = layer.forward(x)
    dout = rng.standard_normal(out.shape)
    dkept = dout.copy()
    first = layer.backward(dout).copy()
    np.testing.assert_array_equal(layer.backward(dout), first)
    np.testing.assert_array_equal(layer.forward(x), out)
    np.testing.assert_array_equal(x, kept)
    np.testing.assert_array_equal(dout, dkept)


# Affine


@settings(deadline=None, max_examples=15)
@given(st.integers(1, 5), st.integers(1, 5), st.integers(1, 5))
def test_affine_gradients_equal_the_differences_for_all_shapes(n, d, m):
    rng = np.random.default_rng(0)
    layer = Affine(rng.standard_normal((d, m)), rng.standard_normal(m))
    assert check_layer(layer, rng.standard_normal((n, d)), rng) < 1e-6


def test_affine_gradients_equal_the_complex_step(rng):
    W, b, x = rng.standard_normal((4, 3)), rng.standard_normal(3), rng.standard_normal((5, 4))
    dout = rng.standard_normal((5, 3))
    layer = Affine(W, b)
    layer.forward(x)
    dx = layer.backward(dout)
    np.testing.assert_allclose(
        dx, complex_step(lambda z: np.sum((z @ W + b) * dout), x), rtol=1e-13
    )
    np.testing.assert_allclose(
        layer.dW, complex_step(lambda z: np.sum((x @ z + b) * dout), W), rtol=1e-13
    )
    np.testing.assert_allclose(
        layer.db, complex_step(lambda z: np.sum((x @ W + z) * dout), b), rtol=1e-13
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_affine_equals_pytorch_and_keeps_the_dtype(dtype, rng):
    torch = pytest.importorskip("torch")
    W, b, x, dout = (rng.standard_normal(s).astype(dtype) for s in [(4, 3), (3,), (5, 4), (5, 3)])
    tW, tb, tx = (torch.tensor(a, requires_grad=True) for a in (W, b, x))
    out = tx @ tW + tb
    out.backward(torch.tensor(dout))
    layer = Affine(W, b)
    tolerance = 1e-12 if dtype == np.float64 else 1e-5
    np.testing.assert_allclose(layer.forward(x), out.detach(), rtol=tolerance, atol=tolerance)
    dx = layer.backward(dout)
    for ours, theirs in [(dx, tx.grad), (layer.dW, tW.grad), (layer.db, tb.grad)]:
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)
        assert ours.dtype == dtype


def test_affine_takes_images_and_gives_their_gradient_the_same_shape(rng):
    layer = Affine(rng.standard_normal((6, 2)), np.zeros(2))
    images = rng.standard_normal((3, 2, 3))
    assert layer.forward(images).shape == (3, 2)
    assert check_layer(layer, images, rng) < 1e-6


def test_a_first_layer_saves_the_gradient_that_nobody_uses(rng):
    layer = Affine(rng.standard_normal((4, 3)), np.zeros(3), needs_dx=False)
    assert check_layer(layer, rng.standard_normal((5, 4)), rng) < 1e-6
    assert layer.backward(np.ones((5, 3))) is None


def test_affine_says_which_shapes_do_not_fit(rng):
    layer = Affine(rng.standard_normal((4, 3)), np.zeros(3))
    with pytest.raises(ValueError, match=r"\(5, 3\): 3 numbers per sample.*takes 4"):
        layer.forward(np.ones((5, 3)))
    with pytest.raises(ValueError, match=r"\(M,\)"):
        Affine(np.ones((4, 3)), np.zeros(4))
    with pytest.raises(ValueError, match=r"\(M,\)"):
        Affine(np.ones((4, 3)), np.zeros((1, 3)))


def test_matmul_backward_equals_the_differences(rng):
    W, X, dD = (rng.standard_normal(s) for s in [(5, 10), (10, 3), (5, 3)])
    dW, dX = matmul_backward(W, X, dD)
    assert relative_error(dW, numerical_gradient(lambda W: np.sum(W @ X * dD), W), 1e-3) < 1e-6
    assert relative_error(dX, numerical_gradient(lambda X: np.sum(W @ X * dD), X), 1e-3) < 1e-6


@settings(deadline=None)
@given(mutually_broadcastable_shapes(num_shapes=1, base_shape=(2, 3, 4), max_dims=3))
def test_unbroadcast_is_the_gradient_of_broadcasting(shapes):
    grad = np.random.default_rng(0).standard_normal(shapes.result_shape)
    x = np.zeros(shapes.input_shapes[0])
    numerical = numerical_gradient(lambda x: float(np.sum((grad * 0 + x) * grad)), x)
    ours = unbroadcast(grad, x.shape)
    assert ours.shape == x.shape
    np.testing.assert_allclose(ours, numerical, atol=1e-8)


def test_sequential_goes_there_and_back(rng):
    layers = [
        Affine(rng.standard_normal((4, 5)), rng.standard_normal(5)),
        Tanh(),
        Affine(rng.standard_normal((5, 3)), rng.standard_normal(3)),
        Sigmoid(),
    ]
    assert check_layer(Sequential(layers), rng.standard_normal((6, 4)), rng) < 1e-6


# Softmax and cross-entropy


def test_softmax_is_right_row_by_row_and_for_large_scores():
    np.testing.assert_allclose(softmax(np.log([[1.0, 3.0], [2.0, 2.0]])), [[0.25, 0.75], [0.5] * 2])
    np.testing.assert_allclose(softmax(np.array([1000.0, 0.0, -1000.0])), [1, 0, 0])


def test_cross_entropy_takes_integers_one_hot_rows_and_single_samples(rng):
    y = softmax(rng.standard_normal((4, 3)))
    t = np.array([2, 0, 1, 1])
    expected = -np.log(y[np.arange(4), t]).mean()
    assert cross_entropy(y, t) == pytest.approx(expected)
    assert cross_entropy(y, np.eye(3)[t]) == pytest.approx(expected)
    assert cross_entropy(y[0], np.array(2)) == pytest.approx(-np.log(y[0, 2]))
    assert cross_entropy(y[0], np.eye(3)[2]) == pytest.approx(-np.log(y[0, 2]))


def test_cross_entropy_of_a_vanished_probability_is_large_and_finite():
    assert 700 < cross_entropy(np.array([[0.0, 1.0]]), np.array([0])) < 710


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 5), st.integers(2, 5), st.booleans(), st.floats(-3, 3))
def test_softmax_with_loss_gradient_equals_the_complex_step(n, c, one_hot, dout):
    rng = np.random.default_rng(n * 10 + c)
    x, t = 3 * rng.standard_normal((n, c)), rng.integers(0, c, n)
    layer = SoftmaxWithLoss()
    layer.forward(x, np.eye(c)[t] if one_hot else t)

    def loss(z):
        log_sum = np.log(np.exp(z).sum(axis=1))
        return dout * (log_sum - z[np.arange(n), t]).mean()

    np.testing.assert_allclose(layer.backward(dout), complex_step(loss, x), atol=1e-14)


@pytest.mark.parametrize("n", [1, 6])
def test_softmax_with_loss_equals_pytorch(n, rng):
    torch = pytest.importorskip("torch")
    x, t = 50 * rng.standard_normal((n, 4)), rng.integers(0, 4, n)
    theirs = torch.tensor(x, requires_grad=True)
    loss = torch.nn.functional.cross_entropy(theirs, torch.tensor(t))
    loss.backward()
    layer = SoftmaxWithLoss()
    assert layer.forward(x, t) == pytest.approx(loss.item(), rel=1e-12)
    np.testing.assert_allclose(layer.backward(), theirs.grad, atol=1e-14)


def test_softmax_with_loss_is_exact_where_a_probability_vanishes():
    assert SoftmaxWithLoss().forward(np.array([[0.0, 20.0]]), np.array([0])) == pytest.approx(20.0)
    assert SoftmaxWithLoss().forward(np.array([[0.0, 5000.0]]), np.array([0])) == 5000.0


def test_softmax_with_loss_repeats_itself_and_keeps_its_inputs(rng):
    x, t = rng.standard_normal((3, 4)), np.array([1, 0, 3])
    kept = x.copy()
    layer = SoftmaxWithLoss()
    layer.forward(x, t)
    first = layer.backward()
    np.testing.assert_array_equal(layer.backward(), first)
    np.testing.assert_allclose(layer.y, softmax(x))
    np.testing.assert_array_equal(x, kept)
    assert layer.backward(2.0) == pytest.approx(2 * first)


@pytest.mark.parametrize(
    "t, words",
    [
        (np.array([0, 1, 3]), "labels go from 0 to 2; t has labels from 0 to 3"),
        (np.array([0, 1, -1]), "from -1 to 1"),
        (np.array([0, 1]), r"integers of shape \(3,\) or one-hot rows of shape \(3, 3\)"),
        (np.array([0.0, 1.0, 2.0]), "float64"),
        (np.ones((3, 4)), r"\(3, 4\)"),
    ],
)
@pytest.mark.parametrize("loss", [SoftmaxWithLoss().forward, cross_entropy])
def test_labels_that_do_not_fit_are_explained(loss, t, words):
    with pytest.raises(ValueError, match=words):
        loss(np.full((3, 3), 1 / 3), t)


# Other losses


@pytest.mark.parametrize("shape", [(1,), (5,), (1, 7), (3, 2)])
def test_sigmoid_with_loss_equals_pytorch(shape, rng):
    torch = pytest.importorskip("torch")
    x, t = 30 * rng.standard_normal(shape), rng.integers(0, 2, shape).astype(float)
    theirs = torch.tensor(x, requires_grad=True)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(theirs, torch.tensor(t))
    loss.backward(torch.tensor(1.7, dtype=torch.float64))
    layer = SigmoidWithLoss()
    assert layer.forward(x, t) == pytest.approx(loss.item(), rel=1e-12)
    np.testing.assert_allclose(layer.backward(1.7), theirs.grad, atol=1e-14)


def test_binary_cross_entropy_equals_the_differences_and_the_fused_layer(rng):
    x, t = rng.standard_normal((2, 5)), rng.integers(0, 2, (2, 5)).astype(float)
    p = sigmoid(x)
    loss, dp = binary_cross_entropy(p, t)
    numerical = numerical_gradient(lambda p: binary_cross_entropy(p, t)[0], p)
    assert relative_error(dp, numerical) < 1e-7
    fused = SigmoidWithLoss()
    assert fused.forward(x, t) == pytest.approx(loss)
    np.testing.assert_allclose(fused.backward(), dp * p * (1 - p), rtol=1e-10)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_binary_cross_entropy_is_finite_at_zero_and_one(dtype):
    p = np.array([0.0, 1.0, 0.0, 1.0], dtype)
    loss, dp = binary_cross_entropy(p, np.array([0.0, 1.0, 1.0, 0.0], dtype))
    assert np.isfinite(loss) and np.isfinite(dp).all()
    assert dp[2] < -1000 and dp[3] > 1000  # the wrong ones still learn


def test_mean_squared_error_equals_pytorch(rng):
    torch = pytest.importorskip("torch")
    y, t = rng.standard_normal((2, 4, 3))
    theirs = torch.tensor(y, requires_grad=True)
    expected = torch.nn.functional.mse_loss(theirs, torch.tensor(t))
    expected.backward()
    loss, dy = mean_squared_error(y, t)
    assert loss == pytest.approx(expected.item())
    np.testing.assert_allclose(dy, theirs.grad)


@pytest.mark.parametrize(
    "loss", [mean_squared_error, binary_cross_entropy, SigmoidWithLoss().forward]
)
def test_losses_refuse_shapes_that_would_broadcast(loss):
    with pytest.raises(ValueError, match=r"\(3, 1\), targets \(3,\)"):
        loss(np.full((3, 1), 0.5), np.zeros(3))
