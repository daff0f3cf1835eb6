"""ch10.no_grad: a part of a program that records nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from exercises_lib.checking import Case, Exercise, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes import ch10 as probes


class no_grad:
    def __init__(self, engine):
        self.engine = engine

    def __enter__(self):
        self.before = self.engine.recording
        self.engine.recording = False

    def __exit__(self, *error):
        self.engine.recording = self.before


@contextmanager
def by_generator(engine):
    """Right: a generator, with `finally`."""
    before = engine.recording
    engine.recording = False
    try:
        yield
    finally:
        engine.recording = before


class WithStack:
    """Right: one list of what was before, for all."""

    before: list[bool] = []  # noqa: RUF012

    def __init__(self, engine):
        self.engine = engine

    def __enter__(self):
        self.before.append(self.engine.recording)
        self.engine.recording = False
        return self

    def __exit__(self, kind, error, trace):
        self.engine.recording = self.before.pop()
        return False


def draw_ways(rng: np.random.Generator) -> Iterator[Case]:
    yield Case({"way": "once"}, "once")
    for way in (
        "twice, one after the other",
        "one inside the other",
        "an error inside",
        "made before, used inside another",
    ):
        yield Case({"way": way}, way)
    blocks = [_blocks(rng, 3) for _ in range(4)]
    before, fails = (rng.permutation([True, True, False, False]).tolist() for _ in range(2))
    note = "blocks inside blocks, some with an error, with recording on or off before them"
    yield Case({"way": "drawn", "blocks": blocks, "before": before, "fails": fails}, note)


def _blocks(rng: np.random.Generator, depth: int) -> list[Any]:
    """Draw what stands in a block: a list with a list for each block inside it."""
    return [_blocks(rng, depth - 1) for _ in range(rng.integers(depth + 1))] if depth else []


wrong = Mistakes(no_grad)

wrong.swap("always on afterwards", "recording = self.before", "recording = True").says("""
    At the end you switch recording *on*. If one `with` stands inside another, the inner one must
    leave it off: put back what was before.""")

wrong.swap("never switched back", "self.engine.recording = self.before", "pass").says("""
    Nothing switches recording back on, so after the first `with` the engine never records
    again.""")

wrong.swap(
    "swallows errors",
    "self.engine.recording = self.before",
    """
        self.engine.recording = self.before
        return True
""",
).says("""Your `__exit__` returns something true, and with that Python drops the error that came out
    of the block. Nobody would hear of it. Return nothing.""")


@contextmanager
def without_finally(engine):
    before = engine.recording
    engine.recording = False
    yield
    engine.recording = before


wrong.answer("not switched back after an error", without_finally).says("""
    If the block ends with an error, recording stays off. What has to happen in any case belongs in
    `__exit__`, without a condition, or after `finally`.""")


class WhenMade:
    def __init__(self, engine):
        self.engine, self.before = engine, engine.recording
        engine.recording = False

    def __enter__(self):
        pass

    def __exit__(self, *error):
        self.engine.recording = self.before


wrong.answer("switched off when it is made", WhenMade).says("""Recording stops when the object is
    *made*. Only the block of `with` should be without it: that is what `__enter__` is for.""")

wrong.swap(
    "remembered when it is made",
    "self.engine = engine",
    "self.engine, self.before = engine, engine.recording",
    "self.before = self.engine.recording",
    "",
).says("""You remember the switch when the object is *made*. Its block may begin later, inside
    another one; what counts is how the switch stands when the block begins.""")

wrong.swap("never switched off", "self.engine.recording = False", "recording = False").says("""
    Inside the block the engine still records. The switch is the attribute `recording` of the class
    that was passed; a name of your own inside a method is another thing.""")


class TurnsRound(no_grad):
    def __enter__(self):
        self.engine.recording = not self.engine.recording

    def __exit__(self, *error):
        self.engine.recording = not self.engine.recording


wrong.answer("turns the switch round", TurnsRound).says("""You turn the switch round. Inside another
    `with`, where it is off already, that turns it on.""")


EXERCISE = Exercise(
    id="ch10.no_grad",
    title="A block that records nothing",
    kind="class",
    points=2,
    reference=no_grad,
    accepted=(by_generator, WithStack),
    mistakes=wrong.all,
    hints=(
        "Which two moments does Python tell your object about, and what must be true after the "
        "second one, whatever has happened between them?",
        "On entering, remember what the switch was and turn it off. On leaving, put back what you "
        "have remembered: not simply *on*, for the block may stand inside another.",
        "The skeleton:\n    def __enter__(self):\n        self.before = …\n"
        "        self.engine.recording = …\n    def __exit__(self, *error):\n"
        "        self.engine.recording = …",
    ),
    probe=Probe(probes.switch),
    draw=draw_ways,
    remark="Evaluation needs no way back; without one, nothing has to be kept for it.",
)
