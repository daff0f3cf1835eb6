"""Kernels for students' code: one request after the other, and what has become of them."""

from __future__ import annotations

import contextlib
import itertools
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from exercises_lib.grading import wire
from exercises_lib.grading.client import End, ForkServerClient, SandboxError
from exercises_lib.grading.forkserver import PATIENCE
from exercises_lib.grading.sandbox import Isolation, Limits

SEND_SECONDS = 10.0
"""Time in which a kernel must have read what is sent to it."""
GRACE = 1.0
"""Seconds that an interrupted cell has to come to an end before its kernel is killed."""
Respond = Callable[[int, list[Any]], dict[str, Any]]
"""Answers a question about a case: its number, the arguments → what is sent back."""


class KernelError(Exception):
    """A request got no reply; the text says why."""


class KernelDiedError(KernelError):
    """The kernel is gone."""


class TimeUpError(KernelError):
    """The request did not come to an end in time; the kernel may be gone, too."""


class SandboxedKernel:
    """A forked kernel: it takes one request after the other.

    What a request may take is counted without the time in which the machine was busy with others.

    Args:
        client: the fork server.
        limits: what the kernel may use.
    """

    def __init__(self, client: ForkServerClient, limits: Limits) -> None:
        self.client, self.limits = client, limits
        self.end: End | None = None
        self.cpu = 0.0
        self.memory = 0
        self.until = time.monotonic() + limits.total_seconds
        self._last = self.until + (PATIENCE - 1) * limits.total_seconds
        self._waited = 0.0
        self._ids = itertools.count(1)
        self._connection: socket.socket | None = None
        self._start()

    def _start(self) -> None:
        self.end = None
        self._waited = 0.0
        from exercises_lib.grading.arena import Arena  # loads NumPy

        self.arena = Arena()
        try:
            self._connection = self.client.fork(self.limits, self.arena)
        except SandboxError:
            self.arena.close()
            raise
        self._connection.settimeout(SEND_SECONDS)
        try:
            answer = wire.receive(self._connection, seconds=30)
        except (wire.HungUpError, TimeoutError) as error:
            self.stop()
            raise SandboxError(f"The kernel does not start: {error} {self.end}") from error
        if "failed" in answer:
            self.stop()
            raise SandboxError(f"The kernel cannot be confined: {answer['failed']}")

    @property
    def alive(self) -> bool:
        """Whether the kernel can take another request."""
        return self._connection is not None

    @property
    def late(self) -> bool:
        """Whether the time of the submission is up."""
        return time.monotonic() > self.until

    def lend(self, parcel: dict[str, Any] | None) -> None:
        """Give the kernel more of the library; see `library.Lender`."""
        if parcel is not None and self._connection is not None:
            with contextlib.suppress(wire.HungUpError):
                wire.send(self._connection, {"library": parcel})

    def keep(self, sources: Mapping[str, str]) -> None:
        """Give the kernel the student's own library; see `earlier.OwnLibrary`."""
        if self._connection is not None:
            with contextlib.suppress(wire.HungUpError):
                wire.send(self._connection, {"mynn": dict(sources)})

    def request(
        self, message: dict[str, Any], seconds: float, respond: Respond | None = None
    ) -> dict[str, Any]:
        """Send a request and wait for the reply, which may hold anything.

        Args:
            message: plain data; see `child`.
            seconds: time that it may take.
            respond: answers what a probe asks meanwhile: a case's number, and the arguments.

        Raises:
            TimeUpError: if the time is up. It has been interrupted, or if need be killed.
            KernelDiedError: if the kernel is gone, or was stopped because it sends no messages.
        """
        connection, name = self._connection, f"cell-{next(self._ids)}"
        if connection is None:
            raise KernelDiedError(self.reason())
        try:
            wire.send(connection, {**message, "for": name})
            return self._reply(connection, name, seconds, respond)
        except TimeoutError:
            self._interrupt(connection, name)
            raise TimeUpError("did not come to an end in time") from None
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
            self._stop_garbled()
            raise KernelDiedError(self.reason()) from error
        except wire.GarbledError as error:
            self._stop_garbled()
            raise KernelDiedError(self.reason()) from error
        except wire.HungUpError as error:
            self.stop()
            raise KernelDiedError(self.reason()) from error

    def _reply(
        self, connection: socket.socket, name: str, seconds: float, respond: Respond | None
    ) -> dict[str, Any]:
        until = min(time.monotonic() + seconds, self.until)
        while True:
            left = max(0.0, until - time.monotonic())
            ready, _, _ = select.select([connection, self.client.control], [], [], left)
            if not ready:
                until += self._delay(until)
                continue
            if connection not in ready:
                raise wire.HungUpError("it has ended")
            reply = wire.receive(connection, seconds=max(GRACE, left))
            if reply["for"] != name:
                raise wire.GarbledError("a reply to something else")
            if "ask" not in reply:
                return dict(reply)
            if respond is None:
                raise wire.GarbledError("a question that nobody can answer")
            wire.send(connection, respond(int(reply["case"]), list(reply["ask"])))

    def _delay(self, until: float) -> float:
        """Return by how much a request is late because others have used the machine.

        Raises:
            TimeoutError: if it is late all by itself.
        """
        waited = self.client.waited()
        delay, self._waited = waited - self._waited, waited
        delay = min(delay, self._last - until)
        if delay < 0.01:
            raise TimeoutError
        self.until = min(self.until + delay, self._last)
        return delay

    def _interrupt(self, connection: socket.socket, name: str) -> None:
        """Interrupt a request; if it does not end soon, kill the kernel."""
        self.client.tell("interrupt")
        try:
            reply = wire.receive(connection, seconds=GRACE)
            if "ask" in reply or reply["for"] != name:
                self.stop()
        except (TimeoutError, wire.HungUpError, LookupError, TypeError):
            self.stop()

    def _stop_garbled(self) -> None:
        self.stop()
        self.end = End(self.end.status if self.end else -9, "garbled")

    def reason(self) -> str:
        """Say in words how the kernel ended."""
        end = self.end
        if end is None:
            return "the kernel runs"
        whys = {
            "memory": f"it used more than {self.limits.memory >> 20} MB of memory",
            "processes": f"it started more than {self.limits.processes} processes",
            "garbled": "what it sent was no answer, and it was stopped",
            "time": f"it used more than {self.limits.total_seconds:g} s in all",
        }
        if end.why in whys:
            return whys[end.why]
        if end.status < 0:
            try:
                name = signal.Signals(-end.status).name
            except ValueError:
                name = f"signal {-end.status}"
            return f"the kernel was ended by {name}"
        return f"the kernel ended itself with status {end.status}"

    def restart(self) -> None:
        """Start afresh, with an empty namespace.

        Raises:
            SandboxError: if that fails.
        """
        self.stop()
        self._start()

    def stop(self) -> None:
        """Kill the kernel and everything that it has started."""
        if self._connection is None:
            return
        self.client.tell("stop")
        with contextlib.suppress(SandboxError):
            self.end = self.client.await_end(30)
            self.memory = max(self.memory, self.end.memory)
            self.cpu += self.end.cpu
        if self.end is None:
            self.end = End(-9)
        self._connection.close()
        self._connection = None
        self.arena.close()


@dataclass
class KernelFactory:
    """Makes kernels: it has the fork server, and starts another if that dies.

    Args:
        hidden: files and folders that no kernel may read.
        disabled: layers to leave out, for tests.
        require: refuse to start kernels that are not fully isolated.
    """

    hidden: tuple[str, ...] = ()
    disabled: tuple[str, ...] = ()
    require: bool = False
    client: ForkServerClient | None = field(default=None, repr=False)

    def kernel(self, modules: Iterable[str], limits: Limits) -> SandboxedKernel:
        """Return a fresh kernel that has imported the modules.

        Raises:
            SandboxError: if there is none to be had.
        """
        try:
            return SandboxedKernel(self.ready(modules), limits)
        except SandboxError:
            self.close()
            return SandboxedKernel(self.ready(modules), limits)

    def start(self) -> ForkServerClient:
        """Start the fork server; does not wait."""
        if self.client is None:
            self.client = ForkServerClient(self.hidden, self.disabled)
        return self.client

    def ready(self, modules: Iterable[str]) -> ForkServerClient:
        """Return the fork server when it is ready, and has the modules.

        Raises:
            SandboxError: if it does not start, or cannot isolate as was asked for.
        """
        client = self.start()
        client.await_ready()
        if self.require and not client.isolation.complete:
            self.close()
            text = f"This machine cannot isolate students' code: {client.isolation}."
            raise SandboxError(f"{text} Without --require-sandbox it is run all the same.")
        client.load(modules)
        return client

    def close(self) -> None:
        """End the fork server."""
        if self.client is not None:
            self.client.close()
            self.client = None


def sandbox_report() -> Isolation:
    """Find out which layers can be put around students' code on this machine, by trying.

    Raises:
        SandboxError: if no kernel can be started at all.
    """
    if not hasattr(os, "fork"):
        raise SandboxError("it forks processes, which this system cannot; use WSL or Linux")
    factory = KernelFactory()
    try:
        client = factory.ready([])
        SandboxedKernel(client, Limits()).stop()
        return client.isolation
    finally:
        factory.close()
