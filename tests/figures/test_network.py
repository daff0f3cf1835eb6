"""Networks in the page: their numbers are those of nn, and they can be seen and trained."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest

from exercises_lib import figures, nn
from exercises_lib.figures.networks import network_data
from exercises_lib.figures.widget import script

RNG = np.random.default_rng(5)


@pytest.fixture(scope="module")
def run(browser):
    """Run JavaScript that uses network.js; gives what it returns."""
    page = browser.new_page()
    names = "networkOf, forward, lossAndGradient, descend, softmax"
    page.set_content("<!doctype html><title>Networks</title>")
    page.add_script_tag(content=f"{script('network')}\nwindow.lib = {{ {names} }};", type="module")
    page.wait_for_function("() => Boolean(window.lib)")
    yield page.evaluate
    page.close()


TRAIN = """([data, x, t, n, steps, rate]) => {
  const net = lib.networkOf(data);
  const losses = [];
  for (let k = 0; k < steps; k++) {
    const { loss, grads } = lib.lossAndGradient(net, Float64Array.from(x), t, n);
    losses.push(loss);
    lib.descend(net, grads, rate);
  }
  const { outputs, douts } = lib.lossAndGradient(net, Float64Array.from(x), t, n);
  const affine = net.layers.filter(({ kind }) => kind === "affine");
  return { losses, scores: [...outputs.at(-1)], dx: [...douts[0]],
    params: affine.flatMap(({ W, b }) => [[...W], [...b]]) };
}"""


def layers(*sizes, activation):
    row = []
    for d, m in pairwise(sizes):
        row += [nn.Affine(RNG.standard_normal((d, m)), RNG.standard_normal(m)), activation()]
    return nn.Sequential(row[:-1])


class Squared:
    def forward(self, y, t):
        loss, self.dy = nn.mean_squared_error(y, t)
        return loss

    def backward(self):
        return self.dy


class HalfSquared:
    def forward(self, y, t):
        self.dy = (y - t) / len(y)
        return float(np.sum((y - t) ** 2) / 2 / len(y))

    def backward(self):
        return self.dy


@pytest.mark.parametrize("activation", [nn.Relu, nn.Sigmoid, nn.Tanh])
@pytest.mark.parametrize(
    ("loss", "last", "t"),
    [
        ("softmax", nn.SoftmaxWithLoss, np.array([0, 2, 1, 2, 0])),
        ("sigmoid", nn.SigmoidWithLoss, RNG.integers(0, 2, (5, 3)).astype(float)),
        ("half_squared", HalfSquared, RNG.standard_normal((5, 3))),
        ("squared", Squared, RNG.standard_normal((5, 3))),
    ],
)
def test_training_in_the_page_gives_the_numbers_of_nn(run, activation, loss, last, t):
    net, x = layers(4, 6, 5, 3, activation=activation), RNG.standard_normal((5, 4))
    sent = json.loads(json.dumps(network_data(net, loss)))
    end, losses = last(), []
    for _ in range(6):
        losses.append(end.forward(net.forward(x), t))
        net.backward(end.backward())
        for layer in net.layers:
            if isinstance(layer, nn.Affine):
                layer.W -= 0.3 * layer.dW
                layer.b -= 0.3 * layer.db
    scores = net.forward(x)
    end.forward(scores, t)
    dx = net.backward(end.backward())
    got = run(TRAIN, [sent, x.ravel().tolist(), t.ravel().tolist(), 5, 6, 0.3])
    np.testing.assert_allclose(got["losses"], losses, rtol=1e-10)
    np.testing.assert_allclose(got["scores"], scores.ravel(), rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(got["dx"], dx.ravel(), rtol=1e-7, atol=1e-10)
    mine = [p for layer in net.layers if isinstance(layer, nn.Affine) for p in (layer.W, layer.b)]
    for params, expected in zip(got["params"], mine, strict=True):
        np.testing.assert_allclose(params, expected.ravel(), rtol=1e-8, atol=1e-10)


def test_a_network_with_normalisation_and_dropout_is_shown_as_in_evaluation(run):
    net = nn.DeepNet((4, 5, 3), np.random.default_rng(1), batch_norm=True, dropout=0.5)
    x, t = RNG.standard_normal((7, 4)), np.array([0, 1, 2, 0, 1, 2, 0])
    net.loss_and_gradient(x, t)  # moves the running statistics
    got = run(TRAIN, [network_data(net), x.ravel().tolist(), t.tolist(), 7, 0, 0.1])
    np.testing.assert_allclose(got["scores"], net.predict(x).ravel(), rtol=1e-10)


def test_parameters_alone_are_a_network_too_also_in_columns(run):
    params = nn.columns.init_params((4, 5, 1), np.random.default_rng(2))
    x = RNG.standard_normal((6, 4))
    got = run(TRAIN, [network_data(params), x.ravel().tolist(), [0] * 6, 6, 0, 0.1])
    p, _ = nn.columns.forward_pass(x.T, params)
    np.testing.assert_allclose(1 / (1 + np.exp(-np.array(got["scores"]))), p.ravel(), rtol=1e-10)
    two = nn.TwoLayerNet(4, 6, 3, np.random.default_rng(3))
    assert network_data(two) == network_data(two.params)


def test_many_weights_travel_as_float32():
    net = nn.TwoLayerNet(64, 50, 10, np.random.default_rng(3))
    first = network_data(net)["layers"][0]
    assert first["shape"] == [64, 50]
    assert isinstance(first["W"], str)
    assert len(json.dumps(network_data(net))) < 21_000


@pytest.mark.parametrize(
    ("net", "words"),
    [
        (3.0, "is a float"),
        ({"V1": np.eye(2)}, "are called W1, b1"),
        (nn.Sequential([nn.Relu()]), "no Affine layer"),
        (nn.Sequential([nn.Affine(np.eye(2), np.zeros(2)), nn.MulLayer()]), "MulLayer cannot"),
    ],
)
def test_what_is_no_network_is_refused(net, words):
    with pytest.raises(TypeError, match=words):
        network_data(net)


def test_an_unknown_loss_is_refused():
    with pytest.raises(ValueError, match=r'"squared" or "half_squared", not .hinge'):
        network_data(figures.first_net(), "hinge")


@pytest.fixture(scope="module")
def first(mount):
    view = mount([figures.first_network()])
    yield view
    assert view.errors == []
    view.close()


def test_a_press_takes_the_step_that_nn_takes(first):
    x, t = figures.eight_points()
    net = figures.first_net()
    losses = []
    for _ in range(12):
        loss, dout = nn.mean_squared_error(net.forward(x), t)
        losses.append(loss)
        net.backward(dout)
        for layer in (net.layers[0], net.layers[2]):
            layer.W -= 0.2 * layer.dW
            layer.b -= 0.2 * layer.db
    status = first.locator(".bp-status")
    first.get_by_role("button", name="Start again").click()
    assert status.inner_text().startswith(f"Step 0: loss {losses[0]:.4f}.")
    first.get_by_role("button", name="Take a step").click()
    assert status.inner_text().startswith(f"Step 1: loss {losses[1]:.4f}.")
    first.get_by_role("button", name="10 steps").click()
    assert status.inner_text().startswith(f"Step 11: loss {losses[11]:.4g}.")


def test_a_unit_tells_how_its_number_came_about(first):
    first.get_by_role("button", name="Start again").click()
    first.locator("[data-node='1-0']").hover()
    assert (
        first.locator(".bp-status").inner_text()
        == "unit 1: 0.7 × (−0.6) + 0.8 × 1.3 + 0 = 0.62, ReLU: 0.62."
    )
    first.locator(".bp-net").focus()
    first.keyboard.press("ArrowRight")
    first.keyboard.press("ArrowRight")
    assert first.locator(".bp-status").inner_text().startswith("y: 0.62 × (−0.6) + ")


def test_the_first_network_learns_its_eight_points():
    x, t = figures.eight_points()
    net = figures.first_net()
    for _ in range(100):
        loss, dout = nn.mean_squared_error(net.forward(x), t)
        net.backward(dout)
        for layer in (net.layers[0], net.layers[2]):
            layer.W -= 0.2 * layer.dW
            layer.b -= 0.2 * layer.db
    assert loss < 0.005
    assert ((net.forward(x) > 0.5) == (t == 1)).all()


@pytest.fixture(scope="module")
def pictures(mount):
    digits = nn.TwoLayerNet(64, 30, 10, np.random.default_rng(1), std=0.2)
    view = mount(
        [
            figures.network(figures.first_net(), *figures.eight_points(), inputs=["a", "b"]),
            figures.network(digits, RNG.random((3, 64)), [3, 1, 4]),
            figures.network(digits, RNG.random(64)),
        ]
    )
    yield view
    assert view.errors == []
    view.close()


def test_a_network_lights_up_layer_by_layer_and_goes_back(pictures):
    root = pictures.locator("#figure-0")
    lit = "(e) => e.querySelectorAll('.bp-net-light:not([fill-opacity=\"0\"])').length"
    shown = []
    root.get_by_role("button", name="First step").click()
    for _ in range(6):
        texts = root.locator(".bp-net-node .bp-net-number").all_text_contents()
        shown.append([text for text in texts if text])
        root.locator(".bp-frame").focus()
        pictures.keyboard.press("ArrowRight")
    assert [len(texts) for texts in shown] == [2, 5, 6, 1, 4, 6]
    assert shown[2] == ["0.7", "0.8", "0.62", "0", "0", "−0.37"]
    x, t = figures.eight_points()
    net = figures.first_net()
    _, dout = nn.mean_squared_error(net.forward(x[:1]), t[:1])
    net.backward(dout)
    from exercises_lib.figures.number import number

    on_edges = root.locator(".bp-net-of-gradient").all_text_contents()
    first, last = net.layers[0], net.layers[2]
    assert sorted(on_edges) == sorted(
        f"∂ {number(float(d), 2)}" for d in [*first.dW.ravel(), *last.dW.ravel()]
    )
    assert root.evaluate(lit) == 6


def test_the_reader_moves_between_samples_and_is_told_what_the_network_says(pictures):
    root = pictures.locator("#figure-1")
    status = root.locator(".bp-status")
    before = status.inner_text()
    assert "It says" in before
    assert "right would be 3" in before
    root.get_by_label("Sample").fill("2")
    assert "right would be 1" in status.inner_text()


def test_without_labels_there_is_no_way_back(pictures):
    assert pictures.locator("#figure-2 .bp-count").inner_text() == "2 / 2"
    assert "right would" not in pictures.locator("#figure-2 .bp-status").inner_text()


def test_samples_of_another_width_are_refused():
    with pytest.raises(ValueError, match=r"has 2 inputs, so x must have shape \(N, 2\)"):
        figures.network(figures.first_net(), [1.0, 2.0, 3.0])
