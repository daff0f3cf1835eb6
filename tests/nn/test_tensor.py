"""The array engine: every rule against differences and PyTorch, broadcasting, aliasing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

from exercises_lib.nn import (
    BatchNorm,
    SoftmaxWithLoss,
    Tensor,
    log_softmax,
    no_grad,
    numerical_gradient,
    relative_error,
    tensor_batch_norm,
    tensor_cross_entropy,
    where,
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
    "mean over both, keepdims": lambda x: x.mean(axis=(0, 1), keepdims=True),
    "max": lambda x: x.max(),
    "max over axis 0": lambda x: x.max(axis=0),
    "max over axis -1": lambda x: x.max(axis=-1),
    "max over both": lambda x: x.max(axis=(0, 1)),
    "max keepdims": lambda x: x - x.max(axis=1, keepdims=True),
    "where, both recorded": lambda x: where(A > 0, x * x, x.exp()),
    "where, a constant": lambda x: where(x.data > 1, x.log(), 7.0) + where(A > 0, C, x),
    "where, broadcast": lambda x: where(A > 0, x[0], x[:, :1]),
    "reshape": lambda x: x.reshape(2, 6) * np.arange(12.0).reshape(2, 6),
    "reshape -1": lambda x: x.reshape(-1) * np.arange(12.0),
    "transpose": lambda x: x.T * np.arange(12.0).reshape(4, 3),
    "axes reordered": lambda x: (
        x.reshape(2, 3, 2).transpose(1, 2, 0) * np.arange(12.0).reshape(3, 2, 2)
    ),
    "axes counted from behind": lambda x: (
        x.reshape(2, 3, 2).transpose(-1, 0, 1) * np.arange(12.0).reshape(2, 2, 3)
    ),
    "stack times a constant": lambda x: x.reshape(2, 3, 2) @ np.arange(8.0).reshape(2, 2, 2),
    "constant times a stack": lambda x: np.arange(6.0).reshape(2, 3) @ x.reshape(2, 3, 2),
    "constant left": lambda x: C + C * x - C / x,
    "constant right": lambda x: x + x * C - x / C,
    "constant minus": lambda x: C - x,
    "number": lambda x: 2 * x + 1 - x / 3 + 5 / x,
    "product with a constant": lambda x: x @ np.arange(8.0).reshape(4, 2),
    "constant times matrix": lambda x: np.arange(6.0).reshape(2, 3) @ x,
    "one row": lambda x: x[1],
    "a slice": lambda x: x[:, 1:3],
    "repeated rows": lambda x: x[np.array([0, 2, 0, 0])],
    "a list of rows": lambda x: x[[0, 2, 0]],
    "a row and a new axis": lambda x: x[1, None] * x[..., :1],
    "a mask": lambda x: x[A > 0],
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


@pytest.mark.parametrize(
    ("left", "right"),
    [((5, 2, 3), (5, 3, 4)), ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)), ((1, 2, 3), (6, 1, 3, 4))],
    ids=["two stacks", "stack and matrix", "matrix and stack", "broadcast stacks"],
)
def test_products_of_stacks_of_matrices(left, right):
    rng = np.random.default_rng(6)
    assert_gradients_are_right(lambda x, y: x @ y, rng.normal(size=left), rng.normal(size=right))


def test_where_several_entries_are_largest_they_share_the_gradient_as_in_pytorch():
    torch = pytest.importorskip("torch")
    a = np.array([[2.0, 5.0, 5.0], [1.0, 1.0, 1.0]])
    ours, theirs = Tensor(a), torch.tensor(a, requires_grad=True)
    (ours.max(axis=1) * np.array([3.0, 6.0])).sum().backward()
    (theirs.amax(dim=1) * torch.tensor([3.0, 6.0], dtype=torch.float64)).sum().backward()
    np.testing.assert_array_equal(ours.grad, theirs.grad.numpy())


def attention(xp, q, k, v):
    """One head of attention for a stack of sequences; the functions that differ come in `xp`."""
    scores = q @ xp["swap"](k) * 0.5
    e = (scores - xp["max"](scores)).exp()
    return e / xp["sum"](e) @ v


def test_attention_has_the_gradients_that_pytorch_finds():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(7)
    arrays = [rng.normal(size=shape) for shape in [(2, 4, 3), (2, 5, 3), (2, 5, 6)]]
    ours, theirs = ([make(a) for a in arrays] for make in (Tensor, torch.tensor))
    for tensor in theirs:
        tensor.requires_grad_()
    numpy_like = {
        "swap": lambda x: x.transpose(0, 2, 1),
        "max": lambda x: x.max(axis=-1, keepdims=True),
        "sum": lambda x: x.sum(axis=-1, keepdims=True),
    }
    torch_like = {
        "swap": lambda x: x.transpose(1, 2),
        "max": lambda x: x.amax(dim=-1, keepdim=True),
        "sum": lambda x: x.sum(dim=-1, keepdim=True),
    }
    (attention(numpy_like, *ours) ** 2).sum().backward()
    (attention(torch_like, *theirs) ** 2).sum().backward()
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine.grad, other.grad.numpy(), rtol=1e-10, atol=1e-13)


def test_batch_norm_without_backward_code_equals_the_layer():
    rng = np.random.default_rng(8)
    x, gamma, beta = (Tensor(rng.normal(size=shape)) for shape in [(6, 3), (3,), (3,)])
    dout = rng.normal(size=(6, 3))
    out = tensor_batch_norm(x, gamma, beta)
    (out * dout).sum().backward()
    layer = BatchNorm(3)
    layer.gamma, layer.beta = gamma.data, beta.data
    np.testing.assert_allclose(out.data, layer.forward(x.data), atol=1e-12)
    np.testing.assert_allclose(x.grad, layer.backward(dout), atol=1e-12)
    np.testing.assert_allclose(gamma.grad, layer.dgamma, atol=1e-12)
    np.testing.assert_allclose(beta.grad, layer.dbeta, atol=1e-12)


# Each takes a tensor, a second one and a constant array, and is followed by a change of all three.
SAVED = {
    "product": lambda x, y, c: x * y,
    "product with a constant": lambda x, y, c: x * c,
    "constant first": lambda x, y, c: c * x,
    "quotient": lambda x, y, c: x / y,
    "quotient by a constant": lambda x, y, c: x / c,
    "constant over": lambda x, y, c: c / x,
    "power": lambda x, y, c: x**3,
    "matrix product": lambda x, y, c: x @ y.T,
    "matrix times constant": lambda x, y, c: x @ c.T,
    "constant times matrix": lambda x, y, c: c.T @ x,
    "log": lambda x, y, c: x.log(),
    "exp": lambda x, y, c: x.exp(),
    "tanh": lambda x, y, c: x.tanh(),
    "relu": lambda x, y, c: (x - 1).relu(),
    "max": lambda x, y, c: x.max(axis=0),
    "where": lambda x, y, c: where(c > 1, x, y),
    "a transpose, used": lambda x, y, c: x.T * y.T,
    "a slice, used": lambda x, y, c: x[1:] * y[:-1],
    "another shape, used": lambda x, y, c: x.reshape(-1) ** 2,
}


def change_in_place(array):
    array[...] = array[::-1] * 3 + 1


def change_by_operator(array):
    array *= -2


@pytest.mark.parametrize("change", [change_in_place, change_by_operator])
@pytest.mark.parametrize("name", SAVED)
def test_numbers_that_change_after_an_operation_do_not_change_its_gradient(name, change):
    rng = np.random.default_rng(9)
    arrays = [rng.uniform(0.5, 2, size=(3, 4)) for _ in range(3)]
    found = []
    for changed in (False, True):
        x, y, c = Tensor(arrays[0].copy()), Tensor(arrays[1].copy()), arrays[2].copy()
        out = SAVED[name](x, y, c)
        if changed:
            for array in (x.data, y.data, c):
                change(array)
        (out * out).sum().backward()
        found.append((x.grad, y.grad))
    for untouched, after in zip(*found, strict=True):
        assert untouched is not None or after is None
        if untouched is not None:
            np.testing.assert_array_equal(after, untouched)


def test_numbers_that_are_replaced_after_an_operation_do_not_change_its_gradient():
    a, b = Tensor(A), Tensor(POSITIVE)
    y = (a * b).sum()
    b.data = 100
    y.backward()
    np.testing.assert_array_equal(a.grad, POSITIVE)
    np.testing.assert_array_equal(b.grad, A)


def test_an_index_that_changes_later_still_leads_back_to_the_same_places():
    a, rows, more = Tensor(A), np.array([0, 0]), [1]
    y = a[rows].sum() + a[more].sum()
    rows[:] = 2
    more[0] = 2
    y.backward()
    np.testing.assert_array_equal(a.grad[:, 0], [2, 1, 0])


@pytest.mark.parametrize(
    "make", [lambda a: a.exp(), lambda a: a.T, lambda a: a[1:], lambda a: 1 * a]
)
def test_the_numbers_of_a_result_cannot_be_written_into(make):
    a = Tensor(A.copy())
    with pytest.raises(ValueError, match="read-only"):
        make(a).data[0] = 5
    a.data[0] = 5  # those of an input can


def test_a_node_that_hands_its_operand_on_does_not_lock_it():
    a, b = Tensor(A.copy()), Tensor(A.copy())
    Tensor(b.data, (a, b), (lambda g: 0 * g, lambda g: g))
    b.data[0] = 5


def test_inside_no_grad_nothing_is_recorded_and_afterwards_everything_is():
    a = Tensor(A)
    with no_grad():
        with no_grad():
            pass
        inner = where(A > 0, a * a, 0)
    assert inner.parents == ()
    (inner * a).sum().backward()
    np.testing.assert_array_equal(a.grad, inner.data)
    assert inner.grad is not None


def test_recording_goes_on_after_an_error_inside_no_grad():
    with pytest.raises(ZeroDivisionError), no_grad():
        1 / 0  # noqa: B018
    assert (Tensor(A) * 2).parents != ()


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
