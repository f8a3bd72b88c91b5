"""The course's folders and nbgrader's configuration, and nbgrader's own commands run on them."""

import os
import subprocess
import sys
from pathlib import Path

from nbgrader.api import Comment, Grade, Gradebook, SubmittedNotebook
from nbgrader.coursedir import CourseDirectory
from sqlalchemy import Index
from traitlets.config import Config, PyFileConfigLoader

from tools.live import sheets

from . import dates
from .penalty import LatePenalty
from .roster import read

# nbgrader looks for what belongs to one submission among that of all, so the time for a class grew with its square.
INDEXES = (
    Index("grade_of_notebook", Grade.notebook_id),
    Index("comment_of_notebook", Comment.notebook_id),
    Index("notebook_of_submission", SubmittedNotebook.assignment_id),
)


class Course:
    """A course folder: source, release, submitted, autograded, feedback, gradebook and the grader's results."""

    def __init__(self, root):
        self.root = Path(root).resolve()
        if not (self.root / "source").is_dir():
            raise FileNotFoundError(f"{self.root} is no course folder: it has no folder 'source'.")
        self.config = Config()
        if (self.root / "nbgrader_config.py").exists():
            self.config = PyFileConfigLoader("nbgrader_config.py", path=str(self.root)).load_config()
        self.config.CourseDirectory.root = str(self.root)
        self.late_path = self.root / "late.json"
        self.policy = dates.read(self.late_path)
        self.config.AssignLatePenalties.setdefault("plugin_class", LatePenalty)
        for name in ("grace", "percent", "most"):
            self.config.LatePenalty[name] = getattr(self.policy, name)
        self.directory = CourseDirectory(config=self.config)
        self.secret_path = self.root / "secret"

    def gradebook(self):
        # Making a new gradebook calls alembic by name, which nobody's PATH need hold.
        os.environ["PATH"] = path_with_environment()
        book = Gradebook(self.directory.db_url, self.directory.course_id)
        for index in INDEXES:  # a gradebook that nbgrader made has none
            index.create(book.engine, checkfirst=True)
        return book

    def folder(self, step, student, assignment):
        """One submission's folder in one of nbgrader's steps: 'submitted', 'autograded', 'feedback'."""
        name = getattr(self.directory, f"{step}_directory")
        return Path(self.directory.format_path(name, student, assignment))

    def place_of(self, assignment):
        """Words that tell nbgrader where the instructor's sheet is, if not in the folder of its configuration."""
        private = sheets.PRIVATE / "source"
        there = (private / assignment / f"{assignment}.ipynb").exists()
        return [f"--CourseDirectory.source_directory={private}"] if there else []

    def released(self, assignment):
        """The path of the released notebook."""
        folder = self.directory.format_path(self.directory.release_directory, ".", assignment)
        return Path(folder) / f"{assignment}.ipynb"

    def students(self, assignment):
        """Names of all folders that hold something for this assignment, sorted."""
        top = self.folder("submitted", "STUDENT", assignment).parent.parent
        if not top.is_dir():
            return []
        names = [entry.name for entry in top.iterdir()]
        return sorted(name for name in names if os.path.lexists(self.folder("submitted", name, assignment)))

    def roster(self):
        """The course's roster; an empty one without a file `roster.csv`."""
        return read(self.root / "roster.csv")

    def pages(self, assignment):
        """The feedback pages of a set."""
        top = self.folder("feedback", "STUDENT", assignment).parent.parent
        return sorted(top.glob(f"*/{assignment}/{assignment}.html"))

    def results(self, assignment):
        return self.root / "results" / assignment

    def nbgrader(self, *words):
        """Run an nbgrader command in the course folder; its output only shows if it fails."""
        command = [sys.executable, "-m", "nbgrader", *words]
        done = subprocess.run(
            command,
            cwd=self.root,
            env={**os.environ, "PATH": path_with_environment()},
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise RuntimeError(f"nbgrader {' '.join(words)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr


def path_with_environment():
    """PATH with this environment's programs first: nbgrader looks for alembic there."""
    programs = str(Path(sys.executable).parent)
    parts = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join([programs, *(part for part in parts if part != programs)])
