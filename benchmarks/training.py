"""One training step of 784-50-10, batch 100, float32, side by side with the alternatives.

What is timed is what a step costs in a training loop: gather the batch, forward, backward, update,
and a 600th of the epoch's random order. The five bare matrix products are the part that no
implementation can avoid.
"""

from __future__ import annotations

import sys
import time
import warnings

from _common import arguments, budget, data_folder, interleaved, missing, table  # before NumPy

# isort: split
import numpy as np

from exercises_lib.data import load_digits, load_mnist
from exercises_lib.nn import SGD, TwoLayerNet, minibatches, train
from exercises_lib.nn.arrays import Array

D, H, C, BATCH, LR = 784, 50, 10, 100, 0.1
SAMPLES = 60_000


def ours(x: Array, t: Array, steps: int):
    """The library, as chapter 6 builds it."""
    rng = np.random.default_rng(0)
    net, optimiser = TwoLayerNet(D, H, C, rng, dtype=np.float32), SGD(LR)

    def run() -> None:
        for _, (xs, ts) in zip(range(steps), minibatches(x, t, BATCH, rng), strict=False):
            _loss, grads = net.loss_and_gradient(xs, ts)
            optimiser.update(net.params, grads)

    return run


def written_for_speed(x: Array, t: Array, steps: int):
    """One function, nothing allocated, nothing checked: as far as plain NumPy goes."""
    rng = np.random.default_rng(0)
    net = TwoLayerNet(D, H, C, rng, dtype=np.float32)
    W1, b1, W2, b2 = net.params.values()
    batch, rows, lr = np.empty((BATCH, D), np.float32), np.arange(BATCH), np.float32(LR)
    h, mask, dh = (np.empty((BATCH, H), np.float32) for _ in range(3))
    z, dW1, dW2 = np.empty((BATCH, C), np.float32), np.empty_like(W1), np.empty_like(W2)

    def run() -> None:
        order = rng.permutation(len(x))
        for i in range(steps):
            chosen = order[i * BATCH : (i + 1) * BATCH]
            x.take(chosen, axis=0, out=batch, mode="clip")
            labels = t.take(chosen)
            np.matmul(batch, W1, out=h)
            np.add(h, b1, out=h)
            np.greater(h, 0, out=mask, casting="unsafe")
            np.multiply(h, mask, out=h)
            np.matmul(h, W2, out=z)
            np.add(z, b2, out=z)
            np.subtract(z, z[rows, z.argmax(axis=1)][:, None], out=z)
            right = z[rows, labels]
            np.exp(z, out=z)
            total = z.sum(axis=1)
            _loss = float((np.log(total) - right).sum()) / BATCH
            np.divide(z, total[:, None], out=z)
            z[rows, labels] -= 1
            np.multiply(z, np.float32(1 / BATCH), out=z)
            np.matmul(h.T, z, out=dW2)
            np.matmul(z, W2.T, out=dh)
            np.multiply(dh, mask, out=dh)
            np.matmul(batch.T, dh, out=dW1)
            for p, g in ((W1, dW1), (b1, dh.sum(axis=0)), (W2, dW2), (b2, z.sum(axis=0))):
                np.multiply(g, lr, out=g)
                np.subtract(p, g, out=p)

    return run


def five_products(x: Array, t: Array, steps: int):
    """The matrix products of a step, and nothing else."""
    rng = np.random.default_rng(0)
    batch = np.ascontiguousarray(x[:BATCH])
    W1, W2, hidden, d_hidden, d_scores = (
        rng.standard_normal(shape, dtype=np.float32)
        for shape in [(D, H), (H, C), (BATCH, H), (BATCH, H), (BATCH, C)]
    )

    def run() -> None:
        for _ in range(steps):
            batch @ W1
            hidden @ W2
            hidden.T @ d_scores
            d_scores @ W2.T
            batch.T @ d_hidden

    return run


def pytorch(x: Array, t: Array, steps: int):
    """PyTorch as its tutorials show it: eager mode, nn.Sequential, optim.SGD."""
    import torch

    torch.set_num_threads(1)
    xs, ts = torch.from_numpy(x), torch.from_numpy(t)
    net = torch.nn.Sequential(torch.nn.Linear(D, H), torch.nn.ReLU(), torch.nn.Linear(H, C))
    loss_of = torch.nn.CrossEntropyLoss()
    optimiser = torch.optim.SGD(net.parameters(), lr=LR)

    def run() -> None:
        order = torch.randperm(len(xs))
        for i in range(steps):
            batch = order[i * BATCH : (i + 1) * BATCH]
            optimiser.zero_grad()
            loss = loss_of(net(xs[batch]), ts[batch])
            loss.backward()
            optimiser.step()
            loss.item()

    return run


def scikit_learn(x: Array, t: Array, steps: int):
    """scikit-learn's MLPClassifier: one partial_fit goes through its samples batch by batch."""
    from sklearn.neural_network import MLPClassifier

    net = MLPClassifier((H,), solver="sgd", learning_rate_init=LR, momentum=0, alpha=0,
                        batch_size=BATCH)  # fmt: skip
    rng = np.random.default_rng(0)
    net.partial_fit(x[:BATCH], t[:BATCH], classes=np.arange(C))

    def run() -> None:
        some = rng.permutation(len(x))[: steps * BATCH]
        net.partial_fit(x[some], t[some])

    return run


def jax_scan(x: Array, t: Array, steps: int):
    """JAX, all steps compiled into one scan."""
    import jax
    import jax.numpy as jnp

    xs, ts = jnp.asarray(x), jnp.asarray(t)
    rng = np.random.default_rng(0)
    params = {
        "W1": jnp.asarray(0.01 * rng.standard_normal((D, H)), jnp.float32),
        "b1": jnp.zeros(H),
        "W2": jnp.asarray(0.01 * rng.standard_normal((H, C)), jnp.float32),
        "b2": jnp.zeros(C),
    }

    def loss(p, x, t):
        hidden = jax.nn.relu(x @ p["W1"] + p["b1"])
        log_y = jax.nn.log_softmax(hidden @ p["W2"] + p["b2"])
        return -log_y[jnp.arange(BATCH), t].mean()

    @jax.jit
    def scan(params, batches):
        def step(p, batch):
            value, g = jax.value_and_grad(loss)(p, xs[batch], ts[batch])
            return jax.tree.map(lambda p, g: p - LR * g, p, g), value

        return jax.lax.scan(step, params, batches)

    def run() -> None:
        batches = rng.permutation(len(x))[: steps * BATCH].reshape(steps, BATCH)
        jax.block_until_ready(scan(params, batches))

    return run


def accuracies(quick: bool) -> bool:
    """Print what the network reaches on the data of the course."""
    print("\nAccuracy on the test set")
    rng = np.random.default_rng(0)
    start = time.perf_counter()
    net = TwoLayerNet(64, H, C, rng, std=0.1)
    train(net, *(d := load_digits()), epochs=40, batch_size=50, optimiser=SGD(0.5), rng=rng)
    reached = net.accuracy(d.x_test, d.t_test)
    took = time.perf_counter() - start
    print(f"  digits, 64-50-10, 40 epochs: {reached:.4f} in {took:.2f} s")
    good = budget("digits", reached, 0.97)
    folder = data_folder()
    if folder is None or not (folder / "mnist").is_dir():
        print("  MNIST: the data are not here; set BACKPROP_DATA to their folder")
        return good
    steps = 2_000 if quick else 10_000
    d = load_mnist()
    rng = np.random.default_rng(0)
    net, optimiser = TwoLayerNet(D, H, C, rng, dtype=np.float32), SGD(LR)
    start = time.perf_counter()
    done = 0
    while done < steps:
        for x, t in minibatches(d.x_train, d.t_train, BATCH, rng):
            optimiser.update(net.params, net.gradient(x, t))
            done += 1
            if done == steps:
                break
    took = time.perf_counter() - start
    reached = net.accuracy(d.x_test, d.t_test)
    print(f"  MNIST, 784-50-10, {steps} steps: {reached:.4f} in {took:.1f} s")
    return good if quick else budget("MNIST", reached, 0.968) and good


def main() -> int:
    """Measure, print, and return 1 if a budget is not kept."""
    args = arguments(__doc__.splitlines()[0])
    steps, rounds = (100, 7) if args.quick else (SAMPLES // BATCH, 15)
    rng = np.random.default_rng(1)
    x = rng.random((SAMPLES, D), dtype=np.float32)
    t = rng.integers(0, C, SAMPLES)
    contenders = {}
    print("784-50-10, batch 100, float32, one thread")
    for name, make in {
        "this library": ours,
        "PyTorch eager": pytorch,
        "scikit-learn MLPClassifier.partial_fit": scikit_learn,
        "JAX, compiled scan": jax_scan,
        "NumPy, written for speed alone": written_for_speed,
        "five bare matrix products": five_products,
    }.items():
        try:
            contenders[name] = make(x, t, steps)
        except ImportError:
            missing(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        seconds = interleaved(contenders, rounds)
    seconds = {name: s / steps for name, s in seconds.items()}
    five, mine = seconds["five bare matrix products"], seconds["this library"]
    eager = seconds.get("PyTorch eager")
    ratios = {"products' share": lambda s: five / s}
    if eager is not None:
        ratios = {"x PyTorch eager": lambda s: eager / s, **ratios}
    table("One step: median of interleaved runs", seconds, ("us", 1e6), ratios)
    print("  The lead over PyTorch is PyTorch's cost per operation: larger at batch 1, and gone at")
    print("  batch 500 with 1024 hidden units.")
    good = budget("share of the bare products", five / mine, 0.62)
    if eager is not None:
        good = budget("x PyTorch eager", eager / mine, 2.3) and good
    return 0 if accuracies(args.quick) and good else 1


if __name__ == "__main__":
    sys.exit(main())
