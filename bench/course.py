"""How fast the course's grader is, against `nbgrader autograde` on the same submissions and cores: `python -m bench.course`.

Makes synthetic classes (right, wrong in every catalogued way, hostile), grades them with 1 and 2 processes and with Dask
workers on this machine, runs nbgrader's autograder on a few of the same notebooks in two processes, and tries every
hostile submission. The record is src/cnnlab/data/records/course.json.
"""

import argparse
import collections
import contextlib
import dataclasses
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from importlib.metadata import version
from pathlib import Path
from unittest import mock

import psutil

from bench import course_corpus as corpus
from bench import machine
from course.grader import run
from course.grader.course import Course, path_with_environment
from course.grader.output import kept
from course.grader.points.scoring import guarded_score
from course.grader.sandbox import outside

HERE = Path(__file__).resolve().parents[1]
ASSIGNMENT = "ps1"


def make_course(folder):
    """A fresh course with one released assignment."""
    shutil.copytree(HERE / "course" / "source", folder / "source")
    shutil.copy(HERE / "course" / "nbgrader_config.py", folder)
    course = Course(folder)
    run.release(course, ASSIGNMENT)
    return course


def honest_class(size):
    """Right submissions and, for every second student, one that is wrong in a catalogued way."""
    misconceptions = [entry[:4] for entry in corpus.catalogue() if entry[0] == ASSIGNMENT]
    return [
        corpus.wrong(*misconceptions[i // 2 % len(misconceptions)]) if i % 2 else corpus.source(ASSIGNMENT)
        for i in range(size)
    ]


def hand_in(course, notebooks):
    """Students a000, b001, a002 ...: the first letter divides the class between two processes of nbgrader."""
    shutil.rmtree(course.root / "submitted", ignore_errors=True)
    for i, notebook in enumerate(notebooks):
        folder = course.folder("submitted", f"{'ab'[i % 2]}{i:03d}", ASSIGNMENT)
        folder.mkdir(parents=True)
        (folder / f"{ASSIGNMENT}.ipynb").write_bytes(corpus.as_bytes(notebook))


def forget(course):
    """Everything that grading wrote, so that the next run starts anew."""
    for name in ("results", "autograded", "feedback"):
        shutil.rmtree(course.root / name, ignore_errors=True)


class Memory(threading.Thread):
    """The most memory that this process's descendants held together (PSS where the system tells), sampled."""

    def __init__(self):
        super().__init__(daemon=True)
        self.peak, self.done = 0, threading.Event()

    def run(self):
        while not self.done.wait(0.2):
            total = 0
            for process in psutil.Process().children(recursive=True):
                try:
                    total += process.memory_full_info().pss
                except psutil.Error:
                    continue
            self.peak = max(self.peak, total)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *error):
        self.done.set()
        self.join()


def command(course, step, *words):
    """A command of the course as the words of a process; it runs in HERE."""
    grader = [sys.executable, "-m", "course.grader", "--course", str(course.root)]
    return [*grader, step, ASSIGNMENT, *map(str, words)]


@contextlib.contextmanager
def dask_workers(count):
    """Workers of Dask on this machine, one notebook at a time each: the scheduler's address."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=count, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        yield cluster.scheduler_address


def timed(course, **options):
    """One run of the command over the class, its start included: a row of the record."""
    forget(course)
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    started = time.perf_counter()
    with Memory() as memory:
        done = subprocess.run(
            command(course, "grade", "--no-feedback", *words), cwd=HERE, capture_output=True, text=True
        )
    if done.returncode:
        raise RuntimeError(done.stderr)
    graded = len(list(course.results(ASSIGNMENT).glob("*.json")))
    seconds = time.perf_counter() - started
    return {
        "submissions": graded,
        "seconds": round(seconds, 2),
        "per_minute": round(60 * graded / seconds, 1),
        "peak_megabytes": round(memory.peak / 1e6),
    }


def growth(course):
    """1 and 2 processes, then 1 and 2 Dask workers."""
    rows = [
        {"workers": f"{n} processes" if n > 1 else "1 process", **timed(course, workers=n)} for n in (1, 2)
    ]
    for n in (1, 2):
        with dask_workers(n) as address:
            row = timed(course, scheduler=address)
        rows.append({"workers": f"{n} Dask workers" if n > 1 else "1 Dask worker", **row})
    return rows


def processor_seconds():
    """Processor time of this process and of all its descendants that ended and were waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def let_go(worker):
    """Close a sandbox so that its processor time is counted: let the worker end by itself instead of killing it."""
    worker.process.stdin.close()
    worker.process.wait()
    worker.process.stdout.close()


def processor_time(course):
    """Processor seconds for one submission, gradebook and all, in this process: a busy machine changes them little.

    On the road `namespaces`, because `unshare` waits for the worker, so that its time is counted; bubblewrap does not.
    """
    forget(course)
    course_text = course.released(ASSIGNMENT).read_text(encoding="utf-8")
    tasks = list(run.jobs(course, ASSIGNMENT, course_text, run.Options()))
    before = processor_seconds()
    with mock.patch.object(outside.Sandbox, "close", let_go), course.gradebook() as book:
        for task in tasks:
            result = kept.keep(course, task, guarded_score(dataclasses.replace(task, road="namespaces")))
            run.publish(course, book, json.loads(course_text), result)
    return round((processor_seconds() - before) / len(tasks), 3)


def nbgrader_autograde(course, submissions, processes=2):
    """nbgrader's own autograder on what is handed in, divided between as many processes."""
    forget(course)
    autograde = [sys.executable, "-m", "nbgrader", "autograde", ASSIGNMENT, "--create", "--force"]
    environment = {**os.environ, "PATH": path_with_environment()}
    started, used = time.perf_counter(), processor_seconds()
    with Memory() as memory:
        running = [
            subprocess.Popen(
                [*autograde, f"--student={letter}*"],
                cwd=course.root,
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            for letter in "ab"[:processes]
        ]
        codes = [process.wait() for process in running]
    seconds, used = time.perf_counter() - started, processor_seconds() - used
    done = len(list((course.root / "autograded").glob(f"*/{ASSIGNMENT}/{ASSIGNMENT}.ipynb")))
    return {
        "workers": f"nbgrader autograde, {processes} processes",
        "submissions": done,
        "handed_in": submissions,
        "exit_codes": codes,
        "processor_seconds_each": round(used / max(1, done), 3),
        "seconds": round(seconds, 2),
        "per_minute": round(60 * done / seconds, 1),
        "peak_megabytes": round(memory.peak / 1e6),
    }


def hostile(course):
    """Every hostile submission once: statuses, and the points that forgeries earned."""
    forgeries = [
        corpus.with_cells(ASSIGNMENT, base="released", palindrome=code) for code in corpus.FORGERIES.values()
    ]
    troubles = [corpus.with_cells(ASSIGNMENT, palindrome=code) for code, _ in corpus.TROUBLES.values()]
    hand_in(course, forgeries + troubles)
    forget(course)
    limits = outside.Limits(memory=1 << 29, part_seconds=5, notebook_seconds=40)
    summary = run.grade(course, ASSIGNMENT, run.Options(workers=2, quiet=True, feedback=False, limits=limits))
    results = [kept.load(course, ASSIGNMENT, student).result for student in course.students(ASSIGNMENT)]
    results.sort(key=lambda result: int(result.student[1:]))
    found = [next(part for part in result.parts if part.name == "palindrome") for result in results]
    expected = [status for _, status in corpus.TROUBLES.values()]
    return {
        "submissions": summary.graded,
        "seconds": round(summary.seconds, 1),
        "forgeries": len(forgeries),
        "points_of_forgeries": sum(result.earned for result in results[: len(forgeries)]),
        "troubles": len(troubles),
        "troubles_with_the_expected_status": sum(
            part.status == status for part, status in zip(found[len(forgeries) :], expected, strict=True)
        ),
        "points_of_honest_parts_lost": sum(16 - result.earned for result in results[len(forgeries) :]),
        "statuses": dict(sorted(collections.Counter(part.status for part in found).items())),
    }


def main():
    parser = argparse.ArgumentParser(prog="python -m bench.course", description=__doc__.partition("\n")[0])
    parser.add_argument("--students", type=int, default=60, help="size of the class")
    parser.add_argument("--nbgrader", type=int, default=12, help="how many of them nbgrader grades, too")
    arguments = parser.parse_args()
    before = machine.load()
    with tempfile.TemporaryDirectory() as folder:
        course = make_course(Path(folder) / "course")
        notebooks = honest_class(arguments.students)
        hand_in(course, notebooks)
        rows = growth(course)
        hand_in(course, notebooks[: arguments.nbgrader])
        same = {"workers": "2 processes, the same submissions", **timed(course, workers=2)}
        same["processor_seconds_each"] = processor_time(course)
        theirs = nbgrader_autograde(course, arguments.nbgrader)
        attacks = hostile(course)
    packages = {name: version(name) for name in ("nbgrader", "distributed", "jupyter-client")}
    machine.write(
        "course",
        {
            "about": "grading PS1: right submissions and, every second one, wrong in a catalogued way; no feedback pages",
            "machine": {
                **machine.describe(),
                "load_before": before,
                "idle": machine.idle(before),
                **packages,
            },
            "road": outside.choose()[0],
            "growth": rows,
            "against_nbgrader": [same, theirs],
            "ratio": round(same["per_minute"] / theirs["per_minute"], 1),
            "processor_ratio": round(theirs["processor_seconds_each"] / same["processor_seconds_each"], 1),
            "hostile": attacks,
        },
    )
    for row in (*rows, same, theirs):
        print(
            f"{row['workers']:36} {row['submissions']:4} in {row['seconds']:7.1f} s  {row['per_minute']:7.1f} a minute"
        )


if __name__ == "__main__":
    main()
