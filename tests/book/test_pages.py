"""Every page of the book, in a browser."""

from __future__ import annotations

import pytest

from exercises_lib.chapters import CHAPTERS
from exercises_lib.exercises import chapter_exercises

CHAPTER_PAGES = {chapter.stem: number for number, chapter in CHAPTERS.items()}
PAGES = ["index", *CHAPTER_PAGES, "notation", "glossary", "exercises", "instructors", "search"]

SLIM = """() => {
  document.querySelectorAll(".katex").forEach((formula) => { formula.textContent = "formula"; });
  document.querySelectorAll(".bp-line").forEach((line) => { line.textContent = line.innerText; });
  document.querySelectorAll("details[open]").forEach((solution) => { solution.open = false; });
}"""

LOOKED_AT_CLOSELY = ("index", "00_welcome", "notation")
"""Pages that are also looked at in the dark, and with the colours of their code."""

RAW_MATHS = """() => {
  const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  const raw = [];
  const KEPT = "pre, code, script, noscript, annotation";
  for (let node = walker.nextNode(); node; node = walker.nextNode())
    if (!node.parentElement.closest(KEPT) && /\\$|\\\\[a-z]{2}/.test(node.data))
      raw.push(node.data);
  return raw;
}"""

STEP = """(place) => {
  const before = place.innerHTML;
  const range = place.querySelector("input[type=range]:not([disabled])");
  const others = "[role=button], [role=option], button:not([aria-disabled=true])";
  const other = [...place.querySelectorAll(others)].at(-1);
  if (range) {
    const [low, high, was] = [Number(range.min), Number(range.max), range.value];
    const slide = (value) => {
      range.value = value;
      range.dispatchEvent(new Event("input", { bubbles: true }));
      return place.innerHTML !== before;
    };
    const moved = slide(was > (low + high) / 2 ? low : high);
    slide(was);
    return moved ? "moved" : "did not move";
  }
  if (!other) return place.querySelector(".bp-live") ? "no controls" : "no controls at all";
  other.focus();
  other.dispatchEvent(new MouseEvent("click", { bubbles: true }));
  return place.innerHTML === before ? "did not move" : "moved";
}"""

COVERED = """() => {
  const box = (element) => element.getBoundingClientRect();
  const hit = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2
    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4;
  const found = [];
  for (const graph of document.querySelectorAll(".bp-graph")) {
    const said = (place) => [...graph.querySelectorAll(place)].filter((e) => e.textContent);
    const labels = said(".bp-edge-label");
    const others = [...labels, ...said(".bp-node text"), ...graph.querySelectorAll(".bp-badge")];
    labels.forEach((label, at) => others.slice(at + 1).forEach((other) => {
      if (label !== other && !others.slice(0, at).includes(other) && hit(box(label), box(other)))
        found.push(`${label.textContent} and ${other.textContent}`);
    }));
    // The line under a label is covered, so that no dash looks like a part of the number.
    [...graph.querySelectorAll(".bp-ground")].forEach((ground, at) => {
      const label = graph.querySelectorAll(".bp-edge-label")[at];
      if (label.textContent && box(ground).width < box(label).width - 1)
        found.push(`line under ${label.textContent}`);
    });
  }
  return found;
}"""
"""Numbers of a graph that lie on each other, or on a line."""

BEGINS_WITH_A_COMMA = """() => {
  const found = [];
  for (const formula of document.querySelectorAll("span.math:not(.short)")) {
    const text = formula.nextSibling;
    if (text?.nodeType !== 3 || !/^\u2060?[.,;:!?)’]/.test(text.data)) continue;
    const range = document.createRange();
    range.setStart(text, text.data[0] === "\u2060" ? 1 : 0);
    range.setEnd(text, text.data[0] === "\u2060" ? 2 : 1);
    const bases = formula.querySelectorAll(".katex-html > .base");
    const end = bases[bases.length - 1].getBoundingClientRect();
    if (Math.abs(range.getBoundingClientRect().left - end.right) > 4)
      found.push(text.data.slice(0, 20));
  }
  return found;
}"""

MISSED_HEIGHT = """([side, most]) => [...document.querySelectorAll(".bp-figure")]
  .map((place) => [place.querySelector(".bp-title").textContent,
    place.querySelector(".bp-frame").offsetHeight - parseInt(place.style.getPropertyValue(side))])
  .filter(([, miss]) => Math.abs(miss) > most)"""

SIDEWAYS = """() => document.documentElement.scrollWidth - document.documentElement.clientWidth"""


@pytest.fixture(scope="module", params=PAGES)
def name(request):
    """The name of each page in turn; the tests of one page share one visit."""
    return request.param


@pytest.fixture(scope="module")
def page(name, site, visit):
    view = visit(f"{site}/{name}.html", reduced_motion="reduce")
    yield view
    view.close()


def test_a_page_loads_without_errors_and_without_outside_requests(page, name):
    assert page.errors == []
    assert page.title().endswith("Backprop, step by step")
    assert page.locator("h1:visible").count() == 1


def test_all_maths_is_set(page, name):
    assert page.evaluate(RAW_MATHS) == []
    assert page.locator(".katex-error").count() == 0
    if name in CHAPTER_PAGES and name not in ("00_welcome", "00_primer"):
        assert page.locator(".katex").count() > 10


def test_the_page_does_not_jump_when_its_figures_arrive(page, name):
    try:
        for width, side, most in ((1300, "--wide", 30), (390, "--narrow", 45)):
            page.set_viewport_size({"width": width, "height": 844})
            page.wait_for_timeout(150)  # figures arrange themselves anew
            assert page.evaluate(MISSED_HEIGHT, [side, most]) == []
    finally:
        page.set_viewport_size({"width": 1200, "height": 900})


def test_every_figure_is_mounted_and_moves(page, name):
    figures = page.locator(".bp-figure").all()
    if name == "index" or name in CHAPTER_PAGES:
        assert figures or name in ("00_primer", "08_against_pytorch")
    for figure in figures:
        assert figure.get_attribute("data-mounted") == ""
        assert figure.locator("svg, canvas").count()
        assert figure.evaluate(STEP) in ("moved", "no controls")
    assert page.errors == []


def test_the_numbers_of_a_graph_stand_free_on_a_desk_and_on_a_phone(page, name):
    try:
        for width in (390, 1200):
            page.set_viewport_size({"width": width, "height": 844})
            page.wait_for_timeout(150)  # figures arrange themselves anew
            assert page.evaluate(COVERED) == [], width
    finally:
        page.set_viewport_size({"width": 1200, "height": 900})


def test_no_line_begins_with_the_comma_after_a_formula(page, name):
    try:
        for width in (390, 700, 1200):
            page.set_viewport_size({"width": width, "height": 844})
            assert page.evaluate(BEGINS_WITH_A_COMMA) == [], width
    finally:
        page.set_viewport_size({"width": 1200, "height": 900})


def test_solutions_are_folded_and_open(page, name):
    solutions = page.locator(".tag_bp-solution details")
    if name in CHAPTER_PAGES:
        assert solutions.count() == len(chapter_exercises(CHAPTER_PAGES[name]))
    for solution in solutions.all():
        assert not solution.locator("pre").is_visible()
        solution.locator("summary").click()
        assert solution.locator("pre").is_visible()
        assert "SOLUTION" not in solution.locator("pre").inner_text()


def test_a_phone_does_not_scroll_sideways(page, name):
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(150)  # figures arrange themselves anew
    try:
        assert page.evaluate(SIDEWAYS) <= 0
    finally:
        page.set_viewport_size({"width": 1200, "height": 900})


def test_no_serious_accessibility_fault_is_found(page, name, root):
    """The last test of a page: to be fast it takes formulas and colours of code away."""
    closely = name in LOOKED_AT_CLOSELY
    if not closely:
        page.evaluate(SLIM)
    page.add_script_tag(path=root / "book" / "node_modules" / "axe-core" / "axe.min.js")
    options = {"resultTypes": ["violations"], "selectors": False}
    found = []
    for theme in ("light", "dark") if closely else ("light",):
        page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", theme)
        result = page.evaluate("(options) => axe.run(document, options)", options)
        found += [
            (theme, violation["id"], [node["html"][:200] for node in violation["nodes"]][:3])
            for violation in result["violations"]
            if violation["impact"] in ("serious", "critical")
        ]
    assert found == []
