"""nbval's run of a notebook proves its whole file: pytest is started here on copies of the trial notebook."""

import re
import subprocess
import sys

import pytest
from nbformat.v4 import new_code_cell

from tools.numbers import execute
from tools.numbers.normalise import dumps, normalise

CONFIG = execute.ROOT / "tools" / "numbers" / "nbval.cfg"


def text(change):
    """A copy of the trial's file with something changed in its text."""
    return lambda path: path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")


def cells(change):
    """A copy of the trial's file with something changed in its cells."""

    def changed(path):
        notebook = execute.read(path)
        change(notebook)
        path.write_text(dumps(normalise(notebook)), encoding="utf-8")

    return changed


def merge(notebook):
    notebook.cells[0].source += "\n\n" + notebook.cells.pop(2).source


def tag(number, *tags):
    return cells(lambda notebook: notebook.cells[number].metadata.update(tags=list(tags)))


def then_die(notebook):
    notebook.cells.insert(6, new_code_cell("import os\nos._exit(1)", execution_count=1))


def uncounted(notebook):
    notebook.cells[1].execution_count = None


def unshown(notebook):
    notebook.cells[5].update(outputs=[], metadata={"tags": ["nbval-ignore-output"]})


def replaced(old, new):
    return text(lambda words: words.replace(old, new))


# What is done to the copy, how many cells fail, and what the test of the whole file says (nothing: it passes).
COPIES = {
    "same": (lambda path: None, 0, ""),
    "output": (
        replaced("first 0.5\\n", "first 0.6\\n"),
        1,
        r"cell 6 .*: outputs, 1, text\s+shown +first 0.6",
    ),
    "sentence": (replaced("y = [1.3, 2.1]", "y = [1.4, 2.1]"), 0, r"cell 1 .*: {= y =} is displayed as 1.4"),
    "figure": (replaced(">y = 1.3<", ">y = 1.4<"), 1, r"cell 4 .*: outputs, 1, data, text/html"),
    "widget": (replaced('"scale": 0.25', '"scale": 0.26'), 0, r"widget 1 \(AnyModel\): state, scale"),
    "merged": (cells(merge), 0, r"7 of its 8 fields are lost"),
    "lost": (
        cells(lambda notebook: notebook.cells[2].metadata.pop("cnnlab")),
        0,
        r"7 of its 8 fields are lost",
    ),
    "count": (cells(uncounted), 1, r"cell 2 .*execution_count"),
    "quiet": (tag(5, "raises-exception"), 0, r"cell 6 .* is tagged raises-exception, but it raised nothing"),
    "loud": (tag(7), 1, r"cell 8 .* raised ValueError: 0.7 is too large"),
    "skipped": (tag(5, "nbval-skip"), 0, r"cell 6 .* was not run to its end"),
    "ignored": (cells(unshown), 0, r"cell 6 .*: outputs\s+shown +none"),
    "dead": (cells(then_die), 4, r"cell 7 \(import os os._exit\(1\)\) killed its kernel"),
}


@pytest.fixture(scope="module")
def results(trial, tmp_path_factory):
    """What pytest says about each copy: its lines by test, and the section on what failed."""
    folder = tmp_path_factory.mktemp("copies")
    for name, (change, *_) in COPIES.items():
        path = folder / f"{name}.ipynb"
        path.write_bytes(trial.read_bytes())
        change(path)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--nbval",
        "--nbval-current-env",
        "--nbval-cell-timeout=120",
        "-rA",
    ]
    command += [
        "--nbval-sanitize-with",
        str(CONFIG),
        "-p",
        "no:cacheprovider",
        "-p",
        "tools.numbers.in_pytest",
    ]
    command += ["-n", "2", "--dist", "loadfile", "--rootdir", str(folder), "-c", "/dev/null", str(folder)]
    result = subprocess.run(command, capture_output=True, text=True, cwd=execute.ROOT)
    return result.stdout + result.stderr


@pytest.mark.parametrize("name", COPIES)
def test_what_is_changed_is_seen_and_named(results, name):
    _, failing, words = COPIES[name]
    verdicts = re.findall(
        rf"^(PASSED|FAILED) (?:\S*/)?{name}\.ipynb::(Cell \d+|the whole file|every digit)",
        results,
        re.MULTILINE,
    )
    assert len(verdicts) >= 8, results
    failed = [test for verdict, test in verdicts if verdict == "FAILED"]
    assert sum(test.startswith("Cell") for test in failed) == failing, results
    assert ("the whole file" in failed) == bool(words), results
    if words:
        report = re.search(rf"^_+ {name}: the whole file _+$(.*?)^_+ ", results, re.MULTILINE | re.DOTALL)
        assert re.search(words, report[1]), report[1]


def test_the_count_is_printed(results):
    assert re.search(
        r"^\d+ guarded in \d+ notebooks \(4 in figures and HTML|numbers that readers see",
        results,
        re.MULTILINE,
    )
    assert re.search(r"^(\d+) digits changed one at a time, \1 caught", results, re.MULTILINE)
