"""How many wrong answers are told their mistake or their line, and how many lines are right.

Three sorts of wrong answers: known mistakes, each with its own entry taken off the list; mutants of
right answers, changed in one place or in two; and answers that somebody wrote without having seen
the list, from `benchmarks/wrong_answers`. Expressions of the reference, of which mistakes and
mutants are made, are not offered to the search where they are. A line counts as right if it is one
of those that can be blamed: several of them are named only where each is.

    python benchmarks/pointing.py [--quick] [--each] [known] [mutants] [written] [right]
"""

from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ["BACKPROP_PROGRESS"] = "off"

import argparse
import ast
import difflib
import itertools
import linecache
import re
import statistics
import time
import types
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from mutants import mutants, sources

from exercises_lib import exercises, nn
from exercises_lib.checking import Exercise, Trial, judge, missing_modules, run
from exercises_lib.checking.edit import Edit, bare_source
from exercises_lib.checking.place import Place
from exercises_lib.checking.pointing.confine import SECONDS, Done
from exercises_lib.checking.pointing.search import Search
from exercises_lib.checking.pointing.source import source_of
from exercises_lib.checking.pointing.words import place_of

FOLDER = Path(__file__).parent / "wrong_answers"


@dataclass
class Wrong:
    """A wrong answer: `places` are the sets of lines of which any is the right one to name."""

    exercise: Exercise
    answer: Any
    what: str
    places: list[set[int]]
    of: Any = None
    """The right answer that it was made of, whose expressions are then not offered."""


def asked(kinds: tuple[str, ...] = ("function", "class", "debug")) -> Iterator[Exercise]:
    """Give the exercises that have source to be searched."""
    for exercise in exercises.all_exercises():
        if exercise.kind in kinds and not missing_modules(exercise):
            yield exercise


def known() -> Iterator[Wrong]:
    """Give each known mistake that is an edit, on an exercise that does not know it."""
    for exercise in asked():
        for mistake in exercise.mistakes:
            rest = tuple(one for one in exercise.mistakes if one is not mistake)
            blind = replace(exercise, mistakes=rest)
            places = []
            if isinstance(mistake.given, Edit):
                places = [_changed(bare_source(mistake.given.of), mistake.given.source)]
            yield Wrong(blind, mistake.answer, mistake.name, places, exercise.reference)


def mutated(places: int) -> Iterator[Wrong]:
    """Give mutants of right answers that are changed in so many places."""
    for exercise in asked():
        for tree, name, home in sources(exercise):
            before = ast.unparse(tree)
            thinned = itertools.islice(enumerate(mutants(tree)), 0, None, 1 if places == 1 else 13)
            for number, (mutant, what) in thinned:
                some = [(mutant, what)]
                if places == 2:
                    others = itertools.islice(mutants(mutant), 7 * number % 23, None, 29)
                    some = [(twice, f"{what}; {more}") for twice, more in others]
                for changed, words in some:
                    text = ast.unparse(changed)
                    answer = _made(text, name, dict(home))
                    if answer is not None:
                        of = next(one for one in _rights(exercise) if one.__name__ == name)
                        yield Wrong(exercise, answer, words, [_changed(before, text)], of)


def written(half: int) -> Iterator[Wrong]:
    """Give the answers of `benchmarks/wrong_answers`.

    Args:
        half: 0 for the first, third, … of each file, which were read while edits were added to the
            search; 1 for the others.
    """
    for path in sorted(FOLDER.glob("ch*.txt")):
        blocks = re.split(r"^%% ", path.read_text(encoding="utf-8"), flags=re.M)[1:]
        for block in blocks[half::2]:
            header, _, text = block.partition("\n")
            exercise_id, where, what = (part.strip() for part in header.split("|", 2))
            numbers = where.removeprefix("lines").strip()
            places = [
                {int(number) for number in some.split(",")}
                for some in numbers.split(" or ")
                if numbers != "?"
            ]
            last = [
                node.name
                for node in ast.parse(text).body
                if isinstance(node, ast.FunctionDef | ast.ClassDef)
            ][-1]
            answer = _made(text, last, {"np": np, "nn": nn})
            yield Wrong(exercises.get(exercise_id), answer, what, places)


def right() -> Iterator[Wrong]:
    """Give the right answers, of which no line must be named."""
    for exercise in asked():
        for answer in _rights(exercise):
            yield Wrong(exercise, answer, "right", [])


def _rights(exercise: Exercise) -> tuple[Any, ...]:
    return exercise.reference, *exercise.accepted


_numbers = itertools.count()


def _made(text: str, name: str, space: dict[str, Any]) -> Any:
    file = f"<cell {next(_numbers)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    try:
        exec(compile(text, file, "exec"), space)
    except Exception:
        return None
    return space[name]


def _changed(before: str, after: str) -> set[int]:
    """The lines of the second text that are not in the first; beside a gap, those around it."""
    matcher = difflib.SequenceMatcher(a=before.split("\n"), b=after.split("\n"), autojunk=False)
    lines: set[int] = set()
    for tag, _, _, first, last in matcher.get_opcodes():
        if tag == "delete":
            lines |= {first, first + 1}
        elif tag != "equal":
            lines |= set(range(first + 1, last + 1))
    return lines


@dataclass
class Tally:
    """What came of some wrong answers."""

    count: int = 0
    closed: int = 0
    named: int = 0
    lined: int = 0
    either: int = 0
    judged: int = 0
    true: int = 0
    related: int = 0
    seconds: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        def share(part: int, whole: int) -> str:
            return f"{100 * part / whole:.0f} %" if whole else "–"

        times = self.seconds or [0.0]
        return (
            f"{self.count} wrong, {self.closed} of them without source: "
            f"named {share(self.named, self.count)}, line given "
            f"{share(self.lined, self.count)} (right {share(self.true, self.judged)} of "
            f"{self.judged}), either {share(self.either, self.count)}, with relations "
            f"{share(self.related, self.count)}; search: median "
            f"{statistics.median(times):.2f} s, p90 {np.quantile(times, 0.9):.2f} s"
        )


def point(wrong: Wrong, seed: int = 0) -> tuple[Any, float]:
    """Judge a wrong answer and search it, within the budget of the processor's time."""
    cases = list(wrong.exercise.draw(np.random.default_rng(seed)))
    seen = run(wrong.exercise, wrong.answer, cases)
    spent = 0.0

    def search(trial: Trial) -> Done:
        nonlocal spent
        began = time.process_time()
        one = Search(trial, wrong.answer, lambda: SECONDS - (time.process_time() - began))
        pairs = zip(_rights(wrong.exercise), one.models, strict=False)
        one.models = [model for program, model in pairs if program is not wrong.of]
        place = place_of(one.run(), one.source)
        spent = time.process_time() - began
        return Done(place or Place())

    with np.errstate(all="ignore"):
        verdict = judge(wrong.exercise, cases, seen, search=search)
    return verdict.settled(), spent


def measure(title: str, some: Iterator[Wrong], each: bool) -> None:
    """Print what comes of some wrong answers."""
    tally = Tally()
    for wrong in some:
        if not isinstance(wrong.answer, type | types.FunctionType):
            continue
        verdict, seconds = point(wrong)
        if verdict.status not in ("wrong", "error"):
            continue
        tally.count += 1
        tally.closed += source_of(wrong.answer) is None
        tally.seconds.append(seconds)
        tally.named += verdict.mistake is not None
        tally.lined += bool(verdict.lines)
        tally.either += bool(verdict.lines) or verdict.mistake is not None
        tally.related += bool(verdict.relations)
        good = set(verdict.lines) <= set().union(*wrong.places)
        if verdict.lines and wrong.places:
            tally.judged += 1
            tally.true += good
        if each:
            mark = "·" if not verdict.lines or not wrong.places else "+" if good else "-"
            print(f"{mark} {wrong.exercise.id} | {wrong.what} | {wrong.places} → {verdict.lines}")
            print("    " + str(verdict).replace("\n", "\n    "), flush=True)
    print(f"{title}: {tally}", flush=True)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="every 17th only")
    parser.add_argument("--each", action="store_true", help="show every verdict, to be read")
    parser.add_argument("sorts", nargs="*", help="known, mutants, written, right; all by default")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")  # those of wrong answers
    sorts = {
        "known": [("known mistakes, each off the list", known(), 17)],
        "mutants": [("mutants, one place", mutated(1), 151), ("two places", mutated(2), 171)],
        "written": [
            ("written without the list, first half", written(0), 3),
            ("written without the list, second half", written(1), 3),
        ],
        "right": [("right answers", right(), 5)],
    }
    for sort in chosen.sorts or sorts:
        for title, some, step in sorts[sort]:
            thinned = itertools.islice(some, 0, None, step if chosen.quick else max(step // 10, 1))
            measure(title, thinned, chosen.each)


if __name__ == "__main__":
    main()
