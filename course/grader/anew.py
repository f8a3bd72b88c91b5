"""A set that was graded gets other cells: it begins anew in nbgrader's gradebook, and what people gave by hand comes back.

nbgrader takes no cell more and none away once there are submissions. So marks, comments, times and the due date are put
aside, the set is removed, released, and all of it is put back to the cells that are still there. What was put aside stays in
a file until then, so that a run that is killed loses nothing.
"""

import contextlib
import json
import warnings

from nbgrader.api import MissingEntry
from sqlalchemy.exc import SAWarning

from . import run
from .output import kept

MARKS = ("manual_score", "extra_credit", "auto_score", "needs_manual_grade")


def anew(course, assignment):
    """Release a set whose cells have changed. Returns (student, cell) of marks and comments whose cell is gone, sorted."""
    aside = course.results(assignment) / "by-hand" / "aside.json"
    with course.gradebook() as book:
        if not aside.exists():
            kept.write_whole(aside, json.dumps(put_aside(book, assignment), sort_keys=True) + "\n")
        with contextlib.suppress(MissingEntry):  # a run that was killed had removed it
            book.remove_assignment(assignment)
    run.release(course, assignment)
    with course.gradebook() as book, warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # nbgrader's own, about the order in which it adds rows
        gone = put_back(book, assignment, json.loads(aside.read_text(encoding="utf-8")))
    run.date_sheet(course, assignment)
    aside.unlink()
    return gone


def put_aside(book, assignment):
    """What the gradebook has of a set that no grader can make again."""
    try:
        submissions, due = book.assignment_submissions(assignment), book.find_assignment(assignment).duedate
    except MissingEntry:
        return {"due": None, "submissions": {}}
    return {
        "due": due and due.isoformat(),
        "submissions": {
            each.student.id: {
                "timestamp": each.timestamp and each.timestamp.isoformat(),
                "marks": {
                    grade.name: {name: getattr(grade, name) for name in MARKS}
                    for notebook in each.notebooks
                    for grade in notebook.grades
                },
                "comments": {
                    comment.name: comment.manual_comment
                    for notebook in each.notebooks
                    for comment in notebook.comments
                    if comment.manual_comment
                },
            }
            for each in submissions
        },
    }


def put_back(book, assignment, saved):
    """Put it back. Returns (student, cell) of the marks and comments of people whose cell is gone, sorted."""
    if saved["due"]:
        book.update_or_create_assignment(assignment, duedate=saved["due"])
    gone = set()
    for student, theirs in saved["submissions"].items():
        times = {"timestamp": theirs["timestamp"]} if theirs["timestamp"] else {}
        submission = book.update_or_create_submission(assignment, student, **times)
        grades = {grade.name: grade for notebook in submission.notebooks for grade in notebook.grades}
        comments = {
            comment.name: comment for notebook in submission.notebooks for comment in notebook.comments
        }
        for cell, values in theirs["marks"].items():
            if cell in grades:
                for name, value in values.items():
                    setattr(grades[cell], name, value)
            elif values["manual_score"] is not None:
                gone.add((student, cell))
        for cell, comment in theirs["comments"].items():
            if cell in comments:
                comments[cell].manual_comment = comment
            else:
                gone.add((student, cell))
    book.db.commit()
    return sorted(gone)
