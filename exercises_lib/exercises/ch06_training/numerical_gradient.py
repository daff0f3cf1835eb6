"""ch06.numerical_gradient: the numerical gradient of any array."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch06_training._shared import never_put_back
from exercises_lib.probes import ch06 as probes


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


wrong = Mistakes(nn.numerical_gradient)


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


wrong.answer(
    "forward difference", entrywise(lambda above, below, h, middle: (above - middle) / h)
).says("""You step to one side only. That error shrinks with h; the one of a step to both sides
    shrinks with h².""")

wrong.answer(
    "factor 2 lost", entrywise(lambda above, below, h, middle: (above - below) / h)
).says("""From x − h to x + h it is a way of 2h. Divided by h alone, every slope comes out twice too
    steep.""")

wrong.answer(
    "divided by 2, then multiplied by h",
    entrywise(lambda above, below, h, middle: (above - below) / 2 * h),
).says("`… / 2 * h` divides by 2 and then *multiplies* by h. Put the denominator in brackets.")

wrong.answer("sign", entrywise(lambda above, below, h, middle: (below - above) / (2 * h))).says("""
    You subtract the value at x + h from the one at x − h. Where f rises, your gradient says that it
    falls.""")

wrong.answer("not divided", entrywise(lambda above, below, h, middle: above - below)).says("""
    You return the change of f itself. A slope is the change divided by the way.""")

wrong.answer("h ignored", lambda f, x, h=1e-5: nn.numerical_gradient(f, x)).says("""
    Your step is always the same: the argument `h` has no effect.""")

wrong.answer("never put back", never_put_back).says("""Each entry stays at x − h, so every later
    entry is measured at another place, and the caller's array is spoilt.""")

wrong.swap(
    "put back by adding",
    (
        """

        grad = np.empty(x.shape)
        for place in range(x.size):
            kept = x.flat[place]
            x.flat[place] = kept + h""",
        "grad = np.zeros(x.shape)\nfor at in np.ndindex(x.shape):\n    x[at] += h",
    ),
    ("x.flat[place] = kept - h", "x[at] -= 2 * h"),
    ("grad.flat[place]", "grad[at]"),
    ("x.flat[place] = kept", "x[at] += h"),
    of=numerical_by_flat,
).says("""`+ h − 2h + h` does not lead back to the same float: rounding leaves a trace in most
    entries, and the caller's weights drift with each check. Keep the number itself.""")


def put_back_at_the_end(f, x, h=1e-5):
    original = x.copy()
    grad = never_put_back(f, x, h)
    x[...] = original
    return grad


wrong.answer("put back at the very end", put_back_at_the_end).says("""
    You restore x after the whole loop. Meanwhile all the entries that you are through with stand at
    x − h, and the slopes are those of another place.""")


def copy_shifted(f, x, h=1e-5):
    grad = np.zeros(x.shape)
    for at in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        above[at] += h
        below[at] -= h
        grad[at] = (f(above) - f(below)) / (2 * h)
    return grad


wrong.answer("a copy is shifted", copy_shifted).says("""You shift copies. A function that reads the
    array itself, as a network reads its weights, never sees them, and its gradient comes out as
    0.""")


def all_at_once(f, x, h=1e-5):
    kept = x.copy()
    x += h
    above = f(x)
    x[...] = kept - h
    below = f(x)
    x[...] = kept
    return np.full(x.shape, (above - below) / (2 * h))


wrong.answer("all entries at once", all_at_once).says("""You shift all entries together, so you get
    the sum of all the derivatives. Each entry needs a shift of its own, while the others stand
    still.""")

wrong.answer(
    "all entries at once, as one number", lambda f, x, h=1e-5: (f(x + h) - f(x - h)) / (2 * h)
).says("""`x + h` shifts all entries together, and makes a copy besides. Each entry of x itself
    needs a shift of its own, while the others stand still.""")


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


wrong.answer("one slope per row", one_slope_per_row).says("""`x[i]` is a whole row if x has more
    than one axis, and `len(x)` counts the rows. The result has a slope for every single entry.""")


def returns_after_one_entry(f, x, h=1e-5):
    grad = np.zeros(x.shape)
    first = next(np.ndindex(x.shape))
    grad[first] = nn.numerical_gradient(f, x, h)[first]
    return grad


wrong.answer("returns after one entry", returns_after_one_entry).says("""
    Only the first entry has a slope: your `return` stands inside the loop.""")


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


wrong.answer("a whole row at once", first_axis_only).says("""`x[i]` is a whole row if x has more
    than one axis, and you shift it as a whole. `np.ndindex(x.shape)` gives the index of every
    single entry.""")


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


wrong.answer("through a flat copy", through_a_flat_copy).says("""`reshape(-1)` shares its memory
    with x only if x lies in one piece. For a transposed array it is a copy, and shifting it changes
    nothing.""")

wrong.answer("flattened", lambda f, x, h=1e-5: nn.numerical_gradient(f, x, h).ravel()).says("""
    Your numbers stand in one long row. A gradient has the shape of its variable.""")

wrong.answer(
    "back to the middle only", entrywise(lambda above, below, h, middle: (above - middle) / (2 * h))
).says("""Your second call of `f` happens at x itself, not at x − h: a step back by h leads to the
    middle. So the way is only h, and you divide by 2h.""")


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


wrong.answer("two loops", two_loops).says("""Two loops fit an array with two axes. x may have one or
    three: go through its indices whatever their number.""")


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


wrong.answer("one number as an index", numbered_through).says("""You count through all entries with
    one number, and `x[i]` takes it for a row. An array with two axes has fewer rows than
    entries.""")


def single_entries(f, x, h=1e-5):
    grad = np.zeros(x.shape)
    for at in np.ndindex(x.shape):
        grad[at] = (f(x[at] + h) - f(x[at] - h)) / (2 * h)
    return grad


wrong.answer("f gets a single entry", single_entries).says("""You give `f` one shifted number. It
    needs the whole array, in which only that entry is shifted.""")

EXERCISE = Exercise(
    id="ch06.numerical_gradient",
    title="The numerical gradient of any array",
    kind="function",
    points=2,
    reference=nn.numerical_gradient,
    accepted=(numerical_by_flat, numerical_by_nditer),
    mistakes=wrong.all,
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
        for name in ("gradient", "gradient (f reads x elsewhere)", "gradient (x is a view)")
    ),
    remark="It worked for a function that never looks at its argument: so it will for a network.",
)
