# ruff: noqa: E501 - the attacks are code in strings
"""Whether an answer leaves its inputs alone is seen in memory, and is nothing that it can report."""

from __future__ import annotations

import mmap
import os
import textwrap
from collections.abc import Callable

import numpy as np
import pytest

from exercises_lib.grading import arena
from exercises_lib.grading.task import Outcome

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="grading forks processes")

SETUP = ("setup", "import numpy as np\nfrom exercises_lib import check")
IN_PLACE = """
class Relu:
    def forward(self, x):
        self.closed = x <= 0
        x[self.closed] = 0
        return x

    def backward(self, dout):
        return np.where(self.closed, 0, dout)
"""
FORGERS = {
    "honest": "",
    "reports the inputs untouched": """
        import sys
        o = sys.modules["exercises_lib.checking.observe"]
        def run(probe, answer, given, runs, oracle, old=o._run_once):
            kept = {name: np.array(array) for name, array in given.items()}
            old(probe, answer, given, runs, oracle)
            runs[-1].after = kept
        o._run_once = run
    """,
    "reports nothing about the inputs": """
        import exercises_lib.grading.child as c
        def plain(run, old=c._plain_run):
            return {**old(run), "after": {}}
        c._plain_run = plain
    """,
    "says that all is the same": """
        import sys
        o = sys.modules["exercises_lib.checking.observe"]
        o.same = o.serialize = lambda value, *more, **options: value
    """,
}


@pytest.mark.parametrize("code", FORGERS.values(), ids=list(FORGERS))
def test_a_layer_that_changes_its_input_in_place_is_found_out_whatever_is_reported(
    code: str, grade: Callable[..., Outcome]
) -> None:
    cells = [SETUP, ("forger", textwrap.dedent(code)), ("ch03-relu", IN_PLACE)]
    outcome = grade([*cells, ("ch03-relu-check", 'check("ch03.Relu", Relu)')], "03")
    verdict = outcome.verdict("ch03.Relu")
    assert verdict.status != "passed" and verdict.earned == 0
    if "observe" not in code:
        assert "changes x in place" in verdict.message


def test_code_that_copies_the_input_first_is_pure_wherever_the_copy_is_made(
    grade: Callable[..., Outcome],
) -> None:
    # The one way around: the student's own code copies what it is lent. That is what was asked for.
    copies = """
        import sys
        o = sys.modules["exercises_lib.checking.observe"]
        def run(probe, answer, given, runs, oracle, old=o._run_once):
            old(probe, answer, {name: np.array(array) for name, array in given.items()}, runs, oracle)
        o._run_once = run
    """
    for cells in (
        [("copies", textwrap.dedent(copies)), ("ch03-relu", IN_PLACE)],
        [
            (
                "ch03-relu",
                IN_PLACE.replace("self.closed = x", "x = x.copy()\n        self.closed = x"),
            )
        ],
    ):
        look = ("ch03-relu-check", 'check("ch03.Relu", Relu)')
        verdict = grade([SETUP, *cells, look], "03").verdict("ch03.Relu")
        assert verdict.status == "passed", verdict


def test_arrays_are_lent_in_memory_that_both_sides_see() -> None:
    ours = arena.Arena()
    theirs = mmap.mmap(ours.file, 0)
    x, turned = np.arange(6.0).reshape(2, 3), np.arange(6, dtype=np.int32).reshape(2, 3).T
    told, lent = ours.lend({"x": x, "params": {"W": turned, "names": ("a", 1)}, "empty": x[:0]})
    taken = arena.take(theirs, told)
    assert np.array_equal(taken["x"], x) and np.array_equal(taken["params"]["W"], turned)
    assert taken["params"]["names"] == ("a", 1) and taken["empty"].shape == (0, 3)
    assert taken["x"].flags.writeable and taken["params"]["W"].dtype == np.int32
    assert all(ours.left_alone(arrays) for arrays in lent.values())
    taken["params"]["W"][0, 0] = 7
    assert [key for key in lent if not ours.left_alone(lent[key])] == ["params"]
    taken["params"]["W"][0, 0] = turned[0, 0]  # put back: nobody can tell, and nobody is hurt
    assert ours.left_alone(lent["params"])
    ours.close()


def test_the_file_of_lent_arrays_cannot_be_made_shorter_and_is_used_again_from_its_beginning() -> (
    None
):
    ours = arena.Arena()
    with pytest.raises(OSError):
        os.ftruncate(ours.file, 10)
    for number in range(5):
        x = np.full(3_000_000, float(number))
        _, lent = ours.lend({"x": x})
        assert ours.left_alone(lent["x"])
    ours.close()
