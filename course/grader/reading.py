"""Reading a notebook that a student handed in, which may be broken by accident or on purpose.

Only the sources of solution cells are taken from it, found by grade id; everything else (points, locks, tests, outputs,
metadata, attachments) comes from the pristine notebook. Nothing here raises because of what the notebook holds.
"""

import json
import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path

NOTEBOOK_LIMIT = 10 * 1024 * 1024
SOURCE_LIMIT = 200 * 1024


@dataclass(frozen=True)
class Handed:
    """What lies in a student's folder: the notebook's bytes, or the reason why there are none."""

    data: bytes | None
    status: str = ""
    remarks: tuple = ()


@dataclass
class Submission:
    """The solution cells of a notebook: sources by grade id, in the pristine order. A missing cell is None."""

    sources: dict
    status: str = ""
    remarks: list = field(default_factory=list)
    too_long: set = field(default_factory=set)
    typed_id: str | None = None  # what the id cell says; nothing depends on it


def fetch(folder, assignment):
    """Read a submission without following a link anywhere. folder: submitted/STUDENT/ASSIGNMENT."""
    folder = Path(folder)
    if folder.is_symlink() or folder.parent.is_symlink():
        return Handed(None, "symbolic link")
    if not folder.is_dir():
        return Handed(None, "nothing handed in")
    try:
        names = os.listdir(folder)
    except OSError:
        return Handed(None, "unreadable notebook")
    path, remarks = folder / f"{assignment}.ipynb", ()
    if path.name not in names:
        others = sorted(folder / name for name in names if name.lower().endswith(".ipynb"))
        if len(others) != 1:
            return Handed(None, "nothing handed in")
        path, remarks = (
            others[0],
            (f"The notebook should be called {assignment}.ipynb. It was graded all the same.",),
        )
    if path.is_symlink():
        return Handed(None, "symbolic link")
    data = read_plain_file(path, NOTEBOOK_LIMIT + 1)
    if data is None:
        return Handed(None, "unreadable notebook")
    if len(data) > NOTEBOOK_LIMIT:
        return Handed(None, "notebook too large")
    return Handed(data, remarks=remarks)


def read_plain_file(path, limit):
    """The first bytes of a regular file with one name, or None. It follows no link and waits for no pipe."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    information = os.fstat(descriptor)
    if not stat.S_ISREG(information.st_mode) or information.st_nlink > 1:
        os.close(descriptor)
        return None
    with os.fdopen(descriptor, "rb") as file:
        return file.read(limit)


def timestamp(folder):
    """The text of the timestamp that nbgrader's collectors leave beside a submission, or None."""
    data = read_plain_file(Path(folder) / "timestamp.txt", 100)
    return data.decode("utf-8", "replace").strip() or None if data else None


def solution_cells(pristine):
    """The pristine notebook's solution cells: {grade id: cell}, in order."""
    marked = [(cell["metadata"].get("nbgrader", {}), cell) for cell in pristine["cells"]]
    return {mark["grade_id"]: cell for mark, cell in marked if mark.get("solution")}


def read(handed, pristine, asks_for):
    """A `Submission`. asks_for: {grade id: names that the cell must define}, for notebooks that lost their marks."""
    wanted = solution_cells(pristine)
    nothing = Submission(dict.fromkeys(wanted), handed.status, list(handed.remarks))
    if handed.data is None:
        return nothing
    if not handed.data.strip():
        nothing.status = "empty file"
        return nothing
    try:
        notebook = json.loads(handed.data.decode("utf-8-sig"))
    except (ValueError, RecursionError, MemoryError):
        nothing.status = "not a notebook"
        return nothing
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        nothing.status = "not a notebook"
        return nothing
    cells = [cell for cell in cells if isinstance(cell, dict)]
    submission = Submission({}, "", list(handed.remarks))
    for name, cell in wanted.items():
        take(submission, name, cell, cells, asks_for.get(name, ()))
    typed = [typed_id(text(cell)) for cell in cells if "STUDENT" in text(cell)]
    submission.typed_id = next((name for name in typed if name), None)
    return submission


def take(submission, name, pristine, cells, names):
    """Put the source for one grade id into the submission, with remarks on what was odd about it."""
    remarks, stub = submission.remarks, text(pristine)
    found = [cell for cell in cells if mark(cell).get("grade_id") == name]
    if not found:
        found = [
            cell for cell in cells if cell.get("id") == pristine.get("id") and not mark(cell).get("grade_id")
        ]
        if not found and names:
            found = [
                cell for cell in cells if not mark(cell).get("grade_id") and set(names) <= defined(text(cell))
            ][-1:]
        if found:
            remarks.append(f"The cell `{name}` had lost its nbgrader marks. It was found by other means.")
    if not found:
        submission.sources[name] = None
        return
    if len(found) > 1:
        changed = [cell for cell in found if text(cell) != stub]
        found = (changed or found)[-1:]
        remarks.append(f"The cell `{name}` was there more than once. The last one with an answer was graded.")
    if found[0].get("cell_type") != pristine["cell_type"]:
        remarks.append(
            f"The cell `{name}` had another type than in the sheet. Its text was graded all the same."
        )
    source = text(found[0])
    if len(source) > SOURCE_LIMIT:
        submission.too_long.add(name)
        source = ""
    submission.sources[name] = source


def mark(cell):
    """A cell's nbgrader metadata, whatever stands there."""
    metadata = cell.get("metadata")
    found = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return found if isinstance(found, dict) else {}


def text(cell):
    """A cell's source as text that can be written to a file again."""
    source = cell.get("source")
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    if not isinstance(source, str):
        return ""
    return source.encode("utf-8", "replace").decode("utf-8").replace("\0", "")


# Names are looked for line by line, not with Python's parser: code from outside can keep it busy for minutes, and this
# runs in the grader's own process.
DEFINITION = re.compile(r"^(?:async +)?(?:def|class) +(\w+)", re.MULTILINE)
TARGET = r"[(*]*\w+[ )]*"
TARGETS = rf"{TARGET}(?:, *{TARGET})*(?:, *)?"
# Either one target with a type, or a chain of targets: ``a: int = 1``, ``a, b = c = 1, 2``.
ASSIGNMENT = re.compile(rf"^({TARGETS}(?=:[^=\n]*=(?!=))|(?:{TARGETS}=(?!=) *)+)", re.MULTILINE)
STUDENT = re.compile(r"""^STUDENT *= *(?:"([^"\\\n]*)"|'([^'\\\n]*)')""", re.MULTILINE)


def defined(source):
    """Names that a source defines at its top level."""
    targets = " ".join(ASSIGNMENT.findall(source))
    return {*DEFINITION.findall(source), *re.findall(r"\w+", targets)}


def typed_id(source):
    """The id that the student typed into the id cell, if it is a plain string."""
    found = STUDENT.search(source)
    return found and (found[1] or found[2] or "")
