"""Written answers marked with a rubric: a page with boxes to tick, and its marks into nbgrader's gradebook.

The page needs no other file and no server. It shows the answers that wait for a mark, without names and in an order of its
own, so that nobody is marked by name. What is ticked stays in that browser until the button saves it to a file. `marks` then
enters it: the points, and as a comment the line of every box with what was met and what was not, for the feedback page.
"""

import hashlib
import html
import json
from dataclasses import dataclass

from .output import feedback, gradebook, kept, pages
from .points.problems import SETS

STYLE = """
form section { border-left-color: CanvasText; }
label { display: block; margin: .4rem 0; }
textarea { width: 100%; }
"""
SCRIPT = """
const form = document.querySelector("form"), sections = [...form.querySelectorAll("section")];
const place = "cnnlab letters " + form.dataset.assignment;
const boxes = (section) => [...section.querySelectorAll(".met")];
const marks = () => sections.map((section) => ({
  student: section.dataset.student, cell: section.dataset.cell, answer: section.dataset.answer,
  read: section.querySelector(".read").checked, met: boxes(section).map((box) => box.checked),
  comment: section.querySelector("textarea").value,
}));
const kept = (() => { try { return JSON.parse(localStorage.getItem(place)) || []; } catch { return []; } })();
for (const section of sections) {
  const old = kept.find((mark) => mark.student === section.dataset.student && mark.answer === section.dataset.answer);
  if (!old) continue;
  section.querySelector(".read").checked = old.read;
  boxes(section).forEach((box, i) => { box.checked = old.met[i]; });
  section.querySelector("textarea").value = old.comment;
}
const count = () => {
  const read = marks().filter((mark) => mark.read).length;
  document.querySelector("output").textContent = `${read} of ${sections.length} read`;
};
form.addEventListener("input", (event) => {
  if (!event.target.matches(".read")) event.target.closest("section").querySelector(".read").checked = true;
  try { localStorage.setItem(place, JSON.stringify(marks())); } catch { /* a page from a file may not keep anything */ }
  count();
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = JSON.stringify({assignment: form.dataset.assignment, marks: marks().filter((mark) => mark.read)}, null, 1);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], {type: "application/json"}));
  link.download = form.dataset.assignment + "-marks.json";
  link.click();
});
count();
"""


@dataclass(frozen=True)
class Waiting:
    """An answer that waits for a mark."""

    student: str
    cell: str
    text: str

    @property
    def digest(self):
        """What tells this answer from a later one."""
        return hashlib.sha256(f"{self.student}\0{self.text}".encode()).hexdigest()[:16]


def rubric(assignment, cell):
    """(lines of the rubric, points for each of them) of one written answer. ValueError where there is no rubric."""
    problem_set = SETS[assignment]
    if cell not in problem_set.rubrics:
        raise ValueError(f"{assignment} has no written answer with a rubric: {cell}.")
    lines = problem_set.rubrics[cell]
    return lines, dict(problem_set.written)[cell] / len(lines)


def waiting(course, book, assignment):
    """The answers that wait for a mark, in an order that says nothing of who wrote them."""
    found = []
    for submission in gradebook.submissions(book, assignment):
        known = kept.load(course, assignment, submission.student.id)
        sources = kept.counting(course, known.result).sources if known else {}
        for notebook in submission.notebooks:
            for grade in notebook.grades:
                if (
                    grade.name in SETS[assignment].rubrics
                    and grade.needs_manual_grade
                    and sources.get(grade.name)
                ):
                    found.append(Waiting(submission.student.id, grade.name, sources[grade.name]))
    return sorted(found, key=lambda each: each.digest)


def page(assignment, found):
    """The page with the boxes, as HTML."""
    sections = "".join(section(assignment, i, len(found), each) for i, each in enumerate(found, start=1))
    title = f"{assignment}: answers to mark"
    body = f"""<h1>{title}</h1>
<p>Tick what an answer does. An answer counts as marked as soon as you have touched it.</p>
<form data-assignment="{assignment}">
{sections}<p><button>Save the marks to a file</button> <output></output></p>
</form>
<script>{SCRIPT}</script>"""
    return pages.document(title, body, pages.STYLE + STYLE)


def section(assignment, number, count, answer):
    """One answer with its boxes."""
    lines, points = rubric(assignment, answer.cell)
    boxes = "".join(
        f'<label><input type="checkbox" class="met"> {html.escape(line)} ({feedback.amount(points)})</label>'
        for line in lines
    )
    data = {"student": answer.student, "cell": answer.cell, "answer": answer.digest}
    return (
        f"<section {' '.join(f'data-{name}={quoted(value)}' for name, value in data.items())}>"
        f'<h2>Answer {number} of {count}</h2><pre class="text">{html.escape(answer.text)}</pre>{boxes}'
        f'<label>Comment <textarea rows="2"></textarea></label>'
        f'<label><input type="checkbox" class="read"> Read and marked</label></section>\n'
    )


def quoted(value):
    """A value as an attribute of HTML."""
    return f'"{html.escape(value)}"'


def enter(course, book, assignment, path):
    """Enter the marks of a file: ([students], [(student, why not)]). ValueError for a file that is none of this set."""
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
        marks = [
            (each["student"], each["cell"], each["answer"], each["met"], each["comment"])
            for each in saved["marks"]
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path} is no file of marks: save it with the button of the page that `letters` makes."
        ) from error
    if saved.get("assignment") != assignment:
        raise ValueError(f"{path} has the marks of {saved.get('assignment')}, not of {assignment}.")
    now = {(each.student, each.cell): each.digest for each in waiting(course, book, assignment)}
    entered, refused = [], []
    for student, cell, digest, met, comment in marks:
        lines, points = rubric(assignment, cell)
        if now.get((student, cell)) != digest:
            refused.append(
                (student, "this answer waits for no mark any more: it was marked, or handed in anew")
            )
        elif not isinstance(met, list) or len(met) != len(lines):
            refused.append((student, f"the rubric has {len(lines)} boxes, the file has another number"))
        else:
            grade = book.find_grade(cell, assignment, assignment, student)
            grade.manual_score, grade.needs_manual_grade = points * sum(map(bool, met)), False
            book.find_comment(cell, assignment, assignment, student).manual_comment = told(
                lines, met, comment
            )
            entered.append(student)
    book.db.commit()
    return entered, refused


def told(lines, met, comment):
    """The comment that a student reads."""
    boxes = [f"{'Yes' if got else 'Not yet'}: {line}" for line, got in zip(lines, met, strict=True)]
    return "\n".join([*boxes, *([str(comment).strip()] if str(comment).strip() else [])])
