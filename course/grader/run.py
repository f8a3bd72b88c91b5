"""Grading a class: what is new is graded in parallel, kept, and written into the gradebook.

Every result is kept in results/ASSIGNMENT/STUDENT.json under a key: a hash of the submission, the released sheet, the
grader's code, the secret and the limits. A run that was killed goes on where it stopped, and a submission is graded again
only if something that its grade depends on has changed.
"""

import ast
import collections
import concurrent.futures
import contextlib
import functools
import hashlib
import json
import multiprocessing
import os
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from tqdm import tqdm

from . import cells, export, feedback, gradebook, pages, sandbox
from .drawing import read_secret
from .problems import SETS
from .scoring import Result, Task, failed, guarded_score

POOL_ATTEMPTS = 3
NO_ID = "the folder's name is no id (UTF-8, at most 200 bytes); nothing in it was graded"
NO_PAGE = "nbgrader could not make the feedback page"


@dataclass(frozen=True)
class Options:
    """How to grade."""

    students: tuple = ()  # only these; all if empty
    parts: tuple = ()  # only these
    again: bool = False  # grade again what is graded already
    workers: int = os.cpu_count() or 1
    scheduler: str = ""  # address of a Dask scheduler
    allow_unsealed: bool = False
    road: str | None = None
    limits: sandbox.Limits = sandbox.USUAL
    feedback: bool = True
    quiet: bool = False


@dataclass
class Summary:
    """What a run did, and which submissions a person should look at."""

    submissions: int = 0
    graded: int = 0
    kept: int = 0
    seconds: float = 0.0
    roads: dict = field(default_factory=dict)
    look: list = field(default_factory=list)  # (student, why)

    def __str__(self):
        rate = f", {60 * self.graded / self.seconds:.0f} a minute" if self.graded and self.seconds else ""
        lines = [
            f"{self.submissions} submissions: {self.graded} graded in {self.seconds:.1f} s{rate}; "
            f"{self.kept} were graded before."
        ]
        lines += [f"Sandbox: {road} ({number})." for road, number in sorted(self.roads.items())]
        lines += [f"Look at {student}: {why}." for student, why in self.look]
        return "\n".join(lines)


def release(course, assignment):
    """Make the student's version with nbgrader and enter its cells into the gradebook."""
    check_assignment(assignment)
    course.nbgrader("generate_assignment", assignment, "--force", "--create")


def check_assignment(assignment):
    if assignment not in SETS:
        raise ValueError(f"There is no assignment '{assignment}'. There are: {', '.join(SETS)}.")


def grade(course, assignment, options):
    """Grade an assignment: Summary. Writes results, gradebook, autograded notebooks, feedback and the CSV files."""
    check_assignment(assignment)
    if not options.scheduler:
        sandbox.choose(options.allow_unsealed, options.road)  # where that is refused, nothing is begun
    with course.gradebook() as book:
        known = gradebook.is_released(book, assignment)
    if not known or not course.released(assignment).exists():
        release(course, assignment)
    started = time.monotonic()
    text = course.released(assignment).read_text(encoding="utf-8")
    tasks, kept = plan(course, assignment, text, options)
    summary = Summary(submissions=len(tasks) + len(kept), kept=len(kept))
    pristine = json.loads(text)
    results = dict(kept)
    with course.gradebook() as book:
        for result in kept.values():
            publish(course, book, pristine, result)
        bar = tqdm(
            total=len(tasks),
            desc=f"grading {assignment}",
            unit="notebook",
            disable=options.quiet or not tasks,
        )
        with contextlib.closing(bar), contextlib.closing(scored(list(tasks.values()), options)) as stream:
            for result in stream:
                result = keep(course, tasks[result.student], result)
                publish(course, book, pristine, result)
                results[result.student] = result
                summary.graded += 1
                bar.update()
    summary.seconds = time.monotonic() - started
    summary.roads = dict(collections.Counter(result.road or "none needed" for result in results.values()))
    summary.look = sorted(
        worth_a_look(results, pristine)
        + [(ascii(name), NO_ID) for name in course.students(assignment) if not is_an_id(name)]
    )
    if options.feedback:
        wanted = sorted(tasks) or stale_feedback(course, assignment, results)
        without = write_feedback(course, assignment, wanted, options)
        summary.look = sorted(summary.look + [(student, NO_PAGE) for student in without])
    write_tables(course, assignment)
    (course.results(assignment) / "summary.txt").write_text(str(summary) + "\n", encoding="utf-8")
    return summary


def plan(course, assignment, pristine, options):
    """({student: task} to grade, {student: result} that still holds)."""
    secret = read_secret(course.secret_path)
    students = [
        name
        for name in course.students(assignment)
        if is_an_id(name) and (not options.students or name in options.students)
    ]
    absent = set(options.students) - set(students)
    if absent:
        raise ValueError(f"No submission of {assignment} by: {', '.join(sorted(absent))}.")
    unknown = set(options.parts) - {part.name for part in SETS[assignment].parts}
    if unknown:
        raise ValueError(f"{assignment} has no part: {', '.join(sorted(unknown))}.")
    tasks, kept = {}, {}
    for student in students:
        handed = cells.fetch(course.folder("submitted", student, assignment), assignment)
        task = Task(
            assignment,
            student,
            handed,
            pristine,
            secret,
            options.road,
            options.allow_unsealed,
            options.limits,
            options.parts,
        )
        old = load(course, assignment, student)
        if old and old.key == key_of(task) and not options.again and not options.parts:
            kept[student] = old.result
        else:
            tasks[student] = task
    return tasks, kept


def is_an_id(name):
    """Whether a folder's name can be kept in the gradebook and as a file's name with an ending."""
    try:
        return len(name.encode()) <= 200
    except UnicodeEncodeError:
        return False


@functools.cache
def grader_digest():
    """A hash of the grader's own code: when that changes, grades may."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()


def key_of(task):
    """What the grade depends on, as a hash."""
    data = task.handed.data if task.handed.data is not None else task.handed.status.encode()
    words = [
        task.assignment,
        task.student,
        task.pristine,
        task.secret,
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
    except (FileNotFoundError, ValueError, KeyError, TypeError):
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


def publish(course, book, pristine, result):
    """Gradebook and autograded notebook. Doing it again changes nothing."""
    submitted = course.folder("submitted", result.student, result.assignment)
    folder = course.folder("autograded", result.student, result.assignment)
    path = folder / f"{result.assignment}.ipynb"
    timestamp = gradebook.readable_timestamp(submitted)
    gradebook.record(book, result, pristine, timestamp, recorded_sources(path), course.config)
    write_whole(path, feedback.autograded(pristine, result))
    if timestamp:
        write_whole(folder / "timestamp.txt", timestamp)


def recorded_sources(path):
    """Sources of the submission that was recorded last: {grade id: source}, or None."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return {name: cell["source"] for name, cell in cells.solution_cells(notebook).items()}


def scored(tasks, options):
    """Results as they come, from this machine's cores or from a Dask cluster."""
    if not tasks:
        return iter_nothing()
    return on_dask(tasks, options) if options.scheduler else on_this_machine(tasks, options)


def iter_nothing():
    yield from ()


def on_this_machine(tasks, options):
    road, leaks = sandbox.choose(options.allow_unsealed, options.road)
    if leaks:
        print(unsealed_warning(road, leaks), file=sys.stderr)
    waiting = {task.student: replace(task, road=road) for task in tasks}
    for _ in range(POOL_ATTEMPTS):
        context = multiprocessing.get_context("spawn")
        with concurrent.futures.ProcessPoolExecutor(
            max(1, min(options.workers, len(waiting))), context
        ) as pool:
            futures = [pool.submit(guarded_score, task) for task in waiting.values()]
            try:
                for future in concurrent.futures.as_completed(futures):
                    try:
                        result = future.result()
                    except BrokenProcessPool:
                        break  # a worker of the pool was killed; the rest goes into a new pool
                    del waiting[result.student]
                    yield result
            finally:
                pool.shutdown(cancel_futures=True)
        if not waiting:
            return
    for task in list(waiting.values()):
        yield failed(task, RuntimeError("the grading process was killed several times"))


def unsealed_warning(road, leaks):
    return (
        f"WARNING: grading on the road '{road}'. On this machine the sandbox does NOT keep these from a student's code: "
        f"{', '.join(leaks)}. Grades still come only from comparisons outside, but the code may read or change what the "
        "user who grades may."
    )


def on_dask(tasks, options):
    """The same work on a cluster: each task carries all it needs."""
    from distributed import Client, as_completed

    road = options.road
    with Client(options.scheduler) as client:
        futures = client.map(
            guarded_score, [replace(task, road=road) for task in tasks], pure=False, batch_size=64
        )
        for future in as_completed(futures):
            yield future.result()


def worth_a_look(results, pristine):
    """(student, why) of submissions that a person should see, sorted."""
    look = []
    for student, result in results.items():
        statuses = [part.status for part in result.parts]
        if result.status:
            look.append((student, result.status))
        elif result.earned == 0:
            look.append((student, "no points at all"))
        crashed = {
            "ended the process",
            "malformed reply",
            "reply too large",
            "out of memory",
            "took too long",
        }
        broken = sorted(crashed & set(statuses))
        if broken:
            look.append((student, ", ".join(broken)))
    groups = collections.defaultdict(list)
    for student, result in results.items():
        mark = fingerprint(result, pristine)
        if mark:
            groups[mark].append(student)
    for group in groups.values():
        for student in group if len(group) > 1 else ():
            others = ", ".join(sorted(set(group) - {student}))
            look.append((student, f"the same code as {others}"))
    return sorted(look)


def fingerprint(result, pristine):
    """A hash of the graded functions without comments and layout; None if there is nothing to compare."""
    solutions, dumps = cells.solution_cells(pristine), []
    for part in SETS[result.assignment].parts:
        source = result.sources.get(part.name)
        if part.name in ("hand", "agree") or feedback.is_untouched(source, solutions[part.name]):
            continue
        tree = cells.parse(source)
        try:
            dumps.append(f"{part.name} {ast.dump(tree) if tree else source}")
        except RecursionError:  # a tree may be deeper than what can be written down
            dumps.append(f"{part.name} {source}")
    return hashlib.sha256("\n".join(dumps).encode()).hexdigest() if dumps else None


def stale_feedback(course, assignment, results):
    """Students whose feedback page is missing, as after a run that was killed."""
    return [name for name in sorted(results) if not feedback_page(course, assignment, name).exists()]


def feedback_page(course, assignment, student):
    return course.folder("feedback", student, assignment) / f"{assignment}.html"


def write_feedback(course, assignment, students, options):
    """nbgrader's own feedback pages, made in parallel. Returns the students whose page could not be made."""
    if not students:
        return []
    without = []
    groups = [
        students[i :: options.workers] for i in range(options.workers) if students[i :: options.workers]
    ]
    context = multiprocessing.get_context("spawn")
    bar = tqdm(total=len(students), desc="feedback", unit="page", disable=options.quiet)
    with concurrent.futures.ProcessPoolExecutor(len(groups), context) as pool, contextlib.closing(bar):
        futures = {
            pool.submit(pages.feedback_pages, str(course.root), assignment, group): group for group in groups
        }
        for future in concurrent.futures.as_completed(futures):
            without += future.result()
            bar.update(len(futures[future]))
    return sorted(without)


def write_tables(course, assignment):
    """The CSV files for Canvas and Moodle, in the course folder."""
    with course.gradebook() as book:
        export.canvas(book, assignment, course.root / f"{assignment}-canvas.csv")
        export.moodle(book, assignment, course.root / f"{assignment}-moodle.csv")
