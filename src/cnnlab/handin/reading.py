"""Finding the answers in a notebook that a student hands in, which may be broken by accident or on purpose.

Only the sources of solution cells are taken from it, found by grade id; everything else (points, locks, tests, outputs,
metadata, attachments) comes from the pristine notebook. Nothing here raises because of what the notebook holds. The grader
reads with these functions, and so does the check before handing in.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

SOURCE_LIMIT = 200 * 1024
SEARCH_LIMIT = 10 * SOURCE_LIMIT  # of all cells together, in which names are looked for
MOST_LISTS = (
    4_000_000  # lists and objects in the JSON of a notebook, each of which takes far more memory than bytes
)
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
NO_ID = "your-id"  # what the id cell says in a fresh sheet


@dataclass(frozen=True)
class Handed:
    """What lies in a student's folder: the notebook's bytes, or the reason why there are none."""

    data: bytes | None
    status: str = ""
    remarks: tuple[str, ...] = ()


@dataclass
class Submission:
    """The solution cells of a notebook: sources by grade id, in the pristine order. A missing cell is None."""

    sources: dict
    status: str = ""
    remarks: list = field(default_factory=list)
    too_long: set = field(default_factory=set)
    typed_id: str | None = None  # what the id cell says
    elsewhere: set = field(default_factory=set)  # names that only cells define which are not taken


def solution_cells(pristine: dict) -> dict:
    """The pristine notebook's solution cells: {grade id: cell}, in order."""
    marked = [(cell["metadata"].get("nbgrader", {}), cell) for cell in pristine["cells"]]
    return {mark["grade_id"]: cell for mark, cell in marked if mark.get("solution")}


def cells_to_run(pristine: dict, sources: Mapping, student: str) -> list[tuple[str, str]]:
    """(name, source): the id, the sheet's own set-up cells and the student's solution cells, in the sheet's order."""
    chosen = [("id", f"STUDENT = {student!r}")]
    for cell in pristine["cells"]:
        mark = cell["metadata"].get("nbgrader", {})
        name = mark.get("grade_id", "")
        if cell["cell_type"] != "code":
            continue
        if mark.get("solution") and sources.get(name):
            chosen.append((name, sources[name]))
        elif mark.get("locked") and not mark.get("grade") and name.startswith("setup"):
            chosen.append((name, text(cell)))
    return chosen


def parsed(data: bytes) -> tuple[list[dict], str]:
    """The cells of a notebook, or none and the status that says why."""
    if not data.strip():
        return [], "empty file"
    if data.count(b"[") + data.count(b"{") > MOST_LISTS:
        return [], "notebook too large"
    try:
        notebook = json.loads(data.decode("utf-16" if data.startswith(UTF_16) else "utf-8-sig"))
    except (ValueError, RecursionError, MemoryError):
        return [], "not a notebook"
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        return [], "not a notebook"
    return [cell for cell in cells if isinstance(cell, dict)], ""


def read(handed: Handed, pristine: dict, asks_for: Mapping) -> Submission:
    """A `Submission`. asks_for: {grade id: names that the cell must define}, for notebooks that lost their marks."""
    wanted = solution_cells(pristine)
    submission = Submission(dict.fromkeys(wanted), handed.status, list(handed.remarks))
    if handed.data is None:
        return submission
    cells, submission.status = parsed(handed.data)
    if submission.status:
        return submission
    taken = []
    for name, cell in wanted.items():
        taken += take(submission, name, cell, cells, pristine, asks_for.get(name, ()))
    submission.typed_id = first_typed(cells)
    left = [text(cell) for cell in searched(cells) if not any(cell is other for other in taken)]
    submission.elsewhere = set().union(*map(names_in, left)) - set().union(
        *(names_in(source) for source in submission.sources.values() if source)
    )
    return submission


def take(
    submission: Submission, name: str, pristine_cell: dict, cells: list, pristine: dict, names: Iterable[str]
) -> list[dict]:
    """Put the source for one grade id into the submission, with remarks on what was odd; return the cells taken."""
    remarks, stub, names = submission.remarks, text(pristine_cell), set(names)
    found = [cell for cell in cells if mark(cell).get("grade_id") == name]
    if not found:
        found = [
            cell
            for cell in cells
            if cell.get("id") == pristine_cell.get("id") and not mark(cell).get("grade_id")
        ]
        if not found:
            found = by_names(cells, names) if names else by_place(name, pristine_cell, cells, pristine)
        if found:
            remarks.append(f"The cell `{name}` had lost its nbgrader marks. It was found by other means.")
    if len(found) > 1:
        found = one_of(submission, name, pristine_cell, found, names)
    chosen = completed(submission, name, found, stub, cells, pristine, names)
    if not chosen:
        submission.sources[name] = None
        return []
    if any(cell.get("cell_type") != pristine_cell["cell_type"] for cell in chosen):
        remarks.append(
            f"The cell `{name}` had another type than in the sheet. Its text was graded all the same."
        )
    source = "\n\n".join(text(cell) for cell in chosen)
    if len(source) > SOURCE_LIMIT:
        submission.too_long.add(name)
        source = ""
    submission.sources[name] = source
    return chosen


def by_names(cells: list, names: set) -> list[dict]:
    """The last cell that defines all of the names, in a list: an unmarked one or, after a merge, another answer's."""
    able = [cell for cell in searched(cells) if names <= defined(text(cell))]
    unmarked = [cell for cell in able if not mark(cell).get("grade_id")]
    return (unmarked or [cell for cell in able if mark(cell).get("solution")])[-1:]


def searched(cells: list) -> list[dict]:
    """The cells in which names are looked for: as many as fit the limits, so that no notebook takes long."""
    found, total = [], 0
    for cell in cells:
        size = len(text(cell))
        total += size
        if size <= SOURCE_LIMIT and total <= SEARCH_LIMIT:
            found.append(cell)
    return found


def by_place(name: str, pristine_cell: dict, cells: list, pristine: dict) -> list[dict]:
    """The text cell that stands where a written answer stood: right after the cell that asks for it."""
    if pristine_cell["cell_type"] != "markdown":
        return []
    order = pristine["cells"]
    place = next(i for i, cell in enumerate(order) if mark(cell).get("grade_id") == name)
    question = text(order[place - 1]).strip() if place else ""
    texts = [text(cell).strip() for cell in cells]
    at = texts.index(question) + 1 if question in texts else len(cells)
    return [cell for cell in cells[at : at + 1] if cell.get("cell_type") == "markdown"]


def one_of(submission: Submission, name: str, pristine_cell: dict, found: list, names: set) -> list[dict]:
    """The cells to take among several that are marked as the same one.

    Halves of a split cell belong together. Of copies, the sheet's own cell counts, which keeps its id, and where that is
    untouched or gone, the last one with an answer.
    """
    stub = text(pristine_cell)
    changed = [cell for cell in found if text(cell).strip() not in (stub.strip(), "")] or found[-1:]
    whole = [cell for cell in changed if names <= defined(text(cell))]
    if len(changed) > 1 and not whole and names:
        submission.remarks.append(f"The cell `{name}` was split. Its pieces were put together.")
        return changed
    candidates = whole or changed
    own = [
        cell
        for cell in candidates
        if cell.get("id") is not None and cell.get("id") == pristine_cell.get("id")
    ]
    which = "The sheet's own cell" if len(own) == 1 else "The last one with an answer"
    submission.remarks.append(f"The cell `{name}` was there more than once. {which} was graded.")
    return own if len(own) == 1 else candidates[-1:]


def completed(
    submission: Submission, name: str, chosen: list, stub: str, cells: list, pristine: dict, names: set
) -> list[dict]:
    """The chosen cells, and those cells of the student's own that define what is asked for and is not in them."""
    if not chosen or not names:
        return chosen
    untouched = "\n".join(text(cell) for cell in chosen).strip() in (stub.strip(), "")
    here = set() if untouched else set().union(*(defined(text(cell)) for cell in chosen))
    sheet = {text(cell).strip() for cell in pristine["cells"]}
    own = [
        cell
        for cell in searched(cells)
        if not mark(cell).get("grade_id")
        and cell.get("cell_type") == "code"
        and text(cell).strip() not in sheet
        and not any(cell is other for other in chosen)
    ]
    extra = {}
    for missing in sorted(names - here):
        extra |= {id(cell): cell for cell in [c for c in own if missing in defined(text(c))][-1:]}
    if not extra:
        return chosen
    submission.remarks.append(
        f"Not all of `{name}` stood in its own cell. What was asked for was taken from a cell that you added."
    )
    added = [cell for cell in own if id(cell) in extra]
    return added if untouched else chosen + added


def mark(cell: dict) -> dict:
    """A cell's nbgrader metadata, whatever stands there."""
    metadata = cell.get("metadata")
    found = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return found if isinstance(found, dict) else {}


def text(cell: dict) -> str:
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
IMPORT = re.compile(r"^(?:import|from) +(.*)$", re.MULTILINE)
# ``STUDENT = "ann"``, with a type, in brackets, as another kind of string, or a number without quotes.
STUDENT = re.compile(
    r"""^STUDENT *(?:: *\w+ *)?= *\(?[fFrRuU]?(?:"([^"\\\n]*)"|'([^'\\\n]*)'|(\d+)(?=[ );]*(?:#|$)))""",
    re.MULTILINE,
)


@lru_cache(maxsize=256)  # a cell is asked for each part again
def defined(source: str) -> frozenset[str]:
    """Names that a source defines at its top level."""
    targets = " ".join(ASSIGNMENT.findall(source))
    return frozenset((*DEFINITION.findall(source), *re.findall(r"\w+", targets)))


def names_in(source: str) -> frozenset[str]:
    """Names that a source defines or imports at its top level."""
    return defined(source) | set(re.findall(r"\w+", " ".join(IMPORT.findall(source))))


def typed(data: bytes) -> str | None:
    """The id that a notebook with this content says, or None."""
    return first_typed(parsed(data)[0])


def first_typed(cells: list[dict]) -> str | None:
    """The first id that a cell says, or None; what a fresh sheet says counts only where nothing else does."""
    return first_id(typed_id(text(cell)) for cell in cells if "STUDENT" in text(cell))


def typed_id(source: str) -> str | None:
    """The id that the student typed into a cell, if it is a plain string or a number."""
    return first_id("".join(groups) for groups in STUDENT.findall(source))


def first_id(found: Iterable[str | None]) -> str | None:
    """The first of some ids that is one, or else what a fresh sheet says, or None."""
    ids = [name for name in found if name]
    return next((name for name in ids if name.strip() != NO_ID), ids[0] if ids else None)
