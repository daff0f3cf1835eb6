"""ch05.softmax_backward: the gradient of softmax alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes import call


def softmax_backward(y, dout):
    return y * (dout - (dout * y).sum(axis=1, keepdims=True))


def softmax_backward_jacobians(y, dout):
    dx = np.zeros_like(dout)
    for n in range(len(y)):
        jacobian = np.diag(y[n]) - np.outer(y[n], y[n])
        dx[n] = jacobian @ dout[n]
    return dx


def softmax_backward_loops(y, dout):
    dx = np.zeros(y.shape)
    for n in range(y.shape[0]):
        for j in range(y.shape[1]):
            for i in range(y.shape[1]):
                dx[n, j] += dout[n, i] * y[n, i] * ((i == j) - y[n, j])
    return dx


def draw_softmax_backward(rng: np.random.Generator) -> Iterator[Case]:
    for shape, note in (
        ((4, 3), ""),
        ((3, 3), "as many samples as classes"),
        ((1, 5), "a batch of one"),
    ):
        yield Case({"y": nn.softmax(rng.normal(size=shape)), "dout": rng.normal(size=shape)}, note)
    y, dout = nn.softmax(rng.normal(size=(2, 4))), rng.normal(size=(2, 4))
    yield Case({"y": y.astype(np.float32), "dout": dout.astype(np.float32)}, "float32")
    y = np.array([[0.0, 1.0, 0.0], [0.5, 0.25, 0.25]])
    yield Case(
        {"y": y, "dout": rng.normal(size=(2, 3))}, "a row with probabilities of exactly 0 and 1"
    )


wrong = Mistakes(softmax_backward)

wrong.swap(
    "only the diagonal", "y * (dout - (dout * y).sum(axis=1, keepdims=True))", "dout * y * (1 - y)"
).says("""`y * (1 - y)` is how yᵢ answers to its *own* score. Every score also changes the
    probabilities of all the other classes, because the row sums to 1.""")

wrong.swap(
    "the common term lost", "y * (dout - (dout * y).sum(axis=1, keepdims=True))", "dout * y"
).says("""That treats the denominator as a constant. A larger score also makes the sum larger, and
    that takes something from every probability of the row.""")

wrong.swap("added over the batch", "1, keepdims=True", "0").says("""The sum inside runs over axis 0,
    the samples. What belongs together are the classes of *one* sample.""")

wrong.swap("one sum for the whole array", "(axis=1, keepdims=True)", "()").says("""
    The sum inside runs over the whole batch. Every row has a sum of its own.""")

wrong.swap("the sum lost its axis", "1, keepdims=True", "1").says("""
    The sums have shape (N,), and broadcasting lays them along the columns: an error if N ≠ C, and
    silently another sample's sum if N = C.""")

wrong.swap("dout not weighted by y", "(dout * y)", "dout").says("""
    You subtract the plain sum of `dout`. Each class counts with its probability there.""")

wrong.swap("dout averaged without weights", "(dout * y).sum", "dout.mean").says("""
    You subtract the plain mean of `dout`. The mean that is needed is weighted: each class counts
    with its probability.""")

wrong.answer(
    "not multiplied by y", lambda y, dout: dout - (dout * y).sum(axis=1, keepdims=True)
).says("""How far each `dout` lies above the weighted mean is there. The score's own probability in
    front of it is missing.""")

wrong.answer("divided by the batch", lambda y, dout: softmax_backward(y, dout) / len(y)).says("""
    You divide by the batch size. Softmax itself has no mean in it; if the loss has one, the
    division is already in `dout`.""")

wrong.answer("softmax once more", lambda y, dout: softmax_backward(nn.softmax(y), dout)).says("""
    `y` is what softmax gave, not the scores. You put it through softmax a second time.""")

wrong.swap(
    "the Jacobians themselves",
    "y * (dout - (dout * y).sum(axis=1, keepdims=True))",
    "np.array([np.diag(row) - np.outer(row, row) for row in y])",
).says("""Those are the Jacobians, one matrix per sample. They are still to be multiplied by what
    arrives in `dout`.""")

wrong.answer(
    "the diagonal's one lost", lambda y, dout: -y * (dout * y).sum(axis=1, keepdims=True)
).says("""Only the path through the sum S is there. The direct path, from each probability to its
    own score, is missing.""")

wrong.swap("a mean of the products", "sum", "mean").says("""`mean` divides the weighted sum by C
    once more. The probabilities are weights already: they sum to 1.""")

wrong.answer(
    "the sum not multiplied by y", lambda y, dout: y * dout - (y * dout).sum(axis=1, keepdims=True)
).says("""Every score of a row loses the same amount in your code. What a score loses is
    proportional to its own probability.""")

wrong.swap("added instead of subtracted", "dout -", "dout +").says("""
    The sign of the second term is wrong: a larger denominator makes the probabilities smaller. Test
    yours: with the same `dout` for all classes, dx has to be 0.""")

wrong.swap(
    "dout ignored, diagonal only", "dout - (dout * y).sum(axis=1, keepdims=True)", "1 - y"
).says("""The upstream gradient does not occur in your result, and of every score's effects only the
    one on its own class does.""")

wrong.swap(
    "the fused gradient", "y * (dout - (dout * y).sum(axis=1, keepdims=True))", "y - dout"
).says("""`y - t` is the gradient of softmax *and* cross-entropy together. Here softmax stands
    alone, and `dout` is an upstream gradient, not a label.""")

wrong.swap(
    "changes dout",
    "return y * (dout - (dout * y).sum(axis=1, keepdims=True))",
    "dout *= y\nreturn dout - y * dout.sum(axis=1, keepdims=True)",
).says("""`dout *= y` writes into the array of the layer above. Keep the product in an array of your
    own.""")

wrong.answer(
    "one sample's Jacobian for all", lambda y, dout: dout @ (np.diag(y[0]) - np.outer(y[0], y[0]))
).says("""You use the Jacobian of the first sample for the whole batch. Each row of `y` has one of
    its own.""")

wrong.answer("sign", lambda y, dout: y * ((dout * y).sum(axis=1, keepdims=True) - dout)).says("""
    All signs are turned. A score's own `dout` counts upwards, and the mean is subtracted.""")

EXERCISE = Exercise(
    id="ch05.softmax_backward",
    title="The gradient of softmax alone",
    kind="function",
    points=3,
    difficulty=3,
    reference=softmax_backward,
    accepted=(
        softmax_backward_jacobians,
        softmax_backward_loops,
        lambda y, dout: y * dout - y * np.einsum("nc,nc->n", y, dout)[:, None],
    ),
    mistakes=wrong.all,
    hints=(
        "Look at the Jacobian of the worked example: its diagonal is not enough. What do its rows "
        "sum to?",
        "Score j reaches every probability of its row: directly its own, with the slope y_j, and "
        "all of them through the sum, with the slopes −y_i · y_j. Multiply each by its dout, add "
        "up, and see which factor can be taken out.",
        "The skeleton:\n"
        "    def softmax_backward(y, dout):\n"
        "        common = …                      # (N, 1), one number per sample\n"
        "        return … * (… - common)",
    ),
    probe=Probe(call, {"returns": ("dx",)}),
    draw=draw_softmax_backward,
    outputs=(Output("dx", "(N, C)", "one number per score"),),
    remark="Every row of dx sums to 0: raising all scores together changes no probability.",
)
