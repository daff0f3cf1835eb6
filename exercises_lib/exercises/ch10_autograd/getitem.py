"""ch10.getitem: the way back through x[index]."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes import ch10 as probes


def getitem_backward(x, index, dout):
    dx = np.zeros_like(x)
    np.add.at(dx, index, dout)
    return dx


def getitem_by_places(x, index, dout):
    """Number the entries of x, look which of them were taken, and count with weights."""
    places = np.arange(x.size).reshape(x.shape)[index]
    total = np.bincount(np.ravel(places), weights=np.ravel(dout), minlength=x.size)
    return total.reshape(x.shape)


def getitem_by_loop(x, index, dout):
    places = np.arange(x.size).reshape(x.shape)[index]
    dx = np.zeros(x.size, dtype=x.dtype)
    for place, g in zip(np.ravel(places), np.ravel(dout), strict=True):
        dx[place] += g
    return dx.reshape(x.shape)


def getitem_by_matrix(x, index, dout):
    places = np.ravel(np.arange(x.size).reshape(x.shape)[index])
    taken = places[:, None] == np.arange(x.size)
    return (np.ravel(dout) @ taken).reshape(x.shape)


def draw_getitem(rng: np.random.Generator) -> Iterator[Case]:
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


wrong = Mistakes(getitem_backward)

wrong.swap("repeated indices lost", "np.add.at(dx, index, dout)", "dx[index] += dout").says("""
    `dx[index] += dout` and `dx[index] = dout` both write all results at once. Where an index occurs
    three times, three numbers go to one place and only the last one stays. That entry was used
    three times, so it should receive all three.
""")

wrong.swap(
    "only the first of several",
    "np.add.at(dx, index, dout)",
    """
    if isinstance(index, np.ndarray):
        unique, first = np.unique(index, return_index=True)
        dx[unique] = dout[first]
    else:
        dx[index] = dout
""",
).says("""
    Of several gradients for the same entry you keep the first. They add.
""")

wrong.answer("gradient of the taken part", lambda x, index, dout: dout.copy()).says("""
    You return the gradient of what was taken. The gradient of `x` has the shape of `x`, with zeros
    where nothing was taken.
""")

wrong.swap("upstream dropped", "(dx, index, dout)", "(dx, index, 1)").says("""
    You count how often each entry was taken. Each time it was, `dout` sent a number.
""")


def averages(x, index, dout):
    dx, count = np.zeros_like(x), np.zeros_like(x)
    np.add.at(dx, index, dout)
    np.add.at(count, index, 1)
    return dx / np.maximum(count, 1)


wrong.answer("averaged", averages).says("""
    You divide by the number of times an entry was taken. Every use counts in full.
""")

wrong.swap("starts from x", "np.zeros_like(x)", "x.copy()").says("""
    You add to the values of `x`. A gradient begins at zero.
""")


def into_x(x, index, dout):
    x[...] = 0
    np.add.at(x, index, dout)
    return x


wrong.answer("overwrites x", into_x).says("""
    You use `x` itself as the place for its gradient, and its values are gone.
""")

wrong.swap("zeros in the shape of dout", "(x)", "(dout)").says("""
    Your zeros have the shape of `dout`. The gradient of `x` has the shape of `x`, which may have
    more or fewer entries.
""")

wrong.answer("takes again", lambda x, index, dout: dout[index]).says("""
    You take from `dout` by the index, as the forward pass takes from `x`. Backward the numbers go
    the other way: each to the place that it was taken from.
""")


def returns_the_call(x, index, dout):
    return np.add.at(np.zeros_like(x), index, dout)


wrong.answer("what add.at returns", returns_the_call).says("""
    `np.add.at` changes the array that it is given, and returns nothing. Return that array.
""")

wrong.swap("multiplied by x", "(dx, index, dout)", "(dx, index, dout * x[index])").says("""
    You multiply by the values that were taken. Taking is no product: its slope is 1.
""")

wrong.swap(
    "index is not used as NumPy uses it",
    "np.add.at(dx, index, dout)",
    """
    for row, g in zip(index, dout):
        dx[row] += g
""",
).says("""
    You go through `index` row by row. That works for a list of row numbers, but an index may be a
    slice or a pair of arrays as well.
""")

wrong.swap("index ignored", "np.add.at(dx, index, dout)", "dx[: len(dout)] += dout").says("""
    The gradients go to the first places, in the order of `dout`. They belong where they were taken
    from.
""")


EXERCISE = Exercise(
    id="ch10.getitem",
    title="The way back through x[index]",
    kind="function",
    points=3,
    reference=getitem_backward,
    accepted=(getitem_by_places, getitem_by_loop, getitem_by_matrix),
    mistakes=wrong.all,
    hints=(
        "Take `x` of five numbers and the index [3, 1, 3]. Draw the three arrows from `x` to the "
        "result, then turn them round. What arrives at entry 3?",
        "Begin with zeros in the shape of `x`. Add to every place, once for every time it was taken. "
        "NumPy's ufuncs have a method for this kind of adding; look at the text above the exercise.",
        "The skeleton:\n    dx = … zeros, like x\n    np.add.…(dx, index, …)\n    return …",
    ),
    probe=Probe(probes.getitem),
    draw=draw_getitem,
    outputs=(Output("dx", "", "the shape of x"),),
    remark="An entry that is used three times is a fork with three branches, and at a fork gradients "
    "add.",
)
