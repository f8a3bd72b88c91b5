"""The page *Notation* as the list of what a letter means: which letters there are, and the shapes of arrays."""

import re
from functools import cache
from pathlib import Path
from types import SimpleNamespace

PAGE = Path(__file__).resolve().parents[2] / "book" / "notation.md"
_TEX = re.compile(r"\$([^$]+)\$")
_LETTER = re.compile(r"\\bar [a-z]|\\[a-zA-Z]+|[a-zA-Z]")
_WORD = re.compile(r"\\(?:text|mathrm|operatorname)\{([^}]*)\}")
_OTHERS = "The documents' letters"


def parse(text):
    """`letters`, a set of TeX letters, and `shapes`, {letter: {1: sizes in 1D, 2: sizes in 2D}}, of the page's tables.

    A letter is one in the first column of a table. The table of the documents' own letters is left out.
    """
    letters, shapes = set(), {}
    for heading, header, rows in _tables(text):
        if heading == _OTHERS:
            continue
        columns = {
            int(m[1]): k for k, title in enumerate(header) if (m := re.search(r"shape in (\d)D", title))
        }
        for row in rows:
            named = [letter for tex in _TEX.findall(row[0]) for letter in _letters(tex)]
            letters |= {
                *named,
                *(word for word in re.split(r"[,;]\s*", row[0]) if re.fullmatch("[a-z]+(?: [a-z]+)?", word)),
            }
            if columns and named:
                found = {dims: _shape(row[k], shapes, dims) for dims, k in columns.items()}
                shapes[named[0] if len(named) == 1 else row[0].strip("$ ")] = found
    return SimpleNamespace(letters=frozenset(letters), shapes=shapes)


@cache
def read():
    """The page of this book."""
    return parse(PAGE.read_text(encoding="utf-8"))


def _tables(text):
    """(heading above, cells of the first line, cells of the other lines) of each table."""
    heading, table = "", []
    for line in [*text.splitlines(), ""]:
        if line.startswith("|"):
            table.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))])
            continue
        if len(table) > 2:
            yield heading, table[0], table[2:]
        table = []
        if line.startswith("#"):
            heading = line.lstrip("# ")


def _letters(tex):
    return _LETTER.findall(_WORD.sub("", tex)) + _WORD.findall(tex)


def _shape(cell, shapes, dims):
    """`$(N, C, L)$` or `as $z$`; None where it is neither."""
    if like := re.fullmatch(r"as \$(\w)\$", cell):
        return shapes.get(like[1], {}).get(dims)
    if match := re.fullmatch(r"\$\(([^)]*)\)\$", cell):
        return tuple(size.strip() for size in match[1].split(","))
    return None
