"""Cells that hold an answer, on their way to the page."""

import json

import pytest

from tools.sphinx_ext import answers


def cell(kind, source, *tags):
    return {"cell_type": kind, "source": [source], "metadata": {"tags": list(tags)}}


def test_a_markdown_answer_is_marked_and_nothing_else_is_touched():
    cells = [cell("markdown", "a"), cell("code", "b", "answer"), cell("markdown", "c\n", "answer")]
    before = json.dumps({"cells": cells})
    first, code, last = json.loads(answers.wrap(before))["cells"]
    assert [first, code] == cells[:2]
    assert last["source"].split("\n", 1)[1].startswith("c\n")


@pytest.mark.parametrize("inner", ["::::::::{note}\nx\n::::::::", "$a :: b$"])
def test_what_stands_in_an_answer_does_not_end_it(inner):
    (wrapped,) = json.loads(answers.wrap(json.dumps({"cells": [cell("markdown", inner, "answer")]})))["cells"]
    fence = wrapped["source"].splitlines()[-1]
    assert fence not in inner and set(fence) == {":"}
