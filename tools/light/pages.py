"""The pages themselves: what is on them, which scripts and style sheets they ask for, and the same with less."""

import posixpath
import re
from collections import defaultdict
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import PurePosixPath

WORD = re.compile(r"[A-Za-z_][\w-]*")
ROOT = re.compile(r'<html[^>]* data-content_root="([^"]*)"')
SCRIPT = re.compile(r'[ \t]*<script(?![^>]*type=)[^>]* src="(?P<src>[^":?]+)[^"]*"[^>]*></script>\n?')
INLINE = re.compile(r"[ \t]*<script>(?P<code>[^<]*)</script>\n?")
SHEET = re.compile(r'[ \t]*<link (?=[^>]*rel="stylesheet")[^>]*href="(?P<src>[^":?]+)[^"]*"[^>]*>\n?')
PRELOADED_SCRIPT = re.compile(r'[ \t]*<link rel="preload" as="script"[^>]*>\n?')
VIEWPORT = re.compile(r'\s*<meta name="viewport"[^>]*>')
MODE = re.compile(r"(dataset\.theme = localStorage[^\n]*\n)")
SOURCE_MAP = re.compile(r"//# sourceMappingURL=\S+")  # names a file that is left out
# When all is loaded, and after every change by a widget, the theme asks each box whether it scrolls, changes it, and asks
# the next; for each the page is laid out again. book.js gives tab stops to those that scroll, and to no other.
TAB_STOPS = re.compile(r'"complete"===document\.readyState\?(\w+)\(\):window\.addEventListener\("load",\1\)')
IMPORT = re.compile(r"""@import\s+(?:url\()?["']?([^"')]+)["']?\)?;""")
URL = re.compile(r"""url\((?!["']?(?:data:|#))["']?([^)"']+)["']?\)""")

# Stands in each page, because the lines behind it speak of that page.
OPTIONS = "documentation_options.js"
# Only the search page searches; the theme loads these everywhere, for a search as one types, which is off here.
SEARCH = ("searchtools.js", "language_data.js", "searchindex.js")
# Not in the bundle: the theme's menus and tooltips, which book.js fetches when a hand comes near one.
LATER = ("bootstrap.js",)
# Scripts that do nothing unless a page has an element of this class; None: this book never needs them.
NEEDS = {"design-tabs.js": "sd-tab-set", "fontawesome.js": None, "sphinx-thebe.js": None}
# The theme decides on dark or light in a script that comes after the first paint; so does this, before it.
CHOOSE = """    if (document.documentElement.dataset.mode === "auto")
      document.documentElement.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
"""
# Where a reader lets a page keep nothing, there is no storage, or to ask for it is an error. The theme and Sphinx do not
# expect that, and what shares a file with them would end, too: they get storages that keep nothing. The book's own scripts
# ask themselves.
FORGETFUL = """<script data-cfasync="false">
    var themeKeeps = {};
    for (const name of ["localStorage", "sessionStorage"]) {
      try {
        themeKeeps[name] = window[name];
      } catch {}
      themeKeeps[name] ??= { getItem: () => null, setItem() {}, removeItem() {} };
    }
  </script>
"""
STORING = ("pydata-sphinx-theme.js", "sphinx_highlight.js", "sphinx-book-theme.js", "doctools.js")
STORAGE = re.compile(r"\b(?:local|session)Storage\b")
# The theme calls the button "Search"; its visible words are "Search Ctrl+K", and who speaks to a browser says those.
CALLED = re.compile(r'(<button class="btn search-button-field[^>]*?) aria-label="[^"]*"')


@dataclass
class Seen(HTMLParser):
    """What stands on the pages: words that a style sheet can ask for, and the characters of formulas.

    words     classes, ids, and words of scripts, which add classes
    formulas  {class: characters that KaTeX drew inside an element of this class}
    """

    words: set = field(default_factory=set)
    formulas: defaultdict = field(default_factory=lambda: defaultdict(set))

    def __post_init__(self):
        super().__init__()
        self.around, self.in_script = [], False

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        classes = (given.get("class") or "").split()
        self.words.update(classes, filter(None, [given.get("id")]))
        if tag == "span" and (self.around or "katex-html" in classes):
            self.around.append(classes)
        self.in_script = tag == "script"

    def handle_endtag(self, tag):
        if tag == "span" and self.around:
            self.around.pop()
        self.in_script = False

    def handle_data(self, data):
        for name in {name for classes in self.around for name in classes}:
            self.formulas[name].update(data)
        if self.in_script:
            self.words.update(WORD.findall(data))


def look(texts):
    """What stands on these pages."""
    seen = Seen()
    for text in texts:
        seen.feed(text)
    return seen


def root_of(html):
    """The way from a page to the book's folder, as in `../`."""
    return ROOT.search(html)[1]


def sources(pattern, html, root):
    """The files below the book's folder that a page asks for in this way, in order."""
    return [found["src"].removeprefix(root).removeprefix("./") for found in pattern.finditer(html)]


def stays(name):
    """Whether a script remains a file of its own."""
    return PurePosixPath(name).name in (*SEARCH, *LATER)


def is_bundled(name, words):
    """Whether a script goes into the one that all pages share."""
    file = PurePosixPath(name).name
    return not stays(name) and file != OPTIONS and (file not in NEEDS or NEEDS[file] in words)


def assets(pages):
    """The scripts and the style sheets that pages ask for, each once, in the order in which they come."""
    scripts, sheets = {}, {}
    for html in pages:
        root = root_of(html)
        scripts |= dict.fromkeys(sources(SCRIPT, html, root))
        sheets |= dict.fromkeys(sources(SHEET, html, root))
    return list(scripts), list(sheets)


def sheet_text(built, name):
    """A style sheet with those that it imports, and with addresses that start in `_static`, wherever it stood."""
    folder = PurePosixPath(name).parent

    def place(address):
        return posixpath.normpath(folder / address)

    # Own text and the addresses of what it imports take turns.
    pieces = IMPORT.split((built / name).read_text(encoding="utf-8"))
    pieces[1::2] = [sheet_text(built, place(address)) for address in pieces[1::2]]
    pieces[::2] = [
        URL.sub(lambda found: f"url({posixpath.relpath(place(found[1]), '_static')})", piece)
        for piece in pieces[::2]
    ]
    return "".join(pieces)


def storing_if_allowed(name, code):
    """A script's code, which does without the storage where it is denied if it is the theme's or Sphinx's."""
    return STORAGE.sub(r"themeKeeps.\g<0>", code) if PurePosixPath(name).name in STORING else code


def without_tab_stops(code):
    """The theme's script without the part that gives tab stops to boxes. Raises ValueError where there is no such part."""
    code, found = TAB_STOPS.subn("0", code)
    if found != 1:
        raise ValueError(
            f"tools.light.pages.TAB_STOPS found {found} places in the theme's script, and must find one: see what the "
            "theme does now for boxes that scroll"
        )
    return code


def lighten(html, options, sheet, script, fonts):
    """A page that asks for one style sheet, one script and the fonts of its formulas.

    options  the text of documentation_options.js, which goes into the page
    sheet, script, fonts  their addresses, as seen from the book's folder
    """
    root = root_of(html)
    head, tag, body = html.partition("</head>")
    inline = "\n".join([options, *(found["code"].strip() for found in INLINE.finditer(head))])
    searching = [s for s in sources(SCRIPT, head, root) if PurePosixPath(s).name in SEARCH]
    searching = searching if 'id="search-results"' in body else []
    links = [f'<link rel="stylesheet" href="{root}{sheet}">']
    links += [
        f'<link rel="preload" href="{root}{font}" as="font" type="font/woff2" crossorigin>' for font in fonts
    ]
    links += [f"<script>{inline}</script>"]
    links += [f'<script defer src="{root}{name}"></script>' for name in (script, *searching)]
    for pattern in (INLINE, SCRIPT, SHEET, PRELOADED_SCRIPT):
        head = pattern.sub("", head)
    first = VIEWPORT.search(head)
    head = head[: first.end()] + VIEWPORT.sub("", head[first.end() :])
    head = STORAGE.sub(r"themeKeeps.\g<0>", MODE.sub(lambda found: found[0] + CHOOSE, head))
    head = head[: first.end()] + "\n" + FORGETFUL + head[first.end() :]
    return head + "\n".join(links) + "\n" + tag + CALLED.sub(r"\1", SCRIPT.sub("", body))
