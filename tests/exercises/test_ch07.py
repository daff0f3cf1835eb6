"""Chapter 07: what the common audit does not ask, and what the text says about the real notes."""

from __future__ import annotations

import numpy as np
import pytest

from exercises_lib import data
from exercises_lib.checking import check, observe
from exercises_lib.exercises import ch07_banknotes
from exercises_lib.exercises.ch07_banknotes import (
    backward_pass,
    forward_pass,
    init_params,
    reach_banknotes,
    split,
    test_the_test,
    train_epoch,
    two_faults,
)
from exercises_lib.nn import columns


def verdict(exercise, answer, seed=0):
    return check(exercise, answer, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def real():
    return data.load_banknotes()


@pytest.mark.parametrize(
    "name", ["init_params", "one_layer_forward", "forward_pass", "backward_pass", "split"]
)
def test_the_library_functions_pass_their_exercises(name):
    exercise = next(one for one in ch07_banknotes.EXERCISES if one.id == f"ch07.{name}")
    assert verdict(exercise, getattr(columns, name)).status == "passed"


def test_the_notes_to_reach_come_without_their_labels():
    cases = list(reach_banknotes.draw_notes(np.random.default_rng(0)))
    assert [case.note for case in cases] == ["the real notes", "freshly simulated notes"]
    case = cases[1]
    assert set(case.inputs) == {"x_train", "t_train", "seed"}
    assert case.hidden["t_val"].shape == (1, 275)
    known = {column.tobytes() for column in data.simulated_banknotes().x}
    assert not any(column.tobytes() in known for column in case.hidden["x_val"].T)
    again = list(reach_banknotes.draw_notes(np.random.default_rng(1)))[1]
    assert not np.isin(again.hidden["x_val"][0], case.hidden["x_val"][0]).all()


@pytest.mark.parametrize("seed", range(5))
def test_the_course_answer_reaches_the_target_on_notes_drawn_anew(seed):
    assert verdict(reach_banknotes.EXERCISE, reach_banknotes.train_notes, seed).status == "passed"


def test_a_network_large_enough_to_hold_the_notes_is_refused():
    def holds_them(x_train, t_train, rng):
        return columns.init_params((4, x_train.shape[1], 1), rng)

    assert "at most 1,000" in verdict(reach_banknotes.EXERCISE, holds_them).message


def test_parameters_drawn_again_after_the_training_do_not_reach_the_target():
    def draws_again(x_train, t_train, rng):
        reach_banknotes.train_notes(x_train, t_train, rng)
        return columns.init_params((4, 5, 1), rng)

    for seed in range(3):
        assert verdict(reach_banknotes.EXERCISE, draws_again, seed).status == "wrong"


@pytest.mark.parametrize("got", [None, 3, "a", [], {}, np.zeros(275), np.array(["a"]), np.nan])
def test_predictions_of_any_kind_get_a_sentence(got):
    inputs = {"x_val": np.zeros((4, 275)), "t_val": np.zeros((1, 275))}
    for params in (got, {"weight1": got, "bias1": got}, {"weight1": np.ones((1, 4)), "bias1": got}):
        sentence = reach_banknotes.reach_problem(inputs, params, None)
        assert sentence and sentence.endswith(".")


@pytest.mark.parametrize("got", [None, 3, [], [1, 2], [{}, {}], [{"a": "b"}, {"a": 1}], {}, "ab"])
def test_weights_and_splits_of_any_kind_get_a_sentence(got):
    assert init_params.weights_problem({"std": 1.0}, got, None).endswith(".")
    inputs = {"x": np.eye(3), "t": np.ones((1, 3)), "n_train": 2}
    assert split.split_problem(inputs, got, None).endswith(".")


@pytest.mark.parametrize("got", [None, "a", [], np.zeros((1, 1)), 1j, np.nan, -3.0, 0.1])
def test_losses_of_certain_and_wrong_predictions_of_any_kind_get_a_sentence(got):
    assert train_epoch.certain_and_wrong({"x": np.zeros((1, 5))}, got, None).endswith(".")


@pytest.mark.parametrize("seed", range(20))
def test_any_scale_of_a_limit_passes_and_a_coarse_one_does_not(seed):
    def limited(limit):
        def answer(x, t, params, lr):
            p = columns.forward_pass(x, params)[0]
            _, accuracy = train_epoch.train_epoch(x, t, params, lr)
            q = np.clip(p, limit, 1 - limit)
            return -np.mean(t * np.log(q) + (1 - t) * np.log(1 - q)), accuracy

        return answer

    for limit in (1e-7, 1e-10, 1e-15):
        assert verdict(train_epoch.EXERCISE, limited(limit), seed).status == "passed"
    assert verdict(train_epoch.EXERCISE, limited(1e-2), seed).status == "wrong"


def test_new_parameters_that_are_returned_and_not_written_are_rejected():
    def new(x, t, params, lr):
        return train_epoch.train_epoch(x, t, {k: p.copy() for k, p in params.items()}, lr)

    assert verdict(train_epoch.EXERCISE, new).mistake == "rebinds a name"


def test_an_evaluation_is_told_apart_also_where_it_remembers_between_calls():
    case = next(c for c in test_the_test.draw_evaluations(np.random.default_rng(0))
                if c.hidden["kind"] == "remembers")  # fmt: skip
    assert "kind" not in case.inputs and case.note == ""
    asked = []

    def spying(evaluate, x, t, params):
        asked.append(dir(evaluate))
        return test_the_test.is_honest(evaluate, x, t, params)

    assert verdict(test_the_test.EXERCISE, spying).status == "passed" and len(asked) == 8


def test_the_two_faults_train_as_the_right_program_does():
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(3, 40)), (rng.random((1, 40)) > 0.5) * 1.0
    ways = {}
    for step in (two_faults.given, two_faults.step):
        weight, bias = np.zeros((1, 3)), np.zeros((1, 1))
        for _ in range(20):
            weight, bias, d_weight, _ = step(x, t, weight, bias, 0.3)
        ways[step.__name__] = weight, d_weight
    np.testing.assert_allclose(ways["given"][0], ways["step"][0])
    np.testing.assert_allclose(ways["given"][1], -ways["step"][1])


def test_a_cache_that_grows_from_call_to_call_is_named():
    def growing(x, params, cache={}):  # noqa: B006
        p, made = forward_pass.forward_pass(x, params)
        cache.update(made)
        return p, cache

    assert verdict(forward_pass.EXERCISE, growing).mistake == "one cache for all calls"


def test_the_published_way_back_is_told_about_its_default():
    def published(p, t, cache, params, kinds=["relu", "sigmoid"]):  # noqa: B006
        kinds.reverse()
        grads, da = {}, (-t / p + (1 - t) / (1 - p)) / p.shape[1]
        for i, kind in zip((2, 1), kinds, strict=True):
            s = columns.sigmoid(cache[f"z{i}"])
            dz = da * (cache[f"z{i}"] > 0) if kind == "relu" else da * s * (1 - s)
            layer = columns.one_layer_backward(dz, cache[f"a{i - 1}"], params[f"weight{i}"])
            da, grads[f"d_weight{i}"], grads[f"d_bias{i}"] = layer
        return grads

    assert "default argument" in verdict(backward_pass.EXERCISE, published).message


def test_the_case_of_certain_probabilities_holds_exact_zeros_and_ones():
    for seed in range(10):
        case = list(backward_pass.draw_backward_pass(np.random.default_rng(seed)))[-1]
        p, t = case.inputs["p"], case.inputs["t"]
        assert (p == 0).any() and ((p == 1) & (t == 1)).any()
        seen = observe(backward_pass.EXERCISE.probe, backward_pass.backward_pass, case.inputs)
        assert all(np.isfinite(v).all() for k, v in seen.values.items() if k != "names")


def epochs_of(notes, seed, epochs=100, keep=None, n_train=1097):
    x, t = notes.x.T, notes.t[np.newaxis].astype(float)
    if keep is not None:
        x, t = x[:, keep], t[:, keep]
    rng = np.random.default_rng(seed)
    x_train, t_train, x_val, t_val = columns.split(x, t, n_train, rng)
    params = columns.init_params((4, 5, 1), rng)
    for _ in range(epochs):
        p, cache = columns.forward_pass(x_train, params)
        columns.update(params, columns.backward_pass(p, t_train, cache, params), 0.1)
    right = ((columns.forward_pass(x_val, params)[0] > 0.5) == t_val)[0]
    known = {column.tobytes() for column in np.ascontiguousarray(x_train.T)}
    twin = [column.tobytes() in known for column in np.ascontiguousarray(x_val.T)]
    return right, np.array(twin)


def test_what_the_text_says_about_notes_that_occur_twice(real):
    rows = np.column_stack([real.x, real.t])
    different, first, counts = np.unique(rows, axis=0, return_index=True, return_counts=True)
    assert len(rows) - len(different) == 24
    assert set(different[counts > 1, 4]) == {0}
    splits = [epochs_of(real, seed) for seed in range(20)]
    assert np.mean([twin.sum() for _, twin in splits]) == pytest.approx(7, abs=0.5)
    everything = np.mean([right.mean() for right, _ in splits])
    assert everything == pytest.approx(0.987, abs=1e-3)
    assert np.mean([r[~twin].mean() for r, twin in splits]) == pytest.approx(0.992, abs=1e-3)
    assert np.mean([r[twin].mean() for r, twin in splits]) == pytest.approx(0.81, abs=0.01)
    once = np.sort(first)
    removed = [epochs_of(real, seed, keep=once, n_train=1078)[0].mean() for seed in range(20)]
    assert np.mean(removed) == pytest.approx(0.991, abs=1e-3)


def test_the_fused_network_is_right_about_996_permille_in_ten_of_ten_splits(real):
    t = real.t[np.newaxis].astype(float)
    for seed in range(10):
        rng = np.random.default_rng(seed)
        x_train, t_train, x_val, t_val = columns.split(real.x.T, t, 1097, rng)
        params = columns.init_params((4, 5, 1), rng)
        best = 0.0
        for _ in range(700):
            p, cache = columns.forward_pass(x_train, params)
            columns.update(params, columns.backward_pass(p, t_train, cache, params), 0.1)
            assert np.isfinite(p).all()
            right = (columns.forward_pass(x_val, params)[0] > 0.5) == t_val
            best = max(best, right.mean())
        assert best >= 0.996
