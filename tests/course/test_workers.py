"""Work in other processes: whatever happens to one submission, the others get their results."""

import os
import signal

import pytest

from course.grader import workers
from course.grader.run import Options


def graded(name):
    if name == "killer":
        os.kill(os.getpid(), signal.SIGKILL)
    if name == "failing":
        raise RuntimeError("a bug of ours")
    return f"{name} graded"


def test_a_job_that_kills_its_process_takes_no_other_with_it():
    names = ["ann", "killer", "failing"]
    found = dict(workers.in_processes(graded, names, 2))
    assert set(found) == set(names)
    assert found["ann"] == "ann graded" and str(found["failing"]) == "a bug of ours"
    assert isinstance(found["killer"], workers.BrokenProcessPool)


def test_where_no_scheduler_answers_one_line_says_so(monkeypatch):
    monkeypatch.setattr(workers, "SCHEDULER_SECONDS", 1)
    with pytest.raises(ConnectionError, match=r"^No Dask scheduler answers at tcp://127.0.0.1:9: [^\n]+$"):
        list(workers.on_dask([None], Options(scheduler="tcp://127.0.0.1:9")))
