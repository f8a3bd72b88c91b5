"""The theme's icons without its icon fonts, of which a page would need a hundredth.

The theme's style sheet writes an icon as a character of an icon font. Here the rule gets the outline of that character
as an SVG, and shows it as a mask, because a picture behind `content` could not take the color of the text.
"""

import re
from urllib.parse import quote

from fontTools.pens.svgPathPen import SVGPathPen
from fontTools.pens.transformPen import TransformPen
from fontTools.ttLib import TTFont

FONTS = "vendor/fontawesome/webfonts"
FACE = re.compile(r"@font-face{[^}]*Font Awesome[^}]*}")
# `content` names a character of the fonts by its code point, by itself, or through a variable.
CONTENT = re.compile(
    r'content:(?:"(?:\\(?P<point>[ef][0-9a-f]{3})|(?P<character>[\ue000-\uf8ff]))"|var\((?P<variable>--[\w-]+)\))'
)
SETTING = re.compile(r"--pst-icon-[\w-]+:[^;}]*;?")
MASK = (
    'content:"";background:currentColor;display:inline-block;height:1em;vertical-align:-.125em;width:{width:.3g}em;'
    "-webkit-mask:{picture} center/contain no-repeat;mask:{picture} center/contain no-repeat;"
    "-webkit-print-color-adjust:exact;print-color-adjust:exact"
)


def mask(fonts, character):
    """The declarations that show a character of one of the fonts as a picture, one em high."""
    font = next(font for font in fonts if character in font.getBestCmap())
    glyphs, em = font.getGlyphSet(), font["head"].unitsPerEm
    glyph = glyphs[font.getBestCmap()[character]]
    pen = SVGPathPen(glyphs, ntos=lambda number: f"{number:.0f}")
    glyph.draw(TransformPen(pen, (1, 0, 0, -1, 0, font["hhea"].ascent)))
    svg = (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {glyph.width} {em}'>"
        f"<path d='{pen.getCommands()}'/></svg>"
    )
    picture = 'url("data:image/svg+xml,' + quote(svg, safe=" =:/'") + '")'
    return MASK.format(width=glyph.width / em, picture=picture)


def in_styles(css, folder):
    """A style sheet with pictures where it names characters of the icon fonts in `folder`."""
    fonts = [TTFont(folder / f"{name}.ttf") for name in ("fa-solid-900", "fa-brands-400")]

    def picture(found):
        if found["variable"]:
            value = re.search(rf"{found['variable']}:([^;}}]+)", css)
            inner = value and CONTENT.fullmatch(f"content:{value[1]}")
            return picture(inner) if inner else found[0]
        return mask(fonts, int(found["point"], 16) if found["point"] else ord(found["character"]))

    return SETTING.sub("", CONTENT.sub(picture, FACE.sub("", css)))
