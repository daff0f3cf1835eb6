"""Chapter 1: what the gradient predicts, beside what really happens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .palette import GRADIENT, NEUTRAL, VALUE, axes_of
from .widget import Spec, figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture


def price_slider(
    price: float = 100.0, count: float = 2.0, tax: float = 1.1, *, name: str | None = None
) -> Any:
    """Move an input of the apple shop and compare the true change with the predicted one.

    Moving one input changes the total in proportion, so gradient times change is exact; moving
    price and count together is not linear, and the prediction falls short.

    Args:
        price: the price of one apple.
        count: how many apples.
        tax: the factor that adds the tax.
        name: tells two figures with the same numbers on one page apart.
    """
    spec = price_spec(price, count, tax)
    title = "Move an input: what the gradient predicts, and what happens"
    return figure(
        "price_slider",
        spec,
        title=title,
        height=(494, 770),
        name=name,
        draw=lambda: _draw(spec, title),
    )


def price_spec(price: float, count: float, tax: float) -> Spec:
    """Return the inputs with their gradients, and the ways to move them (in per cent)."""
    total = price * count * tax
    inputs = [
        {"key": "price", "value": price, "grad": count * tax},
        {"key": "count", "value": count, "grad": price * tax},
        {"key": "tax", "value": tax, "grad": price * count},
    ]
    moves = [
        {"label": "price", "keys": ["price"]},
        {"label": "count", "keys": ["count"]},
        {"label": "tax", "keys": ["tax"]},
        {"label": "price and count", "keys": ["price", "count"]},
        {"label": "all three", "keys": ["price", "count", "tax"]},
    ]
    return {"inputs": inputs, "moves": moves, "total": total, "start": {"move": 0, "percent": 20}}


def _draw(spec: Spec, title: str) -> Picture:
    import numpy as np

    picture, axes = axes_of(title, columns=2)
    percent = np.linspace(-60, 60, 121)
    for panel, move in zip(axes, (spec["moves"][0], spec["moves"][3]), strict=True):
        power = len(move["keys"])
        slope = sum(entry["value"] * entry["grad"] for entry in spec["inputs"][:power])
        panel.plot(
            percent, spec["total"] * (1 + percent / 100) ** power, color=VALUE, label="true total"
        )
        panel.plot(
            percent,
            spec["total"] + slope * percent / 100,
            color=GRADIENT,
            linestyle="--",
            label="∂ predicts",
        )
        panel.plot([0], [spec["total"]], "o", color=NEUTRAL)
        panel.set(xlabel=f"{move['label']} raised by %", ylabel="total")
        panel.legend(frameon=False)
    return picture
