"""Starts a process of the grader that imports from nowhere but where it is told.

It is run as a file, with ``python -I -S``: neither the current folder nor PYTHONPATH nor the
user's site folder is on the module path, and nothing is imported on the way. This package itself is
imported from its own folder without the folder around it, where a student's file may lie.
"""

from __future__ import annotations

import os
import sys


def command(module: str, descriptor: int, folders: list[str]) -> list[str]:
    """Return the command line that runs a module of this package.

    Args:
        module: its name; it has a function `main` that takes a file descriptor.
        descriptor: the connection to who starts it.
        folders: from which packages are imported.
    """
    here = os.path.realpath(__file__)
    package = os.path.realpath(f"{here}/../..")
    return [sys.executable, "-I", "-S", here, module, str(descriptor), package, *folders]


def main() -> None:
    """Run a module's `main`; the arguments are module, file descriptor, package, folders."""
    module, descriptor, package, *folders = sys.argv[1:]
    sys.path += folders
    sys.argv[1:] = []
    import importlib.util

    name = "exercises_lib"
    spec = importlib.util.spec_from_file_location(
        name, f"{package}/__init__.py", submodule_search_locations=[package]
    )
    assert spec is not None and spec.loader is not None
    sys.modules[name] = loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    importlib.import_module(module).main(int(descriptor))


if __name__ == "__main__":
    main()
