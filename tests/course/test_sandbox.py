"""The walls, tried from inside, on both roads; and what happens where there are none."""

import os
import socket

import pytest
import roads

from course.grader.sandbox import outside as sandbox
from course.grader.sandbox.inside import protocol


def run(road, source, limits=sandbox.USUAL, seconds=20):
    """The error that a cell ends with, or None."""
    worker = sandbox.Sandbox(road, limits)
    try:
        return worker.ask({"do": "cell", "name": "cell test", "source": source}, [], seconds)[0].get("error")
    finally:
        worker.close()


@pytest.mark.parametrize("road", roads.SEALED)
def test_the_road_holds(road):
    assert sandbox.probe(road) == ()


@pytest.mark.parametrize("road", roads.SEALED)
def test_the_tools_of_an_honest_solution_work(road):
    source = "import hashlib, itertools, math, random\nnp.random.default_rng(0).normal(size=3) @ np.linalg.inv(np.eye(3))"
    assert run(road, source) is None


@pytest.mark.needs("worker")
def test_a_line_that_python_cannot_read_is_named_once():
    error = run("none", "a = 1\nb = (1 + ]\n")
    assert error["type"] == "SyntaxError" and error["line"] == ["cell test", 2]
    assert "line" not in error["message"] and "cell" not in error["message"] and error["message"]


ATTEMPTS = {
    "the repository": "open({here!r})",
    "the home folder's secrets": "os.listdir({home!r} + '/.ssh')",
    "passwords": "open('/etc/passwd')",
    "other processes": "os.listdir('/proc')",
    "a file in the root": "open('/new', 'w')",
    "a file in a temporary folder": "open('/tmp/new', 'w')",
    "a change to NumPy": "open(np.__file__, 'a')",
    "a change to the worker": "open('/box/worker.py', 'a')",
    "a removed file": "os.unlink(np.__file__)",
    "a new folder": "os.mkdir('/box/new')",
    "a fork": "os.fork()",
    "a program": "os.execv('/bin/sh', ['sh'])",
    "a subprocess": "__import__('subprocess').run(['true'])",
    "a thread": "__import__('threading').Thread(target=print).start()",
    "a socket": "__import__('socket').socket()",
    "a connection": "__import__('socket').create_connection(('127.0.0.1', {port}), 1)",
    "a unix socket": "__import__('socket').socketpair()",
    "a signal to all": "os.kill(-1, 9)",
    "a signal to the parent": "os.kill(os.getppid() or 1, 9)",
    "memory in a file": "os.memfd_create('x')",
    "memory": "np.empty(1 << 31)",
    "root": "os.setuid(0)",
    "a higher limit": "import resource; resource.setrlimit(resource.RLIMIT_AS, (-1, -1))",
    "shared memory": ("import ctypes; assert ctypes.CDLL(None).shmget(0, 1 << 20, 0o1600) >= 0"),
    "a namespace": "import ctypes; assert ctypes.CDLL(None).unshare(0x10000000) == 0",
    "a mount": "import ctypes; assert ctypes.CDLL(None).mount(b'none', b'/tmp', b'tmpfs', 0, None) == 0",
    "tracing": "import ctypes; assert ctypes.CDLL(None).ptrace(0, 0, 0, 0) == 0",
    "cnnlab": "import cnnlab",
    "scipy": "import scipy.signal",
    "torch": "import torch",
    "the grader": "import course.grader.points.variants",
    "pip's packages": "import nbgrader",
}


@pytest.mark.parametrize("road", roads.SEALED)
@pytest.mark.parametrize("name", ATTEMPTS)
def test_attempts_fail(road, name):
    with socket.create_server(("127.0.0.1", 0)) as server:
        home = os.path.expanduser("~")
        source = ATTEMPTS[name].format(here=__file__, home=home, port=server.getsockname()[1])
        assert run(road, "import os\n" + source) is not None


@pytest.mark.parametrize("road", roads.SEALED)
def test_the_system_has_no_packages_behind_any_of_its_doors(road):
    source = """
import glob
import os
for door in ("/lib", "/lib64", "/usr/lib", "/usr/lib64", os.path.dirname(os.path.dirname(os.__file__))):
    for folder in glob.glob(door + "/python3*/*-packages"):
        assert not os.listdir(folder), folder
"""
    assert run(road, source) is None


@pytest.mark.parametrize("road", roads.SEALED)
def test_nothing_of_the_student_is_seen_by_the_next_one(road):
    assert run(road, "import sys\nsys.modules['numpy'].left = 1") is None
    assert run(road, "assert hasattr(np, 'left')")["type"] == "AssertionError"


@pytest.mark.parametrize("road", roads.SEALED)
def test_the_student_is_not_root(road):
    if os.getuid() == 0:
        assert run(road, "import os\nassert os.getuid() == 0")["type"] == "AssertionError"
    source = (
        "import ctypes\nimport struct\nlibc = ctypes.CDLL(None)\n"
        "header, data = ctypes.create_string_buffer(struct.pack('Ii', 0x20080522, 0)), ctypes.create_string_buffer(24)\n"
        "assert libc.capget(header, data) == 0\n"
        "assert not any(struct.unpack('6I', data.raw)), 'capabilities'"
    )
    assert run(road, source) is None


def test_without_a_sandbox_grading_needs_a_word(monkeypatch):
    monkeypatch.setattr(sandbox, "probe", lambda road: ("files", "home") if road == "none" else None)
    with pytest.raises(sandbox.NoSandbox, match="--allow-unsealed"):
        sandbox.choose()
    with pytest.raises(sandbox.NoSandbox):
        sandbox.choose(wanted="none")
    assert sandbox.choose(allow_unsealed=True) == ("none", ("files", "home"))


def test_a_road_that_leaks_is_not_taken(monkeypatch):
    monkeypatch.setattr(sandbox, "probe", lambda road: ("network",) if road == "bubblewrap" else ())
    assert sandbox.choose() == ("namespaces", ())


def test_bubblewrap_goes_first_and_namespaces_replace_it(monkeypatch):
    monkeypatch.setattr(sandbox, "probe", lambda road: ())
    assert sandbox.choose() == ("bubblewrap", ())
    monkeypatch.setattr(sandbox, "probe", lambda road: () if road == "namespaces" else None)
    assert sandbox.choose() == ("namespaces", ())


@pytest.mark.needs("system call filter")
def test_the_probe_sees_holes():
    """Without walls the probe must find what is open; otherwise an empty answer would prove nothing."""
    leaks = sandbox.probe("none")
    assert {"files", "home", "writing"} <= set(leaks)
    assert (
        "network" not in leaks and "processes" not in leaks
    )  # the filter of system calls holds on every road


@pytest.mark.needs("system call filter")
def test_the_filter_is_what_stops_the_network(monkeypatch):
    """The same probe, with a worker whose filter of system calls does nothing."""
    box = sandbox.box.__wrapped__()
    walls = box / "walls.py"
    walls.write_text(
        walls.read_text().replace(
            "def refuse_system_calls():", "def refuse_system_calls():\n    return False\n"
        )
    )
    monkeypatch.setattr(sandbox, "box", lambda: box)
    leaks = sandbox.probe.__wrapped__("none")
    assert {"network", "system calls"} <= set(leaks)


EARLY = """
import os
import protocol
for fd in range(3, 20):
    try:
        os.write(fd, protocol.pack({"tag": "guessed"}, [np.ones(3)]))
    except OSError:
        pass
"""


@pytest.mark.needs("worker")
def test_a_reply_to_no_question_ends_the_channel():
    road, _ = sandbox.choose(allow_unsealed=True)
    worker = sandbox.Sandbox(road, sandbox.USUAL)
    try:
        with pytest.raises(protocol.Malformed, match="another question"):
            worker.ask({"do": "cell", "name": "cell test", "source": EARLY}, [], 20)
    finally:
        worker.close()


def test_boxes_of_killed_processes_are_removed_and_others_are_not(tmp_path, monkeypatch):
    monkeypatch.setattr(sandbox.tempfile, "gettempdir", lambda: str(tmp_path))
    outside = tmp_path / "outside"
    for folder in (tmp_path / "cnnlab-box-abandoned", tmp_path / "cnnlab-box-held", outside):
        folder.mkdir()
        (folder / "worker.py").touch()
    (tmp_path / "cnnlab-box-abandoned" / "link").symlink_to(outside)
    (tmp_path / "cnnlab-box-link").symlink_to(outside)
    held = sandbox.hold(tmp_path / "cnnlab-box-held")
    sandbox.remove_abandoned_boxes()
    os.close(held)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "cnnlab-box-held",
        "cnnlab-box-link",
        "outside",
    ]
    assert (outside / "worker.py").exists()


@pytest.mark.needs("worker")
def test_a_process_holds_its_own_box():
    with pytest.raises(BlockingIOError):
        sandbox.hold(sandbox.box())
