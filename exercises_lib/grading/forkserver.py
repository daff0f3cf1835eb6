"""The warm process: it has imported what notebooks import, and forks a confined kernel on request.

`bootstrap` starts it with one end of a socket pair; `kernel` holds the other end. It is
single-threaded, never loads the exercises, and outlives every kernel: it reaps them, watches their
memory and time, and kills whatever they leave behind.

Messages to it: ``{"op": "fork", …}`` followed by the kernel's own connection and arena,
``{"op": "load", …}``, ``{"op": "interrupt"}``, ``{"op": "waited"}``, ``{"op": "stop"}``. Messages
from it: ``{"layers": …}`` once it is warm, then for each fork ``{"forked": pid}`` or
``{"failed": why}``, ``{"waited": seconds}`` where it is asked, and ``{"exit": status, …}`` when
that kernel is gone.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import mmap
import os
import select
import shutil
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

from exercises_lib.grading import wire
from exercises_lib.grading.linux import die_with_parent
from exercises_lib.grading.sandbox import Limits, Sandbox

TICK = 0.05
"""Seconds between two looks at the memory of a kernel that is at work."""
GRACE = 5.0
"""Seconds in which what a kernel has left behind must have been killed."""
PATIENCE = 4
"""How many times its limit of time a submission may take on a machine that is busy otherwise."""


def main(descriptor: int) -> None:
    """Be the warm process until the other end hangs up."""
    sys.dont_write_bytecode = True
    control = socket.socket(fileno=descriptor)
    request = wire.receive(control)
    sandbox = Sandbox(
        request["home"],
        request["folders"],
        request["hidden"],
        request["user"],
        request["disabled"],
    )
    sandbox.separate()
    # Only a child lives in the new process-id namespace; when it dies, all in there die. This
    # process waits for it, removes what it may have left, and has nothing else to do.
    child = os.fork()
    if child:
        control.close()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        _, status = os.waitpid(child, 0)
        shutil.rmtree(request["home"], ignore_errors=True)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    die_with_parent()
    server = ForkServer(control, sandbox)
    try:
        server.warm_up(request["digits"])
        sandbox.enclose()
        server.measure()
    except Exception as error:
        wire.send(control, {"failed": f"{type(error).__name__}: {error}"})
        return
    wire.send(control, {"layers": sandbox.isolation.layers})
    with contextlib.suppress(wire.HungUpError):
        server.serve()
    server.end_kernel()


class ForkServer:
    """The state of the warm process.

    Args:
        control: the connection to the grader.
        sandbox: how kernels are confined.
    """

    def __init__(self, control: socket.socket, sandbox: Sandbox) -> None:
        self.control, self.sandbox = control, sandbox
        self.kernel = 0
        self.limits = Limits()
        self.started = 0.0
        self.peak = 0
        self.why = ""
        self.used = (0, 0)
        self.anonymous = self.shared = 0
        self.watched = 0.0

    def warm_up(self, digits: dict[str, Any]) -> None:
        """Import what notebooks import and make the shell, before anything is forked."""
        from exercises_lib.grading import child, lent

        child.prepare()
        lent.limit_data(digits)
        for name in list(sys.modules):
            if name == "exercises_lib.exercises" or name.startswith("exercises_lib.exercises."):
                raise RuntimeError("the exercises are loaded where students' code runs")
        # From here on an import of the answers fails at once, also where no file is hidden.
        sys.modules["exercises_lib.exercises"] = None  # type: ignore[assignment]
        child.silence_course()
        gc.collect()
        gc.freeze()

    def load(self, modules: list[str]) -> None:
        """Import more, so that kernels need not."""
        from exercises_lib.grading import child

        for name in modules:
            with contextlib.suppress(Exception):  # a notebook that imports it will say so
                importlib.import_module(name)
                if name == "matplotlib":
                    child.prepare_pictures()
        gc.collect()
        gc.freeze()
        self.measure()

    def measure(self) -> None:
        """Note what the warm process itself uses, which is not held against a kernel."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            page = os.sysconf("SC_PAGE_SIZE")
            sizes = [int(word) * page for word in Path("/proc/self/statm").read_text().split()]
            self.used = (sizes[0], sizes[5])
            self.anonymous, self.shared = sizes[1] - sizes[2], sizes[2]

    def serve(self) -> None:
        """Answer the grader until it hangs up."""
        wake, signalled = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(signalled, False)
        signal.set_wakeup_fd(signalled, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._wakeup = (wake, signalled)
        while True:
            wait = TICK if self.kernel else None
            watched: list[Any] = [self.control, wake]
            ready, _, _ = select.select(watched, [], [], wait)
            if wake in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(wake, 4096)
            if self.kernel:
                self._reap()
            # By the clock: children that end all the time must not keep it from looking.
            if self.kernel and time.monotonic() - self.watched >= TICK:
                self.watched = time.monotonic()
                self._watch()
            if self.control in ready:
                self._do(wire.receive(self.control))

    def _do(self, request: dict[str, Any]) -> None:
        if request["op"] == "fork":
            _, descriptors, _, _ = socket.recv_fds(self.control, 1, 2)
            self._fork(Limits(**request["limits"]), descriptors)
        elif request["op"] == "load":
            self.load(request["modules"])
        elif request["op"] == "interrupt" and self.kernel:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.kernel, signal.SIGINT)
        elif request["op"] == "waited":
            wire.send(self.control, {"waited": self._waited()})
        elif request["op"] == "stop" and self.kernel:
            self.end_kernel()

    def _fork(self, limits: Limits, descriptors: list[int]) -> None:
        self.limits, self.peak, self.why = limits, 0, ""
        if self.kernel:
            self.end_kernel()
        try:
            self.sandbox.before_fork()
            pid = os.fork()
        except OSError as error:
            for descriptor in descriptors:
                os.close(descriptor)
            wire.send(self.control, {"failed": str(error)})
            return
        if pid == 0:
            try:
                self._be_kernel(limits, *descriptors)
            finally:
                os._exit(1)
        for descriptor in descriptors:
            os.close(descriptor)
        self.kernel, self.started = pid, time.monotonic()
        wire.send(self.control, {"forked": pid})

    def _be_kernel(self, limits: Limits, descriptor: int, arena: int) -> None:
        from exercises_lib.grading import child

        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        connection = socket.socket(fileno=os.dup(descriptor))
        memory = mmap.mmap(arena, 0)  # it stays when the descriptors are closed
        sink = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(sink, number)
        kept = connection.fileno()
        os.closerange(3, kept)
        os.closerange(kept + 1, 1024)
        self.control.detach()
        try:
            self.sandbox.confine(limits, self.used)
        except Exception as error:
            wire.send(connection, {"failed": f"{type(error).__name__}: {error}"})
            return
        child.serve(connection, memory, limits.output)

    def _watch(self) -> None:
        """Stop a kernel whose processes together use too much memory or too much time."""
        processes = self._descendants()
        elapsed = time.monotonic() - self.started
        worked = sum(map(_worked, processes)) if len(processes) > 1 else 0.0
        if elapsed > PATIENCE * self.limits.total_seconds + 5 or worked > self.limits.total_seconds:
            self.why = "time"
            self.end_kernel()
            return
        total = 0
        page = os.sysconf("SC_PAGE_SIZE")
        if len(processes) > 2 * self.limits.processes:  # root is not bound by the system's limit
            self.why = "processes"
            self.end_kernel()
            return
        for pid in processes:
            with contextlib.suppress(OSError, ValueError, IndexError):
                sizes = Path(f"/proc/{pid}/statm").read_text().split()
                private = (int(sizes[1]) - int(sizes[2])) * page
                total += max(0, private - self.anonymous)
                if int(sizes[2]) * page > self.shared:  # more files, or memory that it shares
                    total += _shared_memory(pid)
        self.peak = max(self.peak, total)
        if total > self.limits.memory:
            self.why = "memory"
            self.end_kernel()

    def _waited(self) -> float:
        """Return the seconds for which the kernel could have worked and others had the processor.

        What it has started itself are no others.
        """
        with contextlib.suppress(OSError, ValueError, IndexError):
            waited = int(Path(f"/proc/{self.kernel}/schedstat").read_text().split()[1]) / 1e9
            own = sum(_worked(pid) for pid in self._descendants() if pid != self.kernel)
            return max(0.0, waited - own)
        return 0.0

    def _descendants(self) -> list[int]:
        """Return the process ids of the kernel and of all that it has started."""
        if self.sandbox.pids and self.sandbox.enclosed:
            with contextlib.suppress(OSError):
                pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208
                return [pid for pid in pids if pid != os.getpid()]
            return [self.kernel]
        found: list[int] = []
        todo = [os.getpid()]
        while todo:
            with contextlib.suppress(OSError, ValueError):
                pid = todo.pop()
                for task in Path(f"/proc/{pid}/task").iterdir():
                    children = [int(word) for word in (task / "children").read_text().split()]
                    found += children
                    todo += children
        return found or [self.kernel]

    def _reap(self) -> None:
        """Collect children that have ended; if the kernel is among them, report it."""
        while self.kernel:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self.kernel:
                self._gone(status, usage)

    def end_kernel(self) -> None:
        """Kill the kernel and everything that it has started, and report its end."""
        if not self.kernel:
            return
        pid = self.kernel
        for victim in [pid, *([] if self.sandbox.pids else self._descendants())]:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(victim, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            _, status, usage = os.wait4(pid, 0)
            self._gone(status, usage)

    def _gone(self, status: int, usage: Any) -> None:
        self.kernel = 0
        if not self.sandbox.pids:
            self._kill_rest()
        # A process of its own shares the warm pages, so the peak counts them once more than needed.
        peak = usage.ru_maxrss * (1024 if sys.platform != "darwin" else 1)
        with contextlib.suppress(wire.HungUpError):
            wire.send(
                self.control,
                {
                    "exit": os.waitstatus_to_exitcode(status),
                    "why": self.why,
                    "memory": int(max(peak, self.peak)),
                    "cpu": float(usage.ru_utime + usage.ru_stime),
                },
            )

    def _kill_rest(self) -> None:
        """Kill what a dead kernel has left behind where no namespace does it."""
        until = time.monotonic() + GRACE
        while time.monotonic() < until:
            rest = [pid for pid in self._descendants() if pid]
            for pid in rest:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            try:
                if os.waitpid(-1, os.WNOHANG)[0] == 0:
                    time.sleep(0.005)
            except ChildProcessError:
                return


def _shared_memory(pid: int) -> int:
    """Return the bytes of a process that are shared and belong to no file."""
    for line in Path(f"/proc/{pid}/status").read_text().split("\n"):
        if line.startswith("RssShmem:"):
            return int(line.split()[1]) << 10
    return 0


def _worked(pid: int) -> float:
    """Return the processor time of a process in seconds."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        # The name, in brackets, may hold anything; of what follows, user and system are 12th, 13th.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0
