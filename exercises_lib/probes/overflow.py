"""Overflow as an error, also where NumPy raises no floating-point warnings, as in a web page."""

from __future__ import annotations

from typing import Any

import numpy as np

_POLES = {"log", "log2", "log10", "log1p", "arctanh", "reciprocal", "power", "float_power"}
"""Functions that are infinite at a finite number without overflowing."""


class Watched(np.ndarray):
    """An array that raises `FloatingPointError` when a function of finite numbers overflows.

    What is computed from it is watched too. Processors tell of an overflow, WebAssembly does not:
    an infinity that comes of finite numbers, and not of a division by zero, is one.
    """

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        out = options.get("out", ())
        if out:
            options["out"] = tuple(plain(one) for one in out)
        given = [plain(one) for one in inputs]
        result = getattr(ufunc, method)(*given, **options)
        if method == "__call__" and ufunc.__name__ not in _POLES:
            _look(ufunc.__name__, given, result)
        return out[0] if len(out) == 1 else _watched(result)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return _watched(super().__array_function__(func, types, args, kwargs))


def plain(value: Any) -> Any:
    """Return a watched array as an ordinary one; anything else as it is."""
    return value.view(np.ndarray) if type(value) is Watched else value


def _watched(value: Any) -> Any:
    return watch(value) if type(value) is np.ndarray else value


def watch(value: Any) -> Any:
    """Return a view of a float array that is watched; anything else as it is."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return value.view(Watched)
    return value


def _look(name: str, inputs: list[Any], result: Any) -> None:
    if not isinstance(result, np.ndarray | np.floating) or result.dtype.kind != "f":
        return
    infinite = np.isinf(result)
    if not infinite.any():
        return
    if name in ("divide", "floor_divide", "remainder"):
        infinite = infinite & (np.asarray(inputs[1]) != 0)
    for array in map(np.asarray, inputs):
        if array.dtype.kind == "f":
            finite = np.isfinite(array)
            infinite = infinite & (finite.all() if name == "matmul" else finite)
    if infinite.any():
        raise FloatingPointError(f"overflow encountered in {name}")
