"""Gradient check of 784-50-10 with 3 samples: the plain loop against the structured check."""

from __future__ import annotations

import sys

from _common import arguments, budget, interleaved, table  # before NumPy

# isort: split
import numpy as np

from exercises_lib.nn import TwoLayerNet, fast_gradient_check, gradient_check


def main() -> int:
    """Measure, print, and return 1 if a budget is not kept."""
    args = arguments(__doc__)
    rng = np.random.default_rng(0)
    net = TwoLayerNet(784, 50, 10, rng)
    # Pixels from 0 to 1, four fifths of them paper, as in MNIST.
    x = rng.random((3, 784)) * (rng.random((3, 784)) < 0.2)
    t = np.array([5, 0, 4])
    print(f"{sum(p.size for p in net.params.values()):,} parameters, 3 samples, float64")

    errors: dict[str, float] = {}

    def plain() -> None:
        errors["plain loop"] = max(gradient_check(net, x, t).values())

    def fast() -> None:
        errors["structured"] = max(fast_gradient_check(net, x, t).values())

    rounds = 1 if args.quick else 5
    seconds = interleaved({"plain loop": plain, "structured": fast}, rounds, warm_up=0)
    table(
        "Whole check",
        seconds,
        ("ms", 1e3),
        {"x plain loop": lambda s: seconds["plain loop"] / s},
    )
    for name, error in errors.items():
        # Relative, with a floor of 1e-3: near zero it is a thousand times the difference.
        print(f"  {name}: largest error {error:.1e}")
    good = budget("x plain loop", seconds["plain loop"] / seconds["structured"], 140)
    if max(errors.values()) >= 1e-6:
        print("  BELOW BUDGET: the relative error must stay below 1e-6")
        good = False
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
