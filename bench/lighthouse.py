"""Lighthouse's scores of every page, for a phone: `python -m bench lighthouse`. npm, which comes with Node, fetches it.

Build the book first. Lighthouse takes its times on this machine, so a busy one lowers the score for performance.
"""

import json
import os
import shutil
import subprocess

from bench import machine
from bench.page_weight import HTML, served
from bench.widget_steps import CHROMIUM
from tools import programs

VERSION = "13.5.0"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")


def scores(address):
    """{category: 0 to 100} of one page."""
    command = ["npx", "--yes", f"lighthouse@{VERSION}", address, "--quiet", "--output=json"]
    options = [
        f"--only-categories={','.join(CATEGORIES)}",
        "--chrome-flags=--headless --no-sandbox --disable-gpu",
    ]
    environment = os.environ | {"CHROME_PATH": CHROMIUM}
    done = subprocess.run([*command, *options], env=environment, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)["categories"]
    return {name: round(100 * found[name]["score"]) for name in CATEGORIES}


def main():
    """Ask for all pages, print the scores and write the record."""
    programs.main(["chromium"])
    if not shutil.which("npx"):
        raise SystemExit(
            "Lighthouse runs in Node: there is no npx on the PATH. On Debian and Ubuntu, as root: apt-get install npm"
        )
    pages = sorted((HTML / "book").glob("*.html"))
    if not pages:
        raise SystemExit("No built pages in _build/html/book: run `make html` first.")
    rows, before = [], machine.load()
    with served(HTML) as address:
        for path in pages:
            rows.append({"page": path.stem, **scores(f"{address}/book/{path.name}")})
            print(
                f"{path.stem:32} " + "  ".join(f"{name} {rows[-1][name]:3}" for name in CATEGORIES),
                flush=True,
            )
    machine.write(
        "lighthouse",
        {
            "about": f"scores of Lighthouse {VERSION} for a phone; bench/README.md explains the keys",
            "machine": machine.describe() | {"load_before": before, "idle": machine.idle(before)},
            "pages": rows,
        },
    )


if __name__ == "__main__":
    main()
