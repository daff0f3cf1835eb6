"""Each kind of fault that is pointed at, in a program of its own, by the line where it stands."""

from __future__ import annotations

import itertools
import linecache

import numpy as np
import pytest

from exercises_lib import exercises, nn
from exercises_lib.checking import check
from exercises_lib.checking.pointing import confine, start

_cells = itertools.count()


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """On a busy machine a search is late, and these tests wait for it."""
    monkeypatch.setattr(confine, "PATIENCE", 40)


AFFINE = """
class Affine:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T
"""
BY_HAND = """
def scores(x, W):
    out = np.zeros((len(x), W.shape[1]))
    for i in range(len(x)):
        out[i] = x[i] @ W
    return out


class Base:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return scores(x, self.W) + self.b


class Affine(Base):
    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T
"""
STAGED = """
def mean_squared_error(y, t):
    off = y - t
    loss = np.sum(off**2) / off.size
    return loss, 2 * off / off.size
"""
SPLIT = """
def batches(x, t, size, rng):
    order = rng.permutation(len(x))
    for start in range(0, len(x), size):
        batch = order[start : start + size]
        yield x[batch], t[batch]
"""


def typed(text, *edits):
    """The last function or class of a cell in which some places were changed."""
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    text = text.lstrip("\n")
    file = f"<cell of a test {next(_cells)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    space = {"np": np, "nn": nn}
    before = set(space)
    exec(compile(text, file, "exec"), space)
    return [value for name, value in space.items() if name not in before][-1]


def ask(exercise_id, answer, seed=0):
    with np.errstate(all="ignore"):
        return check(
            exercises.get(exercise_id), answer, np.random.default_rng(seed), search=start
        ).settled()


@pytest.mark.parametrize(
    ("text", "exercise"),
    [
        (AFFINE, "ch04.Affine"),
        (BY_HAND, "ch04.Affine"),
        (STAGED, "ch05.mean_squared_error"),
        (SPLIT, "ch06.minibatches"),
    ],
)
def test_the_programs_are_right_before_they_are_changed(text, exercise):
    assert ask(exercise, typed(text))


@pytest.mark.parametrize(
    ("program", "edit", "line"),
    [
        (AFFINE, ("        self.x = x\n", ""), 6),  # something that is needed later is not kept
        (AFFINE, ("        self.db = dout.sum(axis=0)\n", ""), 11),
        (AFFINE, ("        return dout @ self.W.T\n", "        dout @ self.W.T\n"), 12),
        (AFFINE, ("x @ self.W + self.b", "x @ self.W"), 7),
        (AFFINE, ("self.W, self.b = W, b", "self.W, self.b = W, W"), 3),
        (BY_HAND, ("out[i] = x[i] @ W", "out[i] = x[i] @ W * 2"), 4),  # a helper of one's own
        (BY_HAND, ("range(len(x))", "range(1, len(x))"), 3),
        (BY_HAND, ("range(len(x))", "x"), 3),
        (BY_HAND, ("        self.x = x\n", "        self.x = 2 * x\n"), 13),  # a base class
    ],
)
def test_the_line_of_a_fault_is_named_wherever_it_stands(program, edit, line):
    verdict = ask("ch04.Affine", typed(program, edit))
    assert verdict.lines == (line,), str(verdict)


def test_a_line_that_makes_a_wrong_output_of_right_values_needs_no_repair_to_be_named():
    strange = ("self.dW = self.x.T @ dout", "self.dW = np.cos(self.x.T) @ np.cumsum(dout, axis=0)")
    verdict = ask("ch04.Affine", typed(AFFINE, strange))
    assert verdict.lines == (10,)


def test_a_result_that_never_came_is_searched_for_beside_a_line_that_is_blamed():
    answer = typed(
        AFFINE,
        ("self.x.T @ dout", "self.x.T @ dout / len(dout)"),
        ("        return dout @ self.W.T\n", "        dout @ self.W.T\n"),
    )
    assert ask("ch04.Affine", answer).lines == (10, 12)


def test_a_line_that_stops_on_right_values_is_named():
    verdict = ask("ch04.Affine", typed(AFFINE, ("dout @ self.W.T", "np.kron(dout, dout) @ self.b")))
    assert verdict.status == "error" and verdict.lines == (12,)


def test_a_value_that_is_wrong_when_a_line_gets_it_does_not_blame_that_line():
    early = ("self.dW = self.x.T", "dout = np.cos(np.exp(dout))\n        self.dW = self.x.T")
    verdict = ask("ch04.Affine", typed(AFFINE, early))
    assert set(verdict.lines) <= {10}


def test_the_statement_that_changes_what_it_is_given_is_named():
    answer = typed(STAGED, ("off = y - t\n", "y -= t\n    off = y\n"))
    verdict = ask("ch05.mean_squared_error", answer)
    assert verdict.lines == (2,), str(verdict)


def test_one_result_too_few_is_told_where_it_is_returned():
    answer = typed(STAGED, ("return loss, 2 * off / off.size", "return loss"))
    assert ask("ch05.mean_squared_error", answer).lines == (4,)


def test_a_value_is_blamed_where_it_is_made_and_not_where_it_is_returned():
    answer = typed(STAGED, ("= np.sum(off**2)", "= -np.sum(off**2)"))
    assert ask("ch05.mean_squared_error", answer).lines == (3,)


def test_a_right_expression_is_not_put_in_the_place_of_all_that_was_computed():
    odd = ("loss = np.sum(off**2)", "loss = 0.5 * np.sum(np.tanh(off))")
    verdict = ask("ch05.mean_squared_error", typed(STAGED, odd))
    assert verdict.lines == (3,)


@pytest.mark.parametrize(
    ("edit", "line"), [(("t[batch]", "t"), 5), (("len(x), size)", "size)"), 3)]
)
def test_generators_are_searched_too(edit, line):
    assert ask("ch06.minibatches", typed(SPLIT, edit)).lines == (line,)


@pytest.mark.parametrize(
    "forward",
    ["2 / (1 + np.exp(-2 * x)) - 1", "1 - 2 / (np.exp(2 * x) + 1)"],
)
def test_a_tanh_that_overflows_on_the_way_to_a_right_value_is_right(forward):
    text = f"""
class Tanh:
    def forward(self, x):
        self.out = {forward}
        return self.out

    def backward(self, dout):
        return dout * (1 - self.out**2)
"""
    assert ask("ch03.Tanh", typed(text))


def test_a_tanh_that_becomes_no_number_is_not():
    text = """
class Tanh:
    def forward(self, x):
        up, down = np.exp(x), np.exp(-x)
        self.out = (up - down) / (up + down)
        return self.out

    def backward(self, dout):
        return dout * (1 - self.out**2)
"""
    verdict = ask("ch03.Tanh", typed(text))
    assert verdict.mistake == "overflow in exp"


def test_rows_that_overwrite_each_other_are_not_told_that_batches_are_drawn_anew():
    text = """
def minibatches(x, t, size, rng):
    import random
    rows = np.column_stack([x, t])
    random.seed(int(rng.integers(10**6)))
    random.shuffle(rows)
    for start in range(0, len(x), size):
        part = rows[start : start + size]
        yield part[:, :-1], part[:, -1].astype(t.dtype)
"""
    verdict = ask("ch06.minibatches", typed(text))
    assert "`random.shuffle` exchanges the rows" in " ".join(str(verdict).split())
