"""Plain drawings of small graphs: shapes without numbers, and one with numbers to be told apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any

from .graph import graph_spec
from .layout import Layout, layered
from .number import number
from .palette import INK, NEUTRAL, PAPER, VALUE, axes_of
from .pictures import show

if TYPE_CHECKING:
    from exercises_lib.nn import Value

CARD = {"boxstyle": "round,pad=0.4", "facecolor": "#f6f8fa", "edgecolor": NEUTRAL}


def graph_shapes(graphs: Mapping[str, Mapping[str, Sequence[str]]], *, title: str) -> None:
    """Draw small graphs side by side, nodes and arrows only.

    Args:
        graphs: caption → graph; a graph is node → its parents.
        title: heads the picture.
    """
    layouts = [_laid_out(graph) for graph in graphs.values()]
    height = 0.75 + 0.55 * max(1.7, *(layout.width for *_, layout in layouts))
    columns = min(2, len(graphs))
    picture, axes = axes_of(title, columns=columns, rows=-(-len(graphs) // columns), height=height)
    for panel in axes[len(graphs) :]:
        panel.set_visible(False)
    for panel, caption, (names, edges, layout) in zip(axes, graphs, layouts, strict=False):
        _prepare(panel, layout)
        panel.set_title(caption, fontsize=11, color=INK)
        for at, name in enumerate(names):
            place = (layout.layer[at], layout.across[at])
            panel.text(
                *place, name, color=INK, fontsize=11, ha="center", va="center", bbox=CARD, zorder=3
            )
        for at, edge in enumerate(edges):
            twins = [other for other, same in enumerate(edges) if same == edge]
            bow = 0.3 * (twins.index(at) - (len(twins) - 1) / 2)
            clear = 11 + 2.6 * len(names[edge[1]])
            _arrow(panel, _way(layout, edge, at), clear=clear, bow=bow)
    show(picture)


def _laid_out(
    graph: Mapping[str, Sequence[str]],
) -> tuple[list[str], list[tuple[int, int]], Layout]:
    """List a graph's nodes, parents first, and its edges, and give them places."""
    names = list(TopologicalSorter(graph).static_order())
    edges = [(names.index(parent), names.index(node)) for node in graph for parent in graph[node]]
    return names, edges, layered(len(names), edges)


def local_or_passed() -> None:
    """Draw the graph of chapter 1 in which local derivatives and gradients are told apart."""
    from exercises_lib.nn import Value

    a, b, c, d = Value(2, "a"), Value(3, "b"), Value(4, "c"), Value(-5, "d")
    u = (a * b).named("u")
    v = (u + c).named("v")
    marks = {
        "A": ("a", "u", "local"),
        "B": ("b", "u", "passed"),
        "C": ("u", "v", "local"),
        "D": ("c", "v", "passed"),
        "E": ("d", "f", "passed"),
        "F": ("a", "u", "passed"),
    }
    lettered_graph((v * d).named("f"), marks, title="f = (a × b + c) × d")


def lettered_graph(output: Value, marks: Mapping[str, tuple[str, str, str]], *, title: str) -> None:
    """Draw a recorded computation with its values, and numbers on some edges with a letter each.

    What kind of number it is does not show: no sign, no colour, no dashes.

    Args:
        output: the end of the computation; all of its values have labels.
        marks: letter → parent, child, and ``"local"`` (the local derivative) or ``"passed"``
            (the gradient handed down).
        title: heads the picture.
    """
    spec = graph_spec(output)
    nodes, edges, layout = spec["nodes"], spec["edges"], Layout(**spec["layouts"]["wide"])
    labels = [node["label"] for node in nodes]
    picture, axes = axes_of(title, height=1.3 * layout.width + 0.9)
    panel = axes[0]
    _prepare(panel, layout)
    for at, node in enumerate(nodes):
        place = (layout.layer[at], layout.across[at])
        panel.text(*place, " " * 10 + "\n", ha="center", va="center", bbox=CARD, zorder=3)
        heading = f"{node['label']}  ({node['op']})" if node["op"] else node["label"]
        for text, colour, up in ((heading, INK, 7), (number(node["value"]), VALUE, -7)):
            panel.annotate(
                text, place, (0, up), textcoords="offset points", color=colour, zorder=4,
                ha="center", va="center", fontweight="bold" if up > 0 else "normal",
            )  # fmt: skip
    for at, edge in enumerate(edges):
        way = _way(layout, (edge["from"], edge["to"]), at)
        _arrow(panel, way, clear=29)
        kinds = {"local": edge["local"], "passed": edge["grad"]}
        chips = [
            f"{letter}: {number(kinds[kind])}"
            for letter, (parent, child, kind) in marks.items()
            if (parent, child) == (labels[edge["from"]], labels[edge["to"]])
        ]
        (x0, y0), (x1, y1) = way[-2:]
        for row, chip in enumerate(chips):
            panel.annotate(
                chip, ((x0 + x1) / 2, (y0 + y1) / 2), (0, 12 * (len(chips) - 1) - 24 * row),
                textcoords="offset points", color=INK, fontweight="bold", zorder=5,
                ha="center", va="center",
                bbox={"boxstyle": "round,pad=0.25", "facecolor": PAPER, "edgecolor": INK},
            )  # fmt: skip
    show(picture)


def _prepare(panel: Any, layout: Layout) -> None:
    """Set the panel's frame so that a graph fits: layers to the right, places downwards."""
    panel.axis("off")
    panel.set(xlim=(-0.4, layout.layers - 0.6), ylim=(layout.width + 0.45, -0.45))


def _way(layout: Layout, edge: tuple[int, int], at: int) -> list[tuple[float, float]]:
    """List the places through which an edge goes, both ends included."""
    start, end = edge
    return [
        (layout.layer[start], layout.across[start]),
        *layout.bends[at],
        (layout.layer[end], layout.across[end]),
    ]


def _arrow(
    panel: Any, way: Sequence[tuple[float, float]], *, clear: float = 14, bow: float = 0.0
) -> None:
    """Draw an edge as one arrow; it bows to the side on which it passes other nodes."""
    if len(way) > 2:
        (_, first), *between, (_, last) = way
        over = sum(across for _, across in between) / len(between) <= (first + last) / 2
        bow = -0.22 if over else 0.22
    look = {
        "arrowstyle": "-|>",
        "color": NEUTRAL,
        "shrinkA": 0,
        "shrinkB": clear,
        "connectionstyle": f"arc3,rad={bow}",
    }
    panel.annotate("", way[-1], way[0], arrowprops=look, zorder=1)
