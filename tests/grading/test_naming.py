"""Whose a file is: names that were made to be taken for somebody else's, and names that collide."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from exercises_lib.grading.notebook import UnreadableError
from exercises_lib.grading.submissions import Submission, find

NOTEBOOK = b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}'
FORGED = "x_202_assignsubmission_file_03_layers.ipynb"


def archive(path: Path, *names: str) -> Path:
    """Write a zip of empty notebooks."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as stream:
        for name in names:
            stream.writestr(name, NOTEBOOK)
    return path


def files(root: Path, *names: str) -> Path:
    """Write empty notebooks."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(NOTEBOOK)
    return root


def whose(source: Path) -> list[tuple[str, str]]:
    """List the students found, with their numbers."""
    return [(one.student, one.lms_id) for one in find(source)]


def refused(submission: Submission) -> str:
    """Return the status with which reading is refused."""
    with pytest.raises(UnreadableError) as caught:
        submission.read()
    return caught.value.status


def test_a_name_like_moodles_in_a_canvas_zip_is_its_senders(tmp_path: Path) -> None:
    path = archive(
        tmp_path / "c.zip",
        "honestann_202_9001_03_layers.ipynb",
        "malletmax_101_9002_" + FORGED,
        "otherbob_303_9003_03_layers.ipynb",
    )
    assert whose(path) == [("honestann", "202"), ("malletmax", "101"), ("otherbob", "303")]


def test_a_name_like_canvas_in_a_moodle_zip_is_its_senders(tmp_path: Path) -> None:
    path = archive(
        tmp_path / "m.zip",
        "Ann_202_assignsubmission_file_03_layers.ipynb",
        "Max_101_assignsubmission_file_honestann_202_9001_03_layers.ipynb",
        "Max_101_assignsubmission_file_x_202_assignsubmission_file_03_layers.ipynb",
    )
    assert whose(path) == [("Ann", "202"), ("Max", "101"), ("Max", "101")]


@pytest.mark.parametrize("count", [1, 30])
def test_many_forged_names_do_not_change_which_platform_it_is(tmp_path: Path, count: int) -> None:
    forged = [
        f"malletmax_101_{9000 + n}_x_202_assignsubmission_file_{n}.ipynb" for n in range(count)
    ]
    path = archive(tmp_path / "c.zip", "honestann_202_8001_03_layers.ipynb", *forged)
    assert set(whose(path)) == {("honestann", "202"), ("malletmax", "101")}


def test_a_forged_name_alone_in_a_canvas_zip_is_its_senders(tmp_path: Path) -> None:
    assert whose(archive(tmp_path / "c.zip", "mm_101_1_" + FORGED)) == [("mm", "101")]


def test_a_name_like_an_lms_among_plain_files_has_no_number(tmp_path: Path) -> None:
    files(tmp_path, "ana_03_layers.ipynb", "bob_03_layers.ipynb", FORGED)
    assert {number for _, number in whose(tmp_path)} == {""}
    files(tmp_path / "deep", "ann/03_layers.ipynb", f"max/{FORGED}")
    assert whose(tmp_path / "deep") == [("ann", ""), ("max", "")]


def test_a_moodle_folder_whose_name_reads_as_two_students_is_a_row(tmp_path: Path) -> None:
    path = archive(
        tmp_path / "m.zip",
        "Ann_202_assignsubmission_file_/03_layers.ipynb",
        "Max_202_assignsubmission_file__101_assignsubmission_file_/03_layers.ipynb",
    )
    found = {one.student: one for one in find(path)}
    assert found["Ann"].read() == NOTEBOOK and refused(found["Max"]) == "unsafe"


def test_late_work_is_told_as_canvas_tells_it(tmp_path: Path) -> None:
    names = ["ann_202_1_03_layers.ipynb", "bob_LATE_203_2_03_layers.ipynb"]
    assert [(one.student, one.late) for one in find(archive(tmp_path / "c.zip", *names))] == [
        ("ann", False),
        ("bob", True),
    ]


def test_moodles_files_say_when_they_were_handed_in(tmp_path: Path) -> None:
    path = tmp_path / "m.zip"
    with zipfile.ZipFile(path, "w") as stream:
        name = "Ann_202_assignsubmission_file_/03_layers.ipynb"
        stream.writestr(zipfile.ZipInfo(name, (2026, 11, 20, 18, 5, 30)), NOTEBOOK)
    (one,) = find(path)
    assert one.handed_in == "2026-11-20 18:05"


@pytest.mark.skipif(os.name != "posix", reason="needs links")
def test_a_link_to_a_classmates_notebook_is_not_followed(tmp_path: Path) -> None:
    files(tmp_path, "ann/03_layers.ipynb")
    (tmp_path / "max").mkdir()
    (tmp_path / "max/03_layers.ipynb").symlink_to(tmp_path / "ann/03_layers.ipynb")
    (tmp_path / "zed.ipynb").symlink_to("ann/03_layers.ipynb")
    found = {one.student: one for one in find(tmp_path)}
    assert found["ann"].read() == NOTEBOOK
    assert refused(found["max"]) == refused(found["zed"]) == "unsafe"


@pytest.mark.skipif(os.name != "posix", reason="needs links")
def test_a_hard_link_to_a_classmates_notebook_is_told(tmp_path: Path) -> None:
    files(tmp_path, "ann/03_layers.ipynb")
    (tmp_path / "max").mkdir()
    (tmp_path / "max/03_layers.ipynb").hardlink_to(tmp_path / "ann/03_layers.ipynb")
    found = {one.student: one for one in find(tmp_path)}
    assert "very same file as ann/03_layers.ipynb" in found["max"].notes[0]
    assert "very same file as max/03_layers.ipynb" in found["ann"].notes[0]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid(), reason="only root gives files away")
def test_a_hard_link_in_anothers_folder_is_not_read(tmp_path: Path) -> None:
    files(tmp_path, "ann/03_layers.ipynb")
    (tmp_path / "max").mkdir()
    (tmp_path / "max/03_layers.ipynb").hardlink_to(tmp_path / "ann/03_layers.ipynb")
    os.chown(tmp_path / "max", 12345, -1)
    found = {one.student: one for one in find(tmp_path)}
    assert found["ann"].read() == NOTEBOOK and refused(found["max"]) == "unsafe"


@pytest.mark.skipif(os.name != "posix", reason="needs names that differ in bytes only")
def test_folders_whose_names_look_the_same_stay_two_students(tmp_path: Path) -> None:
    files(tmp_path, "\u00c5sa/03_layers.ipynb", "A\u030asa/03_layers.ipynb")
    files(tmp_path, "bob/03_layers.ipynb", "bob /03_layers.ipynb")
    files(tmp_path, "c\x01/03_layers.ipynb", "c\x02/03_layers.ipynb")
    found = find(tmp_path)
    assert len({one.student for one in found}) == len({one.file for one in found}) == 6
    assert sum("kept apart" in " ".join(one.notes) for one in found) == 3


@pytest.mark.skipif(os.name != "posix", reason="needs capitals to matter")
def test_names_that_differ_in_capitals_stay_apart_and_say_so(tmp_path: Path) -> None:
    files(tmp_path, "Ana/03_layers.ipynb", "ana/03_layers.ipynb", "bob/03_layers.ipynb")
    found = {one.student: one.notes for one in find(tmp_path)}
    assert found["Ana"] == ("The name looks like that of ana.",) and found["bob"] == ()


def test_two_ways_to_write_one_name_are_two_students_and_one_way_is_one(tmp_path: Path) -> None:
    files(tmp_path, "ana_03_layers.ipynb", "ana_04_affine.ipynb", "ana_03_layers (1).ipynb")
    assert {one.student for one in find(tmp_path)} == {"ana"}
    files(tmp_path, "03_layers_ana.ipynb")
    found = find(tmp_path)
    assert sorted(one.student for one in found)[:3] == ["ana"] * 3
    (other,) = (one for one in found if one.student != "ana")
    assert other.student.startswith("ana #") and "kept apart" in other.notes[0]


def test_a_number_with_two_names_is_told_of_both(tmp_path: Path) -> None:
    names = ["ann_202_1_03_layers.ipynb", "bob_202_2_03_layers.ipynb", "cem_7_3_03_layers.ipynb"]
    found = {one.student: one.notes for one in find(archive(tmp_path / "c.zip", *names))}
    assert found["ann"] == ("Number 202 is also bob.",) and found["cem"] == ()
