"""The road `namespaces`: build a small read-only file system, move into it, give up the capabilities, start the worker.

Runs inside fresh namespaces that `unshare` made, before any of the student's code. It is what bubblewrap does, reduced to
what is needed here. Started as `python -I -S new_root.py PLAN`.
"""

import ctypes
import json
import os
import sys

MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18
MNT_DETACH = 2
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 24, 38
CAP_SETGID, CAP_SETUID = 6, 7
LIBC = ctypes.CDLL(None, use_errno=True)


def check(result, what):
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what} failed")


def mount(source, target, kind, flags, data=None):
    words = [None if word is None else os.fsencode(word) for word in (source, target, kind, data)]
    check(LIBC.mount(*words[:3], ctypes.c_ulong(flags), words[3]), f"mount {target}")


def bind(source, target, read_only):
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        open(target, "a").close()
    mount(source, target, None, MS_BIND | MS_REC)
    if read_only:
        # Inside a user namespace the flags that the source came with may only be kept, never dropped.
        kept = os.statvfs(target).f_flag & (
            os.ST_NOSUID | os.ST_NODEV | os.ST_NOEXEC | os.ST_NOATIME | os.ST_RELATIME
        )
        kept = kept & ~os.ST_RELATIME | ((1 << 21) if kept & os.ST_RELATIME else 0)
        mount(None, target, None, MS_REMOUNT | MS_BIND | MS_RDONLY | kept)


def enter(plan):
    root = plan["root"]
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    mount("box", root, "tmpfs", 0, "size=1m,mode=755")
    for target, source in plan["read"].items():
        bind(source, root + target, read_only=True)
    for target in plan["hide"]:
        mount("box", root + target, "tmpfs", MS_RDONLY, "size=4k,mode=755")
    for device in plan["devices"]:
        bind(device, root + device, read_only=False)
    old = os.path.join(root, "old")
    os.mkdir(old)
    check(LIBC.pivot_root(os.fsencode(root), os.fsencode(old)), "pivot_root")
    os.chdir("/")
    check(LIBC.umount2(b"/old", MNT_DETACH), "umount")
    os.rmdir("/old")
    mount(None, "/", None, MS_REMOUNT | MS_BIND | MS_RDONLY)


def give_up_capabilities(kept):
    """With an empty bounding set the next program starts without capabilities, even as user 0 of its namespace."""
    check(LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    for capability in range(64):
        if capability not in kept and LIBC.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break  # past the kernel's last capability


if __name__ == "__main__":
    PLAN = json.loads(sys.argv[1])
    enter(PLAN)
    give_up_capabilities({CAP_SETGID, CAP_SETUID} if PLAN["changes_user"] else set())
    os.execv(PLAN["command"][0], PLAN["command"])
