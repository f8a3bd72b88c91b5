"""Still pictures of widgets: small SVG made of grids of numbers, for readers without JavaScript and for print.

Everything is drawn in `currentColor` and in the palette's colors, so that it reads on light and dark pages, and
every role has a line besides its color. The same input gives the same text, byte for byte.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, TypeVar

from cnnlab.palette import ROLES, TINT, paint

WIDTH = 340  # the column of a phone: text keeps its 12 px there
FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace"
DASHES = {"solid": "", "dashed": ' stroke-dasharray="6 3"', "dotted": ' stroke-dasharray="2 2"'}
CHARACTER = 7.3  # the advance of one character at 12 px in the fonts above
HEIGHT, GAP, BETWEEN = 26, 3, 16
GHOST = 'fill="none" stroke="currentColor" stroke-opacity="0.6" stroke-width="0.8" stroke-dasharray="3 2"'
Item = TypeVar("Item")


@dataclass(frozen=True)
class Block:
    """A labelled grid: rows of strings, None where no cell is, and {(row, column): (role, strong)} for the cells to mark.

    `ghosts` are the cells with a dashed edge: what is not there, and counts as zero.
    """

    label: str
    rows: Sequence[Sequence[str | None]]
    marks: dict
    shade: list[list[int]] | None = (
        None  # 0 to 9: drawn instead of numbers where cells are too small for them
    )
    ghosts: frozenset = frozenset()
    side: float = 14  # the most that a shaded cell may measure

    @property
    def cell(self) -> tuple[float, float]:
        if self.shade:
            side = min(self.side, (WIDTH - 8) / max(len(row) for row in self.rows) - 1)
            return side, side
        longest = max(len(text) for row in self.rows for text in row if text is not None)
        columns = max(len(row) for row in self.rows)
        room = (WIDTH - 8 + GAP) / columns - GAP
        return max(longest * CHARACTER + 2, min(room, max(24, longest * CHARACTER + 8))), HEIGHT

    @property
    def gap(self) -> int:
        return 1 if self.shade else GAP

    @property
    def size(self) -> tuple[float, float]:
        width, height = self.cell
        columns = max(len(row) for row in self.rows)
        grid = columns * width + (columns - 1) * self.gap
        return max(grid, len(self.label) * CHARACTER), 20 + len(self.rows) * (height + self.gap)

    def draw(self, x: float, y: float) -> list[str]:
        parts = [f'<text x="{_n(x)}" y="{_n(y + 12)}">{escape(self.label)}</text>']
        if self.shade:
            return parts + self._shades(x, y + 20)
        width, height = self.cell
        for i, row in enumerate(self.rows):
            for j, text in enumerate(row):
                if text is None:
                    continue
                left, top = x + j * (width + self.gap), y + 20 + i * (height + self.gap)
                role, strong = self.marks.get((i, j), (None, False))
                bold = ' font-weight="700"' if strong else ""
                parts.append(
                    f'<rect x="{_n(left)}" y="{_n(top)}" width="{_n(width)}" height="{_n(height)}" rx="5" '
                    f"{GHOST if (i, j) in self.ghosts else _paint(role, strong)}/>\n"
                    f'<text x="{_n(left + width / 2)}" y="{_n(top + height / 2 + 4)}" '
                    f'text-anchor="middle"{bold}>{escape(text)}</text>'
                )
        return parts

    def _shades(self, x: float, y: float) -> list[str]:
        """Many small cells: one path for each shade, and one for the outlines of the marked cells."""
        side = self.cell[0]
        paths: dict[tuple[int, Any], list[str]] = {}
        for i, row in enumerate(self.shade or []):
            for j, shade in enumerate(row):
                left, top = _n(x + j * (side + self.gap)), _n(y + i * (side + self.gap))
                square = f"M{left} {top}h{_n(side)}v{_n(side)}h-{_n(side)}z"
                paths.setdefault((0, shade), []).append(square)
                if (i, j) in self.marks:
                    paths.setdefault((1, self.marks[i, j][0]), []).append(square)
        parts = []
        for (marked, key), squares in sorted(paths.items(), key=str):
            paint = _paint(key, False) if marked else f'fill-opacity="{_n(0.05 + 0.07 * key)}"'
            parts.append(f'<path d="{"".join(squares)}" {paint}/>')
        return parts


def picture(title: str, blocks: list[Block], lines: list[str], alt: str, caption: str = "") -> str:
    """A figure of grids, side by side as far as they fit, with lines of words and a caption below."""
    heading = wrap(title)
    parts = [
        f'<text x="4" y="{13 + 16 * n}" font-weight="700">{escape(line)}</text>'
        for n, line in enumerate(heading)
    ]
    x, y, row_height = 4.0, 10.0 + 16 * len(heading), 0.0
    for block in blocks:
        width, height = block.size
        if x > 4 and x + width > WIDTH - 4:
            x, y, row_height = 4.0, y + row_height + 12, 0.0
        parts += block.draw(x, y)
        x, row_height = x + width + BETWEEN, max(row_height, height)
    y += row_height + 16
    for line in (piece for text in lines for piece in wrap(text)):
        parts.append(f'<text x="4" y="{_n(y)}">{escape(line)}</text>')
        y += 18
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    right = max([WIDTH, *(4 + block.size[0] + 4 for block in blocks)])
    return (
        '<figure class="cnnlab-figure cnnlab-still">'
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(alt)}" '
        f'viewBox="0 0 {_n(right)} {_n(y)}" width="{_n(right)}" style="max-width:100%;height:auto" '
        f'font-family="{FONT}" font-size="12" fill="currentColor">{lines_of(*parts)}</svg>{below}</figure>'
    )


def _paint(role: str | None, strong: bool) -> str:
    """Fill and outline of a cell: plain, lit in its role's color, or lit and chosen with a thick outline."""
    if role is None:
        return 'fill-opacity="0.05" stroke="currentColor" stroke-opacity="0.4" stroke-width="0.6"'
    color, width = paint(role), 2.5 if strong else 1.5
    return (
        f'style="fill:{color};stroke:{color}" fill-opacity="{TINT}" stroke-width="{width}"'
        f"{DASHES[ROLES[role].line]}"
    )


def lines_of(*parts: str) -> str:
    """One element a line: a viewer that drops pictures from notebooks it does not trust leaves words apart."""
    return "\n".join(parts)


def wrap(line: str, width: int = int((WIDTH - 8) / CHARACTER)) -> list[str]:
    """Break a line at blanks; a term such as ``2 × (-1)`` stays whole because its blanks are not breaking."""
    pieces, current = [], ""
    for word in line.split(" "):
        if current and len(current) + 1 + len(word) > width:
            pieces.append(current)
            current = word
        else:
            current = f"{current} {word}" if current else word
    return [*pieces, current]


def rows(texts: list[Item], shape: Sequence[int]) -> list[list[Item]]:
    """A flat list of strings in rows; a one-dimensional array is one row."""
    columns = shape[-1]
    return [texts[k : k + columns] for k in range(0, len(texts), columns)]


def cell(index: Sequence[int], shape: Sequence[int]) -> tuple[int, int]:
    """(row, column) of a spatial index."""
    return (0, index[0]) if len(shape) == 1 else (index[0], index[1])


def spoken(texts: list[str], shape: Sequence[int]) -> str:
    """An array for an alternative text: entries by commas, rows by semicolons."""
    return "; ".join(", ".join(row) for row in rows(texts, shape))


def _n(value: float) -> str:
    """A coordinate with at most one decimal place (opacities two)."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
