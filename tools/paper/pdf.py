"""The book as one PDF for paper, A4: printed by Chromium, which tags it for screen readers and writes its outline.

Older versions of Chromium know no reference to a page, so the book is printed again until each page number that stands in it
is the one that Chromium gave to that page. WeasyPrint 70, tried on chapter 2, knows such references, but drew the cells of
figures gray, left wide blanks above and below them, and needs Pango.
"""

import tempfile
from datetime import UTC, datetime, time
from pathlib import Path

import matplotlib
import pikepdf

from cnnlab.palette import style_sheet
from tools import chromium
from tools.paper import trees
from tools.paper.trees import MATHML, element

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
KATEX = ROOT / "tools" / "katex" / "katex.min.css"
ICON = ROOT / "book" / "_static" / "favicon.svg"
MOST = 6  # times that the book may be printed until its page numbers are right
SHORT = 12  # lines of code that stay on one page
# Numbers in brackets, which lead to the list of works and back.
CITED = {"bibtex-citation", "label"}
UNKNOWN = "000"  # stands for a page number while none is known
MATPLOTLIBS = Path(matplotlib.get_data_path(), "fonts", "ttf")
# Figures are drawn with matplotlib's own fonts, so these are also the fonts of code and of characters that others lack.
FONTS = {
    "Source Serif": (
        HERE / "fonts",
        {
            ("normal", 400): "source-serif-4-latin-400-normal.woff2",
            ("italic", 400): "source-serif-4-latin-400-italic.woff2",
            ("normal", 600): "source-serif-4-latin-600-normal.woff2",
            ("italic", 600): "source-serif-4-latin-600-italic.woff2",
        },
    ),
    "DejaVu Sans": (
        MATPLOTLIBS,
        {("normal", 400): "DejaVuSans.ttf", ("normal", 700): "DejaVuSans-Bold.ttf"},
    ),
    "DejaVu Sans Mono": (
        MATPLOTLIBS,
        {
            ("normal", 400): "DejaVuSansMono.ttf",
            ("normal", 700): "DejaVuSansMono-Bold.ttf",
            ("italic", 400): "DejaVuSansMono-Oblique.ttf",
        },
    ),
    "STIX": (
        MATPLOTLIBS,
        {("normal", 400): "STIXGeneral.ttf", ("italic", 400): "STIXGeneralItalic.ttf"},
    ),
}


class NotPrinted(RuntimeError):
    """The book could not be printed; the message says what to do."""


def faces():
    """The fonts of the book as CSS."""
    rules = []
    for family, (folder, files) in FONTS.items():
        for (style, weight), name in files.items():
            rules.append(
                f'@font-face {{ font-family: "{family}"; font-style: {style}; font-weight: {weight}; '
                f'src: url("{(folder / name).as_uri()}"); }}'
            )
    return "\n".join(rules)


def heads(title, chapters):
    """Running heads as CSS: on the left page the book, on the right the chapter."""
    rules = [f"@page :left {{ @top-left {{ content: {quoted(title)}; }} }}"]
    rules += [
        f".chapter#{page.id} {{ page: {page.id}; }}\n"
        f"@page {page.id}:right {{ @top-right {{ content: {quoted(page.called)}; }} }}"
        for page in chapters
    ]
    return "\n".join(rules)


def quoted(words):
    """A string of CSS."""
    return '"' + words.replace("\\", "\\\\").replace('"', '\\"') + '"'


def title_page(about):
    """The first page, and what stands on its back."""
    icon = trees.parse(ICON.read_text(encoding="utf-8"))
    icon.set("aria-hidden", "true")
    front = element(
        "section",
        element("p", about.title, class_="title"),
        element("p", about.subtitle, class_="subtitle"),
        icon,
        element("p", about.author, class_="author"),
        element("p", f"{about.edition}", class_="edition"),
        class_="front",
    )
    back = element("section", *[element("p", line) for line in about.imprint], class_="imprint")
    return [front, back]


def contents(chapters):
    """The table of contents."""
    listed = element("nav", element("h1", "Contents"), class_="contents")
    for page in chapters:
        if page.part:
            listed.append(element("p", page.part, class_="part"))
        listed.append(line(page.id, page.called, "chapter-line"))
        for own, title, inner in page.sections:
            listed.append(line(own, title, "section-line"))
            listed.append(aims(inner))
    return listed


def aims(sections):
    """Links that nobody sees: Chromium notes the places that links lead to, and the outline needs those of all sections."""
    return element("p", *[element("a", href=f"#{own}") for own, _, _ in sections], hidden="")


def line(target, words, kind):
    """One line of the contents, with its page."""
    return element(
        "p",
        element(
            "a", element("span", words), element("span", class_="dots"), folio(target), href=f"#{target}"
        ),
        class_=kind,
    )


def folio(target):
    """A place for the number of the page on which something stands."""
    return element("span", UNKNOWN, class_="folio", data_of=target)


def refer(chapters):
    """Say of each reference on which page it leads, and of each link to the web what its address is."""
    for page in chapters:
        for found in list(page.body.iter("a")):
            address = found.get("href", "")
            cited = any(CITED.intersection(trees.classes(above)) for above in found.iterancestors("span"))
            if cited or any(above.tag in ("h2", "h3", "pre", "dt") for above in found.iterancestors()):
                continue
            if not address.startswith("#"):
                shown = address.removeprefix("https://").removeprefix("http://")
                if shown not in trees.text(found):
                    trees.put_behind(found, " (", element("span", shown, class_="address"), ")")
            elif trees.text(found):
                inside = (before(found) or "").rstrip().endswith("(")
                listed = page.name == "genindex"
                around = (", ", "") if listed else (", page ", "") if inside else (" (page ", ")")
                number = element("span", around[0], folio(address[1:]), around[1], class_="page")
                trees.put_behind(found, number)


def speak(page):
    """Give each formula its TeX as alternative text; KaTeX's MathML is for browsers, and Chromium prints nothing of it."""
    for drawn in trees.having(page.body, "katex"):
        hidden, shown = drawn
        drawn.set("role", "img")
        drawn.set("aria-label", " ".join(next(hidden.iter(f"{{{MATHML}}}annotation")).text.split()))
        del shown.attrib["aria-hidden"]
        trees.drop(hidden)


def aim(page):
    """Let links to a section lead to its heading: it may begin at the foot of a page, and its heading on the next."""
    for section in page.body.iter("section"):
        heading = next((found for found in section if found.tag in ("h2", "h3", "h4")), None)
        if heading is not None and section.get("id"):
            heading.set("id", section.attrib.pop("id"))


def hold_lines(page):
    """Put the lines of code into one element, which draws its bar beside each: a bar of the block would reach down to the
    foot of a page on which the next lines have no place."""
    for block in page.body.iter("pre"):
        lines = element("span", class_="lines")
        if "".join(block.itertext()).strip().count("\n") < SHORT:
            block.set("class", "short")
        trees.move(block, lines)
        block.append(lines)


def formulas(page):
    """The TeX of the formulas of a chapter."""
    return {drawn.get("aria-label") for drawn in trees.having(page.body, "katex")}


def before(found):
    """The text in front of an element, within its parent."""
    previous = found.getprevious()
    return found.getparent().text if previous is None else previous.tail


def document(about, chapters):
    """The whole book as one XHTML element, page numbers still unknown."""
    refer(chapters)
    for page in chapters:
        speak(page)
        aim(page)
        hold_lines(page)
    body = element("body", *title_page(about), contents(chapters))
    for page in chapters:
        opening = element("header", class_="opening")
        number = [element("span", page.number, class_="number"), " "] if page.number else []
        opening.append(element("h1", *number, page.title))
        body.append(element("section", opening, page.body, class_="chapter", id=page.id))
    head = element("head", element("meta", charset="utf-8"), element("title", about.title))
    head.append(element("link", rel="stylesheet", href=KATEX.as_uri()))
    head.append(element("style", "\n".join([faces(), style_sheet(), heads(about.title, chapters)])))
    head.append(element("link", rel="stylesheet", href=(HERE / "paper.css").as_uri()))
    return element("html", head, body, lang="en")


def number(book, pages):
    """Write page numbers where they belong: pages is {id: number}."""
    for place in trees.having(book, "folio"):
        place.text = str(pages.get(place.get("data-of"), UNKNOWN))


def places(pdf):
    """{id: (number of its page, where on it)} of everything in a PDF that a link leads to."""
    numbers = {page.objgen: number for number, page in enumerate(pdf.pages, 1)}
    return {
        name.removeprefix("/"): (numbers[place[0].objgen], place) for name, place in pdf.Root.Dests.items()
    }


def pages(path):
    """{id: number of its page} of everything in a PDF that a link leads to."""
    with pikepdf.open(path) as pdf:
        return {name: number for name, (number, _) in places(pdf).items()}


def print_all(book, printed, sheet):
    """Print until the page numbers in the book are its own; return how often that was, and raise NotPrinted if never.

    printed   the function that prints: the path of a page goes in, the path of a PDF comes out
    sheet     where the page is written
    """
    known = {}
    for count in range(1, MOST + 1):
        number(book, known)
        sheet.write_text("<!DOCTYPE html>\n" + trees.markup(book), encoding="utf-8")
        found = pages(printed(sheet))
        if found == known:
            return count
        known = found
    raise NotPrinted(f"The page numbers of the book still changed after it was printed {MOST} times.")


def add_outline(pdf, chapters):
    """Write the outline: parts, chapters, two levels of sections. Chromium's own has some titles twice."""
    found = places(pdf)

    def entry(title, target, above):
        item = pikepdf.OutlineItem(title, found[target][1])
        above.append(item)
        return item.children

    def add(sections, above):
        for own, title, inner in sections:
            add(inner, entry(title, own, above))

    with pdf.open_outline() as outline:
        part = outline.root
        for page in chapters:
            if page.part:
                part = entry(page.part, page.id, outline.root)
            add([(page.id, page.called, page.sections)], part)


def name_formulas(pdf, spoken):
    """Call formulas so in the structure for screen readers: Chromium calls all that has an alternative text a figure."""
    left = [pdf.Root.StructTreeRoot]
    while left:
        part = left.pop()
        if isinstance(part, pikepdf.Array):
            left += list(part)
        elif isinstance(part, pikepdf.Dictionary):
            if part.get("/S") == "/Figure" and str(part.get("/Alt", "")) in spoken:
                part.S = pikepdf.Name.Formula
            if "/K" in part:
                left.append(part.K)


def finish(path, about, chapters):
    """Write author, subject, date and outline into a PDF, and let it open with its outline and its title."""
    day = datetime.combine(about.edition.day or datetime.now(UTC).date(), time(), UTC)
    stamp = day.strftime("D:%Y%m%d000000Z")
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.docinfo["/Author"] = about.author
        pdf.docinfo["/Subject"] = f"{about.subtitle}. {about.edition}"
        pdf.docinfo["/CreationDate"] = pdf.docinfo["/ModDate"] = stamp
        pdf.Root.PageMode = pikepdf.Name.UseOutlines
        pdf.Root.ViewerPreferences = pikepdf.Dictionary(DisplayDocTitle=True)
        add_outline(pdf, chapters)
        name_formulas(pdf, {tex for page in chapters for tex in formulas(page)})
        # Packed into streams, the structure is a third as large.
        pdf.save(path, object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)
        return len(pdf.pages)


def write(about, chapters, target):
    """Print the book to `target`; return how it went, in words. Raises NotPrinted; exits with words without Chromium."""
    book = document(about, chapters)
    with chromium.opened() as browser, tempfile.TemporaryDirectory() as folder:
        page = browser.new_page()
        page.set_default_timeout(0)

        def printed(sheet):
            page.goto(sheet.as_uri())
            page.evaluate("document.fonts.ready.then(() => true)")
            page.pdf(path=target, prefer_css_page_size=True, print_background=True, tagged=True)
            return target

        count = print_all(book, printed, Path(folder, "book.xhtml"))
    return f"{finish(target, about, chapters)} pages, printed {count} times"
