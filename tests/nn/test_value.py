"""The scalar engine: every rule against differences, every shape of graph, against PyTorch."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exercises_lib.nn import Value, maximum, topological_order

UNARY = {
    "neg": (lambda v: -v, [-1.5, 0.0, 2.0]),
    "exp": (lambda v: v.exp(), [-3.0, 0.0, 1.2]),
    "log": (lambda v: v.log(), [0.1, 1.0, 7.0]),
    "relu": (lambda v: v.relu(), [-2.0, 3.0]),
    "tanh": (lambda v: v.tanh(), [-2.0, 0.0, 0.4]),
    "sigmoid": (lambda v: v.sigmoid(), [-30.0, -0.5, 0.0, 2.0]),
    "reciprocal": (lambda v: v.reciprocal(), [-2.0, 0.5]),
    "square": (lambda v: v**2, [-2.0, 0.0, 0.5]),
    "cube": (lambda v: v**3, [-2.0, 1.0]),
    "power -1": (lambda v: v**-1, [-2.0, 0.5]),
    "power 0": (lambda v: v**0, [-2.0, 0.0]),
    "power 1.5": (lambda v: v**1.5, [0.3, 2.0]),
    "number plus": (lambda v: 3 + v, [1.0]),
    "plus number": (lambda v: v + 3, [1.0]),
    "number minus": (lambda v: 3 - v, [1.0]),
    "minus number": (lambda v: v - 3, [1.0]),
    "number times": (lambda v: 3 * v, [2.0]),
    "times number": (lambda v: v * 3, [2.0]),
    "number over": (lambda v: 3 / v, [-2.0, 0.7]),
    "over number": (lambda v: v / 3, [2.0]),
    "max with number": (lambda v: maximum(v, 1.0), [0.0, 2.0]),
    "number max with": (lambda v: maximum(1.0, v), [0.0, 2.0]),
}
BINARY = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "max": maximum,
}


def slope(f, x, h=1e-6):
    return (f(Value(x + h)).data - f(Value(x - h)).data) / (2 * h)


@pytest.mark.parametrize("name", UNARY)
def test_derivative_of_a_rule_with_one_operand_equals_the_slope(name):
    f, points = UNARY[name]
    for x in points:
        v = Value(x)
        f(v).backward()
        assert v.grad == pytest.approx(slope(f, x), rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("x, y", [(2.0, -3.0), (-0.5, 4.0), (1.5, 0.5)])
def test_derivatives_of_a_rule_with_two_operands_equal_the_slopes(name, x, y):
    f = BINARY[name]
    a, b = Value(x), Value(y)
    f(a, b).backward()
    assert a.grad == pytest.approx(slope(lambda v: f(v, y), x), rel=1e-6, abs=1e-8)
    assert b.grad == pytest.approx(slope(lambda v: f(x, v), y), rel=1e-6, abs=1e-8)


def test_a_value_shows_how_it_was_made():
    a, b = Value(2.0, "a"), Value(3.0, "b")
    c = (a * b).named("c")
    assert (c.data, c.label, c.op) == (6.0, "c", "*")
    assert c.parents == (a, b)
    assert c.local == (3.0, 2.0)
    assert a.parents == () and a.local == () and a.op == ""
    assert a.exp().parents == (a,) and len(a.exp().local) == 1
    assert repr(c) == "Value(c: 6, grad=0)"


def test_a_value_carries_nothing_but_its_slots():
    with pytest.raises(AttributeError):
        Value(1.0).colour = "blue"


@pytest.mark.parametrize("make", [lambda a: np.float64(2) * a, lambda a: np.float64(2) + a])
def test_numpy_numbers_on_the_left_leave_the_operation_to_the_value(make):
    result = make(Value(3.0))
    assert isinstance(result, Value)


def test_a_value_as_exponent_is_refused_with_advice():
    with pytest.raises(TypeError, match="exponent"):
        Value(2.0) ** Value(3.0)


def test_maximum_sends_the_gradient_of_a_tie_to_one_operand_only():
    a, b = Value(2.0), Value(2.0)
    maximum(a, b).backward()
    assert (a.grad, b.grad) == (1.0, 0.0)


def test_sigmoid_of_large_numbers_does_not_overflow():
    assert Value(-1000.0).sigmoid().data == 0.0
    assert Value(1000.0).sigmoid().data == 1.0


def test_apple_shop_has_the_gradients_of_the_course():
    price, count, tax = Value(100.0), Value(2.0), Value(1.1)
    total = price * count * tax
    total.backward()
    assert total.data == pytest.approx(220)
    assert [v.grad for v in (price, count, tax)] == pytest.approx([2.2, 110, 200])


def test_staged_example_of_chapter_2_has_the_published_numbers():
    x, y = Value(3.0), Value(-4.0)
    f = (x + y.sigmoid()) / (x.sigmoid() + (x + y) ** 2)
    f.backward()
    numbers = [f.data, x.grad, y.grad]
    assert numbers == pytest.approx([1.545644884107, 2.059569795572, 1.592232751484])


def leaf_fork(a):
    return a * a + a


def inner_fork(a):
    b = a * 3
    c = b * b  # a naive recursion sends b's gradient on twice
    return c * b


def diamond(a):
    b = a * 2
    return b.exp() * b.tanh()


def short_skew(a):
    h = a.tanh()
    return h + h.exp()  # breadth-first order visits h before the exponential


def long_skew(a):
    h = a * 0.5
    k = h
    for _ in range(6):
        k = k.tanh() * 1.1
    return h * k


SHAPES = [leaf_fork, inner_fork, diamond, short_skew, long_skew]


@pytest.mark.parametrize("graph", SHAPES)
def test_gradient_is_right_on_every_shape_of_graph(graph):
    a = Value(0.7)
    graph(a).backward()
    assert a.grad == pytest.approx(slope(graph, 0.7), rel=1e-6)


@pytest.mark.parametrize("graph", SHAPES)
def test_a_second_backward_adds_to_the_inputs_and_starts_afresh_in_between(graph):
    a = Value(0.7)
    output = graph(a)
    output.backward()
    once = a.grad
    inner = {id(v): v.grad for v in topological_order(output) if v.parents}
    output.backward()
    assert a.grad == pytest.approx(2 * once)
    assert {id(v): v.grad for v in topological_order(output) if v.parents} == inner


def test_two_losses_add_up_in_a_shared_input():
    a = Value(2.0)
    (a * 3).backward()
    (a * 5).backward()
    assert a.grad == 8.0


def test_the_gradient_of_an_input_with_respect_to_itself_is_one():
    a = Value(2.0)
    (a * 3).backward()
    a.backward()
    assert a.grad == 3.0 + 1.0


def test_a_chain_of_ten_thousand_values_meets_no_recursion_limit():
    a = Value(1.0)
    y = a
    for _ in range(10_000):
        y = y * 1.0001
    y.backward()
    assert a.grad == pytest.approx(math.exp(10_000 * math.log(1.0001)))


def random_graph(choices, leaves, ops):
    """Build a graph from drawn numbers, with any engine that has these methods."""
    nodes = list(leaves)
    for kind, i, j in choices:
        a, b = nodes[i % len(nodes)], nodes[j % len(nodes)]
        nodes.append(ops[kind](a, b))
    return nodes[-1]


OPS = [lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b, lambda a, b: a.tanh() * b]
GRAPHS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=15
)


@settings(deadline=None, max_examples=60)
@given(GRAPHS)
def test_any_graph_has_the_gradients_that_pytorch_finds(choices):
    torch = pytest.importorskip("torch")
    start = [0.3, -0.7, 1.1]
    ours = [Value(x) for x in start]
    theirs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in start]
    random_graph(choices, ours, OPS).backward()
    random_graph(choices, theirs, OPS).backward()
    for mine, other in zip(ours, theirs, strict=True):
        expected = 0.0 if other.grad is None else other.grad.item()
        assert mine.grad == pytest.approx(expected, rel=1e-9, abs=1e-12)


@settings(deadline=None, max_examples=60)
@given(GRAPHS)
def test_topological_order_puts_parents_first_and_lists_everything_once(choices):
    output = random_graph(choices, [Value(0.3), Value(-0.7), Value(1.1)], OPS)
    order = topological_order(output)
    place = {node: i for i, node in enumerate(order)}
    assert len(place) == len(order) and order[-1] is output
    for node in order:
        assert all(place[parent] < place[node] for parent in node.parents)
