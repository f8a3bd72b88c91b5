"""The walls around the student's code, built from outside: three roads, from the best to none.

- `bubblewrap`: namespaces without network, and a file system that holds Python, NumPy and the worker, read-only.
- `namespaces`: the same built with `unshare` and `new_root`, where bubblewrap is missing.
- `none`: only what the worker can put on itself (`walls`). The student's code sees the machine's files. It needs an
  explicit flag.

A road counts as there when a worker starts on it and the walls hold: `probe` tries it.
"""

import atexit
import contextlib
import fcntl
import functools
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnnlab.handin import cells
from cnnlab.handin.checking import LIBRARIES

from .inside import protocol

ROADS = ("bubblewrap", "namespaces", "none")

INSIDE = Path(__file__).resolve().parent / "inside"
CELLS = Path(cells.__file__).resolve()


BOX = "cnnlab-box-"
# The files that the sandbox sees beside NumPy.
SEEN = {
    path.name: path for path in (*(INSIDE / name for name in ("worker.py", "protocol.py", "walls.py")), CELLS)
}


@dataclass(frozen=True)
class Limits:
    """What one notebook may use."""

    memory: int = 1 << 30  # bytes of address space
    part_seconds: float = 10  # one cell or one question
    notebook_seconds: float = 120  # all of it, restarts included


USUAL = Limits()


class NoSandbox(RuntimeError):
    """This machine offers no sandbox, and nobody allowed grading without one."""


@functools.cache
def box():
    """A folder with what the sandbox may see: the worker's files and NumPy. It goes when this process ends.

    A process that is killed leaves its folder behind; the next one that makes a box removes it.
    """
    remove_abandoned_boxes()
    folder = Path(tempfile.mkdtemp(prefix=BOX))
    hold(folder)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    folder.chmod(0o755)
    for name, source in SEEN.items():
        shutil.copyfile(source, folder / name)
        (folder / name).chmod(0o644)
    (folder / "site").mkdir(mode=0o755)
    for name, source in numpy_folders().items():
        (folder / "site" / name).symlink_to(source)
    (folder / "root").mkdir(mode=0o755)
    return folder


def remove_abandoned_boxes():
    """Remove the boxes of this user whose process is gone: nobody holds them any more."""
    for folder in Path(tempfile.gettempdir()).glob(f"{BOX}*"):
        with contextlib.suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            descriptor = hold(folder)
            shutil.rmtree(folder, ignore_errors=True)
            os.close(descriptor)


def hold(folder):
    """Lock a box until this process ends, however it ends: a descriptor. BlockingIOError if another process holds it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def numpy_folders():
    """NumPy's package and the shared libraries beside it: {name: path}."""
    package = Path(np.__file__).resolve().parent
    found = {"numpy": package}
    if (package.parent / "numpy.libs").is_dir():
        found["numpy.libs"] = package.parent / "numpy.libs"
    return found


def interpreter():
    """The real Python behind a virtual environment."""
    return os.path.realpath(getattr(sys, "_base_executable", sys.executable))


def visible():
    """What the sandbox sees of this machine: ({destination: source}, folders hidden behind an empty one)."""
    python = Path(interpreter())
    prefix = Path(os.path.realpath(sys.base_prefix))
    places = {str(python): python, str(prefix / "lib"): prefix / "lib"}
    for system in ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache"):
        places.setdefault(system, Path(os.path.realpath(system)))
    places = {name: source for name, source in places.items() if source.exists()}
    hidden = [
        str(path)
        for root in {str(prefix), "/usr", "/"}  # /lib may be a second door to /usr/lib
        for path in sorted(Path(root, "lib").glob("python3*/*-packages"))
    ]
    return places, hidden


def command(road, options):
    """The program and arguments that start a worker on this road."""
    folder = box()
    tail = [interpreter(), "-I", "-S"]
    if road == "none":
        return [*tail, str(folder / "worker.py"), json.dumps({**options, "site": str(folder / "site")})]
    tail += ["/box/worker.py", json.dumps({**options, "site": "/box/site"})]
    places, hidden = visible()
    places |= {f"/box/{name}": folder / name for name in SEEN}
    places |= {f"/box/site/{name}": source for name, source in numpy_folders().items()}
    return (bubblewrap if road == "bubblewrap" else namespaces)(places, hidden, tail)


def bubblewrap(places, hidden, tail):
    words = [
        "bwrap",
        "--unshare-ipc",
        "--unshare-pid",
        "--unshare-net",
        "--unshare-uts",
        "--unshare-cgroup-try",
    ]
    words += ["--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    if os.getuid() == 0:
        words += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        words += ["--unshare-user"]
    for folder in sorted({str(parent) for place in places for parent in Path(place).parents} - {"/"}):
        words += ["--perms", "0755", "--dir", folder]  # by itself bubblewrap lets nobody but its user in
    for destination, source in places.items():
        words += ["--ro-bind", str(source), destination]
    for destination in hidden:
        words += ["--tmpfs", destination, "--remount-ro", destination]
    for device in ("null", "urandom"):
        words += ["--dev-bind", f"/dev/{device}", f"/dev/{device}"]
    return [*words, "--remount-ro", "/", "--chdir", "/", "--", *tail]


def namespaces(places, hidden, tail):
    root = os.getuid() == 0
    plan = {
        "root": str(box() / "root"),
        "read": {destination: str(source) for destination, source in places.items()},
        "hide": hidden,
        "devices": ["/dev/null", "/dev/urandom"],
        "changes_user": root,
        "command": tail,
    }
    words = ["unshare", *([] if root else ["--user", "--map-root-user"])]
    words += ["--net", "--ipc", "--uts", "--pid", "--mount", "--fork", "--kill-child", "--"]
    return [*words, interpreter(), "-I", "-S", str(INSIDE / "new_root.py"), json.dumps(plan)]


class Sandbox:
    """One worker process on one road. `ask` sends a question and returns the reply to it."""

    def __init__(self, road, limits):
        seal = road != "none" and os.getuid() == 0
        options = {
            "libraries": LIBRARIES,
            "memory": limits.memory,
            "processor": int(limits.notebook_seconds) + 1,
            "uid": 100_000 + secrets.randbelow(1_000_000_000) if seal else None,
        }
        self.process = subprocess.Popen(
            command(road, options),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.defpath, "LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            start_new_session=True,
            bufsize=0,
        )
        for pipe in (self.process.stdin, self.process.stdout):
            os.set_blocking(pipe.fileno(), False)
        try:
            header, _ = protocol.receive(self.process.stdout.fileno(), time.monotonic() + 60)
            if header.get("tag") != "ready":
                raise protocol.Malformed("the worker did not say that it is ready")
        except protocol.ChannelError as error:
            self.close()
            raise NoSandbox(f"a worker does not start on the road '{road}': {error}") from error
        self.filtered = header.get("filter") is True

    def ask(self, question, arrays, seconds):
        """(header, arrays) of the reply to this question, within the seconds; or a ChannelError."""
        deadline = time.monotonic() + seconds
        tag = secrets.token_hex(8)
        protocol.send(self.process.stdin.fileno(), protocol.pack({"tag": tag, **question}, arrays), deadline)
        header, results = protocol.receive(self.process.stdout.fileno(), deadline)
        if header.get("tag") != tag:
            raise protocol.Malformed("a reply to another question")
        return header, results

    def close(self):
        """Kill the worker and everything it started; the process id namespace dies with it."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


# What the probe tries inside: each line that succeeds is a hole.
HOLES = {
    "files": "open({marker!r})",
    "home": "assert set(os.listdir({home!r})) - {shown!r}",
    "network": "__import__('socket').create_connection(('127.0.0.1', {port}), 2)",
    "processes": "os.fork() or os._exit(0)",
    "writing": "open({target!r}, 'w').write('x')",
}


@functools.cache
def probe(road):
    """What leaks on this road: a tuple of names from HOLES (and 'system calls'), or None when no worker starts."""
    if road == "bubblewrap" and not shutil.which("bwrap"):
        return None
    if road == "namespaces" and not shutil.which("unshare"):
        return None
    with socket.create_server(("127.0.0.1", 0)) as server, tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        marker = Path(folder, "marker")
        marker.write_text("x")
        fill = {
            "marker": str(marker),
            "target": str(Path(folder, "target")),
            "home": str(Path.home()),
            "shown": {part for place in visible()[0] for part in Path(place).parts},
            "port": server.getsockname()[1],
        }
        try:
            sandbox = Sandbox(road, Limits())
        except NoSandbox:
            return None
        try:
            works, _ = sandbox.ask(
                {"do": "cell", "name": "cell probe", "source": "import hashlib, numpy.random"}, [], 20
            )
            if "error" in works:
                return None
            found = [] if sandbox.filtered else ["system calls"]
            for name, attempt in HOLES.items():
                source = "import os\n" + attempt.format(**fill)
                reply, _ = sandbox.ask({"do": "cell", "name": "cell probe", "source": source}, [], 20)
                if "error" not in reply:
                    found.append(name)
            return tuple(found)
        finally:
            sandbox.close()


def choose(allow_unsealed=False, wanted=None):
    """(road, what leaks): the best road of this machine, or the wanted one; NoSandbox when only `none` is left."""
    for road in (wanted,) if wanted else ROADS[:2]:
        leaks = probe(road)
        if leaks is not None and (not leaks or allow_unsealed):
            return road, leaks
    if not allow_unsealed:
        raise NoSandbox(
            "This machine offers no complete sandbox: neither bubblewrap nor unprivileged namespaces hold here.\n"
            "Without one, a student's code sees your files, and with them other submissions and the gradebook.\n"
            "Install bubblewrap (Debian and Ubuntu: apt-get install bubblewrap), or grade on another machine.\n"
            "To grade all the same, say --allow-unsealed."
        )
    leaks = probe("none")
    if leaks is None:
        raise NoSandbox("No worker starts on this machine, not even without a sandbox.")
    return "none", leaks
