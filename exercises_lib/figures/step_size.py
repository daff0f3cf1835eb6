"""Chapter 2: the two errors of a numerical derivative."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .palette import SERIES, axes_of
from .widget import Spec, figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

FUNCTIONS: list[tuple[str, Callable[[float], float], float, float]] = [
    ("exp(x) at x = 1", math.exp, 1.0, math.e),
    ("sin(x) at x = 1", math.sin, 1.0, math.cos(1.0)),
    ("x³ at x = 2", lambda x: x * x * x, 2.0, 12.0),
]
PER_DECADE = 4
TITLE = "Error of a numerical derivative for every step size"


def step_size_explorer(*, name: str | None = None) -> Any:
    """Drag the step size h and see which error rules: the curve's bend or rounding.

    Args:
        name: tells two of these figures on one page apart.
    """
    spec = step_size_spec()
    return figure(
        "step_size_explorer",
        spec,
        title=TITLE,
        height=(524, 824),
        name=name,
        draw=lambda: _draw(spec, TITLE),
    )


def step_size_errors() -> None:
    """Show the same errors as a plain picture."""
    from .pictures import show

    show(_draw(step_size_spec(), TITLE))


def step_size_spec() -> Spec:
    """Return, for each function and each h from 1e-1 to 1e-15, both approximations."""
    exponents = [-1 - at / PER_DECADE for at in range(14 * PER_DECADE + 1)]
    functions = []
    for label, f, x, exact in FUNCTIONS:
        forward, central = [], []
        for h in (10.0**exponent for exponent in exponents):
            forward.append(_result((f(x + h) - f(x)) / h, exact))
            central.append(_result((f(x + h) - f(x - h)) / (2 * h), exact))
        functions.append(
            {"label": label, "exact": f"{exact:.13f}", "forward": forward, "central": central}
        )
    return {"exponents": exponents, "functions": functions, "start": 4 * PER_DECADE}


def _result(value: float, exact: float) -> tuple[str, float]:
    """Return the digits to show and the error."""
    return f"{value:.13f}", float(f"{abs(value - exact):.3g}")


def _draw(spec: Spec, title: str) -> Picture:
    picture, (panel,) = axes_of(title)
    entry = spec["functions"][0]
    steps = [10.0**exponent for exponent in spec["exponents"]]
    for key, colour, style, marker in (
        ("forward", SERIES[1], "--", "s"),
        ("central", SERIES[0], "-", "o"),
    ):
        errors = [max(error, 1e-17) for _, error in entry[key]]
        panel.loglog(
            steps,
            errors,
            style,
            color=colour,
            marker=marker,
            markersize=3,
            label=f"{key} difference",
        )
    panel.invert_xaxis()
    panel.set(xlabel="step size h", ylabel="error", title=f"derivative of {entry['label']}")
    panel.legend(frameon=False)
    return picture
