"""Kernels for students' code: a client of the warm process, with the interface that nbval uses."""

from __future__ import annotations

import contextlib
import itertools
import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from queue import Empty
from typing import Any

from exercises_lib.errors import UserError
from exercises_lib.grading import wire
from exercises_lib.grading.sandbox import Isolation, Limits

START_SECONDS = 120.0
KEPT = (
    *("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH"),
    *("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX"),
)
"""Environment variables that kernels get."""
Respond = Callable[[int, list[Any]], dict[str, Any]]
"""Answers a question about a case: its number, the arguments → what is sent back."""
SEND_SECONDS = 10.0
"""Time in which a kernel must have read what is sent to it."""
FOLDERS: set[str] = set()
"""The warm processes' folders; who ends this process without `Zygote.close` removes them."""
GRACE = 1.0
"""Seconds that an interrupted cell has to come to an end before its kernel is killed."""


class SandboxError(UserError):
    """No kernel can be started, or not as safely as was asked for."""


@dataclass
class End:
    """How a kernel ended: its exit status, why it was stopped if it was, and what it used."""

    status: int
    why: str = ""
    memory: int = 0
    cpu: float = 0.0


class Zygote:
    """A warm process, started at once and ready after `await_ready`.

    Args:
        modules: modules to import before kernels are forked.
        hidden: files and folders that no kernel may read, beside the package's own.
        weak: walls to leave out, for tests of the weaker modes.
    """

    def __init__(
        self, modules: Iterable[str] = (), hidden: Iterable[str] = (), weak: Iterable[str] = ()
    ) -> None:
        self.folder = tempfile.mkdtemp(prefix="backprop-grade-")
        FOLDERS.add(self.folder)
        self.home = tempfile.mkdtemp(prefix="home-", dir=self.folder)
        root = tempfile.mkdtemp(prefix="root-", dir=self.folder)
        user = 0 if "root" in weak else 200_000 + os.getpid() % 50_000
        if os.geteuid() == 0:
            os.chown(self.home, user, user)
            os.chmod(self.folder, 0o711)  # noqa: PTH101
        self.control, other = socket.socketpair()
        # Nothing else of the instructor's environment, where tokens and passwords are kept.
        environment = {name: os.environ[name] for name in KEPT if name in os.environ}
        environment |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
        environment |= {"MKL_NUM_THREADS": "1", "MPLBACKEND": "agg", "PYTHONDONTWRITEBYTECODE": "1"}
        with other:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "exercises_lib.grading.zygote", str(other.fileno())],
                pass_fds=[other.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=environment,
            )
        order = {
            "root": root,
            "home": self.home,
            "hidden": [os.path.realpath(name) for name in hidden],
            "weak": list(weak),
            "user": user,
            "modules": list(modules),
        }
        self.modules = frozenset(modules)
        self.isolation = Isolation()
        self.notes: list[str] = []
        self._said = ""
        self._waiting = True
        with contextlib.suppress(wire.HungUp):  # said by await_ready
            wire.send(self.control, order)

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
        except (wire.HungUp, TimeoutError) as error:
            self.close()
            raise SandboxError(f"The warm process does not start: {error}. {self._said}") from error
        if "failed" in answer:
            self.close()
            raise SandboxError(f"The warm process does not start: {answer['failed']}")
        self.isolation = Isolation(dict(answer["walls"]))
        self.notes = list(answer["ready"])

    def fork(self, limits: Limits) -> socket.socket:
        """Fork a confined kernel and return the connection to it.

        Raises:
            SandboxError: if that fails.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                wire.send(self.control, {"op": "fork", "limits": asdict(limits)})
                socket.send_fds(self.control, [b"F"], [theirs.fileno()])
                answer = wire.receive(self.control, seconds=30)
                while "exit" in answer:  # of a kernel that went before
                    answer = wire.receive(self.control, seconds=30)
            except (wire.HungUp, TimeoutError, OSError) as error:
                ours.close()
                raise SandboxError(f"The warm process is gone: {error}") from error
        if "failed" in answer:
            ours.close()
            raise SandboxError(f"No kernel could be forked: {answer['failed']}")
        return ours

    def tell(self, op: str) -> None:
        """Send a word about the kernel that runs: ``interrupt`` or ``stop``."""
        with contextlib.suppress(wire.HungUp):
            wire.send(self.control, {"op": op})

    def await_end(self, seconds: float) -> End:
        """Wait until the kernel is gone.

        Raises:
            SandboxError: if the warm process does not answer.
        """
        try:
            answer = wire.receive(self.control, seconds=seconds)
        except (wire.HungUp, TimeoutError) as error:
            raise SandboxError(f"The warm process does not answer: {error}") from error
        return End(answer["exit"], answer["why"], answer["memory"], answer["cpu"])

    def close(self) -> None:
        """End the warm process, with its kernel if there is one."""
        self.control.close()
        try:
            _, said = self.process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            _, said = self.process.communicate()
        self._said = said.decode(errors="replace")[-2000:]
        shutil.rmtree(self.folder, ignore_errors=True)
        FOLDERS.discard(self.folder)


def sandbox_report() -> Isolation:
    """Find out which walls can be put around students' code on this machine, by trying.

    Raises:
        SandboxError: if no kernel can be started at all.
    """
    if not hasattr(os, "fork"):
        raise SandboxError("it forks processes, which this system cannot; use WSL or Linux")
    warm = Warm()
    try:
        zygote = warm.ready([])
        WarmKernel(zygote, Limits()).stop()
        return zygote.isolation
    finally:
        warm.close()


class WarmKernel:
    """A forked kernel with the interface of `nbval.kernel.RunningKernel`.

    A cell is sent as it is; an order to look at an answer is sent by `look`. What comes back is
    turned into the messages that a Jupyter kernel would send.

    Args:
        zygote: the warm process.
        limits: what the kernel may use.
    """

    language = "python"

    def __init__(self, zygote: Zygote, limits: Limits) -> None:
        self.zygote, self.limits = zygote, limits
        self.end: End | None = None
        self.spent = End(0)
        self._ids = itertools.count(1)
        self._queue: deque[dict[str, Any]] = deque()
        self._connection: socket.socket | None = None
        self._pending: str | None = None
        self._next_look: dict[str, Any] | None = None
        self._respond: Respond | None = None
        self.seen: dict[str, Any] | None = None
        self.printed = 0
        self.cell_seconds = limits.cell_seconds
        self.until = time.monotonic() + limits.total_seconds
        self._start()

    def _start(self) -> None:
        self.end = None
        self._pending = None
        self._queue.clear()
        self._connection = self.zygote.fork(self.limits)
        self._connection.settimeout(SEND_SECONDS)
        try:
            answer = wire.receive(self._connection, seconds=30)
        except (wire.HungUp, TimeoutError) as error:
            self.stop()
            raise SandboxError(f"The kernel does not start: {error} {self.end}") from error
        if "failed" in answer:
            self.stop()
            raise SandboxError(f"The kernel cannot be confined: {answer['failed']}")

    def look(self, order: dict[str, Any], respond: Respond | None = None) -> None:
        """Make the next execution an order to observe an answer; `seen` then holds the reply.

        Args:
            order: what is observed.
            respond: answers what the probe asks meanwhile: a case's number, and the arguments.
        """
        self._next_look, self._respond = order, respond

    def execute_cell_input(self, cell_input: str, allow_stdin: bool | None = None) -> str:
        """Send a cell, or what `look` was given, and return the message's id."""
        message = f"cell-{next(self._ids)}"
        order, self._next_look = self._next_look, None
        self.seen = None
        self._queue.clear()
        if self._connection is not None:
            with contextlib.suppress(wire.HungUp):
                wire.send(self._connection, {**(order or {"code": cell_input}), "for": message})
                self._pending = message
        return message

    def await_reply(self, msg_id: str, timeout: float | None = None) -> None:
        """Wait until a message has been dealt with.

        Raises:
            Empty: if the time is up.
        """
        if self._pending != msg_id:
            self._say("status", msg_id, execution_state="idle")
            return
        left = max(0.0, self.until - time.monotonic())
        allowed = min(self.cell_seconds, left, self.cell_seconds if timeout is None else timeout)
        if not self._receive(msg_id, allowed):
            raise Empty

    def _receive(self, msg_id: str, seconds: float) -> bool:
        """Receive one reply and turn it into messages; False if the time is up."""
        connection = self._connection
        until = time.monotonic() + seconds
        try:
            if connection is None:
                raise wire.HungUp("not running")
            while True:
                left = max(0.0, until - time.monotonic())
                ready, _, _ = select.select([connection, self.zygote.control], [], [], left)
                if not ready:
                    return False
                if connection not in ready:
                    raise wire.HungUp("it has ended")
                reply = wire.receive(connection, seconds=max(GRACE, left))
                if "ask" not in reply:
                    break
                self._answer(connection, reply, msg_id)
            self._translate(reply, msg_id)
        except TimeoutError:
            return False
        except (
            wire.Garbled,
            LookupError,
            TypeError,
            ValueError,
            AttributeError,
            OverflowError,
        ):
            self.stop()
            self.end = End(self.end.status if self.end else -9, "garbled")
            self._say_dead(msg_id)
        except wire.HungUp:
            self.stop()
            self._say_dead(msg_id)
        self._pending = None
        self._say("status", msg_id, execution_state="idle")
        return True

    def _answer(self, connection: socket.socket, question: dict[str, Any], msg_id: str) -> None:
        if question["for"] != msg_id or self._respond is None:
            raise wire.Garbled("a question that nobody can answer")
        wire.send(connection, self._respond(int(question["case"]), list(question["ask"])))

    def _say_dead(self, msg_id: str) -> None:
        text = self.reason()
        self._say("error", msg_id, ename="DeadKernel", evalue=text, traceback=[text])

    def _translate(self, reply: dict[str, Any], msg_id: str) -> None:
        if reply["for"] != msg_id:
            raise wire.Garbled("a reply to something else")
        if "runs" in reply:
            self.seen = reply
            bundle = {"application/vnd.backprop.observation": ""}
            self._say("display_data", msg_id, data=bundle, metadata={})
            return
        for name, text in reply["outputs"][:2]:  # a kernel that is honest keeps to the limits
            text = str(text)[: self.limits.output]
            self._say("stream", msg_id, name=str(name)[:80], text=text)
            self.printed += len(text)
        if reply["error"] is not None:
            kind, text, traceback = (str(part)[:4000] for part in reply["error"])
            self._say("error", msg_id, ename=kind, evalue=text, traceback=[traceback])

    def _say(self, kind: str, msg_id: str, **content: Any) -> None:
        self._queue.append(
            {"msg_type": kind, "parent_header": {"msg_id": msg_id}, "content": content}
        )

    def get_message(self, stream: str, timeout: float | None = None) -> dict[str, Any]:
        """Return the next message.

        Raises:
            Empty: if there is none, also after an interrupted cell has had its time to end.
        """
        if not self._queue and self._pending is not None:
            self._receive(self._pending, min(GRACE, timeout or GRACE))
        if not self._queue:
            raise Empty
        return self._queue.popleft()

    def await_idle(self, parent_id: str, timeout: float) -> None:
        """Drop messages until the kernel is idle."""
        while True:
            message = self.get_message("iopub", timeout)
            if message["msg_type"] == "status":
                return

    def is_alive(self) -> bool:
        """Tell whether the kernel can take another cell."""
        return self._connection is not None

    def reason(self) -> str:
        """Say in words how the kernel ended."""
        end = self.end
        if end is None:
            return "the kernel runs"
        if end.why == "memory":
            return f"it used more than {self.limits.memory >> 20} MB of memory"
        if end.why == "processes":
            return f"it started more than {self.limits.processes} processes"
        if end.why == "garbled":
            return "what it sent was no answer, and it was stopped"
        if end.why == "time":
            return f"it used more than {self.limits.total_seconds:g} s in all"
        if end.status < 0:
            import signal

            try:
                name = signal.Signals(-end.status).name
            except ValueError:
                name = f"signal {-end.status}"
            return f"the kernel was ended by {name}"
        return f"the kernel ended itself with status {end.status}"

    def interrupt(self) -> None:
        """Interrupt the cell that runs."""
        self.zygote.tell("interrupt")

    def restart(self) -> None:
        """Start afresh, with an empty namespace."""
        self.stop()
        self._start()

    def stop(self) -> None:
        """Kill the kernel and everything that it has started."""
        if self._connection is None:
            return
        self.zygote.tell("stop")
        with contextlib.suppress(SandboxError):
            self.end = self.zygote.await_end(30)
            self.spent.memory = max(self.spent.memory, self.end.memory)
            self.spent.cpu += self.end.cpu
        if self.end is None:
            self.end = End(-9)
        self._connection.close()
        self._connection = None


@dataclass
class Warm:
    """The warm process of this grader, started when it is first needed and again if it dies.

    Args:
        hidden: files and folders that no kernel may read.
        weak: walls to leave out, for tests.
        require: refuse to start kernels that are not fully isolated.
    """

    hidden: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()
    require: bool = False
    zygote: Zygote | None = field(default=None, repr=False)

    def kernel(self, modules: Iterable[str], limits: Limits) -> WarmKernel:
        """Return a fresh kernel that has imported the modules.

        Raises:
            SandboxError: if there is none to be had.
        """
        for attempt in (1, 2):
            zygote = self.ready(modules)
            try:
                return WarmKernel(zygote, limits)
            except SandboxError:
                self.close()
                if attempt == 2:
                    raise
        raise AssertionError  # pragma: no cover

    def start(self, modules: Iterable[str]) -> Zygote:
        """Start the warm process, or a new one where modules are missing; does not wait."""
        wanted = frozenset(modules)
        if self.zygote is None or not wanted <= self.zygote.modules:
            before = self.zygote.modules if self.zygote else frozenset()
            self.close()
            self.zygote = Zygote(sorted(wanted | before), self.hidden, self.weak)
        return self.zygote

    def ready(self, modules: Iterable[str]) -> Zygote:
        """Return the warm process when it is ready.

        Raises:
            SandboxError: if it does not start, or cannot isolate as was asked for.
        """
        zygote = self.start(modules)
        zygote.await_ready()
        if self.require and not zygote.isolation.complete:
            self.close()
            text = f"This machine cannot isolate students' code: {zygote.isolation}."
            raise SandboxError(f"{text} Without --require-sandbox it is run all the same.")
        return zygote

    def close(self) -> None:
        """End the warm process."""
        if self.zygote is not None:
            self.zygote.close()
            self.zygote = None
