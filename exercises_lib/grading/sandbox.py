"""Confinement of the processes that run students' code.

A warm process, the zygote, encloses itself once: its own user, mount, network, IPC, host-name and
process-id namespaces and a root folder that holds a read-only system, this package without the
answers, and nothing else. Every kernel that is forked from it is then confined on its own: a fresh
process-id and mount namespace with a throw-away home of limited size, limits on memory, processes
and files, Landlock, an unprivileged user without capabilities, seccomp. What the machine does not
offer is left out, and `Isolation` says so.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import struct
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

LINUX = sys.platform.startswith("linux")
if sys.platform != "win32":
    import resource

PACKAGE = Path(__file__).resolve().parents[1]
HOME = "/student"
"""A kernel's home in its own root: a name under which no Python and no course can lie."""
HIDDEN = ("exercises", "course", "grading", "nn")
"""Subfolders of the package that a student's kernel cannot read; of `nn` it has what is loaded."""

NEWNS, NEWUTS, NEWIPC = 0x20000, 0x4000000, 0x8000000
NEWUSER, NEWPID, NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE, MS_NOSUID, MS_NODEV = 4096, 16384, 1 << 18, 2, 4
MNT_DETACH = 2
PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 24, 38
PR_SET_SECCOMP, PR_SET_CHILD_SUBREAPER, PR_SET_DUMPABLE = 22, 36, 4
SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
SYS_MOUNT_SETATTR, SYS_LANDLOCK = 442, 444
SYS_CAPSET = {"x86_64": 126, "aarch64": 91}

DENIED = {
    # name: (x86_64, aarch64); −1 where the architecture has none
    "socket": (41, 198),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "ptrace": (101, 117),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "unshare": (272, 97),
    "setns": (308, 268),
    "clone3": (435, 435),
    "open_by_handle_at": (304, 265),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "reboot": (169, 142),
    "acct": (163, 89),
    "userfaultfd": (323, 282),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "fsopen": (430, 430),
    "fsmount": (432, 432),
    "move_mount": (429, 429),
    "open_tree": (428, 428),
    "mount_setattr": (442, 442),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "swapon": (167, 224),
    "settimeofday": (164, 170),
    "kexec_load": (246, 104),
    "personality": (135, 92),
    "vhangup": (153, 58),
    "quotactl": (179, 60),
    "setpriority": (141, 140),
}
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
X32_BIT = 0x40000000


class _Row(ctypes.Structure):
    """One instruction of a seccomp filter."""

    _fields_ = [
        ("code", ctypes.c_ushort),
        ("jt", ctypes.c_ubyte),
        ("jf", ctypes.c_ubyte),
        ("k", ctypes.c_uint),
    ]


class _Program(ctypes.Structure):
    """A seccomp filter."""

    _fields_ = [("length", ctypes.c_ushort), ("rows", ctypes.POINTER(_Row))]


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
    """Which walls stand around a student's code on this machine.

    Args:
        walls: wall → "" if it stands, else why it does not.
    """

    walls: dict[str, str] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether no file, network or process of the machine can be reached.

        Landlock and the namespaces do the same work twice; files count as walled off if one holds.
        """
        stands = {wall for wall, why in self.walls.items() if not why}
        return {"files", "network", "processes", "seccomp", "limits"} <= stands

    def __str__(self) -> str:
        missing = [f"{wall} ({why})" for wall, why in self.walls.items() if why]
        held = ", ".join(wall for wall, why in self.walls.items() if not why)
        return f"walls: {held or 'none'}" + (f"; missing: {'; '.join(missing)}" if missing else "")


_libc = ctypes.CDLL(None, use_errno=True) if LINUX else None


def _call(name: str, *arguments: object) -> int:
    if _libc is None:
        raise OSError("only on Linux")
    result = getattr(_libc, name)(*arguments)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return int(result)


def _syscall(number: int, *arguments: object) -> int:
    return _call("syscall", ctypes.c_long(number), *arguments)


def _prctl(option: int, value: int) -> None:
    zero = ctypes.c_ulong(0)
    _call("prctl", option, ctypes.c_ulong(value), zero, zero, zero)


def _mount(what: str, where: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    _call(
        "mount",
        what.encode(),
        where.encode(),
        kind.encode() or None,
        ctypes.c_ulong(flags),
        data.encode() or None,
    )


def _read_only(where: str) -> None:
    """Make a mount and all below it read-only, without set-user-id programs and device files."""
    flags = 0x1 | 0x2 | 0x4  # MOUNT_ATTR_RDONLY, _NOSUID, _NODEV
    attributes = struct.pack("QQQQ", flags, 0, 0, 0)
    at_fdcwd, recursive = -100, 0x8000
    _syscall(SYS_MOUNT_SETATTR, at_fdcwd, where.encode(), recursive, attributes, len(attributes))


class Enclosure:
    """What the zygote does once, before it forks kernels, and each kernel after the fork.

    Args:
        root: an empty folder on which the new root can be mounted.
        home: an empty folder that is the kernels' home where no new root can be mounted.
        hidden: further files and folders that must not be readable.
        weak: leave these walls out, for tests of the weaker modes; ``"root"`` uses none of
            root's rights.
    """

    def __init__(
        self, root: str, home: str, hidden: Iterable[str] = (), weak: Iterable[str] = ()
    ) -> None:
        self.root, self.home = root, home
        self.hidden = [*(str(PACKAGE / name) for name in HIDDEN), *hidden]
        self.weak = set(weak)
        self.isolation = Isolation()
        self.privileged = os.geteuid() == 0 and "root" not in self.weak
        self.namespaces = False
        self.enclosed = False
        self.own_pids: int | None = None
        self._pids = False
        self.readable: list[str] = []
        self._filter: _Program | None = None

    def _try(self, wall: str, build: Callable[[], None]) -> bool:
        if wall in self.weak:
            self.isolation.walls[wall] = "left out"
            return False
        try:
            build()
        except (OSError, AttributeError, KeyError) as error:
            self.isolation.walls[wall] = str(error) or type(error).__name__
            return False
        self.isolation.walls[wall] = ""
        return True

    def separate(self) -> None:
        """Enter new namespaces; the process-id namespace holds for the children of this process."""
        if not self.privileged and not {"files", "processes"} <= self.weak:
            with contextlib.suppress(OSError):
                self._become_root()
        self._try("network", lambda: _unshare(NEWNET))
        with contextlib.suppress(OSError):
            _unshare(NEWUTS | NEWIPC)
        self.namespaces = self._try("files", lambda: _unshare(NEWNS))
        self._pids = self._try("processes", lambda: _unshare(NEWPID))

    @staticmethod
    def _become_root() -> None:
        """Enter a user namespace in which an ordinary user may do what follows."""
        uid, gid = os.geteuid(), os.getegid()
        _unshare(NEWUSER)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
        Path("/proc/self/gid_map").write_text(f"0 {gid} 1")

    @property
    def pids(self) -> bool:
        """Whether kernels have process ids of their own."""
        return self._pids

    def enclose(self) -> None:
        """Move into the new root. Called in the zygote after everything has been imported."""
        self.readable = list(_readable_paths())
        if self.namespaces:
            self.enclosed = self._try("files", self._new_root)
        if self.pids:
            self.own_pids = os.open("/proc/self/ns/pid", os.O_RDONLY)
        if not self._try("seccomp", self._prepare_filter):
            self._filter = None
        self._try("landlock", lambda: _trial(lambda: _landlock(["/dev/null"], ["/"])))
        self._try("limits", lambda: None)
        if self.privileged:
            self._try("user", lambda: None)
        elif self.enclosed:
            self._try("user", lambda: _prctl(PR_SET_NO_NEW_PRIVS, 1))
        else:
            self.isolation.walls["user"] = "not root and no user namespace: runs as you"
        landlocked = not self.isolation.walls["landlock"]
        if not self.enclosed and landlocked:
            self.isolation.walls["files"] = ""  # Landlock alone keeps them away
        if not self.pids and landlocked and _landlock_version() >= 6:
            self.isolation.walls["processes"] = ""  # it allows no signals to others
        if self.isolation.walls.get("network") and not self.isolation.walls["seccomp"]:
            self.isolation.walls["network"] = ""  # no socket can be made

    def _new_root(self) -> None:
        _mount("none", "/", "", MS_REC | MS_PRIVATE)
        _mount("tmpfs", self.root, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=755")
        for path in self.readable:
            self._bind(path)
        for path in self.hidden:
            place = f"{self.root}{path}"
            if Path(place).is_dir():
                _mount("tmpfs", place, "tmpfs", MS_NOSUID | MS_NODEV, "size=4k,mode=755")
                _read_only(place)
            elif Path(place).exists():
                _mount("/dev/null", place, "", MS_BIND)
        for name in ("proc", HOME.strip("/"), "tmp", "etc", "dev", "dev/shm"):
            Path(self.root, name).mkdir(exist_ok=True)
        for name in ("null", "zero", "full", "random", "urandom"):
            device = Path(self.root, "dev", name)
            device.touch()
            _mount(f"/dev/{name}", str(device), "", MS_BIND)
        if not Path(self.root, "etc/passwd").exists():
            Path(self.root, "etc/passwd").write_text(f"student:x:65534:65534::{HOME}:/bin/sh\n")
        with contextlib.suppress(OSError):
            _mount("proc", f"{self.root}/proc", "proc", MS_NOSUID | MS_NODEV)
        os.chdir(self.root)
        _syscall(SYS_PIVOT_ROOT[platform.machine()], b".", b".")
        _call("umount2", b".", MNT_DETACH)
        os.chdir("/")
        attributes = struct.pack("QQQQ", 0x1 | 0x2, 0, 0, 0)
        _syscall(SYS_MOUNT_SETATTR, -100, b"/", 0, attributes, len(attributes))

    def _bind(self, path: str) -> None:
        place = Path(f"{self.root}{path}")
        source = Path(path)
        if source.is_symlink():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(source.readlink())
            return
        if source.is_dir():
            place.mkdir(parents=True, exist_ok=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.touch()
        _mount(path, str(place), "", MS_BIND | MS_REC)
        _read_only(str(place))

    def before_fork(self) -> None:
        """Ask for a fresh process-id namespace for the next child."""
        if self.own_pids is not None:
            _call("setns", self.own_pids, NEWPID)
            _unshare(NEWPID)

    def confine(self, limits: Limits, user: int, used: tuple[int, int]) -> None:
        """Confine the calling process for good. Called in the kernel after the fork.

        Args:
            limits: what it may use.
            user: the user id that it gets where this process is root.
            used: address space and data of the warm process, bytes, to which memory is added.
        """
        os.setsid()
        os.umask(0o077)
        home = HOME if self.enclosed else self.home
        scratch, shared = f"{HOME}/.tmp" if self.enclosed else home, f"{HOME}/.shm"
        uid = user if self.privileged else 0
        if self.enclosed:
            _unshare(NEWNS | NEWIPC)
            owner = f"uid={uid},gid={uid}," if self.privileged else ""
            size = f"{owner}size={limits.disk},nr_inodes=20000,mode=700"
            _mount("tmpfs", HOME, "tmpfs", MS_NOSUID | MS_NODEV, size)
            for folder in (scratch, shared):
                Path(folder).mkdir(mode=0o700)
                if self.privileged:
                    os.chown(folder, uid, uid)
            # For the locks of multiprocessing; on the same file system, so within its size.
            _mount(shared, "/dev/shm", "", MS_BIND)
            if not any(path.startswith("/tmp/") for path in self.readable):
                _mount(scratch, "/tmp", "", MS_BIND)  # else Python itself lies in there
                scratch = "/tmp"
            try:
                _mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV)
            except OSError:
                with contextlib.suppress(OSError):
                    _call("umount2", b"/proc", MNT_DETACH)
        os.chdir(home)
        os.environ.update(
            HOME=home,
            TMPDIR=scratch,
            MPLCONFIGDIR=home,
            IPYTHONDIR=f"{home}/.ipython",
            USER="student",
        )
        _limit(limits, used)
        if not self.isolation.walls.get("landlock", "no"):
            writable = [home, scratch, "/dev/null", *(["/dev/shm"] if self.enclosed else [])]
            readable = ["/"] if self.enclosed else _without(self.readable, self.hidden)
            _landlock(writable, readable)
        if LINUX:
            for capability in range(64):
                with contextlib.suppress(OSError):
                    _prctl(PR_CAPBSET_DROP, capability)
        if self.privileged:
            os.setgroups([])
            try:
                os.setresgid(uid, uid, uid)
                os.setresuid(uid, uid, uid)
            except OSError:  # a container that has few user ids
                os.setresgid(65534, 65534, 65534)
                os.setresuid(65534, 65534, 65534)
        elif LINUX and os.geteuid() == 0:  # root of a user namespace
            _drop_capabilities()
        if LINUX:
            _prctl(PR_SET_DUMPABLE, 0)
            _prctl(PR_SET_PDEATHSIG, 9)
            _prctl(PR_SET_NO_NEW_PRIVS, 1)
        if self._filter is not None:
            self._apply_filter(self._filter)

    def _prepare_filter(self) -> None:
        if not LINUX:
            raise OSError("only on Linux")
        program = self._compile_filter()
        _trial(lambda: self._apply_filter(program))
        self._filter = program

    def _compile_filter(self) -> _Program:
        machine = platform.machine()
        column = {"x86_64": 0, "aarch64": 1}[machine]
        numbers = sorted({pair[column] for pair in DENIED.values() if pair[column] >= 0})
        deny = 0x00050000 | 1  # SECCOMP_RET_ERRNO, EPERM
        load_arch, load_number = (0x20, 0, 0, 4), (0x20, 0, 0, 0)
        rows: list[tuple[int, int, int, int]] = [
            load_arch,
            (0x15, 1, 0, AUDIT_ARCH[machine]),
            (0x06, 0, 0, 0x80000000),  # another architecture: kill the process
            load_number,
            (0x35, 0, 1, X32_BIT),
            (0x06, 0, 0, deny),
        ]
        clone3 = DENIED["clone3"][column]
        for number in numbers:
            # clone3 hides its flags from the filter; ENOSYS makes the C library use clone.
            answer = 0x00050000 | 38 if number == clone3 else deny
            rows += [(0x15, 0, 1, number), (0x06, 0, 0, answer)]
        # Memory that is shared outlives the process that has filled it, and nobody is charged.
        mmap = {"x86_64": 9, "aarch64": 222}[machine]
        shared_anonymous = 0x21
        rows += [
            (0x15, 0, 5, mmap),
            (0x20, 0, 0, 40),  # the low half of the flags
            (0x54, 0, 0, shared_anonymous),
            (0x15, 0, 1, shared_anonymous),
            (0x06, 0, 0, deny),
            (0x06, 0, 0, 0x7FFF0000),
        ]
        clone = {"x86_64": 56, "aarch64": 220}[machine]
        namespaces = NEWNS | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET | 0x02000000
        rows += [
            (0x15, 0, 3, clone),
            (0x20, 0, 0, 16),  # the low half of the flags
            (0x45, 0, 1, namespaces),
            (0x06, 0, 0, deny),
            (0x06, 0, 0, 0x7FFF0000),
        ]

        self._rows = (_Row * len(rows))(*(_Row(*row) for row in rows))
        return _Program(len(rows), self._rows)

    def _apply_filter(self, program: _Program) -> None:
        _prctl(PR_SET_NO_NEW_PRIVS, 1)
        zero = ctypes.c_ulong(0)
        pointer = ctypes.byref(program)
        _call("prctl", PR_SET_SECCOMP, ctypes.c_ulong(2), pointer, zero, zero)


def _trial(build: Callable[[], None]) -> None:
    """Put a wall around a child that does nothing else, to see that it can be put.

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


def _unshare(flags: int) -> None:
    _call("unshare", flags)


def die_with_parent() -> None:
    """Have this process killed when its parent dies, and adopt what its children leave behind."""
    if LINUX:
        _prctl(PR_SET_PDEATHSIG, 9)
        with contextlib.suppress(OSError):
            _prctl(PR_SET_CHILD_SUBREAPER, 1)


def _readable_paths() -> Iterable[str]:
    """List what a student's kernel needs to read: the system, Python, and this package."""
    wanted = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/opt/conda"]
    names = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "fonts", "mime.types")
    wanted += [f"/etc/{name}" for name in (*names, "alternatives", "nsswitch.conf", "timezone")]
    wanted += [sys.prefix, sys.base_prefix, sys.exec_prefix]
    for entry in sys.path:
        path = Path(entry or ".").resolve()
        if not path.is_dir() or ((path / PACKAGE.name).is_dir() and path.name != "site-packages"):
            continue  # a folder that holds the course itself is not for reading
        wanted.append(str(path))
    wanted.append(str(PACKAGE))
    taken: list[str] = []
    for name in sorted({str(Path(name)) for name in wanted}, key=len):
        if not os.path.lexists(name) or any(name.startswith(f"{one}/") for one in taken):
            continue
        if name in ("/", "/home", "/root", "/tmp", "/etc", "/var"):
            continue
        taken.append(name)
    return taken


def _without(readable: Iterable[str], hidden: Iterable[str]) -> list[str]:
    """Replace each readable folder that holds something hidden by what else is in it."""
    closed = [str(Path(name)) for name in hidden]
    result: list[str] = []
    todo = list(readable)
    while todo:
        path = todo.pop()
        if path in closed:
            continue
        if any(name.startswith(f"{path}/") for name in closed):
            todo += [str(entry) for entry in Path(path).iterdir()]
        else:
            result.append(path)
    return result


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


def _landlock_version() -> int:
    try:
        return _syscall(SYS_LANDLOCK, None, ctypes.c_size_t(0), ctypes.c_uint(1))
    except OSError:
        return 0


def _landlock(writable: Iterable[str], readable: Iterable[str]) -> None:
    version = _landlock_version()
    if not version:
        raise OSError("not in this kernel")
    every = (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)) - 1
    read = (1 << 0) | (1 << 2) | (1 << 3)  # execute, read_file, read_dir
    on_files = ((1 << 0) | (1 << 1) | (1 << 2) | (1 << 14) | (1 << 15)) & every
    attributes = struct.pack("Q", every)
    if version >= 4:
        attributes += struct.pack("Q", 3)  # neither bind nor connect TCP
    if version >= 6:
        attributes += struct.pack("Q", 3)  # no abstract sockets, no signals beyond
    ruleset = _syscall(SYS_LANDLOCK, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint(0))
    for paths, allowed in ((writable, every), (readable, read)):
        for path in paths:
            try:
                place = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except OSError:
                continue
            rights = allowed if Path(path).is_dir() else allowed & on_files
            rule = struct.pack("=Qi", rights, place)
            with contextlib.suppress(OSError):
                _syscall(SYS_LANDLOCK + 1, ruleset, ctypes.c_uint(1), rule, ctypes.c_uint(0))
            os.close(place)
    _prctl(PR_SET_NO_NEW_PRIVS, 1)
    _syscall(SYS_LANDLOCK + 2, ruleset, ctypes.c_uint(0))
    os.close(ruleset)


def _drop_capabilities() -> None:
    header = struct.pack("Ii", 0x20080522, 0)
    _syscall(SYS_CAPSET[platform.machine()], header, struct.pack("6I", *([0] * 6)))
