"""The walls around students' code, also where a machine has only some of them."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from exercises_lib.grading.client import SandboxError
from exercises_lib.grading.kernel import (
    KernelError,
    KernelFactory,
    SandboxedKernel,
    sandbox_report,
)
from exercises_lib.grading.manifest import Plan
from exercises_lib.grading.notebook import Code
from exercises_lib.grading.sandbox import Limits
from exercises_lib.grading.session import Session
from exercises_lib.grading.task import Task

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="the walls are those of Linux"
)
LIMITS = Limits(cell_seconds=30, total_seconds=120, memory=256 << 20, disk=8 << 20, processes=16)


def run(kernel: SandboxedKernel, code: str) -> str:
    """Run a cell; returns what it printed, or the error's name."""
    try:
        reply = kernel.request({"code": code}, 30)
    except KernelError:
        return "DeadKernel"
    told = [text for _, text in reply["outputs"]]
    return "".join([*told, *(reply["error"] or [])[:1]]).strip()


WEAKER = {
    "all walls": (),
    "without root's rights": ("root",),
    "landlock and seccomp only": ("root", "network", "files", "processes"),
    "limits only": ("root", "network", "files", "processes", "landlock", "seccomp"),
}


@pytest.fixture(scope="module", params=WEAKER, ids=lambda name: name.replace(" ", "-"))
def walls(request: pytest.FixtureRequest, root: Path) -> Iterator[tuple[str, KernelFactory]]:
    """A warm process with all walls, and with some."""
    warm = KernelFactory((str(root / "solutions"),), WEAKER[request.param])
    yield request.param, warm
    warm.close()


@pytest.fixture
def kernel(walls: tuple[str, KernelFactory]) -> Iterator[tuple[str, SandboxedKernel]]:
    """A fresh kernel behind all walls, and behind some."""
    name, warm = walls
    made = warm.kernel([], LIMITS)
    yield name, made
    made.stop()


def test_cells_run_behind_every_set_of_walls(kernel: tuple[str, SandboxedKernel]) -> None:
    _, made = kernel
    assert run(made, "import numpy as np; print(np.ones(3).sum())") == "3.0"
    assert run(made, "open('x.txt', 'w').write('1'); print(open('x.txt').read())") == "1"
    assert run(made, "1 / 0") == "ZeroDivisionError"
    assert run(made, "import exercises_lib.exercises") == "ModuleNotFoundError"


def test_what_is_walled_off_cannot_be_reached(
    kernel: tuple[str, SandboxedKernel], root: Path
) -> None:
    name, made = kernel
    if name == "limits only":
        assert not made.client.isolation.complete
        assert "left out" in str(made.client.isolation)
        return
    assert made.client.isolation.complete, made.client.isolation
    assert run(made, "import socket; socket.socket()") == "PermissionError"
    for path in (root / "solutions/00_welcome.ipynb", root / "exercises_lib/exercises/__init__.py"):
        refused = run(made, f"open({str(path)!r})")
        assert refused in ("FileNotFoundError", "PermissionError")
    assert run(made, "open('/etc/shadow')") in ("FileNotFoundError", "PermissionError")
    assert run(made, "import os; os.listdir('/work')") != "" or not Path("/work").exists()
    written = run(made, "import numpy; open(numpy.__file__, 'a')")
    assert written in ("OSError", "PermissionError"), written
    assert run(made, "import ctypes; print(ctypes.CDLL(None).unshare(0x10000000))") == "-1"
    status = run(made, "print([l for l in open('/proc/self/status') if 'CapEff' in l])")
    assert "0000000000000000" in status or status in ("FileNotFoundError", "PermissionError")


def test_memory_disk_and_processes_are_limited(kernel: tuple[str, SandboxedKernel]) -> None:
    _, made = kernel
    assert run(made, "b = bytearray(900 << 20)") == "MemoryError"
    assert run(made, "open('big', 'wb').write(bytes(40 << 20))") == "OSError"
    code = (
        "import os, time\nn = 0\ntry:\n    while n < 200:\n        if os.fork() == 0:\n"
        "            time.sleep(60)\n        n += 1\nexcept OSError:\n    pass\nprint(n < 60)"
    )
    assert run(made, code + "\ntime.sleep(1)") in ("True", "DeadKernel")


def test_multiprocessing_works_in_memory_that_counts_as_disk(
    kernel: tuple[str, SandboxedKernel],
) -> None:
    name, made = kernel
    if name not in ("all walls", "without root's rights"):  # it is the machine's /dev/shm
        assert run(made, "import os; print(os.path.samefile('/dev/shm', '.'))") != "True"
        return
    pool = "def twice(x): return 2 * x\nwith multiprocessing.Pool(2) as pool:\n    "
    told = run(made, f"import multiprocessing\n{pool}print(pool.map(twice, [1, 2]))")
    assert told == "[2, 4]"
    shared = "from multiprocessing.shared_memory import SharedMemory as S\n"
    told = run(
        made, shared + "s = S(create=True, size=9); s.buf[0] = 7; t = S(s.name); print(t.buf[0])"
    )
    assert told == "7"
    fill = "n = open({!r}, 'wb').write(bytes({} << 20))"
    assert run(made, fill.format("/dev/shm/a", 5)) == ""
    assert run(made, fill.format("b", 5)) == "OSError"
    assert run(made, fill.format("/dev/a", 1)) in ("OSError", "PermissionError")
    made.restart()
    assert run(made, "import os; print(os.listdir('/dev/shm'))") == "[]"


def test_the_memory_of_all_processes_together_is_limited(root: Path) -> None:
    warm = KernelFactory()
    made = warm.kernel([], LIMITS)
    code = (
        "import os, time\nfor _ in range(6):\n    if os.fork() == 0:\n"
        "        b = bytearray(120 << 20)\n        time.sleep(60)\ntime.sleep(20)"
    )
    assert run(made, code) == "DeadKernel"
    assert "memory" in made.reason()
    made.restart()
    assert run(made, "print(1)") == "1"
    made.stop()
    warm.close()


def test_a_kernel_dies_with_everything_it_has_started(kernel: tuple[str, SandboxedKernel]) -> None:
    _, made = kernel
    seconds = f"43{os.getpid()}"
    code = f"subprocess.Popen(['sleep', '{seconds}'], start_new_session=True)"
    assert run(made, f"import subprocess; p = {code}") == ""
    wait_until(lambda: f"sleep {seconds}" in commands(), "the process has not been started")
    made.restart()
    wait_until(lambda: f"sleep {seconds}" not in commands(), "a process outlives its kernel")


def wait_until(holds: Callable[[], bool], otherwise: str) -> None:
    """Wait up to 20 s: a program that has just been started has no command line yet."""
    until = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < until, otherwise
        time.sleep(0.02)


def commands() -> str:
    """Return the command lines of all processes."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return "\n".join(found)


def test_the_warm_process_dies_with_the_grader() -> None:
    warm = KernelFactory()
    made = warm.kernel([], LIMITS)
    assert warm.client is not None
    code = "subprocess.Popen(['sleep', '43999'], start_new_session=True)"
    assert run(made, f"import subprocess; p = {code}") == ""
    wait_until(lambda: "sleep 43999" in commands(), "the process has not been started")
    process = warm.client.process
    process.kill()  # as the kernel's out-of-memory killer would
    process.wait()
    wait_until(lambda: "sleep 43999" not in commands(), "a process outlives the warm process")
    again = warm.kernel([], LIMITS)  # another one is started
    assert run(again, "print(2)") == "2"
    made.stop()
    again.stop()
    warm.close()


def test_a_warm_process_that_dies_in_the_middle_is_the_graders_fault(
    plans: dict[str, Plan],
) -> None:
    factory = KernelFactory()
    kernel = factory.kernel([], LIMITS)
    session = Session(Task((), plans["00"], LIMITS), kernel)
    assert factory.client is not None
    factory.client.process.kill()
    factory.client.process.wait()
    session.run_cell(0, Code("", "print(1)"))
    kernel.stop()
    assert not session.revive()
    assert session.status == "grader-failed"
    factory.close()


def test_isolation_can_be_required() -> None:
    warm = KernelFactory(disabled=("files", "landlock", "processes"), require=True)
    with pytest.raises(SandboxError, match=r"cannot isolate.*files \(left out\)"):
        warm.kernel([], LIMITS)


def test_the_report_says_what_stands() -> None:
    report = sandbox_report()
    assert "limits" in str(report) and set(report.layers) >= {"files", "network", "seccomp"}
    if os.geteuid() == 0:
        assert report.complete, report
