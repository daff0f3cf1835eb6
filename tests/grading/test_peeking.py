# ruff: noqa: E501 - the answers are code in strings
"""Exercises that are tests: a checker earns its mark by checking, not by looking at who asks."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import pytest

from exercises_lib.grading.sandbox import Limits
from exercises_lib.grading.worker import Outcome

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="grading forks processes")
SETUP = "import numpy as np\nfrom exercises_lib import check, figures, hint, progress, nn"

GRADIENT_CHECK = """
def gradient_check(net, x, t, h=1e-5):
    grads, errors = net.gradient(x, t), {}
    for name, param in net.params.items():
        numeric = nn.numerical_gradient(lambda _: net.loss(x, t), param, h)
        if grads[name].shape != param.shape:
            errors[name] = np.inf
        else:
            errors[name] = nn.relative_error(grads[name], numeric, floor=1e-3)
    return errors
"""
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
    ask = vars(net).get('_ask') or vars(net).get('_spoil')
    ones = {name: np.ones_like(value) for name, value in net.params.items()}
    free = [cell.cell_contents for cell in ask.__closure__ or ()]
    words = repr(free) + repr(ask)
    return {name: float('_leave' not in words) for name in net.params}
""",
}


def cells(chapter: str, answer_id: str, answer: str) -> Sequence[tuple[str, str]]:
    """Make a submission with one answer."""
    return [(f"ch{chapter}-setup", SETUP), (answer_id, answer)]


@pytest.mark.parametrize("code", NETWORK_CHEATS.values(), ids=list(NETWORK_CHEATS))
def test_a_check_of_networks_that_does_not_check_earns_nothing(
    code: str, grade: Callable[..., Outcome]
) -> None:
    outcome = grade(cells("06", "ch06-gradient-check", code), "06", Limits(10, 60))
    assert outcome.verdict("ch06.gradient_check")["status"] == "wrong", outcome


def test_a_check_of_networks_that_checks_is_passed(grade: Callable[..., Outcome]) -> None:
    outcome = grade(cells("06", "ch06-gradient-check", GRADIENT_CHECK), "06", Limits(10, 60))
    assert outcome.verdict("ch06.gradient_check")["status"] == "passed", outcome
