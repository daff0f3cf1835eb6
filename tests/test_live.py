"""A live notebook: the answer's cell and its check act as one, in any frontend."""

from __future__ import annotations

import json

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from exercises_lib import check
from exercises_lib.live import Lazily, LiveVerdict, Session

WRONG = "def bias_gradient(dout):\n    return dout.sum(axis=1)"
MEAN = "def bias_gradient(dout):\n    return dout.mean(axis=0)"
RIGHT = "def bias_gradient(dout):\n    return dout.sum(axis=0)"
CHECK = 'check("ch04.bias_gradient", bias_gradient)'


class Notebook:
    """A kernel as a frontend sees it: cells with ids, and what they show."""

    def __init__(self, monkeypatch, ids=True):
        self.shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
        self.ids = ids
        self.shown = []
        self.session = Session(self.shell, check)
        monkeypatch.setattr("exercises_lib.live.session", self.session)
        monkeypatch.setattr(
            "exercises_lib.live._publish",
            lambda verdict, update: self.shown.append((verdict, update)),
        )
        self.shell.events.register("pre_run_cell", self.session.before)
        self.shell.events.register("post_run_cell", self.session.after)
        self.shell.ast_transformers.append(Lazily())
        self.run("setup", "from exercises_lib import check")

    def run(self, cell, text):
        self.shown.clear()
        result = self.shell.run_cell(text, cell_id=cell if self.ids else None)
        assert result.success, result.error_in_exec
        return result.result


@pytest.fixture
def notebook(monkeypatch, capsys):
    made = Notebook(monkeypatch)
    return made


def test_a_check_before_its_answer_says_which_name_is_missing(notebook):
    verdict = notebook.run("c", CHECK)
    assert verdict.status == "unanswered"
    assert "`bias_gradient` does not exist yet" in verdict.message


def test_another_fault_in_a_check_is_raised_as_it_is(notebook):
    result = notebook.shell.run_cell('check("ch04.bias_gradient", 1 / 0)', cell_id="c")
    assert isinstance(result.error_in_exec, ZeroDivisionError)


def test_running_the_answer_again_checks_it_again_in_the_place_of_the_old_verdict(notebook):
    notebook.run("a", WRONG)
    assert not notebook.run("c", CHECK)
    notebook.run("a", RIGHT)
    ((verdict, update),) = notebook.shown
    assert verdict.status == "passed"
    assert update
    notebook.run("other", "x = 3")
    assert notebook.shown == []


def test_another_cell_that_takes_the_same_name_is_not_checked(notebook):
    notebook.run("a", WRONG)
    notebook.run("c", CHECK)
    notebook.run("other", "bias_gradient = 3")
    assert notebook.shown == []


def test_an_answer_that_has_not_run_since_the_last_check_is_said_to_be_the_same(notebook):
    notebook.run("a", WRONG)
    first = notebook.run("c", CHECK)
    again = notebook.run("c", CHECK)
    assert "same answer as at your last check" not in first.message
    assert "same answer as at your last check" in again.message


def test_a_saved_notebook_tells_that_the_cell_has_changed_since_it_ran(
    notebook, monkeypatch, tmp_path
):
    file = tmp_path / "04.ipynb"
    file.write_text(json.dumps({"cells": [{"id": "a", "source": [RIGHT]}]}), encoding="utf-8")
    monkeypatch.setenv("JPY_SESSION_NAME", str(file))
    notebook.run("a", WRONG)
    assert "has changed since it ran: run it" in notebook.run("c", CHECK).message
    notebook.run("a", RIGHT)
    assert "has changed" not in notebook.run("c", CHECK).message


def test_after_two_misses_of_one_kind_the_hint_is_named(notebook):
    for text, reminded in ((WRONG, False), (WRONG + " ", True), (MEAN, False)):
        notebook.run("a", text)
        verdict = notebook.shown[-1][0] if notebook.shown else notebook.run("c", CHECK)
        assert ('hint("ch04.bias_gradient")' in verdict.message) == reminded


def test_without_cell_ids_a_verdict_is_the_one_that_the_check_gives(monkeypatch, capsys):
    notebook = Notebook(monkeypatch, ids=False)
    notebook.run(None, WRONG)
    verdicts = [notebook.run(None, CHECK) for _ in range(3)]
    assert not any(isinstance(verdict, LiveVerdict) for verdict in verdicts)
    assert len({verdict.message.split("\n")[-1] for verdict in verdicts}) == 1


def test_a_check_inside_other_code_is_left_alone(notebook):
    notebook.run("a", WRONG)
    verdict = notebook.run("b", f"verdict = {CHECK}\nverdict")
    assert not isinstance(verdict, LiveVerdict)
    notebook.run("a", RIGHT)
    assert notebook.shown == []
