"""What the tests share: the project's own tools, one condition for every kernel, and the counts at the end."""

import os
import sys
from collections import Counter
from pathlib import Path

import hypothesis
import matrix_of_checks
import pytest

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import roads  # noqa: E402

from tools.numbers import execute, in_pytest  # noqa: E402

# nbval's kernels inherit these, so they run as those of tools.refresh do.
os.environ.update({key: value for key, value in execute.ENVIRONMENT.items() if key != "MPLBACKEND"})

# No test passes or fails by the clock.
hypothesis.settings.register_profile("cnnlab", deadline=None)
hypothesis.settings.load_profile("cnnlab")


def pytest_configure(config):
    """Prove whole notebooks, and not only their outputs, wherever nbval runs them."""
    config.pluginmanager.register(in_pytest)


def pytest_runtest_setup(item):
    """Skip a test of what this machine lacks."""
    roads.check(item)


def write_agreed(terminalreporter):
    """Say how many random cases two ways of computing agreed on."""
    passed = terminalreporter.stats.get("passed", ())
    found = [words for report in passed for name, words in report.user_properties if name == "agreed"]
    if found:
        terminalreporter.write_sep("-", "JavaScript and Python agree")
        terminalreporter.write_line("; ".join(found))


def write_equations(terminalreporter):
    """Say how many equations were computed from what is printed, and how many slips in them were noticed."""
    for name, title in (
        ("equations", "equations of the book"),
        ("slips", "slips in equations, one at a time"),
    ):
        total = Counter()
        for report in terminalreporter.stats.get("passed", ()):
            for found in (value for key, value in report.user_properties if key == name):
                total.update(found)
        if total:
            terminalreporter.write_sep("-", title)
            terminalreporter.write_line(
                "; ".join(f"{what}: {count}" for what, count in sorted(total.items()))
            )


def pytest_terminal_summary(terminalreporter):
    """Print which checks were tried on which functions, what was compared, and what this machine could not try."""
    write_equations(terminalreporter)
    matrix_of_checks.write(terminalreporter)
    write_agreed(terminalreporter)
    roads.write(terminalreporter)


@pytest.fixture(scope="session")
def trial(tmp_path_factory):
    """The file of the trial notebook, refreshed. Copy it before changing it."""
    import trial_notebook

    from tools import refresh
    from tools.numbers.normalise import dumps

    path = tmp_path_factory.mktemp("trial") / "trial.ipynb"
    path.write_text(dumps(trial_notebook.notebook()), encoding="utf-8")
    outcome = refresh.refresh(path)
    assert outcome.written and not outcome.problems, outcome
    return path
