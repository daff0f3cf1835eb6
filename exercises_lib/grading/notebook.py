"""Reading a submitted file, which may be anything."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

MAX_BYTES = 30 << 20
"""Largest notebook that is read; with pictures a chapter has a few hundred kilobytes."""
MAX_CELLS = 2_000
MAX_SOURCE = 200_000
MAX_CODE = 2_000_000
"""Characters of code in all; what the course hands out has a hundredth of it."""


MAX_ITEMS = 500_000
"""Lists, dictionaries and entries in all. A notebook has a few thousand; a file of 30 MB can hold
ten million, each of which takes thirty times as much memory as its two characters."""
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)


class UnreadableError(Exception):
    """The file is not a notebook that can be graded.

    Args:
        status: the word for it in the gradebook.
        text: what is wrong with it, in a sentence.
    """

    def __init__(self, status: str, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


@dataclass(frozen=True)
class Code:
    """A code cell of a submission: its id and what it says."""

    id: str
    source: str


def read_notebook(data: bytes) -> dict[str, Any]:
    """Read a notebook of format 4.

    Args:
        data: the file's content.

    Returns:
        The notebook; its cells are dictionaries whose source is one string.

    Raises:
        UnreadableError: with status ``empty``, ``too-large``, ``not-a-notebook`` or
            ``wrong-format``.
    """
    if not data.strip():
        raise UnreadableError("empty", "The file is empty.")
    if len(data) > MAX_BYTES:
        raise UnreadableError(
            "too-large", f"The file has {len(data) >> 20} MB; {MAX_BYTES >> 20} are read."
        )
    items = _items(data)
    if items > MAX_ITEMS:
        raise UnreadableError(
            "too-large", f"The file has {items:,} lists and entries; {MAX_ITEMS:,} are read."
        )
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UnreadableError("not-a-notebook", f"The file is not UTF-8 text ({error}).") from error
    except (ValueError, RecursionError) as error:
        reason = "too deeply nested" if isinstance(error, RecursionError) else str(error)[:200]
        raise UnreadableError(
            "not-a-notebook", f"The file is not a notebook, or only a part of one: {reason}."
        ) from error
    if not isinstance(notebook, dict) or "nbformat" not in notebook:
        raise UnreadableError("not-a-notebook", "The file is JSON, but not a notebook.")
    if notebook["nbformat"] != 4 or isinstance(notebook["nbformat"], bool):
        raise UnreadableError(
            "wrong-format",
            f"The notebook has format {str(notebook['nbformat'])[:20]!r}, expected 4. "
            "Opening it in JupyterLab and saving it again converts it.",
        )
    cells = notebook.get("cells")
    if not isinstance(cells, list):
        raise UnreadableError("wrong-format", "The notebook has no list of cells.")
    if len(cells) > MAX_CELLS:
        raise UnreadableError("too-large", f"The notebook has {len(cells):,} cells.")
    read = [_cell(cell, number) for number, cell in enumerate(cells, 1)]
    code = sum(len(cell["source"]) for cell in read if cell["cell_type"] == "code")
    if code > MAX_CODE:
        raise UnreadableError("too-large", f"The notebook has {code:,} characters of code.")
    return {**notebook, "cells": read}


def _items(data: bytes) -> int:
    """Count what is in a JSON file, without reading it: all that stands outside of its strings."""
    if len(data) < MAX_ITEMS:
        return 0  # it cannot have more
    strings = (data.count(b'"') - data.count(b'\\"')) // 2
    if strings > MAX_ITEMS:
        return strings
    bare = _STRING.sub(b"", data)
    return bare.count(b",") + bare.count(b"[") + bare.count(b"{")


def _cell(cell: Any, number: int) -> dict[str, Any]:
    wrong = UnreadableError("wrong-format", f"Cell {number} is not a cell.")
    if not isinstance(cell, dict):
        raise wrong
    text = cell.get("source", "")
    if isinstance(text, list) and all(isinstance(line, str) for line in text):
        text = "".join(text)
    if not isinstance(text, str):
        raise wrong
    if len(text) > MAX_SOURCE:
        raise UnreadableError("too-large", f"Cell {number} has {len(text):,} characters.")
    # Half a surrogate pair is legal JSON, and cannot be encoded.
    text = text.encode("utf-8", "replace").decode("utf-8")
    return {
        "cell_type": str(cell.get("cell_type", "")),
        "id": str(cell.get("id", ""))[:200].encode("utf-8", "replace").decode("utf-8"),
        "source": text,
    }


def code_cells(notebook: dict[str, Any]) -> list[Code]:
    """Return the code cells of what `read_notebook` returned, in order."""
    return [
        Code(cell["id"], cell["source"])
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
    ]
