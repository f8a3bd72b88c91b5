"""The roster: who is in the course, and under which names and numbers a learning platform knows them.

`course/roster.csv` has a line for each student. Only the column `id` is needed; the others are

    name        first name last, or "Last, First"
    email
    canvas      the number in Canvas's column "ID", which stands in the file names of its zips
    group       shown in the summary, nothing depends on it
    extension   how much longer this student has: `2 days`, or for some sets `ps1: 3 days; ps3: 12 hours`

A gradebook exported from Canvas, or Moodle's list of participants (first and last names apart) or grading worksheet, is read
as it is, too. Moodle's numbers of participants are other ones in each assignment, so they are no part of the roster.
"""

import csv
import io
import re
import unicodedata
from dataclasses import dataclass, field

from cnnlab.handin.reading import NO_ID

from . import dates

# Our column: what the platforms call it.
COLUMNS = {
    "id": ("id", "student id", "sis login id", "sis user id", "id number", "username"),
    "name": ("name", "student", "full name"),
    "email": ("email", "e-mail", "email address"),
    "canvas": ("canvas", "canvas id"),
    "group": ("group", "section", "groups"),
    "extension": ("extension",),
    "first": ("first name",),
    "last": ("last name", "surname"),
}
NOBODY = ("points possible", "student, test")  # lines of Canvas's export that are no students


@dataclass(frozen=True)
class Person:
    """One student."""

    id: str
    name: str = ""
    email: str = ""
    canvas: str = ""
    group: str = ""
    extension: str = ""

    def known_as(self):
        """What this student may type as an id, in one form."""
        words = (self.id, self.email, self.email.partition("@")[0], self.canvas)
        return {same(word) for word in words if word}

    def names(self):
        """Forms in which a platform writes the name into a file's name: letters only, the parts in any rotation."""
        parts = [letters(part) for part in re.split(r"[\s,_-]+", self.name)]
        parts = [part for part in parts if part]
        return {"".join(parts[i:] + parts[:i]) for i in range(len(parts))}


@dataclass(frozen=True)
class Roster:
    """All students, in the order of the file. extends: whether it has the column `extension`, which then decides."""

    people: tuple = ()
    extends: bool = False
    _by: dict = field(default_factory=dict, compare=False, repr=False)

    def __bool__(self):
        return bool(self.people)

    def get(self, id):
        """The person with an id, or None."""
        return next(iter(self._index("id", lambda person: {person.id}).get(id, [])), None)

    def __contains__(self, id):
        return self.get(id) is not None

    def _index(self, kind, words):
        if kind not in self._by:
            self._by[kind] = {}
            for person in self.people:
                for word in words(person):
                    self._by[kind].setdefault(word, []).append(person)
        return self._by[kind]

    def typed(self, word):
        """Those who are known under what was typed."""
        return self._index("known", Person.known_as).get(same(word), [])

    def numbered(self, number):
        """Those with a number of Canvas."""
        return self._index("canvas", lambda person: {person.canvas} - {""}).get(number, [])

    def named(self, name):
        """Those whose name a platform may write like this."""
        return self._index("names", Person.names).get(letters(name), [])


def same(word):
    """An id without the differences that a person does not see."""
    return composed(word).strip().casefold()


def visible(name):
    """A name on one line of a terminal, its letters in their order: what would break that is spelled out."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in name)


def letters(text):
    return "".join(letter for letter in composed(text).casefold() if letter.isalnum())


def composed(text):
    """The text with an accent and its letter as one: a Mac writes them as two in the names of files."""
    return unicodedata.normalize("NFKC", text)


def rows_of(path):
    """A CSV file's lines, whatever a spreadsheet made of it: comma or semicolon, with or without a mark at its beginning."""
    text = path.read_bytes()
    text = text.decode("utf-16" if text[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", "replace")
    first = text.partition("\n")[0]
    mark = max(",;\t", key=first.count)
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=mark))


def columns(path, lines):
    """{our column: its place} of a roster's lines. Raises ValueError where no column can be the id."""
    head = [column.strip().casefold() for column in lines[0]] if lines else []
    canvas = "sis login id" in head and "id" in head  # there "ID" is the platform's own number
    place = {}
    for ours, names in COLUMNS.items():
        names = [name for name in names if not (canvas and ours == "id" and name == "id")]
        if canvas and ours == "canvas":
            names.append("id")
        found = [head.index(name) for name in names if name in head]
        if found:
            place[ours] = found[0]
    if "id" not in place and "email" in place:
        place["id"] = place["email"]
    if "id" not in place:
        raise ValueError(
            f"{path}: the first line needs a column `id`; it has: {', '.join(head) or 'nothing'}."
        )
    return place


def read(path):
    """The roster in a file; an empty one if there is none. Raises ValueError with the line that is wrong."""
    if not path.exists():
        return Roster()
    lines = rows_of(path)
    place = columns(path, lines)
    people, seen = [], {}
    for number, line in enumerate(lines[1:], start=2):
        values = {ours: line[i].strip() if i < len(line) else "" for ours, i in place.items()}
        apart = [part for part in (values.pop("last", ""), values.pop("first", "")) if part]
        if apart and not values.get("name"):
            values["name"] = ", ".join(apart)
        if not any(values.values()) or same(values.get("name", "")).startswith(NOBODY):
            continue
        if not values["id"]:
            raise ValueError(f"{path}, line {number}: the id is missing.")
        if not fits(values["id"]):
            raise ValueError(
                f"{path}, line {number}: the id {values['id']!r} cannot be the name of a folder."
            )
        try:
            dates.extension(values.get("extension", ""), "")
        except ValueError as error:
            raise ValueError(f"{path}, line {number}: {error}.") from None
        if same(values["id"]) in seen:
            raise ValueError(f"{path}: line {number} has the id of line {seen[same(values['id'])]}.")
        seen[same(values["id"])] = number
        people.append(Person(**values))
    return Roster(tuple(people), extends="extension" in place)


def fits(name):
    """Whether a name can be a folder's, and nbgrader sees it."""
    try:
        return 0 < len(name.encode()) <= 200 and not name.startswith(".") and not set(name) & set("/\\\0")
    except UnicodeEncodeError:
        return False


def numbers_of(typed, student, roster, others):
    """(the id whose numbers count, a remark or '') for a submission.

    typed   what stands in the id cell, or None
    others  the ids of all who handed in, where there is no roster

    The numbers are those of the id that the student typed, because the sheet computes with it, but never somebody else's.
    """
    typed = NO_ID if typed is None or not typed.strip() else typed
    person = roster.get(student)
    own = person.known_as() if person else {same(student)}
    if same(typed) in own:
        return typed, ""
    if roster and person is None and roster.typed(typed):  # marked blindly: who it is, nobody can say
        return typed, ""
    shown = "".join(letter for letter in typed[:40] if letter.isalnum() or letter in "._@+-") or "?"
    if same(typed) == NO_ID:
        return typed, f"No id was typed. The numbers of `{NO_ID}`, which the sheet then has, were used."
    if roster.typed(typed) or same(typed) in others or same(typed) == "example":
        return (
            student,
            f"The id cell says `{shown}`, which is not yours. The numbers of `{student}` were used.",
        )
    return typed, f"The id cell says `{shown}`, which is nobody's. The numbers of that id were used."
