"""Submissions to the course: right ones, wrong ones in every catalogued way, and those that attack the grader.

Made from the course's source notebooks, for the tests (tests/course) and the benchmark (bench/course.py).
"""

import functools
import inspect
import json

from course.grader import reading
from course.grader.points import variants, wrong_variants
from course.grader.points.problems import OWN, SETS
from tools.live import sheets


@functools.cache
def _source(assignment):
    return sheets.path_of(assignment).read_text(encoding="utf-8")


def source(assignment):
    """The instructor's notebook, with solutions: a submission that earns everything."""
    return json.loads(_source(assignment))


def released(assignment):
    """The students' version."""
    notebook = json.loads(sheets.released(sheets.path_of(assignment)))
    for cell in notebook["cells"]:
        cell["source"] = reading.text(cell)
    return notebook


def find(notebook, name):
    """A cell by its grade id."""
    return next(cell for cell in notebook["cells"] if reading.mark(cell).get("grade_id") == name)


def text(notebook, name):
    return reading.text(find(notebook, name))


def with_cells(assignment, base="source", **sources):
    """A notebook with some solution cells replaced: name=text."""
    notebook = source(assignment) if base == "source" else released(assignment)
    for name, code in sources.items():
        find(notebook, name)["source"] = code
    return notebook


def appended(assignment, name, code):
    """The solved notebook with code added at the end of one cell."""
    notebook = source(assignment)
    cell = find(notebook, name)
    cell["source"] = f"{reading.text(cell)}\n\n\n{code}"
    return notebook


def names_used_twice():
    """PS1, right where each part is tried below its own cell: later cells give its helpers' names to something else."""
    solved = text(source("ps1"), "palindrome").replace("x[:-2] + x[2:]", "pair(x)")
    pair = "def pair(x):\n    return x[:-2] + x[2:]\n\n\n"
    step = text(source("ps1"), "gradient_check").replace(
        "dx, h = np.zeros(x.shape), 1e-5", "dx = np.zeros(x.shape)"
    )
    later = "\nsum = agree_dy[0] - agree_dy[2]\nfor h in range(3):\n    print(h * sum)\n"
    return with_cells(
        "ps1",
        palindrome=f"{pair}{solved}",
        circular=f"{text(source('ps1'), 'circular')}\n\n\ndef pair(x, w):\n    return circular(x, w), w\n",
        gradient_check=f"h = 1e-5\n\n\n{step}",
        agree=text(source("ps1"), "agree") + later,
    )


def as_bytes(notebook):
    return json.dumps(notebook).encode()


def catalogue():
    """(assignment, part, function, number, mistake's id) of every wrong function of the sets that the repository has."""
    return [
        (assignment, part.name, function, number, identifier)
        for assignment, problem_set in SETS.items()
        if assignment not in OWN
        for part in problem_set.parts
        for function in part.asks_for
        for number, (identifier, _) in enumerate(wrong_variants.wrong_functions(function))
    ]


def wrong(assignment, part, function, number):
    """The solved notebook with one function replaced by a wrong one, brought along in the cell's own source."""
    modules = {}
    for name, module in (("v", variants), ("m", wrong_variants)):
        lines = inspect.getsource(module).split("\n")
        modules[name] = "\n".join(line for line in lines if not line.startswith(("import ", "from ")))
    code = f"""
import itertools
import types

v, m = types.ModuleType("v"), types.ModuleType("m")
v.np, v.itertools, m.np, m.v = np, itertools, np, v
exec({modules["v"]!r}, vars(v))
exec({modules["m"]!r}, vars(m))
{function} = m.wrong_functions({function!r})[{number}][1]
"""
    return appended(assignment, part, code)


# Attacks on PS1's part "palindrome" that must earn nothing there. Each defines functions with wrong answers.

WRONG = """
def palindrome(x, a, b):
    return np.zeros(len(x) - 2)


def palindrome_backward(dy, x, a, b):
    return np.zeros(len(x)), 0.0, 0.0
"""

FORGERIES = {
    "fake execute_result": WRONG
    + """
try:
    get_ipython().display_pub.publish({"text/plain": "4.0"}, metadata={})
except Exception:
    pass
import sys
sys.stdout.write('{"output_type": "execute_result", "data": {"text/plain": "4.0"}}')
4.0
""",
    "replaced run_code": WRONG
    + """
try:
    get_ipython().run_code = lambda *args, **kwargs: False
except Exception:
    pass
import builtins
builtins.exec = lambda *args, **kwargs: None
builtins.compile = lambda *args, **kwargs: None
""",
    "patched numpy.testing": WRONG
    + """
import numpy.testing
for name in dir(numpy.testing):
    if name.startswith("assert"):
        setattr(numpy.testing, name, lambda *args, **kwargs: None)
np.allclose = np.array_equal = np.isclose = lambda *args, **kwargs: True
""",
    "array that equals everything": """
class Sly(np.ndarray):
    def __eq__(self, other):
        return np.ones(self.shape, dtype=bool)

    def __ne__(self, other):
        return np.zeros(self.shape, dtype=bool)

    def __sub__(self, other):
        return np.zeros(self.shape)

    __rsub__ = __sub__

    def __array_function__(self, function, types, args, kwargs):
        return True

    def __array_ufunc__(self, *args, **kwargs):
        return np.zeros(self.shape)


def palindrome(x, a, b):
    return np.zeros(len(x) - 2).view(Sly)


def palindrome_backward(dy, x, a, b):
    return np.zeros(len(x)).view(Sly), np.zeros(()).view(Sly), np.zeros(()).view(Sly)
""",
    "writes its own grade": WRONG
    + """
import os
import sqlite3
for folder, _, files in os.walk("/"):
    for file in files:
        if file == "gradebook.db":
            base = sqlite3.connect(os.path.join(folder, file))
            base.execute("update grade set auto_score = 4, manual_score = 4")
            base.commit()
""",
    "reads hidden tests": WRONG
    + """
import glob
import os
hoard = []
for pattern in ("*", "../*", "/tmp/*", "/home/*/*", "/root/*", "/proc/self/*", "/proc/1/*"):
    for path in glob.glob(pattern):
        try:
            hoard.append(open(path, "rb").read(100))
        except OSError:
            pass
""",
    "replies before it is asked": WRONG
    + """
import protocol
import os
import struct
frame = protocol.pack({"tag": "0"}, [np.ones(5)])
for fd in range(3, 20):
    try:
        os.write(fd, frame * 10)
    except OSError:
        pass
""",
    "takes over the worker": WRONG
    + """
import sys
worker = sys._getframe().f_back.f_globals
for name in ("answer", "plain", "describe"):
    worker[name] = lambda *args, **kwargs: ({}, [np.ones(5), np.ones(()), np.ones(())])
""",
    "claims points in the header": WRONG
    + """
import protocol
plain_pack = protocol.pack
protocol.pack = lambda header, arrays=(): plain_pack({**header, "earned": 4, "status": "right", "fraction": 1}, arrays)
""",
    "object with a lying __array__": """
class Liar:
    shape = (5,)

    def __array__(self, *args, **kwargs):
        return np.full(5, np.nan)

    def __eq__(self, other):
        return True


def palindrome(x, a, b):
    return Liar()


def palindrome_backward(dy, x, a, b):
    return Liar(), Liar(), Liar()
""",
    "unpickles in the grader": """
class Bomb:
    def __reduce__(self):
        return (exec, ("open('/tmp/owned', 'w').write('x')",))


def palindrome(x, a, b):
    return np.array([Bomb()], dtype=object)


def palindrome_backward(dy, x, a, b):
    return Bomb(), Bomb(), Bomb()
""",
    "nan and infinity": """
def palindrome(x, a, b):
    return np.full(len(x) - 2, np.nan)


def palindrome_backward(dy, x, a, b):
    return np.full(len(x), np.nan), np.inf, -np.inf
""",
    "answers with its own numbers": """
def palindrome(x, a, b):
    return x


def palindrome_backward(dy, x, a, b):
    return dy, a, b
""",
}

# What breaks or hangs in PS1's part "palindrome": code and the status that must come out.

TROUBLES = {
    "endless loop in a call": ("def palindrome(x, a, b):\n    while True:\n        pass\n", "took too long"),
    "endless loop in a cell": ("while True:\n    pass\n", "took too long"),
    "swallowed interrupts": (
        "import signal\nfor number in range(1, 64):\n    try:\n        signal.signal(number, signal.SIG_IGN)\n"
        "    except (OSError, ValueError):\n        pass\n"
        "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass\n",
        "took too long",
    ),
    "os._exit in a cell": ("import os\nos._exit(0)\n", "ended the process"),
    "os._exit in a call": ("import os\n\n\ndef palindrome(x, a, b):\n    os._exit(0)\n", "ended the process"),
    "sys.exit in a call": ("import sys\n\n\ndef palindrome(x, a, b):\n    sys.exit(0)\n", "raised an error"),
    "fork bomb": ("import os\nwhile True:\n    os.fork()\n", "raised an error"),
    "threads": (
        "import threading\nfor _ in range(10000):\n    threading.Thread(target=lambda: None).start()\n",
        "raised an error",
    ),
    "background process": ("import subprocess\nsubprocess.Popen(['sleep', '600'])\n", "raised an error"),
    "memory bomb": (
        "def palindrome(x, a, b):\n    hoard = []\n    while True:\n        hoard.append(np.empty(10_000_000))\n",
        "out of memory",
    ),
    "flood of output": ("while True:\n    print('x' * 1_000_000)\n", "took too long"),
    "files filled": (
        "with open('/tmp/filled', 'wb') as file:\n    while True:\n        file.write(b'x' * 1_000_000)\n",
        "raised an error",
    ),
    "huge reply": (
        "def palindrome(x, a, b):\n    return np.ones(5_000_000)\n\n\n"
        "def palindrome_backward(dy, x, a, b):\n    return np.ones(5_000_000)\n",
        "reply too large",
    ),
    "too many arrays": (
        "def palindrome(x, a, b):\n    return [1.0] * 1000\n\n\n"
        "def palindrome_backward(dy, x, a, b):\n    return [1.0] * 1000\n",
        "wrong",
    ),
    "garbage in the channel": (
        "import os\nframe = b'\\x00\\x00\\x00\\x05hello'\n"
        "for fd in range(3, 20):\n    try:\n        os.write(fd, frame)\n    except OSError:\n        pass\n",
        "malformed reply",
    ),
    "closes the channel": ("import os\nos.closerange(0, 64)\n", "ended the process"),
    "library in the cell": ("from cnnlab import conv1d_backward\n", "uses the library"),
    "library in the call": (
        "def palindrome(x, a, b):\n    import scipy.signal\n    return scipy.signal.correlate(x, [a, b, a], 'valid')\n",
        "uses the library",
    ),
    "torch in the cell": ("import torch.nn.functional\n", "uses the library"),
    "syntax error": ("def palindrome(x, a, b:\n", "raised an error"),
    "deep nesting": ("x = " + "(" * 50_000 + ")" * 50_000, "raised an error"),
    "recursion": ("def palindrome(x, a, b):\n    return palindrome(x, a, b)\n", "raised an error"),
    "name missing": ("answer = 42\n", "name missing"),
    "wrong arguments": ("def palindrome():\n    return 1\n", "raised an error"),
    "strings": ("def palindrome(x, a, b):\n    return 'all of them'\n", "raised an error"),
    "complex numbers": ("def palindrome(x, a, b):\n    return x[2:] * 1j\n", "not an array of numbers"),
    "network": ("import socket\nsocket.create_connection(('127.0.0.1', 80), 1)\n", "raised an error"),
    "kills everything": ("import os\nos.kill(-1, 9)\n", "raised an error"),
    "segmentation fault": ("import ctypes\nctypes.string_at(0)\n", "ended the process"),
}
