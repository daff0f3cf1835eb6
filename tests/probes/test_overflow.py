"""Overflow is an error for watched arrays, whatever NumPy's floating-point warnings do."""

from __future__ import annotations

import numpy as np
import pytest

from exercises_lib.probes.overflow import Watched, plain, watch

X = np.array([-800.0, 0.0, 2.0, 800.0])


@pytest.fixture(autouse=True)
def no_warnings():
    """As in a web page, where no processor tells of an overflow."""
    with np.errstate(all="ignore"):
        yield


@pytest.mark.parametrize(
    "compute",
    [
        lambda x: 1 / (1 + np.exp(-x)),
        lambda x: np.where(x > 0, 1 / (1 + np.exp(-x)), 0),
        lambda x: np.exp(np.where(x > 0, x, -x)),
        lambda x: np.cosh(x.copy()),
        lambda x: np.exp(x[x > 3]),
        lambda x: (x * 1e200) * 1e200,
        lambda x: np.exp(x.astype(np.float32) / 9),
        lambda x: x[:, None] * 1e200 @ np.full((1, 2), 1e200),
    ],
)
def test_a_function_of_finite_numbers_that_becomes_infinite_raises(compute):
    with pytest.raises(FloatingPointError, match="overflow encountered in"):
        compute(watch(X))


@pytest.mark.parametrize(
    "compute",
    [
        lambda x: x / 0,
        lambda x: np.log(x * 0),
        lambda x: 1 / np.power(x, 2),
        lambda x: np.tanh(x),
        lambda x: (x / 0) * 2,
        lambda x: np.exp(-np.abs(x)),
        lambda x: np.exp(x / 0),
        lambda x: (x / 0)[:, None] @ np.ones((1, 2)),
    ],
)
def test_infinities_of_other_origin_do_not_raise(compute):
    compute(watch(X))


def test_watching_changes_no_number_and_no_object_of_the_caller():
    x = X.copy()
    seen = watch(x)
    seen += 1
    assert type(seen) is Watched
    assert np.array_equal(x, X + 1)
    assert type(plain(np.tanh(seen))) is np.ndarray
    assert np.array_equal(plain(np.tanh(seen)), np.tanh(x))
    assert isinstance(seen.sum(), float)
    assert watch(np.arange(3)).dtype == int
