"""What is drawn for an order of nodes, how it is judged, and by what an order's mistake is recognised."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from exercises_lib.checking import Case, Observation
from exercises_lib.checking.serialize import copy_plain, describe
from exercises_lib.exercises.ch02_chain_rule._orders import Parents


def order_problem(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    """Say what is wrong with an order, or None: any order with parents first is right."""
    parents: Parents = inputs["parents"]
    if got is None:
        return "order is None. Did you forget the return?"
    if not isinstance(got, (list, tuple)):
        return f"order is {describe(got)}, expected a list of the graph's nodes."
    for node in got:
        if not isinstance(node, str):
            return f"order holds {describe(node)}, expected the names of the nodes."
        if node not in parents:
            return f"order holds {node[:40]!r}, and the graph has no such node."
    missing = [node for node in parents if node not in got]
    if missing:
        names = ", ".join(map(repr, missing[:4])) + (", …" if len(missing) > 4 else "")
        verb = "is" if len(missing) == 1 else "are"
        return f"order has {len(set(got))} of the {len(parents)} nodes; {names} {verb} missing."
    place: dict[str, int] = {}
    for at, node in enumerate(got):
        if node in place:
            return f"{node!r} stands in the order more than once."
        place[node] = at
    for node in got:
        for parent in parents[node]:
            if place[parent] > place[node]:
                return f"{node!r} stands before its parent {parent!r}."
    return None


def shuffled(
    parents: Parents, rng: np.random.Generator, *, rename: bool = True
) -> dict[str, list[str]]:
    """Put a graph's nodes into random order, under random letters."""
    letters = rng.permutation(list("abcdeghijkmnopqrstuvw")).tolist()
    names = (
        dict(zip(parents, letters, strict=False)) if rename else {node: node for node in parents}
    )
    nodes = [str(node) for node in rng.permutation(list(parents))]
    return {names[node]: [names[parent] for parent in parents[node]] for node in nodes}


def any_graph(nodes: int, rng: np.random.Generator) -> dict[str, list[str]]:
    """Draw a graph with a leaf in front, where every other node has one or two parents."""
    names = [f"n{at}" for at in range(nodes)]
    graph: dict[str, list[str]] = {names[0]: [], names[1]: []}
    for at in range(2, nodes):
        chosen = rng.permutation(at)[: int(rng.integers(1, 3))]
        graph[names[at]] = [names[parent] for parent in chosen]
    return graph


def draw_orders(rng: np.random.Generator) -> Iterator[Case]:
    formula = {"x": [], "y": [], "q": ["x", "y"], "z": [], "f": ["q", "z"]}
    yield Case({"parents": formula}, "the graph of (x + y) × z")
    # The output comes first and the names rise along the dictionary: no listing order is right.
    letters = sorted(rng.permutation(list("abcdeghijkmnopqrstuvw"))[:5].tolist())
    out, k2, k1, h, x = letters
    skewed = {out: [k2, h], k2: [k1], k1: [h], h: [x], x: []}
    yield Case({"parents": skewed}, "a long way and a short way")
    short = {"f": ["h", "k"], "x": [], "k": ["h"], "h": ["x"]}
    yield Case({"parents": shuffled(short, rng)}, "a node that is its own sibling's parent")
    twice = {"p": ["h", "y"], "y": [], "h": ["x", "x"], "x": []}
    yield Case({"parents": shuffled(twice, rng)}, "x × x: the same parent twice")
    # Whoever moves parents in front of their child, once each, leaves theirs behind here.
    chain = {"m": ["n"], "p": ["g"], "n": ["p"], "g": []}
    yield Case({"parents": chain}, "a chain, listed in no order")
    two = {"f": ["a", "b"], "g": ["b", "f"], "a": [], "b": [], "s": ["b"], "c": []}
    yield Case({"parents": shuffled(two, rng)}, "two outputs, and an input that nobody uses")
    yield Case({"parents": shuffled(any_graph(9, rng), rng)}, "nine nodes in no particular order")


def is_order(parents: Parents, order: Sequence[str]) -> bool:
    """Tell whether an order is right."""
    return order_problem({"parents": parents}, order, None) is None


def seen_orders(
    cases: Sequence[Case], seen: Sequence[Observation]
) -> list[tuple[Parents, list[str]]]:
    """Pair every graph with the order that was given; empty if an order is not a list of names."""
    pairs = []
    for case, one in zip(cases, seen, strict=False):
        order = one.values.get("order")
        if not isinstance(order, (list, tuple)) or not all(isinstance(node, str) for node in order):
            return []
        pairs.append((case.inputs["parents"], list(order)))
    return pairs if len(pairs) == len(cases) else []


def orders_where(test: Callable[[Parents, list[str]], bool], *, every: bool = True) -> Any:
    """Recognise an answer by a property of its orders, in every case or in some."""

    def when(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
        pairs = seen_orders(cases, seen)
        found = [test(parents, order) for parents, order in pairs]
        return bool(found) and (all(found) if every else any(found))

    return when


def orders_like(*answers: Callable[[Parents], Sequence[str]]) -> Any:
    """Recognise an answer that gives, in every case, what one of these answers gives."""

    def when(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
        pairs = seen_orders(cases, seen)
        return bool(pairs) and any(
            all(list(answer(copy_plain(parents))) == order for parents, order in pairs)
            for answer in answers
        )

    return when


def has_twice(parents: Parents, order: list[str]) -> bool:
    return len(set(order)) < len(order)


def is_beginning(parents: Parents, order: list[str]) -> bool:
    """Tell whether an order is right as far as it goes."""
    kept = {node: parents[node] for node in order if node in parents}
    whole = all(parent in kept for needed in kept.values() for parent in needed)
    return whole and is_order(kept, order)


def lacks_only_twins(parents: Parents, order: list[str]) -> bool:
    """Tell whether nodes are missing exactly where one node uses the same parent twice."""
    twins = any(len(set(needed)) < len(needed) for needed in parents.values())
    return is_beginning(parents, order) and (len(order) < len(parents)) == twins


def lacks_nodes(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Tell whether orders are right as far as they go, and one of them does not go far enough."""
    pairs = seen_orders(cases, seen)
    right = all(order and is_beginning(parents, order) for parents, order in pairs)
    return right and any(len(order) < len(parents) for parents, order in pairs)


def is_one_walk(parents: Parents, order: list[str]) -> bool:
    """Tell whether an order holds its last node and all that this one needs, and nothing else."""
    reached = order[-1:]
    for node in reached:
        reached += [parent for parent in parents[node] if parent not in reached]
    return set(reached) == set(order)


def lacks_what_one_walk_misses(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Tell whether nodes are missing, namely those that do not lead to one of them."""
    return lacks_nodes(cases, seen) and orders_where(is_one_walk)(cases, seen)


def goes_on_with_the_last(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Tell whether each order begins with the one before, and nodes of other graphs are in some."""
    pairs = seen_orders(cases, seen)
    orders = [order for _, order in pairs]
    strangers = any(node not in parents for parents, order in pairs for node in order)
    return strangers and all(order[: len(before)] == before for before, order in pairwise(orders))
