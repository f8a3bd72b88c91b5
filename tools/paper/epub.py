"""The book as one EPUB 3 for e-readers: XHTML with MathML, made without any other program.

Formulas keep the half of KaTeX's work that is MathML, with their TeX beside it. Pictures are SVG with real text, in the
colors of the palette that read on white and on black.
"""

import io
import re
import uuid
from datetime import UTC, datetime, time
from html import escape
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from tools import edition
from tools.book import icon
from tools.paper import trees
from tools.paper.pdf import MATPLOTLIBS
from tools.paper.trees import EPUB, MATHML, element

HERE = Path(__file__).resolve().parent
FOLDER = "EPUB"
IDENTIFIER = uuid.uuid5(uuid.NAMESPACE_URL, "cnnlab-book").urn
COVER = (1600, 2400)
COLOR = re.compile(r"var\(--[\w-]+,\s*([^)]+)\)")
CONTAINER = f"""<?xml version="1.0" encoding="UTF-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="{FOLDER}/package.opf" media-type="application/oebps-package+xml"/></rootfiles>
</container>
"""
# What helps a reader to choose; schema.org says what the words mean.
ACCESS = {
    "accessMode": ("textual", "visual"),
    "accessModeSufficient": ("textual", "textual,visual"),
    "accessibilityFeature": (
        *("alternativeText", "displayTransformability", "MathML", "readingOrder", "structuralNavigation"),
        "tableOfContents",
    ),
    "accessibilityHazard": ("none",),
    "accessibilitySummary": (
        "Formulas are MathML. Each picture has an alternative text with its numbers. Headings and contents lead everywhere.",
    ),
}


def for_reader(page):
    """Change a chapter into what e-readers know: MathML for formulas, plain colors, no lines to write on."""
    for gone in trees.having(page.body, "room"):
        trees.drop(gone)
    for display in trees.having(page.body, "katex-display"):
        formula(display).set("display", "block")
    for inline in trees.having(page.body, "katex"):
        formula(inline)
    for found in page.body.iter():
        if "var(" in found.get("style", ""):
            found.set("style", COLOR.sub(r"\1", found.get("style")))


def formula(drawn):
    """Put its MathML in the place of a formula that KaTeX drew; the MathML element is returned."""
    math = next(drawn.iter(f"{{{MATHML}}}math"))
    math.tail = None
    for found in math.iter():
        for name in [name for name, value in found.attrib.items() if not value]:
            del found.attrib[
                name
            ]  # KaTeX writes columnspacing="" for columns without space, which MathML does not know
    math.set("alttext", next(math.iter(f"{{{MATHML}}}annotation")).text)
    trees.replace(drawn, math)
    return math


def sheet(title, *content, **attributes):
    """One file of the book."""
    head = element("head", element("meta", charset="utf-8"), element("title", title))
    head.append(element("link", rel="stylesheet", href="style.css", type="text/css"))
    page = element("html", head, element("body", *content, **attributes), lang="en")
    return '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE html>\n' + trees.markup(page)


def lead(chapters):
    """Let links lead to the file that has their place."""
    file = {page.id: page.name for page in chapters}
    file |= {found.get("id"): page.name for page in chapters for found in page.body.iter() if found.get("id")}
    for page in chapters:
        for found in page.body.iter("a"):
            target = found.get("href", "").removeprefix("#")
            if target in file and file[target] != page.name:
                found.set("href", f"{file[target]}.xhtml#{target}")


def chapter_sheet(page):
    """A chapter as a file."""
    number = [element("span", page.number, class_="number"), " "] if page.number else []
    section = element("section", element("h1", *number, page.title), id=page.id)
    trees.move(page.body, section)
    return sheet(page.called, section)


def contents(chapters):
    """The file with which e-readers navigate: parts, chapters, sections."""
    listed = top = element("ol")
    for page in chapters:
        if page.part:
            listed = element("ol")
            top.append(element("li", element("span", page.part), listed))
        entry = element("li", element("a", page.called, href=f"{page.name}.xhtml"))
        own = [
            element("li", element("a", title, href=f"{page.name}.xhtml#{id_}"))
            for id_, title, _ in page.sections
        ]
        if own:
            entry.append(element("ol", *own))
        listed.append(entry)
    nav = element("nav", element("h1", "Contents"), top, role="doc-toc", id="toc")
    nav.set(f"{{{EPUB}}}type", "toc")
    return sheet("Contents", nav)


def title_sheet(about):
    """The title page and what stands on its back."""
    front = element("section", element("h1", about.title), element("p", about.subtitle), class_="front")
    front.append(element("p", about.author))
    back = element("section", *[element("p", line) for line in about.imprint], class_="imprint")
    return sheet(about.title, front, back)


def cover(about):
    """The picture that a library shows: the book's icon and its title, as PNG."""
    width, height = COVER
    picture = Image.new("RGB", COVER, "white")
    brush = ImageDraw.Draw(picture)
    large = ImageFont.truetype(MATPLOTLIBS / "STIXGeneralBol.ttf", 168)
    small = ImageFont.truetype(MATPLOTLIBS / "STIXGeneral.ttf", 72)
    top = 240
    for line in wrapped(about.title, large, width - 320):
        brush.text((160, top), line, "black", large)
        top += 196
    top += 60
    for line in wrapped(about.subtitle, small, width - 320):
        brush.text((160, top), line, "black", small)
        top += 92
    drawn = icon(800)
    picture.paste(drawn, (110, height - 1150), drawn)  # its rectangles stand a little inside
    brush.text((160, height - 230), about.author, "black", small)
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()


def wrapped(words, font, width):
    """Words in lines that are no wider than this in this font."""
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def package(about, files, spine):
    """What the book consists of, and what it says of itself.

    files  {name: content}; spine  the names of the pages in reading order
    """
    day = datetime.combine(about.edition.day or datetime.now(UTC).date(), time(), UTC)
    metadata = [
        f'<dc:identifier id="book">{IDENTIFIER}</dc:identifier>',
        f"<dc:title>{escape(about.title)}</dc:title>",
        f"<dc:creator>{escape(about.author)}</dc:creator>",
        "<dc:language>en</dc:language>",
        f"<dc:description>{escape(f'{about.subtitle}. {about.edition}.')}</dc:description>",
        f"<dc:date>{day:%Y-%m-%d}</dc:date>",
        "<dc:rights>CC BY 4.0</dc:rights>",
        f'<meta property="dcterms:modified">{day:%Y-%m-%dT%H:%M:%SZ}</meta>',
    ]
    metadata += [
        f'<meta property="schema:{name}">{escape(value)}</meta>'
        for name, values in ACCESS.items()
        for value in values
    ]
    items = [
        f'<item id="{item_id(name)}" href="{name}" media-type="{kind(name)}"{properties(name, content)}/>'
        for name, content in files.items()
    ]
    order = [f'<itemref idref="{item_id(name)}"/>' for name in spine]
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="book" xml:lang="en">\n'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">\n' + "\n".join(metadata) + "\n</metadata>\n"
        "<manifest>\n"
        + "\n".join(items)
        + "\n</manifest>\n<spine>\n"
        + "\n".join(order)
        + "\n</spine>\n</package>\n"
    )


def item_id(name):
    """The id of a file in the list of all files."""
    return name.replace(".", "-")


def kind(name):
    """The media type of a file."""
    return {"xhtml": "application/xhtml+xml", "css": "text/css", "png": "image/png"}[name.rpartition(".")[2]]


def properties(name, content):
    """What a reader has to know of a file before it opens it."""
    found = {"nav.xhtml": ["nav"], "cover.png": ["cover-image"]}.get(name, [])
    if name.endswith(".xhtml"):
        found = [
            *found,
            *(word for word, tag in {"mathml": "<math ", "svg": "<svg "}.items() if tag in content),
        ]
    return f' properties="{" ".join(found)}"' if found else ""


def write(about, chapters, target):
    """Write the book to `target`; return how it went, in words."""
    for page in chapters:
        for_reader(page)
    lead(chapters)
    files = {
        "cover.xhtml": sheet(
            "Cover", element("img", src="cover.png", alt=f"Cover: {about.title}"), class_="cover"
        ),
        "title.xhtml": title_sheet(about),
        "nav.xhtml": contents(chapters),
        **{f"{page.name}.xhtml": chapter_sheet(page) for page in chapters},
    }
    spine = list(files)
    files |= {"style.css": (HERE / "epub.css").read_text(encoding="utf-8"), "cover.png": cover(about)}
    files = {"package.opf": package(about, files, spine), **files}
    packed = {"mimetype": "application/epub+zip", "META-INF/container.xml": CONTAINER}
    packed |= {f"{FOLDER}/{name}": content for name, content in files.items()}
    edition.write_zip(target, packed, stored=("mimetype",))
    return f"{len(spine)} files"
