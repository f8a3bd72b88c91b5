"""Edit a notebook as text (MyST Markdown), with its numbers as fields, ``{= expression =}``.

    python -m tools.text to two-dimensions > draft.md
    python -m tools.text from draft.md two-dimensions
    python -m tools.refresh two-dimensions

Code cells are ``{code-cell}`` blocks with their tags; two Markdown cells in a row are separated by ``+++``. Writing
a notebook keeps the ids of cells that were there before; its numbers and outputs come from the refresh.
"""

import argparse
import copy
import difflib
import sys
from pathlib import Path

import jupytext
import nbformat

from tools.numbers import execute, fields
from tools.numbers.normalise import dumps, normalise
from tools.refresh import write_atomically

HEADER = {
    "jupytext": {"text_representation": {"extension": ".md", "format_name": "myst"}},
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
}


def to_text(notebook):
    """The notebook as MyST Markdown, without outputs. Raises ValueError if a text was edited and not refreshed."""
    notebook = copy.deepcopy(notebook)
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            text = fields.as_written(cell)
            if text is None:
                where = execute.label(notebook, index)
                raise ValueError(
                    f"{where} was edited since its numbers were computed; run python -m tools.refresh first"
                )
            cell.source = text
            cell.metadata.pop("cnnlab", None)
    kept = {k: v for k, v in notebook.metadata.items() if k not in ("widgets", "language_info", "cnnlab")}
    notebook.metadata = nbformat.from_dict({**kept, **HEADER})
    return jupytext.writes(notebook, fmt="md:myst")


def from_text(text, old=None):
    """The notebook that a text describes. Cells that `old` holds too keep their ids and outputs."""
    notebook = jupytext.reads(text, fmt="md:myst")
    for cell in notebook.cells:
        cell["id"] = ""
    if old is not None:
        _keep_what_stayed(notebook, old)
    return normalise(notebook)


def _keep_what_stayed(notebook, old):
    before, after = ([_key(cell) for cell in cells] for cells in (old.cells, notebook.cells))
    for tag, a, a_end, b, b_end in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal" or (tag == "replace" and a_end - a == b_end - b):
            for one, other in zip(old.cells[a:a_end], notebook.cells[b:b_end], strict=True):
                if one.cell_type == other.cell_type:
                    other["id"] = one.get("id", "")
                if tag == "equal" and other.cell_type == "code":
                    other.outputs, other.execution_count = one.outputs, one.execution_count
    if "widgets" in old.metadata:
        notebook.metadata["widgets"] = old.metadata["widgets"]


def _key(cell):
    return (cell.cell_type, cell.source if cell.cell_type == "code" else fields.template(cell))


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m tools.text", description=__doc__.split("\n\n")[0])
    ways = parser.add_subparsers(dest="way", required=True)
    to = ways.add_parser("to", help="print a notebook as text")
    to.add_argument("name")
    come = ways.add_parser("from", help="write a notebook from text")
    come.add_argument("text", type=Path)
    come.add_argument("name", help="a notebook of the book, or a path ending in .ipynb; it may be new")
    options = parser.parse_args(arguments)
    if options.way == "to":
        try:
            sys.stdout.write(to_text(execute.read(execute.find([options.name])[0])))
        except ValueError as error:
            raise SystemExit(f"{options.name}: {error}") from None
        return 0
    path = Path(options.name)
    if path.suffix != ".ipynb":
        path = execute.BOOK / f"{options.name}.ipynb"
    elif not path.parent.is_dir():
        raise SystemExit(f"There is no folder {path.parent}.")
    old = execute.read(path) if path.exists() else None
    write_atomically(path, dumps(from_text(options.text.read_text(encoding="utf-8"), old)))
    print(f"{path.name} written. Now: python -m tools.refresh {path.stem}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
