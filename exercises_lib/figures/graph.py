"""The graph player: a recorded computation, forward and backward, step by step."""

from __future__ import annotations

import math
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
INFIX = {"+", "−", "×", "÷"}


def graph_player(
    output: Value, *, title: str, backward: bool = True, name: str | None = None
) -> Any:
    """Show how a value was computed, and how its gradient flows back to every input.

    The graph is only read: gradients that it already holds stay as they are.

    Args:
        output: the end of a computation recorded by :class:`exercises_lib.nn.Value`. Names
            come from the values' labels; a value without a label shows its operation.
        title: heads the figure.
        backward: False shows the way forward only, for a page that asks for the gradients.
        name: tells two players of the same graph on one page apart.

    Returns:
        A widget that displays itself.
    """
    spec = graph_spec(output, backward=backward)
    return figure(
        "graph_player",
        spec,
        title=title,
        height=(_height(spec, 654), _height(spec, 324)),
        name=name,
        draw=lambda: draw_graph(spec, title),
    )


def graph_spec(output: Value, *, backward: bool = True) -> Spec:
    """Turn a recorded computation into nodes, edges and steps.

    Args:
        output: the last value of the computation.
        backward: whether the steps go back again, with the gradients.

    Returns:
        ``nodes`` with value, gradient and place, ``edges`` with local derivative and the
        gradient they send back, and ``steps``, each with a sentence that says what happens.
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
    layouts = {"wide": layered(len(order), pairs), "narrow": narrow(len(order), pairs)}
    steps = _forward_steps(nodes, edges)
    if backward:
        steps += _backward_steps(nodes, edges)
    return {
        "nodes": nodes,
        "edges": edges,
        "steps": steps,
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
        "role": role,
        "value": float(value.data),
        "grad": 0.0,
    }


def _name(node: Spec) -> str:
    """What a sentence calls this node."""
    if node["label"]:
        return str(node["label"])
    return number(node["value"]) if node["role"] == "constant" else f"the {node['op']} node"


def _expression(op: str, terms: list[str]) -> str:
    """Write an operation with its operands, as a reader would."""
    if len(terms) == 2 and op in INFIX:
        # A minus sign right behind an operator needs its brackets.
        right = f"({terms[1]})" if terms[1].startswith("−") else terms[1]
        return f"{terms[0]} {op} {right}"
    if op == "−":
        return f"−({terms[0]})" if terms[0].startswith("−") else f"−{terms[0]}"
    if op == "1/x":
        return f"1 / {terms[0]}" if not terms[0].startswith("−") else f"1 / ({terms[0]})"
    if op.startswith(("^", "x")):
        base = f"({terms[0]})" if terms[0].startswith("−") else terms[0]
        return base + op.removeprefix("x")
    return f"{op}({', '.join(terms)})"


def _forward_steps(nodes: list[Spec], edges: list[Spec]) -> list[Spec]:
    inputs = [at for at, node in enumerate(nodes) if node["role"] in ("input", "constant")]
    named = [nodes[at] for at in inputs if nodes[at]["role"] == "input"]
    given = ", ".join(f"{node['label']} = {number(node['value'])}" for node in named)
    steps: list[Spec] = [
        {
            "phase": "forward",
            "nodes": inputs,
            "edges": [],
            "text": f"The inputs are given: {given}." if given else "The inputs are given.",
        }
    ]
    for at, node in enumerate(nodes):
        into = [number_ for number_, edge in enumerate(edges) if edge["to"] == at]
        if not into:
            continue
        sources = [nodes[edges[edge]["from"]] for edge in into]
        result = number(node["value"])
        by_number = _expression(node["op"], [number(source["value"]) for source in sources])
        if by_number != result or not node["label"]:  # n = −z at z = 1 is −1 already
            by_number += f" = {result}"
        if all(source["label"] for source in sources) and node["label"]:
            by_name = _expression(node["op"], [_name(source) for source in sources])
            node["forward"] = f"{node['label']} = {by_name} = {by_number}"
        else:
            lead = f"{node['label']} = " if node["label"] else ""
            node["forward"] = f"{lead}{by_number}"
        steps.append(
            {
                "phase": "forward",
                "nodes": [at],
                "edges": into,
                "text": f"Forward: {node['forward']}.",
            }
        )
    return steps


def _backward_steps(nodes: list[Spec], edges: list[Spec]) -> list[Spec]:
    end = len(nodes) - 1
    goal = nodes[end]["label"] or "output"
    nodes[end]["grad"] = 1.0
    nodes[end]["backward"] = [f"∂{goal}/∂{goal} = 1: here the way back begins."]
    steps: list[Spec] = [
        {
            "phase": "backward",
            "nodes": [end],
            "edges": [],
            "grads": {end: "1"},
            "text": f"Backward begins at the end: ∂{goal}/∂{goal} = 1.",
        }
    ]
    uses = [0] * len(nodes)
    received: list[list[float]] = [[] for _ in nodes]
    for edge in edges:
        uses[edge["from"]] += 1
    for at in reversed(range(len(nodes))):
        node = nodes[at]
        into = [number_ for number_, edge in enumerate(edges) if edge["to"] == at]
        if not into:
            continue
        sentences, shown = [], {}
        for number_ in into:
            edge = edges[number_]
            source = edge["from"]
            upstream, local = node["grad"], edge["local"]
            sent = local * upstream
            edge["grad"] = sent
            received[source].append(sent)
            nodes[source]["grad"] += sent
            product = f"{number(local)} × {_bracketed(upstream)} = {number(sent)}"
            line = f"local {number(local)} × upstream {_bracketed(upstream)} = {number(sent)}"
            nodes[source].setdefault("backward", []).append(
                line + (f"  (through {_name(node)})" if uses[source] > 1 else "")
            )
            parts = received[source]
            shown[source] = _sum(parts)
            sentence = f"{_name(nodes[source])} gets {product}"
            if len(parts) > 1:
                sentence += f", added to what is there: {_sum(parts)}"
            sentences.append(sentence)
        steps.append(
            {
                "phase": "backward",
                "nodes": list(dict.fromkeys(edges[edge]["from"] for edge in into)),
                "from": at,
                "edges": into,
                "grads": shown,
                "text": f"Backward through {_name(node)}: {'; '.join(sentences)}.",
            }
        )
    for at, node in enumerate(nodes):
        if len(received[at]) > 1:
            node["backward"].append(f"used {len(received[at])} times, so add: {_sum(received[at])}")
    found = ", ".join(
        f"{node['label']} {number(node['grad'])}" for node in nodes if node["role"] == "input"
    )
    steps.append(
        {
            "phase": "done",
            "nodes": [],
            "edges": [],
            "text": f"One sweep back has found the derivative of {goal} for every input: {found}.",
        }
    )
    return steps


def _bracketed(value: float) -> str:
    text = number(value)
    return f"({text})" if text.startswith("−") else text


def _sum(parts: list[float]) -> str:
    if len(parts) == 1:
        return number(parts[0])
    terms = " + ".join([number(parts[0]), *(_bracketed(part) for part in parts[1:])])
    return f"{terms} = {number(sum(parts))}"


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
    wide, slim = spec["layouts"]["wide"], spec["layouts"]["narrow"]
    natural = wide["layers"] * (min(max(card(14), 76), 150) + 62) - 54
    phone = room < 480
    if room >= 520 and natural * 0.8 <= room:
        stage = (wide["width"] * 86 + 98) * min(1, room / natural)
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
        line = (97 if phone else 106) + (size + 4 if folded else 0)
        stage = layout["layers"] * line - (42 if phone else 44) + 24
    texts = [step["text"] for step in spec["steps"]]
    texts += [
        f"{node.get('forward', node['label'] + ' = 0.1234, given')}. Gradient: {'; '.join(lines)}."
        for node in spec["nodes"]
        if (lines := node.get("backward"))
    ]
    lines_of_text = math.ceil(max(map(len, texts)) * 6.2 / room)
    return round(stage + lines_of_text * 22 + (161 if phone else 119))


def draw_graph(spec: Spec, title: str) -> Picture:
    """Draw the finished computation: every value, every gradient, every local derivative."""
    from matplotlib.figure import Figure

    backward = any(step["phase"] == "backward" for step in spec["steps"])

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
            (number(node["value"]), VALUE, "normal"),
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
