"""Arrays as pictures: cells with their numbers, some of them marked, with signs between the arrays."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cnnlab.arrays import Array
from cnnlab.figures.svg import NARROW, WIDTH, Figure, canvas, finish, style
from cnnlab.formatting import number
from cnnlab.palette import INK, ROLES, TINT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TITLE, _GAP, _SIGN, _ROW_GAP = 0.95, 0.6, 0.6, 0.45


@dataclass(frozen=True, eq=False)
class Grid:
    """One array in a picture. Two grids are never equal: each has a place of its own, where a `Join` may end.

    values   numbers or short strings, one or two axes
    title    written above the array
    marks    {index: role, a key of `palette.ROLES`}; an index is an int for a vector, a pair for a matrix
    blocks   (rows, columns) of the blocks that heavier lines set off, such as the windows of a pool; None for none
    heads    whether the first row and the first column are names, which have no edge
    heat     whether a cell is the darker the larger its number, as a count is shown
    """

    values: object
    title: str = ""
    marks: Mapping = field(default_factory=dict)
    blocks: tuple[int, int] | None = None
    heads: bool = False
    heat: bool = False

    def table(self) -> Array:
        table = np.asarray(self.values)
        if table.ndim not in (1, 2):
            raise ValueError(
                f"a Grid shows one or two axes; got shape {table.shape}: index the first axes away"
            )
        return np.atleast_2d(table)

    def text(self, value: Any, digits: int) -> str:
        return value if isinstance(value, str) else number(value, digits)

    def marked(self) -> dict:
        """The marks with every index as a pair."""
        pairs = (np.atleast_1d(at).tolist() for at in self.marks)
        return {tuple([0, *at][-2:]): mark for at, mark in zip(pairs, self.marks.values(), strict=True)}


class Join(NamedTuple):
    """A line between two arrays of a picture: from the lower edge of `start` to the upper edge of `end`.

    at, to   the cell of each where the line ends; None for the middle of the whole array
    role     a key of `palette.ROLES`; a "wrong" line is dashed and has no arrow
    """

    start: Grid
    end: Grid
    at: tuple[int, int] | None = None
    to: tuple[int, int] | None = None
    role: str = "result"


def grids(
    rows: Sequence,
    *,
    says: str,
    digits: int = 4,
    cell: float = 1.0,
    cell_inches: float = 0.44,
    joins: Sequence[Join] = (),
    between: float = _ROW_GAP,
) -> Figure:
    """Draw rows of arrays with signs between them, such as ``[[x, "∗", w, "=", y]]``.

    rows     a list of rows; a row is a list of Grid and of short strings
    says     what the picture shows, in a sentence: the beginning of the alt text, which goes on with the arrays
    digits   significant digits in a cell
    cell     width of a cell, in heights: more than 1 where numbers are long
    cell_inches   height of a cell at most; a picture that is wider than the page gets smaller ones
    joins    lines between arrays of different rows; say in `says` what they mean
    between  the space between two rows, in heights of a cell: more where joins need it
    Raises ValueError if `says` contains a decimal number: numbers in the alt text come from the arrays.
    """
    if re.search(r"\d\.\d", says):
        raise ValueError("`says` contains a decimal number; the alt text takes its numbers from the arrays")
    rows = [list(row) for row in rows]
    wide = max(_row_width(row, cell) for row in rows)
    heights = [_row_height(row) for row in rows]
    high = sum(heights) + between * (len(rows) - 1)
    scale = min(cell_inches, WIDTH / wide)
    # A phone shrinks what is wider than its column: letters of 10 points grow, to stay as large as 9 points in it.
    letters = max(1.0, wide * scale / (NARROW * 10 / 9))
    with style():
        fig = canvas(high * scale, wide * scale)
        axes = fig.add_axes((0, 0, 1, 1))
        axes.set_xlim(-0.1, wide - 0.1)
        axes.set_ylim(high - 0.05, -0.05)
        axes.axis("off")
        top, places = 0.0, {}
        for row, height in zip(rows, heights, strict=True):
            left = (wide - _row_width(row, cell)) / 2
            for item in row:
                left += _draw(axes, item, left, top, height, cell, digits, scale, letters, places)
            top += height + between
        for join in joins:
            _line(axes, join, places, cell)
        return finish(fig, f"{says.strip()} {_described(rows, digits)}".strip())


def key() -> Figure:
    """What the colors mean: a cell of each role with its name."""
    cells = [Grid([""], role, {0: role}) for role in ROLES if role != "dimmed"]
    return grids([cells], says="What the marks of cells mean, here and in every picture of this book.")


def _row_width(row: Sequence[Grid | str], cell: float) -> float:
    return 0.2 + sum(_item_width(item, cell) for item in row) - (_GAP if isinstance(row[-1], Grid) else 0)


def _item_width(item: Grid | str, cell: float) -> float:
    if isinstance(item, str):
        return _SIGN + 0.22 * max(0, len(item) - 2)
    return max(item.table().shape[1] * cell, 0.21 * len(item.title)) + _GAP


def _row_height(row: Sequence[Grid | str]) -> float:
    tables = [item for item in row if isinstance(item, Grid)]
    title = _TITLE if any(item.title for item in tables) else 0.1
    return title + max((item.table().shape[0] for item in tables), default=1) + 0.15


def _draw(
    axes: Axes,
    item: Grid | str,
    left: float,
    top: float,
    height: float,
    cell: float,
    digits: int,
    scale: float,
    letters: float,
    places: dict[Grid, tuple[float, float]],
) -> float:
    """Draw one array or sign with its left edge at `left`; note its corner in `places`, return the width that it took."""
    if isinstance(item, str):
        width = _item_width(item, cell)
        title = _TITLE if height > 1.5 else 0.1
        axes.text(
            left + (width - _GAP) / 2,
            top + (title + height) / 2,
            item,
            ha="center",
            va="center",
            fontsize=12 * letters,
        )
        return width
    table = item.table()
    width = _item_width(item, cell) - _GAP
    title = _TITLE if item.title else 0.1
    inset = (width - table.shape[1] * cell) / 2
    start = top + title + (height - 0.15 - title - table.shape[0]) / 2
    places[item] = (left + inset, start)
    if item.title:
        axes.text(
            left + width / 2, start - 0.3, item.title, ha="center", va="baseline", fontsize=10 * letters
        )
    longest = max(len(item.text(value, digits)) for value in table.flat)
    size = min(10.0 * letters, 72 * scale * cell * 0.92 / (0.6 * max(longest, 1)))
    marked = item.marked()
    for (i, j), value in np.ndenumerate(table):
        x, y = left + inset + j * cell, start + i
        if item.heat:
            _heat(axes, x, y, cell, value / max(table.max(), 1))
        if not (item.heads and 0 in (i, j)):
            frame(axes, x, y, cell, marked.get((i, j)))
        axes.text(
            x + cell / 2, y + 0.52, item.text(value, digits), ha="center", va="center_baseline", fontsize=size
        )
    if item.blocks:
        _blocks(axes, left + inset, start, cell, table.shape, item.blocks)
    return width + _GAP


def _line(axes: Axes, join: Join, places: dict[Grid, tuple[float, float]], cell: float) -> None:
    """One join, in its role's color and line."""
    from matplotlib.patches import FancyArrowPatch

    (left, top), (left_end, top_end) = places[join.start], places[join.end]
    rows, columns = join.start.table().shape
    row, column = join.at or (rows - 1, (columns - 1) / 2)
    row_end, column_end = join.to or (0, (join.end.table().shape[1] - 1) / 2)
    color, wrong = ROLES[join.role].either, join.role == "wrong"
    arrow = FancyArrowPatch(
        (left + (column + 0.5) * cell, top + row + 1),
        (left_end + (column_end + 0.5) * cell, top_end + row_end),
        arrowstyle="-" if wrong else "->",
        mutation_scale=8,
        shrinkA=0,
        shrinkB=0,
        color=color,
        linewidth=0.9 if wrong else 1.8,
        linestyle=ROLES[join.role].line,
    )
    axes.add_patch(arrow)


def _blocks(
    axes: Axes, left: float, top: float, cell: float, shape: tuple[int, ...], block: tuple[int, int]
) -> None:
    """Heavier lines around blocks of cells; a block that would reach over the edge is left out, as a pool does."""
    from matplotlib.patches import Rectangle

    rows, columns = block
    for i in range(0, shape[0] - rows + 1, rows):
        for j in range(0, shape[1] - columns + 1, columns):
            at, size = (left + j * cell, top + i), (columns * cell, rows)
            axes.add_patch(Rectangle(at, *size, fill=False, edgecolor=INK, linewidth=1.6))


def _heat(axes: Axes, x: float, y: float, width: float, share: float) -> None:
    """A cell's share of the largest number as a shade of the page's text color, light enough to read the number on it."""
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((x, y), width, 1, facecolor=(INK, 0.4 * share**2), edgecolor="none"))


def frame(axes: Axes, x: float, y: float, width: float, mark: str | None = None) -> None:
    """The outline of a cell; a marked one has its role's color and line, and a wrong one is crossed as well."""
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((x, y), width, 1, fill=False, edgecolor=INK, linewidth=0.6, alpha=0.45))
    if mark is None:
        return
    color = ROLES[mark].either
    inner = Rectangle((x + 0.04, y + 0.04), width - 0.08, 0.92, facecolor=(color, TINT), edgecolor=color)
    inner.set(linewidth=2.8 if mark == "result" else 1.8, linestyle=ROLES[mark].line)
    axes.add_patch(inner)
    if mark == "wrong":
        axes.plot([x + 0.06, x + width - 0.06], [y + 0.94, y + 0.06], color=color, linewidth=1, linestyle="-")


def _described(rows: Sequence[Sequence[Grid | str]], digits: int) -> str:
    """The arrays of a picture in words, for the alt text."""
    parts = []
    for item in (item for row in rows for item in row if isinstance(item, Grid)):
        lines = "; ".join(
            " ".join(item.text(value, digits) or "blank" for value in row) for row in item.table()
        )
        part = f"{item.title or 'Array'}: {lines}"
        for mark in dict.fromkeys(item.marked().values()):
            cells = [f"({i}, {j})" for (i, j), name in item.marked().items() if name == mark]
            part += f"; marked {mark} at {', '.join(cells)}"
        parts.append(part + ".")
    return " ".join(parts)
