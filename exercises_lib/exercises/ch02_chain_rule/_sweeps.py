"""Recordings to sweep over, ways to go through them, right and wrong, and how a sweep is judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from exercises_lib.checking import Case, Observation
from exercises_lib.checking.serialize import copy_plain, same
from exercises_lib.exercises.ch02_chain_rule._orders import (
    Parents,
    breadth_first,
    order_by_counting,
    order_by_library,
    order_by_longest_way,
    order_by_scanning,
    outputs_of,
    preorder,
    topological_order,
)

Recording = Mapping[str, Sequence[tuple[str, float]]]
"""For each node its parents, each with the local derivative."""

Arrows = Iterable[tuple[str, str, float]]
"""What is handed down after what: node, parent, local derivative."""

RUNGS = 10
MANY_RUNGS = 40
"""So many that whoever walks all paths does not come to an end; the probe stops it."""
PER_ARROW = 3


def plain_parents(graph: Recording) -> dict[str, list[str]]:
    return {node: [parent for parent, _ in used] for node, used in graph.items()}


def recorded(parents: Parents, rng: np.random.Generator, *, shuffle: bool = True) -> dict[str, Any]:
    """Give every edge of a graph a random local derivative, and the nodes a random order."""
    nodes = rng.permutation(list(parents)).tolist() if shuffle else list(parents)

    def local() -> float:
        return round(float(rng.choice((-1, 1)) * rng.uniform(1.2, 3.5)), 2)

    return {node: [(parent, local()) for parent in parents[node]] for node in nodes}


def draw_recordings(rng: np.random.Generator) -> Iterator[Case]:
    leaf_fork = {"x": [], "y": [], "q": ["x", "y"], "f": ["q", "x"]}
    yield Case(
        {"graph": recorded(leaf_fork, rng, shuffle=False), "output": "f"},
        "a leaf fork: the input x is used twice",
    )
    # Listed from the output back, so that neither reading direction of a dictionary always works.
    long = {"f": ["k3", "h"], "k3": ["k2"], "k2": ["k1"], "k1": ["h"], "h": ["x"], "x": []}
    yield Case(
        {"graph": recorded(long, rng, shuffle=False), "output": "f"},
        "a long skew: f uses h directly and at the end of a chain",
    )
    short = {"x": [], "h": ["x"], "k": ["h"], "f": ["h", "k"]}
    yield Case(
        {"graph": recorded(short, rng), "output": "f"},
        "a short skew: f uses h directly and through k",
    )
    inner = {"x": [], "y": [], "h": ["x", "y"], "u": ["h"], "v": ["h"], "f": ["u", "v"]}
    yield Case({"graph": recorded(inner, rng), "output": "f"}, "an inner fork: u and v both use h")
    twice = recorded({"x": [], "h": ["x", "x"], "loss": ["h", "h"]}, rng)
    twice["loss"] = twice["loss"][:1] * 2  # h × h: both local derivatives are h
    yield Case({"graph": twice, "output": "loss"}, "the same parent twice, as in h × h")
    beside = {"x": [], "z": [], "u": ["x"], "f": ["u", "x"], "g": ["f", "z"]}
    yield Case(
        {"graph": recorded(beside, rng), "output": "f"},
        "f is the output; g and z were recorded too and do not lead to it",
    )

    for count in (RUNGS, MANY_RUNGS):
        rungs = {f"n{k}": [f"n{k - 1}"] * 2 for k in range(count, 0, -1)} | {"n0": []}
        yield Case(
            {"graph": recorded(rungs, rng), "output": f"n{count}", "counted": True},
            f"a ladder of {count} doubled arrows",
        )


def arrows(graph: Recording, nodes: Iterable[str]) -> Arrows:
    return ((node, parent, local) for node in nodes for parent, local in graph[node])


def in_order(graph: Recording, output: str, *, by: Any = topological_order) -> Arrows:
    return arrows(graph, list(by(plain_parents(graph)))[::-1])


def order_from_the_ends(parents):
    return topological_order({node: parents[node] for node in [*outputs_of(parents), *parents]})


RIGHT_WALKS = tuple(
    partial(in_order, by=order)
    for order in (
        topological_order,
        order_from_the_ends,
        order_by_scanning,
        order_by_counting,
        order_by_longest_way,
        order_by_library,
    )
)


def deeper(graph, node, *, turn=1, visited=None):
    """Follow each arrow to its end before the next; with `visited`, go through no node twice."""
    if visited is not None:
        if node in visited:
            return
        visited.add(node)
    for parent, local in graph[node][::turn]:
        yield node, parent, local
        yield from deeper(graph, parent, turn=turn, visited=visited)


def all_then_deeper(graph, node):
    """Hand down to all parents before following the first of them."""
    yield from arrows(graph, [node])
    for parent, _ in graph[node]:
        yield from all_then_deeper(graph, parent)


def queued(graph, output, *, place=0, wait=False):
    """Take nodes from a queue, or from a stack; with `wait`, none stands in it twice."""
    queue = [output]
    while queue:
        node = queue.pop(place)
        for parent, local in graph[node]:
            yield node, parent, local
            if not (wait and parent in queue):
                queue.append(parent)


AGAIN_AND_AGAIN = (
    deeper,
    partial(deeper, turn=-1),
    all_then_deeper,
    queued,
    partial(queued, wait=True),
    partial(queued, place=-1),
)


def in_rings(graph, output):
    return arrows(
        graph, breadth_first(plain_parents(graph), starts=lambda _: [output], turned=False)
    )


def on_arrival(graph, output, *, forward=True):
    order = preorder(plain_parents(graph), starts=lambda _: [output], forward=forward)
    return arrows(graph, order)


def visited_once(graph, output, *, turn=1):
    return deeper(graph, output, turn=turn, visited=set())


def handed_down(
    walk: Callable[..., Arrows], graph: Recording, output: str, keep: str = "sum"
) -> dict[str, float]:
    """Sweep along a walk.

    Args:
        walk: which arrow comes after which.
        graph: the recording.
        output: where the sweep begins.
        keep: what a node keeps of what arrives: the ``"sum"``, the ``"first"`` or the ``"last"``.
    """
    gradients = {node: 0.0 for node in graph} | {output: 1.0}
    received = {output}
    for node, parent, local in walk(graph, output):
        part = local * gradients[node]
        if keep == "sum":
            gradients[parent] += part
        elif keep == "last" or parent not in received:
            gradients[parent] = part
        received.add(parent)
    return gradients


def right_sweep(graph: Recording, output: str) -> dict[str, float]:
    return handed_down(in_order, graph, output)


def agrees(got: Any, theirs: Mapping[str, float]) -> bool:
    """Tell whether gradients are these, as far as they go: entries may be missing."""
    return (
        isinstance(got, dict)
        and bool(got)
        and got.keys() <= theirs.keys()
        and all(same(got[node], theirs[node], rtol=1e-6, atol=1e-9) for node in got)
    )


def sweeps_like(*walks: Callable[..., Arrows], keep: str = "sum") -> Any:
    """Recognise an answer that gives, in every case, what a sweep along one of these walks gives."""

    def when(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
        if len(seen) != len(cases):
            return False
        pairs = [  # on the longest ladder some of these walks do not come to an end
            (case.inputs, one.values.get("gradients"))
            for case, one in zip(cases, seen, strict=True)
            if case.inputs["output"] != f"n{MANY_RUNGS}"
        ]
        return any(
            all(
                agrees(got, handed_down(walk, copy_plain(one["graph"]), one["output"], keep))
                for one, got in pairs
            )
            for walk in walks
        )

    return when


def lacks_zeros_only(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Tell whether all is right but for missing entries of nodes whose gradient is 0."""
    lacking = 0
    for case, one in zip(cases, seen, strict=False):
        got: Any = one.values.get("gradients")
        wanted = right_sweep(case.inputs["graph"], case.inputs["output"])
        if not agrees(got, wanted) or any(wanted[node] for node in wanted.keys() - got.keys()):
            return False
        lacking += len(got) < len(wanted)
    return bool(lacking)


def arrows_of(graph: Mapping[str, Sequence[Any]]) -> int:
    return sum(len(used) for used in graph.values())


def few_visits(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    """Accept some multiplications per arrow, and refuse as many as there are paths."""
    arrows = arrows_of(inputs["graph"])
    if got <= PER_ARROW * arrows:
        return None
    return (
        f"Your sweep multiplies {got:,} times on a ladder of {arrows} arrows; one multiplication "
        "for each arrow is enough."
    )


def walks_all_paths(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Tell whether all gradients are right and the ladder took far more visits than arrows."""
    pairs = list(zip(cases, seen, strict=False))
    right = all(
        agrees(
            one.values.get("gradients"),
            right_sweep(case.inputs["graph"], case.inputs["output"]),
        )
        for case, one in pairs
        if one.failure is None or one.failure.kind != "misfit"  # stopped on the longest ladder
    )
    counts = [
        few_visits(case.inputs, one.values["multiplications"], None)
        for case, one in pairs
        if "multiplications" in one.values
    ]
    return right and any(counts)
