"""ch10.saved_values: gradients that are wrong when numbers change after their use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.checking.serialize import describe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes import ch10 as probes


class Mended:
    """Every way back holds copies, made when the operation ran."""

    def __mul__(self, other):
        a, b = self.data.copy(), other.data.copy()
        return type(self)(a * b, (self, other), (lambda g: g * b, lambda g: g * a))

    def __matmul__(self, other):
        x, y = self.data.copy(), other.data.copy()
        return type(self)(x @ y, (self, other), (lambda g: g @ y.T, lambda g: x.T @ g))

    def exp(self):
        e = np.exp(self.data)
        return type(self)(e.copy(), (self,), (lambda g: g * e,))


class Counted:
    """Right: nothing is copied; a way back refuses if the numbers are no longer those it saw."""

    def seen(self):
        return self.data, hash(self.data.tobytes())

    @staticmethod
    def same(array, digest):
        if hash(array.tobytes()) != digest:
            raise RuntimeError("these numbers were changed in place after they had been used")
        return array

    def __mul__(self, other):
        a, b = self.seen(), other.seen()
        ways = (lambda g: g * self.same(*b), lambda g: g * self.same(*a))
        return type(self)(a[0] * b[0], (self, other), ways)

    def __matmul__(self, other):
        a, b = self.seen(), other.seen()
        ways = (lambda g: g @ self.same(*b).T, lambda g: self.same(*a).T @ g)
        return type(self)(a[0] @ b[0], (self, other), ways)

    def exp(self):
        e = np.exp(self.data)
        return type(self)(e.copy(), (self,), (lambda g: g * e,))


class Locked:
    """Right: what has been used can no longer be written into."""

    def locked(self):
        self.data.setflags(write=False)
        return self.data

    def __mul__(self, other):
        a, b = self.locked(), other.locked()
        return type(self)(a * b, (self, other), (lambda g: g * b, lambda g: g * a))

    def __matmul__(self, other):
        a, b = self.locked(), other.locked()
        return type(self)(a @ b, (self, other), (lambda g: g @ b.T, lambda g: a.T @ g))

    def exp(self):
        e = np.exp(self.data)
        e.setflags(write=False)
        return type(self)(e, (self,), (lambda g: g * e,))


def draw_saved(rng: np.random.Generator) -> Iterator[Case]:
    N, D, M = rng.permutation([2, 3, 4]).tolist()
    for program in probes.SAVED:
        used = ["x", "y"] if "y" in program else ["x"]
        for changed in ([], used, *([name] for name in used if len(used) > 1), ["result"]):
            for change in ("replaced", "in place") if changed else ("",):
                x = rng.normal(size=(N, D))
                y = rng.normal(size=(D, M) if "@" in program else (N, D))
                g = rng.normal(size=(N, M) if "@" in program else (N, D))
                inputs = {"program": program, "x": x, "y": y, "g": g}
                note = f"before the way back {' and '.join(changed)} changed: {change}"
                yield Case(
                    {**inputs, "changed": changed, "change": change},
                    note if changed else "nothing is changed",
                )


def judge_saved(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    """Accept the right gradient, or that the way back was refused after a change."""
    if isinstance(got, str) and got == "refused" and inputs["changed"]:
        return None
    if not isinstance(got, np.ndarray) or got.shape != np.shape(expected):
        return f"The gradient is {describe(got)}, expected one of shape {np.shape(expected)}."
    if np.allclose(got, expected, rtol=1e-6, atol=1e-8):
        return None
    place = tuple(int(i) for i in np.argwhere(~np.isclose(got, expected))[0])
    where = ", ".join(map(str, place))
    return (
        f"The gradient of {inputs['program']} at [{where}] is {got[place]:.4g}, and when the "
        f"operation ran it was {expected[place]:.4g}."
    )


wrong = Mistakes(Mended)


class Given:
    def __mul__(self, other):
        ways = (lambda g: g * other.data, lambda g: g * self.data)
        return type(self)(self.data * other.data, (self, other), ways)

    def __matmul__(self, other):
        ways = (lambda g: g @ other.data.T, lambda g: self.data.T @ g)
        return type(self)(self.data @ other.data, (self, other), ways)

    def exp(self):
        return type(self)(np.exp(self.data), (self,), (lambda g: g * np.exp(self.data),))


wrong.answer("still the given code", Given).says("""Your ways back read `data` when they are
    *called*, as those of the given code do. What stands there by then may be other numbers than
    those that the operation used.""")


class NamesOnly:
    def __mul__(self, other):
        a, b = self.data, other.data
        return type(self)(a * b, (self, other), (lambda g: g * b, lambda g: g * a))

    def __matmul__(self, other):
        x, y = self.data, other.data
        return type(self)(x @ y, (self, other), (lambda g: g @ y.T, lambda g: x.T @ g))

    def exp(self):
        e = np.exp(self.data)
        return type(self)(e, (self,), (lambda g: g * e,))


NAMES_ONLY = (
    "A new array in `data` does no harm any more, for your way back holds on to the old one. But a "
    "name is no copy: who writes *into* that array, as `-=` does, changes what you have kept."
)

wrong.answer("names, not copies", NamesOnly).says(NAMES_ONLY)

wrong.swap(
    "names, not copies, in the product",
    "a, b = self.data.copy(), other.data.copy()",
    """
        a, b = self.data, other.data
""".strip(),
).says(NAMES_ONLY)

wrong.swap(
    "names, not copies, in the matrix product",
    "x, y = self.data.copy(), other.data.copy()",
    "x, y = self.data, other.data",
).says(NAMES_ONLY)

wrong.swap(
    "only one factor kept",
    "a, b = self.data.copy(), other.data.copy()",
    "a, b = self.data, other.data.copy()",
).says("""In `x * y` one of the two factors is kept and the other is not. Each way back needs the
    factor of the other side.""")

wrong.swap(
    "only one matrix kept",
    "x, y = self.data.copy(), other.data.copy()",
    "x, y = self.data.copy(), other.data",
).says("""In `x @ y` one of the two matrices is kept and the other is not. Each way back needs the
    matrix of the other side.""")

wrong.swap(
    "exp computed again", "(lambda g: g * e,)", "(lambda g: g * np.exp(self.data),)"
).says("""The way back through `exp` computes the exponential again, from the numbers that stand
    there by then. It was computed once, when the operation ran: keep that.""")

wrong.swap("exp keeps what it hands out", "e.copy()", "e").says("""
    The way back through `exp` holds on to the very array that is the `data` of its result. Who
    writes into the result changes what you have kept.""")

wrong.swap(
    "exp reads its result later",
    """
    e = np.exp(self.data)
    return type(self)(e.copy(), (self,), (lambda g: g * e,))
""",
    """
    out = type(self)(np.exp(self.data), (self,), (lambda g: g * out.data,))
    return out
""",
).says("""The way back through `exp` reads the `data` of its result when it is called. By then
    another array may stand there, or other numbers in it.""")

GUARDED = (
    "You refuse if one of the two operands has changed, and do not look at the other. Each way back "
    "uses the operand of the other side, so both have to be looked at."
)

wrong.swap("* guarded on the right only", "g * self.same(*a)", "g * a[0]", of=Counted).says(GUARDED)

wrong.swap("* guarded on the left only", "g * self.same(*b)", "g * b[0]", of=Counted).says(GUARDED)

wrong.swap("@ guarded on the right only", "self.same(*a).T @ g", "a[0].T @ g", of=Counted).says(
    GUARDED
)

wrong.swap("@ guarded on the left only", "g @ self.same(*b).T", "g @ b[0].T", of=Counted).says(
    GUARDED
)

wrong.swap(
    "copied too late",
    "(lambda g: g * b, lambda g: g * a)",
    "(lambda g: g * other.data.copy(), lambda g: g * self.data.copy())",
).says("""The copies of `x * y` are made inside the way back. That is too late: what is copied there
    has changed already. Copy when the operation runs.""")

wrong.swap(
    "matrices copied too late",
    "(lambda g: g @ y.T, lambda g: x.T @ g)",
    "(lambda g: g @ other.data.copy().T, lambda g: self.data.copy().T @ g)",
).says("""The copies of `x @ y` are made inside the way back. That is too late: what is copied there
    has changed already. Copy when the operation runs.""")

wrong.swap(
    "factors exchanged",
    "(lambda g: g * b, lambda g: g * a)",
    "(lambda g: g * a, lambda g: g * b)",
).says("""While mending you have exchanged the factors: each side of `x * y` gets its own value. It
    needs the other's.""")

wrong.swap(
    "no longer transposed",
    "(lambda g: g @ y.T, lambda g: x.T @ g)",
    "(lambda g: g @ y, lambda g: x @ g)",
).says("While mending `@` you have lost the transposes.")


EXERCISE = Exercise(
    id="ch10.saved_values",
    title="Changed after use",
    kind="debug",
    points=3,
    reference=Mended,
    accepted=(Counted, Locked),
    mistakes=wrong.all,
    hints=(
        "When does `other.data` inside a `lambda` get its value: when the operation runs, or when "
        "the sweep comes by? Run the example above with a `print` inside.",
        "There are two kinds of change: `b.data = …` lets the name point to another array, `b.data "
        "*= …` writes into the same one. A name of your own helps against the first, and only a copy "
        "against both.",
        "The skeleton:\n    def __mul__(self, other):\n        a, b = self.data.…(), other.data.…()\n"
        "        return type(self)(a * b, (self, other), (lambda g: …, lambda g: …))",
    ),
    probe=Probe(probes.saved),
    draw=draw_saved,
    outputs=(Output("dx", compare=judge_saved), Output("dy", compare=judge_saved)),
    remark="What is right now is right whatever happens to the numbers later. Frameworks count "
    "changes and refuse; a copy costs memory and always answers.",
)
