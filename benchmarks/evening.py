"""An instructor's evening: a class hands in, the grader is killed on the way, marks go out.

    python benchmarks/evening.py [--students 60] [--chapter 04] [--platform canvas] [--keep FOLDER]

Makes the archives that Canvas and Moodle would give for a class, with right, wrong, empty, broken,
copied and hostile submissions, grades them with kill -9 in the middle, goes on, decides about a
mark, reports and exports. It prints what was lost or counted twice, which has to be nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from pathlib import Path

from exercises_lib.course.build import make_chapter
from exercises_lib.course.notebooks import (
    dump,
    find_root,
    has_solution,
    notebook_name,
    read,
    source,
)

NAMES = ["Ada", "Bo", "Cem", "Dora", "Eve", "Fay", "Gil", "Hal", "Ida", "Jon", "Kim", "Lea", "Max"]
NAMES += ["Noa", "Ola", "Pia", "Quin", "Ron", "Sue", "Tom"]
STUDENT = re.compile(f"({'|'.join(NAMES)})", re.IGNORECASE)
SLIPS = ((" + ", " - "), ("axis=0", "axis=1"), (".T", ""), (" * ", " + "), ("0", "1"))


def notebook(number: str, rng: random.Random) -> str:
    """Make a notebook in which some answers are right, some have a slip and some are open."""
    solution = read(find_root() / "solutions" / notebook_name(number))
    made = make_chapter(solution)
    right = {cell["id"]: source(cell) for cell in solution["cells"] if has_solution(cell)}
    for cell in made["cells"]:
        if cell["id"] in right and rng.random() < 0.9:
            text = right[cell["id"]]
            if rng.random() < 0.25:
                fitting = [slip for slip in SLIPS if slip[0] in text] or [("return", "return 0 *")]
                text = text.replace(*rng.choice(fitting), 1)
            cell["source"] = f"# {rng.random()}\n{text}"
    return dump(made)


def hand_in(folder: Path, number: str, students: int) -> tuple[Path, Path]:
    """Write both archives and both sheets; return the archives."""
    rng = random.Random(7)
    file = notebook_name(number)
    canvas, moodle = folder / "canvas.zip", folder / "moodle.zip"
    heads = ["Student,ID,SIS User ID,SIS Login ID,Section,Homework (77)"]
    heads.append("    Points Possible,,,,,100")
    rows = ["Identifier,Full name,Grade,Maximum Grade,Last modified (grade),Feedback comments"]
    copied = notebook(number, rng)
    with zipfile.ZipFile(canvas, "w", 8) as one, zipfile.ZipFile(moodle, "w", 8) as other:
        for place in range(students):
            first, last = NAMES[place % len(NAMES)], f"Smith{place // len(NAMES)}"
            data = {3: b"", 4: b"{broken", 5: b"\x89PNG"}.get(place)
            text = copied if place in (6, 7) else notebook(number, rng)
            data = text.encode() if data is None else data
            late = "LATE_" if place % 9 == 0 else ""
            name = "x_1_assignsubmission_file_" + file if place == 8 else file
            whose = f"{last}{first}".lower()
            one.writestr(f"{whose}_{late}{100 + place}_{9000 + place}_{name}", data)
            when = (2026, 11, 20 + place % 3, 12, 0, 0)
            inner = f"{first} {last}_{500 + place}_assignsubmission_file_/{name}"
            other.writestr(zipfile.ZipInfo(inner, when), data)
            heads.append(f'"{last}, {first}",{100 + place},,,A,')
            rows.append(f"Participant {500 + place},{first} {last},,100,-,")
    (folder / "canvas.csv").write_text("\n".join(heads) + "\n", encoding="utf-8")
    (folder / "moodle.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return canvas, moodle


def resident(pid: int) -> tuple[int, int]:
    """Return the resident memory of a process, and of it and all that it has started, in MB."""
    page, todo, sizes = os.sysconf("SC_PAGE_SIZE"), [pid], []
    while todo:
        one = todo.pop()
        with contextlib.suppress(OSError, ValueError, IndexError):
            taken, shared = map(int, Path(f"/proc/{one}/statm").read_text().split()[1:3])
            sizes.append((taken - (shared if sizes else 0)) * page >> 20)
            for task in Path(f"/proc/{one}/task").iterdir():
                todo += map(int, (task / "children").read_text().split())
    return (sizes[0], sum(sizes)) if sizes else (0, 0)


def backprop(
    *words: str, kill_after: float = 0.0, memory: list[tuple[int, int]] | None = None
) -> str:
    """Run the command; with `kill_after` it is killed then, with all that it has started.

    Args:
        words: of the command.
        kill_after: seconds.
        memory: gets what `resident` says, once a second.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "exercises_lib.cli", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    watch = threading.Event()

    def look() -> None:
        while memory is not None and not watch.wait(1):
            memory.append(resident(process.pid))

    threading.Thread(target=look, daemon=True).start()
    try:
        said, _ = process.communicate(timeout=kill_after or None)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        said, _ = process.communicate()
    watch.set()
    return said


def rows_in(book: Path) -> int:
    """Count the submissions in a gradebook, and see that none is there twice."""
    with sqlite3.connect(book) as connection:
        found = connection.execute("SELECT student, lms_id, chapter, file FROM submission")
        rows = found.fetchall()
    assert len(rows) == len(set(rows)), "a submission is there twice"
    return len(rows)


def evening(archive: Path, sheet: Path, number: str, students: int) -> None:
    """Grade an archive with two kills, decide, report, export."""
    form = archive.stem
    first, whose = {"canvas": ("100", "103"), "moodle": ("500", "503")}[form]  # 3: an empty file
    book = archive.with_suffix(".db")
    words = ["grade", str(archive), "--chapter", number, "--gradebook", str(book)]
    words += ["--late", "10% per day, at most 30%", "--due", "2026-11-20 23:59"]
    started = time.monotonic()
    counts = []
    for seconds in (6.0, 9.0):
        backprop(*words, kill_after=seconds)
        counts.append(rows_in(book) if book.exists() else 0)
    memory: list[tuple[int, int]] = []
    said = backprop(*words, memory=memory)
    third = len(memory) // 3
    early, late = (max(main for main, _ in part or [(0, 0)]) for part in (memory[:third], memory))
    whole = max((both for _, both in memory), default=0)
    print(f"{form}: main process {early} MB in the first third, {late} at most; all {whole} MB")
    last = [line for line in said.splitlines() if " in " in line and " of " in line][-1:]
    print(f"{form}: {counts[0]} rows, then {counts[1]}, then {rows_in(book)} of {students}")
    print(f"{form}: {'; '.join(last)}; {time.monotonic() - started:.0f} s with both kills")
    print(f"{form}:", backprop(*words, "--student", first, "--again").splitlines()[0])
    decided = ["--why", "Seen on paper.", "--gradebook", str(book)]
    print(f"{form}:", backprop("mark", whose, f"ch{number}", "12", *decided).strip())
    out = archive.with_name(f"report-{form}")
    print(f"{form}:", backprop("report", "--gradebook", str(book), "--out", str(out)).strip())
    filled = archive.with_name(f"filled-{form}.csv")
    export = ["export", "--gradebook", str(book), "--chapter", number, "--format", form]
    export += ["--sheet", str(sheet), "--out", str(filled)]
    export += ["--title", "Homework (77)"] if form == "canvas" else []
    said = backprop(*export)
    with filled.open(encoding="utf-8", newline="") as stream:
        column = 5 if form == "canvas" else 2
        marks = [row[column] for row in list(csv.reader(stream))[1 + (form == "canvas") :]]
    print(f"{form}: {sum(bool(mark) for mark in marks)} of {len(marks)} lines have a mark")
    with sqlite3.connect(book) as connection:
        rows = connection.execute("SELECT student, lms_id FROM submission").fetchall()
    strange = [row for row in rows if not row[1] or not STUDENT.search(row[0].replace(" ", ""))]
    print(f"{form}: {len(rows)} rows, {len({number for _, number in rows})} numbers, {strange} odd")
    groups = re.findall(r"ch\d\d\.\w+~\w+", (out / "index.html").read_text(encoding="utf-8"))
    print(f"{form}: {len(set(groups))} groups without a name; said: {len(said.splitlines())} lines")


def main() -> None:
    """Play the evening."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--students", type=int, default=60)
    parser.add_argument("--chapter", default="04")
    parser.add_argument("--platform", choices=("canvas", "moodle", "both"), default="both")
    parser.add_argument("--keep", type=Path, help="keep what is made in this folder")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        canvas, moodle = hand_in(folder, chosen.chapter, chosen.students)
        print(json.dumps({path.name: path.stat().st_size >> 10 for path in (canvas, moodle)}), "kB")
        for archive in (canvas, moodle):
            if chosen.platform in (archive.stem, "both"):
                sheet = archive.with_suffix(".csv")
                evening(archive, sheet, chosen.chapter, chosen.students)


if __name__ == "__main__":
    main()
