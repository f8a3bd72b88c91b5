"""Tables as the book shows them: Markdown, so that links lead on in a notebook and on the page alike."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from cnnlab import sources
from cnnlab.formatting import number
from cnnlab.misconceptions import CHAPTERS


class Table:
    """A table that shows itself as Markdown and as text. A page that is narrower lets it scroll.

    header   a name for each column
    rows     sequences of as many cells: text in Markdown (links, $formulas$), or numbers, written by `number`
    digits   significant digits of the numbers
    caption  a sentence above the table, in Markdown
    Raises ValueError for a row that has not one cell for each column.
    """

    def __init__(
        self, header: Sequence[str], rows: Sequence[Sequence], digits: int = 6, caption: str = ""
    ) -> None:
        self.header, self.caption = list(header), caption
        self.rows = [[_text(cell, digits) for cell in row] for row in rows]
        for row in self.rows:
            if len(row) != len(self.header):
                raise ValueError(
                    f"table: every row must have {len(self.header)} cells, one for each column; got {len(row)}: {row}"
                )

    def _repr_markdown_(self) -> str:
        lines = [self.header, ["---"] * len(self.header), *self.rows]
        table = "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |" for row in lines)
        return f"{self.caption}\n\n{table}" if self.caption else table

    def __repr__(self) -> str:
        lines = [" | ".join(row) for row in (self.header, *self.rows)]
        return "\n".join([self.caption, *lines] if self.caption else lines)


def table(header: Sequence[str], rows: Sequence[Sequence], *, digits: int = 6, caption: str = "") -> Table:
    """A `Table` of these rows under this header."""
    return Table(header, rows, digits, caption)


def _text(cell: Any, digits: int) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, np.ndarray) and cell.ndim:
        return "[" + ", ".join(_text(entry, digits) for entry in cell) + "]"
    return number(cell, digits)


def source_table(document: int) -> Table:
    """The statements of one source document, each with its recomputation and the chapter that treats it."""
    rows = [
        (s.says, f"**{s.verdict}**" + (f": {s.off}" if s.off else ""), s.found, _link(s.chapter))
        for s in sources.statements(document)
    ]
    return Table(["It states", "Verdict, and by how much", "Recomputed", "Chapter"], rows)


def verdict_table() -> Table:
    """How many statements of each document, 1 to 5, came out how."""
    found = [[s.verdict for s in sources.statements(document)] for document in range(1, 6)]
    rows = [[f"**{name}**", *(verdicts.count(name) for verdicts in found)] for name in sources.VERDICTS]
    return Table(["Document", *map(str, range(1, 6))], [*rows, ["together", *map(len, found)]])


def _link(chapter: str) -> str:
    return f"[{CHAPTERS[chapter]}]({chapter}.ipynb)"
