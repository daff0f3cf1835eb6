"""The numbers that travel with the explorers."""

from __future__ import annotations

import base64
import json
import re

import numpy as np
import pytest

from exercises_lib import figures
from exercises_lib.chapters import CHAPTERS
from exercises_lib.figures.histograms import histograms_spec
from exercises_lib.figures.number import number
from exercises_lib.figures.price import price_spec
from exercises_lib.figures.race import race_spec
from exercises_lib.figures.road import road_spec
from exercises_lib.figures.shapes import PUZZLES
from exercises_lib.figures.step_size import step_size_spec


def test_the_shop_knows_its_gradients():
    spec = price_spec(100.0, 2.0, 1.1)
    assert spec["total"] == pytest.approx(220)
    assert [entry["grad"] for entry in spec["inputs"]] == pytest.approx([2.2, 110, 200])


def test_central_differences_are_best_near_1e_5_and_forward_ones_near_1e_8():
    spec = step_size_spec()
    exponents = np.array(spec["exponents"])
    entry = spec["functions"][0]
    best = {
        key: exponents[np.argmin([error for _, error in entry[key]])]
        for key in ("forward", "central")
    }
    assert -9.1 <= best["forward"] <= -7
    assert -7 <= best["central"] <= -4


def test_sgd_in_the_race_follows_its_closed_form():
    spec = race_spec()
    path = next(runner["path"] for runner in spec["runners"] if runner["label"] == "SGD")
    steps = np.arange(len(path))
    expected = np.stack([-7 * (1 - 0.09) ** steps, 2 * (1 - 1.8) ** steps], axis=1)
    assert np.allclose(path, expected, rtol=1e-3, atol=1e-4)


def test_every_runner_ends_lower_than_it_began():
    for runner in race_spec()["runners"]:
        x, y = runner["path"][-1]
        assert x * x / 20 + y * y < 0.1


def test_histograms_count_every_activation_and_show_the_known_effects():
    spec = histograms_spec()
    assert len(spec["runs"]) == 12
    run = {(entry["function"], entry["start"]): entry["layers"] for entry in spec["runs"]}
    for layers in run.values():
        assert all(sum(layer["counts"]) == spec["samples"] for layer in layers)
    assert run["tanh", "N(0, 0.01²)"][-1]["std"] < 1e-3
    assert run["tanh", "N(0, 1)"][-1]["std"] > 0.9
    assert run["ReLU", "He"][-1]["std"] == pytest.approx(run["ReLU", "He"][0]["std"], rel=0.5)


@pytest.mark.parametrize("puzzle", PUZZLES, ids=lambda puzzle: puzzle["label"])
def test_every_puzzle_begins_wrong_and_has_exactly_one_solution(puzzle):
    first, second = (np.ones(factor["shape"]) for factor in puzzle["factors"])
    target = tuple(puzzle["target"]["shape"])
    fitting = []
    for swapped in (False, True):
        for turn_first in (False, True):
            for turn_second in (False, True):
                a = first.T if turn_first else first
                b = second.T if turn_second else second
                left, right = (b, a) if swapped else (a, b)
                if left.shape[1] == right.shape[0] and (left @ right).shape == target:
                    fitting.append((swapped, turn_first, turn_second))
    assert len(fitting) == 1
    assert fitting != [(False, False, False)]


def test_regions_hold_the_probability_of_the_second_class():
    x = np.array([[-1.0, -1.0], [1.0, 1.0], [0.0, 1.0]])
    widget = figures.decision_regions(lambda z: (z[:, 0] > 0).astype(float), x, [0, 1, 1])
    image = np.frombuffer(base64.b64decode(widget.spec["pairs"][0]["images"][0]), dtype=np.uint8)
    grid = image.reshape(widget.spec["grid"], -1)
    assert (grid[:, 0] == 0).all()
    assert (grid[:, -1] == 255).all()


def test_regions_take_one_sample_per_column_too():
    x = np.array([[-1.0, -1.0], [1.0, 1.0], [0.0, 1.0]])
    rows = figures.decision_regions(lambda z: (z[:, 0] > 0).astype(float), x, [0, 1, 1])
    columns = figures.decision_regions(
        lambda z: (z[:1] > 0).astype(float), x.T, [[0, 1, 1]], columns=True
    )
    assert rows.spec == columns.spec


def test_weights_travel_as_bytes_scaled_to_each_unit():
    widget = figures.first_layer_weights(np.array([[1.0, 0.0], [-0.5, 0.0]]), (1, 2))
    pixels = list(base64.b64decode(widget.spec["pixels"]))
    assert pixels == [255, 64, 128, 128]
    assert widget.spec["largest"] == [1, 0]


def test_the_map_takes_shares_and_counts():
    stations = road_spec({"00": 1.0, "ch01": (4, 9)})["stations"]
    assert stations[0]["share"] == 1.0
    assert stations[1]["share"] == pytest.approx(4 / 9)
    assert stations[1]["count"] == "4 of 9"
    assert stations[2]["share"] == 0.0


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (220.00000000000003, "220"),
        (-0.1966119, "−0.1966"),
        (1e-7, "1e−7"),
        (123456.0, "1.235e5"),
        (-0.0, "0"),
        (float("inf"), "∞"),
        (float("nan"), "nan"),
    ],
)
def test_numbers_are_short_and_have_a_true_minus(value, text):
    assert number(value) == text


def test_the_map_gives_the_minutes_that_the_chapters_promise(root):
    promised = {}
    for path in sorted((root / "solutions").glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        opening = "".join("".join(cell["source"]) for cell in cells[:3])
        found = re.search(r"(\d+) minutes", opening)
        if found:
            promised[path.stem] = int(found[1])
    on_the_map = {one.stem: one.minutes for one in CHAPTERS.values() if one.stem in promised}
    assert on_the_map == promised, "change CHAPTERS in exercises_lib/chapters.py"
