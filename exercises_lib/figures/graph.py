"""The graph player: a recorded computation, forward and backward, step by step."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from .layout import layered, narrow
from .number import number
from .palette import GRADIENT, INK, NEUTRAL, PAPER, VALUE
from .widget import Spec, figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

    from exercises_lib.nn import Value

KNOWN = re.compile(r"[-+*/]|\*\*-?[\d.]+|neg|exp|log|relu|tanh|sigmoid|1/x|max")
"""The operations that graph_values.js computes."""
SYMBOLS = {
    "*": "×",
    "-": "−",
    "/": "÷",
    "neg": "−",
    "relu": "ReLU",
    "sigmoid": "σ",
    "reciprocal": "1/x",
    "maximum": "max",
}
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
TALLEST = 500
"""A graph that is taller is seen through a window that follows what moves; on a phone 400."""


def graph_player(
    output: Value,
    *,
    title: str,
    backward: bool = True,
    exercise: str | None = None,
    asks: str = "gradients",
    name: str | None = None,
) -> Any:
    """Show how a value was computed, and how its gradient flows back to every input.

    The graph is only read: gradients that it already holds stay as they are. The figure opens
    where the inputs are given; a reader can change them, and values and gradients follow.

    Args:
        output: the end of a computation recorded by :class:`exercises_lib.nn.Value`. Names
            come from the values' labels; a value without a label shows its operation.
        title: heads the figure.
        backward: False shows the way forward only, for a page that asks for the gradients.
        exercise: the exercise that asks for what this graph shows, such as "ch01.apple_gradients".
            Its gradients are hidden until it is passed, or the reader asks to see them. In the
            book the graph moves into the exercise's form, and the form's fields become blanks at
            the nodes: the field ``price`` or ``dprice`` at the input ``price``, a field ``u`` and
            a field ``du`` at the value and at the gradient of ``u``.
        asks: "values" for an exercise that asks for the way forward: all but the inputs is hidden.
        name: tells two players of the same graph on one page apart.

    Returns:
        A widget that displays itself.
    """
    spec = graph_spec(output, backward=backward)
    if exercise is not None:
        spec["exercise"] = exercise
        if asks == "values":
            spec["asks"] = asks
    return figure(
        "graph_player",
        spec,
        title=title,
        height=(_height(spec, 654), _height(spec, 324)),
        name=name,
        draw=lambda: draw_graph(spec, title),
    )


def graph_spec(output: Value, *, backward: bool = True) -> Spec:
    """Turn a recorded computation into nodes and edges; the page makes steps of them.

    Args:
        output: the last value of the computation.
        backward: whether the figure goes back again, with the gradients.

    Returns:
        ``nodes`` with value, gradient and place, ``edges`` with local derivative and the
        gradient they send back, the ``layouts``, whether there is a way ``backward``, and whether
        the inputs are ``editable``: a page can compute every operation.
    """
    order = _topological_order(output)
    index = {id(value): at for at, value in enumerate(order)}
    nodes = [_node(value, is_output=value is output) for value in order]
    edges: list[Spec] = [
        {"from": index[id(parent)], "to": index[id(value)], "local": local, "slot": slot}
        for value in order
        for slot, (parent, local) in enumerate(zip(value.parents, value.local, strict=True))
    ]
    pairs = [(edge["from"], edge["to"]) for edge in edges]
    _sweep(nodes, edges)
    layouts = {"wide": layered(len(order), pairs), "narrow": narrow(len(order), pairs)}
    return {
        "nodes": nodes,
        "edges": edges,
        "backward": backward,
        "editable": all(KNOWN.fullmatch(node["kind"]) for node in nodes if node["kind"]),
        "layouts": {key: asdict(layout) for key, layout in layouts.items()},
    }


def _topological_order(output: Value) -> list[Value]:
    """Every value after the values that it was computed from, without recursion."""
    order: list[Value] = []
    seen: set[int] = set()
    stack: list[tuple[Value, bool]] = [(output, False)]
    while stack:
        value, parents_done = stack.pop()
        if parents_done:
            order.append(value)
        elif id(value) not in seen:
            seen.add(id(value))
            stack.append((value, True))
            stack.extend((parent, False) for parent in reversed(value.parents))
    return order


def _node(value: Value, *, is_output: bool) -> Spec:
    if value.parents:
        role = "output" if is_output else "step"
    else:
        role = "input" if value.label else "constant"
    symbol = SYMBOLS.get(value.op, value.op) if value.parents else ""
    if re.fullmatch(r"\*\*-?\d+", symbol):
        symbol = "x" + symbol[2:].translate(SUPERSCRIPT)
    return {
        "label": value.label,
        "op": symbol.replace("**", "^"),
        "kind": value.op if value.parents else "",
        "role": role,
        "value": float(value.data),
        "grad": 0.0,
    }


def _sweep(nodes: list[Spec], edges: list[Spec]) -> None:
    """Go back once: the gradient of every node, and what every edge sends."""
    into: list[list[Spec]] = [[] for _ in nodes]
    for edge in edges:
        into[edge["to"]].append(edge)
    nodes[-1]["grad"] = 1.0
    for node, arriving in zip(reversed(nodes), reversed(into), strict=True):
        for edge in arriving:
            edge["grad"] = edge["local"] * node["grad"]
            nodes[edge["from"]]["grad"] += edge["grad"]


def _height(spec: Spec, room: int) -> int:
    """Foresee how tall the script will draw the figure; the same sums as graph_player.js."""

    def card(size: float) -> float:
        texts = [
            text
            for node in spec["nodes"]
            for text in (
                node["label"] + ("  " if node["op"] else ""),
                number(node["value"]),
                f"∂ {number(node['grad'])}",
            )
        ]
        return max(len(text) for text in texts) * size * 0.6 + 14

    stage: float
    more = 16 if spec["editable"] or "exercise" in spec else 0
    wide, slim = spec["layouts"]["wide"], spec["layouts"]["narrow"]
    natural = wide["layers"] * (min(max(card(14), 76), 150) + 62) - 54
    phone = room < 480
    if room >= 520 and natural * 0.8 <= room:
        stage = (wide["width"] * (86 + more) + 98 + more) * min(1, room / natural)
    else:
        need = min(max(card(12.5 if phone else 14), 70), 112 if phone else 150)
        roomy = wide["width"] == 0 or (room - 6 - need) / wide["width"] >= need + 4
        layout = wide if roomy else slim
        width = min(need, max(74, (room - 6 - 4 * layout["width"]) / (layout["width"] + 1)))
        size = 12.5 if phone else 14
        folded = any(
            " " in node["label"] and len(node["label"]) * size * 0.6 > width - 6
            for node in spec["nodes"]
        )
        line = (97 if phone else 106) + (size + 4 if folded else 0) + more
        stage = layout["layers"] * line - (42 if phone else 44) + 24
    lock = (53 if phone else 46) if "exercise" in spec else 0
    return round(min(stage, TALLEST - 100 * phone) + (287 if phone else 184) + lock)


def draw_graph(spec: Spec, title: str) -> Picture:
    """Draw the finished computation: values and gradients, unless an exercise asks for them."""
    from matplotlib.figure import Figure

    backward = spec["backward"] and "exercise" not in spec
    asked = spec.get("asks") == "values"

    long = spec["layouts"]["wide"]["layers"] > 5
    layout = spec["layouts"]["narrow" if long else "wide"]
    layers, width = layout["layers"], layout["width"]
    # A long computation runs downwards, as in the script; side by side it would become tiny.
    size = (1.2 * width + 1.4, 0.95 * layers + 0.6) if long else (1.7 * layers + 0.6, width + 1.7)
    picture = Figure(figsize=size, layout="constrained")
    axes = picture.add_subplot()
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold", color=INK)
    extent, depth = (-0.55, layers - 0.45), (width + 0.55, -0.55)
    axes.set(xlim=depth[::-1] if long else extent, ylim=extent[::-1] if long else depth)
    axes.axis("off")

    def place(layer: float, across: float) -> tuple[float, float]:
        return (across, layer) if long else (layer, across)

    at = [place(*spot) for spot in zip(layout["layer"], layout["across"], strict=True)]
    for edge, bends in zip(spec["edges"], layout["bends"], strict=True):
        points = [at[edge["from"]], *(place(*bend) for bend in bends), at[edge["to"]]]
        across, down = zip(*points, strict=True)
        axes.plot(across, down, color=NEUTRAL, linewidth=1, zorder=1)
        if not backward:
            continue
        middle = len(points) // 2
        (x0, y0), (x1, y1) = points[middle - 1], points[middle]
        axes.text(
            (x0 + x1) / 2,
            (y0 + y1) / 2,
            f"×{number(edge['local'], 3)}",
            color=GRADIENT,
            fontsize=8,
            ha="center",
            va="center",
            bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1},
            zorder=2,
        )
    for node, (x, y) in zip(spec["nodes"], at, strict=True):
        heading = " ".join(part for part in (node["op"], node["label"]) if part)
        lines = [
            (heading, INK, "bold"),
            ("" if asked and node["kind"] else number(node["value"]), VALUE, "normal"),
            (f"∂ {number(node['grad'])}" if backward else "", GRADIENT, "normal"),
        ]
        lines = [line for line in lines if line[0]]
        axes.text(
            x,
            y,
            "\n".join("M" * 6 for _ in lines),
            alpha=0,
            fontsize=9,
            linespacing=1.25,
            ha="center",
            va="center",
            bbox={"boxstyle": "round,pad=0.35", "facecolor": "#f6f8fa", "edgecolor": NEUTRAL},
            zorder=3,
        )
        for line, (text, colour, weight) in enumerate(lines):
            axes.annotate(
                text,
                (x, y),
                (0, ((len(lines) - 1) / 2 - line) * 12.5),
                textcoords="offset points",
                ha="center",
                va="center",
                color=colour,
                fontweight=weight,
                fontsize=9,
                zorder=4,
            )
    return picture
