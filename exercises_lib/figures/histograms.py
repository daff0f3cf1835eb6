"""Chapter 9: what the first weights do to the signal, layer by layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from exercises_lib.nn import he, sigmoid, xavier

from .palette import VALUE, axes_of
from .widget import Spec, figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

TITLE = "Activations in five layers, for every way to begin"
SAMPLES, UNITS, LAYERS, BINS = 500, 100, 5, 30


def activation_histograms(*, name: str | None = None) -> Any:
    """Send the same batch through five untrained layers and look at what arrives.

    Args:
        name: tells two of these figures on one page apart.
    """
    spec = histograms_spec()
    return figure(
        "activation_histograms",
        spec,
        title=TITLE,
        height=(404, 966),
        name=name,
        draw=lambda: _draw(spec, TITLE),
    )


def histograms_spec() -> Spec:
    """Count activations for each activation function, initialisation and layer."""
    functions: dict[str, tuple[Callable[[Any], Any], float, float]] = {
        "tanh": (np.tanh, -1.0, 1.0),
        "sigmoid": (sigmoid, 0.0, 1.0),
        "ReLU": (lambda z: np.maximum(z, 0), 0.0, 3.0),
    }
    stds = {
        "N(0, 1)": 1.0,
        "N(0, 0.01²)": 0.01,
        "Xavier": xavier(UNITS, UNITS),
        "He": he(UNITS),
    }
    runs = []
    for function, (f, low, high) in functions.items():
        for start, std in stds.items():
            rng = np.random.default_rng(9)
            x = rng.standard_normal((SAMPLES, UNITS))
            layers = []
            for _ in range(LAYERS):
                x = f(x @ (std * rng.standard_normal((UNITS, UNITS))))
                counts, _ = np.histogram(np.clip(x, low, high), bins=BINS, range=(low, high))
                layers.append(
                    {
                        "counts": [int(count) for count in counts],
                        "mean": float(f"{x.mean():.3g}"),
                        "std": float(f"{x.std():.3g}"),
                    }
                )
            runs.append(
                {"function": function, "start": start, "low": low, "high": high, "layers": layers}
            )
    return {
        "start": {"function": "tanh", "start": "N(0, 1)"},
        "functions": list(functions),
        "starts": list(stds),
        "runs": runs,
        "samples": SAMPLES * UNITS,
    }


def _draw(spec: Spec, title: str) -> Picture:
    runs = [run for run in spec["runs"] if run["function"] == "tanh"]
    picture, axes = axes_of(
        title, columns=LAYERS, rows=len(runs), width=8.4, height=1.3, sharey=True
    )
    for row, run in enumerate(runs):
        edges = np.linspace(run["low"], run["high"], BINS + 1)
        for column, layer in enumerate(run["layers"]):
            panel = axes[row * LAYERS + column]
            panel.stairs(np.sqrt(layer["counts"]), edges, fill=True, color=VALUE)
            panel.set_yticks([])
            panel.set_title(f"std {layer['std']:g}", fontsize=8)
            if column == 0:
                panel.set_ylabel(run["start"], fontsize=9)
            if row == len(runs) - 1:
                panel.set_xlabel(f"layer {column + 1}", fontsize=9)
    return picture
