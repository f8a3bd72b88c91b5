"""What some tests need and not every machine has: elsewhere they are skipped, and the run's last lines say so.

A test marked `needs("bubblewrap")` is one *of* this road of the sandbox; tests that only use a road take the
best one there is. Where the environment variable CNNLAB_REQUIRE_ALL is set, as in .ci/run, a missing need fails.
"""

import collections
import ctypes
import functools
import os
import platform
import shutil
import subprocess
import sys
from typing import NamedTuple

import pytest

from tools import programs

REQUIRED = "CNNLAB_REQUIRE_ALL"
PR_GET_SECCOMP = 21


class Lack(NamedTuple):
    """Why something cannot be tried on this machine, and what to do to try it."""

    why: str
    remedy: str


ANOTHER_SYSTEM = Lack(f"it exists on Linux, this is {platform.system()}", "run this on Linux")


def without(lack):
    """A test's reason to be skipped, in one sentence."""
    return f"{lack.why}. To try it: {lack.remedy}"


# The programs themselves are tried here, not the grader's use of them: a defect of the grader is no lack of the machine.


def bubblewrap():
    if sys.platform != "linux":
        return ANOTHER_SYSTEM
    if not programs.find("bubblewrap"):
        return Lack("bubblewrap is not installed", programs.install("bubblewrap"))
    user = [] if os.getuid() == 0 else ["--unshare-user"]
    return refused("bwrap", *user, "--unshare-pid", "--unshare-net", "--unshare-ipc", "--ro-bind", "/", "/")


def namespaces():
    if sys.platform != "linux":
        return ANOTHER_SYSTEM
    if not shutil.which("unshare"):
        return Lack("unshare is not installed", programs.install("util-linux"))
    user = [] if os.getuid() == 0 else ["--user", "--map-root-user"]
    return refused("unshare", *user, "--net", "--ipc", "--uts", "--pid", "--mount", "--fork")


def refused(*command):
    """The lack that shows when a program for namespaces cannot even start `true`, or None."""
    done = subprocess.run([*command, "true"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode == 0:
        return None
    said = (done.stderr.strip().splitlines() or [f"{command[0]} ended with {done.returncode}"])[0]
    try:
        with open("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") as file:
            restricted = os.getuid() != 0 and file.read().strip() == "1"
    except OSError:
        restricted = False
    if restricted:
        return Lack(said, "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 (as root)")
    return Lack(said, "run this outside of the chroot or container, or start the container with --privileged")


def system_call_filter():
    if sys.platform != "linux":
        return ANOTHER_SYSTEM
    from course.grader.sandbox.inside import walls

    if platform.machine() not in walls.REFUSED:
        kinds = " and ".join(walls.REFUSED)
        return Lack(
            f"the filter is written for {kinds}, this is {platform.machine()}", "run this on one of them"
        )
    if ctypes.CDLL(None).prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != 0:
        return Lack("the kernel has no seccomp", "run this on a kernel that has it")
    return None


def worker():
    """Any road at all: the grader's worker starts, walls or not."""
    if sys.platform == "linux":
        return None
    try:
        from course.grader.sandbox import outside

        starts = outside.probe("none") is not None
    except (AttributeError, ImportError, OSError):
        starts = False
    return (
        None
        if starts
        else Lack(f"the grader's worker does not start on {platform.system()}", "run this on Linux")
    )


def bash():
    if os.name != "posix":
        return ANOTHER_SYSTEM
    return None if shutil.which("bash") else Lack("bash is not installed", programs.install("bash"))


def container_builder_found():
    """The program that builds and runs containers here, or None."""
    for name in ("podman", "docker"):
        if shutil.which(name) and not subprocess.run([name, "info"], capture_output=True).returncode:
            return name
    return None


def container_builder():
    if sys.platform != "linux":
        return ANOTHER_SYSTEM
    if container_builder_found():
        return None
    return Lack("neither podman nor docker builds containers here", programs.install("podman"))


def firefox():
    return (
        None
        if programs.find("firefox-esr")
        else Lack("Firefox is not installed", programs.install("firefox-esr"))
    )


def webkit():
    if sys.platform != "linux":
        return ANOTHER_SYSTEM
    absent = programs.missing(["webkit2gtk-driver", "xvfb"])
    return Lack(f"{' and '.join(absent)} not installed", programs.install(*absent)) if absent else None


def java():
    found = programs.find("default-jre-headless")
    return None if found else Lack("Java is not installed", programs.install("default-jre-headless"))


NEEDS = {
    "bash": bash,
    "bubblewrap": bubblewrap,
    "container builder": container_builder,
    "firefox": firefox,
    "java": java,
    "namespaces": namespaces,
    "system call filter": system_call_filter,
    "webkit": webkit,
    "worker": worker,
}


# What .ci/run cannot have, being in a container itself: only where REQUIRED names it, a missing one fails.
BY_NAME = {"container builder"}


@functools.cache
def lack(name):
    """What this machine lacks of a need, or None."""
    return NEEDS[name]()


SEALED = [pytest.param(name, marks=pytest.mark.needs(name)) for name in ("bubblewrap", "namespaces")]


def check(item):
    """Before a test: skip it, or fail where everything is required, if this machine lacks what it needs."""
    for name in [name for mark in item.iter_markers("needs") for name in mark.args]:
        found = lack(name)
        required = os.environ.get(REQUIRED, "")
        if found and required and (name not in BY_NAME or name in required):
            pytest.fail(f"{name}: {without(found)}", pytrace=False)
        if found:
            item.user_properties.append(("not tried", name))
            pytest.skip(f"{name}: {without(found)}")


def write(terminalreporter):
    """After all tests: what this machine lacked, how many tests were skipped for it, and what would change it."""
    skipped = collections.Counter(
        value
        for report in terminalreporter.stats.get("skipped", ())
        for key, value in getattr(report, "user_properties", ())
        if key == "not tried"
    )
    if skipped:
        terminalreporter.write_sep("-", "not tried on this machine")
    for name, count in sorted(skipped.items()):
        terminalreporter.write_line(f"{name}, {count} tests: {without(lack(name))}")
