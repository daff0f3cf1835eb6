"""ch06.relative_error: a relative error, safe at 0/0."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.checking.serialize import describe, is_number
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch06_training._shared import by_entry
from exercises_lib.probes import ch06 as probes


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


wrong = Mistakes(nn.relative_error)

wrong.answer("absolute error", error_formula(lambda a, b, floor: np.abs(a - b).max())).says("""
    You return the difference itself. A difference of 0.001 is little for gradients around 100, and
    everything for gradients around 0.001.""")

wrong.answer(
    "0/0", error_formula(lambda a, b, floor: (np.abs(a - b) / (np.abs(a) + np.abs(b))).max())
).says("""Where both numbers are 0 your formula is 0/0, which is nan. Two zeros agree perfectly; the
    denominator must not become 0.""")

wrong.answer(
    "mean instead of maximum", error_formula(lambda a, b, floor: by_entry(a, b, floor).mean())
).says("A mean lets one wrong entry drown among a thousand right ones. Return the worst.")

wrong.answer(
    "sum instead of maximum", error_formula(lambda a, b, floor: by_entry(a, b, floor).sum())
).says("""You add up the errors of all entries, so that a large array looks worse than a small one.
    Return the worst.""")

wrong.answer(
    "floor ignored", error_formula(lambda a, b, floor: by_entry(a, b, 1e-8).max())
).says("""The argument `floor` has no effect in your function. For a network a floor of 1e-8 is too
    low: rounding noise would raise alarms.""")

wrong.answer(
    "floor added",
    error_formula(lambda a, b, floor: (np.abs(a - b) / (np.abs(a) + np.abs(b) + floor)).max()),
).says("""You add the floor to the denominator. It is the *least* value that the denominator may
    have; above it, it plays no part.""")

wrong.answer(
    "floor under the largest",
    error_formula(
        lambda a, b, floor: (np.abs(a - b) / max(float((np.abs(a) + np.abs(b)).max()), floor)).max()
    ),
).says("""Your denominator is the largest size of the whole array. Each entry is measured by its own
    size, or small ones hide behind large ones.""")

wrong.answer(
    "max of arrays",
    error_formula(lambda a, b, floor: np.max(np.abs(a - b) / max(np.abs(a) + np.abs(b), floor))),
).says("""Python's `max` compares two things as wholes and cannot compare arrays. Which function of
    NumPy does it entry by entry?""")

wrong.answer(
    "half the sum",
    error_formula(
        lambda a, b, floor: (np.abs(a - b) / np.maximum((np.abs(a) + np.abs(b)) / 2, floor)).max()
    ),
).says("""You divide by the mean of the two sizes, so your error runs to 2. The formula has their
    sum.""")

wrong.answer(
    "a + b without abs",
    error_formula(lambda a, b, floor: (np.abs(a - b) / np.maximum(a + b, floor)).max()),
).says("""`a + b` is negative for two negative numbers, and then only the floor is left. The
    denominator adds up *sizes*.""")

wrong.answer(
    "divided by the other",
    error_formula(lambda a, b, floor: (np.abs(a - b) / np.maximum(np.abs(b), floor)).max()),
).says("""You divide by the size of one array alone. Swap the arguments and the error changes, and
    it can exceed 1.""")

wrong.answer(
    "minimum instead of maximum", error_formula(lambda a, b, floor: by_entry(a, b, floor).min())
).says("""You return the smallest error: one entry that agrees hides all the others. Return the
    worst.""")

wrong.answer("one array per entry", error_formula(by_entry)).says("""
    You return an error for every entry. What is asked for is one number, the worst.""")

wrong.answer(
    "divided by one of them",
    error_formula(lambda a, b, floor: (np.abs(a - b) / np.maximum(np.abs(a), floor)).max()),
).says("""You divide by the size of one array alone. Swap the arguments and the error changes, and
    it can exceed 1.""")

wrong.answer(
    "divided by the larger one",
    error_formula(
        lambda a, b, floor: (
            np.abs(a - b) / np.maximum(np.maximum(np.abs(a), np.abs(b)), floor)
        ).max()
    ),
).says("""You divide by the larger of the two sizes. That is a sound measure too, but it runs to 2;
    the one asked for divides by the *sum* of the sizes.""")

wrong.answer(
    "sizes without abs",
    error_formula(lambda a, b, floor: (np.abs(a - b) / np.maximum(np.abs(a + b), floor)).max()),
).says("""`abs(a + b)` is not the sum of the sizes: with opposite signs the two cancel, and the
    error is blown up.""")

wrong.answer(
    "difference without abs",
    error_formula(lambda a, b, floor: ((a - b) / np.maximum(np.abs(a) + np.abs(b), floor)).max()),
).says("`a − b` can be negative, and a maximum never finds those entries.")

wrong.answer(
    "of the whole arrays",
    error_formula(
        lambda a, b, floor: (
            np.linalg.norm(a - b) / max(float(np.linalg.norm(a) + np.linalg.norm(b)), floor)
        )
    ),
).says("""That is the relative error of the arrays as a whole. Large entries hide what is wrong with
    small ones; compare entry by entry and take the worst.""")

wrong.answer(
    "nan returned", error_formula(lambda a, b, floor: by_entry(a, b, floor).max(), nan=False)
).says("""With a nan among the numbers you return nan, and *every* comparison with nan is False. An
    alarm such as `if error > 1e-4` stays silent then.""")

wrong.answer(
    "nan left out", error_formula(lambda a, b, floor: np.nanmax(by_entry(a, b, floor)), nan=False)
).says("""What is not a number is passed over, or turned into 0: `np.nanmax` and `np.nan_to_num` do
    that. A gradient that is nan is as wrong as it can be, and your error calls it right.""")

wrong.answer(
    "shapes not compared",
    error_formula(lambda a, b, floor: by_entry(a, b, floor).max(), shapes=False),
).says("""NumPy stretches (3,) and (3, 3) to a common shape without a word, and a gradient of the
    wrong shape gets an error that may even be 0. Compare the shapes first.""")


def sizes_compared(a, b, floor=1e-8):
    if a.size != b.size:
        raise ValueError("The sizes differ.")
    return np.inf if np.isnan(a - b).any() else by_entry(a, b, floor).max()


wrong.answer("sizes compared", sizes_compared).says("""You compare how many numbers there are. (1,
    3) and (3,) hold as many, and are different shapes.""")

wrong.answer(
    "infinite for different shapes",
    lambda a, b, floor=1e-8: nn.relative_error(a, b, floor) if a.shape == b.shape else np.inf,
).says("""You return a number for arrays of different shapes. There is nothing to compare there:
    raise a ValueError, so that nobody reads it as a large rounding error.""")


def shapes_asserted(a, b, floor=1e-8):
    assert a.shape == b.shape
    return nn.relative_error(a, b, floor)


wrong.answer("assert instead of ValueError", shapes_asserted).says("""An `assert` raises an
    AssertionError, and it vanishes when Python runs with `-O`. Raise the ValueError yourself.""")


def lengths_compared(a, b, floor=1e-8):
    if len(a) != len(b):
        raise ValueError("The lengths differ.")
    return np.inf if np.isnan(a - b).any() else by_entry(a, b, floor).max()


wrong.answer("lengths compared", lengths_compared).says("""`len` is the length of the first axis
    alone. (3,) and (3, 3) have the same, and are different shapes.""")


def error_returned(a, b, floor=1e-8):
    if a.shape != b.shape:
        return ValueError("The shapes differ.")
    return nn.relative_error(a, b, floor)


wrong.answer("error returned", error_returned).says("""You *return* a ValueError, as if it were a
    result. An error is to stop the caller: `raise` does that.""")

wrong.answer(
    "no error below the floor",
    error_formula(
        lambda a, b, floor: (by_entry(a, b, floor) * (np.abs(a) + np.abs(b) >= floor)).max()
    ),
).says("""Where both numbers are small your error is 0. The floor takes the place of the denominator
    there; the difference still counts.""")

wrong.answer(
    "the smaller denominator",
    error_formula(
        lambda a, b, floor: (np.abs(a - b) / np.minimum(np.abs(a) + np.abs(b), floor)).max()
    ),
).says("""You take the smaller of size and floor. The floor is the least value that the denominator
    may have.""")

EXERCISE = Exercise(
    id="ch06.relative_error",
    title="A relative error, safe at 0/0",
    kind="function",
    points=2,
    difficulty=1,
    reference=nn.relative_error,
    accepted=(
        relative_error_loop,
        relative_error_by_where,
        error_formula(
            lambda a, b, floor: by_entry(a, b, floor).ravel()[by_entry(a, b, floor).argmax()]
        ),
    ),
    mistakes=wrong.all,
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
