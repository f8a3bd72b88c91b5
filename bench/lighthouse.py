"""Lighthouse's scores of every page, for a phone: `python -m bench lighthouse`. npm, which comes with Node, fetches it.

Build the book first. Lighthouse takes its times on this machine, and what else runs on it can only lower the score for
performance. So a page that has less than 95 is asked again, at most twice, and the best visit counts.
"""

import json
import os
import shutil
import subprocess

from bench import pages
from tools import programs

VERSION = "13.5.0"
VISITS, ENOUGH = 3, 95
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")


def scores(address, path):
    """{category: 0 to 100} of one page."""
    command = ["npx", "--yes", f"lighthouse@{VERSION}", f"{address}/{path}", "--quiet", "--output=json"]
    options = [
        f"--only-categories={','.join(CATEGORIES)}",
        "--chrome-flags=--headless --no-sandbox --disable-gpu",
    ]
    environment = os.environ | {"CHROME_PATH": programs.find("chromium")}
    done = subprocess.run([*command, *options], env=environment, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)["categories"]
    return {name: round(100 * found[name]["score"]) for name in CATEGORIES}


def best(address, path):
    """The scores of the visit with the best performance."""
    seen = []
    while len(seen) < VISITS and all(one["performance"] < ENOUGH for one in seen):
        seen.append(scores(address, path))
    return max(seen, key=lambda one: one["performance"])


def words(row):
    """A row for people."""
    return "  ".join(f"{name} {score:3}" for name, score in row.items())


def main():
    """Ask for all pages, print the scores and write the record."""
    programs.main(["chromium"])
    if not shutil.which("npx"):
        raise SystemExit(
            "Lighthouse runs in Node: there is no npx on the PATH. On Debian and Ubuntu, as root: apt-get install npm"
        )
    pages.record("lighthouse", f"scores of Lighthouse {VERSION} for a phone", best, words)


if __name__ == "__main__":
    main()
