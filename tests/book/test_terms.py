"""The glossary's words on the pages."""

from __future__ import annotations

import json
import re

from exercises_lib.course.terms import script, terms

SMALL = """# Glossary

```{glossary}
:sorted:

Chain rule
  What a node *passes on*: $a b$, see `x`. [chapter 1](01.ipynb), [chapter 2](02.ipynb)

ReLU
  A [known](x.md) gate. [chapter 3](03.ipynb)
```
"""


def test_a_word_comes_with_its_meaning_and_without_its_sources():
    assert terms(SMALL) == {
        "Chain rule": "What a node *passes on*: $a b$, see `x`.",
        "ReLU": "A [known](x.md) gate.",
    }


def test_the_script_gives_where_a_word_stands_and_what_it_means():
    written = script(SMALL, lambda text: f"<{text}>")
    found = json.loads(written.removeprefix("globalThis.bpTerms = ").removesuffix(";\n"))
    assert found == {
        "chain rule": {"at": "term-Chain-rule", "is": "<What a node passes on: $a b$, see `x`.>"},
        "relu": {"at": "term-ReLU", "is": "<A known gate.>"},
    }


def test_every_word_has_its_place_on_the_built_page(root, html):
    page = (html / "glossary.html").read_text(encoding="utf-8")
    written = (html / "_static" / "terms.js").read_text(encoding="utf-8")
    found = json.loads(written.removeprefix("globalThis.bpTerms = ").removesuffix(";\n"))
    assert len(found) > 40
    assert [entry["at"] for entry in found.values() if f'id="{entry["at"]}"' not in page] == []
    assert not any(re.search(r"\]\(|\$", entry["is"]) for entry in found.values())


def test_a_word_in_the_text_shows_its_meaning_and_leads_to_the_glossary(browser, serve, html):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{serve(html)}/04_affine.html")
    page.wait_for_selector("a.bp-term")
    word = page.locator("a.bp-term").first
    word.focus()
    tip = page.locator("#bp-tip")
    assert tip.is_visible()
    assert len(tip.inner_text()) > 15
    page.keyboard.press("Escape")
    assert not tip.is_visible()
    named = page.locator("a.bp-term").all_text_contents()
    assert len(named) == len({name.lower() for name in named})
    word.click()
    assert "glossary.html#term-" in page.url
    page.close()


def test_a_symbol_in_the_text_lights_up_its_node(browser, serve, html):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{serve(html)}/01_computation_graphs.html")
    page.wait_for_selector("html[data-figures]")
    symbol = page.locator(".bp-tied").first
    symbol.hover()
    assert page.locator(".bp-lit").count() >= 1
    page.mouse.move(0, 0)
    assert page.locator(".bp-lit").count() == 0
    reached = page.locator(".bp-tied[tabindex]")
    names = [label.get_attribute("aria-label") for label in reached.all()]
    assert names and all(name.endswith(": show it in the figure") for name in names)
    reached.first.focus()
    assert page.locator(".bp-lit").count() >= 1
    page.keyboard.press("Tab")
    page.evaluate("document.activeElement.blur()")
    assert page.locator(".bp-lit").count() == 0
    page.close()
