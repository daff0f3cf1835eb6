"""Probes of chapter 08: answers that work with PyTorch, which is imported when it is needed.

Tensors that an answer gives back are copied into arrays here; only real tensors are, so that an
object that merely behaves like one is reported as what it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from exercises_lib.checking import MisfitError
from exercises_lib.checking.serialize import copy_plain
from exercises_lib.probes import Steps, name_of, need_function, unpack


def array(value: Any) -> Any:
    """Return a tensor as an array of its own, anything else as it is."""
    import torch

    if type(value) in (torch.Tensor, torch.nn.Parameter):
        return value.detach().numpy().copy()
    return value


@contextmanager
def one_thread() -> Iterator[None]:
    """Let PyTorch work in one thread: for a few numbers, waiting for a second one costs most."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def both_gradients(answer: Any, inputs: dict[str, Any], *, names: Sequence[str]) -> Steps:
    """Call a function that computes the same gradients twice, by hand and with PyTorch.

    Args:
        answer: a function of ``(x, t, params)`` that returns two dictionaries.
        inputs: its arguments.
        names: the entries that both dictionaries have.
    """
    need_function(answer)
    during = f"{name_of(answer)}(x, t, params)"
    yield during
    with one_thread(), _asking() as asked:
        result = answer(inputs["x"], inputs["t"], inputs["params"])
    copies = copy_plain({key: inputs[key] for key in ("x", "t", "params")})
    with one_thread(), _asking(factor=3.0):
        tripled = answer(**copies)
    for item in unpack(result, ("ours", "theirs"), during):
        if isinstance(item, str):
            continue
        whose, grads = item
        if type(grads) is not dict:
            kind = type(grads).__name__
            raise MisfitError(f"{whose} is {kind!r}, expected a dictionary of gradients.")
        lacking = [name for name in names if name not in grads]
        if lacking:
            raise MisfitError(f"{whose} has no entry for {', '.join(lacking)}.")
        for name in names:
            yield f"{whose} {name}", array(grads[name])
    yield "PyTorch was asked", bool(asked)
    own = [array(grads[0].get(name)) for grads in (result, tripled) for name in names]
    alike = all(map(np.array_equal, own[: len(names)], own[len(names) :]))
    yield "your half", "your own formulas" if alike else "taken from PyTorch"


@contextmanager
def _asking(factor: float = 1.0) -> Iterator[list[str]]:
    """Note whether gradients are asked of PyTorch's autograd, and let it give a multiple of them.

    What changes with the factor was PyTorch's, whatever has been done with it since.
    """
    import torch

    asked: list[str] = []
    originals = {name: getattr(torch.autograd, name) for name in ("backward", "grad")}

    def noting(name: str) -> Any:
        def function(outputs: Any, *args: Any, **kwargs: Any) -> Any:
            asked.append(name)
            if factor != 1:
                if isinstance(outputs, torch.Tensor):
                    outputs = factor * outputs
                else:
                    outputs = [factor * output for output in outputs]
            return originals[name](outputs, *args, **kwargs)

        return function

    for name in originals:
        setattr(torch.autograd, name, noting(name))
    try:
        yield asked
    finally:
        for name, original in originals.items():
            setattr(torch.autograd, name, original)


def module(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Make a network, give it the case's weights, and run it forward and backward in float64.

    Args:
        answer: a class, made from ``(input_size, hidden_size, output_size)``.
        inputs: ``x``, ``t`` (integers), and the weights ``W1``, ``b1``, ``W2``, ``b2`` as PyTorch
            stores them, (M, D) and (M,); ``seed`` for what the network draws itself.
    """
    import torch

    need_function(answer)
    if isinstance(answer, torch.nn.Module):
        raise MisfitError("Pass the class itself, not a network that was made from it.")
    given = [inputs[name] for name in ("W1", "b1", "W2", "b2")]
    sizes = (given[0].shape[1], given[0].shape[0], given[2].shape[0])
    with one_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(inputs["seed"])
        yield f"{name_of(answer)}(input_size, hidden_size, output_size)"
        made = answer(*sizes)
        if not isinstance(made, torch.nn.Module):
            raise MisfitError(
                f"{name_of(answer)}(…) makes {type(made).__name__!r}, expected a Module."
            )
        made = made.double()
        parameters = list(made.parameters())
        shapes = [array.shape for array in given]
        if sorted(tuple(p.shape) for p in parameters) == sorted(shapes):
            # In whichever order the layers were stored: no two have the same shape.
            parameters.sort(key=lambda p: shapes.index(tuple(p.shape)))
        yield "shapes of parameters()", [tuple(p.shape) for p in parameters]
        with torch.no_grad():
            for own, wanted in zip(parameters, given, strict=False):
                if tuple(own.shape) == wanted.shape:
                    own.copy_(torch.from_numpy(wanted))
        x = torch.tensor(inputs["x"])
        for which in ("", " once more"):
            yield f"forward(x){which}"
            scores = made(x)
            yield "scores", array(scores)
        yield "the loss and its backward()"
        loss = torch.nn.functional.cross_entropy(scores, torch.tensor(inputs["t"]))
        loss.backward()
        yield "gradients", [array(p.grad) for p in parameters]


def training(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Let a loop train a small network.

    Args:
        answer: a function of ``(net, x, t, batches, lr)`` that returns the losses.
        inputs: ``x``, ``t`` (integers), ``batches`` (a list of arrays of positions), ``lr``, and
            the first weights ``W1``, ``b1``, ``W2``, ``b2`` as PyTorch stores them.
    """
    import torch

    need_function(answer)
    given = [inputs[name] for name in ("W1", "b1", "W2", "b2")]
    (hidden, size), outputs = given[0].shape, given[2].shape[0]
    with torch.random.fork_rng(devices=[]):
        net = torch.nn.Sequential(
            torch.nn.Linear(size, hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, outputs)
        ).double()
    with torch.no_grad():
        for own, wanted in zip(net.parameters(), given, strict=True):
            own.copy_(torch.from_numpy(wanted))
    batches = [torch.from_numpy(np.array(batch)) for batch in inputs["batches"]]
    x, t = torch.tensor(inputs["x"]), torch.tensor(inputs["t"])
    yield f"{name_of(answer)}(net, x, t, batches, lr)"
    with one_thread():
        losses = answer(net, x, t, batches, inputs["lr"])
    yield "losses", list(losses) if type(losses) is tuple else losses
    yield "parameters afterwards", [array(p) for p in net.parameters()]
