"""Chapter 02: orders, sweeps and paths; what the common audit of all exercises does not see."""

from __future__ import annotations

import numpy as np
import pytest

from exercises_lib.checking import check
from exercises_lib.exercises import get
from exercises_lib.exercises.ch02_chain_rule import (
    _order_judging,
    _orders,
    _sweeps,
    backward_sweep,
    paths,
    topological_order,
)
from exercises_lib.nn import Value

SEEDS = range(20)


def judged(exercise, answer, seed=0):
    return check(exercise, answer, np.random.default_rng(seed))


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
    cases = list(_order_judging.draw_orders(np.random.default_rng(seed)))
    for rearrange in (list, sorted, lambda p: list(p)[::-1], lambda p: sorted(p)[::-1]):
        graphs = [case.inputs["parents"] for case in cases]
        assert not all(_order_judging.is_order(graph, rearrange(graph)) for graph in graphs)


@pytest.mark.parametrize(
    "got",
    [None, 3, "xy", {"x": 1}, [None], [["x"]], ["x"], ["x", "y", "x"], ["y", "x"], ["x", "w"], []],
)
def test_an_order_of_any_kind_gets_a_sentence(got):
    sentence = _order_judging.order_problem({"parents": {"x": [], "y": ["x"]}}, got, ["x", "y"])
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
    graph = _sweeps.recorded(_order_judging.any_graph(12, rng), rng)
    values = {}
    for node in _orders.topological_order(_sweeps.plain_parents(graph)):
        terms = [rate * values[parent] for parent, rate in graph[node]]
        values[node] = sum(terms) if terms else Value(1.0)
    values["n11"].backward()
    wanted = {node: values[node].grad for node in graph}
    for sweep in (backward_sweep.EXERCISE.reference, *backward_sweep.EXERCISE.accepted):
        assert sweep(graph, "n11") == pytest.approx(wanted)


def test_the_sweep_is_judged_on_the_shapes_that_tell_sweeps_apart():
    notes = " ".join(case.note for case in _sweeps.draw_recordings(np.random.default_rng(0)))
    for shape in ("leaf fork", "inner fork", "long skew", "short skew"):
        assert shape in notes


def test_recursion_that_hands_down_again_is_right_on_the_leaf_fork_only():
    cases = list(_sweeps.draw_recordings(np.random.default_rng(0)))
    hands_down_again = backward_sweep.EXERCISE.mistake("handed down again").answer
    right = []
    for case in cases:
        graph, output = case.inputs["graph"], case.inputs["output"]
        if len(graph) > 30:
            continue  # on the longest ladder this recursion would not end
        wanted = backward_sweep.backward_sweep(graph, output)
        if hands_down_again(graph, output) == pytest.approx(wanted):
            right.append(case.note.split(":")[0])
    assert "a leaf fork" in right
    assert not {"an inner fork", "a long skew", "a short skew"} & set(right)


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


def without_a_name(graph, output):
    """Walk all paths with a list in the place of recursion."""
    gradients, unfinished = dict.fromkeys(graph, 0.0), [(output, 1.0)]
    while unfinished:
        node, arrived = unfinished.pop()
        gradients[node] += arrived
        unfinished += [(parent, arrived * local) for parent, local in graph[node]]
    return gradients


def node_by_node(graph, output):
    """Sum over all paths, separately for every node."""
    return {node: paths.sum_over_paths(graph, output, node) for node in graph}


@pytest.mark.parametrize("walk", [without_a_name, node_by_node])
def test_a_walk_over_all_paths_does_not_pass_and_is_named_for_what_it_is(walk):
    verdict = judged(backward_sweep.EXERCISE, walk)
    assert verdict.status == "wrong"
    assert verdict.mistake == "a walk over all paths"
    assert "on a ladder of 20 arrows" in verdict.message


def test_a_sweep_with_memory_passes():
    def sweep(graph, output):
        known = {output: 1.0}

        def gradient(node):
            if node not in known:
                known[node] = 0.0
                for child, used in graph.items():
                    for parent, local in used:
                        if parent == node:
                            known[node] += gradient(child) * local
            return known[node]

        return {node: gradient(node) for node in graph}

    assert judged(backward_sweep.EXERCISE, sweep).status == "passed"


@pytest.mark.parametrize("seed", SEEDS)
def test_the_sum_over_all_paths_is_the_gradient_of_the_sweep(seed):
    rng = np.random.default_rng(seed)
    graph = _sweeps.recorded(_order_judging.any_graph(9, rng), rng)
    wanted = backward_sweep.backward_sweep(graph, "n8")
    for answer in (paths.EXERCISE.reference, *paths.EXERCISE.accepted):
        found = {node: answer(graph, "n8", node) for node in graph}
        assert found == pytest.approx(wanted)


def test_an_exercise_that_has_moved_is_found_by_its_old_id():
    assert get("ch01.backward_sweep") is get("ch02.backward_sweep")
    assert get("ch01.topological_order") is get("ch02.topological_order")
