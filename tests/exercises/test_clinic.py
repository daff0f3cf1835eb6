"""The clinic: each fault shows its sign and no other fault's, and nobody learns it elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from exercises_lib import clinic
from exercises_lib.checking import check
from exercises_lib.exercises import patients
from exercises_lib.exercises.ch07_banknotes import clinic_patients, clinic_rules
from exercises_lib.figures.finding import finding_svg
from exercises_lib.probes import ch07 as probes

FIRST = {
    "healthy": lambda m: m["last loss"] < 0.4 and m["validation"] > 0.5 and m["growth"] < 2
    and 1e-3 < m["first update"] < 0.05 and m["blocks"] > 20,
    "rate too large": lambda m: m["first update"] > 0.05 and m["largest input"] < 100,
    "rate too small": lambda m: 0 < m["first update"] < 3e-5,
    "wrong sign": lambda m: not np.isfinite(m["ten samples"]) and m["first update"] < 0.05,
    "no shuffling": lambda m: m["blocks"] == 3,
    "gradients not zeroed": lambda m: m["growth"] > 2 and m["first update"] < 0.05
    and np.isfinite(m["ten samples"]) and m["blocks"] > 3,
    "dead ReLUs": lambda m: m["dead"] == 1 and m["weights"] > 1,
    "zero start": lambda m: m["weights"] == 0,
    "unscaled inputs": lambda m: m["largest input"] > 100,
    "labels off by one": lambda m: m["validation"] < 0.5 < m["training"]
    and m["first update"] > 1e-3,
}  # fmt: skip
SECOND = {
    "healthy": lambda m: abs(m["validation"] - m["new"]) < 0.1 and m["biases"] > 0.2
    and 0.8 < m["first loss"] < 2 and m["last update"] > 1e-4,
    "averaged twice": lambda m: m["first loss"] < 0.3,
    "validation leak": lambda m: m["validation"] - m["new"] > 0.1,
    "biases decay": lambda m: m["biases"] < 0.2
    and m["last update"] > 1e-4
    and m["first loss"] > 0.3,
    "exploding gradients": lambda m: m["first loss"] > 100,
    "rate falls too fast": lambda m: m["last update"] < 1e-6 * m["first update"]
    and m["first loss"] < 100,
}  # fmt: skip


@pytest.fixture(scope="module")
def measured():
    return {
        fault: [clinic.measure(clinic.patient(n, fault=fault)) for n in range(20)]
        for fault in clinic.FAULTS
    }


@pytest.mark.parametrize("signs", [FIRST, SECOND], ids=["first ward", "second ward"])
def test_each_fault_shows_its_sign_and_none_of_the_others(signs, measured):
    ward = clinic.FIRST_WARD if signs is FIRST else clinic.SECOND_WARD
    assert set(signs) == set(ward)
    wrong = [
        (fault, number, sign)
        for fault in ward
        for number, row in enumerate(measured[fault])
        for sign, holds in signs.items()
        if bool(holds(row)) != (sign == fault)
    ]
    assert wrong == []


def test_the_same_number_is_the_same_patient_and_says_what_was_ordered():
    one, same = clinic.patient(3), clinic.patient(3)
    np.testing.assert_array_equal(one.loss_curve(), same.loss_curve())
    assert one.ordered == ["loss_curve"] and "1 test" in repr(one)
    assert not np.array_equal(clinic.patient(4).look(5)[0], one.look(5)[0])
    assert one.ordered == ["loss_curve", "look"] and "2 tests" in repr(one)


def test_no_answer_of_a_patient_can_be_changed_from_outside():
    patient = clinic.patient(1)
    patient.loss_curve()[:] = 0
    patient.look(3)[0][:] = 0
    assert patient.loss_curve()[0] > 0 and patient.look(3)[0].any()


@pytest.mark.parametrize("number", [-1, 1.5, "7", True])
def test_a_patient_that_there_cannot_be_gets_a_sentence(number):
    with pytest.raises(ValueError, match="whole number"):
        clinic.patient(number)


def test_a_fault_or_ward_that_there_is_not_gets_a_sentence():
    with pytest.raises(ValueError, match="zero start"):
        clinic.patient(0, fault="sad")
    with pytest.raises(ValueError, match="two wards"):
        clinic.patient(0, ward=3)
    with pytest.raises(ValueError, match="1 to 160"):
        clinic.patient(0).look(161)


def test_a_finding_shows_a_picture_and_what_is_computed_from_it_does_not():
    finding = clinic.patient(7).gradient_norms()
    assert finding._repr_html_().startswith("<svg") and "no number in" in finding._repr_html_()
    assert type(finding[:3]) is np.ndarray and isinstance(round(finding[0, 0], 1), float)
    assert "patient 7" in repr(finding) and "wrong" not in finding._repr_html_()


@pytest.mark.parametrize("values", [[np.nan] * 4, [0.0] * 5, [1e301, 1.0], [[1, 2], [1e-9, 3]]])
def test_any_curve_can_be_drawn(values):
    svg = finding_svg(values, title="a < b", names=("x", "y"), along="step")
    assert "nan" not in svg and "inf" not in svg and "a &lt; b" in svg


def test_what_a_case_shows_does_not_tell_what_the_patient_has():
    cases = list(patients.draw_patients(1)(np.random.default_rng(0)))
    assert {case.hidden["fault"] for case in cases} == set(clinic.FIRST_WARD)
    assert all(not case.inputs and case.note == "a fresh patient" for case in cases)
    seen = []

    def spy(patient):
        seen.append(vars(patient).copy())
        return clinic_rules.diagnose(patient)

    assert check(clinic_rules.EXERCISE, spy, np.random.default_rng(0)).status == "passed"
    assert all(set(one) == {"_oracle", "title", "ordered"} for one in seen)


def test_every_confusion_is_told_the_test_that_tells():
    for ward in (clinic.FIRST_WARD, clinic.SECOND_WARD):
        for said in ward:
            for true in ward:
                assert patients.confusion(said, true).endswith((".", "?"))
    assert "parameter_norms" in patients.confusion("dead ReLUs", "zero start")
    answer = {**clinic_patients.RIGHT, "14": "dead ReLUs"}
    assert (
        "parameter_norms"
        in check(clinic_patients.EXERCISE, answer, np.random.default_rng(0)).message
    )


def test_the_tests_of_a_hidden_patient_are_those_of_the_clinic():
    assert set(probes.TESTS) == set(clinic.TESTS)
    for name in ("fault", "drawn_fault"):
        with pytest.raises(ValueError, match="no test"):
            patients.examine({"number": 1, "fault": "healthy"}, name)
