"""Write the copies of the chapters that Google Colab opens: `python -m tools.live.colab FOLDER`.

Colab opens one notebook of a repository and nothing else, so `import cnnlab` would fail there. Each copy
therefore begins with a cell that installs `cnnlab` from the same revision of the repository that
`_config.yml` names. The chapters themselves stay as they are. The copies are published on the branch that
the Colab buttons point to; `.github/workflows/publish.yml` does that.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"

CELL = """\
# Only this copy of the chapter has this cell: Colab does not bring the book's package along.
%pip install --quiet "cnnlab[figures,widgets] @ git+{repository}@{revision}"
"""
WIDGETS = """
from google.colab import output

output.enable_custom_widget_manager()
"""


def colab_notebook(notebook, repository, revision):
    """Return the notebook with a first cell that installs `cnnlab` from a revision of a repository."""
    cell = {
        "cell_type": "code",
        "execution_count": None,
        "id": "colab",
        "metadata": {},
        "outputs": [],
        "source": CELL.format(repository=repository, revision=revision) + WIDGETS,
    }
    return {**notebook, "cells": [cell, *notebook["cells"]]}


def configured_repository():
    """Return the address of the repository in `_config.yml`, or an empty string."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    return config.get("repository", {}).get("url") or ""


def current_revision():
    """Return the full name of the commit that is checked out."""
    command = ["git", "rev-parse", "HEAD"]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def write(target, repository, revision, notebooks=BOOK):
    """Write the copies into the folder `target`; return how many."""
    target.mkdir(parents=True, exist_ok=True)
    paths = sorted(notebooks.glob("*.ipynb"))
    for path in paths:
        copy = colab_notebook(json.loads(path.read_text(encoding="utf-8")), repository, revision)
        (target / path.name).write_text(
            json.dumps(copy, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )
    return len(paths)


def main(argv=None):
    """Run from the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.live.colab", description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    options = parser.parse_args(argv)
    repository = configured_repository()
    if not repository:
        print("no address of the repository in _config.yml, so there are no Colab buttons: nothing to write")
        return 0
    count = write(options.folder, repository, current_revision())
    print(f"{count} notebooks for Colab in {options.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
