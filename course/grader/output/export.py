"""Grades as CSV files that Canvas and Moodle import, from nbgrader's gradebook: manual scores and penalties included."""

import csv

from nbgrader.api import MissingEntry


def rows(gradebook, assignment):
    """(student, score after penalties, whether a person still has to grade something), sorted by id."""
    for student in sorted(gradebook.students, key=lambda student: student.id):
        try:
            submission = gradebook.find_submission(assignment, student.id)
        except MissingEntry:
            yield student, None, False
            continue
        penalty = submission.late_submission_penalty or 0.0
        yield student, max(0.0, submission.score - penalty), submission.needs_manual_grade


def canvas(gradebook, assignment, path):
    """Canvas: Gradebook, Import. The second row holds the points possible."""
    most = gradebook.find_assignment(assignment).max_score
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["Student", "ID", "SIS User ID", "SIS Login ID", "Section", assignment])
        writer.writerow(["Points Possible", "", "", "", "", f"{most:g}"])
        for student, score, _ in rows(gradebook, assignment):
            name = ", ".join(part for part in (student.last_name, student.first_name) if part) or student.id
            score = "" if score is None else f"{score:g}"
            writer.writerow(
                [plain(name), student.lms_user_id or "", plain(student.id), plain(student.id), "", score]
            )


def moodle(gradebook, assignment, path):
    """Moodle: Grades, Import, CSV file; map "Username" to the user."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["Username", "Email address", assignment, "Feedback comments"])
        for student, score, waiting in rows(gradebook, assignment):
            comment = "One answer is still to be graded by hand." if waiting else ""
            score = "" if score is None else f"{score:g}"
            writer.writerow([plain(student.id), plain(student.email or ""), score, comment])


def plain(text):
    """Text that no spreadsheet takes for a formula."""
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
