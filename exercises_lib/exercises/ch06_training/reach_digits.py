"""ch06.reach_digits: read handwritten digits: at least 93 % of those that are drawn anew.

The judge reads with the network itself: it takes the parameters and runs them on pictures that it
has drawn a moment before, so that neither a stored label nor the nearest picture is of any use.
"""

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
from exercises_lib.exercises.ch06_training._own import Net, WithVelocity, batches, descend
from exercises_lib.exercises.drawn_anew import fresh_digits, layers_of, read_rightly, scores_of
from exercises_lib.probes import ch06 as probes


def digits_trainer(
    hidden: int = 200,
    lr: float = 0.5,
    epochs: int = 40,
    batch: int = 50,
    std: float = 0.1,
    noise: float = 0.2,
    step: Callable[[], Callable[..., None]] | None = None,
    labels: Callable[..., Any] = lambda t, rng: t,
) -> Callable[..., Any]:
    """Make an answer that trains a network in its own way."""

    def train_digits(x_train, t_train, rng):
        net, t = Net((64, hidden, 10), rng, std), labels(t_train, rng)
        descent = step() if step else descend
        for _ in range(epochs):
            for xs, ts in batches(x_train, t, batch, rng):
                noisy = xs + noise * rng.standard_normal(xs.shape)
                descent(net.params, net.gradient(noisy, ts), lr)
        return net

    return train_digits


TARGET = 0.93


def draw_digits(rng: np.random.Generator) -> Iterator[Case]:
    digits = load_digits()
    yield Case(
        {"x_train": digits.x_train, "t_train": digits.t_train, "seed": int(rng.integers(2**31))},
        "1,437 digits to train with, 1,440 drawn anew to read",
        hidden=fresh_digits(rng),
    )


def accuracy_of(case: Case, scores: Any) -> float | None:
    """Return which part of the training digits gets its largest score for the right class."""
    t = case.inputs["t_train"]
    if not isinstance(scores, np.ndarray) or scores.shape != (len(t), 10):
        return None
    if scores.dtype.kind not in "iuf" or not np.isfinite(scores).all():
        return None
    return read_rightly(scores, t)


def judge_scores(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    """Say whether an answer gave scores at all."""
    if not isinstance(got, np.ndarray) or got.dtype.kind not in "iuf":
        return f"predict returns {describe(got)}, expected an array of scores of shape (N, 10)."
    if got.shape != np.shape(expected):
        return (
            f"predict returns an array of shape {got.shape}, expected {np.shape(expected)} = "
            "(N, 10): one score per class, for every digit."
        )
    return None if np.isfinite(got).all() else "There are inf or nan among the scores."


def judge_network(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    """Say how many of the digits that were drawn anew the network reads, if too few."""
    layers = layers_of(got)
    if isinstance(layers, str):
        return layers
    reached = read_rightly(scores_of(layers, inputs["x_new"]), inputs["t_new"])
    if reached >= TARGET:
        return None
    count = len(inputs["t_new"])
    return (
        f"{round(reached * count)} of {count} digits that were drawn anew are read rightly, "
        f"{reached:.1%}. The target is {TARGET:.0%}."
    )


wrong = Mistakes()


def trained_with_nn(x_train, t_train, rng):
    net = nn.TwoLayerNet(64, 200, 10, rng, std=0.1)
    for _ in range(2):
        for xs, ts in nn.minibatches(x_train, t_train, 50, rng):
            nn.SGD(0.5).update(net.params, net.gradient(xs, ts))
    return net


wrong.answer("the library's network", trained_with_nn).says(
    """What trains here is the course's library. Everything that it does you have written yourself:
    take your own classes and functions, with `from mynn import …`.""",
    recognise=uses_nn,
)


def labels_instead(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Recognise answers whose predict gives one number for each sample."""
    scores = seen[0].values.get("training scores") if seen else None
    return isinstance(scores, np.ndarray) and scores.shape == (len(cases[0].inputs["x_train"]),)


class ClassNumbers:
    """A trained network whose predict gives class numbers."""

    def __init__(self, net):
        self.net, self.params = net, net.params

    def predict(self, x):
        return self.net.predict(x).argmax(axis=1)


wrong.answer(
    "class numbers",
    lambda x_train, t_train, rng: ClassNumbers(digits_trainer(20, epochs=2)(x_train, t_train, rng)),
).says(
    """Your `predict` gives one class number for each digit. What is asked for are the ten scores,
    as `TwoLayerNet.predict` gives them.""",
    recognise=labels_instead,
)


def not_numbers(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Recognise answers whose scores are inf or nan."""
    scores = seen[0].values.get("training scores") if seen else None
    if not isinstance(scores, np.ndarray) or scores.dtype.kind != "f":
        return False
    return not np.isfinite(scores).all()


wrong.answer("exploded", digits_trainer(20, lr=-0.5, epochs=40)).says(
    """The weights have left the numbers that a float can hold. Either the steps go uphill, or they
    are far too long: look at the sign and the size of the learning rate.""",
    recognise=not_numbers,
)


def params_say_otherwise(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Recognise answers whose scores are not those of their parameters."""
    layers = layers_of(seen[0].values.get("params")) if seen else ""
    told = seen[0].values.get("training scores") if seen else None
    if isinstance(layers, str) or accuracy_of(cases[0], told) is None:
        return False
    scores = scores_of(layers, cases[0].inputs["x_train"])
    return not np.allclose(np.asarray(told), scores, rtol=1e-3, atol=1e-3)


def reached_like(test: Callable[[float, Any], bool]) -> Callable[..., bool]:
    """Recognise answers by their accuracy on the training digits and their scores for these."""

    def when(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
        scores = seen[0].values.get("training scores") if seen else None
        reached = accuracy_of(cases[0], scores)
        return (
            reached is not None and not params_say_otherwise(cases, seen) and test(reached, scores)
        )

    return when


def constant(scores: Any) -> bool:
    """Tell whether all samples get the same scores."""
    spread, size = np.ptp(scores, axis=0).max(), np.abs(scores).max()
    return bool(spread <= 1e-9 * max(size, 1e-9))


wrong.answer("the same answer for every digit", digits_trainer(20, epochs=2, std=0.0)).says(
    """Every picture gets the same scores: what the network sees no longer matters. Weights that
    start at 0 do that, and so does a learning rate so large that all ReLUs close.""",
    recognise=reached_like(lambda reached, scores: constant(scores)),
)

wrong.answer(
    "no better than guessing",
    digits_trainer(20, epochs=2, labels=lambda t, rng: rng.permutation(t)),
).says(
    """Even the training digits are read no better than by guessing. Do updates reach the network,
    and does each picture keep its own label?""",
    recognise=reached_like(lambda reached, scores: reached < 0.25),
)

wrong.answer("training digits not learnt", digits_trainer(50, epochs=3, lr=0.1)).says(
    """More than 2 of 100 *training* digits are read wrongly too, so the network has not learnt what
    it was shown: more epochs, longer steps, or more hidden units. And does every sample get its
    turn?""",
    recognise=reached_like(lambda reached, scores: reached < 0.98),
)

wrong.answer("learnt by heart", digits_trainer(100, lr=0.03, epochs=150, std=4.0, noise=0.0)).says(
    """The training digits are read almost perfectly, and new ones are not: that is overfitting.
    Small first weights and a little noise on the images help against it; more epochs do not.""",
    recognise=reached_like(lambda reached, scores: reached >= 0.98),
)


class NearestPicture:
    """Answers with the label of the training digit that is nearest; its params are decoration."""

    def __init__(self, x, t, rng):
        self.x, self.t = x, t
        self.params = Net((64, 50, 10), rng, 0.1).params

    def predict(self, x):
        far = ((x**2).sum(1)[:, None] - 2 * x @ self.x.T + (self.x**2).sum(1)).argmin(1)
        return np.eye(10)[self.t[far]]


wrong.answer("not what params says", NearestPicture).says(
    """`predict` gives other scores than `params` does with affine layers and ReLUs between them.
    The check reads with `params`: whatever else your `predict` does is not the network.""",
    recognise=params_say_otherwise,
)

EXERCISE = Exercise(
    id="ch06.reach_digits",
    title="Read handwritten digits: at least 93 % of those drawn anew",
    kind="target",
    points=5,
    reference=digits_trainer(),
    accepted=(
        digits_trainer(noise=0.25, lr=0.05, step=WithVelocity),
        digits_trainer(hidden=250, noise=0.25, batch=40),
    ),
    mistakes=wrong.all,
    hints=(
        "Look at the accuracy on the training digits first. If it is low, the network has not learnt; "
        "if it is high and the other one is not, it has learnt the wrong thing.",
        "All the parts are yours: your `TwoLayerNet` with 64 inputs and 10 outputs, batches "
        "of 50, learning rate 0.5, 40 epochs. Fifty hidden units get you close to the target. "
        "What do more of them do, and what does a little noise on the images?",
        "The skeleton:\n    def train_digits(x_train, t_train, rng):\n"
        "        net = TwoLayerNet(64, …, 10, rng, std=0.1)\n        for … in range(…):\n"
        "            for x, t in minibatches(…):\n                …\n        return net",
    ),
    probe=Probe(probes.trained),
    draw=draw_digits,
    outputs=(
        OWN_OUTPUT,
        Output("training scores", compare=judge_scores),
        Output("params", compare=judge_network),
    ),
    remark="Your network reads digits that nobody has seen before: the check drew them for it.",
    seconds=60.0,
    repeat=False,
)
