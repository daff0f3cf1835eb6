"""Training in the page, and drawing for a network: the same numbers as nn, and it is seen."""

from __future__ import annotations

import numpy as np
import pytest

from exercises_lib import figures, nn
from exercises_lib.data import load_digits
from exercises_lib.figures.digits import packed_digits
from exercises_lib.figures.widget import script

DIGITS = load_digits()


@pytest.fixture(scope="module")
def run(browser):
    """Run JavaScript that trains, and makes digits; gives what it returns."""
    page = browser.new_page()
    page.set_content("<!doctype html><title>Training</title>")
    names = {"training": "freshNetwork, trainer, accuracy", "digit_data": "digitsOf, digitFrom"}
    for name, exported in names.items():
        page.add_script_tag(
            content=f"{script(name)}\nObject.assign(window.lib ??= {{}}, {{ {exported} }});",
            type="module",
        )
    page.wait_for_function("() => Boolean(window.lib?.trainer && window.lib?.digitsOf)")
    yield page.evaluate
    page.close()


def test_the_digits_arrive_as_they_are_in_the_package(run):
    got = run(
        """async (packed) => {
          const { train, test } = await lib.digitsOf(packed);
          return { x: [...train.x], t: [...train.t], x2: [...test.x], t2: [...test.t] };
        }""",
        packed_digits(),
    )
    assert np.array_equal(np.reshape(got["x"], (-1, 64)), DIGITS.x_train)
    assert np.array_equal(np.reshape(got["x2"], (-1, 64)), DIGITS.x_test)
    assert got["t"] == DIGITS.t_train.tolist()
    assert got["t2"] == DIGITS.t_test.tolist()


def test_an_epoch_on_the_digits_gives_the_numbers_of_nn(run):
    got = run(
        """async (packed) => {
          const data = await lib.digitsOf(packed);
          const net = lib.freshNetwork({ sizes: [64, 20, 10], std: 0.1, loss: "softmax", seed: 5 });
          const own = net.layers.filter((l) => l.W);
          const params = () => own.flatMap(({ W, b }) => [[...W], [...b]]);
          const begin = params();
          const trainer = lib.trainer({ net, data: data.train, batch: 50, seed: 5 });
          const losses = [], rows = [];
          for (let ends = false; !ends;) {
            const step = trainer.step(0.5);
            losses.push(step.loss);
            rows.push(step.rows);
            ends = step.epochEnds;
          }
          return { begin, losses, rows, end: params(), epochs: trainer.epochs,
            accuracy: lib.accuracy(net, data.test) };
        }""",
        packed_digits(),
    )
    W1, b1, W2, b2 = map(np.array, got["begin"])
    net = nn.TwoLayerNet(64, 20, 10, np.random.default_rng(0))
    for array, first in zip(net.params.values(), (W1, b1, W2, b2), strict=True):
        array[...] = first.reshape(array.shape)
    assert np.std(W1) == pytest.approx(0.1, rel=0.06)
    assert sorted(row for rows in got["rows"] for row in rows) == list(range(1437))
    optimiser = nn.SGD(0.5)
    losses = []
    for rows in got["rows"]:
        loss, grads = net.loss_and_gradient(DIGITS.x_train[rows], DIGITS.t_train[rows])
        optimiser.update(net.params, grads)
        losses.append(loss)
    np.testing.assert_allclose(got["losses"], losses, rtol=1e-9)
    for end, array in zip(got["end"], net.params.values(), strict=True):
        np.testing.assert_allclose(end, array.ravel(), rtol=1e-7, atol=1e-10)
    assert got["epochs"] == 1
    assert got["accuracy"] == net.accuracy(DIGITS.x_test, DIGITS.t_test)


def test_training_the_regions_gives_the_numbers_of_the_columns(run):
    rng = np.random.default_rng(4)
    x = rng.standard_normal((60, 4)).astype("f4").astype(float)
    t = (x[:, 0] * x[:, 1] > 0).astype(float)
    got = run(
        """([x, t]) => {
          const net = lib.freshNetwork({ sizes: [4, 5, 1], std: 0.3, loss: "sigmoid", seed: 3 });
          const own = net.layers.filter((l) => l.W);
          const params = () => own.flatMap(({ W, b }) => [[...W], [...b]]);
          const begin = params();
          const data = { x: Float64Array.from(x), t: Float64Array.from(t) };
          const trainer = lib.trainer({ net, data, batch: 60, seed: 3 });
          const losses = Array.from({ length: 40 }, () => trainer.step(0.5).loss);
          return { begin, losses, end: params(), accuracy: lib.accuracy(net, data) };
        }""",
        [x.ravel().tolist(), t.tolist()],
    )
    W1, b1, W2, b2 = map(np.array, got["begin"])
    assert not b1.any()
    assert not b2.any()
    params = {
        "weight1": W1.reshape(4, 5).T.copy(),
        "bias1": np.zeros((5, 1)),
        "weight2": W2.reshape(5, 1).T.copy(),
        "bias2": np.zeros((1, 1)),
    }
    columns, labels = nn.columns, t[np.newaxis]
    for loss in got["losses"]:
        p, cache = columns.forward_pass(x.T, params)
        assert columns.loss_and_accuracy(p, labels)[0] == pytest.approx(loss, rel=1e-9)
        columns.update(params, columns.backward_pass(p, labels, cache, params), 0.5)
    np.testing.assert_allclose(np.reshape(got["end"][0], (4, 5)).T, params["weight1"], rtol=1e-8)
    p, _ = columns.forward_pass(x.T, params)
    assert got["accuracy"] == columns.loss_and_accuracy(p, labels)[1]


STROKES = {
    0: [
        [(50, 10), (25, 25), (18, 60), (28, 95), (50, 105), (72, 95), (82, 60), (75, 25), (50, 10)]
    ],
    1: [[(35, 30), (55, 10), (55, 105)]],
    2: [[(22, 30), (35, 12), (60, 10), (75, 28), (65, 52), (25, 102), (80, 102)]],
    3: [
        [(25, 15), (55, 8), (72, 25), (60, 48), (42, 53)],
        [(42, 53), (68, 60), (76, 82), (58, 102), (25, 98)],
    ],
    4: [[(55, 8), (20, 70), (80, 70)], [(62, 45), (58, 108)]],
    6: [[(62, 8), (35, 35), (25, 75), (40, 103), (65, 98), (72, 75), (55, 62), (30, 72)]],
    7: [[(20, 12), (80, 12), (45, 105)], [(30, 58), (70, 58)]],
}


@pytest.fixture(scope="module")
def net():
    rng = np.random.default_rng(5)
    net = nn.TwoLayerNet(64, 50, 10, rng, std=0.1)
    nn.train(net, *DIGITS, epochs=40, batch_size=50, optimiser=nn.SGD(0.5), rng=rng)
    return net


def test_a_drawn_digit_is_as_large_as_those_of_the_data_set_wherever_it_is_drawn(run, net):
    drawn = run(
        """(digits) => digits.map((strokes) => [[1, 0, 0], [0.5, 90, 20]].map(([by, dx, dy]) =>
          [...lib.digitFrom(strokes.map((s) => s.map(([x, y]) => [x * by + dx, y * by + dy])))]
        ))""",
        list(STROKES.values()),
    )
    pixels = np.array(drawn)
    np.testing.assert_allclose(pixels[:, 0], pixels[:, 1], atol=1e-9)
    assert pixels.max() == 1
    ink = DIGITS.x_train.sum(axis=1)
    assert (pixels[:, 0].sum(axis=1) > np.quantile(ink, 0.005)).all()
    assert (pixels[:, 0].sum(axis=1) < np.quantile(ink, 0.995)).all()
    assert (pixels[:, 0].reshape(-1, 8, 8)[:, [0, -1]].sum(axis=(1, 2)) > 0).all()
    said = net.predict(pixels[:, 0]).argmax(axis=1)
    assert (said == list(STROKES)).sum() >= 6, said


def test_an_empty_pad_is_a_blank_image(run):
    assert run("() => [...lib.digitFrom([])]") == [0] * 64


@pytest.fixture(scope="module")
def view(mount, net):
    view = mount([figures.train_digits(), figures.draw_digit(net)])
    view.wait_for_function("document.querySelector('.bp-status').textContent.startsWith('Epoch')")
    yield view
    assert view.errors == []
    view.close()


def test_the_reader_trains_pauses_steps_and_begins_again(view):
    root = view.locator("#figure-0")
    status = root.locator(".bp-status")
    assert status.inner_text().startswith("Epoch 0, step 0;")
    root.get_by_role("button", name="One step").click()
    assert status.inner_text().startswith("Epoch 0.0348, step 1: loss 2.")
    weights = root.locator("canvas")
    before = weights.evaluate("(e) => e.toDataURL()")
    root.get_by_role("button", name="Train").click()
    view.wait_for_function(
        "parseFloat(document.querySelector('.bp-status').textContent.slice(6)) > 3"
    )
    root.get_by_role("button", name="Pause").click()
    assert weights.evaluate("(e) => e.toDataURL()") != before
    text = status.inner_text()
    view.wait_for_timeout(200)
    assert status.inner_text() == text
    root.get_by_role("slider", name="Hidden units").fill("7")
    assert status.inner_text().startswith("Epoch 0, step 0;")
    assert "7 hidden units" in weights.get_attribute("aria-label")
    root.get_by_role("button", name="One epoch").click()
    assert status.inner_text().startswith("Epoch 1, step 29:")


def test_what_is_drawn_is_read_unit_by_unit(view, net):
    root = view.locator("#figure-1")
    pad = root.locator(".bp-pad")
    place = pad.bounding_box()
    for stroke in STROKES[7]:
        for at, (x, y) in enumerate(stroke):
            view.mouse.move(place["x"] + x, place["y"] + y, steps=6)
            if at == 0:
                view.mouse.down()
        view.mouse.up()
    status = root.locator(".bp-status")
    assert status.inner_text().startswith("Your drawing: the network says 7, with probability 0.")
    lights = root.locator(".bp-net-light").evaluate_all(
        "(all) => all.slice(0, 64).map((e) => Number(e.getAttribute('fill-opacity')))"
    )
    assert max(lights) > 0.9
    root.get_by_role("button", name="Clear the pad").click()
    assert status.inner_text().startswith("The pad is empty.")


def test_without_a_mouse_the_keys_bring_digits_of_the_data_set(view):
    root = view.locator("#figure-1")
    root.locator(".bp-pad").focus()
    view.keyboard.press("4")
    assert root.locator(".bp-status").inner_text().startswith("A 4 of the test set: the network")


def test_the_network_that_was_trained_in_the_page_reads_too(view):
    root = view.locator("#figure-1")
    view.locator("#figure-0").get_by_role("button", name="One epoch").click()
    root.get_by_role("button", name="the one trained in this page").click()
    assert root.locator(".bp-net-light").count() == 64 + 7 + 10
    root.get_by_role("button", name="the chapter's network").click()
    assert root.locator(".bp-net-light").count() == 64 + 50 + 10


def test_the_regions_move_while_the_network_trains(mount, all_figures):
    view = mount([all_figures["moving"]])
    border = "document.querySelector('.bp-border').getAttribute('d')"
    view.get_by_role("button", name="20 steps").click()
    before = view.evaluate(border)
    view.get_by_role("button", name="Train").click()
    view.wait_for_function(
        "Number(document.querySelector('.bp-status').textContent.match(/Step (\\d+)/)[1]) > 200"
    )
    view.get_by_role("button", name="Pause").click()
    assert view.evaluate(border) != before
    assert float(view.locator(".bp-status").inner_text().split("right: ")[1].split(" %")[0]) > 95
    view.get_by_label("Features").select_option("curtosis and entropy")
    assert view.locator(".bp-axis").first.text_content() == "curtosis"
    view.close()


def test_a_network_of_another_shape_cannot_read_digits():
    with pytest.raises(ValueError, match="64 inputs and 10 outputs; this one has 2 and 1"):
        figures.draw_digit(figures.first_net())
