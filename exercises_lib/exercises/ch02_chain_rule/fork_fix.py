"""ch02.fork_fix: hunt the bug at the forks."""

from __future__ import annotations

import math
from typing import Any

from exercises_lib.checking import Exercise, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch02_chain_rule._shared import Rule, draw_pair, follow
from exercises_lib.exercises.hunting import hunt_mistakes, hunted_outputs
from exercises_lib.exercises.parts import as_part
from exercises_lib.probes.hunting import hunt


def fork_fix(x, y, dout):
    s = x + y
    dp, dq = dout, dout
    ds = 2 * s * dq
    dx = s * dp
    ds += x * dp
    dx += ds
    dy = ds
    return dx, dy


def fork_with_lists(x, y, dout):
    s = x + y
    into_s = [2 * s * dout, x * dout]
    into_x = [s * dout, sum(into_s)]
    return sum(into_x), sum(into_s)


def fork_given(x, y, dout):
    """What the notebook gives."""
    s = x + y
    dp, dq = dout, dout
    ds = 2 * s * dq
    dx = s * dp
    ds = x * dp
    dx = ds
    dy = ds
    return dx, dy


def tells(found: Any) -> str | None:
    """Accept a pair (x, y) on which the given code is wrong."""
    x, y = (float(number) for number in found)
    if not (math.isfinite(x) and math.isfinite(y)):
        return "x and y are finite numbers."
    given, right = fork_given(x, y, 1.0), fork_fix(x, y, 1.0)
    if all(math.isclose(a, b, abs_tol=1e-9) for a, b in zip(given, right, strict=True)):
        return f"At x = {x:g}, y = {y:g} the given code returns the right gradients."
    return None


RIGHT = {"input": (2.0, 1.0), "lines": [6, 7], "repair": fork_fix}

wrong = Mistakes(fork_fix)

wrong.swap("still the given code", ("ds +=", "ds ="), ("dx +=", "dx =")).says("""
    This behaves exactly like the code that was given. Look for the names that are assigned twice:
    what happens to the first value?""")

FORK: dict[str, Rule] = {
    "s": lambda v: v.x + v.y,
    "ds": lambda v: 2 * v.s * v.dout + v.x * v.dout,
    "dx": lambda v: v.s * v.dout + v.ds,
    "dy": lambda v: v.ds,
}


def fork_with(**changed: Rule):
    """Build the mended code with some of its lines replaced."""

    def answer(x, y, dout):
        v = follow(FORK, {"x": x, "y": y, "dout": dout}, **changed)
        return v["dx"], v["dy"]

    return answer


wrong.answer("s still overwritten", fork_with(ds=lambda v: v.x * v.dout)).says("""
    x now collects both of its contributions, but s is used twice as well, and of its two only the
    one through p arrives.""")

wrong.answer("x still overwritten", fork_with(dx=lambda v: v.ds)).says("""s now collects both of its
    contributions, but x is used twice as well, and what came through p directly is lost.""")

wrong.answer("share of p missing in s", fork_with(ds=lambda v: 2 * v.s * v.dout)).says("""
    What s hands on is only its share from q. Either the share from p was left out, or ds was passed
    on before it was complete: a fork must have heard from all its uses first.""")

wrong.swap("both the same", "return dx, dy", "return ((dx, dy)[0],) * 2").says("""
    You return dx for y as well. x has a use that y has not: p = x · s contains it once more.""")

wrong.swap(
    "nothing to add to",
    """
    into_s = [2 * s * dout, x * dout]
    into_x = [s * dout, sum(into_s)]
    return sum(into_x), sum(into_s)""",
    "ds += 2 * s * dout  # noqa: F821\nreturn s * dout + ds, ds",
    of=fork_with_lists,
).says("""`+=` needs a number to add to, and at its first line a name has none. Only a contribution
    that comes later is added.""")

wrong.answer("the 2 is lost", fork_with(ds=lambda v: v.s * v.dout + v.x * v.dout)).says("""
    The slope of s² is not s. That line was right in the given code.""")

wrong.answer(
    "product not swapped",
    fork_with(ds=lambda v: 2 * v.s * v.dout + v.s * v.dout, dx=lambda v: v.x * v.dout + v.ds),
).says("p = x · s is a multiply gate, and it swaps. Those two lines were right in the given code.")

wrong.swap("dy before dx", "return dx, dy", "return (dx, dy)[::-1]").says("""
    You return dy first. Asked are dx, dy, in this order.""")

wrong.answer("y for x", fork_with(ds=lambda v: 2 * v.s * v.dout + v.y * v.dout)).says("""
    In p = x · s the other factor of s is x, and you took y.""")

wrong.answer(
    "handed on twice",
    lambda x, y, dout: (
        (x + y) * dout + 2 * (2 * (x + y) * dout) + x * dout,
        2 * (2 * (x + y) * dout) + x * dout,
    ),
).says("""s hands on what came from q, and later everything it holds, so that part goes to x and y a
    second time. Wait until ds is complete, then hand it on once.""")

wrong.answer("the numbers of the example", lambda x, y, dout: (11.0, 8.0)).says("""
    You return the gradients at x = 2, y = 1, whatever x and y are.""")

wrong.answer(
    "averaged",
    fork_with(
        ds=lambda v: (2 * v.s * v.dout + v.x * v.dout) / 2, dx=lambda v: (v.s * v.dout + v.ds) / 2
    ),
).says("""You take the mean of what arrives at a fork. Both uses really act, so their contributions
    are added up.""")

wrong.answer(
    "multiplied together",
    fork_with(ds=lambda v: 2 * v.s * v.dout * v.x * v.dout, dx=lambda v: v.s * v.dout * v.ds),
).says("""You multiply the contributions of a fork. Along one path you multiply; what arrives by
    different paths is added.""")

wrong.swap("dout dropped", "s = x + y", "dout = 1.0\ns = x + y").says("""
    The forks are right, but dout has gone missing on the way.""")

EXERCISE = Exercise(
    id="ch02.fork_fix",
    title="Hunt the bug at the forks",
    kind="debug",
    points=3,
    difficulty=2,
    reference=RIGHT,
    accepted=(
        {"input": [-1, 5], "lines": [7, 6], "repair": fork_with_lists},
        {
            "input": (0.0, 3.0),
            "lines": (6, 7),
            "repair": lambda x, y, dout: ((4 * x + 3 * y) * dout, (3 * x + 2 * y) * dout),
        },
    ),
    mistakes=(
        *hunt_mistakes(RIGHT, (2.0, -2.0), (4, 5, 8)),
        *(as_part(mistake, RIGHT, "repair") for mistake in wrong.all),
    ),
    hints=(
        "Go through the lines and write beside each name how often the forward formula uses it. Then "
        "try the code: at which x and y could a lost contribution have been 0 anyway?",
        "A name that is used twice receives two contributions. Look for the lines in which a second "
        "one takes the place of the first.",
        "Run the given lines at your input and write down, after each line, what ds and dx hold:\n"
        "    line 4: ds = …\n"
        "    line 5: dx = …\n"
        "    line 6: ds = …      # what has become of the ds of line 4?",
    ),
    probe=Probe(hunt, {"repair": "call", "params": {"returns": ("dx", "dy")}}),
    draw=draw_pair,
    outputs=hunted_outputs(tells, (6, 7), last=9),
    remark="Two characters, and both gradients come right. In every engine you will meet, this is "
    "the line that reads `grad += …`.",
)
