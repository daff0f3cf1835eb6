"""ch02.forward_sweep: the derivatives of every node with respect to one input."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch02_chain_rule._orders import topological_order
from exercises_lib.exercises.ch02_chain_rule._sweeps import PER_ARROW, RUNGS, recorded
from exercises_lib.exercises.ch02_chain_rule.backward_sweep import backward_sweep
from exercises_lib.probes.ch02 import sweep


def forward_sweep(graph, node):
    parents = {one: [parent for parent, _ in used] for one, used in graph.items()}
    slopes = {}
    for one in topological_order(parents):
        slopes[one] = 1.0 if one == node else 0.0
        for parent, local in graph[one]:
            slopes[one] += local * slopes[parent]
    return slopes


def by_asking_parents(graph, node):
    """Ask each node's parents first, and remember what they said."""
    known = {node: 1.0}

    def slope(one):
        if one not in known:
            known[one] = sum((local * slope(parent) for parent, local in graph[one]), 0.0)
        return known[one]

    return {one: slope(one) for one in graph}


def by_waiting(graph, node):
    """Again and again: whoever has all parents done."""
    slopes = {}
    while len(slopes) < len(graph):
        for one, used in graph.items():
            if one not in slopes and all(parent in slopes for parent, _ in used):
                slopes[one] = float(one == node) + sum(slopes[p] * local for p, local in used)
    return slopes


def draw_forward(rng: np.random.Generator) -> Iterator[Case]:
    def case(graph: Any, node: str, note: str, **more: bool) -> Case:
        return Case({"graph": graph, "output": node, **more}, note)

    leaf = {"x": [], "y": [], "q": ["x", "y"], "f": ["q", "x"], "g": ["y"]}
    yield case(recorded(leaf, rng, shuffle=False), "x", "two inputs, two ends: f and g")
    skew = {"f": ["k2", "h"], "k2": ["k1"], "k1": ["h"], "h": ["x"], "x": []}
    yield case(recorded(skew, rng, shuffle=False), "x", "a long skew, listed from its end")
    yield case(recorded(skew, rng), "h", "asked for h, a node in the middle")
    twice = recorded({"x": [], "z": [], "h": ["x", "x"], "f": ["h", "h", "z"]}, rng)
    twice["h"] = twice["h"][:1] * 2  # x · x: both local derivatives are x
    yield case(twice, "x", "the same parent twice, as in x · x")
    yield case(twice, "f", "asked for f itself, which nothing uses")
    ladder = {"n0": [], **{f"n{k}": [f"n{k - 1}"] * 2 for k in range(1, RUNGS + 1)}}
    yield case(recorded(ladder, rng), "n0", f"a ladder of {RUNGS} rungs", counted=True)


def judge_work(inputs, got, expected) -> str | None:
    """Allow a few multiplications for each arrow of the ladder."""
    most = PER_ARROW * 2 * RUNGS
    if isinstance(got, int) and got <= most:
        return None
    return f"On a ladder of {2 * RUNGS} arrows you multiply {got} times; {most} are allowed."


wrong = Mistakes(forward_sweep)


def every_input_moves(graph, node):
    """The derivative along all inputs at once."""
    slopes = {one: float(not used) for one, used in graph.items()}
    order = topological_order({one: [parent for parent, _ in used] for one, used in graph.items()})
    for one in order:
        slopes[one] += sum(local * slopes[parent] for parent, local in graph[one])
    return slopes


wrong.answer("all inputs move", every_input_moves).says("""You begin with 1 at every input, so they
    all move at once. Only the node that is asked for moves; the other inputs are held still.""")

wrong.swap("overwritten at a second parent", "slopes[one] += local", "slopes[one] = local").says("""
    A node with two parents moves because of both. Your second parent replaces what came by the
    first.""")

wrong.swap("local derivative left out", "local * slopes[parent]", "slopes[parent]").says("""
    You add up how the parents move. The node follows each of them by as much as the local
    derivative says.""")

wrong.swap(
    "local derivatives alone", "local * slopes[parent]", "local"
).says("""You add up the local
    derivatives. A parent that stands still moves nobody: multiply by how far it moves.""")

wrong.swap("begins with 0", "1.0 if one == node else 0.0", "0.0").says("""Nothing moves in your
    sweep. The node itself moves by 1 per unit of itself, and everything else follows from that.""")

wrong.swap(
    "order turned round",
    "in topological_order(parents)",
    "in reversed(topological_order(parents))",
    "slopes = {}",
    "slopes = dict.fromkeys(graph, 0.0)",
).says("""
    You go through the nodes from the last to the first. Here a node needs its *parents'* numbers,
    so they come first.""")

wrong.swap(
    "in the order of the recording",
    "in topological_order(parents)",
    "in graph",
    "slopes = {}",
    "slopes = dict.fromkeys(graph, 0.0)",
).says("""
    You take the nodes as they are listed. The list may begin at the end, where nothing has arrived
    yet: every node comes after its parents.""")

wrong.answer("the backward sweep", lambda graph, node: backward_sweep(graph, node)).says("""
    That is the backward sweep: how strongly the given node reacts to each of the others. Asked is
    the opposite, how each of the others reacts to it.""")


def over_all_paths(graph, node):
    def slope(one):
        if one == node:
            return 1.0
        return sum((local * slope(parent) for parent, local in graph[one]), 0.0)

    return {one: slope(one) for one in graph}


wrong.answer("a walk over all paths", over_all_paths).says("""The numbers are right, and on the
    ladder you walk every path. Keep each node's number when it is known, and use each arrow
    once.""")


EXERCISE = Exercise(
    id="ch02.forward_sweep",
    title="The sweep that goes forward",
    kind="function",
    points=0,
    difficulty=3,
    reference=forward_sweep,
    accepted=(by_asking_parents, by_waiting),
    mistakes=wrong.all,
    hints=(
        "In the backward sweep a node's number came from its children. From whom does it come if "
        "you ask how the node itself moves?",
        "The node that is asked for has the number 1. Every other node adds up, over its parents, "
        "local derivative times the parent's number. An input that is held still has 0.",
        "The frame:\n    for one in …:                       # parents first\n"
        "        slopes[one] = …                 # 1 for the node that moves\n"
        "        for parent, local in graph[one]:\n            slopes[one] += …",
    ),
    probe=Probe(sweep),
    draw=draw_forward,
    outputs=(Output("multiplications", compare=judge_work),),
    remark="One sweep, and you have one column: all nodes, one input. The backward sweep gives one "
    "row: one output, all nodes. A loss has one output and many inputs.",
)
