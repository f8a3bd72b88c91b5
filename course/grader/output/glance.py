"""The class at a glance: one page for the instructor, which needs no other file and no other host.

It names students, so it is not for them. It says where points went, which mistakes were made and by how many, which remarks
stand beside lost points, whose code is the same, and what the last regrading changed.
"""

import collections
import csv
import html
import io
import statistics
from dataclasses import dataclass, field

from ..points.problems import SETS
from ..points.words import WORDS
from ..roster import visible
from . import feedback, look, pages

MOST_NAMES = 20  # of a group; the rest is a number
KINDS = ("all points", "some points", "no points", "not begun")
# With any other status no answer was compared: often a mishap, and something to help with.
USUAL = ("right", "partly right", "wrong", "not attempted", "nothing handed in")
STYLE = """
h2 { margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .2rem .6rem .2rem 0; border-bottom: thin solid; }
th, td { overflow-wrap: break-word; }
td.number { text-align: right; } svg { width: 100%; min-width: 7rem; height: 1.2rem; display: block; }
@media (max-width: 40rem) {
  table, tbody, tr, td { display: block; } tr:first-child { display: none; }
  tr { padding: .5rem 0; border-bottom: thin solid; } th, td { border: none; overflow-wrap: anywhere; }
  td:first-child { font-weight: 600; } td + td:not(:has(svg))::before { content: attr(data-name) ": "; }
  td.number { display: inline-block; text-align: left; margin-right: .6rem; }
}
"""
SHARED = (
    "Short answers are often the same by chance, and working together may be what you asked for. "
    "Comments, layout and what the sheet gave do not count. A variable with another name makes the code another one here."
)


@dataclass
class Glance:
    """What is seen of a class, one submission after the other. Nothing of a student's code is kept."""

    assignment: str
    scores: list = field(default_factory=list)
    parts: dict = field(
        default_factory=lambda: collections.defaultdict(collections.Counter)
    )  # part: kind: count
    earned: dict = field(default_factory=lambda: collections.defaultdict(float))
    misconceptions: dict = field(default_factory=lambda: collections.defaultdict(set))  # (part, id): students
    remarks: dict = field(
        default_factory=lambda: collections.defaultdict(dict)
    )  # remark: student: points lost
    code: dict = field(default_factory=lambda: collections.defaultdict(list))  # (part, outline): students

    def add(self, result, submitted):
        """See one submission: its kept result, and what the gradebook says of it."""
        student, lost = result.student, 0.0
        self.scores.append(max(0.0, submitted.score - submitted.penalty))
        for part in result.parts:
            mark = submitted.marks.get(part.name)
            earned = mark.earned if mark else part.earned
            begun = earned or part.status not in ("not attempted", "nothing handed in", "cell missing")
            kind = (
                KINDS[0] if earned >= part.points else KINDS[1] if earned else KINDS[2] if begun else KINDS[3]
            )
            self.parts[part.name][kind] += 1
            self.earned[part.name] += earned
            lost += max(0.0, part.points - earned)
            for each in part.misconceptions:
                self.misconceptions[part.name, each].add(student)
            outline = result.outlines.get(part.name)
            if outline and part.name not in look.PERSONAL:
                self.code[part.name, outline].append(student)
        if lost:
            for remark in result.remarks:
                self.remarks[remark][student] = lost
            for part in result.parts:
                if part.status not in USUAL and part.points > part.earned:
                    self.remarks[f"`{part.name}`: {part.status}"][student] = part.points - part.earned

    def same_code(self):
        """(parts, students) of those whose code is the same, one for each group of students, larger overlaps first."""
        groups = collections.defaultdict(list)
        for (part, _), students in self.code.items():
            if len(students) > 1:
                groups[tuple(sorted(students))].append(part)
        return sorted(
            ((sorted(parts), students) for students, parts in groups.items()),
            key=lambda g: (-len(g[0]), g[1]),
        )


def page(glance, pristine, changes=(), absent=()):
    """The page as HTML. changes: rows of `changed`; absent: ids of the roster from whom there is nothing."""
    titles, problem_set = pages.headings(pristine), SETS[glance.assignment]
    count = len(glance.scores)
    told = f"{count} submissions"
    if count:
        middle = statistics.median(glance.scores)
        told += f"; half of them have {feedback.amount(middle)} of {feedback.amount(problem_set.points)} points or more"
    body = [f"<p>{told}.</p>", "<p>For the instructor: this page names students.</p>"]
    if absent:
        body.append(f"<p>Nothing from {len(absent)} of the roster: {named(absent)}.</p>")
    rows = []
    for part in problem_set.parts:
        kinds = glance.parts[part.name]
        mean = glance.earned[part.name] / max(1, sum(kinds.values()))
        numbers = [f"{mean:.1f} of {feedback.amount(part.points)}", *(kinds[kind] for kind in KINDS)]
        rows.append([html.escape(titles.get(part.name, part.name)), bar(kinds), *numbers])
    body.append(table("Points for each part", ["Part", "Picture", "Mean", *map(str.capitalize, KINDS)], rows))
    found = sorted(glance.misconceptions.items(), key=lambda item: (-len(item[1]), item[0]))
    rows = [
        [
            feedback.code(f"{WORDS[each].name if each in WORDS else each} (`{part}`)"),
            len(who),
            "; ".join(pages.sections_on([each])),
        ]
        for (part, each), who in found
    ]
    body.append(table("Mistakes that were recognized", ["Mistake", "Students", "Section"], rows))
    rows = [
        [
            feedback.code(remark),
            len(who),
            named([f"{id} (-{feedback.amount(lost)})" for id, lost in sorted(who.items())]),
        ]
        for remark, who in sorted(glance.remarks.items())
    ]
    body.append(
        table("Remarks beside lost points", ["Remark", "Students", "Who, and points lost beside it"], rows)
    )
    rows = [[named(students), ", ".join(parts)] for parts, students in glance.same_code()]
    body.append(table("Something to talk about: the same code", ["Students", "Parts"], rows, SHARED))
    rows = [[html.escape(str(value)) for value in row] for row in changes]
    body.append(table("Scores that the last regrading changed", COLUMNS, rows))
    title = f"{glance.assignment}: the class at a glance"
    return pages.document(title, "\n".join([f"<h1>{title}</h1>", *body]), pages.STYLE + STYLE)


def bar(kinds):
    """The share of each kind as a picture; the numbers stand beside it."""
    total, at, drawn = max(1, sum(kinds.values())), 0.0, ""
    for kind, strength in zip(KINDS, (0.85, 0.5, 0.25, 0.08), strict=True):
        width = 100 * kinds[kind] / total
        drawn += f'<rect x="{at:.2f}%" width="{width:.2f}%" height="100%" fill="currentColor" fill-opacity="{strength}"/>'
        at += width
    return f'<svg aria-hidden="true">{drawn}</svg>'


def table(title, head, rows, words=""):
    """A table under a heading; where it is empty, that is said."""
    top = f"<h2>{html.escape(title)}</h2>" + (f"<p>{words}</p>" if words and rows else "")
    if not rows:
        return f"{top}<p>None.</p>"
    cells = "".join(f"<tr>{''.join(map(cell, head, row))}</tr>\n" for row in rows)
    names = "".join(f'<th scope="col">{name}</th>' for name in head)
    return f"{top}<table><tr>{names}</tr>\n{cells}</table>"


def cell(name, value):
    """One cell of a table. On a phone, where a row is a card, the name of its column stands before it."""
    kind = ' class="number"' if isinstance(value, int) else ""
    return f'<td data-name="{name}"{kind}>{value}</td>'


def named(students):
    """Students in one line, the first of them by name."""
    shown = ", ".join(html.escape(visible(student)) for student in students[:MOST_NAMES])
    more = len(students) - MOST_NAMES
    return f"{shown} and {more} more" if more > 0 else shown


COLUMNS = ["Student", "Part", "Before", "Now", "Why"]


def changed(before, now):
    """Rows of `COLUMNS`: the parts whose points differ between two results of one student."""
    why = "graded again" if before.digest == now.digest else "handed in again"
    old = {part.name: part.earned for part in before.parts}
    return [
        [now.student, part.name, feedback.amount(old[part.name]), feedback.amount(part.earned), why]
        for part in now.parts
        if part.name in old and old[part.name] != part.earned
    ]


def as_csv(rows):
    text = io.StringIO(newline="")
    csv.writer(text).writerows([COLUMNS, *rows])
    return text.getvalue()


def read_changes(path):
    """The rows that `as_csv` wrote; none without a file."""
    if not path.exists():
        return []
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))[1:]
