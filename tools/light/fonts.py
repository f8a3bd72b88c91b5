"""KaTeX's fonts with the characters that the book's formulas have, and the style sheet that names them."""

import base64
import io
import logging
import re

from fontTools import subset as cutter

logging.getLogger("fontTools").setLevel(logging.WARNING)  # Jupyter Book's build shows what others only note
FACE = re.compile(r"@font-face{[^}]*?url\(fonts/([\w-]+)\.woff2\)[^}]*}")
SOURCES = re.compile(r"src:[^}]*")
# The classes inside which KaTeX draws with a font; the fonts that are not here are small or rare, and serve any formula.
CLASSES = {
    "KaTeX_Math-Italic": ("mathnormal",),
    "KaTeX_Math-BoldItalic": ("boldsymbol",),
    "KaTeX_Main-Bold": ("mathbf", "textbf"),
    "KaTeX_Main-Italic": ("mathit", "textit"),
}
ANY = ("katex-html",)
# Every formula needs these two; they are asked for together with the style sheet.
FIRST = ("KaTeX_Main-Regular", "KaTeX_Math-Italic")
SMALL = 2000  # bytes; a smaller font stands in the style sheet, because asking for it would cost more


def cut(path, characters):
    """The bytes of a font (WOFF2) with only these characters."""
    options = cutter.Options(flavor="woff2", hinting=False, layout_features=["kern"])
    font = cutter.load_font(path, options)
    work = cutter.Subsetter(options)
    work.populate(text="".join(sorted(characters)))
    work.subset(font)
    buffer = io.BytesIO()
    cutter.save_font(font, buffer, options)
    return buffer.getvalue()


def in_styles(css, source, formulas, folder, write):
    """Cut the fonts that a style sheet names into `folder`; return the style sheet with their new places, and FIRST's.

    formulas  {class: characters drawn inside an element of this class}
    write     function of (folder, name, bytes) that writes a file and returns the name that it got
    """
    first = []

    def face(found):
        name = found[1]
        characters = set().union(*(formulas.get(one, ()) for one in CLASSES.get(name, ANY)))
        if not characters:
            return ""
        font = cut(source / f"{name}.woff2", characters)
        if len(font) < SMALL and name not in FIRST:
            place = "data:font/woff2;base64," + base64.b64encode(font).decode()
        else:
            place = f"{folder.name}/" + write(folder, f"{name}.woff2", font)
            if name in FIRST:
                first.append(place)
        return SOURCES.sub(f'src:url({place}) format("woff2")', found[0])

    return FACE.sub(face, css), first
