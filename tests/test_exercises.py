"""Every check is met by a reader: some chapter asks for the function and shows a solution that passes."""

import re
from pathlib import Path

import nbformat
import pytest

from cnnlab import check

BOOK = Path(__file__).resolve().parent.parent / "book"
CELLS = [
    cell
    for path in sorted(BOOK.glob("*.ipynb"))
    for cell in nbformat.read(path, as_version=4).cells
    if cell.cell_type == "code"
]
CHECKS = sorted(set(check.__all__) - {"against", "Probe", "Report"})


@pytest.mark.parametrize("name", CHECKS)
def test_a_chapter_asks_for_the_function_and_solves_it(name):
    shown = [
        output.get("data", {}).get("text/plain", "")
        for cell in CELLS
        if re.search(rf"\bcheck\.{name}\(", cell.source)
        for output in cell.outputs
    ]
    assert any("not written yet" in text for text in shown), "an exercise with a blank"
    assert any("passed" in text for text in shown), "a solution"
