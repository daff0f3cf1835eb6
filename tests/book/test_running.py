"""Python in the pages: code is edited, run and checked, and nothing that is written is lost."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys

import pytest

from exercises_lib.course.notebooks import BEGIN, END, notebook_name, read, source
from exercises_lib.exercises import get

BIAS = "def bias_gradient(dout):\n    return dout.{}"


@pytest.fixture(scope="module")
def alive(site, browser):
    """Open a page in a browser of its own memory; its ``errors`` collects what should not be."""
    contexts = []

    def opened(name, **options):
        context = browser.new_context(
            viewport={"width": 1200, "height": 900}, reduced_motion="reduce", **options
        )
        contexts.append(context)
        page = context.new_page()
        page.errors = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on(
            "request",
            lambda asked: (
                None
                if asked.url.startswith((site, "blob:", "data:"))
                else page.errors.append(f"outside: {asked.url}")
            ),
        )
        page.goto(f"{site}/{name}.html")
        page.wait_for_function("document.documentElement.dataset.run === 'ready'")
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def affine(alive):
    """One page of chapter 04, whose Python stays warm from test to test."""
    return alive("04_affine")


def cell_of(page, name):
    return page.locator(f".tag_bp-run-{name}")


def write(page, name, text):
    """Write a text into a cell, in the place of what stands there."""
    cell = cell_of(page, name)
    if not cell.locator(".cm-content").count():
        cell.locator("pre.bp-editable").click()
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(text)
    return cell


def settled(page):
    page.wait_for_function("!document.querySelector('.bp-busy')", timeout=60_000)


def check(page, name, text):
    """Write an answer and check it; gives what is said, and what the cell shows."""
    cell = write(page, name, text)
    page.keyboard.press("Control+Enter")
    settled(page)
    return cell.locator(".bp-said").first.inner_text(), cell.locator(".bp-out").inner_text()


def test_python_is_not_loaded_before_it_is_needed(alive):
    page = alive("02_chain_rule")
    names = page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert not [name for name in names if "/python/" in name or name.endswith("editor.js")]
    assert page.errors == []


def test_a_wrong_answer_is_told_which_mistake_it_is_and_the_right_one_passes(affine):
    said, _ = check(affine, "ch04-bias-gradient", BIAS.format("sum(axis=1)"))
    assert "not yet" in said
    mistake = next(m for m in get("ch04.bias_gradient").mistakes if m.name == "summed over axis 1")
    assert mistake.message.split(":")[0] in said
    said, _ = check(affine, "ch04-bias-gradient", BIAS.format("sum(axis=0)"))
    assert "passed" in said
    ticks = affine.locator(".bd-links a.current .bp-done").first.inner_text()
    assert ticks.startswith("1/")
    assert affine.errors == []


def solved(root, name):
    """The answer of a solution's cell."""
    number = name[2:4]
    for cell in read(root / "solutions" / notebook_name(number))["cells"]:
        if cell["id"] == name:
            rows = source(cell).split("\n")
            return "\n".join(row for row in rows if row.strip() not in (BEGIN, END))
    raise LookupError(name)


def test_an_answer_that_needs_a_cell_above_has_it_run_first(affine, root):
    text = solved(root, "ch04-affine-fix")
    assert "(PublishedAffine)" in text
    said, _ = check(affine, "ch04-affine-fix", text)
    assert "passed" in said


BAD = {
    "def bias_gradient(dout)\n    return 3": "SyntaxError: expected ':'",
    "def f(): return f()\nf()": "calls itself again and again",
    "import os; os._exit(1)": "ended Python itself",
    "np = 3": "gives the name np to something else",
    "x = []\nwhile True: x.append(np.ones(3 * 10**7))": "more memory than a page has",
    "print('x' * 10**7)": "characters more, not shown",
    "import torch": "needs PyTorch, which is not in the page",
    "import sys; sys.exit()": "there is nothing to leave",
}


@pytest.mark.parametrize("text", BAD)
def test_bad_input_costs_a_sentence_and_the_page_goes_on(affine, text):
    _said, shown = check(affine, "ch04-bias-gradient", text)
    assert BAD[text] in shown
    assert affine.errors == []


def test_an_endless_loop_is_ended_and_the_next_run_begins_anew(affine):
    said, shown = check(affine, "ch04-bias-gradient", "while True:\n    pass")
    assert "Stopped after 5 seconds. Do all loops end?" in shown
    said, _ = check(affine, "ch04-bias-gradient", BIAS.format("sum(axis=0)"))
    assert "passed" in said


def test_a_loop_can_be_stopped_by_hand(affine):
    cell = write(affine, "ch04-product", "while True:\n    pass")
    affine.keyboard.press("Shift+Enter")
    cell.get_by_role("button", name="Stop").click()
    settled(affine)
    assert "Stopped. Python starts anew" in cell.locator(".bp-out").inner_text()
    cell.get_by_role("button", name="As it was").click()
    assert "for k in range(3)" in cell.locator(".cm-content").inner_text()


def test_after_two_misses_a_hint_is_offered_and_the_next_one_opens_after_a_try(affine):
    name = "ch04-columns-forward"
    cell = cell_of(affine, name)
    text = "def columns_forward(x, weight, bias):\n    return weight @ x"
    check(affine, name, text)
    assert cell.get_by_role("button", name="Hint", exact=True).count() == 1
    check(affine, name, text + " ")
    cell.get_by_role("button", name="Hint 1 of 3?").click()
    assert "Hint 1 of 3" in cell.locator(".bp-hint").inner_text()
    check(affine, name, text)
    cell.get_by_role("button", name=re.compile("Hint")).click()
    cell.get_by_role("button", name=re.compile("Hint")).click()
    assert "then the next hint opens" in cell.locator(".bp-hint").inner_text()
    assert "Hint 2 of 3" in cell.locator(".bp-hint").inner_text()


def test_a_graph_of_the_readers_own_is_drawn_and_played(affine):
    text = (
        "from exercises_lib.nn import Value\n"
        "mine = Value(3.0, 'mine') * Value(2.0, 'too')\n"
        "figures.graph_player(mine, title='My own graph')"
    )
    cell = write(affine, "ch04-product", text)
    affine.keyboard.press("Control+Enter")
    settled(affine)
    figure = cell.locator(".bp-out .bp-figure")
    figure.locator(".bp-graph-picture").wait_for()
    assert "My own graph" in figure.inner_text()
    before = figure.locator(".bp-status").inner_text()
    figure.get_by_role("button", name="First step").click()
    assert figure.locator(".bp-status").inner_text() != before
    cell.get_by_role("button", name="As it was").click()


def test_a_picture_that_needs_matplotlib_stays_and_says_so(alive):
    page = alive("01_computation_graphs")
    cell = cell_of(page, "ch01-fig-kinds")
    cell.get_by_role("button", name=re.compile("^Run")).click()
    settled(page)
    assert "needs Matplotlib" in cell.locator(".bp-out").inner_text()
    assert cell.locator("img").is_visible()


def test_escape_and_tab_leave_the_editor_and_tab_alone_indents(affine):
    cell = write(affine, "ch04-bias-gradient", "def bias_gradient(dout):")
    affine.keyboard.press("Enter")
    affine.keyboard.type("return (1")
    assert "    return (1)" in cell.locator(".cm-content").inner_text()
    inside = "document.activeElement.classList.contains('cm-content')"
    affine.keyboard.press("Tab")
    assert affine.evaluate(inside)
    affine.keyboard.press("Escape")
    affine.keyboard.press("Tab")
    assert not affine.evaluate(inside)
    affine.keyboard.press("Shift+Tab")
    affine.keyboard.press("Control+Z")
    assert affine.evaluate(inside)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_open_editor_with_its_verdict_has_no_accessibility_fault(affine, theme, root):
    check(affine, "ch04-bias-gradient", BIAS.format("mean(axis=0)"))
    affine.add_script_tag(path=root / "book" / "node_modules" / "axe-core" / "axe.min.js")
    affine.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", theme)
    result = affine.evaluate(
        "axe.run('.tag_bp-run-ch04-bias-gradient', { resultTypes: ['violations'] })"
    )
    found = [
        (fault["id"], [node["html"][:200] for node in fault["nodes"]][:3])
        for fault in result["violations"]
    ]
    assert found == []


def test_answers_verdicts_and_progress_are_there_on_the_next_visit(affine, site):
    check(affine, "ch04-bias-gradient", BIAS.format("sum(axis=0)"))
    affine.reload()
    affine.wait_for_function("document.documentElement.dataset.run === 'ready'")
    cell = cell_of(affine, "ch04-bias-gradient")
    assert "sum(axis=0)" in cell.locator("pre.bp-editable").inner_text()
    assert "passed" in cell.locator(".bp-said").first.inner_text()
    affine.goto(f"{site}/index.html")
    back = affine.locator(".bp-continue")
    assert "Continue: " in back.inner_text()
    back.click()
    assert affine.url.endswith("04_affine.html#ch04-bias_gradient")
    affine.goto(f"{site}/00_welcome.html")
    assert affine.locator('[title="ch04.bias_gradient: passed"]').count() == 1
    road = affine.locator(".bp-road-map, .bp-figure").filter(has_text="Affine").first
    assert "% done" in (road.locator("[aria-description]").first.get_attribute("aria-description"))
    affine.goto(f"{site}/exercises.html")
    assert affine.locator("li.bp-passed", has_text="ch04.bias_gradient").count() == 1
    affine.on("dialog", lambda dialog: dialog.accept())
    affine.get_by_role("button", name="Delete my answers").click()
    assert affine.locator("li.bp-passed").count() == 0
    assert affine.evaluate("localStorage.length") == 0 or "backprop:" not in affine.evaluate(
        "Object.keys(localStorage).join()"
    )


def test_where_storage_is_blocked_the_page_works_and_says_that_nothing_is_kept(alive, site):
    page = alive("04_affine")
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new Error('blocked'); } })"
    )
    page.reload()
    page.wait_for_function("document.documentElement.dataset.run === 'ready'")
    write(page, "ch04-bias-gradient", BIAS.format("sum(axis=0)"))
    assert "keeps nothing of what you write" in page.locator(".bp-line-said").inner_text()
    assert set(page.errors) <= {"blocked"}  # the theme asks for its colours, too, and stumbles


def test_the_parts_of_numpy_that_come_later_can_be_imported(alive):
    page = alive("04_affine")
    text = (
        "from numpy import *\n"
        "import numpy.polynomial, numpy.ma, numpy.fft, numpy.testing, numpy.lib.recfunctions\n"
        "import numpy.matlib, numpy.ctypeslib, numpy.char, numpy.strings, numpy.typing\n"
        "print(np.median([1.0, np.nan, 2.0]), np.ma.median([3.0]), np.fft.fft([1.0]).real)"
    )
    _said, shown = check(page, "ch04-bias-gradient", text)
    assert "nan 3.0 [1.]" in shown, shown


def test_where_storage_is_full_nothing_is_lost_from_the_page_and_it_says_so(alive):
    page = alive("04_affine")
    page.evaluate(
        "() => { Storage.prototype.setItem = () => { throw new DOMException('', 'Quota'); }; }"
    )
    said, _ = check(page, "ch04-bias-gradient", BIAS.format("sum(axis=0)"))
    assert "passed" in said
    assert "keeps nothing of what you write" in page.locator(".bp-line-said").inner_text()
    assert page.locator(".bd-links a.current .bp-done").first.inner_text().startswith("1/")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download my notebook").click()
    cells = json.loads(waiting.value.path().read_text(encoding="utf-8"))["cells"]
    assert any("sum(axis=0)" in source(cell) for cell in cells)
    assert page.errors == []


def test_the_primer_runs_in_the_page(alive, root):
    page = alive("00_primer")
    solution = read(root / "solutions" / "00_primer.ipynb")["cells"]
    answers = {cell["id"]: source(cell) for cell in solution if BEGIN in source(cell)}
    assert answers
    for name, text in answers.items():
        rows = [row for row in text.split("\n") if row.strip() not in (BEGIN, END)]
        said, shown = check(page, name, "\n".join(rows))
        assert "passed" in said, (name, said, shown)


def test_a_wrong_answer_can_be_mended_before_its_line_has_been_found(alive):
    page = alive("04_affine")
    wrong = "def bias_gradient(dout):\n    total = dout - dout\n    return total.sum(axis=0) + 3"
    check(page, "ch04-bias-gradient", wrong)
    said, _ = check(page, "ch04-bias-gradient", BIAS.format("sum(axis=0)"))
    assert "passed" in said
    page.wait_for_timeout(2500)  # a search for the line that went on would speak now
    assert "passed" in cell_of(page, "ch04-bias-gradient").locator(".bp-said").first.inner_text()


def answers_of(exercise_id):
    reference = get(exercise_id).reference
    return {name: "" if value is None else str(value) for name, value in reference.items()}


def test_from_the_page_to_a_notebook_to_the_grader_and_back(alive, root, tmp_path, site):
    page = alive("01_computation_graphs")
    solution = read(root / "solutions" / "01_computation_graphs.ipynb")
    # Code comes from the author's notebook, numbers are typed into the forms.
    page.locator("input[type=file]").set_input_files(
        root / "solutions" / "01_computation_graphs.ipynb"
    )
    page.get_by_text("cells are yours now").wait_for()
    for form in page.locator("form.bpq").all():
        wanted = answers_of(form.get_attribute("data-exercise"))
        for name, value in wanted.items():
            box = form.locator(f'[data-field="{name}"]')
            if box.locator("input[type=text]").count():
                box.locator("input[type=text]").fill(value)
            else:
                box.locator(f'input[value="{value}"]').check()
        form.get_by_role("button", name="Check").click()
        assert form.locator(".bpq-verdict").get_attribute("data-status") == "passed"
    handed_in = tmp_path / "ana" / "01_computation_graphs.ipynb"
    handed_in.parent.mkdir()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download my notebook").click()
    waiting.value.save_as(handed_in)
    given = read(root / "chapters" / "01_computation_graphs.ipynb")
    mine = read(handed_in)
    assert [cell["id"] for cell in mine["cells"]] == [cell["id"] for cell in given["cells"]]
    assert [cell["metadata"] for cell in mine["cells"]] == [c["metadata"] for c in given["cells"]]
    words = ["grade", str(tmp_path), "--chapter", "01", "--gradebook", str(tmp_path / "marks.db")]
    said = subprocess.run(
        [sys.executable, "-m", "exercises_lib.cli", *words],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert re.search(r": (\d+)/\1\n", said.stdout + said.stderr)  # full marks
    # and back, into a browser that has never seen it
    other = alive("01_computation_graphs")
    other.locator("input[type=file]").set_input_files(handed_in)
    other.get_by_text("cells are yours now").wait_for()
    shown = cell_of(other, "ch01-apple_total").locator("pre.bp-editable").inner_text()
    wanted = next(c for c in mine["cells"] if c["id"] == "ch01-apple_total")
    assert shown.strip() == source(wanted).strip()
    first = other.locator('form[data-exercise="ch01.apple_gradients"] input').first
    assert first.input_value() == "2.2"
    assert solution["cells"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no JSON", "This file is not a notebook."),
        ('{"cells": 3}', "This file is not a notebook."),
        ('{"cells": [{"cell_type": "code", "source": "x"}]}', "not one of this course"),
        (
            json.dumps({"cells": [{"cell_type": "code", "id": "ch03-relu", "source": "x"}]}),
            "This is the notebook of chapter 03",
        ),
    ],
)
def test_a_file_that_is_not_this_chapters_notebook_changes_nothing(affine, text, said, site):
    affine.goto(f"{site}/04_affine.html")
    affine.wait_for_function("document.documentElement.dataset.run === 'ready'")
    before = affine.evaluate("JSON.stringify(bpMemory.state)")
    content = {"name": "x.ipynb", "mimeType": "application/json", "buffer": text.encode()}
    affine.locator("input[type=file]").set_input_files(content)
    affine.get_by_text(said).wait_for()
    assert affine.evaluate("JSON.stringify(bpMemory.state)") == before


def test_opened_as_a_file_a_page_says_why_its_code_does_not_run(html, browser):
    page = browser.new_page()
    page.goto((html / "04_affine.html").as_uri())
    page.wait_for_function("document.documentElement.dataset.figures === 'ready'")
    assert "open the book from a web server" in page.locator(".bp-line-said").inner_text()
    forms = page.locator("form.bpq").count()  # these need no Python
    assert page.get_by_role("button", name="Check", exact=True).count() == forms > 0
    assert page.locator(".bp-run").count() == 0
    page.close()


def test_where_a_file_of_python_is_missing_a_sentence_says_so(html, serve, browser, tmp_path):
    copy = tmp_path / "html"
    keep_out = shutil.ignore_patterns("numpy.tar.gz", "[1235-9]*", "0[1235-9]*", "1*", "images")
    shutil.copytree(html, copy, ignore=keep_out)
    page = browser.new_page()
    page.goto(f"{serve(copy)}/04_affine.html")
    page.wait_for_function("document.documentElement.dataset.run === 'ready'")
    _said, shown = check(page, "ch04-bias-gradient", BIAS.format("sum(axis=0)"))
    assert "Python could not be loaded" in shown
    page.close()
