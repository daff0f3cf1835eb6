"""ch07.clinic_rules: a diagnosis as a program, tried on ten fresh patients."""

from __future__ import annotations

import numpy as np

from exercises_lib.checking import Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.patients import draw_patients, examine, judge_name
from exercises_lib.probes import ch07 as probes


def diagnose(patient):
    if patient.parameter_norms()[0, :3].max() == 0:
        return "zero start"
    if patient.dead_relus()[0].min() == 1:
        return "dead ReLUs"
    x, t = patient.look(160)
    if np.abs(x).max() > 100:
        return "unscaled inputs"
    if np.all(np.diff(t) >= 0):
        return "no shuffling"
    first = patient.update_ratios()[0, 0]
    if first > 0.05:
        return "rate too large"
    if first < 3e-5:
        return "rate too small"
    if not np.isfinite(patient.ten_samples()[-1]):
        return "wrong sign"
    length = patient.gradient_norms()[:, 0]
    if np.median(length[10:16]) > 2 * np.median(length[:3]):
        return "gradients not zeroed"
    if patient.accuracies()[-1, 1] < 0.5:
        return "labels off by one"
    return "healthy"


def data_first(patient):
    x, t = patient.look(160)
    if np.max(np.abs(x)) > 50:
        return "unscaled inputs"
    if np.sum(t[1:] != t[:-1]) <= 4:
        return "no shuffling"
    gradient = patient.gradient_norms()
    if np.nanmax(gradient) == 0:
        weights = patient.parameter_norms()[0, :3]
        return "zero start" if np.all(weights == 0) else "dead ReLUs"
    ratio = patient.update_ratios()[0, 0]
    if ratio < 3e-5 or ratio > 0.05:
        return "rate too small" if ratio < 1 / 100 else "rate too large"
    if np.isnan(patient.ten_samples()).any():
        return "wrong sign"
    if np.median(gradient[10:16, 0]) / np.median(gradient[:3, 0]) > 2:
        return "gradients not zeroed"
    return "labels off by one" if patient.accuracies()[-5:, 1].mean() < 0.5 else "healthy"


def by_a_table(patient):
    _, t = patient.look(160)
    x, _ = patient.look(50)
    length, ratios = patient.gradient_norms()[:, 0], patient.update_ratios()[:, 0]
    norms = patient.parameter_norms()[0]
    table = {
        "zero start": not norms[:3].any(),
        "dead ReLUs": patient.dead_relus()[0].all(),
        "unscaled inputs": abs(x).max() > 100,
        "no shuffling": (t == sorted(t)).all(),
        "rate too large": ratios[0] > 0.05,
        "rate too small": ratios[0] < 3e-5,
        "wrong sign": not np.isfinite(patient.ten_samples()).all(),
        "gradients not zeroed": np.median(length[10:16]) > 2 * np.median(length[:3]),
        "labels off by one": patient.accuracies()[-1, 1] < 0.5,
    }
    return next((name for name, found in table.items() if found), "healthy")


wrong = Mistakes(diagnose)

wrong.answer(
    "always healthy", lambda patient: "healthy"
).says("""You send everybody home. A run that
    ends without an error may have learnt nothing.""")
wrong.swap("dead ReLUs not told from zero", 'return "zero start"', 'return "dead ReLUs"').says("""
    A start at zero has dead units too, and no gradient. You call it dead ReLUs: look at the lengths
    of the weights before.""")
wrong.swap("zero not told from dead ReLUs", 'return "dead ReLUs"', 'return "zero start"').says("""
    Dead units without a gradient are a start at zero only if the weights are 0. Yours are not always
    so.""")
wrong.swap(
    "rates exchanged", "first > 0.05", "first < 0.00003", "first < 3e-5", "first > 0.05"
).says("""
    You have the two rates the wrong way round: a large rate makes the update long beside the
    weights.""")
wrong.swap("units not looked at", 'return "unscaled inputs"', 'return "rate too large"').says("""
    With a column of thousands the updates are too long as well. You call that a rate that is too
    large; the inputs tell them apart.""")
wrong.swap("order not looked at", "np.all(np.diff(t) >= 0)", "False").says("""
    A training without shuffling learns something, and you let it pass as another case. The labels in
    the order in which they come in give it away.""")
wrong.swap("growth not looked at", "2 * np.median(length[:3])", "1e9").says("""
    You overlook gradients that pile up. Their length in the first steps, beside the first of all,
    shows them.""")
wrong.swap("labels not looked at", "patient.accuracies()[-1, 1] < 0.5", "False").says("""
    You overlook labels that belong to the neighbour. Samples are learnt by heart then, and the
    validation accuracy stays where guessing is.""")
wrong.swap("uphill taken for a rate", 'return "wrong sign"', 'return "rate too large"').says("""
    A loss that rises for ever is a rate that is too large for you. With the wrong sign the very
    first update is as short as it should be.""")
wrong.swap("the healthy are ill", 'return "healthy"', 'return "rate too small"').says("""
    A run in which no test finds anything is healthy. You give it a name all the same.""")


EXERCISE = Exercise(
    id="ch07.clinic_rules",
    title="A diagnosis as a program",
    kind="function",
    points=5,
    difficulty=3,
    reference=diagnose,
    accepted=(data_first, by_a_table),
    mistakes=wrong.all,
    hints=(
        "Write one `if` for a fault that you can tell by a single number, and return a name. Then "
        "the next. Which of them have to be asked first, because they look like others?",
        "Clear cases first: weights that are 0, units that are dead from the start, inputs in the "
        "hundreds, labels in blocks, a first update that is too long or too short. What is left "
        "are three faults in which the first update looks normal, and the healthy.",
        "The skeleton:\n    if patient.parameter_norms()[0, :3]… == 0:\n        return …\n"
        "    if patient.dead_relus()[0]… == 1:\n        return …\n"
        "    …                                   # two that `look` shows\n"
        "    ratio = patient.update_ratios()[…]  # of the first step and the first layer\n    …",
    ),
    probe=Probe(probes.rules),
    draw=draw_patients(1),
    outputs=(Output("diagnosis", compare=judge_name),),
    seconds=30.0,
    repeat=False,
    oracle=examine,
    remark="Ten patients that nobody had seen, and each has its right name.",
)
