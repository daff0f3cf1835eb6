"""ch06.overfit_ten: ten samples learnt by heart, the first thing to try with a new network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Case, Exercise, Observation, Output, Probe
from exercises_lib.checking.serialize import describe
from exercises_lib.data import load_digits
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch06_training._library_use import OWN_OUTPUT, uses_nn
from exercises_lib.exercises.ch06_training._own import Net, WithVelocity, descend
from exercises_lib.probes import ch06 as probes

TARGET = 0.01


def memoriser(
    steps: int = 300,
    lr: float = 0.5,
    hidden: int = 50,
    std: float = 0.1,
    step: Callable[[], Callable[..., None]] | None = None,
    labels: Callable[..., Any] = lambda t: t,
) -> Callable[..., Any]:
    """Make an answer that takes so many steps, each with all ten samples."""

    def learn_ten(x, t, rng):
        net = Net((64, hidden, 10), rng, std)
        descent = step() if step else descend
        for _ in range(steps):
            descent(net.params, net.gradient(x, labels(t)), lr)
        return net

    return learn_ten


def one_after_the_other(x, t, rng):
    """Right: one sample a step."""
    net = Net((64, 30, 10), rng, 0.2)
    for _ in range(200):
        for row in range(len(x)):
            descend(net.params, net.gradient(x[row : row + 1], t[row : row + 1]), 0.1)
    return net


def draw_ten(rng: np.random.Generator) -> Iterator[Case]:
    digits = load_digits()
    rows = rng.permutation(len(digits.x_train))
    # At least three classes, so that one answer for all is never good enough.
    while len(np.unique(digits.t_train[rows[:10]])) < 3:
        rows = rng.permutation(len(digits.x_train))
    yield Case(
        {
            "x_train": digits.x_train[rows[:10]],
            "t_train": digits.t_train[rows[:10]],
            "seed": int(rng.integers(2**31)),
        },
        "ten digits, and no others",
    )


def loss_of(inputs: Mapping[str, Any], scores: Any) -> float | None:
    """Return the mean cross-entropy of scores for the ten digits, or None if they are none."""
    if not isinstance(scores, np.ndarray) or scores.shape != (len(inputs["t_train"]), 10):
        return None
    if scores.dtype.kind not in "iuf" or not np.isfinite(scores).all():
        return None
    return nn.SoftmaxWithLoss().forward(scores.astype(float), inputs["t_train"])


def judge_loss(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    """Say how large the loss still is."""
    loss = loss_of(inputs, got)
    if loss is None:
        return (
            f"predict returns {describe(got)}, expected finite scores of shape (10, 10): one row "
            "for each digit."
        )
    if loss < TARGET:
        return None
    return f"The loss on the ten digits is {loss:.3g}; below {TARGET} is asked for."


wrong = Mistakes(memoriser())


def learnt_with_nn(x, t, rng):
    net = nn.TwoLayerNet(64, 50, 10, rng, std=0.1)
    for _ in range(200):
        nn.SGD(0.5).update(net.params, net.gradient(x, t))
    return net


wrong.answer("the library's network", learnt_with_nn).says(
    """What trains here is the course's library. The point of this test is to find faults in *your*
    network: take your own classes, with `from mynn import …` if they stand in another notebook.""",
    recognise=uses_nn,
)


def scores_of(seen: Sequence[Observation]) -> Any:
    return seen[0].values.get("scores") if seen else None


def recognised(test: Callable[[float, Any, Any], bool]) -> Callable[..., bool]:
    """Recognise answers by their loss, their scores and their labels."""

    def recognise(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
        scores = scores_of(seen)
        loss = loss_of(cases[0].inputs, scores)
        return loss is not None and test(loss, scores, cases[0].inputs["t_train"])

    return recognise


def not_numbers(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    scores = scores_of(seen)
    return isinstance(scores, np.ndarray) and not np.isfinite(scores).all()


wrong.answer("exploded", memoriser(lr=-0.5, steps=2000)).says(
    """The weights have left the numbers that a float can hold: the steps go uphill, or they are far
    too long.""",
    recognise=not_numbers,
)


class ClassNumbers:
    def __init__(self, net):
        self.net = net

    def predict(self, x):
        return self.net.predict(x).argmax(axis=1)


wrong.answer("class numbers", lambda x, t, rng: ClassNumbers(memoriser(steps=2)(x, t, rng))).says(
    "Your `predict` gives one class number for each digit. What is asked for are the ten scores.",
    recognise=lambda cases, seen: np.shape(scores_of(seen)) == (10,),
)


def alike(scores: Any) -> bool:
    return bool(np.ptp(scores, axis=0).max() <= 1e-9 * max(np.abs(scores).max(), 1e-9))


wrong.answer("the same answer for every digit", memoriser(std=0.0)).says(
    """All ten digits get the same scores: what the network sees does not reach its output. Weights
    that start at 0 do that, and so does a rate at which all ReLUs close.""",
    recognise=recognised(lambda loss, scores, t: alike(scores)),
)

wrong.answer("labels of others", memoriser(labels=lambda t: np.roll(t, 1))).says(
    """The network is very sure, and wrong: it has learnt other labels than those that stand beside
    the digits. Is something shuffled without its partner, or off by one?""",
    recognise=recognised(lambda loss, scores, t: loss > 2.5),
)

wrong.answer("hardly begun", memoriser(steps=3, lr=0.01)).says(
    """The loss is close to ln 10 = 2.3, where a new network begins. Do the updates reach the arrays
    that the layers hold? And how many steps are there?""",
    recognise=recognised(lambda loss, scores, t: 1.8 < loss <= 2.5),
)

wrong.answer("stopped too early", memoriser(steps=40)).says(
    """The network is learning its ten digits and has not come to the end. Ten samples are quickly
    gone through: take many more steps, or longer ones.""",
    recognise=recognised(lambda loss, scores, t: TARGET <= loss <= 1.8),
)

EXERCISE = Exercise(
    id="ch06.overfit_ten",
    title="Ten digits, learnt by heart",
    kind="target",
    points=2,
    difficulty=1,
    reference=memoriser(),
    accepted=(memoriser(lr=0.05, step=WithVelocity), one_after_the_other),
    mistakes=wrong.all,
    hints=(
        "There are ten samples, so a batch is all of them, and a step costs next to nothing. How "
        "does the loss change from step to step?",
        "Your `TwoLayerNet` with 64 inputs, some dozens of hidden units and 10 outputs, first "
        "weights of standard deviation 0.1, and some hundreds of steps at the rate 0.5.",
        "The skeleton:\n    def learn_ten(x, t, rng):\n        net = TwoLayerNet(64, …, 10, rng, …)\n"
        "        for … in range(…):\n            …  # gradient, step\n        return net",
    ),
    probe=Probe(probes.memorised),
    draw=draw_ten,
    outputs=(
        OWN_OUTPUT,
        Output("scores", compare=judge_loss),
        Output("scores of digits moved by a hair", compare=judge_loss),
    ),
    remark="A network that cannot do this has a fault, and no amount of data would mend it.",
    seconds=20.0,
    repeat=False,
)
