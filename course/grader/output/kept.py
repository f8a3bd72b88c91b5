"""Results that are kept: each under a key of all that the grade depends on, so that nothing is graded twice."""

import functools
import hashlib
import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from cnnlab import check, handin, misconceptions
from tools.live import sheets

from ..points.scoring import Result


@functools.cache
def grader_digest():
    """A hash of the code that decides points and words, the grader's and the checks': when it changes, grades may."""
    packages = check, handin, misconceptions
    folders = Path(__file__).parents[1], *(Path(package.__file__).parent for package in packages)
    sources = [path for folder in folders for path in sorted(folder.rglob("*.py"))] + sorted(
        sheets.PRIVATE.glob("*.py")
    )
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()


@functools.lru_cache(maxsize=4)
def below_the_head(sheet):
    """A sheet without its first cell, which says when to hand in: another date changes no grade."""
    return json.dumps(json.loads(sheet)["cells"][1:], sort_keys=True)


def key_of(task):
    """What the grade depends on, as a hash."""
    data = task.handed.data if task.handed.data is not None else task.handed.status.encode()
    words = [
        task.assignment,
        task.student,
        below_the_head(task.pristine),
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
    return load_from(result_path(course, assignment, student))


def load_from(path):
    """A kept result in a file, or None."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
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


def first_path(course, assignment, student):
    return course.results(assignment) / "first" / f"{student}.json"


def keep_first(course, assignment, student):
    """Keep the present result as that of the first hand-in, before another notebook takes its place."""
    text = result_path(course, assignment, student).read_text(encoding="utf-8")
    write_whole(first_path(course, assignment, student), text)


AGAIN = "You handed in twice. Of each part the better answer counts: {}."


def counting(course, result):
    """The result that counts: this one or, after a resubmission, the better one of each part."""
    first = load_from(first_path(course, result.assignment, result.student))
    if first is None or result.status == "grader failed":
        return result
    first = first.result
    before = {part.name: part for part in first.parts}
    kept = [
        part.name for part in result.parts if part.name in before and before[part.name].earned > part.earned
    ]
    lost = [name for name, source in result.sources.items() if source is None and name not in kept]
    old = kept + [name for name in lost if first.sources.get(name) is not None]
    named = ", ".join(f"`{name}`" for name in old)
    return replace(
        result,
        status="" if old else result.status,
        parts=[before[part.name] if part.name in kept else part for part in result.parts],
        sources={name: first.sources.get(name) if name in old else s for name, s in result.sources.items()},
        outlines={
            name: first.outlines.get(name) if name in old else o for name, o in result.outlines.items()
        },
        remarks=[
            *result.remarks,
            AGAIN.format(
                f"{named} from the first time, the others from the second"
                if old
                else "all from the second time"
            ),
        ],
    )


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
