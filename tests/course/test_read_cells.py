"""Notebooks that are broken, by accident or on purpose."""

import ast
import json
import os

import pytest

from bench import course_corpus as corpus
from course.grader import reading
from course.grader.points.problems import SETS

ASKS = {part.name: part.asks_for for part in SETS["ps1"].parts}
SOLVED = corpus.text(corpus.source("ps1"), "palindrome")


def read(notebook):
    data = notebook if isinstance(notebook, bytes) else corpus.as_bytes(notebook)
    return reading.read(reading.Handed(data), corpus.released("ps1"), ASKS)


BROKEN = {
    "empty file": (b"", "empty file"),
    "spaces": (b"  \n", "empty file"),
    "bad JSON": (b'{"cells": [', "not a notebook"),
    "not UTF-8": (b"\xff\xfe\x00", "not a notebook"),
    "deep JSON": (b"[" * 200_000, "not a notebook"),
    "a list": (b"[]", "not a notebook"),
    "a number": (b"1" * 5000, "not a notebook"),
    "no cells": (b'{"nbformat": 4}', "not a notebook"),
    "cells are words": (b'{"cells": "abc"}', "not a notebook"),
    "version 3": (b'{"worksheets": [{"cells": []}], "nbformat": 3}', "not a notebook"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_files_that_are_no_notebooks(name):
    data, status = BROKEN[name]
    submission = read(data)
    assert submission.status == status
    assert set(submission.sources.values()) == {None}


def test_a_right_notebook():
    submission = read(corpus.source("ps1"))
    assert (submission.status, submission.remarks) == ("", [])
    assert submission.sources["palindrome"] == SOLVED
    assert list(submission.sources) == list(reading.solution_cells(corpus.released("ps1")))


ODD_CELLS = [
    None,
    1,
    "cell",
    [],
    {},
    {"metadata": 3},
    {"metadata": {"nbgrader": []}},
    {"metadata": {"nbgrader": {"grade_id": []}}},
]


def test_odd_things_among_the_cells_are_passed_over():
    notebook = corpus.source("ps1")
    notebook["cells"] = ODD_CELLS + notebook["cells"]
    assert read(notebook).sources["palindrome"] == SOLVED


@pytest.mark.parametrize("source", [None, 3, {"a": 1}, [1, None, "x = 1"]])
def test_a_source_that_is_no_text(source):
    notebook = corpus.source("ps1")
    corpus.find(notebook, "palindrome")["source"] = source
    assert read(notebook).sources["palindrome"] in ("", "x = 1")


def test_a_deleted_cell():
    notebook = corpus.source("ps1")
    notebook["cells"].remove(corpus.find(notebook, "palindrome"))
    assert read(notebook).sources["palindrome"] is None


def test_an_answer_that_was_merged_into_another_is_found():
    notebook = corpus.source("ps1")
    whole, other = corpus.find(notebook, "palindrome"), corpus.find(notebook, "circular")
    whole["source"] = "\n\n\n".join(map(reading.text, (whole, other)))
    notebook["cells"].remove(other)
    submission = read(notebook)
    assert submission.sources["circular"] == submission.sources["palindrome"] == whole["source"]
    assert any("`circular`" in remark for remark in submission.remarks)


def test_a_duplicated_cell():
    notebook = corpus.source("ps1")
    cell = corpus.find(notebook, "palindrome")
    stub = {**cell, "source": corpus.text(corpus.released("ps1"), "palindrome")}
    for copies in ([cell, stub], [stub, cell], [stub, cell, stub]):
        changed = corpus.source("ps1")
        i = changed["cells"].index(corpus.find(changed, "palindrome"))
        changed["cells"][i : i + 1] = copies
        submission = read(changed)
        assert submission.sources["palindrome"] == SOLVED
        assert "more than once" in submission.remarks[0]


@pytest.mark.parametrize("kind", ["markdown", "raw", "heading", None])
def test_a_retyped_cell(kind):
    notebook = corpus.source("ps1")
    corpus.find(notebook, "palindrome")["cell_type"] = kind
    submission = read(notebook)
    assert submission.sources["palindrome"] == SOLVED
    assert "another type" in submission.remarks[0]


def test_stripped_metadata():
    """Cells are found by their ids, and where these are gone too, by what they define."""
    notebook = corpus.source("ps1")
    for cell in notebook["cells"]:
        cell["metadata"] = {}
    assert read(notebook).sources == read(corpus.source("ps1")).sources
    for cell in notebook["cells"]:
        del cell["id"]
    submission = read(notebook)
    for name in ASKS:
        assert submission.sources[name] == read(corpus.source("ps1")).sources[name]
    assert any("lost its nbgrader marks" in line for line in submission.remarks)


def test_flipped_metadata_and_a_future_schema_change_nothing():
    notebook = corpus.source("ps1")
    for cell in notebook["cells"]:
        mark = reading.mark(cell)
        for name in ("grade", "solution", "locked", "task"):
            mark[name] = not mark.get(name)
        mark["points"], mark["schema_version"], mark["checksum"] = 1000, 99, "0"
    notebook["nbformat"], notebook["metadata"] = 5, {"kernelspec": {"name": "no-such-kernel"}}
    assert read(notebook).sources == read(corpus.source("ps1")).sources


def test_text_that_cannot_be_written():
    notebook = corpus.source("ps1")
    corpus.find(notebook, "palindrome")["source"] = "x = '\ud800'\0"
    read(notebook).sources["palindrome"].encode()


def test_a_very_long_cell():
    notebook = corpus.with_cells("ps1", palindrome="#" * 300_000)
    assert read(notebook).too_long == {"palindrome"}


def test_what_a_cell_defines():
    source = "def one(a=1):\n    inner = 2\nclass Two:\n    pass\nx, (y, z) = 1, (2, 3)\nn: int = 3\nm == 4\n# k = 1\n"
    assert reading.defined(source) == {"one", "Two", "x", "y", "z", "n"}
    assert reading.defined("a = b, (c, *d) = e = f == g\nh: int = 1\n") == {"a", "b", "c", "d", "e", "h"}
    assert reading.defined("async def later():\n    pass\nnp.x = 1\nf(a=1)\n") == {"later"}


def test_the_typed_id():
    assert reading.typed_id('# who\nSTUDENT = "ann"  # me') == "ann"
    assert reading.typed_id("STUDENT='bob'") == "bob"
    for said in (
        'STUDENT: str = "ann"',
        'STUDENT = ("ann")',
        "STUDENT = f'ann'",
        'STUDENT = "your-id"\nSTUDENT = "ann"',
    ):
        assert reading.typed_id(said) == "ann"
    assert reading.typed_id("STUDENT = 4711  # mine") == "4711"
    assert reading.typed_id("STUDENT = 3.5") is None and reading.typed_id("    STUDENT = 'x'") is None
    assert reading.typed_id('STUDENT = "your-id"') == "your-id" and reading.typed_id('STUDENT = ""') is None


def test_an_id_in_a_cell_below_counts_and_not_what_a_fresh_sheet_says():
    notebook = corpus.released("ps1")
    own = {"cell_type": "code", "id": "own", "metadata": {}, "source": 'STUDENT = "ann"'}
    assert read(notebook).typed_id == "your-id"
    notebook["cells"].insert(6, own)
    assert read(notebook).typed_id == "ann"


def test_nothing_is_parsed_where_points_are_decided(monkeypatch):
    """Code from outside can keep Python's parser busy for minutes: only the sandbox may read it, under a limit."""
    notebook = corpus.source("ps1")
    for cell in notebook["cells"]:
        cell["metadata"], cell["id"] = {}, None

    def refuse(*arguments):
        raise AssertionError("parsed")

    with monkeypatch.context() as patched:
        patched.setattr(ast, "parse", refuse)
        patched.setattr("builtins.compile", refuse)
        patched.setattr("builtins.exec", refuse)
        assert read(notebook).sources["palindrome"] == SOLVED


# Files and folders


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "ps1").mkdir()
    return tmp_path / "ps1"


def test_what_lies_in_the_folder(folder, tmp_path):
    assert reading.fetch(tmp_path / "absent", "ps1").status == "nothing handed in"
    assert reading.fetch(folder, "ps1").status == "nothing handed in"
    (folder / "PS1 (final).ipynb").write_bytes(b"{}")
    handed = reading.fetch(folder, "ps1")
    assert handed.data == b"{}" and "should be called" in handed.remarks[0]
    (folder / "ps1.ipynb").write_bytes(b"[]")
    assert reading.fetch(folder, "ps1").data == b"[]"


def test_links_pipes_and_devices(folder, tmp_path):
    other = tmp_path / "other.ipynb"
    other.write_bytes(corpus.as_bytes(corpus.source("ps1")))
    path = folder / "ps1.ipynb"
    path.symlink_to(other)
    assert reading.fetch(folder, "ps1").status == "symbolic link"
    path.unlink()
    path.symlink_to("/nowhere")
    assert reading.fetch(folder, "ps1").status == "symbolic link"
    path.unlink()
    os.mkfifo(path)
    assert reading.fetch(folder, "ps1").status == "unreadable notebook"
    path.unlink()
    path.mkdir()
    assert reading.fetch(folder, "ps1").status == "unreadable notebook"
    path.rmdir()
    os.link(other, path)  # as a backup with `cp -al` leaves it
    assert reading.fetch(folder, "ps1").status == ""
    link = tmp_path / "link"
    link.symlink_to(folder)
    assert reading.fetch(link, "ps1").status == "symbolic link"


def test_a_very_large_file(folder):
    (folder / "ps1.ipynb").write_bytes(b" " * (reading.NOTEBOOK_LIMIT + 10))
    assert reading.fetch(folder, "ps1").status == "notebook too large"


def test_timestamps(folder, tmp_path):
    from course.grader.output.gradebook import readable_timestamp

    assert readable_timestamp(folder) is None
    (folder / "timestamp.txt").write_text("2026-11-20 10:00:00 UTC\n")
    assert readable_timestamp(folder) == "2026-11-20 10:00:00"
    (folder / "timestamp.txt").write_text("yesterday, honestly")
    assert readable_timestamp(folder) is None
    (folder / "timestamp.txt").unlink()
    os.mkfifo(folder / "timestamp.txt")
    assert readable_timestamp(folder) is None


def test_json_of_the_corpus():
    assert json.loads(corpus.as_bytes(corpus.released("ps1")))["nbformat"] == 4


def test_a_link_in_the_place_of_the_student_is_not_followed(tmp_path):
    (tmp_path / "ann" / "ps1").mkdir(parents=True)
    (tmp_path / "ann" / "ps1" / "ps1.ipynb").write_text("{}")
    (tmp_path / "bob").symlink_to("ann")
    assert reading.fetch(tmp_path / "bob" / "ps1", "ps1").status == "symbolic link"
    assert reading.fetch(tmp_path / "ann" / "ps1", "ps1").status == ""


def test_a_folder_that_cannot_be_listed(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(path)

    monkeypatch.setattr(reading.os, "listdir", refuse)
    assert reading.fetch(tmp_path, "ps1").status == "unreadable notebook"
