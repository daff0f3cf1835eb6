"""The graph player as its readers use it: opened, changed, locked, followed, answered."""

from __future__ import annotations

import json

import pytest

from exercises_lib import exercises, figures
from exercises_lib.checking import Verdict
from exercises_lib.course.quiz import form
from exercises_lib.nn import Value


def hand_worked():
    """The network of chapter 04: 12 inputs, 27 nodes."""
    v = {name: Value(number, name) for name, number in GIVEN.items()}
    hidden = []
    for m in "01":
        z = v["x0"] * v[f"W1_0{m}"] + v["x1"] * v[f"W1_1{m}"] + v[f"b1_{m}"]
        hidden.append(z.named(f"z{m}").relu().named(f"h{m}"))
    y = (hidden[0] * v["W2_0"] + hidden[1] * v["W2_1"] + v["b2"]).named("y")
    return ((y - v["t"]) ** 2 * 0.5).named("loss")


GIVEN = {"x0": 0.9, "x1": 1.0, "W1_00": 0.2, "W1_10": 0.3, "W1_01": 0.4, "W1_11": 0.5}
GIVEN |= {"b1_0": 0.1, "b1_1": 0.2, "W2_0": 0.5, "W2_1": 0.6, "b2": 0.4, "t": 2.0}


@pytest.fixture(scope="module")
def shop(mount, apples):
    view = mount([figures.graph_player(apples(), title="Two apples")])
    yield view
    assert view.errors == []
    view.close()


@pytest.fixture(scope="module", params=[1280, 390])
def hand(mount, request):
    width = min(request.param, 720)
    view = mount([figures.graph_player(hand_worked(), title="By hand")], width=width)
    view.set_viewport_size({"width": width, "height": 720})
    yield view
    assert view.errors == []
    view.close()


def texts(view, kind):
    return [text for text in view.locator(kind).all_text_contents() if text]


def test_it_opens_where_the_inputs_are_given_and_nothing_is_solved(mount, apples):
    view = mount([figures.graph_player(apples(), title="Two apples")])
    assert view.locator(".bp-count").inner_text() == "1 / 7"
    assert texts(view, ".bp-node .bp-value") == []
    assert texts(view, ".bp-node .bp-gradient") == []
    assert [box.input_value() for box in view.locator(".bp-box").all()] == ["100", "2", "1.1"]
    view.close()


def test_a_new_price_changes_values_gradients_and_sentences_at_once(shop):
    shop.locator(".bp-frame").press("End")
    shop.get_by_label("price", exact=True).fill("150")
    assert texts(shop, ".bp-node .bp-value") == ["300", "330"]
    assert texts(shop, ".bp-node .bp-gradient") == ["∂ 2.2", "∂ 165", "∂ 1.1", "∂ 300", "∂ 1"]
    shop.locator(".bp-title").click()
    shop.keyboard.press("Escape")
    shop.get_by_role("slider", name="Step").focus()
    shop.get_by_role("slider", name="Step").fill("2")
    assert shop.locator(".bp-status").inner_text() == (
        "Forward: apples = price × count = 150 × 2 = 300."
    )
    shop.get_by_role("button", name="The first inputs again").click()
    assert shop.get_by_label("price", exact=True).input_value() == "100"


def test_a_number_can_be_dragged_and_stepped_by_key(shop):
    shop.locator(".bp-frame").press("End")
    box = shop.get_by_label("tax", exact=True)
    place = box.bounding_box()
    shop.mouse.move(place["x"] + 20, place["y"] + 10)
    shop.mouse.down()
    shop.mouse.move(place["x"] + 60, place["y"] + 10, steps=5)
    shop.mouse.up()
    assert box.input_value() == "1.6"
    assert texts(shop, ".bp-node .bp-value") == ["200", "320"]
    box.press("ArrowDown")
    assert box.input_value() == "1.5"
    shop.get_by_role("button", name="The first inputs again").click()


def test_what_cannot_be_read_as_a_number_changes_nothing_and_is_marked(shop):
    shop.locator(".bp-frame").press("End")
    box = shop.get_by_label("count", exact=True)
    box.fill("two")
    assert box.get_attribute("aria-invalid") is not None
    assert texts(shop, ".bp-node .bp-value") == ["200", "220"]
    box.fill("3")
    assert box.get_attribute("aria-invalid") is None
    assert texts(shop, ".bp-node .bp-value") == ["300", "330"]
    box.fill("2")


def test_arrowheads_turn_round_in_the_backward_pass_also_without_motion(shop):
    shop.emulate_media(reduced_motion="reduce")
    heads = """[...document.querySelectorAll(".bp-edge")].map((e) =>
      (e.hasAttribute("marker-start") ? "<" : "") + (e.hasAttribute("marker-end") ? ">" : ""))"""
    step = shop.get_by_role("slider", name="Step")
    step.fill("3")
    assert shop.evaluate(heads) == [">"] * 4
    step.fill("5")
    assert sorted(shop.evaluate(heads)) == ["<", "<", ">", ">"]
    step.fill("7")
    assert shop.evaluate(heads) == ["<"] * 4
    shop.emulate_media(reduced_motion="no-preference")


def test_a_tall_graph_fits_the_screen_with_its_controls_and_follows_what_moves(hand):
    frame = hand.locator(".bp-frame").bounding_box()
    assert frame["height"] < 760
    hand.emulate_media(reduced_motion="reduce")
    count = int(hand.locator(".bp-count").inner_text().split(" / ")[1])
    hidden = []
    for step in range(1, count):
        hand.get_by_role("slider", name="Step").fill(str(step))
        hidden += hand.evaluate(
            """() => {
          const window_ = document.querySelector(".bp-stage").getBoundingClientRect();
          return [...document.querySelectorAll(".bp-now-backward .bp-card")].filter((card) => {
            const { top, bottom } = card.getBoundingClientRect();
            return bottom < window_.top + 20 || top > window_.bottom - 20;
          }).length;
        }"""
        ) * [step]
    assert hidden == []
    hand.emulate_media(reduced_motion="no-preference")


def test_the_whole_graph_can_be_seen_at_once(hand):
    whole = hand.get_by_role("button", name="The whole graph")
    whole.click()
    stage = hand.locator(".bp-stage")
    assert stage.evaluate("(e) => e.scrollHeight <= e.clientHeight + 1")
    assert stage.evaluate("(e) => e.scrollWidth <= e.clientWidth + 1")
    whole.click()


def test_no_label_of_an_edge_covers_another_or_a_card(hand):
    hand.locator(".bp-frame").press("End")
    piled = hand.evaluate(
        """() => {
      const boxes = (kind) => [...document.querySelectorAll(kind)]
        .filter((e) => e.textContent || e.tagName === "rect").map((e) => e.getBoundingClientRect());
      const labels = boxes(".bp-edge-label");
      const over = (a, b) => Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left))
        * Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));
      let count = 0;
      labels.forEach((label, at) => {
        if (labels.slice(at + 1).some((other) => over(label, other) > 30)) count += 1;
        if (boxes(".bp-card").some((card) => over(label, card) > 60)) count += 1;
      });
      return count;
    }"""
    )
    assert piled == 0


def test_gradients_that_an_exercise_asks_for_are_shown_when_asked(mount, apples):
    view = mount([figures.graph_player(apples(), title="Locked", exercise="ch01.apple_gradients")])
    view.get_by_role("button", name="Last step").click()
    assert view.locator(".bp-count").inner_text() == "3 / 3"
    assert view.locator(".bp-status").inner_text().endswith("when your exercise has passed.")
    view.get_by_role("button", name="count", exact=True).locator(".bp-name").click()
    assert view.locator(".bp-status").inner_text().endswith("Its gradient is yours to find.")
    view.get_by_role("button", name="Show the gradients").click()
    view.get_by_role("button", name="Last step").click()
    assert len(texts(view, ".bp-node .bp-gradient")) == 5
    view.close()


def test_a_verdict_that_says_passed_opens_them_too(mount, apples):
    view = mount([figures.graph_player(apples(), title="Open", exercise="ch01.apple_gradients")])
    view.evaluate(
        "(verdict) => document.body.insertAdjacentHTML('beforeend', verdict)",
        Verdict("ch01.apple_gradients", "", "passed", "", None, (), 3, 3)._repr_html_(),
    )
    view.get_by_role("button", name="Last step").click()
    assert view.locator(".bp-count").inner_text().endswith("/ 7")
    assert view.get_by_role("button", name="Show the gradients").count() == 0
    view.close()


FORGETFUL = """globalThis.bpMemory = { state: { forms: {} }, update() {}, verdict() {},
  exercise: () => ({ hints: 0, passed: false }) };"""
"""What book/_static/memory.js offers, for a page that remembers nothing."""


@pytest.fixture
def asked(mount, apples, root):
    """A page with the form of an exercise, as the book makes it, and its graph."""

    def page(output, exercise_id, width=720):
        view = mount([], width=width)
        widget = figures.graph_player(output, title="Yours", exercise=exercise_id)
        view.set_content(
            "<!doctype html><html lang='en'><title>Form</title><main>"
            f"{form(exercises.get(exercise_id))}<div id='here'></div></main></html>"
        )
        view.add_style_tag(path=root / "book" / "_static" / "book.css")
        view.add_style_tag(content=str(widget._css))
        view.add_script_tag(content=FORGETFUL)
        view.add_script_tag(path=root / "book" / "_static" / "quiz.js")
        view.add_script_tag(
            content=str(widget._esm).replace("export default", "const figure =")
            + f"\nconst spec = {json.dumps(widget.spec)};"
            "figure.render({ model: { get: () => spec, on() {}, off() {} },"
            " el: document.getElementById('here') }); window.ready = true;",
            type="module",
        )
        view.wait_for_function("window.ready")
        return view

    return page


def test_an_exercise_is_answered_in_the_graph_and_judged_as_in_its_form(asked, apples):
    view = asked(apples(), "ch01.apple_gradients")
    assert view.locator("form.bpq .bp-frame").count() == 1
    assert view.locator(".bpq-row:not(.bp-blank)").count() == 0
    blanks = view.locator(".bp-box-grad")
    assert blanks.count() == 3
    for blank, answer in zip(blanks.all(), ("2", "110", "200"), strict=True):
        blank.fill(answer)
    view.get_by_role("button", name="Check").click()
    verdict = view.locator(".bpq-verdict")
    assert "2 is not right" in verdict.inner_text()
    assert "2 of 3 are right" in verdict.inner_text()
    wrong = view.locator(".bp-box-grad[aria-invalid]")
    assert wrong.count() == 1
    assert view.locator(".bp-count").inner_text() == "1 / 3"
    wrong.fill("2.2")
    wrong.press("Enter")
    assert verdict.get_attribute("data-status") == "passed"
    view.wait_for_function("document.querySelector('.bp-count').textContent.endsWith('/ 7')")
    assert view.errors == []
    view.close()


def test_every_blank_of_the_hand_worked_network_stands_at_its_node(asked):
    view = asked(hand_worked(), "ch04.hand_gradients", width=390)
    names = [item.name for item in exercises.get("ch04.hand_gradients").fields]
    placed = view.locator(".bp-over [data-field]")
    assert sorted(placed.evaluate_all("(all) => all.map((e) => e.dataset.field)")) == sorted(names)
    assert view.locator(".bp-box-grad").count() == len(names)
    view.close()


def test_a_graph_whose_numbers_are_asked_for_shows_its_inputs_and_no_more(mount, apples):
    from exercises_lib.figures.graph import draw_graph

    player = figures.graph_player(
        apples(), title="Yours", backward=False, exercise="ch01.apple_total", asks="values"
    )
    view = mount([player])
    assert "220" not in view.locator(".bp-frame").inner_text()
    assert view.locator(".bp-count").inner_text() == "1 / 1"
    assert "The numbers are yours" in view.locator(".bp-status").inner_text()
    view.get_by_role("button", name="Show the numbers").click()
    view.get_by_role("button", name="Last step").click()
    assert "220" in view.locator(".bp-frame").inner_text()
    assert view.errors == []
    view.close()
    still = draw_graph(player.spec, "Yours").axes[0]
    written = [text.get_text() for text in still.texts]
    assert "100" in written and "220" not in written and "200" not in written
