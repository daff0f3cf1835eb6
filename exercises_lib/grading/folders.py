"""What lies in a folder that was handed in: looked at with limits, no link followed."""

from __future__ import annotations

import itertools
import os
import stat
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from exercises_lib.grading.archives import nested
from exercises_lib.grading.entries import (
    MAX_DEPTH,
    MAX_FILES,
    MAX_STUDENTS,
    Entry,
    InputError,
    is_junk,
    noted,
    problem,
    reader,
    shown,
)


def in_folder(root: Path) -> list[Entry]:
    """List what lies in a folder; no link is followed.

    Raises:
        InputError: if there are more names in it than any class has students.
    """
    found: list[Entry] = []
    for top in _inside(root, MAX_STUDENTS):
        if top is None:
            raise InputError(f"{root} holds more than {MAX_STUDENTS:,} files and folders.")
        found += _below(top, root) if top.is_dir(follow_symlinks=False) else _at(top, root)
    return _without_linked(found, root)


def _inside(folder: Path, most: int) -> Iterator[os.DirEntry[str] | None]:
    """List a folder in the order of names; None comes last if more than `most` are in it."""
    with os.scandir(folder) as scan:
        visible = (one for one in scan if not is_junk(one.name))
        some = list(itertools.islice(visible, most + 1))
    yield from sorted(some[:most], key=lambda one: one.name)
    if len(some) > most:
        yield None


def _below(top: os.DirEntry[str], root: Path) -> list[Entry]:
    """List what lies in one folder of the top, that which lies deepest last."""
    found: list[Entry] = []
    todo = deque([Path(top.path)])
    count = 0
    flood = f"More than {MAX_FILES:,} files are in {shown(top.name)}; the others were not read."
    while todo:
        folder = todo.popleft()
        parts = _parts(folder, root)
        try:
            for one in _inside(folder, MAX_FILES - count):
                count += 1
                if one is None:
                    return [*noted(found, flood), problem((*parts, "…"), "too-many", flood)]
                if not one.is_dir(follow_symlinks=False):
                    found += _at(one, root)
                elif len(parts) < MAX_DEPTH:
                    todo.append(Path(one.path))
                else:
                    deep = f"Folders lie more than {MAX_DEPTH} deep; these were not read."
                    found = [*noted(found, deep), problem((*parts, "…"), "too-many", deep)]
        except OSError as error:
            text = f"The folder cannot be read: {error.strerror}."
            found.append(problem(parts, "unreadable", text))
    return found


def _at(one: os.DirEntry[str], root: Path) -> Iterator[Entry]:
    """Give what stands at one place of a folder, which is no folder itself."""
    path = Path(one.path)
    parts = _parts(path, root)
    try:
        mode = one.stat(follow_symlinks=False)
    except OSError as error:
        yield problem(parts, "unreadable", f"The file cannot be read: {error.strerror}.")
        return
    if stat.S_ISLNK(mode.st_mode):
        yield problem(parts, "unsafe", "It is a link, and was not followed.")
    elif not stat.S_ISREG(mode.st_mode):
        yield problem(parts, "unreadable", "It is not a file that can be read.")
    elif path.suffix.lower() == ".zip":
        yield from nested(parts, lambda: path.open("rb"))
    else:
        yield Entry(parts, reader(path), mode.st_mtime)


def _without_linked(entries: list[Entry], root: Path) -> list[Entry]:
    """Tell files that lie at two places at once: a hard link to somebody else's notebook.

    Where one of the places is in a folder of the file's owner and another is not, the second is
    not read. Where that cannot be told, all are read and all are noted.
    """
    places: dict[tuple[int, int], list[int]] = {}
    owned: dict[int, bool] = {}
    for index, one in enumerate(entries):
        path = root.joinpath(*one.parts)
        try:
            mode = path.lstat()
            owned[index] = mode.st_uid == path.parent.stat().st_uid
        except (OSError, ValueError):  # it lies in an archive, or its name was cut
            continue
        if stat.S_ISREG(mode.st_mode) and mode.st_nlink > 1:
            places.setdefault((mode.st_dev, mode.st_ino), []).append(index)
    result = list(entries)
    for same in places.values():
        if len(same) < 2:
            continue
        owners = [index for index in same if owned[index]]
        for index in same:
            others = ", ".join("/".join(entries[i].parts) for i in same if i != index)
            if index not in owners and owners:
                text = f"It is a link to somebody else's file ({others}), and was not read."
                result[index] = problem(entries[index].parts, "unsafe", text)
            else:
                note = f"It is the very same file as {others} (a hard link)."
                result[index] = replace(entries[index], note=note)
    return result


def _parts(path: Path, root: Path) -> tuple[str, ...]:
    return tuple(shown(part) for part in path.relative_to(root).parts)
