"""Grading one submission: a task goes in, a result comes out, and nothing else is touched.

`score` never raises because of the submission. It runs in any process on any machine that has this repository: a task
carries all that it needs, as plain values.
"""

import hashlib
import json
import time
from dataclasses import asdict, dataclass, field

import numpy as np

from cnnlab.check.answers import miscounted

from . import cells, sandbox
from .drawing import Draw
from .problems import SETS
from .protocol import ChannelError, TooLate
from .questions import Call, Credit, Function, Value

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
    "notebook too large": "The notebook is larger than 10 MB.",
    "empty file": "The notebook is empty.",
    "not a notebook": "The file is not the JSON of a notebook.",
    "grader failed": "The grader itself failed here. No points were decided; look at this submission.",
}


@dataclass(frozen=True)
class Task:
    """One submission to grade."""

    assignment: str
    student: str
    handed: cells.Handed
    pristine: str  # the released notebook, as JSON
    secret: str
    road: str | None = None  # None: the best one of the machine that grades
    allow_unsealed: bool = False
    limits: sandbox.Limits = sandbox.USUAL
    parts: tuple = ()  # only these; all if empty


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
    submission = cells.read(task.handed, pristine, {part.name: part.asks_for for part in problem_set.parts})
    digest = hashlib.sha256(json.dumps(submission.sources, sort_keys=True).encode()).hexdigest()
    remarks = submission.remarks + id_remarks(submission, task.student)
    road = task.road or sandbox.choose(task.allow_unsealed)[0]
    result = Result(
        task.assignment, task.student, [], submission.sources, remarks, submission.status, road, digest
    )
    session = Session(task.student, road, task.limits, pristine, submission)
    try:
        for part in parts:
            draw = Draw(task.assignment, task.student, part.name, digest, task.secret)
            result.parts.append(score_part(part, draw, submission, session, pristine, result))
    finally:
        session.close()
    result.restarts = max(0, session.starts - 1)
    result.seconds = round(time.monotonic() - started, 3)
    return result


def with_needs(problem_set, names):
    """The named parts and those that must have all their points before these count."""
    chosen = [part for part in problem_set.parts if part.name in names]
    items = [item for part in chosen for item in part.items(Draw("", "", part.name, "", ""))]
    return set(names).union(*(item.needs for item in items))


def guarded_score(task):
    """`score`, with a result also where the grader itself fails. A missing sandbox stops the run instead."""
    try:
        return score(task)
    except sandbox.NoSandbox:
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
    return Result(task.assignment, task.student, parts, {}, [], "grader failed")


def id_remarks(submission, student):
    typed = submission.typed_id
    if typed in (None, "your-id") or typed.strip() == student:
        return []
    plain = "".join(letter for letter in typed[:40] if letter.isalnum() or letter in "._@-")
    return [
        f"The id cell says `{plain or '?'}`, the submission belongs to `{student}`. Its numbers were used."
    ]


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
    if source.strip() == cells.text(cells.solution_cells(pristine)[part.name]).strip() or not source.strip():
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


class Session:
    """A worker with the submission's cells in it, started when it is first needed and again after it broke."""

    def __init__(self, student, road, limits, pristine, submission):
        self.student, self.road, self.limits = student, road, limits
        self.order = self.cells_to_run(pristine, submission)
        self.names = {f"cell {name}" for name, _ in self.order}
        self.trouble = {}  # grade id of a cell: (status, line) of what it did when it ran
        self.broken = set()  # cells that broke a worker and are not run again
        self.worker = None
        self.starts = 0
        self.left = limits.notebook_seconds

    def cells_to_run(self, pristine, submission):
        """(name, source): the sheet's own set-up cells and the student's solution cells, in the sheet's order."""
        chosen = [("id", f"STUDENT = {self.student!r}")]
        for cell in pristine["cells"]:
            mark = cell["metadata"].get("nbgrader", {})
            name = mark.get("grade_id", "")
            if cell["cell_type"] != "code":
                continue
            if mark.get("solution") and submission.sources.get(name):
                chosen.append((name, cells.runnable(submission.sources[name])))
            elif mark.get("locked") and not mark.get("grade") and name.startswith("setup"):
                chosen.append((name, cells.text(cell)))
        return chosen

    def ask(self, question, seconds, part):
        """('', '', arrays), or (status, sentence, None)."""
        try:
            self.start()
        except ChannelError as error:
            return error.status, self.words_for(error.status, None), None
        if part in self.broken:
            return *self.trouble[part], None
        try:
            header, arrays = self.exchange(*spelled(question), seconds)
        except ChannelError as error:
            return error.status, self.words_for(error.status, question), None
        if "error" not in header:
            if isinstance(question, Value) and len(arrays) != 1:
                return "malformed reply", self.words_for("malformed reply", question), None
            return "", "", arrays
        status, line = self.explain(header["error"], question)
        # A name that is missing because its own cell failed is that cell's trouble.
        return *(self.trouble.get(part, (status, line)) if status == "name missing" else (status, line)), None

    def start(self):
        """Start a worker and run the cells, again without those that break it."""
        while self.worker is None:
            if self.left <= 0:
                raise TooLate("the notebook's time is over")
            self.worker = sandbox.Sandbox(self.road, self.limits)
            self.starts += 1
            for name, source in self.order:
                if name in self.broken:
                    continue
                try:
                    header, _ = self.exchange(
                        {"do": "cell", "name": f"cell {name}", "source": source}, [], None
                    )
                except ChannelError as error:
                    self.broken.add(name)
                    self.trouble[name] = error.status, self.words_for(error.status, None)
                    break
                if "error" in header:
                    self.trouble[name] = self.explain(header["error"], None)

    def exchange(self, question, arrays, seconds):
        """Ask the worker within the part's and the notebook's time; a broken channel ends the worker."""
        allowed = min(seconds or self.limits.part_seconds, self.left)
        started = time.monotonic()
        try:
            return self.worker.ask(question, arrays, allowed)
        except ChannelError:
            self.close()
            raise
        finally:
            self.left -= time.monotonic() - started

    def words_for(self, status, question):
        name = f"`{question.name}`" if question else "The cell"
        if status == "took too long" and self.left <= 0:
            return "The whole notebook took longer than its limit."
        return {
            "took too long": f"{name} did not answer in time.",
            "ended the process": f"{name} ended the process it ran in.",
            "reply too large": f"{name} returned more than the channel allows.",
            "malformed reply": f"{name} wrote into the grader's channel.",
        }[status]

    def explain(self, error, question):
        """(status, sentence) for an exception that the worker reported. What it says is checked, never trusted."""
        error = error if isinstance(error, dict) else {}
        kind = error.get("type")
        kind = kind if isinstance(kind, str) else ""
        name = f"`{question.name}`" if question else "The cell"
        if kind == "LibraryRefused" and error.get("module") in sandbox.LIBRARIES:
            return "uses the library", f"{name} imports `{error['module']}`, which the sheet does not allow."
        if kind == "NotImplementedError":
            return "not attempted", ""
        if kind == "MemoryError":
            return "out of memory", f"{name} wanted more memory than the limit."
        count = error.get("count")
        if kind == "WrongCount" and isinstance(question, Call) and type(count) is int:
            if 0 <= count < 10**9:
                return "wrong", f"{name}: {miscounted(count, question.outputs)}"
            return "malformed reply", self.words_for("malformed reply", question)
        kind = kind if kind in EXCEPTIONS else "an exception"
        where = self.place(error.get("line"))
        if question is not None and kind == "KeyError" and not where:
            return "name missing", f"{name} is not defined."
        if question is not None and not where and kind in ("TypeError", "ValueError"):
            if kind == "TypeError" and not isinstance(question, Value):
                return (
                    "raised an error",
                    f"{name} cannot be called as the sheet says, or did not return real numbers.",
                )
            return "not an array of numbers", f"{name} is not an array of real numbers."
        message = error.get("message") if question is None else ""
        told = f": {printable(message)}" if isinstance(message, str) and message else ""
        return "raised an error", f"{name} raised {kind}{where}{told}."

    def place(self, line):
        if (
            isinstance(line, list)
            and len(line) == 2
            and isinstance(line[0], str)
            and line[0] in self.names
            and type(line[1]) is int
            and 0 < line[1] < 100_000
        ):
            return f" in line {line[1]} of the cell `{line[0].removeprefix('cell ')}`"
        return ""

    def close(self):
        if self.worker is not None:
            self.worker.close()
            self.worker = None


EXCEPTIONS = {
    name
    for name, value in vars(__import__("builtins")).items()
    if isinstance(value, type) and issubclass(value, BaseException)
}


def printable(message):
    """A message of the student's own code, fit for one line of a report."""
    kept = "".join(letter if " " <= letter <= "~" and letter not in "`<>" else " " for letter in message)
    return " ".join(kept.split())[:160].rstrip(".")


def spelled(question):
    """A question in the worker's words: (header, arrays)."""
    if isinstance(question, Value):
        return {"do": "value", "name": question.name}, []
    arrays = []

    def argument(value):
        if isinstance(value, Function):
            arrays.extend(value.arrays)
            first = len(arrays) - len(value.arrays)
            return ["function", {"source": value.source, "arrays": list(range(first, len(arrays)))}]
        if isinstance(value, int | float):
            return ["number", value]
        arrays.append(np.asarray(value, dtype=float))
        return ["array", len(arrays) - 1]

    args = [argument(value) for value in question.args]
    kwargs = {name: argument(value) for name, value in question.kwargs.items()}
    return {
        "do": "call",
        "name": question.name,
        "args": args,
        "kwargs": kwargs,
        "outputs": len(question.outputs),
    }, arrays
