"""The layout of recorded computations."""

from __future__ import annotations

import itertools

import pytest

from exercises_lib.figures.layout import layered, narrow

APPLES = (5, [(0, 2), (1, 2), (2, 4), (3, 4)])
DIAMOND = (4, [(0, 1), (0, 2), (1, 3), (2, 3)])
SKEW = (5, [(0, 1), (1, 2), (2, 3), (3, 4), (0, 4)])
CHAIN = (400, [(at, at + 1) for at in range(399)])
# Four products of two inputs each, added.
WIDE = (13, [*((at, 8 + at // 2) for at in range(8)), *((at, 12) for at in range(8, 12))])


@pytest.mark.parametrize("place", [layered, narrow])
@pytest.mark.parametrize("graph", [APPLES, DIAMOND, SKEW, CHAIN, WIDE])
def test_every_edge_leads_to_a_later_layer_and_bends_once_in_each_between(place, graph):
    count, edges = graph
    layout = place(count, edges)
    for (start, end), bends in zip(edges, layout.bends, strict=True):
        between = range(layout.layer[start] + 1, layout.layer[end])
        assert layout.layer[start] < layout.layer[end]
        assert [layer for layer, _ in bends] == list(between)


@pytest.mark.parametrize("place", [layered, narrow])
@pytest.mark.parametrize("graph", [APPLES, DIAMOND, SKEW, WIDE])
def test_nodes_of_one_layer_keep_their_distance(place, graph):
    count, edges = graph
    layout = place(count, edges)
    for one, other in itertools.combinations(range(count), 2):
        if layout.layer[one] == layout.layer[other]:
            assert abs(layout.across[one] - layout.across[other]) >= 0.999


def test_a_tree_has_no_crossing():
    # Two products of two inputs each, added: inputs of one product must stand together.
    edges = [(0, 2), (1, 2), (3, 5), (4, 5), (2, 6), (5, 6)]
    layout = layered(7, edges)
    assert {layout.across[0], layout.across[1]} in ({0.0, 1.0}, {2.0, 3.0})


def test_an_input_that_is_needed_late_stands_next_to_its_use():
    layout = layered(*APPLES)
    assert layout.layer[3] == layout.layer[4] - 1


def test_a_narrow_layout_is_not_wider_than_four_nodes():
    assert layered(*WIDE).width == 7
    assert narrow(*WIDE).width <= 3.0


def test_the_layout_is_the_same_every_time():
    assert layered(*SKEW) == layered(*SKEW)


def test_chains_run_straight_past_constants():
    # x -> a -> b -> c, with a constant joining at each step.
    edges = [(0, 2), (1, 2), (2, 4), (3, 4), (4, 6), (5, 6)]
    layout = layered(7, edges)
    chain = [layout.across[node] for node in (0, 2, 4, 6)]
    assert max(chain) - min(chain) < 0.2
