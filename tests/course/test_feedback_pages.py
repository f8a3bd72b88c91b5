"""Feedback pages: complete, safe, on one's own without another host, what was lost first, and an example of each mistake."""

import json
import re
import time
import zipfile

import pytest
from markdown_it import MarkdownIt

from bench import course_corpus as corpus
from course.grader.output import pages, zips
from course.grader.points.problems import SETS
from course.grader.points.scoring import PartResult, Result
from course.grader.points.words import WORDS

PRISTINE = corpus.released("ps4")


def made(**changes):
    """A result of the fourth set in which the second part has a mistake and the third is not begun."""
    parts = [PartResult(part.name, part.points, part.points, "right") for part in SETS["ps4"].parts]
    parts[1] = PartResult(
        "chain",
        6,
        2.0,
        "partly right",
        lines=["`dw1` is wrong at `[0, 1]`."],
        misconceptions=["activation-derivative-missing"],
    )
    parts[2] = PartResult("tied", 5, 0.0, "wrong", misconceptions=["first-layer-forgotten"])
    sources = {
        "chain": "if a < b: pass",
        "letter": "Dear <script>alert(1)</script> friend, see http://x.invalid",
        "tied": "",
    }
    values = {
        "assignment": "ps4",
        "student": "ann",
        "parts": parts,
        "sources": sources,
        "remarks": ["The cell `hand` <b>moved</b>."],
    }
    return Result(**{**values, **changes})


def shown(result=None, **changes):
    result = result or made()
    marks = {part.name: pages.Mark(part.earned) for part in result.parts}
    marks["letter"] = pages.Mark(2.0, by_person=True, comment="Say <i>which</i> terms.\nAnd why.")
    values = {
        "name": "Ann <Berg>",
        "score": 10.0,
        "points": 20.0,
        "when": "handed in 2027-03-05 10:00 UTC",
        "marks": marks,
    }
    return pages.page(PRISTINE, result, pages.Submitted(**{**values, **changes}))


def test_a_page_says_who_when_and_how_much():
    page = shown()
    assert "Ann &lt;Berg&gt;, handed in 2027-03-05 10:00 UTC" in page and "10 of 20 points." in page
    assert '<html lang="en">' in page and 'name="viewport" content="width=device-width' in page
    assert "Problem set 4: through several layers" in page
    assert "To read again: the chapter Two convolutions and a tempting wrong answer." in page
    late = shown(penalty=3.0)
    assert "7 of 20 points (3 taken off for lateness)" in late


def test_what_was_lost_comes_first_under_the_sheets_headings():
    headings = re.findall(r"<h2>(.*?)</h2>", shown())
    assert headings[:3] == ["3. One kernel in two layers", "2. Three convolutions", "5. A letter"]
    assert len(headings) == 5 and "Test cell" not in shown()


def test_a_page_asks_nobody_for_anything_and_nothing_of_a_student_is_live():
    page = shown()
    for live in ("<script", "<i>", "<b>", "<img", "<link", "src=", "href=", "@import", "url("):
        assert live not in page
    assert "Dear &lt;script&gt;alert(1)&lt;/script&gt; friend" in page
    assert "Say &lt;i&gt;which&lt;/i&gt; terms." in page and "if a &lt; b: pass" in page


def test_a_mistake_comes_with_an_example_on_which_it_shows():
    page = shown()
    assert "An example of this mistake (only the second layer" in page
    assert "`" not in re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    numbers = re.search(r"is (\[\[.*?\]\]); with the mistake it is (\[\[.*?\]\])", page)
    assert numbers and numbers[1] != numbers[2]


def test_every_mistake_of_the_catalogue_is_shown_on_an_input():
    named = {(part, identifier) for _, part, _, _, identifier in corpus.catalogue()}
    without = {pair for pair in named if not pages.told_misconceptions(pair[0], (pair[1],))}
    assert without == set()


def test_a_mistake_leads_to_the_section_that_explains_it(monkeypatch):
    read = "<p>To read: <em>Why the rule holds always</em> in the chapter One weight, many connections.</p>"
    assert read in shown()
    monkeypatch.setattr(pages, "book_address", lambda: "https://book.example")
    assert (
        'href="https://book.example/book/one-weight-many-connections.html#why-the-rule-holds-always"'
        in shown()
    )


@pytest.mark.parametrize("identifier", WORDS)
def test_every_mistake_has_such_a_section(identifier):
    assert pages.to_read([identifier]).startswith("<p>To read: <em>")


def test_an_answer_that_nobody_marked_is_no_zero():
    result = made()
    marks = {part.name: pages.Mark(part.earned) for part in result.parts} | {
        "letter": pages.Mark(0.0, waits=True)
    }
    page = shown(result, marks=marks)
    assert "3 points, not marked yet" in page and "a person still has to read" in page


def test_nothing_handed_in_is_said():
    empty = made(
        status="nothing handed in", sources={}, parts=[PartResult("hand", 3, 0.0, "nothing handed in")]
    )
    assert "There is no notebook in the folder." in shown(empty, marks={"hand": pages.Mark(0.0)})


def test_a_thousand_pages_take_seconds():
    started = time.monotonic()
    for _ in range(1000):
        shown()
    assert time.monotonic() - started < 20


def canvas_takes(name):
    """(student's number, number of the file that was handed in), as Canvas reads a name in a zip."""
    return tuple([part for part in name.split("_") if part.isdigit()][:2])


def moodle_takes(path):
    """(number of the participant, file name), as Moodle reads a path in a zip."""
    info = path.split("/")[0].split("_", 4)
    assert info[2:4] == ["assignsubmission", "file"]
    return info[1], path.partition("/")[2]


class Folder:
    def __init__(self, root):
        self.root = root

    def folder(self, step, student, assignment):
        return self.root / step / student / assignment


def collected(platform, number, place):
    return {"platform": platform, "number": number, "place": place}


FROM = {
    "ann": collected("canvas", "101", "bergann_101_9001_ps4.ipynb"),
    "bob": collected("canvas", "102", "ruizbob_LATE_102_9009_ps4-1.ipynb"),
    "cleo": collected("moodle", "11", "CNN 4/Cleo Lin_11_assignsubmission_file/sub/PS4.ipynb"),
    "dan": collected("moodle", "12", "Dan van_Dam_12_assignsubmission_file_ps4.ipynb"),
    "eve": collected("canvas", "105", "eve_105_9005_ps4.ipynb"),
    "fay": collected("canvas", "106", "fay_106_9006_ps4.ipynb"),
    "guy": collected("", "", "guy/ps4.ipynb"),
}


def test_the_zips_are_named_as_the_platforms_look_for_them(tmp_path):
    """Eve waits for a mark, Fay did not hand in this set: neither is in a zip."""
    course = Folder(tmp_path)
    for student in set(FROM) - {"fay"}:
        course.folder("feedback", student, "ps4").mkdir(parents=True)
        (course.folder("feedback", student, "ps4") / "ps4.html").write_text(
            shown(name=student), encoding="utf-8"
        )
    found = dict.fromkeys(set(FROM) - {"fay"}, 10.0) | {"eve": None}
    paths, waiting = zips.write(course, "ps4", FROM, found)
    assert waiting == ["eve"]
    canvas, moodle = (zipfile.ZipFile(path) for path in paths)
    assert sorted(map(canvas_takes, canvas.namelist())) == [("101", "9001"), ("102", "9009")]
    assert sorted(map(moodle_takes, moodle.namelist())) == [("11", "ps4.html"), ("12", "ps4.html")]
    assert moodle.read("Cleo Lin_11_assignsubmission_file/ps4.html").decode() == shown(name="cleo")
    before = [path.read_bytes() for path in paths]
    assert (
        zips.write(course, "ps4", FROM, found)[0] == paths and [path.read_bytes() for path in paths] == before
    )
    assert zips.write(course, "ps4", FROM, {}) == ([], []) and not any(path.exists() for path in paths)


def test_what_goes_back_to_canvas_is_a_notebook_that_shows_the_page():
    """Canvas gives it the name of the file that was handed in, which ends in .ipynb."""
    result = made()
    result.sources["chain"] = "def f(x):\n\n    return '$a$ <b>', \"\\\\href\"\n"
    (cell,) = json.loads(zips.as_notebook(shown(result)))["cells"]
    (block,) = MarkdownIt("commonmark").parse(cell["source"])
    assert block.type == "html_block" and block.content == cell["source"]  # Markdown changes nothing of it
    assert "    return &#x27;&#36;a&#36; &lt;b&gt;&#x27;, &quot;&#92;&#92;href&quot;&#10;" in cell["source"]
    assert "Say &lt;i&gt;which&lt;/i&gt; terms.<br>And why." in cell["source"]
    assert "10 of 20 points." in cell["source"] and "$" not in cell["source"]
