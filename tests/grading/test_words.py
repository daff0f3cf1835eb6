"""What a kernel may say about itself, and which wrong answers could pass by it.

A student's code can change what observes it. So for every known mistake of the course a liar is
played here, who runs the wrong answer and reports of it all that he can know without doing the
work. What he cannot know, and what is not his to say:

* numbers that depend on the case, which was drawn a moment before: who has them has computed them;
* what lies in the arrays that were lent (`arena`): whether inputs are as they were, and what an
  answer has written in place (`Exercise.fills`);
* what is concluded from numbers (`Exercise.reads`), and what was asked of the judge
  (`Exercise.oracle`);
* the keys of hunts, which are not in the kernel.

What he can say: words, truth values and whole numbers that are the same in every draw; that a
second run gave what the first one gave; that a dictionary or a list is as it was. The mistakes that
pass by such a lie are listed below with the reason, and there are no others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from exercises_lib import exercises
from exercises_lib.chapters import CHAPTERS
from exercises_lib.checking import Case, Exercise, Observation, missing_modules
from exercises_lib.checking.compare import case_problems
from exercises_lib.checking.judge import load
from exercises_lib.checking.observe import run_probe
from exercises_lib.checking.serialize import copy_plain, same
from exercises_lib.checking.trial import observe_case

MEMORY = "An answer that remembers what it gave, and gives it again, would be right as well."
COPY = "An answer that copies the dictionary or the list first would be right as well."
OPEN = "Not closed yet: a count or a word, the same in every draw, that the probe alone says."
FACET = "One word about a part of the exercise; all its numbers have to be right all the same."

KNOWN = {
    ("ch02.staged_backward", "gradients written into the stages"): COPY,
    ("ch02.topological_order", "takes the graph apart"): COPY,
    ("ch02.backward_sweep", "eats the recording"): COPY,
    ("ch07.forward_pass", "one cache for all calls"): COPY,
    ("ch07.remembering_default", "still the default that is reversed"): COPY,
    ("ch07.remembering_default", "the caller's list is reversed"): COPY,
    ("ch07.clinic_mend", "still the neighbour's labels"): OPEN,
    ("ch07.clinic_mend", "labels in another order"): OPEN,
    ("ch07.clinic_mend", "last batch dropped"): OPEN,
    ("ch10.operations", "adds in place"): COPY,
    ("ch10.indexing", "one array for all sweeps"): COPY,
    ("ch03.MulLayer", "memory overwritten in the backward pass"): MEMORY,
    ("ch05.batch_fix", "overwrites the stored y"): MEMORY,
    ("ch05.SoftmaxWithLoss", "changes the stored y"): MEMORY,
    ("ch05.SigmoidWithLoss", "changes the stored p"): MEMORY,
    ("ch06.TwoLayerNet", "not from rng"): MEMORY,
    ("ch06.minibatches", "a generator of its own"): MEMORY,
    ("ch07.init_params", "the global generator"): MEMORY,
    ("ch07.split", "the global generator"): MEMORY,
    ("ch09.Dropout", "global generator"): MEMORY,
    ("ch02.forward_sweep", "a walk over all paths"): OPEN,
    ("ch03.check_layer", "a step too short"): FACET,
    ("ch03.check_layer", "own generator"): FACET,
    ("ch03.Checkpointed", "every input kept"): OPEN,
    ("ch03.Checkpointed", "from the beginning each time"): OPEN,
    ("ch04.dot_product_test", "own generator"): FACET,
    ("ch04.dot_product_test", "one round"): OPEN,
    ("ch06.network_fix", "gradient by nudges"): FACET,
    ("ch06.relative_error", "shapes not compared"): FACET,
    ("ch06.relative_error", "sizes compared"): FACET,
    ("ch06.relative_error", "infinite for different shapes"): FACET,
    ("ch06.relative_error", "assert instead of ValueError"): FACET,
    ("ch06.relative_error", "lengths compared"): FACET,
    ("ch06.relative_error", "error returned"): FACET,
    ("ch08.same_gradients", "PyTorch was never asked"): FACET,
    ("ch08.same_gradients", "PyTorch twice"): FACET,
}
"""Mistakes that a lie about words covers, and why."""


@dataclass(frozen=True)
class Draw:
    """The cases of one draw, and what the reference's probe gives on each."""

    cases: Sequence[Case]
    steps: Sequence[Mapping[str, Any]]


def drawn(exercise: Exercise, seed: int) -> Draw:
    cases = list(exercise.draw(np.random.default_rng(seed)))
    return Draw(cases, [first_of(steps_of(exercise, exercise.reference, case)) for case in cases])


def steps_of(exercise: Exercise, answer: Any, case: Case) -> Any:
    return run_probe(
        exercise.probe,
        answer,
        [copy_plain(dict(case.inputs))],
        seconds=20,
        oracle=exercise.local_oracle(case),
        held=list(case.inputs),
    )[0]


def first_of(run: Any) -> dict[str, Any]:
    return dict(reversed(run.steps))


def has_numbers(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(has_numbers, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(has_numbers, value))
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "fc"
    return isinstance(value, (float, complex))


def inside(value: Any) -> Iterator[Any]:
    yield value
    if isinstance(value, dict):
        for item in value.values():
            yield from inside(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from inside(item)


def knowable(
    exercise: Exercise, name: str, place: int, first: Draw, others: Sequence[Draw]
) -> bool:
    """Tell whether what the reference gives there can be known without doing the work."""
    value = first.steps[place][name]
    if exercise.kind == "debug" and name in ("input", "lines"):
        return False  # the key, which no kernel has
    if exercise.oracle is not None and name.startswith("decision"):
        return False  # of a layer or a network without a label
    if name == "order":
        return False  # the answer itself: who has a right one has ordered the graph
    if " after" in name:  # what was given is known
        given = inside(dict(first.cases[place].inputs))
        return any(type(one) is type(value) and same(one, value) for one in given)
    note = first.cases[place].note
    elsewhere = [
        steps.get(name)
        for other in others
        for case, steps in zip(other.cases, other.steps, strict=True)
        if case.note == note
    ]
    return not has_numbers(value) and all(same(value, one) for one in elsewhere)


def lied(exercise: Exercise, answer: Any, place: int, first: Draw, knows: set[str]) -> Observation:
    """Run an answer on a case and report the best that can be said of it."""
    case, right = first.cases[place], first.steps[place]
    run = steps_of(exercise, answer, case)
    # Of arrays the memory speaks; that all else is as it was is his word.
    run.after = {key: seen_in_memory(one, run.held[key]) for key, one in case.inputs.items()}
    said = {name: right.get(name) if name in knows else one for name, one in first_of(run).items()}
    run.steps = [(name, said.pop(name)) for name, _ in list(run.steps) if name in said]
    return exercise.observed(case, [run])


def seen_in_memory(given: Any, held: Any) -> Any:
    if isinstance(given, np.ndarray):
        return held
    if isinstance(given, dict):
        return {key: seen_in_memory(one, held[key]) for key, one in given.items()}
    if isinstance(given, (list, tuple)):
        return type(given)(map(seen_in_memory, given, held))
    return given


def covered_by_lies(exercise: Exercise) -> Iterator[str]:
    """List the known mistakes that pass if all that can be said is said."""
    load(exercise)
    first, *others = (drawn(exercise, seed) for seed in (5, 6, 7))
    expected = [
        observe_case(exercise, exercise.reference, case, repeat=False, seconds=60)
        for case in first.cases
    ]
    knows = [
        {name for name in steps if knowable(exercise, name, place, first, others)}
        for place, steps in enumerate(first.steps)
    ]
    for mistake in exercise.mistakes:
        if not any(
            next(
                case_problems(exercise, case, lied(exercise, mistake.answer, k, first, know), want),
                0,
            )
            for k, (case, want, know) in enumerate(zip(first.cases, expected, knows, strict=True))
        ):
            yield mistake.name


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_no_known_mistake_passes_by_what_its_kernel_says_but_those_listed(chapter: str) -> None:
    found = {
        (exercise.id, name)
        for exercise in exercises.chapter_exercises(chapter)
        if exercise.kind not in ("number", "choice", "target") and not missing_modules(exercise)
        for name in covered_by_lies(exercise)
    }
    here = {one for one in KNOWN if one[0].startswith(f"ch{chapter}.")}
    if chapter == "08" and missing_modules(exercises.get("ch08.same_gradients")):
        here = set()
    assert found == here
