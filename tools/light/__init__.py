"""What a reader's browser is sent: Sphinx's pages with everything taken out that no page uses.

`publish(built, output)` copies a book that Sphinx built and changes four things on the way. The theme's style sheets
become one with only the rules that can match something (`styles`); its icons become SVG in that style sheet, drawn
from the theme's icon fonts, which no page loads (`icons`); KaTeX's fonts keep the characters that the book's formulas have
(`fonts`); and the scripts become one that waits until the text stands (`pages`). The names of these files carry a
hash of their content, so a host may let browsers keep them for ever.

Upstream: pydata-sphinx-theme issue 2379 and pull request 2494 are about the weight of the icons.
"""

import hashlib
import shutil
from pathlib import Path

from tools.light import fonts, icons, pages, styles

KATEX = Path(__file__).resolve().parent.parent / "katex"
LEFT_OUT = shutil.ignore_patterns(
    "*.map", "*.css", "locales", "vendor", "fontawesome.js*", "webpack-*", "sbt-webpack-*"
)
LATER = ("run.css",)  # a style sheet that a script asks for when it is needed


def write(folder, name, content):
    """Write a file under a name that carries a hash of its content; return that name."""
    stem, _, ending = name.rpartition(".")
    name = f"{stem}.{hashlib.sha256(content).hexdigest()[:8]}.{ending}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return name


def copy(built, output):
    """Copy what is no page; folders in `output` that Sphinx knows nothing of stay."""
    output.mkdir(parents=True, exist_ok=True)
    for part in built.iterdir():
        if part.is_dir():
            shutil.rmtree(output / part.name, ignore_errors=True)
            shutil.copytree(
                part, output / part.name, ignore=lambda folder, names: LEFT_OUT(folder, names) - {*LATER}
            )
        elif part.suffix != ".html":
            shutil.copyfile(part, output / part.name)


def publish(built, output):
    """Write the pages that Sphinx put into `built` to `output`, as readers get them."""
    copy(built, output)
    static = output / "_static"
    written = [path for path in sorted(built.rglob("*.html")) if "_static" not in path.parts]
    texts = {path: path.read_text(encoding="utf-8") for path in written}
    # Jupyter Book's redirect is no page of the theme; book.py writes its own.
    texts = {path: text for path, text in texts.items() if pages.ROOT.search(text)}
    seen = pages.look(texts.values())
    scripts, sheets = pages.assets(texts.values())

    bundled = [name for name in scripts if pages.is_bundled(name, seen.words)]
    # The semicolon in front keeps the first script's "use strict" from counting for all.
    code = ";" + ";\n".join(
        pages.storing_if_allowed(name, (built / name).read_text(encoding="utf-8")) for name in bundled
    )
    code = pages.without_tab_stops(pages.SOURCE_MAP.sub("", code))
    code += ";\n" + (KATEX / "copy-tex.min.js").read_text(encoding="utf-8")
    script = "_static/" + write(static, "book.js", code.encode())
    for name in scripts:
        if not pages.stays(name):
            (output / name).unlink(missing_ok=True)

    css = (KATEX / "katex.min.css").read_text(encoding="utf-8")
    css += "".join(pages.sheet_text(built, name) for name in sheets)
    css = styles.cut(css, seen.words | set(pages.WORD.findall(code)), named="".join(texts.values()) + code)
    css = icons.in_styles(css, built / "_static" / icons.FONTS)
    css, first = fonts.in_styles(css, KATEX / "fonts", seen.formulas, static / "katex", write)
    sheet = "_static/" + write(static, "book.css", css.encode())

    options = (built / "_static" / pages.OPTIONS).read_text(encoding="utf-8")
    for path, text in texts.items():
        preloaded = [f"_static/{font}" for font in first] if 'class="katex"' in text else []
        text = pages.lighten(text, options, sheet, script, preloaded)
        (output / path.relative_to(built)).write_text(text, encoding="utf-8")
