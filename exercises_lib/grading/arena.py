"""Arrays that are lent to an answer: memory that the grader reads itself when the answer is done.

Whether an answer leaves its inputs alone is not a thing to be told by the process in which it runs.
So the arrays of a case are not sent. They lie in a file without a name that both processes have,
the grader writes them there, the answer gets arrays that are views of that memory, and when it is
done the grader reads the memory. What it finds is no report: it is the state of the arrays that
were lent.

What can a student's code do about it? It can change what passes the arrays on, so that an answer
that changes its inputs in place is given copies. Then the arrays that were lent are indeed left
alone, because the student's code has copied them, which is what the exercise asks for. It can put
back what it has changed; then it has kept a copy, too. And it can report anything, which nobody
reads. In the same way nothing but right values for cases drawn a moment before helps against the
comparison of outputs, and an output that the probe reads twice must be right both times.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Mapping
from typing import Any

import numpy as np

SIZE = 64 << 20
"""Bytes of the file; what is not used takes no memory."""
ALIGNED = 64
KEY = "lent array"
"""The key of a dictionary that stands in the place of an array."""


Loaned = tuple[int, bytes]
"""An array that was lent: where it begins in the file, and what was written there."""


class Arena:
    """The grader's side: a fresh file for one kernel."""

    def __init__(self) -> None:
        if hasattr(os, "memfd_create"):
            import fcntl

            self.file = os.memfd_create("lent", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
            os.ftruncate(self.file, SIZE)
            seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
            fcntl.fcntl(self.file, fcntl.F_ADD_SEALS, seals)
        else:
            with tempfile.TemporaryFile() as file:
                self.file = os.dup(file.fileno())
            os.ftruncate(self.file, SIZE)
        self._next = 0

    def close(self) -> None:
        """Let go of the file; a kernel that has it keeps it."""
        os.close(self.file)

    def lend(self, inputs: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, list[Loaned]]]:
        """Write the arrays of a case into the file.

        Args:
            inputs: plain data.

        Returns:
            The inputs with, in the place of each array, where it is; and the arrays that were lent,
            input by input.
        """
        lent: dict[str, list[Loaned]] = {key: [] for key in inputs}
        return {key: self._place(value, lent[key]) for key, value in inputs.items()}, lent

    def left_alone(self, lent: list[Loaned]) -> bool:
        """Tell whether arrays that were lent are as they were, by looking at the memory itself."""
        return all(os.pread(self.file, len(data), offset) == data for offset, data in lent)

    def contents(self, told: Any) -> Any:
        """Return an input as `lend` has told it, with what lies in the memory of its arrays now."""
        if isinstance(told, dict) and KEY in told:
            offset, dtype, shape = told[KEY]
            kind = np.dtype(dtype)
            size = int(np.prod(shape, dtype=np.int64)) * kind.itemsize
            return np.frombuffer(os.pread(self.file, size, offset), kind).reshape(shape)
        if isinstance(told, (list, tuple)):
            return [self.contents(item) for item in told]
        if isinstance(told, dict):
            return {key: self.contents(item) for key, item in told.items()}
        return told

    def _place(self, value: Any, lent: list[Loaned]) -> Any:
        if isinstance(value, np.ndarray) and value.nbytes <= SIZE:
            data = value.tobytes()
            if self._next + len(data) > SIZE:
                self._next = 0
            offset, self._next = self._next, self._next + -(-len(data) // ALIGNED) * ALIGNED
            os.pwrite(self.file, data, offset)
            lent.append((offset, data))
            return {KEY: [offset, value.dtype.str, list(value.shape)]}
        if isinstance(value, (list, tuple)):
            return type(value)(self._place(item, lent) for item in value)
        if isinstance(value, dict):
            return {key: self._place(item, lent) for key, item in value.items()}
        return value


def take(memory: mmap.mmap, value: Any) -> Any:
    """Return the inputs of a case with arrays that are views of the memory; in the kernel."""
    if isinstance(value, dict) and KEY in value:
        offset, dtype, shape = value[KEY]
        return np.ndarray(tuple(shape), np.dtype(dtype), memory, offset)
    if isinstance(value, (list, tuple)):
        return type(value)(take(memory, item) for item in value)
    if isinstance(value, dict):
        return {key: take(memory, item) for key, item in value.items()}
    return value
