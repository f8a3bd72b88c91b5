"""A whole class: graded in parallel, killed and resumed, regraded, exported, and walked through as README.md says.

The submissions are our own, so they are graded on the best road of the machine, without walls if it has none.
"""

import csv
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from bench import course_corpus as corpus
from course.grader import run, workers
from course.grader.course import Course, path_with_environment
from course.grader.output import look
from course.grader.sandbox import outside as sandbox

pytestmark = pytest.mark.needs("worker")

HERE = Path(__file__).resolve().parents[2]
QUICK = sandbox.Limits(memory=1 << 29, part_seconds=5, notebook_seconds=40)
FAST = run.Options(workers=2, quiet=True, feedback=False, limits=QUICK, allow_unsealed=True)


def make_course(folder):
    """A fresh course folder: what a clone of the repository holds, and nothing else."""
    shutil.copytree(HERE / "course" / "source", folder / "source")
    shutil.copy(HERE / "course" / "nbgrader_config.py", folder)
    return Course(folder)


@pytest.fixture(scope="module")
def released_course(tmp_path_factory):
    """A course with PS1 and PS4 released; tests copy it."""
    course = make_course(tmp_path_factory.mktemp("course") / "course")
    for assignment in ("ps1", "ps4"):
        run.release(course, assignment)
    return course


@pytest.fixture
def course(released_course, tmp_path):
    shutil.copytree(released_course.root, tmp_path / "course")
    return Course(tmp_path / "course")


def hand_in(course, student, notebook, assignment="ps1", name=None):
    folder = course.folder("submitted", student, assignment)
    folder.mkdir(parents=True, exist_ok=True)
    data = notebook if isinstance(notebook, bytes) else corpus.as_bytes(notebook)
    (folder / (name or f"{assignment}.ipynb")).write_bytes(data)
    return folder


def scores(course, assignment="ps1"):
    with course.gradebook() as book:
        return {s.student.id: s.score for s in book.assignment_submissions(assignment)}


def tree(folder):
    """Every file below a folder: {path: bytes}."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def command(course, *words, **options):
    """The grader as a command, with a PATH that does not hold this environment."""
    return subprocess.run(
        [sys.executable, "-m", "course.grader", "--course", str(course.root), *words],
        cwd=HERE,
        env={**os.environ, "PATH": os.defpath},
        capture_output=True,
        text=True,
        **options,
    )


@pytest.mark.slow
def test_release_writes_no_solution_and_fills_the_gradebook(course):
    text = course.released("ps1").read_text()
    assert "SOLUTION" not in text and "raise NotImplementedError" in text
    with course.gradebook() as book:
        assert book.find_assignment("ps1").max_score == 20
        assert book.find_assignment("ps4").max_score == 20


@pytest.mark.slow
def test_the_corpus_releases_what_nbgrader_releases(course):
    """The other tests use a release made in memory: it must be the one that nbgrader writes."""
    written = json.loads(course.released("ps1").read_text())
    for made, cell in zip(corpus.released("ps1")["cells"], written["cells"], strict=True):
        assert corpus.reading.text(made) == corpus.reading.text(cell)
        assert made["id"] == cell["id"]


def test_one_odd_notebook_stops_nothing(course):
    hand_in(course, "right", corpus.source("ps1"))
    hand_in(course, "blank", corpus.released("ps1"))
    hand_in(course, "garbage", b"\x00\x01")
    hand_in(course, "empty", b"")
    hand_in(course, "kernel", corpus.with_cells("ps1", palindrome="import os\nos._exit(1)"))
    hand_in(course, "named", corpus.source("ps1"), name="homework.ipynb")
    link = course.folder("submitted", "link", "ps1")
    link.mkdir(parents=True)
    (link / "ps1.ipynb").symlink_to(course.folder("submitted", "right", "ps1") / "ps1.ipynb")
    summary = run.grade(course, "ps1", FAST)
    found = scores(course)
    assert found == {"right": 20, "blank": 0, "garbage": 0, "empty": 0, "kernel": 16, "named": 20, "link": 0}
    look = {(student, why) for student, why in summary.look}
    assert {("garbage", "not a notebook"), ("empty", "empty file"), ("link", "symbolic link")} <= look
    assert ("kernel", "ended the process") in look and ("blank", "no points at all") in look
    assert ("named, right", "the same code") in look
    assert summary.graded == summary.submissions == 7
    with open(course.root / "ps1-canvas.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["Student"] == "Points Possible" and rows[0]["ps1"] == "20"
    assert {row["SIS Login ID"]: row["ps1"] for row in rows[1:]}["kernel"] == "16"


UNREADABLE = {
    "a number too long to write down": "x = 0x" + "f" * 3600,
    "a tree too deep to write down": "x = 0" + " + 0" * 1500,
    "brackets too deep to read": "x = " + "(" * 5000 + ")" * 5000,
}


def test_code_that_cannot_be_compared_stops_nothing_and_is_told_apart(course):
    for i, line in enumerate(UNREADABLE.values()):
        hand_in(course, f"odd{i}", corpus.appended("ps1", "palindrome", line))
    hand_in(
        course, "twin", corpus.appended("ps1", "palindrome", UNREADABLE["a number too long to write down"])
    )
    hand_in(course, "right", corpus.source("ps1"))
    summary = run.grade(course, "ps1", FAST)
    points = scores(course)
    assert points.pop("odd1") in (16, 20)  # how deep a tree Python compiles depends on its version
    assert points == {"odd0": 20, "odd2": 16, "right": 20, "twin": 20}
    assert ("odd0, twin", "the same code") in summary.look
    assert not any(
        "same code" in why for student, why in summary.look if student in ("odd1", "odd2", "right")
    )


def test_what_cannot_be_recorded_for_one_stops_nothing(course, monkeypatch):
    for student in ("ann", "bob", "cleo"):
        hand_in(course, student, corpus.source("ps1"))
    autograded = run.feedback.autograded

    def failing(pristine, result):
        if result.student == "bob":
            raise ValueError("a bug of ours")
        return autograded(pristine, result)

    monkeypatch.setattr(run.feedback, "autograded", failing)
    summary = run.grade(course, "ps1", FAST)
    assert ("bob", "the grade could not be recorded (ValueError: a bug of ours)") in summary.look
    assert {"ann", "cleo"} <= set(scores(course)) and scores(course)["cleo"] == 20
    monkeypatch.undo()
    assert not any(
        student == "bob" for student, why in run.grade(course, "ps1", FAST).look if "recorded" in why
    )
    assert scores(course) == {"ann": 20, "bob": 20, "cleo": 20}


def test_a_page_that_cannot_be_made_stops_nothing(course, monkeypatch):
    page = run.pages.page

    def failing(pristine, result, submitted):
        if result.student == "bob":
            raise ValueError("odd")
        return page(pristine, result, submitted)

    monkeypatch.setattr(run.pages, "page", failing)
    for student in ("ann", "bob", "[x]"):
        hand_in(course, student, corpus.released("ps1"))
    summary = run.grade(course, "ps1", replace(FAST, feedback=True))
    assert [student for student, why in summary.look if why == look.NO_PAGE] == ["bob"]
    assert [path.parent.parent.name for path in course.pages("ps1")] == ["[x]", "ann"]


def test_a_folder_whose_name_is_no_id_is_named(course):
    for student in ("ann", "caf\udce9", "n" * 250, ".hidden"):
        hand_in(course, student, corpus.released("ps1"))
    summary = run.grade(course, "ps1", FAST)
    assert scores(course) == {"ann": 0}
    assert {(r"'caf\udce9'", look.NO_ID), (f"'{'n' * 250}'", look.NO_ID), ("'.hidden'", look.NO_ID)} <= set(
        summary.look
    )


def test_pages_that_a_killed_run_left_out_or_that_are_stale_are_made_by_the_next(course):
    paged = replace(FAST, feedback=True)
    for student in ("ann", "bob"):
        hand_in(course, student, corpus.released("ps1"))
    run.grade(course, "ps1", FAST)  # as if it had been killed before the first page
    assert course.pages("ps1") == []
    run.grade(course, "ps1", paged)
    ann, bob = course.pages("ps1")
    before = bob.stat().st_mtime_ns
    with course.gradebook() as book:
        book.find_grade("hand-points", "ps1", "ps1", "ann").manual_score = 2.0
        book.db.commit()
    run.grade(course, "ps1", paged)
    assert "2 of 20 points" in ann.read_text() and bob.stat().st_mtime_ns == before


def test_nothing_is_graded_twice_and_what_changed_is_graded_again(course):
    for student in ("ann", "bob"):
        hand_in(course, student, corpus.source("ps1"))
    assert run.grade(course, "ps1", FAST).graded == 2
    before = tree(course.root / "results"), tree(course.root / "autograded")
    second = run.grade(course, "ps1", FAST)
    assert (second.graded, second.kept) == (0, 2)
    hand_in(course, "bob", corpus.released("ps1"))
    third = run.grade(course, "ps1", FAST)
    assert (third.graded, third.kept) == (1, 1)
    assert scores(course) == {"ann": 20, "bob": 0}
    hand_in(course, "bob", corpus.source("ps1"))
    run.grade(course, "ps1", FAST)
    assert tree(course.root / "autograded") == before[1]


@pytest.mark.slow
def test_one_student_and_one_part_again(course):
    for student in ("ann", "bob"):
        hand_in(course, student, corpus.source("ps1"))
    run.grade(course, "ps1", FAST)
    record = course.results("ps1") / "ann.json"
    spoilt = json.loads(record.read_text())
    for part in spoilt["result"]["parts"]:
        part["earned"], part["status"] = 0.0, "wrong"
    record.write_text(json.dumps(spoilt))
    options = {**FAST.__dict__, "students": ("ann",)}
    assert run.grade(course, "ps1", run.Options(**{**options, "parts": ("palindrome",)})).graded == 1
    assert scores(course) == {"ann": 4, "bob": 20}
    assert run.grade(course, "ps1", run.Options(**{**options, "again": True})).graded == 1
    assert scores(course) == {"ann": 20, "bob": 20}
    with pytest.raises(ValueError, match="No submission of ps1 by: nobody"):
        run.grade(course, "ps1", run.Options(**{**options, "students": ("nobody",)}))
    with pytest.raises(ValueError, match="no part: palindrom"):
        run.grade(course, "ps1", run.Options(**{**options, "parts": ("palindrom",)}))


def test_manual_grades_are_kept(course):
    hand_in(course, "ann", corpus.source("ps4"), "ps4")
    run.grade(course, "ps4", FAST)
    assert scores(course, "ps4") == {"ann": 17}
    with course.gradebook() as book:
        assert book.find_submission("ps4", "ann").needs_manual_grade
        grade = book.find_grade("letter", "ps4", "ps4", "ann")
        grade.manual_score, grade.needs_manual_grade = 2.5, False
        grade = book.find_grade("tied-points", "ps4", "ps4", "ann")
        grade.manual_score, grade.extra_credit = 4.0, 1.0
        book.find_comment("letter", "ps4", "ps4", "ann").manual_comment = "Kindly put."
        book.db.commit()
    again = run.Options(**{**FAST.__dict__, "again": True})
    run.grade(course, "ps4", again)
    assert scores(course, "ps4") == {"ann": 17 - 5 + 4 + 1 + 2.5}
    with course.gradebook() as book:
        assert not book.find_grade("letter", "ps4", "ps4", "ann").needs_manual_grade
        assert book.find_comment("letter", "ps4", "ps4", "ann").manual_comment == "Kindly put."
    # A new letter needs a new look; the old mark stays until someone has looked.
    notebook = corpus.source("ps4")
    corpus.find(notebook, "letter")["source"] = "Another letter."
    hand_in(course, "ann", notebook, "ps4")
    run.grade(course, "ps4", again)
    with course.gradebook() as book:
        grade = book.find_grade("letter", "ps4", "ps4", "ann")
        assert grade.needs_manual_grade and grade.manual_score == 2.5


def test_no_letter_is_zero_without_a_look(course):
    hand_in(course, "ann", corpus.released("ps4"), "ps4")
    run.grade(course, "ps4", FAST)
    with course.gradebook() as book:
        assert not book.find_submission("ps4", "ann").needs_manual_grade
        assert book.find_grade("letter", "ps4", "ps4", "ann").auto_score == 0
        assert book.find_comment("letter", "ps4", "ps4", "ann").auto_comment == "No response."


@pytest.mark.slow
def test_late_work_follows_nbgraders_setting(course):
    plugin = course.root / "late.py"
    plugin.write_text(
        "from nbgrader.plugins import BasePlugin\n\n\nclass Late(BasePlugin):\n"
        "    def late_submission_penalty(self, student_id, score, total_seconds_late):\n        return 3.0\n"
    )
    with course.gradebook() as book:
        book.update_or_create_assignment("ps1", duedate="2026-01-01 00:00:00 UTC")
    folder = hand_in(course, "ann", corpus.source("ps1"))
    (folder / "timestamp.txt").write_text("2026-01-02 00:00:00 UTC")
    sys.path.insert(0, str(course.root))
    try:
        from late import Late

        course.config.AssignLatePenalties.plugin_class = Late
        run.grade(course, "ps1", FAST)
    finally:
        sys.path.remove(str(course.root))
    with course.gradebook() as book:
        assert book.find_submission("ps1", "ann").late_submission_penalty == 3.0
    assert "ann,,,ann,,17" in (course.root / "ps1-canvas.csv").read_text()


@pytest.mark.slow
def test_a_killed_pool_process_loses_nothing(course, monkeypatch):
    """The operating system kills a process of the pool: the rest goes into a new pool."""
    hand_in(course, "ann", corpus.source("ps1"))
    hand_in(course, "bob", corpus.source("ps1"))
    marker = course.root / "killed"
    monkeypatch.setenv("CNNLAB_TEST_KILL", str(marker))
    monkeypatch.setattr(workers, "guarded_score", score_after_one_kill)
    run.grade(course, "ps1", FAST)
    assert marker.exists()
    assert scores(course) == {"ann": 20, "bob": 20}


def score_after_one_kill(task):
    from course.grader.points import scoring

    marker = Path(os.environ["CNNLAB_TEST_KILL"])
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return scoring.guarded_score(task)


@pytest.mark.slow
def test_a_failure_of_the_grader_decides_no_points(course, monkeypatch):
    hand_in(course, "ann", corpus.source("ps1"))
    monkeypatch.setattr(workers, "guarded_score", failing_score)
    summary = run.grade(course, "ps1", FAST)
    assert ("ann", "grader failed") in summary.look
    with course.gradebook() as book:
        assert book.find_grade("palindrome-points", "ps1", "ps1", "ann").auto_score is None
        assert book.find_submission("ps1", "ann").needs_manual_grade
    monkeypatch.undo()
    assert run.grade(course, "ps1", FAST).graded == 1
    assert scores(course) == {"ann": 20}


def failing_score(task):
    from course.grader.points import scoring

    return scoring.failed(task, RuntimeError("a bug of ours"))


def test_without_a_sandbox_nothing_is_begun(tmp_path, monkeypatch):
    course = make_course(tmp_path / "course")
    hand_in(course, "ann", corpus.source("ps1"))
    before = tree(course.root)
    monkeypatch.setattr(sandbox, "probe", lambda road: ("files",) if road == "none" else None)
    with pytest.raises(sandbox.NoSandbox, match="apt-get install bubblewrap"):
        run.grade(course, "ps1", replace(FAST, allow_unsealed=False))
    assert tree(course.root) == before


@pytest.mark.slow
def test_without_a_sandbox_the_command_refuses(course):
    hand_in(course, "ann", corpus.source("ps1"))
    refused = command(course, "grade", "ps1", "--road", "none", "--no-feedback")
    assert refused.returncode == 2 and "--allow-unsealed" in refused.stderr
    assert scores(course) == {}
    allowed = command(course, "grade", "ps1", "--road", "none", "--allow-unsealed", "--no-feedback")
    assert allowed.returncode == 0, allowed.stderr
    assert "WARNING: grading on the road 'none'" in allowed.stderr and "files" in allowed.stderr
    assert scores(course) == {"ann": 20}


@pytest.mark.slow
def test_another_database(course):
    hand_in(course, "ann", corpus.source("ps1"))
    database = course.root / "elsewhere.db"
    with open(course.root / "nbgrader_config.py", "a") as file:
        file.write(f'\nc.CourseDirectory.db_url = "sqlite:///{database}"\n')
    assert command(course, "grade", "ps1", "--allow-unsealed", "--no-feedback").returncode == 0
    with Gradebook(f"sqlite:///{database}", "cnnlab") as book:
        assert book.find_submission("ps1", "ann").score == 20


@pytest.mark.slow
def test_killed_and_resumed(course):
    """kill -9 in the middle: the next run grades the rest, and the outcome is that of an undisturbed run."""
    students = [f"student{i:02d}" for i in range(12)]
    names = list(corpus.FORGERIES)
    for i, student in enumerate(students):
        changed = {} if i % 3 else {"palindrome": corpus.FORGERIES[names[i % len(names)]]}
        hand_in(course, student, corpus.with_cells("ps1", **changed))
    (course.root / "secret").write_text("5" * 64 + "\n")
    twin = Course(shutil.copytree(course.root, course.root.parent / "twin"))
    words = [
        sys.executable,
        "-m",
        "course.grader",
        "--course",
        str(course.root),
        "grade",
        "ps1",
        "--workers",
        "1",
        "--allow-unsealed",
        "--no-feedback",
    ]
    process = subprocess.Popen(words, cwd=HERE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and len(list(course.results("ps1").glob("*.json"))) < 4:
        time.sleep(0.01)
    assert process.poll() is None, "the run ended before it could be killed"
    process.kill()
    process.wait()
    done = len(list(course.results("ps1").glob("*.json")))
    assert 4 <= done < len(students)
    finished = command(course, "grade", "ps1", "--allow-unsealed", "--no-feedback")
    assert finished.returncode == 0, finished.stderr
    assert f"{done} were graded before" in finished.stdout
    command(twin, "grade", "ps1", "--allow-unsealed", "--no-feedback")
    assert tree(course.root / "autograded") == tree(twin.root / "autograded")
    assert scores(course) == scores(twin)
    assert (course.root / "ps1-canvas.csv").read_bytes() == (twin.root / "ps1-canvas.csv").read_bytes()


@pytest.mark.slow
def test_dask_gives_the_same(course):
    from distributed import LocalCluster

    for i, name in enumerate(["memory bomb", "syntax error", "library in the cell", "os._exit in a call"]):
        hand_in(course, f"student{i}", corpus.with_cells("ps1", palindrome=corpus.TROUBLES[name][0]))
    hand_in(course, "right", corpus.source("ps1"))
    run.grade(course, "ps1", FAST)
    here = tree(course.root / "autograded")
    shutil.rmtree(course.root / "results")
    shutil.rmtree(course.root / "autograded")
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1") as cluster:
        options = run.Options(**{**FAST.__dict__, "scheduler": cluster.scheduler_address})
        assert run.grade(course, "ps1", options).graded == 5
    assert tree(course.root / "autograded") == here


@pytest.mark.slow
@pytest.mark.needs(
    "system call filter"
)  # without it and without walls the hostile ones would harm this machine
def test_a_class_of_two_hundred(course):
    """Right, wrong and hostile submissions: every score is the expected one, and the report is repeatable."""
    expected = {}
    broken = list(corpus.TROUBLES)
    quick = [name for name in broken if corpus.TROUBLES[name][1] != "took too long"]
    for i in range(200):
        student = f"student{i:03d}"
        if i % 4 == 1:
            name = list(corpus.FORGERIES)[i % len(corpus.FORGERIES)]
            notebook, points = corpus.with_cells("ps1", base="released", palindrome=corpus.FORGERIES[name]), 0
        elif i % 4 == 2:
            notebook, points = (
                corpus.with_cells("ps1", palindrome=corpus.TROUBLES[quick[i % len(quick)]][0]),
                16,
            )
        elif i % 20 == 0:
            notebook, points = b"{", 0
        else:
            notebook, points = corpus.source("ps1"), 20
        expected[student] = points
        hand_in(course, student, notebook)
    summary = run.grade(course, "ps1", FAST)
    assert summary.graded == 200
    assert scores(course) == expected
    before = tree(course.root / "autograded")
    shutil.rmtree(course.root / "results")
    run.grade(course, "ps1", FAST)
    assert tree(course.root / "autograded") == before


@pytest.mark.slow
def test_the_instructors_path(tmp_path):
    """From a fresh folder: release, collect, grade, hand-grade, feedback, export."""
    course = make_course(tmp_path / "course")
    assert command(course, "release", "ps4").returncode == 0
    # Collect: the files as a learning platform hands them out.
    (course.root / "roster.csv").write_text(
        "id,name,canvas\nann,Ann Berg,101\nbob,Bob Ruiz,102\ncleo,Cleo Lin,103\n"
    )
    with zipfile.ZipFile(tmp_path / "submissions.zip", "w") as archive:
        for name in ("bergann_101_7_ps4-1.ipynb", "ruizbob_LATE_102_8_ps4.ipynb"):
            archive.writestr(name, corpus.as_bytes(corpus.source("ps4")))
    collected = command(course, "collect", "ps4", str(tmp_path / "submissions.zip"))
    assert collected.returncode == 0 and "2 notebooks collected." in collected.stdout, collected.stderr
    assert "late: bob." in collected.stdout and "Nothing from 1 of the roster: cleo." in collected.stdout
    assert course.students("ps4") == ["ann", "bob"]
    graded = command(course, "grade", "ps4", "--allow-unsealed")
    assert graded.returncode == 0, graded.stderr
    assert "2 submissions: 2 graded" in graded.stdout
    page = course.folder("feedback", "ann", "ps4") / "ps4.html"
    text = page.read_text()
    assert "Ann Berg" in text and "17 of 20 points, and an answer that a person still has to read." in text
    assert "6 of 6 points: right." in text
    first = page.read_bytes()
    # A person grades the letter in formgrader, which writes into the gradebook.
    with course.gradebook() as book:
        grade = book.find_grade("letter", "ps4", "ps4", "ann")
        grade.manual_score, grade.needs_manual_grade = 2.0, False
        book.find_comment("letter", "ps4", "ps4", "ann").manual_comment = "Say which terms are too many."
        book.db.commit()
    made = command(course, "feedback", "ps4")
    assert made.returncode == 0 and "2 pages." in made.stdout, made.stderr
    assert "19 of 20 points." in page.read_text() and "Say which terms are too many." in page.read_text()
    second = page.read_bytes()
    assert command(course, "feedback", "ps4").returncode == 0
    assert page.read_bytes() == second != first
    course.nbgrader("export", "--to", str(course.root / "grades.csv"))
    with open(course.root / "grades.csv", newline="") as file:
        assert {row["student_id"]: row["score"] for row in csv.DictReader(file)} == {
            "ann": "19.0",
            "bob": "17.0",
        }
    with open(course.root / "ps4-canvas.csv", newline="") as file:
        grades = {row["ID"]: row["ps4"] for row in csv.DictReader(file)}
    assert grades["101"] == "19" and grades["102"] == ""  # still to be marked
    with sqlite3.connect(course.root / "gradebook.db") as base:
        assert base.execute(
            "select count(*) from grade where auto_score is null and manual_score is null"
        ).fetchone() == (1,)


@pytest.mark.slow
def test_formgrader_shows_the_scores_and_the_reports(course):
    """nbgrader's own interface, served and asked as a browser does."""
    half = corpus.text(corpus.source("ps1"), "palindrome").replace("dy @ (x[:-2] + x[2:])", "dy @ x[:-2]")
    hand_in(course, "ann", corpus.with_cells("ps1", palindrome=half))
    hand_in(course, "bob", b"{")
    run.grade(course, "ps1", FAST)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [
        "--no-browser",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        "--IdentityProvider.token=",
        "--allow-root",
    ]
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyter_server", *words],
        cwd=course.root,
        env={**os.environ, "PATH": path_with_environment(), "HOME": str(course.root)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def get(path):
        for _ in range(600):
            assert server.poll() is None, "the server ended"
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
                    return answer.read().decode()
            except urllib.error.HTTPError:
                raise
            except OSError:
                time.sleep(0.1)
        raise AssertionError("the server did not start")

    try:
        rows = {row["student"]: row for row in json.loads(get("/formgrader/api/submissions/ps1"))}
        assert (rows["ann"]["score"], rows["bob"]["score"]) == (19, 0)
        assert rows["ann"]["autograded"] and not rows["ann"]["needs_manual_grade"]
        with course.gradebook() as book:
            shown = book.find_submission_notebook("ps1", "ps1", "ann").id
        page = get(f"/formgrader/submissions/{shown}/")
        assert "3 of 4 points: partly right." in page and "twin-forgotten" in page
    finally:
        server.terminate()
        server.wait()
