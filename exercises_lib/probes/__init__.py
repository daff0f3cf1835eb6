"""Probes: how a candidate is observed on a case.

Probes run in the student's kernel and know no answers. A probe is a generator: it yields a string
before each call of the student's code (``"backward(dout)"``, used in error messages) and a pair
``(name, value)`` for each output. Yielding a name a second time states that both values must agree.
Probes of a single chapter live in `exercises_lib.probes.chNN`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from exercises_lib.checking import MisfitError, UnansweredError
from exercises_lib.checking.serialize import describe, is_number, serialize

Steps = Iterator[str | tuple[str, Any]]

ACCEPTED_BELOW, REJECTED_ABOVE = 1e-4, 1e-2
"""Errors below the first say that a gradient is right, errors above the second that it is wrong."""


def call(answer: Any, inputs: dict[str, Any], *, returns: Sequence[str] = ("result",)) -> Steps:
    """Call a function with the inputs in order and name what it returns.

    Args:
        answer: the function.
        inputs: its arguments, in order.
        returns: names of what it returns; more than one means a tuple of that length.
    """
    need_function(answer)
    during = f"{name_of(answer)}({', '.join(inputs)})"
    yield during
    result = answer(*inputs.values())
    yield from unpack(result, returns, during)


def layer(
    answer: Any,
    inputs: dict[str, Any],
    *,
    init: Sequence[str] = (),
    forward: Sequence[str] = ("x",),
    returns: Sequence[str] = ("out",),
    gradients: Sequence[str] = ("dx",),
    attributes: Sequence[str] = (),
    upstream: str = "dout",
) -> Steps:
    """Make a layer, run it forward and backward, and run it again.

    Yields the forward outputs, what ``backward`` returns and the attributes; then the forward pass
    of a second call and a second ``backward``, which must give the same; an input that ``forward``
    or ``backward`` changes shows in the observation.

    Args:
        answer: the class.
        inputs: constructor arguments, forward arguments and upstream gradient, by name.
        init: which inputs go to the constructor, in order.
        forward: which go to ``forward``.
        returns: names of what ``forward`` returns.
        gradients: names of what ``backward`` returns.
        attributes: attributes of the layer to read after ``backward``, for example ``dW``.
        upstream: which input goes to ``backward``; if it is none, ``backward()`` is called bare.
    """
    need_class(answer, ("forward", "backward"))
    name = name_of(answer)
    yield f"{name}({', '.join(init)})"
    made = answer(*(inputs[key] for key in init))
    back = [inputs[upstream]] if upstream in inputs else []
    for _ in range(2):
        during = f"forward({', '.join(forward)})"
        yield during
        yield from unpack(made.forward(*(inputs[key] for key in forward)), returns, during)
        during = f"backward({', '.join([upstream] if back else [])})"
        for _ in range(2):
            yield during
            yield from unpack(made.backward(*back), gradients, during)
            for attribute in attributes:
                if not hasattr(made, attribute):
                    raise MisfitError(f"After backward, your {name} has no attribute {attribute}.")
                yield attribute, getattr(made, attribute)


def values(answer: Any, inputs: dict[str, Any], *, names: Sequence[str]) -> Steps:
    """Read the blanks of a number or choice exercise from a dictionary.

    Args:
        answer: the dictionary; with a single blank, also the bare value.
        inputs: none.
        names: the blanks.
    """
    if len(names) == 1 and not isinstance(answer, dict):
        answer = {names[0]: answer}
    if not isinstance(answer, dict):
        raise MisfitError(f"The answer is a dictionary with the entries {', '.join(names)}.")
    unknown = [str(key)[:40] for key in answer if key not in names]
    if unknown:
        raise MisfitError(f"There is no entry {unknown[0]!r}; the entries are {', '.join(names)}.")
    blank = [key for key in names if answer.get(key) is None or answer[key] is ...]
    if blank:
        more = "" if len(blank) == len(names) else f"Still open: {', '.join(blank)}."
        raise UnansweredError(more)
    for key in names:
        value = answer[key]
        yield key, value.strip() if isinstance(value, str) else value


def need_function(answer: Any) -> None:
    """Raise `MisfitError` if the answer cannot be called."""
    if not callable(answer):
        raise MisfitError(
            f"The answer is {describe(serialize(answer))}, expected a function. "
            "Pass the function itself, without calling it."
        )


def need_class(answer: Any, methods: Sequence[str]) -> None:
    """Raise `MisfitError` if the answer is not a class with these methods."""
    if not inspect.isclass(answer):
        made = type(answer).__name__
        hint = "" if inspect.isfunction(answer) else f" Pass {made}, not {made}(…)."
        raise MisfitError(f"The answer is not a class.{hint}")
    for method in methods:
        if not callable(getattr(answer, method, None)):
            raise MisfitError(f"Your class {name_of(answer)} has no method {method}.")


def name_of(answer: Any) -> str:
    """Return how a function or class calls itself, for messages."""
    name = getattr(answer, "__name__", None)
    if not isinstance(name, str) or name == "<lambda>":
        return "your function"
    return name[:60]


def unpack(result: Any, names: Sequence[str], during: str) -> Steps:
    """Name the values that a call returned.

    Args:
        result: what it returned.
        names: one name: the result itself; several: a tuple, list or array of that many.
        during: the call, for the message.

    Raises:
        MisfitError: if the result is not of the right length.
    """
    if len(names) == 1:
        yield names[0], result
        return
    wanted = f"{len(names)} values: {', '.join(names)}"
    if result is None:
        raise MisfitError(f"{during} returns None, expected {wanted}. Did you forget the return?")
    if not (isinstance(result, (tuple, list)) or (isinstance(result, np.ndarray) and result.ndim)):
        raise MisfitError(f"{during} returns {describe(serialize(result))}, expected {wanted}.")
    if len(result) != len(names):
        count = "1 value" if len(result) == 1 else f"{len(result)} values"
        found = f"one array of shape {result.shape}" if isinstance(result, np.ndarray) else count
        raise MisfitError(f"{during} returns {found}, expected {wanted}.")
    yield from zip(names, result, strict=True)


def decision(error: Any) -> Any:
    """Say what the error that a student's gradient check returned means.

    Args:
        error: plain data.

    Returns:
        ``"accepts"``, ``"rejects"``, ``"undecided"``, ``"negative"`` or ``"nan"``; what is not a
        number comes back as it is.
    """
    if not is_number(error):
        return error
    size = float(np.real(error))
    if np.isnan(size):
        return "nan"
    if size < 0:
        return "negative"
    if size < ACCEPTED_BELOW:
        return "accepts"
    return "rejects" if size > REJECTED_ABOVE else "undecided"


def magnitude(distance: float) -> int | None:
    """Return the power of ten that is nearest to a distance; None if it is 0 or no number."""
    if not (np.isfinite(distance) and distance > 0):
        return None
    return int(np.round(np.log10(distance)))


def find(name: str) -> Callable[..., Steps]:
    """Return the probe of a given name.

    Args:
        name: as `exercises_lib.checking.Probe.name` gives it, for example ``"ch03.shop"``.

    Raises:
        LookupError: if there is none.
    """
    import importlib

    module, _, function = name.rpartition(".")
    if not (module == "" or module.isidentifier()) or not function.isidentifier():
        raise LookupError(f"no probe {name!r}")
    home = importlib.import_module(f"{__name__}.{module}" if module else __name__)
    probe = getattr(home, function, None)
    if probe is None or getattr(probe, "__module__", "") != home.__name__:
        raise LookupError(f"no probe {name!r}")
    return probe  # type: ignore[no-any-return]
