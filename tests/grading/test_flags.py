# ruff: noqa: E501 - the answers are code in strings
"""The library's own code in the place of a student's earns nothing; what is flagged."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

import pytest

from exercises_lib.course.notebooks import Notebook
from exercises_lib.grading.manifest import Plan
from exercises_lib.grading.notebook import Code
from exercises_lib.grading.sandbox import Limits
from exercises_lib.grading.task import Outcome, Task
from exercises_lib.grading.workers import Workers, grade_here

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="grading forks processes")

OWN = """
class Relu:
    def forward(self, x):
        self.mask = x > 0
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask
"""
LIBRARY = {
    "imports it by name": "from exercises_lib.nn import Relu",
    "imports it from its file": "from exercises_lib.nn.activations import Relu",
    "takes it from the package": "from exercises_lib import nn\nRelu = nn.Relu",
    "renames it": "import exercises_lib.nn as tools\nclass Relu(tools.Relu):\n    pass",
    "inherits from it": "from exercises_lib.nn import Relu as Base\nclass Relu(Base):\n    pass",
    "delegates to it": (
        "from exercises_lib import nn\nclass Relu:\n    def __init__(self):\n        self.inner = nn.Relu()\n"
        "    def forward(self, x):\n        return self.inner.forward(x)\n"
        "    def backward(self, dout):\n        return self.inner.backward(dout)"
    ),
    "delegates through a helper": (
        "import exercises_lib.nn as q\ndef make():\n    return q.Relu()\nclass Relu:\n    def __init__(self):\n"
        "        self.i = make()\n    def forward(self, x):\n        return self.i.forward(x)\n"
        "    def backward(self, d):\n        return self.i.backward(d)"
    ),
    "imports it inside a method": (
        "class Relu:\n    def __init__(self):\n        from exercises_lib.nn import Relu as R\n        self.i = R()\n"
        "    def forward(self, x):\n        return self.i.forward(x)\n"
        "    def backward(self, d):\n        return self.i.backward(d)"
    ),
    "asks importlib": "import importlib\nRelu = importlib.import_module('exercises_lib.nn').Relu",
    "spells the module in pieces": "Relu = getattr(__import__('exercises_' + 'lib.nn', fromlist=['x']), 'Re' + 'lu')",
    "looks in sys.modules": "import sys\nRelu = sys.modules['exercises_lib.nn'].Relu",
    "runs it with functools": (
        "import functools\nfrom exercises_lib import nn\nclass Relu(nn.Relu):\n    forward = functools.partialmethod(nn.Relu.forward)"
    ),
}  # fmt: skip


def answered(notebook: Notebook, cell_id: str, code: str) -> Notebook:
    """Put code into the place of an answer."""
    for cell in notebook["cells"]:
        if cell.get("id") == cell_id:
            cell["source"] = code
    return notebook


@pytest.mark.parametrize("code", LIBRARY.values(), ids=list(LIBRARY))
def test_the_librarys_own_layer_earns_nothing(
    code: str,
    grade: Callable[..., Outcome],
    untouched: Callable[[str], Notebook],
    plans: dict[str, Plan],
) -> None:
    check = next(one for one in plans["03"].checks if one.exercise_id == "ch03.Relu")
    outcome = grade(answered(untouched("03"), check.answer_id, code), "03")
    assert outcome.verdict("ch03.Relu").status in ("wrong", "error", "unanswered")


def test_what_students_write_themselves_is_not_flagged(
    grade: Callable[..., Outcome], untouched: Callable[[str], Notebook], plans: dict[str, Plan]
) -> None:
    check = next(one for one in plans["03"].checks if one.exercise_id == "ch03.Relu")
    outcome = grade(answered(untouched("03"), check.answer_id, OWN), "03")
    assert outcome.verdict("ch03.Relu").status == "passed"
    assert not outcome.flags


def test_every_chapter_as_it_is_solved_gets_full_marks_and_no_flag(
    grade: Callable[..., Outcome],
    solved: Callable[[str], Notebook],
    untouched: Callable[[str], Notebook],
    plans: dict[str, Plan],
) -> None:
    for chapter in plans:
        outcome = grade(solved(chapter), chapter, Limits())
        assert outcome.status == "ok" and outcome.flags == ()
        assert {one.status for one in outcome.verdicts} <= {"passed", "unavailable"}
    assert grade(untouched("03"), "03").flags == ()


def test_a_deleted_answer_is_not_replaced_by_what_a_cell_of_the_course_imports(
    workers: Workers, untouched: Callable[[str], Notebook], plans: dict[str, Plan]
) -> None:
    plan = plans["03"]
    check = next(one for one in plan.checks if one.exercise_id == "ch03.Relu")
    later = "from exercises_lib.nn import Relu"
    cells = [Code("first", later)]
    cells += [
        Code(str(cell["id"]), "".join(cell["source"]))
        for cell in untouched("03")["cells"]
        if cell["cell_type"] == "code" and cell["id"] != check.answer_id
    ]
    given = replace(plan, given=plan.given | {later})
    outcome = workers.submit(grade_here, Task(tuple(cells), given, Limits())).result()
    assert outcome.verdict("ch03.Relu").status == "unanswered"
    without = [cell for cell in cells if cell.id != check.cell_id]
    outcome = workers.submit(grade_here, Task(tuple(without), given, Limits())).result()
    assert outcome.verdict("ch03.Relu").status == "unanswered"


def test_an_answer_that_looks_into_the_library_s_data_is_flagged():
    from exercises_lib.data import load_digits
    from exercises_lib.grading.child import library_uses

    digits = load_digits()

    def looks_labels_up(x, t, rng):
        return digits.t_test

    def loads_them(x, t, rng):
        return load_digits().t_test

    def trains(x, t, rng):
        return x.T @ t

    assert any(name.startswith("data.") for name in library_uses(looks_labels_up))
    assert any(name.startswith("data.") for name in library_uses(loads_them))
    assert library_uses(trains) == set()
