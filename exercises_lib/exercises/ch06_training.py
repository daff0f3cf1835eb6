"""Exercises of chapter 06: checking gradients, a two-layer network, and training it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Case, Exercise, Field, Mistake, Observation, Output, Probe
from exercises_lib.checking.serialize import describe, is_number
from exercises_lib.data import load_digits
from exercises_lib.probes import ch06 as probes
from exercises_lib.probes import values

# --- numerical gradient -----------------------------------------------------------------------


def draw_numerical(rng: np.random.Generator) -> Iterator[Case]:
    def case(function: str, shape: tuple[int, ...], note: str, way: str = "", **more) -> Case:
        return Case({"function": function, "x": rng.normal(size=shape), "way": way, **more}, note)

    yield case("Σ x³ + 2 Σ x[0]²", (3, 2), "f(x) = Σ x³ + 2 Σ x[0]², x of shape (3, 2)")
    yield case("Σ x² · Σ x", (2, 1, 3), "f(x) = Σ x² · Σ x, x of shape (2, 1, 3)")
    yield case("Σ x³", (5,), "f(x) = Σ x³, one axis, h = 0.1", h=0.1)
    yield case(
        "Σ x² · Σ x",
        (2, 3),
        "f does not look at its argument, it reads the very array x that you were given",
        "f reads x elsewhere",
    )
    yield case("Σ x³ + 2 Σ x[0]²", (4, 2), "x is the transpose of another array", "x is a view")


def numerical_by_flat(f, x, h=1e-5):
    grad = np.empty(x.shape)
    for place in range(x.size):
        kept = x.flat[place]
        x.flat[place] = kept + h
        above = f(x)
        x.flat[place] = kept - h
        grad.flat[place] = (above - f(x)) / (2 * h)
        x.flat[place] = kept
    return grad


def numerical_by_nditer(f, x, h=1e-5):
    grad, original = np.zeros_like(x), x.copy()
    walk = np.nditer(x, flags=["multi_index"], op_flags=[["readwrite"]])
    for _ in walk:
        at = walk.multi_index
        x[at] = original[at] + h
        above = float(f(x))
        x[at] = original[at] - h
        below = float(f(x))
        x[at] = original[at]
        grad[at] = (above - below) / h / 2
    return grad


def entrywise(rule: Callable[..., float]) -> Callable[..., Any]:
    """Make an answer that is right but for its formula: rule(above, below, h, middle)."""

    def wrong(f, x, h=1e-5):
        grad, middle = np.zeros(x.shape), f(x)
        for at in np.ndindex(x.shape):
            kept = x[at]
            x[at] = kept + h
            above = f(x)
            x[at] = kept - h
            below = f(x)
            x[at] = kept
            grad[at] = rule(above, below, h, middle)
        return grad

    return wrong


def never_put_back(f, x, h=1e-5):
    grad = np.zeros(x.shape)
    for at in np.ndindex(x.shape):
        x[at] += h
        above = f(x)
        x[at] -= 2 * h
        grad[at] = (above - f(x)) / (2 * h)
    return grad


def put_back_by_adding(f, x, h=1e-5):
    grad = np.zeros(x.shape)
    for at in np.ndindex(x.shape):
        x[at] += h
        above = f(x)
        x[at] -= 2 * h
        grad[at] = (above - f(x)) / (2 * h)
        x[at] += h
    return grad


def put_back_at_the_end(f, x, h=1e-5):
    original = x.copy()
    grad = never_put_back(f, x, h)
    x[...] = original
    return grad


def copy_shifted(f, x, h=1e-5):
    grad = np.zeros(x.shape)
    for at in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        above[at] += h
        below[at] -= h
        grad[at] = (f(above) - f(below)) / (2 * h)
    return grad


def all_at_once(f, x, h=1e-5):
    kept = x.copy()
    x += h
    above = f(x)
    x[...] = kept - h
    below = f(x)
    x[...] = kept
    return np.full(x.shape, (above - below) / (2 * h))


def one_slope_per_row(f, x, h=1e-5):
    grad = np.zeros(len(x))
    for row in range(len(x)):
        kept = x[row].copy()
        x[row] = kept + h
        above = f(x)
        x[row] = kept - h
        grad[row] = (above - f(x)) / (2 * h)
        x[row] = kept
    return grad


def returns_after_one_entry(f, x, h=1e-5):
    grad = np.zeros(x.shape)
    first = next(np.ndindex(x.shape))
    grad[first] = nn.numerical_gradient(f, x, h)[first]
    return grad


def through_a_flat_copy(f, x, h=1e-5):
    flat, grad = x.reshape(-1), np.zeros(x.size)
    for place in range(x.size):
        kept = flat[place]
        flat[place] = kept + h
        above = f(x)
        flat[place] = kept - h
        grad[place] = (above - f(x)) / (2 * h)
        flat[place] = kept
    return grad.reshape(x.shape)


def first_axis_only(f, x, h=1e-5):
    grad = np.zeros(x.shape)
    for row in range(len(x)):
        kept = x[row].copy()
        x[row] = kept + h
        above = f(x)
        x[row] = kept - h
        grad[row] = (above - f(x)) / (2 * h)
        x[row] = kept
    return grad


def two_loops(f, x, h=1e-5):
    grad = np.zeros_like(x)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            kept = x[i, j]
            x[i, j] = kept + h
            above = f(x)
            x[i, j] = kept - h
            below = f(x)
            x[i, j] = kept
            grad[i, j] = (above - below) / (2 * h)
    return grad


def numbered_through(f, x, h=1e-5):
    grad = np.zeros(x.size)
    for i in range(x.size):
        kept = x[i]
        x[i] = kept + h
        above = f(x)
        x[i] = kept - h
        below = f(x)
        x[i] = kept
        grad[i] = (above - below) / (2 * h)
    return grad


def single_entries(f, x, h=1e-5):
    grad = np.zeros(x.shape)
    for at in np.ndindex(x.shape):
        grad[at] = (f(x[at] + h) - f(x[at] - h)) / (2 * h)
    return grad


NUMERICAL_GRADIENT = Exercise(
    id="ch06.numerical_gradient",
    title="The numerical gradient of any array",
    kind="function",
    points=2,
    reference=nn.numerical_gradient,
    accepted=(numerical_by_flat, numerical_by_nditer),
    mistakes=(
        Mistake(
            "forward difference",
            entrywise(lambda above, below, h, middle: (above - middle) / h),
            "You step to one side only. That error shrinks with h; the one of a step to both sides "
            "shrinks with h².",
        ),
        Mistake(
            "factor 2 lost",
            entrywise(lambda above, below, h, middle: (above - below) / h),
            "From x − h to x + h it is a way of 2h. Divided by h alone, every slope comes out twice "
            "too steep.",
        ),
        Mistake(
            "divided by 2, then multiplied by h",
            entrywise(lambda above, below, h, middle: (above - below) / 2 * h),
            "`… / 2 * h` divides by 2 and then *multiplies* by h. Put the denominator in brackets.",
        ),
        Mistake(
            "sign",
            entrywise(lambda above, below, h, middle: (below - above) / (2 * h)),
            "You subtract the value at x + h from the one at x − h. Where f rises, your gradient "
            "says that it falls.",
        ),
        Mistake(
            "not divided",
            entrywise(lambda above, below, h, middle: above - below),
            "You return the change of f itself. A slope is the change divided by the way.",
        ),
        Mistake(
            "h ignored",
            lambda f, x, h=1e-5: nn.numerical_gradient(f, x),
            "Your step is always the same: the argument `h` has no effect.",
        ),
        Mistake(
            "never put back",
            never_put_back,
            "Each entry stays at x − h, so every later entry is measured at another place, and the "
            "caller's array is spoilt.",
        ),
        Mistake(
            "put back by adding",
            put_back_by_adding,
            "`+ h − 2h + h` does not lead back to the same float: rounding leaves a trace in most "
            "entries, and the caller's weights drift with each check. Keep the number itself.",
        ),
        Mistake(
            "put back at the very end",
            put_back_at_the_end,
            "You restore x after the whole loop. Meanwhile all the entries that you are through with "
            "stand at x − h, and the slopes are those of another place.",
        ),
        Mistake(
            "a copy is shifted",
            copy_shifted,
            "You shift copies. A function that reads the array itself, as a network reads its "
            "weights, never sees them, and its gradient comes out as 0.",
        ),
        Mistake(
            "all entries at once",
            all_at_once,
            "You shift all entries together, so you get the sum of all the derivatives. Each entry "
            "needs a shift of its own, while the others stand still.",
        ),
        Mistake(
            "all entries at once, as one number",
            lambda f, x, h=1e-5: (f(x + h) - f(x - h)) / (2 * h),
            "`x + h` shifts all entries together, and makes a copy besides. Each entry of x "
            "itself needs a shift of its own, while the others stand still.",
        ),
        Mistake(
            "one slope per row",
            one_slope_per_row,
            "`x[i]` is a whole row if x has more than one axis, and `len(x)` counts the rows."
            " The result has a slope for every single entry.",
        ),
        Mistake(
            "returns after one entry",
            returns_after_one_entry,
            "Only the first entry has a slope: your `return` stands inside the loop.",
        ),
        Mistake(
            "a whole row at once",
            first_axis_only,
            "`x[i]` is a whole row if x has more than one axis, and you shift it as a whole. "
            "`np.ndindex(x.shape)` gives the index of every single entry.",
        ),
        Mistake(
            "through a flat copy",
            through_a_flat_copy,
            "`reshape(-1)` shares its memory with x only if x lies in one piece. For a transposed "
            "array it is a copy, and shifting it changes nothing.",
        ),
        Mistake(
            "flattened",
            lambda f, x, h=1e-5: nn.numerical_gradient(f, x, h).ravel(),
            "Your numbers stand in one long row. A gradient has the shape of its variable.",
        ),
        Mistake(
            "back to the middle only",
            entrywise(lambda above, below, h, middle: (above - middle) / (2 * h)),
            "Your second call of `f` happens at x itself, not at x − h: a step back by h leads to the "
            "middle. So the way is only h, and you divide by 2h.",
        ),
        Mistake(
            "two loops",
            two_loops,
            "Two loops fit an array with two axes. x may have one or three: go through its indices "
            "whatever their number.",
        ),
        Mistake(
            "one number as an index",
            numbered_through,
            "You count through all entries with one number, and `x[i]` takes it for a row. An array with two "
            "axes has fewer rows than entries.",
        ),
        Mistake(
            "f gets a single entry",
            single_entries,
            "You give `f` one shifted number. It needs the whole array, in which only that entry is shifted.",
        ),
    ),
    hints=(
        "Two questions for every entry: how much does f change when this entry alone is shifted by h "
        "up and down? And is the array afterwards what it was, to the last bit?",
        "`for index in np.ndindex(x.shape)` visits every entry of an array of any shape. Keep the "
        "entry in a variable, write into x itself, call f twice, and write the kept number back.",
        "The skeleton:\n    grad = …                # room for one slope per entry\n    for index in np.ndindex(x.shape):\n"
        "        kept = …\n        x[index] = …        # a step up\n        above = …\n"
        "        x[index] = …        # a step down\n        below = …\n"
        "        x[index] = …        # as it was\n        grad[index] = …\n    return grad",
    ),
    probe=Probe(probes.numerical),
    draw=draw_numerical,
    outputs=tuple(
        Output(name, "the shape of x", "one slope per entry", rtol=1e-6, atol=1e-7)
        for name in (
            "gradient",
            "gradient (f reads x elsewhere)",
            "gradient (x is a view)",
        )
    ),
    remark="It worked for a function that never looks at its argument: so it will for a network.",
)

# --- relative error ---------------------------------------------------------------------------


def draw_relative_error(rng: np.random.Generator) -> Iterator[Case]:
    def nearly(a: Any) -> Any:
        return a * (1 + rng.uniform(-0.1, 0.1, a.shape))

    def spread(*shape: int) -> Any:
        """Draw numbers of either sign whose sizes reach from a hundredth to a hundred."""
        return rng.choice([-1.0, 1.0], shape) * 10 ** rng.uniform(-2, 2, shape)

    a = spread(3, 2)
    yield Case({"name": "error", "a": a, "b": nearly(a)}, "numbers from 0.01 to 100")
    a = spread(2, 3, 2)
    b = nearly(a)
    b[1, 0, 1] = -3.0 * a[1, 0, 1]
    yield Case({"name": "error", "a": a, "b": b}, "one pair has opposite signs")
    a = spread(6)
    b = nearly(a)
    a[[1, 4]] = b[[1, 4]] = 0
    yield Case({"name": "error at zeros", "a": a, "b": b}, "some entries are 0 in both arrays")
    a = 1e-3 * spread(4)
    b = nearly(a)
    floor = float(rng.uniform(0.5, 2))
    note = f"sizes below 0.25, and the floor is {floor:.2f}"
    yield Case({"name": "error with a floor", "a": a, "b": b, "floor": floor}, note)
    zeros = np.zeros((2, 3))
    yield Case({"name": "error at zeros", "a": zeros, "b": zeros + 0}, "all entries are 0")
    a = spread(2, 4)
    b = nearly(a)
    b[0, 2] = np.nan
    yield Case({"name": "error with nan", "a": a, "b": b}, "an entry of b is nan")
    a = spread(3)
    yield Case(
        {"name": "different shapes", "a": a, "b": a + 0 * spread(3, 1)}, "one has an axis more"
    )
    yield Case({"name": "different shapes", "a": a[None], "b": nearly(a)}, "one has an axis more")


def judge_shapes(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    """Ask for a ValueError where the shapes differ."""
    if isinstance(got, str) and got == expected:
        return None
    shapes = f"The shapes are {inputs['a'].shape} and {inputs['b'].shape}"
    if isinstance(got, str):
        return f"{shapes}: relative_error raises {got[:40]}, expected a ValueError."
    number = f"{float(np.real(got)):.4g}" if is_number(got) else describe(got)
    return f"{shapes}, and relative_error returns {number}; a ValueError should be raised."


def relative_error_loop(a, b, floor=1e-8):
    if np.shape(a) != np.shape(b):
        raise ValueError("different shapes")
    largest = 0.0
    for one, other in zip(np.ravel(a), np.ravel(b)):
        if np.isnan(one) or np.isnan(other):
            return np.inf
        largest = max(largest, abs(one - other) / max(abs(one) + abs(other), floor))
    return largest


def relative_error_by_where(a, b, floor=1e-8):
    if a.shape != b.shape:
        raise ValueError(f"{a.shape} is not {b.shape}")
    size = abs(a) + abs(b)
    size[size < floor] = floor
    error = (abs(a - b) / size).max()
    return error if error == error else np.inf


def error_formula(
    rule: Callable[[Any, Any, float], Any], *, shapes: bool = True, nan: bool = True
) -> Callable[..., Any]:
    """Make an answer around a formula; without the test of the shapes or of nan if so wanted."""

    def answer(a, b, floor=1e-8):
        if shapes and a.shape != b.shape:
            raise ValueError("The shapes differ.")
        with np.errstate(all="ignore"):
            if nan and np.isnan(a - b).any():
                return np.inf
            return rule(a, b, floor)

    return answer


def by_entry(a, b, floor):
    return np.abs(a - b) / np.maximum(np.abs(a) + np.abs(b), floor)


def sizes_compared(a, b, floor=1e-8):
    if a.size != b.size:
        raise ValueError("The sizes differ.")
    return np.inf if np.isnan(a - b).any() else by_entry(a, b, floor).max()


def lengths_compared(a, b, floor=1e-8):
    if len(a) != len(b):
        raise ValueError("The lengths differ.")
    return np.inf if np.isnan(a - b).any() else by_entry(a, b, floor).max()


def error_returned(a, b, floor=1e-8):
    if a.shape != b.shape:
        return ValueError("The shapes differ.")
    return nn.relative_error(a, b, floor)


def shapes_asserted(a, b, floor=1e-8):
    assert a.shape == b.shape
    return nn.relative_error(a, b, floor)


RELATIVE_ERROR = Exercise(
    id="ch06.relative_error",
    title="A relative error, safe at 0/0",
    kind="function",
    points=2,
    reference=nn.relative_error,
    accepted=(
        relative_error_loop,
        relative_error_by_where,
        error_formula(
            lambda a, b, floor: by_entry(a, b, floor).ravel()[by_entry(a, b, floor).argmax()]
        ),
    ),
    mistakes=(
        Mistake(
            "absolute error",
            error_formula(lambda a, b, floor: np.abs(a - b).max()),
            "You return the difference itself. A difference of 0.001 is little for gradients around "
            "100, and everything for gradients around 0.001.",
        ),
        Mistake(
            "0/0",
            error_formula(lambda a, b, floor: (np.abs(a - b) / (np.abs(a) + np.abs(b))).max()),
            "Where both numbers are 0 your formula is 0/0, which is nan. Two zeros agree perfectly; "
            "the denominator must not become 0.",
        ),
        Mistake(
            "mean instead of maximum",
            error_formula(lambda a, b, floor: by_entry(a, b, floor).mean()),
            "A mean lets one wrong entry drown among a thousand right ones. Return the worst.",
        ),
        Mistake(
            "sum instead of maximum",
            error_formula(lambda a, b, floor: by_entry(a, b, floor).sum()),
            "You add up the errors of all entries, so that a large array looks worse than a "
            "small one. Return the worst.",
        ),
        Mistake(
            "floor ignored",
            error_formula(lambda a, b, floor: by_entry(a, b, 1e-8).max()),
            "The argument `floor` has no effect in your function. For a network a floor of "
            "1e-8 is too low: rounding noise would raise alarms.",
        ),
        Mistake(
            "floor added",
            error_formula(
                lambda a, b, floor: (np.abs(a - b) / (np.abs(a) + np.abs(b) + floor)).max()
            ),
            "You add the floor to the denominator. It is the *least* value that the "
            "denominator may have; above it, it plays no part.",
        ),
        Mistake(
            "floor under the largest",
            error_formula(
                lambda a, b, floor: (
                    np.abs(a - b) / max(float((np.abs(a) + np.abs(b)).max()), floor)
                ).max()
            ),
            "Your denominator is the largest size of the whole array. Each entry is measured "
            "by its own size, or small ones hide behind large ones.",
        ),
        Mistake(
            "max of arrays",
            error_formula(
                lambda a, b, floor: np.max(np.abs(a - b) / max(np.abs(a) + np.abs(b), floor))
            ),
            "Python's `max` compares two things as wholes and cannot compare arrays. Which "
            "function of NumPy does it entry by entry?",
        ),
        Mistake(
            "half the sum",
            error_formula(
                lambda a, b, floor: (
                    np.abs(a - b) / np.maximum((np.abs(a) + np.abs(b)) / 2, floor)
                ).max()
            ),
            "You divide by the mean of the two sizes, so your error runs to 2. The formula "
            "has their sum.",
        ),
        Mistake(
            "a + b without abs",
            error_formula(lambda a, b, floor: (np.abs(a - b) / np.maximum(a + b, floor)).max()),
            "`a + b` is negative for two negative numbers, and then only the floor is left. "
            "The denominator adds up *sizes*.",
        ),
        Mistake(
            "divided by the other",
            error_formula(lambda a, b, floor: (np.abs(a - b) / np.maximum(np.abs(b), floor)).max()),
            "You divide by the size of one array alone. Swap the arguments and the error "
            "changes, and it can exceed 1.",
        ),
        Mistake(
            "minimum instead of maximum",
            error_formula(lambda a, b, floor: by_entry(a, b, floor).min()),
            "You return the smallest error: one entry that agrees hides all the others. Return the "
            "worst.",
        ),
        Mistake(
            "one array per entry",
            error_formula(by_entry),
            "You return an error for every entry. What is asked for is one number, the worst.",
        ),
        Mistake(
            "divided by one of them",
            error_formula(lambda a, b, floor: (np.abs(a - b) / np.maximum(np.abs(a), floor)).max()),
            "You divide by the size of one array alone. Swap the arguments and the error changes, "
            "and it can exceed 1.",
        ),
        Mistake(
            "divided by the larger one",
            error_formula(
                lambda a, b, floor: (
                    np.abs(a - b) / np.maximum(np.maximum(np.abs(a), np.abs(b)), floor)
                ).max()
            ),
            "You divide by the larger of the two sizes. That is a sound measure too, but it runs to 2; "
            "the one asked for divides by the *sum* of the sizes.",
        ),
        Mistake(
            "sizes without abs",
            error_formula(
                lambda a, b, floor: (np.abs(a - b) / np.maximum(np.abs(a + b), floor)).max(),
            ),
            "`abs(a + b)` is not the sum of the sizes: with opposite signs the two cancel, and the "
            "error is blown up.",
        ),
        Mistake(
            "difference without abs",
            error_formula(
                lambda a, b, floor: ((a - b) / np.maximum(np.abs(a) + np.abs(b), floor)).max()
            ),
            "`a − b` can be negative, and a maximum never finds those entries.",
        ),
        Mistake(
            "of the whole arrays",
            error_formula(
                lambda a, b, floor: (
                    np.linalg.norm(a - b) / max(float(np.linalg.norm(a) + np.linalg.norm(b)), floor)
                )
            ),
            "That is the relative error of the arrays as a whole. Large entries hide what is wrong "
            "with small ones; compare entry by entry and take the worst.",
        ),
        Mistake(
            "nan returned",
            error_formula(lambda a, b, floor: by_entry(a, b, floor).max(), nan=False),
            "With a nan among the numbers you return nan, and *every* comparison with nan is False. "
            "An alarm such as `if error > 1e-4` stays silent then.",
        ),
        Mistake(
            "nan left out",
            error_formula(lambda a, b, floor: np.nanmax(by_entry(a, b, floor)), nan=False),
            "What is not a number is passed over, or turned into 0: `np.nanmax` and `np.nan_to_num` do "
            "that. A gradient that is nan is as wrong as it can be, and your error calls it right.",
        ),
        Mistake(
            "shapes not compared",
            error_formula(lambda a, b, floor: by_entry(a, b, floor).max(), shapes=False),
            "NumPy stretches (3,) and (3, 3) to a common shape without a word, and a gradient of the "
            "wrong shape gets an error that may even be 0. Compare the shapes first.",
        ),
        Mistake(
            "sizes compared",
            sizes_compared,
            "You compare how many numbers there are. (1, 3) and (3,) hold as many, and are "
            "different shapes.",
        ),
        Mistake(
            "infinite for different shapes",
            lambda a, b, floor=1e-8: (
                nn.relative_error(a, b, floor) if a.shape == b.shape else np.inf
            ),
            "You return a number for arrays of different shapes. There is nothing to compare there: "
            "raise a ValueError, so that nobody reads it as a large rounding error.",
        ),
        Mistake(
            "assert instead of ValueError",
            shapes_asserted,
            "An `assert` raises an AssertionError, and it vanishes when Python runs with `-O`. Raise "
            "the ValueError yourself.",
        ),
        Mistake(
            "lengths compared",
            lengths_compared,
            "`len` is the length of the first axis alone. (3,) and (3, 3) have the same, and are "
            "different shapes.",
        ),
        Mistake(
            "error returned",
            error_returned,
            "You *return* a ValueError, as if it were a result. An error is to stop the caller: `raise` does that.",
        ),
        Mistake(
            "no error below the floor",
            error_formula(
                lambda a, b, floor: (by_entry(a, b, floor) * (np.abs(a) + np.abs(b) >= floor)).max()
            ),
            "Where both numbers are small your error is 0. The floor takes the place of the denominator there; the "
            "difference still counts.",
        ),
        Mistake(
            "the smaller denominator",
            error_formula(
                lambda a, b, floor: (np.abs(a - b) / np.minimum(np.abs(a) + np.abs(b), floor)).max()
            ),
            "You take the smaller of size and floor. The floor is the least value that the denominator may "
            "have.",
        ),
    ),
    hints=(
        "Try your function on three pairs: (0.0, 0.0), (nan, 1.0), and two arrays of which one has an "
        "axis more. What should each of them give?",
        "Numerator |a − b|, denominator |a| + |b|, but never less than `floor`: `np.maximum`. Deal "
        "with the shapes before you compute anything, and with nan before you return.",
        "The skeleton:\n    if a.shape != …:\n        raise ValueError(…)\n"
        "    if …:                       # anything that is not a number\n        return …\n"
        "    size = np.maximum(…, floor)\n    return …                    # the worst entry",
    ),
    probe=Probe(probes.error_of),
    draw=draw_relative_error,
    outputs=(
        *(
            Output(name, rtol=1e-5)
            for name in ("error", "error with a floor", "error at zeros", "error with nan")
        ),
        Output("different shapes", compare=judge_shapes),
    ),
    remark="From 0, equal, to 1, opposite: the same scale for gradients of any size.",
)

# --- the two-layer network --------------------------------------------------------------------


def random_params(
    rng: np.random.Generator, d: int, h: int, c: int, scale: float = 1.0
) -> dict[str, Any]:
    """Draw all four parameters so large that ReLUs open and close and predictions differ."""
    return {
        "W1": scale * rng.normal(size=(d, h)),
        "b1": 0.5 * rng.normal(size=h),
        "W2": scale * rng.normal(size=(h, c)),
        "b2": 0.5 * rng.normal(size=c),
    }


def draw_network(rng: np.random.Generator) -> Iterator[Case]:
    def seed() -> int:
        return int(rng.integers(2**31))

    def case(sizes: tuple[int, int, int], n: int, note: str, one_hot: bool = False) -> Case:
        d, _, c = sizes
        params = random_params(rng, *sizes)
        x, x2 = rng.normal(size=(n, d)), rng.normal(size=(n + 2, d))
        scores = np.maximum(x @ params["W1"] + params["b1"], 0) @ params["W2"] + params["b2"]
        # Two of three are classified rightly: an accuracy that nothing else is equal to by chance.
        t = (scores.argmax(axis=1) + (np.arange(n) % 3 == 2)) % c
        t2 = rng.integers(0, c, n + 2)
        labels = {"t": np.eye(c)[t], "t2": np.eye(c)[t2]} if one_hot else {"t": t, "t2": t2}
        return Case({"sizes": sizes, "seed": seed(), **params, "x": x, "x2": x2, **labels}, note)

    yield Case({"sizes": (20, 30, 10), "seed": seed()}, "a new network, std as by default")
    yield Case({"sizes": (20, 30, 10), "seed": seed(), "std": 0.5}, "a new network, std = 0.5")
    yield case((5, 4, 3), 14, "5 inputs, 4 hidden units, 3 classes, 14 samples")
    yield case((3, 5, 4), 11, "one-hot labels", one_hot=True)
    yield case((4, 2, 3), 1, "a batch of one")


def judge_start(name: str, shape: str) -> Callable[..., str | None]:
    """Make a comparison for a parameter of a new network: shape, size and mean."""

    def judge(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
        if not isinstance(got, np.ndarray) or got.dtype.kind != "f":
            return f"params[{name!r}] is {describe(got)}, expected an array of floats."
        if got.shape != expected.shape:
            return f"{name} has shape {got.shape}, expected {expected.shape} = {shape}."
        if name.startswith("b"):
            if np.any(got != 0):
                return f"{name} of a new network is not 0; biases start at 0."
            return None
        std = inputs.get("std", 0.01)
        found, mean = float(got.std()), float(got.mean())
        if not 0.75 * std < found < 1.25 * std:
            return f"The weights in {name} have standard deviation {found:.3g}, expected {std:g}."
        if not abs(mean) < 0.5 * std:
            return (
                f"The weights in {name} have mean {mean:.3g}, expected 0: as many below as above."
            )
        return None

    return judge


def judge_rng(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    """Ask for other weights from another generator."""
    if not isinstance(got, list) or len(got) != 2:
        return f"W1 is {describe(got)}, expected an array."
    if isinstance(got[0], np.ndarray) and np.array_equal(got[0], got[1]):
        return "Two networks made with different generators have the same W1."
    return None


def unstable(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Recognise answers that draw from a generator of their own."""
    return any(one.unstable for one in seen)


class TwoLayerNet:
    """The network of the solution, and the ground for wrong ones: each changes one method."""

    def __init__(self, input_size, hidden_size, output_size, rng, std=0.01):
        self.make(input_size, hidden_size, output_size, rng, std)
        self.build()

    def make(self, d, h, c, rng, std):
        self.params = {"W1": std * rng.standard_normal((d, h)), "b1": np.zeros(h)}
        self.params |= {"W2": std * rng.standard_normal((h, c)), "b2": np.zeros(c)}

    def build(self):
        p = self.params
        self.layers = [nn.Affine(p["W1"], p["b1"]), nn.Relu(), nn.Affine(p["W2"], p["b2"])]
        self.last_layer = nn.SoftmaxWithLoss()

    def predict(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def loss(self, x, t):
        return self.last_layer.forward(self.predict(x), t)

    def accuracy(self, x, t):
        return nn.accuracy(self.predict(x), t)

    def gradient(self, x, t):
        self.loss(x, t)
        return self.back()

    def back(self):
        dout = self.last_layer.backward()
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        return self.collect()

    def collect(self):
        one, two = self.layers[0], self.layers[-1]
        return {"W1": one.dW, "b1": one.db, "W2": two.dW, "b2": two.db}


class NetByFormulas:
    """Right, without layers: it looks its parameters up at each use."""

    def __init__(self, input_size, hidden_size, output_size, rng, std=0.01):
        self.params = {
            "W1": rng.normal(0, std, (input_size, hidden_size)),
            "b1": np.zeros(hidden_size),
            "W2": rng.normal(0, std, (hidden_size, output_size)),
            "b2": np.zeros(output_size),
        }

    def predict(self, x):
        p = self.params
        self.h = np.maximum(x @ p["W1"] + p["b1"], 0)
        return self.h @ p["W2"] + p["b2"]

    def loss(self, x, t):
        return nn.cross_entropy(nn.softmax(self.predict(x)), t)

    def accuracy(self, x, t):
        right = t if t.ndim == 1 else np.argmax(t, axis=1)
        return sum(np.argmax(self.predict(x), axis=1) == right) / len(x)

    def gradient(self, x, t):
        scores = self.predict(x)
        one_hot = t if t.ndim == 2 else np.eye(scores.shape[1])[t]
        d2 = (nn.softmax(scores) - one_hot) / len(x)
        d1 = (d2 @ self.params["W2"].T) * (self.h > 0)
        return {"b2": d2.sum(0), "W2": self.h.T @ d2, "b1": d1.sum(0), "W1": x.T @ d1}


class NetByLibrary(nn.TwoLayerNet):
    """Right: all of it inherited, the accuracy counted sample by sample."""

    def accuracy(self, x, t):
        hits = 0
        for scores, label in zip(self.predict(x), t):
            hits += int(scores.argmax()) == int(label if t.ndim == 1 else label.argmax())
        return hits / len(x)


class NoRelu(TwoLayerNet):
    def build(self):
        p = self.params
        self.layers = [nn.Affine(p["W1"], p["b1"]), nn.Affine(p["W2"], p["b2"])]
        self.last_layer = nn.SoftmaxWithLoss()


class ReluAtTheEnd(TwoLayerNet):
    def build(self):
        p = self.params
        self.layers = [nn.Affine(p["W1"], p["b1"]), nn.Affine(p["W2"], p["b2"]), nn.Relu()]
        self.last_layer = nn.SoftmaxWithLoss()

    def collect(self):
        one, two = self.layers[0], self.layers[1]
        return {"W1": one.dW, "b1": one.db, "W2": two.dW, "b2": two.db}


class PredictsProbabilities(TwoLayerNet):
    def predict(self, x):
        return nn.softmax(super().predict(x))

    def loss(self, x, t):
        return self.last_layer.forward(TwoLayerNet.predict(self, x), t)


class SoftmaxTwice(TwoLayerNet):
    def predict(self, x):
        return nn.softmax(super().predict(x))


class LayersHoldCopies(TwoLayerNet):
    def build(self):
        original, self.params = self.params, {k: p.copy() for k, p in self.params.items()}
        super().build()
        self.params = original


class NotReversed(TwoLayerNet):
    def back(self):
        dout = self.last_layer.backward()
        for layer in self.layers:
            dout = layer.backward(dout)
        return self.collect()


class GradientNotPassedOn(TwoLayerNet):
    def back(self):
        dout = self.last_layer.backward()
        for layer in reversed(self.layers):
            layer.backward(dout)
        return self.collect()


class NoForwardInGradient(TwoLayerNet):
    def gradient(self, x, t):
        return self.back()


class UpdatesInGradient(TwoLayerNet):
    def gradient(self, x, t):
        grads = super().gradient(x, t)
        for name, grad in grads.items():
            self.params[name] -= 0.1 * grad
        return grads


class ReversedForGood(TwoLayerNet):
    def back(self):
        dout = self.last_layer.backward()
        self.layers.reverse()
        for layer in self.layers:
            dout = layer.backward(dout)
        one, two = self.layers[-1], self.layers[0]
        return {"W1": one.dW, "b1": one.db, "W2": two.dW, "b2": two.db}


class ReluSkipped(TwoLayerNet):
    def back(self):
        dout = self.last_layer.backward()
        for layer in (self.layers[2], self.layers[0]):
            dout = layer.backward(dout)
        return self.collect()


class NamesSwapped(TwoLayerNet):
    def collect(self):
        one, two = self.layers[-1], self.layers[0]
        return {"W1": one.dW, "b1": one.db, "W2": two.dW, "b2": two.db}


class DividedAgain(TwoLayerNet):
    def gradient(self, x, t):
        return {name: grad / len(x) for name, grad in super().gradient(x, t).items()}


class SumOfLosses(TwoLayerNet):
    def loss(self, x, t):
        return super().loss(x, t) * len(x)


class LossOfInputs(TwoLayerNet):
    def loss(self, x, t):
        return self.last_layer.forward(x, t)


class LabelsAsScores(TwoLayerNet):
    def loss(self, x, t):
        return self.last_layer.forward(t, self.predict(x))


class PredictsClasses(TwoLayerNet):
    def predict(self, x):
        return super().predict(x).argmax(axis=1)

    def loss(self, x, t):
        return self.last_layer.forward(TwoLayerNet.predict(self, x), t)

    def accuracy(self, x, t):
        return nn.accuracy(TwoLayerNet.predict(self, x), t)


class Percent(TwoLayerNet):
    def accuracy(self, x, t):
        return 100 * super().accuracy(x, t)


class CountsHits(TwoLayerNet):
    def accuracy(self, x, t):
        return nn.accuracy(self.predict(x), t) * len(x)


class OneHotCompared(TwoLayerNet):
    def accuracy(self, x, t):
        return float(np.mean(self.predict(x).argmax(axis=1) == t))


class OneHotAlways(TwoLayerNet):
    def accuracy(self, x, t):
        return float(np.mean(self.predict(x).argmax(axis=1) == t.argmax(axis=1)))


class ArgmaxOverSamples(TwoLayerNet):
    def accuracy(self, x, t):
        labels = t.argmax(axis=1) if t.ndim == 2 else t
        return float(np.mean(self.predict(x).argmax(axis=0) == labels))


class ArgmaxOverSamplesTwice(TwoLayerNet):
    def accuracy(self, x, t):
        labels = t.argmax(axis=0) if t.ndim == 2 else t
        return float(np.mean(self.predict(x).argmax(axis=0) == labels))


class LargestScore(TwoLayerNet):
    def accuracy(self, x, t):
        labels = t.argmax(axis=1) if t.ndim == 2 else t
        return float(np.mean(self.predict(x).max(axis=1) == labels))


class WrongPart(TwoLayerNet):
    def accuracy(self, x, t):
        return 1 - super().accuracy(x, t)


class ReluBehindEach(TwoLayerNet):
    def build(self):
        super().build()
        self.layers.append(nn.Relu())

    def collect(self):
        one, two = self.layers[0], self.layers[2]
        return {"W1": one.dW, "b1": one.db, "W2": two.dW, "b2": two.db}


class SigmoidInside(TwoLayerNet):
    def build(self):
        super().build()
        self.layers[1] = nn.Sigmoid()


class PredictsOnly(TwoLayerNet):
    def gradient(self, x, t):
        self.predict(x)
        return self.back()


class StartsWithOne(TwoLayerNet):
    def back(self):
        dout = 1
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        return self.collect()


class WeightsTheOtherWay(TwoLayerNet):
    def make(self, d, h, c, rng, std):
        super().make(d, h, c, rng, std)
        for name in ("W1", "W2"):
            self.params[name] = self.params[name].T

    def build(self):
        p = self.params
        self.layers = [nn.Affine(p["W1"].T, p["b1"]), nn.Relu(), nn.Affine(p["W2"].T, p["b2"])]
        self.last_layer = nn.SoftmaxWithLoss()


class StdSquared(TwoLayerNet):
    def make(self, d, h, c, rng, std):
        super().make(d, h, c, rng, std**2)


class FreshGenerator(TwoLayerNet):
    def make(self, d, h, c, rng, std):
        super().make(d, h, c, np.random.default_rng(), std)


class ZeroWeights(TwoLayerNet):
    def make(self, d, h, c, rng, std):
        super().make(d, h, c, rng, 0.0)


class StdIgnored(TwoLayerNet):
    def make(self, d, h, c, rng, std):
        super().make(d, h, c, rng, 0.01)


class NotScaled(TwoLayerNet):
    def make(self, d, h, c, rng, std):
        super().make(d, h, c, rng, 1.0)


class Uniform(TwoLayerNet):
    def make(self, d, h, c, rng, std):
        super().make(d, h, c, rng, std)
        self.params["W1"] = std * rng.random((d, h))
        self.params["W2"] = std * rng.random((h, c))


class RandomBiases(TwoLayerNet):
    def make(self, d, h, c, rng, std):
        super().make(d, h, c, rng, std)
        self.params["b1"] += std * rng.standard_normal(h)
        self.params["b2"] += std * rng.standard_normal(c)


class OwnGenerator(TwoLayerNet):
    def make(self, d, h, c, rng, std):
        super().make(d, h, c, np.random.default_rng(0), std)


TWO_LAYER_NET = Exercise(
    id="ch06.TwoLayerNet",
    title="A two-layer network",
    kind="class",
    points=5,
    reference=TwoLayerNet,
    accepted=(NetByFormulas, NetByLibrary),
    mistakes=(
        Mistake(
            "no ReLU",
            NoRelu,
            "Two affine layers in a row, with nothing in between, are one affine layer: "
            "the product of the two matrices. The ReLU makes the difference.",
        ),
        Mistake(
            "ReLU at the end",
            ReluAtTheEnd,
            "Your ReLU comes after the second affine layer. There it cuts off negative scores, which "
            "softmax needs, and the two affine layers in front of it count as one.",
        ),
        Mistake(
            "predict gives probabilities",
            PredictsProbabilities,
            "`predict` returns probabilities. What is asked for are the scores; softmax belongs to "
            "the last layer, which takes scores.",
        ),
        Mistake(
            "softmax twice",
            SoftmaxTwice,
            "`predict` ends with a softmax, and the loss layer makes another one of its result. Give "
            "it the scores as they are.",
        ),
        Mistake(
            "layers hold copies",
            LayersHoldCopies,
            "Your layers work on copies of the arrays in `params`. An update of `params` never "
            "reaches them, and training would change nothing.",
        ),
        Mistake(
            "layers not reversed",
            NotReversed,
            "Backward you go through the layers in the same order as forward. The gradient starts "
            "at the loss, so the last layer comes first.",
        ),
        Mistake(
            "gradient not passed on",
            GradientNotPassedOn,
            "Every layer receives the gradient of the loss layer. What one layer returns is the "
            "`dout` of the layer before it.",
        ),
        Mistake(
            "reversed for good",
            ReversedForGood,
            "`self.layers.reverse()` turns the list itself around, and it stays so: the next forward "
            "pass runs through the layers backwards.",
        ),
        Mistake(
            "no forward pass in gradient",
            NoForwardInGradient,
            "`gradient(x, t)` does not go forward with its own x and t, so the layers still remember "
            "the batch before.",
        ),
        Mistake(
            "updates in gradient",
            UpdatesInGradient,
            "Your `gradient` changes the parameters. It should only tell; the optimiser decides what "
            "to do with it.",
        ),
        Mistake(
            "ReLU skipped on the way back",
            ReluSkipped,
            "On the way back you leave the ReLU out. It stops the gradient of every unit that"
            " was closed.",
        ),
        Mistake(
            "layers' gradients swapped",
            NamesSwapped,
            "The gradients of the two layers have changed places in your dictionary.",
        ),
        Mistake(
            "divided by the batch again",
            DividedAgain,
            "You divide the gradients by the batch size. The loss layer has done so already.",
        ),
        Mistake(
            "sum of the losses",
            SumOfLosses,
            "Your loss is the sum over the batch, N times the mean.",
        ),
        Mistake(
            "loss of the inputs",
            LossOfInputs,
            "Your loss takes the inputs for scores: the network does not occur in it.",
        ),
        Mistake(
            "labels in place of the scores",
            LabelsAsScores,
            "The labels stand where the loss layer takes scores. The order is scores, then labels.",
        ),
        Mistake(
            "predict gives classes",
            PredictsClasses,
            "`predict` returns class numbers. What is asked for are the scores, one per "
            "class; `accuracy` makes class numbers of them.",
        ),
        Mistake(
            "accuracy in percent",
            Percent,
            "`accuracy` returns a percentage. What is asked for is a part, between 0 and 1.",
        ),
        Mistake(
            "accuracy counts",
            CountsHits,
            "`accuracy` returns how many samples are right. What is asked for is the part of them, "
            "between 0 and 1.",
        ),
        Mistake(
            "one-hot rows compared with numbers",
            OneHotCompared,
            "Your `accuracy` compares class numbers with one-hot rows. Turn the rows into numbers "
            "first.",
        ),
        Mistake(
            "one-hot rows only",
            OneHotAlways,
            "Your `accuracy` takes `argmax(axis=1)` of the labels, and integer labels have no axis 1. "
            "`t.ndim` tells the two kinds apart.",
        ),
        Mistake(
            "argmax over the samples",
            ArgmaxOverSamples,
            "`argmax(axis=0)` finds the best *sample* for each class. The classes of a sample lie "
            "along axis 1.",
        ),
        Mistake(
            "weights of zero",
            ZeroWeights,
            "All your weights start at 0. Then all hidden units are 0, no gradient reaches a weight, "
            "and nothing but the last bias ever learns.",
        ),
        Mistake(
            "std ignored",
            StdIgnored,
            "The weights always have standard deviation 0.01, whatever `std` says.",
        ),
        Mistake(
            "weights not scaled",
            NotScaled,
            "The weights are drawn from N(0, 1) and not multiplied by `std`.",
        ),
        Mistake(
            "weights never negative",
            Uniform,
            "`rng.random` draws from 0 to 1, never below. Weights need both signs, so that units can "
            "vote against a class: `rng.standard_normal`.",
        ),
        Mistake(
            "random biases",
            RandomBiases,
            "Your biases start at random numbers. The weights make the units differ already; biases "
            "start at 0.",
        ),
        Mistake(
            "a generator of its own",
            OwnGenerator,
            "The weights do not come from `rng`: every network starts with the same ones, whatever "
            "the caller passes.",
        ),
        Mistake(
            "argmax over the samples, labels too",
            ArgmaxOverSamplesTwice,
            "`argmax(axis=0)` looks for the best *sample* of each class. The classes lie along axis 1.",
        ),
        Mistake(
            "largest score instead of its class",
            LargestScore,
            "`accuracy` compares the largest *score* with the class number. Which class has it is the "
            "question.",
        ),
        Mistake(
            "error instead of accuracy",
            WrongPart,
            "`accuracy` returns which part is wrong.",
        ),
        Mistake(
            "a ReLU behind each layer",
            ReluBehindEach,
            "There is a ReLU behind the second affine layer too. It cuts off negative scores, and softmax "
            "needs them.",
        ),
        Mistake(
            "gradient without the loss",
            PredictsOnly,
            "`gradient` goes forward to the scores only. The loss layer has not seen these scores and labels, "
            "and its `backward` speaks of the batch before.",
        ),
        Mistake(
            "the way back starts with 1",
            StartsWithOne,
            "You hand a 1 to the last affine layer. That is the derivative of the loss by itself: the loss layer "
            "stands in between, and its `backward` comes first.",
        ),
        Mistake(
            "weights the other way round",
            WeightsTheOtherWay,
            "Your weights are stored as (outputs, inputs). In this chapter a batch has one sample per row "
            "and is multiplied from the left.",
        ),
        Mistake(
            "std squared",
            StdSquared,
            "The weights are multiplied by the variance. The factor in front of `standard_normal` is the "
            "standard deviation, and so is what `rng.normal` takes.",
        ),
        Mistake(
            "not from rng",
            FreshGenerator,
            "Your weights do not come from the `rng` that is passed. With it the same network can be made again; "
            "without it no training can be repeated.",
            unstable,
        ),
        Mistake(
            "sigmoid instead of ReLU",
            SigmoidInside,
            "Between your two affine layers stands a sigmoid. This network has a ReLU there.",
        ),
    ),
    hints=(
        "Draw the network as boxes: which layers does x go through, in which order, and which of them "
        "hold the arrays in `params`? Then ask for each method which boxes it needs.",
        "Give the layers the very arrays of the dictionary: `nn.Affine(self.params['W1'], …)`. "
        "`loss` is `predict` and one layer more; `gradient` is `loss`, then the way back through the "
        "layers in reverse, then four attributes to collect.",
        "The skeleton:\n    def __init__(…):\n        self.params = {…}\n"
        "        self.affine1 = nn.Affine(…)\n        self.affine2 = nn.Affine(…)\n"
        "        self.layers = […]\n        self.last_layer = …\n"
        "    def gradient(self, x, t):\n        …                       # forward, with this batch\n"
        "        dout = …                # from the loss\n        for layer in …:\n"
        "            dout = …\n        return {'W1': …, 'b1': …, 'W2': …, 'b2': …}",
    ),
    probe=Probe(probes.network),
    draw=draw_network,
    outputs=(
        Output("first W1", compare=judge_start("W1", "(D, H)")),
        Output("first b1", compare=judge_start("b1", "(H,)")),
        Output("first W2", compare=judge_start("W2", "(H, C)")),
        Output("first b2", compare=judge_start("b2", "(C,)")),
        Output("first W1 of another rng", compare=judge_rng),
        Output("scores", "(N, C)", "one score per class, for every sample"),
        Output("updated scores", "(N, C)", "one score per class, for every sample"),
        Output("dW1", "(D, H)", "the shape of W1"),
        Output("db1", "(H,)", "the shape of b1"),
        Output("dW2", "(H, C)", "the shape of W2"),
        Output("db2", "(C,)", "the shape of b2"),
    ),
    remark="Two methods would do for training; `accuracy` is for people, the loss for the gradient.",
)

# --- the gradient check -----------------------------------------------------------------------


def _leave(grads: dict[str, Any], x: Any) -> None:
    """Leave the gradient as it is."""


def _times_batch(grads: dict[str, Any], x: Any) -> None:
    for grad in grads.values():
        grad *= len(x)


def _one_entry(grads: dict[str, Any], x: Any) -> None:
    grads["W1"][-1, -1] += 0.03


def _turned(grads: dict[str, Any], x: Any) -> None:
    grads["W2"] *= -1


def _lower(grads: dict[str, Any], x: Any) -> None:
    grads["b2"] -= 0.3


def _first_layer_doubled(grads: dict[str, Any], x: Any) -> None:
    grads["W1"] *= 2
    grads["b1"] *= 2


def _nan(grads: dict[str, Any], x: Any) -> None:
    grads["b1"][0] = np.nan


def _kept_axis(grads: dict[str, Any], x: Any) -> None:
    grads["b1"] = grads["b1"][None, :]


SPOILT: dict[str, Callable[..., None]] = {
    "a right network with a closed unit": _leave,
    "one entry of W1 wrong": _one_entry,
    "tiny gradients, twice too large": _first_layer_doubled,
    "all of b2 too low": _lower,
    "the sign of W2's gradient turned": _turned,
    "all gradients N times too large": _times_batch,
    "nan in b1": _nan,
    "b1 with an axis too many": _kept_axis,
    "a right network": _leave,
}
"""The networks that a check is given, by name: what happens to their gradients."""

GROUPS = {
    "A": ("a right network with a closed unit", "nan in b1", "all gradients N times too large"),
    "B": ("a right network", "b1 with an axis too many", "the sign of W2's gradient turned"),
    "C": ("one entry of W1 wrong", "tiny gradients, twice too large", "all of b2 too low"),
}
"""Networks that are judged as one output. What is often wrong together stands in two of them."""


def spoilt(inputs: Mapping[str, Any], grads: dict[str, Any], x: Any) -> dict[str, Any]:
    """Return the gradients that the network of a case gives, from the right ones."""
    SPOILT[inputs["network"]](grads, x)
    return grads


def draw_suspects(rng: np.random.Generator) -> Iterator[Case]:
    for number, name in enumerate(rng.permutation(list(SPOILT)).tolist(), 1):
        # A unit that is nearly at its kink would be a false alarm: draw until none is.
        while True:
            params = random_params(rng, 2, 3, 2)
            if name == "a right network with a closed unit":
                params["b1"][1] = -30.0
                params["W2"][2] *= 1e-9  # a unit whose gradients drown in rounding
            if name == "tiny gradients, twice too large":
                params["W2"] *= 5e-3
            x, t = rng.normal(size=(4, 2)), np.array([0, 1, 1, 0])
            z = x @ params["W1"] + params["b1"]
            z[:, 1] = 1.0 if name == "a right network with a closed unit" else z[:, 1]
            if np.abs(z).min() > 0.05 and (z > 0).sum(axis=0).min() > 0:
                break
        called = ("A", "a", "B", "b") if number in (3, 7) else probes.NAMES
        group = next(letter for letter, names in GROUPS.items() if name in names)
        inputs = {"called": called, **params, "x": x, "t": t}
        names = {"decisions": f"decisions, group {group}"}
        note = f"{name}, 2-3-2" if name.startswith("a right") else name
        yield Case(inputs, note, hidden={"network": name}, names=names)


def judge_decisions(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    """Say what is wrong with the decisions of the candidate's check."""
    if not isinstance(got, dict):
        return f"gradient_check returns {describe(got)}, expected a dictionary: name → error."
    lacking = [name for name in expected if name not in got]
    if lacking:
        return f"gradient_check returns no error for {lacking[0]}."
    found = {
        "accepts": "is below 1e-4, which calls the gradient right",
        "rejects": "is above 1e-2, which calls the gradient wrong",
        "undecided": "lies between 1e-4 and 1e-2, which decides nothing",
        "negative": "is negative, which is no size of an error",
        "nan": "is nan, which decides nothing: every comparison with it is False",
    }
    for name, want in expected.items():
        mine = got[name]
        if isinstance(mine, str) and mine == want:
            continue
        text = found.get(mine) if isinstance(mine, str) else None
        text = text or f"is {describe(mine)}, expected a number"
        right, goal = ("right", "below 1e-4") if want == "accepts" else ("wrong", "above 1e-2")
        return f"The error of {name} {text}. That gradient is {right}: expected {goal}."
    return None


def judge_parameters(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    """Say if the candidate's check left other parameters behind."""
    if isinstance(got, str) and got == expected:
        return None
    return "After gradient_check the network's parameters are not what they were."


def gradient_check(net, x, t, h=1e-5):
    grads, errors = net.gradient(x, t), {}
    for name, param in net.params.items():
        numeric = nn.numerical_gradient(lambda _: net.loss(x, t), param, h)
        if grads[name].shape != param.shape:
            errors[name] = np.inf
        else:
            errors[name] = nn.relative_error(grads[name], numeric, floor=1e-3)
    return errors


def gradient_check_by_loops(net, x, t, h=1e-5):
    errors = {}
    grads = net.gradient(x, t)
    for name in net.params:
        param, grad = net.params[name], grads[name]
        if np.shape(grad) != param.shape or not np.all(np.isfinite(grad)):
            errors[name] = float("inf")
            continue
        worst = 0.0
        for at in np.ndindex(param.shape):
            kept = param[at]
            losses = []
            for shift in (h, -h):
                param[at] = kept + shift
                losses.append(net.loss(x, t))
            param[at] = kept
            numeric = (losses[0] - losses[1]) / (2 * h)
            size = max(abs(numeric) + abs(grad[at]), 1e-4)
            worst = max(worst, abs(numeric - grad[at]) / size)
        errors[name] = worst
    return errors


def gradient_check_by_norms(net, x, t, h=1e-5):
    """The error of a parameter is the largest difference beside the largest entry."""

    def error(grad, numeric):
        if grad.shape != numeric.shape or np.isnan(grad).any():
            return np.inf
        size = max(np.abs(numeric).max(), np.abs(grad).max(), 1e-6)
        return np.abs(grad - numeric).max() / size

    numeric = {
        k: nn.numerical_gradient(lambda _: net.loss(x, t), net.params[k]) for k in net.params
    }
    grads = net.gradient(x, t)
    return {k: error(grads[k], numeric[k]) for k in numeric}


FOUND: dict[bytes, Any] = {}
"""Numerical gradients by network, batch and parameter: all the wrong checks ask for the same ones."""


def found_before(net, x, t, name):
    """Return the numerical gradient of one parameter, computed once for each network and batch."""
    arrays = (x, t, *net.params.values())
    key = b"/".join([name.encode(), *(array.tobytes() for array in arrays)])
    known = FOUND.get(key)
    if known is None:
        if len(FOUND) > 200:
            FOUND.clear()
        known = nn.numerical_gradient(lambda _: net.loss(x, t), net.params[name])
        FOUND[key] = known
    return known


def network_check(
    *,
    error: Callable[[Any, Any], Any] | None = None,
    numeric: Callable[..., Any] | None = None,
    shapes: bool = True,
) -> Callable[..., Any]:
    """Make a wrong check: the reference with one part exchanged."""
    measure = error or (lambda a, b: nn.relative_error(a, b, floor=1e-3))

    def check(net, x, t, h=1e-5):
        grads, errors = net.gradient(x, t), {}
        for name, param in net.params.items():
            if numeric is None:
                found = found_before(net, x, t, name)
            else:
                found = numeric(lambda _: net.loss(x, t), param, h)
            wrong = shapes and grads[name].shape != param.shape
            errors[name] = np.inf if wrong else measure(grads[name], found)
        return errors

    return check


def rough_error(a, b):
    return float((np.abs(a - b) / np.maximum(np.abs(a) + np.abs(b), 1e-3)).max())


def parameters_left_moved(f, x, h):
    return never_put_back(f, x, h)


right_check = network_check()


def one_error_for_all(net, x, t, h=1e-5):
    return max(right_check(net, x, t, h).values())


def weights_only(net, x, t, h=1e-5):
    return {k: e for k, e in right_check(net, x, t, h).items() if net.params[k].ndim == 2}


def fixed_names(net, x, t, h=1e-5):
    errors = right_check(net, x, t, h)
    return {name: errors[name] for name in probes.NAMES}


def wrong_shapes_left_out(net, x, t, h=1e-5):
    grads = net.gradient(x, t)
    errors = right_check(net, x, t, h)
    return {k: error for k, error in errors.items() if grads[k].shape == net.params[k].shape}


def shifted_weights_as_x(net, x, t, h=1e-5):
    return {
        name: nn.numerical_gradient(lambda w: net.loss(w, t), param, h)
        for name, param in net.params.items()
    }


def value_for_function(net, x, t, h=1e-5):
    value = net.loss(x, t)
    return {name: nn.numerical_gradient(value, param, h) for name, param in net.params.items()}


def worst_by_max(a, b):
    worst = 0.0
    for error in by_entry(a, b, 1e-3).ravel():
        worst = max(worst, error)
    return worst


def compared_with_itself(net, x, t, h=1e-5):
    one, two = net.gradient(x, t), net.gradient(x, t)
    return {name: rough_error(one[name], two[name]) for name in one}


def one_sample(net, x, t, h=1e-5):
    return gradient_check(net, x[:1], t[:1], h)


GRADIENT_CHECK = Exercise(
    id="ch06.gradient_check",
    title="A gradient check for a network",
    kind="function",
    points=3,
    reference=gradient_check,
    accepted=(gradient_check_by_loops, gradient_check_by_norms),
    mistakes=(
        Mistake(
            "absolute error",
            network_check(
                error=lambda a, b: (
                    float(np.abs(a - b).max()) if np.isfinite(a).all() else float("inf")
                )
            ),
            "You return the difference itself. In a network with tiny gradients it is tiny too, even "
            "where the gradient is twice what it should be.",
        ),
        Mistake(
            "mean instead of maximum",
            network_check(
                error=lambda a, b: float(np.abs(a - b).mean()) if np.isfinite(a).all() else np.inf
            ),
            "You average over the entries. One wrong weight drowns in a mean: return the worst.",
        ),
        Mistake(
            "first entry only",
            network_check(error=lambda a, b: nn.relative_error(a.flat[0], b.flat[0], floor=1e-3)),
            "You look at the first entry of each parameter. The others can be anything.",
        ),
        Mistake(
            "difference without abs",
            network_check(
                error=lambda a, b: (
                    float(((a - b) / np.maximum(np.abs(a) + np.abs(b), 1e-3)).max())
                    if np.isfinite(a).all()
                    else np.inf
                )
            ),
            "Without `abs`, a gradient that is too low everywhere has a negative error, and that "
            "looks smaller than any tolerance.",
        ),
        Mistake(
            "sizes compared",
            network_check(
                error=lambda a, b: (
                    rough_error(np.abs(a), np.abs(b)) if np.isfinite(a).all() else np.inf
                )
            ),
            "You compare the sizes of the two gradients and lose their signs. A gradient that"
            " points the other way passes.",
        ),
        Mistake(
            "0/0",
            network_check(
                error=lambda a, b: (
                    float(np.max(np.abs(a - b) / (np.abs(a) + np.abs(b))))
                    if np.isfinite(a).all()
                    else np.inf
                )
            ),
            "A hidden unit that is closed for every sample has gradient 0, numerically too, and your "
            "error is 0/0 there.",
        ),
        Mistake(
            "nan passes",
            network_check(error=rough_error),
            "Where a gradient is nan your error is nan, and `nan > 1e-4` is False: the worst gradient "
            "of all raises no alarm.",
        ),
        Mistake(
            "shape not compared",
            network_check(
                error=lambda a, b: rough_error(a, b) if np.isfinite(a).all() else np.inf,
                shapes=False,
            ),
            "A gradient of shape (1, H) passes: the subtraction stretches b1's own shape to it. "
            "An update would fail, or spoil `params`. Compare the shapes first.",
        ),
        Mistake(
            "shapes left to relative_error",
            network_check(shapes=False),
            "`relative_error` raises a ValueError for different shapes, and your whole check stops "
            "there. A gradient of the wrong shape is a wrong gradient: give it the error inf.",
        ),
        Mistake(
            "a copy is shifted",
            network_check(numeric=lambda f, p, h: nn.numerical_gradient(f, p.copy(), h)),
            "You shift a copy of the parameter. The network computes its loss with its own array, "
            "which stands still, so every numerical gradient is 0.",
        ),
        Mistake(
            "parameters left shifted",
            network_check(numeric=parameters_left_moved),
            "Your check shifts the network's weights and does not put them back. A check that changes "
            "what it checks is worse than none.",
        ),
        Mistake(
            "factor 2 lost",
            network_check(error=lambda a, b: nn.relative_error(a, 2 * b, floor=1e-3)),
            "From −h to +h it is a way of 2h. Divided by h, the numerical gradient is twice too large, "
            "and right networks look wrong.",
        ),
        Mistake(
            "compared with itself",
            compared_with_itself,
            "You compare backpropagation with backpropagation. That always agrees; ask the *loss*.",
        ),
        Mistake(
            "one sample",
            one_sample,
            "You check with the first sample only. A gradient that forgets to divide by N is right "
            "for N = 1.",
        ),
        Mistake(
            "one error for all parameters",
            one_error_for_all,
            "You return a single number. An error for *each* parameter tells where to look: if only "
            "W1 and b1 are wrong, the fault lies between the two layers.",
        ),
        Mistake(
            "weights only",
            weights_only,
            "Biases are parameters too, and their gradients have bugs of their own: go through all of "
            "`net.params`.",
        ),
        Mistake(
            "True or False",
            lambda net, x, t, h=1e-5: {
                name: bool(error < 1e-4) for name, error in right_check(net, x, t, h).items()
            },
            "You return the decisions. Return the errors: whether it is 1e-9 or 1e-5 tells you "
            "something, even if both pass.",
        ),
        Mistake(
            "floor left at its default",
            network_check(error=nn.relative_error),
            "You compare with the floor of 1e-8. The loss is rounded, so a gradient as small as that has a "
            "numerical gradient of mostly noise, and a right network looks wrong.",
        ),
        Mistake(
            "nan lost in max",
            network_check(error=worst_by_max),
            "Python's `max` keeps the old value where the new one is nan, because every comparison with nan "
            "is False. The worst gradient of all disappears.",
        ),
        Mistake(
            "four fixed names",
            fixed_names,
            "You name the parameters of one network. Another one has others: go through the names in `net.params`.",
        ),
        Mistake(
            "wrong shapes left out",
            wrong_shapes_left_out,
            "Where a gradient has the wrong shape your dictionary has no entry. Its error is infinite, and "
            "whoever reads the result has to see that.",
        ),
        Mistake(
            "the parameter in the place of x",
            shifted_weights_as_x,
            "Your function hands the shifted parameter to the loss as if it were the images. The loss is to be taken "
            "of `x`; the network has the parameter already.",
        ),
        Mistake(
            "a value in the place of a function",
            value_for_function,
            "You hand over the *value* of the loss. It has to be computed anew after every shift: a function is "
            "needed that does it.",
        ),
    ),
    hints=(
        "You have both halves: `net.gradient(x, t)` is the claim, the numerical gradient of the loss "
        "is the evidence. Which array has to be shifted for the second?",
        "The function to differentiate is `lambda _: net.loss(x, t)`: it ignores its argument, because "
        "the network reads `net.params[name]` itself. Compare the shapes before the numbers.",
        "The skeleton:\n    grads = …\n    errors = {}\n    for name, param in …:\n"
        "        numeric = nn.numerical_gradient(…, param, h)\n"
        "        if … != param.shape:\n            errors[name] = …        # as wrong as can be\n        else:\n"
        "            errors[name] = nn.relative_error(…, …, floor=1e-3)\n    return …",
    ),
    probe=Probe(probes.network_checker),
    draw=draw_suspects,
    outputs=(
        *(Output(f"decisions, group {group}", compare=judge_decisions) for group in GROUPS),
        Output("parameters afterwards", compare=judge_parameters),
    ),
    remark="Your check let 2 right networks through and found the fault in 7 wrong ones.",
    repeat=False,  # what is observed are decisions, and a second run decides the same
    oracle=spoilt,
)

# --- find and fix: a network ------------------------------------------------------------------


def draw_fix(rng: np.random.Generator) -> Iterator[Case]:
    def case(d: int, h: int, c: int, n: int, note: str) -> Case:
        t = rng.permutation(np.arange(n) % c)
        inputs = {"sizes": (d, h, c), **random_params(rng, d, h, c, 0.8)}
        inputs |= {"x": rng.normal(size=(n, d)), "t": t, "lr": float(rng.uniform(0.1, 0.5))}
        return Case(inputs, note)

    yield case(3, 3, 3, 4, "as many inputs and hidden units as classes")
    yield case(5, 4, 3, 6, "5 inputs, 4 hidden units, 3 classes")
    yield case(3, 4, 2, 1, "a batch of one")


class GivenNet(nn.TwoLayerNet):
    """The network of the notebook, with its three faults."""

    def __init__(self, D, H, C, rng):
        super().__init__(D, H, C, rng, std=0.1)
        self.affine1.needs_dx = True

    def loss(self, x, t):
        y = self.predict(x)
        return self.last_layer.forward(x, y)

    def gradient(self, x, t):
        self.loss(x, t)
        dout = self.last_layer.backward()
        for layer in self.layers:
            dout = layer.backward(dout)
        first, last = self.affine1, self.affine2
        return {"W1": first.dW, "b1": first.db, "W2": last.dW, "b2": last.db}

    def step(self, x, t, lr):
        grads = self.gradient(x, t)
        self.params["W1"] -= lr * grads["W1"]
        self.params["b1"] -= lr * grads["b1"]
        self.params["W2"] -= lr * grads["W2"]
        self.params["b1"] -= lr * grads["b2"]


class RightLoss(GivenNet):
    def loss(self, x, t):
        return self.last_layer.forward(self.predict(x), t)


class RightOrder(GivenNet):
    def gradient(self, x, t):
        self.loss(x, t)
        dout = self.last_layer.backward()
        for layer in self.layers[::-1]:
            dout = layer.backward(dout)
        first, last = self.affine1, self.affine2
        return {"W1": first.dW, "b1": first.db, "W2": last.dW, "b2": last.db}


class RightStep(GivenNet):
    def step(self, x, t, lr):
        grads = self.gradient(x, t)
        for name in self.params:
            self.params[name] -= lr * grads[name]


class MendedNet(RightLoss, RightOrder, RightStep):
    """All three mended."""


class LossAndOrder(RightLoss, RightOrder):
    """The step is still wrong."""


class LossAndStep(RightLoss, RightStep):
    """The order is still wrong."""


class OrderAndStep(RightOrder, RightStep):
    """The loss is still wrong."""


class ScoresAndScores(MendedNet):
    def loss(self, x, t):
        y = self.predict(x)
        return self.last_layer.forward(y, nn.softmax(y))


class LabelsFirst(MendedNet):
    def loss(self, x, t):
        y = self.predict(x)
        return self.last_layer.forward(np.eye(y.shape[1])[t], y)


class SoftmaxBefore(MendedNet):
    def loss(self, x, t):
        return self.last_layer.forward(nn.softmax(self.predict(x)), t)


class ReversedInPlace(MendedNet):
    def gradient(self, x, t):
        self.loss(x, t)
        dout = self.last_layer.backward()
        first, last = self.affine1, self.affine2
        self.layers.reverse()
        for layer in self.layers:
            dout = layer.backward(dout)
        return {"W1": first.dW, "b1": first.db, "W2": last.dW, "b2": last.db}


class NewArrays(MendedNet):
    def step(self, x, t, lr):
        grads = self.gradient(x, t)
        for name in self.params:
            self.params[name] = self.params[name] - lr * grads[name]


class Uphill(MendedNet):
    def step(self, x, t, lr):
        grads = self.gradient(x, t)
        for name in self.params:
            self.params[name] += lr * grads[name]


class GradientEachTime(MendedNet):
    def step(self, x, t, lr):
        for name in self.params:
            self.params[name] -= lr * self.gradient(x, t)[name]


class RateForgotten(MendedNet):
    def step(self, x, t, lr):
        grads = self.gradient(x, t)
        for name in self.params:
            self.params[name] -= grads[name]


class FixedSum(MendedNet):
    def loss(self, x, t):
        return super().loss(x, t) * len(x)


class IntegersFirst(MendedNet):
    def loss(self, x, t):
        return self.last_layer.forward(t, self.predict(x))


class NoForward(MendedNet):
    def gradient(self, x, t):
        dout = self.last_layer.backward()
        for layer in self.layers[::-1]:
            dout = layer.backward(dout)
        first, last = self.affine1, self.affine2
        return {"W1": first.dW, "b1": first.db, "W2": last.dW, "b2": last.db}


class LastBiasForgotten(MendedNet):
    def step(self, x, t, lr):
        grads = self.gradient(x, t)
        for name in ("W1", "b1", "W2"):
            self.params[name] -= lr * grads[name]


class InputsAsScores(MendedNet):
    def loss(self, x, t):
        return self.last_layer.forward(x, t)


class FirstBiasForTheLast(MendedNet):
    def step(self, x, t, lr):
        grads = self.gradient(x, t)
        for name, own in (("W1", "W1"), ("b1", "b1"), ("W2", "W2"), ("b2", "b1")):
            self.params[name] -= lr * grads[own]


class MendedByHand(GivenNet):
    """Right: written out, layer by layer."""

    def loss(self, x, t):
        one, relu, two = self.layers
        return self.last_layer.forward(two.forward(relu.forward(one.forward(x))), t)

    def gradient(self, x, t):
        self.loss(x, t)
        one, relu, two = self.layers
        one.backward(relu.backward(two.backward(self.last_layer.backward())))
        return {"W1": one.dW, "b1": one.db, "W2": two.dW, "b2": two.db}

    def step(self, x, t, lr):
        for name, grad in self.gradient(x, t).items():
            np.subtract(self.params[name], lr * grad, out=self.params[name])


class MendedWithRange(GivenNet):
    """Right: indices instead of a reversed list, one-hot rows instead of integers."""

    def loss(self, x, t):
        scores = self.predict(x)
        return self.last_layer.forward(scores, np.eye(scores.shape[1])[t])

    def gradient(self, x, t):
        self.loss(x, t)
        dout = self.last_layer.backward(1.0)
        for i in range(len(self.layers) - 1, -1, -1):
            dout = self.layers[i].backward(dout)
        a, b = self.layers[::2]
        return dict(zip(("W1", "b1", "W2", "b2"), (a.dW, a.db, b.dW, b.db)))

    def step(self, x, t, lr):
        nn.SGD(lr).update(self.params, self.gradient(x, t))


NETWORK_FIX = Exercise(
    id="ch06.network_fix",
    title="Find and fix: a network that runs and does not learn",
    kind="debug",
    points=2,
    reference=MendedNet,
    accepted=(MendedByHand, MendedWithRange),
    mistakes=(
        Mistake(
            "still the given code",
            GivenNet,
            "That is the given network still. Each of the three methods has one wrong line.",
        ),
        Mistake(
            "order and step still wrong",
            RightLoss,
            "`loss` is mended. `gradient` still goes through the layers in the forward order, and "
            "`step` still changes one of the parameters twice and another one never.",
        ),
        Mistake(
            "loss and step still wrong",
            RightOrder,
            "The order in `gradient` is mended. `loss` still gives the loss layer something that is "
            "no score, and `step` still changes one parameter twice and another one never.",
        ),
        Mistake(
            "loss and order still wrong",
            RightStep,
            "`step` is mended. `loss` still gives the loss layer something that is no score, and "
            "`gradient` still goes through the layers in the forward order.",
        ),
        Mistake(
            "step still wrong",
            LossAndOrder,
            "Read the four lines of `step` once more, name by name: one parameter is changed twice, "
            "with a gradient that is not its own.",
        ),
        Mistake(
            "order still wrong",
            LossAndStep,
            "The way back begins at the loss, so the last layer comes first. Yours begins with the "
            "first one.",
        ),
        Mistake(
            "loss still wrong",
            OrderAndStep,
            "The loss layer still gets `x` as scores and the scores as labels. The true labels do not "
            "occur in your loss at all.",
        ),
        Mistake(
            "scores compared with themselves",
            ScoresAndScores,
            "You compare the predictions with themselves. The loss has to know the labels `t`.",
        ),
        Mistake(
            "labels first",
            LabelsFirst,
            "The labels stand where the scores belong. The order is scores, then labels.",
        ),
        Mistake(
            "softmax before the loss layer",
            SoftmaxBefore,
            "The loss layer contains softmax already. Give it the scores as they are.",
        ),
        Mistake(
            "reversed for good",
            ReversedInPlace,
            "`self.layers.reverse()` turns the list itself around. The next forward pass then runs "
            "through the layers backwards: use a reversed *copy*, or `reversed(…)`.",
        ),
        Mistake(
            "new arrays",
            NewArrays,
            "`params[name] = params[name] - …` puts a new array into the dictionary. The layers "
            "still hold the old one, and the predictions never change.",
        ),
        Mistake(
            "uphill",
            Uphill,
            "You add the gradient. It points to where the loss *grows*.",
        ),
        Mistake(
            "a gradient for every parameter anew",
            GradientEachTime,
            "You ask for the gradient once more before each parameter, when the others have "
            "moved already. All gradients belong to the place from which the step starts; and"
            " it costs four times as much.",
        ),
        Mistake(
            "learning rate forgotten",
            RateForgotten,
            "You subtract the whole gradient, whatever `lr` says.",
        ),
        Mistake(
            "loss summed",
            FixedSum,
            "Your loss is the sum over the batch. The loss layer's mean was right.",
        ),
        Mistake(
            "integer labels first",
            IntegersFirst,
            "The labels stand where the scores belong. The order is scores, then labels.",
        ),
        Mistake(
            "no forward pass in gradient",
            NoForward,
            "`gradient(x, t)` does not go forward with its own x and t any more, so the "
            "layers still remember the batch before.",
        ),
        Mistake(
            "last bias forgotten",
            LastBiasForgotten,
            "`b2` is never updated now. Its line was wrong, not superfluous.",
        ),
        Mistake(
            "inputs as scores",
            InputsAsScores,
            "The labels are in your loss now, and the predictions are not: the loss layer gets the inputs as "
            "scores, and no layer is ever run.",
        ),
        Mistake(
            "the other bias's gradient",
            FirstBiasForTheLast,
            "`b2` is changed now, with the gradient of `b1`.",
        ),
    ),
    hints=(
        "Run it with N, D, H and C all different, and read where it stops. For what does not stop, ask "
        "of each line: which parameter, which gradient, in which order?",
        "`SoftmaxWithLoss.forward` takes scores and labels. The way back is the way forward reversed. "
        "Every parameter is changed once, by its own gradient.",
        "The skeleton:\n    def loss(self, x, t):\n"
        "        return self.last_layer.forward(…, …)\n"
        "    def gradient(self, x, t):\n        …\n        for layer in …:\n"
        "            dout = layer.backward(dout)\n        …\n"
        "    def step(self, x, t, lr):\n        grads = …\n        for name in self.params:\n"
        "            self.params[name] -= …",
    ),
    probe=Probe(probes.mended_network),
    draw=draw_fix,
    outputs=(
        Output("dW1", "(D, H)", "the shape of W1"),
        Output("db1", "(H,)", "the shape of b1"),
        Output("dW2", "(H, C)", "the shape of W2"),
        Output("db2", "(C,)", "the shape of b2"),
    ),
    remark="With D = H = C none of the three stops the program: test with sizes that all differ.",
)

# --- mini-batches -----------------------------------------------------------------------------

Rows = list[list[int]]
"""For each batch, the numbers of its samples."""


def labelled(rng: np.random.Generator, n: int) -> dict[str, Any]:
    """Draw n samples that can be told apart, and labels that are all different."""
    x = np.column_stack([(np.arange(n) + 1) / n, rng.normal(size=n)])
    return {"x": x, "t": 100 + rng.permutation(n)}


def draw_batches(rng: np.random.Generator) -> Iterator[Case]:
    def case(n: int, size: int, note: str) -> Case:
        return Case({**labelled(rng, n), "size": size, "seed": int(rng.integers(2**31))}, note)

    yield case(23, 5, "23 samples, 5 at a time")
    yield case(24, 6, "24 samples, 6 at a time")
    yield case(3, 8, "3 samples, and room for 8 in a batch")


def find_rows(x: Any, t: Any, batch: Any) -> list[int] | str:
    """Return which samples a batch consists of, or what is wrong with it: a key of BATCH_FAULTS."""
    if not isinstance(batch, (tuple, list)) or len(batch) != 2:
        return "form"
    mine, labels = batch
    arrays = isinstance(mine, np.ndarray) and isinstance(labels, np.ndarray)
    if not arrays or mine.dtype.kind not in "iuf" or labels.dtype.kind not in "iuf":
        return "form"
    if mine.ndim != 2 or mine.shape[1] != x.shape[1] or labels.ndim != 1:
        return "form"
    if len(mine) != len(labels):
        return "lengths"
    if len(mine) == 0:
        return "empty"
    with np.errstate(all="ignore"):
        rows = np.nan_to_num(np.round(mine[:, 0] * len(x)) - 1, posinf=-1, neginf=-1)
    if np.any(rows < 0) or np.any(rows >= len(x)):
        return "samples"
    rows = rows.astype(int)
    if not np.allclose(x[rows], mine, rtol=1e-4, atol=1e-6):
        return "samples"
    if np.any(t[rows] != labels):
        return "labels"
    return [int(row) for row in rows]


def rows_of(inputs: Mapping[str, Any], batches: Any) -> Rows | str:
    """Return the samples of every batch, or the key of what is wrong with one of them."""
    if not isinstance(batches, list):
        return "form"
    found: Rows = []
    for batch in batches:
        rows = find_rows(inputs["x"], inputs["t"], batch)
        if isinstance(rows, str):
            return rows
        found.append(rows)
    return found


def epoch_fault(epoch: Rows, n: int, size: int) -> str:
    """Return what is wrong with the batches of one epoch: a key of BATCH_FAULTS, or ""."""
    flat = [row for rows in epoch for row in rows]
    sizes, once = [len(rows) for rows in epoch], len(set(flat)) == len(flat)
    whole = n // size
    if len(epoch) >= probes.MOST_BATCHES:
        return "endless"
    if not epoch:
        return "none"
    if len(epoch) > 1 and all(rows == epoch[0] for rows in epoch):
        return "forever"
    if n % size and whole and once and sizes == [size] * whole:
        return "dropped"
    if n % size and len(set(flat)) == n and sizes == [size] * (whole + 1):
        return "filled"
    if len(set(flat)) < n and not once:
        return "replacement"
    stored = {tuple(range(start, min(start + size, n))) for start in range(0, n, size)}
    if n > 20 and flat != sorted(flat) and {tuple(sorted(rows)) for rows in epoch} == stored:
        return "pieces"
    wanted = [size] * whole + ([n % size] if n % size else [])
    if sizes != wanted:
        return "sizes"
    if not once:
        return "replacement"
    return "order" if n > 10 and flat == sorted(flat) else ""


BATCH_FAULTS = {
    "form": "A batch is not a pair of arrays, x of shape (n, D) and t of shape (n,).",
    "lengths": "In a batch, x and t do not have the same length.",
    "empty": "One of the batches is empty.",
    "samples": "A row of a batch is none of the samples.",
    "labels": "In a batch, a sample has another sample's label.",
    "endless": "The batches never end. One epoch ends when every sample has had its turn.",
    "none": "There is no batch at all.",
    "forever": "All the batches of the epoch are the same.",
    "dropped": "The samples that are left over for the last, shorter batch never get their turn.",
    "filled": "The last batch is full, and some samples come twice in the epoch.",
    "replacement": "Some samples come more than once in the epoch, and others not at all.",
    "sizes": "The batches have other sizes than asked for: `size` samples each, the rest in the last.",
    "pieces": "Each batch is a piece of the stored order: neighbours always stay together.",
    "order": "The samples come in the order in which they are stored; they are not shuffled.",
    "same": "The second epoch has the same order as the first.",
    "rng": "Another generator gives the same order: `rng` has no effect.",
}


def batches_fault(inputs: Mapping[str, Any], seen: Mapping[str, Any]) -> tuple[str, str]:
    """Return the output that is wrong and what is wrong with it, or two empty strings."""
    n, size = len(inputs["x"]), inputs["size"]
    epochs = [("batches", seen.get("batches"))]
    for name in ("second epoch", "epoch with another rng"):
        pair = seen.get(name)
        if name in seen:
            epochs.append((name, pair[1] if isinstance(pair, list) and len(pair) == 2 else None))
    found: list[Rows] = []
    for name, batches in epochs:
        rows = rows_of(inputs, batches)
        fault = rows if isinstance(rows, str) else epoch_fault(rows, n, size)
        if isinstance(rows, str) or fault:
            return name, fault
        found.append(rows)
        if n > 10 and len(found) > 1 and found[-1] == found[0]:
            return name, "same" if name == "second epoch" else "rng"
    return "", ""


def judge_batches(name: str) -> Callable[..., str | None]:
    """Make the comparison for one output of `minibatches`."""

    def judge(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
        if name == "batches":
            seen = {"batches": got}
        else:
            first = got[0] if isinstance(got, list) and len(got) == 2 else None
            seen = {"batches": first, name: got}
        at, fault = batches_fault(inputs, seen)
        if not fault or (at != name and at == "batches"):
            return None  # the first epoch has an output of its own
        return BATCH_FAULTS[fault]

    return judge


def batch_mistake(*faults: str, changed: bool = False) -> Callable[..., bool]:
    """Recognise answers whose first fault, in the first case that shows one, is one of these."""

    def when(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
        if changed or any(one.changed for one in seen):
            return changed and any(one.changed for one in seen)
        for case, one in zip(cases, seen, strict=False):
            fault = batches_fault(case.inputs, one.values)[1] if one.values else ""
            if fault:
                return fault in faults
        return False

    return when


def minibatches(x, t, size, rng):
    order = rng.permutation(len(x))
    for start in range(0, len(x), size):
        batch = order[start : start + size]
        yield x[batch], t[batch]


def minibatches_list(x, t, size, rng):
    """Right: a list of pairs, drawn from a bag that becomes empty."""
    bag, found = list(range(len(x))), []
    while bag:
        chosen = [bag.pop(int(rng.integers(len(bag)))) for _ in range(min(size, len(bag)))]
        found.append((np.array([x[i] for i in chosen]), np.array([t[i] for i in chosen])))
    return found


def minibatches_split(x, t, size, rng):
    """Right: shuffled copies, cut by np.split."""
    order = np.arange(len(x))
    rng.shuffle(order)
    cuts = range(size, len(x), size)
    yield from zip(np.split(x[order], cuts), np.split(t[order], cuts))


def labels_left_behind(x, t, size, rng):
    order = rng.permutation(len(x))
    for start in range(0, len(x), size):
        yield x[order[start : start + size]], t[start : start + size]


def with_replacement(x, t, size, rng):
    for start in range(0, len(x), size):
        batch = rng.integers(0, len(x), min(size, len(x) - start))
        yield x[batch], t[batch]


def last_batch_dropped(x, t, size, rng):
    order = rng.permutation(len(x))
    for i in range(len(x) // size):
        batch = order[i * size : (i + 1) * size]
        yield x[batch], t[batch]


def last_batch_filled(x, t, size, rng):
    order = rng.permutation(len(x))
    for start in range(0, len(x), size):
        batch = np.take(order, range(start, start + size), mode="wrap")
        yield x[batch], t[batch]


def one_batch_too_many(x, t, size, rng):
    order = rng.permutation(len(x))
    for i in range(len(x) // size + 1):
        batch = order[i * size : (i + 1) * size]
        yield x[batch], t[batch]


def not_shuffled(x, t, size, rng):
    for start in range(0, len(x), size):
        yield x[start : start + size], t[start : start + size]


def seed_inside(x, t, size, rng):
    yield from minibatches(x, t, size, np.random.default_rng(0))


def same_batch(x, t, size, rng):
    batch = rng.permutation(len(x))[:size]
    for _ in range(0, len(x), size):
        yield x[batch], t[batch]


def shuffled_in_place(x, t, size, rng):
    order = rng.permutation(len(x))
    x[...], t[...] = x[order], t[order]
    for start in range(0, len(x), size):
        yield x[start : start + size].copy(), t[start : start + size].copy()


def never_ends(x, t, size, rng):
    while True:
        yield from minibatches(x, t, size, rng)


def numbers_only(x, t, size, rng):
    order = rng.permutation(len(x))
    for start in range(0, len(x), size):
        yield order[start : start + size]


def sample_by_sample(x, t, size, rng):
    for i in rng.permutation(len(x)):
        yield x[i : i + 1], t[i : i + 1]


def its_own_generator(x, t, size, rng):
    yield from minibatches(x, t, size, np.random.default_rng())


def single_batch(x, t, size, rng):
    batch = rng.permutation(len(x))[:size]
    yield x[batch], t[batch]


def equal_parts(x, t, size, rng):
    for batch in np.array_split(rng.permutation(len(x)), -(-len(x) // size)):
        yield x[batch], t[batch]


def overlapping(x, t, size, rng):
    order = rng.permutation(len(x))
    for start in range(len(x)):
        batch = order[start : start + size]
        yield x[batch], t[batch]


def pieces(x, t, size, rng):
    for start in range(0, len(x), size):
        batch = start + rng.permutation(min(size, len(x) - start))
        yield x[batch], t[batch]


def shuffled_to_none(x, t, size, rng):
    order = rng.shuffle(np.arange(len(x)))
    for start in range(0, len(x), size):
        batch = order[start : start + size]
        yield x[batch], t[batch]


def batch_sizes(test: Callable[[list[int], int], bool]) -> Callable[..., bool]:
    """Recognise answers whose batches have other sizes than asked for, by these sizes."""
    first = batch_mistake("sizes")

    def when(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
        if not first(cases, seen):
            return False
        rows = rows_of(cases[0].inputs, seen[0].values.get("batches"))
        return not isinstance(rows, str) and test(
            [len(batch) for batch in rows], cases[0].inputs["size"]
        )

    return when


MINIBATCHES = Exercise(
    id="ch06.minibatches",
    title="Mini-batches: every sample once an epoch",
    kind="function",
    points=3,
    reference=minibatches,
    accepted=(minibatches_list, minibatches_split),
    mistakes=(
        Mistake(
            "shuffled in place",
            shuffled_in_place,
            "You shuffle the caller's own arrays. The caller may still need them in their order. "
            "Shuffle the *numbers* of the samples and pick with them.",
            batch_mistake(changed=True),
        ),
        Mistake(
            "a generator of its own",
            its_own_generator,
            "Two runs with the same `rng` differ: the order comes from another source. All randomness "
            "has to come from `rng`, or no training can be repeated.",
            unstable,
        ),
        Mistake(
            "labels left behind",
            labels_left_behind,
            "You shuffle the images and not their labels, or each in an order of its own. The network "
            "would learn that every picture can mean anything. Pick both with the *same* numbers.",
            batch_mistake("labels", "lengths"),
        ),
        Mistake(
            "drawn with replacement",
            with_replacement,
            "Each batch is drawn anew from all samples, so some come twice and others wait. Over an "
            "epoch about 37 of 100 samples would never be seen. Cut *one* random order into pieces.",
            batch_mistake("replacement"),
        ),
        Mistake(
            "last batch dropped",
            last_batch_dropped,
            "You make full batches only. The samples that are left over are never seen in this epoch.",
            batch_mistake("dropped"),
        ),
        Mistake(
            "last batch filled up",
            last_batch_filled,
            "You fill the last batch with samples that have been used already. They count twice in "
            "this epoch; a shorter last batch is fine.",
            batch_mistake("filled"),
        ),
        Mistake(
            "one batch too many",
            one_batch_too_many,
            "If `size` divides the number of samples, your last batch is empty. Its mean loss is 0/0, "
            "and one nan spoils every weight.",
            batch_mistake("empty"),
        ),
        Mistake(
            "not shuffled",
            not_shuffled,
            "The samples come in the order in which they are stored. Many data sets are stored class "
            "by class, and a batch would then hold a single class.",
            batch_mistake("order"),
        ),
        Mistake(
            "the same order every epoch",
            seed_inside,
            "Every epoch has the same order, because something starts from a fixed seed. `rng` goes "
            "on by itself: draw from it, and do not make a generator of your own.",
            batch_mistake("same", "rng"),
        ),
        Mistake(
            "the same batch for ever",
            same_batch,
            "You draw the numbers once and use the same batch again and again. The rest of the "
            "samples is never seen.",
            batch_mistake("forever"),
        ),
        Mistake(
            "never ends",
            never_ends,
            "Your generator goes on after the epoch. One call is one epoch; the caller decides "
            "whether there is another.",
            batch_mistake("endless"),
        ),
        Mistake(
            "one sample at a time",
            sample_by_sample,
            "Your batches have one sample each. So a step is noisy, and a matrix product has nothing to "
            "work on.",
            batch_sizes(lambda sizes, size: len(sizes) > 1 and set(sizes) == {1}),
        ),
        Mistake(
            "a single batch",
            single_batch,
            "You hand out one batch and stop. An epoch goes on until every sample has had its turn.",
            batch_sizes(lambda sizes, size: len(sizes) == 1),
        ),
        Mistake(
            "equal parts",
            equal_parts,
            "You cut the order into parts of nearly equal length. Every batch but the last has `size` "
            "samples.",
            batch_sizes(
                lambda sizes, size: len(sizes) > 1 and max(sizes) - min(sizes) <= 1 < min(sizes)
            ),
        ),
        Mistake(
            "batches that overlap",
            overlapping,
            "Each batch begins one sample after the last, so most samples are in several of them. The next "
            "one begins where the last one ended.",
            batch_sizes(lambda sizes, size: sum(sizes) > 2 * len(sizes) + 23),
        ),
        Mistake(
            "pieces of the stored order",
            pieces,
            "You shuffle the batches, or the samples inside each, and neighbours in the file always meet in "
            "one batch. Shuffle all the numbers before you cut.",
            batch_mistake("pieces"),
        ),
        Mistake(
            "shuffle gives nothing back",
            shuffled_to_none,
            "`rng.shuffle` shuffles the array that it is given and returns None. Shuffle an array that has a "
            "name, or use `rng.permutation`, which returns one.",
        ),
        Mistake(
            "numbers only",
            numbers_only,
            "You give the numbers of the samples. Here the samples themselves and their labels are "
            "asked for, as a pair.",
            lambda cases, seen: any(
                one.failure is not None and "yields 'ndarray'" in one.failure.message
                for one in seen
            ),
        ),
    ),
    hints=(
        "Take 7 samples and batches of 3, and write down on paper what two epochs could look like. "
        "What is the same in both, what differs, and how long is the last batch?",
        "`rng.permutation(n)` is all the numbers from 0 to n − 1 in random order. Slices of that one "
        "array are batches, and slicing past the end is no error: it gives what is left.",
        "The skeleton:\n    order = …\n    for start in range(0, len(x), …):\n"
        "        batch = order[…]\n        yield …, …",
    ),
    probe=Probe(probes.batches),
    draw=draw_batches,
    outputs=tuple(
        Output(name, compare=judge_batches(name))
        for name in ("batches", "second epoch", "epoch with another rng")
    ),
    remark="Two epochs, another generator, a short last batch, and room for more than there is.",
)

# --- one step ---------------------------------------------------------------------------------


def draw_step(rng: np.random.Generator) -> Iterator[Case]:
    def case(d: int, h: int, c: int, lr: float, note: str) -> Case:
        params = random_params(rng, d, h, c)
        # From the last layer to the first, as a way back makes them.
        grads = dict(reversed(random_params(rng, d, h, c).items()))
        return Case({"params": params, "grads": grads, "lr": lr}, note)

    yield case(4, 3, 2, 0.1, "learning rate 0.1")
    yield case(2, 5, 3, float(rng.uniform(0.3, 0.9)), "another learning rate")
    yield case(3, 1, 4, 2.0, "learning rate 2, a single hidden unit")
    one = {"w": rng.normal(size=3)}
    yield Case({"params": one, "grads": {"w": rng.normal(size=3)}, "lr": 0.5}, "one parameter, w")


def sgd_step(params, grads, lr):
    for name in params:
        params[name] -= lr * grads[name]


def step_by_slices(params, grads, lr):
    for name, grad in grads.items():
        params[name][...] = params[name] - lr * grad


def step_by_ufunc(params, grads, lr):
    for key in sorted(params):
        np.add(params[key], -lr * grads[key], out=params[key])


def step_new_arrays(params, grads, lr):
    for name in params:
        params[name] = params[name] - lr * grads[name]


def step_local_name(params, grads, lr):
    for name, param in params.items():
        param = param - lr * grads[name]


def step_uphill(params, grads, lr):
    for name in params:
        params[name] += lr * grads[name]


def step_without_rate(params, grads, lr):
    for name in params:
        params[name] -= grads[name]


def step_weights_only(params, grads, lr):
    for name in params:
        if name.startswith("W"):
            params[name] -= lr * grads[name]


def step_four_names(params, grads, lr):
    for name in ("W1", "b1", "W2", "b2"):
        params[name] -= lr * grads[name]


def step_two_names(params, grads, lr):
    for name in ("W1", "W2"):
        params[name] -= lr * grads[name]


def step_by_itself(params, grads, lr):
    for name in params:
        params[name] -= lr * params[name]


def step_divided(params, grads, lr):
    for name in params:
        params[name] -= grads[name] / lr


def step_divided_by_rows(params, grads, lr):
    for name in params:
        params[name] -= lr * grads[name] / len(grads[name])


def step_scales_gradients(params, grads, lr):
    for name in params:
        grads[name] *= lr
        params[name] -= grads[name]


def step_sign_only(params, grads, lr):
    for name in params:
        params[name] -= lr * np.sign(grads[name])


def step_shrinks(params, grads, lr):
    for name in params:
        params[name] *= 1 - lr * grads[name]


def step_replaces(params, grads, lr):
    for name in params:
        params[name][...] = -lr * grads[name]


def step_returns_early(params, grads, lr):
    for name in params:
        params[name] -= lr * grads[name]
        return params


def step_fixed_rate(params, grads, lr):
    for name in params:
        params[name] -= 0.1 * grads[name]


def step_paired(params, grads, lr):
    for param, grad in zip(params.values(), grads.values()):
        param -= lr * grad


def step_with_a_d(params, grads, lr):
    for name in params:
        params[name] -= lr * grads["d" + name]


def step_of_dictionaries(params, grads, lr):
    params -= lr * grads


SGD_STEP = Exercise(
    id="ch06.sgd_step",
    title="One step of gradient descent",
    kind="function",
    points=2,
    reference=sgd_step,
    accepted=(
        step_by_slices,
        step_by_ufunc,
        lambda params, grads, lr: nn.SGD(lr).update(params, grads),
    ),
    mistakes=(
        Mistake(
            "uphill",
            step_uphill,
            "You add the gradient. It points to where the loss *grows*; you want the other way.",
        ),
        Mistake(
            "new arrays in the dictionary",
            step_new_arrays,
            "`params[name] = params[name] - …` makes a new array and puts it into the dictionary. The "
            "layers still hold the old one, and the loss never changes.",
        ),
        Mistake(
            "nothing reaches the parameters",
            step_local_name,
            "You compute new values and do not write them into the arrays: a local name, or a copy, "
            "gets them, and the parameters stay as they are.",
        ),
        Mistake(
            "learning rate ignored",
            step_without_rate,
            "You subtract the whole gradient, whatever `lr` says.",
        ),
        Mistake(
            "weights only",
            step_weights_only,
            "Your step leaves the biases as they are. They are parameters like the weights.",
        ),
        Mistake(
            "two fixed names",
            step_two_names,
            "You name two parameters of one network. The biases move as well, and another network has "
            "other names: go through those in `params`.",
        ),
        Mistake(
            "the parameter for the gradient",
            step_by_itself,
            "You subtract a part of the parameter itself: all weights shrink, whatever the gradient "
            "says. `grads` does not occur in your step.",
        ),
        Mistake(
            "four fixed names",
            step_four_names,
            "You name the four parameters of one network. Another network has others: go "
            "through the names in `params`.",
        ),
        Mistake(
            "divided by the rate",
            step_divided,
            "You divide by `lr`: the smaller the rate, the longer your step.",
        ),
        Mistake(
            "divided by the rows",
            step_divided_by_rows,
            "You divide by the number of rows of the gradient. The mean over the samples is "
            "in the gradient already.",
        ),
        Mistake(
            "gradients changed",
            step_scales_gradients,
            "You multiply the gradients themselves by `lr`, in place. Whoever looks at them afterwards, "
            "to print or to check them, finds other numbers.",
        ),
        Mistake(
            "sign of the gradient only",
            step_sign_only,
            "All your steps have the same length, `lr`. Gradient descent takes large steps where the "
            "slope is steep and small ones where it is flat.",
        ),
        Mistake(
            "multiplied instead of subtracted",
            step_shrinks,
            "You multiply the parameter by 1 − lr · gradient. The step is a difference, and it does "
            "not depend on how large the parameter is.",
        ),
        Mistake(
            "old value lost",
            step_replaces,
            "You put the step in the place of the parameter. It is a change of the old value.",
        ),
        Mistake(
            "returns after the first",
            step_returns_early,
            "The `return` stands inside the loop, so only the first parameter makes its step.",
        ),
        Mistake(
            "a fixed rate",
            step_fixed_rate,
            "Your rate is 0.1, whatever `lr` says.",
        ),
        Mistake(
            "paired by position",
            step_paired,
            "You pair parameters and gradients by their position. The two dictionaries have the same names, and "
            "need not have the same order: go by the names.",
        ),
        Mistake(
            "names with a d",
            step_with_a_d,
            "You look for the gradient under another name. In `grads` it has the name of its parameter.",
        ),
        Mistake(
            "dictionaries subtracted",
            step_of_dictionaries,
            "`params` and `grads` are dictionaries, and Python cannot calculate with those. Go through their "
            "names and calculate with the arrays.",
        ),
    ),
    hints=(
        "The layers hold the very arrays of `params`. Which of `a = a - b` and `a -= b` changes the "
        "array, and which makes another one?",
        "Each parameter moves by its own gradient times `lr`, against the gradient, in place. The "
        "function returns nothing.",
        "The skeleton:\n    for name in params:\n        params[name] … lr * …",
    ),
    probe=Probe(probes.step),
    draw=draw_step,
    remark="Nothing is returned: the arrays that the layers hold have moved.",
)

# --- the loop ---------------------------------------------------------------------------------


def draw_train(rng: np.random.Generator) -> Iterator[Case]:
    def case(n: int, size: int, epochs: int, note: str) -> Case:
        x, t = labelled(rng, n)["x"], rng.permutation(np.arange(n) % 3)
        start = {"W": rng.normal(size=(2, 3)), "b": rng.normal(size=3)}
        options = {"epochs": epochs, "batch_size": size, "lr": float(rng.uniform(0.1, 0.5))}
        return Case({**start, "x": x, "t": t, **options, "seed": int(rng.integers(2**31))}, note)

    yield case(14, 4, 3, "14 samples, 4 at a time, 3 epochs")
    yield case(12, 6, 2, "12 samples, 6 at a time, 2 epochs")


TRAIN_FAULTS = {
    "form": "A batch is no pair of arrays with the samples and their labels.",
    "lengths": "In a batch, x and t do not have the same length.",
    "empty": "One of the batches is empty.",
    "samples": "A row of a batch is none of the training samples.",
    "none": "The network was never asked for a gradient.",
    "frozen": "The network's parameters never change.",
    "labels": "In a batch, a sample has another sample's label.",
    "whole": "Every step uses the whole training set instead of `batch_size` samples.",
    "forever": "Every step uses the same batch.",
    "one epoch": "The training ends after one epoch.",
    "replacement": "Some samples come more than once in an epoch, and others not at all.",
    "dropped": "The samples that are left over for the last, shorter batch never get their turn.",
    "filled": "The last batch of an epoch is full, and some samples come twice.",
    "twice": "The network is asked for a gradient twice as often as there are steps.",
    "one an epoch": "There is one step in each epoch.",
    "rarely": "The parameters do not move after every step.",
    "steps": "The number of steps, or the size of their batches, is not what was asked for.",
    "order": "The samples come in the order in which they are stored; they are not shuffled.",
    "same": "Every epoch has the same order.",
    "rng": "Nothing was drawn from `rng`: the order of the samples has another source.",
    "uphill": "The parameters move with the gradient, to where the loss grows.",
    "rate": "The steps are not `lr` times the gradient.",
    "per sample": "The steps are `lr` times the gradient divided by the batch size.",
    "partly": "Only some of the parameters move.",
    "update": "The steps are something else than minus `lr` times the gradient.",
}

LOSS_FAULTS = {
    "type": "What comes back is not a list of losses.",
    "one an epoch": "There is one loss for each epoch, expected one for each step.",
    "count": "The number of losses is not the number of steps.",
    "later": "The losses are those *after* the updates, expected the ones that were minimised.",
    "other": "The losses are not those of the batches.",
}


def steps_fault(inputs: Mapping[str, Any], steps: Any) -> str:
    """Return what is wrong with the steps of a training: a key of TRAIN_FAULTS, or ""."""
    n, size, epochs = len(inputs["x"]), inputs["batch_size"], inputs["epochs"]
    try:
        batches = list(steps["batches"])
        updates = np.array(steps["updates"], dtype=float)
        gradients = np.array(steps["gradients"], dtype=float)
    except (LookupError, TypeError, ValueError):
        return "form"
    if not batches:
        return "none"
    if updates.ndim != 2 or updates.shape != gradients.shape or len(updates) != len(batches):
        return "form"
    if not np.any(updates):
        return "frozen"
    rows = rows_of(inputs, batches)
    if isinstance(rows, str):
        return rows
    with np.errstate(all="ignore"):
        return (
            order_fault(rows, n, size, epochs)
            or update_fault(inputs, rows, updates, gradients)
            or drawn_fault(steps)
        )


def order_fault(rows: Rows, n: int, size: int, epochs: int) -> str:
    """Return what is wrong with the order in which samples are seen: a key of TRAIN_FAULTS."""
    each = -(-n // size)
    if all(len(batch) == n for batch in rows):
        return "whole"
    if all(batch == rows[0] for batch in rows):
        return "forever"
    if len(rows) == epochs * (n // size) and n % size and {len(batch) for batch in rows} == {size}:
        return "dropped"
    if len(rows) == each:
        return "one epoch"
    if len(rows) == 2 * epochs * each:
        return "twice"
    if len(rows) == epochs:
        return "one an epoch"
    if len(rows) != epochs * each:
        return "steps"
    groups = [rows[at : at + each] for at in range(0, len(rows), each)]
    for group in groups:
        fault = epoch_fault(group, n, size)
        if fault:
            return fault if fault in TRAIN_FAULTS else "steps"
    return "same" if all(group == groups[0] for group in groups) else ""


def drawn_fault(steps: Any) -> str:
    """Return a key of TRAIN_FAULTS if the order, otherwise right, was not drawn from rng."""
    return "rng" if steps.get("rng") == "untouched" else ""


def update_fault(inputs: Mapping[str, Any], rows: Rows, updates: Any, gradients: Any) -> str:
    """Return what is wrong with the updates: a key of TRAIN_FAULTS, or ""."""
    if updates.shape[1] != inputs["W"].size + inputs["b"].size:
        return "update"

    def alike(one: Any, other: Any) -> bool:
        return bool(np.allclose(one, other, rtol=1e-5, atol=1e-9))

    lr, weights = inputs["lr"], inputs["W"].size
    if alike(updates, -lr * gradients):
        return ""
    if alike(updates, lr * gradients):
        return "uphill"
    if not np.all(np.any(updates, axis=1)):
        return "rarely"
    sizes = np.array([len(batch) for batch in rows])[:, None]
    if alike(updates, -lr * gradients / sizes) or alike(
        updates, -lr * gradients / inputs["batch_size"]
    ):
        return "per sample"
    for part in (slice(0, weights), slice(weights, None)):
        moved = np.zeros_like(updates)
        moved[:, part] = -lr * gradients[:, part]
        if alike(updates, moved):
            return "partly"
    factor = float((updates * gradients).sum() / (gradients**2).sum())
    return "rate" if alike(updates, factor * gradients) else "update"


def losses_fault(inputs: Mapping[str, Any], losses: Any) -> str:
    """Return what is wrong with the returned losses: a key of LOSS_FAULTS, or ""."""
    try:
        before = np.array(losses["before"], dtype=float)
        after = np.array(losses["after"], dtype=float)
        returned = losses["returned"]
        if not isinstance(returned, (list, tuple, np.ndarray)):
            return "type"
        found = np.array(returned, dtype=float)
    except (LookupError, TypeError, ValueError):
        return "type"
    if not found.ndim == before.ndim == after.ndim == 1 or len(before) != len(after):
        return "type"
    if len(found) != len(before):
        return "one an epoch" if len(found) == inputs["epochs"] else "count"
    if np.allclose(found, before, rtol=1e-6, equal_nan=True):
        return ""
    return "later" if np.allclose(found, after, rtol=1e-6) else "other"


def judge_steps(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    """Say what is wrong with the steps."""
    fault = steps_fault(inputs, got)
    return TRAIN_FAULTS[fault] if fault else None


def judge_losses(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    """Say what is wrong with the losses; if no step was made, that is said elsewhere."""
    fault = losses_fault(inputs, got)
    return LOSS_FAULTS[fault] if fault else None


def train_mistake(*faults: str, output: str = "steps") -> Callable[..., bool]:
    """Recognise answers whose first fault in that output is one of these."""
    find = steps_fault if output == "steps" else losses_fault

    def when(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
        for case, one in zip(cases, seen, strict=False):
            if one.unstable or one.changed:
                return False
            if output == "losses" and steps_fault(case.inputs, one.values.get("steps")):
                return False  # first things first
        for case, one in zip(cases, seen, strict=False):
            fault = find(case.inputs, one.values.get(output)) if output in one.values else ""
            if fault:
                return fault in faults
        return False

    return when


def train(net, x, t, epochs, batch_size, lr, rng):
    losses = []
    for _ in range(epochs):
        for batch in nn.minibatches(len(x), batch_size, rng):
            loss, grads = net.loss_and_gradient(x[batch], t[batch])
            for name in net.params:
                net.params[name] -= lr * grads[name]
            losses.append(loss)
    return losses


def train_with_own_order(net, x, t, epochs, batch_size, lr, rng):
    """Right: two calls instead of one, its own permutation, an optimiser of the library."""
    n, optimiser, losses = len(x), nn.SGD(lr), []
    each = -(-n // batch_size)
    for step in range(epochs * each):
        if step % each == 0:
            order = np.argsort(rng.random(n))
        batch = order[step % each * batch_size :][:batch_size]
        losses.append(net.loss(x[batch], t[batch]))
        optimiser.update(net.params, net.gradient(x[batch], t[batch]))
    return np.array(losses)


def train_on_shuffled_copies(net, x, t, epochs, batch_size, lr, rng):
    """Right: the copies are shuffled, epoch after epoch."""
    losses = []
    for _ in range(epochs):
        order = rng.permutation(len(x))
        x, t = x[order], t[order]
        for start in range(0, len(x), batch_size):
            part = slice(start, start + batch_size)
            loss, grads = net.loss_and_gradient(x[part], t[part])
            sgd_step(net.params, grads, lr)
            losses.append(float(loss))
    return tuple(losses)


def training_loop(
    *,
    update: Callable[[Any, Any, float, int], None] = lambda p, g, lr, n: sgd_step(p, g, lr),
    pick: Callable[..., Any] = lambda x, t, batch: (x[batch], t[batch]),
    order: Callable[..., Any] = nn.minibatches,
    fixed: bool = False,
    epochs_used: Callable[[int], int] = lambda epochs: epochs,
    record: Callable[..., Any] = lambda losses, loss, again: losses.append(loss),
) -> Callable[..., Any]:
    """Make a wrong loop: the reference with one part exchanged."""

    def answer(net, x, t, epochs, batch_size, lr, rng):
        losses = []
        once = list(order(len(x), batch_size, rng)) if fixed else None
        for _ in range(epochs_used(epochs)):
            for batch in once or order(len(x), batch_size, rng):
                xb, tb = pick(x, t, batch)
                loss, grads = net.loss_and_gradient(xb, tb)
                update(net.params, grads, lr, len(xb))
                record(losses, loss, lambda xb=xb, tb=tb: net.loss(xb, tb))
        return losses

    return answer


def full_batches_only(n, size, rng):
    order = rng.permutation(n)
    return [order[i * size : (i + 1) * size] for i in range(n // size)]


def train_one_loss_per_epoch(net, x, t, epochs, batch_size, lr, rng):
    losses = []
    for _ in range(epochs):
        losses.append(train(net, x, t, 1, batch_size, lr, rng)[-1])
    return losses


def train_returns_net(net, x, t, epochs, batch_size, lr, rng):
    train(net, x, t, epochs, batch_size, lr, rng)
    return net


def train_same_batch(net, x, t, epochs, batch_size, lr, rng):
    batch, losses = rng.choice(len(x), batch_size), []
    for _ in range(epochs * -(-len(x) // batch_size)):
        loss, grads = net.loss_and_gradient(x[batch], t[batch])
        sgd_step(net.params, grads, lr)
        losses.append(loss)
    return losses


def train_update_per_epoch(net, x, t, epochs, batch_size, lr, rng):
    losses = []
    for _ in range(epochs):
        for batch in nn.minibatches(len(x), batch_size, rng):
            loss, grads = net.loss_and_gradient(x[batch], t[batch])
            losses.append(loss)
        sgd_step(net.params, grads, lr)
    return losses


def train_one_step_per_epoch(net, x, t, epochs, batch_size, lr, rng):
    losses = []
    for _ in range(epochs):
        batch = rng.choice(len(x), batch_size, replace=False)
        loss, grads = net.loss_and_gradient(x[batch], t[batch])
        sgd_step(net.params, grads, lr)
        losses.append(loss)
    return losses


def train_gradient_twice(net, x, t, epochs, batch_size, lr, rng):
    losses = []
    for _ in range(epochs):
        for batch in nn.minibatches(len(x), batch_size, rng):
            _, grads = net.loss_and_gradient(x[batch], t[batch])
            sgd_step(net.params, grads, lr)
            losses.append(net.loss_and_gradient(x[batch], t[batch])[0])
    return losses


def train_with_own_seed(net, x, t, epochs, batch_size, lr, rng):
    return train(net, x, t, epochs, batch_size, lr, np.random.default_rng(0))


def train_exchanged(net, x, t, epochs, batch_size, lr, rng):
    for batch in nn.minibatches(len(x), batch_size, rng):
        pair = net.loss_and_gradient(x[batch], t[batch])
        for name in net.params:
            net.params[name] -= lr * pair[0][name]


TRAIN = Exercise(
    id="ch06.train",
    title="The training loop",
    kind="function",
    points=3,
    reference=train,
    accepted=(train_with_own_order, train_on_shuffled_copies),
    mistakes=(
        Mistake(
            "a generator of its own",
            training_loop(
                order=lambda n, size, rng: nn.minibatches(n, size, np.random.default_rng())
            ),
            "Two runs with the same `rng` differ: the order comes from another source. Pass `rng` on.",
            unstable,
        ),
        Mistake(
            "parameters never change",
            training_loop(update=lambda p, g, lr, n: step_new_arrays(p, g, lr)),
            "Your updates go into new arrays, or nowhere: the network still holds the old ones. Change "
            "the arrays of `net.params` in place.",
            train_mistake("frozen"),
        ),
        Mistake(
            "no gradient",
            lambda net, x, t, epochs, batch_size, lr, rng: [net.loss(x, t)] * epochs,
            "You never ask the network for a gradient. Without one there is nothing to step along.",
            train_mistake("none"),
        ),
        Mistake(
            "labels not picked along",
            training_loop(pick=lambda x, t, batch: (x[batch], t[: len(batch)])),
            "You pick samples with the batch's numbers, and labels by position. Both need the same "
            "numbers, or every picture gets a random meaning.",
            train_mistake("labels", "lengths"),
        ),
        Mistake(
            "whole training set in every step",
            training_loop(pick=lambda x, t, batch: (x, t)),
            "You go through the batches, but every step uses all the samples.",
            train_mistake("whole"),
        ),
        Mistake(
            "the same batch for ever",
            train_same_batch,
            "You draw a batch once, outside the loop, and train on it for ever. The network gets to "
            "know these samples only.",
            train_mistake("forever"),
        ),
        Mistake(
            "one epoch only",
            training_loop(epochs_used=lambda epochs: 1),
            "You go through the training set once, whatever `epochs` says. Or does a `return` stand "
            "inside the loop?",
            train_mistake("one epoch"),
        ),
        Mistake(
            "drawn with replacement",
            training_loop(
                order=lambda n, size, rng: [
                    rng.integers(0, n, min(size, n - start)) for start in range(0, n, size)
                ]
            ),
            "Your batches are drawn anew at each step, so an epoch sees some samples twice and others "
            "not at all. `nn.minibatches` cuts one random order into pieces.",
            train_mistake("replacement"),
        ),
        Mistake(
            "one update an epoch",
            train_update_per_epoch,
            "The update stands behind the loop over the batches, so all gradients of an epoch but the "
            "last are thrown away. It belongs inside that loop.",
            train_mistake("rarely"),
        ),
        Mistake(
            "one step an epoch",
            train_one_step_per_epoch,
            "You make a single step and call it an epoch. An epoch goes through *all* batches.",
            train_mistake("one an epoch"),
        ),
        Mistake(
            "gradient computed twice",
            train_gradient_twice,
            "You ask for loss and gradient a second time, after the update. It doubles the work, and "
            "that loss is not the one whose gradient you followed. Keep the one that you have.",
            train_mistake("twice"),
        ),
        Mistake(
            "last batch dropped",
            training_loop(order=full_batches_only),
            "You take full batches only. The last, shorter batch of each epoch is left out.",
            train_mistake("dropped", "filled"),
        ),
        Mistake(
            "not shuffled",
            training_loop(order=lambda n, size, rng: np.split(np.arange(n), range(size, n, size))),
            "Your batches follow the stored order. Shuffle, and anew in every epoch.",
            train_mistake("order"),
        ),
        Mistake(
            "the same order every epoch",
            training_loop(fixed=True),
            "You draw the order once and use it in every epoch. Ask for new batches *inside* the loop "
            "over the epochs.",
            train_mistake("same"),
        ),
        Mistake(
            "uphill",
            training_loop(update=lambda p, g, lr, n: step_uphill(p, g, lr)),
            "You add the gradient to the parameters. The loss grows with every step.",
            train_mistake("uphill"),
        ),
        Mistake(
            "divided by the batch size",
            training_loop(update=lambda p, g, lr, n: sgd_step(p, g, lr / n)),
            "You divide the step by the batch size. The loss is a mean, so that division is in the "
            "gradient already.",
            train_mistake("per sample"),
        ),
        Mistake(
            "weights only",
            training_loop(update=lambda p, g, lr, n: step_weights_only(p, g, lr)),
            "Only some of the parameters get their update. Go through all the names in `net.params`.",
            train_mistake("partly"),
        ),
        Mistake(
            "learning rate ignored",
            training_loop(update=lambda p, g, lr, n: sgd_step(p, g, 0.01)),
            "The steps are a fixed multiple of the gradient, whatever `lr` says.",
            train_mistake("rate"),
        ),
        Mistake(
            "loss after the update",
            training_loop(record=lambda losses, loss, again: losses.append(again())),
            "You compute the loss once more, after the update. It costs another forward pass, and it "
            "is not the loss whose gradient you followed. Keep the one that you have.",
            train_mistake("later", output="losses"),
        ),
        Mistake(
            "one loss an epoch",
            train_one_loss_per_epoch,
            "You keep one loss for each epoch. Keep one for each step: the curve then shows the noise "
            "of the mini-batches too.",
            train_mistake("one an epoch", output="losses"),
        ),
        Mistake(
            "returns something else",
            train_returns_net,
            "You do not return the list of losses. The network needs no return: it was trained in "
            "place, and the caller has it.",
            train_mistake("type", output="losses"),
        ),
        Mistake(
            "a seed of its own",
            train_with_own_seed,
            "You make a generator of your own from a fixed seed. Use the `rng` that is passed: then the caller decides "
            "whether a training is repeated or another one.",
            train_mistake("rng"),
        ),
        Mistake(
            "loss and gradient exchanged",
            train_exchanged,
            "`loss_and_gradient` returns the loss first. You take that number for the dictionary.",
        ),
    ),
    hints=(
        "Say it in words first: for each epoch, for each batch: what are the three things to do? "
        "Which line stands in which loop?",
        "`for batch in nn.minibatches(len(x), batch_size, rng)` gives one epoch of row numbers. Use "
        "them for x *and* t, ask for loss and gradient, step in place, keep the loss.",
        "The skeleton:\n    losses = []\n    for … in range(epochs):\n"
        "        for batch in nn.minibatches(…):\n"
        "            loss, grads = net.loss_and_gradient(…, …)\n"
        "            for name in net.params:\n                …\n"
        "            losses.append(…)\n    return …",
    ),
    probe=Probe(probes.training),
    draw=draw_train,
    outputs=(Output("steps", compare=judge_steps), Output("losses", compare=judge_losses)),
    remark="Every step was watched: the batch, the gradient, the update, the loss.",
)

# --- reach: the digits ------------------------------------------------------------------------

TARGET = 0.97


def draw_digits(rng: np.random.Generator) -> Iterator[Case]:
    digits = load_digits()
    order = rng.permutation(len(digits.x_test))
    yield Case(
        {
            "x_train": digits.x_train,
            "t_train": digits.t_train,
            "x_test": digits.x_test[order],
            "seed": int(rng.integers(2**31)),
        },
        "1,437 digits to train with, 360 others to read",
    )


@cache
def labels_by_image() -> dict[bytes, int]:
    """Return the label of every digit of the course; no two of them are the same picture."""
    digits = load_digits()
    pairs = ((digits.x_train, digits.t_train), (digits.x_test, digits.t_test))
    return {row.tobytes(): int(label) for x, t in pairs for row, label in zip(x, t, strict=True)}


def accuracy_of(images: Any, scores: Any) -> float | None:
    """Return which part of the digits gets its largest score for the right class, or None.

    Args:
        images: float64, (N, 64), digits of the course.
        scores: what an answer gave for them.
    """
    if not isinstance(scores, np.ndarray) or scores.shape != (len(images), 10):
        return None
    if scores.dtype.kind not in "iuf" or not np.isfinite(scores).all():
        return None
    known = labels_by_image()
    return nn.accuracy(scores, np.array([known[row.tobytes()] for row in images]))


def judge_scores(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    """Say whether an answer gave scores at all."""
    if not isinstance(got, np.ndarray) or got.dtype.kind not in "iuf":
        return f"predict returns {describe(got)}, expected an array of scores of shape (N, 10)."
    if got.shape != np.shape(expected):
        return (
            f"predict returns an array of shape {got.shape}, expected {np.shape(expected)} = "
            "(N, 10): one score per class, for every digit."
        )
    return None if np.isfinite(got).all() else "There are inf or nan among the scores."


def judge_accuracy(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    """Say how many of the test digits are read rightly, if too few are."""
    problem = judge_scores(inputs, got, expected)
    reached = accuracy_of(inputs["x_test"], got)
    if problem or reached is None or reached >= TARGET:
        return problem
    count = len(inputs["x_test"])
    return (
        f"{round(reached * count)} of the {count} test digits are read rightly, {reached:.1%}. "
        f"The target is {TARGET:.0%}."
    )


def reached_like(test: Callable[[float, Any], bool]) -> Callable[..., bool]:
    """Recognise answers by their accuracy on the training digits and their scores for these."""

    def when(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
        scores = seen[0].values.get("training scores") if seen else None
        reached = accuracy_of(cases[0].inputs["x_train"], scores)
        return reached is not None and test(reached, scores)

    return when


def not_numbers(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Recognise answers whose scores are inf or nan."""
    scores = seen[0].values.get("training scores") if seen else None
    if not isinstance(scores, np.ndarray) or scores.dtype.kind != "f":
        return False
    return not np.isfinite(scores).all()


def labels_instead(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Recognise answers whose predict gives one number for each sample."""
    scores = seen[0].values.get("training scores") if seen else None
    return isinstance(scores, np.ndarray) and scores.shape == (len(cases[0].inputs["x_train"]),)


def constant(scores: Any) -> bool:
    """Tell whether all samples get the same scores."""
    spread, size = np.ptp(scores, axis=0).max(), np.abs(scores).max()
    return bool(spread <= 1e-9 * max(size, 1e-9))


def digits_trainer(
    hidden: int = 200,
    lr: float = 0.5,
    epochs: int = 40,
    batch: int = 50,
    std: float = 0.1,
    noise: float = 0.2,
    optimiser: Callable[[], Any] | None = None,
    labels: Callable[..., Any] = lambda t, rng: t,
) -> Callable[..., Any]:
    """Make an answer that trains a network in its own way."""

    def train_digits(x_train, t_train, rng):
        net = nn.TwoLayerNet(64, hidden, 10, rng, std=std)
        step = optimiser() if optimiser else nn.SGD(lr)
        t = labels(t_train, rng)
        for _ in range(epochs):
            for rows in nn.minibatches(len(x_train), batch, rng):
                x = x_train[rows] + noise * rng.standard_normal((len(rows), 64))
                step.update(net.params, net.gradient(x, t[rows]))
        return net

    return train_digits


class Memory:
    """Knows every training digit and nothing else."""

    def __init__(self, x, t):
        self.known = {row.tobytes(): label for row, label in zip(x, t)}

    def predict(self, x):
        return np.array([np.eye(10)[self.known.get(row.tobytes(), 0)] for row in x])


class ClassNumbers:
    """A trained network whose predict gives class numbers."""

    def __init__(self, net):
        self.net = net

    def predict(self, x):
        return self.net.predict(x).argmax(axis=1)


REACH_DIGITS = Exercise(
    id="ch06.reach_digits",
    title="Read handwritten digits: at least 97 %",
    kind="target",
    points=5,
    reference=digits_trainer(),
    accepted=(
        digits_trainer(noise=0.25, epochs=40, optimiser=lambda: nn.Momentum(0.05)),
        digits_trainer(noise=0.25, epochs=40, optimiser=lambda: nn.Adam(0.003)),
    ),
    mistakes=(
        Mistake(
            "class numbers",
            lambda x_train, t_train, rng: ClassNumbers(
                digits_trainer(20, epochs=2)(x_train, t_train, rng)
            ),
            "Your `predict` gives one class number for each digit. What is asked for are the ten "
            "scores, as `TwoLayerNet.predict` gives them.",
            labels_instead,
        ),
        Mistake(
            "exploded",
            digits_trainer(20, lr=-0.5, epochs=40),
            "The weights have left the numbers that a float can hold. Either the steps go uphill, or "
            "they are far too long: look at the sign and the size of the learning rate.",
            not_numbers,
        ),
        Mistake(
            "the same answer for every digit",
            digits_trainer(20, epochs=2, std=0.0),
            "Every picture gets the same scores: what the network sees no longer matters. Weights "
            "that start at 0 do that, and so does a learning rate so large that all ReLUs close.",
            reached_like(lambda reached, scores: constant(scores)),
        ),
        Mistake(
            "no better than guessing",
            digits_trainer(20, epochs=2, labels=lambda t, rng: rng.permutation(t)),
            "Even the training digits are read no better than by guessing. Do updates reach the "
            "network, and does each picture keep its own label?",
            reached_like(lambda reached, scores: reached < 0.25),
        ),
        Mistake(
            "training digits not learnt",
            digits_trainer(50, epochs=3, lr=0.1),
            "More than 2 of 100 *training* digits are read wrongly too, so the network has not learnt "
            "what it was shown: more epochs, longer steps, or more hidden units. And does every "
            "sample get its turn?",
            reached_like(lambda reached, scores: reached < 0.98),
        ),
        Mistake(
            "learnt by heart",
            lambda x_train, t_train, rng: Memory(x_train, t_train),
            "The training digits are read almost perfectly, and new ones are not: that is overfitting. "
            "More hidden units, smaller first weights and a little noise on the images help against "
            "it; more epochs do not.",
            reached_like(lambda reached, scores: reached >= 0.98),
        ),
    ),
    hints=(
        "Look at the accuracy on the training digits first. If it is low, the network has not learnt; "
        "if it is high and the other one is not, it has learnt the wrong thing.",
        "All the parts are in this chapter: a `TwoLayerNet` with 64 inputs and 10 outputs, batches "
        "of 50, learning rate 0.5, 40 epochs. Fifty hidden units get you close to the target. "
        "What do more of them do, and what does a little noise on the images?",
        "The skeleton:\n    def train_digits(x_train, t_train, rng):\n"
        "        net = nn.TwoLayerNet(64, …, 10, rng, std=0.1)\n        for … in range(…):\n"
        "            for batch in nn.minibatches(…):\n                …\n        return net",
    ),
    probe=Probe(probes.trained),
    draw=draw_digits,
    outputs=(
        Output("training scores", compare=judge_scores),
        Output("test scores", compare=judge_accuracy),
    ),
    remark="Your network reads digits that it has never seen. The check kept the labels to itself.",
    seconds=60.0,
    repeat=False,
)

# --- which check ------------------------------------------------------------------------------

CHECKS = {
    "one": "small random weights, one sample",
    "batch": "small random weights, five samples",
    "sure": "five samples, and weights so large that some predictions are nearly certain and wrong",
    "none": "none of these: the gradient is right",
}

BUGS = {
    "relu": "`Relu.backward` lets every gradient through, as if it had no mask",
    "mean": "`SoftmaxWithLoss.backward` returns `y - t` without dividing by N",
    "floor": "the loss is the mean of `-log(y + 1e-7)`, and its gradient is `(y - t) / N`",
    "labels": "the images are shuffled before training, and the labels are not",
    "uphill": "the update is `params[name] += lr * grads[name]`",
}

CAUGHT = {"relu": "one", "mean": "batch", "floor": "sure", "labels": "none", "uphill": "none"}

WHY_NOT = {
    ("relu", "batch"): (
        "Five samples catch the ReLU, but one does too: for any sample some hidden units are closed, "
        "and a gradient that passes them is wrong."
    ),
    ("relu", "sure"): (
        "That catches the ReLU, but so does a simpler check: which units are closed has nothing to do "
        "with how certain the predictions are."
    ),
    ("relu", "none"): (
        "A ReLU without a mask in its `backward` sends gradients through closed units. The gradients of "
        "W1 and b1 are then wrong, and a gradient check compares exactly those."
    ),
    ("mean", "one"): (
        "For the missing division: with N = 1, `y - t` and `(y - t) / N` are the same number."
    ),
    ("mean", "sure"): (
        "That catches the missing division, but a simpler check does too: it is the number of samples "
        "that matters, not how certain the network is."
    ),
    ("mean", "none"): (
        "Without the division all gradients are N times too large beside those of the mean loss. That "
        "is as wrong as a gradient can be, even though it points the right way."
    ),
    ("floor", "one"): (
        "For the loss with 1e-7: with small weights every class has a probability near 1/C, and beside "
        "that 1e-7 is nothing. How small must a probability be for 1e-7 to matter?"
    ),
    ("floor", "batch"): (
        "For the loss with 1e-7: more samples do not help as long as all probabilities are near 1/C, "
        "because beside those 1e-7 is nothing. When is a probability as small as that?"
    ),
    ("floor", "none"): (
        "The gradient `(y - t) / N` belongs to `-log(y)`. The loss here is another function, and where "
        "y is tiny its slope is another one too."
    ),
    ("labels", "one"): (
        "A gradient check asks whether the gradient fits the *loss*, for whatever labels it is given. "
        "Wrong labels have a perfectly right gradient."
    ),
    ("labels", "batch"): (
        "More samples do not help: with the labels mixed up, loss and gradient still fit each other. "
        "What would give this bug away is the accuracy, which stays at guessing."
    ),
    ("labels", "sure"): (
        "However certain the network is: with the labels mixed up, loss and gradient still fit each "
        "other. Only what the labels *mean* is wrong, and no derivative knows that."
    ),
    ("uphill", "one"): (
        "The gradient check never makes an update, so it cannot see which way the update goes. The "
        "loss curve shows it after a few steps."
    ),
    ("uphill", "batch"): (
        "However many samples: a gradient check compares gradients and makes no step. A step uphill "
        "shows in the loss curve."
    ),
    ("uphill", "sure"): (
        "However large the weights: a gradient check compares gradients and makes no step. A step "
        "uphill shows in the loss curve."
    ),
}

WHICH_CHECK = Exercise(
    id="ch06.which_check",
    title="Which gradient check would have caught this?",
    kind="choice",
    points=2,
    reference=CAUGHT,
    accepted=(
        dict(reversed(CAUGHT.items())),
        {bug: f" {check} " for bug, check in CAUGHT.items()},
    ),
    fields=tuple(Field(name, label, CHECKS) for name, label in BUGS.items()),
    mistakes=tuple(
        Mistake(f"{bug}: {option}", {**CAUGHT, bug: option}, message)
        for (bug, option), message in WHY_NOT.items()
    ),
    hints=(
        "A gradient check compares two things. Which two? Ask of each bug whether it touches one of "
        "them, both in the same way, or neither.",
        "For the bugs that do spoil the gradient: by which factor is it wrong, for N = 1, and for "
        "probabilities near 1/C? Where that factor is 1, the check is blind.",
        "Fill in a table:\n    bug      factor with N = 1   with N = 5   with a tiny probability\n"
        "    relu     …                   …            …\n    mean     …                   …            …\n"
        "    floor    …                   …            …\n"
        "Two of the five have the factor 1 everywhere.",
    ),
    probe=Probe(values, {"names": tuple(BUGS)}),
    remark="Two of the five have a right gradient: for those there are loss curves and accuracies.",
)

EXERCISES = (
    NUMERICAL_GRADIENT,
    RELATIVE_ERROR,
    TWO_LAYER_NET,
    GRADIENT_CHECK,
    NETWORK_FIX,
    MINIBATCHES,
    SGD_STEP,
    TRAIN,
    REACH_DIGITS,
    WHICH_CHECK,
)
