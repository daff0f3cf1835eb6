"""Grading on a Dask cluster: the same task, handed to whoever is free there."""

from __future__ import annotations

import atexit
import functools
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager

from exercises_lib.grading.run import Grade, Pool
from exercises_lib.grading.worker import Outcome, Task, WorkerError

RETRIES = 3
_pools: dict[tuple[tuple[str, ...], bool], Pool] = {}
_lock = threading.Lock()


@contextmanager
def remote(
    address: str, hidden: Sequence[str] = (), *, require: bool = False
) -> Iterator[tuple[Executor, Grade]]:
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
        executor = client.get_executor(retries=RETRIES, pure=False)
        try:
            yield (
                executor,
                functools.partial(grade_there, hidden=tuple(hidden), require=require),
            )
        finally:
            executor.shutdown(wait=False)
    finally:
        client.close()


def grade_there(task: Task, hidden: tuple[str, ...] = (), require: bool = False) -> Outcome:
    """Grade one submission in a process of the cluster; its workers are kept for the next one."""
    key = (hidden, require)
    with _lock:
        if key not in _pools:
            _pools[key] = Pool(hidden, require=require)
            atexit.register(_pools[key].close)
    return _pools[key].grade(task)
