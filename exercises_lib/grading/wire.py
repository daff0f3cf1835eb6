"""Messages between the grader's processes: plain data, a length before each, never pickled."""

from __future__ import annotations

import select
import socket
import struct
import time
from typing import Any

LIMIT = 16 << 20
"""Largest message, in bytes, that is read; a sender of more is hung up on."""
_HEADER = struct.Struct("!Q")


class HungUpError(Exception):
    """The other end is gone."""


class GarbledError(HungUpError):
    """The other end sends what is not a message."""


def send(connection: socket.socket, message: Any) -> None:
    """Send plain data as one message.

    Raises:
        HungUpError: if the other end is gone.
    """
    from exercises_lib.checking.serialize import to_bytes  # loads NumPy

    data = to_bytes(message)
    try:
        connection.sendall(_HEADER.pack(len(data)) + data)
    except OSError as error:
        raise HungUpError(str(error)) from error


def receive(connection: socket.socket, *, seconds: float | None = None, limit: int = LIMIT) -> Any:
    """Receive one message.

    Args:
        connection: a stream socket.
        seconds: how long to wait for the whole of it; None waits for ever.
        limit: the largest message that is read.

    Raises:
        HungUpError: if the other end is gone.
        GarbledError: if it sends too much, or something that is not plain data.
        TimeoutError: if the time is up.
    """
    until = None if seconds is None else time.monotonic() + seconds
    (length,) = _HEADER.unpack(_read(connection, _HEADER.size, until))
    if length > limit:
        raise GarbledError(f"a message of {length:,} bytes, more than {limit:,}")
    data = _read(connection, length, until)
    from exercises_lib.checking.serialize import from_bytes

    try:
        return from_bytes(data)
    except ValueError as error:
        raise GarbledError(f"not a message: {error}") from error


def _read(connection: socket.socket, length: int, until: float | None) -> bytes:
    parts: list[bytes] = []
    while length:
        left = None if until is None else until - time.monotonic()
        try:
            if left is not None and not select.select([connection], [], [], max(left, 0.0))[0]:
                raise TimeoutError
            part = connection.recv(min(length, 1 << 20))
        except TimeoutError:
            raise
        except (OSError, ValueError) as error:  # ValueError: closed at this end
            raise HungUpError(str(error)) from error
        if not part:
            raise HungUpError("the other end is gone")
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
