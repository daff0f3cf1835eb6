"""What is special in chapter 09: students' optimisers, chance in the checks, the deep start."""

from __future__ import annotations

import numpy as np
import pytest

from exercises_lib import exercises, nn
from exercises_lib.checking import check
from exercises_lib.exercises.ch09_better_training import (
    _adam,
    batch_norm,
    dropout,
    momentum,
    reach_deep,
)


def verdict(name, answer, seed=0):
    return check(exercises.get(f"ch09.{name}"), answer, np.random.default_rng(seed))


@pytest.mark.parametrize("name", ["Momentum", "AdaGrad", "RMSProp", "Adam"])
def test_the_key_walks_as_the_library_does_for_a_hundred_steps(name):
    rng = np.random.default_rng(0)
    ours = {"W": rng.normal(size=(3, 4)), "b": rng.normal(size=4)}
    theirs = {key: array.copy() for key, array in ours.items()}
    key, library = exercises.get(f"ch09.{name}").reference(), getattr(nn, name)()
    for _ in range(100):
        grads = {key: rng.normal(size=array.shape) for key, array in ours.items()}
        key.update(ours, grads)
        library.update(theirs, grads)
    for entry in ours:
        np.testing.assert_allclose(ours[entry], theirs[entry], rtol=0, atol=1e-12)


class Student:
    """Momentum as it might be handed in; what is wrong comes in the subclasses."""

    def __init__(self, lr=0.01, momentum=0.9):
        self.lr, self.mu, self.v = lr, momentum, {}

    def velocity(self, name, g):
        self.v[name] = self.mu * self.v.get(name, 0) + g
        return self.v[name]


def test_rebinding_the_dictionary_is_told_from_rebinding_a_name():
    class InDictionary(Student):
        def update(self, params, grads):
            for name in params:
                params[name] = params[name] - self.lr * self.velocity(name, grads[name])

    class InName(Student):
        def update(self, params, grads):
            for name, p in params.items():
                p = p - self.lr * self.velocity(name, grads[name])

    assert verdict("Momentum", InDictionary).mistakes == ("new arrays",)
    assert verdict("Momentum", InName).mistakes == ("only a local name",)


def test_two_faults_in_one_optimiser_are_both_named():
    class Both(Student):
        def update(self, params, grads):
            for name in params:
                v = self.mu * self.v.get(name, 0) + (1 - self.mu) * grads[name]
                self.v[name] = v
                params[name] = params[name] - self.lr * v

    assert set(verdict("Momentum", Both).mistakes) == {"new arrays", "a mean instead of a sum"}


def test_one_velocity_for_all_is_recognised_however_it_is_written():
    class Plain(Student):
        def update(self, params, grads):
            self.velocity_of_all = getattr(self, "velocity_of_all", 0)
            for name in params:
                self.velocity_of_all = self.mu * self.velocity_of_all + grads[name]
                params[name] -= self.lr * self.velocity_of_all

    assert verdict("Momentum", Plain).mistake == "one memory for all parameters"


def test_a_dictionary_in_the_class_body_is_recognised_at_every_check():
    class Shared(Student):
        v = {}  # noqa: RUF012 - the mistake itself

        def __init__(self, lr=0.01, momentum=0.9):
            self.lr, self.mu = lr, momentum

        def update(self, params, grads):
            for name, g in grads.items():
                params[name] -= self.lr * self.velocity(name, g)

    for seed in range(6):  # what an earlier check left behind has other shapes
        assert "memory outside of the object" in verdict("Momentum", Shared, seed).mistakes


def test_pairs_made_by_zip_are_recognised():
    class Zipped(Student):
        def update(self, params, grads):
            for name, (p, g) in enumerate(zip(params.values(), grads.values(), strict=True)):
                if name not in self.v:
                    self.v[name] = np.zeros_like(p)
                self.v[name] *= self.mu
                self.v[name] += g
                p -= self.lr * self.v[name]

    assert verdict("Momentum", Zipped).mistake == "paired by position"


def test_a_velocity_that_is_the_gradients_own_array_is_harmless_until_it_is_changed():
    class Kept(Student):
        def update(self, params, grads):
            for name, g in grads.items():
                self.v[name] = self.mu * self.v[name] + g if name in self.v else g
                params[name] -= self.lr * self.v[name]

    assert verdict("Momentum", Kept).status == "passed"
    name = "keeps the gradient's own array"
    assert verdict("Momentum", momentum.EXERCISE.mistake(name).answer).mistake == name


def test_chance_never_refuses_a_right_dropout():
    exercise = exercises.get("ch09.Dropout")
    for seed in range(25):
        for answer in (exercise.reference, *exercise.accepted):
            assert check(exercise, answer, np.random.default_rng(seed)).status == "passed"


@pytest.mark.parametrize("part", [0.85, 0.6])
def test_a_dropout_that_drops_too_little_is_refused(part):
    class TooLittle(dropout.Dropout):
        def forward(self, x, train=True, rng=None):
            self.mask = np.ones_like(x)
            if train:
                self.mask = (rng.random(x.shape) >= part * self.rate) / (1 - self.rate)
            return x * self.mask

    assert verdict("Dropout", TooLittle).status == "wrong"


def test_a_dropout_that_drops_whenever_it_has_a_generator_is_refused():
    class Mine(nn.Dropout):
        def forward(self, x, train=True, rng=None):
            return super().forward(x, rng is not None, rng)

    assert verdict("Dropout", Mine).mistake == "asks for rng instead of train"


def test_a_dropout_of_equally_many_units_in_each_sample_is_refused_for_every_seed():
    fixed = dropout.EXERCISE.mistake("a fixed number in each sample").answer
    found = {verdict("Dropout", fixed, seed).mistakes for seed in range(5)}
    assert found == {("a fixed number in each sample",)}


def test_weight_decay_of_two_layers_is_not_enough_for_three():
    def two(params, grads, strength):
        for name in ("W1", "W2"):
            grads[name] += strength * params[name]
        return 0.5 * strength * sum(np.sum(params[name] ** 2) for name in ("W1", "W2"))

    assert verdict("weight_decay", two).mistake == "two layers only"


def test_the_example_of_batch_normalisation():
    layer = batch_norm.BatchNorm(1, eps=0.0)
    layer.gamma[:], layer.beta[:] = 2, 10
    out = layer.forward(np.array([[1.0], [1.0], [5.0], [5.0]]))
    assert out[:, 0].tolist() == [8, 8, 12, 12]
    assert layer.backward(np.array([[1.0], [0], [0], [0]]))[:, 0].tolist() == [0.5, -0.5, 0, 0]
    assert layer.running_mean == pytest.approx(0.3)
    assert layer.running_var == pytest.approx(1.4333, abs=5e-5)


def test_the_example_of_adam():
    params, optimiser = {"W": np.zeros(1)}, _adam.Adam(lr=0.1)
    path = []
    for g in (1.0, 1.0, -2.0):
        optimiser.update(params, {"W": np.array([g])})
        path.append(round(float(params["W"][0]), 3))
    assert path == [-0.1, -0.2, -0.192]


def test_batch_norms_running_variance_is_judged_by_n_minus_1():
    name = "running variance divided by N"
    assert verdict("BatchNorm", batch_norm.EXERCISE.mistake(name).answer).mistake == name


@pytest.mark.parametrize("seed", range(3))
def test_right_starts_reach_the_target_with_margin(seed):
    for start in (reach_deep.deep_start, reach_deep.deep_start_xavier):
        accuracy = reach_deep.train_from(start(reach_deep.SIZES, np.random.default_rng(seed)), seed)
        assert accuracy > reach_deep.TARGET + 0.02


def test_the_plain_normal_start_does_not_learn():
    start = reach_deep.start_with(lambda d, m: 1.0)(reach_deep.SIZES, np.random.default_rng(0))
    assert reach_deep.train_from(start, 0) < 0.2


@pytest.mark.parametrize(
    "got",
    [
        None,
        "a",
        [],
        {},
        {"W1": None},
        {"W1": np.zeros((64, 100), complex)},
        {"W1": np.full((64, 100), np.nan), "b1": np.zeros(100)},
        {f"{k}{i}": "x" for k in "Wb" for i in range(1, 6)},
    ],
)
def test_a_start_of_any_form_is_judged_without_raising(got):
    assert isinstance(reach_deep.reaches({"seed": 0}, got, None), str)


def test_enormous_finite_weights_fail_without_a_warning():
    start = reach_deep.deep_start(reach_deep.SIZES, np.random.default_rng(0))
    start["W3"] = start["W3"] * 1e200
    assert "are needed" in reach_deep.reaches({"seed": 0}, start, None)
