"""Where an answer stops: what stood on both sides, by name, in the letters of the exercise."""

from __future__ import annotations

import numpy as np
import pytest

from exercises_lib import exercises
from exercises_lib.checking import check


def said(exercise_id, answer):
    verdict = check(exercises.get(exercise_id), answer, np.random.default_rng(0))
    assert verdict.status == "error"
    return " ".join(str(verdict).split())


def product(X, W, dD):
    return dD @ W, X.T @ dD


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1)


def beyond_the_end(x):
    rows = [x, x]
    at = 2
    return rows[at]


@pytest.mark.parametrize(
    ("exercise", "answer", "parts"),
    [
        (
            "ch04.matmul_backward",
            product,
            ["`dD` has shape (5, 3) = (R, C)", "columns on the left"],
        ),
        ("ch05.softmax", softmax, ["`e.sum(axis=-1)` has shape", "Counted from the last axis"]),
        ("ch05.softmax", beyond_the_end, ["`rows` is a list of 2 and `at` is 2"]),
    ],
)
def test_operands_are_named_with_what_they_are(exercise, answer, parts):
    text = said(exercise, answer)
    for part in parts:
        assert part in text


def test_what_is_written_out_is_not_said_again():
    def softmax(x):
        return np.einsum("ij,jk->ik", x, x)

    text = said("ch05.softmax", softmax)
    assert "is a str" not in text and "`x` has shape" in text
