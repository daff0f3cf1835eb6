"""ch10.sweep: A sweep for any graph."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from exercises_lib.checking import Case, Exercise, Observation, Output, Probe
from exercises_lib.checking.observe import observe
from exercises_lib.checking.serialize import same
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch10_autograd._orders import (
    all_marked_order,
    breadth_first_order,
    doubled_order,
    early_marked_order,
    listed_order,
    order_by_values,
    order_of_all_ways,
    recursive_order,
)
from exercises_lib.exercises.ch10_autograd._shared import discovery_order
from exercises_lib.exercises.ch10_autograd._sweeps import (
    backward_by_counting_uses,
    backward_by_graphlib,
    backward_with_marks,
    backward_with_marks_on_the_nodes,
    hand_down,
    marked_order,
)
from exercises_lib.probes import ch10 as probes


def parents_first(output):
    order, seen, stack = [], {output}, [output]
    while stack:
        for parent in stack[-1].parents:
            if parent not in seen:
                seen.add(parent)
                stack.append(parent)
                break
        else:
            order.append(stack.pop())
    return order


def backward(output):
    order = parents_first(output)
    for node in order:
        node.grad = 0.0 if node.parents else node.grad
    output.grad += 1.0
    for node in reversed(order):
        for parent, local in zip(node.parents, node.local, strict=True):
            parent.grad += local * node.grad


def draw_sweeps(rng: np.random.Generator) -> Iterator[Case]:
    def recorded(parents: Mapping[str, str]) -> dict[str, list[tuple[str, float]]]:
        def local() -> float:
            return round(float(rng.choice((-1, 1)) * rng.uniform(1.2, 3.5)), 2)

        return {node: [(parent, local()) for parent in parents[node]] for node in parents}

    def case(parents: Mapping[str, str], note: str, calls: str = "f") -> Case:
        report = [name for name in parents if name == "f" or name not in calls]
        if calls == "fg":
            report = [name for name in parents if name in "xyhg"]
        inputs = {"graph": recorded(parents), "calls": list(calls), "report": report}
        return Case(inputs, note)

    leaf = {"x": "", "y": "", "q": "xy", "f": "qx"}
    inner = {"x": "", "y": "", "h": "xy", "u": "h", "v": "h", "f": "uv"}
    yield case(leaf, "a leaf fork: the input x is used twice")
    yield case(inner, "an inner fork: u and v both use h")
    yield case(
        {"x": "", "h": "x", "k": "h", "f": "hk"}, "a short skew: f uses h directly and through k"
    )
    yield case(
        {"x": "", "h": "x", "k": "h", "l": "k", "m": "l", "f": "mh"},
        "a long skew: f uses h directly and at the end of a chain",
    )
    yield case({"x": "", "h": "xx", "f": "hh"}, "the same parent twice, as in h * h")
    yield case(inner, "backward(f) called twice: the inputs add up", "ff")
    yield case(
        {"x": "", "y": "", "h": "xy", "f": "hx", "g": "hy"},
        "backward(f), then backward(g), which uses the same h",
        "fg",
    )
    ladder = {below: 2 * above for above, below in pairwise("xABCDEGHIJKLMNOPQRf")}
    yield case(
        {"x": "", **ladder},
        f"each node uses the one before it twice, so {2 ** len(ladder):,} ways lead from f to x",
    )
    length, numbers = 10_000, rng.uniform(1.2, 3.5, size=3).round(2).tolist()
    yield Case(
        {"length": length, "local": numbers[:2], "skip": numbers[2]}, f"a chain of {length:,} nodes"
    )


wrong = Mistakes(backward)


def sweep_with(order: Callable[[Any], Sequence[Any]]) -> Callable[[Any], None]:
    """Make a sweep that goes another way through the nodes."""

    def backward(output):
        nodes = order(output)
        for node in nodes:
            if node.parents:
                node.grad = 0.0
        output.grad += 1.0
        for node in reversed(nodes):
            hand_down(node)

    return backward


def with_more_calls_allowed(output):
    sys.setrecursionlimit(100_000)
    sweep_with(order=recursive_order)(output)


EQUAL_PARENTS = (
    "In `h * h` the same node stands twice among the parents, and each place has a derivative of its "
    "own. Both count; yours does not keep the two places apart."
)

DISCOVERY = (
    "You list a node when you first meet it. A node may be listed only when all its parents are "
    "listed; read from the back, that makes it wait for everything that uses it."
)

STALE = (
    "A node in the middle still holds its gradient from the first call, and hands it down once more. "
    "Only inputs add up over several calls."
)

AGAIN = (
    "Each time something arrives at a node you hand down *everything* it holds by then. What was "
    "passed on before is passed on a second time."
)


def right_but_for_the_chain(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Recognise an answer that is right on the small graphs and too deep on the chain."""
    for case, one in zip(cases, seen, strict=False):
        if "graph" not in case.inputs:
            return one.failure is not None and one.failure.type == "RecursionError"
        wanted = observe(EXERCISE.probe, backward, case.inputs, repeat=False).values
        if one.failure is not None or not same(one.values, wanted, rtol=1e-6, atol=1e-8):
            return False
    return False


wrong.answer("recursive", sweep_with(order=recursive_order)).says(
    """On the small graphs you are right. But your function calls itself once for every node of a
    chain, and Python allows about a thousand calls inside each other. Keep the nodes that still
    wait in a list of your own.""",
    recognise=right_but_for_the_chain,
)

wrong.answer("more calls allowed", with_more_calls_allowed).says("""
    You let Python nest more calls than it usually does, so that a function may call itself once for
    every node. A longer chain needs more again, and at some point the program crashes. Keep the
    nodes that still wait in a list of your own.""")


def walks_every_way(output):
    for node in parents_first(output):
        node.grad = 0.0 if node.parents else node.grad
    waiting = [(output, 1.0)]
    while waiting:
        node, part = waiting.pop()
        node.grad += part
        for parent, local in zip(node.parents, node.local, strict=True):
            waiting.append((parent, part * local))


wrong.answer("walks every way", walks_every_way).says("""You follow every way from the output to
    an input by itself. Each node that is used twice doubles the number of ways behind it, and soon
    no computer gets to their end. A node hands down once, when everything has arrived.""")

wrong.answer("searches a list", sweep_with(order=listed_order)).says("""
    You look for nodes in a list, which compares them one by one: for 10,000 nodes that is 50
    million comparisons. A set finds a node at once.""")

wrong.swap("overwritten at a fork", "parent.grad +=", "parent.grad =").says("""
    `=` puts the new part in the place of what has arrived before. Where a node is used twice, both
    parts count.""")

wrong.answer("breadth first", sweep_with(order=breadth_first_order)).says("""
    You go back in rings around the output. If `h` is near it by one way and far by another, `h`
    hands down before the longer way has delivered.""")

wrong.answer("in the order of discovery", sweep_with(order=discovery_order)).says(DISCOVERY)

wrong.answer(
    "in the order of discovery, marked at once", sweep_with(order=early_marked_order)
).says(DISCOVERY)

wrong.answer("all parents marked at once", sweep_with(order=all_marked_order)).says("""
    You mark all parents of a node as soon as you put them on the stack. One that can also be
    reached by a longer way then counts as dealt with, and is listed too late.""")

wrong.answer("a node twice in the list", sweep_with(order=doubled_order)).says("""
    Two nodes can put the same parent on the stack before its turn comes. Then it stands twice in
    your list, and hands down twice.""")

wrong.answer("every way by itself", sweep_with(order=order_of_all_ways)).says("""
    You do not remember which nodes you have met. A node that is used twice is in your list twice,
    with all that lies behind it.""")

wrong.answer("values compared instead of nodes", sweep_with(order=order_by_values)).says("""
    You remember values. Two different nodes may hold the same number; remember the nodes
    themselves.""")


def hands_down_again(output):
    output.grad = 1.0

    def back(node):
        for parent, local in zip(node.parents, node.local, strict=True):
            parent.grad += local * node.grad
            back(parent)

    back(output)


def hands_down_again_from_a_queue(output):
    for node in parents_first(output):
        node.grad = 0.0 if node.parents else node.grad
    output.grad = 1.0
    queue = deque([output])
    while queue:
        node = queue.popleft()
        hand_down(node)
        queue.extend(node.parents)


wrong.answer("handed down again", hands_down_again).says(AGAIN)

wrong.answer("handed down again, from a queue", hands_down_again_from_a_queue).says(AGAIN)

wrong.swap(
    "only the first parent",
    "zip(node.parents, node.local, strict=True)",
    "zip(node.parents[:1], node.local[:1], strict=True)",
).says("Only the first parent of each node receives something. Every parent gets its part.")

wrong.swap(
    "last of equal parents",
    "zip(node.parents, node.local, strict=True)",
    "dict(zip(node.parents, node.local, strict=True)).items()",
).says(EQUAL_PARENTS)

wrong.swap(
    "first of equal parents",
    (
        "for parent, local in zip(node.parents, node.local, strict=True):",
        "for parent in dict.fromkeys(node.parents):",
    ),
    ("local * node.grad", "node.local[node.parents.index(parent)] * node.grad"),
).says(EQUAL_PARENTS)

wrong.swap(
    "first of equal parents twice",
    (
        "for parent, local in zip(node.parents, node.local, strict=True):",
        "for parent in node.parents:",
    ),
    ("local * node.grad", "node.local[node.parents.index(parent)] * node.grad"),
).says(EQUAL_PARENTS)

wrong.swap("value multiplied in", "local * node.grad", "local * node.grad * node.data").says("""
    You multiply by the node's value as well. What the values have to do with it is already in the
    local derivatives.""")

wrong.swap("begins with its value", "+= 1.0", "= output.data").says("""You begin with the output's
    value. What is the derivative of the output with respect to itself?""")

wrong.swap("order not turned round", "reversed(order)", "order").says("""
    The order is right, but you walk it from the inputs to the output: when a node has its turn,
    nothing has arrived there yet.""")

wrong.swap("nothing to begin with", "output.grad += 1.0", "").says("""
    All gradients are zero after your call. Either nothing begins to flow (what is the derivative of
    the output with respect to itself?), or what you find out is not stored in `grad`.""")

wrong.swap(
    "stale gradients in between",
    "for node in order:\n    node.grad = 0.0 if node.parents else node.grad",
    "",
).says(STALE)

wrong.swap(
    "stale gradients below the output",
    ("for node in order:\n    node.grad = 0.0 if node.parents else node.grad", ""),
    ("+= 1.0", "= 1.0"),
).says(STALE)

wrong.answer("marks left on the nodes", sweep_with(order=marked_order)).says("""
    You mark the nodes that you have seen and leave the marks there. A second sweep then finds
    everything seen already.""")

wrong.swap(
    "the output keeps its 1",
    "node.grad = 0.0 if node.parents else node.grad",
    """
    if node.parents and node is not output:
        node.grad = 0.0
""",
).says("""The output still holds the 1 of the first call, and you add another: the second sweep
    begins with 2.""")

wrong.swap(
    "inputs start afresh, the middle does not",
    "node.grad = 0.0 if node.parents else node.grad",
    "node.grad = node.grad if node.parents else 0.0",
).says("""You clear the inputs and keep the nodes in between. It has to be the other way round: what
    lies in between belongs to one sweep, what the inputs hold is a sum over sweeps.""")

wrong.swap(
    "everything starts afresh", "node.grad = 0.0 if node.parents else node.grad", "node.grad = 0.0"
).says("""You clear the inputs as well, so a second loss wipes out the gradient of the first. The
    inputs keep what they hold and add to it; whoever wants zero there clears it on purpose.""")

wrong.swap("upstream dropped", "local * node.grad", "local").says("""
    You add up local derivatives and leave out what arrived from the output.""")

wrong.swap("local derivative dropped", "local * node.grad", "node.grad").says("""
    Each node hands down its gradient unchanged. That is the rule for additions only.""")

wrong.swap(
    "takes the graph apart",
    """
    for parent, local in zip(node.parents, node.local, strict=True):
        parent.grad += local * node.grad
""",
    """
    for parent, local in zip(node.parents, node.local, strict=True):
        parent.grad += local * node.grad
    node.parents, node.local = (), ()
""",
).says("""You remove the parents of a node when it has had its turn, so the second sweep finds
    nothing. The recording must stay as it is.""")

EXERCISE = Exercise(
    id="ch10.sweep",
    title="A sweep for any graph",
    kind="function",
    points=4,
    difficulty=3,
    reference=backward,
    accepted=(
        backward_by_counting_uses,
        backward_with_marks,
        backward_with_marks_on_the_nodes,
        backward_by_graphlib,
    ),
    mistakes=wrong.all,
    hints=(
        "Two questions. In which order may nodes hand down, so that each has received everything "
        "first? And what does a node hold from an earlier call?",
        "First list all nodes, parents before children, without recursion: keep a stack; while its "
        "top node has a parent that you have not seen, put that parent on top, else move the node "
        "to the list. Then clear, seed, and walk the list from the back.",
        "The skeleton:\n"
        "    order, seen, stack = [], {output}, [output]\n"
        "    while stack:\n"
        "        … a parent of stack[-1] that is not in seen …\n"
        "        … none: move stack[-1] to order; one: see it, put it on top\n"
        "    for node in order: … 0.0, unless it is an input\n"
        "    output.grad += …\n"
        "    for node in … from the back: … each parent receives local times …",
    ),
    probe=Probe(probes.backward),
    draw=draw_sweeps,
    outputs=(Output("grad"), Output("grad after the second call")),
    remark="Forks, skews, a second call, and a chain of 10,000 nodes: this sweep can be trusted.",
    repeat=False,  # the second calls are among the cases, and the chain is long
)
