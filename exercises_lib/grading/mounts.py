"""What a process that runs students' code may read and import: a list, and nothing else.

The list is made from what Python and the course need: the interpreter and its library, the folders
in which the packages that notebooks use are installed, the parts of this package that a notebook
uses, shared libraries, fonts, a few files of /etc. It is never made from `sys.path` or from the
current folder: there lies whatever the instructor has beside the submissions, and what students
have handed in.
"""

from __future__ import annotations

import importlib.util
import os
import site
import sys
from collections.abc import Iterable
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
PARTS = (
    *("__init__.py", "errors.py", "mynn.py", "tutor.py"),
    *("checking", "own"),
    *(f"data/{name}" for name in os.listdir(PACKAGE / "data") if name != "digits.npz"),  # noqa: PTH208
)
"""What of this package a notebook uses; of all else a kernel has what is loaded, or lent to it."""
DEPENDENCIES = ("numpy", "matplotlib", "IPython", "ipywidgets", "anywidget", "torch", "sklearn")
"""Packages by which the folders are found in which packages are installed."""
SYSTEM = (
    *("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/usr/bin", "/usr/sbin"),
    *("/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libexec", "/usr/local/lib"),
    *(f"/usr/share/{name}" for name in ("fonts", "fontconfig", "mime", "terminfo", "zoneinfo")),
    *("/usr/local/share/fonts", "/nix/store", "/gnu/store"),
    *(f"/etc/{name}" for name in ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime")),
    *(f"/etc/{name}" for name in ("fonts", "mime.types", "alternatives", "nsswitch.conf")),
)
INSTALLED = ("site-packages", "dist-packages")
"""How folders are called into which packages are installed; others hold more than packages."""


def package_folders() -> list[str]:
    """List the folders from which packages are imported: where Python and pip install them."""
    found = [*site.getsitepackages()]
    if site.ENABLE_USER_SITE:
        found.append(site.getusersitepackages())
    found += [str(place.parent) for place in _dependencies()]
    return [name for name in dict.fromkeys(map(os.path.realpath, found)) if Path(name).is_dir()]


def _dependencies() -> list[Path]:
    """Return the folders of the packages that notebooks use."""
    found = []
    for name in DEPENDENCIES:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.submodule_search_locations:
            found.append(Path(spec.submodule_search_locations[0]).resolve())
    return found


def readable_paths(folders: Iterable[str]) -> list[str]:
    """List what a student's kernel may read.

    Args:
        folders: from which packages are imported; see `package_folders`.
    """
    wanted = [*SYSTEM, *_interpreter()]
    for folder in map(Path, folders):
        if folder.name in INSTALLED:
            wanted.append(str(folder))
        else:  # a folder on PYTHONPATH, say: the packages that are needed, and not what lies beside
            wanted += [str(place) for place in _dependencies() if place.parent == folder]
    wanted += [str(PACKAGE / part) for part in PARTS]
    taken: list[str] = []
    for name in sorted(dict.fromkeys(wanted), key=len):
        if os.path.lexists(name) and not any(name.startswith(f"{one}/") for one in taken):
            taken.append(name)
    return taken


def _interpreter() -> Iterable[str]:
    """List the program `python` with the links that lead to it, its library and its fonts."""
    program = Path(sys.executable)
    while True:
        yield str(program)
        yield str(program.parent.parent / "pyvenv.cfg")
        if not program.is_symlink():
            break
        program = program.parent / program.readlink()
    prefixes = (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix)
    for prefix in dict.fromkeys(prefixes):
        for part in ("lib", "lib32", "lib64", "fonts", "share/fonts", "etc/fonts"):
            yield f"{prefix}/{part}"


def without(readable: Iterable[str], hidden: Iterable[str]) -> list[str]:
    """Replace each readable folder that holds something hidden by what else is in it."""
    closed = set(hidden)
    result: list[str] = []
    todo = list(readable)
    while todo:
        path = todo.pop()
        if path in closed:
            continue
        if any(name.startswith(f"{path}/") for name in closed):
            todo += [str(entry) for entry in Path(path).iterdir()]
        else:
            result.append(path)
    return result
