"""ch04.unbroadcast: undo broadcasting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.checking.serialize import same
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch04_affine._sizes import three_sizes
from exercises_lib.probes import ch04 as probes


def unbroadcast(grad, shape):
    added = grad.ndim - len(shape)
    repeated = tuple(i for i, size in enumerate(shape, start=added) if size == 1)
    total = grad.sum(axis=tuple(range(added)) + repeated)
    return np.array(total).reshape(shape)


def unbroadcast_in_two_loops(grad, shape):
    while grad.ndim > len(shape):
        grad = grad.sum(axis=0)
    for axis, size in enumerate(shape):
        if size == 1:
            grad = grad.sum(axis=axis, keepdims=True)
    return grad + 0.0


def unbroadcast_by_counting(grad, shape):
    result = np.zeros(shape)
    owner = np.broadcast_to(np.arange(result.size).reshape(shape), grad.shape)
    np.add.at(result.reshape(-1), owner.ravel(), grad.ravel())
    return result


def unbroadcast_padded(grad, shape):
    padded = (1,) * (grad.ndim - len(shape)) + tuple(shape)
    axes = tuple(i for i, (have, want) in enumerate(zip(grad.shape, padded)) if have != want)
    result = grad.sum(axis=axes, keepdims=True) if axes else grad
    return result.reshape(shape).copy()


def draw_unbroadcast(rng: np.random.Generator) -> Iterator[Case]:
    def case(big: tuple[int, ...], shape: tuple[int, ...], note: str, dtype: type = np.float64):
        grad: Any = rng.normal(size=big).astype(dtype)
        other: Any = rng.normal(size=big).astype(dtype)
        return Case({"grad": grad, "shape": shape, "other grad": other}, note)

    a, b, c = three_sizes(rng)
    yield case((a, b), (b,), f"{(b,)} was broadcast to {(a, b)}")
    yield case((a, b), (a, 1), f"{(a, 1)} was broadcast to {(a, b)}")
    yield case((a, b), (1, b), f"{(1, b)} was broadcast to {(a, b)}")
    yield case((a, b, c), (1, c), f"{(1, c)} was broadcast to {(a, b, c)}")
    yield case((b, c), (1, 1), f"{(1, 1)} was broadcast to {(b, c)}")
    yield case((c, a), (c, a), f"{(c, a)} was not broadcast at all")
    yield case((c, b), (), f"a single number, shape (), was broadcast to {(c, b)}", np.float32)


def own_memory(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    """Say if grad was changed when 1 was added to every number of the result."""
    if same(got, inputs["other grad"]):
        return None
    return (
        f"Writing into the result changes grad as well (shape {inputs['shape']}): "
        "both are the same memory."
    )


def can_be_added_to(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    """Judge the result after 1 was added to every number of it, in place."""
    if isinstance(got, str):
        return (
            "The result cannot be written into: it is a read-only view. Whoever gets a gradient "
            "may add to it."
        )
    if same(got, expected, rtol=1e-3 if inputs["grad"].dtype == np.float32 else 1e-6, atol=1e-5):
        return None
    return "The result for another grad, with 1 added, is not what it should be."


wrong = Mistakes(unbroadcast)

wrong.answer("nothing summed", lambda grad, shape: grad.copy()).says("""
    You give back the gradient in its broadcast shape. It has one entry per copy; the copies'
    gradients have to be added up.""")

wrong.answer("axis 0 always", lambda grad, shape: grad.sum(axis=0)).says("""
    You sum over axis 0, whatever the shape. That is the bias gradient again; which axes were copied
    depends on `shape`.""")

wrong.swap(
    "leading axes only",
    """
    added = grad.ndim - len(shape)
    repeated = tuple(i for i, size in enumerate(shape, start=added) if size == 1)
    total = grad.sum(axis=tuple(range(added)) + repeated)
    return np.array(total).reshape(shape)""",
    "while grad.ndim > len(shape):\n    grad = grad.sum(axis=0)\nreturn grad.copy()",
).says("""You sum over the axes that broadcasting added in front. Axes that were there before with
    length 1 have been repeated too.""")


def unbroadcast_ones_only(grad, shape):
    axes = tuple(i for i, size in enumerate(shape) if size == 1)
    return grad.sum(axis=axes, keepdims=True) if axes else grad.copy()


wrong.answer("axes of length 1 only", unbroadcast_ones_only).says("""
    You sum over axes of length 1 and forget those that broadcasting added in front; they also shift
    the numbers of all the others.""")

wrong.swap(
    "the size taken for the axis",
    """
    for axis, size in enumerate(shape):
        if size == 1:
            grad = grad.sum(axis=axis, keepdims=True)
    return grad + 0.0""",
    """
    axes = tuple(size for size in shape if size == 1)
    return grad.sum(axis=axes, keepdims=True) if axes else grad.copy()""",
    of=unbroadcast_in_two_loops,
).says("Your list of axes holds sizes: `1` every time. `sum` needs the positions of those sizes.")

wrong.swap(
    "axes lost",
    """
    total = grad.sum(axis=tuple(range(added)) + repeated)
    return np.array(total).reshape(shape)
""",
    "return np.array(grad.sum(axis=tuple(range(added)) + repeated))",
).says("The right numbers are added up, but a summed axis of length 1 has vanished from the shape.")

wrong.swap(
    "axes lost, and the others shifted",
    (
        "while grad.ndim > len(shape):\n    grad = grad.sum(axis=0)",
        "total = grad.copy()\nwhile total.ndim > len(shape):\n    total = total.sum(axis=0)",
    ),
    ("grad = grad.sum(axis=axis, keepdims=True)", "total = total.sum(axis=axis)"),
    ("return grad + 0.0", "return total"),
    of=unbroadcast_in_two_loops,
).says("""Each sum takes its axis away, so that the axes behind it move up and the next number means
    another one. A summed axis of length 1 has to stay.""")

wrong.swap(
    "axes taken away at the back",
    (
        "while grad.ndim > len(shape):\n    grad = grad.sum(axis=0)",
        """
    total = grad.copy()
    while total.ndim > len(shape):
        total = total.sum(axis=-1)""",
    ),
    ("grad = grad.sum(axis=axis, keepdims=True)", "total = total.sum(axis=axis, keepdims=True)"),
    ("return grad + 0.0", "return total"),
    of=unbroadcast_in_two_loops,
).says("""You sum over the last axes. Broadcasting adds axes in *front*; at the back the shapes are
    lined up.""")

wrong.swap(
    "one leading axis only",
    (
        "while grad.ndim > len(shape):\n    grad = grad.sum(axis=0)",
        "total = grad.copy()\nif total.ndim > len(shape):\n    total = total.sum(axis=0)",
    ),
    ("grad = grad.sum(axis=axis, keepdims=True)", "total = total.sum(axis=axis, keepdims=True)"),
    ("return grad + 0.0", "return total"),
    of=unbroadcast_in_two_loops,
).says("""You take one axis away in front. Broadcasting may have added several: the shape () has
    none at all.""")

wrong.answer("everything summed", lambda grad, shape: grad.sum()).says("""
    `grad.sum()` adds up everything, whatever the shape. That is right for a single number only.""")

wrong.answer("reshaped", lambda grad, shape: grad.reshape(shape)).says("""
    `reshape` moves numbers to other places and needs as many places as there are numbers. Here
    there are fewer: several numbers have to become one.""")

wrong.swap(
    "mean",
    """
    total = grad.sum(axis=tuple(range(added)) + repeated)
    return np.array(total).reshape(shape)
""",
    "return np.array(grad.mean(axis=tuple(range(added)) + repeated)).reshape(shape)",
).says("""You take the mean over the copies. Each copy has an effect of its own on the loss, and the
    effects add up.""")


def unbroadcast_first_copy(grad, shape):
    index = tuple(slice(0, n) for n in shape)
    while grad.ndim > len(shape):
        grad = grad[0]
    return grad[index].copy()


wrong.answer("first copy only", unbroadcast_first_copy).says("""You keep the gradient of the first
    copy and drop the others.""")

wrong.answer("forced into the shape", lambda grad, shape: np.resize(grad, shape)).says("""
    `np.resize` makes the shape right by cutting numbers off. None of them may be lost: they belong
    to copies of the same input.""")

wrong.swap(
    "gives back grad itself",
    "added = grad.ndim - len(shape)",
    "if grad.shape == shape:\n    return grad\nadded = grad.ndim - len(shape)",
).says("""Where nothing was broadcast you return the array you were given. Its owner and you now
    share it: adding to one changes the other.""")

wrong.swap(
    "a read-only view",
    "np.array(total).reshape(shape)",
    "np.broadcast_to(np.array(total).reshape(shape), shape)",
).says("`np.broadcast_to` gives a view that cannot be written into.")

wrong.swap(
    "sums into grad",
    "added = grad.ndim - len(shape)",
    """
    while grad.ndim > len(shape):
        for part in grad[1:]:
            grad[0] += part
        grad = grad[0]
    added = grad.ndim - len(shape)""",
).says("""You add up inside `grad`. It belongs to the caller, and where it is a broadcast view
    writing into it is not even possible.""")

wrong.swap(
    "axes that move up",
    "added = grad.ndim - len(shape)",
    """
    for axis in range(grad.ndim - len(shape)):
        grad = grad.sum(axis=axis)
    added = grad.ndim - len(shape)""",
).says("""After one axis has been summed away the others move up by one place, and your loop goes on
    with the old numbers.""")

wrong.swap(
    "first axis of length 1 only",
    (
        "while grad.ndim > len(shape):\n    grad = grad.sum(axis=0)",
        "grad = grad.sum(axis=tuple(range(grad.ndim - len(shape))))",
    ),
    ("grad = grad.sum(axis=axis, keepdims=True)", "return grad.sum(axis=axis, keepdims=True)"),
    ("return grad + 0.0", "return grad.copy()"),
    of=unbroadcast_in_two_loops,
).says("""You stop at the first axis of length 1. There can be several: a `return` inside a loop
    ends it.""")

wrong.swap(
    "axes of length 1 first",
    ("while grad.ndim > len(shape):\n    grad = grad.sum(axis=0)", ""),
    (
        "return grad + 0.0",
        "while grad.ndim > len(shape):\n    grad = grad.sum(axis=0)\nreturn grad.copy()",
    ),
    of=unbroadcast_in_two_loops,
).says("""The axes of `shape` are counted without those in front, and you sum while these are still
    there: the two do not line up. The order of your two steps matters.""")

wrong.swap(
    "a number in a box",
    "(total).reshape(shape)",
    "(total).reshape(shape) if shape else np.array([grad.sum()])",
).says("""For the shape `()` you return an array with one entry. Its shape is (1,), and that is not
    ().""")

EXERCISE = Exercise(
    id="ch04.unbroadcast",
    title="Undo broadcasting",
    kind="function",
    points=3,
    difficulty=3,
    reference=unbroadcast,
    accepted=(unbroadcast_in_two_loops, unbroadcast_by_counting, unbroadcast_padded),
    mistakes=wrong.all,
    hints=(
        "Take grad (4, 3) and shape (3,), then shape (4, 1). Which axes were made by copying?",
        "Two kinds of axes are summed: those that broadcasting added in front, grad.ndim - "
        "len(shape) of them, and those that have length 1 in shape.",
        "The skeleton:\n    added = …                   # how many axes came in front\n"
        "    axes = tuple(range(…)) + tuple(added + i for i, size in … if …)\n"
        "    return np.array(grad.sum(axis=…)).reshape(…)",
    ),
    probe=Probe(probes.unbroadcast),
    draw=draw_unbroadcast,
    outputs=(
        Output("result", "", "the shape of the input before it was broadcast"),
        Output("result with 1 added", compare=can_be_added_to),
        Output("grad after adding to the result", compare=own_memory),
    ),
    fills={"grad after adding to the result": ("other grad",)},
    remark="The bias gradient was the first case of this rule: (M,) had been broadcast to (N, M).",
)
