"""Who has handed in the same: copies are found also in disguise, honest answers are not."""

from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from exercises_lib.course.notebooks import Notebook, source
from exercises_lib.exercises import all_exercises, get
from exercises_lib.grading.answers import answers, published
from exercises_lib.grading.manifest import Plan
from exercises_lib.grading.notebook import Code
from exercises_lib.grading.reports import class_page, similar_page
from exercises_lib.grading.results import ExerciseResult, SubmissionResult
from exercises_lib.grading.similarity import LEAST, alike, normal_form, own_tokens


def cells_of(notebook: Notebook) -> list[Code]:
    """Give the code cells of a notebook."""
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return [Code(cell["id"], source(cell)) for cell in cells]


def record(
    student: str, chapter: str, own: Mapping[str, str], number: str = ""
) -> SubmissionResult:
    """Make what is known about a submission with these answers."""
    rows = tuple(
        ExerciseResult(name, get(name).title, "passed", (), "", "", 1, 1, answer=code)
        for name, code in own.items()
    )
    return SubmissionResult(
        1, student, "", chapter, f"{student}.ipynb", "", "ok", "", 1, 1, True, (), "", 0.0,
        0.0, 0, "", "", rows=rows,
    )  # fmt: skip


def disguised(code: str) -> str:
    """Rename, comment and lay out anew, as somebody does who hides a copy."""
    for old, new in (("dout", "upstream"), ("x", "inp"), ("out", "res"), ("mask", "keep")):
        code = re.sub(rf"\b{old}\b", new, code)
    lines = [f"{line}  # mine" if line.strip() else line for line in code.split("\n")]
    return "\n\n".join(lines)


def test_the_answers_of_a_solved_notebook_are_found_for_every_exercise(
    plans: dict[str, Plan], solved: Callable[[str], Notebook]
) -> None:
    for number, plan in plans.items():
        found = answers(cells_of(solved(number)), plan)
        assert found.keys() == {check.exercise_id for check in plan.checks}, number


def test_an_untouched_notebook_has_no_answers(
    plans: dict[str, Plan], untouched: Callable[[str], Notebook]
) -> None:
    assert answers(cells_of(untouched("03")), plans["03"]) == {}


def test_an_answer_in_several_cells_is_one_answer_and_a_lost_check_cell_hides_none(
    plans: dict[str, Plan],
) -> None:
    cells = [Code("", "helper = 1"), Code("ch00-double", "def double(x):\n    return 2 * x")]
    check = Code("", 'check("ch00.double", double)')
    both = "helper = 1\n\ndef double(x):\n    return 2 * x"
    assert answers([*cells, check], plans["00"]) == {"ch00.double": both}
    assert answers(cells, plans["00"]) == {"ch00.double": cells[1].source}


@pytest.fixture
def own(root: Path, plans: dict[str, Plan]) -> dict[str, str]:
    """The published answers to chapter 03."""
    return published(root, plans["03"])


def test_copies_are_found_also_renamed_commented_and_laid_out_anew(own: dict[str, str]) -> None:
    hidden = {name: disguised(code) for name, code in own.items()}
    (pair,) = alike([record("ana", "03", own), record("bob", "03", hidden)], {}, {})
    assert {pair.first.name, pair.second.name} == {"ana", "bob"}
    assert len(pair.same) == pair.compared >= 3 and pair.verbatim == 0
    (pair,) = alike([record("ana", "03", own), record("bob", "03", own)], {}, {})
    assert pair.verbatim == len(pair.same)


def test_two_who_copy_what_is_published_are_told_of_that_and_not_of_each_other(
    own: dict[str, str],
) -> None:
    pairs = alike([record("ana", "03", own), record("bob", "03", own)], {"03": own}, {})
    assert [(pair.first.name, pair.second.name) for pair in pairs] == [
        ("ana", "The published solutions"),
        ("bob", "The published solutions"),
    ]


def test_what_very_many_have_written_tells_nothing(own: dict[str, str]) -> None:
    many = [
        record(f"student {n}", "03", {name: f"# {n}\n{code}" for name, code in own.items()})
        for n in range(30)
    ]
    assert alike(many, {}, {}) == []
    copied = {name: f"# our own\n{code}" for name, code in own.items()}
    (pair,) = alike([*many, record("ana", "03", copied), record("bob", "03", copied)], {}, {})
    assert (pair.first.name, pair.second.name) == ("ana", "bob")
    assert pair.verbatim == len(pair.same)


def test_one_changed_answer_does_not_hide_the_others(own: dict[str, str]) -> None:
    changed = {**own, next(iter(own)): "def quite():\n    return 'another'"}
    (pair,) = alike([record("ana", "03", own), record("bob", "03", changed)], {}, {})
    assert len(pair.same) >= 3


def test_short_answers_and_blanks_mean_nothing() -> None:
    short = {"ch00.double": "def double(x):\n    return 2 * x"}
    assert alike([record("ana", "00", short), record("bob", "00", short)], {"00": short}, {}) == []
    blanks = {e.id: f"answers = {dict.fromkeys(range(60), 1.5)}" for e in all_exercises()
              if e.kind in ("number", "choice") and e.chapter == "02"}  # fmt: skip
    assert blanks
    assert alike([record("ana", "02", blanks), record("bob", "02", blanks)], {}, {}) == []


def sources(answers: Any) -> list[str]:
    """Return the code of those answers that have some."""
    found = []
    for answer in answers:
        try:
            found.append(inspect.cleandoc(inspect.getsource(answer)))
        except (OSError, TypeError):
            continue
    return list(dict.fromkeys(found))


def test_right_answers_that_were_written_otherwise_are_never_the_same() -> None:
    compared = 0
    for exercise in all_exercises():
        for one, other in itertools.combinations(
            sources((exercise.reference, *exercise.accepted)), 2
        ):
            if min(own_tokens(one, set()), own_tokens(other, set())) >= LEAST:
                compared += 1
                assert normal_form(one) != normal_form(other), (exercise.id, one, other)
    assert compared > 150


def test_notebooks_of_different_right_answers_are_not_shown() -> None:
    classes = []
    for place in range(3):
        own = {}
        for exercise in all_exercises():
            written = sources((exercise.reference, *exercise.accepted))
            if exercise.chapter == "03" and len(written) > place:
                own[exercise.id] = written[place]
        classes.append(record(f"student {place}", "03", own))
    assert alike(classes, {}, {}) == []


def test_the_page_shows_both_sides_and_accuses_nobody(own: dict[str, str]) -> None:
    nasty = {name: f"{code}\n# <script>" for name, code in own.items()}
    pairs = alike([record("ana", "03", nasty), record("bob", "03", nasty)], {}, {})
    page = similar_page(pairs)
    assert "<script>" not in page and page.count("&lt;script&gt;") >= 6
    assert "says nothing about how it came about" in page.replace("\n", " ")
    assert "similar.html" in class_page([record("ana", "03", nasty)], pairs)


def test_hostile_code_is_compared_in_no_time() -> None:
    for code in ("(" * 20_000, "x = " + "1<" * 9_000 + "1", "\\\n" * 9_000, "'" * 19_999, "\0"):
        own_tokens(code, set())
        normal_form(code)
