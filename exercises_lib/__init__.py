"""Backprop, step by step: the helper library of the course.

In a notebook::

    from exercises_lib import check, hint, progress

    check("ch04.bias_gradient", bias_gradient)   # a verdict on your answer
    hint("ch04.bias_gradient")                   # the next of three hints
    progress()                                   # a picture of the whole course

    from mynn import Affine                      # yours, once it has passed; see `mynn`
"""

import sys as _sys

if _sys.argv[:1] == ["-m"]:  # in a folder of submissions, say: nothing in it is to be imported
    from exercises_lib import safe_path as _safe_path  # noqa: F401

# isort: split
from typing import TYPE_CHECKING as _TYPE_CHECKING

from exercises_lib import mynn as _mynn

if _TYPE_CHECKING:
    from exercises_lib.drills import drill
    from exercises_lib.tutor import check, hint, progress

# `from mynn import Affine` works wherever the course does, before there is a folder of that name.
_sys.modules["mynn"] = _mynn

__all__ = ["check", "drill", "hint", "progress"]
__version__ = "0.1.0"
_HOMES = {"drill": "drills", "check": "tutor", "hint": "tutor", "progress": "tutor"}


def __getattr__(name: str) -> object:
    """Import what a student types when it is asked for: the grader starts faster without."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
