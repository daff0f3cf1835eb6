"""ch07.reach_banknotes: 98 % of the notes it has never seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Case, Exercise, Observation, Output, Probe
from exercises_lib.data import load_banknotes, simulated_banknotes
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.nn import columns
from exercises_lib.probes import ch07 as probes


def train_notes(x_train, t_train, rng):
    params = columns.init_params((4, 5, 1), rng)
    for _ in range(1000):
        p, cache = columns.forward_pass(x_train, params)
        columns.update(params, columns.backward_pass(p, t_train, cache, params), 0.1)
    return params


def standardised_and_wide(x_train, t_train, rng):
    mean, std = x_train.mean(axis=1, keepdims=True), x_train.std(axis=1, keepdims=True)
    params = columns.init_params((4, 12, 1), rng, 0.7)
    for _ in range(400):
        p, cache = columns.forward_pass((x_train - mean) / std, params)
        columns.update(params, columns.backward_pass(p, t_train, cache, params), 1.0)
    params["weight1"] /= std.T  # so that the network takes the notes as they are
    params["bias1"] -= params["weight1"] @ mean
    return params


def by_minibatches(x_train, t_train, rng):
    params = columns.init_params((4, 10, 1), rng)
    for _ in range(40):
        for rows, labels in nn.minibatches(x_train.T, t_train.T, 50, rng):
            p, cache = columns.forward_pass(rows.T, params)
            grads = columns.backward_pass(p, labels.T, cache, params)
            columns.update(params, grads, 0.1)
    return params


ASKED = 0.98

NOTES_FOR_TRAINING = 1097

MOST_NUMBERS = 1000
"""Numbers that a network may have; 31 are enough, and the notes to learn from have 4,388."""


def draw_notes(rng: np.random.Generator) -> Iterator[Case]:
    """Draw a split of the real notes, and simulated ones that nobody has seen."""
    for notes in (load_banknotes(), simulated_banknotes(seed=int(rng.integers(2**31)))):
        x_train, t_train, x_val, t_val = columns.split(
            notes.x.T, notes.t[np.newaxis].astype(float), NOTES_FOR_TRAINING, rng
        )
        seed = int(rng.integers(2**31))
        yield Case(
            {"x_train": x_train, "t_train": t_train, "seed": seed},
            "freshly simulated notes" if notes.simulated else "the real notes",
            hidden={"x_val": x_val, "t_val": t_val},
        )


def probabilities(params: Any, x: np.ndarray) -> np.ndarray | str:
    """Run the network of an answer on notes.

    Args:
        params: plain data that may come from a hostile process.
        x: (4, N).

    Returns:
        Its probabilities, (1, N); or what is wrong with the parameters, as a sentence.
    """
    if not isinstance(params, dict):
        return "What your function returns is no dictionary of parameters."
    count = len(params) // 2
    if not count or set(params) != {
        f"{k}{i + 1}" for k in ("weight", "bias") for i in range(count)
    }:
        found = ", ".join(str(name)[:20] for name in list(params)[:8]) or "nothing"
        return f"The entries of params are {found}; expected weight1, bias1, weight2, and so on."
    before = len(x)
    for number in range(1, count + 1):
        weight, bias = params[f"weight{number}"], params[f"bias{number}"]
        for name, array in ((f"weight{number}", weight), (f"bias{number}", bias)):
            if not isinstance(array, np.ndarray) or array.dtype.kind not in "iuf":
                return f"params[{name!r}] is no array of numbers."
        size = weight.shape[0] if weight.ndim == 2 else 0
        if weight.shape != (size, before) or bias.shape != (size, 1) or not size:
            return (
                f"weight{number} has shape {weight.shape} and bias{number} {bias.shape}, which "
                f"makes no layer with {before} inputs."
            )
        before = size
    if before != 1:
        return f"The network's last layer has {before} outputs, expected one: the probability."
    numbers = sum(array.size for array in params.values())
    if numbers > MOST_NUMBERS:
        return f"The network has {numbers:,} numbers; at most {MOST_NUMBERS:,} are allowed."
    with np.errstate(all="ignore"):
        return columns.forward_pass(x, {k: array.astype(float) for k, array in params.items()})[0]


def right_part(p: np.ndarray, t_val: np.ndarray) -> float:
    """Return which part of the notes is classified rightly."""
    return float(np.mean((p > 0.5) == (t_val > 0.5)))


def reach_problem(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    p = probabilities(got, inputs["x_val"])
    if isinstance(p, str):
        return p
    if np.isnan(p).any():
        return f"{int(np.isnan(p).sum())} of the probabilities that your network gives are nan."
    part = right_part(p, inputs["t_val"])
    if part < ASKED:
        return (
            f"Your network is right about {100 * part:.1f} % of {p.size} notes that it has never "
            f"seen; {100 * ASKED:.0f} % are asked for."
        )
    return None


wrong = Mistakes(train_notes)


def seen_probabilities(cases: Sequence[Case], seen: Sequence[Observation]) -> list[Any]:
    """Return what the networks of an answer give for the notes of each case."""
    pairs = zip(cases, seen, strict=False)
    return [probabilities(one.values.get("params"), case.hidden["x_val"]) for case, one in pairs]


def gives_nan(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    given = seen_probabilities(cases, seen)
    return any(isinstance(p, np.ndarray) and bool(np.isnan(p).any()) for p in given)


def without_numbers(x_train, t_train, rng):
    return {name: array * np.nan for name, array in columns.init_params((4, 5, 1), rng).items()}


wrong.answer("nan", without_numbers).says(
    """Somewhere in your training a number was lost. Does the backward pass begin with the fused
    gradient of sigmoid and loss?""",
    recognise=gives_nan,
)


def reaches(low: float, high: float) -> Callable[[Sequence[Case], Sequence[Observation]], bool]:
    """Recognise a mistake by the smallest accuracy that was reached: low ≤ accuracy < high."""

    def when(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
        given = seen_probabilities(cases, seen)
        if any(isinstance(p, str) or np.isnan(p).any() for p in given):
            return False
        parts = [right_part(p, case.hidden["t_val"]) for case, p in zip(cases, given, strict=False)]
        return bool(parts) and low <= min(parts) < high

    return when


def turned_round(x_train, t_train, rng):
    return train_notes(x_train, 1 - t_train, rng)


wrong.answer("answers turned round", turned_round).says(
    """Nearly every answer is wrong, which is as hard as getting them right: your network has learnt
    the opposite. Look for a sign, or for a class that is taken for the other.""",
    recognise=reaches(0.0, 0.2),
)


def never_trained(x_train, t_train, rng):
    return {name: 0 * array for name, array in columns.init_params((4, 5, 1), rng).items()}


wrong.answer("as good as guessing", never_trained).says(
    """That is what guessing gives. Either nothing was learnt, or what was learnt is not what you
    return: are the parameters drawn again after the training, or is the step taken on a copy?""",
    recognise=reaches(0.2, 0.8),
)


def one_straight_line(x_train, t_train, rng):
    weight, bias = np.array([[-1.0, 0.0, 0.0, 0.0]]), np.array([[0.2]])
    return {"weight1": weight, "bias1": bias}


wrong.answer("stopped too early", one_straight_line).says(
    """Your network has learnt something and has not come to an end. Give it more epochs, or look at
    the learning rate and the first weights.""",
    recognise=reaches(0.8, ASKED),
)


def returns_no_dictionary(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    failure = seen[0].failure if seen else None
    return failure is not None and failure.message.endswith("expected a dictionary.")


wrong.answer("probabilities instead of parameters", lambda x_train, t_train, rng: x_train[:1]).says(
    """The parameters are asked for, as `init_params` makes them. The check predicts with them
    itself.""",
    recognise=returns_no_dictionary,
)


EXERCISE = Exercise(
    id="ch07.reach_banknotes",
    title="98 % of the notes it has never seen",
    kind="target",
    points=5,
    reference=train_notes,
    accepted=(standardised_and_wide, by_minibatches),
    mistakes=wrong.all,
    hints=(
        "Print the loss every 100 epochs. Does it fall, and does it still fall when your loop ends?",
        "One epoch: forward through all training notes, back, one update. Rate 0.1 and some hundred "
        "epochs will do. What you return are the parameters that the updates have changed.",
        "The skeleton:\n    params = …((4, 5, 1), rng)\n    for epoch in range(…):\n"
        "        p, cache = …\n        grads = …\n        …\n    return …",
    ),
    probe=Probe(probes.trained),
    draw=draw_notes,
    outputs=(Output("params", compare=reach_problem),),
    seconds=60.0,
    repeat=False,
    remark="Your network was right about notes that your function has never seen.",
)
