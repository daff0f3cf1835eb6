"""Train 784-50-10 on MNIST from five starts and record the curves that chapter 06 shows.

    BACKPROP_DATA=… python benchmarks/record_mnist.py

writes exercises_lib/data/mnist_recorded.json. The data must be at hand; see `backprop doctor`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from _common import arguments  # before NumPy

# isort: split
import numpy as np

from exercises_lib.data import Dataset, load_mnist
from exercises_lib.nn import SGD, TwoLayerNet, minibatches

STEPS, BATCH, RATE, STD = 10_000, 100, 0.1, 0.01
TARGET = Path(__file__).parents[1] / "exercises_lib" / "data" / "mnist_recorded.json"


def training(d: Dataset, seed: int) -> dict[str, list[float]]:
    """Return the mean loss of every 100 steps, and both accuracies every 500 steps."""
    rng = np.random.default_rng(seed)
    net, optimiser = TwoLayerNet(784, 50, 10, rng, std=STD, dtype=np.float32), SGD(RATE)
    losses: list[float] = []
    found: dict[str, list[float]] = {"train_accuracy": [], "test_accuracy": []}
    while len(losses) < STEPS:
        for x, t in minibatches(d.x_train, d.t_train, BATCH, rng):
            loss, grads = net.loss_and_gradient(x, t)
            optimiser.update(net.params, grads)
            losses.append(loss)
            if len(losses) % 500 == 0:
                found["train_accuracy"].append(net.accuracy(d.x_train, d.t_train))
                found["test_accuracy"].append(net.accuracy(d.x_test, d.t_test))
            if len(losses) == STEPS:
                break
    means = np.reshape(losses, (-1, 100)).mean(axis=1)
    return {
        "loss": [round(float(loss), 4) for loss in means],
        **{name: [round(value, 4) for value in values] for name, values in found.items()},
    }


def main() -> int:
    """Train, write, and print what was reached."""
    arguments(__doc__.splitlines()[0])
    d = load_mnist(download=False)
    runs = {str(seed): training(d, seed) for seed in range(5)}
    recorded = {
        "made_with": "python benchmarks/record_mnist.py",
        "settings": {"steps": STEPS, "batch": BATCH, "rate": RATE, "std": STD, "dtype": "float32"},
        "runs": runs,
    }
    TARGET.write_text(json.dumps(recorded) + "\n", encoding="utf-8")
    print("test accuracies:", *(run["test_accuracy"][-1] for run in runs.values()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
