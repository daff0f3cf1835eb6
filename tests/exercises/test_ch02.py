"""Chapter 02: its published numbers, and the mistakes that weak tests let pass."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from exercises_lib.checking import Exercise, Verdict, check
from exercises_lib.exercises import get
from exercises_lib.exercises.ch02_chain_rule import (
    _neuron,
    _staged,
    fork_fix,
    gates,
    neuron_backward,
    numerical_derivative,
    staged_backward,
    staged_forward,
    step_size,
)
from exercises_lib.nn import Value, maximum
from exercises_lib.probes.ch02 import CURVES

NOTEBOOK = Path(__file__).parents[2] / "solutions" / "02_chain_rule.ipynb"


def verdict(exercise_id: str, answer: object, seed: int = 0) -> Verdict:
    return check(get(exercise_id), answer, np.random.default_rng(seed))


def catalogue(name: str, function: object, seed: int = 0) -> Verdict:
    return verdict("ch02.gates", {**gates.RIGHT, name: function}, seed)


def mistake(exercise: Exercise, name: str) -> object:
    return next(one.answer for one in exercise.mistakes if one.name == name)


def test_neuron_has_the_published_values_and_gradients() -> None:
    forward, backward = _neuron.neuron_forward(), neuron_backward.neuron_backward()
    assert forward["z"] == 1
    assert forward["f"] == pytest.approx(0.7310586, abs=5e-8)
    assert [backward[name] for name in ("dx0", "dx1")] == pytest.approx(
        [0.3932239, -0.5898358], abs=5e-8
    )
    assert [backward[name] for name in ("dw0", "dw1", "dw2")] == pytest.approx(
        [-0.1966119, -0.3932239, 0.1966119], abs=5e-8
    )


def test_neuron_gradients_agree_with_the_recorded_computation() -> None:
    w = [Value(number) for number in _neuron.W]
    x = [Value(number) for number in _neuron.X]
    (w[0] * x[0] + w[1] * x[1] + w[2]).sigmoid().backward()
    backward = neuron_backward.neuron_backward()
    for name, value in {"dw0": w[0], "dw1": w[1], "dw2": w[2], "dx0": x[0], "dx1": x[1]}.items():
        assert backward[name] == pytest.approx(value.grad, rel=1e-12)


def test_staged_example_has_the_published_values() -> None:
    stages = _staged.staged_forward(3.0, -4.0)
    grads = staged_backward.staged_backward(3.0, -4.0, stages, 1.0)
    assert stages["f"] == pytest.approx(1.545644884107, abs=5e-13)
    assert grads["dx"] == pytest.approx(2.059569795572, abs=5e-13)
    assert grads["dy"] == pytest.approx(1.592232751484, abs=5e-13)


def test_overwriting_at_forks_gives_the_published_wrong_values() -> None:
    answer = mistake(staged_backward.EXERCISE, "overwritten where x and y are used again")
    grads = answer(3.0, -4.0, _staged.staged_forward(3.0, -4.0), 1.0)  # type: ignore[operator]
    assert (grads["dx"], grads["dy"]) == pytest.approx((0.512144, 0.009046), abs=5e-7)


@pytest.mark.parametrize("seed", range(5))
def test_references_agree_with_the_recorded_computation(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b, dout = (float(number) for number in rng.normal(size=3))

    def gradients(f: object) -> tuple[float, float]:
        x, y = Value(a), Value(b)
        (f(x, y) * dout).backward()  # type: ignore[operator]
        return x.grad, y.grad

    same = lambda got, f: np.testing.assert_allclose(got, gradients(f), rtol=1e-10)  # noqa: E731
    same(gates.RIGHT["add"](a, b, dout), lambda x, y: x + y)
    same(gates.RIGHT["multiply"](a, b, dout), lambda x, y: x * y)
    same(gates.RIGHT["max"](a, b, dout), maximum)
    same((gates.RIGHT["reciprocal"](a, dout), 0), lambda x, y: x.reciprocal())
    same((gates.RIGHT["log"](abs(a), dout) * np.sign(a), 0), lambda x, y: (x * x).log() * 0.5)
    same((gates.RIGHT["exp"](a, dout), 0), lambda x, y: x.exp())
    same((gates.RIGHT["scale"](a, b, dout), 0), lambda x, y: x * b)
    same(fork_fix.fork_fix(a, b, dout), lambda x, y: x * (x + y) + (x + y) ** 2)
    stages = _staged.staged_forward(a, b)
    grads = staged_backward.staged_backward(a, b, stages, dout)
    same(
        (grads["dx"], grads["dy"]),
        lambda x, y: (x + y.sigmoid()) / (x.sigmoid() + (x + y) ** 2),
    )


@pytest.mark.parametrize(
    ("exercise_id", "name", "weak", "right"),
    [
        ("multiply", "not swapped", (3.0, 3.0, 2.0), (6.0, 6.0)),
        ("multiply", "upstream dropped", (3.0, 5.0, 1.0), (5.0, 3.0)),
        ("multiply", "output divided by the input", (3.0, 5.0, 2.0), (10.0, 6.0)),
        ("max", "both at a tie", (3.0, 5.0, 2.0), (0.0, 2.0)),
        ("max", "larger in magnitude", (3.0, 5.0, 2.0), (0.0, 2.0)),
        ("reciprocal", "exponent not lowered", (1.0, 2.0), -2.0),
        ("exp", "passed through", (0.0, 2.0), 2.0),
        ("scale", "the other factor", (3.0, 3.0, 2.0), 6.0),
        ("ch02.square_of_sum", "exponent not lowered", (0.5, 0.5), (1.0, 2.0, 2.0)),
    ],
)
def test_mistake_that_a_weak_test_lets_pass_is_named(
    exercise_id: str, name: str, weak: tuple[float, ...], right: object
) -> None:
    if exercise_id in gates.RIGHT:
        named = f"{exercise_id}: {name}"
        answer = mistake(gates.EXERCISE, named)[exercise_id]  # type: ignore[index]
        assert catalogue(exercise_id, answer).mistake == named
    else:
        answer = mistake(get(exercise_id), name)
        assert verdict(exercise_id, answer).mistake == name
    assert answer(*weak) == pytest.approx(right)  # type: ignore[operator]


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_max_gate_accepts_any_sharing_of_a_tie(share: float) -> None:
    def answer(x: float, y: float, dout: float) -> tuple[float, float]:
        part = share if x == y else float(x > y)
        return part * dout, (1 - part) * dout

    assert catalogue("max", answer)


def test_max_gate_that_returns_arrays_is_told_about_their_shape() -> None:
    found = catalogue("max", lambda x, y, dout: (np.ones(3), np.ones(3)))
    assert "max: dx has shape (3,)" in found.message


@pytest.mark.parametrize("exercise_id", ["ch02.staged_forward", "ch02.staged_backward"])
@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (None, "Did you forget the return?"),
        ((1, 2), "returns a tuple of 2, expected a dictionary"),
        ({"f": 1}, "without an entry for"),
    ],
)
def test_stages_in_another_form_get_a_sentence(
    exercise_id: str, returned: object, said: str
) -> None:
    found = verdict(exercise_id, lambda *inputs: returned)
    assert found.status == "wrong"
    assert said in found.message


def test_stage_that_is_wrong_is_reported_and_so_is_what_follows_from_it() -> None:
    found = verdict("ch02.staged_forward", mistake(staged_forward.EXERCISE, "not inverted"))
    assert "inv is" in found.message
    assert found.mistakes == ("not inverted",)


def test_two_independent_slips_are_both_named() -> None:
    def answer(w, x, f, dout):  # type: ignore[no-untyped-def]
        dz = dout * f * (1 - f)
        return dz * x, np.sum(dz * w[:-1])

    found = verdict("ch02.sigmoid_shortcut", answer)
    assert set(found.mistakes) == {"no gradient for the bias", "summed up"}


@pytest.mark.parametrize("curve", CURVES)
def test_every_curve_is_drawn(curve: str) -> None:
    cases = list(numerical_derivative.draw_derivative(np.random.default_rng(0)))
    assert curve in {case.inputs["curve"] for case in cases}


def test_rounded_by_hand_values_pass_and_two_digits_do_not() -> None:
    three = {
        name: float(f"{value:.3g}") for name, value in neuron_backward.neuron_backward().items()
    }
    assert verdict("ch02.neuron_backward", three)
    two = {name: float(f"{value:.1g}") for name, value in neuron_backward.neuron_backward().items()}
    assert verdict("ch02.neuron_backward", two).status == "wrong"


def test_partly_filled_blanks_count_as_unanswered_and_name_what_is_open() -> None:
    found = verdict("ch02.neuron_backward", {"df": 1.0, "dd": -0.5344, "du": -0.5344})
    assert found.status == "unanswered"
    assert "Still open: dn" in found.message


def test_notebook_prints_the_choices_as_the_exercise_has_them() -> None:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    text = next("".join(c["source"]) for c in cells if c["id"] == "ch02-step-size-text")
    for item in step_size.STEP_FIELDS:
        assert f"**{item.name}**: {item.label}" in text
        block = text.split(f"**{item.name}**")[1].split("\n\n**")[0]
        for key, option in item.options.items():
            assert f"- **{key}** · {option}" in block


def test_gradients_in_one_array_count_as_several_values() -> None:
    assert catalogue("add", lambda x, y, dout: np.full(2, dout)).status == "passed"
    three = catalogue("add", lambda x, y, dout: np.full(3, dout))
    assert "array of shape (3,), expected 2 values: dx, dy" in three.message
    assert (
        "returns a number, expected 2 values" in catalogue("add", lambda x, y, dout: dout).message
    )


def test_a_form_that_is_wrong_in_one_case_only_is_told_with_that_case() -> None:
    def silent_at_a_tie(x, y, dout):
        if x != y:
            return (dout, 0.0) if x > y else (0.0, dout)

    message = catalogue("max", silent_at_a_tie).message
    assert "Did you forget the return? Case: the gate max, a tie, x equals y." in message


def test_two_significant_digits_are_enough_for_the_neuron() -> None:
    answer = {"p0": -2, "p1": 6, "s": 4, "z": 1, "n": -1, "u": 0.37, "d": 1.37, "f": 0.73}
    assert verdict("ch02.neuron_forward", answer).status == "passed"


def test_a_tie_that_is_forgotten_is_named_for_a_function_with_a_name() -> None:
    def max_gate(x, y, dout):
        if x != y:
            return (dout, 0.0) if x > y else (0.0, dout)

    assert catalogue("max", max_gate).mistake == "max: a tie forgotten"
