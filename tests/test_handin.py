"""The check before handing in: it reads and runs a sheet as the grader does, and gives nothing of the grader away."""

import itertools
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from bench import course_corpus as corpus
from cnnlab.handin import cells, check, checking, reading, told

PRISTINE = checking.sheets()["ps1"]["notebook"]
RIGHT = """
def palindrome(x, a, b):
    return a * (x[:-2] + x[2:]) + b * x[1:-1]


def palindrome_backward(dy, x, a, b):
    dx = np.zeros(len(x))
    dx[:-2] += a * dy
    dx[1:-1] += b * dy
    dx[2:] += a * dy
    return dx, dy @ (x[:-2] + x[2:]), dy @ x[1:-1]
"""


def sheet(**sources):
    """A fresh sheet of the first set, with the id `ann` and some answers."""
    notebook = json.loads(json.dumps(PRISTINE))
    notebook["nbformat"] = 4
    for cell in notebook["cells"]:
        if cell["source"].startswith("STUDENT ="):
            cell["source"] = 'STUDENT = "ann"'
        name = reading.mark(cell).get("grade_id")
        cell["source"] = sources.get(name, cell["source"])
    return notebook


def seen(notebook, name="palindrome"):
    checked = check(json.dumps(notebook))
    return next(part for part in checked.parts if part.name == name)


def with_extra(notebook, source, **more):
    """The notebook with a code cell that the student added."""
    notebook["cells"].append({"cell_type": "code", "id": "own", "metadata": {}, "source": source, **more})
    return notebook


def test_a_right_answer_is_right_on_its_example():
    part = seen(sheet(palindrome=RIGHT))
    assert part.state == "ready" and len(part.lines) == 2 and all("is right" in line for line in part.lines)
    assert [p.state for p in check(json.dumps(sheet(palindrome=RIGHT))).parts].count("empty") == 4


def test_a_wrong_answer_is_shown_beside_the_right_one():
    part = seen(sheet(palindrome=RIGHT.replace("dx[2:] += a * dy", "pass")))
    assert part.state == "look"
    assert "dx is [2, 1, -3, 0], right is [2, 1, -1, -2]" in " ".join(part.lines)


LOST = {
    "a helper in a cell of one's own": (
        lambda: with_extra(
            sheet(palindrome=RIGHT.replace("return a", "return helper() * a")), "def helper():\n    return 1"
        ),
        "`helper` stands in a cell that is not graded",
    ),
    "the library": (lambda: sheet(palindrome=f"from cnnlab import conv1d\n{RIGHT}"), "Line 1 imports `cnnlab`"),
    "a package": (lambda: sheet(palindrome=f"import yaml.nodes\n{RIGHT}"), "Line 1 imports `yaml`"),
    "complex numbers": (lambda: sheet(palindrome=RIGHT.replace("return a", "return 1j * a")), "complex"),
    "a shape": (lambda: sheet(palindrome=RIGHT.replace("b * x[1:-1]", "b * x[1:-1, None]")), "has shape"),
    "one thing in place of three": (lambda: sheet(palindrome=RIGHT.replace("return dx, ", "return dx # ")), "1 things"),
    "a name": (lambda: sheet(palindrome=RIGHT.replace("palindrome_backward", "backward")), "Not defined"),
    "no Python": (lambda: sheet(palindrome=RIGHT.replace("(x, a, b):", "(x, a, b)")), "Python cannot read it in line"),
    "an endless loop": (lambda: sheet(palindrome=f"while True:\n    pass\n{RIGHT}"), "ran for more than"),
    "type parameters": (lambda: sheet(palindrome=f"{RIGHT}\ndef f[T](x: T):\n    return x"), "does not know"),
}  # fmt: skip


@pytest.mark.parametrize("name", LOST)
def test_what_would_cost_points_is_named(name, monkeypatch):
    if name == "type parameters" and sys.version_info < (3, 12):
        pytest.skip("this Python does not read it at all")
    monkeypatch.setattr(checking, "SECONDS", 1)
    made, words = LOST[name]
    part = seen(made())
    assert part.state == "look" and words in " ".join(part.lines), part.lines


@pytest.mark.skipif(sys.version_info < (3, 12), reason="this Python refuses them itself")
def test_strings_that_only_newer_pythons_read():
    assert checking.newer_syntax("x = 1\ny = f'{d['a']}'") == 2
    assert checking.newer_syntax("y = f\"{chr(10)!r:>{width}} {d['a']}\"") is None
    assert checking.newer_syntax("y = f'{\"\\n\".join(a)}'") == 1
    assert checking.newer_syntax("y = f'''{\nd['a']\n}'''") is None


def test_styles_that_cost_nothing():
    """How honest students write, and what the grader does with it."""
    halves = RIGHT.split("\n\n\n")
    split = sheet(palindrome=halves[0])
    at = next(i for i, c in enumerate(split["cells"]) if reading.mark(c).get("grade_id") == "palindrome")
    split["cells"].insert(at + 1, {**split["cells"][at], "id": "half", "source": halves[1]})
    copied = sheet(palindrome=RIGHT)
    copied["cells"].insert(at + 1, {**copied["cells"][at], "id": "copy", "source": RIGHT.replace("+=", "-=")})
    below = with_extra(sheet(), RIGHT)
    half_below = with_extra(sheet(palindrome=halves[0]), halves[1])
    for notebook in (split, copied, below, half_below):
        assert seen(notebook).state == "ready"
        assert check(json.dumps(notebook)).remarks
    assert check(json.dumps(sheet(palindrome=RIGHT)).encode("utf-16")).parts[1].state == "ready"


def test_names_that_later_cells_use_for_something_else_cost_nothing():
    checked = check(corpus.as_bytes(corpus.names_used_twice()))
    assert [part.lines for part in checked.parts if part.state != "ready"] == []
    below = sheet(
        palindrome=RIGHT.replace("np.zeros", "zeros"), circular="def zeros(n):\n    return np.zeros(n)"
    )
    assert seen(below).state == "ready"


def test_a_package_that_an_answer_does_without_costs_nothing():
    wanted = (
        "try:\n    import plots_of_nobody as plt\nexcept ImportError:\n    plt = None\nimport math, os.path\n"
    )
    assert seen(sheet(palindrome=wanted + RIGHT)).state == "ready"


def test_what_jupyter_has_and_python_has_not_costs_nothing():
    jupyter = "%matplotlib inline\ndisplay(1)\nt = %timeit -o 1\n!ls\nnp?\nget_ipython().run_line_magic('pylab', '')\n"
    bracket = "z = (10\n     % 3)\n"
    waits = "import asyncio\nawait asyncio.sleep(0)\n"
    assert seen(sheet(palindrome=jupyter + bracket + waits + RIGHT)).state == "ready"


def test_commands_become_nothing_and_lines_keep_their_numbers():
    assert cells.runnable("%matplotlib inline\nx = 1") == "pass\nx = 1"
    assert cells.runnable("if True:\n    !ls\nnp?") == "if True:\n    pass\npass"
    assert cells.runnable("np.pad?\n?np.pad\nnp.pad??\nx = 1") == "pass\npass\npass\nx = 1"
    assert cells.runnable("x = 5 % 3") == "x = 5 % 3"
    assert cells.runnable("a, b = %timeit -o f(1)\n") == "a = b = None\n"
    assert cells.runnable("x = (10\n     % 3)\n%time x") == "x = (10\n     % 3)\npass"


def test_numbers_of_every_kind_become_floats():
    from decimal import Decimal
    from fractions import Fraction

    assert cells.plain([Fraction(1, 2), 1]).tolist() == [0.5, 1.0]
    assert cells.plain(Decimal("0.25")).tolist() == 0.25
    assert cells.plain(np.fft.ifft(np.fft.fft([1.0, 2.0, 4.0]))).tolist() == pytest.approx([1, 2, 4])
    with pytest.raises(cells.ComplexNumbers):
        cells.plain([1 + 0.1j])
    for wrong in ("1", [None], {"a": 1}, ["1", "2"]):
        with pytest.raises(TypeError):
            cells.plain(wrong)


def test_a_written_answer_is_found_without_its_marks():
    notebook = json.loads(json.dumps(checking.sheets()["ps4"]["notebook"]))
    letter = next(c for c in notebook["cells"] if reading.mark(c).get("grade_id") == "letter")
    letter["source"] = "Dear friend"
    for cell in notebook["cells"]:
        cell["metadata"] = {}
        del cell["id"]
    assert seen(notebook, "letter").lines == ["A person reads this."]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cells": [{"source": "x = 1"}]}'])
def test_what_is_no_sheet_gets_a_sentence(text):
    with pytest.raises(ValueError, match=r"The file is|none of the problem sets"):
        check(text)
    assert told.answer(text).startswith("<p>")


def test_nothing_of_a_student_is_live_on_the_page():
    notebook = sheet(palindrome="raise ValueError('<img src=x onerror=alert(1)>')")
    page = told.as_html(check(json.dumps(notebook)))
    assert "<img" not in page and "&lt;img" in page


def test_a_notebook_of_many_long_cells_is_read_in_seconds():
    """The grader reads outside its sandbox: nothing that a student writes may keep it busy."""
    notebook = sheet()
    notebook["cells"] += [
        {"cell_type": "code", "id": str(i), "metadata": {}, "source": f"# {i}\n" + "a, " * 60_000}
        for i in range(200)
    ]
    asks_for = {part["name"]: part["asks_for"] for part in checking.sheets()["ps1"]["parts"]}
    data = reading.Handed(json.dumps(notebook).encode())
    started = time.monotonic()
    assert reading.read(data, PRISTINE, asks_for).sources["palindrome"]
    assert time.monotonic() - started < 20


def test_the_command(tmp_path):
    path = tmp_path / "ps1.ipynb"
    path.write_text(json.dumps(sheet(palindrome=RIGHT)), encoding="utf-8")
    done = subprocess.run([sys.executable, "-m", "cnnlab.handin", path], capture_output=True, text=True)
    assert (
        done.returncode == 1 and "1 of 5 parts are ready." in done.stdout and "Not begun: hand" in done.stdout
    )
    assert path.read_text(encoding="utf-8") == json.dumps(sheet(palindrome=RIGHT))
    done = subprocess.run([sys.executable, "-m", "cnnlab.handin", "absent"], capture_output=True, text=True)
    assert done.returncode == 2 and "absent" in done.stderr


def test_nothing_of_the_grader_is_in_the_package():
    """Whoever has the wheel, which the site serves, has no reference and no way to a graded input."""
    package = Path(checking.__file__).parents[1]
    everything = "\n".join(path.read_text(encoding="utf-8") for path in package.rglob("*.py"))
    everything += json.dumps(checking.sheets())
    grader = Path(__file__).parents[1] / "course" / "grader" / "points"
    packed = "\n".join(line.strip() for line in everything.splitlines())
    for name in ("variants", "wrong_variants", "problems"):
        lines = (grader / f"{name}.py").read_text(encoding="utf-8").splitlines()
        code = [line.strip() for line in lines if line.startswith("    ") and line.strip()]
        pairs = {
            f"{first}\n{second}" for first, second in itertools.pairwise(code) if len(first + second) > 60
        }
        kept = {pair for pair in pairs if pair in packed}
        assert len(pairs) > 50 and not kept, kept
