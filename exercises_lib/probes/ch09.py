"""Probes of chapter 09: optimisers over several steps, and layers that know two ways of working."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from exercises_lib.checking import MisfitError
from exercises_lib.checking.serialize import serialize
from exercises_lib.probes import Steps, name_of, need_class, need_function, unpack


def optimiser(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Let an optimiser take several steps while a second one of the same class is at work.

    The network's layers hold the arrays that are in ``params`` at the beginning, so that only
    changes in place reach them: what lies in these is judged (`Exercise.fills`).

    Args:
        answer: a class with ``update(params, grads)``.
        inputs: ``settings``, a tuple for the constructor; ``params``, arrays by name; ``grads``,
            a list with a dictionary of gradients for each step; ``late lr``, the rate from the
            fourth step on, where it is lowered on the way.
    """
    need_class(answer, ("update",))
    name = name_of(answer)
    settings = inputs["settings"]
    yield f"{name}({', '.join(f'{setting:g}' for setting in settings)})"
    made, other = answer(*settings), answer(*settings)
    params = inputs["params"]
    elsewhere = {key: 1 - 2 * array for key, array in params.items()}
    for number, grads in enumerate(inputs["grads"], 1):
        if number == 4 and "late lr" in inputs:
            _attribute(made, "lr")
            made.lr = inputs["late lr"]
        yield f"update(params, grads), step {number}"
        made.update(params, grads)
        yield f"params after step {number}", params
        yield f"update of another {name}"
        other.update(elsewhere, {key: 0.5 - g for key, g in grads.items()})


class _Inner:
    """An optimiser that goes on in the direction of its last step, too, and notes its rates."""

    def __init__(self, lr: float) -> None:
        self.lr = lr
        self.rates: list[float] = []
        self._last: dict[str, Any] = {}

    def update(self, params: dict[str, Any], grads: dict[str, Any]) -> None:
        self.rates.append(float(self.lr))
        for name, grad in grads.items():
            params[name] -= self.lr * (grad + self._last.get(name, 0))
            self._last[name] = grad


def decaying(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Put a decaying rate around two optimisers, and let both take their steps.

    Args:
        answer: a class made from ``(optimiser, half_life)`` with ``update(params, grads)``.
        inputs: ``params``; ``grads``, a dictionary for each step; ``lr``, ``half_life``.
    """
    need_class(answer, ("update",))
    yield f"{name_of(answer)}(optimiser, half_life)"
    inners = [_Inner(inputs["lr"]), _Inner(2 * inputs["lr"])]
    made = [answer(inner, inputs["half_life"]) for inner in inners]
    params = inputs["params"]
    elsewhere = {name: array.copy() for name, array in params.items()}
    for number, grads in enumerate(inputs["grads"], 1):
        yield f"update(params, grads), step {number}"
        made[0].update(params, grads)
        if number % 2:
            made[1].update(elsewhere, grads)
    yield "rates", np.array(inners[0].rates)
    yield "rates of another", np.array(inners[1].rates)
    yield "params", {name: array.copy() for name, array in params.items()}


def penalised(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Call a function that adds weight decay to a loss and its gradients.

    Args:
        answer: a function of ``(loss_and_gradient, params, x, t, decay)``.
        inputs: its last four arguments; ``loss`` and ``found``, what ``loss_and_gradient`` returns.
    """
    need_function(answer)

    def loss_and_gradient(x: Any, t: Any) -> tuple[float, dict[str, Any]]:
        return inputs["loss"], {name: array.copy() for name, array in inputs["found"].items()}

    during = f"{name_of(answer)}(loss_and_gradient, params, x, t, decay)"
    yield during
    arguments = (inputs[name] for name in ("params", "x", "t", "decay"))
    for pair in unpack(answer(loss_and_gradient, *arguments), ("loss", "grads"), during):
        if pair[0] == "loss":
            yield pair
        elif not isinstance(pair[1], dict):
            raise MisfitError(f"{during} returns as its second value no dictionary.")
        else:
            for name in sorted(map(str, pair[1])):
                yield f"gradient of {name}"[:40], pair[1][name]


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
    """Use a dropout layer in training and in evaluation; by what it multiplies, the judge measures.

    Args:
        answer: a class made from ``(rate)`` with ``forward(x, train, rng)`` and ``backward(dout)``.
        inputs: ``rate``; ``x`` and ``dout`` without zeros, (N, D); ``seed``.
    """
    need_class(answer, ("forward", "backward"))
    x, dout = inputs["x"], inputs["dout"]
    rng = np.random.default_rng(inputs["seed"])
    yield f"{name_of(answer)}({inputs['rate']:g})"
    made = answer(inputs["rate"])
    for batch in ("", ", second batch"):
        yield "forward(x, True, rng)"
        yield f"out{batch}", _array_like("out", made.forward(x, True, rng), x)
        for _ in range(2):
            yield "backward(dout)"
            yield f"dx{batch}", _array_like("dx", made.backward(dout), dout)
    yield "forward(x, False)"
    yield "evaluation out", made.forward(x, False)
    yield "forward(x, False, rng)"
    yield "evaluation out, given a generator", made.forward(x, False, rng)
    yield "backward(dout) after an evaluation"
    yield "evaluation dx", made.backward(dout)


def _array_like(name: str, got: Any, given: Any) -> Any:
    """Return an array; raise `MisfitError` if it is none, or not of the shape of what came in."""
    got = serialize(got)
    if not isinstance(got, np.ndarray) or got.dtype.kind not in "iuf":
        kind = "None" if got is None else type(got).__name__
        raise MisfitError(f"{name} is {kind}, expected an array of shape {given.shape}.")
    if got.shape != given.shape:
        raise MisfitError(
            f"{name} has shape {got.shape}, expected {given.shape}: that of what came in."
        )
    return got


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


def layer_norm(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Make a layer normalisation, give it a scale and a shift, and run it there and back.

    Args:
        answer: a class made from ``(size, eps)``, with ``forward(x)``, ``backward(dout)``,
            ``gamma``, ``beta``, ``dgamma`` and ``dbeta``.
        inputs: ``settings``, a tuple for the constructor; ``gamma``, ``beta``, (M,); ``x`` and
            ``dout``, (N, M); ``other x``, which a second layer sees in between.
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
    for _ in range(2):
        yield "forward(x)"
        yield "out", made.forward(inputs["x"])
        yield f"forward of another {name_of(answer)}"
        other.forward(inputs["other x"])
        for _ in range(2):
            yield "backward(dout)"
            yield "dx", made.backward(inputs["dout"])
            for name in ("dgamma", "dbeta"):
                yield name, _attribute(made, name)


def clip(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Call the function; the gradients as it leaves them are an output.

    Args:
        answer: a function of ``(grads, limit)``.
        inputs: its arguments.
    """
    need_function(answer)
    grads = inputs["grads"]
    yield f"{name_of(answer)}(grads, limit)"
    yield "norm", answer(grads, inputs["limit"])
    yield "grads", grads


def chain_of_weights(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Ask for the first weights of several layers, drawn one after another from one generator.

    Args:
        answer: a function of ``(fan_in, fan_out, rng)``.
        inputs: ``sizes``, the units from the inputs on, and the ``seed`` of the generator.
    """
    need_function(answer)
    rng = np.random.default_rng(inputs["seed"])
    sizes = inputs["sizes"]
    weights = []
    for fan_in, fan_out in pairwise(sizes):
        yield f"{name_of(answer)}({fan_in}, {fan_out}, rng)"
        W = serialize(answer(fan_in, fan_out, rng))
        if not isinstance(W, np.ndarray) or W.dtype.kind != "f":
            kind = "None" if W is None else type(W).__name__
            raise MisfitError(f"W is {kind}, expected an array of floats, ({fan_in}, {fan_out}).")
        if W.shape != (fan_in, fan_out):
            raise MisfitError(
                f"W has shape {W.shape}, expected ({fan_in}, {fan_out}): a row per input."
            )
        weights.append(W)
    yield "weights", weights


def deep_net(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Make a network with batch normalisation, give it parameters, train it a little, evaluate it.

    Args:
        answer: a class made from ``(sizes, rng, dropout, decay)``, with ``params``,
            ``predict(x, train)`` and ``loss_and_gradient(x, t)``.
        inputs: ``sizes``, ``seed``, ``dropout``, ``decay``; ``params``, arrays by name that are
            written into the network's own; ``x``, ``t`` and ``second x``, ``second t``, batches to
            train on; ``new x`` to evaluate; ``draws``: how often to predict with dropout.
    """
    need_class(answer, ("predict", "loss_and_gradient"))
    rng = np.random.default_rng(inputs["seed"])
    yield f"{name_of(answer)}(sizes, rng, dropout, decay)"
    made = answer(inputs["sizes"], rng, inputs["dropout"], inputs["decay"])
    params = _attribute(made, "params")
    if not isinstance(params, dict):
        raise MisfitError(f"params is {type(params).__name__}, expected a dictionary of arrays.")
    yield "names", sorted(str(name) for name in params)
    yield "start", {str(name): np.array(array) for name, array in params.items()}
    for name, array in inputs["params"].items():
        if name not in params or np.shape(params[name]) != array.shape:
            raise MisfitError(f"params[{name!r}] is to be an array of shape {array.shape}.")
        params[name][...] = array
    for _ in range(2):
        yield "predict(new x)"
        yield "evaluation before", made.predict(inputs["new x"])
    if inputs["dropout"]:
        yield from _with_dropout(made, inputs)
        return
    for batch in ("", "second "):
        yield f"loss_and_gradient({batch}x, {batch}t)"
        loss, grads = made.loss_and_gradient(inputs[f"{batch}x"], inputs[f"{batch}t"])
        yield f"{batch}loss", loss
        yield f"{batch}gradients", grads
        for name in params:  # one step of plain gradient descent, in place
            params[name][...] = params[name] - grads[name] / 10
    for _ in range(2):
        yield "predict(new x, False)"
        yield "evaluation after", made.predict(inputs["new x"], False)


SHOWN = 20
"""How many predictions in training the judge gets to see."""


def _with_dropout(made: Any, inputs: dict[str, Any]) -> Steps:
    """Predict often with dropout; what is seen of it is a mean, a spread, and some of them.

    The scores are a linear function of the last hidden layer behind its dropout, so their mean over
    many masks is what they are without one.
    """
    yield "predict(x, True)"
    found = [serialize(made.predict(inputs["x"], True)) for _ in range(inputs["draws"])]
    if not all(isinstance(out, np.ndarray) and out.shape == found[0].shape for out in found):
        raise MisfitError("predict(x, True) does not return an array of scores, (N, C).")
    yield "mean of many predictions in training", np.mean(found, axis=0)
    yield "spread of many predictions in training", np.std(found, axis=0)
    yield "predictions in training", found[:SHOWN]
