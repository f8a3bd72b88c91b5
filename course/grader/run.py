"""Grading a class: what is new is graded in parallel, kept, and written into the gradebook.

Every result is kept in results/ASSIGNMENT/STUDENT.json under a key: a hash of the submission, the released sheet, the
grader's code, the secret and the limits. A run that was killed goes on where it stopped, and a submission is graded again
only if something that its grade depends on has changed.
"""

import collections
import contextlib
import json
import os
import time
from dataclasses import dataclass, field, replace

from tqdm import tqdm

from . import collect as collecting
from . import dates, reading, workers
from .output import export, feedback, glance, gradebook, kept, look, pages, zips
from .points.drawing import read_secret
from .points.problems import SETS
from .points.scoring import Job
from .roster import fits, numbers_of, same, visible
from .sandbox import outside


@dataclass(frozen=True)
class Options:
    """How to grade."""

    students: tuple = ()  # only these; all if empty
    parts: tuple = ()  # only these
    again: bool = False  # grade again what is graded already
    workers: int = os.cpu_count() or 1
    scheduler: str = ""  # address of a Dask scheduler
    allow_unsealed: bool = False
    road: str | None = None
    limits: outside.Limits = outside.USUAL
    feedback: bool = True
    quiet: bool = False


MOST_CHANGES = 20


@dataclass
class Summary:
    """What a run did, and which submissions a person should look at."""

    submissions: int = 0
    graded: int = 0
    kept: int = 0
    seconds: float = 0.0
    roads: dict = field(default_factory=dict)
    look: list = field(default_factory=list)  # (student, why)
    changed: list = field(default_factory=list)  # rows of what grading again has changed

    def __str__(self):
        rate = f", {60 * self.graded / self.seconds:.0f} a minute" if self.graded and self.seconds else ""
        lines = [
            f"{self.submissions} submissions: {self.graded} graded in {self.seconds:.1f} s{rate}; "
            f"{self.kept} were graded before."
        ]
        lines += [f"Sandbox: {road} ({number})." for road, number in sorted(self.roads.items())]
        lines += [f"Look at {visible(student)}: {visible(why)}." for student, why in self.look]
        for student, part, before, now, why in self.changed[:MOST_CHANGES]:
            lines.append(f"Changed: {visible(student)}, {part}: {before} before, {now} now ({why}).")
        if len(self.changed) > MOST_CHANGES:
            lines.append(
                f"{len(self.changed) - MOST_CHANGES} more scores changed: see the page of the class."
            )
        return "\n".join(lines)


OTHER_CELLS = """\
{0} was graded already, and since then a cell was added to its sheet or taken out. nbgrader keeps the cells of a graded set.
Put the old sheet back, or begin this set anew, with all that was handed in, marks and comments included:
    .venv/bin/python -m course.grader release {0} --anew
and then grade it again."""


def release(course, assignment):
    """Make the student's version with nbgrader and enter its cells into the gradebook."""
    check_assignment(assignment)
    try:
        course.nbgrader(
            "generate_assignment", assignment, "--force", "--create", *course.place_of(assignment)
        )
    except RuntimeError as error:
        if "Cannot add or remove cells" not in str(error):
            raise
        raise ValueError(OTHER_CELLS.format(assignment)) from None
    date_sheet(course, assignment)


def due_date(course, assignment):
    """When a set is due, as naive UTC; None if nobody has said so."""
    with course.gradebook() as book:
        known = [each.duedate for each in book.assignments if each.name == assignment]
    return known[0] if known else None


def due_dates(course):
    """{set: when it is due, as naive UTC} of the sets that have a due date."""
    return {name: moment for name in SETS if (moment := due_date(course, name))}


def set_due_date(course, assignment, moment):
    """Keep a due date (naive UTC, or None) in the gradebook, and write it on the sheet if that was made already."""
    with course.gradebook() as book:
        book.update_or_create_assignment(assignment, duedate=moment)
    date_sheet(course, assignment)


def date_sheet(course, assignment):
    """Write the due date on the released sheet. Nothing is graded again for it."""
    path = course.released(assignment)
    if not path.exists():
        return
    notebook = json.loads(path.read_text(encoding="utf-8"))
    head = notebook["cells"][0]
    head["source"] = dates.dated(reading.text(head), due_date(course, assignment), course.policy)
    kept.write_whole(path, json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")


def check_assignment(assignment):
    if assignment not in SETS:
        raise ValueError(f"There is no assignment '{assignment}'. There are: {', '.join(SETS)}.")


def check_sheet(assignment, pristine):
    """Raise ValueError, with what to do, where the released sheet lacks a cell that the grader asks for."""
    there = reading.solution_cells(pristine)
    missing = [part.name for part in SETS[assignment].parts if part.name not in there]
    if missing:
        raise ValueError(
            f"The released sheet of {assignment} has no cell {', '.join(missing)}, which the grader asks for. Add it to "
            f"the sheet in source/, and run: .venv/bin/python -m course.grader release {assignment} --anew"
        )


def grade(course, assignment, options):
    """Grade an assignment: Summary. Writes results, gradebook, autograded notebooks, feedback and the CSV files."""
    check_assignment(assignment)
    if not options.scheduler:
        outside.choose(options.allow_unsealed, options.road)  # where that is refused, nothing is begun
    with course.gradebook() as book:
        known = gradebook.is_released(book, assignment)
    if not known or not course.released(assignment).exists():
        release(course, assignment)
    started = time.monotonic()
    text = course.released(assignment).read_text(encoding="utf-8")
    check_sheet(assignment, json.loads(text))
    summary, due = Summary(), []
    with course.gradebook() as book:
        record = Recorder(course, book, json.loads(text))
        for job in jobs(course, assignment, text, options):
            old = kept.load(course, assignment, job.student)
            if old and old.key == kept.key_of(job) and not options.again and not options.parts:
                record(old.result)
                summary.kept += 1
            else:
                due.append(job.student)
        summary.submissions = summary.kept + len(due)
        bar = tqdm(
            total=len(due),
            desc=f"grading {assignment}",
            unit="notebook",
            disable=options.quiet or not due,
        )
        # Notebooks are read again when it is their turn: a class does not fit into memory.
        again = jobs(course, assignment, text, replace(options, students=tuple(due))) if due else iter(())
        scores = workers.scored(again, options)
        with contextlib.closing(bar), contextlib.closing(scores):
            for job, result in scores:
                record(result, job)
                summary.graded += 1
                bar.update()
    if record.again:
        summary.changed = sorted(record.changed)
        kept.write_whole(changes_path(course, assignment), glance.as_csv(summary.changed))
    results = record.results
    summary.seconds = time.monotonic() - started
    summary.roads = dict(collections.Counter(result.road or "none needed" for result in results.values()))
    not_ids = [(ascii(name), look.NO_ID) for name in course.students(assignment) if not fits(name)]
    summary.look = sorted(look.worth_a_look(results) + record.trouble + not_ids)
    back = hand_back(course, assignment, options.students or None, with_pages=options.feedback)
    summary.look = sorted(summary.look + [(student, look.NO_PAGE) for student in back.without])
    (course.results(assignment) / "summary.txt").write_text(str(summary) + "\n", encoding="utf-8")
    return summary


class Recorder:
    """Writes results down, one after the other: what fails for one is noted, and the next one follows."""

    def __init__(self, course, book, pristine):
        self.course, self.book, self.pristine = course, book, pristine
        self.results = {}  # student: what is remembered of the result
        self.trouble = []  # (student, why)
        self.again, self.changed = 0, []  # how many were graded before, and what is another score now

    def __call__(self, result, task=None):
        """Keep a new result (of a task), and publish it."""
        try:
            before = None
            if task is not None:
                before = kept.load(self.course, result.assignment, result.student)
                result = kept.keep(self.course, task, result)
            result = kept.counting(self.course, result)
            if before:
                self.again += 1
                self.changed += glance.changed(kept.counting(self.course, before.result), result)
            publish(self.course, self.book, self.pristine, result)
            self.results[result.student] = look.seen(result, self.pristine)
        except Exception as error:
            self.book.db.rollback()
            told = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            self.trouble.append((result.student, f"the grade could not be recorded ({told})"))


def jobs(course, assignment, pristine, options):
    """What is to be graded, one submission after the other, in the order of their names."""
    secret = read_secret(course.secret_path)
    wanted = set(options.students)
    students = [name for name in course.students(assignment) if fits(name) and (not wanted or name in wanted)]
    absent = wanted - set(students)
    if absent:
        raise ValueError(f"No submission of {assignment} by: {', '.join(sorted(absent))}.")
    unknown = set(options.parts) - {part.name for part in SETS[assignment].parts}
    if unknown:
        raise ValueError(f"{assignment} has no part: {', '.join(sorted(unknown))}.")
    roster, others = course.roster(), {same(name) for name in course.students(assignment)}
    for student in students:
        handed = reading.fetch(course.folder("submitted", student, assignment), assignment)
        numbers, remark = "", ""
        if handed.data is not None:
            numbers, remark = numbers_of(reading.typed(handed.data), student, roster, others)
        yield Job(
            assignment=assignment,
            student=student,
            handed=handed,
            pristine=pristine,
            secret=secret,
            road=options.road,
            allow_unsealed=options.allow_unsealed,
            limits=options.limits,
            parts=options.parts,
            numbers=numbers,
            id_remark=remark,
        )


def publish(course, book, pristine, result):
    """Gradebook and autograded notebook. Doing it again changes nothing."""
    submitted = course.folder("submitted", result.student, result.assignment)
    folder = course.folder("autograded", result.student, result.assignment)
    path = folder / f"{result.assignment}.ipynb"
    timestamp = gradebook.readable_timestamp(submitted)
    noted = folder / "timestamp.txt"
    times = {"timestamp": timestamp} if timestamp or noted.exists() else {}  # what a person entered stays
    gradebook.record(book, result, pristine, times, recorded_sources(path))
    kept.write_whole(path, feedback.autograded(pristine, result))
    if timestamp:
        kept.write_whole(noted, timestamp)
    else:
        noted.unlink(missing_ok=True)


def recorded_sources(path):
    """Sources of the submission that was recorded last: {grade id: source}, or None."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return {name: cell["source"] for name, cell in reading.solution_cells(notebook).items()}


def changes_path(course, assignment):
    return course.results(assignment) / "changes.csv"


@dataclass
class HandedBack:
    """What was made, and for whom it was not."""

    without: list = field(default_factory=list)  # students whose page could not be made, sorted
    zips: list = field(default_factory=list)
    waiting: list = field(
        default_factory=list
    )  # students who are in no zip, because a person has to mark something


def hand_back(course, assignment, students=None, with_pages=True):
    """All that goes back to students and platforms, as gradebook, roster and settings now are.

    The late penalties come first, because pages and tables show them. students: penalties and pages of these only.
    """
    roster, collected = course.roster(), collecting.remembered(course, assignment)
    made = HandedBack()
    with course.gradebook() as book:
        late = {student for student, known in collected.items() if known.get("late")}
        gradebook.settle(book, assignment, course.config, roster, late, students)
        if with_pages:
            pristine = json.loads(course.released(assignment).read_text(encoding="utf-8"))
            seen = glance.Glance(assignment)
            made.without = pages.write(course, book, assignment, pristine, students, seen.add)
            if students is None:
                absent = sorted({person.id for person in roster.people} - set(course.students(assignment)))
                changes = glance.read_changes(changes_path(course, assignment))
                text = glance.page(seen, pristine, changes, absent)
                kept.write_whole(course.root / f"{assignment}-class.html", text)
        found = export.scores(book, assignment)
        if with_pages:
            made.zips, made.waiting = zips.write(course, assignment, collected, found)
        export.canvas(book, assignment, course.root / f"{assignment}-canvas.csv", roster, found)
        export.moodle(book, assignment, course.root / f"{assignment}-moodle.csv", roster, collected, found)
    return made


def hand_back_again(course, assignment):
    """Everything that goes back, once more, if it was made before."""
    if (course.root / f"{assignment}-canvas.csv").exists():
        hand_back(course, assignment, with_pages=bool(course.pages(assignment)))
