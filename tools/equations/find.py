"""Find the formulas of a page, and cut them into equations: one relation, or one chain of them, each."""

import re
from dataclasses import dataclass
from pathlib import Path

import nbformat
import yaml

KEY = "formulas"  # in the metadata of a cell, or between the dashes at the top of a Markdown page
LIST = "list"  # in the metadata of the cell that lists what was declared
RELATION = re.compile(r"=|<|>|\\(?:le|ge|leq|geq|ne|in|leftarrow|approx)(?![a-zA-Z])")
_CODE = re.compile(r"^(```+)(?!\{)[^\n]*\n.*?^\1|`[^`\n]+`", re.MULTILINE | re.DOTALL)
_DISPLAYED = re.compile(r"\$\$(.+?)\$\$", re.DOTALL)
_INLINE = re.compile(r"(?<![\\$])\$(?!\$)([^$]+?)(?<!\\)\$(?!\$)")
_ONLY = re.compile(r"\$([^$]+)\$")
_ENVIRONMENT = re.compile(r"\\(?:begin|end)\{aligned\}")
_ONE_DIGIT = re.compile(r"(\\t?frac)(\d)(\d)")


@dataclass(frozen=True)
class Equation:
    """One equation as a page prints it."""

    page: str
    cell: str
    tex: str
    displayed: bool

    def __str__(self):
        return f"{self.page}, {self.cell}: {self.tex}"


def pages(folder):
    """The path of each page of the book, by name."""
    return {path.stem: path for path in sorted(Path(folder).glob("*")) if path.suffix in (".md", ".ipynb")}


def cells(path):
    """(where, text, what the author says about its formulas) of each piece of text."""
    if path.suffix == ".md":
        text = path.read_text(encoding="utf-8")
        top = re.match(r"---\n(.*?)\n---\n", text, re.DOTALL)
        return [
            ("page", text[top.end() :] if top else text, (yaml.safe_load(top[1]) if top else {}).get(KEY, {}))
        ]
    notebook = nbformat.read(path, as_version=4)
    return [
        (f"cell {cell.id}", cell.source, cell.metadata.get(KEY, {}))
        for cell in notebook.cells
        if cell.cell_type == "markdown" and LIST not in cell.metadata.get(KEY, {})
    ]


def equations(page, where, text):
    """The equations of a text: all that are displayed, and those in sentences that state a relation."""
    text = _CODE.sub("", text)
    found = []
    for match in _DISPLAYED.finditer(text):
        found += [Equation(page, where, tex, True) for tex in _cut(match[1])]
    for match in _INLINE.finditer(_DISPLAYED.sub("", text)):
        found += [
            Equation(page, where, tex, False) for tex in _cut(match[1]) if RELATION.search(_outside(tex))
        ]
    found += [Equation(page, where, tex, False) for tex in _in_tables(text)]
    return found


def _in_tables(text):
    """What a table says: the formula at the head of a column is equal to the formula in each of its cells."""
    heads = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []
        formulas = [_ONLY.fullmatch(cell) for cell in cells]
        if not cells or not heads:
            heads = formulas
            continue
        for head, formula in zip(heads, formulas, strict=False):
            if head and formula and not any(RELATION.search(_outside(f[1])) for f in (head, formula)):
                yield f"{head[1]} = {formula[1]}"


def _cut(tex):
    """The equations of one formula, with the lines that an equation goes on to put behind it."""
    tex = _ONE_DIGIT.sub(r"\1{\2}{\3}", tex)
    lines = [tex]
    if r"\begin{aligned}" in tex:
        lines = _ENVIRONMENT.sub("", tex).split(r"\\")
    whole = []
    for line in lines:
        if whole and (not RELATION.search(_outside(line)) or re.match(r"[\s&]*(?:\\le|\\ge|=)", line)):
            whole[-1] += " " + line
        else:
            whole.append(line)
    pieces = (piece for line in whole for piece in re.split(r",\s*\\q?quad(?![a-zA-Z])(?!\s*\\text)", line))
    return [" ".join(piece.split()).rstrip(" .,;") for piece in pieces]


def _outside(tex):
    """A formula without what stands in braces."""
    while (shorter := re.sub(r"\{[^{}]*\}", "", tex)) != tex:
        tex = shorter
    return tex
