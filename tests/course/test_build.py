"""Building chapters from solutions, and noticing what is wrong with either."""

from __future__ import annotations

import copy
import json

import pytest

from exercises_lib.course.build import (
    fold_notices,
    is_untouched,
    keep_aside,
    make_chapter,
    normalise,
    repository_of,
    reset_chapter,
    write_chapter,
)
from exercises_lib.course.notebooks import (
    CourseError,
    check_cell,
    clear_solution,
    dump,
    find_root,
    notebook_name,
    read,
    solution_blocks,
    source,
)
from exercises_lib.course.validate import check_solution, find_leaks, validate


@pytest.fixture
def solution(root):
    return read(root / "solutions" / "00_welcome.ipynb")


def test_the_course_is_valid(root):
    assert validate(root) == []


def test_clearing_keeps_the_indentation_and_raises_inside_functions_only():
    text = "### BEGIN SOLUTION\na = 1\n### END SOLUTION\ndef f():\n    ### BEGIN SOLUTION\n"
    text += "    return 1\n    ### END SOLUTION"
    assert clear_solution(text) == (
        "# YOUR CODE HERE\ndef f():\n    # YOUR CODE HERE\n    raise NotImplementedError"
    )


def test_clearing_leaves_only_the_blanks_where_there_are_blanks():
    text = "a = {'x': None}\n### BEGIN SOLUTION\na = {'x': 1}\n### END SOLUTION"
    assert clear_solution(text) == "a = {'x': None}"


@pytest.mark.parametrize(
    "text",
    [
        "### BEGIN SOLUTION",
        "### END SOLUTION",
        "### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION",
        "### BEGIN SOLUTION\n    ### END SOLUTION",
        "x = 1 ### BEGIN SOLUTION",
        "#### BEGIN SOLUTION",
    ],
)
def test_broken_markers_are_refused(text):
    with pytest.raises(CourseError):
        list(solution_blocks(text))


def test_a_chapter_is_the_same_bytes_every_time_and_holds_no_solution(solution):
    one, two = make_chapter(solution), make_chapter(copy.deepcopy(solution))
    assert dump(one) == dump(two)
    assert "return 2 * x" not in dump(one)
    assert "SOLUTION" not in dump(one)


def test_a_solution_is_in_its_one_form_already(solution):
    assert normalise(solution) == solution


def test_nbgrader_metadata_names_the_cell_and_its_points(solution):
    cells = {cell["id"]: cell for cell in solution["cells"]}
    answer = cells["ch00-double"]["metadata"]["nbgrader"]
    checked = cells["ch00-double-check"]["metadata"]["nbgrader"]
    assert answer["solution"] and answer["grade_id"] == "ch00-double"
    assert checked["grade"] and checked["points"] == 1 and checked["locked"]


def course(tmp_path, solution):
    for name in ("solutions", "chapters", "exercises_lib"):
        (tmp_path / name).mkdir()
    (tmp_path / "solutions" / "00_welcome.ipynb").write_text(dump(solution), encoding="utf-8")
    return tmp_path


def test_a_chapter_that_was_worked_in_is_kept(tmp_path, solution):
    folder = course(tmp_path, solution)
    chapter = make_chapter(solution)
    assert write_chapter(folder, "00", chapter) is None
    path = folder / "chapters" / "00_welcome.ipynb"
    mine = read(path)
    mine["cells"][2]["source"] = ["my own words"]
    path.write_text(json.dumps(mine), encoding="utf-8")
    kept = write_chapter(folder, "00", chapter)
    assert kept is not None and "my own words" in kept.read_text(encoding="utf-8")
    assert path.read_text(encoding="utf-8") == dump(chapter)
    path.write_text("not even JSON", encoding="utf-8")
    assert write_chapter(folder, "00", chapter).read_text(encoding="utf-8") == "not even JSON"
    assert len(list((folder / "chapters").iterdir())) == 3


def test_outputs_alone_do_not_make_a_chapter_worked_in(solution):
    chapter = make_chapter(solution)
    for cell in chapter["cells"]:
        if cell["cell_type"] == "code":
            cell["execution_count"] = 7
    assert is_untouched(chapter)
    chapter["cells"][0]["source"] = ["changed"]
    assert not is_untouched(chapter)


def test_reset_gives_a_fresh_copy_and_never_the_same_name_twice(tmp_path, solution):
    folder = course(tmp_path, solution)
    names = [reset_chapter(folder, "0")[1] for _ in range(3)]
    assert names[0] is None
    assert {name.name for name in names[1:]} == {
        "00_welcome.yours.ipynb",
        "00_welcome.yours-2.ipynb",
    }


def test_keeping_aside_never_overwrites(tmp_path):
    for text in ("one", "two", "three"):
        path = tmp_path / "a.ipynb"
        path.write_text(text)
        keep_aside(path)
    assert sorted(path.read_text() for path in tmp_path.iterdir()) == ["one", "three", "two"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "JSON"),
        ("[1, 2", "JSON"),
        ("[]", "list of cells"),
        ('{"cells": 3}', "list of cells"),
        ('{"cells": [], "nbformat": 3}', "format 3"),
        ("\x00\x01", "JSON"),
    ],
)
def test_files_that_are_no_notebooks_are_refused_in_a_sentence(tmp_path, content, words):
    path = tmp_path / "x.ipynb"
    path.write_text(content)
    with pytest.raises(CourseError, match=words):
        read(path)


def test_a_missing_file_and_a_missing_course_are_said(tmp_path, monkeypatch):
    with pytest.raises(CourseError, match="does not exist"):
        read(tmp_path / "x.ipynb")
    with pytest.raises(CourseError, match="no chapter"):
        notebook_name("77")
    assert find_root(tmp_path).joinpath("solutions").is_dir()  # beside the package


def changed(solution, cell_id, **changes):
    notebook = copy.deepcopy(solution)
    for cell in notebook["cells"]:
        if cell["id"] == cell_id:
            cell.update(changes)
    return notebook


@pytest.mark.parametrize(
    ("cell_id", "changes", "words"),
    [
        ("ch00-map", {"id": "ch00-setup"}, "2 cells have the id"),
        ("ch00-map", {"id": "ch01-map"}, "not of the form"),
        ("ch00-map", {"source": ["x = 1\n"] * 30}, "lines, at most"),
        ("ch00-map", {"execution_count": None}, "never run"),
        ("ch00-map", {"outputs": [{"output_type": "error", "ename": "E"}]}, "is an error"),
        ("ch00-how", {"source": ["#### Too deep"]}, "skips a level"),
        ("ch00-title", {"source": ["no title"]}, "does not begin"),
        ("ch00-how", {"source": ["# Second title"]}, "more than one title"),
        ("ch00-double-check", {"id": "ch00-other"}, "no cell ch00-double-check"),
        ("ch00-double-check", {"source": ["print(1)"]}, "one call"),
        ("ch00-double", {"source": ["### BEGIN SOLUTION"]}, "without ### END"),
    ],
)
def test_what_is_wrong_with_a_solution_is_noticed(solution, cell_id, changes, words):
    problems = list(check_solution("00", changed(solution, cell_id, **changes)))
    assert any(words in problem for problem in problems), problems


def test_a_solution_line_in_a_chapter_is_noticed(solution):
    line = "    return np.multiply(x, 2.0)"
    text = f"def double(x):\n    ### BEGIN SOLUTION\n{line}\n    ### END SOLUTION"
    leaky = changed(solution, "ch00-double", source=[text])
    leaky = changed(leaky, "ch00-wrong", source=["y = 1\n", line])
    assert list(find_leaks(leaky, make_chapter(leaky)))
    assert not list(find_leaks(solution, make_chapter(solution)))


def test_a_check_cell_is_one_call_and_nothing_else(solution):
    cell = {"cell_type": "code", "id": "ch00-a-check", "source": 'check("ch00.double", double)'}
    assert check_cell(cell).expression == "double"
    for text in ['check("a", b); print()', "check(a, b)", 'check("a", b, seed=1)', "check(", ""]:
        assert check_cell({**cell, "source": text}) is None
    assert "check(" in source(cell)


ADDRESS = "https://example.org/you/course"


def test_with_a_public_copy_the_first_cell_installs_the_course_where_it_is_missing(
    solution, monkeypatch
):
    plain, chapter = make_chapter(solution), make_chapter(solution, ADDRESS)
    first, same = (
        next(cell for cell in made["cells"] if cell["cell_type"] == "code")
        for made in (chapter, plain)
    )
    line, rest = source(first).split("\n", 1)
    assert rest == source(same)
    assert is_untouched(chapter)
    asked = []

    class Shell:
        def run_line_magic(self, *words):
            asked.append(words)

    exec(line, {"get_ipython": Shell})
    assert asked == []  # the course is here: not a word
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    exec(line, {"get_ipython": Shell})
    assert asked == [("pip", f"install -q --no-deps git+{ADDRESS} anywidget psygnal")]


def test_the_public_copy_is_the_one_of_pyproject(tmp_path):
    assert repository_of(tmp_path) == ""
    text = f'[project]\nname = "x"\n[project.urls]\nRepository = "{ADDRESS}/"\n'
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    assert repository_of(tmp_path) == ADDRESS


def test_what_is_to_be_noticed_below_a_check_is_folded_and_what_leads_on_is_not(solution):
    check = next(cell for cell in solution["cells"] if check_cell(cell))
    told = {"cell_type": "markdown", "source": "**What to notice.** A sum.\n\nNow look:\n\n## Next"}
    cells = [check, dict(told), dict(told)]
    fold_notices(cells)
    folded = "<summary>What to notice, once this has passed</summary>\n\nA sum.\n\n</details>"
    assert source(cells[1]) == f"<details>\n{folded}\n\nNow look:\n\n## Next"
    assert source(cells[2]) == told["source"]  # there is no check above this one
