"""Read and run a sheet as the grader does, and try one published example of each function that is asked for."""

import ast
import io
import json
import sys
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from cnnlab.check import sandbox
from cnnlab.formatting import number
from cnnlab.handin import cells, reading

SECONDS = 10  # for one cell and for one example, as the sheets say
OLDEST = (3, 11)  # a grader may run on this Python
# Libraries that contain the answers, or that compute gradients by themselves.
LIBRARIES = (
    "cnnlab", "torch", "torchvision", "tensorflow", "keras", "jax", "flax", "scipy", "autograd", "sklearn", "theano",
    "mxnet", "cupy", "tinygrad", "numba", "sympy", "course",
)  # fmt: skip

THERE = {"numpy", "__main__", *sys.stdlib_module_names}  # what an answer may import


@dataclass
class PartSeen:
    """What was seen of one part.

    state   "ready", "look" (something would cost points) or "empty"
    lines   what was seen, one sentence each
    """

    name: str
    state: str = "ready"
    lines: list[str] = field(default_factory=list)

    def look(self, line: str) -> None:
        """Add a line on something that would cost points."""
        self.state = "look"
        if line not in self.lines:
            self.lines.append(line)


@dataclass
class Checked:
    """What a check saw: the set, the id that was typed, the parts, remarks on the whole file."""

    sheet: str
    typed_id: str
    parts: list[PartSeen]
    remarks: list[str]

    @property
    def ready(self) -> bool:
        """Whether nothing was seen that would cost points."""
        return not self.remarks and all(part.state == "ready" for part in self.parts)


@dataclass
class Running:
    """The cells that count, which run in order and only as far as they are needed, as in the grader.

    left      (name, source) of the cells that have not run yet
    trouble   {name: what went wrong in that cell}
    """

    submission: reading.Submission
    left: list[tuple[str, str]]
    scope: dict = field(default_factory=cells.namespace)
    trouble: dict = field(default_factory=dict)

    def up_to(self, last: str | None = None) -> None:
        """Run the cells up to this one; without a name, all."""
        names = [name for name, _ in self.left]
        count = names.index(last) + 1 if last in names else 0 if last else len(names)
        due, self.left = self.left[:count], self.left[count:]
        for name, source in due:
            line = tried(
                lambda source=source, name=name: cells.run(source, f"cell {name}", self.scope),
                self.submission,
            )
            if line:
                self.trouble[name] = line

    def tried(self, action: Callable, seconds: float | None = None) -> str:
        """The same as `tried`; where a name is missing, once more after the cells that are left."""
        line = tried(action, self.submission, seconds)
        if self.left and line.startswith((NameError.__name__, KeyError.__name__)):
            self.up_to()
            line = tried(action, self.submission, seconds)
        return line


@cache
def sheets() -> dict:
    """What is published of the problem sets: cells, names, examples; see `course.grader.points.examples`."""
    path = resources.files("cnnlab") / "data" / "sheets.json"
    return json.loads(path.read_text(encoding="utf-8"))


def sheet_of(found: list[dict]) -> str:
    """The set that a notebook belongs to: its set-up cell says it, or else most of its grade ids. Raises ValueError."""
    known = sheets()
    texts = [reading.text(cell) for cell in found]
    for name in known:
        if any(f'f"{name} {{STUDENT}} ' in text for text in texts):
            return name
    marks = {str(reading.mark(cell).get("grade_id")) for cell in found}
    shared = {
        name: len(marks & reading.solution_cells(sheet["notebook"]).keys()) for name, sheet in known.items()
    }
    best = max(shared, key=lambda name: shared[name])
    if not shared[best]:
        raise ValueError(
            f"This notebook is none of the problem sets {', '.join(known)}: none of their cells is in it."
        )
    return best


def check(data: bytes | str) -> Checked:
    """Check the notebook with this content, as the grader would read it.

    The answers run in this Python, in a namespace of their own; the notebook itself is not changed.
    Raises ValueError, with a sentence for the student, where there is no notebook or it is no problem set.
    """
    data = data.encode("utf-8", "replace") if isinstance(data, str) else data
    found, status = reading.parsed(data)
    if status:
        raise ValueError({"empty file": "The file is empty."}.get(status, "The file is not a notebook."))
    name = sheet_of(found)
    sheet = sheets()[name]
    asks_for = {part["name"]: part["asks_for"] for part in sheet["parts"]}
    pristine = sheet["notebook"]
    submission = reading.read(reading.Handed(data), pristine, asks_for)
    typed = (submission.typed_id or reading.NO_ID).strip()
    checked = Checked(name, typed, [], [line.replace("was graded", "counts") for line in submission.remarks])
    if typed == reading.NO_ID:
        checked.remarks.append(
            'Your id is missing: type it into the cell `STUDENT = "your-id"` and run the sheet again.'
        )
    running = Running(submission, reading.cells_to_run(pristine, submission.sources, typed))
    stubs = reading.solution_cells(pristine)
    for part in sheet["parts"]:
        checked.parts.append(check_part(part, submission, stubs[part["name"]], running))
    for written in sheet["written"]:
        checked.parts.append(check_written(written, submission.sources.get(written), stubs[written]))
    return checked


def tried(action: Callable, submission: reading.Submission, seconds: float | None = None) -> str:
    """Do something that runs the student's code; a sentence on what went wrong, or nothing."""
    caught: list[BaseException] = []
    seconds = seconds or SECONDS

    def guarded() -> None:
        try:
            action()
        except sandbox.OutOfTime:
            raise
        except BaseException as error:
            caught.append(error)

    outcome = sandbox.call(guarded, {}, {}, seconds)
    if outcome.kind == "time":
        return f"It ran for more than {seconds:g} seconds."
    return explained(caught[0], submission.elsewhere) if caught else outcome.error


def explained(error: BaseException, elsewhere: set[str]) -> str:
    """A sentence on an exception: which, in which line of which cell, and what to do where that is known."""
    if isinstance(error, NotImplementedError):
        return "It is not written yet (NotImplementedError)."
    if isinstance(error, cells.ComplexNumbers):
        return "It returns complex numbers. Return real ones, for example with `.real`."
    place = ""
    if isinstance(error, SyntaxError):
        place = f" in line {error.lineno}" if error.lineno else ""
        return f"Python cannot read it{place}: {error.msg}."
    frame = error.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename.startswith("cell "):
            name = frame.tb_frame.f_code.co_filename.removeprefix("cell ")
            place = f" in line {frame.tb_lineno} of the cell `{name}`"
        frame = frame.tb_next
    told = " ".join(str(error).split())[:200].rstrip(".")
    advice = ""
    if isinstance(error, NameError) and error.name in elsewhere:
        advice = f" {moved(error.name)}"
    return f"{type(error).__name__}{place}{': ' if told else ''}{told}.{advice}"


def moved(name: str) -> str:
    """What to do about a name that only a cell defines which does not count."""
    return f"`{name}` stands in a cell that is not graded: move it into the cell that uses it."


def check_part(part: dict, submission: reading.Submission, stub: dict, running: Running) -> PartSeen:
    """What is to be said of one part."""
    name, seen = part["name"], PartSeen(part["name"])
    source = submission.sources.get(name)
    if name in submission.too_long:
        seen.look(f"The cell holds more than {reading.SOURCE_LIMIT // 1024} kB of text.")
        return seen
    if source is None:
        seen.look(f"The cell `{name}` is not in the notebook any more. Copy it from a fresh sheet.")
        return seen
    if source.strip() in ("", reading.text(stub).strip()):
        seen.state = "empty"
        return seen
    for line in forbidden(source):
        seen.look(line)
    running.up_to(name)
    if name in running.trouble:
        seen.look(running.trouble[name])
    if any(asked not in running.scope for asked in part["asks_for"]):
        running.up_to()
    missing = [asked for asked in part["asks_for"] if asked not in running.scope]
    if missing:
        seen.look(f"Not defined: {', '.join(f'`{each}`' for each in missing)}.")
    for example in part["examples"]:
        if example["call"] not in missing:
            try_example(seen, example, running)
    for value in part["values"]:
        if value["name"] not in missing:
            look_at_value(seen, value, running)
    seen.lines += part["told"]
    return seen


def check_written(name: str, source: str | None, stub: dict) -> PartSeen:
    """A written answer: whether there is one."""
    seen = PartSeen(name)
    if source is None:
        seen.look(f"The cell `{name}` is not in the notebook any more. Copy it from a fresh sheet.")
    elif source.strip() in ("", reading.text(stub).strip()):
        seen.state = "empty"
    else:
        seen.lines.append("A person reads this.")
    return seen


def forbidden(source: str) -> Iterator[str]:
    """Sentences on what the grader refuses or may not understand, each with its line."""
    try:
        tree = ast.parse(cells.runnable(source))
        caught = {each for node in ast.walk(tree) if isinstance(node, ast.Try) for each in ast.walk(node)}
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return  # running the cell has said so
    for node in ast.walk(tree):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        names = (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
        )
        for name in sorted({name.partition(".")[0] for name in names}):
            if name in LIBRARIES:
                yield (
                    f"Line {node.lineno} imports `{name}`, which an answer may not use: the part would earn nothing. "
                    "Import it in a cell of your own."
                )
            elif name not in THERE and node not in caught:
                yield (
                    f"Line {node.lineno} imports `{name}`, which is not there when a sheet is graded: an answer would stop "
                    "at this line. Import it in a cell of your own."
                )
    newer = newer_syntax(cells.runnable(source))
    if newer:
        yield (
            f"Line {newer} uses a way of writing that Python {OLDEST[0]}.{OLDEST[1]} does not know, and this is "
            f"Python {sys.version_info[0]}.{sys.version_info[1]}. The grader may run the older one: write it differently."
        )


def newer_syntax(source: str) -> int | None:
    """The first line that the oldest Python which a grader may have cannot read, or None."""
    try:
        ast.parse(source, feature_version=OLDEST)
    except SyntaxError as error:
        return error.lineno or 1
    return newer_string(source)


def newer_string(source: str) -> int | None:
    """The line of an f-string that Python 3.12 was the first to read: with its own quotes or a backslash inside braces."""
    start, end = getattr(tokenize, "FSTRING_START", None), getattr(tokenize, "FSTRING_END", None)
    if start is None:
        return None  # this Python is older, and would have refused it
    open_strings: list[str] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        quotes = token.string.lstrip("rRbBfFuUtT")
        inside = bool(open_strings) and token.type in (tokenize.STRING, start)
        if inside and (quotes.startswith(open_strings[-1]) or "\\" in token.string):
            return token.start[0]
        if open_strings and token.type in (tokenize.COMMENT, tokenize.NL) and len(open_strings[-1]) == 1:
            return token.start[0]
        if token.type == start:
            open_strings.append(quotes)
        elif token.type == end:
            open_strings.pop()
    return None


def try_example(seen: PartSeen, example: dict, running: Running) -> None:
    """Call a function on its published example and compare what comes with what is right."""
    name, expected = example["call"], example["returns"]
    given = [argument(each["value"]) for each in example["arguments"]]
    options = {key: argument(value) for key, value in example["options"].items()}
    came: list[Any] = []

    def ask() -> None:
        came.append(cells.arrays(running.scope[name](*given, **options), len(expected)))

    problem = running.tried(ask, example.get("seconds"))
    if problem:
        seen.look(f"`{name}`: {problem}")
        return
    if isinstance(came[0], int):
        wanted = ", ".join(each["name"] for each in expected)
        seen.look(f"`{name}` returns {came[0]} things in place of {len(expected)}: {wanted}.")
        return
    problems = []
    for each, got in zip(expected, came[0], strict=True):
        if "values" not in each:
            right, same = None, got.shape == tuple(each["shape"])
        else:
            right = np.array(each["values"], dtype=float).reshape(each["shape"])
            got = got.reshape(right.shape) if got.size == right.size == 1 else got
            tolerance = example.get("tolerance", 1e-6)
            same = got.shape == right.shape and bool(
                np.all(np.abs(got - right) <= tolerance * np.maximum(1.0, np.abs(right)))
            )
        if same:
            continue
        if got.shape != tuple(each["shape"]):
            problems.append(f"{each['name']} has shape {got.shape}, expected {tuple(each['shape'])}")
        else:
            problems.append(f"{each['name']} is {shown(got)}, right is {shown(right)}")
    where = f"On the example {example['told']}"
    if problems:
        seen.look(f"{where}: {'; '.join(problems)}.")
    else:
        what = "is right" if all("values" in each for each in expected) else "returns the right shapes"
        seen.lines.append(f"{where}, `{name}` {what}.")


def argument(value: Any) -> Any:
    """An argument of an example: a number, an array, or a function that is written as text."""
    if isinstance(value, list):
        return np.array(value, dtype=float)
    if isinstance(value, str):
        return eval(value, {"np": np})  # published with the sheet, not the student's
    return value


def look_at_value(seen: PartSeen, value: dict, running: Running) -> None:
    """Compare a variable's shape with the sheet's, and see whether it keeps the sheet's rules."""
    name, shape, came = value["name"], tuple(value["shape"]), []
    problem = running.tried(lambda: came.append(cells.plain(running.scope[name])))
    if problem:
        seen.look(f"`{name}` is not an array of real numbers.")
        return
    got = came[0]
    if got.shape != shape and not got.size == np.prod(shape) == 1:
        seen.look(f"`{name}` has shape {got.shape}, the sheet asks for {shape}.")
    elif value["rules"]:
        start = float(running.scope["own"]("start", 1)[0]) if value["starts"] else None
        broken = broken_rule(name, got, shape, start)
        if broken:
            seen.look(broken)
        else:
            seen.lines.append(f"`{name}` keeps the rules.")
    else:
        seen.lines.append(f"`{name}` has the right shape.")


def broken_rule(
    name: str, array: np.ndarray, shape: tuple[int, ...], start: float | None = None
) -> str | None:
    """Which rule an input breaks that a sheet asks for: shape, sizes of entries, no two equal, and how it begins."""
    if array.shape != shape:
        return f"`{name}` has shape {array.shape}, the sheet asks for {shape}."
    size = np.abs(array)
    if not np.all((size >= 0.01) & (size <= 100)):
        return f"`{name}` has an entry whose size is not between 0.01 and 100."
    if len(np.unique(array)) != array.size:
        return f"`{name}` has two equal entries; all must be different."
    if start is not None and float(array.ravel()[0]) != start:
        return f"`{name}` must begin with your number {start:g}."
    return None


def shown(array: np.ndarray | None) -> str:
    """An array in one line."""
    if array is None:
        return ""
    told = np.array2string(
        array, separator=", ", threshold=60, formatter={"float_kind": lambda x: number(x, 5)}
    )
    return " ".join(told.split())
