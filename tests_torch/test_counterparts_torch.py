"""The page *The same in PyTorch*: each of its lines of PyTorch computes the numbers of the book's line beside it."""

import json

import numpy as np
import pytest

from cnnlab.counterparts import ROWS, in_the_book
from tests_torch.record_counterparts import COMMAND, RECORD, in_torch

STORED = json.loads(RECORD.read_text(encoding="utf-8"))["rows"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.what)
def test_both_lines_compute_the_same(row):
    np.testing.assert_allclose(in_torch(row), in_the_book(row), rtol=1e-12, strict=False)


def test_the_record_is_what_torch_computes():
    assert [(one["what"], one["torch"]) for one in STORED] == [(row.what, row.torch) for row in ROWS]
    for stored, row in zip(STORED, ROWS, strict=True):
        np.testing.assert_allclose(
            stored["numbers"], in_torch(row), rtol=1e-7, err_msg=f"{row.what}: renew it with {COMMAND}"
        )
