"""What of Linux the sandbox uses and Python has no function for: system calls by `ctypes`."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

LINUX = sys.platform.startswith("linux")

NEWNS, NEWUTS, NEWIPC = 0x20000, 0x4000000, 0x8000000
NEWUSER, NEWPID, NEWNET, NEWCGROUP = 0x10000000, 0x20000000, 0x40000000, 0x2000000
MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 4096, 16384, 1 << 18
MNT_DETACH = 2
MOUNT_RDONLY, MOUNT_NOSUID, MOUNT_NODEV = 1, 2, 4
AT_FDCWD, AT_RECURSIVE = -100, 0x8000
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP = 1, 4, 24
PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 36, 38
SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
SYS_CAPSET = {"x86_64": 126, "aarch64": 91}
SYS_MOUNT_SETATTR = 442
SYS_LANDLOCK_CREATE_RULESET, SYS_LANDLOCK_ADD_RULE, SYS_LANDLOCK_RESTRICT_SELF = 444, 445, 446

LANDLOCK_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""How many rights on files each version of Landlock knows; later ones know 16."""
FS_EXECUTE, FS_WRITE_FILE, FS_READ_FILE, FS_READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
FS_TRUNCATE, FS_IOCTL = 1 << 14, 1 << 15
NO_TCP = 3
"""Neither bind nor connect."""
NO_SCOPE = 3
"""Neither abstract sockets nor signals to processes outside."""

_libc = ctypes.CDLL(None, use_errno=True) if LINUX else None


def call(name: str, *arguments: object) -> int:
    """Call a function of the C library.

    Raises:
        OSError: if it fails.
    """
    if _libc is None:
        raise OSError("only on Linux")
    result = getattr(_libc, name)(*arguments)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return int(result)


def syscall(number: int, *arguments: object) -> int:
    """Make a system call by its number."""
    return call("syscall", ctypes.c_long(number), *arguments)


def prctl(option: int, value: int) -> None:
    """Set a property of this process."""
    zero = ctypes.c_ulong(0)
    call("prctl", option, ctypes.c_ulong(value), zero, zero, zero)


def unshare(flags: int) -> None:
    """Leave the namespaces of these kinds for new ones."""
    call("unshare", flags)


def mount(what: str, where: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    """Mount a file system, or with `MS_BIND` a folder or file at a second place."""
    call(
        "mount",
        what.encode(),
        where.encode(),
        kind.encode() or None,
        ctypes.c_ulong(flags),
        data.encode() or None,
    )


def make_read_only(where: str, *, devices: bool = False, below: bool = True) -> None:
    """Make a mount read-only, without set-user-id programs.

    Args:
        where: where it is mounted.
        devices: keep device files usable.
        below: also all mounts below it.
    """
    flags = MOUNT_RDONLY | MOUNT_NOSUID | (0 if devices else MOUNT_NODEV)
    attributes = struct.pack("QQQQ", flags, 0, 0, 0)  # set, clear, propagation, user namespace
    recursive = AT_RECURSIVE if below else 0
    size = len(attributes)
    syscall(SYS_MOUNT_SETATTR, AT_FDCWD, where.encode(), recursive, attributes, size)


def pivot_root(folder: str) -> None:
    """Make a mounted folder the root; what was the root is no longer reachable."""
    os.chdir(folder)
    syscall(SYS_PIVOT_ROOT[platform.machine()], b".", b".")
    call("umount2", b".", MNT_DETACH)
    os.chdir("/")


def become_root_of_a_namespace() -> None:
    """Enter a user namespace in which an ordinary user may mount and unshare."""
    uid, gid = os.geteuid(), os.getegid()
    unshare(NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
    Path("/proc/self/gid_map").write_text(f"0 {gid} 1")


def drop_capabilities() -> None:
    """Give up all capabilities of this process."""
    version_3 = struct.pack("Ii", 0x20080522, 0)
    syscall(SYS_CAPSET[platform.machine()], version_3, struct.pack("6I", *([0] * 6)))


def die_with_parent() -> None:
    """Have this process killed when its parent dies, and adopt what its children leave behind."""
    if LINUX:
        prctl(PR_SET_PDEATHSIG, 9)
        with contextlib.suppress(OSError):
            prctl(PR_SET_CHILD_SUBREAPER, 1)


def landlock_version() -> int:
    """Return which Landlock this kernel has; 0 if none."""
    try:
        return syscall(SYS_LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint(1))
    except OSError:
        return 0


def landlock(writable: Iterable[str], readable: Iterable[str]) -> None:
    """Let this process use some files and folders, and nothing else any more.

    Args:
        writable: what it may read, run and write.
        readable: what it may read and run.

    Raises:
        OSError: if this kernel has no Landlock.
    """
    version = landlock_version()
    if not version:
        raise OSError("not in this kernel")
    every = (1 << LANDLOCK_RIGHTS.get(version, 16)) - 1
    read = FS_EXECUTE | FS_READ_FILE | FS_READ_DIR
    on_files = (FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL) & every
    attributes = struct.pack("Q", every)
    if version >= 4:
        attributes += struct.pack("Q", NO_TCP)
    if version >= 6:
        attributes += struct.pack("Q", NO_SCOPE)
    size, no_flags, below_path = (
        ctypes.c_size_t(len(attributes)),
        ctypes.c_uint(0),
        ctypes.c_uint(1),
    )
    ruleset = syscall(SYS_LANDLOCK_CREATE_RULESET, attributes, size, no_flags)
    for paths, allowed in ((writable, every), (readable, read)):
        for path in paths:
            try:
                place = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except OSError:
                continue
            rights = allowed if Path(path).is_dir() else allowed & on_files
            rule = struct.pack("=Qi", rights, place)
            with contextlib.suppress(OSError):
                syscall(SYS_LANDLOCK_ADD_RULE, ruleset, below_path, rule, no_flags)
            os.close(place)
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    syscall(SYS_LANDLOCK_RESTRICT_SELF, ruleset, no_flags)
    os.close(ruleset)
