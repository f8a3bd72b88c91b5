"""Every page of the book, looked at without running it. That its numbers are right, nbval's tests of `book` prove."""

import pytest

from tools import lint
from tools.numbers import execute

NOTEBOOKS = execute.find()
PAGES = sorted(execute.BOOK.glob("*.md"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_the_notebook_has_nothing_to_remark(path):
    remarks = lint.notebook_remarks(execute.read(path), path.stem, path.parent)
    assert not remarks, "\n".join(map(str, remarks))


@pytest.mark.parametrize("path", PAGES, ids=[path.stem for path in PAGES])
def test_pages_without_a_kernel_have_nothing_to_remark(path):
    remarks = lint.page_remarks(path.read_text(encoding="utf-8"), path.stem, path.parent)
    assert not remarks, "\n".join(map(str, remarks))
