"""Written answers marked with a rubric."""

import json
from dataclasses import replace

import pytest
from test_class import FAST, hand_in, make_course

from bench import course_corpus as corpus
from course.grader import letters, run
from course.grader.__main__ import main
from course.grader.points.problems import SETS

LINES = SETS["ps4"].rubrics["letter"]


@pytest.mark.parametrize("assignment", SETS)
def test_each_box_is_worth_a_whole_point(assignment):
    written = dict(SETS[assignment].written)
    assert set(SETS[assignment].rubrics) == set(written)
    assert all(letters.rubric(assignment, cell)[1] == 1 for cell in written)


def test_the_page_shows_answers_as_text_and_no_name():
    found = [
        letters.Waiting("ann", "letter", "Dear <script>alert(1)</script>"),
        letters.Waiting("bob", "letter", "x"),
    ]
    page = letters.page("ps4", found)
    assert "Answer 1 of 2" in page and page.count('class="met"') == 6 and LINES[0] in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page and page.count("<script") == 1
    assert ">ann" not in page and 'data-student="ann"' in page
    for other in ("src=", "http:", "https:", "@import", "url("):
        assert other not in page


def marks_of(found, *met, comment=""):
    return [
        {
            "student": each.student,
            "cell": each.cell,
            "answer": each.digest,
            "met": list(met),
            "comment": comment,
        }
        for each in found
    ]


@pytest.mark.slow
@pytest.mark.needs("worker")
def test_letters_are_marked_by_boxes(tmp_path, capsys):
    course = make_course(tmp_path / "course")
    words, file = ["--course", str(course.root)], tmp_path / "ps4-marks.json"
    for student in ("ann", "bob"):
        hand_in(course, student, corpus.source("ps4"), "ps4")
    run.grade(course, "ps4", replace(FAST, feedback=True))
    with course.gradebook() as book:
        assert {each.student.id: each.score for each in book.assignment_submissions("ps4")} == {
            "ann": 17,
            "bob": 17,
        }
        found = letters.waiting(course, book, "ps4")
    assert {each.student for each in found} == {"ann", "bob"}
    page = course.folder("feedback", "ann", "ps4") / "ps4.html"

    def enter(marks, assignment="ps4"):
        file.write_text(json.dumps({"assignment": assignment, "marks": marks}))
        return main([*words, "marks", "ps4", str(file)])

    assert main([*words, "letters", "ps4"]) == 0 and (course.root / "ps4-letters.html").exists()
    ann, bob = sorted(found, key=lambda each: each.student)
    assert enter(marks_of([ann], True, False, True, comment="Kindly put.")) == 0
    text = page.read_text()
    assert (
        "19 of 20 points." in text
        and f"Yes: {LINES[0]}\nNot yet: {LINES[1]}\nYes: {LINES[2]}\nKindly put." in text
    )
    assert ",19" in (course.root / "ps4-canvas.csv").read_text()
    changed = letters.Waiting("bob", "letter", "Another letter, handed in since.")
    capsys.readouterr()
    assert enter(marks_of([ann, changed], True, True, True)) == 0
    told = capsys.readouterr().out
    assert (
        "0 marks entered." in told
        and told.count("waits for no mark any more") == 2
        and "19 of 20" in page.read_text()
    )
    assert enter(marks_of([bob], True)) == 0 and "the rubric has 3 boxes" in capsys.readouterr().out
    for marks, assignment, why in (
        ([], "ps1", "not of ps4"),
        (None, "ps4", "no file of marks"),
        (["x"], "ps4", "no file of"),
    ):
        assert enter(marks, assignment) == 2 and why in capsys.readouterr().err
    assert enter(marks_of([bob], False, False, False)) == 0  # no box at all is a mark, too
    assert "17 of 20 points." in (course.folder("feedback", "bob", "ps4") / "ps4.html").read_text()
    assert main([*words, "letters", "ps4"]) == 0 and not (course.root / "ps4-letters.html").exists()
    assert (
        main([*words, "letters", "ps1"]) == 0 and "No written answer of ps1 waits" in capsys.readouterr().out
    )
