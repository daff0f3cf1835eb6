"""A worker: a process that grades one submission after the other.

It is a pytest session whose loop takes its files from a connection instead of from the command
line. The exercises, with their reference answers, are loaded here; students' code is not run here.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from exercises_lib.errors import UserError
from exercises_lib.grading import wire
from exercises_lib.grading.manifest import Check, Plan
from exercises_lib.grading.sandbox import Limits

MARGIN = 60.0
"""Seconds beyond a submission's own limit after which a worker is given up."""


class WorkerError(UserError):
    """A worker cannot work; the text says why."""


@dataclass(frozen=True)
class Task:
    """One submission to grade, as plain data, so that it can be sent anywhere.

    Args:
        name: how the file is called.
        data: the file's content.
        chapter: the chapter it is graded as; empty: its cells decide.
        plans: the plans of the chapters it may belong to.
        limits: what its kernel may use.
    """

    name: str
    cells: tuple[tuple[str, str], ...]
    plan: Plan
    limits: Limits
    seed: int | None = None

    def to_plain(self) -> dict[str, Any]:
        """Give the task as plain data."""
        plan = {
            **asdict(self.plan),
            "given": sorted(self.plan.given),
            "checks": [asdict(check) for check in self.plan.checks],
        }
        return {
            "name": self.name,
            "cells": [list(cell) for cell in self.cells],
            "plan": plan,
            "limits": asdict(self.limits),
            "seed": self.seed,
        }

    @classmethod
    def from_plain(cls, data: dict[str, Any]) -> Task:
        """Read a task from plain data."""
        plan = dict(data["plan"])
        plan["given"] = frozenset(plan["given"])
        plan["checks"] = tuple(Check(**check) for check in plan["checks"])
        return cls(
            data["name"],
            tuple((cell[0], cell[1]) for cell in data["cells"]),
            Plan(**plan),
            Limits(**data["limits"]),
            data["seed"],
        )


@dataclass
class Outcome:
    """What grading a submission gave.

    Args:
        status: ok, crashed, timeout, or what was wrong with the file.
        detail: what happened, in sentences.
        verdicts: for each exercise the fields of its verdict.
        flags: what the instructor should look at.
        seed: drew the cases.
        seconds: how long it took.
        cpu: processor time of its kernels.
        memory: peak memory of its kernel, bytes.
        isolation: which walls stood around it.
    """

    status: str
    detail: str = ""
    verdicts: list[dict[str, Any]] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    seed: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    memory: int = 0
    isolation: str = ""

    def verdict(self, exercise: str) -> dict[str, Any]:
        """Return the verdict on one exercise.

        Raises:
            LookupError: if there is none.
        """
        for verdict in self.verdicts:
            if verdict["exercise_id"] == exercise:
                return verdict
        raise LookupError(f"no verdict on {exercise}: {self.status} {self.detail}")


class Worker:
    """A running worker process, seen from the outside.

    Args:
        hidden: files and folders that no student's code may read.
        require: refuse to work where students' code cannot be isolated.
        weak: walls to leave out, for tests.
    """

    def __init__(
        self, hidden: Sequence[str] = (), *, require: bool = False, weak: Sequence[str] = ()
    ) -> None:
        self.order = {"hidden": list(hidden), "require": require, "weak": list(weak)}
        self.process: subprocess.Popen[bytes] | None = None
        self.connection: socket.socket | None = None

    def _start(self, modules: Sequence[str]) -> None:
        self.connection, other = socket.socketpair()
        environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        environment.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")
        for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "CI"):
            environment.pop(name, None)
        with other:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "exercises_lib.grading.worker", str(other.fileno())],
                pass_fds=[other.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE if os.environ.get("BACKPROP_DEBUG") is None else None,
                env=environment,
                start_new_session=True,  # Ctrl-C is for the one who gives out the work
            )
        wire.send(self.connection, {**self.order, "modules": list(modules)})

    def grade(self, task: Task) -> Outcome:
        """Grade one submission.

        Returns:
            The outcome; one of status ``grader-failed`` if the worker dies over it. The next call
            starts a new worker.

        Raises:
            WorkerError: if no student's code may be run here at all.
        """
        if self.connection is None:
            self._start(task.plan.modules)
        assert self.connection is not None
        try:
            wire.send(self.connection, task.to_plain())
            seconds = task.limits.total_seconds * 2 + MARGIN
            answer = wire.receive(self.connection, seconds=seconds)
        except (wire.HungUp, TimeoutError) as error:
            said = self.close()
            late = "did not answer in time" if isinstance(error, TimeoutError) else "ended"
            return Outcome("grader-failed", f"The grader's own process {late}. {said}".strip())
        if "refused" in answer:
            self.close()
            raise WorkerError(answer["refused"])
        return Outcome(**answer)

    def abort(self) -> None:
        """Make a `grade` that another thread waits for give up."""
        if self.connection is not None:
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> str:
        """End the process with everything it has started; returns the end of what it said."""
        if self.connection is None or self.process is None:
            return ""
        self.connection.close()
        self.connection = None
        try:
            _, said = self.process.communicate(timeout=3)
        except subprocess.TimeoutExpired:
            self.process.kill()
            _, said = self.process.communicate()
        self.process = None
        text = (said or b"").decode(errors="replace").strip()
        return text.split("\n")[-1][-300:]


class Session:
    """The plug-in of a worker's pytest session: its loop, which takes tasks from a connection.

    Args:
        connection: to the one who gives out the work.
        order: what `Worker` was made with.
    """

    def __init__(self, connection: socket.socket, order: dict[str, Any]) -> None:
        from exercises_lib.grading.kernel import Warm

        self.connection = connection
        self.warm = Warm(tuple(order["hidden"]), tuple(order["weak"]), order["require"])
        self.warm.start(order["modules"])  # it warms up while pytest and nbval are imported

    def pytest_configure(self, config: Any) -> None:
        """Give options that are asked for their defaults; the terminal is not loaded."""
        for name, value in (("color", "no"), ("verbose", 0)):
            if not hasattr(config.option, name):
                setattr(config.option, name, value)

    def pytest_collection(self, session: Any) -> bool:
        """Collect nothing beforehand."""
        session.items = []
        return True

    def pytest_runtestloop(self, session: Any) -> bool:
        """Grade what comes until the other end hangs up."""
        from exercises_lib.grading.kernel import SandboxError

        try:
            while True:
                task = Task.from_plain(wire.receive(self.connection))
                try:
                    answer = asdict(self.grade(session, task))
                except SandboxError as error:
                    answer = {"refused": str(error)}
                wire.send(self.connection, answer)
        except wire.HungUp:
            return True
        finally:
            self.warm.close()

    def grade(self, session: Any, task: Task) -> Outcome:
        """Run one submission as nbval runs a notebook, and read what came of it."""
        from exercises_lib.grading import scan
        from exercises_lib.grading.notebook import Code
        from exercises_lib.grading.plugin import SubmissionFile

        # The warm process is started before the clock of the submission runs.
        self.warm.kernel(
            task.plan.modules, task.limits
        ).stop() if self.warm.zygote is None else None
        started = time.perf_counter()
        cells = [Code(*cell) for cell in task.cells]
        file = SubmissionFile.from_parent(session, path=Path(session.path / "submission.ipynb"))
        file.prepare(cells, task.plan, self.warm, task.limits, task.seed)
        items = list(file.collect())
        for item, following in zip(items, [*items[1:], None], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if file.kernel is None:
            # The setup failed, and pytest has put that into a report; say it instead.
            self.warm.kernel(task.plan.modules, task.limits).stop()
            return Outcome("grader-failed", "No kernel could be started for it.")
        file.finish()
        verdicts = [
            asdict(file.verdicts[check.exercise_id])
            for check in task.plan.checks
            if check.exercise_id in file.verdicts
        ]
        for verdict in verdicts:
            verdict["mistakes"] = list(verdict["mistakes"])
            for key in ("message", "traceback", "printed"):  # half a surrogate pair is no text
                verdict[key] = verdict[key].encode("utf-8", "replace").decode("utf-8")
        assert self.warm.zygote is not None
        return Outcome(
            status=file.status,
            detail="; ".join(file.troubles)[:2000],
            verdicts=verdicts,
            flags=scan.flags(cells, task.plan, file.library),
            seed=file.seed,
            seconds=time.perf_counter() - started,
            cpu=file.kernel.spent.cpu,
            memory=file.kernel.spent.memory,
            isolation=str(self.warm.zygote.isolation),
        )


def _end_with(parent: int) -> None:
    """End this process soon after its parent has: nobody is left to take its work."""
    while os.getppid() == parent:
        time.sleep(0.5)
    from exercises_lib.grading.kernel import FOLDERS

    for folder in list(FOLDERS):
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


def main() -> None:
    """Be a worker."""
    threading.Thread(target=_end_with, args=[os.getppid()], daemon=True).start()
    connection = socket.socket(fileno=int(sys.argv[1]))
    order = wire.receive(connection)
    session = Session(connection, order)
    # nbval loads nbformat, that loads jsonschema, and that would load this, which takes seconds
    # and serves the validation of addresses, of which there is none here.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    import pytest

    plugins = ("terminal", "cacheprovider", "junitxml", "pastebin", "doctest", "logging", "capture")
    more = ("warnings", "faulthandler", "stepwise", "nose", "unittest", "python", "debugging")
    words = [f"-pno:{name}" for name in (*plugins, *more)]
    with contextlib.suppress(wire.HungUp):
        pytest.main(
            [*words, "-p", "nbval.plugin", "-c", os.devnull, "--rootdir", os.getcwd()],  # noqa: PTH109
            plugins=[session],
        )


if __name__ == "__main__":
    main()
