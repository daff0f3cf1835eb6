"""The array engine: every rule against differences and PyTorch, broadcasting, aliasing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

from exercises_lib.nn import (
    SoftmaxWithLoss,
    Tensor,
    log_softmax,
    numerical_gradient,
    relative_error,
    tensor_cross_entropy,
)


def assert_gradients_are_right(f, *arrays):
    """Compare backward() with central differences for a weighted sum of f's result."""
    tensors = [Tensor(a) for a in arrays]
    out = f(*tensors)
    weights = np.random.default_rng(1).standard_normal(out.shape)
    (out * weights).sum().backward()
    for tensor in tensors:
        numerical = numerical_gradient(
            lambda _: float((f(*map(Tensor, arrays)).data * weights).sum()), tensor.data
        )
        assert tensor.grad is not None and tensor.grad.shape == tensor.shape
        assert relative_error(tensor.grad, numerical, floor=1e-3) < 1e-6


A = np.random.default_rng(0).standard_normal((3, 4))
POSITIVE = np.abs(A) + 0.5
C = np.random.default_rng(2).standard_normal(4)

UNARY = {
    "neg": lambda x: -x,
    "exp": lambda x: x.exp(),
    "log": lambda x: x.log(),
    "relu": lambda x: (x - 1).relu(),
    "tanh": lambda x: x.tanh(),
    "square": lambda x: x**2,
    "root": lambda x: x**0.5,
    "power 0": lambda x: x**0,
    "sum": lambda x: x.sum(),
    "sum over axis 0": lambda x: x.sum(axis=0),
    "sum over axis -1": lambda x: x.sum(axis=-1),
    "sum over both": lambda x: x.sum(axis=(0, 1)),
    "sum keepdims": lambda x: x.sum(axis=1, keepdims=True),
    "mean": lambda x: x.mean(),
    "mean over axis 1": lambda x: x.mean(axis=1),
    "mean keepdims": lambda x: x.mean(axis=0, keepdims=True),
    "reshape": lambda x: x.reshape(2, 6) * np.arange(12.0).reshape(2, 6),
    "reshape -1": lambda x: x.reshape(-1) * np.arange(12.0),
    "transpose": lambda x: x.T * np.arange(12.0).reshape(4, 3),
    "constant left": lambda x: C + C * x - C / x,
    "constant right": lambda x: x + x * C - x / C,
    "constant minus": lambda x: C - x,
    "number": lambda x: 2 * x + 1 - x / 3 + 5 / x,
    "product with a constant": lambda x: x @ np.arange(8.0).reshape(4, 2),
    "constant times matrix": lambda x: np.arange(6.0).reshape(2, 3) @ x,
    "one row": lambda x: x[1],
    "a slice": lambda x: x[:, 1:3],
    "repeated rows": lambda x: x[np.array([0, 2, 0, 0])],
    "one entry per row": lambda x: x[np.arange(3), np.array([1, 1, 3])],
    "used twice": lambda x: x * x + x.exp() * x,
    "log softmax": log_softmax,
}


@pytest.mark.parametrize("name", UNARY)
def test_gradient_of_a_rule_equals_the_differences(name):
    assert_gradients_are_right(UNARY[name], POSITIVE.copy())


@settings(deadline=None, max_examples=40)
@given(
    mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3),
    st.sampled_from(["+", "-", "*", "/"]),
)
def test_gradients_of_broadcast_operands_have_the_operands_shapes(shapes, sign):
    rng = np.random.default_rng(3)
    x, y = (rng.uniform(0.5, 2, size=shape) for shape in shapes.input_shapes)
    rules = {
        "+": lambda a, b: a + b,
        "-": lambda a, b: a - b,
        "*": lambda a, b: a * b,
        "/": lambda a, b: a / b,
    }
    assert_gradients_are_right(rules[sign], x, y)


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4))
def test_gradient_of_a_matrix_product_is_right_for_all_shapes(n, d, m):
    rng = np.random.default_rng(4)
    x, w, b = rng.standard_normal((n, d)), rng.standard_normal((d, m)), rng.standard_normal(m)
    assert_gradients_are_right(lambda x, w, b: (x @ w + b).tanh(), x, w, b)


def test_a_matrix_times_itself_adds_both_gradients():
    assert_gradients_are_right(lambda a: a @ a.T @ a, A.copy())


def test_cross_entropy_equals_the_fused_layer():
    t = np.array([3, 0, 1])
    scores = Tensor(100 * A)
    loss = tensor_cross_entropy(scores, t)
    loss.backward()
    layer = SoftmaxWithLoss()
    assert loss.data == pytest.approx(layer.forward(100 * A, t), rel=1e-12)
    np.testing.assert_allclose(scores.grad, layer.backward(), atol=1e-14)


def test_a_network_has_the_gradients_that_pytorch_finds():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(5)
    x, t = rng.standard_normal((6, 4)), np.array([0, 2, 1, 1, 0, 2])
    arrays = [rng.standard_normal(s) for s in [(4, 5), (5,), (5, 3), (3,)]]
    w1, b1, w2, b2 = ours = [Tensor(a) for a in arrays]
    tensor_cross_entropy((x @ w1 + b1).relu() @ w2 + b2, t).backward()
    theirs = [torch.tensor(a, requires_grad=True) for a in arrays]
    v1, c1, v2, c2 = theirs
    scores = (torch.tensor(x) @ v1 + c1).relu() @ v2 + c2
    torch.nn.functional.cross_entropy(scores, torch.tensor(t)).backward()
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine.grad, other.grad.numpy(), rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize(
    "graph",
    [
        lambda a: (a * a + a).sum(),
        lambda a: ((a * 3) * (a * 3) * a).sum(),
        lambda a: (lambda h: (h + h.exp()).sum())(a.tanh()),
        lambda a: (lambda h: (h * (h.tanh() * 1.1).tanh().exp()).sum())(a * 0.5),
    ],
    ids=["leaf fork", "inner fork", "short skew", "long skew"],
)
def test_graph_shapes_and_a_second_backward(graph):
    assert_gradients_are_right(graph, A.copy())
    a = Tensor(A)
    output = graph(a)
    output.backward()
    once = a.grad.copy()
    output.backward()
    np.testing.assert_allclose(a.grad, 2 * once)


def test_zero_grad_forgets():
    a = Tensor(A)
    a.sum().backward()
    a.zero_grad()
    assert a.grad is None
    a.sum().backward()
    np.testing.assert_array_equal(a.grad, np.ones_like(A))


def test_a_long_chain_meets_no_recursion_limit():
    a = Tensor(1.0)
    y = a
    for _ in range(10_000):
        y = y + 1.0
    y.backward()
    assert a.grad == 1.0


def test_gradients_of_inputs_are_arrays_of_their_own():
    a, b = Tensor(A), Tensor(A)
    (a + b).sum().backward()
    a.grad *= 0  # neither read-only nor shared
    np.testing.assert_array_equal(b.grad, np.ones_like(A))


def test_backward_leaves_the_data_alone():
    a = Tensor(A.copy())
    ((a * a).exp().sum(axis=0)[np.array([0, 0])]).sum().backward()
    np.testing.assert_array_equal(a.data, A)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_is_kept(dtype):
    a, w = Tensor(A.astype(dtype)), Tensor(A.T.astype(dtype))
    loss = ((a @ w * 2 + 1).relu().mean(axis=0) / 3).exp().sum()
    loss.backward()
    assert loss.data.dtype == a.grad.dtype == w.grad.dtype == dtype


def test_integers_become_floats():
    assert Tensor([1, 2]).data.dtype == np.float64


def test_an_array_has_no_single_gradient():
    with pytest.raises(ValueError, match="sum"):
        Tensor(A).backward()


def test_a_vector_in_a_matrix_product_is_refused():
    with pytest.raises(ValueError, match="two matrices"):
        Tensor(A) @ Tensor(C)
    with pytest.raises(ValueError, match="two matrices"):
        C @ Tensor(A.T)


def test_a_tensor_as_exponent_is_refused():
    with pytest.raises(TypeError, match="exponent"):
        Tensor(A) ** Tensor(A)


def test_a_tensor_shows_its_numbers_and_its_length():
    assert repr(Tensor([1.0, 2.0], label="w")) == "Tensor(w: [1., 2.])"
    assert len(Tensor(A)) == 3
