"""One student's flood is one student's row: counts, sizes, names and depth, in bounded memory."""

from __future__ import annotations

import copy
import io
import json
import os
import resource
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from exercises_lib.grading.notebook import UnreadableError, read_notebook
from exercises_lib.grading.submissions import Submission, find

NOTEBOOK = b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}'


def outcome(submission: Submission) -> str:
    """Return ``"read"``, or the status with which reading is refused."""
    try:
        submission.read()
    except UnreadableError as error:
        return error.status
    return "read"


def rows(source: Path) -> dict[str, list[str]]:
    """Return what comes of each student's submissions."""
    found: dict[str, list[str]] = {}
    for one in find(source):
        found.setdefault(one.student, []).append(outcome(one))
    return found


def honest(root: Path) -> None:
    """Write the notebooks of two students."""
    for name in ("ann", "zoe"):
        (root / name).mkdir(parents=True)
        (root / name / "03_layers.ipynb").write_bytes(NOTEBOOK)


@pytest.mark.parametrize("suffix", ["txt", "ipynb"])
def test_20001_files_in_a_folder_are_one_row(tmp_path: Path, suffix: str) -> None:
    honest(tmp_path)
    (tmp_path / "max").mkdir()
    for number in range(20_001):
        (tmp_path / f"max/{number}.{suffix}").touch()
    found = rows(tmp_path)
    assert found["ann"] == found["zoe"] == ["read"]
    assert found["max"] == ["too-many"]


def test_a_notebook_among_too_many_files_is_graded_and_the_flood_is_told(tmp_path: Path) -> None:
    honest(tmp_path)
    for number in range(1200):
        (tmp_path / f"ann/z{number}.png").touch()
    (one,) = (one for one in find(tmp_path) if one.student == "ann")
    assert outcome(one) in ("read", "too-many")
    assert outcome(one) == "too-many" or "More than 1,000 files" in one.notes[0]


@pytest.mark.parametrize("inside", ["max/{}.ipynb", "mallet_9_{}_x.ipynb"])
def test_20001_members_of_a_zip_are_one_row(tmp_path: Path, inside: str) -> None:
    path = tmp_path / "c.zip"
    flat = "{}" in inside.split("/")[0]
    with zipfile.ZipFile(path, "w") as stream:
        for number in range(20_001 if not flat else 5_001):
            stream.writestr(inside.format(number), b"")
        stream.writestr("ann_1_1_x.ipynb" if flat else "ann/x.ipynb", NOTEBOOK)
    found = rows(path)
    assert found["ann"] == ["read"] and found["mallet" if flat else "max"] == ["too-many"]


def nested(size: int) -> bytes:
    """Make a zip of one file of zeros, which is packed a thousandfold."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as inner,
        inner.open("x.ipynb", "w") as file,
    ):
        for _ in range(size >> 20):
            file.write(bytes(1 << 20))
    return stream.getvalue()


def again(stream: zipfile.ZipFile, first: str, name: str) -> None:
    """Write the first member of a zip once more, under a name of the same length, as it is packed.

    Packing a quarter of a gigabyte takes a second each time.
    """
    member = copy.copy(stream.getinfo(first))
    file = stream.fp
    assert file is not None and member.header_offset == 0 and len(first) == len(name)
    file.seek(0)
    packed = file.read(stream.infolist()[1].header_offset if stream.filelist[1:] else None)
    member.filename, member.header_offset = name, stream.start_dir
    file.seek(stream.start_dir)
    file.write(packed.replace(first.encode(), name.encode(), 1))
    stream.start_dir = file.tell()
    stream.filelist.append(member)
    stream.NameToInfo[name] = member


def test_nested_zips_that_unpack_to_gigabytes_take_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "c.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as stream:
        stream.writestr("max/0.zip", nested(250 << 20))
        for number in range(1, 10):
            again(stream, "max/0.zip", f"max/{number}.zip")
        stream.writestr("ann/03_layers.ipynb", NOTEBOOK)
    assert path.stat().st_size < 4 << 20
    with zipfile.ZipFile(path) as stream:
        assert sum(one.file_size for one in stream.infolist()) > 2_500 << 20
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from exercises_lib.grading.submissions import find\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for one in find(Path(sys.argv[1])):\n"
        "    try: one.read(); print(one.student, 'read')\n"
        "    except Exception as error: print(one.student, error.status)\n"
        "after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "print('MB', (after - before) >> 10)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert "ann read" in lines and set(lines[:-1]) == {"ann read", "max too-large"}
    assert int(lines[-1].split()[1]) < 120


def test_many_small_nested_zips_are_read_up_to_a_sum(tmp_path: Path) -> None:
    path = tmp_path / "c.zip"
    bomb = nested(90 << 20)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as stream:
        for number in range(5):
            stream.writestr(f"max/{number}.zip", bomb)
        stream.writestr("ann/03_layers.ipynb", NOTEBOOK)
    found = rows(path)
    assert found["ann"] == ["read"] and set(found["max"]) == {"too-large"}


def test_a_zip_in_a_folder_is_read_like_a_folder(tmp_path: Path) -> None:
    honest(tmp_path)
    (tmp_path / "max").mkdir()
    with zipfile.ZipFile(tmp_path / "max/all.zip", "w") as stream:
        stream.writestr("work/03_layers.ipynb", NOTEBOOK)
        stream.writestr("work/more.zip", b"PK")
    assert rows(tmp_path) == {"ann": ["read"], "max": ["read"], "zoe": ["read"]}


def test_a_nested_zip_with_a_long_table_of_contents_is_a_row(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as stream:
        for number in range(20_001):
            stream.writestr(f"{number:0100}.ipynb", b"")
    path = tmp_path / "c.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as outer:
        outer.writestr("max/all.zip", inner.getvalue())
        outer.writestr("ann/03_layers.ipynb", NOTEBOOK)
    assert rows(path) == {"ann": ["read"], "max": ["too-large"]}


def test_huge_names_are_cut_and_stay_apart(tmp_path: Path) -> None:
    path = tmp_path / "c.zip"
    with zipfile.ZipFile(path, "w") as stream:
        for last in "ab":
            stream.writestr(f"max/{'x' * 60_000}{last}.ipynb", NOTEBOOK)
            stream.writestr(f"{'y' * 60_000}{last}/03_layers.ipynb", NOTEBOOK)
    found = find(path)
    assert len({(one.student, one.file) for one in found}) == 4
    assert all(len(one.file) < 300 and outcome(one) == "read" for one in found)


def test_deep_trees_are_a_row(tmp_path: Path) -> None:
    honest(tmp_path)
    deep = tmp_path.joinpath("max", *["d"] * 60)
    deep.mkdir(parents=True)
    (deep / "03_layers.ipynb").write_bytes(NOTEBOOK)
    assert rows(tmp_path) == {"ann": ["read"], "max": ["too-many"], "zoe": ["read"]}
    path = tmp_path / "c.zip"
    with zipfile.ZipFile(path, "w") as stream:
        stream.writestr("max/" + "d/" * 20_000 + "03_layers.ipynb", NOTEBOOK)
        stream.writestr("ann/03_layers.ipynb", NOTEBOOK)
    assert rows(path) == {"ann": ["read"], "max": ["unsafe"]}
    (one,) = (one for one in find(path) if one.student == "max")
    assert len(one.file) < 200


def test_a_packing_that_takes_memory_of_its_own_choice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as stream:
        stream.writestr("max/03_layers.ipynb", NOTEBOOK)
        stream.writestr("ann/03_layers.ipynb", NOTEBOOK, zipfile.ZIP_DEFLATED)
    assert rows(path) == {"ann": ["read"], "max": ["unreadable"]}


@pytest.mark.skipif(os.name != "posix", reason="needs links")
def test_a_file_that_becomes_a_link_before_it_is_read_is_not_followed(tmp_path: Path) -> None:
    honest(tmp_path)
    (one,) = (one for one in find(tmp_path) if one.student == "zoe")
    (tmp_path / "zoe/03_layers.ipynb").unlink()
    (tmp_path / "zoe/03_layers.ipynb").symlink_to(tmp_path / "ann/03_layers.ipynb")
    assert outcome(one) == "unreadable"


def test_a_file_of_millions_of_empty_lists_is_refused_before_they_are_made() -> None:
    many = b"[" + b"[]," * 9_000_000 + b"[]]"
    for data in (many, b'{"a":[' + b'{"":0},' * 4_000_000 + b"0]}", b"[" + b"0.1," * 7_000_000):
        began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with pytest.raises(UnreadableError, match="lists and entries") as caught:
            read_notebook(data)
        assert caught.value.status == "too-large"
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - began < 100 << 10  # kB


def test_brackets_and_commas_in_what_cells_show_do_not_count() -> None:
    shown = """[[1, 2], {3: '"4"'}], """ * 100_000
    output = {"output_type": "stream", "name": "stdout", "text": shown}
    cell = {"cell_type": "code", "id": "a", "source": "1", "outputs": [output], "metadata": {}}
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}
    assert len(read_notebook(json.dumps(notebook).encode())["cells"]) == 1
