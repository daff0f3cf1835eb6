"""Grading on a Dask cluster: the same task, handed to whoever is free there."""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import Any

from exercises_lib.grading.task import Outcome, Task
from exercises_lib.grading.workers import WorkerError, Workers

RETRIES = 3
ALONE = 20.0
"""Seconds for which a cluster may be without workers before the run is given up."""
_workers: dict[tuple[tuple[str, ...], bool], Workers] = {}
_lock = threading.Lock()


class ClusterExecutor(Executor):
    """The workers of a cluster, behind the interface of `concurrent.futures`.

    What is handed out fails with a sentence when the cluster has had no workers for some time: to
    wait in silence for one that never comes is no answer.

    Args:
        client: of Dask.
        address: of its scheduler.
        hidden: files and folders that no student's code may read.
        require: refuse to work where students' code cannot be isolated.
    """

    def __init__(
        self, client: Any, address: str, hidden: Sequence[str] = (), *, require: bool = False
    ) -> None:
        self.client, self.address = client, address
        self.hidden, self.require = tuple(hidden), require
        self._executor = client.get_executor(retries=RETRIES, pure=False)
        self._open: set[Future[Outcome]] = set()
        self._closed = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Have a function called with a task by a worker of the cluster."""
        made: Future[Any] = self._executor.submit(
            call_there, fn, *args, hidden=self.hidden, require=self.require, **kwargs
        )
        self._open.add(made)
        made.add_done_callback(self._open.discard)
        return made

    def _watch(self) -> None:
        """Let what is handed out fail when nobody is there to do it."""
        seen = time.monotonic()
        while not self._closed.wait(ALONE / 10):
            if self.client.scheduler_info(n_workers=-1)["workers"]:
                seen = time.monotonic()
            elif time.monotonic() - seen > ALONE:
                text = (
                    f"The cluster {self.address} has lost its last worker. What was graded is in "
                    f"the gradebook; type: dask worker {self.address}, and the same command again."
                )
                for one in list(self._open):
                    one.set_exception(WorkerError(text))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the cluster as it is, and give up what it has not done."""
        self._closed.set()
        self._executor.shutdown(wait=False)


@contextmanager
def remote(
    address: str, hidden: Sequence[str] = (), *, require: bool = False
) -> Iterator[Executor]:
    """Grade on a cluster.

    Args:
        address: of its scheduler, for example ``tcp://host:8786``.
        hidden: files and folders that no student's code may read.
        require: refuse to work where students' code cannot be isolated.

    Raises:
        WorkerError: if Dask is not installed, or the scheduler does not answer or has no workers.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise WorkerError(
            'Grading on a cluster needs Dask; type: pip install "backprop-course[grade]"'
        ) from error
    try:
        client = Client(address, timeout=5)
    except (OSError, ValueError) as error:
        raise WorkerError(f"The scheduler {address} does not answer: {error}") from error
    try:
        if not client.scheduler_info(n_workers=-1)["workers"]:
            raise WorkerError(
                f"The scheduler {address} has no workers; type: dask worker {address}"
            )
        executor = ClusterExecutor(client, address, hidden, require=require)
        try:
            yield executor
        finally:
            executor.shutdown()
    finally:
        client.close()


def call_there(
    fn: Callable[..., Outcome], task: Task, hidden: tuple[str, ...] = (), require: bool = False
) -> Outcome:
    """Grade one submission on a machine of the cluster; its workers are kept for the next one."""
    key = (hidden, require)
    with _lock:
        if key not in _workers:
            _workers[key] = Workers(os.cpu_count() or 1, hidden, require=require)
            atexit.register(_workers[key].shutdown, cancel_futures=True)
    outcome: Outcome = _workers[key].submit(fn, task).result()
    return outcome
