"""Chapter 01: what the common audit of all exercises does not see."""

from __future__ import annotations

import numpy as np
import pytest

from exercises_lib.checking import check
from exercises_lib.exercises.ch01_computation_graphs import (
    _orders,
    add_then_multiply,
    apple_gradients,
    backward_sweep,
    fruit_gradients,
    local_or_passed,
    step_downhill,
    topological_order,
)
from exercises_lib.figures.graph import graph_spec
from exercises_lib.nn import Value

SEEDS = range(20)


def judged(exercise, answer, seed=0):
    return check(exercise, answer, np.random.default_rng(seed))


def gradients(output, inputs):
    output.backward()
    return [node.grad for node in inputs]


def test_the_apple_numbers_are_those_of_the_recorded_graph():
    inputs = [Value(100), Value(2), Value(1.1)]
    total = inputs[0] * inputs[1] * inputs[2]
    assert total.data == pytest.approx(220)
    assert gradients(total, inputs) == pytest.approx([2.2, 110, 200])
    assert list(apple_gradients.EXERCISE.reference.values()) == pytest.approx([2.2, 110, 200])


def test_the_fruit_numbers_are_those_of_the_recorded_graph():
    inputs = [Value(number) for number in (100, 2, 150, 3, 1.1)]
    total = (inputs[0] * inputs[1] + inputs[2] * inputs[3]) * inputs[4]
    assert total.data == pytest.approx(715)
    found = gradients(total, inputs)
    assert found == pytest.approx([2.2, 110, 3.3, 165, 650])
    assert list(fruit_gradients.EXERCISE.reference.values()) == pytest.approx(found)


def test_the_numbers_of_add_then_multiply_are_those_of_the_recorded_graph():
    x, y, z = Value(-2), Value(5), Value(-4)
    q = x + y
    f = q * z
    found = gradients(f, [q, x, y, z])
    assert list(add_then_multiply.EXERCISE.reference.values()) == pytest.approx(
        [q.data, f.data, *found]
    )


def test_the_step_downhill_is_the_step_that_the_recorded_graph_takes():
    inputs = [Value(4), Value(-1), Value(3)]
    f = (inputs[0] - inputs[1]) * inputs[2]
    found = gradients(f, inputs)
    x, y, z = (node.data - 0.1 * node.grad for node in inputs)
    assert f.data == 15
    wanted = [*found, x, y, z, (x - y) * z]
    assert list(step_downhill.EXERCISE.reference.values()) == pytest.approx(wanted)


def test_the_lettered_numbers_are_of_the_kind_that_the_answer_says():
    a, b, c, d = Value(2, "a"), Value(3, "b"), Value(4, "c"), Value(-5, "d")
    u = (a * b).named("u")
    v = (u + c).named("v")
    spec = graph_spec((v * d).named("f"))
    label = [node["label"] for node in spec["nodes"]]
    edges = {(label[edge["from"]], label[edge["to"]]): edge for edge in spec["edges"]}
    drawn = {"A": ("a", "u", 3), "B": ("b", "u", -10), "C": ("u", "v", 1), "D": ("c", "v", -5)}
    drawn |= {"E": ("d", "f", 10), "F": ("a", "u", -15)}
    for letter, (parent, child, number) in drawn.items():
        local, passed = (edges[parent, child][key] == number for key in ("local", "grad"))
        kind = {(True, False): "local", (False, True): "passed", (True, True): "both"}
        assert local_or_passed.KIND_ANSWER[letter] == kind[local, passed]


def test_two_wrong_letters_are_both_explained_and_a_full_exchange_as_one_thing():
    two = {**local_or_passed.KIND_ANSWER, "A": "passed", "D": "local"}
    verdict = judged(local_or_passed.EXERCISE, two)
    assert set(verdict.mistakes) == {"A is called passed down", "D is called local"}
    assert "4 of 6 are right." in verdict.message
    other = {"local": "passed", "passed": "local", "both": "both"}
    exchanged = {letter: other[kind] for letter, kind in local_or_passed.KIND_ANSWER.items()}
    assert judged(local_or_passed.EXERCISE, exchanged).mistakes == ("the two words exchanged",)


def random_order(parents, rng):
    order = []
    while len(order) < len(parents):
        ready = [n for n in parents if n not in order and all(p in order for p in parents[n])]
        order.append(ready[rng.integers(len(ready))])
    return order


@pytest.mark.parametrize("seed", SEEDS)
def test_every_valid_order_passes(seed):
    def answer(parents):
        # The same order for the same graph, as the check runs each case twice.
        return random_order(parents, np.random.default_rng([seed, *map(ord, "".join(parents))]))

    assert judged(topological_order.EXERCISE, answer, seed).status == "passed"


@pytest.mark.parametrize("seed", SEEDS)
def test_the_drawn_graphs_leave_no_listing_order_right(seed):
    cases = list(topological_order.draw_orders(np.random.default_rng(seed)))
    for rearrange in (list, sorted, lambda p: list(p)[::-1], lambda p: sorted(p)[::-1]):
        graphs = [case.inputs["parents"] for case in cases]
        assert not all(topological_order.is_order(graph, rearrange(graph)) for graph in graphs)


@pytest.mark.parametrize(
    "got",
    [None, 3, "xy", {"x": 1}, [None], [["x"]], ["x"], ["x", "y", "x"], ["y", "x"], ["x", "w"], []],
)
def test_an_order_of_any_kind_gets_a_sentence(got):
    sentence = topological_order.order_problem({"parents": {"x": [], "y": ["x"]}}, got, ["x", "y"])
    assert sentence and sentence.endswith((".", "?"))


def test_an_order_that_is_turned_round_only_after_arrival_is_named():
    def with_a_stack(parents):
        order, stack = [], _orders.outputs_of(parents)[::-1]
        while stack:
            node = stack.pop()
            if node not in order:
                order.append(node)
                stack.extend(parents[node])
        return order[::-1]

    for seed in SEEDS:
        assert (
            judged(topological_order.EXERCISE, with_a_stack, seed).mistake
            == "written down on arrival"
        )


@pytest.mark.parametrize("seed", SEEDS)
def test_the_sweep_agrees_with_the_recorded_scalars(seed):
    rng = np.random.default_rng(seed)
    graph = backward_sweep.recorded(topological_order.any_graph(12, rng), rng)
    values = {}
    for node in _orders.topological_order(backward_sweep.plain_parents(graph)):
        terms = [rate * values[parent] for parent, rate in graph[node]]
        values[node] = sum(terms) if terms else Value(1.0)
    values["n11"].backward()
    wanted = {node: values[node].grad for node in graph}
    for sweep in (backward_sweep.EXERCISE.reference, *backward_sweep.EXERCISE.accepted):
        assert sweep(graph, "n11") == pytest.approx(wanted)


def test_the_sweep_is_judged_on_the_shapes_that_tell_sweeps_apart():
    notes = " ".join(case.note for case in backward_sweep.draw_recordings(np.random.default_rng(0)))
    for shape in ("leaf fork", "inner fork", "long skew", "short skew"):
        assert shape in notes


def test_recursion_that_hands_down_again_is_right_on_the_leaf_fork_only():
    cases = list(backward_sweep.draw_recordings(np.random.default_rng(0)))
    right = []
    for case in cases:
        graph, output = case.inputs["graph"], case.inputs["output"]
        wanted = backward_sweep.backward_sweep(graph, output)
        if backward_sweep.hands_down_again(graph, output) == pytest.approx(wanted):
            right.append(case.note.split(":")[0])
    assert "a leaf fork" in right
    assert not {"an inner fork", "a long skew", "a short skew"} & set(right)


def test_a_choice_outside_the_options_is_told_the_options():
    verdict = judged(local_or_passed.EXERCISE, {**local_or_passed.KIND_ANSWER, "A": "Local"})
    assert "A: 'Local' is none of the choices 'local', 'passed', 'both'." in verdict.message


def test_a_walk_that_hands_down_on_arrival_is_named_though_entries_are_missing():
    def sweep(graph, output):
        found, seen = {output: 1.0}, set()

        def back(node):
            if node in seen:
                return
            seen.add(node)
            for parent, local in graph[node]:
                found[parent] = found.get(parent, 0.0) + local * found[node]
            for parent, _ in graph[node]:
                back(parent)

        back(output)
        return found

    assert judged(backward_sweep.EXERCISE, sweep).mistake == "written down on arrival"
