"""ch10.indexing: x[index] inside the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes import ch10 as probes


class Indexing:
    """x[index]; the class that it is mixed into has data, parents and pulls."""

    def __getitem__(self, index):
        def pull(g):
            dx = np.zeros_like(self.data)
            np.add.at(dx, index, g)
            return dx

        return type(self)(self.data[index], (self,), (pull,))


class IndexingByPlaces:
    """Right: numbers the entries, looks which were taken, and counts with weights."""

    def __getitem__(self, index):
        x = self.data
        places = np.ravel(np.arange(x.size).reshape(x.shape)[index])

        def pull(g):
            total = np.bincount(places, weights=np.ravel(g), minlength=x.size)
            return total.reshape(x.shape)

        return type(self)(x[index], (self,), (pull,))


class IndexingByLoop:
    """Right: one entry after the other."""

    def __getitem__(self, index):
        x = self.data
        places = np.arange(x.size).reshape(x.shape)[index]

        def pull(g):
            dx = np.zeros(x.size, dtype=x.dtype)
            for place, part in zip(np.ravel(places), np.ravel(g), strict=True):
                dx[place] += part
            return dx.reshape(x.shape)

        return type(self)(x[index], (self,), (pull,))


class IndexingByMatrix:
    """Right: taking is a product with a matrix of zeros and ones."""

    def __getitem__(self, index):
        x = self.data
        places = np.ravel(np.arange(x.size).reshape(x.shape)[index])
        taken = places[:, None] == np.arange(x.size)
        return type(self)(x[index], (self,), (lambda g: (np.ravel(g) @ taken).reshape(x.shape),))


class IndexingOfTheLibrary:
    """Right: asks the library's engine."""

    def __getitem__(self, index):
        inner = nn.Tensor(self.data)
        result = inner[index]

        def pull(g):
            inner.zero_grad()
            (result * g).sum().backward()
            return inner.grad

        return type(self)(result.data, (self,), (pull,))


def draw_indexing(rng: np.random.Generator) -> Iterator[Case]:
    def case(x: Any, note: str, **index: Any) -> Case:
        taken = x[slice(*index["slice"])] if "slice" in index else x[index["index"]]
        dout = rng.normal(size=np.shape(taken)).astype(x.dtype)
        return Case({"x": x, **index, "dout": dout}, note)

    x = rng.normal(size=(5, 3))
    ids = np.array([3, 1, 3, 0, 3])
    yield case(x, "rows by number, row 3 three times", index=ids)
    yield case(x, "rows by slice", slice=[1, 4, 2])
    yield case(x, "entries by row and column", index=(np.arange(4), rng.integers(0, 3, size=4)))
    yield case(x, "one entry twice", index=(np.array([2, 0, 2]), np.array([1, 2, 1])))
    yield case(
        rng.normal(size=6),
        "an array with one axis; −1 is the last entry",
        index=np.array([5, -1, 2]),
    )
    yield case(x.astype(np.float32), "float32", index=rng.permutation(ids))
    yield case(x, "nothing is taken twice", index=rng.permutation(5)[:3])


wrong = Mistakes(Indexing)


def pulled(pull: Callable[[Any, Any, Any], Any]) -> type:
    """Make a class with its own way back: ``pull(x, index, g)``."""

    class Indexing:
        def __getitem__(self, index):
            return type(self)(self.data[index], (self,), (lambda g: pull(self.data, index, g),))

    return Indexing


wrong.swap("repeated indices lost", "np.add.at(dx, index, g)", "dx[index] += g").says("""
    `dx[index] += g` and `dx[index] = g` both write all results at once. Where an index occurs three
    times, three numbers go to one place and only the last one stays. That entry was used three
    times, so it should receive all three.""")

wrong.swap(
    "only the first of several",
    "np.add.at(dx, index, g)",
    """
            if isinstance(index, np.ndarray):
                unique, first = np.unique(index, return_index=True)
                dx[unique] = g[first]
            else:
                dx[index] = g
""",
).says("Of several gradients for the same entry you keep the first. They add.")

wrong.answer("gradient of the taken part", pulled(lambda x, index, g: g.copy())).says("""
    You return the gradient of what was taken. The gradient of `x` has the shape of `x`, with zeros
    where nothing was taken.""")

wrong.swap("upstream dropped", "(dx, index, g)", "(dx, index, 1)").says("""
    You count how often each entry was taken. Each time it was, `g` sent a number.""")


def averages(x, index, g):
    dx, count = np.zeros_like(x), np.zeros_like(x)
    np.add.at(dx, index, g)
    np.add.at(count, index, 1)
    return dx / np.maximum(count, 1)


wrong.answer("averaged", pulled(averages)).says("""You divide by the number of times an entry was
    taken. Every use counts in full.""")

wrong.swap("starts from x", "np.zeros_like(self.data)", "self.data.copy()").says("""
    You add to the values of `x`. A gradient begins at zero.""")


def into_x(x, index, g):
    x[...] = 0
    np.add.at(x, index, g)
    return x


wrong.answer("overwrites x", pulled(into_x)).says("""You use `x` itself as the place for its
    gradient, and its values are gone.""")

wrong.swap("zeros in the shape of g", "np.zeros_like(self.data)", "np.zeros_like(g)").says("""
    Your zeros have the shape of `g`. The gradient of `x` has the shape of `x`, which may have more
    or fewer entries.""")

wrong.answer("takes again", pulled(lambda x, index, g: g[index])).says("""
    You take from `g` by the index, as the forward pass takes from `x`. Backward the numbers go the
    other way: each to the place that it was taken from.""")

wrong.answer(
    "what add.at returns", pulled(lambda x, index, g: np.add.at(np.zeros_like(x), index, g))
).says("`np.add.at` changes the array that it is given, and returns nothing. Return that array.")

wrong.swap(
    "one array for all sweeps",
    """
    def pull(g):
        dx = np.zeros_like(self.data)
""",
    """
    dx = np.zeros_like(self.data)
    def pull(g):
""",
).says("""Your zeros are made once, when the entries are taken, and not in the way back. A second
    sweep adds to what the first has left there.""")

wrong.swap("multiplied by x", "(dx, index, g)", "(dx, index, g * self.data[index])").says("""
    You multiply by the values that were taken. Taking is no product: its slope is 1.""")

wrong.swap(
    "index is not used as NumPy uses it",
    "np.add.at(dx, index, g)",
    """
            for row, part in zip(index, g):
                dx[row] += part
""",
).says("""You go through `index` row by row. That works for a list of row numbers, but an index may
    be a slice or a pair of arrays as well.""")

wrong.swap("index ignored", "np.add.at(dx, index, g)", "dx[: len(g)] += g").says("""
    The gradients go to the first places, in the order of `g`. They belong where they were taken
    from.""")


class NotRecorded:
    def __getitem__(self, index):
        return type(self)(self.data[index])


wrong.answer("nothing recorded", NotRecorded).says("""What you return knows its numbers and not
    where they come from: without parents and pulls the gradient ends there.""")


EXERCISE = Exercise(
    id="ch10.indexing",
    title="x[index] inside the engine",
    kind="class",
    points=3,
    reference=Indexing,
    accepted=(IndexingByPlaces, IndexingByLoop, IndexingByMatrix, IndexingOfTheLibrary),
    mistakes=wrong.all,
    hints=(
        "Take `x` of five numbers and the index [3, 1, 3]. Draw the three arrows from `x` to the "
        "result, then turn them round. What arrives at entry 3?",
        "Begin with zeros in the shape of `x`. Add to every place, once for every time it was taken. "
        "NumPy's ufuncs have a method for this kind of adding; look at the text above the exercise.",
        "The skeleton:\n    def __getitem__(self, index):\n        def pull(g):\n"
        "            dx = … zeros, like self.data\n            np.add.…(dx, index, …)\n"
        "            return …\n        return type(self)(self.data[…], (self,), (pull,))",
    ),
    probe=Probe(probes.indexing),
    draw=draw_indexing,
    outputs=(Output("dx", "", "the shape of x"),),
    remark="An entry that is used three times is a fork with three branches, and at a fork gradients "
    "add.",
)
