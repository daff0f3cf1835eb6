"""Processes that grade, behind the interface of `concurrent.futures`.

The exercises, with their reference answers, are loaded in a worker; students' code is not run
there, but what it gives back is judged there. So a worker has a limit of memory of its own, is
given up when it does not answer, and is replaced when it dies.

The executors of the standard library are not used because their processes look for modules in the
current folder, where students' files may lie, and because one that dies takes its pool with it.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any

from exercises_lib.errors import UserError
from exercises_lib.grading import bootstrap, mounts
from exercises_lib.grading.client import SandboxError
from exercises_lib.grading.forkserver import PATIENCE
from exercises_lib.grading.kernel import KernelFactory
from exercises_lib.grading.task import Outcome, Task

MARGIN = 60.0
"""Seconds beyond a submission's own limit after which a worker is given up."""
MEMORY = 2 << 30
"""Bytes that a worker may have; it uses a tenth of it."""
TRIES = 2
"""How often a submission is tried over which a worker dies."""


_factory = KernelFactory()
"""Where the kernels of this process come from, if it is a worker."""


def grade_here(task: Task) -> Outcome:
    """Grade one submission in this worker; for `submit` of an executor.

    Raises:
        SandboxError: if no student's code may be run here at all.
    """
    from exercises_lib.grading.session import grade

    return grade(task, _factory)


class WorkerError(UserError):
    """Nothing can be graded; the text says why."""


class Workers(Executor):
    """Worker processes of this machine, each of which grades one submission after the other.

    Args:
        count: how many.
        hidden: files and folders that no student's code may read.
        require: refuse to work where students' code cannot be isolated.
    """

    def __init__(self, count: int, hidden: Sequence[str] = (), *, require: bool = False) -> None:
        if not hasattr(os, "fork"):
            raise WorkerError(
                "Grading forks processes, which Windows cannot: run it in WSL or on another system."
            )
        self.hidden, self.require = list(hidden), require
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="grade")
        self._idle = [Worker(hidden, require=require)]
        self._idle[0].start()  # the others when they are needed
        self._all = list(self._idle)
        self._lock = threading.Lock()
        self._closed = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Have a function called with a task in a worker."""
        return self._threads.submit(self._run, fn, *args, **kwargs)

    def _run(self, fn: Callable[..., Outcome], task: Task) -> Outcome:
        with self._lock:
            worker = self._idle.pop() if self._idle else None
            if worker is None:
                worker = Worker(self.hidden, require=self.require)
                self._all.append(worker)
        try:
            outcome = Outcome("grader-failed", "The run was stopped.")
            for _ in range(TRIES):
                if self._closed or outcome.status != "grader-failed":
                    break
                outcome = worker.run(fn, task)
            return outcome
        finally:
            with self._lock:
                self._idle.append(worker)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers; with `cancel_futures` give up also what is being graded."""
        if cancel_futures:
            self._closed = True
            for worker in self._all:
                worker.abort()
        self._threads.shutdown(wait=wait, cancel_futures=cancel_futures)
        for worker in self._all:
            worker.close()


@contextmanager
def local(jobs: int, hidden: Sequence[str] = (), *, require: bool = False) -> Iterator[Executor]:
    """Grade on this machine, with `jobs` workers, which give up where the run is stopped.

    Raises:
        WorkerError: if this system cannot fork processes.
    """
    workers = Workers(jobs, hidden, require=require)
    try:
        yield workers
    finally:
        workers.shutdown(cancel_futures=True)


def hidden_paths(root: Path, *more: Path | None) -> list[str]:
    """List what no student's code may read: the solutions, the submissions, the gradebook."""
    return [str(root / "solutions"), *(str(path.resolve()) for path in more if path is not None)]


class Worker:
    """A worker process, seen from the outside.

    Args:
        hidden: files and folders that no student's code may read.
        require: refuse to work where students' code cannot be isolated.
    """

    def __init__(self, hidden: Sequence[str] = (), *, require: bool = False) -> None:
        self.hidden, self.require = tuple(hidden), require
        self.process: subprocess.Popen[bytes] | None = None
        self.connection: Connection | None = None

    def start(self) -> Connection:
        """Start the process, if it does not run."""
        if self.connection is not None:
            return self.connection
        self.connection, other = Pipe()
        threads = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
        with other:
            self.process = subprocess.Popen(
                bootstrap.command(__name__, other.fileno(), mounts.package_folders()),
                pass_fds=[other.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env={**os.environ, **dict.fromkeys(threads, "1")},
                cwd="/",
                start_new_session=True,  # Ctrl-C is for the one who gives out the work
            )
        self.connection.send((self.hidden, self.require))
        return self.connection

    def run(self, fn: Callable[..., Outcome], task: Task) -> Outcome:
        """Call a function with a task in the process.

        Returns:
            What it returns; an outcome of status ``grader-failed`` if the process dies over it. The
            next call starts a new one.

        Raises:
            WorkerError: if no student's code may be run here at all.
        """
        try:
            connection = self.start()
            connection.send((fn, task))
            if not connection.poll(PATIENCE * task.limits.total_seconds + MARGIN):
                raise TimeoutError("did not answer in time")
            answer = connection.recv()
        except (OSError, EOFError) as error:
            late = "did not answer in time" if isinstance(error, TimeoutError) else "ended"
            said = self.close()
            return Outcome("grader-failed", f"The grader's own process {late}. {said}".strip())
        if isinstance(answer, SandboxError):
            self.close()
            raise WorkerError(str(answer))
        return answer  # type: ignore[no-any-return]

    def abort(self) -> None:
        """Make a `run` that another thread waits for give up."""
        if self.process is not None:
            self.process.kill()

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


def main(descriptor: int) -> None:
    """Be a worker until the other end hangs up."""
    import resource

    threading.Thread(target=_end_with, args=[os.getppid()], daemon=True).start()
    with Connection(descriptor) as connection, contextlib.suppress(EOFError, OSError):
        hidden, require = connection.recv()
        _factory.hidden, _factory.require = hidden, require
        _factory.start()  # it warms up while the exercises are imported
        importlib.import_module("exercises_lib.grading.session")
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, hard))
        try:
            while True:
                fn, task = connection.recv()
                try:
                    answer = fn(task)
                except SandboxError as error:
                    answer = error
                except Exception as error:
                    answer = Outcome("grader-failed", f"The grader failed: {error!r}"[:500])
                connection.send(answer)
        finally:
            _factory.close()


def _end_with(parent: int) -> None:
    """End this process soon after its parent has: nobody is left to take its work."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
