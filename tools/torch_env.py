"""Make `.venv-torch`: PyTorch for the CPU, and what the comparison with it and the benchmarks need.

    python -m tools.torch_env

PyTorch is heavy, so it lives in an environment of its own that `make test` does without. Plain pip installs it,
in the versions of requirements.txt. Before anything is installed, pip reports what it would install; if that
includes CUDA, several gigabytes that nobody here uses, nothing is installed and the message says how to go on.

Environment variables: CNNLAB_TORCH_INDEX, the address of a package index that has PyTorch for the CPU;
CNNLAB_TORCH_ENV, the folder of the environment (default `.venv-torch` beside this project).
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TORCH = "torch==2.13.0"
# Versions of these come from requirements.txt.
OTHERS = ["numpy", "scipy", "pytest", "hypothesis", "threadpoolctl", "tqdm"]
CUDA = re.compile(r"^(nvidia|cuda|triton)|\+cu\d", re.IGNORECASE)


def cuda_packages(report):
    """Return the packages of a pip report that belong to CUDA, as `name==version`, sorted."""
    installed = (entry["metadata"] for entry in report["install"])
    names = (f"{metadata['name']}=={metadata['version']}" for metadata in installed)
    return sorted(name for name in names if CUDA.search(name))


def refusal(packages):
    """Say what pip was about to install and what to do instead."""
    return (
        f"Nothing was installed: pip would bring CUDA, several gigabytes ({', '.join(packages)}).\n"
        "Expected: PyTorch for the CPU. What to do: the installation page of PyTorch names a package index for\n"
        "the CPU; set CNNLAB_TORCH_INDEX to its address and run this command again."
    )


def index_options(environ):
    """Return pip's options for the index of the CPU build; none if the default index is to be used."""
    index = environ.get("CNNLAB_TORCH_INDEX")
    return ["--index-url", index] if index else []


def fingerprint():
    """Return a digest of all that decides what is in the environment."""
    parts = [TORCH, *OTHERS, sys.version, *(ROOT.joinpath(name).read_text() for name in SOURCES)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


SOURCES = ["requirements.txt", "pyproject.toml"]


def main():
    """Make the environment, or leave it alone when it is up to date; return the exit status."""
    folder = Path(os.environ.get("CNNLAB_TORCH_ENV", ROOT / ".venv-torch"))
    stamp = folder / "cnnlab-torch-env"
    if stamp.is_file() and stamp.read_text() == fingerprint():
        print(f"{folder.name} is up to date.")
        return 0
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    print(f"Making {folder.name} ...", flush=True)
    venv.create(folder, with_pip=True)
    pip = [str(python), "-m", "pip", "--disable-pip-version-check"]
    # An older pip downloads whole wheels before it reports what it would install.
    subprocess.run([*pip, "install", "-q", "--upgrade", "pip>=25"], check=True)
    torch = [
        "--only-binary",
        ":all:",
        "-c",
        str(ROOT / "requirements.txt"),
        *index_options(os.environ),
        TORCH,
    ]
    report = subprocess.run(
        [*pip, "install", "-q", "--dry-run", "--ignore-installed", "--report", "-", *torch],
        check=True,
        stdout=subprocess.PIPE,
    )
    packages = cuda_packages(json.loads(report.stdout))
    if packages:
        print(refusal(packages), file=sys.stderr)
        return 1
    print(f"Installing {TORCH} for the CPU and {', '.join(OTHERS)} ...", flush=True)
    subprocess.run([*pip, "install", "-q", *torch], check=True)
    subprocess.run([*pip, "install", "-q", "-c", str(ROOT / "requirements.txt"), *OTHERS], check=True)
    subprocess.run([*pip, "install", "-q", "--no-deps", "--editable", str(ROOT)], check=True)
    stamp.write_text(fingerprint())
    print(f"{folder.name} is ready.")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(f"pip failed with exit status {error.returncode}; its own message stands above.")
