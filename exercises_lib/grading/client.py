"""The fork server, seen from the outside: starting it, and asking it for kernels."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exercises_lib.errors import UserError
from exercises_lib.grading import bootstrap, mounts, wire
from exercises_lib.grading.sandbox import Isolation, Limits

if TYPE_CHECKING:
    from exercises_lib.grading.arena import Arena

START_SECONDS = 120.0
KEPT = (
    *("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH"),
    *("VIRTUAL_ENV", "CONDA_PREFIX"),
)
"""Environment variables that kernels get."""


class SandboxError(UserError):
    """No kernel can be started, or not as safely as was asked for."""


@dataclass
class End:
    """How a kernel ended: its exit status, why it was stopped if it was, and what it used."""

    status: int
    why: str = ""
    memory: int = 0
    cpu: float = 0.0


class ForkServerClient:
    """A warm process, started at once and ready after `await_ready`.

    Args:
        hidden: files and folders that no kernel may read, beside the package's own.
        disabled: layers to leave out, for tests of the weaker modes.
    """

    def __init__(self, hidden: Iterable[str] = (), disabled: Iterable[str] = ()) -> None:
        self.control, other = socket.socketpair()
        # Nothing else of the instructor's environment, where tokens and passwords are kept.
        environment = {name: os.environ[name] for name in KEPT if name in os.environ}
        environment |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
        environment |= {"MKL_NUM_THREADS": "1", "MPLBACKEND": "agg"}
        folders = mounts.package_folders()
        with other:
            self.process = subprocess.Popen(
                bootstrap.command("exercises_lib.grading.forkserver", other.fileno(), folders),
                pass_fds=[other.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=environment,
                cwd="/",
            )
        # The process warms up while this one loads what it needs to know.
        from exercises_lib.exercises.drawn_anew import kernel_digits

        self.home = str(Path(tempfile.gettempdir(), f"backprop-grade-{os.urandom(8).hex()}"))
        request = {
            "home": self.home,
            "folders": folders,
            "hidden": [os.path.realpath(name) for name in hidden],
            "disabled": list(disabled),
            "user": 200_000 + os.getpid() % 50_000,
            "digits": kernel_digits(),
        }
        self.isolation = Isolation()
        self._modules: set[str] = set()
        self._ended: End | None = None
        self._said = ""
        self._waiting = True
        with contextlib.suppress(wire.HungUpError):  # said by await_ready
            wire.send(self.control, request)

    def await_ready(self) -> None:
        """Wait until it has imported everything.

        Raises:
            SandboxError: if it does not start.
        """
        if not self._waiting:
            return
        self._waiting = False
        try:
            answer = wire.receive(self.control, seconds=START_SECONDS)
        except (wire.HungUpError, TimeoutError) as error:
            self.close()
            raise SandboxError(f"The warm process does not start: {error}. {self._said}") from error
        if "failed" in answer:
            self.close()
            raise SandboxError(f"The warm process does not start: {answer['failed']}")
        self.isolation = Isolation(dict(answer["layers"]))

    def load(self, modules: Iterable[str]) -> None:
        """Have modules imported before the next kernel is forked; what is ours is lent to it."""
        new = {name for name in modules if not name.startswith("exercises_lib")} - self._modules
        if new:
            self._modules |= new
            with contextlib.suppress(wire.HungUpError):  # said by fork
                wire.send(self.control, {"op": "load", "modules": sorted(new)})

    def _receive(self, seconds: float) -> Any:
        """Receive the next message that is not the end of a kernel; that is kept."""
        while True:
            try:
                answer = wire.receive(self.control, seconds=seconds)
            except (wire.HungUpError, TimeoutError) as error:
                raise SandboxError(f"The warm process does not answer: {error}") from error
            if "exit" not in answer:
                return answer
            self._ended = End(answer["exit"], answer["why"], answer["memory"], answer["cpu"])

    def fork(self, limits: Limits, arena: Arena) -> socket.socket:
        """Fork a confined kernel that has a certain arena; return the connection to it.

        Raises:
            SandboxError: if that fails.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                wire.send(self.control, {"op": "fork", "limits": asdict(limits)})
                socket.send_fds(self.control, [b"F"], [theirs.fileno(), arena.file])
                answer = self._receive(30)
            except (wire.HungUpError, OSError, SandboxError) as error:
                ours.close()
                raise SandboxError(f"The warm process is gone: {error}") from error
        if "failed" in answer:
            ours.close()
            raise SandboxError(f"No kernel could be forked: {answer['failed']}")
        self._ended = None
        return ours

    def tell(self, op: str) -> None:
        """Send a word about the kernel that runs: ``interrupt`` or ``stop``."""
        with contextlib.suppress(wire.HungUpError):
            wire.send(self.control, {"op": op})

    def waited(self) -> float:
        """Return the seconds for which the kernel could have worked, had others not been at it."""
        self.tell("waited")
        with contextlib.suppress(SandboxError):
            return float(self._receive(10)["waited"])
        return 0.0

    def await_end(self, seconds: float) -> End:
        """Wait until the kernel is gone.

        Raises:
            SandboxError: if the warm process does not answer.
        """
        while self._ended is None:
            try:
                answer = wire.receive(self.control, seconds=seconds)
            except (wire.HungUpError, TimeoutError) as error:
                raise SandboxError(f"The warm process does not answer: {error}") from error
            if "exit" in answer:
                self._ended = End(answer["exit"], answer["why"], answer["memory"], answer["cpu"])
        return self._ended

    def close(self) -> None:
        """End the warm process, with its kernel if there is one."""
        self.control.close()
        try:
            _, said = self.process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            _, said = self.process.communicate()
            shutil.rmtree(self.home, ignore_errors=True)
        self._said = said.decode(errors="replace")[-2000:]
