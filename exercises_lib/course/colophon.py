"""The book's colophon: what of others it carries, from where, and under which licence."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

LEFT_OUT = {"axe-core", "commander", "purgecss", "ws"}
"""Packages with which the book is built or tested; nothing of them is in it."""

LICENCES = {
    "pyodide": "MPL-2.0; the Python in it: PSF-2.0",
    "@emscripten-forge/numpy": "BSD-3-Clause, as NumPy; its packaging: MIT",
}
"""What a package's own file does not say, or says of its packaging only."""

HEAD = """# Colophon

The book is made with Sphinx, MyST-NB and the Sphinx Book Theme. Its formulas are set by KaTeX while
it is built. Its pages ask for nothing from anywhere else; what they carry of others is in this
list. Each package comes from the npm registry in exactly this version.

| what | version | licence |
|---|---|---|
"""

TAIL = """
The text of this book is under CC BY 4.0, its code under MIT. It carries two data sets of the UCI
Machine Learning Repository, both under CC BY 4.0: *Optical Recognition of Handwritten Digits*,
E. Alpaydin and C. Kaynak, 1998, [doi 10.24432/C50P49](https://doi.org/10.24432/C50P49), and
*Banknote Authentication*, V. Lohweg, 2012, [doi 10.24432/C55P57](https://doi.org/10.24432/C55P57).
What was changed in them stands beside them, in `exercises_lib/data/ORIGIN.md`.
"""

PYTHON = """
Python in the pages is Pyodide with NumPy. The versions and the sha512 of every package stand in
`book/run/package-lock.json`, and a package that is not the one it promises ends the build.
"""

GIVEN = """
Python and NumPy in the pages come from a Pyodide distribution that was given when the book was
built.
"""


def colophon(folders: Iterable[Path], pyodide_given: bool) -> str:
    """Write the page.

    Args:
        folders: the ``node_modules`` whose packages are in the book.
        pyodide_given: whether Python came from a folder and not from npm.
    """
    rows = sorted(row for folder in folders for row in _packages(folder))
    if pyodide_given:
        rows = [row for row in rows if row[0] not in LICENCES]
    table = "\n".join(f"| `{name}` | {version} | {licence} |" for name, version, licence in rows)
    python = any(name == "pyodide" for name, _, _ in rows)
    return HEAD + table + "\n" + (PYTHON if python else GIVEN if pyodide_given else "") + TAIL


def _packages(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Go from what the book asks for to what that asks for."""
    asked = (folder.parent / "package.json").read_text(encoding="utf-8")
    wanted = [*json.loads(asked)["dependencies"]]
    seen = set(LEFT_OUT)
    while wanted:
        name = wanted.pop()
        path = folder / name / "package.json"
        if name in seen or not path.exists():
            continue
        seen.add(name)
        data = json.loads(path.read_text(encoding="utf-8"))
        wanted += data.get("dependencies", ())
        yield name, data["version"], LICENCES.get(name, data.get("license", "not said"))
