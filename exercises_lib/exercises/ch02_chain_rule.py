"""Exercises of chapter 02: gates, a neuron, staged computation, numerical derivatives."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import numpy as np

from exercises_lib.checking import Case, Exercise, Field, Mistake, Output, Probe
from exercises_lib.nn import sigmoid
from exercises_lib.probes import call, values
from exercises_lib.probes.ch02 import derivative, gate, stages


def pick(rng: np.random.Generator, low: float, high: float, sign: int = 0) -> float:
    """Draw a number between two magnitudes, of the given sign or of either.

    Each argument of a case has its own range, none of them holds 0 or 1: there x and 1/x, x and
    x², or x and y agree, and a wrong derivative looks right.
    """
    return float(rng.uniform(low, high)) * (sign or float(rng.choice([-1, 1])))


def sigma(x):
    """The sigmoid of one number of moderate size."""
    return 1 / (1 + math.exp(-x))


# --- z = (x + y)² ---------------------------------------------------------------------------


def square_of_sum(x, y):
    q = x + y
    z = q**2
    dq = 2 * q
    return z, dq, dq


def square_of_sum_by_binomial(x, y):
    return x * x + 2 * x * y + y * y, 2 * x + 2 * y, 2 * y + 2 * x


def square_of_sum_backwards(x, y):
    grads = {"q": 0.0, "x": 0.0, "y": 0.0}
    q = np.add(x, y)
    for _ in range(2):  # q is both factors of q · q
        grads["q"] += q
    for name in ("x", "y"):
        grads[name] += 1.0 * grads["q"]
    return np.square(q), grads["x"], grads["y"]


def draw_square_of_sum(rng: np.random.Generator) -> Iterator[Case]:
    yield Case({"x": pick(rng, 2.2, 3.5, 1), "y": pick(rng, 0.3, 0.8, 1)})
    yield Case({"x": pick(rng, 2.2, 3.5, -1), "y": pick(rng, 0.3, 0.8, 1)}, "x + y is negative")
    x = pick(rng, 1.5, 4)
    yield Case({"x": x, "y": -x}, "x + y is zero")


SQUARE_OF_SUM = Exercise(
    id="ch02.square_of_sum",
    title="The square of a sum",
    kind="function",
    points=2,
    reference=square_of_sum,
    accepted=(square_of_sum_by_binomial, square_of_sum_backwards),
    mistakes=(
        Mistake(
            "each squared on its own",
            lambda x, y: (x**2 + y**2, 2 * x, 2 * y),
            "That is x² + y². The sum comes first and is squared as a whole: (1 + 2)² is 9, not 5.",
        ),
        Mistake(
            "outer slope taken at x and y",
            lambda x, y: ((x + y) ** 2, 2 * x, 2 * y),
            "You take the slope of the square at x (and at y). The square never sees x: what goes "
            "into it is q = x + y, and that is where its slope has to be taken.",
        ),
        Mistake(
            "inner derivative only",
            lambda x, y: ((x + y) ** 2, 1.0, 1.0),
            "1 is the derivative of the sum alone. The square behind it stretches every change "
            "once more.",
        ),
        Mistake(
            "the 2 is lost",
            lambda x, y: ((x + y) ** 2, x + y, x + y),
            "The slope of q² is not q: the exponent comes down as a factor.",
        ),
        Mistake(
            "inner slope taken for the input",
            lambda x, y: ((x + y) ** 2, 2 * (x + y) * x, 2 * (x + y) * y),
            "You multiply by x (and by y) where the slope of the sum belongs. If x rises by a "
            "little, the sum rises by as much, wherever x stands.",
        ),
        Mistake(
            "x and y exchanged",
            lambda x, y: ((x + y) ** 2, 2 * y, 2 * x),
            "You give 2y and 2x, as if the two were multiplied. What goes into the square is their "
            "sum, and the slope is taken there.",
        ),
        Mistake(
            "doubled instead of squared",
            lambda x, y: (2 * (x + y), 2 * (x + y), 2 * (x + y)),
            "Your z is twice the sum. Squaring multiplies the sum by itself: `q**2`, or `q * q`.",
        ),
        Mistake(
            "multiply rule at the sum",
            lambda x, y: ((x + y) ** 2, 2 * (x + y) * y, 2 * (x + y) * x),
            "For x you multiply by y, and the other way round. That is how a product reacts; the first "
            "machine adds.",
        ),
        Mistake(
            "brackets missing",
            lambda x, y: (x + y**2, 2 * (x + y), 2 * (x + y)),
            "`x + y**2` squares y alone: a power comes before a sum. Give the sum a name, or brackets.",
        ),
        Mistake(
            "not squared",
            lambda x, y: (x + y, 2 * (x + y), 2 * (x + y)),
            "Your z is the sum. The second machine squares it.",
        ),
        Mistake(
            "caret for a power",
            lambda x, y: ((x + y) ^ 2, 2 * (x + y), 2 * (x + y)),
            "`^` is not a power in Python, though it is in other languages. The power is `**`.",
        ),
        Mistake(
            "derivatives before the value",
            lambda x, y: (2 * (x + y), 2 * (x + y), (x + y) ** 2),
            "You return the derivatives first. Asked are z, dx, dy, in this order.",
        ),
        Mistake(
            "exponent not lowered",
            lambda x, y: ((x + y) ** 2, 2 * (x + y) ** 2, 2 * (x + y) ** 2),
            "The factor 2 has come down, but the exponent is still 2. One power goes away when you "
            "differentiate.",
        ),
        Mistake(
            "local derivatives added",
            lambda x, y: ((x + y) ** 2, 2 * (x + y) + 1, 2 * (x + y) + 1),
            "You add the two local derivatives. Along a path they are multiplied: each gate "
            "stretches what the one behind it has already stretched.",
        ),
    ),
    hints=(
        "Give the sum a name, q. How strongly does z react to q, and how strongly does q react "
        "to x?",
        "dz/dx = dz/dq · dq/dx. The first factor is the slope of the square, taken at q; the "
        "second one is the local derivative of an add gate.",
        "Forward first, then the way back:\n"
        "    q = x + y\n"
        "    z = …\n"
        "    dq = …           # slope of the square, at q\n"
        "    dx = … * dq\n"
        "    dy = … * dq\n"
        "    return z, dx, dy",
    ),
    probe=Probe(call, {"returns": ("z", "dx", "dy")}),
    draw=draw_square_of_sum,
    remark="dx and dy are equal for every x and y: z only sees their sum.",
)


# --- gates ----------------------------------------------------------------------------------


def add_gate(x, y, dout):
    return dout, dout


def multiply_gate(x, y, dout):
    return y * dout, x * dout


def max_gate(x, y, dout):
    if x >= y:
        return dout, 0.0
    return 0.0, dout


def reciprocal_gate(x, dout):
    return -dout / x**2


def exp_gate(x, dout):
    return np.exp(x) * dout


def scale_gate(x, a, dout):
    return a * dout


def draw_pair(rng: np.random.Generator) -> Iterator[Case]:
    """Two inputs and an upstream gradient, all three of different size."""
    for note, signs in (("", (1, 1, 1)), ("negative x and dout", (-1, 1, -1)), ("", (1, -1, 1))):
        x, y = pick(rng, 2.2, 3.5, signs[0]), pick(rng, 4.2, 6.5, signs[1])
        yield Case({"x": x, "y": y, "dout": pick(rng, 0.3, 0.8, signs[2])}, note)


def draw_add(rng: np.random.Generator) -> Iterator[Case]:
    yield from draw_pair(rng)
    yield Case({"x": 0.0, "y": pick(rng, 2, 5), "dout": pick(rng, 20, 40)}, "x is zero")


def draw_multiply(rng: np.random.Generator) -> Iterator[Case]:
    yield from draw_pair(rng)
    yield Case(
        {"x": 0.0, "y": pick(rng, 2.2, 3.5), "dout": pick(rng, 0.3, 0.8)},
        "x is zero, and its gradient is not",
    )


ADD_GATE = Exercise(
    id="ch02.add_gate",
    title="Add gate, backward",
    kind="function",
    points=2,
    reference=add_gate,
    accepted=(
        lambda x, y, dout: (1 * dout, 1 * dout),
        lambda x, y, dout: [np.float64(dout)] * 2,
        lambda x, y, dout: tuple(dout * local for local in (1.0, 1.0)),
    ),
    mistakes=(
        Mistake(
            "gradient shared out",
            lambda x, y, dout: (dout / 2, dout / 2),
            "You divide the gradient between the two inputs. It is not a quantity to be shared: "
            "raise x alone by a little, and the sum rises by all of it.",
        ),
        Mistake(
            "upstream dropped",
            lambda x, y, dout: (1.0, 1.0),
            "Those are the local derivatives alone. What arrives from above has to be multiplied "
            "in, or everything behind this gate is forgotten.",
        ),
        Mistake(
            "multiply rule used",
            lambda x, y, dout: (y * dout, x * dout),
            "That is the rule of the multiply gate. How far a sum moves when x moves does not "
            "depend on y.",
        ),
        Mistake(
            "weighted with the inputs",
            lambda x, y, dout: (x * dout, y * dout),
            "You weight the gradient with the inputs. A sum reacts to x by the same amount whether "
            "x is small or large.",
        ),
        Mistake(
            "multiplied by the output",
            lambda x, y, dout: ((x + y) * dout, (x + y) * dout),
            "You multiply by the sum, the gate's output. What counts is how fast the output moves "
            "with an input, not how large it is.",
        ),
        Mistake(
            "gradient added to the inputs",
            lambda x, y, dout: (x + dout, y + dout),
            "You add the gradient to the values. A value and a gradient are different things: the "
            "gradient is what goes back, and the values of a sum play no part in it.",
        ),
        Mistake(
            "upstream added",
            lambda x, y, dout: (1 + dout, 1 + dout),
            "You add the local derivative to the upstream gradient. The chain rule multiplies.",
        ),
    ),
    hints=(
        "Take out = 3 + 5. Raise the 3 by 0.01: by how much does out rise?",
        "Both local derivatives are constants. Multiply each by what arrives from above.",
        "One line per input:\n    dx = … * dout\n    dy = … * dout\n    return dx, dy",
    ),
    probe=Probe(call, {"returns": ("dx", "dy")}),
    draw=draw_add,
    remark="The add gate hands the same gradient to all its inputs, whatever their values are.",
)

MULTIPLY_GATE = Exercise(
    id="ch02.multiply_gate",
    title="Multiply gate, backward",
    kind="function",
    points=2,
    reference=multiply_gate,
    accepted=(
        lambda x, y, dout: (dout * y, dout * x),
        lambda x, y, dout: tuple(np.array([y, x]) * dout),
        lambda x, y, dout: ((x + 1) * y * dout - x * y * dout, (y + 1) * x * dout - x * y * dout),
    ),
    mistakes=(
        Mistake(
            "not swapped",
            lambda x, y, dout: (x * dout, y * dout),
            "Each input is multiplied by itself, or you return dy before dx. How strongly x acts "
            "on x · y is decided by the other factor.",
        ),
        Mistake(
            "x overwritten",
            lambda x, y, dout: (y * dout, (y * dout) * dout),
            "dx is right. On the way to dy you use `x` again, and by then it holds the gradient "
            "instead of the value. Give the gradients names of their own.",
        ),
        Mistake(
            "upstream dropped",
            lambda x, y, dout: (y, x),
            "Those are the local derivatives alone. They agree with the gradient only where dout "
            "happens to be 1.",
        ),
        Mistake(
            "neither swapped nor upstream",
            lambda x, y, dout: (x, y),
            "Each input gets its own value back, and dout does not appear. Two things are to be done: "
            "find what stretches a change of x, and multiply in what arrives from above.",
        ),
        Mistake(
            "add rule used",
            lambda x, y, dout: (dout, dout),
            "That is the rule of the add gate. A product moves y times as far as x does.",
        ),
        Mistake(
            "upstream added",
            lambda x, y, dout: (y + dout, x + dout),
            "You add the local derivative to the upstream gradient. The chain rule multiplies.",
        ),
        Mistake(
            "whole product sent back",
            lambda x, y, dout: (x * y * dout, x * y * dout),
            "You send back the gate's output times dout. The derivative of x · y with respect to "
            "x no longer contains x.",
        ),
        Mistake(
            "output divided by the input",
            lambda x, y, dout: (x * y / x * dout, x * y / y * dout),
            "You get at the other factor by dividing the output by x. That works until x is 0, and "
            "there the gradient is as well defined as anywhere else.",
        ),
    ),
    hints=(
        "Take out = 3 · 5. Raise the 3 by 0.01: by how much does out rise? Which of the two "
        "numbers did you need?",
        "The local derivative with respect to one factor is the other factor; then comes dout.",
        "One line per input:\n"
        "    dx = … * dout      # which factor stretches a change of x?\n"
        "    dy = … * dout\n"
        "    return dx, dy",
    ),
    probe=Probe(call, {"returns": ("dx", "dy")}),
    draw=draw_multiply,
    remark="The multiply gate swaps: a large y makes a large gradient for x, and the other way "
    "round. In a network this is why large inputs make large weight gradients.",
)


def max_by_mask(x, y, dout):
    mine = float(x > y)
    return mine * dout, (1 - mine) * dout


def max_shared_tie(x, y, dout):
    return np.sign(x - y) * dout / 2 + dout / 2, np.sign(y - x) * dout / 2 + dout / 2


def max_to_both_at_a_tie(x, y, dout):
    return (dout if x >= y else 0.0), (dout if y >= x else 0.0)


def max_with_a_gap(x, y, dout):
    if x > y:
        dx, dy = dout, 0.0
    elif x < y:
        dx, dy = 0.0, dout
    return dx, dy


def max_to_none_at_a_tie(x, y, dout):
    return (dout if x > y else 0.0), (dout if y > x else 0.0)


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


MAX_GATE = Exercise(
    id="ch02.max_gate",
    title="Max gate, backward",
    kind="function",
    points=2,
    reference=max_gate,
    accepted=(
        max_by_mask,
        max_shared_tie,
        lambda x, y, dout: (dout, 0) if x > y else (0, dout),
        lambda x, y, dout: tuple(np.where(x >= y, [1, 0], [0, 1]) * dout),
    ),
    mistakes=(
        Mistake(
            "sent to the smaller input",
            lambda x, y, dout: (dout, 0.0) if x < y else (0.0, dout),
            "The gradient goes to the smaller input. Move that one a little: the maximum does not "
            "notice.",
        ),
        Mistake(
            "sent to both inputs",
            lambda x, y, dout: (dout, dout),
            "That is the rule of the add gate. The input that lost the comparison has no influence "
            "on the output at all.",
        ),
        Mistake(
            "always to x",
            lambda x, y, dout: (dout, 0.0),
            "x gets the gradient in every case. Which input gets it is decided by a comparison.",
        ),
        Mistake(
            "always to y",
            lambda x, y, dout: (0.0, dout),
            "y gets the gradient in every case. Which input gets it is decided by a comparison.",
        ),
        Mistake(
            "shared out",
            lambda x, y, dout: (dout / 2, dout / 2),
            "You divide the gradient between winner and loser. The output follows the larger input "
            "in full and the smaller one not at all.",
        ),
        Mistake(
            "upstream dropped",
            lambda x, y, dout: (1.0, 0.0) if x >= y else (0.0, 1.0),
            "The right input gets it, but what it gets is the local derivative alone. Multiply by "
            "what arrives from above.",
        ),
        Mistake(
            "winner's value sent along",
            lambda x, y, dout: (x * dout, 0.0) if x >= y else (0.0, y * dout),
            "You multiply by the winner's value. If the larger input rises by 0.01, the maximum "
            "rises by 0.01 as well, however large it is.",
        ),
        Mistake(
            "open where positive",
            lambda x, y, dout: (dout if x > 0 else 0.0, dout if y > 0 else 0.0),
            "You compare each input with 0. The gate compares the two inputs with each other.",
        ),
        Mistake(
            "loser without a number",
            lambda x, y, dout: (dout, None) if x >= y else (None, dout),
            "The input that loses gets `None`. It has a gradient, and that is the number 0: the next "
            "gate back has to compute with it.",
        ),
        Mistake(
            "negative gradients stopped",
            lambda x, y, dout: (max(dout, 0.0), 0.0) if x >= y else (0.0, max(dout, 0.0)),
            "You send no gradient below 0. The gate compares the values on the way forward; a "
            "gradient may well be negative, and passes as it is.",
        ),
        Mistake(
            "a tie forgotten",
            lambda x, y, dout: (dout, 0.0) if x > y else (0.0, dout) if y > x else None,
            "For x > y and for x < y you return something, and for x = y nothing.",
        ),
        Mistake(
            "nothing set at a tie",
            max_with_a_gap,
            "For x > y and for x < y your code sets dx and dy, and for x = y neither.",
        ),
        Mistake(
            "larger in magnitude",
            lambda x, y, dout: (dout, 0.0) if abs(x) >= abs(y) else (0.0, dout),
            "You compare magnitudes. The gate lets the larger number through, and −2 is larger "
            "than −5.",
        ),
        Mistake(
            "both at a tie",
            max_to_both_at_a_tie,
            "At a tie both inputs get the whole gradient. Raise x and y together by 0.01: the "
            "maximum rises by 0.01 once, not twice. You may pick either input or share, but not "
            "count it double.",
        ),
        Mistake(
            "none at a tie",
            max_to_none_at_a_tie,
            "At a tie nobody gets the gradient. Raise x and y together by 0.01 and the maximum does "
            "rise: somebody has to receive it.",
        ),
    ),
    hints=(
        "Take out = max(3, 5). Raise the 3 by 0.01: what happens to out? And if you raise the 5?",
        "The local derivatives are 1 for the larger input and 0 for the smaller one. At a tie, "
        "give it to whichever you like, but give it once.",
        "A comparison decides:\n    if x … y:\n        return …, …\n    return …, …",
    ),
    probe=Probe(gate),
    draw=draw_max,
    remark="The max gate is a switch: the whole gradient to the winner, nothing to the loser. At a "
    "tie any way of handing it out once is right.",
)


def draw_reciprocal(rng: np.random.Generator) -> Iterator[Case]:
    yield Case({"x": pick(rng, 1.6, 3, 1), "dout": pick(rng, 4, 7, 1)})
    yield Case({"x": pick(rng, 1.6, 3, -1), "dout": pick(rng, 4, 7, 1)}, "x is negative")
    yield Case({"x": pick(rng, 0.2, 0.4, 1), "dout": pick(rng, 4, 7, -1)}, "x is near zero")


RECIPROCAL_GATE = Exercise(
    id="ch02.reciprocal_gate",
    title="Reciprocal gate, backward",
    kind="function",
    points=2,
    reference=reciprocal_gate,
    accepted=(
        lambda x, dout: -((1 / x) ** 2) * dout,
        lambda x, dout: dout * -1.0 * x**-2.0,
        lambda x, dout: -np.divide(np.divide(dout, x), x),
    ),
    mistakes=(
        Mistake(
            "minus lost",
            lambda x, dout: dout / x**2,
            "The minus is missing. A larger x makes 1/x smaller, so the two move in opposite "
            "directions.",
        ),
        Mistake(
            "exponent not lowered",
            lambda x, dout: -dout / x,
            "1/x is x to the power of −1. When you differentiate, the exponent goes down by one "
            "more; yours has stayed.",
        ),
        Mistake(
            "upstream dropped",
            lambda x, dout: -1 / x**2,
            "That is the local derivative alone. Multiply it by what arrives from above.",
        ),
        Mistake(
            "the same slope everywhere",
            lambda x, dout: -dout,
            "You send back −dout, wherever x stands. The slope of 1/x depends on x; if you divide by a "
            "product, mind the brackets.",
        ),
        Mistake(
            "everything squared",
            lambda x, dout: -((dout / x) ** 2),
            "You square the upstream gradient as well. The square belongs to x alone.",
        ),
        Mistake(
            "slope at the gradient",
            lambda x, dout: -1 / dout**2,
            "You put dout into the formula of the slope. The slope is taken at x, and dout is a factor.",
        ),
        Mistake(
            "upstream added",
            lambda x, dout: dout - 1 / x**2,
            "You add the local derivative to the upstream gradient. The chain rule multiplies.",
        ),
        Mistake(
            "caret for a power",
            lambda x, dout: -dout / (x ^ 2),
            "`^` is not a power in Python, though it is in other languages. The power is `**`.",
        ),
        Mistake(
            "squared instead of divided",
            lambda x, dout: -(x**2) * dout,
            "You multiply by −x². Written with the output, the local derivative is minus the "
            "output squared, and the output is 1/x.",
        ),
        Mistake(
            "integrated",
            lambda x, dout: dout * np.log(abs(x)),
            "The logarithm is what you get by integrating 1/x. Here it is to be differentiated.",
        ),
        Mistake(
            "reciprocal taken once more",
            lambda x, dout: dout / x,
            "You send the gradient through the gate as if it were a value. Backward, it is "
            "multiplied by the slope of 1/x, and that is not 1/x itself.",
        ),
    ),
    hints=(
        "Compare 1/2 and 1/2.01: does the output rise or fall when x rises?",
        "Write 1/x as a power of x and use the power rule; then multiply by dout.",
        "One line, with a sign and a power to fill in:\n    dx = …1 * x ** (…) * dout",
    ),
    probe=Probe(call, {"returns": ("dx",)}),
    draw=draw_reciprocal,
    remark="Near zero the slope is enormous: at x = 0.25 it is −16. Divisions by small numbers are "
    "where gradients explode.",
)


def draw_exp(rng: np.random.Generator) -> Iterator[Case]:
    yield Case({"x": pick(rng, 1.3, 2.5, 1), "dout": pick(rng, 0.3, 0.8, 1)})
    yield Case({"x": pick(rng, 1.3, 2.5, -1), "dout": pick(rng, 2.2, 4, -1)}, "x is negative")
    yield Case({"x": 0.0, "dout": pick(rng, 2.2, 4)}, "x is zero")


EXP_GATE = Exercise(
    id="ch02.exp_gate",
    title="Exponential gate, backward",
    kind="function",
    points=2,
    reference=exp_gate,
    accepted=(
        lambda x, dout: math.exp(x) * dout,
        lambda x, dout: math.e**x * dout,
        lambda x, dout: dout / np.exp(-x),
    ),
    mistakes=(
        Mistake(
            "input instead of output",
            lambda x, dout: x * dout,
            "You multiply by the input x. The slope of eˣ is as large as the gate's output.",
        ),
        Mistake(
            "power rule used",
            lambda x, dout: x * np.exp(x - 1) * dout,
            "That is the power rule. It is for a fixed exponent; here the exponent is the variable.",
        ),
        Mistake(
            "upstream dropped",
            lambda x, dout: np.exp(x),
            "That is the local derivative alone. Multiply it by what arrives from above.",
        ),
        Mistake(
            "passed through",
            lambda x, dout: dout,
            "You hand the gradient on as it came. That would be right for a gate with slope 1, and "
            "eˣ has that at x = 0 only.",
        ),
        Mistake(
            "exp of the gradient",
            lambda x, dout: np.exp(dout),
            "You send the gradient through the exponential. Going back, it is multiplied by the "
            "gate's slope; the gate itself is not applied again.",
        ),
        Mistake(
            "divided by the output",
            lambda x, dout: dout / np.exp(x),
            "You divide by the output, as if going back meant undoing. Backward does not invert the "
            "gate: the gradient is multiplied by the slope.",
        ),
        Mistake(
            "minus too many",
            lambda x, dout: -np.exp(x) * dout,
            "There is a minus too many: eˣ rises everywhere, so its slope is never negative.",
        ),
        Mistake(
            "e times x",
            lambda x, dout: math.e * x * dout,
            "You multiply e by x. Here x is the exponent.",
        ),
        Mistake(
            "input and output multiplied",
            lambda x, dout: x * np.exp(x) * dout,
            "There is a factor x too many. The slope of eˣ is eˣ, with nothing in front.",
        ),
        Mistake(
            "upstream added",
            lambda x, dout: np.exp(x) + dout,
            "You add the local derivative to the upstream gradient. The chain rule multiplies.",
        ),
        Mistake(
            "upstream in the exponent",
            lambda x, dout: np.exp(x * dout),
            "The upstream gradient has ended up inside the exponential. It is a factor outside.",
        ),
    ),
    hints=(
        "What is the derivative of eˣ? It is the one function that school made easy.",
        "The local derivative equals the gate's output. Multiply it by what arrives from above.",
        "Forward once more, then the chain rule:\n    out = np.exp(x)\n    dx = … * …",
    ),
    probe=Probe(call, {"returns": ("dx",)}),
    draw=draw_exp,
    remark="The slope is the output, so a layer that has kept its output need not compute "
    "anything again.",
)


def draw_scale(rng: np.random.Generator) -> Iterator[Case]:
    yield Case({"x": pick(rng, 4.2, 6), "a": pick(rng, 2.2, 3.5, 1), "dout": pick(rng, 0.3, 0.8)})
    yield Case(
        {"x": pick(rng, 4.2, 6), "a": pick(rng, 2.2, 3.5, -1), "dout": pick(rng, 0.3, 0.8)},
        "a is negative",
    )
    yield Case(
        {"x": pick(rng, 4.2, 6), "a": pick(rng, 0.1, 0.3), "dout": pick(rng, 2.2, 3.5)},
        "a is small",
    )


SCALE_GATE = Exercise(
    id="ch02.scale_gate",
    title="Scale gate, backward",
    kind="function",
    points=2,
    reference=scale_gate,
    accepted=(
        lambda x, a, dout: dout * a,
        lambda x, a, dout: a * (x + 1) * dout - a * x * dout,
        lambda x, a, dout: float(np.dot([a], [dout])),
    ),
    mistakes=(
        Mistake(
            "the other factor",
            lambda x, a, dout: x * dout,
            "That is the gradient for a. Here a is a constant and x is what can move.",
        ),
        Mistake(
            "forward again",
            lambda x, a, dout: a * x,
            "That is the gate's output. What comes back is the upstream gradient times the slope.",
        ),
        Mistake(
            "upstream dropped",
            lambda x, a, dout: a,
            "That is the local derivative alone. Multiply it by what arrives from above.",
        ),
        Mistake(
            "scaling undone",
            lambda x, a, dout: dout / a,
            "You divide by a, as if going back meant undoing. Backward does not invert the gate: it "
            "asks how strongly the output reacts, and that is a times.",
        ),
        Mistake(
            "passed through",
            lambda x, a, dout: dout,
            "You hand the gradient on as it came. That is what a shift x + c does; a scaling "
            "stretches every change.",
        ),
        Mistake(
            "multiplied by the output",
            lambda x, a, dout: a * x * dout,
            "You multiply by the gate's output, a · x. Its slope is wanted: how far it moves per "
            "unit of x.",
        ),
        Mistake(
            "upstream added",
            lambda x, a, dout: a + dout,
            "You add the local derivative to the upstream gradient. The chain rule multiplies.",
        ),
        Mistake(
            "0 for the constant",
            lambda x, a, dout: (a * dout, 0.0),
            "You return a 0 for the constant as well. A constant is not an input, so there is one "
            "value to return.",
        ),
        Mistake(
            "a gradient for the constant too",
            lambda x, a, dout: (a * dout, x * dout),
            "You return a gradient for a as well. A constant is not an input: nobody will ever ask "
            "how to change it, so there is one value to return.",
        ),
    ),
    hints=(
        "Take out = 3 · x. If x rises by 0.01, by how much does out rise? Does it matter where "
        "x stands?",
        "The local derivative is the constant factor. Multiply it by what arrives from above.",
        "One line:\n    dx = … * dout",
    ),
    probe=Probe(call, {"returns": ("dx",)}),
    draw=draw_scale,
    remark="Negation is the scale gate with a = −1, and a shift x + c is an add gate with a "
    "constant: its slope is 1.",
)


# --- the neuron -----------------------------------------------------------------------------

W, X = (2.0, -3.0, -3.0), (-1.0, -2.0)

Rule = Callable[[SimpleNamespace], float]

NEURON_FORWARD: dict[str, Rule] = {
    "p0": lambda v: W[0] * X[0],
    "p1": lambda v: W[1] * X[1],
    "s": lambda v: v.p0 + v.p1,
    "z": lambda v: v.s + W[2],
    "n": lambda v: -v.z,
    "u": lambda v: math.exp(v.n),
    "d": lambda v: 1 + v.u,
    "f": lambda v: 1 / v.d,
}
NEURON_BACKWARD: dict[str, Rule] = {
    "df": lambda v: 1.0,
    "dd": lambda v: -v.df / v.d**2,
    "du": lambda v: v.dd,
    "dn": lambda v: v.du * v.u,
    "dz": lambda v: -v.dn,
    "ds": lambda v: v.dz,
    "dw2": lambda v: v.dz,
    "dp0": lambda v: v.ds,
    "dp1": lambda v: v.ds,
    "dw0": lambda v: v.dp0 * X[0],
    "dx0": lambda v: v.dp0 * W[0],
    "dw1": lambda v: v.dp1 * X[1],
    "dx1": lambda v: v.dp1 * W[1],
}


def follow(rules: dict[str, Rule], given: dict[str, float], **changed: Rule) -> dict[str, float]:
    """Compute the values of `rules` one after another, some rules replaced by others.

    So a slip at one gate spreads to all that come after it, as it does on paper.
    """
    v = SimpleNamespace(**given)
    for name, rule in {**rules, **changed}.items():
        setattr(v, name, rule(v))
    return {name: getattr(v, name) for name in rules}


def neuron_forward(**changed: Rule) -> dict[str, float]:
    return follow(NEURON_FORWARD, {}, **changed)


def neuron_backward(**changed: Rule) -> dict[str, float]:
    return follow(NEURON_BACKWARD, neuron_forward(), **changed)


NEURON_LABELS = {
    "p0": "$p_0 = w_0 x_0$",
    "p1": "$p_1 = w_1 x_1$",
    "s": "$s = p_0 + p_1$",
    "z": "$z = s + w_2$",
    "n": "$n = -z$",
    "u": "$u = e^{n}$",
    "d": "$d = 1 + u$",
    "f": "$f = 1/d$",
}

NEURON_FORWARD_EXERCISE = Exercise(
    id="ch02.neuron_forward",
    title="A neuron, forward",
    kind="number",
    points=1,
    reference=neuron_forward(),
    mistakes=(
        Mistake(
            "bias left out",
            neuron_forward(z=lambda v: v.s),
            "You leave out w₂. It is added to the sum as it is, without an x to go with it.",
        ),
        Mistake(
            "bias counted positive",
            neuron_forward(z=lambda v: v.s + 3),
            "The bias w₂ is −3, so it pulls the sum down.",
        ),
        Mistake(
            "sign of a product lost",
            neuron_forward(p1=lambda v: -6.0),
            "Look at w₁ x₁ again: both factors are negative.",
        ),
        Mistake(
            "not negated",
            neuron_forward(n=lambda v: v.z),
            "The exponent is −z, not z. Without the minus you compute 1 − σ(z).",
        ),
        Mistake(
            "negative exponential",
            neuron_forward(u=lambda v: -math.exp(v.n)),
            "Your u is negative. A negative exponent makes a power small, never negative.",
        ),
        Mistake(
            "subtracted from 1",
            neuron_forward(d=lambda v: 1 - v.u),
            "You subtract u from 1. The gate d adds.",
        ),
        Mistake(
            "second product subtracted",
            neuron_forward(s=lambda v: v.p0 - v.p1),
            "You subtract p₁. The gate s adds the two products up.",
        ),
        Mistake(
            "power of ten",
            neuron_forward(u=lambda v: 10**v.n),
            "That is 10 to the power of n. The base is e = 2.718…; on many calculators its key is "
            "called eˣ and 10ˣ stands beside it.",
        ),
        Mistake(
            "rounded too far",
            neuron_forward(u=lambda v: 0.4, d=lambda v: 1.4, f=lambda v: 0.7),
            "The gates are right, but a single digit is not enough: what comes after would be off "
            "by some per cent. Keep three digits.",
        ),
        Mistake(
            "e times n",
            neuron_forward(u=lambda v: math.e * v.n),
            "You multiply e by n. Here n is the exponent: `math.exp(n)`.",
        ),
        Mistake(
            "products subtracted",
            neuron_forward(s=lambda v: v.p1 - v.p0),
            "p₀ is −2. Adding it makes the sum smaller than p₁.",
        ),
        Mistake(
            "the 1 left out",
            neuron_forward(d=lambda v: v.u),
            "The denominator is 1 + u, not u alone.",
        ),
        Mistake(
            "not inverted",
            neuron_forward(f=lambda v: v.d),
            "The last gate is 1/d. A sigmoid's output lies between 0 and 1.",
        ),
    ),
    hints=(
        "Go from the inputs to the right; every gate needs only what stands directly before it.",
        "The two products, their sum, plus the bias: that gives z. Then change the sign, take the "
        "exponential, add 1, invert.",
        "Let Python do the arithmetic:\n"
        "    import math\n"
        "    p0 = 2 * (-1)\n"
        "    p1 = …\n"
        "    z = p0 + p1 + …\n"
        "    u = math.exp(…)",
    ),
    probe=Probe(values, {"names": tuple(NEURON_LABELS)}),
    outputs=tuple(Output(name, rtol=1e-2) for name in NEURON_LABELS),  # 0.37 for u is fine
    fields=tuple(Field(name, label) for name, label in NEURON_LABELS.items()),
    remark="Every gate was something you could do in your head or with one key of a calculator. "
    "That is why the way back will be easy too.",
)


def backward_label(name: str) -> str:
    of = name[1:] if len(name) == 2 else f"{name[1]}_{name[2]}"
    return rf"$\partial f/\partial {of}$"


NEURON_BACKWARD_EXERCISE = Exercise(
    id="ch02.neuron_backward",
    title="A neuron, backward",
    kind="number",
    points=2,
    reference=neuron_backward(),
    mistakes=(
        Mistake(
            "minus lost at 1/d",
            neuron_backward(dd=lambda v: v.df / v.d**2),
            "At the gate 1/d the minus is missing: a larger denominator makes f smaller. The wrong "
            "sign travels on to every gate before it.",
        ),
        Mistake(
            "exponent not lowered at 1/d",
            neuron_backward(dd=lambda v: -v.df / v.d),
            "The slope of 1/d is not −1/d. The power of d goes down by one when you differentiate.",
        ),
        Mistake(
            "shift scaled",
            neuron_backward(du=lambda v: v.dd * (1 + v.u)),
            "At the gate 1 + u you multiply by its value. Adding a constant has slope 1.",
        ),
        Mistake(
            "input used at exp",
            neuron_backward(dn=lambda v: v.du * v.n),
            "At the exponential you multiply by its input n. Its slope is its output u.",
        ),
        Mistake(
            "upstream dropped at exp",
            neuron_backward(dn=lambda v: v.u),
            "u is the exponential's slope. What arrives there from above has to be multiplied in.",
        ),
        Mistake(
            "exp passed through",
            neuron_backward(dn=lambda v: v.du),
            "The exponential has a slope too: multiply by it on the way from u to n.",
        ),
        Mistake(
            "minus lost at n = −z",
            neuron_backward(dz=lambda v: v.dn),
            "On the way from n to z the sign changes: n falls when z rises.",
        ),
        Mistake(
            "shared out at the sums",
            neuron_backward(
                ds=lambda v: v.dz / 2,
                dw2=lambda v: v.dz / 2,
                dp0=lambda v: v.ds / 2,
                dp1=lambda v: v.ds / 2,
            ),
            "You divide the gradient at the add gates. Each input of a sum gets all of it.",
        ),
        Mistake(
            "shared out at one sum",
            neuron_backward(dp0=lambda v: v.ds / 2, dp1=lambda v: v.ds / 2),
            "You divide the gradient at an add gate. Each input of a sum gets all of it.",
        ),
        Mistake(
            "swapped at the sums",
            neuron_backward(
                ds=lambda v: v.dz * W[2],
                dw2=lambda v: v.dz * v.s,
                dp0=lambda v: v.dz * v.p1,
                dp1=lambda v: v.dz * v.p0,
            ),
            "At the add gates you multiply by the other input, as at a product. Adding has slope 1 for "
            "each input.",
        ),
        Mistake(
            "passed through at the products",
            neuron_backward(
                dw0=lambda v: v.dp0, dx0=lambda v: v.dp0, dw1=lambda v: v.dp1, dx1=lambda v: v.dp1
            ),
            "You hand on unchanged what arrives at the multiply gates. That is what an add gate does.",
        ),
        Mistake(
            "rounded to two digits",
            {name: round(value, 2) for name, value in neuron_backward().items()},
            "The gates may be right, but two digits behind the point are not enough here: they leave an "
            "error of up to two per cent. Keep three significant digits.",
        ),
        Mistake(
            "bias gradient times the bias",
            neuron_backward(dw2=lambda v: v.dz * W[2]),
            "w₂ is added, not multiplied: its gradient does not depend on its value.",
        ),
        Mistake(
            "not swapped",
            neuron_backward(
                dw0=lambda v: v.dp0 * W[0],
                dx0=lambda v: v.dp0 * X[0],
                dw1=lambda v: v.dp1 * W[1],
                dx1=lambda v: v.dp1 * X[1],
            ),
            "At the multiply gates each input is multiplied by itself. It is the other factor that "
            "counts: w's gradient has x in it, and x's gradient has w.",
        ),
        Mistake(
            "no gradient for the bias",
            neuron_backward(dw2=lambda v: 0.0),
            "w₂ has no x to go with it, but it is no constant: raise it, and z rises by as much.",
        ),
        Mistake(
            "local derivative for the bias",
            neuron_backward(dw2=lambda v: 1.0),
            "1 is how fast z rises with w₂. What arrives at z has to be multiplied in.",
        ),
        Mistake(
            "sign of w0's gradient",
            {**neuron_backward(), "dw0": -neuron_backward()["dw0"]},
            "What w₀ receives is multiplied by x₀, and x₀ is −1.",
        ),
        Mistake(
            "sign of w1's gradient",
            {**neuron_backward(), "dw1": -neuron_backward()["dw1"]},
            "What w₁ receives is multiplied by x₁, and x₁ is −2.",
        ),
        Mistake(
            "sign of x0's gradient",
            {**neuron_backward(), "dx0": -neuron_backward()["dx0"]},
            "What x₀ receives is multiplied by w₀, and w₀ is positive.",
        ),
        Mistake(
            "sign of w2's gradient",
            {**neuron_backward(), "dw2": -neuron_backward()["dw2"]},
            "w₂ receives what arrives at z, with its sign. That w₂ itself is negative plays no part.",
        ),
        Mistake(
            "sign of x1's gradient",
            {**neuron_backward(), "dx1": -neuron_backward()["dx1"]},
            "What x₁ receives is multiplied by w₁, and w₁ is −3.",
        ),
        Mistake(
            "upstream dropped at the products",
            neuron_backward(
                dw0=lambda v: X[0], dx0=lambda v: W[0], dw1=lambda v: X[1], dx1=lambda v: W[1]
            ),
            "At the multiply gates you have written the local derivatives alone. They still have "
            "to be multiplied by what arrives from above.",
        ),
    ),
    hints=(
        "Begin at the right end with ∂f/∂f = 1. At each gate you need two numbers: what arrives "
        "from above, and the gate's own slope at its forward value.",
        "In order: 1/d has slope −1/d², adding 1 has slope 1, the exponential has its output as "
        "slope, the negation −1, each sum 1, and each product swaps.",
        "With the forward values at hand:\n"
        "    df = 1\n"
        "    dd = df * (-1 / d ** 2)\n"
        "    du = dd * …\n"
        "    dn = du * …\n"
        "    dz = dn * …\n"
        "and then ds and dw2 from dz, dp0 and dp1 from ds, and the four inputs from those.",
    ),
    probe=Probe(values, {"names": tuple(NEURON_BACKWARD)}),
    outputs=tuple(Output(name, rtol=3e-3) for name in NEURON_BACKWARD),
    fields=tuple(Field(name, backward_label(name)) for name in NEURON_BACKWARD),
    remark="Thirteen derivatives from one walk back, and none of them needed more than a "
    "multiplication.",
)


# --- the sigmoid as one gate ----------------------------------------------------------------


def sigmoid_shortcut(w, x, f, dout):
    dz = dout * f * (1 - f)
    dw = np.append(dz * x, dz)
    dx = dz * w[:-1]
    return dw, dx


def shortcut_with(
    slope=lambda f: f * (1 - f),
    dw=lambda w, x, dz: dz * np.append(x, 1.0),
    dx=lambda w, x, dz: dz * w[:-1],
    upstream=True,
):
    """Build the neuron's backward pass with some of its parts replaced."""

    def answer(w, x, f, dout):
        dz = slope(f) * (dout if upstream else 1.0)
        return dw(w, x, dz), dx(w, x, dz)

    return answer


def shortcut_by_loops(w, x, f, dout):
    dz = (f - f**2) * dout
    dw = np.zeros(len(w))
    dx = np.empty(len(x))
    for i in range(len(x)):
        dw[i] = x[i] * dz
        dx[i] = w[i] * dz
    dw[-1] = dz
    return dw, dx


def shortcut_gate_by_gate(w, x, f, dout):
    d = 1 / f
    e = d - 1
    dd = -dout / d**2
    dn = dd * e
    inputs = np.concatenate([x, [1]])
    return np.outer(-dn, inputs)[0], -(w * dn)[: len(x)]


def slope_at_the_input(w, x, f, dout):
    z = w[:-1] @ x + w[-1]
    return sigmoid_shortcut(w, x, z, dout)


def draw_shortcut(rng: np.random.Generator) -> Iterator[Case]:
    for size, note in ((2, ""), (5, "five inputs"), (1, "a single input")):
        yield neuron_case(rng, size, note)
    yield neuron_case(rng, 3, "float32", np.float32)
    case = dict(neuron_case(rng, 2).inputs)
    case["w"][-1] += 9
    case["f"] = sigma(case["w"][:-1] @ case["x"] + case["w"][-1])
    yield Case(case, "a neuron that is nearly saturated")


def neuron_case(
    rng: np.random.Generator, size: int, note: str = "", dtype: type = np.float64
) -> Case:
    x = rng.uniform(0.5, 1.5, size) * rng.choice([-1, 1], size)
    w = np.append(rng.uniform(1.6, 2.4, size) * rng.choice([-1, 1], size), 0.0)
    z = float(rng.choice([-1, 1]) * rng.uniform(0.5, 1.5))
    w[-1] = z - w[:-1] @ x  # so that z, and with it the slope, is neither 0 nor tiny
    inputs = {
        "w": w.astype(dtype),
        "x": x.astype(dtype),
        "f": sigma(z),
        "dout": pick(rng, 2.2, 3.5),
    }
    return Case(inputs, note)


SIGMOID_SHORTCUT = Exercise(
    id="ch02.sigmoid_shortcut",
    title="A sigmoid neuron from its output",
    kind="function",
    points=3,
    reference=sigmoid_shortcut,
    accepted=(shortcut_by_loops, shortcut_gate_by_gate),
    mistakes=(
        Mistake(
            "sigmoid twice",
            shortcut_with(slope=lambda f: sigma(f) * (1 - sigma(f))),
            "You apply the sigmoid to f once more. f is already its output: σ(1 − σ) is made of "
            "that number as it is.",
        ),
        Mistake(
            "factor 1 − f lost",
            shortcut_with(slope=lambda f: f),
            "The slope of the sigmoid is not f: a factor is missing, the one that makes it small "
            "when f is near 1.",
        ),
        Mistake(
            "factor f lost",
            shortcut_with(slope=lambda f: 1 - f),
            "The slope of the sigmoid is not 1 − f: a factor is missing, the one that makes it "
            "small when f is near 0.",
        ),
        Mistake(
            "slope with the wrong sign",
            shortcut_with(slope=lambda f: f * (f - 1)),
            "Your slope is negative. The sigmoid rises everywhere.",
        ),
        Mistake(
            "slope at the input",
            slope_at_the_input,
            "You compute z and use z(1 − z). The slope of the sigmoid is written with its *output*, and "
            "that is given.",
        ),
        Mistake(
            "slope of the tanh",
            shortcut_with(slope=lambda f: 1 - f**2),
            "1 − f² is the slope of another curve, the tanh. This neuron has a sigmoid.",
        ),
        Mistake(
            "sigmoid's slope forgotten",
            shortcut_with(slope=lambda f: 1.0),
            "You go back through the weighted sum only. Between f and the sum stands the sigmoid, "
            "with a slope of its own.",
        ),
        Mistake(
            "upstream dropped",
            shortcut_with(upstream=False),
            "dout does not appear in your answer. The neuron may stand in the middle of a network; "
            "what arrives from above has to be multiplied in.",
        ),
        Mistake(
            "no gradient for the bias",
            shortcut_with(dw=lambda w, x, dz: dz * x),
            "The last entry of w is the bias. It is a parameter like the others and needs its "
            "entry in dw.",
        ),
        Mistake(
            "bias gradient times the bias",
            shortcut_with(dw=lambda w, x, dz: dz * np.append(x, w[-1])),
            "The bias is added, not multiplied by anything: its gradient does not depend on its "
            "value.",
        ),
        Mistake(
            "bias first",
            shortcut_with(dw=lambda w, x, dz: np.append(dz, dz * x)),
            "The gradient of the bias stands first. In w the bias is the last entry, and dw has the "
            "order of w.",
        ),
        Mistake(
            "bias gradient is one",
            shortcut_with(dw=lambda w, x, dz: np.append(dz * x, 1.0)),
            "1 is how fast z rises with the bias. What arrives at z has to be multiplied in.",
        ),
        Mistake(
            "bias gets what arrives at f",
            lambda w, x, f, dout: (
                np.append(x * f * (1 - f) * dout, dout),
                w[:-1] * f * (1 - f) * dout,
            ),
            "The bias gets dout as it is. It acts on z, and between z and the output stands the sigmoid.",
        ),
        Mistake(
            "first weight left out",
            shortcut_with(dx=lambda w, x, dz: dz * w[1:]),
            "`w[1:]` leaves out the first entry. The bias is the last one.",
        ),
        Mistake(
            "dx before dw",
            lambda w, x, f, dout: sigmoid_shortcut(w, x, f, dout)[::-1],
            "You return dx first. Asked are dw, dx, in this order.",
        ),
        Mistake(
            "brackets missing",
            lambda w, x, f, dout: (
                np.append(x * (f * 1 - f * dout), f * 1 - f * dout),
                w[:-1] * (f * 1 - f * dout),
            ),
            "`f * 1 - f * …` is not f · (1 − f) · …: without brackets the products come first.",
        ),
        Mistake(
            "always two inputs",
            lambda w, x, f, dout: (
                np.array([x[0], x[1], 1.0]) * f * (1 - f) * dout,
                np.array([w[0], w[1]]) * f * (1 - f) * dout,
            ),
            "Your code is made for two inputs. A neuron can have any number of them: let NumPy "
            "multiply whole arrays.",
        ),
        Mistake(
            "bias gradient is zero",
            shortcut_with(dw=lambda w, x, dz: dz * np.append(x, 0.0)),
            "The bias has no x to go with it, but that does not make its gradient 0: it acts on z "
            "as directly as anything can.",
        ),
        Mistake(
            "bias counted as a weight of x",
            shortcut_with(dx=lambda w, x, dz: dz * w),
            "dx has one entry too many: the bias is not a weight of any input.",
        ),
        Mistake(
            "weights and inputs not swapped",
            shortcut_with(
                dw=lambda w, x, dz: dz * np.append(w[:-1], 1.0), dx=lambda w, x, dz: dz * x
            ),
            "The multiply gate swaps: the gradient of a weight has its input in it, and the "
            "gradient of an input has its weight.",
        ),
        Mistake(
            "summed up",
            shortcut_with(dx=lambda w, x, dz: np.sum(dz * w[:-1])),
            "You add the inputs' gradients up to one number. Each input has a gradient of its own.",
        ),
    ),
    hints=(
        "Two steps: from f back to the weighted sum z, then from z to every weight and input.",
        "dz is dout times the sigmoid's slope, and that is made of f alone. Then the product gates "
        "swap, and the bias receives dz itself.",
        "Three lines, with the shapes (D+1,) and (D,):\n"
        "    dz = dout * …\n"
        "    dw = np.append(…, …)     # the weights, then the bias\n"
        "    dx = dz * w[…]           # without the bias",
    ),
    probe=Probe(call, {"returns": ("dw", "dx")}),
    draw=draw_shortcut,
    outputs=(
        Output("dw", "(D+1,)", "one number per weight, and one for the bias"),
        Output("dx", "(D,)", "one number per input"),
    ),
    remark="The last case was nearly saturated: with f close to 1 the slope is close to 0, and "
    "hardly anything gets through.",
)


# --- staged computation ---------------------------------------------------------------------

STAGES: dict[str, Rule] = {
    "sy": lambda v: sigma(v.y),
    "num": lambda v: v.x + v.sy,
    "sx": lambda v: sigma(v.x),
    "s": lambda v: v.x + v.y,
    "q": lambda v: v.s**2,
    "den": lambda v: v.sx + v.q,
    "inv": lambda v: 1 / v.den,
    "f": lambda v: v.num * v.inv,
}


def staged_forward(x, y):
    sy = sigmoid(y)
    num = x + sy
    sx = sigmoid(x)
    s = x + y
    q = s**2
    den = sx + q
    inv = 1 / den
    f = num * inv
    return {"sy": sy, "num": num, "sx": sx, "s": s, "q": q, "den": den, "inv": inv, "f": f}


def forward_with(**changed: Rule):
    return lambda x, y: follow(STAGES, {"x": x, "y": y}, **changed)


def staged_forward_own_sigmoid(x, y):
    sx, sy = (1 / (1 + math.exp(-value)) for value in (x, y))
    top = x + sy
    bottom = sx + x * x + 2 * x * y + y * y
    return dict(
        f=top / bottom, inv=bottom**-1, den=bottom, q=bottom - sx, s=y + x, sx=sx, num=top, sy=sy
    )


def draw_staged_forward(rng: np.random.Generator) -> Iterator[Case]:
    yield Case({"x": 3.0, "y": -4.0}, "the example, x = 3 and y = −4")
    yield Case({"x": pick(rng, 1.2, 1.8, 1), "y": pick(rng, 0.3, 0.7, 1)})
    yield Case({"x": pick(rng, 1.2, 1.8, -1), "y": pick(rng, 0.3, 0.7, 1)}, "x is negative")


STAGED_FORWARD = Exercise(
    id="ch02.staged_forward",
    title="Eight stages forward",
    kind="function",
    points=2,
    reference=staged_forward,
    accepted=(staged_forward_own_sigmoid, forward_with()),
    mistakes=(
        Mistake(
            "sigmoids exchanged",
            forward_with(sy=lambda v: sigma(v.x), sx=lambda v: sigma(v.y)),
            "sx is the sigmoid of x and sy that of y. Yours are exchanged.",
        ),
        Mistake(
            "sigmoid without its minus",
            forward_with(sy=lambda v: 1 / (1 + np.exp(v.y)), sx=lambda v: 1 / (1 + np.exp(v.x))),
            "Your sigmoid falls where it should rise: the exponent is −x. What you have is "
            "1 − σ(x).",
        ),
        Mistake(
            "each squared on its own",
            forward_with(q=lambda v: v.x**2 + v.y**2),
            "q is the square of the sum s, not the sum of the squares.",
        ),
        Mistake(
            "doubled instead of squared",
            forward_with(q=lambda v: 2 * v.s),
            "You double s. Squaring multiplies it by itself.",
        ),
        Mistake(
            "denominator multiplied",
            forward_with(den=lambda v: v.sx * v.q),
            "The denominator is a sum: σ(x) plus the square.",
        ),
        Mistake(
            "numerator multiplied",
            forward_with(num=lambda v: v.x * v.sy),
            "The numerator is a sum: x plus σ(y).",
        ),
        Mistake(
            "not inverted",
            forward_with(inv=lambda v: v.den),
            "inv is 1/den. Without the reciprocal, f becomes a product where a quotient is meant.",
        ),
        Mistake(
            "difference instead of sum",
            forward_with(s=lambda v: v.x - v.y),
            "Your s is x − y. The square in the denominator is that of a sum.",
        ),
        Mistake(
            "brackets of the denominator",
            forward_with(inv=lambda v: 1 / v.sx + v.q),
            "`1 / sx + q` divides by sx alone. inv is one over the whole denominator.",
        ),
        Mistake(
            "square left out",
            forward_with(den=lambda v: v.sx + v.s),
            "Your denominator takes s, the sum. It is the square of it that is added to σ(x).",
        ),
        Mistake(
            "caret for a power",
            forward_with(q=lambda v: v.s ^ 2),
            "`^` is not a power in Python, though it is in other languages. The power is `**`.",
        ),
        Mistake(
            "rounded",
            lambda x, y: {
                name: round(value, 6) for name, value in follow(STAGES, {"x": x, "y": y}).items()
            },
            "You round to six digits, as the table shows them. Code that others compute with returns "
            "the numbers themselves.",
        ),
        Mistake(
            "sigmoid of y forgotten",
            forward_with(num=lambda v: v.x + v.y),
            "The numerator is x plus the *sigmoid* of y, and `sy` holds it.",
        ),
        Mistake(
            "the numbers of the example",
            lambda x, y: staged_forward(3.0, -4.0),
            "You return the stages at x = 3, y = −4, whatever x and y are.",
        ),
        Mistake(
            "numerator left out",
            forward_with(f=lambda v: v.inv),
            "f is the numerator times inv.",
        ),
        Mistake(
            "divided again",
            forward_with(f=lambda v: v.num / v.inv),
            "inv is the reciprocal already. Dividing by it undoes it: multiply.",
        ),
    ),
    hints=(
        "Read the table of stages from top to bottom: each line uses only what stands above it.",
        "One assignment for each line of the table, then put all eight into a dictionary under "
        "their names.",
        "So it begins and ends:\n"
        "    sy = sigmoid(…)\n"
        "    num = x + …\n"
        "    …\n"
        '    return {"sy": sy, "num": num, …}',
    ),
    probe=Probe(stages, {"names": tuple(STAGES)}),
    draw=draw_staged_forward,
    remark="Keep these eight numbers: the way back needs nearly all of them.",
)

BACK_STAGES: dict[str, Rule] = {
    "dnum": lambda v: v.df * v.inv,
    "dinv": lambda v: v.df * v.num,
    "dden": lambda v: -v.dinv / v.den**2,
    "dsx": lambda v: v.dden,
    "dq": lambda v: v.dden,
    "ds": lambda v: 2 * v.s * v.dq,
    "dsy": lambda v: v.dnum,
    "dx": lambda v: v.ds + v.sx * (1 - v.sx) * v.dsx + v.dnum,
    "dy": lambda v: v.ds + v.sy * (1 - v.sy) * v.dsy,
}


def staged_backward(x, y, stages, df):
    sy, num, sx, s, den, inv = (stages[name] for name in ("sy", "num", "sx", "s", "den", "inv"))
    dnum = inv * df
    dinv = num * df
    dden = -dinv / den**2
    dsx, dq = dden, dden
    ds = 2 * s * dq
    dx, dy = ds, ds
    dx += sx * (1 - sx) * dsx
    dx += dnum
    dsy = dnum
    dy += sy * (1 - sy) * dsy
    return {
        "dnum": dnum, "dinv": dinv, "dden": dden, "dsx": dsx, "dq": dq,
        "ds": ds, "dsy": dsy, "dx": dx, "dy": dy,
    }  # fmt: skip


def backward_with(**changed: Rule):
    return lambda x, y, stages, df: follow(
        BACK_STAGES, {**stages, "x": x, "y": y, "df": df}, **changed
    )


def staged_backward_recomputed(x, y, stages, df):
    v = SimpleNamespace(**staged_forward(x, y))
    slope = {"x": v.sx - v.sx**2, "y": v.sy - v.sy**2}
    dden = -df * v.num / v.den / v.den
    ds = dden * (v.s + v.s)
    return {
        "dy": df * v.inv * slope["y"] + ds,
        "dx": sum([df * v.inv, dden * slope["x"], ds]),
        "dsy": df / v.den, "dnum": df / v.den, "dinv": v.num * df,
        "ds": ds, "dq": dden, "dsx": dden, "dden": dden,
    }  # fmt: skip


def nothing_to_add_to(x, y, stages, df):
    v = SimpleNamespace(**backward_with()(x, y, stages, df))
    dx += v.ds  # noqa: F821
    return {**vars(v), "dx": dx}


def staged_backward_in_place(x, y, stages, df):
    stages.update(backward_with()(x, y, stages, df))
    return stages


def draw_staged_backward(rng: np.random.Generator) -> Iterator[Case]:
    for case in draw_staged_forward(rng):
        x, y = case.inputs["x"], case.inputs["y"]
        kept = {name: float(value) for name, value in staged_forward(x, y).items()}
        yield Case({"x": x, "y": y, "stages": kept, "df": pick(rng, 2.2, 3.5)}, case.note)


STAGED_BACKWARD = Exercise(
    id="ch02.staged_backward",
    title="Eight stages backward",
    kind="function",
    points=3,
    reference=staged_backward,
    accepted=(staged_backward_recomputed, backward_with()),
    mistakes=(
        Mistake(
            "overwritten where x and y are used again",
            backward_with(dx=lambda v: v.dnum, dy=lambda v: v.sy * (1 - v.sy) * v.dsy),
            "dx and dy hold the last contribution only: each line overwrites the one before. x is "
            "used three times and y twice, and all the uses count.",
        ),
        Mistake(
            "only the first use counted",
            backward_with(dx=lambda v: v.ds, dy=lambda v: v.ds),
            "dx and dy hold what comes through s only. x also acts through σ(x) and through the "
            "numerator, and y through σ(y).",
        ),
        Mistake(
            "path through σ(x) forgotten",
            backward_with(dx=lambda v: v.ds + v.dnum),
            "One of x's three paths is missing: the one through σ(x).",
        ),
        Mistake(
            "path through the numerator forgotten",
            backward_with(dx=lambda v: v.ds + v.sx * (1 - v.sx) * v.dsx),
            "One of x's three paths is missing: the one through the numerator.",
        ),
        Mistake(
            "path through s forgotten",
            backward_with(
                dx=lambda v: v.sx * (1 - v.sx) * v.dsx + v.dnum,
                dy=lambda v: v.sy * (1 - v.sy) * v.dsy,
            ),
            "One of the paths is missing, the one through s: x and y both act on it.",
        ),
        Mistake(
            "sigmoids' slopes exchanged",
            backward_with(
                dx=lambda v: v.ds + v.sy * (1 - v.sy) * v.dsx + v.dnum,
                dy=lambda v: v.ds + v.sx * (1 - v.sx) * v.dsy,
            ),
            "The slope of σ(x) is made of sx and that of σ(y) of sy. Yours are exchanged.",
        ),
        Mistake(
            "multiply rule at a sum",
            backward_with(
                dsx=lambda v: v.dden * v.q, dq=lambda v: v.dden * v.sx, dsy=lambda v: v.dnum * v.x
            ),
            "At a sum you multiply by the other term, as a multiply gate does. Adding has slope 1 for "
            "each term.",
        ),
        Mistake(
            "nothing to add to",
            nothing_to_add_to,
            "`+=` needs a number to add to, and dx has none yet. The first line that reaches a name "
            "gives it a value, the later ones add.",
        ),
        Mistake(
            "sigmoid's slope forgotten",
            backward_with(dx=lambda v: v.ds + v.dsx + v.dnum, dy=lambda v: v.ds + v.dsy),
            "dsx and dsy arrive at x and y undiminished. Between them stands the sigmoid, with its "
            "slope.",
        ),
        Mistake(
            "sigmoid twice",
            backward_with(
                dx=lambda v: v.ds + sigma(v.sx) * (1 - sigma(v.sx)) * v.dsx + v.dnum,
                dy=lambda v: v.ds + sigma(v.sy) * (1 - sigma(v.sy)) * v.dsy,
            ),
            "In the sigmoid's slope you apply the sigmoid to sx and sy. They are its outputs "
            "already.",
        ),
        Mistake(
            "path through σ(y) forgotten",
            backward_with(dy=lambda v: v.ds),
            "One of y's two paths is missing: the one through σ(y).",
        ),
        Mistake(
            "sigmoid's slope at its input",
            backward_with(
                dx=lambda v: v.ds + v.x * (1 - v.x) * v.dsx + v.dnum,
                dy=lambda v: v.ds + v.y * (1 - v.y) * v.dsy,
            ),
            "You use x(1 − x). The slope of the sigmoid is written with its *output*, and that is "
            "among the stages.",
        ),
        Mistake(
            "sigmoid's slope one line too early",
            backward_with(
                dsx=lambda v: v.sx * (1 - v.sx) * v.dden,
                dsy=lambda v: v.sy * (1 - v.sy) * v.dnum,
                dx=lambda v: v.ds + v.dsx + v.dnum,
                dy=lambda v: v.ds + v.dsy,
            ),
            "Your dsx and dsy contain the slope of the sigmoid. They are gradients of its *output*; "
            "the slope comes in one line later, on the way to x and y.",
        ),
        Mistake(
            "square lost at 1/den",
            backward_with(dden=lambda v: -v.dinv / v.den),
            "The slope of 1/den is not −1/den: when you differentiate, the power goes down by one "
            "more.",
        ),
        Mistake(
            "slope of 1/den at its output",
            backward_with(dden=lambda v: -v.dinv / v.inv**2),
            "Your slope of 1/den grows with den: you divide by inv², or multiply by den². The larger the "
            "denominator, the flatter the curve.",
        ),
        Mistake(
            "num lost on the way to den",
            backward_with(dden=lambda v: -v.df / v.den**2),
            "Your dden has df in it, but not num. What arrives at the gate 1/den is dinv.",
        ),
        Mistake(
            "half of the sigmoid's slope",
            backward_with(
                dx=lambda v: v.ds + (1 - v.sx) * v.dsx + v.dnum,
                dy=lambda v: v.ds + (1 - v.sy) * v.dsy,
            ),
            "The slope of the sigmoid is not 1 − σ: a factor is missing.",
        ),
        Mistake(
            "upstream dropped at the square",
            backward_with(ds=lambda v: 2 * v.s),
            "ds holds the slope of the square alone; dq has to be multiplied in.",
        ),
        Mistake(
            "square differentiated to 2",
            backward_with(ds=lambda v: 2 * v.dq),
            "The slope of s² is not 2: it depends on where s stands.",
        ),
        Mistake(
            "minus lost at 1/den",
            backward_with(dden=lambda v: v.dinv / v.den**2),
            "The slope of 1/den is negative. The lost minus spreads to everything below the "
            "fraction line.",
        ),
        Mistake(
            "upstream dropped at 1/den",
            backward_with(dden=lambda v: -1 / v.den**2),
            "dden holds the local derivative alone; dinv has to be multiplied in.",
        ),
        Mistake(
            "square differentiated at its output",
            backward_with(ds=lambda v: 2 * v.q * v.dq),
            "The slope of s² is taken at s, the gate's input, not at q.",
        ),
        Mistake(
            "the 2 of the square lost",
            backward_with(ds=lambda v: v.s * v.dq),
            "The slope of s² is not s: the exponent comes down as a factor.",
        ),
        Mistake(
            "product not swapped",
            backward_with(dnum=lambda v: v.num * v.df, dinv=lambda v: v.inv * v.df),
            "f = num · inv is a multiply gate, and it swaps: num's gradient contains inv, and the "
            "other way round.",
        ),
        Mistake(
            "df dropped",
            backward_with(dnum=lambda v: v.inv, dinv=lambda v: v.num),
            "df does not appear in your answer. In the example it is 1, but f may stand inside "
            "something larger.",
        ),
        Mistake(
            "gradients written into the stages",
            staged_backward_in_place,
            "You write the gradients into the dictionary that you were given. It belongs to the "
            "caller: make a new one.",
        ),
    ),
    hints=(
        "Go through the table of stages from the bottom to the top. Every line of the forward pass "
        "gets one line on the way back, or one for each thing that it uses.",
        "f = num · inv swaps; 1/den and s² have their slopes; sums pass on. x appears in three "
        "lines and y in two: the first time write =, afterwards +=.",
        "The frame, with the lines that decide left open:\n"
        "    dnum = …                 # f = num · inv\n"
        "    dinv = …\n"
        "    dden = …                 # inv = 1/den\n"
        "    …\n"
        "    dx = ds                  # s = x + y\n"
        "    dy = ds\n"
        "    dx += …                  # sx = σ(x)\n"
        "    dx += …                  # num = x + sy\n"
        "    dy += …",
    ),
    probe=Probe(stages, {"names": tuple(BACK_STAGES)}),
    draw=draw_staged_backward,
    remark="You differentiated a formula that nobody wants to differentiate on paper, and no line "
    "was harder than a gate.",
)


# --- the fork -------------------------------------------------------------------------------


def fork_fix(x, y, dout):
    s = x + y
    dp, dq = dout, dout
    ds = 2 * s * dq
    dx = s * dp
    ds += x * dp
    dx += ds
    dy = ds
    return dx, dy


FORK: dict[str, Rule] = {
    "s": lambda v: v.x + v.y,
    "ds": lambda v: 2 * v.s * v.dout + v.x * v.dout,
    "dx": lambda v: v.s * v.dout + v.ds,
    "dy": lambda v: v.ds,
}


def fork_with(**changed: Rule):
    """Build the mended code with some of its lines replaced."""

    def answer(x, y, dout):
        v = follow(FORK, {"x": x, "y": y, "dout": dout}, **changed)
        return v["dx"], v["dy"]

    return answer


def fork_given(x, y, dout):
    s = x + y
    dp, dq = dout, dout
    ds = 2 * s * dq
    dx = s * dp
    ds = x * dp
    dx = ds
    dy = ds
    return dx, dy


def fork_adding_from_the_start(x, y, dout):
    s = x + y
    ds += 2 * s * dout  # noqa: F821
    return s * dout + ds, ds


def fork_with_lists(x, y, dout):
    s = x + y
    into_s = [2 * s * dout, x * dout]
    into_x = [s * dout, sum(into_s)]
    return sum(into_x), sum(into_s)


FORK_FIX = Exercise(
    id="ch02.fork_fix",
    title="Mend the fork",
    kind="debug",
    points=2,
    reference=fork_fix,
    accepted=(fork_with_lists, lambda x, y, dout: ((4 * x + 3 * y) * dout, (3 * x + 2 * y) * dout)),
    mistakes=(
        Mistake(
            "still the given code",
            fork_given,
            "This behaves exactly like the code that was given. Look for the names that are "
            "assigned twice: what happens to the first value?",
        ),
        Mistake(
            "s still overwritten",
            fork_with(ds=lambda v: v.x * v.dout),
            "x now collects both of its contributions, but s is used twice as well, and of its two "
            "only the one through p arrives.",
        ),
        Mistake(
            "x still overwritten",
            fork_with(dx=lambda v: v.ds),
            "s now collects both of its contributions, but x is used twice as well, and what came "
            "through p directly is lost.",
        ),
        Mistake(
            "share of p missing in s",
            fork_with(ds=lambda v: 2 * v.s * v.dout),
            "What s hands on is only its share from q. Either the share from p was left out, or ds "
            "was passed on before it was complete: a fork must have heard from all its uses first.",
        ),
        Mistake(
            "both the same",
            lambda x, y, dout: (fork_fix(x, y, dout)[0],) * 2,
            "You return dx for y as well. x has a use that y has not: p = x · s contains it once more.",
        ),
        Mistake(
            "nothing to add to",
            fork_adding_from_the_start,
            "`+=` needs a number to add to, and at its first line a name has none. Only a contribution "
            "that comes later is added.",
        ),
        Mistake(
            "the 2 is lost",
            fork_with(ds=lambda v: v.s * v.dout + v.x * v.dout),
            "The slope of s² is not s. That line was right in the given code.",
        ),
        Mistake(
            "product not swapped",
            fork_with(
                ds=lambda v: 2 * v.s * v.dout + v.s * v.dout, dx=lambda v: v.x * v.dout + v.ds
            ),
            "p = x · s is a multiply gate, and it swaps. Those two lines were right in the given code.",
        ),
        Mistake(
            "dy before dx",
            lambda x, y, dout: fork_fix(x, y, dout)[::-1],
            "You return dy first. Asked are dx, dy, in this order.",
        ),
        Mistake(
            "y for x",
            fork_with(ds=lambda v: 2 * v.s * v.dout + v.y * v.dout),
            "In p = x · s the other factor of s is x, and you took y.",
        ),
        Mistake(
            "handed on twice",
            lambda x, y, dout: (
                (x + y) * dout + 2 * (2 * (x + y) * dout) + x * dout,
                2 * (2 * (x + y) * dout) + x * dout,
            ),
            "s hands on what came from q, and later everything it holds, so that part goes to x and "
            "y a second time. Wait until ds is complete, then hand it on once.",
        ),
        Mistake(
            "the numbers of the example",
            lambda x, y, dout: (11.0, 8.0),
            "You return the gradients at x = 2, y = 1, whatever x and y are.",
        ),
        Mistake(
            "averaged",
            fork_with(
                ds=lambda v: (2 * v.s * v.dout + v.x * v.dout) / 2,
                dx=lambda v: (v.s * v.dout + v.ds) / 2,
            ),
            "You take the mean of what arrives at a fork. Both uses really act, so their "
            "contributions are added up.",
        ),
        Mistake(
            "multiplied together",
            fork_with(
                ds=lambda v: 2 * v.s * v.dout * v.x * v.dout,
                dx=lambda v: v.s * v.dout * v.ds,
            ),
            "You multiply the contributions of a fork. Along one path you multiply; what arrives "
            "by different paths is added.",
        ),
        Mistake(
            "dout dropped",
            lambda x, y, dout: fork_fix(x, y, 1.0),
            "The forks are right, but dout has gone missing on the way.",
        ),
    ),
    hints=(
        "Go through the lines and write beside each name how often the forward formula uses it.",
        "A name that is used twice receives two contributions. The second one must be added to the "
        "first.",
        "Two of these lines need another sign of assignment. Which?\n"
        "    ds … 2 * s * dq\n"
        "    dx … s * dp\n"
        "    ds … x * dp\n"
        "    dx … ds\n"
        "    dy … ds",
    ),
    probe=Probe(call, {"returns": ("dx", "dy")}),
    draw=draw_pair,
    remark="Two characters, and both gradients come right. In every engine you will meet, this is "
    "the line that reads `grad += …`.",
)


# --- numerical derivatives ------------------------------------------------------------------


def numerical_derivative(f, x, h):
    return (f(x + h) - f(x - h)) / (2 * h)


def mean_of_one_sided(f, x, h):
    forward = (f(x + h) - f(x)) / h
    backward = (f(x) - f(x - h)) / h
    return 0.5 * (forward + backward)


def through_an_array(f, x, h):
    below, above = (f(point) for point in np.array([x - h, x + h]))
    return np.diff([below, above])[0] / h / 2


def draw_derivative(rng: np.random.Generator) -> Iterator[Case]:
    for curve, (low, high), h in (
        ("f(x) = x³", (1.5, 3.0), 0.1),
        ("f(x) = sin(3x)", (0.2, 0.8), 0.2),
        ("f(x) = exp(x)", (0.5, 1.5), 0.01),
        ("f(x) = 1/x", (0.5, 0.9), 0.05),
        ("f(x) = 5x − 2", (1.5, 3.0), 0.5),
    ):
        x = pick(rng, low, high, 1)
        yield Case({"curve": curve, "x": x, "h": h}, f"{curve} at x = {x:.3f}, h = {h}")


NUMERICAL_DERIVATIVE = Exercise(
    id="ch02.numerical_derivative",
    title="The central difference",
    kind="function",
    points=2,
    reference=numerical_derivative,
    accepted=(
        mean_of_one_sided,
        through_an_array,
        lambda f, x, h: f(x + h) / (2 * h) - f(x - h) / (2 * h),
    ),
    mistakes=(
        Mistake(
            "forward difference",
            lambda f, x, h: (f(x + h) - f(x)) / h,
            "That is the forward difference. It looks to one side only, and its error shrinks with "
            "h instead of h².",
        ),
        Mistake(
            "backward difference",
            lambda f, x, h: (f(x) - f(x - h)) / h,
            "That is the backward difference. It looks to one side only, and its error shrinks "
            "with h instead of h².",
        ),
        Mistake(
            "divided by h",
            lambda f, x, h: (f(x + h) - f(x - h)) / h,
            "You divide by h. From x − h to x + h is twice as far.",
        ),
        Mistake(
            "multiplied by h",
            lambda f, x, h: (f(x + h) - f(x - h)) / 2 * h,
            "`/ 2 * h` divides by 2 and then multiplies by h. The whole of 2h belongs below the "
            "fraction line, so it needs brackets.",
        ),
        Mistake(
            "not divided at all",
            lambda f, x, h: f(x + h) - f(x - h),
            "That is how far f rises between the two points. The slope is that per unit of the "
            "way.",
        ),
        Mistake(
            "order reversed",
            lambda f, x, h: (f(x - h) - f(x + h)) / (2 * h),
            "The points are subtracted in the wrong order: a rising function gets a negative "
            "slope.",
        ),
        Mistake(
            "brackets around the difference missing",
            lambda f, x, h: f(x + h) - f(x - h) / (2 * h),
            "Only `f(x - h)` is divided: a division comes before a subtraction. The whole "
            "difference belongs above the fraction line.",
        ),
        Mistake(
            "both pairs of brackets missing",
            lambda f, x, h: f(x + h) - f(x - h) / 2 * h,
            "Only `f(x - h)` is divided by 2, and then it is multiplied by h. The whole difference "
            "belongs above the fraction line and the whole of 2h below it: two pairs of brackets.",
        ),
        Mistake(
            "divided by 2 alone",
            lambda f, x, h: (f(x + h) - f(x - h)) / 2,
            "You divide by 2. The way from one point to the other has a length, and h is in it.",
        ),
        Mistake(
            "one side, divided by both",
            lambda f, x, h: (f(x + h) - f(x)) / (2 * h),
            "You divide by 2h, but from x to x + h is only half of that way. Look to both sides.",
        ),
        Mistake(
            "twice as far",
            lambda f, x, h: (f(x + 2 * h) - f(x - 2 * h)) / (4 * h),
            "That is a central difference, but for twice the step. Go one h to either side.",
        ),
        Mistake(
            "the number of the example",
            lambda f, x, h: 12.01,
            "You return the slope of the example, whatever f, x and h are.",
        ),
        Mistake(
            "sum instead of difference",
            lambda f, x, h: (f(x + h) + f(x - h)) / (2 * h),
            "You add the two function values. The rise from one point to the other is their "
            "difference.",
        ),
        Mistake(
            "twice the step",
            lambda f, x, h: (f(x + 2 * h) - f(x - 2 * h)) / (2 * h),
            "You go 2h to either side and divide by 2h. Each side is one h; the 2 belongs to the way "
            "between the two points.",
        ),
        Mistake(
            "only the cube",
            lambda f, x, h: ((x + h) ** 3 - (x - h) ** 3) / (2 * h),
            "Your code differentiates x³, whichever function it is given. Call `f`.",
        ),
        Mistake(
            "h added to the value",
            lambda f, x, h: ((f(x) + h) - (f(x) - h)) / (2 * h),
            "You move the function's value instead of its input. That gives 1 for every function.",
        ),
        Mistake(
            "half the step",
            lambda f, x, h: (f(x + h / 2) - f(x - h / 2)) / h,
            "That is a central difference, but for half the step. Go a whole h to either side.",
        ),
        Mistake(
            "a step of its own",
            lambda f, x, h: (f(x + 1e-5) - f(x - 1e-5)) / 2e-5,
            "Your function uses a step of its own and ignores the h that it is given.",
        ),
    ),
    hints=(
        "Draw the curve, mark the points x − h and x + h, and join them by a straight line. What is "
        "its slope?",
        "Slope is rise over run. The rise is a difference of two function values; how long is the "
        "run from x − h to x + h?",
        "Mind the brackets:\n    rise = f(…) - f(…)\n    run = …\n    return rise / run",
    ),
    probe=Probe(derivative),
    draw=draw_derivative,
    remark="The steps here were large on purpose: only so can one see whether the formula looks to "
    "both sides.",
)

STEP_FIELDS = (
    Field(
        "large",
        "What spoils the derivative at $h = 10^{-1}$?",
        {
            "a": "0.1 cannot be written exactly in binary, so x + h is rounded.",
            "b": "The curve bends between the two points, so the line through them is not the "
            "tangent.",
            "c": "Nothing: a longer step measures the slope over more of the curve.",
        },
    ),
    Field(
        "small",
        "What spoils it at $h = 10^{-10}$?",
        {
            "a": "The two function values agree in almost all their digits, and the difference is "
            "mostly rounding error.",
            "b": "h is so small that x + h and x − h are the same number.",
            "c": "The curve bends too strongly on so short a way.",
            "d": "Nothing: the derivative is the limit of h going to 0, so smaller is better.",
        },
    ),
    Field(
        "best",
        "Which step is a good choice for central differences in float64, for numbers around 1?",
        {"a": "$10^{-1}$", "b": "$10^{-16}$", "c": "$10^{-10}$", "d": "$10^{-5}$"},
    ),
)

STEP_RIGHT = {"large": "b", "small": "a", "best": "d"}

STEP_SIZE = Exercise(
    id="ch02.step_size",
    title="Neither 1e-1 nor 1e-10",
    kind="choice",
    points=1,
    reference=STEP_RIGHT,
    mistakes=(
        Mistake(
            "large: rounding of 0.1",
            {**STEP_RIGHT, "large": "a"},
            "0.1 is rounded, but only in about its seventeenth digit. The error at h = 0.1 is many "
            "million times larger.",
        ),
        Mistake(
            "large: longer is better",
            {**STEP_RIGHT, "large": "c"},
            "The slope is wanted at x, not on average over a long way: the longer the way, the more "
            "the slope has changed in between.",
        ),
        Mistake(
            "small: h vanishes",
            {**STEP_RIGHT, "small": "b"},
            "That happens only near 1e-16. At 1e-10 the numbers x + h and x − h still differ, by "
            "about a million of the smallest possible steps.",
        ),
        Mistake(
            "small: the curve bends",
            {**STEP_RIGHT, "small": "c"},
            "The shorter the way, the less the curve has time to bend: that error is far below "
            "anything visible here.",
        ),
        Mistake(
            "small: nothing",
            {**STEP_RIGHT, "small": "d"},
            "For exact numbers that is true. The computer keeps sixteen digits, and in the "
            "table the errors grow again long before this step.",
        ),
        Mistake(
            "best: 1e-1",
            {**STEP_RIGHT, "best": "a"},
            "At 1e-1 the bend of the curve dominates. Look at the left end of the figure.",
        ),
        Mistake(
            "best: 1e-16",
            {**STEP_RIGHT, "best": "b"},
            "At 1e-16 the step is lost in the rounding of x + h itself: the difference is 0 or "
            "noise.",
        ),
        Mistake(
            "best: 1e-10",
            {**STEP_RIGHT, "best": "c"},
            "At 1e-10 rounding dominates. In the figure the central difference has its lowest point "
            "much further to the left.",
        ),
    ),
    hints=(
        "Move the slider of the figure to both ends and read what it says about each error.",
        "One error comes from mathematics and grows with h. The other comes from the machine and "
        "is divided by h. The best step is where they meet.",
        "Bend of the curve: about h². Rounding: about 1e-16 / h.\n"
        "    h² = 1e-16 / h   →   h³ = …   →   h is about …",
    ),
    probe=Probe(values, {"names": tuple(item.name for item in STEP_FIELDS)}),
    fields=STEP_FIELDS,
    remark="The two errors pull in opposite directions. They meet near 1e-5, and there about ten "
    "digits are right.",
)

EXERCISES = (
    SQUARE_OF_SUM,
    ADD_GATE,
    MULTIPLY_GATE,
    MAX_GATE,
    RECIPROCAL_GATE,
    EXP_GATE,
    SCALE_GATE,
    NEURON_FORWARD_EXERCISE,
    NEURON_BACKWARD_EXERCISE,
    SIGMOID_SHORTCUT,
    STAGED_FORWARD,
    STAGED_BACKWARD,
    FORK_FIX,
    NUMERICAL_DERIVATIVE,
    STEP_SIZE,
)
