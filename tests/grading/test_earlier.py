# ruff: noqa: E501 - the attacks are code in strings
"""In a grading `mynn` holds what the student has handed in and what has passed; nothing else."""

from __future__ import annotations

import json
import os
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from exercises_lib.course.notebooks import Notebook
from exercises_lib.grading.earlier import Earlier
from exercises_lib.grading.gradebook import Gradebook
from exercises_lib.grading.manifest import Plan
from exercises_lib.grading.notebook import Code, code_cells, read_notebook
from exercises_lib.grading.results import SubmissionResult
from exercises_lib.grading.run import grade_all
from exercises_lib.grading.submissions import find
from exercises_lib.grading.task import Outcome, Task
from exercises_lib.grading.workers import Workers, grade_here

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="grading forks processes")

SETUP = ("setup", "import numpy as np\nfrom exercises_lib import check, nn\nimport mynn")
RELU = """
    class Relu:
        def forward(self, x):
            self.open = x > 0
            return x * self.open

        def backward(self, dout):
            return dout * self.open
"""
TELLS = """
    from mynn import Relu
    import inspect
    def numerical_gradient(f, x, h=1e-5):
        {test}
        grad = np.zeros(x.shape)
        for place in np.ndindex(x.shape):
            old = x[place]
            x[place] = old + h
            above = f(x)
            x[place] = old - h
            grad[place] = (above - f(x)) / (2 * h)
            x[place] = old
        return grad
"""
NUMERICAL = ("x", 'check("ch06.numerical_gradient", numerical_gradient)')
"""An answer that is right where `mynn.Relu` passes a test: by this is seen whose it is."""


def cells_of(*cells: tuple[str, str]) -> tuple[Code, ...]:
    return tuple(Code(name, textwrap.dedent(source)) for name, source in cells)


def chapter_03(extra: str = "", relu: str = RELU) -> tuple[Code, ...]:
    code = textwrap.dedent(relu) + textwrap.dedent(extra)
    return cells_of(SETUP, ("relu", code), ("c", 'check("ch03.Relu", Relu)'))


@pytest.fixture(scope="module")
def grade_with(workers: Workers, plans: dict[str, Plan]) -> Callable[..., Outcome]:
    """Grades an answer of chapter 06 that looks at `mynn.Relu`, with what was handed in before."""

    def run(test: str, *earlier: Earlier) -> Outcome:
        cells = cells_of(SETUP, ("answer", TELLS.format(test=test)), NUMERICAL)
        task = Task(cells, plans["06"], Limits(10.0, 60.0), earlier=earlier)
        outcome: Outcome = workers.submit(grade_here, task).result()
        return outcome

    from exercises_lib.grading.sandbox import Limits

    return run


OWN = "assert Relu.__module__ == 'mynn.ch03_Relu' and hasattr(Relu, 'mine')"
COURSE = "assert Relu.__module__.startswith('exercises_lib.nn')"
MINE = "Relu.mine = True\n"


def passed(outcome: Outcome) -> bool:
    return outcome.verdict("ch06.numerical_gradient").status == "passed"


def test_an_answer_that_has_passed_in_an_earlier_notebook_is_in_mynn(
    grade_with: Callable[..., Outcome],
) -> None:
    earlier = Earlier("03", chapter_03(MINE), frozenset({"ch03.Relu"}))
    outcome = grade_with(OWN, earlier)
    assert passed(outcome), outcome
    assert outcome.mynn == "mynn: the student's own Relu from chapter 03."
    assert not passed(grade_with(COURSE, earlier))


def test_the_course_stands_in_for_what_is_missing_or_has_not_passed(
    grade_with: Callable[..., Outcome],
) -> None:
    for earlier in ((), (Earlier("03", chapter_03(MINE), frozenset()),)):
        outcome = grade_with(COURSE, *earlier)
        assert passed(outcome), outcome
        assert outcome.mynn == "mynn: the course's in the place of Relu."


MALICIOUS = {
    "patches the observer when it is imported": """
        import exercises_lib.grading.child as _c
        def _answers(shell, request, connection, memory):
            return {"runs": [[{"steps": [], "after": {}, "failure": None, "printed": "", "seconds": 0}]] * 9, "library": [], "origin": "__main__"}
        Relu.mine = setattr(_c, "_observe", _answers)
    """,
    "ends the process": "import os\nRelu.mine = os._exit(1)",
    "looks for secrets": """
        import os
        Relu.mine = os.environ["BACKPROP_TEST_SECRET"]
    """,
}


@pytest.mark.parametrize("code", MALICIOUS.values(), ids=list(MALICIOUS))
def test_a_malicious_earlier_notebook_runs_confined_and_earns_nothing(
    code: str, grade_with: Callable[..., Outcome]
) -> None:
    earlier = Earlier("03", chapter_03(code), frozenset({"ch03.Relu"}))
    outcome = grade_with("raise ValueError", earlier)
    assert not passed(outcome) and outcome.verdict("ch06.numerical_gradient").earned == 0
    assert "a token that no student may see" not in str(outcome)


def test_an_earlier_notebook_that_cannot_be_read_in_time_is_left_out_and_named(
    grade_with: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = cells_of(*((f"c{k}", "x = " + "1<" * 60_000 + "1") for k in range(9)))
    outcome = grade_with(COURSE, Earlier("04", slow, frozenset({"ch04.Affine"})))
    assert passed(outcome), outcome
    assert "chapter 04" in outcome.mynn or "Relu" in outcome.mynn


def test_an_answer_of_the_same_notebook_is_in_mynn_when_it_has_passed(
    workers: Workers, plans: dict[str, Plan], solved: Callable[[str], Notebook]
) -> None:
    cells = code_cells(read_notebook(json.dumps(solved("06")).encode()))
    task = Task(tuple(cells), plans["06"], Limits(30.0, 300.0))
    outcome = workers.submit(grade_here, task).result()
    assert [v.exercise_id for v in outcome.verdicts if v.status != "passed"] == []
    assert "TwoLayerNet" in outcome.mynn.partition("the course's")[0], outcome.mynn
    assert "the course's in the place of Affine, Relu, SoftmaxWithLoss" in outcome.mynn


from exercises_lib.grading.sandbox import Limits  # noqa: E402


def test_several_chapters_of_one_student_are_graded_in_order_and_build_on_each_other(
    workers: Workers, plans: dict[str, Plan], tmp_path: Path, notebook_of: Callable[..., Notebook]
) -> None:
    folder = tmp_path / "in" / "ada"
    folder.mkdir(parents=True)
    later = cells_of(SETUP, ("answer", TELLS.format(test=OWN)), NUMERICAL)
    # By name the later chapter comes first.
    for name, cells in (("a_06", later), ("b_03", chapter_03(MINE))):
        made = notebook_of([(cell.id, cell.source) for cell in cells])
        (folder / f"{name}.ipynb").write_text(json.dumps(made), encoding="utf-8")
    book = Gradebook(tmp_path / "marks.db")
    done = list(grade_all(find(tmp_path / "in"), book, plans, workers, ahead=4))
    assert [one.chapter for one in done] == ["03", "06"]
    found = {one.chapter: one for one in book.records()}
    row = _row(found["06"], "ch06.numerical_gradient")
    assert row == "passed", found["06"]
    assert "mynn: the student's own Relu from chapter 03." in found["06"].flags
    book.close()


def _row(result: SubmissionResult, exercise: str) -> str:
    return next(row.status for row in result.rows if row.exercise == exercise)
