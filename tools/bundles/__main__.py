"""Make the scripts of the page that come from npm: `python -m tools.bundles`, into `book/_static`.

The page loads them when a reader edits a cell, when a cell writes Markdown, or when Python starts. They are committed, as
a build of the book needs no Node; `package.json` and its lock name each version, and a test makes them again and compares.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
STATIC = HERE.parents[1] / "book" / "_static"
NAMES = ("editor.js", "markdown.js", "unzip.js")


def bundle(target):
    """Write the scripts into a folder. Raises CalledProcessError if npm or esbuild refuses; what they say is in it."""
    notice = (HERE / "LICENSE").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as scratch:
        for path in HERE.glob("*.js*"):
            shutil.copy(path, scratch)
        run = {"cwd": scratch, "check": True, "capture_output": True, "text": True}
        subprocess.run(
            [shutil.which("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
            **run,
        )
        for name in NAMES:
            command = [Path(scratch, "node_modules", ".bin", "esbuild"), name, "--bundle", "--minify"]
            command += ["--format=esm", "--target=es2022", "--charset=utf8", "--legal-comments=none"]
            command += [f"--banner:js=/*!\n{notice}*/", f"--outfile={target / name}"]
            subprocess.run(command, **run)


if __name__ == "__main__":
    try:
        bundle(STATIC)
    except subprocess.CalledProcessError as error:
        sys.exit(f"{error}\n{error.stderr}")
    for name in NAMES:
        print(f"book/_static/{name}: {(STATIC / name).stat().st_size / 1e3:.0f} kB")
