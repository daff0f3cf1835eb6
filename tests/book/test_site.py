"""The book as a whole: front page, search, opened as a file, without JavaScript, with buttons."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

import pytest


def test_the_front_page_begins_with_a_figure_that_plays(site, visit):
    page = visit(f"{site}/index.html")
    figure = page.locator(".bp-figure").first
    assert figure.bounding_box()["y"] < 500
    assert "220" in page.locator(".bp-lead").first.inner_text()
    figure.get_by_role("button", name="First step").click()
    figure.get_by_role("button", name="Play").click()
    page.wait_for_function("document.querySelector('.bp-count').textContent.startsWith('2')")
    assert page.errors == []
    page.close()


def test_what_is_searched_is_found_without_a_network(site, visit):
    page = visit(f"{site}/search.html?q=overflow")
    page.locator("#search-results li a", has_text="Softmax with loss").first.wait_for()
    assert page.errors == []
    page.close()


@pytest.mark.parametrize("name", ["index", "01_computation_graphs"])
def test_a_page_works_when_it_is_opened_as_a_file(html, browser, name):
    page = browser.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.goto((html / f"{name}.html").as_uri())
    page.wait_for_function("document.documentElement.dataset.figures === 'ready'")
    assert page.locator(".bp-figure svg").count()
    assert page.locator(".bp-figure:not([data-mounted])").count() == 0
    assert errors == []
    page.close()


def test_a_search_shows_formulas_once_and_as_text(site, visit):
    page = visit(f"{site}/search.html?q=upstream")
    first = page.locator("#search-results li p.context").first
    first.wait_for()
    assert "tells each parent x" in first.inner_text()
    for context in page.locator("#search-results li p.context").all_inner_texts():
        assert "\\" not in context
    page.close()


def test_figures_and_the_theme_leave_each_others_names_alone(site, visit):
    page = visit(f"{site}/02_chain_rule.html")
    size = page.locator(".bp-step-size")
    edges = size.locator("dt, dd").evaluate_all(
        "(all) => all.map((e) => e.getBoundingClientRect().x)"
    )
    assert len(set(map(round, edges))) == 1  # the theme indents a dd
    page.goto(f"{site}/03_layers.html")
    selves = page.locator(".highlight span.bp", has_text="self")
    assert selves.count() > 10
    assert selves.first.evaluate("(e) => getComputedStyle(e).borderTopWidth") == "0px"
    page.close()


@pytest.mark.parametrize("step", ["First step", "Last step"])
def test_a_graph_has_no_accessibility_fault_where_it_begins_and_ends(step, site, visit, root):
    page = visit(f"{site}/01_computation_graphs.html", reduced_motion="reduce")
    page.add_script_tag(path=root / "book" / "node_modules" / "axe-core" / "axe.min.js")
    for graph in page.locator(".bp-graph").all():
        graph.get_by_role("button", name="First step").click()
        if step != "First step":
            graph.get_by_role("button", name=step).click()
    for theme in ("light", "dark"):
        page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", theme)
        result = page.evaluate("axe.run('.bp-graph', { resultTypes: ['violations'] })")
        found = [
            (fault["id"], [node["html"][:200] for node in fault["nodes"]][:3])
            for fault in result["violations"]
        ]
        assert found == [], theme
    page.close()


def test_without_javascript_pictures_stand_in_for_the_figures(site, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site}/01_computation_graphs.html")
    pictures = page.locator(".bp-figure img").all()
    assert len(pictures) == page.locator(".bp-figure").count() > 5
    for picture in pictures:
        assert picture.get_attribute("alt")
        picture.scroll_into_view_if_needed()
        assert picture.bounding_box()["width"] > 200
    forms = page.locator("form.bpq")
    assert forms.first.locator("noscript").is_visible()
    assert not forms.first.get_by_role("button", name="Check").is_visible()
    context.close()


def test_a_figure_that_cannot_be_loaded_leaves_its_picture(html, serve, browser, tmp_path):
    copy = tmp_path / "html"
    shutil.copytree(html, copy, ignore=lambda folder, names: [n for n in names if n == "notebooks"])
    for script in (copy / "_static" / "figures").glob("*.js"):
        script.unlink()
    page = browser.new_page()
    page.goto(f"{serve(copy)}/index.html")
    page.wait_for_function("document.documentElement.dataset.figures === 'ready'")
    assert page.locator(".bp-figure img").first.get_attribute("alt").startswith("Two apples")
    page.close()


@pytest.fixture(scope="module")
def small(built, root, tmp_path_factory):
    """A book of two pages, with a repository's address and a slip; and Sphinx's complaints."""
    home = tmp_path_factory.mktemp("small")
    src, out = home / "source", home / "html"
    shutil.copytree(built / "source" / "_static", src / "_static")
    shutil.copy2(built / "source" / "conf.py", src)
    welcome = (built / "source" / "00_welcome.ipynb").read_text(encoding="utf-8")
    welcome = re.sub(r"\b\d\d_\w+\.ipynb", "index.md", welcome)
    (src / "00_welcome.ipynb").write_text(welcome, encoding="utf-8")
    front = "# Front\n\nA slip: $\\frac{1}{$.\n\n```{toctree}\n00_welcome\n```\n"
    (src / "index.md").write_text(front, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "-q", str(src), str(out)],
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "BACKPROP_REPOSITORY": "https://github.com/example/backprop-course",
            "BACKPROP_KATEX": str(root / "book/node_modules/katex/dist/katex.min.js"),
        },
    )
    return out, done


def test_with_a_repository_there_are_buttons_and_still_no_request(small, serve, visit):
    page = visit(f"{serve(small[0])}/00_welcome.html")
    links = page.locator("a").evaluate_all("(all) => all.map((a) => a.href)")
    place, notebook = "example/backprop-course", "main/chapters/00_welcome.ipynb"
    assert f"https://colab.research.google.com/github/{place}/blob/{notebook}" in links
    assert any(link.startswith(f"https://mybinder.org/v2/gh/{place}/main?") for link in links)
    assert page.errors == []
    page.close()


def test_a_formula_that_cannot_be_read_fails_the_build_and_is_named(small):
    done = small[1]
    assert done.returncode != 0
    (complaint,) = [line for line in done.stderr.splitlines() if "WARNING" in line]
    assert "index.md" in complaint
    assert "\\\\frac{1}{" in complaint
