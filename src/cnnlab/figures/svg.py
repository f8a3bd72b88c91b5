"""A figure as the book shows it: inline SVG with real text, the page's own text color, and alt text.

Matplotlib is imported when the first figure is drawn, here and in the other modules: a page's own Python fetches it then.
"""

from __future__ import annotations

import hashlib
import html
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cnnlab.palette import INK, ROLES, paint

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

WIDTH = 4.6
"""Inches: the widest picture. A phone shrinks it by a quarter, and its text must be larger for that."""
NARROW = 3.5
"""Inches: the column of a phone, where text of 9 points keeps its 12 pixels."""

_STYLE = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.labelsize": 10,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.fontsize": 9,
    "legend.frameon": False,
    "axes.unicode_minus": False,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.titlecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "hatch.linewidth": 0.6,
    "lines.linewidth": 1.8,
    "lines.markersize": 5,
}
_LINES = ["-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1))]


class Figure:
    """An SVG picture, its alt text and its caption. In a notebook it shows itself; `print` gives the alt text."""

    def __init__(self, svg: str, alt: str, caption: str = "") -> None:
        self.svg = svg
        self.alt = alt
        self.caption = caption

    def captioned(self, caption: str) -> Figure:
        """The same picture with a caption below it: the question that it answers, and where to look.

        A word between backticks is written as code.
        Raises ValueError if the caption is empty.
        """
        if not caption.strip():
            raise ValueError("a caption needs words: say what to notice")
        return Figure(self.svg, self.alt, caption)

    def _repr_html_(self) -> str:
        words = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(self.caption, quote=False))
        below = f"<figcaption>{words}</figcaption>" if words else ""
        return f'<figure class="cnnlab-figure">{self.svg}{below}</figure>'

    def __repr__(self) -> str:
        return f"Figure: {self.alt}"


@contextmanager
def style(**more: object) -> Iterator[None]:
    """Draw with the book's fonts, sizes and colors, and with `more` of matplotlib's settings."""
    import matplotlib as mpl
    from cycler import cycler

    lines = {"axes.prop_cycle": cycler(color=[INK] * len(_LINES), linestyle=_LINES)}
    with mpl.rc_context({**_STYLE, **lines, **more}):
        yield


def canvas(height: float, width: float = WIDTH) -> Canvas:
    """An empty matplotlib figure of the book's width; transparent, and never kept by pyplot."""
    from matplotlib.figure import Figure as Canvas

    return Canvas(figsize=(width, height), facecolor="none", layout=None)


def finish(fig: Canvas, alt: str) -> Figure:
    """Write a matplotlib figure as inline SVG.

    Ids are derived from the picture's content, so that equal pictures are equal to the byte and two
    pictures on one page do not share ids. `alt` says what the picture shows.
    """
    if not alt.strip():
        raise ValueError("a figure needs alt text: say in a sentence what it shows")
    buffer = io.StringIO()
    with style(**{"svg.hashsalt": "cnnlab"}):
        fig.savefig(
            buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None}
        )
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = _colors_of_the_page(svg)
    svg = re.sub(r"font-family: [^;\"]*", "font-family: sans-serif", svg)
    svg = _ids_by_appearance(svg)
    prefix = "f" + hashlib.sha256(svg.encode()).hexdigest()[:8]
    svg = re.sub(r'( id="|href="#|url\(#)', rf"\1{prefix}-", svg)
    width = float(re.findall(r'width="([\d.]+)pt"', svg)[0]) * 4 / 3
    box = re.findall(r'viewBox="([^"]+)"', svg)[0]
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="{box}" role="img" '
        f'aria-label="{html.escape(alt)}" style="width:{width:.0f}px;max-width:100%;height:auto">'
    )
    svg = re.sub(r"^<svg[^>]*>", opening.replace("\\", r"\\"), svg)
    return Figure(re.sub(r"\n\s*", "\n", svg), alt)


def _colors_of_the_page(svg: str) -> str:
    """Write ink as the color of the page's text, and a role's color as the page's own value for it."""
    written = {INK: "currentColor"} | {role.either.lower(): paint(name) for name, role in ROLES.items()}
    return re.sub("|".join(written), lambda m: written[m[0]], svg)


def _ids_by_appearance(svg: str) -> str:
    """Drop the ids that nothing refers to and number the others.

    matplotlib's ids are hashes of floats that it did not round, so their last bits, which differ between
    processors, would show.
    """
    names = {
        name: f"n{i}" for i, name in enumerate(dict.fromkeys(re.findall(r'(?:href="#|url\(#)([^")]+)', svg)))
    }
    svg = re.sub(r' id="([^"]+)"', lambda m: f' id="{names[m[1]]}"' if m[1] in names else "", svg)
    return re.sub(r'(href="#|url\(#)([^")]+)', lambda m: m[1] + names[m[2]], svg)
