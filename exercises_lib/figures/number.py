"""How the figures write numbers; ``common.js`` writes them the same way."""

from __future__ import annotations

import math


def number(value: float, digits: int = 4) -> str:
    """Write a number with at most ``digits`` significant digits and a true minus sign."""
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:.{digits}g}"
    if "e" in text:
        mantissa, exponent = text.split("e")
        text = f"{mantissa}e{int(exponent)}"
    return ("0" if text == "-0" else text).replace("-", "−")
