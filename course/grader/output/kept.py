"""Results that are kept: each under a key of all that the grade depends on, so that nothing is graded twice."""

import functools
import hashlib
import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from cnnlab import check, handin, misconceptions

from ..points.scoring import Result


@functools.cache
def grader_digest():
    """A hash of the code that decides points and words, the grader's and the checks': when it changes, grades may."""
    packages = check, handin, misconceptions
    folders = Path(__file__).parents[1], *(Path(package.__file__).parent for package in packages)
    sources = [path for folder in folders for path in sorted(folder.rglob("*.py"))]
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()


def key_of(task):
    """What the grade depends on, as a hash."""
    data = task.handed.data if task.handed.data is not None else task.handed.status.encode()
    words = [
        task.assignment,
        task.student,
        task.pristine,
        task.secret,
        task.numbers,
        task.id_remark,
        grader_digest(),
        *map(str, asdict(task.limits).values()),
    ]
    words += task.handed.remarks
    return hashlib.sha256("\0".join(words).encode() + b"\0" + data).hexdigest()


@dataclass
class Kept:
    key: str
    result: Result


def result_path(course, assignment, student):
    return course.results(assignment) / f"{student}.json"


def load(course, assignment, student):
    """The kept result of a student, or None."""
    try:
        record = json.loads(result_path(course, assignment, student).read_text(encoding="utf-8"))
        return Kept(record["key"], Result.from_json(json.dumps(record["result"])))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep(course, task, result):
    """Keep a result, whole or not at all; a run for single parts only replaces those. Returns what holds now."""
    key = key_of(task)
    if task.parts:
        old = load(course, task.assignment, task.student)
        if old is None or old.key != key:
            raise ValueError(
                f"{task.student}: a single part can be graded again only after the whole submission was graded as it is now."
            )
        fresh = {part.name: part for part in result.parts}
        result = replace(old.result, parts=[fresh.get(part.name, part) for part in old.result.parts])
    if result.status == "grader failed":
        key = "failed"  # a later run tries again
    path = result_path(course, task.assignment, task.student)
    write_whole(
        path,
        json.dumps({"key": key, "result": json.loads(result.to_json())}, sort_keys=True, indent=1) + "\n",
    )
    return result


def write_whole(path, text):
    """Write a file so that a reader, or a run after kill -9, sees the old text or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with open(temporary, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
