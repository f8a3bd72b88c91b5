"""What a page knows of its own code, so that it can be run where it stands."""

import json

import pytest
from conftest import ROOT

from tools.sphinx_ext import inpage


@pytest.mark.parametrize("path", sorted((ROOT / "book").glob("*.ipynb")), ids=lambda path: path.stem)
def test_every_cell_with_code_is_there_in_its_order(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    cells = inpage.code_cells(notebook)
    assert [(cell["id"], cell["source"]) for cell in cells] == [
        (cell["id"], "".join(cell["source"])) for cell in code
    ]
    assert len({cell["id"] for cell in cells}) == len(cells)
