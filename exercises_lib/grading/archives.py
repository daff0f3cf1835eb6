"""What lies in an archive that was handed in: looked at with limits, never unpacked."""

from __future__ import annotations

import io
import re
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import IO

from exercises_lib.grading.entries import (
    MAX_DEPTH,
    MAX_FILES,
    MAX_STUDENTS,
    Entry,
    InputError,
    is_junk,
    noted,
    problem,
    shown,
)
from exercises_lib.grading.notebook import MAX_BYTES, UnreadableError

MAX_INNER = 100 << 20
"""Largest archive inside an archive that is opened; it is copied to disk to be read."""
MAX_INNER_TOTAL = 300 << 20
"""Bytes of archives inside an archive that are opened for one name at the top."""
MAX_DIRECTORY = 40 << 20
"""Bytes of an archive's table of contents, which is read into memory."""
MAX_INNER_DIRECTORY = 1 << 20
MAX_TOTAL = 8 << 30
"""Bytes that are read from one archive in all."""

Opener = Callable[[], AbstractContextManager[IO[bytes]]]


def in_archive(path: Path) -> list[Entry]:
    """List what lies in a zip, and in the zips that students have put into it.

    Raises:
        InputError: if it is damaged, or holds more than any class hands in.
    """
    try:
        with path.open("rb") as stream:
            _, members = _opened(stream, MAX_DIRECTORY)
        archive = zipfile.ZipFile(path)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    except UnreadableError as error:
        raise InputError(f"{path}: {error.text}") from error
    paths = _without_common_folder([_member_parts(member) for member in members])
    tops = {parts[0] for parts in paths if parts}
    if len(tops) > MAX_STUDENTS:
        raise InputError(f"{path} holds more than {MAX_STUDENTS:,} files and folders at its top.")
    spent = [0]
    inner: dict[str, int] = {}
    found: dict[str, list[Entry]] = {}
    for member, parts in zip(members, paths, strict=True):
        if not parts:
            continue
        top = found.setdefault(parts[0], [])
        if len(top) > MAX_FILES:
            continue
        read = _limited(archive, member, spent)
        one = _checked(member, parts, read, [entry.parts for entry in top])
        if one.name.lower().endswith(".zip") and one.read is read:
            inner[parts[0]] = inner.get(parts[0], 0) + member.file_size
            if inner[parts[0]] > MAX_INNER_TOTAL:
                text = f"Its zips unpack to more than {MAX_INNER_TOTAL >> 20} MB together."
                top.append(problem(one.parts, "too-large", text))
            else:
                top += nested(one.parts, _copied(archive, member))
        else:
            top.append(one)
    for name, entries in found.items():
        if len(entries) > MAX_FILES:
            flood = f"More than {MAX_FILES:,} files are in {name}; the others were not read."
            row = problem((name, "…"), "too-many", flood)
            found[name] = [*noted(entries[:MAX_FILES], flood), row]
    return [one for entries in found.values() for one in entries]


def nested(parts: tuple[str, ...], opened: Opener) -> Iterator[Entry]:
    """Look into an archive that a student has handed in; it is opened anew for each reading."""
    stem = (*parts[:-1], parts[-1][: -len(".zip")])
    try:
        with opened() as stream:
            _, members = _opened(stream, MAX_INNER_DIRECTORY)
    except OSError as error:
        yield problem(parts, "unreadable", f"The file cannot be read: {error.strerror}.")
        return
    except UnreadableError as error:
        yield problem(parts, error.status, error.text)
        return
    seen: list[tuple[str, ...]] = []
    flood = ""
    if len(members) > MAX_FILES:
        flood = f"More than {MAX_FILES:,} files are in {parts[-1]}; the others were not read."
        yield problem((*stem, "…"), "too-many", flood)
    for member in members[:MAX_FILES]:
        below = _member_parts(member)
        if below:
            one = _checked(member, (*stem, *below), _reopened(opened, member), seen)
            seen.append(one.parts)
            yield replace(one, note=flood)


def _reopened(opened: Opener, member: zipfile.ZipInfo) -> Callable[[], bytes]:
    def read() -> bytes:
        with opened() as stream:
            archive, _ = _opened(stream, MAX_INNER_DIRECTORY)
            return _limited(archive, member, [0])()

    return read


def _copied(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Opener:
    """Return what copies an archive out of an archive, into a temporary file and not too far."""

    @contextmanager
    def opened() -> Iterator[IO[bytes]]:
        with ExitStack() as stack:
            copy = stack.enter_context(tempfile.TemporaryFile())
            for block in _blocks(archive, member, MAX_INNER):
                copy.write(block)
            yield copy

    return opened


def _opened(stream: IO[bytes], most: int) -> tuple[zipfile.ZipFile, list[zipfile.ZipInfo]]:
    """Open an archive whose table of contents is not too long to be held."""
    try:
        stream.seek(0, io.SEEK_END)
        stream.seek(max(0, stream.tell() - (1 << 16) - 22))
        end = stream.read()
        place = end.rfind(b"PK\5\6")
        size = int.from_bytes(end[place + 12 : place + 16], "little") if place >= 0 else 0
        if b"PK\6\6" in end:  # the table of a large archive, which has a record of its own
            size = max(size if size < 0xFFFFFFFF else 0, _large_size(end))
        if size > most:
            raise UnreadableError("too-large", "The zip holds too many files, or too long names.")
        archive = zipfile.ZipFile(stream)
        return archive, archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        raise UnreadableError("not-a-notebook", f"The zip is damaged: {error}.") from error


def _large_size(end: bytes) -> int:
    place = end.rfind(b"PK\6\6")
    return int.from_bytes(end[place + 40 : place + 48], "little")


def _member_parts(member: zipfile.ZipInfo) -> tuple[str, ...]:
    """Return where a member lies; empty if it is none that counts."""
    path = PurePosixPath(_decoded(member).replace("\\", "/"))
    parts = tuple(part for part in path.parts if part not in ("/", ".", ".."))
    if member.is_dir() or any(is_junk(part) for part in parts):
        return ()
    return tuple(shown(part) for part in parts)


def _decoded(member: zipfile.ZipInfo) -> str:
    """Return a member's name; names without the UTF-8 mark are UTF-8 all the same, mostly."""
    if member.flag_bits & 0x800:
        return member.filename
    try:
        return member.filename.encode("cp437").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return member.filename


def _checked(
    member: zipfile.ZipInfo,
    parts: tuple[str, ...],
    read: Callable[[], bytes],
    seen: Iterable[tuple[str, ...]],
) -> Entry:
    """Make the entry of a member of an archive, whatever its name and its kind are."""
    name = _decoded(member).replace("\\", "/")
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", name):
        return problem(parts, "unsafe", f"Its path {name[:100]!r} leads out of the zip.")
    if stat.S_ISLNK(member.external_attr >> 16):
        return problem(parts, "unsafe", "It is a link, and was not followed.")
    if len(parts) > MAX_DEPTH:
        text = f"It lies more than {MAX_DEPTH} folders deep, and was not read."
        return problem((*parts[:2], "…", parts[-1]), "unsafe", text)
    if parts in seen:
        again = (*parts[:-1], f"{parts[-1]} (again)")
        return problem(again, "unsafe", "Its path is in the zip twice.", kept=True)
    time = float(sum(n * 60**k for k, n in enumerate(reversed(member.date_time))))
    year, month, day, hour, minute, _ = member.date_time
    when = f"{year}-{month:02}-{day:02} {hour:02}:{minute:02}"
    return Entry(parts, read, time, when)


def _blocks(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limit: int) -> Iterator[bytes]:
    """Unpack a member block by block, as long as it keeps within the limit."""
    if member.file_size > limit:
        size = member.file_size >> 20
        raise UnreadableError(
            "too-large", f"Unpacked it would have {size:,} MB; {limit >> 20} are."
        )
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # What the other methods need to unpack, the archive itself says.
        text = "It is packed in a way that is not used in handing in."
        raise UnreadableError("unreadable", text)
    total = 0
    try:
        with archive.open(member) as stream:
            while block := stream.read(1 << 20):
                total += len(block)
                if total > limit:
                    text = f"Unpacked it has more than {limit >> 20} MB."
                    raise UnreadableError("too-large", text)
                yield block
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
        raise UnreadableError("unreadable", f"It is damaged inside the zip: {error}.") from error
    except (RuntimeError, NotImplementedError) as error:  # encrypted, unknown method
        raise UnreadableError("unreadable", f"It cannot be unpacked: {error}.") from error


def _limited(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, spent: list[int]
) -> Callable[[], bytes]:
    def read() -> bytes:
        if spent[0] > MAX_TOTAL:
            raise UnreadableError("too-large", "The zip as a whole unpacks to too much.")
        data = b"".join(_blocks(archive, member, MAX_BYTES))
        spent[0] += len(data)
        return data

    return read


def _without_common_folder(paths: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Leave out a folder that holds all of an archive, such as ``submissions/``."""
    from exercises_lib.grading.naming import is_made_by_a_platform

    counting = [parts for parts in paths if parts]
    tops = {parts[0] for parts in counting}
    if len(tops) != 1 or not all(len(parts) > 1 for parts in counting):
        return paths
    top = next(iter(tops))
    deeper = any(len(parts) > 2 for parts in counting)
    if (deeper or top.lower() in ("submissions", "submitted")) and not is_made_by_a_platform(top):
        return [parts[1:] for parts in paths]
    return paths
