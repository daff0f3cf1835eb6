"""The kernel of the pages, under plain Python: what runs, in which order, and what is said."""

from __future__ import annotations

import importlib
import json

import pytest

from exercises_lib import own, progress_store
from exercises_lib.figures import widget
from exercises_lib.in_page import kernel
from exercises_lib.in_page.kernel import OUTPUT_LIMIT, start
from exercises_lib.in_page.needs import names_of, needed

SETUP = {
    "id": "setup",
    "source": "import numpy as np\nfrom exercises_lib import check, figures, nn",
}


OWN = '__all__ = ["double"]\n\n\ndef double(x):\n    return 2 * x\n'


class Page:
    """A page without a browser: runs cells and keeps what it was told."""

    def __init__(self):
        self.heard = []
        memory = {"passed": ["ch04.Affine"], "own": {"ch03.double": OWN}}
        self.kernel = start(lambda text: self.heard.append(json.loads(text)), json.dumps(memory))

    def run(self, *cells, check=None):
        self.heard.clear()
        asked = [cell if isinstance(cell, dict) else {"id": "c", "source": cell} for cell in cells]
        request = {"cells": [{**cell, "seconds": 5} for cell in asked]}
        if check:
            request["check"] = {"exercise": check, "expression": check.partition(".")[2]}
        self.kernel.run(json.dumps(request))

    def of(self, kind, field=None):
        found = [message for message in self.heard if message["kind"] == kind]
        return [message[field] for message in found] if field else found


@pytest.fixture
def page(monkeypatch):
    observe = importlib.import_module("exercises_lib.checking.observe")
    for place, name in (
        (observe, "time_limit"),
        (widget, "_widget_class"),
        (progress_store, "passed_exercises"),
        (progress_store, "record"),
    ):
        monkeypatch.setattr(place, name, getattr(place, name))  # put back afterwards
    monkeypatch.setattr("builtins.display", None, raising=False)
    monkeypatch.setattr(widget, "_shown", {})
    yield Page()
    own.use(None)


def test_a_cell_runs_after_the_cells_that_it_needs_and_no_others(page):
    other = {"id": "other", "source": "y = 1 / 0"}
    middle = {"id": "middle", "source": "x = np.ones(3)"}
    page.run(SETUP, other, middle, "print(x.sum())")
    assert page.of("start", "cell") == ["setup", "middle", "c"]
    assert page.of("print", "text") == ["3.0\n"]
    page.run(SETUP, other, middle, "print(x.size)")
    assert page.of("start", "cell") == ["c"]


def test_a_cell_above_that_has_changed_runs_again_and_so_does_what_needs_it(page):
    def above(value):
        return [{"id": "a", "source": f"a = {value}"}, {"id": "b", "source": "b = a + 1"}]

    page.run(*above(1), "print(b)")
    page.run(*above(5), "print(b)")
    assert page.of("start", "cell") == ["a", "b", "c"]
    assert page.of("print", "text") == ["6\n"]


@pytest.mark.parametrize(
    ("source", "bound", "touched", "used"),
    [
        ("a[0] = b.c", set(), {"a"}, {"a", "b"}),
        ("layer.forward(x)", set(), {"layer", "x"}, {"layer", "x"}),
        ("def f():\n    return g(w)", {"f"}, set(), {"g", "w"}),
        ("print(total)", set(), set(), {"total"}),
        ("import numpy as np\nnp.sum(q)", {"np"}, {"q"}, {"np", "q"}),
        ("class A(B):\n    def f(self):\n        return C", {"A"}, set(), {"B", "C"}),
        ("def broken(", set(), set(), set()),
    ],
)
def test_the_names_of_a_cell(source, bound, touched, used):
    names = names_of(source)
    assert (names.bound, names.touched, names.used) == (bound, touched, used)


def test_of_two_cells_that_give_a_name_a_value_the_nearer_one_is_needed():
    above = [names_of(text) for text in ("x = 1", "x = 2", "x.append(3)", "y = 4")]
    assert needed(above, names_of("x")) == [1, 2]


def test_an_answer_is_checked_and_a_mistake_named(page):
    page.run(
        SETUP, "def bias_gradient(dout):\n    return dout.sum(axis=1)", check="ch04.bias_gradient"
    )
    (verdict,) = page.of("verdict")
    assert verdict["status"] == "wrong"
    assert verdict["mistake"] == "summed over axis 1"
    assert "adds the same <code>b</code>" in verdict["html"]
    page.run(
        SETUP, "def bias_gradient(dout):\n    return dout.sum(axis=0)", check="ch04.bias_gradient"
    )
    assert page.of("verdict", "status") == ["passed"]
    assert "ch04.bias_gradient" in page.kernel.passed


def test_an_answer_without_the_name_that_is_checked_says_which(page):
    page.run(SETUP, "def gradient(dout):\n    return dout", check="ch04.bias_gradient")
    (verdict,) = page.of("verdict")
    assert verdict["status"] == "unanswered"
    assert "<code>bias_gradient</code> does not exist yet" in verdict["html"]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def f(\n", "SyntaxError"),
        ("def f():\n    return f()\nf()", "calls itself again and again"),
        ("import sys\nsys.exit()", "nothing to leave"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("1 / 0", "line 1, in <module>\n    1 / 0\nZeroDivisionError"),
    ],
)
def test_what_stops_a_cell_is_said_without_our_frames(page, source, said):
    page.run(source)
    (text,) = page.of("error", "text")
    assert said in text
    assert "kernel.py" not in text
    assert page.of("end", "ok") == [False]


def test_memory_that_is_full_ends_the_kernel(page):
    page.run("[0] * 10**18")
    assert page.of("full")
    assert page.of("end", "ok") == [False]


def test_printing_is_cut_and_the_rest_counted(page):
    page.run("for i in range(100_000):\n    print(i)")
    text = "".join(page.of("print", "text"))
    assert len(text) < OUTPUT_LIMIT + 100
    assert text.endswith(f"\n… {588_890 - OUTPUT_LIMIT:,} characters more, not shown\n")


def test_a_library_that_the_page_does_not_have_is_named(page, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.pyplot", None)
    page.run("import matplotlib.pyplot")
    assert page.of("absent", "library") == ["Matplotlib"]
    page.run("import nothing_of_that_name")
    assert "No module named 'nothing_of_that_name'" in page.of("error", "text")[0]


def test_np_keeps_its_meaning_for_the_cells_below(page):
    page.run(SETUP, "np = 3\nprint(np)")
    assert "gives the name np to something else" in page.of("note", "text")[0]
    page.run(SETUP, "print(np.ones(2))")
    assert page.of("print", "text") == ["[1. 1.]\n"]


def test_a_figure_of_the_readers_own_graph_goes_to_the_page_as_data(page):
    graph = "from exercises_lib.nn import Value\na = Value(3.0, 'mine')\n"
    source = graph + "figures.graph_player(a * a, title='Mine')"
    page.run(SETUP, source)
    (shown,) = page.of("show")
    assert shown["figure"]["kind"] == "graph_player"
    assert "mine" in json.dumps(shown["figure"]["spec"])


def test_a_figure_that_grows_tells_the_page_while_the_loop_runs(page):
    page.run(
        SETUP,
        "live = figures.live_training(2)\ndisplay(live)\n"
        "for epoch in (1, 2):\n    live(epoch, {'loss': [1.0] * epoch})",
    )
    (shown,) = page.of("show")
    grown = page.of("figure")
    assert [message["spec"]["epoch"] for message in grown] == [1, 2]
    assert {message["id"] for message in grown} == {shown["figure"]["id"]}


def test_progress_is_the_readers(page):
    page.run("from exercises_lib import progress\nprogress()")
    assert "ch04.Affine: passed" in page.of("show", "html")[0]


def test_a_check_in_a_cell_is_told_to_the_page_as_an_attempt(page):
    page.run(SETUP, 'check("ch04.bias_gradient", lambda dout: dout.sum(axis=0))')
    (attempt,) = page.of("attempt")
    assert (attempt["exercise"], attempt["status"]) == ("ch04.bias_gradient", "passed")


def test_the_page_is_told_how_long_to_wait_at_the_start_of_every_request(page):
    for _ in range(2):
        page.run(SETUP, "def bias_gradient(d):\n    return d", check="ch04.bias_gradient")
        assert page.of("limit", "seconds")[0] == 5
    assert len(page.of("limit")) < 5


def test_what_passes_is_the_readers_own_and_can_be_imported_on_every_page(page):
    page.run(SETUP, "from mynn import double\nprint(double(4))")
    assert page.of("print", "text") == ["8\n"]
    right = "def bias_gradient(dout):\n    return np.sum(dout, axis=0)"
    page.run(SETUP, right, check="ch04.bias_gradient")
    (kept,) = page.of("kept")
    assert kept["exercise"] == "ch04.bias_gradient"
    assert right in kept["text"]
    page.run(SETUP, "from mynn import bias_gradient\nprint(bias_gradient(np.ones((3, 2))))")
    assert page.of("print", "text") == ["[3. 3.]\n"]


WRONG_SHOP = "def apple_total(price, count, tax):\n    return price * count + tax"


def test_the_line_where_to_look_comes_after_the_verdict(page):
    page.run(WRONG_SHOP, check="ch01.apple_total")
    assert page.of("verdict") and not page.of("located")
    page.kernel.look(lambda: False)
    assert "line 2" in page.of("located", "html")[0]
    page.heard.clear()
    page.kernel.look(lambda: False)  # there is nothing left to look for
    assert page.heard == []


def test_a_search_that_nobody_waits_for_ends_at_once(page, monkeypatch):
    page.run(WRONG_SHOP, check="ch01.apple_total")
    clock = iter(range(1_000_000))
    monkeypatch.setattr(kernel.time, "monotonic", lambda: next(clock))
    asked = []
    page.kernel.look(lambda: asked.append(None) or True)
    assert asked == [None]
    assert not page.of("located")


def test_what_a_check_needs_is_loaded_before_there_is_an_answer(page):
    page.kernel.prepare("ch01.apple_total")
    assert page.heard == []
