"""The max gate of ch02.gates."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib.checking import Case
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch02_chain_rule._gates import Gate
from exercises_lib.exercises.ch02_chain_rule._shared import pick


def max_gate(x, y, dout):
    if x >= y:
        return dout, 0.0
    return 0.0, dout


def max_by_mask(x, y, dout):
    mine = float(x > y)
    return mine * dout, (1 - mine) * dout


def max_shared_tie(x, y, dout):
    return np.sign(x - y) * dout / 2 + dout / 2, np.sign(y - x) * dout / 2 + dout / 2


def draw_max(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(
        {"x": pick(rng, 2.2, 3.5, 1), "y": pick(rng, 4.2, 6, 1), "dout": pick(rng, 0.3, 0.8)}
    )
    yield Case(
        {"x": pick(rng, 4.2, 6, 1), "y": pick(rng, 2.2, 3.5, 1), "dout": pick(rng, 0.3, 0.8)}
    )
    yield Case(
        {"x": pick(rng, 2.2, 3.5, -1), "y": pick(rng, 4.2, 6, -1), "dout": pick(rng, 0.3, 0.8, -1)},
        "both inputs and dout are negative",
    )
    x = pick(rng, 2.2, 3.5)
    yield Case({"x": x, "y": x, "dout": pick(rng, 0.3, 0.8)}, "a tie, x equals y")


wrong = Mistakes(max_gate)

wrong.answer(
    "sent to the smaller input", lambda x, y, dout: (dout, 0.0) if x < y else (0.0, dout)
).says("""The gradient goes to the smaller input. Move that one a little: the maximum does not
    notice.""")

wrong.swap(
    "sent to both inputs", "if x >= y:\n    return dout, 0.0\nreturn 0.0, dout", "return dout, dout"
).says("""That is the rule of the add gate. The input that lost the comparison has no influence on
    the output at all.""")

wrong.swap(
    "always to x", "if x >= y:\n    return dout, 0.0\nreturn 0.0, dout", "return dout, 0.0"
).says("x gets the gradient in every case. Which input gets it is decided by a comparison.")

wrong.swap("always to y", "if x >= y:\n    return dout, 0.0", "").says("""
    y gets the gradient in every case. Which input gets it is decided by a comparison.""")

wrong.swap(
    "shared out", "if x >= y:\n    return dout, 0.0\nreturn 0.0, dout", "return dout / 2, dout / 2"
).says("""You divide the gradient between winner and loser. The output follows the larger input in
    full and the smaller one not at all.""")

wrong.answer("upstream dropped", lambda x, y, dout: (1.0, 0.0) if x >= y else (0.0, 1.0)).says("""
    The right input gets it, but what it gets is the local derivative alone. Multiply by what
    arrives from above.""")

wrong.answer(
    "winner's value sent along", lambda x, y, dout: (x * dout, 0.0) if x >= y else (0.0, y * dout)
).says("""You multiply by the winner's value. If the larger input rises by 0.01, the maximum rises
    by 0.01 as well, however large it is.""")

wrong.answer(
    "open where positive", lambda x, y, dout: (dout if x > 0 else 0.0, dout if y > 0 else 0.0)
).says("You compare each input with 0. The gate compares the two inputs with each other.")

wrong.answer(
    "loser without a number", lambda x, y, dout: (dout, None) if x >= y else (None, dout)
).says("""The input that loses gets `None`. It has a gradient, and that is the number 0: the next
    gate back has to compute with it.""")

wrong.swap(
    "negative gradients stopped",
    "if x >= y:\n    return dout, 0.0\nreturn 0.0, dout",
    "return (max(dout, 0.0), 0.0) if x >= y else (0.0, max(dout, 0.0))",
).says("""You send no gradient below 0. The gate compares the values in the forward pass; a gradient
    may well be negative, and passes as it is.""")

wrong.answer(
    "a tie forgotten", lambda x, y, dout: (dout, 0.0) if x > y else (0.0, dout) if y > x else None
).says("For x > y and for x < y you return something, and for x = y nothing.")

wrong.swap(
    "nothing set at a tie",
    "if x >= y:\n    return dout, 0.0\nreturn 0.0, dout",
    """
    if x > y:
        dx, dy = dout, 0.0
    elif x < y:
        dx, dy = 0.0, dout
    return dx, dy""",
).says("For x > y and for x < y your code sets dx and dy, and for x = y neither.")

wrong.answer(
    "larger in magnitude", lambda x, y, dout: (dout, 0.0) if abs(x) >= abs(y) else (0.0, dout)
).says("You compare magnitudes. The gate lets the larger number through, and −2 is larger than −5.")

wrong.swap(
    "both at a tie",
    "np.sign(x - y) * dout / 2 + dout / 2, np.sign(y - x) * dout / 2 + dout / 2",
    "(dout if x >= y else 0.0), (dout if y >= x else 0.0)",
    of=max_shared_tie,
).says("""At a tie both inputs get the whole gradient. Raise x and y together by 0.01: the maximum
    rises by 0.01 once, not twice. You may pick either input or share, but not count it double.""")

wrong.swap(
    "none at a tie",
    "np.sign(x - y) * dout / 2 + dout / 2, np.sign(y - x) * dout / 2 + dout / 2",
    "(dout if x > y else 0.0), (dout if y > x else 0.0)",
    of=max_shared_tie,
).says("""At a tie nobody gets the gradient. Raise x and y together by 0.01 and the maximum does
    rise: somebody has to receive it.""")

GATE = Gate(
    "max",
    max_gate,
    (
        max_by_mask,
        max_shared_tie,
        lambda x, y, dout: (dout, 0) if x > y else (0, dout),
        lambda x, y, dout: tuple(np.where(x >= y, [1, 0], [0, 1]) * dout),
    ),
    wrong.all,
    draw_max,
)
