"""ch05.mean_squared_error: mean squared error and its gradient."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes import call


def mse(y, t):
    return ((y - t) ** 2).mean(), 2 * (y - t) / y.size


def mse_loop(y, t):
    loss, dy = 0.0, np.zeros(y.shape)
    for i in np.ndindex(y.shape):
        loss += (y[i] - t[i]) ** 2
        dy[i] = 2 * (y[i] - t[i]) / y.size
    return loss / y.size, dy


def mse_by_dot_product(y, t):
    difference = (y - t).ravel()
    return difference @ difference / len(difference), (difference / (len(difference) / 2)).reshape(
        y.shape
    )


def draw_mean_squared_error(rng: np.random.Generator) -> Iterator[Case]:
    for shape, note in (
        ((4, 3), ""),
        ((5, 1), "one number per sample"),
        ((1, 3), "a batch of one"),
        ((6,), "one axis only"),
    ):
        yield Case({"y": rng.normal(0, 2, shape), "t": rng.normal(0, 2, shape)}, note)
    y, t = rng.normal(0, 2, (2, 3)), rng.normal(0, 2, (2, 3))
    yield Case({"y": y.astype(np.float32), "t": t.astype(np.float32)}, "float32")


wrong = Mistakes(nn.mean_squared_error)

wrong.answer(
    "gradient divided by the batch only", lambda y, t: (mse(y, t)[0], 2 * (y - t) / len(y))
).says("""Your loss is a mean over all N · M entries, but the gradient is divided by N only. Loss
    and gradient have to use the same mean.""")

wrong.answer(
    "loss and gradient divided by the batch only",
    lambda y, t: (((y - t) ** 2).sum() / len(y), 2 * (y - t) / len(y)),
).says("""You add the squares of a row and average over the samples. That is a sound loss, but not
    this one: here the mean runs over all entries.""")

wrong.answer("gradient of the sum", lambda y, t: (mse(y, t)[0], 2 * (y - t))).says("""
    The loss is a mean, but your gradient is that of the sum: the division is missing.""")

wrong.answer("sum of squares", lambda y, t: (((y - t) ** 2).sum(), 2 * (y - t))).says("""
    That is the sum of the squares with its gradient. Both grow with the batch; a mean does not.""")

wrong.answer("factor 2 lost", lambda y, t: (mse(y, t)[0], (y - t) / y.size)).says("""
    The exponent 2 comes down when you differentiate, and it is missing. `y - t` alone belongs to
    the loss with ½ in front.""")

wrong.answer("half the loss", lambda y, t: (mse(y, t)[0] / 2, mse(y, t)[1])).says("""
    Your loss has ½ in front and your gradient belongs to the loss without it. They have to fit each
    other.""")

wrong.answer(
    "half the loss, with its gradient", lambda y, t: (mse(y, t)[0] / 2, mse(y, t)[1] / 2)
).says("""Loss and gradient fit each other, but both belong to the loss with ½ in front. Here there
    is no ½.""")

wrong.answer("sign", lambda y, t: (mse(y, t)[0], 2 * (t - y) / y.size)).says("""
    Your gradient points towards the target. It has to point where the loss *grows*: away from
    it.""")

wrong.answer("root of the mean", lambda y, t: (np.sqrt(mse(y, t)[0]), mse(y, t)[1])).says("""
    You take the root of the mean. That is another loss, with another gradient.""")

wrong.answer(
    "absolute differences", lambda y, t: (np.abs(y - t).mean(), np.sign(y - t) / y.size)
).says("""You average absolute differences. Squares weigh large errors more, and their gradient is
    proportional to the error.""")

wrong.answer("one loss per sample", lambda y, t: (((y - t) ** 2).mean(axis=-1), mse(y, t)[1])).says(
    "You average over the last axis only. The loss is one number for the whole batch."
)

wrong.answer("gradient of half the sum", lambda y, t: (mse(y, t)[0], y - t)).says("""
    `y - t` is the gradient of half the *sum* of the squares. The loss is their mean, without a
    half.""")

wrong.answer(
    "squares in the gradient", lambda y, t: (mse(y, t)[0], 2 * (y - t) ** 2 / y.size)
).says("""The square is still in your gradient. Differentiated, it becomes the difference itself,
    times 2.""")

wrong.answer(
    "gradient averaged to one number", lambda y, t: (mse(y, t)[0], np.mean(2 * (y - t)))
).says("You average the gradient to one number. Every prediction has a derivative of its own.")

wrong.answer(
    "gradient divided by the columns", lambda y, t: (mse(y, t)[0], 2 * (y - t) / y.shape[-1])
).says("The gradient is divided by the last size alone. The loss is a mean over all entries.")

wrong.answer(
    "averaged before the square", lambda y, t: (np.mean(y - t) ** 2, mse(y, t)[1])
).says("""You average the differences and square the mean. Errors of opposite sign cancel in it;
    squares do not.""")

wrong.answer("difference of the squares", lambda y, t: (np.mean(y**2 - t**2), mse(y, t)[1])).says(
    "That is the difference of the squares. The difference comes first, then the square."
)

wrong.answer("one loss per column", lambda y, t: (((y - t) ** 2).mean(axis=0), mse(y, t)[1])).says(
    "You average over the first axis only. The loss is one number for the whole batch."
)

wrong.answer("order swapped", lambda y, t: mse(y, t)[::-1]).says("""
    Loss and gradient have changed places: the function returns `loss, dy`.""")

wrong.swap(
    "changes its input",
    "return ((y - t) ** 2).mean(), 2 * (y - t) / y.size",
    "y -= t\nreturn (y**2).mean(), 2 * y / y.size",
    of=mse,
).says("""`y -= t` overwrites the predictions of the caller. Keep the difference in an array of your
    own.""")


def wants_two_axes(cases, seen):
    """Recognise an answer that stops at an array with a single axis."""
    return any(
        case.inputs["y"].ndim == 1
        and one.failure is not None
        and ("tuple index out of range" in one.failure.message or "unpack" in one.failure.message)
        for case, one in zip(cases, seen)
    )


wrong.swap(
    "two axes wanted",
    "return ((y - t) ** 2).mean(), 2 * (y - t) / y.size",
    """
    rows, columns = y.shape
    return ((y - t) ** 2).sum() / (rows * columns), 2 * (y - t) / (rows * columns)""",
    of=mse,
).says(
    """You ask for the number of columns, and `y` may have a single axis. An array knows how many
    entries it has in all.""",
    recognise=wants_two_axes,
)

wrong.answer("always four entries", lambda y, t: (mse(y, t)[0], 2 * (y - t) / 4)).says("""
    You divide by 4, whatever comes. That was the table's example; ask the array how many entries it
    has.""")

EXERCISE = Exercise(
    id="ch05.mean_squared_error",
    title="Mean squared error and its gradient",
    kind="function",
    points=2,
    difficulty=1,
    reference=nn.mean_squared_error,
    accepted=(mse, mse_loop, mse_by_dot_product),
    mistakes=wrong.all,
    hints=(
        "How many squares are added up, and by what is their sum divided? The gradient needs the same "
        "number.",
        "Differentiate (y − t)² with respect to a single y: outer derivative times inner derivative. "
        "The mean puts its divisor in front.",
        "The skeleton:\n"
        "    def mean_squared_error(y, t):\n"
        "        difference = …\n"
        "        loss = …                        # one number\n"
        "        dy = … * difference / …         # the shape of y\n"
        "        return loss, dy",
    ),
    probe=Probe(call, {"returns": ("loss", "dy")}),
    draw=draw_mean_squared_error,
    outputs=(Output("dy", "the shape of y", "one number per prediction"),),
    remark="Loss and gradient use the same mean: a check with one number per sample would not "
    "have noticed a mean over the samples only.",
)
