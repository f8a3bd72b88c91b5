"""How a course grows from 100 to 10,000 students: `python -m bench.course_growth`.

Makes synthetic classes, hands them in as one zip of Canvas, and runs the course's own commands on them, each as a process:
collect, grade, feedback, tables. Classes up to `--graded` are graded for real by two Dask workers on this machine. In
larger ones the first `MODELS` students are, and everybody else gets a copy of the result of somebody with the same notebook,
under the key that grading would give it: `grade` then finds nothing to grade and does all the rest, which is reading, keys,
gradebook and pages.

The record is src/cnnlab/data/records/course_growth.json; a run replaces the rows of its sizes and keeps the others.
"""

import argparse
import dataclasses
import json
import math
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from bench import machine
from bench.course import ASSIGNMENT, HERE, command, dask_workers, honest_class, make_course
from course.grader import run
from course.grader.output import kept
from course.grader.sandbox import outside

NAME = "course_growth"
MODELS = 24  # different notebooks of a class
STEPS = ("collect", "grade", "feedback", "tables")


def student(i):
    return f"s{i:05}"


def hand_out(course, size):
    """A roster, and a zip in which everybody has handed in: its path."""
    lines = [f'{student(i)},"Last{i}, First{i}",{student(i)}@x.invalid,{100_000 + i}\n' for i in range(size)]
    (course.root / "roster.csv").write_text("id,name,email,canvas\n" + "".join(lines), encoding="utf-8")
    texts = [json.dumps(notebook) for notebook in honest_class(MODELS)]
    path = course.root / "canvas.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for i in range(size):
            typed = texts[i % MODELS].replace("your-id", student(i))
            archive.writestr(f"last{i}first{i}_{100_000 + i}_{i}_{ASSIGNMENT}.ipynb", typed)
    return path


# Linux counts the memory of who starts a process as that process's own: so a small one starts it.
STARTER = """
import os, sys
process = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, used = os.wait4(process, 0)
print(used.ru_utime + used.ru_stime, used.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def measured(course, step, *words):
    """One command as a process: seconds, processor seconds, and the most memory that it held itself."""
    started = time.perf_counter()
    starter = [sys.executable, "-I", "-S", "-c", STARTER, *command(course, step, *words)]
    done = subprocess.run(starter, cwd=HERE, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    processor, memory = done.stdout.split()[-2:]
    return {
        "seconds": round(time.perf_counter() - started, 2),
        "processor_seconds": round(float(processor), 2),
        "megabytes": round(int(memory) / 1024),  # Linux counts in kilobytes
    }


def copy_results(course):
    """Grade the models, and give everybody else a copy of the result of the model with the same notebook."""
    some = tuple(student(i) for i in range(MODELS))
    run.grade(course, ASSIGNMENT, run.Options(students=some, quiet=True, feedback=False))
    text = course.released(ASSIGNMENT).read_text(encoding="utf-8")
    models = [kept.load(course, ASSIGNMENT, name).result for name in some]
    for i, job in enumerate(run.jobs(course, ASSIGNMENT, text, run.Options())):
        kept.keep(course, job, dataclasses.replace(models[i % MODELS], student=job.student))


def grow(size, graded):
    """The row of one class."""
    row = {
        "students": size,
        "graded": min(size, MODELS) if size > graded else size,
        "load_before": machine.load(),
    }
    with tempfile.TemporaryDirectory() as folder:
        course = make_course(Path(folder) / "course")
        row["collect"] = measured(course, "collect", hand_out(course, size))
        if size <= graded:
            with dask_workers(2) as address:
                row["grade"] = measured(course, "grade", "--scheduler", address)
            row["per_minute"] = round(60 * size / row["grade"]["seconds"])
            for path in course.pages(ASSIGNMENT):
                path.unlink()
        else:
            copy_results(course)
            row["grade"] = measured(course, "grade", "--no-feedback")
        row |= {step: measured(course, step) for step in ("feedback", "tables")}
        row["gradebook_megabytes"] = round((course.root / "gradebook.db").stat().st_size / 1e6, 2)
        pages = len(course.pages(ASSIGNMENT))
    if pages != size:
        raise RuntimeError(f"{pages} feedback pages for {size} students")
    return row


def exponents(rows):
    """How each step grows from the last class but one to the largest: 1 is in proportion, 0 not at all.

    Between the largest ones, because in a small class the start of the command hides what grows.
    """
    ways = {step: (step, rows) for step in STEPS}
    ways["grade"] = "grade", [row for row in rows if row["graded"] == row["students"]]
    ways["enter copies"] = "grade", [row for row in rows if row["graded"] < row["students"]]
    found = {}
    for name, (step, alike) in ways.items():
        if len(alike) > 1:
            one, other = alike[-2:]
            times = math.log(other["students"] / one["students"])
            found[name] = {
                unit: round(math.log(other[step][unit] / one[step][unit]) / times, 2)
                for unit in ("processor_seconds", "megabytes")
            }
    return found


def recorded():
    """The rows of the record by the size of their class; none without a record."""
    path = machine.RECORDS / f"{NAME}.json"
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"] if path.exists() else []
    return {row["students"]: row for row in rows}


def main():
    parser = argparse.ArgumentParser(prog=f"python -m bench.{NAME}", description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 200, 300, 1000, 10_000])
    parser.add_argument("--graded", type=int, default=300, help="classes up to this size are graded for real")
    arguments = parser.parse_args()
    before, rows = machine.load(), {}
    for size in arguments.sizes:
        rows[size] = grow(size, arguments.graded)
        print(json.dumps(rows[size]))
    record(recorded() | rows, before)


def record(rows, before):
    """Write the record. rows: {students: row}; before: the load before the run."""
    rows = [rows[size] for size in sorted(rows)]
    machine.write(
        NAME,
        {
            "about": "PS1, a process for each command; two Dask workers grade; where `graded` is less than `students`, the "
            "other results are copies of those, and `grade` enters them into the gradebook",
            "machine": {**machine.describe(), "load_before": before, "idle": machine.idle(before)},
            "road": outside.choose()[0],
            "rows": rows,
            "growth": exponents(rows),
        },
    )


if __name__ == "__main__":
    main()
