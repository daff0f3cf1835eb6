"""The seccomp filter: system calls that no student's code needs are refused by the kernel.

A filter is a program of the classic Berkeley Packet Filter that runs at each system call. It sees
the call's number, the architecture and the six arguments, and says what becomes of the call.
"""

from __future__ import annotations

import ctypes
import platform

from exercises_lib.grading.linux import (
    NEWCGROUP,
    NEWIPC,
    NEWNET,
    NEWNS,
    NEWPID,
    NEWUSER,
    NEWUTS,
    PR_SET_NO_NEW_PRIVS,
    call,
    prctl,
)

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
MMAP = {"x86_64": 9, "aarch64": 222}
CLONE = {"x86_64": 56, "aarch64": 220}
COLUMN = {"x86_64": 0, "aarch64": 1}
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
X32_BIT = 0x40000000
"""Set in the numbers of x32's calls, a second table beside x86-64's."""

# The instructions: class, size and mode, or class, operation and source, as <linux/bpf_common.h>
# has them. Jumps say how many instructions are skipped: first if the test holds, then if not.
LOAD_WORD = 0x20  # BPF_LD | BPF_W | BPF_ABS: accumulator = the word at offset k
AND = 0x54  # BPF_ALU | BPF_AND | BPF_K: accumulator &= k
JUMP_IF_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
JUMP_IF_AT_LEAST = 0x35  # BPF_JMP | BPF_JGE | BPF_K
JUMP_IF_ANY_BIT = 0x45  # BPF_JMP | BPF_JSET | BPF_K
RETURN = 0x06  # BPF_RET | BPF_K

# Where things stand in struct seccomp_data; of a 64-bit argument the low half comes first.
NUMBER, ARCHITECTURE, FIRST_ARGUMENT, FOURTH_ARGUMENT = 0, 4, 16, 40

ALLOW, KILL_PROCESS, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
EPERM, ENOSYS = 1, 38
MAP_SHARED_ANONYMOUS = 0x21
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2

Instruction = tuple[int, int, int, int]
"""Code, jump if true, jump if false, k."""


class _Instruction(ctypes.Structure):
    """struct sock_filter."""

    _fields_ = [
        ("code", ctypes.c_ushort),
        ("jt", ctypes.c_ubyte),
        ("jf", ctypes.c_ubyte),
        ("k", ctypes.c_uint),
    ]


class _Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = [("length", ctypes.c_ushort), ("rows", ctypes.POINTER(_Instruction))]


def instructions(machine: str) -> list[Instruction]:
    """Write the filter for an architecture.

    Raises:
        KeyError: if the architecture is not known.
    """
    numbers = {name: pair[COLUMN[machine]] for name, pair in DENIED.items()}
    rows: list[Instruction] = [
        # Another architecture has other numbers: whoever comes with one is killed.
        (LOAD_WORD, 0, 0, ARCHITECTURE),
        (JUMP_IF_EQUAL, 1, 0, AUDIT_ARCH[machine]),
        (RETURN, 0, 0, KILL_PROCESS),
        (LOAD_WORD, 0, 0, NUMBER),
        (JUMP_IF_AT_LEAST, 0, 1, X32_BIT),
        (RETURN, 0, 0, ERRNO | EPERM),
    ]
    for name, number in sorted(numbers.items(), key=lambda pair: pair[1]):
        # clone3 hides its flags from a filter; where it is missing, the C library takes clone.
        answer = ERRNO | (ENOSYS if name == "clone3" else EPERM)
        if number >= 0:
            rows += [(JUMP_IF_EQUAL, 0, 1, number), (RETURN, 0, 0, answer)]
    # Memory that is shared outlives the process that has filled it, and nobody is charged.
    rows += [
        (JUMP_IF_EQUAL, 0, 5, MMAP[machine]),
        (LOAD_WORD, 0, 0, FOURTH_ARGUMENT),
        (AND, 0, 0, MAP_SHARED_ANONYMOUS),
        (JUMP_IF_EQUAL, 0, 1, MAP_SHARED_ANONYMOUS),
        (RETURN, 0, 0, ERRNO | EPERM),
        (RETURN, 0, 0, ALLOW),
    ]
    # Processes and threads may be made, namespaces not.
    namespaces = NEWNS | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET | NEWCGROUP
    rows += [
        (JUMP_IF_EQUAL, 0, 3, CLONE[machine]),
        (LOAD_WORD, 0, 0, FIRST_ARGUMENT),
        (JUMP_IF_ANY_BIT, 0, 1, namespaces),
        (RETURN, 0, 0, ERRNO | EPERM),
        (RETURN, 0, 0, ALLOW),
    ]
    return rows


class Filter:
    """The filter of this machine, compiled once and applied after each fork.

    Raises:
        KeyError: if there is none for this architecture.
    """

    def __init__(self) -> None:
        rows = instructions(platform.machine())
        self._rows = (_Instruction * len(rows))(*(_Instruction(*row) for row in rows))
        self._program = _Program(len(rows), self._rows)

    def apply(self) -> None:
        """Put this process, and all that come from it, under the filter for good."""
        prctl(PR_SET_NO_NEW_PRIVS, 1)
        zero = ctypes.c_ulong(0)
        pointer = ctypes.byref(self._program)
        call("prctl", PR_SET_SECCOMP, ctypes.c_ulong(SECCOMP_MODE_FILTER), pointer, zero, zero)
