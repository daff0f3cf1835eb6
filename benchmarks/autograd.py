"""Forward and backward of 2-16-16-1 on 100 points, by the course's engines and by others."""

from __future__ import annotations

import gc
import importlib
import random
import sys
from collections.abc import Callable
from itertools import pairwise

from _common import arguments, budget, interleaved, missing, table  # before NumPy

# isort: split
import numpy as np

from exercises_lib.data import load_digits
from exercises_lib.nn import (
    SGD,
    SoftmaxWithLoss,
    Tensor,
    TwoLayerNet,
    Value,
    tensor_cross_entropy,
)

# `import autograd` would find this very file.
sys.path = [p for p in sys.path if not p.endswith("benchmarks")]
sys.modules.pop("autograd", None)

SIZES, POINTS = (2, 16, 16, 1), 100


def scalars(make: Callable, weights: list, points: list) -> Callable[[], list[float]]:
    """A network of single numbers, with any engine that knows +, * and relu."""
    layers = [([[make(w) for w in row] for row in W], [make(b) for b in bs]) for W, bs in weights]
    leaves = [v for W, bs in layers for v in [*(w for row in W for w in row), *bs]]

    def run() -> list[float]:
        for leaf in leaves:
            leaf.grad = 0.0
        loss = make(0.0)
        for point in points:
            a = [make(x) for x in point]
            for k, (W, bs) in enumerate(layers, start=1):
                z = []
                for row, b in zip(W, bs, strict=True):
                    total = b
                    for w, x in zip(row, a, strict=True):
                        total = total + w * x
                    z.append(total.relu() if k < len(layers) else total)
                a = z
            loss = loss + a[0] * a[0]
        loss.backward()
        return [leaf.grad for leaf in leaves]

    return run


def our_arrays(arrays: list, x: np.ndarray) -> Callable[[], list]:
    """The course's array engine."""
    params = [Tensor(a) for a in arrays]

    def run() -> list:
        a = x
        for k in range(0, len(params), 2):
            a = a @ params[k] + params[k + 1]
            if k + 2 < len(params):
                a = a.relu()
        for p in params:
            p.zero_grad()
        (a * a).sum().backward()
        return [p.grad for p in params]

    return run


def hips_autograd(arrays: list, x: np.ndarray) -> Callable[[], list]:
    """HIPS autograd, which differentiates NumPy code."""
    autograd = importlib.import_module("autograd")
    anp = importlib.import_module("autograd.numpy")

    def loss(params):
        a = x
        for k in range(0, len(params), 2):
            a = anp.dot(a, params[k]) + params[k + 1]
            if k + 2 < len(params):
                a = anp.maximum(a, 0)
        return anp.sum(a * a)

    gradient = autograd.grad(loss)
    return lambda: gradient(arrays)


def pytorch(arrays: list, x: np.ndarray) -> Callable[[], list]:
    """PyTorch in eager mode."""
    import torch

    torch.set_num_threads(1)
    params = [torch.tensor(a, requires_grad=True) for a in arrays]
    points = torch.tensor(x)

    def run() -> list:
        a = points
        for k in range(0, len(params), 2):
            a = a @ params[k] + params[k + 1]
            if k + 2 < len(params):
                a = a.relu()
        for p in params:
            p.grad = None
        (a * a).sum().backward()
        return [p.grad for p in params]

    return run


def layers_by_hand(x: np.ndarray, t: np.ndarray) -> Callable[[], list]:
    """A training step of the digits network, 64-50-10, with layers whose backward is written."""
    net, optimiser = TwoLayerNet(64, 50, 10, np.random.default_rng(0), std=0.1), SGD(0.0)

    def run() -> list:
        _loss, grads = net.loss_and_gradient(x, t)
        optimiser.update(net.params, grads)
        return list(grads.values())

    return run


def digits_step(
    x: np.ndarray, t: np.ndarray, loss_of: Callable[[Tensor, np.ndarray], Tensor]
) -> Callable[[], list]:
    """The same step, with no backward code but the engine's."""
    net = TwoLayerNet(64, 50, 10, np.random.default_rng(0), std=0.1)
    params = W1, b1, W2, b2 = [Tensor(array) for array in net.params.values()]

    def run() -> list:
        loss = loss_of((x @ W1 + b1).relu() @ W2 + b2, t)
        for p in params:
            p.zero_grad()
        loss.backward()
        for p in params:
            p.data -= 0.0 * p.grad
        return [p.grad for p in params]

    return run


def one_node(scores: Tensor, t: np.ndarray) -> Tensor:
    """Softmax with loss as a single node, as chapter 10 makes one of any layer."""
    last = SoftmaxWithLoss()
    return Tensor(last.forward(scores.data, t), (scores,), (last.backward,))


def same(name: str, found: list, expected: list) -> None:
    """A contender with other gradients does not count."""
    for a, b in zip(found, expected, strict=True):
        if not np.allclose(a, b, rtol=1e-9, atol=1e-9):
            raise SystemExit(f"{name} finds other gradients")


def main() -> int:
    """Measure, print, and return 1 if a budget is not kept."""
    args = arguments(__doc__)
    rng = np.random.default_rng(0)
    draw = random.Random(0)
    x = rng.uniform(-1, 1, (POINTS, SIZES[0]))
    arrays = []
    for d, m in pairwise(SIZES):
        arrays += [rng.uniform(-1, 1, (d, m)), rng.uniform(-1, 1, m)]
    weights = [
        ([[draw.uniform(-1, 1) for _ in range(d)] for _ in range(m)], [0.0] * m)
        for d, m in pairwise(SIZES)
    ]
    points = x.tolist()
    good = True
    print("2-16-16-1 on 100 points, forward and backward, float64, one thread")

    contenders = {"this library, Value": scalars(Value, weights, points)}
    try:
        from micrograd.engine import Value as Micrograd

        contenders["micrograd"] = scalars(Micrograd, weights, points)
        same("micrograd", contenders["micrograd"](), contenders["this library, Value"]())
    except ImportError:
        missing("micrograd")
    rounds = 3 if args.quick else 11
    seconds = interleaved(contenders, rounds)
    mine = seconds["this library, Value"]
    table("Scalars", seconds, ("ms", 1e3), {"x this library": lambda s: s / mine})
    if "micrograd" in seconds:
        good = budget("x micrograd", seconds["micrograd"] / mine, 10)
        gc.disable()
        try:
            without = interleaved(contenders, 1 if args.quick else 3, warm_up=0)
        finally:
            gc.enable()
        table(
            "Scalars, garbage collector off",
            without,
            ("ms", 1e3),
            {"x this library": lambda s: s / without["this library, Value"]},
        )
        print("  micrograd makes about six objects per number that the collector must visit, this")
        print("  library one: with the collector on, as installed, that is most of the lead.")

    contenders = {}
    for name, make in {
        "this library, Tensor": our_arrays,
        "HIPS autograd": hips_autograd,
        "PyTorch eager": pytorch,
    }.items():
        try:
            contenders[name] = make(arrays, x)
        except ImportError:
            missing(name)
            continue
        same(name, contenders[name](), contenders["this library, Tensor"]())
    seconds = interleaved(contenders, 15 if args.quick else 51, warm_up=5, calls=20)
    mine = seconds["this library, Tensor"]
    table("Arrays", seconds, ("ms", 1e3), {"x this library": lambda s: s / mine})
    if "HIPS autograd" in seconds:
        good = budget("x HIPS autograd", seconds["HIPS autograd"] / mine, 3) and good

    digits = load_digits()
    x, t = digits.x_train[:50], digits.t_train[:50]
    contenders = {
        "layers by hand": layers_by_hand(x, t),
        "Tensor, loss as one node": digits_step(x, t, one_node),
        "Tensor, loss by operations": digits_step(x, t, tensor_cross_entropy),
    }
    for name, run in contenders.items():
        same(name, run(), contenders["layers by hand"]())
    seconds = interleaved(contenders, 15 if args.quick else 51, warm_up=5, calls=50)
    hand = seconds["layers by hand"]
    table("A step of the digits network", seconds, ("ms", 1e3), {"x by hand": lambda s: s / hand})
    most = seconds["Tensor, loss as one node"] / hand
    good = budget("by hand / Tensor", 1 / most, 1 / 1.5) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
