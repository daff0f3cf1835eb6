"""What the graph player says about a recorded computation."""

from __future__ import annotations

import pytest

from exercises_lib.figures.graph import graph_spec
from exercises_lib.figures.widget import script
from exercises_lib.nn import Value, maximum


@pytest.fixture(scope="module")
def run(browser):
    """Run JavaScript that computes a graph and tells its story."""
    page = browser.new_page()
    page.set_content("<!doctype html><title>Graphs</title>")
    for name, exported in (("graph_story", "storyOf"), ("graph_values", "compute")):
        page.add_script_tag(
            content=f"{script(name)}\nwindow.{exported} = {exported};", type="module"
        )
    page.wait_for_function("() => Boolean(window.storyOf && window.compute)")
    yield page.evaluate
    page.close()


@pytest.fixture(scope="module")
def story(run):
    """What the page tells of a recorded computation: its steps, and of every node by label."""

    def told(output, *, backward=True):
        spec = graph_spec(output, backward=backward)
        found = run("(spec) => storyOf(spec)", spec)
        labels = [node["label"] for node in spec["nodes"]]
        return found["steps"], dict(zip(labels, found["told"], strict=True))

    return told


def by_label(spec):
    return {node["label"]: node for node in spec["nodes"] if node["label"]}


def test_apples_cost_220_and_the_gradients_are_those_of_the_chapter(apples):
    nodes = by_label(graph_spec(apples()))
    assert nodes["total"]["value"] == pytest.approx(220)
    grads = {label: node["grad"] for label, node in nodes.items()}
    assert grads == pytest.approx(
        {"price": 2.2, "count": 110, "tax": 200, "apples": 1.1, "total": 1}
    )


def test_the_steps_go_forward_then_backward_then_say_what_was_found(apples, story):
    steps, _ = story(apples())
    phases = [step["phase"] for step in steps]
    assert phases == ["forward"] * 3 + ["backward"] * 3 + ["done"]
    assert steps[1]["text"] == "Forward: apples = price × count = 100 × 2 = 200."
    assert steps[4]["text"] == (
        "Backward through total: apples gets 1.1 × 1 = 1.1; tax gets 200 × 1 = 200."
    )
    assert steps[-1]["text"].endswith("price 2.2, count 110, tax 200.")


def test_gradients_add_at_a_fork_and_the_text_shows_the_sum(story):
    x = Value(3.0, "x")
    inner = (x * 2.0).named("u")
    output = (inner * inner + inner).named("f")
    spec = graph_spec(output)
    assert by_label(spec)["u"]["grad"] == pytest.approx(13)
    assert by_label(spec)["x"]["grad"] == pytest.approx(26)
    _, told = story(output)
    assert told["u"]["backward"][-1] == "3 ways lead back to it, so add: 1 + 6 + 6 = 13"


def test_the_player_agrees_with_the_engine_on_every_node():
    x, y = Value(3.0, "x"), Value(-4.0, "y")
    f = ((x + y.sigmoid()) / (x.sigmoid() + (x + y) ** 2)).named("f")
    spec = graph_spec(f)
    f.backward()
    nodes = by_label(spec)
    assert (nodes["x"]["grad"], nodes["y"]["grad"]) == pytest.approx((x.grad, y.grad))
    assert nodes["x"]["grad"] == pytest.approx(2.059569795572)


def test_a_sentence_says_a_number_once(story):
    z = Value(1.0, "z")
    steps, _ = story((-z).named("n"))
    assert steps[1]["text"] == "Forward: n = −z = −1."


def test_the_graph_itself_stays_as_it_was(apples):
    total = apples()
    total.grad = 7.0
    graph_spec(total)
    assert total.grad == 7.0
    assert total.parents[0].grad == 0.0


def test_an_unlabelled_input_is_a_constant_and_the_summary_leaves_it_out(story):
    output = (Value(3.0, "x") * 2.0).named("y")
    roles = [node["role"] for node in graph_spec(output)["nodes"]]
    assert roles == ["input", "constant", "output"]
    steps, _ = story(output)
    assert steps[-1]["text"].endswith("derivative of y for every input: x 2.")


def test_minus_signs_get_their_brackets(story):
    steps, _ = story((Value(3.0, "x") - Value(-4.0, "y")).named("d"))
    assert steps[1]["text"] == "Forward: d = x − y = 3 − (−4) = 7."


def test_operations_are_written_as_a_reader_would(story):
    x = Value(2.0, "x")
    texts = [
        story(value)[0][1]["text"]
        for value in (x**2, -x, x.exp(), x.relu(), x.reciprocal(), maximum(x, Value(1.0)))
    ]
    assert [text.split(" ", 1)[1].split(" = ")[0] for text in texts] == [
        "2²",
        "−2",
        "exp(2)",
        "ReLU(2)",
        "1 / 2",
        "max(2, 1)",
    ]


def test_without_the_way_back_no_gradient_is_told(apples, story):
    steps, told = story(apples(), backward=False)
    assert {step["phase"] for step in steps} == {"forward"}
    assert all(not node["backward"] for node in told.values())


def every_operation(x, y):
    inner = (x * y + x.tanh() - y / (x + 3.0)).named("inner")
    return inner.sigmoid() * maximum(x, y) + (x**2).log() - (-y).exp().relu() + x.reciprocal()


@pytest.mark.parametrize(("x", "y"), [(2.0, -0.5), (-1.5, 0.75), (0.5, 3.0)])
def test_inputs_that_are_changed_in_the_page_give_what_the_engine_gives(run, x, y):
    before = graph_spec(every_operation(Value(1.0, "x"), Value(2.0, "y")))
    assert before["editable"]
    for node in before["nodes"]:
        node["value"] = {"x": x, "y": y}.get(node["label"], node["value"])
    after = run("(spec) => { compute(spec); return spec; }", before)
    wanted = graph_spec(every_operation(Value(x, "x"), Value(y, "y")))
    for got, expected in zip(after["nodes"], wanted["nodes"], strict=True):
        assert (got["value"], got["grad"]) == pytest.approx((expected["value"], expected["grad"]))
    for got, expected in zip(after["edges"], wanted["edges"], strict=True):
        assert (got["local"], got["grad"]) == pytest.approx((expected["local"], expected["grad"]))


def test_a_graph_with_an_operation_of_ones_own_is_shown_as_recorded():
    x = Value(2.0, "x")
    cubed = Value(8.0, "y", "cube", x, 12.0)
    spec = graph_spec(cubed)
    assert not spec["editable"]
    assert spec["nodes"][0]["grad"] == 12.0


def test_a_chain_of_a_thousand_nodes_does_not_meet_the_recursion_limit():
    value = Value(1.0, "x")
    for _ in range(1000):
        value = value + 1.0
    assert graph_spec(value)["nodes"][0]["grad"] == 1.0
