"""What is installed, what is missing, and what to type."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass

NEEDED = ("numpy", "matplotlib", "ipywidgets", "anywidget", "jupyterlab", "nbval", "pooch")
EXTRAS = {
    "torch": ("PyTorch, for chapter 08", "pip install torch"),
    "distributed": ("Dask, for grading on many machines", 'pip install "backprop-course[grade]"'),
    "sphinx": ("Sphinx, for the book", 'pip install "backprop-course[book]"'),
}


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's: what was looked for, whether it is there, and what to know."""

    what: str
    found: bool
    text: str
    needed: bool = False


def examine() -> Iterator[Finding]:
    """Look at this machine and say what the course can use."""
    version = platform.python_version()
    yield Finding("Python", sys.version_info >= (3, 11), f"{version} (3.11 or newer)", needed=True)
    for name in NEEDED:
        found = importlib.util.find_spec(name) is not None
        text = importlib.metadata.version(name) if found else f"missing; type: pip install {name}"
        yield Finding(name, found, text, needed=True)
    for name, (what, command) in EXTRAS.items():
        found = importlib.util.find_spec(name) is not None
        text = importlib.metadata.version(name) if found else f"not installed; type: {command}"
        yield Finding(what, found, text)
    for tool, what in (
        ("chromium", "Chromium, for the browser tests"),
        ("node", "Node, for the book"),
    ):
        path = shutil.which(tool)
        yield Finding(what, path is not None, "found" if path else f"no command {tool}")
