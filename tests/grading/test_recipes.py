"""Every attack that was seen to work, and the tests that now hold it off.

The recipes are those of the round that attacked the grader at commit a11c528, and of the ones
after it. A recipe without a test that exists fails here.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

RECIPES = {
    "an answer reads what lies beside the submissions, or in the instructor's home folder": (
        "test_border.test_a_student_reads_nothing_that_lies_beside_the_submissions",
    ),
    "a handed-in conftest.py replaces the judge": (
        "test_border.test_nothing_that_is_handed_in_is_imported",
    ),
    "a handed-in pytest.py runs as the instructor": (
        "test_border.test_nothing_that_is_handed_in_is_imported",
    ),
    "the library's layer as it is, in an own class, by attrgetter, by map, from a given instance": (
        "test_key.test_the_librarys_layer_is_no_answer",
        "test_redteam.test_the_librarys_own_layer_in_disguise_earns_nothing",
    ),
    "what looks for the library's names is patched": (
        "test_key.test_a_patched_observer_over_untouched_chapters_earns_nothing",
    ),
    "one cell puts the library's objects into untouched chapters": (
        "test_key.test_a_patched_observer_over_untouched_chapters_earns_nothing",
        "test_key.test_nothing_that_is_lent_while_an_exercise_is_open_answers_it",
    ),
    "the nearest image of the shipped digits, the nearest bank note": (
        "test_key.test_the_nearest_picture_and_the_nearest_note_earn_nothing",
        "test_key.test_no_kernel_has_a_test_digit_of_the_course",
    ),
    "a probe reports inputs untouched that were changed": (
        "test_purity."
        "test_a_layer_that_changes_its_input_in_place_is_found_out_whatever_is_reported",
    ),
    "a link to a classmate's notebook": (
        "test_naming.test_a_link_to_a_classmates_notebook_is_not_followed",
        "test_naming.test_a_hard_link_in_anothers_folder_is_not_read",
    ),
    "a file called as Moodle would, in a Canvas zip": (
        "test_naming.test_a_name_like_moodles_in_a_canvas_zip_is_its_senders",
    ),
    "two students of one name, one of whom handed in": (
        "test_joining.test_a_namesake_who_handed_in_nothing_gets_nothing",
    ),
    "a question to the judge that takes gigabytes": (
        "test_fairness.test_a_question_cannot_make_the_judge_take_much_memory",
    ),
    "28 children that spin": (
        "test_fairness.test_children_that_spin_cost_the_student_beside_nothing",
    ),
    "20,001 files of one student": (
        "test_entries.test_20001_files_in_a_folder_are_one_row",
        "test_entries.test_20001_members_of_a_zip_are_one_row",
    ),
    "nested zips that become gigabytes": (
        "test_entries.test_nested_zips_that_unpack_to_gigabytes_take_no_memory",
    ),
    "an array in a choice answer": ("test_fairness.test_what_is_no_choice_gets_a_verdict",),
    "15,200 flags": ("test_fairness.test_flags_without_number_are_counted_and_not_kept",),
    "ten cells that take 84 s to parse": (
        "test_fairness.test_cells_that_take_long_to_read_are_not_read_in_the_grader",
    ),
    "four cells that end the kernel, in a solved notebook": (
        "test_fairness.test_cells_that_end_their_kernel_cost_only_themselves",
    ),
    "the published solution, handed in twice": (
        "test_similarity."
        "test_two_who_copy_what_is_published_are_told_of_that_and_not_of_each_other",
    ),
    "30 MB of empty lists": (
        "test_entries.test_a_file_of_millions_of_empty_lists_is_refused_before_they_are_made",
    ),
    "words that a probe says: arrays the same, recording kept, so many multiplications": (
        "test_liars.test_a_kernel_that_says_what_is_expected_earns_nothing_by_it",
        "test_words.test_no_known_mistake_passes_by_what_its_kernel_says_but_those_listed",
    ),
    "an earlier notebook that attacks when a later one imports mynn": (
        "test_earlier.test_a_malicious_earlier_notebook_runs_confined_and_earns_nothing",
    ),
}
"""What was done → the tests, as file and function."""


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_attack_that_is_known_has_its_tests(recipe: str) -> None:
    for name in RECIPES[recipe]:
        file, _, function = name.partition(".")
        tree = ast.parse(Path(__file__).with_name(f"{file}.py").read_text(encoding="utf-8"))
        there = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
        assert function in there, name
