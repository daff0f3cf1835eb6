"""The data themselves: what comes with the package, what is downloaded, what is simulated."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from exercises_lib.data import (
    DataNotAvailable,
    download,
    load_banknotes,
    load_digits,
    load_mnist,
    recorded_mnist,
    simulated_banknotes,
)
from exercises_lib.nn import SGD, TwoLayerNet, columns, minibatches


def test_digits_are_those_of_scikit_learn():
    datasets = pytest.importorskip("sklearn.datasets")
    theirs = datasets.load_digits()
    ours = load_digits()
    rows = np.c_[np.r_[ours.x_train, ours.x_test] * 16, np.r_[ours.t_train, ours.t_test]]
    expected = np.c_[theirs.data, theirs.target]
    np.testing.assert_array_equal(rows[np.lexsort(rows.T)], expected[np.lexsort(expected.T)])


def test_digits_are_divided_without_overlap_and_with_all_classes_in_both_sets():
    d = load_digits()
    assert d.x_train.shape == (1437, 64) and d.x_test.shape == (360, 64)
    np.testing.assert_array_equal(np.bincount(d.t_test), [36] * 10)
    training = {row.tobytes() for row in d.x_train}
    assert not any(row.tobytes() in training for row in d.x_test)


def test_digits_have_pixels_from_0_to_1_and_integer_labels():
    d = load_digits()
    assert (d.x_train.min(), d.x_train.max()) == (0, 1)
    assert d.t_train.dtype == np.int64 and d.x_train.dtype == np.float64
    assert load_digits(np.float32).x_test.dtype == np.float32


def test_digits_are_the_same_on_every_machine():
    d = load_digits()
    assert d.t_train[:8].tolist() == [0, 1, 2, 3, 4, 5, 6, 8]
    assert int(d.x_test.sum() * 16) == 112740


def test_a_dataset_unpacks_and_shows_itself_in_one_line():
    x_train, t_train, _x_test, _t_test = load_digits()
    assert len(x_train) == len(t_train)
    assert repr(load_digits()) == "Dataset(1437 training and 360 test samples of 64 numbers)"


def test_the_real_banknotes_come_with_the_package(cache):
    notes = load_banknotes()
    assert not notes.simulated and "UCI" in notes.source
    assert notes.x.shape == (1372, 4)
    np.testing.assert_array_equal(np.bincount(notes.t), [762, 610])
    np.testing.assert_allclose(
        notes.x.mean(axis=0), [0.433735, 1.922353, 1.397627, -1.191657], atol=1e-6
    )
    _, counts = np.unique(np.c_[notes.x, notes.t], axis=0, return_counts=True)
    assert (counts - 1).sum() == 24


def test_simulated_banknotes_say_so_and_are_always_the_same():
    notes = simulated_banknotes()
    assert notes.simulated and "imulated" in notes.source and "simulated" in repr(notes)
    assert notes.names == ("variance", "skewness", "curtosis", "entropy")
    assert notes.x.shape == (1372, 4)
    np.testing.assert_array_equal(np.bincount(notes.t), [762, 610])
    np.testing.assert_array_equal(notes.x, simulated_banknotes().x)
    np.testing.assert_array_equal(notes.x, notes.x.round(4))


def test_simulated_banknotes_resemble_the_real_ones():
    real, simulated = load_banknotes(), simulated_banknotes()
    for label in (0, 1):
        a, b = real.x[real.t == label], simulated.x[simulated.t == label]
        np.testing.assert_allclose(b.mean(axis=0), a.mean(axis=0), atol=0.35)
        np.testing.assert_allclose(b.std(axis=0), a.std(axis=0), rtol=0.15)
        np.testing.assert_allclose(np.corrcoef(b.T), np.corrcoef(a.T), atol=0.15)


@pytest.mark.parametrize("seed", range(10))
def test_real_banknotes_are_learnt_to_996_permille_within_700_epochs(seed):
    notes = load_banknotes()
    rng = np.random.default_rng(seed)
    t = notes.t[np.newaxis].astype(float)
    x_train, t_train, x_val, t_val = columns.split(notes.x.T, t, 1097, rng)
    params = columns.init_params((4, 5, 1), rng)
    best = 0.0
    for epoch in range(700):
        p, cache = columns.forward_pass(x_train, params)
        columns.update(params, columns.backward_pass(p, t_train, cache, params), 0.1)
        if epoch % 10 == 9:
            p_val, _ = columns.forward_pass(x_val, params)
            best = max(best, columns.loss_and_accuracy(p_val, t_val)[1])
    assert best >= 0.996


def test_mnist_is_complete_and_reaches_968_permille_in_ten_thousand_steps(real_data):
    d = load_mnist()
    assert d.x_train.shape == (60000, 784) and d.x_test.shape == (10000, 784)
    assert d.x_train.dtype == np.float32
    assert d.x_train.mean(dtype=np.float64) == pytest.approx(0.130660, abs=1e-6)
    assert d.x_test.mean(dtype=np.float64) == pytest.approx(0.132515, abs=1e-6)
    assert d.t_train[:5].tolist() == [5, 0, 4, 1, 9]
    rng = np.random.default_rng(0)
    net = TwoLayerNet(784, 50, 10, rng, dtype=np.float32)
    optimiser = SGD(0.1)
    steps = 0
    while steps < 10_000:
        for x, t in minibatches(d.x_train, d.t_train, 100, rng):
            optimiser.update(net.params, net.gradient(x, t))
            steps += 1
            if steps == 10_000:
                break
    assert net.accuracy(d.x_test, d.t_test) >= 0.968


def test_importing_the_loaders_loads_neither_pooch_nor_requests():
    code = (
        "import sys, exercises_lib.data;"
        "assert not {'pooch', 'requests', 'rich', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_network_is_not_asked_where_only_the_cache_may_be_used(cache, monkeypatch):
    def refuse(*_):
        raise AssertionError("asked the network")

    monkeypatch.setattr(download, "_download", refuse)
    with pytest.raises(DataNotAvailable, match="not on this computer"):
        load_mnist(download=False)


def test_another_seed_draws_other_notes():
    notes, others = simulated_banknotes(), simulated_banknotes(seed=1)
    np.testing.assert_array_equal(notes.t, others.t)
    known = {row.tobytes() for row in notes.x}
    assert not any(row.tobytes() in known for row in others.x)


def test_the_recorded_curves_of_mnist_are_those_of_the_settings_in_the_chapter():
    recorded = recorded_mnist()
    assert recorded["settings"]["steps"] == 10_000 and recorded["settings"]["batch"] == 100
    assert len(recorded["runs"]) == 5
    for run in recorded["runs"].values():
        assert len(run["loss"]) == 100 and len(run["test_accuracy"]) == 20
        assert run["test_accuracy"][-1] >= 0.968 and run["loss"][-1] < 0.1 * run["loss"][0]
