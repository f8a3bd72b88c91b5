"""The commands of the course; `--help` lists them."""

import argparse
import os
import re
import sys
from dataclasses import replace
from pathlib import Path

from .sandbox import outside

HERE = Path(__file__).resolve().parents[1]

# The processes of the pool import this module first, so what is heavy is imported where it is used.


def parser():
    top = argparse.ArgumentParser(prog="python -m course.grader", description=__doc__)
    top.add_argument("--course", type=Path, default=HERE, help="the course folder (default: this one)")
    commands = top.add_subparsers(dest="command", required=True)
    release = commands.add_parser("release", help="make the students' version")
    release.add_argument("assignment")
    release.add_argument(
        "--anew",
        action="store_true",
        help="also if cells of a graded set have changed; marks by hand are kept",
    )
    grade = commands.add_parser("grade", help="grade what is in submitted/")
    grade.add_argument("assignment")
    grade.add_argument("--student", action="append", default=[], help="only this student (may be repeated)")
    grade.add_argument("--part", action="append", default=[], help="only this part (may be repeated)")
    grade.add_argument("--again", action="store_true", help="grade again what is graded already")
    grade.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes on this machine")
    grade.add_argument(
        "--scheduler", default="", help="address of a Dask scheduler, for example tcp://10.0.0.1:8786"
    )
    grade.add_argument("--road", choices=outside.ROADS, help="which sandbox to use; the best by default")
    grade.add_argument("--allow-unsealed", action="store_true", help="grade even where no sandbox holds")
    grade.add_argument("--no-feedback", action="store_true", help="leave the feedback pages for later")
    letters = commands.add_parser(
        "letters", help="write a page on which written answers are marked by ticking boxes"
    )
    letters.add_argument("assignment")
    marks = commands.add_parser("marks", help="enter the marks that such a page has saved")
    marks.add_argument("assignment")
    marks.add_argument("file", type=Path)
    oral = commands.add_parser(
        "oral", help="print three questions about a student's own hand-in, with the answers"
    )
    oral.add_argument("assignment")
    oral.add_argument("student")
    due = commands.add_parser("due", help="say when a set is due, or see it")
    due.add_argument("assignment")
    due.add_argument(
        "date", nargs="?", help='like "2027-03-05 18:00", in the course\'s time zone; none: no date'
    )
    late = commands.add_parser(
        "late", help="set the time zone, the grace period and the late penalty, or see them"
    )
    late.add_argument("--zone", help="time zone of all dates, for example Europe/Berlin")
    late.add_argument("--grace", type=float, help="minutes after the due date that count as on time")
    late.add_argument("--percent", type=float, help="percent of the points earned that each day begun costs")
    late.add_argument("--most", type=float, help="percent that lateness costs at most")
    pages = commands.add_parser("feedback", help="make the feedback pages again, as after grading by hand")
    pages.add_argument("assignment")
    tables = commands.add_parser("tables", help="write the CSV files again")
    tables.add_argument("assignment")
    tables.add_argument(
        "--worksheet", type=Path, help="Moodle's grading worksheet, to be written again with the grades"
    )
    collect = commands.add_parser("collect", help="take notebooks out of a platform's zips, or folders")
    collect.add_argument("assignment")
    collect.add_argument("source", nargs="+", type=Path, help="a zip, a folder or a notebook")
    collect.add_argument(
        "--worksheet", type=Path, help="Moodle's grading worksheet: it says whose number is whose"
    )
    quiz = commands.add_parser(
        "quiz", help="print a sheet of questions for each student of the roster, and the keys"
    )
    quiz.add_argument("name", help="letters, digits and hyphens; another name makes other questions")
    quiz.add_argument(
        "--skills", nargs="*", default=[], metavar="SKILL", help="ids of skills; without it all"
    )
    quiz.add_argument("--count", type=int, default=4, help="questions on a sheet (4)")
    collect.add_argument(
        "--resubmission",
        action="store_true",
        help="a second try after the feedback: of each part the better counts",
    )
    erase = commands.add_parser("erase", help="delete all that the course keeps of a student")
    erase.add_argument("student", help="the id")
    erase.add_argument("--yes", action="store_true", help="delete; without it you see what would go")
    variant = commands.add_parser("variant", help="begin a set of your own, in the folder private/")
    variant.add_argument("name", help="what it is called: letters, digits and underscores, for example ps1b")
    variant.add_argument("--of", default="ps1", help="the set that it is like (ps1)")
    variant.add_argument("--instead-of", default="circular", help="the part that is replaced (circular)")
    variant.add_argument(
        "--part", default="seesaw", help="what the new part and its function are called (seesaw)"
    )
    commands.add_parser("examples", help="write what the check before handing in knows of the sets")
    commands.add_parser("sandbox", help="say what the sandbox holds on this machine")
    return top


def main(words=None):
    arguments = parser().parse_args(words)
    private = arguments.course.resolve() / "private"
    if private.is_dir():
        os.environ.setdefault("CNNLAB_PRIVATE", str(private))
    try:
        if arguments.command == "sandbox":
            return show_sandbox()
        if arguments.command == "examples":
            return write_examples()
        from . import run
        from .course import Course

        course = Course(arguments.course)
        if "assignment" in arguments:
            run.check_assignment(arguments.assignment)
        return COMMANDS[arguments.command](course, arguments)
    except (FileNotFoundError, ConnectionError, ValueError, outside.NoSandbox) as error:
        print(error, file=sys.stderr)
        return 2


def release(course, arguments):
    from . import run

    if arguments.anew:
        from .anew import anew

        for student, cell in anew(course, arguments.assignment):
            print(f"A mark or comment for {student} has no cell any more: {cell}.")
    else:
        run.release(course, arguments.assignment)
    print(f"Released: {course.released(arguments.assignment)}")
    return 0


def due(course, arguments):
    from . import dates, run

    name, policy = arguments.assignment, course.policy
    if arguments.date:
        moment = None if arguments.date == "none" else dates.due(arguments.date, policy)
        run.set_due_date(course, name, moment)
        run.hand_back_again(course, name)
    moment = run.due_date(course, name)
    print(f"{name} is due {dates.told(moment, policy)}." if moment else f"{name} has no due date.")
    return 0


def late(course, arguments):
    from . import dates, run
    from .course import Course
    from .output import kept

    zone = course.policy.zone
    given = {name: getattr(arguments, name) for name in ("zone", "grace", "percent", "most")}
    changed = {name: value for name, value in given.items() if value is not None}
    if changed:
        kept.write_whole(course.late_path, dates.text(replace(course.policy, **changed)))
        course = Course(course.root)
        for name in run.SETS:
            run.date_sheet(course, name)
            run.hand_back_again(course, name)
    policy = course.policy
    print(f"Dates are in the time zone {policy.zone}. {policy.words() or 'Lateness costs nothing.'}".strip())
    if policy.zone != zone:
        for name, moment in run.due_dates(course).items():
            print(
                f"{name} is due {dates.told(moment, policy)}: the same moment as before. Say it again if you meant another."
            )
    return 0


def letters(course, arguments):
    from . import letters
    from .output import kept

    name = arguments.assignment
    with course.gradebook() as book:
        found = letters.waiting(course, book, name)
    path = course.root / f"{name}-letters.html"
    if found:
        kept.write_whole(path, letters.page(name, found))
        print(f"{len(found)} answers to mark. Open {path}")
    else:
        path.unlink(missing_ok=True)
        print(f"No written answer of {name} waits for a mark.")
    return 0


def marks(course, arguments):
    from . import run
    from .letters import enter

    with course.gradebook() as book:
        entered, refused = enter(course, book, arguments.assignment, arguments.file)
    run.hand_back_again(course, arguments.assignment)
    print(f"{len(entered)} marks entered.")
    for student, why in refused:
        print(f"Not entered for {student}: {why}.")
    return 0


def oral(course, arguments):
    from .oral import as_text, ask

    print(
        as_text(arguments.assignment, arguments.student, ask(course, arguments.assignment, arguments.student))
    )
    return 0


def grade(course, arguments):
    from . import run

    options = run.Options(
        students=tuple(arguments.student),
        parts=tuple(arguments.part),
        again=arguments.again,
        workers=max(1, arguments.workers),
        scheduler=arguments.scheduler,
        allow_unsealed=arguments.allow_unsealed,
        road=arguments.road,
        feedback=not arguments.no_feedback,
    )
    print(run.grade(course, arguments.assignment, options))
    return written(course, arguments.assignment)


def written(course, assignment):
    """Say which files for the instructor there are now."""
    for what in ("class.html", "canvas.csv", "feedback-canvas.zip", "feedback-moodle.zip"):
        path = course.root / f"{assignment}-{what}"
        if path.exists():
            print(f"Written: {path}")
    return 0


def feedback(course, arguments):
    from . import run
    from .output import look
    from .roster import visible

    made = run.hand_back(course, arguments.assignment)
    print(f"{len(list(course.pages(arguments.assignment)))} pages.")
    if made.waiting:
        print(f"A person still has to mark something, so they are in no zip: {', '.join(made.waiting)}.")
    for student in made.without:
        print(f"Look at {visible(student)}: {look.NO_PAGE}.")
    return written(course, arguments.assignment)


def tables(course, arguments):
    from . import collect, run
    from .output import export

    run.hand_back(course, arguments.assignment, with_pages=bool(course.pages(arguments.assignment)))
    if arguments.worksheet:
        path = course.root / f"{arguments.assignment}-moodle-worksheet.csv"
        with course.gradebook() as book:
            without = export.fill_worksheet(
                book,
                arguments.worksheet,
                path,
                roster=course.roster(),
                collected=collect.remembered(course, arguments.assignment),
                found=export.scores(book, arguments.assignment),
            )
        print(f"Written: {path}")
        if without:
            print(f"In no line of the worksheet: {', '.join(without)}.")
    return written(course, arguments.assignment)


def collect_notebooks(course, arguments):
    from .collect import collect

    sources, worksheet = arguments.source, arguments.worksheet
    print(collect(course, arguments.assignment, sources, worksheet, resubmission=arguments.resubmission))
    return 0


def erase_student(course, arguments):
    from .erase import erase

    print(erase(course, arguments.student, arguments.yes))
    return 0


def print_quiz(course, arguments):
    from .quiz import write

    if not re.fullmatch(r"[\w-]+", arguments.name):
        raise ValueError(f"A quiz's name has letters, digits and hyphens only; got {arguments.name!r}.")
    try:
        paths = write(course, arguments.name, arguments.skills, arguments.count)
    except KeyError as error:  # a skill that there is not
        raise ValueError(error.args[0]) from None
    print("\n".join(f"Written: {path}" for path in paths))
    return 0


def begin_variant(course, arguments):
    from .variant import begin

    for path in begin(
        course.root / "private", arguments.name, arguments.of, arguments.instead_of, arguments.part
    ):
        print(f"Written: {path}")
    print("The first lines of the first file say how to go on.")
    return 0


def show_sandbox():
    for road in outside.ROADS:
        leaks = outside.probe(road)
        told = "not available" if leaks is None else "holds" if not leaks else f"leaks: {', '.join(leaks)}"
        print(f"{road}: {told}")
    return 0


def write_examples():
    from .points import examples

    examples.write()
    print(f"Written: {examples.FILE}")
    return 0


COMMANDS = {
    "release": release,
    "due": due,
    "late": late,
    "letters": letters,
    "marks": marks,
    "oral": oral,
    "collect": collect_notebooks,
    "grade": grade,
    "feedback": feedback,
    "tables": tables,
    "quiz": print_quiz,
    "erase": erase_student,
    "variant": begin_variant,
}

if __name__ == "__main__":
    sys.exit(main())
