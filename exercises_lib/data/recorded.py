"""Numbers that PyTorch gave, recorded for machines that do not have it."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any


def recorded_pytorch() -> dict[str, Any]:
    """Return what PyTorch computed for the examples of chapter 08.

    A test computes them again with the PyTorch that is installed and compares.

    Returns:
        Plain numbers, lists and dictionaries by the name of the example; `made_with` says which
        PyTorch it was.
    """
    stored = files(__package__).joinpath("pytorch_recorded.json").read_text(encoding="utf-8")
    recorded: dict[str, Any] = json.loads(stored)
    return recorded
