"""Judging: the order of findings, plain sentences for odd answers, and naming the mistake."""

from __future__ import annotations

import re
import sys
import time
from dataclasses import replace
from types import FunctionType

import numpy as np
import pytest

from exercises_lib.checking import Case, Exercise, Mistake, Output, Probe, check
from exercises_lib.exercises import get
from exercises_lib.probes import call, layer, values

RNG = np.random.default_rng


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


def variant(**methods):
    return type("Affine", (Affine,), methods)


def wrong_db(self, dout):
    dx = Affine.backward(self, dout)
    self.db = dout.mean(axis=0)
    return dx


def wrong_dw(self, dout):
    dx = Affine.backward(self, dout)
    self.dW = self.x.T @ np.ones_like(dout)
    return dx


def draw(rng):
    for n, d, m, note in [(3, 4, 2, ""), (1, 2, 5, "a batch of one"), (4, 3, 3, "")]:
        W, b = rng.normal(size=(d, m)), rng.normal(size=m)
        x, dout = rng.normal(size=(n, d)), rng.normal(size=(n, m))
        yield Case({"W": W, "b": b, "x": x, "dout": dout}, note)


AFFINE = Exercise(
    id="ch99.Affine",
    title="Affine",
    kind="class",
    points=3,
    reference=Affine,
    probe=Probe(layer, {"init": ("W", "b"), "gradients": ("dx",), "attributes": ("dW", "db")}),
    draw=draw,
    hints=("a", "b", "c"),
    outputs=(
        Output("db", "(M,)", "one number per output"),
        Output("dW", "(D, M)", "the shape of W"),
    ),
    mistakes=(
        Mistake("db is a mean", variant(backward=wrong_db), "MEAN"),
        Mistake("dout dropped in dW", variant(backward=wrong_dw), "DROPPED"),
    ),
)


def ask(answer, seed=0):
    return check(AFFINE, answer, RNG(seed))


def test_a_right_answer_passes_with_all_points():
    verdict = ask(Affine)
    assert (verdict.status, verdict.earned, verdict.mistake) == ("passed", 3, None)
    assert verdict


def test_a_known_mistake_is_named_with_its_message():
    verdict = ask(variant(backward=wrong_db))
    assert (verdict.status, verdict.mistake, verdict.earned) == ("wrong", "db is a mean", 0)
    assert "MEAN" in verdict.message


@pytest.mark.parametrize(
    "slip", [lambda x, y: (x, y) if x > y else None, lambda x: (x, x)], ids=["no return", "too few"]
)
def test_a_mistake_is_named_whatever_the_students_function_is_called(slip):
    exercise = Exercise(
        id="ch99.pair",
        title="A pair",
        kind="function",
        points=1,
        reference=lambda x, y: (x, y),
        probe=Probe(call, {"returns": ("a", "b")}),
        hints=("a", "b", "c"),
        draw=lambda rng: [Case({"x": 2, "y": 1}), Case({"x": 1, "y": 2})],
        mistakes=(Mistake("slip", slip, "SLIP"),),
    )

    pair = FunctionType(slip.__code__, {}, "pair")
    pair.__qualname__ = "pair"
    verdict = check(exercise, pair, RNG(0))
    assert "pair(" in verdict.message and verdict.mistake == "slip"


def test_two_independent_mistakes_are_both_named():
    def both(self, dout):
        dx = Affine.backward(self, dout)
        self.db = dout.mean(axis=0)
        self.dW = self.x.T @ np.ones_like(dout)
        return dx

    verdict = ask(variant(backward=both))
    assert set(verdict.mistakes) == {"db is a mean", "dout dropped in dW"}
    assert "MEAN" in verdict.message and "DROPPED" in verdict.message


def test_a_wrong_answer_that_is_no_known_mistake_gets_no_name():
    def strange(self, dout):
        dx = Affine.backward(self, dout)
        self.db = dout.sum(axis=0) + 0.3
        return dx

    verdict = ask(variant(backward=strange))
    assert (verdict.status, verdict.mistake) == ("wrong", None)
    assert "db[0] is" in verdict.message and "expected" in verdict.message


def test_a_wrong_shape_is_said_with_the_shape_equation():
    def keepdims(self, dout):
        dx = Affine.backward(self, dout)
        self.db = dout.sum(axis=0, keepdims=True)
        return dx

    verdict = ask(variant(backward=keepdims))
    text = "db has shape (1, 2), expected (2,) = (M,): one number per output."
    assert text in verdict.message


def test_the_shape_comes_before_the_value():
    def two(self, dout):
        dx = Affine.backward(self, dout)
        self.dW = self.dW.T
        return dx * 2

    assert "dW has shape (2, 4), expected (4, 2)" in ask(variant(backward=two)).message


def test_changing_the_upstream_gradient_is_found():
    def greedy(self, dout):
        dx = Affine.backward(self, dout)
        dout *= 0
        return dx

    verdict = ask(variant(backward=greedy))
    assert verdict.status == "wrong"
    assert "changes dout in place" in verdict.message


def test_an_answer_that_keeps_state_between_calls_is_found():
    calls = []

    def moody(self, dout):
        calls.append(1)
        return Affine.backward(self, dout) * (1 + len(calls) % 2)

    assert "a second run on the same inputs" in ask(variant(backward=moody)).message


def test_a_stored_value_that_is_changed_shows_in_the_second_backward():
    def eats(self, dout):
        dx = Affine.backward(self, dout)
        self.x -= 1
        return dx

    assert ask(variant(backward=eats)).status == "wrong"


def test_a_missing_method_is_said_in_a_sentence():
    class Half:
        def __init__(self, W, b):
            pass

        def forward(self, x):
            return x

    verdict = ask(Half)
    assert verdict.status == "wrong"
    assert "has no method backward" in verdict.message


def test_a_missing_attribute_is_said_in_a_sentence():
    class NoDb(Affine):
        def backward(self, dout):
            self.dW = self.x.T @ dout
            return dout @ self.W.T

    assert "has no attribute db" in ask(NoDb).message


def test_an_instance_instead_of_the_class_is_said():
    assert "not a class" in ask(Affine(np.eye(2), np.zeros(2))).message


def test_an_exception_shows_the_student_s_lines_and_none_of_ours():
    def broken(self, dout):
        return dout @ self.weight.T

    verdict = ask(variant(backward=broken))
    assert verdict.status == "error"
    assert "AttributeError in backward(dout)" in verdict.message
    assert "in broken" in verdict.traceback
    assert "exercises_lib" not in str(verdict) and "probes" not in str(verdict)


def test_a_half_written_class_is_unanswered_and_says_what_is_open():
    class Half(Affine):
        def backward(self, dout):
            raise NotImplementedError

    verdict = ask(Half)
    assert verdict.status == "unanswered"
    assert "backward(dout)" in verdict.message


def test_what_a_library_has_not_implemented_is_an_error_of_the_answer():
    def asks_too_much(self, dout):
        raise NotImplementedError("log_softmax is not implemented for 'Long'")

    verdict = ask(variant(backward=asks_too_much))
    assert verdict.status == "error"
    assert "log_softmax is not implemented" in verdict.message


@pytest.mark.parametrize("nothing", [None, ...])
def test_no_answer_is_unanswered(nothing):
    assert ask(nothing).status == "unanswered"


# ------------------------------------------------------------------------ functions

DOUBLE = Exercise(
    id="ch99.double",
    title="Double",
    kind="function",
    points=1,
    reference=lambda x: 2 * x,
    probe=Probe(call),
    draw=lambda rng: [Case({"x": rng.normal(size=(2, 3))})],
    hints=("a", "b", "c"),
    seconds=0.5,
)


def forever(x):
    while True:
        pass


def swallows_the_interruption(x):
    while True:
        try:
            while True:
                pass
        except Exception:
            pass


def deep(x):
    return deep(x)


class Unprintable(Exception):
    def __str__(self):
        raise ValueError


def raises_unprintable(x):
    raise Unprintable


def leaves(x):
    raise SystemExit


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (lambda x: None, "wrong", "Did you forget a return"),
        (lambda x: (2 * x).tolist(), "wrong", "a list, expected a NumPy array"),
        (lambda x: 3.0, "wrong", "a number, expected a NumPy array"),
        (lambda x: np.array([None]), "wrong", "Python objects"),
        (lambda x: x * np.nan, "wrong", "nan"),
        (lambda x: 2j * x, "wrong", "complex"),
        (lambda x: object(), "wrong", "an object"),
        (lambda x: -2 * x, "wrong", "the negative"),
        (lambda x: x, "wrong", "0.5 ×"),
        (lambda x: 2 * x.T, "wrong", "transpose"),
        (lambda: 1, "error", "TypeError"),
        (42, "wrong", "expected a function"),
        (forever, "error", "time was up"),
        (swallows_the_interruption, "error", "time was up"),
        (deep, "error", "RecursionError"),
        (raises_unprintable, "error", "cannot be shown"),
        (leaves, "error", "SystemExit"),
    ],
)
def test_odd_answers_get_a_plain_sentence(answer, status, words):
    verdict = check(DOUBLE, answer, RNG(0))
    assert verdict.status == status
    assert words in str(verdict).replace("\n  ", " ")


def test_what_an_answer_prints_is_kept_short_and_shown_only_if_it_did_not_pass(capsys):
    def chatty(x):
        print("noise\n" * 100_000)
        return x

    verdict = check(DOUBLE, chatty, RNG(0))
    assert capsys.readouterr().out == ""
    assert "Your code printed:" in str(verdict)
    assert len(str(verdict).split("\n")) < 20

    def chatty_and_right(x):
        print("noise")
        return 2 * x

    assert "noise" not in str(check(DOUBLE, chatty_and_right, RNG(0)))


def test_a_loop_is_interrupted_in_time():
    started = time.perf_counter()
    check(DOUBLE, forever, RNG(0))
    assert time.perf_counter() - started < 5 * DOUBLE.seconds


def test_float32_is_judged_with_looser_tolerance():
    exercise = Exercise(
        **{
            **DOUBLE.__dict__,
            "draw": lambda rng: [Case({"x": rng.normal(size=4).astype(np.float32)})],
        }
    )
    assert check(exercise, lambda x: x.astype(np.float32) * np.float32(2.00001), RNG(0))
    assert not check(exercise, lambda x: 2.1 * x, RNG(0))


# -------------------------------------------------------------------------- numbers

from exercises_lib.checking import Field  # noqa: E402

NUMBERS = Exercise(
    id="ch99.numbers",
    title="Three numbers",
    kind="number",
    points=1,
    reference={"a": 2.2, "b": 110, "c": 200},
    probe=Probe(values, {"names": ("a", "b", "c")}),
    fields=(Field("a", "a"), Field("b", "b"), Field("c", "c")),
    hints=("a", "b", "c"),
    mistakes=(
        Mistake("swapped", {"a": 2.2, "b": 200, "c": 110}, "SWAPPED"),
        Mistake("no tax", {"a": 2, "b": 100, "c": 200}, "NO TAX"),
    ),
)


def test_numbers_pass_whatever_their_type():
    right = {"a": np.float64(2.2), "b": 110.0, "c": np.array(200)}
    assert check(NUMBERS, right, RNG(0)).status == "passed"


def test_the_expected_number_is_never_revealed():
    verdict = check(NUMBERS, {"a": 7.5, "b": 110, "c": 199}, RNG(0))
    assert verdict.status == "wrong"
    assert "2.2" not in str(verdict) and "200" not in str(verdict)
    assert "1 of 3 are right" in verdict.message


def test_one_wrong_entry_is_enough_to_name_its_mistake():
    assert check(NUMBERS, {"a": 2, "b": 110, "c": 200}, RNG(0)).mistake == "no tax"


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        ({"a": None, "b": None, "c": None}, "unanswered", "placeholder"),
        ({}, "unanswered", "placeholder"),
        ({"a": 2.2, "b": None, "c": ...}, "unanswered", "Still open: b, c"),
        ({"a": 2.2, "b": 110, "c": 200, "d": 1}, "wrong", "no entry 'd'"),
        ({"a": "2.2", "b": 110, "c": 200}, "wrong", "a string, expected a number"),
        ([2.2, 110, 200], "wrong", "dictionary"),
        ({"a": np.ones(2), "b": 110, "c": 200}, "wrong", "expected a single number"),
    ],
)
def test_blanks_that_are_odd_or_open_are_said(answer, status, words):
    verdict = check(NUMBERS, answer, RNG(0))
    assert verdict.status == status
    assert words in verdict.message


def test_a_missing_module_makes_the_exercise_unavailable():
    exercise = Exercise(**{**DOUBLE.__dict__, "requires": ("no_such_module",)})
    assert check(exercise, lambda x: 0, RNG(0)).status == "unavailable"


def test_a_limit_of_recursion_that_an_answer_raises_is_put_back():
    before = sys.getrecursionlimit()

    def raises(x):
        sys.setrecursionlimit(50_000)
        return 2 * x

    assert check(DOUBLE, raises, RNG(0)).status == "passed"
    assert sys.getrecursionlimit() == before


def test_verdict_html_escapes_what_the_student_wrote():
    def evil(x):
        raise ValueError("<script>alert(1)</script>")

    html = check(DOUBLE, evil, RNG(0))._repr_html_()
    assert "<script>" not in html and "&lt;script&gt;" in html


def test_what_a_case_keeps_reaches_the_comparison_and_never_the_answer():
    seen_by_answer = []

    def answer(x):
        seen_by_answer.append(x)
        return 7

    def compare(inputs, got, expected):
        return None if got == inputs["label"] and "x" in inputs else "wrong"

    exercise = Exercise(
        id="ch99.hidden",
        title="kept",
        kind="target",
        points=1,
        reference=lambda x: 0,
        probe=Probe(call, {"returns": ("guess",)}),
        draw=lambda rng: [Case({"x": 1.0}, hidden={"label": 7})],
        outputs=(Output("guess", compare=compare),),
        hints=("a", "b", "c"),
    )
    assert check(exercise, answer, RNG(0)).status == "passed"
    assert seen_by_answer == [1.0, 1.0]
    assert check(exercise, lambda x: 6, RNG(0)).status == "wrong"


@pytest.mark.parametrize("product", [lambda x: x @ x, lambda x: np.dot(x, x)])
def test_a_matrix_product_that_does_not_fit_is_the_same_mistake_written_with_dot_or_at(product):
    exercise = Exercise(
        id="ch99.product",
        title="a product",
        kind="function",
        points=1,
        reference=lambda x: x.T @ x,
        probe=Probe(call, {"returns": ("out",)}),
        draw=lambda rng: [Case({"x": rng.normal(size=(2, 3))})],
        mistakes=(Mistake("no transpose", lambda x: x @ x, "Transpose one."),),
        hints=("a", "b", "c"),
    )
    verdict = check(exercise, product, RNG(0))
    assert verdict.mistake == "no transpose"
    assert "the inner sizes of a matrix product differ: 3 on the left, 2 on the right" in str(
        verdict
    ).replace("\n  ", " ")


@pytest.mark.parametrize("product", [lambda x, y: x * y, lambda x, y: y * x])
def test_operands_that_cannot_be_broadcast_are_the_same_mistake_in_either_order(product):
    exercise = Exercise(
        id="ch99.entries",
        title="a product",
        kind="function",
        points=1,
        reference=lambda x, y: x @ y,
        probe=Probe(call, {"returns": ("out",)}),
        draw=lambda rng: [Case({"x": rng.normal(size=(2, 3)), "y": rng.normal(size=(3, 4))})],
        mistakes=(Mistake("entry by entry", lambda x, y: x * y, "That is another product."),),
        hints=("a", "b", "c"),
    )
    assert check(exercise, product, RNG(0)).mistake == "entry by entry"


def test_a_mistake_that_is_wrong_where_the_answer_is_right_is_not_named():
    def three(a, b, c):
        return lambda x: (a * x, b * x, c * x)

    exercise = Exercise(
        id="ch99.three",
        title="three numbers",
        kind="function",
        points=1,
        reference=three(1, 1, 1),
        probe=Probe(call, {"returns": ("a", "b", "c")}),
        draw=lambda rng: [Case({"x": float(rng.uniform(1, 2))})],
        mistakes=(
            Mistake("all doubled", three(2, 2, 2), "All of them are doubled."),
            Mistake("the first doubled", three(2, 1, 1), "The first is doubled."),
        ),
        hints=("a", "b", "c"),
    )
    assert check(exercise, three(2, 1, 1), RNG(0)).mistakes == ("the first doubled",)
    assert check(exercise, three(1, 1, 2), RNG(0)).mistakes == ()


def test_a_mistake_that_fails_where_the_answer_is_right_is_not_named():
    def ask(answer, inputs):
        name, number = inputs["name"], inputs["number"]
        yield name
        yield name, answer(name, number)

    def right(name, number):
        return number

    def doubles_and_breaks(name, number):
        return 2 * number if name == "first" else number / 0

    def doubles(name, number):
        return 2 * number if name == "first" else number

    exercise = Exercise(
        id="ch99.two",
        title="Two",
        kind="function",
        points=1,
        reference=right,
        probe=Probe(ask),
        draw=lambda rng: [Case({"name": n, "number": 3.0}) for n in ("first", "second")],
        hints=("a", "b", "c"),
        mistakes=(Mistake("doubled", doubles_and_breaks, "DOUBLED"),),
    )
    assert check(exercise, doubles, RNG(0)).mistakes == ()
    assert check(exercise, doubles_and_breaks, RNG(0)).mistakes == ("doubled",)


def test_a_case_that_takes_long_is_spared_the_mistakes_that_a_short_one_rules_out():
    runs = []

    def ask(answer, inputs):
        yield "out", answer(inputs["long"])

    def slow(value, long):
        if long:
            runs.append(value)
            time.sleep(0.02)
        return value

    exercise = Exercise(
        id="ch99.long",
        title="Long",
        kind="function",
        points=1,
        reference=lambda long: slow(0, long),
        probe=Probe(ask),
        draw=lambda rng: [Case({"long": True}), Case({"long": False})],
        hints=("a", "b", "c"),
        mistakes=tuple(Mistake(str(n), lambda long, n=n: slow(n, long), "") for n in (1, 2, 3)),
        repeat=False,
    )
    assert check(exercise, lambda long: 2, RNG(0)).mistakes == ("2",)
    assert runs == [0, 2]


def test_a_module_that_takes_long_to_import_is_not_held_against_the_answer(tmp_path, monkeypatch):
    (tmp_path / "slow_to_import.py").write_text("import time\ntime.sleep(0.6)\nNUMBER = 2\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    def double(x):
        import slow_to_import

        return slow_to_import.NUMBER * x

    exercise = replace(DOUBLE, reference=double, requires=("slow_to_import",), seconds=0.3)
    assert check(exercise, double, RNG(0)).status == "passed"


def test_inputs_that_are_a_few_numbers_are_shown():
    verdict = check(get("ch00.double"), lambda x: x + 2, np.random.default_rng(3))
    assert re.search(r"Case: one number, x = -?\d", verdict.message)
    shop = check(get("ch03.shop"), lambda *prices: None, np.random.default_rng(3))
    assert "apple_price = " not in shop.message  # too many to be read


def test_a_comparison_that_cannot_deal_with_what_came_is_a_verdict_all_the_same():
    def compare(inputs, got, expected):
        return None if np.std(got) < 1 else "too wide"

    exercise = replace(DOUBLE, outputs=(Output("result", compare=compare),))
    verdict = check(exercise, lambda x: [object()], RNG(0))
    assert verdict.status == "wrong" and "cannot be judged" in verdict.message
