"""The second class on both roads: no forged point, no honest point lost in silence, and nothing stops the batch."""

import re
import time
import zipfile
from html.parser import HTMLParser

import pytest
import roads
import second_class as second
from nbconvert.filters.markdown_mistune import markdown2html_mistune

from bench import course_corpus as corpus
from bench.course import make_course
from cnnlab.handin import reading
from course.grader import collect, run
from course.grader.output import feedback, kept, pages
from course.grader.points import scoring
from course.grader.sandbox import outside

pytestmark = pytest.mark.slow

LIMITS = outside.Limits(memory=1 << 29, part_seconds=2, notebook_seconds=12)


def everybody():
    """{student: (kind, name, bytes)} of the whole class."""
    found = [("forged", name, corpus.as_bytes(second.forged(code))) for name, code in second.FORGED.items()]
    found += [
        ("broken", name, corpus.as_bytes(second.broken(code))) for name, (code, _) in second.BROKEN.items()
    ]
    found += [
        ("honest", name, corpus.as_bytes(second.honest(code))) for name, code in second.IN_OTHER_WORDS.items()
    ]
    found += [
        ("honest", name, corpus.as_bytes(second.changed(action))) for name, action in second.SAVED.items()
    ]
    found += [("honest", name, data) for name, data in second.encoded().items()]
    found += [("unreadable", name, data) for name, data in second.UNREADABLE.items()]
    return {f"s{n:03}": entry for n, entry in enumerate(found)}


CLASS = everybody()


def zipped(path):
    """The class as Canvas hands it out, with what its machines leave in such a zip."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for n, (student, (_, _, data)) in enumerate(CLASS.items()):
            archive.writestr(f"__MACOSX/{student}_{1000 + n}_7_._ps1.ipynb", b"\0\5")
            archive.writestr(
                f".ipynb_checkpoints/{student}_{1000 + n}_7_ps1.ipynb",
                corpus.as_bytes(corpus.released("ps1")),
            )
            archive.writestr(f"{student}_{1000 + n}_{n}_ps1.ipynb", data)
        archive.writestr("ghost_3000_1_ps1.ipynb", corpus.as_bytes(corpus.released("ps1")))
        archive.writestr("picture_2000_1_answer.png", b"\x89PNG")
        archive.writestr(
            "marks_2001_1_ps1.ipynb.txt", b'{"cells": [{"metadata": {"nbgrader": {"grade_id": {"a": 1}}}}]}'
        )
    return path


@pytest.fixture(scope="module", params=roads.SEALED)
def graded(request, tmp_path_factory):
    """The course after the whole class was collected and graded on one road: (course, summary, {student: result})."""
    top = tmp_path_factory.mktemp("second")
    course = make_course(top / "course")
    people = [*CLASS, "picture", "marks"]
    numbers = [*range(1000, 1000 + len(CLASS)), 2000, 2001]
    lines = [f"{student},{number}\n" for student, number in zip(people, numbers, strict=True)]
    (course.root / "roster.csv").write_text("id,canvas\n" + "".join(lines))
    seen = collect.collect(course, "ps1", [zipped(top / "canvas.zip")])
    assert set(seen.taken) == {*CLASS, "marks"} and seen.absent == ["picture"]
    assert sorted(place for place, _ in seen.unmatched) == [
        "ghost_3000_1_ps1.ipynb",
        "picture_2000_1_answer.png",
    ]
    for name in second.FOLDERS:
        folder = course.folder("submitted", name, "ps1")
        folder.mkdir(parents=True)
        (folder / "ps1.ipynb").write_bytes(b"")
    summary = run.grade(course, "ps1", run.Options(road=request.param, limits=LIMITS, quiet=True))
    return course, summary, {student: kept.load(course, "ps1", student).result for student in CLASS}


def parts(result):
    return {part.name: part for part in result.parts}


def of(kind):
    return [(student, name) for student, (each, name, _) in CLASS.items() if each == kind]


def test_no_forged_point(graded):
    *_, results = graded
    assert {name: results[student].earned for student, name in of("forged") if results[student].earned} == {}


def test_every_right_answer_earns_its_points(graded):
    *_, results = graded
    lost = {
        name: (part.status, part.lines, results[student].remarks)
        for student, name in of("honest")
        if (part := parts(results[student])["palindrome"]).earned != part.points
    }
    assert lost == {}


def test_trouble_has_a_name_and_what_was_right_before_it_keeps_its_points(graded):
    *_, results = graded
    odd = {}
    for student, name in of("broken"):
        found, wanted = parts(results[student]), second.BROKEN[name][1]
        told = found["circular"].status, found["palindrome"].earned
        if (
            results[student].status
            or found["circular"].earned
            or told[1] != 4
            or wanted not in (None, told[0])
        ):
            odd[name] = told, results[student].status
        assert found["circular"].status in scoring.STATUSES
    assert odd == {}


def test_what_cannot_be_read_is_said(graded):
    *_, results = graded
    assert {name: results[s].status for s, name in of("unreadable") if not results[s].status} == {}
    assert all(results[s].status != "grader failed" for s in results)


def test_everybody_is_graded_has_a_page_and_stands_on_one_line(graded):
    course, summary, _ = graded
    names = [name for name in second.FOLDERS if not name.startswith(".")]
    assert summary.graded == len(CLASS) + 1 + len(names) == len(course.pages("ps1"))
    told = str(summary)
    assert all(letter.isprintable() for letter in told.replace("\n", ""))
    lines = told.splitlines()
    assert len(lines) == len(told.split("\n")) == 2 + len(summary.look)
    assert "Look at a\\nb: empty file." in lines and "Look at \\u202egro.live: empty file." in lines
    assert any("'.hidden'" in line and "is no id" in line for line in lines)
    assert max(map(len, lines)) < 2000


class Live(HTMLParser):
    """Collects what a page would do or load."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag in ("script", "img", "iframe", "style", "object", "b"):
            self.found.append(tag)
        self.found += [
            n for n, value in attrs if n.startswith(("on", "src")) or (n == "href" and value[:1] != "#")
        ]


@pytest.mark.parametrize("name", second.LETTERS)
def test_a_letter_is_rendered_soon_and_nothing_in_it_is_live(name):
    """Its cell in formgrader, which is Jupyter's own rendering of Markdown and of formulas, and the feedback page."""
    letter, started = second.LETTERS[name], time.process_time()
    rendered = markdown2html_mistune(feedback.harmless(letter))
    assert time.process_time() - started < 1.5
    assert Live(rendered).found == []
    assert not re.search(r"\\(href|require|style|unicode)", rendered)
    assert Live(pages.section("5. A letter", 3, pages.Mark(0.0, waits=True), None, letter)).found == []


def test_a_notebook_of_millions_of_lists_is_not_read(tmp_path):
    data = b'{"cells": [' + b"[]," * 8_000_000 + b"1]}"
    assert reading.parsed(data) == ([], "notebook too large")
    assert reading.parsed(b'{"cells": [' + b"[]," * 100_000 + b"{}]}") == ([{}], "")
