"""Python for the book's pages: what is fetched, how it is packed, and where it comes from.

Pyodide and NumPy come from npm in the versions of ``book/run/package.json``; npm compares each
package with the sha512 in the lock file beside it. The lock file holds no addresses.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from exercises_lib.course.notebooks import CourseError, write_text
from exercises_lib.errors import UserError

PYODIDE = ("pyodide.js", "pyodide.mjs", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip")
"""The files of Pyodide that a page or the packing needs."""

NUMPY_UNUSED = {
    "tests",
    "__pycache__",
    "include",
    "f2py",
    "distutils",
    "_examples",
    "_pyinstaller",
}
NUMPY_LIBRARIES = ("lapack_lite.", "_rational_tests.", "_umath_tests.", "_struct_ufunc_tests.",
                   "_operand_flag_tests.", "_simd.")  # fmt: skip
"""Compiled parts that only a build without LAPACK, or NumPy's own tests, would load."""
NUMPY_SUFFIXES = {".pyi", ".h", ".a", ".pyc", ".pxd", ".pyx"}
COURSE_UNUSED = {"course", "fonts", "grading", "static", "__pycache__", "cli.py"}
STDLIB_UNUSED = [
    "curses/",
    "dbm/",
    "email/",
    "ensurepip/",
    "http/",
    "idlelib/",
    "lib2to3/",
    "logging/config.py",
    "logging/handlers.py",
    "multiprocessing/",
    "pydoc_data/",
    "tkinter/",
    "turtledemo/",
    "unittest/mock.py",
    "urllib/request.py",
    "venv/",
    "wsgiref/",
    "xml/",
    "xmlrpc/",
    "_pydatetime.py",
    "_pyio.py",
    "bdb.py",
    "cgi.py",
    "doctest.py",
    "ftplib.py",
    "imaplib.py",
    "mailbox.py",
    "nntplib.py",
    "optparse.py",
    "pdb.py",
    "pickletools.py",
    "poplib.py",
    "smtplib.py",
    "tarfile.py",
    "telnetlib.py",
    "trace.py",
    "turtle.py",
    "webbrowser.py",
]
"""Parts of the standard library that have nothing to do in a page."""


class KitError(UserError):
    """Python for the pages cannot be had here; the text says why."""


def fetch(run: Path) -> Path:
    """Install the packages of ``book/run`` unless they are there; returns their folder.

    Raises:
        KitError: if they cannot be fetched.
        CourseError: if a package is not the one that its sha512 promises.
    """
    modules = run / "node_modules"
    lock = run / "package-lock.json"
    mark = modules / ".lock-sha256"
    seal = hashlib.sha256(lock.read_bytes()).hexdigest()
    if mark.exists() and mark.read_text(encoding="utf-8") == seal:
        return modules
    npm = shutil.which("npm")
    if npm is None:
        raise KitError("npm is not installed")
    # Not a single script of a package is run.
    done = subprocess.run(
        [npm, "ci", "--ignore-scripts"], cwd=run, capture_output=True, text=True, encoding="utf-8"
    )
    if "EINTEGRITY" in done.stderr:
        raise CourseError(
            "A package for the book's pages is not what book/run/package-lock.json expects. "
            f"Do not use it. npm says:\n{done.stderr.strip()[-2000:]}"
        )
    if done.returncode:
        raise KitError(f"npm says: {done.stderr.strip()[-600:]}")
    mark.write_text(seal, encoding="utf-8")
    return modules


def make_kit(package: Path, run: Path, cache: Path, pyodide: Path | None = None) -> Path:
    """Put together what a page needs to run Python; returns its folder, inside `cache`.

    Args:
        package: the folder of ``exercises_lib``.
        run: ``book/run``, with its packages installed (see `fetch`).
        cache: where kits are kept; one is made again only when something of it has changed.
        pyodide: the folder of an official Pyodide distribution, to be taken instead of npm's.

    Raises:
        CourseError: if `pyodide` lacks something, or Node cannot pack.
    """
    core = pyodide or run / "node_modules" / "pyodide"
    missing = [name for name in PYODIDE if not (core / name).is_file()]
    if missing:
        raise CourseError(f"{core} is no Pyodide distribution: it has no {', '.join(missing)}.")
    course = {f"exercises_lib/{name}": path for name, path in _course_files(package)}
    seal = hashlib.sha256((core / "pyodide.asm.wasm").read_bytes())
    seal.update(str(pyodide or "").encode())
    for path in (Path(__file__), run / "pack.mjs", run / "package-lock.json", *course.values()):
        seal.update(path.read_bytes())
    kit = cache / f"kit-{seal.hexdigest()[:20]}"
    if (kit / "kit.json").exists():
        return kit
    with tempfile.TemporaryDirectory(prefix="backprop-kit") as temporary:
        work = Path(temporary) / "kit"
        work.mkdir()
        for name in PYODIDE:
            shutil.copyfile(core / name, work / name)
        _write_zip(work / "course.zip", course.items())
        _write_zip(work / "numpy.zip", _numpy_files(core, run, Path(temporary), pyodide))
        with zipfile.ZipFile(work / "numpy.zip", "a") as archive:
            # `from numpy import *` asks for the name of what is left out.
            archive.writestr("numpy/f2py/__init__.py", "# There is no Fortran in a page.\n")
        _without(work / "python_stdlib.zip", STDLIB_UNUSED)
        # The page needs no package but these, so Pyodide is told of none.
        names = json.loads((core / "pyodide-lock.json").read_text(encoding="utf-8"))
        write_text(work / "pyodide-lock.json", json.dumps({**names, "packages": {}}))
        _pack(run / "pack.mjs", work)
        for name in ("course", "numpy"):
            _as_tar(work / f"{name}.zip")
        with gzip.GzipFile(work / "pyodide.asm.wasm.gz", "wb", 9, mtime=0) as packed:
            packed.write((work / "pyodide.asm.wasm").read_bytes())
        (work / "pyodide.asm.wasm").unlink()
        sizes = {path.name: path.stat().st_size for path in sorted(work.iterdir())}
        write_text(work / "kit.json", json.dumps({"sizes": sizes}, indent=1) + "\n")
        for old in cache.glob("kit-*"):
            shutil.rmtree(old, ignore_errors=True)
        cache.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(kit, ignore_errors=True)
        shutil.copytree(work, kit)
    return kit


def _course_files(package: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(package.rglob("*")):
        name = path.relative_to(package)
        if path.is_file() and not COURSE_UNUSED & set(name.parts) and path.suffix != ".pyc":
            yield name.as_posix(), path


def _numpy_files(
    core: Path, run: Path, temporary: Path, pyodide: Path | None
) -> Iterator[tuple[str, Path]]:
    """Find NumPy's files: in npm's package a conda package, in a distribution a wheel."""
    unpacked = temporary / "numpy"
    if pyodide is not None:
        wheels = sorted(core.glob("numpy-*.whl"))
        if not wheels:
            raise CourseError(f"{core} has no wheel of NumPy: take the full Pyodide distribution.")
        with zipfile.ZipFile(wheels[-1]) as wheel:
            wheel.extractall(unpacked)
        site = unpacked
    else:
        folder = run / "node_modules" / "@emscripten-forge" / "numpy"
        (archive,) = folder.rglob("*.tar.gz")
        with tarfile.open(archive) as tar:
            tar.extractall(unpacked, filter="data")
        site = next(unpacked.rglob("site-packages"))
    for path in sorted((site / "numpy").rglob("*")):
        parts = path.relative_to(site).parts
        if (
            path.is_file()
            and not NUMPY_UNUSED & set(parts[:-1])
            and path.suffix not in NUMPY_SUFFIXES
            and not path.name.startswith(NUMPY_LIBRARIES)
        ):
            yield "/".join(parts), path


def _write_zip(target: Path, files: Iterable[tuple[str, Path]]) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in files:
            archive.write(path, name)


def _as_tar(archive: Path) -> None:
    """Turn a zip into a compressed tar: smaller, and browsers decompress it by themselves."""
    target = archive.with_suffix(".tar.gz")
    with (
        zipfile.ZipFile(archive) as old,
        target.open("wb") as file,
        gzip.GzipFile("", "wb", 9, file, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        for name in old.namelist():
            entry = tarfile.TarInfo(name)
            entry.size = old.getinfo(name).file_size
            tar.addfile(entry, io.BytesIO(old.read(name)))
    archive.unlink()


def _without(target: Path, unused: list[str]) -> None:
    """Leave some files out of an archive."""
    with zipfile.ZipFile(target) as old:
        kept = [(n, old.read(n)) for n in old.namelist() if not n.startswith(tuple(unused))]
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in kept:
            archive.writestr(name, content)


def _pack(script: Path, kit: Path) -> None:
    done = subprocess.run(
        ["node", str(script), str(kit)], capture_output=True, text=True, encoding="utf-8"
    )
    if done.returncode:
        raise CourseError(f"Node could not pack Python for the pages:\n{_said(done.stderr)}")


def _said(text: str) -> str:
    """Give what Node complained of, without the line of packed source that it shows."""
    return "\n".join(line for line in text.splitlines() if len(line) < 400)[-3000:]
