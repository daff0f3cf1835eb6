"""What the graph player says about a recorded computation."""

from __future__ import annotations

import pytest

from exercises_lib.figures.graph import graph_spec
from exercises_lib.nn import Value, maximum


def by_label(spec):
    return {node["label"]: node for node in spec["nodes"] if node["label"]}


def test_apples_cost_220_and_the_gradients_are_those_of_the_chapter(apples):
    nodes = by_label(graph_spec(apples()))
    assert nodes["total"]["value"] == pytest.approx(220)
    grads = {label: node["grad"] for label, node in nodes.items()}
    assert grads == pytest.approx(
        {"price": 2.2, "count": 110, "tax": 200, "apples": 1.1, "total": 1}
    )


def test_the_steps_go_forward_then_backward_then_say_what_was_found(apples):
    steps = graph_spec(apples())["steps"]
    phases = [step["phase"] for step in steps]
    assert phases == ["forward"] * 3 + ["backward"] * 3 + ["done"]
    assert steps[1]["text"] == "Forward: apples = price × count = 100 × 2 = 200."
    assert steps[4]["text"] == (
        "Backward through total: apples gets 1.1 × 1 = 1.1; tax gets 200 × 1 = 200."
    )
    assert steps[-1]["text"].endswith("price 2.2, count 110, tax 200.")


def test_gradients_add_at_a_fork_and_the_text_shows_the_sum():
    x = Value(3.0, "x")
    inner = (x * 2.0).named("u")
    spec = graph_spec((inner * inner + inner).named("f"))
    assert by_label(spec)["u"]["grad"] == pytest.approx(13)
    assert by_label(spec)["x"]["grad"] == pytest.approx(26)
    assert by_label(spec)["u"]["backward"][-1] == "used 3 times, so add: 1 + 6 + 6 = 13"


def test_the_player_agrees_with_the_engine_on_every_node():
    x, y = Value(3.0, "x"), Value(-4.0, "y")
    f = ((x + y.sigmoid()) / (x.sigmoid() + (x + y) ** 2)).named("f")
    spec = graph_spec(f)
    f.backward()
    nodes = by_label(spec)
    assert (nodes["x"]["grad"], nodes["y"]["grad"]) == pytest.approx((x.grad, y.grad))
    assert nodes["x"]["grad"] == pytest.approx(2.059569795572)


def test_a_sentence_says_a_number_once():
    z = Value(1.0, "z")
    steps = graph_spec((-z).named("n"))["steps"]
    assert steps[1]["text"] == "Forward: n = −z = −1."


def test_the_graph_itself_stays_as_it_was(apples):
    total = apples()
    total.grad = 7.0
    graph_spec(total)
    assert total.grad == 7.0
    assert total.parents[0].grad == 0.0


def test_an_unlabelled_input_is_a_constant_and_the_summary_leaves_it_out():
    spec = graph_spec((Value(3.0, "x") * 2.0).named("y"))
    assert [node["role"] for node in spec["nodes"]] == ["input", "constant", "output"]
    assert spec["steps"][-1]["text"].endswith("derivative of y for every input: x 2.")


def test_minus_signs_get_their_brackets():
    spec = graph_spec((Value(3.0, "x") - Value(-4.0, "y")).named("d"))
    assert spec["steps"][1]["text"] == "Forward: d = x − y = 3 − (−4) = 7."


def test_operations_are_written_as_a_reader_would():
    x = Value(2.0, "x")
    texts = [
        graph_spec(value)["steps"][1]["text"]
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


def test_without_the_way_back_no_gradient_is_told(apples):
    spec = graph_spec(apples(), backward=False)
    assert {step["phase"] for step in spec["steps"]} == {"forward"}
    assert all("backward" not in node for node in spec["nodes"])


def test_a_chain_of_a_thousand_nodes_does_not_meet_the_recursion_limit():
    value = Value(1.0, "x")
    for _ in range(1000):
        value = value + 1.0
    assert graph_spec(value)["nodes"][0]["grad"] == 1.0
