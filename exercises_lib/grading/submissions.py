"""Finding submissions: in a folder, in nbgrader's tree, in what an LMS lets one download.

Nothing is unpacked and nothing is followed: files are read one at a time, up to a limit, and what
cannot or must not be read is found all the same, with the reason.
"""

from __future__ import annotations

import io
import os
import re
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from exercises_lib.errors import UserError
from exercises_lib.exercises import CHAPTERS
from exercises_lib.grading.notebook import MAX_BYTES, Unreadable

MAX_FILES = 20_000
MAX_ARCHIVE = 300 << 20
"""Largest archive inside an archive that is opened."""
MAX_TOTAL = 8 << 30
"""Bytes that are read from one archive in all."""
JUNK = {"__macosx", "thumbs.db", "desktop.ini", "__pycache__", "timestamp.txt"}
CANVAS = re.compile(r"(?P<name>.+?)_(LATE_)?(?P<id>\d+)_(\d+_(?P<file>.+)|(text|link)\.html)")
"""An upload; a text or an address that was handed in has no number of its own."""
MOODLE = re.compile(r"(?P<name>.+)_(?P<id>\d+)_assignsubmission_(file|onlinetext)_?(?P<file>.*)")
JOINERS = "\u200c\u200d"
"""Cannot be printed alone, and are a part of names in Persian, in Indian scripts and of emoji."""


class InputError(UserError):
    """What was given to grade cannot be graded at all; the text says why."""


@dataclass(frozen=True)
class Submission:
    """One submitted file.

    Args:
        student: who it is from, as far as its name tells.
        lms_id: the number by which Canvas or Moodle knows that person; empty if there is none.
        file: where it lies, below what was given.
        read: returns its content, or raises `Unreadable`.
        order: later submissions of a student compare greater.
    """

    student: str
    lms_id: str
    file: str
    read: Callable[[], bytes]
    order: tuple[int, float, str] = (0, 0.0, "")


@dataclass(frozen=True)
class _Entry:
    parts: tuple[str, ...]
    read: Callable[[], bytes]
    time: float

    @property
    def name(self) -> str:
        return self.parts[-1]


def find(source: Path) -> list[Submission]:
    """Find all submissions.

    Args:
        source: a notebook, a folder of notebooks, a folder per student, nbgrader's ``submitted/``
            or the folder above it, or a zip of one of these, of Canvas or of Moodle.

    Returns:
        One submission for each notebook, and one for what each student without a notebook has
        handed in instead, in the order of names.

    Raises:
        InputError: if there is nothing of that kind.
    """
    if not source.exists():
        raise InputError(f"{source} does not exist.")
    if source.is_dir():
        if (source / "submitted").is_dir():
            source = source / "submitted"
        entries = list(_folder(source))
    elif source.suffix.lower() == ".zip":
        try:
            entries = list(
                _archive(source.read_bytes if source.stat().st_size < 1 << 20 else source)
            )
        except Unreadable as error:
            raise InputError(f"{source}: {error.text}") from error
        entries = _without_common_folder(entries)
    elif source.suffix.lower() == ".ipynb":
        entries = [_Entry((source.name,), _reader(source), source.stat().st_mtime)]
    else:
        raise InputError(
            f"{source} is neither a folder nor a zip nor a notebook; give one of these."
        )
    found = _keep_telling(_identify(entry) for entry in entries)
    if not found:
        raise InputError(f"{source} holds no submissions: no file ends in .ipynb.")
    return sorted(found, key=lambda one: (one.student.casefold(), one.file))


def _folder(root: Path) -> Iterator[_Entry]:
    home = root.resolve()
    todo = [root]
    count = 0
    while todo:
        folder = todo.pop()
        try:
            inside = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            yield _problem(
                _parts(folder, root), "unreadable", f"The folder cannot be read: {error}."
            )
            continue
        for entry in inside:
            if entry.name.startswith(".") or entry.name.lower() in JUNK:
                continue
            count += 1
            if count > MAX_FILES:
                raise InputError(f"{root} holds more than {MAX_FILES:,} files.")
            path = Path(entry.path)
            parts = _parts(path, root)
            # Not Path.resolve: of links that lead in a circle it makes an exception.
            target = Path(os.path.realpath(path))
            if entry.is_symlink() and not target.is_relative_to(home):
                text = "It is a link that leads out of the folder, and was not followed."
                yield _problem(parts, "unsafe", text)
            elif entry.is_dir(follow_symlinks=False):
                todo.append(path)
            elif os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises where it may not look
                yield _problem(parts, "unsafe", "It is a link to a folder, and was not followed.")
            elif not os.path.isfile(path):  # noqa: PTH113
                yield _problem(parts, "unreadable", "It is not a file that can be read.")
            elif path.suffix.lower() == ".zip":
                yield from _nested(parts, _reader(path, MAX_ARCHIVE))
            else:
                yield _Entry(parts, _reader(path), entry.stat().st_mtime)


def _parts(path: Path, root: Path) -> tuple[str, ...]:
    return tuple(path.relative_to(root).parts)


def _problem(parts: tuple[str, ...], status: str, text: str) -> _Entry:
    def read() -> bytes:
        raise Unreadable(status, text)

    return _Entry(parts, read, 0.0)


def _reader(path: Path, limit: int = MAX_BYTES) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            # Not blocking: what was a file a moment ago may be a pipe by now.
            handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
            with os.fdopen(handle, "rb") as stream:
                data = stream.read(limit + 1)
        except OSError as error:
            reason = error.strerror or str(error)
            raise Unreadable("unreadable", f"The file cannot be read: {reason}.") from error
        if len(data) > limit:
            size = path.stat().st_size
            raise Unreadable("too-large", f"The file has {size >> 20} MB; {limit >> 20} are read.")
        return data

    return read


def _nested(parts: tuple[str, ...], read: Callable[[], bytes]) -> Iterator[_Entry]:
    """Look into an archive that lies among the submissions."""
    try:
        inside = list(_archive(read, nested=True))
    except Unreadable as error:
        yield _problem(parts, error.status, error.text)
        return
    stem = parts[-1][: -len(".zip")]
    for entry in inside:
        yield replace(entry, parts=(*parts[:-1], stem, *entry.parts))


def _archive(source: Path | Callable[[], bytes], *, nested: bool = False) -> Iterator[_Entry]:
    try:
        archive = zipfile.ZipFile(source if isinstance(source, Path) else io.BytesIO(source()))
        members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        raise Unreadable("not-a-notebook", f"The zip is damaged: {error}.") from error
    if len(members) > MAX_FILES:
        raise Unreadable("too-large", f"The zip holds more than {MAX_FILES:,} files.")
    spent = [0]
    seen: set[str] = set()
    for member in members:
        name = _decoded(member).replace("\\", "/")
        path = PurePosixPath(name)
        parts = tuple(part for part in path.parts if part not in ("/", ".", ".."))
        if member.is_dir() or not parts:
            continue
        if any(part.startswith(".") or part.lower() in JUNK for part in parts):
            continue
        if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", name):
            yield _problem(parts, "unsafe", f"Its path {name[:100]!r} leads out of the zip.")
        elif stat.S_ISLNK(member.external_attr >> 16):
            yield _problem(parts, "unsafe", "It is a link, and was not followed.")
        elif name in seen:
            yield _problem(
                (*parts[:-1], f"{parts[-1]} (again)"), "unsafe", "Its path is in the zip twice."
            )
        elif path.suffix.lower() == ".zip" and not nested:
            yield from _nested(parts, _member(archive, member, spent, MAX_ARCHIVE))
        else:
            time = float(sum(n * 60**k for k, n in enumerate(reversed(member.date_time))))
            yield _Entry(parts, _member(archive, member, spent, MAX_BYTES), time)
        seen.add(name)


def _decoded(member: zipfile.ZipInfo) -> str:
    """Return a member's name; names without the UTF-8 mark are UTF-8 all the same, mostly."""
    if member.flag_bits & 0x800:
        return member.filename
    try:
        return member.filename.encode("cp437").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return member.filename


def _member(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, spent: list[int], limit: int
) -> Callable[[], bytes]:
    def read() -> bytes:
        size = max(member.file_size, 0)
        if size > limit:
            raise Unreadable("too-large", f"Unpacked it would have {size >> 20:,} MB.")
        if spent[0] > MAX_TOTAL:
            raise Unreadable("too-large", "The zip as a whole unpacks to too much.")
        try:
            with archive.open(member) as stream:
                data = stream.read(limit + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
            raise Unreadable("unreadable", f"It is damaged inside the zip: {error}.") from error
        except (RuntimeError, NotImplementedError) as error:  # encrypted, unknown method
            raise Unreadable("unreadable", f"It cannot be unpacked: {error}.") from error
        spent[0] += len(data)
        if len(data) > limit:
            raise Unreadable("too-large", f"Unpacked it has more than {limit >> 20} MB.")
        return data

    return read


def _without_common_folder(entries: list[_Entry]) -> list[_Entry]:
    """Leave out a folder that holds all of an archive, such as ``submissions/``."""
    tops = {entry.parts[0] for entry in entries}
    if len(tops) == 1 and all(len(entry.parts) > 1 for entry in entries):
        top = next(iter(tops))
        deeper = any(len(entry.parts) > 2 for entry in entries)
        if (deeper or top.lower() in ("submissions", "submitted")) and not _lms(top):
            return [replace(entry, parts=entry.parts[1:]) for entry in entries]
    return entries


def _lms(name: str) -> tuple[str, str, str] | None:
    """Read a name that Canvas or Moodle has made: the student, the number, the file."""
    match = MOODLE.fullmatch(name) or CANVAS.fullmatch(name)
    return (match["name"].strip(), match["id"], match["file"] or "") if match else None


def _identify(entry: _Entry) -> Submission:
    file = unicodedata.normalize("NFC", "/".join(entry.parts))
    file = "".join(c if c.isprintable() or c in JOINERS else "�" for c in file)
    file = file.encode("utf-8", "replace").decode("utf-8")
    first = file.split("/")[0]
    named = _lms(first)
    attempt = 0
    if named:
        student, lms_id, rest = named
        last = rest or entry.name
        match = re.search(r"-(\d{1,4})\.ipynb$", last)
        attempt = int(match[1]) if match else 0
    elif "/" in file:
        student, lms_id = first, ""
    else:
        student, lms_id = _student_of_file(first), ""
    return Submission(
        student.strip() or first, lms_id, file, entry.read, (attempt, entry.time, file)
    )


def _student_of_file(name: str) -> str:
    """Read the student from a file name such as ``ana_03_layers.ipynb``; else the name itself."""
    stem = re.sub(r"(?<=.)\.\w{1,5}$", "", name)
    topics = "|".join(f"{number}[_ -]{topic}" for number, topic in CHAPTERS.items())
    rest = re.sub(rf"(?<!\d)({topics})", " ", stem)
    rest = re.sub(r"\s*\(\d+\)\s*$", "", rest).strip(" _-.")
    return rest or stem


def _keep_telling(found: Iterator[Submission]) -> list[Submission]:
    """Drop files beside a student's notebook; keep what a student without one has handed in."""
    everything = list(found)
    with_notebook = {
        (one.student, one.lms_id) for one in everything if one.file.lower().endswith(".ipynb")
    }
    return [
        one
        if one.file.lower().endswith((".ipynb", "(again)"))
        else replace(one, read=_refuse(one.read))
        for one in everything
        if one.file.lower().endswith(".ipynb")
        or (one.student, one.lms_id) not in with_notebook
        or one.file.endswith("(again)")
    ]


def _refuse(read: Callable[[], bytes]) -> Callable[[], bytes]:
    def refuse() -> bytes:
        read()  # says first what is wrong with reading it
        raise Unreadable(
            "not-a-notebook", "The file is not a notebook: its name must end in .ipynb."
        )

    return refuse
