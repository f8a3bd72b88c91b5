"""One color and one line for each role, on every page: in figures, stills, widgets and style sheets.

A color stands for a role and for nothing else. Its hue is Okabe and Ito's; its lightness was moved until each
color can be read on its page and any two can be told apart. Three values stand side by side:

light    on a white page
dark     on the book's dark page
either   on a page that does not say which it is, as a notebook in JupyterLab: it reads on both

There is no further set for readers with a color vision deficiency, because each of these is made for them, too.
`tests/test_palette.py` computes it: text in a color has a contrast of at least 4.5 on its page (lines in
`either` at least 3 on both), and any two colors of a set, text included, are at least 15 apart (CIEDE2000), as
seen with normal vision and without the red, the green or the blue cones (Machado, Oliveira and Fernandes, 2009).
"""

from typing import NamedTuple


class Role(NamedTuple):
    """The colors of one role, and the line that tells it from others without any color."""

    light: str
    dark: str
    either: str
    line: str


# fmt: off
ROLES = {
    #                light      dark       either     line
    "input":   Role("#2571EA", "#6AC2FF", "#538AF9", "solid"),
    "weight":  Role("#A66915", "#E7B933", "#C88800", "dashed"),
    "delta":   Role("#88007A", "#BD53B4", "#874D89", "dotted"),
    "result":  Role("#08684A", "#249760", "#21775E", "solid"),
    "wrong":   Role("#920E08", "#E9390D", "#B1340A", "dashed"),
    "dimmed":  Role("#6F777F", "#96969A", "#8D9298", "solid"),
}
# fmt: on
"""What a color means. A result has a thicker line than an input; what is wrong is crossed or hatched as well."""

INK = "#010203"
"""No color: what figures draw in it, text and lines, they write as currentColor, the color of the page's text."""

TINT = 0.22
"""How much of a role's color fills a cell that a number stands on."""

# The book's theme; JupyterLab, and pages that nbconvert makes; Colab.
DARK_PAGES = 'html[data-theme="dark"], body[data-jp-theme-light="false"], html[theme="dark"]'


def paint(role: str) -> str:
    """A role's color for inline SVG: the page's own value, or the one for either page where there is none.

    Raises KeyError for a role that there is not.
    """
    return f"var(--cnnlab-{role}, {ROLES[role].either})"


def style_sheet() -> str:
    """The palette as CSS: ``--cnnlab-input``, ``--cnnlab-input-line`` and so on, for light and for dark pages."""

    def values(ending: str, of: str) -> str:
        return "".join(f"  --cnnlab-{name}{ending}: {getattr(role, of)};\n" for name, role in ROLES.items())

    light, dark, lines = values("", "light"), values("", "dark"), values("-line", "line")
    return f":root {{\n{light}{lines}}}\n@media screen {{\n{DARK_PAGES} {{\n{dark}}}\n}}\n"
