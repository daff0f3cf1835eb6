"""What the exercises of the clinic share: the sign of each fault, and fresh patients.

A fault's sign is found by one or two tests and by no other fault of the same ward;
`tests/exercises/test_clinic.py` holds that over drawn patients.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from exercises_lib import clinic
from exercises_lib.checking import Case, Field, Mistake
from exercises_lib.clinic import Patient

SIGNS: Mapping[str, str] = {
    clinic.HEALTHY: "In a healthy run no test finds anything.",
    "rate too large": "With a rate that is too large, the very first update is already more than a "
    "twentieth of the first layer's weights (`update_ratios`), although the inputs are of size 1.",
    "rate too small": "With a rate that is too small, no update is more than a ten-thousandth of the "
    "weights (`update_ratios`), and ten samples are not learnt either.",
    "wrong sign": "With the wrong sign the loss of `ten_samples`, where there is no chance, rises "
    "until it is no number any more, although the first update is not too long.",
    "no shuffling": "Without shuffling, `look` shows the labels in blocks: all of class 0, then all "
    "of class 1, then all of class 2.",
    "gradients not zeroed": "When gradients are not set to zero they pile up: in `gradient_norms` the "
    "first layer's grow to more than twice their length in the first sixteen steps.",
    "dead ReLUs": "With dead ReLUs, `dead_relus` is 1 from the start, and the weights in "
    "`parameter_norms` are not 0.",
    "zero start": "With a start at zero, the weights in `parameter_norms` have length 0, at the start "
    "and at the end.",
    "unscaled inputs": "With unscaled inputs, `look` shows a column of hundreds or thousands beside "
    "columns of size 1.",
    "labels off by one": "With labels that belong to the neighbour, the training accuracy rises and "
    "the validation accuracy (`accuracies`) stays below one half; ten samples are learnt by heart.",
    "averaged twice": "With a loss that is averaged twice, the first loss is log 3 divided by the "
    "size of the batch, about 0.05 (`loss_curve`).",
    "validation leak": "With a leak, the validation accuracy at the end (`accuracies`) is more than a "
    "tenth above the accuracy on `new_samples`.",
    "biases decay": "With biases that decay, the biases in `parameter_norms` stay below 0.2.",
    "exploding gradients": "With exploding gradients, the first loss is a hundred times log 3 and the "
    "first layer's gradient has a length in the hundreds, although the inputs are of size 1.",
    "rate falls too fast": "With a rate that falls too fast, the last updates are less than a "
    "millionth of the first (`update_ratios`), while the gradients have not shrunk as much.",
}
"""Fault → which test shows it, and what it shows."""

PAIRS: Mapping[frozenset[str], str] = {
    frozenset(("dead ReLUs", "zero start")): "Both have dead units from the start and no gradient. "
    "`parameter_norms` tells them apart: are the weights 0?",
    frozenset(("rate too large", "unscaled inputs")): "Both take updates that are far too long. "
    "`look` tells them apart: of what size are the inputs?",
    frozenset(("rate too large", "wrong sign")): "In both the loss rises beyond all bounds. "
    "`update_ratios` tells them apart: how long is the very first update?",
    frozenset(("rate too large", "gradients not zeroed")): "Both end in a loss that jumps. The first "
    "entry of `update_ratios` tells them apart: too long at once, or growing from step to step?",
    frozenset(("wrong sign", "gradients not zeroed")): "In both gradients grow. `ten_samples` tells "
    "them apart: does the loss fall at first, or does it only rise?",
    frozenset(("no shuffling", "labels off by one")): "In both something is wrong with the labels. "
    "`look` tells them apart: are they in blocks, or mixed as they should be?",
    frozenset(("rate too small", "dead ReLUs")): "In both nothing moves. `gradient_norms` tells them "
    "apart: is there a gradient?",
    frozenset(("rate too small", "zero start")): "In both nothing moves. `gradient_norms` tells them "
    "apart: is there a gradient?",
    frozenset(("rate too small", "averaged twice")): "In both updates are short. The first value of "
    "`loss_curve` tells them apart: is it log 3?",
    frozenset(("averaged twice", "rate falls too fast")): "In both updates are short. `update_ratios` "
    "tells them apart: short from the first step on, or shorter and shorter?",
    frozenset(("healthy", "validation leak")): "Both curves look fine, and the leak's even better. "
    "Only `new_samples` tells them apart.",
    frozenset(("healthy", "labels off by one")): "In both the training accuracy rises. The validation "
    "accuracy tells them apart.",
    frozenset(("healthy", "biases decay")): "Both learn, one of them less. `parameter_norms` tells "
    "them apart: what becomes of the biases?",
    frozenset(("healthy", "no shuffling")): "Both learn. `look` tells them apart: in which order do "
    "the labels come in?",
    frozenset(("no shuffling", "gradients not zeroed")): "In both the gradients change from step to "
    "step more than they should. `look` tells them apart: are the labels in blocks?",
    frozenset(("averaged twice", "biases decay")): "In both the biases stay short. The first value "
    "of `loss_curve` tells them apart: is it log 3?",
    frozenset(("rate falls too fast", "biases decay")): "In both the biases stay short. "
    "`update_ratios` tells them apart: do the updates end?",
    frozenset(("rate falls too fast", "exploding gradients")): "In both the updates end up short. The "
    "first value of `loss_curve` tells them apart: is it near log 3, or a hundred times that?",
}  # fmt: skip
"""Two faults that are easily confused → which test tells them apart."""


def confusion(said: str, true: str) -> str:
    """Tell somebody who has said one fault where another is, how to see that it is not so."""
    pair = PAIRS.get(frozenset((said, true)))
    return f"{SIGNS[said]} {pair}" if pair else f"{SIGNS[said]} Here that is not so."


def choice(
    numbers: Sequence[int], ward: int
) -> tuple[dict[str, str], tuple[Field, ...], tuple[Mistake, ...]]:
    """Make a choice of patients: right answer, fields, and a mistake for each wrong option."""
    names = clinic.FIRST_WARD if ward == 1 else clinic.SECOND_WARD
    right = {str(number): clinic.drawn_fault(number, ward) for number in numbers}
    options = {name: name for name in names}
    fields = tuple(Field(number, f"patient {number}", options) for number in right)
    mistakes = tuple(
        Mistake(
            f"{number}: {said}",
            {**right, number: said},
            f"Patient {number}: {confusion(said, true)}",
        )
        for number, true in right.items()
        for said in names
        if said != true
    )
    return right, fields, mistakes


def draw_patients(ward: int) -> Any:
    """Make a draw of one fresh patient for each fault of a ward, in random order."""
    names = clinic.FIRST_WARD if ward == 1 else clinic.SECOND_WARD

    def draw(rng: np.random.Generator) -> Iterator[Case]:
        for name in rng.permutation(np.array(names)):
            number = int(rng.integers(2**31))
            yield Case({}, "a fresh patient", hidden={"number": number, "fault": str(name)})

    return draw


@lru_cache(maxsize=64)
def _admitted(number: int, fault: str) -> Patient:
    return Patient(number, fault, "patient")


def examine(inputs: Mapping[str, Any], test: Any, *arguments: Any) -> Any:
    """Answer one test of a fresh patient; runs where the judging is done.

    Args:
        inputs: what the case hides.
        test: its name.
        arguments: how many samples to look at.
    """
    if test not in clinic.TESTS:
        raise ValueError(f"There is no test {str(test)[:40]!r}.")
    patient = _admitted(inputs["number"], inputs["fault"])
    found = getattr(patient, test)(*arguments)
    patient.ordered.clear()
    return list(found) if isinstance(found, tuple) else np.array(found)


def judge_name(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    """Compare the name that was given to a patient with what it has."""
    true = inputs["fault"]
    if got == true:
        return None
    said = got if isinstance(got, str) else repr(got)
    if said not in SIGNS:
        return (
            f"Your function returns {said[:60]!r}; expected the name of a fault, such as {true!r}."
        )
    return f"You say {said!r}, and this patient has {true!r}. {confusion(said, true)}"
