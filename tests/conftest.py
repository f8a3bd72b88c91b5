"""What the tests share: the project's own tools, one condition for every kernel, and the guard's count at the end."""

import os
import sys
from pathlib import Path

import hypothesis
import matrix_of_checks
import pytest

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import roads  # noqa: E402

from tools import execute, guard  # noqa: E402

# nbval's kernels inherit these, so they run as those of tools.refresh do.
os.environ.update({key: value for key, value in execute.ENVIRONMENT.items() if key != "MPLBACKEND"})

# No test passes or fails by the clock.
hypothesis.settings.register_profile("cnnlab", deadline=None)
hypothesis.settings.load_profile("cnnlab")


@pytest.fixture(scope="session")
def runs():
    """Fresh runs of notebook files, each made once a session: runs(path) gives a `tools.guard.Run`."""
    made = {}

    def run(path):
        if path not in made:
            try:
                made[path] = guard.run(path)
            except execute.NotebookFailed as failure:
                made[path] = failure
        if isinstance(made[path], Exception):
            pytest.fail(f"{path.name}: {made[path]}", pytrace=False)
        return made[path]

    return run


def pytest_runtest_setup(item):
    """Skip a test of what this machine lacks."""
    roads.check(item)


def pytest_terminal_summary(terminalreporter):
    """Print how many displayed numbers are guarded, how many changed digits were caught, and what was not tried."""
    numbers = tried = missed = 0
    kinds, pages, passed_over = {}, 0, []
    for reports in terminalreporter.stats.values():
        for report in reports:
            tally = dict(getattr(report, "user_properties", ())).get("guard")
            if tally and report.when == "call":
                pages += 1
                numbers += tally["numbers"]
                tried += tally["tried"]
                missed += tally["missed"]
                passed_over += tally["passed_over"]
                for kind, count in tally["kinds"].items():
                    kinds[kind] = kinds.get(kind, 0) + count
    if pages:
        parts = ", ".join(f"{count} in {kind}" for kind, count in sorted(kinds.items()))
        terminalreporter.write_sep("-", "numbers that readers see")
        terminalreporter.write_line(f"{numbers} guarded in {pages} notebooks ({parts or 'none'})")
        terminalreporter.write_line(f"{tried} digits changed one at a time, {tried - missed} caught")
        terminalreporter.write_line(f"{len(passed_over)} versions, section numbers and links are not counted")
    matrix_of_checks.write(terminalreporter)
    roads.write(terminalreporter)


@pytest.fixture(scope="session")
def trial(tmp_path_factory):
    """The file of the trial notebook, refreshed. Copy it before changing it."""
    import trial_notebook

    from tools import refresh
    from tools.normalise import dumps

    path = tmp_path_factory.mktemp("trial") / "trial.ipynb"
    path.write_text(dumps(trial_notebook.notebook()), encoding="utf-8")
    outcome = refresh.refresh(path)
    assert outcome.written and not outcome.problems, outcome
    return path
