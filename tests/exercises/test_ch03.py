"""Chapter 03: what its exercises notice beyond right and wrong numbers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from exercises_lib import exercises, nn
from exercises_lib.checking import check
from exercises_lib.checking.serialize import Opaque
from exercises_lib.exercises.ch03_layers import _order, _zoo, sequential, which_test
from exercises_lib.probes import ch03 as probes

NOTEBOOK = Path(__file__).parents[2] / "solutions" / "03_layers.ipynb"


def verdict(name, answer, seed=0):
    return check(exercises.get(f"ch03.{name}"), answer, np.random.default_rng(seed))


def namespace_after(*cell_ids):
    """Run some cells of the notebook and return the names that they define."""
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    found = {cell["id"]: "".join(cell["source"]) for cell in cells}
    names = {"np": np, "nn": nn}
    for cell_id in cell_ids:
        exec(found[cell_id], names)
    return names


@pytest.mark.parametrize("slope", [0.0, 0.3, 1.0])
def test_any_slope_from_0_to_1_is_right_at_the_corner_of_relu(slope):
    class Relu(nn.Relu):
        def forward(self, x):
            self.slope = np.where(x == 0, slope, x > 0)
            return np.maximum(x, 0)

        def backward(self, dout):
            return dout * self.slope

    assert verdict("Relu", Relu)


@pytest.mark.parametrize("slope", [-0.5, 2.0, np.nan])
def test_other_slopes_are_wrong_at_the_corner_of_relu(slope):
    class Relu(nn.Relu):
        def forward(self, x):
            self.slope = np.where(x == 0, slope, x > 0)
            return np.maximum(x, 0)

        def backward(self, dout):
            return dout * self.slope

    assert "with zeros in x" in verdict("Relu", Relu).message


def test_a_sigmoid_that_computes_both_branches_is_told_about_overflow():
    class Sigmoid(nn.Sigmoid):
        def forward(self, x):
            self.out = np.where(x >= 0, 1 / (1 + np.exp(-x)), np.exp(x) / (1 + np.exp(x)))
            return self.out

    found = verdict("Sigmoid", Sigmoid)
    assert found.status == "error"
    assert found.mistake == "overflow"
    assert "800" in found.message


def test_a_sequential_that_turns_its_list_round_is_told_so():
    class Sequential(nn.Sequential):
        def __init__(self, layers):
            self.layers = layers

        def backward(self, dout):
            self.layers.reverse()
            for layer in self.layers:
                dout = layer.backward(dout)
            self.layers.reverse()
            return dout

    assert verdict("Sequential", Sequential), "it puts the list right again"
    assert verdict("Sequential", sequential.row(sequential.row_backward_reverses_list)).mistake == (
        "list reversed in place"
    )


@pytest.mark.parametrize("name", [*_zoo.RIGHT, *_zoo.WRONG])
def test_the_zoo_holds_right_layers_and_wrong_ones(name):
    rng = np.random.default_rng(0)
    kind, backward = {**_zoo.RIGHT, **_zoo.WRONG}[name]
    forward = probes.FORWARD[kind]
    scale = 0.005 if name == "steep exponential" else 1.0
    x = scale * np.array([[0.7, -1.1, 0.4], [-0.3, 1.6, 0.9]])
    x = np.abs(x) if name == "relu, mask taken from dout" else x
    lent_x = x.copy()
    out = forward(lent_x)
    dout = rng.choice([-1.0, 1.0], size=out.shape) * rng.uniform(0.5, 1.5, size=out.shape)
    dout.flat[0] = -1.0
    lent_dout = dout.copy()
    dx = np.array(backward(x, out, lent_dout))
    measured = nn.numerical_gradient(lambda z: np.sum(forward(z.copy()) * dout), x.copy())
    right = (
        dx.shape == x.shape
        and np.allclose(dx, measured, rtol=1e-4)
        and np.array_equal(lent_x, x)
        and np.array_equal(lent_dout, dout)
    )
    assert right == (name in _zoo.RIGHT)


def test_a_check_that_ignores_dout_is_told_which_layer_it_let_pass():
    found = verdict("check_layer", exercises.get("ch03.check_layer").mistake("dout of ones").answer)
    assert "a wrong layer" in found.message
    assert found.mistake == "dout of ones"


def test_which_test_has_the_answers_that_the_tests_give():
    """Run the four tests of the exercise on its four bugs."""
    bugs = {
        "sigmoid": (nn.sigmoid, lambda x, out, dout: out * (1 - out)),
        "transpose": (lambda x: x.T, lambda x, out, dout: dout),
        "tanh": (np.tanh, lambda x, out, dout: dout * (1 - x**2)),
        "relu": (probes.FORWARD["relu"], _zoo.WRONG["relu that overwrites dout"][1]),
    }
    rng = np.random.default_rng(5)

    def passes(test, forward, backward):
        x = rng.normal(size=(4, 4) if test == "ones_square" else (2, 3))
        out = forward(x)
        dout = np.ones(out.shape) if test.startswith("ones") else rng.normal(size=out.shape)
        lent = dout.copy()
        dx = backward(x, out, lent)
        if test == "random_and_copies" and not np.array_equal(lent, dout):
            return False
        right = nn.numerical_gradient(lambda z: np.sum(forward(z) * dout), x.copy())
        return dx.shape == x.shape and np.allclose(dx, right, atol=1e-6)

    first = {
        name: next(test for test in which_test.TESTS if not passes(test, *rules))
        for name, rules in bugs.items()
    }
    assert first == exercises.get("ch03.which_test").reference


JUNK = [None, True, 3, -1.0, "x", "never", [], [None], ["a"], [[1]], (), {}, Opaque("a set")]


@pytest.mark.parametrize("got", JUNK, ids=repr)
def test_own_comparisons_say_something_about_anything(got):
    assert _zoo.judge_error({}, got, "accepts")
    case = {"layer": "relu", "x": np.ones((2, 3))}
    assert _zoo.judge_memory(case, got, "as given")
    assert _zoo.judge_x(case, got, case["x"])
    assert _zoo.judge_rng(case, got, "used")
    assert _order.right_order("backward")({}, got, [2, 1, 0])
    assert _order.same_layers({}, got, [0, 1, 2])


def test_a_row_may_begin_with_its_first_layer():
    class Sequential:
        def __init__(self, layers):
            self.layers = layers

        def forward(self, x):
            out = self.layers[0].forward(x)
            for layer in self.layers[1:]:
                out = layer.forward(out)
            return out

        def backward(self, dout):
            for layer in self.layers[::-1]:
                dout = layer.backward(dout)
            return dout

    assert verdict("Sequential", Sequential)


def test_a_list_of_gradients_is_not_told_to_become_an_array():
    class Sequential(nn.Sequential):
        def backward(self, dout):
            return [layer.backward(dout) for layer in reversed(self.layers)]

    assert "Make it an array" not in verdict("Sequential", Sequential).message


@pytest.mark.parametrize(
    ("forward", "mistake"),
    [
        (lambda self, x: np.tanh(x), "nothing stored"),
        (lambda self, x: setattr(self, "output", np.tanh(x)) or self.output, "nothing stored"),
    ],
)
def test_what_backward_misses_is_named_whatever_its_name(forward, mistake):
    made = type("Tanh", (nn.Tanh,), {"__init__": lambda self: None, "forward": forward})
    assert verdict("Tanh", made).mistake == mistake


def test_a_name_of_forward_used_in_backward_is_named_whatever_it_is():
    class Tanh:
        def forward(self, x):
            some_name = np.tanh(x)
            return some_name

        def backward(self, dout):
            return dout * (1 - some_name**2)  # noqa: F821

    assert verdict("Tanh", Tanh).mistake == "names without self"


def test_a_sigmoid_that_is_safe_in_float64_only_is_rejected():
    class Sigmoid(nn.Sigmoid):
        def forward(self, x):
            self.out = 1 / (1 + np.exp(-np.clip(x, -500, 500)))
            return self.out

    assert verdict("Sigmoid", Sigmoid).mistake == "clipped for float64"


def test_the_page_says_how_many_layers_the_check_of_checks_has():
    words = {6: "six", 14: "fourteen"}
    text = NOTEBOOK.read_text(encoding="utf-8")
    assert f"your function meets {words[len(_zoo.RIGHT)]} right layers" in text
    assert f"and {words[len(_zoo.WRONG)]} wrong ones" in text
