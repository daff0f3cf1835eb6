"""ch07.loss_and_accuracy: loss and accuracy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from exercises_lib.checking import Case, Exercise, Observation, Output, Probe
from exercises_lib.checking.serialize import is_number
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch07_banknotes._shared import labels
from exercises_lib.probes import ch07 as probes


def loss_and_accuracy(p, t):
    right = np.where(t == 1, p, 1 - p)
    loss = -np.log(np.maximum(right, 1e-15)).mean()
    return float(loss), float(np.mean((p > 0.5) == (t == 1)))


def loss_by_samples(p, t):
    loss = hits = 0.0
    for q, label in zip(p[0], t[0]):
        q = min(max(q, 1e-12), 1 - 1e-12)
        loss -= np.log(q) if label else np.log(1 - q)
        hits += (q > 0.5) == bool(label)
    return loss / p.size, hits / p.size


def loss_clipped(p, t):
    q = np.clip(p, 1e-12, 1 - 1e-12)
    loss = -(t * np.log(q) + (1 - t) * np.log(1 - q)).mean()
    return loss, 1 - np.abs(np.round(p) - t).mean()


def hits(p, t):
    return np.mean((p > 0.5) == (t == 1))


def draw_loss(rng: np.random.Generator) -> Iterator[Case]:
    def p_of(n: int) -> np.ndarray:
        p = rng.uniform(0.05, 0.95, (1, n))
        return np.where(np.abs(p - 0.5) < 0.02, 0.6, p)

    n = int(rng.integers(30, 40))  # so many that different accuracies are different numbers
    yield Case({"p": p_of(n), "t": labels(rng, n)}, f"{n} samples")
    near = np.array([[2e-6, 1 - 3e-6]])
    yield Case({"p": near, "t": np.array([[1.0, 0.0]])}, "probabilities near 0 and 1")
    yield Case({"p": p_of(1), "t": np.ones((1, 1))}, "a single sample, of class 1")
    yield Case({"p": p_of(1), "t": np.zeros((1, 1))}, "a single sample, of class 0")
    yield Case({"p": p_of(4).astype(np.float32), "t": labels(rng, 4)}, "float32")
    p = np.concatenate([np.array([[1.0, 0.0]]), p_of(3)], axis=1)
    t = np.concatenate([np.array([[1.0, 0.0]]), labels(rng, 3)], axis=1)
    yield Case({"p": p, "t": t}, "probabilities of exactly 1 and 0, and they are right")
    t = np.concatenate([np.array([[0.0, 1.0]]), labels(rng, 3)], axis=1)
    yield Case({"p": p, "t": t}, "probabilities of exactly 1 and 0, and they are wrong")


def certain_and_wrong(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    if not is_number(got) or isinstance(got, complex):
        return "The loss is not a number."
    value, n = float(np.asarray(got).real), inputs["p"].size
    if not np.isfinite(value):
        return f"The loss is {value:g} where a prediction is certain and wrong; make it finite."
    if not 2 * 10 / n < value < 2 * 800 / n + 5:
        return (
            f"The loss is {value:.4g} where two of {n} predictions are certain and wrong. Each of "
            "those alone should cost at least 10."
        )
    return None


wrong = Mistakes(loss_and_accuracy)

wrong.answer(
    "unsafe logarithms",
    lambda p, t: (-(t * np.log(p) + (1 - t) * np.log(1 - p)).mean(), hits(p, t)),
).says("""At a probability of exactly 0 or 1 one of the two logarithms is −inf, and 0 · (−inf) is
    nan. Keep p a little away from both ends inside the logarithms.""")


def bce(p, t):
    q = np.clip(p, 1e-15, 1 - 1e-15)
    return -(t * np.log(q) + (1 - t) * np.log(1 - q))


wrong.answer("summed over the samples", lambda p, t: (bce(p, t).sum(), hits(p, t))).says("""
    Your loss is a sum over the samples. It would be four times larger on the training set than on
    the validation set for no other reason than their sizes.""")

wrong.answer(
    "class 1 only", lambda p, t: (-(t * np.log(np.maximum(p, 1e-15))).mean(), hits(p, t))
).says("""Your loss has the term of class 1 alone: a note of class 0 costs nothing, whatever the
    network says about it.""")

wrong.answer("sign lost", lambda p, t: (-bce(p, t).mean(), hits(p, t))).says("""
    Your loss is negative: logarithms of probabilities are, and the minus in front is missing.""")

wrong.answer("labels exchanged", lambda p, t: (bce(p, 1 - t).mean(), hits(p, t))).says("""
    Your loss takes the probability of the wrong class: p is the probability of class 1.""")

wrong.answer("squared error", lambda p, t: (((p - t) ** 2).mean(), hits(p, t))).says("""
    That is the mean squared error. A classifier's price is −log of the probability that the truth
    was given.""")

wrong.answer(
    "an array as the loss",
    lambda p, t: (-(t @ np.log(p.T) + (1 - t) @ np.log(1 - p).T) / p.size, hits(p, t)),
).says("""The product of a (1, N) and an (N, 1) array is an array of shape (1, 1). The loss is a
    plain number.""")

wrong.answer("one loss per sample", lambda p, t: (bce(p, t), hits(p, t))).says("""
    You return a loss per sample; their mean is asked for.""")

wrong.answer("accuracy in percent", lambda p, t: (bce(p, t).mean(), 100 * hits(p, t))).says("""
    Your accuracy is in percent. A part of the whole is asked for, from 0 to 1.""")

wrong.answer(
    "right answers counted", lambda p, t: (bce(p, t).mean(), ((p > 0.5) == (t == 1)).sum())
).says("You count right answers; which *part* of the samples they are is asked for.")

wrong.answer(
    "probabilities compared with labels", lambda p, t: (bce(p, t).mean(), np.mean(p == t))
).says("""You ask whether the probability *equals* the label. The network says class 1 wherever its
    probability is above one half.""")

wrong.answer(
    "error instead of accuracy", lambda p, t: (bce(p, t).mean(), np.mean((p > 0.5) != (t == 1)))
).says("That is the part of wrong answers.")

wrong.answer("order swapped", lambda p, t: (hits(p, t), bce(p, t).mean())).says("""
    Loss and accuracy have changed places: the function returns `loss, accuracy`.""")


def loss_seen(one: Observation) -> float:
    value: Any = one.values.get("loss")
    return float(np.real(value)) if is_number(value) else float("nan")


def cheap_near_the_ends(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Recognise a limit or a constant by its traces: at the ends, and nowhere else."""
    first, near = [bce(case.inputs["p"], case.inputs["t"]).mean() for case in cases[:2]]
    losses = [loss_seen(one) for one in seen[:2]]
    return len(losses) == 2 and bool(
        np.isclose(losses[0], first, rtol=0.1) and 2 < losses[1] < near - 0.02
    )


wrong.answer(
    "too cheap near 0 and 1", lambda p, t: (bce(np.clip(p, 1e-4, 1 - 1e-4), t).mean(), hits(p, t))
).says(
    """Where the truth was given a probability of some millionths, your loss is too small: a
    constant is added inside the logarithms, or a limit begins too early. Choose it far smaller.""",
    recognise=cheap_near_the_ends,
)


def logarithm_of_labels(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Recognise log 0, bounded or not, in proportion to how far p lies from t."""
    p, t = cases[0].inputs["p"], cases[0].inputs["t"]
    loss = loss_seen(seen[0])
    return loss == np.inf or 10 < loss / np.abs(p - t).mean() < 800


wrong.answer("p and t exchanged", lambda p, t: (bce(t, p).mean(), hits(p, t))).says(
    """You take the logarithm of the labels. It belongs to the probabilities; the labels choose
    which of the two terms counts.""",
    recognise=logarithm_of_labels,
)


def bounded(p):
    return np.clip(p, 1e-15, 1)


wrong.answer(
    "minus between the terms",
    lambda p, t: (
        -(t * np.log(bounded(p)) - (1 - t) * np.log(bounded(1 - p))).mean(),
        hits(p, t),
    ),
).says("""Between your two terms stands a minus. Both classes cost something: the one minus in front
    serves both terms.""")

wrong.answer("one number in an array", lambda p, t: (bce(p, t).mean(axis=1), hits(p, t))).says("""
    A mean over axis 1 leaves axis 0, of length 1. The loss is a plain number.""")

wrong.answer(
    "argmax of one row", lambda p, t: (bce(p, t).mean(), np.mean(p.argmax(axis=0) == t))
).says("""`argmax` chooses between several scores. Here each sample has a single probability, so it
    always says 0.""")

wrong.answer("labels not asked", lambda p, t: (bce(p, t).mean(), np.mean(p > 0.5))).says("""
    That is the part of the samples which the network puts into class 1. Whether it is right about
    them does not occur in it.""")

wrong.answer(
    "right about class 1 only", lambda p, t: (bce(p, t).mean(), np.mean((p > 0.5) * t))
).says("""You count the samples of class 1 that are found. One of class 0 that is called 0 is right
    too.""")

wrong.answer("limit at 0", lambda p, t: (bce(p, t).mean(), np.mean((p > 0) == (t == 1)))).says("""
    You ask where p is above 0, and a probability nearly always is. Above 0 would be the question
    for a score.""")


EXERCISE = Exercise(
    id="ch07.loss_and_accuracy",
    title="Loss and accuracy",
    kind="function",
    points=3,
    reference=loss_and_accuracy,
    accepted=(loss_by_samples, loss_clipped),
    mistakes=wrong.all,
    hints=(
        "Try p = [[1.0, 0.0]] with t = [[1.0, 0.0]]: a perfect prediction. What does it cost?",
        "A sample costs −log of the probability given to its own class, p or 1 − p. A limit of "
        "1e-12 inside the logarithm keeps it finite and changes nothing else. The network says "
        "class 1 where p is above ½.",
        "The skeleton:\n    q = np.clip(p, …, …)\n"
        "    loss = -np.mean(t * … + (1 - t) * …)\n    accuracy = np.mean((p > …) == …)\n"
        "    return …, …",
    ),
    probe=Probe(probes.loss_and_accuracy),
    draw=draw_loss,
    outputs=(
        Output("loss", rtol=1e-5, atol=1e-6),
        Output("certain loss", rtol=1e-5, atol=1e-6),
        Output("certain-and-wrong loss", compare=certain_and_wrong),
    ),
    remark="The limit is for the report only. The gradient of this chapter never sees it.",
)
