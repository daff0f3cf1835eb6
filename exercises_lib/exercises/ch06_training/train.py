"""ch06.train: the training loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Case, Exercise, Observation, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch06_training._epochs import (
    Rows,
    epoch_fault,
    labelled,
    rows_of,
    unstable,
)
from exercises_lib.exercises.ch06_training._steps import (
    sgd_step,
    step_new_arrays,
    step_uphill,
    step_weights_only,
)
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
            sgd_step(net.params, grads, lr)
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


TRAIN_FAULTS = {
    "form": "A batch is no pair of arrays with the samples and their labels.",
    "lengths": "In a batch, x and t do not have the same length.",
    "empty": "One of the batches is empty.",
    "samples": "A row of a batch is none of the training samples.",
    "none": "The network was never asked for a gradient.",
    "frozen": "The network's parameters never change.",
    "labels": "In a batch, a sample has another sample's label.",
    "whole": "Every step uses the whole training set instead of `batch_size` samples.",
    "forever": "Every step uses the same batch.",
    "one epoch": "The training ends after one epoch.",
    "replacement": "Some samples come more than once in an epoch, and others not at all.",
    "dropped": "The samples that are left over for the last, shorter batch never get their turn.",
    "filled": "The last batch of an epoch is full, and some samples come twice.",
    "twice": "The network is asked for a gradient twice as often as there are steps.",
    "one an epoch": "There is one step in each epoch.",
    "rarely": "The parameters do not move after every step.",
    "steps": "The number of steps, or the size of their batches, is not what was asked for.",
    "order": "The samples come in the order in which they are stored; they are not shuffled.",
    "same": "Every epoch has the same order.",
    "rng": "Nothing was drawn from `rng`: the order of the samples has another source.",
    "uphill": "The parameters move with the gradient, to where the loss grows.",
    "rate": "The steps are not `lr` times the gradient.",
    "per sample": "The steps are `lr` times the gradient divided by the batch size.",
    "partly": "Only some of the parameters move.",
    "update": "The steps are something else than minus `lr` times the gradient.",
}


LOSS_FAULTS = {
    "type": "What comes back is not a list of losses.",
    "one an epoch": "There is one loss for each epoch, expected one for each step.",
    "count": "The number of losses is not the number of steps.",
    "later": "The losses are those *after* the updates, expected the ones that were minimised.",
    "other": "The losses are not those of the batches.",
}


def steps_fault(inputs: Mapping[str, Any], steps: Any) -> str:
    """Return what is wrong with the steps of a training: a key of TRAIN_FAULTS, or ""."""
    n, size, epochs = len(inputs["x"]), inputs["batch_size"], inputs["epochs"]
    try:
        batches = list(steps["batches"])
        updates = np.array(steps["updates"], dtype=float)
        gradients = np.array(steps["gradients"], dtype=float)
    except (LookupError, TypeError, ValueError):
        return "form"
    if not batches:
        return "none"
    if updates.ndim != 2 or updates.shape != gradients.shape or len(updates) != len(batches):
        return "form"
    if not np.any(updates):
        return "frozen"
    rows = rows_of(inputs, batches)
    if isinstance(rows, str):
        return rows
    with np.errstate(all="ignore"):
        return (
            order_fault(rows, n, size, epochs)
            or update_fault(inputs, rows, updates, gradients)
            or drawn_fault(steps)
        )


def order_fault(rows: Rows, n: int, size: int, epochs: int) -> str:
    """Return what is wrong with the order in which samples are seen: a key of TRAIN_FAULTS."""
    each = -(-n // size)
    if all(len(batch) == n for batch in rows):
        return "whole"
    if all(batch == rows[0] for batch in rows):
        return "forever"
    if len(rows) == epochs * (n // size) and n % size and {len(batch) for batch in rows} == {size}:
        return "dropped"
    if len(rows) == each:
        return "one epoch"
    if len(rows) == 2 * epochs * each:
        return "twice"
    if len(rows) == epochs:
        return "one an epoch"
    if len(rows) != epochs * each:
        return "steps"
    groups = [rows[at : at + each] for at in range(0, len(rows), each)]
    for group in groups:
        fault = epoch_fault(group, n, size)
        if fault:
            return fault if fault in TRAIN_FAULTS else "steps"
    return "same" if all(group == groups[0] for group in groups) else ""


def drawn_fault(steps: Any) -> str:
    """Return a key of TRAIN_FAULTS if the order, otherwise right, was not drawn from rng."""
    return "rng" if steps.get("rng") == "untouched" else ""


def update_fault(inputs: Mapping[str, Any], rows: Rows, updates: Any, gradients: Any) -> str:
    """Return what is wrong with the updates: a key of TRAIN_FAULTS, or ""."""
    if updates.shape[1] != inputs["W"].size + inputs["b"].size:
        return "update"

    def alike(one: Any, other: Any) -> bool:
        return bool(np.allclose(one, other, rtol=1e-5, atol=1e-9))

    lr, weights = inputs["lr"], inputs["W"].size
    if alike(updates, -lr * gradients):
        return ""
    if alike(updates, lr * gradients):
        return "uphill"
    if not np.all(np.any(updates, axis=1)):
        return "rarely"
    sizes = np.array([len(batch) for batch in rows])[:, None]
    if alike(updates, -lr * gradients / sizes) or alike(
        updates, -lr * gradients / inputs["batch_size"]
    ):
        return "per sample"
    for part in (slice(0, weights), slice(weights, None)):
        moved = np.zeros_like(updates)
        moved[:, part] = -lr * gradients[:, part]
        if alike(updates, moved):
            return "partly"
    factor = float((updates * gradients).sum() / (gradients**2).sum())
    return "rate" if alike(updates, factor * gradients) else "update"


def losses_fault(inputs: Mapping[str, Any], losses: Any) -> str:
    """Return what is wrong with the returned losses: a key of LOSS_FAULTS, or ""."""
    try:
        before = np.array(losses["before"], dtype=float)
        after = np.array(losses["after"], dtype=float)
        returned = losses["returned"]
        if not isinstance(returned, (list, tuple, np.ndarray)):
            return "type"
        found = np.array(returned, dtype=float)
    except (LookupError, TypeError, ValueError):
        return "type"
    if not found.ndim == before.ndim == after.ndim == 1 or len(before) != len(after):
        return "type"
    if len(found) != len(before):
        return "one an epoch" if len(found) == inputs["epochs"] else "count"
    if np.allclose(found, before, rtol=1e-6, equal_nan=True):
        return ""
    return "later" if np.allclose(found, after, rtol=1e-6) else "other"


def judge_steps(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    """Say what is wrong with the steps."""
    fault = steps_fault(inputs, got)
    return TRAIN_FAULTS[fault] if fault else None


def judge_losses(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    """Say what is wrong with the losses; if no step was made, that is said elsewhere."""
    fault = losses_fault(inputs, got)
    return LOSS_FAULTS[fault] if fault else None


wrong = Mistakes(train)


def row_numbers(n, size, rng):
    """Yield the row numbers of one batch after the other."""
    for rows, _ in nn.minibatches(np.arange(n), np.arange(n), size, rng):
        yield rows


def training_loop(
    *,
    update: Callable[[Any, Any, float, int], None] = lambda p, g, lr, n: sgd_step(p, g, lr),
    pick: Callable[..., Any] = lambda x, t, batch: (x[batch], t[batch]),
    order: Callable[..., Any] = row_numbers,
    fixed: bool = False,
    epochs_used: Callable[[int], int] = lambda epochs: epochs,
    record: Callable[..., Any] = lambda losses, loss, again: losses.append(loss),
) -> Callable[..., Any]:
    """Make a wrong loop: the reference with one part exchanged."""

    def answer(net, x, t, epochs, batch_size, lr, rng):
        losses = []
        once = list(order(len(x), batch_size, rng)) if fixed else None
        for _ in range(epochs_used(epochs)):
            for batch in once or order(len(x), batch_size, rng):
                xb, tb = pick(x, t, batch)
                loss, grads = net.loss_and_gradient(xb, tb)
                update(net.params, grads, lr, len(xb))
                record(losses, loss, lambda xb=xb, tb=tb: net.loss(xb, tb))
        return losses

    return answer


wrong.answer(
    "a generator of its own",
    training_loop(order=lambda n, size, rng: row_numbers(n, size, np.random.default_rng())),
).says(
    "Two runs with the same `rng` differ: the order comes from another source. Pass `rng` on.",
    recognise=unstable,
)


def train_mistake(*faults: str, output: str = "steps") -> Callable[..., bool]:
    """Recognise answers whose first fault in that output is one of these."""
    find = steps_fault if output == "steps" else losses_fault

    def when(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
        for case, one in zip(cases, seen, strict=False):
            if one.unstable or one.changed:
                return False
            if output == "losses" and steps_fault(case.inputs, one.values.get("steps")):
                return False  # first things first
        for case, one in zip(cases, seen, strict=False):
            fault = find(case.inputs, one.values.get(output)) if output in one.values else ""
            if fault:
                return fault in faults
        return False

    return when


wrong.answer(
    "parameters never change", training_loop(update=lambda p, g, lr, n: step_new_arrays(p, g, lr))
).says(
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

wrong.answer(
    "labels not picked along", training_loop(pick=lambda x, t, batch: (x[batch], t[: len(batch)]))
).says(
    """You pick samples with the batch's numbers, and labels by position. Both need the same
    numbers, or every picture gets a random meaning.""",
    recognise=train_mistake("labels", "lengths"),
)

wrong.answer(
    "whole training set in every step", training_loop(pick=lambda x, t, batch: (x, t))
).says(
    "You go through the batches, but every step uses all the samples.",
    recognise=train_mistake("whole"),
)


def train_same_batch(net, x, t, epochs, batch_size, lr, rng):
    batch, losses = rng.choice(len(x), batch_size), []
    for _ in range(epochs * -(-len(x) // batch_size)):
        loss, grads = net.loss_and_gradient(x[batch], t[batch])
        sgd_step(net.params, grads, lr)
        losses.append(loss)
    return losses


wrong.answer("the same batch for ever", train_same_batch).says(
    """You draw a batch once, outside the loop, and train on it for ever. The network gets to know
    these samples only.""",
    recognise=train_mistake("forever"),
)

wrong.answer("one epoch only", training_loop(epochs_used=lambda epochs: 1)).says(
    """You go through the training set once, whatever `epochs` says. Or does a `return` stand inside
    the loop?""",
    recognise=train_mistake("one epoch"),
)

wrong.answer(
    "drawn with replacement",
    training_loop(
        order=lambda n, size, rng: [
            rng.integers(0, n, min(size, n - start)) for start in range(0, n, size)
        ]
    ),
).says(
    """Your batches are drawn anew at each step, so an epoch sees some samples twice and others not
    at all. `minibatches` cuts one random order into pieces.""",
    recognise=train_mistake("replacement"),
)


def train_update_per_epoch(net, x, t, epochs, batch_size, lr, rng):
    losses = []
    for _ in range(epochs):
        for xs, ts in nn.minibatches(x, t, batch_size, rng):
            loss, grads = net.loss_and_gradient(xs, ts)
            losses.append(loss)
        sgd_step(net.params, grads, lr)
    return losses


wrong.answer("one update an epoch", train_update_per_epoch).says(
    """The update stands behind the loop over the batches, so all gradients of an epoch but the last
    are thrown away. It belongs inside that loop.""",
    recognise=train_mistake("rarely"),
)


def train_one_step_per_epoch(net, x, t, epochs, batch_size, lr, rng):
    losses = []
    for _ in range(epochs):
        batch = rng.choice(len(x), batch_size, replace=False)
        loss, grads = net.loss_and_gradient(x[batch], t[batch])
        sgd_step(net.params, grads, lr)
        losses.append(loss)
    return losses


wrong.answer("one step an epoch", train_one_step_per_epoch).says(
    "You make a single step and call it an epoch. An epoch goes through *all* batches.",
    recognise=train_mistake("one an epoch"),
)


def train_gradient_twice(net, x, t, epochs, batch_size, lr, rng):
    losses = []
    for _ in range(epochs):
        for xs, ts in nn.minibatches(x, t, batch_size, rng):
            _, grads = net.loss_and_gradient(xs, ts)
            sgd_step(net.params, grads, lr)
            losses.append(net.loss_and_gradient(xs, ts)[0])
    return losses


wrong.answer("gradient computed twice", train_gradient_twice).says(
    """You ask for loss and gradient a second time, after the update. It doubles the work, and that
    loss is not the one whose gradient you followed. Keep the one that you have.""",
    recognise=train_mistake("twice"),
)


def full_batches_only(n, size, rng):
    order = rng.permutation(n)
    return [order[i * size : (i + 1) * size] for i in range(n // size)]


wrong.answer("last batch dropped", training_loop(order=full_batches_only)).says(
    "You take full batches only. The last, shorter batch of each epoch is left out.",
    recognise=train_mistake("dropped", "filled"),
)

wrong.answer(
    "not shuffled",
    training_loop(order=lambda n, size, rng: np.split(np.arange(n), range(size, n, size))),
).says(
    "Your batches follow the stored order. Shuffle, and anew in every epoch.",
    recognise=train_mistake("order"),
)

wrong.answer("the same order every epoch", training_loop(fixed=True)).says(
    """You draw the order once and use it in every epoch. Ask for new batches *inside* the loop over
    the epochs.""",
    recognise=train_mistake("same"),
)

wrong.answer("uphill", training_loop(update=lambda p, g, lr, n: step_uphill(p, g, lr))).says(
    "You add the gradient to the parameters. The loss grows with every step.",
    recognise=train_mistake("uphill"),
)

wrong.answer(
    "divided by the batch size", training_loop(update=lambda p, g, lr, n: sgd_step(p, g, lr / n))
).says(
    """You divide the step by the batch size. The loss is a mean, so that division is in the
    gradient already.""",
    recognise=train_mistake("per sample"),
)

wrong.answer(
    "weights only", training_loop(update=lambda p, g, lr, n: step_weights_only(p, g, lr))
).says(
    "Only some of the parameters get their update. Go through all the names in `net.params`.",
    recognise=train_mistake("partly"),
)

wrong.answer(
    "learning rate ignored", training_loop(update=lambda p, g, lr, n: sgd_step(p, g, 0.01))
).says(
    "The steps are a fixed multiple of the gradient, whatever `lr` says.",
    recognise=train_mistake("rate"),
)

wrong.answer(
    "loss after the update",
    training_loop(record=lambda losses, loss, again: losses.append(again())),
).says(
    """You compute the loss once more, after the update. It costs another forward pass, and it is
    not the loss whose gradient you followed. Keep the one that you have.""",
    recognise=train_mistake("later", output="losses"),
)


def train_one_loss_per_epoch(net, x, t, epochs, batch_size, lr, rng):
    losses = []
    for _ in range(epochs):
        losses.append(train(net, x, t, 1, batch_size, lr, rng)[-1])
    return losses


wrong.answer("one loss an epoch", train_one_loss_per_epoch).says(
    """You keep one loss for each epoch. Keep one for each step: the curve then shows the noise of
    the mini-batches too.""",
    recognise=train_mistake("one an epoch", output="losses"),
)


def train_returns_net(net, x, t, epochs, batch_size, lr, rng):
    train(net, x, t, epochs, batch_size, lr, rng)
    return net


wrong.answer("returns something else", train_returns_net).says(
    """You do not return the list of losses. The network needs no return: it was trained in place,
    and the caller has it.""",
    recognise=train_mistake("type", output="losses"),
)


def train_with_own_seed(net, x, t, epochs, batch_size, lr, rng):
    return train(net, x, t, epochs, batch_size, lr, np.random.default_rng(0))


wrong.answer("a seed of its own", train_with_own_seed).says(
    """You make a generator of your own from a fixed seed. Use the `rng` that is passed: then the
    caller decides whether a training is repeated or another one.""",
    recognise=train_mistake("rng"),
)


def train_exchanged(net, x, t, epochs, batch_size, lr, rng):
    for xs, ts in nn.minibatches(x, t, batch_size, rng):
        pair = net.loss_and_gradient(xs, ts)
        for name in net.params:
            net.params[name] -= lr * pair[0][name]


wrong.answer("loss and gradient exchanged", train_exchanged).says("""
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
