"""Probes of chapter 09: optimisers over several steps, and layers that know two ways of working."""

from __future__ import annotations

from typing import Any

import numpy as np

from exercises_lib.checking import MisfitError
from exercises_lib.checking.serialize import serialize
from exercises_lib.probes import Steps, name_of, need_class, need_function


def optimiser(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Let an optimiser take several steps while a second one of the same class is at work.

    The network's layers hold the arrays that are in ``params`` at the beginning, so that only
    changes in place reach them.

    Args:
        answer: a class with ``update(params, grads)``.
        inputs: ``settings``, a tuple for the constructor; ``params``, arrays by name; ``grads``,
            a list with a dictionary of gradients for each step.
    """
    need_class(answer, ("update",))
    name = name_of(answer)
    settings = inputs["settings"]
    yield f"{name}({', '.join(f'{setting:g}' for setting in settings)})"
    made, other = answer(*settings), answer(*settings)
    held = {key: array.copy() for key, array in inputs["params"].items()}
    params = dict(held)
    elsewhere = {key: 1 - 2 * array for key, array in held.items()}
    for number, grads in enumerate(inputs["grads"], 1):
        yield f"update(params, grads), step {number}"
        made.update(params, grads)
        yield f"params after step {number}", params
        yield f"update of another {name}"
        other.update(elsewhere, {key: 0.5 - g for key, g in grads.items()})
    in_place = all(params.get(key) is array for key, array in held.items())
    yield "arrays", "the same" if in_place else "new"


def weight_decay(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Call the function; the gradients as it leaves them are an output.

    Args:
        answer: a function of ``(params, grads, strength)``.
        inputs: its arguments.
    """
    need_function(answer)
    yield f"{name_of(answer)}(params, grads, strength)"
    yield "penalty", answer(inputs["params"], inputs["grads"], inputs["strength"])
    yield "grads", inputs["grads"]


def dropout(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Use a dropout layer in training and in evaluation, and measure what it does to its input.

    Args:
        answer: a class made from ``(rate)`` with ``forward(x, train, rng)`` and ``backward(dout)``.
        inputs: ``rate``; ``x`` and ``dout`` without zeros, (N, D); ``seed``.
    """
    need_class(answer, ("forward", "backward"))
    x, dout = inputs["x"], inputs["dout"]
    original = x.copy()
    rng = np.random.default_rng(inputs["seed"])
    yield f"{name_of(answer)}({inputs['rate']:g})"
    made = answer(inputs["rate"])
    masks = []
    for batch in ("", ", second batch"):
        yield "forward(x, True, rng)"
        masks.append(_factors("out", made.forward(x, True, rng), original))
        yield f"factors{batch}", _different(masks[-1])
        for _ in range(2):
            yield "backward(dout)"
            back = _factors("dx", made.backward(dout), dout)
            alike = np.array_equal(_dropped(back), _dropped(masks[-1]))
            yield "units on the way back", "those of forward" if alike else "others"
            yield f"factors on the way back{batch}", _different(back)
    mask = masks[0]
    yield "mask", mask
    dropped = _dropped(mask)
    yield "dropped share", round(float(dropped.mean()), 1)
    together = (dropped == dropped[:1]).all() or (dropped == dropped[:, :1]).all()
    equally = len(set(dropped.sum(axis=1).tolist())) == 1
    some = 0 < dropped.mean() < 1
    units = "together" if together else "equally many in each sample" if equally else ""
    yield "units", units if some and units else "each for itself"
    repeated = np.array_equal(*masks) and dropped.any()
    yield "second batch", "the same units" if repeated else "other units"
    yield "forward(x, False)"
    yield "evaluation out", made.forward(x, False)
    yield "forward(x, False, rng)"
    yield "evaluation out, given a generator", made.forward(x, False, rng)
    yield "backward(dout) after an evaluation"
    yield "evaluation dx", made.backward(dout)


def _factors(name: str, got: Any, given: Any) -> Any:
    """Return by what each number was multiplied."""
    got = serialize(got)
    if not isinstance(got, np.ndarray) or got.dtype.kind not in "iuf":
        kind = "None" if got is None else type(got).__name__
        raise MisfitError(f"{name} is {kind}, expected an array of shape {given.shape}.")
    if got.shape != given.shape:
        raise MisfitError(
            f"{name} has shape {got.shape}, expected {given.shape}: that of what came in."
        )
    return got / given


def _dropped(factors: Any) -> Any:
    return np.abs(factors) < 1e-8


def _different(factors: Any) -> Any:
    """Return the first few different factors, rounded so that float32 makes no difference."""
    return np.unique(np.round(factors, 4))[:6]


def batch_norm(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Train a batch normalisation on two batches, with another one beside it, and evaluate it.

    Args:
        answer: a class made from ``(size, momentum, eps)``, with ``forward(x, train)``,
            ``backward(dout)``, ``gamma``, ``beta``, ``dgamma``, ``dbeta``, ``running_mean`` and
            ``running_var``.
        inputs: ``settings``, a tuple for the constructor; ``gamma``, ``beta``; ``x``, ``dout``;
            ``second x``, ``second dout`` with another number of samples; ``new x`` to evaluate.
    """
    need_class(answer, ("forward", "backward"))
    yield f"{name_of(answer)}({', '.join(f'{setting:g}' for setting in inputs['settings'])})"
    made, other = answer(*inputs["settings"]), answer(*inputs["settings"])
    for name in ("gamma", "beta"):
        array = _attribute(made, name)
        if not isinstance(array, np.ndarray) or array.shape != inputs[name].shape:
            raise MisfitError(
                f"{name} is to be an array of shape {inputs[name].shape} from the start."
            )
        array[...] = inputs[name]
    for batch in ("", "second "):
        x, dout = inputs[f"{batch}x"], inputs[f"{batch}dout"]
        yield f"forward({batch}x, True)"
        yield f"{batch}out", made.forward(x, True)
        for name in ("running_mean", "running_var"):
            yield f"{batch}{name}", _attribute(made, name)
        yield f"forward of another {name_of(answer)}"
        other.forward(2 - x, True)
        for _ in range(2):
            yield f"backward({batch}dout)"
            yield f"{batch}dx", made.backward(dout)
            for name in ("dgamma", "dbeta"):
                yield f"{batch}{name}", _attribute(made, name)
    for _ in range(2):
        yield "forward(new x, False)"
        yield "evaluation out", made.forward(inputs["new x"], False)
    for name in ("running_mean", "running_var"):
        yield f"{name} after evaluation", _attribute(made, name)


def _attribute(made: Any, name: str) -> Any:
    if not hasattr(made, name):
        raise MisfitError(f"Your {name_of(type(made))} has no attribute {name}.")
    return getattr(made, name)


def start(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Ask for the first weights and biases of a network.

    Args:
        answer: a function of ``(sizes, rng)`` that returns a dictionary of arrays.
        inputs: ``sizes`` and the ``seed`` of the generator.
    """
    need_function(answer)
    yield f"{name_of(answer)}(sizes, rng)"
    yield "start", answer(inputs["sizes"], np.random.default_rng(inputs["seed"]))
