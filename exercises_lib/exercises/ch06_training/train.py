"""ch06.train: the training loop."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch06_training._epochs import labelled, unstable
from exercises_lib.exercises.ch06_training._training import judge_losses, judge_steps, train_mistake
from exercises_lib.probes import ch06 as probes


def train(net, x, t, epochs, batch_size, lr, rng):
    losses = []
    for _ in range(epochs):
        for xs, ts in nn.minibatches(x, t, batch_size, rng):
            loss, grads = net.loss_and_gradient(xs, ts)
            for name in net.params:
                net.params[name] -= lr * grads[name]
            losses.append(loss)
    return losses


def train_with_own_order(net, x, t, epochs, batch_size, lr, rng):
    """Right: two calls instead of one, its own permutation, an optimiser of the library."""
    n, optimiser, losses = len(x), nn.SGD(lr), []
    each = -(-n // batch_size)
    for step in range(epochs * each):
        if step % each == 0:
            order = np.argsort(rng.random(n))
        batch = order[step % each * batch_size :][:batch_size]
        losses.append(net.loss(x[batch], t[batch]))
        optimiser.update(net.params, net.gradient(x[batch], t[batch]))
    return np.array(losses)


def train_on_shuffled_copies(net, x, t, epochs, batch_size, lr, rng):
    """Right: the copies are shuffled, epoch after epoch."""
    losses = []
    for _ in range(epochs):
        order = rng.permutation(len(x))
        x, t = x[order], t[order]
        for start in range(0, len(x), batch_size):
            part = slice(start, start + batch_size)
            loss, grads = net.loss_and_gradient(x[part], t[part])
            for name in net.params:
                net.params[name] -= lr * grads[name]
            losses.append(float(loss))
    return tuple(losses)


def draw_train(rng: np.random.Generator) -> Iterator[Case]:
    def case(n: int, size: int, epochs: int, note: str) -> Case:
        x, t = labelled(rng, n)["x"], rng.permutation(np.arange(n) % 3)
        start = {"W": rng.normal(size=(2, 3)), "b": rng.normal(size=3)}
        options = {"epochs": epochs, "batch_size": size, "lr": float(rng.uniform(0.1, 0.5))}
        return Case({**start, "x": x, "t": t, **options, "seed": int(rng.integers(2**31))}, note)

    yield case(14, 4, 3, "14 samples, 4 at a time, 3 epochs")
    yield case(12, 6, 2, "12 samples, 6 at a time, 2 epochs")


wrong = Mistakes(train)

wrong.swap(
    "a generator of its own",
    "nn.minibatches(x, t, batch_size, rng)",
    "nn.minibatches(x, t, batch_size, np.random.default_rng())",
).says(
    "Two runs with the same `rng` differ: the order comes from another source. Pass `rng` on.",
    recognise=unstable,
)

wrong.swap("parameters never change", "-= lr", "= net.params[name] - lr").says(
    """Your updates go into new arrays, or nowhere: the network still holds the old ones. Change the
    arrays of `net.params` in place.""",
    recognise=train_mistake("frozen"),
)

wrong.answer(
    "no gradient", lambda net, x, t, epochs, batch_size, lr, rng: [net.loss(x, t)] * epochs
).says(
    "You never ask the network for a gradient. Without one there is nothing to step along.",
    recognise=train_mistake("none"),
)

wrong.swap("labels not picked along", "(xs, ts)", "(xs, t[: len(xs)])").says(
    """You pick samples with the batch's numbers, and labels by position. Both need the same
    numbers, or every picture gets a random meaning.""",
    recognise=train_mistake("labels", "lengths"),
)

wrong.swap("whole training set in every step", "(xs, ts)", "(x, t)").says(
    "You go through the batches, but every step uses all the samples.",
    recognise=train_mistake("whole"),
)

wrong.swap(
    "the same batch for ever",
    ("losses = []", "losses, batch = [], rng.choice(len(x), batch_size)"),
    ("(xs, ts)", "(x[batch], t[batch])"),
).says(
    """You draw a batch once, outside the loop, and train on it for ever. The network gets to know
    these samples only.""",
    recognise=train_mistake("forever"),
)

wrong.swap("one epoch only", "range(epochs)", "range(1)").says(
    """You go through the training set once, whatever `epochs` says. Or does a `return` stand inside
    the loop?""",
    recognise=train_mistake("one epoch"),
)

wrong.swap(
    "drawn with replacement",
    "loss, grads = net.loss_and_gradient(xs, ts)",
    """
    chosen = rng.integers(0, len(x), len(xs))
    loss, grads = net.loss_and_gradient(x[chosen], t[chosen])""",
).says(
    """Your batches are drawn anew at each step, so an epoch sees some samples twice and others not
    at all. `minibatches` cuts one random order into pieces.""",
    recognise=train_mistake("replacement"),
)

wrong.swap(
    "one update an epoch",
    ("for name in net.params:\n    net.params[name] -= lr * grads[name]", ""),
    (
        "return losses",
        """
        for name in net.params:
            net.params[name] -= lr * grads[name]
    return losses""",
    ),
).says(
    """The update stands behind the loop over the batches, so all gradients of an epoch but the last
    are thrown away. It belongs inside that loop.""",
    recognise=train_mistake("rarely"),
)

wrong.swap("one step an epoch", "losses.append(loss)", "losses.append(loss)\nbreak").says(
    "You make a single step and call it an epoch. An epoch goes through *all* batches.",
    recognise=train_mistake("one an epoch"),
)

wrong.swap("gradient computed twice", "(loss)", "(net.loss_and_gradient(xs, ts)[0])").says(
    """You ask for loss and gradient a second time, after the update. It doubles the work, and that
    loss is not the one whose gradient you followed. Keep the one that you have.""",
    recognise=train_mistake("twice"),
)

wrong.swap(
    "last batch dropped",
    "loss, grads = net.loss_and_gradient(xs, ts)",
    """
    if len(xs) < batch_size:
        continue
    loss, grads = net.loss_and_gradient(xs, ts)""",
).says(
    "You take full batches only. The last, shorter batch of each epoch is left out.",
    recognise=train_mistake("dropped", "filled"),
)

wrong.swap(
    "not shuffled",
    "for xs, ts in nn.minibatches(x, t, batch_size, rng):",
    """
    for start in range(0, len(x), batch_size):
        xs, ts = x[start : start + batch_size], t[start : start + batch_size]""",
).says(
    "Your batches follow the stored order. Shuffle, and anew in every epoch.",
    recognise=train_mistake("order"),
)

wrong.swap(
    "the same order every epoch",
    ("in nn.minibatches(x, t, batch_size, rng)", "in batches"),
    ("losses = []", "losses, batches = [], list(nn.minibatches(x, t, batch_size, rng))"),
).says(
    """You draw the order once and use it in every epoch. Ask for new batches *inside* the loop over
    the epochs.""",
    recognise=train_mistake("same"),
)

wrong.swap("uphill", "-= lr", "+= lr").says(
    "You add the gradient to the parameters. The loss grows with every step.",
    recognise=train_mistake("uphill"),
)

wrong.swap("divided by the batch size", "lr * grads", "lr / len(xs) * grads").says(
    """You divide the step by the batch size. The loss is a mean, so that division is in the
    gradient already.""",
    recognise=train_mistake("per sample"),
)

wrong.swap("weights only", "for name in net.params:", "for name in ['W']:").says(
    "Only some of the parameters get their update. Go through all the names in `net.params`.",
    recognise=train_mistake("partly"),
)

wrong.swap("learning rate ignored", "lr * grads", "0.01 * grads").says(
    "The steps are a fixed multiple of the gradient, whatever `lr` says.",
    recognise=train_mistake("rate"),
)

wrong.swap("loss after the update", "(loss)", "(net.loss(xs, ts))").says(
    """You compute the loss once more, after the update. It costs another forward pass, and it is
    not the loss whose gradient you followed. Keep the one that you have.""",
    recognise=train_mistake("later", output="losses"),
)

wrong.swap(
    "one loss an epoch",
    "        losses.append(loss)\nreturn losses",
    "    losses.append(loss)\nreturn losses",
).says(
    """You keep one loss for each epoch. Keep one for each step: the curve then shows the noise of
    the mini-batches too.""",
    recognise=train_mistake("one an epoch", output="losses"),
)

wrong.swap("returns something else", "return losses", "return net").says(
    """You do not return the list of losses. The network needs no return: it was trained in place,
    and the caller has it.""",
    recognise=train_mistake("type", output="losses"),
)

wrong.swap("a seed of its own", "losses = []", "losses, rng = [], np.random.default_rng(0)").says(
    """You make a generator of your own from a fixed seed. Use the `rng` that is passed: then the
    caller decides whether a training is repeated or another one.""",
    recognise=train_mistake("rng"),
)

wrong.swap("loss and gradient exchanged", "loss, grads =", "grads, loss =").says("""
    `loss_and_gradient` returns the loss first. You take that number for the dictionary.""")

EXERCISE = Exercise(
    id="ch06.train",
    title="The training loop",
    kind="function",
    points=3,
    reference=train,
    accepted=(train_with_own_order, train_on_shuffled_copies),
    mistakes=wrong.all,
    hints=(
        "Say it in words first: for each epoch, for each batch: what are the three things to do? "
        "Which line stands in which loop?",
        "`for x_batch, t_batch in minibatches(x, t, batch_size, rng)` gives one epoch of batches. For "
        "each, ask for loss and gradient, step in place, keep the loss.",
        "The skeleton:\n    losses = []\n    for … in range(epochs):\n"
        "        for x_batch, t_batch in minibatches(…):\n"
        "            loss, grads = net.loss_and_gradient(…, …)\n"
        "            for name in net.params:\n                …\n"
        "            losses.append(…)\n    return …",
    ),
    probe=Probe(probes.training),
    draw=draw_train,
    outputs=(Output("steps", compare=judge_steps), Output("losses", compare=judge_losses)),
    remark="Every step was watched: the batch, the gradient, the update, the loss.",
)
