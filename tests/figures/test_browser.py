"""Every figure in a browser: it moves, speaks, listens to the keyboard and fits a phone."""

from __future__ import annotations

import pytest

from exercises_lib import figures
from exercises_lib.figures.number import number
from exercises_lib.nn import Value

LARGEST_JUMP = 20
"""How far, in pixels, a figure may miss the height that is kept for it, in the book's font."""


@pytest.fixture(scope="module")
def names(all_figures):
    return list(all_figures)


@pytest.fixture(scope="module")
def desk(mount, all_figures):
    """All figures on one wide page; the tests below do not depend on each other's state."""
    view = mount(list(all_figures.values()))
    yield view
    view.close()


@pytest.fixture(scope="module")
def phone(mount, all_figures):
    """The same on a phone, in the dark."""
    view = mount(list(all_figures.values()), width=390, dark=True)
    yield view
    view.close()


class Part:
    """One figure on a page."""

    def __init__(self, view, names, name):
        self.root = view.locator(f"#figure-{names.index(name)} .bp-frame")
        self.keyboard = view.keyboard

    @property
    def status(self):
        return self.root.locator(".bp-status").inner_text()

    def press(self, name):
        self.root.get_by_role("button", name=name, exact=True).click()

    def slide(self, label, value):
        self.root.get_by_label(label, exact=True).fill(str(value))


@pytest.fixture
def part(desk, names):
    return lambda name: Part(desk, names, name)


def test_nothing_complains_and_nothing_is_asked_for_outside(desk, phone):
    assert desk.errors == []
    assert phone.errors == []


def test_every_figure_has_a_name_a_live_status_and_something_to_see(desk, names):
    for at, name in enumerate(names):
        root = desk.locator(f"#figure-{at} .bp-frame")
        assert root.get_attribute("aria-labelledby"), name
        assert root.locator(".bp-status").get_attribute("aria-live") == "polite", name
        assert root.locator(".bp-status").inner_text(), name
        assert root.locator("svg, canvas").count() > 0, name


def test_no_id_occurs_twice_on_a_page(desk):
    ids = desk.evaluate("[...document.querySelectorAll('[id]')].map((e) => e.id)")
    assert len(ids) == len(set(ids))


def test_a_phone_needs_no_sideways_scrolling(phone):
    wide = phone.evaluate(
        """[...document.querySelectorAll("*")].filter((e) => !e.closest("defs, clipPath, marker")
        && e.getBoundingClientRect().right > innerWidth + 1 && !e.closest("[clip-path]"))
        .map((e) => `${e.tagName} ${e.className.baseVal ?? e.className}`)"""
    )
    assert wide == []
    assert phone.evaluate("document.documentElement.scrollWidth") == 390


def test_whatever_can_be_touched_is_large_enough_for_a_finger(phone):
    small = phone.evaluate(
        """[["button, select, [type=range]", 44, 44], ["[type=text], [role=button]", 32, 60],
            ["[role=option]", 32, 32]].flatMap(([kind, high, wide]) =>
        [...document.querySelectorAll(`.bp-frame :is(${kind})`)].filter((e) => {
          const { width, height } = e.getBoundingClientRect();
          return e.checkVisibility() && !e.closest(".bp-station")
            && (height < high - 0.1 || width < wide - 0.1);
        }).map((e) => `${e.tagName} ${e.className.baseVal ?? e.className}`))"""
    )
    assert small == []


def test_every_text_is_large_enough_to_read(desk, phone):
    for view in (desk, phone):
        smallest = view.evaluate(
            """Math.min(...[...document.querySelectorAll(".bp-frame *")]
            .filter((e) => e.children.length === 0 && e.textContent.trim())
            .map((e) => { const s = e.closest("svg");
            const scale = s ? s.getBoundingClientRect().width / s.viewBox.baseVal.width || 1 : 1;
            return parseFloat(getComputedStyle(e).fontSize) * scale; }))"""
        )
        assert smallest >= 11


def test_the_kept_height_is_the_height(mount, all_figures, book_font):
    for width, which in ((720, 0), (390, 1)):
        view = mount(list(all_figures.values()), width=width, styles=book_font)
        view.evaluate("document.fonts.ready")
        # A figure fits itself to its letters when they have arrived.
        view.set_viewport_size({"width": width + 1, "height": 900})
        view.set_viewport_size({"width": width, "height": 900})
        view.wait_for_timeout(200)
        heights = view.evaluate(
            "[...document.querySelectorAll('.bp-frame')].map((e) => e.offsetHeight)"
        )
        kept = [widget.spec["height"][which] for widget in all_figures.values()]
        misses = {
            name: height - room
            for name, height, room in zip(all_figures, heights, kept, strict=True)
            if abs(height - room) > LARGEST_JUMP
        }
        assert misses == {}
        view.close()


def test_colours_differ_between_light_and_dark(desk, phone):
    colour = "getComputedStyle(document.querySelector('.bp-name')).fill"
    assert desk.evaluate(colour) != phone.evaluate(colour)


def test_the_player_steps_by_button_key_and_scrubber(part):
    graph = part("graph")
    graph.press("First step")
    assert graph.status.startswith("Nothing is computed yet.")
    assert graph.root.locator(".bp-value").all_text_contents() == [""] * 5
    graph.press("Next step")
    assert graph.status == "The inputs are given: price = 100, count = 2, tax = 1.1."
    graph.root.focus()
    graph.keyboard.press("ArrowRight")
    assert graph.status == "Forward: apples = price × count = 100 × 2 = 200."
    graph.slide("Step", 4)
    assert graph.status == "Backward begins at the end: ∂total/∂total = 1."
    graph.root.focus()
    graph.keyboard.press("End")
    grads = graph.root.locator(".bp-gradient").all_text_contents()
    assert grads == ["∂ 2.2", "∂ 110", "∂ 1.1", "∂ 200", "∂ 1"]
    graph.keyboard.press("Home")
    assert graph.root.locator(".bp-count").inner_text() == "0 / 7"


def test_the_player_plays_and_pauses(part, desk):
    graph = part("graph")
    graph.slide("Step", 0)
    graph.root.focus()
    graph.keyboard.press(" ")
    assert graph.root.locator(".bp-count").inner_text() == "1 / 7"
    desk.wait_for_function("document.querySelector('.bp-count').textContent === '2 / 7'")
    graph.press("Pause")
    count = graph.root.locator(".bp-count").inner_text()
    desk.wait_for_timeout(1500)
    assert graph.root.locator(".bp-count").inner_text() == count


def test_a_node_tells_its_local_derivative_times_what_arrives(part):
    graph = part("graph")
    graph.press("Last step")
    graph.root.get_by_role("button", name="count ∂ 110").locator(".bp-name").click()
    assert graph.status == "count = 2, given. Gradient: local 100 × upstream 1.1 = 110."
    graph.keyboard.press("ArrowDown")
    assert graph.status.startswith("apples = price × count")
    graph.keyboard.press("Escape")
    assert graph.status.startswith("One sweep back has found")


def test_gradients_that_meet_at_a_fork_are_added_in_sight(mount):
    x = Value(3.0, "x")
    view = mount([figures.graph_player((x * x).named("y"), title="A square")])
    root = view.locator(".bp-frame")
    view.locator("input[type=range]").fill("4")
    assert root.locator(".bp-sum + text").text_content() == "∂ 3 + 3 = 6"
    assert root.locator(".bp-plus.bp-shown").count() == 1
    view.close()


def test_tokens_move_along_the_edges_unless_the_reader_asked_for_calm(mount, apples):
    view = mount([figures.graph_player(apples(), title="Calm")])
    for calm, expected in (("reduce", 0), ("no-preference", 2)):
        view.emulate_media(reduced_motion=calm)
        view.locator("input[type=range]").fill("1")
        view.get_by_role("button", name="Next step").click()
        assert view.locator(".bp-token").count() == expected
    view.close()


def test_without_the_way_back_the_player_shows_no_gradient(mount, apples):
    view = mount([figures.graph_player(apples(), title="Forward", backward=False)])
    assert view.locator(".bp-gradient").all_text_contents() == [""] * 5
    view.get_by_role("button", name="count", exact=True).locator(".bp-name").click()
    assert view.locator(".bp-status").inner_text() == "count = 2, given."
    view.close()


def test_one_input_is_predicted_exactly_and_two_together_are_not(part):
    price = part("price")
    price.press("price")
    price.slide("Change", 20)
    assert "exact" in price.status
    assert "= 44" in price.root.locator(".bp-side").inner_text()
    price.press("price and count")
    # (1.2² − 1) · 220 = 96.8, predicted 88.
    assert "misses by 8.8" in price.status


def test_the_step_size_tells_which_error_rules(part):
    step = part("step")
    step.slide("Step size h", 0)
    assert step.status.startswith("The curve bends")
    step.slide("Step size h", 56)
    assert step.status.startswith("Rounding rules")
    step.slide("Step size h", 16)
    assert step.root.locator(".bp-right").all_inner_texts() == ["2.7182", "2.718281828"]


def test_relu_lets_a_gradient_pass_or_not(part):
    activation = part("activation")
    activation.press("ReLU")
    activation.slide("x", 2)
    activation.slide("dout", -1.5)
    assert activation.status.endswith("dout × f′(x) = −1.5 × 1 = −1.5. It passes unchanged.")
    activation.slide("x", -2)
    assert activation.status.endswith("= −1.5 × 0 = 0. Nothing gets through.")
    activation.press("tanh")
    activation.slide("x", 0.5)
    assert "tanh(0.5) = 0.4621" in activation.status


def test_the_puzzle_is_solved_by_transposing_and_swapping(part):
    shapes = part("shapes")
    shapes.press("dW of x · W")
    assert shapes.status.startswith("The inner sizes 2 and 5 differ")
    shapes.press("Transpose dout")
    assert shapes.status == "The product exists, with shape (2, 3), but dW has shape (3, 2)."
    shapes.press("Transpose dout")
    shapes.press("Transpose x")
    shapes.press("Swap the factors")
    assert shapes.status.startswith("It fits: dW = xᵀ · dout.")


def test_softmax_does_not_mind_a_shift_unless_it_is_computed_naively(part):
    softmax = part("softmax")
    before = softmax.root.locator("td.bp-is-value").all_inner_texts()
    assert before == ["0.659", "0.242", "0.0986"]
    softmax.slide("Add to every score", 800)
    assert softmax.root.locator("td.bp-is-value").all_inner_texts() == before
    softmax.press("no")
    assert softmax.status.startswith("A power overflowed")
    softmax.slide("Add to every score", -1000)
    assert softmax.status.startswith("All powers have become 0")
    softmax.press("yes")
    softmax.slide("Add to every score", 0)
    assert softmax.root.locator("td.bp-is-gradient").all_inner_texts()[0] == "−0.341"


def test_the_learning_rate_creeps_arrives_or_explodes(part):
    rate = part("rate")
    for value, word in (
        (0.04, "too small"),
        (0.5, "same side"),
        (1.6, "zigzag"),
        (2.1, "explodes"),
    ):
        rate.slide("Learning rate", value)
        assert word in rate.status
    rate.slide("Learning rate", 0.5)
    rate.slide("Steps", 3)
    assert "After 3 steps w = 0.375, loss 0.0703" in rate.status


def test_units_are_chosen_by_mouse_and_by_arrow(part):
    weights = part("weights")
    weights.root.get_by_role("option").nth(3).click()
    assert weights.status.startswith("Hidden unit 3:")
    weights.root.get_by_role("listbox").focus()
    weights.keyboard.press("ArrowRight")
    assert weights.status.startswith("Hidden unit 4:")
    assert weights.root.locator("[aria-selected=true]").get_attribute("aria-label") == "unit 4"


def test_regions_tell_the_probability_under_the_pointer(part):
    regions = part("regions")
    regions.root.get_by_label("Features").select_option("curtosis and entropy")
    regions.root.get_by_label("Features").select_option("variance and skewness")
    regions.root.locator(".bp-plot").focus()
    for _ in range(30):
        regions.keyboard.press("ArrowRight")
    assert "the probability of forged is 1.00" in regions.status
    regions.slide("Trained", 0)
    assert regions.status.startswith("early:")


def test_the_race_can_be_stepped_and_runners_hidden(part):
    race = part("race")
    assert race.status.startswith("All start at (−7, 2)")
    race.root.focus()
    race.keyboard.press("End")
    assert race.status.startswith("After 60 steps")
    paths = race.root.locator(".bp-chart path.bp-series")
    before = paths.count()
    race.root.locator(".bp-toggle").first.click()
    assert paths.count() < before
    race.root.locator(".bp-toggle").first.click()


def test_histograms_tell_what_happened_to_the_signal(part):
    histograms = part("histograms")
    histograms.press("tanh")
    histograms.press("N(0, 1)")
    assert histograms.status.endswith("the units are saturated.")
    histograms.press("N(0, 0.01²)")
    assert "The signal fades" in histograms.status
    histograms.press("ReLU")
    histograms.press("N(0, 1)")
    assert "explodes" in histograms.status


def test_the_map_tells_about_a_chapter(part):
    road = part("road")
    road.root.get_by_role("button", name="06 Training").focus()
    assert road.status.startswith("06 · Training")
    road.keyboard.press("ArrowRight")
    assert road.status.startswith("07 · Banknotes")


def test_new_data_from_python_is_drawn(desk, names):
    at = names.index("live")
    status = desk.locator(f"#figure-{at} .bp-status")
    assert status.inner_text() == "The training has not begun yet."
    curve = {"label": "loss", "panel": "loss", "values": [2, 1.5], "last": 1.5}
    desk.evaluate(
        "([at, spec]) => { const { model } = window.figures[at];"
        " model.set('spec', { ...model.get('spec'), ...spec }); }",
        [at, {"epoch": 1, "curves": [curve]}],
    )
    assert status.inner_text() == "Epoch 1 of 4: loss 1.5."


def test_both_languages_write_numbers_alike(mount, apples):
    values = [0.0, 1.0, -0.1966119, 220.00000000000003, 123456.0, 9999.96, 1e-4, 1.5e-7, -3e20]
    widget = figures.graph_player(apples(), title="Numbers")
    view = mount([widget])
    script = f"{widget._esm}\n".replace("export default", "window.unused =") + (
        "window.written = (values) => values.map((value) => number(value));"
    )
    view.add_script_tag(content=script, type="module")
    view.wait_for_function("() => Boolean(window.written)")
    assert view.evaluate("(values) => window.written(values)", values) == [
        number(value) for value in values
    ]
    view.close()


def test_a_closed_figure_leaves_nothing_behind(mount, apples):
    view = mount([figures.graph_player(apples(), title="To be closed")])
    view.get_by_role("button", name="Play").click()
    view.evaluate("window.figures[0].close()")
    assert view.locator(".bp-frame").count() == 0
    assert view.errors == []
    view.close()
