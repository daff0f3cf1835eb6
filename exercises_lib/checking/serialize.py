"""Plain data: the only things that an observation may consist of.

A student's answer can return anything, also objects that claim to be equal to everything. Nothing
of that kind leaves an observation: numbers, strings, lists, tuples, dictionaries and numeric NumPy
arrays are copied into their exact built-in types, everything else becomes an `Opaque` that holds no
more than a type's name. The same functions write plain data as bytes and read it back, so that an
observation can cross from one process to another without pickle.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

import numpy as np

MAX_ELEMENTS = 2_000_000
"""Largest array, in elements, that is copied into an observation."""
MAX_ITEMS = 200_000
"""Largest number of items, over all nested containers, that is copied into an observation."""
MAX_TEXT = 20_000
"""Longest string, in characters, that is copied into an observation."""
MAX_DEPTH = 12


@dataclass(frozen=True)
class Opaque:
    """Something that is not plain data: only what kind of thing it was.

    Args:
        kind: what it was, as it is said to the student, for example ``"a Tensor"``.
    """

    kind: str


def serialize(value: Any) -> Any:
    """Copy a value into plain data.

    Args:
        value: anything.

    Returns:
        None, bool, int, float, complex, str, list, tuple, dict or a base-class `numpy.ndarray` of
        a numeric, boolean or text dtype, nested as it came; an `Opaque` for anything else.
    """
    return _plain(value, 0, [MAX_ITEMS])


def _plain(value: Any, depth: int, left: list[int]) -> Any:
    kind = type(value)
    left[0] -= 1
    if left[0] < 0:
        return Opaque("more items than an answer can need")
    if value is None or kind in (bool, int, float, complex, Opaque):
        if kind is int and value.bit_length() > 63:  # NumPy has no such number
            return Opaque("an integer of more than 63 bits")
        return value
    if kind is str:
        return value if len(value) <= MAX_TEXT else Opaque("a very long string")
    if issubclass(kind, np.ndarray):
        return _plain_array(value)
    if issubclass(kind, np.generic):
        array = np.ndarray.__array__(np.asarray(value))
        if array.dtype.kind not in "biufcU":
            return Opaque(f"a NumPy {array.dtype.name}")
        if array.dtype.char in "gG":  # long doubles, which Python has not
            with np.errstate(all="ignore"):
                array = array.astype(np.float64 if array.dtype.kind == "f" else np.complex128)
        return _plain(array.item(), depth, left)
    if depth >= MAX_DEPTH:
        return Opaque("containers nested too deeply")
    if kind in (list, tuple):
        items = [_plain(item, depth + 1, left) for item in value]
        return items if kind is list else tuple(items)
    if kind is dict or (issubclass(kind, dict) and kind.__module__ == "collections"):
        pairs = [
            (_plain(key, depth + 1, left), _plain(item, depth + 1, left))
            for key, item in dict.items(value)
        ]
        if all(isinstance(key, (str, int, float, bool, type(None))) for key, _ in pairs):
            return dict(pairs)
        return Opaque("a dictionary whose keys are not plain")
    if kind in (set, frozenset):
        return Opaque("a set")
    return Opaque(_a(kind.__name__ if isinstance(kind.__name__, str) else "object"))


def _plain_array(value: np.ndarray[Any, Any]) -> Any:
    array: np.ndarray[Any, Any] = np.array(value, copy=True, subok=False)
    if array.dtype.kind == "O":
        return Opaque("an array of Python objects (dtype object)")
    if array.dtype.kind not in "biufcU":
        return Opaque(f"an array of dtype {array.dtype.name}")
    if array.size > MAX_ELEMENTS:
        return Opaque(f"an array of {array.size:,} numbers")
    return array


def _a(noun: str) -> str:
    noun = noun[:60]
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


def describe(value: Any) -> str:
    """Say what kind of thing a plain value is, in a student's words.

    Args:
        value: plain data or an `Opaque`.

    Returns:
        For example ``"an array of shape (3, 4)"``, ``"a list"``, ``"None"``.
    """
    if isinstance(value, Opaque):
        return value.kind
    if value is None:
        return "None"
    if isinstance(value, np.ndarray):
        return (
            "an array with a single number"
            if value.ndim == 0
            else f"an array of shape {value.shape}"
        )
    names = {
        bool: "True or False",
        int: "a whole number",
        float: "a number",
        complex: "a complex number",
        str: "a string",
        list: "a list",
        tuple: f"a tuple of {len(value)}" if isinstance(value, tuple) else "a tuple",
        dict: "a dictionary",
    }
    return names[type(value)]


def copy_plain(value: Any) -> Any:
    """Copy plain data deeply, so that the copy can be handed to a student's code."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, (list, tuple)):
        return type(value)(copy_plain(item) for item in value)
    if isinstance(value, dict):
        return {key: copy_plain(item) for key, item in value.items()}
    return value


def same(a: Any, b: Any, *, rtol: float = 0.0, atol: float = 0.0) -> bool:
    """Tell whether two plain values are the same: same types, same shapes, equal numbers.

    Args:
        a: plain data.
        b: plain data.
        rtol: relative tolerance for numbers; 0 asks for equality.
        atol: absolute tolerance for numbers.

    Returns:
        True if they are the same. NaN equals NaN. A number, a NumPy number and a 0-d array count
        as the same type.
    """
    if is_number(a) and is_number(b):
        if a == b:  # allclose costs many times as much, and most comparisons end here
            return True
        x, y = np.asarray(a), np.asarray(b)
        return bool(np.allclose(x, y, rtol=rtol, atol=atol, equal_nan=True))
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        if a.shape != b.shape or (a.dtype.kind == "U") != (b.dtype.kind == "U"):
            return False
        if a.dtype.kind == "U":
            return bool(np.array_equal(a, b))
        if a.dtype == b.dtype and a.tobytes() == b.tobytes():
            return True
        with np.errstate(all="ignore"):
            return bool(np.allclose(a, b, rtol=rtol, atol=atol, equal_nan=True))
    if type(a) is not type(b):
        return False
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(
            same(x, y, rtol=rtol, atol=atol) for x, y in zip(a, b, strict=True)
        )
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k], rtol=rtol, atol=atol) for k in a)
    return bool(a == b)


def is_number(value: Any) -> bool:
    """Tell whether a plain value is one number: a Python number or a 0-d numeric array."""
    if isinstance(value, np.ndarray):
        return value.ndim == 0 and value.dtype.kind in "iufc"
    return isinstance(value, (int, float, complex)) and not isinstance(value, bool)


def to_bytes(value: Any) -> bytes:
    """Write plain data as UTF-8 JSON; arrays are base64 with their dtype and shape."""
    return json.dumps(_to_json(value), separators=(",", ":")).encode()


def from_bytes(data: bytes) -> Any:
    """Read what `to_bytes` wrote.

    Raises:
        ValueError: if the bytes are not of that form. Nothing in them is executed or trusted:
            dtypes are numeric or text, and an array's size must match its shape.
    """
    try:
        return _from_json(json.loads(data))
    except (
        KeyError,
        TypeError,
        AttributeError,
        OverflowError,
        RecursionError,
        MemoryError,
    ) as error:
        raise ValueError(f"not plain data: {error!r}") from error


def _to_json(value: Any) -> Any:
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else {"int": str(value)}
    if isinstance(value, float):
        return {"float": value.hex()}
    if isinstance(value, complex):
        return {"complex": [value.real.hex(), value.imag.hex()]}
    if isinstance(value, Opaque):
        return {"opaque": value.kind}
    if isinstance(value, np.ndarray):
        data = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode()
        return {"array": data, "dtype": value.dtype.str, "shape": list(value.shape)}
    if isinstance(value, list):
        return [_to_json(item) for item in value]
    if isinstance(value, tuple):
        return {"tuple": [_to_json(item) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[_to_json(k), _to_json(v)] for k, v in value.items()]}
    raise TypeError(f"not plain data: {type(value).__name__}")


def _from_json(value: Any) -> Any:
    if isinstance(value, int) and value.bit_length() > 63:
        raise ValueError("an integer of more than 63 bits is not plain data")
    if value is None or isinstance(value, (bool, str, int)):
        return value
    if isinstance(value, list):
        return [_from_json(item) for item in value]
    if not isinstance(value, dict) or not value:
        raise ValueError("not plain data")
    if "int" in value:
        return _from_json(int(str(value["int"])[:20]))
    if "float" in value:
        return float.fromhex(value["float"])
    if "complex" in value:
        return complex(*(float.fromhex(part) for part in value["complex"]))
    if "opaque" in value:
        return Opaque(str(value["opaque"])[:200])
    if "tuple" in value:
        return tuple(_from_json(item) for item in value["tuple"])
    if "dict" in value:
        return {_from_json(k): _from_json(v) for k, v in value["dict"]}
    dtype, shape = np.dtype(str(value["dtype"])), tuple(int(n) for n in value["shape"])
    if dtype.kind not in "biufcU":
        raise ValueError(f"dtype {dtype} is not plain")
    flat = np.frombuffer(base64.b64decode(value["array"], validate=True), dtype=dtype)
    return flat.reshape(shape).copy()
