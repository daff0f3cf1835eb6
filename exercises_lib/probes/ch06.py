"""Probes of chapter 06: gradients and their check, a network, mini-batches, and training loops."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice, pairwise
from types import CodeType, FrameType
from typing import Any

import numpy as np

from exercises_lib import own
from exercises_lib.checking import MisfitError, Oracle
from exercises_lib.checking.serialize import serialize
from exercises_lib.probes import (
    Steps,
    decision,
    magnitude,
    name_of,
    need_class,
    need_function,
)

# --- numerical gradient and relative error ------------------------------------------------------

FUNCTIONS: dict[str, Callable[[Any], float]] = {
    "Σ x³ + 2 Σ x[0]²": lambda x: float(np.sum(x**3) + 2 * np.sum(x[0] ** 2)),
    "Σ x² · Σ x": lambda x: float(np.sum(x**2) * np.sum(x)),
    "Σ x³": lambda x: float(np.sum(x**3)),
}
"""Functions whose gradient is asked for, by the name that the student reads."""


def numerical(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Ask for the gradient of one of the `FUNCTIONS`.

    Args:
        answer: the function ``(f, x, h=1e-5)``.
        inputs: ``function``, a key of `FUNCTIONS`; ``x``; ``h`` if it is not the default;
            ``way``: "" or "f reads x elsewhere", where f does not look at its argument, as the loss
            of a network does not, or "x is a view", where the answer gets ``x.T``.
    """
    need_function(answer)
    function, way, x = FUNCTIONS[inputs["function"]], inputs["way"], inputs["x"]
    x = x.T if way == "x is a view" else x
    elsewhere = way == "f reads x elsewhere"
    h = (inputs["h"],) if "h" in inputs else ()
    yield f"{name_of(answer)}(f, x{', h' if h else ''})"
    result = answer((lambda _: function(x)) if elsewhere else function, x, *h)
    yield f"gradient ({way})" if way else "gradient", result


CURVES: dict[str, Callable[[Any], Any]] = {
    "Σ x³": lambda x: np.sum(x**3),
    "Σ exp(x) sin(x)": lambda x: np.sum(np.exp(x) * np.sin(x)),
    "log Σ exp(x)": lambda x: np.log(np.sum(np.exp(x))),
    "Σ x tanh(x)": lambda x: np.sum(x * np.tanh(x)),
    "Σ x² / (1 + Σ x⁴)": lambda x: np.sum(x**2) / (1 + np.sum(x**4)),
}
"""Functions that make sense for complex numbers, too."""


def gradient_of_curve(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Ask for the gradient of one of the `CURVES`.

    Args:
        answer: the function ``(f, x)``.
        inputs: ``curve``, a key of `CURVES`; ``x``.
    """
    need_function(answer)
    yield f"{name_of(answer)}(f, x)"
    yield "gradient", answer(CURVES[inputs["curve"]], inputs["x"])


def error_of(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Ask for the error of two arrays; an exception is an output where the shapes differ.

    Args:
        answer: the function ``(a, b)`` or ``(a, b, floor)``.
        inputs: ``a``, ``b``, ``floor`` if it is not the default, and ``name``, what the output is
            called.
    """
    need_function(answer)
    a, b = inputs["a"], inputs["b"]
    floor = (inputs["floor"],) if "floor" in inputs else ()
    yield f"{name_of(answer)}(a, b{', floor' if floor else ''})"
    if a.shape == b.shape:
        yield inputs["name"], answer(a, b, *floor)
        return
    try:
        result = answer(a, b)
    except NotImplementedError:
        raise
    except Exception as error:
        result = type(error).__name__
    yield inputs["name"], result


# --- networks -----------------------------------------------------------------------------------

NAMES = ("W1", "b1", "W2", "b2")


def network(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Make a network, set its parameters in place, and ask for everything that it can tell.

    Args:
        answer: a class made from ``(D, H, C, rng)`` or ``(D, H, C, rng, std)``.
        inputs: ``sizes``, ``seed``, ``std`` if it is not the default; if there is more to do than
            to make it: the four parameters, ``x``, ``t``, and another batch ``x2``, ``t2``.
    """
    need_class(answer, ("predict", "loss", "accuracy", "gradient"))
    std = (inputs["std"],) if "std" in inputs else ()
    yield f"{name_of(answer)}({', '.join(map(str, inputs['sizes']))}, rng{', std' if std else ''})"
    made = answer(*inputs["sizes"], np.random.default_rng(inputs["seed"]), *std)
    params = _params(made)
    if "x" not in inputs:
        for name in NAMES:
            yield f"first {name}", params[name]
        other = answer(*inputs["sizes"], np.random.default_rng(inputs["seed"] + 1), *std)
        yield "first W1 of another rng", [params["W1"], _params(other)["W1"]]
        return
    _set_in_place(params, inputs)
    x, t = inputs["x"], inputs["t"]
    kind = "one-hot " if t.ndim == 2 else ""
    yield "predict(x)"
    yield "scores", made.predict(x)
    yield "loss(x, t)"
    yield f"{kind}loss", made.loss(x, t)
    yield "accuracy(x, t)"
    yield f"{kind}accuracy", made.accuracy(x, t)
    yield "gradient(x2, t2)"
    yield from _gradients(made.gradient(inputs["x2"], inputs["t2"]))
    for name in NAMES:
        yield f"{name} after gradient", params[name]
    for name in NAMES:
        params[name] *= 1.5
    yield "predict(x), after the parameters were updated in place"
    yield "updated scores", made.predict(x)


def mended_network(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Ask a network for its loss and gradient, let it make one step, and look at it again.

    Args:
        answer: a class made from ``(D, H, C, rng)`` with predict, loss, gradient and step.
        inputs: ``sizes``, the four parameters, ``x``, ``t``, ``lr``.
    """
    need_class(answer, ("predict", "loss", "gradient", "step"))
    sizes, x, t = inputs["sizes"], inputs["x"], inputs["t"]
    yield f"{name_of(answer)}({', '.join(map(str, sizes))}, rng)"
    made = answer(*sizes, np.random.default_rng(0))
    params = _params(made)
    _set_in_place(params, inputs)
    yield "loss(x, t)"
    yield "loss", made.loss(x, t)
    made.loss(-x, t)  # gradient goes forward with its own batch, whatever was there before
    passes = _count_calls(made.affine2, "forward")
    yield "gradient(x, t)"
    yield from _gradients(made.gradient(x, t))
    yield "forward passes in gradient", "few" if len(passes) < 5 else "one for each nudge"
    yield "step(x, t, lr)"
    made.step(x, t, inputs["lr"])
    for name in NAMES:
        yield f"{name} after the step", made.params[name]
    yield "predict(x) after the step"
    yield "scores after the step", made.predict(x)


def _count_calls(layer: Any, method: str) -> list[None]:
    """Return a list that grows by one entry whenever the layer's method is called."""
    calls: list[None] = []
    original = getattr(layer, method)

    def counted(*args: Any) -> Any:
        calls.append(None)
        return original(*args)

    setattr(layer, method, counted)
    return calls


def _params(made: Any) -> dict[str, Any]:
    params = getattr(made, "params", None)
    if not isinstance(params, dict):
        raise MisfitError("The network has no dictionary params with its parameters.")
    lacking = [name for name in NAMES if not isinstance(params.get(name), np.ndarray)]
    if lacking:
        raise MisfitError(f"params has no array {lacking[0]!r}; it needs W1, b1, W2 and b2.")
    return params


def _set_in_place(params: dict[str, Any], inputs: dict[str, Any]) -> None:
    for name in NAMES:
        if params[name].shape != inputs[name].shape:
            raise MisfitError(
                f"params[{name!r}] has shape {params[name].shape}, expected {inputs[name].shape}: "
                "W1 (D, H), b1 (H,), W2 (H, C), b2 (C,)."
            )
        params[name][...] = inputs[name]


def _gradients(grads: Any) -> Steps:
    if not isinstance(grads, dict):
        found = "None" if grads is None else repr(type(grads).__name__)
        raise MisfitError(
            f"gradient returns {found}, expected a dictionary with the entries W1, b1, W2 and b2."
        )
    lacking = [name for name in NAMES if name not in grads]
    if lacking:
        raise MisfitError(f"gradient returns a dictionary without an entry {lacking[0]!r}.")
    for name in NAMES:
        yield f"d{name}", np.array(grads[name])  # a copy: the layer may use its array again


# --- a checker of gradients ---------------------------------------------------------------------


class _Suspect:
    """Affine, ReLU, Affine, softmax with loss; the gradient may be spoilt, the loss is right.

    The gradient is asked for, so that neither can it be read here whether it is spoilt, nor does
    this hold a network's way back. A gradient check asks for hundreds of losses of a tiny network,
    so this one is written for few NumPy calls and not for reading: `exercises_lib.nn` has the
    readable one.
    """

    def __init__(self, inputs: dict[str, Any], oracle: Oracle) -> None:
        self.called = dict(zip(NAMES, inputs["called"], strict=True))
        self.params = {self.called[name]: inputs[name] for name in NAMES}
        self._oracle, self._inputs = oracle, inputs
        self._before = {name: inputs[name].copy() for name in NAMES}
        self.losses, self.farthest, self.other_batch = 0, 0.0, False

    def predict(self, x: Any) -> Any:
        W1, b1, W2, b2 = self.params.values()
        return np.maximum(x @ W1 + b1, 0) @ W2 + b2

    def loss(self, x: Any, t: Any) -> float:
        self._note(x, t)
        scores = self.predict(x)
        e = np.exp(scores)
        return float((np.log(e.sum(axis=1)) - scores[np.arange(len(t)), t]).sum() / len(t))

    def _note(self, x: Any, t: Any) -> None:
        """Note on which batch the loss is asked for, and how far the parameters were moved."""
        given = self._inputs["x"], self._inputs["t"]
        if x is not given[0] or t is not given[1]:
            same = np.array_equal(x, given[0]) and np.array_equal(t, given[1])
            self.other_batch = self.other_batch or not same
        self.losses += 1
        if self.losses <= 4:  # the first parameter that is moved tells
            for name, called in self.called.items():
                moved = np.abs(self.params[called] - self._before[name]).max()
                self.farthest = max(self.farthest, float(moved))

    def gradient(self, x: Any, t: Any) -> dict[str, Any]:
        grads = self._oracle(list(self.params.values()), x, t)
        return {self.called[name]: grad for name, grad in grads.items()}


def network_checker(answer: Any, inputs: dict[str, Any], *, oracle: Oracle) -> Steps:
    """Give a network to a checker and say what it decides about each parameter.

    The network's parameters are the arrays of the case, and what the checker leaves in them is
    judged (`Exercise.fills`).

    Args:
        answer: the function ``(net, x, t)`` that returns an error for each parameter.
        inputs: the four parameters, and what they are ``called``; ``x``, ``t``.
        oracle: takes the parameters, ``x`` and ``t``, returns this network's gradients.
    """
    need_function(answer)
    suspect = _Suspect(inputs, oracle)
    yield f"{name_of(answer)}(net, x, t)"
    errors = serialize(answer(suspect, inputs["x"], inputs["t"]))
    if isinstance(errors, dict):
        errors = {key: decision(error) for key, error in errors.items()}
    yield "decisions", errors
    yield "batch of the losses", "another" if suspect.other_batch else "as given"
    yield "step", magnitude(suspect.farthest)


# --- training -----------------------------------------------------------------------------------

MOST_BATCHES = 60
"""So many batches of an epoch are looked at; a right answer has far fewer."""


def batches(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Ask for the batches of three epochs: two with one generator, one with another.

    Args:
        answer: the function ``(x, t, size, rng)``.
        inputs: ``x``, ``t``, ``size``, ``seed``.
    """
    need_function(answer)
    x, t, size, seed = (inputs[key] for key in ("x", "t", "size", "seed"))
    rng = np.random.default_rng(seed)
    during = f"{name_of(answer)}(x, t, size, rng)"
    yield during
    first = _epoch(answer(x, t, size, rng), during)
    yield "batches", first
    yield f"{during}, a second time"
    yield "second epoch", [first, _epoch(answer(x, t, size, rng), during)]
    yield f"{during} with another rng"
    other = np.random.default_rng(seed + 1)
    yield "epoch with another rng", [first, _epoch(answer(x, t, size, other), during)]


def _epoch(result: Any, during: str) -> list[Any]:
    if isinstance(result, (str, dict, np.ndarray)) or not isinstance(result, Iterable):
        kind = "None" if result is None else repr(type(result).__name__)
        raise MisfitError(f"{during} gives {kind}, expected a generator (or list) of pairs: x, t.")
    if isinstance(result, tuple) and len(result) == 2 and isinstance(result[0], np.ndarray):
        raise MisfitError(
            f"{during} returns a single pair of arrays, expected all batches of the epoch, one "
            "after the other: a generator hands them out with yield."
        )
    found = []
    for batch in islice(result, MOST_BATCHES):
        if isinstance(batch, np.ndarray) and batch.ndim > 1:
            raise MisfitError(
                f"{during} yields samples without their labels, expected pairs: x and t."
            )
        if not isinstance(batch, (tuple, list)) or len(batch) != 2:
            kind = type(batch).__name__
            raise MisfitError(f"{during} yields {kind!r}, expected pairs: the batch's x and its t.")
        found.append((serialize(batch[0]), serialize(batch[1])))
    return found


def step(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Make one step; the arrays that the layers hold are judged (`Exercise.fills`).

    Args:
        answer: the function ``(params, grads, lr)``.
        inputs: ``params`` and ``grads``, dictionaries of arrays; ``lr``.
    """
    need_function(answer)
    params, grads = inputs["params"], inputs["grads"]
    yield f"{name_of(answer)}(params, grads, lr)"
    answer(params, grads, inputs["lr"])
    yield "params", params


class _Recorder:
    """A linear classifier that writes down every gradient it is asked for.

    It holds its weights beside the dictionary, as a layer does; only changes in place reach them.
    """

    def __init__(self, W: Any, b: Any) -> None:
        self.params = {"W": W, "b": b}
        self._W, self._b = W, b
        self.log: list[dict[str, Any]] = []

    def held(self) -> Any:
        """Return a copy of all parameters that the layer holds, one after the other."""
        return np.concatenate([self._W.ravel(), self._b])

    def predict(self, x: Any) -> Any:
        return x @ self._W + self._b

    def loss(self, x: Any, t: Any) -> float:
        return _linear_loss(x, t, self._W, self._b)[0]

    def accuracy(self, x: Any, t: Any) -> float:
        return float(np.mean(self.predict(x).argmax(axis=1) == t))

    def gradient(self, x: Any, t: Any) -> dict[str, Any]:
        return self.loss_and_gradient(x, t)[1]

    def loss_and_gradient(self, x: Any, t: Any) -> tuple[float, dict[str, Any]]:
        loss, slope = _linear_loss(x, t, self._W, self._b)
        grads = {"W": x.T @ slope, "b": slope.sum(axis=0)}
        gradient = np.concatenate([grads["W"].ravel(), grads["b"]])
        entry = {"x": np.array(x), "t": np.array(t), "loss": loss}
        self.log.append({**entry, "params": self.held(), "gradient": gradient})
        if len(self.log) > MOST_BATCHES:
            raise MisfitError("The training does not end: it takes many more steps than asked for.")
        return loss, grads


def _linear_loss(x: Any, t: Any, W: Any, b: Any) -> tuple[float, Any]:
    """Return the loss of a linear classifier, and its slope with respect to the scores."""
    rows = np.arange(len(x))
    y = np.exp(x @ W + b)
    y /= y.sum(axis=1, keepdims=True)
    loss = -float(np.mean(np.log(y[rows, t])))
    y[rows, t] -= 1
    return loss, y / len(x)


def training(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Let a loop train a network that writes down its batches, gradients and updates.

    Args:
        answer: the function ``(net, x, t, epochs, batch_size, lr, rng)``.
        inputs: ``W``, ``b``, ``x``, ``t``, ``epochs``, ``batch_size``, ``lr``, ``seed``.
    """
    need_function(answer)
    net = _Recorder(inputs["W"].copy(), inputs["b"].copy())
    options = [inputs[key] for key in ("epochs", "batch_size", "lr")]
    yield f"{name_of(answer)}(net, x, t, epochs, batch_size, lr, rng)"
    rng = np.random.default_rng(inputs["seed"])
    unused = np.random.default_rng(inputs["seed"]).bit_generator.state
    returned = answer(net, inputs["x"], inputs["t"], *options, rng)
    log = net.log
    params = [entry["params"] for entry in log] + [net.held()]
    after = []
    for entry, now in zip(log, params[1:], strict=True):
        W, b = now[: net.params["W"].size].reshape(inputs["W"].shape), now[-len(inputs["b"]) :]
        after.append(_linear_loss(entry["x"], entry["t"], W, b)[0])
    yield (
        "steps",
        {
            "batches": [(entry["x"], entry["t"]) for entry in log],
            "gradients": [entry["gradient"] for entry in log],
            "updates": [later - earlier for earlier, later in pairwise(params)],
            "rng": "untouched" if rng.bit_generator.state == unused else "used",
        },
    )
    before = [entry["loss"] for entry in log]
    yield "losses", {"returned": returned, "before": before, "after": after}


def trained(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Let a function train a network; take its parameters, and its scores for what it has seen.

    What else it reads, and how well, the judge finds out from the parameters.

    Args:
        answer: the function ``(x_train, t_train, rng)``; returns something with ``predict(x)`` and
            ``params``.
        inputs: ``x_train``, ``t_train``, ``seed``.
    """
    with calls_of_nn() as used:
        net = yield from _trained_network(answer, inputs)
        yield "predict(x_train)"
        scores = net.predict(inputs["x_train"])
    yield "taken from nn", sorted(used)
    yield "training scores", scores
    params = getattr(net, "params", None)
    if type(params) is not dict:
        raise MisfitError(
            "The network that you return has no dictionary params with W1, b1, W2, b2, and so on."
        )
    yield "params", params


def memorised(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Let a function train a classifier on a few samples, and ask that for their scores.

    Args:
        answer: the function ``(x, t, rng)``; returns something with ``predict(x)``.
        inputs: ``x_train``, ``t_train``, ``seed``.
    """
    x = inputs["x_train"]
    with calls_of_nn() as used:
        net = yield from _trained_network(answer, inputs)
        yield "predict(x)"
        scores = net.predict(x.copy())
        nearby = net.predict(x + 1e-6)
    yield "taken from nn", sorted(used)
    yield "scores", scores
    yield "scores of digits moved by a hair", nearby


def _trained_network(answer: Any, inputs: dict[str, Any]) -> Generator[Any, None, Any]:
    need_function(answer)
    x, t = inputs["x_train"], inputs["t_train"]
    yield f"{name_of(answer)}(x, t, rng)"
    net = answer(x, t, np.random.default_rng(inputs["seed"]))
    if not callable(getattr(net, "predict", None)):
        kind = "None" if net is None else repr(type(net).__name__)
        raise MisfitError(
            f"{name_of(answer)} returns {kind}, expected the trained network: an object with a "
            "method predict(x)."
        )
    return net


@contextmanager
def calls_of_nn() -> Iterator[set[str]]:
    """Collect the names of what is called of the course's library.

    Layers of earlier chapters that `mynn` has lent, because the student's own are not there, do
    not count: whoever has written them in another folder, or hands in this chapter alone, has them
    from there.
    """
    used: set[str] = set()
    names: dict[CodeType, str] = {}

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            code = frame.f_code
            name = names.get(code)
            if name is None:
                ours = "exercises_lib/nn/" in code.co_filename.replace("\\", "/")
                name = names[code] = code.co_qualname.partition(".")[0] if ours else ""
            if name.isidentifier():
                used.add(name)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield used
    finally:
        sys.setprofile(before)
        lent = own.lent() & LENT_LAYERS
        used.difference_update([name for name in used if name.startswith("_") or name in lent])


LENT_LAYERS = frozenset({"Affine", "Relu", "Sigmoid", "sigmoid", "Tanh", "SoftmaxWithLoss"})
"""Layers of chapters 03 to 05."""
