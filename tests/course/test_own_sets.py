"""A set of an instructor's own: begun whole by one command, tried by the project's tests, graded like any other."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from course.grader import variant
from course.grader.points import own_sets

ROOT = Path(__file__).resolve().parents[2]
PRIVATE = "CNNLAB_PRIVATE"


def run(private, *words):
    """A command of Python, in the repository, with the sets in a private folder."""
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=ROOT,
        env={**os.environ, PRIVATE: str(private)},
        capture_output=True,
        text=True,
    )


def failures(private, *choice):
    """Names of the project's tests that fail for a private set."""
    files = [f"tests/course/test_{name}.py" for name in ("variants", "sheets", "scoring", "feedback_pages")]
    done = run(private, "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow", *files, "-k", *choice)
    assert re.search(r"\[100%\]|passed", done.stdout), done.stdout + done.stderr
    return sorted(re.findall(r"^FAILED .*::(\w+)", done.stdout, re.MULTILINE))


@pytest.mark.slow
@pytest.mark.needs("worker")
def test_a_set_is_whole_as_it_is_begun_and_the_tests_say_what_is_wrong_with_it(tmp_path):
    variant.begin(tmp_path, "ps2b", "ps2", "maxout", "lever")
    published = [
        "test_the_solutions_have_nothing_to_mend_before_handing_in"
    ]  # until `examples` has written the file
    assert failures(tmp_path, "ps2b or lever") == published
    path = tmp_path / "ps2b.py"
    text = path.read_text(encoding="utf-8")
    spoilt = text.replace("np.array([a, b, -a])", "np.array([a, b, a])")
    assert spoilt != text
    path.write_text(spoilt, encoding="utf-8")
    found = failures(tmp_path, "ps2b or lever")
    assert "test_layer" in found and "test_solutions_earn_everything" in found


@pytest.mark.needs("worker")
def test_it_is_released_and_graded_like_any_other(tmp_path):
    course = tmp_path / "course"
    (course / "source").mkdir(parents=True)
    assert (
        run(course / "private", "course.grader", "--course", str(course), "variant", "ps1b").returncode == 0
    )
    handed = course / "submitted" / "ann" / "ps1b" / "ps1b.ipynb"
    handed.parent.mkdir(parents=True)
    solved = (course / "private/source/ps1b/ps1b.ipynb").read_text(encoding="utf-8")
    handed.write_text(solved.replace("- x[2:]) + b", "+ x[2:]) + b"), encoding="utf-8")
    words = ["--course", str(course), "grade", "ps1b", "--workers", "1", "--allow-unsealed"]
    done = run(course / "private", "course.grader", *words)
    assert done.returncode == 0, done.stderr
    released = (course / "release/ps1b/ps1b.ipynb").read_text(encoding="utf-8")
    assert "seesaw" in released and "SOLUTION" not in released and "circular" not in released
    assert [path.name for path in (course / "release/ps1b").iterdir()] == ["ps1b.ipynb"]
    result = json.loads((course / "results/ps1b/ann.json").read_text(encoding="utf-8"))["result"]
    assert {
        part["name"]: part["points"] - part["earned"] for part in result["parts"] if part["status"] != "right"
    } == {"seesaw": 1}
    page = (course / "feedback/ann/ps1b/ps1b.html").read_text(encoding="utf-8")
    assert "19 of 20 points" in page and "3. A kernel that is a seesaw" in page


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"name": "ps1"}, "There is a set ps1 already"),
        ({"name": "../x"}, "is no name"),
        ({"of": "ps9"}, "There is no set ps9"),
        ({"instead_of": "hand"}, "is one of palindrome, circular"),
        ({"of": "ps5", "instead_of": "mirror"}, "is one of loss; got mirror"),
        ({"part": "tiled2d"}, "has a part or a function `tiled2d`"),
    ],
)
def test_what_cannot_be_begun_is_said_and_nothing_is_written(tmp_path, changes, told):
    wanted = {"name": "ps1b", "of": "ps1", "instead_of": "circular", "part": "seesaw"} | changes
    with pytest.raises(ValueError, match=re.escape(told)):
        variant.begin(tmp_path, *wanted.values())
    assert list(tmp_path.iterdir()) == []


def test_a_file_with_an_error_is_named_with_its_line(tmp_path):
    path = tmp_path / "ps1b.py"
    for text, told in (
        ("SET = 1\n1 / 0\n", "line 2: ZeroDivisionError"),
        ("def f(:\n", "line 1: SyntaxError"),
        ("SET = 1\n", "does not define LAYERS"),
    ):
        path.write_text(text, encoding="utf-8")
        done = run(tmp_path, "course.grader", "--course", str(ROOT / "course"), "release", "ps1")
        assert done.returncode == 2 and str(path) in done.stderr and told in done.stderr
        assert "Traceback" not in done.stderr


def test_a_name_means_one_thing_in_all_sets():
    with pytest.raises(ValueError, match="ps1b says what `ring` is"):
        own_sets.merge({"ring": 1}, {"ring": 2}, "ps1b")
