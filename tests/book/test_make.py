"""From a solution notebook to a page; and what is said when a tool is missing."""

from __future__ import annotations

import base64
import json
import subprocess

import pytest
from click.testing import CliRunner

from exercises_lib.chapters import CHAPTERS
from exercises_lib.course import book
from exercises_lib.course.embed import STATE, VIEW, Figures, place_figures
from exercises_lib.course.katex import Katex, TexError
from exercises_lib.course.kit import KitError
from exercises_lib.course.notebooks import CourseError, check_cells, notebook_name, read, source
from exercises_lib.course.quiz import answerable, form, payload, veil
from exercises_lib.exercises import all_exercises, chapter_exercises, get


@pytest.fixture(scope="module")
def katex(root, tools):
    modules = book.install_modules(root / "book")
    return Katex(modules / "katex" / "dist" / "katex.min.js")


@pytest.mark.parametrize("number", CHAPTERS)
def test_a_page_asks_every_exercise_and_folds_its_solution(number, root):
    solution = read(root / "solutions" / notebook_name(number))
    page = book.make_page(number, solution, str)
    assert check_cells(page) == []
    said = [source(cell) for cell in page["cells"] if cell["cell_type"] == "markdown"]
    assert not any('`hint("ch' in text for text in said)  # a page has a button for that
    text = "\n".join(source(cell) for cell in page["cells"])
    for exercise in chapter_exercises(number):
        assert text.count(f'id="{exercise.id.replace(".", "-")}"') == 1
        assert (f'data-exercise="{exercise.id}"' in text) == answerable(exercise)
    folded = [cell for cell in page["cells"] if "bp-solution" in cell["metadata"].get("tags", [])]
    assert len(folded) == len(chapter_exercises(number))
    for cell in page["cells"]:
        tags = cell["metadata"].get("tags", [])
        assert "SOLUTION" not in source(cell)
        if "bp-stub" in tags:
            assert "YOUR CODE HERE" in source(cell) or ": None" in source(cell)


def test_a_form_keeps_its_answers_from_a_glance_and_nothing_else():
    exercise = get("ch01.apple_gradients")
    data = payload(exercise)
    hidden = veil(data)
    assert json.loads(base64.b64decode(hidden)[::-1]) == data
    assert "\n" not in form(exercise)
    assert [item["name"] for item in data["fields"]] == ["price", "count", "tax"]


@pytest.mark.parametrize(
    "exercise", [e for e in all_exercises() if e.kind == "choice"], ids=lambda e: e.id
)
def test_a_choice_is_asked_once(exercise, root):
    solution = read(root / "solutions" / notebook_name(exercise.chapter))
    page = book.make_page(exercise.chapter, solution, str)
    at, asked = next(
        (at, source(cell))
        for at, cell in enumerate(page["cells"])
        if f'data-exercise="{exercise.id}"' in source(cell)
    )
    above = source(page["cells"][at - 1])
    assert "Choose one letter for each" not in above
    for item in exercise.fields:
        assert f"**{item.name}**:" not in above
        assert asked.count(f'data-field="{item.name}"') == 1
        for key, text in item.options.items():
            assert f'value="{key}"' in asked
            assert text in asked or f'`"{key}"`' in above  # explained in one of the two
            assert f"- **{key}** · " not in above


def test_labels_are_set_and_escaped(katex):
    text = book.set_text("`a < b` and $x_0$ & more", katex)
    assert "<code>a &lt; b</code>" in text
    assert 'class="katex"' in text
    assert text.endswith(" &amp; more")


def test_a_formula_that_cannot_be_read_is_an_error(katex):
    with pytest.raises(TexError, match="KaTeX parse error"):
        katex.html(r"\frac{1}{")
    assert "katex-display" in katex.html("x", display=True)


def figure_notebook(state):
    output = {"output_type": "display_data", "metadata": {}, "data": {VIEW: {"model_id": "a"}}}
    cell = {
        "cell_type": "code",
        "id": "ch01-fig",
        "metadata": {},
        "source": "",
        "outputs": [output],
    }
    widgets = {STATE: {"state": {"a": {"state": state}}}}
    return {"cells": [cell, json.loads(json.dumps(cell))], "metadata": {"widgets": widgets}}


def test_a_script_is_stored_once_however_many_figures_use_it(tmp_path):
    figures = Figures(tmp_path, "figures")
    notebook = figure_notebook({"_esm": "export default {}", "_css": "p {}", "spec": {"x": "</a"}})
    place_figures(notebook, figures)
    figures.write_styles()
    assert len(list(tmp_path.glob("*.js"))) == 1
    assert (tmp_path / "figures.css").read_text() == "p {}\n"
    written = notebook["cells"][0]["outputs"][0]["data"]["text/html"]
    assert "export default" not in written
    assert "</a" not in written.partition("</script>")[0]
    assert "widgets" not in notebook["metadata"]


def test_a_widget_that_needs_a_kernel_is_refused(tmp_path):
    with pytest.raises(CourseError, match="ch01-fig shows a widget that needs a kernel"):
        place_figures(figure_notebook({"value": 3}), Figures(tmp_path, "figures"))


@pytest.mark.parametrize(
    ("tool", "words"), [("node", "Node, which is not installed"), ("npm", "come by npm")]
)
def test_a_missing_tool_is_named_with_what_to_do(tool, words, monkeypatch, tmp_path):
    def which(name):
        return None if name == tool else f"/usr/bin/{name}"

    monkeypatch.setattr(book.shutil, "which", which)
    (tmp_path / "package.json").write_text('{"dependencies": {"a": "1"}, "devDependencies": {}}')
    with pytest.raises(CourseError, match=words):
        book.need_tools()
        book.install_modules(tmp_path)


def test_missing_sphinx_is_named_with_what_to_type(monkeypatch):
    monkeypatch.setattr(book, "find_spec", lambda name: None)
    with pytest.raises(CourseError, match=r"pip install .* \"\.\[book\]\""):
        book.need_tools()


def test_the_command_explains_itself():
    said = CliRunner().invoke(book.book, ["--help"]).output
    for word in ("--repository", "--fresh", "Node", "index.html", "Colab"):
        assert word in said


@pytest.mark.parametrize("name", ["source", "html", "notes.txt"])
def test_a_folder_that_holds_something_else_is_not_emptied(name, root, tmp_path):
    (tmp_path / name).write_text("mine")
    with pytest.raises(CourseError, match="holds something else"):
        book.build_book(root, build=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_folder_that_cannot_be_made_is_said(root, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CourseError, match="cannot be used for the pages"):
        book.build_book(root, build=tmp_path / "file" / "pages")


def test_without_its_packages_the_book_is_built_without_python_and_says_so(
    root, tmp_path, monkeypatch, capsys, tools
):
    def unreachable(*_):
        raise KitError("npm says: network is unreachable")

    monkeypatch.setattr(book, "place_python", unreachable)
    monkeypatch.setattr(book, "chapter_numbers", lambda _: ["00"])
    monkeypatch.setattr(
        book, "executed", lambda *_, **__: read(root / "solutions/00_welcome.ipynb")
    )
    monkeypatch.setattr(book, "slim", lambda *_: None)
    done = subprocess.CompletedProcess([], 0, "", "")
    run = subprocess.run

    def all_but_sphinx(words, **more):
        return done if "sphinx" in words else run(words, **more)

    monkeypatch.setattr(book.subprocess, "run", all_but_sphinx)
    book.build_book(root, build=tmp_path / "pages")
    said = capsys.readouterr().err
    assert said.strip() == (
        "The book is built without Python in its pages: npm says: network is unreachable"
    )
    page = (tmp_path / "pages" / "source" / "00_welcome.ipynb").read_text(encoding="utf-8")
    assert "bp-cells" not in page
    assert not (tmp_path / "pages" / "source" / "_static" / "run.js").exists()
