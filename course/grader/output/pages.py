"""Feedback pages: one file for each student, which needs no other file and no other host, and reads on a phone.

A page is a pure function of the kept result and of what the gradebook has: manual scores, comments, penalty. So all pages of
a class are made again whenever anything may have changed, and only those that differ are written.
"""

import functools
import html
import json
import re
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
import yaml

from cnnlab.handin.checking import shown
from cnnlab.misconceptions.table import CHAPTERS
from tools.live import sheets
from tools.reading import titles

from .. import dates, reading
from ..points import examples, wrong_variants
from ..points.problems import SETS, reference
from ..points.words import WORDS
from . import feedback, gradebook, kept

STYLE = """
:root { color-scheme: light dark; }
body { margin: 0 auto; max-width: 44rem; padding: 1rem; font: 1.05rem/1.55 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .5rem; }
h2 { font-size: 1.15rem; margin: 0; }
section { border-left: .3rem solid color-mix(in srgb, CanvasText 25%, Canvas); padding-left: .8rem; margin: 1.2rem 0; }
section.lost { border-left-color: CanvasText; }
.score { font-size: 1.25rem; font-weight: 600; }
.example, .comment { background: color-mix(in srgb, CanvasText 7%, Canvas); padding: .4rem .7rem; border-radius: .3rem; }
.comment { white-space: pre-wrap; }
pre { overflow-x: auto; font-size: .85rem; line-height: 1.4; }
pre.text { white-space: pre-wrap; font: inherit; }
"""
READ = re.compile(r"\*\*Read first:\*\* (.+)$", re.MULTILINE)
HEADING = re.compile(r"^## +(.+)$", re.MULTILINE)


@dataclass
class Mark:
    """What the gradebook says of one part."""

    earned: float
    by_person: bool = False
    waits: bool = False
    comment: str = ""


@dataclass
class Submitted:
    """What the gradebook says of one submission. when: in words; marks: by grade id of the solution cell."""

    name: str
    score: float
    points: float
    penalty: float = 0.0
    when: str = ""
    marks: dict = field(default_factory=dict)


def page(pristine, result, submitted):
    """The page of one student as HTML. pristine: the released notebook; result: a `Result`; submitted: a `Submitted`."""
    titles = headings(pristine)
    parts = {part.name: part for part in result.parts}
    written = [name for name, _ in SETS[result.assignment].written]
    names = [part.name for part in SETS[result.assignment].parts] + written
    points = {part.name: part.points for part in SETS[result.assignment].parts} | dict(
        SETS[result.assignment].written
    )
    lost = {name: points[name] - submitted.marks[name].earned for name in names if name in submitted.marks}
    order = sorted(lost, key=lambda name: (-lost[name], names.index(name)))
    sections = "".join(
        section(
            titles.get(name, name),
            points[name],
            submitted.marks[name],
            parts.get(name),
            result.sources.get(name),
        )
        for name in order
    )
    head = reading.text(pristine["cells"][0])
    title = head.splitlines()[0].removeprefix("# ")
    read = READ.search(head)
    again = f"<p>To read again: {html.escape(read[1].replace('*', ''))}</p>" if read else ""
    remarks = [feedback.STATUSES[result.status]] if result.status else []
    remarks += result.remarks
    facts = [submitted.name, submitted.when]
    body = f"""<h1>{html.escape(title)}</h1>
<p>{html.escape(", ".join(fact for fact in facts if fact))}</p>
<p class="score">{total(submitted)}</p>
{listed(remarks)}
{sections}{again}"""
    return document(f"{title}: {submitted.name}", body)


def document(title, body, style=STYLE):
    """A whole page. title: text; body: HTML."""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)}</title>
<style>{style}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def total(submitted):
    """The sum in words."""
    score = max(0.0, submitted.score - submitted.penalty)
    told = f"{feedback.amount(score)} of {feedback.amount(submitted.points)} points"
    if submitted.penalty:
        told += f" ({feedback.amount(submitted.penalty)} taken off for lateness)"
    if any(mark.waits for mark in submitted.marks.values()):
        told += ", and an answer that a person still has to read"
    return told + "."


def headings(pristine):
    """{grade id: the heading above the cell}."""
    found, above = {}, ""
    for cell in pristine["cells"]:
        if cell["cell_type"] == "markdown":
            above = (HEADING.findall(reading.text(cell)) or [above])[-1]
        found.setdefault(reading.mark(cell).get("grade_id"), above)
    return found


def section(title, points, mark, part, source):
    """One part: its points, what is wrong, an example on which it shows, what a person wrote, and the answer."""
    lines = feedback.report(part) if part else []
    score = f"{feedback.amount(mark.earned)} of {feedback.amount(points)} points"
    if mark.waits:
        score = f"{feedback.amount(points)} points, not marked yet"
    elif mark.by_person and part:
        score += ", given by a person"
    body = listed(lines)
    for line in told_misconceptions(part.name, tuple(part.misconceptions)) if part else ():
        body += f'<p class="example">{feedback.code(line)}</p>'
    body += to_read(part.misconceptions if part else ())
    if mark.comment:
        body += f'<p class="comment">{html.escape(mark.comment)}</p>'
    if source and source.strip():
        kind = "" if part else ' class="text"'
        body += f"<details><summary>Your answer</summary><pre{kind}>{html.escape(source)}</pre></details>"
    state = "whole" if mark.earned >= points and not mark.waits else "lost"
    return f'<section class="{state}"><h2>{html.escape(title)}</h2><p><strong>{score}</strong></p>{body}</section>\n'


def listed(lines):
    return f"<ul>{''.join(f'<li>{feedback.code(line)}</li>' for line in lines)}</ul>" if lines else ""


def to_read(misconceptions):
    """A paragraph with the sections of the book that explain the mistakes, or nothing."""
    told = sections_on(misconceptions)
    return f"<p>To read: {'; '.join(told)}.</p>" if told else ""


def sections_on(misconceptions):
    """The sections of the book that explain the mistakes, as links where `_config.yml` says where the book is published."""
    places = dict.fromkeys(WORDS[each].section for each in misconceptions if each in WORDS)
    told = []
    for place in filter(None, places):
        chapter, _, anchor = place.partition("#")
        section = titles(chapter_text(chapter))[anchor]
        words = f"<em>{html.escape(section)}</em> in the chapter {html.escape(CHAPTERS[chapter])}"
        address = f"{book_address()}/book/{chapter}.html#{anchor}"
        told.append(f'<a href="{html.escape(address)}">{words}</a>' if book_address() else words)
    return told


@functools.cache
def chapter_text(chapter):
    """The words of a chapter, as Markdown."""
    cells = json.loads((sheets.ROOT / "book" / f"{chapter}.ipynb").read_text(encoding="utf-8"))["cells"]
    return "\n".join(reading.text(cell) for cell in cells if cell["cell_type"] == "markdown")


@functools.cache
def book_address():
    """Where the book is published, without a slash at the end; empty if `_config.yml` does not say."""
    config = yaml.safe_load((sheets.ROOT / "_config.yml").read_text(encoding="utf-8"))
    return (config["html"].get("baseurl") or "").rstrip("/")


@functools.cache
def told_misconceptions(part, misconceptions):
    """For each mistake, by id, a sentence with the part's published example on which it shows."""
    asked = next(p.asks_for for s in SETS.values() for p in s.parts if p.name == part)
    lines = []
    for name in asked:
        for identifier, wrong in wrong_variants.wrong_functions(name):
            if identifier in misconceptions and name in examples.EXAMPLES:
                lines += told_misconception(name, identifier, wrong)
    return tuple(dict.fromkeys(lines))


def told_misconception(name, identifier, wrong):
    """A sentence in a list, on the published example or, where that hides the mistake, on an input made to show it."""
    arguments, returns = examples.EXAMPLES[name]
    inputs = [arguments, *([examples.SHOWING[name]] if name in examples.SHOWING else [])]
    return next(filter(None, (shown_on(each, returns, name, identifier, wrong) for each in inputs)), [])


def shown_on(arguments, returns, name, identifier, wrong):
    """The sentence in a list, or none where this input does not show the mistake."""
    given = [np.array(value) if isinstance(value, np.ndarray) else value for value in arguments.values()]
    right = wrong_variants.as_tuple(reference(name)(*given))
    came = wrong_variants.as_tuple(wrong(*given))
    for each, ours, theirs in zip(returns, right, came, strict=True):
        ours, theirs = np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float)
        if ours.size > 12:
            continue
        if ours.shape != theirs.shape or not np.allclose(ours, theirs):
            return [
                f"An example of this mistake ({WORDS[identifier].name}): for {examples.told(arguments)}, `{each}` of "
                f"`{name}` is {shown(ours)}; with the mistake it is {shown(theirs)}."
            ]
    return []


def when(submission, policy):
    """When something was handed in, how long after the due date, and when it was due, in words."""
    words = []
    if submission.timestamp:
        words.append(f"handed in {dates.told(submission.timestamp, policy)}")
    seconds, due = gradebook.seconds_late(submission), submission.assignment.duedate
    if seconds:
        words.append(f"{dates.amount(timedelta(seconds=seconds))} after the due date")
    if due:
        longer = submission.extension
        words.append(f"due {dates.told(due + (longer or timedelta()), policy)}")
        if longer:
            words.append(f"which was {dates.amount(longer)} later for you")
    return ", ".join(words)


def submitted_by(submission, notebook, most, policy):
    """A `Submitted` from nbgrader's records. most: the points that the set can earn."""
    student = submission.student
    name = " ".join(part for part in (student.first_name, student.last_name) if part) or student.id
    marks = {}
    for grade in notebook.grades:
        cell = grade.name.removesuffix(feedback.POINTS)
        marks[cell] = Mark(grade.score, grade.manual_score is not None, bool(grade.needs_manual_grade))
    for comment in notebook.comments:
        if comment.name in marks:
            marks[comment.name].comment = comment.manual_comment or ""
    return Submitted(
        name,
        score=gradebook.points(notebook),
        points=most,
        penalty=notebook.late_submission_penalty or 0.0,
        when=when(submission, policy),
        marks=marks,
    )


def write(course, book, assignment, pristine, students=None, seen=None):
    """Write all pages that are not as they should be; the students whose page could not be made, sorted.

    seen: is called with each result and what the gradebook says of it, for who wants to see the class as well
    """
    without = []
    most = book.find_assignment(assignment).max_score
    for submission in gradebook.submissions(book, assignment):
        student = submission.student.id
        if students is not None and student not in students:
            continue
        try:
            old = kept.load(course, assignment, student)
            notebook = next(each for each in submission.notebooks if each.name == assignment)
            result = kept.counting(course, old.result)
            submitted = submitted_by(submission, notebook, most, course.policy)
            text = page(pristine, result, submitted)
            kept.write_whole(course.folder("feedback", student, assignment) / f"{assignment}.html", text)
            if seen:
                seen(result, submitted)
        except Exception:
            without.append(student)
    return sorted(without)
