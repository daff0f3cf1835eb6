"""Probes of chapter 05: outputs are named after the kind of case they come from.

A loss that is right for ordinary scores can still overflow for large ones. Under a name of its
own, such as ``large-score loss``, that is found and explained beside other mistakes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from exercises_lib import probes
from exercises_lib.probes import Steps

LARGE = 15.0
"""Scores from this size on are called large: 1e-7 is no longer small beside exp(-15)."""


def scores(answer: Any, inputs: dict[str, Any], *, returns: Sequence[str]) -> Steps:
    """Call a function of the scores `x`; what it returns for large ones has a name of its own."""
    kind = "large-score " if np.abs(inputs["x"]).max() >= LARGE else ""
    yield from _renamed(probes.call(answer, inputs, returns=returns), kind)


def labels(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Call a loss of (y, t); integer labels, one-hot rows and probabilities of 0 are told apart."""
    kind = "integer-label " if inputs["t"].ndim == 1 else "one-hot "
    if (inputs["y"] == 0).any():
        kind = "zero-probability "
    yield from _renamed(probes.call(answer, inputs, returns=("loss",)), kind)


def loss_layer(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Run a loss layer that has seen another batch before.

    Large scores and integer labels are told apart from the rest.
    """
    x, t = inputs["x"], inputs["t"]
    kind = "integer-label " if t.ndim < x.ndim else ""
    if np.abs(x).max() >= LARGE:
        kind = "large-score "
    probes.need_class(answer, ("forward", "backward"))
    yield f"{probes.name_of(answer)}()"
    made = answer()
    yield "forward(x, t)"
    made.forward(-x, t[::-1].copy())
    back = [inputs["dout"]] if "dout" in inputs else []
    for _ in range(2):
        yield "forward(x, t)"
        yield f"{kind}loss", made.forward(x, t)
        for _ in range(2):
            yield f"backward({'dout' if back else ''})"
            yield f"{kind}dx", made.backward(*back)


def probabilities(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Call a loss of (p, t) that returns its gradient too; p of exactly 0 or 1 is told apart."""
    p = inputs["p"]
    kind = "saturated " if ((p == 0) | (p == 1)).any() else ""
    yield from _renamed(probes.call(answer, inputs, returns=("loss", "dp")), kind)


def _renamed(steps: Steps, kind: str) -> Iterator[str | tuple[str, Any]]:
    for step in steps:
        yield step if isinstance(step, str) else (kind + step[0], step[1])


def stream(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Call a function of a stream of scores, which can be read once.

    Args:
        answer: takes the stream.
        inputs: ``scores`` and ``width``, see `pieces`.
    """
    probes.need_function(answer)
    yield f"{probes.name_of(answer)}(chunks)"
    with np.errstate(all="ignore"):  # what counts is the result
        yield "result", answer(pieces(**inputs))


def pieces(scores: Any, width: int) -> Iterator[Any]:
    """Yield some columns of the scores after the others, all in one array that is used again."""
    buffer = np.empty((len(scores), width))
    for start in range(0, scores.shape[1], width):
        piece = scores[:, start : start + width]
        buffer[:, : piece.shape[1]] = piece
        yield buffer[:, : piece.shape[1]]
