"""Set up `.venv` with exactly the packages that requirements.txt names, and cnnlab itself.

Run by every make target that needs it, or by hand: `python3 -m tools.environment`. Uses the standard
library only, and syntax that old Pythons read, because it has to tell them that they are too old.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST, NEWEST = (3, 11), (3, 14)


def is_supported(version):
    """Whether the pinned packages exist for this (major, minor) version of Python."""
    return OLDEST <= tuple(version[:2]) <= NEWEST


def refusal(version, executable, candidates):
    """What to tell somebody whose Python is too old or too new.

    `candidates` are the names of suitable interpreters that were found on the PATH.
    """
    found = ".".join(str(part) for part in version[:3])
    text = f"cnnlab needs Python 3.11, 3.12, 3.13 or 3.14; {executable} is Python {found}.\n"
    if candidates:
        return text + f"{candidates[0]} is installed, so this works: make book PYTHON={candidates[0]}"
    return text + "Install one of these, then name it: make book PYTHON=python3.12"


def suitable_interpreters():
    """Names of the suitable interpreters on the PATH that answer when called, newest first."""
    names = [f"python3.{minor}" for minor in range(NEWEST[1], OLDEST[1] - 1, -1)]
    return [name for name in names if answers([name, "-c", ""])]


def answers(command):
    """Whether a command exists and succeeds."""
    try:
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def venv_python(venv):
    """The interpreter inside a virtual environment, on any platform."""
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def venv_version(venv):
    """The version in a virtual environment's pyvenv.cfg, or None if there is no environment."""
    try:
        text = (venv / "pyvenv.cfg").read_text(encoding="utf-8")
    except OSError:
        return None
    match = re.search(r"^version(?:_info)?\s*=\s*(\d+)\.(\d+)", text, re.MULTILINE)
    return (int(match.group(1)), int(match.group(2))) if match else None


def pinned(name, requirements):
    """The pinned requirement of one package, such as `uv==0.13.8`."""
    match = re.search(rf"^{re.escape(name)}==\S+", requirements, re.MULTILINE)
    if match is None:
        raise LookupError(f"requirements.txt does not pin {name}; run: make lock")
    return match.group(0)


def digest(root):
    """A fingerprint of what the environment is made from; the stamp holds it when the set-up is complete."""
    parts = [(root / name).read_bytes() for name in ("requirements.txt", "pyproject.toml")]
    return hashlib.sha256(b"\0".join([*parts, str(root).encode()])).hexdigest()


def run(*command):
    """Run a command in the project's folder and say whether it succeeded."""
    return subprocess.run([str(part) for part in command], cwd=str(ROOT)).returncode == 0


def create(venv):
    """Make the virtual environment, and return the command that installs into it fast, if there is one."""
    python = venv_python(venv)
    uv = ["uv"] if answers(["uv", "--version"]) else None
    if not python.exists():
        if venv.exists():
            shutil.rmtree(str(venv))
        made = uv and run(*uv, "venv", "--quiet", "--python", sys.executable, venv)
        if not made and not run(sys.executable, "-m", "venv", venv):
            sys.exit(
                "This Python cannot make virtual environments. On Debian and Ubuntu the package "
                "python3-venv is missing: apt install python3-venv"
            )
    if uv is None:
        ensure_pip(python)
        requirement = pinned("uv", (ROOT / "requirements.txt").read_text(encoding="utf-8"))
        if answers([str(python), "-m", "uv", "--version"]) or run(
            python, "-m", "pip", "install", "--quiet", requirement
        ):
            uv = [str(python), "-m", "uv"]
    return uv


def ensure_pip(python):
    """Put pip into an environment that has none."""
    if not answers([str(python), "-m", "pip", "--version"]):
        run(python, "-m", "ensurepip", "--default-pip")


def install(venv, uv):
    """Install the pinned packages and cnnlab; nothing that is not pinned gets in."""
    python = venv_python(venv)
    packages = ["-r", "requirements.txt"]
    itself = ["--no-deps", "--no-build-isolation", "-e", "."]
    if uv is not None:
        command = [*uv, "pip", "install", "--quiet", "--python", python]
        if run(*command, *packages) and run(*command, *itself):
            return True
        print("uv could not install the packages; trying pip, which is slower.", flush=True)
    ensure_pip(python)
    command = [python, "-m", "pip", "install", "--quiet"]
    return run(*command, *packages) and run(*command, *itself)


def main():
    """Make `.venv` what requirements.txt says, or explain why that is not possible."""
    if not is_supported(sys.version_info):
        sys.exit(refusal(sys.version_info, sys.executable, suitable_interpreters()))
    venv = ROOT / ".venv"
    stamp = venv / ".complete"
    wanted = digest(ROOT)
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        stamp.touch()
        return
    version = venv_version(venv)
    if version is not None and not is_supported(version):
        sys.exit(f"{venv} was made by Python {version[0]}.{version[1]}. Remove that folder and try again.")
    print("Setting up .venv (once, and again when requirements.txt changes) ...", flush=True)
    if stamp.exists():
        stamp.unlink()
    if not install(venv, create(venv)):
        sys.exit("Installing failed; the lines above say why. Without a network, run this once with one.")
    stamp.write_text(wanted, encoding="utf-8")


if __name__ == "__main__":
    main()
