"""The problem sets as students get them: nbgrader's own preprocessors, with the course's settings, cut the solutions out.

Nothing of `course/` is imported, so the course is one of the places that use this. The release that `make release`
writes has the same cells; a test compares them.
"""

import json
import os
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COURSE = ROOT / "course"
SOURCE = COURSE / "source"
# Sets of an instructor's own, which are in no repository: see course/grader/points/own_sets.py.
PRIVATE = Path(os.environ.get("CNNLAB_PRIVATE") or COURSE / "private")
LENGTH = re.compile(r"^About (\d+) hours, (\d+) points\.$", re.MULTILINE)


@dataclass(frozen=True)
class Sheet:
    """What the page *Problem sets* says of a set."""

    name: str
    title: str
    chapters: tuple  # names of the chapters to read first
    hours: int
    points: int


def paths():
    """The instructor's notebook of each set, with the solutions."""
    found = [*sorted(SOURCE.glob("*/*.ipynb")), *sorted(PRIVATE.glob("source/*/*.ipynb"))]
    return [path for path in found if path.stem == path.parent.name]


def path_of(name):
    """The instructor's notebook of one set."""
    return next(path for path in paths() if path.stem == name)


def sheet(path):
    """The `Sheet` of an instructor's notebook."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    head = "".join(notebook["cells"][0]["source"])
    hours, points = LENGTH.search(head).groups()
    title = head.splitlines()[0].removeprefix("# ")
    chapters = tuple(notebook["metadata"]["cnnlab"]["chapters"])
    return Sheet(path.stem, title, chapters=chapters, hours=int(hours), points=int(points))


@cache
def settings():
    from traitlets.config import PyFileConfigLoader

    return PyFileConfigLoader("nbgrader_config.py", path=str(COURSE)).load_config()


@cache
def released(path):
    """The students' version of an instructor's notebook, as JSON."""
    import nbformat
    from nbgrader import preprocessors

    notebook = nbformat.read(path, as_version=4)
    for name in ("LockCells", "ClearSolutions", "ClearOutput", "ComputeChecksums"):
        notebook, _ = getattr(preprocessors, name)(config=settings()).preprocess(notebook, {})
    return nbformat.writes(notebook)


def wheel_name():
    """The name of the file that `pip install` takes."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return f"{project['name']}-{project['version']}-py3-none-any.whl"
