"""The book's lines on the page *The same in PyTorch*, against the numbers that PyTorch computed."""

import numpy as np
import pytest

from cnnlab.counterparts import ROWS, in_the_book, value
from cnnlab.datasets import record

STORED = record("torch_counterparts")["rows"]


def test_the_record_has_each_row():
    assert [(one["what"], one["torch"]) for one in STORED] == [(row.what, row.torch) for row in ROWS]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.what)
def test_the_book_computes_what_torch_did(row):
    stored = np.array(next(one["numbers"] for one in STORED if one["what"] == row.what))
    found = in_the_book(row)
    assert found.shape == stored.shape
    np.testing.assert_allclose(found, stored, rtol=1e-7)


def test_lines_have_the_value_of_the_last_and_change_no_names():
    names = {"a": 2}
    assert value("b = a + 1\nb * b", names) == 9 and names == {"a": 2}
