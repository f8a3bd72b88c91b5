"""A student's folder: which file is the notebook, and when it came.

What stands in the notebook is read by `cnnlab.handin.reading`, which the check before handing in uses, too.
"""

import os
import stat
from pathlib import Path

from cnnlab.handin.reading import (
    SOURCE_LIMIT,
    Handed,
    Submission,
    cells_to_run,
    defined,
    mark,
    read,
    solution_cells,
    text,
    typed,
    typed_id,
)

__all__ = [
    "SOURCE_LIMIT", "Handed", "Submission", "cells_to_run", "defined", "mark", "read", "solution_cells", "text", "typed",
    "typed_id",
]  # fmt: skip

NOTEBOOK_LIMIT = 64 * 1024 * 1024  # most of a large notebook is what it printed, which is not read


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
    """The first bytes of a regular file, or None. It follows no link and waits for no pipe."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    with os.fdopen(descriptor, "rb") as file:
        return file.read(limit)


def timestamp(folder):
    """The text of the timestamp that nbgrader's collectors leave beside a submission, or None."""
    return timestamp_text(read_plain_file(Path(folder) / "timestamp.txt", 100))


def timestamp_text(data):
    """The text of such a file with this content, or None."""
    return data[:100].decode("utf-8", "replace").strip() or None if data else None
