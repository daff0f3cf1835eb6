"""Orders of a graph's nodes, right ones and wrong ones."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from graphlib import TopologicalSorter

Parents = Mapping[str, Sequence[str]]


def topological_order(parents):
    order = []
    done = set()

    def visit(node):
        if node in done:
            return
        done.add(node)
        for parent in parents[node]:
            visit(parent)
        order.append(node)

    for node in parents:
        visit(node)
    return order


def order_by_scanning(parents):
    order = []
    while len(order) < len(parents):
        for node, needed in parents.items():
            if node not in order and all(parent in order for parent in needed):
                order.append(node)
    return order


def order_by_counting(parents):
    children = defaultdict(list)
    waiting = {}
    for node, needed in parents.items():
        waiting[node] = len(needed)
        for parent in needed:
            children[parent].append(node)
    ready = deque(node for node, count in waiting.items() if count == 0)
    order = []
    while ready:
        node = ready.popleft()
        order.append(node)
        for child in children[node]:
            waiting[child] -= 1
            if waiting[child] == 0:
                ready.append(child)
    return order


def order_by_longest_way(parents):
    def level(node):
        return 1 + max(map(level, parents[node]), default=0)

    return sorted(parents, key=level)


def order_by_library(parents):
    return tuple(TopologicalSorter(parents).static_order())


def outputs_of(parents: Parents) -> list[str]:
    """List the nodes that are nobody's parent."""
    used = {parent for needed in parents.values() for parent in needed}
    return [node for node in parents if node not in used]


def preorder(parents, *, starts=list, forward=True, turned=False):
    order = []

    def visit(node):
        if node not in order:
            order.append(node)
            for parent in parents[node] if forward else parents[node][::-1]:
                visit(parent)

    for node in starts(parents):
        visit(node)
    return order[::-1] if turned else order


def breadth_first(parents, *, starts=outputs_of, turned=True):
    order = list(starts(parents))
    for node in order:
        order += [parent for parent in dict.fromkeys(parents[node]) if parent not in order]
    return order[::-1] if turned else order
