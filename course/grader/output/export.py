"""Grades as tables that Canvas and Moodle import, from nbgrader's gradebook: manual scores and penalties included.

A score counts as one when nothing in the submission waits for a person. Otherwise its place stays empty, and so does the
place of who has not handed in: an empty place is no grade, and no zero.
"""

import csv
import io
import re

from .. import roster as rosters
from . import gradebook


def scores(book, assignment):
    """{student id: score after penalties, or None where a person still has to grade something}."""
    found = {}
    for submission in gradebook.submissions(book, assignment):
        waits = any(grade.needs_manual_grade for each in submission.notebooks for grade in each.grades)
        earned = sum(gradebook.points(each) for each in submission.notebooks)
        taken = sum(each.late_submission_penalty or 0.0 for each in submission.notebooks)
        found[submission.student.id] = None if waits else max(0.0, earned - taken)
    return found


def people_of(book, roster, found):
    """Who stands in a table: the roster, and whoever has handed in this set and is not in it."""
    others = {student.id: student for student in book.students if student.id in found}
    listed = {person.id for person in roster.people}
    return [
        *roster.people,
        *(
            rosters.Person(
                id,
                f"{s.last_name}, {s.first_name}" if s.last_name else "",
                s.email or "",
                s.lms_user_id or "",
            )
            for id, s in sorted(others.items())
            if id not in listed
        ),
    ]


def canvas(book, assignment, path, roster, found):
    """Canvas: Grades, Import. It finds a student by the number in the column ID; the second row has the points possible."""
    most = book.find_assignment(assignment).max_score
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["Student", "ID", "SIS User ID", "SIS Login ID", "Section", assignment])
        writer.writerow(["Points Possible", "", "", "", "", f"{most:g}"])
        for person in people_of(book, roster, found):
            login = person.id if not person.canvas else ""  # where the number is known, it alone decides
            row = [
                plain(person.name or person.id),
                person.canvas,
                "",
                login,
                person.group,
                written(found.get(person.id)),
            ]
            writer.writerow(row)


def written(score):
    return "" if score is None else f"{score:g}"


def moodle(book, assignment, path, roster, collected, found):
    """A table in the form of Moodle's grading worksheet, for those whose number in this assignment is known from a zip."""
    most = book.find_assignment(assignment).max_score
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["Identifier", "Full name", "Email address", "Grade", "Maximum Grade", "Last modified (grade)"]
        )
        for person in people_of(book, roster, found):
            place = collected.get(person.id, {})
            if place.get("platform") == "moodle":
                row = [
                    f"Participant {place['number']}",
                    plain(person.name),
                    person.email,
                    written(found.get(person.id)),
                ]
                writer.writerow([*row, f"{most:g}", "-"])


def fill_worksheet(book, worksheet, path, roster, collected, found):
    """Write Moodle's own grading worksheet again with our scores in its column Grade; nothing else in it changes.

    A line is somebody's by the participant's number that a zip had, by id or e-mail, or by a name that only one has.
    Returns the students with a score who are in no line. Raises ValueError if it is no such worksheet.
    """
    lines = rosters.rows_of(worksheet)
    head = [column.strip().casefold() for column in lines[0]] if lines else []
    missing = [
        name for name in ("Identifier", "Grade", "Last modified (grade)") if name.casefold() not in head
    ]
    if missing:
        raise ValueError(
            f"{worksheet} is no grading worksheet of Moodle: it has no column {', '.join(missing)}."
        )
    numbers = {p["number"]: student for student, p in collected.items() if p["platform"] == "moodle"}
    people = rosters.Roster(tuple(people_of(book, roster, found)))
    written_for = set()
    for line in lines[1:]:
        values = dict(zip(head, line, strict=False))
        student = numbers.get(re.sub(r"\D", "", values.get("identifier", "")))
        for key in ("id number", "username", "email address"):
            known = people.typed(values[key]) if values.get(key) else []
            student = student or (known[0].id if len(known) == 1 else None)
        known = people.named(values.get("full name", ""))
        student = student or (known[0].id if len(known) == 1 else None)
        if found.get(student) is not None:
            line[head.index("grade")] = written(found[student])
            written_for.add(student)
    text = io.StringIO(newline="")
    csv.writer(text).writerows(lines)
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    return sorted(
        student for student, score in found.items() if score is not None and student not in written_for
    )


def plain(text):
    """A name that no spreadsheet takes for a formula. Ids stay as they are: the platforms compare them."""
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
