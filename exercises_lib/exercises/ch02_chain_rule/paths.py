"""ch02.paths: the gradient as a sum over all paths."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes import call


def sum_over_paths(graph, output, node):
    if node == output:
        return 1.0
    total = 0.0
    for parent, local in graph[output]:
        total += local * sum_over_paths(graph, parent, node)
    return total


def by_listing(graph, output, node):
    """List every path as the local derivatives along it; then multiply and add."""
    unfinished, finished = [(output, [])], []
    while unfinished:
        at, along = unfinished.pop()
        if at == node:
            finished.append(along)
            continue
        unfinished += [(parent, [*along, local]) for parent, local in graph[at]]
    return sum(math.prod(along) for along in finished)


def by_carrying_the_product(graph, output, node):
    total = 0.0

    def walk(at, product):
        nonlocal total
        if at == node:
            total += product
        else:
            for parent, local in graph[at]:
                walk(parent, product * local)

    walk(output, 1.0)
    return total


def with_memory(graph, output, node):
    known = {node: 1.0}

    def gradient(at):
        if at not in known:
            known[at] = sum(local * gradient(parent) for parent, local in graph[at])
        return known[at]

    return gradient(output)


def recording(rng: np.random.Generator, **parents: str) -> dict[str, list[tuple[str, float]]]:
    """Give every arrow of a graph, written as its parents' letters, a local derivative."""
    return {
        node: [(one, float(rng.choice((-1, 1)) * rng.integers(2, 8))) for one in used]
        for node, used in parents.items()
    }


def draw_paths(rng: np.random.Generator) -> Iterator[Case]:
    def case(graph: Any, node: str, note: str, output: str = "f") -> Case:
        return Case({"graph": graph, "output": output, "node": node}, note)

    yield case(recording(rng, x="", h="x", f="h"), "x", "a single path of two arrows")
    yield case(recording(rng, x="", u="x", v="x", f="uv"), "x", "two paths, through u and v")
    skew = recording(rng, x="", h="x", k="h", m="k", f="hm")
    yield case(skew, "h", "a short path and a long one, to a node in the middle")
    yield case(skew, "f", "the output itself")
    doubled = recording(rng, x="", h="xx", f="hh")
    doubled["h"] = doubled["h"][:1] * 2  # h = x · x: both arrows carry the same number
    yield case(doubled, "x", "doubled arrows: four paths")
    beside = recording(rng, x="", z="", u="xz", f="ux", g="fz")
    yield case(beside, "x", "g uses f, and lies behind the output")
    yield case({**beside, "y": []}, "y", "no path leads to the node")


wrong = Mistakes(sum_over_paths)

wrong.swap("added along a path", "local * sum", "local + sum").says("""You add the local derivatives
    along a path. Along a path they multiply; it is the paths that are added.""")

wrong.swap("local derivatives left out", "total += local * sum", "total += sum").says("""
    You count the paths. Each of them contributes the product of the local derivatives along it.""")

wrong.swap(
    "paths multiplied", ("total = 0.0", "total = 1.0"), ("total += local", "total *= local")
).says("""You multiply what the paths contribute. Along a path the local derivatives multiply; the
    paths themselves are added.""")

wrong.swap(
    "the first path only",
    ("total = 0.0", ""),
    (
        "    total += local * sum_over_paths(graph, parent, node)\nreturn total",
        """
        rest = sum_over_paths(graph, parent, node)
        if rest:
            return local * rest
    return 0.0""",
    ),
).says("""You stop at the first path that leads to the node. A change of the node reaches the output
    along all of them.""")

wrong.swap(
    "the last path only",
    "total += local * sum_over_paths(graph, parent, node)",
    "rest = sum_over_paths(graph, parent, node)\nif rest:\n    total = local * rest",
).says("A path that you find later replaces the one before. They add up.")

wrong.swap("doubled arrows merged", "in graph[output]:", "in dict(graph[output]).items():").says("""
    Where a node uses the same parent twice, as in h × h, you keep one of the two arrows. Each arrow
    makes paths of its own.""")

wrong.swap(
    "equal arrows merged",
    """
    total = 0.0
    for parent, local in graph[output]:
        total += local * sum_over_paths(graph, parent, node)
    return total""",
    """
    return sum(
        local * sum_over_paths(graph, parent, node) for parent, local in set(graph[output])
    )""",
).says("""A set keeps one of two equal arrows. In h × h there are two of them, with the same local
    derivative, and both count.""")

wrong.swap("the output's own gradient is 0", "return 1.0", "return 0.0").says("""
    Every product of yours ends in 0. The path of no arrows, from the node to itself, contributes 1:
    the derivative of a node with respect to itself.""")

wrong.swap(
    "one arrow only", "local * sum_over_paths(graph, parent, node)", "local * (parent == node)"
).says("""You look at the arrows that lead straight from the node to the output. Longer paths count
    as well.""")


def to_any_input(graph, output, node):
    if not graph[output] or node == output:
        return 1.0
    return sum(local * to_any_input(graph, parent, node) for parent, local in graph[output])


wrong.answer("paths to other inputs", to_any_input).says("""You add paths that end at another input.
    Only those that lead to `node` count; what ends elsewhere contributes 0.""")


def averaged(graph, output, node):
    ones = {n: [(parent, 1.0) for parent, _ in used] for n, used in graph.items()}
    return sum_over_paths(graph, output, node) / max(1.0, sum_over_paths(ones, output, node))


wrong.answer("mean over the paths", averaged).says("""You take the mean over the paths. A node that
    acts along two paths acts twice: they are added.""")

EXERCISE = Exercise(
    id="ch02.paths",
    title="The sum over all paths",
    kind="function",
    points=3,
    difficulty=3,
    reference=sum_over_paths,
    accepted=(by_listing, by_carrying_the_product, with_memory),
    mistakes=wrong.all,
    hints=(
        "Take the graph with u and v. Write down both paths from f back to x, each as the numbers "
        "that stand on its arrows. What do you do with the numbers of one path, and what with the "
        "two results?",
        "Every path that begins at the output begins with one of its arrows. Behind that arrow "
        "lies the same question with the parent in the place of the output. A function may call "
        "itself.",
        "The skeleton:\n"
        "    if node == output:\n"
        "        return …            # the path of no arrows\n"
        "    total = …\n"
        "    for parent, local in graph[output]:\n"
        "        total += … * …      # the rest of the path begins at parent",
    ),
    probe=Probe(call, {"returns": ("gradient",)}),
    draw=draw_paths,
    outputs=(Output("gradient"),),
    remark="That is the gradient, by its definition. It is not yet an algorithm to use: count the "
    "paths in the next section.",
)
