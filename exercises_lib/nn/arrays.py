"""The names for array types that the whole library uses."""

from __future__ import annotations

from typing import Any, TypeAlias

from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
"""A NumPy array of any shape; float64, or float32 where the caller brings it."""

Params: TypeAlias = dict[str, Array]
"""Parameters, or their gradients, by name."""
