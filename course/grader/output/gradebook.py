"""Points into nbgrader's gradebook, through its own API. Manual scores, comments and extra credit are never touched."""

import warnings
from pathlib import Path

from nbgrader.api import Assignment, Comment, Grade, MissingEntry, SubmittedAssignment, SubmittedNotebook
from nbgrader.preprocessors import AssignLatePenalties
from nbgrader.utils import parse_utc
from sqlalchemy.exc import SAWarning
from sqlalchemy.orm import joinedload, selectinload

from .. import dates, reading
from .feedback import POINTS, is_untouched

MOST_IN_MEMORY = 3000  # rows of the gradebook; a submission has about twenty


def is_released(gradebook, assignment):
    """Whether the gradebook knows the sheet's cells."""
    try:
        return bool(gradebook.find_notebook(assignment, assignment).grade_cells)
    except MissingEntry:
        return False


def record(gradebook, result, pristine, times, previous):
    """Write one result; doing it again changes nothing.

    times: the submission's `timestamp`, or nothing where what the gradebook has stays
    previous: sources of the submission that was recorded last, or None; it decides whether a written answer that a person
    has graded needs another look.
    """
    find_or_add_student(gradebook, result.student)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # nbgrader's own, about the order in which it adds rows
        gradebook.update_or_create_submission(result.assignment, result.student, **times)
    notebook = gradebook.find_submission_notebook(result.assignment, result.assignment, result.student)
    parts = {part.name + POINTS: part for part in result.parts}
    solutions = reading.solution_cells(pristine)
    for grade in notebook.grades:
        if grade.name in parts:
            record_part(grade, parts[grade.name])
        elif grade.name in solutions:
            record_answer(
                grade, result.sources.get(grade.name), solutions[grade.name], previous, result.status
            )
    for comment in notebook.comments:
        source = result.sources.get(comment.name)
        comment.auto_comment = "No response." if is_untouched(source, solutions[comment.name]) else None
    gradebook.db.commit()
    forget_some(gradebook)


def find_or_add_student(gradebook, student):
    try:
        gradebook.find_student(student)
    except MissingEntry:
        gradebook.add_student(student)


def record_part(grade, part):
    earned = None if part.status == "grader failed" else part.earned
    if grade.auto_score != earned or earned is None:
        # A person has overridden the old score: the override stays, but it should be looked at again.
        grade.needs_manual_grade = earned is None or grade.manual_score is not None
        grade.auto_score = earned
    elif grade.manual_score is None:
        grade.needs_manual_grade = False


def record_answer(grade, source, pristine_cell, previous, status):
    """A written answer: zero if there is none, otherwise a person's."""
    if status == "grader failed":
        grade.needs_manual_grade = True
    elif is_untouched(source, pristine_cell):
        grade.auto_score, grade.needs_manual_grade = 0.0, grade.manual_score is not None
    else:
        unchanged = previous is not None and previous.get(grade.name) == source
        grade.auto_score = None
        grade.needs_manual_grade = not (
            unchanged and grade.manual_score is not None and not grade.needs_manual_grade
        )


AT_ONCE = 500  # submissions in memory


def submissions(gradebook, assignment):
    """All submissions of a set, one after the other, with what pages and tables read of them.

    nbgrader's own sums are a query for each number, and each looks through the marks of the whole class: the time grows with
    the square of the class. So marks come some hundred submissions at a time, and `points` adds them up here.
    """
    marks = selectinload(SubmittedNotebook.grades).joinedload(Grade.cell)
    comments = selectinload(SubmittedNotebook.comments).joinedload(Comment.cell)
    notebooks = selectinload(SubmittedAssignment.notebooks)
    query = (
        gradebook.db.query(SubmittedAssignment)
        .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
        .filter(Assignment.name == assignment)
        .options(
            joinedload(SubmittedAssignment.student),
            joinedload(SubmittedAssignment.assignment),
            notebooks.options(joinedload(SubmittedNotebook.notebook), marks, comments),
        )
        .order_by(SubmittedAssignment.student_id)
    )
    yield from query.yield_per(AT_ONCE)


def points(notebook):
    """What a submitted notebook has earned, before penalties."""
    return sum(grade.score for grade in notebook.grades)


def forget_some(gradebook):
    """Let go of what was read and written, if that is much: else a whole class is in memory in the end."""
    if len(gradebook.db.identity_map) > MOST_IN_MEMORY:
        gradebook.db.expunge_all()


def settle(gradebook, assignment, config, roster, marked_late, students=None):
    """Extensions and late penalties of a set's submissions (or of some students'), as roster and settings now are.

    nbgrader's plugin decides on the penalty. marked_late: students whose platform calls them late. Where it does not say
    when they handed in, they count as one second late, which is the least that it can mean.
    """
    assigner = AssignLatePenalties(config=config)
    assigner.init_plugin()
    for submission in submissions(gradebook, assignment):
        student = submission.student.id
        if students is not None and student not in students:
            continue
        person = roster.get(student)
        if roster.extends and person:
            submission.extension = dates.extension(person.extension, assignment) or None
        seconds = seconds_late(submission)
        if student in marked_late and submission.timestamp is None and not submission.extension:
            seconds = 1
        for notebook in submission.notebooks:
            penalty = None
            if seconds > 0:
                penalty = assigner.plugin_inst.late_submission_penalty(student, points(notebook), seconds)
                penalty = None if penalty is None else min(max(0.0, penalty), points(notebook))
            if notebook.late_submission_penalty != penalty:
                notebook.late_submission_penalty = penalty
    gradebook.db.commit()


def seconds_late(submission):
    """How late it came, its extension counted. nbgrader cannot say it of an extension without a due date."""
    return submission.total_seconds_late if submission.assignment.duedate else 0


def readable_timestamp(folder):
    """The submission's time as nbgrader's collectors noted it; None if there is none or it is no time."""
    text = reading.timestamp(Path(folder))
    try:
        return text and str(parse_utc(text))
    except (ValueError, OverflowError, TypeError):
        return None
