"""What the worker puts on itself before it sees the student's code: resource limits and a filter of system calls.

Both are inherited and cannot be taken off again. The filter refuses new processes and threads, programs, sockets,
shared memory, tracing and namespaces with EPERM; NumPy on one thread needs none of them. It holds on every road of
`sandbox`, so that even a machine without namespaces has no network here.

This module runs inside the sandbox and imports the standard library only.
"""

import ctypes
import os
import platform
import resource
import struct

PR_SET_SECCOMP = 22
PR_SET_NO_NEW_PRIVS = 38
SECCOMP_MODE_FILTER = 2
CAPABILITY_VERSION = 0x20080522

# Audit architecture and the numbers of the refused calls, from Linux's own tables.
REFUSED = {
    "x86_64": (
        0xC000003E,
        {
            "clone": 56, "fork": 57, "vfork": 58, "clone3": 435, "execve": 59, "execveat": 322, "ptrace": 101,
            "socket": 41, "socketpair": 53, "connect": 42, "shmget": 29, "shmat": 30, "msgget": 68, "semget": 64,
            "memfd_create": 319, "mq_open": 240, "unshare": 272, "setns": 308, "mount": 165, "umount2": 166,
            "pivot_root": 155, "chroot": 161, "bpf": 321, "perf_event_open": 298, "userfaultfd": 323,
            "io_uring_setup": 425, "add_key": 248, "request_key": 249, "keyctl": 250, "process_vm_readv": 310,
            "process_vm_writev": 311, "open_by_handle_at": 304, "kill": 62,
        },
    ),
    "aarch64": (
        0xC00000B7,
        {
            "clone": 220, "clone3": 435, "execve": 221, "execveat": 281, "ptrace": 117, "socket": 198,
            "socketpair": 199, "connect": 203, "shmget": 194, "shmat": 196, "msgget": 186, "semget": 190,
            "memfd_create": 279, "mq_open": 180, "unshare": 97, "setns": 268, "mount": 40, "umount2": 39,
            "pivot_root": 41, "chroot": 51, "bpf": 280, "perf_event_open": 241, "userfaultfd": 282,
            "io_uring_setup": 425, "add_key": 217, "request_key": 218, "keyctl": 219, "process_vm_readv": 270,
            "process_vm_writev": 271, "open_by_handle_at": 265, "kill": 129,
        },
    ),
}  # fmt: skip


def set_limits(memory, processor):
    """memory in bytes of address space, processor in seconds. No file may be written, no core dumped."""
    limits = {
        "RLIMIT_AS": memory,
        "RLIMIT_CPU": processor,
        "RLIMIT_FSIZE": 0,
        "RLIMIT_CORE": 0,
        "RLIMIT_NOFILE": 64,
        "RLIMIT_NPROC": 1,
        "RLIMIT_MSGQUEUE": 0,
        "RLIMIT_MEMLOCK": 0,
    }
    for name, value in limits.items():
        number = getattr(resource, name, None)
        if number is not None:
            hard = resource.getrlimit(number)[1]
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(number, (value, value))


def leave_root(uid):
    """Give up root for good: only a grader that runs as root asks for it."""
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)
    # No capability is left to use, and this clears those that another program could inherit.
    header = ctypes.create_string_buffer(struct.pack("Ii", CAPABILITY_VERSION, 0))
    ctypes.CDLL(None).capset(header, ctypes.create_string_buffer(24))


def refuse_system_calls():
    """Install the filter; True when the kernel took it."""
    if platform.machine() not in REFUSED or struct.calcsize("P") != 8:
        return False
    program = filter_program(*REFUSED[platform.machine()])
    buffer = ctypes.create_string_buffer(program)
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return (
        libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.c_void_p(ctypes.addressof(header)), 0, 0) == 0
    )


def filter_program(architecture, calls):
    """Classic BPF: another architecture kills, a refused number returns EPERM (ENOSYS for clone3), the rest passes."""
    load, equal, at_least, give = 0x20, 0x15, 0x35, 0x06
    kill, allow, refuse, unknown = 0x80000000, 0x7FFF0000, 0x00050001, 0x00050026

    def step(code, value, yes=0, no=0):
        return struct.pack("=HBBI", code, yes, no, value)

    steps = [step(load, 4), step(equal, architecture, 1, 0), step(give, kill), step(load, 0)]
    steps += [step(at_least, 0x40000000, 0, 1), step(give, refuse)]
    for name, number in calls.items():
        steps += [step(equal, number, 0, 1), step(give, unknown if name == "clone3" else refuse)]
    return b"".join([*steps, step(give, allow)])
