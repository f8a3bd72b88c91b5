"""What students handed in, from a platform's zip or a folder, into `submitted/STUDENT/ASSIGNMENT/`.

A file is matched with the roster by Canvas's number, then by id and e-mail, then by a name that only one student has.
Moodle's grading worksheet says whose e-mail a participant's number is. Without a roster, and for a blind participant, the
student's id is what the file says. Nothing is overwritten: an earlier notebook moves to `earlier/STUDENT/ASSIGNMENT/`.
What matches nobody stays where it is and is named. What came from where is kept in `collected/ASSIGNMENT.json`, for the
tables that go back.

When it was handed in says a file `timestamp.txt` beside the notebook, or Moodle's grading worksheet. The dates inside the
platforms' zips are of no use: both write the time of the download into them. Canvas says that somebody is late, not when.
"""

import json
import os
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from cnnlab.handin import checking
from cnnlab.handin import reading as cells

from . import dates, reading
from .output import kept
from .roster import fits, letters, rows_of, visible

# Moodle: a folder for each student, or all in one; "Participant" where marking is blind.
MOODLE = re.compile(r"^(?P<name>.+?)_(?P<number>\d+)_assignsubmission_\w+?(?:_(?P<file>[^_].*))?$")
# Canvas: lastfirst_LATE_USER_FILE_name.ipynb; a second attempt ends in -1 before the dot.
CANVAS = re.compile(
    r"^(?P<name>[^_]+)_(?P<late>(?:LATE_)?)(?P<number>\d+)_(?P<upload>\d+)_(?P<file>.+)$", re.IGNORECASE
)
BLIND = re.compile(r"participant_\d+")
ATTEMPT = re.compile(r"(?:-(\d+)| \((\d+)\))?\.ipynb$", re.IGNORECASE)

# Some systems and browsers add a second ending. What file managers and Jupyter leave beside a notebook is nobody's answer.
NOTEBOOK = re.compile(r"\.ipynb(\.txt|\.json)?$", re.IGNORECASE)
LEFTOVER = re.compile(r"(^|/)(__MACOSX/|\.ipynb_checkpoints/|\._|\.DS_Store$|timestamp\.txt$)")

ADVICE = {
    "canvas": "write their numbers into the roster's column `canvas`",
    "moodle": "collect it with --worksheet and Moodle's grading worksheet",
    "worksheet": "write their e-mails into the roster's column `email`",
    "": "put it into the folder of the right one by hand",
}


@dataclass
class Found:
    """One file and what its place says about whose it is."""

    place: str
    read: Callable
    name: str = ""
    number: str = ""
    platform: str = ""
    late: bool = False
    attempt: tuple = ()
    timestamp: str | None = None

    @property
    def is_notebook(self):
        return bool(NOTEBOOK.search(self.place))


@dataclass
class Collected:
    """What a run of `collect` did."""

    taken: dict = field(default_factory=dict)  # student: place
    late: list = field(default_factory=list)
    unknown: list = field(default_factory=list)  # those who are late, and nothing says by how much
    earlier: list = field(default_factory=list)  # students whose former notebook was put aside
    unmatched: list = field(default_factory=list)  # (place, why)
    absent: list = field(default_factory=list)
    strangers: list = field(default_factory=list)  # folders in submitted/ that are nobody's of the roster

    def __str__(self):
        lines = [f"{len(self.taken)} notebooks collected."]
        if self.earlier:
            lines.append(f"A former notebook was kept in `earlier/`: {', '.join(self.earlier)}.")
        if self.late:
            lines.append(f"The platform calls late: {', '.join(self.late)}.")
        if self.unknown:
            lines.append(
                f"When they handed in is not said: {', '.join(self.unknown)}. They count as late by the least there is, "
                "which is nothing within a grace period. Where you know the time, write it into "
                "`timestamp.txt` beside the notebook."
            )
        lines += [f"Not taken: {place!r} ({why})." for place, why in self.unmatched]
        if self.absent:
            lines.append(f"Nothing from {len(self.absent)} of the roster: {', '.join(self.absent)}.")
        if self.strangers:
            lines.append(
                f"In `submitted/`, but not in the roster: {', '.join(self.strangers)}. They are graded, too; delete a "
                "folder that is left from an earlier try, or add its student to the roster."
            )
        return "\n".join(map(visible, lines))


def collect(course, assignment, sources, worksheet=None, resubmission=False):
    """Take everything for one set out of zips, folders and files: `Collected`.

    resubmission: the notebooks come after the feedback; each student may do that once, and loses nothing by it.
    """
    roster, result, chosen, others = course.roster(), Collected(), {}, []
    participants = participants_in(worksheet, course.policy)
    for source in sources:
        for found in files(Path(source)):
            if not found.is_notebook:
                others.append(found)
                continue
            known = participants.get(found.number) if found.platform == "moodle" else None
            if known and not found.timestamp:
                found.timestamp = known.handed_in
            student, why = whose(found, roster, participants)
            if not student:
                result.unmatched.append((found.place, why))
                continue
            why = unfit(found.read(), assignment)
            if why:
                result.unmatched.append((found.place, why))
                continue
            held = chosen.get(student)
            if held and held.attempt >= found.attempt:
                result.unmatched.append((found.place, f"{student} handed in {held.place!r}, too"))
                continue
            if held:
                result.unmatched.append((held.place, f"{student} handed in {found.place!r} later"))
            chosen[student] = found
    for found in others:
        student, _ = whose(found, roster, participants)
        if student not in chosen and (student or found.platform):
            result.unmatched.append((found.place, "it is no notebook"))
    if resubmission:
        refused = {s: refusal(course, assignment, s, found.read()) for s, found in sorted(chosen.items())}
        result.unmatched += [(chosen[student].place, why) for student, why in refused.items() if why]
        chosen = {student: chosen[student] for student, why in refused.items() if not why}
        before = remembered(course, assignment)
        for student, found in chosen.items():  # when the first one was handed in is what counts
            kept.keep_first(course, assignment, student)
            found.timestamp = reading.timestamp(course.folder("submitted", student, assignment))
            found.late = before.get(student, {}).get("late", False)
    for student, found in sorted(chosen.items()):
        if put(course, assignment, student, found):
            result.earlier.append(student)
        result.taken[student] = found.place
        if found.late:
            result.late.append(student)
            if not found.timestamp:
                result.unknown.append(student)
    people, there = {person.id for person in roster.people}, set(course.students(assignment))
    result.absent = sorted(people - there)
    if roster:
        result.strangers = sorted(name for name in there - people if not BLIND.fullmatch(name))
    remember(course, assignment, chosen)
    with course.gradebook() as book:
        for student, found in sorted(chosen.items()):
            enter(book, student, found, roster)
    return result


class Participant(NamedTuple):
    """A line of Moodle's grading worksheet. handed_in: the time in UTC as text, or None."""

    who: str
    handed_in: str | None


def participants_in(worksheet, policy):
    """{number: `Participant`} of Moodle's grading worksheet, whose times are in the course's time zone."""
    if worksheet is None:
        return {}
    lines = rows_of(Path(worksheet))
    head = {column.strip().casefold(): i for i, column in enumerate(lines[0])} if lines else {}
    who = head.get("email address", head.get("full name"))
    if "identifier" not in head or who is None:
        raise ValueError(
            f"{worksheet}: expected the columns `Identifier` and `Email address` of Moodle's grading worksheet."
        )
    found = {}
    for line in lines[1:]:
        if len(line) > who:
            when = dates.handed_in(
                dict(zip(head, line, strict=False)).get("last modified (submission)", ""), policy
            )
            number = re.sub(r"\D", "", line[head["identifier"]])
            found[number] = Participant(line[who], when and f"{when} UTC")
    return found


def record_path(course, assignment):
    return course.root / "collected" / f"{assignment}.json"


def remembered(course, assignment):
    """{student: {"platform", "number", "place"}} of what was collected for a set."""
    try:
        return json.loads(record_path(course, assignment).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}


def remember(course, assignment, chosen):
    known = remembered(course, assignment)
    for student, found in chosen.items():
        known[student] = {
            "platform": found.platform,
            "number": found.number,
            "place": found.place,
            "late": found.late,
        }
    kept.write_whole(record_path(course, assignment), json.dumps(known, indent=1, sort_keys=True) + "\n")


def files(source):
    """Every file in a zip, in a folder, or the one file, as `Found`. Raises FileNotFoundError with a sentence."""
    if source.is_dir():
        for path in sorted(source.rglob("*")):
            place = path.relative_to(source).as_posix()
            if path.is_file() and not path.is_symlink() and not LEFTOVER.search(place):
                yield described(place, lambda path=path: plain_file(path), reading.timestamp(path.parent))
    elif zipfile.is_zipfile(source):
        archive = zipfile.ZipFile(source)  # closed with the last notebook that can still be read from it
        members = {member.filename: member for member in archive.infolist()}
        for place, member in members.items():
            if not member.is_dir() and not LEFTOVER.search(place):
                beside = members.get(str(PurePosixPath(place).with_name("timestamp.txt")))
                stamp = beside and reading.timestamp_text(unpacked(archive, beside))
                yield described(place, lambda member=member: unpacked(archive, member), stamp)
    elif source.is_file():
        yield described(source.name, lambda: plain_file(source))
    else:
        raise FileNotFoundError(f"{source}: there is no such zip, folder or notebook.")


def plain_file(path):
    return reading.read_plain_file(path, reading.NOTEBOOK_LIMIT + 1)


def unpacked(archive, member):
    """A member's bytes up to the limit, or None where the archive is broken or locked."""
    try:
        with archive.open(member) as file:
            return file.read(reading.NOTEBOOK_LIMIT + 1)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError):
        return None


def described(place, read, timestamp=None):
    """What a path says: Moodle's folders and files, Canvas's files, or a folder that is called like the student."""
    path = PurePosixPath(place)
    attempt = ATTEMPT.search(path.name)
    number = int(attempt[1] or attempt[2] or 0) if attempt else 0
    for part in path.parts:
        moodle = MOODLE.match(part)
        if moodle:
            name = "" if moodle["name"].casefold() == "participant" else moodle["name"]
            return Found(
                place,
                read,
                name,
                number=moodle["number"],
                platform="moodle",
                attempt=(number,),
                timestamp=timestamp,
            )
    canvas = CANVAS.match(path.name)
    if canvas:
        late, upload = bool(canvas["late"]), int(canvas["upload"])
        return Found(
            place,
            read,
            canvas["name"],
            number=canvas["number"],
            platform="canvas",
            late=late,
            attempt=(number, upload),
            timestamp=timestamp,
        )
    name = path.parts[0] if len(path.parts) > 1 else re.sub(r"_?ps\d.*$", "", path.stem, flags=re.IGNORECASE)
    return Found(place, read, name, attempt=(number,), timestamp=timestamp)


def whose(found, roster, participants):
    """(the student's id, '') or ('', why nobody's)."""
    if not roster or (found.platform == "moodle" and not found.name):
        id = "_".join(part for part in (found.name or "participant", found.number) if part)
        return (id, "") if fits(id) else ("", "its name does not say whose it is")
    ways = [roster.numbered(found.number)] if found.platform == "canvas" else []
    if found.platform == "moodle" and participants.get(found.number):
        who = participants[found.number].who
        ways += [roster.typed(who), roster.named(who), roster.typed(who.partition("@")[0])]
    ways += [roster.typed(found.name), roster.named(found.name)] if found.name else []
    for people in ways:
        if found.platform == "canvas":  # somebody with another number it is not
            people = [person for person in people if person.canvas in ("", found.number)]
        if len(people) == 1:
            return people[0].id, ""
        if people:
            advice = ADVICE["worksheet" if participants else found.platform]
            return "", f"it may be of {' or '.join(person.id for person in people)}; {advice}"
    return "", "nobody of the roster"


def unfit(data, assignment):
    """Why bytes are not a notebook of this set, or ''. A notebook that cannot be read is taken: the grader names it."""
    if data is None:
        return "it cannot be read"
    found, status = cells.parsed(data[: reading.NOTEBOOK_LIMIT + 1])
    if status:
        return ""
    try:
        sheet = checking.sheet_of(found)
    except ValueError:
        return ""
    return "" if sheet == assignment else f"it is {sheet}"


def refusal(course, assignment, student, data):
    """Why a notebook is no second try of this student, or ''."""
    path = course.folder("submitted", student, assignment) / f"{assignment}.ipynb"
    if kept.load(course, assignment, student) is None:
        return f"{student} has no feedback on a first one yet: collect it without --resubmission"
    if path.exists() and path.read_bytes() == data:
        return f"{student} has handed in the same notebook before"
    if kept.first_path(course, assignment, student).exists():
        return f"{student} has handed in twice before"
    return ""


def put(course, assignment, student, found):
    """Write a notebook into its folder; whether another one was there, which is kept."""
    data = found.read()
    folder = course.folder("submitted", student, assignment)
    path = folder / f"{assignment}.ipynb"
    there = path.exists()
    if there and path.read_bytes() == data:
        note_time(folder, found.timestamp)
        return False
    if there:
        aside = course.root / "earlier" / student / assignment
        aside.mkdir(parents=True, exist_ok=True)
        number = 1 + len(list(aside.iterdir()))
        os.replace(path, aside / f"{assignment}-{number}.ipynb")
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{assignment}.{os.getpid()}"
    temporary.write_bytes(data)
    os.replace(temporary, path)
    (folder / "timestamp.txt").unlink(missing_ok=True)
    note_time(folder, found.timestamp)
    return there


def note_time(folder, timestamp):
    """Write down when it was handed in, where that is known, as nbgrader's collectors do."""
    if timestamp:
        kept.write_whole(folder / "timestamp.txt", timestamp)


def enter(book, student, found, roster):
    """The student in nbgrader's gradebook, with the name, and the platform's number for the exports."""
    person = roster.get(student)
    first, last = names(person.name if person else found.name)
    known = {
        "first_name": first,
        "last_name": last,
        "email": person.email if person else "",
        "lms_user_id": person.canvas if person else found.number if found.platform == "canvas" else "",
    }
    book.update_or_create_student(student, **{key: value for key, value in known.items() if value})


def names(name):
    """(first, last) of a name in either order."""
    last, comma, first = (part.strip() for part in name.partition(","))
    if comma:
        return first, last
    first, _, last = name.strip().rpartition(" ")
    return first, last if letters(last) else ""
