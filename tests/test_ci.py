"""Continuous integration: what .ci/run does, tried with programs that only say how they were called; and what publishes."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
WORKFLOWS = ROOT / ".github" / "workflows"
OPTIONAL = (
    *("bwrap", "unshare", "chromium", "google-chrome", "firefox-esr", "firefox", "WebKitWebDriver", "Xvfb"),
    *("node", "npm", "java"),
)

# Writes down what was made, what it would have found, and whether everything is required; fails where it is told to.
MAKE = """
found=""
for name in {optional}; do command -v $name >/dev/null && found="$found $name"; done
echo "$1|${{CNNLAB_REQUIRE_ALL:-}}|$found" >> {log}
command -v bwrap >/dev/null || echo "bubblewrap, 42 tests: bubblewrap is not installed."
echo "7 passed in 0.1s"
[ "$1" != "${{FAILS:-}}" ]
"""
APT = """
echo "apt-get $*" >> {log}
for name in "$@"; do
  case $name in
    bubblewrap) name=bwrap ;;
    webkit2gtk-driver) name=WebKitWebDriver ;;
    xvfb) name=Xvfb ;;
    default-jre-headless) name=java ;;
    chromium | firefox-esr) ;;
    *) continue ;;
  esac
  cp {folder}/make {folder}/$name
done
"""


@pytest.fixture
def machine(tmp_path):
    """machine(installed, **environment) runs .ci/run where only these programs are installed: (result, lines of the log)."""
    (tmp_path / "clone" / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "run", tmp_path / "clone" / ".ci")
    shutil.copytree(
        ROOT / "tools", tmp_path / "clone" / "tools", ignore=shutil.ignore_patterns("__pycache__")
    )
    folder, log = tmp_path / "bin", tmp_path / "log"
    folder.mkdir()
    for name in ("bash", "sh", "cp", "dirname", "grep", "ln", "mkdir", "mktemp", "rm", "tee"):
        (folder / name).symlink_to(shutil.which(name))

    (folder / "python3").symlink_to(sys.executable)

    def program(name, text):
        fill = {"log": log, "folder": folder, "optional": " ".join(OPTIONAL)}
        (folder / name).write_text("#!/bin/sh\n" + text.format(**fill))
        (folder / name).chmod(0o755)

    def run(installed, **environment):
        program("make", MAKE)
        program("apt-get", APT)
        for name in installed:
            program(name, "exit 1\n")
        environment = {"PATH": str(folder), "TMPDIR": str(tmp_path), **environment}
        done = subprocess.run(
            ["bash", str(tmp_path / "clone" / ".ci" / "run")],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        return done, log.read_text().splitlines()

    return run


@pytest.mark.needs("bash")
def test_the_readmes_test_command_runs_first_and_as_on_a_bare_machine(machine):
    done, log = machine(OPTIONAL)
    assert done.returncode == 0, done.stderr
    assert log[0] == "test||", done.stdout
    every = " " + " ".join(OPTIONAL)
    assert [line for line in log[1:] if not line.endswith(f"|1|{every}")] == []
    assert {line.partition("|")[0] for line in log[1:]} >= {
        "lint",
        "html",
        "pdf",
        "epub",
        "test-torch",
        "test-course",
        "test-browser",
    }
    assert len({line.partition("|")[0] for line in log}) == len(log), "something is made twice"
    assert "7 passed" in done.stdout


@pytest.mark.needs("bash")
def test_what_is_missing_is_installed_after_the_bare_case(machine):
    done, log = machine([])
    assert done.returncode == 0, done.stderr
    assert log[:2] == ["test||", "apt-get update -qq"]
    assert "chromium bubblewrap" in log[2]
    assert all(line.endswith("|1| bwrap chromium firefox-esr WebKitWebDriver Xvfb java") for line in log[3:])


@pytest.mark.needs("bash")
@pytest.mark.parametrize("target", ["test", "html", "test-browser"])
def test_the_first_failure_ends_the_run(machine, target):
    done, log = machine(OPTIONAL, FAILS=target)
    assert done.returncode != 0
    assert log[-1].startswith(f"{target}|")


def workflow(name):
    """A workflow: (what starts it, its jobs)."""
    read = yaml.safe_load((WORKFLOWS / name).read_text(encoding="utf-8"))
    return read[True], read["jobs"]  # YAML 1.1 reads `on` as true


def test_nothing_is_published_from_a_commit_whose_tests_did_not_pass():
    """Whatever can write, or call what writes, waits for a job that runs .ci/run on the same commit."""
    gated = 0
    for path in WORKFLOWS.glob("*.yml"):
        started_by, jobs = workflow(path.name)
        for job in jobs.values():
            if job.get("uses") == "./.github/workflows/publish.yml":
                names = [job["needs"]] if isinstance(job["needs"], str) else job["needs"]
                steps = [step.get("run") for name in names for step in jobs[name]["steps"]]
                assert ".ci/run" in steps
                assert "always()" not in str(job.get("if")) and "failure()" not in str(job.get("if"))
                gated += 1
        if "gh-pages" in path.read_text(encoding="utf-8"):
            assert set(started_by) == {"workflow_call"}, (
                f"{path.name} can be started by something else than a test run"
            )
    assert gated == 1
