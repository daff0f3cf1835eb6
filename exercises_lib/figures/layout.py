"""Where the nodes of a recorded computation stand: layers, few crossings, no overlaps.

The layout is the classical layered one: a node stands one layer after the last of its
inputs, an edge that skips layers is led through a bend in each of them, the order within
a layer follows the neighbours' mean positions, and the final places are the least-squares
ones that keep the order and the distance. It is computed in Python and deterministic, so
the same computation looks the same on every page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

BEND_WIDTH = 0.55
"""How much room a passing edge takes, as a share of a node's."""
OFF_LINE = 0.12
"""Nearer than this to a neighbour's line, a node stands on it."""
NARROW_BEND = 0.2
"""The same where room is dear."""


@dataclass(frozen=True)
class Layout:
    """Places in units of one node.

    Attributes:
        layer: for every node its layer, 0 is the first.
        across: for every node its place within the layer.
        bends: for every edge the places (layer, across) where it passes a layer.
        layers: how many layers there are.
        width: the widest layer, from the first place to the last.
    """

    layer: list[int]
    across: list[float]
    bends: list[list[tuple[int, float]]]
    layers: int
    width: float


def layered(count: int, edges: Sequence[tuple[int, int]]) -> Layout:
    """Place ``count`` nodes, numbered in topological order, joined by ``edges``.

    Args:
        count: the number of nodes.
        edges: pairs (from, to) with from < to.

    Returns:
        The layout. The first layer holds inputs; an input that is needed late stands late,
        right before the node that uses it.
    """
    return _layout(count, edges, _layers(count, edges), BEND_WIDTH)


def narrow(count: int, edges: Sequence[tuple[int, int]], room: float = 3.0) -> Layout:
    """Place the nodes as :func:`layered` does, but never wider than ``room``, if possible.

    A layer with too many nodes is cut into two, its inputs first.
    """
    layer = _layers(count, edges)
    layouts = [
        _layout(count, edges, _cut(layer, {end for _, end in edges}, most), NARROW_BEND)
        for most in (4, 3, 2)
    ]
    fitting = (layout for layout in layouts if layout.width <= room)
    return next(fitting, min(layouts, key=lambda layout: layout.width))


def _cut(layer: list[int], steps: set[int], most: int) -> list[int]:
    """Number the layers anew so that none holds more than ``most`` nodes."""
    result = [0] * len(layer)
    top = 0
    for level in range(max(layer, default=-1) + 1):
        row = [node for node in range(len(layer)) if layer[node] == level]
        groups = [row]
        if len(row) > most:
            groups = [
                [node for node in row if node not in steps],
                [node for node in row if node in steps],
            ]
        for group in groups:
            rows = -(-len(group) // most)
            for at, node in enumerate(group):
                result[node] = top + at * rows // len(group)
            top += rows
    return result


def _layout(
    count: int, edges: Sequence[tuple[int, int]], layer: list[int], bend_width: float
) -> Layout:
    neighbours, sizes, rows, chains = _with_bends(count, edges, layer, bend_width)
    rows = _fewest_crossings(rows, neighbours)
    across = _places(rows, neighbours, sizes, count)
    lowest = min(across, default=0.0)
    across = [round(place - lowest, 4) for place in across]
    bends = [[(layer[bend], across[bend]) for bend in chain] for chain in chains]
    return Layout(
        layer=layer[:count],
        across=across[:count],
        bends=bends,
        layers=len(rows),
        width=max(across, default=0.0),
    )


def _layers(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """One layer after the latest input; inputs as late as their first use allows."""
    parents: list[list[int]] = [[] for _ in range(count)]
    children: list[list[int]] = [[] for _ in range(count)]
    for start, end in edges:
        parents[end].append(start)
        children[start].append(end)
    layer = [0] * count
    for node in range(count):
        layer[node] = max((layer[parent] + 1 for parent in parents[node]), default=0)
    for node in range(count):
        if not parents[node] and children[node]:
            layer[node] = min(layer[child] for child in children[node]) - 1
    return layer


def _with_bends(
    count: int, edges: Sequence[tuple[int, int]], layer: list[int], bend_width: float
) -> tuple[list[list[int]], list[float], list[list[int]], list[list[int]]]:
    """Cut long edges into pieces of one layer; extends ``layer`` by the bends."""
    neighbours: list[list[int]] = [[] for _ in range(count)]
    sizes = [1.0] * count
    chains: list[list[int]] = []
    for start, end in edges:
        chain: list[int] = []
        for level in range(layer[start] + 1, layer[end]):
            chain.append(len(layer))
            layer.append(level)
            sizes.append(bend_width)
            neighbours.append([])
        for left, right in zip([start, *chain], [*chain, end], strict=True):
            neighbours[left].append(right)
            neighbours[right].append(left)
        chains.append(chain)
    rows: list[list[int]] = [[] for _ in range(max(layer, default=-1) + 1)]
    for node in _depth_first(count, neighbours, layer):
        rows[layer[node]].append(node)
    return neighbours, sizes, rows, chains


def _depth_first(count: int, neighbours: list[list[int]], layer: list[int]) -> list[int]:
    """Walk from the output: inputs of one node stay together, which suits formulas."""
    order: list[int] = []
    seen: set[int] = set()
    stack = list(range(count))
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        order.append(node)
        inward = [other for other in neighbours[node] if layer[other] < layer[node]]
        stack.extend(reversed(inward))
    order.extend(node for node in range(len(layer)) if node not in seen)
    return order


def _crossings(row: list[int], other: list[int], neighbours: list[list[int]]) -> int:
    """Count the crossings between two adjacent layers."""
    place = {node: index for index, node in enumerate(other)}
    ends: list[int] = []
    crossings = 0
    for node in row:
        mine = sorted(place[end] for end in neighbours[node] if end in place)
        crossings += sum(1 for end in mine for earlier in ends if earlier > end)
        ends.extend(mine)
    return crossings


def _fewest_crossings(rows: list[list[int]], neighbours: list[list[int]]) -> list[list[int]]:
    """Sweep to and fro, sort each layer by its neighbours' mean place, keep the best."""

    def total(candidate: list[list[int]]) -> int:
        return sum(_crossings(row, other, neighbours) for row, other in pairwise(candidate))

    best = [list(row) for row in rows]
    fewest = total(best)
    current = [list(row) for row in rows]
    for sweep in range(16):
        if fewest == 0:
            break
        forward = sweep % 2 == 0
        for index in range(len(current)) if forward else reversed(range(len(current))):
            fixed = index - 1 if forward else index + 1
            if not 0 <= fixed < len(current):
                continue
            place = {node: float(at) for at, node in enumerate(current[fixed])}
            mean: dict[int, float] = {}
            for at, node in enumerate(current[index]):
                ends = [place[end] for end in neighbours[node] if end in place]
                mean[node] = sum(ends) / len(ends) if ends else float(at)
            current[index].sort(key=mean.__getitem__)
            _swap_neighbours(current, index, neighbours)
        crossings = total(current)
        if crossings < fewest:
            best, fewest = [list(row) for row in current], crossings
    return best


def _swap_neighbours(rows: list[list[int]], index: int, neighbours: list[list[int]]) -> None:
    """Exchange adjacent nodes of one layer while that removes crossings."""
    row = rows[index]

    def around() -> int:
        return sum(
            _crossings(row, rows[other], neighbours)
            for other in (index - 1, index + 1)
            if 0 <= other < len(rows)
        )

    for at in range(len(row) - 1):
        before = around()
        row[at], row[at + 1] = row[at + 1], row[at]
        if around() >= before:
            row[at], row[at + 1] = row[at + 1], row[at]


def _places(
    rows: list[list[int]], neighbours: list[list[int]], sizes: list[float], count: int
) -> list[float]:
    """Pull every node to its neighbours' mean; never beyond the widest layer.

    Where two want the same place, inputs (one neighbour) yield to steps, and steps to bends:
    so chains run straight, and the constants of a formula stand beside them.
    """
    place = [0.0] * len(sizes)
    weight = [
        8.0 if node >= count else 0.05 if len(neighbours[node]) == 1 else 1.0
        for node in range(len(sizes))
    ]
    offsets: list[list[float]] = []
    for row in rows:
        at, offset = 0.0, []
        for index, node in enumerate(row):
            if index:
                at += (sizes[row[index - 1]] + sizes[node]) / 2
            offset.append(at)
        offsets.append(offset)
    room = max((offset[-1] for offset in offsets if offset), default=0.0)
    for row, offset in zip(rows, offsets, strict=True):
        for node, at in zip(row, offset, strict=True):
            place[node] = at + (room - offset[-1]) / 2
    pairs = list(zip(rows, offsets, strict=True))
    for sweep in range(40):
        for row, offset in pairs if sweep % 2 == 0 else reversed(pairs):
            wish = []
            for node, at in zip(row, offset, strict=True):
                pull = [(place[end], weight[end]) for end in neighbours[node]]
                total = sum(share for _, share in pull)
                mean = sum(where * share for where, share in pull) / total if pull else place[node]
                wish.append(mean - at)
            most = room - offset[-1] if offset else 0.0
            free = _nondecreasing(wish, [weight[node] for node in row])
            for node, base, at in zip(row, free, offset, strict=True):
                place[node] = min(max(base, 0.0), most) + at
    _straighten(place, rows, neighbours)
    return [round(value, 4) for value in place]


def _straighten(place: list[float], rows: list[list[int]], neighbours: list[list[int]]) -> None:
    """Move nodes that stand a few pixels off a neighbour's line onto it."""
    for before, row in pairwise(rows):
        for node in row:
            near = [end for end in neighbours[node] if end in before]
            best = min(near, key=lambda end: abs(place[end] - place[node]), default=None)
            if best is not None and abs(place[best] - place[node]) < OFF_LINE:
                place[node] = place[best]


def _nondecreasing(wish: list[float], weight: list[float]) -> list[float]:
    """The non-decreasing numbers nearest to ``wish`` (pool adjacent violators)."""
    blocks: list[tuple[float, float, int]] = []
    for value, heavy in zip(wish, weight, strict=True):
        blocks.append((value, heavy, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (low, light, few), (high, heavier, more) = blocks[-2:]
            total = light + heavier
            blocks[-2:] = [((low * light + high * heavier) / total, total, few + more)]
    return [value for value, _, length in blocks for _ in range(length)]
