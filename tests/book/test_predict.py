"""Cells in which the reader predicts first: what they print is hidden until then."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PAGE = """
<div class="cell tag_predict"><div class="cell_input">code</div>
<div class="cell_output"><pre>forty-two</pre></div></div>
<div class="cell"><div class="cell_output"><pre>seen at once</pre></div></div>
"""


@pytest.fixture
def page(browser: Any, root: Path) -> Iterator[Any]:
    view = browser.new_page()
    view.set_content(PAGE)
    view.add_script_tag(path=root / "book" / "_static" / "predict.js")
    yield view
    view.close()


def test_an_output_is_hidden_until_something_has_been_predicted(page: Any) -> None:
    output = page.get_by_text("forty-two")
    assert not output.is_visible()
    assert page.get_by_text("seen at once").is_visible()
    button = page.get_by_role("button", name="Show the output")
    button.click()
    assert not output.is_visible(), "nothing has been predicted yet"
    page.get_by_label("Your prediction").fill("41")
    button.click()
    assert output.is_visible()
    assert page.get_by_text("You predicted: 41").is_visible()


def test_chapters_ask_for_predictions_where_an_output_waits(root: Path) -> None:
    for name, least in (("02_chain_rule", 4), ("03_layers", 1), ("05_softmax_with_loss", 1)):
        cells = json.loads((root / "solutions" / f"{name}.ipynb").read_text())["cells"]
        tagged = [
            i for i, cell in enumerate(cells) if "predict" in cell["metadata"].get("tags", [])
        ]
        assert len(tagged) >= least
        for place in tagged:
            assert cells[place]["outputs"], cells[place]["id"]
            before = "".join("".join(cell["source"]) for cell in cells[max(0, place - 3) : place])
            assert "**Predict before you run" in before, cells[place]["id"]
