"""ch07.reach_banknotes: 98 % of the notes it has never seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Case, Exercise, Observation, Output, Probe
from exercises_lib.checking.serialize import describe
from exercises_lib.data import load_banknotes, simulated_banknotes
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.nn import columns
from exercises_lib.probes import ch07 as probes


def train_and_predict(x_train, t_train, x_val, rng):
    params = columns.init_params((4, 5, 1), rng)
    for _ in range(1000):
        p, cache = columns.forward_pass(x_train, params)
        columns.update(params, columns.backward_pass(p, t_train, cache, params), 0.1)
    return columns.forward_pass(x_val, params)[0]


def standardised_and_wide(x_train, t_train, x_val, rng):
    mean, std = x_train.mean(axis=1, keepdims=True), x_train.std(axis=1, keepdims=True)
    params = columns.init_params((4, 12, 1), rng, 0.7)
    for _ in range(400):
        p, cache = columns.forward_pass((x_train - mean) / std, params)
        columns.update(params, columns.backward_pass(p, t_train, cache, params), 1.0)
    return columns.forward_pass((x_val - mean) / std, params)[0]


def classes_from_minibatches(x_train, t_train, x_val, rng):
    params = columns.init_params((4, 10, 1), rng)
    for _ in range(40):
        for rows, labels in nn.minibatches(x_train.T, t_train.T, 50, rng):
            p, cache = columns.forward_pass(rows.T, params)
            grads = columns.backward_pass(p, labels.T, cache, params)
            columns.update(params, grads, 0.1)
    return (columns.forward_pass(x_val, params)[0] > 0.5).astype(int)


ASKED = 0.98


NOTES_FOR_TRAINING = 1097


def draw_notes(rng: np.random.Generator) -> Iterator[Case]:
    """Draw the real notes, where they are at hand, and simulated ones that nobody has seen."""
    real = load_banknotes(or_simulated=True, download=False)
    fresh = simulated_banknotes(seed=int(rng.integers(2**31)))
    for notes in (fresh,) if real.simulated else (real, fresh):
        x_train, t_train, x_val, t_val = columns.split(
            notes.x.T, notes.t[np.newaxis].astype(float), NOTES_FOR_TRAINING, rng
        )
        seed = int(rng.integers(2**31))
        yield Case(
            {"x_train": x_train, "t_train": t_train, "x_val": x_val, "seed": seed},
            "freshly simulated notes" if notes.simulated else "the real notes",
            hidden={"t_val": t_val},
        )


def right_part(got: Any, t_val: np.ndarray) -> float | None:
    """Return which part of the notes is classified rightly; None if `got` cannot be read."""
    if not isinstance(got, np.ndarray) or got.shape != t_val.shape or got.dtype.kind not in "biuf":
        return None
    return float(np.mean((got.astype(float) > 0.5) == (t_val > 0.5)))


def probable(p: np.ndarray) -> bool:
    """Tell whether no number lies outside 0 and 1, but for rounding; nan does not."""
    return not ((p < -1e-6) | (p > 1 + 1e-6)).any()


def reach_problem(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    t_val = inputs["t_val"]
    part = right_part(got, t_val)
    if part is None:
        kind = f"has shape {got.shape}" if isinstance(got, np.ndarray) else f"is {describe(got)}"
        return (
            f"What your function returns {kind}, expected an array of shape {t_val.shape}: one "
            "probability per validation note."
        )
    p = got.astype(float)
    if np.isnan(p).any():
        return f"{int(np.isnan(p).sum())} of your probabilities are nan."
    if not probable(p):
        worst = float(p.max() if p.max() - 1 > -p.min() else p.min())
        return f"{worst:.3g} is no probability: it lies between 0 and 1."
    if part < ASKED:
        return (
            f"Your network is right about {100 * part:.1f} % of the {t_val.size} validation notes; "
            f"{100 * ASKED:.0f} % are asked for."
        )
    return None


wrong = Mistakes(train_and_predict)


def gives_nan(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    return any(
        isinstance(got := one.values.get("p"), np.ndarray)
        and got.dtype.kind == "f"
        and bool(np.isnan(got).any())
        for one in seen
    )


wrong.answer("nan", lambda x_train, t_train, x_val, rng: np.full((1, x_val.shape[1]), np.nan)).says(
    """
    Somewhere in your training a number was lost. Does the backward pass begin with the fused gradient of
    sigmoid and loss?
    """,
    recognise=gives_nan,
)


def reaches(low: float, high: float) -> Callable[[Sequence[Case], Sequence[Observation]], bool]:
    """Recognise a mistake by the smallest accuracy that was reached: low ≤ accuracy < high."""

    def when(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
        parts = []
        for case, one in zip(cases, seen):
            got: Any = one.values.get("p")
            part = right_part(got, case.hidden["t_val"])
            if part is None or np.isnan(got.astype(float)).any() or not probable(got):
                return False
            parts.append(part)
        return bool(parts) and low <= min(parts) < high

    return when


wrong.answer(
    "answers turned round",
    lambda x_train, t_train, x_val, rng: 1 - train_and_predict(x_train, t_train, x_val, rng),
).says(
    """
    Nearly every answer is wrong, which is as hard as getting them right: your network has learnt
    the opposite. Look for a sign, or for a class that is taken for the other.
    """,
    recognise=reaches(0.0, 0.2),
)

wrong.answer(
    "as good as guessing", lambda x_train, t_train, x_val, rng: np.zeros((1, x_val.shape[1]))
).says(
    """
    That is what guessing gives. Either nothing was learnt, or what was learnt is not what predicts:
    are the parameters drawn again after the training, or is the step taken on a copy?
    """,
    recognise=reaches(0.2, 0.8),
)

wrong.answer(
    "stopped too early", lambda x_train, t_train, x_val, rng: (x_val[:1] < 0.2).astype(float)
).says(
    """
    Your network has learnt something and has not come to an end. Give it more epochs, or look at
    the learning rate and the first weights.
    """,
    recognise=reaches(0.8, ASKED),
)


def no_probabilities(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    values: list[Any] = [one.values.get("p") for one in seen]
    return any(
        right_part(got, case.hidden["t_val"]) is not None and not probable(got)
        for case, got in zip(cases, values)
    )


wrong.answer(
    "scores instead of probabilities", lambda x_train, t_train, x_val, rng: 9 * x_val[:1]
).says(
    """
    What you return is not squeezed between 0 and 1. Are those the scores, in front of the last
    activation?
    """,
    recognise=no_probabilities,
)


def of_the_training_notes(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    got: Any = seen[0].values.get("p")
    return isinstance(got, np.ndarray) and got.shape == (1, NOTES_FOR_TRAINING)


wrong.answer("the training notes", lambda x_train, t_train, x_val, rng: 0.5 + 0 * x_train[:1]).says(
    """
    You return predictions for the notes that you trained on. The others, `x_val`, are asked for.
    """,
    recognise=of_the_training_notes,
)


EXERCISE = Exercise(
    id="ch07.reach_banknotes",
    title="98 % of the notes it has never seen",
    kind="target",
    points=5,
    reference=train_and_predict,
    accepted=(standardised_and_wide, classes_from_minibatches),
    mistakes=wrong.all,
    hints=(
        "Print the loss every 100 epochs. Does it fall, and does it still fall when your loop ends?",
        "One epoch: forward through all training notes, back, one update. Rate 0.1 and some hundred "
        "epochs will do. Then forward through the validation notes with the same parameters.",
        "The skeleton:\n    params = …((4, 5, 1), rng)\n    for epoch in range(…):\n"
        "        p, cache = …\n        grads = …\n        …\n    p_val, _ = …(x_val, …)\n"
        "    return p_val",
    ),
    probe=Probe(probes.train_and_predict),
    draw=draw_notes,
    outputs=(Output("p", compare=reach_problem),),
    seconds=60.0,
    repeat=False,
    remark="Your function was given new notes and no labels for them; only the judge had those.",
)
