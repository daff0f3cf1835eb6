"""ch10.reductions: sum, mean and max over an axis."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes import ch10 as probes


class Reductions:
    """sum, mean and max; the class that they are mixed into has data, parents and pulls."""

    def spread(self, g, axis, keepdims):
        if axis is not None and not keepdims:
            g = np.expand_dims(g, axis)
        return np.broadcast_to(g, self.data.shape)

    def sum(self, axis=None, keepdims=False):
        out = self.data.sum(axis=axis, keepdims=keepdims)
        return type(self)(out, (self,), (lambda g: 1.0 * self.spread(g, axis, keepdims),))

    def mean(self, axis=None, keepdims=False):
        out = self.data.mean(axis=axis, keepdims=keepdims)
        n = self.data.size / out.size
        return type(self)(out, (self,), (lambda g: self.spread(g, axis, keepdims) / n,))

    def max(self, axis=None, keepdims=False):
        out = self.data.max(axis=axis, keepdims=keepdims)
        mine = self.data == self.data.max(axis=axis, keepdims=True)
        share = mine / mine.sum(axis=axis, keepdims=True)
        return type(self)(out, (self,), (lambda g: self.spread(g, axis, keepdims) * share,))


class ReductionsByShape:
    """Right: keeps the axes while computing, and drops them with a reshape that has its own way."""

    def reduced(self, kept, slope, keepdims, axis):
        shape = self.data.shape

        def pull(g):
            return np.asarray(g).reshape(kept.shape) * slope * np.ones(shape)

        out = kept if keepdims else np.squeeze(kept, axis=axis)
        return type(self)(out, (self,), (pull,))

    def sum(self, axis=None, keepdims=False):
        kept = np.sum(self.data, axis=axis, keepdims=True)
        return self.reduced(kept, 1.0, keepdims, axis)

    def mean(self, axis=None, keepdims=False):
        kept = np.mean(self.data, axis=axis, keepdims=True)
        return self.reduced(kept, kept.size / self.data.size, keepdims, axis)

    def max(self, axis=None, keepdims=False):
        kept = np.max(self.data, axis=axis, keepdims=True)
        chosen = np.where(self.data == kept, 1.0, 0.0)
        chosen /= chosen.sum(axis=axis, keepdims=True)
        return self.reduced(kept, chosen, keepdims, axis)


class ReductionsOfTheLibrary:
    """Right: asks the library's engine."""

    def through(self, name, axis, keepdims):
        inner = nn.Tensor(self.data)
        result = getattr(inner, name)(axis=axis, keepdims=keepdims)

        def pull(g):
            inner.zero_grad()
            (result * g).sum().backward()
            return inner.grad

        return type(self)(result.data, (self,), (pull,))

    def sum(self, axis=None, keepdims=False):
        return self.through("sum", axis, keepdims)

    def mean(self, axis=None, keepdims=False):
        return self.through("mean", axis, keepdims)

    def max(self, axis=None, keepdims=False):
        return self.through("max", axis, keepdims)


def draw_reductions(rng: np.random.Generator) -> Iterator[Case]:
    N, D, M = rng.permutation([2, 3, 4]).tolist()
    table, block = (N, D), (N, D, M)
    asked = [
        (table, None, False, "over everything"),
        (table, None, True, "over everything, axes kept"),
        (table, 0, False, "over the rows"),
        (table, 1, False, "over the columns"),
        (table, 1, True, "over the columns, axes kept"),
        (table, -1, False, "over the last axis"),
        (block, 1, False, "over the middle one of three axes"),
        (block, [0, 2], False, "over two axes at once"),
        (block, [0, 2], True, "over two axes at once, axes kept"),
    ]
    for method in ("sum", "mean", "max"):
        for shape, axis, keepdims, note in asked:
            x = rng.normal(size=shape)
            over = tuple(axis) if isinstance(axis, list) else axis
            g = np.asarray(rng.normal(size=np.sum(x, axis=over, keepdims=keepdims).shape))
            inputs = {"method": method, "x": x, "axis": axis, "keepdims": keepdims, "g": g}
            yield Case(inputs, note)
    for axis, note in ((None, "two entries are largest"), (1, "each row has two largest entries")):
        x = np.round(rng.normal(size=table), 3)
        x[:, 0] = x[:, 1] = np.abs(x).max() + rng.uniform(0.1, 1, size=N if axis else None)
        g = np.asarray(rng.normal(size=N if axis else ()))
        inputs = {"method": "max", "x": x, "axis": axis, "keepdims": False, "g": g, "ties": True}
        yield Case(inputs, note)


wrong = Mistakes(Reductions)

wrong.swap("the axis not put back", "g = np.expand_dims(g, axis)", "pass").says("""
    The axis that was summed away is missing in `g`. NumPy aligns shapes from the right, so the
    numbers of a row would be handed to the columns, or do not fit at all. Put the axis back first,
    with length 1.""")

wrong.swap("an axis put back that is there", " and not keepdims:", ":").says("""
    With `keepdims=True` the axis is still there, with length 1; you put in another one.""")

wrong.swap(
    "back along the last axis always", "np.expand_dims(g, axis)", "np.expand_dims(g, -1)"
).says("""You put the missing axis back at the end, whichever it was. It belongs where it was taken
    out.""")

wrong.swap(
    "sum drops what arrives", "1.0 * self.spread(g,", "self.spread(np.ones_like(g),"
).says("""The way back through `sum` returns ones, whatever arrives. That is right only where the
    sum is the end of the computation.""")

wrong.swap(
    "mean without the division",
    "self.spread(g, axis, keepdims) / n",
    """
        self.spread(g, axis, keepdims) / 1
""".strip(),
).says("The way back through `mean` is that of `sum`. An entry moves the mean by a share only.")

wrong.swap("mean over all entries", "self.data.size / out.size", "self.data.size").says("""
    You divide by the number of all entries. A mean over one axis divides by the length of that axis
    only: by how many numbers have gone into each result.""")

wrong.swap("mean over the rows", "self.data.size / out.size", "len(self.data)").says("""
    You divide by the number of rows, whichever axis the mean is taken over. Divide by how many
    numbers have gone into each result.""")

wrong.swap("mean divided by the results", "self.data.size / out.size", "out.size").says("""
    You divide by the number of results. Divide by how many numbers have gone into each of them.""")

wrong.swap(
    "max lets everything back",
    "keepdims) * share",
    "keepdims) * 1",
).says("""Your `max` sends the gradient to every entry. Only the largest one has decided the result;
    the others could move a little and nothing would change.""")

wrong.swap(
    "one largest entry for all",
    "self.data == self.data.max(axis=axis, keepdims=True)",
    "self.data == self.data.max()",
    "mine.sum(axis=axis, keepdims=True)",
    "mine.sum()",
).says("""You look for the largest entry of the whole array. With an axis, every row or column has a
    largest entry of its own.""")

wrong.swap(
    "max drops what arrives", "self.spread(g, axis, keepdims) * share", "1.0 * share"
).says("""
    The way back through `max` marks the largest entries and forgets `g`. They receive what arrives
    at the result.""")

wrong.swap(
    "max multiplied by the value",
    "keepdims) * share",
    "keepdims) * share * self.data",
).says("""You multiply by the largest value itself. If the largest entry rises by one, the maximum
    rises by one: the slope is 1.""")

wrong.swap(
    "each of the largest gets all", "mine / mine.sum(axis=axis, keepdims=True)", "mine"
).says(
    """Where several entries are largest at once, your `max` gives the whole gradient to each of
    them, so more goes back than has arrived. What they get has to add up to it."""
)

wrong.swap(
    "sum forgets keepdims",
    "self.data.sum(axis=axis, keepdims=keepdims)",
    "self.data.sum(axis=axis)",
).says("""Your `sum` does not pass `keepdims` on to NumPy, so the result has lost an axis that
    should stay with length 1.""")

wrong.swap(
    "sum forgets the axis",
    "self.data.sum(axis=axis, keepdims=keepdims)",
    "self.data.sum(keepdims=keepdims)",
).says("Your `sum` adds up everything, whatever axis is asked for.")


def axes_of(names: str) -> tuple[Output, ...]:
    return tuple(Output(name) for name in names.split())


EXERCISE = Exercise(
    id="ch10.reductions",
    title="Sum, mean and max over an axis",
    kind="class",
    points=4,
    difficulty=3,
    reference=Reductions,
    accepted=(ReductionsByShape, ReductionsOfTheLibrary),
    mistakes=wrong.all,
    hints=(
        "Take a table of 2 rows and 3 columns and sum over the columns: 2 numbers come out, and 2 "
        "gradients come back. Which entries of the table does each of them belong to?",
        "Two steps lead back: put the missing axis in again with length 1 (`np.expand_dims`), unless "
        "`keepdims` has kept it or there was no axis; then spread to the shape of `data`. `mean` "
        "divides by how many numbers went into a result, `max` keeps the gradient at the largest.",
        "The skeleton:\n    def sum(self, axis=None, keepdims=False):\n"
        "        def pull(g):\n            if …:\n                g = … one axis more\n"
        "            return … spread to self.data.shape\n"
        "        return type(self)(self.data.sum(axis=…, keepdims=…), (self,), (pull,))",
    ),
    probe=Probe(probes.reductions),
    draw=draw_reductions,
    outputs=(Output("dx", "", "the shape of x"),),
    remark="An axis that was summed away comes back with length 1, and the rest is broadcasting.",
)
