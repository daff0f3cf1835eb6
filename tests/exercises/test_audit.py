"""Every exercise of the course: right answers pass, mistakes are rejected and named."""

from __future__ import annotations

import re

import numpy as np
import pytest

from exercises_lib import exercises
from exercises_lib.checking import Exercise, Mistake, Probe, check, missing_modules
from exercises_lib.course.audit import SEEDS, audit, verdicts_on
from exercises_lib.probes import call, find

ALL = exercises.all_exercises()


@pytest.mark.parametrize("exercise", ALL, ids=lambda exercise: exercise.id)
def test_the_audit_finds_nothing(exercise, whole):
    result = audit(exercise, SEEDS if whole else SEEDS[:1])
    if result.skipped:
        pytest.skip(result.skipped)
    assert result.faults == []


@pytest.mark.parametrize("exercise", ALL, ids=lambda exercise: exercise.id)
def test_no_message_has_formulas_that_a_verdict_would_show_as_dollar_signs(exercise):
    messages = [mistake.message for mistake in exercise.mistakes] + list(exercise.hints)
    assert [message for message in messages if "$" in message] == []


@pytest.mark.parametrize("exercise", ALL, ids=lambda exercise: exercise.id)
def test_the_probe_can_be_found_by_its_name_in_another_process(exercise):
    assert find(exercise.probe.name) is exercise.probe.function


@pytest.mark.parametrize("exercise", ALL, ids=lambda exercise: exercise.id)
def test_odd_answers_never_make_the_check_raise(exercise):
    if missing_modules(exercise):
        pytest.skip("needs a module that is not installed")

    class Odd:
        def __init__(self, *args, **kwargs):
            pass

        def __getattr__(self, name):
            if name.startswith("__"):
                raise AttributeError(name)
            return lambda *args, **kwargs: "odd"

    odd = [3, "a", [], {}, {"a": 1}, object(), Odd, Odd(), lambda *a, **k: None]
    odd += [lambda *a, **k: (1, 2, 3), lambda *a, **k: np.nan, lambda *a, **k: a[0] if a else 0]
    for answer, verdict in zip(odd, verdicts_on(exercise, 0, odd), strict=True):
        # In an exercise of blanks, an empty dictionary is one that is not filled in yet.
        blanks = exercise.kind in ("number", "choice") or (
            exercise.kind == "debug" and isinstance(exercise.reference, dict)
        )
        blank = answer == {} and blanks
        wanted = ("unanswered",) if blank else ("wrong", "error")
        assert verdict.status in wanted


def test_ids_and_texts_are_in_order():
    ids = [exercise.id for exercise in ALL]
    assert len(set(ids)) == len(ids)
    for exercise in ALL:
        assert re.fullmatch(r"ch\d\d\.\w+", exercise.id)
        assert exercise.title and (exercise.points >= 1 or exercise.difficulty == 3)
        for mistake in exercise.mistakes:
            assert mistake.message.strip().endswith((".", "?", "!", "`", ")")), mistake.message


def test_an_unknown_exercise_gets_the_closest_ones_suggested():
    with pytest.raises(LookupError, match=r"ch00\.double"):
        exercises.get("ch00.duoble")


def exercise_with(**changes):
    base = {
        "id": "ch99.x",
        "title": "x",
        "kind": "function",
        "points": 1,
        "reference": lambda x: 2 * x + 0.5,
        "probe": Probe(call),
        "draw": exercises.get("ch00.double").draw,
        "hints": ("a", "b", "c"),
    }
    return Exercise(**{**base, **changes})


def test_the_audit_itself_notices_what_is_wrong():
    same = [Mistake("one", lambda x: x, "m."), Mistake("two", lambda x: x * 1.0, "m.")]
    faults = audit(exercise_with(mistakes=tuple(same))).faults
    assert any("'two' is named one" in fault for fault in faults)
    faults = audit(exercise_with(accepted=(lambda x: x,))).faults
    assert any("accepted answer 1 does not pass" in fault for fault in faults)
    right = (Mistake("not one", lambda x: x + x + 0.5, "m."),)
    faults = audit(exercise_with(mistakes=right)).faults
    assert any("'not one' is passed" in fault for fault in faults)
    faults = audit(exercise_with(hints=("a", "", "c"))).faults
    assert any("three hints" in fault for fault in faults)


@pytest.mark.parametrize("exercise_id", ["ch03.Relu", "ch04.affine_fix", "ch10.sweep"])
def test_what_mistakes_are_known_to_do_changes_no_verdict(exercise_id):
    exercise = exercises.get(exercise_id)
    answers = [exercise.reference, *(mistake.answer for mistake in exercise.mistakes[:9])]
    for answer, verdict in zip(answers, verdicts_on(exercise, 1, answers), strict=True):
        anew = check(exercise, answer, np.random.default_rng(1))
        assert (verdict.status, verdict.mistakes) == (anew.status, anew.mistakes)
        assert verdict.message == anew.message


def test_the_course_has_the_size_it_promises():
    assert len(ALL) >= 90
    assert sum(len(exercise.mistakes) for exercise in ALL) >= 350
    assert sum(1 + len(exercise.accepted) for exercise in ALL) >= 180


@pytest.mark.parametrize("number", ["01", "02", "03", "04", "05", "06", "08", "09", "10"])
def test_a_chapter_lists_its_exercises_with_their_difficulty(root, number):
    import json

    from exercises_lib.chapters import CHAPTERS

    path = root / "solutions" / f"{CHAPTERS[number].stem}.ipynb"
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    text = next("".join(c["source"]) for c in cells if c["id"] == f"ch{number}-exercises")
    signs = {1: "●○○", 2: "●●○", 3: "●●●"}
    wanted = [
        f"| `{one.id.split('.')[1]}` | {one.title} | {signs[one.difficulty]}"
        f"{' optional' if one.optional else ''} |"
        for one in exercises.chapter_exercises(number)
    ]
    assert [row for row in text.split("\n") if row.startswith("| `")] == wanted
