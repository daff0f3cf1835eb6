"""Finding submissions in what instructors have, and in what nobody should have sent them."""

from __future__ import annotations

import io
import os
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from exercises_lib.grading.notebook import MAX_BYTES, UnreadableError
from exercises_lib.grading.submissions import InputError, Submission, find

NOTEBOOK = b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}'


def outcome(submission: Submission) -> str:
    """Return ``"read"``, or the status with which reading is refused."""
    try:
        submission.read()
    except UnreadableError as error:
        assert error.text.endswith(".")
        return error.status
    return "read"


def listed(source: Path) -> list[tuple[str, str, str]]:
    """List student, number and what comes of reading, for each submission found."""
    return [(one.student, one.lms_id, outcome(one)) for one in find(source)]


def archive(path: Path, members: dict[str, bytes]) -> Path:
    """Write a zip."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as stream:
        for name, data in members.items():
            stream.writestr(name, data)
    return path


def files(root: Path, *names: str) -> Path:
    """Write empty notebooks."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(NOTEBOOK)
    return root


def test_a_folder_of_notebooks_names_the_student_in_the_file(tmp_path: Path) -> None:
    files(tmp_path, "ana_03_layers.ipynb", "03_layers_bob.ipynb", "cem.ipynb", "03_layers.ipynb")
    assert [one[0] for one in listed(tmp_path)] == ["03_layers", "ana", "bob", "cem"]


def test_a_folder_per_student_and_what_lies_beside_the_notebook(tmp_path: Path) -> None:
    files(
        tmp_path, "ana/03_layers.ipynb", "ana/data.csv", "bob/deep/er/03_layers.ipynb", "eve/x.pdf"
    )
    files(tmp_path, "ana/.ipynb_checkpoints/03_layers-checkpoint.ipynb", ".DS_Store")
    assert listed(tmp_path) == [
        ("ana", "", "read"),
        ("bob", "", "read"),
        ("eve", "", "not-a-notebook"),
    ]


def test_nbgraders_time_of_handing_in_is_read_and_no_other_file_of_that_name(
    tmp_path: Path,
) -> None:
    files(tmp_path, "submitted/ana/ps1/03_layers.ipynb", "submitted/bob/ps1/03_layers.ipynb")
    files(tmp_path, "submitted/cem/ps1/03_layers.ipynb", "folder/dora/ps1/03_layers.ipynb")
    (tmp_path / "secret.txt").write_text("2020-01-01 00:00")
    stamp = "2026-11-20 18:05:11.123456 UTC"
    (tmp_path / "submitted/ana/ps1/timestamp.txt").write_text(stamp)
    (tmp_path / "submitted/bob/ps1/timestamp.txt").symlink_to(tmp_path / "secret.txt")
    (tmp_path / "submitted/cem/ps1/timestamp.txt").write_text("soon")
    (tmp_path / "folder/dora/ps1/timestamp.txt").write_text(stamp)
    told = {one.student: one.handed_in for one in find(tmp_path / "submitted")}
    assert told == {"ana": "2026-11-20 18:05", "bob": "", "cem": ""}
    assert [one.handed_in for one in find(tmp_path / "folder")] == [""]


def test_nbgraders_tree_is_found_from_the_course_folder(tmp_path: Path) -> None:
    files(tmp_path, "submitted/ana/ps1/03_layers.ipynb", "submitted/ana/ps2/04_affine.ipynb")
    files(tmp_path, "submitted/bob/ps1/03_layers.ipynb", "source/ps1/03_layers.ipynb")
    (tmp_path / "submitted/ana/ps1/timestamp.txt").write_text("2026-11-20")
    assert [one.student for one in find(tmp_path)] == ["ana", "ana", "bob"]
    assert find(tmp_path / "submitted")[0].file == "ana/ps1/03_layers.ipynb"


def test_canvas_download(tmp_path: Path) -> None:
    path = archive(
        tmp_path / "submissions.zip",
        {
            "lovelaceada_1234_98765_03_layers.ipynb": NOTEBOOK,
            "lovelaceada_1234_98799_03_layers-1.ipynb": NOTEBOOK,
            "noetheremmy_LATE_777_98766_03_layers-2.ipynb": NOTEBOOK,
            "gausscarl_778_98767_answer.pdf": b"%PDF",
            "de_la_valléecharles_LATE_779_text.html": b"<p>on paper</p>",
        },
    )
    found = find(path)
    assert [(one.student, one.lms_id) for one in found] == [
        ("de_la_valléecharles", "779"),
        ("gausscarl", "778"),
        ("lovelaceada", "1234"),
        ("lovelaceada", "1234"),
        ("noetheremmy", "777"),
    ]
    assert max(found[2:4], key=lambda one: one.order).file.endswith("-1.ipynb")
    assert [outcome(one) for one in found[:2]] == ["not-a-notebook"] * 2


def test_a_file_that_is_no_notebook_names_its_student_too(tmp_path: Path) -> None:
    files(tmp_path, "ana_04_affine.pdf", "b.smith_04_affine.ipynb", "b.smith_04_affine.txt")
    assert listed(tmp_path) == [("ana", "", "not-a-notebook"), ("b.smith", "", "read")]


@pytest.mark.parametrize("slash", ["/", ""])
def test_moodle_download(tmp_path: Path, slash: str) -> None:
    path = archive(
        tmp_path / "c.zip",
        {
            f"Ada Lovelace_4711_assignsubmission_file_{slash}03_layers.ipynb": NOTEBOOK,
            f"Åsa Öberg_4712_assignsubmission_file_{slash}03_layers.ipynb": NOTEBOOK,
            f"李 小龙_4713_assignsubmission_file_{slash}03_layers.ipynb": NOTEBOOK,
            f"O'Neil_Sam_4714_assignsubmission_file_{slash}x.ipynb": NOTEBOOK,
        },
    )
    assert [(one.student, one.lms_id) for one in find(path)] == [
        ("Ada Lovelace", "4711"),
        ("O'Neil_Sam", "4714"),
        ("Åsa Öberg", "4712"),
        ("李 小龙", "4713"),
    ]


@pytest.mark.parametrize("slash", ["/", "_"])
def test_text_typed_into_moodle_is_no_second_student(tmp_path: Path, slash: str) -> None:
    path = archive(
        tmp_path / "c.zip",
        {
            f"Ada Lovelace_4711_assignsubmission_file{slash}03_layers.ipynb": NOTEBOOK,
            f"Ada Lovelace_4711_assignsubmission_onlinetext{slash}onlinetext.html": b"<p>Hi</p>",
            f"Bob_4712_assignsubmission_onlinetext{slash}onlinetext.html": b"<p>My laptop</p>",
        },
    )
    assert listed(path) == [("Ada Lovelace", "4711", "read"), ("Bob", "4712", "not-a-notebook")]


def test_an_unpacked_moodle_folder_reads_as_the_zip_does(tmp_path: Path) -> None:
    files(tmp_path, "Ada Lovelace_4711_assignsubmission_file/03_layers.ipynb")
    assert [(one.student, one.lms_id) for one in find(tmp_path)] == [("Ada Lovelace", "4711")]


def test_a_zip_of_one_student_inside_the_zip_is_opened_once(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as stream:
        stream.writestr("work/03_layers.ipynb", NOTEBOOK)
        stream.writestr("work/more.zip", b"PK")
    path = archive(
        tmp_path / "c.zip",
        {
            "Ada_1_assignsubmission_file_/all.zip": inner.getvalue(),
            "Bob_2_assignsubmission_file_/bad.zip": b"PK\x03\x04 garbage",
        },
    )
    assert listed(path) == [("Ada", "1", "read"), ("Bob", "2", "not-a-notebook")]


def test_names_in_a_zip_without_its_utf8_mark_are_read_as_utf8(tmp_path: Path) -> None:
    path = archive(tmp_path / "c.zip", {"Åsa/03_layers.ipynb": NOTEBOOK})
    data = path.read_bytes()
    for mark in (b"PK\x03\x04", b"PK\x01\x02"):
        place = data.index(mark) + (6 if mark == b"PK\x03\x04" else 8)
        (bits,) = struct.unpack_from("<H", data, place)
        data = data[:place] + struct.pack("<H", bits & ~0x800) + data[place + 2 :]
    path.write_bytes(data)
    assert [one.student for one in find(path)] == ["Åsa"]


@pytest.mark.parametrize(
    ("name", "student"),
    [
        ("../../etc/evil.ipynb", "etc"),
        ("/abs/evil.ipynb", "abs"),
        ("ok/../../evil.ipynb", "ok"),
        ("C:/evil/x.ipynb", "C:"),
        ("..\\..\\evil\\x.ipynb", "evil"),
    ],
)
def test_a_path_that_leads_out_of_the_zip_is_a_row_and_is_not_read(
    tmp_path: Path, name: str, student: str
) -> None:
    path = archive(tmp_path / "c.zip", {name: NOTEBOOK, "ana/03_layers.ipynb": NOTEBOOK})
    found = {one.student: outcome(one) for one in find(path)}
    assert found == {student: "unsafe", "ana": "read"}


def test_a_zip_bomb_is_a_row(tmp_path: Path) -> None:
    path = tmp_path / "c.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as stream:
        with stream.open("bomb/03_layers.ipynb", "w", force_zip64=True) as member:
            for _ in range(40):
                member.write(bytes(1 << 20))
        stream.writestr("ana/03_layers.ipynb", NOTEBOOK)
    assert listed(path) == [("ana", "", "read"), ("bomb", "", "too-large")]


def test_a_zip_that_lies_about_a_size_is_read_to_the_limit_only(tmp_path: Path) -> None:
    path = tmp_path / "c.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as stream:
        stream.writestr("bomb/x.ipynb", bytes(MAX_BYTES + (1 << 20)))
        stream.writestr("ana/x.ipynb", NOTEBOOK)
    data = path.read_bytes()
    true = struct.pack("<I", MAX_BYTES + (1 << 20))
    path.write_bytes(data.replace(true, struct.pack("<I", 100)))
    assert listed(path) in (
        [("ana", "", "read"), ("bomb", "", "unreadable")],
        [("ana", "", "read"), ("bomb", "", "too-large")],
    )


def test_damaged_and_encrypted_members_are_rows(tmp_path: Path) -> None:
    path = archive(
        tmp_path / "c.zip",
        {"ana/x.ipynb": NOTEBOOK, "bob/x.ipynb": os.urandom(3000), "eve/x.ipynb": NOTEBOOK},
    )
    data = bytearray(path.read_bytes())
    place = data.index(b"bob/x.ipynb") + 100
    data[place : place + 50] = bytes(50)
    last = data.rindex(b"PK\x01\x02")  # the directory's entry of eve: say that it is encrypted
    struct.pack_into("<H", data, last + 8, 1)
    path.write_bytes(bytes(data))
    assert listed(path) == [
        ("ana", "", "read"),
        ("bob", "", "unreadable"),
        ("eve", "", "unreadable"),
    ]


def test_links_and_duplicates_in_a_zip_are_rows(tmp_path: Path) -> None:
    path = tmp_path / "c.zip"
    with zipfile.ZipFile(path, "w") as stream:
        link = zipfile.ZipInfo("mallory/x.ipynb")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        stream.writestr(link, "/etc/passwd")
        stream.writestr("ana/x.ipynb", NOTEBOOK)
        with pytest.warns(UserWarning, match="Duplicate"):
            stream.writestr("ana/x.ipynb", NOTEBOOK)
    assert listed(path) == [("ana", "", "read"), ("ana", "", "unsafe"), ("mallory", "", "unsafe")]


@pytest.mark.skipif(os.name != "posix", reason="needs links and pipes")
def test_links_pipes_and_unreadable_files_of_a_folder_are_rows(tmp_path: Path) -> None:
    secret = tmp_path / "secret.ipynb"
    secret.write_bytes(NOTEBOOK)
    given = files(tmp_path / "given", "ana/x.ipynb", "bob/y.ipynb")
    (given / "eve").mkdir()
    (given / "eve/x.ipynb").symlink_to(secret)
    (given / "fay").mkdir()
    (given / "fay/x.ipynb").symlink_to("nowhere")
    (given / "gil").symlink_to(given / "ana")
    (given / "hal.ipynb").symlink_to(given / "bob/y.ipynb")
    os.mkfifo(given / "ida.ipynb")
    (given / "jon.ipynb").mkdir()
    (given / "loop").symlink_to(given)
    found = {one[0]: one[2] for one in listed(given)}
    assert found == {
        "ana": "read",
        "bob": "read",
        "eve": "unsafe",
        "fay": "unsafe",
        "gil": "unsafe",
        "hal": "unsafe",
        "ida": "unreadable",
        "loop": "unsafe",
    }


def test_odd_names_are_kept_apart_and_can_be_shown(tmp_path: Path) -> None:
    names = [
        "Zoë.ipynb",
        "👩‍🔬.ipynb",
        "a\tb.ipynb",
        " spaces .ipynb",
        "=1+1.ipynb",
        "x" * 200 + ".ipynb",
    ]
    files(tmp_path, *names)
    if os.name == "posix":
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff.ipynb")).write_bytes(NOTEBOOK)
    found = find(tmp_path)
    assert len({one.file for one in found}) == len(found) >= len(names)
    for one in found:
        one.file.encode()
        assert one.student.replace("\u200d", "").isprintable() and outcome(one) == "read"
    assert "👩\u200d🔬" in {one.student for one in found}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path / "missing", "does not exist"),
        (lambda path: path, "no submissions"),
        (lambda path: _write(path / "a.txt", b"x"), "neither a folder nor a zip"),
        (lambda path: _write(path / "a.zip", b"not a zip"), "damaged"),
        (lambda path: _write(path / "a.zip", b""), "damaged"),
    ],
)
def test_what_holds_no_submissions_is_refused_in_a_sentence(
    tmp_path: Path, make: Callable[[Path], Path], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        find(make(tmp_path))


def _write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
