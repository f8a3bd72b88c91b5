"""Build the live book.

    python -m tools.live                # into _build/html/live; Python comes from Pyodide's distribution
    python -m tools.live --self-hosted  # _build/site: the whole book, which asks no other host for anything

Both builds use the same files. The first one serves only those that Pyodide's own distribution does not have in
exactly this form, and names the others by their address there; a browser compares each with its sha256.
Nothing is fetched before the reader asks for a live chapter.
"""

import argparse
import shutil
import sys
from pathlib import Path

from tools.live.runtime import ROOT, RuntimeRefused
from tools.live.site import build

HTML = ROOT / "_build" / "html"
SITE = ROOT / "_build" / "site"


def size_of(folder):
    """Return the bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main(argv=None):
    """Run from the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.live", description="Build the live book.")
    parser.add_argument("--self-hosted", action="store_true", help="the whole book, needing no other host")
    parser.add_argument("--book", type=Path, default=HTML, help="the built book (default: _build/html)")
    options = parser.parse_args(argv)
    site = options.book
    try:
        if options.self_hosted:
            site = SITE
            for part in ("book", "_static"):  # what these no longer hold must not stay behind
                shutil.rmtree(site / part, ignore_errors=True)
            shutil.copytree(options.book, site, ignore=shutil.ignore_patterns("live"), dirs_exist_ok=True)
        fresh = build(site / "live", options.self_hosted)
    except (RuntimeRefused, RuntimeError, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return 1
    what = "built" if fresh else "up to date"
    live, whole = size_of(site / "live") / 1e6, size_of(site) / 1e6
    print(f"live book {what}: {site / 'live'}, {live:.1f} MB of {whole:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
