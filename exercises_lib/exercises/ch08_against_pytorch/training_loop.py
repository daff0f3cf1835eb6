"""ch08.training_loop: the loop in PyTorch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from exercises_lib.checking import Case, Exercise, Observation, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch08_against_pytorch._shared import SECONDS
from exercises_lib.probes import ch08 as probes


def training_loop(net, x, t, batches, lr):
    import torch

    optimiser = torch.optim.SGD(net.parameters(), lr=lr)
    losses = []
    for batch in batches:
        loss = torch.nn.functional.cross_entropy(net(x[batch]), t[batch])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


def loop_by_hand(net, x, t, batches, lr):
    import torch

    losses = []
    for batch in batches:
        log_p = torch.log_softmax(net(x[batch]), dim=1)
        loss = -log_p[torch.arange(len(batch)), t[batch]].mean()
        grads = torch.autograd.grad(loss, list(net.parameters()))
        with torch.no_grad():
            for parameter, grad in zip(net.parameters(), grads):
                parameter -= lr * grad
        losses.append(loss.item())
    return losses


def loop_zero_at_the_end(net, x, t, batches, lr):
    import torch

    criterion, optimiser = torch.nn.CrossEntropyLoss(), torch.optim.SGD(net.parameters(), lr)
    losses = np.zeros(len(batches))
    for step, batch in enumerate(batches):
        loss = criterion(net(x[batch]), t[batch])
        loss.backward()
        optimiser.step()
        net.zero_grad()
        losses[step] = loss.detach().numpy()
    return losses.tolist()


def draw_training(rng: np.random.Generator) -> Iterator[Case]:
    def case(n: int, d: int, h: int, c: int, sizes: Sequence[int], lr: float, note: str) -> Case:
        shapes = {"W1": (h, d), "b1": (h,), "W2": (c, h), "b2": (c,)}
        inputs: dict[str, Any] = {
            "x": rng.normal(size=(n, d)),
            "t": rng.permutation(np.arange(n) % c),
            "batches": [rng.choice(n, size, replace=False) for size in sizes],
            "lr": lr,
        }
        weights = {name: 0.7 * rng.normal(size=shape) for name, shape in shapes.items()}
        return Case({**inputs, **weights}, note)

    d, h, c = rng.choice(np.arange(3, 7), size=3, replace=False).tolist()
    yield case(9, d, h, c, (4, 3, 4), 0.3, "three steps, batches of 3 and 4 samples, lr 0.3")
    yield case(6, h, c, d, (1, 5), float(rng.uniform(0.5, 0.9)), "two steps, batches of 1 and 5")


wrong = Mistakes(training_loop)


def loop_with(
    loss_of=None,
    optimiser_of=None,
    clear=True,
    pick=lambda step, batches: batches[step],
    after=False,
    keep=lambda loss: loss.item(),
    move=True,
    result=lambda losses: losses,
):
    """Return a training loop that differs in one thing from the right one."""

    def answer(net, x, t, batches, lr):
        import torch

        entropy = torch.nn.functional.cross_entropy
        make = optimiser_of or (lambda torch, p, lr: torch.optim.SGD(p, lr=lr))
        optimiser, losses = make(torch, net.parameters(), lr), []
        for step in range(len(batches)):
            batch = pick(step, batches)
            scores, labels = net(x[batch]), t[batch]
            loss = loss_of(torch, scores, labels) if loss_of else entropy(scores, labels)
            if clear:
                optimiser.zero_grad()
            loss.backward()
            if move:
                optimiser.step()
            losses.append(keep(entropy(net(x[batch]), labels) if after else loss))
        return result(losses)

    return answer


wrong.answer("gradients pile up", loop_with(clear=False)).says("""
    Your gradients pile up: `backward()` *adds* to what is in `.grad`. Before each step the old
    gradients have to be cleared.""")

wrong.answer("nothing moves", loop_with(move=False)).says("""The parameters are the same after your
    loop as before. Is there a `backward()`, a `step()`, and no `zero_grad()` between the two?""")

wrong.answer("loss after the step", loop_with(after=True)).says("""
    You note the loss after the step, from a forward pass of its own. Noted is the loss that the
    step was taken for; it has been computed already.""")

wrong.answer("tensors kept", loop_with(keep=lambda loss: loss)).says("""
    Your list holds tensors. Each of them keeps the record of its whole forward pass in memory;
    `.item()` gives the number alone.""")

wrong.answer(
    "softmax before cross_entropy",
    loop_with(loss_of=lambda torch, s, t: torch.nn.functional.cross_entropy(s.softmax(1), t)),
).says("You apply softmax, and `cross_entropy` applies it again. It wants the scores.")

wrong.answer(
    "sum over the batch",
    loop_with(loss_of=lambda torch, s, t: torch.nn.functional.cross_entropy(s, t, reduction="sum")),
).says("""Your loss is a sum over the batch: a batch of four takes steps four times as long as a
    batch of one.""")

wrong.answer("always the first batch", loop_with(pick=lambda step, batches: batches[0])).says("""
    All your steps use the first batch.""")

wrong.answer(
    "all samples in every step", loop_with(pick=lambda step, batches: slice(None))
).says("Every step of yours uses all samples. `batches` says which ones belong to each step.")

wrong.answer(
    "rate ignored", loop_with(optimiser_of=lambda torch, p, lr: torch.optim.SGD(p, lr=0.001))
).says("Your optimiser does not get `lr`. Without it `SGD` takes steps of 0.001.")

wrong.answer(
    "Adam", loop_with(optimiser_of=lambda torch, p, lr: torch.optim.Adam(p, lr=lr))
).says("""You use Adam. Plain gradient descent is asked for, so that the steps can be compared with
    ours.""")

wrong.answer(
    "momentum", loop_with(optimiser_of=lambda torch, p, lr: torch.optim.SGD(p, lr=lr, momentum=0.9))
).says("Your steps carry momentum. Plain gradient descent is asked for.")

wrong.answer(
    "uphill", loop_with(optimiser_of=lambda torch, p, lr: torch.optim.SGD(p, lr=lr, maximize=True))
).says("Your loss grows: the steps go along the gradient instead of against it.")

wrong.answer(
    "one number returned", loop_with(result=lambda losses: sum(losses) / len(losses))
).says("You return the mean of the losses. One number per step is asked for.")

wrong.answer("last loss only", loop_with(result=lambda losses: losses[-1])).says("""
    You return the last loss. One number per step is asked for.""")

wrong.answer(
    "a fixed rate", loop_with(optimiser_of=lambda torch, p, lr: torch.optim.SGD(p, lr=0.1))
).says("Your rate is 0.1, whatever `lr` says.")

wrong.answer(
    "labels first", loop_with(loss_of=lambda torch, s, t: torch.nn.functional.cross_entropy(t, s))
).says("`cross_entropy` takes the scores first and then the labels.")


def labels_of(pick):
    """Return a loop whose labels are pick(t, batch)."""

    def answer(net, x, t, batches, lr):
        import torch

        optimiser, losses = torch.optim.SGD(net.parameters(), lr=lr), []
        for batch in batches:
            loss = torch.nn.functional.cross_entropy(net(x[batch]), pick(t, batch))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
        return losses

    return answer


wrong.answer("all labels", labels_of(lambda t, batch: t)).says("""
    You pick the batch's samples, and hand over all labels. Both need the same positions.""")

wrong.answer("labels by their place", labels_of(lambda t, batch: t[: len(batch)])).says("""
    You pick samples with the batch's positions, and labels from the beginning. Both need the same
    positions.""")


def step_before_backward(net, x, t, batches, lr):
    import torch

    optimiser, losses = torch.optim.SGD(net.parameters(), lr=lr), []
    for batch in batches:
        loss = torch.nn.functional.cross_entropy(net(x[batch]), t[batch])
        optimiser.step()
        optimiser.zero_grad()
        loss.backward()
        losses.append(loss.item())
    return losses


wrong.answer("step before backward", step_before_backward).says("""
    Your step comes before `backward()`: it takes the gradients of another batch, and changes the
    weights that this way back still needs.""")

wrong.swap(
    "update on the record",
    "optimiser = torch.optim.SGD(net.parameters(), lr=lr)",
    "",
    "optimiser.zero_grad()",
    "",
    "optimiser.step()",
    """
    for parameter in net.parameters():
        parameter -= lr * parameter.grad
""",
).says("""PyTorch would record your update as a part of the network. Updates happen under
    `torch.no_grad()`; an optimiser's `step()` sees to that.""")


def one_loss(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    losses: Any = [one.values.get("losses") for one in seen]
    return all(isinstance(found, list) and len(found) == 1 for found in losses)


wrong.answer("returns after the first step", loop_with(result=lambda losses: losses[:1])).says(
    "There is one loss, of the first step. Does your `return` stand inside the loop?",
    recognise=one_loss,
)


def one_step_at_the_end(net, x, t, batches, lr):
    import torch

    optimiser, losses = torch.optim.SGD(net.parameters(), lr=lr), []
    optimiser.zero_grad()
    for batch in batches:
        loss = torch.nn.functional.cross_entropy(net(x[batch]), t[batch])
        loss.backward()
        losses.append(loss.item())
    optimiser.step()
    return losses


wrong.answer("one step at the end", one_step_at_the_end).says("""There is a single step, behind the
    loop. Each batch is to have its own.""")


EXERCISE = Exercise(
    id="ch08.training_loop",
    title="The loop in PyTorch",
    kind="function",
    points=3,
    reference=training_loop,
    accepted=(loop_by_hand, loop_zero_at_the_end),
    mistakes=wrong.all,
    hints=(
        "What are the five things that happen in every step of chapter 6's loop? Find PyTorch's word "
        "for each.",
        "For each batch: scores, loss, clear the old gradients, backward, step. `torch.optim.SGD` "
        "does the clearing and the stepping; `loss.item()` is a plain number.",
        "The skeleton:\n    optimiser = torch.optim.SGD(…, lr=…)\n    losses = []\n"
        "    for batch in batches:\n        loss = torch.nn.functional.cross_entropy(net(…), …)\n"
        "        …          # three lines, in the right order\n        losses.append(…)\n"
        "    return …",
    ),
    probe=Probe(probes.training),
    draw=draw_training,
    outputs=(
        Output("losses", rtol=1e-9, atol=1e-11),
        Output("parameters afterwards", rtol=1e-9, atol=1e-11),
    ),
    requires=("torch",),
    seconds=SECONDS,
    remark="The losses agree with those of the loop in chapter 6, step by step.",
)
