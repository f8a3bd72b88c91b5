"""The palette: every color can be read, any two can be told apart, and no color stands anywhere else."""

import json
import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from cnnlab.palette import INK, ROLES, TINT, paint, style_sheet

ROOT = Path(__file__).parent.parent
WHITE, DARK = "#FFFFFF", "#121212"  # the book's pages; the dark one is sphinx-book-theme's
TEXT = {"light": ["#222832", "#000000"], "dark": ["#CED6DD", "#FFFFFF"], "either": ["#222832", "#CED6DD"]}
PAGE = {"light": WHITE, "dark": DARK}
SETS = ("light", "dark", "either")

# Without one kind of cones, on linear RGB: Machado, Oliveira and Fernandes, "A Physiologically-based Model for
# Simulation of Color Vision Deficiency" (2009), severity 1.0.
VISION = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
D65 = XYZ.sum(axis=1)

COLOR = re.compile(
    r"#(?:[0-9a-f]{8}|[0-9a-f]{6}|[0-9a-f]{3,4})\b|\b(?:rgba?|hsla?|hwb|lab|lch|oklab|oklch)\(", re.I
)
NAMED = re.compile(
    r"(?:color|fill|stroke|background)[\w-]*[\"']?\s*[:=]\s*[\"']?"
    r"(?:black|white|gr[ae]y|red|green|blue|orange|purple|yellow|pink|brown|cyan|magenta|teal|navy)\b"
    r"|[\"'](?:C\d|tab:\w+)[\"']",
    re.I,
)
FREE = {"src/cnnlab/palette.py", "book/_static/favicon.svg"}  # the browser's tab has no style sheet
# As they come from their authors.
OTHERS = [ROOT / "tools" / "katex", ROOT / "book/_static/editor.js", ROOT / "book/_static/markdown.js"]
EXCEPTIONS = {
    "tools/bundles/editor.js": ['"c1"']
}  # no color of matplotlib's, but what Pygments calls a comment
DRAWS = ("src/cnnlab", "book/_static", "tools")


def linear(color):
    values = np.array([int(color[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    """WCAG 2's ratio of two colors."""
    bright, dim = sorted((float(XYZ[1] @ linear(color)) + 0.05 for color in (one, other)), reverse=True)
    return bright / dim


def mixed(color, page, share):
    """`share` of a color over a page, as browsers mix them."""
    values = [share * int(color[k : k + 2], 16) + (1 - share) * int(page[k : k + 2], 16) for k in (1, 3, 5)]
    return "#" + "".join(f"{round(value):02X}" for value in values)


def lab(color, vision):
    t = XYZ @ np.clip(np.asarray(VISION[vision]) @ linear(color), 0, 1) / D65
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def distance(one, other):
    """CIEDE2000 of two colors in Lab (Sharma, Wu and Dalal, 2005)."""
    mean = (np.hypot(*one[1:]) + np.hypot(*other[1:])) / 2
    stretch = 1 + 0.5 * (1 - np.sqrt(mean**7 / (mean**7 + 25**7)))
    (l1, a1, b1), (l2, a2, b2) = one, other
    c1, c2 = np.hypot(a1 * stretch, b1), np.hypot(a2 * stretch, b2)
    h1, h2 = (
        np.degrees(np.arctan2(b, a * stretch)) % 360 if a or b else 0.0 for a, b in ((a1, b1), (a2, b2))
    )
    turn = (h2 - h1 + 180) % 360 - 180 if c1 * c2 else 0.0
    dl, dc, dh = l2 - l1, c2 - c1, 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2))
    light, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    hue = (h1 + h2) / 2 if not c1 * c2 or abs(h1 - h2) <= 180 else ((h1 + h2 + 360) / 2) % 360
    hue = h1 + h2 if not c1 * c2 else hue
    t = (
        1
        - 0.17 * np.cos(np.radians(hue - 30))
        + 0.24 * np.cos(np.radians(2 * hue))
        + 0.32 * np.cos(np.radians(3 * hue + 6))
        - 0.20 * np.cos(np.radians(4 * hue - 63))
    )
    sl = 1 + 0.015 * (light - 50) ** 2 / np.sqrt(20 + (light - 50) ** 2)
    sc, sh = 1 + 0.045 * chroma, 1 + 0.015 * chroma * t
    bend = -2 * np.sqrt(chroma**7 / (chroma**7 + 25**7))
    bend *= np.sin(np.radians(60 * np.exp(-(((hue - 275) / 25) ** 2))))
    return float(np.sqrt((dl / sl) ** 2 + (dc / sc) ** 2 + (dh / sh) ** 2 + bend * dc / sc * dh / sh))


def test_the_measures_give_the_known_values():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.005)
    # Sharma's pairs 1, 7, 17 and 25.
    for one, other, expected in (
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 0, 0), (50, -1, 2), 2.3669),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ):
        assert distance(np.array(one), np.array(other)) == pytest.approx(expected, abs=1e-4)
    red_and_green = [[lab(color, vision) for color in ("#D00000", "#5B7A00")] for vision in VISION]
    seen = [distance(*pair) for pair in red_and_green]
    assert seen[2] < seen[0] / 3, "without green cones this red and this green come close"


@pytest.mark.parametrize("role", ROLES)
def test_text_in_a_color_can_be_read(role):
    for name, page in PAGE.items():
        assert contrast(getattr(ROLES[role], name), page) >= 4.5, name
    for page in PAGE.values():
        assert contrast(ROLES[role].either, page) >= 3


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("name", SETS)
def test_any_two_colors_can_be_told_apart(name, vision):
    colors = {role: lab(getattr(values, name), vision) for role, values in ROLES.items()}
    apart = {pair: distance(colors[pair[0]], colors[pair[1]]) for pair in combinations(colors, 2)}
    for text in TEXT[name]:
        apart |= {(role, text): distance(color, lab(text, vision)) for role, color in colors.items()}
    assert min(apart.values()) >= 15, min(apart, key=apart.get)


def strongest_tint():
    """The most color that a style sheet puts behind a cell's number; the smallest cells show no numbers."""
    css = (ROOT / "src/cnnlab/widgets/static/stage.css").read_text(encoding="utf-8")
    shares = [
        int(share)
        for rule in re.findall(r"[^}]+\{[^}]*\}", css)
        if ".cnn-small" not in rule
        for share in re.findall(r"var\(--(?:mark|cnnlab-\w+)\) (\d+)%", rule)
    ]
    assert len(shares) > 5
    return max(*shares, 100 * TINT) / 100


@pytest.mark.parametrize("role", ROLES)
def test_a_number_can_be_read_on_a_tinted_cell(role):
    share = strongest_tint()
    assert share >= 0.3
    for name, page in PAGE.items():
        for text in TEXT[name]:
            assert contrast(text, mixed(getattr(ROLES[role], name), page, share)) >= 4.5
    for text, page in (("#000000", WHITE), ("#FFFFFF", DARK)):
        assert contrast(text, mixed(ROLES[role].either, page, TINT)) >= 4.5


def test_roles_differ_without_color():
    assert len({role.line for role in ROLES.values()}) == 3
    assert len({ROLES[role].line for role in ("input", "weight", "delta")}) == 3


def test_the_style_sheet_gives_every_role_on_both_pages():
    sheet = style_sheet()
    light, dark = sheet.split("@media screen")
    for name, role in ROLES.items():
        assert f"--cnnlab-{name}: {role.light};" in light and f"--cnnlab-{name}: {role.dark};" in dark
        assert paint(name) == f"var(--cnnlab-{name}, {role.either})"


def sources():
    for folder in DRAWS:
        for path in sorted((ROOT / folder).rglob("*")):
            name = path.relative_to(ROOT).as_posix()
            if (
                name not in FREE
                and not any(path.is_relative_to(other) for other in OTHERS)
                and path.suffix in (".py", ".css", ".js", ".svg", ".html")
            ):
                yield name, path.read_text(encoding="utf-8")


def literals(text):
    """What looks like a color in a source file; a reference to an element (`url(#...)`, "#id") is none."""
    return [found[0] for pattern in (COLOR, NAMED) for found in pattern.finditer(text)]


def test_no_color_stands_outside_the_palette():
    found = {name: literals(text) for name, text in sources()}
    assert len(found) > 50
    assert {name: colors for name, colors in found.items() if colors != EXCEPTIONS.get(name, [])} == {}


@pytest.mark.parametrize(
    "text", ["color: #0a5796", "fill='#FFF'", "rgb(1, 2, 3)", 'color="red"', "background: white;", '"C0"']
)
def test_a_color_elsewhere_would_be_seen(text):
    assert literals(text)


def displayed(notebook):
    """The HTML of every output, and the style sheet and roles of every widget."""
    content = json.loads(notebook.read_text(encoding="utf-8"))
    for cell in content["cells"]:
        for output in cell.get("outputs", []):
            yield "".join(output.get("data", {}).get("text/html", ""))
    widgets = content["metadata"].get("widgets", {}).get("application/vnd.jupyter.widget-state+json", {})
    for model in widgets.get("state", {}).values():
        yield model["state"].get("_css", "")


CHAPTERS = sorted((ROOT / "book").glob("*.ipynb"))


@pytest.mark.parametrize("notebook", CHAPTERS, ids=lambda path: path.stem)
def test_one_color_for_one_role_on_every_page(notebook):
    for markup in displayed(notebook):
        rest = markup.replace(style_sheet(), "")
        for role in ROLES:
            rest = rest.replace(paint(role), "")
        rest = re.sub(r'href="[^"]*"|url\(#[^)]*\)|#x?\w+;', "", rest)  # links, references, entities
        assert literals(rest) == [], "a color that the palette does not give to a role: `make refresh`"
        assert INK not in markup


def test_the_chapters_show_colors():
    shown = "".join(markup for notebook in CHAPTERS for markup in displayed(notebook))
    for role in set(ROLES) - {"dimmed"}:
        assert shown.count(paint(role)) > 5, role
