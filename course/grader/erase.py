"""Everything that the course keeps of one student, deleted; and what still names the student is said.

Named are files of the course's folder only. What else there is (the platform, zips elsewhere, nbgrader's exchange, backups,
feedback that was sent) nobody here can know.
"""

import json
import re
import shutil
import zipfile
from dataclasses import dataclass, field

from nbgrader.api import MissingEntry
from sqlalchemy import text

from . import collect, run
from .output import kept
from .points.problems import SETS
from .roster import columns, fits, rows_of

STEPS = ("submitted", "autograded", "feedback")
OURS = ("source", "release", "grader", "secret", "__pycache__")  # of these nothing is a student's
LARGEST = 256 << 20  # bytes of a file in which the student is looked for
ELSEWHERE = (
    "Not reached from here: the platform's own copies, zips and tables that were saved elsewhere, nbgrader's exchange, what "
    "was sent by mail, and backups."
)


@dataclass
class Erased:
    """What went, or would go, and which files of the course's folder still name the student."""

    student: str
    done: bool
    gone: list = field(default_factory=list)
    named: list = field(default_factory=list)

    def __str__(self):
        lines = [f"{'Deleted' if self.done else 'Would be deleted'}: {each}" for each in self.gone]
        if not self.gone:
            lines.append(f"Nothing of {self.student} is kept here.")
        lines += [f"Still names {self.student}, for you to delete or to edit: {each}" for each in self.named]
        lines.append(ELSEWHERE)
        if self.gone and not self.done:
            lines.append(f"To delete it: .venv/bin/python -m course.grader erase {self.student} --yes")
        return "\n".join(lines)


def erase(course, student, yes=False):
    """Delete all of a student, or say what would go: `Erased`. Raises ValueError for what is no id."""
    if not fits(student) or student == "..":
        raise ValueError(f"{student!r} is no id: give it as the course's folders and the roster have it.")
    result, roster = Erased(student, yes), course.roster()
    person = roster.get(student)
    words = [word for word in (student, person and person.name, person and person.email) if word]
    for path in places(course, student):
        result.gone.append(str(path.relative_to(course.root)))
        if yes:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    for action in (out_of_gradebook, out_of_records, out_of_roster):
        result.gone += action(course, student, yes)
    if yes and result.gone:
        forget_summaries(course)
        for assignment in SETS:
            run.hand_back_again(course, assignment)
    if yes:
        result.named = naming(course, student, words, roster)
    return result


def places(course, student):
    """Folders and files that hold nothing but this student's, sorted."""
    found = {course.folder(step, student, "ps").parent for step in STEPS} | {
        course.root / "earlier" / student
    }
    results = course.root / "results"
    found |= {*results.glob("*/*.json"), *results.glob("*/first/*.json")} & {
        folder / f"{student}.json" for folder in (*results.glob("*"), *results.glob("*/first"))
    }
    return sorted(path for path in found if path.exists() or path.is_symlink())


def forget_summaries(course):
    """Summaries of the last runs and pages to mark on name students: they go, and can be written again."""
    for pattern in ("results/*/summary.txt", "results/*/changes.csv", "*-letters.html"):
        for path in course.root.glob(pattern):
            path.unlink()


def out_of_gradebook(course, student, yes):
    with course.gradebook() as book:
        try:
            book.find_student(student)
        except MissingEntry:
            return []
        if yes:
            book.remove_student(student)
            if book.db.get_bind().dialect.name == "sqlite":
                book.db.execute(text("VACUUM"))  # what is deleted stays in the file until then
    return ["the student in the gradebook, with marks and comments"]


def out_of_records(course, student, yes):
    """What was collected from where."""
    gone = []
    for path in sorted(course.root.glob("collected/*.json")):
        known = json.loads(path.read_text(encoding="utf-8"))
        if known.pop(student, None) is not None:
            gone.append(f"an entry of collected/{path.name}")
            if yes:
                kept.write_whole(path, json.dumps(known, indent=1, sort_keys=True) + "\n")
    return gone


def out_of_roster(course, student, yes):
    """The line of roster.csv; the other lines stay as they are, letter for letter."""
    path, person = course.root / "roster.csv", course.roster().get(student)
    if person is None:
        return []
    data = path.read_bytes()
    code = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    lines = data.decode(code, "surrogateescape").splitlines(keepends=True)
    rows = rows_of(path)
    if len(lines) != len(rows):
        return ["(by hand: the line of roster.csv, because a line of that file is broken in two)"]
    column = columns(path, rows)["id"]
    row = next(i for i, row in enumerate(rows) if i and len(row) > column and row[column].strip() == student)
    if yes:
        kept_lines = "".join(lines[:row] + lines[row + 1 :])
        mark = code if code == "utf-16" or data.startswith(b"\xef\xbb\xbf") else "utf-8"
        path.write_bytes(kept_lines.encode(mark, "surrogateescape"))
    return ["the line of roster.csv"]


def naming(course, student, words, roster):
    """Files of the course's folder that a word still stands in, or in whose zip a notebook is the student's."""
    ends = [rb"(?<![\w.@-])" + re.escape(word.encode()) + rb"(?![\w@-])" for word in words]
    wanted, found = re.compile(b"|".join(ends)), []
    for path in sorted(course.root.rglob("*")):
        inside = path.relative_to(course.root)
        if inside.parts[0] in OURS or path.is_symlink() or not path.is_file():
            continue
        if path.suffix.lower() == ".zip" and zipfile.is_zipfile(path):
            theirs = any(collect.whose(each, roster, {})[0] == student for each in collect.files(path))
        else:
            theirs = path.stat().st_size <= LARGEST and wanted.search(path.read_bytes())
        if theirs or wanted.search(str(inside).encode()):
            found.append(str(inside))
    return found
