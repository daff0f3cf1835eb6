"""Where candidates run: an endless loop or a huge allocation does no harm there.

On a POSIX system in a forked child with limits, in which nothing can be imported, opened, printed
or started; elsewhere, as in a page of the book, in the process itself, where every line that a
candidate executes counts. Which of the two is `start`'s choice; a page may put its own in place.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from exercises_lib.checking.place import Pending, Place
from exercises_lib.checking.pointing.search import Search
from exercises_lib.checking.pointing.words import place_of
from exercises_lib.checking.trial import Trial

SECONDS = 1.8
"""How long a search may compute."""
PATIENCE = 6
"""By how many times its budget a search on a busy machine may be late before it is ended."""
MEGABYTES = 400
"""How much memory candidates may take beyond what the process has."""
STEPS = 200_000
"""Lines that a candidate may execute where there is no child to stop."""
FORBIDDEN = (
    "open", "import", "os.", "shutil.", "subprocess.", "socket.", "tempfile.", "glob.", "pty.",
    "urllib.", "sqlite3.", "mmap.", "webbrowser.", "ctypes.dlopen", "fcntl.", "ftplib.", "http.",
)  # fmt: skip
"""Audit events, by how they begin, at which a candidate is refused."""


class Forked:
    """A search that is under way."""

    def __init__(self, pid: int, pipe: int) -> None:
        self._pid, self._pipe = pid, pipe
        self._deadline = time.monotonic() + PATIENCE * SECONDS
        self._data = b""
        self._place: Place | None = None

    def place(self, seconds: float | None = None) -> Place | None:
        """Return what was found.

        Args:
            seconds: how long to wait; until the search has come to its end, without it.

        Returns:
            The place; None if the time was too short.
        """
        until = min(self._deadline, time.monotonic() + (1e9 if seconds is None else seconds))
        try:
            while self._place is None:
                left = until - time.monotonic()
                ready, _, _ = select.select([self._pipe], [], [], max(left, 0))
                if not ready:
                    if time.monotonic() < self._deadline:
                        return None
                    self._end()
                    break
                part = os.read(self._pipe, 65536)
                self._data += part
                if not part:
                    self._end()
        except KeyboardInterrupt:  # whoever does not want to wait has the verdict without a place
            self._end()
        return self._place

    def _end(self) -> None:
        """End the child and read what it wrote."""
        with contextlib.suppress(OSError):
            os.kill(self._pid, signal.SIGKILL)
        with contextlib.suppress(OSError):
            os.waitpid(self._pid, 0)
        os.close(self._pipe)
        self._place = _read(self._data)

    def __del__(self) -> None:
        if self._place is None:
            with contextlib.suppress(Exception):
                self._end()


class Done:
    """A search that has come to its end."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def place(self, seconds: float | None = None) -> Place:
        """Return what was found."""
        return self._place


def start(trial: Trial, answer: Any) -> Pending:
    """Begin to search for the line in which a wrong answer is to be changed."""
    if trial.exercise.kind in ("number", "choice", "target"):
        return Done(Place())
    if hasattr(os, "fork") and _forks():
        return _forked(trial, answer)
    return here(trial, answer, _budget())


def _forks() -> bool:
    return sys.platform not in ("emscripten", "wasi", "win32")


def _prepared(trial: Trial, answer: Any) -> Search:
    return Search(trial, answer, _budget())


def _budget() -> Callable[[], float]:
    began = time.process_time()
    return lambda: SECONDS - (time.process_time() - began)


def _place(search: Search) -> Place:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return place_of(search.run(), search.source)


# ------------------------------------------------------------------ in a child


def _forked(trial: Trial, answer: Any) -> Pending:
    reading, writing = os.pipe()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # other threads; the child has one and ends soon
            pid = os.fork()
    except OSError:
        os.close(reading)
        os.close(writing)
        return Done(Place())
    if pid:
        os.close(writing)
        return Forked(pid, reading)
    try:
        os.close(reading)
        search = _prepared(trial, answer)
        _confine()
        place = _place(search)
        data = json.dumps({"text": place.text, "lines": place.lines, "code": place.code}).encode()
        os.write(writing, data)
    except BaseException:  # whatever happened here, the parent has its verdict already
        pass
    finally:
        os._exit(0)


def _confine() -> None:
    """Take from this child what candidates must not have."""
    import resource

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    import gc

    gc.disable()  # what the parent holds is not to be copied
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    sys.stdout = sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    with contextlib.suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        most = pages * resource.getpagesize() + MEGABYTES * 2**20
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    seconds = int(SECONDS) + 3
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event.startswith(FORBIDDEN):
        if event == "import" and arguments and arguments[0] in sys.modules:
            return
        raise PermissionError(f"a candidate may not {event}")


def _read(data: bytes) -> Place:
    try:
        found = json.loads(data)
        code = tuple((int(number), str(text)) for number, text in found["code"])
        return Place(str(found["text"]), tuple(map(int, found["lines"])), code)
    except (ValueError, KeyError, TypeError):
        return Place()


# ------------------------------------------------------------------ in this process


def here(trial: Trial, answer: Any, left: Callable[[], float]) -> Done:
    """Search in this process.

    Args:
        trial: what the wrong answer did.
        answer: the answer.
        left: how many seconds are left.
    """
    try:
        with _counting():
            return Done(_place(Search(trial, answer, left)))
    except Exception:  # a place is help; a verdict does not fail for want of it
        return Done(Place())


@contextlib.contextmanager
def _counting() -> Iterator[None]:
    """Let code that is built from an edited tree execute no more than so many lines at a time."""
    from exercises_lib.checking.observe import TimeUpError
    from exercises_lib.checking.pointing.source import CANDIDATE

    left = [STEPS]

    def line(frame: FrameType, event: str, _: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            left[0] = STEPS
            raise TimeUpError
        return line

    def call(frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_filename != CANDIDATE:
            left[0] = STEPS if frame.f_code.co_name == "run_probe" else left[0]
            return None
        return line

    before = sys.gettrace()
    sys.settrace(call)
    try:
        yield
    finally:
        sys.settrace(before)
