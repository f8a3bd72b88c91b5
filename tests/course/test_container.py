"""The container for machines without a sandbox: it is built and grades where a builder is, and holds no student's data."""

import subprocess
from pathlib import Path

import pytest
import roads

from bench import course_corpus as corpus
from bench.course import make_course
from course.grader.output import kept

ROOT = Path(__file__).resolve().parents[2]


def test_what_git_leaves_out_of_the_course_is_left_out_of_the_image():
    """Submissions, gradebook, secret: an image is pushed to a registry sooner than a folder."""
    private = {
        line.strip("/")
        for line in (ROOT / ".gitignore").read_text().splitlines()
        if line.startswith("/course/")
    }
    left_out = (ROOT / ".dockerignore").read_text().splitlines()
    assert {"course/submitted", "course/secret"} <= private and private - set(left_out) == set()


@pytest.mark.slow
@pytest.mark.needs("container builder")
def test_the_image_is_built_and_grades_behind_its_walls(tmp_path):
    course = make_course(tmp_path / "course")
    folder = course.folder("submitted", "ann", "ps1")
    folder.mkdir(parents=True)
    (folder / "ps1.ipynb").write_bytes(corpus.as_bytes(corpus.source("ps1")))
    builder = roads.container_builder_found()
    build = [builder, "build", "--tag", "cnnlab-test", "--file", "course/Containerfile", "."]
    subprocess.run(build, cwd=ROOT, check=True)
    start = [builder, "run", "--rm", "--privileged", "--volume", f"{course.root}:/course", "cnnlab-test"]
    subprocess.run([*start, "--course", "/course", "grade", "ps1"], check=True)
    result = kept.load(course, "ps1", "ann").result
    assert result.earned == 20 and result.road in ("bubblewrap", "namespaces")
