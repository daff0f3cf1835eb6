"""Exercises in which a bug is hunted: what is asked is an input, the lines and a repair."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from exercises_lib import nn
from exercises_lib.chapters import CHAPTERS
from exercises_lib.checking import check
from exercises_lib.exercises import get

SOLUTIONS = Path(__file__).parents[2] / "solutions"

HUNTS = {
    "ch02.fork_fix": ("ch02-fork-fix-given", "fork_given", "still the given code"),
    "ch03.reverse_fix": ("ch03-reverse-given", "back_through_given", "first layer skipped"),
    "ch03.relu_fix": ("ch03-relu-given", "HastyLeakyRelu", "still overwrites dout"),
    "ch03.shared_layer_fix": (
        "ch03-shared-given",
        "make_broken_network",
        "still one tanh object",
    ),
    "ch04.affine_fix": ("ch04-fix-given", "PublishedAffine", "still the given code"),
    "ch05.stability_fix": (
        "ch05-stability-given",
        "given_log_probabilities",
        "still the given code",
    ),
    "ch05.batch_fix": ("ch05-fix-given", "GivenSoftmaxWithLoss", "still the given code"),
    "ch09.adam_fix": ("ch09-adam-given", "JumpyAdam", "still the given code"),
}


def judged(exercise_id, answer, seed=0):
    return check(get(exercise_id), answer, np.random.default_rng(seed))


def cells(exercise_id):
    path = SOLUTIONS / f"{CHAPTERS[get(exercise_id).chapter].stem}.ipynb"
    found = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return {cell["id"]: "".join(cell["source"]) for cell in found}


def given_code(exercise_id):
    """The numbered lines that the notebook gives, and what they define."""
    cell_id, name, _ = HUNTS[exercise_id]
    source = cells(exercise_id)[cell_id]
    numbered = [row for row in source.split("\n") if "#" in row]
    scope = {"np": np, "nn": nn}
    if exercise_id == "ch03.shared_layer_fix":  # uses Scale, from a cell above
        exec(cells(exercise_id)["ch03-reverse-given"].split("print(")[0], scope)
    with np.errstate(all="ignore"):
        exec(source, scope)
    return numbered, scope[name]


@pytest.mark.parametrize("exercise_id", HUNTS)
def test_the_lines_of_the_given_code_are_numbered_from_one(exercise_id):
    numbered, _ = given_code(exercise_id)
    assert [int(row.split("#")[1].split()[0]) for row in numbered] == [*range(1, len(numbered) + 1)]
    assert max(get(exercise_id).reference["lines"]) <= len(numbered)


@pytest.mark.parametrize("exercise_id", HUNTS)
def test_the_given_code_is_no_repair_and_is_named(exercise_id):
    _, given = given_code(exercise_id)
    verdict = judged(exercise_id, {**get(exercise_id).reference, "repair": given})
    assert verdict.mistake == HUNTS[exercise_id][2]


@pytest.mark.parametrize("exercise_id", HUNTS)
def test_a_right_program_alone_does_not_pass(exercise_id):
    repair = get(exercise_id).reference["repair"]
    assert judged(exercise_id, repair).status == "wrong"
    found = judged(exercise_id, {"input": None, "lines": None, "repair": repair})
    assert found.status == "unanswered"
    assert "Still open: input, lines" in found.message


@pytest.mark.parametrize("exercise_id", HUNTS)
@pytest.mark.parametrize("nonsense", [3, "x", [], [[]], {"x": 1}, (1, 2, 3, 4, 5), [None]])
def test_an_input_of_another_form_gets_a_sentence(exercise_id, nonsense):
    verdict = judged(exercise_id, {**get(exercise_id).reference, "input": nonsense})
    assert verdict.status == "wrong"
    assert verdict.message


@pytest.mark.parametrize("exercise_id", HUNTS)
def test_every_line_of_the_code_is_not_an_answer(exercise_id):
    numbered, _ = given_code(exercise_id)
    everything = {**get(exercise_id).reference, "lines": list(range(1, len(numbered) + 1))}
    assert "is right as it is" in judged(exercise_id, everything).message
    stranger = {**get(exercise_id).reference, "lines": [99]}
    assert "has no line 99" in judged(exercise_id, stranger).message


def test_the_answer_to_an_earlier_exercise_pasted_in_does_not_pass():
    for exercise_id, pasted in (
        ("ch03.relu_fix", nn.Relu),
        ("ch03.reverse_fix", nn.Sequential),
        ("ch04.affine_fix", nn.Affine),
        ("ch05.batch_fix", nn.SoftmaxWithLoss),
        ("ch09.adam_fix", nn.Adam),
    ):
        assert judged(exercise_id, pasted).status == "wrong"
