"""Showing a known mistake."""

from __future__ import annotations

import builtins
import dis
import sys
from types import CodeType

import pytest

from exercises_lib import exercises
from exercises_lib.checking import Exercise
from exercises_lib.checking.edit import Edit, EditError, bare_source
from exercises_lib.course.mistakes import MARK, listing, shown
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.parts import PartEdit


def double(x):
    """Twice."""
    total = 0
    total += x
    total += x  # again
    return total


def test_a_swap_replaces_a_piece_that_stands_there_once():
    wrong = Mistakes(double)
    wrong.swap("begins at 1", "total = 0", "total = 1").says("You begin at 1.")
    (mistake,) = wrong.all
    assert mistake.answer(3) == 7
    assert mistake.message == "You begin at 1."


def test_a_swap_of_whole_lines_takes_their_indentation_as_it_is():
    edit = Edit(
        double, (("\n    total += x\n    total += x  # again\n", "\n    total = x\n"),), "once"
    )
    assert edit.program(3) == 3
    gone = Edit(double, (("    total += x  # again\n", ""),), "once")
    assert gone.program(3) == 3


@pytest.mark.parametrize("old", ["total += x", "nothing of the kind", "    total -= x\n"])
def test_a_piece_that_does_not_stand_there_exactly_once_is_refused(old):
    with pytest.raises(EditError, match="times in"):
        _ = Edit(double, ((old, "pass"),)).program


def test_every_edit_of_the_registry_fits_and_changes_something():
    edits = 0
    for exercise in exercises.all_exercises():
        for mistake in exercise.mistakes:
            if isinstance(mistake.given, Edit) and not exercise.requires:
                edits += 1
                assert mistake.given.source != bare_source(mistake.given.of), mistake.name
                program = mistake.given.program
                if isinstance(mistake.given, PartEdit):
                    program = program[mistake.given.part]
                assert callable(program)
    assert edits > 300


def unresolved(edit):
    """The names that an edit's program loads and that nothing around it defines."""
    top = compile(edit.source, "<edit>", "exec")
    around = {*vars(builtins), *vars(sys.modules[edit.of.__module__])}

    def walk(code, known):
        steps = list(dis.get_instructions(code))
        own = known | {step.argval for step in steps if step.opname == "STORE_NAME"}
        for step in steps:
            if step.opname in ("LOAD_NAME", "LOAD_GLOBAL") and step.argval not in own:
                yield step.argval
        inner = known if code is not top else own  # what a class defines, its methods do not see
        for part in code.co_consts:
            if isinstance(part, CodeType):
                yield from walk(part, inner)

    return set(walk(top, around))


def test_every_name_that_an_edit_uses_is_there():
    """A linter that removes an import does not see that the text of a swap uses it."""
    missing = [
        (exercise.id, mistake.name, sorted(names))
        for exercise in exercises.all_exercises()
        for mistake in exercise.mistakes
        if isinstance(mistake.given, Edit)
        and "# noqa: F821" not in mistake.given.source  # a name that is missing is the mistake
        and (names := unresolved(mistake.given))
    ]
    assert missing == []


def test_a_name_that_only_an_edit_uses_is_missed():
    edits = [Edit(double, (("total = 0", f"total = {name}(0)"),)) for name in ("abs", "Valeu")]
    assert [unresolved(edit) for edit in edits] == [set(), {"Valeu"}]


def test_a_text_of_several_lines_is_one_paragraph_however_they_are_broken():
    wrong = Mistakes(double)
    wrong.answer("one", abs).says("""
        You take one,
        and not two.
    """)
    wrong.answer("two", abs).says("""You take two,
        and not three.""")
    assert [mistake.message for mistake in wrong.all] == [
        "You take one, and not two.",
        "You take two, and not three.",
    ]


def test_the_changed_line_of_an_edit_is_marked_and_no_other():
    exercise: Exercise = exercises.get("ch09.AdaGrad")
    text = shown(exercise, exercise.mistake("no root"))
    marked = [line for line in text.split("\n") if line.startswith(MARK)]
    assert len(marked) == 1 and "/ (self.s[name] + self.eps)" in marked[0]
    assert "no root" in listing(exercise)


def test_every_mistake_can_be_shown():
    for exercise in exercises.all_exercises():
        if not exercise.requires:
            for mistake in exercise.mistakes:
                text = shown(exercise, mistake)
                assert mistake.name in text and len(text.split("\n")) >= 5


def test_a_mistake_in_one_part_of_an_answer_is_shown_with_that_part_marked():
    exercise: Exercise = exercises.get("ch04.affine_fix")
    text = shown(exercise, exercise.mistake("an input on which the code is right"))
    assert [line.split()[1] for line in text.split("\n") if line.startswith("▸")] == ["input"]
