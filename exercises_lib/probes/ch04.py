"""Probes of chapter 04: an affine layer in its daily use, and who owns a returned gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from exercises_lib.checking import MisfitError
from exercises_lib.probes import Steps, name_of, need_class, need_function


def affine(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Use a layer as training does: backward twice, another batch, updated parameters.

    Args:
        answer: a class made from ``(W, b)``, with ``forward``, ``backward``, ``dW`` and ``db``.
        inputs: ``W``, ``b``, ``x``, ``dout``, and ``second x``, ``second dout`` with another number
            of samples.
    """
    need_class(answer, ("forward", "backward"))
    W, b = inputs["W"], inputs["b"]
    yield f"{name_of(answer)}(W, b)"
    made = answer(W, b)
    for batch, times in (("", 2), ("second ", 1)):
        x, dout = inputs[f"{batch}x"], inputs[f"{batch}dout"]
        yield f"forward({batch}x)"
        yield f"{batch}out", made.forward(x)
        for _ in range(times):
            yield f"backward({batch}dout)"
            yield f"{batch}dx", made.backward(dout)
            for attribute in ("dW", "db"):
                if not hasattr(made, attribute):
                    raise MisfitError(
                        f"After backward, your {name_of(answer)} has no attribute {attribute}: "
                        f"backward stores it as self.{attribute}."
                    )
                yield f"{batch}{attribute}", getattr(made, attribute)
    # Training updates the arrays it handed over; what the answer changed itself stays visible.
    before = W.copy(), b.copy()
    W += 1
    b -= 1
    yield "forward(x), after W and b were updated in place"
    yield "updated out", made.forward(inputs["x"])
    yield "backward(dout), after W and b were updated in place"
    yield "updated dx", made.backward(inputs["dout"])
    W[...], b[...] = before


def unbroadcast(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Call the function on an array, write into what it returns, and call it on a read-only view.

    Args:
        answer: a function of ``(grad, shape)``.
        inputs: ``grad``, ``other grad`` (what lies in that afterwards is judged) and ``shape``.
    """
    need_function(answer)
    grad, shape = inputs["grad"], inputs["shape"]
    during = f"{name_of(answer)}(grad, shape)"
    yield during
    result = answer(grad, shape)
    yield "result", result
    yield f"{during} with a read-only grad"
    yield "result", answer(np.broadcast_to(grad, grad.shape), shape)
    yield during
    other = answer(inputs["other grad"], shape)
    if isinstance(other, np.ndarray) and other.dtype.kind == "f":
        yield "adding 1 to the result"
        try:
            np.add(other, 1, out=other)
        except ValueError:
            other = "read-only"
    else:
        other = other + 1
    yield "result with 1 added", other
