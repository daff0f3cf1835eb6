"""The student's library as a folder of plain files beside the notebooks."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, MutableMapping
from pathlib import Path

FOLDER_NAME = "mynn"
_WRITTEN = ".written.json"
_ABOUT = '''"""Your own library: every answer that has passed its check, one file for each exercise.

    from mynn import Affine

gives the class that you have written. The files are yours to read and to change. When a newer
answer passes, it takes its file; what you had changed by hand is kept beside it.
"""

import exercises_lib  # it finds what stands in this folder
'''


def folder() -> Path | None:
    """Return the library's folder: beside the file of the progress, else in the current folder.

    None where ``BACKPROP_PROGRESS`` is ``off``.
    """
    chosen = os.environ.get("BACKPROP_PROGRESS", "")
    if chosen == "off":
        return None
    return (Path(chosen).parent if chosen else Path.cwd()) / FOLDER_NAME


class Folder(MutableMapping[str, str]):
    """Exercise id → source, in files such as ``mynn/ch04_Affine.py``.

    Args:
        path: of the folder; made when the first answer is kept.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.said = ""

    def path_of(self, exercise_id: str) -> Path:
        """Return the file of an exercise."""
        return self.path / f"{exercise_id.replace('.', '_', 1)}.py"

    def __getitem__(self, exercise_id: str) -> str:
        try:
            return self.path_of(exercise_id).read_text(encoding="utf-8")
        except (FileNotFoundError, UnicodeDecodeError) as error:
            raise KeyError(exercise_id) from error

    def __iter__(self) -> Iterator[str]:
        for path in sorted(self.path.glob("ch[0-9][0-9]_*.py")):
            if path.stem.isidentifier():  # not what was kept aside: ch04_Affine.edited.py
                yield path.stem.replace("_", ".", 1)

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __setitem__(self, exercise_id: str, source: str) -> None:
        """Write a file; one that was changed by hand since it was written is kept aside."""
        self.path.mkdir(parents=True, exist_ok=True)
        about = self.path / "__init__.py"
        if not about.exists():
            about.write_text(_ABOUT, encoding="utf-8")
        path, written, self.said = self.path_of(exercise_id), self._written(), ""
        if path.exists() and written.get(path.name) != _digest(path.read_bytes()):
            aside = self._free_name(path)
            path.rename(aside)
            self.said = (
                f"mynn/{path.name} had been changed by hand: that version is now "
                f"mynn/{aside.name}, and your newer answer has taken its place."
            )
        new = path.with_suffix(".new")
        new.write_text(source, encoding="utf-8")
        new.replace(path)
        written[path.name] = _digest(path.read_bytes())
        (self.path / _WRITTEN).write_text(json.dumps(written, indent=1), encoding="utf-8")

    def __delitem__(self, exercise_id: str) -> None:
        try:
            self.path_of(exercise_id).unlink()
        except FileNotFoundError as error:
            raise KeyError(exercise_id) from error

    def _written(self) -> dict[str, str]:
        """Return file name → digest of what was written last; a lost list protects every file."""
        try:
            found = json.loads((self.path / _WRITTEN).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    @staticmethod
    def _free_name(path: Path) -> Path:
        number = 1
        while (aside := path.with_name(f"{path.stem}.edited-{number}.py")).exists():
            number += 1
        return aside


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
