"""How a verdict is told: as plain text, as Markdown, as HTML that reads in light and dark."""

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cnnlab.arrays import Array
from cnnlab.formatting import number
from cnnlab.misconceptions import CATALOGUE
from cnnlab.palette import paint
from cnnlab.trace import Index

SHOWN = 12  # rows and columns of an array that a picture shows


@dataclass(frozen=True, eq=False)
class Picture:
    """One array beside the right one, with what is wrong in it."""

    title: str
    array: Array
    wrong: Array | None = None
    first: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Section:
    """A heading word and its lines: "First wrong entry", "The mistake", "Hint", "Read" and so on.

    links   words of the lines and the place of the book that they lead to, as ``chapter#section``
    """

    heading: str
    lines: tuple[str, ...]
    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, repr=False, eq=False, kw_only=True)
class Report:
    """What `cnnlab.check` says about a function. It shows itself, the same way every time.

    passed          whether it is right
    misconceptions  ids of the known mistakes that explain it, most likely first; empty if none does
    message         the whole report as text
    rung            how far it got: "missing", "signature", "error", "time", "type", "shape", "value", "state",
                    "argument" or "passed"
    arguments       what the deciding call was given, to try it again: f(*report.arguments, **report.options)
    options         its keywords
    expected, got   the right array and what came, if a value or shape is wrong, else None
    """

    passed: bool
    misconceptions: tuple[str, ...]
    headline: str
    rung: str
    sections: tuple[Section, ...] = ()
    pictures: tuple[Picture, ...] = ()
    arguments: tuple = ()
    options: dict | None = None
    expected: Array | None = None
    got: Array | None = None

    @property
    def message(self) -> str:
        lines = [self.headline]
        for section in self.sections:
            lines += [
                f"{section.heading}: {section.lines[0]}",
                *(f"    {line}" for line in section.lines[1:]),
            ]
        return "\n".join(lines)

    def __bool__(self) -> bool:
        return self.passed

    def __repr__(self) -> str:
        pictures = [line for picture in self.pictures for line in _as_text(picture)]
        return "\n".join([self.message, *pictures])

    def _repr_markdown_(self) -> str:
        parts = [f"**{_escaped(self.headline)}**"]
        for section in self.sections:
            parts.append(f"*{section.heading}:* " + "  \n".join(_escaped(line) for line in section.lines))
        if self.pictures:
            parts.append(
                "```text\n" + "\n".join(line for p in self.pictures for line in _as_text(p)) + "\n```"
            )
        return "\n\n".join(parts)

    def _repr_html_(self) -> str:
        state = "passed" if self.passed else "not-passed"
        body = "".join(
            f"<p style='margin:.4em 0'><b>{html.escape(section.heading)}:</b> "
            + "<br>".join(_linked(html.escape(line), section.links) for line in section.lines)
            + "</p>"
            for section in self.sections
        )
        pictures = "".join(map(_as_html, self.pictures))
        if pictures:
            pictures = f"<div style='display:flex;flex-wrap:wrap;gap:1.5em;overflow-x:auto'>{pictures}</div>"
        sign = "\u2713" if self.passed else "\u2717"
        return (
            f"<div class='cnnlab-report cnnlab-report-{state}' role='group' aria-label='Result of the check' "
            "style='border:1px solid currentColor;border-left-width:.4em;border-radius:.3em;"
            "padding:.5em .8em;margin:.5em 0'>"
            f"<p style='margin:.2em 0'><b><span aria-hidden='true'>{sign} </span>{html.escape(self.headline)}</b></p>"
            f"{body}{pictures}</div>"
        )


def misconception_sections(
    names: tuple[str, ...], together: bool = False, part: str = "", catalogue: Mapping = CATALOGUE
) -> list[Section]:
    """The mistakes that explain one wrong part: by name, why each is wrong, and a hint.

    names      ids of the mistakes, several if they cannot be told apart; none if no known mistake explains it
    together   True if the names are two mistakes made at once
    part       the wrong part, if there is more than one
    catalogue  where the words stand, by id: anything with a name, a why, a hint and a convention
    """
    where = f" in {part}" if part else ""
    if not names:
        what = f"this {part}" if part else "this"
        return [Section("Not recognised", (f"No mistake that this book knows gives {what} on every call.",))]
    told = [_described(id, catalogue) for id in names]
    if together:
        heading, lines = "Two mistakes at once", tuple(line for lines in told for line in lines)
    elif len(names) > 1:
        heading, lines = "One of these, which give the same numbers", tuple(map(" ".join, told))
    else:
        convention = names[0] in catalogue and catalogue[names[0]].convention
        heading = "A valid subgradient, another convention" if convention else "The mistake"
        lines = told[0]
    hints = tuple(dict.fromkeys(catalogue[id].hint for id in names if id in catalogue))
    links = tuple((id, f"mistakes#mistake-{id}") for id in names if id in CATALOGUE)
    return [Section(heading + where, lines, links), *([Section("Hint", hints)] if hints else [])]


def _described(id: str, catalogue: Mapping) -> tuple[str, ...]:
    """A mistake by name, and why it is wrong. One that the catalogue lacks has only its id for a name."""
    if id not in catalogue:
        return (f"{id.replace('-', ' ')}.",)
    return tuple(filter(None, (f"{catalogue[id].name} ({id}).", catalogue[id].why)))


def picture(title: str, array: Array, index: Index | None = None, wrong: Array | None = None) -> Picture:
    """The slice of an array that holds the entry `index`: its last two axes, or what there is of them."""
    array = np.asarray(array)
    if array.ndim > 2:
        at = tuple(index[:-2]) if index else (0,) * (array.ndim - 2)
        title += f"[{', '.join(map(str, at))}]"
        wrong = None if wrong is None else wrong[at]
        array, index = array[at], tuple(index[-2:]) if index else None
    if array.ndim < 2:
        array = np.atleast_2d(array)
        wrong = None if wrong is None else np.atleast_2d(wrong)
        index = None if index is None else ((0, 0) if not index else (0, *index))
    return Picture(title, array, wrong, index)


def _linked(line: str, links: tuple[tuple[str, str], ...]) -> str:
    """The line with its places in the book marked. A page of the book makes links of them; elsewhere they lead nowhere."""
    for words, place in links:
        line = line.replace(words, f"<span data-read='{place}'>{words}</span>", 1)
    return line


def _escaped(text: str) -> str:
    for sign in "\\*_`[]<>#|":
        text = text.replace(sign, "\\" + sign)
    return text


def _cells(picture: Picture) -> list[list[tuple[str, str]]]:
    """The shown entries as (text, mark): mark is "", "wrong", "first", or "here" in the right array."""
    rows = []
    for i, row in enumerate(picture.array[:SHOWN]):
        cells = []
        for j, value in enumerate(row[:SHOWN]):
            mark = ("here" if picture.wrong is None else "first") if picture.first == (i, j) else ""
            if not mark and picture.wrong is not None and picture.wrong[i, j]:
                mark = "wrong"
            cells.append((_entry(value), mark))
        rows.append(cells + [("...", "")] * (len(row) > SHOWN))
    if len(picture.array) > SHOWN:
        rows.append([("...", "")] * len(rows[0]))
    return rows


def _entry(value: Any) -> str:
    return str(bool(value)) if np.asarray(value).dtype.kind == "b" else number(float(value))


def _as_text(picture: Picture) -> list[str]:
    signs = {"": " ", "wrong": "!", "first": ">", "here": ">"}
    table = [[signs[mark] + text for text, mark in row] for row in _cells(picture)]
    widths = [max(len(row[j]) for row in table) for j in range(len(table[0]))] if table and table[0] else []
    rows = ["  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True)) for row in table]
    legend = " (> first wrong entry, ! other wrong ones)" if picture.wrong is not None else ""
    return [f"{picture.title}{legend}", *(f"  {row}" for row in rows)]


def _as_html(picture: Picture) -> str:
    style = (
        "padding:.15em .5em;text-align:right;font-variant-numeric:tabular-nums;border:1px solid transparent;"
    )
    marks = {
        "": ("", ""),
        "wrong": (
            f"border-bottom:2px dashed {paint('wrong')};",
            "<span aria-label='wrong'>\u2260\u2009</span>",
        ),
        "here": ("outline:2px solid currentColor;outline-offset:-2px;font-weight:bold;", ""),
        "first": (
            f"outline:2px solid {paint('wrong')};outline-offset:-2px;font-weight:bold;",
            "<span aria-label='first wrong entry'>\u2717\u2009</span>",
        ),
    }
    rows = "".join(
        "<tr>"
        + "".join(f"<td style='{style}{marks[mark][0]}'>{marks[mark][1]}{text}</td>" for text, mark in row)
        + "</tr>"
        for row in _cells(picture)
    )
    return (
        "<table style='border-collapse:collapse;background:none;margin:.3em 0;width:auto;display:inline-table'>"
        f"<caption style='caption-side:top;text-align:left'>{html.escape(picture.title)}</caption>"
        f"<tbody>{rows}</tbody></table>"
    )
