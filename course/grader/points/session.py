"""The conversation with one worker: the submission's cells go in, questions follow, and what comes back is checked.

Whatever the worker says may be the student's: arrays are only compared, and what it tells of an error is fitted into the
grader's own sentences.
"""

import builtins
import time

import numpy as np

from cnnlab.check.answers import miscounted
from cnnlab.handin.checking import moved

from .. import reading
from ..sandbox import outside
from ..sandbox.inside.protocol import ChannelError, TooLate
from .questions import Call, Function, Value


class Session:
    """A worker with the submission's cells in it, started when it is first needed and again after it broke.

    A part is asked when its own cell has run and no later one, as a reader of the sheet tries it: what a later cell calls by
    the same name is not meant. Where a name is missing then, all cells run, and the question is asked again.
    """

    def __init__(self, student, road, limits, pristine, submission):
        self.student, self.road, self.limits = student, road, limits
        self.order = reading.cells_to_run(pristine, submission.sources, student)
        self.elsewhere = submission.elsewhere
        self.names = {f"cell {name}" for name, _ in self.order}
        self.trouble = {}  # grade id of a cell: (status, line) of what it did when it ran
        self.broken = set()  # cells that broke a worker and are not run again
        self.given = {name: reading.text(cell) for name, cell in reading.solution_cells(pristine).items()}
        self.outlines = (
            None  # cell: hash of the student's own code in it; asked for once, before any code runs
        )
        self.worker = None
        self.ran = 0  # cells that this worker has run, or left out because they break it
        self.starts = 0
        self.left = limits.notebook_seconds

    def ask(self, question, seconds, part):
        """('', '', arrays), or (status, sentence, None)."""
        try:
            self.run_cells(1 + [name for name, _ in self.order].index(part))
        except ChannelError as error:
            return error.status, self.words_for(error.status, None), None
        if part in self.broken:
            return *self.trouble[part], None
        try:
            header, arrays = self.exchange(*spelled(question), seconds)
            if lacks_a_name(header) and self.ran < len(self.order):
                self.run_cells(len(self.order))
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

    def run_cells(self, count):
        """Run the first cells up to this number, if they have not run yet; again without those that break the worker."""
        while self.worker is None or self.ran < count:
            if self.worker is None:
                self.start()
                continue
            name, source = self.order[self.ran]
            self.ran += 1
            if name in self.broken:
                continue
            try:
                header, _ = self.exchange({"do": "cell", "name": f"cell {name}", "source": source}, [], None)
            except ChannelError as error:
                self.broken.add(name)
                self.trouble[name] = error.status, self.words_for(error.status, None)
                continue
            if "error" in header:
                self.trouble[name] = self.explain(header["error"], None)

    def start(self):
        """Start a worker, in which nothing has run yet."""
        if self.left <= 0:
            raise TooLate("the notebook's time is over")
        self.worker, self.ran = outside.Sandbox(self.road, self.limits), 0
        self.starts += 1
        if self.outlines is None:
            self.outline()

    def outline(self):
        """Ask for the outlines; there are none if that breaks the worker. Long parsing is limited like a cell."""
        self.outlines = {}
        names, sources = zip(*self.order, strict=True)
        try:
            given = [self.given.get(name, "") for name in names]
            question = {"do": "outline", "sources": sources, "given": given}
            header, _ = self.worker.ask(question, [], self.limits.part_seconds)
        except ChannelError:
            self.close()
            return
        self.outlines = dict(zip(names, header["outlines"], strict=True))

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
        if kind == "LibraryRefused" and error.get("module") in outside.LIBRARIES:
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
        if kind == "ComplexNumbers":
            return (
                "not an array of numbers",
                f"{name} is complex. Return real numbers, for example with `.real`.",
            )
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
        lost = error.get("name") if kind == "NameError" else None
        advice = f" {moved(lost)}" if isinstance(lost, str) and lost in self.elsewhere else ""
        return "raised an error", f"{name} raised {kind}{where}{told}.{advice}"

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


def lacks_a_name(header):
    """Whether a reply says that something is not defined: the name that was asked for, or one that the code uses."""
    error = header.get("error")
    return isinstance(error, dict) and error.get("type") in ("NameError", "KeyError")


EXCEPTIONS = {
    name
    for name, value in vars(builtins).items()
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
