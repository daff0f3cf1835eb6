"""Pointing at the line: where a wrong answer is to be changed, never what to put there."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from exercises_lib import exercises, live
from exercises_lib.checking import Case, Exercise, Field, Probe, check
from exercises_lib.checking.place import Place
from exercises_lib.checking.pointing import confine, start
from exercises_lib.probes import call, values

RNG = np.random.default_rng


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """On a busy machine a search is late, and these tests wait for it."""
    monkeypatch.setattr(confine, "PATIENCE", 40)


def line_of(program, text):
    """The number of the line of this file in which some text stands within a program."""
    lines = Path(__file__).read_text(encoding="utf-8").split("\n")
    first = program.__init__ if isinstance(program, type) else program
    begin = first.__code__.co_firstlineno
    return next(n for n, row in enumerate(lines, 1) if n >= begin and text in row)


def ask(exercise_id, answer, seed=0):
    return check(exercises.get(exercise_id), answer, RNG(seed), search=start)


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


class ManyTimes(Affine):
    def __init__(self, W, b):
        self.W, self.b = W, b

    def backward(self, dout):
        self.dW = len(dout) * self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T


class WrongAxis(Affine):
    def __init__(self, W, b):
        self.W, self.b = W, b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=1)
        return dout @ self.W.T


class TwoFaults(Affine):
    def __init__(self, W, b):
        self.W, self.b = W, b

    def backward(self, dout):
        self.dW = self.x.T @ dout * 2
        self.db = -dout.sum(axis=0)
        return dout @ self.W.T


@pytest.mark.parametrize(
    ("answer", "text", "hidden"),
    [
        (ManyTimes, "self.dW = len(dout) *", "self.dW = self.x.T"),
        (WrongAxis, "self.db = dout.sum(axis=1)", "axis=0"),
    ],
)
def test_the_line_of_a_single_fault_is_named_and_the_repair_is_not(answer, text, hidden):
    verdict = ask("ch04.Affine", answer)
    assert verdict.lines == (line_of(answer, text),)
    assert text in str(verdict) and "One change in line" in str(verdict)
    assert hidden not in str(verdict)
    assert text in verdict._repr_html_()


def test_independent_faults_each_get_their_line():
    verdict = ask("ch04.Affine", TwoFaults)
    wanted = (line_of(TwoFaults, "dout * 2"), line_of(TwoFaults, "-dout.sum"))
    assert verdict.lines == wanted


@pytest.mark.parametrize("answer", [ManyTimes, TwoFaults])
def test_the_line_does_not_depend_on_the_draw(answer):
    assert len({ask("ch04.Affine", answer, seed).lines for seed in range(1, 4)}) == 1


def test_a_right_answer_gets_no_line():
    verdict = ask("ch04.Affine", Affine)
    assert verdict and verdict.lines == () and verdict.place == Place()


def squared(x):
    return x * x


def never_writes(path):
    def answer(x):
        if x is None:
            Path(path).write_text("a candidate was here", encoding="utf-8")
        return x * 3

    return answer


def forever(x):
    i = 3
    while i > 0:
        i = i - 1
    return x


def double(seconds=2.0):
    return Exercise(
        id="ch99.double",
        title="Double",
        kind="function",
        points=1,
        reference=lambda x: 2 * x,
        probe=Probe(call),
        draw=lambda rng: [Case({"x": rng.normal(size=(2, 3))})],
        hints=("a", "b", "c"),
        seconds=seconds,
    )


def test_candidates_write_nothing(tmp_path):
    path = tmp_path / "trace"
    verdict = check(double(), never_writes(path), RNG(0), search=start)
    assert verdict.lines == (line_of(never_writes, "return x * 3"),)
    assert not path.exists()


def test_candidates_print_nothing(capfd):
    def chatty(x):
        print("noise")
        return x * 3

    assert len(check(double(), chatty, RNG(0), search=start).lines) == 1
    assert capfd.readouterr() == ("", "")


def test_a_candidate_that_never_ends_costs_no_more_than_the_budget(monkeypatch):
    monkeypatch.setattr(confine, "SECONDS", 0.5)
    began = time.perf_counter()
    verdict = check(double(), forever, RNG(0), search=start)
    assert verdict.lines in ((), (line_of(forever, "return x"),))
    assert time.perf_counter() - began < (confine.PATIENCE + 2) * confine.SECONDS


def test_what_would_allocate_everything_does_no_harm():
    def huge(x):
        return np.ones(10**2).sum() * x * np.ones((1,) * 2) ** 2

    assert check(double(), huge, RNG(0), search=start).status == "wrong"


def test_without_a_child_the_same_line_is_found(monkeypatch):
    monkeypatch.setattr(confine, "_forks", lambda: False)
    monkeypatch.setattr(confine, "SECONDS", 1.0)
    verdict = ask("ch04.Affine", ManyTimes)
    assert verdict.lines == (line_of(ManyTimes, "len(dout) *"),)
    assert check(double(), forever, RNG(0), search=start).status == "wrong"


def test_blanks_are_not_searched():
    exercise = Exercise(
        id="ch99.number",
        title="A number",
        kind="number",
        points=1,
        reference={"a": 2},
        probe=Probe(values, {"names": ("a",)}),
        fields=(Field("a", "a"),),
        hints=("a", "b", "c"),
    )
    assert check(exercise, {"a": 3}, RNG(0), search=start).lines == ()


def test_answers_that_hold_pairs_of_arrays_are_searched_too():
    def paired(x):
        pair = (x, x)
        return pair[0] + pair[1]

    def thrice(x):
        both = (x, x)
        return both[0] * 3

    exercise = replace(double(), reference=paired)
    verdict = check(exercise, thrice, RNG(0), search=start)
    assert verdict.lines == (line_of(thrice, "both[0] * 3"),)


CELL_1 = """class Affine:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b
"""
CELL_2 = """def backward(self, dout):
    self.dW = self.x.T @ dout
    self.db = dout.mean(axis=0)
    return dout @ self.W.T


Affine.backward = backward
"""


@pytest.fixture
def shell():
    InteractiveShell.clear_instance()
    made = InteractiveShell.instance()
    yield made
    InteractiveShell.clear_instance()


def test_a_method_patched_from_another_cell_is_found_there(shell):
    assert shell.run_cell(CELL_1, store_history=True).success
    assert shell.run_cell(CELL_2, store_history=True).success
    verdict = ask("ch04.Affine", shell.user_ns["Affine"])
    assert verdict.lines == (3,)
    assert "line 3 of the cell with `backward`" in str(verdict).replace("\n  ", " ")


def test_the_second_definition_of_a_class_in_a_cell_is_the_one_that_is_searched(shell):
    whole = CELL_1 + "\n    " + CELL_2.split("\n\n\n")[0].replace("\n", "\n    ") + "\n"
    text = whole.replace("dout.mean", "dout.sum") + "\n\n" + whole
    assert shell.run_cell(text, store_history=True).success
    verdict = ask("ch04.Affine", shell.user_ns["Affine"])
    (line,) = verdict.lines
    assert "mean" in text.split("\n")[line - 1]
    assert "of your cell" in str(verdict)


def test_a_notebook_shows_the_verdict_first_and_the_place_when_it_is_known(monkeypatch):
    class Slow:
        def place(self, seconds=None):
            return None if seconds is not None else Place("One change in line 7.", (7,), ())

    shown = []

    def display(bundle, raw, display_id, update):
        shown.append((update, bundle["text/plain"]))

    monkeypatch.setattr("IPython.display.display", display)
    verdict = check(double(), squared, RNG(0), search=lambda trial, answer: Slow())
    live._publish(verdict, update=False)
    (first, early), (second, late) = shown
    assert (first, second) == (False, True)
    assert "One change" not in early and late.startswith(early)
    assert late.endswith("One change in line 7.")
    shown.clear()
    quick = check(double(), squared, RNG(0), search=lambda *_: confine.Done(Place()))
    live._publish(quick, update=False)
    assert len(shown) == 1
