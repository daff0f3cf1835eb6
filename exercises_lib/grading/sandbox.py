"""Confinement of the processes that run students' code.

A warm process, the fork server, goes into a sandbox once: its own user, mount, network, IPC,
host-name and process-id namespaces and a root folder that holds what `mounts` lists, read-only, and
nothing else. Every kernel that is forked from it is then confined on its own: a fresh process-id
and mount namespace with a throw-away home of limited size, limits on memory, processes and files,
Landlock, an unprivileged user without capabilities, seccomp. What the machine does not offer is
left out, and `Isolation` says so.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from exercises_lib.grading import linux, mounts
from exercises_lib.grading.seccomp import Filter

if sys.platform != "win32":
    import resource

HOME = "/student"
"""A kernel's home in its own root: a name under which no Python and no course can lie."""
FOR_A_ROOT = ("/mnt", "/media", "/srv", "/opt", "/tmp", "/var", "/home")
"""Folders on which the new root can be put together: it covers one of them, and only in there."""


@dataclass(frozen=True)
class Limits:
    """What a student's kernel may use.

    Args:
        cell_seconds: time for one cell.
        total_seconds: time for a submission.
        memory: bytes above what a warm process already has, all its processes together.
        processes: how many it may have.
        disk: bytes in its throw-away home.
        output: characters of output that are kept of a cell.
    """

    cell_seconds: float = 30.0
    total_seconds: float = 300.0
    memory: int = 1 << 30
    processes: int = 32
    disk: int = 64 << 20
    output: int = 20_000


@dataclass
class Isolation:
    """Which layers of confinement stand around a student's code on this machine.

    Args:
        layers: layer → "" if it stands, else why it does not.
    """

    layers: dict[str, str] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether no file, network or process of the machine can be reached.

        Landlock and the namespaces do the same work twice; files count as walled off if one holds.
        """
        stands = {layer for layer, why in self.layers.items() if not why}
        return {"files", "network", "processes", "seccomp", "limits"} <= stands

    def __str__(self) -> str:
        missing = [f"{layer} ({why})" for layer, why in self.layers.items() if why]
        held = ", ".join(layer for layer, why in self.layers.items() if not why)
        return f"walls: {held or 'none'}" + (f"; missing: {'; '.join(missing)}" if missing else "")


class Sandbox:
    """What the fork server does once, before it forks kernels, and each kernel after the fork.

    Args:
        home: a folder that is made to be the kernels' home where no new root can be mounted.
        folders: from which packages are imported.
        hidden: further files and folders that must not be readable.
        user: the user id of the kernels, where this process is root.
        disabled: layers to leave out, for tests of the weaker modes; ``"root"`` uses none of
            root's rights.
    """

    def __init__(
        self,
        home: str,
        folders: Iterable[str],
        hidden: Iterable[str] = (),
        user: int = 65534,
        disabled: Iterable[str] = (),
    ) -> None:
        self.home, self.user = home, user
        self.readable = mounts.readable_paths(folders)
        package = [str(entry) for entry in mounts.PACKAGE.iterdir()]
        self.hidden = [name for name in package if Path(name).name not in mounts.PARTS]
        self.hidden += hidden
        self.disabled = set(disabled)
        self.isolation = Isolation()
        self.privileged = os.geteuid() == 0 and "root" not in self.disabled
        self.namespaces = self.enclosed = self.pids = False
        self._own_pids: int | None = None
        self._filter: Filter | None = None

    def _try(self, layer: str, build: Callable[[], None]) -> bool:
        if layer in self.disabled:
            self.isolation.layers[layer] = "left out"
            return False
        try:
            build()
        except (OSError, AttributeError, KeyError) as error:
            self.isolation.layers[layer] = str(error) or type(error).__name__
            return False
        self.isolation.layers[layer] = ""
        return True

    def separate(self) -> None:
        """Enter new namespaces; the process-id namespace holds for the children of this process."""
        if not self.privileged and not {"files", "processes"} <= self.disabled:
            with contextlib.suppress(OSError):
                linux.become_root_of_a_namespace()
        self._try("network", lambda: linux.unshare(linux.NEWNET))
        with contextlib.suppress(OSError):
            linux.unshare(linux.NEWUTS | linux.NEWIPC)
        self.namespaces = self._try("files", lambda: linux.unshare(linux.NEWNS))
        self.pids = self._try("processes", lambda: linux.unshare(linux.NEWPID))

    def enclose(self) -> None:
        """Move into the new root. Called in the fork server after everything has been imported."""
        if self.namespaces:
            self.enclosed = self._try("files", self._new_root)
        if self.pids:
            self._own_pids = os.open("/proc/self/ns/pid", os.O_RDONLY)
        if not self.enclosed:
            Path(self.home).mkdir(mode=0o700)
            if self.privileged:
                os.chown(self.home, self.user, self.user)
        self._try("seccomp", self._prepare_filter)
        self._try("landlock", lambda: _trial(lambda: linux.landlock(["/dev/null"], ["/"])))
        self._try("limits", lambda: None)
        if self.privileged:
            self._try("user", lambda: None)
        elif self.enclosed:
            self._try("user", lambda: linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1))
        else:
            self.isolation.layers["user"] = "not root and no user namespace: runs as you"
        landlocked = not self.isolation.layers["landlock"]
        if not self.enclosed and landlocked:
            self.isolation.layers["files"] = ""  # Landlock alone keeps them away
        if not self.pids and landlocked and linux.landlock_version() >= 6:
            self.isolation.layers["processes"] = ""  # it allows no signals to others
        if self.isolation.layers.get("network") and not self.isolation.layers["seccomp"]:
            self.isolation.layers["network"] = ""  # no socket can be made

    def _prepare_filter(self) -> None:
        if not linux.LINUX:
            raise OSError("only on Linux")
        prepared = Filter()
        _trial(prepared.apply)
        self._filter = prepared

    def _new_root(self) -> None:
        root = self._free_folder()
        quiet = linux.MS_NOSUID | linux.MS_NODEV
        linux.mount("none", "/", "", linux.MS_REC | linux.MS_PRIVATE)
        linux.mount("tmpfs", root, "tmpfs", quiet, "size=1m,mode=755")
        for path in self.readable:
            _bind(root, path)
        for path in self.hidden:
            place = f"{root}{path}"
            if Path(place).is_dir():
                linux.mount("tmpfs", place, "tmpfs", quiet, "size=4k,mode=755")
                linux.make_read_only(place)
            elif Path(place).exists():
                linux.mount("/dev/null", place, "", linux.MS_BIND)
        for name in ("proc", HOME.strip("/"), "tmp", "etc", "dev", "dev/shm"):
            Path(root, name).mkdir(exist_ok=True)
        for name in ("null", "zero", "full", "random", "urandom"):
            device = Path(root, "dev", name)
            device.touch()
            linux.mount(f"/dev/{name}", str(device), "", linux.MS_BIND)
        if not Path(root, "etc/passwd").exists():
            Path(root, "etc/passwd").write_text(f"student:x:65534:65534::{HOME}:/bin/sh\n")
        with contextlib.suppress(OSError):
            linux.mount("proc", f"{root}/proc", "proc", quiet)
        linux.pivot_root(root)
        linux.make_read_only("/", devices=True, below=False)

    def _free_folder(self) -> str:
        """Return a folder that can be covered, because nothing that is needed lies in it."""
        for name in FOR_A_ROOT:
            needed = any(path == name or path.startswith(f"{name}/") for path in self.readable)
            if not needed and Path(name).is_dir() and not Path(name).is_symlink():
                return name
        raise OSError(f"no folder for a new root: tried {', '.join(FOR_A_ROOT)}")

    def before_fork(self) -> None:
        """Ask for a fresh process-id namespace for the next child."""
        if self._own_pids is not None:
            linux.call("setns", self._own_pids, linux.NEWPID)
            linux.unshare(linux.NEWPID)

    def confine(self, limits: Limits, used: tuple[int, int]) -> None:
        """Confine the calling process for good. Called in the kernel after the fork.

        Args:
            limits: what it may use.
            used: address space and data of the warm process, bytes, to which memory is added.
        """
        os.setsid()
        os.umask(0o077)
        home = HOME if self.enclosed else self.home
        scratch = self._own_home(limits) if self.enclosed else home
        os.chdir(home)
        os.environ.update(
            HOME=home,
            TMPDIR=scratch,
            MPLCONFIGDIR=home,
            IPYTHONDIR=f"{home}/.ipython",
            USER="student",
        )
        _limit(limits, used)
        if not self.isolation.layers.get("landlock", "no"):
            writable = [home, scratch, "/dev/null", *(["/dev/shm"] if self.enclosed else [])]
            readable = ["/"] if self.enclosed else mounts.without(self.readable, self.hidden)
            linux.landlock(writable, readable)
        self._give_up_rights()
        if self._filter is not None:
            self._filter.apply()

    def _own_home(self, limits: Limits) -> str:
        """Mount a throw-away home, /tmp, /dev/shm and /proc; returns the folder for scratch."""
        uid = self.user if self.privileged else 0
        quiet = linux.MS_NOSUID | linux.MS_NODEV
        linux.unshare(linux.NEWNS | linux.NEWIPC)
        owner = f"uid={uid},gid={uid}," if self.privileged else ""
        size = f"{owner}size={limits.disk},nr_inodes=20000,mode=700"
        linux.mount("tmpfs", HOME, "tmpfs", quiet, size)
        scratch, shared = f"{HOME}/.tmp", f"{HOME}/.shm"
        for folder in (scratch, shared):
            Path(folder).mkdir(mode=0o700)
            if self.privileged:
                os.chown(folder, uid, uid)
        # For the locks of multiprocessing; on the same file system, so within its size.
        linux.mount(shared, "/dev/shm", "", linux.MS_BIND)
        if not any(path.startswith("/tmp/") for path in self.readable):
            linux.mount(scratch, "/tmp", "", linux.MS_BIND)  # else Python itself lies in there
            scratch = "/tmp"
        try:
            linux.mount("proc", "/proc", "proc", quiet)
        except OSError:
            with contextlib.suppress(OSError):
                linux.call("umount2", b"/proc", linux.MNT_DETACH)
        return scratch

    def _give_up_rights(self) -> None:
        if linux.LINUX:
            for capability in range(64):
                with contextlib.suppress(OSError):
                    linux.prctl(linux.PR_CAPBSET_DROP, capability)
        if self.privileged:
            os.setgroups([])
            try:
                os.setresgid(self.user, self.user, self.user)
                os.setresuid(self.user, self.user, self.user)
            except OSError:  # a container that has few user ids
                os.setresgid(65534, 65534, 65534)
                os.setresuid(65534, 65534, 65534)
        elif linux.LINUX and os.geteuid() == 0:  # root of a user namespace
            linux.drop_capabilities()
        if linux.LINUX:
            linux.prctl(linux.PR_SET_DUMPABLE, 0)
            linux.prctl(linux.PR_SET_PDEATHSIG, 9)
            linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)


def _bind(root: str, path: str) -> None:
    """Show a file or folder in the new root where it is in the old one, read-only."""
    place, source = Path(f"{root}{path}"), Path(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink():
        place.symlink_to(source.readlink())
        return
    if source.is_dir():
        place.mkdir(exist_ok=True)
    else:
        place.touch()
    linux.mount(path, str(place), "", linux.MS_BIND | linux.MS_REC)
    linux.make_read_only(str(place))


def _trial(build: Callable[[], None]) -> None:
    """Put a layer around a child that does nothing else, to see that it can be put.

    Raises:
        OSError: if it cannot.
    """
    child = os.fork()
    if child == 0:
        try:
            build()
            os._exit(0)
        except BaseException:
            os._exit(1)
    if os.waitpid(child, 0)[1]:
        raise OSError("this kernel does not allow it")


def _limit(limits: Limits, used: tuple[int, int]) -> None:
    space, data = used
    wanted = {
        resource.RLIMIT_AS: space and space + limits.memory,
        resource.RLIMIT_DATA: data and data + limits.memory,
        resource.RLIMIT_CPU: int(limits.total_seconds) + 5,
        resource.RLIMIT_FSIZE: limits.disk,
        resource.RLIMIT_NOFILE: 256,
        resource.RLIMIT_NPROC: limits.processes,
    }
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for kind, value in wanted.items():
        if value == 0:  # what the warm process uses is not known here
            continue
        _, hard = resource.getrlimit(kind)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (value, value))
