"""A second class of notebooks, hostile and honest, made without a look at the first one (`bench.course_corpus`).

FORGED try to earn points for the part `palindrome` of ps1 without a right answer; everything else in them is as released.
BROKEN want to stop the batch, or to keep it busy; they have right answers beside.
HONEST are right answers in the ways in which students write and save them: each has to earn all points of its part.
"""

import copy
import json

from bench import course_corpus as corpus

RIGHT = """\
def palindrome(x, a, b):
    return a * (x[:-2] + x[2:]) + b * x[1:-1]


def palindrome_backward(dy, x, a, b):
    dx = np.zeros(len(x))
    dx[:-2] += a * dy
    dx[1:-1] += b * dy
    dx[2:] += a * dy
    return dx, dy @ (x[:-2] + x[2:]), dy @ x[1:-1]
"""

# Forged answers


def both(body):
    """Both functions with one body."""
    lines = "\n".join(f"    {line}" for line in body.strip().split("\n"))
    return f"def palindrome(x, a, b):\n{lines}\n\n\ndef palindrome_backward(dy, x, a, b):\n{lines}\n"


AGREES = """
class Yes(np.ndarray):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __sub__(self, other): return np.zeros(1)
    def __le__(self, other): return True
    def __array_finalize__(self, other): pass
    def all(self, *rest): return True
"""
FRAMES = """
import sys

def everything():
    frame, found = sys._getframe(), []
    while frame is not None:
        found += [*frame.f_locals.values(), *frame.f_globals.values()]
        frame = frame.f_back
    return found
"""

FORGED = {
    "nan everywhere": both("return np.full(len(x) - 2, np.nan)"),
    "infinite everywhere": both("return np.full(len(x) - 2, np.inf)"),
    "nothing at all": both("return np.zeros((0,))"),
    "an array that broadcasts": both("return np.zeros((1,))"),
    "a scalar": both("return 0.0"),
    "no axis of any length": both("return np.zeros((0, 5, 7, 0))"),
    "three nothings": both("return [], [], []"),
    "equal to whatever it meets": AGREES + both("return np.zeros(len(x) - 2).view(Yes)"),
    "numpy compares for us": "np.allclose = np.array_equal = np.isclose = lambda *a, **k: True\n"
    + both("return np.zeros(len(x) - 2)"),
    "numpy makes arrays for us": "np.asarray = lambda value, *a, **k: np.zeros(5)\n" + both("return 0"),
    "an object that numpy asks": """
class Anything:
    def __array__(self, *a, **k): return np.array([float("nan")] * 5)
    def __float__(self): return 1.0
    def __len__(self): return 5
    def __getitem__(self, i): return self if i < 5 else (_ for _ in ()).throw(IndexError)
"""
    + both("return Anything()"),
    "the right answer from the caller": FRAMES
    + both("return next((v for v in everything() if isinstance(v, np.ndarray) and v.shape == (len(x) - 2,)), 0)"),
    "the right answer from memory": "import gc\n"
    + both("return next((o for o in gc.get_objects() if type(o) is np.ndarray and o.shape == (len(x) - 2,)), 0)"),
    "the grader's own files": """
import glob
def source():
    for pattern in ("/**/course/grader/points/variants.py", "/box/*", "/proc/1/cwd/course/grader/points/variants.py"):
        for path in glob.glob(pattern, recursive=pattern.startswith("/box")):
            try:
                text = open(path).read()
            except OSError:
                continue
            if "palindrome_backward" in text:
                scope = {}
                exec(text, scope)
                return scope
    raise LookupError("not there")
globals().update({k: v for k, v in source().items() if k.startswith("palindrome")})
""",
    "the grader as a module": "from course.grader.points.variants import palindrome, palindrome_backward\n",
    "the grader without its name": """
import importlib.machinery, sys
sys.meta_path.clear(); sys.path[:0] = ["/work/main", "/work", "/", ".", ".."]
sys.meta_path.append(importlib.machinery.PathFinder)
from course.grader.points.variants import palindrome, palindrome_backward
""",
    "a reply of its own": FRAMES
    + """
import os, json, struct
tags = [v["tag"] for v in everything() if isinstance(v, dict) and "tag" in v]
for fd in range(3, 12):
    try:
        text = json.dumps({"tag": tags[-1] if tags else "", "arrays": [[5], [], []], "earned": 4, "right": True}).encode()
        os.write(fd, struct.pack(">I", len(text)) + text + bytes(8 * 7))
    except OSError:
        pass
"""
    + both("return np.zeros(5)"),
    "the channel in other hands": """
import sys
worker = sys.modules["__main__"]
worker.cells.arrays = lambda result, count: [np.full(5, np.nan)] * count
worker.cells.plain = lambda result: np.full(5, np.nan)
worker.outline = lambda source: "right"
"""
    + both("return 0"),
    "a header that says more": """
import sys
pack = sys.modules["protocol"].pack
more = {"error": None, "status": "right", "fraction": 1}
sys.modules["protocol"].pack = lambda header, arrays=(): pack({**header, **more}, arrays)
"""
    + both("return np.zeros(len(x) - 2)"),
    "an error that is worth points": both(
        "class Right(Exception): pass\nRight.__name__ = 'right'\nraise Right('4 of 4 points', 1.0)"
    ),
    "an argument changed": both("x[...] = 0\nif 'dy' in locals(): dy[...] = 0\nreturn np.zeros(len(x) - 2)"),
    "both names, one value": "palindrome = palindrome_backward = np.zeros(5)\n",
    "a different answer each time": "import itertools\nn = itertools.count()\n"
    + both("return np.zeros(len(x) - 2) + next(n)"),
    "a tuple without an end": """
class Sly(tuple):
    def __len__(self): return 3
    def __iter__(self):
        while True: yield np.zeros(1)
"""
    + both("return Sly((1, 2, 3))"),
    "another student's numbers": 'STUDENT = "b00"\n' + both("return own('y', len(x) - 2)"),
    "the library under another name": "lib = __import__('cnn' + 'lab.conv', fromlist=['conv'])\n"
    + both("return lib.conv1d(x[None, None], np.array([[[a, b, a]]]))[0, 0]"),
}  # fmt: skip


def channel(data, then="pass"):
    """Code that writes bytes wherever the channel may be."""
    return f"import os\nfor fd in range(3, 9):\n    try: os.write(fd, {data!r})\n    except OSError: pass\n{then}"


# What wants to stop the batch, beside right answers: the cell of the part `circular`, and its status where that is the same
# on every road and in every version of Python.

BROKEN = {
    "a number that is too long to print": ("0x" + "f" * 3600, "name missing"),
    "an error with a number of 400 digits": ("raise ValueError(10**400)", "raised an error"),
    "an error with a number of 40000 digits": ("raise ValueError(10**40000)", "raised an error"),
    "an f-string of 66000 fields": ('f"' + "{x}" * 66000 + '"', None),
    "brackets without an end": ("(" * 90000, None),
    "minus signs": ("-" * 60000 + "1", None),
    "a chain of a hundred thousand sums": ("+".join(["1"] * 60000), None),
    "nested lists": ("[" * 3000 + "]" * 3000, None),
    "a name of 100000 letters": ("a" * 100000 + " = 1", None),
    "indentation without end": ("\n".join(" " * n + "if 1:" for n in range(400)), None),
    "a null byte": ("x = '\0'\nraise ValueError", "raised an error"),
    "half a character": ("raise ValueError('\ud800')", "raised an error"),
    "an error that takes for ever to say": (
        "class E(Exception):\n    def __str__(self):\n        while True: pass\nraise E",
        "took too long",
    ),
    "an error that raises when it is told": (
        "class E(Exception):\n    def __str__(self): raise SystemExit\nraise E",
        None,
    ),
    "an error without a name": (
        "class M(type):\n    __name__ = property(lambda self: 1 / 0)\nclass E(Exception, metaclass=M): pass\nraise E",
        None,
    ),
    "an error with a name on two lines": ("raise type('Va\\nlue\u202eError', (Exception,), {})('x\\ny')", "raised an error"),
    "the interpreter interrupted": ("raise KeyboardInterrupt", "raised an error"),
    "the interpreter ended": ("import sys\nsys.exit('4 of 4')", "raised an error"),
    "a generator ended": ("raise GeneratorExit", "raised an error"),
    "a signal to all": ("import os, signal\nos.kill(-1, signal.SIGKILL)", "raised an error"),
    "a signal to itself": ("import signal\nsignal.raise_signal(signal.SIGKILL)", None),
    "an alarm": ("import signal\nsignal.alarm(1)\nwhile True: pass", None),
    "address zero": ("import ctypes\nctypes.string_at(0)", "ended the process"),
    "recursion without a floor": (
        "import sys\nsys.setrecursionlimit(10**9)\nf = lambda: f()\nf()",
        None,
    ),
    "all memory": ("x = []\nwhile True: x.append(bytearray(10**7))", "out of memory"),
    "all memory at once": ("np.ones(10**12)", "out of memory"),
    "a sum that never ends": ("while True: pass", "took too long"),
    "one instruction that never ends": ("9**9**9", "took too long"),
    "sleep": ("import time\ntime.sleep(1000)", "took too long"),
    "standard input": ("input('your name? ')", "raised an error"),
    "ten million lines": ("print('x\\n' * 10**7)\nraise ValueError", "raised an error"),
    "standard output closed": ("import os\nfor fd in range(64):\n    try: os.close(fd)\n    except OSError: pass", None),
    "rubbish in the channel": (channel(b"\xff" * 100), None),
    "half a frame": (channel(b'\0\0\0\x20{"tag', "while True: pass"), None),
    "a header of a gigabyte": (channel(b"\x40\0\0\0"), None),
    "the builtins deleted": ("import builtins\nvars(builtins).clear()", None),
    "a trace function": ("import sys\nsys.settrace(lambda *a: 1 / 0)\nsys.setprofile(lambda *a: 1 / 0)", None),
    "threads": ("import threading\nfor n in range(50): threading.Thread(target=input).start()", "raised an error"),
    "children": ("import os\nwhile True: os.fork()", "raised an error"),
    "files": ("for n in range(10**6): open(f'/tmp/{n}', 'w').write('x' * 10**6)", "raised an error"),
    "a shell": ("import subprocess\nsubprocess.run('rm -rf / --no-preserve-root', shell=True)", "raised an error"),
    "the network": ("import urllib.request\nurllib.request.urlopen('http://127.0.0.1:1')", "raised an error"),
    "an interpreter that audits": ("import sys\nsys.addaudithook(lambda *a: 1 / 0)", None),
    "a stop": ("import signal\nsignal.raise_signal(signal.SIGSTOP)", None),
    "an awaited eternity": ("import asyncio\nawait asyncio.sleep(1000)", None),
}  # fmt: skip


def notebook(base="released", **sources):
    return corpus.with_cells("ps1", base=base, **sources)


def forged(code):
    return notebook(palindrome=code)


def broken(code):
    """A right part before it, and the trouble in `circular`."""
    return notebook(palindrome=RIGHT, circular=code)


# Honest notebooks: the part `palindrome` is right, whatever else


def honest(code):
    return notebook(palindrome=code)


def changed(action, code=RIGHT):
    """A right notebook after an action on its JSON."""
    made = copy.deepcopy(honest(code))
    action(made)
    return made


def place(made, name):
    return next(
        i for i, cell in enumerate(made["cells"]) if corpus.reading.mark(cell).get("grade_id") == name
    )


def as_lines(made):
    for cell in made["cells"]:
        cell["source"] = cell["source"].splitlines(keepends=True)


def windows(made):
    for cell in made["cells"]:
        cell["source"] = cell["source"].replace("\n", "\r\n")


def old_macintosh(made):
    made["cells"][place(made, "palindrome")]["source"] = RIGHT.replace("\n", "\r")


def colab(made):
    made["metadata"] = {"colab": {"provenance": []}, "kernelspec": {"name": "python3"}}
    for n, cell in enumerate(made["cells"]):
        cell["metadata"]["id"], cell["outputs"] = (
            f"Xy{n}",
            [{"output_type": "stream", "name": "stdout", "text": "x"}],
        )
        del cell["id"]


def without_marks(made):
    for cell in made["cells"]:
        cell["metadata"] = {}


def without_marks_and_ids(made):
    without_marks(made)
    for n, cell in enumerate(made["cells"]):
        cell["id"] = f"new-{n}"


def turned_round(made):
    made["cells"].reverse()


def another_cell(code, before=False, empty=True):
    """The answer, or a part of it, in a cell of the student's own."""

    def action(made):
        at = place(made, "palindrome")
        own = {
            "cell_type": "code",
            "id": "own",
            "metadata": {},
            "outputs": [],
            "execution_count": 1,
            "source": code,
        }
        if empty:
            made["cells"][at]["source"] = corpus.text(corpus.released("ps1"), "palindrome")
        made["cells"].insert(at if before else at + 1, own)

    return action


def one_below(made):
    first, second = RIGHT.split("\n\n\n")
    another_cell(second, empty=False)(made)
    made["cells"][place(made, "palindrome")]["source"] = first


def a_copy_below(made):
    made["cells"].append(copy.deepcopy(made["cells"][place(made, "palindrome")]) | {"id": "copy"})
    made["cells"][-1]["metadata"] = {}
    made["cells"][-1]["source"] = "# scratch\n" + RIGHT.replace("+ x[2:]", "- x[2:]")


def many_cells(made):
    empty = {"cell_type": "markdown", "metadata": {}, "source": ""}
    made["cells"] += [dict(empty, id=f"m{n}") for n in range(5000)]


def big_output(made):
    made["cells"][place(made, "palindrome")]["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": "0.123 " * 4_000_000}
    ]


def strange_marks(made):
    for mark in (
        {"grade_id": {"a": 1}},
        {"grade_id": ["palindrome"]},
        {"grade_id": 7},
        {"grade_id": None},
        ["palindrome"],
        "x",
        3,
    ):
        made["cells"].append(
            {"cell_type": "code", "id": "odd", "metadata": {"nbgrader": mark}, "source": "1 / 0"}
        )
    made["cells"] += [{"cell_type": ["code"], "source": {"a": 1}}, {"metadata": []}, {}, 5, None, "text"]


def strange_ids(made):
    for cell in made["cells"][:6]:
        cell["id"] = {"a": ["b"]}


def many_points(made):
    for cell in made["cells"]:
        if "points" in corpus.reading.mark(cell):
            corpus.reading.mark(cell)["points"] = 1000


def a_magic(made):
    made["cells"][place(made, "palindrome")]["source"] = (
        "%%time\n!pip install numpy\n" + RIGHT + "\nnp.pad?\n%timeit 1 + 1\n"
    )


IN_OTHER_WORDS = {
    "with type hints and defaults": """
from __future__ import annotations
from typing import Sequence
Array = np.ndarray
def palindrome(x: Array, a: float, b: float, *, taps: Sequence[int] = (0, 1, 2)) -> Array:
    w: list[float] = [a, b, a]
    return sum(w[m] * x[m : len(x) - 2 + m] for m in taps)
def palindrome_backward(dy: Array, x: Array, a: float, b: float) -> tuple[Array, float, float]:
    dx = np.convolve(dy, [a, b, a])
    return dx, float(dy @ (x[:-2] + x[2:])), float(dy @ x[1:-1])
""",
    "lists and integers": """
def palindrome(x, a, b):
    return [a * x[i] + b * x[i + 1] + a * x[i + 2] for i in range(len(x) - 2)]
def palindrome_backward(dy, x, a, b):
    dx = [0] * len(x)
    for i, d in enumerate(dy):
        dx[i] += a * d; dx[i + 1] += b * d; dx[i + 2] += a * d
    return [dx, sum(d * (x[i] + x[i + 2]) for i, d in enumerate(dy)), sum(d * x[i + 1] for i, d in enumerate(dy))]
""",
    "lambdas, Greek letters, semicolons": """
palindrome = lambda x, a, b: np.array([a, b, a]) @ np.stack([x[:-2], x[1:-1], x[2:]])
\u03b4 = lambda dy, \u03b1, \u03b2: np.convolve(dy, [\u03b1, \u03b2, \u03b1])
palindrome_backward = lambda dy, x, a, b: (\u03b4(dy, a, b), dy @ x[:-2] + dy @ x[2:], dy @ x[1:-1])
""",
    "a class": """
class Layer:
    def __init__(self, a, b): self.w = np.array([a, b, a])
    def __call__(self, x): return np.correlate(x, self.w, "valid")
    def back(self, dy, x):
        dw = np.correlate(x, dy, "valid")
        return np.convolve(dy, self.w), dw[0] + dw[2], dw[1]
def palindrome(x, a, b): return Layer(a, b)(x)
def palindrome_backward(dy, x, a, b): return Layer(a, b).back(dy, x)
""",
    "Fourier": """
def palindrome(x, a, b):
    n = len(x) + 2
    return np.fft.ifft(np.fft.fft(x, n) * np.fft.fft([a, b, a], n))[2 : len(x)]
def palindrome_backward(dy, x, a, b):
    n = len(x)
    dx = np.fft.ifft(np.fft.fft(dy, n) * np.fft.fft([a, b, a], n))
    dw = [np.fft.ifft(np.fft.fft(x) * np.conj(np.fft.fft(dy, n)))[m] for m in range(3)]
    return dx, dw[0] + dw[2], dw[1]
""",
    "fractions and decimals": """
from fractions import Fraction
from decimal import Decimal
def palindrome(x, a, b):
    x = [Fraction(float(e)) for e in x]; a, b = Fraction(a), Fraction(b)
    return [a * (x[i] + x[i + 2]) + b * x[i + 1] for i in range(len(x) - 2)]
def palindrome_backward(dy, x, a, b):
    dy = [Decimal(float(e)) for e in dy]; x = [Decimal(float(e)) for e in x]; a, b = Decimal(a), Decimal(b)
    dx = [Decimal(0)] * len(x)
    for i, d in enumerate(dy):
        for m, w in enumerate((a, b, a)): dx[i + m] += d * w
    return dx, sum(d * (x[i] + x[i + 2]) for i, d in enumerate(dy)), sum(d * x[i + 1] for i, d in enumerate(dy))
""",
    "float32 and matrices": """
def palindrome(x, a, b):
    return np.asarray(a * (x[:-2] + x[2:]) + b * x[1:-1], dtype=np.float32)
def palindrome_backward(dy, x, a, b):
    m = np.zeros((len(dy), len(x)), dtype=np.float32)
    for i in range(len(dy)): m[i, i : i + 3] = a, b, a
    return m.T @ dy.astype(np.float32), np.array([dy @ (x[:-2] + x[2:])]), np.array(dy @ x[1:-1])
""",
    "a cache and a decorator": """
import functools, warnings, logging
def said(f):
    @functools.wraps(f)
    def g(*a, **k):
        warnings.warn("called"); logging.warning("called"); print("called", a)
        return f(*a, **k)
    return g
@said
def palindrome(x, a, b): return a * (x[:-2] + x[2:]) + b * x[1:-1]
@said
def palindrome_backward(dy, x, a, b):
    return np.convolve(dy, (a, b, a)), (dy * (x[:-2] + x[2:])).sum(), (dy * x[1:-1]).sum()
""",
    "with try, match and walrus": """
def palindrome(x, a, b):
    try:
        match len(x):
            case n if (m := n - 2) > 0: return np.array([a * (x[i] + x[i + 2]) + b * x[i + 1] for i in range(m)])
            case _: return np.zeros(0)
    finally: pass
def palindrome_backward(dy, x, a, b):
    (dx := np.zeros(len(x)))[:-2] += a * dy; dx[1:-1] += b * dy; dx[2:] += a * dy
    return dx, *(dy @ each for each in (x[:-2] + x[2:], x[1:-1]))
""",
    "everything from numpy": "from numpy import *\nfrom math import *\n" + RIGHT,
    "tried out below": RIGHT
    + """
print(palindrome(np.arange(5.0), 1, 2)); display(palindrome(np.arange(5.0), 1, 2))
assert palindrome_backward(np.ones(3), np.arange(5.0), 1, 2)[0].shape == (5,)
if __name__ == "__main__":
    print("done")
""",
    "tabs": RIGHT.replace("    ", "\t"),
    "comments in many scripts": "# \u05e9\u05dc\u05d5\u05dd \u202e \u4f60\u597d \U0001f600 \u00a0\n" + RIGHT,
    "what calls itself": """
def palindrome(x, a, b):
    return np.array([]) if len(x) < 3 else np.append(a * x[0] + b * x[1] + a * x[2], palindrome(x[1:], a, b))
def palindrome_backward(dy, x, a, b):
    if len(dy) == 0: return np.zeros(len(x)), 0.0, 0.0
    dx, da, db = palindrome_backward(dy[1:], x[1:], a, b)
    dx = np.append(0.0, dx); dx[:3] += dy[0] * np.array([a, b, a])
    return dx, da + dy[0] * (x[0] + x[2]), db + dy[0] * x[1]
""",
}  # fmt: skip

SAVED = {
    "sources as lines": as_lines,
    "line ends of Windows": windows,
    "line ends of an old Macintosh": old_macintosh,
    "saved by Colab": colab,
    "marks lost": without_marks,
    "marks and ids lost": without_marks_and_ids,
    "cells from last to first": turned_round,
    "the answer below its cell": another_cell(RIGHT),
    "the answer above its cell": another_cell(RIGHT, before=True),
    "one function below": one_below,
    "a scratch copy below": a_copy_below,
    "five thousand cells": many_cells,
    "24 megabytes of output": big_output,
    "marks of no known form": strange_marks,
    "ids of no known form": strange_ids,
    "points that somebody raised": many_points,
    "magics and shell lines": a_magic,
}


def encoded():
    """Right notebooks in other encodings: {name: bytes}."""
    text = json.dumps(honest(RIGHT), ensure_ascii=False)
    return {
        "a byte order mark": b"\xef\xbb\xbf" + text.encode(),
        "UTF-16": text.encode("utf-16"),
        "spaces around": b"\n\n  " + text.encode() + b"\n\n\n",
        "indented by eight": json.dumps(honest(RIGHT), indent=8).encode(),
    }


def deep(levels):
    return b'{"cells": ' + b"[" * levels + b"]" * levels + b"}"


UNREADABLE = {
    "nothing": b"",
    "blanks": b" \n\t ",
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "a web page": b"<!DOCTYPE html><html><script>alert(1)</script></html>",
    "half of it": corpus.as_bytes(corpus.source("ps1"))[:5000],
    "a list": b"[1, 2, 3]",
    "a number": b"1e999999",
    "a very long number": b'{"cells": ' + b"1" * 10000 + b"}",
    "no cells": b'{"nbformat": 4, "metadata": {}}',
    "cells that are a text": b'{"cells": "all of them"}',
    "brackets, deep": deep(200_000),
    "Latin-1": json.dumps(honest("# \u00e9\n" + RIGHT), ensure_ascii=False).encode("latin-1"),
    "an older format": json.dumps({"worksheets": [{"cells": []}], "nbformat": 3, "metadata": {}}).encode(),
}


# Written answers that keep a renderer busy, or would be live in the instructor's browser, and names of folders.

LETTERS = {
    "environments": r"\begin{a}" * 4000,
    "environments that end otherwise": r"\begin{a}" * 2000 + r"\end{b}" * 2000,
    "environments of many names": "".join(rf"\begin{{{'a' * n}}}" for n in range(1, 600)),
    "formulas without an end": r"\\(" * 10000,
    "dollars": "$a " * 10001,
    "underlined": "a\n=\n" * 8000,
    "footnotes": "[^a]" * 10000,
    "brackets": "[![a](" * 10000,
    "stars": "*a _b " * 10000,
    "quotes": ">" * 10000,
    "angles": "<a " * 20000,
    "addresses": "https://x.invalid " * 5000,
    "a script": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "a link": "[a](javascript:alert(1)) <https://x.invalid> https://x.invalid ![b](//x.invalid/b.png)",
    "a link in a formula": r"$\href{javascript:alert(1)}{a} \require{html} \style{color:red}{b} \unicode{x41}$",
    "a link somewhere below": "[a][b]\n\n[b]: javascript:alert(1)",
    "turned round": "\u202e" * 5000 + "<b>\u2066",
}

FOLDERS = [
    "a\nb",
    "\u202egro.live",
    "two words",
    "'quoted\"",
    "\U0001f600",
    "=1+1",
    "-rf",
    "%s{0}",
    "x" * 190,
    "\u0301",
    ".hidden",
]
