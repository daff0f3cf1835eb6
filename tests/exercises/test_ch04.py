"""Chapter 04: what the common audit does not ask."""

from __future__ import annotations

import numpy as np
import pytest

from exercises_lib import nn
from exercises_lib.checking import check
from exercises_lib.exercises.ch04_affine import _affine, _hand, affine, hand_update, unbroadcast


def verdict(exercise, answer, seed=0):
    return check(exercise, answer, np.random.default_rng(seed))


def test_the_hand_worked_numbers_are_those_of_pytorch():
    torch = pytest.importorskip("torch")

    def tensors():
        return {
            name: torch.tensor(value, dtype=torch.float64, requires_grad=True)
            for name, value in _hand.HAND_PARAMS.items()
        }

    def predict(p):
        x = torch.tensor(_hand.HAND_INPUT)
        return torch.relu(x @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"]

    for factor, name in ((0.5, "y_half"), (1.0, "y_square")):
        params = tensors()
        (factor * (predict(params) - 2.0) ** 2).backward()
        with torch.no_grad():
            for key, value in params.items():
                if name == "y_half":
                    for entry, number in _hand.entries({f"d{key}": value.grad.numpy()}).items():
                        assert _hand.GRADIENTS[entry] == pytest.approx(number, rel=1e-12)
                value -= 0.1 * value.grad
            assert hand_update.UPDATED[name] == pytest.approx(predict(params).item(), rel=1e-12)


def test_the_update_gives_the_two_known_predictions_and_not_the_published_one():
    assert round(hand_update.UPDATED["y_half"], 6) == 1.619155
    assert round(hand_update.UPDATED["y_square"], 6) == 1.935951
    published = verdict(hand_update.EXERCISE, hand_update.UPDATED | {"y_half": 1.618296})
    assert published.mistake == "the published number"


def test_four_decimals_tell_the_right_prediction_from_the_published_one():
    assert (
        verdict(hand_update.EXERCISE, hand_update.UPDATED | {"y_half": 1.6192}).status == "passed"
    )
    assert verdict(hand_update.EXERCISE, hand_update.UPDATED | {"y_half": 1.618}).status == "wrong"


def test_the_library_layer_passes_and_a_layer_that_updates_itself_is_told_so():
    assert verdict(affine.EXERCISE, nn.Affine).status == "passed"
    found = verdict(affine.EXERCISE, affine.EXERCISE.mistake("updates itself").answer)
    assert found.mistake == "updates itself"


def test_a_layer_that_changes_its_batch_is_refused():
    class ShiftsItsBatch(_affine.Affine):
        def forward(self, x):
            out = super().forward(x)
            x -= x.mean(axis=0)
            return out

    assert verdict(affine.EXERCISE, ShiftsItsBatch).status == "wrong"


def test_a_layer_that_overwrites_dout_is_refused():
    class OverwritesDout(_affine.Affine):
        def backward(self, dout):
            dx = super().backward(dout)
            dout[...] = 0
            return dx

    assert verdict(affine.EXERCISE, OverwritesDout).status == "wrong"


def test_two_independent_mistakes_in_a_layer_are_both_named():
    class Both(_affine.Affine):
        def backward(self, dout):
            self.dW = dout.T @ self.x
            self.db = dout.mean(axis=0)
            return dout @ self.W.T

    assert set(verdict(affine.EXERCISE, Both).mistakes) == {"dW transposed", "db averaged"}


def test_a_gradient_that_shares_memory_with_grad_is_refused_where_nothing_was_broadcast():
    found = verdict(unbroadcast.EXERCISE, nn.unbroadcast)
    assert found.mistake == "gives back grad itself"
    assert "same memory" in found.message


def test_a_view_into_grad_after_a_partial_sum_is_refused_too():
    def view(grad, shape):
        result = unbroadcast.unbroadcast(grad, shape)
        return grad[:] if grad.shape == shape else result

    assert verdict(unbroadcast.EXERCISE, view).mistake == "gives back grad itself"


def test_numbers_and_zero_dimensional_arrays_are_both_right_for_a_single_number():
    def number(grad, shape):
        return grad.sum() if shape == () else unbroadcast.unbroadcast(grad, shape)

    assert verdict(unbroadcast.EXERCISE, number).status == "passed"


@pytest.mark.parametrize("seed", range(20))
def test_the_sizes_of_every_drawn_batch_differ_but_in_the_last_which_is_square(seed):
    *cases, square = _affine.draw_affine(np.random.default_rng(seed))
    for case in cases:
        (n, d), m = case.inputs["x"].shape, len(case.inputs["b"])
        assert len({n, d, m}) == 3
    assert square.inputs["x"].shape == square.inputs["W"].shape == (3, 3)


def affine_with(backward):
    return type("Affine", (nn.Affine,), {"backward": backward})


def keep(layer, dout, dW):
    layer.dW, layer.db = dW(), dout.sum(axis=0)


@pytest.mark.parametrize(
    ("name", "backward"),
    [
        (
            "dW not transposed",
            lambda self, dout: keep(self, dout, lambda: np.dot(self.x, dout)) or dout @ self.W.T,
        ),
        (
            "dx with the factors swapped",
            lambda self, dout: keep(self, dout, lambda: self.x.T @ dout) or np.dot(self.W.T, dout),
        ),
    ],
)
def test_products_that_fail_alike_are_told_apart_written_with_dot_or_at(name, backward):
    for seed in range(5):
        assert verdict(affine.EXERCISE, affine_with(backward), seed).mistake == name


def test_the_costs_are_those_that_arrays_have():
    from exercises_lib.exercises.ch04_affine import cost

    x, h = np.zeros((100, 64)), np.zeros((100, 50))
    assert cost.RIGHT["bytes of x"] == x.nbytes
    assert cost.RIGHT["bytes of h"] == h.nbytes
    assert cost.RIGHT["bytes of the mask"] == (h > 0).nbytes
    forward = cost.RIGHT["x · W1"] + cost.RIGHT["h · W2"]
    backward = sum(cost.RIGHT[name] for name in ("dW2", "dh", "dW1", "dx"))
    assert backward / forward == cost.RIGHT["ratio"] == 2


def test_the_dot_product_test_accepts_the_layers_of_the_library():
    from exercises_lib import nn
    from exercises_lib.exercises.ch04_affine import dot_product_test

    rng = np.random.default_rng(0)
    affine = nn.Affine(rng.normal(size=(4, 3)), rng.normal(size=3))
    for layer in (nn.Tanh(), nn.Sigmoid(), affine):
        assert dot_product_test.dot_product_test(layer, rng.normal(size=(5, 4)), rng) < 1e-6
