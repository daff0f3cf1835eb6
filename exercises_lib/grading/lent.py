"""What of the library a student's kernel has: nothing at first, then what the grader lends it.

It runs in the kernel, where the student's code can patch it; there is nothing here to be gained,
because what is not lent is not in this process.
"""

from __future__ import annotations

import marshal
import sys
import types
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

LIBRARY = "exercises_lib"
NN = f"{LIBRARY}.nn"


class AbsentError(AttributeError):
    """A name of the library is used that the kernel does not have, or not yet."""


class Absent:
    """Stands in the place of a name that has not been lent; once it has been, does what it does.

    A set-up cell may import a name that only later cells use; so its use is an error, and the
    import is none.

    Args:
        module: the module that it is asked of.
        name: the name.
    """

    def __init__(self, module: str, name: str) -> None:
        self._module, self._name = module, name

    @property
    def text(self) -> str:
        """Why it is not there."""
        name = f"{self._module.removeprefix(f'{LIBRARY}.')}.{self._name}"
        return f"{name} is not there until what this chapter asks for has been graded"

    def _real(self) -> Any:
        found = vars(sys.modules[self._module]).get(self._name)
        if found is None:
            raise AbsentError(self.text)
        return found

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._real()(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._real(), name)

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[Any, ...]:
        return (self._real(),)

    def __instancecheck__(self, instance: Any) -> bool:
        return isinstance(instance, self._real())


class _Module(types.ModuleType):
    """A module of the library that is filled name by name."""

    names: Sequence[str] = ()

    def __getattr__(self, name: str) -> Any:
        if name not in self.names:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return Absent(self.__name__, name)


class _Nothing:
    """Stands for a figure that nobody will see."""

    def __call__(self, *_: Any, **__: Any) -> _Nothing:
        return self

    def __getattr__(self, name: str) -> _Nothing:
        if name.startswith("_"):
            raise AttributeError(name)
        return self


class _Figures(types.ModuleType):
    """In the place of the figures, which no grade needs, and of the clinic, which knows answers."""

    def __getattr__(self, name: str) -> _Nothing:
        if name.startswith("_"):
            raise AttributeError(name)
        return _Nothing()


def prepare() -> None:
    """Put empty modules in the places of those that hold answers; before anything imports them."""
    import exercises_lib

    for name, kind in (("nn", _Module), ("figures", _Figures), ("clinic", _Figures)):
        module = kind(f"{LIBRARY}.{name}")
        module.__path__ = []  # a package, in which the import system finds no files
        sys.modules[module.__name__] = module
        setattr(exercises_lib, name, module)


def limit_data(digits: Mapping[str, Any]) -> None:
    """Let `load_digits` return these digits: the course's test digits are not among them.

    Args:
        digits: the four arrays of a `Dataset`.
    """
    data: Any = sys.modules[f"{LIBRARY}.data"]
    kept = data.Dataset(**digits)

    def load_digits(dtype: Any = np.float64) -> Any:
        """Return the training digits, and for testing some of them, drawn anew."""
        return data.Dataset(
            kept.x_train.astype(dtype),
            kept.t_train.copy(),
            kept.x_test.astype(dtype),
            kept.t_test.copy(),
        )

    data.load_digits = data.digits.load_digits = load_digits


def receive(parcel: Mapping[str, Any]) -> None:
    """Take what the grader lends: the names that there are, if they come with it, and code."""
    nn: Any = sys.modules[NN]
    for module, names in parcel.get("names", {}).items():
        if module not in sys.modules:
            sys.modules[module] = _Module(module)
            setattr(nn, module.rpartition(".")[2], sys.modules[module])
        sys.modules[module].names = tuple(names)  # type: ignore[attr-defined]
    nn.__all__ = list(nn.names)
    for piece in parcel["code"]:
        name = piece["module"]
        module = sys.modules.setdefault(name, types.ModuleType(name))
        parent, _, last = name.rpartition(".")
        setattr(sys.modules[parent], last, module)
        exec(marshal.loads(piece["data"].tobytes()), vars(module))
        if parent == NN:
            vars(nn).update({key: one for key, one in vars(module).items() if key in nn.names})
