"""The book as one volume, for paper and e-readers: what becomes of a page, page numbers that are right, files that agree."""

import re
import zipfile
from datetime import date
from xml.etree import ElementTree

import pytest

from tools import edition, programs
from tools.paper import epub, pdf, trees, volume
from tools.paper.about import About

ABOUT = About(
    title="A <book>",
    subtitle="About nets",
    author="Somebody",
    edition=edition.Edition("2.0", date(2026, 3, 4), "abc1234"),
    year="2026",
)
FORMULA = (
    '<span class="katex"><span class="katex-mathml"><math xmlns="http://www.w3.org/1998/Math/MathML"><semantics>'
    '<mrow><mn>0.3</mn></mrow><annotation encoding="application/x-tex">0.3</annotation></semantics></math></span>'
    '<span class="katex-html" aria-hidden="true"><span class="mord">0.3</span></span></span>'
)
PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9" role="img" aria-label="x: 1"><defs><clipPath id="p1">'
    '<rect width="9"/></clipPath></defs><g id="axes" clip-path="url(#p1)" style="fill:var(--cnnlab-input, #538AF9)"/>'
    '<use xlink:href="#axes"/><text font-weight="700">One table</text></svg>'
)
FIRST = f"""<html><head></head><body><article>
<section id="first">
<h1><span class="section-number">1. </span>First &amp; foremost<a class="headerlink" href="#first">#</a></h1>
<p>Read <a href="second.html#far">on</a>, (<a href="#part">below</a>), <a href="https://example.org/x">there</a>,
<a href="../live/open.html">live</a>, <a href="../live/second.ipynb">a sheet</a>; {FORMULA}.</p>
<table><thead><tr><th>Set</th><th>Work on it</th><th>Read</th></tr></thead><tbody>
<tr><td>1</td><td><a href="../live/open.html?chapter=a">Open</a><br><a href="a.ipynb">Download</a></td>
<td><a href="second.html">Two</a></td></tr></tbody></table>
<section id="part"><h2>Part<a class="headerlink" href="#part">#</a></h2>
<div class="cell"><details class="admonition hide behind"><summary><p class="collapsed">Show the code</p></summary>
<pre>code that draws</pre></details></div>
<div class="cell"><div class="cell_output"><div class="cnnlab-widget" data-model="7">
<div class="cnnlab-still cnnlab-answer"><p>What is dw[0]?</p><details><summary>A hint</summary><p>Add them.</p></details>
<details><summary>Show the answer</summary><p><code>0.4</code> Right.</p><ul>
<li><code>0.5</code>: 0.5 is what this mistake gives: too much. No.</li>
<li><code>7</code>: 7 is what this mistake gives: = for +=. No.</li></ul></details></div>
</div></div></div>
<div class="predict" data-box="7"><p class="ask"><span class="on-screen"><button>Show me</button></span></p>
<div class="answer" id="answer-1"><p>Because 0.1 + 0.3 = 0.4.</p></div></div>
<p>It goes on.</p>
<figure class="cnnlab-figure">{PICTURE}<figcaption>Where?</figcaption></figure>
<figure class="cnnlab-figure cnnlab-still">{PICTURE}</figure>
<section id="exercise-1"><h3>Exercise 1: the sum</h3>
<div class="cell"><pre>raise NotImplementedError</pre><div class="cell_output">
<div class="cnnlab-report cnnlab-report-not-passed">f: not written yet.</div></div></div>
<div class="cell"><details class="admonition hide"><summary><p class="collapsed">Show the solution</p></summary>
<pre>return 12.5</pre></details></div>
<div class="admonition dropdown"><p class="admonition-title">What to write</p><p>Add all of them.</p></div>
<div class="admonition dropdown"><p class="admonition-title">Why</p><p>See <a href="#part">above</a>.</p></div>
</section></section></section></article></body></html>"""
SECOND = """<article><section id="second"><h1>Second</h1><section id="far"><h2>Far</h2>
<details class="admonition hide"><summary><p class="collapsed">Show the counts</p></summary><p>7</p></details>
</section></section></article>"""


@pytest.fixture
def chapters():
    """The two pages as a volume."""
    pages = [volume.chapter("book/first", FIRST, "A part"), volume.chapter("book/second", SECOND)]
    return volume.put_together(pages)


def said(found):
    """The words of an element, with a space between any two elements."""
    return " ".join(" ".join(found.itertext()).split())


def ids(chapters):
    return [found.get("id") for page in chapters for found in page.body.iter() if found.get("id")]


def test_a_page_written_as_xhtml_is_well_formed_and_says_the_same():
    page = trees.article("<article><p>a < b &amp; c<br>d</p><p></p>" + PICTURE + FORMULA + "</article>")
    written = trees.markup(page)
    again = ElementTree.fromstring(written)
    assert "".join(again.itertext()) == "".join(page.itertext())
    assert again.find(".//{http://www.w3.org/2000/svg}clipPath") is not None, (
        "names in SVG have lost their capitals"
    )
    assert again.find(".//{http://www.w3.org/1998/Math/MathML}mn").text == "0.3"
    assert "<p></p>" in written and "<br/>" in written
    with pytest.raises(ValueError, match="make html"):
        trees.article("<html><body>no text</body></html>")


def test_nothing_is_lost_where_the_tree_is_changed():
    page = trees.parse("<div>0<b>1<i>2</i>3</b>4<b>5</b>6</div>")
    first, second = page.findall("b")
    trees.unwrap(first)
    trees.replace(second, "x", trees.element("u", "y"), "z")
    trees.put_first(page, trees.element("s", "a"), "b")
    trees.put_behind(page.find("i"), "c")
    assert trees.markup(page) == "<div><s>a</s>b01<i>2</i>c34x<u>y</u>z6</div>"
    trees.drop(page.find("i"))
    assert trees.markup(page) == "<div><s>a</s>b01c34x<u>y</u>z6</div>"


def test_an_answer_box_becomes_a_question_and_its_answer_stands_at_the_end(chapters):
    page = chapters[0]
    question, answer = (trees.having(page.body, name)[0] for name in ("question", "answer"))
    assert "What is dw[0]?" in trees.text(question) and "0.4" not in trees.text(question)
    assert trees.having(question, "room")
    for words in (
        "Add them.",
        "0.4 Right.",
        "0.5: Too much. No.",
        "7: = for +=. No.",
        "Because 0.1 + 0.3 = 0.4.",
    ):
        assert words in trees.text(answer)
    assert page.body[-1] in list(answer.iterancestors())
    assert question.find(".//a").get("href") == f"#{answer.get('id')}"
    for words in ("Show", "hint", "code that draws", "#"):
        assert words not in trees.text(page.body)


def test_solutions_stand_at_the_end_of_the_book(chapters):
    page, _, solutions = chapters
    assert "12.5" not in trees.text(page.body) and "not written yet" not in trees.text(page.body)
    assert said(solutions.body) == "1 First & foremost Exercise 1: the sum return 12.5 See above ."
    exercise = next(found for found in page.body.iter("section") if found.get("id") == "first--exercise-1")
    assert len(trees.having(exercise, "room")) == 1
    assert "What to write Add all of them." in said(exercise), "a task is no solution"
    pointers = trees.having(exercise, "where")
    assert [found.find("a").get("href") for found in pointers] == ["#first--exercise-1-solution"]


def test_what_was_folded_is_open_and_no_longer_told_to_show(chapters):
    fold = trees.having(chapters[1].body, "admonition")[0]
    assert fold.tag == "div" and said(fold) == "The counts 7"


def test_figures_are_numbered_and_each_has_a_caption(chapters):
    captions = [trees.text(found) for page in chapters for found in page.body.iter("figcaption")]
    assert captions == ["Figure 1. Where?", "Figure 2. One table."]


def test_each_id_stands_once_and_each_link_leads_somewhere(chapters):
    found = ids(chapters)
    assert len(found) == len(set(found))
    links = [link for page in chapters for link in page.body.iter("a")]
    inside = [link.get("href")[1:] for link in links if link.get("href").startswith("#")]
    assert set(inside) <= {*found, *(page.id for page in chapters)}
    assert {"second--far", "first--part"} <= set(inside)
    words = [trees.text(link) for link in links]
    assert "live" not in words and "a sheet" not in words, "a link to what is not in the book"
    assert "live, a sheet" in trees.text(chapters[0].body)
    clips = re.findall(r'clip-path="url\(#([^)]+)\)"', trees.markup(chapters[0].body))
    assert len(set(clips)) == 2 and set(clips) <= set(found), "two pictures share what clips them"
    assert '<use xlink:href="#first--picture-0-axes"/>' in trees.markup(chapters[0].body)
    assert 'viewBox="0 0 9 9"' in trees.markup(chapters[0].body)


def test_a_column_of_a_table_with_nothing_but_links_to_click_is_left_out(chapters):
    table = next(chapters[0].body.iter("table"))
    assert [said(row) for row in table.iter("tr")] == ["Set Read", "1 Two"]


def test_the_lines_of_code_are_one_element_and_say_the_same(chapters):
    before = ["".join(code.itertext()) for page in chapters for code in page.body.iter("pre")]
    book = pdf.document(ABOUT, chapters)
    assert before == ["".join(code.itertext()) for code in book.iter("pre")]
    assert {code.get("class") for code in book.iter("pre")} == {"short"}
    assert all([trees.classes(held) for held in code] == [["lines"]] for code in book.iter("pre"))


def test_chapters_know_their_numbers_titles_and_sections(chapters):
    assert [page.called for page in chapters] == [
        "1 First & foremost",
        "Second",
        "Solutions of the exercises",
    ]
    exercise = ("first--exercise-1", "Exercise 1: the sum", [])
    assert chapters[0].sections[0] == ("first--part", "Part", [exercise])


def test_the_index_is_one_list_a_letter():
    page = volume.index(
        '<article><h1>Index</h1><h2 id="A">A</h2><table><tr><td><ul><li><a href="book/first.html#a">a</a></li></ul></td>'
        '<td><ul><li><a href="book/first.html#b">b</a></li></ul></td></tr></table></article>'
    )
    assert [said(found) for found in page.body] == ["A", "a b"]


def test_references_say_their_page_and_web_links_their_address(chapters):
    book = pdf.document(ABOUT, chapters)
    pdf.number(book, {"second--far": 12, "first--part": 7})
    words = trees.text(book)
    assert "Read on (page 12), (below, page 7), there (example.org/x)" in words
    contents = said(trees.having(book, "contents")[0])
    assert "A part 1 First & foremost" in contents and "Part 7" in contents and "Far 12" in contents
    ElementTree.fromstring(trees.markup(book))


def printer(monkeypatch, answers):
    """Print nothing, and find the places that `answers` gives, one after the other; the written books are kept."""
    books, left = [], iter(answers)
    monkeypatch.setattr(pdf, "pages", lambda path: next(left))
    return books, lambda sheet: books.append(sheet.read_text())


def test_the_book_is_printed_until_its_page_numbers_are_right(chapters, monkeypatch, tmp_path):
    book = pdf.document(ABOUT, chapters)
    books, printed = printer(monkeypatch, [{"second--far": 9}, {"second--far": 10}, {"second--far": 10}])
    assert pdf.print_all(book, printed, tmp_path / "book.xhtml") == 3
    shown = [re.findall(r'data-of="second--far">(\d+)<', text)[0] for text in books]
    assert shown == [pdf.UNKNOWN, "9", "10"]


def test_page_numbers_that_never_come_to_rest_are_an_error(chapters, monkeypatch, tmp_path):
    book = pdf.document(ABOUT, chapters)
    _, printed = printer(monkeypatch, ({"second--far": count} for count in range(99)))
    with pytest.raises(pdf.NotPrinted, match="page numbers"):
        pdf.print_all(book, printed, tmp_path / "book.xhtml")


def test_without_chromium_the_command_says_how_to_get_it(chapters, monkeypatch, tmp_path):
    monkeypatch.setattr(programs, "find", lambda package: None)
    with pytest.raises(SystemExit, match=r"chromium.*apt-get install"):
        pdf.write(ABOUT, chapters, tmp_path / "book.pdf")


@pytest.fixture
def packed(chapters, tmp_path):
    """The files of an EPUB: {name: text}."""
    target = tmp_path / "book.epub"
    epub.write(ABOUT, chapters, target)
    with zipfile.ZipFile(target) as archive:
        assert archive.infolist()[0].filename == "mimetype"
        assert archive.infolist()[0].compress_type == zipfile.ZIP_STORED
        return {name: archive.read(name) for name in archive.namelist()}


def test_an_epub_has_mathml_names_all_its_files_and_leads_from_one_to_the_other(packed):
    first = packed["EPUB/first.xhtml"].decode()
    page = ElementTree.fromstring(first)
    formula = page.find(".//{http://www.w3.org/1998/Math/MathML}math")
    assert formula.get("alttext") == "0.3" and "katex" not in first
    assert 'href="second.xhtml#second--far"' in first and 'href="#first--part"' in first
    assert "fill:#538AF9" in first and "var(" not in first
    opf = packed["EPUB/package.opf"].decode()
    listed = set(re.findall(r'<item id="[^"]+" href="([^"]+)"', opf))
    assert {f"EPUB/{name}" for name in listed} | {
        "mimetype",
        "META-INF/container.xml",
        "EPUB/package.opf",
    } == set(packed)
    assert re.search(r'href="first.xhtml"[^>]*properties="mathml svg"', opf)
    assert "A &lt;book&gt;" in opf and "commit abc1234" in opf
    for name, content in packed.items():
        if name.endswith((".xhtml", ".opf", ".xml")):
            ElementTree.fromstring(content)


def test_both_files_carry_version_and_commit(chapters, packed):
    assert "Version 2.0, 4 March 2026, commit abc1234" in packed["EPUB/title.xhtml"].decode()
    assert "Version 2.0, 4 March 2026, commit abc1234" in trees.text(pdf.document(ABOUT, chapters))
