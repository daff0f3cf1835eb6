"""Chapter 01: what the common audit of all exercises does not see."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from exercises_lib.checking import check
from exercises_lib.exercises.ch01_computation_graphs import (
    add_then_multiply,
    apple_gradients,
    fruit_gradients,
    gate_drill,
    local_or_passed,
    step_downhill,
    which_way,
)
from exercises_lib.figures.graph import graph_spec
from exercises_lib.nn import Value


def judged(exercise, answer, seed=0):
    return check(exercise, answer, np.random.default_rng(seed))


def gradients(output, inputs):
    output.backward()
    return [node.grad for node in inputs]


def test_the_apple_numbers_are_those_of_the_recorded_graph():
    inputs = [Value(100), Value(2), Value(1.1)]
    total = inputs[0] * inputs[1] * inputs[2]
    assert total.data == pytest.approx(220)
    assert gradients(total, inputs) == pytest.approx([2.2, 110, 200])
    assert list(apple_gradients.EXERCISE.reference.values()) == pytest.approx([2.2, 110, 200])


def test_the_fruit_numbers_are_those_of_the_recorded_graph():
    inputs = [Value(number) for number in (100, 2, 150, 3, 1.1)]
    total = (inputs[0] * inputs[1] + inputs[2] * inputs[3]) * inputs[4]
    assert total.data == pytest.approx(715)
    found = gradients(total, inputs)
    assert found == pytest.approx([2.2, 110, 3.3, 165, 650])
    forward = list(fruit_gradients.FORWARD.values())
    assert forward == pytest.approx([200, 450, 650, total.data])
    assert list(fruit_gradients.EXERCISE.reference.values()) == pytest.approx([*forward, *found])


def test_the_numbers_of_add_then_multiply_are_those_of_the_recorded_graph():
    x, y, z = Value(-2), Value(5), Value(-4)
    q = x + y
    f = q * z
    found = gradients(f, [q, x, y, z])
    assert list(add_then_multiply.EXERCISE.reference.values()) == pytest.approx(
        [q.data, f.data, *found]
    )


def test_the_step_downhill_is_the_step_that_the_recorded_graph_takes():
    inputs = [Value(4), Value(-1), Value(3)]
    f = (inputs[0] - inputs[1]) * inputs[2]
    found = gradients(f, inputs)
    x, y, z = (node.data - 0.1 * node.grad for node in inputs)
    assert f.data == 15
    wanted = [*found, x, y, z, (x - y) * z]
    assert list(step_downhill.EXERCISE.reference.values()) == pytest.approx(wanted)


def test_the_lettered_numbers_are_of_the_kind_that_the_answer_says():
    a, b, c, d = Value(2, "a"), Value(3, "b"), Value(4, "c"), Value(-5, "d")
    u = (a * b).named("u")
    v = (u + c).named("v")
    spec = graph_spec((v * d).named("f"))
    label = [node["label"] for node in spec["nodes"]]
    edges = {(label[edge["from"]], label[edge["to"]]): edge for edge in spec["edges"]}
    drawn = {"A": ("a", "u", 3), "B": ("b", "u", -10), "C": ("u", "v", 1), "D": ("c", "v", -5)}
    drawn |= {"E": ("d", "f", 10), "F": ("a", "u", -15)}
    for letter, (parent, child, number) in drawn.items():
        local, passed = (edges[parent, child][key] == number for key in ("local", "grad"))
        kind = {(True, False): "local", (False, True): "passed", (True, True): "both"}
        assert local_or_passed.KIND_ANSWER[letter] == kind[local, passed]


def test_two_wrong_letters_are_both_explained_and_a_full_exchange_as_one_thing():
    two = {**local_or_passed.KIND_ANSWER, "A": "passed", "D": "local"}
    verdict = judged(local_or_passed.EXERCISE, two)
    assert set(verdict.mistakes) == {"A is called passed down", "D is called local"}
    assert "4 of 6 are right." in verdict.message
    other = {"local": "passed", "passed": "local", "both": "both"}
    exchanged = {letter: other[kind] for letter, kind in local_or_passed.KIND_ANSWER.items()}
    assert judged(local_or_passed.EXERCISE, exchanged).mistakes == ("the two words exchanged",)


def test_a_choice_outside_the_options_is_told_the_options():
    verdict = judged(local_or_passed.EXERCISE, {**local_or_passed.KIND_ANSWER, "A": "Local"})
    assert "A: 'Local' is none of the choices 'local', 'passed', 'both'." in verdict.message


NOTEBOOK = Path(__file__).parents[2] / "solutions" / "01_computation_graphs.ipynb"


def cell(name):
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    return next("".join(one["source"]) for one in cells if one["id"] == name)


def test_the_notebook_asks_which_way_with_the_exercises_own_words():
    text = cell("ch01-which_way-ask")
    for item in which_way.FIELDS:
        assert f"**{item.name}**: {item.label}" in text
        block = text.split(f"**{item.name}**: ")[1].split("\n\n**")[0]
        for key, option in item.options.items():
            assert f"- **{key}** · {option}" in block


def test_the_first_network_of_the_text_is_that_of_the_figure():
    from exercises_lib import nn
    from exercises_lib.figures.first import eight_points, first_net

    scope = {}
    for name in ("ch01-first-points", "ch01-first-answer", "ch01-first-loss-code"):
        exec(cell(name), scope)
    x, t = eight_points()
    net = first_net()
    assert np.allclose(scope["points"], x)
    assert np.allclose(scope["targets"], t.ravel())
    assert scope["loss"]() == pytest.approx(nn.mean_squared_error(net.forward(x), t)[0])


def test_the_cells_of_which_way_bear_out_its_answers():
    scope = {}
    for name in ("ch01-first-points", "ch01-first-answer", "ch01-first-loss-code"):
        exec(cell(name), scope)
    before, changes = scope["loss"](), {}
    rows = {"c": ("output", 3), "b1": ("hidden", 2), "w31": ("hidden", 0)}
    for name, (kind, place) in rows.items():
        row = scope["output"] if kind == "output" else scope["hidden"][2 if name == "w31" else 0]
        for move in (0.01, -0.01):
            row[place] += move
            changes[name, move > 0] = scope["loss"]() - before
            row[place] -= move
    assert changes["c", True] < 0 < changes["b1", True]
    assert -changes["c", True] > -changes["b1", False] > -changes["w31", True] > 0


@pytest.mark.parametrize("number", [0, 11, 99_999])
def test_a_drill_is_passed_with_any_number_and_missed_with_one_slip(number):
    right = gate_drill.answered(gate_drill.right, number)
    assert judged(gate_drill.EXERCISE, right).status == "passed"
    right["answers"][4] += 1
    verdict = judged(gate_drill.EXERCISE, right)
    assert verdict.status == "wrong"
    assert "9 of 10 are right, 4 in a row. Question 5" in verdict.message


def test_a_slip_in_a_drill_is_named_whatever_its_number():
    for number in range(30):
        for name, rule, _ in gate_drill.MISTAKES:
            given = gate_drill.answered(rule, number)
            if given == gate_drill.answered(gate_drill.right, number):
                continue  # that slip does not show in these ten
            assert judged(gate_drill.EXERCISE, given).status == "wrong"
            if name == "not swapped":
                assert judged(gate_drill.EXERCISE, given).mistake == name


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ([1] * 10, "is a dictionary"),
        ({"number": -1, "answers": [1] * 10}, "whole number"),
        ({"number": 3, "answers": [1] * 9}, "10 questions"),
        ({"number": 3, "answers": ["a"] * 10}, "Answer 1 is not a number"),
    ],
)
def test_a_drill_in_another_form_gets_a_sentence(answer, said):
    assert said in judged(gate_drill.EXERCISE, answer).message


def test_a_drill_shows_the_questions_that_are_judged():
    from exercises_lib import drill

    shown = repr(drill(11))
    assert shown == repr(drill(11)) != repr(drill(12))
    assert "x × y, x = 4, y = −6" in shown
    with pytest.raises(ValueError, match="whole number"):
        drill(-1)
