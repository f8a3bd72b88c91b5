"""What the course keeps: through a second try, through other cells of a set, and nothing of a student who was erased."""

import json
import re
import shutil
import sqlite3

import pytest
from sqlalchemy import event

from bench import course_corpus as corpus
from bench.course import make_course
from course.grader import anew, collect, erase, run
from course.grader.__main__ import main
from course.grader.output import export, kept

ROSTER = 'name;group;id\r\nAnn Berg;bob;ann\r\n"Ruiz, Bob";A;bob\r\nCleo;A;cleo\r\n'
RIGHT = "def palindrome(x, a, b):\n    return a * (x[:-2] + x[2:]) + b * x[1:-1]\n"


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A course of three in which Ann has everything right, Bob half of one part, and Cleo has handed in nothing."""
    course = make_course(tmp_path_factory.mktemp("keeping") / "course")
    (course.root / "roster.csv").write_bytes(ROSTER.encode())
    bob = corpus.with_cells(
        "ps1", base="released", palindrome=RIGHT, circular=corpus.text(corpus.source("ps1"), "circular")
    )
    hand_in(course, ann=corpus.source("ps1"), bob=bob)
    grade(course)
    return course


@pytest.fixture
def course(graded, tmp_path):
    from course.grader.course import Course

    shutil.copytree(graded.root, tmp_path / "course")
    return Course(tmp_path / "course")


def folder(course, **notebooks):
    """A folder with a notebook for each student, as it comes from somewhere."""
    top = course.root.parent / f"handed-{len(list(course.root.parent.iterdir()))}"
    for student, notebook in notebooks.items():
        (top / student).mkdir(parents=True)
        (top / student / "ps1.ipynb").write_bytes(corpus.as_bytes(notebook))
    return top


def hand_in(course, resubmission=False, **notebooks):
    return collect.collect(course, "ps1", [folder(course, **notebooks)], resubmission=resubmission)


def grade(course):
    run.grade(course, "ps1", run.Options(workers=1, quiet=True, allow_unsealed=True))


def marks(course):
    with course.gradebook() as book:
        return export.scores(book, "ps1")


def page(course, student):
    return (course.folder("feedback", student, "ps1") / "ps1.html").read_text(encoding="utf-8")


def test_after_a_second_try_of_each_part_the_better_answer_counts(course):
    before = marks(course)
    again = corpus.with_cells(
        "ps1", base="released", palindrome=corpus.text(corpus.source("ps1"), "palindrome")
    )
    seen = hand_in(course, resubmission=True, bob=again)
    assert seen.taken == {"bob": "bob/ps1.ipynb"} and seen.earlier == ["bob"]
    grade(course)
    after = marks(course)
    assert before["bob"] == 6 and after["bob"] == 9 and after["ann"] == before["ann"]
    told = page(course, "bob")
    assert (
        "<code>circular</code> from the first time, the others from the second" in told
        and "9 of 20 points." in told
    )
    grade(course)
    assert marks(course) == after and page(course, "bob") == told


def test_a_second_try_that_cannot_be_read_loses_nothing(course):
    hand_in(course, resubmission=True, bob={"cells": 1})
    grade(course)
    assert marks(course)["bob"] == 6 and "numpy" not in page(course, "bob")


def test_there_is_one_second_try_and_it_needs_a_first(course):
    first = hand_in(course, resubmission=True, cleo=corpus.source("ps1"), ann=corpus.source("ps1"))
    why = dict(first.unmatched)
    assert "no feedback on a first one yet" in why["cleo/ps1.ipynb"]
    assert "the same notebook" in why["ann/ps1.ipynb"] and not first.taken
    assert not hand_in(course, resubmission=True, bob=corpus.source("ps1")).unmatched
    grade(course)
    third = hand_in(course, resubmission=True, bob=corpus.released("ps1"))
    assert "twice before" in dict(third.unmatched)["bob/ps1.ipynb"]
    grade(course)
    assert marks(course)["bob"] == marks(course)["ann"]


def test_nothing_of_one_submission_is_looked_for_in_those_of_all(course):
    """What each query of a recording reads, as SQLite plans it: else the time of a class grows with its square."""
    asked, pristine = {}, json.loads(course.released("ps1").read_text(encoding="utf-8"))
    with course.gradebook() as book:
        listen = event.listens_for(book.engine, "before_cursor_execute")
        listen(lambda _, cursor, statement, values, context, many: asked.update({statement: values}))
        book.remove_submission("ps1", "bob")
        run.publish(course, book, pristine, kept.load(course, "ps1", "bob").result)
    with sqlite3.connect(course.root / "gradebook.db") as base:
        plans = [
            step[3]
            for statement, values in asked.items()
            if statement.startswith("SELECT")
            for step in base.execute(f"explain query plan {statement}", values)
        ]
    everybody = re.compile(r"SCAN (grade|comment|submitted_\w+|student)\b")
    assert len(plans) > 20 and [plan for plan in plans if everybody.match(plan)] == []


def everything(course):
    """All bytes of the course's folder but for the sheets."""
    return b"".join(
        path.read_bytes() + str(path).encode()
        for path in sorted(course.root.rglob("*"))
        if path.is_file() and path.relative_to(course.root).parts[0] not in erase.OURS
    )


def test_a_student_is_erased_and_nobody_else(course):
    (course.root / "notes.txt").write_text("Ann Berg asked for more time\nroxann\n")
    hand_in(course, bob=corpus.source("ps1"), ann=corpus.source("ps1"))
    before = everything(course)
    told = str(erase.erase(course, "ann"))
    assert everything(course) == before and "Would be deleted: submitted/ann" in told and "--yes" in told
    gone = erase.erase(course, "ann", yes=True)
    assert gone.named == ["notes.txt"] and "Not reached from here" in str(gone)
    (course.root / "notes.txt").unlink()
    left = everything(course)
    assert b"Ann" not in left and b"ann/" not in left and b"ann.json" not in left
    assert (course.root / "roster.csv").read_bytes() == ROSTER.replace("Ann Berg;bob;ann\r\n", "").encode()
    grade(course)
    assert set(marks(course)) == {"bob"} and page(course, "bob")
    assert "Nothing of ann is kept here." in str(erase.erase(course, "ann"))


def test_the_line_of_the_roster_is_the_one_with_the_id(course):
    erase.erase(course, "bob", yes=True)
    assert [person.id for person in course.roster().people] == ["ann", "cleo"]


def test_zips_that_still_hold_a_notebook_are_named(course):
    import zipfile

    for name, member in (("hers", "bergann_101_9001_ps1.ipynb"), ("his", "ruizbob_102_9002_ps1.ipynb")):
        with zipfile.ZipFile(course.root / f"{name}.zip", "w") as archive:
            archive.writestr(member, b"{}")
    assert erase.erase(course, "ann", yes=True).named == ["hers.zip"]


def test_what_is_no_id_erases_nothing(course, capsys):
    before = everything(course)
    for word in ("", "..", "../source", ".", "a/b"):
        assert main(["--course", str(course.root), "erase", word, "--yes"]) == 2
        assert "is no id" in capsys.readouterr().err
    assert main(["--course", str(course.root), "erase", "nobody", "--yes"]) == 0
    assert "Nothing of nobody" in capsys.readouterr().out and everything(course) == before


def change(course, action):
    """Let an action change the cells of the course's own sheet."""
    path = course.root / "source" / "ps1" / "ps1.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    action(notebook["cells"])
    path.write_text(json.dumps(notebook), encoding="utf-8")


def add_a_letter(cells):
    mark = {
        "grade": True,
        "grade_id": "letter",
        "locked": False,
        "points": 2,
        "schema_version": 3,
        "solution": True,
    }
    cells.append(
        {
            "cell_type": "markdown",
            "id": "letter",
            "metadata": {"nbgrader": mark | {"task": False}},
            "source": "Why?",
        }
    )


def take_away_agree(cells):
    cells[:] = [
        cell for cell in cells if not corpus.reading.mark(cell).get("grade_id", "").startswith("agree")
    ]


def give_by_hand(course, student, cell, score, comment):
    with course.gradebook() as book:
        book.find_grade(f"{cell}-points", "ps1", "ps1", student).manual_score = score
        book.find_comment(cell, "ps1", "ps1", student).manual_comment = comment
        book.db.commit()


def test_a_graded_set_gets_a_cell_and_keeps_marks_comments_and_times(course, capsys):
    base = ["--course", str(course.root)]
    give_by_hand(course, "bob", "hand", 1.5, "by telephone")
    with course.gradebook() as book:
        book.update_or_create_assignment("ps1", duedate="2027-03-05 12:00:00")
        book.update_or_create_submission("ps1", "bob", timestamp="2027-03-04 12:00:00")
    before = marks(course)
    change(course, add_a_letter)
    assert main([*base, "release", "ps1"]) == 2
    assert "release ps1 --anew" in capsys.readouterr().err and marks(course) == before
    assert (
        main([*base, "release", "ps1", "--anew"]) == 0 and "no cell any more" not in capsys.readouterr().out
    )
    assert main([*base, "grade", "ps1", "--workers", "1", "--allow-unsealed"]) == 0
    assert marks(course) == before and before["bob"] == 7.5 and "by telephone" in page(course, "bob")
    with course.gradebook() as book:
        assert book.find_assignment("ps1").duedate.isoformat() == "2027-03-05T12:00:00"
        assert book.find_submission("ps1", "bob").timestamp.isoformat() == "2027-03-04T12:00:00"
        assert book.find_assignment("ps1").max_score == 22
        assert not book.find_grade("hand-points", "ps1", "ps1", "bob").needs_manual_grade


def test_a_run_that_was_killed_between_removing_and_putting_back_loses_no_mark(course, monkeypatch):
    give_by_hand(course, "bob", "hand", 1.5, "by telephone")
    change(course, add_a_letter)
    with monkeypatch.context() as patch:
        patch.setattr(run, "release", lambda *words: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            anew.anew(course, "ps1")
    assert marks(course) == {}
    assert anew.anew(course, "ps1") == []
    grade(course)
    assert marks(course)["bob"] == 7.5


def test_a_mark_whose_cell_is_gone_is_named_and_grading_says_what_the_sheet_lacks(course, capsys):
    give_by_hand(course, "bob", "agree", 1.0, "by telephone")
    change(course, take_away_agree)
    assert main(["--course", str(course.root), "release", "ps1", "--anew"]) == 0
    assert "for bob has no cell any more: agree-points." in capsys.readouterr().out
    assert main(["--course", str(course.root), "grade", "ps1", "--allow-unsealed"]) == 2
    assert "has no cell agree, which the grader asks for" in capsys.readouterr().err
