"""Probes of chapter 07: dictionaries of parameters, random splits, and a training to judge.

What is drawn at random is yielded as it came; whether it is as it should be is decided by the
judge.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from exercises_lib import probes
from exercises_lib.checking import MisfitError
from exercises_lib.probes import Steps, name_of, need_function, unpack


def parameters(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Draw first parameters twice from one generator.

    Args:
        answer: a function of ``(sizes, rng, std)`` that returns a dictionary.
        inputs: ``sizes``, ``std`` and ``seed`` of the generator.
    """
    need_function(answer)
    rng = np.random.default_rng(inputs["seed"])
    during = f"{name_of(answer)}(sizes, rng, std)"
    yield during
    params = _dictionary(answer(inputs["sizes"], rng, inputs["std"]), during)
    yield "names", sorted(str(name)[:40] for name in params)
    yield "shapes", {str(name)[:40]: np.shape(array) for name, array in params.items()}
    yield "biases", _named(params, "bias")
    yield f"{during} with the same generator once more"
    again = _dictionary(answer(inputs["sizes"], rng, inputs["std"]), during)
    yield "weights", [_named(params, "weight"), _named(again, "weight")]


def one_layer_forward(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Run one layer forward; its activation is part of the outputs' names."""
    kind = inputs["activation"]
    yield from _renamed(probes.call(answer, inputs, returns=("a", "z")), f"{kind} ")


def forward_pass(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Run a network forward, then another one, and look at the first one's cache again.

    Args:
        answer: a function of ``(x, params)`` that returns ``p`` and a dictionary.
        inputs: ``x``, ``params``, and ``other x``, ``other params`` of another network.
    """
    need_function(answer)
    during = f"{name_of(answer)}(x, params)"
    yield during
    found = [
        item[1]
        for item in unpack(answer(inputs["x"], inputs["params"]), ("p", "cache"), during)
        if isinstance(item, tuple)
    ]
    p, cache = found[0], _dictionary(found[1], during, "as its second value a dictionary")
    yield "p", p
    yield "cache", cache
    yield f"{during} of another network"
    answer(inputs["other x"], inputs["other params"])
    yield "cache", cache


def loss_and_accuracy(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Call a function of (p, t); probabilities of exactly 0 and 1 have names of their own."""
    p, t = inputs["p"], inputs["t"]
    certain = (p == 0) | (p == 1)
    kind = ""
    if certain.any():
        kind = "certain " if (p == t)[certain].all() else "certain-and-wrong "
    yield from _renamed(probes.call(answer, inputs, returns=("loss", "accuracy")), kind)


def backward_pass(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Run a network back, twice from the same cache.

    Args:
        answer: a function of ``(p, t, cache, params)`` that returns a dictionary.
        inputs: its arguments.
    """
    need_function(answer)
    p = inputs["p"]
    kind = "certain " if ((p == 0) | (p == 1)).any() else ""
    during = f"{name_of(answer)}(p, t, cache, params)"
    for which in ("", SECOND):
        yield f"{during}{which}"
        grads = _dictionary(answer(p, inputs["t"], inputs["cache"], inputs["params"]), during)
        yield "names", sorted(str(name)[:40] for name in grads)
        for name, grad in grads.items():
            yield f"{kind}{str(name)[:40]}", grad


SECOND = ", called a second time"


def update(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Take one step and look at the caller's parameters.

    Args:
        answer: a function of ``(params, grads, lr)``; what it returns does not matter.
        inputs: its arguments.
    """
    need_function(answer)
    yield f"{name_of(answer)}(params, grads, lr)"
    answer(inputs["params"], inputs["grads"], inputs["lr"])
    yield "params", dict(inputs["params"])


def split(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Divide samples twice with one generator.

    Args:
        answer: a function of ``(x, t, n_train, rng)``.
        inputs: ``x``, ``t``, ``n_train`` and ``seed`` of the generator.
    """
    need_function(answer)
    rng = np.random.default_rng(inputs["seed"])
    names = ("x_train", "t_train", "x_val", "t_val")
    during = f"{name_of(answer)}(x, t, n_train, rng)"
    both = []
    for which in ("", " with the same generator once more"):
        yield f"{during}{which}"
        result = answer(inputs["x"], inputs["t"], inputs["n_train"], rng)
        both.append([pair[1] for pair in unpack(result, names, during) if pair])
    yield "sets", both


def trained(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Hand over notes to learn from, and take the parameters that were learnt.

    Args:
        answer: a function of ``(x_train, t_train, rng)`` that returns a dictionary.
        inputs: both arrays and ``seed`` of the generator.
    """
    need_function(answer)
    rng = np.random.default_rng(inputs["seed"])
    during = f"{name_of(answer)}(x_train, t_train, rng)"
    yield during
    yield "params", _dictionary(answer(inputs["x_train"], inputs["t_train"], rng), during)


def _dictionary(value: Any, during: str, wanted: str = "a dictionary") -> dict[Any, Any]:
    if value is None:
        raise MisfitError(f"{during} returns None, expected {wanted}. Did you forget the return?")
    if type(value) is not dict:
        raise MisfitError(f"{during} returns {type(value).__name__!r}, expected {wanted}.")
    return value


def _named(params: dict[Any, Any], start: str) -> dict[str, Any]:
    return {str(key)[:40]: value for key, value in params.items() if str(key).startswith(start)}


def _renamed(steps: Steps, kind: str) -> Steps:
    for step in steps:
        yield step if isinstance(step, str) else (kind + step[0], step[1])
