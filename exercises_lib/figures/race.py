"""Chapter 9: five optimisers on one valley."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from exercises_lib.nn import SGD, AdaGrad, Adam, Momentum, RMSProp

from .palette import DASHES, MARKERS, NEUTRAL, SERIES, axes_of
from .widget import Spec, figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

TITLE = "Five optimisers in a long valley"
START = (-7.0, 2.0)
STEPS = 60


def optimiser_race(*, name: str | None = None) -> Any:
    """Race SGD, Momentum, AdaGrad, RMSProp and Adam down L(x, y) = x²/20 + y².

    Args:
        name: tells two of these figures on one page apart.
    """
    spec = race_spec()
    return figure(
        "optimiser_race",
        spec,
        title=TITLE,
        height=(459, 847),
        name=name,
        draw=lambda: _draw(spec, TITLE),
    )


def race_spec() -> Spec:
    """Walk every optimiser from the same start with a rate that suits it."""
    runners: list[tuple[str, float, Any]] = [
        ("SGD", 0.9, SGD(lr=0.9)),
        ("Momentum", 0.1, Momentum(lr=0.1)),
        ("AdaGrad", 1.0, AdaGrad(lr=1.0)),
        ("RMSProp", 0.2, RMSProp(lr=0.2, alpha=0.9)),
        ("Adam", 0.3, Adam(lr=0.3)),
    ]
    paths = []
    for label, rate, optimiser in runners:
        params = {"p": np.array(START)}
        path = [params["p"].copy()]
        for _ in range(STEPS):
            optimiser.update(params, {"p": params["p"] * np.array([0.1, 2.0])})
            path.append(params["p"].copy())
        paths.append(
            {
                "label": label,
                "rate": rate,
                "path": [[float(f"{value:.5g}") for value in point] for point in path],
            }
        )
    return {"runners": paths, "steps": STEPS, "start": 0}


def _draw(spec: Spec, title: str) -> Picture:
    picture, (panel,) = axes_of(title)
    x, y = np.meshgrid(np.linspace(-8, 4, 121), np.linspace(-3, 3, 61))
    levels = [0.05, 0.2, 0.6, 1.2, 2, 3, 4.5, 6.5, 9]
    panel.contour(x, y, x**2 / 20 + y**2, levels=levels, colors=NEUTRAL, linewidths=0.5)
    for at, runner in enumerate(spec["runners"]):
        path = np.array(runner["path"])[:31]
        panel.plot(
            path[:, 0],
            path[:, 1],
            color=SERIES[at],
            linestyle=DASHES[at],
            marker=MARKERS[at],
            markersize=3,
            linewidth=1.2,
            label=f"{runner['label']} (rate {runner['rate']:g})",
        )
    panel.plot([0], [0], "+", color="black", markersize=12)
    panel.set(xlabel="x", ylabel="y", xlim=(-8, 4), ylim=(-3, 3))
    panel.legend(edgecolor="none", framealpha=0.9, fontsize=9, loc="lower right")
    return picture
