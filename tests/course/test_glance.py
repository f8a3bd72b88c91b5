"""The class at a glance: points, mistakes, remarks beside lost points, the same code, and what a regrading changed."""

import re
from dataclasses import replace

import pytest

from bench import course_corpus as corpus
from course.grader import run
from course.grader.output import glance, kept, pages
from course.grader.points.problems import SETS
from course.grader.points.scoring import PartResult, Result

PRISTINE = corpus.released("ps1")


def result(student, lost=None, remarks=(), outlines=None, digest="a"):
    """A result of the first set. lost: {part: points}."""
    lost, parts = lost or {}, []
    for part in SETS["ps1"].parts:
        earned = part.points - lost.get(part.name, 0)
        names = ["twin-forgotten"] if part.name == "palindrome" and part.name in lost else []
        parts.append(
            PartResult(
                part.name,
                part.points,
                earned,
                "right" if earned == part.points else "wrong",
                misconceptions=names,
            )
        )
    return Result("ps1", student, parts, {}, list(remarks), digest=digest, outlines=outlines or {})


def seen(*results):
    found = glance.Glance("ps1")
    for each in results:
        marks = {part.name: pages.Mark(part.earned) for part in each.parts}
        found.add(each, pages.Submitted(each.student, each.earned, 20.0, marks=marks))
    return found


CLASS = (
    result("ann", outlines={"circular": "x", "palindrome": "p", "hand": "h"}),
    result(
        "bob", {"palindrome": 3, "agree": 1}, ["The cell `agree` was split."], {"circular": "x", "hand": "h"}
    ),
    result("cleo", {"palindrome": 4, "hand": 1}, outlines={"circular": "x", "palindrome": "p"}),
    result("dan", remarks=["A remark that cost nothing."]),
)


def row(page, words):
    """The cells of the first row of a table that holds some words."""
    (found,) = [line for line in page.splitlines() if words in line and line.startswith(("<tr>", "<h2>"))][:1]
    return re.findall(r"<td[^>]*>(.*?)</td>", found)


def test_points_and_mistakes_are_counted():
    page = glance.page(seen(*CLASS), PRISTINE, absent=["eve"])
    assert (
        "4 submissions; half of them have 18 of 20 points or more." in page
        and "Nothing from 1 of the roster: eve." in page
    )
    assert row(page, "2. A kernel that is a palindrome")[2:] == ["2.2 of 4", "2", "1", "1", "0"]
    assert row(page, "left out (<code>palindrome</code>)")[1] == "2"
    widths = re.findall(r'width="([\d.]+)%"', row(page, "2. A kernel that is a palindrome")[1])
    assert widths == ["50.00", "25.00", "25.00", "0.00"]


def test_a_remark_stands_there_if_points_were_lost_beside_it():
    page = glance.page(seen(*CLASS), PRISTINE)
    assert row(page, "was split")[1:] == ["1", "bob (-4)"]
    assert "A remark that cost nothing" not in page


def test_an_answer_that_was_not_compared_is_named_beside_what_it_cost():
    broken = result("bob", {"circular": 5, "palindrome": 1})
    broken.parts[2].status = "raised an error"
    assert broken.parts[2].name == "circular"
    page = glance.page(seen(broken, result("ann", {"hand": 1})), PRISTINE)
    assert row(page, "raised an error") == ["<code>circular</code>: raised an error", "1", "bob (-5)"]


def test_the_same_code_is_one_line_for_each_group_and_personal_numbers_are_none():
    assert seen(*CLASS).same_code() == [
        (["circular"], ("ann", "bob", "cleo")),
        (["palindrome"], ("ann", "cleo")),
    ]
    page = glance.page(seen(*CLASS), PRISTINE)
    assert row(page, "ann, bob, cleo") == ["ann, bob, cleo", "circular"] and "Something to talk about" in page
    many = glance.page(seen(*(result(f"s{i:03}", outlines={"circular": "x"}) for i in range(500))), PRISTINE)
    assert "s019 and 480 more" in many and "s020" not in many and len(many) < 10_000


def test_names_on_the_page_are_text_and_are_visible():
    page = glance.page(seen(result("<b>\n\u202eann", {"hand": 1}, ["odd"])), PRISTINE)
    assert "&lt;b&gt;\\n\\u202eann (-1)" in page
    for live in ("<script", "<img", "<link", "src=", "href=", "url("):
        assert live not in page


def test_an_empty_class_is_no_error():
    assert "0 submissions." in glance.page(glance.Glance("ps1"), PRISTINE)


def test_what_a_regrading_changed():
    before, now = result("ann", {"hand": 2, "agree": 1}), result("ann", {"agree": 1})
    rows = glance.changed(before, now)
    assert rows == [["ann", "hand", "1", "3", "graded again"]]
    assert glance.changed(before, replace(now, digest="b"))[0][-1] == "handed in again"
    page = glance.page(seen(now), PRISTINE, rows)
    assert row(page, "graded again") == ["ann", "hand", "1", "3", "graded again"]


@pytest.mark.slow
@pytest.mark.needs("worker")
def test_the_page_of_a_class_that_is_graded_again(tmp_path):
    from test_class import FAST, hand_in, make_course

    course = make_course(tmp_path / "course")
    for student in ("ann", "bob", "cleo"):
        hand_in(course, student, corpus.source("ps1"))
    stub, done = (corpus.text(each("ps1"), "palindrome") for each in (corpus.released, corpus.source))
    head = done.partition("\n\n\n")[0]  # the first of the two functions, with the sheet's own description
    bare = "def palindrome(x, a, b):  # mine\n    return a*(x[:-2]+x[2:]) + b*x[1:-1]\n"
    hand_in(
        course,
        "dan",
        corpus.with_cells("ps1", "released", palindrome=head + "\n\n\n" + stub.partition("\n\n\n")[2]),
    )
    hand_in(course, "eve", corpus.with_cells("ps1", "released", palindrome=bare))
    hand_in(course, "fay", corpus.with_cells("ps1", "released", palindrome="# not yet\n" + stub))
    paged = replace(FAST, feedback=True)
    assert run.grade(course, "ps1", paged).changed == []
    text = (course.root / "ps1-class.html").read_text()
    assert row(text, "ann, bob, cleo") == ["ann, bob, cleo", "circular, gradient_check, palindrome"]
    outlines = {
        name: kept.load(course, "ps1", name).result.outlines["palindrome"]
        for name in ("ann", "dan", "eve", "fay")
    }
    assert outlines["dan"] == outlines["eve"] != outlines["ann"] and outlines["fay"] is None
    path = kept.result_path(course, "ps1", "bob")
    path.write_text(path.read_text().replace('"earned": 4.0', '"earned": 1.0'))
    hand_in(
        course, "cleo", corpus.with_cells("ps1", palindrome=corpus.text(corpus.released("ps1"), "palindrome"))
    )
    told = run.grade(course, "ps1", replace(paged, again=True))
    assert told.changed == [
        ["bob", "palindrome", "1", "4", "graded again"],
        ["cleo", "palindrome", "4", "0", "handed in again"],
    ]
    assert "Changed: bob, palindrome: 1 before, 4 now (graded again)." in str(told)
    text = (course.root / "ps1-class.html").read_text()
    assert row(text, "handed in again")[0] == "cleo" and row(text, "ann, bob<")[1] == "palindrome"
