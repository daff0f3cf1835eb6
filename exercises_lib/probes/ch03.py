"""Probes of chapter 03: layers, a shop and networks made of them, and a test that is tested."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

import numpy as np

from exercises_lib.checking import MisfitError, Oracle
from exercises_lib.checking.serialize import describe, serialize
from exercises_lib.probes import (
    Steps,
    decision,
    magnitude,
    name_of,
    need_class,
    need_function,
    unpack,
)
from exercises_lib.probes.overflow import plain, watch


def layer(
    answer: Any,
    inputs: dict[str, Any],
    *,
    forward: Sequence[str] = ("x",),
    gradients: Sequence[str] = ("dx",),
    kink: bool = False,
    overflow: bool = False,
) -> Steps:
    """Run a layer forward and backward while a second layer of the same class is at work.

    A layer whose memory belongs to the class, or to the module, loses it to the second one. An
    earlier batch goes forward first, and every pass is run twice. Overflow is an error here unless
    the exercise allows it; NumPy would only warn, and in a web page not even that, so the arrays
    watch for it themselves.

    Args:
        answer: the class.
        inputs: forward arguments and ``dout``, by name.
        forward: which inputs go to ``forward``.
        gradients: names of what ``backward`` returns.
        kink: the slope at ``x == 0`` may be anything from 0 to 1; such a dx is yielded as 0.
        overflow: whether an infinity on the way is allowed; the results alone count then.
    """
    need_class(answer, ("forward", "backward"))
    given = plain if overflow else watch
    rules: Literal["ignore", "raise"] = "ignore" if overflow else "raise"
    yield f"{name_of(answer)}()"
    made, other = answer(), answer()
    during = f"forward({', '.join(forward)})"
    yield during
    with np.errstate(over=rules):  # an earlier batch, which has to be forgotten
        made.forward(*(given(0.5 - inputs[key] / 3) for key in forward))
    for _ in range(2):
        yield during
        with np.errstate(over=rules):
            out = made.forward(*(given(inputs[key]) for key in forward))
        yield "out", plain(out)
        yield f"{during} of another {name_of(answer)}"
        other.forward(*(1.5 - inputs[key] / 2 for key in forward))
        for _ in range(2):
            yield "backward(dout)"
            with np.errstate(over=rules):
                result = made.backward(given(inputs["dout"]))
            for item in unpack(result, gradients, "backward(dout)"):
                if not isinstance(item, str):
                    item = (item[0], plain(item[1]))
                if kink and not isinstance(item, str):
                    item = (item[0], _without_kinks(item[1], inputs["x"], inputs["dout"]))
                yield item


def _without_kinks(dx: Any, x: Any, dout: Any) -> Any:
    """Write 0 where x is 0 and dx is one of the slopes that are right there."""
    dx = serialize(dx)
    if not isinstance(dx, np.ndarray) or dx.shape != x.shape or dx.dtype.kind not in "iuf":
        return dx
    right = (x == 0) & (dx >= np.minimum(0, dout)) & (dx <= np.maximum(0, dout))
    return np.where(right, 0, dx)


def shop(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Call the fruit shop and name the total and each gradient.

    Args:
        answer: the function; returns the total and a dictionary of gradients.
        inputs: its arguments, in order; the dictionary has an entry for each.
    """
    need_function(answer)
    during = f"{name_of(answer)}({', '.join(inputs)})"
    yield during
    pairs = unpack(answer(*inputs.values()), ("total", "gradients"), during)
    total, gradients = (pair[1] for pair in pairs)
    yield "total", total
    if not isinstance(gradients, dict):
        kind = describe(serialize(gradients))
        raise MisfitError(
            f"gradients is {kind}, expected a dictionary: name of the input → gradient."
        )
    lacking = [name for name in inputs if name not in gradients]
    if lacking:
        raise MisfitError(f"gradients has no entry {lacking[0]!r}; it needs {', '.join(inputs)}.")
    for name in inputs:
        yield f"gradients[{name!r}]", gradients[name]


class _Recorder:
    """The layer out = x · W, which writes down when it is called."""

    def __init__(self, place: int, weight: Any, log: list[int]) -> None:
        self.place, self.weight, self.log = place, weight, log

    def forward(self, x: Any) -> Any:
        self.log.append(self.place)
        return x @ self.weight

    def backward(self, dout: Any) -> Any:
        self.log.append(self.place)
        return dout @ self.weight.T


def sequential(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Make a row of recording layers; say what comes out and which layer was called when.

    Args:
        answer: the class; its constructor takes a list of layers.
        inputs: ``weights``, a list of square matrices that do not commute; ``x``; ``dout``.
    """
    need_class(answer, ("forward", "backward"))
    log: list[int] = []
    layers = [_Recorder(place, weight, log) for place, weight in enumerate(inputs["weights"])]
    yield f"{name_of(answer)}(layers)"
    made = answer(layers)
    for which, x, dout in _two_passes(inputs):
        log.clear()
        yield f"forward({which}x)"
        out = made.forward(x)
        yield f"{which}forward_order", list(log)
        yield f"{which}out", out
        log.clear()
        yield f"backward({which}dout)"
        dx = made.backward(dout)
        yield f"{which}backward_order", list(log)
        yield f"{which}dx", dx
    yield "layers", _places(layers)


def back_through(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Send two gradients back through a list of recording layers, one after the other.

    Args:
        answer: the function ``(layers, dout)``.
        inputs: ``weights``, as for `sequential`, and ``dout``.
    """
    need_function(answer)
    log: list[int] = []
    layers = [_Recorder(place, weight, log) for place, weight in enumerate(inputs["weights"])]
    for which, _, dout in _two_passes(inputs):
        log.clear()
        yield f"{name_of(answer)}(layers, {which}dout)"
        dx = answer(layers, dout)
        yield f"{which}backward_order", list(log)
        yield f"{which}dx", dx
    yield "layers", _places(layers)


def _two_passes(inputs: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """Return two passes; the second has other numbers, which nobody can remember from the first."""
    x, dout = inputs.get("x", 0.0), inputs["dout"]
    return [("", x, dout), ("second ", 1.5 - x / 2, 0.5 - dout / 3)]


def _places(layers: Sequence[Any]) -> list[int]:
    return [made.place if isinstance(made, _Recorder) else -1 for made in layers]


def skip_block(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Use a layer in y = x + layer(x): its backward and the skip get the same dout array.

    Args:
        answer: the class.
        inputs: ``x`` and ``dout``.
    """
    need_class(answer, ("forward", "backward"))
    yield f"{name_of(answer)}()"
    made = answer()
    for _ in range(2):
        yield "forward(x)"
        out = made.forward(inputs["x"])
        yield "out", out
        yield "backward(dout)"
        dx = made.backward(inputs["dout"])
        yield "dx", dx
        dx = serialize(dx)
        fits = isinstance(dx, np.ndarray) and dx.shape == inputs["dout"].shape
        yield "dout + dx", inputs["dout"] + dx if fits and dx.dtype.kind in "iuf" else dx


def network(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Make two networks and run the first one back after the second one went forward.

    Args:
        answer: a function that makes a network from all inputs but ``x`` and ``dout``.
        inputs: its arguments, ``x`` and ``dout``.
    """
    need_function(answer)
    arguments = [value for key, value in inputs.items() if key not in ("x", "dout")]
    names = [key for key in inputs if key not in ("x", "dout")]
    yield f"{name_of(answer)}({', '.join(names)})"
    made, other = answer(*arguments), answer(*arguments)
    if made is None:
        raise MisfitError(f"{name_of(answer)} returns None. Did you forget the return?")
    for method in ("forward", "backward"):
        if not callable(getattr(made, method, None)):
            raise MisfitError(
                f"{name_of(answer)} returns {describe(serialize(made))}, "
                "expected a network with forward and backward."
            )
    for _ in range(2):
        yield "forward(x)"
        yield "out", made.forward(inputs["x"])
        yield "forward(x) of another network"
        other.forward(1.5 - inputs["x"] / 2)
        yield "backward(dout)"
        yield "dx", made.backward(inputs["dout"])


class _Animal:
    """A layer of the zoo. Its way back is asked for, so that it cannot be read here.

    Args:
        forward: x → out.
        x: the input that the checker was given.
        oracle: (x, out, dout) → which of the three the layer returns, or None; what it returns; and
            the three as it leaves them.
    """

    def __init__(self, forward: Callable[[Any], Any], oracle: Oracle, x: Any) -> None:
        self._forward, self._oracle, self._given = forward, oracle, x
        self.came: Any = None
        self.at_backward: list[Any] = []
        self.varied = False
        self.farthest = 0.0

    def forward(self, x: Any) -> Any:
        self.came = x.copy()
        if np.shape(x) == np.shape(self._given):
            self.farthest = max(self.farthest, float(np.abs(x - self._given).max()))
        self._out = self._forward(x)
        self._x = x.copy()
        return self._out

    def backward(self, dout: Any) -> Any:
        self.at_backward.append(self.came)
        self.varied = self.varied or bool(np.ptp(dout) > 0)
        lent = (self._x, self._out, dout)
        place, dx, *left = self._oracle(*lent)
        for array, now in zip(lent, left, strict=True):
            if not np.array_equal(array, now):
                array[...] = now
        return dx if place is None else lent[place]


def _zero_in_place(array: Any, where: Any) -> Any:
    array[where] = 0
    return array


WIDE = np.array(
    [
        [0.8137, -1.1371, 0.3259, 0.7193],
        [0.5323, 0.9241, -0.7477, 1.3183],
        [-1.2119, 0.4513, 0.6367, -0.5791],
    ]
)  # no two sums of them are alike
SQUARE = WIDE[:, :3]
STEEP = 200.0

FORWARD: dict[str, Callable[[Any], Any]] = {
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "x · W": lambda x: x @ WIDE,
    "x · square W": lambda x: x @ SQUARE,
    "transpose": lambda x: x.T,
    "identity": lambda x: x,  # out is x itself
    "steep exponential": lambda x: np.exp(STEEP * x),
    "tiny slope": lambda x: 1e-4 * x,
    "row sum": lambda x: x.sum(axis=1),
    "relu in place": lambda x: _zero_in_place(x, x < 0),
    "square in place": lambda x: np.abs(x, out=x) ** 2,
}
"""What the layers of the zoo do on the way forward."""


def layer_checker(answer: Any, inputs: dict[str, Any], *, oracle: Oracle) -> Steps:
    """Give a layer of the zoo to a checker and say what it decides: accepts, rejects, or what else.

    What the checker leaves in the array ``x`` is judged (`Exercise.fills`).

    Args:
        answer: the function ``(layer, x, rng)`` that returns an error.
        inputs: ``forward``, a name of `FORWARD`; ``x``; ``seed`` for the answer's generator.
        oracle: the layer's way back, see `_Animal`.
    """
    need_function(answer)
    x, before = inputs["x"], inputs["x"].copy()
    animal = _Animal(FORWARD[inputs["forward"]], oracle, before)
    rng = np.random.default_rng(inputs["seed"])
    unused = rng.bit_generator.state
    yield f"{name_of(answer)}(layer, x, rng)"
    result = serialize(answer(animal, x, rng))
    yield "decision", decision(result)
    # A dout whose entries are all the same was not drawn at all; wrong layers show that.
    drawn = rng.bit_generator.state != unused or not animal.varied
    yield "rng", "used" if drawn else "unused"
    yield "rounds", len(animal.at_backward)
    as_given = all(np.array_equal(came, before) for came in animal.at_backward)
    seen = "as given" if as_given else "another"
    yield "x at backward", seen if animal.at_backward else "never"
    yield "step", magnitude(animal.farthest)


class _Forgetful:
    """out = tanh(x · W). All layers share one memory for the inputs of so many of them."""

    def __init__(self, place: int, weight: Any, memory: dict[int, Any], room: int) -> None:
        self.place, self.weight, self.memory, self.room = place, weight, memory, room
        self.runs = 0

    def forward(self, x: Any) -> Any:
        self.runs += 1
        self.memory.pop(self.place, None)
        self.memory[self.place] = np.tanh(x @ self.weight)
        while len(self.memory) > self.room:
            del self.memory[next(iter(self.memory))]
        return self.memory[self.place]

    def backward(self, dout: Any) -> Any:
        if self.place not in self.memory:
            raise MisfitError(
                f"Layer {self.place} is asked to go back, and has forgotten what it computed: "
                f"{self.room} other layers have gone forward since."
            )
        return dout * (1 - self.memory[self.place] ** 2) @ self.weight.T


def checkpointed(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Make a row of layers that forget; say what comes out, what is kept, what is run again.

    Args:
        answer: the class; its constructor takes a list of layers and ``every``.
        inputs: ``weights``, square matrices; ``every``; ``x``; ``dout``.
    """
    need_class(answer, ("forward", "backward"))
    memory: dict[int, Any] = {}
    layers = [_Forgetful(k, w, memory, inputs["every"]) for k, w in enumerate(inputs["weights"])]
    yield f"{name_of(answer)}(layers, every)"
    made = answer(layers, inputs["every"])
    for x in (0.5 - inputs["x"], inputs["x"]):  # an earlier batch goes first
        yield "forward(x)"
        out = made.forward(x)
    yield "out", out
    yield "arrays kept", len({id(one) for one in _arrays(vars(made))})
    for _ in range(2):
        before = sum(layer.runs for layer in layers)
        yield "backward(dout)"
        dx = made.backward(inputs["dout"])
        yield "dx", dx
    yield "layers run again", sum(layer.runs for layer in layers) - before


def _arrays(held: Any) -> Iterator[Any]:
    if isinstance(held, np.ndarray):
        yield held
    elif isinstance(held, (list, tuple, set, dict)):
        for one in held.values() if isinstance(held, dict) else held:
            yield from _arrays(one)
