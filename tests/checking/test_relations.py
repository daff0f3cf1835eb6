"""What is said of wrong numbers beside the right ones: only what holds in every case."""

from __future__ import annotations

import numpy as np
import pytest

from exercises_lib.checking import Case, Exercise, Output, Probe, check
from exercises_lib.probes import call

RNG = np.random.default_rng


def right(x, W, dout):
    return x.T @ dout, dout @ W.T


def draw(rng):
    for n, d, m in ((5, 3, 2), (4, 6, 3), (3, 2, 5)):
        yield Case({
            "x": rng.normal(size=(n, d)),
            "W": rng.normal(size=(d, m)),
            "dout": rng.normal(size=(n, m)),
        })  # fmt: skip


EXERCISE = Exercise(
    id="ch99.gradients",
    title="Gradients",
    kind="function",
    points=1,
    reference=right,
    probe=Probe(call, {"returns": ("dW", "dx")}),
    draw=draw,
    outputs=(Output("dW", "(D, M)"), Output("dx", "(N, D)")),
    hints=("a", "b", "c"),
)


def told(change, seed=0):
    def answer(x, W, dout):
        return change(*right(x, W, dout), x, W, dout)

    return check(EXERCISE, answer, RNG(seed)).relations


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda dW, dx, x, W, dout: (len(x) * dW, dx), "dW is N × the expected one"),
        (lambda dW, dx, x, W, dout: (dW, dx / x.shape[1]), "dx is the expected one divided by D"),
        (lambda dW, dx, x, W, dout: (-dW, dx), "dW has the right size and the wrong sign"),
        (lambda dW, dx, x, W, dout: (0.5 * dW, dx), "dW is 0.5 × the expected one"),
        (lambda dW, dx, x, W, dout: (dW.T, dx), "dW is the transpose of what is expected"),
        (lambda dW, dx, x, W, dout: (dx, dx), "dW is what dx should be"),
        (lambda dW, dx, x, W, dout: (dW, x), "dx is x as it is"),
        (lambda dW, dx, x, W, dout: (dW.sum(axis=0), dx), "dW is the expected one, added up"),
        (lambda dW, dx, x, W, dout: (dW, dx * (x > 0)), "dx is right where x > 0, and only there"),
        (lambda dW, dx, x, W, dout: (dW, dx + x), "dx is the expected one with x added"),
        (lambda dW, dx, x, W, dout: (dW, dx + 2), "dx is the expected one plus 2"),
        (
            lambda dW, dx, x, W, dout: (dW, np.ones_like(dout) @ W.T),
            "dx is what it should be if all that arrives from above were 1",
        ),
        (
            lambda dW, dx, x, W, dout: (dW, np.vstack([dx[:1], 0 * dx[1:]])),
            "Of dx, the first row alone is right",
        ),
    ],
)
def test_a_relation_that_holds_in_every_case_is_told(change, sentence):
    for seed in range(3):
        found = told(change, seed)
        assert len(found) == 1 and sentence in found[0], found


@pytest.mark.parametrize(
    "change",
    [
        lambda dW, dx, x, W, dout: (dW * np.sign(dW[0, 0]) * 2, dx),
        lambda dW, dx, x, W, dout: (dW + dW.mean() * x.mean(), dx),
        lambda dW, dx, x, W, dout: (dW * np.nan, dx),
        lambda dW, dx, x, W, dout: ("nothing", dx),
        lambda dW, dx, x, W, dout: (dW, dx + np.abs(dx) + x * x),
        lambda dW, dx, x, W, dout: (dW, dx),
    ],
)
def test_nothing_is_said_where_nothing_holds_everywhere(change):
    assert told(change) == ()


def test_a_few_numbers_are_shown_with_what_came_of_them():
    exercise = Exercise(
        id="ch99.square",
        title="Square",
        kind="function",
        points=1,
        reference=lambda x: x * x,
        probe=Probe(call),
        draw=lambda rng: [Case({"x": 8.92}), Case({"x": np.ones(3)}, "an array")],
        hints=("a", "b", "c"),
    )
    verdict = check(exercise, lambda x: x + x, RNG(0))
    assert "expected 79.5664" in verdict.message and "x = 8.92" in verdict.message


def test_a_mask_that_is_never_open_says_nothing():
    scaled = Exercise(
        id="ch99.scaled",
        title="Scaled",
        kind="function",
        points=1,
        reference=lambda gamma, x: gamma * x,
        probe=Probe(call, {"returns": ("out",)}),
        draw=lambda rng: [
            Case({"gamma": rng.uniform(1, 2, size=4), "x": rng.normal(size=4)}) for _ in range(3)
        ],
        hints=("a", "b", "c"),
    )
    assert check(scaled, lambda gamma, x: gamma * x**2, RNG(0)).relations == ()
