"""Grading one submission: a task goes in, a result comes out, and nothing else is touched.

`score` never raises because of the submission. It runs in any process on any machine that has this repository: a task
carries all that it needs, as plain values.
"""

import hashlib
import json
import time
from dataclasses import asdict, dataclass, field

import numpy as np

from .. import reading
from ..sandbox import outside
from .drawing import Draw
from .problems import SETS
from .questions import Credit
from .session import Session

# Every status that a part can end in, with what it means.
STATUSES = {
    "right": "All points.",
    "partly right": "Some points; the report says what is wrong.",
    "wrong": "No points; the report says what is wrong.",
    "not attempted": "The cell is as it was released, or still raises NotImplementedError.",
    "cell missing": "The notebook has no such solution cell any more.",
    "cell too long": "The cell holds more than 200 kB.",
    "raised an error": "The code raised an exception.",
    "uses the library": "The code imports a library that contains the answer.",
    "name missing": "The cell does not define what the sheet asks for.",
    "not an array of numbers": "The answer is not an array of real numbers.",
    "took too long": "A cell or an answer took longer than the limit of the sheet, or the whole notebook did.",
    "out of memory": "The code wanted more memory than the limit.",
    "ended the process": "The code ended the grader's process, or used up its processor time.",
    "reply too large": "The answer is larger than the channel allows.",
    "malformed reply": "The answer is no well-formed reply to the question.",
    "waits for another part": "The part counts only if other parts have earned all their points.",
    "nothing handed in": "There is no notebook in the folder.",
    "symbolic link": "The notebook is a link to another file.",
    "unreadable notebook": "The notebook cannot be opened as a file.",
    "notebook too large": "The notebook is larger than 64 MB, or holds millions of lists.",
    "empty file": "The notebook is empty.",
    "not a notebook": "The file is not the JSON of a notebook.",
    "grader failed": "The grader itself failed here. No points were decided; look at this submission.",
}


@dataclass(frozen=True)
class Job:
    """One submission to grade."""

    assignment: str
    student: str
    handed: reading.Handed
    pristine: str  # the released notebook, as JSON
    secret: str
    road: str | None = None  # None: the best one of the machine that grades
    allow_unsealed: bool = False
    limits: outside.Limits = outside.USUAL
    parts: tuple = ()  # only these; all if empty
    numbers: str = ""  # the id whose numbers the sheet has, if it is not the student's name in the course
    id_remark: str = ""  # what is to be said of the id that was typed


@dataclass
class PartResult:
    name: str
    points: float
    earned: float = 0.0
    status: str = "wrong"
    items: list = field(default_factory=list)  # [title, earned, points, status]
    lines: list = field(default_factory=list)  # what is wrong
    diagnosis: list = field(default_factory=list)  # which known mistake it is, in words
    misconceptions: list = field(default_factory=list)  # the ids of those mistakes


@dataclass
class Result:
    assignment: str
    student: str
    parts: list
    sources: dict
    remarks: list
    status: str = ""
    road: str = ""
    digest: str = ""
    seconds: float = 0.0
    restarts: int = 0
    id_remark: str = ""  # what is odd about the id that was typed
    outlines: dict = field(default_factory=dict)  # part: hash of its code without comments and layout

    @property
    def earned(self):
        return sum(part.earned for part in self.parts)

    def to_json(self):
        return json.dumps(asdict(self), sort_keys=True)

    @staticmethod
    def from_json(text):
        values = json.loads(text)
        return Result(**{**values, "parts": [PartResult(**part) for part in values["parts"]]})


def score(task):
    """Grade one submission: Task -> Result."""
    started = time.monotonic()
    problem_set = SETS[task.assignment]
    pristine = json.loads(task.pristine)
    wanted = with_needs(problem_set, task.parts)
    parts = [part for part in problem_set.parts if not wanted or part.name in wanted]
    submission = reading.read(task.handed, pristine, {part.name: part.asks_for for part in problem_set.parts})
    digest = hashlib.sha256(json.dumps(submission.sources, sort_keys=True).encode()).hexdigest()
    remarks = submission.remarks + ([task.id_remark] if task.id_remark else [])
    road = task.road or outside.choose(task.allow_unsealed)[0]
    result = Result(
        assignment=task.assignment,
        student=task.student,
        parts=[],
        sources=submission.sources,
        remarks=remarks,
        status=submission.status,
        road=road,
        digest=digest,
        id_remark=task.id_remark,
    )
    session = Session(
        student=task.numbers or task.student,
        road=road,
        limits=task.limits,
        pristine=pristine,
        submission=submission,
    )
    try:
        for part in parts:
            draw = Draw(
                sheet=task.assignment,
                student=task.student,
                part=part.name,
                submission=digest,
                secret=task.secret,
                numbers=task.numbers,
            )
            result.parts.append(score_part(part, draw, submission, session, pristine, result))
    finally:
        session.close()
    result.restarts = max(0, session.starts - 1)
    result.outlines = {part.name: (session.outlines or {}).get(part.name) for part in parts}
    result.seconds = round(time.monotonic() - started, 3)
    return result


def with_needs(problem_set, names):
    """The named parts and those that must have all their points before these count."""
    chosen = [part for part in problem_set.parts if part.name in names]
    items = [
        item
        for part in chosen
        for item in part.items(Draw(sheet="", student="", part=part.name, submission="", secret=""))
    ]
    return set(names).union(*(item.needs for item in items))


def guarded_score(task):
    """`score`, with a result also where the grader itself fails. A missing sandbox stops the run instead."""
    try:
        return score(task)
    except outside.NoSandbox:
        raise
    except Exception as error:
        return failed(task, error)


def failed(task, error):
    """The result of a submission on which the grader itself failed: no points are decided."""
    problem_set = SETS[task.assignment]
    parts = [
        PartResult(
            part.name, part.points, status="grader failed", lines=[f"{type(error).__name__}: {error}"[:300]]
        )
        for part in problem_set.parts
    ]
    return Result(
        assignment=task.assignment,
        student=task.student,
        parts=parts,
        sources={},
        remarks=[],
        status="grader failed",
    )


def score_part(part, draw, submission, session, pristine, result):
    """One part: ask its items, judge the replies, add up the points."""
    report = PartResult(part.name, part.points)
    status, lines = before_running(part, submission, pristine)
    if status:
        report.status, report.lines = status, lines
        return report
    items = part.items(draw)
    for item in items:
        status, credit = score_item(item, session, part, result)
        earned = round(item.points * credit.fraction, 6)
        report.items.append([item.title, earned, item.points, status])
        for kept, new in (
            (report.lines, credit.lines),
            (report.diagnosis, credit.diagnosis),
            (report.misconceptions, credit.misconceptions),
        ):
            kept += [each for each in new if each not in kept]
        if status in BREAKS:
            for rest in items[len(report.items) :]:
                report.items.append([rest.title, 0.0, rest.points, "not asked any more"])
            break
    report.earned = round(sum(earned for _, earned, _, _ in report.items), 6)
    statuses = [status for *_, status in report.items]
    trouble = [
        status
        for status in statuses
        if status not in ("right", "partly right", "wrong", "not asked any more")
    ]
    if report.earned == part.points:
        report.status = "right"
    elif trouble:
        report.status = trouble[0]
    else:
        report.status = "partly right" if report.earned else "wrong"
    return report


# After one of these the worker is gone. A part gets one worker that breaks, not one for each question.
BREAKS = ("took too long", "ended the process", "reply too large", "malformed reply", "out of memory")


def before_running(part, submission, pristine):
    """(status, lines) that are clear without running anything, or ('', [])."""
    if submission.status:
        return submission.status, [STATUSES[submission.status]]
    source = submission.sources.get(part.name)
    if part.name in submission.too_long:
        return "cell too long", [STATUSES["cell too long"]]
    if source is None:
        return "cell missing", [STATUSES["cell missing"]]
    if (
        source.strip() == reading.text(reading.solution_cells(pristine)[part.name]).strip()
        or not source.strip()
    ):
        return "not attempted", []
    return "", []


def score_item(item, session, part, result):
    """(status, credit) of one item."""
    unearned = [
        other.name for other in result.parts if other.name in item.needs and other.earned != other.points
    ]
    missing = [name for name in item.needs if name not in [other.name for other in result.parts]]
    if unearned or missing:
        names = ", ".join(f"`{name}`" for name in unearned + missing)
        line = f"This part counts only when {names} earn all their points."
        return "waits for another part", Credit(0.0, (line,))
    replies = []
    for question in item.questions:
        status, line, arrays = session.ask(question, item.seconds, part.name)
        if status:
            return status, Credit(0.0, (line,))
        replies.append(arrays)
    with np.errstate(all="ignore"):
        credit = item.judge(replies)
    return "right" if credit.fraction == 1 else "partly right" if credit.fraction else "wrong", credit
