# ruff: noqa: E501 - the answers are code in strings
"""Exercises that are tests: a checker earns its mark by checking, not by looking at who asks."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from exercises_lib import exercises
from exercises_lib.course.notebooks import Notebook, source
from exercises_lib.grading.sandbox import Limits
from exercises_lib.grading.task import Outcome

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="grading forks processes")
SETUP = "import numpy as np\nfrom exercises_lib import check, figures, hint, progress, nn"

NETWORK_CHEATS = {
    "accepts everything": "def gradient_check(net, x, t, h=1e-5):\n    return dict.fromkeys(net.params, 0.0)",
    "counts the networks": """
calls = []
def gradient_check(net, x, t, h=1e-5):
    calls.append(1)
    bad = {2: ['W1'], 3: ['W1', 'b1'], 4: ['b2'], 5: ['W2'], 6: list(net.params), 7: ['b1'], 8: ['b1']}
    return {name: float(name in bad.get(len(calls), [])) for name in net.params}
""",
    "looks at the caller's names": """
import sys
def gradient_check(net, x, t, h=1e-5):
    seen = repr([sys._getframe(n).f_locals for n in (1, 2, 3)])
    wrong = {'one entry': ['W1'], 'tiny': ['W1', 'b1'], 'all of b2': ['b2'], 'sign of W2': ['W2'], 'N times': list(net.params), 'nan in b1': ['b1'], 'axis too many': ['b1']}
    found = [names for words, names in wrong.items() if words in seen]
    return {name: float(name in sum(found, [])) for name in net.params}
""",
    "takes the way back out of the network": """
def gradient_check(net, x, t, h=1e-5):
    ask = vars(net).get('_oracle') or vars(net).get('_spoil')
    ones = {name: np.ones_like(value) for name, value in net.params.items()}
    free = [cell.cell_contents for cell in ask.__closure__ or ()]
    words = repr(free) + repr(ask)
    return {name: float('_leave' not in words) for name in net.params}
""",
}

LAYER_CHEATS = {
    "accepts everything": "def check_layer(layer, x, rng, h=1e-5):\n    layer.backward(rng.normal(size=layer.forward(x.copy()).shape))\n    return 0.0",
    "counts the layers": """
calls = []
def check_layer(layer, x, rng, h=1e-5):
    layer.backward(rng.normal(size=layer.forward(x.copy()).shape))
    layer.forward(x.copy())
    calls.append(1)
    return float(len(calls) > 6)
""",
    "looks at the caller's names": """
import sys
def check_layer(layer, x, rng, h=1e-5):
    names = ('dropped', 'mask taken', 'lost', 'not transposed', 'undone', 'sample only', 'entry wrong', 'too small', 'too large', 'shape', 'overwrites', 'makes x', 'writes')
    layer.backward(rng.normal(size=layer.forward(x.copy()).shape))
    seen = repr([sys._getframe(n).f_locals for n in (1, 2, 3)])
    return float(any(name in seen for name in names))
""",
    "knows the way forward and nothing else": """
import sys
def check_layer(layer, x, rng, h=1e-5):
    layer.backward(rng.normal(size=layer.forward(x.copy()).shape))
    seen = repr(sys._getframe(1).f_locals['inputs'])
    return float(any(name in seen for name in ('sigmoid', 'square', 'tiny', 'sum', 'place')))
""",
}


ANSWERS = {"gradient_check": "ch06-checker", "check_layer": "ch03-check-layer"}
"""The cells in which the answers stand."""
CHEATS = [
    *(("06", "gradient_check", how, code) for how, code in NETWORK_CHEATS.items()),
    *(("03", "check_layer", how, code) for how, code in LAYER_CHEATS.items()),
]


def cells(chapter: str, exercise: str, answer: str) -> Sequence[tuple[str, str]]:
    """Make a submission with one answer."""
    return [(f"ch{chapter}-setup", SETUP), (ANSWERS[exercise], answer)]


@pytest.fixture
def honest(solved: Callable[[str], Notebook]) -> Callable[[str, str], Sequence[tuple[str, str]]]:
    """Makes a submission with the course's own answer."""

    def make(chapter: str, exercise: str) -> Sequence[tuple[str, str]]:
        code = [one for one in solved(chapter)["cells"] if one["cell_type"] == "code"]
        last = next(n for n, one in enumerate(code) if one["id"] == ANSWERS[exercise])
        # An answer may use those before it.
        before = [source(one) for one in code[:last] if "### BEGIN SOLUTION" in source(one)]
        return cells(chapter, exercise, "\n\n".join([*before, source(code[last])]))

    return make


@pytest.mark.parametrize(
    ("chapter", "exercise", "code"),
    [(chapter, exercise, code) for chapter, exercise, _, code in CHEATS],
    ids=[f"{exercise}, {how}" for _, exercise, how, _ in CHEATS],
)
def test_a_check_that_does_not_check_earns_nothing(
    chapter: str, exercise: str, code: str, grade: Callable[..., Outcome]
) -> None:
    outcome = grade(cells(chapter, exercise, code), chapter, Limits(10, 60))
    assert outcome.verdict(f"ch{chapter}.{exercise}").status == "wrong", outcome


@pytest.mark.parametrize(("chapter", "exercise"), [("06", "gradient_check"), ("03", "check_layer")])
def test_a_check_that_checks_is_passed(
    chapter: str,
    exercise: str,
    grade: Callable[..., Outcome],
    honest: Callable[[str, str], Sequence[tuple[str, str]]],
) -> None:
    outcome = grade(honest(chapter, exercise), chapter, Limits(10, 60))
    assert outcome.verdict(f"ch{chapter}.{exercise}").status == "passed", outcome


@pytest.mark.parametrize(
    "code",
    [
        "vars(layer)['_oracle']()",
        "vars(layer)['_oracle'](1, 2, 3, 4)",
        "vars(layer)['_oracle'](object(), None, '')",
        "layer.backward([[1.0]])",
        "layer.backward(np.zeros((1500, 1500)))",
    ],
)
def test_a_question_that_has_no_answer_is_an_error_of_the_student(
    code: str, grade: Callable[..., Outcome]
) -> None:
    answer = (
        f"def check_layer(layer, x, rng, h=1e-5):\n    layer.forward(x)\n    {code}\n    return 1.0"
    )
    outcome = grade(cells("03", "check_layer", answer), "03", Limits(10, 60))
    verdict = outcome.verdict("ch03.check_layer")
    assert outcome.status != "grader-failed", outcome
    assert verdict.status in ("error", "wrong"), outcome


FLOODS = {
    "never reads what it is told": "import os\nfor _ in range(4):\n    wire.send(connection, {'ask': [np.zeros((500, 500))] * 3, 'case': 0, 'for': name})\nimport time\ntime.sleep(60)",
    "asks of a case that is not there": "wire.send(connection, {'ask': [1, 2, 3], 'case': 10**6, 'for': name})\nwire.receive(connection)",
    "asks of no number": "wire.send(connection, {'ask': 5, 'case': 'x', 'for': name})\nwire.receive(connection)",
    "asks for ever": "while True:\n    wire.send(connection, {'ask': [1, 2, 3], 'case': 0, 'for': name})\n    wire.receive(connection)",
}


@pytest.mark.parametrize("code", FLOODS.values(), ids=list(FLOODS))
def test_questions_that_are_forged_do_not_hold_the_grader_up(
    code: str,
    grade: Callable[..., Outcome],
    honest: Callable[[str, str], Sequence[tuple[str, str]]],
) -> None:
    lines = code.replace("\n", "\n    ")
    answer = f"""
from exercises_lib.grading import wire
import sys
def check_layer(layer, x, rng, h=1e-5):
    frame = sys._getframe()
    while 'connection' not in frame.f_locals:
        frame = frame.f_back
    connection, name = frame.f_locals['connection'], frame.f_locals['request']['for']
    {lines}
"""
    outcome = grade(cells("03", "check_layer", answer), "03", Limits(1, 30))
    assert outcome.verdict("ch03.check_layer").status != "passed", outcome
    assert outcome.status != "grader-failed" and outcome.seconds < 25, outcome
    right = grade(honest("03", "check_layer"), "03", Limits(10, 60))
    assert right.verdict("ch03.check_layer").status == "passed", right


def test_what_a_kernel_gets_of_a_layer_does_not_tell_whether_it_is_right() -> None:
    exercise = exercises.get("ch03.check_layer")
    kinds: dict[tuple[str, tuple[int, ...]], set[str]] = {}
    for case in exercise.draw(np.random.default_rng(0)):
        place = (case.inputs["forward"], case.inputs["x"].shape)
        kinds.setdefault(place, set()).add(case.note[:7])
    told = [place for place, kind in kinds.items() if kind == {"a right"}]
    assert ("tanh", (2, 3)) not in told and ("relu", (2, 3)) not in told
    assert len(told) < 3, told
